"""Arguments of any name, arrays by position, and adjoints of the result of any kind."""

from typing import Any

import numpy as np
import pytest

import derivo
from derivo.errors import DtypeError, ShapeError, UsageError

NAMES = [
    "function", "upstream", "level", "self", "wrt", "assume", "arrays", "language",
    "given", "simplify",
]  # fmt: skip


def squares(name):
    space = {"np": np}
    exec(f"def f({name}, b): return np.sum({name} ** 2 * b)", space)  # noqa: S102
    return space["f"]


@pytest.mark.parametrize("name", NAMES)
def test_an_argument_of_any_name_works_or_is_refused_by_name(name):
    values: dict[str, Any] = {name: np.arange(3.0), "b": np.ones(3)}
    d = derivo.derive(squares(name), **values)
    assert str(d.explain("matrix", **values))
    np.testing.assert_array_equal(d.gradients(**values)[name], 2 * np.arange(3.0))
    np.testing.assert_array_equal(d.gradients(3.0, **values)[name], 6 * np.arange(3.0))


def test_options_that_are_no_argument_are_still_options():
    d = derivo.derive(squares("x"), x="N", b="N")
    one = np.ones(2)
    assert str(d.explain(level="matrix", language="fr", x=one, b=one, upstream=2.0))
    np.testing.assert_array_equal(d.gradients(upstream=2.0, x=one, b=one)["x"], 4 * one)


def test_arrays_by_position_by_name_and_mixed():
    d = derivo.derive(lambda x, w: x @ w, x="N L", w="L M")
    x, w, up = np.ones((2, 3)), np.full((3, 4), 2.0), np.full((2, 4), 5.0)
    by_name = d.gradients(x=x, w=w)["w"]
    np.testing.assert_array_equal(d.gradients(x, w)["w"], by_name)
    np.testing.assert_array_equal(d.gradients(x, w=w)["w"], by_name)
    for found in (d.gradients(up, x, w), d.gradients(up, x=x, w=w)):
        np.testing.assert_array_equal(found["w"], 5 * by_name)
    with pytest.raises(UsageError, match="w is missing"):
        d.gradients(up, x=x)
    with pytest.raises(UsageError, match="x is given twice"):
        d(x, x=x)


@pytest.mark.parametrize("compiled", [False, True])
def test_an_adjoint_that_is_given_last_is_told_of(compiled):
    d: Any = derivo.derive(lambda x, w: x @ w, x="N L", w="L M")
    d = d.compile() if compiled else d
    x, w, up = np.ones((2, 3)), np.ones((3, 4)), np.ones((2, 4))
    with pytest.raises(ShapeError, match=r"first value, .*\(2, 3\).* upstream=\.\.\."):
        d.gradients(x, w, up)
    with pytest.raises(ShapeError) as told:
        d.gradients(x, w.T, upstream=up)
    assert "was taken" not in str(told.value)  # for it has a name


def test_adjoints_in_a_dict_go_by_key():
    d = derivo.derive(lambda x: {"a": 2 * x, "b": (3 * x, 5 * x)}, x="N")
    one, no = np.ones(2), np.zeros(2)
    got = d.gradients({"b": (no, one), "a": no}, x=one)["x"]
    np.testing.assert_array_equal(got, 5 * one)
    with pytest.raises(UsageError, match="'a', 'b'; upstream has 'a', 'c'"):
        d.gradients({"a": one, "c": (one, one)}, x=one)
    plain = derivo.derive(lambda x: 2 * x, x="N")
    with pytest.raises(UsageError, match="gives no dict"):
        plain.gradients({"y": one}, x=one)


def test_the_adjoint_of_a_loss_is_one_number():
    d = derivo.derive(lambda x: np.sum(x * x), x="N")
    with pytest.raises(ShapeError, match="the result is one number"):
        d.gradients(np.ones(2), x=np.ones(2))
    for odd in ("one", {1}, [[1], [1, 2]]):
        with pytest.raises(DtypeError, match="upstream"):
            d.gradients(odd, x=np.ones(2))


def test_wrt_that_names_nothing_or_something_odd():
    odd: Any
    for odd in ([], 0, [None], ["x", "x"], "y", ["x", "y"]):
        with pytest.raises(UsageError, match="wrt"):
            derivo.derive(lambda x: np.sum(x * x), x="N", wrt=odd)


def test_arrays_that_numpy_would_take_apart_silently():
    d = derivo.derive(lambda x: x * x, x="N")
    with pytest.raises(DtypeError, match="masked array"):
        d(x=np.ma.masked_array([1.0, 2.0], [True, False]))
    for odd in ([[1.0], [1.0, 2.0]], {1.0}, None, "text", (i for i in range(3)), 1j):
        with pytest.raises(DtypeError, match="x"):
            d(x=odd)
