"""Local derivatives: what the upstream adjoint is multiplied by, as a formula."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np

from derivo.explain.factors import Factor
from derivo.explain.formula.of_node import formula_of
from derivo.explain.formula.tree import Formula, Number, Prime
from derivo.graph.builder import Builder
from derivo.graph.node import Node, order
from derivo.ops.leaf import as_float
from derivo.simplify.lower import Lowering
from derivo.simplify.read import Reader
from derivo.simplify.terms import NotAlgebraic
from derivo.simplify.write import Writer
from derivo.trace.recorder import Recorder


def local_derivative(
    factor: Factor, names: Mapping[Node, Formula], *, builder: Builder
) -> Formula | None:
    """Write the local derivative of an element-wise operation by one operand.

    Parameters
    ----------
    factor
        Operation and operand.
    names
        Formulas of the values; those without a name are written out.
    builder
        Where new nodes may go.

    Returns
    -------
    Formula
        Such as ``y (1 - y)``, ``w`` or 1; None if the operation is not element-wise.
    """
    node = local_node(factor, builder)
    if node is None:
        return None
    value = node.attrs.get("value")
    if not node.inputs and isinstance(value, int | float):
        return Number(int(value) if float(value).is_integer() else value)
    if node in names:
        return names[node]
    return formula_of(node, names)


def local_node(factor: Factor, builder: Builder) -> Node | None:
    """Give the local derivative as a node: the rule for an upstream adjoint of 1."""
    reader = factor.reader
    if "elementwise" not in reader.op.traits or reader.op.vjp is None:
        return None
    recorder = Recorder(builder)
    operands = [recorder.wrap(i) for i in reader.inputs]
    parts = reader.op.vjp(
        np.float64(1), recorder.wrap(reader), *operands, **reader.attrs
    )
    part = parts[factor.position]
    if part is None:
        return None
    node: Node = recorder.lift(part)
    known = {reader, *reader.inputs}
    try:
        terms = Reader(lambda n: n in known)(node)
        lowering = Lowering(builder)
        lowering.done.update({n: n for n in known})
        node = lowering(Writer(recorder, lambda _n: True)(terms))
    except NotAlgebraic:
        pass
    if node.op is as_float:
        (node,) = node.inputs
    return node


def prime(factor: Factor, names: Mapping[Node, Formula]) -> Prime | None:
    """Write the derivative of a function of one value as such: ``σ'(n)``."""
    reader = factor.reader
    single = len(reader.inputs) == 1 and "elementwise" in reader.op.traits
    template = reader.op.formula(reader.attrs, *(i.spec for i in reader.inputs))
    if not single or not template.startswith("\\") or "{0}" not in template:
        return None
    (operand,) = reader.inputs
    if operand in order([]) or template.startswith(("\\frac", "\\left")):
        return None
    shown = names.get(operand) or formula_of(operand, names)
    return Prime(reader.op, shown)
