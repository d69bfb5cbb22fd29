"""The operators of traced values, and the sizes that are known by name."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, NoReturn

import numpy as np

from derivo.errors import TraceError
from derivo.graph.dim import Dim, Size
from derivo.graph.op import Op
from derivo.ops.catalogue import CATALOGUE
from derivo.ops.complex_pair import is_complex
from derivo.ops.leaf import size
from derivo.trace.cell import Cell
from derivo.trace.conversions import refuse_number
from derivo.trace.numbered import numbers_in
from derivo.trace.recording import Recording
from derivo.trace.selection import Selection
from derivo.trace.variable import Variable

Method = Callable[..., Any]


class SizeVariable(Variable):
    """A size that is known by name: arithmetic with integers gives sizes again."""

    __slots__ = ()

    def as_dim(self) -> Dim:
        """Give the dimension itself."""
        dim: Dim = self.node.attrs["dim"]
        return dim

    def __float__(self) -> NoReturn:
        self.recorder.refuse(
            TraceError, f"the size {self.as_dim()} is only a name, and is converted to "
            "a Python number",
            "leave float() or int() away: sizes can be computed with",
        )  # fmt: skip

    __int__ = __complex__ = __float__

    def __repr__(self) -> str:
        return str(self.as_dim())


def variable(cell: Cell, recorder: Recording) -> Variable:
    """Give the variable for a cell."""
    return (SizeVariable if cell.node.op is size else Variable)(cell, recorder)


def _as_size(value: Any) -> Dim | None:
    """Read a size, traced or a number; None for anything else."""
    value = value.as_dim() if isinstance(value, SizeVariable) else value
    is_size = isinstance(value, int | Size) and not isinstance(value, bool)
    return value if is_size else None


def _is_count(value: Variable) -> bool:
    return not value.node.spec.rank and value.node.spec.kind in ("int", "pyint")


_UFUNCS = {"sub": "subtract", "mul": "multiply", "div": "divide"}


def _operator(op: Op, method: str | None = None, *, swapped: bool = False) -> Method:
    """Give the operator that records `op`; `method` is what it does to sizes."""

    def apply(self: Variable, other: Any) -> Any:
        if method and isinstance(self, SizeVariable):
            known = _as_size(other)
            if known is not None:
                return self.recorder.size(getattr(self.as_dim(), method)(known))
        if op.name == "mul" and isinstance(other, list | tuple) and _is_count(self):
            # As Python does it: [0] * 3 is [0, 0, 0].
            refuse_number(self.recorder, self.node, "a whole number")
        if isinstance(other, list | tuple):
            traced = any(isinstance(o, Variable) for o in other)
            other = np.asarray(other) if traced else other
        if hasattr(other, "tocoo") or isinstance(other, Selection):
            return NotImplemented  # it knows what to do
        args = (other, self) if swapped else (self, other)
        if is_complex(other):
            return getattr(np, _UFUNCS.get(op.name, op.name))(*args)
        return self.recorder.call(op, args, {})

    return apply


def _in_place(method: Method) -> Method:
    """Give the operator that writes what `method` gives into the array itself.

    A single number cannot be written to: its name gets a new one.
    """

    def apply(self: Variable, other: Any) -> Any:
        if not self.is_array:
            return NotImplemented
        self.write(method(self, other))
        return self

    return apply


def _unary(op: Op) -> Method:
    return lambda self: self.recorder.call(op, (self,), {})


def _same_size(self: SizeVariable, other: Any) -> Any:
    """Compare sizes at once, where that holds for every value of the names."""
    known = _as_size(other)
    if known is None and isinstance(other, Variable | np.ndarray):
        return self.recorder.call(CATALOGUE["equal"], (other, self), {})
    if known is None:
        return False
    apart = self.as_dim() - known
    if numbers_in(apart):  # the number of a step: a value like any other
        return self.recorder.call(CATALOGUE["equal"], (self, other), {})
    if isinstance(apart, Size):  # N == 1 holds for one N and not for another
        answer = self.recorder.assumed()
        return self.refuse_size() if answer is None else answer
    return apart == 0


# Python's name, the operation, and what it does to sizes: as it stands, and with the
# operands exchanged.
_BINARY = {
    "add": ("add", "__add__", "__radd__"),
    "sub": ("sub", "__sub__", "__rsub__"),
    "mul": ("mul", "__mul__", "__rmul__"),
    "truediv": ("div", None, None),
    "floordiv": ("floor_divide", "__floordiv__", "__rfloordiv__"),
    "mod": ("remainder", None, None),
    "pow": ("power", None, None),
    "matmul": ("matmul", None, None),
    "and": ("logical_and", None, None),
    "or": ("logical_or", None, None),
    "xor": ("logical_xor", None, None),
}
_COMPARISONS = {
    "lt": "less", "le": "less_equal", "gt": "greater", "ge": "greater_equal",
    "eq": "equal", "ne": "not_equal",
}  # fmt: skip
_UNARY = {"neg": "neg", "abs": "abs", "invert": "logical_not"}
# These have no rule: NumPy's own functions say so, with the line.
_REFUSED = {"divmod": np.divmod, "lshift": np.left_shift, "rshift": np.right_shift}

for _word, (_name, _forwards, _exchanged) in _BINARY.items():
    _op = CATALOGUE[_name]
    setattr(Variable, f"__{_word}__", _operator(_op, _forwards))
    setattr(Variable, f"__i{_word}__", _in_place(_operator(_op)))
    setattr(Variable, f"__r{_word}__", _operator(_op, _exchanged, swapped=True))
for _word, _name in _COMPARISONS.items():
    setattr(Variable, f"__{_word}__", _operator(CATALOGUE[_name]))
for _word, _name in _UNARY.items():
    setattr(Variable, f"__{_word}__", _unary(CATALOGUE[_name]))
for _word, _ufunc in _REFUSED.items():
    setattr(Variable, f"__{_word}__", lambda self, other, u=_ufunc: u(self, other))
    setattr(Variable, f"__r{_word}__", lambda self, other, u=_ufunc: u(other, self))
setattr(Variable, "__pos__", Variable.copy)  # noqa: B010  (mypy: no such attribute)
setattr(SizeVariable, "__eq__", _same_size)  # noqa: B010


def _other_size(self: SizeVariable, other: Any) -> Any:
    same: Any = _same_size(self, other)
    return CATALOGUE["logical_not"](same) if hasattr(same, "record") else not same


setattr(SizeVariable, "__ne__", _other_size)  # noqa: B010
# Comparing by value takes the hash away.
setattr(SizeVariable, "__hash__", lambda self: hash(self.node))  # noqa: B010
