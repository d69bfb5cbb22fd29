"""JAX, where it is installed: its settings, and text that runs under it."""

from __future__ import annotations

import ast
import importlib
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from types import ModuleType
from typing import Any

from derivo.emit.jax_text import jax_text
from derivo.errors import NotSupportedError
from derivo.run.load import load_text

INSTALL = "pip install 'derivo[jax]'"


def import_jax() -> Any:
    """Give the package.

    Raises
    ------
    NotSupportedError
        It is not installed.
    """
    try:
        return importlib.import_module("jax")
    except ImportError as error:
        message = f"JAX cannot be imported ({error}). To install it: {INSTALL}"
        raise NotSupportedError(message) from None


@contextmanager
def numpys_arithmetic() -> Iterator[None]:
    """Let JAX compute as NumPy does: float64 where it is asked for, whole products.

    JAX makes float32 of float64 unless told otherwise, and accelerators leave out bits
    of the factors of products. What others do with JAX in this process stays as it is.
    """
    jax = import_jax()
    wide = getattr(jax, "enable_x64", None)
    if not callable(wide):
        wide = importlib.import_module("jax.experimental").enable_x64
    with ExitStack() as stack:
        stack.enter_context(wide(True))
        stack.enter_context(jax.default_matmul_precision("highest"))
        yield


def jax_module(text: str, stem: str) -> ModuleType:
    """Load a module that was emitted for NumPy, printed for JAX.

    Raises
    ------
    NotSupportedError
        JAX is not installed, or lacks a function that the text calls: the message says
        which.
    """
    import_jax()
    printed = jax_text(text)
    _refuse_what_jax_lacks(ast.parse(printed))
    with numpys_arithmetic():  # constants of the module are arrays
        return load_text(printed, f"{stem}_jax")


def _refuse_what_jax_lacks(tree: ast.AST) -> None:
    for node in ast.walk(tree):
        if isinstance(node, ast.ImportFrom) and node.module is not None:
            for alias in node.names:
                _refuse(node.module, (alias.name,))
        elif isinstance(node, ast.Attribute):
            path = _path(node)
            if path[:1] == ("np",):
                _refuse("jax.numpy", path[1:])


def _path(node: ast.expr) -> tuple[str, ...]:
    """Give the names of an attribute of a module: ``np.linalg.svd``."""
    if isinstance(node, ast.Name):
        return (node.id,)
    if isinstance(node, ast.Attribute):
        before = _path(node.value)
        return (*before, node.attr) if before else ()
    return ()


def _refuse(module: str, names: tuple[str, ...]) -> None:
    try:
        found: Any = importlib.import_module(module)
        for name in names:
            found = getattr(found, name)
    except (ImportError, AttributeError):
        called = ".".join((module.replace("jax.numpy", "np"), *names))
        message = f"`{called.removeprefix('jax.')}` has no form in JAX"
        raise NotSupportedError(message) from None
