"""Text for JAX: what writes in place is a new array, and nothing else changes."""

import ast
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import derivo
from derivo.emit.jax_text import jax_text
from derivo.errors import NotSupportedError

GOLDEN = sorted((Path(__file__).parents[1] / "golden").glob("*.py"))


def printed(*lines):
    text = "\n".join(["import numpy as np", "", "", "def f(x, v, i):",
                      *(f"    {line}" for line in lines)])  # fmt: skip
    head, _, body = jax_text(text + "\n").partition("def f(x, v, i):\n")
    return head, [line.removeprefix("    ") for line in body.rstrip("\n").split("\n")]


@pytest.mark.parametrize(
    ("line", "expected"),
    [
        ("x[i] += v  # twice", "x = x.at[i].add(v)  # twice"),
        ("x[:, 1:] -= v", "x = x.at[:, 1:].subtract(v)"),
        ("x[i] *= v", "x = x.at[i].multiply(v)"),
        ("x[i, ..., None] = v", "x = x.at[i, ..., None].set(v)"),
        ("np.add.at(x, (i, i), v)", "x = x.at[i, i].add(v)"),
        ("np.add.at(x, [3, 1], v)", "x = x.at[np.array([3, 1])].add(v)"),
        ("x[:, [2, 1]] -= 1", "x = x.at[:, np.array([2, 1])].subtract(1)"),
        ("y = x[[3, 1]] + [3, 1][i]", "y = x[np.array([3, 1])] + [3, 1][i]"),
        ("x += v", "x += v"),
        ("y = v * float(np.sqrt(x.shape[0]))", "y = v * np.sqrt(x.shape[0])"),
        ("é = x[i]; x[i] = é", "é = x[i]; x = x.at[i].set(é)"),
    ],
)
def test_a_statement(line, expected):
    assert printed(line)[1] == [expected]


def test_lists_are_written_to_as_they_are():
    lines = ["a, b = [], [0] * 3", "b[i] = v", "c = [v for _ in x]", "c[0] = v"]
    assert printed(*lines)[1] == lines


def test_states_of_errors_are_left_out():
    lines = ["with np.errstate(all='ignore'):", "    y = v / x", "    x[i] = y  # set",
             "return x"]  # fmt: skip
    assert printed(*lines)[1] == ["y = v / x", "x = x.at[i].set(y)  # set", "return x"]


def test_an_error_about_values_is_left_to_the_caller():
    lines = ["if np.any(x > 1):", "    raise ValueError('large')", "if x.shape[0] > 1:",
             "    raise ValueError('long')"]  # fmt: skip
    assert printed(*lines)[1][1:] == lines[2:]
    assert printed(*lines)[1][0].startswith("# ")


def test_windows_have_a_function_of_their_own():
    call = "y = np.lib.stride_tricks.sliding_window_view(x, (2,), (0,))"
    head, body = printed(call)
    assert body == ["y = sliding_window_view(x, (2,), (0,))"]
    scope: dict[str, Any] = {}
    exec(head.replace("jax.numpy", "numpy"), scope)  # noqa: S102
    x = np.arange(24.0).reshape(2, 3, 4)
    for size, axis in (((2,), (2,)), ((2, 3), (0, 1)), ((2, 2), (2, 0))):
        np.testing.assert_array_equal(
            scope["sliding_window_view"](x, size, axis),
            np.lib.stride_tricks.sliding_window_view(x, size, axis),
        )


def test_what_has_no_form_is_refused():
    with pytest.raises(NotSupportedError, match=r"`x\[i\] //= v` has no form in JAX"):
        printed("x[i] //= v")


@pytest.mark.parametrize("path", GOLDEN, ids=[p.stem for p in GOLDEN])
def test_nothing_is_written_in_place_in_any_text(path):
    text = path.read_text()
    after = jax_text(text)
    for node in ast.walk(ast.parse(after)):
        if isinstance(node, ast.Assign | ast.AugAssign):
            target = node.targets[0] if isinstance(node, ast.Assign) else node.target
            assert not isinstance(target, ast.Subscript)
    assert "np.add.at" not in after
    comments = [line.partition("#")[2] for line in text.split("\n") if "#" in line]
    assert all(c in after for c in comments)


def test_a_step_is_the_numpy_step_but_for_its_import():
    net = derivo.Network(derivo.layers.Dense(3, "tanh"), derivo.layers.Dense(2))
    net.build(4)
    expected = net.source_for("numpy").replace("import numpy", "import jax.numpy")
    assert net.source_for("jax") == expected


def test_a_loop_over_numbers_is_a_function_of_a_step():
    head, lines = printed(
        "h = np.zeros(3)", "hs = np.empty((4, 3))",
        "for t in reversed(range(1, x.shape[0])):",
        "    before = hs[t - 1] if t > 1 else 0.0",
        "    z = x[t] @ v + before", "    h = np.tanh(z) * h", "    hs[t] = h",
        "return h, hs",
    )  # fmt: skip
    assert "from jax import lax" in head
    zeros = "np.full_like(hs[0], 0.0)"
    assert lines == [
        "h = np.zeros(3)", "hs = np.empty((4, 3))", "",
        "def turn(t, carried):",
        "    h, hs = carried",
        "    t = x.shape[0] - t",
        f"    before = lax.cond(t > 1, lambda: hs[t - 1], lambda: {zeros})",
        "    z = x[t] @ v + before", "    h = np.tanh(z) * h",
        "    hs = hs.at[t].set(h)",
        "    return h, hs", "", "carried = (h, hs)",
        "carried = lax.fori_loop(1, x.shape[0], turn, carried)", "h, hs = carried",
        "return h, hs",
    ]  # fmt: skip


@pytest.mark.parametrize(
    ("lines", "reason"),
    [
        (["for i in range(3):", "    x = x * i"], "i is more than an index"),
        (["for i in range(3):", "    x = x[i:]"], "i is more than an index"),
        (["for i in range(3):", "    x = x if v[i] > 0 else v[i]"], None),
        (["for i in range(0, 8, 2):", "    x = x + v[i]"], "it goes in larger steps"),
        (["for a in v:", "    x = x + a"], "it does not go through numbers"),
        (["for i in range(3):", "    if i:", "        x = x + v"],
         "a step is more than assignments"),
        (["a = []", "for i in range(3):", "    a[i] = v"], "it fills a list"),
        (["for i in range(3):", "    y = v[i]", "x = y"],
         "what it leaves behind is not there before"),
    ],
)  # fmt: skip
def test_a_loop_that_stays_says_why(lines, reason):
    text = "\n".join(printed(*lines)[1])
    if reason is None:
        assert "lax.cond(v[i] > 0" in text
    else:
        assert (
            f"# JAX compiles each step of this loop by itself: {reason}.\nfor" in text
        )
