"""Faults planted in right backward passes, by chance: what a tired person might type.

Nothing here knows what the check looks for. A right backward pass is what derivo emits
for a program of the catalogue, forward and backward in one function; one node of its
syntax tree is changed.

``python -m tests.verify.planted`` plants one fault in each of 60 programs and prints
how many were named right, and how many of 200 right ones were called wrong. A fault is
named right if the line of it is given for every wrong gradient, with a cause.
"""

from __future__ import annotations

import argparse
import ast
import copy
import importlib.util
import itertools
import random
import tempfile
import time
import warnings
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np

import derivo
from derivo.errors import DerivoError
from tests.catalogue import CASES, Case


@dataclass(frozen=True)
class Written:
    """A backward pass as text.

    Attributes
    ----------
    first
        Number of the first statement that belongs to the backward part.
    """

    case: Case
    tree: ast.FunctionDef
    first: int
    imports: list[ast.stmt]

    def load(self, tree: ast.FunctionDef, folder: Path, name: str) -> Any:
        """Write a definition to a file, and load it."""
        module = ast.fix_missing_locations(ast.Module([*self.imports, tree], []))
        path = folder / f"{name}.py"
        path.write_text(ast.unparse(module), encoding="utf-8")
        spec = importlib.util.spec_from_file_location(name, path)
        assert spec is not None
        assert spec.loader is not None
        loaded = importlib.util.module_from_spec(spec)
        spec.loader.exec_module(loaded)
        return loaded.backward


def written(case: Case, *, simplify: bool) -> Written | None:
    """Put the emitted forward and backward pass of a program into one function."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        d = derivo.derive(case.function, simplify=simplify, **case.specs)
    module = ast.parse(d.source)
    functions = {n.name: n for n in module.body if isinstance(n, ast.FunctionDef)}
    rest = [n for n in module.body if getattr(n, "name", "") not in
            (d.name, f"{d.name}_backward", f"{d.name}_gradient")]  # fmt: skip
    forward = functions[d.name]
    is_loss = f"{d.name}_gradient" in functions
    backward = functions[f"{d.name}_gradient" if is_loss else f"{d.name}_backward"]
    start = [s for s in forward.body if not isinstance(s, ast.Return)]
    last = next(s for s in forward.body if isinstance(s, ast.Return))
    assert isinstance(last.value, ast.Tuple)
    saved = last.value.elts[1]
    start.append(ast.Assign([ast.Name("saved", ast.Store())], saved))
    arguments = copy.deepcopy(forward.args)
    if not is_loss:
        upstream = backward.args.args[1].arg
        if upstream in {a.arg for a in arguments.args}:
            return None
        arguments.args.append(ast.arg(upstream))
        arguments.defaults = []
    made = ast.FunctionDef("backward", arguments, [*start, *backward.body], [], None)
    return Written(case, made, len(start), rest)


# --- faults ---------------------------------------------------------------------------

Fault = tuple[int, str, Callable[[], None]]


def faults(tree: ast.FunctionDef, first: int) -> Iterator[Fault]:
    """Give every fault that can be planted: statement, kind, and what plants it."""
    for number, statement in enumerate(tree.body[first + 1 :], start=first + 1):
        names = _known_names(tree, number)
        for parent in ast.walk(statement):
            for field, value in ast.iter_fields(parent):
                if field in ("func", "targets", "target", "ops"):
                    continue
                several = isinstance(value, list)
                for i, entry in enumerate(value if several else [value]):
                    if isinstance(entry, ast.expr):
                        for kind, new in variants(entry, names):
                            where, at = (value, i) if several else (parent, field)
                            yield number, kind, partial(_put, where, at, new)
        if isinstance(statement, ast.AugAssign) and isinstance(statement.op, ast.Add):
            new_op = partial(_put, statement, "op", ast.Sub())
            yield number, "taken off instead of added", new_op


def _known_names(tree: ast.FunctionDef, number: int) -> list[str]:
    """Give the names that are assigned before a statement."""
    stored = {
        n.id
        for s in tree.body[:number]
        for n in ast.walk(s)
        if isinstance(n, ast.Name) and isinstance(n.ctx, ast.Store)
    }
    return sorted(stored | {a.arg for a in tree.args.args})


def _put(where: Any, place: Any, new: Any) -> None:
    if isinstance(where, list):
        where[place] = new
    else:
        setattr(where, place, new)


def variants(e: ast.expr, names: list[str]) -> Iterator[tuple[str, ast.expr]]:
    """Give what could stand in an expression's place by mistake."""
    if isinstance(getattr(e, "ctx", None), ast.Store):
        return
    if isinstance(e, ast.BinOp | ast.Call | ast.Name):
        yield "sign", ast.UnaryOp(ast.USub(), e)
        yield "twice", ast.BinOp(ast.Constant(2), ast.Mult(), e)
    for kind, found in (
        (ast.BinOp, _of_operation), (ast.Call, _of_call), (ast.Compare, _of_comparison),
    ):  # fmt: skip
        if isinstance(e, kind):
            yield from found(e)
    if isinstance(e, ast.UnaryOp) and isinstance(e.op, ast.USub):
        yield "sign", e.operand
    if isinstance(e, ast.Attribute) and e.attr == "T":
        yield "transpose lost", e.value
    if isinstance(e, ast.Name):
        others = [n for n in names if n != e.id]
        yield from (("other name", ast.Name(n, ast.Load())) for n in others)
    if isinstance(e, ast.Constant) and isinstance(e.value, int | float):
        yield "other number", ast.Constant(e.value + 1)


def _of_operation(e: Any) -> Iterator[tuple[str, ast.expr]]:
    yield "left operand alone", e.left
    yield "right operand alone", e.right
    swaps: dict[type, ast.operator] = {
        ast.Add: ast.Sub(), ast.Sub: ast.Add(), ast.Mult: ast.Div(),
        ast.Div: ast.Mult(),
    }  # fmt: skip
    if type(e.op) in swaps:
        yield "other operator", ast.BinOp(e.left, swaps[type(e.op)], e.right)
    if isinstance(e.op, ast.MatMult | ast.Sub | ast.Div):
        yield "operands swapped", ast.BinOp(e.right, e.op, e.left)
    if isinstance(e.op, ast.Mult):
        yield "factor twice", ast.BinOp(e, ast.Mult(), e.right)


def _of_comparison(e: Any) -> Iterator[tuple[str, ast.expr]]:
    flipped: dict[type, ast.cmpop] = {
        ast.Gt: ast.Lt(), ast.Lt: ast.Gt(), ast.GtE: ast.LtE(), ast.LtE: ast.GtE(),
        ast.Eq: ast.NotEq(),
    }  # fmt: skip
    op = type(e.ops[0])
    if op in flipped:
        yield "other comparison", ast.Compare(e.left, [flipped[op]], e.comparators)


def _of_call(e: Any) -> Iterator[tuple[str, ast.expr]]:
    if e.args:
        yield "call lost", e.args[0]
    for i, keyword in enumerate(e.keywords):
        if keyword.arg == "axis" and isinstance(keyword.value, ast.Constant):
            axis = ast.keyword(
                "axis", ast.Constant(0 if keyword.value.value == 1 else 1)
            )
            others = [*e.keywords[:i], axis, *e.keywords[i + 1 :]]
            yield "other axis", ast.Call(e.func, e.args, others)
    word = ast.unparse(e.func)
    if word in ("np.sum", "np.mean"):
        other = {"np.sum": "np.mean", "np.mean": "np.sum"}[word]
        func = ast.parse(other, mode="eval").body
        yield "sum for mean", ast.Call(func, e.args, e.keywords)


# --- what comes out -------------------------------------------------------------------


@dataclass(frozen=True)
class Outcome:
    """What the check made of a fault."""

    program: str
    kind: str
    planted: str
    verdict: str
    named: bool
    cause: str
    seconds: float


def is_wrong(case: Case, right: Any, faulty: Any) -> bool:
    """Tell whether a fault changes a number; what raises an error counts, too."""
    for seed in range(2):
        arguments = _arguments(case, right, seed)
        with np.errstate(all="ignore"), warnings.catch_warnings():
            warnings.simplefilter("ignore")
            wanted = right(**copy.deepcopy(arguments))
            try:
                got = faulty(**copy.deepcopy(arguments))
            except Exception:  # noqa: BLE001  whatever it is, it is seen
                return True
        pairs = zip(*(x if isinstance(x, tuple) else (x,) for x in (wanted, got)),
                    strict=True)  # fmt: skip
        if any(_differ(a, b) for a, b in pairs):
            return True
    return False


def _arguments(case: Case, backward: Any, seed: int) -> dict[str, Any]:
    """Draw the arguments of a backward pass, with an adjoint of the result."""
    arrays = case.arrays(seed)
    code = backward.__code__
    extra = [p for p in code.co_varnames[: code.co_argcount] if p not in arrays]
    if not extra:
        return arrays
    rng = np.random.default_rng(seed)
    out = case.plain(**arrays)
    if not isinstance(out, tuple | list | dict):
        return {**arrays, extra[0]: rng.normal(size=np.shape(out))}
    parts = out.values() if isinstance(out, dict) else out
    return {**arrays, extra[0]: tuple(rng.normal(size=np.shape(o)) for o in parts)}


def _differ(right: Any, got: Any) -> bool:
    if not isinstance(got, np.ndarray | np.generic | float | int):
        return True
    if np.shape(right) != np.shape(got) or not np.all(np.isfinite(got)):
        return True
    scale = max(float(np.max(np.abs(right))), 1e-9)
    return float(np.max(np.abs(np.subtract(right, got)))) > 1e-3 * scale


def planted(seed: int, count: int) -> Iterator[Outcome]:
    """Plant one fault in each of so many programs, drawn by the seed."""
    rng = random.Random(seed)  # noqa: S311
    names = sorted(CASES)
    rng.shuffle(names)
    done = 0
    with tempfile.TemporaryDirectory() as folder:
        for name in names * 3:
            if done == count:
                return
            case, simplify = CASES[name], rng.random() < 0.5
            try:
                text = written(case, simplify=simplify)
            except DerivoError:
                continue
            if text is None:
                continue
            outcome = _one(case, text, rng, Path(folder))
            if outcome is not None:
                done += 1
                yield outcome


def _one(case: Case, text: Written, rng: random.Random, folder: Path) -> Outcome | None:
    right = text.load(text.tree, folder, f"right_{case.name}_{rng.getrandbits(40)}")
    for _ in range(20):
        tree = copy.deepcopy(text.tree)
        found = list(faults(tree, text.first))
        kinds = sorted({k for _, k, _ in found})
        if not kinds:
            return None
        kind = rng.choice(kinds)
        number, kind, plant = rng.choice([f for f in found if f[1] == kind])
        plant()
        try:
            faulty = text.load(
                tree, folder, f"faulty_{case.name}_{rng.getrandbits(40)}"
            )
        except (SyntaxError, SystemError):
            continue
        if not is_wrong(case, right, faulty):
            continue
        return judged(case, faulty, kind, tree, number)
    return None


def judged(
    case: Case, faulty: Any, kind: str, tree: ast.FunctionDef, number: int
) -> Outcome:
    """Check, and see whether the line that was changed is the one that is named."""
    start = time.perf_counter()
    report = derivo.check_backward(case.function, faulty, **case.specs)
    seconds = time.perf_counter() - start
    statement = ast.unparse(tree.body[number])
    # The file is the tree as Python writes it: a statement to a line.
    file = Path(faulty.__code__.co_filename)
    lines = [t.strip() for t in file.read_text(encoding="utf-8").splitlines()]
    wanted = {i for i, t in enumerate(lines, start=1) if t and statement.startswith(t)}
    rows = report.failures
    causes = " | ".join(dict.fromkeys(r.cause for r in rows))
    named = bool(rows) and all(
        r.written is not None
        and r.written.number in wanted
        and "more than one" not in r.cause
        for r in rows
    )
    verdict = "wrong" if rows else "right"
    return Outcome(case.name, kind, statement, verdict, named, causes, seconds)


def right_ones(count: int) -> Iterator[tuple[str, bool, str]]:
    """Check right backward passes: name, whether it passed, and the page."""
    every = itertools.product(range(9), sorted(CASES), (True, False))
    done = 0
    with tempfile.TemporaryDirectory() as folder:
        for seed, name, simplify in every:
            case = CASES[name]
            try:
                text = written(case, simplify=simplify)
            except DerivoError:
                continue
            if text is None:
                continue
            if done == count:
                return
            done += 1
            file = f"right_{name}_{simplify}_{seed}"
            backward = text.load(text.tree, Path(folder), file)
            report = derivo.check_backward(
                case.function, backward, seed=seed, **case.specs
            )
            yield f"{name}, seed {seed}", report.ok, str(report)


def main() -> None:
    """Print the figures."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--count", type=int, default=60)
    parser.add_argument("--right", type=int, default=200)
    options = parser.parse_args()
    outcomes = list(planted(options.seed, options.count))
    named = sum(o.named for o in outcomes)
    missed = sum(o.verdict == "right" for o in outcomes)
    for o in outcomes:
        if not o.named:
            print(f"{o.program} [{o.kind}] {o.planted}\n    {o.verdict}: {o.cause}")
    slow = max(outcomes, key=lambda o: o.seconds)
    print(
        f"{named} of {len(outcomes)} planted faults named right, {missed} called right"
    )
    print(
        f"seed {options.seed}; the slowest took {slow.seconds:.0f} s ({slow.program})"
    )
    passed = list(right_ones(options.right))
    for name, ok, page in passed:
        if not ok:
            print(name, page, sep="\n")
    wrong = sum(not ok for _, ok, _ in passed)
    print(f"{wrong} of {len(passed)} right ones called wrong")


if __name__ == "__main__":
    main()
