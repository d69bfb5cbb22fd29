"""From a graph to items: each value with the loops that it needs and what it reads."""

from __future__ import annotations

import ast
from collections import defaultdict
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field

from derivo.emit.expression import parsed
from derivo.emit.plan.computation import Computation, Put, with_insides
from derivo.emit.plan.layout import (
    LETTERS,
    Layout,
    Line,
    Number,
    Panels,
    is_alias,
    is_turned,
    layout_of,
    letters,
    operand_place,
    origin,
    place,
    read_at,
    turning,
    view_place,
)  # fmt: skip
from derivo.emit.plan.stacked import stacked
from derivo.errors import NotSupportedError
from derivo.graph.dim import Dim, symbol
from derivo.graph.element import (
    Contracted,
    Extreme,
    Fold,
    Placed,
    Product,
    Running,
    Same,
    Scattered,
)
from derivo.graph.node import Node, order

# How an item reads a value: at the letters of its own place, or all of it.
ALL = "all"
_POINTWISE = {"pointwise", "store"}
# What always runs in plain loops.
_PLAIN = (Placed, Scattered, Extreme, Running, Contracted)


@dataclass(eq=False)
class Edge:
    """One item must be done before another.

    Attributes
    ----------
    source
        What comes first.
    at
        Letters of the place at which it is read, in the reader's loops; "" for a
        number; `ALL` for everything.
    is_order
        Nothing is read: the source reads what the other overwrites.
    """

    source: Item
    at: str
    is_order: bool = False

    @property
    def is_aligned(self) -> bool:
        """Whether a thread reads only what it made itself."""
        if self.source.kind in {"scan", "in numpy"}:
            return False
        is_number = isinstance(self.source.layout, Number)
        if self.source.kind in {"numbers", "total"} or is_number or not self.at:
            return True
        return self.at[0] == "i" and self.source.kind not in {"turned", "running"}


@dataclass(eq=False)
class Item:
    """A value with the loops that it needs.

    Attributes
    ----------
    kind
        "gather", "numbers", "pointwise", "product", "row fold", "column fold", "total",
        "turned", "plain", "running", "in numpy" for what has no form in loops, "scan"
        for a loop over time with all its results, "put" for a value that is moved, or
        "store" for a result that is written back to an argument.
    node
        The value.
    layout
        Of the loops: of the operand for a reduction.
    edges
        What must come before.
    target
        The argument that a store writes to.
    put
        Where a value goes that is moved.
    is_left_turned
        For a product: the left operand is read as the transpose of what lies there.
    """

    kind: str
    node: Node
    layout: Layout
    edges: list[Edge] = field(default_factory=list)
    target: Node | None = None
    put: Put | None = None
    is_left_turned: bool = False

    @property
    def is_pointwise(self) -> bool:
        """Whether elements are computed one by one."""
        return self.kind in _POINTWISE


@dataclass
class Items:
    """All items of a computation.

    Attributes
    ----------
    every
        In an order in which operands come first.
    of_value
        The item that makes a value, by the value's origin.
    mirrors
        Transposes of kept arguments: they are at hand when a step begins.
    results_of
        What is wanted of each loop.
    """

    every: list[Item]
    of_value: dict[Node, Item]
    mirrors: tuple[Node, ...]
    results_of: Mapping[Node, Sequence[Node]]


def is_literal(node: Node) -> bool:
    """Tell whether a value is written as a number wherever it is read."""
    given = node.op.name == "argument" or "bound" in node.op.traits
    plain = not node.inputs and not node.spec.rank and not given
    return plain or isinstance(node.op.element, Same)


def is_count(node: Node) -> bool:
    """Tell whether a value is whole numbers that are computed from whole numbers.

    They are computed as floating-point numbers, and must be found to be exact. How many
    truths there are is known to be no large number.
    """
    if node.spec.kind not in {"int", "pyint"} or not node.inputs or _is_view(node):
        return False
    return any(i.spec.kind != "bool" for i in node.inputs if not is_literal(i))


def reduced_letters(node: Node) -> str | None:
    """Give the letters of the operand's loops that a reduction runs over.

    Returns
    -------
    str or None
        "i", "j", "ij", or "" if nothing is reduced; None: some of the axes that rows
        stand for.
    """
    fold, (operand,) = node.op.element, node.inputs
    assert isinstance(fold, Fold)  # noqa: S101
    shape = operand.spec.shape
    axes = set(fold.axes(node.attrs, shape))
    layout, true = layout_of(shape), {a for a, d in enumerate(shape) if d != 1}
    if not isinstance(layout, Panels):
        return {frozenset(): "", frozenset(true): letters(layout)}.get(
            frozenset(axes & true)
        )
    last = len(shape) - 1
    row = {frozenset(): "", frozenset(true - {last}): "i"}.get(
        frozenset(axes & true - {last})
    )
    return None if row is None else row + ("j" if last in axes else "")


def operand_at(node: Node, operand: Node) -> str | None:
    """Give where an operation element by element, or a view, reads an operand.

    See `read_at`. None as well where the operand lies in another way: the rows of a
    matrix may be the places of a line, and the other way round.
    """
    index = view_place(node)
    if index is None:
        index = operand_place(operand.spec.shape, place(node.spec.shape))
    at = read_at(index, node.spec.shape)
    lies = letters(layout_of(operand.spec.shape))
    return at if at is None or lies == {"j": "i"}.get(at, at) else None


def items_of(computation: Computation, has_form: Callable[[Node], bool]) -> Items:
    """Classify every value, and find what it reads.

    Parameters
    ----------
    computation
        Of which values.
    has_form
        Tells whether an operation can be printed as loops.

    Raises
    ------
    NotSupportedError
        A parameter that becomes what cannot be stored; the message says which.
    """
    return _Classifier(computation, has_form).run()


class _Classifier:
    def __init__(
        self, computation: Computation, has_form: Callable[[Node], bool]
    ) -> None:
        self.computation = computation
        self.has_form = has_form
        self.nodes = _live(computation.roots)
        self.results_of: dict[Node, list[Node]] = defaultdict(list)
        self.every: list[Item] = []
        self.of_value: dict[Node, Item] = {}
        # Who reads an argument, and at which letters.
        self.readers: dict[Node, list[tuple[Item, str]]] = defaultdict(list)
        self.left_only = self._read_on_the_left()
        kept = set(computation.kept)
        self.mirrors = tuple(
            n for n in self.nodes
            if is_turned(n) and n not in self.left_only and origin(n.inputs[0]) in kept
            and computation.has_mirrors
        )  # fmt: skip
        self.in_place = self._read_in_place()

    def run(self) -> Items:
        for node in self.computation.batches:
            self._add(Item("gather", node, layout_of(node.spec.shape)))
        for node in self.nodes:
            self._classify(node)
        for put in self.computation.puts:
            layout = layout_of(put.value.spec.shape)
            item = Item("put", origin(put.value), layout, put=put)
            self._read(item, put.value, letters(layout))
            self.every.append(item)
        stores = self._stores()
        for node in self.mirrors:
            argument = origin(node.inputs[0])
            if argument in stores:
                item = Item("turned", node, layout_of(argument.spec.shape))
                item.edges.append(
                    Edge(stores[argument], _turned_at(node), is_order=True)
                )
                item.edges += [
                    Edge(r, ALL, is_order=True) for r, _ in self.readers[node]
                ]
                self.every.append(item)
        return Items(self.every, self.of_value, self.mirrors, self.results_of)

    def _read_on_the_left(self) -> set[Node]:
        """Give the transposes that are only left operands of products."""
        other = set(self.computation.roots)
        for node in self.nodes:
            is_product = stacked(node) is not None
            other |= set(node.inputs[1:] if is_product else node.inputs)
        return {n for n in self.nodes if is_turned(n) and n not in other}

    def _read_in_place(self) -> set[Node]:
        """Give the views that lie nowhere: plain loops read through them.

        A view that others read, too, is a copy.
        """
        roots = set(map(origin, self.computation.roots))
        stored = set(roots)
        found: set[Node] = set()
        for node in reversed(self.nodes):
            if is_alias(node):
                continue
            is_kept = node in stored or node in self.mirrors or node in self.left_only
            if node not in roots and self._is_read_as_it_lies(node):
                found.add(node)
                stored |= set(map(origin, node.inputs))
            elif _is_view(node) and not is_kept:
                found.add(node)
            elif not self._is_plain(node):
                stored |= set(map(origin, node.inputs))
        return found

    def _is_read_as_it_lies(self, node: Node) -> bool:
        """Tell whether a value that is only in another order is not written out.

        Its place must be said with the letters of a matrix, or of a line.
        """
        axes = [d for d in node.spec.shape if d != 1]
        is_said = len(axes) == len(letters(layout_of(node.spec.shape)))
        if self.computation.has_copies or not is_said:
            return False
        return is_turned(node) or (_is_view(node) and self._is_plain(node))

    def _add(self, item: Item) -> None:
        self.every.append(item)
        self.of_value[item.node] = item

    def _classify(self, node: Node) -> None:
        if is_literal(node) or node.op.name == "argument" or is_alias(node):
            return
        if node in self.computation.kept:  # an array that was closed over
            return
        if node in self.mirrors or node in self.left_only or node in self.in_place:
            return
        if "item" in node.op.traits:
            (scan,) = node.inputs
            self.of_value[node] = self.of_value[scan]
            self.results_of[scan].append(node)
            return
        self._add(self._item(node))

    def _item(self, node: Node) -> Item:
        layout = layout_of(node.spec.shape)
        if "loop" in node.op.traits:
            item = Item("scan", node, Number())
            for operand in node.inputs:
                self._read(item, operand, ALL)
        elif not self.has_form(node):
            item = Item("in numpy", node, layout)
            for operand in node.inputs:
                self._read(item, operand, ALL)
        elif self._is_plain(node):
            # One thread goes along the axis of a running sum; the others wait for it.
            running = isinstance(node.op.element, Running)
            item = Item("running" if running else "plain", node, layout)
            for k, operand in enumerate(node.inputs):
                self._read(item, operand, "i" if _reads_own_row(node, k) else ALL)
        elif is_turned(node):
            item = Item("turned", node, layout_of(node.inputs[0].spec.shape))
            self._read(item, node.inputs[0], _turned_at(node))
        elif isinstance(node.op.element, Product):
            item = self._product(node, layout)
        elif isinstance(node.op.element, Fold):
            item = self._fold(node)
        else:
            item = self._pointwise(node, layout)
        return item

    def _is_plain(self, node: Node) -> bool:
        """Tell whether a value is left to plain loops."""
        element = node.op.element
        if is_turned(node) or not self.has_form(node):
            return False
        if is_count(node) and not (
            isinstance(layout_of(node.spec.shape), Number)
            and "elementwise" in node.op.traits
        ):
            return True
        if isinstance(element, Product):
            return stacked(node) is None
        if isinstance(element, Fold):
            # A row's number must be where the numbers of rows are.
            axes, whole = reduced_letters(node), layout_of(node.inputs[0].spec.shape)
            if axes in {"i", "j"} and isinstance(whole, Panels):
                whole = Line(whole.rows if axes == "j" else whole.cols)
            elif axes:
                whole = Number()
            return axes is None or layout_of(node.spec.shape) != whole
        if isinstance(element, _PLAIN):
            return True
        known = view_place(node) is not None or "elementwise" in node.op.traits
        return known and any(
            operand_at(node, i) is None for i in node.inputs if not is_literal(i)
        )

    def _product(self, node: Node, layout: Layout) -> Item:
        item = Item("product", node, layout)
        left, right = node.inputs
        whole = stacked(node)
        assert whole is not None  # noqa: S101
        if left in self.left_only:
            item.is_left_turned = True
            self._read(item, left.inputs[0], ALL)
        else:
            is_same = whole.count == 1 or whole.has_own_left
            self._read(item, left, "i" if is_same else ALL)
        self._read(item, right, ALL)
        return item

    def _fold(self, node: Node) -> Item:
        (operand,) = node.inputs
        layout, axes = layout_of(operand.spec.shape), reduced_letters(node)
        kinds = {"": "pointwise", "j": "row fold", "ij": "row fold", "i": "column fold"}
        assert axes is not None  # noqa: S101
        kind = "total" if isinstance(layout, Line) and axes else kinds[axes]
        item = Item(kind, node, layout)
        at = {"row fold": "ij", "pointwise": letters(layout)}
        self._read(item, operand, at.get(kind, ALL))
        if axes != "ij":
            return item
        # A matrix gives a number for each row first, then one number.
        self.every.append(item)
        assert isinstance(layout, Panels)  # noqa: S101
        return Item("total", node, Line(layout.rows), [Edge(item, ALL)])

    def _pointwise(self, node: Node, layout: Layout) -> Item:
        item = Item(
            "numbers" if isinstance(layout, Number) else "pointwise", node, layout
        )
        for operand in node.inputs:
            self._read(item, operand, operand_at(node, operand) or "")
        return item

    def _read(self, item: Item, operand: Node, at: str) -> None:
        """Note what an item reads; a mirror is read as it is."""
        if operand in self.mirrors:
            self.readers[operand].append((item, at))
            return
        source = origin(operand)
        if source in self.mirrors:
            self.readers[source].append((item, at))
        elif source in self.in_place:
            self._read(item, source.inputs[0], ALL)
        elif source in self.of_value:
            item.edges.append(Edge(self.of_value[source], at))
        elif not is_literal(source):
            self.readers[source].append((item, at))

    def _stores(self) -> dict[Node, Item]:
        stores: dict[Node, Item] = {}
        # NumPy may refuse a value: then nothing is to have changed.
        asking = [i for i in self.every if self._asks_numpy(i)]
        results = self.computation.results
        loss = self.computation.loss
        for argument, result in zip(self.computation.kept, results, strict=False):
            source = origin(result)
            if source is argument:
                continue
            if source not in self.of_value:
                message = f"`{source.op.name}` as the new value of a parameter"
                raise NotSupportedError(message)
            layout = layout_of(argument.spec.shape)
            item = Item("store", source, layout, target=argument)
            at = letters(layout)
            item.edges.append(Edge(self.of_value[source], at))
            item.edges += [
                Edge(r, _overwritten(r, read, at), is_order=True)
                for r, read in self.readers[argument]
            ]
            if loss is not None and origin(loss) in self.of_value:
                item.edges.append(Edge(self.of_value[origin(loss)], "", is_order=True))
            item.edges += [Edge(may_fail, "", is_order=True) for may_fail in asking]
            self.every.append(item)
            stores[argument] = item
        return stores

    def _asks_numpy(self, item: Item) -> bool:
        """Tell whether NumPy computes a value, or one inside a loop."""
        if item.kind != "scan":
            return item.kind == "in numpy"
        inside = with_insides([item.node, *self.results_of[item.node]])
        return any(
            n.inputs and "item" not in n.op.traits and not self.has_form(n)
            for n in inside
        )


def _turned_at(node: Node) -> str:
    """Give where a transpose reads: of a stack, a thread takes whole matrices."""
    whole = turning(node)
    return "ij" if whole is not None and whole.count == 1 else ALL


def _is_view(node: Node) -> bool:
    """Tell whether a value only has the elements of its operand in other places."""
    if view_place(node) is not None or "reshapes" in node.op.traits:
        return True
    element = node.op.element
    if not isinstance(element, Placed) or "view" not in node.op.traits:
        return False
    if len(node.inputs) > 1:  # where it lies is computed
        return False
    text = element.text(
        place(node.spec.shape), node.attrs, [i.spec for i in node.inputs], node.spec
    )
    return text.startswith("{0}[") and " if " not in text


def _reads_own_row(node: Node, k: int) -> bool:
    """Tell whether each row of a value has elements of one row of an operand: its own.

    So it is where parts of rows are taken, or put side by side.
    """
    element, shape = node.op.element, node.spec.shape
    own, given = layout_of(shape), node.inputs[k].spec.shape
    if not isinstance(element, Placed) or not isinstance(own, Panels):
        return False
    if shape[:-1] != given[:-1] or not isinstance(layout_of(given), Panels):
        return False
    index, specs = place(shape), tuple(i.spec for i in node.inputs)
    text = element.text(index, node.attrs, specs, node.spec)
    if not text:
        return False
    name = f"_{k}"
    parts = [part for statement in parsed(text) for part in ast.walk(statement)]
    read = [
        p for p in parts if isinstance(p, ast.Subscript) and _is_name(p.value, name)
    ]
    if len(read) != sum(_is_name(p, name) for p in parts):
        return False  # some are read in another way
    row = [symbol(i) if i in LETTERS else int(i) for i in index[:-1]]
    return all(
        isinstance(p.slice, ast.Tuple) and [*map(_place, p.slice.elts[:-1])] == row
        for p in read
    )


def _place(tree: ast.expr) -> Dim | None:
    """Give a place as a sum of products of letters; None if it is none."""
    if isinstance(tree, ast.Constant) and isinstance(tree.value, int):
        return int(tree.value)
    if isinstance(tree, ast.Name):
        return symbol(tree.id)
    if not isinstance(tree, ast.BinOp) or type(tree.op) not in _SIGNS:
        return None
    a, b = _place(tree.left), _place(tree.right)
    return None if a is None or b is None else _SIGNS[type(tree.op)](a, b)


_SIGNS: dict[type[ast.operator], Callable[[Dim, Dim], Dim]] = {
    ast.Add: lambda a, b: a + b,
    ast.Sub: lambda a, b: a - b,
    ast.Mult: lambda a, b: a * b,
}


def _is_name(tree: ast.AST, name: str) -> bool:
    return isinstance(tree, ast.Name) and tree.id == name


def _live(roots: Iterable[Node]) -> tuple[Node, ...]:
    """Give what must be computed, operands first.

    What stands between a value and the same value under another shape is not read.
    """
    found, stack = dict.fromkeys(roots), [*roots]
    while stack:
        node = stack.pop()
        source = origin(node)
        below = node.inputs if source is node else (source,)
        stack += [n for n in below if n not in found]
        found |= dict.fromkeys(below)
    return tuple(n for n in order(roots) if n in found)


def _overwritten(reader: Item, read: str, at: str) -> str:
    """Give where a store at `at` may overwrite what was read at `read`.

    What a thread has read for its own rows it may overwrite there; what a reduction
    over all rows or a product has read it may not.
    """
    if read == ALL or read[:1] != at[:1] or reader.kind in {"column fold", "total"}:
        return ALL
    return "i" if reader.kind in {"product", "turned", "plain"} else at


def length_of(layout: Layout) -> Dim | None:
    """Give the length of the axis that threads share out."""
    if isinstance(layout, Panels):
        return layout.rows
    return layout.length if isinstance(layout, Line) else None
