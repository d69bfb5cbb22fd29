"""Lines as data: what they read, and how names are exchanged and handed on."""

from __future__ import annotations

import ast

import pytest

from derivo.emit.expression import parsed, written
from derivo.emit.handing_on import in_place, last_things_last, stored_at_once
from derivo.emit.statement import Statement, definition, definitions


def name(text):
    return ast.Name(text)


def lines(*texts):
    """Read statements; ``s[t] = ...`` and ``s += ...`` are those of no value."""
    found = []
    for text in texts:
        (tree,) = parsed(text.strip())
        target = tree.targets[0] if isinstance(tree, ast.Assign) else None
        called = target.id if isinstance(target, ast.Name) else ""
        depth = (len(text) - len(text.lstrip())) // 4
        found.append(Statement(tree, None, called, depth))
    return found


def codes(statements):
    return [s.code for s in statements]


@pytest.mark.parametrize(
    ("code", "reads"),
    [
        ("y = np.sum(x, axis=0)", {"np", "x"}),
        ("y[t] = x", {"t", "x"}),
        ("y += x", {"y", "x"}),
        ("y[rows] = x", {"rows", "x"}),
        ("np.add.at(y, rows, x)", {"np", "y", "rows", "x"}),
        ("a, b = b, c", {"b", "c"}),
        ("y = x.T @ shape.x", {"x", "shape"}),
    ],
)
def test_a_line_reads_values_and_no_keywords_or_attributes(code, reads):
    (line,) = lines(code)
    assert line.reads == reads
    assert line.code == code


def test_the_head_of_a_loop_reads_its_length_alone():
    tree = ast.For(name("t"), written("range({0}.shape[0])", name("x")), [], [])
    line = Statement(tree, depth=1)
    assert line.code == "    for t in range(x.shape[0]):"
    assert line.reads == {"range", "x"}
    assert line.renamed("x", "y").code == "    for t in range(y.shape[0]):"


def test_a_name_is_exchanged_where_it_is_a_name():
    (line,) = lines("axis = np.sum(axis + axis_2, axis=0) * x.axis")
    new = line.renamed("axis", "h")
    assert new.code == "h = np.sum(h + axis_2, axis=0) * x.axis"
    assert new.name == "h"
    assert line.code.startswith("axis = ")  # the tree may be shared: it stays


def test_several_names_are_bound_without_brackets():
    assert definitions(["a", "b"], name("saved")).code == "a, b = saved"
    assert definitions(["a"], name("saved")).code == "(a,) = saved"
    assert definitions(["a", "b"], [name("b"), name("a")]).code == "a, b = b, a"


def test_a_value_that_is_only_stored_is_stored_at_once():
    given = lines("d = g @ w", "s = g * 2", "d_x[t] = d", "d_b += s", "h = s")
    assert codes(stored_at_once(given, [name("h")])) == [
        "s = g * 2", "d_x[t] = g @ w", "d_b += s", "h = s"
    ]  # fmt: skip


@pytest.mark.parametrize(
    "kept",
    [
        ["d = g", "d_x[t] = d"],  # the next step reads it
        ["s = g", "for k in range(3): pass", "    d_x[k] = s"],  # at every inner step
        ["s = np.zeros(3)", "s = s + g", "d_x[t] = s"],  # written twice
    ],
)
def test_a_value_that_something_else_needs_keeps_its_line(kept):
    given = lines(*kept)
    assert stored_at_once(given, [name("d")]) == given


def test_what_the_next_step_reads_comes_last():
    given = lines("d_h = d @ u", "d_x[t] = d @ w")
    assert codes(last_things_last(given, [name("d_h")])) == [
        "d_x[t] = d @ w", "d_h = d @ u"
    ]  # fmt: skip


def test_a_carry_is_overwritten_once_nobody_reads_it():
    given = lines("h_2 = np.tanh(h @ u)", "hs[t] = h_2")
    found = in_place(given, {"h": name("h_2")}, {"h": {"h_2"}})
    assert codes(found) == ["h = np.tanh(h @ u)", "hs[t] = h"]


def test_a_carry_that_is_still_read_is_handed_on_at_the_end():
    given = lines("h_2 = np.tanh(h @ u)", "d[t] = h_2 - h")
    found = in_place(given, {"h": name("h_2")}, {"h": {"h_2"}})
    assert codes(found) == [*codes(given), "h = h_2"]


def test_a_keyword_does_not_keep_a_carry_of_that_name():
    given = lines("axis_2 = axis * x", "s[t] = np.sum(axis_2, axis=0)")
    found = in_place(given, {"axis": name("axis_2")}, {"axis": {"axis_2"}})
    assert codes(found) == ["axis = axis * x", "s[t] = np.sum(axis, axis=0)"]


def test_carries_that_change_places_do_so_in_one_line():
    found = in_place([], {"a": name("b"), "b": name("a")}, {"a": set(), "b": set()})
    assert codes(found) == ["a, b = b, a"]


def test_carries_that_do_not_meet_have_a_line_each():
    ends = {"a": written("{0} + 1", name("a")), "b": name("b")}
    assert codes(in_place([], ends, {"a": set(), "b": set()})) == ["a = a + 1"]


def test_a_definition_says_whose_value_it_is():
    line = definition("y", written("{0} * 2", name("x"))).deeper()
    assert (line.code, line.name, line.is_definition) == ("    y = x * 2", "y", True)
