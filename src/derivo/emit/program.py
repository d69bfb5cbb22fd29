"""What is to be written, and what has been written."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

from derivo.graph.block import Block
from derivo.graph.node import Node
from derivo.simplify.model import Derived, SumsToOne

Comment = Callable[[Node, Mapping[Node, str]], str]


@dataclass(frozen=True)
class Program:
    """What is to be written: forward results, gradients, and where they part.

    Attributes
    ----------
    name
        Name of the forward function.
    inputs, outputs, seeds
        Arguments, results, and the adjoints of the results (none for a loss).
    structure
        How the results are handed back: see `derivo.trace.trace`.
    gradients
        What the backward function returns, by argument.
    forward
        Every value that belongs to the forward pass.
    names
        The user's names of forward values.
    adjoints
        Backward node to the name of the forward value whose adjoint it is.
    values, unnamed
        Backward node to the forward value itself, for values that the user gave a name
        and for the others.
    comment
        Gives the comment of a backward line.
    roles
        The operation that a value is, where it is written in simpler ones.
    written
        Value of the derivation to the one that is written for it.
    assumptions
        What a reader must know: stated above the backward function.
    tried
        What of it the forward function tries: what the user has not declared.
    notes
        What a reader must know of the forward function.
    signature
        The parameters, each a nest of places among `inputs`.
    returned
        What the backward function returns: nests of the names of gradients.
    seeded
        Places of the results whose adjoints are `seeds`.
    functions
        The functions that are called, those first that call no other.
    """

    name: str
    inputs: tuple[Node, ...]
    outputs: tuple[Node, ...]
    seeds: tuple[Node, ...]
    structure: Any
    gradients: Mapping[str, Node]
    forward: frozenset[Node]
    names: Mapping[Node, str]
    adjoints: Mapping[Node, str]
    values: Mapping[Node, Node]
    unnamed: Mapping[Node, Node]
    comment: Comment
    forward_notes: Mapping[Node, str]
    roles: Mapping[Node, Node] = field(default_factory=dict)
    written: Mapping[Node, Node] = field(default_factory=dict)
    assumptions: tuple[str, ...] = ()
    tried: tuple[SumsToOne, ...] = ()
    notes: tuple[str, ...] = ()
    signature: tuple[tuple[str, Any], ...] = ()
    returned: tuple[Any, ...] = ()
    seeded: tuple[int, ...] = ()
    functions: tuple[FunctionProgram, ...] = ()


@dataclass(frozen=True)
class FunctionProgram:
    """A function that is called, with a program for each of its backward passes.

    Attributes
    ----------
    block
        The function.
    forward
        Its forward pass; its backward pass is not read.
    backward
        Its backward passes.
    written_for
        For each backward pass that calls want, the one that is written for it.
    """

    block: Block
    forward: Program
    backward: tuple[tuple[Derived, Program], ...]
    written_for: Mapping[Derived, Derived] = field(default_factory=dict)


@dataclass(frozen=True)
class Source:
    """The text of a module, and what each of its lines is about.

    Attributes
    ----------
    text
        The module.
    name
        Name of the forward function.
    readers
        Names of the values that the forward pass keeps, each with the names of those
        that the backward pass computes from it.
    lines
        Line number to the node that the line computes.
    backward
        Numbers of the lines of backward functions.
    written
        Value of the derivation, or of a step of a loop in it, to the one that is
        written for it.
    names
        What values of both passes are called, those of the derivation and those that
        are written for them; in each function a name means one value.
    is_loss
        There is a function ``NAME_gradient(saved)`` beside ``NAME_backward``.
    arrays
        Long arrays that the user closed over: keyword arguments of the forward
        function.
    functions
        `readers` of each function that is called, by its name.
    """

    text: str
    name: str
    readers: Mapping[str, tuple[str, ...]]
    lines: Mapping[int, Node]
    backward: frozenset[int]
    written: Mapping[Node, Node]
    names: Mapping[Node, str]
    is_loss: bool
    arrays: Mapping[str, Any] = field(default_factory=dict)
    functions: Mapping[str, Mapping[str, tuple[str, ...]]] = field(default_factory=dict)
