"""``derivo textbook``: published backward passes beside those that derivo finds."""

from __future__ import annotations

import argparse
import inspect
import time
from typing import Any

from derivo.cli import colour, show
from derivo.cli.mistake import CommandLineError

DESCRIPTION = """\
Derive twelve forward passes from textbooks and papers, each in two spellings, and
compare with the published backward pass: the number of operations (counted in the
emitted text by a fixed rule) and the values (in float64, against the published formula
written out by hand). Then two worked examples, to every digit that their authors print.
"""
EPILOG = """\
the counting rule:
  One operation is one arithmetic operator, one comparison or one call. Free are .T,
  indexing, reshape, np.expand_dims, unpacking, x.shape[0], constants and renaming.

examples:
  derivo textbook
  derivo textbook --show 8      the source of row 8, both spellings

exit codes: 0 every row holds, 1 a row does not, 2 wrong use
"""


def add_parser(commands: Any) -> None:
    """Add the subcommand."""
    text = "published backward passes beside derivo's"
    parser = commands.add_parser(
        "textbook", help=text, description=DESCRIPTION, epilog=EPILOG
    )
    parser.add_argument(
        "--show", type=int, metavar="N", help="print the source of row N"
    )
    parser.set_defaults(run=run)


def run(args: argparse.Namespace) -> int:
    """Print the table, or the source of one row."""
    from derivo.cli.textbook.rows import ROWS  # noqa: PLC0415

    if args.show is not None:
        found = [r for r in ROWS if r.number == args.show]
        if not found:
            message = f"there is no row {args.show}; rows go from 1 to {len(ROWS)}"
            raise CommandLineError(message)
        return _show_row(found[0])
    begin = time.perf_counter()
    fine = _table(ROWS)
    fine &= _worked()
    seconds = time.perf_counter() - begin
    show.line(f"\n{'All hold' if fine else 'Not all hold'} ({seconds:.1f} s).")
    return 0 if fine else 1


def _table(rows: Any) -> bool:
    show.line(
        "row  forward pass                      published  derivo  difference", "bold"
    )
    fine = True
    for row in rows:
        for k, function in enumerate(row.spellings):
            fine &= _line(row, k, function)
    return fine


def _line(row: Any, k: int, function: Any) -> bool:
    from derivo.cli.textbook.count import backward_operations, saved_extras  # noqa: PLC0415
    from derivo.cli.textbook.rows import LIMIT  # noqa: PLC0415

    d = row.derive(function)
    count = backward_operations(d.source, d.name)
    extras = saved_extras(d.source, d.name, frozenset(d.traced.names.values()))
    difference = row.difference(d)
    right, short = difference <= LIMIT, count <= row.operations
    title = row.title if k == 0 else f"  {_spelling(function.__name__)}"
    label = f"{row.number:>3}  " if k == 0 else "     "
    text = (
        f"{label}{title:<34}{row.operations:>8}{count:>8}   {_number(difference):>9}  "
    )
    remarks = [] if short else [f"{count - row.operations} over"]
    remarks += [] if right else ["differs"]
    remarks += [f"saves {', '.join(extras)} besides"] if extras else []
    fine = right and short and not extras
    verdict = "ok" if fine else "; ".join(remarks)
    show.write([(text, ""), (verdict, colour.GOOD if fine else colour.BAD)])
    return fine


def _number(difference: float) -> str:
    return f"{difference:.1e}" if difference else "0"


def _spelling(name: str) -> str:
    for word in ("_in_", "_with_", "_as_", "_scaled_", "_without_"):
        if word in name:
            return (word + name.split(word, 1)[1]).replace("_", " ").strip()
    return name


def _worked() -> bool:
    from derivo.cli.textbook.worked import cs231n, mazur  # noqa: PLC0415

    fine = True
    for numbers in (mazur, cs231n):
        show.line(f"\n{inspect.getdoc(numbers)}", "bold")
        for n in numbers():
            text = f"  {n.name:<12} printed {n.printed:<12} here {n.got:<14.10g}"
            verdict = "ok" if n.agrees else "differs"
            verdict += (
                f" to {n.within:g} (its last printed digits are off)"
                if n.within
                else ""
            )
            show.write([(text, ""), (verdict, colour.GOOD if n.agrees else colour.BAD)])
            fine &= n.agrees
    return fine


def _show_row(row: Any) -> int:
    show.line(f"Row {row.number}: {row.title}. Published in: {row.where}.", "bold")
    for function in row.spellings:
        d = row.derive(function)
        styles = show.styles_of(d)
        show.heading("as written")
        show.write(colour.parts(inspect.getsource(function), styles), end="")
        show.heading("as derived")
        show.source(d)
    show.heading("as published, by hand")
    show.write(colour.parts(inspect.getsource(row.reference), {}), end="")
    return 0
