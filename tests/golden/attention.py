import numpy as np


def attention(q, k, v):
    h = float(np.sqrt(q.shape[1]))
    s = q @ k.T / h  # (T, S)
    exp_s = np.exp(s - np.max(s, axis=1, keepdims=True))  # (T, S)
    # (T, S): written so that nothing overflows
    p = exp_s / np.sum(exp_s, axis=1, keepdims=True)
    return p @ v, (q, k, v, h, p)


def attention_backward(saved, d_attention):
    q, k, v, h, p = saved
    d_p = d_attention @ v.T  # (T, V) @ (V, S)
    d_v = p.T @ d_attention  # (S, T) @ (T, V)
    d_s = p * (d_p - np.sum(d_p * p, axis=1, keepdims=True))
    delta = d_s / h
    d_q = delta @ k          # (T, S) @ (S, D)
    d_k = delta.T @ q        # (S, T) @ (T, D)
    return d_q, d_k, d_v
