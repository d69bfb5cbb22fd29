"""The body of a JavaScript function: a line for each value that is wanted or shared."""

from __future__ import annotations

import ast
import re
from collections.abc import Container, Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

from derivo.emit.expression import fill, number, parsed
from derivo.emit.js.scalar import function as translated
from derivo.emit.js.scalar import is_of_numbers, write
from derivo.emit.naming import Naming
from derivo.errors import InternalError
from derivo.graph.builder import Builder, Constant
from derivo.graph.dim import Dim, Size
from derivo.graph.dim import names as names_of_sizes
from derivo.graph.element import Element
from derivo.graph.loop import Loop
from derivo.graph.names import Names
from derivo.graph.node import Node
from derivo.graph.op import fields
from derivo.trace.recorder import Recorder

# Words that JavaScript keeps for itself, and those that the text uses.
RESERVED_TEXT = """
arguments await break case catch class const continue debugger default delete do else
enum eval export extends false finally for function if implements import in instanceof
interface let new null package private protected public return static super switch this
throw true try typeof undefined var void while with yield
Math Number Infinity NaN R given sizes value upstream forward backward
"""
RESERVED = frozenset(RESERVED_TEXT.split())
WHOLE = ("cut", None, None, None)


@dataclass
class Shared:
    """What the functions of a program have in common.

    Attributes
    ----------
    recorder
        Spells operations that are made of simpler ones.
    helpers
        The text of functions of numbers that are called, by name.
    lowered
        What stands in the place of an operation that is spelled with others.
    """

    recorder: Recorder
    helpers: dict[str, str] = field(default_factory=dict)
    lowered: dict[Node, Node] = field(default_factory=dict)

    @classmethod
    def of(cls, builder: Builder) -> Shared:
        """Begin a program on the nodes of a builder."""
        return cls(Recorder(builder))

    def spelled(self, node: Node, at_hand: Container[Node] = ()) -> Node:
        """Give the node that is computed for a value: its own, or its spelling."""
        while node.op.lower is not None and node not in at_hand:
            if node not in self.lowered:
                operands = (self.recorder.wrap(i) for i in node.inputs)
                result = node.op.lower(*operands, **node.attrs)
                self.lowered[node] = self.recorder.lift(result)
            node = self.lowered[node]
        return node


class Body:
    """Writes the lines that compute values from others.

    Parameters
    ----------
    shared
        What the functions of the program have in common.
    known
        What is at hand, by the name of its variable.
    wishes
        What values are to be called.
    taken
        Names that mean something else.
    """

    def __init__(
        self, shared: Shared, known: Mapping[Node, str], wishes: Mapping[Node, str],
        taken: Iterable[str] = (),
    ) -> None:  # fmt: skip
        self.shared = shared
        self.variables = dict(known)
        self.wishes = wishes
        self.names = Names({*RESERVED, *taken, *known.values()})
        for node, wish in wishes.items():
            self.names.hold(wish, node)
        self.naming = Naming(self.variables.get)
        self.lines: list[str] = []
        self.sizes: dict[str, None] = {}
        self.used: set[Node] = set()
        # Elements of values that are written where they are read.
        self.elements: dict[Node, ast.expr] = {}

    # --- what is asked of it ----------------------------------------------------------

    def compute(self, wanted: Iterable[Node]) -> None:
        """Write the lines that the wanted values need."""
        wanted = [self._spelled(n) for n in wanted]
        nodes = self._in_order(wanted)
        inner = self._written_where_read(nodes, set(wanted))
        items: dict[Node, list[Node]] = {}
        for node in nodes:
            if node.op.name in ("stack", "total"):
                items.setdefault(node.inputs[0], []).append(node)
        for node in nodes:
            if "loop" in node.op.traits:
                self._scan(node, items.get(node, []))
            elif node in self.variables or "item" in node.op.traits:
                self._assign_item(node)
            elif is_number(node):
                self.elements[node] = self._number(node)
            elif "elementwise" not in node.op.traits:
                self._assign(node, self._text(node))
            elif node in inner:
                self.elements[node] = self._element(node)
            else:
                self._assign(node, self._mapped(node))

    def read(self, node: Node) -> str:
        """Write a value that was computed: its variable, or a number."""
        return write(self._operand(self._spelled(node)))

    def _spelled(self, node: Node) -> Node:
        return self.shared.spelled(node, self.variables)

    def of_one_number(self, node: Node, operand: Node, name: str) -> str | None:
        """Write a value as a function of one number; None if it is no such function."""
        operand = self._spelled(operand)

        def tree(at: Node) -> ast.expr | None:
            at = self._spelled(at)
            if at is operand:
                return ast.Name(name)
            if is_number(at):
                return self._number(at)
            if "elementwise" not in at.op.traits:
                return None
            for inner in at.inputs:
                part = tree(inner)
                if part is None:
                    return None
                self.elements[self._spelled(inner)] = part
            return self._element(at)

        found = tree(node)
        return None if found is None else write(found)

    # --- order ------------------------------------------------------------------------

    def _in_order(self, wanted: list[Node]) -> list[Node]:
        """Give what is to be computed, operands before their readers."""
        found: dict[Node, None] = {}
        stack = [(n, False) for n in reversed(wanted)]
        while stack:
            node, are_operands_there = stack.pop()
            if node in found or node in self.variables:
                continue
            if are_operands_there:
                found[node] = None
                continue
            stack.append((node, True))
            stack += [(self._spelled(i), False) for i in reversed(node.inputs)]
        return list(found)

    def _written_where_read(self, nodes: list[Node], wanted: set[Node]) -> set[Node]:
        """Give the elements without a line: read once, by an element of another."""
        readers: dict[Node, list[bool]] = {}
        for node in nodes:
            for k, operand in enumerate(node.inputs):
                once = "elementwise" in node.op.traits and (
                    _meaning(node).count(f"{{{k}}}") == 1
                )
                readers.setdefault(self._spelled(operand), []).append(once)
        return {n for n in nodes if n not in wanted and readers.get(n) == [True]}

    # --- one value --------------------------------------------------------------------

    def _assign(self, node: Node, text: str) -> None:
        wish = self.wishes.get(node)
        wishes = [wish] if wish else list(self.naming.made_of(node))
        name = self.names.first(wishes, node)
        self.variables[node] = name
        self.lines.append(f"const {name} = {text};")

    def _operand(self, node: Node) -> ast.expr:
        node = self._spelled(node)
        if node in self.elements:
            return self.elements[node]
        self.used.add(node)
        return ast.Name(self.variables[node])

    def _number(self, node: Node) -> ast.expr:
        if "dim" in node.attrs:
            return self._size(node.attrs["dim"])
        value = node.attrs["value"]
        return ast.Constant(value) if isinstance(value, bool) else number(value)

    def _size(self, dim: Dim) -> ast.expr:
        self.sizes |= dict.fromkeys(names_of_sizes(dim))
        return ast.parse(str(dim), mode="eval").body

    def _element(self, node: Node) -> ast.expr:
        """Write an element of a value, as its record says."""
        for helper in node.op.helpers:
            self.shared.helpers.setdefault(helper.__name__, translated(helper))
        values: dict[str, Any] = {
            f"_{k}": self._operand(i) for k, i in enumerate(node.inputs)
        }
        for name, value in fields(node.attrs).items():
            values[f"_{name}"] = ast.Name(self.literal(value))
        tree: ast.expr = fill(parsed(_meaning(node))[0], values, frozenset()).value
        return tree

    def _mapped(self, node: Node) -> str:
        """Write an element-wise value: of numbers as it is, of arrays by `R.map`."""
        tree = self._element(node)
        if not node.spec.rank:
            return write(tree)
        arrays = {v for n, v in self.variables.items() if n.spec.rank}
        read = [n.id for n in _names_in(tree) if n.id in arrays]
        given = ", ".join(dict.fromkeys(read))
        head = given if given.isidentifier() else f"({given})"
        return f"R.map({head} => {write(tree)}, {given})"

    def _text(self, node: Node) -> str:
        """Fill in the JavaScript text of an operation."""
        if isinstance(node.attrs.get("value"), Constant):
            array = node.attrs["value"].array
            listed = ", ".join(_digits(v) for v in array.ravel())
            return f"R.make({self.literal(node.spec.shape)}, [{listed}])"
        template = node.op.js
        if callable(template):
            template = template(node.attrs, *(i.spec for i in node.inputs))
        if not isinstance(template, str) or not template:
            message = f"no JavaScript for `{node.op.name}`"
            raise InternalError(message)
        operands = [write(self._operand(i)) for i in node.inputs]

        def part(match: re.Match[str]) -> str:
            name = match[1]
            if name == "*":
                return ", ".join(operands)
            if name == "result":
                return self.literal(node.spec.shape)
            if name.isdigit():
                return operands[int(name)]
            if name.startswith("indices_"):
                return self.literal(node.attrs["indices"][int(name[8:])])
            return self.literal(node.attrs[name])

        if "keepdims" in node.attrs:
            template = template.replace(", {axis}, {keepdims})", _options(node))
        return re.sub(r"\{(\*|\w+)\}", part, template)

    def literal(self, value: Any) -> str:
        """Write an attribute: a number, a shape, an index."""
        if isinstance(value, Size):
            return write(self._size(value))
        if value == WHOLE:
            return "R.ALL"
        if isinstance(value, tuple):
            if value[:1] == ("at",):
                return self.literal(value[1])
            parts = value[1:] if value[:1] == ("cut",) else value
            return f"[{', '.join(self.literal(v) for v in parts)}]"
        if isinstance(value, int | float) and not isinstance(value, bool):
            return write(number(value))
        return write(ast.Constant(value))

    # --- loops ------------------------------------------------------------------------

    def _scan(self, node: Node, items: list[Node]) -> None:
        """Write a loop: a function of one step, and what it is run on."""
        loop: Loop = node.attrs["loop"]
        kept = list(dict.fromkeys(n.attrs["of"] for n in items))
        step = Body(self.shared, {}, self.wishes, self.names.taken)
        for bound, word in zip(loop.bound, _words(loop), strict=True):
            wish = self.wishes.get(bound, word)
            step.variables[bound] = step.names.fresh(wish, bound)
        step.compute([*loop.following, *kept])
        self.sizes |= step.sizes
        parts, first = [], 0
        for group in (loop.carries, loop.slices, loop.fixed):
            parts.append((first, first + len(group)))
            first += len(group)
        operands = [write(self._operand(i)) for i in node.inputs]
        found = [step.variables[b] for b in loop.bound]
        given = ", ".join(f"[{', '.join(operands[a:b])}]" for a, b in parts)
        taken = ", ".join(f"[{', '.join(found[a:b])}]" for a, b in parts)
        next_ones = ", ".join(step.read(n) for n in loop.following)
        listed = ", ".join(step.read(n) for n in kept)
        name = self.names.fresh("loop")
        self.variables[node] = name
        length, reverse = self.literal(node.attrs["length"]), self.literal(loop.reverse)
        self.lines += [
            f"const {name} = R.scan({length}, {reverse}, {given}, ({taken}) => {{",
            *(f"  {line}" for line in step.lines),
            f"  return [[{next_ones}], [{listed}]];",
            "});",
        ]
        for item in items:
            text = f"{name}.{item.op.name}({kept.index(item.attrs['of'])})"
            self._assign(item, text)

    def _assign_item(self, node: Node) -> None:
        if node in self.variables:
            return  # what is stacked has its line below the loop's
        scan, of = node.inputs[0], node.attrs["of"]
        place = scan.attrs["loop"].carries.index(of)
        self._assign(node, f"{self.variables[scan]}.carries[{place}]")


def _names_in(tree: ast.AST) -> Iterator[ast.Name]:
    """Give the names in an expression, from left to right."""
    if isinstance(tree, ast.Name):
        yield tree
    for part in ast.iter_child_nodes(tree):
        yield from _names_in(part)


def _words(loop: Loop) -> list[str]:
    """Give words for what a step finds and the user has no name for."""
    words = ["carry"] * len(loop.carries) + ["part"] * len(loop.slices)
    return words + ["fixed"] * len(loop.fixed)


def _options(node: Node) -> str:
    """Give the options of a reduction that are not as usual, and the bracket."""
    if node.attrs["keepdims"]:
        return ", {axis}, {keepdims})"
    return ")" if node.attrs["axis"] is None else ", {axis})"


def is_number(node: Node) -> bool:
    """Tell whether a value is a number that is known, or a size."""
    value = node.attrs.get("value")
    is_known = node.op.name == "constant" and not isinstance(value, Constant)
    return not node.inputs and ("dim" in node.attrs or is_known)


def _meaning(node: Node) -> str:
    """Give the text of one element: NumPy's if it is one of numbers, too."""
    own = node.op.element
    text = node.op.text(node.attrs, *(i.spec for i in node.inputs))
    if isinstance(own, Element) and own.text and not is_of_numbers(text):
        return own.text
    return text


def _digits(value: Any) -> str:
    number = float(value)
    return (
        str(int(number)) if number.is_integer() and abs(number) < 1e15 else repr(number)
    )
