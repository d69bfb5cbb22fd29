import numpy as np


def shifted_cross_entropy(z, t):
    off = np.abs(np.sum(t, axis=1) - 1) > 0.0001
    if np.any(off):
        raise ValueError(f'row {np.argmax(off)} of t does not sum to 1')
    z_2 = z - np.max(z, axis=1, keepdims=True)  # (N, C)
    e = np.exp(z_2)                           # (N, C)
    sum_e = np.sum(e, axis=1, keepdims=True)  # (N, 1)
    p = e / sum_e                             # (N, C)
    # (N, C): written so that nothing overflows
    log_p = z_2 - np.log(sum_e)
    loss = -np.sum(t * log_p) / z.shape[0]
    return loss, (t, p, log_p)


# Holds where every row of t sums to 1.
def shifted_cross_entropy_gradient(saved):
    t, p, log_p = saved
    d_t = -log_p / t.shape[0]
    d_z = (p - t) / t.shape[0]
    return d_z, d_t


def shifted_cross_entropy_backward(saved, d_loss=1.0):
    return tuple(d_loss * d for d in shifted_cross_entropy_gradient(saved))
