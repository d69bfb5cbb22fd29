"""The picture: nothing overlaps, edges go forward, and it is quick."""

import itertools
import time
from xml.etree import ElementTree

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import derivo
from derivo.explain.drawing.dot import dot
from derivo.explain.drawing.layered import inner_width, place
from derivo.explain.drawing.model import Drawing, Edge, Spot
from derivo.explain.drawing.of_subject import draw
from derivo.explain.drawing.routes import CIRCLE
from derivo.explain.drawing.svg import svg
from derivo.explain.drawing.text import text
from derivo.explain.prepare import subject
from tests.catalogue import CASES


@st.composite
def drawings(draw, most=30):
    count = draw(st.integers(1, most))
    spots, edges = [], []
    for k in range(count):
        sources = draw(st.lists(st.integers(0, k - 1), max_size=3)) if k else []
        kind = "operation" if sources else "argument"
        spots.append(Spot(f"v{k}", kind, "x" * draw(st.integers(1, 8)), is_result=k == count - 1,
                          is_parameter=not sources and draw(st.booleans())))  # fmt: skip
        edges += [
            Edge(f"e{k}-{j}", f"v{s}", f"v{k}", f"f{k}") for j, s in enumerate(sources)
        ]
    return Drawing("graph", tuple(spots), tuple(edges))


def assert_well_laid_out(drawing):
    boxes = [drawing.places[s.id] for s in drawing.spots]
    for a, b in itertools.combinations(boxes, 2):
        apart = (
            abs(a.x - b.x) >= (a.width + b.width) / 2
            or abs(a.y - b.y) >= (a.height + b.height) / 2
        )
        assert apart, (a, b)
    for box in boxes:
        assert box.width / 2 <= box.x <= drawing.width - box.width / 2
        assert box.height / 2 <= box.y <= drawing.height - box.height / 2
    for edge in drawing.edges:
        xs = [x for x, _ in drawing.routes[edge.id]]
        assert xs == sorted(xs)
        assert xs[0] < xs[-1]
        assert not crossed(edge, drawing), edge


def crossed(edge, drawing):
    """Give the spots that a line runs through, tried at many points of it."""
    found = set()
    for (ax, ay), (bx, by) in itertools.pairwise(drawing.routes[edge.id]):
        for t in np.linspace(0, 1, 60):
            x, y = ax + t * (bx - ax), ay + t * (by - ay)
            for spot in drawing.spots:
                at = drawing.places[spot.id]
                if abs(x - at.x) < inner_width(spot) / 2 and abs(y - at.y) < CIRCLE / 2:
                    found.add(spot.id)
    return found - {edge.source, edge.target}


@settings(max_examples=300, deadline=None)
@given(drawings())
def test_nothing_overlaps_and_edges_go_forward(drawing):
    placed = place(drawing)
    assert_well_laid_out(placed)
    assert placed == place(drawing)


@pytest.mark.parametrize("case", CASES.values(), ids=lambda c: c.name)
def test_every_program_is_drawn_well(case):
    drawn = draw(subject(derivo.derive(case.function, **case.specs), {}))
    for drawing in (drawn, drawn.folded):
        if drawing is not None:
            assert_well_laid_out(drawing)
            ElementTree.fromstring(svg(drawing))


def test_numbers_of_factors_stand_apart():
    """In the article's layer no number covers another one, nor a spot."""

    def two(x1, x2, w11, w12, w21, w22, b1, b2):
        m = w11 * x1 + w21 * x2 + b1
        q = w12 * x1 + w22 * x2 + b2
        return np.tanh(m), np.tanh(q)

    names = ("x1", "x2", "w11", "w12", "w21", "w22", "b1", "b2")
    drawn = draw(subject(derivo.derive(two, **dict.fromkeys(names, "")), {}))
    root = ElementTree.fromstring(svg(drawn))
    circles = [c for c in root.iter() if c.get("class") == "badge"]
    places = [(float(c.get("cx")), float(c.get("cy"))) for c in circles]
    assert len(places) == 18
    for (ax, ay), (bx, by) in itertools.combinations(places, 2):
        assert np.hypot(ax - bx, ay - by) >= 18
    for x, y in places:
        for at in drawn.places.values():
            assert abs(x - at.x) >= CIRCLE / 2 or abs(y - at.y) >= CIRCLE / 2


def chain(count):
    spots = [Spot("v0", "argument", "x")]
    edges = []
    for k in range(1, count):
        spots.append(Spot(f"v{k}", "operation", "+"))
        sources = {k - 1, max(0, k - 7)}
        edges += [Edge(f"e{k}-{s}", f"v{s}", f"v{k}") for s in sources]
    return Drawing("long", tuple(spots), tuple(edges))


def test_a_thousand_nodes_take_less_than_half_a_second():
    drawing = chain(1000)
    times = []
    for _ in range(3):
        start = time.perf_counter()
        place(drawing)
        times.append(time.perf_counter() - start)
    assert min(times) < 0.5


def test_a_straight_chain_lies_on_one_line():
    spots = tuple(
        Spot(f"v{k}", "operation" if k else "argument", "f") for k in range(8)
    )
    edges = tuple(Edge(f"e{k}", f"v{k}", f"v{k + 1}") for k in range(7))
    placed = place(Drawing("chain", spots, edges))
    assert len({p.y for p in placed.places.values()}) == 1


def affine(x, w, b):
    return np.tanh(x @ w + b)


def deep(x, w, b):
    for _ in range(40):
        x = affine(x, w, b)
    return x


def test_forty_blocks_fold():
    drawn = draw(subject(derivo.derive(deep, x="N L", w="L L", b="L"), {}))
    assert drawn.folded is not None
    assert len(drawn.folded.spots) < len(drawn.spots) / 2
    folded = {m for s in drawn.folded.spots for m in (s.members or (s.id,))}
    assert folded == {s.id for s in drawn.spots}


def test_folding_keeps_the_order_of_the_rest():
    drawn = draw(subject(derivo.derive(deep, x="N L", w="L L", b="L"), {}))
    kept = [s.id for s in drawn.folded.spots if not s.members]
    assert kept == [s.id for s in drawn.spots if s.id in set(kept)]


HOSTILE = [
    "<script>alert(1)</script>",
    '"quoted"',
    "a & b",
    "]]>",
    "back\\slash",
    "\x07",
]


@pytest.mark.parametrize("name", HOSTILE)
def test_hostile_names_stay_text(name):
    spots = (
        Spot("v0", "argument", name, shape=name, value=name),
        Spot("v1", "operation", name, group=(name,)),
    )
    placed = place(Drawing(name, spots, (Edge("e", "v0", "v1", "f1", name),)))
    drawn = svg(placed)
    root = ElementTree.fromstring(drawn)
    assert all(not e.tag.endswith("script") for e in root.iter())
    assert dot(placed).count("{") - dot(placed).count("}") == 0 or "{" in name
    assert text(placed)


def test_the_articles_neuron_is_drawn_with_its_values_and_gradients():
    def neuron(x, w, b):
        m = w * x
        n = m + b
        return 1 / (1 + np.exp(-n))

    d = derivo.derive(neuron, x="", w="", b="")
    drawn = draw(
        subject(d, {"x": np.float64(2), "w": np.float64(0.5), "b": np.float64(-0.25)})
    )
    shown = {s.symbol: (s.value, s.gradient) for s in drawn.spots}
    slope = d.gradients(x=2.0, w=0.5, b=-0.25)
    assert list(shown) == ["x", "w", "b", "×", "+", "σ"]
    assert shown["w"] == ("0.5", f"{slope['w']:.4g}")
    assert {e.label for e in drawn.edges} == {"w", "x", "1", "σ′(n)"}


def test_dot_is_read_by_graphviz():
    pygraphviz = pytest.importorskip(
        "pygraphviz", reason="Graphviz reads DOT only where pygraphviz is installed"
    )
    drawn = draw(subject(derivo.derive(affine, x="N L", w="L M", b="M"), {}))
    graph = pygraphviz.AGraph(string=dot(drawn))
    assert len(graph.nodes()) == len(drawn.spots)
