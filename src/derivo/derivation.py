"""`derive`, and the object that it gives: to read, to check, to run, to explain."""

from __future__ import annotations

import inspect
from collections.abc import Callable, Iterable, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

from derivo.emit.highlighted import highlighted
from derivo.errors import UsageError
from derivo.passes import Passes

if TYPE_CHECKING:  # loaded when they are asked for
    from derivo.compiled import Compiled
    from derivo.explain.explanation import Explanation
    from derivo.verify.nonfinite import Nonfinite
    from derivo.verify.report import Report


def derive(
    function: Callable[..., Any],
    /,
    *,
    shapes: Any = None,
    wrt: str | Iterable[str] | None = None,
    simplify: bool = True,
    stabilize: bool = True,
    assume: Iterable[str] = (),
    keep: str | Iterable[str] = (),
    inline: str | Iterable[str] = (),
    static: Mapping[str, Any] | None = None,
    verify: bool = True,
    **specs: Any,
) -> Derivation:
    """Derive the backward pass of a forward pass written in plain NumPy.

    Parameters
    ----------
    function
        Takes arrays and gives an array, or several in a tuple, list or dict.
    shapes
        Specs of arguments by name, beside or in the place of `specs`: for arguments
        that are called like an option of `derive`.
    wrt
        Names of the arguments to differentiate for, in the order in which gradients
        are returned; all floating ones if left out.
    simplify
        False shows the chain rule as it stands, without rewriting.
    stabilize
        Rewrite what overflows (log of softmax, log of a sum of exp, ...) to forms that
        do not.
    assume
        Facts about arguments, such as ``"t sums to 1"`` (along the last axis). A
        cross-entropy target is assumed to, and that is said in the source;
        ``"t is free"`` forbids it.
    keep, inline
        Functions that the function calls, by name (``"block"``, ``"Class.method"``):
        those that stay functions in the source, each with its backward pass beside it,
        and those that are written out where they are called (``"*"`` for all). If
        nothing is said, a function stays that is called twice or is long, unless its
        caller's backward pass gets shorter without it.
    static
        Settings by name that a keyword could not give: texts, and anything else that
        is no array; ``"params.mode"`` for one in a nest.
    verify
        Run `function` once on small drawn arrays, and compare value, shape and dtype
        with what was derived. What the function writes to is put back. If it cannot be
        run so, a step of kind "compare" says why.
    **specs
        For each argument a shape such as ``"N L"`` (a word is a size known by name, a
        number is itself, ``""`` is a scalar), or ``"N int"`` for integers and
        ``"N bool"`` for truth values; an example array, or a `Spec`; or a dict,
        list, tuple, named tuple or dataclass of these, nested as the function takes its
        parameters. Gradients come back nested alike. Python's own ``True`` and
        ``False``, whole numbers, None and functions are settings (``axis=1``,
        ``act=np.tanh``), and so is each default that nothing is given for: a setting is
        no argument of the source. A keyword that is an argument of the function is its
        spec, also where an option of that name exists, unless `shapes` is given.

    Returns
    -------
    Derivation
        Source, functions, check and steps.

    Raises
    ------
    UsageError
        A name that is not an argument, or an argument without a shape.
    ShapeError
        Shapes that do not fit, with the line.
    TraceError, NotSupportedError
        Code that cannot be derived, with the line and what to write instead; or a
        derivation that is another function than `function`, with the line where.
    """
    options: dict[str, Any] = {
        "wrt": wrt, "simplify": simplify, "stabilize": stabilize, "assume": assume,
        "keep": keep, "inline": inline, "static": static, "verify": verify,
    }  # fmt: skip
    usual = inspect.signature(derive).parameters
    own = _arguments_of(function)
    if not isinstance(shapes, Mapping | None):
        if "shapes" not in own:
            message = f"shapes={shapes!r} is to be a dict: shapes={{'x': 'N M'}}"
            raise UsageError(message)
        specs["shapes"], shapes = shapes, None
    twice = [name for name in shapes or () if name in specs]
    if twice:
        message = f"{twice[0]!r} is given twice: in shapes=, and by itself"
        raise UsageError(message)
    for name in own if shapes is None else ():
        if name in options and options[name] is not usual[name].default:
            specs[name] = options.pop(name)
    if options.pop("verify", True):
        from derivo.verify.same import compare  # noqa: PLC0415

        options["compare"] = compare
    return Derivation.of(function, {**specs, **(shapes or {})}, **options)


def _arguments_of(function: Callable[..., Any]) -> tuple[str, ...]:
    try:
        return tuple(inspect.signature(function).parameters)
    except (TypeError, ValueError):
        return ()  # refused where it is traced


class Derivation(Passes):
    """A forward pass with its backward pass: to read, to check, to run, to ship.

    Calling it runs the forward pass. `print(d.source)` shows the very text that runs.
    """

    def check(
        self, *, trials: int = 3, seed: int = 0, order: int = 2,
        arrays: Mapping[str, Any] | None = None,
        sizes: Mapping[str, int] | None = None,
    ) -> Report:  # fmt: skip
        """Compare gradients and rules with numbers: see `derivo.verify.check`."""
        from derivo.verify.check import check  # noqa: PLC0415

        return check(
            self, trials=trials, seed=seed, order=order, arrays=arrays, sizes=sizes
        )

    def compile(self, engine: str = "c", dtype: Any = None) -> Compiled:
        """Give an object with the same calls (``()``, `gradients`, ...), compiled.

        Parameters
        ----------
        engine
            "c": needs a C compiler. "jax": the source under ``jax.numpy``; needs the
            extra `jax`, and runs on what JAX runs on, accelerators too.
        dtype
            float32 or float64; None for the type of the arrays of each call.

        Raises
        ------
        NotSupportedError
            An operation that has no form there; the message says which.
        """
        from derivo.compiled import compile_passes  # noqa: PLC0415

        return compile_passes(self, engine, dtype)

    def export(self, folder: str | Path, /, **arrays: Any) -> Path:
        """Write both passes into a folder as C99, for machines without Python.

        The folder gets ``model.c`` and ``model.h``, which need no heap and of the C
        library math.h alone, and ``model_test.c`` with ``expected.h``: a program that
        compares them with what NumPy computes.

        Parameters
        ----------
        folder
            Is made if it is not there.
        **arrays
            An example of the arguments, as for a call. Its sizes are those that are
            exported, and its floating type is computed in.

        Returns
        -------
        Path
            The folder.

        Raises
        ------
        NotSupportedError
            An operation that has no form in C99; the message says which.
        UsageError, ShapeError
            Arguments that do not fit, or a folder that cannot be written to.
        """
        from derivo.exported import export_passes  # noqa: PLC0415

        return export_passes(folder, self, arrays)

    def trace_nonfinite(
        self, upstream: Any = None, /, **arrays: Any
    ) -> Nonfinite | None:
        """Find the first operation that made a NaN or an infinity, and tell its way.

        Parameters
        ----------
        upstream
            Adjoint of the result; ones if left out.
        **arrays
            The arguments.

        Returns
        -------
        Nonfinite or None
            Print it; None if every result and every gradient is finite.
        """
        from derivo.verify.nonfinite import trace_nonfinite  # noqa: PLC0415

        return trace_nonfinite(self, arrays, upstream)

    def explain(
        self, level: str | Iterable[str] = "all", /, **given: Any
    ) -> Explanation:
        """Show where the backward pass comes from: `derivo.explain.explanation`.

        Parameters
        ----------
        level
            "all", or one or several of "graph", "scalar", "matrix", "batch", "code".
        **given
            Values of the arguments by name, for numbers at every step; and options:
            ``level``, ``language`` and ``upstream``, as there. A name of an argument is
            the argument.
        """
        from derivo.explain.explanation import explain  # noqa: PLC0415

        own = {name for name, _ in self.traced.signature}
        own |= {n.attrs["name"] for n in self.traced.inputs}
        arrays = {k: v for k, v in given.items() if k in own}
        options = {k: v for k, v in given.items() if k not in own}
        arrays = {**options.pop("arrays", {}), **arrays}
        for name in set(options) - {"level", "language", "upstream"}:
            arrays[name] = options.pop(name)  # no argument: it is refused by name
        wanted: Any = options.pop("level", level)
        if not isinstance(wanted, str | Iterable):
            message = f"there is no level {wanted!r}; name one, such as 'matrix'"
            raise UsageError(message)
        return explain(self, wanted, arrays=arrays, **options)

    def play(self, /, **given: Any) -> Path:
        """Open the page that computes in the browser: see `explain` for the arguments.

        Returns
        -------
        Path
            The page: one file, to keep or to hand on.
        """
        return self.explain(**given).open()

    def _repr_html_(self) -> str:
        """Show the source in a notebook."""
        return highlighted(self.source)
