"""Values at places that are computed: loops over their own axes, element by element."""

from __future__ import annotations

import ast
from collections.abc import Callable, Sequence
from typing import Any

from derivo.emit.c.address import parts_of
from derivo.emit.c.element import Text, literal
from derivo.emit.c.layout import block
from derivo.emit.c.place import CAST, text_of
from derivo.emit.c.whole import WholePrinter, tree_of
from derivo.emit.plan.items import is_literal
from derivo.emit.plan.layout import LETTERS, operand_place, origin, place, true_places
from derivo.emit.plan.leaf import Move
from derivo.emit.plan.scan import counter_text
from derivo.emit.portable.scope import (
    Axes,
    Scope,
    around,
    is_view,
    number_of,
    numbered,
    taken_in,
    true_shape,
)  # fmt: skip
from derivo.graph.dim import Dim, Shape, product
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
)
from derivo.graph.node import Node
from derivo.graph.op import fields

# The letters of axes that are summed over.
INNER = "pqruv"
SUM = 10


class PlaceWriter:
    """Writes one value in loops over its axes.

    Parameters
    ----------
    scope
        What the function knows.
    """

    def __init__(self, scope: Scope) -> None:
        self.scope = scope
        self.printer = scope.printer
        self.ranges: dict[str, Dim] = {}
        self.operands: tuple[Node, ...] = ()

    @property
    def lines(self) -> list[str]:
        """The statements that are being written."""
        return self.scope.lines

    @lines.setter
    def lines(self, lines: list[str]) -> None:
        self.scope.lines = lines

    def write(self, node: Node) -> None:
        """Write a value: into its array, or as a number of the function."""
        self.operands = node.inputs
        element = node.op.element
        if isinstance(element, Scattered):
            outer = self.lines
            self.lines = [*outer, *self._scattered(node, element)]
        elif isinstance(element, Running):
            outer = self.lines
            self.lines = [*outer, *self._running(node, element)]
        elif self.scope.is_number(node):
            self.ranges = {}
            value = self._counted(node, place(node.spec.shape))
            is_truth = node.spec.kind == "bool" or not value.is_truth
            self.scope.define(node, value if is_truth else self.printer.real(value))
        else:
            name = self.scope.array(node)
            self.put(node.spec.shape, lambda index: (
                f"{name}[{self._flat(index, node.spec.shape)}] = "
                f"{self.scope.real(self._counted(node, index))};"
            ))  # fmt: skip

    def move(self, leaf: Move) -> None:
        """Write a value that is put where another is."""
        to, shape = leaf.to, (leaf.value or leaf.to).spec.shape
        sign = "+=" if leaf.is_added else "="

        def put(index: Index) -> str:
            value = literal(0) if leaf.value is None else self.at(leaf.value, index)
            code = self.scope.real(value)
            if leaf.counter:
                index = (counter_text(leaf.counter), *index)
            where = "" if self.scope.is_number(to) else (
                f"[{self._flat(index, to.spec.shape)}]"
            )  # fmt: skip
            return f"{self.scope.called[to]}{where} {sign} {code};"

        if self.scope.is_number(to) and to not in self.scope.called:
            self.scope.called[to] = self.scope.names.fresh(self.scope.wish(to))
            self.lines.append(f"real {put(place(shape))}")
            return
        self.put(shape, put)

    def hand_out(self, node: Node, name: str) -> None:
        """Put a result where a name points to, unless it was computed there."""
        if self.scope.called.get(origin(node)) == name:
            return
        self.put(node.spec.shape, lambda index: (
            f"{name}[{self._flat(index, node.spec.shape)}] = "
            f"{self.scope.real(self.at(node, index))};"
        ))  # fmt: skip

    def put(self, shape: Shape, statement: Callable[[Index], str]) -> None:
        """Write a statement for each element of a shape."""
        letters = place(shape)
        axes = [(i, d) for i, d in zip(letters, shape, strict=True) if d != 1]
        outer, self.lines, self.ranges = self.lines, [], dict(axes)
        last = statement(letters)
        self.lines = [*outer, around([*self.lines, last], axes)]

    # --- reading ----------------------------------------------------------------------

    def at(self, node: Node, index: Index) -> Text:
        """Write an element of a value; `index` has an entry for each of its axes."""
        source = origin(node)
        if is_literal(source) or (source in self.scope.called and (
            self.scope.is_number(source)
        )):  # fmt: skip
            return self.scope.number(source)
        if source in self.scope.called:
            return self.scope.in_array(source, self._flat(index, node.spec.shape))
        if source in self.scope.stands_for:
            return self.at(self.scope.stands_for[source], index)
        return self._through(node, index)

    def _through(self, node: Node, index: Index) -> Text:
        """Read a view that lies nowhere where its operand lies."""
        if not node.inputs:
            self.scope.refuse(node)
        element, (operand, *_) = node.op.element, node.inputs
        if isinstance(element, Rearranged):
            shapes = operand.spec.shape, node.spec.shape
            return self.at(operand, element.source(index, node.attrs, *shapes))
        if "reshapes" in node.op.traits and origin(operand) in self.scope.called:
            flat_place = self._flat(index, node.spec.shape)
            return self.scope.in_array(origin(operand), flat_place)
        if not isinstance(element, Placed):
            self.scope.refuse(node)
        assert isinstance(element, Placed)  # noqa: S101
        given = tuple(f"({i})" for i in index)
        text = element.text(given, node.attrs, (operand.spec,), node.spec)
        return self.at(operand, tuple(parts_of(tree_of(text))))

    def _flat(self, index: Index, shape: Shape) -> str:
        """Write the number of an element, in the order of rows."""
        entries = [self._whole(tree_of(i)) for i in true_places(index, shape)]
        return numbered(entries, true_shape(shape))

    def _whole(self, tree: ast.expr) -> str:
        reader = WholePrinter(
            self.scope.body, lambda t: self._part(t).code, self.ranges
        )
        return reader.print(tree)

    def _counted(self, node: Node, index: Index) -> Text:
        """Write an element; of whole numbers, with the question whether it is one."""
        return self.scope.counted(node, self._value(node, index))

    # --- computing --------------------------------------------------------------------

    def _value(self, node: Node, index: Index) -> Text:
        """Write an element of what an operation gives."""
        element = node.op.element
        for kind, write in self._kinds.items():
            if isinstance(element, kind):
                return write(node, index)
        if is_view(node):
            return self._through(node, index)
        if "elementwise" not in node.op.traits and (element is None or not node.inputs):
            self.scope.refuse(node)
        return self._elementwise(node, index)

    @property
    def _kinds(self) -> dict[type[Any], Callable[[Node, Index], Text]]:
        return {
            Fold: self._reduced, Product: self._product, Contracted: self._contracted,
            Extreme: self._extreme, Placed: self._placed,
        }  # fmt: skip

    def _elementwise(self, node: Node, index: Index) -> Text:
        text = text_of(node)
        values: dict[str, Text] = {}
        for k, operand in enumerate(node.inputs):
            value = self.at(operand, operand_place(operand.spec.shape, index))
            wish = self.scope.wish(operand)
            values[f"_{k}"] = self.scope.repeated(value, text, k, wish)
        for name, number in fields(node.attrs).items():
            if isinstance(number, int | float):
                values.setdefault(f"_{name}", literal(number))
        return self.scope.printed(node, text, values)

    def _reduced(self, node: Node, index: Index) -> Text:
        """Write a reduction."""
        (operand,), fold = node.inputs, node.op.element
        assert isinstance(fold, Fold)  # noqa: S101
        shape = operand.spec.shape
        axes = fold.axes(node.attrs, shape)
        inner = self._over(node, operand, axes, index)
        acc = self.scope.names.fresh(self.scope.wish(node))
        start = self.printer.real(self.printer.print(fold.start, {}))
        before, self.lines = [*self.lines, f"real {acc} = {start.code};"], []
        loops = [(inner[a], shape[a]) for a in axes if shape[a] != 1]
        self.ranges |= dict(loops)
        value = self.printer.as_kind(self.at(operand, inner), "real")
        value = self.scope.repeated(value, fold.step, 0, "next")
        given = {"_acc": Text(acc, "real"), "_0": value}
        step = self.scope.counted(node, self.printer.print(fold.step, given))
        self.lines.append(taken_in(acc, step.code))
        self.lines = [*before, around(self.lines, loops)]
        if fold.finish == "{acc}":
            return Text(acc, "real")
        count = product(shape[a] for a in axes)
        given = {"_acc": Text(acc, "real"), "_count": number_of(count)}
        return self.printer.print(fold.finish, given)

    def _over(
        self, node: Node, operand: Node, axes: Sequence[int], index: Index
    ) -> Index:
        """Give the place in an operand of which some axes are reduced."""
        kept = iter(true_places(index, node.spec.shape))
        letters = iter(INNER)
        return tuple(
            "0" if d == 1 else next(letters) if a in axes else next(kept)
            for a, d in enumerate(operand.spec.shape)
        )

    def _sum(self, node: Node, factors: Sequence[Text], axes: Axes) -> Text:
        """Write a sum of products."""
        acc = self.scope.names.fresh(self.scope.wish(node))
        code = " * ".join(f.inside(CAST) for f in factors)
        step = self.scope.counted(node, Text(f"{acc} + {code}", "real"))
        loops = around([taken_in(acc, step.code)], axes)
        self.lines += [f"real {acc} = 0;", loops]
        return Text(acc, "real")

    def _product(self, node: Node, index: Index) -> Text:
        """Write a product of matrices, or of stacks of them, or of vectors."""
        a, b = node.inputs
        has_row, has_col = a.spec.rank > 1, b.spec.rank > 1
        inner = a.spec.shape[-1]
        middle = "0" if inner == 1 else INNER[0]
        stack = index[: len(index) - has_row - has_col]
        left: Index = (middle,)
        if has_row:
            row = index[len(index) - has_col - 1]
            left = (*operand_place(a.spec.shape[:-2], stack), row, middle)
        right: Index = (middle,)
        if has_col:
            right = (*operand_place(b.spec.shape[:-2], stack), middle, index[-1])
        axes = [] if inner == 1 else [(middle, inner)]
        self.ranges |= dict(axes)
        factors = [self.printer.real(self.at(a, left)),
                   self.printer.real(self.at(b, right))]  # fmt: skip
        return self._sum(node, factors, axes)

    def _contracted(self, node: Node, index: Index) -> Text:
        """Write a sum of products by its subscripts."""
        specs = [i.spec for i in node.inputs]
        assert node.op.contraction is not None  # noqa: S101
        given, out = node.op.contraction(node.attrs, *specs).split("->")
        terms = given.split(",")
        letters = dict(zip(out, index, strict=True))
        axes: list[tuple[str, Dim]] = []
        for term, spec in zip(terms, specs, strict=True):
            for letter, size in zip(term, spec.shape, strict=True):
                if letter not in letters:
                    letters[letter] = INNER[len(axes)]
                    axes.append((letters[letter], size))
        self.ranges |= dict(axes)
        factors = [
            self.printer.real(self.at(o, tuple(letters[c] for c in term)))
            for term, o in zip(terms, node.inputs, strict=True)
        ]
        return self._sum(node, factors, axes)

    def _extreme(self, node: Node, index: Index) -> Text:
        """Write the search for the place of an extreme; the first NaN is one."""
        (operand,), element = node.inputs, node.op.element
        assert isinstance(element, Extreme)  # noqa: S101
        shape = operand.spec.shape
        axes = element.axes(node.attrs, shape)
        inner = self._over(node, operand, axes, index)
        loops = [(inner[a], shape[a]) for a in axes if shape[a] != 1]
        self.ranges |= dict(loops)
        best, at, count = (
            self.scope.names.fresh(w) for w in ("best", "place", "counted")
        )
        before, self.lines = self.lines, []
        value = self.printer.as_kind(self.at(operand, inner), "real")
        further = f"next {element.sign} {best} || next != next"
        self.lines += [
            f"const real next = {value.code};",
            block(f"if ({at} < 0 || ({best} == {best} && ({further})))",
                  [f"{best} = next;", f"{at} = {count};"]),
            f"++{count};",
        ]  # fmt: skip
        self.lines = [
            *before, f"real {best} = 0;", f"long {at} = -1, {count} = 0;",
            around(self.lines, loops),
        ]  # fmt: skip
        return Text(f"(real){at}", "real", CAST)

    # --- places that are computed -----------------------------------------------------

    def _placed(self, node: Node, index: Index) -> Text:
        element = node.op.element
        assert isinstance(element, Placed)  # noqa: S101
        specs = tuple(i.spec for i in node.inputs)
        text = element.text(index, node.attrs, specs, node.spec)
        if not text:
            self.scope.refuse(node)
        outer, self.operands = self.operands, node.inputs
        found = self._part(tree_of(text))
        self.operands = outer
        return found

    def _part(self, tree: ast.expr) -> Text:
        """Write an element: of an operand, a choice, a sum, or a number."""
        if isinstance(tree, ast.IfExp):
            a, b = (self.printer.real(self._part(t)) for t in (tree.body, tree.orelse))
            code = f"{self._whole(tree.test)} ? {a.code} : {b.code}"
            return Text(f"({code})", "real")
        if isinstance(tree, ast.Subscript):
            assert isinstance(tree.value, ast.Name)  # noqa: S101
            is_many = isinstance(tree.slice, ast.Tuple)
            parts = tree.slice.elts if is_many else [tree.slice]  # type: ignore[attr-defined]
            return self.at(self._operand(tree.value), tuple(map(ast.unparse, parts)))
        if isinstance(tree, ast.Name) and tree.id.startswith("_"):
            return self.at(self._operand(tree), ())
        names = [n for n in ast.walk(tree) if isinstance(n, ast.Name)]
        if isinstance(tree, ast.BinOp) and any(n.id.startswith("_") for n in names):
            a, b = (self.printer.real(self._part(t)) for t in (tree.left, tree.right))
            return Text(f"{a.inside(SUM)} + {b.inside(SUM)}", "real", SUM)
        return Text(f"(real)({self._whole(tree)})", "real", CAST)

    def _operand(self, tree: ast.Name) -> Node:
        return self.operands[int(tree.id.removeprefix("_"))]

    def _scattered(self, node: Node, element: Scattered) -> list[str]:
        """Write zeros, and what is added to them."""
        given, shape = node.inputs[0], true_shape(node.spec.shape)
        letters = LETTERS[: len(shape)]
        name = self.scope.called[node]
        zero = f"{name}[{numbered(letters, shape)}] = 0;"
        zeros = around([zero], [*zip(letters, shape, strict=True)])
        axes = [(INNER[k], d) for k, d in enumerate(given.spec.shape)]
        index = tuple("0" if d == 1 else letter for letter, d in axes)
        self.ranges = dict(axes)
        self.lines, self.operands = [], node.inputs
        specs = tuple(i.spec for i in node.inputs)
        where = element.text(index, node.attrs, specs, node.spec)
        at = self._flat(tuple(ast.unparse(tree_of(w)) for w in where), node.spec.shape)
        value = self.printer.real(self.at(given, index))
        self.lines.append(f"{name}[{at}] += {value.code};")
        return [zeros, around(self.lines, [(i, d) for i, d in axes if d != 1])]

    def _running(self, node: Node, element: Running) -> list[str]:
        """Write a reduction that keeps every value."""
        (operand,) = node.inputs
        shape, index = node.spec.shape, place(node.spec.shape)
        axis = (node.attrs["axis"] or 0) % len(shape)
        self.ranges = {i: d for i, d in zip(index, shape, strict=True) if d != 1}
        self.lines = []
        acc = self.scope.names.fresh("running")
        value = self.printer.as_kind(self.at(operand, index), "real")
        given = {"_acc": Text(acc, "real"), "_0": value}
        step = self.scope.counted(node, self.printer.print(element.step, given))
        at = numbered(true_places(index, shape), true_shape(shape))
        inner = [
            *self.lines,
            taken_in(acc, step.code),
            f"{self.scope.called[node]}[{at}] = {acc};",
        ]
        start = self.printer.real(self.printer.print(element.start, {}))
        along = [(index[axis], shape[axis])] if shape[axis] != 1 else []
        lines = [f"real {acc} = {start.code};", around(inner, along)]
        others = [
            (i, d) for a, (i, d) in enumerate(zip(index, shape, strict=True))
            if a != axis and d != 1
        ]  # fmt: skip
        return [block("", [around(lines, others)]).lstrip()]
