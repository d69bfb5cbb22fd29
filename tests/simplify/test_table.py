"""Functions in many spellings: right, in the type that came in, and not too long."""

from __future__ import annotations

import warnings
from functools import cache

import numpy as np
import pytest

import derivo
from derivo import Spec
from derivo.errors import AssumptionWarning
from tests.numerical import complex_step, flat, weighted
from tests.simplify import spelled_losses as spelled_losses
from tests.simplify import spelled_models as spelled_models
from tests.simplify import spelled_normalisation as spelled_normalisation
from tests.simplify.spelling import SPELLINGS, count_operations, slope

EVERY = pytest.mark.parametrize("s", SPELLINGS.values(), ids=list(SPELLINGS))


@cache
def derived(name, simplify=True):
    s = SPELLINGS[name]
    return derivo.derive(s.function, wrt=s.wrt, simplify=simplify, **s.specs)


@cache
def operations(name, simplify=True):
    return count_operations(derived(name, simplify).source, name)


@EVERY
def test_gradients_equal_numerical_derivatives(s):
    arrays = s.arrays()
    rng = np.random.default_rng(1)
    upstream = [rng.normal(size=np.shape(y)) for y in flat(s.function(**arrays))]
    d = derived(s.name)
    output, gradients = d.value_and_gradients(
        tuple(upstream) if len(upstream) > 1 else upstream[0], **arrays
    )
    for actual, expected in zip(flat(output), flat(s.function(**arrays)), strict=True):
        np.testing.assert_allclose(actual, expected, rtol=1e-11, atol=1e-12)
    for name, gradient in gradients.items():
        assert np.shape(gradient) == np.shape(arrays[name])
        for _ in range(2):
            direction = rng.normal(size=np.shape(arrays[name]))
            expected, error = slope_along(s, arrays, upstream, name, direction)
            scale = np.abs(gradient * direction).sum() + 1e-3
            actual = np.sum(gradient * direction)
            assert actual == pytest.approx(expected, rel=0, abs=error * scale)


def slope_along(s, arrays, upstream, name, direction):
    """Give a directional derivative, and how well it can be relied on."""
    if s.is_analytic:
        return complex_step(s.function, arrays, upstream, name, direction), 1e-11

    def along(h):
        moved = {**arrays, name: arrays[name] + h * direction}
        return weighted(s.function, moved, upstream)

    return slope(along), 1e-8


def in_one_size(spec):
    """Give a shape whose named sizes are all the same."""
    shape = Spec(spec).shape if isinstance(spec, str) else spec.shape
    text = " ".join(str(d) if isinstance(d, int) else "N" for d in shape)
    return Spec(text, "float" if isinstance(spec, str) else spec.kind)


@pytest.mark.parametrize(
    "s", [s for s in SPELLINGS.values() if not s.has_numbers], ids=lambda s: s.name
)
def test_axes_of_equal_size_are_not_mixed_up(s):
    # The chain rule as it stands, without any rewriting, is what to compare with.
    specs = {name: in_one_size(spec) for name, spec in s.specs.items()}
    arrays = s.arrays(size=4)
    d, raw = (
        derivo.derive(s.function, wrt=s.wrt, simplify=simplify, **specs)
        for simplify in (True, False)
    )
    rng = np.random.default_rng(1)
    outputs = flat(s.function(**arrays))
    upstream = [rng.normal(size=np.shape(y)) for y in outputs]
    given = tuple(upstream) if len(upstream) > 1 else upstream[0]
    short, long = (v.gradients(given, **arrays) for v in (d, raw))
    for actual, expected in zip(flat(d(**arrays)), outputs, strict=True):
        np.testing.assert_allclose(actual, expected, rtol=1e-11, atol=1e-12)
    for name, expected in long.items():
        scale = 1 + np.abs(expected).max(initial=0)
        np.testing.assert_allclose(short[name], expected, rtol=0, atol=1e-10 * scale)


# Put together again, the split softplus has its true slope where |z| has a kink.
SMOOTHER = {"bce_stable"}


@pytest.mark.parametrize(
    "s", [s for s in SPELLINGS.values() if s.name not in SMOOTHER], ids=lambda s: s.name
)
@pytest.mark.parametrize("share", [0.3, 1.0])
def test_zeros_bring_in_no_new_divisions(s, share):
    rng = np.random.default_rng(2)
    arrays = {
        k: np.where(rng.random(np.shape(v)) < share, 0.0, v)[()]
        if np.asarray(v).dtype == np.float64 else v
        for k, v in s.arrays().items()
    }  # fmt: skip
    with np.errstate(all="ignore"):
        upstream = [rng.normal(size=np.shape(y)) for y in flat(s.function(**arrays))]
        given = tuple(upstream) if len(upstream) > 1 else upstream[0]
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", AssumptionWarning)
            short, long = (
                derived(s.name, simplify).gradients(given, **arrays)
                for simplify in (True, False)
            )
    for name, expected in long.items():
        finite = np.isfinite(expected)
        np.testing.assert_allclose(
            short[name][finite], expected[finite], rtol=1e-7, atol=1e-9
        )


@EVERY
def test_float32_stays_float32(s):
    arrays = {
        k: v.astype(np.float32) if v.dtype == np.float64 else v
        for k, v in ((k, np.asarray(v)) for k, v in s.arrays().items())
    }
    output, gradients = derived(s.name).value_and_gradients(**arrays)
    kinds = [np.asarray(y).dtype for y in (*flat(output), *gradients.values())]
    assert set(kinds) == {np.dtype(np.float32)}


# What is not reached yet, and why. A test that passes after all is an error, too, so
# that this table cannot grow stale.
LONGER_THAN_RAW = {
    "softplus_log1p": "1 / (1 + exp(-x)) is written for sigmoid; exp(x - y) is shorter",
    "mish": "the same",
}
LONGER_THAN_PUBLISHED = {
    "ce_weighted_rows": "nor that a weighted one sums to the weight",
    "sigmoid_tanh": "a sigmoid spelled with tanh is not recognised",
    "bce_tanh": "the same",
    "tanh_by_sigmoid": "a tanh spelled with a sigmoid is not recognised",
    "rms_norm_by_sum": "a reciprocal root and the root are taken for two values",
}


def expect_failure(table, request, s):
    """Mark what is known to fail, with its reason."""
    if s.name in table:
        request.applymarker(pytest.mark.xfail(reason=table[s.name], strict=True))


@EVERY
def test_shortening_never_makes_it_longer(s, request):
    expect_failure(LONGER_THAN_RAW, request, s)
    assert operations(s.name) <= operations(s.name, simplify=False)


@pytest.mark.parametrize("s", [s for s in SPELLINGS.values() if s.most is not None],
                         ids=lambda s: s.name)  # fmt: skip
def test_no_longer_than_the_published_form(s, request):
    expect_failure(LONGER_THAN_PUBLISHED, request, s)
    assert operations(s.name) <= s.most, derived(s.name).source
