"""A function, derived for each form of its arguments, or inside of another trace."""

from __future__ import annotations

import inspect
import warnings
from collections.abc import Sequence
from functools import wraps
from itertools import count
from typing import Any

import numpy as np

from derivo.differentiate.reverse import differentiate
from derivo.errors import IndependentWarning, UsageError
from derivo.graph.builder import substitute
from derivo.graph.node import Graph, Node
from derivo.graph.spec import Spec, spec_of
from derivo.ops.leaf import argument, fill
from derivo.ops.shape import as_shape
from derivo.passes import Passes
from derivo.simplify.driver import simplify_forward, with_choices
from derivo.simplify.model import Facts
from derivo.trace.patches.patch import active_recorder
from derivo.transforms.call import Call, Function, by_position
from derivo.transforms.held import Held, Slot
from derivo.transforms.trees import is_traced
from derivo.verify.same import compare

# How many derivations of one function are kept.
MOST = 256
_NUMBERS = count(1)


class Pulled:
    """The results of a call, and what turns their adjoints into gradients."""

    def __init__(self, call: Call, flat: Sequence[Any], pull: Function) -> None:
        self.call, self.flat, self.pull = call, flat, pull


class Derived:
    """A function, derived for each form of its arguments.

    It is derived again when what it reads beside its arguments has changed.
    """

    def __init__(
        self, function: Any, argnums: int | Sequence[int], *, has_aux: bool = False,
        verify: bool = True,
    ) -> None:  # fmt: skip
        if not callable(function):
            message = f"a function is needed, not {function!r}"
            raise UsageError(message)
        self.function, self.has_aux, self.verify = function, has_aux, verify
        self.single = isinstance(argnums, int | np.integer)
        self.argnums = _read_argnums(argnums)
        self.known: dict[Any, tuple[Call, Passes, Held]] = {}
        self.writes: set[Slot] = set()

    def numbers(self, args: Sequence[Any]) -> tuple[int, ...]:
        """Give the places of the arguments asked for, counted from the front."""
        for n in self.argnums:
            if not -len(args) <= n < len(args):
                message = (
                    f"argnums={n}, but the call has {len(args)} positional arguments"
                )
                raise UsageError(message)
        numbers = tuple(n % len(args) for n in self.argnums)
        if len(set(numbers)) < len(numbers):
            message = f"argnums={self.argnums} names an argument twice"
            raise UsageError(message)
        return numbers

    def __call__(self, args: Sequence[Any], options: dict[str, Any]) -> Pulled:
        """Run the function; keep what its backward pass needs."""
        args, options = by_position(self.function, args, options)
        numbers = self.numbers(args)
        call = Call(self.function, args, options, numbers, has_aux=self.has_aux)
        recorder = call.recorder or active_recorder()
        if recorder is not None:
            return _record(call, recorder)
        now = Held(self.function)
        known = self.known.get((call.key, now.without(self.writes)))
        if known is None:
            passes = _derive(call, verify=self.verify)
            after = Held(self.function)
            # What it writes by itself, as a counter, does not make it another one.
            self.writes |= after.changed(now)
            while len(self.known) >= MOST:
                del self.known[next(iter(self.known))]
            known = call, passes, after
            self.known[call.key, after.without(self.writes)] = known
        first, passes, _ = known
        call.like = first
        values, _ = passes.bind((), call.values)
        with np.errstate(over="ignore", under="ignore"):
            output, saved = passes.run_forward(values)

        def pull(adjoints: Sequence[Any]) -> dict[str, Any]:
            given = tuple(adjoints) if len(adjoints) > 1 else adjoints[0]
            run = getattr(passes.module, f"{passes.name}_backward")
            with np.errstate(over="ignore", under="ignore"):
                result = run(saved, given)
            several = result if len(passes.wanted) > 1 else (result,)
            return dict(zip(passes.wanted, several, strict=True))

        return Pulled(call, output, pull)

    def trees(self, pulled: Pulled, flat: dict[str, Any]) -> Any:
        """Give gradients in the form of the arguments: one, or a tuple of them."""
        given = pulled.call.gradients(flat, self.numbers(pulled.call.args))
        return given[0] if self.single else tuple(given)


def _read_argnums(argnums: Any) -> tuple[int, ...]:
    """Read which arguments are asked for: a number, or several different ones."""
    several = argnums if isinstance(argnums, tuple | list | range) else (argnums,)
    if not all(isinstance(n, int | np.integer) for n in several):
        message = (
            f"argnums={argnums!r}: it says by their places which arguments to "
            "differentiate for, as 0 or (0, 2)"
        )
        raise UsageError(message)
    return tuple(map(int, several))


def _derive(call: Call, *, verify: bool) -> Passes:
    def function(**given: Any) -> Any:
        return call.run(**given)

    named = ("__module__", "__name__", "__qualname__", "__doc__")
    wraps(call.function, assigned=named)(function)
    function.__signature__ = inspect.Signature(  # type: ignore[attr-defined]
        [
            inspect.Parameter(name, inspect.Parameter.KEYWORD_ONLY)
            for name in call.values
        ]
    )
    specs: dict[str, Any] = {name: spec_of(v) for name, v in call.values.items()}
    wrt = [name for names in call.wrt for name in names]
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", IndependentWarning)
        return Passes.of(
            function, specs, wrt=wrt, assume=("nothing",),
            compare=compare if verify else None,
        )  # fmt: skip


def _record(call: Call, recorder: Any) -> Pulled:
    """Trace the function inside of what is being traced."""
    builder, mark = recorder.builder, next(_NUMBERS)
    outer = {name: recorder.lift(v) for name, v in call.values.items()}
    inner = {
        name: builder.make(
            argument, (),
            {"name": f"{name}'{mark}",
             "spec": Spec(n.spec.shape, _strong(n.spec.kind))},
        )
        for name, n in outer.items()
    }  # fmt: skip
    flat = call.run(**{name: recorder.wrap(n) for name, n in inner.items()})
    outputs = tuple(recorder.lift(v) for v in flat)
    graph = Graph("inner", tuple(inner.values()), outputs, {})
    forward = simplify_forward(
        graph, builder, Facts.read(("nothing",)), recognise=True, stabilize=True
    )
    wrt = tuple(f"{name}'{mark}" for names in call.wrt for name in names)
    derived = differentiate(forward.graph, wrt, builder)
    chosen = with_choices(derived.gradients, forward.known, builder)
    places = {inner[name]: outer[name] for name in inner}

    def put(nodes: Sequence[Node], more: dict[Node, Node]) -> list[Any]:
        new = substitute(nodes, {**places, **more}, builder)
        return [recorder.wrap(new[n]) for n in nodes]

    def pull(adjoints: Sequence[Any]) -> dict[str, Any]:
        seeds = {
            s: recorder.lift(a) for s, a in zip(derived.seeds, adjoints, strict=True)
        }
        gradients = put([chosen[name] for name in wrt], seeds)
        return {
            name.partition("'")[0]: g for name, g in zip(wrt, gradients, strict=True)
        }

    return Pulled(call, put(forward.graph.outputs, {}), pull)


def _strong(kind: str) -> str:
    return {"pyfloat": "float", "pyint": "int"}.get(kind, kind)


def zeros_like(value: Any) -> Any:
    """Give zeros of the same shape, where the value lives."""
    if is_traced(value):
        shape = as_shape(value.shape)
        return value.record(fill, (), {"value": 0, "shape": shape, "kind": "float"})
    array = np.asarray(value)
    return np.zeros(array.shape, array.dtype if array.dtype.kind == "f" else float)[()]


def seeded(pulled: Pulled, at: int, seed: Any) -> dict[str, Any]:
    """Pull one adjoint back, the others being 0."""
    adjoints = [zeros_like(v) for v in pulled.flat]
    adjoints[at] = seed
    gradients: dict[str, Any] = pulled.pull(adjoints)
    return gradients


def one_like(value: Any) -> Any:
    """Give the number 1 in the floating type of a value."""
    return 1.0 if is_traced(value) else np.ones((), np.asarray(value).dtype)[()]
