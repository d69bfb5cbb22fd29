"""What rules for special operands ask of them, and the rules that hold for many.

The `tidy` of an operation's record says what it comes to on special operands: ``x + 0``
is x, ``--x`` is x, a part of a part is a part. Nobody writes the long form, but the
chain rule makes it. Such a rule takes the operands as variables and gives an equal
value, or None.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from derivo.graph.op import Op
from derivo.graph.spec import broadcast
from derivo.ops.leaf import constant, fill

Number = bool | int | float
LARGEST_WHOLE = 2**31


def made_by(x: Any, *ops: Op) -> bool:
    """Tell whether a value is the result of one of these operations."""
    return hasattr(x, "node") and x.node.op in ops


def operands(x: Any, op: Op) -> tuple[Any, ...]:
    """Give the operands of a value if it is a result of `op`, else none.

    A value that is at hand anyhow is not taken apart: its parts would have to be kept
    beside it.
    """
    if not made_by(x, op):
        return ()
    if x.node in getattr(x.recorder, "at_hand", ()):
        return ()
    return tuple(x.recorder.wrap(i) for i in x.node.inputs)


def same(a: Any, b: Any) -> bool:
    """Tell whether two operands are one value."""
    return bool(a.node is b.node)


def number(x: Any) -> Number | None:
    """Give the value of an operand that is a plain number."""
    if not made_by(x, constant) or x.node.spec.rank:
        return None
    value: Number = x.node.attrs["value"]
    return value


def is_number(x: Any, value: Number) -> bool:
    """Tell whether an operand is this number."""
    known = number(x)
    return known is not None and known == value


def filled(value: Number, *like: Any) -> Any:
    """Give an array of one number, of the shape that these operands have together."""
    shape = broadcast(*(x.node.spec.shape for x in like))
    kinds = {x.node.spec.kind for x in like}
    kind = "float" if kinds & {"float", "pyfloat"} else "int"
    kind = "bool" if isinstance(value, bool) else kind
    attrs = {"value": value, "shape": shape, "kind": kind}
    return like[0].recorder.record(fill, (), attrs)


def refilled(x: Any, shape: Any) -> Any:
    """Give an array of one number in another shape; None for other values."""
    if not made_by(x, fill):
        return None
    return x.recorder.record(fill, (), {**x.node.attrs, "shape": shape})


def of_numbers(op: Op, args: tuple[Any, ...], attrs: dict[str, Any]) -> Any:
    """Compute what is made of numbers alone, where the result is no longer to write.

    ``1 + -1`` is 0, and ``2 * np.ones(shape)`` an array of twos; ``np.sqrt(2)`` stays.
    """
    values = [a.node.attrs["value"] if made_by(a, fill) else number(a) for a in args]
    if any(v is None or isinstance(v, bool) for v in values):
        return None
    try:
        with np.errstate(all="ignore"):
            result: Any = op.compute(*values, **attrs)
    except (ArithmeticError, AttributeError):
        return None  # a quotient by 0; or what asks for the type of an array
    # Of numbers that are not whole, the long form may be the one that says more.
    if not isinstance(result, bool) and not _is_whole(result):
        return None
    arrays = [a for a in args if made_by(a, fill)]
    if arrays:
        shape = broadcast(*(a.node.spec.shape for a in arrays))
        kind = arrays[0].node.attrs["kind"]
        return args[0].recorder.record(
            fill, (), {"value": result, "shape": shape, "kind": kind}
        )
    return args[0].recorder.wrap(args[0].recorder.lift(result))


def _is_whole(value: Any) -> bool:
    return bool(abs(value) < LARGEST_WHOLE and value == int(value))


def less_its_own(node: Any, reduction: str) -> list[Any]:
    """Give x where a value is x less its own mean, say, or less its largest entry."""
    node = without_views(node)
    if node.op.name != "sub":
        return []
    x, other = (without_views(i) for i in node.inputs)
    is_own = other.op.name == reduction and without_views(other.inputs[0]) is x
    return [node.inputs[0]] if is_own else []


def without_views(node: Any) -> Any:
    """Give the value that a node shows: transposed or with other axes, it is one."""
    while "view" in node.op.traits and node.inputs and "selects" not in node.op.traits:
        (node,) = node.inputs
    return node
