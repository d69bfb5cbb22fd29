"""What derivo gives can be pickled, copied, and sent to another process."""

import copy
import pickle
from concurrent.futures import ProcessPoolExecutor
from multiprocessing import get_context
from typing import Any

import numpy as np
import pytest

import derivo
from derivo.errors import UsageError

X, W = np.arange(6.0).reshape(2, 3) / 6, np.arange(6.0).reshape(3, 2) / 5


def stored(thing):
    return pickle.loads(pickle.dumps(thing))  # noqa: S301  what was just made


def layer(x, w):
    return np.tanh(x @ w)


def loss(z, t):
    e = np.exp(z - z.max(axis=1, keepdims=True))
    return -np.mean(np.sum(t * np.log(e / e.sum(axis=1, keepdims=True)), axis=1))


def cumulated(y, a):
    def step(c, now):
        c = np.sin(c * a + now)
        return c, c

    return derivo.scan(step, np.zeros(()), y)[1]


def block(x, w):
    h = np.tanh(x @ w)
    return h / np.sqrt(np.mean(h * h, axis=1, keepdims=True) + 1e-6)


def twice(x, w, v):
    return block(block(x, w), v)


def chain(x):
    for _ in range(400):
        x = np.sin(x) * 1.1
    return x


SPECS: dict[Any, Any] = {
    layer: {"x": "N L", "w": "L M"}, loss: {"z": "N C", "t": "N C"},
    twice: {"x": "N L", "w": "L L", "v": "L L"},
    cumulated: {"y": "T", "a": ""}, chain: {"x": "N"},
}  # fmt: skip


@pytest.mark.parametrize("function", SPECS, ids=lambda f: f.__name__)
def test_a_derivation_comes_back_whole(function):
    # A long chain is only pickled here, not shortened.
    options: Any = {"simplify": function is not chain}
    d = derivo.derive(function, **SPECS[function], **options)
    again = stored(d)
    assert again.source == d.source
    assert again.check(trials=1, order=1).ok
    if function not in (chain, twice):
        assert str(again.explain()) == str(d.explain())


def test_after_a_run_and_after_a_check():
    d = derivo.derive(layer, x="N L", w="L M")
    d(x=X, w=W)
    text = d.source
    report = d.check(trials=1)
    again = stored(d)
    assert again.source == text
    np.testing.assert_array_equal(again(x=X, w=W), layer(X, W))
    for copied in (stored(report), copy.deepcopy(report)):
        assert str(copied) == str(report)
    told = d.explain("matrix")
    assert str(stored(told)) == str(told)
    assert str(copy.deepcopy(told)) == str(told)
    assert copy.deepcopy(d)(x=X, w=W).tolist() == layer(X, W).tolist()


def test_a_lambda_is_left_out_and_what_was_derived_is_there():
    def local(z, t):
        e = np.exp(z - z.max(axis=1, keepdims=True))
        return -np.mean(np.sum(t * np.log(e / e.sum(axis=1, keepdims=True)), axis=1))

    d = derivo.derive(local, z="N C", t="N C")
    again = stored(d)
    with pytest.warns(derivo.errors.AssumptionWarning):
        found = again.gradients(z=X, t=X)["z"]
    with pytest.warns(derivo.errors.AssumptionWarning):
        wanted = d.gradients(z=X, t=X)["z"]
    np.testing.assert_array_equal(found, wanted)
    assert again.check(trials=1).ok
    with pytest.raises(UsageError, match="at the top of a module"):
        again.function(X, X)


def test_in_other_processes():
    d = derivo.derive(layer, x="N L", w="L M")
    with ProcessPoolExecutor(1, get_context("spawn")) as pool:
        (got,) = pool.map(d.gradients, [X], [W])
    np.testing.assert_array_equal(got["w"], d.gradients(X, W)["w"])


def test_a_network_before_and_after_training():
    net = derivo.Network(
        derivo.layers.Dense(3, "relu"), derivo.layers.Dense(1), loss="mse"
    )
    for other in (copy.deepcopy(net), stored(net)):
        assert repr(other) == repr(net)
    net.fit(X.repeat(8, axis=0), X.repeat(8, axis=0)[:, :1], epochs=2, verbose=0)
    before, others = net.predict(X), (copy.deepcopy(net), stored(net))
    net.fit(X, X[:, :1], epochs=1, verbose=0)
    for other in others:
        np.testing.assert_array_equal(other.predict(X), before)
        other.fit(X, X[:, :1], epochs=1, verbose=0)  # it goes on as the first one does
        np.testing.assert_array_equal(other.predict(X), net.predict(X))


def test_joblib_and_sklearn_take_them(tmp_path):
    joblib = pytest.importorskip("joblib")
    base = pytest.importorskip("sklearn.base")
    d = derivo.derive(layer, x="N L", w="L M")
    joblib.dump(d, tmp_path / "d")
    np.testing.assert_array_equal(joblib.load(tmp_path / "d")(X, W), layer(X, W))
    net = derivo.Network(derivo.layers.Dense(3), loss="mse")
    assert repr(base.clone(net, safe=False)) == repr(net)


@derivo.rule(backward=lambda d_y, a: d_y / (2 * np.sqrt(a)))
def root(a):
    x = a
    for _ in range(60):
        x = (x + a / x) / 2
    return x


def halved(a):
    return a / 2


def half_of_upstream(d_y, a):
    return d_y / 2


half = derivo.rule(halved, backward=half_of_upstream)


def with_rules(x):
    return np.sum(root(x) * half(x))


@pytest.mark.parametrize("protocol", range(pickle.HIGHEST_PROTOCOL + 1))
def test_every_protocol(protocol):
    d = derivo.derive(layer, x="N L", w="L M")
    again = pickle.loads(pickle.dumps(d, protocol))  # noqa: S301  what was just made
    np.testing.assert_array_equal(again(x=X, w=W), layer(X, W))


def test_rules_of_the_users_own():
    d = derivo.derive(with_rules, x="N")
    x = np.array([0.5, 2.0])
    for again in (stored(d), stored(d.check(trials=1)), stored(d.explain())):
        assert str(again)
    np.testing.assert_array_equal(stored(d).gradients(x)["x"], d.gradients(x)["x"])
    assert stored(d).check(trials=1).ok


def test_what_is_compiled():
    d = derivo.derive(layer, x="N L", w="L M")
    for dtype in (None, np.float32):
        compiled = d.compile(dtype=dtype)
        expected = compiled.gradients(X, W)["w"]
        for again in (stored(compiled), copy.deepcopy(compiled), copy.copy(compiled)):
            assert type(again) is type(compiled)
            got = again.gradients(X, W)["w"]
            np.testing.assert_array_equal(got, expected)
            assert got.dtype == expected.dtype


def squared_error(params, x, t):
    return np.mean((np.tanh(x @ params["w"] + params["b"]) - t) ** 2)


def test_a_training_step_goes_on_as_the_first_one_does():
    step = derivo.training_step(
        squared_error, params={"params": {"w": W, "b": np.zeros(2)}}, x="N 3", t="N 2"
    )
    step(x=X, t=X[:, :2])
    others = (copy.deepcopy(step), stored(step))
    losses = [step(x=X, t=X[:, :2]) for _ in range(3)]
    for other in others:
        assert [other(x=X, t=X[:, :2]) for _ in range(3)] == losses
        np.testing.assert_array_equal(
            other.params["params"]["w"], step.params["params"]["w"]
        )
