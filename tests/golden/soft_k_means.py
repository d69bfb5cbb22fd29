import numpy as np


def soft_k_means(x, centres):
    x_minus_centres = x[:, None] - centres   # (N, K, D)
    distance = np.sum(x_minus_centres ** 2, axis=2)  # (N, K)
    minus_distance = -distance               # (N, K)
    max_minus_distance = np.max(minus_distance, axis=1, keepdims=True)  # (N, 1)
    exp_minus_distance = np.exp(minus_distance - max_minus_distance)  # (N, K)
    sum_exp_minus_distance = np.sum(exp_minus_distance, axis=1, keepdims=True)  # (N, 1)
    # (N, K): written so that nothing overflows
    share = exp_minus_distance / sum_exp_minus_distance
    share_times_distance = share * distance  # (N, K)
    return np.sum(share_times_distance), (
        x_minus_centres, distance, share, share_times_distance
    )


def soft_k_means_gradient(saved):
    x_minus_centres, distance, share, share_times_distance = saved
    wide_total = np.sum(share_times_distance, axis=1)[:, None, None]
    difference = 1 - (distance[:, :, None] - wide_total)
    product = x_minus_centres * share[:, :, None] * difference
    d_centres = -2 * np.sum(product, axis=0)  # centres was copied to N rows: add up
    d_x = 2 * np.sum(product, axis=1)
    return d_x, d_centres


def soft_k_means_backward(saved, d_soft_k_means=1.0):
    return tuple(d_soft_k_means * d for d in soft_k_means_gradient(saved))
