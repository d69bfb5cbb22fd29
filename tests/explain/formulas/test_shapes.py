"""Parts of arrays in index notation: which entry of the whole is meant."""

import numpy as np
import pytest

import derivo
from derivo.explain.formula import tree as t
from derivo.explain.formula.entries import Entries
from derivo.explain.formula.latex import latex
from derivo.explain.formula.of_node import names_of
from derivo.explain.formula.unicode import inline
from derivo.explain.prepare import subject
from tests.explain.formulas.evaluate import Evaluator

SIZES = {"N": 7, "M": 5}
# The part, the shape of x, and how entry i (and j) of it is written.
PARTS = {
    "x[2]": ("N", "x\u2083"),
    "x[-2]": ("N", "x_(N - 1)"),
    "x[2:]": ("N", "x\u2c7c\u208a\u2082"),
    "x[:3]": ("N", "x\u2c7c"),
    "x[-3:]": ("N", "x_(j + (max(N - 3, 0)))"),
    "x[1:-1]": ("N", "x\u2c7c\u208a\u2081"),
    "x[::2]": ("N", "x_(2 j \u2212 1)"),
    "x[1::3]": ("N", "x_(3 j \u2212 1)"),
    "x[::-1]": ("N", "x_(N + 1 \u2212 i)"),
    "x[4:1:-2]": ((7,), "x_(7 \u2212 2 j)"),
    "x[1:, 2]": ("N M", "x_(k + 1, 3)"),
    "x[:, ::-1]": ("N M", "x_(i, M + 1 \u2212 j)"),
    "x[2:3, 1:]": ("7 M", "x_(3, k + 1)"),
    "x[..., -1]": ("N M", "x_(i, M)"),
}


@pytest.mark.parametrize("text", PARTS)
def test_an_entry_of_a_part_is_one_of_the_whole(text):
    shape, written = PARTS[text]
    space = {}
    exec(f"def part(x):\n    y = {text} * 1.5\n    return y", space)  # noqa: S102
    rng = np.random.default_rng(0)
    words = shape.split() if isinstance(shape, str) else shape
    sizes = [SIZES[d] if d in SIZES else int(d) for d in words]
    x = rng.normal(size=sizes)
    d = derivo.derive(space["part"], x=shape)
    s = subject(d, {"x": x})
    names = names_of(s)
    entries = Entries(s, names)
    (node,) = s.graph.outputs
    left, right = entries.equation(node)
    indices = left.indices if isinstance(left, t.Entry) else ()
    expected = eval(text, {"x": x}) * 1.5  # noqa: S307
    wanted = [n for n in expected.shape if n != 1]
    e = Evaluator({("x", False): x}, SIZES)
    actual = e.entry(right, indices, tuple(wanted))
    np.testing.assert_allclose(actual, expected.reshape(wanted), rtol=1e-15)
    whole = [p for p in t.walk(right) if isinstance(p, t.Entry)]
    assert whole, "the part is written as an entry of x"
    assert isinstance(whole[0].base, t.Symbol)
    assert inline(whole[0]) == written


def test_a_place_outside_is_noticed():
    """The evaluator does not count from the end by mistake."""
    i = t.Index("i")
    e = Evaluator({("x", False): np.arange(4.0)}, {})
    for shift in (1, -1):
        entry = t.Entry(t.Symbol("x", 1), (t.Plus((i, t.Number(shift))),))
        with pytest.raises(AssertionError, match="entry"):
            e.entry(entry, (i,), (4,))


@pytest.mark.parametrize("name", ["x", "x_hat", "gamma", "mu_bar"])
def test_an_entry_has_its_letter_in_italics_as_it_is_one_number(name):
    whole = t.Symbol(name, 2)
    assert "bold" in latex(whole)
    assert "bold" not in latex(t.Entry(whole, (t.Index("i"), t.Index("j"))))
