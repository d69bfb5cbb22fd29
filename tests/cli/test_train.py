"""``derivo train``: scores, the folder it writes, and tables that cannot be used."""

from __future__ import annotations

import json
import re
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

from derivo.cli.model import Scale
from derivo.cli.table import read_table
from tests.cli.conftest import Run


def test_flowers_are_told_apart(run: Run, flowers: Path) -> None:
    result = run(
        "train", "flowers.csv", "--target", "kind", "--hidden", "8", "--epochs", "30"
    )
    assert result.code == 0
    found = re.search(r"held back: ([\d.]+) % right", result.out)
    assert found is not None
    assert float(found[1]) >= 90
    assert "2 classes, because the target is text" in result.out


def test_a_line_is_fitted(run: Run, folder: Path) -> None:
    x = np.random.default_rng(1).normal(size=(100, 2))
    lines = [f"{a},{b},{1000 + 300 * a - 200 * b}" for a, b in x]
    (folder / "line.csv").write_text("a;b;price\n".replace(";", ",") + "\n".join(lines))
    result = run("train", "line.csv", "--target", "price", "--hidden", "0",
                 "--learning-rate", "0.01", "--epochs", "80")  # fmt: skip
    found = re.search(r"R2 ([-\d.]+)", result.out)
    assert result.code == 0
    assert found is not None
    assert float(found[1]) > 0.99


def test_same_seed_gives_the_same_output(run: Run, flowers: Path) -> None:
    words = ("train", "flowers.csv", "--target", "kind", "--epochs", "3")
    first, second, other = run(*words), run(*words), run(*words, "--seed", "1")
    assert first.code == second.code == other.code == 0
    assert _timeless(first.out) == _timeless(second.out) != _timeless(other.out)


def _timeless(text: str) -> str:
    return re.sub(r"in [\d.]+ s ", "", text)


@pytest.mark.parametrize("target", ["kind", "length"])
def test_the_folder_predicts_with_numpy_alone(
    run: Run, flowers: Path, target: str
) -> None:
    if target == "length":
        text = (
            flowers.read_text(encoding="utf-8").replace("low", "0").replace("tall", "1")
        )
        flowers.write_text(text, encoding="utf-8")
    words = (
        "train",
        "flowers.csv",
        "--target",
        target,
        "--epochs",
        "20",
        "-o",
        "model",
    )
    assert run(*words).code == 0
    folder = flowers.parent / "model"
    # Without this interpreter's paths there is no derivo: the script may not need it.
    script = (
        "import sys; sys.modules['derivo'] = None;"
        "sys.argv = ['predict.py', 'flowers.csv'];"
        "import runpy; runpy.run_path('model/predict.py', run_name='__main__')"
    )
    done = subprocess.run(
        [sys.executable, "-c", script], capture_output=True, text=True, check=False
    )
    assert done.stderr == ""
    guesses = done.stdout.split()
    table = read_table("flowers.csv", target)
    scores = json.loads((folder / "model.json").read_text(encoding="utf-8"))["scores"]
    if target == "kind":
        truth = np.array(table.classes)[table.t]
        assert np.mean(np.array(guesses) == truth) >= 0.9
        assert scores["accuracy"] >= 0.9
    else:
        error = np.mean((np.array(guesses, float) - table.t) ** 2)
        assert error < np.var(table.t)


def test_inputs_are_standardised_by_the_training_rows_only() -> None:
    values = np.array([[1.0, 5.0], [3.0, 5.0]])
    scale = Scale.of(values)
    assert np.array_equal(scale.apply(values), [[-1, 0], [1, 0]])
    assert np.array_equal(scale.undo(scale.apply(values)), values)


@pytest.mark.parametrize(
    ("column", "classes"),
    [
        (["1", "2", "1.0"], ("1", "2")),
        (["3", "10", "7"], ("3", "7", "10")),
        (["yes", "no", "no"], ("no", "yes")),
        (["0.5", "1", "2"], ()),
    ],
)
def test_classes_are_read_from_the_target(
    folder: Path, column: list[str], classes: tuple[str, ...]
) -> None:
    rows = [f"{k},{label}" for k, label in enumerate(column * 5)]
    (folder / "t.csv").write_text("a,t\n" + "\n".join(rows), encoding="utf-8")
    assert read_table("t.csv", "t").classes == classes


ROWS = "\n".join(f"{k},{k % 2},a" for k in range(12))
PAIRS = "\n".join(f"{k},{k % 2}" for k in range(12))
TABLES = {
    "missing file": (None, ("--target", "t"), "there is no file data.csv"),
    "empty file": ("", ("--target", "t"), "is empty"),
    "header alone": ("a,b,t\n", ("--target", "t"), "0 rows"),
    "a few rows": ("a,b,t\n1,2,3\n", ("--target", "t"), "1 row of data"),
    "unknown target": (
        f"a,b,kind\n{ROWS}",
        ("--target", "kinds"),
        "did you mean 'kind'?",
    ),
    "text column": (
        f"a,city,t\n1,Rome,2\n{ROWS}",
        ("--target", "t"),
        "line 2: the column 'city' holds text: 'Rome'",
    ),
    "text further down": (
        f"a,b,t\n{ROWS}\n7,x,a",
        ("--target", "t"),
        "line 14: the column 'b' holds text: 'x'",
    ),
    "empty cell": (
        f"a,b,t\n{ROWS}\n7,,a",
        ("--target", "t"),
        "line 14: the column 'b' has no value",
    ),
    "NaN": (
        f"a,b,t\n{ROWS}\nnan,1,a",
        ("--target", "t"),
        "line 14: the column 'a' has no value",
    ),
    "infinity": (f"a,b,t\n{ROWS}\n-inf,1,a", ("--target", "t"), "not finite"),
    "no target value": (
        f"a,b,t\n{ROWS}\n1,1,",
        ("--target", "t"),
        "line 14: the target 't' has no value",
    ),
    "short row": (
        f"a,b,t\n{ROWS}\n1,1",
        ("--target", "t"),
        "line 14: 2 cells, but the header has 3",
    ),
    "two of a name": (f"a,a,t\n{ROWS}", ("--target", "t"), "two columns 'a'"),
    "no header": (
        "\n".join("1,2,3" for _ in range(12)),
        ("--target", "t"),
        "no header",
    ),
    "one label": (f"a,b,t\n{ROWS}", ("--target", "t"), "nothing to learn"),
    "one column": ("t\n" + "1\n" * 12, ("--target", "t"), "nothing to predict it from"),
    "text as values": (
        f"a,b,t\n{ROWS}",
        ("--target", "t", "--task", "values"),
        "holds text: 'a'",
    ),
    "no epochs": (f"a,t\n{PAIRS}", ("--target", "t", "--epochs", "0"), "epochs"),
    "batch of 0": (
        f"a,t\n{PAIRS}",
        ("--target", "t", "--batch-size", "0"),
        "batch_size",
    ),
    "hidden in words": (
        f"a,b,t\n{ROWS}",
        ("--target", "t", "--hidden", "many"),
        "--hidden 'many'",
    ),
    "seed below 0": (f"a,b,t\n{ROWS}", ("--target", "t", "--seed", "-1"), "0 or more"),
    "a file as folder": (
        f"a,b,t\n{ROWS}",
        ("--target", "t", "-o", "model.py"),
        "is a file",
    ),
    "other files": (
        f"a,t\n{PAIRS}",
        ("--target", "t", "-o", "."),
        "other files",
    ),
    "an endless cell": (f"a,t\n{'7' * 140000},1", ("--target", "t"), "line 2: field"),
    "not text": (b"\xff\xfe\x00PK", ("--target", "t"), "is not text in UTF-8"),
}


@pytest.mark.parametrize("name", TABLES)
def test_a_table_that_cannot_be_used_is_answered(
    run: Run, folder: Path, name: str
) -> None:
    text, words, expected = TABLES[name]
    if text is not None:
        data = text if isinstance(text, bytes) else text.encode()
        (folder / "data.csv").write_bytes(data)
    result = run("train", "data.csv", *words)
    assert result.code == 2
    assert expected in result.err
    assert "Traceback" not in result.err


def test_semicolons_and_quotes_are_read(folder: Path) -> None:
    rows = "\n".join(f'"{k}";{k * 2}' for k in range(12))
    (folder / "t.csv").write_text(f"a;t\n{rows}", encoding="utf-8-sig")
    table = read_table("t.csv", "t", task="values")
    assert table.columns == ("a",)
    assert np.array_equal(table.t, 2 * np.arange(12))
