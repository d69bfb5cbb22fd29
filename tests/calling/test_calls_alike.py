"""A compiled call like an earlier one is bound as that was, and never otherwise."""

from functools import partial

import numpy as np
import pytest

import derivo
import derivo.compiled
from derivo.errors import DerivoError
from derivo.run import compiler

pytestmark = pytest.mark.skipif(
    compiler.find_compiler() is None, reason="no C compiler"
)
RNG = np.random.default_rng(0)
X, Y = RNG.normal(size=(2, 4, 4))
G = RNG.normal(size=(4, 4))


@pytest.fixture(autouse=True)
def quick(monkeypatch):
    fast = partial(compiler.compiled, extra=("-O0",))
    monkeypatch.setattr(derivo.compiled, "compiled", fast)


def product(x, y):
    return np.tanh(x @ y) + x


# By position, by name in another order, with an adjoint, with one array for both.
CALLS = [
    ((X, Y), {}), ((Y, X), {}), ((X,), {"y": Y}), ((), {"y": Y, "x": X}),
    ((G, X, Y), {}), ((G, Y, X), {}), ((G, X), {"y": Y}), ((G,), {"x": X, "y": Y}),
    ((), {"upstream": G, "x": X, "y": Y}), ((X, X), {}), ((X, Y), {}), ((G, G, G), {}),
    ((X[:2, :2], Y[:2, :2]), {}), ((X.T, Y.T), {}), ((X[::-1, ::2], Y[:2, ::2]), {}),
    ((X.astype(np.float32), Y.astype(np.float32)), {}), ((X.astype(np.float32), Y), {}),
    ((X.tolist(), Y), {}),
]  # fmt: skip


def test_every_call_gives_what_the_derivation_gives():
    d = derivo.derive(product, x="N K", y="K K")
    fast = d.compile()
    for _ in range(2):
        for args, named in CALLS:
            tolerance = 1e-12 if np.asarray(args[-1:] or X).dtype == float else 1e-5
            found, gradients = fast.value_and_gradients(*args, **named)
            value, expected = d.value_and_gradients(*args, **named)
            assert found.dtype == value.dtype
            np.testing.assert_allclose(found, value, rtol=tolerance, atol=tolerance)
            for name in ("x", "y"):
                np.testing.assert_allclose(
                    gradients[name], expected[name], rtol=tolerance, atol=10 * tolerance
                )


def test_what_does_not_fit_is_refused_as_the_first_time():
    d = derivo.derive(product, x="N K", y="K K")
    fast = d.compile()
    fast.gradients(X, Y)
    fast(X, Y)
    for args, named in (
        ((X, Y[:3]), {}), ((X,), {}), ((X, Y, G, G), {}), ((X, Y), {"z": Y}),
        ((X, Y.astype(complex)), {}), ((G[:2], X, Y), {}),
    ):  # fmt: skip
        for call in (fast.gradients, fast):
            with pytest.raises(DerivoError):
                call(*args, **named)


def test_results_are_apart_from_each_other_and_from_later_ones():
    d = derivo.derive(product, x="N K", y="K K")
    fast = d.compile()
    value, gradients = fast.value_and_gradients(X, Y)
    kept = value.copy(), gradients["x"].copy()
    gradients["y"][:] = 7
    fast.value_and_gradients(Y, X)
    np.testing.assert_array_equal(value, kept[0])
    np.testing.assert_array_equal(gradients["x"], kept[1])
