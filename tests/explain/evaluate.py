"""An evaluator of formula trees that shares no code with the package's engines."""

import math

import numpy as np

from derivo.explain.formula import tree as f

FUNCTIONS = {
    "add": np.add, "sub": np.subtract, "mul": np.multiply, "div": np.divide,
    "neg": np.negative, "exp": np.exp, "log": np.log, "sqrt": np.sqrt, "sin": np.sin,
    "cos": np.cos, "tanh": np.tanh, "abs": np.abs, "sign": np.sign, "log1p": np.log1p,
    "square": lambda a: a * a, "reciprocal": lambda a: 1 / a, "power": np.power,
    "expm1": np.expm1, "maximum": np.maximum, "minimum": np.minimum, "where": np.where,
    "relu": lambda a: max(a, 0.0), "sigmoid": lambda a: 1 / (1 + math.exp(-a)),
    "softplus": lambda a: math.log1p(math.exp(a)), "greater": np.greater,
    "greater_equal": np.greater_equal, "less": np.less, "less_equal": np.less_equal,
    "equal": np.equal, "not_equal": np.not_equal, "logical_and": np.logical_and,
    "logical_or": np.logical_or, "logical_not": np.logical_not, "as_float": float,
    "erf": math.erf, "clip": lambda x, a, b: min(max(x, a), b),
    "logaddexp": np.logaddexp, "hypot": np.hypot, "arctan": np.arctan, "cosh": np.cosh,
    "sinh": np.sinh, "log2": np.log2, "log10": np.log10, "exp2": np.exp2,
}  # fmt: skip


class Unknown(Exception):
    """A part of a formula that this evaluator has no meaning for."""


def evaluate(formula, values, sizes, indices=None):
    """Give the value of a formula.

    `values` holds arrays by symbol; `indices` what the running indices stand for,
    counted from 1.
    """
    at = indices or {}

    def go(x, at):
        match x:
            case f.Number(value):
                return value
            case f.Size(dim):
                return eval(str(dim), {}, dict(sizes))
            case f.Index(name):
                return at[name]
            case f.Symbol():
                if x not in values:
                    raise Unknown(x)
                return values[x]
            case f.Entry(base, places):
                array = np.asarray(go(base, at))
                array = array.reshape([d for d in array.shape if d != 1])
                where = tuple(int(go(i, at)) - 1 for i in places)
                if array.ndim != len(where):
                    raise Unknown(x)
                return array[where]
            case f.Plus(terms):
                return sum(go(t, at) for t in terms)
            case f.Minus(body):
                return -go(body, at)
            case f.Times(factors):
                return math.prod(go(p, at) for p in factors)
            case f.Quotient(a, b):
                return go(a, at) / go(b, at)
            case f.Power(a, b):
                return go(a, at) ** go(b, at)
            case f.Sum(index, size, body):
                last = int(go(size, at))
                return sum(go(body, {**at, index.name: k}) for k in range(1, last + 1))
            case f.Delta(a, b):
                return float(go(a, at) == go(b, at))
            case f.Mark(body) | f.Under(body):
                return go(body, at)
            case f.Call(op, args) if op.name in FUNCTIONS:
                parts = [go(a, at) for a in args]
                if any(np.ndim(p) for p in parts):
                    raise Unknown(x)
                return FUNCTIONS[op.name](*parts)
            case _:
                raise Unknown(x)

    return go(formula, at)
