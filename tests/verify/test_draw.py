"""Inputs are drawn where a derivative can be checked."""

from __future__ import annotations

import numpy as np
import pytest

import derivo
from derivo.errors import UsageError
from derivo.verify.draw import draw_inputs
from derivo.verify.kinks import is_bent
from tests.verify import functions as f


def drawn(function, seed=0, **specs):
    d = derivo.derive(function, **specs)
    return draw_inputs(d.traced, np.random.default_rng(seed),
                       assumptions=d.backward.assumptions)  # fmt: skip


@pytest.mark.parametrize("seed", range(20))
def test_relu_is_kept_away_from_its_kink(seed):
    inputs = drawn(f.relu_layer, seed, x="N L", w="L M", b="M")
    n = inputs.arrays["x"] @ inputs.arrays["w"] + inputs.arrays["b"]
    assert np.min(np.abs(n)) > 1e-3
    assert not inputs.kinks


def test_a_kink_that_cannot_be_avoided_is_told():
    def always_at_a_jump(x):
        return x * np.floor(700 * x)

    inputs = drawn(always_at_a_jump, x="100")
    assert "close to a kink of floor" in inputs.drawn


def test_logarithms_get_positive_numbers():
    inputs = drawn(f.log_likelihood, x="N", sigma="N")
    assert np.all(inputs.arrays["sigma"] > 0)
    assert "uniform" in inputs.drawn


def test_labels_are_in_range_of_the_smallest_axis():
    labels = derivo.Spec("N", "int")
    for seed in range(5):
        inputs = drawn(f.with_labels, seed, z="N C", labels=labels)
        assert inputs.arrays["labels"].dtype.kind == "i"
        assert np.all(inputs.arrays["labels"] < inputs.sizes["C"])


def test_what_is_assumed_holds():
    def loss(z, t):
        p = np.exp(z) / np.sum(np.exp(z), axis=1, keepdims=True)
        return -np.sum(t * np.log(p))

    d = derivo.derive(loss, assume="t sums to 1", z="N C", t="N C")
    inputs = draw_inputs(d.traced, np.random.default_rng(0),
                         assumptions=d.backward.assumptions)  # fmt: skip
    if d.backward.assumptions:
        np.testing.assert_allclose(inputs.arrays["t"].sum(axis=1), 1)
        assert "sums to 1" in inputs.drawn


def test_sizes_that_do_not_fit_are_changed():
    assert drawn(f.tail, x="N").sizes["N"] > 6


def test_a_function_that_is_never_finite_is_refused_with_advice():
    def hopeless(x):
        return np.log(-x * x - 1)

    with pytest.raises(UsageError, match=r"pass some: check\(arrays="):
        derivo.derive(hopeless, x="N").check()


def test_cholesky_gets_a_positive_definite_matrix():
    def log_det(a):
        return 2 * np.sum(np.log(np.diag(np.linalg.cholesky(a))))

    inputs = drawn(log_det, a="N N")
    assert np.all(np.linalg.eigvalsh(inputs.arrays["a"]) > 0)


@pytest.mark.parametrize(
    ("values", "bent"),
    [
        ((0.999**2, 1.0, 1.001**2), False),
        ((4e-6, 0.0, 4e-6), False),  # a kink too flat to disturb a difference
        ((0.001, 0.0, 0.001), True),
        ((1.0, 1.0, 2.0), True),
        ((np.False_, np.True_, np.True_), True),
        ((np.int64(3), np.int64(3), np.int64(3)), False),
    ],
)
def test_bends_are_seen(values, bent):
    assert is_bent(*values) is bent
