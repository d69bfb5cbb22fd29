"""Where emitted source is kept: a folder that nobody else can write to."""

from __future__ import annotations

import atexit
import os
import shutil
import stat
import sys
import tempfile
import warnings
from functools import cache
from pathlib import Path
from threading import Lock

from derivo.errors import CacheWarning

_ONE_AT_A_TIME = Lock()


def cache_folder() -> Path:
    """Give the folder of emitted source: private to the user, made if it is missing.

    ``DERIVO_CACHE`` names another one than the platform's own. A folder that others
    can write to is not used, since what lies there is run; nor one that cannot be
    made. A temporary one takes its place until the program ends.
    """
    folder = usual_folder()
    if folder is None:
        return _temporary("there is no home folder")
    try:
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        reason = _reason_against(folder)
    except OSError as error:
        reason = f"{folder}: {error.strerror or error}"
    return folder if not reason else _temporary(reason)


def usual_folder() -> Path | None:
    """Give the place that the platform has for such files; None without a home.

    Source
    ------
    XDG Base Directory Specification 0.8; Apple, File System Programming Guide;
    Microsoft, KNOWNFOLDERID (LocalAppData).
    """
    given = os.environ.get("DERIVO_CACHE")
    if given:
        return Path(given)
    if sys.platform == "win32":
        local = os.environ.get("LOCALAPPDATA")
        return Path(local) / "derivo" / "Cache" if local else None
    xdg = os.environ.get("XDG_CACHE_HOME", "")
    if xdg.startswith("/"):  # a relative one is to be ignored
        return Path(xdg) / "derivo"
    try:
        home = Path.home()
    except (RuntimeError, KeyError):  # a user without a name, and no HOME
        return None
    if sys.platform == "darwin":
        return home / "Library" / "Caches" / "derivo"
    return home / ".cache" / "derivo"


def _reason_against(folder: Path) -> str:
    """Say why a folder cannot be trusted, or cannot be written to; "" if it can."""
    if not hasattr(os, "geteuid"):
        return ""  # Windows: a folder in the user's own profile
    found = folder.stat()
    if found.st_uid != os.geteuid():
        return f"{folder} belongs to another user"
    if found.st_mode & (stat.S_IWGRP | stat.S_IWOTH):
        return f"{folder} can be written to by others (chmod 700 makes it private)"
    if not os.access(folder, os.W_OK | os.X_OK):
        return f"{folder} cannot be written to"
    for above in folder.resolve().parents:
        mode = above.stat().st_mode
        if mode & stat.S_IWOTH and not mode & stat.S_ISVTX:
            return f"{folder} can be replaced by others, who can write to {above}"
    return ""


def _temporary(reason: str) -> Path:
    with _ONE_AT_A_TIME:
        return _made(os.getpid(), reason)


@cache
def _made(_process: int, reason: str) -> Path:
    """Make a folder for this process, once, and say why."""
    message = f"{reason}; emitted source is kept in a temporary folder instead"
    warnings.warn(message, CacheWarning, stacklevel=2)
    path = tempfile.mkdtemp(prefix="derivo-")
    atexit.register(shutil.rmtree, path, ignore_errors=True)
    return Path(path)
