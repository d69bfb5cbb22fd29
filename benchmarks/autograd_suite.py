"""The tests of HIPS autograd, run on derivo: how many of its cases come out right.

Run with ``python benchmarks/autograd_suite.py PATH``, PATH a checkout of
github.com/HIPS/autograd (release 1.9.1 or its main branch). Its test files are imported
as they stand, with NumPy and SciPy themselves in the place of the wrapped ones and a
`check_grads` of ours. Every call of `check_grads` is a case:

right
    Gradient, and second derivative where the test asks for order 2, equal central
    differences of the plain function within the tolerance of that project, 1e-6.
wrong
    They do not.
refused
    derivo says that it cannot derive the function.
crash
    Any other error, or more than a minute.

Left out are cases with complex arguments, functions that NumPy itself refuses, and
tests of the insides of that library. A function of real arguments with a complex result
counts as one to its real and its imaginary part.
"""

from __future__ import annotations

import argparse
import builtins
import collections
import itertools
import signal
import subprocess
import sys
import types
import warnings
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import scipy.integrate
import scipy.linalg
import scipy.signal
import scipy.special
import scipy.stats

import derivo
from derivo.errors import DerivoError

# Absolute and relative, as that project compares.
TOLERANCE = 1e-6
LONGEST_S = 60
# Of central differences that are extrapolated twice, with an error of order h^6. The
# second is for a kink within the first.
STEPS = (1e-3, 1e-5)


@dataclass(frozen=True)
class Case:
    """What became of one call of `check_grads`."""

    test: str
    function: str
    shapes: str
    outcome: str
    reason: str = ""


CASES: list[Case] = []
DIRECTIONS = 3
RUNNING = [""]  # the test that is running now
RNG = np.random.default_rng(7)


def leaves(tree: Any) -> Iterator[Any]:
    """Give the numbers and arrays of a nest in order."""
    if isinstance(tree, dict):
        for key in sorted(tree):
            yield from leaves(tree[key])
    elif isinstance(tree, list | tuple):
        for part in tree:
            yield from leaves(part)
    else:
        yield tree


def mapped(function: Callable[..., Any], tree: Any, *others: Any) -> Any:
    """Apply a function leaf by leaf to nests of one structure."""
    if isinstance(tree, dict):
        return {
            k: mapped(function, v, *(o[k] for o in others)) for k, v in tree.items()
        }
    if isinstance(tree, list | tuple):
        parts = [mapped(function, *p) for p in zip(tree, *others, strict=True)]
        return type(tree)(parts)
    return function(tree, *others)


def is_complex(tree: Any) -> bool:
    """Tell whether a nest holds complex numbers."""
    return any(np.iscomplexobj(leaf) for leaf in leaves(tree))


def derivative(
    function: Callable[[Any], Any], x: Any, v: Any, step: float = STEPS[0]
) -> Any:
    """Give the derivative along `v` by central differences, extrapolated twice."""

    def along(h: float) -> Any:
        ahead = function(mapped(lambda a, b: a + h * b, x, v))
        behind = function(mapped(lambda a, b: a - h * b, x, v))
        return mapped(lambda a, b: (a - b) / (2 * h), ahead, behind)

    halves = [along(step / 2**k) for k in range(3)]
    once = [
        mapped(lambda a, b: (4 * b - a) / 3, *pair)
        for pair in itertools.pairwise(halves)
    ]
    return mapped(lambda a, b: (16 * b - a) / 15, *once)


def inner(a: Any, b: Any) -> float:
    """Give the sum of the products of two nests."""
    pairs = zip(leaves(a), leaves(b), strict=True)
    return float(sum(np.sum(np.asarray(p) * np.asarray(q)) for p, q in pairs))


def close(a: float, b: float) -> bool:
    """Compare as that project does."""
    return abs(a - b) < TOLERANCE or abs(a - b) < TOLERANCE * abs(a + b)


def judged(
    function: Callable[..., Any],
    argnum: Any,
    order: int,
    args: tuple[Any, ...],
    options: dict[str, Any],
) -> tuple[str, str]:
    """Give the outcome of a case, and the reason where it is not right."""
    places = (argnum,) if isinstance(argnum, int) else tuple(argnum)
    x = tuple(args[i] for i in places)

    def of(x: Any) -> Any:
        given = list(args)
        for i, part in zip(places, x, strict=True):
            given[i] = part
        return function(*given, **options)

    if is_complex(args) or is_complex(list(options.values())):
        return "complex", ""
    try:
        value = of(x)
    except Exception as error:  # noqa: BLE001  whatever NumPy says of it
        return "fails in NumPy", f"{type(error).__name__}: {error}"
    if is_complex(value):
        # Of real arguments: a function to its real and its imaginary part.
        whole = of

        def of(x: Any) -> Any:
            return mapped(lambda y: [np.real(y), np.imag(y)], whole(x))

        value = of(x)
    upstream = mapped(lambda y: RNG.normal(size=np.shape(y)), value)

    def weighted(x: Any) -> Any:
        parts = zip(leaves(of(x)), leaves(upstream), strict=True)
        return sum(np.sum(y * w) for y, w in parts)

    return tried(weighted, x, order)


def tried(function: Callable[[Any], Any], x: Any, order: int) -> tuple[str, str]:
    """Derive and compare; tell refusals and errors."""
    try:
        # A kink may lie within the steps of one direction; a wrong gradient is wrong
        # in every one of them.
        for _ in range(DIRECTIONS):
            outcome, reason = compared(function, x, order)
            if outcome == "right":
                break
    except (DerivoError, NotImplementedError) as error:
        outcome, reason = "refused", f"{type(error).__name__}: {error}"
    except TimeoutError:
        outcome, reason = "crash", f"more than {LONGEST_S} s"
    except Exception as error:  # noqa: BLE001  counted as what it is
        outcome, reason = "crash", f"{type(error).__name__}: {error}"
    return outcome, reason


def compared(function: Callable[[Any], Any], x: Any, order: int) -> tuple[str, str]:
    """Compare the gradient of a number, and the gradient's own, with differences."""
    along, other = (mapped(lambda a: RNG.normal(size=np.shape(a)), x) for _ in "12")
    gradient = derivo.grad(function)
    found = inner(gradient(x), along)
    trials = [float(derivative(function, x, along, step)) for step in STEPS]
    wanted = min(trials, key=lambda trial: abs(trial - found))
    if not close(found, wanted):
        return "wrong", f"gradient {found:.9g}, differences {wanted:.9g}"
    if order > 1:
        found = inner(derivo.hvp(function)(x, along), other)
        trials = [inner(derivative(gradient, x, along, h), other) for h in STEPS]
        wanted = min(trials, key=lambda trial: abs(trial - found))
        # Differences of gradients have fewer digits than those of values.
        if not (close(found, wanted) or abs(found - wanted) < 1e-5 * abs(wanted)):
            return "wrong", f"second derivative {found:.9g}, differences {wanted:.9g}"
    return "right", ""


def check_grads(
    function: Callable[..., Any],
    argnum: Any = 0,
    modes: Any = None,
    order: int = 2,
) -> Callable[..., None]:
    """Stand in for autograd's: note the outcome, raise nothing."""
    del modes

    def check(*args: Any, **options: Any) -> None:
        def late(*_: Any) -> None:
            raise TimeoutError

        signal.signal(signal.SIGALRM, late)
        signal.alarm(LONGEST_S)
        try:
            with warnings.catch_warnings(), np.errstate(all="ignore"):
                warnings.simplefilter("ignore")
                outcome, reason = judged(function, argnum, order, args, options)
        except TimeoutError:
            outcome, reason = "crash", f"more than {LONGEST_S} s"
        finally:
            signal.alarm(0)
        shapes = ", ".join(str(mapped(np.shape, a)) for a in args)
        name = getattr(function, "__name__", str(function))
        CASES.append(Case(RUNNING[0], name, f"{shapes} {options}", outcome, reason))

    return check


def elementwise_grad(function: Callable[..., Any]) -> Callable[..., Any]:
    """Give the gradient of the sum: the slopes of a function element by element."""
    return derivo.grad(lambda *args: np.sum(function(*args)))  # type: ignore[no-any-return]


def combo_check(
    function: Callable[..., Any], *args: Any, **options: Any
) -> Callable[..., None]:
    """Check every combination of the arguments given, as autograd's does."""

    def check(*choices: Any, **keywords: Any) -> None:
        for chosen in itertools.product(*choices):
            for values in itertools.product(*keywords.values()):
                named = dict(zip(keywords, values, strict=True))
                check_grads(function, *args, **options)(*chosen, **named)

    return check


def grad(function: Callable[..., Any], argnum: Any = 0) -> Callable[..., Any]:
    """Give the gradient of a function to one number, in an array of any rank."""
    return derivo.grad(lambda *a, **k: np.reshape(function(*a, **k), ()), argnum)


def absent(name: str) -> Any:
    """Give what stands for the insides of that library, which no case is made of."""

    def missing(*_: Any, **__: Any) -> Any:
        pytest.skip(f"{name} is of the library's insides")

    if name.startswith("__"):
        raise AttributeError(name)
    return missing


def stand_ins() -> dict[str, types.ModuleType]:
    """Give the modules that the test files import, made of NumPy, SciPy and derivo."""
    top = types.ModuleType("autograd")
    top.__path__ = []  # type: ignore[attr-defined]  a package
    test_util = types.ModuleType("autograd.test_util")
    vars(test_util).update(check_grads=check_grads, combo_check=combo_check)
    vars(test_util)["scalar_close"] = close
    vars(test_util)["check_equivalent"] = lambda _a, _b: None  # values: no case of ours
    simple = types.ModuleType("autograd.builtins")
    words = ("isinstance", "list", "dict", "tuple")
    vars(simple).update({w: getattr(builtins, w) for w in words})
    vars(top).update(vars(simple))
    for name in ("value_and_grad", "jacobian", "hessian"):
        setattr(top, name, getattr(derivo, name))
    vars(top).update(grad=grad, elementwise_grad=elementwise_grad, __getattr__=absent)
    modules = {"autograd": top, "autograd.test_util": test_util}
    for name in ("core", "extend", "tracer", "util"):
        inside = modules[f"autograd.{name}"] = types.ModuleType(f"autograd.{name}")
        vars(inside)["__getattr__"] = absent
    modules["autograd.builtins"] = simple
    scipys = ("integrate", "linalg", "signal", "special", "stats")
    numpys = ("random", "linalg", "fft")
    for owner, parts in ((np, numpys), (scipy, scipys)):
        base = f"autograd.{owner.__name__}"
        modules[base] = owner
        modules |= {f"{base}.{part}": getattr(owner, part) for part in parts}
        setattr(top, owner.__name__, owner)
    # Two helpers of that library's own, which a test of the pseudo-inverse calls.
    linalg = types.ModuleType("autograd.numpy.linalg")
    vars(linalg).update({n: getattr(np.linalg, n) for n in np.linalg.__all__})
    vars(linalg)["_dot"] = lambda a, b: np.einsum("...ij,...jk->...ik", a, b)
    vars(linalg)["T"] = lambda x: np.swapaxes(x, -1, -2)
    with_linalg = types.ModuleType("autograd.numpy")
    vars(with_linalg).update({n: getattr(np, n) for n in np.__all__})
    vars(with_linalg).update(linalg=linalg, random=np.random, fft=np.fft, __path__=[])
    modules["autograd.numpy"] = with_linalg
    modules["autograd.numpy.linalg"] = linalg
    setattr(top, "numpy", with_linalg)  # noqa: B010  a module of ours
    normal = types.ModuleType("autograd.scipy.stats.multivariate_normal")
    known = scipy.stats.multivariate_normal
    vars(normal).update({n: getattr(known, n) for n in ("pdf", "logpdf", "entropy")})
    modules[normal.__name__] = normal
    return modules


class Watcher:
    """Tell pytest's running test to the cases."""

    @pytest.hookimpl(tryfirst=True)
    def pytest_runtest_call(self, item: pytest.Item) -> None:
        """Note the name of the test that begins."""
        RUNNING[0] = item.nodeid


def main() -> None:
    """Run, and print a table and what is not right."""
    parser = argparse.ArgumentParser(description=__doc__.split("\n", 1)[0])
    parser.add_argument("path", type=Path, help="a checkout of HIPS autograd")
    parser.add_argument("-k", default="", help="only tests whose names fit")
    parser.add_argument("--all", action="store_true", help="every case by name")
    given = parser.parse_args()
    tests = given.path / "tests"
    sys.modules.update(stand_ins())
    sys.path.insert(0, str(tests))
    files = sorted(str(f) for f in tests.glob("test_*.py"))
    options = [
        "-q",
        "--no-header",
        "--tb=no",
        "-p",
        "no:cacheprovider",
        "-c",
        "/dev/null",
        "--rootdir",
        str(tests),
        "-W",
        "ignore",
        "--continue-on-collection-errors",
    ]
    if given.k:
        options += ["-k", given.k]
    pytest.main([*options, *files], plugins=[Watcher()])
    print_report(given.path, every=given.all)


def print_report(path: Path, *, every: bool) -> None:
    """Print what came of the cases."""
    git = ["git", "-C", str(path), "log", "-1", "--format=%h %s"]
    revision = subprocess.run(git, capture_output=True, text=True, check=False).stdout
    counts = collections.Counter(case.outcome for case in CASES)
    real = sum(counts[o] for o in ("right", "wrong", "refused", "crash"))
    print(f"\nHIPS autograd at {revision.strip() or path}: {real} real-valued cases")
    for outcome in ("right", "wrong", "crash", "refused"):
        print(f"  {outcome:16}{counts[outcome]:6}")
    for outcome in ("complex", "fails in NumPy"):
        print(f"  ({outcome}: {counts[outcome]})")
    shown = ("right",) * every + ("wrong", "crash", "refused")
    seen = collections.Counter[tuple[str, ...]]()
    first: dict[tuple[str, ...], Case] = {}
    for case in CASES:
        if case.outcome in shown:
            reason = case.reason.replace("\n", " ")[:150]
            key = (case.outcome, case.test.rpartition("::")[2], reason)
            seen[key] += 1
            first.setdefault(key, case)
    for key, count in sorted(seen.items()):
        case = first[key]
        print(f"{key[0]:8}{count:4} {key[1]}: {case.function} {case.shapes}: {key[2]}")


if __name__ == "__main__":
    main()
