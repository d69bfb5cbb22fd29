"""Random loops: values and gradients are those of the function, at several lengths.

``DERIVO_FUZZ=intense`` runs a thousand of them.
"""

from __future__ import annotations

import os
import warnings

import numpy as np
import pytest

import derivo
from derivo.errors import DerivoError, IndependentWarning
from tests.scan.random_loops import SPECS, Program, generate

COUNT = 1000 if os.environ.get("DERIVO_FUZZ") == "intense" else 40
LENGTHS = (1, 2, 4)


def extrapolated(function, arrays, name, direction):
    """Give the derivative along a direction: Richardson's, of central differences."""

    def slope(h):
        ends = (arrays[name] + h * direction, arrays[name] - h * direction)
        after, before = (function(**{**arrays, name: end}) for end in ends)
        return (after - before) / (2 * h)

    return (4 * slope(1e-5) - slope(2e-5)) / 3


def disagreement(program: Program) -> str:
    """Say what is wrong with a derivation; empty if nothing is."""
    written = program.function()

    def function(**given):  # what is written into an argument stays here
        return written(**{k: np.copy(v) for k, v in given.items()})

    with warnings.catch_warnings():
        warnings.simplefilter("ignore", IndependentWarning)
        d = derivo.derive(written, shapes=SPECS, verify=False)
    rng = np.random.default_rng(program.seed)
    for steps in LENGTHS:
        arrays = program.arrays(steps)
        value, gradients = d.value_and_gradients(**arrays)
        expected = function(**arrays)
        if not np.allclose(value, expected, rtol=1e-10, atol=1e-12):
            return f"value {value} instead of {expected} at length {steps}"
        for name, gradient in gradients.items():
            direction = rng.normal(size=np.shape(arrays[name]))
            wanted = extrapolated(function, arrays, name, direction)
            got = np.sum(gradient * direction)
            scale = np.abs(gradient * direction).sum() + abs(wanted) + 1
            if abs(got - wanted) > 1e-6 * scale:
                return f"gradient of {name}: {got} instead of {wanted} at {steps}"
    return ""


@pytest.mark.parametrize("block", range(COUNT // 10))
def test_random_loops_are_right(block):
    for seed in range(10 * block, 10 * block + 10):
        program = generate(seed)
        try:
            wrong = disagreement(program)
        except DerivoError as error:
            wrong = str(error)
        assert wrong == "", f"{wrong}\nseed {seed}\n{program.text}"
