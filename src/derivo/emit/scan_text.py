"""A loop over time in emitted source: arrays made beforehand, and a `for` statement."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterable
from dataclasses import replace
from typing import TYPE_CHECKING

from derivo.emit.expression import number
from derivo.emit.handing_on import in_place, last_things_last, stored_at_once, tidy
from derivo.emit.scope import Scope
from derivo.emit.statement import Statement
from derivo.graph.loop import Loop
from derivo.graph.node import Node

if TYPE_CHECKING:
    from derivo.emit.body import Body


def write_loop(body: Body, node: Node, items: list[Node]) -> None:
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


class _Writer:
    def __init__(self, body: Body, node: Node, items: list[Node]) -> None:
        self.body = body
        self.node = node
        self.loop: Loop = node.attrs["loop"]
        self.items = items
        self.operand = dict(zip(self.loop.bound, node.inputs, strict=True))
        self.make = type(body)

    def write(self) -> None:
        loop, body = self.loop, self.body
        inner = self._step_body()
        for fixed in loop.fixed:
            self._bind(inner, fixed, self._atom(self.operand[fixed]))
        rows = {s: self._row(s) for s in loop.slices}
        carries = self._start(inner)
        t = next((n for n in ("t", "k", "step") if n not in body.names.taken), "t")
        t = body.names.fresh(t)
        for part, (kind, name, first) in rows.items():
            self._bind_row(inner, part, kind, name, first, t)
        gathered = [i for i in self.items if "last" not in i.op.traits]
        inner.compute([*loop.following, *(i.attrs["of"] for i in gathered)])
        tidy(inner)
        targets = {i: self._target(i, inner, carries) for i in gathered}
        self._for(t)
        for item, name in targets.items():
            text = ast.unparse(inner.expression(item.attrs["of"]))
            if "stack" in item.op.traits:
                self._add(inner, f"{name}[{t}] = {text}", item.attrs["of"])
            else:
                self._add(inner, f"{name} += {text}", item)
        self._hand_on(inner, carries)
        for item in self.items:
            name = targets.get(item) or carries[item.attrs["of"]]
            body.bind(item, name)

    def _step_body(self) -> Body:
        body = self.body
        scope = Scope(list(body.scope.arrays), list(body.scope.shapes))
        return self.make(body.names, scope, dict(body.bound), body.wishes, body.hints)

    def _hand_on(self, inner: Body, carries: dict[Node, str]) -> None:
        """Add the lines of a step, so that it leaves the carries under their names."""
        ends, may_take = {}, {}
        for carry, after in zip(self.loop.carries, self.loop.following, strict=True):
            name = carries[carry]
            ends[name] = ast.unparse(inner.expression(after))
            wish = self._wish(carry, after)
            may_take[name] = {
                b for n, b in inner.bound.items() if inner.wishes.get(n) == wish
            }
            if after not in inner.wishes:
                may_take[name].add(ends[name])
        lines = stored_at_once(inner.statements, ends.values())
        lines = in_place(last_things_last(lines, ends.values()), ends, may_take)
        self.body.statements += [replace(s, code=f"    {s.code}") for s in lines]

    # --- before the loop --------------------------------------------------------------

    def _atom(self, node: Node) -> str:
        """Give a short expression for a value, by naming it if need be."""
        body = self.body
        if _is_scalar_fill(node) and node not in body.bound:
            return ast.unparse(number(float(node.attrs["value"])))
        if node not in body.bound and node not in body.parts:
            body._write(node, named=True)  # noqa: SLF001
        text = ast.unparse(body.expression(node))
        if re.fullmatch(r"[\w.]+(\[[\w:, ]+\])?", text):
            return text
        name = body.names.fresh(body.wish(node), node)
        self._add(body, f"{name} = {text}", node, name)
        body.bind(node, name)
        return name

    def _row(self, part: Node) -> tuple[str, str, str]:
        """Give the array that a part is a row of, and what a carry starts from."""
        array = self.operand[part]
        if "shift" in array.op.traits and array not in self.body.bound:
            x, first = array.inputs
            kind = "after" if array.attrs["reverse"] else "before"
            return kind, self._atom(x), self._atom(first)
        return "row", self._atom(array), ""

    def _start(self, inner: Body) -> dict[Node, str]:
        """Write what the carries start from; give their names."""
        body, names = self.body, {}
        texts = [self._fresh(self.operand[c]) for c in self.loop.carries]
        for carry, after, text in zip(
            self.loop.carries, self.loop.following, texts, strict=True
        ):
            names[carry] = body.names.fresh(self._wish(carry, after))
            self._add(body, f"{names[carry]} = {text}", carry, names[carry])
            self._bind(inner, carry, names[carry])
            body.scope.add(names[carry], carry.spec)
        return names

    def _wish(self, carry: Node, after: Node) -> str:
        wishes = self.body.wishes
        return wishes.get(carry) or wishes.get(after) or "carry"

    def _fresh(self, node: Node) -> str:
        """Give the expression of a first carry; an array of zeros is made for each."""
        body = self.body
        if _is_scalar_fill(node):
            return self._scalar(node.attrs["value"])
        if node in body.bound or node in body.parts:
            return ast.unparse(body.expression(node))
        if node.attrs.get("value") == 0:
            return self._empty(node, "zeros")
        maker = self.make(body.names, body.scope, {}, {})
        maker.compute([node])
        text = ast.unparse(maker.expression(node))
        for s in maker.statements:
            if s.code == f"{text} = {s.code.partition(' = ')[2]}":
                return s.code.partition(" = ")[2]
        return text

    def _target(self, item: Node, inner: Body, carries: dict[Node, str]) -> str:
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
        text = self._empty(item, "empty" if stacked else "zeros")
        self._add(body, f"{name} = {text}", item if stacked else None, name)
        return name

    def _scalar(self, value: float) -> str:
        dtype = ast.unparse(self.body.scope.dtype())
        whole = float(value).is_integer() and dtype != "float"
        text = ast.unparse(number(int(value) if whole else float(value)))
        return text if dtype == "float" else f"{dtype}.type({text})"

    def _empty(self, item: Node, word: str) -> str:
        scope, spec = self.body.scope, item.spec
        dtype = {"int": "np.int64", "bool": "bool"}.get(spec.kind) or ast.unparse(
            scope.dtype()
        )
        if not spec.rank:
            return self._scalar(0)
        for name, other in scope.arrays:
            if other == spec and spec.kind == "float":
                return f"np.{word}_like({name})"
        return f"np.{word}({self._shape(item)}, dtype={dtype})"

    def _shape(self, item: Node) -> str:
        """Write the shape of a result: ``(x.shape[0], *h.shape)`` for rows like `h`."""
        scope, shape = self.body.scope, item.spec.shape
        if "stack" in item.op.traits:
            row = scope.shape(shape[1:])
            if not isinstance(row, ast.Tuple):
                return f"({ast.unparse(scope.dim(shape[0]))}, *{ast.unparse(row)})"
        return ast.unparse(
            scope.dim(shape[0]) if len(shape) == 1 else scope.shape(shape)
        )

    # --- the loop ---------------------------------------------------------------------

    def _for(self, t: str) -> None:
        steps = f"range({ast.unparse(self.body.scope.dim(self.node.attrs['length']))})"
        steps = f"reversed({steps})" if self.loop.reverse else steps
        self._add(self.body, f"for {t} in {steps}:", None)

    def _bind_row(
        self, inner: Body, part: Node, kind: str, array: str, first: str, t: str
    ) -> None:
        if kind == "row":
            self._bind(inner, part, f"{array}[{t}]")
            return
        name = inner.names.fresh(inner.wish(part))
        if kind == "before":
            text = f"{array}[{t} - 1] if {t} > 0 else {first}"
        else:
            end = ast.unparse(self.body.scope.dim(self.node.attrs["length"]))
            text = f"{array}[{t} + 1] if {t} + 1 < {end} else {first}"
        self._add(inner, f"{name} = {text}", part, name)
        self._bind(inner, part, name)

    def _bind(self, body: Body, node: Node, text: str) -> None:
        body.bound[node] = text
        if text.isidentifier():
            body.scope.add(text, node.spec)

    def _add(self, body: Body, code: str, node: Node | None, name: str = "") -> None:
        body.statements.append(Statement(code, node, name))
