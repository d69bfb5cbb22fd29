"""From source text to functions: a real file, for breakpoints and tracebacks."""

from __future__ import annotations

import hashlib
import importlib.util
import inspect
import os
import sys
from pathlib import Path
from threading import get_ident
from types import FunctionType, ModuleType

import numpy as np

from derivo.errors import UsageError


def cache_folder() -> Path:
    """Give the folder of emitted source: private to the user, made if it is missing.

    ``DERIVO_CACHE`` names another one.
    """
    given = os.environ.get("DERIVO_CACHE")
    home = os.environ.get("XDG_CACHE_HOME")
    base = (
        Path(given)
        if given
        else (Path(home) if home else Path.home() / ".cache") / "derivo"
    )
    try:
        base.mkdir(mode=0o700, parents=True, exist_ok=True)
    except OSError:
        import tempfile  # noqa: PLC0415  (slow to load, seldom needed)

        base = Path(tempfile.mkdtemp(prefix="derivo-"))
        os.environ["DERIVO_CACHE"] = str(base)
    return base


def write_once(text: str, stem: str) -> Path:
    """Write text to a file named by its content, unless it is there already.

    The file appears whole or not at all, also when two processes write it.
    """
    digest = hashlib.sha256(text.encode()).hexdigest()[:16]
    path = cache_folder() / f"{stem}_{digest}.py"
    if not path.exists() or path.read_text(encoding="utf-8") != text:
        # Of this process and thread alone, so that nobody else writes to it.
        mine = path.with_suffix(f".{os.getpid()}-{get_ident()}.tmp")
        mine.write_text(text, encoding="utf-8")
        mine.replace(path)
    return path


def load_text(text: str, stem: str) -> ModuleType:
    """Load emitted source as a module from its file in the cache folder."""
    return load(write_once(text, stem))


def load(path: str | Path) -> ModuleType:
    """Load a file of emitted source as a module.

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
        There is no such file.
    """
    path = Path(path).resolve()
    if not path.is_file():
        message = f"there is no file {path}; write one with derivation.save(path)"
        raise UsageError(message)
    beside = path.with_suffix(".npz")
    arrays = beside.read_bytes() if beside.is_file() else b""
    whole = path.read_bytes() + str(path).encode() + arrays
    digest = hashlib.sha256(whole).hexdigest()[:16]
    name = f"derivo_emitted.{path.stem}_{digest}"
    if name in sys.modules:
        return sys.modules[name]
    spec = importlib.util.spec_from_file_location(name, path)
    assert spec is not None and spec.loader is not None  # noqa: S101, PT018
    module = importlib.util.module_from_spec(spec)
    # Numba looks the module up by name when it reads its cache: register first.
    sys.modules[name] = module
    try:
        spec.loader.exec_module(module)
        if arrays:
            _give(module, beside)
    except BaseException:
        del sys.modules[name]
        raise
    return module


def _give(module: ModuleType, path: Path) -> None:
    """Make the arrays of a file the defaults of the arguments that they are for."""
    with np.load(path) as file:
        arrays = dict(file)
    for function in vars(module).values():
        if inspect.isfunction(function):
            wanted = {name for name in arrays if name in _by_name_alone(function)}
            function.__kwdefaults__ = {name: arrays[name] for name in wanted} or None


def _by_name_alone(function: FunctionType) -> set[str]:
    parameters = inspect.signature(function).parameters.values()
    return {p.name for p in parameters if p.kind is p.KEYWORD_ONLY}
