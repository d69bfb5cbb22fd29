"""NumPy's spellings of the Fourier transforms."""

from __future__ import annotations

from typing import Any

import numpy as np

from derivo.errors import ShapeError
from derivo.ops.catalogue import SPELLINGS, spells, spells_scipy
from derivo.ops.complex_pair import ComplexPair, joined
from derivo.ops.fourier import ADJOINT, fft, fft_of_real, half, irfft, rfft
from derivo.ops.index import cut
from derivo.ops.infer import normal_axis
from derivo.ops.rearrange import pad, roll
from derivo.ops.shape import as_array, as_dim, as_shape


def _norm(norm: Any) -> Any:
    if norm not in (None, "backward", "forward", "ortho"):
        message = f"norm={norm!r} is neither 'backward' nor 'ortho' nor 'forward'"
        raise ShapeError(message)
    return None if norm == "backward" else norm


def _resized(x: Any, axis: int, n: Any) -> Any:
    """Cut an axis down to `n` elements, or fill it up with zeros."""
    if isinstance(x, ComplexPair):
        return ComplexPair(_resized(x.real, axis, n), _resized(x.imag, axis, n))
    size = as_shape(x.shape)[axis]
    if size == n:
        return x
    if not isinstance(size, int) or not isinstance(n, int):
        message = f"n={n} for an axis of size {size}: which is larger is not known"
        raise ShapeError(message)
    if n < size:
        return cut(x, axis, None, n)
    widths = tuple((0, n - size) if a == axis else (0, 0) for a in range(x.ndim))
    return pad(x, widths=widths)


def _axes(x: Any, s: Any, axes: Any) -> tuple[tuple[int, ...], Any]:
    """Read the axes of a transform along several, and their sizes."""
    if axes is None:
        axes = range(-len(s), 0) if s is not None else range(x.ndim)
    axes = axes if isinstance(axes, tuple | list | range) else (axes,)
    return tuple(normal_axis(a, x.ndim)[0] for a in axes), s


def _full(x: Any, axes: tuple[int, ...], *, inverse: bool, norm: Any) -> ComplexPair:
    how = {"axes": axes, "inverse": inverse, "norm": _norm(norm)}
    if isinstance(x, ComplexPair):
        return ComplexPair.of(fft(x.real, x.imag, **how))
    return ComplexPair.of(fft_of_real(x, **how))


def _several(inverse: bool, default: Any) -> Any:
    def call(a: Any, s: Any = None, axes: Any = default, norm: Any = None) -> Any:
        a = _array(a)
        along, sizes = _axes(a, s, axes)
        for axis, n in zip(along, sizes if sizes is not None else (), strict=False):
            a = _resized(a, axis, as_dim(n))
        return _full(a, along, inverse=inverse, norm=norm)

    return call


def _array(a: Any) -> Any:
    return a if isinstance(a, ComplexPair) else as_array(a)


def _single(inverse: bool) -> Any:
    several = _several(inverse, None)
    return lambda a, n=None, axis=-1, norm=None: several(
        a, None if n is None else (n,), (axis,), norm
    )


spells(np.fft.fft)(_single(False))
spells(np.fft.ifft)(_single(True))
spells(np.fft.fft2)(_several(False, (-2, -1)))
spells(np.fft.ifft2)(_several(True, (-2, -1)))
spells(np.fft.fftn)(_several(False, None))
spells(np.fft.ifftn)(_several(True, None))


def _several_real(default: Any) -> Any:
    def call(a: Any, s: Any = None, axes: Any = default, norm: Any = None) -> Any:
        if isinstance(a, ComplexPair):
            message = "the transform of a real signal is asked for of a complex one"
            raise ShapeError(message)
        a = as_array(a)
        along, sizes = _axes(a, s, axes)
        for axis, n in zip(along, sizes if sizes is not None else (), strict=False):
            a = _resized(a, axis, as_dim(n))
        return ComplexPair.of(rfft(a, axes=along, norm=_norm(norm)))

    return call


def _several_to_real(default: Any) -> Any:
    def call(a: Any, s: Any = None, axes: Any = default, norm: Any = None) -> Any:
        z = joined(a)
        along, sizes = _axes(z, s, axes)
        shape = as_shape(z.shape)
        if sizes is None:
            sizes = [*(shape[x] for x in along[:-1]), 2 * (shape[along[-1]] - 1)]
        sizes = [as_dim(n) for n in sizes]
        for axis, n in zip(along[:-1], sizes[:-1], strict=True):
            z = _resized(z, axis, n)
        z = _resized(z, along[-1], half(sizes[-1]))
        return irfft(
            z.real, z.imag, axes=along, s=tuple(sizes), n=sizes[-1], norm=_norm(norm)
        )

    return call


_rfft, _irfft = _several_real(None), _several_to_real(None)


@spells(np.fft.rfft)
def rfft_of(a: Any, n: Any = None, axis: int = -1, norm: Any = None) -> ComplexPair:
    """Give the transform of a real signal: frequencies from 0 to the half."""
    z: ComplexPair = _rfft(a, None if n is None else (n,), (axis,), norm)
    return z


@spells(np.fft.irfft)
def irfft_of(a: Any, n: Any = None, axis: int = -1, norm: Any = None) -> Any:
    """Give the real signal that has these frequencies from 0 to the half."""
    return _irfft(a, None if n is None else (n,), (axis,), norm)


spells(np.fft.rfft2)(_several_real((-2, -1)))
spells(np.fft.irfft2)(_several_to_real((-2, -1)))
spells(np.fft.rfftn)(_rfft)
spells(np.fft.irfftn)(_irfft)


@spells(np.fft.hfft)
def hfft(a: Any, n: Any = None, axis: int = -1, norm: Any = None) -> Any:
    """Give the real spectrum of a signal that is its own mirrored conjugate."""
    return irfft_of(joined(a).conj(), n, axis, ADJOINT[_norm(norm)])


@spells(np.fft.ihfft)
def ihfft(a: Any, n: Any = None, axis: int = -1, norm: Any = None) -> ComplexPair:
    """Give the first half of the signal that has a real spectrum."""
    z = rfft_of(a, n, axis, ADJOINT[_norm(norm)])
    return ComplexPair(z.real, -z.imag)


def _shifted(x: Any, axes: Any, *, back: bool) -> Any:
    if isinstance(x, ComplexPair):
        parts = (_shifted(p, axes, back=back) for p in (x.real, x.imag))
        return ComplexPair(*parts)
    x = as_array(x)
    for a in normal_axis(axes, x.ndim):
        n = as_shape(x.shape)[a]
        # Half of an odd size: rounded down to shift, up to shift back.
        shift = -(n // 2) if back else n // 2
        x = roll(x, shift=shift, axis=None if x.ndim == 1 else a)
    return x


spells(np.fft.fftshift)(lambda x, axes=None: _shifted(x, axes, back=False))
spells(np.fft.ifftshift)(lambda x, axes=None: _shifted(x, axes, back=True))


# --- the same in SciPy, which takes two options that change no number ----------------


def _of_scipy(function: Any) -> Any:
    def call(
        x: Any, *args: Any, overwrite_x: bool = False, workers: Any = None,
        plan: Any = None, **options: Any,
    ) -> Any:  # fmt: skip
        del overwrite_x, workers, plan
        return SPELLINGS[function](x, *args, **options)

    return call


for _name in ("fft", "ifft", "rfft", "irfft", "hfft", "ihfft", "fft2", "ifft2", "rfft2",
              "irfft2", "fftn", "ifftn", "rfftn", "irfftn"):  # fmt: skip
    spells_scipy(f"fft.{_name}")(_of_scipy(getattr(np.fft, _name)))
