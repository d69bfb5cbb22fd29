import numpy as np


def causal_attention(q, k, v):
    h = float(np.sqrt(q.shape[1]))
    h_2 = np.ones((q.shape[0], q.shape[0]), dtype=q.dtype)  # (T, T)
    h_3 = (q @ k.T + 1000 * np.tril(h_2) * h) / h  # (T, T)
    exp_h_3 = np.exp(h_3 - np.max(h_3, axis=1, keepdims=True))  # (T, T)
    # (T, T): written so that nothing overflows
    h_4 = exp_h_3 / np.sum(exp_h_3, axis=1, keepdims=True)
    return h_4 @ v, (q, k, v, h, h_4)


def causal_attention_backward(saved, d_causal_attention):
    q, k, v, h, h_4 = saved
    d_h_4 = d_causal_attention @ v.T  # (T, V) @ (V, T)
    d_v = h_4.T @ d_causal_attention  # (T, T) @ (T, V)
    h_2 = d_h_4 - np.sum(d_h_4 * h_4, axis=1, keepdims=True)
    delta = h_4 * h_2 / h
    d_q = delta @ k                   # (T, T) @ (T, D)
    d_k = delta.T @ q                 # (T, T) @ (T, D)
    return d_q, d_k, d_v
