"""No name stands for two values on a page: in no level, and in no writer."""

import warnings

import numpy as np
import pytest

import derivo
from derivo.explain.document import Display, blocks_of
from derivo.explain.formula.latex import latex
from derivo.explain.formula.mathml import math
from derivo.explain.formula.tree import (
    Entry,
    Index,
    Matrix,
    Minus,
    Number,
    Sum,
    Symbol,
    Under,
    walk,
)
from derivo.explain.formula.unicode import inline
from derivo.explain.levels import batch, jacobian, matrix
from derivo.explain.words import Words
from derivo.layers import Dense
from tests.catalogue import CASES
from tests.explain import loop_programs
from tests.explain.formulas.evaluate import Evaluator, NotANumberError
from tests.explain.formulas.world import world
from tests.explain.reading import explained, formulas_of

WRITERS = {"text": inline, "latex": latex, "page": math}
# A row sum is copied along the rows of a square array there, and a formula on whole
# arrays does not say along which axis.
AMBIGUOUS = {"info_nce"}


def bare(formula):
    """Take the brace with the shape away from a name."""
    return bare(formula.body) if isinstance(formula, Under) else formula


def groups_of(document):
    for block in blocks_of(document):
        if isinstance(block, Display):
            yield block.rows


def named_numbers(document):
    """Give every name of a document with the numbers that stand beside it."""
    numbers = Evaluator({}, {})
    for rows in groups_of(document):
        left = None
        for row in rows:
            left = row.left if row.left is not None else left
            if row.sign != "=":
                left = None
            plain = all(isinstance(f, Number | Matrix | Minus) for f in walk(row.right))
            if left is not None and plain:
                value = np.squeeze(numbers.array(row.right)).astype(float)
                yield bare(left), value


def assert_nothing_is_itself(document):
    """No row says of a thing that it is what it is."""
    for rows in groups_of(document):
        for row in rows:
            if row.left is not None and row.sign == "=":
                assert inline(row.left) != inline(row.right)


def assert_one_value_each(document):
    assert_nothing_is_itself(document)
    for write in WRITERS.values():
        seen = {}
        for left, value in named_numbers(document):
            name = write(left)
            first = seen.setdefault(name, value)
            # A number alone, where there is an array, stands for each of its entries.
            same = first.shape == value.shape or 1 in {first.size, value.size}
            assert same, inline(left)
            np.testing.assert_allclose(value, first, 1e-6, 1e-9, err_msg=inline(left))
    return len(seen)


def tied(x, w):
    h = np.tanh(x @ w)
    return h @ w.T


def thrice(x, w, b):
    h = np.tanh(x @ w + b)
    g = np.exp(h @ w) * h + b
    return np.sum(g @ w * h)


TIED = {
    tied: {"x": "2 2", "w": "2 3"},
    thrice: {"x": "2 2", "w": "2 2", "b": "2"},
}


def drawn(specs):
    rng = np.random.default_rng(5)
    shapes = {
        k: tuple(int(n) if n.isdigit() else 2 for n in s.split())
        for k, s in specs.items()
    }
    return {k: rng.normal(size=s) for k, s in shapes.items()}


@pytest.mark.parametrize("function", TIED, ids=lambda f: f.__name__)
def test_tied_weights(function):
    d = derivo.derive(function, **TIED[function])
    assert assert_one_value_each(d.explain(**drawn(TIED[function])).document) > 5


def penalised(w, x, t):
    """A loss that also counts its own gradient, under the names people give it."""
    p = np.tanh(x @ w)
    dp = 2 * (p - t)
    dw = x.T @ (dp * (1 - p * p))
    return np.sum((p - t) ** 2) + 0.1 * np.sum(dw * dw)


def slope_of_a_number(x, w):
    y = np.tanh(w * x)
    dy = 1 - y * y
    return y + dy * dy


OWN_GRADIENT = {
    penalised: {"w": "L M", "x": "N L", "t": "N M"},
    slope_of_a_number: {"x": "", "w": ""},
}


@pytest.mark.parametrize("function", OWN_GRADIENT, ids=lambda f: f.__name__)
def test_a_value_may_be_named_like_a_gradient(function):
    """The user's `dp` is a value of its own, not what comes back to `p`."""
    specs = OWN_GRADIENT[function]
    d = derivo.derive(function, **specs)
    explanation = d.explain(**drawn(specs))
    assert assert_one_value_each(explanation.document) > 3
    names = {inline(f) for f in formulas_of(explanation.document)}
    own = "p" if function is penalised else "y"
    assert {f"d{own}", f"d_{own}"} <= names


@pytest.mark.parametrize("case", CASES.values(), ids=lambda c: c.name)
def test_programs_with_numbers(case):
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        assert_one_value_each(explained(case, numbers=True))


@pytest.mark.parametrize("function", loop_programs.SPECS, ids=lambda f: f.__name__)
def test_loops_with_numbers(function):
    sizes = {"T": 3, "N": 2, "L": 2, "M": 2}
    rng = np.random.default_rng(5)
    d = derivo.derive(function, **loop_programs.SPECS[function])
    arrays = {
        n.attrs["name"]: rng.normal(
            size=tuple(d if isinstance(d, int) else sizes.get(str(d), 2) for d in n.spec.shape)
        )
        for n in d.traced.inputs
    }  # fmt: skip
    assert_one_value_each(d.explain(**arrays).document)


def test_a_network():
    net = derivo.Network(Dense(3, "tanh"), Dense(2), loss="cross_entropy")
    x, t = np.random.default_rng(2).normal(size=(4, 4)), np.array([0, 1, 1, 0])
    net.build(4)
    assert assert_one_value_each(net.explain(x=x, t=t).document) > 5


# --- formulas with letters --------------------------------------------------------------


def lines_of(w):
    """Give every line ``name = formula`` of the levels with arrays."""
    for module in (matrix, jacobian, batch):
        for section in module.sections(w.subject, Words("en")):
            for block in section.blocks:
                for row in block.rows if isinstance(block, Display) else ():
                    if row.left is not None and row.sign == "=":
                        yield bare(row.left), row.right


def value_of(left, right, e):
    """Give the name that a line is about, and the array that it says it is."""
    indices = left.indices if isinstance(left, Entry) else ()
    entries = any(isinstance(p, Entry) for p in walk(right))
    if not indices and not entries:
        return left, np.squeeze(e.array(right)).astype(float)
    lengths = {}
    for part in (p for p in walk(right) if isinstance(p, Entry)):
        if isinstance(part.base, Symbol):
            known = e.values.get((part.base.name + part.base.high, part.base.adjoint))
            shape = [] if known is None else [n for n in np.shape(known) if n != 1]
            lengths |= {
                i.name: n
                for i, n in zip(part.indices, shape, strict=False)
                if isinstance(i, Index)
            }
    bound = {p.index.name for p in walk(right) if isinstance(p, Sum)}
    used = {p.name for p in walk(right) if isinstance(p, Index)} - bound
    names = [i.name for i in indices if isinstance(i, Index)]
    if len(names) < len(indices) or used != set(names) or not used <= lengths.keys():
        raise NotANumberError(inline(left))
    found = e.entry(right, indices, tuple(lengths[n] for n in names))
    return left.base if indices else left, found.astype(float)


@pytest.mark.parametrize("name", sorted(CASES.keys() - AMBIGUOUS))
def test_lines_about_one_name_say_the_same(name):
    w = world(name)
    e = w.evaluator()
    seen = {}
    for left, right in lines_of(w):
        try:
            with np.errstate(all="ignore"):
                about, value = value_of(left, right, e)
        except (NotANumberError, ValueError):
            continue
        key = inline(about)
        first = seen.setdefault(key, value)
        if isinstance(about, Symbol) and about.high:
            e.values[about.name + about.high, about.adjoint] = first
        if first.shape == value.shape:
            np.testing.assert_allclose(value, first, 1e-9, 1e-9, err_msg=key)


def unnamed_logsumexp(x, w):
    alpha = x[0]
    for t in range(1, x.shape[0]):
        alpha = x[t] + np.log(np.sum(np.exp(alpha[:, None] + w), axis=0))
    return np.log(np.sum(np.exp(alpha)))


def test_what_is_written_as_it_was_is_not_recognised_aloud():
    d = derivo.derive(unnamed_logsumexp, x="T K", w="K K")
    assert_nothing_is_itself(d.explain().document)
