"""What a window holds, as data: the picture, the steps, what each cell comes from."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from derivo.explain.document import Code
from derivo.explain.drawing.model import Drawing
from derivo.explain.formula.tree import Formula
from derivo.explain.moments import Moment


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
    id, name
        In the picture and in the script, and for the user; "" where it has no name.
    label
        The name as a formula; what it is computed as, where it has none.
    shape
        As text, with names of sizes: ``"N × M"``.
    is_argument, has_gradient
        It can be set; a gradient comes back to it.
    """

    id: str
    name: str
    label: Formula
    adjoint: Formula
    shape: str
    is_argument: bool
    has_gradient: bool


@dataclass(frozen=True, slots=True)
class Picture:
    """A graph of the window: the whole, a call of it, or three steps of a loop.

    Attributes
    ----------
    id, name
        What it goes by; the function that is called, or the loop.
    drawing
        What is seen.
    within
        The picture that it opens from; "" for the whole.
    holds
        Ids of the values whose steps are shown in it.
    opens
        The picture behind a box, by the id of its spot.
    copies
        Steps of a loop side by side; 0 where there is no loop.
    """

    id: str
    name: str
    drawing: Drawing
    within: str = ""
    holds: tuple[str, ...] = ()
    opens: Mapping[str, str] = field(default_factory=dict)
    copies: int = 0


@dataclass(frozen=True, slots=True)
class Loop:
    """How the steps of a loop over time hang together, by ids.

    Attributes
    ----------
    place, picture
        The loop itself; the picture in which it is open.
    prefix, counter
        What the ids of its steps begin with, and what counts them.
    reverse, length
        Which way it runs, and how often.
    carries, slices, fixed
        What a step finds: from the step before, of an array, and always the same.
    following
        The carries as a step leaves them.
    inputs
        What the loop is run on, in the order of what a step finds.
    lasts, items
        What the loop gives: the last of each carry ("" where nobody reads it), and
        what is kept of every step.
    shifts
        Names without the step, of a value and of its gradient, and how many steps
        ahead it is: ``{"s1-v1": ("h", "dh", -1)}``.
    script
        JavaScript of one step, both passes; empty where the window stays still.
    """

    place: str
    picture: str
    prefix: str
    counter: str
    reverse: bool
    length: int
    carries: tuple[str, ...]
    slices: tuple[str, ...]
    fixed: tuple[str, ...]
    following: tuple[str, ...]
    inputs: tuple[str, ...]
    lasts: tuple[str, ...]
    items: tuple[str, ...]
    shifts: Mapping[str, tuple[str, str, int]]
    script: str = ""


@dataclass(frozen=True)
class Window:
    """Everything that a window shows and computes.

    Attributes
    ----------
    name
        Of the function.
    pictures
        The graph, with room for the numbers of values: the whole comes first.
    loops
        Those that open.
    moments
        The steps: every operation forward, then every gradient backward.
    chains
        The gradient of each parameter in one line, by its name.
    script, runtime
        JavaScript of both passes, and what it calls; empty if the window stays still.
    reasons
        Why it does.
    arguments, sizes, upstream
        Numbers to begin with: by id; named sizes; adjoints of the results.
    parameters
        Ids of what is trained.
    is_drawn
        The numbers were drawn, for none were given.
    slopes
        Functions of one number that values are of another, by id.
    passing
        Of a gradient that mixes the entries of its upstream gradient, by id: the value
        whose gradient that is, and the function of it.
    outputs
        Ids of the results.
    plane
        What the answer of a network in the plane is computed from; None if its data
        have other than two columns.
    factors
        The value by which each factor is the derivative, that of which it is one, and
        that whose gradient it multiplies: the same, or one further on with that very
        gradient.
    batch
        The size that counts examples, and the arguments with a row for each; None if
        there is none.
    known
        Values and gradients, each by id, where they cannot be computed in the window.
    """

    name: str
    pictures: tuple[Picture, ...]
    code: Code
    moments: tuple[Moment, ...]
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
    loops: tuple[Loop, ...] = ()
    slopes: Mapping[str, str] = field(default_factory=dict)
    passing: Mapping[str, tuple[str, str]] = field(default_factory=dict)
    outputs: tuple[str, ...] = ()
    plane: Mapping[str, Any] | None = None
    factors: Mapping[str, tuple[str, str, str]] = field(default_factory=dict)
    batch: Mapping[str, Any] | None = None
    known: Mapping[str, Mapping[str, Any]] = field(default_factory=dict)
