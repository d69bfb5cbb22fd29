"""The JAX engine gives what NumPy gives, and says what it cannot."""

import pickle
import sys

import numpy as np
import pytest

import derivo
from derivo.errors import DivergenceError, NotSupportedError
from derivo.graph.nest import leaves
from derivo.layers import Dense
from derivo.ops.catalogue import CATALOGUE
from tests.catalogue import CASES, LOOPS
from tests.train.losses_to_train import CASES as LOSSES
from tests.train.test_training_step import step_of

RNG = np.random.default_rng(5)
X, T = RNG.normal(size=(70, 6)), RNG.integers(0, 4, 70)


def test_without_jax_it_says_what_to_install(monkeypatch):
    monkeypatch.setitem(sys.modules, "jax", None)
    with pytest.raises(NotSupportedError, match=r"pip install 'derivo\[jax\]'"):
        derivo.Network(Dense(4)).fit(X, T, epochs=1, verbose=0, engine="jax")
    with pytest.raises(NotSupportedError, match=r"pip install 'derivo\[jax\]'"):
        derivo.derive(np.tanh, x="N").compile(engine="jax")
    case = LOSSES["two layers"]
    step = step_of(case)
    step.engine = "jax"
    with pytest.raises(NotSupportedError, match=r"pip install 'derivo\[jax\]'"):
        step(**case.data)
    net = derivo.Network(Dense(4))
    net.fit(X, T, epochs=1, verbose=0)
    with pytest.raises(NotSupportedError, match=r"pip install 'derivo\[jax\]'"):
        net.predict(X, engine="jax")


class TestWithJax:
    pytestmark = pytest.mark.peers

    @pytest.fixture(autouse=True)
    def _installed(self):
        pytest.importorskip("jax")

    @pytest.mark.parametrize(
        ("optimizer", "activation", "loss", "dtype"),
        [
            ("adam", "tanh", "cross_entropy", np.float64),
            ("sgd", "relu", "squared_error", np.float64),
            ("momentum", "mish", "cross_entropy", np.float32),
            ("nesterov", "sigmoid", "binary_cross_entropy", np.float32),
        ],
    )
    def test_the_same_network_as_with_numpy(self, optimizer, activation, loss, dtype):
        units = {"cross_entropy": 4, "squared_error": 1, "binary_cross_entropy": 1}
        t = {
            "cross_entropy": T,
            "squared_error": X[:, 0],
            "binary_cross_entropy": T > 1,
        }
        nets, losses = [], []
        for turns in (("numpy", "numpy"), ("jax", "jax")):
            net = derivo.Network(
                Dense(9, activation), Dense(units[loss]), loss=loss, dtype=dtype
            )
            for engine in turns:
                history = net.fit(
                    X, t[loss], epochs=2, batch_size=16, verbose=0, engine=engine,
                    optimizer=optimizer,
                )  # fmt: skip
                assert history.engine == engine
            nets.append(net.state.values)
            losses.append(history[-1]["loss"])
        bound = 1e-10 if dtype == np.float64 else 2e-5
        assert losses[1] == pytest.approx(losses[0], rel=bound)
        for expected, found in zip(*nets, strict=True):
            assert found.dtype == dtype
            np.testing.assert_allclose(found, expected, rtol=bound, atol=bound)
            found[...] = 0  # an array of NumPy, which may be written to

    @pytest.mark.parametrize("name", LOSSES)
    def test_a_training_step(self, name):
        case = LOSSES[name]
        steps = [step_of(case) for _ in range(2)]
        for step, engine in zip(steps, ("numpy", "jax"), strict=True):
            step.fit(epochs=2, batch_size=3, verbose=0, engine=engine, **case.data)
        for expected, found in zip(*(s.state.values for s in steps), strict=True):
            np.testing.assert_allclose(found, expected, rtol=1e-9, atol=1e-12)

    @pytest.mark.parametrize("name", list(LOSSES))
    def test_steps_one_by_one(self, name):
        case = LOSSES[name]
        steps = [step_of(case) for _ in range(2)]
        for step, engine in zip(steps, ("numpy", "jax"), strict=True):
            step.engine = engine
        for _ in range(3):
            expected, found = (step(**case.data) for step in steps)
            assert found == pytest.approx(expected, rel=1e-10)
            assert type(found) is type(expected)
        # What is set from outside is taken over, and what is asked for is up to date.
        given = steps[0].params
        for step in steps:
            step.params = given
            step(**case.data)
        for expected, found in zip(*(s.state.values for s in steps), strict=True):
            np.testing.assert_allclose(found, expected, rtol=1e-9, atol=1e-12)

    def test_a_step_that_fails_changes_nothing(self):
        def loss(w, rows, x):
            return np.sum(np.exp(w[rows] * x))

        w = np.arange(12.0).reshape(4, 3)
        step = derivo.training_step(
            loss, params={"w": w}, rows=derivo.Spec("N", "int"), x="N 3", engine="jax"
        )
        x = np.ones((2, 3))
        with pytest.raises(IndexError, match="out of bounds"):
            step(rows=np.array([0, 9]), x=x)
        with pytest.raises(DivergenceError, match="step 1"):
            step(rows=np.array([0, 3]), x=1e3 * x)
        np.testing.assert_array_equal(step.params["w"], w)
        step(rows=np.array([0, 3]), x=x)
        assert step.state.steps == 1
        assert (step.params["w"][[1, 2]] == w[[1, 2]]).all()
        assert (step.params["w"][[0, 3]] != w[[0, 3]]).all()

    @pytest.mark.parametrize("rows", [1, 5, 70])
    def test_predictions(self, rows):
        net = derivo.Network(Dense(9, "tanh"), Dense(4), dtype=np.float64)
        net.fit(X, T, epochs=1, verbose=0, engine="jax")
        found = net.predict_proba(X[:rows], engine="jax")
        expected = net.predict_proba(X[:rows])
        assert found.shape == (rows, 4)
        assert type(found) is np.ndarray
        np.testing.assert_allclose(found, expected, rtol=1e-13)
        labels = net.predict(X[:rows], engine="jax")
        np.testing.assert_array_equal(labels, net.predict(X[:rows]))
        again = pickle.loads(pickle.dumps(net))  # noqa: S301  its own
        assert again.predict(X[:1], engine="jax") == labels[0]

    # A sample: what writes in place, loops, picks, or has several results.
    @pytest.mark.parametrize(
        "name",
        [
            "attention", "causal_attention", "convolution_2d", "embedding", "gru_cell",
            "packed_lstm_cell", "softmax_cross_entropy", "max_pooling", "layer_norm",
            "rows_added_to_a_table", "three_steps", "running_products", "advantages",
            "forward_algorithm", "soft_warping", "mean_so_far",
        ],
    )  # fmt: skip
    def test_functions_of_the_catalogue(self, name):
        single = {"layer_norm", "embedding", "running_products", "advantages"}
        dtype = np.float32 if name in single else np.float64
        case = (CASES | LOOPS)[name]
        d = derivo.derive(case.function, **case.specs)
        arrays = {
            k: a.astype(dtype) if a.dtype.kind == "f" else a
            for k, a in case.arrays().items()
        }
        expected = d.value_and_gradients(**arrays)
        found = d.compile(engine="jax").value_and_gradients(**arrays)
        bound = 1e-11 if dtype == np.float64 else 1e-4
        for e, f in zip(leaves(expected), leaves(found), strict=True):
            assert type(e) is type(f)
            assert e.dtype == f.dtype
            np.testing.assert_allclose(f, e, rtol=bound, atol=bound)

    def test_a_loss_that_explodes_stops_training(self):
        messages = []
        for engine in ("numpy", "jax"):
            net = derivo.Network(Dense(4), loss="squared_error", dtype=np.float64)
            with pytest.raises(DivergenceError) as caught:
                net.fit(X, np.eye(4)[T], epochs=60, batch_size=16, verbose=0,
                        optimizer="sgd", learning_rate=1e3, engine=engine)  # fmt: skip
            messages.append(str(caught.value))
            assert all(np.isfinite(p).all() for p in net.parameters.values())
        assert messages[0] == messages[1]

    def test_an_index_beyond_its_axis_is_an_error(self):
        def picked(x, rows):
            return np.sum(x[rows] ** 2)

        d = derivo.derive(picked, x="N M", rows=derivo.Spec("K", "int"))
        run, x = d.compile(engine="jax"), np.arange(12.0).reshape(4, 3)
        for rows in ([0, -1, 3], [-4, 2, 2]):
            given = x, np.array(rows)
            np.testing.assert_allclose(run(*given), d(*given))
            np.testing.assert_allclose(
                run.gradients(*given)["x"], d.gradients(*given)["x"]
            )
        for beyond in (4, -5):
            with pytest.raises(IndexError, match="out of bounds"):
                run(x, np.array([0, beyond]))
        step = derivo.training_step(
            picked, params={"x": x}, rows=derivo.Spec("K", "int")
        )
        with pytest.raises(IndexError, match="out of bounds"):
            step.fit(epochs=1, rows=np.array([0, 9]), verbose=0, engine="jax")

    def test_what_jax_lacks_is_refused_by_name(self):
        def noisy(x, key):
            return x * CATALOGUE["uniform"](key, shape=(3, 4))

        d = derivo.derive(noisy, x="3 4", key=derivo.Spec("2", "int"))
        with pytest.raises(NotSupportedError, match=r"`np\.random\.\w+` has no form"):
            d.compile(engine="jax")

    def test_its_settings_are_its_own(self):
        import jax

        derivo.derive(np.tanh, x="N").compile(engine="jax")(np.ones(2))
        assert jax.numpy.ones(2).dtype == np.float32
