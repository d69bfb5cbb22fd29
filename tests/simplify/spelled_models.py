"""Likelihoods, cells, gates, attention and factorisations in many spellings."""

from __future__ import annotations

import math

import numpy as np

from tests.simplify.spelling import between, positive, soft_rows, spelling, zero_or_one

DAO = "Dao et al. 2022 (FlashAttention), appendix B.2"


# --- likelihoods ----------------------------------------------------------------------


@spelling(mu="N", sigma="N", t="N", wrt=("mu", "sigma"), draws={"sigma": positive})
def gaussian_sigma(mu, sigma, t):
    z = (t - mu) / sigma
    return np.sum(0.5 * z**2 + np.log(sigma))


@spelling(mu="N", s="N", t="N", wrt=("mu", "s"))
def gaussian_log_sigma(mu, s, t):
    return np.mean(0.5 * ((t - mu) / np.exp(s)) ** 2 + s + 0.5 * math.log(2 * math.pi))


@spelling(mu="N", lv="N", t="N", wrt=("mu", "lv"))
def gaussian_log_variance(mu, lv, t):
    return 0.5 * np.mean(lv + (t - mu) ** 2 * np.exp(-lv))


@spelling(mu="N", v="N", t="N", wrt=("mu", "v"), draws={"v": positive})
def gaussian_variance(mu, v, t):
    return np.sum(0.5 * np.log(2 * np.pi * v) + (t - mu) ** 2 / (2 * v))


@spelling(x="N", mu="", sigma="", draws={"sigma": positive}, wrt=("mu", "sigma"))
def gaussian_shared(x, mu, sigma):
    return np.sum(0.5 * np.log(2 * np.pi * sigma**2) + (x - mu) ** 2 / (2 * sigma**2))


@spelling(mu="N D", lv="N D", most=5,
          source="Kingma & Welling 2014, appendix B: mu / N, (exp(lv) - 1) / (2 N)")  # fmt: skip
def vae_kl(mu, lv):
    return -0.5 * np.mean(np.sum(1 + lv - mu**2 - np.exp(lv), axis=1))


@spelling(mu="N D", sigma="N D", draws={"sigma": positive}, most=5,
          source="Kingma & Welling 2014, appendix B: mu / N, (sigma - 1 / sigma) / N")  # fmt: skip
def vae_kl_sigma(mu, sigma):
    return 0.5 * np.sum(mu**2 + sigma**2 - 1 - np.log(sigma**2)) / mu.shape[0]


@spelling(x="N M", w="M D", b="D", u="D M", e="N D", wrt=("w", "b", "u"))
def elbo(x, w, b, u, e):
    mu = x @ w + b
    z = mu + 0.5 * e
    r = x - z @ u
    return 0.5 * np.mean(np.sum(r**2, 1)) + 0.5 * np.mean(np.sum(mu**2, 1))


@spelling(z="N K", mu="K D", x="N D")
def gaussian_mixture(z, mu, x):
    lw = z - np.log(np.exp(z).sum(1, keepdims=True))
    ll = -0.5 * ((x[:, None, :] - mu[None]) ** 2).sum(-1)
    return -np.log(np.exp(lw + ll).sum(1)).sum()


@spelling(a="K", mu="K", s="K", x="N", draws={"s": positive}, wrt=("a", "mu", "s"))
def mixture_of_lines(a, mu, s, x):
    w = np.exp(a) / np.exp(a).sum()
    d = (x[:, None] - mu) / s
    return -np.log((w / s * np.exp(-0.5 * d**2)).sum(axis=1)).mean()


@spelling(eta="N", k="N", wrt="eta", most=2, source="McCullagh & Nelder: exp(eta) - k",
          draws={"k": lambda rng, shape: rng.poisson(2.0, shape).astype(float)})  # fmt: skip
def poisson_regression(eta, k):
    return np.sum(np.exp(eta) - k * eta)


@spelling(x="N D", mu="D", p="D D")
def mahalanobis(x, mu, p):
    d = x - mu
    return np.sum((d @ p) * d, axis=1)


@spelling(x="N D", mu="D", p="D D")
def mahalanobis_einsum(x, mu, p):
    d = x - mu
    return np.einsum("ni,ij,nj->n", d, p, d)


@spelling(x="D", mu="D", a="D D")
def mahalanobis_by_factor(x, mu, a):
    y = a @ (x - mu)
    return y @ y


# --- activations and gates ------------------------------------------------------------


@spelling(
    x="N", most=9, source="Elfwing et al. 2018: g (s + y (1 - s)), s saved or computed"
)
def swish(x):
    return x / (1 + np.exp(-x))


@spelling(x="N")
def mish(x):
    return x * np.tanh(np.log(1 + np.exp(x)))


@spelling(x="N")
def gelu_tanh(x):
    return 0.5 * x * (1 + np.tanh(math.sqrt(2 / math.pi) * (x + 0.044715 * x**3)))


@spelling(x="N")
def gelu_sigmoid(x):
    return x * (1 / (1 + np.exp(-1.702 * x)))


@spelling(x="N", most=3, source="Goodfellow et al., 3.10 with tanh: g (1 - y^2)")
def tanh_by_exp(x):
    return (np.exp(x) - np.exp(-x)) / (np.exp(x) + np.exp(-x))


@spelling(x="N", most=3, source="Goodfellow et al., 3.10 with tanh: g (1 - y^2)")
def tanh_by_sigmoid(x):
    return 2 / (1 + np.exp(-2 * x)) - 1


@spelling(x="N")
def elu(x):
    return np.where(x > 0, x, np.exp(x) - 1)


@spelling(x="N")
def softsign(x):
    return x / (1 + np.abs(x))


@spelling(x="N M", w="M K", v="M K", most=10,
          source="Dauphin et al. 2017: d_a = g s, d_s = g a s (1 - s), four products, a sum")  # fmt: skip
def glu(x, w, v):
    return (x @ w) * (1 / (1 + np.exp(-(x @ v))))


@spelling(x="N M", w="M K", v="M K", o="K M")
def swiglu(x, w, v, o):
    a = x @ w
    return (a / (1 + np.exp(-a)) * (x @ v)) @ o


@spelling(x="N M", w="M K", v="M K")
def reglu(x, w, v):
    return np.maximum(x @ w, 0) * (x @ v)


@spelling(x="N M", w="M K")
def glu_split(x, w):
    u = x @ w
    a, b = np.split(u, 2, axis=1)
    return a / (1 + np.exp(-b))


@spelling(x="N M", w="M M", b="M", wg="M M", bg="M")
def highway(x, w, b, wg, bg):
    h = np.tanh(x @ w + b)
    t = 1 / (1 + np.exp(-(x @ wg + bg)))
    return h * t + x * (1 - t)


# --- recurrent cells ------------------------------------------------------------------


@spelling(x="N M", h="N H", wz="M H", uz="H H", wr="M H", ur="H H", wh="M H", uh="H H")
def gru(x, h, wz, uz, wr, ur, wh, uh):
    z = 1 / (1 + np.exp(-(x @ wz + h @ uz)))
    r = 1 / (1 + np.exp(-(x @ wr + h @ ur)))
    c = np.tanh(x @ wh + (r * h) @ uh)
    return (1 - z) * h + z * c


@spelling(x="N M", h="N H", wf="M H", uf="H H", wh="M H", uh="H H")
def minimal_gated_unit(x, h, wf, uf, wh, uh):
    f = 1 / (1 + np.exp(-(x @ wf + h @ uf)))
    c = np.tanh(x @ wh + (f * h) @ uh)
    return h + f * (c - h)


@spelling(x="N M", h="N 3", c="N 3", w="M 12", u="3 12", b="12")
def lstm_one_matrix(x, h, c, w, u, b):
    k = 3
    a = x @ w + h @ u + b
    i = 1 / (1 + np.exp(-a[:, :k]))
    f = 1 / (1 + np.exp(-a[:, k : 2 * k]))
    o = 1 / (1 + np.exp(-a[:, 2 * k : 3 * k]))
    g = np.tanh(a[:, 3 * k :])
    new = f * c + i * g
    return o * np.tanh(new), new


@spelling(x="N M", h="N H", w="M H", u="H H", b="H", most=9,
          source="Goodfellow et al., 10.2.2: d = g (1 - y^2), four products, a sum")  # fmt: skip
def elman(x, h, w, u, b):
    return np.tanh(x @ w + h @ u + b)


# --- attention ------------------------------------------------------------------------


@spelling(q="T D", k="S D", v="S V", most=9, source=DAO)
def attention(q, k, v):
    s = q @ k.T / math.sqrt(q.shape[-1])
    p = np.exp(s - s.max(-1, keepdims=True))
    p /= p.sum(-1, keepdims=True)
    return p @ v


@spelling(q="B T D", k="B S D", v="B S V", most=9, source=DAO)
def attention_batched(q, k, v):
    s = q @ np.swapaxes(k, 1, 2) / np.sqrt(q.shape[-1])
    p = np.exp(s) / np.exp(s).sum(axis=-1, keepdims=True)
    return p @ v


@spelling(q="B T D", k="B S D", v="B S V", most=9, source=DAO)
def attention_einsum(q, k, v):
    s = np.einsum("btd,bsd->bts", q, k) * q.shape[-1] ** -0.5
    p = np.exp(s) / np.exp(s).sum(-1)[..., None]
    return np.einsum("bts,bsd->btd", p, v)


@spelling(q="T D", k="T D", v="T V", most=9, source=DAO)
def attention_causal(q, k, v):
    s = q @ k.T / np.sqrt(q.shape[1])
    s = s + np.triu(np.full((q.shape[0], q.shape[0]), -1e9), 1)
    p = np.exp(s - s.max(1, keepdims=True))
    p = p / p.sum(1, keepdims=True)
    return p @ v


@spelling(q="T D", k="S D", v="S V", m="T S", wrt=("q", "k", "v"),
          draws={"m": lambda rng, shape: np.maximum(zero_or_one(rng, shape), np.eye(*shape))},
          most=10, source=DAO + ", masked: one more")  # fmt: skip
def attention_where(q, k, v, m):
    s = np.where(m > 0, q @ k.T / np.sqrt(q.shape[1]), -1e9)
    e = np.exp(s - s.max(axis=1, keepdims=True))
    return e / e.sum(axis=1, keepdims=True) @ v


@spelling(x="B T M", wq="M 8", wk="M 8", wv="M 8", wo="8 M")
def attention_heads(x, wq, wk, wv, wo):
    b, t, _ = x.shape
    q = (x @ wq).reshape(b, t, 2, 4).transpose(0, 2, 1, 3)
    k = (x @ wk).reshape(b, t, 2, 4).transpose(0, 2, 1, 3)
    v = (x @ wv).reshape(b, t, 2, 4).transpose(0, 2, 1, 3)
    s = q @ k.transpose(0, 1, 3, 2) / 2.0
    p = np.exp(s - s.max(-1, keepdims=True))
    p = p / p.sum(-1, keepdims=True)
    y = (p @ v).transpose(0, 2, 1, 3).reshape(b, t, 8)
    return y @ wo


@spelling(q="T D", k="S D", v="S V")
def attention_linear(q, k, v):
    fq, fk = np.exp(q), np.exp(k)
    return fq @ (fk.T @ v) / (fq @ fk.sum(axis=0))[:, None]


# --- factorisations and regressions ---------------------------------------------------


@spelling(r="N M", u="N K", v="M K", wrt=("u", "v"), most=3,
          source="Koren et al. 2009: E V and E^T U with E = U V^T - R, E saved")  # fmt: skip
def factorisation(r, u, v):
    return 0.5 * np.sum((u @ v.T - r) ** 2)


@spelling(r="N M", m="N M", u="N K", v="M K", wrt=("u", "v"), draws={"m": zero_or_one},
          most=8, source="Koren et al. 2009, with mask m = m^2 not known, and decay")  # fmt: skip
def factorisation_masked(r, m, u, v):
    e = m * (r - u @ v.T)
    return 0.5 * np.sum(e**2) + 0.05 * (np.sum(u**2) + np.sum(v**2))


@spelling(x="N M T", a="N K", b="M K", c="T K", wrt=("a", "b", "c"))
def tensor_factorisation(x, a, b, c):
    return np.sum((x - np.einsum("ir,jr,kr->ijk", a, b, c)) ** 2)


@spelling(x="N M", w="M K", wrt="w")
def reconstruction(x, w):
    r = x - x @ w @ w.T
    return np.sum(r**2) / x.shape[0]


@spelling(x="N M", w="M", t="N", wrt="w", most=5,
          source="Hoerl & Kennard 1970: 2 X^T r / N + 2 lambda w")  # fmt: skip
def ridge(x, w, t, decay=0.1):
    r = x @ w - t
    return r @ r / t.shape[0] + decay * w @ w


@spelling(
    x="N M",
    w="M K",
    t="N K",
    wrt="w",
    most=3,
    source="textbook row 6, with more outputs",
)
def least_squares(x, w, t):
    return np.mean(np.sum((x @ w - t) ** 2, axis=1))


@spelling(x="N M", v="M K", w="M", b="", most=None)
def factorisation_machine(x, v, w, b):
    pairs = 0.5 * ((x @ v) ** 2 - (x**2) @ (v**2)).sum(axis=1)
    return b + x @ w + pairs


@spelling(x="N D", c="K D")
def distances(x, c):
    return ((x[:, None, :] - c[None, :, :]) ** 2).sum(-1)


@spelling(x="N D", c="K D")
def kernel(x, c):
    d = (x**2).sum(1)[:, None] - 2 * x @ c.T + (c**2).sum(1)
    return np.exp(-0.5 * d)


@spelling(x="N D", y="N D", z="N D")
def triplet(x, y, z):
    near = ((x - y) ** 2).sum(1)
    far = ((x - z) ** 2).sum(1)
    return np.maximum(near - far + 1, 0).mean()


@spelling(p="N C", q="N C", draws={"p": soft_rows, "q": soft_rows})
def jensen_shannon(p, q):
    m = 0.5 * (p + q)
    return 0.5 * np.sum(p * np.log(p / m)) + 0.5 * np.sum(q * np.log(q / m))


@spelling(y="N", t="N", wrt="y", draws={"y": between(0.1, 0.9), "t": zero_or_one})
def dice(y, t):
    return 1 - 2 * np.sum(y * t) / (np.sum(y) + np.sum(t) + 1e-6)


@spelling(w="M K", x="N M", t="N K", wrt="w")
def mlp_residual(w, x, t):
    h = np.tanh(x @ w)
    return np.mean((h - t) ** 2) + 1e-2 * np.sum(w * w)
