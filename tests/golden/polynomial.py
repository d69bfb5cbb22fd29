import numpy as np


def polynomial(x, a):
    y = a[0] + 0 * x              # (N,)
    y_2 = y + a[1] * x ** 1       # (N,)
    x_squared = x ** 2            # (N,)
    y_3 = y_2 + a[2] * x_squared  # (N,)
    x_cubed = x ** 3              # (N,)
    y_4 = y_3 + a[3] * x_cubed    # (N,)
    return y_4, (x, a, x_squared, x_cubed)


def polynomial_backward(saved, d_y_4):
    x, a, x_squared, x_cubed = saved
    d_x = d_y_4 * (a[1] + 2 * x * a[2] + 3 * x_squared * a[3])
    d_a = np.zeros(a.shape, dtype=x.dtype)
    d_a[0] = np.sum(d_y_4)
    d_a[1] = np.sum(d_y_4 * x)
    d_a[2] = np.sum(d_y_4 * x_squared)
    d_a[3] = np.sum(d_y_4 * x_cubed)
    return d_x, d_a
