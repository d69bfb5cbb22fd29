import numpy as np


def dice_loss(y, t):
    both = 2 * np.sum(y * t) + 1
    h = np.sum(y) + np.sum(t) + 1
    h_2 = both / h
    return 1 - h_2, (y, t, h, h_2)


def dice_loss_gradient(saved):
    y, t, h, h_2 = saved
    d_y = (h_2 - 2 * t) / h
    d_t = (h_2 - 2 * y) / h
    return d_y, d_t


def dice_loss_backward(saved, d_dice_loss=1.0):
    return tuple(d_dice_loss * d for d in dice_loss_gradient(saved))
