"""The topics of the reference page: which files hold them, and an example of each."""

from __future__ import annotations

from typing import Any, NamedTuple


class Topic(NamedTuple):
    """Some operations that are looked for together.

    Attributes
    ----------
    title
        As a reader would say it.
    files
        The files of `derivo.ops` that hold them.
    example
        A function of NumPy arrays, as text.
    specs
        The shapes that the example is derived for.
    """

    title: str
    files: tuple[str, ...]
    example: str
    specs: dict[str, Any]


TOPICS = (
    Topic(
        "Element by element", ("arithmetic", "elementwise", "leaf"),
        "lambda x, s: np.log1p(np.exp(x)) / s**2", {"x": "N M", "s": "M"},
    ),
    Topic(
        "Steps, kinks and choices", ("piecewise", "composite"),
        "lambda x: np.where(x > 0, np.clip(x, 0, 6), 0.1 * x)", {"x": "N M"},
    ),
    Topic(
        "Sums, means and extremes", ("reduce", "nan"),
        "lambda x: np.mean(x, axis=1, where=x > 0) + np.nanmax(x, axis=1)",
        {"x": "N M"},
    ),
    Topic(
        "Statistics", ("statistics", "quantile"),
        "lambda x: np.quantile(x, [0.1, 0.9], axis=0) - np.std(x, axis=0)",
        {"x": "N M"},
    ),
    Topic(
        "Running sums, products and extremes; sorting", ("cumulative", "pick"),
        "lambda x: np.sort(x, axis=1) * np.maximum.accumulate(x, axis=1)", {"x": "N M"},
    ),
    Topic(
        "Shapes and axes", ("shape", "axes", "questions", "limits"),
        "lambda x: np.moveaxis(x, 0, -1).reshape(x.shape[1], -1, order='F')",
        {"x": "2 3 4"},
    ),
    Topic(
        "Joining, cutting, repeating",
        ("join", "cut_up", "rearrange", "edit", "assemble", "windows"),
        "lambda x: np.pad(np.hstack([x, [1.0]]), 2, mode='reflect')", {"x": "N"},
    ),
    Topic(
        "Taking parts", ("index", "put"),
        "lambda x: x[[0, 2], ::2] * x[0, 1:3]", {"x": "5 4"},
    ),
    Topic(
        "Products of arrays", ("linalg", "products", "einsum"),
        "lambda x, w: np.einsum('bij,jk->bik', x, w) + np.kron([1.0, 2.0], x[0, 0, 0])",
        {"x": "B N M", "w": "M 2"},
    ),
    Topic(
        "Diagonals and triangles", ("diagonal",),
        "lambda a: np.tril(a) + np.diag(np.diagonal(a) ** 2)", {"a": "N N"},
    ),
    Topic(
        "Linear systems and decompositions",
        ("solve", "decompose", "least_squares", "norm"),
        "lambda a, b: np.linalg.solve(a, b) + np.linalg.lstsq(a, b)[0]",
        {"a": "3 3", "b": "3"},
    ),
    Topic(
        "Fourier transforms", ("fourier", "spectra", "complex_pair"),
        "lambda x: np.abs(np.fft.rfft(x, axis=1)) ** 2", {"x": "N M"},
    ),
    Topic(
        "Grids, polynomials, interpolation, convolution",
        ("ranges", "interpolate", "difference", "convolve"),
        "lambda x, y: np.interp(np.convolve(x, [0.5, 0.5]), [0.0, 1.0, 2.0], y)",
        {"x": "N", "y": "3"},
    ),
    Topic(
        "Special functions", ("special", "scipy_special"),
        "lambda x: derivo.ops.erf(x) * derivo.ops.gammaln(x**2 + 1)", {"x": "N"},
    ),
    Topic(
        "SciPy: matrices, distances, signals, distributions",
        ("scipy_linalg", "scipy_arrays", "distributions"), "", {},
    ),
    Topic(
        "Loops and random numbers", ("scan", "philox"),
        "lambda xs, h: derivo.scan(lambda h, x: (np.tanh(h + x), h), h, xs)[1]",
        {"xs": "T M", "h": "M"},
    ),
    Topic(
        "Rules of your own", ("custom",),
        "lambda x: x + derivo.stop_gradient(np.round(x) - x)", {"x": "N"},
    ),
)  # fmt: skip
