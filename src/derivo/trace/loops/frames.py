"""The local variables of a running function: read, and bound anew from outside."""

from __future__ import annotations

import ctypes
import sys
from collections.abc import Mapping
from dis import get_instructions, opname
from types import FrameType
from typing import Any

# Since Python 3.13 `f_locals` is the variables themselves; before, it is a copy of them
# that has to be put back (PEP 667).
_IS_A_COPY = sys.version_info < (3, 13)


def local_values(frame: FrameType) -> dict[str, Any]:
    """Give the local variables of a function, and those it shares with others."""
    return {k: v for k, v in frame.f_locals.items() if k.isidentifier()}


def bind_locals(frame: FrameType, values: Mapping[str, Any]) -> None:
    """Bind local variables of a function that is running."""
    space = frame.f_locals
    space.update(values)
    if _IS_A_COPY:
        put_back = ctypes.pythonapi.PyFrame_LocalsToFast
        put_back(ctypes.py_object(frame), ctypes.c_int(0))


def runs_a_for(frame: FrameType) -> bool:
    """Tell a ``for`` loop that asks for the next step from any other caller."""
    return _does(frame) == "FOR_ITER"


def begins_a_for(frame: FrameType) -> bool:
    """Tell a loop that begins from a call that goes through something."""
    return _does(frame) == "GET_ITER"


def calls_for_a_for(frame: FrameType) -> bool:
    """Tell whether a loop is about to go through what is being called."""
    # A call may stand at the memory of its own instruction, which is not listed.
    after = [i.opname for i in get_instructions(frame.f_code)
             if i.offset > frame.f_lasti]  # fmt: skip
    return after[:2] == ["GET_ITER", "FOR_ITER"]


def is_comprehension(frame: FrameType) -> bool:
    """Tell a list that is written in one piece: ``[f(x) for x in xs]``.

    Since Python 3.12 it has no frame of its own, but each step adds to a list on the
    stack, below the iterator.
    """
    lines = list(get_instructions(frame.f_code))
    (asking,) = (i for i in lines if i.offset == frame.f_lasti)
    inside = [i for i in lines if asking.offset < i.offset < asking.argval]
    loops = [i for i in inside if i.opname == "FOR_ITER"]
    return any(
        i.opname == "LIST_APPEND" and (i.arg or 0) > 1
        and not any(n.offset < i.offset < n.argval for n in loops)
        for i in inside
    )  # fmt: skip


def is_generator(frame: FrameType) -> bool:
    """Tell a generator that is written in one piece: ``(f(x) for x in xs)``."""
    return frame.f_code.co_name == "<genexpr>"


def reads_first(frame: FrameType, name: str) -> bool:
    """Tell whether a step of the loop that asks reads a name before it binds it."""
    lines = list(get_instructions(frame.f_code))
    (asking,) = (i for i in lines if i.offset == frame.f_lasti)
    for line in lines:
        names = line.argval if isinstance(line.argval, tuple) else (line.argval,)
        if asking.offset < line.offset < asking.argval and name in names:
            return line.opname.startswith("LOAD")
    return False


def _does(frame: FrameType) -> str:
    return opname[frame.f_code.co_code[frame.f_lasti]]
