"""Emitted source is a real file: named by its content, loaded once, easy to debug."""

import os
import stat
import sys
import traceback
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import numpy as np
import pytest

import derivo
from derivo.errors import CacheWarning
from derivo.run.folder import cache_folder
from derivo.run.load import load_text, write_once

TEXT = "import numpy as np\n\n\ndef f(x):\n    return np.exp(x)\n"


@pytest.fixture(autouse=True)
def own_folder(tmp_path, monkeypatch):
    monkeypatch.setenv("DERIVO_CACHE", str(tmp_path / "cache"))


def test_equal_text_is_one_file_and_one_module():
    assert write_once(TEXT, "f") == write_once(TEXT, "f")
    assert load_text(TEXT, "f") is load_text(TEXT, "f")
    assert write_once(TEXT, "f") != write_once(TEXT + "\n", "f")


def test_the_file_holds_the_text():
    assert write_once(TEXT, "f").read_text(encoding="utf-8") == TEXT


def test_a_file_that_was_changed_is_written_anew():
    path = write_once(TEXT, "f")
    path.write_text("def f(x): return 0\n")
    assert write_once(TEXT, "f").read_text(encoding="utf-8") == TEXT


def test_the_folder_is_private():
    mode = stat.S_IMODE(cache_folder().stat().st_mode)
    assert mode == 0o700


@pytest.mark.skipif(os.geteuid() == 0, reason="root may write everywhere")
def test_a_folder_that_cannot_be_written_is_replaced(tmp_path, monkeypatch):
    (tmp_path / "locked").mkdir(mode=0o500)
    monkeypatch.setenv("DERIVO_CACHE", str(tmp_path / "locked" / "cache"))
    with pytest.warns(CacheWarning, match="temporary folder"):
        assert cache_folder().is_dir()


def test_a_home_without_a_folder_of_its_own_is_replaced(tmp_path, monkeypatch):
    (tmp_path / "file").write_text("")
    monkeypatch.setenv("DERIVO_CACHE", str(tmp_path / "file" / "cache"))
    with pytest.warns(CacheWarning, match="Not a directory"):
        assert load_text(TEXT, "f").f(0.0) == 1.0


def test_many_threads_writing_at_once_leave_one_whole_file():
    texts = [TEXT] * 16
    with ThreadPoolExecutor(8) as pool:
        paths = set(pool.map(write_once, texts, ["f"] * 16))
    (path,) = paths
    assert path.read_text(encoding="utf-8") == TEXT
    assert list(path.parent.iterdir()) == [path]


def test_a_traceback_shows_the_emitted_line():
    d = derivo.derive(lambda x, w: x @ w, x="N L", w="L M")
    with pytest.raises(ValueError, match="matmul") as caught:
        d.module.function(np.ones((2, 3)), np.ones((4, 5)))
    last = traceback.extract_tb(caught.value.__traceback__)[-1]
    assert last.filename == d.module.__file__
    assert last.line == "return x @ w, (x, w)"


def test_the_module_is_registered_before_it_runs():
    module = load_text(TEXT, "f")
    assert sys.modules[module.__name__] is module


def test_a_file_that_fails_is_not_kept(tmp_path):
    path = tmp_path / "broken.py"
    path.write_text("1 / 0\n")
    before = set(sys.modules)
    with pytest.raises(ZeroDivisionError):
        derivo.load(path)
    assert {m for m in set(sys.modules) - before if "broken" in m} == set()


def test_what_is_read_is_what_runs():
    d = derivo.derive(lambda x: np.tanh(x), x="N")
    assert Path(str(d.module.__file__)).read_text(encoding="utf-8") == d.source
