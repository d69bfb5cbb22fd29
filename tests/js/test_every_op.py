"""Every operation has JavaScript that computes what NumPy does, or says why not."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from derivo.differentiate.reverse import differentiate
from derivo.emit.js.program import Backward, asset, runtime, script, why_not
from derivo.errors import NotSupportedError
from derivo.graph.builder import Builder
from derivo.graph.element import Unscripted
from derivo.graph.node import Graph, Node, order
from derivo.graph.op import Op
from derivo.graph.spec import spec_of
from derivo.ops import CATALOGUE
from derivo.ops.leaf import argument
from derivo.run.reference import run_graph
from derivo.trace.recorder import Recorder
from tests.js import node
from tests.js.test_programs import close
from tests.ops.test_every_op import drawn, is_real

OPS = [op for op in CATALOGUE.values() if not {"loop", "item", "leaf"} & op.traits]
WRITTEN = [op for op in OPS if not isinstance(op.js, Unscripted)]
pytestmark = pytest.mark.skipif(node.NODE is None, reason=node.MISSING)


def graph_of(op: Op) -> tuple[Graph, Builder, dict[str, Any]]:
    """Make a graph of one operation on its samples."""
    arrays, attrs = drawn(op)
    builder = Builder()
    recorder = Recorder(builder)
    names = [f"x{k}" for k in range(len(arrays))]
    inputs = []
    for name, value in zip(names, arrays, strict=True):
        inputs.append(
            builder.make(argument, (), {"name": name, "spec": spec_of(value)})
        )
    if op.inputs or attrs:
        result = recorder.lift(
            recorder.record(op, tuple(map(recorder.wrap, inputs)), attrs)
        )
    else:
        result = builder.make(op, (), attrs)
    named = dict(zip(inputs, names, strict=True))
    return (
        Graph(op.name, tuple(inputs), (result,), named),
        builder,
        dict(zip(names, arrays, strict=True)),
    )


def _with_a_rule(graph: Graph, names: tuple[str, ...]) -> tuple[str, ...]:
    """Leave out the operands whose derivative is not known."""
    kept = []
    for name in names:
        try:
            differentiate(graph, (name,), Builder())
        except NotSupportedError:
            continue
        kept.append(name)
    return tuple(kept)


def prepared(op: Op) -> tuple[Any, dict[Node, Any], Any]:
    """Give the script of an operation and its rule, values, and what Node is given."""
    graph, builder, arrays = graph_of(op)
    wanted = tuple(n for n, a in arrays.items() if is_real(a))
    adjoints: dict[Node, Node] = {}
    seeds: tuple[Node, ...] = ()
    if op.vjp is not None and wanted and graph.outputs[0].spec.kind == "float":
        raw = differentiate(graph, _with_a_rule(graph, wanted), builder)
        if not why_not(order(raw.adjoints.values())):
            adjoints, seeds = dict(raw.adjoints), raw.seeds
    rng = np.random.default_rng(7)
    known = {n: arrays[n.attrs["name"]] for n in graph.inputs}
    upstream = [rng.normal(size=[int(str(n)) for n in s.spec.shape]) for s in seeds]
    known |= dict(zip(seeds, upstream, strict=True))
    values = run_graph([*graph.outputs, *adjoints.values()], known, {})
    back = Backward(adjoints, seeds)
    written = script(graph.nodes(), graph.names, builder, back)
    given = {
        "arguments": {k: node.array(v) for k, v in arrays.items()}, "sizes": {},
        "upstream": [node.array(u) for u in upstream],
    }  # fmt: skip
    return (written, adjoints), values, given


@pytest.fixture(scope="module")
def results(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Any]:
    cases = {op.name: prepared(op) for op in WRITTEN}
    programs = {n: c[0][0].text for n, c in cases.items()}
    given = {n: c[2] for n, c in cases.items()}
    found = node.run(tmp_path_factory.mktemp("js"), programs, given)
    return {n: (*cases[n], found[n]) for n in found}


@pytest.mark.parametrize("op", WRITTEN, ids=lambda op: op.name)
def test_an_operation_and_its_rule_are_computed_alike(
    results: dict[str, Any], op: Op
) -> None:
    (written, adjoints), values, _, found = results[op.name]
    assert "error" not in found, found["error"]
    for value, key in written.keys.items():
        close(values[value], found["value"][key], op.name)
    for value, adjoint in adjoints.items():
        close(values[adjoint], found["gradients"][written.keys[value]], f"d {op.name}")


def test_what_has_no_script_says_why() -> None:
    silent = [
        op.name for op in OPS
        if not isinstance(op.js, Unscripted) and "elementwise" not in op.traits
        and not op.js and op.lower is None
    ]  # fmt: skip
    assert silent == []
    needed = {"elementwise", "selects", "view", "chooses"}
    refused = [op for op in OPS if isinstance(op.js, Unscripted)]
    # Only what SciPy alone computes may be left out of these.
    assert all("_scipy" in op.text(op.attrs) or "i0" in op.name
               for op in refused if op.traits & needed)  # fmt: skip
    assert all(op.js.reason for op in refused)  # type: ignore[union-attr]


def test_the_runtime_is_small() -> None:
    assert len(asset("runtime.js").encode()) < 12_000


def test_a_page_holds_the_rare_functions_where_they_are_called() -> None:
    assert "quantile" not in runtime("R.sum(x, 1)")
    assert "quantile" in runtime("R.quantile(x, 1)")
    one = runtime("R.cumsum(x, 1)")
    assert "quantile" not in one  # but what it is made of
    assert "function lines" in one
