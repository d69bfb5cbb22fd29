"""A complex array, while a function is traced: its real and its imaginary part."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from derivo.errors import NotSupportedError
from derivo.graph.dim import format_shape
from derivo.ops.catalogue import SPELLINGS, as_numpy_reads
from derivo.ops.elementwise import arctan2, cos, exp, hypot, log, sin
from derivo.ops.shape import as_shape

NumPy = Callable[..., Any]


class ComplexPair:
    """A complex array as two real ones; it comes from a Fourier transform.

    Arithmetic, ``.real``, ``.imag``, ``abs``, `np.angle`, `np.exp`, `np.log`, sums,
    means, indexing and rearranging are known.

    A function that is derived returns real arrays.
    """

    __array_priority__ = 2000
    __slots__ = ("imag", "real")

    def __init__(self, real: Any, imag: Any) -> None:
        self.real, self.imag = real, imag

    @classmethod
    def of(cls, parts: Any) -> ComplexPair:
        """Read the parts that stand one after the other along the first axis."""
        return cls(parts[0], parts[1])

    @property
    def shape(self) -> Any:
        """Shape of either part."""
        return self.real.shape

    @property
    def ndim(self) -> int:
        """Number of axes."""
        return int(np.ndim(self.real))

    @property
    def size(self) -> Any:
        """Number of elements."""
        return self.real.size

    @property
    def dtype(self) -> np.dtype[Any]:
        """Complex."""
        return np.dtype(complex)

    @property
    def T(self) -> ComplexPair:  # noqa: N802
        """The transpose."""
        return self._each(np.transpose)

    def conj(self) -> ComplexPair:
        """Turn the sign of the imaginary part."""
        return ComplexPair(self.real, -self.imag)

    conjugate = conj

    def copy(self) -> ComplexPair:
        """Give the value itself: it is never written to."""
        return self

    def _each(self, function: NumPy, *args: Any, **options: Any) -> ComplexPair:
        """Apply a function that takes no notice of what numbers are."""
        return ComplexPair(
            function(self.real, *args, **options), function(self.imag, *args, **options)
        )

    # --- arithmetic -------------------------------------------------------------------

    def __add__(self, other: Any) -> ComplexPair:
        b = joined(other)
        return ComplexPair(self.real + b.real, self.imag + b.imag)

    def __sub__(self, other: Any) -> ComplexPair:
        b = joined(other)
        return ComplexPair(self.real - b.real, self.imag - b.imag)

    def __rsub__(self, other: Any) -> ComplexPair:
        first: ComplexPair = joined(other)
        return first - self

    def __mul__(self, other: Any) -> ComplexPair:
        if is_real(other):
            return ComplexPair(self.real * other, self.imag * other)
        b = joined(other)
        return ComplexPair(
            self.real * b.real - self.imag * b.imag,
            self.real * b.imag + self.imag * b.real,
        )

    __radd__, __rmul__ = __add__, __mul__

    def __truediv__(self, other: Any) -> ComplexPair:
        if is_real(other):
            return ComplexPair(self.real / other, self.imag / other)
        b = joined(other)
        up: ComplexPair = self * b.conj()
        ratio: ComplexPair = up / (b.real * b.real + b.imag * b.imag)
        return ratio

    def __rtruediv__(self, other: Any) -> ComplexPair:
        return joined(other) / self

    def __neg__(self) -> ComplexPair:
        return ComplexPair(-self.real, -self.imag)

    def __pos__(self) -> ComplexPair:
        return self

    def __abs__(self) -> Any:
        return hypot(self.real, self.imag)

    def __pow__(self, n: Any) -> ComplexPair:
        if not isinstance(n, int) or n < 1:
            message = "a complex value to a power other than 1, 2, 3, ... has no rule"
            raise NotSupportedError(message)
        result = self
        for _ in range(n - 1):
            result = result * self
        return result

    def __matmul__(self, other: Any) -> ComplexPair:
        if is_real(other):
            return ComplexPair(self.real @ other, self.imag @ other)
        b = joined(other)
        return ComplexPair(
            self.real @ b.real - self.imag @ b.imag,
            self.real @ b.imag + self.imag @ b.real,
        )

    def __rmatmul__(self, other: Any) -> ComplexPair:
        return joined(other) @ self

    # --- as an array ------------------------------------------------------------------

    def __getitem__(self, index: Any) -> ComplexPair:
        return ComplexPair(self.real[index], self.imag[index])

    def __len__(self) -> int:
        return len(self.real)

    def __array_ufunc__(
        self, ufunc: Any, method: str, *args: Any, **options: Any
    ) -> Any:
        known = _UFUNCS.get(ufunc.__name__) if method == "__call__" else None
        if known is None or options:
            return _refuse(f"np.{ufunc.__name__}")
        return known(*args)

    def __array_function__(
        self, function: Any, _types: Any, args: tuple[Any, ...], options: dict[str, Any]
    ) -> Any:
        if function.__module__ == "numpy.fft":
            args, options = as_numpy_reads(function, args, options)
            return SPELLINGS[function](*args, **options)
        if function in _TAKEN_APART:
            return _TAKEN_APART[function](*args, **options)
        if function in _JOINING:
            parts = [joined(p) for p in args[0]]
            return ComplexPair(
                function([p.real for p in parts], *args[1:], **options),
                function([p.imag for p in parts], *args[1:], **options),
            )
        if function not in _BY_PART:
            _refuse(f"np.{function.__name__}")
        return self._each(function, *args[1:], **options)

    def __getattr__(self, name: str) -> Any:
        function = getattr(np, name, None)
        if name.startswith("__") or function not in _BY_PART:
            raise AttributeError(name)
        return lambda *args, **options: self._each(function, *args, **options)

    def __array__(self, *_args: Any, **_options: Any) -> Any:
        _refuse("this function")

    def __repr__(self) -> str:
        return f"complex array {format_shape(as_shape(self.shape))}"


def _refuse(what: str) -> Any:
    message = (
        f"`{what}` of a complex value has no rule. Instead: compute with its real and "
        "its imaginary part, z.real and z.imag, or with np.abs(z)"
    )
    raise NotSupportedError(message)


def is_complex(value: Any) -> bool:
    """Tell whether a number or an array that is no traced value is complex."""
    if isinstance(value, complex | np.complexfloating):
        return True
    return isinstance(value, np.ndarray) and value.dtype.kind == "c"


def is_real(value: Any) -> bool:
    """Tell whether a number or an array, traced or not, is real."""
    return not isinstance(value, ComplexPair) and not is_complex(value)


def joined(value: Any) -> ComplexPair:
    """Give any value as a complex one."""
    if isinstance(value, ComplexPair):
        return value
    if is_real(value):
        value = value if hasattr(value, "record") else np.asarray(value)
        return ComplexPair(value, 0.0 * value)
    array = np.asarray(value)
    return ComplexPair(array.real[()].copy(), array.imag[()].copy())


def _exp(z: Any) -> ComplexPair:
    size = exp(z.real)
    return ComplexPair(size * cos(z.imag), size * sin(z.imag))


def _angle(z: Any, deg: bool = False) -> Any:
    turned = arctan2(z.imag, z.real)
    return turned * (180 / np.pi) if deg else turned


_UFUNCS: dict[str, NumPy] = {
    "add": lambda a, b: joined(a) + b,
    "subtract": lambda a, b: joined(a) - b,
    "multiply": lambda a, b: a * b if isinstance(a, ComplexPair) else b * a,
    "divide": lambda a, b: joined(a) / b,
    "matmul": lambda a, b: joined(a) @ b,
    "negative": lambda a: -a, "positive": lambda a: a,
    "absolute": abs, "conjugate": lambda a: a.conj(),
    "square": lambda a: a * a, "power": lambda a, n: a**n,
    "exp": _exp,
    "log": lambda z: ComplexPair(log(abs(z)), _angle(z)),
}  # fmt: skip
_TAKEN_APART: dict[Any, NumPy] = {
    np.real: lambda val: val.real, np.imag: lambda val: val.imag, np.angle: _angle,
    np.iscomplexobj: lambda _x: True, np.isrealobj: lambda _x: False,
    np.shape: lambda a: a.shape, np.ndim: lambda a: a.ndim,
    np.copy: lambda a: a,
}  # fmt: skip
_BY_PART = frozenset({
    np.sum, np.mean, np.cumsum, np.reshape, np.ravel, np.transpose, np.swapaxes,
    np.moveaxis, np.expand_dims, np.squeeze, np.flip, np.roll, np.repeat, np.tile,
    np.diff, np.pad, np.broadcast_to, np.take, np.trace, np.diagonal, np.flipud,
    np.fliplr,
})  # fmt: skip
_JOINING = frozenset({np.concatenate, np.stack, np.hstack, np.vstack})

# What NumPy's own spelling does with a real value stands in the other files.
