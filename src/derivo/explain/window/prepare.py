"""From a derivation to what a window shows, with numbers of its own if need be."""

from __future__ import annotations

from collections.abc import Container, Mapping
from dataclasses import replace
from itertools import cycle
from typing import Any

import numpy as np

from derivo.emit.js.program import Script, runtime
from derivo.errors import DerivoError
from derivo.explain.code import code_of
from derivo.explain.computed import mixing, reasons, script_of
from derivo.explain.drawing.of_subject import loops_called
from derivo.explain.formula.tree import Words as Spelled
from derivo.explain.levels.tell import Telling
from derivo.explain.moments import moments_of
from derivo.explain.prepare import subject
from derivo.explain.subject import Subject
from derivo.explain.window.chains import chains_of
from derivo.explain.window.links import links_of, nearest
from derivo.explain.window.model import Value, Window
from derivo.explain.window.pictures import all_pictures
from derivo.explain.words import Words
from derivo.explain.worksheet import drawn
from derivo.graph.dim import names as names_of_sizes
from derivo.ops.leaf import argument
from derivo.passes import Passes

# Of what is known by name, where numbers are drawn: small, then large enough.
SIZES = ((4, 2, 3, 2, 5, 3), (4,), (8,))
DRAWS = 8  # of which the liveliest is taken
LARGEST = 20_000  # numbers that a page is given


def window_of(
    derivation: Passes, arrays: Mapping[str, Any], upstream: Any, words: Words
) -> Window:
    """Prepare a window.

    Parameters
    ----------
    derivation
        With every function written out.
    arrays
        Values of the arguments; small ones are drawn if there are none.
    upstream
        Adjoint of the result; ones if left out.
    words
        The language.
    """
    about, is_drawn, why = _with_numbers(derivation, arrays, upstream)
    why = (*why, *reasons(about))
    computes = about.has_numbers and not why
    written = script_of(about) if computes else None
    ids = about.ids
    inputs = {n.attrs["name"]: ids[n] for n in about.graph.inputs}
    seeds = [s for s in about.raw.seeds if s.op is argument]
    pictures, loops = all_pictures(about, words)
    bodies = _bodies(about, {loop.place for loop in loops}) if computes else {}
    parts = list(bodies.values())
    if written is not None:
        parts.insert(0, (about, written))
    return Window(
        name=derivation.name,
        pictures=pictures,
        loops=tuple(replace(x, script=bodies[x.place][1].text) for x in loops)
        if computes else loops,
        code=code_of(about),
        moments=moments_of(about, words),
        values=(
            *_values(about, words),
            *(v for body, _ in bodies.values() for v in _inner(body, words)),
        ),
        links=links_of(about) | {
            i: link for body, _ in bodies.values()
            for i, link in links_of(body).items()
        },
        chains=chains_of(about),
        script="" if written is None else written.text,
        runtime=runtime("".join(step.text for _, step in parts)) if parts else "",
        reasons=why,
        arguments={i: about.arrays[name] for name, i in inputs.items()}
        if about.has_numbers else {},
        sizes=dict(about.sizes),
        upstream=tuple(about.values[s] for s in seeds) if about.has_numbers else (),
        parameters=tuple(inputs[name] for name in derivation.wanted),
        is_loss=about.is_loss,
        is_drawn=is_drawn,
        slopes={
            part.ids[n]: text for part, script in parts
            for n, text in script.slopes.items()
        },
        passing={} if written is None else _passing(about, written),
        outputs=tuple(ids[n] for n in about.graph.outputs),
        factors=_factors(about),
        plane=_plane(about) if computes else None,
        batch=_batch(about) if computes and about.is_loss else None,
        known={} if computes else _known(about),
    )  # fmt: skip


def _with_numbers(
    derivation: Passes, arrays: Mapping[str, Any], upstream: Any
) -> tuple[Subject, bool, tuple[str, ...]]:
    """Give the subject with numbers: those given, or small ones."""
    given = derivation.bind((), arrays)[0] if arrays else {}
    count = sum(np.size(a) for a in given.values())
    if arrays and count <= LARGEST:
        return subject(derivation, arrays, upstream), False, ()
    why = (f"{count:,} numbers are too many for a page",) if arrays else ()
    symbols = dict.fromkeys(
        name for n in derivation.traced.inputs for d in n.spec.shape
        for name in names_of_sizes(d)
    )  # fmt: skip
    for tried in SIZES:
        sizes = dict(zip(symbols, cycle(tried), strict=False))
        found = [s for k in range(DRAWS) if (s := _drawn(derivation, k, sizes))]
        if found:
            return max(found, key=_liveliness), True, ()
    return subject(derivation, {}), False, why or ("no numbers were found for it",)


def _drawn(derivation: Passes, seed: int, sizes: dict[str, int]) -> Subject | None:
    """Draw arguments; rows that sum to 1 say one class each."""
    try:
        found = drawn(derivation, seed, sizes)
    except (DerivoError, ArithmeticError, ValueError):
        return None
    if sum(np.size(a) for a in found.values()) > LARGEST:
        return None
    if seed % 2:  # weights half as large: functions that saturate do so less
        found |= {
            name: np.round(0.5 * found[name], 1)
            for name in derivation.wanted if np.ndim(found[name]) > 1
        }  # fmt: skip
    for name in {a.name for a in derivation.backward.assumptions}:
        chosen = np.argmax(found[name], axis=-1)
        one_class = {**found, name: np.eye(np.shape(found[name])[-1])[chosen]}
        values, _ = derivation.bind((), one_class)
        if all(a.holds(values) for a in derivation.backward.assumptions):
            found = one_class
    return subject(derivation, found)


def _liveliness(about: Subject) -> float:
    """Tell how much there is to see: the share of gradients that are not zero."""
    gradients = [about.values[g] for g in about.raw.gradients.values()]
    flat = np.concatenate([np.ravel(np.asarray(g, dtype=float)) for g in gradients])
    finite = flat[np.isfinite(flat)]
    if finite.size < flat.size:
        return -1.0
    # Numbers that are easily read, neither tiny nor huge.
    is_readable = (np.abs(finite) > 5e-3) & (np.abs(finite) < 20)
    return float(np.mean(is_readable)) if finite.size else 0.0


def _bodies(
    about: Subject, opened: Container[str]
) -> dict[str, tuple[Subject, Script]]:
    """Give the steps of the loops that open, and what computes one, by the loop."""
    places = {s.outer.ids[s.node]: s.body for s in about.all_loops}
    return {i: (body, script_of(body)) for i, body in places.items() if i in opened}


def _passing(about: Subject, written: Script) -> dict[str, tuple[str, str]]:
    """Give what mixes the entries of an upstream gradient, by ids."""
    ids, adjoints, told = about.ids, about.raw.adjoints, nearest(about)
    return {
        ids[f.operand]: (
            ids[told[adjoints[f.reader]]], written.passing[adjoints[f.operand]]
        )
        for f in mixing(about)
    }  # fmt: skip


def _inner(body: Subject, words: Words) -> tuple[Value, ...]:
    """Give the values of a step: no name of the user's leads to one of them alone."""
    return tuple(replace(v, name="", is_argument=False) for v in _values(body, words))


def _values(about: Subject, words: Words) -> tuple[Value, ...]:
    t, called = Telling(about, words), loops_called(about, words)
    found = []
    for node, i in about.ids.items():
        if not node.inputs and "name" not in node.attrs:
            continue
        is_argument = node in about.graph.inputs
        adjoint = node in about.raw.adjoints
        label = Spelled(called[node]) if node in called else t.shown(node)
        found.append(
            Value(
                i,
                node.attrs["name"] if is_argument else about.names.get(node, ""),
                label,
                t.adjoint(node) if adjoint else label,
                " × ".join(str(d) for d in node.spec.shape),
                is_argument, adjoint,
            )
        )  # fmt: skip
    return tuple(found)


def _plane(about: Subject) -> dict[str, Any] | None:
    """Find data of two columns, and the last value that answers to each row of them."""
    rows_of = {n: n.spec.shape[0] for n in about.graph.nodes() if n.spec.rank}
    trained = set(about.derivation.wanted)
    inputs = about.graph.inputs
    for data in inputs:
        size = rows_of.get(data)
        shape = np.shape(about.values[data])
        is_known = isinstance(size, int) or data.attrs["name"] in trained
        if is_known or len(shape) != 2 or shape[1] != 2 or str(size) not in about.sizes:
            continue
        others = [n for n in inputs if rows_of.get(n) == size and n is not data]
        reached, compared = {data}, set(others)  # with the answer that is wanted
        answer = None
        for node in about.graph.nodes():
            if compared.intersection(node.inputs):
                compared.add(node)
            elif reached.intersection(node.inputs):
                reached.add(node)
                alike = rows_of.get(node) == size and node in about.names
                answer = node if alike and node.spec.rank <= 2 else answer
        if answer is not None:
            return {
                "data": about.ids[data],
                "answer": about.ids[answer],
                "others": [about.ids[n] for n in others],
                "size": str(size),
            }
    return None


def _factors(about: Subject) -> dict[str, tuple[str, str, str]]:
    """Give the two values of each factor, and that from which its gradient comes."""
    ids, adjoints, told = about.ids, about.raw.adjoints, nearest(about)
    return {
        f.id: (ids[f.operand], ids[f.reader], ids[told[adjoints[f.reader]]])
        for f in about.factors
    }


def _batch(about: Subject) -> dict[str, Any] | None:
    """Find the size that counts examples: the first axis of the data, and of no weight.

    It is a size of nothing else, so that there may be any number of rows.
    """
    inputs, trained = about.graph.inputs, set(about.derivation.wanted)
    data = [n for n in inputs if n.attrs["name"] not in trained and n.spec.rank]
    if not data or not trained:
        return None
    size = data[0].spec.shape[0]
    others = [d for n in inputs for d in n.spec.shape[n in data :]]
    if str(size) not in about.sizes or any(size == d for d in others):
        return None
    rows = [about.ids[n] for n in data if n.spec.shape[0] == size]
    return {"size": str(size), "rows": rows}


def _known(about: Subject) -> dict[str, dict[str, Any]]:
    """Give values and gradients that the window cannot compute itself."""
    adjoints, values = about.raw.adjoints, about.values
    kept = {n: i for n, i in about.ids.items() if "loop" not in n.op.traits}
    return {
        "value": {i: values[n] for n, i in kept.items() if n in values},
        "gradients": {
            i: values[adjoints[n]] for n, i in about.ids.items()
            if n in adjoints and adjoints[n] in values
        },
    }  # fmt: skip
