"""The tests of MyGrad, run on derivo: how many that ask for a gradient come out right.

Run with ``python benchmarks/mygrad_suite.py PATH``, PATH a checkout of
github.com/rsokl/MyGrad. Its tests run as they stand, on the library itself, but the
gradients that they see are derivo's. Where a test calls ``tensor.backward()``, what led
to the tensor is a program: each operation's own forward pass, which is plain NumPy, one
after the other, from the leaves on. derivo derives that program as one function, and
its gradients are written over those of the library, for leaves and for every tensor on
the way. What the test then asserts of them is its verdict. Every test that calls
``backward`` is a case:

right
    The test passes, and no gradient is off by more than one part in a million from the
    library's own, which many tests do not look at.
wrong
    It fails, or one is.
at a kink
    It fails, or one is, but only where there is no derivative: the slopes on both sides
    differ, or the function ends there. The two have other conventions then.
refused
    derivo says that it cannot derive the program (in one of the draws at least).
crash
    Any other error, or more than a minute.

Not a case: a test whose gradients are all of a tensor with respect to itself, and those
of the library's own testing tools, some of which are about wrong gradients. Everything
is derived in double precision, whatever the test asks for, and rounded to what the
library has. Numbers are drawn by hypothesis, as many times as ``--draws`` says and the
same in every run.
"""

from __future__ import annotations

import argparse
import collections
import functools
import signal
import subprocess
import sys
import warnings
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any

import hypothesis
import numpy as np
import pytest

import derivo
from derivo.errors import DerivoError

TOLERANCE = 1e-6
LONGEST_S = 60
BADNESS = ("right", "at a kink", "refused", "wrong", "crash")


@dataclass
class Case:
    """What became of the gradients of one test, the worst of its draws."""

    outcome: str = "right"
    reason: str = ""
    calls: int = 0

    def note(self, outcome: str, reason: str) -> None:
        """Keep what is worse."""
        if BADNESS.index(outcome) > BADNESS.index(self.outcome):
            self.outcome, self.reason = outcome, reason


CASES: dict[str, Case] = collections.defaultdict(Case)
RUNNING = [""]  # the test that is running now


@dataclass
class Called:
    """How an operation was called, beside the tensors that it was given.

    Attributes
    ----------
    before
        What an array given as ``out`` held.
    """

    args: tuple[Any, ...]
    options: dict[str, Any]
    before: Any = None


@dataclass
class Standing:
    """What an operation reads of a tensor.

    Attributes
    ----------
    data
        A traced value where the tensor depends on a leaf, else its array.
    """

    data: Any
    constant: bool = False

    def __getattr__(self, name: str) -> Any:
        """Give ``shape``, ``ndim``, ``size``, ``dtype``, ``reshape`` of the value."""
        return getattr(self.data, name)

    def __len__(self) -> int:
        return len(self.data)

    def __getitem__(self, index: Any) -> Any:
        return self.data[index]

    def __gt__(self, other: Any) -> Any:
        return self.data > other


@dataclass(frozen=True)
class Step:
    """One operation of a program, to be run again.

    It holds nothing of the tensors themselves: the library unlocks arrays once nobody
    knows their tensors any more, and some tests look at that.

    Attributes
    ----------
    made
        Number of the value that it makes.
    kind
        The operation.
    operands
        Numbers of values, or constant arrays.
    called
        How it was called.
    views
        For a write into a view of an array: how the view is made.
    """

    made: int
    kind: type
    operands: tuple[Any, ...]
    called: Called
    views: tuple[tuple[type, tuple[Any, ...], dict[str, Any]], ...] = ()

    def run(self, values: dict[int, Any]) -> Any:
        """Run the operation's own forward pass on other operands.

        Three operations of the library only connect tensors, so what they stand for is
        said here: a write into a part of an array, into a view of one, and into masked
        elements.
        """
        given = [
            Standing(values[o]) if isinstance(o, int) else Standing(o, constant=True)
            for o in self.operands
        ]
        options = dict(self.called.options)
        if np.dtype(options.get("dtype") or bool).kind == "f":
            options["dtype"] = None
        if self.kind.__name__ == "UnView":
            whole = part = np.copy(given[0].data)
            for kind, args, named in self.views:
                part = kind()(Standing(part), *args, **named)
            part[...] = given[1].data
            return whole
        if self.kind.__name__ == "ApplyMask":
            return np.where(options["mask"], given[0].data, given[1].data)
        if self.kind.__name__ == "SetItem":
            options["out"] = np.copy(given[0].data)
        elif self.called.before is not None and "where" in options:
            options["out"] = np.array(self.called.before)
        return self.kind()(*given, *self.called.args, **options)


@dataclass(frozen=True)
class Program:
    """What led to a tensor, which has the highest number.

    Attributes
    ----------
    leaves
        Arrays by number: tensors that nothing made, without constants.
    steps
        In an order in which they can run.
    zeros
        Arrays of zeros like the values on the way, by number.
    unmasked
        Values of which only some elements are written. Nobody sees such a tensor, and
        what the library gives as its gradient is masked one step later.
    """

    leaves: dict[int, Any]
    steps: list[Step]
    zeros: dict[int, Any]
    unmasked: set[int]

    @property
    def last(self) -> int:
        """Number of the tensor that it leads to."""
        return self.steps[-1].made


def walked(root: Any) -> list[Any]:
    """Give the tensors that a tensor depends on, each after its operands.

    Constants are left out.
    """
    found: list[Any] = []
    seen: set[int] = set()

    def visit(tensor: Any) -> None:
        if tensor.constant or id(tensor) in seen:
            return
        seen.add(id(tensor))
        for operand in tensor.creator.variables if tensor.creator else ():
            visit(operand)
        found.append(tensor)

    visit(root)
    return found


def views_of(options: dict[str, Any]) -> Any:
    """Give how a view that is written into is made of its array, step by step."""
    for view in options.get("view_fn_sequence", ()):
        made_by = view.__wrapped__.__self__.creator
        yield type(made_by), made_by.replay_args, made_by.replay_kwargs


def precise(array: Any) -> Any:
    """Copy an array, in double precision if it holds floating numbers."""
    return np.array(array, np.float64 if array.dtype.kind == "f" else None)


def program_of(tensors: list[Any]) -> Program:
    """Write down what made tensors, to be run again on other leaves."""
    numbers = {id(tensor): k for k, tensor in enumerate(tensors)}
    program = Program({}, [], {}, set())
    for k, tensor in enumerate(tensors):
        creator = tensor.creator
        if creator is None:
            program.leaves[k] = precise(tensor.data)
            continue
        operands = tuple(
            numbers[id(v)] if id(v) in numbers else precise(v.data)
            for v in creator.variables
        )
        views = tuple(views_of(creator.called.options))
        program.steps.append(Step(k, type(creator), operands, creator.called, views))
        if type(creator).__name__ == "ApplyMask" and isinstance(operands[0], int):
            program.unmasked.add(operands[0])
        if k < len(tensors) - 1:
            program.zeros[k] = precise(np.zeros_like(tensor.data))
    return program


def weighted_sum(program: Program, upstream: Any, leaves: Any, added: Any) -> Any:
    """Run a program: the sum of its result's elements, weighted."""
    values = dict(leaves)
    for step in program.steps:
        value = step.run(values)
        values[step.made] = value + added[step.made] if step.made in added else value
    return np.sum(values[program.last] * upstream)


def gradients(program: Program, upstream: Any) -> dict[int, Any]:
    """Derive a program; give gradients by the numbers of its values.

    Gradients of the values on the way are those of zeros added to them.
    """

    def weighted(leaves: Any, added: Any) -> Any:
        values = dict(leaves)
        for step in program.steps:
            value = step.run(values)
            values[step.made] = (
                value + added[step.made] if step.made in added else value
            )
        return np.sum(values[program.last] * upstream)

    found = {}
    if program.leaves:
        found = derivo.grad(lambda leaves: weighted(leaves, {}))(program.leaves)
    if program.zeros:
        if program.leaves:
            both = derivo.grad(weighted, argnums=(0, 1))(program.leaves, program.zeros)
            for k, gradient in found.items():
                compare(gradient, both[0][k])
            found |= both[1]
        else:
            found = derivo.grad(lambda zeros: weighted({}, zeros))(program.zeros)
    return found


class DiffersError(Exception):
    """A gradient is not that of the library."""


def compare(found: Any, wanted: Any, *, finite: bool = False) -> None:
    """Raise `DiffersError` where numbers are not close.

    With `finite`, also where only one of them is a number.
    """
    found, wanted = np.asarray(found), np.asarray(wanted)
    if np.shape(found) != np.shape(wanted):
        message = f"shape {np.shape(found)}, not {np.shape(wanted)}"
        raise DiffersError(message)
    if not wanted.size:
        return
    known = np.isfinite(wanted)
    if finite and np.any(known != np.isfinite(found)):
        message = f"finite at {np.isfinite(found).sum()}, not at {known.sum()} places"
        raise DiffersError(message)
    known &= np.isfinite(found)
    allowed = TOLERANCE * (1 + np.max(np.abs(wanted[known]), initial=0))
    if wanted.dtype.itemsize < 8:
        allowed *= max(1, np.finfo(wanted.dtype).eps / 1e-9)
    if not np.all(np.abs(found[known] - wanted[known]) <= allowed):
        at = np.unravel_index(
            np.argmax(np.where(known, np.abs(found - wanted), 0)), found.shape
        )
        message = f"{found[at]:.9g}, not {wanted[at]:.9g}, of {found.dtype}"
        raise DiffersError(message)


@contextmanager
def limited() -> Iterator[None]:
    """Raise `TimeoutError` after a while."""

    def late(*_: Any) -> None:
        raise TimeoutError

    signal.signal(signal.SIGALRM, late)
    signal.alarm(LONGEST_S)
    try:
        with warnings.catch_warnings(), np.errstate(all="ignore"):
            warnings.simplefilter("ignore")
            yield
    finally:
        signal.alarm(0)


def derived(program: Program, upstream: Any, case: Case) -> dict[int, Any]:
    """Give derivo's gradients, or none, and note why."""
    try:
        with limited(), mygrad.no_autodiff:
            return gradients(program, upstream)
    except (DerivoError, NotImplementedError) as error:
        case.note("refused", f"{type(error).__name__}: {error}")
    except DiffersError as error:
        case.note("wrong", f"with and without zeros: {error}")
    except TimeoutError:
        case.note("crash", f"more than {LONGEST_S} s")
    except Exception as error:  # noqa: BLE001  counted as what it is
        case.note("crash", f"{type(error).__name__}: {error}")
    return {}


def write_over(
    tensors: list[Any], program: Program, upstream: Any, found: dict[int, Any]
) -> list[tuple[str, str]]:
    """Put our gradients where those of the library are; give what differs, and how."""
    differs = []
    for k, tensor in enumerate(tensors):
        theirs = tensor._grad  # noqa: SLF001  what `tensor.grad` is made of
        if theirs is None or k not in found or k in program.unmasked:
            continue
        ours = np.array(found[k], theirs.dtype)
        try:
            compare(found[k], theirs, finite=True)
        except DiffersError as error:
            with limited(), mygrad.no_autodiff:
                verdict = by_numbers(program, upstream, k, np.asarray(found[k]), theirs)
            differs.append((verdict, str(error)))
        if isinstance(theirs, np.ndarray) and theirs.flags.writeable:
            theirs[...] = ours  # views of it stay such
        else:
            tensor._grad = ours  # noqa: SLF001
    return differs


def by_numbers(program: Program, upstream: Any, k: int, found: Any, theirs: Any) -> str:
    """Judge our gradient by slopes to both sides, where it is not the library's."""
    off = ~np.isclose(found, theirs, rtol=1e-5, atol=1e-8)
    nothing = {n: np.zeros_like(z) for n, z in program.zeros.items()}
    run = partial(weighted_sum, program, upstream)
    here = run(program.leaves, nothing)
    verdict = "right"
    for place in np.argwhere(off):
        slopes = []
        for h in (1e-6, -1e-6):
            step = np.zeros(found.shape)
            step[tuple(place)] = h
            if k in program.leaves:
                moved = {**program.leaves, k: program.leaves[k] + step}, nothing
            else:
                moved = program.leaves, {**nothing, k: step}
            slopes.append((run(*moved) - here) / h)
        low, high = sorted(slopes)
        size = abs(high) + abs(low) + 1e-6
        if not np.all(np.isfinite(slopes)) or high - low > 1e-3 * size:
            verdict = "at a kink"
        elif not abs(found[tuple(place)] - (low + high) / 2) < 1e-3 * size:
            return "wrong"
    return verdict


def connect(tensor_class: Any) -> None:
    """Let tensors note how they are made, and ask derivo for gradients."""
    plain_op = tensor_class._op.__func__  # noqa: SLF001  where all pass
    plain_backward = tensor_class.backward

    @functools.wraps(plain_op)
    def noted(cls: Any, kind: Any, *tensors: Any, **how: Any) -> Any:
        out = how.get("out")
        before = np.copy(out) if isinstance(out, np.ndarray) else None
        made = plain_op(cls, kind, *tensors, **how)
        if before is not None or not isinstance(out, tensor_class):
            creator = getattr(made, "creator", None)
            if creator is not None and not hasattr(creator, "called"):
                args, options = how.get("op_args") or (), how.get("op_kwargs") or {}
                creator.called = Called(tuple(args), dict(options), before)
        return made

    @functools.wraps(plain_backward)
    def backward(self: Any, grad: Any = None) -> Any:
        tensors = walked(self)
        if len(tensors) < 2:
            return plain_backward(self, grad)
        program = program_of(tensors)
        given = plain_backward(self, grad)
        if "/test_uber.py" in RUNNING[0]:
            return given
        case = CASES[RUNNING[0]]
        case.calls += 1
        upstream = precise(np.ones_like(self.data) if grad is None else np.array(grad))
        found = derived(program, upstream, case)
        for outcome, reason in write_over(tensors[:-1], program, upstream, found):
            case.note(outcome, reason)
        return given

    tensor_class._op = classmethod(noted)  # noqa: SLF001
    tensor_class.backward = backward


class Watcher:
    """Tell pytest's running test to the cases, and its verdict."""

    @pytest.hookimpl(tryfirst=True)
    def pytest_runtest_call(self, item: pytest.Item) -> None:
        """Note the name of the test that begins."""
        RUNNING[0] = item.nodeid

    def pytest_runtest_logreport(self, report: pytest.TestReport) -> None:
        """Note that a test failed which passes with the library's own gradients."""
        # What a test says of a kink has been told.
        known = CASES[report.nodeid].outcome if report.nodeid in CASES else "none"
        if report.when == "call" and report.failed and known == "right":
            crash = getattr(report.longrepr, "reprcrash", None)
            CASES[report.nodeid].note("wrong", str(getattr(crash, "message", "fails")))


def main() -> None:
    """Run, and print a table and what is not right."""
    parser = argparse.ArgumentParser(description=__doc__.split("\n", 1)[0])
    parser.add_argument("path", type=Path, help="a checkout of MyGrad")
    parser.add_argument("-k", default="", help="only tests whose names fit")
    parser.add_argument("--draws", type=int, default=10, help="of each test")
    given = parser.parse_args()
    sys.path[:0] = [str(given.path / "src"), str(given.path)]
    once = hypothesis.settings(
        max_examples=given.draws,
        deadline=None,
        derandomize=True,
        database=None,
        phases=[hypothesis.Phase.explicit, hypothesis.Phase.generate],
        suppress_health_check=list(hypothesis.HealthCheck),
    )
    hypothesis.settings.register_profile("default", once)
    global mygrad  # noqa: PLW0603  needs the path
    import mygrad  # noqa: PLC0415

    connect(mygrad.Tensor)
    options = ["-q", "--no-header", "--tb=no", "-p", "no:cacheprovider"]
    options += ["-W", "ignore", "--continue-on-collection-errors"]
    options += ["-c", "/dev/null", "--rootdir", str(given.path)]
    if given.k:
        options += ["-k", given.k]
    watcher: Callable[[], Any] = Watcher
    pytest.main([*options, str(given.path / "tests")], plugins=[watcher()])
    print_report(given.path)


def print_report(path: Path) -> None:
    """Print what came of the cases."""
    git = ["git", "-C", str(path), "log", "-1", "--format=%h %s"]
    revision = subprocess.run(git, capture_output=True, text=True, check=False).stdout
    counts = collections.Counter(case.outcome for case in CASES.values())
    calls = sum(case.calls for case in CASES.values())
    print(
        f"\nMyGrad at {revision.strip() or path}: {len(CASES)} tests that ask for "
        f"a gradient, {calls} times"
    )
    for outcome in ("right", "at a kink", "wrong", "crash", "refused"):
        print(f"  {outcome:16}{counts[outcome]:6}")
    for outcome in ("at a kink", "wrong", "crash", "refused"):
        for test, case in sorted(CASES.items()):
            if case.outcome == outcome:
                reason = case.reason.replace("\n", " ")[:250]
                print(f"{outcome:9} {test}: {reason}")


if __name__ == "__main__":
    main()
