"""``derivo explain``: show where a backward pass comes from."""

from __future__ import annotations

import argparse
import os
import pydoc
import sys
from typing import Any

import numpy as np

from derivo.cli import show
from derivo.cli.mistake import CommandLineError, existing_file, writable_parent
from derivo.cli.target import SHAPES, add_arguments, derivation

LONG = 40  # lines that are paged
LEVELS = ("all", "graph", "scalar", "matrix", "batch", "code")
DESCRIPTION = """\
Show where the backward pass of a function comes from: its computation graph, the chain
rule number by number and in matrices, what a batch changes, and the code, with one
number and one colour for each factor.
"""
EPILOG = f"""\
{SHAPES}
examples:
  derivo explain model.py:layer -s x="N L" -s w="L M" -s b=M
  derivo explain model.py:layer -s x="N L" -s w="L M" -s b=M --level matrix --random 0
  derivo explain model.py:layer -s x="N L" -s w="L M" -s b=M -o layer.html
  derivo explain model.py:layer -s x="N L" -s w="L M" -s b=M --worksheet 1 -o sheet.html

endings of -o: html, tex, svg, png, dot, md, txt; svg and png are pictures of the graph,
or of what --level holds
exit codes: 0 done, 2 wrong use
"""


def add_parser(commands: Any) -> None:
    """Add the subcommand."""
    text = "show where a backward pass comes from"
    parser = commands.add_parser(
        "explain", help=text, description=DESCRIPTION, epilog=EPILOG
    )
    add_arguments(parser)
    add = parser.add_argument
    add("--level", choices=LEVELS, default="all", help="what to show")
    add("--language", choices=("en", "fr", "ja"), default="en", help="of the sentences")
    add("--with", dest="values", metavar="FILE.npz", help="the arguments, by name")
    add("--random", metavar="SEED", type=int, help="draw small arguments")
    add("--size", metavar="NAME=3", action="append", default=[], help="for --random")
    add("--worksheet", metavar="SEED", type=int, help="blanks to fill in, and a key")
    add(
        "-o",
        "--output",
        metavar="FILE",
        help="write to a file; its ending decides what",
    )
    add("--all", action="store_true", help="print everything, not the few main lines")
    add("--open", action="store_true", help="show the page in the browser")
    add("--no-pager", action="store_true", help="print at once, however long")
    parser.set_defaults(run=run)


def run(args: argparse.Namespace) -> int:
    """Explain, print or save."""
    path = writable_parent(args.output) if args.output else None
    d = derivation(args)
    explanation = d.explain(args.level, language=args.language, arrays=_arrays(args, d))
    if args.worksheet is not None:
        sheet = explanation.worksheet(args.worksheet)
        if path is not None:
            sheet.save(path)
            key = path.with_name(f"{path.stem}-key{path.suffix}")
            show.line(f"written to {path} and {key}")
            return 0
        explanation = sheet.sheet
    if path is not None:
        explanation.save(path)
        show.line(f"written to {path}")
        return 0
    if args.open:
        show.line(f"written to {explanation.open()}")
        return 0
    short = args.level == "all" and args.worksheet is None and not args.all
    _print(explanation, page=not args.no_pager, short=short)
    return 0


def _arrays(args: argparse.Namespace, d: Any) -> dict[str, Any]:
    if args.values and args.random is not None:
        message = "--with and --random are two ways to give numbers; choose one"
        raise CommandLineError(message)
    if args.random is not None:
        from derivo.explain.worksheet import drawn  # noqa: PLC0415

        return drawn(d, args.random, _sizes(args.size))
    if not args.values:
        return {}
    path = existing_file(args.values, ".npz")
    try:
        with np.load(path, allow_pickle=False) as file:
            return {name: file[name] for name in file.files}
    except (ValueError, OSError, EOFError) as error:
        message = f"{path} is no .npz file of arrays: {error}"
        raise CommandLineError(message) from None


def _sizes(texts: list[str]) -> dict[str, int]:
    found = {}
    for text in texts:
        name, _, number = text.partition("=")
        if not name.isidentifier() or not number.isdigit() or not int(number):
            message = f"--size {text}: write a name and a number, such as N=3"
            raise CommandLineError(message)
        found[name] = int(number)
    return found


def _print(explanation: Any, *, page: bool, short: bool) -> None:
    from derivo.explain.document import in_short  # noqa: PLC0415
    from derivo.explain.writers.terminal import (  # noqa: PLC0415
        render,
        width_of_terminal,
    )

    document = explanation.document
    shown = in_short(document) if short else document
    text = render(shown, width=width_of_terminal(), colour=show.is_coloured())
    if shown is not document:
        text += "\nEverything, step by step: --all, or a page: -o FILE.html\n"
    if page and sys.stdout.isatty() and text.count("\n") > LONG:
        os.environ.setdefault("LESS", "-R")  # else less shows colours as codes
        pydoc.pager(text)
    else:
        sys.stdout.write(text)
