"""``derivo check``: compare every gradient and every rule with numbers."""

from __future__ import annotations

import argparse
from typing import Any

from derivo.cli import show
from derivo.cli.mistake import CommandLineError
from derivo.cli.target import SHAPES, add_arguments, derivation

DESCRIPTION = """\
Derive a function and compare with numerical derivatives, in float64: every gradient as
a whole, every operation's rule by itself, second derivatives, and the emitted source.
"""
EPILOG = f"""\
{SHAPES}
examples:
  derivo check model.py:layer -s x="N L" -s w="L M" -s b=M
  derivo check model.py:layer -s x="N L" -s w="L M" -s b=M --size N=50 --trials 10

exit codes: 0 everything agrees, 1 something does not, 2 wrong use
"""


def add_parser(commands: Any) -> None:
    """Add the subcommand."""
    text = "check the gradients of a function"
    parser = commands.add_parser(
        "check", help=text, description=DESCRIPTION, epilog=EPILOG
    )
    add_arguments(parser)
    parser.add_argument("--trials", type=int, default=3, metavar="N",
                        help="how many inputs are drawn (3)")  # fmt: skip
    parser.add_argument("--seed", type=int, default=0, metavar="N",
                        help="the same seed gives the same report (0)")  # fmt: skip
    parser.add_argument("--size", action="append", default=[], metavar="NAME=NUMBER",
                        help="check at this size")  # fmt: skip
    parser.set_defaults(run=run)


def run(args: argparse.Namespace) -> int:
    """Check, and print the whole report."""
    sizes = _sizes(args.size)
    if args.trials < 1:
        message = f"--trials {args.trials}: at least one draw is needed"
        raise CommandLineError(message)
    if args.seed < 0:
        message = f"--seed {args.seed}: a seed is 0 or more"
        raise CommandLineError(message)
    result = derivation(args).check(trials=args.trials, seed=args.seed, sizes=sizes)
    show.report(result)
    return 0 if result.ok else 1


def _sizes(texts: list[str]) -> dict[str, int] | None:
    sizes = {}
    for text in texts:
        name, _, number = text.partition("=")
        if not name.isidentifier() or not number.isdigit() or not int(number):
            message = f"{text!r} is not a size; write --size N=50"
            raise CommandLineError(message)
        sizes[name] = int(number)
    return sizes or None
