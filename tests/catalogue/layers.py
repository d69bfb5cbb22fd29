"""Neurons, layers and small networks."""

import numpy as np

from tests.catalogue.case import case


@case(x="", w="", b="")
def neuron(x, w, b):
    m = w * x
    n = m + b
    y = 1 / (1 + np.exp(-n))
    return y


@case(x="N L", w="L M", b="M")
def layer(x, w, b):
    n = x @ w + b
    y = 1 / (1 + np.exp(-n))
    return y


@case(x="N L", w1="L H", b1="H", w2="H C", b2="C")
def tanh_network(x, w1, b1, w2, b2):
    h = np.tanh(x @ w1 + b1)
    return h @ w2 + b2


@case(x="N L", w1="L H", b1="1 H", w2="H M", b2="1 M", w3="M 1", analytic=False)
def relu_network(x, w1, b1, w2, b2, w3):
    h1 = np.maximum(0, np.dot(x, w1) + b1)
    h2 = np.maximum(0.0, np.dot(h1, w2) + b2)
    return (h2 @ w3)[:, 0]


@case(x="N L", w="L M", analytic=False)
def leaky_layer(x, w):
    u = x @ w
    return np.where(u > 0, u, 0.01 * u)


@case(x="N L", w="L M", analytic=False)
def elu_layer(x, w):
    u = x @ w
    return np.where(u > 0, u, np.exp(np.minimum(u, 0)) - 1)


@case(x="N M")
def gelu(x):
    c = np.sqrt(2 / np.pi)
    return 0.5 * x * (1 + np.tanh(c * (x + 0.044715 * x**3)))


@case(x="N L", w="L M")
def silu_layer(x, w):
    u = x @ w
    return u / (1 + np.exp(-u))


@case(x="N M")
def softplus(x):
    return np.log(1 + np.exp(x))


@case(x="N M")
def mish(x):
    return x * np.tanh(np.log1p(np.exp(x)))


@case(x="N L", w="L M", v="L M")
def gated_unit(x, w, v):
    gate = 1 / (1 + np.exp(-(x @ v)))
    return (x @ w) * gate


@case(x="N L", w="L H", v="L H", out="H L")
def swiglu(x, w, v, out):
    def swish(u):
        return u * (1 / (1 + np.exp(-u)))

    return (swish(x @ w) * (x @ v)) @ out


@case(x="N L", w="L L", b="L", wt="L L", bt="L")
def highway(x, w, b, wt, bt):
    h = np.tanh(x @ w + b)
    t = 1 / (1 + np.exp(-(x @ wt + bt)))
    return h * t + x * (1 - t)


@case(x="N L", w1="L H", w2="H L", gamma="L", beta="L")
def residual_block(x, w1, w2, gamma, beta):
    mean = x.mean(axis=-1, keepdims=True)
    std = np.sqrt(((x - mean) ** 2).mean(axis=-1, keepdims=True) + 1e-5)
    x_hat = (x - mean) / std
    h = np.tanh((gamma * x_hat + beta) @ w1)
    return x + h @ w2


@case(x="N L", encode="L D", decode="D L")
def autoencoder(x, encode, decode):
    code = np.tanh(x @ encode)
    restored = code @ decode
    return ((x - restored) ** 2).sum(axis=1).mean()


@case(x="N L", w="L C", mask="N L")
def dropout_softmax(x, w, mask):
    kept = x * mask / 0.75
    z = kept @ w
    z = z - z.max(axis=-1, keepdims=True)
    return np.exp(z) / np.exp(z).sum(axis=-1, keepdims=True)


@case(x="N L", w="L M", a="M", analytic=False)
def prelu(x, w, a):
    u = x @ w
    return np.maximum(u, 0) + a * np.minimum(u, 0)


@case(x="N L", experts="K L M", router="L K")
def mixture_of_experts(x, experts, router):
    logits = x @ router
    e = np.exp(logits - np.max(logits, axis=1, keepdims=True))
    weight = e / np.sum(e, axis=1, keepdims=True)
    outputs = x @ experts
    return (weight.T[:, :, None] * outputs).sum(axis=0)
