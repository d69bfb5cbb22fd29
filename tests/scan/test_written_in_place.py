"""What a step gathers is written where the user has it: along any axis."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

import derivo

SPECS: dict[str, Any] = {"x": "N T D", "h": "N D", "w": "D D"}


def values(steps=4):
    rng = np.random.default_rng(0)
    return {
        "x": rng.normal(size=(2, steps, 3)), "h": rng.normal(size=(2, 3)),
        "w": rng.normal(size=(3, 3)),
    }  # fmt: skip


def along(axis, first=0):
    def states(x, h, w):
        hs = []
        for t in range(first, x.shape[1]):
            h = np.tanh(x[:, t] @ w + h)
            hs.append(h)
        return np.stack(hs, axis=axis)

    return states


def backwards(x, h, w):
    hs = np.zeros(x.shape)
    for t in reversed(range(x.shape[1])):
        h = np.tanh(x[:, t] @ w + h)
        hs[:, t] = h
    return hs


CASES = {
    "second axis": along(1), "last axis": along(2), "counted from the end": along(-2),
    "from the second step on": along(1, first=1), "backwards": backwards,
}  # fmt: skip
EVERY = pytest.mark.parametrize("states", CASES.values(), ids=CASES)


@EVERY
def test_a_list_is_written_along_its_axis_in_both_passes(states):
    source = derivo.derive(states, **SPECS).source
    if states is CASES["from the second step on"]:  # whose d_x has a row of zeros
        source = source.split("def states_backward")[0]
    assert not [w for w in ("swapaxes", "transpose(", "moveaxis") if w in source]
    assert "hs[:, t" in source or "hs[:, :, t" in source
    assert "hs = np.empty" in source
    assert "h_all" not in source


@EVERY
@pytest.mark.parametrize("steps", [1, 2, 5])
def test_its_gradients_are_those_of_the_first_axis(states, steps):
    if states is CASES["from the second step on"]:
        steps += 1
    given = values(steps)
    derived = derivo.derive(states, **SPECS)
    result = states(**given)
    upstream = np.random.default_rng(1).normal(size=result.shape)
    value, gradients = derived.value_and_gradients(upstream, **given)
    np.testing.assert_allclose(value, result, rtol=1e-12)

    def moved(name, step):
        return {**given, name: given[name] + step}

    for name, gradient in gradients.items():
        direction = np.random.default_rng(2).normal(size=given[name].shape)
        ends = [states(**moved(name, s * 1e-6 * direction)) for s in (1, -1)]
        wanted = np.sum((ends[0] - ends[1]) * upstream) / 2e-6
        assert np.sum(gradient * direction) == pytest.approx(wanted, abs=1e-7)


def test_an_array_that_is_filled_along_its_second_axis_is_written_there():
    def states(x, h, w):
        out = np.zeros(x.shape)
        for t in range(x.shape[1]):
            h = np.tanh(x[:, t] @ w + h)
            out[:, t] = h
        return np.sum(out**2, axis=2)

    source = derivo.derive(states, **SPECS).source
    assert "out[:, t] = h" in source
    assert "out_all" not in source


def test_what_is_read_both_ways_is_stacked_once():
    def states(x, h, w):
        hs = []
        for t in range(x.shape[1]):
            h = np.tanh(x[:, t] @ w + h)
            hs.append(h)
        return np.stack(hs, axis=1), np.sum(np.stack(hs) * np.stack(hs)[0])

    derived = derivo.derive(states, **SPECS)
    assert derived.check(trials=1).ok
    assert derived.source.split("_backward")[0].count("np.empty") == 1


def test_the_name_of_the_array_goes_before_that_of_the_list():
    def states(x, h, w):
        parts = []
        for t in range(x.shape[1]):
            h = np.tanh(x[:, t] @ w + h)
            parts.append(h)
        out = np.stack(parts)
        return out * out

    source = derivo.derive(states, **SPECS).source
    assert "out[t] = " in source
    assert "parts" not in source
