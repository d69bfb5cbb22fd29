"""The cache folder: private, in the platform's place, and of no danger if it is not."""

import errno
import importlib.util
import os
import py_compile
import sys
import traceback
from pathlib import Path

import pytest

from derivo.errors import CacheWarning, UsageError
from derivo.run import folder
from derivo.run.folder import cache_folder, usual_folder
from derivo.run.load import load, load_text, save_text, write_once

TEXT = "def f(x):\n    return x + 1\n"


@pytest.fixture(autouse=True)
def own_folder(tmp_path, monkeypatch):
    monkeypatch.setenv("DERIVO_CACHE", str(tmp_path / "cache"))
    folder._made.cache_clear()


def test_planted_bytecode_is_not_run(tmp_path):
    path = write_once(TEXT, "f")
    evil = tmp_path / "evil.py"
    evil.write_text("def f(x):\n    return 666\n")
    planted = importlib.util.cache_from_source(str(path))
    py_compile.compile(
        str(evil), planted, doraise=True,
        invalidation_mode=py_compile.PycInvalidationMode.UNCHECKED_HASH,
    )  # fmt: skip
    assert load_text(TEXT, "f").f(1) == 2
    assert load(path).f(1) == 2


@pytest.mark.parametrize("mode", [0o777, 0o775, 0o707])
def test_a_folder_that_others_can_write_to_is_not_used(tmp_path, monkeypatch, mode):
    shared = tmp_path / "shared"
    shared.mkdir()
    shared.chmod(mode)
    monkeypatch.setenv("DERIVO_CACHE", str(shared))
    with pytest.warns(CacheWarning, match="written to by others"):
        assert load_text(TEXT, "f").f(1) == 2
    assert cache_folder() != shared
    assert list(shared.iterdir()) == []


def test_a_folder_that_others_can_replace_is_not_used(tmp_path, monkeypatch):
    above = tmp_path / "above"
    above.mkdir()
    monkeypatch.setenv("DERIVO_CACHE", str(above / "cache"))
    above.chmod(0o1777)  # others cannot rename what is ours, as in /tmp
    assert cache_folder() == above / "cache"
    above.chmod(0o777)
    with pytest.warns(CacheWarning, match="can be replaced by others"):
        assert cache_folder() != above / "cache"


def test_a_folder_of_another_user_is_not_used(monkeypatch):
    cache_folder()
    monkeypatch.setattr(os, "geteuid", lambda: 4711)
    with pytest.warns(CacheWarning, match="belongs to another user"):
        assert load_text(TEXT, "f").f(1) == 2


@pytest.mark.parametrize("rubbish", [b"", b"def f(x):\n", b"\xff\xfe\x00"])
def test_a_damaged_file_is_written_anew(rubbish):
    path = write_once(TEXT, "f")
    path.write_bytes(rubbish)
    assert load_text(TEXT, "f").f(1) == 2
    assert path.read_text(encoding="utf-8") == TEXT


def test_a_full_disk_does_not_matter(monkeypatch):
    def full(*_args, **_options):
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr(Path, "write_bytes", full)
    text = "def g(x):\n    return x.no\n"
    module = load_text(text, "g")
    with pytest.raises(AttributeError) as caught:
        module.g(1)
    last = traceback.extract_tb(caught.value.__traceback__)[-1]
    assert last.line == "return x.no"


def test_each_platform_has_its_place(monkeypatch):
    monkeypatch.delenv("DERIVO_CACHE")
    monkeypatch.setenv("HOME", "/home/someone")
    monkeypatch.setenv("XDG_CACHE_HOME", "relative")
    monkeypatch.setattr(sys, "platform", "linux")
    assert usual_folder() == Path("/home/someone/.cache/derivo")
    monkeypatch.setenv("XDG_CACHE_HOME", "/somewhere")
    assert usual_folder() == Path("/somewhere/derivo")
    monkeypatch.delenv("XDG_CACHE_HOME")
    monkeypatch.setattr(sys, "platform", "darwin")
    assert usual_folder() == Path("/home/someone/Library/Caches/derivo")
    monkeypatch.setattr(sys, "platform", "win32")
    monkeypatch.setenv("LOCALAPPDATA", "/users/someone/local")
    assert usual_folder() == Path("/users/someone/local/derivo/Cache")


def test_without_a_home_or_a_name(monkeypatch):
    def nobody():
        message = "Could not determine home directory."
        raise RuntimeError(message)

    for name in ("DERIVO_CACHE", "HOME", "XDG_CACHE_HOME"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setattr(Path, "home", nobody)
    with pytest.warns(CacheWarning, match="no home folder"):
        assert load_text(TEXT, "f").f(1) == 2


def test_files_that_are_none(tmp_path):
    for odd in (3, None, "", ["a"]):
        with pytest.raises(UsageError, match="not the name of a file"):
            load(odd)  # type: ignore[arg-type]
        with pytest.raises(UsageError, match="not the name of a file"):
            save_text(TEXT, odd)  # type: ignore[arg-type]
    with pytest.raises(UsageError, match="is a folder"):
        save_text(TEXT, tmp_path)
    broken = tmp_path / "broken.py"
    broken.write_text("def f(:\n")
    with pytest.raises(UsageError, match="no file that derivo wrote"):
        load(broken)
    broken.write_bytes(b"\xff\xff")
    with pytest.raises(UsageError, match="no file that derivo wrote"):
        load(broken)
