import numpy as np


def bilinear(x, a, y):
    return np.einsum('nl,lm,nm->n', x, a, y), (x, a, y)


def bilinear_backward(saved, d_bilinear):
    x, a, y = saved
    d_x = np.einsum('n,lm,nm->nl', d_bilinear, a, y)
    d_a = np.einsum('n,nl,nm->lm', d_bilinear, x, y)
    d_y = np.einsum('n,nl,lm->nm', d_bilinear, x, a)
    return d_x, d_a, d_y
