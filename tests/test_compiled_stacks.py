"""Arrays of more than two axes, compiled: products of stacks, parts of rows, views."""

from functools import partial
from typing import Any

import numpy as np
import pytest

import derivo
import derivo.compiled
from derivo.compiled import CompiledInC
from derivo.emit.c.forms import has_form
from derivo.emit.plan.leaf import Plain, Tile
from derivo.emit.plan.schedule import schedule
from derivo.graph.nest import leaves
from derivo.run import c_function, compiler
from tests.train.c_steps import Fixed

pytestmark = pytest.mark.skipif(
    compiler.find_compiler() is None, reason="no C compiler"
)


@pytest.fixture(autouse=True)
def quick(monkeypatch):
    fast = partial(compiler.compiled, extra=("-O0",))
    monkeypatch.setattr(derivo.compiled, "compiled", fast)


def products(x, y, w, m, v, s):
    """Multiply stacks (N, 3, 5) and (N, 5, 4) with each other and with matrices."""
    return {
        "rows": np.tanh(x @ w),
        "stack": x @ y,
        "turned": np.swapaxes(y, 1, 2) @ np.swapaxes(x, 1, 2),
        "left": m @ x,
        "left_turned": m.T @ x,
        "right_turned": x @ w.T,
        "copied": s @ y,
        "vector": x @ v,
        "vector_left": v @ y,
        "one_row": x[:, :1] @ y,
        "one_column": x @ y[:, :, :1],
        "outer": x[:, :, :1] @ y[:, :1],
        "weights": np.einsum("nij,nik->jk", x, x @ w),
        "four": np.einsum("nij,njk->nki", x, y),
        "all_but_one": np.tensordot(x, x, axes=([0, 1], [0, 1])),
        "apart": np.tensordot(x, w, axes=(2, 1)),
    }


PRODUCTS = {
    "x": "N 3 5",
    "y": "N 5 4",
    "w": "5 5",
    "m": "3 3",
    "v": "5",
    "s": "2 1 3 5",
}


def heads(x, w, mask, gain):
    """Let four tokens read from each other, in two heads of eight."""
    n, tokens, width = x.shape
    split = (x @ w).reshape(n, tokens, 2, width // 2).transpose(0, 2, 1, 3)
    scores = split @ split.transpose(0, 1, 3, 2) + mask
    e = np.exp(scores - scores.max(axis=-1, keepdims=True))
    read = (e / e.sum(axis=-1, keepdims=True)) @ split
    joined = read.transpose(0, 2, 1, 3).reshape(n, tokens, width)
    spread = np.sqrt(joined.var(axis=-1)[..., None] + 1)
    return gain * joined / spread + x[:, ::-1] + joined.mean(axis=1)[:, None]


HEADS = {"x": "N 4 16", "w": "16 16", "mask": "4 4", "gain": "16"}


def parts(x, words, table, b):
    """Pick rows, sum over axes in the middle, and look through views."""
    bags = table[words]
    patched = x.copy()
    patched[:, 1::2, 2:5] = b[:1]
    patched[:, 2] *= 3.0
    square = x.reshape(-1, 2, 2, 8)
    return {
        "bags": bags.mean(axis=1),
        "scaled": np.tanh(bags) * b,
        "patched": patched,
        "middle": x.sum(axis=1),
        "first": (x * x).mean(axis=0),
        "two": x.max(axis=(0, 2)),
        "moved": np.moveaxis(square, 1, 2).reshape(-1, 4, 8) * x,
        "cut": x[:, 1:, 2:] - x[:, :-1, :-2],
        "wide": x[:, 0, None] * x[:, None, 1],
        "flat": np.cumsum(x.ravel()),
        "stacked": np.stack([x, -x], axis=2),
    }


PARTS = {"x": "N 4 8", "words": derivo.Spec("N 3", "int"), "table": "7 8", "b": "3 1"}


def drawn(specs, n):
    rng = np.random.default_rng(n)
    arrays: dict[str, Any] = {}
    for name, spec in specs.items():
        if isinstance(spec, derivo.Spec):
            arrays[name] = rng.integers(-7, 7, (n, 3))
        else:
            shape = [n if d == "N" else int(d) for d in spec.split()]
            arrays[name] = rng.normal(size=shape)
    return arrays


@pytest.mark.parametrize("threads", [1, 3])
@pytest.mark.parametrize(
    ("function", "specs"), [(products, PRODUCTS), (heads, HEADS), (parts, PARTS)]
)
def test_as_the_derivation_itself(function, specs, threads, monkeypatch):
    monkeypatch.setattr(c_function, "available_cores", lambda: threads)
    monkeypatch.setattr(c_function, "Pace", Fixed)
    d = derivo.derive(function, **specs)
    compiled = d.compile()
    for n in (1, 2, 19):
        arrays = drawn(specs, n)
        rng = np.random.default_rng(5)
        upstream = d(**arrays)
        if isinstance(upstream, dict):
            upstream = {k: rng.normal(size=np.shape(v)) for k, v in upstream.items()}
        found = compiled.value_and_gradients(upstream, **arrays)
        wanted = d.value_and_gradients(upstream, **arrays)
        for a, b in zip(leaves(found), leaves(wanted), strict=True):
            assert np.shape(a) == np.shape(b)
            scale = max(1.0, float(np.abs(b).max(initial=0)))
            np.testing.assert_allclose(a, b, rtol=1e-12, atol=1e-12 * scale)


def planned(function, specs):
    """Give the leaves of both passes."""
    compiled = derivo.derive(function, **specs).compile()
    assert isinstance(compiled, CompiledInC)
    computation = compiled._computation(with_gradients=True)
    return schedule(computation.prepared(), has_form).leaves


def test_products_of_attention_are_computed_in_blocks():
    found = planned(heads, HEADS)
    # Of the input, scores, what is read, and for each two more on the way back.
    assert sum(isinstance(leaf, Tile) for leaf in found) == 9
    names = {n.op.name for leaf in found if isinstance(leaf, Plain) for n in leaf.nodes}
    assert not names & {"matmul", "einsum", "exp"}


def long_sums(x):
    return x.sum(axis=1), x.mean(axis=(0, 1))


def test_long_sums_in_lanes_keep_their_digits():
    x = np.full((2, 300_000, 16), 0.1, np.float32)
    x[0, 0] = 3e4
    sums, means = derivo.derive(long_sums, x="N T 16").compile()(x)
    exact = x.astype(np.float64)
    np.testing.assert_allclose(sums, exact.sum(axis=1), rtol=1e-6)
    np.testing.assert_allclose(means, exact.mean(axis=(0, 1)), rtol=1e-6)
