"""How a gradient became shorter: from the plain chain rule to what is emitted."""

from __future__ import annotations

import math
from collections.abc import Iterable
from dataclasses import replace

from derivo.explain.document import Block, Display, Note, Paragraph, Row, Runs
from derivo.explain.formula.of_node import constant, formula_of
from derivo.explain.formula.tree import (
    Call,
    Formula,
    Minus,
    Number,
    Plus,
    Quotient,
    Symbol,
    Times,
    walk,
)  # fmt: skip
from derivo.explain.formula.unicode import inline
from derivo.explain.levels.tell import Telling
from derivo.explain.subject import unique_names
from derivo.explain.words.rules import fact_text, rule_text
from derivo.graph.node import Node
from derivo.ops.arithmetic import add, div, mul, sub
from derivo.simplify.model import Step

COLLECT = "collect like terms"


def shorter(value: Node, t: Telling) -> list[Row]:
    """Give a gradient as it was rewritten, and why; nothing if it was not.

    Of a gradient that the code does not compute by itself nobody sees what it became.
    """
    raw, final = t.subject.raw.adjoints[value], final_adjoint(value, t)
    known, left = t.names.get(raw), t.adjoint(value)
    is_passed = known is not None and known != left  # it is told of that value
    if final is None or final is raw or is_passed or not t.is_in_code(final):
        return []
    before, after = formula_of(raw, t.names), formula_of(final, code_names(t))
    reasons = _reasons(before, after, rewrites(value, t), t)
    texts = inline(before), inline(after)
    if texts[0] == texts[1] or (not reasons and len(texts[1]) >= len(texts[0])):
        return []
    listed = t.words.joined(reasons, "page.semicolon")
    return [Row(None, after, listed or t.words.runs("rules.rearranged"))]


def _reasons(
    before: Formula, after: Formula, steps: list[Step], t: Telling
) -> list[Runs]:
    """Say what was done, as far as the two formulas bear it out."""
    say = t.words.runs
    was, now = _symbols(before), _symbols(after)
    arguments = {n.attrs["name"] for n in t.subject.graph.inputs}
    put_in = [s for s in was if s.adjoint and s not in now]
    found = [say("rules.put_in", names=t.words.listed(put_in))] if put_in else []
    rules = [r for step in steps[:1] for r in rules_of(step, after)]
    if not _is_collected(before, after):
        rules = [r for r in rules if r != COLLECT]
    found += [rule_text(t.words, r) for r in rules]
    if not put_in:  # what is read now has a name that the code gave it
        new = [s.name for s in now if not s.adjoint and s not in was]
        uses = (f"use {n} from the forward pass" for n in new if n not in arguments)
        found += [rule_text(t.words, r) for r in uses if r not in rules]
    if not found and _turns_a_product(before) and not _turns_a_product(after):
        found.append(say("rules.transposed"))
    return found or _multiplied(before, after, t)


def rules_of(step: Step, result: Formula) -> list[str]:
    """Give the rules of a step; what is used again, only if the result reads it."""
    read = {s.name for s in _symbols(result) if not s.adjoint}
    found = []
    for rule in step.rule.split("; "):
        used = rule.removeprefix("use ").removesuffix(" from the forward pass")
        found += [rule] if used == rule or used in read else []
    return found


def _symbols(formula: Formula) -> dict[Symbol, None]:
    return {f: None for f in walk(formula) if isinstance(f, Symbol)}


def _terms(formula: Formula) -> list[Formula]:
    """Give the terms of a sum; what is no sum is one term."""
    match formula:
        case Plus(terms):
            return [x for term in terms for x in _terms(term)]
        case Call(op, terms) if op in {add, sub}:
            return [x for term in terms for x in _terms(term)]
        case Minus(body):
            return _terms(body)
        case _:
            return [formula]


def _turns_a_product(formula: Formula) -> bool:
    """Tell whether a product is transposed as a whole."""
    return any(
        isinstance(f, Call) and "axes" in f.attrs and isinstance(f.args[0], Call)
        and f.args[0].op.contraction is not None
        for f in walk(formula)
    )  # fmt: skip


def _is_collected(before: Formula, after: Formula) -> bool:
    """Tell whether terms were collected, or a factor pulled out of a sum."""
    was, now = (sum(len(_terms(p)) - 1 for p in walk(f)) for f in (before, after))
    return was > 0 and (now < was or len(_terms(after)) < len(_terms(before)))


def _multiplied(before: Formula, after: Formula, t: Telling) -> list[Runs]:
    """Say which numbers were multiplied: ``2/6 = 1/3``."""
    results = [_product(_numbers(term)) for term in _terms(after)]
    for term in _terms(before):
        found = [(n, above) for n, above in _numbers(term) if n != 1]
        value = _product(found)
        if len(found) > 1 and any(math.isclose(value, r) for r in results):
            above, below = (
                Times(tuple(Number(n) for n, is_above in found if is_above == where))
                for where in (True, False)
            )
            over = above if above.factors else Number(1)
            whole = constant(int(value) if value.is_integer() else value)
            product = Quotient(over, below) if below.factors else over
            return [t.words.runs("rules.multiplied", product=product, value=whole)]
    return []


def _product(numbers: Iterable[tuple[float, bool]]) -> float:
    return math.prod(n if above else 1 / n for n, above in numbers)


def _numbers(formula: Formula, *, above: bool = True) -> list[tuple[float, bool]]:
    """Give the numbers that a product has, and whether each stands above the bar."""
    match formula:
        case Number(value) if value:
            return [(value, above)]
        case Minus(body):
            return _numbers(body, above=above)
        case Quotient(over, under):
            return _numbers(over, above=above) + _numbers(under, above=not above)
        case Call(op, (over, under)) if op is div:
            return _numbers(over, above=above) + _numbers(under, above=not above)
        case Times(factors):
            return [n for f in factors for n in _numbers(f, above=above)]
        case Call(op, factors) if op is mul:
            return [n for f in factors for n in _numbers(f, above=above)]
        case _:
            return []


def told_shorter(value: Node, t: Telling) -> list[Block]:
    """Tell how the gradient of a value was rewritten, with its numbers."""
    final, rows = final_adjoint(value, t), shorter(value, t)
    if final is None or not rows:
        return []
    rows = [replace(rows[0], left=t.adjoint(value)), *t.in_numbers(final)]
    shown = Paragraph(t.words.runs("rules.shorter")), Display(tuple(rows))
    return [*shown, *assumed(rewrites(value, t), t)]


def assumed(steps: list[Step], t: Telling) -> list[Block]:
    """Say what is taken for granted in steps of rewriting."""
    facts = [f for step in steps for f in step.assumption.split("; ") if f]
    said = [fact_text(t.words, fact) for fact in facts]
    return [Note("assumption", t.words.runs("rules.assumes", fact=f)) for f in said]


def rewrites(value: Node, t: Telling) -> list[Step]:
    """Give the steps of rewriting that made the gradient of a value what it is."""
    final = final_adjoint(value, t)
    return [
        s for s in t.subject.derivation.backward.steps
        if s.kind == "rewrite" and (s.about is value or s.result is final)
    ]  # fmt: skip


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
