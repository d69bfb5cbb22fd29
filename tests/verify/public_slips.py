"""Wrong backward passes of kinds that people asked about in public, written anew."""

import numpy as np


# --- spatial batch norm: the path through the variance is left out --------------------
def batchnorm(x, gamma, beta):
    mu = x.mean(axis=(0, 2, 3), keepdims=True)
    xc = x - mu
    var = np.mean(xc * xc, axis=(0, 2, 3), keepdims=True)
    xhat = xc / np.sqrt(var + 1e-5)
    out = gamma[None, :, None, None] * xhat + beta[None, :, None, None]
    return out, (gamma, xhat, xc, var)


def batchnorm_without_variance(dout, cache):
    gamma, xhat, _xc, var = cache
    dbeta = dout.sum(axis=(0, 2, 3))
    dgamma = (dout * xhat).sum(axis=(0, 2, 3))
    dxhat = dout * gamma[None, :, None, None]
    dxc = dxhat / np.sqrt(var + 1e-5)
    dx = dxc - dxc.mean(axis=(0, 2, 3), keepdims=True)
    return dx, dgamma, dbeta


# --- softmax of a vector: the diagonal of the Jacobian alone --------------------------
def softmax(x):
    e = np.exp(x - np.max(x))
    return e / np.sum(e)


def softmax_diagonal(dy, x):
    y = softmax(x)
    return y * (1 - y) * dy


# --- softmax in a loop: only the last j is kept, and the input is used for the output
def softmax_loop_slips(dy, x):
    y = softmax(x)
    d = np.zeros_like(x)
    for i in range(len(x)):
        for j in range(len(x)):
            d[i] = dy[j] * x[j] * ((i == j) - y[i])
    return d


# --- skip-gram with negative sampling: repeated indices are lost ----------------------
def skipgram(v, u, idx):
    score = u[idx] @ v
    return -np.sum(np.log(1 / (1 + np.exp(-score))))


def skipgram_lost(v, u, idx):
    score = u[idx] @ v
    g = 1 / (1 + np.exp(-score)) - 1
    du = np.zeros_like(u)
    du[idx] += g[:, None] * v[None, :]
    dv = u[idx].T @ g
    return dv, du


# --- LSTM cell of a course: the candidate gate's derivative misses a factor -----------
def sigmoid(z):
    return 1 / (1 + np.exp(-z))


def lstm(xt, a_prev, c_prev, wf, bf, wi, bi, wc, bc, wo, bo):
    concat = np.concatenate([a_prev, xt], axis=0)
    ft = sigmoid(wf @ concat + bf)
    it = sigmoid(wi @ concat + bi)
    cct = np.tanh(wc @ concat + bc)
    c_next = ft * c_prev + it * cct
    ot = sigmoid(wo @ concat + bo)
    a_next = ot * np.tanh(c_next)
    return a_next, c_next


def lstm_backward(dnext, xt, a_prev, c_prev, wf, bf, wi, bi, wc, bc, wo, bo):
    da_next, dc_next = dnext
    n_a = a_prev.shape[0]
    concat = np.concatenate([a_prev, xt], axis=0)
    ft = sigmoid(wf @ concat + bf)
    it = sigmoid(wi @ concat + bi)
    cct = np.tanh(wc @ concat + bc)
    c_next = ft * c_prev + it * cct
    ot = sigmoid(wo @ concat + bo)
    dc = dc_next + da_next * ot * (1 - np.tanh(c_next) ** 2)
    dot = da_next * np.tanh(c_next) * ot * (1 - ot)
    dcct = dc * (1 - cct**2)
    dit = dc * cct * it * (1 - it)
    dft = dc * c_prev * ft * (1 - ft)
    dwf, dwi, dwc, dwo = (d @ concat.T for d in (dft, dit, dcct, dot))
    dbf, dbi, dbc, dbo = (d.sum(axis=1, keepdims=True) for d in (dft, dit, dcct, dot))
    dconcat = wf.T @ dft + wi.T @ dit + wc.T @ dcct + wo.T @ dot
    return (dconcat[n_a:], dconcat[:n_a], dc * ft, dwf, dbf, dwi, dbi, dwc, dbc, dwo,
            dbo)  # fmt: skip


# --- x / sqrt(1 + a x²) left of 0: the upstream gradient is forgotten -----------------
def isrlu(x, a):
    return np.where(x < 0, x / np.sqrt(1 + a * x**2), x)


def isrlu_forgets_upstream(dy, x, a):
    return np.where(x < 0, (1 / np.sqrt(1 + a * x**2)) ** 3, 1.0)


# --- correlation in one dimension: the weights' gradient is reversed ------------------
def correlation(x, w):
    return np.correlate(x, w, mode="valid")


def correlation_reversed(dy, x, w):
    dx = np.convolve(dy, w)
    dw = np.correlate(x, dy, mode="valid")[::-1]
    return dx, dw


# --- RMS norm with weight 1 + w -------------------------------------------------------
def rmsnorm(x, w):
    r = 1 / np.sqrt(np.mean(x**2, axis=1, keepdims=True) + 1e-6)
    return x * r * (1 + w)


def rmsnorm_rows_on_columns(dy, x, w):
    r = 1 / np.sqrt(np.mean(x**2, axis=1, keepdims=True) + 1e-6)
    dw = (dy * x * r).sum(axis=0)
    g = dy * (1 + w)
    row = np.mean(g * x, axis=1)
    dx = r * g - r**3 * x * row
    return dx, dw


def rmsnorm_without_weight(dy, x, w):
    r = 1 / np.sqrt(np.mean(x**2, axis=1, keepdims=True) + 1e-6)
    dw = (dy * x * r).sum(axis=0)
    dx = r * dy - r**3 * x * np.mean(dy * x, axis=1, keepdims=True)
    return dx, dw


# --- cross-entropy with smoothing, z-loss and soft cap: one slip each -----------------
def smoothed(x, t):
    cap, eps, zeta = 5.0, 0.1, 0.01
    z = cap * np.tanh(x / cap)
    lse = np.log(np.sum(np.exp(z), axis=1))
    right = np.sum(t * z, axis=1)
    mean = np.mean(z, axis=1)
    loss = lse - (1 - eps) * right - eps * mean + zeta * lse**2
    return np.mean(loss)


def _smoothed_parts(x):
    z = 5.0 * np.tanh(x / 5.0)
    e = np.exp(z)
    total = e.sum(axis=1, keepdims=True)
    return z, e / total, np.log(total)


def smoothed_sign(x, t):
    z, p, lse = _smoothed_parts(x)
    eps, zeta = 0.1, 0.01
    dz = p - (1 - eps) * t + eps / x.shape[1] + 2 * zeta * lse * p
    dz = dz / x.shape[0]
    return dz * (1 - (z / 5.0) ** 2)


def smoothed_without_cap(x, t):
    _z, p, lse = _smoothed_parts(x)
    eps, zeta = 0.1, 0.01
    dz = p - (1 - eps) * t - eps / x.shape[1] + 2 * zeta * lse * p
    return dz / x.shape[0]


def smoothed_without_z_loss(x, t):
    z, p, _lse = _smoothed_parts(x)
    eps = 0.1
    dz = p - (1 - eps) * t - eps / x.shape[1]
    dz = dz / x.shape[0]
    return dz * (1 - (z / 5.0) ** 2)


# --- attention with a soft cap and a sink: the cap's slope is forgotten ---------------
def attention(q, k, v, sink):
    s = q @ k.T / np.sqrt(q.shape[1])
    c = 3.0 * np.tanh(s / 3.0)
    m = np.maximum(np.max(c, axis=1, keepdims=True), sink)
    e = np.exp(c - m)
    p = e / (np.sum(e, axis=1, keepdims=True) + np.exp(sink - m))
    return p @ v


def attention_without_cap(dy, q, k, v, sink):
    s = q @ k.T / np.sqrt(q.shape[1])
    c = 3.0 * np.tanh(s / 3.0)
    e = np.exp(c)
    total = e.sum(axis=1, keepdims=True) + np.exp(sink)
    p = e / total
    dv = p.T @ dy
    dp = dy @ v.T
    row = np.sum(dp * p, axis=1, keepdims=True)
    dc = p * (dp - row)
    dsink = -np.sum(row * np.exp(sink) / total)
    ds = dc / np.sqrt(q.shape[1])
    return ds @ k, ds.T @ q, dv, dsink


# --- a signed power: the wrong sign left of 0 -----------------------------------------
def signed_power(x, a):
    return np.where(x < 0, -(np.abs(x) ** a), x**a)


def signed_power_sign(dy, x, a):
    return dy * a * np.sign(x) * np.abs(x) ** (a - 1)


# --- likelihood of a Gaussian process: the half is missing; the trace's sign ----------
def gp(x, y, ell):
    d2 = (x[:, None] - x[None, :]) ** 2
    k = np.exp(-0.5 * d2 / ell**2) + 0.1 * np.eye(x.shape[0])
    alpha = np.linalg.solve(k, y)
    _, logdet = np.linalg.slogdet(k)
    return 0.5 * y @ alpha + 0.5 * logdet


def gp_without_half(x, y, ell):
    d2 = (x[:, None] - x[None, :]) ** 2
    f = np.exp(-0.5 * d2 / ell**2)
    inverse = np.linalg.inv(f + 0.1 * np.eye(len(x)))
    alpha = inverse @ y
    dk = f * d2 / ell**3
    return -0.5 * alpha @ dk @ alpha + np.trace(inverse @ dk)


def gp_sign(x, y, ell):
    d2 = (x[:, None] - x[None, :]) ** 2
    f = np.exp(-0.5 * d2 / ell**2)
    inverse = np.linalg.inv(f + 0.1 * np.eye(len(x)))
    alpha = inverse @ y
    dk = f * d2 / ell**3
    return -0.5 * alpha @ dk @ alpha - 0.5 * np.trace(inverse @ dk)


# --- trace of an inverse: sign --------------------------------------------------------
def trace_of_inverse(a):
    return np.trace(np.linalg.inv(a))


def trace_sign(a):
    b = np.linalg.inv(a)
    return (b @ b).T


# --- and one that is right, on rows that sum to 1 -------------------------------------
def cross_entropy(z, t):
    e = np.exp(z - z.max(axis=1, keepdims=True))
    p = e / e.sum(axis=1, keepdims=True)
    return -np.mean(np.sum(t * np.log(p), axis=1))


def p_minus_t(z, t):
    e = np.exp(z - z.max(axis=1, keepdims=True))
    p = e / e.sum(axis=1, keepdims=True)
    return (p - t) / z.shape[0]
