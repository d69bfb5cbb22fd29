"""A loop over time in emitted source: arrays made beforehand, and a `for` statement."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterable
from dataclasses import replace
from typing import TYPE_CHECKING

from derivo.emit.scope import Scope
from derivo.graph.loop import Loop
from derivo.graph.node import Node

if TYPE_CHECKING:
    from derivo.emit.body import Body, Statement


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
    elsewhere = {i for n in nodes if "loop" not in n.op.traits for i in n.inputs} | set(roots)
    return {
        n for n in nodes
        if n not in elsewhere
        and ("shift" in n.op.traits or not n.inputs and n.op.numpy and n.spec.rank)
    }  # fmt: skip


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
        inner = self.make(body.names, Scope(list(body.scope.arrays), list(body.scope.shapes)),
                          dict(body.bound), body.wishes, body.hints)  # fmt: skip
        for fixed in loop.fixed:
            self._bind(inner, fixed, self._atom(self.operand[fixed]))
        rows = {s: self._row(s) for s in loop.slices}
        carries = self._start(inner)
        targets = {i: self._target(i) for i in self.items if "last" not in i.op.traits}
        t = body.names.fresh("t")
        self._for(t)
        for part, (kind, name, first) in rows.items():
            self._bind_row(inner, part, kind, name, first, t)
        roots = [*loop.following, *(i.attrs["of"] for i in targets)]
        inner.compute(roots)
        for item, name in targets.items():
            text = ast.unparse(inner.expression(item.attrs["of"]))
            place = f"{name}[{t}] =" if "stack" in item.op.traits else f"{name} +="
            self._add(inner, f"{place} {text}", item)
        ends = {c: ast.unparse(inner.expression(n))
                for c, n in zip(loop.carries, loop.following, strict=True)}  # fmt: skip
        lines = in_place(inner.statements, {carries[c]: e for c, e in ends.items()})
        body.statements += [replace(s, code=f"    {s.code}") for s in lines]
        for item in self.items:
            name = targets.get(item) or carries[item.attrs["of"]]
            body._bind(item, name)  # noqa: SLF001

    # --- before the loop ----------------------------------------------------------------

    def _atom(self, node: Node) -> str:
        """Give a short expression for a value, by naming it if need be."""
        body = self.body
        if node not in body.bound and node not in body.parts:
            body._write(node, named=True)  # noqa: SLF001
        text = ast.unparse(body.expression(node))
        if re.fullmatch(r"[\w.]+(\[[\w:, ]+\])?", text):
            return text
        name = body.names.fresh(body.wish(node))
        self._add(body, f"{name} = {text}", node, name)
        body._bind(node, name)  # noqa: SLF001
        return name

    def _row(self, part: Node) -> tuple[str, str, str]:
        """Give the array that a part is a row of; for a carry also what it starts from."""
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
        for carry, after, text in zip(self.loop.carries, self.loop.following, texts, strict=True):
            wish = body.wishes.get(carry) or body.wishes.get(after) or "carry"
            names[carry] = body.names.fresh(wish)
            self._add(body, f"{names[carry]} = {text}", None, names[carry])
            self._bind(inner, carry, names[carry])
            body.scope.add(names[carry], carry.spec)
        return names

    def _fresh(self, node: Node) -> str:
        """Give the expression of a first carry; an array of zeros is made for each."""
        body = self.body
        if node not in body.bound and node not in body.parts:
            maker = self.make(body.names, body.scope, {}, {})
            maker.compute([node])
            if not maker.statements:
                return ast.unparse(maker.expression(node))
            body.statements += maker.statements
            return maker.bound[node]
        return ast.unparse(body.expression(node))

    def _target(self, item: Node) -> str:
        """Write the array that a result is gathered in; give its name."""
        body, of, stacked = self.body, item.attrs["of"], "stack" in item.op.traits
        wish = body.wishes.get(item) or body.hints.get(item)
        if wish is None:
            inner = body.wishes.get(of) or body.hints.get(of) or body.wish(of)
            wish = f"{inner}_all" if stacked else inner
        name = body.names.fresh(wish)
        self._add(body, f"{name} = {self._empty(item, 'empty' if stacked else 'zeros')}", item, name)
        return name

    def _empty(self, item: Node, word: str) -> str:
        scope, spec = self.body.scope, item.spec
        dtype = {"int": "np.int64", "bool": "bool"}.get(spec.kind) or ast.unparse(scope.dtype())
        if not spec.rank:
            return "0.0" if dtype in ("float", "np.int64") else f"{dtype}.type(0)"
        for name, other in scope.arrays:
            if other == spec and spec.kind == "float":
                return f"np.{word}_like({name})"
        return f"np.{word}({ast.unparse(scope.shape(spec.shape))}, dtype={dtype})"

    # --- the loop -----------------------------------------------------------------------

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
        from derivo.emit.body import Statement  # noqa: PLC0415  it calls this module

        body.statements.append(Statement(code, node, name))


def in_place(statements: list[Statement], ends: dict[str, str]) -> list[Statement]:
    """Hand the carries on: by writing over their names where that changes nothing else.

    Parameters
    ----------
    statements
        The lines of a step; each name is written once.
    ends
        Name of a carry, as the step finds it, and the expression of what it becomes.
    """
    ends = dict(ends)
    lines = list(statements)
    for carry in ends:
        lines, ends = _overwritten(carry, lines, ends)
    moves = {c: e for c, e in ends.items() if c != e}
    if not moves:
        return lines
    from derivo.emit.body import Statement  # noqa: PLC0415  it calls this module

    for k, c in enumerate(moves):
        later = list(moves.values())[k + 1 :]
        if any(c in names_in(e) for e in later):
            left, right = ", ".join(moves), ", ".join(moves.values())
            return [*lines, Statement(f"{left} = {right}")]
    return [*lines, *(Statement(f"{c} = {e}") for c, e in moves.items())]


def _overwritten(
    carry: str, lines: list[Statement], ends: dict[str, str]
) -> tuple[list[Statement], dict[str, str]]:
    """Let values that are called after a carry take its name once it is read no more."""
    pattern = re.compile(rf"{re.escape(carry)}_\d+")
    for i, line in enumerate(lines):
        if not line.name or not pattern.fullmatch(line.name) or lines[i - 1].name == line.name:
            continue
        later = [s.code for s in lines[i + 1 :]]
        others = [e for c, e in ends.items() if c != carry or e != line.name]
        if any(carry in names_in(text) for text in (*later, *others)):
            continue
        word = re.compile(rf"\b{re.escape(line.name)}\b")
        lines = [
            s if k < i else replace(s, code=word.sub(carry, s.code),
                                    name=carry if s.name == line.name else s.name)
            for k, s in enumerate(lines)
        ]  # fmt: skip
        ends = {c: word.sub(carry, e) for c, e in ends.items()}
    return lines, ends


def names_in(code: str) -> set[str]:
    """Give the names that a line of code reads or writes."""
    return {n.id for n in ast.walk(ast.parse(code)) if isinstance(n, ast.Name)}
