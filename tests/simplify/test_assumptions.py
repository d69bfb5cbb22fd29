"""What is taken for granted of a target: said, tried on the values, and taken back."""

from __future__ import annotations

import warnings

import numpy as np
import pytest

import derivo
from derivo.errors import AssumptionWarning, UsageError
from derivo.simplify.model import Facts, SumsToOne
from tests.simplify.spelling import count_operations

HOLDS = "every row of t sums to 1"


def ce(z, t):
    p = np.exp(z) / np.exp(z).sum(axis=1, keepdims=True)
    return -np.mean(np.sum(t * np.log(p), axis=1))


def ce_columns(z, t):
    p = np.exp(z) / np.exp(z).sum(axis=0)
    return -np.sum(t * np.log(p))


def softmax(z, axis):
    e = np.exp(z - z.max(axis=axis, keepdims=True))
    return e / e.sum(axis=axis, keepdims=True)


@pytest.fixture
def arrays():
    rng = np.random.default_rng(0)
    t = rng.uniform(size=(5, 3))
    return {"z": rng.normal(size=(5, 3)), "t": t / t.sum(axis=1, keepdims=True)}


def exact(z, t):
    """Give the gradient for any target: each row of p weighs as much as its target.

    d/dz of -sum(t log p) is p sum(t) - t (Goodfellow et al., 6.2.2, before the target
    is taken to sum to 1).
    """
    return (softmax(z, 1) * t.sum(axis=1, keepdims=True) - t) / z.shape[0]


def test_targets_that_sum_to_one_get_the_short_form(arrays):
    d = derivo.derive(ce, wrt="z", z="N C", t="N C")
    assert d.assumptions == (HOLDS,)
    assert f"# Holds where {HOLDS}." in d.source
    assert count_operations(d.source, "ce") == 2
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        g = d.gradients(**arrays)["z"]
    np.testing.assert_allclose(g, exact(**arrays), rtol=1e-12, atol=1e-16)


def test_a_step_of_the_derivation_carries_the_assumption():
    d = derivo.derive(ce, wrt="z", z="N C", t="N C")
    carrying = [s for s in d.steps if s.assumption]
    assert [s.assumption for s in carrying] == [HOLDS]
    assert carrying[0].kind == "rewrite"
    assert f"assume that {HOLDS}" in carrying[0].rule
    assert carrying[0].about is d.forward.graph.inputs[0]


@pytest.mark.parametrize("dtype", [np.float64, np.float32])
def test_targets_that_do_not_sum_to_one_get_the_exact_gradient(arrays, dtype):
    d = derivo.derive(ce, wrt="z", z="N C", t="N C")
    other = {k: v.astype(dtype) for k, v in arrays.items()}
    other["t"][1] *= 2
    with pytest.warns(AssumptionWarning, match=f"not so here: {HOLDS}"):
        g = d.gradients(**other)["z"]
    rtol = 1e-12 if dtype is np.float64 else 1e-5
    np.testing.assert_allclose(g, exact(**other), rtol=rtol, atol=rtol)
    assert g.dtype == dtype
    assert not np.allclose(g, (softmax(other["z"], 1) - other["t"]) / 5)


def test_the_warning_comes_once_and_the_gradient_is_exact_every_time(arrays):
    d = derivo.derive(ce, wrt="z", z="N C", t="N C")
    arrays["t"][0] = 0
    with pytest.warns(AssumptionWarning):
        first = d.gradients(**arrays)["z"]
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        again = d.gradients(**arrays)["z"]
    np.testing.assert_allclose(first, exact(**arrays), rtol=1e-12, atol=1e-16)
    np.testing.assert_array_equal(first, again)
    assert np.abs(first[0]).max() == 0


def test_a_target_along_columns_is_tried_along_columns(arrays):
    d = derivo.derive(ce_columns, wrt="z", z="C N", t="C N")
    assert d.assumptions in (
        ("every slice along axis 0 of t sums to 1",),
        ("every slice along axis -2 of t sums to 1",),
    )
    assert count_operations(d.source, "ce_columns") == 1
    z, t = arrays["z"].T, arrays["t"].T
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        g = d.gradients(z=z, t=t)["z"]
    np.testing.assert_allclose(g, softmax(z, 0) - t, rtol=1e-12, atol=1e-16)
    with pytest.warns(AssumptionWarning, match="along axis"):
        g = d.gradients(z=z, t=2 * t)["z"]
    np.testing.assert_allclose(g, 2 * softmax(z, 0) - 2 * t, rtol=1e-12, atol=1e-15)


@pytest.mark.parametrize("assume", ["t is free", "nothing", ("nothing",)])
def test_what_must_not_be_assumed_is_not(arrays, assume):
    d = derivo.derive(ce, wrt="z", assume=assume, z="N C", t="N C")
    assert d.assumptions == ()
    assert "Holds where" not in d.source
    assert not [s for s in d.steps if s.assumption]
    arrays["t"] *= 3
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        g = d.gradients(**arrays)["z"]
    np.testing.assert_allclose(g, exact(**arrays), rtol=1e-12, atol=1e-15)


def test_one_free_target_leaves_the_other_assumed():
    def two(z, t, s):
        logp = z - np.log(np.exp(z).sum(axis=1, keepdims=True))
        return -np.sum(t * logp) - np.sum(s * logp)

    d = derivo.derive(two, wrt="z", assume="t is free", z="N C", t="N C", s="N C")
    assert d.assumptions in ((), ("every row of s sums to 1",))
    rng = np.random.default_rng(1)
    z, t, s = (rng.uniform(size=(4, 3)) for _ in range(3))
    s /= s.sum(axis=1, keepdims=True)
    p = softmax(z, 1)
    expected = p * (t + s).sum(axis=1, keepdims=True) - t - s
    g = d.gradients(z=z, t=t, s=s)["z"]
    np.testing.assert_allclose(g, expected, rtol=1e-12, atol=1e-15)


def weighted(z, w):
    """Nothing here is a logarithm of probabilities: only a declaration helps."""
    return np.sum(w * z.sum(axis=1, keepdims=True))


def weighted_columns(z, w):
    return np.sum(w * z.sum(axis=0))


@pytest.mark.parametrize(
    ("function", "fact", "axis"),
    [(weighted, "w sums to 1", 1), (weighted, "every row of w sums to 1", 1),
     (weighted, "rows of w sum to one", 1), (weighted_columns, "w sums to 1 along axis 0", 0),
     (weighted_columns, "w sums to 1 along axis -2", 0)],
)  # fmt: skip
def test_a_declared_fact_is_used(arrays, function, fact, axis):
    w = softmax(arrays["t"], axis)
    d = derivo.derive(function, wrt="z", assume=fact, z="N C", w="N C")
    assert len(d.assumptions) == 1
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        g = d.gradients(z=arrays["z"], w=w)["z"]
    np.testing.assert_allclose(g, np.ones((5, 3)), rtol=1e-12)
    with pytest.warns(AssumptionWarning):
        g = d.gradients(z=arrays["z"], w=2 * w)["z"]
    np.testing.assert_allclose(g, 2 * np.ones((5, 3)), rtol=1e-12)


def test_without_a_declaration_nothing_is_assumed_of_other_arguments():
    assert derivo.derive(weighted, wrt="z", z="N C", w="N C").assumptions == ()


@pytest.mark.parametrize("text", ["t sums to 2", "t is nice", "sums to 1", "",
                                  "t sums to 1 along axis", "t sums to 1 along axis x"])  # fmt: skip
def test_a_text_that_is_not_understood_is_refused(text):
    with pytest.raises(UsageError, match="is not understood; write 't sums to 1'"):
        derivo.derive(ce, assume=(text,), z="N C", t="N C")


@pytest.mark.parametrize("text", ["s sums to 1", "s is free"])
def test_a_fact_about_no_argument_is_refused(text):
    with pytest.raises(UsageError, match="'s' is not an argument of ce"):
        derivo.derive(ce, assume=text, z="N C", t="N C")


def test_an_axis_that_is_not_there_is_refused():
    with pytest.raises(UsageError, match="axis"):
        derivo.derive(ce, assume="t sums to 1 along axis 2", z="N C", t="N C")


def test_facts_are_read():
    facts = Facts.read(["t sums to 1", "every row of p sums to one", "q is free",
                        "w  sums to 1 along axis 0"])  # fmt: skip
    assert facts.known == (SumsToOne("t"), SumsToOne("p"), SumsToOne("w", 0))
    assert facts.free == {"q"}
    assert not facts.nothing
    assert [facts.may_assume(n) for n in "tq"] == [True, False]
    assert Facts.read(["nothing"]).may_assume("t") is False


@pytest.mark.parametrize(("error", "holds"), [(0, True), (1e-12, True), (1e-6, False)])
def test_a_fact_is_tried_on_values(error, holds):
    t = np.full((3, 4), 0.25) + error
    assert SumsToOne("t").holds({"t": t}) is holds
    single = t.astype(np.float32)
    assert SumsToOne("t").holds({"t": single}) is True
    assert SumsToOne("t", 0).holds({"t": t}) is False
