"""Plain NumPy on traced values gives what it gives on arrays."""

import math

import numpy as np
import pytest

import derivo

RNG = np.random.default_rng(0)
X = RNG.uniform(0.5, 2, (5, 3))
Y = RNG.uniform(0.5, 2, (5, 3))
W = RNG.normal(size=(3, 4))

TWO = {
    "add": lambda x, y: x + y,
    "subtract": lambda x, y: x - y,
    "multiply": lambda x, y: x * y,
    "divide": lambda x, y: x / y,
    "power": lambda x, y: x**y,
    "number first": lambda x, y: 2 - x + 3 * y - 1 / x + 2**y,
    "list first": lambda x, y: [1.0, 2.0, 3.0] * x + (1, 2, 3) / y,
    "array first": lambda x, y: np.ones(3) - x @ np.eye(3) * y,
    "NumPy number first": lambda x, y: np.float64(2) * x - np.int64(3) / y,
    "negate": lambda x, y: -x * +y,
    "absolute": lambda x, y: abs(x - y),
    "less": lambda x, y: np.where(x < y, x, y),
    "greater or equal": lambda x, y: np.where(x >= y, x, y) * (x > 1) * (y <= 1.5),
    "number less": lambda x, y: (1 < x) * y + x,  # noqa: SIM300
    "equal": lambda x, y: (x == x) * x + (x != y) * y,  # noqa: PLR0124
    "and or not": lambda x, y: np.where((x < 1) & (y > 1) | ~(x < 1.5), x, y),
    "logical functions": lambda x, y: np.where(
        np.logical_and(x < 1, np.logical_not(y > 1)), x, y
    ),
    "in place on a name": lambda x, y: accumulate(x, y),
    "float power": lambda x, y: np.float_power(x, 2) + np.power(y, 0.5),
    "functions": lambda x, y: np.exp(x) + np.log(y) * np.tanh(x) - np.sqrt(y),
    "two-argument functions": lambda x, y: np.maximum(x, y) - np.minimum(x, 1.0),
    "divmod by one": lambda x, y: np.add(x, np.subtract(y, 1)) + np.multiply(x, 2),
    "clip": lambda x, y: np.clip(x, 0.7, 1.5) + y.clip(1, None),
    "Python sum": lambda x, y: sum([x, y, x]),
    "Python max of lengths": lambda x, y: x * max(len((1, 2)), x.ndim) + y,
}


def accumulate(x, y):
    total = 0
    for part in (x, y, x * y):
        total += part
    total *= 2
    total -= x
    total /= y
    return total


@pytest.mark.parametrize("function", TWO.values(), ids=list(TWO))
def test_two_operands(function):
    d = derivo.derive(function, x="N 3", y="N 3")
    np.testing.assert_allclose(d(x=X, y=Y), function(X, Y), rtol=1e-13)


@pytest.mark.parametrize("function", TWO.values(), ids=list(TWO))
def test_two_operands_of_known_size(function):
    d = derivo.derive(function, x=X, y=Y)
    np.testing.assert_allclose(d(x=X, y=Y), function(X, Y), rtol=1e-13)


ONE = {
    "sum": lambda x: x.sum(),
    "sum axis": lambda x: x.sum(axis=0),
    "sum positional axis": lambda x: x.sum(1),
    "sum negative axis": lambda x: np.sum(x, axis=-1, keepdims=True),
    "sum tuple of axes": lambda x: np.sum(x, axis=(0, -1)),
    "sum positional": lambda x: np.sum(x, 0),
    "add.reduce": lambda x: np.add.reduce(x, axis=1),
    "mean": lambda x: x.mean(axis=1, keepdims=True) + np.mean(x, 0),
    "max min": lambda x: x.max(axis=0) - x.min(axis=1).sum() + np.amax(x),
    "var std": lambda x: x.var(axis=0) + np.std(x, axis=1, ddof=1).sum(),
    "prod": lambda x: x.prod(axis=0),
    "T": lambda x: x.T,
    "transpose": lambda x: x.transpose() + np.transpose(x, (1, 0)) + x.transpose(1, 0),
    "reshape": lambda x: x.reshape(-1) + x.reshape((15,)) + np.reshape(x, -1),
    "reshape by shape": lambda x: x.reshape(x.shape[1], x.shape[0]),
    "ravel": lambda x: x.ravel() * x.flatten() + np.ravel(x),
    "swapaxes": lambda x: x.swapaxes(0, 1) + np.moveaxis(x, 0, 1),
    "expand and squeeze": lambda x: np.squeeze(np.expand_dims(x, 1), axis=1) + x,
    "None": lambda x: x[:, None, :] + x[None],
    "integer index": lambda x: x[0] + x[-1],
    "slice": lambda x: x[1:, :2] + x[:-1, 1:],
    "ellipsis": lambda x: x[..., 0] + x[..., -1],
    "strided": lambda x: x[::2, ::-1],
    "list index": lambda x: x[[0, 2, 2]],
    "array index": lambda x: x[:, np.array([0, 2])],
    "copy astype": lambda x: x.copy() + x.astype(np.float64) + x.astype(float),
    "dot": lambda x: x.dot(W) + np.dot(x, W),
    "matmul": lambda x: np.matmul(x, W) + x @ W,
    "asarray": lambda x: np.asarray(x) * np.array(x) + np.ascontiguousarray(x),
    "math on a scalar": lambda x: math.exp(x.sum() / 10) + math.sqrt(x[0, 0]),
    "len": lambda x: x / len(x),
    "iterate": lambda x: sum(row * k for k, row in enumerate(x)),
    "unpack": lambda x: np.stack([*x]),
    "zip of rows": lambda x: sum(a @ b for a, b in zip(x, x[::-1], strict=True)),
    "where keyword": lambda x: np.where(x > 1, 0.0, x),
    "ones_like": lambda x: np.ones_like(x) * x + np.zeros_like(x) + np.full_like(x, 2),
    "broadcast_to": lambda x: np.broadcast_to(x[0], x.shape) * x,
    "var by hand": lambda x: ((x - x.mean(0)) ** 2).mean(axis=0) ** 0.5,
    "size": lambda x: x.sum() / x.size,
    "isinstance of ndim": lambda x: x if x.ndim == 2 else x[None],
    "shape comparison": lambda x: x if x.shape[0] == x.shape[0] else x[0],
    "shape tuple": lambda x: x.reshape(*x.shape, 1).reshape(x.shape),
}


@pytest.mark.parametrize("function", ONE.values(), ids=list(ONE))
def test_functions_and_methods_of_an_array(function):
    d = derivo.derive(function, x="5 3")
    np.testing.assert_allclose(d(x=X), function(X), rtol=1e-13)


@pytest.mark.parametrize(
    ("a", "b"),
    [
        ("L", "L"), ("N L", "L"), ("L", "L M"), ("N L", "L M"),
        ("K N L", "L M"), ("K N L", "K L M"), ("K N L", "L"), ("2 K N L", "K L M"),
        ("1 N L", "K L M"),
    ],
)  # fmt: skip
def test_matrix_products_of_every_rank(a, b):
    sizes = {"N": 5, "L": 3, "M": 4, "K": 6}
    draw = [
        RNG.normal(size=[sizes.get(d) or int(d) for d in s.split()]) for s in (a, b)
    ]
    d = derivo.derive(lambda a, b: a @ b, a=a, b=b)
    upstream = RNG.normal(size=np.shape(draw[0] @ draw[1]))
    np.testing.assert_allclose(d(a=draw[0], b=draw[1]), draw[0] @ draw[1], rtol=1e-13)
    g = d.gradients(
        upstream if upstream.ndim else float(upstream), a=draw[0], b=draw[1]
    )
    # The product is linear in each operand: <upstream, da @ b> = <g_a, da>.
    for name, moved in (("a", 0), ("b", 1)):
        direction = RNG.normal(size=draw[moved].shape)
        both = [direction, draw[1]] if moved == 0 else [draw[0], direction]
        expected = np.sum(upstream * (both[0] @ both[1]))
        np.testing.assert_allclose(np.sum(g[name] * direction), expected, rtol=1e-10)
