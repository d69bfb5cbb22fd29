"""Runs loop text without Numba: as the plain Python that it is, slowly."""

from typing import Any

import numpy as np

from derivo.layers.named import network_loss
from derivo.train.engines import numba_source
from derivo.train.forward import build_forward
from derivo.train.optimizers import find_optimizer
from derivo.train.step import derive_step

IMPORT = "from numba import njit"
STUB = "def njit(**options):\n    return lambda function: function"


def plain_epoch(source):
    """Give the function ``epoch`` of loop text, uncompiled."""
    assert source.count(IMPORT) == 1
    scope: dict[str, Any] = {}
    exec(source.replace(IMPORT, STUB), scope)  # noqa: S102
    return scope["epoch"]


def both_engines(  # noqa: PLR0913  all that a run can differ in
    layers, loss, x, t, *, batch, rule="sgd", epochs=2, dtype=np.float64
):
    """Train with the emitted NumPy step and with the plain loops; give both results.

    Returns
    -------
    pair of (losses, values)
    """
    forward = build_forward(layers, network_loss(loss), x.shape[1])
    specs = {"x": f"N {x.shape[1]}", "t": f"N {t.shape[1]}"}
    specs |= {p.name: " ".join(map(str, p.shape)) for p in forward.parameters}
    step = derive_step(forward, specs, find_optimizer(rule))
    rng = np.random.default_rng(3)
    start = [
        rng.normal(scale=0.5, size=p.shape).astype(dtype) for p in forward.parameters
    ]
    start += [np.zeros_like(p) for _ in step.optimizer.states for p in start]
    x, t = x.astype(dtype), t.astype(dtype)
    order = np.arange(len(x))[::-1].copy()
    theirs, losses, k = list(start), [], 0
    for _ in range(epochs):
        total = 0.0
        for begin in range(0, len(x), batch):
            rows, k = order[begin : begin + batch], k + 1
            part, *theirs = step.module.step(x[rows], t[rows], *theirs, 0.05, k)
            total += float(part) * len(rows)
        losses.append(total / len(x))
    ours, epoch, found = (
        [v.copy() for v in start],
        plain_epoch(numba_source(step, dtype)),
        [],
    )
    steps = -(-len(x) // batch)
    for e in range(epochs):
        mean, bad, _ = epoch(x, t, order, batch, *ours, 0.05, 1 + e * steps)
        assert bad == -1, f"step {bad} failed"
        found.append(float(mean))
    return (losses, theirs), (found, ours)
