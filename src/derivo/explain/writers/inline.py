"""What stands within a line, in every format."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from derivo.explain import document as doc
from derivo.explain.formula.boxes import factor_number
from derivo.explain.formula.tree import Formula
from derivo.explain.formula.unicode import inline


def numbered(factor: str) -> str:
    """Write the number of a factor: ``(3)``."""
    return f"({factor_number(factor)})"


def in_runs(factors: Sequence[str]) -> list[tuple[str, str]]:
    """Write numbers of factors, three and more in a row as ``3-7``, with the first."""
    runs: list[list[str]] = []
    for factor in sorted(factors, key=factor_number):
        if runs and factor_number(factor) == factor_number(runs[-1][-1]) + 1:
            runs[-1].append(factor)
        else:
            runs.append([factor])
    found: list[tuple[str, str]] = []
    for run in runs:
        if len(run) > 2:
            found.append((f"{factor_number(run[0])}-{factor_number(run[-1])}", run[0]))
        else:
            found += [(str(factor_number(factor)), factor) for factor in run]
    return found


@dataclass(frozen=True, slots=True)
class Inline:
    """How a format writes the parts of a line.

    Attributes
    ----------
    text, mono
        Write words, and code, every character as it is.
    formula, badge
        Write a formula, and the number of a factor by its id.
    strong, link
        What stands around words that matter, and around a link's words; ``{target}`` is
        where the link leads, written by `address`.
    """

    text: Callable[[str], str]
    mono: Callable[[str], str]
    formula: Callable[[Formula], str]
    badge: Callable[[str], str] = numbered
    strong: str = "{}"
    link: str = "{}"
    address: Callable[[str], str] = str

    def line(self, runs: doc.Runs) -> str:
        """Write a line."""
        return "".join(map(self.run, runs))

    def run(self, run: doc.Run) -> str:
        """Write a part of a line."""
        match run:
            case str():
                return self.text(run)
            case doc.Strong(text):
                return self.strong.format(self.text(text))
            case doc.Mono(text):
                return self.mono(text)
            case doc.Link(text, target):
                return self.link.format(self.text(text), target=self.address(target))
            case doc.Badge(factor):
                return self.badge(factor)
            case _:
                return self.formula(run)


PLAIN = Inline(str, str, inline)
