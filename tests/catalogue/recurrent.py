"""Cells of recurrent networks, and a few steps of them."""

import numpy as np

from tests.catalogue.case import case


def sigmoid(x):
    return 1 / (1 + np.exp(-x))


@case(
    x="N D", h="N H", c="N H", wi="D H", wf="D H", wo="D H", wg="D H",
    ui="H H", uf="H H", uo="H H", ug="H H", bi="H", bf="H", bo="H", bg="H",
)  # fmt: skip
def lstm_cell(x, h, c, wi, wf, wo, wg, ui, uf, uo, ug, bi, bf, bo, bg):
    i = sigmoid(x @ wi + h @ ui + bi)
    f = sigmoid(x @ wf + h @ uf + bf)
    o = sigmoid(x @ wo + h @ uo + bo)
    g = np.tanh(x @ wg + h @ ug + bg)
    c_next = f * c + i * g
    h_next = o * np.tanh(c_next)
    return h_next, c_next


@case(x="N D", h="N 3", c="N 3", w="D 12", u="3 12", b="12")
def packed_lstm_cell(x, h, c, w, u, b):
    gates = x @ w + h @ u + b
    width = h.shape[1]
    i, f = sigmoid(gates[:, :width]), sigmoid(gates[:, width : 2 * width])
    o, g = sigmoid(gates[:, 2 * width : 3 * width]), np.tanh(gates[:, 3 * width :])
    c = f * c + i * g
    return {"h": o * np.tanh(c), "c": c}


@case(x="N D", h="N H", wz="D H", wr="D H", wh="D H", uz="H H", ur="H H", uh="H H")
def gru_cell(x, h, wz, wr, wh, uz, ur, uh):
    z = sigmoid(x @ wz + h @ uz)
    r = sigmoid(x @ wr + h @ ur)
    proposed = np.tanh(x @ wh + (r * h) @ uh)
    return (1 - z) * h + z * proposed


@case(x="N 3 D", h="N H", w="D H", u="H H")
def three_steps(x, h, w, u):
    for step in range(3):
        h = np.tanh(x[:, step] @ w + h @ u)
    return h
