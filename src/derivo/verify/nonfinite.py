"""Where a NaN or an infinity comes from."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np

from derivo.graph.node import Line, Node, order
from derivo.ops.leaf import argument
from derivo.passes import Passes
from derivo.run.arguments import adjoints_of_results, floating_type
from derivo.run.reference import run_graph


@dataclass(frozen=True)
class Nonfinite:
    """The operation that made the first NaN or infinity.

    Attributes
    ----------
    stage
        "forward" or "backward".
    made
        "nan", "inf" or "-inf".
    operation, name, line
        What made it: the operation, the user's name of the value (or of the value whose
        adjoint it is), and the user's line.
    element
        Where it is in that value.
    operands
        What it was made from: name and number (of an operation that reads a whole row,
        the largest number in size).
    chain
        The values that it spread to, up to a result or a gradient.
    instead
        How derivo writes it so that it stays finite; empty if it does not know.
    """

    stage: str
    made: str
    operation: str
    name: str
    line: Line | None
    element: tuple[int, ...]
    operands: Mapping[str, float]
    chain: tuple[str, ...]
    instead: str = ""

    def __str__(self) -> str:
        """Tell it in a few lines."""
        at = f"[{', '.join(map(str, self.element))}]" if self.element else ""
        made_from = ", ".join(f"{k} = {v:.6g}" for k, v in self.operands.items())
        of = f" from {made_from}" if made_from else ""
        where = f"{self.made} in the {self.stage} pass: {self.name}{at}"
        lines = [f"{where}, which `{self.operation}` makes{of}"]
        if self.line is not None:
            lines.append(f"  line    {self.line}")
        if self.chain:
            lines.append(f"  spread  {' -> '.join(self.chain)}")
        if self.instead:
            lines.append(f"  write   {self.instead}")
        return "\n".join(lines)


def trace_nonfinite(
    passes: Passes, arrays: Mapping[str, Any], upstream: Any = None
) -> Nonfinite | None:
    """Find the first operation that made a NaN or an infinity.

    The user's own operations come first, in the type of the arrays; then those of the
    backward pass that derivo wrote.

    Parameters
    ----------
    passes
        What was derived.
    arrays
        The arguments, by name.
    upstream
        Adjoint of the result; ones if left out.

    Returns
    -------
    Nonfinite or None
        None: every result and every gradient is finite.
    """
    values, sizes = passes.bind((), arrays)
    dtype = floating_type(values)
    given = {n: values[n.attrs["name"]] for n in passes.traced.inputs}
    names = {**passes.forward.graph.names, **passes.traced.names}
    with np.errstate(all="ignore"):
        known = run_graph(passes.traced.outputs, given, sizes, dtype)
        found = _first(passes.traced.outputs, known)
        if found is not None:
            word = {n: names.get(n, n.op.name) for n in known}
            instead = _stable(passes, given, sizes, dtype)
            return _told("forward", found, known, word, passes.traced.outputs, instead)
        seeds = [s for s in passes.backward.seeds if s.op is argument]
        adjoints = adjoints_of_results(
            passes.forward.graph, None if not seeds else upstream, dtype, sizes,
            passes.structure,
        )  # fmt: skip
        several = adjoints if isinstance(adjoints, tuple) else (adjoints,)
        given |= dict(zip(seeds, several, strict=False))
        gradients = tuple(passes.backward.gradients.values())
        known = run_graph(
            [*gradients, *passes.forward.graph.outputs], given, sizes, dtype
        )
    found = _first(gradients, known)
    if found is None:
        return None
    word = {n: names.get(n) or _adjoint(passes, n, names) for n in known}
    return _told("backward", found, known, word, gradients, "")


def _adjoint(passes: Passes, node: Node, names: Mapping[Node, str]) -> str:
    """Name a value of the backward pass by the forward value that it belongs to."""
    gradient = next((k for k, n in passes.backward.gradients.items() if n is node), "")
    if gradient:
        return f"the gradient of {gradient}"
    why = passes.backward.why.get(node)
    if why is None:
        return node.op.name
    return f"the adjoint of {names.get(why.node, why.node.op.name)}"


def _is_bad(value: Any) -> Any:
    array = np.asarray(value)
    return (
        ~np.isfinite(array) if array.dtype.kind == "f" else np.zeros(array.shape, bool)
    )


def _first(results: Iterable[Node], known: Mapping[Node, Any]) -> Node | None:
    """Give the first value, below a bad result, that is bad although it need not be.

    A NaN is worse than an infinity: minus infinity may stand for a mask.
    """
    bad = [n for n in results if np.any(_is_bad(known[n]))]
    below = [n for n in order(bad) if n in known and np.any(_is_bad(known[n]))]
    origins = [n for n in below if _made_here(n, known)]
    nan = [n for n in origins if np.any(np.isnan(np.asarray(known[n])))]
    only_nan = all(np.any(np.isnan(np.asarray(known[n]))) for n in bad)
    if only_nan and nan and not any(n.inputs for n in origins if n not in nan):
        return nan[0]
    return origins[0] if origins else None


def _made_here(node: Node, known: Mapping[Node, Any]) -> bool:
    return not any(np.any(_is_bad(known[i])) for i in node.inputs if i in known)


def _told(
    stage: str, node: Node, known: Mapping[Node, Any], word: Mapping[Node, str],
    results: Iterable[Node], instead: str,
) -> Nonfinite:  # fmt: skip
    value = np.asarray(known[node])
    place = np.unravel_index(int(np.argmax(_is_bad(value))), value.shape)
    element = tuple(int(i) for i in place)
    operands = {
        _operand(i, word): _at(np.asarray(known[i]), value.shape, element)
        for i in node.inputs
        if np.asarray(known[i]).dtype.kind in "fib"
    }
    name = word[node] if word[node] != node.op.name else "a value"
    if not node.inputs and "name" in node.attrs:
        name = f"the argument {node.attrs['name']}"
    return Nonfinite(stage, str(float(value[place])), node.op.name, name, node.line,
                     element, operands, _chain(node, known, word, results),
                     instead)  # fmt: skip


def _operand(node: Node, word: Mapping[Node, str]) -> str:
    if not node.inputs and "value" in node.attrs:
        return str(node.attrs["value"])
    return word.get(node, node.op.name)


def _at(operand: Any, shape: tuple[int, ...], element: tuple[int, ...]) -> float:
    """Give the number that an element was made from, or the largest in size."""
    try:
        return float(np.broadcast_to(operand, shape)[element])
    except ValueError:
        flat = operand.ravel().astype(float)
        return float(flat[np.argmax(np.abs(flat))]) if flat.size else 0.0


def _chain(
    origin: Node, known: Mapping[Node, Any], word: Mapping[Node, str],
    results: Iterable[Node],
) -> tuple[str, ...]:  # fmt: skip
    """Follow the bad value to a result: the names on the shortest way."""
    results = tuple(results)
    came_from: dict[Node, Node | None] = {origin: None}
    for node in order(results):
        bad = node in known and np.any(_is_bad(known[node]))
        sources = [i for i in node.inputs if i in came_from]
        if bad and sources and node not in came_from:
            came_from[node] = sources[0]
    end: Node | None = next((r for r in results if r in came_from), None)
    names = []
    while end is not None:
        names.append(word[end])
        end = came_from[end]
    return tuple(reversed(names))


def _stable(
    passes: Passes, given: Mapping[Node, Any], sizes: Mapping[str, int], dtype: Any
) -> str:
    """Say how derivo writes it, if that is finite here."""
    outputs = passes.forward.graph.outputs
    known = run_graph(outputs, given, sizes, dtype)
    if any(np.any(_is_bad(known[o])) for o in outputs):
        return ""
    written = [
        line.strip().partition("  #")[0].rstrip()
        for line in passes.source.splitlines()
        if "nothing overflows" in line
    ]
    listed = "; ".join(written)
    return f"{listed} (as the derived source does: it is finite here)" if listed else (
        "the derived source: it is finite here")  # fmt: skip
