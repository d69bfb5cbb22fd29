"""What is told of loops over time is true: its formulas, run as a program, say so."""

import re
import warnings
from dataclasses import replace

import numpy as np
import pytest

import derivo
from derivo.explain.code import code_of
from derivo.explain.document import Link, Paragraph, Table, blocks_of
from derivo.explain.formula import tree as t
from derivo.explain.formula.layout import layout
from derivo.explain.formula.unicode import inline
from derivo.explain.levels.loops import recurrence
from derivo.explain.levels.tell import Telling
from derivo.explain.prepare import subject
from derivo.explain.words import LANGUAGES
from derivo.explain.words import Words as Sentences
from derivo.explain.words.loops import TEXTS
from derivo.explain.writers.terminal import render
from tests.explain.loop_programs import (
    CLOSE,
    LOOPS,
    SIZES,
    SPECS,
    arrays,
    bare,
    compared,
    lines_of,
    lstm,
    over_steps,
    rnn,
    rows_of,
    told,
    traced,
    two_carries,
    weight_twice,
    whole,
)  # fmt: skip
from tests.scan.plain_loops import LOOPS as PLAIN
from tests.scan.programs import PROGRAMS


@pytest.mark.parametrize("function", LOOPS)
def test_the_told_recurrences_are_those_of_the_code_at_every_step(function):
    kinds = compared(function)
    assert {"computed", "before", "added", "row", "handed"} <= set(kinds)
    assert "chain" in kinds or function is two_carries
    # The weight that is read in two ways has a test of its own.
    sums = {rnn: 3, lstm: 8, two_carries: 1, weight_twice: 0}
    assert kinds.count("sum") == sums[function]


@pytest.mark.parametrize("function", [rnn, lstm])
def test_a_lost_part_of_an_adjoint_is_found(function):
    def lose(f):
        later = isinstance(f, t.Symbol) and f.high == "+"
        return t.Number(0) if later else f

    with pytest.raises(AssertionError):
        compared(function, lose)


def test_a_lost_transpose_is_found():
    def lose(f):
        is_u = isinstance(f, t.Call) and f.op.name == "transpose"
        return f.args[0] if is_u and bare(f.args[0]).name == "u" else f

    with pytest.raises(AssertionError):
        compared(rnn, lose)


def test_a_sum_over_too_few_steps_is_found():
    e, document = told(rnn)
    sums = [r for r in rows_of(document, "s1-sums") if over_steps(r.right)]
    right = next(right for left, right in whole(sums) if bare(left).name == "w")
    all_steps = e.value(right, inside=False)
    fewer = e.value(replace(right, size=t.Number(SIZES["T"] - 1)), inside=False)
    assert not np.allclose(all_steps, fewer)


def test_both_parts_of_a_weight_that_is_read_in_two_ways_add_up():
    e, document = told(weight_twice)
    sums = [r for r in rows_of(document, "s1-sums") if over_steps(r.right)]
    values = {
        bare(left).name: e.value(right, inside=False)
        for left, right in whole(sums)
        if not any(
            isinstance(f, t.Call) and f.op.name == "adjoint" for f in t.walk(right)
        )
    }
    w = arrays(weight_twice)["w"]
    d = derivo.derive(weight_twice, **SPECS[weight_twice])
    # n = w x + cos(w) s w: every step reads w, and cos(w), whose slope is -sin(w).
    expected = d.gradients(**arrays(weight_twice))["w"]
    direct, other = values["w"], values["cos_w"]
    np.testing.assert_allclose(direct - np.sin(w) * other, expected, **CLOSE)


@pytest.mark.parametrize("function", LOOPS)
def test_norms_are_those_of_the_code(function):
    found, d, given, up = traced(function)
    options = {} if np.ndim(up) == 0 else {"upstream": up}
    document = d.explain("matrix", arrays=given, **options).document
    (section,) = [s for s in document.sections if s.anchor == "s1-product"]
    (table,) = [b for b in section.blocks if isinstance(b, Table)]
    about = subject(d, {})
    first = about.loops[0].following[0]
    added = [n for n, k, v in lines_of(about) if k == "added" and v is first]
    (number,) = added or [None]
    for row in table.rows[1:]:
        step, norm = (cell[0].value for cell in row[:2])
        if number is not None:
            expected = np.linalg.norm(np.ravel(found[number, step - 1]))
            assert norm == pytest.approx(expected, rel=1e-12)
    assert len(table.rows) == SIZES["T"] + 1
    last = table.rows[1]
    assert last[1][0].value == pytest.approx(last[2][0].value)


def test_the_product_of_jacobians_is_the_derivative_by_an_early_step():
    e, document = told(rnn)
    rows = rows_of(document, "s1-product")
    factor = bare(rows[0].right)
    assert isinstance(factor, t.MatrixProduct)
    slope, turned = (bare(f) for f in factor.factors)
    found = np.eye(SIZES["M"])
    for e.now in range(SIZES["T"], 1, -1):
        diagonal = np.diag(e.value(slope.args[0], inside=False)[0])
        found = found @ diagonal @ e.value(turned, inside=False)
    given = arrays(rnn)

    def last(h1):  # from the first step's carry to the last one's, by hand
        for x in given["xs"][1:, :1]:
            h1 = np.tanh(x @ given["w"] + h1 @ given["u"] + given["b"])
        return h1[0]

    start = e.known["h", False, 1, ""][:1]
    for k in range(SIZES["M"]):
        h = np.zeros_like(start, dtype=complex)
        h[0, k] = 1e-30j
        np.testing.assert_allclose(last(start + h).imag / 1e-30, found[:, k], **CLOSE)


# --- languages and writers ------------------------------------------------------------


def test_every_sentence_has_every_language_and_the_same_fields():
    for key, text in TEXTS.items():
        assert set(text) == set(LANGUAGES), key
        fields = {tuple(sorted(set(re.findall(r"{\w+}", x)))) for x in text.values()}
        assert len(fields) == 1, key


@pytest.mark.parametrize("function", LOOPS)
def test_every_language_tells_the_same_sections(function):
    d = derivo.derive(function, **SPECS[function])
    seen = []
    for language in LANGUAGES:
        document = d.explain(language=language, arrays=arrays(function)).document
        seen.append({s.anchor for s in document.sections})
        own = [s for s in document.sections if s.anchor.startswith("s1-")]
        assert {"s1-step", "s1-back", "s1-product"} <= {s.anchor for s in own}
    assert seen[0] == seen[1] == seen[2]


@pytest.mark.parametrize("function", LOOPS)
def test_every_writer_shows_the_sections(function):
    d = derivo.derive(function, **SPECS[function])
    e = d.explain(arrays=arrays(function))
    for ending in (".html", ".tex", ".md", ".txt"):
        text = e.render(ending)
        for name in ("back_title", "product_title"):
            assert TEXTS[name]["en"] in text, (ending, name)
    page = e.render(".html")
    ids = re.findall(r'\sid="([^"]+)"', page)
    anchors = [s.anchor for s in e.document.sections]
    assert len(set(anchors)) == len(anchors)
    assert set(anchors) <= set(ids)


@pytest.mark.parametrize("name", PROGRAMS)
def test_every_loop_is_told_with_numbers_and_without(name):
    case = PROGRAMS[name]
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        d = derivo.derive(case.function, **case.specs)
        for given in ({}, case.arrays()):
            document = d.explain(arrays=given).document
            anchors = {s.anchor for s in document.sections}
            links = [
                r.target.removeprefix("#")
                for b in blocks_of(document) if isinstance(b, Paragraph)
                for r in b.runs if isinstance(r, Link)
            ]  # fmt: skip
            assert set(links) <= anchors
            assert not re.search(r"bound#|Loop\(|scan_|last_\(of", render(document))
            assert any(a.endswith("step") for a in anchors)
            known = {f.id for f in document.factors}
            assert {f for x in document.code.lines for f in x.factors} <= known
            assert len(known) == len(document.factors)


@pytest.mark.parametrize(
    "name", ["joined_outputs", "plain_convolution", "a_helper_in_the_step"]
)
def test_a_loop_that_hands_nothing_on_and_one_with_a_helper_are_told(name):
    case = next(c for c in PLAIN if c.name == name)
    told_of = derivo.derive(case.function, **case.specs).explain()
    assert "for " in told_of.text
    assert "<html" in told_of.page


@pytest.mark.parametrize(
    "name", ["gru", "sequence_loss", "streaming_attention", "there_and_back", "words"]
)
def test_every_factor_of_a_step_stands_beside_a_line_of_its_loop(name):
    case = PROGRAMS[name]
    d = derivo.derive(case.function, **case.specs)
    about = subject(d, {})
    lines = d.source.splitlines()
    places = {about.ids[s.node]: s.body for s in about.loops}
    of_loops = [x for x in code_of(about).lines if places.keys() & set(x.places)]
    for place, body in places.items():
        own = [x for x in of_loops if place in x.places and x.backward]
        assert {f for x in own for f in x.factors} == {f.id for f in body.factors}
        assert any(x.text.startswith(" " * 8) for x in own)
    assert {x.text for x in of_loops} <= set(lines)


def test_the_lines_of_a_loop_in_a_loop_have_their_factors():
    case = PROGRAMS["a_loop_in_a_loop"]
    about = subject(derivo.derive(case.function, **case.specs), {})
    inner = about.loops[0].body.loops[0].body
    (line,) = [x for x in code_of(about).lines if x.text.strip() == "d_s_2 = delta * w"]
    factor = next(f for f in inner.factors if f.operand is inner.graph.inputs[0])
    assert line.backward
    assert line.factors == (factor.id,)


@pytest.mark.parametrize(
    "name", ["a_loop_in_a_loop", "sequence_loss", "streaming_attention", "lstm"]
)
def test_a_value_of_a_step_and_its_gradient_have_one_name_each(name):
    case = PROGRAMS[name]
    about = subject(derivo.derive(case.function, **case.specs), {})
    for steps in about.all_loops:
        inner = Telling(steps.body, Sentences("en"))
        names = [s for s in inner.names.values() if isinstance(s, t.Symbol)]
        assert not [s for s in names if s.plain]
        for row in recurrence(steps, inner):
            assert layout(row.left) != layout(row.right)


@pytest.mark.parametrize(
    ("language", "name"),
    [("en", "loop over row"), ("fr", "boucle sur row"), ("ja", "row のループ")],
)
def test_a_loop_is_called_after_the_users_own_variable(language, name):
    def summed(x, w):
        s = 0.0
        for row in range(x.shape[0]):
            s = np.tanh(s * w + x[row])
        return s

    e = derivo.derive(summed, x="T", w="").explain(language=language)
    assert f"{name} (" in e.text
    assert not re.search(r"\bscan\b", e.render("svg") + e.render("dot"))
    assert name in {s.symbol for s in e.window.pictures[0].drawing.spots}
    assert e.window.pictures[1].name == name
    (label,) = {
        inline(v.label) for v in e.window.values if v.id == e.window.loops[0].place
    }
    assert label == name
