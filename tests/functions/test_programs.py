"""Functions that stay functions compute what the whole computes, written out."""

from __future__ import annotations

import copy
import os
import warnings
from typing import Any

import numpy as np
import pytest

import derivo
from derivo.graph.nest import paths, rebuilt
from tests.functions.programs import program

COUNT = 1000 if os.environ.get("DERIVO_FUZZ") == "intense" else 60


def total(function: Any, values: dict[str, Any], upstream: Any) -> float:
    return float(np.sum(function(**copy.deepcopy(values)) * upstream))


@pytest.mark.parametrize("seed", range(COUNT))
def test_a_program_with_helpers(seed, tmp_path):
    written = program(seed)
    main, values = written.load(tmp_path), written.draw(seed)
    rng = np.random.default_rng(seed)
    plain = main(**copy.deepcopy(values))
    upstream = rng.normal(size=np.shape(plain))[()]
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", derivo.errors.IndependentWarning)
        kept = derivo.derive(main, **written.specs)
        whole = derivo.derive(main, inline="*", **written.specs)
    output, nests = kept.value_and_gradients(upstream, **values)
    np.testing.assert_allclose(output, plain, rtol=1e-12, atol=1e-12)
    gradients = dict(paths(nests))
    others = dict(paths(whole.gradients(upstream, **values)))
    assert gradients.keys() == others.keys()
    size = max(np.abs(g).max() for g in gradients.values())
    for name, gradient in gradients.items():
        np.testing.assert_allclose(
            gradient, others[name], rtol=1e-9, atol=1e-10 * (1 + size), err_msg=name
        )
    # And against central differences, along one direction for all arguments.
    direction = rebuilt(values, lambda v: rng.normal(size=np.shape(v)))

    def slope(h: float) -> float:
        up, down = (
            total(main, _moved(values, direction, s * h), upstream) for s in (1, -1)
        )
        return (up - down) / (2 * h)

    coarse, fine = slope(2e-5), slope(1e-5)
    slopes = [np.sum(gradients[k] * d) for k, d in paths(direction)]
    scale = 1 + np.sqrt(np.sum(np.square(slopes))) + float(np.abs(plain).sum())
    # Extrapolated; where the two steps differ by much, the curvature hides the slope.
    doubt = abs(fine - coarse)
    assert abs((4 * fine - coarse) / 3 - sum(slopes)) < 1e-7 * scale + 0.1 * doubt


def _moved(values: Any, direction: Any, step: float) -> Any:
    steps = iter([d for _, d in paths(direction)])
    return rebuilt(values, lambda v: v + step * next(steps))
