"""Who is timed: each makes rounds of steps on a workload, and tells what it learnt.

All begin with the same weights, take the same rows in the same order, in float32, and
update by the same rule. Peers are written as their users write them.
"""

from __future__ import annotations

import importlib.util
import os
import warnings
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np
from workloads import RATE, Workload

import derivo
from derivo.errors import NotSupportedError
from derivo.layers import Dense
from derivo.run.batches import Batches
from derivo.train.engines import make_engine
from derivo.train.loop import Plan, State


@dataclass
class Contender:
    """One of those that are timed.

    Attributes
    ----------
    run
        Makes a round.
    params
        Gives the parameters as they are now, by name.
    threads
        Says how many threads it used.
    other
        In what it computes something else than the others; "" if in nothing.
    """

    run: Callable[[], None]
    params: Callable[[], dict[str, Any]]
    threads: Callable[[], str]
    other: str = ""


class Left(Exception):  # noqa: N818  it leaves the field
    """A contender that does not take part, and why."""


def blas_threads() -> str:
    """Say how many threads NumPy's products take."""
    names = ("OPENBLAS_NUM_THREADS", "OMP_NUM_THREADS")
    told = next((os.environ[n] for n in names if n in os.environ), os.cpu_count())
    return f"{told} (BLAS)"


# --- derivo ---------------------------------------------------------------------------


def ours(engine: str, work: Workload) -> Contender:
    """Give derivo: a `Network` where there are layers, else `training_step`."""
    start = list(work.params.values())
    if work.sizes:
        layers = [Dense(n, work.activation) for n in work.sizes[1:-1]]
        net = derivo.Network(*layers, Dense(work.sizes[-1]), dtype=np.float32)
        step = net.build(work.sizes[0], optimizer=work.rule)
        x, labels = work.data.values()
        data = x, np.eye(work.sizes[-1], dtype=np.float32)[labels]
    else:
        params = work.params if work.is_flat else {"p": work.params}
        step = derivo.training_step(
            work.loss, params=params, optimizer=work.rule, **work.specs
        ).derivation
        data = tuple(work.data.values())
    batches = Batches(data, step.graph.axes, work.rows, np.dtype(np.float32))
    zeros = [np.zeros_like(a) for _ in step.optimizer.states for a in start]
    # So many epochs that it is worth compiling.
    sizes = {"T": data[0].shape[1]} if work.kind == "lstm" else {}
    plan = Plan(work.rows, 10**6, work.batch, RATE, 0, True, 0, lambda _v: {}, sizes)
    try:
        runner, reason = make_engine(engine, step, batches, plan)
    except NotSupportedError as error:
        raise Left(str(error)) from None
    if engine == "auto" and runner.name == "numpy":
        print(f"  derivo, auto is {reason}")
    if engine == "c" and make_engine("auto", step, batches, plan)[0].name == "c":
        message = "is what auto takes"
        raise Left(message)
    state, orders = State((*start, *zeros)), work.orders()

    def run() -> None:
        result = runner.epoch(
            state.values, next(orders), state.steps + 1, lambda _n: None
        )
        state.values, state.steps = result.values, state.steps + work.steps

    def threads() -> str:
        pace = getattr(runner, "pace", None)
        return f"{pace.threads}" if pace is not None else blas_threads()

    # The paths of the parameters, such as p.wx.
    names = [name.rpartition(".")[2] for name in step.parameters]
    state.values = (*(work.params[n] for n in names), *zeros)
    return Contender(run, lambda: dict(zip(names, state.values, strict=False)), threads)


# --- scikit-learn ---------------------------------------------------------------------


def sklearn(work: Workload) -> Contender:
    """Give MLPClassifier, which takes a round in one call of ``partial_fit``."""
    if not work.sizes:
        message = "has dense networks alone"
        raise Left(message)
    if work.sizes[-1] == 2:
        message = "has one output for two classes, which is another network"
        raise Left(message)
    from sklearn.neural_network import MLPClassifier  # noqa: PLC0415

    x, labels = work.data.values()
    names = {"sigmoid": "logistic"}
    net = MLPClassifier(
        work.sizes[1:-1], batch_size=work.batch, alpha=0, shuffle=False, momentum=0,
        activation=names.get(work.activation, work.activation), solver=work.rule,
        learning_rate_init=RATE,
    )  # fmt: skip
    classes = np.arange(work.sizes[-1])
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        net.partial_fit(x[: work.batch], labels[: work.batch], classes=classes)
    weights = list(work.params.values())
    for own, start in zip(net.coefs_, weights[::2], strict=True):
        own[...] = start
    for own, start in zip(net.intercepts_, weights[1::2], strict=True):
        own[...] = start
    net.t_, orders = 0, work.orders()
    del net._optimizer  # noqa: SLF001  its states begin at 0

    def run() -> None:
        order = next(orders)
        net.partial_fit(x[order], labels[order])

    def params() -> dict[str, Any]:
        pairs = zip(net.coefs_, net.intercepts_, strict=True)
        return dict(zip(work.params, [a for pair in pairs for a in pair], strict=True))

    other = "epsilon before the correction" if work.rule == "adam" else ""
    return Contender(run, params, blas_threads, other)


# --- PyTorch --------------------------------------------------------------------------


def torch_loss(work: Workload) -> tuple[Callable[..., Any], dict[str, Any]]:
    """Write the loss in PyTorch: give it, and its parameters."""
    import torch  # noqa: PLC0415
    from torch.nn import functional as F  # noqa: N812, PLC0415

    p = {k: torch.from_numpy(v.copy()).requires_grad_() for k, v in work.params.items()}
    if work.kind == "dense":
        bend = {"relu": F.relu, "tanh": torch.tanh, "sigmoid": torch.sigmoid}
        layers = len(work.sizes) - 1

        def dense(x: Any, labels: Any) -> Any:
            for k in range(1, layers):
                x = bend[work.activation](torch.addmm(p[f"b{k}"], x, p[f"w{k}"]))
            z = torch.addmm(p[f"b{layers}"], x, p[f"w{layers}"])
            return F.cross_entropy(z, labels)

        return dense, p
    if work.kind == "lstm":
        return _torch_lstm(work)
    if work.kind == "transformer":
        return _torch_transformer(p), p
    if work.kind == "bag":

        def bag(words: Any, t: Any) -> Any:
            return F.mse_loss(
                F.embedding_bag(words, p["table"], mode="mean") @ p["w"], t
            )

        return bag, p
    return lambda x, t: torch.sum((torch.sigmoid(x @ p["w"] + p["b"]) - t) ** 2) / 2, p


def _torch_lstm(work: Workload) -> tuple[Callable[..., Any], dict[str, Any]]:
    """Give its own LSTM; its gates stand in the order enter, forget, new, leave."""
    import torch  # noqa: PLC0415

    start = work.params
    width, units = start["wx"].shape[0], start["wh"].shape[0]
    net = torch.nn.LSTM(width, units, batch_first=True)
    order = np.concatenate(
        [np.arange(k * units, (k + 1) * units) for k in (0, 1, 3, 2)]
    )
    with torch.no_grad():
        net.weight_ih_l0.copy_(torch.from_numpy(start["wx"].T[order]))
        net.weight_hh_l0.copy_(torch.from_numpy(start["wh"].T[order]))
        net.bias_ih_l0.copy_(torch.from_numpy(start["b"][order]))
        net.bias_hh_l0.zero_()
    net.bias_hh_l0.requires_grad_(requires_grad=False)
    out = torch.from_numpy(start["wo"].copy()).requires_grad_()

    def loss(x: Any, t: Any) -> Any:
        h = net(x)[1][0][0]
        return torch.nn.functional.mse_loss(h @ out, t)

    trained = {"wx": net.weight_ih_l0, "wh": net.weight_hh_l0, "b": net.bias_ih_l0}
    return loss, {**trained, "wo": out}


def _torch_transformer(p: dict[str, Any]) -> Callable[..., Any]:
    from torch.nn import functional as F  # noqa: N812, PLC0415

    heads = 4

    def loss(x: Any, t: Any) -> Any:
        n, tokens, width = x.shape
        inner = F.layer_norm(x, (width,), p["g1"], p["s1"])

        def parts(w: Any) -> Any:
            return (inner @ w).view(n, tokens, heads, width // heads).transpose(1, 2)

        read = F.scaled_dot_product_attention(
            *(parts(p[w]) for w in ("wq", "wk", "wv"))
        )
        h = x + read.transpose(1, 2).reshape(n, tokens, width) @ p["wo"]
        inner = F.layer_norm(h, (width,), p["g2"], p["s2"])
        return F.mse_loss(h + F.relu(inner @ p["w1"]) @ p["w2"], t)

    return loss


def pytorch(work: Workload, *, compiles: bool = False) -> Contender:
    """Give the usual loop, with the fused rules; the loss compiled or not."""
    import torch  # noqa: PLC0415

    loss, p = torch_loss(work)
    if compiles:
        loss = torch.compile(loss)
    rules = {"adam": torch.optim.Adam, "sgd": torch.optim.SGD}
    rule = rules[work.rule](p.values(), lr=RATE, fused=True)
    data = [torch.from_numpy(a) for a in work.data.values()]
    orders = work.orders()

    def run() -> None:
        for rows in torch.from_numpy(next(orders)).split(work.batch):
            rule.zero_grad()
            loss(*(a[rows] for a in data)).backward()
            rule.step()

    def params() -> dict[str, Any]:
        found = {k: v.detach().numpy() for k, v in p.items()}
        if work.kind == "lstm":
            units = len(found["wh"]) // 4
            order = [k * units + j for k in (0, 1, 3, 2) for j in range(units)]
            for name in ("wx", "wh", "b"):
                found[name] = found[name][order].T
        return found

    return Contender(run, params, lambda: str(torch.get_num_threads()))


# --- JAX ------------------------------------------------------------------------------


def jax_loss(work: Workload) -> Callable[..., Any]:
    """Write the loss in JAX."""
    import jax  # noqa: PLC0415
    import jax.numpy as jnp  # noqa: PLC0415

    def dense(p: Any, x: Any, labels: Any) -> Any:
        bend = {"relu": jax.nn.relu, "tanh": jnp.tanh, "sigmoid": jax.nn.sigmoid}
        layers = len(work.sizes) - 1
        for k in range(1, layers):
            x = bend[work.activation](x @ p[f"w{k}"] + p[f"b{k}"])
        log_p = jax.nn.log_softmax(x @ p[f"w{layers}"] + p[f"b{layers}"])
        return -jnp.mean(jnp.take_along_axis(log_p, labels[:, None], axis=1))

    def lstm(p: Any, x: Any, t: Any) -> Any:
        units = p["wh"].shape[0]

        def cell(state: Any, given: Any) -> Any:
            h, c = state
            z = given + h @ p["wh"]
            enter, forget, leave = (
                jax.nn.sigmoid(z[:, k * units : (k + 1) * units]) for k in range(3)
            )
            c = forget * c + enter * jnp.tanh(z[:, 3 * units :])
            return (leave * jnp.tanh(c), c), None

        given = jnp.swapaxes(x @ p["wx"] + p["b"], 0, 1)
        zeros = jnp.zeros((x.shape[0], units))
        (h, _), _ = jax.lax.scan(cell, (zeros, zeros), given)
        return jnp.mean((h @ p["wo"] - t) ** 2)

    def normed(x: Any, gain: Any, shift: Any) -> Any:
        centred = x - jnp.mean(x, axis=-1, keepdims=True)
        var = jnp.mean(centred**2, axis=-1, keepdims=True)
        return gain * centred * jax.lax.rsqrt(var + 1e-5) + shift

    def transformer(p: Any, x: Any, t: Any) -> Any:
        n, tokens, width = x.shape
        inner = normed(x, p["g1"], p["s1"])
        q, k, v = (
            (inner @ p[w]).reshape(n, tokens, 4, width // 4) for w in ("wq", "wk", "wv")
        )
        scores = jnp.einsum("nqhd,nkhd->nhqk", q, k) / np.sqrt(width // 4)
        read = jnp.einsum("nhqk,nkhd->nqhd", jax.nn.softmax(scores), v)
        h = x + read.reshape(n, tokens, width) @ p["wo"]
        inner = normed(h, p["g2"], p["s2"])
        return jnp.mean((h + jax.nn.relu(inner @ p["w1"]) @ p["w2"] - t) ** 2)

    def bag(p: Any, words: Any, t: Any) -> Any:
        return jnp.mean((p["table"][words].mean(axis=1) @ p["w"] - t) ** 2)

    def layer(p: Any, x: Any, t: Any) -> Any:
        return jnp.sum((jax.nn.sigmoid(x @ p["w"] + p["b"]) - t) ** 2) / 2

    known = {"dense": dense, "lstm": lstm, "transformer": transformer, "bag": bag,
             "layer": layer}  # fmt: skip
    return known[work.kind]


def jax(work: Workload, *, scans: bool = False) -> Contender:
    """Give a jitted step, or a jitted round: a scan over batches, in place."""
    import jax  # noqa: PLC0415
    import jax.numpy as jnp  # noqa: PLC0415

    loss, tree = jax_loss(work), jax.tree_util.tree_map
    data = [jnp.asarray(a) for a in work.data.values()]

    def adam(p: Any, m: Any, v: Any, d: Any, k: Any) -> Any:
        m = tree(lambda m, d: 0.9 * m + 0.1 * d, m, d)
        v = tree(lambda v, d: 0.999 * v + 0.001 * d * d, v, d)
        # In float32 1 - 0.999**k would lose half of its digits.
        rate, c = RATE / (1 - 0.9**k), -jnp.expm1(k * np.log(0.999))
        p = tree(lambda p, m, v: p - rate * m / (jnp.sqrt(v / c) + 1e-8), p, m, v)
        return p, m, v

    def step(carry: Any, rows: Any, data: Any) -> Any:
        p, m, v, k = carry
        d = jax.grad(loss)(p, *(a[rows] for a in data))
        if work.rule == "adam":
            p, m, v = adam(p, m, v, d, k)
        else:
            p = tree(lambda p, d: p - RATE * d, p, d)
        return p, m, v, k + 1

    def one_of(carry: Any, order: Any, k: Any, data: Any) -> Any:
        return step(carry, order[k], data)

    def round_of(carry: Any, order: Any, data: Any) -> Any:
        return jax.lax.scan(lambda c, rows: (step(c, rows, data), None), carry, order)[
            0
        ]

    # Single steps that give their arguments away overtake each other (JAX 0.7.2): the
    # loss after them was another.
    made = jax.jit(round_of if scans else one_of, donate_argnums=0 if scans else ())
    # Copies: what is donated is written to.
    start = {k: jnp.array(v) for k, v in work.params.items()}
    zeros = [
        tree(jnp.zeros_like, start) for _ in range(2 if work.rule == "adam" else 0)
    ]
    carry = [(start, *(zeros or (0, 0)), 1.0)]
    orders = work.orders()

    def run() -> None:
        order = jnp.asarray(next(orders).reshape(work.steps, work.batch))
        if scans:
            carry[0] = made(carry[0], order, data)
        else:
            for k in range(work.steps):
                carry[0] = made(carry[0], order, k, data)
        jax.block_until_ready(carry[0])

    def params() -> dict[str, Any]:
        return {k: np.asarray(v) for k, v in carry[0][0].items()}

    return Contender(run, params, lambda: f"{os.cpu_count()} (its own pool)")


# --- MyGrad ---------------------------------------------------------------------------


def mygrad(work: Workload) -> Contender:
    """Give MyGrad on the loss as NumPy has it; the update in NumPy, in place."""
    import mygrad as mg  # noqa: PLC0415

    p = {k: mg.tensor(v.copy()) for k, v in work.params.items()}
    m = {k: np.zeros_like(v) for k, v in work.params.items()}
    v = {k: np.zeros_like(v) for k, v in work.params.items()}
    count, orders, data = [0], work.orders(), list(work.data.values())

    def update(name: str, d: Any) -> None:
        if work.rule == "sgd":
            p[name].data -= RATE * d
            return
        k = count[0]
        m[name] += 0.1 * (d - m[name])
        v[name] += 0.001 * (d * d - v[name])
        root = np.sqrt(v[name] / (1 - 0.999**k)) + 1e-8
        p[name].data -= RATE / (1 - 0.9**k) * m[name] / root

    def run() -> None:
        for rows in next(orders).reshape(work.steps, work.batch):
            count[0] += 1
            work.call([a[rows] for a in data], p).backward()
            for name, tensor in p.items():
                update(name, tensor.grad)
                tensor.null_grad()

    def params() -> dict[str, Any]:
        return {k: t.data for k, t in p.items()}

    return Contender(run, params, blas_threads)


# --- all ------------------------------------------------------------------------------

OURS = ("derivo, auto", "derivo, numpy", "derivo, c")
_MADE: dict[str, tuple[str, Callable[[Workload], Contender]]] = {
    "derivo, auto": ("numpy", lambda work: ours("auto", work)),
    "derivo, numpy": ("numpy", lambda work: ours("numpy", work)),
    "derivo, c": ("numpy", lambda work: ours("c", work)),
    "PyTorch": ("torch", pytorch),
    "PyTorch, compiled": ("torch", lambda work: pytorch(work, compiles=True)),
    "JAX, step": ("jax", jax),
    "JAX, scan": ("jax", lambda work: jax(work, scans=True)),
    "scikit-learn": ("sklearn", sklearn),
    "MyGrad": ("mygrad", mygrad),
}
NAMES = tuple(_MADE)


def contenders(work: Workload, without: set[str]) -> Iterator[tuple[str, Contender]]:
    """Give each that takes part; say of each that does not why."""
    for name, (module, make) in _MADE.items():
        if name in without:
            print(f"  {name} is left out, as asked")
        elif importlib.util.find_spec(module) is None:
            print(f"  {name} is not installed")
        else:
            try:
                yield name, make(work)
            except Left as reason:
                print(f"  {name} does not take part: {reason}")
