"""Calls of functions that stay functions: the operations.

A call and its backward call are no values themselves: their results are. They are not
in the catalogue, for they are no functions of arrays.
"""

from __future__ import annotations

from typing import Any

from derivo.errors import ShapeError
from derivo.graph.block import Block
from derivo.graph.op import Op
from derivo.graph.spec import Spec

# What a call is to those who ask a node for its spec: nothing with a shape or a
# derivative. What the function keeps for its backward pass goes under its name.
_HANDLE = Spec((), "bool")


def _call_spec(*operands: Spec, block: Block, step: Any) -> Spec:
    del step
    for given, own in zip(operands, block.graph.inputs, strict=True):
        if given != own.spec:
            name = own.attrs["name"]
            message = f"{block.graph.name} takes {name} as {own.spec}, not {given}"
            raise ShapeError(message)
    return _HANDLE


def _back_spec(_call: Spec, *adjoints: Spec, derived: Any) -> Spec:
    for given, own in zip(adjoints, derived.seeds, strict=True):
        if given.shape != own.spec.shape:
            name = own.attrs["name"]
            message = f"{name} has the shape {own.spec}, not {given}"
            raise ShapeError(message)
    return _HANDLE


# Its operands are the block's arguments, in their order. A step of a loop knows the
# number of the loop and its own.
call = Op("call", ("*operands",), _call_spec, attrs={"block": None, "step": None},
          traits=frozenset({"call"}))  # fmt: skip
# The backward pass of a call: the call itself, then the adjoints of those of its
# results that have one. `derived` holds the backward pass of the block.
call_back = Op("call_back", ("call", "*adjoints"), _back_spec, attrs={"derived": None},
               traits=frozenset({"call", "back"}))  # fmt: skip
# A result of either, by its place. The spec is an attribute, for a call has none.
result = Op("result", ("call",), lambda _call, spec, **_at: spec, "{0}[{at}]",
            attrs={"at": 0, "spec": None}, traits=frozenset({"result"}))  # fmt: skip
