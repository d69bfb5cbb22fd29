"""Which function is meant, and with which shapes: ``FILE.py:FUNCTION -s x="N L"``."""

from __future__ import annotations

import argparse
import importlib.util
import inspect
import sys
import traceback
from collections.abc import Callable
from contextlib import redirect_stdout
from pathlib import Path
from types import ModuleType
from typing import Any

from derivo.cli.arguments import named_in, nests_of, read_shapes, read_static
from derivo.cli.mistake import CommandLineError, existing_file, near
from derivo.derivation import Derivation
from derivo.derivation import derive as derive_function
from derivo.errors import DerivoError

SHAPES = """\
shapes (-s NAME="SIZES", one for each argument without a default):
  -s x="N L"      a matrix; a word is a size known by name only
  -s x="N 3"      a number is itself
  -s x=""         a scalar
  -s k="N int"    integers (or bool); they get no gradient
  -s params.w="L M" -s params.b=M    a dict, or an object of the class that is annotated
  -s layers.0.w="N N"                the first of a list
settings, which are no arguments of the source:
  --static axis=1 --static mode=train --static act=:np.tanh
the method of an object in the file, for its attributes:
  FILE.py:net.loss --self W,b -s x="N L"
"""


def add_arguments(
    parser: argparse.ArgumentParser, or_else: tuple[str, str] = ("", "")
) -> None:
    """Add what names a function and how it is to be derived.

    `or_else` is what may stand there instead, and what it is.
    """
    add = parser.add_argument
    several: dict[str, Any] = {"action": "append", "default": []}
    called = " or ".join(filter(None, ("FILE.py:FUNCTION", or_else[0])))
    words = "; or ".join(filter(None, ("the forward pass, in plain NumPy", or_else[1])))
    add("target", metavar=called, help=words)
    add("-s", "--shape", metavar='NAME="SIZES"', help="shape of an argument", **several)
    add("--static", metavar="NAME=VALUE", help="a setting of the function", **several)
    add("--self", metavar="NAMES", help="attributes of the method's object: W,b")
    add("--wrt", metavar="NAMES", help="differentiate for these arguments only: a,b")
    example = 'such as "t sums to 1" (its rows) or "t is free"'
    add("--assume", metavar="FACT", help=example, **several)
    add("--raw", action="store_true", help="the chain rule, without rewriting")
    add("--no-stabilize", action="store_true", help="leave what overflows as it is")


def derivation(args: argparse.Namespace) -> Derivation:
    """Derive the function that the arguments name.

    Raises
    ------
    CommandLineError
        No such file or function, a shape that cannot be read, or code that fails.
    DerivoError
        Code that cannot be derived.
    """
    function, file = find_function(args.target)
    given = specs_of(args, function)
    static = read_static(args.static, space_of(function))
    try:
        with redirect_stdout(sys.stderr):  # what the user's code prints is no source
            return derive_function(
                function, wrt=read_names(args.wrt), simplify=not args.raw,
                stabilize=not args.no_stabilize, assume=args.assume, shapes=given,
                static=static,
            )  # fmt: skip
    except DerivoError:
        raise
    except Exception as error:  # noqa: BLE001  whatever the user's code raises
        raise _in_users_code(error, file) from None


def specs_of(args: argparse.Namespace, function: Callable[..., Any]) -> dict[str, Any]:
    """Give the shapes of arguments and attributes, nested as the function takes them.

    Raises
    ------
    CommandLineError
        A shape that cannot be read.
    """
    given = nests_of(function, read_shapes(args.shape))
    return {**given, "self": read_names(args.self)} if args.self else given


def space_of(function: Callable[..., Any]) -> dict[str, Any]:
    """Give the names of the file that a function comes from, or the class of one."""
    plain = inspect.unwrap(getattr(function, "__func__", function))
    called = vars(type(function)).get("__call__")
    found: dict[str, Any] = getattr(plain, "__globals__", None) or getattr(
        called, "__globals__", {}
    )
    return found


def find_function(target: str) -> tuple[Callable[..., Any], Path]:
    """Load ``FILE.py:FUNCTION`` and give the function and its file."""
    text, colon, name = target.rpartition(":")
    if not colon or not all(map(str.isidentifier, name.split("."))):
        message = (
            f"{target!r} does not name a function; write FILE.py:FUNCTION, such as "
            "model.py:layer"
        )
        raise CommandLineError(message)
    path = existing_file(text, ".py")
    module = _load(path)
    own = [
        k for k, v in vars(module).items()
        if callable(v) and getattr(v, "__module__", None) == module.__name__
    ]  # fmt: skip
    if not hasattr(module, name.partition(".")[0]):
        message = f"{text} has no function {name!r}{near(name, own)}"
        raise CommandLineError(message)
    function = named_in(vars(module), name)
    if not callable(function):
        message = f"{name!r} in {text} is a {type(function).__name__}, not a function"
        raise CommandLineError(
            message + (f"; there is {', '.join(own)}" if own else "")
        )
    return function, path


def _load(path: Path) -> ModuleType:
    """Run the user's file; what it imports is found beside it."""
    folder = str(path.resolve().parent)
    if folder not in sys.path:
        sys.path.insert(0, folder)
    spec = importlib.util.spec_from_file_location(path.stem, path)
    if spec is None or spec.loader is None:
        message = f"{path} is not a Python file; its name must end in .py"
        raise CommandLineError(message)
    module = importlib.util.module_from_spec(spec)
    hidden = sys.modules.get(spec.name)
    sys.modules[spec.name] = module  # for code that looks its own module up
    try:
        with redirect_stdout(sys.stderr):
            spec.loader.exec_module(module)
    except SyntaxError as error:
        place = f"{error.filename or path}, line {error.lineno}"
        message = f"{place}: {error.msg}: {(error.text or '').strip()}"
        raise CommandLineError(message) from None
    except SystemExit:
        message = (
            f"{path} ends the program while it is imported. Put what should run as a "
            'script under `if __name__ == "__main__":`'
        )
        raise CommandLineError(message) from None
    except Exception as error:  # noqa: BLE001  whatever the user's file raises
        raise _in_users_code(error, path) from None
    finally:
        del sys.modules[spec.name]
        if hidden is not None:
            sys.modules[spec.name] = hidden
    return module


def _place(error: BaseException, file: Path) -> str:
    frames = traceback.extract_tb(error.__traceback__)
    own = [f for f in frames if Path(f.filename).resolve() == file.resolve()]
    if not own:
        return ""
    frame = own[-1]
    place = f'File "{frame.filename}", line {frame.lineno}, in {frame.name}'
    return f"\n  {place}: {frame.line}"


def _in_users_code(error: Exception, file: Path) -> Exception:
    """Tell an error of the user's own code as a mistake; others are let through."""
    place = _place(error, file)
    if not place:
        return error
    return CommandLineError(f"{type(error).__name__}: {error}{place}")


def read_names(text: str | None) -> list[str] | None:
    """Read ``a,b``; None if it is left out."""
    return [w.strip() for w in text.split(",") if w.strip()] if text else None
