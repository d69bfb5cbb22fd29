"""The wrong line of a hand-written backward pass, found and mended by running it."""

from __future__ import annotations

import ast
import linecache
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import islice
from typing import Any

import numpy as np

from derivo.graph.node import Line
from derivo.verify.diagnose import UNKNOWN, diagnose
from derivo.verify.edits import Edit, edits, two_edits
from derivo.verify.probe import Changeable, Place, Probed, statements

# Two arrays that agree this well agree: both come from formulas, not from differences.
CLOSE = 1e-8
# Changes that are tried in search of a mended line, each at half a millisecond.
PATIENCE = 6000
FIRST = 1500
# Located lines that are written anew.
REWRITTEN = 12
# Changes of one statement that are tried before it is another's turn.
TURN = 40


@dataclass(frozen=True)
class Known:
    """A value that is right, with what it is.

    Attributes
    ----------
    name, text
        What it is called, and how it is computed.
    value
        The array.
    around
        The values that the text reads, by the names it has for them.
    """

    name: str
    text: str
    value: Any
    around: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True)
class Trial:
    """One draw: what the backward pass is given, and what it should give.

    Attributes
    ----------
    arguments
        By name.
    right
        The right gradients.
    known
        Right values on the way, in the same order in every trial.
    """

    arguments: Mapping[str, Any]
    right: Mapping[str, Any]
    known: tuple[Known, ...] = ()


@dataclass(frozen=True)
class Mend:
    """A line of the backward pass, and what should stand there.

    Attributes
    ----------
    line
        The user's line.
    before, after
        The statement as it is, and as it should be; `after` is empty where only the
        line is known.
    says
        What is wrong with it; empty if that is not known.
    mends
        Names of the gradients that become right.
    tree
        The whole definition with the statement mended.
    got, wanted
        What the line gives in the first draw, and what it should.
    """

    line: Line
    before: str
    after: str = ""
    says: str = ""
    mends: frozenset[str] = frozenset()
    tree: ast.FunctionDef | None = None
    got: Any = None
    wanted: Known | None = None


class Mender:
    """Looks for the line to change.

    Parameters
    ----------
    probed
        The backward pass.
    trials
        Several draws: a change must mend all of them.
    read
        Gives the gradients by name from what the backward pass returns.
    """

    def __init__(
        self, probed: Probed, trials: list[Trial], read: Callable[[Any], dict[str, Any]]
    ) -> None:
        self.probed = probed
        self.trials = trials
        self.read = read
        self.tree = probed.tree
        self.different = _different(trials[0].known)
        self.changeable = Changeable(probed, self.tree)
        self.right_before = self._right(probed.run_probed, trials)

    def _right(
        self, function: Callable[..., Any], trials: list[Trial],
        changed: Sequence[Mapping[int, Any]] | None = None,
    ) -> frozenset[str]:  # fmt: skip
        """Give the names of the gradients that are right in all of these trials."""
        found: frozenset[str] | None = None
        for k, trial in enumerate(trials):
            try:
                result, _ = self.probed.run(
                    trial.arguments, changed[k] if changed else None, function
                )
                got = self.read(result)
            except Exception:  # noqa: BLE001  most changes make no sense
                return frozenset()
            agree = frozenset(k for k, v in trial.right.items() if close(got[k], v))
            found = agree if found is None else found & agree
            if not found - self._before():
                return found
        return found or frozenset()

    def _before(self) -> frozenset[str]:
        return getattr(self, "right_before", frozenset())

    def _is_better(self, right: frozenset[str]) -> bool:
        return right > self.right_before

    # --- the line ---------------------------------------------------------------------

    def locate(self) -> list[Mend]:
        """Find lines that, had they given a known right value, mend something.

        The value of one line after the other is replaced by each of the known ones.
        The likeliest comes first: what mends most; a line whose own value is none of
        the known ones; one that differs from the right value in a simple way; the
        first that runs.
        """
        first = self.trials[0]
        seen = self.probed.seen(first.arguments)
        found = []
        for place in self.probed.places:
            if len(seen.get(place.number, ())) != 1:
                continue  # not reached, or in a loop
            got = seen[place.number][0]
            is_known = any(close(got, k.value) for k in first.known)
            for mend in self._replaced(place, got):
                assert mend.wanted is not None  # noqa: S101  it has just been put there
                simple = diagnose(got, mend.wanted.value) != UNKNOWN
                # A right value that is used for another one: by the last line that
                # hands it on.
                place_in_line = -place.number if is_known else place.number
                rank = (-len(mend.mends), is_known, not simple, place_in_line)
                found.append((rank, mend))
        return [m for _, m in sorted(found, key=lambda pair: pair[0])]

    def _replaced(self, place: Place, got: Any) -> list[Mend]:
        first, found = self.trials[0], []
        for k in self.different:
            known = first.known[k]
            if not _may_stand_for(got, known.value):
                continue
            changed = [{place.number: t.known[k].value} for t in self.trials]
            right = self._right(self.probed.run_probed, self.trials[:1], changed[:1])
            if not self._is_better(right):
                continue
            right = self._right(self.probed.run_probed, self.trials, changed)
            if self._is_better(right):
                before = self._source(place.statement)
                found.append(Mend(place.line, before, mends=right - self.right_before,
                                  got=got, wanted=known))  # fmt: skip
        return found

    def numbers_at(self, lines: Iterable[Line]) -> list[int]:
        """Give the numbers of the statements at these lines."""
        wanted = {line.number for line in lines}
        every = enumerate(statements(self.tree))
        return [k for k, s in every if s.lineno in wanted]

    def number_of(self, mend: Mend) -> int:
        """Give the number of the statement that a finding is about."""
        texts = [ast.unparse(s) for s in statements(self.tree)]
        return texts.index(mend.before)

    def _source(self, number: int) -> str:
        return ast.unparse(list(statements(self.tree))[number])

    # --- what should stand there ------------------------------------------------------

    def rewritten(self, located: list[Mend]) -> Mend | None:
        """Write a located line as derivo does, with the user's own names."""
        first = self.trials[0]
        values = {**self.probed.seen_by_name(first.arguments), **first.arguments}
        for mend in located[:REWRITTEN]:
            assert mend.wanted is not None  # noqa: S101  it was found by it
            number = self.number_of(mend)
            new = _in_names(mend, list(statements(self.tree))[number], values)
            if new is not None:
                says = f"this line gives another value than `{ast.unparse(new)}`"
                found = self._tried(number, list(statements(self.tree))[number],
                                    Edit(new, says))  # fmt: skip
                if found is not None and found.mends >= mend.mends:
                    return found
        return None

    def mend(self, first: list[int], *, others: bool = True) -> Mend | None:
        """Find a one-step change of a statement that mends as much as possible.

        Parameters
        ----------
        first
            Numbers of the statements to begin with.
        others
            Try all other statements, too.
        """
        every = list(statements(self.tree))
        groups: list[tuple[Any, Iterable[int], int]] = [(edits, first, FIRST)]
        if others:
            each = range(len(every))
            groups += [(edits, each, PATIENCE), (two_edits, each, PATIENCE)]
        best: Mend | None = None
        wrong = set(self.trials[0].right) - self.right_before
        for changes, group, patience in groups:
            turns = _in_turn(every, group, self._names, changes)
            for k, edit in islice(turns, patience):
                mended = self._tried(k, every[k], edit)
                if mended is None:
                    continue
                if best is None or len(mended.mends) > len(best.mends):
                    best = mended
                if mended.mends >= wrong:
                    return mended
        return best

    def _names(self, number: int) -> tuple[str, ...]:
        """Give the names that a statement can read, those it reads first."""
        every = list(statements(self.tree))
        taken = [a.arg for a in (*self.tree.args.args, *self.tree.args.kwonlyargs)]
        for s in every[:number]:
            taken += [
                n.id for n in ast.walk(s)
                if isinstance(n, ast.Name) and isinstance(n.ctx, ast.Store)
            ]  # fmt: skip
        own = [n.id for n in ast.walk(every[number]) if isinstance(n, ast.Name)]
        arrays = set(taken) - {"self", "cls", "_"}
        near = [n for n in dict.fromkeys(own) if n in arrays]
        return tuple(dict.fromkeys([*near, *(n for n in taken if n in arrays)]))

    def _tried(self, number: int, old: ast.stmt, edit: Any) -> Mend | None:
        try:
            function = self.changeable.compiled(number, edit.statement)
        except (SyntaxError, SystemError, ValueError, TypeError):
            return None
        right = self._right(function, self.trials[:1])
        if not self._is_better(right):
            return None
        right = self._right(function, self.trials)
        if not self._is_better(right):
            return None
        line = self._line(old)
        mends = right - self.right_before
        tree = self.changeable.changed(number, edit.statement)
        return Mend(line, ast.unparse(old), ast.unparse(edit.statement), edit.says,
                    mends, tree)  # fmt: skip

    def _line(self, statement: ast.stmt) -> Line:
        code = self.probed.function.__code__
        text = linecache.getline(code.co_filename, statement.lineno).strip()
        return Line(code.co_filename, statement.lineno, code.co_name, text)

    def go_on(self, mend: Mend) -> Mender:
        """Give a mender for what is left once a line is mended."""
        assert mend.tree is not None  # noqa: S101  only a mended line goes on
        after = Mender.__new__(Mender)
        after.probed, after.trials, after.read = self.probed, self.trials, self.read
        after.tree, after.different = mend.tree, self.different
        after.changeable = Changeable(self.probed, mend.tree)
        self.probed.run_probed = self.probed.compile(mend.tree)
        after.right_before = self.right_before | mend.mends
        return after


def _different(known: Sequence[Known]) -> list[int]:
    """Give the numbers of values that differ, of equal ones the first with a text."""
    first: dict[Any, int] = {}
    for k, one in sorted(enumerate(known), key=lambda pair: not pair[1].text):
        value = np.asarray(one.value, dtype=float)
        line = np.cos(np.arange(value.size))  # any direction tells two values apart
        key = (value.shape, f"{np.vdot(line, value.ravel()):.9e}")
        first.setdefault(key, k)
    return sorted(first.values())


def _in_names(mend: Mend, old: ast.stmt, values: Mapping[str, Any]) -> ast.stmt | None:
    """Write what gives the wanted value, in names that hold the same in this code."""
    wanted = mend.wanted
    if (
        wanted is None
        or not wanted.text
        or not isinstance(old, ast.Assign | ast.Return)
    ):
        return None
    made = ast.parse(wanted.text).body[0]
    if not isinstance(made, ast.Assign) or not isinstance(made.targets[0], ast.Name):
        return None
    for name in [n for n in ast.walk(made.value) if isinstance(n, ast.Name)]:
        if name.id in wanted.around:
            alike = [k for k, v in values.items() if close(v, wanted.around[name.id])]
            if not alike:
                return None
            name.id = name.id if name.id in alike else alike[0]
    new: ast.stmt = ast.Return(made.value)
    if isinstance(old, ast.Assign):
        new = ast.Assign(old.targets, made.value)
    return ast.fix_missing_locations(ast.copy_location(new, old))


def _is_plain(statement: ast.stmt) -> bool:
    """Tell whether a statement gives one value, to one name or back."""
    if isinstance(statement, ast.Return):
        return not isinstance(statement.value, ast.Tuple | ast.List | ast.Dict)
    return isinstance(statement, ast.Assign) and all(
        isinstance(t, ast.Name) for t in statement.targets
    )


def _in_turn(
    every: list[ast.stmt],
    group: Iterable[int],
    names: Callable[[int], tuple[str, ...]],
    edits: Callable[..., Iterator[Any]],
) -> Iterator[tuple[int, Any]]:
    """Give edits of all statements by turns: likely ones of each come first."""
    running = [(k, edits(every[k], names(k))) for k in group if _can_change(every[k])]
    while running:
        still = []
        for k, changes in running:
            found = False
            for edit in islice(changes, TURN):
                found = True
                yield k, edit
            if found:
                still.append((k, changes))
        running = still


def _can_change(statement: ast.stmt) -> bool:
    kinds = ast.Assign | ast.AugAssign | ast.Return | ast.AnnAssign
    return isinstance(statement, kinds)


def _may_stand_for(got: Any, value: Any) -> bool:
    """Tell whether one array can be put in the place of another, and differs."""
    try:
        shape = np.shape(got)
        kind = np.asarray(got).dtype.kind
    except (ValueError, TypeError):
        return False
    if kind not in "fiub":
        return False
    return shape != np.shape(value) or not close(got, value)


def close(a: Any, b: Any) -> bool:
    """Tell whether two arrays agree to the precision of formulas."""
    try:
        a, b = np.asarray(a, dtype=float), np.asarray(b, dtype=float)
    except (TypeError, ValueError):
        return False
    if a.shape != b.shape:
        return False
    both = np.isfinite(a) & np.isfinite(b)
    if not np.all(both):
        return False
    scale = max(np.max(np.abs(b), initial=0), 1e-12)
    return bool(np.max(np.abs(a - b), initial=0) <= CLOSE * scale)
