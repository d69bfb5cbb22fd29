import numpy as np


def factorisation_machine(x, v, w):
    h = x @ v     # (N, D)
    h_2 = x ** 2  # (N, L)
    h_3 = v ** 2  # (L, D)
    pairs = np.sum(h ** 2 - h_2 @ h_3, axis=1)  # (N,)
    return x @ w + 0.5 * pairs, (x, v, w, h, h_2, h_3)


def factorisation_machine_backward(saved, d_factorisation_machine):
    x, v, w, h, h_2, h_3 = saved
    d_w = x.T @ d_factorisation_machine  # (L, N) @ (N,)
    d_pairs = 0.5 * d_factorisation_machine
    d_h = d_factorisation_machine[:, None] * h
    delta = -np.broadcast_to(d_pairs[:, None], h.shape)
    # x is read more than once: add the adjoints
    d_x = d_h @ v.T + 2 * (delta @ h_3.T) * x + d_factorisation_machine[:, None] * w
    d_v = 2 * (h_2.T @ delta) * v + x.T @ d_h  # v is read more than once: add the adjoints
    return d_x, d_v, d_w
