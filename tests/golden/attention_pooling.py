import numpy as np


def attention_pooling(x, w):
    tanh_x = np.tanh(x)                       # (T, D)
    s = tanh_x @ w                            # (T,)
    e = np.exp(s - np.max(s, keepdims=True))  # (T,)
    softmax_out = e / np.sum(e, keepdims=True)  # (T,)
    return softmax_out @ x, (x, w, tanh_x, softmax_out)


def attention_pooling_backward(saved, d_attention_pooling):
    x, w, tanh_x, softmax_out = saved
    d_softmax_out = x @ d_attention_pooling  # (T, D) @ (D,)
    sum_product = np.sum(d_softmax_out * softmax_out, keepdims=True)
    d_s = softmax_out * (d_softmax_out - sum_product)
    product = softmax_out[:, None] * d_attention_pooling
    # x is read more than once: add what comes back
    d_x = product + d_s[:, None] * w * (1 - tanh_x * tanh_x)
    d_w = tanh_x.T @ d_s                     # (D, T) @ (T,)
    return d_x, d_w
