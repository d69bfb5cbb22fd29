"""Derivatives in one line: values by hand and by differences, signatures as in JAX."""

from __future__ import annotations

import copy
import pickle
import re
from collections import OrderedDict, namedtuple
from dataclasses import dataclass
from functools import partial
from typing import Any

import numpy as np
import pytest

import derivo
from derivo.errors import TraceError, UsageError
from derivo.transforms.held import Held

X = np.array([0.3, -1.2, 2.1])
A = np.array([[2.0, 0.5, 0.0], [0.5, 1.0, -0.3], [0.0, -0.3, 3.0]])


def stored(thing):
    return pickle.loads(pickle.dumps(thing))  # noqa: S301  what was just made


def rosenbrock(x):
    return np.sum(100 * (x[1:] - x[:-1] ** 2) ** 2 + (1 - x[:-1]) ** 2)


def by_differences(f: Any, x: Any, h: float = 1e-5) -> Any:
    """Give the derivative of an array for every number of x, by central differences."""
    columns = []
    for at in np.ndindex(np.shape(x)):
        step = np.zeros(np.shape(x))
        step[at] = h
        columns.append((np.asarray(f(x + step)) - np.asarray(f(x - step))) / (2 * h))
    whole = np.stack(columns, axis=-1)
    return whole.reshape(*np.shape(f(x)), *np.shape(x))


def test_grad_and_value_and_grad() -> None:
    expected = by_differences(rosenbrock, X)
    np.testing.assert_allclose(derivo.grad(rosenbrock)(X), expected, rtol=1e-7)
    value, gradient = derivo.value_and_grad(rosenbrock)(X)
    assert value == rosenbrock(X)
    np.testing.assert_allclose(gradient, expected, rtol=1e-7)
    assert derivo.grad(lambda t: t**3)(2.0) == 12


def test_a_signature_as_in_jax() -> None:
    def f(w, x, *, scale=1.0):
        return np.sum((x @ w) ** 2) * scale, {"sum": x.sum(), "name": "f"}

    w, x = A[:, :2], A
    both = derivo.value_and_grad(f, argnums=(0, 1), has_aux=True)
    (value, aux), (d_w, d_x) = both(w, x, scale=2.0)
    assert value == f(w, x, scale=2.0)[0]
    assert aux == {"sum": x.sum(), "name": "f"}
    np.testing.assert_allclose(d_w, 4 * x.T @ x @ w)
    np.testing.assert_allclose(d_x, 4 * x @ w @ w.T)
    gradient, aux = derivo.grad(f, argnums=-1, has_aux=True)(w, x)
    np.testing.assert_allclose(gradient, 2 * x @ w @ w.T)
    assert aux["name"] == "f"


Pair = namedtuple("Pair", "w b")


@dataclass
class Layer:
    w: Any
    b: Any


@pytest.mark.parametrize("make", [
    lambda w, b: {"w": w, "b": b}, lambda w, b: [w, b], Pair, Layer,
    lambda w, b: {"in": (w, [b])},
], ids=["dict", "list", "named tuple", "dataclass", "nest"])  # fmt: skip
def test_gradients_have_the_form_of_the_argument(make: Any) -> None:
    def parts(p: Any) -> Any:
        if isinstance(p, dict):
            return (p["w"], p["b"]) if "w" in p else (p["in"][0], p["in"][1][0])
        return (p.w, p.b) if hasattr(p, "w") else p

    def f(p, x):
        w, b = parts(p)
        return np.sum(np.tanh(x @ w + b))

    given = make(A, X)
    gradient = derivo.grad(f)(given, A)
    assert type(gradient) is type(given)
    d_w, d_b = parts(gradient)
    slope = 1 - np.tanh(A @ A + X) ** 2
    np.testing.assert_allclose(d_w, A.T @ slope)
    np.testing.assert_allclose(d_b, slope.sum(axis=0))


def test_jacobian_of_arrays_and_nests() -> None:
    def f(x):
        return {"outer": np.outer(x, x), "sum": x.sum()}

    whole = derivo.jacobian(f)(X)
    np.testing.assert_allclose(
        whole["outer"], by_differences(lambda x: np.outer(x, x), X), atol=1e-9
    )
    np.testing.assert_allclose(whole["sum"], np.ones(3))
    d_a, d_x = derivo.jacobian(lambda a, x: a @ x, argnums=(0, 1))(A, X)
    assert d_a.shape == (3, 3, 3)
    np.testing.assert_allclose(d_x, A)
    jac, aux = derivo.jacobian(lambda x: (x**2, x[0]), has_aux=True)(X)
    np.testing.assert_allclose(jac, np.diag(2 * X))
    assert aux == X[0]
    assert derivo.jacobian(lambda t: t * X)(2.0).shape == (3,)


def test_hessian() -> None:
    expected = by_differences(derivo.grad(rosenbrock), X)
    np.testing.assert_allclose(derivo.hessian(rosenbrock)(X), expected, atol=1e-5)
    np.testing.assert_allclose(derivo.hessian(lambda x: x @ A @ x / 2)(X), A)
    blocks = derivo.hessian(lambda p: np.sum(p["a"] * p["b"] ** 2))({"a": X, "b": X})
    np.testing.assert_allclose(blocks["a"]["b"], np.diag(2 * X))
    np.testing.assert_allclose(blocks["b"]["b"], np.diag(2 * X))
    np.testing.assert_array_equal(blocks["a"]["a"], np.zeros((3, 3)))
    assert derivo.hessian(np.sin)(0.3) == pytest.approx(-np.sin(0.3))


def test_hvp() -> None:
    v = np.array([1.0, -2.0, 0.5])
    expected = derivo.hessian(rosenbrock)(X) @ v
    np.testing.assert_allclose(derivo.hvp(rosenbrock)(X, v), expected, rtol=1e-12)

    def f(p, x):
        return np.sum(np.exp(x @ p["w"]))

    got = derivo.hvp(f)({"w": X}, A, {"w": v})
    np.testing.assert_allclose(got["w"], A.T @ (np.exp(A @ X) * (A @ v)))


def test_jvp_and_vjp() -> None:
    v = np.array([1.0, -2.0, 0.5])
    value, tangent = derivo.jvp(lambda x: np.tanh(A @ x), (X,), (v,))
    np.testing.assert_allclose(value, np.tanh(A @ X))
    np.testing.assert_allclose(tangent, (1 - np.tanh(A @ X) ** 2) * (A @ v))
    value, tangent = derivo.jvp(lambda a, x: np.sum(a @ x), (A, X), (A, v))
    assert tangent == pytest.approx(np.sum(A @ X + A @ v))
    value, pull = derivo.vjp(lambda a, x: a @ x, A, X)
    d_a, d_x = pull(v)
    np.testing.assert_allclose(d_a, np.outer(v, X))
    np.testing.assert_allclose(d_x, A.T @ v)


def test_they_nest_and_close_over_what_is_traced() -> None:
    third = derivo.grad(derivo.grad(derivo.grad(np.sin)))
    assert third(0.3) == pytest.approx(-np.cos(0.3))
    # d/dx x * d/dy (x * y) = 2 x: the inner derivative is for y alone.
    nested = derivo.grad(lambda x: x * derivo.grad(lambda y: x * y)(x))
    assert nested(3.0) == 6
    added = derivo.grad(lambda x: x * derivo.grad(lambda y: x + y)(1.0))
    assert added(1.0) == 1
    penalty = derivo.grad(lambda x: np.sum(derivo.grad(rosenbrock)(x) ** 2))
    expected = by_differences(lambda x: np.sum(derivo.grad(rosenbrock)(x) ** 2), X)
    np.testing.assert_allclose(penalty(X), expected, rtol=1e-6)


def test_a_derivative_inside_a_function_that_is_derived() -> None:
    d = derivo.derive(lambda x: derivo.grad(lambda y: np.sum(np.tanh(y)))(x), x="N")
    np.testing.assert_allclose(d(x=X), 1 - np.tanh(X) ** 2)
    assert "derivo" not in d.source
    np.testing.assert_allclose(
        d.gradients(x=X)["x"], -2 * np.tanh(X) * (1 - np.tanh(X) ** 2)
    )


def test_other_shapes_and_types_are_traced_again() -> None:
    calls = []

    def f(x):
        calls.append(x.shape)
        return np.sum(x**2)

    g = derivo.grad(f)
    for _ in range(3):
        g(X)
    assert len(calls) == 1
    assert g(A).shape == (3, 3)
    assert len(calls) == 2
    assert g(X.astype(np.float32)).dtype == np.float32
    assert len(calls) == 2


def test_what_is_no_number_is_fixed() -> None:
    def f(x, n, how, act):
        y = act(x) ** n
        return np.sum(y) if how == "sum" else np.mean(y)

    g = derivo.grad(f)
    np.testing.assert_allclose(
        g(X, 2, "sum", np.tanh), 2 * np.tanh(X) * (1 - np.tanh(X) ** 2)
    )
    np.testing.assert_allclose(g(X, 3, "mean", lambda v: v), X**2)


def test_stable_where_the_function_is_rewritten() -> None:
    def f(z):
        p = np.exp(z) / np.sum(np.exp(z))
        return -np.log(p[0])

    z = np.array([1000.0, 0.0])
    gradient = derivo.grad(f)(z)
    np.testing.assert_allclose(gradient, [0, 0], atol=1e-12)
    assert np.all(np.isfinite(derivo.hessian(f)(z)))


def test_a_scan_is_differentiated_twice() -> None:
    def f(h):
        last, _ = derivo.scan(lambda h, x: (np.tanh(h * x), None), h, X)
        return np.sum(last)

    h = np.array([0.5, 0.2])
    expected = by_differences(derivo.grad(f), h)
    np.testing.assert_allclose(derivo.hessian(f)(h), expected, atol=1e-8)


@pytest.mark.parametrize(
    ("call", "words"),
    [
        (lambda: derivo.grad(lambda x: x**2)(X), "use jacobian"),
        (lambda: derivo.grad(lambda x: (x[0], x[1]))(X), "several results"),
        (lambda: derivo.grad(lambda x: x**2)(3), "1.0 for 1"),
        (lambda: derivo.grad(lambda x: np.sum(x))(np.arange(3)), "whole numbers"),
        (lambda: derivo.grad(lambda x: x, argnums=1)(1.0), "argnums=1"),
        (lambda: derivo.grad(lambda x: x, has_aux=True)(1.0), "has_aux"),
        (lambda: derivo.grad(3), "a function is needed"),  # type: ignore[arg-type]
    ],
    ids=["array", "several", "whole", "integers", "argnums", "aux", "no function"],
)  # fmt: skip
def test_bad_calls(call: Any, words: str) -> None:
    with pytest.raises(UsageError, match=words):
        call()


def test_import_derivo_stays_light() -> None:
    assert derivo.grad.__module__ == "derivo.transforms"


def test_a_long_array_that_is_closed_over_is_read_by_every_derivative() -> None:
    table = np.linspace(-1, 1, 240).reshape(12, 20)
    weights = np.cos(np.arange(100.0)).reshape(5, 20)

    def f(x):
        return np.sum(np.tanh(x @ table) * weights)

    x, v = np.cos(np.arange(120.0)).reshape(2, 5, 12) / 3
    y = np.tanh(x @ table)
    slope = 1 - y**2
    np.testing.assert_allclose(derivo.grad(f)(x), (weights * slope) @ table.T)
    second = weights * -2 * y * slope * (v @ table)
    np.testing.assert_allclose(derivo.hvp(f)(x, v), second @ table.T)


@pytest.mark.parametrize("order", [1.5, 3, 4])
def test_the_second_derivative_of_a_norm_of_any_order(order):
    def f(x):
        return np.linalg.norm(x, order) * 0.7

    v = np.array([0.4, 1.0, -0.3])
    ahead, behind = (derivo.grad(f)(X + h * v) for h in (1e-6, -1e-6))
    np.testing.assert_allclose(
        derivo.hvp(f)(X, v), (ahead - behind) / 2e-6, rtol=1e-7, atol=1e-8
    )


SCALE = [2.0]


class Model:
    def __init__(self):
        self.w, self.rate, self.losses = X.copy(), {"decay": 1.0}, [0.0]

    @property
    def decay(self):
        return self.rate["decay"]

    def product(self, x):
        return x * self.w

    def loss(self, x):
        return np.sum(self.product(x) ** 2) * self.decay


def scaled(x):
    return x * SCALE[0]


def held_elsewhere() -> Any:
    """Give functions, what each reads beside its argument, and how that changes."""
    w, cell, model = np.ones(3), {"k": 1.0}, Model()

    def closed_over(x):
        return np.sum(x**2 * w) * cell["k"]

    return {
        "array": (closed_over, lambda: w.__setitem__(0, 5.0)),
        "dict": (closed_over, lambda: cell.update(k=3.0)),
        "partial": (partial(lambda x, c: np.sum(x**2) * c["k"], c=cell),
                    lambda: cell.update(k=4.0)),
        "global": (lambda x: np.sum(scaled(x) ** 2), lambda: SCALE.__setitem__(0, 4.0)),
        "attribute": (model.loss, lambda: setattr(model, "w", 2 * X)),
        "attribute in place": (model.loss, lambda: model.w.__imul__(3)),
        "property": (model.loss, lambda: model.rate.update(decay=0.5)),
    }  # fmt: skip


@pytest.mark.parametrize("kind", held_elsewhere())
def test_a_change_of_what_a_function_reads_is_seen(kind: str) -> None:
    f, change = held_elsewhere()[kind]
    wrapped = derivo.grad(f)
    twice = derivo.hessian(f)
    before = wrapped(X)
    np.testing.assert_allclose(before, by_differences(f, X), rtol=1e-7, atol=1e-9)
    twice(X)
    change()
    after = wrapped(X)
    assert not np.allclose(before, after)
    np.testing.assert_allclose(after, by_differences(f, X), rtol=1e-7, atol=1e-9)
    np.testing.assert_allclose(np.diag(twice(X)) * X, after)


def test_what_a_function_does_not_read_may_change() -> None:
    model = Model()
    before = Held(model.loss)
    model.losses.append(1.0)
    assert Held(model.loss).slots == before.slots
    model.w[0] = 7
    assert Held(model.loss).changed(before) == {(id(model), "w")}


def odd(x):
    return np.sum(x**2) * len(str(x))


DERIVATIVES: dict[str, Any] = {
    "grad": lambda **o: derivo.grad(odd, **o)(X),
    "hessian": lambda **o: derivo.hessian(odd, **o)(X),
    "hvp": lambda **o: derivo.hvp(odd, **o)(X, X),
    "jvp": lambda **o: derivo.jvp(odd, (X,), (X,), **o),
    "vjp": lambda **o: derivo.vjp(odd, X, **o),
}


@pytest.mark.parametrize("name", DERIVATIVES)
def test_another_function_is_an_error(name: str) -> None:
    with pytest.raises(TraceError, match=r"what was derived is not odd"):
        DERIVATIVES[name]()
    DERIVATIVES[name](verify=False)


def square(x):
    return np.sum(x**2)


def test_they_go_into_pickles_and_other_processes() -> None:
    for make in (derivo.grad, derivo.value_and_grad, derivo.hessian, derivo.jacobian):
        derivative = make(square)
        expected = derivative(X)
        for again in (copy.deepcopy(derivative), stored(derivative)):
            np.testing.assert_array_equal(again(X)[0], expected[0])
    np.testing.assert_array_equal(stored(derivo.hvp(square))(X, X), 2 * X)
    assert repr(derivo.grad(square)) == "<grad of square>"


def test_arguments_by_name_and_classes_of_dicts() -> None:
    def f(x, w):
        return np.sum(x["a"] * w**2)

    given = OrderedDict(a=X)
    gradient = derivo.grad(f, argnums=(0, 1))(x=given, w=X)
    assert type(gradient[0]) is OrderedDict
    np.testing.assert_allclose(gradient[1], 2 * X * X)
    d = derivo.derive(derivo.grad(rosenbrock), x="3")
    np.testing.assert_allclose(d(x=X), derivo.grad(rosenbrock)(X))


def test_jvp_with_something_beside() -> None:
    value, slope, aux = derivo.jvp(lambda x: (x**2, 2 * x), (X,), (X,), has_aux=True)
    np.testing.assert_allclose(value, X * X)
    np.testing.assert_allclose(slope, 2 * X * X)
    np.testing.assert_allclose(aux, 2 * X)


MORE_BAD_CALLS: list[tuple[str, Any]] = [
    ("the form of the argument", lambda: derivo.jvp(square, (X,), (X, X))),
    (r"0: \(3,\)", lambda: derivo.jvp(square, (X,), (X[:2],))),
    ("to be a tuple", lambda: derivo.jvp(square, X, X)),  # type: ignore[arg-type]
    (r"shape \(2,\)", lambda: derivo.vjp(np.tanh, X)[1](X[:2])),
    ("a nest", lambda: derivo.vjp(np.tanh, X)[1]((X, X))),
    (r"it is an array of shape \(2,\)", lambda: derivo.hvp(square)(X, X[:2])),
    ("one argument", lambda: derivo.hvp(square, argnums=-1)(X, X)),
    *((re.escape(f"argnums={bad!r}"), lambda bad=bad: derivo.grad(square, bad)(X))
      for bad in ("x", None, 1.5, (0, "x"), (0, 0), 3)),
]  # fmt: skip


@pytest.mark.parametrize(
    ("words", "call"), MORE_BAD_CALLS, ids=range(len(MORE_BAD_CALLS))
)
def test_more_bad_calls(words: str, call: Any) -> None:
    with pytest.raises(UsageError, match=words):
        call()
