"""A training step of any loss is forward, backward and update of that loss."""

import copy
import inspect
import pickle
from dataclasses import is_dataclass
from functools import partial
from typing import Any

import numpy as np
import pytest

import derivo
from benchmarks.losses import lstm
from derivo.errors import (
    DataError,
    DivergenceError,
    DtypeError,
    NotSupportedError,
    ShapeError,
    UsageError,
)
from derivo.graph.spec import Spec
from derivo.layers import Dense
from derivo.run.compiler import compiled, find_compiler
from derivo.train import engines, one_by_one
from derivo.train.optimizers import adam
from tests.train.c_steps import QUICK
from tests.train.losses_to_train import CASES, T, X, two_layers

QUIET: dict[str, Any] = {"verbose": 0, "engine": "numpy"}
RATE = 0.02


def step_of(case, optimizer="adam", **options):
    """Derive the step of a case."""
    return derivo.training_step(
        case.loss, params=case.params, optimizer=optimizer, learning_rate=RATE,
        **case.specs, **options,
    )  # fmt: skip


def arrays_in(nest):
    """Give the arrays of a nest of parameters in the order in which they stand."""
    if isinstance(nest, np.ndarray | float | np.floating):
        return [np.asarray(nest)]
    if is_dataclass(nest):
        nest = list(vars(nest).values())
    parts = nest.values() if isinstance(nest, dict) else nest
    return [a for part in parts for a in arrays_in(part)]


def rebuilt(nest: Any, arrays: Any) -> Any:
    """Put arrays into a nest like another."""
    if isinstance(nest, np.ndarray | float | np.floating):
        return next(arrays)
    if isinstance(nest, dict):
        return {k: rebuilt(v, arrays) for k, v in nest.items()}
    if is_dataclass(nest):
        parts = [rebuilt(v, arrays) for v in vars(nest).values()]
        return nest.__class__(*parts)
    parts = [rebuilt(v, arrays) for v in nest]
    return parts if isinstance(nest, list) else type(nest)(*parts)


def updated(optimizer, w, g, kept, k):
    """Change a parameter as the papers have it; `kept` is changed in place."""
    if optimizer == "sgd":
        return w - RATE * g
    if optimizer == "adam":
        kept["m"] = 0.9 * kept.get("m", 0) + (1 - 0.9) * g
        kept["v"] = 0.999 * kept.get("v", 0) + (1 - 0.999) * g * g
        mean, square = kept["m"] / (1 - 0.9**k), kept["v"] / (1 - 0.999**k)
        return w - RATE * mean / (np.sqrt(square) + 1e-8)
    kept["velocity"] = 0.9 * kept.get("velocity", 0) - RATE * g
    ahead = 0.9 * kept["velocity"] - RATE * g
    return w + (kept["velocity"] if optimizer == "momentum" else ahead)


@pytest.fixture(scope="module", params=list(CASES))
def by_hand(request):
    """Give a case, and losses and gradients of it by `value_and_grad`."""
    case = CASES[request.param]
    names = list(inspect.signature(case.loss).parameters)
    places = [names.index(name) for name in case.params]
    gradient = derivo.value_and_grad(case.loss, argnums=places)

    def run(params):
        arguments = {**case.data, **params}
        return gradient(*(arguments[name] for name in names))

    return case, run


@pytest.mark.parametrize("optimizer", ["sgd", "momentum", "nesterov", "adam"])
def test_five_steps_are_those_of_a_loop_written_by_hand(by_hand, optimizer):
    case, run = by_hand
    step = step_of(case, optimizer, verify=optimizer == "adam")
    params = case.params
    kept: list[dict[str, Any]] = [{} for _ in arrays_in(params)]
    for k in range(1, 6):
        loss, gradients = run(params)
        pairs = zip(arrays_in(params), arrays_in(gradients), kept, strict=True)
        new = [updated(optimizer, w, g, own, k) for w, g, own in pairs]
        params = rebuilt(params, iter(new))
        assert step(**case.data) == pytest.approx(float(loss), rel=1e-10)
    for ours, expected in zip(arrays_in(step.params), arrays_in(params), strict=True):
        np.testing.assert_allclose(ours, expected, rtol=1e-10, atol=1e-12)


@pytest.mark.skipif(find_compiler() is None, reason="no C compiler")
@pytest.mark.parametrize(
    ("name", "dtype", "tolerance"),
    [(name, np.float64, 1e-10) for name in CASES if name != "linear regression"]
    + [(name, np.float32, 2e-5) for name in ("two layers", "embedding bag")],
)
def test_engines_agree(name, dtype, tolerance, monkeypatch):
    monkeypatch.setattr(engines, "compiled", partial(compiled, extra=QUICK))
    case = CASES[name]
    values = [a.astype(dtype) for a in arrays_in(case.params)]
    steps = [step_of(case) for _ in range(2)]
    if dtype != np.float64:
        params = rebuilt(case.params, iter(values))
        steps = [
            derivo.training_step(
                case.loss, params=params, learning_rate=RATE, **case.specs
            )
            for _ in range(2)
        ]
    options: dict[str, Any] = {"epochs": 2, "batch_size": 4, "verbose": 0}
    found = steps[0].fit(**options, engine="c", **case.data)
    expected = steps[1].fit(**options, engine="numpy", **case.data)
    assert found.engine == "c"
    np.testing.assert_allclose(found["loss"], expected["loss"], rtol=tolerance)
    for ours, theirs in zip(steps[0].state.values, steps[1].state.values, strict=True):
        assert ours.dtype == dtype
        np.testing.assert_allclose(ours, theirs, rtol=0, atol=tolerance)


def weighted(x, t, weights, w, scale):
    return np.mean(np.sum(weights * (x @ w * scale - t) ** 2, axis=1))


@pytest.mark.skipif(find_compiler() is None, reason="no C compiler")
def test_data_that_is_handed_on_whole_reaches_compiled_steps(monkeypatch):
    monkeypatch.setattr(engines, "compiled", partial(compiled, extra=QUICK))
    params = {"w": np.ones((3, 2)), "scale": 1.5}
    steps = [
        derivo.training_step(weighted, params=params, x="N L", t="N K", weights="K")
        for _ in range(2)
    ]
    data = {"x": X, "t": T, "weights": np.array([1.0, 3.0])}
    for step, engine in zip(steps, ("c", "numpy"), strict=True):
        step.fit(epochs=3, batch_size=4, verbose=0, engine=engine, **data)
    assert steps[0].params["scale"].shape == ()
    for name, value in steps[1].params.items():
        np.testing.assert_allclose(steps[0].params[name], value, rtol=1e-10)


@pytest.mark.skipif(find_compiler() is None, reason="no C compiler")
def from_zero(x, w, v):
    h = np.zeros((x.shape[0], 4))
    for i in range(2):
        h = np.tanh(x[:, 3 * i : 3 * i + 3] @ w + h @ v)
    return np.mean((h @ np.full((4, 2), 0.5)) ** 2)


@pytest.mark.skipif(find_compiler() is None, reason="no C compiler")
def test_products_with_one_number_all_over_in_c(monkeypatch):
    monkeypatch.setattr(engines, "compiled", partial(compiled, extra=QUICK))
    params = {"w": 0.3 * np.ones((3, 4)) * X[:3, :1], "v": np.eye(4) - 0.2}
    steps = [derivo.training_step(from_zero, params=params, x="N 6") for _ in range(2)]
    for step, engine in zip(steps, ("c", "numpy"), strict=True):
        step.fit(epochs=3, batch_size=4, verbose=0, engine=engine, x=np.hstack([X, X]))
    for name, value in steps[1].params.items():
        np.testing.assert_allclose(steps[0].params[name], value, rtol=1e-10)


@pytest.mark.skipif(find_compiler() is None, reason="no C compiler")
def test_what_c_cannot_do_runs_in_numpy_and_the_history_says_so(monkeypatch):
    monkeypatch.setattr(engines, "steps_worth_compiling", lambda *_: 0)
    step = derivo.training_step(masked, params={"w": np.ones((3, 2))},
                                series="S N 3", mask="S", t="N 2")  # fmt: skip
    data = {"series": np.ones((2, 11, 3)), "mask": np.ones(2), "t": T}
    history = step.fit(epochs=1, verbose=0, **data)
    assert history.engine.startswith("numpy (c cannot: series has its examples along")
    assert "\n" not in history.engine


def test_a_step_of_more_values_takes_longer_to_compile():
    graph = step_of(CASES["transformer"]).derivation.graph
    # 250 values, which take two seconds to compile, at about 0.3 ms a step.
    few = engines.steps_worth_compiling(graph, {"N": 8, "T": 3})
    assert 3000 < few < 30000
    # More work in a step is worth it sooner.
    assert engines.steps_worth_compiling(graph, {"N": 8, "T": 128}) < few


@pytest.mark.parametrize("optimizer", ["sgd", "adam"])
def test_a_network_trains_as_its_loss_does(optimizer):
    net = derivo.Network(Dense(5, "tanh"), Dense(2), loss="squared_error", dtype=float)
    net.build(3, optimizer=optimizer, seed=3)
    assert net._model is not None
    forward = net._model.forward
    start = net.parameters
    options = {"epochs": 3, "batch_size": 4, "seed": 3, **QUIET}
    history = net.fit(X, T, optimizer=optimizer, learning_rate=RATE, **options)
    step = derivo.training_step(
        forward.loss, params=start, optimizer=optimizer, learning_rate=RATE,
        inline="*", x="N 3", t="N 2",
    )  # fmt: skip
    assert step.source == net.derivation.source
    assert step.fit(x=X, t=T, **options)["loss"] == history["loss"]
    for name, value in step.params.items():
        assert np.array_equal(value, net.parameters[name])


# --- one by one -----------------------------------------------------------------------

needs_compiler = pytest.mark.skipif(find_compiler() is None, reason="no C compiler")


def called(step, engine, sizes=(4, 4, 3, 1, 6), **data):
    """Make a step on some rows each, and give the losses."""
    step.engine, at, losses = engine, 0, []
    for size in sizes:
        some = slice(at % 5, at % 5 + size)
        losses.append(step(**{k: v[some] for k, v in data.items()}))
        at += size
    return losses


@needs_compiler
@pytest.mark.parametrize("name", ["softmax regression", "nests", "embedding bag"])
@pytest.mark.parametrize("optimizer", ["sgd", "adam"])
def test_calls_make_the_same_steps_on_every_engine(name, optimizer, monkeypatch):
    monkeypatch.setattr(engines, "compiled", partial(compiled, extra=QUICK))
    steps = [step_of(CASES[name], optimizer=optimizer) for _ in range(3)]
    data = CASES[name].data
    expected = called(steps[0], "numpy", **data)
    np.testing.assert_allclose(called(steps[1], "c", **data), expected, rtol=1e-11)
    # In turns, with a look at the parameters, and from a copy.
    called(steps[2], "c", (4, 4), **data)
    other = copy.deepcopy(steps[2])
    called(other, "numpy", (3,), **data)
    called(steps[2], "numpy", (3,), **data)
    assert [s.state.steps for s in (steps[1], steps[2], other)] == [5, 3, 3]
    for a, b in zip(steps[2].state.values, other.state.values, strict=True):
        np.testing.assert_array_equal(a, b)
    a, b = (s.state.values for s in steps[:2])
    for new, old in zip(b, a, strict=True):
        np.testing.assert_allclose(new, old, rtol=1e-9, atol=1e-12)


@needs_compiler
def test_calls_go_on_from_parameters_that_are_set_and_fit_from_calls(monkeypatch):
    monkeypatch.setattr(engines, "compiled", partial(compiled, extra=QUICK))
    case, steps = CASES["two layers"], []
    for engine in ("numpy", "c"):
        step = step_of(case)
        first = called(step, engine, (4, 4), **case.data)
        step.params = case.params
        np.testing.assert_allclose(called(step, engine, (4,), **case.data), first[:1])
        history = step.fit(epochs=2, batch_size=4, verbose=0, **case.data)
        assert history.engine == engine
        called(step, engine, (2, 2), **case.data)
        steps.append(step)
    for a, b in zip(*(s.state.values for s in steps), strict=True):
        np.testing.assert_allclose(a, b, rtol=1e-9)


@needs_compiler
def test_auto_compiles_at_the_same_step_in_a_run_that_was_taken_up_again(monkeypatch):
    monkeypatch.setattr(engines, "compiled", partial(compiled, extra=QUICK))
    monkeypatch.setattr(one_by_one, "steps_worth_compiling", lambda *_: 3)
    monkeypatch.setattr(one_by_one, "reason_against", lambda *_: "")
    case = CASES["two layers"]
    whole, first, rest = (step_of(case) for _ in range(3))

    def more(step, calls):
        for _ in range(calls):
            called(step, "auto", (4,), **case.data)
        return step._one_by_one._engine is not None

    assert [more(whole, 3), more(whole, 3)] == [False, True]
    more(first, 2)
    rest.state = first.state
    assert [more(rest, 1), more(rest, 3)] == [False, True]
    for a, b in zip(whole.state.values, rest.state.values, strict=True):
        np.testing.assert_array_equal(a, b)


@needs_compiler
def test_a_compiled_step_on_what_is_not_finite_changes_nothing(monkeypatch):
    monkeypatch.setattr(engines, "compiled", partial(compiled, extra=QUICK))
    case = CASES["two layers"]
    step = step_of(case)
    called(step, "c", (4,), **case.data)
    before = step.state
    with pytest.raises(DivergenceError, match=r"(?s)in step 2.*argument x"):
        step(x=np.full((4, 3), np.inf), t=case.data["t"][:4])
    assert step.state.steps == before.steps
    for old, new in zip(before.values, step.state.values, strict=True):
        np.testing.assert_array_equal(old, new)


# --- batches --------------------------------------------------------------------------


def test_fit_makes_the_steps_that_calls_on_its_batches_make():
    case = CASES["two layers"]
    whole, single = step_of(case), step_of(case)
    history = whole.fit(epochs=1, batch_size=4, shuffle=False, x=X, t=T, **QUIET)
    losses = [single(x=X[k : k + 4], t=T[k : k + 4]) for k in (0, 4, 8)]
    expected = (4 * losses[0] + 4 * losses[1] + 3 * losses[2]) / 11
    assert history["loss"] == [pytest.approx(float(expected), rel=1e-12)]
    for a, b in zip(whole.state.values, single.state.values, strict=True):
        assert np.array_equal(a, b)
    assert whole.state.steps == single.state.steps == 3


def masked(series, mask, t, w):
    return np.mean(((series * mask[:, None, None]).sum(axis=0) @ w - t) ** 2)


def test_data_is_cut_along_its_axis_of_examples_and_else_handed_on_whole():
    series, mask = np.moveaxis(np.stack([X, 2 * X]), 2, 2), np.array([1.0, 0.5])
    steps = [
        derivo.training_step(masked, params={"w": np.ones((3, 2))},
                             series="S N 3", mask="S", t="N 2")
        for _ in range(2)
    ]  # fmt: skip
    assert series.shape == (2, 11, 3)
    steps[0].fit(epochs=1, batch_size=5, shuffle=False, series=series, mask=mask, t=T,
                 **QUIET)  # fmt: skip
    for rows in (slice(0, 5), slice(5, 10), slice(10, 11)):
        steps[1](series=series[:, rows], mask=mask, t=T[rows])
    assert np.array_equal(steps[0].params["w"], steps[1].params["w"])
    with pytest.raises(NotSupportedError, match=r"series .* axis 1"):
        steps[0].fit(epochs=1, series=series, mask=mask, t=T, verbose=0, engine="c")


def whole(x, w):
    return np.sum((x @ w - 1) ** 2)


def test_without_a_named_size_an_epoch_is_a_step():
    steps = [derivo.training_step(whole, params={"w": np.zeros(3)}, x=X)
             for _ in range(2)]  # fmt: skip
    history = steps[0].fit(epochs=3, batch_size=2, x=X, **QUIET)
    assert history["loss"] == [steps[1](x=X) for _ in range(3)]


def late(x, w):
    return np.mean((x[2:] @ w - 1) ** 2) + np.sum(x[:2] @ w)


def test_a_batch_for_which_slices_mean_something_else_is_derived_for_itself():
    step = derivo.training_step(late, params={"w": np.zeros(3)}, optimizer="sgd",
                                x="N 3")  # fmt: skip
    gradient = derivo.value_and_grad(late, 1)
    w = np.zeros(3)
    for rows in (slice(0, 5), slice(5, 10)):
        w -= 0.01 * gradient(X[rows], w)[1]
    step.fit(epochs=1, batch_size=5, shuffle=False, x=X[:10], **QUIET)
    np.testing.assert_allclose(step.params["w"], w, rtol=1e-12)


# --- what is held ---------------------------------------------------------------------


def pickled(thing):
    """Write something to a pickle and read it back."""
    return pickle.loads(pickle.dumps(thing))  # noqa: S301  our own


@pytest.mark.parametrize("way", ["pickle", "deepcopy", "state"])
def test_training_goes_on_from_a_copy_as_if_it_had_not_stopped(way):
    case = CASES["nests"]
    step = step_of(case)
    step.fit(epochs=1, batch_size=4, **case.data, **QUIET)
    if way == "state":
        other = step_of(case)
        other.state = pickled(step.state)
    else:
        other = copy.deepcopy(step)
        other = pickled(step) if way == "pickle" else other
    step.fit(epochs=2, batch_size=4, **case.data, **QUIET)
    other.fit(epochs=2, batch_size=4, **case.data, **QUIET)
    for a, b in zip(step.state.values, other.state.values, strict=True):
        assert np.array_equal(a, b)


def test_parameters_come_in_their_nests_and_can_be_set():
    case = CASES["nests"]
    step = step_of(case)
    model = step.params["model"]
    assert type(model) is type(case.params["model"])
    assert np.array_equal(model.layers[1]["w"], case.params["model"].layers[1]["w"])
    model.layers[1]["w"][:] = 0  # a copy
    before = step(**case.data)
    step.params = {"model": model}
    assert step(**case.data) != before
    model.head = (np.zeros((4, 3)), np.zeros(2))
    with pytest.raises(ShapeError, match=r"model.head.w has the shape \(4, 3\)"):
        step.params = {"model": model}
    with pytest.raises(UsageError, match="model is missing; other is not trained"):
        step.params = {"other": model}


def test_the_initial_values_stay_as_they_were():
    case = CASES["two layers"]
    before = copy.deepcopy(case.params)
    step_of(case)(**case.data)
    for name, value in before.items():
        assert np.array_equal(value, case.params[name])


def test_float32_stays_float32_whatever_comes_in():
    params = {k: v.astype(np.float32) for k, v in CASES["two layers"].params.items()}
    step = derivo.training_step(two_layers, params=params, x="N 3", t="N 2")
    assert step(x=X, t=T.tolist()).dtype == np.float32
    assert all(v.dtype == np.float32 for v in step.state.values)


@pytest.mark.parametrize(
    ("scale", "shift", "dtype"),
    [(1.0, np.float32(2), np.float32), (np.ones(3, np.float32), 2.0, np.float32),
     (np.ones(3, np.float32), np.float64(2), np.float32), (1.0, 2.0, np.float64)],
)  # fmt: skip
def test_numbers_among_the_parameters_take_the_type_of_the_others(scale, shift, dtype):
    step = derivo.training_step(lambda x, a, b: np.mean((a * x + b) ** 2),
                                params={"a": scale, "b": shift}, x="N 3")  # fmt: skip
    assert step(x=X).dtype == step.dtype == dtype


# --- text -----------------------------------------------------------------------------


def test_a_loss_that_is_one_function_gives_one_function():
    text = step_of(CASES["two layers"]).source
    assert text.count("def ") == 1
    assert text.index("# Forward.") < text.index("# Backward.") < text.index("# Update")


def test_functions_and_loops_stay_in_the_text():
    step = step_of(CASES["transformer"])
    for name in ("def transformer(", "def normed(", "def normed_backward(", "def adam(",
                 "def step("):  # fmt: skip
        assert name in step.source
    assert step.source_for("numpy") == step.source
    loop = step_of(CASES["LSTM"]).source
    assert "for i in range(x.shape[1]):" in loop
    assert "d_p = lstm_gradient(saved)" in loop
    assert loop.count("adam(") == 1 + 4


def scaled_step(parameter, gradient, learning_rate, step_number):
    del step_number
    size = np.sqrt(np.sum(gradient**2)) + 1.0
    return parameter - learning_rate * gradient / size


def test_rules_of_ones_own_are_traced():
    case = CASES["LSTM"]
    gradient = derivo.value_and_grad(lstm, 2)(*case.data.values(), case.params["p"])[1]
    step = step_of(case, scaled_step)
    step(**case.data)
    for name, g in gradient.items():
        size = np.sqrt(np.sum(g**2)) + 1.0
        expected = case.params["p"][name] - RATE * g / size
        np.testing.assert_allclose(step.params["p"][name], expected, rtol=1e-12)
    other = step_of(case, partial(adam, beta1=0.8))
    assert "0.8 * m" in other.source


def test_names_that_the_step_has_itself_are_avoided():
    def step(x, loss, saved_m):
        return np.sum((x @ loss[0]) ** 2) + saved_m**2

    own = derivo.training_step(step, params={"loss": [np.ones(3)], "saved_m": 2.0},
                               x="N 3", optimizer="sgd")  # fmt: skip
    value = np.sum((X @ np.ones(3)) ** 2) + 4
    assert own(x=X) == pytest.approx(value)
    assert own.derivation.name == "step_2"


def test_long_arrays_of_the_loss_are_not_written_out():
    long = np.linspace(0, 1, 300)

    def loss(x, w):
        return np.mean((x @ w * long - 1) ** 2)

    step = derivo.training_step(loss, params={"w": np.ones((3, 300))}, x="N 3")
    assert step(x=X) == pytest.approx(np.mean((X @ np.ones((3, 300)) * long - 1) ** 2))
    assert len(step.source) < 3000


def test_the_gradients_are_checked_and_explained():
    step = step_of(CASES["two layers"])
    assert step.check(trials=1, order=1).ok
    plain, with_numbers = step.explain("matrix"), step.explain("matrix", x=X, t=T)
    assert "w₂" in str(plain)
    assert len(str(with_numbers)) > len(str(plain))


# --- what cannot be -------------------------------------------------------------------


@pytest.mark.parametrize(
    ("changed", "kind", "text"),
    [
        ({"params": {}}, UsageError, "params={} is to be a dict of initial values"),
        ({"w3": np.ones(2)}, UsageError, "'w3' is not an argument of two_layers"),
        ({"b2": None}, UsageError, "b2=None holds nothing that can be trained"),
        ({"b2": 3}, UsageError, "b2=3 holds nothing that can be trained"),
        ({"b2": "2"}, UsageError, "b2='2' is a shape"),
        ({"b2": np.ones(2, int)}, DtypeError, "b2 holds integers"),
        ({"b2": np.ones(2, bool)}, DtypeError, "b2 holds truth values"),
        ({"b2": np.ones(2, np.float32)}, DtypeError, r"float32 \(b2\)"),
        ({"b2": np.ones(3)}, ShapeError, "do not fit together"),
    ],
)
def test_parameters_that_cannot_be_trained(changed, kind, text):
    params = {**CASES["two layers"].params, **changed}
    with pytest.raises(kind, match=text):
        derivo.training_step(
            two_layers, params=changed.get("params", params), x="N 3", t="N 2"
        )


def test_arguments_of_which_nothing_is_said():
    params = dict(CASES["two layers"].params)
    del params["b2"]
    with pytest.raises(UsageError, match=r"'b2' is an argument .* nothing is said of"):
        derivo.training_step(two_layers, params=params, x="N 3", t="N 2")
    with pytest.raises(UsageError, match="'w1' has an initial value in params and"):
        derivo.training_step(two_layers, params=CASES["two layers"].params, w1="3 5",
                             x="N 3", t="N 2")  # fmt: skip


def test_examples_are_not_as_many_as_a_parameter_has_columns():
    with pytest.raises(ShapeError, match="the number of examples, N, would have to be"):
        derivo.training_step(two_layers, params=CASES["two layers"].params, x="N 3",
                             t="N")  # fmt: skip


def test_a_loss_is_one_number():
    with pytest.raises(ShapeError, match=r"one number, and function gives \(N,\)"):
        derivo.training_step(lambda x, w: x @ w, params={"w": np.ones(3)}, x="N 3")


@pytest.mark.parametrize(
    ("data", "kind", "text"),
    [
        ({"x": X}, UsageError, "t is missing"),
        ({"x": X, "t": T, "z": X}, UsageError, "z is not an argument"),
        ({"x": X, "t": T, "w1": X}, UsageError, "'w1' is trained"),
        ({"x": X, "t": T[1:]}, ShapeError, r"t has the shape \(10, 2\).* axis 0"),
        ({"x": X[:, 1:], "t": T}, ShapeError, r"x has the shape \(11, 2\)"),
        ({"x": X[:0], "t": T[:0]}, DataError, "there are no examples"),
    ],
)
def test_batches_that_do_not_fit(data, kind, text):
    step = step_of(CASES["two layers"])
    with pytest.raises(kind, match=text):
        step(**data)
    with pytest.raises(kind, match=text):
        step.fit(epochs=1, **data, **QUIET)
    assert step.state.steps == 0


def test_other_words_are_refused_by_name():
    with pytest.raises(UsageError, match="did you mean 'adam'"):
        step_of(CASES["two layers"], "adamm")
    step = step_of(CASES["two layers"])
    with pytest.raises(UsageError, match="not the name of an engine"):
        step.source_for("fortran")
    with pytest.raises(UsageError, match="'seed' is an option of fit"):
        derivo.training_step(lambda x, seed, w: x @ seed @ w,
                             params={"w": np.ones(3)}, x="N", seed="N 3")  # fmt: skip
    with pytest.raises(UsageError, match="'learning_rate' is an argument of"):
        derivo.training_step(lambda x, learning_rate, w: np.sum(x @ w) * learning_rate,
                             params={"w": np.ones(3)}, x="N 3", shapes={
                                 "learning_rate": ""})  # fmt: skip


def logs(x, w):
    return np.mean(np.log(x @ w))


@pytest.mark.parametrize("way", ["call", "numpy", "c"])
def test_a_loss_that_is_not_a_number_names_step_and_operation(way):
    if way == "c" and find_compiler() is None:
        pytest.skip("no C compiler")
    step = derivo.training_step(logs, params={"w": np.ones(2)}, optimizer="sgd",
                                learning_rate=1.0, x="N 2")  # fmt: skip
    x = np.array([[0.5, 0.5], [1.0, 2.0], [-3.0, 1.0]])
    options: dict[str, Any] = {
        "epochs": 1,
        "batch_size": 1,
        "shuffle": False,
        "verbose": 0,
    }

    def train():
        if way != "call":
            step.fit(**options, engine=way, x=x)
        for k in range(3):
            step(x=x[k : k + 1])

    with pytest.raises(DivergenceError) as caught:
        train()
    where = "step 3." if way == "call" else "epoch 1, step 3 of 3."
    assert where in str(caught.value)
    assert "nan in the forward pass" in str(caught.value)
    # The weights are 1 - 0.5/1 - (1, 2)/1.5 by then.
    assert "`log` makes from matmul = -0.333333" in str(caught.value)
    assert "return np.mean(np.log(x @ w))" in str(caught.value)
    assert np.isfinite(step.params["w"]).all()


def test_data_that_is_not_finite_is_said_to_be():
    step = step_of(CASES["two layers"])
    x = X.copy()
    x[2, 1] = np.nan
    with pytest.raises(DivergenceError, match="leave out what is not finite"):
        step(x=x, t=T)
    assert step.state.steps == 0


def test_sizes_of_data_beside_the_rows():
    words = Spec("N L", "int")
    case = CASES["embedding bag"]
    assert case.specs["words"] == words
    step = step_of(case)
    for length in (1, 3, 5):
        assert np.isfinite(step(words=case.data["words"][:, :length], t=T))
    with pytest.raises(DtypeError, match="words holds float64 values"):
        step(words=case.data["words"] / 2, t=T)
