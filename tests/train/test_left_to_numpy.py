"""What has no form in C is computed by NumPy, in the middle of compiled steps."""

import threading
from functools import partial
from typing import Any

import numpy as np
import pytest

import derivo
import derivo.compiled
from derivo.emit.c.forms import has_form
from derivo.emit.plan.leaf import InNumpy
from derivo.emit.plan.schedule import schedule
from derivo.errors import NotSupportedError
from derivo.layers import Dense
from derivo.run import c_engine, c_function
from derivo.run.compiler import compiled, find_compiler
from derivo.train import engines
from derivo.train.engines import c_computation
from tests.train.c_steps import QUICK, Case, Fixed

pytestmark = pytest.mark.skipif(find_compiler() is None, reason="no C compiler")
RNG = np.random.default_rng(0)
X, T = RNG.normal(size=(11, 3)), RNG.normal(size=(11, 2))


@pytest.fixture(autouse=True)
def quick(monkeypatch):
    monkeypatch.setattr(engines, "compiled", partial(compiled, extra=QUICK))
    fast = partial(compiled, extra=("-O0",))
    monkeypatch.setattr(derivo.compiled, "compiled", fast)


def in_order(x, t, w):
    """Read a batch, whose last one is smaller, in NumPy and in C."""
    y = np.sort(x @ w, axis=0)
    return np.mean((y - np.sort(t, axis=0)) ** 2) + np.median(w) ** 2


def whitened(x, t, w):
    """Factorise what depends on parameters, and what depends on the batch."""
    n = np.tanh(x @ w)
    root = np.linalg.cholesky(n.T @ n + np.eye(2))
    return np.mean(np.linalg.solve(root, n.T) ** 2) + np.log(np.linalg.det(root))


def filtered(x, t, w):
    """Solve equations at each step of a loop (a filter whose gain is learnt)."""
    p: Any = np.eye(2)
    total = 0.0
    for k in range(3):
        p = np.linalg.inv(p + w.T @ w + k * np.eye(2))
        total = total + np.sum(p) ** 2
    for row in w:
        p = np.linalg.inv(p + np.outer(row, row) + np.eye(2))
        total = total + p[0, 0]
    return total + np.mean((x @ w @ p - t) ** 2)


LOSSES = {"in order": in_order, "whitened": whitened, "filtered": filtered}


@pytest.mark.parametrize("threads", [1, 3])
@pytest.mark.parametrize("name", sorted(LOSSES))
def test_steps_agree_with_those_of_numpy(name, threads, monkeypatch):
    monkeypatch.setattr(c_engine, "available_cores", lambda: threads)
    monkeypatch.setattr(c_engine, "Pace", Fixed)
    start = {"w": RNG.normal(size=(3, 2))}
    ours, theirs = (
        derivo.training_step(
            LOSSES[name], params=start, x="N 3", t="N 2", optimizer="adam"
        )
        for _ in range(2)
    )
    options: dict[str, Any] = {
        "epochs": 2,
        "batch_size": 4,
        "verbose": 0,
        "x": X,
        "t": T,
    }
    found = ours.fit(engine="c", **options)
    expected = theirs.fit(engine="numpy", **options)
    assert found.engine == "c"
    assert "In NumPy: " in ours.source_for("c")
    np.testing.assert_allclose(found["loss"], expected["loss"], rtol=1e-12)
    np.testing.assert_allclose(ours.params["w"], theirs.params["w"], rtol=1e-11)


def test_a_network_predicts_with_it():
    def in_the_middle(n):
        return n - np.median(n, axis=1, keepdims=True)

    case = Case.of([Dense(4, in_the_middle), Dense(2)], "squared_error", (3, 2))
    case.compare(X, T, 4)
    net = derivo.Network(Dense(4, in_the_middle), Dense(2), loss="squared_error")
    net.fit(X, T, epochs=1, verbose=0, engine="numpy")
    for rows in (1, 11):
        np.testing.assert_allclose(
            net.predict(X[:rows], engine="c"), net.predict(X[:rows], engine="numpy"),
            rtol=1e-12,
        )  # fmt: skip


def inverse(a, w):
    return np.sum(np.linalg.inv(a)) * np.sum(w**2)


def test_what_numpy_refuses_is_raised_and_nothing_has_changed():
    d = derivo.derive(inverse, a="N N", w="K")
    fast, good = d.compile(), np.array([[2.0, 1.0], [0.0, 1.0]])
    for _ in range(2):
        with pytest.raises(np.linalg.LinAlgError, match="Singular matrix"):
            fast(np.zeros((2, 2)), np.ones(3))
        assert fast(good, np.ones(3)) == d(good, np.ones(3))
    step = derivo.training_step(
        lambda x, w: np.sum(w**2) + inverse(x.T @ x, w),
        params={"w": np.ones(3)}, x="N 2", engine="c",
    )  # fmt: skip
    step(x=X[:, :2])
    before = step.params["w"].copy()
    with pytest.raises(np.linalg.LinAlgError, match="Singular matrix"):
        step(x=np.zeros((11, 2)))
    np.testing.assert_array_equal(step.params["w"], before)


def test_nothing_is_written_before_all_has_been_asked():
    """Whatever NumPy refuses, in the backward pass too, no parameter has changed."""

    def whiten(n):
        return np.linalg.solve(n.T @ n + np.eye(4), n.T).T

    case = Case.of([Dense(4, whiten), Dense(2)], "squared_error", (3, 2))
    plan = schedule(c_computation(case.step).prepared(), has_form)
    asked = [k for k, p in enumerate(plan.phases) for a in p.leaves
             if isinstance(a, InNumpy)]  # fmt: skip
    written = [k for k, p in enumerate(plan.phases) for a in p.leaves if a.stores]
    assert len(asked) >= 2
    assert len(written) == 4
    assert max(asked) < min(written)


def counted(x, k):
    return np.sum(x * (np.cumsum(k * k) > 3))


def test_integers_that_are_computed_are_whole_or_refused():
    d = derivo.derive(counted, x="N", k=derivo.Spec("N", "int"))
    x, k = np.arange(4.0), np.array([1, 0, 2, 3])
    assert d.compile()(x, k) == d(x, k) == 5
    many = np.array([0, 1, 5000, 1])  # 5000 squared, and 1, is odd and above 2**24
    assert d.compile()(x, many) == d(x, many)
    with pytest.raises(NotSupportedError, match="integers were computed"):
        d.compile(dtype=np.float32)(x, many)


def test_several_python_threads_may_call_at_once(monkeypatch):
    monkeypatch.setattr(c_function, "available_cores", lambda: 2)
    monkeypatch.setattr(c_function, "Pace", Fixed)
    d = derivo.derive(in_order, x="N 3", t="N 2", w="3 2")
    fast, w = d.compile(), RNG.normal(size=(3, 2))
    expected = d(X, T, w)
    found: list[Any] = []

    def call():
        found.extend(fast(X, T, w) for _ in range(20))

    running = [threading.Thread(target=call) for _ in range(3)]
    for thread in running:
        thread.start()
    for thread in running:
        thread.join()
    np.testing.assert_allclose(found, np.full(60, expected), rtol=1e-12)
