"""What the loops of a function share: names, arrays, numbers, statements."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, NoReturn, cast

from derivo.emit.c.element import Text, literal
from derivo.emit.c.layout import block
from derivo.emit.c.place import CAST, LONGEST_NAME, Body, plain, size_text
from derivo.emit.plan.items import is_count, is_literal
from derivo.emit.plan.layout import Number, layout_of, origin
from derivo.emit.portable.elements import PlainPrinter
from derivo.errors import NotSupportedError
from derivo.graph.builder import Constant
from derivo.graph.dim import Dim, Shape, Size, product, substituted, symbol
from derivo.graph.element import Rearranged
from derivo.graph.names import Names
from derivo.graph.node import Node

Axes = Sequence[tuple[str, Dim]]


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


@dataclass
class Scope:
    """What the statements of a function know.

    Attributes
    ----------
    printer
        Prints elements.
    arrays
        Hands out arrays.
    names
        Hands out names of variables.
    wishes
        Names that values should get.
    rows, most_rows
        The size that may be smaller than the arrays have room for, and what stands for
        it where memory is laid out.
    called
        What values are called that lie in arrays or are numbers of the function.
    row_of
        Arrays beside these: what a row keeps from pass to pass, or gives to a sum of
        all rows.
    stands_for
        Values inside a loop over time to those outside that are read as they lie.
    kinds
        "number" for those that are double, "flag" for truths; real if left out.
    """

    printer: PlainPrinter
    arrays: Arrays
    names: Names
    wishes: Mapping[Node, str]
    rows: str
    most_rows: str
    called: dict[Node, str] = field(default_factory=dict)
    row_of: dict[Node, str] = field(default_factory=dict)
    stands_for: dict[Node, Node] = field(default_factory=dict)
    kinds: dict[Node, str] = field(default_factory=dict)
    lines: list[str] = field(default_factory=list)

    def __post_init__(self) -> None:
        """Begin without sizes that are read."""
        self.body = Body(cast("Any", None), is_matrix=False)  # notes sizes alone

    # --- names ------------------------------------------------------------------------

    def wish(self, node: Node) -> str:
        """Name a value: as the user did, else by what is done to what."""
        known = self.wishes.get(node) or self.called.get(node)
        if known:
            return plain(known)
        of = next((i for i in node.inputs if not is_literal(i)), None)
        while of is not None and is_view(of):
            (of,) = of.inputs
        name = node.op.name if of is None else f"{node.op.name}_{self.wish(of)}"
        return plain(name if len(name) <= LONGEST_NAME else node.op.name)

    def array(self, node: Node) -> str:
        """Give the array of a value, which gets one if it has none."""
        if node not in self.called:
            length = self.length(node.spec.shape)
            self.called[node] = self.arrays.name(self.wish(node), length)
        return self.called[node]

    def target(self, node: Node, value: Node | None, *, is_part: bool) -> str:
        """Give the array that a value is moved to; it is called like that value."""
        if node not in self.called and node not in self.wishes and value is not None:
            wish = f"{self.wish(value)}{'_all' if is_part else ''}"
            self.called[node] = self.further(wish, node.spec.shape)
        return self.array(node)

    def further(self, wish: str, shape: Shape) -> str:
        """Give an array that is no value's."""
        return self.arrays.name(plain(wish), self.length(shape))

    def length(self, shape: Shape) -> str:
        """Give how many elements an array has room for."""
        count = product(shape)
        most: dict[str, Dim] = {self.rows: symbol(self.most_rows)}
        return size(substituted(count, most) if isinstance(count, Size) else count)

    # --- statements -------------------------------------------------------------------

    def bound(self, value: Text, wish: str) -> Text:
        """Give a value a variable."""
        return value if re.fullmatch(r"\w+", value.code) else self.copied(value, wish)

    def copied(self, value: Text, wish: str) -> Text:
        """Give a value a variable of its own, even if it is one already."""
        kind = {"flag": "int", "number": "double"}.get(value.kind, value.kind)
        name = self.names.fresh(plain(wish))
        self.lines.append(f"const {kind} {name} = {value.code};")
        return Text(name, value.kind)

    def repeated(self, value: Text, text: str, number: int, wish: str) -> Text:
        """Give an operand, in a variable if a text reads it more than once."""
        is_often = text.count(f"{{{number}}}") > 1 and value.value is None
        return self.bound(value, wish) if is_often else value

    def real(self, value: Text) -> str:
        """Write a value as one of the floating type."""
        return self.printer.real(value).code

    def printed(self, node: Node, text: str, values: Mapping[str, Text]) -> Text:
        """Fill operands into the text of an operation.

        Raises
        ------
        NotSupportedError
            It has no form in C99; the message says which.
        """
        try:
            return self.printer.print(text, values)
        except NotSupportedError as error:
            message = f"`{node.op.name}` {error}"
            raise NotSupportedError(message) from None

    def refuse(self, node: Node) -> NoReturn:
        """Refuse an operation.

        Raises
        ------
        NotSupportedError
            With its name.
        """
        message = f"`{node.op.name}` has no form in exported C"
        raise NotSupportedError(message)

    def counted(self, node: Node, text: Text) -> Text:
        """Give what was computed, with the question whether it is a whole number."""
        if not is_count(node):
            return text
        return Text(f"whole({text.code})", "number")

    # --- reading ----------------------------------------------------------------------

    def literal(self, node: Node) -> Text:
        """Write a value that is a number wherever it is read."""
        value = node.attrs.get("dim", node.attrs.get("value"))
        if isinstance(value, Size):
            return Text(f"(real){factor(value)}", "real", CAST)
        if isinstance(value, bool):
            return Text(str(int(value)), "flag", value=float(value))
        assert isinstance(value, int | float)  # noqa: S101
        return literal(value)

    def number(self, node: Node) -> Text:
        """Read a number of the function."""
        if is_literal(origin(node)):
            return self.literal(origin(node))
        source = origin(node)
        return Text(self.called[source], self.kinds.get(source, "real"))

    def in_array(self, source: Node, flat: str) -> Text:
        """Read an element of an array, by its number."""
        code = f"{self.called[source]}[{flat}]"
        if source.spec.kind == "bool":
            return Text(f"({code} != 0)", "flag")
        return Text(code, "real")

    def is_number(self, node: Node) -> bool:
        """Tell whether a value is one number."""
        return isinstance(layout_of(node.spec.shape), Number)

    def define(self, node: Node, value: Text) -> None:
        """Give a number of the function its value.

        What it is copied from may change: it may be the carry of a loop.
        """
        self.name_number(node, self.copied(value, self.wish(node)))

    def name_number(self, node: Node, found: Text) -> None:
        """Say what a number of the function is called."""
        self.called[node], self.kinds[node] = found.code, found.kind


def is_view(node: Node) -> bool:
    """Tell whether a value has the elements of its operand in other places."""
    return isinstance(node.op.element, Rearranged) or "reshapes" in node.op.traits


def is_given(node: Node) -> bool:
    """Tell whether a value is an argument, or an array that was closed over."""
    return node.op.name == "argument" or isinstance(node.attrs.get("value"), Constant)


def true_shape(shape: Shape) -> Shape:
    """Give the axes that are longer than 1."""
    return tuple(d for d in shape if d != 1)


def around(lines: Iterable[str], axes: Axes) -> str:
    """Write loops over whole axes, the first outermost."""
    text = "\n".join(lines)
    for letter, dim in reversed(axes):
        head = f"for (long {letter} = 0; {letter} < {size(dim)}; ++{letter})"
        text = block(head, [text])
    return text


def number_of(count: Dim) -> Text:
    """Write a size as a number of the floating type."""
    if isinstance(count, Size):
        return Text(f"(real){factor(count)}", "real", CAST)
    return literal(count)


def taken_in(acc: str, step: str) -> str:
    """Write how an accumulator takes a value in."""
    if step.startswith(f"{acc} + "):
        return f"{acc} += {step.removeprefix(f'{acc} + ')};"
    return f"{acc} = {step};"


def size(dim: Dim) -> str:
    """Write a size: a number, or a formula of named sizes."""
    return size_text(dim).replace("*", " * ")


def factor(dim: Dim) -> str:
    """Write a size as a factor."""
    text = size(dim)
    return text if re.fullmatch(r"\w+", text) else f"({text})"


def numbered(entries: Sequence[str], shape: Shape) -> str:
    """Write the number of an element, in the order of rows."""
    found = ""
    for entry, dim in zip(entries, shape, strict=True):
        own = entry if re.fullmatch(r"\w+", entry) else f"({entry})"
        if not found:
            found = entry
            continue
        start = found if re.fullmatch(r"\w+", found) else f"({found})"
        found = f"{start} * {factor(dim)} + {own}"
    return found or "0"
