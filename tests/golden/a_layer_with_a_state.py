import numpy as np


def a_layer_with_a_state(xs, w, u):
    energy = xs.dtype.type(0)
    h = np.zeros(w.shape[1], dtype=xs.dtype)  # (H,)
    seen = 0
    h_all = np.empty((xs.shape[0], *h.shape), dtype=xs.dtype)  # (T, H)
    for t in range(xs.shape[0]):
        h = np.tanh(xs[t] @ w + h @ u)        # (H,)
        h_all[t] = h                          # (H,)
        energy = energy + np.sum(h ** 2)
        seen = seen + 1
    return energy / seen, (xs, w, u, seen, h_all)


def a_layer_with_a_state_gradient(saved):
    xs, w, u, seen, h_all = saved
    zeros = np.zeros((w.shape[1],), dtype=xs.dtype)
    d_h = zeros
    d_xs = np.empty_like(xs)
    d_w = np.zeros_like(w)
    d_u = np.zeros_like(u)
    for t in reversed(range(xs.shape[0])):
        h_prev = h_all[t - 1] if t > 0 else zeros
        delta = (1 - h_all[t] ** 2) * (2 * h_all[t] / seen + d_h)
        d_xs[t] = w @ delta             # (D, H) @ (H,)
        d_w += delta * xs[t][:, None]   # w is used at every step: add up
        d_u += delta * h_prev[:, None]  # u is used at every step: add up
        d_h = u @ delta                 # (H, H) @ (H,)
    return d_xs, d_w, d_u


def a_layer_with_a_state_backward(saved, d_a_layer_with_a_state=1.0):
    return tuple(
        d_a_layer_with_a_state * d for d in a_layer_with_a_state_gradient(saved)
    )
