import numpy as np


def running_products(x):
    p = x.dtype.type(1)
    out = np.empty_like(x)  # (T,)
    for t in range(x.shape[0]):
        p = p * x[t]
        out[t] = p
    return out, (x, out)


def running_products_backward(saved, d_out):
    x, out = saved
    d_p = x.dtype.type(0)
    d_x = np.empty_like(x)
    for t in reversed(range(x.shape[0])):
        p_prev = out[t - 1] if t > 0 else 1.0
        d_p = d_p + d_out[t]  # p is read more than once: add what comes back
        d_x[t] = d_p * p_prev
        d_p = d_p * x[t]
    return d_x
