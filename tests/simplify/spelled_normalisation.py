"""Normalisation in many spellings."""

from __future__ import annotations

import numpy as np

from tests.simplify.spelling import positive, spelling

NORM = "textbook row 8: e = g gamma, r (e - mean e - x^ mean(e x^)), two sums"
PLAIN = "the same without gamma and beta: r (g - mean g - x^ mean(g x^))"
RMS = "Zhang & Sennrich 2019: e = g gamma, r (e - x^ mean(e x^)), sum(g x^)"


# --- layers ---------------------------------------------------------------------------


@spelling(x="N M", gamma="M", beta="M", most=11, source=NORM)
def layer_norm_by_var(x, gamma, beta):
    mu = np.mean(x, axis=-1, keepdims=True)
    var = np.var(x, axis=-1, keepdims=True)
    return gamma * (x - mu) / np.sqrt(var + 1e-5) + beta


@spelling(x="N M", gamma="M", beta="M", most=11, source=NORM)
def layer_norm_affine_last(x, gamma, beta):
    mu = x.mean(1, keepdims=True)
    sd = np.sqrt(((x - mu) ** 2).mean(1, keepdims=True) + 1e-6)
    return (x - mu) / sd * gamma + beta


@spelling(x="N M", gamma="M", beta="M", most=11, source=NORM)
def layer_norm_rsqrt(x, gamma, beta):
    xc = x - x.mean(axis=1)[:, None]
    r = 1.0 / np.sqrt((xc * xc).mean(axis=1) + 1e-5)
    return gamma * (xc * r[:, None]) + beta


@spelling(x="N M", gamma="M", beta="M", most=11, source=NORM)
def layer_norm_by_sums(x, gamma, beta):
    n = x.shape[1]
    xc = x - np.sum(x, axis=1, keepdims=True) / n
    v = np.sum(np.square(xc), axis=1, keepdims=True) / n
    return xc * (v + 1e-5) ** -0.5 * gamma + beta


@spelling(x="B T M", gamma="M", beta="M", most=11, source=NORM)
def layer_norm_of_sequences(x, gamma, beta):
    mu = x.mean(axis=-1, keepdims=True)
    var = ((x - mu) ** 2).mean(axis=-1, keepdims=True)
    return (x - mu) / np.sqrt(var + 1e-5) * gamma + beta


@spelling(x="N M", gamma="M", beta="M")
def layer_norm_moments(x, gamma, beta):
    mu = x.mean(1, keepdims=True)
    var = (x**2).mean(1, keepdims=True) - mu**2
    return (x - mu) / np.sqrt(var + 1e-5) * gamma + beta


@spelling(x="N M")
def standardised(x):
    return (x - x.mean(axis=0)) / x.std(axis=0)


@spelling(x="M", most=7, source=PLAIN)
def standardised_vector(x):
    xc = x - x.mean()
    return xc / np.sqrt((xc**2).mean() + 1e-8)


# --- batches --------------------------------------------------------------------------


@spelling(x="N M", gamma="M", beta="M", most=11, source=NORM)
def batch_norm_by_var(x, gamma, beta):
    mu = np.mean(x, axis=0)
    var = np.var(x, axis=0)
    return (x - mu) / np.sqrt(var + 1e-5) * gamma + beta


@spelling(x="N M", gamma="M", beta="M", most=11, source=NORM)
def batch_norm_scale_first(x, gamma, beta):
    mu = x.mean(0)
    xc = x - mu
    var = np.mean(xc**2, axis=0)
    scale = gamma / np.sqrt(var + 1e-5)
    return xc * scale + beta


@spelling(x="N M", gamma="M", beta="M")
def batch_norm_by_std(x, gamma, beta):
    return gamma * ((x - np.mean(x, 0)) / (np.std(x, 0) + 1e-5)) + beta


@spelling(x="N M", gamma="M", beta="M", most=11, source=NORM)
def batch_norm_einsum(x, gamma, beta):
    xc = x - x.mean(0)
    var = np.einsum("nm,nm->m", xc, xc) / x.shape[0]
    return gamma * xc / np.sqrt(var + 1e-5) + beta


@spelling(x="N M", gamma="M", beta="M")
def batch_norm_folded(x, gamma, beta):
    mu, var = x.mean(0), x.var(0)
    scale = gamma / np.sqrt(var + 1e-5)
    return x * scale + (beta - mu * scale)


@spelling(x="N C H H", gamma="C", beta="C", most=11, source=NORM)
def batch_norm_of_images(x, gamma, beta):
    mu = x.mean(axis=(0, 2, 3), keepdims=True)
    var = x.var(axis=(0, 2, 3), keepdims=True)
    xhat = (x - mu) / np.sqrt(var + 1e-5)
    return gamma[:, None, None] * xhat + beta[:, None, None]


@spelling(x="N C T", most=7, source=PLAIN)
def instance_norm(x):
    mu = x.mean(2, keepdims=True)
    var = ((x - mu) ** 2).mean(2, keepdims=True)
    return (x - mu) / np.sqrt(var + 1e-5)


@spelling(x="N M", w="M K", gamma="K", beta="K")
def dense_batch_norm(x, w, gamma, beta):
    z = x @ w
    zc = z - z.mean(axis=0)
    zhat = zc / np.sqrt((zc**2).mean(axis=0) + 1e-5)
    return np.tanh(gamma * zhat + beta)


# --- roots of mean squares ------------------------------------------------------------


@spelling(x="N M", g="M", most=8, source=RMS)
def rms_norm(x, g):
    return x / np.sqrt(np.mean(x**2, axis=-1, keepdims=True) + 1e-6) * g


@spelling(x="N M", g="M", most=8, source=RMS)
def rms_norm_rsqrt(x, g):
    r = (np.mean(x * x, axis=1) + 1e-6) ** -0.5
    return x * r[:, None] * g


@spelling(x="N M", g="M", most=8, source=RMS)
def rms_norm_by_sum(x, g):
    ms = np.sum(np.square(x), -1, keepdims=True) / x.shape[-1]
    return g * (x * (1 / np.sqrt(ms + 1e-6)))


@spelling(x="M", g="M", most=8, source=RMS)
def rms_norm_vector(x, g):
    return g * x / np.sqrt(x @ x / x.shape[0] + 1e-6)


# --- unit length ----------------------------------------------------------------------

LENGTH = "Wang et al. 2017 (NormFace), section 3: (g - y sum(g y)) / r"


@spelling(x="N M", most=5, source=LENGTH)
def unit_rows(x):
    return x / np.linalg.norm(x, axis=1, keepdims=True)


@spelling(x="N M", most=5, source=LENGTH)
def unit_rows_einsum(x):
    return x / np.sqrt(np.einsum("ij,ij->i", x, x))[:, None]


@spelling(x="M", most=5, source=LENGTH + "")
def unit_vector(x):
    return x / np.sqrt(x @ x)


@spelling(v="M K", s="K")
def weight_norm(v, s):
    return s * v / np.sqrt(np.sum(v**2, axis=0))


@spelling(x="N M", v="M K", s="K", b="K")
def weight_norm_layer(x, v, s, b):
    w = v * (s / np.linalg.norm(v, axis=0))
    return x @ w + b


@spelling(a="N M", b="N M")
def cosine_similarity(a, b):
    na = np.sqrt((a**2).sum(1))
    nb = np.sqrt((b**2).sum(1))
    return (a * b).sum(1) / (na * nb)


@spelling(a="M", b="M")
def cosine_of_vectors(a, b):
    return a @ b / (np.linalg.norm(a) * np.linalg.norm(b))


@spelling(a="N M", b="K M")
def cosine_table(a, b):
    a = a / np.linalg.norm(a, axis=1, keepdims=True)
    b = b / np.linalg.norm(b, axis=1, keepdims=True)
    return a @ b.T


@spelling(x="N", y="N")
def correlation(x, y):
    xc, yc = x - x.mean(), y - y.mean()
    return (xc * yc).sum() / np.sqrt((xc**2).sum() * (yc**2).sum())


@spelling(x="N M")
def covariance(x):
    xc = x - x.mean(axis=0)
    return xc.T @ xc / (x.shape[0] - 1)


@spelling(
    p="N M", draws={"p": positive}, most=4, source="quotient rule: (g - sum(g y)) / s"
)
def rows_to_fractions(p):
    return p / p.sum(axis=1, keepdims=True)
