"""PyTorch under NumPy's names, for the few functions that random programs use."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any


def torch_as_numpy(torch: Any) -> Any:
    """Give a namespace that computes with torch tensors."""

    def lift(value: Any) -> Any:
        return torch.as_tensor(value, dtype=torch.float64)

    def reduction(function: Any) -> Any:
        def reduce(x: Any, axis: Any = None, keepdims: bool = False) -> Any:
            return (
                function(x) if axis is None else function(x, dim=axis, keepdim=keepdims)
            )

        return reduce

    def both(function: Any) -> Any:
        return lambda a, b: function(lift(a), lift(b))

    def var(x: Any, axis: Any = None, keepdims: bool = False) -> Any:
        return torch.var(x, dim=axis, keepdim=keepdims, correction=0)

    def clip(x: Any, low: float, high: float) -> Any:
        return torch.clip(x, low, high)

    one = ("tanh", "sin", "cos", "exp", "log", "sqrt", "square", "log1p", "expm1",
           "sinh", "abs", "sign")  # fmt: skip
    names = {name: getattr(torch, name) for name in one} | {
        "arctan": torch.atan,
        "maximum": both(torch.maximum),
        "minimum": both(torch.minimum),
        "logaddexp": both(torch.logaddexp),
        "hypot": both(torch.hypot),
        "where": lambda c, a, b: torch.where(c, lift(a), lift(b)),
        "sum": reduction(torch.sum),
        "mean": reduction(torch.mean),
        "max": reduction(torch.amax),
        "min": reduction(torch.amin),
        "var": var,
        "clip": clip,
        "cumsum": lambda x, axis: torch.cumsum(x, dim=axis),
        "flip": lambda x, axis: torch.flip(x, dims=(axis,)),
        "roll": lambda x, shift, axis: torch.roll(x, shift, dims=axis),
        "concatenate": lambda parts, axis: torch.cat(parts, dim=axis),
        "ravel": torch.ravel,
        "matmul": torch.matmul,
    }
    return SimpleNamespace(**names)
