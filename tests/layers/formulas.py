"""The formulas of the papers for one number, in mpmath: independent of the package."""

from mpmath import mp, mpf

mp.dps = 60


def sigma(x):
    return 1 / (1 + mp.exp(-x))


def elu(x, alpha=1):
    return x if x > 0 else alpha * (mp.exp(x) - 1)


def clip(x, low, high):
    return min(max(x, mpf(low)), mpf(high))


SELU_LAMBDA = mpf("1.0507009873554804934193349852946")
SELU_ALPHA = mpf("1.6732632423543772848170429916717")

ELEMENTWISE = {
    "step": lambda x: mpf(x > 0),
    "identity": lambda x: x,
    "bent_identity": lambda x: (mp.sqrt(x**2 + 1) - 1) / 2 + x,
    "hard_shrink": lambda x: x if abs(x) > 0.5 else mpf(0),
    "soft_shrink": lambda x: mp.sign(x) * max(abs(x) - mpf("0.5"), mpf(0)),
    "threshold": lambda x: x if x > 0 else mpf(-1),
    "sigmoid": sigma,
    "hard_sigmoid": lambda x: clip(x / 5 + mpf("0.5"), 0, 1),
    "log_sigmoid": lambda x: mp.log(sigma(x)),
    "tanh": mp.tanh,
    "tanh_shrink": lambda x: x - mp.tanh(x),
    "hard_tanh": lambda x: clip(x, -1, 1),
    "relu": lambda x: max(x, mpf(0)),
    "relu6": lambda x: clip(x, 0, 6),
    "leaky_relu": lambda x: x if x > 0 else x / 100,
    "elu": elu,
    "selu": lambda x: SELU_LAMBDA * elu(x, SELU_ALPHA),
    "celu": elu,
    "softplus": lambda x: mp.log(1 + mp.exp(x)),
    "softsign": lambda x: x / (1 + abs(x)),
    "swish": lambda x: x * sigma(x),
    "mish": lambda x: x * mp.tanh(mp.log(1 + mp.exp(x))),
    "tanh_exp": lambda x: x * mp.tanh(mp.exp(x)),
    "hard_swish": lambda x: x * clip(x + 3, 0, 6) / 6,
    "acon": lambda x: x * sigma(x),
}

# With parameters that are not the defaults.
WITH_PARAMETERS = [
    ("leaky_relu", {"alpha": 0.2}, lambda x: x if x > 0 else mpf(0.2) * x),
    ("elu", {"alpha": 2.5}, lambda x: elu(x, mpf(2.5))),
    ("celu", {"alpha": 2.5},
     lambda x: x if x > 0 else mpf(2.5) * (mp.exp(x / mpf(2.5)) - 1)),
    ("selu", {"lambda_": 2, "alpha": 3}, lambda x: 2 * elu(x, 3)),
    ("hard_shrink", {"lambda_": 2}, lambda x: x if abs(x) > 2 else mpf(0)),
    ("soft_shrink", {"lambda_": 2}, lambda x: mp.sign(x) * max(abs(x) - 2, mpf(0))),
    ("threshold", {"threshold": 1, "value": 7}, lambda x: x if x > 1 else mpf(7)),
    ("swish", {"beta": 3}, lambda x: x * sigma(3 * x)),
    ("acon", {"p1": 1.5, "p2": 0.25, "beta": 2},
     lambda x: mpf(1.25) * x * sigma(2 * mpf(1.25) * x) + mpf(0.25) * x),
]  # fmt: skip


def softmax(row, sign=1):
    e = [mp.exp(sign * v) for v in row]
    return [v / sum(e) for v in e]


ROWWISE = {
    "softmax": softmax,
    "softmin": lambda row: softmax(row, -1),
    "log_softmax": lambda row: [mp.log(v) for v in softmax(row)],
}
