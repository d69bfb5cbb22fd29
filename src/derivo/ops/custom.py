"""Operations of the user's own: a NumPy function with a backward pass that is given.

The backward pass is compared with differences before it is trusted.
"""

from __future__ import annotations

import ast
import builtins
import dis
import inspect
import linecache
import sys
import textwrap
from collections.abc import Callable, Iterator, Mapping
from functools import partial, update_wrapper
from importlib import import_module
from typing import Any

import numpy as np

from derivo.errors import ShapeError, UsageError
from derivo.graph.dim import Dim, evaluate, names
from derivo.graph.element import Element, Unscripted
from derivo.graph.op import Op
from derivo.graph.spec import Spec, kind_of
from derivo.ops.catalogue import register
from derivo.ops.infer import same

# Named sizes are tried with numbers that do not come about in any other way.
_TRIED = ((7, 11, 13, 17, 19, 23, 29, 31), (11, 7, 17, 13, 23, 19, 31, 29))
_NEAR = 1e-5
_KNOWN: dict[str, str] = {}

_stopped = register(
    Op(
        "stop_gradient", ("x",), same, "{0}", vjp=lambda _g, _y, _x: (None,),
        latex=r"\operatorname{{stop}}({0})",
        samples=lambda rng: ((rng.integers(0, 9, (3, 4)),), {}),
        js="{0}", element=Element("{0}"),
    )
)  # fmt: skip


def stop_gradient(x: Any) -> Any:
    """Give x itself, as a constant for the backward pass: its gradient is 0.

    Parameters
    ----------
    x : (...)
        Any values.
    """
    return _stopped(x) if hasattr(x, "record") else np.asarray(x)[()]


def _named(module: str, path: str) -> Own:
    """Find an operation again in the module where it is defined."""
    found: Any = import_module(module)
    for name in path.split("."):
        found = getattr(found, name)
    own: Own = found.own
    return own


def rule(
    function: Callable[..., Any] | None = None, *, backward: Callable[..., Any],
    domain: tuple[float, float] = (0.5, 1.5),
) -> Any:  # fmt: skip
    """Give a function its own backward pass, instead of the one derivo would find.

    Parameters
    ----------
    function
        Takes arrays and gives one array. It may do what cannot be traced: loops until
        something converges, in-place writes, branches. Its text is copied into emitted
        source, so it uses nothing but its arguments, `np` and what it imports itself.
    backward
        ``backward(d_y, *args)`` gives the gradient for each argument, in a tuple if
        there are several; None for one without. It is ordinary traceable NumPy, so that
        second derivatives follow from it.
    domain
        Between which numbers the arguments are drawn for comparing `backward` with
        differences of `function`, when it is first used.

    Returns
    -------
    function
        To be called like the one given, in forward passes and elsewhere. Without
        `function`, a decorator: ``@derivo.rule(backward=...)``.

    Raises
    ------
    UsageError
        The function does not stand alone; or, at first use, `backward` is wrong.

    Examples
    --------
    >>> import numpy as np, derivo
    >>> def root(a):
    ...     x = a
    ...     for _ in range(60):
    ...         x = (x + a / x) / 2
    ...     return x
    >>> root = derivo.rule(root, backward=lambda d_y, a: d_y / (2 * np.sqrt(a)))
    >>> print(derivo.derive(lambda a: root(a), a="N").gradients(a=np.array([4.0])))
    {'a': array([0.25])}
    """
    if function is None:
        return partial(rule, backward=backward, domain=domain)
    for what, given in (("function", function), ("backward pass", backward)):
        if not inspect.isroutine(given):
            message = f"rule: the {what} is to be a function, and this is {given!r}"
            raise UsageError(message)
    own = Own(function, backward, domain)
    return update_wrapper(own.operation, function, updated=())


class Own:
    """One such operation: its record, and what is known of it so far."""

    def __init__(
        self, function: Callable[..., Any], backward: Callable[..., Any],
        domain: tuple[float, float],
    ) -> None:  # fmt: skip
        self.function, self.backward, self.domain = function, backward, domain
        self.name = function.__name__
        self.specs: dict[tuple[Spec, ...], Spec] = {}
        parameters = list(inspect.signature(function).parameters)
        fields = ", ".join(f"{{{k}}}" for k in range(len(parameters)))
        record = Op(
            self.name, tuple(parameters), self.infer, f"{self.name}({fields})",
            vjp=self.vjp, helpers=(_alone(function),),
            latex=rf"\operatorname{{{{{self.name}}}}}({fields})",
            traits=frozenset({"floating"}),
            js=Unscripted("has a rule of its own, and only its text in Python"),
        )  # fmt: skip

        def operation(*args: Any) -> Any:
            if any(hasattr(a, "record") for a in args):
                return record(*args)
            return function(*args)

        self.record, self.operation = record, operation
        operation.own = self  # type: ignore[attr-defined]

    def __reduce__(self) -> Any:
        """Store the name of the operation, or what it was made of."""
        module, path = self.function.__module__, self.function.__qualname__
        named: Any = sys.modules.get(module)
        for name in path.split("."):
            named = getattr(named, name, None)
        if getattr(named, "own", None) is self:
            return _named, (module, path)
        return Own, (self.function, self.backward, self.domain)

    def vjp(self, g: Any, _y: Any, *operands: Any) -> tuple[Any, ...]:
        """Give what the user's backward pass gives, as a tuple."""
        given = self.backward(g, *operands)
        parts = tuple(given) if isinstance(given, tuple | list) else (given,)
        if len(parts) != len(operands):
            message = (
                f"the backward pass of {self.name} gives {len(parts)} gradients for "
                f"{len(operands)} arguments"
            )
            raise UsageError(message)
        return parts

    def infer(self, *specs: Spec) -> Spec:
        """Try the function on drawn numbers; see that `backward` is right."""
        if specs not in self.specs:
            shapes, kind = [], "float"
            for numbers in _TRIED:
                sizes = dict(zip(_names(specs), numbers, strict=False))
                arrays = self._drawn(specs, sizes)
                value = np.asarray(self.function(*arrays))
                shapes.append((value.shape, sizes))
                kind = kind_of(value.dtype)
            self.specs[specs] = Spec(self._shape(specs, shapes), kind)
            self._check(arrays, value)
        return self.specs[specs]

    def _drawn(self, specs: tuple[Spec, ...], sizes: Mapping[str, int]) -> list[Any]:
        """Draw arguments by a fixed sequence, the same on every machine."""
        arrays = []
        for k, s in enumerate(specs):
            shape = tuple(evaluate(d, sizes) for d in s.shape)
            count = int(np.prod(shape, dtype=int))
            # Multiples of the golden ratio lie evenly, and in no order.
            part = (np.arange(1, count + 1) * 0.6180339887498949 + 0.37 * k) % 1.0
            low, high = self.domain
            drawn = (low + (high - low) * part).reshape(shape)
            is_real = s.kind in ("float", "pyfloat")
            arrays.append(drawn if is_real else drawn.astype(int))
        return arrays

    def _shape(self, specs: tuple[Spec, ...], tried: list[Any]) -> tuple[Dim, ...]:
        dims = [d for s in specs for d in s.shape]
        (first, sizes), (second, others) = tried
        shape: list[Dim] = []
        for n, m in zip(first, second, strict=True):
            pair = (n, m)
            like = [
                d for d in dims if (evaluate(d, sizes), evaluate(d, others)) == pair
            ]
            if not like and n != m:
                message = (
                    f"the result of {self.name} has a size that is none of its "
                    "arguments'; give the sizes as numbers in the spec"
                )
                raise ShapeError(message)
            shape.append(like[0] if like else n)
        return tuple(shape)

    def _check(self, arrays: list[Any], value: Any) -> None:
        """Compare the backward pass with differences along one direction each."""
        up = np.cos(np.arange(value.size)).reshape(value.shape)
        parts = self.vjp(up, value, *arrays)
        for k, (x, part) in enumerate(zip(arrays, parts, strict=True)):
            if part is None or x.dtype.kind != "f":
                continue
            along = np.sin(np.arange(1, x.size + 1)).reshape(x.shape)
            ends = []
            for h in (1e-4, -1e-4):
                moved = [x + h * along if i == k else a for i, a in enumerate(arrays)]
                ends.append(np.sum(up * self.function(*moved)))
            slope, said = (ends[0] - ends[1]) / 2e-4, np.sum(along * part)
            scale = 1 + np.sum(np.abs(along * part)) + abs(slope)
            if np.isfinite(slope) and not abs(slope - said) <= _NEAR * scale:
                name = list(inspect.signature(self.function).parameters)[k]
                message = (
                    f"the backward pass given for {self.name} is wrong for {name!r}: "
                    f"along one direction {self.name} changes by {slope:.6g}, and the "
                    f"gradient says {said:.6g}"
                )
                raise UsageError(message)


def _names(specs: tuple[Spec, ...]) -> Iterator[str]:
    seen: dict[str, None] = {}
    for s in specs:
        for d in s.shape:
            seen |= dict.fromkeys(names(d))
    return iter(seen)


def _alone(function: Callable[..., Any]) -> Callable[..., Any]:
    """Give the function with its own text, without decorators and indentation."""
    name = function.__name__
    code = getattr(function, "__code__", None)
    if code is None or not name.isidentifier():
        message = f"a rule needs a function written with `def`, not {function!r}"
        raise UsageError(message)
    known = ("np", *vars(builtins))
    outside = [n for n in (*code.co_freevars, *_globals(code)) if n not in known]
    if outside:
        message = (
            f"{name} uses {', '.join(outside)} from outside, and its text is copied "
            "into emitted source. Instead: make it an argument, or define it inside"
        )
        raise UsageError(message)
    whole = textwrap.dedent(inspect.getsource(function))
    definition = ast.parse(whole).body[0]
    if not isinstance(definition, ast.FunctionDef):
        message = f"a rule needs a function written with `def`, not {function!r}"
        raise UsageError(message)
    # From the line of `def` on: without decorators, with the user's comments.
    text = "\n".join(whole.rstrip().split("\n")[definition.lineno - 1 :]) + "\n"
    if _KNOWN.setdefault(name, text) != text:
        message = f"another rule is called {name} already; give this one another name"
        raise UsageError(message)
    file = f"<rule {name}>"
    linecache.cache[file] = (len(text), None, text.splitlines(keepends=True), file)
    scope: dict[str, Any] = {"np": np}
    exec(compile(text, file, "exec"), scope)  # noqa: S102
    helper: Callable[..., Any] = scope[name]
    return helper


def _globals(code: Any) -> Iterator[str]:
    """Give the global names that a function reads."""
    for instruction in dis.get_instructions(code):
        if instruction.opname in ("LOAD_GLOBAL", "LOAD_NAME"):
            yield str(instruction.argval)
    for inner in code.co_consts:
        if hasattr(inner, "co_code"):
            yield from _globals(inner)
