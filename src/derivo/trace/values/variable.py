"""The value that stands in for an array while the user's function runs."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from functools import partial
from typing import Any, NoReturn

import numpy as np

from derivo.errors import DtypeError, TraceError
from derivo.graph.node import Node, order
from derivo.ops.catalogue import CATALOGUE, SPELLINGS, as_numpy_reads
from derivo.ops.complex_pair import is_complex, joined
from derivo.ops.leaf import argument
from derivo.ops.written import copied
from derivo.trace.loops.runs import as_run, is_named
from derivo.trace.memory.cell import (
    Cell,
    Memory,
    View,
    as_view,
    own_or_view,
    shares_memory,
)
from derivo.trace.memory.items import item, write_item
from derivo.trace.memory.selection import MASKING, Selection
from derivo.trace.memory.writes import METHODS, WRITERS, at
from derivo.trace.recording import Recording
from derivo.trace.sizes.numbered import numbers_in
from derivo.trace.values.conversions import BRANCH, CHOOSE, refuse_number, told_of_call
from derivo.trace.values.facts import FloatingType
from derivo.trace.values.flat import Flat

# Methods of arrays that are functions of NumPy under the same name.
_METHODS = frozenset({
    "sum", "mean", "max", "min", "prod", "var", "std", "cumsum", "cumprod", "argmax",
    "argmin", "dot", "squeeze", "clip", "repeat", "take", "trace",
    "diagonal", "swapaxes", "argsort", "round", "any", "all", "conj",
    "nonzero", "argpartition", "searchsorted", "choose",
})  # fmt: skip
_WRITES = frozenset({"resize", "setfield", "byteswap"})


class Variable(Memory):
    """A traced value: has the interface of an array, records what is done to it.

    Parameters
    ----------
    cell
        Holds the value.
    recorder
        Writes down what is done.
    """

    __slots__ = ()
    __array_priority__ = 1000

    cell: Cell
    recorder: Recording
    way: View | None

    def __init__(self, cell: Cell, recorder: Recording) -> None:
        self.cell = cell
        self.recorder = recorder
        self.way = None
        self.is_array = bool(cell.node.spec.shape)

    @property
    def node(self) -> Node:
        """The value at the moment."""
        return self.cell.node if self.way is None else self._read(self.way)

    def _read(self, view: View) -> Node:
        """Give what a view shows; one that may be a copy is looked into."""
        is_open = view.base.node is not view.before and not view.is_certain
        if is_open and not self._shares(view, "read after a write into the array"):
            return self.cell.node
        return view.read()

    def _shares(self, view: View, done: str) -> bool:
        """Tell whether this is a view, not a copy: then it has a cell of its own."""
        shares = shares_memory(view)
        if shares is None:
            self.recorder.refuse(
                TraceError,
                "NumPy may give a view here or a copy, which depends on how the array "
                f"lies in memory, and it is {done}",
                "write .copy() where you want a copy",
            )
        if not shares:
            self.cell, self.way = self.recorder.cell(view.node), None
        return shares

    def put_node(self, node: Node) -> None:
        """Put another value of the same shape into the memory of this array."""
        view = self.way
        if view is not None and (view.is_certain or self._shares(view, "written into")):
            view.write(node)
        else:
            self.recorder.write(self.cell, node)

    def write(self, value: Any, *, casting: str = "same_kind") -> None:
        """Write a value into the whole of this array, as ``x[...] = value`` does."""
        place = self.node.spec
        value = copied(self.recorder.fitting(value, place, casting), place)
        self.put_node(value.node)

    # --- recording ------------------------------------------------------------------

    def record(self, op: Any, args: tuple[Any, ...], attrs: dict[str, Any]) -> Any:
        """Record an operation of which this value is an operand."""
        return self.recorder.record(op, args, attrs)

    def __array_ufunc__(
        self, ufunc: Any, method: str, *args: Any, **options: Any
    ) -> Any:
        if any(isinstance(a, Selection) for a in args):
            return NotImplemented
        if any(is_complex(a) for a in args):
            return getattr(ufunc, method)(*(joined(a) for a in args), **options)
        if method == "at":
            return self._written(
                partial(at, ufunc), args, options, f"{ufunc.__name__}.at"
            )
        out = options.pop("out", None)
        if method == "__call__" and len(args) > ufunc.nin:
            args, out = args[: ufunc.nin], args[ufunc.nin :]
        if isinstance(out, tuple) and len(out) == 1:
            (out,) = out
        if out is not None:
            return self._into(out, partial(getattr(ufunc, method), *args), options)
        if method == "__call__":
            self._refuse_unwritten(ufunc.__name__, options.pop("where", True))
        if method == "outer":
            a, b = args
            args, method = (
                (np.reshape(a, np.shape(a) + (1,) * np.ndim(b)), b),
                "__call__",
            )
        handler = self._handler_of(ufunc, method)
        result = self.recorder.call(handler, args, options, f"np.{ufunc.__name__}")
        return own_or_view(ufunc, args, result)

    def _handler_of(self, ufunc: Any, method: str) -> Any:
        """Find the record of an element-wise function, or of its method."""
        name = ufunc.__name__
        if method == "__call__":
            handler = SPELLINGS.get(ufunc) or SPELLINGS.get(name) or CATALOGUE.get(name)
        else:
            name = f"{name}.{method}"
            handler = SPELLINGS.get(name)
        if handler is None:
            self.recorder.unknown(_place_of(ufunc, name))
        return handler

    def _into(
        self, out: Any, function: Callable[..., Any], options: dict[str, Any]
    ) -> Any:
        """Write what a function gives into the array that ``out=`` names."""
        out = out[0] if isinstance(out, tuple) else out
        where = options.pop("where", True)
        result = function(**options)
        self._refuse_elsewhere(out)
        if where is not True:
            result = np.where(where, result, out)
        out.write(result)
        return out

    def _refuse_unwritten(self, name: str, where: Any) -> None:
        """Refuse a mask without ``out=``: elements left out are never set by NumPy."""
        if not (isinstance(where, bool | np.bool_) and where):
            self.recorder.refuse(
                TraceError,
                f"np.{name} with where= and without out= leaves elements that nothing "
                "sets: they hold whatever lay in memory",
                f"np.where(mask, np.{name}(...), 0), or out= with an array to write "
                "into, as np.zeros_like(x)",
            )

    def _written(
        self, writer: Callable[..., None], args: tuple[Any, ...],
        options: dict[str, Any], name: str,
    ) -> None:  # fmt: skip
        """Call what writes into its first argument."""
        self._refuse_elsewhere(args[0])
        self.recorder.call(writer, args, options, f"np.{name}")

    def _refuse_elsewhere(self, target: Any) -> None:
        if not hasattr(target, "way"):
            self.recorder.refuse(
                TraceError,
                "a traced value is written into an array that was made elsewhere",
                "make the array in the function, with np.zeros or np.empty, or copy it",
            )

    def __array_function__(
        self, function: Any, _types: Any, args: tuple[Any, ...], options: dict[str, Any]
    ) -> Any:
        if any(isinstance(a, Selection) for a in args):
            return NotImplemented
        if function in MASKING and len(args) == MASKING[function][0]:
            return self.recorder.call(MASKING[function][1], args, options)
        if function is np.nan_to_num and options.get("copy") is False:
            return self._into(
                args[0], partial(function, *args), {**options, "copy": True}
            )
        if function in WRITERS:
            return self._written(WRITERS[function], args, options, function.__name__)
        handler = SPELLINGS.get(function)
        if handler is None:
            module = function.__module__.removeprefix("numpy").lstrip(".")
            self.recorder.unknown(
                ".".join(filter(None, ("np", module, function.__name__)))
            )
        dtype = {"dtype": options.pop("dtype")} if "dtype" in options else {}
        args, options = as_numpy_reads(function, args, options)
        options |= dtype
        out = options.pop("out", None)
        if out is not None:
            return self._into(out, partial(function, *args), options)
        result = self.recorder.call(handler, args, options, f"np.{function.__name__}")
        return own_or_view(function, args, result)

    # --- what an array has ------------------------------------------------------------

    @property
    def shape(self) -> tuple[Any, ...]:
        """Shape, with symbolic sizes as traced integers."""
        return tuple(self.recorder.size(d) for d in self.node.spec.shape)

    @property
    def ndim(self) -> int:
        """Number of axes."""
        return self.node.spec.rank

    @property
    def size(self) -> Any:
        """Number of elements."""
        n: Any = 1
        for d in self.shape:
            n = n * d
        return n

    @property
    def dtype(self) -> Any:
        """Type of the elements; of floating ones it is the type that comes in."""
        kind = self.node.spec.kind
        if kind == "float":
            return FloatingType(self)
        return np.dtype({"int": np.int64, "pyint": np.int64, "bool": bool}.get(kind))

    @property
    def device(self) -> str:
        """Where NumPy keeps its arrays."""
        return "cpu"

    def __array_namespace__(self, *, api_version: Any = None) -> Any:
        """Give the module whose functions take the value."""
        del api_version
        return self.recorder.namespace()

    @property
    def T(self) -> Any:  # noqa: N802
        """The transpose."""
        return as_view(self, self.recorder.call(SPELLINGS[np.transpose], (self,), {}))

    @property
    def mT(self) -> Any:  # noqa: N802
        """The transpose of the last two axes."""
        turned = self.recorder.call(SPELLINGS[np.matrix_transpose], (self,), {})
        return as_view(self, turned)

    @property
    def real(self) -> Any:
        """The value itself: everything traced is real."""
        return self

    @property
    def imag(self) -> Any:
        """Zeros, for the same reason."""
        return 0 * self  # type: ignore[operator]

    @property
    def flat(self) -> Flat:
        """The elements in one row, whatever their order in memory."""
        return Flat(self)

    @flat.setter
    def flat(self, value: Any) -> None:
        self.flat[:] = value

    def reshape(self, *shape: Any, **options: Any) -> Any:
        """Give the same elements in another shape."""
        target = shape[0] if len(shape) == 1 else shape
        args = (self, target) if shape else (self,)
        return as_view(self, self.recorder.call(SPELLINGS[np.reshape], args, options))

    def ravel(self, order: str = "C") -> Any:
        """Give the elements in one row, as a view where NumPy can."""
        row = self.recorder.call(SPELLINGS[np.ravel], (self,), {"order": order})
        return as_view(self, row, ravels=True)

    def flatten(self, order: str = "C") -> Any:
        """Give a copy of the elements in one row."""
        row = self.recorder.call(SPELLINGS[np.ravel], (self,), {"order": order})
        return self.recorder.wrap(row.node)

    def transpose(self, *axes: Any) -> Any:
        """Give the axes in another order."""
        order = (
            axes[0] if len(axes) == 1 and not isinstance(axes[0], int) else axes or None
        )
        turned = self.recorder.call(SPELLINGS[np.transpose], (self, order), {})
        return as_view(self, turned)

    def view(self, dtype: Any = None) -> Any:
        """Give the array itself under another name."""
        if isinstance(dtype, type) and issubclass(dtype, np.ndarray):
            self.recorder.refuse(
                DtypeError, f"a {dtype.__name__} computes otherwise than an array",
                "give the mask as an argument, and write np.where(mask, 0, x) or "
                "np.sum(x, where=~mask)",
            )  # fmt: skip
        if dtype is not None:
            self.recorder.refuse(
                TraceError, "`.view` with a type reads the bytes of an array as others",
                "write .astype to convert its values",
            )  # fmt: skip
        return self

    def __round__(self, digits: int | None = None) -> Any:
        if digits is None:
            refuse_number(self.recorder, self.node, "a whole number")
        return np.round(self, digits)

    def copy(self, order: str = "C") -> Any:
        """Give an array of its own with the same values."""
        made = self.recorder.wrap(self.node)
        made.cell.in_order = order == "C"
        return made

    def __copy__(self) -> Any:
        return self.copy("K")

    def __deepcopy__(self, _memo: Any) -> Any:
        return self.copy("K")

    def astype(self, dtype: Any, *, copy: bool = True, **_options: Any) -> Any:
        """Convert; among floating types this keeps the type that comes in."""
        converted = self.recorder.convert(self, np.dtype(dtype))
        return converted if converted is not self or not copy else self.copy()

    def __getattr__(self, name: str) -> Any:
        if name.startswith("__"):
            message = f"a traced array has no {name}"
            raise AttributeError(message)
        if name in _METHODS:
            function = getattr(np, name)
            return lambda *args, **options: function(self, *args, **options)
        if name == "compress":
            return lambda condition, axis=None: np.compress(condition, self, axis)
        if name in METHODS:
            return lambda *args, **options: self.recorder.call(
                METHODS[name], (self, *args), options, f".{name}"
            )
        if name in _WRITES:
            self.recorder.refuse(
                TraceError,
                f"`.{name}` writes into a traced array",
                "write an expression that gives a new array",
            )
        if name in ("item", "tolist", "tobytes"):
            return lambda *_: refuse_number(self.recorder, self.node, "a number")
        if hasattr(np.ndarray, name):
            self.recorder.unknown(f".{name}")
        message = f"an array has no attribute {name!r}"
        raise AttributeError(message)

    def __getitem__(self, index: Any) -> Any:
        return self.recorder.call(item, (self, index), {}, "getitem")

    def __setitem__(self, index: Any, value: Any) -> None:
        self.recorder.call(write_item, (self, index, value), {}, "setitem")

    def __delitem__(self, _index: Any) -> None:
        self.recorder.refuse(
            TraceError, "elements of an array cannot be deleted",
            "write np.delete(x, index), which gives a new array",
        )  # fmt: skip

    # --- what cannot be traced --------------------------------------------------------

    def __contains__(self, value: Any) -> bool:
        return bool(np.any(self == value))

    def __format__(self, _how: str) -> str:
        return repr(self)  # for a print that looks at the tracing

    def __bool__(self) -> bool:
        answer = self.recorder.assumed()
        if answer is not None:
            return answer
        if not any(
            n.op is argument or "bound" in n.op.traits for n in order([self.node])
        ):
            self.refuse_size()
        what, instead = told_of_call()
        if what:
            self.recorder.refuse(TraceError, what, instead)
        return self.recorder.refuse(
            TraceError, BRANCH, CHOOSE)  # fmt: skip

    def refuse_size(self) -> NoReturn:
        """Refuse a branch that would be right for one size and wrong for another."""
        if hasattr(self, "as_dim") and numbers_in(self.as_dim()):
            self.recorder.refuse(
                TraceError, "a branch depends on the number of the step, and a loop "
                "over an axis that is only a name has one step for all numbers",
                "write np.where(t > 0, a, b), or do what is special before the loop",
            )  # fmt: skip
        self.recorder.refuse(
            TraceError, "a branch depends on a size that is only a name",
            "give that axis a number in the spec, or derive once for each case",
        )  # fmt: skip

    def __float__(self) -> NoReturn:
        refuse_number(self.recorder, self.node, "a number")

    __int__ = __complex__ = __float__

    def __index__(self) -> NoReturn:  # noqa: PLE0305
        refuse_number(self.recorder, self.node, "a whole number")

    def __len__(self) -> int:
        first = self.node.spec.shape[0] if self.ndim else None
        if not isinstance(first, int):
            self.recorder.refuse(
                TraceError, "len() of an axis that is only a name", "write x.shape[0]"
            )
        return first

    def __iter__(self) -> Iterator[Any]:
        if is_named(self):
            return self.recorder.steps_along(as_run(self))
        if not self.ndim:
            what, instead = told_of_call()
            if what:
                self.recorder.refuse(TraceError, what, instead)
            self.recorder.refuse(
                TraceError, "a loop runs over a number, which has no elements",
                "loop over an array, or over range(n)",
            )  # fmt: skip
        return (self[i] for i in range(len(self)))

    def __array__(self, *_args: Any, **_options: Any) -> NoReturn:
        refuse_number(self.recorder, self.node, "an array")

    def __hash__(self) -> int:
        return id(self)

    def __repr__(self) -> str:
        return f"Variable{self.node.spec}"


def _place_of(ufunc: Any, name: str) -> str:
    """Give the name under which users know a ufunc: of NumPy's, or of SciPy's."""
    if getattr(np, ufunc.__name__, None) is ufunc:
        return f"np.{name}"
    return f"scipy.special.{name.removeprefix('_').removeprefix('riemann_')}"
