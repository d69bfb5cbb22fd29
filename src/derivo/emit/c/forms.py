"""Which operations have a form in loops: what has none is left to NumPy."""

from __future__ import annotations

from derivo.emit.c.element import ElementPrinter, Text, literal
from derivo.emit.c.place import text_of
from derivo.emit.plan.items import is_count, is_literal
from derivo.emit.plan.layout import Number, layout_of, place, view_place
from derivo.errors import NotSupportedError
from derivo.graph.dim import Size
from derivo.graph.element import Placed, Scattered
from derivo.graph.node import Node
from derivo.graph.op import fields


def has_form(node: Node) -> bool:
    """Tell whether an operation can be printed as loops."""
    if view_place(node) is not None or "loop" in node.op.traits:
        return True
    element = node.op.element
    if isinstance(element, Scattered):
        is_number = isinstance(layout_of(node.spec.shape), Number)
        # Whole numbers are added up where each sum can be looked at.
        return not is_number and not is_count(node)
    if isinstance(element, Placed):
        specs = tuple(i.spec for i in node.inputs)
        index = place(node.spec.shape)
        return bool(element.text(index, node.attrs, specs, node.spec))
    if "elementwise" in node.op.traits:
        return _is_printed(node)
    return element is not None and bool(node.inputs)


def _is_printed(node: Node) -> bool:
    """Tell whether the text of an element consists of what C has."""
    values = {f"_{k}": _operand(n) for k, n in enumerate(node.inputs)}
    for name, number in fields(node.attrs).items():
        if isinstance(number, int | float):
            values.setdefault(f"_{name}", literal(number))
    try:
        ElementPrinter(single=False, used={}).print(text_of(node), values)
    except NotSupportedError:
        return False
    return True


def _operand(node: Node) -> Text:
    """Give an operand as any printer might."""
    value = node.attrs.get("dim", node.attrs.get("value"))
    if is_literal(node) and isinstance(value, int | float):
        return literal(value)
    if is_literal(node) and isinstance(value, Size):
        return Text("n", "number")
    return Text("x", "mask" if node.spec.kind == "bool" else "vec")
