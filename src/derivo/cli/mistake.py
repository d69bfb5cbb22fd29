"""A mistake of the user's on the command line: a message, never a traceback."""

from __future__ import annotations

import difflib
from collections.abc import Iterable
from pathlib import Path

from derivo.errors import UsageError


class CommandLineError(UsageError):
    """Reports a mistake on the command line; the exit code is 2."""


def near(word: str, known: Iterable[str]) -> str:
    """Give a hint such as ``; did you mean 'layer'?``, or what there is."""
    known = list(known)
    lower = {k.lower(): k for k in known}
    close = difflib.get_close_matches(word.lower(), lower, n=2, cutoff=0.6)
    if close:
        return "; did you mean " + " or ".join(repr(lower[c]) for c in close) + "?"
    if not known:
        return ""
    listed = ", ".join(known[:12]) + (", ..." if len(known) > 12 else "")
    return f"; there is {listed}"


def existing_file(text: str, suffix: str) -> Path:
    """Give the path of a file that must be there.

    Raises
    ------
    CommandLineError
        There is no such file; files of nearly the same name are proposed.
    """
    path = Path(text)
    if path.is_dir():
        message = f"{text} is a folder; a file is needed"
        raise CommandLineError(message)
    if not path.is_file():
        others: list[str] = []
        if path.parent.is_dir():
            others = sorted(p.name for p in path.parent.glob(f"*{suffix}"))
        message = f"there is no file {text}{near(path.name, others)}"
        raise CommandLineError(message)
    return path


def writable_parent(text: str) -> Path:
    """Give the path of a file that is to be written, in a folder that must be there."""
    path = Path(text)
    if path.is_dir():
        message = f"{text} is a folder; give the name of a file in it"
        raise CommandLineError(message)
    if not path.parent.is_dir():
        message = (
            f"there is no folder {path.parent} to write {path.name} in; make it first"
        )
        raise CommandLineError(message)
    return path
