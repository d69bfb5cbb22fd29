"""A number is asked of a traced value: each cause has a message of its own."""

import array
import math
import operator
from typing import Any

import numpy as np
import pytest

import derivo
from derivo import Spec
from derivo.errors import TraceError

WHOLE = Spec("", "int")
TYPED, PARTS = array.array("d", [0.0, 0.0]), [1.0, 2.0, 3.0]


def written_into_a_typed_array(x, n):
    TYPED[0] = x[0]
    return x * n


# ruff: noqa: UP031
CAUSES: list[tuple[Any, str, str]] = [
    (lambda x, n: float(x.sum()), r"`float\(x\.sum\(\)\)` takes", "leave float"),
    (lambda x, n: int(x.sum()) * x, r"`int\(x\.sum\(\)\)` takes", r"np\.floor"),
    (lambda x, n: complex(x[0]), r"`complex\(x\[0\]\)` takes", "imaginary part"),
    (lambda x, n: round(x.sum()) * x, r"`round\(x\.sum\(\)\)` takes", r"np\.round"),
    (lambda x, n: math.gcd(n, 2) * x, r"`math\.gcd` takes numbers", r"list in docs"),
    (lambda x, n: math.isnan(x[0]) * x, r"`math\.isnan` takes", r"write np\.isnan"),
    (written_into_a_typed_array, r"`TYPED\[0\] = .* into a array, which", "an array"),
    (lambda x, n: "%f" % x[0], r"`\"%f\" % x\[0\]` writes .* a text", "f-string"),
    (lambda x, n: PARTS[n] * x, r"`PARTS\[n\]` picks from a list", r", n=3\)"),
    (lambda x, n: [x, -x][n], r"`\[x, -x\]\[n\]` picks from a list", r"np\.stack"),
    (lambda x, n: x * len([0] * n), r"`\[0\] \* n` repeats a list", r"np\.zeros\(n\)"),
    (lambda x, n: sum(x for _ in range(n)), r"`range\(n\)` takes a plain", "n=3"),
    (lambda x, n: np.repeat(x, n), r"`np\.repeat\(x, n\)` takes a plain", "n=3"),
    (lambda x, n: x.reshape(n, 1), r"`x\.reshape\(n, 1\)` takes a plain", "a setting"),
    (lambda x, n: np.eye(n), r"`np\.eye\(n\)` takes a plain number", "a setting"),
    (lambda x, n: x[: x.argmax()], r"slice begins or ends at a", r"np\.where"),
    (lambda x, n: np.fromiter(x, float), r"`np\.fromiter` makes an", "list in"),
    (lambda x, n: np.vectorize(abs)(x), r"`np\.vectorize\(abs\)\(x\)` asks", "NumPy's"),
    (lambda x, n: PARTS[operator.index(n)], r"`_operator\.index` is no", "rule"),
    (lambda x, n: [0] * x.shape[0], r"needs the size N as a number", r"np\.zeros"),
    (lambda x, n: x.view(int), r"`\.view` with a type", "astype"),
    (lambda x, n: {n: x}, r"a dict with a traced value as a key", "words"),
]  # fmt: skip


@pytest.mark.parametrize(("function", "said", "instead"), CAUSES)
def test_each_cause_has_its_message(function, said, instead):
    with pytest.raises(
        TraceError, match=rf"(?s){said}.*line \d+.*Instead: .*{instead}"
    ):
        derivo.derive(
            function, x="N" if "size N" in said else "3", n=WHOLE, verify=False
        )


def test_a_number_of_steps_that_is_a_setting_is_no_question():
    d = derivo.derive(lambda x, n: sum(x * PARTS[k] for k in range(n)), x="3", n=2)
    np.testing.assert_array_equal(d(np.ones(3)), np.full(3, 3.0))


def test_a_number_that_is_rounded_to_digits_and_a_text_for_a_print(capsys):
    def f(x):
        print(f"{x[0]:.2f}", x)  # noqa: T201  people look at what they trace
        return round(x[0], 2) * x

    d = derivo.derive(f, x="3")
    assert capsys.readouterr().out
    x = np.array([0.126, 1.0, 2.0])
    np.testing.assert_array_equal(d(x), 0.13 * x)


ASKED: list[tuple[Any, str, str]] = [
    (lambda x, n: np.zeros(n) + x[0], r"`np\.zeros\(n\)` takes a plain", "a setting"),
    (lambda x, n: np.pad(x, n), r"`np\.pad\(x, n\)` takes a plain", "a setting"),
    (lambda x, n: np.diff(x, n), r"`np\.diff\(x, n\)` takes a plain", "a setting"),
    (lambda x, n: np.linalg.norm(x, n), r"`np\.linalg\.norm\(x, n\)` takes", "setting"),
    (lambda x, n: max(x), r"`max\(x\)` compares", r"np\.max\(x\)"),
    (lambda x, n: sorted(x), r"`sorted\(x\)` compares", r"np\.sort"),
    (lambda x, n: all(x > 0) * x, r"`all\(x > 0\)` compares", r"np\.all"),
    (lambda x, n: x.tolist(), r"`x\.tolist\(\)` takes the value", "the array itself"),
    (lambda x, n: np.exp([x[0], n]), r"is given a list with traced", r"np\.array"),
    (lambda x, n: np.maximum.reduce([x, -x]), r"is given a list with", r"np\.array"),
    (lambda x, n: {0: x, 1: -x}[n], r"a dict is looked up by a traced", "as a setting"),
    (lambda x, n: x if n else -x, r"[Aa] branch .* depends on a traced", r"np\.where"),
    (lambda x, n: [x * v for v in n], r"[Aa] loop runs over a number", r"range\(n\)"),
]


@pytest.mark.parametrize(("function", "said", "instead"), ASKED)
def test_what_asks_is_named_and_not_what_it_asks_inside(function, said, instead):
    with pytest.raises(
        TraceError, match=rf"(?s){said}.*line \d+.*Instead: .*{instead}"
    ):
        derivo.derive(function, x="3", n=WHOLE, verify=False)


def test_lists_of_numbers_beside_arrays_are_rows():
    x = np.array([0.5, -1.0, 2.0])
    d = derivo.derive(lambda x: np.array([x, [1, 2, 3]]), x="3")
    np.testing.assert_array_equal(d(x), [x, [1, 2, 3]])
    d = derivo.derive(lambda x: np.select([x > 1, x <= 0], [x, 0]), x="3")
    np.testing.assert_array_equal(d(x), [0, 0, 2])
    np.testing.assert_array_equal(d.gradients(x)["x"], [0, 0, 1])
