"""Flags, whole numbers, None, functions and texts: fixed when a function is derived."""

import functools
from typing import Any

import numpy as np
import pytest

import derivo
from derivo.errors import UsageError

X = np.array([[0.3, -1.2, 2.1], [1.4, 0.5, -0.7]])
W = np.array([[0.2, -0.4], [1.1, 0.3], [-0.6, 0.8]])


def settled(  # noqa: PLR0913  all kinds of settings
    x, axis, w=None, *, act=np.tanh, training=False, mode="plain", eps=1e-3
):
    y = act(x if w is None else x @ w)
    y = y * 2 if training else y**2
    y = y[::-1] if mode == "reversed" else y
    return np.sum(y, axis=axis) + eps


def agree(function: Any, d: Any, arrays: dict[str, Any], settings: dict[str, Any]):
    """Compare value and gradients with those of the function, settings put in."""
    fixed = functools.partial(function, **settings)
    value = np.asarray(fixed(**arrays))
    np.testing.assert_allclose(d(**arrays), value, rtol=1e-14)
    rng = np.random.default_rng(3)
    up = rng.normal(size=value.shape)
    gradients = d.gradients(up[()], **arrays)
    for name, array in arrays.items():
        step = rng.normal(size=np.shape(array))
        ends = [fixed(**{**arrays, name: array + h * step}) for h in (1e-6, -1e-6)]
        slope = np.sum(up * (ends[0] - ends[1])) / 2e-6
        np.testing.assert_allclose(np.sum(gradients[name] * step), slope, rtol=1e-7)


SETTINGS: list[dict[str, Any]] = [
    {"axis": 0},
    {"axis": 1, "training": True},
    {"axis": None, "act": np.exp},
    {"axis": -1, "act": lambda u: np.maximum(u, 0.1) * u, "mode": "reversed"},
]


@pytest.mark.parametrize("settings", SETTINGS, ids=" ".join)
@pytest.mark.parametrize("as_static", [False, True])
def test_a_setting_is_put_in_and_is_no_argument(settings, as_static):
    texts = {k: v for k, v in settings.items() if as_static or isinstance(v, str)}
    plain = {k: v for k, v in settings.items() if k not in texts}
    d = derivo.derive(settled, x="N L", w="L M", static=texts, **plain)
    agree(settled, d, {"x": X, "w": W}, settings)
    assert d.wrt == ("x", "w")
    assert "def settled(x, w):" in d.source
    note = next(line for line in d.source.splitlines() if line.startswith("# Settings"))
    assert f"axis={settings['axis']}" in note


def test_none_for_an_array():
    d = derivo.derive(settled, x="N L", axis=1, w=None)
    agree(settled, d, {"x": X}, {"axis": 1})


def test_a_setting_may_be_repeated_by_name_and_by_position():
    d = derivo.derive(settled, x="N L", axis=1, w="L M", training=True)
    plain = settled(X, 1, W, training=True)
    for value in (
        d(X, W), d(X, 1, W), d(x=X, w=W), d(x=X, axis=1, w=W), d(X, np.int64(1), W),
        d(X, 1, W, act=np.tanh, training=True, mode="plain", eps=1e-3),
    ):  # fmt: skip
        np.testing.assert_array_equal(value, plain)
    up = np.array([2.0, 3.0])
    gradient = d.gradients(up, x=X, w=W)["w"]
    for found in (
        d.gradients(up, X, W), d.gradients(up, X, 1, W), d.gradients(X, W, upstream=up),
        d.gradients(X, 1, W, upstream=up), d.gradients(up, x=X, axis=1, w=W),
    ):  # fmt: skip
        np.testing.assert_array_equal(found["w"], gradient)
    ones = d.gradients(X, W)["w"]
    np.testing.assert_array_equal(d.gradients(X, 1, W)["w"], ones)


@pytest.mark.parametrize(
    ("again", "said"),
    [
        ({"axis": 0}, r"axis=0: .* setting axis=1.*derive it again with axis=0"),
        ({"axis": True}, r"axis=True"),
        ({"axis": 1.0}, r"axis=1\.0: .* setting axis=1"),
        ({"act": np.exp}, r"act=np\.exp: .* setting act=np\.tanh"),
        ({"mode": "other"}, r"mode='other': .* setting mode='plain'"),
        ({"eps": 0.1}, r"eps=0\.1: .* setting eps=0\.001.* eps='' to make it an arg"),
        ({"training": None}, r"training=None"),
    ],
    ids=str,
)
def test_another_value_is_refused(again, said):
    d = derivo.derive(settled, x="N L", w="L M", axis=1)
    with pytest.raises(UsageError, match=said):
        d(x=X, w=W, **again)
    with pytest.raises(UsageError, match=said):
        d.gradients(x=X, w=W, **again)


def test_another_value_by_position_is_refused():
    d = derivo.derive(settled, x="N L", w="L M", axis=1)
    with pytest.raises(UsageError, match=r"axis=0: .* setting axis=1"):
        d(X, 0, W)


def test_settings_go_through_check_explanation_and_pickle():
    d = derivo.derive(settled, x="N L", w="L M", axis=1, static={"mode": "reversed"})
    assert d.check(trials=1).ok
    assert "axis=1" in str(d.explain("code"))
    assert "mode='reversed'" in d.exact.source


def test_an_example_of_floats_is_still_an_argument():
    d = derivo.derive(lambda x, p: np.sum(x**p), x=np.ones(3), p=2.0)
    assert d.wrt == ("x", "p")
    fixed = derivo.derive(lambda x, p: np.sum(x**p), x=np.ones(3), p=2)
    assert fixed.wrt == ("x",)
    with pytest.raises(UsageError, match=r"'p' is a setting.*float"):
        derivo.derive(lambda x, p: np.sum(x**p), x=np.ones(3), p=2, wrt="p")
    with pytest.raises(UsageError, match=r"'x\.n' is a setting, 3"):
        derivo.derive(lambda x: x["a"] * x["n"], x={"a": "N", "n": 3}, wrt="x.n")


@pytest.mark.parametrize(
    ("given", "said"),
    [
        (
            {"x": [3, 4]},
            r"a shape: x='3 4'.*np\.array\(\[3, 4\].*static=\{'x'",
        ),
        ({"x": [0.5, 1.0]}, r"example array: x=np\.array.*2 scalars: x=\['', ''\]"),
        ({"x": [[1.0], [2.0]]}, r"example array"),
        ({"x": (0.5, 1.0)}, r"example array"),
        ({"x": []}, r"list of numbers"),
        ({"x": "N", "static": 3}, r"static=3 is to be a dict"),
        ({"x": "N", "static": {"x": 1}}, r"'x' is given twice"),
        ({"x": "N", "static": {"mode": 1}}, r"'mode' is not an argument"),
        ({"x": "N", "shapes": {"x": "N"}}, r"'x' is given twice: in shapes="),
        ({"x": "N", "static": {"y.mode": 1}}, r"no dict 'y' among the arguments"),
        ({"x": "N", "shapes": "N"}, r"shapes='N' is to be a dict"),
    ],
    ids=str,
)
def test_what_may_mean_several_things_is_refused(given, said):
    with pytest.raises(UsageError, match=said):
        derivo.derive(lambda x: x * 2, **given)


def test_a_setting_that_was_meant_as_an_array_is_named():
    with pytest.raises(UsageError, match=r"x=3 is a setting.*x='3'"):
        derivo.derive(lambda x, w: x.sum() + w, x=3, w="")


def test_a_tuple_that_was_meant_as_a_setting_is_named():
    f = lambda x, axis: np.sum(x, axis=axis)
    with pytest.raises(derivo.errors.TraceError, match=r"static=\{'axis': \(0, 1\)\}"):
        derivo.derive(f, x="N M", axis=(0, 1))
    d = derivo.derive(f, x="N M", static={"axis": (0, 1)})
    assert d(X, (0, 1)) == np.sum(X)


def test_arguments_called_like_options():
    def f(static, shapes, b):
        return np.sum(static**2 * shapes * b)

    k: Any = np.arange(3.0)
    d = derivo.derive(f, static=k, shapes=k, b=k)
    np.testing.assert_array_equal(d.gradients(k, k, k)["static"], 2 * k**3)
    d = derivo.derive(f, shapes={"static": "N", "shapes": "N", "b": "N"})
    np.testing.assert_array_equal(d.gradients(k, k, k)["shapes"], k**3)
