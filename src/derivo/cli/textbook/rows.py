"""The textbook table: forward pass, published count, published backward pass."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any, cast

import numpy as np

from derivo.cli.textbook import passes, published
from derivo.derivation import Derivation, derive

# Sizes at which the numbers are compared: all different, so that no mix-up goes unseen.
SIZES = {
    "N": 5,
    "L": 3,
    "M": 4,
    "C": 6,
    "T": 7,
    "S": 8,
    "D": 9,
    "V": 2,
    "I": 10,
    "H": 11,
}
LIMIT = 1e-10


@dataclass(frozen=True)
class Row:
    """A row of the table.

    Attributes
    ----------
    number, title
        As in the table.
    spellings
        The same forward pass, written in several ways.
    reference
        The published backward pass, by hand.
    operations
        How many operations the published one has.
    where
        Where it is published.
    shapes
        Shape of each argument.
    wrt
        What gradients are asked for; all if empty.
    target
        "one-hot" or "binary" if the argument `t` is such a target.
    """

    number: int
    title: str
    spellings: tuple[Callable[..., Any], ...]
    reference: Callable[..., dict[str, Any]]
    operations: int
    where: str
    shapes: dict[str, str] = field(default_factory=dict)
    wrt: tuple[str, ...] = ()
    target: str = ""

    def derive(self, function: Callable[..., Any]) -> Derivation:
        """Derive one spelling, without a hint."""
        return derive(
            function, wrt=self.wrt or None, **cast("dict[str, Any]", self.shapes)
        )

    def draw(self, rng: np.random.Generator) -> dict[str, Any]:
        """Draw arguments in float64."""
        sizes = {
            name: [SIZES.get(d) or int(d) for d in text.split()]
            for name, text in self.shapes.items()
        }
        arrays = {name: rng.normal(size=s)[()] for name, s in sizes.items()}
        if self.target == "one-hot":
            rows, classes = sizes["t"]
            arrays["t"] = np.eye(classes)[rng.integers(0, classes, rows)]
        if self.target == "binary":
            arrays["t"] = rng.integers(0, 2, sizes["t"]).astype(float)
        return arrays

    def difference(self, derivation: Derivation, seed: int = 0) -> float:
        """Give the largest difference from the published backward pass, in float64."""
        rng = np.random.default_rng(seed)
        arrays = self.draw(rng)
        output = derivation.function(**arrays)
        several = isinstance(output, tuple)
        drawn = tuple(
            rng.normal(size=np.shape(y))[()] for y in (output if several else (output,))
        )
        adjoint = drawn if several else drawn[0]
        given = None if np.ndim(drawn[0]) == 0 and self.wrt else adjoint
        expected = self.reference(adjoint, **arrays)
        got = derivation.gradients(upstream=given, **arrays)
        return max(float(np.max(np.abs(got[name] - expected[name]))) for name in got)


_LSTM = {"x": "N I", "h": "N H", "c": "N H"}
_LSTM |= {f"w_{gate}": "I H" for gate in "zifo"}
_LSTM |= {f"r_{gate}": "H H" for gate in "zifo"}
_LSTM |= {f"b_{gate}": "H" for gate in "zifo"}
_NORM = {"x": "N M", "gamma": "M", "beta": "M"}
_REGRESSION = {"w": "L", "x": "N L", "t": "N"}

ROWS = (
    Row(1, "neuron, scalars", (passes.neuron, passes.neuron_in_one_line),
        published.neuron, 5, "the article, scalar part", {"w": "", "x": "", "b": ""}),
    Row(2, "layer on a batch", (passes.layer, passes.layer_with_a_ratio),
        published.layer, 6, "the article, matrix and batch part",
        {"x": "N L", "w": "L M", "b": "M"}),
    Row(3, "softmax, cross-entropy",
        (passes.cross_entropy, passes.cross_entropy_as_a_sum),
        published.cross_entropy, 2, "Goodfellow et al., Deep Learning, 6.2.2",
        {"z": "N C", "t": "N C"}, ("z",), "one-hot"),
    Row(4, "sigmoid, binary cross-entropy",
        (passes.binary_cross_entropy, passes.binary_cross_entropy_as_a_sum),
        published.binary_cross_entropy, 2, "Bishop, PRML, 4.3.2 and 5.3",
        {"z": "N", "t": "N"}, ("z",), "binary"),
    Row(5, "softmax alone", (passes.softmax, passes.softmax_without_shift),
        published.softmax, 4, "Bishop, PRML, 4.3.4", {"z": "N C"}),
    Row(6, "linear regression, squared error",
        (passes.linear_regression, passes.linear_regression_as_a_product),
        published.linear_regression, 3, "least squares", _REGRESSION, ("w",)),
    Row(7, "logistic regression",
        (passes.logistic_regression, passes.logistic_regression_as_a_sum),
        published.logistic_regression, 3, "Bishop, PRML, 4.91", _REGRESSION,
        ("w",), "binary"),
    Row(8, "batch normalisation",
        (passes.batch_normalisation, passes.batch_normalisation_with_var),
        published.batch_normalisation, 11, "Ioffe and Szegedy 2015, section 3", _NORM),
    Row(9, "layer normalisation",
        (passes.layer_normalisation, passes.layer_normalisation_with_std),
        published.layer_normalisation, 11, "Ba, Kiros, Hinton 2016", _NORM),
    Row(10, "attention, one head", (passes.attention, passes.attention_scaled_first),
        published.attention, 9, "Dao et al. 2022, appendix B.2",
        {"q": "T D", "k": "S D", "v": "S V"}),
    Row(11, "row normalisation",
        (passes.row_normalisation, passes.row_normalisation_with_norm),
        published.row_normalisation, 5, "Wang et al. 2017, section 3", {"x": "N M"}),
    Row(12, "LSTM cell", (passes.lstm, passes.lstm_with_a_helper),
        published.lstm, 48, "Greff et al. 2017, III.B", _LSTM),
)  # fmt: skip
