"""The record of an operation: everything derivo knows of it, in one place."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from functools import lru_cache
from typing import Any

import numpy as np

from derivo.graph.element import Meaning, Unscripted
from derivo.graph.spec import Spec


@dataclass(frozen=True, eq=False)
class Op:
    """All that derivo knows of one operation.

    Attributes
    ----------
    name
        Array-API name in lower case; also the key in the catalogue.
    inputs
        Names of the operands as formulas call them; a last name with a star stands for
        any number of operands.
    infer
        ``infer(*specs, **attrs) -> Spec``; raises `ShapeError`.
    numpy
        NumPy text, ``"np.sum({0}, axis={axis})"``: operands by number, attributes by
        name. ``{dtype}`` is the floating type in use. Text of several lines assigns to
        ``{out}``. A function ``numpy(attrs, *specs) -> str`` chooses among texts.
    vjp
        ``vjp(g, y, *inputs, **attrs)`` gives an adjoint per input (None: no influence).
        It is ordinary arithmetic, so it runs on arrays and on traced values alike. It
        never undoes broadcasting and never accumulates: `differentiate` does both.
    lower
        The operation spelled with simpler ones, for those that NumPy has no word for.
    algebra
        What the operation means for a sum of products; None if nothing.
    latex
        The formula, with ``{0}``; empty where the name serves. Like `numpy` it may be a
        function of attributes and specs.
    attrs
        Attributes and their defaults; a keyword that has its default is not written.
    samples
        ``samples(rng) -> (arrays, attrs)`` where the usual draw does not serve.
    traits
        Any of: elementwise, floating (integers become floats first), analytic,
        positive, view (costs nothing), quick (one step of arithmetic), selects (gives
        some of the elements), chooses (one operand or another, element by element),
        rows_sum_to_one, as_given (takes operands of any kinds), copies (the text
        begins with a copy of the first operand), reshapes, turns, leaf.
    helpers
        Plain NumPy functions that the text calls, in the order in which they are
        written above the source: for what NumPy lacks and one line cannot say.
    contraction
        ``contraction(attrs, *specs) -> str``: the subscripts, as `numpy.einsum` writes
        them, of an operation that is a sum of products of its operands' entries.
    element
        What it means inside a compiled loop, where the NumPy text does not serve.
    js
        JavaScript text, with calls of the runtime `R`: fields as in `numpy`,
        ``{result}`` for the shape of the result, ``{*}`` for all operands. Element by
        element no such text is needed: it is read off `element`, or `numpy`. What a
        page cannot compute says why.
    picks
        For one whose entries are entries of its operand: ``picks(attrs, spec)`` gives
        ``(step, axis, first)`` for each axis of the operand. Entry i along that
        axis of the result (any, if the axis is None) is entry first + step i.
    written
        For one whose result lies in the memory of its operand, as NumPy does it:
        ``written(x, part, **attrs)`` gives what becomes of `x` if `part` is written
        into the result. It raises `ShapeError` if NumPy lets nobody write there.
    tidy
        ``tidy(*inputs, **attrs)`` gives an equal value that is shorter to write where
        the operands are special (``x + 0``, ``--x``), and None where they are not. It
        takes traced values, like `vjp`, and may ask how they were made.
    called
        What a value is called that has no name of the user's: patterns such as
        ``"{0}_at_{1}"``, the best first, and last a word for what it is (``"mask"``).
        A function gives pairs ``(pattern, nodes)`` where it depends on how the operands
        were made. If empty, the operation's name before its operand's.
    """

    name: str
    inputs: tuple[str, ...]
    infer: Callable[..., Spec]
    numpy: str | Callable[..., str] = ""
    vjp: Callable[..., tuple[Any, ...]] | None = None
    lower: Callable[..., Any] | None = None
    algebra: Callable[..., Any] | None = None
    latex: str | Callable[..., str] = ""
    attrs: Mapping[str, Any] = field(default_factory=dict)
    samples: Callable[..., Any] | None = None
    traits: frozenset[str] = frozenset()
    helpers: tuple[Callable[..., Any], ...] = ()
    contraction: Callable[..., str] | None = None
    element: Meaning | None = None
    js: str | Callable[..., str] | Unscripted = ""
    picks: Callable[..., Any] | None = None
    written: Callable[..., Any] | None = None
    tidy: Callable[..., Any] | None = None
    called: tuple[str, ...] | Callable[..., Any] = ()

    def __call__(self, *args: Any, **attrs: Any) -> Any:
        """Record the operation if an operand is a traced value, else compute it."""
        for arg in (*args, *_parts(attrs.values())):
            if hasattr(arg, "record"):
                return arg.record(self, args, attrs)
        return self.compute(*args, **attrs)

    def compute(self, *arrays: Any, dtype: Any = np.float64, **attrs: Any) -> Any:
        """Compute the operation on arrays by running its own NumPy text."""
        if self.lower is not None:
            return self.lower(*arrays, **{**self.attrs, **attrs})
        full = {**self.attrs, **attrs}
        text, values = self.text(full, *arrays), fields(full)
        if "{out}" in text and "analytic" in self.traits:
            # Written piece by piece: a real piece must have room for a complex one.
            arrays = tuple(_with_room(a, np.dtype(dtype)) for a in arrays)
        run = compiled(text, len(arrays), tuple(values), self.helpers)
        return run(*arrays, dtype=dtype, **values)

    def text(self, attrs: Mapping[str, Any], *operands: Any) -> str:
        """Give the NumPy text for these attributes and operands (specs or arrays)."""
        if isinstance(self.numpy, str):
            return self.numpy
        return self.numpy(attrs, *operands)

    def formula(self, attrs: Mapping[str, Any], *operands: Any) -> str:
        """Give the formula's template for these attributes and operands."""
        if isinstance(self.latex, str):
            return self.latex
        return self.latex({**self.attrs, **attrs}, *operands)

    def __repr__(self) -> str:
        """Show the name alone."""
        return f"Op({self.name})"


def _with_room(array: Any, dtype: np.dtype[Any]) -> Any:
    is_real = getattr(array, "dtype", dtype).kind == "f"
    return array.astype(dtype) if dtype.kind == "c" and is_real else array


def _parts(values: Iterable[Any]) -> Iterator[Any]:
    for value in values:
        if isinstance(value, tuple):
            yield from _parts(value)
        else:
            yield value


def fields(attrs: Mapping[str, Any]) -> dict[str, Any]:
    """Give what an operation's text may name: attributes, and the parts of an index."""
    values = dict(attrs)
    for k, entry in enumerate(attrs.get("index", ())):
        values |= {f"index_{k}_{j}": part for j, part in enumerate(entry[1:])}
    for i, index in enumerate(attrs.get("indices", ())):
        for k, entry in enumerate(index):
            values |= {f"index{i}_{k}_{j}": p for j, p in enumerate(entry[1:])}
    return values


def python_names(text: str) -> str:
    """Turn the fields of an operation's text into names: ``{0}`` into ``_0``."""
    return re.sub(r"\{(\w+)\}", r"_\1", text)


@lru_cache(maxsize=4096)
def compiled(
    text: str,
    count: int,
    attrs: tuple[str, ...],
    helpers: tuple[Callable[..., Any], ...],
) -> Callable[..., Any]:
    """Compile an operation's own text to a function of its operands."""
    code = python_names(
        text.replace("{*}", ", ".join(f"{{{i}}}" for i in range(count)))
    )
    names = ", ".join([f"_{i}" for i in range(count)] + ["*"])
    names += "".join(f", {a}" for a in (*attrs, "dtype"))
    body = code if "_out" in code else f"_out = {code}"
    lines = [f"_{a} = {a}" for a in (*attrs, "dtype")] + [
        *body.split("\n"),
        "return _out",
    ]
    scope: dict[str, Any] = {"np": np, **{h.__name__: h for h in helpers}}
    exec(f"def run({names}):\n    " + "\n    ".join(lines), scope)  # noqa: S102
    function: Callable[..., Any] = scope["run"]
    return function
