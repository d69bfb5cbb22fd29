"""Where a target of labels is subtracted, no rows of zeros are made in the gradient."""

from __future__ import annotations

import re
from typing import Any

import numpy as np
import pytest

import derivo

LABELS: Any = derivo.Spec("N", "int")


def by_identity(z, y):
    p = np.exp(z - np.max(z, axis=1, keepdims=True))
    p = p / np.sum(p, axis=1, keepdims=True)
    return -np.mean(np.sum(np.eye(z.shape[1])[y] * np.log(p), axis=1))


def by_name(z, y):
    p = np.exp(z - np.max(z, axis=1, keepdims=True))
    p = p / np.sum(p, axis=1, keepdims=True)
    t = np.eye(z.shape[1])[y]
    return -np.sum(t * np.log(p)) / len(y)


def by_places(z, y):
    p = np.exp(z - np.max(z, axis=1, keepdims=True))
    p = p / np.sum(p, axis=1, keepdims=True)
    return -np.mean(np.log(p[np.arange(len(y)), y]))


def weighted(z, y, weights):
    log_p = z - np.log(np.sum(np.exp(z), axis=1, keepdims=True))
    return -np.sum(weights * log_p[np.arange(len(y)), y])


def by_identity_and_read_again(z, y):
    p = np.exp(z - np.max(z, axis=1, keepdims=True))
    p = p / np.sum(p, axis=1, keepdims=True)
    t = np.eye(z.shape[1])[y]
    return -np.sum(t * np.log(p)) / len(y) + np.sum(np.tanh(t))


def hinge(z, y):
    rows = np.arange(len(y))
    margins = np.maximum(0, z - z[rows, y][:, None] + 1.0)
    margins[rows, y] = 0
    return np.sum(margins)


# The forward pass makes rows of ones itself, for more than to pick: they are there.
WITH_ROWS = [by_identity_and_read_again]
BY_PLACES = [by_identity, by_name, by_places, weighted]
CASES = [*WITH_ROWS, *BY_PLACES, hinge]


def derived(function):
    specs: dict[str, Any] = {"z": "N C", "y": LABELS}
    if function is weighted:
        specs["weights"] = "N"
    return derivo.derive(function, wrt="z", **specs)


@pytest.mark.parametrize("function", WITH_ROWS, ids=lambda f: f.__name__)
def test_rows_that_are_there_are_subtracted(function):
    backward = derived(function).source.partition("_gradient(saved)")[2]
    assert re.search(r"\(p(_2)? - t\) / ", backward)
    assert "np.eye" not in backward


@pytest.mark.parametrize("function", BY_PLACES, ids=lambda f: f.__name__)
def test_the_gradient_takes_1_at_the_places_of_the_labels(function):
    backward = derived(function).source.partition("_gradient(saved)")[2]
    assert ", y] -= 1" in backward
    assert "np.eye" not in backward


@pytest.mark.parametrize("function", BY_PLACES, ids=lambda f: f.__name__)
def test_a_forward_pass_that_only_picks_makes_no_rows(function):
    assert "np.eye" not in derived(function).source


PICKS = {
    "last axis": lambda x, y: np.sum(np.eye(x.shape[-1])[y] * x, axis=-1),
    "kept": lambda x, y: np.sum(x * np.eye(x.shape[-1])[y], axis=2, keepdims=True),
    "two axes": lambda x, y: np.sum(np.eye(x.shape[-1])[y] * x, axis=(0, 2)),
    "all": lambda x, y: np.sum(np.eye(x.shape[-1])[y] * x),
    "along": lambda x, y: np.take_along_axis(x, y[..., None], axis=-1),
    "grid": lambda x, y: x[np.arange(len(y))[:, None], np.arange(y.shape[1]), y],
}


@pytest.mark.parametrize("way", PICKS)
def test_labels_of_more_axes_are_picked_and_put_back(way):
    def loss(z, y):
        log_p = z - np.log(np.sum(np.exp(z), axis=-1, keepdims=True))
        return -np.sum(np.tanh(PICKS[way](log_p, y)))

    found = derivo.derive(loss, z="N T C", y=derivo.Spec("N T", "int"), wrt="z")
    assert "np.eye" not in found.source
    assert found.check().ok
    backward = found.source.partition("_gradient(saved)")[2]
    assert "np.zeros" not in backward


def test_a_hinge_is_written_as_its_course_writes_it():
    backward = derived(hinge).source.partition("_gradient(saved)")[2]
    assert "d_z[rows, y] -= np.sum(d_z, axis=1)" in backward
    assert ".copy()" not in backward


@pytest.mark.parametrize("function", BY_PLACES, ids=lambda f: f.__name__)
def test_the_plain_chain_rule_gives_the_same(function):
    specs: dict[str, Any] = {"z": "N C", "y": LABELS}
    if function is weighted:
        specs["weights"] = "N"
    plain = derivo.derive(function, wrt="z", simplify=False, **specs)
    assert plain.check().ok


@pytest.mark.parametrize("function", CASES, ids=lambda f: f.__name__)
def test_what_is_saved_stays_as_it_was(function):
    """The change is made to a copy, unless it is of a value that is new."""
    found = derived(function)
    rng = np.random.default_rng(0)
    given = {"z": rng.normal(size=(5, 4)), "y": np.array([0, 3, 1, -1, 2])}
    if function is weighted:
        given["weights"] = rng.normal(size=5)
    _, saved = found.run_forward(given)
    run = getattr(found.module, f"{function.__name__}_gradient")
    first, again = run(saved), run(saved)
    np.testing.assert_array_equal(first, again)
    step = 1e-6 * rng.normal(size=(5, 4))
    up, down = (function(**{**given, "z": given["z"] + s * step}) for s in (1, -1))
    assert abs((up - down) / 2 - np.sum(first * step)) < 1e-12


def test_a_forward_pass_that_subtracts_them_stays_as_it_is():
    def squares(z, y):
        return np.mean((z - np.eye(z.shape[1])[y]) ** 2)

    source = derivo.derive(squares, z="N C", y=LABELS, wrt="z").source
    assert "z - np.eye(" in source
