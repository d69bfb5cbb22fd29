"""What comes back through an operation: as a formula, and why, in a few words.

The steps of the window, the derivation in short and the matrix level all say it so.
"""

from __future__ import annotations

from derivo.explain.document import Mono, Runs
from derivo.explain.factors import Factor
from derivo.explain.formula.local import prime
from derivo.explain.formula.of_node import formula_of
from derivo.explain.formula.tree import Formula, Mark, Number, Times, Words
from derivo.explain.formula.unicode import inline
from derivo.explain.levels.calls import only_call
from derivo.explain.levels.tell import Telling
from derivo.graph.node import Node
from derivo.ops.leaf import argument

LONGEST = 50  # characters of an equation within a reason
ROUTES = {"maximum", "minimum"}


def rule_of(factor: Factor, t: Telling) -> str:
    """Give the rule by which a gradient comes back through an operation."""
    reader, operand, local = factor.reader, factor.operand, t.local(factor)
    others = [i for i in reader.inputs if i is not operand]
    if local is None:
        return "through"
    if reader.spec.shape != operand.spec.shape:
        return "copied"
    if local == Number(1):
        return "handed_on" if others else "passed"
    if reader.op.name in ROUTES and all(i in t.subject.raw.adjoints for i in others):
        return reader.op.name
    slope = prime(factor, t.names)
    if slope is not None and slope != local:
        return "slope"
    return "swapped" if local in map(t.shown, others) else "factor"


def term(factor: Factor, t: Telling) -> Formula:
    """Write upstream gradient times local derivative, in the colour of the factor.

    What is no product entry by entry is written as it is computed.
    """
    rule, part = rule_of(factor, t), t.part(factor)
    marked = None if rule == "copied" else t.marked(factor)
    if marked is None:
        shown = Words("…") if part is None else formula_of(part, t.names)
        return Mark(shown, factor.id)
    sign = "⊙" if factor.operand.spec.rank or factor.reader.spec.rank else "·"
    return Times((t.adjoint(factor.reader), marked), sign)


def reason(factor: Factor, t: Telling) -> Runs:
    """Say by which rule a gradient comes back through an operation."""
    local = t.local(factor)
    return t.words.runs(
        f"brief.{rule_of(factor, t)}",
        value=t.shown(factor.reader),
        operand=t.shown(factor.operand),
        equation=_equation(factor.reader, t),
        slope=prime(factor, t.names) or (),
        local=() if local is None else local,
    )


def why(value: Node, t: Telling) -> Runs:
    """Say where the gradient of a value comes from."""
    factors = t.readers.get(value, [])
    if only_call(value, t) is None and not is_single(value, t):
        return t.words.runs("brief.added", value=t.shown(value))
    if not factors:
        is_given = t.subject.raw.adjoints[value].op is argument
        key = "brief.given" if is_given else "brief.one"
        return t.words.runs(key, value=t.shown(value))
    return reason(factors[0], t)


def is_single(value: Node, t: Telling) -> bool:
    """Tell whether a gradient comes from one place alone."""
    return (
        len(t.readers.get(value, ())) + len(t.looped(value)) + len(t.given(value)) < 2
    )


def _equation(node: Node, t: Telling) -> Runs:
    """Give the equation that the chain rule goes through; of a long one its name."""
    right = formula_of(node, t.names)
    if len(inline(right)) > LONGEST:
        return (t.names[node],) if node in t.names else (Mono(node.op.name),)
    return (t.names[node], " = ", right) if node in t.names else (right,)
