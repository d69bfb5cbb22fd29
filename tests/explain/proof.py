"""What the page computes and shows, on every program: ``python -m tests.explain.proof``.

The suite drives a page of each kind; this drives them all, and prints what was found:
values and gradients after twenty random changes and fifty steps of gradient descent
against NumPy, what each step lights and reveals, the console and the requests, how long
a frame takes, and how large the pages are.
"""

from __future__ import annotations

import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np

import derivo
from derivo.explain.prepare import subject
from tests.catalogue import CASES
from tests.explain import chromium
from tests.explain.test_window import SCROLLS, derived, twelve_blocks
from tests.scan.programs import PROGRAMS

ALL = {**CASES, **PROGRAMS}
CHANGES, STEPS, RATE = 20, 50, 1e-4

# Goes through every step, and gives what is lit outside the window or shown too early.
WALK = """
  const model = JSON.parse(document.querySelector('#model').textContent), wrong = [];
  for (let k = 0; k <= derivo.steps; k++) {
    derivo.step(k);
    const done = model.steps.slice(0, k), view = document.querySelector('.view:not([hidden])');
    const back = new Set(done.filter(s => s.phase === 'backward').map(s => s.id));
    const there = new Set(done.filter(s => s.phase === 'forward').map(s => s.id));
    for (const v of model.values) if (v.is_argument) there.add(v.id);
    for (const grid of view.querySelectorAll('.grid')) {
      const { id, side } = grid.dataset;
      const isShown = [...grid.querySelectorAll('.cell')].some(c => c.textContent
        || Number(c.querySelector('rect').style.fillOpacity) > 0);
      if (isShown && !(side === 'value' ? there : back).has(id)) wrong.push(`early ${side} ${id} at ${k}`);
    }
    const lit = [...view.querySelectorAll('.now, .edge.used'), ...document.querySelectorAll('#code li.now')];
    for (const e of lit) {
      const box = e.getBoundingClientRect(), room = (e.closest('#code') || document.documentElement).getBoundingClientRect();
      if (box.top < Math.max(0, room.top) - 1 || box.left < 0 || box.bottom > Math.min(innerHeight, room.bottom) + 1)
        wrong.push(`outside at ${k}: ${e.outerHTML.slice(0, 60)}`);
    }
    if (k && !view.querySelector('.now')) wrong.push(`nothing lit at ${k}`);
    if (document.documentElement.scrollHeight > innerHeight) wrong.push(`scrolls at ${k}`);
  }
  return wrong;
"""
FRAME = """
  derivo.step(derivo.steps);
  document.querySelector('#bar [data-mode=nudge]').click();
  const slider = document.querySelector('#slider'), from = Number(slider.value);
  const t = performance.now(), n = 20;
  for (let k = 0; k < n; k++) {
    slider.value = from + 0.01 * k;
    slider.dispatchEvent(new Event('input'));
    document.querySelector('#app').getBoundingClientRect();
  }
  return (performance.now() - t) / n;
"""


def furthest(expected: Any, actual: Any) -> float:
    """Give the largest difference, relative where numbers are large."""
    e, a = np.asarray(expected, dtype=float), np.asarray(actual, dtype=float)
    if e.shape != a.shape:
        return float("inf")
    same = (e == a) | (np.isnan(e) & np.isnan(a))
    with np.errstate(all="ignore"):
        far = np.where(same, 0.0, np.abs(e - a) / np.maximum(1.0, np.abs(e)))
    return float(np.max(far, initial=0.0))


def far_from_numpy(driver: Any, d: Any, given: dict[str, Any]) -> float:
    """Give how far values and gradients of a page are from those of NumPy."""
    about = subject(d.written_out, given)
    values, gradients = (
        driver.execute_script(f"return derivo.{name}")
        for name in ("values", "gradients")
    )
    far = [0.0]
    for node, name in about.names.items():
        if name in values and node in about.values:
            far.append(furthest(about.values[node], values[name]))
    _, exact = d.value_and_gradients(**given)
    far += [furthest(g, gradients[name]) for name, g in exact.items()]
    return max(far)


def change(given: dict[str, Any], rng: np.random.Generator) -> list[list[Any]]:
    """Change numbers of arguments, and give what was changed."""
    floating = [k for k, v in given.items() if v.dtype.kind == "f" and v.size]
    found = []
    for _ in range(CHANGES):
        at = floating[rng.integers(len(floating))]
        index = tuple(int(rng.integers(n)) for n in given[at].shape)
        given[at][index] = float(given[at][index] + 0.05 * rng.normal())
        found.append([at, list(index), float(given[at][index])])
    return found


def driven(driver: Any, folder: Path) -> Iterator[tuple[str, float, float, list[str]]]:
    """Drive the page of every program."""
    for name, case in ALL.items():
        d = derivo.derive(case.function, shapes=case.specs)
        d = d.exact  # changes need not keep what it was shortened by
        given = {k: np.array(v) for k, v in case.arrays().items()}
        page = d.explain(arrays=given).page
        chromium.open_page(driver, page, folder / "page.html")
        wrong = driver.execute_script(WALK)
        wrong += [f"scrolls: {s}" for s in driver.execute_script(SCROLLS, 1)]
        changes = change(given, np.random.default_rng(3))
        driver.execute_script(
            "for (const [n, i, v] of arguments[0]) derivo.set(n, i, v)", changes
        )
        changed = far_from_numpy(driver, d, given)
        driver.execute_script("derivo.train(arguments[0], arguments[1])", STEPS, RATE)
        with np.errstate(all="ignore"):
            for _ in range(STEPS):
                for key, gradient in d.gradients(**given).items():
                    given[key] = given[key] - RATE * gradient
        trained = far_from_numpy(driver, d, given)
        wrong += chromium.complaints(driver) + chromium.requests(driver)
        yield name, changed, trained, wrong


def main() -> int:
    """Print the figures; 1 if something is wrong."""
    write = sys.stdout.write
    with tempfile.TemporaryDirectory() as kept:
        folder = Path(kept)
        driver = chromium.started(folder / "profile")
        chromium.sized(driver, 1280, 900)
        changed, trained, count = 0.0, 0.0, 0
        for name, far, after, wrong in driven(driver, folder):
            changed, trained = max(changed, far), max(trained, after)
            count += bool(wrong) or far > 1e-9 or after > 1e-9
            if wrong or max(far, after) > 1e-9:
                write(f"{name}: {far:.1e} {after:.1e} {wrong[:3]}\n")
        write(f"{len(ALL)} programs, {count} of them wrong\n")
        write(f"after {CHANGES} changes: {changed:.1e}\n")
        write(f"after {STEPS} steps: {trained:.1e}\n")
        for name, explanation in (
            ("two layers", derived().explain()),
            ("12 blocks", twelve_blocks()),
        ):
            page = explanation.page
            chromium.open_page(driver, page, folder / "page.html")
            driver.execute_script(FRAME)
            took = driver.execute_script(FRAME)
            write(f"{name}: {len(page.encode()):,} bytes, {took:.0f} ms a frame\n")
        layer = CASES["layer"]
        page = derivo.derive(layer.function, shapes=layer.specs).explain().page
        write(f"a layer: {len(page.encode()):,} bytes\n")
        driver.quit()
    return int(count > 0)


if __name__ == "__main__":
    sys.exit(main())
