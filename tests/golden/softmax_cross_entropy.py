import numpy as np


def softmax_cross_entropy(z, t):
    off = np.abs(np.sum(t, axis=1) - 1) > 0.0001
    if np.any(off):
        raise ValueError(f'row {np.argmax(off)} of t does not sum to 1')
    shifted_z = z - np.max(z, axis=1, keepdims=True)  # (N, C)
    exp_z = np.exp(shifted_z)              # (N, C)
    sum_exp_z = np.sum(exp_z, axis=1, keepdims=True)  # (N, 1)
    p = exp_z / sum_exp_z                  # (N, C): written so that nothing overflows
    log_p = shifted_z - np.log(sum_exp_z)  # (N, C): written so that nothing overflows
    return -np.mean(np.sum(t * log_p, axis=1)), (t, p, log_p)


# Holds where every row of t sums to 1.
def softmax_cross_entropy_gradient(saved):
    t, p, log_p = saved
    d_t = -log_p / t.shape[0]
    d_z = (p - t) / t.shape[0]
    return d_z, d_t


def softmax_cross_entropy_backward(saved, d_softmax_cross_entropy=1.0):
    return tuple(
        d_softmax_cross_entropy * d for d in softmax_cross_entropy_gradient(saved)
    )
