"""Compiled derivations give what derivations give, on the whole catalogue."""

import re
import warnings
from functools import cache, partial
from pathlib import Path

import numpy as np
import pytest

import derivo
import derivo.compiled
from derivo.emit.c.module import left_to_numpy
from derivo.errors import DtypeError, NotSupportedError, ShapeError, UsageError
from derivo.graph.nest import leaves
from derivo.ops.catalogue import CATALOGUE
from derivo.run import c_function, compiler
from tests.catalogue import CASES
from tests.train.c_steps import Fixed

pytestmark = pytest.mark.skipif(
    compiler.find_compiler() is None, reason="no C compiler"
)


@pytest.fixture(autouse=True)
def quick(monkeypatch):
    """Compile without optimising: the order of every sum is the same."""
    fast = partial(compiler.compiled, extra=("-O0",))
    monkeypatch.setattr(derivo.compiled, "compiled", fast)


def close(found, wanted, scale, tolerance=0.0):
    for a, b in zip(leaves(found), leaves(wanted), strict=True):
        assert np.shape(a) == np.shape(b)
        assert np.asarray(a).dtype == np.asarray(b).dtype
        within = max(tolerance, 1e-12)
        np.testing.assert_allclose(a, b, rtol=within, atol=within * scale)


@pytest.mark.parametrize("name", sorted(CASES))
def test_every_case_of_the_catalogue(name):
    case = CASES[name]
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        d = derivo.derive(case.function, **case.specs)
    compiled = d.compile()
    arrays = case.arrays()
    value, gradients = d.value_and_gradients(**arrays)
    found, others = compiled.value_and_gradients(**arrays)
    scale = max(1.0, *(float(np.abs(v).max(initial=0)) for v in leaves(value)))
    close(found, value, scale)
    close(others, gradients, scale)


# --- every operation -----------------------------------------------------------------

PLACED = sorted(
    name for name, op in CATALOGUE.items()
    if op.inputs and op.element is not None and "elementwise" not in op.traits
    and name not in {"stop_gradient", "put"}  # `put` writes at computed places, too
)  # fmt: skip
OPERATIONS = sorted(n for n, op in CATALOGUE.items() if op.inputs and n != "argument")


def drawn(name):
    """Draw operands and attributes of an operation."""
    op, rng = CATALOGUE[name], np.random.default_rng(1)
    arrays = [rng.normal(size=(3, 4)) for _ in op.inputs]
    attrs = {"axis": 1} if "axis" in op.attrs else {}
    if op.samples is not None:
        arrays, attrs = op.samples(rng)
    return [np.asarray(a) for a in arrays], attrs


def every_operation(operands):
    """Apply each operation to operands of its own."""
    results = []
    for name in OPERATIONS:
        arrays, attrs = drawn(name)
        given = [operands[f"{name}_{k}"] for k in range(len(arrays))]
        results.append(CATALOGUE[name](*given, **attrs))
    return tuple(results)


@cache
def derived():
    """Derive all operations in one function; give that, and its operands."""
    operands = {
        f"{name}_{k}": array
        for name in OPERATIONS
        for k, array in enumerate(drawn(name)[0])
    }
    specs = {k: derivo.Spec(a.shape, a.dtype) for k, a in operands.items()}
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        return derivo.derive(every_operation, operands=specs, verify=False), operands


@pytest.mark.parametrize("threads", [1, 3])
def test_every_operation(threads, monkeypatch):
    assert len(OPERATIONS) == sum(bool(op.inputs) for op in CATALOGUE.values())
    d, operands = derived()
    monkeypatch.setattr(c_function, "available_cores", lambda: threads)
    monkeypatch.setattr(c_function, "Pace", Fixed)
    value, gradients = d.value_and_gradients(operands)
    found, others = d.compile().value_and_gradients(operands)
    close(found, value, 10)
    close(others, gradients, 10)


def test_what_is_left_to_numpy_is_what_the_page_says():
    d, _ = derived()
    computation = d.compile()._computation(with_gradients=True).prepared()
    left = {node.op.name for node in left_to_numpy(computation)}
    page = Path(__file__).parents[1] / "docs" / "compiled.md"
    table = page.read_text("utf-8").split("operations that NumPy computes |")[1]
    assert set(re.findall(r"`(\w+)`", table.split("\n\n")[0])) == left


def test_every_operation_in_float32_is_as_exact_as_in_numpy():
    """Beside NumPy in float64 on the same numbers: see `as_exact`."""
    d, operands = derived()
    narrow = {
        k: a.astype(np.float32) if a.dtype.kind == "f" else a
        for k, a in operands.items()
    }
    wide = {
        k: a.astype(np.float64) if a.dtype == np.float32 else a
        for k, a in narrow.items()
    }
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        exact, numpy, ours = (
            list(leaves(run.value_and_gradients(given)))
            for run, given in ((d, wide), (d, narrow), (d.compile(), narrow))
        )
    assert len(ours) > 2 * len(OPERATIONS)
    names = [*OPERATIONS, *(f"gradient {k}" for k in range(len(ours)))]
    for name, found, other, true in zip(names, ours, numpy, exact, strict=False):
        assert np.asarray(found).dtype == np.asarray(other).dtype, name
        assert as_exact(found, other, true), name


def as_exact(found, numpy, exact):
    """Tell whether an error is at most four times that of NumPy, and 1e-6 of 1.

    Of 1, or of the largest element if that is larger.
    """
    found, numpy, exact = (np.asarray(a, float) for a in (found, numpy, exact))
    if not np.array_equal(np.isfinite(found), np.isfinite(numpy)):
        return False
    fine = np.isfinite(exact)
    scale = np.abs(exact[fine]).max(initial=1)
    error, others = (np.abs(a - exact)[fine].max(initial=0) for a in (found, numpy))
    return error <= 4 * others + 1e-6 * scale


def questions(x, k):
    """Ask about rows that do not fill a register, and about all."""
    return (
        np.all(x > 0, axis=1), np.any(x > 0, axis=1), np.all(x), np.any(x == 7),
        np.count_nonzero(x, axis=1), np.count_nonzero(x), np.max(-x, axis=1),
        np.prod(1 + x, axis=1), np.min(x), np.sum(x, axis=1), np.mean(x, axis=1),
        np.all(k * k >= k, axis=1), np.all(x > 0), np.prod(x + 2),
        np.any(k > 3, axis=1),
    )  # fmt: skip


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_what_fills_up_a_register_does_not_count(dtype):
    d = derivo.derive(questions, x="N K", k=derivo.Spec("N K", "int"), verify=False)
    fast = d.compile()
    for n, k in ((1, 1), (3, 4), (2, 5), (5, 9), (7, 17), (40, 3)):
        x = np.arange(1, n * k + 1, dtype=dtype).reshape(n, k) / (n * k)
        for given in (x, -x, x * (x > x.max() / 2)):
            whole = (given * 5).astype(int)
            close(fast(given, whole), d(given, whole), 1, 1e-6 if dtype != float else 0)


def passed_over(x):
    return (
        np.nanmax(x, axis=1), np.nanmin(x, axis=0), np.nanmax(x),
        np.maximum.accumulate(x, axis=1), np.minimum.accumulate(x, axis=0),
        np.max(x, axis=0), np.min(x), np.repeat(x, 3, axis=0), np.repeat(x, 2),
        np.lib.stride_tricks.sliding_window_view(x, (2, 3)),
    )  # fmt: skip


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_extremes_of_what_is_no_number(dtype):
    x = np.random.default_rng(0).normal(size=(4, 5)).astype(dtype)
    x[1], x[2, 3], x[0, 1], x[3, 0] = np.nan, np.nan, np.inf, -np.inf
    d = derivo.derive(passed_over, x="N K", verify=False)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # a row of NaN alone
        expected = d(x)
    for found, wanted in zip(d.compile()(x), expected, strict=True):
        np.testing.assert_array_equal(found, wanted)


def layer(x, w, b):
    n = x @ w + b
    return {"y": np.tanh(n), "sums": n.sum(axis=0), "first": w}


def test_several_results_other_sizes_and_an_upstream():
    d = derivo.derive(layer, x="N D", w="D K", b="K")
    compiled = d.compile()
    rng = np.random.default_rng(0)
    for n, m, k in ((5, 3, 4), (1, 1, 1), (33, 17, 9), (2, 40, 33), (5, 3, 4)):
        x, w, b = rng.normal(size=(n, m)), rng.normal(size=(m, k)), rng.normal(size=k)
        upstream = {
            "y": rng.normal(size=(n, k)), "sums": rng.normal(size=k),
            "first": rng.normal(size=(m, k)),
        }  # fmt: skip
        value, gradients = d.value_and_gradients(upstream, x, w, b)
        found, others = compiled.value_and_gradients(upstream, x, w, b)
        assert set(found) == set(value)
        close(found, value, 10)
        close(others, gradients, 10)
        close(compiled(x, w, b), value, 10)
        close(compiled.gradients(x=x, w=w, b=b), d.gradients(x, w, b), 10)


def loss(y, t):
    return np.mean((y - t) ** 2)


def test_a_loss_its_factor_and_its_type():
    d = derivo.derive(loss, y="N", t="N")
    y, t = np.linspace(0, 1, 7), np.ones(7)
    for dtype in (np.float32, np.float64):
        compiled = d.compile(dtype=dtype)
        value, gradients = compiled.value_and_gradients(3.0, y, t)
        assert value.dtype == gradients["y"].dtype == dtype
        np.testing.assert_allclose(gradients["y"], 6 * (y - t) / 7, rtol=1e-6)
    narrow = d.compile().gradients(y.astype(np.float32), t.astype(np.float32))
    assert narrow["y"].dtype == np.float32


def shifted(x, k):
    return np.sum(x * (k > 2))


def test_integers_come_in_as_they_are_or_not_at_all():
    d = derivo.derive(shifted, x="N", k=derivo.Spec("N", "int"))
    x, k = np.arange(4.0), np.array([1, 2, 3, 4])
    assert d.compile()(x, k) == d(x, k)
    with pytest.raises(NotSupportedError, match="integers that float32 cannot hold"):
        d.compile(dtype=np.float32)(x, k + 2**24)


def test_bad_calls_are_told_as_they_are_by_the_derivation():
    d = derivo.derive(loss, y="N", t="N")
    with pytest.raises(ShapeError, match="t has the shape"):
        d.compile()(np.zeros(3), np.zeros(4))
    with pytest.raises(UsageError, match="functions are compiled by engine='c'"):
        d.compile(engine="numpy")
    with pytest.raises(DtypeError, match="float32 or float64"):
        d.compile(dtype=np.float16)


def test_its_text_can_be_read():
    text = derivo.derive(loss, y="N", t="N").compile().source_for(np.float32)
    assert text.startswith("/* loss, and its gradients. */")
    assert "d_y" in text


def largest(x):
    return np.max(x)


def test_what_is_empty_is_what_it_is_in_numpy():
    d = derivo.derive(loss, y="N", t="N")
    with np.errstate(all="ignore"), warnings.catch_warnings():
        warnings.simplefilter("ignore")
        assert np.isnan(d.compile()(np.zeros(0), np.zeros(0)))
        with pytest.raises(ValueError, match="zero-size array"):
            derivo.derive(largest, x="N").compile()(np.zeros(0))


def picked(x, rows):
    return x[rows].sum(axis=0)


def test_an_index_beyond_its_axis_is_an_error():
    d = derivo.derive(picked, x="N M", rows=derivo.Spec("K", "int"))
    compiled, x = d.compile(), np.arange(12.0).reshape(4, 3)
    for rows in ([0, -1, 3], [-4, 2, 2]):
        value, gradients = d.value_and_gradients(x, np.array(rows))
        found, others = compiled.value_and_gradients(x, np.array(rows))
        close(found, value, 1)
        close(others, gradients, 1)
    for beyond in (4, -5):
        with pytest.raises(IndexError, match="out of bounds"):
            compiled(x, np.array([0, beyond, 1]))
    close(compiled(x, np.array([0, 1])), d(x, np.array([0, 1])), 1)


@pytest.mark.parametrize(
    "sizes", [("i", "j"), ("now", "s"), ("long", "sum"), ("N", "N_size")]
)
def test_sizes_are_called_as_they_like(sizes):
    """Letters of loops, words of C and of the text are no names that are taken."""
    n, m = sizes

    def inside(a, b):
        return np.tanh(a @ b)

    d = derivo.derive(inside, a=f"{n} {m}", b=f"{m} {n}")
    rng = np.random.default_rng(0)
    a, b = rng.normal(size=(3, 4)), rng.normal(size=(4, 3))
    upstream = rng.normal(size=(3, 3))
    c = d.compile(engine="c")
    close(c(a, b), d(a, b), 1)
    close(c.gradients(upstream, a, b), d.gradients(upstream, a, b), 1)


# Functions of a square matrix in which something is made of sizes alone.
MADE = {
    "fill": lambda x: np.full(x.shape, 0.5) * x,
    "arange": lambda x: x * np.arange(len(x)),
    "eye": lambda x: x @ np.eye(len(x), k=1),
    "triangle": lambda x: (
        x[np.triu_indices(len(x), k=1)] * x[np.tril_indices(len(x), -1)]
    ),
}


def test_what_is_made_of_sizes_alone_is_made_in_compiled_text():
    made = {
        n for n, op in CATALOGUE.items() if not op.inputs and "leaf" not in op.traits
    }
    assert made == set(MADE)
    x = np.random.default_rng(0).normal(size=(6, 6))
    for function in MADE.values():
        d = derivo.derive(function, x="N N")
        value, gradients = d.value_and_gradients(x=x, upstream=np.ones_like(d(x=x)))
        found = d.compile().value_and_gradients(x=x, upstream=np.ones_like(d(x=x)))
        close(found[0], value, 10.0)
        close(found[1], gradients, 10.0)
