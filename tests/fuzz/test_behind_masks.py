"""What a mask switches off may be undefined; what it lets through must not be.

``np.where(y > 0, np.sqrt(y), y**3)``: the gradient of the second branch must not be
written with the square root that the first has computed.
"""

import linecache
import random

import numpy as np
import pytest

import derivo
from tests.numerical import differences

# Defined for positive y alone, and everywhere.
FIRST = (
    "np.sqrt({y})", "np.log({y})", "{y}**1.5", "1/np.sqrt({y})", "{y}*np.log({y})",
    "np.log({y})**2", "1/{y}", "{y}**-0.5", "np.exp(-1/{y})", "np.sqrt({y})/(1+{y})",
    "{y}**{z}",
)  # fmt: skip
SECOND = (
    "{y}*{y}", "{y}", "0", "np.exp({y})", "np.tanh({y})", "{y}*{z}", "{z}", "2*{y}+{z}",
    "{y}**3", "np.sin({y})*{z}",
)  # fmt: skip
READ = (
    "return np.sum(u)",
    "return np.sum(np.exp(-u*u) * z)",
    "return np.sum(np.where(z > 0, np.sqrt(z)*u, u))",
    "return np.sum(u * y + np.tanh(u))",
    "return np.sum(u[y > 0]) + np.sum(z[y <= 0]**2 * y[y <= 0])",
)
SEEDS = range(40)

# Not defined where y is 0, and everywhere.
QUOTIENTS = (
    "1/y", "z/y", "z*z/y", "np.sin(y)/y", "y*z/y**2", "(1+z)/y**2", "np.log(np.abs(y))",
    "np.abs(y)**0.5", "np.exp(-1/y**2)", "np.arctan(z/y)", "z*y", "(1/y)*(z*y)",
)  # fmt: skip
OTHERS = (
    "y*z", "z", "z*z", "y+z", "np.exp(y)*z", "y**2*z", "np.cos(y)", "z**3",
    "np.tanh(z*y)", "y**2*z*z",
)  # fmt: skip
WAYS = (
    "u = np.where(y != 0, a, b)",
    "u = np.where(np.abs(y) > 1e-3, a*b + a, b)",
    "u = b + 0\n    m = ~(y == 0)\n    u[m] = a[m]",
    "u = np.nan_to_num(np.where(y != 0, a, b)) + b",
)
SUMMED = ("np.sum(u)", "np.sum(u*z)", "np.sum(np.tanh(u)*b)", "np.mean(u**2)")


def branch(drawn, parts):
    chosen = [drawn.choice(parts) for _ in range(drawn.choice((1, 1, 2, 3)))]
    joined = drawn.choice("+*").join(f"({c})" for c in chosen)
    return joined.format(y="y", z="z")


def rooted(seed):
    drawn = random.Random(seed)  # noqa: S311
    first, second = branch(drawn, FIRST), branch(drawn, SECOND)
    text = (
        "def f(y, z):\n"
        f"    u = np.where(y > 0, {first}, {second})\n"
        f"    {drawn.choice(READ)}\n"
    )
    return compiled(text, f"<roots behind a mask {seed}>")


def divided(seed):
    drawn = random.Random(seed)  # noqa: S311
    text = (
        "def f(y, z):\n"
        f"    a = {branch(drawn, QUOTIENTS)}\n"
        f"    b = {branch(drawn, OTHERS)}\n"
        f"    {drawn.choice(WAYS)}\n"
        f"    return {drawn.choice(SUMMED)}\n"
    )
    return compiled(text, f"<quotients behind a mask {seed}>")


def compiled(text, name):
    linecache.cache[name] = (len(text), None, text.splitlines(True), name)
    space = {"np": np}
    exec(compile(text, name, "exec"), space)  # noqa: S102
    return space["f"]


@pytest.mark.filterwarnings("ignore::RuntimeWarning")
@pytest.mark.filterwarnings("ignore::derivo.errors.IndependentWarning")
@pytest.mark.parametrize("seed", SEEDS)
def test_a_branch_is_not_written_with_what_only_the_other_can_compute(seed):
    f = rooted(seed)
    y = np.array([0.7, -0.6, 1.4, -1.2])
    z = np.array([0.9, 0.4, -0.7, -0.3])
    got = derivo.derive(f, y="N", z="N").gradients(y, z)
    for name in got:
        expected = differences(f, {"y": y, "z": z}, 1.0, name)
        np.testing.assert_allclose(got[name], expected, rtol=1e-5, atol=1e-6)


@pytest.mark.filterwarnings("ignore")
def test_a_product_with_zero_does_not_stand_for_another():
    def f(y):
        a = 1 / y
        u = np.where(y != 0, a * 0 + a, 0)
        return np.sum(np.tanh(u) * 0)

    y = np.array([0.0, 1.0])
    assert derivo.derive(f, y="N")(y) == f(y) == 0


@pytest.mark.filterwarnings("ignore::RuntimeWarning")
@pytest.mark.filterwarnings("ignore::derivo.errors.IndependentWarning")
@pytest.mark.parametrize("seed", SEEDS)
def test_nothing_is_divided_by_what_is_zero_behind_a_mask(seed):
    f = divided(seed)
    y = np.array([0.7, -0.6, 0.0, -1.2, 0.0])
    z = np.array([0.9, 0.4, -0.7, -0.3, 1.1])
    got = derivo.derive(f, y="N", z="N").gradients(y, z)
    assert all(np.isfinite(g).all() for g in got.values())
    away = y != 0  # at 0 itself the two branches need not meet
    for name in got:
        expected = differences(f, {"y": y, "z": z}, 1.0, name)
        ends = away if name == "y" else slice(None)
        np.testing.assert_allclose(
            got[name][ends], expected[ends], rtol=1e-4, atol=1e-5
        )
