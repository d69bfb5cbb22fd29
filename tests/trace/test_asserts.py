"""An assert about values is no branch: it is not tried, and the steps say so."""

from typing import Any

import numpy as np
import pytest

import derivo
from derivo.errors import TraceError


def plain(x):
    assert np.all(x > 0)
    return np.log(x)


def negated(x):
    assert not np.any(np.isnan(x))
    return np.log(x)


def joined(x):
    assert np.all(x > 0) and not (x.sum() < 0 or x.min() < 0), "positive"  # noqa: PT018
    return np.log(x)


def chained(x):
    assert 0 < x.sum() < 1e9
    return np.log(x)


def several_lines(x):
    assert (
        x.sum()
        > 3
    )  # fmt: skip
    return np.log(x)


def all_of_a_list(x):
    assert all(v > 0 for v in (x.sum(), x.max()))
    assert not any([x.sum() < 0, x.max() < 0])
    return np.log(x)


def close(x):
    assert np.allclose(x.sum(), 1) or np.array_equal(x, x)
    return np.log(x)


def in_a_helper(x):
    return plain(x)


def by_numpy(x):
    np.testing.assert_allclose(x, x)
    return np.log(x)


FUNCTIONS = [plain, negated, joined, chained, several_lines, all_of_a_list, close,
             in_a_helper, by_numpy]  # fmt: skip
# As Python compiles them: pytest writes asserts anew.
AS_WRITTEN = """
def joined(x):
    assert np.all(x > 0) and not (x.sum() < 0 or x.min() < 0), "positive numbers"
    assert not x.sum() == 0
    assert (x.sum() == 0 and x.max() == 0) or x.min() == 0
    assert x.sum() if x.max() > 0 else x.min()
    return np.log(x)
"""


def not_tried(d: Any) -> list[str]:
    return [s.rule for s in d.steps if s.kind == "assert"]


@pytest.mark.parametrize("function", FUNCTIONS)
def test_an_assert_about_values_is_not_tried(function: Any) -> None:
    d = derivo.derive(function, x="N")
    np.testing.assert_allclose(d(x=np.array([2.0, 3.0])), np.log([2.0, 3.0]))
    assert any("not tried: " in text for text in not_tried(d))


def test_as_python_compiles_it(tmp_path: Any) -> None:
    path, space = tmp_path / "users.py", {"np": np}
    path.write_text(AS_WRITTEN)
    exec(compile(AS_WRITTEN, str(path), "exec"), space)  # noqa: S102
    d = derivo.derive(space["joined"], x="N")  # type: ignore[arg-type]
    assert len(not_tried(d)) == 4
    assert not_tried(d)[1] == "not tried: assert not x.sum() == 0"


def test_an_assert_about_known_sizes_is_tried() -> None:
    def f(x):
        assert x.shape[0] == 2
        return x

    derivo.derive(f, x="2")
    with pytest.raises(AssertionError):
        derivo.derive(f, x="3")


def test_a_branch_inside_what_an_assert_calls_is_a_branch() -> None:
    def is_fine(x):
        return True if x.sum() > 0 else x.min() > 0

    def f(x):
        assert is_fine(x)
        return x

    with pytest.raises(TraceError, match="branch"):
        derivo.derive(f, x="N")
