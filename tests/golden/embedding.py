import numpy as np


def embedding(words, table, w):
    mean_table = np.mean(table[words], axis=1)  # (N, D)
    tanh_mean_table = np.tanh(mean_table @ w)  # (N, M)
    return tanh_mean_table, (words, w, mean_table, tanh_mean_table, table.shape)


def embedding_backward(saved, d_tanh_mean_table):
    words, w, mean_table, tanh_mean_table, table_shape = saved
    delta = d_tanh_mean_table * (1 - tanh_mean_table * tanh_mean_table)
    d_w = mean_table.T @ delta  # (D, N) @ (N, M)
    h = (delta @ w.T)[:, None] / words.shape[1]
    delta_2 = np.broadcast_to(h, (words.shape[0], words.shape[1], w.shape[0]))
    d_table = np.zeros(table_shape, dtype=w.dtype)
    np.add.at(d_table, words, delta_2)
    return d_table, d_w
