"""Functions that NumPy and Python cannot hand over to traced values by themselves.

``np.exp(x)`` asks `x` what to do; ``np.zeros((n, 3))``, ``np.asarray(x)`` and
``math.sqrt(n)`` do not. While a function is traced, and only then, these few learn to.
"""

from __future__ import annotations

import builtins
import inspect
import math
import operator
import sys
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from enum import Enum
from functools import partial
from types import FrameType
from typing import Any

import numpy as np

from derivo.errors import NotSupportedError, TraceError
from derivo.graph.dim import divide
from derivo.graph.spec import kind_of
from derivo.ops.catalogue import CATALOGUE
from derivo.ops.diagonal import tril
from derivo.ops.join import assembled
from derivo.ops.leaf import arange, eye, fill, triangle
from derivo.ops.ranges import geomspace, linspace, logspace
from derivo.ops.shape import as_dim, as_shape, broadcast_to
from derivo.trace.loops.frames import calls_for_a_for
from derivo.trace.loops.gathered import run_of, whole_of
from derivo.trace.loops.runs import (
    Counting,
    Numbered,
    Run,
    Turned,
    Zipped,
    as_run,
    is_named,
)
from derivo.trace.loops.steps import Received
from derivo.trace.memory.owned import Instead, standing_in
from derivo.trace.patches.brackets import BRACKETS
from derivo.trace.patches.lists import taking_lists
from derivo.trace.patches.scipy_patch import understanding_scipy
from derivo.trace.recording import is_traced
from derivo.trace.running.users import calls, is_users
from derivo.trace.sizes.counts import largest, smallest
from derivo.trace.sizes.numbered import numbers_in
from derivo.trace.sizes.numbers_of_python import NUMBERS
from derivo.trace.values import facts
from derivo.trace.values.known import is_known, known

_LOCK = threading.RLock()
_ACTIVE: list[Any] = []  # what is tracing now, the innermost last
_MATH = {
    "exp": "exp", "log": "log", "sqrt": "sqrt", "tanh": "tanh", "sin": "sin",
    "cos": "cos", "tan": "tan", "sinh": "sinh", "cosh": "cosh", "fabs": "abs",
    "log1p": "log1p", "expm1": "expm1", "atan": "arctan", "asin": "arcsin",
    "acos": "arccos", "atan2": "arctan2", "hypot": "hypot", "pow": "power",
    "floor": "floor", "ceil": "ceil", "log2": "log2", "log10": "log10",
    "erf": "erf", "erfc": "erfc", "lgamma": "gammaln",
}  # fmt: skip

_ROUNDING = ("floor", "ceil")
# What NumPy answers by looking at the value itself.
_QUESTIONS = {
    "finfo": facts.finfo, "result_type": facts.result_type,
    "common_type": facts.result_type,
    "isscalar": lambda x: not getattr(x, "ndim", 1),
    "iterable": lambda x: getattr(x, "ndim", 1) > 0,
}  # fmt: skip
_TESTS = (
    "assert_", "assert_allclose", "assert_almost_equal", "assert_array_almost_equal",
    "assert_array_equal", "assert_array_less", "assert_equal",
)  # fmt: skip
# What these give of an array is the array itself.
_SAME = frozenset({"asarray", "asanyarray", "ascontiguousarray"})
_RANDOM = (
    "rand", "randn", "random", "normal", "uniform", "standard_normal", "binomial",
    "randint", "random_sample",
)  # fmt: skip


@contextmanager
def alone() -> Iterator[None]:
    """Let no other thread trace: what it replaces is not to be taken for the user's."""
    with _LOCK:
        yield


def active_recorder() -> Any:
    """Give what records the function that is being traced now, or None.

    A function that is called with plain numbers may still read traced values, from
    around it.
    """
    mine = _LOCK.acquire(blocking=False)  # another thread's trace is not ours
    if not mine:
        return None
    try:
        return _ACTIVE[-1] if _ACTIVE else None
    finally:
        _LOCK.release()


@contextmanager
def understanding_variables(
    recorder: Any, function: Callable[..., Any]
) -> Iterator[Callable[[dict[str, Any]], None]]:
    """Let the functions of this module work on traced values, until the end.

    What is given lets the code of another module do so, too: call it with the globals
    of each module whose functions run.
    """
    with _LOCK, understanding_scipy(partial(_choose, recorder)) as of_scipy:
        places = [
            (m, name, getattr(m, name), new) for m, name, new in _replacements(recorder)
        ]
        replaced = taking_lists() | {id(old): new for _, _, old, new in places}
        replaced |= of_scipy
        words = dict(_words(recorder))
        before: dict[int, tuple[dict[str, Any], dict[str, Any], set[str]]] = {}

        of_array = partial(known, recorder=recorder) if recorder.opens else None
        instead = Instead(replaced, of_array)

        def adopt(scope: dict[str, Any]) -> None:
            if id(scope) in before:
                return
            new = {k: n for k, v in scope.items() if (n := instead(v)) is not v}
            # `from builtins import range`, in code that runs on Python 2 as well.
            new |= {k: w for k, w in words.items() if scope.get(k) is _builtin(k)}
            imported = {k: scope[k] for k in new}
            added = words.keys() - scope.keys()
            before[id(scope)] = scope, imported, added
            scope.update(new)
            scope.update({k: words[k] for k in added})

        try:
            for module, name, _, new in places:
                setattr(module, name, new)
            adopt(getattr(inspect.unwrap(function), "__globals__", {}))
            _ACTIVE.append(recorder)
            with standing_in(function, instead):
                yield adopt
        finally:
            if _ACTIVE and _ACTIVE[-1] is recorder:
                _ACTIVE.pop()
            for module, name, old, _ in places:
                setattr(module, name, old)
            for scope, imported, added in before.values():
                scope.update(imported)
                for name in added:
                    scope.pop(name, None)


def _builtin(name: str) -> Any:
    return getattr(builtins, name, _builtin)


def _words(recorder: Any) -> Iterator[tuple[str, Callable[..., Any]]]:
    """Give Python's own words that must know what a traced value stands for."""

    def length(value: Any, /) -> Any:
        value = run_of(value)
        if isinstance(value, Run):
            return recorder.size(value.length)
        if hasattr(value, "record") and value.ndim:
            return value.shape[0]
        return builtins.len(value)

    def numbers(*bounds: Any) -> Any:
        if not any(hasattr(b, "as_dim") for b in bounds):
            return _counted(range(*bounds), recorder, sys._getframe(1))  # noqa: SLF001
        start, stop, stride = (0, *bounds, 1) if len(bounds) == 1 else (*bounds, 1)[:3]
        if any(map(numbers_in, map(as_dim, (start, stop)))):
            recorder.refuse(
                TraceError, "the number of steps of a loop depends on the step of the "
                "loop around it", "run along the whole axis and leave elements out by "
                "np.where",
            )  # fmt: skip
        return Counting(recorder, as_dim(start), as_dim(stop), operator.index(stride))

    def least(*values: Any, **options: Any) -> Any:
        dim = smallest(values) if _are_sizes(values) and not options else None
        return builtins.min(*values, **options) if dim is None else recorder.size(dim)

    def most(*values: Any, **options: Any) -> Any:
        dim = largest(values) if _are_sizes(values) and not options else None
        return builtins.max(*values, **options) if dim is None else recorder.size(dim)

    yield "len", length
    yield "range", numbers
    yield "min", least
    yield "max", most
    if recorder.opens:
        yield from NUMBERS.items()
    yield "isinstance", facts.isinstance_of_traced
    yield "hasattr", facts.hasattr_of_traced
    yield "type", facts.TypeOfTraced
    yield from _words_of_loops(recorder)


def _counted(numbers: range, recorder: Any, frame: FrameType) -> Any:
    """Give plain numbers; those of a long loop of the user's as a loop's."""
    if not calls_for_a_for(frame):
        return numbers
    begins = frame.f_code, frame.f_lasti
    if not recorder.rolling.takes(numbers, begins):
        return recorder.rolling.written_out(numbers, begins)
    return Counting(recorder, numbers.start, numbers.stop, numbers.step)


def _are_sizes(values: tuple[Any, ...]) -> bool:
    return len(values) > 1 and any(hasattr(v, "as_dim") for v in values)


def _words_of_loops(recorder: Any) -> Iterator[tuple[str, Callable[..., Any]]]:
    """Give what a loop can run along, where that has no number of steps."""

    def numbered(values: Any, start: int = 0) -> Any:
        if is_named(values):
            return Numbered(as_run(values), as_dim(start))
        return builtins.enumerate(values, start)

    def together(*several: Any, strict: bool = False) -> Any:
        if not any(map(is_named, several)):
            return builtins.zip(*several, strict=strict)
        return Zipped(tuple(as_run(v) for v in _of_one_length(recorder, several)))

    def turned(values: Any, /) -> Any:
        return Turned(as_run(values)) if is_named(values) else builtins.reversed(values)

    def total(values: Any, /, start: Any = 0) -> Any:
        values = run_of(values)
        if inspect.isgenerator(values):
            values = _received(recorder, values)
        if is_named(values):
            return start + np.sum(whole_of(values), axis=0)
        return builtins.sum(values, start)

    yield "enumerate", numbered
    yield "sum", total
    yield "zip", together
    yield "reversed", turned


def _received(recorder: Any, values: Iterator[Any]) -> Any:
    """Give what a generator gives, as a list; all of it, along a named axis."""
    received = Received()
    recorder.received.append(received)
    try:
        # Not extend: what has come so far is looked at while more is asked for.
        for value in values:
            received.elements.append(value)
    finally:
        recorder.received.remove(received)
    return received.elements if received.gathered is None else received.gathered


def _of_one_length(recorder: Any, several: tuple[Any, ...]) -> tuple[Any, ...]:
    """Give what a loop runs along at once, if all of it is equally long."""
    lengths = [as_run(v).length if is_named(v) else None for v in several]
    if len(set(lengths)) > 1:
        listed = ", ".join(
            str(n) if n is not None else f"a {type(v).__name__}"
            for n, v in builtins.zip(lengths, several, strict=True)
        )
        recorder.refuse(
            TraceError, f"a loop runs along several things at once ({listed}) that "
            "need not be equally long",
            "give their first axes the same name in the specs, or all of them numbers",
        )  # fmt: skip
    return several


def _creating(
    recorder: Any, old: Any, traced: Callable[..., Any], name: str
) -> Callable[..., Any]:
    """Give a function that makes arrays which traced values can be written into.

    That is so in the user's own code alone: compiled code, such as that which draws
    random numbers, takes what ``np.empty`` gives for an array without looking. And it
    is so in the thread that traces: the others get arrays.
    """
    choose = _choose(recorder, old, traced, name)
    tracing = threading.get_ident()

    def call(*args: Any, **options: Any) -> Any:
        if threading.get_ident() != tracing:
            return old(*args, **options)
        frame = sys._getframe(1)  # noqa: SLF001
        of_user = is_users(frame.f_code.co_filename) and calls(frame, call, name)
        if not of_user and name.startswith("empty"):
            return old(*args, **options)
        if not of_user:
            return choose(*args, **options)
        given = args[0] if args else None
        if is_known(given) and not options and name in _SAME:
            return given
        result = choose(*args, **options)
        if result is given or is_traced(result):
            return result
        if name.startswith("empty"):
            result[...] = 0  # numbers that nobody wrote are the same at every run
        return known(result, recorder)

    return call


def _choose(
    recorder: Any, old: Any, traced: Callable[..., Any], name: str = ""
) -> Callable[..., Any]:
    """Give a function that records calls with traced values, and computes others."""

    def call(*args: Any, **options: Any) -> Any:
        if not any(_concerns(a) for a in (*args, *options.values())):
            return old(*args, **options)
        dtype = options.pop("dtype", None)
        function = traced if dtype is None else partial(traced, dtype=dtype)
        return recorder.call(function, args, options, name or old.__name__)

    return call


def _concerns(value: Any) -> bool:
    return is_traced(value) or isinstance(value, facts.FloatingType)


def _replacements(recorder: Any) -> Iterator[tuple[Any, str, Any]]:
    choose = partial(_choose, recorder)
    for name, op in _MATH.items():
        handler = partial(_rounded, CATALOGUE[op]) if name in _ROUNDING else None
        yield math, name, choose(getattr(math, name), handler or CATALOGUE[op])
    for name, function in _creators(recorder).items():
        yield np, name, _creating(recorder, getattr(np, name), function, name)
    for name, kind in BRACKETS.items():
        yield np, name, kind(getattr(np, name), recorder)
    for name, answer in _QUESTIONS.items():
        yield np, name, choose(getattr(np, name), answer)
    testing = sys.modules.get("numpy.testing")
    for name in _TESTS if testing else ():
        yield testing, name, choose(getattr(testing, name), _not_tried(recorder))
    # NumPy loads its random module when it is first used, which takes a while.
    random = sys.modules.get("numpy.random")
    for name in _RANDOM if random else ():
        yield random, name, choose(getattr(random, name), _refuse_random(recorder))


def _rounded(op: Any, value: Any) -> Any:
    """Round a number; a quotient of sizes becomes a size again."""
    method = f"__{op.name}__"
    is_of_sizes = hasattr(value, "as_dim") or hasattr(type(value), "ratio")
    return getattr(value, method)() if is_of_sizes else op(value)


def _not_tried(recorder: Any) -> Callable[..., None]:
    """Give what stands for an assertion of NumPy's about values."""

    def note(*_args: Any, **_options: Any) -> None:
        recorder.skip_assertion()

    return note


def _refuse_random(recorder: Any) -> Callable[..., Any]:
    def refuse(*_args: Any, **_options: Any) -> Any:
        recorder.refuse(
            TraceError, "random numbers of a traced size would be drawn once, while "
            "tracing, and be the same on every call",
            "make them an argument of the function",
        )  # fmt: skip

    return refuse


# Traced values have no order in memory and no subclass.
def _asarray(
    value: Any, dtype: Any = None, *, copy: Any = None, order: Any = None,
    subok: Any = False, ndmin: int = 0,
) -> Any:  # fmt: skip
    del order, subok
    value = whole_of(value)
    if isinstance(dtype, facts.FloatingType) and not is_traced(value):
        return dtype.of(np.array(value, np.float64, ndmin=ndmin))
    result = assembled(value) if isinstance(value, list | tuple) else value
    while result.ndim < ndmin:
        result = result[None]
    if dtype is not None:
        result = result.astype(dtype, copy=False)
    if isinstance(copy, Enum):  # how libraries ask for a copy where one is needed
        copy = copy.name == "ALWAYS"
    return result.copy("K") if copy else result


def _array(value: Any, dtype: Any = None, *, copy: Any = True, **options: Any) -> Any:
    return _asarray(value, dtype, copy=copy, **options)


def _filled_with(value: Any, zeros: Any) -> Any:
    """Give an array of one traced value in the place of zeros."""
    if value.node.spec.is_weak and zeros.node.spec.kind == "float":
        return broadcast_to(value, shape=as_shape(zeros.shape))
    return value + zeros


def _creators(recorder: Any) -> dict[str, Callable[..., Any]]:
    def new(op: Any, **attrs: Any) -> Any:
        return recorder.record(op, (), attrs)

    def full(shape: Any, fill_value: Any, dtype: Any = None) -> Any:
        kind = "float" if dtype is None else kind_of(np.dtype(dtype))
        if is_traced(fill_value):
            zeros = new(fill, value=0, shape=as_shape(shape), kind=kind)
            return _filled_with(fill_value, zeros)
        return new(fill, value=fill_value, shape=as_shape(shape), kind=kind)

    def full_like(x: Any, fill_value: Any, dtype: Any = None, shape: Any = None) -> Any:
        x = assembled(x)
        return full(x.shape if shape is None else shape, fill_value, dtype or x.dtype)

    def tri(n: Any, m: Any = None, k: int = 0, dtype: Any = None) -> Any:
        return tril(full((n, n if m is None else m), 1, dtype), k=k)

    def count(*args: Any, dtype: Any = None) -> Any:
        result = counted(recorder, *args)
        return result if dtype is None else result.astype(dtype)

    def identity(n: Any, m: Any = None, k: int = 0, dtype: Any = None) -> Any:
        rows, columns = as_shape((n, n if m is None else m))
        result = new(eye, n=rows, m=columns, k=k)
        return result if dtype is None else result.astype(dtype)

    def places(dimensions: Any, dtype: Any = int, sparse: bool = False) -> Any:
        axes = [counted(recorder, n) for n in dimensions]
        grid = np.meshgrid(*axes, indexing="ij", sparse=sparse)
        if np.dtype(dtype).kind == "f":
            grid = tuple(g.astype(dtype) for g in grid)
        return tuple(grid) if sparse else np.stack(grid)

    return {
        **_triangles(recorder, "triu"), **_triangles(recorder, "tril"),
        "diag_indices": lambda n, ndim=2: (count(n),) * ndim,
        "zeros": lambda shape, dtype=None: full(shape, 0, dtype),
        "ones": lambda shape, dtype=None: full(shape, 1, dtype),
        "empty": lambda shape, dtype=None: full(shape, 0, dtype),
        "full": full, "arange": count, "eye": identity, "identity": identity,
        "tri": tri, "indices": places,
        "linspace": linspace, "logspace": logspace, "geomspace": geomspace,
        "array": _array, "asarray": _asarray, "asanyarray": _asarray,
        "ascontiguousarray": _asarray,
        "zeros_like": lambda x, dtype=None, shape=None: full_like(x, 0, dtype, shape),
        "ones_like": lambda x, dtype=None, shape=None: full_like(x, 1, dtype, shape),
        "empty_like": lambda x, dtype=None, shape=None: full_like(x, 0, dtype, shape),
        "full_like": full_like,
    }  # fmt: skip


def _triangles(recorder: Any, which: str) -> dict[str, Callable[..., Any]]:
    """Give the two functions that make the places in a triangle, by name."""
    places = partial(_triangle, recorder, which)
    return {
        f"{which}_indices": places,
        f"{which}_indices_from": lambda x, k=0: places(x.shape[0], k, x.shape[1]),
    }


def _triangle(
    recorder: Any, which: str, n: Any, k: int = 0, m: Any = None
) -> tuple[Any, Any]:
    """Give the rows and the columns of the places in a triangle."""
    usual = (0, 1 if which == "triu" else -1)
    if k not in usual or (m is not None and as_dim(m) != as_dim(n)):
        recorder.refuse(
            NotSupportedError,
            f"np.{which}_indices of a size that is only a name, with k={k}"
            + ("" if m is None else f" and m={m}"),
            f"take the triangle of a square with k={usual[0]} or k={usual[1]}, or give "
            "that axis a number in the spec",
        )
    rows, columns = (
        recorder.record(
            triangle, (), {"n": as_dim(n), "which": which, "k": k, "axis": a}
        )
        for a in (0, 1)
    )
    return rows, columns


def counted(recorder: Any, *bounds: Any) -> Any:
    """Give the numbers of a ``range`` whose ends are sizes that are only names."""
    start, stop, step = (0, *bounds, 1) if len(bounds) == 1 else (*bounds, 1)[:3]
    if not isinstance(step, int) or not step:
        recorder.refuse(
            NotSupportedError,
            f"np.arange counts to a size that is only a name in steps of {step}",
            "count in whole steps, and multiply: 0.5 * np.arange(n)",
        )
    span = (as_dim(stop) - as_dim(start)) * (1 if step > 0 else -1)
    recorder.require(span)
    length = span if abs(step) == 1 else divide(span + abs(step) - 1, abs(step))
    result = recorder.record(arange, (), {"stop": length})
    result = result if step == 1 else result * step
    return result + start if is_traced(start) or start else result
