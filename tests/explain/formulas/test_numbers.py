"""Numbers are rounded so that who computes with those shown comes to those shown."""

import itertools

import numpy as np
import pytest

import derivo
from derivo.explain.document import Display, blocks_of
from derivo.explain.formula import tree as t
from derivo.explain.levels import matrix
from derivo.explain.words import Words
from tests.catalogue import CASES
from tests.explain.formulas.world import world

PROGRAMS = (
    "layer", "relu_network", "softplus", "swiglu", "gru_cell", "lstm_cell", "layer_norm",
    "cosine_similarity", "kl_divergence", "logsumexp_cross_entropy", "mixture_density",
)  # fmt: skip


class NotNumbersError(Exception):
    """Says that a formula is not one of numbers alone."""


def as_shown(number):
    digits = 6 if number.digits is None else number.digits
    return float(f"{number.value:.{digits}g}")


def computed(f):
    """Compute a formula from its numbers as they are printed."""
    match f:
        case t.Number():
            return as_shown(f)
        case t.Mark(body=body) | t.Under(body=body):
            return computed(body)
        case t.Matrix(rows):
            return np.array([[computed(cell) for cell in row] for row in rows])
        case t.Minus(body):
            return -computed(body)
        case t.Plus(terms):
            return sum(computed(term) for term in terms)
        case t.Times(factors):
            product = computed(factors[0])
            for factor in factors[1:]:
                product = product * computed(factor)
            return product
        case t.MatrixProduct(factors):
            return np.linalg.multi_dot([computed(p) for p in factors])
        case t.Transposed(body):
            return computed(body).T
        case _:
            raise NotNumbersError


@pytest.mark.parametrize("name", PROGRAMS)
def test_a_row_of_numbers_is_worth_what_the_next_one_says(name):
    case, tried = CASES[name], 0
    d = derivo.derive(case.function, shapes=case.specs)
    for block in blocks_of(d.explain(arrays=case.arrays()).document):
        rows = block.rows if isinstance(block, Display) else ()
        for above, row in itertools.pairwise(rows):
            is_result = isinstance(row.right, t.Number | t.Matrix) and row.left is None
            if not is_result or isinstance(above.right, t.Number | t.Matrix):
                continue
            try:
                found = np.ravel(computed(above.right))
            except NotNumbersError:
                continue
            cells = [c for c in t.walk(row.right) if isinstance(c, t.Number)]
            if len(cells) != len(found):
                continue  # one number, copied to all places
            for value, cell in zip(found, cells, strict=True):
                digits = 6 if cell.digits is None else cell.digits
                assert float(f"{value:.{digits}g}") == as_shown(cell), name
                tried += 1
    assert tried > 0


@pytest.mark.parametrize("name", ["layer_norm", "batch_norm", "focal_loss", "neuron"])
def test_a_line_with_numbers_has_numbers_for_sizes_too(name):
    said = Words("en").runs("matrix.numbers")
    sections = matrix.both_passes(world(name).subject, Words("en"))
    displays = [b for s in sections for b in s.blocks if isinstance(b, Display)]
    rows = [row for d in displays for row in d.rows if row.reason == said]
    assert rows
    for row in rows:
        assert not any(isinstance(part, t.Size) for part in t.walk(row.right))


@pytest.mark.parametrize("name", ["batch_norm", "softmax_alone", "standardise"])
def test_where_everything_cancels_there_is_no_rounding_left(name):
    """The rows of a softmax add up to 1 whatever comes in: so do their slopes to 0."""
    case = CASES[name]
    d = derivo.derive(case.function, shapes=case.specs)
    document = d.explain(arrays=case.arrays()).document
    rows = [r for b in blocks_of(document) if isinstance(b, Display) for r in b.rows]
    shown = [p.value for r in rows for p in t.walk(r.right) if isinstance(p, t.Number)]
    assert 0 in shown
    assert not [x for x in shown if 0 < abs(x) < 1e-14]


def test_what_is_infinite_is_not_taken_for_rounding():
    d = derivo.derive(lambda x: np.exp(x) + x, x="")
    assert "∞" in d.explain(arrays={"x": np.array(1000.0)}).text
