"""A C compiler: which there is, and what it has compiled before.

What was compiled lies in the user's own cache folder, named by the text, the flags and
the compiler, with the hash of its content beside it: what is not as it was written is
compiled anew, never loaded.
"""

from __future__ import annotations

import ctypes
import errno
import hashlib
import importlib
import importlib.util
import os
import platform
import shutil
import signal
import stat
import subprocess
import sys
import tempfile
from collections.abc import Callable
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from threading import get_ident

from derivo.errors import NotSupportedError
from derivo.run.folder import cache_folder

SECONDS_AT_MOST = 120
_FLAGS = (
    "-std=gnu11", "-O2", "-fPIC", "-shared", "-fno-math-errno", "-fno-trapping-math",
    "-ffp-contract=fast", "-Wno-psabi",
)  # fmt: skip
_LINKED = ("-lm", "-lpthread")
# Processors with these have had the others for long: x86-64-v3 and v4.
_AVX2 = ("-mavx2", "-mfma")
_AVX512 = ("-mavx512f", "-mavx512vl", "-mavx512dq", "-mavx512bw")
INSTALL = "pip install 'derivo[fast]', or a C compiler of the system (cc)"


@dataclass(frozen=True)
class Compiler:
    """A C compiler.

    Attributes
    ----------
    command
        What starts it.
    identity
        Changes when another version takes its place.
    """

    command: tuple[str, ...]
    identity: str


@dataclass(frozen=True)
class Machine:
    """What matters of the processor.

    Attributes
    ----------
    register_bytes
        Size of the largest vector registers.
    flags
        What tells the compiler so.
    """

    register_bytes: int
    flags: tuple[str, ...]


def find_compiler() -> Compiler | None:
    """Give the compiler of the system, else that of the wheel `ziglang`, else None.

    ``CC`` names another one, as everywhere.
    """
    wish = os.environ.get("CC", "").split()
    for words in ([wish] if wish else []) + [["cc"], ["gcc"], ["clang"]]:
        path = shutil.which(words[0])
        if path is not None:
            return Compiler((path, *words[1:]), _identity(Path(path), words[1:]))
    found = importlib.util.find_spec("ziglang")
    if found is not None and found.origin is not None:
        command = (sys.executable, "-m", "ziglang", "cc")
        return Compiler(command, _identity(Path(found.origin), ["zig"]))
    return None


def _identity(path: Path, words: list[str]) -> str:
    """Tell a compiler from another, without starting it."""
    path = path.resolve()
    try:
        status = path.stat()
    except OSError:
        return f"{path} {words}"
    return f"{path} {words} {status.st_size} {status.st_mtime_ns}"


@cache
def machine() -> Machine:
    """Give what this processor has."""
    kind = platform.machine().lower()
    features = _features() if kind in {"x86_64", "amd64"} else set()
    if not {"AVX2", "FMA3"} <= features:
        return Machine(16, ())
    if not {"AVX512F", "AVX512_SKX"} <= features:
        return Machine(32, _AVX2)
    return Machine(64, (*_AVX2, *_AVX512))


def _features() -> set[str]:
    """Give what NumPy found out about the processor."""
    try:
        module = importlib.import_module("numpy._core._multiarray_umath")
    except ImportError:
        return set()
    features = getattr(module, "__cpu_features__", {})
    return {name for name, is_there in features.items() if is_there}


def compiled(
    text: str, *, extra: tuple[str, ...] = (),
    begins: Callable[[], None] = lambda: None,
) -> ctypes.CDLL:  # fmt: skip
    """Give C text as a library, compiled now or before.

    Parameters
    ----------
    text
        C11.
    extra
        Further flags.
    begins
        Is called if it must be compiled now, which takes about a second.

    Raises
    ------
    NotSupportedError
        There is no compiler, or it failed; the message says what to do.
    """
    compiler = find_compiler()
    if compiler is None:
        message = f"there is no C compiler; {INSTALL} brings one"
        raise NotSupportedError(message)
    flags = (*_FLAGS, *machine().flags, *extra)
    key = "\n".join([text, *flags, *_LINKED, compiler.identity, sys.platform])
    stem = f"step_{hashlib.sha256(key.encode()).hexdigest()[:24]}"
    folder = cache_folder()
    library, check = folder / f"{stem}.so", folder / f"{stem}.sha256"
    if not _is_as_written(library, check):
        begins()
        _build(compiler, flags, text, library, check)
    try:
        return ctypes.CDLL(str(library))
    except OSError as error:
        message = f"what {compiler.command[0]} compiled cannot be loaded: {error}"
        raise NotSupportedError(message) from None


def _is_as_written(library: Path, check: Path) -> bool:
    """Tell whether a library is there, is the user's own, and is what was compiled."""
    try:
        status = library.stat()
        wanted = check.read_text(encoding="ascii")
        content = library.read_bytes()
    except (OSError, UnicodeDecodeError):
        return False
    if hasattr(os, "geteuid") and (
        status.st_uid != os.geteuid() or status.st_mode & (stat.S_IWGRP | stat.S_IWOTH)
    ):
        return False
    return hashlib.sha256(content).hexdigest() == wanted


def _build(
    compiler: Compiler, flags: tuple[str, ...], text: str, library: Path, check: Path
) -> None:
    """Compile under a name of its own, then rename: others see all of it or nothing."""
    mine = f"{library.stem}.{os.getpid()}-{get_ident()}"
    source, made, hashed = (
        library.with_name(mine + end) for end in (".c", ".so", ".sum")
    )
    try:
        source.write_text(text, encoding="utf-8")
        command = [*compiler.command, *flags, str(source), "-o", str(made), *_LINKED]
        _start(command, library.parent)
        made.chmod(0o700)
        digest = hashlib.sha256(made.read_bytes()).hexdigest()
        hashed.write_text(digest, encoding="ascii")
        made.replace(library)
        hashed.replace(check)
    except OSError as error:
        message = (
            f"the compiled step cannot be written to {library.parent}: "
            f"{error.strerror or error}. Make room there, or name another folder in "
            "DERIVO_CACHE"
        )
        raise NotSupportedError(message) from None
    finally:
        for path in (source, made, hashed):
            path.unlink(missing_ok=True)


def _start(command: list[str], folder: Path) -> None:
    environment = dict(os.environ)
    # The cache of zig itself must be writable, or it hangs.
    environment.setdefault("ZIG_GLOBAL_CACHE_DIR", str(folder / "zig"))
    environment.setdefault("ZIG_LOCAL_CACHE_DIR", str(folder / "zig"))
    # In a session of its own: what the compiler has started ends with it. Its words go
    # to a file, for a pipe would be open as long as one of these lives.
    with tempfile.TemporaryFile() as words:
        process = subprocess.Popen(  # noqa: S603  the user's own compiler
            command, stdin=subprocess.DEVNULL, stdout=words, stderr=words,
            env=environment, start_new_session=True,
        )  # fmt: skip
        try:
            code = process.wait(SECONDS_AT_MOST)
        except subprocess.TimeoutExpired:
            message = f"{command[0]} did not finish in {SECONDS_AT_MOST} seconds"
            raise NotSupportedError(message) from None
        finally:
            _end(process)
        words.seek(0)
        said = words.read().decode(errors="replace").strip().splitlines()
    if code:
        full = os.strerror(errno.ENOSPC)
        if any(full in line for line in said):
            raise OSError(errno.ENOSPC, full)
        first = next(
            (line for line in said if "error" in line), (said or ["nothing"])[0]
        )
        message = f"{command[0]} cannot compile the step: it says {first.strip()!r}"
        raise NotSupportedError(message)


def _end(process: subprocess.Popen[bytes]) -> None:
    """End a compiler and what it has started, if they still run."""
    if process.poll() is not None:
        return
    if hasattr(os, "killpg"):
        os.killpg(process.pid, signal.SIGKILL)
    else:
        process.kill()
    process.wait()
