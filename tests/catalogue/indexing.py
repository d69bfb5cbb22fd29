"""Convolution by indexing, pooling, embeddings, positions."""

import numpy as np

from derivo import Spec
from tests.catalogue.case import below, case

ROWS = np.arange(3)[:, None] + np.arange(4)[None, :]


@case(words=Spec("N T", "int"), table="V D", w="D M", draws={"words": below(9)})
def embedding(words, table, w):
    return np.tanh(table[words].mean(axis=1) @ w)


@case(x="T D", table="T D")
def learned_positions(x, table):
    return np.tanh(x + table[: x.shape[0]])


@case(x="T 4")
def sine_positions(x):
    angle = np.arange(x.shape[0])[:, None] / np.array([1.0, 100.0])
    return x * np.concatenate([np.sin(angle), np.cos(angle)], axis=1)


@case(x="N 6", w="3")
def convolution_1d(x, w):
    return sum(w[k] * x[:, k : k + 4] for k in range(3))


@case(x="N 6", w="4 M")
def gathered_convolution(x, w):
    columns = x[:, ROWS]
    return columns @ w


@case(images="N 2 5 5", w="2 3 3 M", b="M")
def convolution_2d(images, w, b):
    n = images.shape[0]
    patches = [images[:, :, i : i + 3, j : j + 3] for i in range(3) for j in range(3)]
    columns = np.stack(patches, axis=2)
    columns = columns.transpose(0, 3, 4, 1, 2).reshape(n * 9, 18)
    return (columns @ w.reshape(18, -1) + b).reshape(n, 3, 3, -1)


@case(x="N 4 4", analytic=False)
def max_pooling(x):
    n = x.shape[0]
    cells = x.reshape(n, 2, 2, 2, 2).transpose(0, 1, 3, 2, 4).reshape(n, 2, 2, 4)
    return cells.max(axis=-1)


@case(x="N T")
def total_variation(x):
    return ((x[:, 1:] - x[:, :-1]) ** 2).sum()


@case(x="N L", y="N M")
def joined(x, y):
    both = np.concatenate([x, y], axis=1)
    return np.tanh(both).sum(axis=0)


@case(x="N T")
def every_second(x):
    return np.tanh(x[:, ::-1]) * x[0], x[-1, 2:]
