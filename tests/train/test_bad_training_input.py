"""What cannot be trained on is refused: what, where, and what to do."""

import numpy as np
import pytest

import derivo
from derivo.errors import DataError, DivergenceError, ShapeError, UsageError
from derivo.layers import Dense

X = np.random.default_rng(0).normal(size=(12, 4))
T = np.arange(12) % 3


def fit(x=X, t=T, *, units=3, loss="cross_entropy", **options):
    net = derivo.Network(Dense(units), loss=loss)
    net.fit(x, t, **{"epochs": 1, "verbose": 0, "engine": "numpy", **options})
    return net


def changed(array, place, value):
    array = np.array(array)
    array[place] = value
    return array


@pytest.mark.parametrize(
    ("given", "kind", "text"),
    [
        (
            {"x": changed(X, (3, 2), np.nan)},
            DataError,
            "x holds nan in row 3, column 2",
        ),
        (
            {"x": changed(X, (0, 1), np.inf)},
            DataError,
            "x holds inf in row 0, column 1",
        ),
        ({"t": changed(T.astype(float), 5, np.nan)}, DataError, "t holds nan in row 5"),
        (
            {"t": changed(T, 7, 3)},
            DataError,
            r"label 3 in row 7.*from 0 to 2.*Dense\(4\)",
        ),
        ({"t": changed(T, 7, -1)}, DataError, "label -1 in row 7"),
        (
            {"t": T + 0.5},
            DataError,
            "0.5 in row 0, which is not a label.*squared_error",
        ),
        (
            {"t": np.array(list("abcdabcdabcd"))},
            DataError,
            r"4 different labels.*write Dense\(4\)",
        ),
        (
            {"t": np.eye(4)[T]},
            DataError,
            r"t has the shape \(12, 4\).*\(N, 3\) is needed",
        ),
        ({"t": np.full((12, 3), 0.5)}, DataError, "row 0 of t is .* must add up to 1"),
        (
            {"t": changed(np.eye(3)[T], (2, 0), -1)},
            DataError,
            "row 2 of t .* between 0 and 1",
        ),
        ({"x": X[:0], "t": T[:0]}, DataError, r"x is empty: its shape is \(0, 4\)"),
        ({"x": X[:, :0]}, DataError, r"x is empty: its shape is \(12, 0\)"),
        ({"t": []}, DataError, "x has 12 rows and t has 0"),
        ({"t": T[:11]}, DataError, "x has 12 rows and t has 11: one target per row"),
        ({"x": X[0]}, ShapeError, r"shape \(4,\).*write x\[None\]|x\[:, None\]"),
        ({"x": X.reshape(12, 2, 2)}, ShapeError, r"x.reshape\(len\(x\), -1\)"),
        ({"x": np.array([["a", "b"]] * 12)}, DataError, "x holds text such as 'a'"),
        ({"x": X * 1j}, DataError, "complex128"),
        (
            {"batch_size": 0},
            UsageError,
            "batch_size=0 must be an integer of at least 1",
        ),
        ({"batch_size": 2.5}, UsageError, "batch_size=2.5"),
        ({"epochs": 0}, UsageError, "epochs=0 must be an integer of at least 1"),
        ({"epochs": True}, UsageError, "epochs=True"),
        (
            {"learning_rate": -1},
            UsageError,
            "learning_rate=-1 must be a positive number",
        ),
        ({"learning_rate": np.nan}, UsageError, "learning_rate=nan"),
        ({"optimizer": "adan"}, UsageError, "'adan'.*did you mean 'adam'"),
        ({"optimizer": 3}, UsageError, "must be a name or an update rule"),
        ({"engine": "nunpy"}, UsageError, "'nunpy'.*did you mean 'num"),
        ({"seed": -1}, UsageError, "seed=-1 must be an integer"),
        ({"validation": 1.5}, UsageError, "validation=1.5 must be a pair"),
        (
            {"validation": (X[:, :3], T)},
            ShapeError,
            "validation x has 3 columns.*made for 4",
        ),
        (
            {"validation": (X, T[:3])},
            DataError,
            "validation x has 12 rows and validation t has 3",
        ),
        (
            {"validation": (X, T + 1)},
            DataError,
            "validation t holds the label 3 in row 2",
        ),
        (
            {"loss": "binary_cross_entropy", "units": 1},
            DataError,
            "t holds 3 different labels",
        ),
        (
            {"loss": "binary_cross_entropy", "t": T > 1},
            UsageError,
            r"write Dense\(1, 'sigmoid'\)",
        ),
        ({"units": 1}, UsageError, "cross_entropy over one class says nothing"),
        (
            {"loss": "squared_error", "t": X},
            DataError,
            r"\(12, 4\), and the last layer has 3 units",
        ),
    ],
)
def test_refused(given, kind, text):
    with pytest.raises(kind, match=f"(?s){text}"):
        fit(**given)


@pytest.mark.parametrize(
    ("make", "text"),
    [
        (lambda: derivo.Network(), "needs a layer"),
        (lambda: derivo.Network(10), "10 is not a layer"),  # type: ignore[arg-type]
        (
            lambda: derivo.Network(Dense(2), loss="cross_entropi"),
            "did you mean 'cross_entropy'",
        ),
        (
            lambda: derivo.Network(Dense(2), loss="cross_entropy_from_logits"),
            "write loss='cross_entropy'",
        ),
        (
            lambda: derivo.Network(Dense(2, "relu")),
            r"ends in relu; write Dense\(2, 'softmax'\)",
        ),
        (lambda: derivo.Network(Dense(2), dtype=np.float16), "float32 or float64"),
        (lambda: Dense(0), "at least one unit; units=0"),
        (lambda: Dense(3.0), "units=3.0"),  # type: ignore[arg-type]
        (lambda: Dense(3, "rellu"), "did you mean 'relu'"),
        (lambda: Dense(3, init="hee"), "'hee'.*did you mean 'he'"),
        (lambda: Dense(3, name="a b"), "letters, digits"),
        (
            lambda: derivo.Network(Dense(2, name="a"), Dense(2, name="a")).build(3),
            "'w_a' is taken",
        ),
        (lambda: derivo.Network(Dense(2)).predict(X), "not trained yet: call fit"),
        (
            lambda: derivo.Network(Dense(2)).derivation,
            r"call fit\(x, t, epochs=...\), or build",
        ),
    ],
)
def test_wrong_use_of_networks(make, text):
    with pytest.raises(UsageError, match=f"(?s){text}"):
        make()


def test_other_columns_than_in_training_are_refused():
    with pytest.raises(
        ShapeError, match="x has 3 columns, and the network is made for 4"
    ):
        fit().predict(X[:, :3])


def test_an_unknown_label_is_refused_in_evaluate():
    net = fit(t=np.array(list("abcabcabcabc")))
    with pytest.raises(
        DataError, match="label 'd' in row 1; the network knows 'a', 'b', 'c'"
    ):
        net.evaluate(X[:2], np.array(["a", "d"]))


def test_a_failed_fit_leaves_the_network_as_it_was():
    net = derivo.Network(Dense(3))
    with pytest.raises(DataError):
        net.fit(X.astype(np.float64), T + 5, epochs=1, verbose=0, engine="numpy")
    net.fit(X.astype(np.float32), T, epochs=1, verbose=0, engine="numpy")
    assert net.parameters["w1"].dtype == np.float32


@pytest.mark.parametrize("epochs", [1, 30])
def test_a_loss_that_explodes_stops_training(epochs):
    net = derivo.Network(Dense(3), loss="squared_error")
    net.build(4, seed=0, optimizer="sgd")
    with pytest.raises(
        DivergenceError,
        match=r"(?s)epoch \d+, step \d+ of 12.*the learning rate, which is 1e\+06",
    ):
        net.fit(
            X,
            np.eye(3)[T],
            epochs=30,
            batch_size=1,
            learning_rate=1e6,
            optimizer="sgd",
            verbose=0,
            engine="numpy",
        )
    # The parameters that are kept still give a finite loss.
    assert all(np.isfinite(v).all() for v in net.parameters.values())
    assert np.isfinite(net.evaluate(X, np.eye(3)[T])["loss"])
