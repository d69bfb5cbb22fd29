import numpy as np


def autoencoder(x, encode, decode):
    code = np.tanh(x @ encode)       # (N, D)
    restored = code @ decode         # (N, L)
    x_minus_restored = x - restored  # (N, L)
    return np.mean(np.sum(x_minus_restored ** 2, axis=1)), (
        x, encode, decode, code, x_minus_restored
    )


def autoencoder_gradient(saved):
    x, encode, decode, code, x_minus_restored = saved
    d_x_minus_restored = 2 / x.shape[0] * x_minus_restored
    d_restored = -d_x_minus_restored
    d_code = d_restored @ decode.T  # (N, L) @ (L, D)
    d_decode = code.T @ d_restored  # (D, N) @ (N, L)
    d_pre_code = d_code * (1 - code * code)
    d_encode = x.T @ d_pre_code     # (L, N) @ (N, D)
    # x is read more than once: add what comes back
    d_x = d_x_minus_restored + d_pre_code @ encode.T
    return d_x, d_encode, d_decode


def autoencoder_backward(saved, d_autoencoder=1.0):
    return tuple(d_autoencoder * d for d in autoencoder_gradient(saved))
