"""From a graph to loops: which values share a loop, and which need an array.

A value is placed in the first loop that it can share with what it reads: at the same
place of the same axis. What is folded over a loop is ready when that loop has ended.
Products of matrices stand between the loops.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterator
from dataclasses import dataclass, field

from derivo.errors import NotSupportedError
from derivo.graph.dim import Dim, Shape, Size, names
from derivo.graph.element import Element, Fold, Index, Product, Rearranged, Same
from derivo.graph.node import Node, order

VARIABLES = "ijkl"
# The size that is known only when a step begins: the rows of the batch.
BATCH = "N"


@dataclass(eq=False)
class Item:
    """A value that gets a statement, or a result that is written to an argument.

    Attributes
    ----------
    node
        The value.
    domain
        Sizes of the loops around the statement.
    index
        The place of the result, in variables of these loops.
    reads
        What it reads, and where; None for the place means the whole array.
    target
        The argument that takes the value when everything else has read it.
    local
        Its readers can use a local variable.
    stored
        Some reader needs it in an array.
    ready
        Where it can be read: in a body of loops and what lies inside it.
    """

    node: Node
    domain: Shape
    index: Index
    reads: list[tuple[Node, Index | None]]
    target: Node | None = None
    local: bool = False
    stored: bool = False
    body: Body | None = None
    ready: Body | None = None

    @property
    def folded(self) -> tuple[int, ...]:
        """Levels of the loops that a reduction runs over, outermost first."""
        if not isinstance(self.node.op.element, Fold) or self.target is not None:
            return ()
        source = place(self.node.inputs[0].spec.shape)
        axes = self.node.op.element.axes(self.node.attrs, self.node.inputs[0].spec.shape)
        return tuple(sorted(VARIABLES.index(source[a]) for a in axes if source[a] != "0"))

    @property
    def is_product(self) -> bool:
        """Whether this is a product of matrices."""
        return self.target is None and isinstance(self.node.op.element, Product)


@dataclass(eq=False)
class Body:
    """What stands inside so many loops: statements, and further loops."""

    level: int = 0
    parent: Body | None = None
    blocks: list[Item | Loop] = field(default_factory=list)

    def is_around(self, other: Body | None) -> bool:
        """Tell whether `other` is this body or lies inside it."""
        while other is not None and other is not self:
            other = other.parent
        return other is self

    def items(self) -> Iterator[Item]:
        """Give all items in this body and in the loops of it."""
        for block in self.blocks:
            if isinstance(block, Loop):
                yield from block.body.items()
            else:
                yield block


@dataclass(eq=False)
class Loop:
    """A loop over an axis."""

    size: Dim
    body: Body
    touched: set[tuple[Node, Index]] = field(default_factory=set)


@dataclass(frozen=True)
class LoopPlan:
    """All loops of a step.

    Attributes
    ----------
    body
        The statements.
    items
        By value; results that are written back are not among them.
    inlined
        Values that are written where they are read.
    """

    body: Body
    items: dict[Node, Item]
    inlined: frozenset[Node]


def place(shape: Shape) -> Index:
    """Give the place of an element in loops over the axes: ("i", "j"), ("i", "0")."""
    letters = iter(VARIABLES)
    return tuple("0" if d == 1 else next(letters) for d in shape)


def operand_place(shape: Shape, index: Index) -> Index:
    """Give the place in an operand that is broadcast to the result's shape."""
    own = index[len(index) - len(shape) :]
    return tuple("0" if d == 1 else i for d, i in zip(shape, own, strict=True))


def loops_of(shape: Shape) -> Shape:
    """Give the sizes of the loops over an array."""
    return tuple(d for d in shape if d != 1)


def is_number(node: Node) -> bool:
    """Tell whether a value is written as a number wherever it is read."""
    plain = not node.inputs and not node.spec.rank and node.op.name != "argument"
    return plain or isinstance(node.op.element, Same)


def is_view(node: Node) -> bool:
    """Tell whether a value is another one with its elements elsewhere."""
    return isinstance(node.op.element, Rearranged)


def source_place(node: Node, index: Index) -> Index:
    """Give the place in the operand of a view."""
    assert isinstance(node.op.element, Rearranged)  # noqa: S101
    (operand,) = node.inputs
    return node.op.element.source(index, node.attrs, operand.spec.shape, node.spec.shape)


def matrix_source(node: Node) -> tuple[Node, Index]:
    """Give the array that a matrix is a view of, and the place of its element (i, j)."""
    index: Index = ("i", "j")
    while is_view(node):
        index = source_place(node, index)
        node = node.inputs[0]
    return node, index


def plan_loops(outputs: list[Node], stores: dict[Node, Node]) -> LoopPlan:
    """Arrange the computation of `outputs` in loops.

    Parameters
    ----------
    outputs
        Values that are read afterwards (numbers).
    stores
        Argument to the value that it takes at the end.

    Raises
    ------
    NotSupportedError
        An operation that cannot be written in a loop; the message says which.
    """
    nodes = order([*outputs, *stores.values()])
    for node in nodes:
        refuse_unknown(node)
    inlined = _inlined(nodes, outputs, stores)
    statements = [n for n in nodes if n.inputs and n not in inlined and not is_view(n) and not is_number(n)]
    items = {n: _item(n, inlined) for n in statements}
    writes = [_store(a, n, inlined) for a, n in stores.items() if a is not n]
    readers: dict[Node, list[tuple[Item, Index | None]]] = defaultdict(list)
    for item in (*items.values(), *writes):
        for node, index in item.reads:
            readers[node].append((item, index))
    body = Body()
    _Schedule(items, readers).fill(body, [*_scalars_first(items), *writes])
    for node in outputs:
        if node in items:
            items[node].local = True
    _decide(items, readers)
    return LoopPlan(body, items, inlined)


def _scalars_first(items: dict[Node, Item]) -> list[Item]:
    """Put numbers that are computed from numbers before all loops, which they would part."""
    early: set[Node] = set()
    for node, item in items.items():
        sources = [n for n, _ in item.reads]
        if not node.spec.rank and all(
            not n.spec.rank and (n not in items or n in early) for n in sources
        ) and not item.folded:
            early.add(node)
    return sorted(items.values(), key=lambda i: i.node not in early)


def refuse_unknown(node: Node) -> None:
    """Refuse what has no form inside a loop.

    Raises
    ------
    NotSupportedError
        With the operation and the reason.
    """
    reason = ""
    element, spec = node.op.element, node.spec
    if node.op.helpers or (node.inputs and element is None and "elementwise" not in node.op.traits):
        reason = "has no form inside a compiled loop"
    elif not node.inputs and not is_number(node) and node.op.name != "argument":
        reason = "(an array made from nothing) has no form inside a compiled loop"
    elif isinstance(element, Product) and any(i.spec.rank != 2 for i in node.inputs):  # noqa: PLR2004
        reason = f"of {' and '.join(str(i.spec) for i in node.inputs)} is not a product of two matrices"
    elif isinstance(element, Product) and not all(map(_is_matrix, node.inputs)):
        reason = "of an array that is copied along an axis has no form inside a compiled loop"
    elif len(loops_of(spec.shape)) > len(VARIABLES):
        reason = f"has more than {len(VARIABLES)} axes"
    elif any(name != BATCH for d in spec.shape if isinstance(d, Size) for name in names(d)):
        reason = "has a size that is not known when the step is compiled"
    if reason:
        message = f"`{node.op.name}` {reason}"
        raise NotSupportedError(message)


def _is_matrix(node: Node) -> bool:
    base, index = matrix_source(node)
    return not is_number(base) and sorted(index) == ["i", "j"]


def _base(node: Node) -> Node:
    while is_view(node):
        node = node.inputs[0]
    return node


def _inlined(
    nodes: tuple[Node, ...], outputs: list[Node], stores: dict[Node, Node]
) -> frozenset[Node]:
    """Choose the elementwise values with one reader in a loop of the same sizes."""
    readers: dict[Node, list[Node | None]] = defaultdict(list)
    for node in nodes:
        if not is_view(node):
            for operand in node.inputs:
                readers[_base(operand)].append(node)
    for node, times in Counter(map(_base, stores.values())).items():
        readers[node] += [node] * times
    for node in outputs:
        readers[node].append(None)
    chosen = set()
    for node in nodes:
        pointwise = node.inputs and not is_view(node) and isinstance(node.op.element, Element | None)
        if not pointwise or len(readers[node]) != 1:
            continue
        (reader,) = readers[node]
        if reader is not None and not isinstance(reader.op.element, Product):
            chosen.add(node) if loops_of(node.spec.shape) == _domain(reader) else None
    return frozenset(chosen)


def _domain(node: Node) -> Shape:
    """Give the loops around a value's statement: those of the operand for a reduction."""
    if isinstance(node.op.element, Product):
        return ()
    source = node.inputs[0] if isinstance(node.op.element, Fold) else node
    return loops_of(source.spec.shape)


def _item(node: Node, inlined: frozenset[Node]) -> Item:
    if isinstance(node.op.element, Product):
        reads: list[tuple[Node, Index | None]] = [(_base(i), None) for i in node.inputs]
        return Item(node, (), place(node.spec.shape), reads)
    if isinstance(node.op.element, Fold):
        (operand,) = node.inputs
        source = place(operand.spec.shape)
        return Item(node, _domain(node), _fold_place(node, source), _reads(operand, source, inlined))
    index = place(node.spec.shape)
    found = []
    for operand in node.inputs:
        found += _reads(operand, operand_place(operand.spec.shape, index), inlined)
    return Item(node, _domain(node), index, found)


def _fold_place(node: Node, source: Index) -> Index:
    fold, shape = node.op.element, node.inputs[0].spec.shape
    assert isinstance(fold, Fold)  # noqa: S101
    axes = fold.axes(node.attrs, shape)
    extra = len(shape) - node.spec.rank
    if len(axes) == extra:
        return tuple(i for a, i in enumerate(source) if a not in axes)
    return tuple("0" if a in axes else i for a, i in enumerate(source))[extra:]


def _store(argument: Node, node: Node, inlined: frozenset[Node]) -> Item:
    if not node.inputs:
        message = f"`{node.op.name}` as the new value of a parameter"
        raise NotSupportedError(message)
    index = place(node.spec.shape)
    reads = _reads(node, index, inlined)
    return Item(node, loops_of(node.spec.shape), index, reads, target=argument)


def _reads(node: Node, index: Index, inlined: frozenset[Node]) -> list[tuple[Node, Index | None]]:
    if is_view(node):
        return _reads(node.inputs[0], source_place(node, index), inlined)
    if is_number(node):
        return []
    if node not in inlined:
        return [(node, index)]
    found = []
    for operand in node.inputs:
        found += _reads(operand, operand_place(operand.spec.shape, index), inlined)
    return found


class _Schedule:
    """Puts items into loops, outermost first."""

    def __init__(
        self, items: dict[Node, Item], readers: dict[Node, list[tuple[Item, Index | None]]]
    ) -> None:
        self.items = items
        self.readers = readers

    def fill(self, body: Body, items: list[Item]) -> None:
        """Arrange `items`, which come in an order that computes operands first."""
        inside: dict[int, list[Item]] = defaultdict(list)
        where: dict[Item, int] = {}
        for item in items:
            first = max((self._earliest(item, other, index, where, body)
                         for other, index in self._before(item)), default=0)  # fmt: skip
            if len(item.domain) == body.level or item.is_product:
                body.blocks.append(item)
                item.body = body
                where[item] = len(body.blocks) - 1
                continue
            where[item] = self._loop_for(item, body, first)
            inside[where[item]].append(item)
        for k, members in inside.items():
            loop = body.blocks[k]
            assert isinstance(loop, Loop)  # noqa: S101
            self.fill(loop.body, members)

    def _before(self, item: Item) -> Iterator[tuple[Item, tuple[Index, Index] | None]]:
        """Give what must be done before `item`, with the two places that must agree."""
        for node, index in item.reads:
            other = self.items.get(node)
            if other is not None:
                yield other, None if index is None else (other.index, index)
        if item.target is not None:
            # Whoever reads the old value comes first.
            for reader, index in self.readers[item.target]:
                if reader is not item:
                    yield reader, None if index is None else (item.index, index)

    def _earliest(
        self, item: Item, other: Item, places: tuple[Index, Index] | None,
        where: dict[Item, int], body: Body,
    ) -> int:  # fmt: skip
        k = where.get(other)
        if k is None:
            return 0
        block = body.blocks[k]
        together = (
            isinstance(block, Loop) and places is not None and len(item.domain) > body.level
            and block.size == item.domain[body.level] and body.level not in other.folded
            and _same_at(*places, VARIABLES[body.level])
        )  # fmt: skip
        return k if together else k + 1

    def _loop_for(self, item: Item, body: Body, first: int) -> int:
        """Give the number of the loop that takes `item`: the first that shares data."""
        variable, size = VARIABLES[body.level], item.domain[body.level]
        touched = {(n, i) for n, i in (*item.reads, (item.node, item.index)) if i and variable in i}
        for k, block in enumerate(body.blocks[first:], start=first):
            if isinstance(block, Loop) and block.size == size and block.touched & touched:
                block.touched |= touched
                return k
        body.blocks.append(Loop(size, Body(body.level + 1, body), touched))
        return len(body.blocks) - 1


def _same_at(own: Index, read: Index, variable: str) -> bool:
    return variable in own and read[own.index(variable)] == variable


def _decide(
    items: dict[Node, Item], readers: dict[Node, list[tuple[Item, Index | None]]]
) -> None:
    """Decide what is a local variable and what an array."""
    for node, item in items.items():
        item.ready = _ready(item)
        for reader, index in readers[node]:
            scalar = not node.spec.rank
            near = item.ready is not None and item.ready.is_around(reader.body)
            if scalar or (near and index == item.index and not needs_array(item)):
                item.local = True
            else:
                item.stored = True
        if needs_array(item):
            item.local, item.stored = False, True


def _ready(item: Item) -> Body | None:
    body = item.body
    while item.folded and body is not None and body.level > item.folded[0]:
        body = body.parent
    return body


def needs_array(item: Item) -> bool:
    """Tell whether there are many results before any of them is ready."""
    return item.is_product or ":" in pending_place(item)


def pending_place(item: Item) -> Index:
    """Give the place of the results that a reduction works on at a time, ":" for all."""
    if not item.folded:
        return item.index
    first = item.folded[0]
    return tuple(":" if v != "0" and VARIABLES.index(v) > first else v for v in item.index)
