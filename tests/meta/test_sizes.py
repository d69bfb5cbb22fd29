"""Files stay short enough to be read at one sitting; the heart is counted."""

from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
SOURCE = ROOT / "src" / "derivo"
# What it takes to go from a function to the text of its backward pass, the catalogue of
# operations and the shortening aside.
HEART = ("graph", "trace", "differentiate", "emit/numpy.py", "emit/body.py",
         "emit/scope.py", "emit/expression.py", "emit/comments.py")  # fmt: skip
LIMIT = {"src": 300, "tests": 400}


def lines(path):
    return len(path.read_text(encoding="utf-8").splitlines())


def files(part):
    path = SOURCE / part
    return [path] if path.is_file() else sorted(path.rglob("*.py"))


def long_files(folder):
    """Give files over the limit; the catalogue and golden texts are data."""
    found = {
        str(p.relative_to(ROOT)): lines(p)
        for p in sorted((ROOT / folder).rglob("*.py"))
        if not {"golden", "catalogue"} & set(p.parts)
    }
    return {name: n for name, n in found.items() if n > LIMIT[folder]}


@pytest.mark.parametrize("folder", LIMIT)
def test_no_file_is_too_long(folder):
    assert long_files(folder) == {}


def test_the_heart_is_counted(capsys):
    counts = {part: sum(map(lines, files(part))) for part in HEART}
    assert all(counts.values())
    with capsys.disabled():
        print(f"\nthe heart: {sum(counts.values()):,} lines {counts}")  # noqa: T201
