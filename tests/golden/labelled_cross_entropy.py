import numpy as np


def labelled_cross_entropy(z, labels):
    shifted_z = z - np.max(z, axis=1, keepdims=True)  # (N, C)
    e = np.exp(shifted_z)                     # (N, C)
    sum_e = np.sum(e, axis=1, keepdims=True)  # (N, 1)
    p = e / sum_e                             # (N, C)
    mean_picked = np.mean((shifted_z - np.log(sum_e))[np.arange(z.shape[0]), labels])
    return -mean_picked, (labels, p)


def labelled_cross_entropy_gradient(saved):
    labels, p = saved
    error = p.copy()
    error[np.arange(labels.shape[0]), labels] -= 1
    d_z = error / labels.shape[0]
    return d_z


def labelled_cross_entropy_backward(saved, d_labelled_cross_entropy=1.0):
    return d_labelled_cross_entropy * labelled_cross_entropy_gradient(saved)
