"""A loop over time in emitted source: arrays made beforehand, and a `for` statement."""

from __future__ import annotations

import ast
from collections.abc import Iterable
from dataclasses import dataclass

from derivo.emit.expression import number, written
from derivo.emit.handing_on import in_place, last_things_last, stored_at_once
from derivo.emit.statement import Statement, definition, is_name
from derivo.emit.writing import Writing
from derivo.graph.loop import Loop
from derivo.graph.node import Node
from derivo.ops.leaf import arange


def write_loop(body: Writing, node: Node, items: list[Node]) -> None:
    """Write a loop, and bind those of its results that something reads.

    Parameters
    ----------
    body
        The function that the loop stands in.
    node
        The scan.
    items
        Its results: carries after the last step, stacked values, sums.
    """
    _Writer(body, node, items).write()


def deferred(nodes: Iterable[Node], roots: Iterable[Node]) -> set[Node]:
    """Give the values that only loops read, and that they write in their own way.

    They are the carries of the step before, which are rows of a stacked array, and the
    arrays of zeros that carries start from, one for each.
    """
    nodes = list(nodes)
    elsewhere = {i for n in nodes if "loop" not in n.op.traits for i in n.inputs} | set(
        roots
    )
    return {
        n for n in nodes
        if n not in elsewhere
        and ("shift" in n.op.traits or (not n.inputs and n.op.numpy))
    }  # fmt: skip


def _is_scalar_fill(node: Node) -> bool:
    return (
        not node.inputs
        and bool(node.op.numpy)
        and "value" in node.attrs
        and not node.spec.rank
    )


@dataclass(frozen=True)
class _Row:
    """What a step reads of an array: its own row, or that of the step before or after.

    Attributes
    ----------
    pattern
        How it is written: ``{0}`` the array, ``{1}`` the step, ``{2}`` what stands for
        the row of the step before the first, ``{3}`` the number of steps.
    array, first
        What stands for ``{0}`` and ``{2}``.
    """

    pattern: str
    array: ast.expr
    first: ast.expr | None = None


OWN = "{0}[{1}]"
NUMBER = "{1}"  # the row of np.arange(n), as Python counts
BEFORE = "{0}[{1} - 1] if {1} > 0 else {2}"
AFTER = "{0}[{1} + 1] if {1} + 1 < {3} else {2}"


class _Writer:
    def __init__(self, body: Writing, node: Node, items: list[Node]) -> None:
        self.body = body
        self.node = node
        self.loop: Loop = node.attrs["loop"]
        self.items = items
        self.operand = dict(zip(self.loop.bound, node.inputs, strict=True))

    def write(self) -> None:
        loop, body = self.loop, self.body
        inner = body.inner()
        for fixed in loop.fixed:
            self._give(inner, fixed, self._atom(self.operand[fixed]))
        rows = {s: self._row(s) for s in loop.slices}
        carries = self._start(inner)
        t = next((n for n in ("t", "k", "step") if n not in body.names.taken), "t")
        t = body.names.fresh(t)
        for part, row in rows.items():
            self._give_row(inner, part, row, t)
        gathered = [i for i in self.items if "last" not in i.op.traits]
        inner.compute([*loop.following, *(i.attrs["of"] for i in gathered)])
        targets = {i: self._target(i, inner, carries) for i in gathered}
        body.statements.append(Statement(self._head(t)))
        for item, name in targets.items():
            of = item.attrs["of"]
            value = inner.expression(of)
            if "stack" in item.op.traits:
                place = written(OWN, ast.Name(name), ast.Name(t))
                inner.statements.append(Statement(ast.Assign([place], value), of))
            else:
                tree = ast.AugAssign(ast.Name(name), ast.Add(), value)
                inner.statements.append(Statement(tree, item))
        self._hand_on(inner, carries)
        for item in self.items:
            body.bind(item, targets.get(item) or carries[item.attrs["of"]])

    def _hand_on(self, inner: Writing, carries: dict[Node, str]) -> None:
        """Add the lines of a step, so that it leaves the carries under their names."""
        ends, may_take = {}, {}
        for carry, after in zip(self.loop.carries, self.loop.following, strict=True):
            name = carries[carry]
            end = ends[name] = inner.expression(after)
            wish = self._wish(carry, after)
            may_take[name] = {
                b for n, b in inner.bound.items() if inner.wishes.get(n) == wish
            }
            if after not in inner.wishes and isinstance(end, ast.Name):
                may_take[name].add(end.id)
        lines = stored_at_once(inner.statements, ends.values())
        lines = in_place(last_things_last(lines, ends.values()), ends, may_take)
        self.body.statements += [s.deeper() for s in lines]

    # --- before the loop --------------------------------------------------------------

    def _atom(self, node: Node) -> ast.expr:
        """Give a short expression for a value, by naming it if need be."""
        body = self.body
        if _is_scalar_fill(node) and node not in body.bound:
            return number(float(node.attrs["value"]))
        if not body.is_at_hand(node):
            body.write(node, named=True)
        expression = body.expression(node)
        if _is_short(expression):
            return expression
        name = body.names.fresh(body.wish(node), node)
        body.statements.append(definition(name, expression, node))
        body.bind(node, name)
        return ast.Name(name)

    def _row(self, part: Node) -> _Row:
        """Tell which row of which array a part is, and what a carry starts from."""
        array = self.operand[part]
        if array.op is arange and part.spec.is_weak:
            return _Row(NUMBER, ast.Constant(None))
        if "shift" in array.op.traits and array not in self.body.bound:
            x, first = array.inputs
            pattern = AFTER if array.attrs["reverse"] else BEFORE
            return _Row(pattern, self._atom(x), self._atom(first))
        return _Row(OWN, self._atom(array))

    def _start(self, inner: Writing) -> dict[Node, str]:
        """Write what the carries start from; give their names."""
        body, names = self.body, {}
        values = [self._fresh(self.operand[c]) for c in self.loop.carries]
        for carry, after, value in zip(
            self.loop.carries, self.loop.following, values, strict=True
        ):
            names[carry] = body.names.fresh(self._wish(carry, after))
            if isinstance(value, ast.Constant) and carry.spec.kind == "float":
                # The adjoint of a loss is 1; an array of ones would be whole numbers.
                value = self._scalar(float(str(value.value)))  # noqa: PLW2901
            body.statements.append(definition(names[carry], value, carry))
            inner.bind(carry, names[carry])
            body.scope.add(names[carry], carry.spec)
        return names

    def _wish(self, carry: Node, after: Node) -> str:
        wishes = self.body.wishes
        return wishes.get(carry) or wishes.get(after) or "carry"

    def _fresh(self, node: Node) -> ast.expr:
        """Give the expression of a first carry; an array of zeros is made for each."""
        body = self.body
        if _is_scalar_fill(node):
            return self._scalar(node.attrs["value"])
        if body.is_at_hand(node):
            return body.expression(node)
        if node.attrs.get("value") == 0:
            return self._empty(node, "zeros")
        return body.made(node)

    def _target(self, item: Node, inner: Writing, carries: dict[Node, str]) -> str:
        """Write the array that a result is gathered in; give its name."""
        body, of, stacked = self.body, item.attrs["of"], "stack" in item.op.traits
        wish = body.wishes.get(item) or body.hints.get(item)
        if wish is None:
            ends = zip(self.loop.carries, self.loop.following, strict=True)
            after = {n: carries[c] for c, n in ends}
            wish = inner.wishes.get(of) or after.get(of) or inner.bound.get(of)
            wish = wish or inner.wish(of)
            wish = f"{wish}_all" if stacked else f"{wish}_sum"
        name = body.names.fresh(wish, item)
        empty = self._empty(item, "empty" if stacked else "zeros")
        about = item if stacked else None
        body.statements.append(definition(name, empty, about))
        return name

    def _scalar(self, value: float) -> ast.expr:
        dtype = self.body.scope.dtype()
        if is_name(dtype, "float"):
            return number(float(value))
        whole = float(value).is_integer()
        one = number(int(value) if whole else float(value))
        return written("{0}.type({1})", dtype, one)

    def _empty(self, item: Node, word: str) -> ast.expr:
        scope, spec = self.body.scope, item.spec
        if not spec.rank:
            return self._scalar(0)
        for name, other in scope.arrays:
            if other == spec and spec.kind == "float":
                return written(f"np.{word}_like({{0}})", ast.Name(name))
        kinds = {"int": "np.int64", "bool": "bool"}
        dtype = written(kinds[spec.kind]) if spec.kind in kinds else scope.dtype()
        return written(f"np.{word}({{0}}, dtype={{1}})", self._shape(item), dtype)

    def _shape(self, item: Node) -> ast.expr:
        """Write the shape of a result: ``(x.shape[0], *h.shape)`` for rows like `h`."""
        scope, shape = self.body.scope, item.spec.shape
        if "stack" in item.op.traits:
            row = scope.shape(shape[1:])
            if not isinstance(row, ast.Tuple):
                return written("({0}, *{1})", scope.dim(shape[0]), row)
        return scope.dim(shape[0]) if len(shape) == 1 else scope.shape(shape)

    # --- the loop ---------------------------------------------------------------------

    def _head(self, t: str) -> ast.For:
        pattern = "reversed(range({0}))" if self.loop.reverse else "range({0})"
        return ast.For(ast.Name(t), written(pattern, self._length()), [], [])

    def _length(self) -> ast.expr:
        return self.body.scope.dim(self.node.attrs["length"])

    def _give_row(self, inner: Writing, part: Node, row: _Row, t: str) -> None:
        """Put a row at hand: as it stands, or under a name where it is a choice."""
        operands = [row.array, ast.Name(t), row.first or row.array]
        operands += [self._length()] if row.pattern == AFTER else []
        value = written(row.pattern, *operands)
        if row.pattern in (OWN, NUMBER):
            self._give(inner, part, value)
            return
        name = inner.names.fresh(inner.wish(part))
        inner.statements.append(definition(name, value, part))
        inner.bind(part, name)

    def _give(self, inner: Writing, node: Node, expression: ast.expr) -> None:
        if isinstance(expression, ast.Name):
            inner.bind(node, expression.id)
        else:
            inner.given[node] = expression


def _is_short(expression: ast.expr) -> bool:
    """Tell whether an expression may stand wherever its value is read: `w`, `x[0]`."""
    if isinstance(expression, ast.Subscript):
        index = expression.slice
        parts = index.elts if isinstance(index, ast.Tuple) else [index]
        return _is_dotted(expression.value) and all(map(_is_plain_index, parts))
    return _is_dotted(expression)


def _is_dotted(expression: ast.expr) -> bool:
    while isinstance(expression, ast.Attribute):
        expression = expression.value
    return isinstance(expression, ast.Name | ast.Constant)


def _is_plain_index(index: ast.expr) -> bool:
    ends = [index]
    if isinstance(index, ast.Slice):
        ends = [e for e in (index.lower, index.upper, index.step) if e is not None]
    return all(isinstance(e, ast.Name | ast.Constant) for e in ends)
