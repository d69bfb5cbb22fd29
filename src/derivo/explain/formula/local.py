"""Local derivatives: what the upstream adjoint is multiplied by, as a formula."""

from __future__ import annotations

from collections.abc import Mapping

from derivo.explain.factors import Factor
from derivo.explain.formula.of_node import formula_of
from derivo.explain.formula.tree import Formula, Prime, Symbol
from derivo.explain.formula.unicode import inline
from derivo.graph.builder import Builder
from derivo.graph.node import Node
from derivo.simplify import spelling


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
    known = names.get(node)
    # By itself it is no adjoint, though one may be computed in the same way.
    is_other = known is None or (isinstance(known, Symbol) and known.adjoint)
    return formula_of(node, names) if is_other else known


def short_local(
    factor: Factor, names: Mapping[Node, Formula], *, builder: Builder
) -> Formula | None:
    """Write a local derivative as people do: ``σ'(n)``, but ``1/p`` for a logarithm.

    The sign of a derivative stands for what is longer than the sign.
    """
    full = local_derivative(factor, names, builder=builder)
    sign = prime(factor, names)
    if full is None or sign is None:
        return sign or full
    return full if len(inline(full)) <= len(inline(sign)) else sign


def local_node(factor: Factor, builder: Builder) -> Node | None:
    """Give the local derivative as a node."""
    return spelling.local_node(factor.reader, factor.position, builder)


def prime(factor: Factor, names: Mapping[Node, Formula]) -> Prime | None:
    """Write the derivative of a function of one value as such: ``σ'(n)``."""
    reader = factor.reader
    template = reader.op.formula(reader.attrs, *(i.spec for i in reader.inputs))
    is_sign = template.startswith("\\") and "{0}" in template
    single = len(reader.inputs) == 1 and "elementwise" in reader.op.traits
    if not single or not is_sign or template.startswith(("\\frac", "\\left", "\\sqrt")):
        return None
    return Prime(
        reader.op, names.get(factor.operand) or formula_of(factor.operand, names)
    )
