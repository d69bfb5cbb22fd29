"""Spellings: parts."""

from __future__ import annotations

import numpy as np

from tests.ops.spelled import distinct, places, positive, say

say("index integer", lambda x: x[0] * x[-1] + x[1, 0] + x[-1, -2], x="L M 4")
say(
    "index ellipsis", lambda x: x[..., 0] * x[0, ..., -1] + x[0, ...][..., 1], x="L M 3"
)
say("index slices", lambda x: x[1:] * x[:-1] + x[1:, :1] + x[:-1, -1:], x="L M")
say("index steps", lambda x: x[::2].sum() * x[1::2, ::-1].sum() + x[::-1], x="5 M")
say("index none", lambda x: x[None] * x[:, None] + x[..., None].sum(), x="L L")
say("embedding", lambda t, i: t[i] ** 2, {"i": places}, t="L M", i="N")
say("embedding of sequences", lambda t, i: t[i] ** 2, {"i": places}, t="L M", i="N M")
say(
    "labels",
    lambda x, t: np.log(x)[np.arange(x.shape[0]), t],
    {"x": positive, "t": places},
    x="N 3",
    t="N",
)
say("columns", lambda x, i: x[:, i] ** 2, {"i": places}, x="N L", i="M")
say("last by array", lambda x, i: x[..., i] ** 2, {"i": places}, x="K N L", i="M")
say("array and integer", lambda x, i: x[i, 0] * x[i, -1], {"i": places}, x="L M", i="K")
say("integer and array", lambda x, i: x[0, i] ** 2, {"i": places}, x="M L", i="K")
say("array and slice", lambda x, i: x[i, 1:] ** 2, {"i": places}, x="L M", i="K")
say("separate arrays", lambda x, i: x[i, :, i] ** 2, {"i": places}, x="L M L", i="K")
say(
    "separate array and integer",
    lambda x, i: x[0, :, i] ** 2 + x[:, :, 0][:, 0].sum(),
    {"i": places},
    x="L M L",
    i="K",
)
say("list index", lambda x: x[[0, 2, 0]] ** 2 + x[np.array([2, 1, 0])], x="L M")
say("constant mask", lambda x: x[np.array([True, False, True])] ** 2, x="3 M")
say(
    "take",
    lambda x, i: np.take(x, i, axis=0) ** 2 + x.take(i, axis=0),
    {"i": places},
    x="L M",
    i="N",
)
say(
    "take axis -1",
    lambda x, i: np.take(x, i, axis=-1) ** 2,
    {"i": places},
    x="N L",
    i="M",
)
say(
    "take number flat",
    lambda x: np.take(x, 1, axis=1) * np.take(x, [0, 0, 1]).sum() + np.take(x, -1),
    x="N 4",
)
say(
    "take_along_axis",
    lambda x, i: np.take_along_axis(x, i, axis=1) ** 2,
    {"i": places},
    x="N L",
    i="N M",
)
say(
    "take_along_axis 0",
    lambda x, i: np.take_along_axis(x, i, 0) ** 2,
    {"i": places},
    x="L M",
    i="K M",
)
say(
    "take_along_axis labels",
    lambda x, t: np.take_along_axis(x, t[:, None], axis=-1)[:, 0] ** 2,
    {"t": places},
    x="N L",
    t="N",
)
say(
    "sort",
    lambda x: np.sort(x) * np.arange(5.0) + np.sort(x, axis=0) * x,
    {"x": distinct},
    x="L 5",
)
say("sort flat", lambda x: np.sort(x, axis=None) ** 2, {"x": distinct}, x="L M")
say(
    "argsort takes",
    lambda x: np.take_along_axis(x, np.argsort(x, axis=1), axis=1) * np.arange(4.0),
    {"x": distinct},
    x="N 4",
)
say(
    "argsort of a vector",
    lambda x: x[np.argsort(x)] * np.arange(5.0) + x[x.argsort()],
    {"x": distinct},
    x="5",
)
