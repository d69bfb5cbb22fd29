"""Size of each stage: files, lines, and lines of code.

Run with ``python benchmarks/size.py``. The heart is what goes from a function to the
text of its backward pass: tracing, the chain rule, shortening and NumPy text, with the
graph that they share. The catalogue of operations grows with what is known, and the
text of other engines, C and JavaScript, is their own: neither belongs to it.
"""

from __future__ import annotations

import ast
import io
import tokenize
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

SOURCE = Path(__file__).parents[1] / "src" / "derivo"
HEART = ("graph", "trace", "differentiate", "simplify", "emit")
BESIDE = ("plan", "c", "js")  # folders of emit that are another engine's
SILENT = {
    tokenize.COMMENT, tokenize.NL, tokenize.NEWLINE, tokenize.INDENT, tokenize.DEDENT,
    tokenize.ENCODING, tokenize.ENDMARKER,
}  # fmt: skip


@dataclass(frozen=True)
class Size:
    """Files, lines, and lines that are neither blank, comment nor docstring."""

    files: int = 0
    lines: int = 0
    code: int = 0

    def __add__(self, other: Size) -> Size:
        """Add up."""
        return Size(
            self.files + other.files, self.lines + other.lines, self.code + other.code
        )


def docstrings(tree: ast.Module) -> set[int]:
    """Give the lines that docstrings stand on."""
    documented = (ast.Module, ast.ClassDef, ast.FunctionDef, ast.AsyncFunctionDef)
    found: set[int] = set()
    for node in ast.walk(tree):
        if isinstance(node, documented) and ast.get_docstring(node, clean=False):
            text = node.body[0]
            found |= set(range(text.lineno, (text.end_lineno or text.lineno) + 1))
    return found


def size_of(text: str) -> Size:
    """Measure the text of one file."""
    tokens = tokenize.generate_tokens(io.StringIO(text).readline)
    code = {
        number
        for token in tokens
        if token.type not in SILENT
        for number in range(token.start[0], token.end[0] + 1)
    }
    return Size(1, len(text.splitlines()), len(code - docstrings(ast.parse(text))))


def total(paths: Iterable[Path]) -> Size:
    """Measure files together."""
    return sum((size_of(p.read_text(encoding="utf-8")) for p in paths), Size())


def is_beside(path: Path) -> bool:
    """Tell whether a file of a stage belongs to another engine than NumPy."""
    return path.parent.name in BESIDE and path.parent.parent.name == "emit"


def main() -> None:
    """Print the table."""
    stages = sorted(p for p in SOURCE.iterdir() if any(p.glob("*.py")))
    heart = {
        name: total(p for p in (SOURCE / name).rglob("*.py") if not is_beside(p))
        for name in HEART
    }
    others = {p.name: total(p.rglob("*.py")) for p in stages if p.name not in HEART}
    others["emit, C and JavaScript"] = total(
        filter(is_beside, (SOURCE / "emit").rglob("*.py"))
    )
    others["beside the stages"] = total(SOURCE.glob("*.py"))
    print(f"{'':<24}{'files':>8}{'lines':>8}{'code':>8}")
    for rows, title in ((heart, "the heart"), (others, "the rest")):
        for name, size in rows.items():
            print(f"{name:<24}{size.files:>8}{size.lines:>8,}{size.code:>8,}")
        size = sum(rows.values(), Size())
        print(f"{title:<24}{size.files:>8}{size.lines:>8,}{size.code:>8,}\n")


if __name__ == "__main__":
    main()
