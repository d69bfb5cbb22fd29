"""The gradient of each parameter in one line, each part in the colour of its factor."""

from __future__ import annotations

from collections.abc import Mapping

from derivo.explain.code import Written
from derivo.explain.formula.of_node import adjoint_symbol, formula_of
from derivo.explain.formula.tree import Formula, Mark, Symbol
from derivo.explain.formula.unicode import inline
from derivo.explain.subject import Subject, unique_names
from derivo.graph.node import Node, order
from derivo.ops.leaf import argument

LONGEST = 110  # letters of a gradient that is told in one line


def chains_of(about: Subject) -> dict[str, Formula]:
    """Give each gradient as one formula of values of the forward pass alone."""
    d = about.derivation
    names: dict[Node, Formula] = {
        n: Symbol(name, n.spec.rank)
        for n, name in unique_names(d.forward.graph).items()
    }
    names |= _seeds(about)
    found = {}
    for name, gradient in d.backward.gradients.items():
        plain = formula_of(gradient, names)
        text = inline(plain)
        if len(text) <= LONGEST and "…" not in text:
            marked = names | _marks(gradient, about, names)
            own = marked.get(gradient)
            found[name] = formula_of(gradient, marked) if own is None else own
    return found


def _seeds(about: Subject) -> dict[Node, Formula]:
    """Write the adjoint of a result as that of any value: ``dy``, not ``d_y``."""
    outputs, seeds = about.graph.outputs, about.derivation.backward.seeds
    found: dict[Node, Formula] = {}
    for seed, output in zip(seeds, outputs, strict=True):
        name = about.names.get(output) or about.graph.name
        if seed.op is argument:
            found[seed] = adjoint_symbol(Symbol(name, seed.spec.rank))
    return found


def _marks(
    gradient: Node, about: Subject, names: Mapping[Node, Formula]
) -> dict[Node, Formula]:
    """Mark what an adjoint is multiplied by on its way to the next one."""
    written = Written(about)

    def value_of(node: Node) -> Node | None:
        found = written.adjoints.get(written.of(node)) if node.inputs else None
        return found[0] if found else None

    nodes = order([gradient])
    passed = {n: value_of(n) for n in nodes}
    seeds = {s for s in about.derivation.backward.seeds if s.op is argument}
    leads: set[Node] = set()  # into these an adjoint goes
    for node in nodes:
        is_end = passed[node] is not None or node in seeds
        if is_end or any(i in leads for i in node.inputs):
            leads.add(node)
    covered = about.covered_factors({v for v in passed.values() if v is not None})
    found: dict[Node, Formula] = {}
    factors = {gradient: ""}  # by which a node is multiplied
    for node in reversed(nodes):
        value = passed[node]
        if node not in factors or node in seeds:
            continue
        ids = covered.get(value, ()) if value is not None else ()
        factor = ids[-1] if ids else factors[node]
        if factor and value is not None and not leads.intersection(node.inputs):
            found[node] = Mark(formula_of(node, names), factor)
            continue
        for operand in node.inputs:
            if operand in leads:
                factors.setdefault(operand, factor)
            elif factor and (operand.inputs or "name" in operand.attrs):
                shown = names.get(operand) or formula_of(operand, names)
                found.setdefault(operand, Mark(shown, factor))
    return found
