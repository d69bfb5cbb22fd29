"""What random programs are made of: NumPy as people write it."""

from __future__ import annotations

from dataclasses import dataclass

KEEP = "axis={a}, keepdims=True"


@dataclass(frozen=True)
class Template:
    """A piece of NumPy text and what it does to shapes.

    Attributes
    ----------
    kind
        How the shape of the result follows: see `generate`.
    smooth
        Analytic, and NumPy takes complex operands.
    weight
        Number of operations.
    """

    text: str
    kind: str
    smooth: bool = True
    weight: int = 1


def _all(kind: str, texts: str, *, smooth: bool = True) -> list[Template]:
    lines = [line.strip() for line in texts.strip().splitlines()]
    return [
        Template(text.replace("KEEP", KEEP), kind, smooth, int(count))
        for count, text in (line.split(" ", 1) for line in lines)
    ]


TEMPLATES: list[Template] = [
    *_all("same", """
        1 np.tanh({0})
        1 np.sin({0})
        1 np.cos({0})
        1 np.arctan({0})
        2 np.exp(0.5 * {0})
        3 np.exp(-{0} * {0})
        1 {0} ** 2
        1 {0} * {0}
        1 np.square({0})
        1 {0} ** 3
        3 np.sqrt({0} * {0} + 1)
        3 np.log(1 + {0} ** 2)
        3 np.log1p(np.exp({0}))
        3 np.log(1 + np.exp({0}))
        4 1 / (1 + np.exp(-{0}))
        4 1.0 / (np.exp(-{0}) + 1.0)
        3 np.exp({0}) / (1 + np.exp({0}))
        3 0.5 * (1 + np.tanh({0} / 2))
        5 {0} / (1 + np.exp(-{0}))
        5 np.log(1 / (1 + np.exp(-{0})))
        3 1 / (1 + {0} * {0})
        2 1 - np.tanh({0}) ** 2
        1 -{0}
        1 2 * {0}
        1 {0} + 1.5
        1 {0} / 3
        1 3 - {0}
        2 ({0} - 0.25) * 0.5
        1 np.sinh(0.5 * {0})
        1 np.expm1(0.5 * {0})
        4 0.5 * {0} * (1 + np.tanh(0.8 * ({0} + 0.04 * {0} ** 3)))
        4 (1 + {0} ** 2) ** -0.5
        3 (1 + {0} * {0}) ** 1.5
    """),
    *_all("same", """
        1 np.abs({0})
        1 np.maximum({0}, 0)
        1 np.maximum(0.0, {0})
        2 {0} * ({0} > 0)
        2 np.where({0} > 0, {0}, 0.1 * {0})
        3 np.where({0} > 0, {0}, np.exp({0}) - 1)
        2 np.minimum(np.maximum({0}, -1), 1)
        1 np.clip({0}, -0.7, 0.9)
        2 np.sqrt(np.abs({0}) + 0.5)
        1 np.logaddexp(0, {0})
        2 np.sign({0}) * {0}
    """, smooth=False),
    *_all("broadcast", """
        1 {0} + {1}
        1 {0} - {1}
        1 {0} * {1}
        3 {0} / ({1} * {1} + 1)
        3 {0} / np.sqrt({1} ** 2 + 0.5)
        3 ({0} - {1}) ** 2
        4 0.5 * {0} + 0.5 * {1}
        2 {0} * np.tanh({1})
        3 {0} * {1} + {0}
        4 {0} * (1 - {1}) + {1}
        5 (1 - {0}) * {1} + {0} * np.tanh({1})
        3 (1 + {0} ** 2) ** (0.3 * {1})
        2 np.exp(0.3 * {0}) * {1}
    """),
    *_all("broadcast", """
        1 np.maximum({0}, {1})
        1 np.minimum({0}, {1})
        2 np.where({0} > {1}, {0}, 0.5 * {1})
        2 np.where({0} < 0, {1}, {0})
        1 np.logaddexp({0}, {1})
        2 np.hypot({0}, {1} + 3)
    """, smooth=False),
    *_all("reduce", """
        1 np.sum({0}, axis={a}{k})
        1 np.mean({0}, axis={a}{k})
        1 {0}.sum(axis={a}{k})
        1 {0}.mean(axis={a}{k})
        2 ({0} ** 2).mean(axis={a}{k})
        3 np.sqrt(({0} * {0}).sum(axis={a}{k}) + 0.1)
        2 np.log(np.sum(np.exp({0}), axis={a}{k}))
    """),
    *_all("reduce", """
        1 np.max({0}, axis={a}{k})
        1 np.min({0}, axis={a}{k})
        3 np.var({0}, axis={a}{k})
        4 np.sqrt(np.var({0}, axis={a}{k}) + 1e-2)
        5 np.max({0}, axis={a}{k}) - np.min({0}, axis={a}{k})
    """, smooth=False),
    *_all("along", """
        3 np.exp({0}) / np.exp({0}).sum(KEEP)
        4 np.exp({0}) / np.sum(np.exp({0}), KEEP)
        5 {0} - np.log(np.sum(np.exp({0}), KEEP))
        6 np.log(np.exp({0}) / np.sum(np.exp({0}), KEEP))
        3 {0} / np.sqrt(np.sum({0} ** 2, KEEP) + 0.1)
        4 {0} / np.sqrt(np.mean({0} * {0}, KEEP) + 1e-2)
        2 {0} - np.mean({0}, KEEP)
        3 {0} - {0}.mean(KEEP) * 0.5
        8 ({0} - {0}.mean(KEEP)) / (({0} - {0}.mean(KEEP)) ** 2 + 0.1).mean(KEEP) ** 0.5
        3 {0} * np.sum({0}, KEEP)
        1 np.cumsum({0}, axis={a})
        1 np.flip({0}, axis={a})
    """),
    *_all("along", """
        6 np.exp({0} - {0}.max(KEEP)) / np.exp({0} - {0}.max(KEEP)).sum(KEEP)
        2 {0} - np.max({0}, KEEP)
        7 ({0} - np.mean({0}, KEEP)) / np.sqrt(np.var({0}, KEEP) + 1e-2)
    """, smooth=False),
    *_all("matmul", "1 {0} @ {1}"),
    *_all("matmul", "1 np.matmul({0}, {1})"),
    *_all("left", "2 {0}.T @ {1}"),
    *_all("right", "2 {0} @ {1}.T"),
    *_all("gram", """
        2 {0} @ {0}.T
        3 {0} @ {0}.T / 3
    """),
    *_all("transpose", "1 {0}.T"),
    *_all("first", """
        1 {0}[0]
        1 {0}[-1]
    """),
    *_all("expand", """
        1 {0}[:, None]
        1 {0}[None, :]
    """),
    *_all("pairs", """
        2 {0}[:, None] - {0}[None, :]
        2 {0}[:, None] * {0}[None, :]
    """),
    *_all("flat", """
        2 {0}.reshape(-1).sum()
        3 (np.ravel({0}) ** 2).sum()
        1 np.sum({0})
        1 np.mean({0})
        2 np.mean({0} ** 2)
        3 np.sqrt(np.sum({0} * {0}) + 0.1)
    """),
    *_all("shifted", """
        3 {0} - np.concatenate([{0}[1:], {0}[:1]], axis=0)
        2 {0} * {0}[::-1]
        2 np.roll({0}, 1, axis=0) * {0}
    """),
]  # fmt: skip
