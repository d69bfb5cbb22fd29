"""What is told to be kept, and for what, is what the emitted code reads."""

import ast
import re

import numpy as np
import pytest

import derivo
from derivo.explain.document import Display, Mono, Table, blocks_of
from derivo.explain.formula.local import local_node
from derivo.explain.formula.of_node import formula_of, names_of
from derivo.explain.formula.tree import Symbol, walk
from derivo.explain.prepare import subject
from derivo.explain.words import Words
from tests.catalogue import CASES
from tests.explain.reading import derived, explained, factors_in


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


# --- reasons beside a formula -----------------------------------------------------------


def reasons(document, key):
    """Give the rows whose reason is a sentence, and what the sentence is about."""
    before, after = Words("en").template(key).split("{value}", 1)
    for block in blocks_of(document):
        for row in block.rows if isinstance(block, Display) else ():
            match row.reason:
                case (str(first), value, *_) if first == before and after:
                    yield row, value


@pytest.mark.parametrize("case", CASES.values(), ids=lambda c: c.name)
def test_a_value_is_said_to_be_used_where_the_derivative_reads_it(case):
    d = derived(case)
    s = subject(d, {})
    names = names_of(s)
    factors = {f.id: f for f in s.all_factors}
    document = d.explain("matrix").document
    told = {}
    for row, value in reasons(document, "matrix.written"):
        (marked,) = factors_in(row.right)
        told[marked] = value
    for block in blocks_of(document):
        for row in block.rows if isinstance(block, Display) else ():
            for marked in factors_in(row.right) if row.reason else ():
                factor = factors[marked]
                local = local_node(factor, d.forward.builder)
                is_told = marked in told or row.reason in WRITTEN_OUT
                if local is None or not is_told:
                    continue
                read = reached(local, names)
                assert (factor.reader in read) == (marked in told), case.name
                if marked in told:
                    assert told[marked] == names.get(
                        factor.reader, formula_of(factor.reader, names)
                    )


WRITTEN_OUT = (Words("en").runs("matrix.written_out"),)


def reached(node, names):
    """Give what a formula of a value reads, down to values that have a name."""
    found, todo = set(), [node]
    while todo:
        at = todo.pop()
        found.add(at)
        if at is node or at not in names:
            todo += at.inputs
    return found


def test_the_derivative_of_a_logarithm_reads_no_logarithm():
    d = derivo.derive(lambda p: np.log(p), p="N")
    text = d.explain("matrix").text
    assert "computed" not in text
    assert "log′(p) = 1/p" in text


@pytest.mark.parametrize("case", CASES.values(), ids=lambda c: c.name)
def test_what_is_said_to_be_used_again_is_read(case):
    before, after = Words("en").template("rules.use").split("{name}")
    for block in blocks_of(explained(case)):
        rows = block.rows if isinstance(block, Display) else ()
        for row in rows:
            said = "".join(r for r in row.reason if isinstance(r, str))
            for name in re.findall(rf"{before}(\w+){re.escape(after)}", said):
                read = {s.name for s in walk(row.right) if isinstance(s, Symbol)}
                assert name in read, said
