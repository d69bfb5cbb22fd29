import numpy as np


def attention_pooling(x, w):
    tanh_x = np.tanh(x)                       # (T, D)
    s = tanh_x @ w                            # (T,)
    e = np.exp(s - np.max(s, keepdims=True))  # (T,)
    h = e / np.sum(e, keepdims=True)          # (T,)
    return h @ x, (x, w, tanh_x, h)


def attention_pooling_backward(saved, d_attention_pooling):
    x, w, tanh_x, h = saved
    d_h = (x @ d_attention_pooling[:, None])[:, 0]
    d_s = h * (d_h - np.sum(d_h * h, keepdims=True))
    # x is read more than once: add the adjoints
    d_x = h[:, None] * d_attention_pooling + d_s[:, None] * w * (1 - tanh_x * tanh_x)
    d_w = tanh_x.T @ d_s  # (D, T) @ (T,)
    return d_x, d_w
