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
