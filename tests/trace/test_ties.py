"""Two sizes that must be equal are one from then on; every call is tried on it."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

import derivo
from derivo.errors import ShapeError, UsageError


def both(x, h, w):
    return np.concatenate([x, h], axis=1) @ w


def flattened(x, w):
    return np.tanh(x.reshape(x.shape[0], -1)) @ w


def with_bias(x, h, b):
    return np.concatenate([x, h], axis=1) * b


def gates(x, h, w):
    z = np.concatenate([x, h], axis=1) @ w
    n = h.shape[1]
    return np.tanh(z[:, :n]) * h + z[:, n:]


def by_letters(x, h, w):
    return np.einsum("ni,ij->nj", np.concatenate([x, h], axis=1), w)


def rows_by_number(x, w):
    return x.reshape(-1, 6) @ w


SPECS: dict[Any, tuple[dict[str, Any], list[str]]] = {
    both: ({"x": "N D", "h": "N E", "w": "F H"}, ["F = D + E"]),
    flattened: ({"x": "N C H W", "w": "D M"}, ["D = C*H*W"]),
    with_bias: ({"x": "N D", "h": "N E", "b": "F"}, ["F = D + E"]),
    gates: ({"x": "N D", "h": "N H", "w": "F G"}, ["F = D + H", "G = 2*H"]),
    by_letters: ({"x": "N D", "h": "N E", "w": "F H"}, ["F = D + E"]),
    rows_by_number: ({"x": "N 6", "w": "6 M"}, []),
}
SHAPES: dict[Any, list[Any]] = {
    both: [((4, 3), (4, 2), (5, 2)), ((1, 1), (1, 1), (2, 3))],
    flattened: [((2, 3, 2, 2), (12, 4)), ((1, 1, 1, 5), (5, 1))],
    with_bias: [((4, 3), (4, 2), (5,))],
    gates: [((4, 3), (4, 2), (5, 4))],
    by_letters: [((4, 3), (4, 2), (5, 2))],
    rows_by_number: [((3, 6), (6, 2))],
}


@pytest.mark.parametrize("function", SPECS)
def test_sizes_that_must_be_equal_are_tied(function):
    specs, ties = SPECS[function]
    d = derivo.derive(function, **specs)
    assert [str(t) for t in d.graph.ties] == ties
    assert not ties or f"# For sizes with {', '.join(ties)}." in d.source
    for tie in ties:
        assert any(s.kind == "tie" and s.rule.startswith(tie) for s in d.steps)
    for shapes in SHAPES[function]:
        rng = np.random.default_rng(0)
        arrays = {k: rng.normal(size=s) for k, s in zip(specs, shapes, strict=True)}
        expected = function(**arrays)
        np.testing.assert_allclose(d(**arrays), expected, rtol=1e-12)
        u = rng.normal(size=expected.shape)
        for k, g in d.gradients(u, **arrays).items():
            v = rng.normal(size=g.shape)
            ends = [function(**{**arrays, k: arrays[k] + s * v}) for s in (1e-5, -1e-5)]
            slope = np.sum(u * (ends[0] - ends[1])) / 2e-5
            assert np.sum(g * v) == pytest.approx(slope, abs=1e-7)


def test_a_call_that_breaks_a_tie_names_both_sizes_and_the_line():
    d = derivo.derive(both, x="N D", h="N E", w="F H")
    with pytest.raises(ShapeError, match=r"axis 0.*D \+ E.*F = D \+ E.*in both"):
        d(x=np.ones((2, 3)), h=np.ones((2, 2)), w=np.ones((6, 2)))
    with pytest.raises(ShapeError, match=r"F = D \+ E"):  # NumPy would copy it
        derivo.derive(with_bias, x="N D", h="N E", b="F")(
            x=np.ones((2, 3)), h=np.ones((2, 2)), b=np.ones(1)
        )


def test_two_plain_names_are_a_mistake_and_not_tied():
    with pytest.raises(ShapeError, match="L against K"):
        derivo.derive(lambda x, w: x @ w, x="N L", w="K M")
    with pytest.raises(ShapeError, match="N against M"):
        derivo.derive(lambda x, y: x + y, x="N", y="M")


def test_code_that_catches_everything_does_not_catch_a_tie():
    def careful(x, h, w):
        try:
            return both(x, h, w)
        except:  # noqa: E722
            return x

    d = derivo.derive(careful, x="N D", h="N E", w="F H")
    assert d.graph.outputs[0].op.name == "matmul"


def test_what_a_first_trace_kept_is_gone_before_the_next():
    class Net:
        def __init__(self):
            self.last = None

        def __call__(self, x, h, w):
            assert self.last is None
            self.last = np.concatenate([x, h], axis=1)
            return self.last @ w

    net = Net()
    d = derivo.derive(net, x="N D", h="N E", w="F H")
    assert net.last is None
    arrays = {"x": np.ones((2, 1)), "h": np.ones((2, 2)), "w": np.ones((3, 2))}
    np.testing.assert_array_equal(d(**arrays), np.full((2, 2), 3))


# --- sizes in specs -----------------------------------------------------------------


def fused(x, h, w):
    z = (x @ w)[:, : 2 * h.shape[1]]
    return np.tanh(z[:, : h.shape[1]]) * h


def only_a_multiple(w):
    return w[: w.shape[0] // 4] ** 2 * (w.shape[0] // 4)


IN_SPECS: dict[Any, tuple[dict[str, Any], list[Any]]] = {
    fused: ({"x": "N D", "h": "N H", "w": "D 2*H+1"}, [(4, 3), (4, 2), (3, 5)]),
    only_a_multiple: ({"w": "4*H"}, [(12,)]),
    both: ({"x": "N D", "h": "N E", "w": "D+E H"}, [(4, 3), (4, 2), (5, 3)]),
}


@pytest.mark.parametrize("function", IN_SPECS)
def test_formulas_of_sizes_stand_in_specs(function):
    specs, shapes = IN_SPECS[function]
    d = derivo.derive(function, **specs)
    rng = np.random.default_rng(0)
    arrays = {k: rng.normal(size=s) for k, s in zip(specs, shapes, strict=True)}
    np.testing.assert_allclose(d(**arrays), function(**arrays), rtol=1e-12)
    assert d.check().ok


def test_what_a_call_does_not_fill_is_named():
    d = derivo.derive(only_a_multiple, w="4*H")
    with pytest.raises(ShapeError, match=r"w has .* axis 0 would have the size 4\*H"):
        d(w=np.ones(13))


@pytest.mark.parametrize("spec", ["D+E", "H//2", "H*H"])
def test_a_size_that_no_call_will_tell_is_refused(spec):
    with pytest.raises(UsageError, match="does not tell it: give another axis"):
        derivo.derive(lambda w: np.sum(w), w=spec)
