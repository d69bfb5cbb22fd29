import numpy as np


def two_moments(x):
    mean = np.mean(x, axis=0)  # (D,)
    centred = x - mean         # (N, D)
    return (mean, centred.T @ centred / (x.shape[0] - 1)), (centred,)


def two_moments_backward(saved, d_output):
    (centred,) = saved
    d_mean, d_two_moments_2 = d_output
    delta = d_two_moments_2 / (centred.shape[0] - 1)
    delta_2 = delta @ centred.T         # (D, D) @ (D, N)
    centred_at_delta = centred @ delta  # (N, D) @ (D, D)
    difference = d_mean - np.sum(delta_2, axis=1) - np.sum(centred_at_delta, axis=0)
    # x is read more than once: add what comes back
    d_x = delta_2.T + centred_at_delta + difference / centred.shape[0]
    return d_x
