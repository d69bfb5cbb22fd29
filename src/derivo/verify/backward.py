"""Checking a backward pass that the user wrote by hand."""

from __future__ import annotations

import inspect
import warnings
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from derivo.errors import DerivoError, UsageError
from derivo.graph.nest import nested
from derivo.graph.spec import spec_of
from derivo.kept import EVERY
from derivo.passes import Passes
from derivo.run.arguments import as_array, refuse_names_of_options
from derivo.trace.arguments.specs import as_nest, is_setting
from derivo.verify.branches import coverage
from derivo.verify.check import generator
from derivo.verify.draw import Inputs, draw_inputs, given_inputs
from derivo.verify.evaluation import Evaluation
from derivo.verify.find import Draw, with_causes
from derivo.verify.gradients import check_gradients, draw_upstream, forward_at
from derivo.verify.handwritten import (
    Handwritten,
    UsersError,
    guarded,
    named,
    read_roles,
    required,
    result_only,
    takes_cache,
)
from derivo.verify.report import Report, Row, worst_of


def check_backward(  # noqa: PLR0913  what there is to choose
    forward: Callable[..., Any],
    backward: Callable[..., Any],
    /,
    *,
    wrt: str | Iterable[str] | None = None,
    trials: int = 3,
    seed: int = 0,
    arrays: Mapping[str, Any] | None = None,
    assume: Iterable[str] = (),
    static: Mapping[str, Any] | None = None,
    **specs: Any,
) -> Report:
    """Check a hand-written backward pass, and say what is wrong with it, and where.

    Parameters
    ----------
    forward
        A forward pass in plain NumPy. It returns its result, or the result and what
        `backward` needs of it: ``return y, cache``.
    backward
        Takes the adjoint of the result (any name), arguments of `forward` by their own
        names, values of it by the names they have there, and what it kept (a second
        thing that `forward` returns). For a loss the adjoint may be left out. It
        returns the gradients in the order of `wrt`, one array if there is one, or a
        dict with names such as ``x``, ``dx``, ``d_x``.
    wrt
        Names of the arguments that it gives gradients of; all floating ones if left
        out.
    trials, seed
        As for `Derivation.check`.
    arrays
        Arguments to check at, in place of shapes and drawing.
    assume
        Facts about arguments, as for `derive`: inputs are drawn so that they hold.
    static
        Settings, as for `derive`; `backward` may take them, too.
    **specs
        Shapes of the arguments of `forward`, as for `derive`.

    Returns
    -------
    Report
        One row per gradient. Of a wrong one, `cause` names the slip, `line` the line of
        `forward` that it belongs to, `written` the line of `backward` that is wrong,
        and `instead` what to write there.

    Raises
    ------
    UsageError
        The arguments or results of `backward` cannot be matched with `forward`.
    """
    refuse_names_of_options(check_backward, forward)
    generator(seed, trials)  # refuses what is no number
    required(backward)  # refuses what is no function
    given = specs if arrays is None else specs_of(arrays, specs)
    options = {"wrt": wrt, "assume": texts(assume), "static": static}
    case = _read(forward, backward, given, options)
    with np.errstate(all="ignore"), warnings.catch_warnings():
        warnings.simplefilter("ignore")
        rows, draws = compared(case, trials, seed, arrays)
        if any(r.verdict == "wrong" for r in rows) and arrays is None:
            rows, draws = _on_targets(case, trials, seed, (rows, draws))
        found = with_causes(case.hand, case.derivations, draws, worst_of(rows))
    title = getattr(backward, "__name__", "backward")
    return reported(title, found, draws, trials, seed)


def reported(
    title: str, rows: Iterable[Row], draws: list[Draw], trials: int, seed: int
) -> Report:
    """Put together what was found, with how inputs were drawn."""
    first = draws[0].inputs
    shapes = {k: np.shape(v) for k, v in first.arrays.items()}
    branches, missed = coverage(d.inputs.sides for d in draws)
    return Report(title, tuple(rows), _drawn(draws), shapes, trials, seed, branches,
                  missed)  # fmt: skip


@dataclass(frozen=True)
class Case:
    """Forward and backward, matched; `facts` are what drawn inputs have to satisfy."""

    hand: Handwritten
    derivations: tuple[Passes, ...]
    facts: tuple[Any, ...]

    @property
    def raw(self) -> Passes:
        """The chain rule as it stands, without rewriting."""
        return self.derivations[0]


def _drawn(draws: list[Draw]) -> str:
    """Say how inputs were drawn: a factor N is no factor 5, so sizes change."""
    text, sizes = draws[0].inputs.drawn, [d.inputs.sizes for d in draws]
    return text + (", each draw of other sizes" if sizes[1:] != sizes[:-1] else "")


def texts(assume: Iterable[str]) -> tuple[str, ...]:
    """Give facts in a tuple, also if there is one alone."""
    return (assume,) if isinstance(assume, str) else tuple(assume)


def specs_of(arrays: Any, specs: Mapping[str, Any]) -> dict[str, Any]:
    """Give the specs of arrays, and of nests, that stand in the place of specs."""
    if not isinstance(arrays, Mapping):
        message = f"arrays={arrays!r} is to be a dict with the arguments by name"
        raise UsageError(message)
    if specs:
        message = f"arrays= holds the arguments; leave out {', '.join(specs)}"
        raise UsageError(message)
    return {
        name: value
        if is_setting(value) or as_nest(value) is not None
        else spec_of(as_array(value, name))
        for name, value in arrays.items()
    }


def _parameters(forward: Any) -> list[str]:
    try:
        return list(inspect.signature(forward).parameters)
    except (TypeError, ValueError):
        message = (
            f"the forward pass is to be a function of NumPy arrays, and this is "
            f"{forward!r}"
        )
        raise UsageError(message) from None


def _read(
    forward: Callable[..., Any], backward: Callable[..., Any],
    specs: Mapping[str, Any], options: Any,
) -> Case:  # fmt: skip
    """Derive the forward pass, and say what each argument of the other is."""
    names = _parameters(forward)
    if "self" in specs and "self" not in names:
        message = (
            "check_backward takes functions of arrays, and self= names attributes of "
            "an object: write the method as a function of them, forward(W, b, x)"
        )
        raise UsageError(message)
    cache = takes_cache(forward, backward, names)
    plain = result_only(forward, has_cache=bool(cache))
    # Written out: a slip in a function that is called twice is in both places.
    options |= {"inline": EVERY}
    raw = Passes.of(plain, specs, simplify=False, **options)
    derivations: tuple[Passes, ...] = (raw,)
    facts = [*raw.forward.facts.known]
    try:
        short = Passes.of(plain, specs, **options)
    except DerivoError:
        pass  # the chain rule as it stands is enough
    else:
        derivations = (raw, short)
        # What has a gradient of its own is no target.
        facts += [f for f in short.backward.assumptions if f.name not in raw.wanted]
    traced = raw.traced
    names = [*(name for name, _ in traced.signature), *raw.given.fixed]
    is_number = len(traced.outputs) == 1 and not traced.outputs[0].spec.rank
    values = {name: node for node, name in traced.names.items()}
    roles = read_roles(backward, names, values, cache, needs_upstream=not is_number)
    hand = Handwritten(forward, backward, roles, bool(cache))
    return Case(hand, derivations, tuple(dict.fromkeys(facts)))


def compared(
    case: Case, trials: int, seed: int, arrays: Mapping[str, Any] | None,
    targets: tuple[Any, ...] = (),
) -> tuple[list[Row], list[Draw]]:  # fmt: skip
    """Draw inputs, run the backward pass, and compare every gradient with numbers."""
    rng = generator(seed, trials)
    rows: list[Row] = []
    draws: list[Draw] = []
    graph = case.raw.traced
    arrays = None if arrays is None else case.raw.named(arrays)
    facts = (*case.facts, *targets)
    for _ in range(trials):
        if arrays is not None:
            inputs = given_inputs(graph, arrays, rng)
        else:
            inputs = draw_inputs(
                graph,
                rng,
                assumptions=facts,
                before=[d.inputs for d in draws],
                vary=True,
            )
        evaluation = forward_at(case.raw, inputs)
        upstream = draw_upstream(case.raw, evaluation, rng)
        if not case.hand.takes_upstream:
            upstream = tuple(np.ones(np.shape(u)) for u in upstream)
        draw = _run(case, inputs, evaluation, upstream)
        draws.append(draw)
        if draw.error is not None:
            rows.append(_failed(case, draw.error))
            break
        rows += check_gradients(case.raw, evaluation, draw.got, upstream, rng)
    return rows, draws


def _run(
    case: Case, inputs: Inputs, evaluation: Evaluation, upstream: tuple[Any, ...]
) -> Draw:
    graph, hand = case.raw.traced, case.hand
    values = {name: evaluation.known.get(n) for n, name in graph.names.items()}
    arrays = {**case.raw.given.fixed, **nested(graph, inputs.arrays)}
    got: list[dict[str, Any]] = []
    arguments: dict[str, Any] = {}
    try:
        for _ in range(2):  # twice: what is drawn anew differs
            arguments = hand.arguments(arrays, values, upstream)
            result = guarded(hand.backward, arguments)
            got.append(named(result, graph, case.raw.wanted))
    except UsersError as error:
        return Draw(inputs, evaluation, upstream, arguments, {}, error)
    arguments = hand.arguments(arrays, values, upstream)
    steady = all(
        np.array_equal(v, got[1][k], equal_nan=True) for k, v in got[0].items()
    )
    return Draw(inputs, evaluation, upstream, arguments, got[0], None, steady)


def _failed(case: Case, error: UsersError) -> Row:
    """Tell an error of the user's code as what the check found."""
    names = ", ".join(case.raw.wanted)
    return Row("gradient", name=names, error=np.inf, verdict="wrong", cause=str(error),
               written=error.line)  # fmt: skip


def _on_targets(
    case: Case, trials: int, seed: int, before: tuple[list[Row], list[Draw]]
) -> tuple[list[Row], list[Draw]]:
    """Try arguments without a gradient as targets: rows that sum to 1.

    Softmax minus target is the gradient of a cross-entropy for such rows only. Code
    that raises an error for others, but not for these, is judged on these.
    """
    from derivo.simplify.model import SumsToOne  # noqa: PLC0415  a fact, as data

    arrays = {
        n.attrs["name"]
        for n in case.raw.traced.inputs
        if n.spec.kind == "float" and n.spec.rank
    }
    # What derivo itself takes for a target may have a gradient of its own, too.
    found = {f.name for d in case.derivations for f in d.backward.assumptions}
    targets = (arrays - set(case.raw.wanted)) | found
    free = sorted(targets - case.raw.forward.facts.free)
    known = {f.name for f in case.facts}
    facts = tuple(SumsToOne(name, -1) for name in free if name not in known)
    if not facts:
        return before
    try:
        rows, draws = compared(case, trials, seed, None, facts)
    except UsageError:
        return before
    if any(r.verdict == "wrong" for r in rows):
        raises = [any(d.error is not None for d in ds) for ds in (before[1], draws)]
        return (rows, draws) if raises == [True, False] else before
    listed = "; ".join(str(f) for f in facts)
    return [replace(r, cause=f"where {listed}") for r in rows], draws
