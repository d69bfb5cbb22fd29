"""A stage's README says what goes in and out, and speaks of files that are there."""

import re
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
SOURCE = ROOT / "src" / "derivo"
STAGES = sorted(p.parent for p in SOURCE.glob("*/__init__.py"))
EVERY = pytest.mark.parametrize("stage", STAGES, ids=lambda path: path.name)
FILE = re.compile(r"`([\w/]+\.py)`")


def text_of(stage):
    return (stage / "README.md").read_text(encoding="utf-8")


def files_below(folder, root):
    return {p.relative_to(root).as_posix() for p in folder.rglob("*.py")}


@EVERY
@pytest.mark.parametrize("word", ["In", "Out"])
def test_a_readme_says_what_goes_in_and_out(stage, word):
    assert re.search(rf"(^|\. )(\*\*)?{word}:", text_of(stage), re.MULTILINE)


@EVERY
def test_the_files_of_a_readme_are_there(stage):
    inside = files_below(stage, stage)
    known = inside | {path.rpartition("/")[2] for path in inside}
    known |= files_below(SOURCE, SOURCE) | files_below(ROOT / "tests", ROOT)
    assert set(FILE.findall(text_of(stage))) <= known
