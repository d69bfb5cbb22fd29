import numpy as np


def autoencoder(x, encode, decode):
    code = np.tanh(x @ encode)  # (N, D)
    restored = code @ decode    # (N, L)
    h = x - restored            # (N, L)
    return np.mean(np.sum(h ** 2, axis=1)), (x, encode, decode, code, h)


def autoencoder_gradient(saved):
    x, encode, decode, code, h = saved
    d_h = 2 / x.shape[0] * h
    d_restored = -d_h
    d_code = d_restored @ decode.T  # (N, L) @ (L, D)
    d_decode = code.T @ d_restored  # (D, N) @ (N, L)
    delta = d_code * (1 - code * code)
    d_encode = x.T @ delta          # (L, N) @ (N, D)
    d_x = d_h + delta @ encode.T    # x is read more than once: add the adjoints
    return d_x, d_encode, d_decode


def autoencoder_backward(saved, d_autoencoder=1.0):
    return tuple(d_autoencoder * d for d in autoencoder_gradient(saved))
