import numpy as np


def attention(q, k, v):
    root_D = float(np.sqrt(q.shape[1]))
    s = q @ k.T / root_D  # (T, S)
    exp_s = np.exp(s - np.max(s, axis=1, keepdims=True))  # (T, S)
    # (T, S): written so that nothing overflows
    p = exp_s / np.sum(exp_s, axis=1, keepdims=True)
    return p @ v, (q, k, v, root_D, p)


def attention_backward(saved, d_attention):
    q, k, v, root_D, p = saved
    d_p = d_attention @ v.T  # (T, V) @ (V, S)
    d_v = p.T @ d_attention  # (S, T) @ (T, V)
    d_s = p * (d_p - np.sum(d_p * p, axis=1, keepdims=True))
    d_q_at_k = d_s / root_D
    d_q = d_q_at_k @ k       # (T, S) @ (S, D)
    d_k = d_q_at_k.T @ q     # (S, T) @ (T, D)
    return d_q, d_k, d_v
