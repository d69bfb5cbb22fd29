"""What was picked from rows, products of matrices turned round: the same values."""

from __future__ import annotations

import itertools

import numpy as np
import pytest

import derivo
from derivo import Spec
from derivo.differentiate.reverse import differentiate
from derivo.graph.builder import Builder
from derivo.graph.node import order
from derivo.graph.spec import spec_of
from derivo.ops.linalg import matmul
from derivo.ops.shape import transpose
from derivo.run.reference import run_graph
from derivo.simplify.polish import Polish, spread_rows
from derivo.trace.arguments.given import Given
from derivo.trace.tracer import trace
from tests.simplify.world import SIZES, World


def by_rows(x, y):
    return x[np.arange(x.shape[0]), y]


def along_axis(x, y):
    return np.take_along_axis(x, y[:, None], axis=1)


def along_last_axis(x, y):
    return np.take_along_axis(x, y[:, None], axis=-1)[:, 0]


def on_the_diagonal(x, y):
    return np.diag(x @ x.T)


def beside_the_diagonal(x, y):
    return np.diag(x @ x.T, 1)


def in_columns(x, y):
    return np.take_along_axis(
        x, (y[None] * np.ones_like(x[:1, :1]).astype(int)), axis=0
    )


def pairs(x, y):
    return x[y, y]


def whole_rows(x, y):
    return x[y]


def parts(x, y):
    return np.tanh(x[:, :2]) * np.exp(x[:, 2:4]) * x[:, 4:]


def parts_of_rows(x, y):
    return np.tanh(x[:1]).sum(0) + np.sin(x[1:]).sum(0)


def parts_that_overlap(x, y):
    return np.tanh(x[:, :4]) * np.exp(x[:, 2:])


def parts_with_a_gap(x, y):
    return np.tanh(x[:, :2]) * np.exp(x[:, 3:5])


def every_other(x, y):
    return np.tanh(x[:, ::2]) * np.exp(x[:, 1::2])


def one_of_a_row(x, y):
    return x[1][y[2]]


SPREAD = {  # the operation that is no longer there
    by_rows: "scatter_add", one_of_a_row: "scatter_add", along_axis: "add_along_axis",
    along_last_axis: "add_along_axis", on_the_diagonal: "from_diagonal",
    parts: "embed", parts_of_rows: "embed",
}  # fmt: skip
LEFT = (beside_the_diagonal, pairs, whole_rows, parts_that_overlap, parts_with_a_gap,
        every_other)  # fmt: skip


def both(function):
    """Give the gradient for x before and after, and what runs a node."""
    builder = Builder()
    specs = {"x": spec_of("4 6"), "y": spec_of(np.zeros(4, dtype=int))}
    graph = trace(function, Given(specs), builder).graph
    derived = differentiate(graph, ("x",), builder, is_loss=False)
    short = spread_rows(derived, builder)
    rng = np.random.default_rng(3)
    values = {
        n: rng.integers(0, 4, 4) if n.attrs["name"] == "y" else rng.normal(size=(4, 6))
        for n in graph.inputs
    }
    for seed in derived.seeds:
        values[seed] = rng.normal(size=seed.spec.shape)

    def run(node):
        return run_graph([node], values, SIZES)[node]

    return derived.gradients["x"], short.gradients["x"], run


@pytest.mark.parametrize("function", [*SPREAD, *LEFT], ids=lambda f: f.__name__)
def test_spreading_changes_no_value(function):
    before, after, run = both(function)
    assert before.spec == after.spec
    np.testing.assert_allclose(run(after), run(before), rtol=1e-14)


@pytest.mark.parametrize("function", SPREAD, ids=lambda f: f.__name__)
def test_what_was_picked_takes_part_in_algebra(function):
    before, after, _ = both(function)
    assert SPREAD[function] in {n.op.name for n in order([before])}
    assert SPREAD[function] not in {n.op.name for n in order([after])}


@pytest.mark.parametrize("function", LEFT, ids=lambda f: f.__name__)
def test_other_picks_stay_as_they_are(function):
    before, after, _ = both(function)
    kept = {"scatter_add", "from_diagonal", "embed"}
    assert {n.op.name for n in order([before])} & kept == {
        n.op.name for n in order([after])
    } & kept


@pytest.mark.parametrize("shape", ["V", "V 1"])
def test_the_loss_of_one_row_is_softmax_less_one_hot(shape):
    def loss(z, k):
        p = np.exp(z) / np.sum(np.exp(z))
        return -np.log(p[k]) if z.ndim == 1 else -np.log(p[k, 0])

    d = derivo.derive(loss, shapes={"z": shape, "k": Spec("", "int")})
    assert "np.add.at" not in d.source
    assert d.source.count("np.exp") == 1
    z = np.array([0.3, -1.2, 2.0, 0.1])
    z = z if shape == "V" else z[:, None]
    expected = np.exp(z) / np.exp(z).sum()
    expected[2] -= 1
    np.testing.assert_allclose(d.gradients(z=z, k=2)["z"], expected)


# --- products of matrices -------------------------------------------------------------


@pytest.mark.parametrize("axes", list(itertools.permutations(range(3))), ids=str)
def test_a_product_turned_round_is_the_product_of_the_turned(axes):
    world = World()
    a, b = world.argument("K N M", sign=True), world.argument("K M 3", sign=True)
    whole = transpose(a @ b, axes=axes).node
    polished = Polish([whole], world.builder)(whole)
    assert polished.spec == whole.spec
    np.testing.assert_allclose(world.run(polished), world.run(whole), rtol=1e-13)


def test_a_transposed_product_of_transposed_matrices_loses_its_transposes():
    world = World()
    a, b = world.argument("N M"), world.argument("N K")
    whole = (a.T @ b).T.node
    polished = Polish([whole], world.builder)(whole)
    assert polished.op is matmul
    assert polished.inputs == (b.T.node, a.node)
    np.testing.assert_allclose(world.run(polished), world.run(whole))


def test_a_product_that_is_read_elsewhere_is_not_computed_twice():
    world = World()
    a, b, g = world.argument("N M"), world.argument("M N"), world.argument("N N")
    product = a.T.T @ b
    roots = [product.T.node, (product * g).node]
    polish = Polish(roots, world.builder)
    made = [polish(r) for r in roots]
    assert sum(n.op is matmul for n in order(made)) == 1
    for root, new in zip(roots, made, strict=True):
        np.testing.assert_allclose(world.run(new), world.run(root))


def test_forward_values_stay_as_they_are():
    world = World()
    a, b = world.argument("N M"), world.argument("N K")
    whole = (a.T @ b).T.node
    assert Polish([whole], world.builder, order([whole]))(whole) is whole
