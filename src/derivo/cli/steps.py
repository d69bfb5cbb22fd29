"""The derivation in words: each adjoint, the rule it comes from, and the reason."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

import numpy as np

from derivo.cli.formulas import formula
from derivo.derivation import Derivation
from derivo.differentiate.reverse import Differentiated, differentiate
from derivo.graph.builder import Builder
from derivo.graph.node import Node, Why
from derivo.ops.leaf import argument
from derivo.simplify.model import Step
from derivo.trace.recorder import Recorder

LONGEST = 60
Line = tuple[str, str]


def explain(derivation: Derivation) -> list[Line]:
    """Give the derivation as pairs of a formula and the reason for it.

    First what was recognised, then the chain rule from the result backwards, then how
    the gradients became shorter.
    """
    backward = derivation.backward
    seeds = backward.seeds
    raw = differentiate(
        derivation.forward.graph, derivation.wrt, derivation.forward.builder,
        is_loss=bool(seeds) and seeds[0].op is not argument,
    )  # fmt: skip
    values = {**derivation.traced.names, **derivation.forward.graph.names}
    names = _adjoint_names(raw, values)
    rewrites = [s for s in backward.steps if s.kind == "rewrite"]
    known = set(derivation.forward.steps)
    lines = [_recognised(s, values) for s in rewrites if s in known]
    lines += _chain(raw, values, names)
    named = [(v, a) for v, a in backward.adjoints.items() if v in values]
    final = {adjoint: value for value, adjoint in reversed(named)}
    shorter = [_shortened(s, final, values, names) for s in rewrites if s not in known]
    seen = {*names.values(), *(_right(left) for left, _ in lines)}
    return lines + [line for line in shorter if _right(line[0]) not in seen]


def _right(equation: str) -> str:
    return equation.split(" = ", 1)[-1]


def _value_name(node: Node, values: Mapping[Node, str]) -> str:
    return values.get(node) or f"({formula(node, values)})"


def _adjoint_names(raw: Differentiated, values: Mapping[Node, str]) -> dict[Node, str]:
    """Name adjoints after their values; the first value that has one gives the name."""
    names = {s: s.attrs["name"] for s in raw.seeds if s.op is argument}
    given = set(names.values())
    for value, adjoint in raw.adjoints.items():
        if value in values and (adjoint.inputs or adjoint.op is argument):
            name = f"d_{values[value]}"
            # What is given for a result may still get more added to it.
            names.setdefault(adjoint, f"{name}_2" if name in given else name)
    return {**values, **names}


def _recognised(step: Step, values: Mapping[Node, str]) -> Line:
    assert step.before is not None  # noqa: S101  a rewrite has two sides
    old, new = formula(step.before, values), formula(step.result, values)
    name = values.get(step.before, values.get(step.result, ""))
    word = step.rule.removeprefix("recognised as ")
    what = step.rule if f"{word}(" in new else "the same, so that nothing overflows"
    return (f"{name} = {new}" if name else new), f"{what}: {old}"


def _chain(
    raw: Differentiated, values: Mapping[Node, str], names: Mapping[Node, str]
) -> Iterator[Line]:
    written: dict[Node, str] = {}
    # Nodes are numbered as they are made: in this order, what is read is there already.
    for value, adjoint in sorted(raw.adjoints.items(), key=lambda item: item[1].index):
        if value not in values or adjoint in raw.seeds:
            continue
        left = names.get(adjoint, f"d_{values[value]}")
        if adjoint in written:
            left = f"d_{values[value]}"
            yield f"{left} = {written[adjoint]}", _passed(value, raw, values)
            continue
        written[adjoint] = left
        why = raw.why.get(adjoint)
        yield f"{left} = {formula(adjoint, names)}", _reason(why, value, values)


def _passed(value: Node, raw: Differentiated, values: Mapping[Node, str]) -> str:
    """Say through which value an adjoint came unchanged."""
    readers = [n for n in raw.adjoints if value in n.inputs]
    if not readers:
        return "the same"
    return f"{_equation(readers[0], values)} passes it on: the derivative is 1"


def _equation(node: Node, values: Mapping[Node, str]) -> str:
    text = formula(node, values)
    return f"{values[node]} = {text}" if node in values else text


def _reason(why: Why | None, value: Node, values: Mapping[Node, str]) -> str:
    if why is None:
        return ""
    name = _value_name(why.node, values)
    if why.kind == "fan-out":
        return f"{name} is read more than once: add its adjoints"
    if why.kind == "steps" or why.reader is None:
        return f"{name} is used at every step of the loop: add up"
    if why.kind == "broadcast":
        copied = _equation(why.reader, values)
        return f"{copied} copied {name}: add up over the copies"
    return _product(why, why.reader, value, values)


def _product(why: Why, reader: Node, value: Node, values: Mapping[Node, str]) -> str:
    """Name the local derivative that the upstream adjoint is multiplied by."""
    name, equation = _value_name(why.node, values), _equation(reader, values)
    local = _local(why, values)
    through = values.get(reader, "")
    if not local or not through or why.node is not value:
        return f"chain rule through {equation}"
    return f"chain rule: d{through}/d{name} = {local}"


def _local(why: Why, values: Mapping[Node, str]) -> str:
    """Write the local derivative of an element-wise operation: its rule for g = 1."""
    reader = why.reader
    assert reader is not None  # noqa: S101  asked for by the caller
    if "elementwise" not in reader.op.traits or reader.op.vjp is None:
        return ""
    builder = Builder()
    recorder = Recorder(builder)
    names: dict[Node, str] = {}
    variables = []
    for node in (reader, *reader.inputs):
        name = _value_name(node, values)
        made = builder.make(argument, (), {"name": name, "spec": node.spec})
        names[made] = name
        variables.append(recorder.wrap(made))
    attrs = dict(reader.attrs)
    adjoint = reader.op.vjp(np.float64(1.0), *variables, **attrs)[why.position]
    if adjoint is None:
        return ""
    text = formula(recorder.lift(adjoint), names)
    text = text.removeprefix("1.0 * ")
    if text in names.values():
        text = text.removeprefix("(").removesuffix(")")
    return text if len(text) <= LONGEST else ""


def _shortened(
    step: Step, final: Mapping[Node, Node], values: Mapping[Node, str],
    names: Mapping[Node, str],
) -> Line:  # fmt: skip
    node = step.about if step.about in values else final.get(step.result)
    about = values.get(node) if node is not None else None
    text = formula(step.result, names)
    left = f"d_{about} = {text}" if about else text
    reason = step.rule
    if step.assumption and step.assumption not in reason:
        reason += f" (holds where {step.assumption})"
    return left, f"shorter: {reason}"
