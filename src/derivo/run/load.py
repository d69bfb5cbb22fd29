"""From source text to functions: a real file, for breakpoints and tracebacks.

What runs is the text itself: no bytecode is read or written, so that what lies beside
the file is never run in its place.
"""

from __future__ import annotations

import hashlib
import inspect
import io
import linecache
import os
import sys
from collections.abc import Mapping
from importlib.abc import InspectLoader
from importlib.machinery import ModuleSpec
from importlib.util import module_from_spec
from pathlib import Path
from threading import get_ident
from types import CodeType, FunctionType, ModuleType
from typing import Any

import numpy as np

from derivo.errors import UsageError
from derivo.run.folder import cache_folder


def write_once(text: str, stem: str) -> Path:
    """Write text to a file named by its content, unless it is there already.

    The file appears whole or not at all, also when two processes write it; one that
    holds something else is replaced.

    Raises
    ------
    OSError
        The disk is full, or the file is open on a platform that locks open files.
    """
    content = text.encode()
    path = cache_folder() / f"{stem}_{_digest(content)}.py"
    if not path.exists() or path.read_bytes() != content:
        # Of this process and thread alone, so that nobody else writes to it.
        mine = path.with_suffix(f".{os.getpid()}-{get_ident()}.tmp")
        try:
            mine.write_bytes(content)
            mine.replace(path)
        finally:
            mine.unlink(missing_ok=True)
    return path


def _digest(content: bytes) -> str:
    return hashlib.sha256(content).hexdigest()[:16]


def load_text(text: str, stem: str) -> ModuleType:
    """Load emitted source as a module, with its file in the cache folder.

    Where no file can be written it runs all the same; tracebacks show its lines.
    """
    try:
        path = write_once(text, stem)
    except OSError:
        path = Path(f"<derivo {stem} {_digest(text.encode())}>")
        lines = text.splitlines(keepends=True)
        linecache.cache[str(path)] = (len(text), None, lines, str(path))
    return _module(text, path)


def load(path: str | Path) -> ModuleType:
    """Load a file of emitted source as a module. This executes the file.

    Load only what you, or somebody you trust, wrote: a Python file can do anything.

    Parameters
    ----------
    path
        What `Derivation.save` wrote.

    Returns
    -------
    module
        Has ``NAME`` and ``NAME_backward``, and for a loss ``NAME_gradient``. The arrays
        in the file beside it, ``backward.npz`` for ``backward.py``, are given to
        ``NAME`` by themselves.

    Raises
    ------
    UsageError
        There is no such file, or it is no Python.
    """
    place = path_of(path).resolve()
    if not place.is_file():
        message = f"there is no file {place}; write one with derivation.save(path)"
        raise UsageError(message)
    beside = place.with_suffix(".npz")
    try:
        arrays = beside.read_bytes() if beside.is_file() else b""
        return _module(place.read_text(encoding="utf-8"), place, arrays)
    except (SyntaxError, UnicodeDecodeError, ValueError) as error:
        message = f"{place} is no file that derivo wrote: {error}"
        raise UsageError(message) from None
    except OSError as error:
        message = f"{place} cannot be read: {error.strerror}"
        raise UsageError(message) from None


def save_text(
    text: str, path: str | Path, arrays: Mapping[str, Any] | None = None
) -> Path:
    """Write source to a file of the user's, and arrays that belong to it beside it.

    Raises
    ------
    UsageError
        No path, a folder, a folder that is not there, or one that cannot be written to.
    """
    place = path_of(path)
    if place.is_dir():
        message = (
            f"{place} is a folder; give the name of a file in it, such as layer.py"
        )
        raise UsageError(message)
    if not place.parent.is_dir():
        message = f"there is no folder {place.parent}; make it first"
        raise UsageError(message)
    try:
        place.write_text(text, encoding="utf-8")
        beside = place.with_suffix(".npz")
        if arrays:
            np.savez(beside, **arrays)
        else:
            beside.unlink(missing_ok=True)  # of another function, saved here before
    except OSError as error:
        message = f"{place} cannot be written: {error.strerror}"
        raise UsageError(message) from None
    return place


def path_of(path: Any) -> Path:
    """Read the name of a file.

    Raises
    ------
    UsageError
        Something that is no name.
    """
    if not isinstance(path, str | os.PathLike) or not str(path):
        message = f"{path!r} is not the name of a file; write a path such as 'layer.py'"
        raise UsageError(message)
    return Path(path)


class _Text(InspectLoader):
    """Runs a text that is at hand, under the name of its file."""

    def __init__(self, text: str, path: Path) -> None:
        self.text = text
        self.path = str(path)

    def get_source(self, fullname: str) -> str:
        """Give the text."""
        del fullname
        return self.text

    def get_code(self, fullname: str) -> CodeType:
        """Compile the text, whatever bytecode there may be."""
        return self.source_to_code(self.get_source(fullname), self.path)


def _module(text: str, path: Path, arrays: bytes = b"") -> ModuleType:
    digest = _digest(text.encode() + str(path).encode() + arrays)
    name = f"derivo_emitted.{path.stem}_{digest}"
    if name in sys.modules:
        return sys.modules[name]
    spec = ModuleSpec(name, _Text(text, path), origin=str(path))
    spec.has_location = True
    module = module_from_spec(spec)
    # Registered first: what runs may look its own module up.
    sys.modules[name] = module
    assert spec.loader is not None  # noqa: S101  it has just been given
    try:
        spec.loader.exec_module(module)
        if arrays:
            _give(module, arrays)
    except BaseException:
        del sys.modules[name]
        raise
    return module


def _give(module: ModuleType, content: bytes) -> None:
    """Make the arrays of a file the defaults of the arguments that they are for."""
    with np.load(io.BytesIO(content)) as file:
        arrays = dict(file)
    for function in vars(module).values():
        if inspect.isfunction(function):
            wanted = {name for name in arrays if name in _by_name_alone(function)}
            function.__kwdefaults__ = {name: arrays[name] for name in wanted} or None


def _by_name_alone(function: FunctionType) -> set[str]:
    parameters = inspect.signature(function).parameters.values()
    return {p.name for p in parameters if p.kind is p.KEYWORD_ONLY}
