"""Loops over elements: whatever has no faster form still runs."""

from __future__ import annotations

import ast
from collections.abc import Iterable, Sequence
from dataclasses import replace

from derivo.emit.c.address import NotInLanesError, Reader, flat_text
from derivo.emit.c.element import Text, literal
from derivo.emit.c.layout import block
from derivo.emit.c.place import CAST, Body, text_of
from derivo.emit.c.sums import BLOCK, Accumulator
from derivo.emit.c.whole import tree_of
from derivo.emit.c.writer import LeafText, Writer
from derivo.emit.plan.items import is_count
from derivo.emit.plan.layout import (
    Line,
    Number,
    Panels,
    layout_of,
    operand_place,
    place,
    true_places,
)  # fmt: skip
from derivo.errors import NotSupportedError
from derivo.graph.dim import Dim, Shape, Size, product
from derivo.graph.element import (
    Contracted,
    Extreme,
    Fold,
    Index,
    Placed,
    Product,
    Rearranged,
    Running,
    Scattered,
)  # fmt: skip
from derivo.graph.node import Node
from derivo.graph.op import fields

# The letter of axes that are summed over.
INNER = "p"
Axes = list[tuple[str, Dim]]


class PlainWriter(Writer):
    """One value, a register of elements at a time, or one by one.

    In lanes where what is read lies side by side along the last axis. One by one, sums
    are in double precision.
    """

    def write(self) -> LeafText:
        """Write the leaf."""
        shape = self.shape()
        is_counted = any(map(is_count, self.leaf.nodes))
        if isinstance(layout_of(shape), Panels) and not is_counted:
            try:
                return self.in_lanes(place(shape)[-1])
            except NotInLanesError:
                pass
        return self.in_lanes("")

    def shape(self) -> Shape:
        """Give the shape of what is gone through."""
        (node,) = self.leaf.nodes
        return node.spec.shape

    def in_lanes(self, lane: str) -> LeafText:
        """Write the leaf, with registers along the axis of a letter, or none."""
        (node,) = self.leaf.nodes
        self.begin(node.inputs, lane)
        element = node.op.element
        if isinstance(element, Scattered):
            return self._scattered(node, element)
        if isinstance(element, Running):
            return self._running(node, element)
        lines, value = self._element(node, place(node.spec.shape))
        return self._of_elements(node, lines, self.module.counted(node, value))

    def begin(self, inputs: tuple[Node, ...], lane: str) -> None:
        """Begin with nothing read."""
        self.body = Body(self.module, is_matrix=False)
        self.printer = self.module.printer
        self.lane = lane
        shape = self.shape()
        ranges = dict(zip(place(shape), shape, strict=True))
        self.reader = Reader(self.body, inputs, ranges, lane)

    def _element(self, node: Node, index: Index) -> tuple[list[str], Text]:
        """Write an element, and the statements that come before it."""
        element = node.op.element
        if isinstance(element, Placed):
            return [], self._placed(node, element, index)
        if isinstance(element, Fold):
            return self._reduced(node, element)
        if isinstance(element, Product):
            return self._product(node, index)
        if isinstance(element, Contracted):
            return self._contracted(node, index)
        if isinstance(element, Extreme):
            return self._extreme(node, element)
        return [], self._elementwise(node, index)

    # --- loops ------------------------------------------------------------------------

    def _of_elements(self, node: Node, lines: list[str], value: Text) -> LeafText:
        """Write the loops around an element; `lines` come before it."""
        name = self.module.arrays[node]
        title = self.module.names.fresh(f"compute_{name}")
        lines = [*self.body.lines, *lines]
        if isinstance(layout_of(node.spec.shape), Number):
            head = f"OWN double {title}(const struct step *s)"
            lines = [*lines, f"return {self.printer.real(value).code};"]
            text = block(head, [*self.declarations(self.body), *lines])
            call = f"s->{name} = {title}(s);"
            return LeafText(text, call) if self.leaf.nodes else LeafText(text, "", call)
        loops = self._own_share(node, lines, value)
        return self.shared(title, self.body, [loops], f"Element by element: {name}.")

    def _own_share(self, node: Node, lines: list[str], value: Text) -> str:
        """Write the loops over the elements of a part."""
        name, shape = self.module.arrays[node], node.spec.shape
        self.body.arrays[name] = None
        at, _ = self.reader.place(place(shape), shape)
        store = f"{name}[{at}] = {self.printer.real(value).code};"
        if self.lane:
            store = f"store({name} + {at}, {self.printer.vector(value).code});"
        return self.over_rows(shape, "\n".join([*lines, store]))

    def over_rows(self, shape: Shape, text: str) -> str:
        """Write the loop over the rows of a part, and the one along a row."""
        axes = [(i, d) for i, d in zip(place(shape), shape, strict=True) if d != 1]
        if isinstance(layout_of(shape), Panels):
            text = self._around(text, axes[-1:])
            axes = axes[:-1]
        if len(axes) <= 1:
            return block("for (long i = begin; i < end; ++i)", [text])
        places, flat = [], "row"
        for letter, size in reversed(axes[1:]):
            count = self.body.size(size)
            places.append(f"{letter} = {flat} % {count}")
            flat = f"{flat} / {count}" if flat == "row" else f"({flat}) / {count}"
        places.append(f"{axes[0][0]} = {flat}")
        head = f"const long {', '.join(reversed(places))};"
        return block("for (long row = begin; row < end; ++row)", [head, text])

    def _around(self, text: str, axes: Axes) -> str:
        """Write loops over whole axes, the first outermost."""
        for letter, size in reversed(axes):
            count = self.body.size(size)
            step = f"{letter} += LANES" if letter == self.lane else f"++{letter}"
            head = f"for (long {letter} = 0; {letter} < {count}; {step})"
            text = block(head, [text])
        return text

    # --- elements ---------------------------------------------------------------------

    def _factor(self, node: Node, index: Index) -> str:
        """Write an element as a factor of a sum in double precision."""
        value = self.printer.as_kind(self.reader.at(node, index), "real")
        return f"(double){value.inside(CAST)}"

    def _elementwise(self, node: Node, index: Index) -> Text:
        """Write an element of an elementwise operation, or of a view."""
        element = node.op.element
        text, values = text_of(node), {}
        for k, operand in enumerate(node.inputs):
            if isinstance(element, Rearranged):
                shapes = operand.spec.shape, node.spec.shape
                at = element.source(index, node.attrs, *shapes)
            else:
                at = operand_place(operand.spec.shape, index)
            value = self.reader.at(operand, at)
            if text.count(f"{{{k}}}") > 1 and value.value is None:
                value = self.body.bound(value, self.module.wish(operand))
            values[f"_{k}"] = value
        for name, number in fields(node.attrs).items():
            if isinstance(number, int | float):
                values.setdefault(f"_{name}", literal(number))
        return self.printer.print(text, values)

    # --- sums -------------------------------------------------------------------------

    def _reduced(self, node: Node, fold: Fold) -> tuple[list[str], Text]:
        """Write a reduction."""
        (operand,) = node.inputs
        shape = operand.spec.shape
        axes = fold.axes(node.attrs, shape)
        index = self._over(node, operand, axes)
        loops = [(index[a], shape[a]) for a in axes if shape[a] != 1]
        count = product(shape[a] for a in axes)
        value = self.reader.at(operand, index)
        if self.lane:
            return self._reduced_in_lanes(node, value, loops, count)
        value = self.printer.as_kind(value, "real")
        given = {"_acc": Text("sum", "number"), "_0": Text("next", "number")}
        step = self.module.counted(node, self.printer.print(fold.step, given)).code
        text = f"const double next = {value.code};\nsum = {step};"
        text = self._around(text, loops)
        many = self._size(count) if isinstance(count, Size) else literal(count)
        given = {"_acc": Text("sum", "number"), "_count": many}
        start = self.printer.print(fold.start, {}).code
        return [f"double sum = {start};", text], self.printer.print(fold.finish, given)

    def _reduced_in_lanes(
        self, node: Node, value: Text, loops: Axes, count: Dim
    ) -> tuple[list[str], Text]:
        """Write a reduction of a register of elements; long sums in blocks."""
        acc = Accumulator(self.module, node, "_sum")
        name = acc.name
        given = self.printer.vector(value).code
        inner = [f"const vec next = {given};", acc.step(name, Text("next", "vec"))]
        lines, result = [f"vec {name} = splat({acc.start});"], name
        after = []
        if acc.is_sum and not (isinstance(count, int) and count <= BLOCK):
            result = f"{name}_all"
            lines.append(f"vec {result} = splat(0), {name}_lost = splat(0);")
            join = f"add_block(&{result}, &{name}_lost, {name});"
            letter, length = loops[-1]
            if not (isinstance(length, int) and length <= BLOCK):
                full = f"if ({letter} % {BLOCK} == {BLOCK - 1})"
                inner.append(block(full, [join, f"{name} = splat(0);"]))
            after = [join, f"{name} = splat(0);"]
        text = self._around("\n".join(inner), loops[-1:])
        text = self._around("\n".join([text, *after]), loops[:-1])
        return [*lines, text], acc.finished(Text(result, "vec"), count, self.body)

    def _extreme(self, node: Node, element: Extreme) -> tuple[list[str], Text]:
        """Write the search for the place of an extreme; the first NaN is one."""
        (operand,) = node.inputs
        shape = operand.spec.shape
        axes = element.axes(node.attrs, shape)
        index = self._over(node, operand, axes)
        self._one_by_one()
        value = self.printer.as_kind(self.reader.at(operand, index), "real")
        further = f"next {element.sign} best || next != next"
        text = "\n".join([
            f"const double next = {value.code};",
            block(f"if (place < 0 || (best == best && ({further})))",
                  ["best = next;", "place = number;"]),
            "++number;",
        ])  # fmt: skip
        text = self._around(text, [(index[a], shape[a]) for a in axes if shape[a] != 1])
        start = "double best = 0, place = -1;\nlong number = 0;"
        return [start, text], Text("place", "number")

    def _running(self, node: Node, element: Running) -> LeafText:
        """Write a reduction that keeps every value: one thread, in order."""
        self._one_by_one()
        (operand,) = node.inputs
        name, shape = self.module.arrays[node], node.spec.shape
        axis = (node.attrs["axis"] or 0) % len(shape)
        index = place(shape)
        given = {"_acc": Text("sum", "number"), "_0": Text("next", "number")}
        step = self.module.counted(node, self.printer.print(element.step, given)).code
        self.body.arrays[name] = None
        at, _ = self.reader.place(index, shape)
        start = self.printer.print(element.start, {}).code
        value = self._factor(operand, index)
        text = f"const double next = {value};\nsum = {step};\n{name}[{at}] = (real)sum;"
        along = [(index[axis], shape[axis])] if shape[axis] != 1 else []
        text = f"double sum = {start};\n{self._around(text, along)}"
        others = [
            (i, d) for a, (i, d) in enumerate(zip(index, shape, strict=True))
            if a != axis and d != 1
        ]  # fmt: skip
        loops = self._around(text, others)
        alone = block("if (begin == 0 && end > 0)", [loops])
        title = self.module.names.fresh(f"compute_{name}")
        return self.shared(title, self.body, [alone], f"One after the other: {name}.")

    def _one_by_one(self) -> None:
        """Refuse lanes, for what looks at one element at a time."""
        if self.lane:
            raise NotInLanesError

    def _over(self, node: Node, operand: Node, axes: Sequence[int]) -> Index:
        """Give the place in an operand of which some axes are reduced."""
        kept = iter(true_places(place(node.spec.shape), node.spec.shape))
        self._run_over((f"{INNER}{a}", operand.spec.shape[a]) for a in axes)
        return tuple(
            "0" if d == 1 else f"{INNER}{a}" if a in axes else next(kept)
            for a, d in enumerate(operand.spec.shape)
        )

    def _run_over(self, axes: Iterable[tuple[str, Dim]]) -> None:
        """Note how far further letters run."""
        self.reader.ranges = {**self.reader.ranges, **dict(axes)}

    def _size(self, dim: Size) -> Text:
        return Text(f"(double){self.body.size(dim)}", "number", CAST)

    def _product(self, node: Node, index: Index) -> tuple[list[str], Text]:
        """Write a product of stacked matrices."""
        self._one_by_one()
        a, b = node.inputs
        has_row, has_col = a.spec.rank > 1, b.spec.rank > 1
        inner = a.spec.shape[-1]
        self._run_over([(INNER, inner)])
        middle = "0" if inner == 1 else INNER
        stack = index[: len(index) - has_row - has_col]
        left: Index = (middle,)
        if has_row:
            row = index[len(index) - has_col - 1]
            left = (*operand_place(a.spec.shape[:-2], stack), row, middle)
        right: Index = (middle,)
        if has_col:
            right = (*operand_place(b.spec.shape[:-2], stack), middle, index[-1])
        text = self._added(node, [self._factor(a, left), self._factor(b, right)])
        axes = [] if inner == 1 else [(INNER, inner)]
        return ["double sum = 0;", self._around(text, axes)], Text("sum", "number")

    def _contracted(self, node: Node, index: Index) -> tuple[list[str], Text]:
        """Write a sum of products by its subscripts."""
        self._one_by_one()
        specs = [i.spec for i in node.inputs]
        assert node.op.contraction is not None  # noqa: S101
        given, out = node.op.contraction(node.attrs, *specs).split("->")
        terms = given.split(",")
        letters = dict(zip(out, index, strict=True))
        axes: Axes = []
        for term, spec in zip(terms, specs, strict=True):
            for letter, size in zip(term, spec.shape, strict=True):
                if letter not in letters:
                    letters[letter] = f"{INNER}{len(axes)}"
                    axes.append((letters[letter], size))
        self._run_over(axes)
        factors = [
            self._factor(operand, tuple(letters[c] for c in term))
            for term, operand in zip(terms, node.inputs, strict=True)
        ]
        text = self._around(self._added(node, factors), axes)
        return ["double sum = 0;", text], Text("sum", "number")

    def _added(self, node: Node, factors: Sequence[str]) -> str:
        """Write how a product is added to a sum."""
        term = " * ".join(factors)
        if not is_count(node):
            return f"sum += {term};"
        counted = self.module.counted(node, Text(f"sum + {term}", "number"))
        return f"sum = {counted.code};"

    # --- places that are computed -----------------------------------------------------

    def _placed(self, node: Node, element: Placed, index: Index) -> Text:
        specs = tuple(i.spec for i in node.inputs)
        text = element.text(index, node.attrs, specs, node.spec)
        if not text:
            message = f"`{node.op.name}` of parts at places has no form in C"
            raise NotSupportedError(message)
        return self._value(tree_of(text))

    def _value(self, tree: ast.expr) -> Text:
        """Write an element: of an operand, a choice, a sum, or a number."""
        if isinstance(tree, ast.IfExp):
            if not self.reader.is_same_in_lanes(tree.test):
                raise NotInLanesError
            a, b = (self._part(t) for t in (tree.body, tree.orelse))
            test = self.reader.whole(tree.test)
            return Text(f"({test} ? {a} : {b})", "vec" if self.lane else "real")
        if isinstance(tree, ast.Subscript):
            return self.reader.read(tree)
        if isinstance(tree, ast.Name) and tree.id.startswith("_"):
            return self.reader.read(tree)
        if _reads(tree):
            assert isinstance(tree, ast.BinOp)  # noqa: S101
            a, b = self._part(tree.left), self._part(tree.right)
            return Text(f"{a} + {b}", "vec" if self.lane else "real", 10)
        if not self.reader.is_same_in_lanes(tree):
            raise NotInLanesError
        return Text(self.reader.whole(tree), "number")

    def _part(self, tree: ast.expr) -> str:
        value = self._value(tree)
        return (self.printer.vector if self.lane else self.printer.real)(value).code

    def _scattered(self, node: Node, element: Scattered) -> LeafText:
        """Write zeros, and what is added to them: each part adds to its own places."""
        name, given, shape = self.module.arrays[node], node.inputs[0], node.spec.shape
        layout = layout_of(shape)
        if isinstance(layout, Number):
            message = f"`{node.op.name}` to one number has no form in C"
            raise NotSupportedError(message)
        self.body.arrays[name] = None
        zeros = self._own_share(node, [], literal(0))
        axes = [(f"{INNER}{k}", d) for k, d in enumerate(given.spec.shape)]
        index = tuple("0" if d == 1 else letter for letter, d in axes)
        self._run_over(axes)
        specs = tuple(i.spec for i in node.inputs)
        where = tuple(parts_of_place(element.text(index, node.attrs, specs, node.spec)))
        if self.lane:  # along the last axis of what is added
            self.lane = self.reader.lane = index[-1]
        if isinstance(layout, Line):
            first, at = flat_text(where, shape), "at"
        else:
            first = flat_text(where[:-1], shape[:-1])
            self._run_over([("at", layout.rows)])
            at, slope = self.reader.place_in_panels(layout, "at", where[-1])
            if self.lane and not slope:
                raise NotInLanesError
        if not self.reader.is_same_in_lanes(tree_of(first)):
            raise NotInLanesError
        value = self.reader.at(given, index)
        if self.lane:
            to = f"{name} + {at}"
            add = f"store({to}, load({to}) + {self.printer.vector(value).code});"
        else:
            add = f"{name}[{at}] += {self.printer.real(value).code};"
        loops = [(i, d) for i, d in axes if d != 1]
        along = [loops.pop()] if self.lane else []
        inside = block("if (at >= begin && at < end)", [self._around(add, along)])
        text = f"const long at = {self.reader.whole(tree_of(first))};\n{inside}"
        title = self.module.names.fresh(f"compute_{name}")
        note = f"Added up at places: {name}."
        whole = [zeros, self._around(text, loops)]
        written = self.shared(title, self.body, whole, note)
        return replace(written, is_cheap_in_parts=False)


def parts_of_place(places: Iterable[str]) -> Iterable[str]:
    """Give places as expressions that operands are called ``_0`` in."""
    return [ast.unparse(tree_of(p)) for p in places]


def _reads(tree: ast.expr) -> bool:
    """Tell whether a sum reads an operand."""
    names: Iterable[ast.AST] = ast.walk(tree)
    has_operand = any(isinstance(n, ast.Name) and n.id.startswith("_") for n in names)
    return has_operand and isinstance(tree, ast.BinOp) and isinstance(tree.op, ast.Add)
