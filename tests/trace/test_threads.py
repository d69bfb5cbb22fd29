"""Deriving in threads, beside NumPy in others, and under a debugger's hook."""

import sys
import threading
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import numpy as np

import derivo

SCALE = np.array([1.0, 2.0, 3.0])


class Net:
    def __init__(self) -> None:
        self.w, self.h, self.calls = np.full((3, 3), 0.5), None, 0

    def loss(self, x):
        self.h = np.tanh(x @ self.w)
        return np.sum(self.h * SCALE[: len(SCALE)]) / len(x)


def plain(x: Any) -> Any:
    n = len(x)
    y = np.zeros((n, 3)) + np.asarray(x)
    return np.stack([y, np.ones_like(y)]).sum() + np.arange(n).sum() + np.eye(3)[0, 0]


def test_eight_threads_derive_beside_numpy_in_others() -> None:
    net, x = Net(), np.linspace(-1, 1, 12).reshape(4, 3)
    sources = {derivo.derive(net.loss, x="N 3").source}
    right, loss, done, wrong = plain(x), Net().loss(x), threading.Event(), []

    def others() -> int:
        rounds = 0
        while not done.is_set():
            rounds += 1
            if plain(x) != right or Net().loss(x) != loss:
                wrong.append(rounds)
        return rounds

    def derive(_: int) -> str:
        return derivo.derive(net.loss, x="N 3").source

    before = vars(np).copy()
    with ThreadPoolExecutor(10) as pool:
        working = [pool.submit(others) for _ in range(2)]
        try:
            sources |= set(pool.map(derive, range(16)))
        finally:
            done.set()
        assert min(w.result() for w in working) > 0
    assert not wrong
    assert len(sources) == 1
    assert vars(np) == before
    assert net.h is None
    np.testing.assert_array_equal(net.w, np.full((3, 3), 0.5))


def watched_function(x):
    y = x * 2
    z = np.exp(y)
    return z + 1


def seen_by(hook_again: bool) -> tuple[set[int], str]:
    first = watched_function.__code__.co_firstlineno
    seen: set[int] = set()

    def hook(frame: Any, event: str, _arg: Any) -> Any:
        if hook_again and event == "call":
            sys.settrace(hook)  # as hooks written in C do
        if frame.f_code is watched_function.__code__ and event == "line":
            seen.add(frame.f_lineno - first)
        return hook

    before = sys.gettrace()
    sys.settrace(hook)
    try:
        source = derivo.derive(watched_function, x="N", verify=False).source
        assert sys.gettrace() is hook
    finally:
        sys.settrace(before)
    return seen, source


def test_a_debugger_or_coverage_sees_the_traced_function() -> None:
    plain_source = derivo.derive(watched_function, x="N").source
    for hook_again in (False, True):
        seen, source = seen_by(hook_again)
        assert seen == {1, 2, 3}
        assert source == plain_source
