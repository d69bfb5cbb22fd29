"""ADBench's and GradBench's problems in plain NumPy, against reference gradients.

Run with ``python benchmarks/adbench.py PATH``, PATH a folder with ADBench's data files
and ``reference.json`` (see `references`). Each row gives the largest error relative to
the largest gradient, and the time of a gradient over that of the objective, where the
objective is the user's own function, run by NumPy; beside it the gradient compiled
(`d.compile()`), over the same, and that of JAX (`jax.grad`, jitted, over the jitted
objective), if it is installed.

Sources: F. Srajer, Z. Kukelova, A. Fitzgibbon, A benchmark of selected algorithmic
differentiation tools (2018), sections 3.1 to 3.4, for GMM, bundle adjustment and LSTM;
the documentation of GradBench for the others, whose gradients are known in closed form.
Two of its problems, saddle and particle, run Newton's method until a number is small:
a loop whose length depends on values, which derivo refuses.
"""

from __future__ import annotations

import argparse
import json
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from itertools import pairwise
from math import factorial, lgamma, log, pi
from pathlib import Path
from typing import Any

import numpy as np

import derivo
from derivo.errors import DerivoError

ROUNDS = 7
SAME = 1e-9

Arrays = dict[str, Any]


@dataclass(frozen=True)
class Problem:
    """An objective, where it is tried, and the gradients that it has there.

    Attributes
    ----------
    name
        As the collections call it.
    function
        The objective in plain NumPy.
    specs
        For `derivo.derive`.
    arrays
        Where it is tried.
    expected
        Gradients by argument; empty where only the time is wanted.
    """

    name: str
    function: Callable[..., Any]
    specs: Mapping[str, Any]
    arrays: Arrays
    expected: Arrays


# --- Gaussian mixture -----------------------------------------------------------------


def gmm(alpha, mu, icf, x, *, gamma=1.0, m=0):
    """Give the log-likelihood of a Gaussian mixture with a Wishart prior.

    alpha (K), mu (K, D), icf (K, D (D + 1) / 2): the inverse square roots of the
    covariances, the logarithms of the diagonal first, then what is below it, column by
    column; x (N, D).
    """
    n, d = x.shape
    k = mu.shape[0]
    logs = icf[:, :d]
    q = np.zeros((k, d, d))
    column, row = np.triu_indices(d, 1)
    q[:, row, column] = icf[:, d:]
    q[:, np.arange(d), np.arange(d)] = np.exp(logs)
    spread = np.sum(logs, axis=1)
    centred = x[:, None] - mu
    scaled = np.einsum("kij,nkj->nki", q, centred)
    terms = alpha + spread - 0.5 * np.sum(scaled**2, axis=2)
    top = np.max(terms, axis=1, keepdims=True)
    fit = np.sum(np.log(np.sum(np.exp(terms - top), axis=1)) + top[:, 0])
    weight = np.log(np.sum(np.exp(alpha - np.max(alpha)))) + np.max(alpha)
    squares = np.sum(np.exp(2 * logs)) + np.sum(icf[:, d:] ** 2)
    prior = 0.5 * gamma**2 * squares - m * np.sum(spread)
    return (
        -n * d * 0.5 * log(2 * pi) + fit - n * weight + prior - k * wishart(d, gamma, m)
    )


def wishart(d: int, gamma: float, m: int) -> float:
    """Give the logarithm of the normalisation of a Wishart prior."""
    n = d + m + 1
    multivariate = d * (d - 1) / 4 * log(pi)
    multivariate += sum(lgamma((n - j) / 2) for j in range(d))
    return n * d * (log(gamma) - 0.5 * log(2)) - multivariate


def gmm_of(file: Path) -> Arrays:
    """Read a mixture of ADBench: D, K and N, then alpha, mu, icf, x."""
    words = file.read_text().split()
    d, k, n = (int(w) for w in words[:3])
    numbers = np.array(words[3:], float)
    sizes = (k, k * d, k * d * (d + 1) // 2, n * d)
    alpha, mu, icf, x = np.split(numbers[: sum(sizes)], np.cumsum(sizes)[:-1])
    return {"alpha": alpha, "mu": mu.reshape(k, d), "icf": icf.reshape(k, -1),
            "x": x.reshape(n, d)}  # fmt: skip


# --- LSTM -----------------------------------------------------------------------------


def sigmoid(x):
    """Give 1 / (1 + exp(-x))."""
    return 1 / (1 + np.exp(-x))


def cell_step(weight, bias, hidden, cell, x):
    """Make one step of a diagonal LSTM: weights are multiplied element by element."""
    gates = np.concatenate([x, hidden, x, hidden]) * weight + bias
    forget, ingate, outgate, change = np.split(gates, 4)
    cell = cell * sigmoid(forget) + sigmoid(ingate) * np.tanh(change)
    return sigmoid(outgate) * np.tanh(cell), cell


def lstm(main, extra, state, seq):
    """Give the mean loss of predicting each row of a sequence from those before.

    main (2 L, 4 B), extra (3, B), state (2 L, B), seq (T, B).
    """
    layers = len(main) // 2
    hidden = [state[2 * k] for k in range(layers)]
    cell = [state[2 * k + 1] for k in range(layers)]
    total = 0.0
    for t in range(seq.shape[0] - 1):
        x = seq[t] * extra[0]
        for k in range(layers):
            hidden[k], cell[k] = cell_step(
                main[2 * k], main[2 * k + 1], hidden[k], cell[k], x
            )
            x = hidden[k]
        guess = x * extra[1] + extra[2]
        guess = guess - np.log(np.sum(np.exp(guess)) + 2)
        total += np.sum(seq[t + 1] * guess)
    return -total / ((seq.shape[0] - 1) * seq.shape[1])


# --- bundle adjustment ----------------------------------------------------------------


def reprojection(cam, point, weight, feat):
    """Give the error of each observation.

    cam (P, 11): rotation, centre, focal length, principal point, two distortions;
    point (P, 3), weight (P), feat (P, 2).
    """
    rotation, centre, focal = cam[:, :3], cam[:, 3:6], cam[:, 6:7]
    angle = np.sqrt(np.sum(rotation**2, axis=1, keepdims=True))
    axis = rotation / angle
    moved = point - centre
    along = np.sum(axis * moved, axis=1, keepdims=True) * (1 - np.cos(angle))
    turned = (
        moved * np.cos(angle) + np.cross(axis, moved) * np.sin(angle) + axis * along
    )
    plane = turned[:, :2] / turned[:, 2:]
    square = np.sum(plane**2, axis=1, keepdims=True)
    bent = plane * (1 + cam[:, 9:10] * square + cam[:, 10:11] * square**2)
    return weight[:, None] * (bent * focal + cam[:, 7:9] - feat)


def ba_rows(d: Any, observed: Arrays) -> np.ndarray:
    """Give the Jacobian as ADBench orders it: two rows of 15 per observation."""
    rows = []
    for component in np.eye(2):
        upstream = np.broadcast_to(component, observed["feat"].shape)
        g = d.gradients(upstream, **observed)
        rows.append(np.column_stack([g["cam"], g["point"], g["weight"]]))
    return np.stack(rows, axis=1)


# --- GradBench ------------------------------------------------------------------------


def lse(x):
    """Give the logarithm of the sum of the exponentials."""
    top = np.max(x)
    return np.log(np.sum(np.exp(x - top))) + top


def llsq(x, *, n=500):
    """Give the squared distance of a polynomial to the sign function at n points."""
    t = np.linspace(-1, 1, n)
    powers = t[:, None] ** np.arange(len(x))
    return 0.5 * np.sum((np.sign(t) - powers @ x) ** 2)


def ode(x, *, steps=20):
    """Give the last of y_0' = x_0, y_i' = x_i y_{i-1} at time 2, by Runge and Kutta."""

    def slope(y):
        return x * np.concatenate([np.ones(1), y[:-1]])

    h = 2 / steps
    y = np.zeros(x.shape)
    for _ in range(steps):
        k1 = slope(y)
        k2 = slope(y + h / 2 * k1)
        k3 = slope(y + h / 2 * k2)
        k4 = slope(y + h * k3)
        y = y + h / 6 * (k1 + 2 * k2 + 2 * k3 + k4)
    return y[-1]


def determinant(a):
    """Give the determinant, expanded by the minors of the first row."""
    if len(a) == 1:
        return a[0, 0]
    total = 0.0
    for k in range(len(a)):
        rest = np.concatenate([a[1:, :k], a[1:, k + 1 :]], axis=1)
        total = total + (-1) ** k * a[0, k] * determinant(rest)
    return total


def kmeans(centres, points):
    """Give the sum over the points of the squared distance to the nearest centre."""
    distances = np.sum((points[:, None] - centres) ** 2, axis=2)
    return np.sum(np.min(distances, axis=1))


def nearest(centres: Any, points: Any) -> Any:
    """Give which centre each point belongs to, as rows of 0 and 1."""
    distances = np.sum((points[:, None] - centres) ** 2, axis=2)
    return np.eye(len(centres))[np.argmin(distances, axis=1)]


# --- all of them ----------------------------------------------------------------------


def taken_apart(flat: Any, arrays: Arrays, names: tuple[str, ...]) -> Arrays:
    """Cut a flat gradient into the shapes of the arguments."""
    shapes = [np.shape(arrays[name]) for name in names]
    ends = np.cumsum([int(np.prod(s)) for s in shapes])[:-1]
    parts = np.split(np.asarray(flat), ends)
    return {n: p.reshape(s) for n, p, s in zip(names, parts, shapes, strict=True)}


def references(folder: Path) -> list[Problem]:
    """Give ADBench's problems with the gradients of its own tests."""
    known = json.loads((folder / "reference.json").read_text())

    def read(name: str, *keys: str) -> Arrays:
        return {key: np.array(known[name][key], float) for key in keys}

    mixture = read("gmm", "alpha", "mu", "icf", "x")
    wanted = taken_apart(known["gmm"]["gradient"], mixture, ("alpha", "mu", "icf"))
    series = read("lstm", "main", "extra", "state", "seq")
    slopes = taken_apart(known["lstm"]["gradient"], series, ("main", "extra"))
    specs = {"alpha": "K", "mu": f"K {mixture['mu'].shape[1]}"}
    layers, width = (series["state"].shape[0], series["state"].shape[1])
    return [
        Problem("GMM", gmm, specs | {"icf": f"K {mixture['icf'].shape[1]}", "x":
                f"N {mixture['x'].shape[1]}"}, mixture, wanted),
        Problem("LSTM", lstm, {"main": f"{layers} {4 * width}", "extra": f"3 {width}",
                "state": f"{layers} {width}", "seq": f"T {width}"}, series, slopes),
    ]  # fmt: skip


def timed_only(folder: Path) -> list[Problem]:
    """Give the larger mixtures of ADBench, which have no reference gradient here."""
    found = []
    for file in sorted(folder.glob("gmm_*.txt")):
        arrays = gmm_of(file)
        d = arrays["x"].shape[1]
        specs = {"alpha": "K", "mu": f"K {d}", "icf": f"K {d * (d + 1) // 2}", "x":
                 f"N {d}"}  # fmt: skip
        name = file.stem.replace("gmm_", "GMM ").replace("_", " ")
        found.append(Problem(name, gmm, specs, arrays, {}))
    return found


def closed_forms() -> list[Problem]:
    """Give GradBench's problems whose gradients have a closed form."""
    rng = np.random.default_rng(0)
    x = rng.normal(size=1000)
    softmax = np.exp(x - x.max()) / np.exp(x - x.max()).sum()
    c = rng.normal(size=8)
    t = np.linspace(-1, 1, 500)
    powers = np.vander(t, 8, increasing=True)
    r = rng.uniform(0.5, 1.5, 4)
    last = 2 ** len(r) / factorial(len(r)) * np.prod(r)
    a = rng.normal(size=(5, 5))
    centres, points = rng.normal(size=(6, 3)), rng.normal(size=(2000, 3))
    own = nearest(centres, points)
    counted = own.sum(axis=0)[:, None]
    return [
        Problem("lse", lse, {"x": "N"}, {"x": x}, {"x": softmax}),
        Problem("llsq", llsq, {"x": "8"}, {"x": c},
                {"x": -powers.T @ (np.sign(t) - powers @ c)}),
        Problem("ode", ode, {"x": "4"}, {"x": r}, {"x": last / r}),
        Problem("det", determinant, {"a": "5 5"}, {"a": a},
                {"a": np.linalg.det(a) * np.linalg.inv(a).T}),
        Problem("kmeans", kmeans, {"centres": "K D", "points": "N D"},
                {"centres": centres, "points": points},
                {"centres": 2 * (counted * centres - own.T @ points)}),
    ]  # fmt: skip


def error_of(found: Arrays, wanted: Arrays) -> float:
    """Give the largest error, relative to the largest number wanted."""
    worst = [
        np.max(np.abs(found[k] - w)) / np.max(np.abs(w)) for k, w in wanted.items()
    ]
    return float(max(worst))


def seconds(run: Callable[[], Any]) -> float:
    """Give the time of one call."""
    start = time.perf_counter()
    run()
    return time.perf_counter() - start


def interleaved(*runs: Callable[[], Any]) -> list[float]:
    """Give the median time of each, taken in turns."""
    for run in runs:
        run()
    times = [[seconds(run) for run in runs] for _ in range(ROUNDS)]
    return [float(t) for t in np.median(times, axis=0)]


def row(problem: Problem) -> None:
    """Print what came of one problem."""
    start = time.perf_counter()
    wrt = tuple(problem.expected) or ("alpha", "mu", "icf")
    try:
        d = derivo.derive(problem.function, shapes=problem.specs, wrt=wrt)
    except DerivoError as error:
        print(f"{problem.name:12} refused: {error}")
        return
    found = d.gradients(**problem.arrays)
    deriving = time.perf_counter() - start
    error = f"{error_of(found, problem.expected):.1e}" if problem.expected else "-"
    fast = compiled_gradients(d, problem, found)
    plain, ours, *compiled = interleaved(
        lambda: problem.function(**problem.arrays),
        lambda: d.gradients(**problem.arrays),
        *([lambda: fast(**problem.arrays)] if fast else []),
    )
    peer = jax_ratio(problem, wrt)
    shown = f"{peer:.2f}" if peer else "-"
    in_c = f"{compiled[0] / plain:.2f}" if compiled else "-"
    print(f"{problem.name:12}{error:>10}{deriving:>11.2f}{1e3 * plain:>13.3f}"
          f"{ours / plain:>10.2f}{in_c:>10}{shown:>10}")  # fmt: skip


def compiled_gradients(
    d: Any, problem: Problem, known: Arrays
) -> Callable[..., Any] | None:
    """Give the gradients compiled, which are those of NumPy; None if they cannot be."""
    try:
        fast = d.compile()
        found = fast.gradients(**problem.arrays)
    except DerivoError as error:
        print(f"  not compiled: {error}")
        return None
    if (apart := error_of(found, known)) > SAME:
        print(f"  COMPILED IT DIFFERS by {apart:.1e}")
    gradients: Callable[..., Any] = fast.gradients
    return gradients


def jax_ratio(problem: Problem, wrt: tuple[str, ...]) -> float | None:
    """Give the same ratio for JAX, where it is installed and takes the function."""
    try:
        import jax  # noqa: PLC0415  a peer
        import jax.numpy as jnp  # noqa: PLC0415
    except ImportError:
        return None
    jax.config.update("jax_enable_x64", val=True)
    space = dict(vars(__import__(__name__))) if __name__ != "__main__" else globals()
    before, space["np"] = space["np"], jnp
    try:
        arrays = {k: jnp.asarray(v) for k, v in problem.arrays.items()}
        rest = {k: v for k, v in arrays.items() if k not in wrt}
        plain = jax.jit(lambda given: problem.function(**given, **rest))
        both = jax.jit(
            jax.value_and_grad(lambda given: problem.function(**given, **rest))
        )
        given = {k: arrays[k] for k in wrt}
        times = interleaved(
            lambda: jax.block_until_ready(plain(given)),
            lambda: jax.block_until_ready(both(given)),
        )
    except Exception as error:  # noqa: BLE001  such as a write into an array
        print(f"  JAX cannot: {type(error).__name__}")
        return None
    finally:
        space["np"] = before
    return times[1] / times[0]


def hessian_vector() -> None:
    """Print the error of k-means' Hessian times a direction, and its time.

    Where no point changes its centre, the Hessian is twice the number of points that
    each centre has.
    """
    problem = closed_forms()[-1]
    centres, points = problem.arrays["centres"], problem.arrays["points"]
    along = np.random.default_rng(1).normal(size=centres.shape)
    product = derivo.hvp(kmeans)
    found = product(centres, points, along)
    wanted = 2 * nearest(centres, points).sum(axis=0)[:, None] * along
    plain, ours = interleaved(
        lambda: kmeans(centres, points), lambda: product(centres, points, along)
    )
    error = np.max(np.abs(found - wanted)) / np.max(np.abs(wanted))
    print(f"{'kmeans H v':12}{error:>10.1e}{'':11}{1e3 * plain:>13.3f}"
          f"{ours / plain:>10.2f}")  # fmt: skip


def bundle_adjustment(folder: Path) -> None:
    """Print the error of the Jacobian of bundle adjustment."""
    known = json.loads((folder / "reference.json").read_text())["ba"]
    cameras, points = np.array(known["cams"]), np.array(known["X"])
    observed = {
        "cam": cameras[known["ci"]],
        "point": points[known["pi"]],
        "weight": np.array(known["w"]),
        "feat": np.array(known["feat"]),
    }
    d = derivo.derive(
        reprojection, wrt=("cam", "point", "weight"), cam="P 11", point="P 3",
        weight="P", feat="P 2",
    )  # fmt: skip
    fast = d.compile()
    wanted, errors = np.array(known["jacobian"]), []
    for run in (d, fast):
        rows = [ba_rows(run, observed).ravel(), -2 * observed["weight"]]
        found = np.concatenate(rows)
        parts = [(found[a:b], wanted[a:b]) for a, b in pairwise(known["rows"])]
        errors += [np.max(np.abs(f - w)) / np.max(np.abs(w)) for f, w in parts]
    print(f"{'BA Jacobian':12}{max(errors):>10.1e}")
    for file in sorted(folder.glob("ba*.txt")):
        observed = observations(file)
        plain, ours, in_c = interleaved(
            lambda: reprojection(**observed),  # noqa: B023  called here
            lambda: ba_rows(d, observed),  # noqa: B023
            lambda: ba_rows(fast, observed),  # noqa: B023
        )
        name = f"BA {len(observed['weight'])}"
        print(f"{name:12}{'-':>10}{'':11}{1e3 * plain:>13.3f}{ours / plain:>10.2f}"
              f"{in_c / plain:>10.2f}{'-':>10}")  # fmt: skip


def observations(file: Path) -> Arrays:
    """Read a scene of ADBench: numbers of cameras, points and observations, then one.

    One camera, one point, one weight and one observation stand for all.
    """
    words = file.read_text().split()
    count = int(words[2])
    camera, point, weight, feat = np.split(np.array(words[3:], float), [11, 14, 15])
    one = {"cam": camera, "point": point, "feat": feat}
    many = {name: np.tile(values, (count, 1)) for name, values in one.items()}
    return {**many, "weight": np.full(count, weight[0])}


def main() -> None:
    """Print the table."""
    parser = argparse.ArgumentParser(description=__doc__.split("\n", 1)[0])
    parser.add_argument("path", type=Path, help="a folder with ADBench's data")
    folder = parser.parse_args().path
    print(f"{'':12}{'error':>10}{'derived s':>11}{'objective ms':>13}{'gradient':>10}"
          f"{'compiled':>10}{'JAX':>10}")  # fmt: skip
    for problem in (*references(folder), *closed_forms(), *timed_only(folder)):
        row(problem)
    hessian_vector()
    bundle_adjustment(folder)


if __name__ == "__main__":
    main()
