"""Where a cell comes from: read off what the operations say of their entries."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from string import ascii_lowercase

from derivo.explain.drawing.of_subject import sign_of
from derivo.explain.subject import Subject
from derivo.explain.window.model import Link, Term
from derivo.graph.element import Fold, Rearranged
from derivo.graph.node import Node

ONE = "0"  # the place on an axis of size 1
Index = tuple[str, ...]


def links_of(about: Subject) -> dict[str, Link]:
    """Give the link of each value (``"v3"``) and of each gradient (``"dv3"``)."""
    ids, found = about.ids, dict[str, Link]()
    values = {n: ("value", i) for n, i in ids.items() if n.inputs or "name" in n.attrs}
    # A gradient that is a plain number, as that of a loss is, may stand in a formula as
    # a number like any other: no cell is read there.
    told = nearest(about)
    gradients = {a: ("gradient", ids[v]) for a, v in told.items() if _is_computed(a)}
    placed = {**values, **gradients}
    for node, i in ids.items():
        if node.inputs and (link := _link(node, placed)) is not None:
            found[i] = link
    for value, adjoint in about.raw.adjoints.items():
        own = {n: p for n, p in placed.items() if p != ("gradient", ids[value])}
        if not _is_computed(adjoint):
            continue
        passed = told[adjoint] is not value
        link = _passed(adjoint, placed) if passed else _link(adjoint, own)
        if link is not None and link.terms:
            found[f"d{ids[value]}"] = link
    return found


def _is_computed(node: Node) -> bool:
    return bool(node.inputs) or "name" in node.attrs


def nearest(about: Subject) -> dict[Node, Node]:
    """Give for each adjoint the value that it is told for.

    One that is passed on unchanged is that of the value nearest the result which has a
    name; adjoints stand in the order in which they were found, from the result on.
    """
    found: dict[Node, Node] = {}
    for value, adjoint in about.raw.adjoints.items():
        known = found.get(adjoint)
        if known is None or (value in about.names and known not in about.names):
            found[adjoint] = value
    return found


def _passed(node: Node, placed: Mapping[Node, tuple[str, str]]) -> Link:
    index = tuple(ascii_lowercase[8 : 8 + node.spec.rank])
    return Link("each", index, (Term(*placed[node], index),), "=")


def _link(node: Node, placed: Mapping[Node, tuple[str, str]]) -> Link | None:
    walk = _Walk(placed)
    index = tuple(walk.fresh() for _ in range(node.spec.rank))
    kind, sign = _kind(node), ""
    if kind == "each":
        sign = sign_of(node)
    terms = tuple(dict.fromkeys(walk.read(node, index)))
    if walk.is_unknown:
        return None
    operands = [i for i in node.inputs if i.inputs or "name" in i.attrs]
    is_plain = all(walk.is_direct(i) for i in operands)
    return Link(kind, index, terms, sign, is_plain)


def _kind(node: Node) -> str:
    if node.op.contraction is not None:
        return "product"
    fold = node.op.element
    if node.op.name in ("mean", "max", "min"):
        return node.op.name
    is_sum = isinstance(fold, Fold) and fold.step == "{acc} + {0}"
    return "sum" if is_sum else "each"


@dataclass
class _Walk:
    """Follows an entry back to the values that are on the page."""

    placed: Mapping[Node, tuple[str, str]]
    count: int = 0
    is_unknown: bool = False

    def fresh(self) -> str:
        """Give a letter: i, j, k and so on."""
        self.count += 1
        return (ascii_lowercase[8:] + ascii_lowercase[:8])[(self.count - 1) % 26]

    def is_direct(self, node: Node) -> bool:
        """Tell whether a value is on the page, perhaps shown in another way."""
        while node not in self.placed and isinstance(node.op.element, Rearranged):
            (node,) = node.inputs
        return node in self.placed

    def read(self, node: Node, index: Index) -> Iterator[Term]:
        """Give the cells that an entry of a value is computed from."""
        operands = list(node.inputs)
        element = node.op.element
        if node.op.contraction is not None:
            specs = tuple(i.spec for i in operands)
            terms, _, out = node.op.contraction(node.attrs, *specs).partition("->")
            letters = dict(zip(out, index, strict=True))
            for operand, term in zip(operands, terms.split(","), strict=True):
                for c in term:
                    letters[c] = letters.get(c) or self.fresh()
                yield from self._at(operand, tuple(letters[c] for c in term))
        elif isinstance(element, Fold):
            yield from self._fold(node, element, index)
        elif isinstance(element, Rearranged):
            (operand,) = operands
            shapes = (operand.spec.shape, node.spec.shape)
            yield from self._at(operand, element.source(index, node.attrs, *shapes))
        elif "elementwise" in node.op.traits:
            for operand in operands:
                shape = operand.spec.shape
                last = index[len(index) - len(shape) :]
                own = (ONE if d == 1 else c for d, c in zip(shape, last, strict=True))
                yield from self._at(operand, tuple(own))
        elif node.inputs:
            self.is_unknown = True

    def _fold(self, node: Node, fold: Fold, index: Index) -> Iterator[Term]:
        (operand,) = node.inputs
        axes = fold.axes(node.attrs, operand.spec.shape)
        left = list(index)
        if node.spec.rank == operand.spec.rank:  # reduced axes are kept, of size 1
            left = [c for a, c in enumerate(index) if a not in axes]
        own = tuple(
            self.fresh() if a in axes else left.pop(0) for a in range(operand.spec.rank)
        )
        yield from self._at(operand, own)

    def _at(self, node: Node, index: Index) -> Iterator[Term]:
        if node in self.placed:
            yield Term(*self.placed[node], index)
        else:
            yield from self.read(node, index)
