"""Products, fractions and signs as people write them: ``−t/(N p)``.

The chain rule gives ``((−1)/N ⊙ t)/p``, factor by factor. What is only a number
commutes with everything: it goes to the front, below one bar or out as a sign.
"""

from __future__ import annotations

from derivo.explain.formula.tree import (
    Call,
    Formula,
    Minus,
    Number,
    Power,
    Quotient,
    Size,
    Symbol,
    Times,
    children,
)  # fmt: skip
from derivo.ops.arithmetic import add, sub

RING = r"{0} \odot {1}"
BAR = r"\frac{{{0}}}{{{1}}}"
NEGATED = "-{0}"
ONE = Number(1)


def as_written(call: Call) -> Formula:
    """Write an operation on operands that are written already.

    Parameters
    ----------
    call
        Any operation; all but products, quotients, negatives and sums stay as they are.
    """
    template = template_of(call)
    if template == NEGATED:
        bare, minus = _signed(call.args[0])
        return bare if minus else call
    if call.op in {add, sub}:
        return _sum(call)
    if template not in {RING, BAR}:
        return call
    (left, minus), (right, also) = map(_signed, call.args)
    write = _product if template == RING else _quotient
    whole = write(left, right, call)
    bare, negative = _signed(whole)
    return Minus(bare) if (minus != also) != negative else bare


def template_of(formula: Formula) -> str:
    """Give the template of an operation; nothing for what is none."""
    if not isinstance(formula, Call):
        return ""
    return formula.op.formula(formula.attrs, *formula.specs)


def is_number(formula: Formula) -> bool:
    """Tell whether a formula is one number and no array: ``N``, ``0.5``, ``−1/N``."""
    match formula:
        case Number() | Size():
            return True
        case Symbol(_, rank):
            return not rank
        case Minus() | Quotient() | Power() | Times():
            return all(map(is_number, children(formula)))
        case _:
            return False


def _signed(formula: Formula) -> tuple[Formula, bool]:
    """Take the sign off a formula; tell whether there was one."""
    match formula:
        case Minus(body):
            return body, True
        case Number(value, digits) if not isinstance(value, bool) and value < 0:
            return Number(-value, digits), True
        case Call(_, (body,)) if template_of(formula) == NEGATED:
            return body, True
        case _:
            return formula, False


def _fraction(formula: Formula) -> tuple[Formula, Formula]:
    """Take the number below a bar off a formula: 1 if there is none."""
    match formula:
        case Quotient(over, under) if is_number(under):
            return over, under
        case Call(_, (over, under)) if template_of(formula) == BAR and is_number(under):
            return over, under
        case _:
            return formula, ONE


def _times(left: Formula, right: Formula) -> Formula:
    """Multiply two numbers side by side."""
    if ONE in (left, right):
        return left if right == ONE else right
    return Times((left, right), "")


def _product(left: Formula, right: Formula, call: Call) -> Formula:
    (a, below), (b, also) = _fraction(left), _fraction(right)
    # An operand that is copied by the product cannot stand for it: the formula would
    # hide that. A number is no array to a reader, however large it is made.
    large = max((s.rank for s in call.specs), default=0)
    ranks = [s.rank for s in call.specs] or [large, large]
    whole = [r == large or is_number(f) for r, f in zip(ranks, (a, b), strict=True)]
    if (a == ONE and not whole[1]) or (b == ONE and not whole[0]):
        return Times((left, right), "·")
    under = _times(below, also)
    over = _over(a, b, call)
    return over if under == ONE else Quotient(over, under)


def _over(a: Formula, b: Formula, call: Call) -> Formula:
    if ONE in (a, b):
        return a if b == ONE else b
    if a == b and isinstance(a, Symbol):
        return Power(a, Number(2))
    if isinstance(b, Number) and not isinstance(a, Number):
        a, b = b, a
    if is_number(a) or is_number(b) or any(not s.rank for s in call.specs):
        return Times((a, b), "·")
    return Call(call.op, (a, b), call.attrs, call.specs)


def _quotient(left: Formula, right: Formula, call: Call) -> Formula:
    over, below = _fraction(left)
    known = over.value if isinstance(over, Number) else 0
    if 0 < known < 1 and (1 / known).is_integer():  # half of 1/s is 1/(2 s)
        over, below = ONE, _times(below, Number(int(1 / known)))
    under = _times(below, right)
    if is_number(over) and is_number(under):
        return Quotient(over, under)
    return Call(call.op, (over, under), call.attrs, call.specs)


def _sum(call: Call) -> Formula:
    """Write a term with a sign as what is taken away: ``a − b`` for ``a + (−b)``."""
    left, right = call.args
    taken, minus = _signed(right)
    if not minus:
        return call
    other = sub if call.op is add else add
    return Call(other, (left, taken), call.attrs, call.specs)
