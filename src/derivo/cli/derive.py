"""``derivo derive``: print the backward pass of a function, and its check beside it."""

from __future__ import annotations

import argparse
from pathlib import Path
from typing import Any

from derivo.cli import show
from derivo.cli.mistake import CommandLineError, writable_parent
from derivo.cli.target import SHAPES, add_arguments, derivation

DESCRIPTION = """\
Derive the backward pass of a forward pass written in plain NumPy. What is printed is a
Python module that needs nothing but NumPy; the check stands below it, as comments.
"""
EPILOG = f"""\
{SHAPES}
examples:
  derivo derive model.py:layer -s x="N L" -s w="L M" -s b=M
  derivo derive model.py:loss -s z="N C" -s t="N C" --wrt z --assume "t sums to 1"
  derivo derive model.py:layer -s x="N L" -s w="L M" -s b=M --steps
  derivo derive model.py:layer -s x="N L" -s w="L M" -s b=M -o backward.py

exit codes: 0 the check agrees, 1 it does not, 2 wrong use
"""


def add_parser(commands: Any) -> None:
    """Add the subcommand."""
    text = "print the backward pass of a function"
    parser = commands.add_parser(
        "derive", help=text, description=DESCRIPTION, epilog=EPILOG
    )
    add_arguments(parser)
    parser.add_argument(
        "--steps", action="store_true", help="print the derivation, too"
    )
    parser.add_argument(
        "-o", "--output", metavar="FILE", help="write the source to a file"
    )
    parser.add_argument("--no-check", action="store_true", help="leave the check out")
    parser.set_defaults(run=run)


def _file(target: str) -> Path:
    return Path(target.rpartition(":")[0]).resolve()


def run(args: argparse.Namespace) -> int:
    """Derive, print or save, and check."""
    path = writable_parent(args.output) if args.output else None
    if path is not None and path.resolve() == _file(args.target):
        message = f"-o {path} would write over the forward pass; choose another"
        raise CommandLineError(message)
    d = derivation(args)
    if path is None:
        show.source(d)
    else:
        d.save(path)
        show.line(f"written to {path}")
    if args.steps:
        show.line("")
        show.details(d, show.styles_of(d), "# " if path is None else "")
    if args.no_check:
        return 0
    result = d.check()
    show.line()
    show.short_report(
        result, comment=path is None, hint="The whole report: derivo check ..."
    )
    return 0 if result.ok else 1
