"""What a function asks of its arguments is answered as for the arrays that come."""

import numbers
from collections.abc import Iterable
from typing import Any

import numpy as np
import pytest

import derivo
from derivo.errors import TraceError
from derivo.ops.limits import LIMITS
from tests.refused import refused

# Of an array, of a number, of a size: each holds of what NumPy hands over, too.
OF_ARRAYS = {
    "isinstance": lambda x: isinstance(x, np.ndarray),
    "one of several": lambda x: isinstance(x, (list, np.ndarray)),
    "a union": lambda x: isinstance(x, list | np.ndarray),
    "no list": lambda x: not isinstance(x, list),
    "no number": lambda x: not isinstance(x, float | np.generic | numbers.Real),
    "type": lambda x: type(x) is np.ndarray,
    "iterable": lambda x: np.iterable(x) and isinstance(x, Iterable),
    "no scalar": lambda x: not np.isscalar(x),
    "attributes": lambda x: hasattr(x, "item") and not hasattr(x, "toarray"),
    "floating": lambda x: np.issubdtype(x.dtype, np.floating),
    "kind": lambda x: x.dtype.kind == "f" and x.dtype != int,
    "no integers": lambda x: x.dtype not in (np.int64, bool),
    "namespace": lambda x: x.__array_namespace__() is np and x.device == "cpu",
    "result type": lambda x: np.result_type(x, 1.0) == x.dtype,
    "real": lambda x: np.isrealobj(x) and not np.iscomplexobj(x),
    "common type": lambda x: np.common_type(x) == x.dtype,
    "types of types": lambda x: isinstance(type(x), type) and type([1]) is list,
}
OF_NUMBERS = {
    "isscalar": lambda n: np.isscalar(n),
    "isinstance": lambda s: isinstance(s, float) and isinstance(s, numbers.Real),
    "no array": lambda s: not isinstance(s, np.ndarray) and not np.iterable(s),
    "type": lambda s: type(s) is float,
    "no length": lambda s: not hasattr(s, "__len__"),
}
OF_SIZES = {
    "isinstance": lambda n: isinstance(n, int) and isinstance(n, numbers.Integral),
    "type": lambda n: type(n) is int,
    "isscalar": lambda n: np.isscalar(n),
}


def holds(question: Any, of: str) -> bool:
    def f(x: Any, s: Any) -> Any:
        asked = {"array": x, "number": s, "size": x.shape[0]}[of]
        return x * s if question(asked) else x

    x = np.arange(3.0)
    assert f(x, 2.0)[1] == 2
    return float(derivo.derive(f, x="N", s="")(x=x, s=2.0)[1]) == 2


@pytest.mark.parametrize("name", OF_ARRAYS)
def test_what_is_asked_of_an_array(name: str) -> None:
    assert holds(OF_ARRAYS[name], "array")


@pytest.mark.parametrize("name", OF_NUMBERS)
def test_what_is_asked_of_a_number(name: str) -> None:
    assert holds(OF_NUMBERS[name], "number")


@pytest.mark.parametrize("name", OF_SIZES)
def test_what_is_asked_of_a_size(name: str) -> None:
    assert holds(OF_SIZES[name], "size")


@pytest.mark.parametrize("name", LIMITS)
@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_one_source_has_the_limits_of_both_types(name: str, dtype: Any) -> None:
    def f(x: Any) -> Any:
        y = np.exp(x)
        return y * getattr(np.finfo(y.dtype), name)

    d = derivo.derive(f, x="N")
    assert f"np.finfo(x.dtype).{name}" in d.source
    x = np.array([0.0, -1.0], dtype)
    np.testing.assert_array_equal(d(x=x), f(x))
    assert d(x=x).dtype == dtype


def test_arrays_that_are_made_with_the_type_of_another() -> None:
    def f(x: Any) -> Any:
        half = np.array(0.5, dtype=x.dtype)
        row = np.asarray([0.25, 1, 2], x.dtype) + x.imag
        return x * half + row + np.zeros(3, dtype=x.dtype) + np.full(3, 0.1, x.dtype)

    d = derivo.derive(f, x="3")
    x = np.ones(3, np.float32)
    assert d(x=x).dtype == f(x).dtype
    np.testing.assert_array_equal(d(x=x), f(x))


@pytest.mark.parametrize(
    "function",
    [
        lambda x: x if x.dtype == np.float64 else 2 * x,  # here
        lambda x: x if x.dtype in (np.float32, np.float16) else 2 * x,  # here
        lambda x: x * {np.float32: 1.0, np.float64: 2.0}[x.dtype],  # here
        lambda x: x * x.dtype.itemsize,  # here
        lambda x: x * np.finfo(x.dtype).bits,  # here
        lambda x: x * (str(x.dtype) == "float32"),  # here
        lambda x: x * (np.dtype(np.float32) == x.dtype),  # here
        lambda x: x * isinstance(x.sum(), np.float64),  # here
    ],
    ids=[
        "==",
        "in",
        "dict",
        "itemsize",
        "bits",
        "text",
        "a dtype ==",
        "a number's class",
    ],
)
def test_what_float32_and_float64_answer_differently_is_refused(function: Any) -> None:
    assert "np.finfo" in refused(TraceError, function, x="N")


@pytest.mark.parametrize("name", ["flags", "strides", "nbytes", "itemsize", "base"])
def test_what_is_about_memory_is_refused_by_name(name: str) -> None:
    def f(x: Any) -> Any:
        return x * bool(getattr(x, name))

    with pytest.raises(TraceError.__mro__[1], match=rf"`\.{name}`"):
        derivo.derive(f, x="N")


def test_a_refusal_that_the_function_swallows_is_raised_all_the_same() -> None:
    def f(x: Any) -> Any:
        try:
            n = float(x[0])  # here
        except Exception:  # noqa: BLE001
            n = 1.0
        return np.sum(x) / n

    assert "`float(x[0])` takes the value" in refused(TraceError, f, x="N")


def test_an_error_that_numpy_raises_as_well_may_be_caught() -> None:
    def f(x: Any) -> Any:
        try:
            return x * x.shape[1]
        except IndexError:
            return x * 3

    np.testing.assert_array_equal(derivo.derive(f, x="N")(x=np.ones(2)), [3, 3])


def test_a_value_that_escaped_says_so_when_it_is_used() -> None:
    class Holder:
        kept: Any = None

    def f(x: Any) -> Any:
        Holder.kept = x * 2
        return x

    derivo.derive(f, x="N", verify=False)
    for use in (lambda v: v + 1, np.exp, lambda v: v.sum(), lambda v: v[0]):
        with pytest.raises(TraceError, match=r"kept while f was derived"):
            use(Holder.kept)
