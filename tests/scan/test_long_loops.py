"""Loops with a number of steps: a long one stays a loop where its steps are alike."""

import numpy as np
import pytest

import derivo
from derivo.trace.loops.runs import MOST_STEPS_WRITTEN_OUT
from tests.numerical import differences

MANY, FEW = MOST_STEPS_WRITTEN_OUT + 1, MOST_STEPS_WRITTEN_OUT


def euler(y, k):
    for _ in range(MANY):
        y = y + 0.1 * np.sin(k * y)
    return np.sum(y**2)


def runge_kutta(y, k):
    def slope(y):
        return np.stack([y[1], -k[0] * np.sin(y[0])])

    for _ in range(MANY):
        a = slope(y)
        b = slope(y + 0.05 * a)
        y = y + 0.1 * b
    return np.sum(y**2)


def horner(y, k):
    s = 0.0
    for i in range(MANY):
        s = s * y + k[i]
    return np.sum(s)


def kept(y, k):
    ys = []
    for i in range(MANY):
        y = np.tanh(k * y)
        ys.append(y * i)
    return np.sum(np.stack(ys) ** 2)


def backwards(y, k):
    for i in range(MANY, 0, -1):
        y = y + np.cos(y * k) / i
    return np.sum(y)


def windows(y, k):
    out = np.zeros(MANY)
    for i in range(MANY):
        out[i] = np.sum(y[i : i + 3] * k)
    return np.sum(out**2)


def convolution(y, k):
    out = np.zeros((4, 4))
    for i in range(4):
        for j in range(4):
            out[i, j] = np.sum(y[i : i + 3, j : j + 3] * k)
    return np.sum(out**2)


def unlike(y, k):
    for i in range(MANY):
        y = y + k if i % 2 == 0 else y * np.sin(k)
    return np.sum(y)


def stopped(y, k):
    for i in range(MANY):
        if i == 3:
            break
        y = np.sin(y) * k
    return np.sum(y)


def few(y, k):
    for _ in range(FEW):
        y = np.sin(y) * k
    return np.sum(y)


LOOPS = {
    euler: ("3", ""), runge_kutta: ("2", "1"), horner: ("3", f"{MANY}"),
    kept: ("3", ""), backwards: ("3", ""), windows: (f"{MANY + 2}", "3"),
    convolution: ("6 6", "3 3"),
}  # fmt: skip
WRITTEN_OUT = {unlike: ("3", ""), stopped: ("3", ""), few: ("3", "")}


def drawn(spec, rng):
    return rng.normal(size=[int(n) for n in spec.split()])


@pytest.mark.parametrize("function", [*LOOPS, *WRITTEN_OUT], ids=lambda f: f.__name__)
def test_the_gradients_are_those_of_differences(function):
    specs = (LOOPS | WRITTEN_OUT)[function]
    rng = np.random.default_rng(0)
    arrays = {n: drawn(s, rng) for n, s in zip("yk", specs, strict=True)}
    d = derivo.derive(function, y=specs[0], k=specs[1])
    np.testing.assert_allclose(d(**arrays), function(**arrays), rtol=1e-12)
    got = d.gradients(**arrays)
    for name in got:
        expected = differences(function, arrays, 1.0, name)
        np.testing.assert_allclose(got[name], expected, rtol=1e-6, atol=1e-7)


@pytest.mark.parametrize("function", LOOPS, ids=lambda f: f.__name__)
def test_a_long_loop_is_a_loop_in_the_text(function):
    y, k = LOOPS[function]
    source = derivo.derive(function, y=y, k=k).source
    inner = 2 if function is convolution else 1
    assert source.count("    for ") == 2 * inner
    assert len(source.splitlines()) < 60


@pytest.mark.parametrize("function", WRITTEN_OUT, ids=lambda f: f.__name__)
def test_a_short_loop_and_one_of_unlike_steps_are_written_out(function):
    y, k = WRITTEN_OUT[function]
    assert "    for " not in derivo.derive(function, y=y, k=k).source


def test_what_cannot_be_traced_is_told_of_the_function_as_it_stands():
    def f(y):
        for _ in range(MANY):
            y = np.sin(y)
        return float(y[0])

    with pytest.raises(derivo.errors.TraceError, match="out of the trace"):
        derivo.derive(f, y="3")


def largest(y):
    out = np.zeros((4, 4))
    for i in range(4):
        for j in range(4):
            out[i, j] = np.max(y[2 * i : 2 * i + 2, 2 * j : 2 * j + 2])
    return out


def test_equal_elements_within_a_loop_are_a_kink():
    d = derivo.derive(largest, y="8 8")
    for seed in range(3):
        assert not [r for r in d.check(seed=seed).rows if r.verdict == "wrong"]
