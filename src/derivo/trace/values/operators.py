"""The operators of traced values, and the sizes that are known by name."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from derivo.graph.dim import Dim, Size, is_at_least, names
from derivo.graph.op import Op
from derivo.ops.catalogue import CATALOGUE
from derivo.ops.complex_pair import is_complex
from derivo.ops.leaf import size
from derivo.trace.memory.cell import Cell
from derivo.trace.memory.selection import Selection
from derivo.trace.recording import Recording
from derivo.trace.sizes.counts import Ratio, ratio_of
from derivo.trace.sizes.numbered import numbers_in
from derivo.trace.values.conversions import refuse_number
from derivo.trace.values.variable import Variable

Method = Callable[..., Any]


class SizeVariable(Variable):
    """A size that is known by name: arithmetic with integers gives sizes again."""

    __slots__ = ()

    def as_dim(self) -> Dim:
        """Give the dimension itself."""
        dim: Dim = self.node.attrs["dim"]
        return dim

    def __bool__(self) -> bool:
        if not is_at_least(self.as_dim(), 1):
            return super().__bool__()
        self.recorder.suppose(self.as_dim() - 1)
        return True

    def __repr__(self) -> str:
        return str(self.as_dim())


class RatioVariable(Variable):
    """A quotient of sizes that are known by name: rounded, it is a size again.

    Attributes
    ----------
    ratio
        The sizes.
    """

    __slots__ = ("ratio",)

    ratio: Ratio

    @classmethod
    def of(cls, number: Variable, ratio: Ratio) -> RatioVariable:
        """Let a traced number remember the sizes that it is a quotient of."""
        known = cls(number.cell, number.recorder)
        known.ratio = ratio
        return known

    def __floor__(self) -> Any:
        return self.recorder.size(self.ratio.floor())

    def __ceil__(self) -> Any:
        return self.recorder.size(self.ratio.ceil())

    def __trunc__(self) -> Any:
        self.recorder.require(self.ratio.num)  # towards 0 is down
        return self.__floor__()

    def __array_ufunc__(
        self, ufunc: Any, method: str, *args: Any, **options: Any
    ) -> Any:
        rounded = _ROUNDED.get(ufunc)
        if rounded is not None and method == "__call__" and not options:
            return rounded(self)
        return super().__array_ufunc__(ufunc, method, *args, **options)


_ROUNDED: dict[Any, Method] = {
    np.floor: RatioVariable.__floor__, np.ceil: RatioVariable.__ceil__,
    np.trunc: RatioVariable.__trunc__,
}  # fmt: skip


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
        known = _of_sizes(op, method, self, other, swapped=swapped)
        if known is not None:
            return known
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


def _of_sizes(
    op: Op, method: str | None, own: Variable, other: Any, *, swapped: bool
) -> Any:
    """Compute with sizes and quotients of sizes; None for other operands."""
    dim = _as_size(other) if method and isinstance(own, SizeVariable) else None
    if dim is not None:
        return own.recorder.size(getattr(own.as_dim(), method)(dim))  # type: ignore[arg-type]
    first, second = ratio_of(own), ratio_of(other)
    if first is None or second is None:
        return None
    if swapped:
        first, second = second, first
    word = "div" if op.name == "floor_divide" else op.name
    ratio = first.combined(word, second)
    if ratio is None or not is_at_least(ratio.den, 1):
        return None
    if op.name == "floor_divide":
        return own.recorder.size(ratio.floor())
    args = (other, own) if swapped else (own, other)
    return RatioVariable.of(own.recorder.call(op, args, {}), ratio)


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
    if known is None:
        is_array = isinstance(other, Variable | np.ndarray)
        args = (other, self)
        return self.recorder.call(CATALOGUE["equal"], args, {}) if is_array else False
    apart = self.as_dim() - known
    if numbers_in(apart):  # the number of a step: a value like any other
        return self.recorder.call(CATALOGUE["equal"], (self, other), {})
    if not isinstance(apart, Size):
        return apart == 0
    if any(_is_above(self, a) for a in (apart, -apart)):
        return False
    # N == 1 holds for one N and not for another.
    answer = self.recorder.assumed()
    return self.refuse_size() if answer is None else answer


def _is_above(self: SizeVariable, apart: Dim) -> bool:
    """Tell whether a size is above another, and note what that takes for granted."""
    if is_at_least(apart, 1):
        self.recorder.suppose(apart - 1)
        return True
    if is_at_least(apart, 0) and len(names(apart)) > 1:
        self.recorder.require(apart - 1)  # N and N*C, where C is 2 or more
        return True
    return False


def _comparison(op: Op, word: str) -> Method:
    """Give a comparison, which is decided at once where it holds for every size."""
    recorded = _operator(op)

    def apply(self: SizeVariable, other: Any) -> Any:
        known = _as_size(other)
        if known is None or numbers_in((self.as_dim(), known)):
            return recorded(self, other)
        # Whether a < b, and whether a >= b, are questions about b - a.
        apart = self.as_dim() - known
        apart = -apart if word in ("lt", "le") else apart
        bound = 1 if word in ("lt", "gt") else 0
        for answer, above in ((True, apart - bound), (False, bound - 1 - apart)):
            if is_at_least(above, 0):
                self.recorder.suppose(above)
                return answer
        return recorded(self, other)

    return apply


def _negative(self: SizeVariable) -> Any:
    return self.recorder.size(-self.as_dim())


def _power(self: SizeVariable, power: Any) -> Any:
    if isinstance(power, int) and not isinstance(power, bool) and 0 < power < 9:
        return self.recorder.size(self.as_dim() ** power)
    return _operator(CATALOGUE["power"])(self, power)


def _both_parts(self: SizeVariable, other: Any) -> Any:
    """Give what ``divmod`` gives of sizes."""
    if _as_size(other) is None:
        return np.divmod(self, other)
    pair: Any = self
    return pair // other, pair % other


# Python's name, the operation, and what it does to sizes: as it stands, and with the
# operands exchanged.
_BINARY = {
    "add": ("add", "__add__", "__radd__"),
    "sub": ("sub", "__sub__", "__rsub__"),
    "mul": ("mul", "__mul__", "__rmul__"),
    "truediv": ("div", None, None),
    "floordiv": ("floor_divide", "__floordiv__", "__rfloordiv__"),
    "mod": ("remainder", "__mod__", "__rmod__"),
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
for _word in ("lt", "le", "gt", "ge"):
    _decided = _comparison(CATALOGUE[_COMPARISONS[_word]], _word)
    setattr(SizeVariable, f"__{_word}__", _decided)
for _word, _name in _UNARY.items():
    setattr(Variable, f"__{_word}__", _unary(CATALOGUE[_name]))
for _word, _ufunc in _REFUSED.items():
    setattr(Variable, f"__{_word}__", lambda self, other, u=_ufunc: u(self, other))
    setattr(Variable, f"__r{_word}__", lambda self, other, u=_ufunc: u(other, self))
setattr(Variable, "__pos__", Variable.__copy__)  # noqa: B010  (mypy: no such attribute)
setattr(SizeVariable, "__neg__", _negative)  # noqa: B010
setattr(SizeVariable, "__pow__", _power)  # noqa: B010
setattr(SizeVariable, "__divmod__", _both_parts)  # noqa: B010
setattr(SizeVariable, "__eq__", _same_size)  # noqa: B010


def _other_size(self: SizeVariable, other: Any) -> Any:
    same: Any = _same_size(self, other)
    return CATALOGUE["logical_not"](same) if hasattr(same, "record") else not same


setattr(SizeVariable, "__ne__", _other_size)  # noqa: B010
# Comparing by value takes the hash away.
setattr(SizeVariable, "__hash__", lambda self: hash(self.node))  # noqa: B010
