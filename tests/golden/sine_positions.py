import numpy as np

CONSTANT = np.array([  1., 100.], dtype=np.float64)


def sine_positions(x):
    angle = np.arange(x.shape[0])[:, None].astype(x.dtype) / CONSTANT.astype(x.dtype)
    joined = np.concatenate([np.sin(angle), np.cos(angle)], axis=1)  # (T, 4)
    return x * joined, (joined,)


def sine_positions_backward(saved, d_sine_positions):
    (joined,) = saved
    d_x = d_sine_positions * joined
    return d_x
