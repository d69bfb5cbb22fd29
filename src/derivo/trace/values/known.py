"""Arrays of known numbers that a function makes while it is traced.

``out = np.zeros(3)`` holds numbers: Python may ask it anything, and NumPy computes with
it. As soon as a traced value is written into it, it is a traced array, and so are its
views: the object stays the same, for the user may know it by several names.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from functools import partial
from typing import Any
from weakref import ref

import numpy as np
from numpy.lib.mixins import NDArrayOperatorsMixin

from derivo.errors import TraceError
from derivo.graph.node import Node
from derivo.graph.spec import kind_of
from derivo.ops.leaf import as_float, fill
from derivo.trace.memory.cell import VIEWS, Memory
from derivo.trace.memory.writes import WRITERS
from derivo.trace.values.variable import Variable

# Attributes that are arrays in the same memory.
_SHOWN = frozenset({"T", "mT", "real"})
_KINDS = "biuf"

Again = Callable[[Any], Any]


class Numbers:
    """What an array of numbers holds, in the place where a traced one has its cell.

    Attributes
    ----------
    array
        The numbers.
    base
        The array that this is a view of; None for an array of its own.
    again
        Takes the view of `base`; None if that is not known.
    views
        Those that were made of it.
    """

    __slots__ = ("again", "array", "base", "views")

    def __init__(
        self, array: Any, base: Known | None = None, again: Again | None = None
    ) -> None:
        self.array = array
        self.base = base
        self.again = again
        self.views: list[ref[Known]] = []


class Known(Memory, NDArrayOperatorsMixin):
    """An array of numbers, to which traced values may be written.

    Parameters
    ----------
    numbers
        What it holds.
    recorder
        Writes down what is done to it once it is traced.
    """

    __slots__ = ()
    __array_priority__ = 999

    def __init__(self, numbers: Numbers, recorder: Any) -> None:
        self.cell = numbers
        self.recorder = recorder
        self.way = None
        self.is_array = True
        if numbers.base is not None:
            numbers.base.cell.views.append(ref(self))

    @property  # type: ignore[misc]
    def __class__(self) -> Any:
        """What it stands for: ``isinstance(out, np.ndarray)`` holds."""
        return np.ndarray

    @property
    def array(self) -> Any:
        """The numbers."""
        return self.cell.array

    # --- becoming traced ------------------------------------------------------------

    def become_traced(self, *values: Any) -> None:
        """Turn this array and all its views into traced ones that hold these numbers.

        Parameters
        ----------
        *values
            What is about to be written, or where: one of them is traced.
        """
        root = root_of(self)
        # An array that outlived another trace belongs to this one from now on.
        self.recorder = root.recorder = _recorder_of(values)
        numbers = root.cell
        node = root.recorder.lift(uniform(root))
        _turn(root, root.recorder.cell(node), None)
        _turn_views(root, numbers)

    def write(self, value: Any, *, casting: str = "same_kind") -> None:
        """Write a traced value into the whole of this array."""
        self.become_traced(value)
        self.write(value, casting=casting)

    def __setitem__(self, index: Any, value: Any) -> None:
        if _is_traced(index) or _is_traced(value):
            self.become_traced(index, value)
            self[index] = value
        else:
            self.array[_plain(index)] = _plain(value)

    @property
    def flat(self) -> FlatNumbers:
        """The elements in one row."""
        return FlatNumbers(self)

    @flat.setter
    def flat(self, value: Any) -> None:
        self.flat[:] = value

    # --- computing with numbers -----------------------------------------------------

    def __array__(self, dtype: Any = None, copy: Any = None) -> Any:
        if dtype is not None and np.dtype(dtype) != self.array.dtype:
            return self.array.astype(dtype)
        return self.array.copy() if copy else self.array

    def __array_ufunc__(
        self, ufunc: Any, method: str, *args: Any, **options: Any
    ) -> Any:
        if method == "at" and _is_traced(args[1:]):
            args[0].become_traced(*args[1:])
            return ufunc.at(*args, **options)
        if _is_traced(args) or _is_traced(options.get("where")):
            return NotImplemented  # a traced value knows what to do
        target = options.get("out") or ()
        plain = {k: _plain(v) for k, v in options.items()}
        result = getattr(ufunc, method)(*(_plain(a) for a in args), **plain)
        given = [t for t in target if _plain(t) is result]
        return given[0] if given else self._wrapped(result)

    def __array_function__(
        self, function: Any, _types: Any, args: tuple[Any, ...], options: dict[str, Any]
    ) -> Any:
        if any(_is_traced(a) for a in (*args, *options.values())):
            if function in WRITERS and type(args[0]) is Known:
                args[0].become_traced(*args[1:], *options.values())
                return function(*args, **options)
            return NotImplemented
        plain = {k: _plain(v) for k, v in options.items()}
        result = function(*(_plain(a) for a in args), **plain)
        if options.get("out") is not None:
            return options["out"]
        again = None
        if args and args[0] is self and function in VIEWS:
            again = lambda base: function(base, *args[1:], **options)
        return self._wrapped(result, again)

    def _wrapped(self, result: Any, again: Again | None = None) -> Any:
        """Give a result as an array of this sort; numbers are what they are."""
        if isinstance(result, list | tuple):
            parts = [
                self._wrapped(r, again and partial(_part, again, k))
                for k, r in enumerate(result)
            ]
            return getattr(type(result), "_make", type(result))(parts)
        if type(result) is not np.ndarray or result.dtype.kind not in _KINDS:
            return result
        if np.may_share_memory(result, self.array):
            return Known(Numbers(result, self, again), self.recorder)
        return Known(Numbers(result), self.recorder)

    def __getitem__(self, index: Any) -> Any:
        if _is_traced(index):
            recorder = _recorder_of((index,))
            return recorder.wrap(recorder.lift(self))[index]
        index = _plain(index)
        return self._wrapped(self.array[index], lambda base: base[index])

    def __getattr__(self, name: str) -> Any:
        found = getattr(self.array, name)
        if name.startswith("__"):
            return found
        if callable(found):
            return partial(self._method, name)
        shows = name in _SHOWN
        return (
            self._wrapped(found, lambda base: getattr(base, name)) if shows else found
        )

    def _method(self, name: str, *args: Any, **options: Any) -> Any:
        if any(_is_traced(a) for a in (*args, *options.values())):
            self.become_traced(*args, *options.values())
            return getattr(self, name)(*args, **options)
        plain = {k: _plain(v) for k, v in options.items()}
        result = getattr(self.array, name)(*(_plain(a) for a in args), **plain)
        if options.get("out") is not None:
            return options["out"]
        return self._wrapped(result, lambda base: getattr(base, name)(*args, **options))

    # --- what Python asks -----------------------------------------------------------

    def __iter__(self) -> Iterator[Any]:
        return (self[k] for k in range(len(self.array)))

    def __len__(self) -> int:
        return len(self.array)

    def __bool__(self) -> bool:
        return bool(self.array)

    def __int__(self) -> int:
        return int(self.array)

    def __float__(self) -> float:
        return float(self.array)

    def __complex__(self) -> complex:
        return complex(self.array)

    def __index__(self) -> int:
        return int(self.array.__index__())

    def __contains__(self, value: Any) -> bool:
        return bool(np.any(self == value))

    def __repr__(self) -> str:
        return repr(self.array)

    def __str__(self) -> str:
        return str(self.array)

    def __format__(self, how: str) -> str:
        return format(self.array, how)

    def __copy__(self) -> Known:
        return Known(Numbers(self.array.copy()), self.recorder)

    def __deepcopy__(self, _memo: Any) -> Known:
        return self.__copy__()

    def __reduce__(self) -> Any:
        return np.array, (self.array.tolist(), self.array.dtype)


class FlatNumbers:
    """The elements of an array of numbers in one row.

    Parameters
    ----------
    array
        The array, which is written to when this is.
    """

    def __init__(self, array: Known) -> None:
        self.array = array

    def __getitem__(self, index: Any) -> Any:
        return self.array.array.flat[_plain(index)]

    def __setitem__(self, index: Any, value: Any) -> None:
        if _is_traced(index) or _is_traced(value):
            self.array.become_traced(index, value)
            self.array.flat[index] = value
        else:
            self.array.array.flat[_plain(index)] = _plain(value)

    def __len__(self) -> int:
        return int(self.array.array.size)

    def __iter__(self) -> Iterator[Any]:
        return iter(self.array.array.flat)


def known(array: Any, recorder: Any) -> Any:
    """Give a new array of numbers such that traced values can be written into it."""
    if type(array) is not np.ndarray or array.dtype.kind not in _KINDS:
        return array
    return Known(Numbers(array), recorder)


def as_it_was(array: Any, numbers: Any) -> tuple[Any, Node] | None:
    """Take back what was done to an array of numbers, which is a traced one then.

    Parameters
    ----------
    array
        It may have been turned into a traced one since.
    numbers
        What it held.

    Returns
    -------
    cell, node
        The memory that holds the numbers, and these; None if nothing was done.
    """
    recorder = array.recorder
    before: Node = recorder.lift(uniform(Known(Numbers(numbers), recorder)))
    if type(array) is Known:
        if np.array_equal(array.array, numbers, equal_nan=True):
            return None
        array.array[...] = numbers
        array.become_traced(recorder.wrap(before))
    return array.cell, before


def is_known(value: Any) -> bool:
    """Tell an array of numbers that was made while tracing."""
    return type(value) is Known


def root_of(array: Known) -> Known:
    """Give the array that an array of known numbers is a view of, or itself."""
    while array.cell.base is not None:
        array = array.cell.base
    return array


def _part(again: Again, k: int, base: Any) -> Any:
    return again(base)[k]


def _plain(value: Any) -> Any:
    """Give NumPy's own arrays in the place of these."""
    if type(value) is Known:
        return value.array
    if type(value) in (list, tuple) and any(map(_holds_known, value)):
        return type(value)(map(_plain, value))
    return value


def _holds_known(value: Any) -> bool:
    if type(value) in (list, tuple):
        return any(map(_holds_known, value))
    return type(value) is Known


def _is_traced(value: Any) -> bool:
    return bool(_recorders((value,)))


def _recorder_of(values: Any) -> Any:
    return _recorders(values)[0]


def _recorders(values: Any) -> list[Any]:
    """Give what records the traced values among some values, and in lists of them."""
    found = []
    for value in values:
        if type(value) in (list, tuple):
            found += _recorders(value)
        elif type(value) is slice:
            found += _recorders((value.start, value.stop, value.step))
        elif hasattr(type(value), "record"):
            found.append(value.recorder)
    return found


def uniform(array: Known) -> Any:
    """Give an array of one number as such, any other as it is."""
    numbers = array.array
    first: Any = numbers.flat[0] if numbers.size else 0
    if not np.all(numbers == first) or not np.isfinite(first):
        held = array.recorder.wrap(array.recorder.lift(array))
        return as_float(held) if numbers.dtype.kind == "f" else held
    kind = kind_of(numbers.dtype)
    value: Any = first.item() if numbers.size else 0
    value = int(value) if kind == "float" and value in (0, 1) else value
    attrs = {"value": value, "shape": numbers.shape, "kind": kind}
    return array.recorder.record(fill, (), attrs)


def _turn(array: Known, cell: Any, way: Any) -> None:
    # `__class__` of a Known tells what it stands for; this is what it is.
    object.__dict__["__class__"].__set__(array, Variable)
    array.cell, array.way = cell, way


def _turn_views(base: Any, numbers: Numbers) -> None:
    """Make views of what were views, in the order in which they were made."""
    for found in numbers.views:
        view = found()
        if view is None:
            continue
        own = view.cell
        shown: Any = None if own.again is None else own.again(base)
        if getattr(shown, "way", None) is None:
            base.recorder.refuse(
                TraceError,
                "a traced value is written into an array of which another one shows a "
                "part in a way that cannot be followed",
                "write into a copy of it: out = out.copy()",
            )
        _turn(view, shown.cell, shown.way)
        _turn_views(view, own)
