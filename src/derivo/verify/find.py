"""From wrong gradients to the slip, the line, and what to write there."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from derivo.graph.node import Node
from derivo.passes import Passes
from derivo.verify.check import active
from derivo.verify.draw import Inputs
from derivo.verify.evaluation import Evaluation
from derivo.verify.explained import Explained, Given, explanation
from derivo.verify.handwritten import Handwritten, UsersError, named
from derivo.verify.known import known_values
from derivo.verify.mend import Mend, Mender, Trial
from derivo.verify.paths import Paths
from derivo.verify.probe import probed
from derivo.verify.report import Row
from derivo.verify.slips import Slips

# Up to so many characters an unnamed value is called by its text.
LONGEST = 32


@dataclass(frozen=True)
class Draw:
    """One draw: inputs, values, and what the hand-written backward pass gave.

    Attributes
    ----------
    arguments
        What it was called with.
    got
        Its gradients by name; empty if it raised an error.
    error
        What the user's code raised.
    steady
        It gave the same numbers when it was called again.
    """

    inputs: Inputs
    evaluation: Evaluation
    upstream: tuple[Any, ...]
    arguments: Mapping[str, Any]
    got: Mapping[str, Any]
    error: UsersError | None = None
    steady: bool = True


def with_causes(
    hand: Handwritten, derivations: tuple[Passes, ...], draws: list[Draw],
    rows: Sequence[Row],
) -> Sequence[Row]:  # fmt: skip
    """Add to every wrong gradient what is wrong with it."""
    wrong = tuple(dict.fromkeys(r.name for r in rows if r.verdict == "wrong"))
    if not wrong:
        return rows
    if not all(d.steady for d in draws):
        cause = (
            "called again with the same arguments it gives other numbers: noise is "
            "drawn anew in the backward pass; keep the forward's mask and use that one"
        )
        return [replace(r, cause=cause) if r.verdict == "wrong" else r for r in rows]
    usable = [d for d in draws if d.error is None]
    mends = _mended(hand, derivations, draws)
    found = _explained(derivations[0], usable, wrong) if usable else {}
    names = derivations[0].traced.names
    pattern = _shared(derivations[0], usable[0], wrong) if usable else None
    return [
        _with_cause(r, found.get(r.name), _mends_of(r.name, mends), pattern, names)
        if r.verdict == "wrong" else r
        for r in rows
    ]  # fmt: skip


def _mends_of(name: str, mends: list[Mend]) -> list[Mend]:
    names = set(name.split(", "))  # one row tells an error of all gradients
    return [m for m in mends if names & m.mends or not m.mends]


def holds(derivation: Passes, arrays: Mapping[str, Any]) -> bool:
    """Tell whether arguments are what a derivation takes them for."""
    return all(fact.holds(arrays) for fact in derivation.backward.assumptions)


# --- the line -------------------------------------------------------------------------


def _mended(
    hand: Handwritten, derivations: tuple[Passes, ...], draws: list[Draw]
) -> list[Mend]:
    """Find the lines of the backward pass to change: one, or else two."""
    function = probed(hand.backward)
    if function is None:
        return []
    raw = derivations[0]
    # What is assumed of an argument need not hold of what the hand-written pass is run
    # on: where it is one of those that have a gradient.
    read = tuple(
        d if all(holds(d, draw.inputs.arrays) for draw in draws) else d.exact
        for d in derivations
    )
    trials = []
    for draw in draws:
        upstream = draw.upstream if len(draw.upstream) > 1 else draw.upstream[0]
        right = raw.by_path(raw.gradients(upstream, **draw.inputs.arrays))
        known = known_values(read, draw.evaluation, draw.inputs, draw.upstream)
        trials.append(Trial(draw.arguments, right, known))
    mender = Mender(function, trials, lambda r: named(r, raw.traced, raw.wanted))
    wrong = set(raw.wanted) - mender.right_before
    if not wrong:
        return []  # wrong by less than the precision of formulas
    located = mender.locate()
    raising = [d.error.line for d in draws if d.error is not None and d.error.line]
    first = [*mender.numbers_at(raising), *map(mender.number_of, located)]
    best = mender.mend(list(dict.fromkeys(first))[:3])
    if best is None or not best.mends >= wrong:
        best = mender.rewritten(located) or best
    if best is None:
        return located[:1]
    if best.mends >= wrong:
        return [best]
    after = mender.go_on(best).mend([])
    return [best, after] if after is not None else [best]


# --- the slip -------------------------------------------------------------------------


def _explained(
    derivation: Passes, draws: list[Draw], wrong: tuple[str, ...]
) -> dict[str, Explained]:
    """Find slips on the derived graph that explain all gradients, or else each."""
    graph = derivation.traced
    # Inside a loop there is one use for every step.
    if any("loop" in n.op.traits for n in draws[0].evaluation.nodes):
        return {}
    word = namer(graph.names)
    trials = [
        Slips(Paths(d.evaluation, graph.outputs, d.upstream,
                    active(derivation, d.evaluation)), word)
        for d in draws
    ]  # fmt: skip
    arguments = {n.attrs["name"]: n for n in graph.inputs}
    values = draws[0].evaluation
    fits = [
        k for k in derivation.wanted
        if np.shape(draws[0].got[k]) == np.shape(values[arguments[k]])
    ]  # fmt: skip
    if len(fits) == len(derivation.wanted):
        together = _explain(trials, {k: arguments[k] for k in fits}, draws)
        if together is not None:
            return dict.fromkeys(wrong, together)
    each = {}
    for name in wrong:
        if name in fits:
            alone = _explain(trials, {name: arguments[name]}, draws)
            if alone is not None:
                each[name] = alone
    return each


def _explain(
    trials: list[Slips], arguments: Mapping[str, Node], draws: list[Draw]
) -> Explained | None:
    given = [
        Given(slips, arguments, {k: draw.got[k] for k in arguments})
        for slips, draw in zip(trials, draws, strict=True)
    ]
    if not all(np.all(np.isfinite(v)) for g in given for v in g.got.values()):
        return None
    return explanation(given)


def namer(names: Mapping[Node, str]) -> Callable[[Node], str]:
    """Give the user's word for a value: its name, or how it is written, if short."""

    def word(node: Node, depth: int = 2) -> str:
        if node in names:
            return names[node]
        if not node.inputs and "value" in node.attrs:
            return str(node.attrs["value"])
        text = _written(node, depth, word) if depth else ""
        if text and len(text) <= LONGEST:
            return text
        if node.line is not None and node.line.text:
            return f"the {node.op.name} in `{node.line.text}`"
        return f"the {node.op.name}"

    return word


def _written(node: Node, depth: int, word: Callable[..., str]) -> str:
    """Write an operation on named values as NumPy has it; "" if that is long."""
    parts = [word(i, depth - 1) for i in node.inputs]
    if not parts or any(p.startswith("the ") for p in parts):
        return ""
    parts = [f"({p})" if " " in p else p for p in parts]
    try:
        text = node.op.text(node.attrs, *(n.spec for n in node.inputs))
        return text.format(*parts, **node.attrs)
    except (KeyError, IndexError, ValueError, TypeError, AttributeError):
        return ""


def _shared(derivation: Passes, draw: Draw, wrong: tuple[str, ...]) -> Node | None:
    """Give the value through which exactly the wrong gradients pass."""
    if not 1 < len(wrong) < len(derivation.wanted):
        return None
    below: dict[Node, frozenset[str]] = {}
    for node in draw.evaluation.nodes:
        own = node.attrs.get("name") if node in derivation.traced.inputs else None
        found = frozenset(n for i in node.inputs for n in below[i])
        below[node] = found | ({own} if own in derivation.wanted else set())
    every = [n for n, found in below.items() if found == set(wrong)]
    return every[0] if every else None


# --- in words -------------------------------------------------------------------------


def _with_cause(
    row: Row, found: Explained | None, mends: list[Mend], pattern: Node | None,
    names: Mapping[Node, str],
) -> Row:  # fmt: skip
    texts: list[str] = []
    if found is not None:
        texts += [s.says for s in found.slips]
        reader = next((s.reader for s in found.slips if s.reader is not None), None)
        about = reader or found.slips[0].node
        row = replace(row, line=about.line, operation=about.op.name)
    elif row.cause and not row.cause.startswith(
        ("the mask", "there should", "no grad")
    ):
        texts.append(row.cause)
    for mend in mends:
        if mend.after:
            texts += [mend.says] if found is None else []
            row = replace(
                row, written=mend.line, instead=_joined(row.instead, mend.after)
            )
        elif mend.wanted is not None:
            row = replace(row, written=mend.line)
            text, name = mend.wanted.text, mend.wanted.name
            what = f"what derivo writes as `{text}`" if text else name
            texts += [] if texts else [f"this line should give {what}"]
    if not texts and pattern is not None:
        word = namer(names)(pattern)
        texts.append(
            f"exactly the wrong gradients pass through {word}: look at its derivative"
        )
        row = replace(row, line=pattern.line, operation=pattern.op.name)
    if not texts:
        texts.append(row.cause or "more than one term is wrong")
    return replace(row, cause="; and ".join(_distinct(texts)))


def _joined(first: str, second: str) -> str:
    return f"{first}; {second}" if first and first != second else second


def _distinct(texts: Iterable[str]) -> list[str]:
    return list(dict.fromkeys(texts))
