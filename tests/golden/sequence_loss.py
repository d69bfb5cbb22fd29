import numpy as np


def sequence_loss(xs, ts, w, u, v):
    h = np.zeros(w.shape[1], dtype=xs.dtype)  # (H,)
    loss = xs.dtype.type(0)
    h_all = np.empty((xs.shape[0], *h.shape), dtype=xs.dtype)  # (T, H)
    h_at_v_minus_ts_all = np.empty_like(ts)   # (T, K)
    for t in range(xs.shape[0]):
        h = np.tanh(xs[t] @ w + h @ u)        # (H,)
        h_at_v_minus_ts = h @ v - ts[t]       # (K,)
        h_all[t] = h                          # (H,)
        h_at_v_minus_ts_all[t] = h_at_v_minus_ts  # (K,)
        loss = loss + np.sum(h_at_v_minus_ts ** 2)
    return loss / xs.shape[0], (xs, w, u, v, h_all, h_at_v_minus_ts_all)


def sequence_loss_gradient(saved):
    xs, w, u, v, h_all, h_at_v_minus_ts_all = saved
    zeros = np.zeros((w.shape[1],), dtype=xs.dtype)
    d_h = zeros
    d_xs = np.empty_like(xs)
    d_ts = np.empty_like(h_at_v_minus_ts_all)
    d_w = np.zeros_like(w)
    d_u = np.zeros_like(u)
    d_v = np.zeros_like(v)
    for t in reversed(range(xs.shape[0])):
        h_prev = h_all[t - 1] if t > 0 else zeros
        delta = 2 / xs.shape[0] * h_at_v_minus_ts_all[t]
        # h is read more than once: add what comes back
        d_h = d_h + v @ delta
        delta_2 = d_h * (1 - h_all[t] * h_all[t])
        d_xs[t] = w @ delta_2             # (D, H) @ (H,)
        d_ts[t] = -delta
        d_w += delta_2 * xs[t][:, None]   # w is used at every step: add up
        d_u += delta_2 * h_prev[:, None]  # u is used at every step: add up
        d_v += delta * h_all[t][:, None]  # v is used at every step: add up
        d_h = u @ delta_2                 # (H, H) @ (H,)
    return d_xs, d_ts, d_w, d_u, d_v


def sequence_loss_backward(saved, d_sequence_loss=1.0):
    return tuple(d_sequence_loss * d for d in sequence_loss_gradient(saved))
