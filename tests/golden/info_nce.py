import numpy as np


def info_nce(a, b):
    norm_a = np.sqrt(np.sum(a ** 2, axis=1, keepdims=True))  # (N, 1)
    a_2 = a / norm_a                       # (N, D)
    norm_b = np.sqrt(np.sum(b ** 2, axis=1, keepdims=True))  # (N, 1)
    b_2 = b / norm_b                       # (N, D)
    s = a_2 @ b_2.T / 0.5                  # (N, N)
    shifted_s = s - np.max(s, axis=1, keepdims=True)  # (N, N)
    exp_s = np.exp(shifted_s)              # (N, N)
    sum_exp_s = np.sum(exp_s, axis=1, keepdims=True)  # (N, 1)
    log_p = shifted_s - np.log(sum_exp_s)  # (N, N)
    return -np.mean(np.diagonal(log_p)), (norm_a, a_2, norm_b, b_2, exp_s, sum_exp_s)


def info_nce_gradient(saved):
    norm_a, a_2, norm_b, b_2, exp_s, sum_exp_s = saved
    difference = exp_s / sum_exp_s - np.eye(norm_a.shape[0], dtype=norm_a.dtype)
    d_a_2_at_b_2 = 2 / norm_a.shape[0] * difference
    d_a_2 = d_a_2_at_b_2 @ b_2    # (N, N) @ (N, D)
    d_b_2 = d_a_2_at_b_2.T @ a_2  # (N, N) @ (N, D)
    d_b = (d_b_2 - b_2 * np.sum(d_b_2 * b_2, axis=1, keepdims=True)) / norm_b
    d_a = (d_a_2 - a_2 * np.sum(d_a_2 * a_2, axis=1, keepdims=True)) / norm_a
    return d_a, d_b


def info_nce_backward(saved, d_info_nce=1.0):
    return tuple(d_info_nce * d for d in info_nce_gradient(saved))
