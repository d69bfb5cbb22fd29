"""The stages in order, and what they give: a forward pass with its backward pass."""

from __future__ import annotations

import traceback
import warnings
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import replace
from functools import cached_property, partial
from pathlib import Path
from types import ModuleType
from typing import Any, Self

import numpy as np

from derivo.differentiate.reverse import differentiate
from derivo.emit.assemble import program
from derivo.emit.numpy import Program, Source, emit
from derivo.errors import (
    AssumptionWarning,
    DerivoError,
    IndependentWarning,
    InternalError,
    NotSupportedError,
    ShapeError,
    TraceError,
    UsageError,
)
from derivo.graph.block import called_in, has_calls
from derivo.graph.builder import Builder
from derivo.graph.dim import Size, evaluate, substituted
from derivo.graph.nest import (
    as_given,
    as_written,
    below,
    gradient_nests,
    nested,
    rebuilt,
)
from derivo.graph.node import Graph, Node, Requirement, Tie, order
from derivo.graph.spec import Spec
from derivo.kept import EVERY, Choice, with_functions
from derivo.ops.leaf import argument
from derivo.run.arguments import (
    adjoint_of_loss,
    adjoints_of_results,
    bind,
    floating_type,
)
from derivo.run.calling import arguments_of, split_upstream, spread
from derivo.run.load import load_text, save_text
from derivo.run.reference import run_graph
from derivo.run.stored import Missing, storable
from derivo.simplify.driver import Functions, simplify_forward
from derivo.simplify.model import Backward, Facts, Forward, Step
from derivo.trace.arguments.attributes import fetch, owner_of
from derivo.trace.arguments.given import Given
from derivo.trace.arguments.specs import shown
from derivo.trace.loops.runs import Rolling
from derivo.trace.memory.owned import left_as_it_was
from derivo.trace.patches.patch import alone
from derivo.trace.running.randomness import generators_as_they_were, refuse_drawn
from derivo.trace.running.users import is_users
from derivo.trace.sizes.ties import TracedAgain, in_spec
from derivo.trace.tracer import Traced, trace
from derivo.trace.values.variable import Variable

# Two draws of a few flags may be the same by chance, so many are not.
DRAWN_AGAIN = 6
Comparison = Callable[[Callable[..., Any], Traced, Forward], tuple[Step, ...]]


class Passes:
    """A forward pass and its backward pass: their source, and what it computes.

    This is what the checks and the explanation work on. A user holds it as a
    `derivo.Derivation`, which can be asked for both.

    Parameters
    ----------
    function
        The user's.
    given
        What is known of its arguments: their specs, and settings.
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
        self, function: Callable[..., Any], given: Given, traced: Graph,
        structure: Any, forward: Forward, backward: Backward, functions: Functions,
        rederive: Callable[..., Self],
    ) -> None:  # fmt: skip
        self.function = function
        self.given = given
        self.traced = traced
        self.outlined = traced  # the same, with the functions that stay as calls
        self.structure = structure
        self.forward = forward
        self.backward = backward
        self.functions = functions
        self._rederive = rederive
        self._warned = False
        self._of_numbers: dict[tuple[int, ...], Self] = {}

    @classmethod
    def of(
        cls, function: Callable[..., Any], specs: Mapping[str, Any] | Given, *,
        wrt: str | Iterable[str] | None = None, simplify: bool = True,
        stabilize: bool = True, assume: Iterable[str] = (),
        keep: str | Iterable[str] = (), inline: str | Iterable[str] = (),
        static: Mapping[str, Any] | None = None,
        compare: Comparison | None = None, flat: Callable[..., Any] | None = None,
    ) -> Self:  # fmt: skip
        """Run the stages, one after the other: see `derivo.derive`.

        Parameters
        ----------
        compare
            Says whether the forward pass is the user's function.
        flat
            The same function in one piece, with names for what others would call in
            their own way: it is taken where all are written out.
        """
        derive = partial(
            cls._of, function=function, specs=specs, wrt=wrt, simplify=simplify,
            stabilize=stabilize, assume=_texts(assume), keep=keep, inline=inline,
            static=static, compare=compare, flat=flat,
        )  # fmt: skip
        rolling = Rolling()
        try:
            return derive(rolling=rolling)
        except Exception:
            if not rolling.met:
                raise
        # The steps of a long loop are not alike: it is written out, and what that says
        # is said of the user's function as it stands.
        return derive(rolling=Rolling(wanted=False))

    @classmethod
    def _of(
        cls, function: Callable[..., Any], specs: Mapping[str, Any] | Given, *,
        wrt: str | Iterable[str] | None, simplify: bool, stabilize: bool,
        assume: tuple[str, ...], keep: str | Iterable[str],
        inline: str | Iterable[str], static: Mapping[str, Any] | None,
        compare: Comparison | None, flat: Callable[..., Any] | None, rolling: Rolling,
    ) -> Self:  # fmt: skip
        """Run the stages, with long loops as loops or written out."""
        if flat is not None and inline == EVERY and not keep:
            function = flat
        if isinstance(specs, Given):
            given = specs
        else:
            given = Given.read(function, specs, static)
        facts = Facts.read(assume)
        choice = Choice.read(keep, inline)
        run, given, builder = _traced_with_ties(function, given, rolling)
        traced, structure = run.graph, run.structure
        facts.check_arguments(traced)
        names = _wrt(wrt, traced, given)
        functions = Functions(builder, simplify, stabilize)
        outlined = with_functions(run, names, functions, facts, choice)
        forward = simplify_forward(
            outlined.graph, builder, facts, recognise=simplify, stabilize=stabilize
        )
        compared = () if compare is None else compare(function, run, forward)
        is_loss = _is_loss(forward.graph, names)
        differentiated = differentiate(
            forward.graph, names, builder, is_loss=is_loss, functions=functions
        )
        backward = functions.shortened(differentiated, forward)
        told = tuple(
            Step(kind, text, forward.graph.outputs[0])
            for kind, text in (
                *(("tie", f"{tie}, for {tie.line.text if tie.line else 'the trace'}")
                  for tie in traced.ties),
                *(("size", str(needed)) for needed in traced.requires),
                *(("write", f"writes into {path}: the caller's array stays as it is")
                  for path in run.written),
                *(("assert", f"not tried: {line.text}") for line in run.asserted),
                *(("function", f"{name} {note}")
                  for name, note in sorted(outlined.notes.items())),
            )
        )  # fmt: skip
        backward = replace(backward, steps=(*told, *compared, *backward.steps))
        for name in backward.independent:
            message = (
                f"the result of {traced.name} does not depend on {name!r}, or only "
                "through operations without a derivative (argmax, floor, "
                "comparisons); its gradient is zero"
            )
            warnings.warn(message, IndependentWarning, stacklevel=4)

        rederive = partial(
            cls.of, function=function, specs=given, wrt=names, simplify=simplify,
            stabilize=stabilize, assume=assume, keep=keep, inline=inline, flat=flat,
        )  # fmt: skip
        made = cls(function, given, traced, structure, forward, backward, functions,
                   rederive)  # fmt: skip
        made.outlined = outlined.graph
        return made

    # --- source -----------------------------------------------------------------------

    @property
    def name(self) -> str:
        """Name of the forward function."""
        return self.traced.name

    @property
    def program(self) -> Program:
        """What is written: every value of both passes in operations that NumPy has."""
        return program(
            self.traced, self.structure, self.forward, self.backward, self.functions,
            notes=(*self.given.notes, *_notes_of_sizes(self.traced)),
        )  # fmt: skip

    @cached_property
    def emitted(self) -> Source:
        """The source, with the value that each line computes."""
        return emit(self.program)

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
        return tuple(gradient_nests(self.traced, self.wanted))

    @property
    def wanted(self) -> tuple[str, ...]:
        """The arrays that gradients are given for: paths, where arguments are nests."""
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
        return save_text(self.source, path, self.emitted.arrays)

    @property
    def graph(self) -> Graph:
        """The forward graph as traced."""
        return self.traced

    @property
    def steps(self) -> tuple[Step, ...]:
        """The derivation as data: each local derivative, product, sum and rewrite."""
        return self.backward.steps

    # --- running ----------------------------------------------------------------------

    def __call__(self, /, *args: Any, **arrays: Any) -> Any:
        """Run the forward pass."""
        values, sizes = self.bind(args, arrays)
        exact = self._exact_for(sizes)
        if exact is None and not all(
            a.holds(values) for a in self.backward.assumptions
        ):
            exact = self.exact  # whose source does not try what only gradients need
        if exact is not None:
            return exact(**nested(self.traced, values))
        with np.errstate(over="ignore", under="ignore"):
            output, _ = self.run_forward(nested(self.traced, values))
        return as_given(self.structure, output)

    def run_forward(self, given: Mapping[str, Any]) -> tuple[Any, Any]:
        """Run the forward pass of the source: the result, and what backward reads.

        `given` are the arguments as the source takes them; long arrays that the
        function closes over are added here.
        """
        function = getattr(self.module, self.name)
        output, saved = function(**given, **self.emitted.arrays)
        return output, saved

    def run_function(self, values: Mapping[str, Any]) -> Any:
        """Run the user's own function on arrays, by the paths of the arguments."""
        return self.given.call(self.function, values)

    def gradients(self, /, *given: Any, **arrays: Any) -> dict[str, Any]:
        """Run both passes and give the gradients by name.

        ``d.gradients(x, w)`` and ``d.gradients(x=x, w=w)`` start from ones;
        ``d.gradients(upstream, x=x, w=w)`` from an adjoint of the result.

        Parameters
        ----------
        *given, **arrays
            The arguments, by position or by name. One array more than there are
            arguments comes first: the adjoint of the result (for several, a tuple or a
            dict as the result is). It can be given as ``upstream=``, too, unless that
            is the name of an argument.

        Raises
        ------
        UsageError
            Arguments that are missing or not known, or given twice.
        ShapeError, DtypeError
            Arrays that do not fit.
        """
        return self.value_and_gradients(*given, **arrays)[1]

    def value_and_gradients(
        self, /, *given: Any, **arrays: Any
    ) -> tuple[Any, dict[str, Any]]:
        """Run both passes and give the result and the gradients by name.

        Takes what `gradients` takes.
        """
        return self._run(*self.bind_with_upstream(given, arrays))

    def bind_with_upstream(
        self, given: Sequence[Any], arrays: Mapping[str, Any]
    ) -> tuple[Any, dict[str, Any], dict[str, int]]:
        """Check what `gradients` was given: the adjoint, the arguments, the sizes."""
        upstream, args, named = split_upstream(self.traced, self.given, given, arrays)
        try:
            values, sizes = self.bind(args, named)
        except ShapeError as error:
            if not given or upstream is None or upstream is not given[0]:
                raise
            # Whoever gives it last has each argument in the place of another.
            taken = getattr(upstream, "shape", None)
            whose = "" if taken is None else f", which has the shape {taken},"
            message = (
                f"{error}. The first value{whose} was taken for the upstream gradient, "
                "for there is one value more than arguments. Instead: give it by name, "
                "upstream=..."
            )
            raise ShapeError(message) from None
        return upstream, values, sizes

    def _run(
        self, upstream: Any, values: dict[str, Any], sizes: dict[str, int]
    ) -> tuple[Any, dict[str, Any]]:
        exact = self._exact_for(sizes) or self._exact_if_needed(values)
        if exact is not None:
            return exact._run(upstream, values, sizes)  # noqa: SLF001  its own kind
        is_loss, factor = self.emitted.is_loss, 1.0
        if is_loss and upstream is not None:
            factor = adjoint_of_loss(upstream)
        given: tuple[Any, ...] = ()
        if not is_loss:
            adjoints = adjoints_of_results(
                self.forward.graph, upstream, floating_type(values), sizes,
                self.structure,
            )  # fmt: skip
            given = (adjoints,)
        run = getattr(self.module, f"{self.name}_{_word(is_loss=is_loss)}")
        with np.errstate(over="ignore", under="ignore"):
            output, saved = self.run_forward(nested(self.traced, values))
            try:
                result = run(saved, *given)
            except ZeroDivisionError:  # Python divides by the number of no elements
                if 0 not in sizes.values():
                    raise
                result = self._of_nothing(values, sizes, given)
        returned = gradient_nests(self.traced, self.wanted)
        parts = result if len(returned) > 1 else (result,) if returned else ()
        if is_loss and upstream is not None:
            parts = tuple(rebuilt(p, lambda d: factor * d) for p in parts)
        gradients = {
            name: as_given(nest, part)
            for (name, nest), part in zip(returned.items(), parts, strict=True)
        }
        return as_given(self.structure, output), gradients

    def _of_nothing(
        self, values: Mapping[str, Any], sizes: Mapping[str, int],
        given: tuple[Any, ...],
    ) -> Any:  # fmt: skip
        """Give gradients where an axis is empty, with NumPy's quotients by 0."""
        seeds = [s for s in self.backward.seeds if s.op is argument]
        adjoints = given[0] if len(seeds) > 1 else given
        known = {n: values[n.attrs["name"]] for n in self.traced.inputs}
        known |= dict(zip(seeds, adjoints, strict=True))
        counts: Any = {name: np.int64(n) for name, n in sizes.items()}
        wanted = self.backward.gradients
        with np.errstate(all="ignore"):
            found = run_graph(wanted.values(), known, counts, floating_type(values))
        of_path = {path: found[n] for path, n in wanted.items()}
        nests = gradient_nests(self.traced, self.wanted).values()
        parts = tuple(as_written(rebuilt(n, of_path.__getitem__)) for n in nests)
        return parts if len(parts) > 1 else parts[0]

    def _attributes(self, given: Mapping[str, Any]) -> dict[str, Any]:
        """Read the attributes of the method's object, those that are not given."""
        nests, owner = dict(self.traced.signature), owner_of(self.function)
        tops = {name.partition(".")[0] for name in given}
        found: dict[str, Any] = {}
        for way in self.given.attributes:
            if way.partition(".")[0] not in tops:
                value = fetch(owner, way)
                found |= spread(self.name, way, below(nests, way), value)
        return found

    def by_path(self, gradients: Mapping[str, Any]) -> dict[str, Any]:
        """Give each gradient by the way to it in its nest, such as ``blocks.0.w``."""
        return {
            path: array
            for name, nest in gradient_nests(self.traced, self.wanted).items()
            for path, array in spread(self.name, name, nest, gradients[name])
        }

    def named(self, arrays: Mapping[str, Any]) -> dict[str, Any]:
        """Give arrays by path, from arguments by name; attributes are read."""
        _, given = arguments_of(self.traced, self.given, (), arrays)
        return {**self._attributes(given), **given}

    def bind(
        self, args: tuple[Any, ...], arrays: Mapping[str, Any]
    ) -> tuple[dict[str, Any], dict[str, int]]:
        """Check arguments against the specs; give them as arrays, and the sizes.

        Arrays of a nest go by their paths: ``blocks.0.w``.
        """
        args, arrays = arguments_of(self.traced, self.given, args, arrays)
        arrays = {**self._attributes(arrays), **arrays}
        return bind(self.traced, args, arrays)

    def _exact_for(self, sizes: Mapping[str, int]) -> Self | None:
        """Give the same derived for numbers, if the names do not stand for these.

        An axis may be shorter than a slice by names supposes, or empty.
        """
        if not any(
            isinstance(d, Size) for n in self.traced.inputs for d in n.spec.shape
        ):
            return None  # derived for numbers already
        if all(r.holds(sizes) for r in self.traced.requires) and (
            0 not in sizes.values() or self._is_empty_well(sizes)
        ):
            return None
        numbers = tuple(sizes.values())
        if numbers not in self._of_numbers:
            of_numbers = [
                Spec(tuple(evaluate(d, sizes) for d in n.spec.shape), n.spec.kind)
                for n in self.traced.inputs
            ]
            specs = {
                name: rebuilt(nest, of_numbers.__getitem__)
                for name, nest in self.traced.signature
            }
            given = replace(self.given, specs=specs)
            # Stable spellings look for the largest element, and of none there is none.
            plain = {"simplify": False, "stabilize": False} if 0 in numbers else {}
            self._of_numbers[numbers] = self._rederive(specs=given, **plain)
        return self._of_numbers[numbers]

    def holding(
        self, sizes: Mapping[str, int], values: Mapping[str, Any] | None = None
    ) -> Self:
        """Give the derivation that holds for these sizes, and arguments if given.

        Itself, unless it takes for granted what is not so.
        """
        exact = self._exact_for(sizes)
        if exact is None and values is not None:
            exact = self._exact_if_needed(values)
        return self if exact is None else exact

    def _is_empty_well(self, sizes: Mapping[str, int]) -> bool:
        """Tell whether every size is one, for names some of which are 0.

        A name is taken to stand for one element at least: ``x[:1]`` for a part of size
        1. So no view has fewer empty axes than its operand, and what is computed by way
        of the largest element has one.
        """
        nodes = (*self.forward.graph.nodes(), *order(self.backward.gradients.values()))
        dims = {d for n in nodes for d in n.spec.shape if isinstance(d, Size)}
        if any(evaluate(d, sizes) < 0 for d in dims):
            return False

        def empty_axes(node: Node) -> int:
            return sum(evaluate(d, sizes) == 0 for d in node.spec.shape)

        return not any(
            n.op.lower is not None
            or ("view" in n.op.traits and empty_axes(n) < empty_axes(n.inputs[0]))
            for n in nodes
            if any(map(empty_axes, n.inputs))
        )

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

    @cached_property
    def with_plain_steps(self) -> Self:
        """The same with those functions written out that steps of loops call.

        Itself if they call none. This is what is explained: a step is told as a whole.
        """
        nodes = self.forward.graph.nodes()
        inside = called_in(nodes, steps=True)
        if not inside:
            return self
        others = called_in(nodes, steps=False) - inside
        return self._rederive(keep=tuple(others), inline=tuple(inside))

    def part(self, graph: Graph, forward: Forward, backward: Backward) -> Self:
        """Give a part of it, such as a function that it calls: of the same source."""
        made = type(self)(self.function, self.given, graph, None, forward, backward,
                          self.functions, _not_again)  # fmt: skip
        kept = self.emitted.functions.get(graph.name, {})
        made.emitted = replace(self.emitted, readers=kept)
        return made

    # --- copies -----------------------------------------------------------------------

    def __deepcopy__(self, _memo: Any) -> Self:
        """Give the derivation itself: nothing in it changes."""
        return self

    def __getstate__(self) -> dict[str, Any]:
        """Give what a pickle holds: all but the loaded module.

        A function that cannot be pickled is left out; then what would have to be
        derived from it later is derived now.
        """
        emitted = self.emitted  # written before it is stored: what is read stays so
        function = storable(self.function)
        fixed = [storable(value) for value in self.given.fixed.values()]
        is_whole = not any(isinstance(part, Missing) for part in (function, *fixed))
        if not is_whole:
            _ = (
                self.written_out,
                self.with_plain_steps,
                self.backward.assumptions and self.exact,
            )
        # Nodes in order: each finds its operands stored, however long the chain is.
        nodes = sorted(self.forward.builder.known.values(), key=lambda n: n.index)
        kept = {k: v for k, v in vars(self).items() if k != "module"}
        kept["_of_numbers"] = {}
        rederive = self._rederive if is_whole else Missing(self.function)
        # What is only kept to save time is left out.
        functions = replace(self.functions, solved={})
        changed = {"function": function, "_rederive": rederive, "emitted": emitted,
                   "functions": functions}  # fmt: skip
        return {"nodes in order": nodes, **kept, **changed}

    def __setstate__(self, state: dict[str, Any]) -> None:
        """Take back what `__getstate__` gave."""
        vars(self).update({k: v for k, v in state.items() if k != "nodes in order"})

    def __repr__(self) -> str:
        """Show the call, and how to see the source."""
        given = ", ".join(f"{n.attrs['name']}: {n.spec}" for n in self.traced.inputs)
        return f"<derivation of {self.name}({given}): print(d.source)>"


def _not_again(**_options: Any) -> Any:
    message = "a part of a function is not derived again"
    raise InternalError(message)


def _notes_of_sizes(graph: Graph) -> tuple[str, ...]:
    """Give what the source says of named sizes."""
    known = (*graph.ties, *graph.requires)
    return (f"For sizes with {', '.join(map(str, known))}.",) if known else ()


def _traced_with_ties(
    function: Callable[..., Any], given: Given, rolling: Rolling
) -> tuple[Traced, Given, Builder]:
    """Trace, and once more for each thing that turns out to be otherwise.

    A named size is another; or a traced value picks from an array; or loops that are
    written out make many steps.
    """
    requires: tuple[Requirement, ...] = ()
    ties: tuple[Tie, ...] = ()
    opens = False
    while True:
        builder = Builder()
        try:
            run = _traced_undone(function, given, builder, rolling, opens=opens)
        except TracedAgain as again:
            opens |= again.opens
            tying = again.tying
            tied = {k: rebuilt(v, partial(in_spec, tying=tying))
                    for k, v in given.specs.items()}  # fmt: skip
            given = replace(given, specs=tied)
            ties = tuple(replace(t, dim=substituted(t.dim, tying)) for t in ties)
            ties, requires = (*ties, *again.ties), (*requires, *again.requires)
        else:
            if rolling.has_more():
                continue
            requires = (*requires, *run.graph.requires)
            graph = replace(run.graph, requires=requires, ties=ties)
            return replace(run, graph=graph), given, builder


def _traced_undone(
    function: Callable[..., Any],
    given: Given,
    builder: Builder,
    rolling: Rolling,
    *,
    opens: bool,
) -> Traced:
    """Trace, and leave what the function can write to as it was."""
    with (
        alone(),
        left_as_it_was(function) as reached,
        generators_as_they_were(reached) as generators,
    ):
        run = _traced(function, given, builder, rolling, opens=opens)
        if run.makes_generators or generators.have_moved():
            for _ in range(DRAWN_AGAIN):
                again = _traced(function, given, Builder(), rolling, opens=opens)
                refuse_drawn(run.graph.name, run.graph, again.graph)
    return run


def _traced(
    function: Callable[..., Any],
    given: Given,
    builder: Builder,
    rolling: Rolling,
    *,
    opens: bool,
) -> Traced:
    """Trace, and tell what ends a program as an error of the user's function."""
    name = getattr(function, "__name__", repr(function))
    try:
        run = trace(function, given, builder, opens=opens, rolling=rolling)
    except RecursionError:
        message = f"{name} calls itself, or others, too deep: is there an end to it?"
        raise TraceError(message) from None
    except SystemExit:
        message = f"{name} ends the program (sys.exit) instead of giving a result"
        raise TraceError(message) from None
    except (TraceError, NotSupportedError) as error:
        _tell_of_tuples(error, given)
        raise
    except DerivoError:
        raise
    except KeyError as error:
        if not any(isinstance(key, Variable) for key in error.args):
            raise
        message = (
            f"a dict is looked up by a traced value{_users_line(error)}\n  Instead: "
            "put the parts into an array, np.stack(parts)[i], or give the key as a "
            "setting"
        )
        raise TraceError(message) from None
    except (AttributeError, TypeError) as error:
        # What the stand-in for an array cannot do; errors of the user's own go through.
        if not _is_ours(error) and "Variable" not in str(error):
            _tell_of_settings(error, given)
            raise
        message = (
            f"{error}{_users_line(error)}\n  Instead: use NumPy's functions for it"
        )
        raise TraceError(message) from None
    graph = run.graph
    foreign = [n for n in graph.nodes() if n.op is argument and n not in graph.inputs]
    if foreign:
        message = (
            f"{name} reads a value that was kept from another derivation, of its "
            f"argument {foreign[0].attrs['name']!r}: keep arrays, or return the value"
        )
        raise TraceError(message)
    return run


def _tell_of_tuples(error: DerivoError, given: Given) -> None:
    """Add to an error that a tuple of numbers is a shape, not a setting."""
    told = "; ".join(
        f"{name}={value} is a shape, and as a setting static={{{name!r}: {value}}}"
        for name, value in given.tuples.items()
    )
    if told:
        error.args = (f"{error}\n  Note: {told}",)


def _tell_of_settings(error: Exception, given: Given) -> None:
    """Say so where a number or None was taken for a setting, and used as an array.

    Raises
    ------
    UsageError
        The user's code fails on a value of the kind of a setting.
    """
    for name, value in given.settings.items():
        if f"'{type(value).__name__}'" not in str(error) or callable(value):
            continue
        meant = "'N M'" if value is None else f"'{value}'"
        message = (
            f"{error}{_users_line(error)}\n  {name}={shown(value)} is a setting. "
            f"Instead: for an array give a shape, such as {name}={meant}, or an example"
        )
        raise UsageError(message) from None


def _is_ours(error: BaseException) -> bool:
    """Tell whether an error comes from derivo's own code, or from what it was asked."""
    last = traceback.extract_tb(error.__traceback__)[-1]
    return Path(last.filename).is_relative_to(Path(__file__).parent)


def _users_line(error: BaseException) -> str:
    """Write the innermost line of the user's, as Python's tracebacks do."""
    frames = [
        f for f in traceback.extract_tb(error.__traceback__) if is_users(f.filename)
    ]
    if not frames:
        return ""
    last = frames[-1]
    return (
        f'\n  File "{last.filename}", line {last.lineno}, in {last.name}: {last.line}'
    )


def _texts(assume: Any) -> tuple[str, ...]:
    """Give facts in a tuple.

    Raises
    ------
    UsageError
        Something else than texts.
    """
    if isinstance(assume, str):
        return (assume,)
    several = tuple(assume) if isinstance(assume, Iterable) else (assume,)
    if not all(isinstance(text, str) for text in several):
        message = f"assume: {assume!r} is no fact; write it as text: 't sums to 1'"
        raise UsageError(message)
    return several


def _wrt(wrt: Any, graph: Graph, given: Given) -> tuple[str, ...]:
    kinds = {n.attrs["name"]: n.spec.kind for n in graph.inputs}
    if wrt is None:
        return tuple(name for name, kind in kinds.items() if kind == "float")
    if isinstance(wrt, str):
        asked: tuple[Any, ...] = (wrt,)
    else:
        asked = tuple(wrt) if isinstance(wrt, Iterable) else (wrt,)
    if not all(isinstance(name, str) for name in asked):
        message = (
            f"wrt={wrt!r}: arguments are named, as wrt={next(iter(kinds), 'x')!r}, or "
            "several of them in a tuple"
        )
        raise UsageError(message)
    floating = "float" in kinds.values()  # without one there is nothing to name
    if (not asked and floating) or len(set(asked)) < len(asked):
        what = "names an argument twice" if asked else "names no argument"
        message = (
            f"wrt: {wrt!r} {what}; name one or several of {', '.join(kinds)}, or leave "
            "it out for all floating ones"
        )
        raise UsageError(message)
    names = tuple(found for name in asked for found in _below(name, kinds))
    for name in names:
        if name in given.fixed or name in given.told:
            value = given.told.get(name) or shown(given.fixed[name])
            message = (
                f"wrt: {name!r} is a setting, {value}. To differentiate for it give it "
                f"a shape ({name}='' for one number) or a floating number, 3.0 for 3"
            )
            raise UsageError(message)
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


def _word(*, is_loss: bool) -> str:
    """Give the last word of the name of the backward function that is run."""
    return "gradient" if is_loss else "backward"


def _is_loss(graph: Graph, wrt: tuple[str, ...]) -> bool:
    """Tell whether the result is one number made from arrays: the end of a chain."""
    arrays = any(n.spec.rank for n in graph.inputs if n.attrs["name"] in wrt)
    return len(graph.outputs) == 1 and not graph.outputs[0].spec.rank and arrays
