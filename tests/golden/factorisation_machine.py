import numpy as np


def factorisation_machine(x, v, w):
    x_at_v = x @ v      # (N, D)
    x_squared = x ** 2  # (N, L)
    v_squared = v ** 2  # (L, D)
    pairs = np.sum(x_at_v ** 2 - x_squared @ v_squared, axis=1)  # (N,)
    return x @ w + 0.5 * pairs, (x, v, w, x_at_v, x_squared, v_squared)


def factorisation_machine_backward(saved, d_factorisation_machine):
    x, v, w, x_at_v, x_squared, v_squared = saved
    d_w = x.T @ d_factorisation_machine  # (L, N) @ (N,)
    delta = np.broadcast_to(-d_factorisation_machine[:, None] / 2, x_at_v.shape)
    d_x_at_v = d_factorisation_machine[:, None] * x_at_v
    total = d_x_at_v @ v.T + 2 * (delta @ v_squared.T) * x
    # x is read more than once: add what comes back
    d_x = total + d_factorisation_machine[:, None] * w
    # v is read more than once: add what comes back
    d_v = x.T @ d_x_at_v + 2 * (x_squared.T @ delta) * v
    return d_x, d_v, d_w
