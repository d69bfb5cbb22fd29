"""Where a cell comes from: read off what the operations say of their entries."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from itertools import cycle
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
    index = tuple(next(walk.letters) for _ in range(node.spec.rank))
    kind = _kind(node)
    terms = tuple(dict.fromkeys(walk.read(node, index)))
    if walk.is_unknown:
        return None
    is_plain = all(walk.is_direct(i) for i in node.inputs if _is_computed(i))
    return Link(kind, index, terms, sign_of(node) if kind == "each" else "", is_plain)


def _kind(node: Node) -> str:
    if node.op.contraction is not None:
        return "product"
    fold = node.op.element
    if node.op.name in ("mean", "max", "min"):
        return node.op.name
    is_sum = isinstance(fold, Fold) and fold.step == "{acc} + {0}"
    return "sum" if is_sum else "each"


class _Walk:
    """Follows an entry back to the values that are on the page."""

    def __init__(self, placed: Mapping[Node, tuple[str, str]]) -> None:
        self.placed = placed
        self.letters = cycle(ascii_lowercase[8:] + ascii_lowercase[:8])  # i, j, k
        self.is_unknown = False

    def is_direct(self, node: Node) -> bool:
        """Tell whether a value is on the page, perhaps shown in another way."""
        while node not in self.placed and isinstance(node.op.element, Rearranged):
            (node,) = node.inputs
        return node in self.placed

    def read(self, node: Node, index: Index) -> Iterator[Term]:
        """Give the cells that an entry of a value is computed from."""
        for operand, own in zip(node.inputs, self._sources(node, index), strict=False):
            if operand in self.placed:
                yield Term(*self.placed[operand], own)
            else:
                yield from self.read(operand, own)

    def _sources(self, node: Node, index: Index) -> Iterator[Index]:
        """Give for each operand the place of what is read of it."""
        element, shapes = node.op.element, [i.spec.shape for i in node.inputs]
        if node.op.contraction is not None:
            specs = (i.spec for i in node.inputs)
            terms, _, out = node.op.contraction(node.attrs, *specs).partition("->")
            letters = dict(zip(out, index, strict=True))
            for term in terms.split(","):
                letters |= {c: next(self.letters) for c in term if c not in letters}
                yield tuple(letters[c] for c in term)
        elif isinstance(element, Fold):
            axes, own = element.axes(node.attrs, shapes[0]), range(len(shapes[0]))
            if len(index) == len(own):  # reduced axes are kept, of size 1
                index = tuple(c for a, c in enumerate(index) if a not in axes)
            left = iter(index)
            yield tuple(next(self.letters if a in axes else left) for a in own)
        elif isinstance(element, Rearranged):
            yield element.source(index, node.attrs, shapes[0], node.spec.shape)
        elif "elementwise" in node.op.traits:
            for shape in shapes:
                last = index[len(index) - len(shape) :]
                pairs = zip(shape, last, strict=True)
                yield tuple(ONE if d == 1 else c for d, c in pairs)
        elif node.inputs:
            self.is_unknown = True
