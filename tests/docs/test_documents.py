"""Every code block of the documents runs, and prints what is shown below it."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from derivo.cli.textbook.count import backward_operations
from derivo.cli.textbook.rows import ROWS
from tests.docs import documents

ROOT = Path(__file__).parents[2]
DOCUMENTS = (
    "README.md", "docs/how-it-works.md", "docs/check.md", "docs/gpt2.md",
    "docs/calling.md", "docs/compiled.md", "docs/scale.md", "docs/export.md",
    "docs/page.md", "docs/writing.md", "docs/sizes.md",
    "docs/loops.md",
    "docs/training.md",
)  # fmt: skip


@pytest.mark.parametrize("name", DOCUMENTS)
def test_document_shows_what_its_code_prints(
    name: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, update_golden: bool
) -> None:
    monkeypatch.setenv("NO_COLOR", "1")
    documents.check(ROOT / name, tmp_path, monkeypatch, update=update_golden)


@pytest.mark.parametrize("name", DOCUMENTS)
def test_links_of_a_document_lead_somewhere(name: str) -> None:
    path = ROOT / name
    targets = re.findall(r"\]\(([^)#]+)", path.read_text(encoding="utf-8"))
    local = [t for t in targets if not t.startswith("http")]
    assert [t for t in local if not (path.parent / t).exists()] == []


def test_readme_is_short() -> None:
    assert len((ROOT / "README.md").read_text(encoding="utf-8").splitlines()) <= 150


def test_readme_gives_the_counts_of_the_textbook_table() -> None:
    counts = [
        backward_operations(d.source, d.name)
        for d in (row.derive(row.spellings[0]) for row in ROWS)
    ]
    published = sum(row.operations for row in ROWS)
    expected = f"{published} published, {sum(counts)} here"
    assert expected in (ROOT / "README.md").read_text(encoding="utf-8")


def test_a_wrong_output_is_noticed(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    page = tmp_path / "page.md"
    page.write_text(
        "```python\nprint(6 * 7)\n```\n\n```text\n41\n```\n", encoding="utf-8"
    )
    with pytest.raises(AssertionError, match="not printed any more"):
        documents.check(page, tmp_path, monkeypatch, update=False)


def test_output_that_is_not_shown_is_noticed(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    page = tmp_path / "page.md"
    page.write_text("```python\nprint(6 * 7)\n```\n", encoding="utf-8")
    with pytest.raises(AssertionError, match="prints what is not shown"):
        documents.check(page, tmp_path, monkeypatch, update=False)


def test_update_writes_what_is_printed(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    page = tmp_path / "page.md"
    page.write_text(
        "```python\nprint(6 * 7)\n```\n\n```text\n41\n```\n", encoding="utf-8"
    )
    documents.check(page, tmp_path, monkeypatch, update=True)
    assert "\n42\n" in page.read_text(encoding="utf-8")


@pytest.mark.parametrize(
    ("shown", "printed", "expected"),
    [
        ("in 1.2 s", "in 3 s", True),
        ("error 2.2e-16 now", "error 1.0e-15 now", True),
        ("error 2.2e-16 now", "error 1.0e-05 now", False),
        ("97.5 % right", "97.2 % right", True),
        ("97.5 % right", "91.0 % right", False),
        ("d_x = x", "d_x = y", False),
    ],
)
def test_only_times_and_rounding_may_differ(
    shown: str, printed: str, expected: bool
) -> None:
    assert documents.same(shown, printed) is expected
