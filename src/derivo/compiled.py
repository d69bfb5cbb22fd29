"""Both passes of a derivation, compiled: the same calls, the same results."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable, Mapping, Sequence
from functools import cached_property, partial
from typing import Any, Self

import numpy as np

from derivo.emit.assemble import program
from derivo.emit.c.module import write_c
from derivo.emit.c.runtime import Target
from derivo.emit.jax_text import jax_text
from derivo.emit.plan.computation import Computation
from derivo.emit.program import Program
from derivo.errors import DtypeError, UsageError
from derivo.graph.builder import Constant
from derivo.graph.nest import (
    as_given,
    gradient_nests,
    is_nest,
    leaves,
    nested,
    rebuilt,
)
from derivo.graph.node import order
from derivo.passes import Passes
from derivo.run.arguments import adjoint_of_loss, adjoints_of_results, floating_type
from derivo.run.c_function import CFunction
from derivo.run.calls_alike import CallsAlike
from derivo.run.compiler import compiled, machine
from derivo.run.jax_engine import called_in_numpy, checked
from derivo.run.jax_load import jax_module


def computation_of(written: Program, *, with_gradients: bool) -> Computation:
    """Give the forward pass as it is scheduled, or both passes.

    The outputs are the results, and behind them the gradients; the arguments, and
    behind them the adjoints of the results, are kept.
    """
    outputs = written.outputs
    arguments = written.inputs
    if with_gradients:
        outputs = (*outputs, *written.gradients.values())
        arguments = (*arguments, *written.seeds)
    constants = [
        n for n in order(outputs) if isinstance(n.attrs.get("value"), Constant)
    ]
    adjoints = {
        n: f"d_{name}" for n, name in written.adjoints.items()
        if n not in written.forward and n.inputs
    }  # fmt: skip
    return Computation(
        batches=(), kept=(*arguments, *constants), numbers=(), results=(),
        loss=None, outputs=outputs, names={**adjoints, **written.names},
    )  # fmt: skip


class Compiled(ABC):
    """A derivation that runs compiled. It takes what the derivation takes.

    Parameters
    ----------
    passes
        What was derived.
    dtype
        The type that is computed in; None for that of the arrays that are given.

    Raises
    ------
    NotSupportedError
        An operation that the engine has no form for, or an engine that is not there.
    """

    def __init__(self, passes: Passes, dtype: Any = None) -> None:
        self.passes = self._run_as(passes)
        try:
            self.dtype = None if dtype is None else np.dtype(dtype)
        except (TypeError, ValueError):
            self.dtype = np.dtype(object)
        if self.dtype not in (None, np.float32, np.float64):
            message = f"dtype={dtype!r}: compiled functions take float32 or float64"
            raise DtypeError(message)
        self._others: dict[Passes, Self] = {}
        self._alike, self._forwards_alike = CallsAlike(), CallsAlike()
        nests = gradient_nests(self.passes.traced, self.passes.wanted)
        self._gradient_nests = tuple(nests.items())
        # Refused now, not at the first call.
        self._prepare()

    # --- what an engine does ----------------------------------------------------------

    def _run_as(self, passes: Passes) -> Passes:
        """Give the derivation in the form that the engine runs."""
        return passes

    @abstractmethod
    def _prepare(self) -> None:
        """Refuse what the engine has no form for."""

    @abstractmethod
    def source_for(self, dtype: Any) -> str:
        """Give the text of both passes that runs in float32 or float64."""

    @abstractmethod
    def _forward(self, values: Mapping[str, Any], sizes: Mapping[str, int]) -> Any:
        """Give the result, in its structure."""

    @abstractmethod
    def _both(
        self, upstream: Any, values: Mapping[str, Any], sizes: Mapping[str, int]
    ) -> tuple[Any, dict[str, Any]]:
        """Give the result and the gradients by name."""

    # --- calls ------------------------------------------------------------------------

    def __call__(self, /, *args: Any, **arrays: Any) -> Any:
        """Run the forward pass."""
        known = self._forwards_alike.find(args, arrays)
        if known is None:
            values, sizes = self.passes.bind(args, arrays)
            self._forwards_alike.learn(args, arrays, None, values, sizes)
        else:
            _, values, sizes = known
        if 0 in sizes.values():
            return self.passes(*args, **arrays)  # what is empty is NumPy's business
        own = self._for(self.passes.holding(sizes))
        return own._forward(values, sizes)  # noqa: SLF001  its own kind

    def gradients(self, /, *given: Any, **arrays: Any) -> dict[str, Any]:
        """Run both passes and give the gradients by name."""
        return self.value_and_gradients(*given, **arrays)[1]

    def value_and_gradients(
        self, /, *given: Any, **arrays: Any
    ) -> tuple[Any, dict[str, Any]]:
        """Run both passes and give the result and the gradients by name."""
        p = self.passes
        known = self._alike.find(given, arrays)
        if known is None:
            upstream, values, sizes = p.bind_with_upstream(given, arrays)
            self._alike.learn(given, arrays, upstream, values, sizes)
        else:
            upstream, values, sizes = known
        if 0 in sizes.values():
            return p.value_and_gradients(*given, **arrays)
        own = self._for(p.holding(sizes, values))
        return own._both(upstream, values, sizes)  # noqa: SLF001  its own kind

    def _for(self, passes: Passes) -> Self:
        """Give what runs a derivation that holds where this one does not."""
        passes = self._run_as(passes)
        if passes is self.passes:
            return self
        if passes not in self._others:
            self._others[passes] = type(self)(passes, self.dtype)
        return self._others[passes]

    def _type(self, values: Mapping[str, Any]) -> np.dtype[Any]:
        return floating_type(values) if self.dtype is None else self.dtype

    def __reduce__(self) -> Any:
        """Store what was derived: elsewhere it is compiled again, or found compiled."""
        return type(self), (self.passes, self.dtype)

    def __deepcopy__(self, _memo: Any) -> Compiled:
        """Give the object itself: nothing in it changes."""
        return self

    def __repr__(self) -> str:
        """Show what is compiled."""
        return f"<{self.passes!r}, compiled>"


class CompiledInC(Compiled):
    """A derivation that is compiled from C.

    What is compiled is kept, in memory and in the cache folder; the first call of each
    kind, and of each floating type, takes about a second where it is not.
    """

    def _run_as(self, passes: Passes) -> Passes:
        return passes.written_out

    def _prepare(self) -> None:
        self._functions: dict[tuple[bool, Any], CFunction] = {}
        self.source_for(np.float64 if self.dtype is None else self.dtype)

    # --- text -------------------------------------------------------------------------

    @cached_property
    def _program(self) -> Program:
        p = self.passes
        return program(p.traced, p.structure, p.forward, p.backward)

    def _computation(self, *, with_gradients: bool) -> Computation:
        return computation_of(self._program, with_gradients=with_gradients)

    def source_for(self, dtype: Any) -> str:
        """Give the C text of both passes in float32 or float64, for this machine."""
        return self._text(self._computation(with_gradients=True), np.dtype(dtype))

    def _text(self, computation: Computation, dtype: np.dtype[Any]) -> str:
        registers = min(machine().register_bytes, 32)
        target = Target(dtype == np.float32, registers)
        return write_c(computation, target, f"{self.passes.name}, and its gradients.")

    def _function(self, dtype: np.dtype[Any], *, with_gradients: bool) -> CFunction:
        key = (with_gradients, dtype)
        if key not in self._functions:
            computation = self._computation(with_gradients=with_gradients)
            library = compiled(self._text(computation, dtype))
            self._functions[key] = CFunction(library, computation.prepared(), dtype)
        return self._functions[key]

    # --- calls ------------------------------------------------------------------------

    def _forward(self, values: Mapping[str, Any], sizes: Mapping[str, int]) -> Any:
        found = self._results(values, sizes, (), with_gradients=False)
        return self._handed_back(found)

    def _both(
        self, upstream: Any, values: Mapping[str, Any], sizes: Mapping[str, int]
    ) -> tuple[Any, dict[str, Any]]:
        p, written = self.passes, self._program
        is_loss = not written.seeds and len(written.outputs) == 1
        factor = 1.0
        seeds: tuple[Any, ...] = ()
        if is_loss and upstream is not None:
            factor = adjoint_of_loss(upstream)
        elif written.seeds:
            graph = p.forward.graph
            given = adjoints_of_results(
                graph, upstream, self._type(values), sizes, p.structure
            )
            every = given if len(graph.outputs) > 1 else (given,)
            seeds = tuple(every[k] for k in written.seeded)
        found = self._results(values, sizes, seeds, with_gradients=True)
        arrays = dict(
            zip(written.gradients, found[len(written.outputs) :], strict=True)
        )
        if is_loss and upstream is not None:
            arrays = {name: factor * a for name, a in arrays.items()}
        gradients = {
            name: as_given(nest, rebuilt(nest, arrays.__getitem__))
            for name, nest in self._gradient_nests
        }
        return self._handed_back(found), gradients

    def _results(
        self, values: Mapping[str, Any], sizes: Mapping[str, int],
        seeds: tuple[Any, ...], *, with_gradients: bool,
    ) -> list[Any]:  # fmt: skip
        function = self._function(self._type(values), with_gradients=with_gradients)
        inputs = [values[n.attrs["name"]] for n in self._program.inputs]
        return function((*inputs, *seeds), sizes)

    def _handed_back(self, found: list[Any]) -> Any:
        structure = self.passes.structure
        return as_given(structure, rebuilt(structure, found.__getitem__))


class CompiledInJax(Compiled):
    """A derivation that JAX compiles, once for each floating type and set of sizes.

    What runs is the source of the derivation under ``jax.numpy``. Results are arrays of
    NumPy.
    """

    def _prepare(self) -> None:
        self._module = jax_module(self.passes.source, self.passes.name)
        kinds = [n.spec.kind for n in self.passes.traced.inputs]
        self._checked = "int" in kinds
        self._runs: dict[str, Callable[..., Any]] = {}

    def source_for(self, dtype: Any) -> str:
        """Give the text under ``jax.numpy``, the same for both floating types."""
        del dtype
        return jax_text(self.passes.source)

    def _forward(self, values: Mapping[str, Any], sizes: Mapping[str, int]) -> Any:
        del sizes
        (output,) = self._run("", values, ())
        return _in_form(self.passes.structure, output)

    def _both(
        self, upstream: Any, values: Mapping[str, Any], sizes: Mapping[str, int]
    ) -> tuple[Any, dict[str, Any]]:
        p, factor = self.passes, 1.0
        if p.emitted.is_loss:
            factor = 1.0 if upstream is None else adjoint_of_loss(upstream)
            output, *parts = self._run("gradient", values, ())
        else:
            adjoints = adjoints_of_results(
                p.forward.graph, upstream, self._type(values), sizes, p.structure
            )
            output, *parts = self._run("backward", values, (adjoints,))
        gradients = {
            name: _in_form(nest, part if factor == 1 else [factor * a for a in part])
            for (name, nest), part in zip(self._gradient_nests, parts, strict=True)
        }
        return _in_form(p.structure, output), gradients

    def _run(self, back: str, values: Mapping[str, Any], given: Any) -> Any:
        """Run the forward pass, and the backward function with this last word.

        Gives the arrays of the result, and those of each gradient, in order.
        """
        if back not in self._runs:
            run = partial(self._traced, back)
            self._runs[back] = checked(run, indices=self._checked)
        dtype = self._type(values)
        arrays = {name: np.asarray(value) for name, value in values.items()}
        typed = {
            name: a.astype(dtype) if a.dtype.kind == "f" else a
            for name, a in arrays.items()
        }
        return called_in_numpy(self._runs[back], typed, given)

    def _traced(self, back: str, values: Mapping[str, Any], given: Any) -> Any:
        """Run what JAX traces."""
        p = self.passes
        forward = getattr(self._module, p.name)
        output, saved = forward(**nested(p.traced, values), **p.emitted.arrays)
        if not back:
            return (tuple(leaves(output)),)
        result = getattr(self._module, f"{p.name}_{back}")(saved, *given)
        parts = result if len(self._gradient_nests) > 1 else (result,)
        return tuple(tuple(leaves(part)) for part in (output, *parts))


def _in_form(form: Any, arrays: Sequence[Any]) -> Any:
    """Put arrays, in order, into the form that the user knows."""
    return as_given(form, tuple(arrays)) if is_nest(form) else arrays[0]


_ENGINES: dict[str, type[Compiled]] = {"c": CompiledInC, "jax": CompiledInJax}


def compile_passes(passes: Passes, engine: Any, dtype: Any) -> Compiled:
    """Give the calls of a derivation, compiled.

    Raises
    ------
    UsageError
        An engine that does not compile functions.
    """
    if not isinstance(engine, str) or engine not in _ENGINES:
        message = (
            f"engine={engine!r}: functions are compiled by engine='c' or engine='jax'"
        )
        raise UsageError(message)
    return _ENGINES[engine](passes, dtype)
