"""``derivo explain``: what it prints, what it writes, how it answers mistakes."""

from __future__ import annotations

import os
import pty
import re
import select
import subprocess
import sys
import time
from pathlib import Path

import numpy as np
import pytest

from derivo.explain.words import Words
from tests.cli.conftest import LAYER, Result, Run

COLOUR = re.compile(r"\x1b\[[0-9;]*m")
EXPLAIN = ("explain", "model.py:layer", *LAYER)
WHOLE = (*EXPLAIN, "--all")
# What each level shows. Sums over a batch are told in matrices, and alone if asked for.
SHOWN = {
    "graph": "The computation graph",
    "scalar": "∂y₁",
    "matrix": "What is kept for the backward pass",
    "batch": "There is one b, but n needs it in every row",
    "code": "def layer_backward(saved, d_y):",
}
# What a file of each kind begins with.
BEGINS = {
    "html": b"<!doctype html>", "tex": b"\\documentclass", "svg": b"<svg",
    "png": b"\x89PNG\r\n", "dot": b"digraph", "md": b"# layer", "txt": b"layer: ",
}  # fmt: skip


def in_terminal(*words: str, **environment: str) -> Result:
    """Run a command with a terminal on all three sides, and give what it showed."""
    parent, child = pty.openpty()
    kept = {k: v for k, v in os.environ.items() if k not in {"NO_COLOR", "LESS"}}
    env = {**kept, "TERM": "xterm-256color", "PAGER": "cat", **environment}
    command = [sys.executable, "-m", "derivo", *words]
    process = subprocess.Popen(
        command, stdin=child, stdout=child, stderr=child, env=env, close_fds=True
    )
    os.close(child)
    shown, end = b"", time.monotonic() + 60
    while time.monotonic() < end:
        if not select.select([parent], [], [], 0.5)[0]:
            continue
        try:
            part = os.read(parent, 65536)
        except OSError:  # Linux says so when the other side is closed
            break
        if not part:
            break
        shown += part
    else:
        process.kill()
    os.close(parent)
    text = shown.decode("utf-8").replace("\r\n", "\n")
    return Result(process.wait(), text, "")


# --- levels and languages -------------------------------------------------------------


@pytest.mark.parametrize("level", SHOWN)
def test_a_level_shows_its_own_part_alone(run: Run, level: str) -> None:
    result = run(*EXPLAIN, "--level", level)
    assert (result.code, result.err) == (0, "")
    expected = ["matrix", "batch"] if level == "matrix" else [level]
    assert [k for k, text in SHOWN.items() if text in result.out] == expected


def test_a_few_lines_are_shown_without_being_asked_for(run: Run) -> None:
    out = run(*EXPLAIN).out
    assert len(out.splitlines()) < 50
    assert "d_w = x.T @ d_n" in out
    assert "dw = xᵀ dn" in out
    assert out.endswith("--all, or a page: -o FILE.html\n")


def test_a_narrow_terminal_gets_narrow_lines(
    run: Run, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("COLUMNS", "40")
    narrow = run(*WHOLE).out
    text = [line for line in narrow.splitlines() if line[:3].isalpha()]
    assert max(map(len, text)) <= 40
    monkeypatch.setenv("COLUMNS", "110")
    assert max(map(len, run(*WHOLE).out.splitlines())) > 80


def test_all_levels_are_shown_where_all_is_asked_for(run: Run) -> None:
    out = run(*WHOLE).out
    assert all(text in out for text in SHOWN.values())


@pytest.mark.parametrize("language", ["en", "fr", "ja"])
def test_sentences_come_in_a_language(run: Run, language: str) -> None:
    said = Words(language).text("matrix.saved_title")
    assert said in run(*WHOLE, "--language", language).out


def test_arguments_give_numbers(run: Run, folder: Path) -> None:
    x, w, b = np.array([[1.0, 2.0]]), np.array([[0.5], [0.25]]), np.zeros(1)
    np.savez(folder / "values.npz", x=x, w=w, b=b)
    shown = run(*EXPLAIN, "--level", "matrix", "--with", "values.npz").out
    y = 1 / (1 + np.exp(-1.0))
    slope = f"{y * (1 - y):.4g}"
    assert slope in shown
    assert slope not in run(*EXPLAIN, "--level", "matrix").out


def test_drawn_arguments_are_the_same_for_a_seed(run: Run) -> None:
    words = (*EXPLAIN, "--level", "matrix", "--size", "N=2", "--random")
    first, again, other = (run(*words, seed).out for seed in ("3", "3", "4"))
    assert first == again != other


def test_raw_tells_the_chain_rule_on_what_was_written(run: Run) -> None:
    assert "σ′" in run(*EXPLAIN, "--level", "matrix").out
    raw = run(*EXPLAIN, "--level", "matrix", "--raw").out
    assert "σ′" not in raw
    assert "exp′" in raw or "e⁻ⁿ" in raw


# --- files ----------------------------------------------------------------------------


@pytest.mark.parametrize("ending", BEGINS)
def test_the_ending_decides_what_is_written(
    run: Run, folder: Path, ending: str
) -> None:
    if ending == "png":
        pytest.importorskip("typst", reason="PNG needs the extra svg")
    result = run(*EXPLAIN, "-o", f"page.{ending}")
    assert (result.code, result.err) == (0, "")
    assert result.out == f"written to page.{ending}\n"
    content = (folder / f"page.{ending}").read_bytes()
    start = content[:300].lower()
    assert BEGINS[ending].lower() in start


def test_a_text_file_is_what_a_pipe_sees(
    run: Run, folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("COLUMNS", "100")
    shown = run(*WHOLE).out
    run(*EXPLAIN, "-o", "page.txt")
    assert (folder / "page.txt").read_text(encoding="utf-8") == shown


def test_a_worksheet_has_a_key_beside_it(run: Run, folder: Path) -> None:
    result = run(*EXPLAIN, "--worksheet", "1", "-o", "sheet.html")
    assert result.out == "written to sheet.html and sheet-key.html\n"
    sheet, key = ((folder / f).read_bytes() for f in ("sheet.html", "sheet-key.html"))
    assert sheet != key


# --- a pipe and a terminal ------------------------------------------------------------


def test_a_pipe_sees_plain_text(folder: Path) -> None:
    command = [sys.executable, "-m", "derivo", *WHOLE]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert (done.returncode, done.stderr) == (0, "")
    assert "\x1b" not in done.stdout
    assert "∂E/∂n" in done.stdout


def test_a_terminal_sees_the_same_in_colours(run: Run) -> None:
    plain = run(*EXPLAIN, "--level", "matrix").out
    shown = in_terminal(*EXPLAIN, "--level", "matrix", "--no-pager")
    assert shown.code == 0
    assert "\x1b[38;2;" in shown.out
    assert COLOUR.sub("", shown.out) == plain


@pytest.mark.parametrize("variable", ["NO_COLOR", "TERM"])
def test_a_terminal_without_colours_gets_none(folder: Path, variable: str) -> None:
    value = "1" if variable == "NO_COLOR" else "dumb"
    words = (*EXPLAIN, "--level", "code", "--no-pager")
    assert "\x1b" not in in_terminal(*words, **{variable: value}).out


def test_what_is_long_is_paged_in_a_terminal(folder: Path) -> None:
    pager = {"PAGER": "sed s/^/paged:/", "NO_COLOR": "1"}
    out = in_terminal(*WHOLE, **pager).out
    assert all(line.startswith("paged:") for line in out.splitlines())
    assert SHOWN["batch"] in out
    assert "paged:" not in in_terminal(*WHOLE, "--no-pager", **pager).out
    assert "paged:" not in in_terminal(*EXPLAIN, "--level", "code", **pager).out


def test_less_is_asked_to_show_colours(folder: Path) -> None:
    pager = {"PAGER": "sh -c 'cat >/dev/null; echo LESS=$LESS'"}
    assert "LESS=-R" in in_terminal(*WHOLE, **pager).out
    assert "LESS=-S" in in_terminal(*WHOLE, **pager, LESS="-S").out


# --- mistakes -------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (("modle.py:layer", *LAYER), "did you mean 'model.py'?"),
        (("model.py:layr", *LAYER), "did you mean 'layer'?"),
        (("model.py", *LAYER), "write FILE.py:FUNCTION"),
        (("model.py:NUMBER",), "is a int, not a function"),
        (("model.py:layer", "-s", "x=N $"), "'$' in the shape 'N $' is not"),
        (("model.py:layer", "-s", "x"), 'write -s NAME="SIZES"'),
        (("model.py:layer", "-s", "x=N L"), "no shape is given for the argument 'w'"),
        (("model.py:layer", "-s", "x=N L", "-s", "w=K M", "-s", "b=M"), "n = x @ w"),
        (("model.py:layer", *LAYER, "-s", "q=N"), "'q' is not an argument of layer"),
        (("model.py:layer", *LAYER, "--level", "deep"), "'scalar'"),
        (("model.py:layer", *LAYER, "--language", "de"), "'fr'"),
        (("model.py:layer", *LAYER, "-o", "page.doc"), ".html"),
        (("model.py:layer", *LAYER, "-o", "away/page.html"), "there is no folder away"),
        (("model.py:layer", *LAYER, "-o", "."), "is a folder"),
        (("model.py:layer", *LAYER, "--with", "none.npz"), "there is no file none.npz"),
        (("model.py:layer", *LAYER, "--with", "model.py"), "no .npz file of arrays"),
        (("model.py:layer", *LAYER, "--random", "0", "--size", "N"), "such as N=3"),
        (("model.py:layer", *LAYER, "--random", "0", "--with", "a.npz"), "choose one"),
        (("model.py:branch", "-s", "x="), "if x > 0"),
        (("model.py:fails", "-s", "x="), "undefined_name"),
    ],
)  # fmt: skip
def test_mistakes_are_answered(run: Run, words: tuple[str, ...], said: str) -> None:
    result = run("explain", *words)
    assert result.code == 2
    assert said in result.err
    assert "Traceback" not in result.err
    assert result.out == ""


def test_an_array_of_another_shape_is_answered(run: Run, folder: Path) -> None:
    np.savez(folder / "v.npz", x=np.zeros((2, 3)), w=np.zeros((4, 1)), b=np.zeros(1))
    result = run(*EXPLAIN, "--with", "v.npz")
    assert result.code == 2
    assert "L" in result.err
    assert "Traceback" not in result.err


def test_nothing_is_written_after_a_mistake(run: Run, folder: Path) -> None:
    before = sorted(folder.iterdir())
    assert run("explain", "model.py:spectrum", "-s", "x=N", "-o", "p.html").code == 2
    assert sorted(folder.iterdir()) == before
