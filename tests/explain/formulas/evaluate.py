"""An evaluator of formulas that shares no code with what writes them.

Every index gets an axis of its own, so an entry, a sum over an index or a Kronecker
delta is computed for all indices at once, by NumPy's own broadcasting.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from derivo.explain.formula import tree as t
from derivo.graph.dim import evaluate as dim_value
from derivo.run.reference import concrete

AXES = 12  # indices that may be in use at the same time


class NotANumberError(Exception):
    """Says that a formula holds words or signs that have no value."""


def _softmax(z: Any, axis: Any) -> Any:
    e = np.exp(z - np.max(z, axis=axis, keepdims=True))
    return e / e.sum(axis=axis, keepdims=True)


def _elementwise() -> dict[str, Callable[..., Any]]:
    erf = np.vectorize(math.erf, otypes=[float])
    digits = math.log(2), math.log(10)
    return {
        "add": lambda a, b: a + b, "sub": lambda a, b: a - b,
        "mul": lambda a, b: a * b, "div": lambda a, b: a / b,
        "neg": lambda a: -a, "power": lambda a, b: np.power(a, b),
        "square": lambda a: a * a, "reciprocal": lambda a: 1 / a,
        "exp": np.exp, "log": np.log, "sqrt": np.sqrt, "tanh": np.tanh,
        "sin": np.sin, "cos": np.cos, "sinh": np.sinh, "cosh": np.cosh, "abs": np.abs, "sign": np.sign,
        "expm1": lambda a: np.exp(a) - 1, "log1p": lambda a: np.log(1 + a),
        "log2": lambda a: np.log(a) / digits[0],
        "sigmoid": lambda a: 0.5 * (1 + np.tanh(a / 2)),
        "softplus": lambda a: np.log(1 + np.exp(a)),
        "relu": lambda a: np.where(a > 0, a, 0.0),
        "maximum": lambda a, b: np.where(a >= b, a, b),
        "minimum": lambda a, b: np.where(a <= b, a, b),
        "logaddexp": lambda a, b: np.log(np.exp(a) + np.exp(b)),
        "erf": erf, "erfc": lambda a: 1 - erf(a),
        "greater": lambda a, b: a > b, "less": lambda a, b: a < b,
        "greater_equal": lambda a, b: a >= b, "less_equal": lambda a, b: a <= b,
        "equal": lambda a, b: a == b, "not_equal": lambda a, b: a != b,
        "logical_not": np.logical_not, "logical_and": np.logical_and,
        "logical_or": np.logical_or, "where": np.where,
        "as_float": lambda a: np.asarray(a, dtype=float),
    }  # fmt: skip


ELEMENTWISE = _elementwise()
WHOLE: dict[str, Callable[..., Any]] = {
    "sum": lambda x, axis, keepdims: np.sum(x, axis=axis, keepdims=keepdims),
    "mean": lambda x, axis, keepdims: np.mean(x, axis=axis, keepdims=keepdims),
    "max": lambda x, axis, keepdims: np.max(x, axis=axis, keepdims=keepdims),
    "matmul": lambda a, b: np.matmul(a, b),
    "transpose": lambda x, axes: np.transpose(x, axes),
    "softmax": _softmax,
    "logsumexp": lambda x, axis, keepdims: np.log(
        np.sum(np.exp(x), axis=axis, keepdims=keepdims)
    ),
}


def wide(array: Any) -> Any:
    """Give an array with a range in which e to the power of 1000 does not overflow."""
    a = np.asarray(array)
    return a.astype(np.longdouble) if a.dtype.kind == "f" else a


@dataclass
class Evaluator:
    """Values of formulas.

    Attributes
    ----------
    values
        Arrays by the name of the symbol and whether it is an adjoint.
    sizes
        What the named sizes are.
    own
        Operations that only the package itself could compute, and that therefore have
        no independent value here.
    """

    values: Mapping[tuple[str, bool], Any]
    sizes: Mapping[str, int]
    place: dict[str, int] = field(default_factory=dict)
    length: dict[str, int] = field(default_factory=dict)
    own: set[str] = field(default_factory=set)

    def array(self, formula: t.Formula) -> Any:
        """Give the value of a formula that has no index of its own."""
        held = self.place, self.length
        self.place, self.length = {}, {}
        result = np.asarray(self.value(formula, inside=False))
        self.place, self.length = held
        return result

    def entry(
        self, formula: t.Formula, indices: tuple[t.Formula, ...], shape: tuple[int, ...]
    ) -> Any:
        """Give the value of a formula for all values of its free indices."""
        names = [i.name for i in indices if isinstance(i, t.Index)]
        assert len(set(names)) == len(names) == len(shape), (names, shape)
        self.place = {n: k for k, n in enumerate(names)}
        self.length = dict(zip(names, shape, strict=True))
        result = np.asarray(self.value(formula, inside=True))
        self.place, self.length = {}, {}
        flat = result.reshape(result.shape[: len(shape)]) if result.ndim else result
        return np.broadcast_to(flat, shape)

    # --- one formula after the other ----------------------------------------------------

    def value(self, f: t.Formula, *, inside: bool) -> Any:
        """Give the value; `inside` says that only numbers and entries may occur."""
        simple = self.simple(f, inside=inside)
        if simple is not None:
            return simple
        match f:
            case t.Entry(base, indices):
                return self.at(base, indices)
            case t.Call():
                return self.call(f, inside=inside)
            case t.Sum(index, size, body):
                return self.summed(index, size, body)
            case t.Delta(left, right):
                return (self.index(left) == self.index(right)).astype(float)
            case t.MatrixProduct(factors):
                assert not inside
                parts = [self.value(p, inside=False) for p in factors]
                result = parts[0]
                for part in parts[1:]:
                    result = result @ part
                return result
            case t.Transposed(body):
                assert not inside
                return np.swapaxes(self.value(body, inside=False), -1, -2)
            case t.Matrix(rows):
                return np.array(
                    [[self.value(x, inside=inside)[()] for x in r] for r in rows]
                )
            case t.Prime(op, arg):
                return self.prime(op.name, self.value(arg, inside=inside))
            case _:
                raise NotANumberError(type(f).__name__)

    def simple(self, f: t.Formula, *, inside: bool) -> Any:
        """Give the value of names, numbers and arithmetic; None for all else."""
        match f:
            case t.Symbol(name, _, adjoint):
                name += f.high  # a part of an adjoint is another value than the whole
                if (name, adjoint) not in self.values:
                    raise NotANumberError(name)
                array = wide(self.values[name, adjoint])
                if not inside:
                    return array
                assert array.size == 1, f"{name} without indices among entries"
                return array.reshape(())
            case t.Number(value):
                return np.asarray(value)
            case t.Size(dim):
                return np.asarray(float(dim_value(dim, self.sizes)))
            case t.Plus(terms):
                return sum(self.value(x, inside=inside) for x in terms)
            case t.Minus(body):
                return -1.0 * self.value(body, inside=inside)
            case t.Times(factors):
                result = np.asarray(1.0)
                for x in factors:
                    result = result * self.value(x, inside=inside)
                return result
            case t.Quotient(over, under):
                return self.value(over, inside=inside) / self.value(
                    under, inside=inside
                )
            case t.Power(base, exponent):
                b = self.value(base, inside=inside)
                return np.asarray(b) ** self.value(exponent, inside=inside)
            case t.Under(body) | t.Mark(body) | t.Blank(body):
                return self.value(body, inside=inside)
            case _:
                return None

    # --- indices ------------------------------------------------------------------------

    def index(self, f: t.Formula) -> Any:
        """Give all values of an index along its axis, counted from 0."""
        return self.position(f) - 1

    def position(self, f: t.Formula) -> Any:
        """Give the same, counted from 1 as in formulas."""
        match f:
            case t.Number(value):
                return np.asarray(int(value))
            case t.Size(dim):
                return np.asarray(dim_value(dim, self.sizes))
            case t.Plus(terms):
                return sum(self.position(x) for x in terms)
            case t.Minus(body):
                return -self.position(body)
            case t.Times((factor, counted)):
                return self.position(factor) * self.position(counted)
            case _:
                pass
        assert isinstance(f, t.Index), f
        assert f.name in self.place, f"the index {f.name} is not bound"
        shape = [1] * AXES
        shape[self.place[f.name]] = self.length[f.name]
        return np.arange(self.length[f.name]).reshape(shape) + 1

    def at(self, base: t.Formula, indices: tuple[t.Formula, ...]) -> Any:
        array = self.array(base)
        # An axis of size 1 has no index.
        array = array.reshape([n for n in array.shape if n != 1])
        assert array.ndim == len(indices), f"{array.ndim} axes, {len(indices)} indices"
        at = tuple(self.index(i) for i in indices)
        for i, n, places in zip(indices, array.shape, at, strict=True):
            assert places.min() >= 0, f"{i} begins before the first entry"
            assert places.max() < n, f"{i} goes beyond the last entry"
            if isinstance(i, t.Index):
                # A part that begins with the first entry has the index of the whole.
                assert self.length[i.name] <= n, f"{i.name} counts another axis"
        return array[at]

    def summed(self, index: t.Index, size: t.Formula, body: t.Formula) -> Any:
        assert index.name not in self.place, f"{index.name} is in use already"
        free = next(k for k in reversed(range(AXES)) if k not in self.place.values())
        self.place[index.name] = free
        self.length[index.name] = int(self.value(size, inside=True))
        inner = np.asarray(self.value(body, inside=True))
        long = np.broadcast_to(
            inner.reshape((1,) * (AXES - inner.ndim) + inner.shape),
            np.broadcast_shapes((1,) * AXES, inner.shape, self.index(index).shape),
        )
        del self.place[index.name], self.length[index.name]
        return long.sum(axis=free, keepdims=True)

    # --- operations ---------------------------------------------------------------------

    def call(self, f: t.Call, *, inside: bool) -> Any:
        name = f.op.name
        if inside and "elementwise" not in f.op.traits:
            whole = self.array(f)
            assert whole.size == 1, f"{name} has entries, and no indices"
            return whole.reshape(())
        args = [self.value(a, inside=inside) for a in f.args]
        if not inside and f.specs:
            args = [self.fit(a, s.shape) for a, s in zip(args, f.specs, strict=True)]
        attrs = {
            k: concrete(v, self.sizes) for k, v in {**f.op.attrs, **f.attrs}.items()
        }
        if name in ELEMENTWISE:
            return ELEMENTWISE[name](*args)
        if name in WHOLE:
            return WHOLE[name](*args, **attrs)
        is_call = name in {"called", "called_back"}
        if not f.op.numpy and f.op.lower is None and not is_call:
            raise NotANumberError(name)
        self.own.add(name)
        # A 0 that stands for an array of floats is one.
        floats = [s.kind == "float" for s in f.specs] or [False] * len(args)
        plain = [
            np.asarray(a, float) if is_float or a.dtype.kind == "f" else a
            for a, is_float in zip(args, floats, strict=True)
        ]
        return f.op.compute(*plain, **attrs)

    def fit(self, array: Any, shape: tuple[Any, ...]) -> Any:
        """Put back the axes that formulas leave out: of size 1, and copies."""
        return self.fit_to(array, tuple(dim_value(d, self.sizes) for d in shape))

    def fit_to(self, array: Any, wanted: tuple[int, ...]) -> Any:
        """Do the same for a shape in numbers."""
        array = np.asarray(array)
        if array.shape == wanted:
            return array
        if array.size == math.prod(wanted):
            return array.reshape(wanted)
        # Which axes the array has, the last ones first; it is copied along the others.
        left, kept = [n for n in array.shape if n != 1], []
        for n in reversed(wanted):
            kept.append(left.pop() if left and left[-1] == n else 1)
        assert not left, f"{array.shape} does not fit {wanted}"
        return np.broadcast_to(array.reshape(kept[::-1]), wanted)

    def prime(self, name: str, x: Any) -> Any:
        """Give the derivative of a function by differences of high order."""
        f, h = ELEMENTWISE[name], 1e-3
        near = (f(x + h) - f(x - h)) / (2 * h)
        far = (f(x + 2 * h) - f(x - 2 * h)) / (4 * h)
        further = (f(x + 3 * h) - f(x - 3 * h)) / (6 * h)
        return (15 * near - 6 * far + further) / 10
