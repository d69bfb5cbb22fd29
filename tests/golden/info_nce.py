import numpy as np


def info_nce(a, b):
    sqrt_a = np.sqrt(np.sum(a ** 2, axis=1, keepdims=True))  # (N, 1)
    a_2 = a / sqrt_a                          # (N, D)
    sqrt_b = np.sqrt(np.sum(b ** 2, axis=1, keepdims=True))  # (N, 1)
    b_2 = b / sqrt_b                          # (N, D)
    s = a_2 @ b_2.T / 0.5                     # (N, N)
    h = s - np.max(s, axis=1, keepdims=True)  # (N, N)
    exp_h = np.exp(h)                         # (N, N)
    sum_exp_h = np.sum(exp_h, axis=1, keepdims=True)  # (N, 1)
    log_p = h - np.log(sum_exp_h)             # (N, N)
    return -np.mean(np.diagonal(log_p)), (sqrt_a, a_2, sqrt_b, b_2, exp_h, sum_exp_h)


def info_nce_gradient(saved):
    sqrt_a, a_2, sqrt_b, b_2, exp_h, sum_exp_h = saved
    h = exp_h / sum_exp_h - np.eye(sqrt_a.shape[0], dtype=sqrt_a.dtype)
    delta = 2 / sqrt_a.shape[0] * h
    d_a_2 = delta @ b_2    # (N, N) @ (N, D)
    d_b_2 = delta.T @ a_2  # (N, N) @ (N, D)
    h_2 = b_2 * np.sum(d_b_2 * b_2, axis=1, keepdims=True)
    d_b = (d_b_2 - h_2) / sqrt_b
    h_3 = a_2 * np.sum(d_a_2 * a_2, axis=1, keepdims=True)
    d_a = (d_a_2 - h_3) / sqrt_a
    return d_a, d_b


def info_nce_backward(saved, d_info_nce=1.0):
    return tuple(d_info_nce * d for d in info_nce_gradient(saved))
