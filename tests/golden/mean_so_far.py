import numpy as np


def mean_so_far(x):
    mean = x.dtype.type(0)
    spread = x.dtype.type(0)
    step_all = np.empty_like(x)        # (T,)
    difference_all = np.empty_like(x)  # (T,)
    for k in range(x.shape[0]):
        step = x[k] - mean
        step_over_k_plus_one = step / (k + 1)
        difference = step - step_over_k_plus_one
        step_all[k] = step
        difference_all[k] = difference
        mean = mean + step_over_k_plus_one
        spread = spread + step * difference
    return (mean, spread), (step_all, difference_all)


def mean_so_far_backward(saved, d_output):
    step_all, difference_all = saved
    d_mean, d_spread = d_output
    d_mean_2 = d_mean
    d_x = np.empty_like(step_all)
    for k in reversed(range(step_all.shape[0])):
        delta = d_spread * step_all[k]
        d_mean_2 = d_mean_2 - delta   # mean is read more than once: add what comes back
        # step is read more than once: add what comes back
        d_step = d_spread * difference_all[k] + d_mean_2 / (k + 1)
        # value is read more than once: add what comes back
        d_x[k] = delta + d_step
        d_mean_2 = d_mean_2 - d_step  # mean is read more than once: add what comes back
    return d_x
