"""Options, profiles, and fixtures that fail a test which leaves something behind."""

from __future__ import annotations

import math
import os
import sys
from collections.abc import Iterator
from pathlib import Path

import hypothesis
import numpy as np
import pytest

hypothesis.settings.register_profile("dev", deadline=None, max_examples=25)
hypothesis.settings.register_profile(
    "ci", deadline=None, max_examples=100, derandomize=True
)
hypothesis.settings.register_profile("intense", deadline=None, max_examples=2000)
# Derandomised unless asked otherwise: the same commit gives the same result.
hypothesis.settings.load_profile(os.environ.get("HYPOTHESIS_PROFILE", "ci"))


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption(
        "--update-golden",
        action="store_true",
        help="write tests/golden/ anew instead of comparing with it",
    )


@pytest.fixture
def update_golden(request: pytest.FixtureRequest) -> bool:
    return bool(request.config.getoption("--update-golden"))


@pytest.fixture(scope="session", autouse=True)
def own_cache_folder(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """Keep emitted source out of the user's own cache folder."""
    folder = tmp_path_factory.mktemp("derivo-cache")
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("DERIVO_CACHE", str(folder))
        yield folder


# What tracing replaces for a moment, and must put back.
_ORIGINAL = {
    (module, name): getattr(module, name)
    for module, names in (
        (np, ("zeros", "ones", "full", "arange", "eye", "array", "asarray")),
        (math, ("sqrt", "exp", "log")),
    )
    for name in names
}


@pytest.fixture(autouse=True)
def nothing_left_behind() -> Iterator[None]:
    """Fail a test after which NumPy, tracing or error states are not as before."""
    before, traced = np.geterr(), sys.gettrace()
    yield
    assert before == np.geterr()
    assert sys.gettrace() is traced
    for (module, name), function in _ORIGINAL.items():
        assert getattr(module, name) is function, f"{module.__name__}.{name} is patched"
