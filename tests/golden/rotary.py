import numpy as np


def rotary(x, c, s):
    pairs = x.reshape((x.shape[0], x.shape[1], x.shape[2], 2, 2))  # (N, T, H, 2, 2)
    a = pairs[..., :1]      # (N, T, H, 2, 1)
    b = pairs[..., 1:]      # (N, T, H, 2, 1)
    a_2 = a[..., 0]         # (N, T, H, 2)
    b_2 = b[..., 0]         # (N, T, H, 2)
    c_2 = c[None, :, None]  # (1, T, 1, 2)
    s_2 = s[None, :, None]  # (1, T, 1, 2)
    turned = np.stack([a_2 * c_2 - b_2 * s_2, a_2 * s_2 + b_2 * c_2], axis=4)
    return turned.reshape(x.shape), (a_2, b_2, c_2, s_2)


def rotary_backward(saved, d_rotary):
    a_2, b_2, c_2, s_2 = saved
    d_turned = d_rotary.reshape((a_2.shape[0], a_2.shape[1], a_2.shape[2], 2, 2))
    # a_2 is read more than once: add what comes back
    d_a_2 = d_turned[..., 1] * s_2 + d_turned[..., 0] * c_2
    d_b_2 = d_turned[..., 1] * c_2 - d_turned[..., 0] * s_2
    sum_d_turned_times_a_2 = np.sum(d_turned[..., 1] * a_2, axis=(0, 2))
    d_s = sum_d_turned_times_a_2 - np.sum(d_turned[..., 0] * b_2, axis=(0, 2))
    sum_d_turned_times_a_2_2 = np.sum(d_turned[..., 0] * a_2, axis=(0, 2))
    d_c = sum_d_turned_times_a_2_2 + np.sum(d_turned[..., 1] * b_2, axis=(0, 2))
    d_pairs = np.stack([d_a_2, d_b_2], axis=4)
    d_x = d_pairs.reshape(d_rotary.shape)
    return d_x, d_c, d_s
