import numpy as np


def soft_warping(x, y):
    zeros = np.zeros((y.shape[0] + 1,), dtype=x.dtype)  # (N + 1,)
    d_i = zeros                   # (N + 1,)
    d_all_2 = np.empty((x.shape[0], *zeros.shape), dtype=x.dtype)  # (T, N + 1)
    minus_near_all_2 = np.empty((x.shape[0], y.shape[0], 3), dtype=x.dtype)  # (T, N, 3)
    for i in range(1, x.shape[0] + 1):
        row = x[i - 1]
        d_j = zeros[0]
        d_all = np.empty_like(y)  # (N,)
        minus_near_all = np.empty((y.shape[0], 3), dtype=x.dtype)  # (N, 3)
        for j in range(1, zeros.shape[0]):
            near = np.array([d_i[j], d_j, d_i[j - 1]])  # (3,)
            minus_near = -near    # (3,)
            max_minus_near = np.max(minus_near)
            log_sum_exp_minus_near = np.log(np.sum(np.exp(minus_near - max_minus_near)))
            d_j = (row - y[j - 1]) ** 2 - (max_minus_near + log_sum_exp_minus_near)
            d_all[j - 1] = d_j
            minus_near_all[j - 1] = minus_near  # (3,)
        d_i = np.zeros(zeros.shape, dtype=x.dtype)  # (N + 1,)
        d_i[1:] = d_all
        d_all_2[i - 1] = d_i      # (N + 1,)
        minus_near_all_2[i - 1] = minus_near_all  # (N, 3)
    d = np.zeros((x.shape[0] + 1, zeros.shape[0]), dtype=x.dtype)  # (T + 1, N + 1)
    d[1:] = d_all_2
    return d[x.shape[0], y.shape[0]], (x, y, minus_near_all_2)


def soft_warping_gradient(saved):
    x, y, minus_near_all_2 = saved
    d_d = np.zeros((x.shape[0] + 1, y.shape[0] + 1), dtype=x.dtype)
    d_d[x.shape[0], y.shape[0]] = 1
    d_d_all_2 = d_d[1:]
    d_d_i = np.zeros(d_d.shape[1], dtype=x.dtype)
    d_x = np.empty_like(x)
    d_y = np.zeros_like(y)
    for i in reversed(range(1, d_d.shape[0])):
        d_d_all = (d_d_i + d_d_all_2[i - 1])[1:]
        row = x[i - 1]
        neg_all = minus_near_all_2[i - 1]
        d_d_j = x.dtype.type(0)
        delta_2 = np.empty_like(y)
        delta_3 = np.empty_like(y)
        product_sum = x.dtype.type(0)
        d_y_2 = np.empty_like(y)
        for j in reversed(range(1, d_d.shape[1])):
            delta = d_d_j + d_d_all[j - 1]
            product = 2 * (row - y[j - 1]) * delta
            shifted_neg_all = neg_all[j - 1] - np.max(neg_all[j - 1], keepdims=True)
            exp_neg_all = np.exp(shifted_neg_all)
            product_2 = exp_neg_all / np.sum(exp_neg_all, keepdims=True) * delta
            delta_2[j - 1] = product_2[0]
            delta_3[j - 1] = product_2[2]
            product_sum += product
            d_y_2[j - 1] = -product
            d_d_j = product_2[1]
        d_d_i = np.zeros(d_d_i.shape, dtype=x.dtype)
        d_d_i[1:] = delta_2
        d_d_i[:y.shape[0]] += delta_3
        d_x[i - 1] = product_sum
        d_y += d_y_2  # y is used at every step: add up
    return d_x, d_y


def soft_warping_backward(saved, d_soft_warping=1.0):
    return tuple(d_soft_warping * d for d in soft_warping_gradient(saved))
