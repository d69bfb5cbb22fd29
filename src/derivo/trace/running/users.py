"""Code of the user and code of others, by the file it stands in."""

from __future__ import annotations

import dis
import inspect
from collections.abc import Callable
from functools import lru_cache
from pathlib import Path
from types import CodeType, FrameType
from typing import Any

import numpy as np

_OURS = str(Path(__file__).parents[2])
# Layers are written as a user writes them: their names and lines are worth keeping.
_LIKE_USERS = tuple(str(Path(_OURS) / part) for part in ("layers", "article"))
_NUMPY = str(Path(np.__file__).parent)
_STDLIB = str(Path(inspect.__file__).parent)
_SCIPY = str(Path("site-packages") / "scipy")


@lru_cache(maxsize=1024)
def is_users(file: str) -> bool:
    """Tell code of the user from code of derivo, NumPy, SciPy and the interpreter."""
    if file.startswith(_LIKE_USERS):
        return True
    if _SCIPY in file or (file.startswith(_STDLIB) and "site-packages" not in file):
        return False
    return not file.startswith(
        (_OURS, _NUMPY, "<frozen", "<string>", "<__array_function__")
    )


def calls(frame: FrameType, function: Callable[..., Any], name: str) -> bool:
    """Tell whether a frame itself calls a function at the moment, by its name.

    Compiled code has no frame: what it calls is called, as far as Python knows, from
    the line that called it. The text of that line tells the two apart.

    Parameters
    ----------
    frame
        Where the call seems to come from.
    function
        What is called.
    name
        What NumPy calls it, as an attribute of its module.
    """
    called, is_attribute = _called(frame.f_code, frame.f_lasti)
    if is_attribute or called is None:
        return called == name
    spaces = (frame.f_locals, frame.f_globals)
    return any(space.get(called) is function for space in spaces)


@lru_cache(maxsize=4096)
def _called(code: CodeType, at: int) -> tuple[str | None, bool]:
    """Give the name that stands before the brackets of a call, and if it has a dot."""
    before = [i for i in dis.get_instructions(code) if i.offset <= at]
    call = before[-1]
    place = _place(call)
    if not call.opname.startswith("CALL") or place is None:
        return None, False
    loads = [
        (found[1], i)
        for i in before
        if i.opname.startswith("LOAD") and (found := _place(i)) is not None
        and found[0] == place[0] and found[1] <= place[1]
    ]  # fmt: skip
    if not loads:
        return None, False
    _, load = max(loads, key=lambda found: (found[0], found[1].offset))
    return str(load.argval), load.opname in ("LOAD_ATTR", "LOAD_METHOD")


def _place(at: dis.Instruction) -> tuple[tuple[int, int], tuple[int, int]] | None:
    """Give where the code of an instruction begins and ends, in line and column."""
    p = at.positions
    if p is None or p.lineno is None or p.end_lineno is None:
        return None
    if p.col_offset is None or p.end_col_offset is None:
        return None  # Python was told to forget columns
    return (p.lineno, p.col_offset), (p.end_lineno, p.end_col_offset)
