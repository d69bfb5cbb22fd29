"""Deriving what cannot be derived, and looking at the message."""

from __future__ import annotations

import linecache
from collections.abc import Callable
from typing import Any

import pytest

import derivo


def refused(error: type[Exception], function: Callable[..., Any], **specs: Any) -> str:
    """Give the message, which names the line of `function` that ends in "# here"."""
    with pytest.raises(error) as caught:
        derivo.derive(function, **specs)
    text = str(caught.value)
    file, number = function.__code__.co_filename, function.__code__.co_firstlineno
    lines = linecache.getlines(file)
    while not lines[number - 1].rstrip().endswith("# here"):
        number += 1
    assert f'File "{file}", line {number}, in ' in text
    return text
