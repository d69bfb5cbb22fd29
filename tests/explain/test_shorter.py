"""What is said of a gradient in short is what was done, in the code's own steps."""

import re

import numpy as np
import pytest

import derivo
from derivo.explain.document import Display, Link, Section, blocks_of, in_short
from derivo.explain.formula.unicode import inline
from derivo.explain.moments import moments_of
from derivo.explain.prepare import subject
from derivo.explain.words import Words
from tests.catalogue import CASES
from tests.scan.programs import PROGRAMS


def fitted(x, w, b, t):
    h = np.maximum(x @ w + b, 0)
    return np.mean((h - t) ** 2)


def halves(x, w):
    h = np.tanh(x @ w)
    return h, np.exp(h) / (1 + np.exp(h)) + np.sum(x * h) * np.cos(h)


def two_results(x, w, v):
    a, b = halves(x, w)
    a, c = halves(a, v)
    return a * b + c


def rows(section: Section) -> list[tuple[str, str]]:
    return [
        (inline(r.right), "".join(s if isinstance(s, str) else inline(s) for s in r.reason))
        for b in section.blocks if isinstance(b, Display) for r in b.rows
    ]  # fmt: skip


def short(function, **shapes):
    document = in_short(derivo.derive(function, **shapes).explain().document)
    return dict(rows(document.sections[0]))


def test_numbers_that_are_multiplied_are_no_terms_that_are_collected():
    said = short(fitted, x="3 2", w="2 2", b="2", t="3 2")
    assert said["h_minus_t/3"] == "2/6 = 1/3"
    assert not any("collected" in reason for reason in said.values())


def test_a_constant_that_is_a_fraction_is_written_as_one():
    d = derivo.derive(fitted, x="3 2", w="2 2", b="2", t="3 2")
    shown = [inline(r.right) for b in blocks_of(d.explain("matrix").document)
             if isinstance(b, Display) for r in b.rows]  # fmt: skip
    assert "1/6" in shown
    assert not any(re.search("0[.]1666|0[.]3333", text) for text in shown)


def test_a_value_under_its_name_was_not_collected():
    case = CASES["softmax_cross_entropy"]
    said = short(case.function, **case.specs)
    assert (
        said["−log_p/N"] == "log_p is known from the forward pass, so it is used again"
    )


LINKS = ("linear_attention", "focal_loss", "matrix_factorisation", "rnn", "layer_norm")


@pytest.mark.parametrize("name", LINKS)
def test_links_lead_to_what_is_told(name):
    """Where a gradient is told in a line alone there is no section to lead to."""
    case = {**CASES, **PROGRAMS}[name]
    d = derivo.derive(case.function, shapes=case.specs)
    document = d.explain(("scalar", "matrix")).document
    anchors = {s.anchor for s in document.sections}
    runs = [r for b in blocks_of(document) for r in getattr(b, "runs", ())]
    links = [r.target for r in runs if isinstance(r, Link)]
    assert {x.removeprefix("#") for x in links} <= anchors


def test_a_long_derivation_has_a_line_for_each_gradient_that_needs_no_more():
    def deep(x, scales):
        for w in scales:
            x = np.tanh(w * x)
        return x

    d = derivo.derive(deep, shapes={"x": "N", "scales": ["N"] * 45})
    (section,) = (
        s for s in d.explain("matrix").document.sections if s.anchor == "lines"
    )
    assert sum("other factor" in reason for _, reason in rows(section)) > 40


def test_terms_in_another_order_are_not_shorter():
    case = CASES["convolution_1d"]
    said = short(case.function, **case.specs)
    assert "written shorter" not in said.values()


def test_of_a_loss_it_is_said_that_its_derivative_is_1():
    d = derivo.derive(fitted, x="3 2", w="2 2", b="2", t="3 2")
    told = moments_of(subject(d, {}), Words("en"))
    first = next(m for m in told if m.phase == "backward")
    assert "by itself is 1" in str(first.reason)
    d = derivo.derive(halves, x="N M", w="M M")
    told = moments_of(subject(d, {}), Words("en"))
    first = next(m for m in told if m.phase == "backward")
    assert "outside" in str(first.reason)


def test_the_result_is_headed_by_its_name():
    d = derivo.derive(fitted, x="3 2", w="2 2", b="2", t="3 2")
    titles = [s.title for s in d.explain("matrix").document.sections]
    assert "∂E/∂fitted" in [inline(t[0]) for t in titles if not isinstance(t[0], str)]


def test_a_call_hands_back_once_what_comes_back_to_all_its_results():
    said = short(two_results, x="N M", w="M M", v="M M")
    backward = [right for right in said if "halves_backward" in right]
    assert len(backward) >= 4
    assert all(right.count("halves_backward") == 1 for right in backward)
    assert not any("(0" in right or ", 0" in right for right in backward)
    assert not any("more than once" in said[right] for right in backward)
