import numpy as np


def linear_attention(q, k, v):
    q_2 = np.exp(q)                        # (T, D)
    k_2 = np.exp(k)                        # (S, D)
    sum_k_2 = np.sum(k_2, axis=0)          # (D,)
    total = q_2 @ sum_k_2                  # (T,)
    k_2_at_v = k_2.T @ v                   # (D, V)
    out = q_2 @ k_2_at_v / total[:, None]  # (T, V)
    return out, (v, q_2, k_2, sum_k_2, total, k_2_at_v, out)


def linear_attention_backward(saved, d_out):
    v, q_2, k_2, sum_k_2, total, k_2_at_v, out = saved
    delta = d_out / total[:, None]
    d_k_2_at_v = q_2.T @ delta  # (D, T) @ (T, V)
    d_total = -np.sum(d_out * out, axis=1) / total
    d_v = k_2 @ d_k_2_at_v      # (S, D) @ (D, V)
    # q_2 is read more than once: add what comes back
    d_q_2 = delta @ k_2_at_v.T + d_total[:, None] * sum_k_2
    d_q = d_q_2 * q_2           # q_2 = exp(q): dq_2/dq = q_2
    # k_2 is read more than once: add what comes back
    d_k_2 = v @ d_k_2_at_v.T + q_2.T @ d_total
    d_k = k_2 * d_k_2           # k_2 = exp(k): dk_2/dk = k_2
    return d_q, d_k, d_v
