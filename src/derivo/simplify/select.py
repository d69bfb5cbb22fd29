"""Choosing rather than multiplying by a mask: 0 times infinity is no number.

Where a branch is not taken, or a kink cuts a function off, its adjoint is 0; but what
that is multiplied by on its way back may be infinite there. ``mask * f`` becomes
``np.where(mask, f, 0)``, and a choice between an adjoint and 0 is made after such a
factor, not before it. Where all factors are finite, nothing changes.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass, replace

from derivo.graph.builder import Builder
from derivo.graph.node import Node, between
from derivo.graph.op import Op
from derivo.ops.arithmetic import (
    add,
    div,
    logical_and,
    logical_not,
    logical_or,
    mul,
    neg,
    sub,
)
from derivo.ops.catalogue import CATALOGUE
from derivo.ops.composite import sigmoid
from derivo.ops.elementwise import exp, sign, where
from derivo.ops.infer import normal_axis
from derivo.ops.leaf import as_float, constant
from derivo.ops.reduce import sum_
from derivo.ops.shape import expand_dims, squeeze
from derivo.simplify.beside_zero import BesideZero, bases
from derivo.simplify.bounds import Bounds
from derivo.simplify.hyperbolic import as_sinh
from derivo.simplify.tidy import Tidy, is_zero


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
            return Masked(condition, a)
        return Masked(condition, b, turned=True) if is_zero(a) else None

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
