"""The check on derivations that are right, and on ones that are not."""

from __future__ import annotations

import cProfile
from contextlib import contextmanager
from dataclasses import FrozenInstanceError
from typing import Any

import numpy as np
import pytest

import derivo
from derivo.errors import UsageError
from derivo.ops import CATALOGUE
from derivo.verify.report import CheckError
from tests.verify import functions as f

RIGHT: list[tuple[Any, dict[str, Any]]] = [
    (f.layer, {"x": "N L", "w": "L M", "b": "M"}),
    (f.relu_layer, {"x": "N L", "w": "L M", "b": "M"}),
    (f.cross_entropy, {"z": "N C", "t": "N C"}),
    (f.with_labels, {"z": "N C", "labels": derivo.Spec("N", "int")}),
    (f.log_likelihood, {"x": "N", "sigma": "N"}),
    (f.fisher, {"x": "N"}),
    (f.two_results, {"x": "N L", "w": "L M"}),
    (f.tail, {"x": "N"}),
    (f.steps, {"x": "N L"}),
    (f.elu, {"x": "N L"}),
    (f.entries_added, {"z": "2"}),
]
LAYER = RIGHT[0]


@contextmanager
def rule_of(name, vjp):
    """Exchange the rule of an operation for a moment."""
    op = CATALOGUE[name]
    right = op.vjp
    object.__setattr__(op, "vjp", vjp)
    try:
        yield
    finally:
        object.__setattr__(op, "vjp", right)


def checked_with(name, vjp, case=LAYER, **options):
    function, specs = case
    with rule_of(name, vjp):
        return derivo.derive(function, simplify=False, **specs).check(**options)


@pytest.mark.parametrize(
    ("function", "specs"), RIGHT, ids=lambda c: getattr(c, "__name__", "")
)
@pytest.mark.parametrize("simplify", [True, False], ids=["short", "raw"])
def test_right_derivations_pass(function, specs, simplify):
    report = derivo.derive(function, simplify=simplify, **specs).check()
    report.raise_if_failed()
    assert report.ok
    assert bool(report)
    assert not [r for r in report.rows if r.verdict in ("unsure", "skipped")]
    wrt = [k for k, s in specs.items() if isinstance(s, str)]
    assert [r.name for r in report.of("gradient")] == wrt
    assert report.worst < 1e-9


@pytest.mark.parametrize("name", f.WRITTEN_OUT)
def test_second_derivatives_of_activations_that_are_written_out(name):
    report = derivo.derive(f.WRITTEN_OUT[name], x="N 4").check()
    assert [r.verdict for r in report.rows if r.kind == "second"] == ["right", "right"]
    assert report.ok


def test_a_staircase_finer_than_the_differences_is_not_called_wrong():
    def fine_steps(x):
        return x * np.floor(10_000 * x)

    report = derivo.derive(fine_steps, x="N").check()
    assert report.ok
    assert str(report).startswith("fine_steps: not wrong. 3 local rules agree")
    assert "could not be decided" in str(report).splitlines()[0]


def test_a_gradient_that_is_not_a_number_at_zero_is_wrong():
    def scaled(x, w):
        return x * w

    d = derivo.derive(scaled, simplify=False, x="N", w="N")

    def forward(x, w):
        return x * w, (x, w)

    def backward(saved, d_y):
        x, w = saved
        return d_y * w, d_y * (x * w) / w  # right, but for w = 0

    setattr(d.module, "scaled", forward)  # noqa: B010
    setattr(d.module, "scaled_backward", backward)  # noqa: B010
    report = d.check(order=1)
    first = report.failures[0]
    assert (first.kind, first.name) == ("gradient", "w")
    assert "where elements of w are 0" in first.cause


def test_the_same_seed_gives_the_same_page():
    d = derivo.derive(LAYER[0], **LAYER[1])
    assert str(d.check(seed=3)) == str(d.check(seed=3))
    assert str(d.check(seed=3)) != str(d.check(seed=4))


def test_the_report_is_frozen_data():
    report = derivo.derive(LAYER[0], **LAYER[1]).check(trials=1)
    with pytest.raises(FrozenInstanceError):
        report.name = "other"  # type: ignore[misc]


def test_order_1_leaves_out_second_derivatives():
    d = derivo.derive(LAYER[0], **LAYER[1])
    assert not d.check(order=1).of("second")
    assert {r.name for r in d.check(order=2).of("second")} == {
        "x",
        "w",
        "b",
        "symmetry",
    }


def test_given_arrays_and_sizes_are_used():
    d = derivo.derive(LAYER[0], **LAYER[1])
    arrays = {"x": np.ones((2, 3)), "w": np.zeros((3, 7)), "b": np.zeros(7)}
    assert d.check(arrays=arrays).shapes == {"x": (2, 3), "w": (3, 7), "b": (7,)}
    assert d.check(sizes={"M": 9}).shapes["b"] == (9,)


def test_wrong_arrays_are_refused():
    d = derivo.derive(LAYER[0], **LAYER[1])
    with pytest.raises(UsageError, match="exactly the arguments x, w, b"):
        d.check(arrays={"x": np.ones((2, 3))})
    bad = {"x": np.ones((2, 3)), "w": np.zeros((4, 7)), "b": np.zeros(7)}
    with pytest.raises(UsageError, match=r"w has the shape \(4, 7\)"):
        d.check(arrays=bad)


def test_float32_that_is_widened_is_reported():
    def widened(x):
        return x * 2.0

    d = derivo.derive(widened, x="N")
    wide = lambda x: (np.asarray(x, float) * 2.0, ())
    setattr(d.module, "widened", wide)  # noqa: B010
    report = d.check(trials=1)
    assert not report.ok
    (row,) = report.of("dtype")
    assert row.verdict == "wrong"
    assert "result 1" in row.cause


def test_emitted_source_that_differs_from_the_graph_is_reported():
    d = derivo.derive(f.two_results, x="N L", w="L M")
    name = "two_results_backward"
    right = getattr(d.module, name)
    setattr(d.module, name, lambda *given: tuple(1.01 * g for g in right(*given)))
    report = d.check(trials=1, order=1)
    wrong = {(r.kind, r.name) for r in report.failures}
    assert ("source", "the emitted backward pass") in wrong
    assert ("gradient", "x") in wrong


# --- faults: what the page says -------------------------------------------------------


def test_a_wrong_sign_is_named_with_operation_line_and_element():
    report = checked_with("matmul", lambda g, _y, a, b: (-g @ b.T, a.T @ g))
    first = report.failures[0]
    assert (first.operation, first.operand) == ("matmul", "x")
    assert first.line is not None
    assert first.line.text == "n = x @ w + b"
    assert first.cause == "the sign is wrong"
    assert first.got == pytest.approx(-first.expected)
    assert len(first.element) == 2
    head = str(report).splitlines()[0]
    assert head == "layer: wrong. The fault is in matmul; it spoils 1 of 3 gradients."


def test_a_wrong_factor_is_named_as_a_fraction():
    report = checked_with("exp", lambda g, y, _x: (g * y * 0.75,))
    assert report.failures[0].operation == "exp"
    assert report.failures[0].cause == (
        "a factor is wrong: everything is 3/4 times too large"
    )


def test_a_missing_transpose_is_named():
    square = (f.layer, {"x": "3 3", "w": "3 3", "b": "3"})
    report = checked_with("matmul", lambda g, _y, a, b: (g @ b, a.T @ g), square)
    assert report.failures[0].operation == "matmul"
    assert report.failures[0].operand == "x"


def test_a_wrong_mask_is_named():
    case = (f.larger, {"a": "N L", "b": "N L"})
    vjp = lambda g, _y, a, b: (g * (g > 0), g * (b > a))
    report = checked_with("maximum", vjp, case)
    assert report.failures[0].operation == "maximum"
    assert "mask is wrong" in report.failures[0].cause


def test_wrong_second_derivatives_are_found_where_first_ones_are_right():
    # The rule of tanh is right, but what it is built from has a wrong rule.
    def curve(x):
        return np.tan(x)

    square = CATALOGUE["cos"]

    def vjp(g, _y, x):
        return (g / square(x) ** 2,)

    def broken(g, _y, x):
        return (g * CATALOGUE["sin"](x),)  # the derivative of cos is -sin

    with rule_of("tan", vjp), rule_of("cos", broken):
        report = derivo.derive(curve, simplify=False, x="N").check()
    assert {r.kind for r in report.failures} == {"second"}
    assert report.failures[0].cause == "the rule of a rule is wrong"


def test_raise_if_failed_shows_the_page():
    report = checked_with("exp", lambda g, y, _x: (-g * y,))
    with pytest.raises(CheckError, match="The fault is in exp"):
        report.raise_if_failed()


def test_a_failing_page_starts_with_the_origin():
    text = str(checked_with("exp", lambda g, y, _x: (-g * y,)))
    assert text.index("exp: the adjoint of") < text.index("the gradient of x")
    assert 'functions.py", line 8, in layer: y = 1 / (1 + np.exp(-n))' in text


def test_a_passing_page_is_a_page():
    d = derivo.derive(f.layer, simplify=False, x="N L", w="L M", b="M")
    lines = str(d.check()).splitlines()
    assert lines[0].startswith("layer: right. 3 gradients and 8 local rules agree")
    assert "Inputs: x (5, 3), w (3, 4), b (4,)." in lines
    assert "float32 in, float32 out: yes." in lines
    assert len(lines) < 40
    assert max(map(len, lines)) < 100


def test_twice_the_operations_are_twice_the_work_of_a_check():
    def calls(n: int) -> int:
        slopes = np.random.default_rng(n).uniform(0.5, 1.5, n).round(3)

        def f(x):
            for c in slopes:
                x = np.tanh(c * x) + c
            return np.sum(x)

        d = derivo.derive(f, x="3")
        profile = cProfile.Profile()
        profile.enable()
        try:
            report = d.check(trials=1)
        finally:
            profile.disable()
        assert report.ok
        return sum(entry.callcount for entry in profile.getstats())

    small, large = calls(40), calls(80)
    assert large < 2.2 * small


def test_a_function_of_integers_has_nothing_to_compare():
    report = derivo.derive(f.of_integers, i="N int").check()
    assert {row.verdict for row in report.rows} == {"right"}
    assert str(report).startswith("of_integers: nothing could be compared")
