"""Loop text computes what the NumPy step computes; run here as plain Python."""

from typing import Any

import numpy as np
import pytest

import derivo
from derivo.errors import NotSupportedError
from derivo.layers import Dense
from derivo.layers.activations import ACTIVATIONS
from derivo.train.engines import numba_source
from tests.train.plain_loops import both_engines

RNG = np.random.default_rng(7)
X, T = RNG.normal(size=(7, 3)), np.eye(2)[RNG.integers(0, 2, 7)]


def compare(layers, loss="squared_error", **options):
    (losses, values), (found, ours) = both_engines(
        layers, loss, X, T, batch=4, **options
    )
    np.testing.assert_allclose(found, losses, rtol=1e-12)
    for expected, actual in zip(values, ours, strict=True):
        assert expected.shape == actual.shape
        np.testing.assert_allclose(actual, expected, rtol=1e-11, atol=1e-13)


def batch_norm(n):
    centred = n - np.mean(n, axis=0)
    return centred / np.sqrt(np.mean(centred**2, axis=0) + 1e-5)


def layer_norm(n):
    centred = n - np.mean(n, axis=1, keepdims=True)
    return centred / np.sqrt(np.var(n, axis=1, keepdims=True) + 1e-5)


def similar_rows(n):
    return np.tanh(n @ n.T) @ n


def by_columns(n):
    return n * np.exp(n) / np.sum(np.exp(n), axis=0)


def whole_scale(n):
    return n / np.sqrt(np.sum(n * n) + 1)


def gated(n):
    return np.where(n > 0.1, n, 0.3 * n) * np.abs(n) ** 1.5


def sums(n):
    return np.tanh(n * n.sum(axis=1)[:, None] + n.sum(axis=0)[None] * n.mean())


CUSTOM = [batch_norm, layer_norm, similar_rows, by_columns, whole_scale, gated, sums]


@pytest.mark.parametrize("function", CUSTOM, ids=lambda f: f.__name__)
def test_functions_of_the_user(function):
    compare([Dense(5, function), Dense(2)])


@pytest.mark.parametrize("name", sorted(set(ACTIVATIONS) - {"step"}))
def test_activations(name):
    compare([Dense(4, name), Dense(2)])


@pytest.mark.parametrize("rule", ["sgd", "momentum", "nesterov", "adam"])
def test_update_rules(rule):
    compare([Dense(4, "tanh"), Dense(2)], rule=rule, epochs=3)


@pytest.mark.parametrize("loss", ["cross_entropy", "binary_cross_entropy", "square"])
def test_losses(loss):
    compare([Dense(4, "tanh"), Dense(2)], loss=loss)


def test_one_column():
    t = X[:, :1]
    (losses, values), (found, ours) = both_engines(
        [Dense(1, "tanh"), Dense(1)], "squared_error", X, t, batch=4
    )
    np.testing.assert_allclose(found, losses, rtol=1e-12)
    for expected, actual in zip(values, ours, strict=True):
        np.testing.assert_allclose(actual, expected, rtol=1e-11, atol=1e-13)


@pytest.mark.parametrize("batch", [1, 3, 7, 20])
def test_batches_of_any_size(batch):
    (losses, values), (found, ours) = both_engines(
        [Dense(2)], "cross_entropy", X, T, batch=batch
    )
    np.testing.assert_allclose(found, losses, rtol=1e-12)
    np.testing.assert_allclose(ours[0], values[0], rtol=1e-12)


def test_square_arrays_are_not_mixed_up():
    # All sizes are 3: axes can only be told apart by their places.
    x, t = RNG.normal(size=(3, 3)), RNG.normal(size=(3, 3))
    (losses, values), (found, ours) = both_engines(
        [Dense(3, similar_rows), Dense(3, sums), Dense(3)],
        "squared_error",
        x,
        t,
        batch=3,
    )
    np.testing.assert_allclose(found, losses, rtol=1e-12)
    for expected, actual in zip(values, ours, strict=True):
        np.testing.assert_allclose(actual, expected, rtol=1e-11, atol=1e-13)


def test_float32_stays_float32():
    (losses, values), (found, ours) = both_engines(
        [Dense(4, "tanh"), Dense(2)],
        "cross_entropy",
        X,
        T,
        batch=4,
        rule="adam",
        dtype=np.float32,
    )
    np.testing.assert_allclose(found, losses, rtol=1e-5)
    for expected, actual in zip(values, ours, strict=True):
        assert actual.dtype == np.float32
        np.testing.assert_allclose(actual, expected, rtol=1e-4, atol=1e-6)


def test_a_failed_step_is_reported():
    # The third batch holds the row that overflows.
    x = X.copy()
    x[5, 0] = 1e200
    with (
        np.errstate(all="ignore"),
        pytest.raises(AssertionError, match="step 2 failed"),
    ):
        both_engines([Dense(2)], "squared_error", x[::-1], T, batch=2, epochs=1)


@pytest.mark.parametrize(
    ("function", "text"),
    [
        (lambda n: np.cumsum(n, axis=1), "has no form inside a compiled loop"),
        (
            lambda n: n + np.sum(n[0] @ n.T),
            "is not a product of two matrices|has no form",
        ),
        (
            lambda n: n - np.max(n, axis=1, keepdims=True),
            "has no form inside a compiled loop",
        ),
        (lambda n: np.sort(n, axis=1), "has no form inside a compiled loop"),
    ],
    ids=["cumsum", "vector product", "argmax", "sort"],
)
def test_what_has_no_loop_form_is_refused_with_a_reason(function, text):
    net = derivo.Network(Dense(4, function), Dense(2), loss="squared_error")
    with pytest.raises(NotSupportedError, match=text):
        numba_source(net.build(3), np.float32)


def test_the_text_is_the_same_every_time_and_says_what_it_is():
    def source():
        net = derivo.Network(Dense(8, "relu"), Dense(3), dtype=np.float32)
        net.build(4)
        return net.source_for("numba")

    text = source()
    assert text == source()
    assert text.startswith('"""An epoch of training steps, for Numba')
    for part in (
        "np.dot(x, w1",
        "np.dot(x.T, d_n1, d_w1)",
        "exp32(",
        "m_w1_flat[i] = new_m_w1_ij",
    ):
        assert part in text
    assert max(map(len, text.splitlines())) <= 110


def test_single_rules_round_as_they_promise():
    # exp32 and tanh32 as plain Python on float32 scalars, against float64.
    from derivo.emit.loops_kernels import kernels_for

    scope: dict[str, Any] = {"np": np, "njit": lambda **_: lambda f: f}
    exec(kernels_for("tanh32("), scope)  # noqa: S102
    ulp = 2.0**-23
    with np.errstate(over="ignore"):
        for x in np.linspace(-87, 88.7, 4001).astype(np.float32):
            assert abs(scope["exp32"](x) / np.exp(np.float64(x)) - 1) < 2 * ulp
        for x in np.linspace(-9, 9, 4001).astype(np.float32):
            assert abs(scope["tanh32"](x) - np.tanh(np.float64(x))) <= 4 * ulp * abs(
                np.tanh(np.float64(x))
            )
        assert [
            scope["exp32"](np.float32(v)) for v in (-np.inf, -200, 0, 200, np.inf)
        ] == [0, 0, 1, np.inf, np.inf]
    assert np.isnan(scope["exp32"](np.float32(np.nan)))
    assert np.isnan(scope["tanh32"](np.float32(np.nan)))
