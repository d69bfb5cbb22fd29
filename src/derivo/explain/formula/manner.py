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


def as_written(call: Call) -> Formula:
    """Write an operation on operands that are written already.

    Parameters
    ----------
    call
        Any operation; all but products, quotients, negatives and sums stay as they are.
    """
    template = call.op.formula(call.attrs, *call.specs)
    if template == RING:
        return _product(call)
    if template == BAR:
        return _quotient(call)
    if template == NEGATED:
        return negative(call.args[0], call)
    if call.op in {add, sub}:
        return _sum(call)
    return call


def is_number(formula: Formula) -> bool:
    """Tell whether a formula is one number and no array: ``N``, ``0.5``, ``−1/N``."""
    match formula:
        case Number() | Size():
            return True
        case Symbol(_, rank):
            return not rank
        case Minus() | Quotient() | Power():
            return all(map(is_number, children(formula)))
        case Times(factors):
            return all(map(is_number, factors))
        case _:
            return False


def negative(body: Formula, otherwise: Formula | None = None) -> Formula:
    """Give the negative of a formula; two signs cancel.

    Parameters
    ----------
    body
        Of what.
    otherwise
        What to give for a formula that has no sign of its own; ``−body`` if left out.
    """
    match body:
        case Minus(inner):
            return inner
        case Number(value, digits) if not isinstance(value, bool):
            return Number(-value, digits)
        case _:
            return Minus(body) if otherwise is None else otherwise


def _signed(formula: Formula) -> tuple[Formula, bool]:
    """Take the sign off a formula; tell whether there was one."""
    match formula:
        case Minus(body):
            return body, True
        case Number(value, digits) if not isinstance(value, bool) and value < 0:
            return Number(-value, digits), True
        case Call(op, (body,), attrs, specs) if op.formula(attrs, *specs) == NEGATED:
            return body, True
        case _:
            return formula, False


def _product(call: Call) -> Formula:
    (left, minus), (right, also) = map(_signed, call.args)
    whole = _bare_product(left, right, call)
    return negative(whole) if minus != also else whole


def _bare_product(left: Formula, right: Formula, call: Call) -> Formula:
    if left == right and isinstance(left, Symbol):
        return Power(left, Number(2))
    for one, other in ((left, right), (right, left)):
        if one == Number(1) and _keeps_its_shape(other, one, call):
            return other
        is_fraction = isinstance(one, Quotient) and is_number(one)
        if is_fraction and _keeps_its_shape(other, one, call):
            assert isinstance(one, Quotient)  # noqa: S101
            above = other if one.over == Number(1) else Times((one.over, other), "·")
            return Quotient(above, one.under)
    if isinstance(right, Number) and not isinstance(left, Number):
        left, right = right, left
    if isinstance(left, Number) and isinstance(right, Call) and _is_bar(right):
        over, under = right.args
        if is_number(under):
            above = Times((left, over), "·")
            return Call(right.op, (above, under), right.attrs, right.specs)
    if isinstance(left, Number):
        return Times((left, right), "·")
    if is_number(left) or is_number(right) or any(not s.rank for s in call.specs):
        return Times((left, right), "·")
    return Call(call.op, (left, right), call.attrs, call.specs)


def _keeps_its_shape(array: Formula, number: Formula, call: Call) -> bool:
    """Tell whether an operand is as large as the product: only then it may stand alone.

    Else it is copied by the product, and the formula would hide that.
    """
    if not call.specs or is_number(array):
        return True
    ranks = [s.rank for s in call.specs]
    at = 1 if call.args[0] == number or _signed(call.args[0])[0] == number else 0
    return ranks[at] == max(ranks)


def _quotient(call: Call) -> Formula:
    (over, minus), (under, also) = map(_signed, call.args)
    if isinstance(over, Quotient) and is_number(over.under):
        below = over.under if under == Number(1) else Times((over.under, under), "")
        over, under = over.over, below
    known = over.value if isinstance(over, Number) else 0
    if 0 < abs(known) < 1 and (1 / known).is_integer():  # half of 1/s is 1/(2 s)
        over, under = Number(1), Times((Number(int(1 / known)), under), "")
    whole: Formula = Call(call.op, (over, under), call.attrs, call.specs)
    if is_number(over) and is_number(under):
        whole = Quotient(over, under)
    return negative(whole) if minus != also else whole


def _is_bar(call: Call) -> bool:
    return call.op.formula(call.attrs, *call.specs) == BAR


def _sum(call: Call) -> Formula:
    """Write a term with a sign as what is taken away: ``a − b`` for ``a + (−b)``."""
    left, right = call.args
    taken, minus = _signed(right)
    if not minus:
        return call
    other = sub if call.op is add else add
    return Call(other, (left, taken), call.attrs, call.specs)
