"""Calls as they are told: each result of a call is a value, of one operation."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from copy import copy
from dataclasses import replace
from typing import Any, TypeVar

import numpy as np

from derivo.differentiate.reverse import Differentiated
from derivo.graph.block import Block, inline
from derivo.graph.builder import Builder
from derivo.graph.dim import names as names_of_sizes
from derivo.graph.dim import symbol
from derivo.graph.node import Graph, Node
from derivo.graph.op import Op
from derivo.graph.spec import Spec
from derivo.ops.call import result
from derivo.passes import Passes
from derivo.run.reference import run_graph
from derivo.simplify.model import Backward, Derived, Step

P = TypeVar("P", Backward, Differentiated)


class _Called(Op):
    """Runs a function of the user's, a `Block`, or its backward pass, a `Derived`."""

    def compute(self, *arrays: Any, dtype: Any = np.float64, **attrs: Any) -> Any:
        """Run the function on arrays."""
        inputs, wanted = _ends(attrs["of"], attrs["at"])
        known = dict(zip(inputs, arrays, strict=True))
        return run_graph([wanted], known, dict(attrs["sizes"]), dtype)[wanted]


def _ends(of: Block | Derived, at: int) -> tuple[tuple[Node, ...], Node]:
    """Give what a function, or its backward pass, is run on, and what it gives."""
    if isinstance(of, Block):
        return of.graph.inputs, of.graph.outputs[at]
    return (*of.seeds, *of.graph.inputs), of.gradients[at]


def _spec(*_operands: Spec, of: Block | Derived, at: int, sizes: Any) -> Spec:
    del sizes
    return _ends(of, at)[1].spec


def _call_latex(attrs: Mapping[str, Any], *operands: Any) -> str:
    graph: Graph = attrs["of"].graph
    which = f"_{{{{{attrs['at'] + 1}}}}}" if len(graph.outputs) > 1 else ""
    listed = ", ".join(f"{{{k}}}" for k in range(len(operands)))
    return f"{_upright(graph.name)}{which}({listed})"


def _back_latex(attrs: Mapping[str, Any], *_operands: Any) -> str:
    derived: Derived = attrs["of"]
    graph = derived.block.graph
    argument = _upright(graph.inputs[derived.wrt[attrs["at"]]].attrs["name"])
    given = ["0"] * len(graph.outputs)  # to the other results nothing comes back
    for k, place in enumerate(derived.seeded):
        given[place] = f"{{{k}}}"
    name = _upright(f"{graph.name}_backward")
    return f"{name}_{{{{{argument}}}}}({', '.join(given)})"


def _upright(name: str) -> str:
    """Write a name of the user's in a template of LaTeX."""
    return r"\operatorname{{" + name + "}}"


ATTRS = {"of": None, "at": 0, "sizes": ()}
called = _Called(
    "called", ("*operands",), _spec, latex=_call_latex, attrs=ATTRS,
    traits=frozenset({"function", "as_given"}),
)  # fmt: skip
called_back = _Called(
    "called_back", ("*operands",), _spec, latex=_back_latex, attrs=ATTRS,
    traits=frozenset({"as_given"}),
)  # fmt: skip


# --- in the place of calls ------------------------------------------------------------


def with_steps(graph: Graph, builder: Builder) -> Graph:
    """Write out the steps of loops over lists; calls of functions stay."""

    def as_it_is(node: Node, new: Mapping[Node, Node]) -> tuple[Node, ...] | None:
        block: Block = node.attrs["block"]
        if block.step_of is not None:
            return None
        same = builder.remake(node, tuple(new[i] for i in node.inputs))
        return tuple(
            builder.make(result, (same,), {"at": k, "spec": n.spec})
            for k, n in enumerate(block.graph.outputs)
        )

    roots = (*graph.outputs, *graph.names)
    return _graph(graph, inline(roots, builder, instead=as_it_is))


def with_calls(
    derivation: Passes, raw: Differentiated
) -> tuple[Passes, Differentiated]:
    """Give a derivation, and the chain rule as it stands, with calls as operations."""
    told, builder = copy(derivation), derivation.forward.builder
    shapes = (d for n in told.traced.inputs for d in n.spec.shape)
    known = dict.fromkeys(name for d in shapes for name in names_of_sizes(d))
    sizes = tuple((name, symbol(name)) for name in known)
    results: dict[Node, tuple[Node, ...]] = {}
    # What hands back for all results of a call together stands at the first of them.
    leading: dict[Node, Node] = {}

    def instead(node: Node, new: Mapping[Node, Node]) -> tuple[Node, ...] | None:
        derived: Derived | None = node.attrs.get("derived")
        block: Block = node.attrs["block"] if derived is None else derived.block
        if block.step_of is not None:
            return None

        def made(op: Op, inputs: tuple[Node, ...], count: int) -> tuple[Node, ...]:
            operands, place = tuple(new[i] for i in inputs), (node.line, node.group)
            of = derived or block
            attrs = ({"of": of, "at": k, "sizes": sizes} for k in range(count))
            return tuple(builder.make(op, operands, a, *place) for a in attrs)

        if derived is None:
            results[node] = made(called, node.inputs, len(block.graph.outputs))
            return results[node]
        call, *adjoints = node.inputs
        leading[call] = results[call][derived.seeded[0]]
        return made(called_back, (*adjoints, *call.inputs), len(derived.wrt))

    forward, backward, emitted = told.forward, told.backward, told.emitted
    graphs = (told.traced, forward.graph, raw.forward)
    new = inline(
        (*forward.known, *emitted.lines.values(), *emitted.names,
         *emitted.written, *emitted.written.values(),
         *(n for g in graphs for n in (*g.outputs, *g.names)),
         *(n for s in (*forward.steps, *backward.steps)
           for n in (s.result, s.before, s.about) if n is not None),
         *(n for p in (backward, raw) for n in (*p.why, *p.gradients.values(),
                                                *p.adjoints, *p.adjoints.values()))),
        builder, instead=instead,
    )  # fmt: skip
    told.traced = _graph(told.traced, new)
    told.forward = replace(
        forward,
        graph=_graph(forward.graph, new),
        known=tuple(dict.fromkeys(new[n] for n in forward.known if n in new)),
        notes=_keys(forward.notes, new),
        steps=_steps(forward.steps, new),
    )
    readers = new | leading
    told.backward = replace(
        _passed(backward, readers), steps=_steps(backward.steps, new)
    )
    told.emitted = replace(
        emitted,
        lines={k: new[n] for k, n in emitted.lines.items() if n in new},
        written={
            new[n]: new[w] for n, w in emitted.written.items() if n in new and w in new
        },
        names={**emitted.names, **_keys(emitted.names, new)},
    )
    raw = replace(_passed(raw, new | leading), forward=_graph(raw.forward, new))
    return told, raw


def _graph(graph: Graph, new: Mapping[Node, Node]) -> Graph:
    outputs = tuple(new[n] for n in graph.outputs)
    return replace(graph, outputs=outputs, names=_keys(graph.names, new))


def _keys(found: Mapping[Node, str], new: Mapping[Node, Node]) -> dict[Node, str]:
    return {new[n]: text for n, text in found.items() if n in new}


def _steps(steps: Iterable[Step], new: Mapping[Node, Node]) -> tuple[Step, ...]:
    return tuple(
        replace(s, result=new[s.result], before=s.before and new.get(s.before),
                about=s.about and new.get(s.about))
        for s in steps if s.result in new
    )  # fmt: skip


def _passed(passed: P, new: Mapping[Node, Node]) -> P:
    """Give what came about backward, with operations in the place of calls."""
    why = {
        new[n]: replace(
            w, node=new.get(w.node, w.node), reader=w.reader and new[w.reader],
            upstream=w.upstream and new.get(w.upstream),
        )
        for n, w in passed.why.items()
        if n in new and (w.reader is None or w.reader in new)
    }  # fmt: skip
    return replace(
        passed,
        gradients={name: new[g] for name, g in passed.gradients.items()},
        adjoints={new[v]: new[a] for v, a in passed.adjoints.items() if v in new},
        why=why,
    )


# --- what a value of a call is --------------------------------------------------------

Call = tuple[Block, tuple[Node, ...]]  # what is called, and on what


def block_of(call: Node) -> Block:
    """Give the function that a call is of."""
    block: Block = call.attrs["of"]
    return block


def call_of(node: Node) -> Call | None:
    """Give the call that a value is a result of."""
    return (block_of(node), node.inputs) if node.op is called else None


def call_behind(node: Node) -> Call | None:
    """Give the call that hands a gradient back."""
    if node.op is not called_back:
        return None
    derived: Derived = node.attrs["of"]
    return derived.block, node.inputs[len(derived.seeds) :]


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
