"""Comparing the gradients of a random program with numbers."""

from __future__ import annotations

import warnings
from collections.abc import Callable, Mapping
from itertools import pairwise
from typing import Any

import numpy as np

import derivo
from derivo.errors import AssumptionWarning, IndependentWarning
from tests.fuzz.generate import draw
from tests.fuzz.program import Program

# Extrapolated central differences of functions whose values stay below a few hundred
# are good to 1e-8 of the largest derivative; complex step to 1e-12. A wrong term shows
# as an error of 1e-2 and more.
CENTRAL_TOLERANCE = 1e-6
COMPLEX_TOLERANCE = 1e-9
STEP = 1e-3


def derived(program: Program, **options: Any) -> Any:
    """Derive a program for named sizes."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", IndependentWarning)
        specs: dict[str, Any] = {
            k: " ".join(shape) for k, shape in program.inputs.items()
        }
        return derivo.derive(program.function(np), **specs, **options)


def upstream_of(program: Program, values: Mapping[str, Any]) -> tuple[Any, ...]:
    """Draw the adjoints of all results."""
    rng = np.random.default_rng(program.seed + 1)
    shapes = [np.shape(r) for r in results(program, values)]
    return tuple(rng.uniform(0.5, 1.5, s) * rng.choice([-1, 1], s) for s in shapes)


def results(program: Program, values: Mapping[str, Any]) -> tuple[Any, ...]:
    """Run the program's own text."""
    with np.errstate(all="ignore"):
        found = program.function(np)(**values)
    return found if isinstance(found, tuple) else (found,)


def disagreement(program: Program, **options: Any) -> str:
    """Say how the derived gradients differ from numbers; empty if they do not."""
    values = draw(program)
    up = upstream_of(program, values)
    d = derived(program, **options)
    with warnings.catch_warnings():
        # Only rows along the last axis are drawn to sum to 1: elsewhere the exact
        # gradient is used, as it should be.
        warnings.simplefilter("ignore", AssumptionWarning)
        one = up if len(up) > 1 else up[0]
        output, gradients = d.value_and_gradients(one, **values)
    got = output if isinstance(output, tuple) else (output,)
    for a, b in zip(got, results(program, values), strict=True):
        if not np.allclose(a, b, rtol=1e-10, atol=1e-12):
            return f"the forward pass differs by {np.max(np.abs(a - b)):.1e}"
    for name, gradient in gradients.items():
        if np.shape(gradient) != np.shape(values[name]):
            return f"the gradient of {name} has the shape {np.shape(gradient)}"

    def total(moved: Mapping[str, Any]) -> Any:
        return sum(
            np.sum(u * r) for u, r in zip(up, results(program, moved), strict=True)
        )

    return _central(total, values, gradients) or (
        _complex(total, values, gradients) if program.smooth else ""
    )


def scale_of(gradients: Mapping[str, Any]) -> float:
    """Give the size of the largest derivative, at least 1e-3."""
    return max(
        [1e-3, *(float(np.max(np.abs(g), initial=0)) for g in gradients.values())]
    )


def _central(
    total: Callable[..., Any], values: Mapping[str, Any], gradients: Mapping[str, Any]
) -> str:
    rng = np.random.default_rng(0)
    for _ in range(2):
        v = {k: rng.choice([-1.0, 1.0], np.shape(x)) for k, x in values.items()}
        got = sum(np.sum(gradients[k] * v[k]) for k in values)
        scale = scale_of(gradients) * np.sqrt(sum(np.size(x) for x in values.values()))
        # A kink, or the kink of a derivative, may lie between the points. It does not
        # between points that are closer; a wrong gradient is wrong for those, too.
        for step in (STEP, STEP / 64):
            number, doubt = _slope(total, values, v, step)
            if abs(got - number) <= CENTRAL_TOLERANCE * scale + 5 * doubt:
                break
        else:
            return (
                f"along a direction: {got:.12g}, by central differences {number:.12g}"
            )
    return ""


def _slope(
    total: Callable[..., Any], values: Mapping[str, Any], v: Mapping[str, Any], h: float
) -> tuple[Any, Any]:
    """Extrapolate central differences; give the slope and how far it is in doubt."""
    slopes = []
    for step in (h, h / 2, h / 4):
        ahead = total({k: x + step * v[k] for k, x in values.items()})
        behind = total({k: x - step * v[k] for k, x in values.items()})
        slopes.append((ahead - behind) / (2 * step))
    first = [(4 * b - a) / 3 for a, b in pairwise(slopes)]
    number = (16 * first[1] - first[0]) / 15
    return number, abs(number - first[1])


def _complex(
    total: Callable[..., Any], values: Mapping[str, Any], gradients: Mapping[str, Any]
) -> str:
    scale = scale_of(gradients)
    for name, x in values.items():
        numbers = np.zeros(np.shape(x))
        for place in np.ndindex(np.shape(x)):
            moved = np.array(x, dtype=complex)
            moved[place] += 1e-30j
            numbers[place] = np.imag(total({**values, name: moved})) / 1e-30
        error = np.max(np.abs(numbers - gradients[name]), initial=0)
        if not error <= COMPLEX_TOLERANCE * scale:
            return f"the gradient of {name} differs from complex step by {error:.1e}"
    return ""
