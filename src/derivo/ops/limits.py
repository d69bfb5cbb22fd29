"""The limits of the floating type in use: ``np.finfo(x.dtype).eps``."""

from __future__ import annotations

from typing import Any

import numpy as np

from derivo.graph.op import Op
from derivo.graph.spec import Spec
from derivo.ops.catalogue import register

# Those of the numbers that `numpy.finfo` gives that are floating themselves, and what
# they are called.
LIMITS = {
    "eps": "eps", "epsneg": "eps", "max": "largest", "min": "lowest", "tiny": "tiny",
    "smallest_normal": "tiny", "smallest_subnormal": "tiny", "resolution": "resolution",
}  # fmt: skip


def _text(attrs: Any, x: Any) -> str:
    # A number may be one of Python's, which has no dtype.
    of = "{0}" if np.ndim(x) or getattr(x, "rank", 0) else "np.asarray({0})"
    return f"np.finfo({of}.dtype).{attrs['name']}"


limit = register(
    Op(
        "limit", ("x",), lambda _x, **_: Spec((), "float"), _text,
        vjp=lambda _g, _y, _x, **_: (None,), attrs={"name": "eps"},
        latex=lambda attrs, *_: rf"\text{{{{{attrs['name'].replace('_', ' ')}}}}}",
        samples=lambda rng: ((rng.normal(size=(3, 4)),), {"name": "eps"}),
        called=lambda node: [(LIMITS[node.attrs["name"]], ())],
        # A page computes in float64.
        js=lambda attrs, *_: repr(float(getattr(np.finfo(float), attrs["name"]))),
    )
)  # fmt: skip
