import numpy as np


def two_steps_back(x, a, b):
    y_t = x.dtype.type(0)
    y_t_2 = x.dtype.type(0)
    y_all = np.empty_like(x)          # (T,)
    y_t_2_all = np.empty_like(x)      # (T,)
    sin_y_t_2_all = np.empty_like(x)  # (T,)
    for t in range(2, x.shape[0] + 2):
        sin_y_t_2 = np.sin(y_t_2)
        total = x[t - 2] + a * y_t + b * sin_y_t_2
        y_all[t - 2] = total
        y_t_2_all[t - 2] = y_t_2
        sin_y_t_2_all[t - 2] = sin_y_t_2
        y_t, y_t_2 = total, y_t
    return y_all, (a, b, y_all, y_t_2_all, sin_y_t_2_all)


def two_steps_back_backward(saved, d_y_all):
    a, b, y_all, y_t_2_all, sin_y_t_2_all = saved
    zeros = np.zeros((), dtype=y_all.dtype)
    d_y_t = y_all.dtype.type(0)
    d_y_t_2 = y_all.dtype.type(0)
    d_x = np.empty_like(y_all)
    d_a = y_all.dtype.type(0)
    d_b = y_all.dtype.type(0)
    for t in reversed(range(2, y_all.shape[0] + 2)):
        y_t_prev = y_all[t - 3] if t > 2 else zeros
        delta = d_y_t + d_y_all[t - 2]
        d_x[t - 2] = delta
        d_a += delta * y_t_prev              # a is used at every step: add up
        d_b += delta * sin_y_t_2_all[t - 2]  # b is used at every step: add up
        # y_t is read more than once: add what comes back
        d_y_t = d_y_t_2 + delta * a
        d_y_t_2 = delta * b * np.cos(y_t_2_all[t - 2])
    return d_x, d_a, d_b
