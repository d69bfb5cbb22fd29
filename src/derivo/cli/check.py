"""``derivo check``: compare every gradient and every rule with numbers."""

from __future__ import annotations

import argparse
import sys
from contextlib import redirect_stdout
from typing import Any

from derivo.cli import show
from derivo.cli.arguments import read_sizes, read_static
from derivo.cli.mistake import CommandLineError
from derivo.cli.target import (
    SHAPES,
    add_arguments,
    derivation,
    find_function,
    read_names,
    space_of,
    specs_of,
)
from derivo.run.arguments import refuse_names_of_options
from derivo.verify.backward import check_backward
from derivo.verify.report import Report

DESCRIPTION = """\
Derive a function and compare with numerical derivatives, in float64: every gradient as
a whole, every operation's rule by itself, second derivatives, and the emitted source.
With --backward, check a backward pass that you wrote by hand: which gradients are
right, which line is wrong, and what to write there.
"""
EPILOG = f"""\
{SHAPES}
examples:
  derivo check model.py:layer -s x="N L" -s w="L M" -s b=M
  derivo check model.py:layer -s x="N L" -s w="L M" -s b=M --size N=50 --trials 10
  derivo check model.py:layer --backward model.py:by_hand -s x=N -s w=N

exit codes: 0 everything agrees, 1 something does not, 2 wrong use
"""


def add_parser(commands: Any) -> None:
    """Add the subcommand."""
    text = "check the gradients of a function"
    parser = commands.add_parser(
        "check", help=text, description=DESCRIPTION, epilog=EPILOG
    )
    add_arguments(parser)
    parser.add_argument("--backward", metavar="FILE.py:FUNCTION",
                        help="check this backward pass, written by hand")  # fmt: skip
    parser.add_argument("--trials", type=int, default=3, metavar="N",
                        help="how many inputs are drawn (3)")  # fmt: skip
    parser.add_argument("--seed", type=int, default=0, metavar="N",
                        help="the same seed gives the same report (0)")  # fmt: skip
    parser.add_argument("--size", action="append", default=[], metavar="NAME=NUMBER",
                        help="check at this size")  # fmt: skip
    parser.set_defaults(run=run)


def run(args: argparse.Namespace) -> int:
    """Check, and print the whole report."""
    sizes = read_sizes(args.size)
    if args.trials < 1:
        message = f"--trials {args.trials}: at least one draw is needed"
        raise CommandLineError(message)
    if args.seed < 0:
        message = f"--seed {args.seed}: a seed is 0 or more"
        raise CommandLineError(message)
    if args.backward is not None:
        result = _by_hand(args)
    else:
        result = derivation(args).check(trials=args.trials, seed=args.seed, sizes=sizes)
    show.report(result)
    return 0 if result.ok else 1


def _by_hand(args: argparse.Namespace) -> Report:
    """Check a hand-written backward pass."""
    for option, given in (("--size", args.size), ("--raw", args.raw),
                          ("--no-stabilize", args.no_stabilize)):  # fmt: skip
        if given:
            message = f"{option} is of no use with --backward; leave it out"
            raise CommandLineError(message)
    forward, _ = find_function(args.target)
    backward, _ = find_function(args.backward)
    refuse_names_of_options(check_backward, forward)
    given = specs_of(args, forward)
    static = read_static(args.static, space_of(forward))
    with redirect_stdout(sys.stderr):  # what the user's code prints is no report
        return check_backward(
            forward, backward, wrt=read_names(args.wrt), trials=args.trials,
            seed=args.seed, assume=args.assume, static=static, **given,
        )  # fmt: skip
