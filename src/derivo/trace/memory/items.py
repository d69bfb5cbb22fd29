"""``x[i]`` and ``x[i] = v``: reading and writing parts of traced arrays."""

from __future__ import annotations

from typing import Any

from derivo.errors import TraceError
from derivo.ops.index import gather, gather_spec, places_in, slice_, steps_to
from derivo.ops.written import copied, written_at
from derivo.trace.memory.cell import Memory, Steps, View
from derivo.trace.memory.selection import masked, select, write_selected


def item(x: Any, index: Any) -> Any:
    """Take a part of an array: a view, or a copy where NumPy gives a copy."""
    _refuse_open(x, index)
    selected = masked(x, index)
    if selected is not None:
        return select(x, *selected)
    found = places_of(x, index)
    if found is not None:
        steps, arrays, axis = found
        return gather(View.part(x, steps), *arrays, axis=axis)
    steps = steps_to(x, index)
    if not steps:
        return x
    part = View.part(x, steps)
    # ``x[..., 0]`` of a vector is an array without axes, ``x[0]`` a number.
    dotted = any(
        p is Ellipsis for p in (index if isinstance(index, tuple) else [index])
    )
    part.is_array = part.is_array or dotted
    if part.is_array:
        part.cell, part.way = x.cell, View(x, steps, part.node)
    return part


def _refuse_open(x: Any, index: Any) -> None:
    """Refuse a slice that begins or ends at a value: its size would depend on it."""
    slices = [i for i in (index if isinstance(index, tuple) else (index,))
              if isinstance(i, slice)]  # fmt: skip
    for bound in (b for s in slices for b in (s.start, s.stop, s.step)):
        if isinstance(bound, Memory) and not _is_known(bound):
            x.recorder.refuse(
                TraceError,
                "a slice begins or ends at a traced value, and its size depends on it",
                "give the bound as a setting, or keep the whole array and put 0 for "
                "what is left out: np.where(np.arange(n) < i, x, 0)",
            )


def _is_known(bound: Any) -> bool:
    """Tell a size, or plain numbers in an array of ours, from a traced value."""
    return hasattr(bound, "as_dim") or hasattr(type(bound), "array")


def places_of(x: Any, index: Any) -> tuple[Steps, tuple[Any, ...], int] | None:
    """Give the way to where the arrays of an index pick, these, and their axis.

    None if the index has no arrays.
    """
    found = places_in(x, index)
    if found is None:
        return None
    steps, arrays, axis = found
    return steps, tuple(x.recorder.wrap(x.recorder.lift(a)) for a in arrays), axis


def write_item(x: Any, index: Any, value: Any) -> None:
    """Write into a part of an array."""
    _refuse_open(x, index)
    selected = masked(x, index)
    if selected is not None:
        write_selected(x, *selected, value)
        return
    found = places_of(x, index)
    if found is not None:
        steps, arrays, axis = found
        part = View.part(x, steps)
        place = gather_spec(part.node.spec, *(a.node.spec for a in arrays), axis=axis)
        value = x.recorder.fitting(value, place, "unsafe")
        new = written_at(part, value, arrays, axis)
        View(x, steps, new.node).write(new.node)
        return
    steps = steps_to(x, index)
    spec = x.node.spec
    for op, attrs in steps:
        spec = op.infer(spec, **attrs)
    value = x.recorder.fitting(value, spec, "unsafe")
    if [op for op, _ in steps] != [slice_]:
        value = copied(value, spec)  # only a slice takes what is yet to be broadcast
    View(x, steps, value.node).write(value.node)
