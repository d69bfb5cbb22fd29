"""What the user owns holds no traced values after a derivation."""

import numpy as np
import pytest

import derivo
from derivo.trace.values.variable import Variable

KEPT: dict[str, object] = {"calls": 0}
last = None


class Net:
    def __init__(self):
        self.h = None
        self.inner = {"a": [1.0]}
        self.calls = 0

    def __call__(self, x):
        return self.forward(x)

    def forward(self, x):
        self.calls += 1
        self.h = np.tanh(x)
        self.new = (self.h, {"deep": [self.h]})
        self.inner["a"].append(self.h)
        return np.sum(self.h**2)


@pytest.mark.parametrize("name", ["forward", "__call__"])
def test_an_object_is_as_it_was(name):
    net = Net()
    derivo.derive(net if name == "__call__" else net.forward, x="N")
    assert net.h is None
    assert not hasattr(net, "new")
    assert net.inner == {"a": [1.0]}
    assert net.calls == 1  # what is no traced value stays


def test_a_dict_a_list_and_a_variable_of_the_function_around_it():
    kept, rows, count = {"mean": 3.0}, [], 0

    def f(x):
        nonlocal count
        count = x.sum()
        kept["mean"] = x.mean()
        rows.append(kept["mean"])
        return x * count

    derivo.derive(f, x="N M")
    assert (kept, rows, count) == ({"mean": 3.0}, [], 0)


def helper(x):
    KEPT["h"] = x
    return x


def with_globals(x):
    global last  # noqa: PLW0603
    last = np.exp(x)
    return helper(last)


def test_globals_of_the_module_and_of_a_helper():
    derivo.derive(with_globals, x="N")
    assert last is None
    assert KEPT == {"calls": 0}


def test_also_when_the_derivation_fails():
    kept = {}

    def f(x):
        kept["x"] = x
        return x if x.sum() > 0 else -x

    with pytest.raises(derivo.errors.TraceError):
        derivo.derive(f, x="N")
    assert not any(isinstance(v, Variable) for v in kept.values())
