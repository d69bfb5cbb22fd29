import numpy as np


def max_pooling(x):
    turned_split_x = np.swapaxes(x.reshape((x.shape[0], 2, 2, 2, 2)), 2, 3)
    cells = turned_split_x.reshape((x.shape[0], 2, 2, 4))  # (N, 2, 2, 4)
    return np.max(cells, axis=3), (cells,)


def max_pooling_backward(saved, d_max_pooling):
    (cells,) = saved
    mask = np.arange(4) == np.argmax(cells, axis=3, keepdims=True)
    d_cells = d_max_pooling[..., None] * mask
    d_split_x = np.swapaxes(d_cells.reshape((cells.shape[0], 2, 2, 2, 2)), 2, 3)
    d_x = d_split_x.reshape((cells.shape[0], 4, 4))
    return d_x
