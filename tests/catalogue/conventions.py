"""Networks as people write them: parameters in nests and objects, settings, methods.

Each entry has shapes with named sizes, from which arrays are drawn, settings, and the
attributes that a method is derived for.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from types import SimpleNamespace
from typing import Any, NamedTuple

import numpy as np

from tests.catalogue.case import below, one_hot, positive, zero_or_one


@dataclass(frozen=True)
class Convention:
    """A function, or the making of an object whose method is meant.

    Attributes
    ----------
    make
        Gives the function; of an object, a new one each time.
    shapes
        Argument to shapes in a nest.
    settings, static
        What `derive` is given besides.
    attributes
        Ways to the attributes of the method's object.
    draws
        ``draw(rng, shape)`` for paths that are not standard normal.
    """

    name: str
    make: Callable[[], Callable[..., Any]]
    shapes: Mapping[str, Any]
    settings: Mapping[str, Any] = field(default_factory=dict)
    static: Mapping[str, Any] = field(default_factory=dict)
    attributes: Any = ()
    draws: Mapping[str, Callable[..., Any]] = field(default_factory=dict)


CONVENTIONS: dict[str, Convention] = {}


def convention(
    *, settings: Any = None, static: Any = None, draws: Any = None, **shapes: Any
) -> Callable[[Callable[..., Any]], Callable[..., Any]]:
    """Put a function into the catalogue."""

    def add(function: Callable[..., Any]) -> Callable[..., Any]:
        name = function.__name__
        assert name not in CONVENTIONS
        CONVENTIONS[name] = Convention(
            name,
            lambda: function,
            shapes,
            settings or {},
            static or {},
            (),
            draws or {},
        )
        return function

    return add


def method(
    name: str,
    attributes: Any,
    *,
    settings: Any = None,
    draws: Any = None,
    **shapes: Any,
) -> Callable[[type], type]:
    """Put a method of a class into the catalogue; it is made without arguments."""

    def add(kind: type) -> type:
        entry = f"{kind.__name__}.{name}"
        assert entry not in CONVENTIONS
        CONVENTIONS[entry] = Convention(
            entry, lambda: getattr(kind(), name), shapes, settings or {}, {}, attributes
        )  # fmt: skip
        return kind

    return add


# --- parameters in dicts and lists ----------------------------------------------------
def relu(x):
    return np.maximum(0, x)


@convention(params={"W1": "D H", "b1": "H", "W2": "H C", "b2": "C"}, X="N D", y="N C",
            draws={"y": one_hot}, settings={"reg": 0.1})  # fmt: skip
def two_layer_net(params, X, y, reg=0.0):
    W1, b1 = params["W1"], params["b1"]
    W2, b2 = params["W2"], params["b2"]
    hidden = relu(X.dot(W1) + b1)
    scores = hidden.dot(W2) + b2
    shifted = scores - np.max(scores, axis=1, keepdims=True)
    log_p = shifted - np.log(np.sum(np.exp(shifted), axis=1, keepdims=True))
    loss = -np.sum(y * log_p) / X.shape[0]
    return loss + 0.5 * reg * (np.sum(W1 * W1) + np.sum(W2 * W2))


@convention(parameters={"W1": "H D", "b1": "H 1", "W2": "1 H", "b2": "1 1"}, X="D M",
            Y="1 M", draws={"Y": zero_or_one})  # fmt: skip
def forward_propagation(parameters, X, Y):
    A = X
    for layer in range(1, len(parameters) // 2 + 1):
        Z = parameters[f"W{layer}"] @ A + parameters[f"b{layer}"]
        A = np.tanh(Z) if layer == 1 else 1 / (1 + np.exp(-Z))
    m = Y.shape[1]
    return -np.sum(Y * np.log(A) + (1 - Y) * np.log(1 - A)) / m


@convention(weights=["D D", "D D", "D D"], x="N D")
def a_stack_of_weights(weights, x):
    for w in weights:
        x = np.tanh(x @ w) + x
    return x


@convention(layers=[("D H", "H"), ("H H", "H"), ("H C", "C")], x="N D")
def pairs_of_weights_and_biases(layers, x):
    *hidden, (w, b) = layers
    for w_k, b_k in hidden:
        x = np.tanh(x @ w_k + b_k)
    return x @ w + b


@convention(sizes=("D H", "H D"), x="N D", settings={"tied": True})
def tied_autoencoder(sizes, x, tied):
    encode, decode = sizes
    code = np.tanh(x @ encode)
    back = code @ (encode.T if tied else decode)
    return np.mean((back - x) ** 2) + 1e-3 * np.sum(decode**2)


@convention(
    model={"embed": "V D", "blocks": [{"w": "D D", "g": "D"}, {"w": "D D", "g": "D"}],
           "head": {"w": "D V"}},
    ids=("N", below(3)), settings={"residual": True},
)  # fmt: skip
def nested_language_model(model, ids, residual):
    x = model["embed"][ids]
    for block in model["blocks"]:
        scale = np.sqrt(np.mean(x**2, axis=-1, keepdims=True) + 1e-5)
        y = np.tanh((x / scale * block["g"]) @ block["w"])
        x = x + y if residual else y
    return x @ model["head"]["w"]


@convention(params={0: "D H", 1: "H C"}, x="N D")
def keyed_by_number(params, x):
    for k in range(2):
        x = np.tanh(x @ params[k])
    return x


@convention(state={"encoder.weight": "D H", "encoder.bias": "H"}, x="N D")
def keyed_as_files_are(state, x):
    return np.tanh(x @ state["encoder.weight"] + state["encoder.bias"])


# --- named tuples, dataclasses, plain objects -----------------------------------------
class LSTM(NamedTuple):
    Wx: Any
    Wh: Any
    b: Any


@convention(cell=LSTM("D 4*H", "H 4*H", "4*H"), x="N D", h="N H", c="N H")
def lstm_step(cell, x, h, c):
    a = x @ cell.Wx + h @ cell.Wh + cell.b
    ai, af, ao, ag = np.split(a, 4, axis=1)
    i, f, o = (1 / (1 + np.exp(-v)) for v in (ai, af, ao))
    next_c = f * c + i * np.tanh(ag)
    return o * np.tanh(next_c), next_c


@dataclass
class Affine:
    w: Any
    b: Any
    activation: str = "tanh"

    def __call__(self, x):
        y = x @ self.w + self.b
        return np.tanh(y) if self.activation == "tanh" else y


@convention(first=Affine("D H", "H"), second=Affine("H C", "C", "linear"), x="N D")
def layers_that_are_called(first, second, x):
    return second(first(x))


@dataclass(frozen=True)
class Config:
    heads: int
    causal: bool = True


@convention(qkv="D 6", x="T D", settings={"config": Config(2)})
def attention_with_a_config(x, qkv, config):
    q, k, v = np.split(x @ qkv, 3, axis=-1)
    out = []
    for head in range(config.heads):
        scores = q[:, head : head + 1] @ k[:, head : head + 1].T
        if config.causal:
            scores = scores + np.where(np.tri(x.shape[0]) > 0, 0.0, -1e9)
        e = np.exp(scores - scores.max(axis=-1, keepdims=True))
        out.append(e / e.sum(axis=-1, keepdims=True) @ v[:, head : head + 1])
    return np.concatenate(out, axis=1)


@dataclass(frozen=True, slots=True)
class Gaussian:
    mean: Any
    log_sigma: Any


@convention(q=Gaussian("N Z", "N Z"), p=Gaussian("Z", "Z"))
def kl_of_gaussians(q, p):
    ratio = np.exp(2 * (q.log_sigma - p.log_sigma))
    apart = ((q.mean - p.mean) / np.exp(p.log_sigma)) ** 2
    return 0.5 * np.sum(ratio + apart - 1) - np.sum(q.log_sigma - p.log_sigma)


@convention(theta=SimpleNamespace(slope="L", offset=""), x="N L", t="N")
def regression_of_a_namespace(theta, x, t):
    return np.mean((x @ theta.slope + theta.offset - t) ** 2)


@convention(net=[Affine("D D", "D"), Affine("D D", "D")], x="N D")
def a_list_of_layers(net, x):
    for layer in net:
        x = layer(x)
    return x


# --- settings -------------------------------------------------------------------------
@convention(x="N M", settings={"axis": 0, "keepdims": True})
def softmax_along(x, axis=-1, keepdims=False):
    e = np.exp(x - np.max(x, axis=axis, keepdims=True))
    return np.log(np.sum(e, axis=axis, keepdims=keepdims))


@convention(x="N D", gamma="D", beta="D", running="D", settings={"training": False})
def batchnorm(x, gamma, beta, running, training, eps=1e-5):
    mean = x.mean(axis=0) if training else running
    var = x.var(axis=0) if training else np.ones_like(running)
    return gamma * (x - mean) / np.sqrt(var + eps) + beta


@convention(x="N M", t="N M", static={"reduction": "mean"}, settings={"weight": None})
def smooth_l1(x, t, weight, reduction, delta=1.0):
    r = np.abs(x - t)
    loss = np.where(r < delta, 0.5 * r**2 / delta, r - 0.5 * delta)
    loss = loss if weight is None else loss * weight
    return np.mean(loss) if reduction == "mean" else np.sum(loss)


@convention(x="N M", w="M K", settings={"activation": np.arctan, "depth": 2})
def with_an_activation(x, w, activation, depth):
    for _ in range(depth):
        x = activation(x @ w @ w.T) / (1 + x**2)
    return x


@convention(x="6 6", kernel="3 3", settings={"stride": 2, "padding": 1})
def strided_convolution(x, kernel, stride=1, padding=0):
    x = np.pad(x, padding)
    k = kernel.shape[0]
    size = (x.shape[0] - k) // stride + 1
    out = np.zeros((size, size))
    for i in range(size):
        for j in range(size):
            window = x[i * stride : i * stride + k, j * stride : j * stride + k]
            out[i, j] = np.sum(window * kernel)
    return out


@convention(y="N", sigma="", draws={"sigma": positive},
            settings={"density": lambda z: np.exp(-(z**2) / 2)})  # fmt: skip
def likelihood_of_a_density(y, sigma, density):
    return -np.sum(np.log(density(y / sigma) / sigma))


# --- methods --------------------------------------------------------------------------
@method("loss", ("W", "b"), x="N L", t="N M")
class Linear:
    """A layer with its loss."""

    def __init__(self):
        rng = np.random.default_rng(0)
        self.W, self.b = rng.normal(size=(3, 4)), rng.normal(size=4)

    def loss(self, x, t):
        self.y = x @ self.W + self.b
        return np.mean((self.y - t) ** 2)


@method("forward", ("layers.*.W", "layers.*.b"), x="N L")
class Sequential:
    """Layers that keep what they were given, called one after the other."""

    class Dense:
        def __init__(self, rng, rows, columns):
            self.W, self.b = rng.normal(size=(rows, columns)), np.zeros(columns)

        def forward(self, x):
            self.x = x
            self.out = np.tanh(x @ self.W + self.b)
            return self.out

    def __init__(self):
        rng = np.random.default_rng(1)
        self.layers = [self.Dense(rng, 3, 4), self.Dense(rng, 4, 2)]

    def forward(self, x):
        for layer in self.layers:
            x = layer.forward(x)
        return x


@method("loss", "params", X="N L", settings={"reg": 0.5})
class TwoLayerNet:
    """Parameters in a dict, as a course has them."""

    def __init__(self):
        rng = np.random.default_rng(2)
        self.params = {"W1": rng.normal(size=(3, 4)), "b1": np.zeros(4),
                       "W2": rng.normal(size=(4, 2)), "b2": np.zeros(2)}  # fmt: skip

    def loss(self, X, reg=0.0):
        p = self.params
        scores = np.maximum(0, X @ p["W1"] + p["b1"]) @ p["W2"] + p["b2"]
        return np.mean(scores**2) + reg * np.sum(p["W1"] * p["W1"])


@method("__call__", ("kernel", "scale"), x="N K")
class Filter:
    """An object that is called."""

    def __init__(self):
        self.kernel, self.scale = np.array([1.0, -2.0, 0.5, 0.3]), 2.0

    def __call__(self, x):
        return self.scale * np.sin(x @ self.kernel)
