"""docs/operations.md is what the catalogue says."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest

import derivo
from derivo.errors import NotSupportedError
from derivo.ops import table
from derivo.ops.catalogue import HOMES
from derivo.ops.refused import REFUSED
from derivo.ops.topics import TOPICS, Topic
from tests.ops.spelled import Spelling, compare, distinct

PAGE = Path(__file__).parents[2] / "docs" / "operations.md"


def test_the_page_of_operations_is_up_to_date() -> None:
    written = PAGE.read_text(encoding="utf-8")
    hint = "run: python -m derivo.ops.table > docs/operations.md"
    assert "\n".join(table.page()) + "\n" == written, hint


def test_the_page_names_what_a_user_would_look_for() -> None:
    names = table.spelled()
    for name in ("np.sum", "np.linalg.norm", "np.einsum", "np.where", "np.add.reduce"):
        assert name in names
    assert {f.__name__ for f in table.own()} >= {"softmax", "erf", "dropout", "uniform"}


@pytest.mark.parametrize("topic", TOPICS, ids=lambda t: t.title)
def test_the_example_of_a_topic_can_be_derived_and_is_right(topic: Topic) -> None:
    if not topic.example:
        return
    function = eval(topic.example, {"np": np, "derivo": derivo})  # noqa: S307
    example = Spelling(function, topic.specs, dict.fromkeys(topic.specs, distinct))
    sizes = {"N": 3, "M": 4, "B": 2, "T": 3}
    if "stop_gradient" not in topic.example:
        compare(example, sizes)
        return
    arrays = example.arrays(sizes)
    np.testing.assert_array_equal(example.derive()(**arrays), function(**arrays))


def test_every_file_of_operations_has_a_topic() -> None:
    listed = {file for topic in TOPICS for file in topic.files}
    assert set(table.homes()) | set(HOMES.values()) <= listed


@pytest.mark.parametrize(
    ("name", "call"),
    [
        ("np.unique", lambda x: np.unique(x)),
        ("np.linalg.eig", lambda x: np.linalg.eig(x[:, None] * x)),
        ("np.bincount", lambda x: np.bincount([0, 1], weights=x)),
        ("np.roots", lambda x: np.roots(x)),
        (".strides", lambda x: x.strides),
        ("np.frexp", lambda x: np.frexp(x)),
    ],
    ids=lambda v: v if isinstance(v, str) else "",
)
def test_a_refusal_says_what_the_page_says(name: str, call: Any) -> None:
    with pytest.raises(NotSupportedError) as caught:
        derivo.derive(call, x="2")
    assert name in str(caught.value)
    assert REFUSED[name][1] in str(caught.value)
