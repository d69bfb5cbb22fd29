"""The arguments of one call: numbers apart from what is fixed."""

from __future__ import annotations

import inspect
from collections.abc import Callable, Iterator, Sequence
from functools import partial
from typing import Any
from weakref import WeakKeyDictionary

import numpy as np

from derivo.errors import UsageError
from derivo.trace.patches.patch import active_recorder
from derivo.transforms.trees import (
    form,
    is_array,
    is_number,
    is_traced,
    leaves,
    rebuilt,
)  # fmt: skip

Function = Callable[..., Any]
# What a function gave when it was traced. It stands here, not in the call: what a trace
# leaves in objects around a function is taken back.
_RESULTS: WeakKeyDictionary[Call, tuple[Any, Any]] = WeakKeyDictionary()


class Call:
    """A function with the arguments of one call: numbers apart from what is fixed.

    Attributes
    ----------
    values
        The numbers, by names made of the arguments' own.
    wrt
        For each argument asked for, the names of its numbers.
    like
        A call of the same form for which the function has run.
    """

    def __init__(
        self, function: Function, args: Sequence[Any], options: dict[str, Any],
        argnums: tuple[int, ...], *, has_aux: bool,
    ) -> None:  # fmt: skip
        self.function, self.has_aux = function, has_aux
        self.args, self.options = tuple(args), options
        self.values: dict[str, Any] = {}
        self.wrt: list[list[str]] = [[] for _ in argnums]
        self.like = self  # the call whose function has run
        names = _argument_names(function, len(args))
        for number, (name, tree) in enumerate(
            [*zip(names, self.args, strict=True), *options.items()]
        ):
            wanted = number in argnums and number < len(args)
            whole = list(leaves(tree))
            if wanted and not any(is_array(value) for _, value in whole):
                _refuse_whole(function, name, tree)
            for path, value in whole:
                if not is_array(value):
                    continue
                if wanted and not _is_floating(value):
                    _refuse_whole(function, name, value)
                full = _identifier("_".join((name, *path)), self.values)
                self.values[full] = value
                if wanted:
                    self.wrt[argnums.index(number)].append(full)

    @property
    def recorder(self) -> Any:
        """What traces the numbers, if something does."""
        traced = (v for v in self.values.values() if is_traced(v))
        return next((v.recorder for v in traced), None)

    @property
    def key(self) -> Any:
        """What calls of the same derivation have in common."""
        return form(self.args), form(self.options)

    def run(self, /, **given: Any) -> list[Any]:
        """Call the function on other numbers; give the numbers of its result."""
        new = iter([given[name] for name in self.values])

        def put(value: Any) -> Any:
            return next(new) if is_array(value) else value

        args, options = rebuilt(self.args, put), rebuilt(self.options, put)
        result = self.function(*args, **options)
        aux = None
        if self.has_aux:
            if not isinstance(result, tuple) or len(result) != 2:
                message = "with has_aux=True the function returns a pair (result, aux)"
                raise UsageError(message)
            result, aux = result
        _RESULTS[self] = result, aux
        flat = [v for _, v in leaves(result)]
        for value in flat:
            if not is_number(value):
                message = (
                    f"the function returns {value!r}, and only numbers have derivatives"
                    "; with has_aux=True it may return (result, whatever else)"
                )
                raise UsageError(message)
        if self.has_aux:
            flat += [v for _, v in leaves(aux) if is_array(v)]
        recorder = active_recorder()
        if recorder is None:
            return flat
        # What is not traced would be one row of numbers, not several results.
        return [
            v if is_traced(v) or not is_number(v) else recorder.wrap(recorder.lift(v))
            for v in flat
        ]

    @property
    def out(self) -> Any:
        """The result that is differentiated, for its form."""
        return _RESULTS[self.like][0]

    @property
    def aux(self) -> Any:
        """The auxiliary result, for its form and what is no number in it."""
        return _RESULTS[self.like][1]

    @property
    def count(self) -> int:
        """Number of results that are differentiated."""
        return len(list(leaves(self.out)))

    def results(self, flat: Sequence[Any]) -> tuple[Any, Any]:
        """Put the numbers of a result into its form."""
        new = iter(flat)
        out = rebuilt(self.out, lambda _: next(new))
        aux = rebuilt(self.aux, lambda v: next(new) if is_array(v) else v)
        return out, aux if self.has_aux else None

    def gradients(self, flat: dict[str, Any], argnums: tuple[int, ...]) -> list[Any]:
        """Put gradients into the form of the arguments."""
        whole = []
        for number, names in zip(argnums, self.wrt, strict=True):
            new = iter([flat[name] for name in names])
            whole.append(rebuilt(self.args[number], partial(_gradient, new)))
        return whole


def _gradient(gradients: Iterator[Any], value: Any) -> Any:
    """Give the next gradient; what is fixed in a nest has none."""
    return next(gradients) if is_array(value) else None


def _argument_names(function: Function, count: int) -> list[str]:
    """Give the names of the positional arguments of a call."""
    try:
        parameters = list(inspect.signature(function).parameters.values())
    except (TypeError, ValueError):
        parameters = []
    names = [p.name for p in parameters if p.kind in (0, 1)][:count]
    return names + [f"x{i}" for i in range(len(names), count)]


def by_position(
    function: Function, args: Sequence[Any], options: dict[str, Any]
) -> tuple[tuple[Any, ...], dict[str, Any]]:
    """Put arguments that are given by name in their places, as far as these go on."""
    try:
        parameters = list(inspect.signature(function).parameters.values())
    except (TypeError, ValueError):
        parameters = []
    new, rest = list(args), dict(options)
    for p in parameters[len(args) :]:
        if p.kind is not p.POSITIONAL_OR_KEYWORD or p.name not in rest:
            break
        new.append(rest.pop(p.name))
    return tuple(new), rest


def _identifier(name: str, taken: dict[str, Any]) -> str:
    name = "".join(c if c.isidentifier() or c.isdigit() else "_" for c in name)
    while name in taken:
        name += "_"
    return name


def _is_floating(value: Any) -> bool:
    if is_traced(value):
        return value.node.spec.kind in ("float", "pyfloat")
    return isinstance(value, float) or (is_array(value) and value.dtype.kind == "f")


def _refuse_whole(function: Function, name: str, value: Any) -> None:
    nested = isinstance(value, list | tuple | dict | np.ndarray)
    what = "whole numbers" if nested else repr(value)
    called = getattr(function, "__name__", "the function")
    message = (
        f"{called}: the derivative for {name!r} is asked for, which holds {what}. "
        "Instead: give floating numbers, 1.0 for 1, or say with argnums= which "
        "arguments are meant"
    )
    raise UsageError(message)
