"""Methods: derived for the attributes of their object, which is left as it was."""

import copy
import functools
import pickle
from dataclasses import dataclass
from typing import Any

import numpy as np
import pytest

import derivo
from derivo.errors import UsageError

RNG = np.random.default_rng(4)
X = RNG.normal(size=(4, 3))


class Layer:
    def __init__(self, rows, columns):
        self.W, self.b = RNG.normal(size=(rows, columns)), RNG.normal(size=columns)
        self.seen = None

    def forward(self, x):
        self.seen = x
        return np.tanh(x @ self.W + self.b)


class Net:
    def __init__(self):
        self.W, self.b = RNG.normal(size=(3, 2)), RNG.normal(size=2)
        self.params = {"W1": RNG.normal(size=(3, 2)), "b1": RNG.normal(size=2)}
        self.layers = [Layer(3, 3), Layer(3, 3), Layer(3, 2)]
        self.hidden = 2

    def loss(self, x):
        return np.sum(np.tanh(x @ self.W + self.b) ** 2)

    def scores(self, x, scale=1.0):
        return scale * (x @ self.params["W1"] + self.params["b1"])

    def deep(self, x):
        for layer in self.layers:
            x = layer.forward(x)
        return x

    def __call__(self, x):
        return x @ self.W


@dataclass(frozen=True)
class Frozen:
    w: Any

    def energy(self, x):
        return np.sum((x @ self.w) ** 2)


class Slotted:
    __slots__ = ("w",)

    def __init__(self, w):
        self.w = w

    def energy(self, x):
        return np.sum((x @ self.w) ** 2)


def slopes(net, holder, name, method, up=1.0):
    """Give central differences for an attribute."""
    array = holder[name] if isinstance(holder, dict) else getattr(holder, name)
    gradient = np.zeros(array.shape)
    for at in np.ndindex(array.shape):
        kept, ends = array[at], []
        for h in (1e-6, -1e-6):
            array[at] = kept + h
            ends.append(np.sum(up * getattr(net, method)(X)))
        array[at] = kept
        gradient[at] = (ends[0] - ends[1]) / 2e-6
    return gradient


def seen(thing: Any) -> Any:
    """Give everything that an object holds, by identity."""
    if isinstance(thing, list):
        return [seen(v) for v in thing]
    if isinstance(thing, dict):
        return {k: seen(v) for k, v in thing.items()}
    return seen(vars(thing)) if hasattr(thing, "__dict__") else id(thing)


@pytest.mark.parametrize(
    "asked", [("W", "b"), {"W": "L M", "b": "M"}, ["b", "W"]], ids=str
)
def test_attributes_are_arguments(asked):
    net = Net()
    before = seen(net)
    d = derivo.derive(net.loss, self=asked, x="N L" if isinstance(asked, dict) else X)
    assert seen(net) == before
    assert set(d.wrt) == {"W", "b", "x"}
    assert f"def loss({', '.join(asked)}, x):" in d.source
    np.testing.assert_allclose(d(X), net.loss(X))
    for found in (d.gradients(X), d.gradients(x=X), d.gradients(1.0, x=X)):
        np.testing.assert_allclose(found["W"], slopes(net, net, "W", "loss"), rtol=1e-7)
        np.testing.assert_allclose(found["b"], slopes(net, net, "b", "loss"), rtol=1e-7)
    assert d.check(trials=1).ok
    assert str(d.explain("matrix", x=X))


def test_a_name_stands_for_the_size_that_the_object_has():
    net = Net()
    d = derivo.derive(net.loss, self=("W", "b"), x="N L")
    assert "# For sizes with L = 3." in d.source
    np.testing.assert_allclose(d(X[:2]), net.loss(X[:2]))
    with pytest.raises(
        derivo.errors.ShapeError, match=r"\(N, 3\).*L = 3 .*x @ self\.W"
    ):
        d(np.ones((4, 5)))
    with pytest.raises(derivo.errors.ShapeError, match="L against 3"):
        derivo.derive(lambda x: x @ net.W, x="N L")  # no attribute of its own


def test_attributes_are_read_at_each_call():
    net = Net()
    d = derivo.derive(net.loss, self=("W", "b"), x="N 3")
    first, w = d(X), net.W
    net.W = net.W * 2
    np.testing.assert_allclose(d(X), net.loss(X))
    assert d(X) != first
    np.testing.assert_array_equal(d(X, W=w), first)
    net.W += 1
    np.testing.assert_allclose(d.value_and_gradients(X)[0], net.loss(X))


def test_a_step_of_gradient_descent():
    net = Net()
    d = derivo.derive(net.loss, self=("W", "b"), x="N 3", wrt=("W", "b"))
    before = net.loss(X)
    for _ in range(20):
        for name, gradient in d.gradients(X).items():
            setattr(net, name, getattr(net, name) - 0.05 * gradient)
    assert net.loss(X) < 0.8 * before


def test_a_dict_of_parameters_as_a_whole_and_in_part():
    net = Net()
    up = RNG.normal(size=(4, 2))
    whole = derivo.derive(net.scores, self="params", x="N 3")
    part = derivo.derive(net.scores, self="params.W1", x="N 3")
    expected = slopes(net, net.params, "W1", "scores", up)
    for d in (whole, part):
        assert 'params["W1"]' in d.source
        found = d.gradients(up, x=X)["params"]
        np.testing.assert_allclose(found["W1"], expected, rtol=1e-7)
        assert ("b1" in found) is (d is whole)
        assert d.check(trials=1).ok


def test_attributes_of_objects_in_a_list():
    net = Net()
    before = seen(net)
    d = derivo.derive(net.deep, self=("layers.*.W", "layers.2.b"), x="N 3")
    assert seen(net) == before
    up = RNG.normal(size=(4, 2))
    found = d.gradients(up, x=X)["layers"]
    for k, layer in enumerate(net.layers):
        expected = slopes(net, layer, "W", "deep", up)
        np.testing.assert_allclose(found[k].W, expected, rtol=1e-6, atol=1e-9)
    np.testing.assert_allclose(
        found[2].b, slopes(net, net.layers[2], "b", "deep", up), rtol=1e-7
    )
    assert not hasattr(found[0], "b")
    forward: dict[str, Any] = {}
    exec(d.source, forward)  # noqa: S102
    np.testing.assert_allclose(forward["deep"](net.layers, X)[0], net.deep(X))
    before = seen(net)
    assert d.check(trials=1).ok
    assert seen(net) == before


@pytest.mark.parametrize("kind", [Frozen, Slotted])
def test_objects_that_resist(kind):
    w = RNG.normal(size=(3, 2))
    thing = kind(w)
    d = derivo.derive(thing.energy, self="w", x="N 3")
    assert thing.w is w
    np.testing.assert_allclose(d.gradients(X)["w"], 2 * X.T @ X @ w)
    assert d.check(trials=1).ok


def test_an_attribute_of_the_class_stays_one():
    class Shared:
        w = np.ones((3, 2))

        def energy(self, x):
            return np.sum((x @ self.w) ** 2)

    thing = Shared()
    d = derivo.derive(thing.energy, self="w", x="N 3")
    assert "w" not in vars(thing)
    np.testing.assert_allclose(d(X), thing.energy(X))
    assert d.check(trials=1).ok
    assert "w" not in vars(thing)


def test_the_object_is_as_it_was_after_an_error():
    net = Net()
    before = seen(net)
    with pytest.raises(derivo.errors.ShapeError):
        derivo.derive(net, self={"W": "2 2"}, x="N 3")
    assert seen(net) == before


def test_an_object_that_is_called_and_a_partial():
    net = Net()
    d = derivo.derive(net, self="W", x="N 3")
    np.testing.assert_allclose(d(X), net(X))
    halved = functools.partial(net.scores, scale=0.5)
    d = derivo.derive(halved, self="params", x="N 3")
    np.testing.assert_allclose(d(X), halved(X))
    np.testing.assert_allclose(d(X, scale=0.5), halved(X))


def test_a_method_can_be_pickled():
    net = Net()
    d = derivo.derive(net.loss, self=("W", "b"), x="N 3")
    again = pickle.loads(pickle.dumps(d))  # noqa: S301
    np.testing.assert_array_equal(again(X), d(X))
    assert copy.deepcopy(d) is d


REFUSED: list[tuple[Any, dict[str, Any], str]] = [
    (Net().loss, {"self": "V"}, r"'V': a Net has no 'V'; it has W, b, params"),
    (Net().loss, {"self": 3}, r"self=3 is to name attributes"),
    (Net().loss, {"self": "hidden"}, r"'hidden' holds no array, but 2.*W, b"),
    (Net().deep, {"self": "layers"}, r"'layers' holds no array.*layers\.\*\.W"),
    (Net().loss, {"self": "layers.7.W"}, r"a list has no '7'"),
    (Net().loss, {"self": ("params", "params.W1")}, r"part of 'params'|'params' is a"),
    (Net().loss, {"self": "W", "W": "L M"}, r"'W' stands in self=, too"),
    (Net.loss, {"self": ("W", "b")}, r"self is an argument of Net\.loss.*net\.loss"),
    (np.tanh, {"self": "W"}, r"tanh is no method of an object"),
    (lambda x: x, {"self": "W"}, r"is no method of an object"),
]


@pytest.mark.parametrize(("function", "given", "said"), REFUSED)
def test_what_is_no_attribute_is_refused(function, given, said):
    with pytest.raises(UsageError, match=said):
        derivo.derive(function, x="N 3", **given)


def test_a_clash_of_names_is_refused():
    class Clash:
        x = np.ones(3)

        def f(self, x):
            return np.sum(self.x * x)

    with pytest.raises(UsageError, match=r"'x' is called like an argument.*rename"):
        derivo.derive(Clash().f, self="x", x="3")
