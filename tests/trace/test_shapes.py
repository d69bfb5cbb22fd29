"""One derivation serves every size: sizes are traced too."""

import math
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

import derivo
from derivo.graph.dim import symbol

CASES = {
    "divide by a size": lambda x: x.sum() / x.shape[0],
    "divide by a product of sizes": lambda x: x.sum() / (x.shape[0] * x.shape[1]),
    "divide by size - 1": lambda x: x.sum(axis=0) / (x.shape[0] - 1),
    "size as a factor": lambda x: x * x.shape[1] + x.shape[0],
    "size minus": lambda x: 1 - x * (10 - x.shape[0]),
    "size to a power": lambda x: x / x.shape[0] ** 0.5 + x * x.shape[1] ** 2,
    "math.sqrt of a size": lambda x: x / math.sqrt(x.shape[-1]),
    "np.sqrt of a size": lambda x: x / np.sqrt(x.shape[-1]),
    "math.log of a size": lambda x: x * math.log(x.shape[0]),
    "float of size": lambda x: x / x.size,
    "zeros": lambda x: np.zeros((x.shape[0], 3)) + x[:, :1],
    "ones and a product": lambda x: np.ones((2, x.shape[0])) @ x,
    "full": lambda x: np.full(x.shape, 2.0) * x,
    "zeros of one size": lambda x: np.zeros(x.shape[0])[:, None] + x,
    "arange": lambda x: np.arange(x.shape[0])[:, None] * x,
    "arange from 0": lambda x: np.arange(0, x.shape[1]) * x,
    "eye": lambda x: np.eye(x.shape[0]) @ x + x @ np.identity(x.shape[1]),
    "pairs": lambda x: (x @ x.T)[np.triu_indices(x.shape[0], k=1)],
    "pairs, each with itself": lambda x: (x.T @ x)[np.tril_indices(x.shape[1])],
    "pairs below": lambda x: np.subtract(
        *x[:, 0][np.array(np.tril_indices(len(x), -1))]
    ),
    "pairs of an array": lambda x: (x @ x.T)[np.triu_indices_from(x @ x.T)],
    "the diagonal": lambda x: (x @ x.T)[np.diag_indices(x.shape[0])],
    "reshape to one axis": lambda x: x.reshape(x.shape[0] * x.shape[1]),
    "reshape with -1": lambda x: x.reshape(-1, x.shape[1], 1).sum(axis=0),
    "slice to a half": lambda x: x[: x.shape[0] // 2] * 2,
    "last rows": lambda x: x[-2:] + x[:2],
    "shape unpacked": lambda x: unpacked(x),
    "sizes compared": lambda x: x if x.shape == x.shape else x[0],
    "broadcast_to": lambda x: np.broadcast_to(x.sum(axis=0), x.shape) * x,
}


def unpacked(x):
    n, m = x.shape
    return x.T.reshape(m, n) / (n * m)


@pytest.mark.parametrize("function", CASES.values(), ids=list(CASES))
def test_one_derivation_serves_every_size(function):
    d = derivo.derive(function, x="N M")
    for shape in ((4, 3), (6, 2), (2, 5)):
        x = np.random.default_rng(0).normal(size=shape)
        expected = function(x)
        np.testing.assert_allclose(d(x=x), expected, rtol=1e-13)
        upstream = np.random.default_rng(1).normal(size=np.shape(expected))
        v = np.random.default_rng(2).normal(size=shape)
        g = d.gradients(upstream if upstream.ndim else float(upstream), x=x)["x"]
        # Every function above is linear or affine in x, so this difference is exact,
        # but for those that multiply x with itself: there it is to second order.
        slope = np.sum(upstream * (function(x + 1e-4 * v) - function(x - 1e-4 * v)))
        np.testing.assert_allclose(np.sum(g * v), slope / 2e-4, rtol=1e-7, atol=1e-8)


@pytest.mark.parametrize("function", CASES.values(), ids=list(CASES))
def test_float32_stays_float32(function):
    d = derivo.derive(function, x="N M")
    x = np.ones((4, 3), np.float32)
    value, gradients = d.value_and_gradients(x=x)
    assert value.dtype == np.float32
    assert gradients["x"].dtype == np.float32


HALVES = [
    lambda x: x[x.shape[0] // 2 :] * x[: x.shape[0] // 2],
    lambda x: x[::2] * 2 + x[1::2],
    lambda x: x.reshape(2, x.shape[0] // 2, x.shape[1]).sum(axis=0),
]


@pytest.mark.parametrize("function", HALVES, ids=["slice", "step", "reshape"])
def test_halves_fit_where_the_axis_is_even(function):
    x = np.random.default_rng(0).normal(size=(6, 3))
    np.testing.assert_allclose(derivo.derive(function, x="6 M")(x=x), function(x))
    d = derivo.derive(function, x="N M")
    assert [str(t) for t in d.graph.ties] == ["N = 2*N_2"]
    assert "# For sizes with N = 2*N_2." in d.source
    np.testing.assert_allclose(d(x=x), function(x))
    assert d.check().ok
    with pytest.raises(derivo.errors.ShapeError, match=r"axis 0 .* 2\*N_2, and has 7"):
        d(x=np.ones((7, 3)))


def test_sizes_are_written_as_python_writes_them():
    n, m = symbol("N"), symbol("M")
    texts = {
        "N//2": n // 2,
        "(N + 1)//2": (n + 1) // 2,
        "2*(N//2)": 2 * (n // 2),
        "N - N//2": n - n // 2,
        "N//(M - 1)": n // (m - 1),
        "2*N": (4 * n) // 2,
    }
    assert {text: str(dim) for text, dim in texts.items()} == {t: t for t in texts}


def test_two_names_that_are_given_the_same_size():
    d = derivo.derive(lambda a, b: a @ b, a="N M", b="M K")
    square = np.eye(3)
    np.testing.assert_array_equal(d(a=square, b=square), square)


def test_an_empty_batch_has_a_zero_gradient_for_the_weights():
    d = derivo.derive(lambda x, w: x @ w, x="N L", w="L M")
    g = d.gradients(x=np.zeros((0, 3)), w=np.ones((3, 2)))
    np.testing.assert_array_equal(g["w"], np.zeros((3, 2)))


def test_specs_from_arrays_numbers_and_spec_objects():
    def f(x, w, b):
        return x @ w + b

    d = derivo.derive(f, x=np.ones((2, 3)), w=derivo.Spec("3 4", "float32"), b=1.5)
    assert d(x=np.ones((2, 3)), w=np.ones((3, 4)), b=1.0).shape == (2, 4)


def test_len_and_range_of_a_named_axis():
    def f(x, table):
        return x * len(x) + table[range(len(x))] / len(table)

    d = derivo.derive(f, x="N", table="K")
    x, table = np.array([1.0, -2.0]), np.array([3.0, 5.0, 7.0])
    np.testing.assert_array_equal(d(x=x, table=table), f(x, table))
    gradients = d.gradients(x=x, table=table)
    np.testing.assert_array_equal(gradients["x"], [2, 2])
    np.testing.assert_allclose(gradients["table"], [1 / 3, 1 / 3, 0])


OF_NOTHING: dict[str, Callable[..., Any]] = {
    "the last column": lambda x: x[:, -1:] * 2,
    "the first row, and a new axis": lambda x: x[:1, :, None],
    "the sum of the last row": lambda x: np.sum(x[-1:]) * x,
    "products of rows": lambda x: np.prod(x, axis=1),
    "a product of all": lambda x: np.prod(x),
    "softmax": lambda x: np.exp(x) / np.sum(np.exp(x), axis=1, keepdims=True),
    "a sum of all, taken off": lambda x: np.maximum(x - np.sum(x), 0),
    "a row of all": lambda x: x.reshape(-1) * 2,
    "logsumexp": lambda x: np.log(np.sum(np.exp(x), axis=0, keepdims=True)) * x,
}


@pytest.mark.parametrize("name", OF_NOTHING)
@pytest.mark.parametrize("shape", [(0, 3), (3, 0), (0, 0)])
def test_of_an_empty_array_comes_what_numpy_gives(
    name: str, shape: tuple[int, int]
) -> None:
    f = OF_NOTHING[name]
    d = derivo.derive(f, x="N M")
    x = np.zeros(shape)
    with np.errstate(all="ignore"):
        expected = f(x)
        value, gradients = d.value_and_gradients(np.ones_like(expected), x=x)
    np.testing.assert_array_equal(value, expected, strict=False)
    assert value.shape == expected.shape
    assert gradients["x"].shape == shape


def test_a_choice_between_equal_values_has_the_shape_of_its_mask():
    def f(x, s):
        return np.where(s > 0, x, x) * 2

    d = derivo.derive(f, x="", s="M", wrt="x")
    s = np.array([1.0, -1.0, 2.0])
    np.testing.assert_array_equal(d(x=1.5, s=s), [3, 3, 3])
    assert d.gradients(x=1.5, s=s)["x"] == 6
