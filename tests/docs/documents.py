"""Running the documents: every Python block, and every command with its output.

A ```python block runs; the blocks of a document share one namespace and one folder. If
its first line is a comment with a file name, it is written to that file, too. A ```text
block right below shows what it prints. A ```console block holds commands (``$ derivo
...``) and what each prints. What differs between machines is not compared: times, and
the exact size of rounding errors; percentages may differ by one.
"""

from __future__ import annotations

import contextlib
import io
import linecache
import re
import shlex
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from derivo.cli.main import main

FENCE = re.compile(r"^```(\w*)\n(.*?)^```$", re.MULTILINE | re.DOTALL)
SECONDS = re.compile(r"\b\d+(\.\d+)? (s|ms)\b")
ROUNDING = re.compile(r"(\b\d\.\de-(09|1\d)\b|(?<=error )0\b|(?<=  )0(?=  ))")
SPACE = re.compile(r" {2,}|-{3,}")
PERCENT = re.compile(r"\d+\.\d+(?= %)")


@dataclass
class Block:
    """A fenced block: its language, its text, and where the text is in the document."""

    language: str
    text: str
    begin: int
    end: int


def blocks(document: str) -> list[Block]:
    """Give the fenced blocks of a document in order."""
    return [Block(m[1], m[2], m.start(2), m.end(2)) for m in FENCE.finditer(document)]


def run(document: str, folder: Path) -> Iterator[tuple[Block, str]]:
    """Run every block in `folder`; give each one that shows output with what came out.

    The path of the folder, which is another one every time, is left out.
    """
    for block, printed in _outputs(document, folder):
        yield block, printed.replace(f"{folder}/", "")


def _outputs(document: str, folder: Path) -> Iterator[tuple[Block, str]]:
    namespace: dict[str, Any] = {"__name__": "document"}
    found = blocks(document)
    for k, block in enumerate(found):
        if block.language == "python":
            printed = run_python(block.text, namespace, folder / f"block_{k}.py")
            following = found[k + 1] if k + 1 < len(found) else None
            if following is not None and _is_output(document, block, following):
                yield following, printed
                continue
            assert not printed, (
                f"a block prints what is not shown:\n{block.text}\n{printed}"
            )
        elif block.language == "console":
            yield block, run_console(block.text)


def _is_output(document: str, block: Block, following: Block) -> bool:
    """Tell whether the next block stands right below and shows output."""
    between = document[block.end + len("```") : following.begin - len("```text\n")]
    return following.language == "text" and not between.strip()


def run_python(text: str, namespace: dict[str, Any], path: Path) -> str:
    """Run a block and give what it prints."""
    named = re.match(r"# (\w+\.py)\n", text)
    path = path.with_name(named[1]) if named else path
    path.write_text(text, encoding="utf-8")
    linecache.checkcache(str(path))
    printed = io.StringIO()
    with contextlib.redirect_stdout(printed):
        exec(compile(text, str(path), "exec", dont_inherit=True), namespace)  # noqa: S102
    return printed.getvalue()


def run_console(text: str) -> str:
    """Run the commands of a block; give them with what they print."""
    result = ""
    for line in text.splitlines():
        if not line.startswith("$ "):
            continue
        printed = io.StringIO()
        words = shlex.split(line.removeprefix("$ "))
        assert words[0] == "derivo", f"only derivo can be run here: {line}"
        with contextlib.redirect_stdout(printed), contextlib.redirect_stderr(printed):
            assert main(words[1:]) in (0, 1, 2)
        result += f"{line}\n{printed.getvalue()}"
    return result


def same(shown: str, printed: str) -> bool:
    """Tell whether two outputs are the same but for times and rounding."""
    if _comparable(shown) != _comparable(printed):
        return False
    pairs = zip(PERCENT.findall(shown), PERCENT.findall(printed), strict=True)
    return all(abs(float(a) - float(b)) <= 1 for a, b in pairs)


def _comparable(text: str) -> str:
    for pattern, instead in (
        (SECONDS, "# s"),
        (ROUNDING, "#"),
        (PERCENT, "#"),
        (SPACE, " "),
    ):
        text = pattern.sub(instead, text)
    return text


def updated(document: str, folder: Path) -> str:
    """Give the document with every output as it is now."""
    parts, at = [], 0
    for block, printed in run(document, folder):
        parts += [document[at : block.begin], _stripped(printed)]
        at = block.end
    return "".join([*parts, document[at:]])


def _stripped(printed: str) -> str:
    """Leave out space at the ends of lines, which no reader sees."""
    return "".join(f"{line.rstrip()}\n" for line in printed.rstrip().splitlines())


def check(
    path: Path, folder: Path, monkeypatch: pytest.MonkeyPatch, *, update: bool
) -> None:
    """Run a document and compare, or write it anew."""
    monkeypatch.chdir(folder)
    document = path.read_text(encoding="utf-8")
    if update:
        path.write_text(updated(document, folder), encoding="utf-8")
        return
    for block, printed in run(document, folder):
        assert same(block.text.rstrip(), _stripped(printed).rstrip()), (
            f"{path.name} shows what is not printed any more; run pytest tests/docs "
            "--update-golden and read the difference.\n"
            f"shown:\n{block.text}\nnow:\n{printed}"
        )
