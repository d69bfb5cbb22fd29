"""Functions that cannot be derived: what happened, which line, what to write instead."""

import math
import re
from pathlib import Path

import numpy as np
import pytest

import derivo
from derivo.errors import (
    DtypeError,
    IndependentWarning,
    NotSupportedError,
    ShapeError,
    TraceError,
    UsageError,
)

LINES = Path(__file__).read_text(encoding="utf-8").splitlines()
RNG = np.random.default_rng(0)
WORDS = np.array([None, 2])


def refused(error, function, **specs):
    """Derive; give the message, which names the one line of `function` marked "here"."""
    with pytest.raises(error) as caught:
        derivo.derive(function, **specs)
    text = str(caught.value)
    first = function.__code__.co_firstlineno
    number = next(k for k in range(first, len(LINES)) if LINES[k - 1].endswith("# here"))
    assert f'File "{__file__}", line {number}, in ' in text
    return text


# --- shapes ---------------------------------------------------------------------------


def test_matrices_that_do_not_fit():
    def f(x, w):
        hidden = x * 2
        return hidden @ w  # here

    text = refused(ShapeError, f, x="N L", w="M K")
    assert "(N, L) @ (M, K) do not fit together: L against M" in text
    assert "Instead: give `derive` shapes that fit" in text


def test_arrays_that_do_not_broadcast():
    def f(x, b):
        return np.tanh(x + b)  # here

    text = refused(ShapeError, f, x="N 3", b="4")
    assert "(N, 3) and (4,) do not fit together: 3 against 4" in text
    assert "a[:, None]" in text


def test_a_shape_error_in_a_helper_names_the_line_of_the_helper():
    def helper(u, v):
        return u + v  # here

    with pytest.raises(ShapeError) as caught:
        derivo.derive(lambda x, y: helper(x, y), x="N", y="M")
    number = LINES.index("        return u + v  # here") + 1
    assert f"line {number}, in helper: return u + v" in str(caught.value)


def test_reshape_to_another_number_of_elements():
    def f(x):
        return x.reshape(4, 4)  # here

    assert "reshape (3, 5) to (4, 4)" in refused(ShapeError, f, x="3 5")


def test_an_axis_that_is_not_there():
    def f(x):
        return x.sum(axis=2)  # here

    assert "Axis 2 does not exist: the array has 2 axes" in refused(ShapeError, f, x="N M")


def test_an_index_outside():
    def f(x):
        return x[5]  # here

    assert "Index 5 is outside an axis of size 3" in refused(ShapeError, f, x="3 5")


def test_too_many_indices():
    def f(x):
        return x[0, 0, 0]  # here

    assert "3 indices for an array with 2 axes" in refused(ShapeError, f, x="3 5")


def test_concatenating_what_does_not_fit():
    def f(x, y):
        return np.concatenate([x, y], axis=0)  # here

    text = refused(ShapeError, f, x="N 3", y="N 4")
    assert "(N, 3)" in text
    assert "(N, 4)" in text


def test_einsum_with_two_sizes_for_one_letter():
    def f(x, y):
        return np.einsum("ij,jk", x, y)  # here

    assert "'j' has the size M and the size K" in refused(ShapeError, f, x="N M", y="K L")


def test_rows_of_different_length():
    def f(x):
        return x + [[1.0, 2.0], [3.0]]  # here

    assert "same length" in refused(ShapeError, f, x="2 2")


# --- no rule --------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("name", "function"),
    [
        ("np.unique", lambda x: np.unique(x)),  # here
        ("np.fft.fft", lambda x: np.fft.fft(x)),  # here
        ("np.spacing", lambda x: np.spacing(x)),  # here
        (".nonzero", lambda x: x.nonzero()[0]),  # here
        ("np.divmod", lambda x: divmod(x, 2)[0]),  # here
        ("np.left_shift", lambda x: x << 2),  # here
        ("np.sum(..., where=...)", lambda x: np.sum(x, where=x > 0)),  # here
        (".astype(int64)", lambda x: x.astype(np.int64)),  # here
    ],
)
def test_an_operation_without_a_rule(name, function):
    text = refused(NotSupportedError, function, x="N")
    assert f"`{name}` has no rule in derivo yet" in text
    assert "Instead: spell it with operations of the list in docs/operations.md" in text


def test_a_sum_that_would_cut_off_fractions():
    def f(x):
        return np.sum(x, dtype=int)  # here

    assert "cut off the fraction" in refused(NotSupportedError, f, x="N")


def test_an_index_of_booleans():
    def f(x):
        return x[x > 0].sum()  # here

    text = refused(ShapeError, f, x="N")
    assert "size depends on its values; write np.where(mask, x, 0)" in text


# --- branches and conversions ---------------------------------------------------------


def branch(x):
    if x.sum() > 0:  # here
        return x
    return -x


def loop(x):
    while (x > 1).any():  # here
        x = x / 2
    return x


def conditional(x):
    return x if x[0] > 0 else -x  # here


def both(x):
    return (x > 0) and (x < 1)  # here


def assertion(x):
    assert np.all(x > 0)  # here
    return np.log(x)


def python_max(x):
    return max(x[0], x[1])  # here


def contains(x):
    return x if 3 in x else -x  # here


@pytest.mark.parametrize(
    "function", [branch, loop, conditional, both, assertion, python_max, contains]
)
def test_a_branch_on_a_value(function):
    text = refused(TraceError, function, x="N")
    assert "(`if`, `while`, `and`, `or`) depends on a traced value" in text
    assert "Instead: write np.where(condition, a, b)" in text


@pytest.mark.parametrize(
    "function",
    [
        lambda x: x if x.shape[0] > 3 else -x,  # here
        lambda x: x if x.shape[0] == 3 else -x,  # here
        lambda x: x if x.shape[0] != 3 else -x,  # here
        lambda x: -x if x.shape[0] <= x.shape[1] else x,  # here
    ],
    ids=["greater", "equal", "not equal", "two sizes"],
)
def test_a_branch_on_a_size_that_is_only_a_name(function):
    text = refused(TraceError, function, x="N M")
    assert "Instead: give that axis a number in the spec" in text


def test_a_branch_on_a_size_that_is_a_number_is_taken():
    d = derivo.derive(lambda x: x * 2 if x.shape[0] == 3 else x, x="3")
    assert d(x=np.ones(3)).sum() == 6


def test_a_size_that_is_surely_the_same_can_be_asserted():
    def f(x, w):
        assert x.shape[1] == w.shape[0]
        assert x.shape[0] + 1 != x.shape[0]
        return x @ w

    derivo.derive(f, x="N L", w="L M")


def test_a_loop_over_a_named_axis():
    def f(x):
        return sum(x[i] for i in range(x.shape[0]))  # here

    assert "derivo.scan" in refused(TraceError, f, x="N")

    def g(x):
        return sum(row for row in x)  # here

    assert "derivo.scan" in refused(TraceError, g, x="N M")


@pytest.mark.parametrize(
    ("function", "instead"),
    [
        (lambda x: float(x[0]) * x, "keep it as an array"),  # here
        (lambda x: int(x[0]) * x, "keep it as an array"),  # here
        (lambda x: x[0].item() * x, "keep computing with the array itself"),  # here
        (lambda x: x.tolist(), "keep computing with the array itself"),  # here
        (lambda x: x * math.gamma(x[0]), "np.sqrt rather than math.sqrt"),  # here
        (lambda x: x / len(x), "write x.shape[0]"),  # here
        (lambda x: x / int(x.shape[0]), "leave float() or int() away"),  # here
    ],
    ids=["float", "int", "item", "tolist", "math", "len", "int of a size"],
)
def test_a_value_taken_out_of_the_trace(function, instead):
    assert instead in refused(TraceError, function, x="N")


def test_random_numbers_of_a_traced_size():
    def f(x):
        return x * np.random.rand(*x.shape)  # here  # noqa: NPY002

    with pytest.raises(TraceError, match="make them an argument of the function"):
        derivo.derive(f, x="N")


def test_a_generator_of_random_numbers_does_not_crash():
    def f(x):
        return x * RNG.normal(size=x.shape)  # here

    assert "only a name" in refused(TraceError, f, x="N")


# --- writing --------------------------------------------------------------------------


def write(x):
    x[0] = 1.0  # here
    return x


def write_more(x):
    x[0] += 1.0  # here
    return x


def write_into_result(x):
    y = np.exp(x)
    y[x > 1] = 0  # here
    return y


@pytest.mark.parametrize("function", [write, write_more, write_into_result])
def test_writing_into_a_traced_array(function):
    text = refused(TraceError, function, x="N")
    assert "This line writes into a traced array" in text
    assert "Instead: build the array in one piece (np.where, np.concatenate" in text


def write_into_ordinary(x):
    z = np.zeros(3)
    z[0] = x[0]  # here
    return z


def add_to_ordinary(x):
    z = np.zeros(3)
    z += x  # here
    return z


def out_argument(x):
    z = np.zeros(3)
    np.add(x, 1, out=z)  # here
    return z


def sort_in_place(x):
    x.sort()  # here
    return x


@pytest.mark.parametrize(
    ("function", "instead"),
    [
        (write_into_ordinary, "np.stack rather than writing into np.zeros"),
        (add_to_ordinary, "write y = np.add(...)"),
        (out_argument, "write y = np.add(...)"),
        (sort_in_place, "write an expression that gives a new array"),
    ],
)
def test_writing_a_traced_value_somewhere(function, instead):
    assert instead in refused(TraceError, function, x="3")


# --- results --------------------------------------------------------------------------


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


# --- kinds of arrays ------------------------------------------------------------------


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


@pytest.mark.parametrize(
    "function", [complex_number, complex_array, object_array, a_string, a_none]
)
def test_a_constant_of_a_kind_without_derivatives(function):
    refused(DtypeError, function, x="2")


# --- arguments ------------------------------------------------------------------------


def two(x, w):  # here
    return x @ w


def test_a_name_that_is_not_an_argument():
    text = refused(UsageError, two, x="N L", w="L", v="L")
    assert "'v' is not an argument of two(x, w)" in text


def test_an_argument_without_a_shape():
    text = refused(UsageError, two, x="N L")
    assert "no shape is given for the argument 'w' of two(x, w)" in text
    assert "w='N M'" in text


@pytest.mark.parametrize("spec", ["N-1", "N,L;M", "2*H", "3.5", "-1"])
def test_a_shape_that_cannot_be_read(spec):
    with pytest.raises(ShapeError, match=r"x: .* is not a dimension; write a name"):
        derivo.derive(lambda x: x, x=spec)


@pytest.mark.parametrize("spec", [None, {"a": 1}], ids=["None", "dict"])
def test_a_spec_that_is_neither_shape_nor_array(spec):
    with pytest.raises(UsageError, match="x: .*neither a shape"):
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
        return {}["missing"]

    with pytest.raises(KeyError, match="missing"):
        derivo.derive(f, x="N")


def test_after_an_error_numpy_is_as_before():
    zeros, exp = np.zeros, math.exp
    with pytest.raises(TraceError):
        derivo.derive(branch, x="N")
    assert np.zeros is zeros
    assert math.exp is exp
