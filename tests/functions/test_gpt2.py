"""A GPT-2 of twelve blocks in plain NumPy: derived, checked, and trained a step."""

from __future__ import annotations

import copy
from functools import cache, partial
from typing import Any

import numpy as np
import pytest

import derivo
from benchmarks.gpt2 import gpt2, gpt2_loss, init_params
from derivo.graph.nest import paths, rebuilt

WIDTH, HEADS, WORDS, LONGEST, LENGTH = 16, 4, 50, 32, 8


@cache
def derivation(blocks: int = 12) -> derivo.Derivation:
    params = init_params(blocks, WIDTH, WORDS, LONGEST, np.random.default_rng(0))
    shapes = rebuilt(params, lambda a: derivo.Spec(a.shape))
    words = derivo.Spec("T", "int")
    return derivo.derive(gpt2_loss, inputs=words, targets=words, **shapes)


@cache
def values(blocks: int = 12) -> dict[str, Any]:
    rng = np.random.default_rng(1)
    words = {k: rng.integers(0, WORDS, LENGTH) for k in ("inputs", "targets")}
    return {**words, **init_params(blocks, WIDTH, WORDS, LONGEST, rng)}


def at(nest: Any, path: str) -> Any:
    for key in path.split("."):
        nest = nest[int(key)] if isinstance(nest, list) else nest[key]
    return nest


def test_its_text_is_short_whatever_its_depth():
    params = init_params(12, WIDTH, WORDS, LONGEST, np.random.default_rng(0))
    shapes = rebuilt(params, lambda a: derivo.Spec(a.shape))
    network = partial(gpt2, n_head=HEADS)
    d = derivo.derive(network, inputs=derivo.Spec("T", "int"), **shapes)
    assert sum(bool(line.strip()) for line in d.source.splitlines()) < 150
    assert derivation(3).source == derivation().source


def test_each_part_is_written_once():
    heads = [t for t in derivation().source.splitlines() if t.startswith("def ")]
    names = [t.split("(")[0].removeprefix("def ") for t in heads]
    assert len(names) == len(set(names))
    assert {"transformer_block", "transformer_block_backward"} < set(names)


def test_it_computes_what_the_function_does():
    assert derivation()(**values()) == pytest.approx(gpt2_loss(**values()), abs=1e-13)


@pytest.mark.parametrize(
    "path", ["wte", "wpe", "blocks.0.ln_1.g", "blocks.5.attn.c_attn.w",
             "blocks.11.mlp.c_proj.b", "ln_f.b"],
)  # fmt: skip
def test_gradients_are_those_of_differences(path):
    gradients = derivation().gradients(**values())
    rng = np.random.default_rng(2)
    direction = rng.normal(size=at(values(), path).shape)

    def moved(step: float) -> float:
        arrays = copy.deepcopy(values())
        at(arrays, path)[...] += step * direction
        return float(gpt2_loss(**arrays))

    coarse, fine = ((moved(h) - moved(-h)) / (2 * h) for h in (2e-4, 1e-4))
    slope = (4 * fine - coarse) / 3  # extrapolated: the error is of fourth order
    found = np.sum(at(gradients, path) * direction)
    assert found == pytest.approx(slope, rel=1e-7, abs=1e-9)


def test_a_step_of_gradient_descent_lowers_the_loss():
    loss, gradients = derivation().value_and_gradients(**values())
    steps = dict(paths(gradients))
    after = {
        name: _moved(nest, name, steps) if name in gradients else nest
        for name, nest in values().items()
    }
    assert gpt2_loss(**after) < loss


def _moved(nest: Any, name: str, gradients: dict[str, Any]) -> Any:
    steps = iter([gradients[path] for path, _ in paths(nest, name)])
    return rebuilt(nest, lambda a: a - 0.1 * next(steps))


@pytest.mark.peers
def test_gradients_are_those_of_jax(monkeypatch):
    jax = pytest.importorskip("jax")
    jax.config.update("jax_enable_x64", True)
    from benchmarks import gpt2 as module

    monkeypatch.setattr(module, "np", jax.numpy)
    # JAX takes no range as an index.
    monkeypatch.setattr(module, "range", jax.numpy.arange, raising=False)

    def loss(trained: Any) -> Any:
        return gpt2_loss(values()["inputs"], values()["targets"], **trained)

    trained = {k: v for k, v in values().items() if k not in ("inputs", "targets")}
    expected = dict(paths(jax.grad(loss)(trained)))
    monkeypatch.undo()
    for path, gradient in paths(derivation().gradients(**values())):
        scale = 1 + np.abs(expected[path]).max()
        np.testing.assert_allclose(gradient, expected[path], atol=1e-9 * scale)
