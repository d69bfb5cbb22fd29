"""Spellings: shapes."""

from __future__ import annotations

from typing import Any

import numpy as np

from tests.ops.spelled import say

say("reshape", lambda x: x.reshape(x.shape[0], -1) * 2, x="N L M")
say(
    "reshape words",
    lambda x: np.reshape(x, (-1, x.shape[-1])) + x.reshape((-1, x.shape[2])),
    x="N L M",
)
say(
    "ravel flatten",
    lambda x: np.ravel(x) * x.ravel() + x.flatten() + x.reshape(-1),
    x="N L",
)
say("transpose", lambda x: x.T @ x + np.transpose(x) @ x.transpose(), x="L L")
say(
    "transpose axes",
    lambda x: (
        np.transpose(x, (2, 0, 1)) + x.transpose(2, 0, 1) + x.transpose((-1, 0, 1))
    ),
    x="N L M",
)
say(
    "swap and move",
    lambda x: (
        np.swapaxes(x, 0, -1)
        + np.moveaxis(x, 0, -1).swapaxes(0, 1)
        + np.moveaxis(x, [0, 2], [2, 0])
        + np.swapaxes(np.matrix_transpose(x), 0, 1).mT.swapaxes(0, 1).mT.swapaxes(0, 2)
    ),
    x="L L L",
)
say(
    "expand squeeze",
    lambda x: (
        np.squeeze(np.expand_dims(x, 1) + x[:, None, :], axis=1)
        + np.expand_dims(x, (0, -1)).squeeze(axis=(0, 3))
    ),
    x="L M",
)
say("squeeze known", lambda x: np.squeeze(x) + x.squeeze() + x.squeeze(0), x="1 5")
say(
    "broadcast_to",
    lambda x: np.broadcast_to(x, (3, 4)) * np.arange(12.0).reshape(3, 4),
    x="4",
)
say(
    "broadcast_to named", lambda x, y: np.broadcast_to(x, y.shape) * y, x="N 1", y="N M"
)
say("atleast", lambda x: np.atleast_2d(x) + np.atleast_1d(x), x="M")
say(
    "shape questions",
    lambda x: x * np.shape(x)[0] + np.ndim(x) + np.size(x) + np.size(x, 1) + x.ndim,
    x="N M",
)
say("copies", lambda x: np.copy(x) * x.copy() + np.asarray(x) + np.array(x), x="N M")
say(
    "concatenate",
    lambda x, y: np.concatenate([x, y], axis=1) * np.concatenate((y, x), axis=-1),
    x="N L",
    y="N M",
)
say("concatenate rows", lambda x, y: np.concatenate([x, y, 2 * x]), x="N L", y="M L")
say("concatenate flat", lambda x, y: np.concatenate([x, y], axis=None), x="N L", y="M")
say("concatenate constant", lambda x: np.concatenate([x, np.ones((2, 3))]), x="N 3")
say("append", lambda x, y: np.append(x, y) * 2, x="N", y="M")
say(
    "stack",
    lambda x, y: np.stack([x, y]) + np.stack((x * y, y), axis=0),
    x="N L",
    y="N L",
)
say(
    "stack last",
    lambda x, y: np.stack([x, y, x], axis=-1) + np.stack([x, y, y], axis=2),
    x="N L",
    y="N L",
)
say(
    "stack scalars",
    lambda x: np.stack([x[0], 1.0, x[1] * x[2]]) + np.array([x[2], 0, x[0]]),
    x="3",
)
say(
    "vstack hstack",
    lambda x, y: np.vstack([x, y * 2]) * np.hstack([x, y])[:1, :1],
    x="N L",
    y="N L",
)
say(
    "vstack hstack of vectors",
    lambda x, y: np.vstack([x, y]) * np.hstack([x, y]).sum(),
    x="M",
    y="M",
)
say(
    "column_stack dstack",
    lambda x, y: np.column_stack([x, y]) + np.dstack([x, y])[0],
    x="M",
    y="M",
)
say("bias column", lambda x: np.hstack([x, np.ones((x.shape[0], 1))]) ** 2, x="N M")
say("block", lambda a, b: np.block([[a, b], [b.T, a.T @ a]]), a="L L", b="L L")
say("split", lambda x: _gate(*np.split(x, 2, axis=-1)), x="N 6")
say("split at places", lambda x: _three(np.split(x, [1, 3], axis=1)), x="N 5")
say("array_split", lambda x: _three(np.array_split(x, 3)), x="5 N")
say("hsplit vsplit", lambda x: np.hsplit(x, 2)[0] @ np.vsplit(x, 2)[1].T[:3], x="4 6")
say(
    "flip",
    lambda x: (
        np.flip(x) * np.flip(x, 0)
        + np.flip(x, axis=(0, 1))
        + x[::-1]
        + x[:, ::-1]
        + np.fliplr(x) * np.flipud(x)
    ),
    x="N M",
)
say(
    "rot90",
    lambda x: np.rot90(x) + np.rot90(x, 2).T + np.rot90(x, 3) + np.rot90(x, -1),
    x="N M",
)
say(
    "roll",
    lambda x: (
        np.roll(x, 1) * np.roll(x, -2, axis=0)
        + np.roll(x, 1, axis=1)
        + np.roll(x, (1, 2), axis=(0, 1))
    ),
    x="L M",
)
say(
    "pad",
    lambda x: (
        np.pad(x, 1)
        + np.pad(x, ((1, 1), (1, 1)), constant_values=2.0)
        + np.pad(x, (1, 1), mode="constant")
    ),
    x="N M",
)
say("pad one side", lambda x: np.pad(x, ((0, 0), (2, 1))) ** 2, x="N M")
say("pad edge", lambda x: np.pad(x, 2, mode="edge") ** 2, x="N M")
say("pad reflect", lambda x: np.pad(x, ((1, 2), (2, 0)), mode="reflect") ** 2, x="4 3")
say("pad wrap", lambda x: np.pad(x, ((1, 2), (2, 0)), mode="wrap") ** 2, x="4 3")
say("repeat", lambda x: np.repeat(x, 3, axis=1) ** 2 + x.repeat(3, axis=-1), x="N M")
say("repeat flat", lambda x: np.repeat(x, 2) ** 2 + x.ravel().repeat(2), x="N M")
say("repeat counts", lambda x: np.repeat(x, [1, 0, 2], axis=0) ** 2, x="3 M")
say("tile", lambda x: np.tile(x, (2, 3)) ** 2 + np.tile(x[None], (1, 2, 3))[0], x="N M")
say("tile adds axes", lambda x: np.tile(x, (2, 3, 1)) ** 2, x="M")
say("tile number", lambda x: np.tile(x, 3) ** 2, x="N M")
say("tile narrow", lambda x: np.tile(x, 2) ** 2, x="N L M")


def _gate(a: Any, b: Any) -> Any:
    return a / (1 + np.exp(-b))


def _three(parts: Any) -> Any:
    a, b, c = parts
    return a.sum() * b.sum() + (c * c).sum()
