"""A call is told as one step, and each function that is called once, under its name."""

import re
from typing import Any

import numpy as np
import pytest

import derivo
from derivo.explain.calls import results_of
from derivo.explain.document import Code, Table
from derivo.explain.formula.unicode import inline
from derivo.explain.prepare import subject
from derivo.explain.words import LANGUAGES, Words
from derivo.run.reference import run_graph
from tests.explain.reading import assert_links_lead_somewhere


def block(x, w, b):
    h = np.tanh(x @ w + b)
    m = h.mean(axis=-1, keepdims=True)
    v = ((h - m) ** 2).mean(axis=-1, keepdims=True)
    return (h - m) / np.sqrt(v + 1e-5)


def two_calls(x, w1, b1, w2, b2, t):
    y = block(x, w1, b1)
    z = block(y, w2, b2)
    return np.mean((z - t) ** 2)


def gated(x, w, b):
    n = x @ w + b
    h = np.tanh(n)
    return h, n / (1 + np.exp(-h))


def several_results(x, w1, b1, w2, b2):
    h, a = gated(x, w1, b1)
    h, c = gated(h, w2, b2)
    return h + a * c


def twice(x, w, b):
    y = block(x, w, b)
    return block(y + x, w, b) * np.sin(y)


def nested(x, w1, b1, w2, b2):
    return twice(twice(x, w1, b1), w2, b2)


def over_a_list(x, layers, t):
    for w, b in layers:
        x = block(x, w, b)
    return np.mean((x - t) ** 2)


def smoothed(x, r):
    h = np.zeros(x.shape[1])
    out = []
    for row in x:
        h = np.tanh(r * h + row)
        out.append(h)
    return np.stack(out) * r + np.exp(-r)


def with_a_loop(x, r, s):
    return smoothed(smoothed(x, r) * x, s)


def chosen(labels, x, c, w):
    h = np.tanh(x[labels] @ w + c)
    return h / (1 + np.exp(-h)) + np.sum(h * h)


def of_labels(labels, x, c, w, v):
    return chosen(labels, x, c, w) * chosen(labels, x, c, v)


SQUARE = {"x": "N D", "w1": "D D", "b1": "D", "w2": "D D", "b2": "D"}
PROGRAMS: dict[str, tuple[Any, dict[str, Any]]] = {
    "two calls": (two_calls, {**SQUARE, "t": "N D"}),
    "several results": (several_results, SQUARE),
    "nested": (nested, SQUARE),
    "a list of 12": (
        over_a_list,
        {"x": "N D", "layers": [("D D", "D")] * 12, "t": "N D"},
    ),
    # Arguments without a gradient stand before others: whole numbers, and what is fixed.
    "labels": (
        of_labels,
        {
            "labels": derivo.Spec("N", "int"),
            "x": "T D",
            "c": "D",
            "w": "D D",
            "v": "D D",
        },
    ),
    "a loop inside": (with_a_loop, {"x": "T D", "r": "D", "s": "D"}),
}
SIZES = {"N": 3, "D": 2, "T": 4}


def drawn(specs):
    rng = np.random.default_rng(1)

    def one(spec):
        if isinstance(spec, derivo.Spec):
            return rng.integers(0, 3, size=[SIZES[str(d)] for d in spec.shape])
        if not isinstance(spec, str):
            return type(spec)(one(part) for part in spec)
        return rng.normal(size=[SIZES[d] for d in spec.split()])

    return {name: one(spec) for name, spec in specs.items()}


def flat(nest, path):
    if isinstance(nest, list | tuple):
        return {
            k: v for i, p in enumerate(nest) for k, v in flat(p, f"{path}.{i}").items()
        }
    return {path: nest}


@pytest.fixture(params=PROGRAMS, scope="module")
def told(request):
    function, specs = PROGRAMS[request.param]
    wrt = ("x", "w", "v") if request.param == "labels" else None
    d = derivo.derive(function, wrt=wrt, **specs)
    return d, drawn(specs)


def anchors(document, start):
    return [s.anchor for s in document.sections if s.anchor.startswith(start)]


def test_each_function_is_told_once_and_each_call_as_a_step(told):
    d, arrays = told
    defined = re.findall(r"^def (\w+)\(.*\):$", d.source, re.MULTILINE)
    ours = [n for n in defined if f"{n}_backward" in defined and n != d.name]
    document = d.explain("matrix", **arrays).document
    assert sorted(anchors(document, "function-")) == sorted(
        f"function-{n}" for n in ours
    )
    about = subject(d, arrays)
    titles = [inline_of(s.title) for s in document.sections if "call-" in s.anchor]
    assert len(titles) == sum(len(f.calls) for f in about.functions) > len(ours)
    assert all(any(f" {n} " in title for n in ours) for title in titles)


def inline_of(runs):
    return "".join(r if isinstance(r, str) else inline(r) for r in runs)


def test_the_gradients_told_are_those_of_the_code(told):
    d, arrays = told
    about = subject(d, arrays)
    upstream = None if about.is_loss else np.ones_like(d(**arrays))
    found = d.gradients(*([] if upstream is None else [upstream]), **arrays)
    expected = {k: v for name, g in found.items() for k, v in flat(g, name).items()}
    for name, gradient in about.raw.gradients.items():
        np.testing.assert_allclose(about.values[gradient], expected[name], rtol=1e-9)


def test_a_function_has_the_numbers_of_its_first_call(told):
    d, arrays = told
    for function in subject(d, arrays).functions:
        (outer, call), body = function.calls[0], function.body
        given = {n.attrs["name"]: n for n in body.graph.inputs}
        for name, operand in zip(given, call.inputs, strict=True):
            np.testing.assert_array_equal(body.arrays[name], outer.values[operand])
        # What the body hands back is what the call, as one operation, hands back.
        alike = results_of(call, outer.graph)
        for k, name in enumerate(given):
            if name not in body.raw.gradients:
                continue
            parts = [
                outer.values[node] for node, why in outer.raw.why.items()
                if why.reader in alike and why.position == k and why.kind == "chain"
            ]  # fmt: skip
            assert len(parts) <= 1  # all results hand back together
            if parts:
                own = body.values[body.raw.gradients[name]]
                np.testing.assert_allclose(parts[0], own, rtol=1e-8, atol=1e-12)


def test_the_lines_of_a_call_are_lines_of_the_source(told):
    d, arrays = told
    lines = {line.strip() for line in d.source.splitlines()}
    document = d.explain("matrix", **arrays).document
    for section in document.sections:
        for shown in section.blocks if section.anchor.startswith("call-") else ():
            if isinstance(shown, Code):
                assert {line.text for line in shown.lines} <= lines
                assert any("_backward(" in line.text for line in shown.lines)


def test_what_a_function_keeps_is_told_once_as_in_the_source(told):
    d, arrays = told
    document = d.explain("matrix", **arrays).document
    kept = re.findall(r"def \w+_backward\(saved, .*\):\n    (.*) = saved", d.source)
    tables = {
        ", ".join(mono.text for ((mono,), _) in table.rows[1:])
        for s in document.sections for table in s.blocks
        if isinstance(table, Table) and s.anchor.endswith("-saved")
    }  # fmt: skip
    assert tables
    assert tables <= {k.strip("()").rstrip(",") for k in kept}


def test_links_lead_somewhere_and_anchors_are_one_each(told):
    d, arrays = told
    assert_links_lead_somewhere(d.explain(**arrays).document)


@pytest.mark.parametrize("language", LANGUAGES)
def test_every_writer_tells_a_call_and_the_function(language):
    function, specs = PROGRAMS["several results"]
    e = derivo.derive(function, **specs).explain(language=language, **drawn(specs))
    words = Words(language)
    said = words.text("calls.title", name="gated", values="§").partition("§")[0]
    for text in (e.text, e.render("md"), e.page):
        assert said in text
    assert words.text("calls.function", name="gated") in e.text
    assert words.text("calls.function", name="gated") in e.render("md")
    assert "gated" in e.render("tex")
    assert "gated_backward(saved_gated_2, (" in e.page


def test_twelve_calls_cost_one_derivation_to_read():
    """However deep the network, what is told of the function itself is told once."""
    function, specs = PROGRAMS["a list of 12"]
    few = {**specs, "layers": specs["layers"][:3]}
    lengths = [
        sum(len(s.blocks) for s in derivo.derive(function, **given).explain("matrix")
            .document.sections if "f1-" in s.anchor)
        for given in (specs, few)
    ]  # fmt: skip
    assert lengths[0] == lengths[1] > 10


def test_every_line_of_a_way_back_bears_the_factors_of_its_call(told):
    """A line names its call by what it hands back; each factor stands in one line."""
    d, arrays = told
    document = d.explain(**arrays).document
    about = subject(d, arrays)
    for part in (about, *(f.body for f in about.functions)):
        of_calls = {f.id for f in part.factors if "function" in f.reader.op.traits}
        lines = [
            of_calls & set(line.factors) for line in document.code.lines
            if "_backward(" in line.text and not line.text.startswith("def ")
        ]  # fmt: skip
        if "for " not in d.source:
            assert set().union(*lines) == of_calls


def test_results_of_calls_are_called_as_in_the_code():
    function, specs = PROGRAMS["nested"]
    document = derivo.derive(function, **specs).explain("matrix").document
    titles = {inline_of(s.title) for s in document.sections if "call-" in s.anchor}
    assert "The call of twice that gives twice_out" in titles
    assert "The call of twice that gives out" in titles


def test_a_call_with_several_results_hands_back_once():
    """As in the code: what comes back to all of its results goes in together."""
    function, specs = PROGRAMS["several results"]
    d = derivo.derive(function, **specs)
    assert "gated_backward(saved_gated, (d_h, d_a))" in d.source
    text = d.explain("matrix").text
    assert "dw₁ = gated_backward_w(dh, da)" in text
    assert "_backward_w(0, " not in text


def test_names_of_nodes_stand_in_no_formula(told):
    """What comes back from a loop within a function has a name there, too."""
    d, arrays = told
    text = d.explain(**arrays).text
    assert not re.search(r"#\d+\(|of=|Loop\(", text)


def test_nests_of_parameters_with_numbers_have_a_page():
    function, specs = PROGRAMS["a list of 12"]
    specs = {**specs, "layers": [("D D", "D"), ("D D", "D")]}
    e = derivo.derive(function, **specs).explain(**drawn(specs))
    assert not e.window.is_drawn


def test_gradients_within_a_function_are_called_as_in_the_code():
    function, specs = PROGRAMS["two calls"]
    d = derivo.derive(function, **specs)
    assert "    d_pre_h = d_h * " in d.source
    assert "    d_w = x.T @ d_pre_h" in d.source
    text = d.explain("matrix").text
    assert "dpre_h = dh ⊙ (1 − h²)" in text
    assert "dw = xᵀ dpre_h" in text


def test_a_function_for_several_shapes_is_told_once():
    def linear(x, w, b):
        return np.tanh(np.tanh(x @ w + b) * b) + b

    def narrowing(x, w1, b1, w2, b2):
        return linear(linear(x, w1, b1), w2, b2)

    d = derivo.derive(
        narrowing, x="N 4", w1="4 3", b1="3", w2="3 2", b2="2", keep="linear"
    )
    document = d.explain("matrix").document
    assert anchors(document, "function-") == ["function-linear"]
    assert len(anchors(document, "call-")) == 2


def test_a_network_of_many_parameters_is_told_in_short():
    """Gradients that one line of the code hands back are not told one by one there."""
    from derivo.explain.document import SHORT, Display

    function, specs = PROGRAMS["a list of 12"]
    specs = {**specs, "layers": specs["layers"] * 3}
    document = derivo.derive(function, **specs).explain("matrix").document
    (section,) = (s for s in document.sections if s.anchor == SHORT)
    outer, within = (b for b in section.blocks if isinstance(b, Display))
    assert 36 <= len(outer.rows) <= 40
    assert len(within.rows) > 5


def test_shorter_gradients_within_a_function_have_their_numbers(told):
    """What is given to a function is one value, in the plain chain rule and shortened."""
    d, arrays = told
    for function in subject(d, arrays).functions:
        body = function.body
        assert body.raw.seeds == body.derivation.backward.seeds
        for name, plain in body.raw.gradients.items():
            shorter = body.derivation.backward.gradients[name]
            found = run_graph([shorter], body.values, body.sizes)[shorter]
            np.testing.assert_allclose(found, body.values[plain], rtol=1e-7, atol=1e-10)
