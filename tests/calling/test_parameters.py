"""Parameters in named tuples, dataclasses and other objects, and nests of them."""

import dataclasses
import pickle
from dataclasses import dataclass
from types import SimpleNamespace
from typing import Any, Literal, NamedTuple

import numpy as np
import pytest

import derivo
from derivo.errors import UsageError

RNG = np.random.default_rng(1)
X, W, B = RNG.normal(size=(4, 3)), RNG.normal(size=(3, 2)), RNG.normal(size=2)


@dataclass
class Plain:
    w: Any
    b: Any


@dataclass(frozen=True, slots=True)
class Frozen:
    w: Any
    b: Any


class Named(NamedTuple):
    w: Any
    b: Any


@dataclass
class Settled:
    w: Any
    b: Any
    act: str = "tanh"
    kind: Literal["a", "b"] = "a"
    power: int = 2
    use_bias: bool = True


KINDS: list[Any] = [Plain, Frozen, Named, SimpleNamespace]


def affine(params, x):
    return np.tanh(x @ params.w + params.b)


def bare(source: str, name: str) -> tuple[Any, Any]:
    space: dict[str, Any] = {}
    exec(source, space)  # noqa: S102
    backward = space.get(f"{name}_gradient") or space[f"{name}_backward"]
    return space[name], backward


def expected(up):
    y = np.tanh(X @ W + B)
    d = up * (1 - y * y)
    return y, X.T @ d, d.sum(axis=0)


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("by_example", [False, True])
def test_an_object_goes_in_and_comes_back(kind, by_example):
    given = kind(w=W, b=B) if by_example else kind(w="L M", b="M")
    d = derivo.derive(affine, params=given, x="N 3" if by_example else "N L")
    up = RNG.normal(size=(4, 2))
    y, d_w, d_b = expected(up)
    params = kind(w=W, b=B)
    np.testing.assert_allclose(d(params, X), y)
    found = d.gradients(up, params=params, x=X)["params"]
    assert type(found) is kind
    np.testing.assert_allclose(found.w, d_w)
    np.testing.assert_allclose(found.b, d_b)

    assert "x @ params.w + params.b" in d.source
    forward, backward = bare(d.source, "affine")
    out, saved = forward(params, X)
    np.testing.assert_allclose(out, y)
    part = backward(saved, up)[0]
    np.testing.assert_allclose(part[0] if kind is Named else part["w"], d_w)
    assert d.check(trials=1).ok


def test_paths_name_a_part():
    layers = [Plain("L M", "M"), Plain("M K", "K")]

    def chain(layers, x):
        for layer in layers:
            x = affine(layer, x)
        return np.sum(x)

    d = derivo.derive(chain, layers=layers, x="N L", wrt="layers.1.w")
    arrays = [Plain(W, B), Plain(RNG.normal(size=(2, 5)), np.zeros(5))]
    whole = derivo.derive(chain, layers=layers, x="N L", wrt="layers")
    (only,) = d.gradients(arrays, X)["layers"]
    assert only.b is None
    both = whole.gradients(arrays, X)["layers"]
    np.testing.assert_allclose(only.w, both[1].w)
    assert whole.check(trials=1).ok


def test_equal_layers_stay_a_loop():
    def chain(layers, x):
        for layer in layers:
            x = np.tanh(x @ layer.w + layer.b)
        return x

    square, row = RNG.normal(size=(3, 3)), np.zeros(3)
    for kind in (Plain, Named):
        d = derivo.derive(chain, layers=[kind("L L", "L")] * 3, x="N L")
        assert "for layer in layers:" in d.source
        assert "layer.w" in d.source
        found = d.gradients([kind(square, row)] * 3, X)["layers"]
        assert [type(g) for g in found] == [kind] * 3
        assert d.check(trials=1).ok


def test_settings_inside_an_object():
    def f(params, x):
        y = x @ params.w + (params.b if params.use_bias else 0.0)
        y = np.tanh(y) if params.act == "tanh" else y
        return np.sum(y**params.power)

    d = derivo.derive(f, params=Settled(W, B, power=3), x="N 3")
    assert "params.power=3" in d.source
    params = Settled(W, B, power=3)
    np.testing.assert_allclose(d(params, X), f(params, X))
    assert d.gradients(params, X)["params"].power is None
    with pytest.raises(
        UsageError, match=r"params\.power=2: .* setting params\.power=3"
    ):
        d(Settled(W, B), X)
    with pytest.raises(UsageError, match=r"params\.act='relu'"):
        d(dataclasses.replace(params, act="relu"), X)


def test_settings_inside_a_dict():
    def f(params, x):
        y = (x @ params["w"]).reshape(x.shape[0], params["heads"], -1)
        return np.sum(y**2, axis=params["axis"]) * (2 if params["mode"] == "m" else 1)

    static = {"params.mode": "m"}
    given = {"w": "L 4", "heads": 2, "axis": None}
    d = derivo.derive(f, params=given, x="N L", static=static)
    w = RNG.normal(size=(3, 4))
    params = {"w": w, "heads": 2, "axis": None, "mode": "m"}
    np.testing.assert_allclose(d(params, X), f(params, X))
    np.testing.assert_allclose(d({"w": w}, X), f(params, X))
    assert set(d.gradients(params, X)["params"]) == {"w"}
    with pytest.raises(UsageError, match=r"params\.heads=4"):
        d({**params, "heads": 4}, X)


def test_a_dict_of_settings_alone_is_a_setting():
    d = derivo.derive(lambda x, c: x ** c["p"], x="N", c={"p": 2, "causal": True})
    assert d.wrt == ("x",)
    assert "def function(x):" in d.source
    np.testing.assert_array_equal(d(X[0], {"p": 2, "causal": True}), X[0] ** 2)


def test_an_object_that_is_the_result():
    def f(x):
        return Plain(np.tanh(x), {"twice": 2 * x, "pair": Named(x, x * x)})

    d = derivo.derive(f, x="N")
    one = np.ones(2)
    out = d(one)
    assert type(out) is Plain
    assert type(out.b["pair"]) is Named
    np.testing.assert_array_equal(out.b["twice"], 2 * one)
    forward, _ = bare(d.source, "f")
    assert set(forward(one)[0]) == {"w", "b"}
    no = np.zeros(2)
    up = Plain(no, {"twice": one, "pair": Named(no, one)})
    np.testing.assert_array_equal(d.gradients(up, x=one)["x"], 4 * one)
    assert d.check(trials=1).ok


def test_an_object_put_together_for_a_helper():
    def helper(x, p):
        y = np.tanh(x @ p.w + p.b)
        return y * y + np.sin(y)

    def f(params, x):
        first = helper(x, params)
        return first + helper(x, Plain(params.w * 2, params.b))

    d = derivo.derive(f, params=Plain("L M", "M"), x="N L", keep="helper")
    assert "def helper(x, p):" in d.source
    assert d.check(trials=1).ok
    forward, _ = bare(d.source, "f")
    np.testing.assert_allclose(forward(Plain(W, B), X)[0], f(Plain(W, B), X))


@pytest.mark.parametrize(
    ("params", "said"),
    [
        ({"w": W}, r"params\.b is missing"),
        (W, r"params is a ndarray, but was derived as a Plain"),
        (Plain(W, X), r"params\.b has the shape \(4, 3\)"),
        (None, r"params is a NoneType"),
    ],
    ids=str,
)
def test_another_form_is_refused(params, said):
    d = derivo.derive(affine, params=Plain("L M", "M"), x="N L")
    with pytest.raises(derivo.errors.DerivoError, match=said):
        d(params, X)


def test_lists_of_another_length_and_dicts_with_other_keys_are_refused():
    d = derivo.derive(lambda ws: ws[0] + ws[1], ws=["N", "N"])
    with pytest.raises(UsageError, match=r"has 3 parts.*2: the length of a list is"):
        d([B, B, B])
    d = derivo.derive(lambda p: p["a"] + p["b"], p={"a": "N", "b": "N"})
    with pytest.raises(UsageError, match=r"p\.b is missing; p\.c is not a part"):
        d({"a": B, "c": B})
    with pytest.raises(UsageError, match="cannot be told apart"):
        derivo.derive(lambda p: p["1"] + p[1], p={"1": "N", 1: "N"})


def test_a_derivation_with_objects_can_be_pickled():
    d = derivo.derive(affine, params=Frozen("L M", "M"), x="N L")
    again = pickle.loads(pickle.dumps(d))  # noqa: S301
    np.testing.assert_array_equal(again(Frozen(W, B), X), d(Frozen(W, B), X))


@pytest.mark.parametrize("kind", [Plain, Named, dict])
def test_a_hand_written_backward_pass_of_an_object(kind):
    def f(params, x, act):
        return act(x @ params.w + params.b) if kind is not dict else x @ params["w"]

    def backward(d_y, params, x, act):
        if kind is dict:
            return {"w": x.T @ d_y}, d_y @ params["w"].T
        assert act is np.tanh
        d = d_y * (1 - np.tanh(x @ params.w + params.b) ** 2)
        return kind(x.T @ d, d.sum(axis=0)), d @ params.w.T

    params = {"w": "L M"} if kind is dict else kind("L M", "M")
    report = derivo.check_backward(f, backward, params=params, x="N L", act=np.tanh)
    assert report.ok, report

    def wrong(d_y, params, x, act):
        good = backward(d_y, params, x, act)
        return good[0], 2 * good[1]

    report = derivo.check_backward(f, wrong, params=params, x="N L", act=np.tanh)
    assert [row.name for row in report.rows if row.verdict == "wrong"] == ["x"]


def test_a_list_keeps_its_places():
    def f(parts, x):
        return sum(np.sum(np.tanh(x @ w)) for w in parts if w is not None)

    d = derivo.derive(f, parts=["L L", None, "L L"], x="N L")
    square = RNG.normal(size=(3, 3))
    found = d.gradients([square, None, 2 * square], X)["parts"]
    assert found[1] is None
    double = d.gradients(2.0, parts=[square, None, 2 * square], x=X)["parts"]
    np.testing.assert_allclose(double[2], 2 * found[2])
    space: dict[str, Any] = {}
    exec(d.source, space)  # noqa: S102
    _, saved = space["f"]([square, None, 2 * square], X)
    scaled = space["f_backward"](saved, 2.0)[0]
    assert scaled[1] is None
    np.testing.assert_allclose(scaled[2], double[2])
    # A part that is asked for comes alone.
    part = derivo.derive(f, parts=["L L", None, "L L"], x="N L", wrt="parts.2")
    (only,) = part.gradients([square, None, 2 * square], X)["parts"]
    np.testing.assert_allclose(only, found[2])


@pytest.mark.parametrize("keys", [(0, 1, 2), ("0", "1", "2"), ("h.0", "h.1", "h.2")])
def test_a_dict_is_no_list(keys):
    def f(parts, x):
        for key in keys:
            x = np.tanh(x @ parts[key] + np.sin(x))
        return x

    parts = dict.fromkeys(keys, "L L")
    d = derivo.derive(f, parts=parts, x="N L")
    assert d.check(trials=1).ok
    assert set(d.gradients(dict.fromkeys(keys, np.eye(3)), X)["parts"]) == set(keys)


def test_a_list_with_a_hole_is_no_loop():
    def f(parts, x):
        for w in parts[:3]:
            x = np.tanh(x @ w + np.sin(x))
        return x

    d = derivo.derive(f, parts=["L L", "L L", "L L", 7], x="N L")
    assert d.check(trials=1).ok


def test_arguments_without_a_name_of_their_own():
    def f(x, *factors, shift=1.0):
        for factor in factors:
            x = x * factor
        return x + shift

    d = derivo.derive(f, x="N", factors=("N", "N"))
    a, b, c = RNG.normal(size=(3, 5))
    for found in (d(a, b, c), d(a, (b, c)), d(x=a, factors=(b, c))):
        np.testing.assert_allclose(found, a * b * c + 1)
    np.testing.assert_allclose(d.gradients(a, b, c)["factors"][1], a * b)
    up = np.full(5, 2.0)
    for gradients in (d.gradients(up, a, b, c), d.gradients(a, b, c, upstream=up)):
        np.testing.assert_allclose(gradients["x"], 2 * b * c)
    assert d.check(trials=1).ok
    with pytest.raises(UsageError, match=r"factors=\('N', 'N'\)"):
        derivo.derive(f, x="N", factors="N")


@pytest.mark.parametrize("kind", [Plain, Frozen, Named, SimpleNamespace])
def test_derivatives_in_one_line_take_objects(kind):
    params = kind(w=W, b=B)
    loss = lambda p, x: np.sum(affine(p, x) ** 2)
    value, gradient = derivo.value_and_grad(loss)(params, X)
    d = derivo.derive(loss, p=params, x=X)
    np.testing.assert_allclose(value, loss(params, X))
    np.testing.assert_allclose(gradient.w, d.gradients(params, X)["p"].w)
    assert type(gradient) is kind
    curved = derivo.hvp(loss)(params, X, kind(w=np.ones_like(W), b=np.zeros(2)))
    h = 1e-6
    ends = [derivo.grad(loss)(kind(w=W + s, b=B), X).b for s in (h, -h)]
    np.testing.assert_allclose(curved.b, (ends[0] - ends[1]) / (2 * h), rtol=1e-6)


def test_what_is_fixed_in_an_object_has_no_gradient():
    f = lambda p, x: np.sum((x @ p.w + p.b) ** p.power)
    gradient = derivo.grad(f)(Settled(W, B, power=3), X)
    assert (gradient.act, gradient.power, gradient.use_bias) == (None, None, None)
    np.testing.assert_allclose(gradient.b, np.sum(3 * (X @ W + B) ** 2, axis=0))
    with pytest.raises(UsageError, match="holds 3"):
        derivo.grad(lambda n: n * 2.0)(3)


def test_a_check_takes_arrays_as_the_function_does():
    d = derivo.derive(affine, params=Plain("L M", "M"), x="N L")
    assert d.check(trials=1, arrays={"params": Plain(W, B), "x": X}).ok
    assert d.check(trials=1, arrays={"params.w": W, "params.b": B, "x": X}).ok
    assert d.trace_nonfinite(params=Plain(W, B), x=X) is None
    assert "nan" in str(d.trace_nonfinite(params=Plain(W, B * np.nan), x=X))


def test_an_argument_that_hides_numpy_is_refused():
    with pytest.raises(UsageError, match=r"'np' is an argument.*rename"):
        derivo.derive(lambda np, b: (np * b).sum(), np="N", b="N")


EMPTY: list[tuple[Any, dict[str, str], tuple[Any, ...]]] = [
    (lambda x, w: np.sum(x @ w), {"x": "N L", "w": "L M"}, (np.ones((0, 3)), W)),
    (lambda x: np.sum(x**2) / (1 + x.size), {"x": "N"}, (np.ones(0),)),
    (lambda x, w: np.sum((x @ w) ** 2) / x.shape[1], {"x": "N L", "w": "L M"},
     (np.ones((0, 3)), W)),
    (lambda x, y: np.concatenate([x, y]), {"x": "N", "y": "M"}, (np.ones(0), B)),
    (lambda x: np.log(np.sum(np.exp(x), axis=1)), {"x": "N M"}, (np.ones((0, 3)),)),
]  # fmt: skip


@pytest.mark.parametrize(("function", "specs", "arrays"), EMPTY)
def test_an_empty_axis(function, specs, arrays):
    d = derivo.derive(function, **specs)
    np.testing.assert_array_equal(d(*arrays), function(*arrays))
    for name, array in zip(specs, arrays, strict=True):
        gradient = d.gradients(*arrays)[name]
        assert np.shape(gradient) == np.shape(array)
        expected = 1.0 if (name, len(specs)) == ("y", 2) else 0.0
        np.testing.assert_array_equal(gradient, np.full(np.shape(array), expected))


@pytest.mark.filterwarnings("ignore:.*:RuntimeWarning")
def test_the_mean_of_nothing_has_a_gradient():
    d = derivo.derive(lambda x, w: np.mean((x @ w) ** 2), x="N L", w="L")
    value, gradients = d.value_and_gradients(np.ones((0, 3)), np.ones(3))
    assert np.isnan(value)
    assert gradients["x"].shape == (0, 3)
    assert gradients["w"].shape == (3,)
