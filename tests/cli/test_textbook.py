"""``derivo textbook``: the counting rule, the references, and the table itself."""

from __future__ import annotations

import ast
from dataclasses import replace

import numpy as np
import pytest

from derivo.cli.textbook import rows
from derivo.cli.textbook.count import (
    backward_operations,
    count_operations,
    functions,
    saved_extras,
)  # fmt: skip
from derivo.cli.textbook.rows import ROWS, Row
from derivo.cli.textbook.worked import Number, cs231n, mazur
from tests.cli.conftest import Run

# The counts as they were published beside the formulas.
PUBLISHED = (5, 6, 2, 2, 4, 3, 3, 11, 11, 9, 5, 48)


@pytest.mark.parametrize(
    ("line", "operations"),
    [
        ("d_x = d_y", 0),
        ("a, b = saved", 0),
        ("x.T", 0),
        ("x[0, :]", 0),
        ("x.reshape(3, 2)", 0),
        ("np.reshape(x, (3, 2))", 0),
        ("np.expand_dims(x, 0)", 0),
        ("x.shape[0]", 0),
        ("1e-5", 0),
        ("x / x.shape[0]", 1),
        ("-x", 1),
        ("x > 0", 1),
        ("0 < x < 1", 2),
        ("d_w += x", 1),
        ("np.sum(x, axis=0)", 1),
        ("x.sum(axis=0)", 1),
        ("g * y * (1 - y)", 3),
        ("x.T @ d", 1),
        ("np.where(x > 0, x, -x)", 3),
        ("2 / n * x.T @ (x @ w - t)", 5),
    ],
)
def test_operations_are_counted_by_the_rule(line: str, operations: int) -> None:
    assert count_operations(ast.parse(line)) == operations


def test_a_loss_is_counted_with_adjoint_1() -> None:
    source = "def f_gradient(s):\n    return s\n"
    source += "def f_backward(s, g=1.0):\n    return g * f_gradient(s)\n"
    assert backward_operations(source, "f") == 0


def test_what_is_computed_for_the_backward_pass_only_is_named() -> None:
    lines = (
        "def f(x):",
        "a = x * x",
        "b = a + 1",
        "c = np.exp(x)",
        "return b, (x, a, c)",
    )
    source = "\n    ".join(lines)
    assert saved_extras(source, "f", frozenset()) == ["c"]
    assert saved_extras(source, "f", frozenset({"c"})) == []


def test_functions_are_found_by_name() -> None:
    assert list(functions("x = 1\ndef f(): pass\ndef g(): pass\n")) == ["f", "g"]


def test_the_table_has_the_published_counts() -> None:
    assert tuple(r.operations for r in ROWS) == PUBLISHED
    assert all(len(r.spellings) == 2 for r in ROWS)


@pytest.mark.parametrize("row", ROWS, ids=lambda r: r.title)
def test_a_published_form_agrees_with_central_differences(row: Row) -> None:
    rng = np.random.default_rng(3)
    arrays = row.draw(rng)
    output = row.spellings[0](**arrays)
    parts = output if isinstance(output, tuple) else (output,)
    # The adjoint of a loss is 1.
    adjoint = tuple(1.0 if row.wrt else rng.normal(size=np.shape(y))[()] for y in parts)
    given = adjoint if len(adjoint) > 1 else adjoint[0]
    gradients = row.reference(given, **arrays)
    for name, gradient in gradients.items():
        direction = rng.normal(size=np.shape(arrays[name]))
        change = [
            _value(row, arrays, name, direction * h, adjoint) for h in (1e-6, -1e-6)
        ]
        assert np.sum(gradient * direction) == pytest.approx(
            (change[0] - change[1]) / 2e-6, rel=1e-6, abs=1e-8
        )


def _value(row: Row, arrays, name, change, adjoint) -> float:
    moved = {**arrays, name: arrays[name] + change}
    output = row.spellings[0](**moved)
    parts = output if isinstance(output, tuple) else (output,)
    return float(sum(np.sum(a * y) for a, y in zip(adjoint, parts, strict=True)))


def test_every_row_holds(run: Run) -> None:
    result = run("textbook")
    assert result.code == 0
    lines = result.out.splitlines()
    table = lines[1 : 1 + 2 * len(ROWS)]
    assert all(line.endswith("ok") for line in table)
    assert result.out.splitlines()[-1].startswith("All hold")


def test_a_row_that_is_over_gives_exit_code_1(
    run: Run, monkeypatch: pytest.MonkeyPatch
) -> None:
    strict = replace(ROWS[0], operations=1)
    monkeypatch.setattr(rows, "ROWS", (strict,))
    result = run("textbook")
    assert result.code == 1
    assert "4 over" in result.out


def test_a_row_that_differs_gives_exit_code_1(
    run: Run, monkeypatch: pytest.MonkeyPatch
) -> None:
    right = ROWS[0].reference

    def wrong(g, **arrays):
        return {k: -v for k, v in right(g, **arrays).items()}

    monkeypatch.setattr(rows, "ROWS", (replace(ROWS[0], reference=wrong),))
    result = run("textbook")
    assert result.code == 1
    assert "differs" in result.out


def test_a_row_can_be_read(run: Run) -> None:
    out = run("textbook", "--show", "3").out
    assert "as written" in out
    assert "def cross_entropy_gradient(saved):" in out


@pytest.mark.parametrize("example", [mazur, cs231n])
def test_worked_examples_agree_to_every_printed_digit(example) -> None:
    numbers = list(example())
    assert [n.name for n in numbers if not n.agrees] == []


@pytest.mark.parametrize(
    ("got", "agrees"), [(0.298371109, True), (0.2983711088, True), (0.29837112, False)]
)
def test_a_printed_number_is_compared_digit_by_digit(got: float, agrees: bool) -> None:
    assert Number("error", "0.298371109", got).agrees is agrees
