import numpy as np


def all_states(x, w, u):
    h_t = np.zeros((x.shape[0], w.shape[1]), dtype=x.dtype)  # (N, H)
    h = np.empty((x.shape[0], x.shape[1], w.shape[1]), dtype=x.dtype)  # (N, T, H)
    for t in range(x.shape[1]):
        h_t = np.tanh(x[:, t] @ w + h_t @ u)  # (N, H)
        h[:, t] = h_t                         # (N, H)
    return h, (x, w, u, h)


def all_states_backward(saved, d_h):
    x, w, u, h = saved
    zeros = np.zeros((x.shape[0], w.shape[1]), dtype=x.dtype)
    d_h_t = zeros
    d_x = np.empty_like(x)
    d_w = np.zeros_like(w)
    d_u = np.zeros_like(u)
    for t in reversed(range(x.shape[1])):
        h_t_prev = h[:, t - 1] if t > 0 else zeros
        delta = (d_h_t + d_h[:, t]) * (1 - h[:, t] * h[:, t])
        d_x[:, t] = delta @ w.T    # (N, H) @ (H, D)
        d_w += x[:, t].T @ delta   # w is used at every step: add up
        d_u += h_t_prev.T @ delta  # u is used at every step: add up
        d_h_t = delta @ u.T        # (N, H) @ (H, H)
    return d_x, d_w, d_u
