"""Every convention of the catalogue: as it was written, value and gradients."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

import derivo
from derivo.graph.nest import is_nest, leaves, made, parts_of, rebuilt, with_parts
from derivo.graph.spec import Spec
from derivo.trace.arguments.specs import as_nest
from tests.catalogue.case import SIZES, normal
from tests.catalogue.conventions import CONVENTIONS, Convention

STEP = 1e-6


def specs_of(c: Convention, numbers: bool) -> dict[str, Any]:
    """Give the shapes for `derive`, with names or with numbers as sizes."""
    return {
        name: made(_changed(shape, lambda s, _: _spec(s, numbers), name))
        for name, shape in c.shapes.items()
    }


def _spec(shape: Any, numbers: bool) -> Any:
    if isinstance(shape, tuple):  # whole numbers, with how they are drawn
        shape = Spec(shape[0], "int")
    read = shape if isinstance(shape, Spec) else Spec(shape)
    return Spec(_sizes(read), read.kind) if numbers else shape


def _sizes(spec: Spec) -> tuple[int, ...]:
    known = {**SIZES, "H": 3, "Z": 2}
    return tuple(d if isinstance(d, int) else _evaluated(d, known) for d in spec.shape)


def _evaluated(dim: Any, known: dict[str, int]) -> int:
    return int(eval(str(dim), {}, known))  # noqa: S307  4*H


def _changed(nest: Any, change: Any, path: str) -> Any:
    """Give a nest with each shape in it replaced; texts that are no shapes stay."""
    if isinstance(nest, str) or (isinstance(nest, tuple) and callable(nest[-1])):
        return change(nest, path)
    inner = as_nest(nest)
    if inner is None or not is_nest(inner):
        return nest
    parts = [
        p if p.key == "activation" else p._replace(
            nest=_changed(p.nest, change, f"{path}.{p.key}")
        )
        for p in parts_of(inner)
    ]  # fmt: skip
    return with_parts(inner, parts)


def arrays_of(c: Convention) -> dict[str, Any]:
    rng = np.random.default_rng(5)

    def draw(shape: Any, path: str) -> Any:
        how = c.draws.get(path, normal)
        if isinstance(shape, tuple):
            shape, how = shape
        return how(rng, _sizes(Spec(shape)))

    return {name: made(_changed(shape, draw, name)) for name, shape in c.shapes.items()}


@pytest.mark.parametrize("numbers", [False, True], ids=["names", "numbers"])
@pytest.mark.parametrize("name", CONVENTIONS)
def test_a_convention_is_derived_as_it_stands(name: str, numbers: bool) -> None:
    c = CONVENTIONS[name]
    function, arrays = c.make(), arrays_of(c)
    given = {**specs_of(c, numbers), **c.settings}
    if c.attributes:
        given["self"] = c.attributes
    defaults = {k: v for k, v in c.settings.items() if isinstance(v, float)}
    static = {**c.static, **defaults}
    given = {k: v for k, v in given.items() if k not in defaults}
    d = derivo.derive(function, static=static, **given)
    settings = {**c.settings, **c.static}
    plain = function(**arrays, **settings)
    for got, right in zip(_flat(d(**arrays)), _flat(plain), strict=True):
        np.testing.assert_allclose(got, right, rtol=1e-12, atol=1e-14)

    rng = np.random.default_rng(6)
    ups = [rng.normal(size=np.shape(a)) for a in _flat(plain)]
    form = iter(ups)
    up = made(rebuilt(as_nest(plain), lambda _: next(form))) if len(ups) > 1 else ups[0]
    gradients = d.by_path(d.gradients(**arrays, upstream=up))
    values, _ = d.bind((), arrays)
    for path, gradient in gradients.items():
        way = rng.normal(size=np.shape(values[path]))
        ends = []
        for h in (STEP, -STEP):
            moved = {**values, path: values[path] + h * way}
            result = d.run_function(moved)
            ends.append(
                sum(np.sum(u * a) for u, a in zip(ups, _flat(result), strict=True))
            )
        slope = (ends[0] - ends[1]) / (2 * STEP)
        got = np.sum(gradient * way)
        assert np.shape(gradient) == np.shape(values[path]), path
        np.testing.assert_allclose(got, slope, rtol=1e-6, atol=1e-7, err_msg=path)


def _flat(result: Any) -> list[Any]:
    nest = as_nest(result)
    return list(leaves(result if nest is None else nest))
