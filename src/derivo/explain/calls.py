"""Functions that are called: a call is one operation, the function a subject itself."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from copy import copy
from dataclasses import replace
from typing import Any

import numpy as np

from derivo.differentiate.reverse import differentiate
from derivo.explain.naming import with_deltas, with_names
from derivo.explain.step_bodies import steps_of
from derivo.explain.subject import Function, Subject, outside_loops
from derivo.graph.block import Block, inline
from derivo.graph.dim import evaluate, symbol
from derivo.graph.dim import names as names_of_sizes
from derivo.graph.node import Graph, Node, Why, order
from derivo.graph.op import Op
from derivo.graph.spec import Spec
from derivo.ops.arithmetic import add
from derivo.passes import Passes
from derivo.run.reference import run_graph
from derivo.simplify.driver import simplify_forward
from derivo.simplify.model import Backward, Derived, Facts, Forward, Step
from derivo.trace.arguments.given import Given

INTEGERS = {"int", "pyint"}


class _Called(Op):
    """An operation that runs a function of the user's, or its backward pass."""

    def compute(self, *arrays: Any, dtype: Any = np.float64, **attrs: Any) -> Any:
        """Run the function on arrays."""
        derived: Derived = attrs["derived"]
        sizes, place = dict(attrs["sizes"]), attrs["place"]
        inputs = derived.block.graph.inputs
        if place is None:
            result = derived.block.graph.outputs[attrs["at"]]
            known = dict(zip(inputs, arrays, strict=True))
        else:
            result = derived.gradients[derived.wrt.index(place)]
            known = dict(zip((*derived.seeds, *inputs), arrays, strict=True))
        # An index comes as a number like the others where an adjoint is asked for.
        known = {
            n: np.asarray(a).astype(np.int64) if n.spec.kind in INTEGERS else a
            for n, a in known.items()
        }
        return run_graph([result], known, sizes, dtype)[result]


def _result(*_specs: Spec, derived: Derived, at: int, **_attrs: Any) -> Spec:
    return derived.block.graph.outputs[at].spec


def _handed_back(*_specs: Spec, derived: Derived, place: int, **_attrs: Any) -> Spec:
    return Spec(derived.block.graph.inputs[place].spec.shape, "float")


def _call_latex(attrs: Mapping[str, Any], *specs: Any) -> str:
    block: Block = attrs["derived"].block
    operands = ", ".join(f"{{{k}}}" for k in range(len(specs)))
    which = f"_{{{{{attrs['at'] + 1}}}}}" if len(block.graph.outputs) > 1 else ""
    return f"{_upright(block.graph.name)}{which}({operands})"


def _back_latex(attrs: Mapping[str, Any], *_specs: Any) -> str:
    graph: Graph = attrs["derived"].block.graph
    argument = _upright(graph.inputs[attrs["place"]].attrs["name"])
    given = ["0"] * len(graph.outputs)  # to the other results nothing comes back
    given[attrs["at"]] = "{0}"
    name = _upright(f"{graph.name}_backward")
    return f"{name}_{{{{{argument}}}}}({', '.join(given)})"


def _upright(name: str) -> str:
    """Write a name of the user's in a template of LaTeX."""
    return r"\operatorname{{" + name + "}}"


def _vjp(g: Any, _y: Any, *operands: Any, **attrs: Any) -> tuple[Any, ...]:
    """Hand back what the function's backward pass gives for each argument."""
    derived: Derived = attrs["derived"]
    return tuple(
        called_back(g, *operands, **{**attrs, "place": k}) if k in derived.wrt else None
        for k in range(len(operands))
    )


ATTRS = {"derived": None, "at": 0, "place": None, "sizes": ()}
called_back = _Called(
    "called_back", ("g", "*operands"), _handed_back, latex=_back_latex, attrs=ATTRS,
    traits=frozenset({"as_given"}),
)  # fmt: skip
called = _Called(
    "called", ("*operands",), _result, latex=_call_latex, vjp=_vjp, attrs=ATTRS,
    traits=frozenset({"function", "as_given"}),
)  # fmt: skip


class Calls:
    """Puts operations in the place of calls, in everything that is known of them.

    Parameters
    ----------
    derivation
        Of which functions are called.
    """

    def __init__(self, derivation: Passes) -> None:
        self.derivation = derivation
        self.builder = derivation.forward.builder
        self.wanted: dict[Block, set[int]] = {}
        self._note(derivation.backward.gradients.values())

    def _note(self, roots: Iterable[Node]) -> None:
        """Note which gradients are wanted of each function, at any of its calls."""
        for node in order(roots):
            if "back" in node.op.traits:
                derived: Derived = node.attrs["derived"]
                self.wanted.setdefault(derived.block, set()).update(derived.wrt)
                self._note(derived.gradients)

    def derived(self, block: Block, seeded: tuple[int, ...]) -> Derived:
        """Give the backward pass of a function for what comes back to some results."""
        floating = (
            k for k, n in enumerate(block.graph.inputs)
            if n.spec.kind in ("float", "pyfloat")
        )  # fmt: skip
        wrt = tuple(sorted(self.wanted.get(block) or floating))
        return self.derivation.functions.derived(block, wrt, seeded)

    # --- in the place of calls --------------------------------------------------------

    def instead(self, node: Node, new: Mapping[Node, Node]) -> tuple[Node, ...] | None:
        """Give the results of a call; None for a step of a loop: it is written out."""
        if "back" in node.op.traits:
            return self._handed_back(node, new)
        block: Block = node.attrs["block"]
        if block.step_of is not None:
            return None
        operands = tuple(new[i] for i in node.inputs)
        return tuple(
            self._make(called, operands, block, at, None, node)
            for at in range(len(block.graph.outputs))
        )

    def _handed_back(
        self, node: Node, new: Mapping[Node, Node]
    ) -> tuple[Node, ...] | None:
        derived: Derived = node.attrs["derived"]
        if derived.block.step_of is not None:
            return None
        call, *adjoints = node.inputs
        operands = tuple(new[i] for i in call.inputs)
        found = []
        for place in derived.wrt:
            parts = [
                self._make(called_back, (new[g], *operands), derived.block, at, place,
                           node)
                for at, g in zip(derived.seeded, adjoints, strict=True)
            ]  # fmt: skip
            *others, total = parts  # added in the order in which the chain rule does
            for part in reversed(others):
                total = self.builder.make(add, (total, part))
            found.append(total)
        return tuple(found)

    def _make(
        self, op: Op, operands: tuple[Node, ...], block: Block, at: int,
        place: int | None, node: Node,
    ) -> Node:  # fmt: skip
        known = {
            name for n in block.graph.inputs for d in n.spec.shape
            for name in (() if isinstance(d, int) else names_of_sizes(d))
        }  # fmt: skip
        sizes = tuple((name, symbol(name)) for name in sorted(known))
        derived = self.derived(block, (at,))
        attrs = {"derived": derived, "at": at, "place": place, "sizes": sizes}
        return self.builder.make(op, operands, attrs, node.line, node.group)

    # --- in all that is known ---------------------------------------------------------

    def graph(self, graph: Graph) -> Graph:
        """Give a graph whose calls are operations."""
        new = self.converted((*graph.outputs, *graph.names))
        names = {new[n]: name for n, name in graph.names.items() if n in new}
        return replace(graph, outputs=tuple(new[o] for o in graph.outputs), names=names)

    def converted(self, roots: Iterable[Node]) -> dict[Node, Node]:
        """Give what becomes of nodes; calls themselves become nothing."""
        return inline(roots, self.builder, instead=self.instead)

    def forward(self, forward: Forward) -> Forward:
        """Give a forward pass whose calls are operations."""
        new = self.converted((*forward.known, *_of_steps(forward.steps)))
        return replace(
            forward,
            graph=self.graph(forward.graph),
            known=tuple(dict.fromkeys(new[n] for n in forward.known if n in new)),
            notes={new[n]: note for n, note in forward.notes.items() if n in new},
            steps=tuple(_step(s, new) for s in forward.steps if s.result in new),
        )

    def backward(self, backward: Backward) -> Backward:
        """Give a backward pass whose calls are operations."""
        adjoints, gradients = backward.adjoints, backward.gradients
        new = self.converted(
            (*adjoints, *adjoints.values(), *gradients.values(), *backward.why,
             *_of_steps(backward.steps))
        )  # fmt: skip
        return replace(
            backward,
            gradients={name: new[g] for name, g in gradients.items()},
            adjoints={new[v]: new[a] for v, a in adjoints.items() if v in new},
            why={
                new[n]: _why(w, new) for n, w in backward.why.items()
                if n in new and (w.reader is None or w.reader in new)
            },
            steps=tuple(_step(s, new) for s in backward.steps if s.result in new),
        )  # fmt: skip

    def told(self) -> Passes:
        """Give the derivation as it is told: its calls are operations."""
        told, emitted = copy(self.derivation), self.derivation.emitted
        told.forward = self.forward(told.forward)
        told.backward = self.backward(told.backward)
        new = self.converted((*emitted.lines.values(), *emitted.names))
        lines = {k: new[n] for k, n in emitted.lines.items() if n in new}
        names = {new[n]: name for n, name in emitted.names.items() if n in new}
        told.emitted = replace(emitted, lines=lines, names={**emitted.names, **names})
        return told


def _of_steps(steps: Iterable[Step]) -> list[Node]:
    parts = (n for s in steps for n in (s.result, s.before, s.about))
    return [n for n in parts if n is not None]


def _step(step: Step, new: Mapping[Node, Node]) -> Step:
    before = None if step.before is None else new.get(step.before)
    about = None if step.about is None else new.get(step.about)
    return replace(step, result=new[step.result], before=before, about=about)


def _why(why: Why, new: Mapping[Node, Node]) -> Why:
    reader = None if why.reader is None else new[why.reader]
    upstream = None if why.upstream is None else new.get(why.upstream)
    return replace(
        why, node=new.get(why.node, why.node), reader=reader, upstream=upstream
    )


# --- the functions themselves ---------------------------------------------------------


def functions_of(outer: Subject, calls: Calls) -> tuple[Function, ...]:
    """Give the functions that are called, each once, with the calls of it.

    With numbers, each has those of its first call. One that is called with arrays of
    several shapes is one function still: it has the shapes of its first call.
    """
    found: dict[str, Function] = {}
    todo = [outer]
    numbered = outer.numbered + len(outer.all_factors)
    while todo:
        holder = todo.pop(0)
        for node in calls_in(holder.graph):
            name = block_of(node).graph.name
            if name not in found:
                prefix = f"f{len(found) + 1}-"
                body = _body(node, holder, calls)
                body = replace(body, prefix=prefix, numbered=numbered)
                numbered += len(body.all_factors)
                found[name] = Function(name, body, ())
                todo.append(body)
            known = found[name]
            found[name] = replace(known, calls=(*known.calls, (holder, node)))
    return tuple(found.values())


def calls_in(graph: Graph) -> list[Node]:
    """Give the calls of a graph, one node for each, whichever of its results it is."""
    found: dict[Call, Node] = {}
    for node in graph.nodes():
        call = call_of(node)
        if call is not None:
            found.setdefault(call, node)
    return list(found.values())


def results_of(call: Node, graph: Graph) -> tuple[Node, ...]:
    """Give the results of a call that are read, in their order."""
    found = [n for n in graph.nodes() if call_of(n) == call_of(call)]
    return tuple(sorted(found, key=lambda n: n.attrs["at"]))


Call = tuple[Block, tuple[Node, ...]]  # what is called, and on what


def call_of(node: Node) -> Call | None:
    """Give the call that a value is a result of."""
    return (block_of(node), node.inputs) if node.op is called else None


def call_behind(node: Node) -> Call | None:
    """Give the call that handed a gradient back: for one of its results, or for all."""
    if node.op is called_back:
        return block_of(node), node.inputs[1:]
    calls = {call_behind(i) for i in node.inputs} if node.op is add else {None}
    return calls.pop() if len(calls) == 1 else None


def block_of(call: Node) -> Block:
    """Give the function that a call is of."""
    derived: Derived = call.attrs["derived"]
    return derived.block


def _body(call: Node, holder: Subject, calls: Calls) -> Subject:
    """Make a subject of a function, with the numbers of one call of it."""
    whole, block = calls.derivation, block_of(call)
    shown = simplify_forward(
        block.graph, calls.builder, Facts(nothing=True),
        recognise=whole.functions.simplify, stabilize=False, same_text=False,
    )  # fmt: skip
    derived = calls.derived(block, tuple(range(len(block.graph.outputs))))
    wrt = tuple(block.graph.inputs[k].attrs["name"] for k in derived.wrt)
    graph = calls.graph(shown.graph)
    # What comes back is the same value in the plain chain rule and in the shorter one.
    of = derived.seeds[0].attrs["of"]
    raw = differentiate(graph, wrt, calls.builder, of=of)

    def again() -> Passes:
        raise NotImplementedError

    derivation = Passes(
        whole.function, Given({}), graph, None, calls.forward(derived.forward),
        calls.backward(derived.backward), whole.functions, again,
    )  # fmt: skip
    derivation.emitted = holder.derivation.emitted
    graph, raw = outside_loops(graph, raw)
    graph = replace(graph, names=with_names(derivation, graph))
    raw = replace(raw, forward=graph)
    body = Subject(derivation, graph, raw, {}, {}, divide=steps_of,
                   inner_names=shown.graph.names)  # fmt: skip
    if holder.values:
        names = [n.attrs["name"] for n in block.graph.inputs]
        arrays = {k: holder.values[i] for k, i in zip(names, call.inputs, strict=True)}
        body = replace(body, arrays=arrays, sizes=holder.sizes,
                       upstream=_upstream(call, holder))  # fmt: skip
    return replace(body, symbols=with_deltas(derivation, graph, raw))


def _upstream(call: Node, holder: Subject) -> Any:
    """Give what comes back to the results of a call; zeros where nothing does."""
    adjoints = {
        n.attrs["at"]: holder.raw.adjoints[n]
        for n in results_of(call, holder.graph) if n in holder.raw.adjoints
    }  # fmt: skip
    parts = []
    for at, output in enumerate(block_of(call).graph.outputs):
        shape = tuple(evaluate(d, holder.sizes) for d in output.spec.shape)
        given = holder.values[adjoints[at]] if at in adjoints else 0.0
        parts.append(np.broadcast_to(given, shape)[()])
    return tuple(parts) if len(parts) > 1 else parts[0]
