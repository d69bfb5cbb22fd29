"""What a check found: data, and a page to read."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from html import escape
from pathlib import Path
from typing import Any

import numpy as np

from derivo.errors import DerivoError
from derivo.graph.node import Line

# Worst first.
VERDICTS = ("wrong", "unsure", "skipped", "right")
CODE_WIDTH = 44
FAILURES_SHOWN = 6


class CheckError(DerivoError, AssertionError):
    """Reports a derivative that is wrong."""


@dataclass(frozen=True)
class Row:
    """One comparison.

    Attributes
    ----------
    kind
        "gradient", "rule", "second", "source" or "dtype".
    operation
        The operation concerned; empty if it is the function as a whole.
    line
        The user's line.
    name
        The user's name of the value (or of the argument, for a gradient).
    operand
        For a rule: which operand the adjoint is for.
    shape
        Shape of what was compared.
    error, tolerance
        Largest difference as a part of the largest value, and what is allowed.
    element, got, expected
        Where it is, and the two values there.
    method
        What it was compared with.
    verdict
        "right", "wrong", "unsure" (the numerical value is not good enough) or
        "skipped".
    cause
        The likely cause of what is wrong, or the reason for the verdict.
    written, instead
        For a hand-written backward pass: the line of it that is wrong, and what to
        write there, if that is known.
    """

    kind: str
    operation: str = ""
    line: Line | None = None
    name: str = ""
    operand: str = ""
    shape: tuple[int, ...] = ()
    error: float = 0.0
    tolerance: float = 0.0
    element: tuple[int, ...] = ()
    got: Any = None
    expected: Any = None
    method: str = ""
    verdict: str = "right"
    cause: str = ""
    written: Line | None = None
    instead: str = ""

    @property
    def key(self) -> tuple[Any, ...]:
        """Tell comparisons of different things apart."""
        return self.kind, self.operation, self.line, self.name, self.operand

    @property
    def badness(self) -> tuple[int, float]:
        """Sort comparisons of the same thing: the worst first."""
        return VERDICTS.index(self.verdict), -self.error


@dataclass(frozen=True, repr=False)
class Report:
    """The result of a check.

    Attributes
    ----------
    name
        Name of the function.
    rows
        One per comparison, of each the worst of all trials.
    inputs
        How inputs were drawn.
    shapes
        Their shapes.
    trials, seed
        Number of draws, and what they started from.
    branches
        How many kinks and masks the function has.
    unreached
        Those of which all draws take one side only: the other was not compared.
    """

    name: str
    rows: tuple[Row, ...]
    inputs: str = ""
    shapes: dict[str, tuple[int, ...]] = field(default_factory=dict)
    trials: int = 1
    seed: int = 0
    branches: int = 0
    unreached: tuple[str, ...] = ()

    @property
    def ok(self) -> bool:
        """Whether nothing is wrong."""
        return not self.failures

    def __bool__(self) -> bool:
        """Give `ok`, so that ``assert d.check()`` says what it means."""
        return self.ok

    @property
    def failures(self) -> tuple[Row, ...]:
        """What is wrong, the likely origin first."""
        return tuple(r for r in self.rows if r.verdict == "wrong")

    @property
    def worst(self) -> float:
        """Largest error of a first derivative that could be compared."""
        rows = [r for r in self.rows if r.kind in ("gradient", "rule")]
        return max((r.error for r in rows if r.verdict != "unsure"), default=0.0)

    def of(self, kind: str) -> tuple[Row, ...]:
        """Give the rows of one kind."""
        return tuple(r for r in self.rows if r.kind == kind)

    def raise_if_failed(self) -> None:
        """Raise `CheckError` with the page as its text if anything is wrong."""
        if not self.ok:
            raise CheckError("\n" + str(self))

    def __repr__(self) -> str:
        """Say what was checked and what came out."""
        unsure = any(r.verdict == "unsure" for r in self.rows)
        verdict = "wrong" if not self.ok else "not wrong" if unsure else "right"
        return f"<report on {self.name}: {verdict}: print(report)>"

    def _repr_html_(self) -> str:
        """Show the page in a notebook."""
        return f'<pre style="font-family:monospace">{escape(str(self))}</pre>'

    def __str__(self) -> str:
        """Write the page."""
        return page(self)


def worst_of(rows: list[Row]) -> tuple[Row, ...]:
    """Keep the worst comparison of each thing, in the order of first appearance."""
    kept: dict[tuple[Any, ...], Row] = {}
    for row in rows:
        before = kept.get(row.key)
        if before is None or row.badness < before.badness:
            kept[row.key] = row
    return tuple(kept.values())


# --- the page -------------------------------------------------------------------------


def page(report: Report) -> str:
    """Write a report: what came out, then the tables."""
    parts = [_headline(report), *_failures(report), _setting(report)]
    parts += [_gradients(report), _rules(report), _rest(report)]
    return "\n\n".join(p for p in parts if p)


def _headline(report: Report) -> str:
    rules, whole = report.of("rule"), report.of("gradient")
    wrong = [r for r in rules if r.verdict == "wrong"]
    bad = [r for r in whole if r.verdict == "wrong"]
    if report.ok:
        return _right(report)
    if bad and wrong:
        names = ", ".join(dict.fromkeys(r.operation for r in wrong))
        spoilt = f"{len(bad)} of {_count(len(whole), 'gradient')}"
        return f"{report.name}: wrong. The fault is in {names}; it spoils {spoilt}."
    if wrong:
        names = ", ".join(dict.fromkeys(r.operation for r in wrong))
        return f"{report.name}: wrong. The rule of {names} disagrees with numbers."
    if bad:
        names = ", ".join(r.name for r in bad)
        return f"{report.name}: wrong. The gradient of {names} disagrees with numbers."
    first = report.failures[0]
    what = {"second": f"the second derivative ({first.name})", "source": first.name,
            "dtype": "the type of the results"}[first.kind]  # fmt: skip
    return f"{report.name}: wrong, in {what}."


def _right(report: Report) -> str:
    counts = [
        (sum(r.verdict == "right" for r in report.of(kind)), noun)
        for kind, noun in (("gradient", "gradient"), ("rule", "local rule"))
    ]
    what = " and ".join(_count(n, noun) for n, noun in counts if n)
    unsure = sum(r.verdict == "unsure" for r in report.rows)
    if not what:
        return f"{report.name}: nothing could be compared with numbers."
    verb = "agrees" if sum(n for n, _ in counts) == 1 else "agree"
    text = f"{what} {verb} with numbers; the largest error is {report.worst:.1e}."
    if unsure:
        text += f" {_count(unsure, 'comparison')} could not be decided."
    return f"{report.name}: {'not wrong' if unsure else 'right'}. {text}"


def _failures(report: Report) -> list[str]:
    shown = [_failure(r) for r in report.failures[:FAILURES_SHOWN]]
    more = len(report.failures) - len(shown)
    return [*shown, f"... and {more} more."] if more > 0 else shown


def _failure(row: Row) -> str:
    if row.kind == "rule":
        head = f"{row.operation}: the adjoint of {row.operand or 'a value'}"
        head += f", on the way to {row.name}" if row.name else ""
    elif row.kind == "gradient":
        head = f"the gradient of {row.name}"
    elif row.kind == "second":
        head = f"second derivative, {row.name}"
    else:
        head = row.name
    lines = [head]
    if row.line is not None:
        lines.append(f"  line   {row.line}")
    if row.got is not None:
        at = f"element {list(row.element)}: " if row.element else ""
        lines.append(
            f"  value  {at}{row.got:.10g}, but it should be {row.expected:.10g}"
        )
    if row.cause:
        lines.append(f"  cause  {row.cause}")
    if row.written is not None:
        lines.append(f"  yours  {row.written}")
    if row.instead:
        lines.append(f"  write  {row.instead}")
    return "\n".join(lines)


def _setting(report: Report) -> str:
    shapes = ", ".join(
        f"{k} {v}" if v else f"{k} scalar" for k, v in report.shapes.items()
    )
    times = _count(report.trials, "draw")
    text = (
        f"Inputs: {shapes}.\n"
        f"Drawn:  {report.inputs}; {times}, seed {report.seed}, float64."
    )
    return text + _reached(report)


def _reached(report: Report) -> str:
    """Say whether the draws take both sides of every kink and mask."""
    if not report.branches:
        return ""
    if not report.unreached:
        every = _count(report.branches, "kink or mask", "kinks and masks")
        return f"\nSides:  both, of {every}."
    listed = "; ".join(report.unreached)
    return f"\nSides:  one side alone was reached, and compared, of {listed}."


def _gradients(report: Report) -> str:
    rows = [("gradient of", "shape", "error", "compared with", "")]
    rows += [
        (r.name, str(r.shape), _number(r.error), r.method or "its shape", r.verdict)
        for r in report.of("gradient")
    ]
    return _table(rows)


def _rules(report: Report) -> str:
    """List the rules of one line together."""
    groups: dict[tuple[str, Line | None], list[Row]] = {}
    for r in report.of("rule"):
        groups.setdefault((r.operation, r.line), []).append(r)
    rows = [("rule of", "in the line", "error", "compared with", "")]
    by_line = sorted(groups.items(), key=lambda item: _place(item[0][1]))
    for (operation, line), members in by_line:
        worst = min(members, key=lambda r: r.badness)
        rows.append((operation, _code(line) or _recognised(worst), _number(worst.error),
                     worst.method or worst.cause, worst.verdict))  # fmt: skip
    return _table(rows) if len(rows) > 1 else ""


def _rest(report: Report) -> str:
    lines = []
    second = report.of("second")
    if second:
        lines.append(_sentence("Second derivatives", second))
    source = report.of("source")
    if source:
        lines.append(
            _sentence("Emitted source against the graph, node by node", source)
        )
    lines += [
        "float32 in, float32 out: " + ("no. " + r.cause if r.cause else "yes") + "."
        for r in report.of("dtype")
    ]
    return "\n".join(lines)


def _sentence(what: str, rows: Iterable[Row]) -> str:
    rows = list(rows)
    worst = min(rows, key=lambda r: r.badness)
    if worst.verdict == "skipped":
        return f"{what}: not checked. {worst.cause}"
    return f"{what}: {worst.verdict}, largest error {_number(worst.error)}."


def _table(rows: Sequence[tuple[str, ...]]) -> str:
    widths = [max(len(row[i]) for row in rows) for i in range(len(rows[0]))]
    rule = tuple("-" * w for w in widths)
    return "\n".join(
        "  ".join(cell.ljust(w) for cell, w in zip(row, widths, strict=True)).rstrip()
        for row in (rows[0], rule, *rows[1:])
    )


def _place(line: Line | None) -> tuple[str, int]:
    return (line.file, line.number) if line is not None else ("", 0)


def _code(line: Line | None) -> str:
    if line is None:
        return ""
    text = line.text or f"{Path(line.file).name}, in {line.function}"
    text = text if len(text) <= CODE_WIDTH else text[: CODE_WIDTH - 3] + "..."
    return f"{line.number}: {text}"


def _recognised(row: Row) -> str:
    """Say where an operation stands that the user spelled out."""
    return f"(recognised: {row.name})" if row.name else "(recognised)"


def _number(error: float) -> str:
    if not np.isfinite(error):
        return "-"
    return "0" if error == 0 else f"{error:.1e}"


def _count(n: int, noun: str, several: str = "") -> str:
    return f"{n} {noun}" if n == 1 else f"{n} {several or noun + 's'}"
