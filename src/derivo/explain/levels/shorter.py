"""How a gradient became shorter: from the plain chain rule to what is emitted."""

from __future__ import annotations

from derivo.explain.document import Block, Display, Note, Paragraph, Row
from derivo.explain.formula.layout import layout
from derivo.explain.formula.of_node import formula_of
from derivo.explain.formula.tree import Formula, Symbol
from derivo.explain.levels.tell import Telling
from derivo.explain.subject import unique_names
from derivo.explain.words.rules import fact_text, rule_text
from derivo.graph.node import Node


def shorter(value: Node, t: Telling) -> list[Block]:
    """Tell how the adjoint of a value was rewritten; nothing if it was not."""
    d = t.subject.derivation
    raw = t.subject.raw.adjoints[value]
    final = final_adjoint(value, t)
    if final is None or final is raw:
        return []
    names = code_names(t)
    before, after = formula_of(raw, t.names), formula_of(final, names)
    if layout(after) in {layout(before), layout(formula_of(raw, names))}:
        return []
    steps = [
        s for s in d.backward.steps
        if s.kind == "rewrite" and (s.about is value or s.result is final)
    ]  # fmt: skip
    reasons = [rule_text(t.words, s, after) for s in steps]
    blocks: list[Block] = [Paragraph(t.words.runs("rules.shorter"))]
    first = reasons[0] if reasons else t.words.runs("rules.rearranged")
    # After a branch the sum of all that comes back stands right above.
    repeated = len(t.readers.get(value, ())) > 1
    rows = [Row(t.adjoint(value), after, first)]
    if not repeated:
        rows = [Row(t.adjoint(value), before), Row(None, after, first)]
    blocks.append(Display((*rows, *t.in_numbers(final))))
    blocks += [
        Note(
            "assumption",
            t.words.runs("rules.assumes", fact=fact_text(t.words, s.assumption)),
        )
        for s in steps
        if s.assumption
    ]
    return blocks


def code_names(t: Telling) -> dict[Node, Formula]:
    """Give the symbols of values, those that the code alone has a name for too."""
    forward = t.subject.derivation.forward
    named = unique_names(forward.graph)
    own: dict[Node, Formula] = {n: Symbol(k, n.spec.rank) for n, k in named.items()}
    for step in forward.steps:  # what was written in another way has its name
        if step.before is not None and step.result in own:
            own[step.before] = own[step.result]
    return {**own, **t.names}


def final_adjoint(value: Node, t: Telling) -> Node | None:
    """Give the adjoint of a value as it was emitted, if it has one of its own there."""
    d = t.subject.derivation
    name = t.subject.names.get(value)
    if name is not None and name in d.backward.gradients:
        return d.backward.gradients[name]
    found = d.backward.adjoints.get(value)
    if found is not None or name is None:
        return found
    names = unique_names(d.forward.graph)
    same = [v for v, n in names.items() if n == name]
    return d.backward.adjoints.get(same[0]) if same else None
