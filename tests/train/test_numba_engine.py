"""The compiled engine against the NumPy engine, as a user calls both."""

import os
import subprocess
import sys

import numpy as np
import pytest

import derivo
from derivo.errors import DivergenceError, NotSupportedError, UsageError
from derivo.layers import Dense
from derivo.train import engines
from derivo.train.loop import Plan

RNG = np.random.default_rng(5)
X, T = RNG.normal(size=(70, 6)), RNG.integers(0, 4, 70)


def deep(dtype):
    """Make a network with three sorts of activation, one of them the user's own."""
    return derivo.Network(
        Dense(9, "tanh"), Dense(7, bend), Dense(4, "softmax"), dtype=dtype
    )


def bend(n):
    slope = np.where(n > 0.1, n / (1 + np.abs(n)), np.clip(n, -0.5, 0.05))
    return slope + np.mean(n, axis=1, keepdims=True)


def fitted(engine, net, t=T, **options):
    history = net.fit(
        X,
        t,
        **{"epochs": 6, "batch_size": 16, "verbose": 0, "engine": engine, **options},
    )
    return net, history


@pytest.mark.numba
@pytest.mark.parametrize(
    ("dtype", "tolerance"), [(np.float64, 1e-12), (np.float32, 1e-5)]
)
def test_both_engines_give_the_same_network(dtype, tolerance):
    pytest.importorskip("numba")
    slow, slow_history = fitted("numpy", deep(dtype))
    fast, fast_history = fitted("numba", deep(dtype))
    np.testing.assert_allclose(
        fast_history["loss"], slow_history["loss"], rtol=tolerance
    )
    for name, expected in slow.parameters.items():
        actual = fast.parameters[name]
        assert actual.dtype == dtype
        assert np.abs(actual - expected).max() <= tolerance * np.abs(expected).max(), (
            name
        )
    again, _ = fitted("numba", deep(dtype))
    for name, value in fast.parameters.items():
        assert np.array_equal(value, again.parameters[name]), name


@pytest.mark.numba
def test_a_regression_with_momentum_and_both_engines_in_turn():
    pytest.importorskip("numba")
    nets = []
    for order in (("numpy", "numpy"), ("numba", "numpy"), ("numpy", "numba")):
        net = derivo.Network(
            Dense(5, "sigmoid"), Dense(1), loss="squared_error", dtype=np.float64
        )
        for engine in order:
            fitted(engine, net, t=X[:, 0] * 2, optimizer="momentum", epochs=3)
        nets.append(net.parameters)
    for other in nets[1:]:
        for name, expected in nets[0].items():
            np.testing.assert_allclose(other[name], expected, rtol=1e-11, atol=1e-14)


@pytest.mark.numba
def test_a_loss_that_explodes_stops_the_compiled_engine_too():
    pytest.importorskip("numba")
    net = derivo.Network(Dense(4), loss="squared_error", dtype=np.float64)
    with pytest.raises(DivergenceError, match=r"in epoch \d+, step \d+ of 5"):
        fitted(
            "numba", net, t=np.eye(4)[T], optimizer="sgd", learning_rate=1e8, epochs=50
        )
    assert all(np.isfinite(v).all() for v in net.parameters.values())


@pytest.mark.numba
def test_a_second_process_runs_the_compiled_code_from_the_cache(tmp_path):
    pytest.importorskip("numba")
    code = (
        "import numpy as np, derivo\n"
        "from derivo.layers import Dense\n"
        "from derivo.run.load import load_text\n"
        "net = derivo.Network(Dense(3), dtype=np.float32)\n"
        "x = np.arange(12.0).reshape(6, 2)\n"
        "net.fit(x, np.arange(6) % 3, epochs=1, verbose=0, engine='numba')\n"
        "stats = load_text(net.source_for('numba'), 'epoch').epoch.stats\n"
        "print(sum(stats.cache_hits.values()), sum(stats.cache_misses.values()))\n"
    )
    environment = {**os.environ, "DERIVO_CACHE": str(tmp_path)}
    outputs = [
        subprocess.run(
            [sys.executable, "-c", code],
            env=environment,
            check=True,
            capture_output=True,
            text=True,
        ).stdout.split()
        for _ in range(2)
    ]
    assert outputs == [["0", "1"], ["1", "0"]]


@pytest.mark.numba
def test_an_operation_without_loop_form():
    pytest.importorskip("numba")

    def unusual(n):
        return np.cumsum(n, axis=1)

    net = derivo.Network(Dense(4, unusual))
    with pytest.raises(
        NotSupportedError, match="`cumsum` has no form inside a compiled loop"
    ):
        fitted("numba", net)


def plan(rows, epochs, batch=32):
    return Plan(rows, epochs, batch, 0.001, 0, True, 0, dict)


def test_auto_compiles_only_what_is_worth_it():
    step = derivo.Network(Dense(64, "relu"), Dense(10)).build(64)
    assert not engines.worth_compiling(step.graph, plan(1500, 20))
    assert engines.worth_compiling(step.graph, plan(60000, 100))
    x = X[:, :1].repeat(64, axis=1).astype(np.float32)
    t = np.eye(10, dtype=np.float32)[T]
    _, reason = engines.make_engine("auto", step, x, t, plan(70, 1))
    assert reason == "numpy (too little work to compile for)"


def test_without_numba_it_cannot_be_asked_for(monkeypatch):
    monkeypatch.setattr("derivo.run.numba_engine.is_installed", lambda: False)
    with pytest.raises(UsageError, match=r"pip install 'derivo\[fast\]'"):
        fitted("numba", derivo.Network(Dense(4)), epochs=1)


def test_large_products_may_share_out_their_work():
    step = derivo.Network(Dense(512, "relu"), Dense(10)).build(784)
    assert engines.largest_product(step.graph, 128) == 784 * 512 * 128
