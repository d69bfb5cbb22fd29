"""Memory as NumPy has it: a cell holds a value, and views show parts of it.

``y = x * 2`` makes a cell. ``z = y`` is the same array, ``y[0]``, ``y.T`` and
``y.ravel()`` are views of it: what is written through one of them puts a new value into
the cell, and every other one shows it.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np

from derivo.errors import DerivoError
from derivo.graph.dim import Size, evaluate, names
from derivo.graph.node import Node
from derivo.graph.op import Op
from derivo.ops.catalogue import younger
from derivo.ops.written import settled

# Sizes to try out on which views NumPy can make: many parts divide them.
_TRIED = (12, 24, 36, 48, 60, 72, 84, 96)

Steps = tuple[tuple[Op, Mapping[str, Any]], ...]


class Cell:
    """What an array holds at the moment: after each write, another node.

    Attributes
    ----------
    node
        The value.
    born
        The value that it was made with: how that was computed says in which order the
        elements lie in memory.
    in_order
        Whether they are known to lie row by row.
    """

    __slots__ = ("__weakref__", "born", "in_order", "node")

    def __init__(self, node: Node) -> None:
        self.node = self.born = node
        self.in_order = False


class Memory:
    """An array that is known by name to the user, whatever it holds.

    Attributes
    ----------
    cell
        Holds the value, or that of the array of which this is a view.
    recorder
        Writes down what is done.
    way
        The way from the array that this is a view of; None for an array of its own.
    is_array
        Whether it can be written to: a single number cannot, as in NumPy.
    """

    __slots__ = ("__weakref__", "cell", "is_array", "recorder", "way")

    cell: Any
    recorder: Any
    way: Any
    is_array: bool


class View:
    """The way from an array to a part of it that lies in the same memory.

    Parameters
    ----------
    base
        The array.
    steps
        The operations that take the part, one after the other.
    node
        What they give of what `base` holds now.
    ravels
        It is what ``ravel`` gives: a view only where the elements lie one behind the
        other.
    """

    __slots__ = ("base", "before", "node", "ravels", "steps")

    def __init__(
        self, base: Any, steps: Steps, node: Node, *, ravels: bool = False
    ) -> None:
        self.base = base
        self.steps = steps
        self.ravels = ravels
        self.before = base.node
        self.node = node

    @staticmethod
    def part(base: Any, steps: Steps) -> Any:
        """Take a part of what an array holds now; not as a view of it."""
        part = base.recorder.wrap(base.node)
        for op, attrs in steps:
            part = settled(part.record(op, (part,), dict(attrs)))
        return part

    def read(self) -> Node:
        """Give the part of what the array holds now."""
        now = self.base.node
        if now is not self.before:
            self.before, self.node = now, self.part(self.base, self.steps).node
        return self.node

    def write(self, part: Node) -> None:
        """Put another value into the part of the array."""
        recorder = self.base.recorder
        whole = [recorder.wrap(self.base.node)]
        for op, attrs in self.steps:
            whole.append(whole[-1].record(op, (whole[-1],), dict(attrs)))
        result = recorder.wrap(part)
        for (op, attrs), operand in zip(
            reversed(self.steps), reversed(whole[:-1]), strict=True
        ):
            assert op.written is not None  # noqa: S101
            result = settled(op.written(operand, result, **attrs))
        self.base.put_node(result.node)

    @property
    def is_certain(self) -> bool:
        """Tell whether NumPy gives a view for these steps whatever lies in memory."""
        reshapes = any("reshapes" in op.traits for op, _ in self.steps)
        return not (reshapes or self.ravels)


def as_view(base: Any, result: Any, *, ravels: bool = False) -> Any:
    """Make what a function gave of an array a view of it, if it lies in its memory.

    Parameters
    ----------
    base
        The array.
    result
        What the function gave: a traced value, or what is none.
    ravels
        The function is ``ravel``.
    """
    if result is base:
        if not ravels or base.way is None:
            return result
        result = base.recorder.wrap(base.node)
    if not hasattr(result, "record") or not hasattr(base, "node") or not base.is_array:
        return result  # no array, or made of one that holds numbers and stays so
    steps = _steps(base.node, result.node)
    if steps or ravels:
        # What has no axes left is an array nevertheless, that can be written to.
        way = View(base, steps, result.node, ravels=ravels)
        result.cell, result.way, result.is_array = base.cell, way, True
    return result


# What these give lies in the memory of their argument, as far as it can.
VIEWS = frozenset({
    np.reshape, np.ravel, np.transpose, np.permute_dims, np.matrix_transpose,
    np.linalg.matrix_transpose, np.swapaxes, np.moveaxis, np.rollaxis, np.squeeze,
    np.expand_dims, np.atleast_1d, np.atleast_2d, np.atleast_3d, np.split,
    np.array_split, np.hsplit, np.vsplit, np.dsplit, np.flip, np.fliplr, np.flipud,
    np.rot90, np.diagonal, np.linalg.diagonal, np.diag, np.broadcast_to,
    np.broadcast_arrays, np.real, np.real_if_close, np.einsum, *younger("unstack"),
})  # fmt: skip


def own_or_view(function: Any, args: tuple[Any, ...], result: Any) -> Any:
    """Give what a function of NumPy gave as an array of its own, or as a view."""
    arrays = [a for a in args if hasattr(a, "way")]
    if not arrays:
        return result
    if isinstance(result, list | tuple):
        parts = [own_or_view(function, args, r) for r in result]
        named = getattr(type(result), "_make", type(result))
        return named(parts)
    if function not in VIEWS:
        is_given = any(result is a for a in arrays)
        return result.recorder.wrap(result.node) if is_given else result
    for array in arrays if hasattr(result, "way") else ():
        result = as_view(array, result, ravels=function is np.ravel)
    return result


def _steps(base: Node, node: Node) -> Steps:
    """Give the operations between two nodes, if NumPy gives a view for each."""
    steps: list[tuple[Op, Mapping[str, Any]]] = []
    while node is not base:
        if node.op.written is None or node.index < base.index:
            return ()
        steps.append((node.op, node.attrs))
        node = node.inputs[0]
    return tuple(reversed(steps))


def shares_memory(view: View) -> bool | None:
    """Tell whether NumPy gives a view for these steps, or copies; None if unknown.

    Reshaping gives a view where the elements lie as the new shape wants them. That is
    tried, on an empty array of small sizes.
    """
    if view.is_certain:
        return True
    try:
        base = _example(view.base)
        if base is None:
            return None
        if view.ravels:
            return bool(base.flags.c_contiguous)
        part = base
        for op, attrs in view.steps:
            part = op.compute(part, **_with_numbers(attrs))
    except (DerivoError, ValueError, IndexError, ArithmeticError):
        return None
    return np.shares_memory(part, base) if part.size else True


def _example(array: Any) -> np.ndarray[Any, Any] | None:
    """Give an array that lies in memory as a traced one will; None if that is open."""
    if array.way is not None:
        part = _example(array.way.base)
        for op, attrs in array.way.steps if part is not None else ():
            part = op.compute(part, **_with_numbers(attrs))
        return part
    node = array.cell.born
    # What is computed element by element lies as its operands do, turned or not.
    stack = [] if array.cell.in_order else [node]
    while stack:
        node = stack.pop()
        if "turns" in node.op.traits:
            return None
        if node.op.traits & {"elementwise", "chooses"}:
            stack.extend(i for i in node.inputs if i.spec.rank > 1)
    shape = _with_numbers({"shape": array.node.spec.shape})["shape"]
    return np.empty(shape, dtype=bool)


def _with_numbers(attrs: Mapping[str, Any]) -> dict[str, Any]:
    """Give attributes with a number for each size that is a name."""
    found = sorted({n for d in _sizes(tuple(attrs.values())) for n in names(d)})
    sizes = {n: _TRIED[k % len(_TRIED)] for k, n in enumerate(found)}

    def number(value: Any) -> Any:
        if isinstance(value, tuple):
            return tuple(number(v) for v in value)
        return evaluate(value, sizes) if isinstance(value, Size) else value

    return {k: number(v) for k, v in attrs.items()}


def _sizes(value: Any) -> list[Size]:
    if isinstance(value, tuple):
        return [s for v in value for s in _sizes(v)]
    return [value] if isinstance(value, Size) else []
