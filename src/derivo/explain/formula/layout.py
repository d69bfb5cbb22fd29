"""From what a formula means to how it looks: the one place that decides brackets."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace

from derivo.explain.formula import tree as t
from derivo.explain.formula.boxes import (
    ADD,
    ATOM,
    BIG,
    FRACTION,
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
    Hat,
    Letter,
    Line,
    Said,
    Script,
    Sign,
    bracketed,
)  # fmt: skip
from derivo.explain.formula.digits import constant_box, number_box, number_text
from derivo.explain.formula.names import adjoint_box, name_box
from derivo.explain.formula.template import fill, join
from derivo.graph.op import Op

# What looks like an operation is read from a template, as operations are.
TEMPLATES = {
    t.Minus: "-{0}", t.Transposed: r"{0}^\top", t.Power: "{0}^{{{1}}}",
    t.Quotient: r"\frac{{{0}}}{{{1}}}", t.Delta: r"\delta_{{{0} {1}}}",
    t.Sum: r"\sum_{{{0} = 1}}^{{{1}}} {2}",
}  # fmt: skip


def layout(formula: t.Formula) -> Box:
    """Give the boxes of a formula."""
    return look(formula).box


def look(formula: t.Formula) -> Bound:  # noqa: C901, PLR0912  a case for each
    """Give the boxes of a formula, and how strongly they hold together."""
    match formula:
        case t.Symbol():
            return _symbol(formula)
        case t.Number(value, digits):
            if isinstance(value, bool):
                return Bound(Said(str(value)))
            known = constant_box(value) if digits is None else None
            return known or number_box(number_text(value, digits))
        case t.Size(dim):
            return _size(str(dim))
        case t.Index(name):
            return Bound(Letter(name))
        case t.Words(text):
            return Bound(Said(text))
        case t.Entry(base, indices):
            return _entry(base, indices)
        case t.Call():
            return _call(formula)
        case t.Plus(terms):
            return _sum(terms)
        case t.Times(factors, sign):
            return _product([look(factor) for factor in factors], sign)
        case t.MatrixProduct(factors):
            parts = (bracketed(look(factor), MATRIX) for factor in factors)
            return Bound(Line(tuple(parts)), MATRIX)
        case t.Partial(of, by, direct, part):
            d: Box = Sign("∂", "prefix")
            high = "+" if direct else part
            own = Script(d, high=Sign(high, "prefix")) if high else d
            above = Line((own, bracketed(look(of), POWER)))
            below = Line((d, bracketed(look(by), POWER)))
            return Bound(Fraction(above, below), FRACTION)
        case t.Prime(op, arg):
            head = Script(_function(op), high=Sign("′", "prefix"))
            return Bound(Line((head, Fence("(", layout(arg), ")"))), POWER)
        case t.Matrix(rows):
            cells = tuple(tuple(map(layout, row)) for row in rows)
            return Bound(Fence("(", Grid(cells), ")"))
        case t.Under(body, label):
            inner = look(body)
            return Bound(Brace(inner.box, label), inner.strength)
        case t.Mark(body, factor):
            inner = look(body)
            return Bound(Coloured(inner.box, factor), inner.strength)
        case t.Blank(answer, number):
            return Bound(Gap(layout(answer), number))
        case _:
            operands = tuple(map(look, t.children(formula)))
            return fill(TEMPLATES[type(formula)], operands)


def _symbol(f: t.Symbol) -> Bound:
    bold = f.rank > 0
    step = None if f.step is None else layout(f.step)
    high = Sign(f.high, "prefix") if f.high else None
    if f.plain:
        letters = f"d_{f.name}" if f.adjoint else f.name
        return Bound(_scripted(Said(letters), step, high))
    if f.adjoint:
        d, name = adjoint_box(f.name, bold=bold).parts
        return Bound(Line((d, _scripted(name, step, high))), POWER)
    return Bound(_scripted(name_box(f.name, bold=bold), step, high))


def _scripted(box: Box, low: Box | None, high: Box | None) -> Box:
    """Put an index and a sign to a name; an index that it has already comes first."""
    if low is None and high is None:
        return box
    if isinstance(box, Script):
        both = Line(tuple(b for b in (box.low, low and Sign(","), low) if b))
        return Script(box.base, both, high or box.high)
    return Script(box, low, high)


def _size(text: str) -> Bound:
    if len(text) == 1 and text.isalpha():
        return Bound(Letter(text))
    if text.isdigit():
        return Bound(Digits(text))
    return Bound(Said(text.replace("*", "·")), ATOM if text.isidentifier() else ADD)


def _entry(base: t.Formula, indices: tuple[t.Formula, ...]) -> Bound:
    if isinstance(base, t.Partial):  # by an entry, rather than an entry of a fraction
        return look(replace(base, by=t.Entry(base.by, indices)))
    whole = look(base)
    if not indices:
        return whole
    low = _listed(map(layout, indices))
    if not isinstance(base, t.Symbol):
        return Bound(Script(_plain(bracketed(whole, ATOM)), low), POWER)
    last = whole.box.parts[-1] if isinstance(whole.box, Line) else whole.box
    if isinstance(last, Script):  # a name that has an index of its own: (w₁)ₖⱼ
        return Bound(Script(Fence("(", whole.box, ")"), low), POWER)
    return Bound(Script(_plain(whole.box), low), POWER)


def _listed(boxes: Iterable[Box]) -> Line:
    """Put commas between boxes."""
    parts: list[Box] = []
    for box in boxes:
        parts += [Sign(","), box] if parts else [box]
    return Line(tuple(parts))


def _plain(box: Box) -> Box:
    """Give an entry of an array its letter in italics: the array alone is bold."""
    if isinstance(box, Letter) and box.style == "bold":
        return Letter(box.text)
    if isinstance(box, Hat):
        return replace(box, body=_plain(box.body))
    if isinstance(box, Line):
        return Line(tuple(map(_plain, box.parts)))
    return box


def _sum(terms: tuple[t.Formula, ...]) -> Bound:
    result: Bound | None = None
    for term in terms:
        match term:
            case _ if result is None:
                result = look(term)
            case t.Minus(body):
                result = join(result, "−", look(body))
            case t.Number(value, digits) if value < 0:
                result = join(result, "−", look(t.Number(-value, digits)))
            case _:
                result = join(result, "+", look(term))
    return result or Bound(Digits("0"))


def _product(parts: list[Bound], sign: str) -> Bound:
    if len(parts) < 2:
        return parts[0] if parts else Bound(Digits("1"))
    boxes: list[Box] = []
    for k, part in enumerate(parts):
        last = k == len(parts) - 1
        # The first may be a negative number or the like only in brackets, too: then a
        # factor reads the same wherever it stands.
        need = BIG if last and sign not in {"⊙", "×"} else FRACTION
        if part.strength == PRODUCT and not last and sign:
            need = PRODUCT
        boxes += [Sign(sign)] if k and sign else []
        boxes.append(bracketed(part, need))
    return Bound(Line(tuple(boxes)), PRODUCT)


def _function(op: Op) -> Box:
    """Give the sign of a function of one value: that of ``f(x)``, or its name."""
    match look(t.Call(op, (t.Words("\0"),))).box:
        case Line((Letter() | Sign() as head, _)):
            return head
        case _:
            return Said(op.name)


def _call(f: t.Call) -> Bound:
    args = tuple(map(look, f.args))
    template = f.op.formula(f.attrs, *f.specs)
    if template:
        return fill(template, args)
    shown = ", ".join(
        f"{k}={_attribute(v)}" for k, v in f.attrs.items() if v != f.op.attrs.get(k)
    )
    head: Box = Sign(f.op.name, "function")
    head = Script(head, low=Said(shown)) if shown else head
    return Bound(Line((head, Fence("(", _listed(arg.box for arg in args), ")"))), POWER)


def _attribute(value: object) -> str:
    text = str(value)
    return text if len(text) <= 40 else text[:39] + "…"
