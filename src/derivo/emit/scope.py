"""What is at hand at a place in the source: arrays to read sizes and types from."""

from __future__ import annotations

import ast
from collections.abc import Container
from dataclasses import dataclass, field

from derivo.errors import InternalError
from derivo.graph.dim import (
    Dim,
    Excess,
    Factor,
    Quotient,
    Shape,
    Size,
    as_extreme,
    divide,
    name_of,
    names,
    product,
)
from derivo.graph.sizes import inverse, origins
from derivo.graph.spec import Spec


@dataclass
class Scope:
    """The named values of a function body, in order of appearance.

    Attributes
    ----------
    arrays
        Name and spec of each array.
    shapes
        Names bound to the shape of an array that is not itself at hand.
    """

    arrays: list[tuple[str, Spec]] = field(default_factory=list)
    shapes: list[tuple[str, Shape]] = field(default_factory=list)

    def add(self, name: str, spec: Spec) -> None:
        """Note a value that is at hand from here on."""
        self.arrays.append((name, spec))

    def rename(self, old: str, new: str) -> None:
        """Note that an array is at hand under another name."""
        self.arrays[:] = [(new if n == old else n, s) for n, s in self.arrays]

    def _shapes(self) -> list[tuple[ast.expr, Shape]]:
        own = [(ast.Attribute(ast.Name(n), "shape"), s.shape) for n, s in self.arrays]
        return [*own, *((ast.Name(n), s) for n, s in self.shapes)]

    def has(self, dim: Dim, alone: Container[str | None]) -> bool:
        """Tell whether a size can be read off something at hand.

        A name that some axis has `alone` is read off such an axis, and not worked out
        from one of size N - 1, say.
        """
        dims = {d for _, s in self._shapes() for d in s}
        told = origins(dims)
        known = {n for n, d in told.items() if name_of(d) == n or n not in alone}
        return dim in dims or known.issuperset(names(dim))

    def has_all(self, shape: Shape, alone: Container[str | None]) -> bool:
        """Tell whether every size of a shape can be read."""
        return all(self.has(d, alone) for d in shape)

    def dim(self, dim: Dim) -> ast.expr:
        """Write a size: ``x.shape[0]``, ``x.size``, or a formula of such."""
        if isinstance(dim, int):
            return (
                ast.Constant(dim)
                if dim >= 0
                else ast.UnaryOp(ast.USub(), ast.Constant(-dim))
            )
        for where, shape in self._shapes():
            if dim in shape:
                return ast.Subscript(where, ast.Constant(shape.index(dim)))
        for name, spec in self.arrays:
            if spec.rank > 1 and product(spec.shape) == dim:
                return ast.Attribute(ast.Name(name), "size")
        extreme = as_extreme(dim)
        if extreme is not None:
            word, a, b = extreme
            return ast.Call(ast.Name(word), [self.dim(a), self.dim(b)], [])
        if len(dim.terms) == 1 and dim.terms[0][0][1:] == () and dim.terms[0][1] == 1:
            return self._factor(dim.terms[0][0][0])
        return self._formula(dim)

    def _factors(self, dim: Size) -> tuple[ast.expr, ast.expr] | None:
        """Write a sum as a product with a sum that is at hand: ``2 * y.shape[0]``."""
        if len(dim.terms) == 1:
            return self._multiple(dim)
        for where, shape in self._shapes():
            for axis, d in enumerate(shape):
                if isinstance(d, int) or len(d.terms) == 1:
                    continue
                other = divide(dim, d)
                if other * d == dim:
                    own = ast.Subscript(where, ast.Constant(axis))
                    return self.dim(other), own
        return None

    def _multiple(self, dim: Size) -> tuple[ast.expr, ast.expr] | None:
        """Write ``8*D`` as twice the ``4*D`` that is at hand, if D alone is not."""
        ((factors, count),) = dim.terms
        shapes = self._shapes()
        alone = {d for _, shape in shapes for d in shape}
        if all(Size((((f,), 1),)) in alone for f in factors):
            return None
        for where, shape in shapes:
            for axis, d in enumerate(shape):
                own = d.terms if isinstance(d, Size) else ()
                if len(own) != 1 or own[0][0] != factors:
                    continue
                times, rest = divmod(count, own[0][1])
                if times > 1 and not rest:
                    return ast.Constant(times), ast.Subscript(where, ast.Constant(axis))
        return None

    def _factor(self, factor: Factor) -> ast.expr:
        """Write a size that is no sum and no product."""
        if isinstance(factor, Quotient):
            return ast.BinOp(self.dim(factor.num), ast.FloorDiv(), self.dim(factor.den))
        if isinstance(factor, Excess):
            arguments = [self.dim(factor.of), ast.Constant(0)]
            return ast.Call(ast.Name("max"), arguments, [])
        name = factor.text
        told = origins(d for _, s in self._shapes() for d in s).get(name)
        if told is None:
            message = f"no array at hand has the size {name}; please report this"
            raise InternalError(message)
        # From an axis of 4*H, or of D+H.
        by, rest = inverse(told, name)
        written = self.dim(told)
        if rest != 0:
            written = ast.BinOp(written, ast.Sub(), self.dim(rest))
        if by != 1:
            written = ast.BinOp(written, ast.FloorDiv(), self.dim(by))
        return written

    def _formula(self, dim: Size) -> ast.expr:
        known = self._factors(dim)
        if known is not None:
            return ast.BinOp(known[0], ast.Mult(), known[1])
        total: ast.expr | None = None
        for factors, n in sorted(dim.terms, key=lambda t: (t[1] < 0, not t[0])):
            parts = [self.dim(Size((((f,), 1),))) for f in factors]
            if abs(n) != 1 or not parts:
                parts.insert(0, ast.Constant(abs(n)))
            term = parts[0]
            for p in parts[1:]:
                term = ast.BinOp(term, ast.Mult(), p)
            if total is None:
                total = term if n > 0 else ast.UnaryOp(ast.USub(), term)
            else:
                total = ast.BinOp(total, ast.Add() if n > 0 else ast.Sub(), term)
        return total or ast.Constant(0)

    def shape(self, shape: Shape) -> ast.expr:
        """Write a shape: that of an array at hand, or a tuple of sizes."""
        for where, s in self._shapes():
            if s == shape and s and any(isinstance(d, Size) for d in s):
                return where
        return ast.Tuple([self.dim(d) for d in shape], ast.Load())

    def dtype(self) -> ast.expr:
        """Write the floating type in use."""
        floats = [(n, s) for n, s in self.arrays if s.kind == "float"]
        for name, spec in floats:
            if spec.rank:
                return ast.Attribute(ast.Name(name), "dtype")
        if floats:
            function = ast.Attribute(ast.Name("np"), "result_type")
            return ast.Call(function, [ast.Name(n) for n, _ in floats[:1]], [])
        return ast.Name("float")

    def has_float(self) -> bool:
        """Tell whether the floating type in use can be read off something at hand."""
        return any(s.kind == "float" for _, s in self.arrays)
