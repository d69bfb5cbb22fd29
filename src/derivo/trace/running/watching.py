"""Seeing what runs in this thread, beside a debugger or a measurement of coverage."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from types import FrameType
from typing import Any

Hook = Callable[[FrameType, Any, Any], Any]


@contextmanager
def watched(watch: Hook) -> Iterator[None]:
    """Let a function see the frames of this thread; whoever did before still does.

    Parameters
    ----------
    watch
        As `sys.settrace` takes it.
    """
    outer = sys.gettrace()
    hook = watch if outer is None else _beside(watch, outer)
    sys.settrace(hook)
    try:
        yield
    finally:
        # A debugger that was started in between goes on.
        if sys.gettrace() is hook:
            sys.settrace(outer)


def _beside(watch: Hook, outer: Hook) -> Hook:
    """Give a hook that calls two."""

    def stay() -> None:
        # Hooks written in C put themselves in the place of who calls them.
        if sys.gettrace() is not both:
            sys.settrace(both)

    def both(frame: FrameType, event: str, arg: Any) -> Any:
        own, theirs = watch(frame, event, arg), outer(frame, event, arg)
        stay()
        if own is None or theirs is None:
            return own or theirs

        def look(frame: FrameType, event: str, arg: Any) -> Any:
            nonlocal own, theirs
            own = own and own(frame, event, arg)
            theirs = theirs and theirs(frame, event, arg)
            stay()
            return look

        return look

    return both
