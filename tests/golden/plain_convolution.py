import numpy as np


# For sizes with 2 <= N, 2 <= S, 3 <= N, 3 <= S.
def plain_convolution(x, w):
    places = np.arange(3)                     # (3,) int
    places_2 = np.arange(x.shape[1] - 2)      # (S - 2,) int
    out = np.empty((x.shape[0] - 2, *places_2.shape), dtype=x.dtype)  # (N - 2, S - 2)
    picked_all_2 = np.empty((x.shape[0] - 2, places_2.shape[0], 3, 3), dtype=x.dtype)
    for i in range(x.shape[0] - 2):
        picked_x = x[places + i]              # (3, S)
        out_all = np.empty(places_2.shape[0], dtype=x.dtype)  # (S - 2,)
        picked_all = np.empty((places_2.shape[0], 3, 3), dtype=x.dtype)  # (S - 2, 3, 3)
        for j in range(places_2.shape[0]):
            picked = picked_x[:, places + j]  # (3, 3)
            out_all[j] = np.sum(picked * w)
            picked_all[j] = picked            # (3, 3)
        out[i] = out_all                      # (S - 2,)
        picked_all_2[i] = picked_all          # (S - 2, 3, 3)
    return out, (w, picked_all_2, x.shape)


def plain_convolution_backward(saved, d_out):
    w, picked_all_2, x_shape = saved
    places = np.arange(3)
    d_x = np.zeros(x_shape, dtype=w.dtype)
    d_w = np.zeros_like(w)
    for i in reversed(range(picked_all_2.shape[0])):
        d_w_2 = np.zeros_like(w)
        delta = np.zeros((3, x_shape[1]), dtype=w.dtype)
        for j in reversed(range(picked_all_2.shape[1])):
            d_w_2 += picked_all_2[i][j] * d_out[i][j]  # w is used at every step: add up
            np.add.at(delta, (slice(None), places + j), w * d_out[i][j])
        np.add.at(d_x, places + i, delta)  # x is used at every step: add up
        d_w += d_w_2                       # w is used at every step: add up
    return d_x, d_w
