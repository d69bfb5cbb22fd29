"""``x[i]`` and ``x[i] = v``: reading and writing parts of traced arrays."""

from __future__ import annotations

from typing import Any

from derivo.ops.index import getitem, steps_to
from derivo.ops.put import copied, settled
from derivo.trace.cell import View


def item(x: Any, index: Any) -> Any:
    """Take a part of an array: a view, or a copy where NumPy gives a copy."""
    steps = steps_to(x, index)
    if steps is None:
        return getitem(x, index)
    if not steps:
        return x
    part = x
    for op, attrs in steps:
        part = settled(part.record(op, (part,), attrs))
    if part.is_array:
        part.cell, part.way = x.cell, View(x, steps, part.node)
    return part


def write_item(x: Any, index: Any, value: Any) -> None:
    """Write into a part of an array."""
    steps = steps_to(x, index)
    if steps is None:
        message = "an index of arrays"
        raise NotImplementedError(message)
    spec = x.node.spec
    for op, attrs in steps:
        spec = op.infer(spec, **attrs)
    value = x.recorder.fitting(value, spec, "unsafe")
    if not steps:
        x.put_node(copied(value, spec).node)
        return
    if len(steps) > 1:
        value = copied(value, spec)
    View(x, steps, value.node).write(value.node)
