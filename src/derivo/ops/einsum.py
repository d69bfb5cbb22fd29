"""Index notation. What is a product of matrices, a sum or a transpose becomes that.

So a layer written with ``np.einsum`` gives the same gradients, in the same words, as
one written with ``@``; what is left over is an `einsum` operation, whose gradients are
again in index notation: with respect to one operand, the adjoint takes its place.
"""

from __future__ import annotations

import string
from typing import Any

import numpy as np

from derivo.errors import ShapeError
from derivo.graph.dim import Dim
from derivo.graph.element import Contracted
from derivo.graph.op import Op
from derivo.graph.spec import Spec, promote
from derivo.ops.axes import moveaxis
from derivo.ops.catalogue import register, spells
from derivo.ops.diagonal import diagonal
from derivo.ops.linalg import matmul
from derivo.ops.reduce import sum_of
from derivo.ops.shape import LINEAR, as_array, as_shape, expand_dims, transpose


def _letters(subscripts: str) -> tuple[list[str], str]:
    left, out = subscripts.split("->")
    return left.split(","), out


def _sizes(terms: list[str], shapes: list[tuple[Dim, ...]]) -> dict[str, Dim]:
    sizes: dict[str, Dim] = {}
    for term, shape in zip(terms, shapes, strict=True):
        for letter, d in zip(term, shape, strict=True):
            known = sizes.get(letter, 1)
            if d != known and 1 not in (d, known):
                message = f"the index {letter!r} has the size {known} and the size {d}"
                error = ShapeError(message)
                error.apart = known, d
                raise error
            sizes[letter] = d if known == 1 else known
    return sizes


def _einsum_spec(*operands: Spec, subscripts: str) -> Spec:
    terms, out = _letters(subscripts)
    sizes = _sizes(terms, [o.shape for o in operands])
    return Spec(tuple(sizes[c] for c in out), promote(*(o.kind for o in operands)))


def _einsum_text(_attrs: Any, *operands: Any) -> str:
    fields = ", ".join(f"{{{i}}}" for i in range(len(operands)))
    return f"np.einsum({{subscripts}}, {fields})"


def _einsum_vjp(g: Any, _y: Any, *operands: Any, subscripts: str) -> tuple[Any, ...]:
    terms, out = _letters(subscripts)
    adjoints = []
    for i, term in enumerate(terms):
        others = [o for j, o in enumerate(operands) if j != i]
        given = [out, *(t for j, t in enumerate(terms) if j != i)]
        # An index of this operand alone was summed: every element has the same part.
        known = "".join(c for c in term if any(c in t for t in given))
        d = contract(f"{','.join(given)}->{known}", g, *others)
        for axis, letter in enumerate(term):
            if letter not in known:
                d = expand_dims(d, axis=axis)
        adjoints.append(d)
    return tuple(adjoints)


einsum = register(
    Op(
        "einsum", ("*operands",), _einsum_spec, _einsum_text, vjp=_einsum_vjp,
        attrs={"subscripts": ""},
        samples=lambda rng: ((rng.normal(size=(2, 3, 4)), rng.normal(size=(4, 5)),
                              rng.normal(size=(5, 3))), {"subscripts": "abc,cd,db->a"}),
        contraction=lambda attrs, *_specs: attrs["subscripts"], traits=LINEAR,
        js="R.einsum({subscripts}, {*})", element=Contracted(),
    )
)  # fmt: skip


@spells(np.einsum)
def _einsum(subscripts: Any, *operands: Any, optimize: Any = False) -> Any:
    del optimize
    if not isinstance(subscripts, str):
        subscripts, operands = _from_lists((subscripts, *operands))
    operands = tuple(as_array(o) for o in operands)
    return contract(explicit(subscripts, [np.ndim(o) for o in operands]), *operands)


def _from_lists(given: tuple[Any, ...]) -> tuple[str, tuple[Any, ...]]:
    """Write indices that are given as lists of numbers as letters."""

    def letters(indices: Any) -> str:
        return "".join(
            "..." if i is Ellipsis else string.ascii_letters[i] for i in indices
        )

    operands, lists = given[::2], given[1::2]
    out = f"->{letters(operands[-1])}" if len(given) % 2 else ""
    operands = operands[: len(lists)]
    return ",".join(letters(i) for i in lists) + out, operands


def explicit(subscripts: str, ranks: list[int]) -> str:
    """Write out ``...`` and what an omitted ``->`` stands for."""
    text = subscripts.replace(" ", "")
    left, arrow, out = text.partition("->")
    terms = left.split(",")
    if len(terms) != len(ranks):
        message = (
            f"{subscripts!r} has {len(terms)} operands, but {len(ranks)} are given"
        )
        raise ShapeError(message)
    spare = [c for c in string.ascii_letters if c not in text]
    extra = [r - len(t.replace("...", "")) for t, r in zip(terms, ranks, strict=True)]
    widest = max(
        (e for t, e in zip(terms, extra, strict=True) if "..." in t), default=0
    )
    dots = "".join(spare[:widest])
    for t, e in zip(terms, extra, strict=True):
        if e < 0 or (e and "..." not in t):
            message = (
                f"{t!r} in {subscripts!r} does not fit an array with {len(t) + e} axes"
            )
            raise ShapeError(message)
    terms = [
        t.replace("...", dots[widest - e :]) for t, e in zip(terms, extra, strict=True)
    ]
    if not arrow:
        joined = "".join(terms)
        out = dots + "".join(
            sorted(c for c in set(joined) - set(dots) if joined.count(c) == 1)
        )
    return f"{','.join(terms)}->{out.replace('...', dots)}"


def contract(subscripts: str, *operands: Any) -> Any:
    """Compute an explicit einsum in the simplest operations that serve."""
    terms, out = _letters(subscripts)
    pairs = [_single(t, o) for t, o in zip(terms, operands, strict=True)]
    pairs = [_lone(t, o, [*(p[0] for p in pairs[:i] + pairs[i + 1 :]), out])
             for i, (t, o) in enumerate(pairs)]  # fmt: skip
    numbers = [o for t, o in pairs if not t]
    pairs = [p for p in pairs if p[0]] or pairs[:1]
    result = _contract([t for t, _ in pairs], [o for _, o in pairs], out)
    for number in numbers[0 if pairs[0][0] else 1 :]:
        result = number * result
    return result


def _contract(terms: list[str], arrays: list[Any], out: str) -> Any:
    sizes = _sizes(terms, [as_shape(np.shape(a)) for a in arrays])
    if len(arrays) == 1:
        return _transposed(arrays[0], terms[0], out)
    if len(arrays) == 2:
        result = _pair(terms, out, arrays, sizes)
        if result is not None:
            return result
    return einsum(*arrays, subscripts=f"{','.join(terms)}->{out}")


def _single(term: str, x: Any) -> tuple[str, Any]:
    """Take the diagonal where a term names an index twice."""
    for letter in dict.fromkeys(term):
        while term.count(letter) > 1:
            first = term.index(letter)
            second = term.index(letter, first + 1)
            x = diagonal(moveaxis(x, (first, second), (-2, -1)))
            term = (
                "".join(c for i, c in enumerate(term) if i not in (first, second))
                + letter
            )
    return term, x


def _lone(term: str, x: Any, others: list[str]) -> tuple[str, Any]:
    """Sum over the indices that appear nowhere else."""
    axes = tuple(i for i, c in enumerate(term) if not any(c in t for t in others))
    if not axes:
        return term, x
    return "".join(c for i, c in enumerate(term) if i not in axes), sum_of(x, axis=axes)


def _transposed(x: Any, term: str, out: str) -> Any:
    order = tuple(term.index(c) for c in out)
    return x if order == tuple(range(len(term))) else transpose(x, axes=order)


def _pair(terms: list[str], out: str, arrays: list[Any], sizes: dict[str, Dim]) -> Any:
    """Give a product of two operands as ``@`` or ``*``, or None if neither serves."""
    for term, x in zip(terms, arrays, strict=True):
        if as_shape(np.shape(x)) != tuple(sizes[c] for c in term):
            return None  # an index of size 1 is stretched
    summed = "".join(c for c in terms[0] if c not in out)
    own = [c for c in out if not (c in terms[0] and c in terms[1])]
    if not summed:
        return _product(terms, out, arrays)
    if len(summed) == 1:
        first, second = zip(terms, arrays, strict=True)
        result = _as_matmul(first, second, summed, out)
        result = _as_matmul(second, first, summed, out) if result is None else result
        if result is not None or own:
            return result
    if own:
        return None
    product = _product(terms, out + summed, arrays)
    return sum_of(product, axis=tuple(range(len(out), len(out + summed))))


def _as_matmul(
    first: tuple[str, Any], second: tuple[str, Any], summed: str, out: str
) -> Any:
    """Give ``first @ second``, or None where that is not what is wanted."""
    (a, x), (b, z) = first, second
    batch = "".join(c for c in out if c in a and c in b)
    left = "".join(c for c in out if c in a and c not in b)
    right = "".join(c for c in out if c in b and c not in a)
    matrices = len(left) == len(right) == 1
    rows = not batch and (len(right) <= 1 or not left)  # a stack on one side only
    if out != batch + left + right or not (matrices or rows):
        return None
    return matmul(
        _transposed(x, a, batch + left + summed),
        _transposed(z, b, batch + right[:-1] + summed + right[-1:]),
    )


def _product(terms: list[str], out: str, arrays: list[Any]) -> Any:
    """Multiply element by element, each operand laid out along the indices of `out`."""
    parts = []
    for term, x in zip(terms, arrays, strict=True):
        part = _transposed(x, term, "".join(c for c in out if c in term))
        leading = True
        for axis, c in enumerate(out):
            leading = leading and c not in term
            if c not in term and not leading:
                part = expand_dims(part, axis=axis - _missing(out, term))
        parts.append(part)
    return parts[0] * parts[1]


def _missing(out: str, term: str) -> int:
    """Give how many of the first indices of `out` a term lacks."""
    return next((i for i, c in enumerate(out) if c in term), len(out))
