"""Every row of an explanation is true: both sides have the same value."""

import functools
import itertools
import re
import warnings

import numpy as np
import pytest

import derivo
from derivo.explain.document import Display, Note, Paragraph, blocks_of, within
from derivo.explain.formula.tree import (
    Matrix,
    MatrixProduct,
    Minus,
    Number,
    Symbol,
    walk,
)
from derivo.explain.levels import batch, jacobian, matrix, scalar
from derivo.explain.levels.scalarise import scalarise, small_sizes
from derivo.explain.levels.tell import Telling
from derivo.explain.prepare import subject
from derivo.explain.words import Words
from tests.catalogue import CASES
from tests.explain.reading import explained


def neuron(x, w, b):
    m = w * x
    n = m + b
    y = 1 / (1 + np.exp(-n))
    return y


def sigmoid(n):
    return 1 / (1 + np.exp(-n))


def two_neurons(x1, x2, w11, w12, w21, w22, b1, b2):
    l = w11 * x1
    r = w21 * x2
    m = l + r + b1
    y1 = sigmoid(m)
    n = w12 * x1
    p = w22 * x2
    q = n + p + b2
    y2 = sigmoid(q)
    return y1, y2


SCALARS = dict.fromkeys(("x1", "x2", "w11", "w12", "w21", "w22", "b1", "b2"), "")


def layer(x, w, b):
    n = x @ w + b
    y = 1 / (1 + np.exp(-n))
    return y


def softmax_loss(z, t):
    e = np.exp(z - np.max(z, axis=1, keepdims=True))
    p = e / np.sum(e, axis=1, keepdims=True)
    return -np.sum(t * np.log(p))


OUTSIDE = Words("en").runs("scalar.upstream")


def sections(module, d, **arrays):
    return {s.anchor: s for s in module.sections(subject(d, arrays), Words("en"))}


def rows(section):
    blocks = [b for f in section.blocks for b in getattr(f, "blocks", (f,))]
    return [r for b in blocks if isinstance(b, Display) for r in b.rows]


def inline(formula):
    from derivo.explain.formula.unicode import inline

    return inline(formula)


def test_the_neuron_is_told_as_in_the_article():
    d = derivo.derive(neuron, x="", w="", b="")
    told_ = sections(scalar, d)
    texts = {a: [inline(r.right) for r in rows(told_[f"scalar-{a}"])] for a in "xwb"}
    assert texts["w"][:2] == ["∂y/∂n × ∂n/∂m × ∂m/∂w", "σ′(n) × 1 × x"]
    assert texts["x"][:2] == ["∂y/∂n × ∂n/∂m × ∂m/∂x", "σ′(n) × 1 × w"]
    assert texts["b"][:2] == ["∂y/∂n × ∂n/∂b", "σ′(n) × 1"]


def test_the_slips_of_the_articles_formulas_come_out_right():
    d = derivo.derive(two_neurons, **SCALARS)
    told_ = sections(scalar, d)

    def pairs(anchor):
        return [
            (r.left and inline(r.left), inline(r.right)) for r in rows(told_[anchor])
        ]

    # The fourth line of dW is about w22, by way of q and p.
    assert (
        "∂y₂/∂w₂₂",
        "∂y₂/∂q × ∂q/∂p × ∂p/∂w₂₂",
    ) in pairs("scalar-w22")
    # The slope for b2 is taken at q.
    assert (None, "σ′(q) × 1") in pairs("scalar-b2")
    # The gradient of x1 weighs each neuron with its own error.
    assert ("dx₁", "dy₁ · ∂y₁/∂x₁ + dy₂ · ∂y₂/∂x₁") in pairs("scalar-x1")


def test_products_along_paths_add_up_to_the_gradient():
    d = derivo.derive(two_neurons, **SCALARS)
    arrays = {
        k: np.float64(v)
        for k, v in zip(SCALARS, (1.5, -2, 0.3, 0.1, -0.4, 0.8, 0.2, -0.1), strict=True)
    }
    told_ = sections(scalar, d, **arrays)
    expected = d.gradients(**arrays)
    for name in SCALARS:
        numbers = [
            r.right
            for r in rows(told_[f"scalar-{name}"])
            if isinstance(r.right, Number)
        ]
        *slopes, whole = (n.value for n in numbers)
        assert sum(slopes) == pytest.approx(expected[name], rel=1e-12)
        assert whole == pytest.approx(expected[name], rel=1e-12)


def expandable():
    """Give every program that can be written out entry by entry, at small sizes."""
    for case in CASES.values():
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            d = derivo.derive(case.function, **case.specs)
        about = subject(d, {})
        sizes = small_sizes(about)
        rng = np.random.default_rng(0)
        shapes = {
            n.attrs["name"]: tuple(
                d if isinstance(d, int) else sizes[str(d)] for d in n.spec.shape
            )
            for n in about.graph.inputs
        }
        arrays = {
            k: case.draws.get(k, lambda r, s: r.normal(size=s))(rng, s)
            for k, s in shapes.items()
        }
        try:
            with np.errstate(all="ignore"):
                yield (
                    case.name,
                    d,
                    arrays,
                    scalar.sections(subject(d, arrays), Words("en")),
                )
        except Exception as error:  # noqa: BLE001
            pytest.fail(f"{case.name}: {error!r}")


@functools.cache
def all_expanded():
    return tuple(expandable())


def test_every_program_adds_up_over_its_paths():
    """The sum over paths of products of slopes is the gradient that the code gives."""
    compared = 0
    for name, d, arrays, told_ in all_expanded():
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            try:
                expected = (
                    d.exact.gradients(**arrays)
                    if d.assumptions
                    else d.gradients(**arrays)
                )
            except IndexError:  # labels of more classes than there are at small sizes
                continue
        for section in told_[1:]:
            argument = section.anchor.removeprefix("scalar-")
            if argument not in expected or any(
                "left out" in str(b) for b in section.blocks
            ):
                continue
            first = next((b for b in section.blocks if isinstance(b, Display)), None)
            if first is None:
                continue
            numbers = [r.right.value for r in first.rows if isinstance(r.right, Number)]
            if not numbers:
                continue
            entry = np.ravel(expected[argument])[0]
            if any(r.reason == OUTSIDE for r in first.rows):
                # Below the sum over paths stands what it makes with the result's own.
                whole = numbers.pop()
                assert whole == pytest.approx(entry, rel=1e-9, abs=1e-12, nan_ok=True)
            assert sum(numbers) == pytest.approx(
                entry, rel=1e-9, abs=1e-12, nan_ok=True
            ), (
                name,
                argument,
            )
            compared += 1
    assert compared >= 50, compared


def test_gathered_entries_are_the_gradient_that_the_code_gives():
    """What is put in the places of the entries, in numbers, is what NumPy computes."""
    compared = 0
    for name, d, arrays, told_ in all_expanded():
        with np.errstate(all="ignore"), warnings.catch_warnings():
            warnings.simplefilter("ignore")
            try:
                expected = (d.exact if d.assumptions else d).gradients(**arrays)
            except IndexError:  # labels of more classes than there are at small sizes
                continue
        for row in (r for s in told_ for r in rows(s)):
            if isinstance(row.left, Symbol) and row.left.adjoint:
                about = row.left.name
            cells = [c for c in walk(row.right) if not isinstance(c, Matrix)]
            is_numbers = isinstance(row.right, Matrix) and all(
                isinstance(c, Number) for c in cells
            )
            if is_numbers and about in expected:
                shown = [[c.value for c in line] for line in row.right.rows]
                np.testing.assert_allclose(
                    np.ravel(shown), np.ravel(expected[about]), 1e-9, 1e-12,
                    err_msg=f"{name}: d{about}",
                )  # fmt: skip
                compared += 1
    assert compared >= 60, compared


def test_number_by_number_nothing_is_said_twice_and_nothing_is_too_wide():
    """Runs that differ by the index alone are two lines; sentences stand once."""
    for name, _, _, told_ in all_expanded():
        for section in told_:
            said = [b.runs for b in section.blocks if isinstance(b, Paragraph | Note)]
            assert len(said) == len({str(runs) for runs in said}), name
            for block in (b for b in within(section.blocks) if isinstance(b, Display)):
                equations = [r for r in block.rows if r.left is not None]
                looks = [
                    re.sub("[₀-₉]", "", f"{inline(r.left)} = {inline(r.right)}")
                    for r in equations
                ]  # fmt: skip
                runs = [len(list(run)) for _, run in itertools.groupby(looks)]
                # Two of one array, and two of another whose name ends in a digit.
                assert max(runs) <= 4, (name, section.anchor, looks)
                for row in (r for r in block.rows if isinstance(r.right, Matrix)):
                    width = max(
                        sum(map(len, map(inline, line))) for line in row.right.rows
                    )
                    assert width <= 100, (name, section.anchor)


def test_no_gradient_is_told_by_itself():
    """What comes from outside to a result that is read on has a name of its own."""

    def read_on(x, w):
        y = np.tanh(x @ w)
        return y, np.sum(y * y)

    d = derivo.derive(read_on, x="N L", w="L M")
    told_ = [s for *_, sections_ in all_expanded() for s in sections_]
    told_ += sections(scalar, d).values()
    lines = [r for s in told_ for r in rows(s) if r.left is not None]
    assert any(inline(r.right).startswith("(dy₀)") for r in lines)
    for row in (r for r in lines if not isinstance(r.right, Matrix)):
        assert row.left not in list(walk(row.right)), inline(row.left)


def test_numbers_are_those_of_the_whole_or_there_are_none():
    d = derivo.derive(layer, x="N L", w="L M", b="M")
    rng = np.random.default_rng(5)
    for rows_given, is_told in ((3, True), (60, False)):
        shapes = {"x": (rows_given, 2), "w": (2, 2), "b": 2}
        arrays = {k: rng.normal(size=s) for k, s in shapes.items()}
        found = [
            r.right for s in sections(scalar, d, **arrays).values() for r in rows(s)
        ]
        shown = [f for f in found if any(_digits(part) for part in walk(f))]
        assert bool(shown) == is_told
        expected = d.gradients(**arrays)["w"]
        tables = [np.array([[_number(c) for c in r] for r in f.rows])
                  for f in shown if isinstance(f, Matrix)]  # fmt: skip
        same = [
            t.shape == (2, 2) and np.allclose(t, expected, rtol=1e-12) for t in tables
        ]
        assert any(same) == is_told


def _digits(part):
    return isinstance(part, Number) and part.digits is not None


def test_the_four_partials_of_two_neurons_gather_into_a_product():
    d = derivo.derive(layer, x="N L", w="L M", b="M")
    found = [inline(r.right) for r in rows(sections(scalar, d)["scalar-w"])]
    assert found[-3:] == [
        "(dy₁ · σ′(n₁) · x₁ dy₂ · σ′(n₂) · x₁; dy₁ · σ′(n₁) · x₂ dy₂ · σ′(n₂) · x₂)",
        "(x₁; x₂) (dy₁ · σ′(n₁) dy₂ · σ′(n₂))",
        "xᵀ dn",
    ]
    (of_x,) = [
        r for r in rows(sections(scalar, d)["scalar-x"]) if isinstance(r.right, MatrixProduct)
    ]  # fmt: skip
    assert inline(of_x.right) == "(dy₁ · σ′(n₁) dy₂ · σ′(n₂)) (w₁₁ w₂₁; w₁₂ w₂₂)"


def test_a_network_with_a_softmax_is_told_number_by_number():
    def net(x, w, b, v, t):
        z = np.tanh(x @ w + b) @ v
        e = np.exp(z - np.max(z, axis=1, keepdims=True))
        p = e / np.sum(e, axis=1, keepdims=True)
        return -np.mean(np.sum(t * np.log(p), axis=1))

    d = derivo.derive(
        net, x="N L", w="L M", b="M", v="M C", t="N C", wrt=("w", "b", "v")
    )
    rng = np.random.default_rng(3)
    arrays = {
        "x": rng.normal(size=(1, 2)), "w": rng.normal(size=(2, 2)),
        "b": rng.normal(size=2), "v": rng.normal(size=(2, 2)), "t": np.array([[0.0, 1.0]]),
    }  # fmt: skip
    told_ = sections(scalar, d, **arrays)
    assert list(told_) == ["scalar", "scalar-backward"]
    lines = rows(told_["scalar-backward"])
    lefts = [inline(r.left) if r.left else "" for r in lines]
    # The paths are many; each number has one line, and what it comes to.
    assert lefts.count("dz₁") == 1
    at = lefts.index("dw")
    shown = [
        r.right for r in itertools.takewhile(lambda r: not r.left, lines[at + 1 :])
    ]
    numbers = [[c.value for c in row] for row in shown[-1].rows]
    np.testing.assert_allclose(numbers, d.gradients(**arrays)["w"], rtol=1e-12)


def test_rows_that_have_to_do_with_one_another_are_two():
    """The mean of one row is that row: x minus its mean would be told as 0."""

    def centred(x, w):
        return w * (x - np.mean(x, axis=0))

    about = subject(derivo.derive(centred, x="N M", w="M"), {})
    assert small_sizes(about)["N"] == 2
    assert (
        small_sizes(subject(derivo.derive(layer, x="N L", w="L M", b="M"), {}))["N"]
        == 1
    )


def test_where_the_transpose_comes_from():
    d = derivo.derive(layer, x="N L", w="L M", b="M")
    told_ = sections(matrix, d)
    pairs = [
        (r.left and inline(r.left), inline(r.right)) for r in rows(told_["matrix-w"])
    ]
    assert pairs[:4] == [
        ("(x w)ᵢₖ", "∑ⱼ₌₁^L xᵢⱼ wⱼₖ"),
        ("∂(x w)ᵢₖ/∂wⱼₖ", "xᵢⱼ"),
        ("dwⱼₖ", "∑ᵢ₌₁^N ∂(x w)ᵢₖ/∂wⱼₖ dnᵢₖ"),
        (None, "∑ᵢ₌₁^N xᵢⱼ dnᵢₖ"),
    ]
    assert pairs[4:6] == [(None, "∑ᵢ₌₁^N (xᵀ)ⱼᵢ dnᵢₖ"), ("dw", "xᵀ dn")]


def test_from_the_jacobian_to_p_minus_t():
    d = derivo.derive(softmax_loss, z="N C", t="N C", wrt="z")
    told_ = sections(jacobian, d)
    (section,) = told_.values()
    chain = [b for b in section.blocks if isinstance(b, Display)][-2]
    texts = [inline(r.right) for r in chain.rows]
    assert texts[0] == "∑ₖ₌₁^C dpᵢₖ ∂pᵢₖ/∂zᵢⱼ"
    assert texts[-1] == "pᵢⱼ − tᵢⱼ"
    assert any("∑ₖ₌₁^C tᵢₖ" in t for t in texts)


def test_without_the_assumption_the_sum_of_t_stays():
    d = derivo.derive(softmax_loss, z="N C", t="N C", wrt="z", assume="t is free")
    (section,) = sections(jacobian, d).values()
    chain = [b for b in section.blocks if isinstance(b, Display)][-2]
    assert "∑ₖ₌₁^C tᵢₖ" in inline(chain.rows[-1].right)


def test_values_that_break_an_assumption_are_told_without_it():
    d = derivo.derive(softmax_loss, z="N C", t="N C", wrt="z")
    rng = np.random.default_rng(0)
    arrays = {"z": rng.normal(size=(1, 3)), "t": rng.uniform(size=(1, 3))}
    about = subject(d, arrays)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        expected = d.gradients(**arrays)["z"]
    told_ = next(
        s for s in matrix.sections(about, Words("en")) if s.anchor == "matrix-z"
    )
    shown = [
        np.array([[_number(c) for c in r] for r in row.right.rows])
        for row in rows(told_) if isinstance(row.right, Matrix)
    ]  # fmt: skip
    assert all(np.allclose(s, expected, rtol=1e-9) for s in shown)
    assert shown


def test_there_is_no_batch_level_without_a_batch():
    d = derivo.derive(neuron, x="", w="", b="")
    assert sections(batch, d) == {}


def test_the_axis_said_of_a_sum_over_copies_is_that_of_the_code():
    """Whatever was copied, along whichever axes: the sum is as the code has it."""

    def columns(x, c, b, k):
        return (x - c) * b + k

    d = derivo.derive(columns, x="N D", c="N 1", b="D", k="1 D", wrt=("c", "b", "k"))
    arrays = {"x": np.arange(6.0).reshape(2, 3), "c": np.ones((2, 1)), "b": np.ones(3),
              "k": np.ones((1, 3))}  # fmt: skip
    said = {
        s.anchor: "".join(map(str, b.runs)) for s in d.explain("matrix", **arrays).document.sections
        for b in s.blocks if isinstance(b, Note) and b.kind == "warning"
    }  # fmt: skip
    assert "np.sum(…, axis=1, keepdims=True)" in said["matrix-c"]
    assert "np.sum(…, axis=0)" in said["matrix-b"]
    assert "np.sum(…, axis=0, keepdims=True)" in said["matrix-k"]


def test_slopes_of_sigmoids_are_at_most_a_quarter():
    def deep(x, w):
        a = 1 / (1 + np.exp(-w * x))
        return 1 / (1 + np.exp(-w * a))

    e = derivo.derive(deep, x="", w="").explain("matrix", x=1.0, w=0.7)
    (section,) = [s for s in e.document.sections if s.anchor == "vanishing"]
    bound, here = [r.right.value for r in rows(section) if isinstance(r.right, Number)]
    assert bound == pytest.approx(1 / 16)
    assert 0 < here < bound


def test_a_layer_is_written_out_as_people_write_it():
    d = derivo.derive(layer, x="N L", w="L M", b="M")
    overview = sections(scalar, d)["scalar"]
    lines = [f"{inline(r.left)} = {inline(r.right)}" for r in rows(overview)]
    assert lines[:3] == [
        "n₁ = x₁ · w₁₁ + x₂ · w₂₁ + b₁", "n₂ = x₁ · w₁₂ + x₂ · w₂₂ + b₂", "y₁ = σ(n₁)",
    ]  # fmt: skip


def test_numbers_are_not_written_out_again():
    about = subject(derivo.derive(neuron, x="", w="", b=""), {})
    told = Telling(about, Words("en"))
    assert scalarise(told).graph.outputs == about.graph.outputs


def test_numbers_of_a_document_are_those_of_the_code():
    d = derivo.derive(layer, x="N L", w="L M", b="M")
    rng = np.random.default_rng(3)
    arrays = {
        "x": rng.normal(size=(3, 2)),
        "w": rng.normal(size=(2, 2)),
        "b": rng.normal(size=2),
    }
    e = d.explain("matrix", **arrays)
    expected = d.gradients(**arrays)["w"]
    tables = [
        np.array([[_number(c) for c in r] for r in row.right.rows])
        for b in blocks_of(e.document) if isinstance(b, Display)
        for row in b.rows if isinstance(row.right, Matrix)
    ]  # fmt: skip
    assert any(
        t.shape == (2, 2) and np.allclose(t, expected, rtol=1e-12) for t in tables
    )


def _number(cell):
    if isinstance(cell, Minus):
        return -cell.body.value
    return cell.value if isinstance(cell, Number) else np.nan


def test_symbols_that_would_look_alike_are_told_apart():
    def clash(x1, x_1):
        return x1 * x_1

    about = subject(derivo.derive(clash, x1="", x_1=""), {})
    names = Telling(about, Words("en")).names
    shown = [
        inline(s) for s in names.values() if isinstance(s, Symbol) and not s.adjoint
    ]
    assert len(set(shown)) == len(shown)


@pytest.mark.parametrize("case", CASES.values(), ids=lambda c: c.name)
def test_no_two_sections_have_one_title(case):
    document = explained(case)
    titles = [str(s.title) for s in document.sections]
    assert len(set(titles)) == len(titles)


def two_layers(x, w):
    h = np.tanh(x @ w)
    h = np.tanh(h @ w)
    return h


def test_reused_names_and_deltas_are_those_of_the_code():
    """Each line of the backward pass stands where its gradient is told."""
    d = derivo.derive(two_layers, x="N L", w="L L")
    told_ = sections(matrix, d)
    assert {"matrix-h", "matrix-w", "matrix-x"} <= set(told_)
    left = {inline(r.left) for s in told_.values() for r in rows(s) if r.left}
    assert {"dpre_h", "dpre_h_2", "dh"} <= left
    lines = {n.split("=")[0].strip() for n in d.source.splitlines() if " = " in n}
    assert {"d_pre_h", "d_pre_h_2", "d_h", "d_w", "d_x"} <= lines
    arrays = {"x": np.ones((2, 3)) / 3, "w": np.eye(3) / 2}
    code = d.explain("code", **arrays).document.code
    numbers = {line.text.split("=")[0].strip(): line.factors for line in code.lines}
    factors = {f.id: f for f in subject(d, arrays).factors}
    readers = {
        n: {factors[i].reader.op.name for i in ids} for n, ids in numbers.items()
    }
    assert readers["d_pre_h"] == readers["d_pre_h_2"] == {"tanh"}
    assert readers["d_h"] == {"matmul"}


def test_what_is_shown_multiplies_to_what_is_shown():
    """Who multiplies the factors as they are printed comes to the number below them."""

    def act(x, w):
        return np.tanh(w * x)

    d = derivo.derive(act, x="", w="")
    lengths = set()
    for seed in range(8):
        x, w = np.random.default_rng(seed).uniform(0.3, 1.4, 2)
        document = d.explain("scalar", x=x, w=w).document
        rows = [
            r for b in blocks_of(document) if isinstance(b, Display) for r in b.rows
        ]
        for above, row in itertools.pairwise(rows):
            factors = [n for n in walk(above.right) if isinstance(n, Number)]
            is_product = len(factors) > 1 and isinstance(row.right, Number)
            if is_product and row.left is None:
                shown = np.prod([float(f"{f.value:.{f.digits}g}") for f in factors])
                assert f"{shown:.4g}" == f"{row.right.value:.4g}"
                lengths |= {f.digits for f in factors}
    assert len(lengths) > 1  # four digits are not always enough
