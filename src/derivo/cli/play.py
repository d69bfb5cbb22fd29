"""``derivo play``: the playground, in the browser or as a file."""

from __future__ import annotations

import argparse
from typing import Any

from derivo.cli import show
from derivo.cli.mistake import CommandLineError, writable_parent

DESCRIPTION = """\
Open the playground: choose the layers of a small network, its activation, loss and
optimiser, and points of the plane, or put in your own; step through its derived
backward pass, and watch it train.
"""
EPILOG = """\
The page is one file: it opens from disk, and asks nobody for anything.

examples:
  derivo play
  derivo play -o playground.html

exit codes: 0 done, 2 wrong use
"""


def add_parser(commands: Any) -> None:
    """Add the subcommand."""
    text = "open the playground in the browser"
    parser = commands.add_parser(
        "play", help=text, description=DESCRIPTION, epilog=EPILOG
    )
    add = parser.add_argument
    add("--language", choices=("en", "fr", "ja"), default="en", help="of the sentences")
    add("-o", "--output", metavar="FILE.html", help="write to a file, open nothing")
    parser.set_defaults(run=run)


def run(args: argparse.Namespace) -> int:
    """Open the page, or write it."""
    from derivo.play import page  # noqa: PLC0415  some seconds of deriving

    if args.output is None:
        show.line(f"written to {page.open_page(args.language)}")
        return 0
    path = writable_parent(args.output)
    if path.suffix.lower() != ".html":
        message = (
            f"{path}: the playground is a page, so write to a file such as play.html"
        )
        raise CommandLineError(message)
    path.write_text(page.write(args.language), encoding="utf-8")
    show.line(f"written to {path}")
    return 0
