"""Loops over time with as little inside as there can be.

What every step would compute alike is computed before the loop. A product of a step's
part of an array with a matrix is a part of the product of the whole array. What the
steps add up is one product, or one sum, of all steps' values, wherever it is either.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Any

from derivo.emit.plan.layout import is_turned
from derivo.graph.builder import Builder, substitute
from derivo.graph.dim import Dim, product
from derivo.graph.element import Fold, Product
from derivo.graph.loop import Loop, is_inline, unchanging
from derivo.graph.node import Node, between, order
from derivo.graph.op import Op
from derivo.graph.spec import Spec
from derivo.ops.catalogue import CATALOGUE
from derivo.ops.scan import bound, stack


def with_short_loops(roots: Iterable[Node]) -> dict[Node, Node]:
    """Rewrite the loops among what is computed.

    Returns
    -------
    dict
        What became of each node below `roots`, and of each inside a loop.
    """
    nodes = order(roots)
    readers: dict[Node, list[Node]] = {}
    for node in nodes:
        if "item" in node.op.traits:
            readers.setdefault(node.inputs[0], []).append(node)
    if not readers:
        return {n: n for n in nodes}
    builder = Builder(count=nodes[-1].index + 1)
    new: dict[Node, Node] = {}
    inside: dict[Node, Node] = {}
    for node in nodes:
        if node in new:
            continue  # an item, written with its loop
        inputs = tuple(new[i] for i in node.inputs)
        if "loop" not in node.op.traits:
            new[node] = builder.remake(node, inputs)
            continue
        rewriting = _Rewriting(builder, node, inputs)
        new |= rewriting.items(readers.get(node, []))
        for old, now in rewriting.became.items():
            inside.setdefault(old, now)
    return {**inside, **new}


@dataclass
class _Rewriting:
    """One loop, and what it is to become."""

    builder: Builder
    node: Node
    operands: tuple[Node, ...]
    became: dict[Node, Node] = field(default_factory=dict)
    # Operands by the bound values that stand for them.
    slices: dict[Node, Node] = field(default_factory=dict)
    fixed: dict[Node, Node] = field(default_factory=dict)

    def items(self, items: Iterable[Node]) -> dict[Node, Node]:
        """Rewrite the loop and give what became of it and of its results."""
        items, loop = tuple(items), self.loop
        own = [self._bound(n.spec) for n in loop.bound]
        given = dict(zip(loop.bound, own, strict=True))
        roots = [*loop.following, *(i.attrs["of"] for i in items)]
        self.became = substitute(roots, given, self.builder)
        first, last = len(loop.carries), len(loop.carries) + len(loop.slices)
        self.carries = own[:first]
        self.slices = dict(zip(own[first:last], self.operands[first:], strict=False))
        self.fixed = dict(zip(own[last:], self.operands[last:], strict=True))
        self._write_numbers()
        self._hoist_unchanging()
        self._hoist_products()
        wanted = [(i, *self._result(i)) for i in items]
        following = tuple(self.became[n] for n in loop.following)
        body = Loop(
            tuple(self.carries), tuple(self.slices), tuple(self.fixed), following,
            loop.reverse,
        )  # fmt: skip
        operands = (
            *self.operands[:first], *self.slices.values(), *self.fixed.values(),
        )  # fmt: skip
        scan = self.builder.remake(
            self.node, operands, {**self.node.attrs, "forward": None, "loop": body}
        )
        found = {self.node: scan}
        for item, of, finish in wanted:
            found[item] = finish([self._given(scan, op, n) for op, n in of])
        return found

    @property
    def loop(self) -> Loop:
        loop: Loop = self.node.attrs["loop"]
        return loop

    def _given(self, scan: Node, op: Op, of: Node) -> Node:
        """Give a result of the loop; parts of an array together are that array."""
        if op is stack and of in self.slices:
            return self.slices[of]
        return self.builder.make(op, (scan,), {"of": of})

    def _bound(self, spec: Spec) -> Node:
        attrs = {"serial": (self.node.index, self.builder.count), "spec": spec}
        return self.builder.make(bound, (), attrs)

    def make(self, name: str, *inputs: Node, **attrs: object) -> Node:
        return self.builder.make(CATALOGUE[name], inputs, attrs)

    # --- what is computed before the loop ---------------------------------------------

    def _replace(self, replaced: dict[Node, Node]) -> None:
        """Write other values in the place of some inside the loop."""
        roots = set(self.became.values())
        new = substitute(roots, replaced, self.builder)
        self.became = {old: new[n] for old, n in self.became.items()}

    def _write_numbers(self) -> None:
        """Write numbers where they are read."""
        numbers = {b: o for b, o in self.fixed.items() if is_inline(o)}
        if numbers:
            self._replace(numbers)
            self.fixed = {b: o for b, o in self.fixed.items() if b not in numbers}

    def _hoist_unchanging(self) -> None:
        own = frozenset((*self.carries, *self.slices))
        alike = [
            n for n in unchanging(self.became.values(), own) if n not in self.fixed
        ]
        if not alike:
            return
        outside = substitute(alike, self.fixed, self.builder)
        given = {n: self._bound(n.spec) for n in alike}
        self._replace(given)
        self.fixed |= {b: outside[n] for n, b in given.items()}

    def _hoist_products(self) -> None:
        """Multiply arrays that the loop runs along as a whole."""
        found: dict[Node, Node] = {}
        for node in sorted(set(self.became.values()), key=lambda n: n.index):
            if not isinstance(node.op.element, Product):
                continue
            left, right = node.inputs
            if left in self.slices and right in self.fixed and right.spec.rank == 2:
                whole = self.make("matmul", self.slices[left], self.fixed[right])
                found[node] = self._bound(node.spec)
                self.slices[found[node]] = whole
        if found:
            self._replace(found)

    # --- what it gives ----------------------------------------------------------------

    def _result(self, item: Node) -> tuple[list[tuple[Any, Node]], Any]:
        """Give what the loop is to give for a result, and how that is made of it."""
        of = self.became[item.attrs["of"]]
        if "total" in item.op.traits:
            parts = self._factors(of)
            if parts is not None:
                return [(stack, p) for p in parts], self._product
            if isinstance(of.op.element, Fold) and of.op.name == "sum":
                return [(stack, of.inputs[0])], lambda s: self._sum(of, *s)
        if item.op is stack and self._is_only_given(of):
            left, right = of.inputs
            return [(stack, left)], lambda s: self.make("matmul", *s, self.fixed[right])
        return [(item.op, of)], lambda s: s[0]

    def _is_only_given(self, node: Node) -> bool:
        """Tell whether a value is a product with a matrix that no step reads."""
        if not isinstance(node.op.element, Product):
            return False
        left, right = node.inputs
        following = (self.became[n] for n in self.loop.following)
        read = between(following, frozenset((*self.carries, *self.slices, *self.fixed)))
        fits = right in self.fixed and right.spec.rank == 2 and left not in self.fixed
        return fits and node not in read

    def _factors(self, node: Node) -> tuple[Node, Node] | None:
        """Give a and b for a.T @ b, or for the outer product of vectors."""
        if isinstance(node.op.element, Product) and is_turned(node.inputs[0]):
            a, b = node.inputs[0].inputs[0], node.inputs[1]
            return (a, b) if a.spec.rank == b.spec.rank == 2 else None
        if node.op.name != "mul" or node.spec.rank != 2:
            return None
        a, b = node.inputs
        if a.op.name != "expand_dims" or a.inputs[0].spec.rank != 1:
            return None
        column = a.spec.shape == (a.inputs[0].spec.shape[0], 1)
        return (a.inputs[0], b) if column and b.spec.rank == 1 else None

    def _product(self, stacks: list[Node]) -> Node:
        a, b = (
            self.make("reshape", s, shape=(_rows(s), s.spec.shape[-1])) for s in stacks
        )
        return self.make("matmul", self.make("transpose", a, axes=(1, 0)), b)

    def _sum(self, of: Node, stacked: Node) -> Node:
        fold = of.op.element
        assert isinstance(fold, Fold)  # noqa: S101
        axes = fold.axes(of.attrs, of.inputs[0].spec.shape)
        keepdims = of.attrs["keepdims"]
        inner = self.make(
            "sum", stacked, axis=(0, *(a + 1 for a in axes)), keepdims=keepdims
        )
        return self.make("squeeze", inner, axis=0) if keepdims else inner


def _rows(node: Node) -> Dim:
    return product(node.spec.shape[:-1])
