"""Two worked examples whose numbers others have printed."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

import numpy as np

from derivo.derivation import derive

Array = Any


@dataclass(frozen=True)
class Number:
    """A printed number beside the one computed here.

    Attributes
    ----------
    name
        What it is.
    printed
        As it stands in the source, digit by digit.
    got
        The value computed here.
    within
        How far they may be apart; half a unit of the last printed digit if left out.
    """

    name: str
    printed: str
    got: float
    within: float | None = None

    @property
    def agrees(self) -> bool:
        """Whether the value rounds to what is printed."""
        unit = Decimal(self.printed).as_tuple().exponent
        assert isinstance(unit, int)  # noqa: S101  not NaN
        within = 0.5 * 10.0**unit if self.within is None else self.within
        return abs(self.got - float(self.printed)) <= within * (1 + 1e-9)


def mazur_network(x: Array, w: Array, b: Array, v: Array, c: Array, t: Array) -> Array:
    """Give the error of the 2-2-2 network: sum of half squares."""
    h = 1 / (1 + np.exp(-(x @ w + b)))
    y = 1 / (1 + np.exp(-(h @ v + c)))
    return np.sum((t - y) ** 2 / 2)


def mazur() -> Iterator[Number]:
    """Mazur, A Step by Step Backpropagation Example (2015); biases are held fixed."""
    d = derive(
        mazur_network, wrt=("w", "v"), x="2", w="2 2", b="", v="2 2", c="", t="2"
    )
    values = {
        "x": np.array([0.05, 0.10]), "b": 0.35, "c": 0.60, "t": np.array([0.01, 0.99]),
        # w1 and w2 lead to the first hidden unit, so they are a column.
        "w": np.array([[0.15, 0.25], [0.20, 0.30]]),
        "v": np.array([[0.40, 0.50], [0.45, 0.55]]),
    }  # fmt: skip
    before, gradients = d.value_and_gradients(**values)
    yield Number("error before", "0.298371109", float(before))
    after = {name: values[name] - 0.5 * gradients[name] for name in ("w", "v")}
    printed = {
        "w": (".149780716", ".19956143", ".24975114", ".29950229"),
        "v": (".35891648", ".408666186", ".511301270", ".561370121"),
    }
    for k, (name, texts) in enumerate(printed.items()):
        for j, text in enumerate(texts):
            yield Number(f"w{4 * k + j + 1}", text, float(after[name].T.ravel()[j]))
    # The last digits that the post prints for this one are off by 1.5e-7.
    yield Number("error after", "0.291027924", float(d(**{**values, **after})), 1e-6)


def cs231n_product(x: Array, y: Array, z: Array) -> Array:
    """Give the first example of the notes."""
    q = x + y
    return q * z


def cs231n_neuron(w: Array, x: Array) -> Array:
    """Give the sigmoid neuron of the notes; the last weight is the bias."""
    dot = w[0] * x[0] + w[1] * x[1] + w[2]
    return 1 / (1 + np.exp(-dot))


def cs231n() -> Iterator[Number]:
    """CS231n, course notes on backpropagation."""
    product = derive(cs231n_product, x="", y="", z="")
    f, gradients = product.value_and_gradients(x=-2.0, y=5.0, z=-4.0)
    yield Number("f", "-12", float(f))
    for name, text in (("x", "-4"), ("y", "-4"), ("z", "3")):
        yield Number(f"df/d{name}", text, float(gradients[name]))
    neuron = derive(cs231n_neuron, w="3", x="2")
    values = {"w": np.array([2.0, -3.0, -3.0]), "x": np.array([-1.0, -2.0])}
    y, found = neuron.value_and_gradients(**values)
    yield Number("neuron", "0.73", float(y))
    printed = {"w": ("-0.20", "-0.39", "0.20"), "x": ("0.39", "-0.59")}
    for name, texts in printed.items():
        for k, text in enumerate(texts):
            yield Number(f"d{name}[{k}]", text, float(found[name][k]))
