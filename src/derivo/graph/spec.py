"""What is known of a value before it is computed: its shape and its kind."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, cast

import numpy as np
import numpy.typing as npt

from derivo.errors import DtypeError, ShapeError, UsageError
from derivo.graph import dim as _dim
from derivo.graph.dim import Dim, Shape, format_shape
from derivo.graph.sizes import parse_shape

# From weak to strong, in NumPy's order of promotion (NEP 50). "float" is whatever
# floating type comes in; the "py" kinds are Python numbers, which never widen an array.
KINDS = ("bool", "pyint", "int", "pyfloat", "float")
IN_TEXT = ("float", "int", "bool")  # the words that may follow the sizes: "N int"
WRITTEN: Any = object()  # the kind that stands in the text


def kind_in(text: str) -> tuple[str, str]:
    """Part the text of a spec: the sizes, and the kind, "float" if there is none."""
    *sizes, last = text.replace(",", " ").split() or [""]
    misplaced = [word for word in sizes if word in IN_TEXT]
    if misplaced:
        kind = misplaced[0]
        message = f"{text!r}: one kind, after the sizes, as in 'N {kind}'"
        raise ShapeError(message)
    return (" ".join(sizes), last) if last in IN_TEXT else (text, "float")


@dataclass(frozen=True, init=False)
class Spec:
    """Shape and kind of a value.

    Parameters
    ----------
    shape
        A tuple of dimensions, which may be text, or text such as ``"N L"``, after which
        the kind may stand: ``"N int"``.
    kind
        ``"float"`` (float32 in gives float32 out), ``"int"`` or ``"bool"``; a NumPy
        dtype is reduced to one of these. "float" if it is left out in the text, too.
    """

    shape: Shape
    kind: str

    def __init__(
        self, shape: Shape | tuple[Dim | str, ...] | str,
        kind: npt.DTypeLike = WRITTEN,
    ) -> None:  # fmt: skip
        sides: Any = shape
        if isinstance(shape, str):
            text, written = kind_in(shape)
            sides, kind = (text,), written if kind is WRITTEN else kind
        elif kind is WRITTEN:
            kind = "float"
        if not isinstance(sides, tuple | list):
            message = (
                f"Spec({shape!r}): the shape is to be a text such as 'N L', or a tuple "
                "of sizes"
            )
            raise ShapeError(message)
        if any(issubclass(kind, str) for kind in {*map(type, sides)}):
            read: Shape = ()
            for side in sides:
                read += parse_shape(side) if isinstance(side, str) else (side,)
            sides = read
        object.__setattr__(self, "shape", tuple(sides))
        known = isinstance(kind, str) and kind in KINDS
        object.__setattr__(self, "kind", kind if known else kind_of(_dtype(kind)))

    @property
    def rank(self) -> int:
        """Number of axes."""
        return len(self.shape)

    @property
    def is_weak(self) -> bool:
        """Whether this is a Python number, which takes the type of what it meets."""
        return self.kind.startswith("py")

    def __str__(self) -> str:
        """Write the shape, and the kind where it is not the usual one."""
        text = format_shape(self.shape)
        return text if self.kind in ("float", "pyfloat") else f"{text} {self.kind}"


def _dtype(kind: Any) -> np.dtype[Any]:
    try:
        dtype: np.dtype[Any] = np.dtype(kind)
    except (TypeError, ValueError):
        message = f"a kind is 'float', 'int' or 'bool', or a type of NumPy's: {kind!r}"
        raise DtypeError(message) from None
    return dtype


def kind_of(dtype: np.dtype[Any]) -> str:
    """Reduce a NumPy dtype to "float", "int" or "bool"."""
    kind = {"f": "float", "i": "int", "u": "int", "b": "bool"}.get(dtype.kind)
    if kind is None or dtype == np.float16:
        instead = {
            "c": "write the real and the imaginary part as two arrays",
            "f": "convert first: x.astype(np.float32)",
            "O": "convert first: np.array(values, dtype=float)",
            "U": "number the words: _, x = np.unique(words, return_inverse=True)",
        }.get(dtype.kind, "convert first: x.astype(np.float64)")
        message = (
            f"arrays of type {dtype} cannot be derived; derivo takes float32, float64, "
            f"integer and boolean arrays. Instead: {instead}"
        )
        raise DtypeError(message)
    return kind


def as_plain(value: Any) -> Any:
    """Give a value back, unless it is an array with an arithmetic of its own.

    Raises
    ------
    DtypeError
        A masked array, whose sums leave elements out, or a matrix, whose ``*`` is a
        product of matrices.
    """
    for kind in type(value).__mro__:
        if kind.__module__.startswith("numpy") and kind.__name__ in _OWN_ARITHMETIC:
            message = (
                f"a {kind.__name__} computes otherwise than an array. Instead: give "
                f"{_OWN_ARITHMETIC[kind.__name__]}"
            )
            raise DtypeError(message)
    return value


_OWN_ARITHMETIC = {
    "MaskedArray": "np.asarray(x) and the mask as two arguments, and write "
    "np.sum(x, where=~mask)",
    "matrix": "np.asarray(x), and write @ for products of matrices",
}


def spec_of(value: object) -> Spec:
    """Read a Spec from text, an example array, a Python number, or a Spec."""
    if isinstance(value, Spec):
        return value
    if isinstance(value, str):
        return Spec(value)
    if isinstance(value, tuple) and all(isinstance(d, int | _dim.Size) for d in value):
        return Spec(cast(Shape, value))
    if value is None or isinstance(value, dict | set):
        message = f"{value!r} is neither a shape ('N M', '3', '') nor an example array"
        raise UsageError(message)
    array = np.asarray(as_plain(value))
    return Spec(array.shape, kind_of(array.dtype))


def promote(*kinds: str) -> str:
    """Give the kind of a result of arithmetic, as NumPy would."""
    if len(set(kinds)) == 1:
        return kinds[0]
    top = max(kinds, key=KINDS.index)
    if top == "pyfloat" and ("int" in kinds or "bool" in kinds):
        return "float"
    if top == "pyint" and "bool" in kinds:
        return "int"
    return top


def broadcast(*shapes: Shape) -> Shape:
    """Give the common shape of arrays that are combined element by element.

    Raises
    ------
    ShapeError
        Two sizes on the same axis differ and neither is 1.
    """
    if shapes and all(s == shapes[0] for s in shapes[1:]):
        return shapes[0]
    rank = max((len(s) for s in shapes), default=0)
    result: list[Dim] = [1] * rank
    for shape in shapes:
        for axis, d in enumerate(shape, start=rank - len(shape)):
            if result[axis] == 1:
                result[axis] = d
            elif d not in (1, result[axis]):
                listed = " and ".join(format_shape(s) for s in shapes)
                message = f"{listed} do not fit together: {result[axis]} against {d}"
                raise ShapeError(message)
    return tuple(result)
