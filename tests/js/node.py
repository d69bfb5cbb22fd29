"""JavaScript in Node: many programs in one process."""

from __future__ import annotations

import json
import shutil
import subprocess
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np

from derivo.emit.js.program import asset, runtime

NODE = shutil.which("node")
MISSING = "NO NODE: the JavaScript is not run; install nodejs"


def array(value: Any) -> Any:
    """Give an array as the runtime has it; a number as a number."""
    a = np.asarray(value, dtype=float)
    listed = [None if v != v else v for v in a.ravel().tolist()]  # noqa: PLR0124
    return {"shape": list(a.shape), "data": listed} if a.ndim else a.item()


HARNESS = """
const given = JSON.parse(require("fs").readFileSync(process.argv[2], "utf8"));
const read = (x) => x !== null && typeof x === "object" && x.data
  ? R.make(x.shape, x.data.map((v) => v === null ? NaN : v)) : x;
const shown = (x) => {
  const {shape, data} = R.wrap(x);
  return {shape, data: Array.from(data, (v) => Number.isFinite(v) ? v : String(v))};
};
const each = (f) => (o) =>
  Object.fromEntries(Object.entries(o).map(([k, v]) => [k, f(v)]));
const told = each(shown), all = each(read);
const found = {};
for (const [name, {arguments: own, sizes, upstream}] of Object.entries(given)) {
  try {
    const {forward, backward} = PROGRAMS[name]();
    const value = forward(all(own), sizes);
    const {gradients, along} = backward(value, upstream.map(read), sizes);
    found[name] = {value: told(value), gradients: told(gradients), along: told(along)};
  } catch (error) {
    found[name] = {error: String(error.stack)};
  }
}
process.stdout.write(JSON.stringify(found));
"""


def run(
    folder: Path, programs: Mapping[str, str], given: Mapping[str, Any]
) -> dict[str, Any]:
    """Run programs by name, each on its arguments, sizes and upstream.

    Each has the runtime that its page has, with what it calls of the rare functions.
    """
    listed = ",\n".join(
        f"{json.dumps(name)}: () => {{ {runtime(text)} {text}; "
        "return {forward, backward}; }"
        for name, text in programs.items()
    )
    script, data = folder / "programs.js", folder / "given.json"
    script.write_text(
        f"{asset('runtime.js')}\nconst PROGRAMS = {{{listed}}};\n{HARNESS}"
    )
    data.write_text(json.dumps(given, allow_nan=False))
    assert NODE
    done = subprocess.run(
        [NODE, str(script), str(data)], capture_output=True, check=False, timeout=120
    )
    assert done.returncode == 0, done.stderr.decode()[:2000]
    found: dict[str, Any] = json.loads(done.stdout)
    return found


def as_array(shown: Any) -> Any:
    """Give what was shown as an array."""
    return np.array([float(v) for v in shown["data"]]).reshape(shown["shape"])
