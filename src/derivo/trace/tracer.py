"""From a function to a graph: run it once on variables and write down what it does."""

from __future__ import annotations

import inspect
import linecache
import numbers
import sys
import traceback
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import cached_property, lru_cache, partial
from types import CodeType, FrameType
from typing import Any, NoReturn

import numpy as np

from derivo.errors import DerivoError, NotSupportedError, TraceError
from derivo.graph.builder import Builder, check
from derivo.graph.nest import (
    Record,
    Setting,
    as_written,
    holds_values,
    parts_of,
    paths,
    rebuilt,
    short_name,
)
from derivo.graph.node import Frame, Graph, Line, Node
from derivo.graph.op import Op
from derivo.ops.complex_pair import ComplexPair
from derivo.ops.leaf import argument
from derivo.trace.arguments.given import Given
from derivo.trace.arguments.signature import definition, function_name
from derivo.trace.arguments.specs import as_nest
from derivo.trace.invocation import (
    Invocation,
    Iterations,
    arguments_of,
    is_function,
    known_as,
    lies_in,
    loop_targets,
    nest_of,
    with_steps,
)
from derivo.trace.loops.gathered import all_of
from derivo.trace.loops.runs import Rolling
from derivo.trace.loops.steps import refuse_escaped, refuse_left
from derivo.trace.memory.cell import Cell
from derivo.trace.memory.selection import Places, Selection
from derivo.trace.patches.patch import understanding_variables
from derivo.trace.recorder import Recorder
from derivo.trace.running.asserts import Asserts
from derivo.trace.running.randomness import MAKERS
from derivo.trace.running.users import is_users
from derivo.trace.running.watching import watched
from derivo.trace.sizes.numbered import numbers_of
from derivo.trace.sizes.ties import TracedAgain, Tying, tying_for, tying_of
from derivo.trace.values.variable import Variable

# Dicts and objects with more parts than this are no states of a loop.
MOST_PARTS = 16


class Tracer(Recorder):
    """A recorder that knows the line of the user's code it is at."""

    def __init__(self, builder: Builder, function: Callable[..., Any]) -> None:
        super().__init__(builder)
        self.function = function
        self.found: dict[Node, tuple[float, str]] = {}
        # Values that others have taken the place of: the rows of the step of a loop.
        self.now: dict[Node, Node] = {}
        self.top = Invocation("", {}, 0)
        self.running = [self.top]
        self.entered = False
        # Lines of code that have been looked at: a loop that begins there, or None.
        self._targets: dict[tuple[Any, int], Any] = {}
        # Lets the code of a module work on traced values: see `trace.patch`.
        self.adopt: Callable[[dict[str, Any]], None] = lambda _scope: None
        self.calls: dict[int, int] = {}  # by identity of a running frame: which call
        self.count = 0
        self.refusals: list[DerivoError] = []
        self.asserts = Asserts()
        self.makes_generators = False
        self.is_over = False
        # Sizes of the arrays that a method's object holds.
        self.numbers: frozenset[int] = frozenset()
        # Why the function is to be traced once more, if it is.
        self.again: TracedAgain | None = None

    def finished(self) -> Invocation:
        """Give the whole run; of the trials of a step, the last one alone counts."""
        for invocation in self.top.everything():
            again = [i for i in invocation.below if self._is_repeated(i)]
            invocation.below = [i for i in invocation.below if i not in again]
            self.top.repeated += again
            invocation.loops = [
                loop for loop in invocation.loops
                if not any(m in t.every for m in loop.marks[1:] for t in self.steps)
            ]  # fmt: skip
            invocation.replace(self.now)
        self.top.end = self.builder.count
        with_steps(self.top)
        return self.top

    def _is_repeated(self, invocation: Invocation) -> bool:
        """Tell a call in a trial of a step that was not the last one."""
        return any(
            lies_in(invocation, t.every) and not lies_in(invocation, t.last)
            for t in self.steps
        )

    def record(self, op: Op, args: tuple[Any, ...], attrs: dict[str, Any]) -> Any:
        """Record one operation, as long as the function runs."""
        if self.is_over:
            self.refuse_late()
        return super().record(op, args, attrs)

    def refuse(self, kind: type[DerivoError], what: str, instead: str) -> NoReturn:
        """Refuse; at the end again, if the function takes it for an error of its own.

        The ``except`` of the user's would be taken while tracing, and never by NumPy.
        """
        try:
            super().refuse(kind, what, instead)
        except DerivoError as error:
            self.refusals.append(error)
            raise

    def refuse_late(self) -> NoReturn:
        """Refuse to compute with what was kept when the function had been derived."""
        message = (
            f"a value was kept while {function_name(self.function)} was derived, and "
            "is used now that it is over: it stood for an array, and is none.\n  "
            "Instead: keep arrays, from a call of the function, or return the value"
        )
        raise TraceError(message)

    def assumed(self) -> bool | None:
        """Give the answer with which an `assert` passes; None if none is asking."""
        frame: FrameType | None = sys._getframe(1)  # noqa: SLF001
        while frame is not None and not is_users(frame.f_code.co_filename):
            frame = frame.f_back
        return None if frame is None else self.asserts.answer(frame)

    def skip_assertion(self) -> None:
        """Note that a function that asserts something of values was called."""
        line, _ = self.place()
        if line is not None:
            self.asserts.lines[line] = None

    def tie(self, op: Op, specs: tuple[Any, ...], attrs: dict[str, Any]) -> None:
        """Trace again, with other sizes, where that makes an operation possible."""
        self._trace_again(tying_for(op, specs, attrs, self.numbers))

    def tie_sizes(self, a: Any, b: Any) -> None:
        """Trace again, with one size in the place of the other, if that can be."""
        self._trace_again(tying_of(a, b, self.numbers))

    def _trace_again(self, tying: Tying) -> None:
        if tying:
            self.again = TracedAgain(tying, self.place()[0])
            raise self.again

    def open(self) -> None:
        """Trace again, with arrays that know what to do with traced values."""
        if not self.opens:
            self.again = TracedAgain({}, self.place()[0], opens=True)
            raise self.again

    def place(self) -> tuple[Line | None, tuple[Frame, ...]]:
        """Find the innermost frame of the user's, and the calls of helpers around it.

        Comprehensions and generators written in place are no helpers.
        """
        frame: FrameType | None = sys._getframe(1)  # noqa: SLF001
        line, group = None, list[Frame]()
        code = getattr(self.function, "__code__", None)
        while frame is not None:
            if is_users(frame.f_code.co_filename):
                if line is None:
                    line = line_at(frame)
                if frame.f_code is code:
                    break
                name = frame.f_code.co_name
                if not name.startswith("<") or name == "<lambda>":
                    group.append(Frame(name, self.calls.get(id(frame), 0)))
            frame = frame.f_back
        return line, tuple(reversed(group)) if frame is not None else ()

    def lift(self, value: Any) -> Node:
        """Give the node of a value; an array closed over has the name it goes by."""
        node = super().lift(value)
        if isinstance(value, np.ndarray) and value.ndim and node not in self.found:
            frame: FrameType | None = sys._getframe(1)  # noqa: SLF001
            while frame is not None and not is_users(frame.f_code.co_filename):
                frame = frame.f_back
            for name in _names_of(value, frame):
                self.found[node] = (_depth(frame), name)
        return node

    def write(self, cell: Cell, node: Node) -> None:
        """Put another value into a cell: what was empty before needs no name."""
        if not cell.node.inputs and cell.node.op is not argument:
            self.found.pop(cell.node, None)
        super().write(cell, node)

    def call_it(
        self, node: Node, name: str, frame: Any, *, as_whole: bool = True
    ) -> None:
        """Give a name to a value that has none."""
        depth = _depth(frame) + (0 if as_whole else 0.5)
        self.found.setdefault(node, (depth, name))

    def is_now(self, old: Node, new: Node) -> None:
        """Give a value the name that an equal one has, whose place it takes."""
        self.now[old] = new
        known = self.found.get(old)
        if known is not None:
            self.found.setdefault(new, known)

    def watch(self, frame: FrameType, _event: str, _arg: Any) -> Any:
        """Note the names of local variables as they are bound, line by line."""
        own = frame.f_code is self._own_code
        if not own and not is_users(frame.f_code.co_filename):
            return None
        self.adopt(frame.f_globals)
        if not MAKERS.isdisjoint(frame.f_code.co_names):
            self.makes_generators = True
        # A frame that ends may leave its identity to a later one, which is noted anew.
        self.count += 1
        self.calls[id(frame)] = self.count
        depth = _depth(frame)
        invocation = self._begin(frame)
        names = (invocation or self.running[-1]).names

        around = invocation or self.running[-1]
        active: list[Iterations] = []

        def look(frame: FrameType, event: str, arg: Any) -> Any:
            space = frame.f_locals
            if event == "line" and not self._mark(frame, around, active) and active:
                _note_targets(active[-1], space)
            for name, value in list(space.items()):
                # A list over a named axis, now that it has a name.
                whole = all_of(value) if type(value) is list else None
                if whole is not None:
                    space[name] = whole
                # `_` is what people call a value that is not read.
                if isinstance(value, Variable) and name.strip("_"):
                    self._name(value, name, depth, names)
                elif type(value) is dict or name == "self":
                    self._name_parts(value, depth, names)
            if event == "return" and invocation is not None:
                invocation.result = as_written(nest_of(arg))
                invocation.end = self.builder.count
                self.running.pop()
            return look

        return look

    def _name(
        self, value: Variable, name: str, depth: float, names: dict[Node, str]
    ) -> None:
        """Note what a value is called, by the outermost function that has it."""
        names.setdefault(value.node, name)
        known = self.found.get(value.node)
        if known is None or known[0] > depth:
            self.found[value.node] = (depth, name)

    def _name_parts(self, whole: Any, depth: int, names: dict[Node, str]) -> None:
        """Note what values are called that lie in a dict, or in the method's object.

        A name of its own says more.
        """
        parts = whole if type(whole) is dict else getattr(whole, "__dict__", {})
        if len(parts) > MOST_PARTS:
            return
        for key, value in list(parts.items()):
            is_word = type(key) is str and key.strip("_").isidentifier()
            if (
                isinstance(value, Variable)
                and value.node.op is not argument
                and is_word
            ):
                self._name(value, key.strip("_"), depth + 0.5, names)

    def _mark(
        self, frame: FrameType, around: Invocation, active: list[Iterations]
    ) -> bool:
        """Note where the steps of ``for`` loops begin and end; tell if one does here.

        `active` are the loops of this frame that are under way, the innermost last.
        """
        number = frame.f_lineno
        known = self._targets.get((frame.f_code, number), self)
        if known is self:
            line = line_at(frame)
            targets = loop_targets(line)
            known = None if targets is None else (line, targets)
            self._targets[frame.f_code, number] = known
        if known is None:
            return False
        again = [k for k, loop in enumerate(active) if loop.line.number == number]
        if again:
            del active[again[0] + 1 :]
        else:
            active.append(Iterations(*known))
            around.loops.append(active[-1])
        active[-1].marks.append(self.builder.count)
        active[-1].begins = True
        return True

    @cached_property
    def _own_code(self) -> Any:
        function = getattr(self.function, "func", self.function)  # inside a partial
        own = getattr(function, "__code__", None)
        return own or getattr(type(function).__call__, "__code__", None)

    def _found(self, argument: Any) -> Any:
        """Give what a step finds as the number that a call is given."""
        # Users hand over objects that have whatever attribute they are asked for.
        is_size = isinstance(argument, Node) and "dim" in argument.attrs
        if not is_size or not numbers_of(argument):
            return argument
        return self._own(self.size(argument.attrs["dim"]))

    def _begin(self, frame: FrameType) -> Invocation | None:
        """Note that a helper function begins; None for the function itself."""
        is_first = not self.entered
        # The function that `derivo.scan` is given is the step, and no call of one.
        is_step, self.begins_step = self.begins_step, False
        if frame.f_code is self._own_code:
            self.entered = True
        if is_first or is_step or not is_function(frame):
            return None
        arguments = {k: rebuilt(v, self._found) for k, v in arguments_of(frame).items()}
        begun = Invocation(
            known_as(frame), arguments, self.builder.count,
            line_at(frame.f_back) if frame.f_back is not None else None,
        )  # fmt: skip
        self.running[-1].below.append(begun)
        self.running.append(begun)
        return begun


def _note_targets(loop: Iterations, space: Mapping[str, Any]) -> None:
    """Note what a step that has just begun calls the values that it goes through."""
    if not loop.begins:
        return
    loop.begins = False
    for name in loop.targets:
        value = space.get(name)
        if isinstance(value, Variable) and name.strip("_"):
            loop.bound[value.node] = name


@dataclass(frozen=True)
class Traced:
    """What a run of the user's function on variables gave.

    Attributes
    ----------
    graph
        What the function computes.
    structure
        The result with each array replaced by its number among the graph's outputs.
    top
        The run, with the calls of helper functions that it made.
    call
        Calls the function itself on arrays by path, such as ``blocks.0.w``.
    asserted
        The lines of `assert` statements about values: they were not tried.
    makes_generators
        Whether it makes generators of random numbers.
    written
        The arguments that it writes into.
    """

    graph: Graph
    structure: Any
    top: Invocation
    call: Callable[[Mapping[str, Any]], Any]
    asserted: tuple[Line, ...] = ()
    makes_generators: bool = False
    written: tuple[str, ...] = ()


def trace(
    function: Callable[..., Any], given: Given, builder: Builder, *,
    opens: bool = False, rolling: Rolling | None = None,
) -> Traced:  # fmt: skip
    """Run `function` once on variables of the given specs.

    Parameters
    ----------
    function
        Takes arrays, or nests of them (tuples, lists, dicts), and gives the like.
    given
        A spec per argument, or a nest of them, and settings; an argument with a default
        may be left out.
    builder
        Where the nodes go.
    opens
        Let traced values pick parts of arrays that the function finds, in its module,
        a closure or an object.
    rolling
        Whether loops with a number of steps stay loops.

    Raises
    ------
    UsageError
        A spec without an argument, or an argument without a spec.
    TraceError
        The function does something that cannot be traced, or returns nothing.
    TracedAgain
        Two named sizes must be equal: see `derivo.trace.sizes.ties`.
    """
    tracer = Tracer(builder, inspect.unwrap(function))
    tracer.opens = opens
    tracer.rolling = rolling or tracer.rolling
    tracer.numbers = given.sizes_of_arrays
    specs = given.specs
    leaves_of = {name: dict(paths(nest, name)) for name, nest in specs.items()}
    inputs_by_path = {
        path: builder.make(argument, (), {"name": path, "spec": spec})
        for found in leaves_of.values()
        for path, spec in found.items()
    }
    # What the function writes into an argument stays in the trace.
    arrays = {path: tracer.wrap(node) for path, node in inputs_by_path.items()}
    own = {path: variable.cell for path, variable in arrays.items()}
    call = partial(given.call, function)
    with understanding_variables(tracer, function) as tracer.adopt:
        try:
            with watched(tracer.watch):
                result = call(arrays)
        except RecursionError as error:
            raise _endless(error, function) from None
        except Exception as error:  # noqa: BLE001  (raised again, at once)
            # NumPy may have put an error of its own in the place of ours.
            raise (tracer.again or _reason(error)) from None
    _check_ended(tracer)
    outputs: list[Node] = []
    structure = _flatten(result, outputs, tracer, function)
    names = _names(tracer, inputs_by_path)
    names_in_order = given.in_order(function)
    places = iter(range(len(arrays)))
    signature = tuple(
        (name, rebuilt(specs[name], lambda _: next(places))) for name in names_in_order
    )
    inputs = tuple(
        inputs_by_path[path] for name in names_in_order for path in leaves_of[name]
    )
    if all(isinstance(nest, int) for _, nest in signature):
        signature = ()
    graph = Graph(
        function_name(function), inputs, tuple(outputs), names, signature,
        tuple(tracer.required.values()),
    )  # fmt: skip
    check(graph)
    refuse_escaped(graph.nodes())
    tracer.is_over = True
    changed = {cell for cell, _ in tracer.writes}
    return Traced(
        graph, structure, tracer.finished(), call, tuple(tracer.asserts.lines),
        tracer.makes_generators, tuple(p for p, cell in own.items() if cell in changed),
    )  # fmt: skip


def _check_ended(tracer: Tracer) -> None:
    """Raise what the function has caught itself, or has left unfinished."""
    if tracer.again is not None:
        raise tracer.again
    if tracer.refusals:
        raise tracer.refusals[0]
    if tracer.loops:
        refuse_left(tracer.loops[-1].line)


def _names(tracer: Tracer, inputs_by_path: Mapping[str, Node]) -> dict[Node, str]:
    """Name values as the user does, those in the outermost function first."""
    names = {node: short_name(path) for path, node in inputs_by_path.items()}
    top = min((depth for depth, _ in tracer.found.values()), default=0)
    taken = {(0, name): top for name in names.values()}
    for node, (depth, name) in sorted(tracer.found.items(), key=lambda t: t[1][0]):
        # What a helper function calls its own is no name where that means another
        # value; the step of a loop is no helper, its names are its own.
        within = (t.every.start for t in tracer.steps if node.index in t.every)
        step = max(within, default=0)
        if taken.setdefault((step, name), depth) == depth:
            names.setdefault(node, name)
    return names


def _endless(error: RecursionError, function: Any) -> TraceError:
    """Say of a function that calls itself without end where it does so."""
    line = None
    for frame in traceback.extract_tb(error.__traceback__):
        if is_users(frame.filename):
            line = Line(frame.filename, frame.lineno or 0, frame.name, frame.line or "")
    message = (
        f"{function_name(function)} calls functions inside one another without end."
        f"\n  {line}\n  Instead: let the recursion end at a number that is known while "
        "the function runs, such as the length of a list"
    )
    return TraceError(message)


def _flatten(result: Any, outputs: list[Node], tracer: Tracer, function: Any) -> Any:
    if isinstance(result, dict):
        _refuse_keys(result, function)
        return {k: _flatten(v, outputs, tracer, function) for k, v in result.items()}
    if holds_values(type(result)):
        record: Record = as_nest(result)
        held = {
            k: _flatten(v, outputs, tracer, function) if _has_arrays(v) else Setting(v)
            for k, v in record.parts.items()
        }
        if not all(isinstance(v, Setting) for v in held.values()):
            return Record(record.kind, held)
    if isinstance(result, tuple | list) and any(
        isinstance(r, Variable | Selection | Places | tuple | list | dict)
        for r in result
    ):
        parts = [_flatten(r, outputs, tracer, function) for r in result]
        return parts if isinstance(result, list) else tuple(parts)
    if isinstance(result, ComplexPair):
        message = (
            f"{function_name(function)} returns a complex array."
            f"{definition(function)}\n  "
            "Instead: return real ones, such as z.real and z.imag, or np.abs(z)"
        )
        raise TraceError(message)
    if isinstance(result, Selection | Places):
        message = (
            f"{function_name(function)} returns as many elements as a mask holds, and "
            f"that is not known.{definition(function)}\n  Instead: return what has a "
            "shape, such as their sum, or np.where(mask, x, 0)"
        )
        raise NotSupportedError(message)
    is_empty = result is None or (isinstance(result, tuple | list) and not result)
    if is_empty or not isinstance(
        result, Variable | np.ndarray | numbers.Real | list | tuple
    ):
        what = "nothing" if is_empty else f"a {type(result).__name__}"
        message = (
            f"{function_name(function)} returns {what}.{definition(function)}\n  "
            "Instead: end it with `return y`, where y is an array, or several in a "
            "tuple, list or dict"
        )
        raise TraceError(message)
    outputs.append(tracer.lift(result))
    return len(outputs) - 1


def _refuse_keys(result: Mapping[Any, Any], function: Any) -> None:
    odd = [k for k in result if not isinstance(k, str | int | bool | tuple | None)]
    if odd:
        what = "a traced value" if isinstance(odd[0], Variable) else f"{odd[0]!r}"
        message = (
            f"{function_name(function)} returns a dict with {what} as a key."
            f"{definition(function)}\n  Instead: use words, or numbers, as keys"
        )
        raise TraceError(message)


def _has_arrays(result: Any) -> bool:
    """Tell whether a part of a result holds values that can be differentiated."""
    nest = as_nest(result)
    if nest is not None:
        return any(_has_arrays(part) for _, part in parts_of(nest))
    return isinstance(result, Variable | np.ndarray | float | np.floating)


def _reason(error: Exception) -> Exception:
    """Give our own error where NumPy hid it behind one of its own."""
    cause: BaseException | None = error
    while cause is not None:
        if isinstance(cause, DerivoError):
            return cause
        cause = cause.__cause__
    return error


def _names_of(value: Any, frame: FrameType | None) -> list[str]:
    """Give what an array is called in a function, or in its module."""
    spaces = (frame.f_locals, frame.f_globals) if frame is not None else ()
    names = (name for space in spaces for name, v in space.items() if v is value)
    return list(names)[:1]


def line_at(frame: FrameType) -> Line:
    """Give the line that a frame is at."""
    return _line_of(frame.f_code, frame.f_lineno)


@lru_cache(maxsize=4096)
def _line_of(code: CodeType, number: int) -> Line:
    text = linecache.getline(code.co_filename, number).strip()
    return Line(code.co_filename, number, code.co_name, text)


def _depth(frame: FrameType | None) -> int:
    depth = 0
    while frame is not None:
        depth, frame = depth + 1, frame.f_back
    return depth
