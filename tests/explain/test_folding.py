"""A folded picture has the paths of the whole one: by calls, and never by names."""

import itertools

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import derivo
from derivo.explain.drawing import folding
from derivo.explain.drawing.model import Drawing, Edge, Spot
from derivo.explain.drawing.of_subject import draw
from derivo.explain.formula.tree import Words
from derivo.explain.prepare import subject
from derivo.explain.words import Words as Sentences
from derivo.graph.node import Frame
from derivo.layers import Dense
from tests.catalogue import CASES


def in_english(about):
    return draw(about, Sentences("en"))


@st.composite
def called(draw, most=25):
    """Draw a program whose values are computed in calls, some of them within others."""
    spots, edges = [], []
    frames = st.lists(st.integers(0, 3), max_size=2)
    for k in range(draw(st.integers(1, most))):
        sources = draw(st.lists(st.integers(0, k - 1), max_size=3)) if k else []
        group = tuple(
            Frame(f"f{depth}", call) for depth, call in enumerate(draw(frames))
        )
        name = Words(f"x{k}") if draw(st.booleans()) else None
        spots.append(
            Spot(
                f"v{k}", "operation" if sources else "argument", "+",
                name=name if sources else None, group=group if sources else (),
                is_result=draw(st.integers(0, 9)) == 0,
            )
        )  # fmt: skip
        edges += [
            Edge(f"e{k}-{j}", f"v{s}", f"v{k}", f"f{k}{j}")
            for j, s in enumerate(sources)
        ]
    return Drawing("drawn", tuple(spots), tuple(edges))


def reached(drawing):
    """Give, for each spot, all that is downstream of it."""
    below = {s.id: set() for s in drawing.spots}
    for spot in reversed(drawing.spots):
        for edge in drawing.edges:
            if edge.source == spot.id:
                below[spot.id] |= {edge.target} | below[edge.target]
    return below


def assert_same_paths(whole, small):
    box = {m: s.id for s in small.spots for m in s.ids}
    assert set(box) == {s.id for s in whole.spots}
    # No circle: every line leads to a later spot, so `reached` sees every path.
    order = {s.id: k for k, s in enumerate(small.spots)}
    assert all(order[e.source] < order[e.target] for e in small.edges)
    # Every edge between two boxes is there, once, between these two.
    edges = {e.id: e for e in whole.edges}
    drawn = [(m, line) for line in small.edges for m in line.ids]
    kept = {i for i, e in edges.items() if box[e.source] != box[e.target]}
    assert sorted(m for m, _ in drawn) == sorted(kept)
    for member, line in drawn:
        edge = edges[member]
        assert (box[edge.source], box[edge.target]) == (line.source, line.target)
        assert edge.factor in line.factor.split() or not edge.factor
    # Spots that are still seen reach each other exactly as they did.
    before, after = reached(whole), reached(small)
    alone = [s.id for s in small.spots if not s.members]
    for a, b in itertools.permutations(alone, 2):
        assert (b in before[a]) == (b in after[a]), (a, b)


def nothing_is_small(drawing):
    """Fold a picture as if it were large."""
    by_call = folding.fold(drawing, folding.calls(drawing))
    return by_call, folding.fold(by_call, folding.named_values(by_call))


@settings(max_examples=400, deadline=None)
@given(called())
def test_folding_keeps_the_paths_of_drawn_programs(drawing):
    for small in nothing_is_small(drawing):
        assert_same_paths(drawing, small)


def whole_of(derivation):
    drawn = in_english(subject(derivation.written_out, {}))
    return Drawing(drawn.title, drawn.spots, drawn.edges), drawn.folded


@pytest.mark.parametrize("case", CASES.values(), ids=lambda c: c.name)
def test_folding_keeps_the_paths_of_the_catalogue(case):
    whole, small = whole_of(derivo.derive(case.function, **case.specs))
    for one in (*nothing_is_small(whole), *([small] if small else [])):
        assert_same_paths(whole, one)


NETWORKS = {
    "two layers": [Dense(3, "tanh"), Dense(2)],
    "deep": [Dense(4, "relu") for _ in range(12)] + [Dense(2)],
    "wide": [Dense(4, "mish"), Dense(4, "softplus"), Dense(2)],
}


@pytest.mark.parametrize("layers", NETWORKS.values(), ids=NETWORKS)
def test_folding_keeps_the_paths_of_networks(layers):
    net = derivo.Network(*layers, loss="cross_entropy")
    net.build(4)
    whole, small = whole_of(net.derivation.loss)
    for one in (*nothing_is_small(whole), *([small] if small else [])):
        assert_same_paths(whole, one)


def affine(x, w, b):
    return np.tanh(x @ w + b)


def test_two_calls_of_a_helper_are_two_boxes():
    def deep(x, w, v, b):
        h = affine(x, w, b)
        return affine(h, v, b)

    whole, small = whole_of(derivo.derive(deep, x="N L", w="L L", v="L L", b="L"))
    assert small is None  # it is read as it is
    boxes = [s for s in nothing_is_small(whole)[0].spots if s.kind == "group"]
    assert [s.symbol for s in boxes] == ["affine", "affine"]


def test_a_call_whose_results_have_nothing_to_do_with_each_other_stays_open():
    def both(a, b):
        return np.tanh(np.exp(a)), np.sin(np.cos(b))

    def f(a, b):
        p, q = both(a, b)
        return p * 2, q * 3

    whole, _ = whole_of(derivo.derive(f, a="N", b="N"))
    assert nothing_is_small(whole)[0].spots == whole.spots
