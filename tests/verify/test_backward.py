"""Hand-written backward passes: the wrong term is found."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from derivo.errors import UsageError
from derivo.verify.backward import check_backward
from tests.verify import functions as f

NORM: dict[str, Any] = {"x": "N M", "gamma": "M", "beta": "M"}
LAYER: dict[str, Any] = {"x": "N L", "w": "L M", "b": "M"}
LOSS: dict[str, Any] = {"z": "N C", "t": "N C", "wrt": "z"}


def norm_backward(dout, cache):
    gamma, xhat, std = cache
    dx = gamma / std * (dout - dout.mean(0) - xhat * (dout * xhat).mean(0))
    return dx, (dout * xhat).sum(0), dout.sum(0)


def without_mean(dout, cache):
    gamma, xhat, std = cache
    dx = gamma / std * (dout - xhat * (dout * xhat).mean(0))
    return dx, (dout * xhat).sum(0), dout.sum(0)


def without_variance(dout, cache):
    gamma, xhat, std = cache
    return gamma / std * (dout - dout.mean(0)), (dout * xhat).sum(0), dout.sum(0)


def variance_added(dout, cache):
    gamma, xhat, std = cache
    dx = gamma / std * (dout - dout.mean(0) + xhat * (dout * xhat).mean(0))
    return dx, (dout * xhat).sum(0), dout.sum(0)


def beta_not_summed(dout, cache):
    dx, dgamma, _ = norm_backward(dout, cache)
    return dx, dgamma, dout


def layer_backward(d_y, x, w, b):
    y = f.layer(x, w, b)
    d_n = d_y * y * (1 - y)
    return {"dx": d_n @ w.T, "dw": x.T @ d_n, "db": d_n.sum(axis=0)}


def layer_by_saved(saved, d_y):
    x, w, y = saved
    d_n = d_y * y * (1 - y)
    return d_n @ w.T, x.T @ d_n, d_n.sum(axis=0)


def layer_and_saved(x, w, b):
    y = f.layer(x, w, b)
    return y, (x, w, y)


def loss_backward(z, t):
    p = np.exp(z) / np.exp(z).sum(axis=1, keepdims=True)
    return (p * t.sum(axis=1, keepdims=True) - t) / z.shape[0]


def loss_not_averaged(z, t):
    return loss_backward(z, t) * z.shape[0]


def test_right_backward_passes_pass():
    check_backward(f.batch_norm, norm_backward, **NORM).raise_if_failed()
    check_backward(f.layer, layer_backward, **LAYER).raise_if_failed()
    check_backward(layer_and_saved, layer_by_saved, **LAYER).raise_if_failed()
    check_backward(f.cross_entropy, loss_backward, **LOSS).raise_if_failed()


@pytest.mark.parametrize(
    ("backward", "name", "code", "cause"),
    [
        (
            without_mean,
            "x",
            "mu = x.mean(axis=0)",
            "reaches x through `mean` is missing",
        ),
        (without_variance, "x", "var = (xc**2).mean(axis=0)", "reaches xc"),
        (variance_added, "x", "var = (xc**2).mean(axis=0)", "has the wrong sign"),
        (beta_not_summed, "beta", "", "a sum is missing: (5, 3) for (3,)"),
    ],
)
def test_the_wrong_term_is_named_with_its_line(backward, name, code, cause):
    report = check_backward(f.batch_norm, backward, **NORM)
    (row,) = report.failures
    assert row.name == name
    assert cause in row.cause
    assert (row.line.text if row.line else "") == code


def test_a_forgotten_average_is_a_factor():
    report = check_backward(
        f.cross_entropy, loss_not_averaged, wrt="z", z="N C", t="N C"
    )
    (row,) = report.failures
    assert row.cause == (
        "`mean` divides by the number of elements, and that is forgotten"
    )
    assert row.instead == "return loss_backward(z, t)"


def test_a_backward_pass_that_cannot_be_matched_is_refused():
    with pytest.raises(UsageError, match="returns 1 gradients, but there are 3"):
        check_backward(f.layer, lambda d_y, x: d_y @ x, x="N N", w="N N", b="N")
    with pytest.raises(UsageError, match="are not understood"):
        check_backward(f.layer, lambda d_y, other, x: x, **LAYER)


def test_a_wrong_line_is_found_where_a_target_has_a_gradient_of_its_own():
    def loss(z, t):
        m = np.log(np.sum(np.exp(z), axis=1, keepdims=True))
        return np.mean(np.sum(t * (m - z), axis=1))

    def backward(z, t):
        p = np.exp(z) / np.sum(np.exp(z), axis=1, keepdims=True)
        d_z = (p * np.sum(t, axis=1, keepdims=True) + t) / z.shape[0]
        m = np.log(np.sum(np.exp(z), axis=1, keepdims=True))
        return d_z, (m - z) / z.shape[0]

    (row,) = check_backward(loss, backward, z="N M", t="N M").failures
    assert row.name == "z"
    assert "has the wrong sign" in row.cause
    assert row.written is not None
    assert row.written.text.startswith("d_z = ")


def test_code_that_takes_targets_alone_is_judged_on_targets():
    def loss(z, t):
        m = np.log(np.sum(np.exp(z), axis=1, keepdims=True))
        return np.mean(np.sum(t * (m - z), axis=1))

    def backward(z, t):
        if not np.allclose(t.sum(axis=1), 1):
            message = "rows of t are probabilities"
            raise ValueError(message)
        p = np.exp(z) / np.sum(np.exp(z), axis=1, keepdims=True)
        return 2 * (p - t) / z.shape[0]

    report = check_backward(loss, backward, wrt="z", z="N M", t="N M")
    (row,) = report.failures
    assert row.cause.endswith("is counted twice")
    assert row.instead == "return (p - t) / z.shape[0]"
    assert "every row of t sums to 1" in str(report)
