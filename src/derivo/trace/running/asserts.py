"""``assert np.all(x > 0)`` while tracing: what it says of values cannot be tried."""

from __future__ import annotations

import ast
import dis
import itertools
import linecache
from types import FrameType
from typing import Any

from derivo.graph.node import Line

Span = tuple[int, int, int, int]  # first line, last line, first column, last column


class Asserts:
    """The assert statements of a function, and which of them were not tried.

    Attributes
    ----------
    lines
        Where those stand that ask for a value.
    """

    def __init__(self) -> None:
        self.lines: dict[Line, None] = {}
        self.known: dict[str, list[ast.Assert]] = {}

    def answer(self, frame: FrameType) -> bool | None:
        """Give the answer with which the assert that a frame is at passes.

        Returns
        -------
        bool
            None if it is at no assert: then it is a branch.
        """
        span = _span(frame)
        if span is None:
            return None
        for statement in self._in(frame):
            whole = span == _span_of(statement)
            if whole or _holds(_span_of(statement.test), span):
                self._note(frame, statement)
                if whole:
                    return _passing(frame, statement)
                return _unnegated(statement.test, span)
        return None

    def _note(self, frame: FrameType, statement: ast.Assert) -> None:
        code, text = frame.f_code, f"assert {ast.unparse(statement.test)}"
        line = Line(code.co_filename, statement.lineno, code.co_name, text)
        self.lines[line] = None

    def _in(self, frame: FrameType) -> list[ast.Assert]:
        file = frame.f_code.co_filename
        if file not in self.known:
            text = "".join(linecache.getlines(file, frame.f_globals))
            try:
                nodes = list(ast.walk(ast.parse(text)))
            except SyntaxError:
                nodes = []
            self.known[file] = [n for n in nodes if isinstance(n, ast.Assert)]
        return self.known[file]


def _unnegated(test: ast.expr, span: Span) -> bool:
    """Tell whether a part of a test is to be true, for the test to be."""
    negations = (
        n for n in ast.walk(test)
        if isinstance(n, ast.UnaryOp) and isinstance(n.op, ast.Not)
    )  # fmt: skip
    return sum(_holds(_span_of(n), span) for n in negations) % 2 == 0


def _passing(frame: FrameType, statement: ast.Assert) -> bool:
    """Give the answer with which a jump does not lead to the error.

    Python 3.11 says of the jumps of an assert only to which statement they belong, and
    pytest writes asserts anew.
    """
    code = list(dis.get_instructions(frame.f_code))
    whole = _span_of(statement)
    own = [i.offset for i in code if i.positions and _holds(whole, _place(i.positions))]
    after = dict(itertools.pairwise(i.offset for i in code))
    by_offset = {i.offset: i for i in code}

    def passes(start: int) -> bool:
        """Tell whether the statement can be left from here without an error."""
        seen, stack = set[int](), [start]
        while stack:
            offset = stack.pop()
            if not own[0] <= offset <= own[-1]:
                return True
            if offset in seen:
                continue
            seen.add(offset)
            at = by_offset[offset]
            jumps = at.opcode in dis.hasjrel or at.opcode in dis.hasjabs
            if jumps:
                stack.append(at.argval)
            if not at.opname.startswith(("RAISE", "RERAISE")) and not (
                jumps and at.opname.startswith(("JUMP_FORWARD", "JUMP_BACKWARD"))
            ):
                stack.append(after[offset])
        return False

    jump = by_offset[frame.f_lasti]
    if jump.opname == "TO_BOOL":  # from Python 3.13 on, the jump comes after it
        jump = by_offset[after[jump.offset]]
    return ("IF_TRUE" in jump.opname) is passes(jump.argval)


def _place(p: Any) -> Span | None:
    first, last, left, right = p.lineno, p.end_lineno, p.col_offset, p.end_col_offset
    if first is None or last is None or left is None or right is None:
        return None  # Python was told to forget columns
    return first, last, left, right


def _span(frame: FrameType) -> Span | None:
    """Give the place, in the file, of the expression that a frame is at."""
    places = list(frame.f_code.co_positions())
    return _place(dis.Positions(*places[frame.f_lasti // 2]))


def _span_of(node: ast.expr | ast.stmt) -> Span:
    return (
        node.lineno, node.end_lineno or node.lineno,
        node.col_offset, node.end_col_offset or node.col_offset,
    )  # fmt: skip


def _holds(outer: Span, inner: Span | None) -> bool:
    """Tell whether a span lies within another one."""
    if inner is None:
        return False
    begins = (outer[0], outer[2]) <= (inner[0], inner[2])
    return begins and (inner[1], inner[3]) <= (outer[1], outer[3])
