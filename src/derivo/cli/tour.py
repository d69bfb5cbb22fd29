"""``derivo tour``: a neuron and a layer derived and checked, then digits trained."""

from __future__ import annotations

import argparse
import shlex
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

from derivo.cli import show
from derivo.cli.mistake import CommandLineError

DESCRIPTION = """\
Derive the backward pass of a neuron and of a layer, show each step and its check, then
train a network on real handwritten digits with a step that was derived the same way.
A value and its adjoint have the same colour: n and d_n.
"""
EPILOG = """\
The source of each part is written to a folder, to be read at leisure.

examples:
  derivo tour
  derivo tour -o /tmp/tour
  NO_COLOR=1 derivo tour

exit codes: 0 every check agrees, 1 one does not, 2 wrong use
"""


def add_parser(commands: Any) -> None:
    """Add the subcommand."""
    text = "see what derivo does, in half a minute"
    parser = commands.add_parser(
        "tour", help=text, description=DESCRIPTION, epilog=EPILOG
    )
    parser.add_argument("-o", "--output", default="tour", metavar="FOLDER",
                        help="where the sources go (tour)")  # fmt: skip
    parser.set_defaults(run=run)


def run(args: argparse.Namespace) -> int:
    """Show the three parts, each with the time it took."""
    from derivo.cli import tour_parts  # noqa: PLC0415

    folder = _folder(args.output)
    begin = time.perf_counter()
    fine = True
    parts: tuple[tuple[str, Callable[[Path], bool]], ...] = (
        ("1  One neuron, scalars", tour_parts.neuron_part),
        ("2  A layer of neurons, on a batch", tour_parts.layer_part),
        ("3  Handwritten digits", tour_parts.digits_part),
    )
    for title, part in parts:
        show.heading(title)
        start = time.perf_counter()
        fine &= part(folder)
        show.line(f"\nThis part took {time.perf_counter() - start:.1f} s.", "dim")
    names = ", ".join(sorted(p.name for p in folder.glob("*.py")))
    show.heading("Done")
    show.line(
        f"In {time.perf_counter() - begin:.1f} s. To read on: {names} in {folder}/."
    )
    show.line(f"Next, change {folder / 'forward.py'} and try:")
    path = shlex.quote(str(folder / "forward.py"))
    show.line(f'  derivo derive {path}:layer -s x="N L" -s w="L M" -s b=M')
    return 0 if fine else 1


def _folder(text: str) -> Path:
    path = Path(text)
    try:
        path.mkdir(parents=True, exist_ok=True)
        (path / ".writable").touch()
        (path / ".writable").unlink()
    except OSError as error:
        message = (
            f"cannot write to the folder {text}: {error.strerror}; choose one with -o"
        )
        raise CommandLineError(message) from None
    return path
