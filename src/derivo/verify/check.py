"""The check: every gradient, every rule, and the source, against numbers."""

from __future__ import annotations

import warnings
from collections.abc import Mapping
from dataclasses import replace
from typing import Any

import numpy as np

from derivo.errors import AssumptionWarning, DerivoError, UsageError
from derivo.graph.dim import names
from derivo.graph.node import Graph, Node
from derivo.passes import Passes
from derivo.verify.branches import coverage
from derivo.verify.draw import Inputs, draw_inputs, given_inputs, with_zeros
from derivo.verify.gradients import (
    check_gradients,
    draw_upstream,
    emitted_gradients,
    forward_at,
)  # fmt: skip
from derivo.verify.locate import locate
from derivo.verify.nonfinite import trace_nonfinite
from derivo.verify.report import Report, Row, worst_of
from derivo.verify.rules import check_rules, is_floating
from derivo.verify.second import check_second
from derivo.verify.source import check_dtype, check_source


def check(
    derivation: Passes,
    *,
    trials: int = 3,
    seed: int = 0,
    order: int = 2,
    arrays: Mapping[str, Any] | None = None,
    sizes: Mapping[str, int] | None = None,
) -> Report:
    """Compare a derivation with numerical derivatives, in float64.

    Each gradient is compared as a whole and each operation's rule by itself: with
    complex step where everything on the way is analytic (exact to rounding), else with
    extrapolated central differences, away from kinks. The gradient is derived once
    more and compared again. The emitted source is compared with the graph, node by
    node, and with the user's own function.

    Parameters
    ----------
    derivation
        What `derivo.derive` gave.
    trials
        How many inputs are drawn.
    seed
        Start of the random numbers: the same seed gives the same report.
    order
        1 leaves out the second derivatives.
    arrays
        Inputs to check at, instead of drawn ones.
    sizes
        Sizes for named dimensions.

    Returns
    -------
    Report
        ``print(report)`` reads as a page; ``report.ok`` is the result.

    Raises
    ------
    UsageError
        No inputs were found at which the function is finite: pass `arrays`. Or a number
        of draws, a seed or a size that is none.
    """
    rng = generator(seed, trials)
    for name, value, kind in (("sizes", sizes, Mapping), ("arrays", arrays, Mapping),
                              ("order", order, int)):  # fmt: skip
        left_out = value is None and kind is Mapping
        if not left_out and not isinstance(value, kind):
            what = "a dict with names" if kind is Mapping else "1 or 2"
            message = f"{name}={value!r} is to be {what}"
            raise UsageError(message)
    arrays = None if arrays is None else derivation.named(arrays)
    graph = derivation.traced
    _check_sizes(graph, sizes or {})
    assumptions = derivation.backward.assumptions
    assert derivation.source  # noqa: S101  written before the graph is derived again
    rows: list[Row] = []
    drawn: list[Inputs] = []
    with np.errstate(all="ignore"), warnings.catch_warnings():
        warnings.simplefilter("ignore", AssumptionWarning)
        warnings.simplefilter("ignore", RuntimeWarning)
        for _ in range(trials):
            if arrays is not None:
                _check_finite(derivation, arrays)
                inputs = given_inputs(graph, arrays, rng)
            else:
                inputs = draw_inputs(graph, rng, assumptions=assumptions, sizes=sizes,
                                     before=drawn)  # fmt: skip
            drawn.append(inputs)
            rows += _trial(derivation, inputs, order, rng)
        if arrays is None:
            rows += _at_zeros(derivation, drawn[0], rng)
    first = drawn[0]
    shapes = {k: np.shape(v) for k, v in first.arrays.items()}
    branches, missed = coverage(i.sides for i in drawn)
    found = _origin_first(worst_of(rows))
    return Report(
        graph.name, found, first.drawn, shapes, trials, seed, branches, missed
    )


def generator(seed: Any, trials: Any) -> np.random.Generator:
    """Check the two numbers that a report is made with."""
    for name, value, least in (("seed", seed, 0), ("trials", trials, 1)):
        if not isinstance(value, int | np.integer) or value < least:
            message = f"{name}={value!r}: a whole number, {least} or more"
            raise UsageError(message)
    return np.random.default_rng(seed)


def _check_finite(derivation: Passes, arrays: Mapping[str, Any]) -> None:
    """Say where a result becomes infinite, before it is compared with anything."""
    try:
        found = trace_nonfinite(derivation, arrays)
    except DerivoError:
        return  # arrays that do not fit: said where they are read
    if found is not None and found.stage == "forward":
        message = f"{derivation.name} is not finite at the given arrays: {found}"
        raise UsageError(message)


def _check_sizes(graph: Graph, sizes: Mapping[str, Any]) -> None:
    known = {n for a in graph.inputs for d in a.spec.shape for n in names(d)}
    for name, size in sizes.items():
        if name not in known:
            listed = ", ".join(sorted(known)) or "none"
            message = f"sizes: {graph.name} has no size {name!r}; it has {listed}"
            raise UsageError(message)
        if not isinstance(size, int | np.integer) or size < 1:
            message = f"sizes: {name}={size!r} is no size; a whole number, 1 or more"
            raise UsageError(message)


def _trial(
    derivation: Passes, inputs: Inputs, order: int, rng: np.random.Generator
) -> list[Row]:
    evaluation = forward_at(derivation, inputs)
    upstream = draw_upstream(derivation, evaluation, rng)
    words = {**derivation.forward.graph.names, **derivation.traced.names}
    rules = check_rules(
        evaluation, evaluation.nodes, active(derivation, evaluation), words, rng
    )
    got = emitted_gradients(derivation, inputs, upstream)
    whole = check_gradients(derivation, evaluation, got, upstream, rng)
    wrong = any(r.verdict == "wrong" for r in whole)
    has_loops = any("loop" in n.op.traits for n in evaluation.nodes)
    if wrong and not has_loops and all(r.verdict != "wrong" for r in rules):
        rules += locate(derivation, evaluation, upstream, words, rng)
    rows = [*rules, *whole]
    if order > 1 and derivation.wanted:
        rows += check_second(derivation, inputs, upstream, rng)
    rows += check_source(derivation, inputs, evaluation, got, upstream)
    if all(n.spec.kind != "float" for n in derivation.traced.inputs):
        return rows  # what type integers give is NumPy's to say
    return [*rows, check_dtype(derivation, inputs, upstream)]


def _at_zeros(
    derivation: Passes, inputs: Inputs, rng: np.random.Generator
) -> list[Row]:
    """Compare the gradients where elements of an argument are 0."""
    fixed = {fact.name for fact in derivation.backward.assumptions}
    rows: list[Row] = []
    for name, zeroed in with_zeros(derivation.traced, inputs, fixed, rng):
        evaluation = forward_at(derivation, zeroed)
        upstream = draw_upstream(derivation, evaluation, rng)
        got = emitted_gradients(derivation, zeroed, upstream)
        rows += [
            replace(r, cause=f"{r.cause or 'wrong'}, where elements of {name} are 0")
            if r.verdict == "wrong"
            else r
            for r in check_gradients(derivation, evaluation, got, upstream, rng)
            if r.verdict != "unsure"  # 0 is where curvature jumps, as that of elu
        ]
    return rows


def active(derivation: Passes, evaluation: Any) -> set[Node]:
    """Give the values through which the arguments act on the results."""
    wanted = [
        n for n in derivation.traced.inputs if n.attrs["name"] in derivation.wanted
    ]
    reached = set(wanted)
    for node in evaluation.nodes:
        if is_floating(node) and not reached.isdisjoint(node.inputs):
            reached.add(node)
    return reached


def _origin_first(rows: tuple[Row, ...]) -> tuple[Row, ...]:
    """Put what is wrong first: a wrong rule before the gradients it spoils."""
    kinds = ("rule", "gradient", "second", "source", "dtype")
    return tuple(
        sorted(rows, key=lambda r: (r.verdict != "wrong", kinds.index(r.kind)))
    )
