"""Values to try rules on: traced arguments, their arrays, and random expressions."""

from __future__ import annotations

from typing import Any

import numpy as np

from derivo.graph.builder import Builder
from derivo.graph.dim import evaluate
from derivo.graph.node import Node
from derivo.graph.spec import Spec
from derivo.ops.leaf import argument
from derivo.ops.reduce import mean, sum_
from derivo.ops.shape import broadcast_to, expand_dims, squeeze, sum_to, transpose
from derivo.run.reference import run_graph
from derivo.simplify.terms import NotAlgebraic, Terms
from derivo.trace.recorder import Recorder

SIZES = {"N": 4, "M": 3, "K": 2}
# Every rank; named, plain and unit sizes; a square one, where axes are easily mixed up.
SHAPES = (
    "",
    "N",
    "M",
    "N M",
    "M N",
    "N 1",
    "1 M",
    "N N",
    "3 N",
    "3",
    "K N M",
    "1",
    "N K 1",
)


class World:
    """A builder, arguments in it, and an array for each.

    Values are between 0.5 and 1.5, so that quotients and roots are harmless; those
    made with ``sign=True`` are negative in half of the places.
    """

    def __init__(self, seed: int = 0) -> None:
        self.builder = Builder()
        self.recorder = Recorder(self.builder)
        self.rng = np.random.default_rng(seed)
        self.values: dict[Node, Any] = {}

    def argument(self, shape: str, *, sign: bool = False, array: Any = None) -> Any:
        """Give a traced argument, with a random array or with this one."""
        spec = Spec(shape)
        name = f"a{len(self.values)}"
        node = self.builder.make(argument, (), {"name": name, "spec": spec})
        if array is None:
            array = self.rng.uniform(0.5, 1.5, [evaluate(d, SIZES) for d in spec.shape])
            if sign:
                array = array * self.rng.choice([-1, 1], array.shape)
        self.values[node] = np.asarray(array)
        return self.recorder.wrap(node)

    def run(self, value: Any) -> Any:
        """Run a node, or a traced value, by the reference engine."""
        node = value.node if hasattr(value, "node") else value
        result = run_graph([node], self.values, SIZES)[node]
        shape = tuple(evaluate(d, SIZES) for d in node.spec.shape)
        assert np.shape(result) == shape
        return np.asarray(result)


def terms(value: Any, *, exps: bool = False) -> Terms:
    """Give a traced value as the sum of one product of one factor."""
    return Terms.of(value.node, exps=exps)


def one_of(rng: Any, choices: Any) -> Any:
    return choices[int(rng.integers(len(choices)))]


class Expression:
    """A value in three forms: traced, as terms, and as the array it should be."""

    def __init__(self, traced: Any, algebra: Any, array: Any) -> None:
        self.traced = traced
        self.terms = algebra
        self.array = array

    @property
    def shape(self) -> tuple[Any, ...]:
        return self.traced.node.spec.shape


def random_expression(world: World, steps: int) -> Expression:
    """Make a random expression, every step done in all three forms."""
    rng = world.rng
    pool = []
    for _ in range(int(rng.integers(2, 5))):
        x = world.argument(one_of(rng, SHAPES), sign=bool(rng.integers(3) == 0))
        pool.append(Expression(x, terms(x), world.values[x.node]))
    last = pool[0]
    for _ in range(steps):
        a = last if rng.integers(3) else one_of(rng, pool)
        made = one_of(rng, STEPS)(rng, a, pool)
        if made is not None and np.abs(made.array).max() < 1e4:
            pool.append(made)
            last = made
    return last


def _fits(a: Expression, b: Expression) -> bool:
    pairs = zip(reversed(a.shape), reversed(b.shape), strict=False)
    return all(d == e or 1 in (d, e) for d, e in pairs)


def _binary(rng: Any, a: Expression, pool: list[Expression]) -> Expression | None:
    partners = [b for b in pool if _fits(a, b)]
    b = one_of(rng, partners)
    sign = one_of(rng, "++-**/")
    if sign == "+":
        return Expression(a.traced + b.traced, a.terms + b.terms, a.array + b.array)
    if sign == "-":
        return Expression(a.traced - b.traced, a.terms - b.terms, a.array - b.array)
    if sign == "*":
        return Expression(a.traced * b.traced, a.terms * b.terms, a.array * b.array)
    if np.abs(b.array).min() < 0.1:
        return None
    return Expression(a.traced / b.traced, a.terms / b.terms, a.array / b.array)


def _number(rng: Any, a: Expression, _pool: Any) -> Expression:
    c = one_of(rng, (2, -1, 0.5, 3, 0.1, -1.25, 1))
    if rng.integers(2):
        return Expression(a.traced * c, a.terms * c, a.array * c)
    return Expression(c - a.traced, c - a.terms, c - a.array)


def _power(rng: Any, a: Expression, _pool: Any) -> Expression | None:
    k = one_of(rng, (2, 3, -1, 0.5, -0.5, 1.5))
    if k not in (2, 3) and a.array.min() < 0.1:
        return None
    try:
        return Expression(a.traced**k, a.terms**k, a.array**k)
    except NotAlgebraic:
        return None  # a rest such as (2 x) ** 0.5, whose number has no root


def _reduce(rng: Any, a: Expression, _pool: Any) -> Expression | None:
    rank = len(a.shape)
    axes = [None, *range(-rank, rank), *([(0, rank - 1)] if rank > 1 else [])]
    axis, keep = one_of(rng, axes), bool(rng.integers(2))
    if rng.integers(2):
        return Expression(
            sum_(a.traced, axis=axis, keepdims=keep), a.terms.sum(axis, keep),
            a.array.sum(axis=axis, keepdims=keep),
        )  # fmt: skip
    return Expression(
        mean(a.traced, axis=axis, keepdims=keep), a.terms.mean(axis, keep),
        a.array.mean(axis=axis, keepdims=keep),
    )  # fmt: skip


def _turn(rng: Any, a: Expression, _pool: Any) -> Expression | None:
    if len(a.shape) < 2:
        return None
    axes = tuple(int(k) for k in rng.permutation(len(a.shape)))
    return Expression(
        transpose(a.traced, axes=axes), a.terms.transpose(axes), a.array.transpose(axes)
    )


def _add_axis(rng: Any, a: Expression, _pool: Any) -> Expression | None:
    rank = len(a.shape)
    if rank > 2:
        return None
    axis = int(rng.integers(-rank - 1, rank + 1))
    return Expression(
        expand_dims(a.traced, axis=axis), a.terms.expand_dims(axis),
        np.expand_dims(a.array, axis),
    )  # fmt: skip


def _drop_axis(rng: Any, a: Expression, _pool: Any) -> Expression | None:
    ones = [k for k, d in enumerate(a.shape) if d == 1]
    if not ones:
        return None
    axis = one_of(rng, ones)
    return Expression(
        squeeze(a.traced, axis=axis), a.terms.squeeze(axis), a.array.squeeze(axis)
    )


def _copy(rng: Any, a: Expression, _pool: Any) -> Expression | None:
    shape = a.shape
    if len(shape) > 2:
        return None
    named = Spec("N").shape + Spec("M").shape
    wide = tuple(one_of(rng, named) if d == 1 else d for d in shape)
    if rng.integers(2):
        wide = (named[0], *wide)
    concrete = tuple(evaluate(d, SIZES) for d in wide)
    return Expression(
        broadcast_to(a.traced, shape=wide), a.terms.broadcast_to(wide),
        np.broadcast_to(a.array, concrete),
    )  # fmt: skip


def _uncopy(rng: Any, a: Expression, _pool: Any) -> Expression | None:
    if not a.shape:
        return None
    narrow = tuple(1 if rng.integers(2) else d for d in a.shape)
    cut = int(rng.integers(len(narrow))) if rng.integers(2) else 0
    narrow = narrow[cut:]
    axes = tuple(range(cut)) + tuple(
        k + cut for k, d in enumerate(narrow) if d == 1 and a.shape[k + cut] != 1
    )
    array = a.array.sum(axis=axes, keepdims=True).reshape(
        [evaluate(d, SIZES) for d in narrow]
    )
    return Expression(sum_to(a.traced, shape=narrow), a.terms.sum_to(narrow), array)


STEPS = (
    _binary, _binary, _binary, _binary, _number, _power, _reduce, _reduce, _turn,
    _add_axis, _drop_axis, _copy, _uncopy,
)  # fmt: skip
