"""From a graph to loops: which values get a statement, and which of them an array."""

from __future__ import annotations

from collections import Counter, defaultdict
from dataclasses import dataclass

from derivo.emit.loops_place import (
    domain_of,
    fold_place,
    is_number,
    is_view,
    loops_of,
    operand_place,
    place,
    refuse_unknown,
    source_place,
)  # fmt: skip
from derivo.emit.loops_tree import Body, Item, Readers, Schedule, needs_array
from derivo.errors import NotSupportedError
from derivo.graph.element import Element, Fold, Index, Product
from derivo.graph.node import Node, order


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
    statements = [
        n
        for n in nodes
        if n.inputs and n not in inlined and not is_view(n) and not is_number(n)
    ]
    items = {n: _item(n, inlined) for n in statements}
    writes = [_store(a, n, inlined) for a, n in stores.items() if a is not n]
    readers: Readers = defaultdict(list)
    for item in (*items.values(), *writes):
        for node, index in item.reads:
            readers[node].append((item, index))
    body = Body()
    Schedule(items, readers).fill(body, [*_scalars_first(items), *writes])
    for node in outputs:
        if node in items:
            items[node].local = True
    _decide(items, readers)
    return LoopPlan(body, items, inlined)


def _scalars_first(items: dict[Node, Item]) -> list[Item]:
    """Put numbers made from numbers before all loops, which they would part."""
    early: set[Node] = set()
    for node, item in items.items():
        sources = [n for n, _ in item.reads]
        if (
            not node.spec.rank
            and all(not n.spec.rank and (n not in items or n in early) for n in sources)
            and not item.folded
        ):
            early.add(node)
    return sorted(items.values(), key=lambda i: i.node not in early)


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
        pointwise = (
            node.inputs
            and not is_view(node)
            and isinstance(node.op.element, Element | None)
        )
        if not pointwise or len(readers[node]) != 1:
            continue
        (reader,) = readers[node]
        if reader is not None and not isinstance(reader.op.element, Product):
            chosen.add(node) if loops_of(node.spec.shape) == domain_of(reader) else None
    return frozenset(chosen)


def _item(node: Node, inlined: frozenset[Node]) -> Item:
    if isinstance(node.op.element, Product):
        reads: list[tuple[Node, Index | None]] = [(_base(i), None) for i in node.inputs]
        return Item(node, (), place(node.spec.shape), reads)
    if isinstance(node.op.element, Fold):
        (operand,) = node.inputs
        source = place(operand.spec.shape)
        return Item(
            node,
            domain_of(node),
            fold_place(node, source),
            _reads(operand, source, inlined),
        )
    index = place(node.spec.shape)
    found = []
    for operand in node.inputs:
        found += _reads(operand, operand_place(operand.spec.shape, index), inlined)
    return Item(node, domain_of(node), index, found)


def _store(argument: Node, node: Node, inlined: frozenset[Node]) -> Item:
    if not node.inputs:
        message = f"`{node.op.name}` as the new value of a parameter"
        raise NotSupportedError(message)
    index = place(node.spec.shape)
    reads = _reads(node, index, inlined)
    return Item(node, loops_of(node.spec.shape), index, reads, target=argument)


def _reads(
    node: Node, index: Index, inlined: frozenset[Node]
) -> list[tuple[Node, Index | None]]:
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


def _decide(items: dict[Node, Item], readers: Readers) -> None:
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
