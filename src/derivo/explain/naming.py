"""Names for values without one: long formulas are read piece by piece."""

from __future__ import annotations

import re
from collections.abc import Mapping

from derivo.differentiate.reverse import Differentiated
from derivo.emit.wishes import ADJOINTS
from derivo.explain.drawing.of_subject import is_transparent
from derivo.explain.formula.tree import Formula, Symbol
from derivo.graph.names import Names
from derivo.graph.node import Graph, Node
from derivo.passes import Passes
from derivo.simplify.spelling import Lowering

MOST = 6  # operations in a formula without a name in it
WORD = re.compile(r"[^\W\d]\w*")


def with_names(derivation: Passes, graph: Graph) -> Mapping[Node, str]:
    """Give the names of values, with more of them where a formula would be long.

    What the emitted code has a name for is called that; what it computes within a line
    gets a name that the code does not use.
    """
    names = dict(graph.names)
    emitted = derivation.emitted.names.items()
    called = {n: name for n, name in emitted if not name.startswith("d_")}
    lowered = Lowering(derivation.forward.builder)
    fresh = Names({*WORD.findall(derivation.source), *names.values()})
    used = set(names.values())
    weight: dict[Node, int] = {}
    for node in graph.nodes():
        inner = sum(weight.get(i, 0) for i in node.inputs)
        weight[node] = inner + bool(node.inputs and not is_transparent(node))
        name = called.get(lowered(node), "")
        is_result = node in graph.outputs and not node.op.traits & {"loop", "item"}
        if is_result and node not in names and name not in {"", *used}:
            names[node] = name  # as the code calls what the function returns
            used.add(name)
        if node in names or node in graph.outputs or not node.inputs:
            weight[node] = weight[node] if node in graph.outputs else 0
            continue
        if weight[node] >= MOST and (not name or name in used):
            name = fresh.fresh("h")
        if name and name not in used:
            names[node] = name
            used.add(name)
            weight[node] = 0
    return names


def with_deltas(
    derivation: Passes, graph: Graph, raw: Differentiated
) -> dict[Node, Formula]:
    """Give symbols for adjoints of values without a name: those of the emitted code.

    An adjoint that a value with a name has too goes by that.
    """
    lowered = Lowering(derivation.forward.builder)
    same = {lowered(v): a for v, a in derivation.backward.adjoints.items()}
    called = derivation.emitted.names
    taken = {raw.adjoints[n] for n in graph.names if n in raw.adjoints}
    found: dict[Node, Formula] = {}
    for node in graph.nodes():
        adjoint, shorter = raw.adjoints.get(node), same.get(lowered(node))
        if node in graph.names or adjoint in taken or shorter is None:
            continue
        name = called.get(shorter, "")
        bare = name.removeprefix("d_")
        if adjoint is None or not adjoint.inputs:
            continue
        if bare != name or name.startswith(ADJOINTS):
            symbol = Symbol(bare, node.spec.rank, adjoint=bare != name)
            # As the chain rule gives it, and as it stands in the code.
            found.setdefault(adjoint, symbol)
            found.setdefault(shorter, symbol)
    return found
