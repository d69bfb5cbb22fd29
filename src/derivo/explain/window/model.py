"""What a window holds, as data: the picture, the steps, what each cell comes from."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from derivo.explain.document import Code, Frame
from derivo.explain.drawing.model import Drawing
from derivo.explain.formula.tree import Formula


@dataclass(frozen=True, slots=True)
class Term:
    """Cells that a cell is computed from.

    Attributes
    ----------
    side
        "value" or "gradient".
    id
        The value, or the value whose gradient it is.
    index
        A letter for each axis; "0" where there is one place alone.
    """

    side: str
    id: str
    index: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Link:
    """Where the cells of a value, or of a gradient, come from.

    Attributes
    ----------
    kind
        "product" (summed over letters of its own), "sum", "mean" or "each" (cell by
        cell).
    index
        A letter for each axis of the value.
    terms
        What is read.
    sign
        What is done cell by cell: ``"tanh"``, ``"+"``.
    is_plain
        The terms are all that is read, as they stand.
    """

    kind: str
    index: tuple[str, ...]
    terms: tuple[Term, ...]
    sign: str = ""
    is_plain: bool = True


@dataclass(frozen=True, slots=True)
class Value:
    """A value of the forward pass, as the window shows it.

    Attributes
    ----------
    id, key, name
        In the picture, in the script, and for the user; "" where it has no name.
    label
        The name as a formula; what it is computed as, where it has none.
    shape
        As text, with names of sizes: ``"N × M"``.
    is_argument, has_gradient
        It can be set; a gradient comes back to it.
    """

    id: str
    key: str
    name: str
    label: Formula
    adjoint: Formula
    shape: str
    is_argument: bool
    has_gradient: bool


@dataclass(frozen=True)
class Window:
    """Everything that a window shows and computes.

    Attributes
    ----------
    name
        Of the function.
    drawing
        The graph, with room for the numbers of values.
    moments
        The steps: every operation forward, then every gradient backward.
    chains
        The gradient of each parameter in one line, by its name.
    script, runtime
        JavaScript of both passes, and what it calls; empty if the window stays still.
    reasons
        Why it does.
    arguments, sizes, upstream
        Numbers to begin with: by key; named sizes; adjoints of the results.
    parameters
        Keys of what is trained.
    is_drawn
        The numbers were drawn, for none were given.
    slopes
        Functions of one number that values are of another, by id.
    outputs
        Ids of the results.
    plane
        What the answer of a network in the plane is computed from; None if its data
        have other than two columns.
    known
        Values and gradients by id, where they cannot be computed in the window.
    """

    name: str
    drawing: Drawing
    code: Code
    moments: tuple[Frame, ...]
    values: tuple[Value, ...]
    links: Mapping[str, Link]
    chains: Mapping[str, Formula]
    script: str
    runtime: str
    reasons: tuple[str, ...]
    arguments: Mapping[str, Any]
    sizes: Mapping[str, int]
    upstream: tuple[Any, ...]
    parameters: tuple[str, ...]
    is_loss: bool
    is_drawn: bool
    slopes: Mapping[str, str] = field(default_factory=dict)
    outputs: tuple[str, ...] = ()
    plane: Mapping[str, Any] | None = None
    known: Mapping[str, Any] = field(default_factory=dict)
