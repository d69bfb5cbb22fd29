import numpy as np


def states_in_a_dict(xs, ts, w, u, v):
    loss = xs.dtype.type(0)
    hs_t = np.zeros(w.shape[1], dtype=xs.dtype)  # (H,)
    hs_all = np.empty((xs.shape[0], *hs_t.shape), dtype=xs.dtype)  # (T, H)
    difference_all = np.empty_like(ts)        # (T, K)
    for t in range(xs.shape[0]):
        hs_t = np.tanh(xs[t] @ w + hs_t @ u)  # (H,)
        difference = hs_t @ v - ts[t]         # (K,)
        hs_all[t] = hs_t                      # (H,)
        difference_all[t] = difference        # (K,)
        loss = loss + np.sum(difference ** 2)
    return loss, (xs, w, u, v, hs_all, difference_all)


def states_in_a_dict_gradient(saved):
    xs, w, u, v, hs_all, difference_all = saved
    zeros = np.zeros((w.shape[1],), dtype=xs.dtype)
    d_hs_t = zeros
    d_xs = np.empty_like(xs)
    d_ts = np.empty_like(difference_all)
    d_w = np.zeros_like(w)
    d_u = np.zeros_like(u)
    d_v = np.zeros_like(v)
    for t in reversed(range(xs.shape[0])):
        hs_t_prev = hs_all[t - 1] if t > 0 else zeros
        delta = 2 * difference_all[t]
        delta_2 = (d_hs_t + v @ delta) * (1 - hs_all[t] * hs_all[t])
        d_xs[t] = w @ delta_2                # (D, H) @ (H,)
        d_ts[t] = -delta
        d_w += delta_2 * xs[t][:, None]      # w is used at every step: add up
        d_u += delta_2 * hs_t_prev[:, None]  # u is used at every step: add up
        d_v += delta * hs_all[t][:, None]    # v is used at every step: add up
        d_hs_t = u @ delta_2                 # (H, H) @ (H,)
    return d_xs, d_ts, d_w, d_u, d_v


def states_in_a_dict_backward(saved, d_loss=1.0):
    return tuple(d_loss * d for d in states_in_a_dict_gradient(saved))
