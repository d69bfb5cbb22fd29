"""Exported C99 compiles without a warning, and gives what NumPy gives."""

import shutil
import subprocess
import warnings

import numpy as np
import pytest

import derivo
from derivo.errors import NotSupportedError, UsageError
from derivo.graph.nest import leaves
from derivo.layers import Dense
from derivo.ops.catalogue import CATALOGUE
from tests.catalogue import CASES, LOOPS
from tests.test_compiled import PLACED, drawn
from tests.train.cortex_m4 import MACHINE, files_for
from tests.train.losses_to_train import CASES as LOSSES
from tests.train.test_training_step import step_of

STRICT = ["-Wall", "-Wextra", "-Werror", "-std=c99", "-pedantic"]
COMPILERS = [c for c in ("gcc", "clang") if shutil.which(c)]
ARM = shutil.which("arm-none-eabi-gcc")
needs_compiler = pytest.mark.skipif(not COMPILERS, reason="no gcc and no clang")


def compiled(folder, compiler="gcc", extra=()):
    texts = [str(folder / f) for f in ("model.c", "model_test.c")]
    out = str(folder / "model_test")
    command = [compiler, *STRICT, "-O0", *extra, *texts, "-o", out, "-lm"]
    run = subprocess.run(command, capture_output=True, text=True, check=False)
    assert run.returncode == 0, run.stderr
    return out


def tried(folder, compiler="gcc", extra=()):
    out = compiled(folder, compiler, extra)
    return subprocess.run([out], capture_output=True, text=True, check=False)


def network(units=4, activation="tanh", loss="cross_entropy", dtype=np.float32):
    layers = Dense(9, activation), Dense(5, "sigmoid"), Dense(units)
    return derivo.Network(*layers, loss=loss, dtype=dtype)


@needs_compiler
@pytest.mark.parametrize("compiler", COMPILERS)
@pytest.mark.parametrize(
    ("kind", "optimizer"),
    [
        ((4, "tanh", "cross_entropy", np.float32), "adam"),
        ((2, "mish", "squared_error", np.float64), "momentum"),
        ((1, "selu", "binary_cross_entropy", np.float32), "nesterov"),
        ((4, "relu", "cross_entropy", np.float64), "sgd"),
    ],
)
def test_a_network(kind, optimizer, compiler, tmp_path):
    net = network(*kind)
    net.build(6, optimizer=optimizer)
    run = tried(net.export(tmp_path, rows=5), compiler)
    assert run.returncode == 0
    assert run.stdout.count("ok\n") == 3
    net.export(tmp_path, rows=1, train=False)
    assert "static const real w1[54]" in (tmp_path / "model.c").read_text()
    run = tried(tmp_path, compiler, ["-fsanitize=address,undefined"])
    assert (run.returncode, run.stdout.count("ok\n")) == (0, 1)


@needs_compiler
def test_a_trained_network_goes_on_from_where_it_stands(tmp_path):
    net = network()
    rng = np.random.default_rng(0)
    net.fit(rng.normal(size=(30, 6)), rng.integers(0, 4, 30), epochs=2, verbose=0)
    net.export(tmp_path)
    text = (tmp_path / "model.c").read_text()
    assert f"static long steps = {net.state.steps};" in text
    assert tried(tmp_path).returncode == 0


@needs_compiler
def test_the_test_program_finds_what_is_wrong(tmp_path):
    net = network()
    net.build(6)
    text = (net.export(tmp_path) / "model.c").read_text()
    (tmp_path / "model.c").write_text(text.replace("tanhf(", "sinf(", 1))
    run = tried(tmp_path)
    assert run.returncode == 1
    assert "WRONG" in run.stdout


@needs_compiler
def test_the_test_program_finds_a_number_that_is_changed(tmp_path):
    case = LOSSES["LSTM"]
    expected = step_of(case).export(tmp_path, **case.data) / "expected.h"
    head, losses = expected.read_text().split("expected_losses[3] = {\n")
    first, *others = losses.split(",")
    changed = f"{float(first) * (1 + 1e-7)!r}"
    expected.write_text(
        f"{head}expected_losses[3] = {{\n{','.join([changed, *others])}"
    )
    run = tried(tmp_path)
    assert run.returncode == 1
    assert "WRONG" in run.stdout


@needs_compiler
@pytest.mark.parametrize("name", LOSSES)
def test_a_training_step(name, tmp_path):
    case = LOSSES[name]
    run = tried(step_of(case).export(tmp_path, **case.data))
    assert (run.returncode, run.stdout.count("ok\n")) == (0, 1), run.stdout


# A sample: products of stacks, rows, picks, a convolution, loops forwards and
# backwards, with numbers and with parts of lines as carries, several results.
FUNCTIONS = (
    "attention", "layer_norm", "embedding", "convolution_2d", "lstm_cell",
    "returns_backwards", "two_steps_back", "soft_warping", "two_moments",
)  # fmt: skip


@needs_compiler
@pytest.mark.parametrize("name", FUNCTIONS)
def test_a_function_and_its_gradients(name, tmp_path):
    case = (CASES | LOOPS)[name]
    dtype = np.float32 if name == "attention" else np.float64
    arrays = {
        k: a.astype(dtype) if a.dtype.kind == "f" else a
        for k, a in case.arrays().items()
    }
    d = derivo.derive(case.function, **case.specs)
    run = tried(d.export(tmp_path, **arrays), COMPILERS[-1])
    assert run.returncode == 0, run.stdout
    results = len([*leaves(d(**arrays))])
    gradients = len(d.by_path(d.gradients(**arrays)))
    assert run.stdout.count("ok\n") == 2 * results + gradients


@needs_compiler
def test_arguments_and_results_of_a_function_in_every_form(tmp_path):
    def odd(p, rows, factor):
        return {
            "picked": p["table"][rows] * factor, "same": p["c"], "one": p["b"],
            "none": np.zeros(2), "number": np.sum(p["b"] * factor),
        }  # fmt: skip

    p = {"table": np.arange(6.0).reshape(3, 2), "b": np.ones(1), "c": np.eye(2)}
    d = derivo.derive(
        odd,
        p={"table": "K 2", "b": "1", "c": "2 2"},
        rows=derivo.Spec("N", "int"),
        factor="",
    )
    given = {"p": p, "rows": np.array([0, -1]), "factor": 1.5}
    run = tried(d.export(tmp_path, **given))
    assert run.returncode == 0, run.stdout
    given["rows"] = np.array([0, 3])
    with pytest.raises(IndexError):
        d.export(tmp_path, **given)
    text = (tmp_path / "expected.h").read_text()
    (tmp_path / "expected.h").write_text(text.replace("0.0, -1.0\n", "0.0, 3.0\n"))
    run = tried(tmp_path)
    assert run.returncode == 1
    with pytest.raises(UsageError, match="without elements"):
        d.export(tmp_path, **{**given, "rows": np.array([], int)})


@needs_compiler
def test_sizes_are_called_as_they_like(tmp_path):
    def loss(x, t, w):
        return np.mean((np.tanh(x @ w) - t) ** 2)

    step = derivo.training_step(
        loss, params={"w": np.ones((4, 2))}, x="i j", t="i long"
    )
    rng = np.random.default_rng(0)
    x, t = rng.normal(size=(6, 4)), rng.normal(size=(6, 2))
    run = tried(step.export(tmp_path, x=x, t=t))
    assert (run.returncode, run.stdout.count("ok\n")) == (0, 1), run.stdout


@needs_compiler
def test_an_index_beyond_its_axis_changes_nothing(tmp_path):
    case = LOSSES["embedding bag"]
    step_of(case).export(tmp_path, **case.data)
    (name,) = (k for k, a in case.data.items() if a.dtype.kind == "i")
    text = (tmp_path / "expected.h").read_text()
    head, numbers = text.split(f"train_{name}[", 1)
    start = numbers.index("\n") + 1
    end = numbers.index(",", start)
    spoilt = f"{numbers[:start]}    1000.0{numbers[end:]}"
    (tmp_path / "expected.h").write_text(f"{head}train_{name}[{spoilt}")
    program = (tmp_path / "model_test.c").read_text()
    asked = "return !(losses[0] != losses[0] && losses[2] != losses[2]);"
    (tmp_path / "model_test.c").write_text(program.replace("return !fine;", asked))
    assert tried(tmp_path, extra=["-fsanitize=address,undefined"]).returncode == 0


@needs_compiler
def test_a_whole_number_that_is_too_large_changes_nothing(tmp_path):
    def loss(n, x, w):
        return np.mean(x * w * (n * 4096).astype(x.dtype))

    w = np.ones((), np.float32)
    step = derivo.training_step(
        loss, params={"w": w}, n=derivo.Spec("N", "int"), x="N", verify=False
    )
    asked = "return !(losses[0] != losses[0] && losses[2] != losses[2]);"
    for largest, code in ((7, 1), (5000, 0)):
        n = np.array([1, 2, largest])
        step.export(tmp_path, n=n, x=np.ones(3, np.float32))
        program = (tmp_path / "model_test.c").read_text()
        (tmp_path / "model_test.c").write_text(program.replace("return !fine;", asked))
        assert tried(tmp_path).returncode == code


@needs_compiler
def test_what_is_counted_over_a_whole_matrix(tmp_path):
    """Row by row, and then the numbers of the rows."""

    def loss(x, w):
        share = np.count_nonzero(x) / np.size(x)
        both = np.where(np.all(x > -9) & np.any(x > 0), 2.0, 3.0)
        return np.mean(x * w) * share * both * np.prod(1 + x / 100)

    step = derivo.training_step(loss, params={"w": np.ones(3)}, x="N 3", verify=False)
    x = np.random.default_rng(0).normal(size=(5, 3)) * (np.arange(3) > 0)
    run = tried(step.export(tmp_path, x=x))
    assert (run.returncode, run.stdout.count("ok\n")) == (0, 1), run.stdout


# Series that are written out in NumPy, or whose derivatives are.
SERIES = {"digamma", "gammaln", "i0", "polygamma", "trigamma"}
ELEMENTWISE = sorted(
    name for name, op in CATALOGUE.items()
    if "elementwise" in op.traits and op.samples is not None and name not in SERIES
    and not any(h.__name__.endswith("_scipy") for h in op.helpers)
)  # fmt: skip


@needs_compiler
def test_every_operation_and_its_gradient(tmp_path):
    def loss(operands, numbers):
        total = np.zeros(())
        for name in names:
            given = [
                numbers[key] if (key := f"{name}_{k}") in numbers else operands[key]
                for k in range(len(drawn(name)[0]))
            ]
            result = CATALOGUE[name](*given, **drawn(name)[1])
            total = total + np.mean(np.nan_to_num(result * 1.0))
        return total

    names = [*PLACED, *ELEMENTWISE]
    assert len(names) > 60
    every = {f"{n}_{k}": a for n in names for k, a in enumerate(drawn(n)[0])}
    operands = {k: a for k, a in every.items() if a.dtype.kind == "f"}
    numbers = {k: a for k, a in every.items() if a.dtype.kind != "f"}
    specs = {k: derivo.Spec(a.shape, a.dtype) for k, a in numbers.items()}
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # some have no derivative
        step = derivo.training_step(
        loss, params={"operands": operands}, numbers=specs, verify=False,
        optimizer="sgd", learning_rate=1e-3,
    )  # fmt: skip
    run = tried(step.export(tmp_path, numbers=numbers))
    assert run.returncode == 0, run.stdout


def test_what_has_no_form_is_refused_by_name(tmp_path):
    def in_order(x, w):
        return np.mean(np.sort(x @ w, axis=0)[0])

    step = derivo.training_step(in_order, params={"w": np.ones((3, 2))}, x="N 3")
    with pytest.raises(NotSupportedError, match="`sort` has no form in exported C"):
        step.export(tmp_path, x=np.ones((4, 3)))
    with pytest.raises(UsageError, match="no model yet"):
        network().export(tmp_path)
    net = network()
    net.build(6)
    with pytest.raises(UsageError, match="rows=0 must be an integer"):
        net.export(tmp_path, rows=0)
    (tmp_path / "file").touch()
    with pytest.raises(UsageError, match="cannot be written to"):
        net.export(tmp_path / "file")


@pytest.mark.skipif(ARM is None, reason="no compiler for Cortex-M")
def test_it_compiles_for_a_small_machine(tmp_path):
    net = network()
    net.build(6)
    net.export(tmp_path)
    out = str(tmp_path / "model.o")
    subprocess.run(
        [str(ARM), *MACHINE, *STRICT, "-Os", "-c", str(tmp_path / "model.c"),
         "-o", out], check=True,
    )  # fmt: skip
    names = subprocess.run(
        [str(shutil.which("arm-none-eabi-nm")), "-u", out],
        check=True,
        capture_output=True,
        text=True,
    ).stdout
    assert {"malloc", "free", "printf"}.isdisjoint(names.split())


@pytest.mark.skipif(
    ARM is None or shutil.which("qemu-system-arm") is None,
    reason="no Cortex-M4 to run on",
)
@pytest.mark.parametrize("name", ["network", "LSTM"])
def test_it_runs_on_a_small_machine(name, tmp_path):
    if name == "network":
        net = network()
        net.build(6)
        net.export(tmp_path, rows=8)
    else:
        case = LOSSES[name]
        step_of(case).export(tmp_path, **case.data)
    begin = [str(ARM), *MACHINE, "-print-file-name=rdimon-crt0.o"]
    found = subprocess.run(begin, check=True, capture_output=True, text=True).stdout
    texts = [str(tmp_path / f) for f in ("model.c", "model_test.c")]
    out = str(tmp_path / "model.elf")
    subprocess.run(
        [str(ARM), *MACHINE, "-Os", *texts, *files_for(tmp_path), found.strip(), "-o",
         out, "-lm"], check=True, capture_output=True,
    )  # fmt: skip
    run = subprocess.run(
        ["qemu-system-arm", "-machine", "mps2-an386", "-nographic",  # noqa: S607
         "-semihosting-config", "enable=on", "-kernel", out],
        check=False, capture_output=True, text=True, timeout=60,
    )  # fmt: skip
    assert run.returncode == 0, run.stdout
    assert run.stdout.count("ok\n") == (3 if name == "network" else 1)
