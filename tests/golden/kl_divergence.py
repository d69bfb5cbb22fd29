import numpy as np


def kl_divergence(p, q):
    sum_p = np.sum(p, axis=1, keepdims=True)  # (N, 1)
    p_2 = p / sum_p                           # (N, C)
    sum_q = np.sum(q, axis=1, keepdims=True)  # (N, 1)
    q_2 = q / sum_q                           # (N, C)
    difference = np.log(p_2) - np.log(q_2)    # (N, C)
    sum_product = np.sum(p_2 * difference, axis=1)  # (N,)
    return np.mean(sum_product), (q, sum_p, p_2, sum_q, difference, sum_product)


def kl_divergence_gradient(saved):
    q, sum_p, p_2, sum_q, difference, sum_product = saved
    d_q = (1 / sum_q - p_2 / q) / q.shape[0]
    d_p = (difference - sum_product[:, None]) / q.shape[0] / sum_p
    return d_p, d_q


def kl_divergence_backward(saved, d_kl_divergence=1.0):
    return tuple(d_kl_divergence * d for d in kl_divergence_gradient(saved))
