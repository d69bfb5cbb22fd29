"""Plain loops over elements: whatever has no faster form still runs."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterable, Sequence
from dataclasses import replace

from derivo.emit.c.element import Text, literal
from derivo.emit.c.layout import block
from derivo.emit.c.place import CAST, Body, Module, text_of
from derivo.emit.c.whole import WholePrinter, tree_of
from derivo.emit.c.writer import LeafText, Writer
from derivo.emit.plan.items import is_literal
from derivo.emit.plan.layout import (
    LETTERS,
    Grid,
    Layout,
    Line,
    Number,
    Panels,
    layout_of,
    origin,
    place,
    true_places,
)  # fmt: skip
from derivo.emit.plan.leaf import Leaf
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
    """One value, element by element; sums in double precision."""

    def __init__(self, leaf: Leaf, module: Module) -> None:
        super().__init__(leaf, module)
        self.body = Body(self.module, is_matrix=False)
        self.printer = module.printer
        self.inputs: tuple[Node, ...] = ()

    def write(self) -> LeafText:
        """Write the leaf."""
        if not self.leaf.nodes:
            ((argument, value),) = self.leaf.stores.items()
            return self._of_elements(
                argument, [], self._at(value, place(value.spec.shape))
            )
        (node,) = self.leaf.nodes
        self.inputs = node.inputs
        element, index = node.op.element, place(node.spec.shape)
        if isinstance(element, Scattered):
            return self._scattered(node, element)
        if isinstance(element, Running):
            return self._running(node, element)
        return self._of_elements(node, *self._element(node, index))

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
        target = self._address(name, layout_of(shape), true_places(place(shape), shape))
        text = "\n".join([*lines, f"{target} = {self.printer.real(value).code};"])
        first, *inner = (d for d in shape if d != 1)
        text = self._around(text, list(zip(LETTERS[1:], inner, strict=False)))
        del first
        return block("for (long i = begin; i < end; ++i)", [text])

    def _around(self, text: str, axes: Axes) -> str:
        """Write loops over whole axes, the first outermost."""
        for letter, size in reversed(axes):
            count = self.body.size(size)
            head = f"for (long {letter} = 0; {letter} < {count}; ++{letter})"
            text = block(head, [text])
        return text

    # --- elements ---------------------------------------------------------------------

    def _address(self, name: str, layout: Layout, places: Sequence[str]) -> str:
        """Write the place of an element in an array."""
        if isinstance(layout, Line):
            return f"{name}[{places[0]}]"
        given = [p if re.fullmatch(r"\w+", p) else f"({p})" for p in places]
        if isinstance(layout, Panels):
            width, (i, j) = self.target.width(layout.cols), given
            panel = f"{j} / {width} * {width} * {self.body.size(layout.rows)}"
            return f"{name}[{panel} + {i} * {width} + {j} % {width}]"
        assert isinstance(layout, Grid)  # noqa: S101
        flat, *rest = given
        for at, size in zip(rest, layout.shape[1:], strict=True):
            start = flat if flat == given[0] else f"({flat})"
            flat = f"{start} * {self.body.size(size)} + {at}"
        return f"{name}[{flat}]"

    def _at(self, node: Node, index: Index) -> Text:
        """Write an element of a value; `index` has an entry for each of its axes."""
        source = origin(node)
        layout = layout_of(source.spec.shape)
        if is_literal(source) or isinstance(layout, Number):
            return self.body.read(source, "")
        places = true_places(index, node.spec.shape)
        code = self._address(self.body.array(source), layout, places)
        if source.spec.kind == "bool":
            return Text(f"({code} != 0)", "flag")
        return Text(code, "real")

    def _factor(self, node: Node, index: Index) -> str:
        """Write an element as a factor of a sum in double precision."""
        value = self.printer.as_kind(self._at(node, index), "real")
        return f"(double){value.inside(CAST)}"

    def _elementwise(self, node: Node, index: Index) -> Text:
        """Write an element of an elementwise operation, or of a view."""
        element = node.op.element
        values: dict[str, Text] = {}
        for k, operand in enumerate(node.inputs):
            at = _broadcast(operand.spec.shape, index)
            if isinstance(element, Rearranged):
                shapes = operand.spec.shape, node.spec.shape
                at = element.source(index, node.attrs, *shapes)
            values[f"_{k}"] = self._at(operand, at)
        for name, value in fields(node.attrs).items():
            if isinstance(value, int | float):
                values.setdefault(f"_{name}", literal(value))
        return self.printer.print(text_of(node), values)

    # --- sums -------------------------------------------------------------------------

    def _reduced(self, node: Node, fold: Fold) -> tuple[list[str], Text]:
        """Write a reduction."""
        (operand,) = node.inputs
        shape = operand.spec.shape
        axes = fold.axes(node.attrs, shape)
        index = self._over(node, operand, axes)
        value = self.printer.as_kind(self._at(operand, index), "real")
        given = {"_acc": Text("sum", "number"), "_0": Text("next", "number")}
        step = self.printer.print(fold.step, given).code
        text = f"const double next = {value.code};\nsum = {step};"
        text = self._around(text, [(index[a], shape[a]) for a in axes if shape[a] != 1])
        count = product(shape[a] for a in axes)
        many = self._size(count) if isinstance(count, Size) else literal(count)
        given = {"_acc": Text("sum", "number"), "_count": many}
        start = self.printer.print(fold.start, {}).code
        return [f"double sum = {start};", text], self.printer.print(fold.finish, given)

    def _extreme(self, node: Node, element: Extreme) -> tuple[list[str], Text]:
        """Write the search for the place of an extreme; the first NaN is one."""
        (operand,) = node.inputs
        shape = operand.spec.shape
        axes = element.axes(node.attrs, shape)
        index = self._over(node, operand, axes)
        value = self.printer.as_kind(self._at(operand, index), "real")
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
        (operand,) = node.inputs
        name, shape = self.module.arrays[node], node.spec.shape
        axis = (node.attrs["axis"] or 0) % len(shape)
        index = place(shape)
        given = {
            "_acc": Text("sum", "number"),
            "_0": Text(self._factor(operand, index), "number", CAST),
        }
        step = self.printer.print(element.step, given).code
        self.body.arrays[name] = None
        target = self._address(name, layout_of(shape), true_places(index, shape))
        text = f"sum = {step};\n{target} = (real)sum;"
        along = [(index[axis], shape[axis])] if shape[axis] != 1 else []
        text = f"double sum = {element.start};\n{self._around(text, along)}"
        others = [
            (i, d) for a, (i, d) in enumerate(zip(index, shape, strict=True))
            if a != axis and d != 1
        ]  # fmt: skip
        loops = self._around(text, others)
        alone = block("if (begin == 0 && end > 0)", [loops])
        title = self.module.names.fresh(f"compute_{name}")
        return self.shared(title, self.body, [alone], f"One after the other: {name}.")

    def _over(self, node: Node, operand: Node, axes: Sequence[int]) -> Index:
        """Give the place in an operand of which some axes are reduced."""
        kept = iter(true_places(place(node.spec.shape), node.spec.shape))
        return tuple(
            "0" if d == 1 else f"{INNER}{a}" if a in axes else next(kept)
            for a, d in enumerate(operand.spec.shape)
        )

    def _size(self, dim: Size) -> Text:
        return Text(f"(double){self.body.size(dim)}", "number", CAST)

    def _product(self, node: Node, index: Index) -> tuple[list[str], Text]:
        """Write a product of stacked matrices."""
        a, b = node.inputs
        has_row, has_col = a.spec.rank > 1, b.spec.rank > 1
        inner = a.spec.shape[-1]
        middle = "0" if inner == 1 else INNER
        stack = index[: len(index) - has_row - has_col]
        left: Index = (middle,)
        if has_row:
            row = index[len(index) - has_col - 1]
            left = (*_broadcast(a.spec.shape[:-2], stack), row, middle)
        right: Index = (middle,)
        if has_col:
            right = (*_broadcast(b.spec.shape[:-2], stack), middle, index[-1])
        text = f"sum += {self._factor(a, left)} * {self._factor(b, right)};"
        axes = [] if inner == 1 else [(INNER, inner)]
        return ["double sum = 0;", self._around(text, axes)], Text("sum", "number")

    def _contracted(self, node: Node, index: Index) -> tuple[list[str], Text]:
        """Write a sum of products by its subscripts."""
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
        factors = [
            self._factor(operand, tuple(letters[c] for c in term))
            for term, operand in zip(terms, node.inputs, strict=True)
        ]
        text = self._around(f"sum += {' * '.join(factors)};", axes)
        return ["double sum = 0;", text], Text("sum", "number")

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
            a, b = (self._real(t) for t in (tree.body, tree.orelse))
            return Text(f"({self._whole(tree.test)} ? {a} : {b})", "real")
        if isinstance(tree, ast.Subscript):
            assert isinstance(tree.value, ast.Name)  # noqa: S101
            tuple_ = isinstance(tree.slice, ast.Tuple)
            parts = tree.slice.elts if tuple_ else [tree.slice]  # type: ignore[attr-defined]
            return self._at(self._operand(tree.value), tuple(map(self._whole, parts)))
        if isinstance(tree, ast.Name) and tree.id.startswith("_"):
            return self._at(self._operand(tree), ())
        if _reads(tree):
            assert isinstance(tree, ast.BinOp)  # noqa: S101
            return Text(
                f"{self._real(tree.left)} + {self._real(tree.right)}", "real", 10
            )
        return Text(self._whole(tree), "number")

    def _real(self, tree: ast.expr) -> str:
        return self.printer.real(self._value(tree)).code

    def _operand(self, tree: ast.Name) -> Node:
        return self.inputs[int(tree.id.removeprefix("_"))]

    def _whole(self, tree: ast.expr) -> str:
        return WholePrinter(self.body, lambda t: self._value(t).code).print(tree)

    def _scattered(self, node: Node, element: Scattered) -> LeafText:
        """Write zeros, and what is added to them: each part adds to its own places."""
        name, given = self.module.arrays[node], node.inputs[0]
        layout = layout_of(node.spec.shape)
        if isinstance(layout, Number):
            message = f"`{node.op.name}` to one number has no form in C"
            raise NotSupportedError(message)
        axes = [(f"{INNER}{k}", d) for k, d in enumerate(given.spec.shape)]
        index = tuple("0" if d == 1 else letter for letter, d in axes)
        specs = tuple(i.spec for i in node.inputs)
        places = element.text(index, node.attrs, specs, node.spec)
        where = tuple(self._whole(tree_of(p)) for p in places)
        first, *rest = true_places(where, node.spec.shape)
        target = self._address(name, layout, ["at", *rest])
        value = self.printer.as_kind(self._at(given, index), "real").code
        text = "\n".join([
            f"const long at = {first};",
            f"if (at >= begin && at < end) {target} += {value};",
        ])  # fmt: skip
        loops = self._around(text, [(i, d) for i, d in axes if d != 1])
        zeros = self._own_share(node, [], literal(0))
        title = self.module.names.fresh(f"compute_{name}")
        note = f"Added up at places: {name}."
        written = self.shared(title, self.body, [zeros, loops], note)
        return replace(written, is_cheap_in_parts=False)


def _broadcast(shape: Shape, index: Index) -> Index:
    """Give the place in an operand that is broadcast to the result."""
    own = index[len(index) - len(shape) :] if shape else ()
    return tuple("0" if d == 1 else i for d, i in zip(shape, own, strict=True))


def _reads(tree: ast.expr) -> bool:
    """Tell whether a sum reads an operand."""
    names: Iterable[ast.AST] = ast.walk(tree)
    has_operand = any(isinstance(n, ast.Name) and n.id.startswith("_") for n in names)
    return has_operand and isinstance(tree, ast.BinOp) and isinstance(tree.op, ast.Add)
