"""Odd values in every place of every call: an answer, or an error in derivo's words."""

from __future__ import annotations

import datetime as dt
from fractions import Fraction
from typing import Any

import numpy as np
import pytest

import derivo
from derivo.errors import DerivoError

X, M = np.ones(3), np.ones((2, 3))
ODD: dict[str, Any] = {
    "None": None, "number": 3, "tuple": (3, 4), "dict": {"a": 3}, "class": float,
    "ragged": [[1, 2], [3]], "set": {1, 2}, "object": object(), "bytes": b"N",
    "texts": np.array(["a"]), "complex": np.array([1 + 1j]),
    "fraction": Fraction(1, 2), "date": dt.date(2020, 1, 1), "module": np,
    "range": range(3), "function": lambda: 1, "empty": [], "bool": np.True_,
    "structured": np.array([(1, 2.0)], dtype=[("a", int), ("b", float)]),
    "generator": (i for i in [1]), "type": type, "ellipsis": ...,
}  # fmt: skip


def square(x):
    return np.sum(x * x)


def product(x, w):
    return x @ w


D = derivo.derive(square, x="N")
P = derivo.derive(product, x="N L", w="L M")
CALLS: dict[str, Any] = {
    "a spec": lambda v: derivo.derive(square, x=v),
    "an argument": lambda v: D(x=v),
    "an argument of gradients": lambda v: D.gradients(x=v),
    "the upstream": lambda v: P.gradients(v, x=M, w=M.T),
    "the upstream of a loss": lambda v: D.gradients(v, x=X),
    "wrt": lambda v: derivo.derive(square, x="N", wrt=v),
    "assume": lambda v: derivo.derive(square, x="N", assume=v),
    "keep": lambda v: derivo.derive(square, x="N", keep=v),
    "inline": lambda v: derivo.derive(square, x="N", inline=v),
    "static": lambda v: derivo.derive(square, x="N", static=v),
    "the function": lambda v: derivo.derive(v, x="N"),
    "a result": lambda v: derivo.derive(lambda x: (np.sum(x), v), x="N"),
    "an operand": lambda v: derivo.derive(lambda x: np.sum(x + v), x="N"),
    "an axis": lambda v: derivo.derive(lambda x: np.sum(x, axis=v), x="N M"),
    "what is written": lambda v: derivo.derive(
        lambda x: (y := x * 1, y.__setitem__(0, v))[0], x="3"),
    "the start of a scan": lambda v: derivo.derive(
        lambda x: derivo.scan(lambda c, a: (c + a, c), v, x)[0], x="3"),
    "order": lambda v: D.check(order=v, trials=1),
    "arrays of a check": lambda v: D.check(arrays={"x": v}, trials=1, order=1),
    "sizes of a check": lambda v: D.check(sizes={"N": v}, trials=1, order=1),
    "a level": lambda v: D.explain(v),
    "a language": lambda v: D.explain("graph", language=v),
    "an engine": lambda v: D.compile(v),
    "a type": lambda v: D.compile(dtype=v),
    "a path": lambda v: derivo.load(v),
    "a shape": lambda v: derivo.Spec(v),
    "a kind": lambda v: derivo.Spec("N", v),
    "a forward pass": lambda v: derivo.check_backward(v, lambda x: 2 * x, x="N"),
    "a backward pass": lambda v: derivo.check_backward(square, v, x="N"),
    "what a backward pass gives": lambda v: derivo.check_backward(
        square, lambda x: v, x="N", trials=1),
    "what is checked": lambda v: derivo.gradcheck(
        square, lambda x: (3.0, v), x="N", trials=1),
    "the function of a rule": lambda v: derivo.rule(v, backward=lambda g, x: g),
    "the backward pass of a rule": lambda v: derivo.rule(square, backward=v),
    "argnums": lambda v: derivo.grad(square, argnums=v)(X),
    "the point of a gradient": lambda v: derivo.grad(square)(v),
    "what is differentiated": lambda v: derivo.grad(v)(X),
    "what has a Jacobian": lambda v: derivo.jacobian(lambda x: v)(X),
    "a direction": lambda v: derivo.jvp(square, (X,), (v,)),
    "an adjoint": lambda v: derivo.vjp(square, X)[1](v),
    "a direction of a Hessian": lambda v: derivo.hvp(square)(X, v),
    "an optimizer": lambda v: derivo.training_step(
        lambda w, x: np.mean((x @ w) ** 2), params={"w": M.T}, x="N 3", optimizer=v),
    "inputs of a network": lambda v: derivo.Network(
        derivo.layers.Dense(1), loss="mse").fit(v, X[:, None], verbose=0, epochs=1),
    "batch_size": lambda v: derivo.Network(derivo.layers.Dense(1), loss="mse").fit(
        M, M[:, :1], verbose=0, epochs=1, batch_size=v),
}  # fmt: skip


@pytest.mark.parametrize("place", CALLS)
@pytest.mark.filterwarnings("ignore")
def test_no_error_comes_from_within(place: str) -> None:
    for name, value in ODD.items():
        said = "an answer"
        try:
            CALLS[place](value)
        except DerivoError as error:
            said = str(error).strip()
        except Exception as error:  # noqa: BLE001  that is what is looked for
            pytest.fail(f"{name} as {place}: {type(error).__name__}: {error}")
        assert said, f"{name} as {place}: an error that says nothing"
