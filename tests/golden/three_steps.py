import numpy as np


def three_steps(x, h, w, u):
    h_2 = np.tanh(x[:, 0] @ w + h @ u)    # (N, H)
    h_3 = np.tanh(x[:, 1] @ w + h_2 @ u)  # (N, H)
    h_4 = np.tanh(x[:, 2] @ w + h_3 @ u)  # (N, H)
    return h_4, (x, h, w, u, h_2, h_3, h_4)


def three_steps_backward(saved, d_h_4):
    x, h, w, u, h_2, h_3, h_4 = saved
    delta = d_h_4 * (1 - h_4 * h_4)
    d_h_3 = delta @ u.T    # (N, H) @ (H, H)
    delta_2 = d_h_3 * (1 - h_3 * h_3)
    d_h_2 = delta_2 @ u.T  # (N, H) @ (H, H)
    delta_3 = d_h_2 * (1 - h_2 * h_2)
    d_h = delta_3 @ u.T    # (N, H) @ (H, H)
    # u is read more than once: add the adjoints
    d_u = h_3.T @ delta + h_2.T @ delta_2 + h.T @ delta_3
    # w is read more than once: add the adjoints
    d_w = x[:, 2].T @ delta + x[:, 1].T @ delta_2 + x[:, 0].T @ delta_3
    # x is read more than once: add the adjoints
    d_x = np.stack([delta_3 @ w.T, delta_2 @ w.T, delta @ w.T], axis=1)
    return d_x, d_h, d_w, d_u
