import numpy as np


def a_layer_with_a_state(xs, w, u):
    energy = xs.dtype.type(0)
    carry = np.zeros(w.shape[1], dtype=xs.dtype)  # (H,)
    carry_2 = 0
    carry_all = np.empty((xs.shape[0], *carry.shape), dtype=xs.dtype)  # (T, H)
    for t in range(xs.shape[0]):
        carry = np.tanh(xs[t] @ w + carry @ u)  # (H,)
        carry_all[t] = carry  # (H,)
        energy = energy + np.sum(carry ** 2)
        carry_2 = carry_2 + 1
    return energy / carry_2, (xs, w, u, carry_2, carry_all)


def a_layer_with_a_state_gradient(saved):
    xs, w, u, carry_2, carry_all = saved
    filled = np.zeros((w.shape[1],), dtype=xs.dtype)
    d_energy = 1 / carry_2
    carry = filled
    d_xs = np.empty_like(xs)
    d_w = np.zeros_like(w)
    d_u = np.zeros_like(u)
    for t in reversed(range(xs.shape[0])):
        row = carry_all[t - 1] if t > 0 else filled
        delta = (1 - carry_all[t] ** 2) * (carry + 2 * carry_all[t] * d_energy)
        d_xs[t] = w @ delta            # (D, H) @ (H,)
        d_w += delta * xs[t][:, None]  # w is used at every step: add up
        d_u += delta * row[:, None]    # u is used at every step: add up
        carry = u @ delta
    return d_xs, d_w, d_u


def a_layer_with_a_state_backward(saved, d_a_layer_with_a_state=1.0):
    return tuple(
        d_a_layer_with_a_state * d for d in a_layer_with_a_state_gradient(saved)
    )
