"""An array put together from parts: what the adjoints of slices add up to."""

from __future__ import annotations

from typing import Any

from derivo.graph.dim import Dim
from derivo.graph.op import Op
from derivo.graph.spec import Spec
from derivo.ops.catalogue import register
from derivo.ops.index import Entry, embed, index_text, placed, slice_

_WHOLE = ("cut", None, None, None)


def _cut_axis(indices: tuple[tuple[Entry, ...], ...]) -> int | None:
    """Give the one axis along which the parts are taken, if there is one."""
    axes = {k for index in indices for k, entry in enumerate(index) if entry != _WHOLE}
    return axes.pop() if len(axes) == 1 else None


def _as_slices(cuts: list[Entry], n: Dim) -> list[int] | None:
    """Give the order in which slices follow each other from 0 to `n`, or None."""
    order: list[int] = []
    reached: Dim = 0
    while len(order) < len(cuts):
        next_ones = [i for i, c in enumerate(cuts) if (c[1] or 0) == reached]
        if len(next_ones) != 1 or next_ones[0] in order:
            return None
        order.append(next_ones[0])
        stop = cuts[next_ones[0]][2]
        reached = n if stop is None else stop
        if isinstance(reached, int) and reached < 0:
            reached = n + reached
    return order if reached == n else None


def _as_items(cuts: list[Entry], n: Dim) -> list[int] | None:
    """Give the order in which single places go from 0 to `n` - 1, or None."""
    if not isinstance(n, int) or not all(isinstance(c[1], int) for c in cuts):
        return None
    places = [c[1] % n for c in cuts]
    return (
        [places.index(i) for i in range(n)] if sorted(places) == [*range(n)] else None
    )


def _joined(shape: Any, indices: Any, parts: Any) -> str | None:
    """Write parts that make up the whole as a `concatenate` or a `stack`."""
    axis = _cut_axis(indices)
    if axis is None or any(getattr(p, "is_weak", False) for p in parts):
        return None
    cuts = [index[axis] for index in indices]
    if all(c[0] == "cut" and c[3] is None for c in cuts):
        word, order = "concatenate", _as_slices(cuts, shape[axis])
    elif all(c[0] == "at" for c in cuts):
        word, order = "stack", _as_items(cuts, shape[axis])
    else:
        return None
    rank = len(shape) - (word == "stack")
    if order is None or any(len(p.shape) != rank for p in parts):
        return None
    listed = ", ".join(f"{{{i}}}" for i in order)
    return f"np.{word}([{listed}]{f', axis={axis}' if axis else ''})"


def _apart(a: tuple[Entry, ...], b: tuple[Entry, ...]) -> bool:
    """Tell whether two parts have no element in common, by different places."""
    return any(
        p[0] == q[0] == "at" and isinstance(p[1], int) and isinstance(q[1], int)
        and p[1] != q[1] and (p[1] < 0) == (q[1] < 0)
        for p, q in zip(a, b, strict=True)
    )  # fmt: skip


def _text(attrs: Any, *parts: Any) -> str:
    shape, indices = attrs["shape"], attrs["indices"]
    joined = _joined(shape, indices, parts)
    if joined:
        return joined
    lines = ["{out} = np.zeros({shape}, dtype={dtype})"]
    for i, index in enumerate(indices):
        sign = "=" if all(_apart(index, before) for before in indices[:i]) else "+="
        lines.append(f"{{out}}[{index_text(index, f'index{i}')}] {sign} {{{i}}}")
    return "\n".join(lines)


def _vjp(g: Any, _y: Any, *_parts: Any, indices: Any, **_: Any) -> tuple[Any, ...]:
    return tuple(slice_(g, index=index) for index in indices)


# The sum of several `embed`: parts that overlap are added up.
assemble = register(
    Op(
        "assemble", ("*parts",), lambda *_, shape, **__: Spec(shape, "float"), _text,
        vjp=_vjp, attrs={"shape": (), "indices": ()},
        samples=lambda rng: ((rng.normal(size=(3, 3)), rng.normal(size=(3, 3))), {
            "shape": (3, 4), "indices": ((_WHOLE, ("cut", None, -1, None)),
                                         (_WHOLE, ("cut", 1, None, None)))}),
        latex=lambda attrs, *_: " + ".join(
            placed(index, k) for k, index in enumerate(attrs["indices"])
        ),
        traits=frozenset({"analytic"}), called=("pieces",),
    )
)  # fmt: skip


def together(a: Any, b: Any) -> tuple[tuple[Any, ...], dict[str, Any]] | None:
    """Give operands and attributes of the `assemble` that is the sum of two nodes.

    Parameters
    ----------
    a, b
        Nodes of the graph.

    Returns
    -------
    operands, attrs
        None if one of them is neither an `embed` nor an `assemble`.
    """
    if a.op not in (embed, assemble) or b.op not in (embed, assemble):
        return None
    if a.attrs["shape"] != b.attrs["shape"]:
        return None
    # Adjoints come from the last reader to the first; turned round they stand in order.
    indices = (*_indices(b), *_indices(a))
    return (*b.inputs, *a.inputs), {"shape": a.attrs["shape"], "indices": indices}


def _indices(node: Any) -> tuple[Any, ...]:
    return (node.attrs["index"],) if node.op is embed else node.attrs["indices"]
