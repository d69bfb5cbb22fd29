"""Choosing the engine that runs the steps."""

from __future__ import annotations

from typing import Any

from derivo.run.engine import Engine
from derivo.run.numpy_engine import NumpyEngine
from derivo.train.loop import Plan
from derivo.train.step import StepDerivation


def make_engine(
    wish: str, step: StepDerivation, x: Any, t: Any, plan: Plan
) -> tuple[Engine, str]:
    """Give the engine, and its name with the reason where it was chosen."""
    return NumpyEngine(step.module.step, x, t, plan.batch_size, plan.learning_rate), "numpy"


def numba_source(step: StepDerivation, dtype: Any, engine: str) -> str:
    raise NotImplementedError
