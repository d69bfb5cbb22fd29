"""What the values of a backward pass are to be called."""

from __future__ import annotations

from collections.abc import Mapping

from derivo.emit.program import Program
from derivo.emit.statement import is_number
from derivo.graph.names import adjoint_name
from derivo.graph.nest import short_name
from derivo.graph.node import Node


def wishes_of(
    p: Program, called: Mapping[Node, str]
) -> tuple[dict[Node, str], dict[Node, str]]:
    """Give the names that values get, and those for values that happen to need one.

    `called` are the names in the forward function.
    """
    gradients = {
        n: adjoint_name(short_name(path))
        for path, n in reversed(list(p.gradients.items()))
    }
    named: dict[Node, str] = {}
    for n, name in p.adjoints.items():
        if n not in p.forward and not is_number(n):
            # A value that has another name in the forward function keeps that one.
            value = p.values.get(n)
            own = called.get(value) if value is not None else None
            named[n] = adjoint_name(own or name)
    before = {n: f"{s}_prev" for n, s in p.names.items() if "bound" in n.op.traits}
    wishes = gradients | named | before
    hints: dict[Node, str] = {}
    for n, value in p.unnamed.items():
        if n in wishes:
            continue
        if value in called:
            hints[n] = adjoint_name(called[value])
        elif "bound" not in n.op.traits and value.inputs:
            # The adjoint of an unnamed value is its delta, as in the literature.
            hints[n] = "delta"
    return wishes, hints
