"""Directional derivatives from function values: complex step, central differences."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from itertools import pairwise
from typing import Any

import numpy as np

from derivo.verify.tolerance import (
    CLEARANCE,
    FLOOR,
    RELATIVE,
    ROUNDING,
    ROUNDING_AT_MOST,
)

COMPLEX = "complex step"
CENTRAL = "central differences"

# Far below rounding, so that there is no truncation error; far above underflow.
TINY_STEP = 1e-30


@dataclass(frozen=True)
class Numeric:
    """A derivative from function values.

    Attributes
    ----------
    value
        Like the function's result.
    uncertainty
        By how much the value itself may be wrong: 0 for complex step.
    method
        "complex step" or "central differences".
    noise
        Measures how much the derivative changes when its point moves by rounding: what
        two ways of computing it may differ by, however exact they are.
    """

    value: Any
    uncertainty: Any
    method: str
    noise: Callable[[], float] = lambda: 0.0


def derivative(
    function: Callable[..., Any], x: Any, direction: Any, *, analytic: bool,
    rounds: bool = False,
) -> Numeric:  # fmt: skip
    """Differentiate ``function(x + s * direction)`` for s at s = 0.

    Parameters
    ----------
    function
        Takes an array like `x`; gives an array.
    x, direction
        Arrays of one shape, float64; no element of `direction` above 1.
    analytic
        The function may be evaluated at complex arguments.
    rounds
        It takes a generator, too, and then rounds by chance, as `Evaluation.again`.

    Source
    ------
    Squire and Trapp (1998), Using complex variables to estimate derivatives of real
    functions, SIAM Review 40; Richardson (1911) for the extrapolation; Vignes (1993),
    A stochastic arithmetic for reliable scientific computation, Mathematics and
    Computers in Simulation 35, for rounding by chance.
    """

    def slope(at: Any, *rounding: Any) -> Any:
        if not analytic:
            return _central(lambda m: function(m, *rounding), at, direction)[0]
        moved = np.asarray(function(at + 1j * TINY_STEP * direction, *rounding))
        return np.imag(moved) / TINY_STEP

    with np.errstate(all="ignore"):
        if analytic:
            value, method = slope(x), COMPLEX
            doubt = np.zeros(np.shape(value))
        else:
            (value, doubt), method = _central(function, x, direction), CENTRAL
    noise = partial(_noise, slope, x, value, rounds=rounds)
    return Numeric(value, doubt, method, noise)


def _noise(slope: Callable[..., Any], x: Any, value: Any, *, rounds: bool) -> float:
    """Move the point by a few units in the last place, and see what that changes.

    And round by chance on the way, if that can be: where ``1 - p`` has lost digits, the
    point itself may be moved without a change.
    """
    rng = np.random.default_rng(0)
    step = 8 * np.finfo(np.float64).eps * np.maximum(np.abs(x), 1)
    with np.errstate(all="ignore"):
        found = [slope(x + step * rng.choice([-1, 1], np.shape(x))) for _ in range(3)]
        found += [slope(x, rng) for _ in range(3 if rounds else 0)]
        worst = max(float(np.max(np.abs(s - value), initial=0)) for s in found)
    return worst if np.isfinite(worst) else 0.0


def _central(function: Callable[[Any], Any], x: Any, direction: Any) -> tuple[Any, Any]:
    """Extrapolate three central differences; halving the step each time.

    Gives the derivative, and by how much it may be wrong.
    """
    slopes = []
    for step in (CLEARANCE, CLEARANCE / 2, CLEARANCE / 4):
        ahead = np.asarray(function(x + step * direction), dtype=np.float64)
        behind = np.asarray(function(x - step * direction), dtype=np.float64)
        slopes.append((ahead - behind) / (2 * step))
    # Errors go with the square of the step, then with its fourth power.
    first = [(4 * b - a) / 3 for a, b in pairwise(slopes)]
    value = (16 * first[1] - first[0]) / 15
    # A staircase that is finer than the steps looks smooth to all of them: a far
    # smaller step does not. It is only good to rounding, which is taken off.
    step = CLEARANCE / 1024
    ahead = np.asarray(function(x + step * direction), dtype=np.float64)
    behind = np.asarray(function(x - step * direction), dtype=np.float64)
    rounding = 1e-15 * (np.abs(ahead) + np.abs(behind)) / step
    jump = np.abs((ahead - behind) / (2 * step) - value) - 1e3 * rounding
    doubt = np.maximum(np.abs(value - first[1]), np.maximum(jump, 0.0))
    return value, doubt


@dataclass(frozen=True)
class Comparison:
    """A derivative beside its numerical value.

    Attributes
    ----------
    error
        Largest difference, as a part of the largest value.
    element
        Where it is.
    got, expected
        The two values there.
    verdict
        "right", "wrong", or "unsure" where the numerical value is not good enough.
    """

    error: float
    element: tuple[int, ...]
    got: float
    expected: float
    verdict: str


def compare(got: Any, numeric: Numeric, magnitude: float = 0.0) -> Comparison:
    """Compare a derivative with its numerical value, element by element.

    Parameters
    ----------
    got
        What a rule or a backward pass gave, in the shape of the numerical value.
    numeric
        What it should be.
    magnitude
        Size of the values that the derivative comes from: the scale of rounding where
        the derivative itself vanishes.
    """
    a, b = np.asarray(got, dtype=np.float64), np.asarray(numeric.value)
    if not a.size:
        return Comparison(0.0, (), 0.0, 0.0, "right")
    # A complex step is exact to its own square only: at x = 0 that of x ** 3 is not 0.
    scale = max(_largest(a), _largest(b), FLOOR * magnitude, TINY_STEP)
    distance = np.asarray(np.abs(a - b) / scale)
    distance[np.isnan(a) | np.isnan(b) | (np.isinf(a) & (a != b))] = np.inf
    place = np.unravel_index(int(np.argmax(distance)), a.shape)
    error = float(distance[place])
    allowed = RELATIVE[numeric.method]
    noise = ROUNDING * numeric.noise() / scale if allowed < error < np.inf else 0.0
    if error < ROUNDING_AT_MOST:
        allowed += min(noise, ROUNDING_AT_MOST)
    verdict = "right" if error <= allowed else "wrong"
    # Where rounding decides what a derivative is, there is nothing to compare with.
    doubt = noise + 10 * np.max(np.abs(numeric.uncertainty), initial=0.0) / scale
    if verdict == "wrong" and (error <= doubt or not np.all(np.isfinite(b))):
        verdict = "unsure"
    element = tuple(int(i) for i in place)
    return Comparison(error, element, float(a[place]), float(b[place]), verdict)


def _largest(values: Any) -> float:
    finite = np.abs(values[np.isfinite(values)])
    return float(np.max(finite, initial=0.0))
