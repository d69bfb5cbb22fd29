"""How large an error may be, by method: the only place where that is decided."""

from __future__ import annotations

from typing import Final

# Complex step has no truncation error and no cancellation: what is left is rounding.
# Central differences, extrapolated, reach about 1e-10 on smooth functions of moderate
# size; 1e-6 leaves room for a curvature of some hundreds.
# Two engines that compute the same in another order differ by rounding alone.
RELATIVE: Final = {
    "complex step": 1e-10,
    "central differences": 1e-6,
    "same inputs": 1e-10,
}

# At an ill-conditioned point two exact ways of computing a derivative differ by more:
# by some tens of times what a few units in the last place of the arguments change (each
# of some hundred operations rounds). It is measured where it matters, and never excuses
# more than this part of the values.
ROUNDING: Final = 30.0
ROUNDING_AT_MOST: Final = 1e-6

# Results in float32 are good to some hundred units in the last place.
FLOAT32: Final = 1e-4

# Smallest distance of an operand from a kink: more than a difference moves it.
CLEARANCE: Final = 1e-3

# A derivative that vanishes has no scale of its own: it is measured against this part
# of the values it comes from.
FLOOR: Final = 1e-3
