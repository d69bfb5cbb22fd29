"""Leaves of a plan over matrices and lines: loops with what is done at an element.

The letter i counts the rows of a matrix, or the places of a line; j its columns.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence

from derivo.emit.c.element import Text, literal
from derivo.emit.c.place import CAST, LONGEST_PART, count_uses, text_of
from derivo.emit.plan.items import is_literal, operand_at, reduced_letters
from derivo.emit.plan.layout import (
    Line,
    Number,
    Panels,
    layout_of,
    letters,
    origin,
    turning,
)  # fmt: skip
from derivo.emit.plan.leaf import (
    Columns,
    Leaf,
    Numbers,
    Pointwise,
    Rows,
    Tile,
    Total,
    Turned,
)  # fmt: skip
from derivo.emit.plan.passes import Passes
from derivo.emit.plan.stacked import stacked
from derivo.emit.portable.places import PlaceWriter
from derivo.emit.portable.scope import (
    Scope,
    around,
    factor,
    number_of,
    numbered,
    taken_in,
    true_shape,
)  # fmt: skip
from derivo.graph.dim import Dim, product
from derivo.graph.element import Fold
from derivo.graph.node import Node
from derivo.graph.op import fields


class Loops:
    """The inside of the loops of a leaf.

    Attributes
    ----------
    is_matrix
        Whether the loops run over a matrix.
    line
        The letter that a line is counted by, where it has no number for each column.
    locals
        Values that have a variable here, or are written where they are read.
    """

    def __init__(self, scope: Scope, *, is_matrix: bool, line: str = "i") -> None:
        self.scope = scope
        self.is_matrix = is_matrix
        self.line = line
        self.locals: dict[Node, Text] = {}

    # --- reading ----------------------------------------------------------------------

    def read(self, node: Node, at: str) -> Text:
        """Read an element of a value, at these letters."""
        source = origin(node)
        if source in self.locals:
            return self.locals[source]
        if is_literal(source):
            return self.scope.literal(source)
        if self.scope.is_number(source):
            return element(self.scope, source)
        layout = layout_of(source.spec.shape)
        if isinstance(layout, Line):
            letter = "j" if self.is_matrix and at == "j" else self.line
            return element(self.scope, source, letter)
        return element(self.scope, source, "i", "j")

    def value(self, node: Node) -> Text:
        """Write an element of what an operation gives."""
        text, values = text_of(node), {}
        for k, operand in enumerate(node.inputs):
            if isinstance(node.op.element, Fold):
                at = letters(layout_of(operand.spec.shape))
            else:
                at = operand_at(node, operand) or ""
            value = self.read(operand, at)
            wish = self.scope.wish(operand)
            values[f"_{k}"] = self.scope.repeated(value, text, k, wish)
        for name, number in fields(node.attrs).items():
            if isinstance(number, int | float):
                values.setdefault(f"_{name}", literal(float(number)))
        found = self.scope.printed(node, text, values)
        if node.spec.kind != "bool" and found.is_truth:
            return self.scope.printer.real(found)
        return found

    # --- writing ----------------------------------------------------------------------

    def compute(self, nodes: Sequence[Node], leaf: Leaf) -> None:
        """Compute values: in a variable, or where they are read if they are short."""
        counts = count_uses(leaf.nodes)
        fixed = {*leaf.kept, *leaf.stores.values()}
        for node in nodes:
            value = self.value(node)
            if value.kind == "number":
                value = self.scope.printer.real(value)
            is_once = counts.get(node, 0) + (node in fixed) <= 1
            if not (is_once and len(value.code) <= LONGEST_PART):
                value = self.scope.bound(value, self.scope.wish(node))
            self.locals[node] = value

    def keep(self, nodes: Iterable[Node], leaf: Leaf) -> None:
        """Put values into their arrays."""
        for node in nodes:
            if node in leaf.kept:
                self.put(node, self.locals[node])

    def store(self, leaf: Leaf, at: str) -> None:
        """Give arguments that lie as the loops go their new values."""
        for argument, value in leaf.stores.items():
            if letters(layout_of(argument.spec.shape)) == at:
                self.put(argument, self.read(value, at))

    def put(self, node: Node, value: Text) -> None:
        """Put an element of a value into its array."""
        layout = layout_of(node.spec.shape)
        if isinstance(layout, Number):
            to = self.scope.called[node]
        elif isinstance(layout, Line):
            to = f"{self.scope.array(node)}[{self.line}]"
        else:
            to = f"{self.scope.array(node)}[i * {factor(layout.cols)} + j]"
        self.scope.lines.append(f"{to} = {self.scope.real(value)};")


class Accumulator:
    """A reduction that takes in one element after the other."""

    def __init__(self, scope: Scope, node: Node) -> None:
        fold = node.op.element
        assert isinstance(fold, Fold)  # noqa: S101
        self.scope, self.fold, self.node = scope, fold, node
        self.name = scope.names.fresh(scope.wish(node))
        start = scope.real(scope.printer.print(fold.start, {}))
        self.begin = f"real {self.name} = {start};"

    def take(self, value: Text) -> None:
        """Take an element in."""
        value = self.scope.printer.as_kind(value, "real")
        value = self.scope.repeated(value, self.fold.step, 0, "next")
        given = {"_acc": Text(self.name, "real"), "_0": value}
        step = self.scope.printer.print(self.fold.step, given)
        step = self.scope.counted(self.node, step)
        self.scope.lines.append(taken_in(self.name, step.code))

    def join(self, value: Text) -> None:
        """Take in what was gathered of other elements: numbers of zeros are added."""
        if self.fold.start == "0":
            self.scope.lines.append(f"{self.name} += {value.code};")
        else:
            self.take(value)

    def finished(self, count: Dim) -> Text:
        """Write the result, of so many elements."""
        acc = Text(self.name, "real")
        if self.fold.finish == "{acc}":
            return acc
        given = {"_acc": acc, "_count": number_of(count)}
        return self.scope.printer.print(self.fold.finish, given)


def element(scope: Scope, source: Node, *at: str) -> Text:
    """Read an element of a matrix or a line, at a row and a column or at a place.

    What lies nowhere is read where it is made.
    """
    shape = source.spec.shape
    if source in scope.called:
        if scope.is_number(source):
            return scope.number(source)
        true = [d for d in (product(shape[:-1]), product(shape[-1:])) if d != 1]
        return scope.in_array(source, numbered(at, tuple(true)))
    letters = iter(at)
    index = tuple("0" if d == 1 else next(letters) for d in shape)
    places = PlaceWriter(scope)
    places.ranges = dict(zip(at, true_shape(shape), strict=True))
    return places.at(source, index)


# --- leaves ---------------------------------------------------------------------------


def write_numbers(leaf: Numbers, scope: Scope) -> list[str]:
    """Write numbers made from numbers; give what is stored when all is done."""
    loops = Loops(scope, is_matrix=False)
    for node in leaf.nodes:
        scope.define(node, scope.counted(node, loops.value(node)))
    return [
        f"{scope.called[argument]} = {scope.real(loops.read(value, ''))};"
        for argument, value in leaf.stores.items()
    ]


def write_pointwise(leaf: Pointwise, scope: Scope) -> None:
    """Write a leaf element by element."""
    is_matrix = isinstance(leaf.layout, Panels)
    at = letters(leaf.layout)
    loops = Loops(scope, is_matrix=is_matrix)
    outer, scope.lines = scope.lines, []
    loops.compute(leaf.nodes, leaf)
    loops.keep(leaf.nodes, leaf)
    loops.store(leaf, at)
    if isinstance(leaf.layout, Panels):
        axes = [("i", leaf.layout.rows), ("j", leaf.layout.cols)]
    else:
        assert isinstance(leaf.layout, Line)  # noqa: S101
        axes = [("i", leaf.layout.length)]
    scope.lines = [*outer, around(scope.lines, axes)]


def write_tile(leaf: Tile, scope: Scope) -> None:
    """Write a product of matrices, or of each in a stack, and what follows on it."""
    node = leaf.product
    whole = stacked(node)
    assert whole is not None  # noqa: S101
    whole = whole if leaf.turned else whole.with_rows_together()
    is_stack = whole.count != 1
    row = "r" if is_stack else "i"
    left, right = (origin(n) for n in node.inputs)
    if leaf.turned:
        left = origin(left.inputs[0])
    is_turned = leaf.turned or left not in scope.called
    first = second = ""
    if is_stack and whole.has_own_left:
        first = f"stack * {factor(whole.inner if is_turned else whole.rows)} + "
    if is_stack and whole.has_own_right:
        second = f"stack * {factor(whole.inner)} + "
    if leaf.turned:
        a = element(scope, left, f"{first}p", row)
    else:
        a = element(scope, left, f"{first}{row}", "p")
    b = element(scope, right, f"{second}p", "j")
    loops = Loops(scope, is_matrix=True)
    acc = scope.names.fresh(scope.wish(node))
    loops.locals[node] = Text(acc, "real")
    outer, scope.lines = scope.lines, []
    if is_stack:
        scope.lines.append(f"const long i = stack * {factor(whole.rows)} + r;")
    scope.lines.append(f"real {acc} = 0;")
    inner = f"{acc} += {a.inside(CAST)} * {b.inside(CAST)};"
    scope.lines.append(around([inner], [("p", whole.inner)]))
    loops.compute([n for n in leaf.nodes if n is not node], leaf)
    loops.keep(leaf.nodes, leaf)
    loops.store(leaf, "ij")
    axes = [(row, whole.rows), ("j", whole.cols)]
    if is_stack:
        axes = [("stack", whole.count), *axes]
    scope.lines = [*outer, around(scope.lines, axes)]


def write_rows(leaf: Rows, scope: Scope) -> None:
    """Write reductions of rows, and what is computed with them."""
    loops = _RowLoops(leaf, scope)
    outer, scope.lines = scope.lines, []
    for number in range(-1, loops.passes.last + 1):
        loops.write_pass(number)
    scope.lines = [*outer, around(scope.lines, [("i", leaf.rows)])]


class _RowLoops(Loops):
    """The passes over a row."""

    def __init__(self, leaf: Rows, scope: Scope) -> None:
        super().__init__(scope, is_matrix=True)
        self.leaf = leaf
        self.passes = Passes(leaf)

    def write_pass(self, number: int) -> None:
        """Write a pass over a row, and the numbers that are known after it."""
        nodes = [n for n in self.leaf.nodes if self.passes.of[n] == number]
        matrices = [n for n in nodes if self.passes.is_matrix(n)]
        accs = {
            n: Accumulator(self.scope, n) for n in nodes if self.passes.is_fold(n)
        }  # fmt: skip
        is_last = number == self.passes.last
        before = [*self.scope.lines, *(a.begin for a in accs.values())]
        self.scope.lines = []
        self._along(matrices, accs)
        if is_last:
            self.store(self.leaf, "ij")
        inside = self.scope.lines
        loop = [around(inside, [("j", self.leaf.cols)])] if inside else []
        self.scope.lines = [*before, *loop]
        self._hand_on(matrices)
        for node, acc in accs.items():
            self._reduced(node, acc)
        for node in nodes:
            if not self.passes.is_during(node):
                self._number(node, self.value(node))
        if is_last:
            self.store(self.leaf, "i")

    def _along(
        self, matrices: Sequence[Node], accs: Mapping[Node, Accumulator]
    ) -> None:
        """Write what is done at each place of the row."""
        self.compute(matrices, self.leaf)
        for node in matrices:
            if node in self.scope.row_of:
                code = self.scope.real(self.locals[node])
                self.scope.lines.append(f"{self.scope.row_of[node]}[j] = {code};")
        self.keep(matrices, self.leaf)
        for node, acc in accs.items():
            acc.take(self.read(node.inputs[0], "ij"))

    def _hand_on(self, matrices: Sequence[Node]) -> None:
        """Let what a pass had in variables be read where it was kept."""
        for node in matrices:
            del self.locals[node]
            if node not in self.scope.row_of:
                continue
            code = f"{self.scope.row_of[node]}[j]"
            if node.spec.kind == "bool":
                self.locals[node] = Text(f"({code} != 0)", "flag")
            else:
                self.locals[node] = Text(code, "real")

    def _reduced(self, node: Node, acc: Accumulator) -> None:
        """Write the result of a reduction of the row."""
        if reduced_letters(node) == "ij":
            self.scope.lines.append(f"{self.scope.row_of[node]}[i] = {acc.name};")
        else:
            self._number(node, acc.finished(self.leaf.cols))

    def _number(self, node: Node, value: Text) -> None:
        self.locals[node] = self.scope.bound(value, self.scope.wish(node))
        self.keep([node], self.leaf)


def write_columns(leaf: Columns, scope: Scope) -> None:
    """Write reductions over all rows, column by column, and what follows on them."""
    matrices = Panels(leaf.rows, leaf.cols)
    folds = {
        n: Accumulator(scope, n) for n in leaf.nodes if _is_of_columns(n, matrices)
    }
    before = [
        n for n in leaf.nodes
        if n not in folds and layout_of(n.spec.shape) == matrices
    ]  # fmt: skip
    after = [n for n in leaf.nodes if n not in folds and n not in before]
    inside = Loops(scope, is_matrix=True)
    outer, scope.lines = scope.lines, []
    inside.compute(before, leaf)
    inside.keep(before, leaf)
    for node, acc in folds.items():
        acc.take(inside.read(node.inputs[0], "ij"))
    rows = around(scope.lines, [("i", leaf.rows)])
    scope.lines = [*(a.begin for a in folds.values()), rows]
    outside = Loops(scope, is_matrix=False, line="j")
    for node, acc in folds.items():
        value = acc.finished(leaf.rows)
        outside.locals[node] = scope.bound(value, scope.wish(node))
    outside.compute(after, leaf)
    outside.keep([*folds, *after], leaf)
    outside.store(leaf, "i")
    scope.lines = [*outer, around(scope.lines, [("j", leaf.cols)])]


def _is_of_columns(node: Node, matrices: Panels) -> bool:
    is_fold = isinstance(node.op.element, Fold)
    return (
        is_fold
        and layout_of(node.inputs[0].spec.shape) == matrices
        and reduced_letters(node) == "i"
    )


def write_total(leaf: Total, scope: Scope) -> None:
    """Write a line, or what `Rows` gave for each row, reduced to a number."""
    (node,) = leaf.nodes
    (operand,) = node.inputs
    acc = Accumulator(scope, node)
    layout = layout_of(operand.spec.shape)
    scope.lines.append(acc.begin)
    outer, scope.lines = scope.lines, []
    if isinstance(layout, Panels):
        length, count = layout.rows, product(operand.spec.shape)
        acc.join(Text(f"{scope.row_of[node]}[i]", "real"))
    else:
        assert isinstance(layout, Line)  # noqa: S101
        length = count = layout.length
        acc.take(Loops(scope, is_matrix=False).read(operand, "i"))
    scope.lines = [*outer, around(scope.lines, [("i", length)])]
    scope.name_number(node, scope.bound(acc.finished(count), scope.wish(node)))


def write_turned(leaf: Turned, scope: Scope) -> None:
    """Write a copy with rows and columns exchanged, or of each in a stack."""
    (node,) = leaf.nodes
    whole, source = turning(node), origin(node.inputs[0])
    assert whole is not None  # noqa: S101
    rows, cols = factor(whole.rows), factor(whole.cols)
    place, to = ("i", "j") if whole.count == 1 else (
        f"(stack * {rows} + i)", f"(stack * {cols} + j)"
    )  # fmt: skip
    line = f"{scope.array(node)}[{to} * {rows} + i] = "
    line += f"{scope.called[source]}[{place} * {cols} + j];"
    axes: list[tuple[str, Dim]] = [("i", whole.rows), ("j", whole.cols)]
    if whole.count != 1:
        axes = [("stack", whole.count), *axes]
    scope.lines.append(around([line], axes))
