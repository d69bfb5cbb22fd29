import numpy as np


def log_softmax(z):
    max_z = np.max(z, axis=1, keepdims=True)  # (N, 1)
    exp_z = np.exp(z - max_z)                 # (N, C)
    sum_exp_z = np.sum(exp_z, axis=1, keepdims=True)  # (N, 1)
    return z - (max_z + np.log(sum_exp_z)), (exp_z, sum_exp_z)


def log_softmax_backward(saved, d_log_softmax):
    exp_z, sum_exp_z = saved
    h = exp_z / sum_exp_z * np.sum(d_log_softmax, axis=1, keepdims=True)
    d_z = d_log_softmax - h
    return d_z
