"""``x[mask]``: as many elements as the mask holds, which nobody knows while tracing.

The whole array is computed with, and the mask says in the end which elements count. So
such a selection may be mapped element by element, summed, averaged, counted, and
written back under the same mask; anything else is refused by name. In the places that
the mask leaves out stands a number at which everything that is computed, and its
derivative, is finite: a NaN there would spoil the sums, and 0 times infinity the
gradients.
"""

from __future__ import annotations

import itertools
from collections.abc import Callable, Iterator, Sequence
from functools import partial
from typing import Any, NoReturn

import numpy as np
from numpy.lib.mixins import NDArrayOperatorsMixin

from derivo.errors import NotSupportedError, ShapeError
from derivo.graph.dim import format_shape
from derivo.ops.catalogue import CATALOGUE
from derivo.ops.index import steps_to
from derivo.ops.infer import normal_axis
from derivo.ops.leaf import fill
from derivo.ops.shape import as_shape, expand_dims
from derivo.ops.tidy import number
from derivo.trace.memory.cell import View

# What stands in the places that are left out: None if that is not known, and may be
# anything; FINITE if it is not known, but finite; or the number itself.
FINITE = "finite"
Rest = None | str | float
# Numbers that serve nearly every function, the best first.
_FILLS = (0.0, 1.0, 0.5, 2.0)
# What a number that is only known to be finite may be.
_ANY = (-1e3, -1.5, 0.0, 0.7, 1e3)
_ANY_BESIDE = (-2.5, 0.3, 1.7)
_STEP = 1e-4

_ELEMENTWISE = frozenset({
    np.where, np.clip, np.nan_to_num, np.sinc, np.round, np.real, np.positive,
    np.zeros_like, np.ones_like, np.full_like, np.copy, np.i0, np.angle,
})  # fmt: skip
_METHODS = frozenset({
    "sum", "mean", "max", "min", "prod", "var", "std", "any", "all", "clip", "dot",
    "round",
})  # fmt: skip
_INSTEAD = (
    "map it element by element, sum or average it, or write it back by the same mask; "
    "for the rest use np.where(mask, x, something) on the whole array"
)


class Selection:
    """The elements of an array that a mask selects.

    Parameters
    ----------
    full
        The whole array, traced.
    mask
        Which elements count, traced.
    rest
        What stands in the other places: see `Rest`.
    first
        The axis of `full` that the first one of the mask belongs to.
    """

    __slots__ = ("first", "full", "mask", "recorder", "rest")
    __array_priority__ = 1001

    def __init__(self, full: Any, mask: Any, rest: Rest = None, first: int = 0) -> None:
        self.full = full
        self.mask = mask
        self.rest = rest
        self.first = first
        self.recorder = full.recorder

    def _with(self, full: Any, rest: Rest) -> Selection:
        return Selection(full, self.mask, rest, self.first)

    # --- what an array has ------------------------------------------------------------

    @property
    def count(self) -> Any:
        """How many elements, or rows, the mask selects."""
        return np.sum(self.mask)

    @property
    def shape(self) -> tuple[Any, ...]:
        """The shape, in which one size is counted when the function runs."""
        whole = self.full.shape
        after = self.first + self.mask.ndim
        return (*whole[: self.first], self.count, *whole[after:])

    @property
    def ndim(self) -> int:
        """Number of axes."""
        return int(self.full.ndim - self.mask.ndim + 1)

    @property
    def size(self) -> Any:
        """Number of elements."""
        n: Any = 1
        for d in self.shape:
            n = n * d
        return n

    @property
    def dtype(self) -> Any:
        """Kind of the elements."""
        return self.full.dtype

    def copy(self) -> Selection:
        """Give a selection of its own with the same elements."""
        return self._with(self.full, self.rest)

    ravel = flatten = copy

    def astype(self, dtype: Any, **_options: Any) -> Selection:
        """Convert the elements."""
        return self._with(self.full.astype(dtype), self.rest)

    # --- element by element -----------------------------------------------------------

    def record(self, op: Any, args: tuple[Any, ...], attrs: dict[str, Any]) -> Any:
        """Record an operation on elements."""
        if "elementwise" not in op.traits and "chooses" not in op.traits:
            self._refuse(f"`{op.name}`")
        return self._mapped(partial(op, **attrs), args)

    def __array_ufunc__(
        self, ufunc: Any, method: str, *args: Any, **options: Any
    ) -> Any:
        name = f"np.{ufunc.__name__}"
        if method != "__call__" or options.get("out") is not None or ufunc.signature:
            if ufunc is np.matmul:
                return self._product(*args)
            self._refuse(f"`{name}`" if method == "__call__" else f"`{name}.{method}`")
        return self._mapped(partial(ufunc, **options), args)

    def __array_function__(
        self, function: Any, _types: Any, args: tuple[Any, ...], options: dict[str, Any]
    ) -> Any:
        given = (function, *args)
        return self.recorder.call(self._call, given, options, function.__name__)

    def _call(self, function: Any, *args: Any, **options: Any) -> Any:
        if function in _ELEMENTWISE:
            return self._mapped(partial(function, **options), args)
        if function in (np.dot, np.vdot, np.inner):
            return self._product(*args)
        if function in (np.size, np.shape, np.ndim):
            return getattr(self, function.__name__)
        if function is np.linalg.norm and len(args) == 1 and not options:
            return np.linalg.norm(self._filled(0.0).full.ravel())
        name = function.__name__.removeprefix("a") if function in (
            np.amax, np.amin) else function.__name__  # fmt: skip
        reduction = _REDUCTIONS.get(name)
        if reduction is None or args[0] is not self:
            self._refuse(f"`np.{function.__name__}`")
        return reduction(*args, **options)

    def __getattr__(self, name: str) -> Any:
        if name in _METHODS:
            return lambda *args, **options: getattr(np, name)(self, *args, **options)
        if name.startswith("__") or not hasattr(np.ndarray, name):
            message = f"a selection has no attribute {name!r}"
            raise AttributeError(message)
        return self._refuse(f"`.{name}`")

    def _mapped(self, function: Callable[..., Any], args: tuple[Any, ...]) -> Selection:
        """Apply a function of elements to whole arrays, filled where it needs that."""
        own = [a if isinstance(a, Selection) else None for a in args]
        for a in args:
            self._require_fitting(a)
        if _is_affine(function, args):
            # Nothing in it can overflow, nor any derivative: what is left out may wait.
            whole = [a if s is None else s.full for a, s in zip(args, own, strict=True)]
            return self._with(function(*whole), None)
        fills = _safe_fills(function, args)
        if fills is None:
            self._refuse(f"`{getattr(function, 'func', function).__name__}` here")
        filled = [
            a if s is None else s._filled(fill).full  # noqa: SLF001  its own kind
            for a, s, fill in zip(args, own, fills, strict=True)
        ]
        known = [
            fill if fill is not None else s.rest if s is not None else _number(a)
            for a, s, fill in zip(args, own, fills, strict=True)
        ]
        rest: Rest = FINITE
        if all(isinstance(v, bool | int | float) for v in known):
            with np.errstate(all="ignore"):
                rest = float(function(*known))
        return self._with(function(*filled), rest)

    def _require_fitting(self, other: Any) -> None:
        """Refuse what does not belong to the same elements."""
        if isinstance(other, Selection):
            if other.mask.node is not self.mask.node or other.first != self.first:
                self._refuse("another selection, by another mask")
        elif np.ndim(other) >= self.ndim - self.first:
            shape = format_shape(as_shape(np.shape(other)))
            self._refuse(f"an array of shape {shape} that is not picked by the mask")

    def _filled(self, value: float | None) -> Selection:
        """Put a number in the places that are left out; None leaves them alone."""
        if value is None or self.rest == value:
            return self
        kind = self.full.node.spec.kind
        plain: Any = int(value) if float(value).is_integer() else value
        plain = bool(value) if kind == "bool" else plain
        return self._with(np.where(self.wide_mask, self.full, plain), value)

    @property
    def wide_mask(self) -> Any:
        """The mask with axes for all that follow it in the whole array."""
        return widened(self.mask, self.full.ndim - self.first)

    def _product(self, a: Any, b: Any) -> Any:
        """Multiply as ``@`` does: two selections, or the rows of one with a matrix."""
        if isinstance(a, Selection) and isinstance(b, Selection):
            if a.ndim == b.ndim == 1:
                return _sum(self._mapped(CATALOGUE["mul"], (a, b)))
        elif isinstance(a, Selection) and a.ndim > 1 and not a.first:
            return Selection(a._filled(0.0).full @ b, a.mask, 0.0)  # noqa: SLF001
        return self._refuse("`@`")

    def __getitem__(self, index: Any) -> Any:
        parts = index if isinstance(index, tuple) else (index,)
        if self.first or not isinstance(parts[0], slice) or parts[0] != slice(None):
            self._refuse("an index of its own")
        whole = (slice(None),) * self.mask.ndim
        return Selection(self.full[(*whole, *parts[1:])], self.mask, self.rest)

    # --- what is refused --------------------------------------------------------------

    def _refuse(self, what: str) -> NoReturn:
        self.recorder.refuse(
            NotSupportedError,
            "x[mask] has as many elements as the mask holds, which is not known, and "
            f"{what} has no rule for that",
            _INSTEAD,
        )
        raise AssertionError

    def __setitem__(self, _index: Any, _value: Any) -> None:
        self._refuse("writing into a part of it")

    def __iter__(self) -> Iterator[Any]:
        self._refuse("a loop")

    def __len__(self) -> int:  # noqa: PLE0303  it never returns
        self._refuse("len()")

    def __bool__(self) -> bool:  # noqa: PLE0304  it never returns
        self._refuse("a branch")

    def __array__(self, *_args: Any, **_options: Any) -> NoReturn:
        self._refuse("a plain array")

    def __repr__(self) -> str:
        return f"Selection{self.full.node.spec}"


# --- numbers for the places that are left out -----------------------------------------


def _safe_fills(
    function: Callable[..., Any], args: Sequence[Any]
) -> tuple[float | None, ...] | None:
    """Give numbers at which a function and its derivatives are finite.

    One for each argument: None where nothing needs to be filled in. None if there are
    no such numbers.
    """
    choices: list[list[tuple[float | None, tuple[float, ...]]]] = []
    for a in args:
        rest = a.rest if isinstance(a, Selection) else _number(a)
        if isinstance(rest, bool | int | float):
            now: list[Any] = [(None, (float(rest),))]
        elif rest == FINITE:
            now = [(None, _ANY)]
        else:
            now = [] if isinstance(a, Selection) else [(None, _ANY_BESIDE)]
        if isinstance(a, Selection):
            now += [(fill, (fill,)) for fill in _FILLS]
        choices.append(now)
    for chosen in itertools.product(*choices):
        if all(_is_finite(function, at) for at in itertools.product(
                *(values for _, values in chosen))):  # fmt: skip
            return tuple(fill for fill, _ in chosen)
    return None


def _is_affine(function: Callable[..., Any], args: Sequence[Any]) -> bool:
    """Tell a sum or difference of selections, or a multiple of one by a number."""
    raw = [isinstance(a, Selection) and a.rest is None for a in args]
    known = [None if r else _number(a) for r, a in zip(raw, args, strict=True)]
    is_known = [
        r or isinstance(k, int | float) for r, k in zip(raw, known, strict=True)
    ]
    if len(args) != 2 or not any(raw) or not all(is_known):
        return False

    def at(*values: float) -> Any:
        own = iter(values)
        return function(
            *(next(own) if r else k for r, k in zip(raw, known, strict=True))
        )

    count = sum(raw)
    a, b = (1.7, -0.4)[:count], (-2.3, 1.1)[:count]
    both = tuple(p + q for p, q in zip(a, b, strict=True))
    with np.errstate(all="ignore"):
        try:
            apart = at(*a) + at(*b) - at(*both) - at(*(0.0,) * count)
        except (ValueError, TypeError, ArithmeticError):
            return False
    return bool(abs(apart) < 1e-12)


def _number(value: Any) -> Any:
    """Give an operand that is a plain number; None for arrays and traced values."""
    if hasattr(value, "node"):
        return number(value)
    return value.item() if np.ndim(value) == 0 and hasattr(value, "item") else (
        value if np.ndim(value) == 0 else None)  # fmt: skip


def _is_finite(function: Callable[..., Any], at: tuple[float, ...]) -> bool:
    """Tell whether a function is finite at a place and beside it, on each axis."""
    with np.errstate(all="ignore"):
        for k in range(len(at)):
            for step in (-_STEP, 0.0, _STEP):
                near = [*at]
                near[k] += step
                try:
                    value = function(*near)
                except (ValueError, TypeError, ArithmeticError):
                    return False
                if not np.all(np.isfinite(value)):
                    return False
    return True


# --- reductions ---------------------------------------------------------------------


def _axes(x: Selection, axis: Any) -> tuple[tuple[int, ...], bool]:
    """Give the axes of the whole array, and whether the selected one is among them."""
    k, first = x.mask.ndim, x.first
    own = normal_axis(axis, x.ndim)
    axes = [a for a in own if a < first]
    axes += [first + j for j in range(k)] if first in own else []
    return (*axes, *(a + k - 1 for a in own if a > first)), first in own


def _reduced(function: Callable[..., Any], neutral: float) -> Callable[..., Any]:
    """Give a reduction for selections: `neutral` stands in the other places."""

    def call(x: Selection, axis: Any = None, *, keepdims: bool = False) -> Any:
        axes, over_selected = _axes(x, axis)
        if keepdims and over_selected:
            x._refuse("keepdims= along the selected axis")  # noqa: SLF001
        filled = x._filled(neutral if over_selected else 0.0)  # noqa: SLF001
        result = function(filled.full, axis=axes, keepdims=keepdims)
        if over_selected:
            return result
        gone = 0 if keepdims else sum(a < x.first for a in axes)
        return Selection(result, x.mask, FINITE, x.first - gone)

    return call


def _counted(x: Selection, axis: Any) -> Any:
    """Give the number of elements that a reduction combines."""
    n: Any = 1
    for a in normal_axis(axis, x.ndim):
        n = n * x.shape[a]
    return n


def _average(x: Selection, axis: Any = None, weights: Any = None) -> Any:
    if weights is None:
        return _mean(x, axis)
    weighted = x._mapped(CATALOGUE["mul"], (x, weights))  # noqa: SLF001
    total = weights if isinstance(weights, Selection) else _ones(x) * weights
    return _sum(weighted, axis) / _sum(total, axis)


def _ones(x: Selection) -> Any:
    return np.ones_like(x)


def _mean(x: Selection, axis: Any = None, *, keepdims: bool = False) -> Any:
    return _sum(x, axis, keepdims=keepdims) / _counted(x, axis)


def _var(x: Selection, axis: Any = None, *, ddof: Any = 0) -> Any:
    return _sum((x - _mean(x, axis)) ** 2, axis) / (_counted(x, axis) - ddof)


_sum = _reduced(np.sum, 0.0)
_REDUCTIONS: dict[str, Callable[..., Any]] = {
    "sum": _sum, "mean": _mean, "average": _average, "var": _var,
    "std": lambda x, axis=None, *, ddof=0: np.sqrt(_var(x, axis, ddof=ddof)),
    "max": _reduced(np.max, -np.inf), "min": _reduced(np.min, np.inf),
    "prod": _reduced(np.prod, 1.0), "any": _reduced(np.any, 0.0),
    "all": _reduced(np.all, 1.0), "count_nonzero": _reduced(np.count_nonzero, 0.0),
}  # fmt: skip

# --- operators ------------------------------------------------------------------------

_BINARY = {
    "add": "add", "sub": "sub", "mul": "mul", "truediv": "div", "pow": "power",
    "floordiv": "floor_divide", "mod": "remainder", "and": "logical_and",
    "or": "logical_or", "xor": "logical_xor",
}  # fmt: skip
_COMPARISONS = {
    "lt": "less", "le": "less_equal", "gt": "greater", "ge": "greater_equal",
    "eq": "equal", "ne": "not_equal",
}  # fmt: skip
_UNARY = {"neg": "neg", "abs": "abs", "invert": "logical_not"}


def _operator(op: Any, *, swapped: bool = False) -> Callable[..., Any]:
    def apply(self: Selection, other: Any) -> Selection:
        return self._mapped(op, (other, self) if swapped else (self, other))

    return apply


def _in_place(method: Callable[..., Any]) -> Callable[..., Any]:
    def apply(self: Selection, other: Any) -> Selection:
        result = method(self, other)
        self.full, self.rest = result.full, result.rest
        return self

    return apply


def _unary(op: Any) -> Callable[..., Any]:
    return lambda self: self._mapped(op, (self,))


for _word, _name in _BINARY.items():
    _method = _operator(CATALOGUE[_name])
    setattr(Selection, f"__{_word}__", _method)
    setattr(Selection, f"__r{_word}__", _operator(CATALOGUE[_name], swapped=True))
    setattr(Selection, f"__i{_word}__", _in_place(_method))
for _word, _name in _COMPARISONS.items():
    setattr(Selection, f"__{_word}__", _operator(CATALOGUE[_name]))
for _word, _name in _UNARY.items():
    setattr(Selection, f"__{_word}__", _unary(CATALOGUE[_name]))
setattr(Selection, "__hash__", object.__hash__)  # noqa: B010
setattr(Selection, "__matmul__", lambda self, other: self._product(self, other))  # noqa: B010
setattr(Selection, "__rmatmul__", lambda self, other: self._product(other, self))  # noqa: B010


# --- masks as indices -----------------------------------------------------------------


class Places(NDArrayOperatorsMixin):
    """What ``np.nonzero(mask)`` gives for one axis: good as an index, and to count.

    Parameters
    ----------
    mask
        Where the places are.
    axis
        The axis whose places these are.
    """

    __slots__ = ("axis", "mask", "recorder")

    ndim = 1

    def __init__(self, mask: Any, axis: int) -> None:
        self.mask = mask
        self.axis = axis
        self.recorder = mask.recorder

    @property
    def size(self) -> Any:
        """How many there are."""
        return np.sum(self.mask)

    @property
    def shape(self) -> tuple[Any, ...]:
        """How many there are, as a shape."""
        return (self.size,)

    def record(self, op: Any, _args: Any, _attrs: Any) -> NoReturn:
        """Refuse to be computed with."""
        self._refuse(f"`{op.name}`")

    def __getattr__(self, name: str) -> Any:
        if name.startswith("__") or not hasattr(np.ndarray, name):
            message = f"places have no attribute {name!r}"
            raise AttributeError(message)
        return self._refuse(f"`.{name}`")

    def __array_function__(self, function: Any, *_: Any) -> Any:
        return self._refuse(f"`np.{function.__name__}`")

    def __array_ufunc__(self, ufunc: Any, *_: Any, **__: Any) -> Any:
        return self._refuse(f"`np.{ufunc.__name__}`")

    def __iter__(self) -> Iterator[Any]:
        return self._refuse("a loop")

    def __getitem__(self, _index: Any) -> Any:
        return self._refuse("an index of its own")

    def __len__(self) -> int:
        return self._refuse("len()")

    def __array__(self, *_args: Any, **_options: Any) -> NoReturn:
        self._refuse("a plain array")

    def _refuse(self, what: str) -> NoReturn:
        self.recorder.refuse(
            NotSupportedError,
            "how many places np.nonzero, or np.where with one argument, gives is not "
            f"known, and {what} has no rule for that",
            "use it as an index, or use the mask itself",
        )
        raise AssertionError


def nonzero(x: Any) -> tuple[Places, ...]:
    """Give the places where an array is not 0, for each axis."""
    mask = x if x.node.spec.kind == "bool" else x != 0
    return tuple(Places(mask, a) for a in range(x.ndim))


def flatnonzero(x: Any) -> Places:
    """Give the places where a vector is not 0."""
    if x.ndim != 1:
        x = x.ravel()
    return nonzero(x)[0]


# Functions that give what a mask selects, with the number of their arguments.
MASKING: dict[Any, tuple[int, Callable[..., Any]]] = {
    np.where: (1, nonzero), np.nonzero: (1, nonzero), np.flatnonzero: (1, flatnonzero),
    np.extract: (2, lambda mask, x: np.ravel(x)[np.ravel(mask)]),
}  # fmt: skip


def masked(x: Any, index: Any) -> tuple[Any, Any, int] | None:
    """Read an index that holds a traced mask.

    Returns
    -------
    tuple or None
        The steps to the part that the mask belongs to, the mask, and the first of its
        axes in that part; None for other indices.
    """
    parts = index if isinstance(index, tuple) else (index,)
    parts = tuple(_without_places(x, parts))
    masks = [k for k, p in enumerate(parts) if _is_mask(p)]
    if not masks:
        return None
    if len(masks) > 1 or any(hasattr(p, "node") and not hasattr(p, "as_dim")
                             for p in parts if not _is_mask(p)):  # fmt: skip
        message = "an index holds a mask and another array; take one step at a time"
        raise ShapeError(message)
    (k,) = masks
    mask = parts[k]
    basic = (*parts[:k], *(slice(None),) * mask.ndim, *parts[k + 1 :])
    steps = steps_to(x, basic)
    spec = x.node.spec
    for op, attrs in steps:
        spec = op.infer(spec, **attrs)
    first = sum(p is None or isinstance(p, slice) for p in parts[:k])
    if Ellipsis in [p for p in parts[:k] if not hasattr(p, "record")]:
        after = sum(p is None or isinstance(p, slice) for p in parts[k + 1 :])
        first = spec.rank - after - mask.ndim
    own = spec.shape[first : first + mask.ndim]
    if own != mask.node.spec.shape:
        message = (
            f"a mask of shape {format_shape(mask.node.spec.shape)} is the index of "
            f"axes of shape {format_shape(own)}"
        )
        raise ShapeError(message)
    return steps, mask, first


def widened(mask: Any, rank: int) -> Any:
    """Give a mask with more axes behind its own."""
    for _ in range(rank - mask.ndim):
        mask = expand_dims(mask, axis=-1)
    return mask


def _is_mask(part: Any) -> bool:
    return hasattr(part, "node") and part.node.spec.kind == "bool" and part.ndim > 0


def _without_places(x: Any, parts: tuple[Any, ...]) -> Iterator[Any]:
    """Give the mask in the place of what ``np.nonzero`` gave for each of its axes."""
    left = list(parts)
    while left:
        part = left.pop(0)
        if not isinstance(part, Places):
            yield part
            continue
        others = [left.pop(0) for _ in range(part.mask.ndim - 1) if left]
        numbers = [p.axis if isinstance(p, Places) else None for p in (part, *others)]
        alike = all(getattr(p, "mask", None) is part.mask for p in others)
        if not alike or numbers != list(range(part.mask.ndim)):
            x.recorder.refuse(
                NotSupportedError,
                "the places that np.nonzero gives are used apart from each other",
                "use all of them, in their order, as one index, or use the mask itself",
            )
        yield part.mask


def select(x: Any, steps: Any, mask: Any, first: int) -> Selection:
    """Give the elements of a part of an array that a mask selects."""
    return Selection(View.part(x, steps), mask, first=first)


def write_selected(x: Any, steps: Any, mask: Any, first: int, value: Any) -> None:
    """Write where a mask holds."""
    part = View.part(x, steps)
    wide = widened(mask, part.ndim - first)
    if isinstance(value, Selection):
        if value.mask.node is not mask.node or value.first != first:
            value._refuse("writing it by another mask")  # noqa: SLF001
        value = value.full
    else:
        many = np.ndim(value) > part.ndim - mask.ndim - first
        if many and as_shape(np.shape(value))[0] != 1:
            x.recorder.refuse(
                NotSupportedError,
                "as many values as a mask holds are written, which is not known",
                "pick them by the same mask, as in y[mask] = x[mask]",
            )
    value = x.recorder.fitting(value, part.node.spec, "unsafe")
    new = np.where(wide, value, part)
    if part.node.op is fill:  # an array of one number is that number
        short = np.where(wide, value, part.node.attrs["value"])
        new = short if short.node.spec == new.node.spec else new
    View(x, steps, new.node).write(new.node)
