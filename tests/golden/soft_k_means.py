import numpy as np


def soft_k_means(x, centres):
    h = x[:, None] - centres           # (N, K, D)
    distance = np.sum(h ** 2, axis=2)  # (N, K)
    h_2 = -distance                    # (N, K)
    exp_h_2 = np.exp(h_2 - np.max(h_2, axis=1, keepdims=True))  # (N, K)
    # (N, K): written so that nothing overflows
    share = exp_h_2 / np.sum(exp_h_2, axis=1, keepdims=True)
    h_3 = share * distance             # (N, K)
    return np.sum(h_3), (h, distance, share, h_3)


def soft_k_means_gradient(saved):
    h, distance, share, h_3 = saved
    h_2 = distance[:, :, None] - np.sum(h_3, axis=1)[:, None][:, None]
    h_4 = h * share[:, :, None] * (1 - h_2)
    d_centres = -2 * np.sum(h_4, axis=0)  # centres was copied to N rows: add up
    d_x = 2 * np.sum(h_4, axis=1)
    return d_x, d_centres


def soft_k_means_backward(saved, d_soft_k_means=1.0):
    return tuple(d_soft_k_means * d for d in soft_k_means_gradient(saved))
