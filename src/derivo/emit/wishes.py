"""What the values of a backward pass are to be called."""

from __future__ import annotations

from collections.abc import Mapping

from derivo.emit.naming import Naming, names_before, results_of_helpers
from derivo.emit.program import Program
from derivo.emit.statement import is_number
from derivo.graph.names import adjoint_name
from derivo.graph.nest import short_name
from derivo.graph.node import Node

# An unnamed value whose name would be longer than this has a delta for its adjoint.
LONGEST_PART = 12
# What such an adjoint is called: as the literature has it, if that word is free.
ADJOINTS = ("delta", "grad", "adjoint")


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
    # What the user calls the number of a step.
    before |= {n: s for n, s in p.names.items() if "loop" in n.op.traits}
    again = {n: name for n, name in called.items() if name.isidentifier()}
    wishes = again | gradients | named | before
    helpers = results_of_helpers(p.outputs, p.name)
    naming = Naming(called.get, p.roles, names_before(called, p.roles), helpers)
    hints: dict[Node, str] = {}
    words = {*called.values(), *p.names.values()}
    free = next((word for word in ADJOINTS if word not in words), ADJOINTS[0])
    for n, value in p.unnamed.items():
        if n in wishes:
            continue
        if value in called:
            hints[n] = adjoint_name(called[value])
        elif "bound" not in n.op.traits and value.inputs:
            hints[n] = _of_unnamed(naming, value, free)
    return wishes, hints


def _of_unnamed(naming: Naming, value: Node, otherwise: str) -> str:
    """Name the adjoint of a value without a name: after what that is made of.

    Where this would be long, it is what is called so `otherwise`.
    """
    before = naming.before.get(value)
    for name in naming.made_of(value) if before is None else [f"pre_{before}"]:
        if "_" in name and len(name) <= LONGEST_PART:
            return adjoint_name(name)
    return otherwise
