"""Random programs: their gradients agree with those of JAX and of PyTorch."""

from __future__ import annotations

import os
import warnings
from collections.abc import Callable, Mapping
from typing import Any

import numpy as np
import pytest

from tests.fuzz.agree import derived, scale_of, upstream_of
from tests.fuzz.generate import draw
from tests.fuzz.lookalike import torch_as_numpy
from tests.fuzz.program import Program
from tests.fuzz.run import programs

pytestmark = pytest.mark.peers

COUNT = 2000 if os.environ.get("DERIVO_FUZZ") == "intense" else 200
# Relative to the largest derivative, float64: rounding through up to 60 operations.
TOLERANCE = 1e-9

Gradients = Callable[[Program, Mapping[str, Any], tuple[Any, ...]], dict[str, Any]]


def by_jax() -> Gradients:
    jax = pytest.importorskip("jax", reason="SKIPPED: JAX is missing, no comparison")
    jax.config.update("jax_enable_x64", True)
    jax.config.update("jax_platforms", "cpu")

    def gradients(
        program: Program, values: Mapping[str, Any], up: tuple[Any, ...]
    ) -> dict[str, Any]:
        function = program.function(jax.numpy)

        def total(arrays: Mapping[str, Any]) -> Any:
            found = function(**arrays)
            found = found if isinstance(found, tuple) else (found,)
            return sum((u * r).sum() for u, r in zip(up, found, strict=True))

        arrays = {k: jax.numpy.asarray(v) for k, v in values.items()}
        with jax.disable_jit():  # nothing is run twice, so compiling does not pay
            return {k: np.asarray(g) for k, g in jax.grad(total)(arrays).items()}

    return gradients


def by_torch() -> Gradients:
    torch = pytest.importorskip("torch", reason="SKIPPED: PyTorch is missing")
    namespace = torch_as_numpy(torch)

    def gradients(
        program: Program, values: Mapping[str, Any], up: tuple[Any, ...]
    ) -> dict[str, Any]:
        arrays = {
            k: torch.tensor(v, dtype=torch.float64, requires_grad=True)
            for k, v in values.items()
        }
        found = program.function(namespace)(**arrays)
        found = found if isinstance(found, tuple) else (found,)
        pairs = zip(up, found, strict=True)
        total = sum((torch.as_tensor(u) * r).sum() for u, r in pairs)
        total.backward()
        return {
            k: np.zeros(np.shape(values[k])) if a.grad is None else a.grad.numpy()
            for k, a in arrays.items()
        }

    return gradients


@pytest.mark.parametrize("peer", [by_jax, by_torch], ids=["jax", "torch"])
def test_gradients_agree_with(peer):
    theirs = peer()
    wrong = []
    compared = 0
    for number, program in programs(COUNT, seed=77):
        if peer is by_torch and "::-1" in program.text():
            continue  # PyTorch has no negative steps
        if peer is by_torch and ".max(axis" in program.text():
            continue  # PyTorch's method gives the places too
        values = draw(program)
        up = upstream_of(program, values)
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            expected = theirs(program, values, up)
            one = up if len(up) > 1 else up[0]
            ours = derived(program).gradients(one, **values)
        compared += 1
        scale = scale_of(expected)
        for name, g in ours.items():
            error = np.max(np.abs(g - expected[name]), initial=0) / scale
            if not error <= TOLERANCE:
                wrong.append(f"{number}: {name} {error:.1e}\n{program.text()}")
    assert not wrong, "\n".join(wrong[:3])
    assert compared > COUNT // 2
