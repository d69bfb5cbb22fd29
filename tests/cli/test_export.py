"""``derivo export``: a trained network as C99, in the units of its table."""

from __future__ import annotations

import ctypes
import json
import shutil
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

from tests.cli.conftest import Run

needs_compiler = pytest.mark.skipif(shutil.which("gcc") is None, reason="no gcc")


@needs_compiler
@pytest.mark.parametrize("target", ["kind", "length"])
def test_it_predicts_what_the_folder_predicts(
    run: Run, flowers: Path, target: str
) -> None:
    text = flowers.read_text(encoding="utf-8")
    if target == "length":
        text = text.replace("low", "0").replace("tall", "1")
    flowers.write_text(text, encoding="utf-8")
    words = ("--target", target, "--task", "classes" if target == "kind" else "values")
    assert run("train", "flowers.csv", *words, "--epochs", "5", "-o", "net").code == 0
    result = run("export", "net", "-o", "c", "--rows", "2")
    assert result.code == 0, result.err
    assert "written to c: model.c, model.h" in result.out
    here = flowers.parent
    command = ["gcc", "-Wall", "-Wextra", "-Werror", "-std=c99", "-pedantic"]
    subprocess.run(
        [*command, "-shared", "-fPIC", here / "c/model.c", "-o", here / "model.so",
         "-lm"], check=True,
    )  # fmt: skip
    told = json.loads((here / "net/model.json").read_text(encoding="utf-8"))
    table = [line.split(",") for line in text.strip().split("\n")]
    picked = [table[0].index(name) for name in told["columns"]]
    x = np.array([[float(r[k]) for k in picked] for r in table[1:6]], np.float32)
    y = np.empty((len(x), max(len(told["classes"]), 1)), np.float32)
    library = ctypes.CDLL(str(here / "model.so"))
    library.model_predict(
        ctypes.c_void_p(x.ctypes.data), ctypes.c_long(len(x)),
        ctypes.c_void_p(y.ctypes.data),
    )  # fmt: skip
    (here / "few.csv").write_text("\n".join(map(",".join, table[:6])), encoding="utf-8")
    expected = subprocess.run(
        [sys.executable, here / "net/predict.py", here / "few.csv"],
        capture_output=True, text=True, check=True,
    ).stdout.split()  # fmt: skip
    if told["classes"]:
        assert [told["classes"][k] for k in y.argmax(axis=1)] == expected
    else:
        np.testing.assert_allclose(y[:, 0], np.array(expected, float), rtol=1e-5)


def test_a_folder_without_a_network_is_refused(run: Run, folder: Path) -> None:
    result = run("export", ".", "-o", "c")
    assert result.code == 2
    assert "holds no trained network" in result.err
    assert not (folder / "c").exists()


def test_a_function_and_its_gradients(run: Run, folder: Path) -> None:
    (folder / "model.py").write_text(
        "import numpy as np\n\n\ndef layer(x, w):\n    return np.tanh(x @ w)\n"
    )
    shapes = ("export", "model.py:layer", "-s", "x=N 3", "-s", "w=3 M", "-o", "c")
    result = run(*shapes, "--size", "N=4")
    assert result.code == 2
    assert "--size M=16" in result.err
    result = run(*shapes, "--size", "N=4", "--size", "M=2", "--float32")
    assert result.code == 0, result.err
    header = (folder / "c/model.h").read_text(encoding="utf-8")
    assert "typedef float model_real" in header
    assert "model_real *result, model_real *d_x, model_real *d_w);" in header
    assert run(*shapes, "--rows", "4").code == 2
    result = run("export", ".", "-o", "c", "--size", "N=4")
    assert result.code == 2
    assert "--size is for functions" in result.err
