"""A loop over time: the operation, its results, and `derivo.scan` itself."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from derivo.errors import ShapeError, UsageError
from derivo.graph.dim import Dim, format_shape
from derivo.graph.element import Placed, sized
from derivo.graph.loop import Loop
from derivo.graph.nest import leaves, rebuilt
from derivo.graph.node import Node
from derivo.graph.op import Op
from derivo.graph.spec import Spec
from derivo.ops.catalogue import register
from derivo.ops.index import slice_
from derivo.ops.reduce import sum_of

# A value that a step finds: the carry, or this step's part of an array. `serial` keeps
# those of different loops apart.
bound = Op(
    "bound", (), lambda spec, **_serial: spec, attrs={"serial": 0, "spec": None},
    traits=frozenset({"leaf", "bound"}), called=("row",),
)  # fmt: skip


def _scan_spec(*operands: Spec, loop: Loop, length: Dim, **_forward: Any) -> Spec:
    first, last = len(loop.carries), len(loop.carries) + len(loop.slices)
    for k, (spec, inside) in enumerate(zip(operands, loop.bound, strict=True)):
        along = (length,) if first <= k < last else ()
        if spec.shape != (*along, *inside.spec.shape):
            message = (
                f"an array of shape {format_shape(spec.shape)} enters a loop that "
                f"takes {format_shape((*along, *inside.spec.shape))}"
            )
            raise ShapeError(message)
    for before, after in zip(loop.carries, loop.following, strict=True):
        if before.spec.shape != after.spec.shape:
            message = f"a step turns {before.spec} into {after.spec}"
            raise ShapeError(message)
    return Spec((length,), "float")


# The loop itself. Its operands are the first carries, the arrays it runs along and the
# values that stay the same, in the order of `Loop.bound`. Its spec counts the steps. If
# it is the backward pass of another, that one is `forward`: the source of its values.
# `first` is the number of the first step, as its author counts.
# Neither it nor its results are in the catalogue: they are no functions of arrays.
scan_loop = Op(
    "scan",
    ("*operands",),
    _scan_spec,
    attrs={"forward": None, "first": 0},
    traits=frozenset({"loop"}),
)


def _kind(of: Node) -> str:
    return {"pyint": "int", "pyfloat": "float"}.get(of.spec.kind, of.spec.kind)


def _result(name: str, infer: Callable[..., Spec]) -> Op:
    text = f"{{0}}.{name}({{of}}, {{dtype}})"
    return Op(name, ("loop",), infer, text, traits=frozenset({"item", name}))


# What a loop gives, each for a value `of` its body: a carry after the last step, the
# value of every step stacked along a new first axis, and the sum over the steps.
last = _result("last", lambda _loop, of: of.spec)
stack = _result(
    "stack", lambda loop, of: Spec((*loop.shape, *of.spec.shape), _kind(of))
)
total = _result("total", lambda _loop, of: of.spec)


def _previous_spec(x: Spec, first: Spec, *, reverse: bool) -> Spec:
    del reverse
    if x.shape[1:] != first.shape:
        message = f"{format_shape(first.shape)} cannot precede {format_shape(x.shape)}"
        raise ShapeError(message)
    return x


def _previous_text(attrs: Any, _x: Any, first: Any) -> str:
    one = (
        "{1}[None]"
        if len(getattr(first, "shape", ()))
        else "np.full(1, {1}, dtype=np.result_type({0}, {1}))"
    )
    if attrs["reverse"]:
        return f"np.concatenate([{{0}}, {one}])[1:]"
    return f"np.concatenate([{one}, {{0}}])[:-1]"


def _previous_element(index: Any, attrs: Any, specs: Any, _result: Any) -> str:
    """Read the element of the step before, and `first` at the edge."""
    t, *rest = index
    first = f"{{1}}[{', '.join(rest)}]" if rest else "{1}"
    if specs[0].shape[0] == 1:
        return first
    if attrs["reverse"]:
        edge, before = f"{t} == {sized(specs[0].shape[0])} - 1", f"{t} + 1"
    else:
        edge, before = f"{t} == 0", f"{t} - 1"
    return f"{first} if {edge} else {{0}}[{', '.join([before, *rest])}]"


def _previous_js(attrs: Any, _x: Any, first: Any) -> str:
    one = "R.stack([{1}])"
    parts, cut = (f"{one}, {{0}}", "[0, -1, null]")
    if attrs["reverse"]:
        parts, cut = (f"{{0}}, {one}", "[1, null, null]")
    rest = ", ".join(["R.ALL"] * len(first.shape))
    index = f"[{cut}, {rest}]" if rest else f"[{cut}]"
    return f"R.slice(R.concatenate([{parts}], 0), {index})"


def _previous_vjp(
    g: Any, _y: Any, _x: Any, first: Any, *, reverse: bool
) -> tuple[Any, Any]:
    cuts = (("cut", None, None, None),) * (g.ndim - 1)
    edge = ("cut", -1, None, None) if reverse else ("cut", None, 1, None)
    d_first = sum_of(slice_(g, index=(edge, *cuts)), axis=0)
    return previous(g, 0 * first, reverse=not reverse), d_first


# For every step the value of the step before, and `first` for the first.
previous = register(
    Op(
        "previous", ("x", "first"), _previous_spec,
        _previous_text,
        vjp=_previous_vjp, attrs={"reverse": False},
        samples=lambda rng: ((rng.normal(size=(3, 4)), rng.normal(size=4)), {}),
        traits=frozenset({"analytic", "shift"}), element=Placed(_previous_element),
        js=_previous_js,
    )
)  # fmt: skip


def scan(
    step: Callable[[Any, Any], tuple[Any, Any]],
    init: Any,
    xs: Any = None,
    *,
    length: Any = None,
    reverse: bool = False,
) -> tuple[Any, Any]:
    """Run a step along the first axis of arrays, handing a carry from step to step.

    On plain arrays this is a Python loop. In a function that is derived, it stays one
    loop in the emitted source, forward and backward.

    Parameters
    ----------
    step
        ``step(carry, x) -> (new carry, output)``. It may read any value around it.
    init
        The first carry: an array, a number, or a tuple, list or dict of them. The carry
        keeps its shape.
    xs
        An array (T, ...), or a tuple, list or dict of such; the step gets ``xs[t]``.
        None: the step gets None, and `length` is needed.
    length
        Number of steps T.
    reverse
        Run from the last step to the first; outputs stay in the order of `xs`.

    Returns
    -------
    carry
        As the last step leaves it.
    outputs
        The outputs of all steps, stacked along a new first axis (T, ...): an array, a
        tuple, list or dict of arrays, or None.

    Raises
    ------
    UsageError
        Neither `xs` nor `length` is given, or they differ.
    ShapeError
        The arrays have different lengths, or the carry changes its shape.
    TraceError
        The step gives no pair.

    Examples
    --------
    >>> import numpy as np
    >>> scan(lambda s, x: (s + x, s + x), 0.0, np.array([1.0, 2.0, 3.0]))
    (np.float64(6.0), array([1., 3., 6.]))
    """
    for value in leaves((init, xs, length)):
        if hasattr(type(value), "record"):
            return _traced(value, step, init, xs, length, reverse=reverse)
    steps = _length([np.asarray(x) for x in leaves(xs)], length)
    carry, outputs = init, []
    for t in reversed(range(steps)) if reverse else range(steps):
        new, output = pair(step(carry, _row(xs, t)))
        for value in leaves((new, output)):
            if hasattr(type(value), "record"):  # the step reads a value from around it
                return _traced(value, step, init, xs, length, reverse=reverse)
        carry = new
        outputs.append(output)
    if not outputs:
        return carry, _no_outputs(step, carry, xs)
    outputs = outputs[::-1] if reverse else outputs
    columns = zip(*(leaves(o) for o in outputs), strict=True)
    stacked = iter([np.stack(column) for column in columns])
    return carry, rebuilt(outputs[0], lambda _: next(stacked))


def _row(xs: Any, t: int) -> Any:
    return rebuilt(xs, lambda x: np.asarray(x)[t])


def _traced(
    value: Any, step: Any, init: Any, xs: Any, length: Any, *, reverse: bool
) -> tuple[Any, Any]:
    result: tuple[Any, Any] = value.recorder.loop(
        step, init, xs, length, reverse=reverse
    )
    return result


def _length(arrays: list[Any], length: Any) -> int:
    lengths = {a.shape[0] for a in arrays if a.ndim} | ({length} - {None})
    if any(not a.ndim for a in arrays):
        message = (
            "a scan runs along the first axis of its arrays; a number has none (a list "
            "is several arrays: write np.array([...]))"
        )
        raise ShapeError(message)
    if len(lengths) != 1:
        raise length_error(lengths)
    return int(lengths.pop())


def length_error(lengths: set[Any]) -> UsageError | ShapeError:
    """Give the error for lengths that are missing, or not all the same."""
    if not lengths:
        return UsageError("scan needs an array to run along, or length=")
    listed = " and ".join(sorted(str(n) for n in lengths))
    return ShapeError(f"scan runs along axes of different lengths: {listed}")


def _no_outputs(step: Any, carry: Any, xs: Any) -> Any:
    """Learn the shapes of outputs that there are none of, from one step on zeros."""
    with np.errstate(all="ignore"):
        blank = rebuilt(xs, lambda x: np.zeros(np.shape(x)[1:], np.asarray(x).dtype))
        _, output = pair(step(carry, blank))
    return rebuilt(output, lambda y: np.empty((0, *np.shape(y)), np.asarray(y).dtype))


def pair(result: Any) -> tuple[Any, Any]:
    """Check that a step gave the new carry and an output."""
    if not isinstance(result, tuple) or len(result) != 2:
        message = (
            "a step of scan gives a pair, the new carry and the output: "
            "`return carry, output`, or `return carry, None`"
        )
        raise UsageError(message)
    carry, output = result
    return carry, output
