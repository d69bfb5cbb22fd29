"""What was seen of a call of a function of the user's while it ran."""

from __future__ import annotations

import ast
import inspect
import itertools
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from types import FrameType, FunctionType, ModuleType
from typing import Any

import numpy as np

from derivo.graph.loop import is_inline
from derivo.graph.nest import Record, declared, holds_values, leaves, pruned, rebuilt
from derivo.graph.node import Line, Node
from derivo.trace.arguments.signature import short_of
from derivo.trace.sizes.numbered import numbers_of

# Frames that are no functions to a reader: they belong to the one around them.
_ANONYMOUS = inspect.CO_GENERATOR | inspect.CO_COROUTINE | inspect.CO_ASYNC_GENERATOR
_DEEPEST = 4


@dataclass(eq=False)
class Iterations:
    """A ``for`` loop that a function went through, step by step.

    Attributes
    ----------
    line
        Where it stands.
    targets
        The names that it binds, in their order: ``k, w, b`` of ``for k, (w, b) in``.
    marks
        The number of nodes there were when each step began, and after the last.
    bound
        Values that its steps found under these names, and the name.
    begins
        A step has just begun.
    """

    line: Line
    targets: tuple[str, ...]
    marks: list[int] = field(default_factory=list)
    bound: dict[Node, str] = field(default_factory=dict)
    begins: bool = False

    @property
    def steps(self) -> list[range]:
        """The numbers of the nodes that each step made."""
        return [range(a, b) for a, b in itertools.pairwise(self.marks)]


@dataclass(eq=False)
class Invocation:
    """A call of a helper function, and what it had in hand.

    Attributes
    ----------
    function
        How the user knows it: ``block``, ``Class.method``.
    arguments
        Parameter to the traced values given for it, in a nest.
    start, end
        The number of nodes there were when it began, and when it was over.
    line
        Where it was called.
    result
        The traced values it gave, in a nest; None if there were none.
    names
        What it called its own values.
    below
        The calls that it made itself.
    loops
        The loops that it went through.
    of
        The loop, if this is a step of one and no call.
    repeated
        Calls below it in trials of a step that were not the last: values that do not
        depend on what a step finds were made there.
    """

    function: str
    arguments: Mapping[str, Any]
    start: int
    line: Line | None = None
    end: int = 0
    result: Any = None
    names: dict[Node, str] = field(default_factory=dict)
    below: list[Invocation] = field(default_factory=list)
    loops: list[Iterations] = field(default_factory=list)
    of: Iterations | None = None
    repeated: list[Invocation] = field(default_factory=list)

    @property
    def name(self) -> str:
        """A name for it in source."""
        return short_of(self.function)

    def everything(self) -> Iterator[Invocation]:
        """Give this call and all below it."""
        yield self
        for inner in self.below:
            yield from inner.everything()

    def replace(self, others: Mapping[Node, Node]) -> None:
        """Put those values into the place of others that have taken it."""
        if not others:
            return

        def now(node: Node) -> Node:
            while node in others:
                node = others[node]
            return node

        self.arguments = {k: rebuilt(v, now) for k, v in self.arguments.items()}
        self.result = rebuilt(self.result, now)
        for node, name in list(self.names.items()):
            self.names.setdefault(now(node), name)


def with_steps(around: Invocation) -> None:
    """Put the steps of loops between a function and the calls that it makes in them.

    Each step is an invocation of its own; it has no arguments, for it closes over
    all that it reads, and its results are what is read after it.
    """
    loops, around.loops = around.loops, []
    while loops:
        loop = loops.pop(0)
        steps = [s for s in loop.steps if len(s)]
        if len(steps) < 2:
            continue
        made = [
            Invocation(f"{around.function}:{loop.line.number}", {}, s.start, loop.line,
                       s.stop, names=around.names, of=loop)
            for s in steps
        ]  # fmt: skip
        for step, numbers in zip(made, steps, strict=True):
            step.below = [i for i in around.below if lies_in(i, numbers)]
            step.loops = [i for i in loops if i.marks[0] in numbers]
        inside = {i for step in made for i in (*step.below, *step.loops)}
        around.below = [i for i in around.below if i not in inside] + made
        loops = [i for i in loops if i not in inside]
    around.below.sort(key=lambda i: i.start)
    for inner in around.below:
        with_steps(inner)


def lies_in(invocation: Invocation, numbers: range) -> bool:
    """Tell whether a call made its nodes within a step of a loop."""
    return numbers.start <= invocation.start and invocation.end <= numbers.stop


def loop_targets(line: Line) -> tuple[str, ...] | None:
    """Give the names that a ``for`` line binds; None for other lines."""
    if not line.text.startswith("for "):
        return None
    try:
        (loop,) = ast.parse(f"{line.text.rstrip()} pass").body
    except SyntaxError:
        return ()
    target = loop.target if isinstance(loop, ast.For) else None
    return tuple(_names_bound(target))


def _names_bound(target: ast.expr | None) -> Iterator[str]:
    if isinstance(target, ast.Name):
        yield target.id
    elif isinstance(target, ast.Tuple | ast.List):
        for part in target.elts:
            yield from _names_bound(part)


def is_function(frame: FrameType) -> bool:
    """Tell a function that has a name from a lambda, a comprehension, a generator."""
    code = frame.f_code
    return not code.co_name.startswith("<") and not code.co_flags & _ANONYMOUS


def known_as(frame: FrameType) -> str:
    """Give the name by which the user knows the function of a frame."""
    return frame.f_code.co_qualname.rpartition("<locals>.")[2]


def arguments_of(frame: FrameType) -> dict[str, Any]:
    """Give the traced values among the arguments of a call that begins.

    An object is looked into: its attributes are arguments of their own. One that does
    nothing but hold values is handed over as it is, unless it is the method's own.
    """
    code = frame.f_code
    count = code.co_argcount + code.co_kwonlyargcount
    count += bool(code.co_flags & inspect.CO_VARARGS)
    count += bool(code.co_flags & inspect.CO_VARKEYWORDS)
    found: dict[str, Any] = {}
    for name in code.co_varnames[:count]:
        value = frame.f_locals.get(name)
        is_own = name == code.co_varnames[0] == "self"
        if _is_object(value) and (is_own or not holds_values(type(value))):
            for key, part in vars(value).items():
                own = key if key not in code.co_varnames[:count] else f"{name}_{key}"
                found[own] = nest_of(part)
        elif name not in found:
            found[name] = nest_of(value)
    return {k: v for k, v in found.items() if v is not None}


def nest_of(value: Any, depth: int = 0) -> Any:
    """Give the nodes of the traced values in a nest; None if there are none.

    Numbers and sizes are left out: they are no arguments, but part of the function. The
    number of a loop's step is one, for it is another each time.
    """
    if hasattr(value, "record") and hasattr(value, "node"):
        node: Node = value.node
        return None if is_inline(node) and not numbers_of(node) else node
    if depth > _DEEPEST:
        return None
    if isinstance(value, dict):
        parts = {str(k): nest_of(v, depth + 1) for k, v in value.items()}
    elif holds_values(type(value)):
        names = dict.fromkeys([*declared(type(value)), *getattr(value, "__dict__", ())])
        given = {k: getattr(value, k, None) for k in names}
        parts_of_it = {k: nest_of(v, depth + 1) for k, v in given.items()}
        return pruned(Record(type(value), parts_of_it), lambda _: True)
    elif isinstance(value, tuple | list):
        listed = [nest_of(v, depth + 1) for v in value]
        parts_of_list = listed if isinstance(value, list) else tuple(listed)
        return pruned(parts_of_list, lambda _: True)
    elif _is_object(value):
        parts = {k: nest_of(v, depth + 1) for k, v in vars(value).items()}
    else:
        return None
    return pruned(parts, lambda _: True)


def _is_object(value: Any) -> bool:
    if isinstance(value, type | ModuleType | FunctionType | np.ndarray | np.generic):
        return False
    return hasattr(value, "__dict__") and not hasattr(value, "record")


__all__ = [
    "Invocation",
    "arguments_of",
    "is_function",
    "known_as",
    "leaves",
    "nest_of",
    "rebuilt",
]
