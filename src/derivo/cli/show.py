"""Writing to the terminal: coloured where it is seen, plain text in a pipe."""

from __future__ import annotations

import os
import re
import sys
from collections.abc import Iterable, Mapping
from importlib.util import find_spec

from derivo.cli import colour
from derivo.derivation import Derivation
from derivo.verify.report import Report

RULE_WIDTH = 78


def is_coloured() -> bool:
    """Tell whether colours are wanted: on a terminal, or if FORCE_COLOR says so."""
    if os.environ.get("NO_COLOR"):
        return False
    if os.environ.get("FORCE_COLOR"):
        return True
    return sys.stdout.isatty() and os.environ.get("TERM") != "dumb"


def has_rich() -> bool:
    """Tell whether rich, which writes the colours, is installed: an extra."""
    return find_spec("rich") is not None


def write(pieces: Iterable[colour.Part], end: str = "\n") -> None:
    """Write pieces of text, each in its style."""
    pieces = list(pieces)
    if not is_coloured() or not has_rich():
        print("".join(text for text, _ in pieces), end=end, flush=True)
        return
    from rich.console import Console  # noqa: PLC0415  only where colours are seen
    from rich.text import Text  # noqa: PLC0415

    console = Console(highlight=False, soft_wrap=True, force_terminal=True)
    console.print(Text.assemble(*pieces), end=end)


def line(text: str = "", style: str = "") -> None:
    """Write a line of text."""
    write([(text, style)])


def heading(text: str) -> None:
    """Write a heading with a rule to the right."""
    write(
        [("\n", ""), (text, "bold"), (" " + "─" * (RULE_WIDTH - len(text) - 1), "dim")]
    )


def styles_of(derivation: Derivation) -> Mapping[str, str]:
    """Give a style to each value of the forward pass that has a name."""
    graph = derivation.traced
    by_node = sorted(graph.names.items(), key=lambda item: item[0].index)
    return colour.assign(name for _, name in by_node)


def source(derivation: Derivation) -> None:
    """Write the emitted source, each value and its adjoint in one colour."""
    write(colour.parts(derivation.source, styles_of(derivation)), end="")


def report(result: Report) -> None:
    """Write the whole report."""
    write(_verdicts(str(result)))


def short_report(result: Report, *, comment: bool = False, hint: str = "") -> None:
    """Write the headline, what is wrong, and the error of every gradient.

    Parameters
    ----------
    result
        What the check found.
    comment
        Begin each line with ``#``, so that the text beside it stays Python.
    hint
        How to get the whole report; the last line.
    """
    shown = str(result).split("\n\nInputs:")[0].splitlines()
    width = max((len(r.name) for r in result.of("gradient")), default=0)
    shown += [
        f"  d_{r.name:{width}}  {r.verdict}, error {r.error:.1e} against {r.method}"
        for r in result.of("gradient")
    ]
    shown += [hint] if hint else []
    mark = "# " if comment else ""
    write(_verdicts("\n".join((mark + text).rstrip() for text in shown)))


def _verdicts(text: str) -> list[colour.Part]:
    words = {"right": colour.GOOD, "wrong": colour.BAD}
    return [(p, words.get(p, "")) for p in re.split(r"\b(right|wrong)\b", text)]


def details(derivation: Derivation, styles: Mapping[str, str], mark: str = "") -> None:
    """Write the derivation as numbered rows of a formula and the reason for it.

    Parameters
    ----------
    derivation
        What is told.
    styles
        Style of each value.
    mark
        What every line begins with.
    """
    from derivo.cli.steps import parts_of, signs_of  # noqa: PLC0415  only where asked
    from derivo.explain.writers.terminal import laid_out  # noqa: PLC0415

    signs = signs_of(derivation, styles)
    room, counted = RULE_WIDTH - len(mark) - 4, 0
    for said, rows in parts_of(derivation):
        if said:
            line(f"{mark}{said}", "bold")
        for k, (lines, base) in enumerate(laid_out(rows, width=room), counted + 1):
            counted = k
            for at, (formula, reason) in enumerate(lines):
                number = f"{mark}{k if at == base else '':2}  "
                shown = formula if reason else formula.rstrip()
                parts = colour.formula_parts(shown, signs)
                head = number if shown else number.rstrip()
                write([(head, "dim"), *parts, (reason, "dim")])
