import numpy as np


def attention(q, k, v):
    h = float(np.sqrt(q.shape[1]))
    s = q @ k.T / h                           # (T, S)
    e = np.exp(s)                             # (T, S)
    sum_e = np.sum(e, axis=1, keepdims=True)  # (T, 1)
    p = e / sum_e                             # (T, S)
    return p @ v, (q, k, v, h, e, sum_e, p)


def attention_backward(saved, d_attention):
    q, k, v, h, e, sum_e, p = saved
    d_p = d_attention @ v.T  # (T, V) @ (V, S)
    d_v = p.T @ d_attention  # (S, T) @ (T, V)
    # sum_e was copied to S places: add up
    d_sum_e = np.sum(-d_p * p / sum_e, axis=1, keepdims=True)
    # e is read more than once: add the adjoints
    d_e = d_p / sum_e + np.broadcast_to(d_sum_e, e.shape)
    d_s = d_e * e            # e = exp(s): de/ds = e
    delta = d_s / h
    d_q = delta @ k.T.T      # (T, S) @ (S, D)
    d_k = (q.T @ delta).T
    return d_q, d_k, d_v
