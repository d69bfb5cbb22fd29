"""The statements of one function: which values get a name, and in which order."""

from __future__ import annotations

import ast
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any

import numpy as np

from derivo.emit.calls import write_call, write_group
from derivo.emit.expression import field_values, fill, number, parsed, written
from derivo.emit.naming import Naming, names_before
from derivo.emit.parallel import groups_among
from derivo.emit.places import Wholes
from derivo.emit.rolled import rows_of_loops
from derivo.emit.scan_text import deferred, laid_out, write_loop
from derivo.emit.scope import Scope
from derivo.emit.statement import (
    Statement,
    definition,
    is_number,
    is_short_array,
    renamed,
)
from derivo.emit.writing import FunctionNames
from derivo.graph.builder import Constant
from derivo.graph.names import Names
from derivo.graph.node import Node, between
from derivo.graph.op import Op
from derivo.ops.assemble import changes_a_copy
from derivo.ops.shape import expand_dims

LONGEST_PART, SHORTEST_PART, LONGEST_LINE, MOST_OPERANDS = 46, 12, 78, 3
# A part is left longer where its name would not say what it is: a product, a total.
LONGEST_UNNAMED, WIDTH = 62, 88


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
    roles
        What a value is, where it is written in simpler operations.
    results
        Names of what the user's helper functions give.
    statements
        The lines so far.
    parts
        Expressions of values that are written where they are read.
    given
        Expressions of values that are at hand under no name of their own: the row of an
        array that belongs to a step.
    is_step
        The body is that of a loop: what becomes of a carry has its name in the end.
    functions
        Names of the functions that are called.
    wholes
        Nests that lie somewhere as a whole.
    kept
        Values that are handed on to the backward pass.
    arguments, signature
        The arguments of the function around, and how they lie in its parameters.
    readers
        How often each value is read.
    notes
        Comments of lines that were written for another program: a step of a loop.
    lists
        Calls to the list that holds what they kept, and their place in it.
    left_to_loops
        Values that loops write in their own way.
    copied
        Values that are read once, to be copied and changed.
    counter
        The number of the step, in the body of a loop over time.
    """

    names: Names
    scope: Scope
    bound: dict[Node, str]
    wishes: Mapping[Node, str]
    hints: Mapping[Node, str] = field(default_factory=dict)
    roles: Mapping[Node, Node] = field(default_factory=dict)
    results: Mapping[Node, str] = field(default_factory=dict)
    statements: list[Statement] = field(default_factory=list)
    parts: dict[Node, ast.expr] = field(default_factory=dict)
    given: dict[Node, ast.expr] = field(default_factory=dict)
    is_step: bool = False
    functions: FunctionNames = field(default_factory=FunctionNames)
    wholes: Wholes = field(default_factory=Wholes)
    kept: set[Node] = field(default_factory=set)
    arguments: tuple[Node, ...] = ()
    signature: tuple[tuple[str, Any], ...] = ()
    readers: Counter[Node] = field(default_factory=Counter)
    notes: dict[Node, str] = field(default_factory=dict)
    lists: dict[Node, tuple[str, int]] = field(default_factory=dict)
    left_to_loops: set[Node] = field(default_factory=set)
    copied: set[Node] = field(default_factory=set)
    counter: str = ""

    def compute(self, roots: Iterable[Node], *, keep: Iterable[Node] = ()) -> None:
        """Write what is needed for `roots`; those in `keep` get a name in any case."""
        roots, kept = list(roots), set(keep)
        self.kept |= kept
        nodes = needed([*roots, *kept], {*self.bound, *self.given})
        readers = Counter(i for n in nodes for i in n.inputs)
        readers.update(roots)
        self._read_through_views(nodes, readers, {*roots, *kept})
        self.readers = readers
        self.copied = {
            n.inputs[0] for n in nodes
            if changes_a_copy(n) and _is_read_for(n, readers)
        }  # fmt: skip
        self.left_to_loops = deferred(nodes, [*roots, *kept], self.wishes)
        groups = groups_among(nodes, readers, self.lists)
        grouped = {call: group for group in groups for call in group.calls}
        self.left_to_loops |= {n for group in groups for n in group.skipped} - kept
        self.left_to_loops |= (
            rows_of_loops(nodes, readers, self.arguments, self.signature) - kept
        )
        for node in nodes:
            if "loop" in node.op.traits:
                items = [n for n in nodes if node in n.inputs]
                turned = laid_out(items, nodes, {*roots, *kept})
                self.left_to_loops |= turned.keys()
                write_loop(self, node, items, turned)
            if node in grouped:
                group = grouped[node]
                if node is min(group.calls, key=lambda n: n.index):
                    write_group(self, group, nodes)
            elif "call" in node.op.traits:
                write_call(self, node, nodes)
            if node in self.bound or node in self.given or node in self.left_to_loops:
                continue
            if node.op.traits & {"loop", "call", "result"}:
                continue
            named = node in kept or node in self.wishes or readers[node] > 1
            self.write(node, named=named and not self._is_plain(node, node in kept))

    def _read_through_views(
        self, nodes: list[Node], readers: Counter[Node], whole: set[Node]
    ) -> None:
        """Count who reads a view as readers of what it shows: that gets the name."""
        for node in reversed(nodes):
            is_view = "view" in node.op.traits and node not in whole
            if is_view and node not in self.wishes and readers[node] > 1:
                readers[node.inputs[0]] += readers[node] - 1
                readers[node] = 1

    def _is_plain(self, node: Node, kept: bool) -> bool:
        """Tell whether a value is as short as a name would be."""
        if kept or node in self.wishes:
            return False
        if is_number(node) or is_short_array(node):
            return True
        if "view" not in node.op.traits:
            return False
        (operand, *_) = node.inputs
        return operand in self.given or isinstance(self.expression(operand), ast.Name)

    def write(self, node: Node, *, named: bool) -> None:
        """Write a value whose operands are at hand: in a line if `named`, or long."""
        if node.op.numpy and len(tree := self._tree(node)) > 1:
            self._write_lines(node, tree)
            return
        expression = self.made(node)
        length = len(ast.unparse(expression))
        is_long = length > LONGEST_PART and node not in self.copied
        is_long = is_long and length > self._longest(node)
        room = LONGEST_LINE
        is_call = isinstance(expression, ast.Call)  # broken within its brackets
        if (named or is_long) and length > LONGEST_PART and not is_call:
            room = min(room, WIDTH - len(f"    {self.wish(node)} = "))
        if length > room and self._name_longest(node):
            self.write(node, named=named)
        elif named or is_long:
            self._define(node, expression)
        else:
            self.parts[node] = expression

    def _longest(self, node: Node) -> int:
        """Give how long a value may be that is written where it is read."""
        is_said = node in self.wishes or node in self.hints
        says_nothing = not is_said and self._naming.has_only_a_word(node)
        return LONGEST_UNNAMED if says_nothing else LONGEST_PART

    def _tree(self, node: Node) -> tuple[ast.stmt, ...]:
        return parsed(node.op.text(node.attrs, *(i.spec for i in node.inputs)))

    def _write_lines(self, node: Node, tree: tuple[ast.stmt, ...]) -> None:
        """Write an operation that takes several lines, and so has a name."""
        name = self.fresh(node)
        operands = [self.expression(i) for i in node.inputs]
        values, defaults = field_values(node, operands, self.scope, name)
        lines = _changed_in_place([fill(s, values, defaults) for s in tree])
        old = _copied(lines[0]) if len(lines) == 2 else None
        if isinstance(old, ast.Name) and self._is_own(node.inputs[0], old.id):
            name = self._changed_on(node.inputs[0], old.id, name)
            lines = [renamed(s, values["_out"].id, name) for s in lines]
            lines = [renamed(s, old.id, name) for s in lines[1:]]
        for k, line in enumerate(lines):
            self.statements.append(Statement(line, node if k == 0 else None, name))
        self.bind(node, name)

    def _is_own(self, node: Node, name: str) -> bool:
        """Tell whether an array was made here, to be copied and changed only."""
        made = [s for s in self.statements if s.name == name and s.is_definition]
        value = made[0].value if len(made) == 1 and not made[0].depth else None
        is_new = value is not None and _is_new(value)
        return is_new and node in self.copied and node not in self.kept

    def _changed_on(self, node: Node, old: str, new: str) -> str:
        """Call an array that is made here as what it is changed to; give the name."""
        del self.bound[node]
        if self.names.plain(old) == self.names.plain(new):
            return old
        self.statements[:] = [s.renamed(old, new) for s in self.statements]
        for place in (self.parts, self.given):
            place.update({n: renamed(e, old, new) for n, e in place.items()})
        self.scope.rename(old, new)
        return new

    def made(self, node: Node) -> ast.expr:
        """Give the expression that computes a value from its operands."""
        if not node.op.numpy:
            return self._leaf(node)
        if node.op is expand_dims and self._is_inlined(node.inputs[0], expand_dims):
            return self._with_axes(node)
        operands = [self.expression(i) for i in node.inputs]
        values, defaults = field_values(node, operands, self.scope)
        (statement,) = self._tree(node)
        expression: ast.expr = fill(statement, values, defaults).value
        if self.wholes.keys:
            expression = self.wholes.lists_in(expression)
        if node.spec.is_weak and isinstance(expression, ast.Call):
            # A Python number stays one: a NumPy scalar would widen float32.
            return ast.Call(ast.Name("float"), [expression], [])
        return expression

    def _is_inlined(self, node: Node, op: Op) -> bool:
        """Tell whether a value is one of an operation, written where it is read."""
        return node.op is op and node not in self.bound and node not in self.given

    def _with_axes(self, node: Node) -> ast.expr:
        """Write several new axes in one index: ``b[:, None, None]``."""
        axes: list[int] = []
        while not axes or self._is_inlined(node, expand_dims):
            axes.append(node.attrs["axis"])
            (node,) = node.inputs
        index = [":"] * node.spec.rank
        for axis in reversed(axes):
            index.insert(axis % (len(index) + 1), "None")
        while index[-1] == ":":
            index.pop()
        kept = index.index("None")
        if kept > 1 and set(index[kept:]) == {"None"}:
            index[:kept] = ["..."]
        return written(f"{{0}}[{', '.join(index)}]", self.expression(node))

    def _define(self, node: Node, expression: ast.expr) -> None:
        name = self.fresh(node)
        self.statements.append(definition(name, expression, node))
        self.bind(node, name)

    def _name_longest(self, node: Node) -> bool:
        """Give the longest operand of a long line a line of its own."""
        inlined = [i for i in node.inputs if i in self.parts and i not in self.bound]
        lengths = {i: len(ast.unparse(self.parts[i])) for i in inlined}
        if len(node.inputs) > MOST_OPERANDS:
            return False  # it is broken within its brackets
        longest = max(inlined, key=lambda i: (lengths[i], -i.index), default=None)
        if longest is None or lengths[longest] < SHORTEST_PART:
            return False
        self._define(longest, self.parts[longest])
        return True

    def bind(self, node: Node, name: str) -> None:
        """Note that a value is at hand under a name."""
        self.bound[node] = name
        self.scope.add(name, node.spec)

    def named(self, node: Node) -> ast.expr:
        """Give a name, or a part of a nest, for a value that is read in a loop."""
        place = self.expression(node)
        if isinstance(place, ast.Name | ast.Constant) or node in self.given:
            return place
        self._define(node, place)
        return ast.Name(self.bound[node])

    def give(self, node: Node, place: ast.expr) -> None:
        """Note that a value is at hand as a part of something."""
        self.given[node] = place

    def _leaf(self, node: Node) -> ast.expr:
        value = node.attrs.get("value")
        if "dim" in node.attrs:
            return self.scope.dim(node.attrs["dim"])
        if isinstance(value, bool):
            return ast.Constant(value)
        if isinstance(value, Constant):  # a short index; others are bound at the top
            return ast.List([number(i) for i in value.array.tolist()])
        assert isinstance(value, int | float)  # noqa: S101  all there is
        return number(value)

    def expression(self, node: Node) -> ast.expr:
        """Give the expression that stands for a value: its name, or what it inlines."""
        if node in self.bound:
            return ast.Name(self.bound[node])
        return self.given.get(node) or self.parts[node]

    def is_at_hand(self, node: Node) -> bool:
        """Tell whether there is an expression for a value."""
        return node in self.bound or node in self.given or node in self.parts

    def inner(self) -> Body:
        """Give the body of a loop in this one: what is at hand here is so there."""
        scope = Scope(list(self.scope.arrays), list(self.scope.shapes))
        return Body(
            self.names, scope, dict(self.bound), self.wishes, self.hints, self.roles,
            given=dict(self.given), is_step=True, functions=self.functions,
            wholes=self.wholes, arguments=self.arguments, signature=self.signature,
            notes=self.notes, lists=self.lists,
        )  # fmt: skip

    def wish(self, node: Node) -> str:
        """Give the name that a value should have."""
        return next(self._wished(node))

    def fresh(self, node: Node) -> str:
        """Give a value a name that nothing else has."""
        return self.names.first(self._wished(node), node)

    def _wished(self, node: Node) -> Iterator[str]:
        wish = self.wishes.get(node) or self.hints.get(node)
        if wish is not None:
            yield wish
        else:
            yield from self._naming.made_of(node)

    @cached_property
    def _naming(self) -> Naming:
        before = names_before(self.wishes, self.roles)
        return Naming(self._called, self.roles, before, self.results)

    def _called(self, node: Node) -> str | None:
        """Give what a value is called, or the array that it is a row of."""
        row = self.given.get(node)
        if isinstance(row, ast.Subscript) and isinstance(row.value, ast.Name):
            return row.value.id
        name = self.bound.get(node)
        if name is None:
            return None
        name = self.names.plain(name) if self.is_step else name
        is_constant = not node.inputs and "value" in node.attrs
        return name.lower() if is_constant else name  # TABLE, at the top of the module


def _is_read_for(node: Node, readers: Counter[Node]) -> bool:
    """Tell whether what a node changes is read for nothing but that change."""
    changed, *rest = node.inputs
    count = 1
    for value in rest:  # in `p[i] = p[i] - 1`, what is written there reads p, too
        inside = value
        while inside.inputs and readers[inside] == 1 and not changes_a_copy(inside):
            count += inside.inputs.count(changed)
            inside = next((i for i in inside.inputs if i is not changed), changed)
    return readers[changed] == count


# Functions that give an array of their own, beside those that go element by element.
_MAKING = frozenset({
    "zeros", "ones", "full", "eye", "arange", "where", "stack", "concatenate",
})  # fmt: skip


def _changed_in_place(lines: list[ast.stmt]) -> list[ast.stmt]:
    """Write what changes a copy as a person does, in the lines of one operation.

    ``p_2[i] = p[i] - 1`` is ``p_2[i] -= 1`` right after ``p_2 = p.copy()``, and a new
    array needs no copy.
    """
    first, *rest = lines
    copied = _copied(first)
    if copied is None:
        return lines
    if rest:
        rest[0] = _augmented(rest[0], copied)
    assert isinstance(first, ast.Assign)  # noqa: S101  that is what was looked for
    return [ast.Assign(first.targets, copied) if _is_new(copied) else first, *rest]


def _copied(line: ast.stmt) -> ast.expr | None:
    """Give the array that a line makes a copy of."""
    value = line.value if isinstance(line, ast.Assign) else None
    function = value.func if isinstance(value, ast.Call) else None
    is_copy = isinstance(function, ast.Attribute) and function.attr == "copy"
    return function.value if is_copy else None  # type: ignore[union-attr]


def _is_new(array: ast.expr) -> bool:
    """Tell whether an expression gives an array that nothing else holds."""
    if isinstance(array, ast.BinOp | ast.UnaryOp):
        return True
    function = array.func if isinstance(array, ast.Call) else None
    if not isinstance(function, ast.Attribute) or ast.unparse(function.value) != "np":
        return False
    is_ufunc = isinstance(getattr(np, function.attr, None), np.ufunc)
    return is_ufunc or function.attr in _MAKING


def _augmented(line: ast.stmt, copied: ast.expr) -> ast.stmt:
    """Write ``out[i] = copied[i] + v`` as ``out[i] += v``."""
    if not isinstance(line, ast.Assign) or not isinstance(line.value, ast.BinOp):
        return line
    (target,), old = line.targets, line.value.left
    if isinstance(target, ast.Subscript) and isinstance(old, ast.Subscript):
        parts = (old.value, copied), (old.slice, target.slice)
        if all(ast.unparse(a) == ast.unparse(b) for a, b in parts):
            return ast.AugAssign(target, line.value.op, line.value.right)
    return line


def needed(roots: Iterable[Node], given: set[Node]) -> list[Node]:
    """Give the nodes below `roots`, as far as they do not lie below given ones."""
    return list(between(roots, given))
