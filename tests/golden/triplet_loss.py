import numpy as np


def triplet_loss(anchor, near, far):
    h = anchor - near                   # (N, D)
    closer = np.sum(h ** 2, axis=1)     # (N,)
    h_2 = anchor - far                  # (N, D)
    farther = np.sum(h_2 ** 2, axis=1)  # (N,)
    h_3 = np.maximum(closer - farther + 1.0, 0)  # (N,)
    return np.mean(h_3), (h, h_2, h_3)


def triplet_loss_gradient(saved):
    h, h_2, h_3 = saved
    h_4 = 2 / h.shape[0] * (h_3 > 0)[:, None].astype(h.dtype)
    d_anchor = h_4 * (h - h_2)
    d_far = h_4 * h_2
    d_near = -(h_4 * h)
    return d_anchor, d_near, d_far


def triplet_loss_backward(saved, d_triplet_loss=1.0):
    return tuple(d_triplet_loss * d for d in triplet_loss_gradient(saved))
