"""Matching factors that differ in their labels only."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

from derivo.simplify.factor import (
    Atom,
    Base,
    Exp,
    Factor,
    Label,
    Log,
    Product,
    Size,
    Total,
)

Matches = Iterator[dict[int, Label]]


def unify(
    pattern: Factor, f: Factor, labels: dict[int, Label]
) -> Iterator[dict[int, Label]]:
    """Match a factor with another one that differs in labels only."""
    if type(pattern) is type(f):
        yield from _UNIFY[type(pattern)](pattern, f, labels)


def _unify_atoms(p: Any, f: Any, labels: dict[int, Label]) -> Matches:
    found = _unify_axes(p.axes, f.axes, labels) if p.node is f.node else None
    if found is not None:
        yield found


def _unify_totals(p: Any, f: Any, labels: dict[int, Label]) -> Matches:
    if p.bound == f.bound:
        fixed = labels | {b: b for b in p.bound}
        for found in unify_products(p.inner, f.inner, fixed):
            yield {a: b for a, b in found.items() if a not in p.bound}


def _unify_bases(p: Any, f: Any, labels: dict[int, Label]) -> Matches:
    if [c for _, c in p.terms] == [c for _, c in f.terms]:
        yield from _unify_terms(p.terms, f.terms, labels)


_UNIFY: dict[type[Factor], Callable[..., Matches]] = {
    Atom: _unify_atoms,
    Total: _unify_totals,
    Base: _unify_bases,
    Exp: lambda p, f, labels: unify_products(p.inner, f.inner, labels),
    Log: lambda p, f, labels: unify(p.inner, f.inner, labels),
    Size: lambda p, f, labels: iter([labels] if p == f else []),
}


def _unify_axes(
    a: tuple[Label, ...], b: tuple[Label, ...], labels: dict[int, Label]
) -> dict[int, Label] | None:
    result = dict(labels)
    for p, q in zip(a, b, strict=True):
        if p is None or q is None:
            if p is not q:
                return None
        elif result.setdefault(p, q) != q:
            return None
    return result


def unify_products(
    a: Product, b: Product, labels: dict[int, Label]
) -> Iterator[dict[int, Label]]:
    """Match two products that differ in labels only."""
    if len(a) != len(b):
        return
    if not a:
        yield labels
        return
    (f, p), *rest = a
    for k, (g, q) in enumerate(b):
        if p == q:
            for found in unify(f, g, labels):
                yield from unify_products(tuple(rest), b[:k] + b[k + 1 :], found)


def _unify_terms(a: Any, b: Any, labels: dict[int, Label]) -> Matches:
    if not a:
        yield labels
        return
    for found in unify_products(a[0][0], b[0][0], labels):
        yield from _unify_terms(a[1:], b[1:], found)
