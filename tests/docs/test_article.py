"""The article is what comes out when it is built."""

import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).parents[2]
TARGETS = ("about", "neuron", "chain-rule", "matrices", "batch", "mean", "output",
           "vanishing", "tying", "classes", "slips", "questions")  # fmt: skip


def test_the_article_is_up_to_date(tmp_path):
    script = ROOT / "docs" / "article" / "build.py"
    subprocess.run(
        [sys.executable, str(script), str(tmp_path)], check=True, timeout=200
    )
    pictures = sorted(p.name for p in (ROOT / "docs" / "pictures").iterdir())
    assert pictures == sorted(p.name for p in (tmp_path / "pictures").iterdir())
    for name in ("article.md", "article.html", *(f"pictures/{p}" for p in pictures)):
        built = (tmp_path / name).read_text(encoding="utf-8")
        assert built == (ROOT / "docs" / name).read_text(encoding="utf-8"), (
            "run make docs"
        )


def test_every_question_leads_to_its_answer():
    text = (ROOT / "docs" / "article.md").read_text(encoding="utf-8")
    assert all(f'<a id="{target}"></a>' in text for target in TARGETS)
    asked = text[text.index('<a id="questions"></a>') :]
    assert asked.count("?") >= 15
    assert asked.count("](#") >= 15


def test_the_slips_are_caught():
    text = (ROOT / "docs" / "article.md").read_text(encoding="utf-8")
    slips = text[
        text.index('<a id="slips"></a>') : text.index('<a id="questions"></a>')
    ]
    assert slips.count(": wrong") + slips.count("wrong.") >= 6
