"""Values on the way that are known to be right, with how they are computed."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from typing import Any

import numpy as np

from derivo.graph.nest import is_nest, nested
from derivo.passes import Passes
from derivo.verify.check import active
from derivo.verify.draw import Inputs
from derivo.verify.evaluation import Evaluation
from derivo.verify.mend import Known
from derivo.verify.paths import Paths
from derivo.verify.probe import probed, statements


def known_values(
    derivations: tuple[Passes, ...], evaluation: Evaluation, inputs: Inputs,
    upstream: tuple[Any, ...],
) -> tuple[Known, ...]:  # fmt: skip
    """Give every value of the forward pass and every adjoint, as the source has them.

    The order is the same for all inputs.
    """
    found: list[Known] = []
    for derivation in reversed(derivations):
        found += _of_source(derivation, inputs, upstream)
    raw = derivations[0]
    names = raw.traced.names
    for node in evaluation.nodes:
        if node.spec.rank or node in names:
            name = names.get(node, node.op.name)
            found.append(Known(name, "", np.asarray(evaluation[node])))
    if any("loop" in n.op.traits for n in evaluation.nodes):
        return tuple(found)
    paths = Paths(evaluation, raw.traced.outputs, upstream, active(raw, evaluation))
    right = paths.adjoints()
    for node in evaluation.nodes:
        if node in right:
            name = names.get(node, node.op.name)
            found.append(Known(f"the adjoint of {name}", "", np.asarray(right[node])))
            if node.op.vjp is not None and node.inputs and node in paths.active:
                found += [
                    Known(f"the part of {names.get(e.node, e.node.op.name)}'s adjoint "
                          f"through {node.op.name}", "", np.asarray(part))
                    for e, part in paths.parts(node, right[node])
                ]  # fmt: skip
    return tuple(found)


def _of_source(
    derivation: Passes, inputs: Inputs, upstream: tuple[Any, ...]
) -> Iterator[Known]:
    """Run the emitted text, and give what each of its lines computes."""
    name, module = derivation.name, derivation.module
    arrays, _ = derivation.bind((), inputs.arrays)
    _, saved = derivation.run_forward(nested(derivation.traced, arrays))
    if derivation.emitted.is_loss:
        arguments: dict[str, Any] = {"saved": saved}
        function = getattr(module, f"{name}_gradient")
    else:
        function = getattr(module, f"{name}_backward")
        seed = list(function.__code__.co_varnames[:2])[1]
        arguments = {
            "saved": saved,
            seed: upstream if len(upstream) > 1 else upstream[0][()],
        }
    watched = probed(function)
    if watched is None:
        return
    _, seen = watched.run(arguments)
    texts = [ast.unparse(s) for s in statements(watched.tree)]
    around = {**watched.seen_by_name(arguments), **arguments}
    for place in watched.places:
        values = seen.get(place.number, [])
        if not values or is_nest(values[-1]):
            continue  # a list of gradients: its parts are values of their own
        value = np.asarray(values[-1])
        if value.dtype.kind in "fi":
            factor = float(upstream[0]) if derivation.emitted.is_loss else 1.0
            is_adjoint = place.name.startswith("d_") or not place.name
            yield Known(place.name or "the gradient", texts[place.statement],
                        value * factor if is_adjoint else value, around)  # fmt: skip
