import numpy as np


def triplet_loss(anchor, near, far):
    anchor_minus_near = anchor - near  # (N, D)
    closer = np.sum(anchor_minus_near ** 2, axis=1)  # (N,)
    anchor_minus_far = anchor - far    # (N, D)
    farther = np.sum(anchor_minus_far ** 2, axis=1)  # (N,)
    relu_total = np.maximum(closer - farther + 1.0, 0)  # (N,)
    return np.mean(relu_total), (anchor_minus_near, anchor_minus_far, relu_total)


def triplet_loss_gradient(saved):
    anchor_minus_near, anchor_minus_far, relu_total = saved
    mask = (relu_total > 0)[:, None].astype(anchor_minus_near.dtype)
    product = 2 / anchor_minus_near.shape[0] * mask
    d_anchor = product * (anchor_minus_near - anchor_minus_far)
    d_far = product * anchor_minus_far
    d_near = -(product * anchor_minus_near)
    return d_anchor, d_near, d_far


def triplet_loss_backward(saved, d_triplet_loss=1.0):
    return tuple(d_triplet_loss * d for d in triplet_loss_gradient(saved))
