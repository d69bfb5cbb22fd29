"""The stages in order, and what they give: a forward pass with its backward pass."""

from __future__ import annotations

import warnings
from collections.abc import Callable, Iterable, Mapping
from dataclasses import replace
from functools import cached_property, partial
from pathlib import Path
from types import ModuleType
from typing import Any, Self

import numpy as np

from derivo.differentiate.reverse import differentiate
from derivo.emit.assemble import program
from derivo.emit.numpy import Source, emit
from derivo.errors import AssumptionWarning, DerivoError, IndependentWarning, UsageError
from derivo.graph.block import has_calls
from derivo.graph.builder import Builder
from derivo.graph.nest import gradient_nests, nested, paths, rebuilt
from derivo.graph.node import Graph
from derivo.graph.spec import Spec, spec_of
from derivo.kept import EVERY, Choice, with_functions
from derivo.run.arguments import adjoints_of_results, bind, floating_type
from derivo.run.load import load_text
from derivo.simplify.assume import Facts
from derivo.simplify.driver import simplify_backward, simplify_forward
from derivo.simplify.functions import Functions
from derivo.simplify.model import Backward, Forward, Step
from derivo.trace.tracer import trace


class Passes:
    """A forward pass and its backward pass: their source, and what it computes.

    This is what the checks and the explanation work on. A user holds it as a
    `derivo.Derivation`, which can be asked for both.

    Parameters
    ----------
    function
        The user's.
    traced, structure
        What it does, and how it hands its results back: see `derivo.trace.tracer`.
    forward, backward
        Both passes, shortened.
    functions
        What derived the functions that they call.
    rederive
        Derives the same with other options.
    """

    def __init__(
        self, function: Callable[..., Any], traced: Graph, structure: Any,
        forward: Forward, backward: Backward, functions: Functions,
        rederive: Callable[..., Self],
    ) -> None:  # fmt: skip
        self.function = function
        self.traced = traced
        self.structure = structure
        self.forward = forward
        self.backward = backward
        self.functions = functions
        self._rederive = rederive
        self._warned = False

    @classmethod
    def of(
        cls, function: Callable[..., Any], specs: Mapping[str, Any], *,
        wrt: str | Iterable[str] | None = None, simplify: bool = True,
        stabilize: bool = True, assume: Iterable[str] = (),
        keep: str | Iterable[str] = (), inline: str | Iterable[str] = (),
    ) -> Self:  # fmt: skip
        """Run the stages, one after the other: see `derivo.derive`."""
        builder = Builder()
        given = {name: _read_specs(name, value) for name, value in specs.items()}
        facts = Facts.read((assume,) if isinstance(assume, str) else tuple(assume))
        choice = Choice.read(keep, inline)
        run = trace(function, given, builder)
        traced, structure = run.graph, run.structure
        facts.check_arguments(traced)
        names = _wrt(wrt, traced)
        functions = Functions(builder, simplify, stabilize)
        outlined = with_functions(run, names, functions, facts, choice)
        forward = simplify_forward(
            outlined.graph, builder, facts, recognise=simplify, stabilize=stabilize
        )
        is_loss = _is_loss(forward.graph, names)
        differentiated = differentiate(
            forward.graph, names, builder, is_loss=is_loss, functions=functions
        )
        backward = simplify_backward(differentiated, forward, enabled=simplify)
        told = tuple(
            Step("function", f"{name} {note}", forward.graph.outputs[0])
            for name, note in sorted(outlined.notes.items())
        )
        backward = replace(backward, steps=(*told, *backward.steps))
        for name in backward.independent:
            message = (
                f"the result of {traced.name} does not depend on {name!r}, or only "
                "through operations without a derivative (argmax, floor, "
                "comparisons); its gradient is zero"
            )
            warnings.warn(message, IndependentWarning, stacklevel=3)

        rederive = partial(
            cls.of, function, specs, wrt=wrt, simplify=simplify, stabilize=stabilize,
            assume=assume, keep=keep, inline=inline,
        )  # fmt: skip
        return cls(function, traced, structure, forward, backward, functions, rederive)

    # --- source -----------------------------------------------------------------------

    @property
    def name(self) -> str:
        """Name of the forward function."""
        return self.traced.name

    @cached_property
    def emitted(self) -> Source:
        """The source, with the value that each line computes."""
        written = program(
            self.traced, self.structure, self.forward, self.backward, self.functions
        )
        return emit(written)

    @property
    def source(self) -> str:
        """Text of a module that needs nothing but NumPy.

        It defines ``NAME(...)``, which returns ``(output, saved)``, and
        ``NAME_backward(saved, d_output)``, which returns the gradients in the order of
        `wrt` (the array itself if there is one). For a loss, ``NAME_gradient(saved)``
        is the same with ``d_output = 1``.

        Arrays that the function closes over are written out, those of more than 100
        elements are keyword arguments of ``NAME``: see `save`.
        """
        return self.emitted.text

    @property
    def saved(self) -> Mapping[str, str]:
        """What the forward pass keeps for the backward pass, and why."""
        readers = self.emitted.readers
        return {name: f"read by {', '.join(by)}" for name, by in readers.items()}

    @property
    def assumptions(self) -> tuple[str, ...]:
        """What the gradients take for granted."""
        return tuple(str(a) for a in self.backward.assumptions)

    @property
    def wrt(self) -> tuple[str, ...]:
        """Names of the arguments that gradients are given for."""
        return tuple(self.backward.gradients)

    @cached_property
    def module(self) -> ModuleType:
        """The source, loaded from its file in the cache folder."""
        return load_text(self.source, self.name)

    def save(self, path: str | Path) -> Path:
        """Write the source to a file; `derivo.load` gives it back as a module.

        Arrays that the function closes over and that are too long to be read as text
        go into a file beside it, ``backward.npz`` for ``backward.py``.
        """
        path = Path(path)
        if not path.parent.is_dir():
            message = f"there is no folder {path.parent}; make it first"
            raise UsageError(message)
        path.write_text(self.source, encoding="utf-8")
        beside = path.with_suffix(".npz")
        if self.emitted.arrays:
            np.savez(beside, **self.emitted.arrays)
        else:
            beside.unlink(missing_ok=True)  # of another function, saved here before
        return path

    @property
    def graph(self) -> Graph:
        """The forward graph as traced."""
        return self.traced

    @property
    def steps(self) -> tuple[Step, ...]:
        """The derivation as data: each local derivative, product, sum and rewrite."""
        return self.backward.steps

    # --- running ----------------------------------------------------------------------

    def __call__(self, *args: Any, **arrays: Any) -> Any:
        """Run the forward pass."""
        values, _ = self.bind(args, arrays)
        with np.errstate(over="ignore", under="ignore"):
            given = nested(self.traced, values) | dict(self.emitted.arrays)
            return getattr(self.module, self.name)(**given)[0]

    def gradients(self, upstream: Any = None, **arrays: Any) -> dict[str, Any]:
        """Run both passes and give the gradients by name.

        Parameters
        ----------
        upstream
            Adjoint of the result (a tuple of them for several); ones if left out.
        **arrays
            The arguments.
        """
        return self.value_and_gradients(upstream, **arrays)[1]

    def value_and_gradients(
        self, upstream: Any = None, **arrays: Any
    ) -> tuple[Any, dict[str, Any]]:
        """Run both passes and give the result and the gradients by name."""
        values, sizes = self.bind((), arrays)
        exact = self._exact_if_needed(values)
        if exact is not None:
            return exact.value_and_gradients(upstream, **arrays)
        with np.errstate(over="ignore", under="ignore"):
            function = getattr(self.module, self.name)
            given = nested(self.traced, values) | dict(self.emitted.arrays)
            output, saved = function(**given)
            if self.emitted.is_loss:
                result = getattr(self.module, f"{self.name}_gradient")(saved)
            else:
                given = adjoints_of_results(
                    self.forward.graph, upstream, floating_type(values), sizes
                )
                result = getattr(self.module, f"{self.name}_backward")(saved, given)
        returned = gradient_nests(self.traced, self.wrt)
        parts = result if len(returned) > 1 else (result,)
        if self.emitted.is_loss and upstream is not None:
            parts = tuple(rebuilt(p, lambda d: upstream * d) for p in parts)
        return output, dict(zip(returned, parts, strict=True))

    def bind(
        self, args: tuple[Any, ...], arrays: Mapping[str, Any]
    ) -> tuple[dict[str, Any], dict[str, int]]:
        """Check arguments against the specs; give them as arrays, and the sizes.

        Arrays of a nest go by their paths: ``blocks.0.w``.
        """
        parameters = [name for name, _ in self.traced.signature]
        given = {**dict(zip(parameters, args, strict=False)), **arrays}
        if self.traced.parameters and len(args) <= len(parameters):
            args, arrays = (), dict(paths(given))
        return bind(self.traced, args, arrays)

    def _exact_if_needed(self, values: Mapping[str, Any]) -> Self | None:
        broken = [a for a in self.backward.assumptions if not a.holds(values)]
        if not broken:
            return None
        if not self._warned:
            listed = "; ".join(str(a) for a in broken)
            message = f"not so here: {listed}. The gradient derived without it is used"
            warnings.warn(message, AssumptionWarning, stacklevel=4)
            self._warned = True
        return self.exact

    @cached_property
    def exact(self) -> Self:
        """The same derivation without assumptions about the arguments."""
        return self._rederive(assume=("nothing",))

    @cached_property
    def written_out(self) -> Self:
        """The same with every function written out where it is called.

        Itself if it calls none. This is what is told and compiled.
        """
        if not has_calls(self.forward.graph.nodes()):
            return self
        return self._rederive(keep=(), inline=EVERY)

    def __repr__(self) -> str:
        """Show the call and the source."""
        given = ", ".join(f"{n.attrs['name']}: {n.spec}" for n in self.traced.inputs)
        return f"<derivation of {self.name}({given})>\n\n{self.source}"


def _read_specs(name: str, value: Any) -> Any:
    """Read the spec of an argument, or a nest of them."""
    if not is_nest(value):
        return _read_spec(name, value)
    if isinstance(value, dict):
        return {k: _read_specs(f"{name}.{k}", v) for k, v in value.items()}
    parts = [_read_specs(f"{name}.{k}", v) for k, v in enumerate(value)]
    return parts if isinstance(value, list) else tuple(parts)


def is_nest(value: Any) -> bool:
    """Tell a nest of arguments from one: a bare list of numbers is an array."""
    if isinstance(value, dict):
        return bool(value)
    if not isinstance(value, tuple | list):
        return False
    return any(
        isinstance(v, str | dict | np.ndarray | Spec) or is_nest(v) for v in value
    )


def _read_spec(name: str, value: Any) -> Spec:
    try:
        return spec_of(value)
    except DerivoError as error:
        message = f"{name}: {error}"
        raise type(error)(message) from None


def _wrt(wrt: str | Iterable[str] | None, graph: Graph) -> tuple[str, ...]:
    kinds = {n.attrs["name"]: n.spec.kind for n in graph.inputs}
    if wrt is None:
        return tuple(name for name, kind in kinds.items() if kind == "float")
    asked = (wrt,) if isinstance(wrt, str) else tuple(wrt)
    names = tuple(found for name in asked for found in _below(name, kinds))
    for name in names:
        if kinds.get(name) != "float":
            known = name in kinds
            what = f"holds {kinds[name]} values, as an" if known else "is not an"
            message = (
                f"wrt: {name!r} {what} argument of {graph.name}({', '.join(kinds)})"
            )
            raise UsageError(message)
    return names


def _below(name: str, kinds: Mapping[str, str]) -> tuple[str, ...]:
    """Give the floating arguments below a path in a nest, or the name itself."""
    below = tuple(
        n for n, k in kinds.items() if n.startswith(f"{name}.") and k == "float"
    )
    return below or (name,)


def _is_loss(graph: Graph, wrt: tuple[str, ...]) -> bool:
    """Tell whether the result is one number made from arrays: the end of a chain."""
    arrays = any(n.spec.rank for n in graph.inputs if n.attrs["name"] in wrt)
    return len(graph.outputs) == 1 and not graph.outputs[0].spec.rank and arrays
