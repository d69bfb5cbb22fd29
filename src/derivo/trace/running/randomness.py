"""Random numbers that a function draws while it is traced: they must not be frozen.

Numbers that are drawn once, while tracing, would be the same at every call. Whether a
result reads any is seen by tracing a second time: what stays the same was either not
random (drawn by a generator with a seed, made inside), or is not read (weights that are
overwritten).
"""

from __future__ import annotations

import random
import sys
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import fields, is_dataclass
from typing import Any

import numpy as np

from derivo.errors import TraceError
from derivo.graph.node import Graph, Line, Node, order

# Whoever makes a generator of his own names one of these.
MAKERS = frozenset({
    "default_rng", "RandomState", "Generator", "PCG64", "PCG64DXSM", "MT19937",
    "Philox", "SFC64", "SeedSequence", "Random", "SystemRandom", "urandom", "secrets",
    "uuid4", "token_bytes", "randbits",
})  # fmt: skip


class Generators:
    """The generators of random numbers that a function can reach, as they were.

    Parameters
    ----------
    reached
        What the function can reach; NumPy's own generator, and Python's, always count.
    """

    def __init__(self, reached: Iterable[Any]) -> None:
        found = [r for r in reached if _read(r) is not None]
        numpy_random = sys.modules.get("numpy.random")
        # Its own generator is the object whose methods the module's functions are.
        shared = [numpy_random.mtrand._rand] if numpy_random else []  # noqa: SLF001
        self.before = [(g, _read(g)) for g in (*found, *shared)]
        self.python = random.getstate()
        self.loads_numpy_random = numpy_random is None  # if anyone does

    def have_moved(self) -> bool:
        """Tell whether any of them has drawn since."""
        if self.loads_numpy_random and "numpy.random" in sys.modules:
            return True
        if random.getstate() != self.python:
            return True
        return not all(_is_same(_read(g), state) for g, state in self.before)

    def restore(self) -> None:
        """Put all of them back to where they were."""
        random.setstate(self.python)
        for generator, state in self.before:
            _write(generator, state)


def _is_same(a: Any, b: Any) -> bool:
    """Tell whether two states are equal: numbers and arrays, in dicts."""
    if isinstance(a, dict):
        return all(_is_same(a[k], b[k]) for k in a)
    return bool(np.array_equal(a, b))


def _read(generator: Any) -> Any:
    """Give the state of a generator; None for anything else."""
    if isinstance(generator, random.Random):
        return None if isinstance(generator, random.SystemRandom) else (
            generator.getstate()
        )  # fmt: skip
    if not type(generator).__module__.startswith("numpy.random"):
        return None
    if hasattr(generator, "get_state"):
        return generator.get_state(legacy=False)
    bits = getattr(generator, "bit_generator", generator)
    return getattr(bits, "state", None)


def _write(generator: Any, state: Any) -> None:
    if isinstance(generator, random.Random):
        generator.setstate(state)
    elif hasattr(generator, "set_state"):
        generator.set_state(state)
    else:
        getattr(generator, "bit_generator", generator).state = state


@contextmanager
def generators_as_they_were(reached: Iterable[Any]) -> Iterator[Generators]:
    """Watch the generators that a function can reach, and put them back at the end."""
    generators = Generators(reached)
    try:
        yield generators
    finally:
        generators.restore()


def refuse_drawn(name: str, first: Graph, second: Graph) -> None:
    """Refuse a function two traces of which are not the same.

    Parameters
    ----------
    name
        Of the function.
    first, second
        What it computes, by a trace and by another one.

    Raises
    ------
    TraceError
        With the line that reads what is not the same.
    """
    a, b = order(first.outputs), order(second.outputs)
    places = [{n: k for k, n in enumerate(nodes)} for nodes in (a, b)]
    odd = next(
        (n for n, m in zip(a, b, strict=False) if not _same(n, m, *places)), None
    )
    if odd is None and len(a) == len(b):
        return
    line = _line_of(odd, a)
    message = (
        f"{name} draws random numbers, and its result reads them: derived as they are, "
        "they would be the same at every call."
        + (f"\n  {line}" if line else "")
        + "\n  Instead: make them an argument of the function, or draw them by "
        "derivo.ops.uniform(key, shape) with an argument `key`."
    )
    raise TraceError(message)


def _same(a: Node, b: Node, of_a: dict[Node, int], of_b: dict[Node, int]) -> bool:
    """Tell whether two nodes do the same to the same operands."""
    return a.op is b.op and _alike(
        (a.inputs, dict(a.attrs)), (b.inputs, dict(b.attrs)), of_a, of_b
    )


def _alike(a: Any, b: Any, of_a: dict[Node, int], of_b: dict[Node, int]) -> bool:
    """Tell whether operands, or parts of attributes, are the same."""
    if type(a) is not type(b):
        return False
    if isinstance(a, Node):
        if a in of_a or b in of_b:
            return of_a.get(a) == of_b.get(b)
        of_a[a] = of_b[b] = -len(of_a)  # inside a loop
        return _same(a, b, of_a, of_b)
    if isinstance(a, dict):
        return a.keys() == b.keys() and all(_alike(a[k], b[k], of_a, of_b) for k in a)
    if is_dataclass(a):
        a, b = ([getattr(v, f.name) for f in fields(v)] for v in (a, b))
    if isinstance(a, tuple | list):
        pairs = zip(a, b, strict=False)
        return len(a) == len(b) and all(_alike(p, q, of_a, of_b) for p, q in pairs)
    return bool(a == b) or (a != a and b != b)  # noqa: PLR0124  NaN is like NaN


def _line_of(odd: Node | None, nodes: Iterable[Node]) -> Line | None:
    """Give the line that made a node, or that reads it first."""
    reading = {odd}
    for n in nodes:
        if n in reading or not reading.isdisjoint(n.inputs):
            if n.line is not None:
                return n.line
            reading.add(n)
    return None
