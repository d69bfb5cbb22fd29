"""Layers of a deep network are functions and loops in its step."""

from __future__ import annotations

import ast

import numpy as np
import pytest

import derivo
from derivo.layers import Dense
from derivo.train.step import StepDerivation

WIDTH = 6


def network(*activations, optimizer="sgd"):
    hidden = [Dense(WIDTH, a) for a in activations]
    net = derivo.Network(*hidden, Dense(3))
    net.build(WIDTH, optimizer=optimizer)
    return net


def functions_of(text):
    return [n.name for n in ast.parse(text).body if isinstance(n, ast.FunctionDef)]


def as_flat(net):
    """Give the step of the same network with every layer written out."""
    whole = net.derivation
    return StepDerivation(whole.loss.written_out, whole.parameters, whole.optimizer)


def arguments(net):
    rng = np.random.default_rng(0)
    x = rng.normal(size=(5, WIDTH)).astype(np.float32)
    t = np.eye(3, dtype=np.float32)[[0, 1, 2, 1, 0]]
    return x, t, *net.state.values, 0.1, 1


@pytest.mark.parametrize("optimizer", ["sgd", "adam"])
@pytest.mark.parametrize(
    "activations",
    [
        ("relu",) * 12,
        ("tanh",) * 5,
        ("relu", "tanh") * 4,
        ("elu", "relu", "relu", None),
    ],
    ids=["a_loop", "calls", "two_kinds", "too_few"],
)
def test_the_step_computes_what_the_flat_one_does(activations, optimizer):
    net = network(*activations, optimizer=optimizer)
    found, flat = net.derivation(*arguments(net)), as_flat(net)(*arguments(net))
    assert len(found) == len(flat)
    for one, other in zip(found, flat, strict=True):
        np.testing.assert_allclose(one, other, rtol=1e-5, atol=1e-6)
        assert np.asarray(one).dtype == np.asarray(other).dtype


def test_twelve_layers_are_one_function_in_a_loop():
    net = network(*["relu"] * 12)
    text = net.derivation.source
    assert functions_of(text) == [
        "dense_relu", "dense_relu_backward", "network", "network_gradient", "sgd",
        "step",
    ]  # fmt: skip
    assert text.count("dense_relu(") == 2  # its definition, and the loop
    assert text.count("dense_relu_backward(") == 2
    assert "        h, saved_dense_relu = dense_relu(h, w, b)" in text
    lines = len(text.splitlines())
    assert lines < 0.85 * len(as_flat(net).source.splitlines())


def test_each_kind_of_layer_is_a_function():
    text = network(*["relu", "tanh"] * 4).derivation.source
    assert {"dense_relu", "dense_tanh"} <= {*functions_of(text)}


def test_a_network_of_few_layers_stays_in_one_piece():
    assert functions_of(network("relu", "tanh").derivation.source) == ["step"]


def test_a_function_of_the_users_gives_its_name():
    def swish(x):
        return x / (1 + np.exp(-x))

    text = network(*[swish] * 5).derivation.source
    assert "dense_swish" in functions_of(text)


def test_layers_with_names_of_their_own_are_alike():
    hidden = [Dense(WIDTH, "relu", name=f"layer_{k}") for k in "abcde"]
    net = derivo.Network(*hidden, Dense(3))
    net.build(WIDTH, optimizer="sgd")
    assert "dense_relu" in functions_of(net.derivation.source)
    assert "b_layer_c" in net.parameters


def test_what_is_explained_and_compiled_is_the_network_layer_by_layer():
    step = network(*["relu"] * 12).derivation
    names = set(step.loss.written_out.traced.names.values())
    assert {"n1", "h7", "n12", "y"} <= names


def test_a_deep_network_trains():
    rng = np.random.default_rng(0)
    x = rng.normal(size=(60, WIDTH)).astype(np.float32)
    t = (x[:, 0] > 0).astype(int) + (x[:, 1] > 0)
    net = derivo.Network(*[Dense(WIDTH, "tanh")] * 8, Dense(3))
    history = net.fit(x, t, epochs=30, verbose=0, engine="numpy", learning_rate=0.01)
    losses = history["loss"]
    assert losses[-1] < 0.6 * losses[0]
