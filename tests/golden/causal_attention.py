import numpy as np


def causal_attention(q, k, v):
    root_D = float(np.sqrt(q.shape[1]))
    s = q @ k.T / root_D       # (T, T)
    hidden = 1 - np.tril(np.ones(s.shape, dtype=q.dtype))  # (T, T)
    s_2 = s - 1000.0 * hidden  # (T, T)
    e = np.exp(s_2 - np.max(s_2, axis=1, keepdims=True))  # (T, T)
    softmax_out = e / np.sum(e, axis=1, keepdims=True)  # (T, T)
    return softmax_out @ v, (q, k, v, root_D, softmax_out)


def causal_attention_backward(saved, d_causal_attention):
    q, k, v, root_D, softmax_out = saved
    d_softmax_out = d_causal_attention @ v.T  # (T, V) @ (V, T)
    d_v = softmax_out.T @ d_causal_attention  # (T, T) @ (T, V)
    sum_product = np.sum(d_softmax_out * softmax_out, axis=1, keepdims=True)
    d_s_2 = softmax_out * (d_softmax_out - sum_product)
    d_q_at_k = d_s_2 / root_D
    d_q = d_q_at_k @ k                        # (T, T) @ (T, D)
    d_k = d_q_at_k.T @ q                      # (T, T) @ (T, D)
    return d_q, d_k, d_v
