"""Each tool's settings do something: what they forbid is found."""

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
SETTINGS = ROOT / "pyproject.toml"


def run(*command, cwd=ROOT, text=None, **environment):
    result = subprocess.run(
        [sys.executable, "-m", *command],
        cwd=cwd, input=text, capture_output=True, text=True, check=False,
        env={**os.environ, **environment},
    )  # fmt: skip
    return result.returncode, result.stdout + result.stderr


RULES = {
    "A001": "sum = 1\n",
    "ARG001": "def _f(x: int) -> int:\n    return 1\n",
    "B006": "def _f(x: list[int] = []) -> list[int]:\n    return x\n",
    "BLE001": "try:\n    pass\nexcept Exception:\n    pass\n",
    "C901": "def _f(x: int) -> int:\n" + "".join(
        f"    if x == {k}:\n        return {k}\n" for k in range(12)
    ) + "    return x\n",
    "D103": "def f() -> int:\n    return 1\n",
    "E501": f"TEXT = '{'x' * 90}'\n",
    "EM101": "raise ValueError('wrong')\n",
    "ERA001": "# x = 1\n",
    "F841": "def _f() -> None:\n    x = 1\n",
    "I001": "import sys\nimport ast\nprint(ast, sys)\n",
    "N802": "def _Name() -> None:\n    pass\n",
    "NPY002": "import numpy as np\nX = np.random.rand(3)\n",
    "PLR0913": "def _f(a: int, b: int, c: int, d: int, e: int, f: int,\n"
    "       g: int) -> int:\n    return a + b + c + d + e + f + g\n",
    "PTH123": "F = open('x')\n",
    "RUF100": "X = 1  # noqa: E501\n",
    "S307": "X = eval('1')\n",
    "SLF001": "import ast\nX = ast._x\n",
    "T201": "print(1)\n",
    "TRY300": "def _f() -> int:\n    try:\n        x = 1\n        return x\n"
    "    except ValueError:\n        return 2\n",
    "UP006": "import typing\nX: typing.List[int] = []\n",
}  # fmt: skip


def ruff_finds(rule, path, text):
    pytest.importorskip("ruff", reason="in the group lint")
    options = ["--config", str(SETTINGS), "--no-cache", "--output-format=concise"]
    _, report = run("ruff", "check", *options, "--stdin-filename", path, "-", text=text)
    return f" {rule} " in report


@pytest.mark.parametrize("rule", RULES)
def test_ruff_finds(rule):
    assert ruff_finds(rule, "src/derivo/planted.py", '"""Planted."""\n\n' + RULES[rule])


@pytest.mark.parametrize(
    ("rule", "path"),
    [("D103", "tests/planted.py"), ("T201", "src/derivo/cli/planted.py")],
)
def test_the_exceptions_of_a_folder_hold_there_only(rule, path):
    assert not ruff_finds(rule, path, '"""Planted."""\n\n' + RULES[rule])


TYPES = {
    "no-untyped-def": "def f(x):\n    return x\n",
    "no-any-return": "from typing import Any\ndef f(x: Any) -> int:\n    return x\n",
    "type-arg": "def f(x: list) -> None: ...\n",
    "truthy-bool": "class C: ...\ndef f(c: C) -> int:\n    return 1 if c else 2\n",
    "unreachable": "def f(x: int) -> int:\n    if isinstance(x, str):\n"
    "        return 1\n    return 2\n",
    "ignore-without-code": "x: int = 'a'  # type: ignore\n",
    "unused-ignore": "x: int = 1  # type: ignore[assignment]\n",
}


@pytest.mark.slow
def test_mypy_finds(tmp_path):
    pytest.importorskip("mypy", reason="in the group lint")
    for code, text in TYPES.items():
        (tmp_path / f"{code.replace('-', '_')}.py").write_text(text)
    options = ["--config-file", str(SETTINGS), "--cache-dir", str(tmp_path / "cache")]
    _, report = run("mypy", *options, str(tmp_path), MYPYPATH="")
    found = {code for code in TYPES if f"{code.replace('-', '_')}.py:" in report}
    assert {c for c in found if f"[{c}]" in report} == set(TYPES)


@pytest.mark.slow
@pytest.mark.parametrize(
    ("file", "line", "contract"),
    [
        ("graph/dim.py", "from derivo.ops import catalogue", "Stages only look back"),
        ("emit/scope.py", "from derivo.run import load", "Stages only look back"),
        ("trace/tracer.py", "import rich", "The heart needs NumPy alone"),
        (None, "", ""),
    ],
    ids=["ops in graph", "run in emit", "rich in trace", "nothing planted"],
)
def test_import_linter_finds(tmp_path, file, line, contract):
    pytest.importorskip("importlinter", reason="in the group lint")
    shutil.copytree(ROOT / "src", tmp_path / "src")
    shutil.copy(SETTINGS, tmp_path)
    if file:
        path = tmp_path / "src" / "derivo" / file
        path.write_text(path.read_text(encoding="utf-8") + f"\n{line}\n")
    code = "from importlinter.cli import lint_imports_command; lint_imports_command()"
    result = subprocess.run(
        [sys.executable, "-c", code, "--no-cache"],
        cwd=tmp_path, capture_output=True, text=True, check=False,
        env={**os.environ, "PYTHONPATH": str(tmp_path / "src")},
    )  # fmt: skip
    assert (result.returncode == 0) == (file is None), result.stdout + result.stderr
    assert f"{contract} BROKEN" in result.stdout or file is None


PYTEST = {
    "a warning": "import warnings\ndef test_a(): warnings.warn('x')\n",
    "an unknown marker": "import pytest\n@pytest.mark.unheard\ndef test_a(): pass\n",
    "an unkept xfail": "import pytest\n@pytest.mark.xfail\ndef test_a(): pass\n",
    "two equal ids": "import pytest\n"
    "@pytest.mark.parametrize('x', [1, 1])\ndef test_a(x): pass\n",
}


@pytest.mark.parametrize("fault", PYTEST)
def test_pytest_refuses(tmp_path, fault):
    (tmp_path / "test_planted.py").write_text(PYTEST[fault])
    options = [
        "-c",
        str(SETTINGS),
        "--rootdir",
        str(tmp_path),
        "-p",
        "no:cacheprovider",
    ]
    code, _ = run("pytest", *options, "-q", str(tmp_path))
    assert code != 0


def test_pytest_accepts_what_is_right(tmp_path):
    (tmp_path / "test_planted.py").write_text("def test_a(): pass\n")
    options = [
        "-c",
        str(SETTINGS),
        "--rootdir",
        str(tmp_path),
        "-p",
        "no:cacheprovider",
    ]
    assert run("pytest", *options, "-q", str(tmp_path))[0] == 0


def test_the_rules_of_the_makefile_are_those_of_the_run():
    steps = ("test", "format", "lint", "types", "layers", "wheel-test")
    script = (ROOT / ".ci" / "run").read_text(encoding="utf-8")
    makefile = (ROOT / "Makefile").read_text(encoding="utf-8")
    for step in steps:
        assert f"make --no-print-directory {step}" in script
        assert f"\n{step}: " in makefile


def test_nothing_speaks_of_the_machine_it_was_written_on():
    home = Path.home()
    for path in (SETTINGS, ROOT / "Makefile", ROOT / ".ci" / "run"):
        text = path.read_text(encoding="utf-8")
        assert str(home) not in text
        assert str(ROOT) not in text
