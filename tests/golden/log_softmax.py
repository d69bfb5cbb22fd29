import numpy as np


def log_softmax(z):
    shifted_z = z - np.max(z, axis=1, keepdims=True)  # (N, C)
    exp_z = np.exp(shifted_z)  # (N, C)
    sum_exp_z = np.sum(exp_z, axis=1, keepdims=True)  # (N, 1)
    return shifted_z - np.log(sum_exp_z), (exp_z, sum_exp_z)


def log_softmax_backward(saved, d_log_softmax):
    exp_z, sum_exp_z = saved
    product = exp_z / sum_exp_z * np.sum(d_log_softmax, axis=1, keepdims=True)
    d_z = d_log_softmax - product
    return d_z
