"""Choosing rather than multiplying by a mask: 0 times infinity is no number.

Where a branch is not taken, or a kink cuts a function off, its adjoint is 0; but what
that is multiplied by on its way back may be infinite there. ``mask * f`` becomes
``np.where(mask, f, 0)``, and a choice between an adjoint and 0 is made after such a
factor, not before it. Where all factors are finite, nothing changes.
"""

from __future__ import annotations

import itertools
from collections.abc import Callable, Iterable
from dataclasses import dataclass, replace

import numpy as np

from derivo.graph.builder import Builder, Constant
from derivo.graph.node import Node, between
from derivo.graph.op import Op
from derivo.ops.arithmetic import (
    add,
    div,
    log,
    logical_and,
    logical_not,
    logical_or,
    mul,
    neg,
    power,
    reciprocal,
    square,
    sub,
)
from derivo.ops.catalogue import CATALOGUE
from derivo.ops.composite import sigmoid
from derivo.ops.elementwise import abs_, cosh, exp, sign, sinh, sqrt, tanh, where
from derivo.ops.infer import normal_axis
from derivo.ops.leaf import as_float, constant, fill
from derivo.ops.linalg import matmul
from derivo.ops.reduce import max_, mean, min_, sum_
from derivo.ops.shape import expand_dims, squeeze
from derivo.ops.tidy import less_its_own
from derivo.simplify.polish import Tidy, is_zero

# --- beside zero ----------------------------------------------------------------------
#
# Roots of sums of squares: they have no derivative at 0, and 0 is the subgradient.
#
# By the chain rule it comes to ``x / norm``, which is 0/0 there. Dividing by
# ``np.where(norm == 0, 1, norm)`` gives 0, for what is divided comes from squares of
# zeros. Where the forward pass divides by the root itself, nothing is to be saved.

LOGARITHMS = (log, CATALOGUE["log2"], CATALOGUE["log10"])


class BesideZero:
    """Divides by 1 where a root is 0.

    Attributes
    ----------
    divided
        What the forward pass divides by or takes the logarithm of, with all factors of
        it: where that is 0, the function is infinite itself.
    """

    def __init__(self, builder: Builder, known: Iterable[Node]) -> None:
        self.builder = builder
        self.divided = {
            base
            for n in known
            for below in (*divisors(n), *(n.inputs if n.op in LOGARITHMS else ()))
            for base in bases(below)
        }

    def __call__(self, node: Node) -> Node:
        """Give a quotient with a divisor that is not 0; other nodes as they are."""
        for below in divisors(node):
            safe = self._away_from_zero(below)
            if safe is not below:
                inputs = tuple(safe if i is below else i for i in node.inputs)
                return self.builder.make(node.op, inputs, dict(node.attrs), node.line)
        return node

    def _away_from_zero(self, node: Node) -> Node:
        if bases(node) & self.divided:
            return node
        parts = () if is_norm(node) else _factors(node)
        inputs = tuple(
            self._away_from_zero(i) if i in parts else i for i in node.inputs
        )
        if inputs != node.inputs:
            return self.builder.remake(node, inputs)
        if not is_norm(node) and not is_sum_of_squares(node):
            return node
        zero, one = (self.builder.make(constant, (), {"value": v}) for v in (0, 1))
        vanishes = self.builder.make(CATALOGUE["equal"], (node, zero))
        return self.builder.make(where, (vanishes, one, node))


def root_beside_zero(node: Node) -> Node | None:
    """Give y for ``np.where(y == 0, 1, y)``."""
    if node.op is not where:
        return None
    vanishes, one, y = node.inputs
    is_one = one.attrs.get("value") == 1 and not one.inputs
    return y if is_one and vanishes.inputs[:1] == (y,) else None


def divisors(node: Node) -> tuple[Node, ...]:
    """Give what a value is divided by in a node."""
    if node.op is div:
        return node.inputs[1:]
    negative = node.op is power and (_exponent(node) or 0) < 0
    return node.inputs[:1] if negative or node.op is reciprocal else ()


def _factors(node: Node) -> tuple[Node, ...]:
    if node.op in (mul, neg, sqrt, square) or "view" in node.op.traits:
        return node.inputs
    return node.inputs[:1] if node.op is power else ()


def bases(node: Node) -> set[Node]:
    """Give a value and all factors that it is made of."""
    found, stack = {node}, [node]
    while stack:
        factors = set(_factors(stack.pop())) - found
        found |= factors
        stack += factors
    return found


def is_norm(node: Node) -> bool:
    """Tell whether a value is a root of a sum of squares, or of higher powers."""
    exponent = _exponent(node)
    is_root = exponent is not None and 0 < exponent < 1
    return is_root and is_sum_of_squares(node.inputs[0])


def is_sum_of_squares(node: Node) -> bool:
    """Tell whether a value is 0 only where all that it is made of is 0, and flat there.

    Such as a variance, or a sum of cubes of absolute values.
    """
    if node.op in (sum_, mean, add) or "view" in node.op.traits:
        return all(map(is_sum_of_squares, node.inputs))
    if node.op is div:
        return is_sum_of_squares(node.inputs[0]) and _is_scale(node.inputs[1])
    if node.op is mul:
        a, b = node.inputs
        scaled = (_is_scale(x) and is_sum_of_squares(y) for x, y in ((a, b), (b, a)))
        return a is b or any(scaled)
    if node.op is matmul:
        a, b = node.inputs
        return a is b and a.spec.rank == 1
    exponent = _exponent(node) or 0
    return exponent > 1 and (exponent % 2 == 0 or node.inputs[0].op is abs_)


def _is_scale(node: Node) -> bool:
    value = node.attrs.get("value")
    return "dim" in node.attrs or (isinstance(value, int | float) and value > 0)


def _exponent(node: Node) -> float | None:
    """Give the number to which a power is raised; that of a root is one half."""
    if node.op is power:
        return _number(node.inputs[1])
    return {sqrt: 0.5, square: 2.0}.get(node.op)


def _number(node: Node) -> float | None:
    """Give the number that a value is, such as ``1/3 - 1``."""
    if node.op is constant and not node.spec.rank:
        return float(node.attrs["value"])
    values = [_number(i) for i in node.inputs]
    if not values or None in values or "elementwise" not in node.op.traits:
        return None
    return float(node.op.compute(*np.array(values, float), **node.attrs))


# --- bounds ---------------------------------------------------------------------------
#
# Between which numbers a value lies, and whether it may be infinite or not a number.
#
# Arguments are taken to be finite. What an operation makes of its operands is tried
# at the ends of their ranges, by the operation's own text, and not known from a list.

# As large as a value gets that nobody would call special.
LARGE = 1e3


@dataclass(frozen=True)
class Range:
    """The smallest and the largest number that a value may be.

    Attributes
    ----------
    low, high
        Perhaps infinite.
    may_be_nan
        Whether it may be no number.
    """

    low: float
    high: float
    may_be_nan: bool = False

    @property
    def is_finite(self) -> bool:
        """Whether the value is a finite number, whatever the arguments are."""
        return not self.may_be_nan and bool(np.isfinite([self.low, self.high]).all())

    @property
    def has_zero(self) -> bool:
        """Whether the value may be 0."""
        return self.low <= 0 <= self.high

    def samples(self) -> tuple[float, ...]:
        """Give numbers that stand for all of the range."""
        inside = [v for v in (-1.0, 0.0, 1.0) if self.low < v < self.high]
        return tuple(dict.fromkeys((self.low, *inside, self.high)))


ANY = Range(-LARGE, LARGE)


class Bounds:
    """Knows the ranges of values."""

    def __init__(self) -> None:
        self.known: dict[Node, Range] = {}

    def __call__(self, node: Node) -> Range:
        """Give the range of a value."""
        stack = [node]
        while stack:
            n = stack[-1]
            waiting = [i for i in n.inputs if i not in self.known]
            if n in self.known or not waiting:
                self.known.setdefault(n, self._of(n))
                stack.pop()
            else:
                stack += waiting
        return self.known[node]

    def _of(self, node: Node) -> Range:
        if not node.inputs:
            return _of_leaf(node)
        inputs = [self.known[i] for i in node.inputs]
        nan = any(r.may_be_nan for r in inputs)
        if less_its_own(node, "max"):
            return Range(-2 * LARGE, 0.0, nan)
        if "elementwise" in node.op.traits and node.op.lower is None:
            return self._tried(node)
        if "view" in node.op.traits or node.op in (max_, min_, mean, sum_):
            return inputs[0]  # a sum is no more than some such numbers
        if node.op.lower is None and not all(r.is_finite for r in inputs):
            return Range(-np.inf, np.inf, nan)
        # What has a name is spelled so that it does not overflow.
        return Range(0.0, LARGE) if "positive" in node.op.traits else ANY

    def _tried(self, node: Node) -> Range:
        """Try an operation on each element at the ends of its operands' ranges."""
        operands = list(dict.fromkeys(node.inputs))
        columns = [self.known[n].samples() for n in operands]
        rows = np.array(list(itertools.product(*columns)), dtype=float)
        of = {n: rows[:, k] for k, n in enumerate(operands)}
        for n in operands:
            if n.spec.kind == "bool":
                of[n] = of[n] != 0
        args = [
            n.attrs["value"] if n.op is constant and not n.spec.rank else of[n]
            for n in node.inputs
        ]
        try:
            with np.errstate(all="ignore"):
                made = np.asarray(node.op.compute(*args, **node.attrs), dtype=float)
        except (TypeError, ValueError, LookupError, AttributeError):
            return Range(-np.inf, np.inf, may_be_nan=True)
        is_nan = np.isnan(made)
        nan = bool(is_nan.any()) or any(self.known[n].may_be_nan for n in operands)
        left = made[~is_nan]
        if not left.size:
            return Range(-np.inf, np.inf, may_be_nan=True)
        return Range(float(left.min()), float(left.max()), nan)


def _of_leaf(node: Node) -> Range:
    value = node.attrs.get("value")
    if node.op in (constant, fill) and isinstance(value, bool | int | float):
        return Range(float(value), float(value))
    if isinstance(value, Constant) and value.array.size:
        array = np.asarray(value.array, dtype=float)
        return Range(float(np.min(array)), float(np.max(array)))
    if "dim" in node.attrs:
        return Range(1.0, LARGE)
    return Range(0.0, 1.0) if node.spec.kind == "bool" else ANY


# --- hyperbolic -----------------------------------------------------------------------
#
# ``sinh(x) / cosh(x)`` in a gradient: both overflow, and their ratio is tanh(x).
#
# So a gradient is worked out with tanh(x) cosh(x) in the place of sinh(x), where the
# forward pass has cosh(x); what is left of it is written as sinh(x) again.


def as_sinh(node: Node, builder: Builder) -> Node:
    """Rewrite a product with tanh(x) and cosh(x) as one with sinh(x).

    Other nodes stay as they are.
    """
    for a, b in (node.inputs, node.inputs[::-1]) if node.op is mul else ():
        other = {tanh: cosh, cosh: tanh}.get(a.op)
        if other is not None:
            old, new = (builder.make(op, a.inputs) for op in (other, sinh))
            made = _replaced(b, old, new, builder)
            if made is not None:
                return made
    return node


def _replaced(node: Node, old: Node, new: Node, builder: Builder) -> Node | None:
    """Put another factor in the place of one; None if there is none."""
    if node is old:
        return new
    factors = {mul: (0, 1), neg: (0,), div: (0,)}.get(node.op, ())
    for k in factors:
        made = _replaced(node.inputs[k], old, new, builder)
        if made is not None:
            inputs = (*node.inputs[:k], made, *node.inputs[k + 1 :])
            return builder.remake(node, inputs)
    return None


# --- select ---------------------------------------------------------------------------


@dataclass(frozen=True)
class Masked:
    """A value that is 0 wherever a mask does not hold (or, turned round, does).

    Attributes
    ----------
    mask
        Truth values, of the value's shape or one that broadcasts to it.
    rest
        The value where the mask holds; anything elsewhere, or infinite. None for 1.
    turned
        The value is 0 where the mask holds.
    is_kink
        The mask is that of a kink, of a maximum or of a sign, and none of the user's.
    """

    mask: Node
    rest: Node | None
    turned: bool = False
    is_kink: bool = False

    def with_rest(self, rest: Node) -> Masked:
        """Give another value that is 0 in the same places."""
        return replace(self, rest=rest)

    def is_alike(self, other: Masked) -> bool:
        """Tell whether two values are 0 in the same places."""
        return self.mask is other.mask and self.turned is other.turned


class Select:
    """Rebuilds a backward pass with masks that choose.

    Parameters
    ----------
    builder
        Where the nodes go.
    known
        The values of the forward pass, which stay as they are.
    """

    def __init__(self, builder: Builder, known: Iterable[Node]) -> None:
        self.known = frozenset(known)
        self.done: dict[Node, Node] = {n: n for n in self.known}
        self.masked: dict[Node, Masked | None] = {}
        self.builder = Tidy(builder)
        self.bounds = Bounds()
        self.beside_zero = BesideZero(builder, self.known)

    def __call__(self, root: Node) -> Node:
        """Give what a node becomes."""
        if root in self.done:
            return self.done[root]
        for node in between([root], self.done):
            inputs = tuple(self.done[i] for i in node.inputs)
            same = inputs == node.inputs
            made = node if same else self.builder.remake(node, inputs)
            made = as_sinh(made, self.builder.builder)
            masked = self._find(node)
            if made.op is where and (chosen := self._of_choice(made)) is not None:
                made = self._chosen(chosen)
            safe = self.beside_zero(made)
            if masked is not None and safe is made and self._is_in_danger(node):
                safe = self._chosen(masked)
            self.done[node] = self._silent(safe)
        return self.done[root]

    def _silent(self, node: Node) -> Node:
        """Write a sigmoid so that it does not warn, unless the forward pass does."""
        if node.op is not sigmoid or self._made(exp, self._made(neg, *node.inputs)) in (
            self.known
        ):
            return node
        return self.builder.make(sigmoid, node.inputs, {"careful": True}, node.line)

    # --- where a value is 0 ----------------------------------------------------------

    def _find(self, node: Node) -> Masked | None:
        """Tell where a value is surely 0; None if nothing is known of that."""
        if node not in self.masked:
            found = None
            if node.spec.kind == "bool":
                found = Masked(node, None, is_kink=True)
            elif node.op in _MASKED and node not in self.known:
                found = _MASKED[node.op](self, node)
            self.masked[node] = found
        return self.masked[node]

    def _of_choice(self, node: Node) -> Masked | None:
        condition, a, b = node.inputs
        if is_zero(b):
            return Masked(condition, self.done.get(a, a))
        if is_zero(a):
            return Masked(condition, self.done.get(b, b), turned=True)
        return None

    def _of_sign(self, node: Node) -> Masked:
        mask = self._made(CATALOGUE["not_equal"], node.inputs[0], self._number(0))
        return Masked(mask, node, is_kink=True)

    def _of_float(self, node: Node) -> Masked | None:
        operand = node.inputs[0]
        return self._find(operand) if operand.spec.kind == "bool" else None

    def _of_opposite(self, node: Node) -> Masked | None:
        m = self._find(node.inputs[0])
        return None if m is None else m.with_rest(self._made(neg, self._rest(m)))

    def _of_sum(self, node: Node) -> Masked | None:
        a, b = map(self._find, node.inputs)
        if a is None or b is None:
            return None
        if a.is_alike(b):
            return a.with_rest(self._made(node.op, self._rest(a), self._rest(b)))
        either = self._made(logical_or, self._mask(a), self._mask(b))
        parts = (self.done[i] for i in node.inputs)
        return Masked(
            either, self._made(node.op, *parts), is_kink=a.is_kink and b.is_kink
        )

    def _of_quotient(self, node: Node) -> Masked | None:
        m, below = self._find(node.inputs[0]), self.done[node.inputs[1]]
        return None if m is None else m.with_rest(self._made(div, self._rest(m), below))

    def _of_product(self, node: Node) -> Masked | None:
        a, b = map(self._find, node.inputs)
        first, second = (self.done[i] for i in node.inputs)
        if a is not None and b is not None:
            both = self._made(logical_and, self._mask(a), self._mask(b))
            parts = [m.rest for m in (a, b) if m.rest is not None]
            rest = self._made(mul, *parts) if len(parts) == 2 else (*parts, None)[0]
            return Masked(both, rest, is_kink=a.is_kink and b.is_kink)
        if a is not None:
            return a.with_rest(
                second if a.rest is None else self._made(mul, a.rest, second)
            )
        if b is not None:
            return b.with_rest(
                first if b.rest is None else self._made(mul, first, b.rest)
            )
        return None

    def _of_column(self, node: Node) -> Masked | None:
        """Show a masked value with another axis."""
        m, shape = self._find(node.inputs[0]), node.inputs[0].spec.shape
        if m is None or m.rest is None or m.rest.spec.shape != shape:
            return None
        if m.mask.spec.shape != shape:
            return None
        mask, rest = (self.builder.remake(node, (n,)) for n in (m.mask, m.rest))
        return replace(m, mask=mask, rest=rest)

    def _of_total(self, node: Node) -> Masked | None:
        """Add a masked value up along axes along which the mask is one."""
        m, spec = self._find(node.inputs[0]), node.inputs[0].spec
        if m is None or m.rest is None or m.rest.spec.shape != spec.shape:
            return None
        rest = self.builder.remake(node, (m.rest,))
        if not m.mask.spec.rank:
            return m.with_rest(rest)
        axes, mask = normal_axis(node.attrs["axis"], spec.rank), m.mask
        if mask.spec.rank != spec.rank or any(mask.spec.shape[a] != 1 for a in axes):
            return None
        for a in () if node.attrs["keepdims"] else reversed(axes):
            mask = self.builder.make(squeeze, (mask,), {"axis": a})
        return replace(m, mask=mask, rest=rest)

    def _mask(self, m: Masked) -> Node:
        return self._made(logical_not, m.mask) if m.turned else m.mask

    def _rest(self, m: Masked) -> Node:
        return self._number(1) if m.rest is None else m.rest

    def _number(self, value: int) -> Node:
        return self.builder.make(constant, (), {"value": value})

    def _made(self, op: Op, *inputs: Node) -> Node:
        return self.builder.make(op, inputs)

    # --- whether that does harm ------------------------------------------------------

    def _is_in_danger(self, node: Node) -> bool:
        """Tell whether a 0 is multiplied by what may be infinite, or divided by 0."""
        found = [self._find(i) for i in node.inputs]
        if node.op is div:
            above, below = found[0], node.inputs[1]
            if above is not None and above.is_kink and self._is_divided(below):
                return False  # the forward pass is infinite there itself
            r = self.bounds(below)
            return r.has_zero or r.may_be_nan
        if node.op is not mul:
            return False
        # What the one mask that there is has chosen does no harm to itself.
        others = [
            self.done[i] if m is None else m.rest
            for i, m in zip(node.inputs, found, strict=True)
            if m is None or None not in found
        ]
        return any(n is not None and not self.bounds(n).is_finite for n in others)

    def _is_divided(self, node: Node) -> bool:
        return not bases(node).isdisjoint(self.beside_zero.divided)

    def _chosen(self, m: Masked) -> Node:
        return self._choice(m, self._silenced(self._rest(m), m), 0)

    def _silenced(self, node: Node, m: Masked) -> Node:
        """Divide by 1 where a product is masked, if the forward pass is silent."""
        if node in self.known or node.op not in (mul, div, neg):
            return node
        parts = [self._silenced(i, m) for i in node.inputs]
        if node.op is div:
            parts[1] = below = node.inputs[1]
            if self.bounds(below).has_zero and not self._is_divided(below):
                parts[1] = self._choice(m, below, 1)
        return node if parts == list(node.inputs) else self._made(node.op, *parts)

    def _choice(self, m: Masked, value: Node, other: int) -> Node:
        number = self._number(other)
        pair = (number, value) if m.turned else (value, number)
        return self._made(where, m.mask, *pair)


_MASKED: dict[Op, Callable[[Select, Node], Masked | None]] = {
    where: Select._of_choice,  # noqa: SLF001  a table of its own methods
    sign: Select._of_sign,  # noqa: SLF001
    as_float: Select._of_float,  # noqa: SLF001
    neg: Select._of_opposite,  # noqa: SLF001
    add: Select._of_sum,  # noqa: SLF001
    sub: Select._of_sum,  # noqa: SLF001
    div: Select._of_quotient,  # noqa: SLF001
    mul: Select._of_product,  # noqa: SLF001
    expand_dims: Select._of_column,  # noqa: SLF001
    sum_: Select._of_total,  # noqa: SLF001
}
