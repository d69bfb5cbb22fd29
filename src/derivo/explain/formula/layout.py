"""From what a formula means to how it looks: the one place that decides brackets."""

from __future__ import annotations

from dataclasses import replace
from functools import singledispatch

from derivo.explain.formula.boxes import (
    ADD,
    ATOM,
    BIG,
    FRACTION,
    FUNCTION,
    MATRIX,
    POWER,
    PRODUCT,
    Bound,
    Box,
    Brace,
    Coloured,
    Digits,
    Fence,
    Fraction,
    Gap,
    Grid,
    Large,
    Letter,
    Line,
    Said,
    Script,
    Sign,
    bracketed,
)  # fmt: skip
from derivo.explain.formula.digits import number_box, number_text, root_box
from derivo.explain.formula.names import adjoint_box, name_box
from derivo.explain.formula.template import fill, join, negative
from derivo.explain.formula.tree import (
    Blank,
    Call,
    Delta,
    Entry,
    Formula,
    Index,
    Mark,
    Matrix,
    MatrixProduct,
    Minus,
    Number,
    Partial,
    Plus,
    Power,
    Prime,
    Quotient,
    Size,
    Sum,
    Symbol,
    Times,
    Transposed,
    Under,
    Words,
)  # fmt: skip


def layout(formula: Formula) -> Box:
    """Give the boxes of a formula."""
    return look(formula).box


@singledispatch
def look(formula: Formula) -> Bound:
    """Give the boxes of a formula, and how strongly they hold together."""
    message = f"no look for {type(formula).__name__}"
    raise TypeError(message)


@look.register
def _(f: Symbol) -> Bound:
    bold = f.rank > 0
    step = None if f.step is None else layout(f.step)
    high = Sign(f.high, "prefix") if f.high else None
    if f.plain:
        letters = f"d_{f.name}" if f.adjoint else f.name
        return Bound(scripted(Said(letters), step, high))
    if f.adjoint:
        d, name = adjoint_box(f.name, bold=bold).parts
        return Bound(Line((d, scripted(name, step, high))), POWER)
    return Bound(scripted(name_box(f.name, bold=bold), step, high))


def scripted(box: Box, low: Box | None, high: Box | None) -> Box:
    """Put an index and a sign to a name; an index that it has already comes first."""
    if low is None and high is None:
        return box
    if isinstance(box, Script):
        both = Line(tuple(b for b in (box.low, low and Sign(","), low) if b))
        return Script(box.base, both, high or box.high)
    return Script(box, low, high)


@look.register
def _(f: Number) -> Bound:
    if isinstance(f.value, bool):
        return Bound(Said(str(f.value)))
    known = root_box(f.value) if f.digits is None else None
    return known or number_box(number_text(f.value, f.digits))


@look.register
def _(f: Size) -> Bound:
    text = str(f.dim)
    if len(text) == 1 and text.isalpha():
        return Bound(Letter(text))
    if text.isdigit():
        return Bound(Digits(text))
    named = text.isidentifier()
    return Bound(Said(text.replace("*", "·")), ATOM if named else ADD)


@look.register
def _(f: Index) -> Bound:
    return Bound(Letter(f.name))


@look.register
def _(f: Words) -> Bound:
    return Bound(Said(f.text))


@look.register
def _(f: Entry) -> Bound:
    if isinstance(f.base, Partial):  # by an entry, rather than an entry of a fraction
        return look(replace(f.base, by=Entry(f.base.by, f.indices)))
    base = look(f.base)
    if not f.indices:
        return base
    low: list[Box] = []
    for k, index in enumerate(f.indices):
        low += [Sign(",")] if k else []
        low.append(layout(index))
    inner = base.box if isinstance(f.base, Symbol) else bracketed(base, ATOM)
    last = inner.parts[-1] if isinstance(inner, Line) else inner
    if isinstance(last, Script) and isinstance(f.base, Symbol):
        # A name that has an index of its own: w₁ with the entry k, j.
        return Bound(Script(Fence("(", inner, ")"), low=Line(tuple(low))), POWER)
    return Bound(Script(_plain(inner), low=Line(tuple(low))), POWER)


def _plain(box: Box) -> Box:
    """Give an entry of an array its letter in italics: the array alone is bold."""
    if isinstance(box, Letter) and box.style == "bold":
        return Letter(box.text)
    if isinstance(box, Line):
        return Line(tuple(_plain(part) for part in box.parts))
    return box


@look.register
def _(f: Plus) -> Bound:
    if not f.terms:
        return Bound(Digits("0"))
    result = look(f.terms[0])
    for term in f.terms[1:]:
        if isinstance(term, Minus):
            result = join(result, "−", look(term.body), ADD)
        elif isinstance(term, Number) and term.value < 0:
            value = Number(-term.value, term.digits)
            result = join(result, "−", look(value), ADD)
        else:
            result = join(result, "+", look(term), ADD)
    return result


@look.register
def _(f: Minus) -> Bound:
    return negative(look(f.body))


@look.register
def _(f: Times) -> Bound:
    parts = [look(part) for part in f.factors]
    if not parts:
        return Bound(Digits("1"))
    if len(parts) == 1:
        return parts[0]
    boxes: list[Box] = []
    for k, part in enumerate(parts):
        last = k == len(parts) - 1
        # The first may be a negative number or the like only in brackets, too: then a
        # factor reads the same wherever it stands.
        need = BIG if last else FRACTION
        need = max(need, FRACTION) if f.sign in {"⊙", "×"} else need
        if part.strength == PRODUCT and not last and f.sign != "":
            need = PRODUCT
        boxes += [Sign(f.sign)] if k and f.sign else []
        boxes.append(bracketed(part, need))
    return Bound(Line(tuple(boxes)), PRODUCT)


@look.register
def _(f: MatrixProduct) -> Bound:
    parts = [bracketed(look(part), MATRIX) for part in f.factors]
    return Bound(Line(tuple(parts)), MATRIX)


@look.register
def _(f: Transposed) -> Bound:
    return Bound(
        Script(bracketed(look(f.body), ATOM), high=Letter("⊤", "upright")), POWER
    )


@look.register
def _(f: Quotient) -> Bound:
    return Bound(Fraction(layout(f.over), layout(f.under)), FRACTION)


@look.register
def _(f: Power) -> Bound:
    return Bound(Script(bracketed(look(f.base), ATOM), high=layout(f.exponent)), POWER)


@look.register
def _(f: Sum) -> Bound:
    low = Line((Letter(f.index.name), Sign("="), Digits("1")))
    sign = Large("∑", low, layout(f.size))
    return Bound(Line((sign, bracketed(look(f.body), FUNCTION))), BIG)


@look.register
def _(f: Partial) -> Bound:
    d: Box = Sign("∂", "prefix")
    high = "+" if f.direct else f.part
    own = Script(d, high=Sign(high, "prefix")) if high else d
    above = Line((own, bracketed(look(f.of), POWER)))
    below = Line((d, bracketed(look(f.by), POWER)))
    return Bound(Fraction(above, below), FRACTION)


@look.register
def _(f: Prime) -> Bound:
    head = look(Call(f.op, (Words("\0"),))).box
    body = look(f.arg).box
    name = _function(head) or Said(f.op.name)
    return Bound(
        Line((Script(name, high=Sign("′", "prefix")), Fence("(", body, ")"))), POWER
    )


def _function(box: Box) -> Box | None:
    """Give the function of ``f(x)``, if that is what a box shows."""
    if isinstance(box, Line) and len(box.parts) == 2:
        head = box.parts[0]
        return head if isinstance(head, Letter | Sign) else None
    return None


@look.register
def _(f: Delta) -> Bound:
    low = Line((layout(f.left), layout(f.right)))
    return Bound(Script(Letter("δ"), low=low), POWER)


@look.register
def _(f: Matrix) -> Bound:
    rows = tuple(tuple(layout(entry) for entry in row) for row in f.rows)
    return Bound(Fence("(", Grid(rows), ")"))


@look.register
def _(f: Under) -> Bound:
    inner = look(f.body)
    return Bound(Brace(inner.box, f.label), inner.strength)


@look.register
def _(f: Mark) -> Bound:
    inner = look(f.body)
    return Bound(Coloured(inner.box, f.factor), inner.strength)


@look.register
def _(f: Blank) -> Bound:
    return Bound(Gap(layout(f.answer), f.number))


@look.register
def _(f: Call) -> Bound:
    args = tuple(look(arg) for arg in f.args)
    template = f.op.formula(f.attrs, *f.specs)
    if template:
        return fill(template, args)
    parts: list[Box] = []
    for k, arg in enumerate(args):
        parts += [Sign(",")] if k else []
        parts.append(arg.box)
    shown = ", ".join(
        f"{k}={_attribute(v)}" for k, v in f.attrs.items() if v != f.op.attrs.get(k)
    )
    head: Box = Sign(f.op.name, "function")
    head = Script(head, low=Said(shown)) if shown else head
    return Bound(Line((head, Fence("(", Line(tuple(parts)), ")"))), POWER)


def _attribute(value: object) -> str:
    text = str(value)
    return text if len(text) <= 40 else text[:39] + "…"
