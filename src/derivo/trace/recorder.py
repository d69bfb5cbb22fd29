"""Recording: from operands of any sort to a node, with the user's line."""

from __future__ import annotations

import numbers
import re
from collections.abc import Iterator
from typing import Any, NoReturn
from weakref import WeakSet

import numpy as np

from derivo.errors import DerivoError, DtypeError, NotSupportedError, ShapeError
from derivo.graph.builder import Builder, Constant
from derivo.graph.dim import (
    Dim,
    format_shape,
    is_at_least,
    names,
    substituted,
    symbol,
)
from derivo.graph.node import Frame, Line, Node, Requirement
from derivo.graph.op import Op
from derivo.graph.spec import Spec, as_plain, broadcast, kind_of, promote
from derivo.ops.catalogue import CATALOGUE
from derivo.ops.join import assembled
from derivo.ops.leaf import arange, as_float, constant, eye, size
from derivo.ops.refused import instead_of
from derivo.ops.shape import reshape
from derivo.trace.loops.gathered import whole_of
from derivo.trace.loops.loop import Trials, trace_loop
from derivo.trace.loops.runs import Rolling, Run
from derivo.trace.loops.steps import PlainLoop, Received
from derivo.trace.memory.cell import Cell
from derivo.trace.patches.lists import numpy_as_seen
from derivo.trace.recording import is_traced
from derivo.trace.sizes.numbered import as_value, at_step, numbers_in
from derivo.trace.values.operators import variable

# What helps against an error that an operation reports.
HINTS: dict[type[DerivoError], str] = {
    ShapeError: "give `derive` shapes that fit, or line the axes up: a.T, a[:, None], "
    "a.reshape(...)",
}
# Operands that choose among values take no part in arithmetic.
_PLAIN = {"pyint": "int", "pyfloat": "float"}
CHOOSING = frozenset({"condition", "indices", "*indices", "start"})


def as_attribute(value: Any) -> Any:
    """Turn traced sizes in an attribute into dimensions."""
    if isinstance(value, tuple | list):
        return tuple(as_attribute(v) for v in value)
    return value.as_dim() if hasattr(value, "as_dim") else value


def _is_identity(array: Any) -> bool:
    """Tell whether this is what ``np.eye`` makes."""
    is_matrix = array.ndim == 2 and array.dtype.kind == "f" and min(array.shape) > 1
    return is_matrix and bool(np.array_equal(array, np.eye(*array.shape)))


def _is_whole(node: Node, place: Spec) -> bool:
    """Tell whether this is a number such as 2.0, which integers hold as well."""
    value = node.attrs.get("value")
    return place.kind == "int" and isinstance(value, float) and value.is_integer()


class Recorder:
    """Makes nodes out of operations on variables.

    Parameters
    ----------
    builder
        Where the nodes go; shared by all stages of one derivation.
    """

    def __init__(self, builder: Builder) -> None:
        self.builder = builder
        # Numbers of the nodes that the steps of loops were made of, trial by trial.
        self.steps: list[Trials] = []
        # Whether a function that is called now is the step of a scan.
        self.begins_step = False
        # The arrays that are still in use; and each write, with what was there before.
        self.cells: WeakSet[Cell] = WeakSet()
        self.writes: list[tuple[Cell, Node]] = []
        # The plain loops that are under way, and what their steps find as their number.
        self.loops: list[PlainLoop] = []
        self.counters: dict[str, tuple[Any, int]] = {}
        # What generators have given so far to those who sum it up, the innermost last.
        self.received: list[Received] = []
        # Whether arrays that the function finds, and Python's own int and float, know
        # what to do with traced values: see `open`.
        self.opens = False
        # Whether loops with a number of steps stay loops.
        self.rolling = Rolling(wanted=False)
        # What the named sizes must be for all this to be right.
        self.required: dict[Dim, Requirement] = {}

    def place(self) -> tuple[Line | None, tuple[Frame, ...]]:
        """Give the user's line, and the helper functions it lies in."""
        return None, ()

    def wrap(self, node: Node) -> Any:
        """Give a new array (or number) that holds a node."""
        return variable(self.cell(node), self)

    def cell(self, node: Node) -> Cell:
        """Give memory that holds a value."""
        cell = Cell(node)
        self.cells.add(cell)
        return cell

    def write(self, cell: Cell, node: Node) -> None:
        """Put another value into a cell."""
        self.writes.append((cell, cell.node))
        cell.node = node

    def fitting(self, value: Any, place: Spec, casting: str) -> Any:
        """Bring a value that is written into a place to its kind, as NumPy does.

        Parameters
        ----------
        value
            Of any sort.
        place
            Where it goes. The value may have fewer axes, or axes of size 1.
        casting
            ``"unsafe"`` for ``x[i] = value``, ``"same_kind"`` for ``x += value``.
        """
        node = self.lift(value)
        extra = node.spec.rank - place.rank
        ones = (1,) * extra
        if casting == "unsafe" and ones and node.spec.shape[:extra] == ones:
            node = reshape(self.wrap(node), shape=node.spec.shape[extra:]).node
        try:
            fits = broadcast(node.spec.shape, place.shape) == place.shape
        except ShapeError:
            fits = False
        if not fits:
            self.refuse(
                ShapeError,
                f"an array of shape {format_shape(node.spec.shape)} is written into a "
                f"place of shape {format_shape(place.shape)}",
                HINTS[ShapeError],
            )
        kind = node.spec.kind
        if place.kind == "float" and kind in ("int", "bool"):
            node = self.builder.make(as_float, (node,))
        elif promote(place.kind, kind) != place.kind and not _is_whole(node, place):
            self.refuse(
                DtypeError,
                f"values of kind {_PLAIN.get(kind, kind)} are written into an array of "
                f"kind {place.kind}, which would change them",
                "make the array with another type, such as np.zeros(n) of floats",
            )
        return self.wrap(node)

    def size(self, dim: Dim) -> Any:
        """Give a size: a number where it is known, else a traced integer."""
        if isinstance(dim, int):
            return dim
        return self.wrap(self.builder.make(size, (), {"dim": dim}))

    def open(self) -> None:
        """Do what can be done where Python asks for a number: nothing."""

    def namespace(self) -> Any:
        """Give NumPy as the traced code sees it."""
        return numpy_as_seen()

    def suppose(self, dim: Dim) -> None:
        """Note that a branch was decided by a size being 0 or more.

        That may be so unless an axis is empty, which a call may have all the same.
        """
        with_empty = substituted(dim, {n: symbol(n, 0) for n in names(dim)})
        if not is_at_least(with_empty, 0):
            self.required.setdefault(dim, Requirement(dim, self.place()[0]))

    def require(self, dim: Dim) -> None:
        """Note that a size must be 0 or more, unless it is anyhow."""
        if dim in self.required or is_at_least(dim, 0):
            return
        for loop in self.loops:
            if loop.number in numbers_in(dim):  # so in the first and in the last
                self.require(at_step(dim, loop.number, 0))
                self.require(at_step(dim, loop.number, loop.run.length - 1))
                return
        if self.loops and is_at_least(-dim, 1):
            self.refuse(
                ShapeError, "a slice is longer in some steps of a loop than in others",
                "let the loop end where the slice still lies on the axis",
            )  # fmt: skip
        self.required[dim] = Requirement(dim, self.place()[0])

    def lift(self, value: Any) -> Node:
        """Give the node of a value: a variable's own, or a constant."""
        if hasattr(value, "node"):
            return self._own(value)
        if isinstance(value, list | tuple) and is_traced(value):
            return self.lift(assembled(whole_of(value)))
        return self._constant(value)

    def _constant(self, value: Any) -> Node:
        """Give the node of a value that is not traced."""
        if isinstance(value, bool | np.bool_):
            value = bool(value)
        elif isinstance(value, numbers.Real):
            value = int(value) if isinstance(value, numbers.Integral) else float(value)
        else:
            try:
                array = np.asarray(as_plain(value))
            except DtypeError as error:
                self.refuse(DtypeError, str(error), "")
            except ValueError as error:
                self.refuse(
                    ShapeError,
                    f"a list that is no array is used as one ({error})",
                    "give all rows the same length",
                )
            if array.dtype == object:
                kind = type(value).__name__
                what = "an array of objects" if kind == "ndarray" else f"`{kind}`"
                self.refuse(
                    DtypeError,
                    f"{what} is used where an array of numbers is needed",
                    "convert it first: np.array(values, dtype=float)",
                )
            try:
                kind_of(array.dtype)
            except DtypeError as error:
                self.refuse(DtypeError, str(error), "")
            if not array.ndim:
                return self.lift(array.item())
            if array.dtype == np.int64 and np.array_equal(array, np.arange(array.size)):
                # Counted out while tracing, as np.arange(x.shape[0]) of a plain size.
                return self.builder.make(arange, (), {"stop": array.size})
            if _is_identity(array):
                attrs = {"n": len(array), "m": array.shape[1]}
                return self.builder.make(eye, (), attrs)
            value = Constant(array)
        return self.builder.make(constant, (), {"value": value})

    def _own(self, value: Any) -> Node:
        """Give the node of a variable; of the number of a step, as a step finds it."""
        if hasattr(value, "as_dim") and numbers_in(value.as_dim()):
            value = as_value(self, value.as_dim(), self.counters)
        node: Node = value.node
        return node

    def record(self, op: Op, args: tuple[Any, ...], attrs: dict[str, Any]) -> Any:
        """Record one operation and give its result as a variable."""
        nodes = self.same_kind(op, tuple(self.lift(a) for a in args))
        attrs = {k: as_attribute(v) for k, v in attrs.items()}
        for option, value in attrs.items():
            if is_traced(value):
                self.refuse(
                    NotSupportedError, f"the option {option}= of `{op.name}` depends "
                    "on a traced value, and must be known while the function is traced",
                    "give it as a plain number, in a closure or as a setting",
                )  # fmt: skip
        line, group = self.place()
        try:
            node = self.builder.make(op, nodes, attrs, line, group)
        except DerivoError as error:
            if isinstance(error, ShapeError):
                self.tie(op, tuple(n.spec for n in nodes), attrs)
            self.refuse(type(error), str(error), HINTS.get(type(error), ""))
        return self.wrap(node)

    def tie(self, op: Op, specs: tuple[Spec, ...], attrs: dict[str, Any]) -> None:
        """Do what can be done where sizes do not fit: nothing, outside of a trace."""

    def tie_sizes(self, a: Any, b: Any) -> None:
        """Do what can be done where two sizes would have to be equal: nothing."""

    def same_kind(self, op: Op, nodes: tuple[Node, ...]) -> tuple[Node, ...]:
        """Convert integer operands where NumPy would leave the floating type in use."""
        if "as_given" in op.traits:
            return nodes
        last = op.inputs[-1:] * len(nodes)
        chooses = [
            name in CHOOSING for name, _ in zip(op.inputs + last, nodes, strict=False)
        ]
        kinds = [n.spec.kind for n, c in zip(nodes, chooses, strict=True) if not c]
        result = promote(*kinds) if kinds else "bool"
        if "floating" in op.traits:
            result = promote(result, "pyfloat")
        if result not in ("float", "pyfloat") or op is as_float:
            return nodes
        narrow = {"int"} if "float" in kinds else {"int", "bool"}

        def converted(n: Node) -> bool:
            return n.spec.kind in narrow or (
                n.op is constant and n.spec.kind == "float"
            )

        return tuple(
            self.builder.make(as_float, (n,))
            if not c and converted(n) else n
            for n, c in zip(nodes, chooses, strict=True)
        )  # fmt: skip

    def convert(self, variable: Any, dtype: np.dtype[Any]) -> Any:
        """Convert a traced value to another kind."""
        kind, own = kind_of(dtype), variable.node.spec.kind
        if kind == own or (kind == "int" and own == "pyint"):
            return variable
        if kind == "bool":
            return self.call(CATALOGUE["not_equal"], (variable, 0), {})
        if kind == "int" and own == "bool":
            return self.call(CATALOGUE["where"], (variable, 1, 0), {})
        if kind == "int":
            self.unknown(f".astype({dtype})")
        return self.record(as_float, (variable,), {})

    def call(
        self,
        function: Any,
        args: tuple[Any, ...],
        options: dict[str, Any],
        name: str = "",
    ) -> Any:
        """Call an operation or a spelling; add the user's line to what goes wrong.

        `name` is what the user wrote, where that is not the name of the operation.
        """
        options = {
            k: v
            for k, v in options.items()
            if k not in ("out", "where") or v is not None
        }
        name = name or getattr(
            function, "name", getattr(function, "__name__", "")
        ).strip("_")
        self._check_dtype(name, args, options.pop("dtype", None))
        for given in options if isinstance(function, Op) else ():
            if given not in function.attrs:  # such as the where= of a ufunc
                self.unknown(f"{name}(..., {given}=...)")
        try:
            return function(*args, **options)
        except DerivoError as error:
            if getattr(error, "located", False):
                raise
            if isinstance(error, ShapeError) and error.apart is not None:
                self.tie_sizes(*error.apart)
            self.refuse(type(error), str(error), HINTS.get(type(error), ""))
        except (TypeError, NotImplementedError) as error:
            option = re.search(r"unexpected keyword argument '(\w+)'", str(error))
            if option:
                self.unknown(f"{name}(..., {option[1]}=...)")
            reason = re.sub(r"^\S*\(\) ", "", str(error))  # without the name of ours
            self.refuse(
                NotSupportedError,
                f"`{name}` cannot be traced like this: {reason}",
                "see the list of operations and options in docs/operations.md",
            )

    def _check_dtype(self, name: str, args: tuple[Any, ...], dtype: Any) -> None:
        """Refuse ``dtype=int`` for floating values; floats keep the type they have."""
        if dtype is None or kind_of(np.dtype(dtype)) == "float":
            return
        if any(hasattr(a, "node") and a.node.spec.kind == "float" for a in args):
            self.refuse(
                NotSupportedError, f"`{name}` with dtype={np.dtype(dtype)} would cut "
                "off the fraction of a traced value",
                "leave dtype= away, or write np.floor",
            )  # fmt: skip

    def loop(
        self, step: Any, init: Any, xs: Any, length: Any, *, reverse: bool
    ) -> tuple[Any, Any]:
        """Record a loop over time: see `derivo.scan`."""
        return trace_loop(self, step, init, xs, length, reverse=reverse)

    def steps_along(self, run: Run) -> Iterator[Any]:
        """Begin a plain loop over an axis that is only a name."""
        return PlainLoop(self, run)

    def call_it(
        self, node: Node, name: str, frame: Any, *, as_whole: bool = True
    ) -> None:
        """Note how a value may be called that has no name in the user's function.

        The name of a list is that of the array only as long as that has none.
        """

    def is_now(self, old: Node, new: Node) -> None:
        """Note that a value was replaced by an equal one."""

    def refuse(self, kind: type[DerivoError], what: str, instead: str) -> NoReturn:
        """Raise an error that names the user's line and says what to write instead."""
        line, _ = self.place()
        is_sentence = re.match(r"[a-z]+ ", what)  # not `np.add`
        text = (what[:1].upper() + what[1:] if is_sentence else what) + "."
        text += f"\n  {line}" if line else ""
        text += f"\n  Instead: {instead}." if instead else ""
        error = kind(text)
        error.located = True  # type: ignore[attr-defined]
        raise error from None

    def assumed(self) -> bool | None:
        """Give the answer with which an `assert` passes; None if none is asking."""
        return None

    def unknown(self, name: str) -> NoReturn:
        """Refuse a NumPy function that has no rule."""
        self.refuse(
            NotSupportedError, f"`{name}` has no rule in derivo yet",
            instead_of(name)
            or "spell it with operations of the list in docs/operations.md",
        )  # fmt: skip


__all__ = ["Recorder", "ShapeError", "Spec"]
