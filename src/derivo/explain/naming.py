"""Names for values without one: long formulas are read piece by piece."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import TYPE_CHECKING

from derivo.explain.drawing.of_subject import is_transparent
from derivo.graph.names import Names
from derivo.graph.node import Graph, Node
from derivo.simplify.lower import Lowering

if TYPE_CHECKING:
    from derivo.derivation import Derivation

MOST = 4  # operations in a formula without a name in it
WORD = re.compile(r"[^\W\d]\w*")


def with_names(derivation: Derivation, graph: Graph) -> Mapping[Node, str]:
    """Give the names of values, with more of them where a formula would be long.

    What the emitted code has a name for is called that; what it computes within a line
    gets a name that the code does not use.
    """
    names = dict(graph.names)
    called = _in_code(derivation)
    lowered = Lowering(derivation.forward.builder)
    fresh = Names({*WORD.findall(derivation.source), *names.values()})
    used = set(names.values())
    weight: dict[Node, int] = {}
    for node in graph.nodes():
        inner = sum(weight.get(i, 0) for i in node.inputs)
        weight[node] = inner + bool(node.inputs and not is_transparent(node))
        if node in names or node in graph.outputs or not node.inputs:
            weight[node] = weight[node] if node in graph.outputs else 0
            continue
        name = called.get(lowered(node), "")
        if weight[node] >= MOST and (not name or name in used):
            name = fresh.fresh("h")
        if name and name not in used:
            names[node] = name
            used.add(name)
            weight[node] = 0
    return names


def _in_code(derivation: Derivation) -> dict[Node, str]:
    """Give the names that lines of the forward function assign to."""
    emitted = derivation.emitted
    lines = emitted.text.splitlines()
    found: dict[Node, str] = {}
    for number, node in emitted.lines.items():
        name, assigned, _ = lines[number - 1].strip().partition(" = ")
        if assigned and name.isidentifier() and not name.startswith("d_"):
            found.setdefault(node, name)
    return found
