"""Logits that overflow: values and gradients in float32 against 1000 digits."""

from __future__ import annotations

from functools import cache

import mpmath
import numpy as np
import pytest

import derivo
from derivo import Spec

LARGE = [1000, 104, 88]
ROWS = [[a, -a, b] for a in LARGE for b in (0, a, -a, a - 1)]
Z = np.array(ROWS, dtype=np.float32)
T = np.eye(3, dtype=np.float32)[np.arange(len(ROWS)) % 3]
LABELS = np.arange(len(ROWS)) % 3
BITS = (LABELS > 0).astype(np.float32)
exp, log = mpmath.exp, mpmath.log


def total(row):
    return sum(exp(z) for z in row)


# --- forward passes, and the same in numbers that do not overflow ---------------------


def log_of_softmax(z):
    return np.log(np.exp(z) / np.exp(z).sum(axis=1, keepdims=True))


def log_softmax(z):
    return z - np.log(np.exp(z).sum(axis=1, keepdims=True))


def shifted_log_softmax(z):
    z = z - z.max(axis=1, keepdims=True)
    return z - np.log(np.exp(z).sum(axis=1, keepdims=True))


def softmax(z):
    return np.exp(z) / np.exp(z).sum(axis=1, keepdims=True)


def log_sum_exp(z):
    return np.log(np.sum(np.exp(z), axis=1))


def softplus(z):
    return np.log(1 + np.exp(z))


def softplus_log1p(z):
    return np.log1p(np.exp(z))


def softplus_split(z):
    return np.maximum(z, 0) + np.log1p(np.exp(-np.abs(z)))


def sigmoid(z):
    return 1 / (1 + np.exp(-z))


def sigmoid_growing(z):
    return np.exp(z) / (1 + np.exp(z))


def other_side(z):
    return 1 - 1 / (1 + np.exp(-z))


def log_sigmoid(z):
    return np.log(1 / (1 + np.exp(-z)))


def log_other_side(z):
    p = 1 / (1 + np.exp(-z))
    return np.log(1 - p)


def log_other_side_growing(z):
    p = np.exp(z) / (1 + np.exp(z))
    return np.log(1 - p)


def swish(z):
    return z / (1 + np.exp(-z))


def row_function(f):
    return lambda rows: [[f(z, row) for z in row] for row in rows]


EXACT = {
    log_of_softmax: row_function(lambda z, row: log(exp(z) / total(row))),
    softmax: row_function(lambda z, row: exp(z) / total(row)),
    log_sum_exp: lambda rows: [log(total(row)) for row in rows],
    softplus: row_function(lambda z, _: log(1 + exp(z))),
    sigmoid: row_function(lambda z, _: 1 / (1 + exp(-z))),
    other_side: row_function(lambda z, _: 1 / (1 + exp(z))),
    log_sigmoid: row_function(lambda z, _: -log(1 + exp(-z))),
    log_other_side: row_function(lambda z, _: -log(1 + exp(z))),
    swish: row_function(lambda z, _: z / (1 + exp(-z))),
}  # fmt: skip
SAME = {
    log_softmax: log_of_softmax, shifted_log_softmax: log_of_softmax,
    softplus_log1p: softplus, softplus_split: softplus, sigmoid_growing: sigmoid,
    log_other_side_growing: log_other_side,
}  # fmt: skip
FUNCTIONS = [*EXACT, *SAME]


@cache
def truth(function):
    """Give the values, and the gradient of their sum weighted by `weights`."""
    exact = EXACT[SAME.get(function, function)]
    with mpmath.workdps(1000):
        rows = [[mpmath.mpf(z) for z in row] for row in ROWS]
        values = np.array(exact(rows), dtype=object)
        weight = weights(values.shape)
        gradient = np.zeros(Z.shape)
        for i, row in enumerate(rows):
            for j in range(len(row)):
                # A one-sided step of 1e-400 errs by about as much.
                moved = [*row[:j], row[j] + mpmath.mpf(10) ** -400, *row[j + 1 :]]
                change = np.array(exact([moved])[0]) - values[i]
                slope = change * mpmath.mpf(10) ** 400
                gradient[i, j] = float(np.sum(slope * weight[i]))
        return values.astype(float), gradient


def weights(shape):
    return np.random.default_rng(0).uniform(0.5, 1.5, shape).astype(np.float32)


@pytest.mark.parametrize("function", FUNCTIONS, ids=lambda f: f.__name__)
def test_values_and_gradients_survive(function):
    values, gradient = truth(function)
    d = derivo.derive(function, z="N C")
    y, g = d.value_and_gradients(upstream=weights(values.shape), z=Z)
    # Below 1e-37 float32 has fewer digits; and a logarithm of the size of the logits
    # cannot be known better than they are.
    np.testing.assert_allclose(y, values, rtol=1e-6, atol=1e-37)
    assert y.dtype == np.float32
    assert g["z"].dtype == np.float32
    # Of p (g - sum(g p)) what cancels is lost, as in every softmax.
    np.testing.assert_allclose(g["z"], gradient, rtol=1e-5, atol=3e-7)


# --- losses ---------------------------------------------------------------------------


def ce(z, t):
    p = np.exp(z) / np.exp(z).sum(axis=1, keepdims=True)
    return -np.mean(np.sum(t * np.log(p), axis=1))


def ce_shifted(z, t):
    e = np.exp(z - z.max(axis=1, keepdims=True))
    p = e / e.sum(axis=1, keepdims=True)
    return -np.sum(t * np.log(p)) / z.shape[0]


def ce_labels(z, y):
    logp = z - np.log(np.exp(z).sum(axis=1, keepdims=True))
    return -logp[np.arange(z.shape[0]), y].mean()


def ce_labels_of_p(z, y):
    p = np.exp(z) / np.exp(z).sum(axis=1, keepdims=True)
    return -np.log(p[np.arange(z.shape[0]), y]).mean()


def exact_ce(rows):
    return -sum(
        log(exp(row[k]) / total(row)) for row, k in zip(rows, LABELS, strict=True)
    ) / len(rows)


@pytest.mark.parametrize(
    ("loss", "target"),
    [(ce, T), (ce_shifted, T), (ce_labels, LABELS), (ce_labels_of_p, LABELS)],
    ids=lambda v: getattr(v, "__name__", ""),
)
def test_cross_entropies_survive(loss, target):
    name = loss.__code__.co_varnames[1]
    spec = "N C" if target.ndim > 1 else Spec("N", "int")
    d = derivo.derive(loss, wrt="z", z="N C", **{name: spec})
    value, gradients = d.value_and_gradients(z=Z, **{name: target})
    with mpmath.workdps(1000):
        rows = [[mpmath.mpf(z) for z in row] for row in ROWS]
        p = np.array([[float(exp(z) / total(row)) for z in row] for row in rows])
        expected = float(exact_ce(rows))
    assert float(value) == pytest.approx(expected, rel=1e-6)
    # Goodfellow et al., Deep Learning, 6.2.2: (p - t) / N.
    gradient = (p - T) / len(ROWS)
    np.testing.assert_allclose(gradients["z"], gradient, rtol=1e-6, atol=1e-8)


def bce(z, t):
    p = 1 / (1 + np.exp(-z))
    return -np.mean(t * np.log(p) + (1 - t) * np.log(1 - p))


def bce_logits(z, t):
    return np.mean(np.log(1 + np.exp(z)) - t * z)


def bce_growing(z, t):
    p = np.exp(z) / (1 + np.exp(z))
    return -(t * np.log(p) + (1 - t) * np.log(1 - p)).mean()


@pytest.mark.parametrize("loss", [bce, bce_logits, bce_growing],
                         ids=lambda f: f.__name__)  # fmt: skip
def test_binary_cross_entropies_survive(loss):
    z = np.array([1000, -1000, 104, -104, 88, -88, 1000, -1000, 0, 3, 17, -17],
                 dtype=np.float32)  # fmt: skip
    d = derivo.derive(loss, wrt="z", z="N", t="N")
    value, gradients = d.value_and_gradients(z=z, t=BITS)
    with mpmath.workdps(1000):
        p = [1 / (1 + exp(-mpmath.mpf(float(u)))) for u in z]
        parts = [log(q) if t else log(1 - q) for q, t in zip(p, BITS, strict=True)]
        expected = float(-sum(parts) / len(p))
        # Bishop, PRML, 4.3.2: (p - t) / N.
        gradient = [float((q - int(t)) / len(p)) for q, t in zip(p, BITS, strict=True)]
    assert float(value) == pytest.approx(expected, rel=1e-6)
    np.testing.assert_allclose(gradients["z"], gradient, rtol=1e-5, atol=1e-8)


def info_nce(a, b):
    s = a @ b.T
    p = np.exp(s) / np.exp(s).sum(axis=1, keepdims=True)
    return -np.mean(np.log(np.diag(p)))


def info_nce_lse(a, b):
    s = a @ b.T
    return np.mean(np.log(np.exp(s).sum(axis=1)) - np.diag(s))


@pytest.mark.parametrize("loss", [info_nce, info_nce_lse], ids=lambda f: f.__name__)
def test_info_nce_survives(loss):
    rng = np.random.default_rng(0)
    a = (rng.normal(size=(4, 3)) * 20).astype(np.float32)
    b = (rng.normal(size=(4, 3)) * 20).astype(np.float32)
    d = derivo.derive(loss, a="N D", b="N D")
    value, gradients = d.value_and_gradients(a=a, b=b)
    s = a.astype(float) @ b.astype(float).T
    assert np.abs(s).max() > 500
    with mpmath.workdps(1000):
        rows = [[mpmath.mpf(v) for v in row] for row in s]
        p = np.array([[float(exp(v) / total(row)) for v in row] for row in rows])
        expected = float(
            -sum(log(exp(row[i]) / total(row)) for i, row in enumerate(rows))
        )
    assert float(value) == pytest.approx(expected / 4, rel=1e-5)
    # Oord et al. 2018: cross-entropy with the diagonal as labels.
    d_s = (p - np.eye(4)) / 4
    np.testing.assert_allclose(gradients["a"], d_s @ b, rtol=1e-5, atol=1e-4)
    np.testing.assert_allclose(gradients["b"], d_s.T @ a, rtol=1e-5, atol=1e-4)


# --- over several axes ----------------------------------------------------------------


def softmax_of_everything(z):
    return np.exp(z) / np.sum(np.exp(z))


def softmax_of_two_axes(z):
    return np.exp(z) / np.exp(z).sum(axis=(1, 2), keepdims=True)


@pytest.mark.parametrize(("function", "spec", "shape"), [
    (softmax_of_everything, "N C", (4, 9)), (softmax_of_two_axes, "1 N C", (1, 4, 9)),
    (softmax_of_everything, "N", (36,)),
], ids=["everything", "two", "vector"])  # fmt: skip
def test_a_softmax_over_several_axes_survives(function, spec, shape):
    d = derivo.derive(function, z=spec)
    y, gradients = d.value_and_gradients(upstream=weights(shape), z=Z.reshape(shape))
    with mpmath.workdps(1000):
        flat = [mpmath.mpf(float(z)) for z in Z.ravel()]
        p = np.array([float(exp(z) / total(flat)) for z in flat]).reshape(shape)
    np.testing.assert_allclose(y, p, rtol=1e-6, atol=1e-37)
    # Bishop, PRML, 4.3.4: p (g - sum(g p)).
    gradient = p * (weights(shape) - np.sum(weights(shape) * p))
    np.testing.assert_allclose(gradients["z"], gradient, rtol=1e-5, atol=3e-7)


# --- other spellings ------------------------------------------------------------------


def log_mean_exp(z):
    return np.log(np.mean(np.exp(z), axis=1))


def logaddexp_by_hand(z):
    return np.log(np.exp(z[:, 0]) + np.exp(z[:, 1]))


def log2_of_softmax(z):
    return np.log2(np.exp(z) / np.exp(z).sum(axis=1, keepdims=True))


def log_of_one_ratio(z):
    e = np.exp(z)
    return np.log(e[:, 0] / e.sum(axis=1))


def slope_of_sigmoid(z):
    return np.exp(z) / (1 + np.exp(z)) ** 2


def tanh_by_exp(z):
    return (np.exp(z) - np.exp(-z)) / (np.exp(z) + np.exp(-z))


def elu(z):
    return np.where(z > 0, z, np.exp(z) - 1)


STABLE = [log_mean_exp, logaddexp_by_hand, log2_of_softmax, slope_of_sigmoid,
          tanh_by_exp]  # fmt: skip
UNSTABLE = {
    log_of_one_ratio: "one picked exponential over their sum is not recognised",
}


def test_an_exponential_that_is_not_chosen_does_not_spoil_the_gradient():
    d = derivo.derive(elu, z="N")
    z = np.array([800.0, 2.0, -1.0])
    np.testing.assert_array_equal(d.gradients(z=z)["z"], [1.0, 1.0, np.exp(-1.0)])
    assert d.source.count("np.where") == 2  # one forward, one backward


def shifted_first(z):
    z = z - np.max(z, axis=1, keepdims=True)
    return np.log(np.sum(np.exp(z), axis=1))


def shifted_by_a_flat_maximum(z):
    m = np.max(z, axis=1)
    return np.log(np.sum(np.exp(z - m[:, None]), axis=1))


def log_softmax_shifted_first(z):
    z = z - np.max(z, axis=1, keepdims=True)
    return z - np.log(np.sum(np.exp(z), axis=1, keepdims=True))


def less_its_maximum(z):
    return np.log(np.sum(np.exp(z), axis=0)) - np.max(z, axis=0)


@pytest.mark.parametrize(
    "function",
    [shifted_first, shifted_by_a_flat_maximum, log_softmax_shifted_first,
     less_its_maximum],
    ids=lambda f: f.__name__,
)  # fmt: skip
@pytest.mark.parametrize("size", [1e4, 1e6])
def test_digits_are_kept_where_the_user_takes_the_maximum_off(function, size):
    # All are below 1e-6 of the logits: adding the maximum in between would lose them.
    z = (size + np.array([[0, -1, -2], [-3, -1, -2], [0, 0, 0]])).astype(np.float32)
    small = (z - size).astype(np.float64)
    actual = derivo.derive(function, z="N C")(z=z)
    np.testing.assert_allclose(actual, function(small), rtol=3e-7, atol=1e-7)


@pytest.mark.parametrize("function", [*STABLE, *UNSTABLE], ids=lambda f: f.__name__)
def test_other_spellings_give_finite_numbers(function, request):
    if function in UNSTABLE:
        mark = pytest.mark.xfail(reason=UNSTABLE[function], strict=True)
        request.applymarker(mark)
    d = derivo.derive(function, z="N C")
    with np.errstate(all="ignore"):
        y, g = d.value_and_gradients(z=Z)
    assert np.isfinite(y).all()
    assert np.isfinite(g["z"]).all()


def test_what_was_changed_is_said_in_the_source():
    d = derivo.derive(log_of_softmax, z="N C")
    assert "written so that nothing overflows" in d.source
    plain = derivo.derive(log_of_softmax, z="N C", stabilize=False)
    assert "written so that nothing overflows" not in plain.source
    with np.errstate(all="ignore"):
        assert not np.isfinite(plain(z=Z)).all()


# A sigmoid is written 1 / (1 + exp(-n)): exp overflows to infinity for n < -88 in
# float32, and 1 / infinity is the right value, 0.
@pytest.mark.parametrize("function", FUNCTIONS, ids=lambda f: f.__name__)
def test_nothing_is_invalid_and_nothing_is_divided_by_zero(function):
    d = derivo.derive(function, z="N C")
    with np.errstate(over="ignore", under="ignore", invalid="raise", divide="raise"):
        _, saved = getattr(d.module, d.name)(Z)
        shape = (len(ROWS),) if function is log_sum_exp else Z.shape
        getattr(d.module, d.name + "_backward")(saved, weights(shape))


# --- masks: what hides some entries does not round the others away ---------------------


def masked_softmax(s):
    z = s + (1 - np.tri(s.shape[0])) * -1e9
    e = np.exp(z - z.max(axis=1, keepdims=True))
    return e / e.sum(axis=1, keepdims=True)


def masked_log_softmax(s):
    hidden = 1 - np.tri(s.shape[0])
    z = s - 1e9 * hidden
    z = z - z.max(axis=1, keepdims=True)
    return (z - np.log(np.exp(z).sum(axis=1, keepdims=True))) * (1 - hidden)


def masked_log_sum_exp(s):
    z = s + (1 - np.tri(s.shape[0])) * -1e9
    m = z.max(axis=1, keepdims=True)
    return m + np.log(np.exp(z - m).sum(axis=1, keepdims=True))


def masked_log_sum_exp_without_axis(s):
    z = s - 1e9 * (1 - np.tri(s.shape[0]))
    return np.log(np.exp(z).sum(axis=1))


MASKED = (
    masked_softmax, masked_log_softmax, masked_log_sum_exp,
    masked_log_sum_exp_without_axis,
)  # fmt: skip


@pytest.mark.parametrize("function", MASKED, ids=lambda f: f.__name__)
def test_a_mask_leaves_the_other_entries_as_they_are(function):
    s = np.random.default_rng(0).normal(size=(5, 5)).astype(np.float32)
    exact = function(s.astype(np.float64))
    d = derivo.derive(function, s="N N")
    np.testing.assert_allclose(d(s=s), exact, rtol=1e-5, atol=1e-6)
    upstream = np.cos(np.arange(exact.size, dtype=np.float32)).reshape(exact.shape)
    wide = s.astype(np.float64)
    step, expected = 1e-6, np.zeros((5, 5))
    for at in np.ndindex(5, 5):
        up, down = wide.copy(), wide.copy()
        up[at] += step
        down[at] -= step
        expected[at] = np.sum(upstream * (function(up) - function(down))) / (2 * step)
    found = d.gradients(upstream, s=s)["s"]
    np.testing.assert_allclose(found, expected, rtol=1e-3, atol=1e-4)
