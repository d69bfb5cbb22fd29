"""The compiled step computes what the NumPy step computes."""

import subprocess
import warnings

import numpy as np
import pytest

import derivo
from derivo.errors import IndependentWarning
from derivo.layers import Dense
from derivo.layers.activations import ACTIVATIONS
from derivo.layers.losses import LOSSES
from derivo.ops.catalogue import CATALOGUE
from derivo.run.batches import Batches
from derivo.run.compiler import find_compiler, machine
from derivo.run.numpy_engine import NumpyEngine
from tests.train.c_steps import Case

pytestmark = pytest.mark.skipif(find_compiler() is None, reason="no C compiler")
RNG = np.random.default_rng(7)
X, T = RNG.normal(size=(23, 3)), np.eye(2)[RNG.integers(0, 2, 23)]


# --- every operation -----------------------------------------------------------------

# SciPy computes them, or they or their derivatives have no form in C.
WITHOUT = {"digamma", "gammaln", "i0", "polygamma", "trigamma"}
ELEMENTWISE = sorted(
    name for name, op in CATALOGUE.items()
    if "elementwise" in op.traits and op.inputs[-1][0] != "*" and name not in WITHOUT
    and not any(h.__name__.endswith("_scipy") for h in op.helpers)
)  # fmt: skip


def operands_of(op, n):
    """Give operands on which an operation is defined and smooth."""
    base = 0.5
    if not op.name.startswith("logical"):
        with np.errstate(all="ignore"):
            inner = op.compute(
                *(np.full(3, 0.5 + 0.1 * k) for k in range(len(op.inputs)))
            )
        base = 0.5 if np.isfinite(np.asarray(inner, float)).all() else 1.5
    operands = [
        base + 0.1 * k + 0.3 * np.tanh((k + 1) * n) for k in range(len(op.inputs))
    ]
    if op.name.startswith("logical"):
        operands = [v > base for v in operands]
    if op.name == "where":
        operands[0] = operands[0] > base
    return operands


def every_operation(n):
    total = n
    for name in ELEMENTWISE:
        op = CATALOGUE[name]
        total = total + n * op(*operands_of(op, n)) / 50
    return total


def test_every_elementwise_operation():
    assert len(ELEMENTWISE) > 60
    assert {"exp", "where", "maximum", "logical_not", "power", "erf"} <= set(
        ELEMENTWISE
    )
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", IndependentWarning)
        case = Case.of([Dense(4, every_operation), Dense(2)], "squared_error", (3, 2))
    case.compare(X, T, 4, rate=0.001)


ROWWISE = ("softmax", "softmin", "log_softmax")


def every_activation(n):
    others = [a.function for name, a in ACTIVATIONS.items() if name not in ROWWISE]
    return sum(f((1 + 0.1 * k) * n) for k, f in enumerate(others)) / 10


@pytest.mark.parametrize(
    ("dtype", "tolerance"), [(np.float64, 1e-12), (np.float32, 3e-5)]
)
def test_every_activation(dtype, tolerance):
    layers = [Dense(5, every_activation), *(Dense(5, r) for r in ROWWISE), Dense(2)]
    case = Case.of(layers, "squared_error", (3, 2), dtype=dtype)
    case.compare(X, T, 5, tolerance)


def every_loss(y, t):
    p = 1 / (1 + np.exp(-y))
    return sum(
        k.function(p, t) for k in LOSSES.values() if "logits" not in k.name
    ) + sum(k.function(y, t) for k in LOSSES.values() if "logits" in k.name)


def test_every_loss():
    case = Case.of([Dense(4, "tanh"), Dense(2)], every_loss, (3, 2))
    case.compare(X, T, 5)


@pytest.mark.parametrize("rule", ["sgd", "momentum", "nesterov", "adam"])
def test_update_rules(rule):
    case = Case.of([Dense(4, "tanh"), Dense(2)], "cross_entropy", (3, 2), rule=rule)
    case.compare(X, T, 5)


# --- what the user writes ------------------------------------------------------------


def batch_norm(n):
    centred = n - np.mean(n, axis=0)
    return centred / np.sqrt(np.mean(centred**2, axis=0) + 1e-5)


def layer_norm(n):
    centred = n - np.mean(n, axis=1, keepdims=True)
    return centred / np.sqrt(np.var(n, axis=1, keepdims=True) + 1e-5)


def similar_rows(n):
    return np.tanh(n @ n.T) @ n


def by_columns(n):
    return n * np.exp(n) / np.sum(np.exp(n), axis=0)


def whole_scale(n):
    return n / np.sqrt(np.sum(n * n) + 1)


def gated(n):
    return np.where(n > 0.1, n, 0.3 * n) * np.abs(n) ** 1.5


def sums(n):
    return np.tanh(n * n.sum(axis=1)[:, None] + n.sum(axis=0)[None] * n.mean())


def with_arrays(n):
    weights = np.linspace(0.5, 1.5, 5)
    mixing = np.cos(np.arange(25.0)).reshape(5, 5)
    return (n * weights) @ mixing


def in_parts(n):
    left, right = n[:, :2], n[:, ::-1][:, 2:]
    turned = np.reshape(np.swapaxes(np.reshape(n, (-1, 5, 1)), 1, 2), (-1, 5))
    return turned + np.concatenate([right, left], axis=1) * np.tril(np.ones((1, 5)))


def test_functions_of_the_user():
    functions = [batch_norm, layer_norm, similar_rows, by_columns, whole_scale, gated]
    functions += [sums, with_arrays, in_parts]
    layers = [Dense(5, f) for f in functions]
    case = Case.of([*layers, Dense(2)], "squared_error", (3, 2))
    for threads in (1, 2):
        case.compare(X, T, 20, 1e-10, threads=threads)


def pairs(n):
    together = np.tanh(n[:, :, None] * n[:, None, :])
    return together.sum(axis=2) + np.mean(together, axis=1) * together.mean()


def test_arrays_of_three_axes_on_any_number_of_threads():
    case = Case.of([Dense(5, pairs), Dense(2)], "squared_error", (3, 2))
    for threads in (1, 3):
        case.compare(np.tile(X, (4, 1)), np.tile(T, (4, 1)), 50, threads=threads)


def test_square_arrays_are_not_mixed_up():
    # All sizes are 3: axes can only be told apart by their places.
    x, t = RNG.normal(size=(3, 3)), RNG.normal(size=(3, 3))
    layers = [Dense(3, similar_rows), Dense(3, sums), Dense(3)]
    Case.of(layers, "squared_error", (3, 3)).compare(x, t, 3)


# --- sizes ---------------------------------------------------------------------------


def test_batches_of_any_size_and_layers_of_any_width():
    widths = (1, 2, 7, 8, 17, 33)
    layers = [Dense(n, "tanh") for n in widths]
    case = Case.of([*layers, Dense(3)], "cross_entropy", (5, 3), rule="adam")
    x, t = RNG.normal(size=(71, 5)), np.eye(3)[RNG.integers(0, 3, 71)]
    for batch in (1, 6, 20, 70, 71, 100):
        case.compare(x, t, batch, 1e-11)


@pytest.mark.parametrize("columns", [1, 2])
def test_few_columns(columns):
    t = X[:, :columns]
    case = Case.of(
        [Dense(columns, "tanh"), Dense(columns)], "squared_error", (columns, columns)
    )
    case.compare(t, t**2, 4)


def test_the_number_of_threads_changes_nothing():
    layers = [Dense(50, "tanh"), Dense(40, layer_norm), Dense(35, batch_norm), Dense(9)]
    case = Case.of(layers, "cross_entropy", (20, 9), rule="momentum", dtype=np.float32)
    x, t = RNG.normal(size=(130, 20)), np.eye(9)[RNG.integers(0, 9, 130)]
    case.compare(x, t, 60, 1e-4)
    losses, values = case.compiled(x, t, 60)
    for threads in (2, 3, 7):
        again, others = case.compiled(x, t, 60, threads=threads)
        assert again == losses
        for one, other in zip(values, others, strict=True):
            assert np.array_equal(one, other)


# --- what cannot be ------------------------------------------------------------------


def test_a_failed_step_is_reported_with_its_loss():
    x = X.copy()
    x[5, 0] = 1e200
    case = Case.of([Dense(2)], "squared_error", (3, 2))
    engine = case.engine(x, T, 4)
    result = engine.epoch(case.start, np.arange(23), 1, lambda _n: None)
    assert result.bad_step == 1
    assert result.loss == np.inf
    plain = NumpyEngine(case.step.function, Batches.of_rows(x, T), 4, 0.05)
    expected = plain.epoch(case.start, np.arange(23), 1, lambda _n: None)
    assert expected.bad_step == 1
    for a, b in zip(result.values, expected.values, strict=True):
        np.testing.assert_allclose(a, b, rtol=1e-12)
    fine = engine.epoch(case.start, np.arange(4), 1, lambda _n: None)
    assert fine.bad_step is None


# --- long sums, denormal numbers, memory ----------------------------------------------


def half_square(y, t):
    return np.sum((y - t) ** 2) / (2 * y.shape[0])


def test_sums_of_many_numbers_keep_their_digits():
    rows = 10_000_000
    x = RNG.uniform(size=(rows, 1)).astype(np.float32)
    t = np.zeros_like(x)
    case = Case.of([Dense(1)], half_square, (1, 1), dtype=np.float32)
    (loss,), values = case.compiled(x, t, rows, epochs=1, rate=1.0)
    weight, bias = (float(v.ravel()[0]) for v in case.start)
    y = x.astype(np.float64) * weight + bias
    assert loss == pytest.approx(np.mean(y * y) / 2, rel=1e-6)
    found = [float(v.ravel()[0]) for v in values]
    wanted = [weight - np.mean(y * x), bias - np.mean(y)]
    assert found == pytest.approx(wanted, rel=1e-6)


def test_sums_over_many_rows_of_a_matrix():
    rows = 500_000
    x = RNG.uniform(size=(rows, 2)).astype(np.float32)
    case = Case.of([Dense(3)], half_square, (2, 3), dtype=np.float32)
    _, (_, bias) = case.compiled(x, np.zeros((rows, 3)), rows, epochs=1, rate=1.0)
    y = x.astype(np.float64) @ case.start[0] + case.start[1]
    np.testing.assert_allclose(bias, case.start[1] - y.mean(axis=0), rtol=1e-6)


def test_denormal_numbers_stay_what_they_are():
    Case.of([Dense(4, "tanh"), Dense(2)], "cross_entropy", (3, 2)).compiled(X, T, 5)
    assert np.float32(1e-45) * np.float32(1) != 0
    assert float(np.float64(1e-310) * 1) == 1e-310


MAIN = """
#include <stdio.h>
int main(void) {{
    static real data[2][{rows} * 64], values[{kept}][4096];
    double loss[2] = {{0, 0}};
    for (int k = 0; k < 2; ++k)
        for (int i = 0; i < {rows} * 64; ++i)
            data[k][i] = (real)((i * 7 + k) % 11) / 11;
    struct step *s = step_open((long[]){{20}});
    for (int k = 0; k < 2; ++k) step_give(s, k, data[k]);
    for (int k = 0; k < {kept}; ++k) {{
        for (int i = 0; i < 4096; ++i) values[k][i] = (real)((i * 5 + k) % 7 - 3) / 10;
        step_put(s, k, values[k]);
    }}
    step_number_is(s, 0, 0.01);
    for (int threads = 1; threads < 4; ++threads)
        if (step_run(s, NULL, {rows}, 20, 0, 3, 1, threads, loss) != -1) return 1;
    for (int k = 0; k < {kept}; ++k) step_get(s, k, values[k]);
    step_close(s);
    return 0;
}}
"""


def test_it_stays_within_its_memory(tmp_path):
    layers = [Dense(17, "tanh"), Dense(9, layer_norm), Dense(6, batch_norm), Dense(5)]
    net = derivo.Network(*layers, dtype=np.float32)
    net.build(7, optimizer="momentum")
    kept = len(net.state.values)
    source, program = tmp_path / "step.c", tmp_path / "step"
    source.write_text(net.source_for("c") + MAIN.format(rows=47, kept=kept))
    found = find_compiler()
    assert found is not None
    sanitized = ("-fsanitize=address,undefined", "-fno-sanitize-recover=all")
    flags = ["-std=gnu11", "-O1", "-Wno-psabi", *machine().flags, *sanitized]
    built = subprocess.run(
        [*found.command, *flags, str(source), "-o", str(program), "-lm", "-lpthread"],
        check=False, capture_output=True, text=True,
    )  # fmt: skip
    if "cannot find" in built.stderr:
        pytest.skip("this compiler comes without its sanitizers")
    assert built.returncode == 0, built.stderr
    ran = subprocess.run([str(program)], check=False, capture_output=True, text=True)
    assert (ran.returncode, ran.stderr) == (0, "")
