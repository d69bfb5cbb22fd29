"""docs/operations.md is what the catalogue says."""

from __future__ import annotations

from pathlib import Path

from derivo.ops import table

PAGE = Path(__file__).parents[2] / "docs" / "operations.md"


def test_the_page_of_operations_is_up_to_date() -> None:
    written = PAGE.read_text(encoding="utf-8")
    hint = "run: python -m derivo.ops.table > docs/operations.md"
    assert "\n".join(table.page()) + "\n" == written, hint


def test_the_page_names_what_a_user_would_look_for() -> None:
    names = table.spelled()
    for name in ("np.sum", "np.linalg.norm", "np.einsum", "np.where", "np.add.reduce"):
        assert name in names
    assert {f.__name__ for f in table.own()} >= {"softmax", "erf", "dropout", "uniform"}
