"""Numbers drawn while tracing are never frozen, and no generator is moved on."""

# ruff: noqa: NPY002, S311  (users draw in the old way, too, and not for secrets)

import random
import subprocess
import sys
from typing import Any

import numpy as np
import pytest

import derivo
from derivo.errors import TraceError

RNG = np.random.default_rng(1)
OLD = np.random.RandomState(1)
PYTHON = random.Random(1)


class Model:
    def __init__(self):
        self.rng = np.random.default_rng(2)

    def loss(self, x):
        return np.sum(x * self.rng.random(4))


def helper(x):
    return x + RNG.normal(size=4)


FROZEN = {
    "numpy's own": lambda x: x * (np.random.rand(4) > 0.5),
    "a generator of the module": lambda x: x * RNG.random(4),
    "inside a helper": helper,
    "one of a few": lambda x: x * random.choice([1.0, 2.0, 3.0, 4.0]),
    "in a comprehension": lambda x: x * np.array([RNG.random() for _ in range(4)]),
    "an old generator": lambda x: x * OLD.uniform(size=4),
    "a new one at each call": lambda x: x * np.random.default_rng().random(4),
    "Python's": lambda x: x * random.random(),
    "a generator of Python's": lambda x: x * PYTHON.gauss(0, 1),
    "places": lambda x: x[RNG.permutation(4)],
    "in a loop": lambda x: derivo.scan(lambda c, t: (c * RNG.random(), t), x, x)[0],
    "an attribute of an object": Model().loss,
}


def overwritten(x):
    w = RNG.normal(size=4)
    w = np.ones(4)
    return x * w


def seeded(x):
    return x * np.random.default_rng(3).random(4)


def seeded_globally(x):
    np.random.seed(3)
    return x * np.random.rand(4)


def states() -> tuple[Any, ...]:
    of_numpy = np.random.get_state()
    return (
        RNG.bit_generator.state, str(OLD.get_state()), PYTHON.getstate(),
        random.getstate(), str(of_numpy),
    )  # fmt: skip


@pytest.fixture(autouse=True)
def _generators_stay():
    before = states()
    yield
    assert states() == before


@pytest.mark.parametrize("name", FROZEN)
def test_a_draw_that_the_result_reads_is_refused(name: str) -> None:
    with pytest.raises(TraceError, match="draws random numbers") as caught:
        derivo.derive(FROZEN[name], x="4")
    assert "File" in str(caught.value)
    assert "make them an argument" in str(caught.value)


@pytest.mark.parametrize("function", [overwritten, seeded, seeded_globally])
def test_what_is_the_same_at_every_call_is_derived(function: Any) -> None:
    x = np.arange(4.0)
    d = derivo.derive(function, x="4")
    before = np.random.get_state()
    np.testing.assert_allclose(d(x=x), function(x))
    np.random.set_state(before)
    if function is overwritten:
        RNG.bit_generator.state = _AT_FIRST


_AT_FIRST = RNG.bit_generator.state


def test_draws_by_a_key_are_an_input() -> None:
    def f(x, key):
        return x * (derivo.ops.uniform(key, x.shape) > 0.5)

    d = derivo.derive(f, x="N", key=derivo.Spec("", "int"))
    x = np.ones(64)
    np.testing.assert_array_equal(d(x=x, key=1), d(x=x, key=1))
    assert not np.array_equal(d(x=x, key=1), d(x=x, key=2))


def test_the_first_draw_of_a_process_is_seen() -> None:
    # NumPy loads its random module when it is first used.
    text = (
        "import sys, numpy as np, derivo\n"
        "assert 'numpy.random' not in sys.modules\n"
        "try:\n"
        "    derivo.derive(lambda x: x * np.random.rand(4), x='4')\n"
        "except derivo.errors.TraceError:\n"
        "    print('refused')\n"
    )
    run = subprocess.run([sys.executable, "-c", text], check=True, capture_output=True)
    assert run.stdout == b"refused\n"
