"""What is told to be kept, and for what, is what the emitted code reads."""

import ast

import numpy as np
import pytest

import derivo
from derivo.explain.document import Mono, Table
from derivo.explain.formula.tree import Symbol
from tests.catalogue import CASES


def told(d):
    """Read the table: which values are computed from each one that is kept."""
    sections = [s for s in d.explain("matrix").document.sections if s.anchor == "saved"]
    found = {}
    for section in sections:
        (table,) = (b for b in section.blocks if isinstance(b, Table))
        for (name,), users in table.rows[1:]:
            assert isinstance(name, Mono)
            found[name.text] = {
                f"d_{u.name}" if isinstance(u, Symbol) else u.text
                for u in users if u != ", "
            }  # fmt: skip
    return found


def read(d):
    """Read the code: the names on the left of every line that reads a kept value."""
    backward = next(
        f for f in ast.parse(d.source).body
        if isinstance(f, ast.FunctionDef) and f.args.args[0].arg == "saved"
    )  # fmt: skip
    unpack, *rest = backward.body
    assert ast.unparse(unpack).endswith(" = saved")
    kept = {n.id: set() for n in ast.walk(unpack.targets[0]) if isinstance(n, ast.Name)}
    for line in (n for top in rest for n in ast.walk(top)):
        match line:
            case ast.Assign(targets=targets):
                pass
            case ast.AugAssign(target=target):
                targets = [target]
            case ast.Expr(value=ast.Call(args=[target, *_])):  # np.add.at(...)
                targets = [target]
            case _:
                continue
        read_here = {n.id for n in ast.walk(line) if isinstance(n, ast.Name)}
        for name in read_here & set(kept):
            kept[name] |= {made for t in targets for made in names_made(t)}
    return kept


def names_made(target):
    """Give the names that are assigned to, wholly or in part."""
    match target:
        case ast.Tuple(elts=parts):
            return [name for part in parts for name in names_made(part)]
        case ast.Subscript(value=whole):
            return names_made(whole)
        case _:
            return [target.id]


@pytest.mark.parametrize("case", CASES.values(), ids=lambda c: c.name)
def test_the_table_is_what_the_code_reads(case):
    d = derivo.derive(case.function, inline="*", **case.specs)
    if d.saved:
        assert told(d) == read(d)


def test_the_table_of_a_layer():
    d = derivo.derive(layer, x="N L", w="L M", b="M")
    assert told(d) == {"x": {"d_w"}, "w": {"d_x"}, "y": {"d_n"}}


def layer(x, w, b):
    n = x @ w + b
    y = 1 / (1 + np.exp(-n))
    return y
