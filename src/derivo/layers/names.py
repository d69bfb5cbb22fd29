"""Finding things by name: any case, any punctuation, and near names when it fails."""

from __future__ import annotations

import difflib
import re
from collections.abc import Iterable

from derivo.errors import UsageError


def normal_name(name: str) -> str:
    """Give a name in lower case, without punctuation: "leakyrelu" for "Leaky-ReLU"."""
    return re.sub(r"[\W_]", "", name).lower()


def nearest(name: str, known: Iterable[str], count: int = 3) -> list[str]:
    """Give the known names that look most like `name`, the most alike first."""
    by_normal = {normal_name(k): k for k in known}
    found = difflib.get_close_matches(normal_name(name), by_normal, n=count, cutoff=0.5)
    return [by_normal[f] for f in found]


def unknown_name(what: str, name: object, known: Iterable[str]) -> UsageError:
    """Make the error for a name that is not known, with those it may be meant for.

    Parameters
    ----------
    what
        What was looked for, with its article: ``"an activation"``.
    name
        What was asked for.
    known
        All names that would do.
    """
    known = sorted(known, key=str.lower)
    if not isinstance(name, str):
        start = f"{what} is asked for by name, not by a {type(name).__name__}"
        return UsageError(f"{start}; known are: {', '.join(known)}")
    alike = nearest(name, known)
    start = f"{name!r} is not the name of {what}"
    if alike:
        start += f"; did you mean {' or '.join(map(repr, alike))}?"
    return UsageError(f"{start}\n  Known are: {', '.join(known)}.")
