"""From nodes of a graph to formulas in the user's names."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Mapping
from dataclasses import replace
from fractions import Fraction

import numpy as np

from derivo.explain.formula.manner import as_written
from derivo.explain.formula.tree import (
    Call,
    Formula,
    Matrix,
    Minus,
    Number,
    Partial,
    Quotient,
    Size,
    Symbol,
    Words,
)  # fmt: skip
from derivo.explain.formula.unicode import inline
from derivo.explain.subject import Subject
from derivo.graph.builder import Constant
from derivo.graph.node import Node
from derivo.ops.arithmetic import add
from derivo.ops.leaf import argument

TRANSPARENT = "{0}"
RAISED = "{0}^{{{1}}}"
DEEPEST = 8
MOST_ENTRIES = 12
FEW, MOST_BELOW = 8, 1000  # digits of a decimal; a denominator


def names_of(subject: Subject) -> Mapping[Node, Formula]:
    """Give a symbol for every value that has a name, and for its adjoint.

    The adjoint of a value stands for every node that holds it: in the chain rule as it
    is, and in the gradient as it was shortened.
    """
    named, raw = dict(subject.names), subject.raw
    results = subject.graph.outputs
    if len(results) == 1:  # a result without a name goes by that of the function
        named.setdefault(results[0], subject.graph.name)
    symbols: dict[Node, Formula] = {
        n: Symbol(name, n.spec.rank) for n, name in named.items()
    }
    symbols |= subject.symbols
    # What is given for a result, and goes by its name, is the adjoint of nothing else.
    held = {
        seed for v, seed in zip(results, raw.seeds, strict=True)
        if raw.adjoints.get(v) is seed and isinstance(s := symbols.get(v), Symbol)
        and symbols.get(seed) == adjoint_symbol(s)
    }  # fmt: skip
    different = {
        s for n, s in symbols.items() if isinstance(s, Symbol) and n not in held
    }
    looks = Counter(map(inline, different))
    # `dp` may be a value of the code, too: then the gradient of p is written ``d_p``.
    looks.update({inline(adjoint_symbol(s)) for s in different if not s.adjoint})

    def apart(s: Formula) -> Formula:
        """Write a name out if it, or its gradient, would look like something else."""
        if not isinstance(s, Symbol) or s.adjoint:
            return s
        most = max(looks[inline(s)], looks[inline(adjoint_symbol(s))])
        return replace(s, plain=True) if most > 1 else s

    found = {n: apart(s) for n, s in symbols.items()}
    # An adjoint passed on unchanged is named after the value nearest the result.
    order = sorted(named, key=lambda n: -n.index)
    for adjoints in (subject.raw.adjoints, subject.derivation.backward.adjoints):
        for value in order:
            adjoint = adjoints.get(value)
            is_own = not value.inputs and value in subject.adjoint_symbols
            if adjoint is None or is_own or not isinstance(found[value], Symbol):
                continue
            if adjoint.inputs or adjoint.op is argument:
                own = subject.adjoint_symbols.get(value)
                found.setdefault(adjoint, own or adjoint_symbol(found[value]))
    return found | given_adjoints(subject, found)


def given_adjoints(
    subject: Subject, names: Mapping[Node, Formula]
) -> dict[Node, Formula]:
    """Give symbols for the adjoints that come from outside and have none yet.

    A result that is also read within the function gets more added to what is given for
    it: the sum has the name, and what is given has the number 0.
    """
    used = {s.name for s in names.values() if isinstance(s, Symbol) and s.adjoint}
    found: dict[Node, Formula] = {}
    for seed in subject.raw.seeds:
        if seed.op is argument and seed not in names:
            name = seed.attrs["name"].removeprefix("d_")
            while name in used:
                name += "_0"
            used.add(name)
            found[seed] = Symbol(name, seed.spec.rank, adjoint=True)
    return found


def adjoint_symbol(symbol: Formula) -> Symbol:
    """Give the symbol of the adjoint of a value that has one."""
    assert isinstance(symbol, Symbol)  # noqa: S101
    return replace(symbol, adjoint=True)


def gradient_of(value: Formula, part: str = "") -> Partial:
    """Write the gradient of a value without a name: ``∂E/∂(log p)``.

    Parameters
    ----------
    value
        Its formula.
    part
        The number of what comes back along one path, where that is not all.
    """
    return Partial(Symbol("E"), value, part=part)


def formula_of(node: Node, names: Mapping[Node, Formula]) -> Formula:
    """Write how a value is computed, down to values that have a name.

    Parameters
    ----------
    node
        The value; its own name is not used.
    names
        Formulas of values at which to stop.
    """
    return _opened(node, names, 0)


def _formula(node: Node, names: Mapping[Node, Formula], depth: float) -> Formula:
    return names[node] if node in names else _opened(node, names, depth)


def _opened(node: Node, names: Mapping[Node, Formula], depth: float) -> Formula:
    """Write a value by what it is computed from."""
    if "dim" in node.attrs:
        return Size(node.attrs["dim"])
    if not node.inputs:
        return leaf(node)
    known = constant_value(node)
    if known is not None:
        return constant(known)
    if depth > DEEPEST:
        return Words("…")  # nobody reads on: the values in between have no names
    if _is_turned_back(node):
        (turned,) = node.inputs
        return _formula(turned.inputs[0], names, depth + 1)
    # The terms of a sum stand beside each other: twice as many are read as one in
    # another.
    args = tuple(
        _formula(i, names, depth + (0.5 if node.op is i.op is add else 1))
        for i in node.inputs
    )
    specs = tuple(i.spec for i in node.inputs)
    template = node.op.formula(node.attrs, *specs)
    if template == TRANSPARENT or (template == RAISED and args[1:] == (Number(1),)):
        return args[0]
    return as_written(Call(node.op, args, dict(node.attrs), specs))


def _is_turned_back(node: Node) -> bool:
    """Tell whether a value is the transpose of a transpose: what was there first."""
    first, second = (n.attrs.get("axes") for n in (node.inputs[0], node))
    if first is None or second is None or node.op is not node.inputs[0].op:
        return False
    return [first[k] for k in second] == list(range(len(second)))


def constant_value(node: Node) -> int | float | None:
    """Compute what is made of numbers in the code alone: the 2 - 1 of a power."""
    values = [i.attrs.get("value") for i in node.inputs if not i.inputs]
    if len(values) < len(node.inputs) or "elementwise" not in node.op.traits:
        return None
    if any(isinstance(v, bool) or not isinstance(v, int | float) for v in values):
        return None
    found = np.asarray(node.op.compute(*map(np.asarray, values), **node.attrs)).item()
    return found if isinstance(found, int | float) else None


def leaf(node: Node) -> Formula:
    """Write a constant, an argument or an array that is made from nothing."""
    if "dim" in node.attrs:
        return Size(node.attrs["dim"])
    value = node.attrs.get("value")
    if isinstance(value, Constant):
        a = np.atleast_1d(value.array)
        if a.ndim > 2 or not 0 < a.size <= MOST_ENTRIES:
            return Words(f"constant {node.spec}")
        rows = a.reshape(-1, a.shape[-1])
        return Matrix(tuple(tuple(Number(x.item()) for x in row) for row in rows))
    if isinstance(value, bool | int | float):
        return constant(value)
    if "name" in node.attrs:
        return Symbol(node.attrs["name"], node.spec.rank)
    return Call(node.op, (), dict(node.attrs), ())


def constant(value: bool | float) -> Formula:
    """Write a constant; one that is a fraction as such: 1/6 and not 0.166667."""
    if isinstance(value, int) or not math.isfinite(value) or _is_short(value):
        return Number(value)
    found = Fraction(value).limit_denominator(MOST_BELOW)
    if not math.isclose(found, value, rel_tol=4e-16):
        return Number(value)
    over, under = Number(abs(found.numerator)), Number(found.denominator)
    return Minus(Quotient(over, under)) if value < 0 else Quotient(over, under)


def _is_short(value: float) -> bool:
    """Tell whether a number is written with few digits: 0.125, 1e-05."""
    return len(repr(value).partition("e")[0].strip("-0.")) <= FEW
