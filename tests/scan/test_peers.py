"""The recurrent layers of PyTorch, forward and backward, against ours."""

from __future__ import annotations

import numpy as np
import pytest

import derivo
from tests.scan.programs import PROGRAMS

pytestmark = pytest.mark.peers
torch = pytest.importorskip("torch")


def tensors(arrays):
    return {k: torch.tensor(v, requires_grad=True) for k, v in arrays.items()}


def layer(kind, inputs, hidden, values):
    """Build a layer of torch's from our weights (theirs are transposed)."""
    made = kind(inputs, hidden).double()
    for name, value in values.items():
        with torch.no_grad():
            getattr(made, name).copy_(torch.tensor(value))
    return made


def compare(name, made, result, weights, order=None):
    case = PROGRAMS[name]
    arrays = case.arrays()
    d = derivo.derive(case.function, **case.specs)
    x = torch.tensor(arrays["x"], requires_grad=True)
    start = {
        k: torch.tensor(arrays[k][None], requires_grad=True)
        for k in ("h0", "c0")
        if k in arrays
    }
    state = tuple(start.values()) if len(start) > 1 else next(iter(start.values()))
    hs, _ = made(x, state)
    rng = np.random.default_rng(3)
    d_hs = rng.normal(size=hs.shape)
    hs.backward(torch.tensor(d_hs))
    output, gradients = d.value_and_gradients(result(d_hs, arrays), **arrays)
    ours = output[0] if isinstance(output, tuple) else output
    np.testing.assert_allclose(ours, hs.detach().numpy(), rtol=1e-11, atol=1e-13)
    np.testing.assert_allclose(gradients["x"], x.grad.numpy(), rtol=1e-10, atol=1e-12)
    for k, v in start.items():
        np.testing.assert_allclose(
            gradients[k], v.grad.numpy()[0], rtol=1e-10, atol=1e-12
        )
    for ours_name, theirs in weights.items():
        expected = getattr(made, theirs).grad.numpy().T
        got = gradients[ours_name]
        expected = expected if order is None else expected[..., order]
        np.testing.assert_allclose(got, expected, rtol=1e-10, atol=1e-12)


def test_rnn():
    arrays = PROGRAMS["rnn"].arrays()
    zero = np.zeros_like(arrays["b"])
    made = layer(torch.nn.RNN, 3, 3, {
        "weight_ih_l0": arrays["w"].T, "weight_hh_l0": arrays["u"].T,
        "bias_ih_l0": arrays["b"], "bias_hh_l0": zero,
    })  # fmt: skip
    names = {"w": "weight_ih_l0", "u": "weight_hh_l0", "b": "bias_ih_l0"}
    compare("rnn", made, lambda d_hs, _a: d_hs, names)


def test_lstm():
    arrays = PROGRAMS["lstm"].arrays()
    # Ours are ordered i, f, o, g; torch's i, f, g, o.
    order = np.r_[0:6, 9:12, 6:9]
    made = layer(torch.nn.LSTM, 3, 3, {
        "weight_ih_l0": arrays["w"].T[order], "weight_hh_l0": arrays["u"].T[order],
        "bias_ih_l0": arrays["b"][order], "bias_hh_l0": np.zeros(12),
    })  # fmt: skip
    names = {"w": "weight_ih_l0", "u": "weight_hh_l0", "b": "bias_ih_l0"}
    compare("lstm", made, lambda d_hs, a: (d_hs, np.zeros_like(a["c0"])), names, order)
