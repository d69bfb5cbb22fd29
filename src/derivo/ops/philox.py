"""Random numbers from a counter: the key is an input, so every run draws the same.

Philox: J. Salmon and others, Parallel random numbers: as easy as 1, 2, 3 (2011). NumPy
has it as a bit generator; the emitted source calls that.
"""

from __future__ import annotations

from typing import Any

from derivo.errors import DtypeError, ShapeError
from derivo.graph.dim import format_shape
from derivo.graph.element import Unscripted
from derivo.graph.op import Op
from derivo.graph.spec import Spec
from derivo.ops.catalogue import register


def _spec(key: Spec, shape: Any) -> Spec:
    if key.kind == "float":
        message = "a key of random numbers holds integers (seed, counter), not floats"
        raise DtypeError(message)
    if key.shape not in ((), (2,)):
        message = (
            f"a key is one integer or two (seed, counter); it has the shape "
            f"{format_shape(key.shape)}"
        )
        raise ShapeError(message)
    return Spec(shape, "float")


# The generator would have to be written again, number for number.
_DRAWN = Unscripted("draws random numbers, which a page leaves to NumPy")


def _text(method: str) -> str:
    # Drawn in float64 and rounded, so that float32 sees the same numbers.
    return (
        "np.random.Generator(np.random.Philox(key={0}))"
        f".{method}({{shape}}).astype({{dtype}})"
    )


def _key(rng: Any) -> Any:
    return (rng.integers(0, 1000, 2),), {"shape": (3, 4)}


uniform = register(
    Op("uniform", ("key",), _spec, _text("random"), vjp=lambda *_a, **_k: (None,),
       attrs={"shape": ()}, samples=_key,
       js=_DRAWN)
)  # fmt: skip
normal = register(
    Op(
        "normal",
        ("key",),
        _spec,
        _text("standard_normal"),
        vjp=lambda *_a, **_k: (None,),
        attrs={"shape": ()},
        samples=_key,
        js=_DRAWN,
    )
)
