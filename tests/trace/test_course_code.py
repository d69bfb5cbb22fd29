"""Habits of course code: caches beside results, None in front, builtins imported."""

from builtins import range  # noqa: A004, UP029  as code for Python 2 and 3 has it
from typing import Any

import numpy as np
import pytest

import derivo
from derivo import Spec


def step(x, state, w):
    new = np.tanh(x @ w + state)
    return new, (x, state, new)


def over_time(x, w, start):
    states, caches = None, None
    kept, caches = [start], []
    for t in range(x.shape[1]):
        states, cache = step(x[:, t], kept[-1], w)
        kept.append(states)
        caches.append(cache)
    states = np.stack(kept[1:], axis=1)
    return states, caches


def picked_rows(scores, labels):
    n = len(labels)
    p = np.exp(scores - scores.max(axis=1, keepdims=True))
    p /= p.sum(axis=1, keepdims=True)
    loss = -np.log(p[range(n), labels]).sum() / n
    p[range(n), labels] -= 1
    return loss, p / n


@pytest.mark.parametrize("steps", [1, 2, 5])
def test_a_loop_that_keeps_caches(steps):
    def states(x, w, start):
        return over_time(x, w, start)[0]

    d = derivo.derive(states, x="N T D", w="D H", start="N H")
    rng = np.random.default_rng(0)
    x, w, start = (rng.normal(size=s) for s in ((2, steps, 3), (3, 4), (2, 4)))
    u = rng.normal(size=(2, steps, 4))
    value, gradients = d.value_and_gradients(u, x=x, w=w, start=start)
    np.testing.assert_allclose(value, states(x, w, start))
    v = rng.normal(size=w.shape)
    ahead, behind = (np.sum(u * states(x, w + h * v, start)) for h in (1e-6, -1e-6))
    slope = (ahead - behind) / 2e-6
    assert np.sum(gradients["w"] * v) == pytest.approx(slope, rel=1e-6)


def test_the_gradient_half_beside_the_loss():
    specs: dict[str, Any] = {"scores": "N C", "labels": Spec("N", "int")}
    d = derivo.derive(lambda scores, labels: picked_rows(scores, labels)[0], **specs)
    scores = np.random.default_rng(1).normal(size=(4, 3))
    labels = np.array([0, 2, 1, 1])
    loss, by_hand = picked_rows(scores, labels)
    value, gradients = d.value_and_gradients(scores=scores, labels=labels)
    assert value == pytest.approx(loss)
    np.testing.assert_allclose(gradients["scores"], by_hand)
