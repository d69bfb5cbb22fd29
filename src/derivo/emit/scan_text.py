"""A loop over time in emitted source: arrays made beforehand, and a `for` statement."""

from __future__ import annotations

import ast
from collections.abc import Container, Iterable, Mapping
from dataclasses import dataclass

from derivo.emit.expression import number, written
from derivo.emit.handing_on import (
    in_place,
    last_things_last,
    put_into_sums,
    stored_at_once,
)
from derivo.emit.statement import (
    Statement,
    append,
    definition,
    insert_first,
    is_name,
)
from derivo.emit.turned import brought_forward
from derivo.emit.writing import Writing
from derivo.graph.block import is_handle
from derivo.graph.dim import Dim, Excess, Size
from derivo.graph.loop import Loop
from derivo.graph.names import adjoint_name
from derivo.graph.node import Node
from derivo.ops.index import WHOLE, slice_
from derivo.ops.leaf import arange
from derivo.ops.shape import transpose

# A stacked result to the same with its axes in another order, and the axis along which
# the steps lie there.
LaidOut = Mapping[Node, tuple[Node, int]]
FLOATING = ("float", "pyfloat")


def write_loop(body: Writing, node: Node, items: list[Node], laid_out: LaidOut) -> None:
    """Write a loop, and bind those of its results that something reads.

    Parameters
    ----------
    body
        The function that the loop stands in.
    node
        The scan.
    items
        Its results: carries after the last step, stacked values, sums.
    laid_out
        Those results that are only read with their axes in another order.
    """
    _Writer(body, node, items, laid_out).write()


def laid_out(
    items: Iterable[Node], nodes: Iterable[Node], roots: Container[Node]
) -> dict[Node, tuple[Node, int]]:
    """Give the stacked results that are only read with their axes in another order."""
    nodes, found = list(nodes), {}
    for item in items:
        readers = [n for n in nodes if item in n.inputs]
        if "stack" not in item.op.traits or item in roots or len(readers) != 1:
            continue
        axis = brought_forward(readers[0])
        if axis is not None:
            found[item] = readers[0], axis
    return found


def deferred(
    nodes: Iterable[Node], roots: Iterable[Node], named: Container[Node] = ()
) -> set[Node]:
    """Give the values that only loops read, and that they write in their own way.

    They are the carries of the step before, which are rows of a stacked array, the
    arrays of zeros that carries start from, one for each, the numbers of the steps, and
    parts of arrays without a name: ``x[t + 1]`` is a row of ``x[1:]``.
    """
    nodes = list(nodes)
    elsewhere = set(roots)
    found: set[Node] = set()
    loops = [n for n in nodes if "loop" in n.op.traits]
    whole = {i for n in loops for i in n.inputs if i not in _ran_along(n)}
    for n in reversed(nodes):  # readers first
        own = (
            "shift" in n.op.traits
            or (not n.inputs and bool(n.op.numpy))
            or _first_number(n) is not None
            or (_peeled(n, 0) is not None and n not in named and n not in whole)
        )
        if own and n not in elsewhere:
            found.add(n)
        if "shift" in n.op.traits and n in found:
            x, *others = n.inputs
            is_row = _peeled(x, 0) is not None and x not in named and x not in whole
            elsewhere |= {*others} if is_row else set(n.inputs)
        elif n not in found:
            elsewhere |= set(n.inputs) if "loop" not in n.op.traits else set()
    return found


def _ran_along(node: Node) -> tuple[Node, ...]:
    """Give the arrays that a loop runs along."""
    loop: Loop = node.attrs["loop"]
    first = len(loop.carries)
    return node.inputs[first : first + len(loop.slices)]


def _first_number(node: Node) -> int | None:
    """Give where an array of whole numbers begins that are counted up."""
    if node.op is arange:
        return 0
    if node.op.name == "add" and node.inputs[0].op is arange:
        value = node.inputs[1].attrs.get("value")
        return value if isinstance(value, int) else None
    return None


def _peeled(node: Node, axis: int) -> tuple[Node, int, Dim] | None:
    """See rows of an array as rows of the array that it is a part of.

    Returns
    -------
    tuple or None
        That array, the axis along which the rows lie in it, and how much greater their
        numbers are there. None if it is no such part.
    """
    if node.op is transpose:
        axes = node.attrs["axes"]
        others = [a for k, a in enumerate(axes) if k != axis]
        return (node.inputs[0], axes[axis], 0) if others == sorted(others) else None
    if node.op is not slice_:
        return None
    index = node.attrs["index"]
    kind, start, *_ = index[axis]
    if any(e != WHOLE for k, e in enumerate(index) if k != axis) or kind == "at":
        return None
    if index[axis][3] is not None or start is None:
        return None if index[axis][3] is not None else (node.inputs[0], axis, 0)
    n = node.inputs[0].spec.shape[axis]
    begin: Dim = n + start if isinstance(start, int) and start < 0 else start
    return (node.inputs[0], axis, begin) if isinstance(begin, int) else None


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
    kind
        OWN, BEFORE, AFTER; NUMBER for the number of the step.
    array
        The array.
    first
        What stands for the row of the step before the first.
    axis, shift
        The axis along which the rows lie, and how much greater their numbers are than
        those of the steps.
    """

    kind: str
    array: ast.expr
    first: ast.expr | None = None
    axis: int = 0
    shift: int = 0


OWN, BEFORE, AFTER, NUMBER = "own", "before", "after", "number"


class _Writer:
    def __init__(
        self, body: Writing, node: Node, items: list[Node], laid_out: LaidOut
    ) -> None:
        self.body = body
        self.node = node
        self.loop: Loop = node.attrs["loop"]
        self.items = items
        self.laid_out = laid_out
        self.first: int = node.attrs["first"]
        self.t = ast.Name("t")
        self.operand = dict(zip(self.loop.bound, node.inputs, strict=True))

    def write(self) -> None:
        loop, body = self.loop, self.body
        inner = body.inner()
        t = inner.counter = body.names.fresh(self._counter())
        self.t = ast.Name(t)
        for fixed in loop.fixed:
            self._give(inner, fixed, self._atom(self.operand[fixed]))
        rows = {s: self._row(s) for s in loop.slices}
        carries = self._start(inner)
        for part, row in rows.items():
            self._give_row(inner, part, row)
        handles = [i for i in self.items if is_handle(i)]
        gathered = [
            i for i in self.items if "last" not in i.op.traits and i not in handles
        ]
        inner.compute(
            [*loop.following, *(i.attrs["of"] for i in gathered)],
            keep=[i.attrs["of"] for i in handles],
        )
        targets = {i: self._target(i, inner, carries) for i in gathered}
        lists = [self._list_of_calls(i, inner) for i in handles]
        body.statements.append(Statement(self._head(t)))
        for item, name in targets.items():
            of = item.attrs["of"]
            value = inner.expression(of)
            if "stack" in item.op.traits:
                _, axis = self.laid_out.get(item, (item, 0))
                place = self._place(ast.Name(name), axis, 0)
                inner.statements.append(Statement(ast.Assign([place], value), of))
            else:
                tree = ast.AugAssign(ast.Name(name), ast.Add(), value)
                inner.statements.append(Statement(tree, item))
        inner.statements += lists
        self._hand_on(inner, carries)
        for item in self.items:
            if item in handles:
                continue
            shown, _ = self.laid_out.get(item, (item, 0))
            body.bind(shown, targets.get(item) or carries[item.attrs["of"]])

    def _list_of_calls(self, item: Node, inner: Writing) -> Statement:
        """Write the list of what calls keep; give the line that adds to it."""
        body, saved = self.body, inner.bound[item.attrs["of"]]
        of_one = body.names.plain(saved)
        wish = f"{of_one}_all" if of_one.endswith("s") else f"{of_one}s"
        name = body.bound[item] = body.names.fresh(wish, item)
        body.statements.append(definition(name, ast.List([])))
        add = insert_first if self.loop.reverse else append
        return add(name, ast.Name(saved))

    def _counter(self) -> str:
        """Give a name for the number of the step: the user's own, if there is one."""
        forward = self.node.attrs["forward"] or self.node
        own = self.body.wishes.get(forward)
        names = ([own] if own else []) + ["t", "k", "step"]
        return next((n for n in names if n not in self.body.names.taken), "t")

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
        lines = stored_at_once(put_into_sums(inner.statements), ends.values())
        lines = in_place(last_things_last(lines, ends.values()), ends, may_take)
        if not lines:  # nothing is left to be done in a step
            self.body.statements.pop()
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
        if _first_number(array) == self.first and part.spec.is_weak:
            return _Row(NUMBER, ast.Constant(None))
        if "shift" in array.op.traits and array not in self.body.bound:
            x, first = array.inputs
            kind = AFTER if array.attrs["reverse"] else BEFORE
            array, axis, shift = self._whole(x)
            return _Row(kind, self._atom(array), self._atom(first), axis, shift)
        array, axis, shift = self._whole(array)
        return _Row(OWN, self._atom(array), None, axis, shift)

    def _whole(self, array: Node) -> tuple[Node, int, int]:
        """Give the array that an array is a part of, and where its rows lie there."""
        axis, shift = 0, 0
        while array in self.body.left_to_loops and array not in self.body.bound:
            peeled = _peeled(array, axis)
            if peeled is None:
                break
            array, axis, more = peeled[0], peeled[1], peeled[2]
            shift += int(str(more))
        return array, axis, shift

    def _start(self, inner: Writing) -> dict[Node, str]:
        """Write what the carries start from; give their names."""
        body, names = self.body, {}
        values = [self._fresh(self.operand[c]) for c in self.loop.carries]
        for carry, after, value in zip(
            self.loop.carries, self.loop.following, values, strict=True
        ):
            names[carry] = body.names.fresh(self._wish(carry, after))
            is_number = isinstance(value, ast.Constant) and after is not carry
            if is_number and carry.spec.kind == "float":
                # The adjoint of a loss is 1; an array of ones would be whole numbers.
                value = self._scalar(float(ast.unparse(value)))  # noqa: PLW2901
            body.statements.append(definition(names[carry], value, carry))
            inner.bind(carry, names[carry])
            body.scope.add(names[carry], carry.spec)
        return names

    def _wish(self, carry: Node, after: Node) -> str:
        wishes = self.body.wishes
        own = wishes.get(carry) or wishes.get(after)
        return own or self._wish_of_adjoint(carry) or "carry"

    def _wish_of_adjoint(self, carry: Node) -> str:
        """Name what a loop back hands on after what the forward loop does."""
        forward, wishes = self.node.attrs["forward"], self.body.wishes
        if forward is None:
            return ""
        loop: Loop = forward.attrs["loop"]
        shape = carry.spec.shape
        mine = [c for c in self.loop.carries if c.spec.shape == shape]
        theirs = [
            pair
            for pair in zip(loop.carries, loop.following, strict=True)
            if pair[0].spec.shape == shape and pair[0].spec.kind in FLOATING
        ]
        if len(mine) != len(theirs):  # some of the adjoints are not handed on
            return ""
        before, after = theirs[mine.index(carry)]
        name = wishes.get(after) or wishes.get(before, "").removesuffix("_prev")
        return adjoint_name(name) if name else ""

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
        shown, _ = self.laid_out.get(item, (item, 0))
        wish = body.wishes.get(shown) or body.hints.get(shown)
        if wish is None:
            ends = zip(self.loop.carries, self.loop.following, strict=True)
            after = {n: carries[c] for c, n in ends}
            wish = inner.wishes.get(of) or after.get(of) or inner.bound.get(of)
            wish = wish or inner.wish(of)
            wish = f"{wish.removesuffix('_all')}_all" if stacked else f"{wish}_sum"
        name = body.names.fresh(wish, shown)
        empty = self._empty(shown, "empty" if stacked else "zeros")
        about = shown if stacked else None
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
        pattern = "range({0})" if not self.first else "range({1}, {0})"
        pattern = f"reversed({pattern})" if self.loop.reverse else pattern
        end = self.body.scope.dim(_unbounded(self.node.attrs["length"]) + self.first)
        steps = written(pattern, end, number(self.first))
        return ast.For(ast.Name(t), steps, [], [])

    def _place(self, array: ast.expr, axis: int, shift: int) -> ast.expr:
        """Write the row of an array: ``x[t]``, ``x[:, t - 1]``."""
        apart = shift - self.first
        pattern = ":, " * axis + ("{1}" if not apart else "{1} + {2}")
        if apart < 0:
            pattern = ":, " * axis + "{1} - {2}"
        return written(f"{{0}}[{pattern}]", array, self.t, number(abs(apart)))

    def _length(self) -> ast.expr:
        return self.body.scope.dim(self.node.attrs["length"])

    def _give_row(self, inner: Writing, part: Node, row: _Row) -> None:
        """Put a row at hand: as it stands, or under a name where it is a choice."""
        if row.kind == NUMBER:
            self._give(inner, part, self.t)
            return
        if row.kind == OWN:
            self._give(inner, part, self._place(row.array, row.axis, row.shift))
            return
        assert row.first is not None  # noqa: S101
        name = inner.names.fresh(inner.wish(part))
        if row.kind == BEFORE:
            near = self._place(row.array, row.axis, row.shift - 1)
            value = written("{0} if {1} > {2} else {3}", near, self.t,
                            number(self.first), row.first)  # fmt: skip
        else:
            near = self._place(row.array, row.axis, row.shift + 1)
            end = self.body.scope.dim(self.node.attrs["length"] + self.first)
            value = written("{0} if {1} + 1 < {2} else {3}", near, self.t, end,
                            row.first)  # fmt: skip
        inner.statements.append(definition(name, value, part))
        inner.bind(part, name)

    def _give(self, inner: Writing, node: Node, expression: ast.expr) -> None:
        if isinstance(expression, ast.Name):
            inner.bind(node, expression.id)
        else:
            inner.given[node] = expression


def _unbounded(length: Dim) -> Dim:
    """Give the end of a range: below 0 there are no steps, as if it were 0."""
    if isinstance(length, Size) and len(length.terms) == 1:
        (factors, n), *_ = length.terms
        if n == 1 and len(factors) == 1 and isinstance(factors[0], Excess):
            return factors[0].of
    return length


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
