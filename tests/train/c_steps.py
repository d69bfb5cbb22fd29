"""Trains with the NumPy step and with the compiled one, and gives both results."""

from dataclasses import dataclass
from typing import Any

import numpy as np

from derivo.layers.named import network_loss
from derivo.run.batches import Batches
from derivo.run.c_engine import CEngine
from derivo.run.compiler import compiled
from derivo.run.in_numpy import Left
from derivo.run.numpy_engine import NumpyEngine
from derivo.train.engines import c_computation, c_source
from derivo.train.forward import build_forward
from derivo.train.optimizers import find_optimizer
from derivo.train.step import derive_step

# The order of sums is the same at every level of optimisation; this one compiles fast.
QUICK = ("-O1", "-Werror")


@dataclass
class Case:
    """A network, compiled once, to be run with batches of several sizes.

    Attributes
    ----------
    step
        The derived step.
    library
        What was compiled from its C text.
    start
        Parameters and states to begin with.
    """

    step: Any
    library: Any
    start: tuple[Any, ...]
    dtype: Any

    @classmethod
    def of(cls, layers, loss, shapes, *, rule="sgd", dtype=np.float64):
        """Compile a network for x and t with so many columns."""
        features, units = shapes
        forward = build_forward(layers, network_loss(loss), features)
        specs = {"x": f"N {features}", "t": f"N {units}"}
        specs |= {p.name: " ".join(map(str, p.shape)) for p in forward.parameters}
        step = derive_step(forward, specs, find_optimizer(rule))
        rng = np.random.default_rng(3)
        start = [
            rng.normal(scale=0.5, size=p.shape).astype(dtype)
            for p in forward.parameters
        ]
        start += [np.zeros_like(p) for _ in step.optimizer.states for p in start]
        library = compiled(c_source(step, dtype), extra=QUICK)
        return cls(step, library, tuple(start), dtype)

    def engine(self, x, t, batch, threads=1, rate=0.05):
        """Give the engine, on so many threads."""
        computation = c_computation(self.step).prepared()
        constants = [
            n.attrs["value"].array for n in computation.kept[len(self.start) :]
        ]
        shapes = [v.shape for v in self.start]
        left = Left.of(computation, [batch])
        engine = CEngine(
            self.library, (x, t), shapes, batch, rate, constants, threads, left=left
        )
        engine.pace = Fixed(threads)  # type: ignore[assignment]
        return engine

    def compiled(self, x, t, batch, *, threads=1, epochs=2, rate=0.05):
        """Train with the compiled step."""
        x, t = x.astype(self.dtype), t.astype(self.dtype)
        return self._train(
            self.engine(x, t, batch, threads, rate), len(x), batch, epochs
        )

    def plain(self, x, t, batch, *, epochs=2, rate=0.05):
        """Train with the NumPy step."""
        x, t = x.astype(self.dtype), t.astype(self.dtype)
        engine = NumpyEngine(self.step.module.step, Batches.of_rows(x, t), batch, rate)
        return self._train(engine, len(x), batch, epochs)

    def _train(self, engine, rows, batch, epochs):
        values, losses = self.start, []
        order = np.arange(rows)[::-1].copy()
        for epoch in range(epochs):
            first = 1 + epoch * -(-rows // batch)
            result = engine.epoch(values, order, first, lambda _n: None)
            assert result.bad_step is None
            values = result.values
            losses.append(result.loss)
        return losses, values

    def compare(self, x, t, batch, tolerance=1e-12, **options):
        """Train with both, and compare losses, parameters and states."""
        rate = options.get("rate", 0.05)
        expected, values = self.plain(x, t, batch, rate=rate)
        found, ours = self.compiled(x, t, batch, **options)
        np.testing.assert_allclose(found, expected, rtol=tolerance)
        for wanted, actual in zip(values, ours, strict=True):
            assert wanted.shape == actual.shape
            assert actual.dtype == self.dtype
            scale = np.abs(wanted).max() + 1e-3
            np.testing.assert_allclose(
                actual, wanted, rtol=0, atol=10 * tolerance * scale
            )


class Fixed:
    """Always so many threads, and a call for every two steps."""

    steps = 2

    def __init__(self, threads):
        self.threads = threads

    def learn(self, steps, seconds):
        """Learn nothing."""
