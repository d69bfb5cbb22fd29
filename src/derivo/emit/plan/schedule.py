"""From items to a plan: which share their loops, and when threads must meet.

Items are joined into groups greedily: what follows a product element by element joins
its blocks; reductions of rows draw in what is computed with them; then what is left
joins its neighbours. Two groups may become one if nothing between them would have to
wait for itself.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass, field

from derivo.emit.plan.computation import Computation, Put
from derivo.emit.plan.items import ALL, Edge, Item, Items, items_of, length_of
from derivo.emit.plan.layout import (
    Layout,
    Line,
    Number,
    Panels,
    layout_of,
    origin,
    turning,
)  # fmt: skip
from derivo.emit.plan.leaf import (
    Columns,
    Gather,
    InNumpy,
    Leaf,
    Move,
    Numbers,
    Phase,
    Plain,
    Plan,
    Pointwise,
    Rows,
    Scan,
    Tile,
    Total,
    Turned,
)  # fmt: skip
from derivo.emit.plan.scan import inside_of
from derivo.graph.node import Node


@dataclass(eq=False)
class _Group:
    """Items that share their loops."""

    kind: str
    layout: Layout
    items: list[Item] = field(default_factory=list)
    phase: int = 0


def schedule(
    computation: Computation, has_form: Callable[[Node], bool], depth: int = 0
) -> Plan:
    """Arrange a computation, which is `Computation.prepared`, in leaves and phases.

    Parameters
    ----------
    computation
        What is computed.
    has_form
        Tells whether an operation can be printed as loops; what cannot is left to
        NumPy.
    depth
        How many loops it stands in.

    Raises
    ------
    NotSupportedError
        A parameter that becomes what cannot be stored; the message says which.
    """
    items = items_of(computation, has_form)
    grouping = _Grouping(items)
    grouping.join()
    groups = grouping.in_order()
    for group in groups:
        waits = [
            grouping.group_of[e.source].phase + (not grouping.is_aligned(item, e))
            for item in group.items for e in item.edges
            if grouping.group_of[e.source] is not group
        ]  # fmt: skip
        group.phase = max(waits, default=0)
    needed = _needed(computation, grouping)
    scans = _Scans(computation, items, has_form, depth)
    count = max((g.phase for g in groups), default=0) + 1
    phases = [
        Phase(
            tuple(
                _special(g, scans) or _leaf(g, needed) for g in groups if g.phase == p
            )
        )
        for p in range(count)
    ]
    return Plan(tuple(phases), items.mirrors)


class _Grouping:
    def __init__(self, items: Items) -> None:
        self.items = items.every
        self.place = {item: k for k, item in enumerate(self.items)}
        self.group_of: dict[Item, _Group] = {}
        self.readers: dict[Item, list[tuple[Item, Edge]]] = {i: [] for i in self.items}
        for item in self.items:
            kind = "pointwise" if item.is_pointwise else item.kind
            kind = {"row fold": "rows", "column fold": "columns"}.get(kind, kind)
            if isinstance(item.layout, Number) and item.is_pointwise:
                kind = "numbers"
            self.group_of[item] = _Group(kind, item.layout, [item])
            for edge in item.edges:
                self.readers[edge.source].append((item, edge))

    # --- joining ----------------------------------------------------------------------

    def join(self) -> None:
        """Join what can share loops."""
        pointwise = [i for i in self.items if i.is_pointwise]
        for item in pointwise:
            self._join_operand(item, "product")
        for item in self._of_kind("row fold"):
            self._draw_in(item)
        for item in self._of_kind("column fold"):
            self._join_producers(item)
        for item in pointwise:
            self._join_operand(item, "columns")
        for item in reversed(pointwise):
            if item.target is None:
                self._join_reader(item)
        for item in pointwise:
            self._join_operand(item, "pointwise")

    def _of_kind(self, kind: str) -> list[Item]:
        return [item for item in self.items if item.kind == kind]

    def _join_operand(self, item: Item, kind: str) -> None:
        """Join the group of an operand, the latest one of that kind."""
        own = self.group_of[item]
        if own.kind != "pointwise":
            return
        found = {self.group_of[e.source] for e in item.edges}
        fitting = [
            g for g in found
            if g.kind == kind and g is not own and self._fits(g, own)
        ]  # fmt: skip
        for group in sorted(fitting, key=self._last, reverse=True):
            if self._may_join(group, own):
                self._merge(group, own)
                return

    def _join_reader(self, item: Item) -> None:
        """Compute a value where it is read, if only one group does.

        What it is made from must be in memory anyway: a mask is not worth an array.
        """
        own = self.group_of[item]
        readers = {self.group_of[r] for r, edge in self.readers[item]}
        if len(readers) != 1 or own in readers:
            return
        (group,) = readers
        if group.kind not in {"pointwise", "product", "rows", "columns"}:
            return
        if not self._fits(group, _Group("pointwise", item.layout, [item])):
            return
        if own.kind == "pointwise":
            if len(own.items) == 1 and self._may_join(group, own):
                self._merge(group, own)
        elif all(self._is_in_memory(e.source) for e in item.edges if not e.is_order):
            edges = [e for r, e in self.readers[item]]
            same = all(self._same(group, r, e) for r, e in self.readers[item])
            if edges and same:
                own.items.remove(item)
                self._merge(group, _Group("pointwise", item.layout, [item]))

    def _is_in_memory(self, item: Item) -> bool:
        """Tell whether a value is read outside its own loops, or is a number."""
        own = self.group_of[item]
        outside = any(self.group_of[r] is not own for r, e in self.readers[item])
        return outside or item.kind in {"numbers", "total"}

    def _last(self, group: _Group) -> int:
        return max(self.place[i] for i in group.items)

    def _fits(self, group: _Group, other: _Group) -> bool:
        """Tell whether the loops of `other` are among those of `group`."""
        if group.kind == "columns":
            assert isinstance(group.layout, Panels)  # noqa: S101
            return other.layout == Line(group.layout.cols)
        if group.kind == "rows":
            assert isinstance(group.layout, Panels)  # noqa: S101
            return other.layout in (group.layout, Line(group.layout.rows))
        return group.layout == other.layout

    def _draw_in(self, fold: Item) -> None:
        """Bring what is computed with a reduction of rows into its loop."""
        group = self.group_of[fold]
        while True:
            around = {
                self.group_of[other] for item in group.items
                for other in (*(e.source for e in item.edges),
                              *(r for r, _ in self.readers[item]))
            } - {group}  # fmt: skip
            for other in sorted(around, key=self._last):
                joinable = other.kind in {"pointwise", "rows"}
                if other.kind == "rows" and other.layout != group.layout:
                    continue
                if (
                    joinable
                    and self._fits(group, other)
                    and self._may_join(group, other)
                ):
                    self._merge(group, other)
                    break
            else:
                return

    def _join_producers(self, fold: Item) -> None:
        """Compute what only a reduction over all rows reads where it reads it."""
        group, pending = self.group_of[fold], [e.source for e in fold.edges]
        while pending:
            item = pending.pop()
            other = self.group_of[item]
            alone = other.kind == "pointwise" and len(other.items) == 1
            only = all(self.group_of[r] is group for r, _ in self.readers[item])
            if alone and only and item.layout == group.layout and not item.target:
                self._merge(group, other)
                pending += [e.source for e in item.edges]

    def _may_join(self, group: _Group, other: _Group) -> bool:
        both = {group, other}
        for first, second in ((group, other), (other, group)):
            for item in second.items:
                for edge in item.edges:
                    if self.group_of[edge.source] is first and not self._same(
                        group, item, edge
                    ):
                        return False
        return not self._is_around(both)

    def _same(self, group: _Group, item: Item, edge: Edge) -> bool:
        """Tell whether what an item reads of another is made in the same turn."""
        source = edge.source
        if group.kind == "columns":
            return edge.at == "i" and isinstance(item.layout, Line)
        if edge.at == ALL or source.kind in {
            "total",
            "numbers",
            "turned",
            "gather",
            "running",
            "scan",
            "in numpy",
        }:
            return False
        if isinstance(group.layout, Panels) and group.kind == "rows":
            is_line = isinstance(source.layout, Line) or source.kind == "row fold"
            return edge.at in (("i",) if is_line else ("ij",))
        wanted = "ij" if isinstance(group.layout, Panels) else "i"
        return edge.at == wanted

    def _is_around(self, both: set[_Group]) -> bool:
        """Tell whether something outside lies between two groups."""
        seen: set[_Group] = set()
        stack = [
            g for group in both for item in group.items
            for r, _ in self.readers[item] if (g := self.group_of[r]) not in both
        ]  # fmt: skip
        while stack:
            group = stack.pop()
            if group in both:
                return True
            if group not in seen:
                seen.add(group)
                stack += [
                    self.group_of[r]
                    for item in group.items
                    for r, _ in self.readers[item]
                ]
        return False

    def _merge(self, group: _Group, other: _Group) -> None:
        group.items = sorted({*group.items, *other.items}, key=self.place.__getitem__)
        for item in other.items:
            self.group_of[item] = group

    # --- order ------------------------------------------------------------------------

    def is_aligned(self, reader: Item, edge: Edge) -> bool:
        """Tell whether the thread that made a value is the one that reads it."""
        kind = self.group_of[reader].kind
        if kind == "columns" and isinstance(reader.layout, Panels):
            return edge.source.kind in {"numbers", "total"}
        return edge.is_aligned

    def in_order(self) -> list[_Group]:
        """Give the groups, operands first; as they were written where that is free."""
        done: dict[_Group, None] = {}
        waiting = sorted(set(self.group_of.values()), key=self._first)

        def visit(group: _Group, path: tuple[_Group, ...] = ()) -> None:
            if group in done:
                return
            before = {self.group_of[e.source] for i in group.items for e in i.edges}
            for other in sorted(before - {group}, key=self._first):
                visit(other, (*path, group))
            done[group] = None

        for group in waiting:
            visit(group)
        return list(done)

    def _first(self, group: _Group) -> int:
        return min(self.place[i] for i in group.items)


def _needed(computation: Computation, grouping: _Grouping) -> set[Node]:
    """Give the values that need a place in memory."""
    needed = {origin(n) for n in computation.outputs}
    for item in grouping.items:
        for edge in item.edges:
            outside = grouping.group_of[edge.source] is not grouping.group_of[item]
            if outside and not edge.is_order and edge.source.kind != "scan":
                needed.add(edge.source.node)
    return needed


class _Scans:
    """Makes the leaves of loops, each with the plan of its inside."""

    def __init__(
        self, computation: Computation, items: Items,
        has_form: Callable[[Node], bool], depth: int,
    ) -> None:  # fmt: skip
        self.computation = computation
        self.items = items
        self.has_form = has_form
        self.depth = depth

    def leaf(self, scan: Node) -> Scan:
        """Give the leaf of a loop."""
        counter = f"now_{self.depth + 1}" if self.depth else "now"
        inside = inside_of(scan, self.items.results_of[scan], self.computation, counter)
        begin = [Put(value, carry) for carry, value in inside.begin]
        return Scan(
            (), None, count=inside.length, counter=counter,
            is_reverse=inside.is_reverse,
            begin=(*map(_move, begin), *map(_zeros, inside.zero)),
            body=schedule(inside.computation, self.has_form, self.depth + 1),
            outside=inside.outside, same=inside.same,
        )  # fmt: skip


def _move(put: Put) -> Move:
    length = length_of(layout_of(put.value.spec.shape))
    return Move((), length, to=put.to, value=put.value, counter=put.counter,
                is_added=put.is_added)  # fmt: skip


def _zeros(node: Node) -> Move:
    return Move((), length_of(layout_of(node.spec.shape)), to=node, value=None)


def _special(group: _Group, scans: _Scans) -> Leaf | None:
    """Give the leaf of a loop, of NumPy's, or of what is moved; None for others."""
    item = group.items[0]
    if group.kind == "scan":
        return scans.leaf(item.node)
    if group.kind == "in numpy":
        return InNumpy((item.node,), None)
    return None if item.put is None else _move(item.put)


def _leaf(group: _Group, needed: set[Node]) -> Leaf:
    """Give what a group is in the plan."""
    nodes = _unique(i.node for i in group.items if i.kind != "store")
    kept = frozenset(n for n in nodes if n in needed)
    stores = {i.target: i.node for i in group.items if i.target is not None}
    layout, length = group.layout, length_of(group.layout)
    if group.kind == "pointwise":
        return Pointwise(nodes, length, kept, stores, layout=layout)
    if group.kind == "total":
        first = group.items[0]
        of_rows = any(e.source.node is first.node for e in first.edges)
        return Total(nodes, None, kept, stores, of_rows=of_rows)
    if group.kind == "turned":
        (node,) = nodes
        whole = turning(node)
        assert whole is not None  # noqa: S101
        length = whole.rows if whole.count == 1 else whole.count
    if group.kind in _PLAIN:
        return _PLAIN[group.kind](nodes, length, kept, stores)
    assert isinstance(layout, Panels)  # noqa: S101
    rows, cols = layout.rows, layout.cols
    if group.kind == "rows":
        return Rows(nodes, rows, kept, stores, rows=rows, cols=cols)
    if group.kind == "columns":
        return Columns(nodes, cols, kept, stores, rows=rows, cols=cols)
    item = next(i for i in group.items if i.kind == "product")
    return Tile(
        nodes, rows, kept, stores, product=item.node, turned=item.is_left_turned
    )


_PLAIN: dict[str, type[Leaf]] = {
    "gather": Gather,
    "numbers": Numbers,
    "plain": Plain,
    "running": Plain,
    "turned": Turned,
}


def _unique(nodes: Iterable[Node]) -> tuple[Node, ...]:
    return tuple(dict.fromkeys(nodes))
