"""The statements of one function: which values get a name, and in which order."""

from __future__ import annotations

import ast
from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field

from derivo.emit.calls import FunctionNames, write_call
from derivo.emit.expression import field_values, fill, number, parsed
from derivo.emit.places import Wholes
from derivo.emit.scan_text import deferred, write_loop
from derivo.emit.scope import Scope
from derivo.emit.statement import Statement
from derivo.graph.names import Names
from derivo.graph.node import Node, order

LONGEST_PART, SHORTEST_PART, LONGEST_LINE = 46, 12, 78


@dataclass
class Body:
    """Writes the statements that compute some values from others.

    Attributes
    ----------
    bound
        Values that have a name already, and their names.
    wishes
        Names that values should get.
    hints
        Names for values that need one.
    functions
        Names of the functions that are called.
    wholes
        Nests that lie somewhere as a whole.
    kept
        Values that are handed on to the backward pass.
    """

    names: Names
    scope: Scope
    bound: dict[Node, str]
    wishes: Mapping[Node, str]
    hints: Mapping[Node, str] = field(default_factory=dict)
    statements: list[Statement] = field(default_factory=list)
    parts: dict[Node, ast.expr] = field(default_factory=dict)
    functions: FunctionNames = field(default_factory=FunctionNames)
    wholes: Wholes = field(default_factory=Wholes)
    kept: set[Node] = field(default_factory=set)

    def compute(self, roots: Iterable[Node], *, keep: Iterable[Node] = ()) -> None:
        """Write what is needed for `roots`; those in `keep` get a name in any case."""
        roots, kept = list(roots), set(keep)
        self.kept |= kept
        nodes = needed([*roots, *kept], set(self.bound))
        readers = Counter(i for n in nodes for i in n.inputs)
        readers.update(roots)
        left_to_loops = deferred(nodes, [*roots, *kept])
        for node in nodes:
            if "loop" in node.op.traits:
                write_loop(self, node, [n for n in nodes if node in n.inputs])
            if "call" in node.op.traits:
                results = [n for n in nodes if n.inputs[:1] == (node,)]
                write_call(self, node, [n for n in results if "result" in n.op.traits])
            if node in self.bound or node in left_to_loops:
                continue
            if node.op.traits & {"loop", "call"}:
                continue
            named = node in kept or node in self.wishes or readers[node] > 1
            self._write(node, named=named and not self._is_plain(node, node in kept))

    def _is_plain(self, node: Node, kept: bool) -> bool:
        """Tell whether a value is as short as a name would be."""
        if kept or node in self.wishes:
            return False
        if is_number(node):
            return True
        return "view" in node.op.traits and isinstance(
            self.parts.get(node.inputs[0]) or self.expression(node.inputs[0]), ast.Name
        )

    def _write(self, node: Node, *, named: bool) -> None:
        operands = [self.expression(i) for i in node.inputs]
        tree = (
            parsed(node.op.text(node.attrs, *(i.spec for i in node.inputs)))
            if node.op.numpy
            else ()
        )
        if len(tree) > 1:
            name = self.names.fresh(self.wish(node), node)
            values, defaults = field_values(node, operands, self.scope, name)
            for k, statement in enumerate(tree):
                filled = ast.fix_missing_locations(fill(statement, values, defaults))
                code = ast.unparse(filled)
                self.statements.append(Statement(code, node if k == 0 else None, name))
            self.bind(node, name)
            return
        expression = self._leaf(node) if not tree else None
        if expression is None:
            values, defaults = field_values(node, operands, self.scope)
            expression = fill(tree[0], values, defaults).value
            if node.spec.is_weak and isinstance(expression, ast.Call):
                # A Python number stays one: a NumPy scalar would widen float32.
                expression = ast.Call(ast.Name("float"), [expression], [])
        text = ast.unparse(expression)
        if len(text) > LONGEST_LINE and self._name_longest(node):
            self._write(node, named=named)
            return
        if named or len(text) > LONGEST_PART:
            name = self.names.fresh(self.wish(node), node)
            self.statements.append(Statement(f"{name} = {text}", node, name))
            self.bind(node, name)
        else:
            self.parts[node] = expression

    def _name_longest(self, node: Node) -> bool:
        """Give the longest operand of a long line a line of its own."""
        inlined = [i for i in node.inputs if i in self.parts and i not in self.bound]
        lengths = {i: len(ast.unparse(self.parts[i])) for i in inlined}
        longest = max(inlined, key=lambda i: (lengths[i], -i.index), default=None)
        if longest is None or lengths[longest] < SHORTEST_PART:
            return False
        name = self.names.fresh(self.wish(longest), longest)
        code = f"{name} = {ast.unparse(self.parts[longest])}"
        self.statements.append(Statement(code, longest, name))
        self.bind(longest, name)
        return True

    def bind(self, node: Node, name: str) -> None:
        """Note that a value is at hand under a name."""
        self.bound[node] = name
        self.scope.add(name, node.spec)

    def _leaf(self, node: Node) -> ast.expr:
        value = node.attrs.get("value")
        if "dim" in node.attrs:
            return self.scope.dim(node.attrs["dim"])
        if isinstance(value, bool):
            return ast.Constant(value)
        assert isinstance(value, int | float)  # noqa: S101  arrays are bound at the top
        return number(value)

    def expression(self, node: Node) -> ast.expr:
        """Give the expression that stands for a value: its name, or what it inlines."""
        if node in self.bound:
            return ast.Name(self.bound[node])
        return self.parts[node]

    def wish(self, node: Node) -> str:
        """Give the name that a value should have."""
        if node in self.wishes:
            return self.wishes[node]
        if node in self.hints:
            return self.hints[node]
        below = node
        while below not in self.bound and below.inputs:
            below = below.inputs[0]
        if (
            len(node.inputs) != 1
            or node.op.name in ("neg", "as_float")
            or below not in self.bound
        ):
            return "h"
        return f"{node.op.name}_{self.bound[below]}"


def is_number(node: Node) -> bool:
    """Tell whether a value is a number that is written where it is read."""
    return node.op.name in ("constant", "size") and not node.spec.rank


def needed(roots: Iterable[Node], given: set[Node]) -> list[Node]:
    """Give the nodes below `roots`, as far as they do not lie below given ones."""
    seen: set[Node] = set()
    stack = [r for r in roots if r not in given]
    while stack:
        node = stack.pop()
        if node not in seen:
            seen.add(node)
            stack.extend(i for i in node.inputs if i not in given)
    return [n for n in order(roots) if n in seen]
