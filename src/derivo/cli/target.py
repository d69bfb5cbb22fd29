"""Which function is meant, and with which shapes: ``FILE.py:FUNCTION -s x="N L"``."""

from __future__ import annotations

import argparse
import importlib.util
import sys
import traceback
from collections.abc import Callable, Iterable
from pathlib import Path
from types import ModuleType
from typing import Any

from derivo.cli.mistake import Mistake, existing_file, near
from derivo.derivation import Derivation
from derivo.derivation import derive as derive_function
from derivo.errors import DerivoError
from derivo.graph.spec import Spec

KINDS = ("float", "int", "bool")
SHAPES = """\
shapes (-s NAME="SIZES", one for each argument without a default):
  -s x="N L"      a matrix; a word is a size known by name only
  -s x="N 3"      a number is itself
  -s x=""         a scalar
  -s k="N int"    integers (or bool); they get no gradient
"""


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add what names a function and how it is to be derived."""
    parser.add_argument("target", metavar="FILE.py:FUNCTION",
                        help="the forward pass, in plain NumPy")  # fmt: skip
    parser.add_argument("-s", "--shape", action="append", default=[], metavar='NAME="SIZES"',
                        help="shape of an argument")  # fmt: skip
    parser.add_argument("--wrt", metavar="NAMES",
                        help="differentiate for these arguments only: a,b")  # fmt: skip
    parser.add_argument("--assume", action="append", default=[], metavar="FACT",
                        help='such as "t sums to 1" (its rows) or "t is free"')  # fmt: skip
    parser.add_argument("--raw", action="store_true",
                        help="the chain rule as it stands, without rewriting")  # fmt: skip
    parser.add_argument("--no-stabilize", action="store_true",
                        help="leave what overflows as it is written")  # fmt: skip


def derivation(args: argparse.Namespace) -> Derivation:
    """Derive the function that the arguments name.

    Raises
    ------
    Mistake
        No such file or function, a shape that cannot be read, or code that fails.
    DerivoError
        Code that cannot be derived.
    """
    function, file = find_function(args.target)
    shapes = read_shapes(args.shape)
    wrt = [w.strip() for w in args.wrt.split(",") if w.strip()] if args.wrt else None
    try:
        return derive_function(
            function, wrt=wrt, simplify=not args.raw, stabilize=not args.no_stabilize,
            assume=args.assume, **shapes,
        )  # fmt: skip
    except DerivoError:
        raise
    except TypeError as error:
        if _place(error, file) or not _is_call(error):
            raise _in_users_code(error, file) from None
        message = (
            f"{args.target}: {error}"  # an argument named like an option of derive
        )
        raise Mistake(message) from None
    except Exception as error:
        raise _in_users_code(error, file) from None


def find_function(target: str) -> tuple[Callable[..., Any], Path]:
    """Load ``FILE.py:FUNCTION`` and give the function and its file."""
    text, colon, name = target.rpartition(":")
    if not colon or not name.isidentifier():
        message = (
            f"{target!r} does not name a function; write FILE.py:FUNCTION, such as "
            "model.py:layer"
        )
        raise Mistake(message)
    path = existing_file(text, ".py")
    module = _load(path)
    own = [
        k for k, v in vars(module).items()
        if callable(v) and getattr(v, "__module__", None) == module.__name__
    ]  # fmt: skip
    if not hasattr(module, name):
        message = f"{text} has no function {name!r}{near(name, own)}"
        raise Mistake(message)
    function = getattr(module, name)
    if not callable(function):
        message = f"{name!r} in {text} is a {type(function).__name__}, not a function"
        raise Mistake(message + (f"; there is {', '.join(own)}" if own else ""))
    return function, path


def _load(path: Path) -> ModuleType:
    """Run the user's file; what it imports is found beside it."""
    folder = str(path.resolve().parent)
    if folder not in sys.path:
        sys.path.insert(0, folder)
    spec = importlib.util.spec_from_file_location(path.stem, path)
    if spec is None or spec.loader is None:
        message = f"{path} is not a Python file; its name must end in .py"
        raise Mistake(message)
    module = importlib.util.module_from_spec(spec)
    hidden = sys.modules.get(spec.name)
    sys.modules[spec.name] = module
    try:
        spec.loader.exec_module(module)
    except SyntaxError as error:
        message = (
            f"{path}, line {error.lineno}: {error.msg}: {(error.text or '').strip()}"
        )
        raise Mistake(message) from None
    except Exception as error:
        raise _in_users_code(error, path) from None
    finally:
        if hidden is not None:
            sys.modules[spec.name] = hidden
    return module


def _place(error: BaseException, file: Path) -> str:
    frames = traceback.extract_tb(error.__traceback__)
    own = [f for f in frames if Path(f.filename).resolve() == file.resolve()]
    if not own:
        return ""
    return f'\n  File "{own[-1].filename}", line {own[-1].lineno}, in {own[-1].name}: {own[-1].line}'


def _is_call(error: TypeError) -> bool:
    return "multiple values for" in str(error)


def _in_users_code(error: Exception, file: Path) -> Exception:
    """Tell an error of the user's own code as a mistake; others are let through."""
    place = _place(error, file)
    if not place:
        return error
    return Mistake(f"{type(error).__name__}: {error}{place}")


def read_shapes(texts: Iterable[str]) -> dict[str, Spec]:
    """Read ``NAME=SIZES`` for each argument.

    Raises
    ------
    Mistake
        No ``=``, a name that is no name, or a name that comes twice.
    """
    shapes: dict[str, Spec] = {}
    for text in texts:
        name, equals, sizes = (part.strip() for part in text.partition("="))
        if not equals or not name.isidentifier():
            message = (
                f'{text!r} is not a shape; write -s NAME="SIZES", such as -s x="N L"'
            )
            raise Mistake(message)
        if name in shapes:
            message = f"the shape of {name!r} is given twice"
            raise Mistake(message)
        *dims, last = sizes.split() or [""]
        kind = last if last in KINDS else "float"
        try:
            shapes[name] = Spec(" ".join(dims) if last in KINDS else sizes, kind)  # type: ignore[arg-type]  # Spec reads text
        except DerivoError as error:
            message = f"-s {name}={sizes!r}: {error}"
            raise Mistake(message) from None
    return shapes
