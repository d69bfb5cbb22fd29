"""Deriving costs the sum of its parts: work is counted, nothing is timed.

Counted are products and totals of the algebra, and nodes of the graph: those that are
written, and those that were tried and given up.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import cache
from typing import Any

import numpy as np
import pytest

import derivo
from benchmarks import networks
from derivo.simplify.factor import MADE
from derivo.simplify.solve import TRIED
from tests.simplify.spelling import count_operations

KINDS = ("products", "totals", "nodes")
NETWORKS = {
    "pre_norm": networks.pre_norm,
    "pre_norm_with_gain": networks.pre_norm_with_gain,
    "post_norm": networks.post_norm,
    "transformer": networks.transformer,
    "lstm": networks.lstm,
    "products": networks.products,
    "chain": lambda blocks: networks.chain(20 * blocks),
}


def counters() -> tuple[int, ...]:
    return MADE.products, MADE.totals, TRIED.nodes, TRIED.regions


@cache
def work(name: str, blocks: int) -> dict[str, int]:
    """Count what deriving takes."""
    function, shapes = NETWORKS[name](blocks)
    before = counters()
    # Written out: as a loop, all blocks would be one.
    d = derivo.derive(function, shapes=shapes, inline="*")
    counted = [now - then for then, now in zip(before, counters(), strict=True)]
    counted[2] += d.forward.builder.count
    return dict(zip((*KINDS, "regions"), counted, strict=True))


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("name", NETWORKS)
def test_twice_the_blocks_are_twice_the_work(name: str, kind: str) -> None:
    at = {blocks: work(name, blocks)[kind] for blocks in (4, 8, 16, 32)}
    assert at[4] or not at[32]
    for n in (4, 8, 16):
        assert at[2 * n] <= 2.1 * at[n] + 10, at


@pytest.mark.parametrize("name", NETWORKS)
def test_equal_blocks_are_solved_once(name: str) -> None:
    assert work(name, 32)["regions"] <= work(name, 16)["regions"] + 1


def test_what_is_solved_for_one_derivation_is_not_kept_for_another() -> None:
    function, shapes = networks.pre_norm(2)
    counts = []
    for _ in range(2):
        before = counters()
        derivo.derive(function, **shapes)
        counts.append([b - a for a, b in zip(before, counters(), strict=True)])
    assert counts[0] == counts[1]


def normalised(times: int, *, gain: bool) -> Callable[..., Any]:
    def f(x, g):
        for _ in range(times):
            m = x.mean(axis=1, keepdims=True)
            v = ((x - m) ** 2).mean(axis=1, keepdims=True)
            x = (x - m) / np.sqrt(v + 1e-5)
            x = x * g if gain else x
        return x

    return f


@pytest.mark.parametrize("gain", [False, True])
def test_two_normalisations_take_what_each_takes(gain: bool) -> None:
    wrt = ("x", "g") if gain else ("x",)
    shapes = {"x": "N M", "g": "M"}
    once, twice, often = (
        count_operations(
            derivo.derive(normalised(n, gain=gain), wrt=wrt, **shapes).source, "f"
        )
        for n in (1, 2, 4)
    )
    # With a gain, what each of them gives for it is added up.
    assert twice <= 2 * once + gain
    assert often <= 4 * once + 3 * gain
