"""Gradients through a loop over time, against numbers that derivo has no part in."""

from __future__ import annotations

from functools import cache

import numpy as np
import pytest

import derivo
from derivo.graph.loop import Loop
from derivo.ops import scan
from derivo.verify.backward import check_backward
from tests.numerical import central_difference, complex_step, flat
from tests.scan.programs import PROGRAMS, lstm, rnn

BOTH = pytest.mark.parametrize("simplify", [True, False], ids=["short", "raw"])
EVERY = pytest.mark.parametrize("case", PROGRAMS.values(), ids=list(PROGRAMS))


@cache
def derived(name, simplify=True):
    case = PROGRAMS[name]
    return derivo.derive(case.function, simplify=simplify, **case.specs)


def adjoints(case, arrays):
    rng = np.random.default_rng(1)
    return [rng.normal(size=np.shape(y)) for y in flat(case.function(**arrays))]


def given(upstream):
    return tuple(upstream) if len(upstream) > 1 else upstream[0]


@BOTH
@EVERY
def test_the_emitted_loop_gives_what_the_python_loop_gives(case, simplify):
    arrays = case.arrays()
    expected, actual = (
        flat(case.function(**arrays)),
        flat(derived(case.name, simplify)(**arrays)),
    )
    for e, a in zip(expected, actual, strict=True):
        assert np.shape(e) == np.shape(a)
        np.testing.assert_allclose(a, e, rtol=1e-12, atol=1e-13)


@BOTH
@EVERY
def test_gradients_equal_numerical_derivatives(case, simplify):
    arrays = case.arrays()
    upstream = adjoints(case, arrays)
    gradients = derived(case.name, simplify).gradients(given(upstream), **arrays)
    method = complex_step if case.is_analytic else central_difference
    tolerance = 1e-9 if case.is_analytic else 1e-6
    rng = np.random.default_rng(2)
    for name, gradient in gradients.items():
        assert np.shape(gradient) == np.shape(arrays[name])
        direction = rng.normal(size=np.shape(arrays[name]))
        expected = method(case.function, arrays, upstream, name, direction)
        scale = np.abs(gradient * direction).sum() + 1
        got = np.sum(gradient * direction)
        assert got == pytest.approx(expected, abs=tolerance * scale)


@EVERY
def test_float32_in_gives_float32_out(case):
    arrays = {
        k: v.astype(np.float32) if v.dtype == np.float64 else v
        for k, v in ((k, np.asarray(v)) for k, v in case.arrays().items())
    }
    wide = case.function(**case.arrays())
    upstream = [np.ones(np.shape(y), np.float32) for y in flat(wide)]
    output, gradients = derived(case.name).value_and_gradients(
        given(upstream), **arrays
    )
    for value in (*flat(output), *gradients.values()):
        assert np.asarray(value).dtype in (np.float32, np.bool_, np.int64)
    assert any(np.asarray(v).dtype == np.float32 for v in flat(output))


@BOTH
@pytest.mark.parametrize("steps", [0, 1, 2])
@pytest.mark.parametrize(
    "name", ["rnn", "lstm", "two_carries", "backwards", "smoothing"]
)
def test_few_steps_or_none(name, steps, simplify):
    case = PROGRAMS[name]
    arrays = case.arrays()
    arrays["x"] = arrays["x"][:steps]
    d = derived(name, simplify)
    upstream = adjoints(case, arrays)
    output, gradients = d.value_and_gradients(given(upstream), **arrays)
    for e, a in zip(flat(case.function(**arrays)), flat(output), strict=True):
        assert np.shape(e) == np.shape(a)
        np.testing.assert_allclose(a, e, rtol=1e-12)
    rng = np.random.default_rng(2)
    for k, g in gradients.items():
        direction = rng.normal(size=np.shape(arrays[k]))
        expected = complex_step(case.function, arrays, upstream, k, direction)
        assert np.sum(g * direction) == pytest.approx(expected, abs=1e-10)


def unrolled_rnn(x, h0, w, u, b):
    h, hs = h0, []
    for t in range(5):
        h = np.tanh(x[t] @ w + h @ u + b)
        hs.append(h)
    return np.stack(hs)


def unrolled_lstm(x, h0, c0, w, u, b):
    h, c, hs = h0, c0, []
    for t in range(5):
        z = x[t] @ w + h @ u + b
        i, f, o = (1 / (1 + np.exp(-z[:, 3 * k : 3 * k + 3])) for k in range(3))
        c = f * c + i * np.tanh(z[:, 9:])
        h = o * np.tanh(c)
        hs.append(h)
    return np.stack(hs), c


@pytest.mark.parametrize(
    ("function", "unrolled"), [(rnn, unrolled_rnn), (lstm, unrolled_lstm)]
)
@pytest.mark.parametrize("named", [True, False], ids=["T", "5"])
def test_a_scan_and_the_same_loop_unrolled_agree(function, unrolled, named):
    case = PROGRAMS[function.__name__]
    arrays = case.arrays()
    arrays["x"] = arrays["x"][:5]
    fixed = {**case.specs, "x": "5 N L"}
    kept = derivo.derive(function, **(case.specs if named else fixed))
    loop = derivo.derive(unrolled, **fixed)
    upstream = given(adjoints(case, arrays))
    one, other = kept.gradients(upstream, **arrays), loop.gradients(upstream, **arrays)
    for name in one:
        np.testing.assert_allclose(one[name], other[name], rtol=1e-11, atol=1e-13)


@pytest.mark.parametrize("wrt", ["x", "h0", "w", ("u", "b"), ("b", "x")])
def test_gradients_for_some_arguments_alone(wrt):
    case = PROGRAMS["rnn"]
    arrays = case.arrays()
    upstream = given(adjoints(case, arrays))
    some = derivo.derive(rnn, wrt=wrt, **case.specs).gradients(upstream, **arrays)
    every = derived("rnn").gradients(upstream, **arrays)
    assert list(some) == list((wrt,) if isinstance(wrt, str) else wrt)
    for name, gradient in some.items():
        np.testing.assert_allclose(gradient, every[name], rtol=1e-12)


@pytest.mark.parametrize(
    "name",
    ["rnn", "smoothing", "cumulative_product", "a_loop_in_a_loop", "skipping", "words"],
)
def test_the_check_agrees_second_derivatives_too(name):
    report = derived(name).check(trials=1)
    assert report.ok, str(report)
    assert any(row.kind == "second" and row.verdict == "right" for row in report.rows)


def test_the_check_finds_a_wrong_rule_inside_a_loop(monkeypatch):
    d = derivo.derive(rnn, **PROGRAMS["rnn"].specs)
    op = next(n.op for n in _inside(d) if n.op.name == "tanh")
    right = op.vjp
    monkeypatch.setitem(op.__dict__, "vjp", lambda g, y, x: (-right(g, y, x)[0],))
    report = derivo.derive(rnn, **PROGRAMS["rnn"].specs).check(trials=1)
    assert not report.ok
    wrong = {
        row.operation
        for row in report.rows
        if row.kind == "rule" and row.verdict == "wrong"
    }
    assert wrong == {"tanh"}


def _forwards(carries, slices, fixed, following, _reverse):
    return Loop(carries, slices, fixed, following, reverse=False)


def _the_step_itself(node, value, _is_stacked, recorder):
    """Give a carry as the step leaves it, not as the step finds it."""
    loop = node.attrs["loop"]
    if value in loop.slices:
        return node.inputs[loop.bound.index(value)]
    after = dict(zip(loop.carries, loop.following, strict=True)).get(value, value)
    return recorder.builder.make(scan.stack, (node,), {"of": after})


@pytest.mark.parametrize(
    ("name", "fault"), [("Loop", _forwards), ("over_time", _the_step_itself)]
)
def test_the_check_finds_a_fault_of_the_backward_loop(name, fault, monkeypatch):
    monkeypatch.setattr(f"derivo.differentiate.loop.{name}", fault)
    d = derivo.derive(rnn, simplify=False, **PROGRAMS["rnn"].specs)
    report = d.check(trials=1, order=1)
    assert not report.ok
    assert any(r.verdict == "wrong" for r in report.rows if r.kind == "gradient")


def _inside(derivation):
    return [n for node in derivation.graph.nodes() if "loop" in node.op.traits
            for n in node.attrs["loop"].inside()]  # fmt: skip


def test_a_hand_written_backward_pass_with_a_loop_is_checked():
    def forward(x, a):
        return derivo.scan(lambda s, v: (a * s + v, a * s + v), 0.0, x)[1]

    def backward(d_y, x, a):
        y, d_x, d_a, d_s = forward(x, a), np.empty_like(x), 0.0, 0.0
        for t in reversed(range(len(x))):
            d_s = d_s + d_y[t]
            d_x[t] = d_s
            d_a += d_s * (y[t - 1] if t else 0.0)
            d_s = a * d_s
        return d_x, d_a

    def wrong(d_y, x, a):
        d_x, d_a = backward(d_y, x, a)
        return d_x, 2 * d_a

    assert check_backward(forward, backward, x="T", a="").ok
    report = check_backward(forward, wrong, x="T", a="")
    assert [r.name for r in report.rows if r.verdict == "wrong"] == ["a"]
