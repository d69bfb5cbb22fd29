"""Gradients from anywhere, compared with those of a NumPy forward pass."""

from __future__ import annotations

import warnings
from collections.abc import Callable, Iterable, Mapping
from dataclasses import replace
from typing import Any

import numpy as np

from derivo.errors import UsageError
from derivo.graph.nest import nested
from derivo.kept import EVERY
from derivo.passes import Passes
from derivo.run.arguments import refuse_names_of_options
from derivo.verify.backward import Case, compared, reported, specs_of, texts
from derivo.verify.differences import Numeric, compare
from derivo.verify.find import Draw, with_causes
from derivo.verify.handwritten import Handwritten, UsersError, guarded
from derivo.verify.report import Report, Row, worst_of
from derivo.verify.tolerance import FLOAT32, RELATIVE

METHOD = "same inputs"


def gradcheck(  # noqa: PLR0913  what there is to choose
    f: Callable[..., Any],
    g: Callable[..., Any],
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
    """Check the value and the gradients that another program computes.

    Parameters
    ----------
    f
        The forward pass in plain NumPy.
    g
        Takes the arguments of `f` by name, as float64 arrays, and gives its value and
        its gradients: ``(value, gradients)``. It may wrap a PyTorch module, a JAX
        function or a compiled kernel. Gradients are a dict, a tuple in the order of
        `wrt`, or one array; of a value that is an array, those of the sum of all its
        elements.
    wrt, trials, seed, arrays, assume, static
        As for `derivo.check_backward`.
    **specs
        Shapes of the arguments of `f`, as for `derive`.

    Returns
    -------
    Report
        One row for the value and one per gradient. Results in float32 are compared as
        such.

    Raises
    ------
    UsageError
        What `g` gives cannot be matched with the arguments of `f`.
    """
    refuse_names_of_options(gradcheck, f)
    given = specs if arrays is None else specs_of(arrays, specs)
    options: Any = {
        "wrt": wrt, "assume": texts(assume), "static": static, "inline": EVERY
    }  # fmt: skip
    raw = Passes.of(f, given, simplify=False, **options)
    names = [name for name, _ in raw.traced.signature]
    second = _GradientsOf(g)
    roles = dict.fromkeys(names, "argument")
    hand = Handwritten(f, second, roles, returns_cache=False)
    short = Passes.of(f, given, **options)
    facts = list(raw.forward.facts.known)
    facts += [a for a in short.backward.assumptions if a.name not in raw.wanted]
    case = Case(hand, (raw,), tuple(dict.fromkeys(facts)))
    with np.errstate(all="ignore"), warnings.catch_warnings():
        warnings.simplefilter("ignore")
        rows, draws = compared(case, trials, seed, arrays)
        narrow = second.narrow
        found = with_causes(
            hand, case.derivations, draws, worst_of(_judged(rows, narrow))
        )
        found = [*_values(g, raw, draws, narrow=narrow), *found]
    return reported(getattr(g, "__name__", "g"), found, draws, trials, seed)


class _GradientsOf:
    """The second thing that the user's function gives, and whether it is float32."""

    def __init__(self, g: Callable[..., Any]) -> None:
        self.g = g
        self.narrow = False

    def __call__(self, **arrays: Any) -> Any:
        result = _pair(self.g(**arrays))[1]
        parts = result.values() if isinstance(result, Mapping) else result
        parts = parts if isinstance(result, Mapping | tuple | list) else (result,)
        types = [np.asarray(p).dtype for p in parts]
        self.narrow |= any(t.kind == "f" and t.itemsize < 8 for t in types)
        return result


def _pair(result: Any) -> tuple[Any, Any]:
    if not isinstance(result, tuple | list) or len(result) != 2:
        message = (
            f"gradcheck: the second function gives a {type(result).__name__}; it is to "
            "give its value and its gradients: return value, gradients"
        )
        raise UsageError(message)
    return result[0], result[1]


def _judged(rows: list[Row], narrow: bool) -> list[Row]:
    """Allow what float32 cannot do better."""
    if not narrow:
        return rows
    wide = [replace(r, tolerance=FLOAT32) for r in rows]
    return [
        replace(r, verdict="right", cause="")
        if r.verdict == "wrong" and r.error <= FLOAT32
        else r
        for r in wide
    ]


def _values(
    g: Callable[..., Any], raw: Passes, draws: list[Draw], *, narrow: bool
) -> list[Row]:
    """Compare the value itself: gradients of another function are of no use."""
    rows = []
    for draw in draws:
        if draw.error is not None:
            return []
        copies = {k: np.copy(v)[()] for k, v in draw.inputs.arrays.items()}
        arguments = nested(raw.traced, copies)
        try:
            value, _ = _pair(guarded(g, arguments))
        except UsersError as error:
            cause = str(error)
            return [Row("source", name="the value", error=np.inf, verdict="wrong",
                        cause=cause, written=error.line)]  # fmt: skip
        parts = value if isinstance(value, tuple | list) else [value]
        rows += [
            _value(np.asarray(v, dtype=float), np.asarray(draw.evaluation[n]), narrow)
            for v, n in zip(parts, raw.traced.outputs, strict=False)
        ]
    return list(worst_of(rows))


def _value(got: Any, expected: Any, narrow: bool) -> Row:
    if got.shape != expected.shape:
        cause = f"the value has the shape {got.shape}, that of f {expected.shape}"
        return Row("source", name="the value", error=np.inf, verdict="wrong",
                   cause=cause)  # fmt: skip
    result = compare(got, Numeric(expected, np.zeros(expected.shape), METHOD))
    allowed = FLOAT32 if narrow else RELATIVE[METHOD]
    verdict = "right" if result.error <= allowed else "wrong"
    cause = "" if verdict == "right" else "it computes another function than f"
    return Row("source", name="the value", error=result.error, tolerance=allowed,
               element=result.element, got=result.got, expected=result.expected,
               method=METHOD, verdict=verdict, cause=cause)  # fmt: skip
