"""Whether what was derived is the user's function: both are run once, and compared.

Tracing sees what a function does to arrays, and nothing else: a fact that it asked of
Python, a value that went round NumPy or a fault of derivo's own could make another
function of it. This is the last line of defence.
"""

from __future__ import annotations

import sys
import threading
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from types import FrameType
from typing import Any

import numpy as np

from derivo.errors import InternalError, TraceError
from derivo.graph.dim import evaluate, names, product
from derivo.graph.nest import Record, Setting
from derivo.graph.node import Graph, Line, Node
from derivo.run.reference import run_graph
from derivo.simplify.model import Forward, Step
from derivo.trace.arguments.specs import as_nest
from derivo.trace.memory.owned import entirely_as_it_was
from derivo.trace.patches.patch import alone
from derivo.trace.running.randomness import generators_as_they_were
from derivo.trace.running.users import is_users
from derivo.trace.running.watching import watched
from derivo.trace.tracer import Traced, line_at
from derivo.verify.draw import DRAWS, arrays_for

# Different from each other, and three at least, for loops to show what they carry. The
# later lists are for functions that need even sizes, larger ones, or equal ones.
SIZES = (
    (5, 3, 4, 6, 7, 8), (4, 6, 8, 12, 10, 16), (12, 9, 16, 11, 20, 13),
    (4, 4, 4, 4, 4, 4), (16, 16, 16, 16, 16, 16),
)  # fmt: skip
KINDS = tuple(DRAWS)
# Elements of all values together, and of what the function owns.
LARGEST = 1_000_000
# Two ways to compute one value differ by rounding; another function differs by more.
TOLERANCE = 1e-6
# A difference is believed if it is found again, or if nothing else could be tried: at a
# kink, or where rounding is blown up, one is found by chance.
TIMES = 2


@dataclass(frozen=True)
class Difference:
    """What is not the same, and the inputs at which it was found."""

    what: str
    arrays: Mapping[str, Any]
    sizes: Mapping[str, int]


def compare(
    function: Callable[..., Any], run: Traced, forward: Forward
) -> tuple[Step, ...]:
    """Run a function on small drawn arrays, and compare with what was derived.

    Parameters
    ----------
    function
        The user's. What it writes to is put back; what it prints is not shown again.
    run
        Its trace.
    forward
        The derived forward pass.

    Returns
    -------
    tuple
        Empty if value, shape and dtype are the same; else a step that says why they
        could not be compared.

    Raises
    ------
    TraceError
        Another function was derived: with the line at which that shows first.
    InternalError
        The trace is right, and was rewritten as something else.
    """
    with (
        alone(),
        entirely_as_it_was(function) as owned,
        generators_as_they_were([]),
        _not_shown(),
        np.errstate(all="ignore"),
    ):
        differences, problem = _differences(run, forward.graph, owned)
        if differences:
            problem = _cause(run, forward, differences[0])
    if not problem or not forward.graph.outputs:
        return ()
    text = f"not compared with {forward.graph.name} itself: {problem}"
    return (Step("compare", text, forward.graph.outputs[0]),)


def _differences(run: Traced, graph: Graph, owned: int) -> tuple[list[Difference], str]:
    """Give what differs, draw by draw, up to one without; or why none could be made."""
    found: list[Difference] = []
    problem = "no drawn input gave finite values"
    for sizes, kind in _draws(graph):
        most = max(_elements(n, sizes) for n in (*graph.nodes(), *graph.inputs))
        if max(most, owned) > LARGEST:
            return found, "its arrays are too large to try"
        rng = np.random.default_rng(0)
        floats = [n.attrs["name"] for n in graph.inputs if n.spec.kind == "float"]
        arrays = arrays_for(graph, sizes, dict.fromkeys(floats, kind), rng)
        try:
            plain = run.call(_copies(arrays))
        except TraceError:
            raise  # of a derivative inside: what it is of was compared as well
        except (Exception, SystemExit) as error:  # noqa: BLE001  whatever users raise
            problem = f"{type(error).__name__}: {error}".splitlines()[0]
            continue
        what = _what_differs(run, graph, plain, arrays, sizes)
        if what == "":
            return [], ""
        if what is not None:
            found.append(Difference(what, arrays, sizes))
            if len(found) == TIMES:
                return found, ""
    return found, problem if not found else ""


def _copies(arrays: Mapping[str, Any]) -> dict[str, Any]:
    """Give arrays to be written to, and numbers as most callers pass them."""
    return {
        k: np.array(a) if np.ndim(a) else np.asarray(a).item()
        for k, a in arrays.items()
    }


def _draws(graph: Graph) -> Iterator[tuple[dict[str, int], str]]:
    """Give sizes, and how to draw: each kind once, and each list of sizes."""
    symbols = dict.fromkeys(
        name for n in graph.inputs for d in n.spec.shape for name in names(d)
    )
    for k in range(max(len(KINDS), len(SIZES))):
        numbers = SIZES[k % len(SIZES)]
        chosen = {s: numbers[i % len(numbers)] for i, s in enumerate(symbols)}
        yield chosen, KINDS[k % len(KINDS)]


def _elements(node: Node, sizes: Mapping[str, int]) -> int:
    try:
        return int(evaluate(product(node.spec.shape), sizes))
    except (LookupError, ValueError, AttributeError):
        return 0  # inside of a loop, or a function


def _what_differs(
    run: Traced, graph: Graph, plain: Any, arrays: Mapping[str, Any],
    sizes: Mapping[str, int],
) -> str | None:  # fmt: skip
    """Say what differs; None if the values were not finite, and nothing can be said."""
    values = {n: arrays[n.attrs["name"]][()] for n in graph.inputs}
    try:
        known = run_graph(graph.outputs, values, sizes)
    except (ArithmeticError, LookupError, ValueError, TypeError) as error:
        return f"what was derived fails: {error}"
    pairs = list(_leaves(run.structure, plain))
    if any(at is None for at, _ in pairs):
        return "the results are nested in another way"
    is_finite = False
    for at, value in pairs:
        right, got = np.asarray(value), np.asarray(known[graph.outputs[at]])
        if right.shape != got.shape:
            return f"the shape is {got.shape} instead of {right.shape}"
        if right.dtype != got.dtype:
            return f"the type is {got.dtype} instead of {right.dtype}"
        finite = np.isfinite(right) if right.dtype.kind == "f" else np.ones_like(right)
        is_finite |= bool(np.any(finite)) or not right.size
        right, got = right[finite.astype(bool)], got[finite.astype(bool)]
        if right.dtype.kind != "f":
            is_same = np.array_equal(right, got)
        else:
            scale = np.max(np.abs(right), initial=0.0)
            is_same = bool(np.all(np.abs(right - got) <= TOLERANCE * (scale + 1e-300)))
        if not is_same:
            k = int(np.argmax(~np.isclose(right, got, TOLERANCE, 0)))
            return f"a value is {got[k]:.6g} instead of {right[k]:.6g}"
    return "" if is_finite else None


def _leaves(structure: Any, result: Any) -> Iterator[tuple[Any, Any]]:
    """Pair the places of a result among the outputs with its arrays."""
    if isinstance(structure, Setting):
        return
    if isinstance(structure, Record):
        given = as_nest(result)
        if not isinstance(given, Record) or given.kind is not structure.kind:
            yield None, result
            return
        yield from _leaves(dict(structure.parts), dict(given.parts))
    elif isinstance(structure, dict):
        if not isinstance(result, dict) or structure.keys() != result.keys():
            yield None, result
            return
        for key in structure:
            yield from _leaves(structure[key], result[key])
    elif isinstance(structure, tuple | list):
        if not isinstance(result, tuple | list) or len(structure) != len(result):
            yield None, result
            return
        for inner, part in zip(structure, result, strict=True):
            yield from _leaves(inner, part)
    else:
        yield structure, result


# --- where it shows ------------------------------------------------------------------


def _cause(run: Traced, forward: Forward, found: Difference) -> str:
    """Say why a difference is none of the derivation, or raise an error if it is.

    Raises
    ------
    TraceError
        With the line at which the derivation becomes another function.
    InternalError
        The trace is right, and a rewriting is not.
    """
    name = run.graph.name
    bound, plain, end = _bound_names(run, found.arrays)
    if _what_differs(run, run.graph, plain, found.arrays, found.sizes) == "":
        if forward.notes:
            return "it rounds away, or overflows, where the derived one does not"
        message = (
            f"{name} was rewritten as another function ({found.what}). Please report "
            "it; derive(..., simplify=False) derives it as it stands"
        )
        raise InternalError(message)
    line = _first_line(run.graph, bound, found) or end
    message = (
        f"what was derived is not {name}: on drawn arrays {found.what}."
        + (f"\n  {line}" if line else "")
        + "\n  Instead: write this line with NumPy's functions of the arguments. If it "
        "is meant so, verify=False does without the comparison"
    )
    raise TraceError(message)


def _bound_names(
    run: Traced, arrays: Mapping[str, Any]
) -> tuple[dict[Any, Any], Any, Line | None]:
    """Run the function, noting what its names are bound to, line by line.

    Returns
    -------
    bound, plain, end
        What a name is bound to by a line; the result; the line that gave it.
    """
    bound: dict[tuple[str, int, str], list[Any]] = {}
    end: Line | None = None

    def watch(frame: FrameType, _event: str, _arg: Any) -> Any:
        file = frame.f_code.co_filename
        if not is_users(file):
            return None
        before: dict[str, Any] = dict(frame.f_locals)
        number = frame.f_lineno

        def look(frame: FrameType, event: str, _arg: Any) -> Any:
            nonlocal number, end
            end = line_at(frame) if event == "return" else end
            for name, value in frame.f_locals.items():
                if before.get(name) is not value:
                    before[name] = value
                    bound.setdefault((file, number, name), []).append(value)
            number = frame.f_lineno
            return look

        return look

    with watched(watch):
        plain = run.call(_copies(arrays))
    return bound, plain, end


def _first_line(
    graph: Graph, bound: Mapping[Any, list[Any]], found: Difference
) -> Line | None:
    """Give the first line at which a name of the user's is bound to something else."""
    values = {n: found.arrays[n.attrs["name"]][()] for n in graph.inputs}
    known = run_graph(graph.outputs, values, found.sizes)
    for node in graph.nodes():
        line = node.line
        if line is None or node not in graph.names:
            continue
        plain = bound.get((line.file, line.number, graph.names[node]), [])
        if plain and not any(_is_near(known[node], p) for p in plain):
            return line
    return None


def _is_near(got: Any, right: Any) -> bool:
    try:
        return np.shape(got) == np.shape(right) and np.allclose(got, right)
    except (TypeError, ValueError):
        return True  # no array of numbers: nothing can be said


class _Discarding:
    """Takes the place of a stream, and drops what one thread writes to it."""

    def __init__(self, stream: Any) -> None:
        self._stream, self._thread = stream, threading.get_ident()

    def write(self, text: str) -> int:
        """Write, unless this is the thread whose output is not to be seen."""
        if threading.get_ident() == self._thread:
            return len(text)
        return int(self._stream.write(text))

    def __getattr__(self, name: str) -> Any:
        return getattr(self._stream, name)


@contextmanager
def _not_shown() -> Iterator[None]:
    """Do not show what a function prints: it did so while it was traced."""
    before = sys.stdout
    mine = sys.stdout = _Discarding(before)
    try:
        yield
    finally:
        if sys.stdout is mine:
            sys.stdout = before
