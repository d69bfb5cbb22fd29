"""Where the elements of a value are in C: in a variable or in an array."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from functools import cache

from derivo.emit.c.element import ElementPrinter, Text, literal
from derivo.emit.c.functions import BY_NAME, WHOLE_NUMBER, Function
from derivo.emit.c.runtime import Target
from derivo.emit.plan.items import is_count, is_literal, operand_at
from derivo.emit.plan.layout import (
    Line,
    Number,
    Panels,
    layout_of,
    letters,
    origin,
    view_place,
)  # fmt: skip
from derivo.errors import NotSupportedError
from derivo.graph.dim import Dim, Size, names
from derivo.graph.element import Element, Fold
from derivo.graph.names import Names
from derivo.graph.node import Node
from derivo.graph.op import fields

_KEYWORDS = """
auto break case char const continue default do double else enum extern float for goto if
inline int long register restrict return short signed sizeof static struct switch while
typedef union unsigned void volatile asm typeof main errno
"""
_OWN = """
s begin end at col row from to i j k l m p q r sum top last order acc all lost next part
given first real vec mask load store splat pick ones mask_of first_lanes sum_lanes
rotated larger smaller add_block multiply clear fetch pack unpack turn turn_square share
step team member me meet together parts worker work thread threads rows PARTS
MOST_THREADS LANES PANEL PAUSE REGISTER INLINE OWN SQRT SHARE PANELS ROWS EACH
rows_together NAN of_all own
now now_2 now_3 INFINITY best number place out_of_range index_within
p0 p1 p2 p3 p4 p5 p6 p7 n o
is_changed is_lost ask_numpy arrays whole
"""
# Functions of a letter or a word that math.h and stdlib.h declare.
_LIBRARY = """
j0 j1 jn y0 y1 yn gamma free abs div exit rand time clock index signbit
"""
# An unnamed value is written where it is read unless it is longer than this.
LONGEST_PART = 60
LONGEST_NAME = 20
CAST = 12  # how strongly a cast binds
# Functions of two sizes.
LARGER = {"max": "larger", "min": "smaller"}


@cache
def reserved() -> frozenset[str]:
    """Give the names that values must not have."""
    called = {
        n for f in BY_NAME.values() for n in (f.plain, f"{f.name}_v", f"{f.name}_r")
    }
    own = f"{_KEYWORDS} {_OWN} {_LIBRARY}".split()
    return frozenset((*own, *called))


def plain(name: str) -> str:
    """Give a name that C takes: letters of ASCII."""
    return re.sub(r"\W", "_", name, flags=re.ASCII)


def size_name(name: str) -> str:
    """Give what a size is called in C: the letters of loops are small, it is not.

    The number of a step in a loop over time stands where sizes do (`counter_text`).
    """
    if name[:1] == "0":
        return name[1:]
    is_free = name[:1].isupper() and plain(name) == name and name not in reserved()
    return name if is_free else f"{plain(name)}_size"


def size_text(
    dim: Dim, prefix: str = "", called: Callable[[str], str] = size_name
) -> str:
    """Write a size: a number, or a formula of named sizes."""
    if not isinstance(dim, Size):
        return str(dim)

    def word(found: re.Match[str]) -> str:
        if found[0] in LARGER:
            return LARGER[found[0]]
        return f"{prefix}{called(found[0])}"

    return re.sub(r"\b[^\W\d]\w*", word, str(dim)).replace("//", "/")


def factor_text(dim: Dim, prefix: str = "") -> str:
    """Write a size as a factor."""
    text = size_text(dim, prefix)
    return f"({text})" if " " in text or "*" in text or "/" in text else text


@dataclass
class Module:
    """What the functions of a text share.

    Attributes
    ----------
    target
        The machine.
    arrays
        Names of the values that have an array, or that are numbers of the step.
    wishes
        Names that values should get.
    names
        Hands out further names.
    in_numpy
        What NumPy computes, with the number that it is asked for by.
    rows
        The name of the size that differs from step to step; "" if none does.
    used
        Functions of elements that are called.
    by_rows
        Names of the arrays that NumPy sees, by those of the arrays that are meant.
    """

    target: Target
    arrays: dict[Node, str]
    wishes: Mapping[Node, str]
    names: Names
    in_numpy: Mapping[Node, int] = field(default_factory=dict)
    rows: str = ""
    used: dict[Function, None] = field(default_factory=dict)
    by_rows: dict[str, str] = field(default_factory=dict)

    def counted(self, node: Node, text: Text) -> Text:
        """Give what was computed, with the question whether it is a whole number."""
        if not is_count(node):
            return text
        self.used[WHOLE_NUMBER] = None
        return Text(f"whole({text.code})", "number")

    @property
    def printer(self) -> ElementPrinter:
        """Prints elements."""
        return ElementPrinter(self.target.single, self.used)

    def wish(self, node: Node) -> str:
        """Give the name that a value should get: the user's, else what it is.

        What has no name is called by its operation and what that is applied to:
        ``log_sum_e``.
        """
        known = self.wishes.get(node) or self.arrays.get(node)
        if known:
            return plain(known)
        of = next((origin(i) for i in node.inputs if not is_literal(i)), None)
        if of is None:
            return plain(node.op.name)
        name = f"{node.op.name}_{self.wish(of)}"
        return plain(name if len(name) <= LONGEST_NAME else node.op.name)


def text_of(node: Node) -> str:
    """Give the text that computes an element."""
    element = node.op.element
    if view_place(node) is not None or isinstance(element, Fold):
        return "{0}"
    if isinstance(element, Element) and element.text:
        return element.text
    return node.op.text(node.attrs, *(i.spec for i in node.inputs))


@dataclass
class Body:
    """The inside of a loop: statements, with what must be declared around them.

    Attributes
    ----------
    module
        What all functions share.
    is_matrix
        Whether the loop runs over a matrix (letters i and j) or a line (i).
    row
        The number of the row, for values with one number a row.
    member
        What stands before a number or a size of the step: nothing where it has a
        variable of its own.
    lines
        The statements.
    locals
        Values that have a variable here, or are written where they are read.
    arrays, numbers, sizes
        Names that are read.
    """

    module: Module
    is_matrix: bool
    row: str = "i"
    member: str = ""
    lines: list[str] = field(default_factory=list)
    locals: dict[Node, Text] = field(default_factory=dict)
    arrays: dict[str, None] = field(default_factory=dict)
    numbers: dict[str, None] = field(default_factory=dict)
    sizes: dict[str, None] = field(default_factory=dict)

    # --- reading ----------------------------------------------------------------------

    def array(self, node: Node) -> str:
        """Give the name of the array that a value lies in.

        Raises
        ------
        NotSupportedError
            It lies nowhere: an array of one number, where its elements are read apart.
        """
        source = origin(node)
        if source not in self.module.arrays:
            message = (
                f"an array of one number ({source.op.name}) that is read as a matrix "
                "has no form in compiled steps"
            )
            raise NotSupportedError(message)
        name = self.module.arrays[source]
        self.arrays[name] = None
        return name

    def size(self, dim: Dim) -> str:
        """Write a size as a factor."""
        if isinstance(dim, Size):
            self.sizes |= dict.fromkeys(names(dim))
        return factor_text(dim, self.member)

    def read(self, node: Node, at: str) -> Text:
        """Write an element of a value, which is read at these letters."""
        if is_literal(node):
            return self._literal(node)
        source = origin(node)
        if source in self.locals:
            return self.locals[source]
        truth = source.spec.kind == "bool"
        layout = layout_of(source.spec.shape)
        if isinstance(layout, Number):
            name = self.module.arrays[source]
            self.numbers[name] = None
            text = Text(f"{self.member}{name}", "number")
        elif isinstance(layout, Line) and self.is_matrix and at == "i":
            text = Text(f"{self.array(source)}[{self.row}]", "real")
        else:
            index = "col" if isinstance(layout, Line) and self.is_matrix else "at"
            text = Text(f"load({self.array(source)} + {index})", "vec")
        if truth:
            kind = "mask" if text.kind == "vec" else "flag"
            return Text(f"({text.code} != 0)", kind)
        return text

    def _literal(self, node: Node) -> Text:
        """Write a value that is a number wherever it is read."""
        value = node.attrs.get("dim", node.attrs.get("value"))
        if isinstance(value, Size):
            return Text(f"(double){self.size(value)}", "number", CAST)
        if isinstance(value, bool):
            return Text(str(int(value)), "flag", value=float(value))
        assert isinstance(value, int | float)  # noqa: S101
        return literal(value)

    # --- computing --------------------------------------------------------------------

    def value(self, node: Node) -> Text:
        """Write an element of what an operation gives."""
        text = text_of(node)
        values: dict[str, Text] = {}
        for k, operand in enumerate(node.inputs):
            if isinstance(node.op.element, Fold):
                at = letters(layout_of(operand.spec.shape))
            else:
                at = operand_at(node, operand) or ""
            value = self.read(operand, at)
            if text.count(f"{{{k}}}") > 1 and not re.fullmatch(r"[\w.>-]+", value.code):
                value = self.bound(value, self.module.wish(operand))
            values[f"_{k}"] = value
        for name, value_of in fields(node.attrs).items():
            if isinstance(value_of, int | float):
                values.setdefault(f"_{name}", literal(float(value_of)))
        result = self.module.printer.print(text, values)
        return result if node.spec.kind == "bool" else self._number(result)

    def _number(self, text: Text) -> Text:
        return self.module.printer.real(text) if text.is_truth else text

    def bound(self, text: Text, wish: str) -> Text:
        """Give a value a variable."""
        name = self.module.names.fresh(plain(wish))
        kind = {"flag": "int", "number": "double"}.get(text.kind, text.kind)
        self.lines.append(f"const {kind} {name} = {text.code};")
        return Text(name, text.kind)

    def define(self, node: Node, kind: str, *, alone: bool) -> None:
        """Compute a value, with a variable unless it is short and read once."""
        if node.spec.kind == "bool":
            kind = {"vec": "mask", "real": "flag"}[kind]
        text = self.module.printer.as_kind(self.value(node), kind)
        short = len(text.code) <= LONGEST_PART and node not in self.module.wishes
        if not (alone and short):
            text = self.bound(text, self.element_name(node))
        self.locals[node] = text

    def element_name(self, node: Node) -> str:
        """Name an element by its array and its place: ``h1_ij``."""
        wish = self.module.wish(node)
        if node not in self.module.arrays:
            return wish
        is_matrix = isinstance(layout_of(node.spec.shape), Panels)
        return f"{wish}_{'ij' if is_matrix else self.row[0]}"

    def keep(self, name: str, text: Text) -> None:
        """Put a vector of elements into an array."""
        self.arrays[name] = None
        vector = self.module.printer.vector(text)
        self.lines.append(f"store({name} + at, {vector.code});")


def count_uses(nodes: Iterable[Node]) -> dict[Node, int]:
    """Count how often values are written among what computes `nodes`."""
    counts: dict[Node, int] = {}
    for node in nodes:
        text = text_of(node)
        for k, operand in enumerate(node.inputs):
            source = origin(operand)
            counts[source] = counts.get(source, 0) + text.count(f"{{{k}}}")
    return counts
