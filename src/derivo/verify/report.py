"""What a check found: data, and a page to read."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

from derivo.errors import DerivoError
from derivo.graph.node import Line

# Worst first.
VERDICTS = ("wrong", "unsure", "skipped", "right")


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

    @property
    def key(self) -> tuple[Any, ...]:
        """Tell comparisons of different things apart."""
        return self.kind, self.operation, self.line, self.name, self.operand

    @property
    def badness(self) -> tuple[int, float]:
        """Sort comparisons of the same thing: the worst first."""
        return VERDICTS.index(self.verdict), -self.error


@dataclass(frozen=True)
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
    """

    name: str
    rows: tuple[Row, ...]
    inputs: str = ""
    shapes: dict[str, tuple[int, ...]] = field(default_factory=dict)
    trials: int = 1
    seed: int = 0

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

    def __str__(self) -> str:
        """Write the page."""
        from derivo.verify.page import page  # noqa: PLC0415  page needs this module

        return page(self)


def worst_of(rows: list[Row]) -> tuple[Row, ...]:
    """Keep the worst comparison of each thing, in the order of first appearance."""
    kept: dict[tuple[Any, ...], Row] = {}
    for row in rows:
        before = kept.get(row.key)
        if before is None or row.badness < before.badness:
            kept[row.key] = row
    return tuple(kept.values())
