"""A computation as one C99 function: loops over elements, one after the other."""

from __future__ import annotations

import ast
import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any, cast

from derivo.emit.c.element import Text, literal
from derivo.emit.c.functions import Function
from derivo.emit.c.layout import block, comment
from derivo.emit.c.place import LONGEST_NAME, Body, plain, size_text, text_of
from derivo.emit.c.whole import WholePrinter, tree_of
from derivo.emit.plan.computation import Computation
from derivo.emit.plan.items import is_literal
from derivo.emit.plan.layout import LETTERS, operand_place, place, true_places
from derivo.emit.portable.elements import PlainPrinter
from derivo.emit.portable.nests import Nest, is_view, nests_of, true_shape
from derivo.errors import NotSupportedError
from derivo.graph.dim import Dim, Shape, Size, product, substituted, symbol
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
from derivo.graph.names import Names
from derivo.graph.node import Node, order
from derivo.graph.op import fields

# The letters of axes that are summed over.
INNER = "pqruv"
SUM, CAST, ATOM = 10, 12, 13
Axes = list[tuple[str, Dim]]


class Arrays:
    """The arrays that functions compute in.

    What has the same name and length in two functions shares its memory: only one of
    them runs at a time.
    """

    def __init__(self, names: Names) -> None:
        self.names = names
        self.known: dict[str, str] = {}
        self._of_wish: dict[tuple[str, str], str] = {}

    def begin(self) -> None:
        """Begin a function: it may have what others had."""
        self._free = dict(self._of_wish)

    def name(self, wish: str, length: str) -> str:
        """Give an array of so many elements."""
        found = self._free.pop((wish, length), "")
        if not found:
            found = self.names.fresh(wish)
            self.known[found] = length
            self._of_wish[wish, length] = found
        return found

    def declared(self) -> list[str]:
        """Declare them."""
        return [f"static real {name}[{n}];" for name, n in self.known.items()]


class FunctionWriter:
    """Writes the statements of a computation.

    Parameters
    ----------
    computation
        What is computed.
    single
        float32 rather than float64.
    names
        Hands out names of the file.
    known
        What arguments are called.
    arrays
        Hands out arrays.
    most_rows
        Stands for the size `computation.rows` where memory is laid out.
    """

    def __init__(
        self, computation: Computation, *, single: bool, names: Names,
        known: Mapping[Node, str], arrays: Arrays, most_rows: str,
    ) -> None:  # fmt: skip
        self.computation = computation
        self.printer = PlainPrinter(single, {})
        self.names = names
        self.most_rows = most_rows
        self.nests = nests_of(computation)
        self.called: dict[Node, str] = dict(known)
        self.kinds: dict[Node, str] = {
            n: "number" if n in computation.numbers else "real" for n in known
        }
        self.locals: dict[Node, Text] = {}
        self.lines: list[str] = []
        self.body = Body(cast("Any", None), is_matrix=False)  # notes sizes alone
        self.ranges: dict[str, Dim] = {}
        self.operands: tuple[Node, ...] = ()
        for node in order(computation.roots):
            if node in self.nests.arrays and node not in self.called:
                self.called[node] = arrays.name(self._wish(node), self.length(node))
        self.names = Names({*names.taken, *arrays.known})  # of this function alone

    # --- what the function needs ------------------------------------------------------

    @property
    def used(self) -> Iterable[Function]:
        """The functions of elements that are called."""
        return self.printer.used

    def length(self, node: Node) -> str:
        """Give how many elements an array has room for."""
        count = product(node.spec.shape)
        rows = {self.computation.rows: symbol(self.most_rows)}
        return _size(substituted(count, rows) if isinstance(count, Size) else count)

    # --- statements -------------------------------------------------------------------

    def write(self, failed: str) -> list[str]:
        """Write all statements.

        Parameters
        ----------
        failed
            What is done where the loss is not finite, or an index lay beyond its axis,
            before anything is updated.
        """
        lines: list[str] = []
        loss = self.computation.loss
        is_checked = loss is None
        for nest in self.nests.every:
            if nest.stores and not is_checked:
                lines += self._check(lines, failed)
                is_checked = True
            lines += self._nest(nest)
        if self.nests.late and not is_checked:
            lines += self._check(lines, failed)
        for argument, value in self.nests.late.items():
            lines += self._copied(argument, value)
        return lines

    def loss(self) -> str:
        """Write the loss."""
        assert self.computation.loss is not None  # noqa: S101
        return self.printer.real(self._at(self.computation.loss, ())).code

    def _check(self, lines: Iterable[str], failed: str) -> list[str]:
        asked = f"!isfinite({self.loss()})"
        if any("index_within(" in line for line in lines):
            asked = f"index_was_beyond || {asked}"
        return [f"if ({asked}) {failed}"]

    def _nest(self, nest: Nest) -> list[str]:
        """Write loops with what is computed in them."""
        (first,) = nest.members[:1]
        if isinstance(first.op.element, Scattered):
            return [*self._note(nest), *self._scattered(first, first.op.element)]
        if isinstance(first.op.element, Running):
            return [*self._note(nest), *self._running(first, first.op.element)]
        letters = list(LETTERS[: len(nest.shape)])
        self.ranges = dict(zip(letters, nest.shape, strict=True))
        outer, self.locals = self.locals, dict(self.locals)
        self.lines = []
        for member in nest.members:
            self._member(member, nest, letters)
        for argument, value in nest.stores.items():
            self._put(argument, self._at(value, place(value.spec.shape)), letters)
        if not nest.shape:
            return self.lines
        self.locals = outer
        loops = self._around(self.lines, [*zip(letters, nest.shape, strict=True)])
        return [*self._note(nest), loops]

    def _note(self, nest: Nest) -> list[str]:
        """Say what is computed, with shapes as in NumPy."""
        if not nest.shape:
            return []
        found = [self.called[n] for n in nest.members if n in self.called]
        stored = [self.called[a] for a in nest.stores]
        shape = ", ".join(map(str, nest.shape))
        told = [f"{', '.join(found)}: ({shape})"] if found else []
        told += [f"new {', '.join(stored)}: ({shape})"] if stored else []
        return comment("; ".join(told)) if told else []

    def _member(self, node: Node, nest: Nest, letters: Sequence[str]) -> None:
        """Write the statements that compute an element, and where it goes."""
        value = self._value(node, place(node.spec.shape))
        if node.spec.kind != "bool":
            value = self.printer.real(value) if value.is_truth else value
        if nest.shape and value.kind == "number":
            value = self.printer.real(value)
        inside = [m for m in nest.members if m is not node]
        reads = sum(node in {s for s, _ in self._reads(m)} for m in inside)
        stored = node in nest.stores.values()
        if not nest.shape or reads or (stored and node in self.nests.arrays):
            value = self._bound(value, self._wish(node))
        self.locals[node] = value
        if node in self.nests.arrays:
            self._put(node, value, letters)
        elif not nest.shape:
            self.kinds[node] = value.kind

    def _reads(self, node: Node) -> Iterable[tuple[Node, bool]]:
        found: dict[Node, bool] = {}

        def visit(value: Node) -> None:
            for operand in value.inputs:
                if operand not in found:
                    found[operand] = True
                    if operand not in self.called and operand not in self.locals:
                        visit(operand)

        visit(node)
        return found.items()

    def _put(self, node: Node, value: Text, letters: Sequence[str]) -> None:
        name = self.called[node]
        flat = _flat(letters, true_shape(node.spec.shape))
        to = f"{name}[{flat}]" if letters else name
        self.lines.append(f"{to} = {self.printer.real(value).code};")

    def _copied(self, argument: Node, value: Node) -> list[str]:
        """Write the new value of an argument once nobody reads the old one."""
        shape = true_shape(argument.spec.shape)
        letters = LETTERS[: len(shape)]
        self.ranges = dict(zip(letters, shape, strict=True))
        self.lines = []
        self._put(argument, self._at(value, place(value.spec.shape)), letters)
        return [self._around(self.lines, [*zip(letters, shape, strict=True)])]

    def _bound(self, value: Text, wish: str) -> Text:
        if re.fullmatch(r"\w+", value.code):
            return value
        kind = {"flag": "int", "number": "double"}.get(value.kind, value.kind)
        name = self.names.fresh(wish)
        self.lines.append(f"const {kind} {name} = {value.code};")
        return Text(name, value.kind)

    def _wish(self, node: Node) -> str:
        """Name a value: as the user did, else by what is done to what."""
        known = self.computation.names.get(node) or self.called.get(node)
        if known:
            return plain(known)
        of = next((i for i in node.inputs if not is_literal(i)), None)
        while of is not None and is_view(of):
            (of,) = of.inputs
        name = node.op.name if of is None else f"{node.op.name}_{self._wish(of)}"
        return plain(name if len(name) <= LONGEST_NAME else node.op.name)

    def _around(self, lines: Sequence[str], axes: Axes) -> str:
        """Write loops over whole axes, the first outermost."""
        text = "\n".join(lines)
        for letter, size in reversed(axes):
            head = f"for (long {letter} = 0; {letter} < {_size(size)}; ++{letter})"
            text = block(head, [text])
        return text

    # --- reading ----------------------------------------------------------------------

    def _at(self, node: Node, index: Index) -> Text:
        """Write an element of a value; `index` has an entry for each of its axes."""
        if is_literal(node):
            return self._literal(node)
        if node in self.locals:
            return self.locals[node]
        shape = node.spec.shape
        if node in self.called:
            if not true_shape(shape):
                return Text(self.called[node], self.kinds.get(node, "real"))
            return self._in_array(node, self._flat(index, shape))
        return self._value(node, index)

    def _in_array(self, node: Node, flat: str) -> Text:
        code = f"{self.called[node]}[{flat}]"
        if node.spec.kind == "bool":
            return Text(f"({code} != 0)", "flag")
        return Text(code, "real")

    def _literal(self, node: Node) -> Text:
        value = node.attrs.get("dim", node.attrs.get("value"))
        if isinstance(value, Size):
            return Text(f"(real){_factor(value)}", "real", CAST)
        if isinstance(value, bool):
            return Text(str(int(value)), "flag", value=float(value))
        assert isinstance(value, int | float)  # noqa: S101
        return literal(value)

    def _flat(self, index: Index, shape: Shape) -> str:
        """Write the number of an element, in the order of rows."""
        entries = [self._whole(tree_of(i)) for i in true_places(index, shape)]
        return _flat(entries, true_shape(shape))

    def _whole(self, tree: ast.expr) -> str:
        reader = WholePrinter(self.body, lambda t: self._part(t).code, self.ranges)
        return reader.print(tree)

    # --- computing --------------------------------------------------------------------

    def _value(self, node: Node, index: Index) -> Text:
        """Write an element of what an operation gives."""
        element = node.op.element
        for kind, write in self._kinds.items():
            if isinstance(element, kind):
                return write(node, index)
        if is_view(node):
            return self._viewed(node, index)
        if "elementwise" not in node.op.traits and (element is None or not node.inputs):
            message = f"`{node.op.name}` has no form in exported C"
            raise NotSupportedError(message)
        return self._elementwise(node, index)

    @property
    def _kinds(self) -> dict[type[Any], Callable[[Node, Index], Text]]:
        return {
            Fold: self._reduced, Product: self._product, Contracted: self._contracted,
            Extreme: self._extreme, Placed: self._placed,
        }  # fmt: skip

    def _viewed(self, node: Node, index: Index) -> Text:
        (operand,) = node.inputs
        element = node.op.element
        if isinstance(element, Rearranged):
            shapes = operand.spec.shape, node.spec.shape
            return self._at(operand, element.source(index, node.attrs, *shapes))
        if not true_shape(operand.spec.shape):
            return self._at(operand, ("0",) * operand.spec.rank)
        return self._in_array(operand, self._flat(index, node.spec.shape))

    def _elementwise(self, node: Node, index: Index) -> Text:
        text = text_of(node)
        values: dict[str, Text] = {}
        for k, operand in enumerate(node.inputs):
            value = self._at(operand, operand_place(operand.spec.shape, index))
            if text.count(f"{{{k}}}") > 1 and value.value is None:
                value = self._bound(value, self._wish(operand))
            values[f"_{k}"] = value
        for name, number in fields(node.attrs).items():
            if isinstance(number, int | float):
                values.setdefault(f"_{name}", literal(number))
        try:
            return self.printer.print(text, values)
        except NotSupportedError as error:
            message = f"`{node.op.name}` {error}"
            raise NotSupportedError(message) from None

    def _reduced(self, node: Node, index: Index) -> Text:
        """Write a reduction."""
        (operand,), fold = node.inputs, node.op.element
        assert isinstance(fold, Fold)  # noqa: S101
        shape = operand.spec.shape
        axes = fold.axes(node.attrs, shape)
        inner = self._over(node, operand, axes, index)
        acc = self.names.fresh(self._wish(node))
        start = self.printer.real(self.printer.print(fold.start, {}))
        before, self.lines = [*self.lines, f"real {acc} = {start.code};"], []
        loops = [(inner[a], shape[a]) for a in axes if shape[a] != 1]
        self.ranges |= dict(loops)
        value = self.printer.as_kind(self._at(operand, inner), "real")
        if fold.step.count("{0}") > 1 and not re.fullmatch(r"\w+", value.code):
            value = self._bound(value, "next")
        given = {"_acc": Text(acc, "real"), "_0": value}
        self.lines.append(_taken_in(acc, self.printer.print(fold.step, given).code))
        self.lines = [*before, self._around(self.lines, loops)]
        if fold.finish == "{acc}":
            return Text(acc, "real")
        count = product(shape[a] for a in axes)
        many = literal(count) if isinstance(count, int) else self._count(count)
        given = {"_acc": Text(acc, "real"), "_count": many}
        return self.printer.print(fold.finish, given)

    def _count(self, dim: Size) -> Text:
        return Text(f"(real){_factor(dim)}", "real", CAST)

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
        acc = self.names.fresh(self._wish(node))
        code = " * ".join(f.inside(CAST) for f in factors)
        loops = self._around([f"{acc} += {code};"], axes)
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
        factors = [self.printer.real(self._at(a, left)),
                   self.printer.real(self._at(b, right))]  # fmt: skip
        return self._sum(node, factors, axes)

    def _contracted(self, node: Node, index: Index) -> Text:
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
                    letters[letter] = INNER[len(axes)]
                    axes.append((letters[letter], size))
        self.ranges |= dict(axes)
        factors = [
            self.printer.real(self._at(o, tuple(letters[c] for c in term)))
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
        best, at, count = (self.names.fresh(w) for w in ("best", "place", "counted"))
        before, self.lines = self.lines, []
        value = self.printer.as_kind(self._at(operand, inner), "real")
        further = f"next {element.sign} {best} || next != next"
        self.lines += [
            f"const real next = {value.code};",
            block(f"if ({at} < 0 || ({best} == {best} && ({further})))",
                  [f"{best} = next;", f"{at} = {count};"]),
            f"++{count};",
        ]  # fmt: skip
        self.lines = [
            *before, f"real {best} = 0;", f"long {at} = -1, {count} = 0;",
            self._around(self.lines, loops),
        ]  # fmt: skip
        return Text(f"(real){at}", "real", CAST)

    # --- places that are computed -----------------------------------------------------

    def _placed(self, node: Node, index: Index) -> Text:
        element = node.op.element
        assert isinstance(element, Placed)  # noqa: S101
        specs = tuple(i.spec for i in node.inputs)
        text = element.text(index, node.attrs, specs, node.spec)
        if not text:
            message = f"`{node.op.name}` of parts at places has no form in exported C"
            raise NotSupportedError(message)
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
            return self._at(self._operand(tree.value), tuple(map(ast.unparse, parts)))
        if isinstance(tree, ast.Name) and tree.id.startswith("_"):
            return self._at(self._operand(tree), ())
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
        name = self.called[node]
        zero = f"{name}[{_flat(letters, shape)}] = 0;"
        zeros = self._around([zero], [*zip(letters, shape, strict=True)])
        axes = [(INNER[k], d) for k, d in enumerate(given.spec.shape)]
        index = tuple("0" if d == 1 else letter for letter, d in axes)
        self.ranges = dict(axes)
        self.lines, self.operands = [], node.inputs
        specs = tuple(i.spec for i in node.inputs)
        where = element.text(index, node.attrs, specs, node.spec)
        flat = self._flat(
            tuple(ast.unparse(tree_of(w)) for w in where), node.spec.shape
        )
        value = self.printer.real(self._at(given, index))
        self.lines.append(f"{name}[{flat}] += {value.code};")
        return [zeros, self._around(self.lines, [(i, d) for i, d in axes if d != 1])]

    def _running(self, node: Node, element: Running) -> list[str]:
        """Write a reduction that keeps every value."""
        (operand,) = node.inputs
        shape, index = node.spec.shape, place(node.spec.shape)
        axis = (node.attrs["axis"] or 0) % len(shape)
        self.ranges = {i: d for i, d in zip(index, shape, strict=True) if d != 1}
        self.lines = []
        acc = self.names.fresh("running")
        value = self.printer.as_kind(self._at(operand, index), "real")
        given = {"_acc": Text(acc, "real"), "_0": value}
        step = self.printer.print(element.step, given).code
        flat = _flat(true_places(index, shape), true_shape(shape))
        inner = [
            *self.lines,
            _taken_in(acc, step),
            f"{self.called[node]}[{flat}] = {acc};",
        ]
        start = self.printer.real(literal(float(ast.literal_eval(element.start))))
        along = [(index[axis], shape[axis])] if shape[axis] != 1 else []
        lines = [f"real {acc} = {start.code};", self._around(inner, along)]
        others = [
            (i, d) for a, (i, d) in enumerate(zip(index, shape, strict=True))
            if a != axis and d != 1
        ]  # fmt: skip
        return [block("", [self._around(lines, others)]).lstrip()]


def _taken_in(acc: str, step: str) -> str:
    """Write how an accumulator takes a value in."""
    if step.startswith(f"{acc} + "):
        return f"{acc} += {step.removeprefix(f'{acc} + ')};"
    return f"{acc} = {step};"


def _size(dim: Dim) -> str:
    """Write a size: a number, or a formula of named sizes."""
    return size_text(dim).replace("*", " * ")


def _factor(dim: Dim) -> str:
    text = _size(dim)
    return text if re.fullmatch(r"\w+", text) else f"({text})"


def _flat(entries: Sequence[str], shape: Shape) -> str:
    """Write the number of an element, in the order of rows."""
    flat = ""
    for entry, size in zip(entries, shape, strict=True):
        own = entry if re.fullmatch(r"\w+", entry) else f"({entry})"
        if not flat:
            flat = entry
            continue
        start = flat if re.fullmatch(r"\w+", flat) else f"({flat})"
        flat = f"{start} * {_factor(size)} + {own}"
    return flat or "0"
