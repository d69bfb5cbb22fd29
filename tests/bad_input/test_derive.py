"""Arguments and results that `derive` cannot take."""

import math
import re
from pathlib import Path

import numpy as np
import pytest

import derivo
from derivo.errors import (
    DtypeError,
    IndependentWarning,
    ShapeError,
    TraceError,
    UsageError,
)
from tests.refused import refused

WORDS = np.array([None, 2])


def nothing(x):  # here
    np.tanh(x)


def half_nothing(x):  # here
    return x, None


def empty(x):  # here
    return ()


@pytest.mark.parametrize("function", [nothing, half_nothing, empty])
def test_a_function_that_returns_nothing(function):
    text = refused(TraceError, function, x="N")
    assert f"{function.__name__} returns nothing" in text
    assert "Instead: end it with `return y`" in text


def text_result(x):  # here
    return f"{x}"


def set_result(x):  # here
    return {x}


def generator_result(x):  # here
    return (row for row in [x])


@pytest.mark.parametrize("function", [text_result, set_result, generator_result])
def test_a_function_that_returns_no_arrays(function):
    text = refused(TraceError, function, x="N")
    assert re.search(r"returns a (str|set|generator)", text)


@pytest.mark.parametrize(
    "function",
    [lambda x, w: x * 2, lambda x, w: x * np.argmax(w), lambda x, w: x * np.floor(w)],
    ids=["unused", "argmax", "floor"],
)
def test_a_result_that_does_not_depend_on_an_input(function):
    with pytest.warns(IndependentWarning, match="does not depend on 'w'") as caught:
        d = derivo.derive(function, x="3", w="3")
    assert [Path(w.filename) for w in caught] == [Path(__file__)]
    gradients = d.gradients(x=np.ones(3), w=np.ones(3))
    np.testing.assert_array_equal(gradients["w"], np.zeros(3))


def test_a_constant_result():
    with pytest.warns(IndependentWarning, match="its gradient is zero"):
        d = derivo.derive(lambda x: np.ones(2), x="N")
    np.testing.assert_array_equal(d.gradients(x=np.ones(3))["x"], np.zeros(3))


@pytest.mark.parametrize(
    ("example", "kind", "instead"),
    [
        (np.ones(3) + 1j, "complex128", "real and the imaginary part as two arrays"),
        (np.array([1, None]), "object", "dtype=float"),
        (np.array(["a", "b"]), "<U1", "number the words"),
        (np.ones(3, np.float16), "float16", "x.astype(np.float32)"),
    ],
    ids=["complex", "object", "text", "float16"],
)
def test_an_example_of_a_kind_without_derivatives(example, kind, instead):
    with pytest.raises(DtypeError) as caught:
        derivo.derive(lambda x: x * 2, x=example)
    assert str(caught.value).startswith(f"x: arrays of type {kind} cannot be derived")
    assert instead in str(caught.value)


@pytest.mark.parametrize(
    "array", [np.ones(2) + 1j, np.array([1, None])], ids=["complex", "object"]
)
def test_an_argument_of_a_kind_without_derivatives(array):
    d = derivo.derive(lambda x: x * 2, x="N")
    with pytest.raises(DtypeError, match="x: arrays of type"):
        d(x=array)
    with pytest.raises(DtypeError, match="x: arrays of type"):
        d.gradients(x=array)


def complex_number(x):
    return x * 1j  # here


def complex_array(x):
    return x * np.array([1j, 2])  # here


def object_array(x):
    return x * WORDS  # here


def a_string(x):
    return x + "a"  # here


def a_none(x):
    return x * None  # here


@pytest.mark.parametrize("function", [object_array, a_string, a_none])
def test_a_constant_of_a_kind_without_derivatives(function):
    refused(DtypeError, function, x="2")


@pytest.mark.parametrize("function", [complex_number, complex_array])
def test_a_complex_result(function):
    with pytest.raises(TraceError, match=r"returns a complex array[^$]*z\.real"):
        derivo.derive(function, x="2")


def two(x, w):  # here
    return x @ w


def test_a_name_that_is_not_an_argument():
    text = refused(UsageError, two, x="N L", w="L", v="L")
    assert "'v' is not an argument of two(x, w)" in text


def test_an_argument_without_a_shape():
    text = refused(UsageError, two, x="N L")
    assert "no shape is given for the argument 'w' of two(x, w)" in text
    assert "w='N M'" in text


@pytest.mark.parametrize("spec", ["N-", "N,L;M", "2H", "3.5", "-1"])
def test_a_shape_that_cannot_be_read(spec):
    with pytest.raises(ShapeError, match=r"x: .* is not a dimension; write a name"):
        derivo.derive(lambda x: x, x=spec)


@pytest.mark.parametrize("spec", [{}, {"a": {1, 2}}], ids=["dict", "nest"])
def test_a_spec_that_is_neither_shape_nor_array(spec):
    with pytest.raises(UsageError, match=r"x(\.a)?.* neither a shape"):
        derivo.derive(lambda x: x, x=spec)


@pytest.mark.parametrize("spec", [None, 3, {"a": None}, {"a": []}], ids=str)
def test_settings_alone(spec):
    with pytest.raises(UsageError, match=r"all arguments .* are settings.*float"):
        derivo.derive(lambda x: x, x=spec)


@pytest.mark.parametrize("function", [3, int, "two"], ids=["number", "type", "text"])
def test_what_is_not_a_function(function):
    with pytest.raises(UsageError, match="derive needs a function written in Python"):
        derivo.derive(function, x="N")


def test_wrt_of_a_name_that_is_not_an_argument():
    with pytest.raises(UsageError, match=r"'v' is not an argument of two\(x, w\)"):
        derivo.derive(two, wrt="v", x="N L", w="L")


def test_wrt_of_integers():
    with pytest.raises(UsageError, match="'k' holds int values"):
        derivo.derive(lambda x, k: x[k], wrt="k", x="N", k=derivo.Spec("M", "int64"))


def test_an_error_of_the_users_own_goes_through():
    def f(x):
        return {"a": x}["missing"]

    with pytest.raises(KeyError, match="missing"):
        derivo.derive(f, x="N")


def test_after_an_error_numpy_is_as_before():
    zeros, exp = np.zeros, math.exp
    with pytest.raises(TraceError):
        derivo.derive(lambda x: x if x[0] > 0 else -x, x="N")
    assert np.zeros is zeros
    assert math.exp is exp
