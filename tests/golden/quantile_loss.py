import numpy as np


def quantile_loss(y, t):
    r = t - y                             # (N,)
    product = 0.9 * r                     # (N,)
    product_2 = -0.09999999999999998 * r  # (N,)
    return np.mean(np.maximum(product, product_2)), (product, product_2)


def quantile_loss_gradient(saved):
    product, product_2 = saved
    product_3 = 0.09999999999999998 * (product_2 > product).astype(product.dtype)
    difference = 0.9 * (product >= product_2).astype(product.dtype) - product_3
    d_r = difference / product.shape[0]
    d_y = -d_r
    d_t = d_r
    return d_y, d_t


def quantile_loss_backward(saved, d_quantile_loss=1.0):
    return tuple(d_quantile_loss * d for d in quantile_loss_gradient(saved))
