"""What can be derived: functions, methods, partials, and what they close over."""

import functools
from typing import Any

import numpy as np

import derivo

X = np.linspace(-1, 1, 6).reshape(2, 3)
W = np.linspace(1, 2, 12).reshape(3, 4)
SCALE = 3.0
TABLE = np.array([0.5, 1.0, 2.0])


def agree(function, d, **arrays):
    np.testing.assert_allclose(d(**arrays), function(**arrays), rtol=1e-14)


def test_a_lambda():
    f = lambda x: np.tanh(x) * 2
    d = derivo.derive(f, x="N M")
    agree(f, d, x=X)
    assert d.name == "function"


def test_a_default_that_is_a_number_is_a_constant():
    def f(x, gain=2.5):
        return x * gain

    d = derivo.derive(f, x="N M")
    agree(f, d, x=X)
    assert "2.5" in d.source
    assert d.wrt == ("x",)


def test_a_default_can_be_given_a_shape():
    def f(x, gain=2.5):
        return x * gain

    d = derivo.derive(f, x="N M", gain="")
    assert d.wrt == ("x", "gain")
    np.testing.assert_allclose(d.gradients(x=X, gain=2.0)["gain"], X.sum(), atol=1e-15)


def test_a_default_that_is_no_array_goes_through():
    def f(x, mode="double", weights=None, axes=(0,)):
        y = x * 2 if mode == "double" else x
        return np.sum(y if weights is None else y * weights, axis=axes)

    agree(f, derivo.derive(f, x="N M"), x=X)


def test_an_argument_in_the_middle_can_keep_its_default():
    def f(x, power=2, w=None):
        return (x**power) @ w

    agree(f, derivo.derive(f, x="N L", w="L M"), x=X, w=W)


def test_keyword_only_arguments():
    def f(x, *, w, bias=1.0):
        return x @ w + bias

    agree(f, derivo.derive(f, x="N L", w="L M"), x=X, w=W)


def test_the_order_of_the_specs_does_not_matter():
    def f(x, w):
        return x @ w

    d = derivo.derive(f, w="L M", x="N L")
    agree(f, d, x=X, w=W)
    assert "def f(x, w):" in d.source
    assert d.wrt == ("x", "w")


def test_a_number_of_the_module():
    def f(x):
        return x * SCALE

    agree(f, derivo.derive(f, x="N M"), x=X)


def test_an_array_of_the_module_is_written_into_the_source():
    def f(x):
        return x * TABLE

    d = derivo.derive(f, x="N 3")
    agree(f, d, x=X)
    scope: dict[str, Any] = {}
    exec(d.source, scope)  # noqa: S102
    np.testing.assert_allclose(scope["f"](X)[0], X * TABLE)


def test_a_closure_over_an_array():
    weights = np.linspace(0, 1, 12).reshape(3, 4)

    def f(x):
        return np.tanh(x @ weights)

    agree(f, derivo.derive(f, x="N 3"), x=X)


def test_a_large_array_closed_over_survives_to_the_last_bit():
    weights = np.random.default_rng(0).normal(size=(3, 400))

    def f(x):
        return x @ weights

    np.testing.assert_array_equal(derivo.derive(f, x="N 3")(x=X), f(X))


def test_an_array_closed_over_is_copied():
    weights = np.ones(3)

    def f(x):
        return x * weights

    d = derivo.derive(f, x="N 3")
    weights[:] = 7
    np.testing.assert_array_equal(d(x=X), X)


def test_a_float64_constant_does_not_widen_float32():
    def f(x):
        return x * TABLE + np.float64(2)

    d = derivo.derive(f, x="N 3")
    assert d(x=X.astype(np.float32)).dtype == np.float32


def test_a_helper_function_and_a_nested_function():
    def helper(u, slope=0.1):
        return np.where(u > 0, u, slope * u)

    def f(x):
        def inner(v):
            return helper(v) + helper(v, slope=0.5)

        return inner(x) * 2

    agree(f, derivo.derive(f, x="N M"), x=X)


def test_a_partial_of_an_argument_that_is_an_array():
    def f(x, w):
        return x @ w

    g = functools.partial(f, w=W)
    d = derivo.derive(g, x="N 3")
    np.testing.assert_allclose(d(x=X), X @ W)
    assert d.wrt == ("x",)
    assert d.name == "f"


def test_a_partial_of_a_positional_argument():
    def f(scale, x):
        return scale * x

    d = derivo.derive(functools.partial(f, 3.0), x="N M")
    np.testing.assert_allclose(d(x=X), 3 * X)


class Affine:
    def __init__(self):
        self.w = W

    def __call__(self, x):
        y = x @ self.w
        return y

    def forward(self, x, b):
        n = self(x) + b
        return n

    @staticmethod
    def double(x):
        return 2 * x

    @classmethod
    def triple(cls, x):
        return 3 * x


def test_an_object_that_can_be_called():
    d = derivo.derive(Affine(), x="N 3")
    np.testing.assert_allclose(d(x=X), X @ W)
    assert d.name == "affine"
    assert "y" in d.graph.names.values()


def test_a_bound_method():
    d = derivo.derive(Affine().forward, x="N 3", b="4")
    np.testing.assert_allclose(d(x=X, b=np.ones(4)), X @ W + 1)
    assert d.name == "affine"
    assert "n" in d.graph.names.values()


def test_static_and_class_methods():
    np.testing.assert_allclose(derivo.derive(Affine.double, x="N M")(x=X), 2 * X)
    np.testing.assert_allclose(derivo.derive(Affine.triple, x="N M")(x=X), 3 * X)


def test_a_decorated_function():
    def shout(function):
        @functools.wraps(function)
        def wrapper(*args, **options):
            return function(*args, **options) + 1

        return wrapper

    @shout
    def f(x):
        return x * 2

    d = derivo.derive(f, x="N M")
    np.testing.assert_allclose(d(x=X), 2 * X + 1)


def test_a_numpy_function_itself():
    d = derivo.derive(np.tanh, x="N M")
    np.testing.assert_allclose(d(x=X), np.tanh(X))


def test_names_imported_from_numpy_and_math_are_understood():
    scope: dict[str, Any] = {}
    exec(  # noqa: S102
        "from numpy import zeros, exp\nfrom math import sqrt\n"
        "def f(x):\n    return exp(x) / sqrt(x.shape[0]) + zeros(x.shape)\n",
        scope,
    )
    d = derivo.derive(scope["f"], x="N M")
    np.testing.assert_allclose(d(x=X), np.exp(X) / np.sqrt(2))


def test_the_users_function_still_works_on_arrays_afterwards():
    def f(x):
        return np.zeros((x.shape[0], 2)) + x[:, :2]

    before = f(X)
    derivo.derive(f, x="N 3")
    np.testing.assert_array_equal(f(X), before)
