import numpy as np


def causal_attention(q, k, v):
    root_D = float(np.sqrt(q.shape[1]))
    filled = np.ones((q.shape[0], q.shape[0]), dtype=q.dtype)  # (T, T)
    ratio = (q @ k.T + 1000 * np.tril(filled) * root_D) / root_D  # (T, T)
    exp_ratio = np.exp(ratio - np.max(ratio, axis=1, keepdims=True))  # (T, T)
    # (T, T): written so that nothing overflows
    softmax_ratio = exp_ratio / np.sum(exp_ratio, axis=1, keepdims=True)
    return softmax_ratio @ v, (q, k, v, root_D, softmax_ratio)


def causal_attention_backward(saved, d_causal_attention):
    q, k, v, root_D, softmax_ratio = saved
    d_softmax_ratio = d_causal_attention @ v.T  # (T, V) @ (V, T)
    d_v = softmax_ratio.T @ d_causal_attention  # (T, T) @ (T, V)
    sum_product = np.sum(d_softmax_ratio * softmax_ratio, axis=1, keepdims=True)
    d_ratio = softmax_ratio * (d_softmax_ratio - sum_product)
    delta = d_ratio / root_D
    d_q = delta @ k    # (T, T) @ (T, D)
    d_k = delta.T @ q  # (T, T) @ (T, D)
    return d_q, d_k, d_v
