"""Training as a user sees it."""

import json
from typing import Any

import numpy as np
import pytest

import derivo
from derivo.data import digits, split
from derivo.layers import Dense

QUIET: dict[str, Any] = {"verbose": 0, "engine": "numpy"}


def blobs(rows=60, features=4, classes=3, seed=0):
    rng = np.random.default_rng(seed)
    t = rng.integers(0, classes, rows)
    return rng.normal(size=(rows, features)) + 3 * t[:, None], t


def small(**options):
    return derivo.Network(Dense(8, "relu"), Dense(3), **options)


def test_digits_are_learnt():
    x_train, t_train, x_test, t_test = split(*digits())
    net = derivo.Network(Dense(32, "relu"), Dense(10), loss="cross_entropy")
    history = net.fit(x_train, t_train, epochs=25, **QUIET)
    assert history["loss"][0] > 1
    assert history["loss"][-1] < 0.2
    assert net.evaluate(x_test, t_test)["accuracy"] > 0.93
    assert (
        np.mean(net.predict(x_test) == t_test)
        == net.evaluate(x_test, t_test)["accuracy"]
    )


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_the_type_that_comes_in_is_kept(dtype):
    x, t = blobs()
    net = small()
    net.fit(x.astype(dtype), t, epochs=1, **QUIET)
    assert {v.dtype for v in net.parameters.values()} == {np.dtype(dtype)}
    assert net.predict_proba(x).dtype == dtype


def test_integers_train_in_float32():
    x, t = blobs()
    net = small()
    net.fit(x.astype(np.int64), t, epochs=1, **QUIET)
    assert net.parameters["w1"].dtype == np.float32


def test_the_same_seed_gives_the_same_bits():
    x, t = blobs()
    nets = [small() for _ in range(3)]
    for net, seed in zip(nets, (5, 5, 6), strict=True):
        net.fit(x, t, epochs=3, seed=seed, **QUIET)
    same, other = (
        all(
            np.array_equal(a, b)
            for a, b in zip(
                nets[0].parameters.values(), nets[k].parameters.values(), strict=True
            )
        )
        for k in (1, 2)
    )
    assert same
    assert not other


def test_two_short_runs_equal_one_long_run():
    x, t = blobs()
    whole, parts = small(), small()
    long = whole.fit(x, t, epochs=5, batch_size=7, **QUIET)
    short = [parts.fit(x, t, epochs=n, batch_size=7, **QUIET) for n in (2, 3)]
    assert long["loss"] == short[0]["loss"] + short[1]["loss"]
    assert [row["epoch"] for row in short[1]] == [3, 4, 5]
    for name, value in whole.parameters.items():
        assert np.array_equal(value, parts.parameters[name])


def test_rows_are_shuffled_unless_told_otherwise():
    x, t = blobs()
    losses = [
        small().fit(x, t, epochs=1, shuffle=s, **QUIET)["loss"] for s in (True, False)
    ]
    assert losses[0] != losses[1]


@pytest.mark.parametrize(
    "kind", ["text", "one-hot", "floats", "objects", "column", "list"]
)
def test_labels_may_be_written_in_many_ways(kind):
    x, t = blobs()
    words = np.array(["ant", "bee", "cat"])[t]
    given = {
        "text": words,
        "one-hot": np.eye(3)[t],
        "floats": t.astype(float),
        "objects": words.astype(object),
        "column": t[:, None],
        "list": t.tolist(),
    }[kind]
    net, plain = small(), small()
    net.fit(x, given, epochs=40, learning_rate=0.03, **QUIET)
    plain.fit(x, t, epochs=40, learning_rate=0.03, **QUIET)
    for name, value in plain.parameters.items():
        assert np.array_equal(value, net.parameters[name])
    expected = words if kind in ("text", "objects") else t
    assert np.mean(net.predict(x) == expected) > 0.9
    assert net.evaluate(x, given) == plain.evaluate(x, t)


def test_probabilities_add_up_to_one_in_the_order_of_classes():
    x, t = blobs()
    net = small()
    net.fit(x, np.array(["c", "a", "b"])[t], epochs=20, **QUIET)
    p = net.predict_proba(x)
    np.testing.assert_allclose(p.sum(axis=1), 1, rtol=1e-12)
    assert net.classes.tolist() == ["a", "b", "c"]
    assert (net.classes[p.argmax(axis=1)] == net.predict(x)).all()


def test_a_regression_finds_a_line():
    x = np.linspace(-1, 1, 40)[:, None]
    net = derivo.Network(Dense(1), loss="squared_error")
    net.fit(x, 3 * x[:, 0] - 1, epochs=300, learning_rate=0.05, **QUIET)
    assert net.parameters["w1"][0, 0] == pytest.approx(3, abs=1e-3)
    assert net.parameters["b1"][0] == pytest.approx(-1, abs=1e-3)
    assert net.predict(x).shape == (40,)
    assert set(net.evaluate(x, 3 * x[:, 0] - 1)) == {"loss"}
    with pytest.raises(
        derivo.errors.UsageError, match="there are no probabilities; use predict"
    ):
        net.predict_proba(x)


def test_a_regression_may_have_several_columns():
    x = np.linspace(-1, 1, 40)[:, None]
    net = derivo.Network(Dense(2), loss="squared_error")
    net.fit(x, np.hstack([x, -x]), epochs=2, **QUIET)
    assert net.predict(x).shape == (40, 2)


@pytest.mark.parametrize("labels", [[0, 1], [False, True], ["no", "yes"], [-1, 1]])
def test_yes_or_no(labels):
    x, t = blobs(classes=2)
    net = derivo.Network(Dense(1), loss="binary_cross_entropy")
    given = np.array(labels)[t]
    net.fit(x, given, epochs=60, learning_rate=0.05, **QUIET)
    assert np.mean(net.predict(x) == given) > 0.9
    assert net.evaluate(x, given)["accuracy"] == np.mean(net.predict(x) == given)
    assert net.predict_proba(x).shape == (60, 1)


def test_a_loss_and_an_activation_of_ones_own():
    def bend(n):
        return n / (1 + np.abs(n))

    def absolute(y, t):
        return np.mean(np.abs(y - t))

    x, t = blobs()
    net = derivo.Network(Dense(8, bend), Dense(1), loss=absolute)
    history = net.fit(x, t, epochs=30, **QUIET)
    assert history["loss"][-1] < history["loss"][0]
    assert "np.abs(n1)" in net.derivation.source


def test_logits_of_a_thousand_stay_finite_in_float32():
    x, t = blobs()
    net = small(dtype=np.float32)
    history = net.fit(1000 * x, t, epochs=1, **QUIET)
    assert np.isfinite(history["loss"]).all()
    assert np.isfinite(net.predict_proba(1000 * x)).all()


def test_the_source_is_one_module_with_the_step():
    net = small()
    step = net.build(4)
    assert step.source.count("def ") == 1
    assert step.source.startswith("import numpy as np\n")
    for part in ("def step(", "# Forward.", "# Backward", "# Update: adam", "new_v_b2"):
        assert part in step.source
    assert step.source == small().build(4).source


@pytest.mark.parametrize("loss", ["cross_entropy", "binary_cross_entropy", "square"])
def test_the_step_can_be_checked(loss):
    net = derivo.Network(Dense(12, "relu"), Dense(7, "tanh"), Dense(3), loss=loss)
    report = net.build(20).check()
    assert report.ok, report


def test_the_step_runs_by_itself(tmp_path):
    x, t = blobs()
    net = small()
    path = net.build(4, optimizer="sgd").save(tmp_path / "step.py")
    values = [v.astype(np.float64) for v in net.parameters.values()]
    loss, *new = derivo.load(path).step(x, np.eye(3)[t], *values, 0.1, 1)
    assert loss > 0
    assert [v.shape for v in new] == [v.shape for v in values]


def test_history_can_be_read_without_derivo(tmp_path):
    x, t = blobs()
    history = small().fit(x, t, epochs=3, validation=(x, t), **QUIET)
    rows = [
        json.loads(line)
        for line in history.save(tmp_path / "h.jsonl").read_text().splitlines()
    ]
    assert rows == list(history)
    assert set(rows[0]) == {
        "epoch",
        "loss",
        "validation_loss",
        "validation_accuracy",
        "seconds",
    }
    assert len(history["validation_accuracy"]) == len(history) == 3
    with pytest.raises(KeyError, match="no column 'val_loss'"):
        history["val_loss"]


def test_validation_rows_are_held_back():
    x, t = blobs()
    x[:, 0] = np.arange(60)
    net = small()
    history = net.fit(x, t, epochs=1, validation=0.25, **QUIET)
    assert "validation_accuracy" in history[-1]
    whole = small().fit(x, t, epochs=1, **QUIET)
    assert whole["loss"] != history["loss"]


def test_names_of_layers_stand_in_the_source():
    net = derivo.Network(Dense(4, "relu", name="hidden"), Dense(3, name="out"))
    assert "x @ w_hidden + b_hidden" in net.build(2).source
