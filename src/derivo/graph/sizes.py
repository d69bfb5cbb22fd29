"""Named sizes: read from the text of a spec, and solved from the shapes of arrays."""

from __future__ import annotations

import ast
from collections.abc import Iterable, Mapping

from derivo.errors import ShapeError
from derivo.graph.dim import (
    Dim,
    Excess,
    Name,
    Shape,
    Size,
    divide,
    evaluate,
    excess,
    name_of,
    names,
    names_in,
    substituted,
    symbol,
)

# --- text ---------------------------------------------------------------------------


def parse_shape(text: str) -> Shape:
    """Read a shape such as ``"N L"``, ``"N 1"``, ``"D+E 4*H"`` or ``""`` (a scalar).

    Raises
    ------
    ShapeError
        Something that is no size, with what to write instead.
    """
    return tuple(_read(word, text) for word in text.replace(",", " ").split())


def _read(word: str, text: str) -> Dim:
    problem = "is not a dimension"
    try:
        dim = _value(ast.parse(word, mode="eval").body)
    except SyntaxError:
        pass
    except ShapeError as error:
        problem = str(error)
    else:
        if isinstance(dim, Size) or (dim >= 0 and not word.startswith("-")):
            return excess(dim)
    message = (
        f"{word!r} in the shape {text!r} {problem}; write a name (N), a number (3) or "
        "a formula (4*H, D+E, H//2, no spaces inside), with spaces between: 'N 3'"
    )
    raise ShapeError(message)


def _value(tree: ast.expr) -> Dim:
    """Give what a formula of sizes stands for."""
    match tree:
        case ast.Name(id=name):
            return symbol(name)
        case ast.Constant(value=int(number)) if not isinstance(number, bool):
            return number
        case ast.BinOp(left=left, op=ast.Add(), right=right):
            return _value(left) + _value(right)
        case ast.BinOp(left=left, op=ast.Sub(), right=right):
            return _value(left) - _value(right)
        case ast.BinOp(left=left, op=ast.Mult(), right=right):
            return _value(left) * _value(right)
        case ast.BinOp(left=left, op=ast.FloorDiv(), right=right):
            den = _value(right)
            if den != 0:
                return divide(_value(left), den)
        case ast.BinOp(left=left, op=ast.Div(), right=right):
            a, b = ast.unparse(left), ast.unparse(right)
            message = f"divides, and sizes are whole numbers: write {a}//{b}"
            raise ShapeError(message)
        case _:
            pass
    message = "is not a dimension"
    raise ShapeError(message)


# --- solving ------------------------------------------------------------------------


def solved(dim: Dim, value: int, sizes: Mapping[str, int]) -> dict[str, int] | None:
    """Solve ``dim == value`` for the one name in it that is not known.

    Parameters
    ----------
    dim
        The size of an axis, such as ``4*H``.
    value
        How long the axis is.
    sizes
        The names that are known.

    Returns
    -------
    dict or None
        The name with its size, empty if no whole number gives `value`; None if there
        are more unknown names, or it cannot be solved for this one.
    """
    name = unknown_of(dim, sizes)
    if name is None:
        return None
    by, rest = (evaluate(d, sizes) for d in inverse(dim, name))
    if not by or (value - rest) % by or (value - rest) // by < 0:
        return {}
    return {name: (value - rest) // by}


def inverse(dim: Dim, name: str) -> tuple[Dim, Dim]:
    """Give `by` and `rest` of a size that is ``by*name + rest``."""
    rest = substituted(_bare(dim), {name: 0})
    return substituted(_bare(dim), {name: 1}) - rest, rest


def unknown_of(dim: Dim, known: Iterable[str]) -> str | None:
    """Give the name that a size can be solved for, once the others are known.

    None if there is none, or several, or it stands where it cannot be told: squared,
    or inside a floor division.
    """
    left = [n for n in names(dim) if n not in set(known)]
    if len(left) != 1:
        return None
    (name,) = left
    bare = _bare(dim)
    for factors, _ in bare.terms if isinstance(bare, Size) else ():
        holding = [f for f in factors if name in names_in(f)]
        if len(holding) > 1 or not all(isinstance(f, Name) for f in holding):
            return None
    return name


def _bare(dim: Dim) -> Dim:
    """Leave the ``max(_, 0)`` away from the size of an axis."""
    if isinstance(dim, Size) and len(dim.terms) == 1:
        (factors, n), *_ = dim.terms
        if n == 1 and len(factors) == 1 and isinstance(factors[0], Excess):
            return factors[0].of
    return dim


def fit(
    shapes: Mapping[str, Shape], actual: Mapping[str, tuple[int, ...]]
) -> tuple[dict[str, int], tuple[str, int | None] | None]:
    """Find what the names in shapes stand for.

    Parameters
    ----------
    shapes
        The shape of each argument, by name.
    actual
        The shapes of the arrays that are given.

    Returns
    -------
    sizes
        Each name with the size that it stands for.
    misfit
        The first argument that does not fit, and its axis (None if it has another
        number of axes); None if all fit.
    """
    sizes = _fit_names(shapes, actual)
    if sizes is not None:
        return sizes, None
    for name, shape in shapes.items():
        if len(shape) != len(actual[name]):
            return {}, (name, None)
    axes = [
        (name, axis, d, n)
        for name, shape in shapes.items()
        for axis, (d, n) in enumerate(zip(shape, actual[name], strict=True))
    ]
    sizes = {}
    for _, _, d, n in axes:
        alone = name_of(d)
        if alone is not None:
            sizes.setdefault(alone, n)
    # 4*H is solved where nothing else tells H; E in D+E once D is known.
    formulas = [a for a in axes if isinstance(a[2], Size) and name_of(a[2]) is None]
    for _ in formulas:
        for name, axis, d, n in formulas:
            new = solved(d, n, sizes)
            if new == {}:
                return sizes, (name, axis)
            sizes.update(new or {})
    odd = ((name, axis) for name, axis, d, n in axes if evaluate(d, sizes) != n)
    return sizes, next(odd, None)


def _fit_names(
    shapes: Mapping[str, Shape], actual: Mapping[str, tuple[int, ...]]
) -> dict[str, int] | None:
    """Do the same where all sizes are names or numbers; None if not, or on a misfit.

    This is what nearly every call needs, and all that it should cost.
    """
    sizes: dict[str, int] = {}
    for name, shape in shapes.items():
        given = actual[name]
        if len(shape) != len(given):
            return None
        for d, n in zip(shape, given, strict=True):
            alone = d if isinstance(d, int) else name_of(d)
            if alone is None:
                return None
            known = alone if isinstance(alone, int) else sizes.setdefault(alone, n)
            if known != n:
                return None
    return sizes


def origins(dims: Iterable[Dim]) -> dict[str, Dim]:
    """Give, for each name that sizes tell, the size that it is told by.

    In the order in which they can be solved: a size has no other unknown names than
    those that stand before.
    """
    axes = sorted(dict.fromkeys(dims), key=lambda d: len(str(d)))
    found: dict[str, Dim] = {}
    while True:
        told = ((unknown_of(d, found), d) for d in axes)
        name, dim = next((t for t in told if t[0] is not None), (None, 0))
        if name is None:
            return found
        found[name] = dim
