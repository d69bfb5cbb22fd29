import numpy as np


# For sizes with 2 <= N, 2 <= S, 3 <= N, 3 <= S.
def plain_convolution(x, w):
    places = np.arange(x.shape[1] - 2)  # (S - 2,) int
    out = np.empty((x.shape[0] - 2, *places.shape), dtype=x.dtype)  # (N - 2, S - 2)
    for i in range(x.shape[0] - 2):
        window_of_x = x[i:i + 3]        # (3, S)
        out_all = np.empty(places.shape[0], dtype=x.dtype)  # (S - 2,)
        for j in range(places.shape[0]):
            out_all[j] = np.sum(window_of_x[:, j:j + 3] * w)
        out[i] = out_all                # (S - 2,)
    return out, (x, w)


def plain_convolution_backward(saved, d_out):
    x, w = saved
    d_x = np.zeros_like(x)
    d_w = np.zeros_like(w)
    for i in reversed(range(d_out.shape[0])):
        window_of_x = x[i:i + 3]
        d_w_2 = np.zeros_like(w)
        delta = np.zeros_like(window_of_x)
        for j in reversed(range(d_out.shape[1])):
            # w is used at every step: add up
            d_w_2 += window_of_x[:, j:j + 3] * d_out[i][j]
            delta[:, j:j + 3] += w * d_out[i][j]
        d_x[i:i + 3] += delta  # x is used at every step: add up
        d_w += d_w_2           # w is used at every step: add up
    return d_x, d_w
