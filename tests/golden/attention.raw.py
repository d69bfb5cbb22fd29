import numpy as np


def attention(q, k, v):
    root_D = float(np.sqrt(q.shape[1]))
    s = q @ k.T / root_D                      # (T, S)
    e = np.exp(s)                             # (T, S)
    sum_e = np.sum(e, axis=1, keepdims=True)  # (T, 1)
    p = e / sum_e                             # (T, S)
    return p @ v, (q, k, v, root_D, e, sum_e, p)


def attention_backward(saved, d_attention):
    q, k, v, root_D, e, sum_e, p = saved
    d_p = d_attention @ v.T  # (T, V) @ (V, S)
    d_v = p.T @ d_attention  # (S, T) @ (T, V)
    # sum_e was copied to S places: add up
    d_sum_e = np.sum(-d_p * p / sum_e, axis=1, keepdims=True)
    # e is read more than once: add what comes back
    d_e = d_p / sum_e + np.broadcast_to(d_sum_e, e.shape)
    d_s = d_e * e            # e = exp(s): de/ds = e
    d_q_at_k = d_s / root_D
    d_q = d_q_at_k @ k.T.T   # (T, S) @ (S, D)
    d_k = (q.T @ d_q_at_k).T
    return d_q, d_k, d_v
