"""Discrete Fourier transforms.

An operation gives a real array, so the real and the imaginary part of a result stand
one after the other along a new first axis. In between, the
user's function computes with a
`ComplexPair`. The transform is a linear map of the real and the imaginary part; its
adjoint is the inverse transform without the division (with `norm` "forward" and
"backward" exchanged).
"""

from __future__ import annotations

from typing import Any

from derivo.errors import ShapeError
from derivo.graph.element import Unscripted
from derivo.graph.op import Op
from derivo.graph.spec import Spec
from derivo.ops.arithmetic import logical_or
from derivo.ops.catalogue import CATALOGUE, register
from derivo.ops.elementwise import where
from derivo.ops.leaf import arange, made
from derivo.ops.shape import as_dim, expand_dims

LINEAR = frozenset({"floating"})
_TRANSFORMED = Unscripted("is a Fourier transform, which a page leaves to NumPy")
ADJOINT = {None: "forward", "forward": None, "ortho": "ortho"}
_APART = "\n{out} = np.stack([{out}.real, {out}.imag])"
_JOINED = "{0} + 1j * {1}"


def _call(word: str, operand: str, attrs: Any, rank: int, sizes: str = "") -> str:
    """Write the call of a transform along one axis or several."""
    axes = attrs["axes"]
    if len(axes) == 1:
        sizes = ", {n}" if sizes else ""
        axis = "" if axes[0] == rank - 1 else f", axis={axes[0]}"
        return f"np.fft.{word}({operand}{sizes}{axis}, norm={{norm}})"
    return f"np.fft.{word}n({operand}{sizes}, axes={{axes}}, norm={{norm}})"


def half(n: Any) -> Any:
    """Give the number of frequencies from 0 to the half of a real signal."""
    return n // 2 + 1


def _rfft_spec(x: Spec, axes: Any, norm: Any) -> Spec:
    del norm
    last = axes[-1]
    shape = (*x.shape[:last], half(x.shape[last]), *x.shape[last + 1 :])
    return Spec((2, *shape), "float")


def _inner(x: Any, k: int, n: Any, axis: int, factor: float) -> Any:
    """Give a factor for the frequencies that stand for two: all but the ends."""
    places = made(arange, x, stop=as_dim(k))
    ends = logical_or(places == 0, CATALOGUE["equal"](2 * places, n))
    weights = where(ends, 1.0, factor)
    for _ in range(x.ndim - 1 - axis):
        weights = expand_dims(weights, axis=-1)
    return x * weights


def _rfft_vjp(g: Any, _y: Any, x: Any, *, axes: Any, norm: Any) -> tuple[Any]:
    last = axes[-1]
    g = _inner(g, g.shape[last + 1], x.shape[last], last + 1, 0.5)
    sizes = tuple(as_dim(x.shape[a]) for a in axes)
    how = {"axes": axes, "s": sizes, "n": sizes[-1], "norm": ADJOINT[norm]}
    return (irfft(g[0], g[1], **how),)


# Of real signals: the frequencies from 0 to the half.
rfft = register(
    Op(
        "rfft", ("x",), _rfft_spec,
        lambda attrs, x: "{out} = "
        + _call("rfft", "{0}", attrs, len(x.shape)) + _APART,
        vjp=_rfft_vjp, attrs={"axes": (), "norm": None},
        latex=r"\operatorname{{rfft}} {0}", traits=LINEAR,
        samples=lambda rng: ((rng.normal(size=(3, 6)),), {"axes": (1,)}),
        js=_TRANSFORMED,
    )
)  # fmt: skip


def _same(a: Spec, b: Spec) -> tuple[Any, ...]:
    if a.shape != b.shape:
        message = "real and imaginary part have different shapes"
        raise ShapeError(message)
    return a.shape


def _irfft_spec(a: Spec, b: Spec, axes: Any, s: Any, n: Any, norm: Any) -> Spec:
    del s, norm
    shape = list(_same(a, b))
    shape[axes[-1]] = n
    return Spec(tuple(shape), "float")


def _irfft_vjp(
    g: Any, _y: Any, _a: Any, _b: Any, *, axes: Any, s: Any, n: Any, norm: Any
) -> Any:
    del s, n
    back = rfft(g, axes=axes, norm=ADJOINT[norm])
    last = axes[-1]
    back = _inner(back, back.shape[last + 1], g.shape[last], last + 1, 2.0)
    return back[0], back[1]


irfft: Op = register(
    Op(
        "irfft", ("re", "im"), _irfft_spec,
        lambda attrs, z, _: _call("irfft", _JOINED, attrs, len(z.shape), ", s={s}"),
        vjp=_irfft_vjp, attrs={"axes": (), "s": (), "n": 1, "norm": None},
        latex=r"\operatorname{{irfft}}({0} + i {1})", traits=LINEAR,
        samples=lambda rng: ((rng.normal(size=(3, 4)), rng.normal(size=(3, 4))),
                             {"axes": (1,), "s": (6,), "n": 6}),
        js=_TRANSFORMED,
    )
)  # fmt: skip


def _word(attrs: Any) -> str:
    return "ifft" if attrs["inverse"] else "fft"


def _fft_vjp(
    g: Any, _y: Any, _a: Any, _b: Any, *, axes: Any, inverse: bool, norm: Any
) -> Any:
    back = fft(g[0], g[1], axes=axes, inverse=not inverse, norm=ADJOINT[norm])
    return back[0], back[1]


fft: Op = register(
    Op(
        "fft", ("re", "im"), lambda a, b, **_: Spec((2, *_same(a, b)), "float"),
        lambda attrs, z, _: "{out} = "
        + _call(_word(attrs), _JOINED, attrs, len(z.shape)) + _APART,
        vjp=_fft_vjp, attrs={"axes": (), "inverse": False, "norm": None},
        latex=lambda attrs, *_: rf"\operatorname{{{{{_word(attrs)}}}}}"
        "({0} + i {1})",
        samples=lambda rng: ((rng.normal(size=(3, 5)), rng.normal(size=(3, 5))),
                             {"axes": (1,)}),
        traits=LINEAR,
        js=_TRANSFORMED,
    )
)  # fmt: skip


def _real_fft_vjp(g: Any, _y: Any, _x: Any, **how: Any) -> Any:
    return (_fft_vjp(g, None, None, None, **how)[0],)


fft_of_real = register(
    Op(
        "fft_of_real", ("x",), lambda x, **_: Spec((2, *x.shape), "float"),
        lambda attrs, x: "{out} = "
        + _call(_word(attrs), "{0}", attrs, len(x.shape)) + _APART,
        vjp=_real_fft_vjp, attrs={"axes": (), "inverse": False, "norm": None},
        latex=lambda attrs, *_: rf"\operatorname{{{{{_word(attrs)}}}}} {{0}}",
        samples=lambda rng: ((rng.normal(size=(3, 4)),), {"axes": (0, 1)}),
        traits=LINEAR,
        js=_TRANSFORMED,
    )
)  # fmt: skip
