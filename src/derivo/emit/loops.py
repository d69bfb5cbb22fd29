"""Loop text for Numba: a whole epoch of training steps as one compiled function."""

from __future__ import annotations

import textwrap
from collections.abc import Mapping
from dataclasses import dataclass

from derivo.emit.loops_element import ROWS, size_text
from derivo.emit.loops_kernels import kernels_for
from derivo.emit.loops_place import BATCH
from derivo.emit.loops_plan import LoopPlan, plan_loops
from derivo.emit.loops_text import LoopWriter
from derivo.graph.dim import Size, names
from derivo.graph.names import Names
from derivo.graph.node import Node

# What may be rearranged: sums and products in another order, a reciprocal for many
# divisions by one number. Not what would let tests for NaN vanish.
FASTMATH = ("arcp", "contract", "nsz", "reassoc")
_TYPES = {"bool": "np.bool_", "int": "np.int64"}
_OWN = frozenset({
    "order", "batch_size", "first_step", "start", "total", "row", "i", "j", "k", "l",
    "step_number", "learning_rate", "epoch", "njit", "done", "min", "range", ROWS,
})  # fmt: skip


@dataclass(frozen=True)
class EpochGraph:
    """The graph of a step, and what its arguments are.

    Attributes
    ----------
    data
        Arguments that are batches of rows: x and t.
    values
        Arguments that are kept and written to: parameters and states.
    scalars
        The learning rate and the number of the step.
    loss
        The loss.
    results
        The new `values`.
    names
        Names that values should get.
    title
        First line of the module.
    """

    data: tuple[Node, ...]
    values: tuple[Node, ...]
    scalars: tuple[Node, Node]
    loss: Node
    results: tuple[Node, ...]
    names: Mapping[Node, str]
    title: str


def write_epoch(graph: EpochGraph, dtype: str) -> str:
    """Write a module with ``epoch``, for Numba to compile.

    ``epoch(x_all, t_all, order, batch_size, *values, learning_rate, first_step)`` makes
    one step per batch of `order`, changes the values in place, and gives the mean loss,
    the number of the step that failed (-1: none), and that step's loss.

    Parameters
    ----------
    graph
        The step.
    dtype
        "float32" or "float64".

    Raises
    ------
    NotSupportedError
        An operation that has no form inside a compiled loop.
    """
    plan = plan_loops([graph.loss], dict(zip(graph.values, graph.results, strict=True)))
    return _Module(graph, dtype, plan).text()


class _Module:
    def __init__(self, graph: EpochGraph, dtype: str, plan: LoopPlan) -> None:
        self.graph = graph
        self.dtype = dtype
        self.plan = plan
        self.given = {
            n: n.attrs["name"] for n in (*graph.data, *graph.values, *graph.scalars)
        }
        self.pool = Names(set(_OWN) | set(self.given.values()))
        self.arrays = dict(self.given)
        for node, item in plan.items.items():
            if item.stored:
                self.arrays[node] = self.pool.fresh(self._wish(node) or "h")

    def _wish(self, node: Node) -> str:
        return self.graph.names.get(node, "")

    def text(self) -> str:
        writer = LoopWriter(self.plan, self.arrays, self.pool, self._wish, self.dtype)
        writer.write(self.plan.body)
        body = "\n".join(writer.lines)
        flags = ", ".join(f'"{f}"' for f in FASTMATH)
        arguments = [f"{n.attrs['name']}_all" for n in self.graph.data]
        arguments += [
            "order",
            "batch_size",
            *(self.given[n] for n in self.graph.values),
        ]
        lines = [
            f'"""{self.graph.title}"""',
            "",
            "import numpy as np",
            "from numba import njit",
            kernels_for(body),
            "",
            f'@njit(cache=True, error_model="numpy", fastmath={{{flags}}})',
            "def epoch(",
            *textwrap.wrap(
                ", ".join(arguments) + ",",
                84,
                initial_indent="    ",
                subsequent_indent="    ",
            ),
            "    learning_rate, first_step,",
            "):",
            *self._buffers(),
            *self._flat(writer.flat),
            "    total = 0.0",
            "    done = 0",
            "    for start in range(0, order.size, batch_size):",
            f"        {ROWS} = min(batch_size, order.size - start)",
            f"        {self.given[self.graph.scalars[1]]} = first_step + done",
            *self._views(),
            *self._gather(),
            body,
            f"        if not np.isfinite({writer.locals[self.graph.loss]}):",
            f"            return total, done, {writer.locals[self.graph.loss]}",
            f"        total += {writer.locals[self.graph.loss]} * {ROWS}",
            "        done += 1",
            "    return total / order.size, -1, total / order.size",
        ]
        return "\n".join(lines) + "\n"

    def _stored(self) -> list[Node]:
        own = [n for n, item in self.plan.items.items() if item.stored]
        return [*self.graph.data, *own]

    def _buffers(self) -> list[str]:
        return [
            f"    {self._whole(node)} = {self._empty(node).replace(ROWS, 'batch_size')}"
            for node in self._stored()
            if _is_fixed(node)
        ]

    def _empty(self, node: Node) -> str:
        kind = _TYPES.get(node.spec.kind, f"np.{self.dtype}")
        sizes = [size_text(d) for d in node.spec.shape]
        shape = f"({', '.join(sizes)})" if len(sizes) > 1 else sizes[0]
        return f"np.empty({shape}, {kind})"

    def _whole(self, node: Node) -> str:
        """Give the name of an array that has room for a full batch."""
        name = self.arrays[node]
        return f"{name}_full" if _is_batch(node) and _is_fixed(node) else name

    def _views(self) -> list[str]:
        """Take the first rows of each array: the last batch may be smaller."""
        lines = []
        for node in filter(_is_batch, self._stored()):
            name = self.arrays[node]
            if _is_fixed(node):
                lines.append(
                    f"        {name} = {name}_full[:{size_text(node.spec.shape[0])}]"
                )
            else:
                # Rows of another length cannot share a larger array.
                lines.append(f"        {name} = {self._empty(node)}")
        return lines

    def _flat(self, used: set[str]) -> list[str]:
        whole = {
            self.arrays[n]: self._whole(n)
            for n in (*self._stored(), *self.graph.values)
        }
        return [f"    {name}_flat = {whole[name]}.reshape(-1)" for name in sorted(used)]

    def _gather(self) -> list[str]:
        lines = [
            f"        for i in range({ROWS}):",
            "            row = order[start + i]",
        ]
        for node in self.graph.data:
            name = self.arrays[node]
            (_, width) = node.spec.shape
            lines += [
                f"            for j in range({size_text(width)}):",
                f"                {name}[i, j] = {name}_all[row, j]",
            ]
        return lines


def _is_batch(node: Node) -> bool:
    return any(isinstance(d, Size) and BATCH in names(d) for d in node.spec.shape)


def _is_fixed(node: Node) -> bool:
    """Tell whether the length of a row is known."""
    return all(not isinstance(d, Size) for d in node.spec.shape[1:])
