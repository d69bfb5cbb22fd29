"""Normalised values and normalised weights."""

import numpy as np

from tests.catalogue.case import case


@case(x="N M", gamma="M", beta="M")
def batch_norm(x, gamma, beta):
    mean = x.mean(axis=0)
    centred = x - mean
    variance = (centred**2).mean(axis=0)
    x_hat = centred / np.sqrt(variance + 1e-5)
    return gamma * x_hat + beta


@case(x="N M", gamma="M", beta="M", analytic=False)  # np.var takes absolute values
def batch_norm_var(x, gamma, beta):
    x_hat = (x - np.mean(x, axis=0)) / np.sqrt(np.var(x, axis=0) + 1e-5)
    return gamma * x_hat + beta


@case(x="N M", gamma="M", beta="M")
def layer_norm(x, gamma, beta):
    mean = np.mean(x, axis=-1, keepdims=True)
    variance = np.mean((x - mean) ** 2, axis=-1, keepdims=True)
    return (x - mean) / np.sqrt(variance + 1e-5) * gamma + beta


@case(x="N M", analytic=False)
def standardise(x):
    return (x - x.mean(axis=1, keepdims=True)) / (x.std(axis=1, keepdims=True) + 1e-3)


@case(x="N M", gamma="M")
def rms_norm(x, gamma):
    rms = np.sqrt((x**2).mean(axis=-1, keepdims=True) + 1e-6)
    return x / rms * gamma


@case(x="N 6 T", gamma="6", beta="6")
def group_norm(x, gamma, beta):
    groups = x.reshape(x.shape[0], 2, 3 * x.shape[2])
    mean = groups.mean(axis=2, keepdims=True)
    variance = ((groups - mean) ** 2).mean(axis=2, keepdims=True)
    x_hat = ((groups - mean) / np.sqrt(variance + 1e-5)).reshape(x.shape)
    return gamma[None, :, None] * x_hat + beta[None, :, None]


@case(x="N L", v="L M", g="M", b="M")
def weight_normalisation(x, v, g, b):
    norm = np.sqrt(np.sum(v**2, axis=0))
    w = g * v / norm
    return x @ w + b


@case(x="N M")
def row_normalise(x):
    r = np.sqrt((x**2).sum(axis=1, keepdims=True))
    return x / r


@case(a="N D", b="N D")
def cosine_similarity(a, b):
    dots = np.sum(a * b, axis=-1)
    return dots / (np.sqrt(np.sum(a * a, axis=-1)) * np.sqrt(np.sum(b * b, axis=-1)))
