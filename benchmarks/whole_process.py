"""What a whole process takes: import, first step, 97 % on digits, memory, disk.

Run with ``python benchmarks/whole_process.py``. Each contender is a short program as
its users would write it, started anew each time, all in turns: 1,797 digits, four
fifths to train with; 64-128-10, relu, Adam, batches of 32, an epoch at a time until
97 % of the rest are right. Memory is what the process grows by from just before the
first step to its peak. "Cold" means with an empty cache of derivo's, where the step
must be compiled first. A peer that is not installed is named.
"""

from __future__ import annotations

import argparse
import importlib.metadata
import importlib.util
import json
import os
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

HERE = Path(__file__).resolve().parent
DIGITS = HERE.parent / "src" / "derivo" / "data" / "digits.npz"
HEAD = f"""
import time
began = time.perf_counter()
import resource, json
import numpy as np
{{imports}}
imported = time.perf_counter()
with np.load({str(DIGITS)!r}) as stored:
    x = (stored[stored.files[0]].reshape(-1, 64) / 16).astype(np.float32)
    t = stored[stored.files[1]].astype(np.int64)
rng = np.random.default_rng(0)
order = rng.permutation(len(x))
train, test = order[:1437], order[1437:]
x, t, x_test, t_test = x[train], t[train], x[test], t[test]
def resident():
    with open("/proc/self/statm") as file:
        return int(file.read().split()[1]) * resource.getpagesize() / 2**20
{{setup}}
before = resident()
first = None
for epoch in range(1, 41):
    {{epoch}}
    accuracy = {{accuracy}}
    if first is None:
        first = time.perf_counter()
    if accuracy >= 0.97:
        break
peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 2**10
now = time.perf_counter()
print(json.dumps(dict(imports=imported - began, first=first - began, all=now - began,
                      epochs=epoch, accuracy=accuracy, memory=peak - before)))
"""
TORCH = """
net = torch.nn.Sequential(
    torch.nn.Linear(64, 128), torch.nn.ReLU(), torch.nn.Linear(128, 10))
rule = torch.optim.Adam(net.parameters())
x, t, x_test = map(torch.from_numpy, (x, t, x_test))
def one_epoch():
    for rows in torch.from_numpy(rng.permutation(len(x))).split(32):
        rule.zero_grad()
        torch.nn.functional.cross_entropy(net(x[rows]), t[rows]).backward()
        rule.step()
def accuracy_now():
    with torch.no_grad():
        return float((net(x_test).argmax(1).numpy() == t_test).mean())
"""
JAX = """
weights = [(rng.normal(size=(a, b), scale=(2 / a) ** 0.5).astype(np.float32),
            np.zeros(b, np.float32)) for a, b in ((64, 128), (128, 10))]
tree = jax.tree_util.tree_map
def output(p, x):
    (w, b), (v, c) = p
    return jax.nn.relu(x @ w + b) @ v + c
def loss(p, x, t):
    log_p = jax.nn.log_softmax(output(p, x))
    return -jnp.mean(jnp.take_along_axis(log_p, t[:, None], axis=1))
def step(carry, rows):
    p, m, v, k = carry
    d = jax.grad(loss)(p, x[rows], t[rows])
    m = tree(lambda m, d: 0.9 * m + 0.1 * d, m, d)
    v = tree(lambda v, d: 0.999 * v + 0.001 * d * d, v, d)
    rate, c = 0.001 / (1 - 0.9**k), 1 - 0.999**k
    p = tree(lambda p, m, v: p - rate * m / (jnp.sqrt(v / c) + 1e-8), p, m, v)
    return (p, m, v, k + 1), None
x, t = jnp.asarray(x), jnp.asarray(t)
epoch_of = jax.jit(lambda c, o: jax.lax.scan(step, c, o)[0])
zeros = tree(np.zeros_like, weights)
carry = (weights, zeros, zeros, 1.0)
def one_epoch():
    global carry
    order = rng.permutation(len(x))[: len(x) // 32 * 32]
    carry = epoch_of(carry, jnp.asarray(order.reshape(-1, 32)))
def accuracy_now():
    return float((np.asarray(output(carry[0], x_test)).argmax(1) == t_test).mean())
"""
OURS = """
net = derivo.Network(Dense(128, "relu"), Dense(10))
def one_epoch():
    net.fit(x, t, epochs=1, verbose=0, engine={engine!r})
def accuracy_now():
    return net.evaluate(x_test, t_test)["accuracy"]
"""
SKLEARN = """
import warnings
warnings.simplefilter("ignore")
net = MLPClassifier((128,), batch_size=32)
def one_epoch():
    net.partial_fit(x, t, classes=np.arange(10))
def accuracy_now():
    return float(net.score(x_test, t_test))
"""
# Name: the module it needs, its imports, its program.
PROGRAMS = {
    "derivo, numpy": ("numpy", "import derivo\nfrom derivo.layers import Dense",
                      OURS.format(engine="numpy")),
    "derivo, c, cold": ("numpy", "import derivo\nfrom derivo.layers import Dense",
                        OURS.format(engine="c")),
    "derivo, c, warm": ("numpy", "import derivo\nfrom derivo.layers import Dense",
                        OURS.format(engine="c")),
    "scikit-learn": ("sklearn", "from sklearn.neural_network import MLPClassifier",
                     SKLEARN),
    "PyTorch": ("torch", "import torch", TORCH),
    "JAX": ("jax", "import jax, jax.numpy as jnp", JAX),
}  # fmt: skip
# What pip brings along, beside NumPy, which all have.
PACKAGES = {
    "derivo": ("derivo",),
    "derivo with ziglang": ("derivo", "ziglang"),
    "scikit-learn": ("scikit-learn", "scipy", "joblib", "threadpoolctl", "narwhals"),
    "PyTorch": ("torch", "sympy", "mpmath", "networkx", "jinja2", "markupsafe",
                "fsspec", "filelock", "typing-extensions"),
    "JAX": ("jax", "jaxlib", "ml-dtypes", "opt-einsum", "scipy"),
}  # fmt: skip


def run(name: str, cache: Path) -> dict[str, Any]:
    """Run a program in a fresh process."""
    _, imports, setup = PROGRAMS[name]
    code = HEAD.format(
        imports=imports, setup=setup, epoch="one_epoch()", accuracy="accuracy_now()"
    )
    environment = {**os.environ, "DERIVO_CACHE": str(cache)}
    environment.pop("PYTHONDONTWRITEBYTECODE", None)
    began = time.perf_counter()
    done = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, check=True, env=environment
    )
    whole = time.perf_counter() - began
    return {**json.loads(done.stdout), "whole": whole}


def size(packages: tuple[str, ...]) -> float | None:
    """Give what packages take on disk, in MB; None where one is not installed."""
    total = 0
    for name in packages:
        if name == "derivo":
            files = [p for p in DIGITS.parent.parent.rglob("*") if p.suffix != ".pyc"]
        else:
            try:
                listed = importlib.metadata.files(name) or []
            except importlib.metadata.PackageNotFoundError:
                return None
            files = [Path(str(p.locate())) for p in listed if p.suffix != ".pyc"]
        total += sum(p.stat().st_size for p in files if p.is_file())
    return total / 1e6


def main() -> None:
    """Print a table of processes, and one of sizes."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--without", nargs="*", default=[], choices=list(PROGRAMS))
    given = parser.parse_args()
    print(f"{os.cpu_count()} cores, load {os.getloadavg()[0]:.1f}")
    names = []
    for name, (module, *_) in PROGRAMS.items():
        if name in given.without:
            print(f"{name} is left out, as asked")
        elif importlib.util.find_spec(module):
            names.append(name)
        else:
            print(f"{name} is not installed")
    found: dict[str, list[dict[str, Any]]] = {name: [] for name in names}
    with tempfile.TemporaryDirectory() as folder:
        for name in names:  # fills the caches of Python and of the system
            run(name, Path(folder) / "warm")
        for k in range(given.rounds):
            for name, own in found.items():
                cache = Path(folder) / (f"cold{k}" if "cold" in name else "warm")
                own.append(run(name, cache))
    head = ("import", "first epoch", "to 97 %", "process", "epochs", "memory MB")
    print(f"\nmedians, seconds\n{'':18}" + "".join(f"{h:>13}" for h in head))
    for name, own in found.items():
        keys = ("imports", "first", "all", "whole", "epochs", "memory")
        cells = [statistics.median(r[key] for r in own) for key in keys]
        print(f"{name:18}" + "".join(f"{c:13.2f}" for c in cells))
    print("\ninstalled, without NumPy")
    for name, packages in PACKAGES.items():
        taken = size(packages)
        said = "not installed" if taken is None else f"{taken:9.1f} MB"
        print(f"{name:22}{said}")


if __name__ == "__main__":
    main()
