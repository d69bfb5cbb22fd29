"""The command where nobody listens: its output closed, or a disk that is full."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

pytestmark = pytest.mark.skipif(not Path("/dev/full").exists(), reason="no /dev/full")


def run(arguments: str, shell: str, folder: Path) -> subprocess.CompletedProcess[str]:
    (folder / "odd.py").write_text("import numpy as np\ndef f(x):\n    return x * x\n")
    line = f"{sys.executable} -m derivo {arguments} {shell}"
    return subprocess.run(
        ["/bin/sh", "-c", line], cwd=folder, capture_output=True, text=True, check=False
    )


def test_output_that_is_closed(tmp_path: Path) -> None:
    for shell in (">&-", ">&- 2>&-"):
        done = run("derive odd.py:f -s x=N", shell, tmp_path)
        assert (done.returncode, done.stderr) == (0, "")


def test_a_full_disk(tmp_path: Path) -> None:
    done = run("derive odd.py:f -s x=N", "> /dev/full", tmp_path)
    assert done.returncode == 2
    assert "derivo: the output cannot be written: No space left" in done.stderr
    assert "None" not in done.stderr
    assert "Exception ignored" not in done.stderr
