"""Predictions of a network, by NumPy and compiled."""

import pickle
from threading import Thread

import numpy as np
import pytest

import derivo
from derivo.errors import DataError, UsageError
from derivo.layers import Dense
from derivo.run import compiler

pytestmark = pytest.mark.skipif(
    compiler.find_compiler() is None, reason="no C compiler"
)
RNG = np.random.default_rng(8)
X = RNG.normal(size=(600, 5))
KINDS = {
    "classes": ("cross_entropy", 3, np.array(["a", "b", "c"])[RNG.integers(0, 3, 600)]),
    "yes or no": ("binary_cross_entropy", 1, RNG.integers(0, 2, 600)),
    "one value": ("squared_error", 1, X[:, 0] - X[:, 1]),
    "values": ("squared_error", 17, np.repeat(X, 4, axis=1)[:, :17]),
}


def trained(kind="classes", dtype=np.float64, engine="c"):
    loss, units, t = KINDS[kind]
    net = derivo.Network(Dense(7, "tanh"), Dense(units), loss=loss, dtype=dtype)
    net.fit(X, t, epochs=1, verbose=0, engine=engine)
    return net


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_both_engines_give_the_same(kind, dtype):
    net = trained(kind, dtype, engine="numpy")
    is_values = kind in {"one value", "values"}
    gives = net.predict if is_values else net.predict_proba
    for rows in (1, 2, 4, 5, 256, 600):  # few, a block, and more than a block
        found = gives(X[:rows], engine="c")
        expected = gives(X[:rows], engine="numpy")
        assert found.dtype == expected.dtype
        bound = 1e-12 if dtype == np.float64 else 3e-6
        np.testing.assert_allclose(found, expected, rtol=bound, atol=bound)
    if not is_values:
        same = net.predict(X, engine="c") == net.predict(X, engine="numpy")
        assert same.mean() > 0.99


def test_the_engine_is_the_one_that_trained():
    for engine in ("c", "numpy"):
        net = trained(engine=engine)
        for own in (net, pickle.loads(pickle.dumps(net))):  # noqa: S301
            found, wanted = own.predict_proba(X), own.predict_proba(X, engine=engine)
            np.testing.assert_array_equal(found, wanted)
            assert ("compiled_prediction" in vars(own._model)) is (engine == "c")


def test_rows_that_lie_apart_and_other_types_are_read():
    net = trained(dtype=np.float32)
    expected = net.predict_proba(X[::2], engine="numpy")
    for given in (X[::2], np.asfortranarray(X[::2]), X[::2].tolist()):
        np.testing.assert_allclose(net.predict_proba(given), expected, atol=1e-6)


def test_what_was_learnt_since_counts():
    net = trained()
    before = net.predict_proba(X[:1])
    net.fit(X, KINDS["classes"][2], epochs=1, verbose=0, engine="c")
    after = net.predict_proba(X[:1])
    assert np.abs(after - before).max() > 1e-6
    np.testing.assert_allclose(after, net.predict_proba(X[:1], engine="numpy"))


def test_parameters_cannot_change_behind_its_back():
    net = trained()
    net.predict(X)
    with pytest.raises(ValueError, match="read-only"):
        net.state.values[0][:] = 0


def test_what_a_prediction_gives_stays_as_it_is():
    net = trained()
    first = net.predict_proba(X[:1])
    kept = first.copy()
    net.predict_proba(X[1:2])
    np.testing.assert_array_equal(first, kept)


def test_threads_may_predict_at_the_same_time():
    net = trained()
    expected = [net.predict_proba(X[k : k + 1]) for k in range(200)]
    wrong: list[int] = []

    def work():
        wrong.extend(
            k for k in range(200)
            if not np.array_equal(net.predict_proba(X[k : k + 1]), expected[k])
        )  # fmt: skip

    threads = [Thread(target=work) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert not wrong


def test_what_has_no_form_in_c_is_left_to_numpy():
    net = derivo.Network(Dense(4, lambda n: np.sort(n, axis=1)), Dense(3))
    net.fit(X, KINDS["classes"][2], epochs=1, verbose=0)
    expected = net.predict_proba(X, engine="numpy")
    np.testing.assert_allclose(net.predict_proba(X, engine="c"), expected, rtol=1e-12)


def test_what_is_no_input_is_refused_as_ever():
    net = trained()
    bad = X[:1].copy()
    bad[0, 2] = np.nan
    with pytest.raises(DataError, match="nan in row 0, column 2"):
        net.predict(bad)
    with pytest.raises(UsageError, match="fortran"):
        net.predict(X, engine="fortran")


def test_large_numbers_are_numbers():
    """The sum of their squares is not finite in float32."""
    net = trained(dtype=np.float32)
    found = net.predict_proba(np.full((2, 5), 1e30))
    np.testing.assert_allclose(found.sum(axis=1), 1)


# --- streams --------------------------------------------------------------------------


@pytest.mark.parametrize("engine", ["c", "numpy"])
@pytest.mark.parametrize("kind", KINDS)
def test_a_stream_of_rows_and_batches_gives_what_they_give_apart(kind, engine):
    net = trained(kind, engine=engine)
    given = [X[0], X[1:2], list(X[2]), X[3:9]]
    first, second, third, last = net.predict(iter(given))
    np.testing.assert_array_equal(first, net.predict(X[:1])[0])
    np.testing.assert_array_equal(second, net.predict(X[1:2]))
    np.testing.assert_array_equal(third, net.predict(X[2:3])[0])
    np.testing.assert_array_equal(last, net.predict(X[3:9]))


def test_a_stream_is_read_as_it_is_asked_for_and_bad_rows_are_told():
    net = trained()
    taken: list[int] = []

    def rows():
        for row in X:
            taken.append(len(taken))
            yield row

    found = net.predict_proba(rows())
    assert taken == []
    np.testing.assert_array_equal(next(found), net.predict_proba(X[:1])[0])
    assert taken == [0]
    assert list(net.predict(iter([]))) == []
    with pytest.raises(DataError, match="x holds nan in row 0, column 2"):
        list(net.predict(iter([np.array([0, 1, np.nan, 0, 0])])))
    with pytest.raises(UsageError, match="not trained yet"):
        derivo.Network(Dense(2)).predict(iter(X))
