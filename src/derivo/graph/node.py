"""The graph: inert, frozen data. Operations and stages are elsewhere."""

from __future__ import annotations

from collections.abc import Container, Iterable, Mapping
from dataclasses import dataclass
from operator import attrgetter
from typing import Any

from derivo.graph.dim import Dim, evaluate, parts_of
from derivo.graph.op import Op
from derivo.graph.spec import Spec


@dataclass(frozen=True, slots=True)
class Line:
    """A place in the user's code."""

    file: str
    number: int
    function: str
    text: str = ""

    def __str__(self) -> str:
        """Write the place as Python's tracebacks do, with the code if it is known."""
        code = f": {self.text}" if self.text else ""
        return f'File "{self.file}", line {self.number}, in {self.function}{code}'


@dataclass(frozen=True, slots=True)
class Frame:
    """A call of a helper function of the user's.

    Attributes
    ----------
    name
        Of the function.
    call
        Which call: two calls of one function have different numbers.
    """

    name: str
    call: int = 0


@dataclass(frozen=True, eq=False, slots=True)
class Node:
    """One value of a computation: an operation applied to other values.

    Nodes are compared by identity; the `Builder` makes equal computations one node.
    """

    op: Op
    inputs: tuple[Node, ...]
    attrs: Mapping[str, Any]
    spec: Spec
    index: int
    line: Line | None = None
    group: tuple[Frame, ...] = ()

    def __repr__(self) -> str:
        """Show operation, number of the node, and shape."""
        return f"{self.op.name}#{self.index}{self.spec}"


@dataclass(frozen=True, slots=True)
class Why:
    """Why a node of the backward pass is there.

    Attributes
    ----------
    kind
        "chain" (upstream times local derivative), "fan-out" (adjoints of a value read
        several times are added), "steps" (a value read at every step of a loop: add
        up), "broadcast" (a copied value: add up over the copies), "seed" or "rewrite".
    node
        The forward value concerned.
    reader
        The forward operation that the adjoint comes back through.
    position
        Which operand of `reader` it is.
    upstream
        The adjoint of `reader`'s result.
    """

    kind: str
    node: Node
    reader: Node | None = None
    position: int = 0
    upstream: Node | None = None


@dataclass(frozen=True, slots=True)
class Requirement:
    """What named sizes must be for a computation to be as it was traced.

    Attributes
    ----------
    dim
        This is 0 or more.
    line
        The user's line that takes it for granted.
    """

    dim: Dim
    line: Line | None = None

    def holds(self, sizes: Mapping[str, int]) -> bool:
        """Tell whether it is so for these sizes."""
        return evaluate(self.dim, sizes) >= 0

    def __str__(self) -> str:
        """Write it as a comparison: ``F <= H + 1``."""
        less, more = parts_of(-self.dim)
        return f"{less} <= {more}"


@dataclass(frozen=True, slots=True)
class Tie:
    """A named size that must be equal to others: it is written as them from then on.

    Attributes
    ----------
    name
        The name that the user gave.
    dim
        What it is.
    line
        The user's line that can only be computed so.
    """

    name: str
    dim: Dim
    line: Line | None = None

    def __str__(self) -> str:
        """Write it as an equation: ``F = D + E``."""
        return f"{self.name} = {self.dim}"


@dataclass(frozen=True, slots=True)
class Graph:
    """A computation: its arguments, its results, and the user's names for values.

    Attributes
    ----------
    parameters
        How the inputs are handed over: name of a parameter, and a nest of places among
        the inputs. Empty where each input is a parameter of its own.
    requires
        What the named sizes must be.
    ties
        Names of sizes that turned out to be other sizes: they stand nowhere any more.
    """

    name: str
    inputs: tuple[Node, ...]
    outputs: tuple[Node, ...]
    names: Mapping[Node, str]
    parameters: tuple[tuple[str, Any], ...] = ()
    requires: tuple[Requirement, ...] = ()
    ties: tuple[Tie, ...] = ()

    def nodes(self) -> tuple[Node, ...]:
        """Give every node that the results need, operands before readers."""
        return order(self.outputs)

    @property
    def signature(self) -> tuple[tuple[str, Any], ...]:
        """The parameters, in their order, each a nest of places among the inputs."""
        flat = ((n.attrs["name"], k) for k, n in enumerate(self.inputs))
        return self.parameters or tuple(flat)


_BY_NUMBER = attrgetter("index")


def order(roots: Iterable[Node]) -> tuple[Node, ...]:
    """Sort all nodes below `roots` so that operands come before their readers.

    Nodes are numbered as they are made, and made after their operands: sorting by
    number is a topological order, and the same on every run.
    """
    seen: set[Node] = set()
    stack = list(roots)
    while stack:
        node = stack.pop()
        if node not in seen:
            seen.add(node)
            stack.extend(node.inputs)
    return tuple(sorted(seen, key=_BY_NUMBER))


def between(roots: Iterable[Node], given: Container[Node]) -> tuple[Node, ...]:
    """Give the nodes below `roots` that do not lie at or below the `given` ones."""
    seen: set[Node] = set()
    stack = [r for r in roots if r not in given]
    while stack:
        node = stack.pop()
        if node not in seen:
            seen.add(node)
            stack.extend(i for i in node.inputs if i not in given)
    return tuple(sorted(seen, key=_BY_NUMBER))
