"""An array put together from parts: what the adjoints of slices add up to."""

from __future__ import annotations

from typing import Any

from derivo.graph.dim import Dim
from derivo.graph.op import Op
from derivo.graph.spec import Spec
from derivo.ops.catalogue import register
from derivo.ops.index import Entry, embed, index_text, slice_

_WHOLE = ("cut", None, None, None)


def _partition(indices: tuple[tuple[Entry, ...], ...], shape: Any) -> Any:
    """Give the axis that the parts divide among them, and their order, or None."""
    cut_axes = {
        k for index in indices for k, entry in enumerate(index) if entry != _WHOLE
    }
    if len(cut_axes) != 1:
        return None
    (axis,) = cut_axes
    cuts = [index[axis] for index in indices]
    if any(c[0] != "cut" or c[3] is not None for c in cuts):
        return None
    order: list[int] = []
    reached: Dim = 0
    while len(order) < len(cuts):
        found = [
            i for i, c in enumerate(cuts) if (c[1] or 0) == reached and i not in order
        ]
        if len(found) != 1:
            return None
        stop = cuts[found[0]][2]
        order.append(found[0])
        reached = shape[axis] if stop is None else stop
        if isinstance(reached, int) and reached < 0:
            reached = shape[axis] + reached
    return (axis, order) if reached == shape[axis] else None


def _text(attrs: Any, *parts: Any) -> str:
    shape, indices = attrs["shape"], attrs["indices"]
    divided = _partition(indices, shape)
    if divided and all(len(p.shape) == len(shape) for p in parts):
        axis, order = divided
        listed = ", ".join(f"{{{i}}}" for i in order)
        return f"np.concatenate([{listed}]{f', axis={axis}' if axis else ''})"
    lines = ["{out} = np.zeros({shape}, dtype={dtype})"]
    for i, index in enumerate(indices):
        sign = "+=" if i else "="
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
        traits=frozenset({"analytic"}),
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
    indices = (*_indices(a), *_indices(b))
    return (*a.inputs, *b.inputs), {"shape": a.attrs["shape"], "indices": indices}


def _indices(node: Any) -> tuple[Any, ...]:
    return (node.attrs["index"],) if node.op is embed else node.attrs["indices"]
