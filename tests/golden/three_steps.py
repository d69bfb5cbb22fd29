import numpy as np


def three_steps(x, h, w, u):
    h_2 = np.tanh(x[:, 0] @ w + h @ u)    # (N, H)
    h_3 = np.tanh(x[:, 1] @ w + h_2 @ u)  # (N, H)
    h_4 = np.tanh(x[:, 2] @ w + h_3 @ u)  # (N, H)
    return h_4, (x, h, w, u, h_2, h_3, h_4)


def three_steps_backward(saved, d_h_4):
    x, h, w, u, h_2, h_3, h_4 = saved
    d_pre_h_4 = d_h_4 * (1 - h_4 * h_4)
    d_h_3 = d_pre_h_4 @ u.T  # (N, H) @ (H, H)
    d_pre_h_3 = d_h_3 * (1 - h_3 * h_3)
    d_h_2 = d_pre_h_3 @ u.T  # (N, H) @ (H, H)
    d_pre_h_2 = d_h_2 * (1 - h_2 * h_2)
    d_h = d_pre_h_2 @ u.T    # (N, H) @ (H, H)
    # u is read more than once: add what comes back
    d_u = h_3.T @ d_pre_h_4 + h_2.T @ d_pre_h_3 + h.T @ d_pre_h_2
    # w is read more than once: add what comes back
    d_w = x[:, 2].T @ d_pre_h_4 + x[:, 1].T @ d_pre_h_3 + x[:, 0].T @ d_pre_h_2
    d_x = np.stack([d_pre_h_2 @ w.T, d_pre_h_3 @ w.T, d_pre_h_4 @ w.T], axis=1)
    return d_x, d_h, d_w, d_u
