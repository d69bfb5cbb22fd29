"""Backward passes as people hand them in: caches, targets, nests, noise, branches."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

import derivo
from derivo.errors import UsageError

LAYER: dict[str, Any] = {"x": "N L", "w": "L M"}


def layer(x, w):
    h = np.tanh(x @ w)
    return h, {"x": x, "w": w, "h": h}


def by_stuff(dout, stuff):
    d = dout * (1 - stuff["h"] ** 2)
    return d @ stuff["w"].T, stuff["x"].T @ d


def by_cache_first(memo, dout):
    return by_stuff(dout, memo)


def by_names(dout, x, w):
    return by_stuff(dout, layer(x, w)[1])


def by_values(dout, x, h, w):
    d = dout * (1 - h**2)
    return {"grad_x": d @ w.T, "dw": x.T @ d}


def spread(x, w):
    h = np.tanh(x @ w)
    return h, x, w, h


def by_spread(dout, cache):
    x, w, h = cache
    d = dout * (1 - h**2)
    return d @ w.T, x.T @ d


@pytest.mark.parametrize(
    ("forward", "backward"),
    [(layer, by_stuff), (layer, by_cache_first), (layer, by_names), (layer, by_values),
     (spread, by_spread)],
)  # fmt: skip
def test_a_cache_under_any_name_or_none(forward, backward):
    assert derivo.check_backward(forward, backward, **LAYER).ok


def test_an_argument_called_as_a_cache_usually_is():
    def f(state, w):
        return np.tanh(state @ w)

    def b(d_y, state, w):
        d = d_y * (1 - np.tanh(state @ w) ** 2)
        return d @ w.T, state.T @ d

    assert derivo.check_backward(f, b, state="N L", w="L M").ok


def test_parameters_in_a_dict():
    def f(params, x):
        return np.tanh(x @ params["w"] + params["b"])

    def b(dout, params, x):
        d = dout * (1 - f(params, x) ** 2)
        return {"w": x.T @ d, "b": d.sum(axis=0)}, d @ params["w"].T

    specs: dict[str, Any] = {"params": {"w": "L M", "b": "M"}, "x": "N L"}
    report = derivo.check_backward(f, b, **specs)
    assert report.ok
    assert [r.name for r in report.rows] == ["params.w", "params.b", "x"]


def test_given_arrays_are_used():
    arrays = {"x": np.ones((2, 3)), "w": np.full((3, 4), 0.1)}
    report = derivo.check_backward(layer, by_stuff, arrays=arrays)
    assert report.ok
    assert report.shapes == {"x": (2, 3), "w": (3, 4)}
    with pytest.raises(UsageError, match="leave out x"):
        derivo.check_backward(layer, by_stuff, arrays=arrays, x="N L")


def test_noise_that_is_drawn_anew_is_said():
    rng = np.random.default_rng(0)

    def f(x, mask):
        return x * mask

    def b(dout, x, mask):
        return dout * (rng.random(x.shape) < 0.5)

    specs: dict[str, Any] = {"x": "N", "mask": derivo.Spec("N", "bool")}
    (row,) = derivo.check_backward(f, b, **specs).failures
    assert "noise is drawn anew" in row.cause


def test_both_sides_of_a_choice_are_reached_or_it_is_said():
    def f(x):
        return np.where(x < 0, x * x, np.sin(x)) + np.where(x < 1e6, x, 2 * x)

    def b(dout, x):
        return dout * (np.where(x < 0, 2 * x, np.cos(x)) + 1)

    report = derivo.check_backward(f, b, x="N")
    assert report.ok
    assert report.branches == 2
    assert len(report.unreached) == 1
    assert "one side alone was reached" in str(report)


def test_the_wrong_gradients_say_where_the_fault_lies():
    def b(dout, x, w):
        d = dout * np.cosh(x @ w)  # nothing that a slip would explain
        return d @ w.T, x.T @ d

    report = derivo.check_backward(lambda x, w: np.tanh(x @ w), b, **LAYER)
    for row in report.failures:
        assert row.written is not None
        assert row.written.text.startswith("d = dout * np.cosh(x @ w)")


def test_two_slips_in_different_gradients_are_both_named():
    def f(x, w, c):
        return (x * w) ** 2 + c * x

    def b(dout, x, w, c):
        dx = dout * 2 * x * w * w - c * dout
        dw = dout * x * w * x
        dc = dout * x
        return dx, dw, dc

    report = derivo.check_backward(f, b, x="N", w="N", c="N")
    found = {r.name: r for r in report.failures}
    assert set(found) == {"x", "w"}
    assert found["x"].instead or "wrong sign" in found["x"].cause
    assert found["w"].instead or "halved" in found["w"].cause


def test_source_that_is_not_at_hand_is_no_hindrance():
    space: dict[str, Any] = {"np": np}
    exec("def b(dout, x): return dout * np.sin(x)", space)  # noqa: S102
    (row,) = derivo.check_backward(lambda x: np.sin(x) * x, space["b"], x="N").failures
    assert "is missing" in row.cause
    assert row.written is None
