"""Every gradient as a whole: what the emitted source gives, against numbers."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np

from derivo.graph.node import Node
from derivo.passes import Passes
from derivo.verify.diagnose import UNKNOWN, diagnose
from derivo.verify.differences import (
    CENTRAL,
    COMPLEX,
    Comparison,
    Numeric,
    compare,
    derivative,
)
from derivo.verify.draw import Inputs
from derivo.verify.evaluation import Evaluation
from derivo.verify.report import Row
from derivo.verify.tolerance import RELATIVE

# Up to so many elements are moved one by one, to name the worst one.
ELEMENTWISE = 100


def forward_at(derivation: Passes, inputs: Inputs) -> Evaluation:
    """Evaluate the traced forward pass, and the recognised one, node by node."""
    values = {n: inputs.arrays[n.attrs["name"]] for n in derivation.traced.inputs}
    roots = [*derivation.traced.outputs, *derivation.forward.graph.outputs]
    return Evaluation([*roots, *derivation.traced.inputs], values, inputs.sizes)


def draw_upstream(
    derivation: Passes, evaluation: Evaluation, rng: np.random.Generator
) -> tuple[Any, ...]:
    """Draw an adjoint for every result."""
    outputs = derivation.traced.outputs
    return tuple(np.asarray(rng.normal(size=np.shape(evaluation[n]))) for n in outputs)


def emitted_gradients(
    derivation: Passes, inputs: Inputs, upstream: tuple[Any, ...]
) -> dict[str, Any]:
    """Run the emitted source."""
    given = upstream if len(upstream) > 1 else upstream[0]
    return derivation.by_path(derivation.gradients(given, **inputs.arrays))


def check_gradients(
    derivation: Passes, evaluation: Evaluation, got: Mapping[str, Any],
    upstream: tuple[Any, ...], rng: np.random.Generator,
) -> list[Row]:  # fmt: skip
    """Compare every gradient along a random direction and, if small, by elements."""
    arguments = {n.attrs["name"]: n for n in derivation.traced.inputs}
    # What the user wrote, without what it was recognised as: that may be less analytic.
    values = {n: evaluation[n] for n in arguments.values()}
    written = [*derivation.traced.outputs, *arguments.values()]
    own = Evaluation(written, values, evaluation.sizes)
    return [
        _check_one(derivation, own, arguments[name], got[name], upstream, rng)
        for name in derivation.wanted
    ]


def _check_one(
    derivation: Passes, evaluation: Evaluation, argument: Node, got: Any,
    upstream: tuple[Any, ...], rng: np.random.Generator,
) -> Row:  # fmt: skip
    name = argument.attrs["name"]
    x = np.asarray(evaluation[argument], dtype=np.float64)
    row = {"kind": "gradient", "name": name, "shape": x.shape}
    if np.shape(got) != x.shape:
        cause = diagnose(got, np.zeros(x.shape))
        return Row(**row, error=np.inf, verdict="wrong", cause=cause)
    outputs = derivation.traced.outputs
    total = along(evaluation, argument, outputs, upstream)
    analytic = evaluation.is_analytic([argument])
    size = float(
        sum(
            np.sum(np.abs(u * evaluation[n]))
            for n, u in zip(outputs, upstream, strict=True)
        )
    )
    direction = rng.choice([-1.0, 1.0], size=x.shape)
    slope = derivative(total, x, direction, analytic=analytic, rounds=True)
    result = compare_sum(got * direction, slope, size)
    cause = ""
    if x.size <= ELEMENTWISE or result.verdict == "wrong":
        numeric = elementwise(total, x, analytic=analytic, at_most=ELEMENTWISE)
        shown = np.ravel(got)[: numeric.value.size].reshape(numeric.value.shape)
        by_element = compare(shown, numeric, size)
        if by_element.verdict == "wrong":
            cause = diagnose(shown, numeric.value)
            cause = "" if cause == UNKNOWN else cause  # which rule, is not known here
        if result.verdict != "wrong" or by_element.verdict == "wrong":
            result = by_element if by_element.verdict != "right" else Comparison(
                max(by_element.error, result.error), by_element.element, by_element.got,
                by_element.expected, result.verdict)  # fmt: skip
    if result.verdict == "unsure":
        cause = "the numerical derivative is not precise enough here"
    method = COMPLEX if analytic else CENTRAL
    return Row(**row, error=result.error, tolerance=RELATIVE[method],
               element=result.element, got=result.got, expected=result.expected,
               method=method, verdict=result.verdict, cause=cause)  # fmt: skip


def along(
    evaluation: Evaluation, argument: Node, outputs: tuple[Node, ...],
    upstream: tuple[Any, ...],
) -> Any:  # fmt: skip
    """Give the function of one argument whose gradient is looked for."""

    def total(moved: Any, rounding: np.random.Generator | None = None) -> Any:
        known = evaluation.again({argument: moved}, rounding)
        pairs = zip(outputs, upstream, strict=True)
        return sum(np.sum(u * known[n]) for n, u in pairs)

    return total


def compare_sum(terms: Any, slope: Numeric, magnitude: float) -> Comparison:
    """Compare a sum with its numerical value, on the scale of its terms."""
    total = np.sum(terms)
    scale = float(np.sqrt(np.sum(np.square(terms)))) + 1e-3 * magnitude
    return compare(total, slope, 1e3 * scale)


def elementwise(total: Any, x: Any, *, analytic: bool, at_most: int) -> Numeric:
    """Differentiate along each axis of `x`; of large arrays, the first elements."""
    whole = x.size <= at_most
    slopes = []
    for k in range(x.size if whole else at_most):
        unit = np.zeros(x.size)
        unit[k] = 1.0
        along_axis = unit.reshape(x.shape)
        slopes.append(derivative(total, x, along_axis, analytic=analytic, rounds=True))
    shape = x.shape if whole else (at_most,)
    return Numeric(
        np.reshape([s.value for s in slopes], shape),
        np.reshape([s.uncertainty for s in slopes], shape),
        COMPLEX if analytic else CENTRAL,
        lambda: max((s.noise() for s in slopes), default=0.0),
    )
