"""The command ``derivo``: choose a subcommand, and answer mistakes with a message."""

from __future__ import annotations

import argparse
import io
import os
import sys
import warnings
from collections.abc import Sequence
from typing import Any

import derivo
from derivo.cli import check, derive, explain, export, play, tour, train
from derivo.cli.textbook import command as textbook
from derivo.errors import (
    AssumptionWarning,
    DerivoError,
    IndependentWarning,
    InternalError,
)  # fmt: skip

OK, FAILED, MISUSED, STOPPED = 0, 1, 2, 130

DESCRIPTION = "Write the forward pass. Read, check, run and ship the backward pass."
EPILOG = """\
examples:
  derivo tour
  derivo play
  derivo derive model.py:layer -s x="N L" -s w="L M" -s b=M
  derivo explain model.py:layer -s x="N L" -s w="L M" -s b=M -o layer.html
  derivo check model.py:layer -s x="N L" -s w="L M" -s b=M
  derivo train flowers.csv --target species -o flowers/
  derivo export flowers/ -o flowers_c/
  derivo textbook

`derivo COMMAND --help` explains a command and shows more examples.

exit codes:
  0    done, and right
  1    a check failed, or a row of the textbook table is too long
  2    wrong use: the message says what to do instead
  130  stopped with Ctrl-C

Colours are shown on a terminal only. NO_COLOR=1 turns them off, FORCE_COLOR=1 on.
"""


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the command line and give the exit code.

    Parameters
    ----------
    arguments
        The words after ``derivo``; those of the process if left out.

    Returns
    -------
    int
        0 done, 1 a check failed, 2 wrong use, 130 stopped.

    Raises
    ------
    SystemExit
        argparse's own way out: 0 after ``--help``, 2 for words it does not know.
    """
    for name in ("stdout", "stderr"):
        stream = getattr(sys, name)
        if stream is None:  # closed by whoever started this: nobody reads it
            setattr(sys, name, open(os.devnull, "w", encoding="utf-8"))  # noqa: PTH123, SIM115
        if isinstance(stream, io.TextIOWrapper):
            stream.reconfigure(errors="replace")  # a terminal may lack a character
    args = build_parser().parse_args(arguments)
    try:
        with warnings.catch_warnings():
            warnings.showwarning = _show_warning
            for kind in (AssumptionWarning, IndependentWarning):
                warnings.simplefilter("always", kind)
            code: int = args.run(args)
            sys.stdout.flush()
    except KeyboardInterrupt:
        print("\nstopped", file=sys.stderr)
        return STOPPED
    except BrokenPipeError:
        # The reader (head, less) has seen enough; Python must not complain at exit.
        _forget_output()
        return OK
    except InternalError as error:
        print(f"derivo: a fault of derivo itself: {error}", file=sys.stderr)
        return FAILED
    except DerivoError as error:
        print(f"derivo: {error}", file=sys.stderr)
        return MISUSED
    except OSError as error:
        where = error.filename or "the output cannot be written"
        print(f"derivo: {where}: {error.strerror}", file=sys.stderr)
        _forget_output()
        return MISUSED
    return code


def _forget_output() -> None:
    """Drop what is still to be written, or Python complains of it at its end."""
    try:
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
    except (OSError, ValueError):  # not a file of the system's
        return


class _Parser(argparse.ArgumentParser):
    """Shows help as it is written, and takes options by their whole names alone."""

    def __init__(self, *args: Any, **options: Any) -> None:
        options["formatter_class"] = argparse.RawDescriptionHelpFormatter
        options["allow_abbrev"] = False
        super().__init__(*args, **options)


def build_parser() -> argparse.ArgumentParser:
    """Give the parser with every subcommand."""
    parser = _Parser("derivo", description=DESCRIPTION, epilog=EPILOG)
    version = f"derivo {derivo.__version__}"
    parser.add_argument("--version", action="version", version=version)
    parser.set_defaults(run=lambda _args: _show_help(parser))  # without a command
    commands = parser.add_subparsers(title="commands", metavar="COMMAND")
    for command in (tour, play, derive, explain, check, train, export, textbook):
        command.add_parser(commands)
    return parser


def _show_help(parser: argparse.ArgumentParser) -> int:
    parser.print_help()
    return OK


def _show_warning(message: Any, *_place: Any, **_more: Any) -> None:
    print(f"derivo: note: {message}", file=sys.stderr)


if __name__ == "__main__":
    sys.exit(main())
