"""The symbols of a step of a loop: names with the step as an index."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import replace

from derivo.differentiate.reverse import Differentiated
from derivo.explain.formula.of_node import adjoint_symbol, formula_of, names_of
from derivo.explain.formula.tree import Call, Formula, Symbol
from derivo.explain.levels.tell import no_spec
from derivo.explain.subject import Steps, Subject
from derivo.graph.node import Node, order
from derivo.graph.op import Op

LATER = "+"  # above an adjoint: the part that the later steps hand back
# The sign for "the adjoint of, at a step", around a formula.
D_AT = Op("adjoint", ("x", "step"), no_spec, latex=r"\operatorname{{d}}_{{{1}}}({0})")


def name_of(node: Node, outer: Subject) -> str:
    """Give the name of a value outside a loop."""
    return outer.names.get(node) or node.attrs.get("name") or "fixed"


def without_step(name: str, steps: Steps) -> str:
    """Give ``x`` for ``x_t``, if nothing else is called so: the index says as much."""
    short = name.removesuffix("_t").removesuffix(f"_{steps.time.name}")
    taken = {*steps.body.names.values(), *steps.bases}
    return name if short in taken else short or name


def with_symbols(steps: Steps) -> Subject:
    """Give the values of a step, and their adjoints, the step as an index."""
    body, raw, outside = steps.body, steps.body.raw, names_of(steps.outer)
    now, before = steps.shifted(0), steps.shifted(-1)
    symbols: dict[Node, Formula] = {}
    adjoints: dict[Node, Formula] = {}
    for a in steps.fixed:
        o = steps.operand(a)
        whole = symbols[a] = outside.get(o) or formula_of(o, outside)
        # What one step adds; the whole is the sum over the steps.
        adjoints[a] = (
            replace(whole, adjoint=True, step=now)
            if isinstance(whole, Symbol) else Call(D_AT, (whole, now))
        )  # fmt: skip
    for a, s in zip(steps.slices, steps.loop.slices, strict=True):
        known = steps.outer.inner_names.get(s) or name_of(steps.operand(a), steps.outer)
        symbols[a] = Symbol(without_step(known, steps), a.spec.rank, step=now)
        adjoints[a] = adjoint_symbol(symbols[a])
    symbols |= {c: steps.base(k, before) for k, c in enumerate(steps.carries)}
    for k, (f, seed) in enumerate(zip(steps.following, raw.seeds, strict=False)):
        symbols.setdefault(f, steps.base(k, now))
        # Where more is added to what the later steps hand back, that part has a sign.
        is_all = raw.adjoints.get(f) is seed and f not in steps.arguments
        high = "" if is_all else LATER
        symbols[seed] = replace(steps.base(k, now, adjoint=True), high=high)
        back = steps.base(k, before, adjoint=True)
        adjoints[steps.carries[k]] = replace(back, high=high)
        if is_all:
            adjoints[f] = symbols[seed]
    for n, name in body.names.items():
        shown = Symbol(without_step(name, steps), n.spec.rank, step=now)
        symbols.setdefault(n, shown)
    rest = raw.seeds[len(steps.following) :]
    for item, node, seed in zip(steps.items, steps.stacked, rest, strict=True):
        whole = outside[item]
        assert isinstance(whole, Symbol)  # noqa: S101
        row = replace(whole, rank=max(whole.rank - 1, 0), step=steps.time)
        symbols.setdefault(node, row)
        symbols[seed] = adjoint_symbol(row)
    named = {
        raw.adjoints[v] for v in symbols if v in raw.adjoints and v not in adjoints
    }
    symbols |= dict(_deltas(raw, named | set(symbols), now, symbols))
    return replace(body, symbols=symbols, adjoint_symbols=adjoints)


def _deltas(
    raw: Differentiated, named: set[Node], step: Formula,
    symbols: Mapping[Node, Formula],
) -> Iterator[tuple[Node, Formula]]:  # fmt: skip
    """Name the adjoints without a name that are read more than once."""
    readers: dict[Node, int] = {}
    for n in order(raw.gradients.values()):
        for i in n.inputs:
            readers[i] = readers.get(i, 0) + 1
    chosen = [
        a for a in dict.fromkeys(raw.adjoints.values())
        if a not in named and len(a.inputs) > 1 and readers.get(a, 0) > 1
    ]  # fmt: skip
    taken = {s.name for s in symbols.values() if isinstance(s, Symbol)}
    word = next(w for w in ("delta", "epsilon", "zeta", "eta") if w not in taken)
    for k, a in enumerate(chosen, start=1):
        name = word if len(chosen) == 1 else f"{word}{k}"
        yield a, Symbol(name, a.spec.rank, step=step)
