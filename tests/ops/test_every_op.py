"""What every operation of the catalogue must do: a new one is tested by being there."""

from __future__ import annotations

import ast
import importlib.util
from typing import Any

import numpy as np
import pytest

import derivo
from derivo import Spec
from derivo.graph.op import Op, python_names
from derivo.graph.spec import kind_of
from derivo.ops import CATALOGUE

# Values without operands, and loops, which have tests of their own.
OPS = [
    op for op in CATALOGUE.values()
    if op.inputs and not {"loop", "item", "leaf"} & op.traits and op.name != "scan"
]  # fmt: skip
if importlib.util.find_spec("scipy") is None:
    OPS = [op for op in OPS if not any("scipy" in h.__name__ for h in op.helpers)]
DIFFERENTIABLE = [op for op in OPS if op.vjp is not None]
TOLERANCE = {"analytic": 1e-12, "differences": 2e-8}

names = pytest.mark.parametrize("op", OPS, ids=lambda op: op.name)
differentiable = pytest.mark.parametrize("op", DIFFERENTIABLE, ids=lambda op: op.name)


def drawn(op: Op, seed: int = 0) -> tuple[tuple[Any, ...], dict[str, Any]]:
    """Draw operands and attributes: the operation's own samples, or normal numbers."""
    rng = np.random.default_rng(seed)
    if op.samples is not None:
        arrays, attrs = op.samples(rng)
        return arrays, attrs
    return tuple(rng.normal(size=(3, 4)) for _ in op.inputs), {}


def is_real(array: Any) -> bool:
    return np.asarray(array).dtype.kind == "f"


def undo_broadcast(adjoint: Any, shape: tuple[int, ...]) -> Any:
    """Add up over the copies, as the engine does; copy where a rule left it open."""
    adjoint = np.asarray(adjoint)
    extra = adjoint.ndim - len(shape)
    adjoint = adjoint.sum(axis=tuple(range(max(extra, 0))))
    stretched = [i for i, (a, b) in enumerate(zip(adjoint.shape, shape, strict=False))
                 if b == 1 and a != 1]  # fmt: skip
    return np.broadcast_to(adjoint.sum(axis=tuple(stretched), keepdims=True), shape)


def directional(op: Op, arrays: Any, attrs: Any, i: int, v: Any, u: Any) -> float:
    """Give d/dh sum(u * op(..., x_i + h v, ...)) at h = 0, from values alone."""

    def at(step: Any, dtype: Any = np.float64) -> Any:
        moved = [a + step * v if k == i else a for k, a in enumerate(arrays)]
        return np.sum(u * op.compute(*moved, dtype=dtype, **attrs))

    if "analytic" in op.traits and op.lower is None:
        return float(at(1e-20j, complex).imag / 1e-20)
    h = 1e-5
    return float((8 * (at(h) - at(-h)) - (at(2 * h) - at(-2 * h))) / (12 * h))


@differentiable
@pytest.mark.parametrize("seed", range(3))
def test_a_rule_agrees_with_numerical_derivatives(op: Op, seed: int) -> None:
    arrays, attrs = drawn(op, seed)
    rng = np.random.default_rng(seed + 100)
    full = {**op.attrs, **attrs}
    y = op.compute(*arrays, **attrs)
    u = rng.normal(size=np.shape(y))
    parts = op.vjp(u, y, *arrays, **full)  # type: ignore[misc]
    assert len(parts) == len(arrays)
    for i, (x, part) in enumerate(zip(arrays, parts, strict=True)):
        if not is_real(x):
            assert part is None
            continue
        v = rng.normal(size=np.shape(x))
        expected = directional(op, arrays, attrs, i, v, u)
        actual = 0.0 if part is None else np.sum(v * undo_broadcast(part, np.shape(x)))
        exact = "analytic" in op.traits and op.lower is None
        tolerance = TOLERANCE["analytic" if exact else "differences"]
        assert expected == pytest.approx(actual, rel=tolerance, abs=tolerance)


@names
def test_the_inferred_spec_is_that_of_the_result(op: Op) -> None:
    arrays, attrs = drawn(op)
    specs = [Spec(np.shape(a), kind_of(np.asarray(a).dtype)) for a in arrays]
    spec = op.infer(*specs, **{**op.attrs, **attrs})
    result = np.asarray(op.compute(*arrays, **attrs))
    assert spec.shape == result.shape
    assert spec.kind == kind_of(result.dtype)


@names
def test_float32_stays_float32_and_operands_stay_as_they_are(op: Op) -> None:
    arrays, attrs = drawn(op)
    narrow = [np.asarray(a, np.float32) if is_real(a) else a for a in arrays]
    copies = [np.array(a) for a in narrow]
    result = np.asarray(op.compute(*narrow, dtype=np.dtype(np.float32), **attrs))
    assert result.dtype.kind != "f" or result.dtype == np.float32
    for before, after in zip(copies, narrow, strict=True):
        np.testing.assert_array_equal(before, after)


def derived(op: Op, arrays: Any, attrs: Any) -> tuple[Any, dict[str, Any], list[str]]:
    """Derive an operation as a function of its operands, named a0, a1, ..."""
    given = {f"a{i}": np.asarray(a) for i, a in enumerate(arrays)}
    parameters = ", ".join(given)
    scope: dict[str, Any] = {"op": op, "attrs": attrs}
    exec(f"def function({parameters}): return op({parameters}, **attrs)", scope)  # noqa: S102
    specs: dict[str, Any] = {
        k: Spec(a.shape, kind_of(a.dtype)) for k, a in given.items()
    }
    wrt = [k for k, a in given.items() if is_real(a)]
    d = derivo.derive(scope["function"], wrt=wrt, simplify=False, **specs)
    return d, given, wrt


@differentiable
@pytest.mark.filterwarnings("ignore::derivo.errors.IndependentWarning")
def test_the_emitted_source_gives_the_same_in_both_precisions(op: Op) -> None:
    arrays, attrs = drawn(op, 1)
    if not any(is_real(a) for a in arrays):
        pytest.skip("no operand has a gradient")
    d, given, wrt = derived(op, arrays, attrs)
    y = op.compute(*arrays, **attrs)
    u = np.random.default_rng(7).normal(size=np.shape(y))
    parts = op.vjp(u, y, *arrays, **{**op.attrs, **attrs})  # type: ignore[misc]
    for dtype, tolerance in ((np.float64, 1e-12), (np.float32, 2e-4)):
        narrow = {k: a.astype(dtype) if k in wrt else a for k, a in given.items()}
        value, gradients = d.value_and_gradients(u.astype(dtype), **narrow)
        assert np.asarray(value).dtype in (dtype, np.int64, bool)
        np.testing.assert_allclose(y, value, rtol=tolerance, atol=tolerance)
        for k, part in zip(given, parts, strict=True):
            if k in wrt:
                expected = (
                    0 * given[k]
                    if part is None
                    else undo_broadcast(part, given[k].shape)
                )
                assert gradients[k].dtype == dtype, k
                np.testing.assert_allclose(
                    expected, gradients[k], rtol=tolerance, atol=tolerance
                )


@differentiable
@pytest.mark.filterwarnings("ignore::derivo.errors.IndependentWarning")
def test_the_derivative_of_the_derivative_is_right(op: Op) -> None:
    arrays, attrs = drawn(op, 2)
    if not any(is_real(a) for a in arrays):
        pytest.skip("no operand has a gradient")
    first, given, wrt = derived(op, arrays, attrs)
    rng = np.random.default_rng(3)
    u = rng.normal(size=np.shape(op.compute(*arrays, **attrs)))
    vs = {k: rng.normal(size=given[k].shape) for k in wrt}

    def slope(**moved: Any) -> Any:
        gradients = first.gradients(u, **moved)
        return sum(np.sum(gradients[k] * vs[k]) for k in wrt)

    parameters = ", ".join(given)
    scope: dict[str, Any] = {"op": op, "full": {**op.attrs, **attrs}, "attrs": attrs,
                             "u": u, "vs": vs, "np": np, "given": given}  # fmt: skip
    exec(  # noqa: S102
        f"def slope({parameters}):\n"
        f"    operands = ({parameters},)\n"
        "    parts = op.vjp(u, op(*operands, **attrs), *operands, **full)\n"
        "    return sum((np.sum(p * vs[k]) for k, p in zip(given, parts)\n"
        "               if p is not None and k in vs), start=0.0 * np.sum(a0))",
        scope,
    )
    specs: dict[str, Any] = {
        k: Spec(a.shape, kind_of(a.dtype)) for k, a in given.items()
    }
    second = derivo.derive(scope["slope"], wrt=wrt, simplify=False, **specs)
    gradients = second.gradients(**given)
    for k in wrt:
        w, h = rng.normal(size=given[k].shape), 1e-5
        ahead, behind = ({**given, k: given[k] + s * h * w} for s in (1, -1))
        expected = (slope(**ahead) - slope(**behind)) / (2 * h)
        assert expected == pytest.approx(np.sum(gradients[k] * w), rel=1e-6, abs=1e-6)


@names
def test_the_text_is_python(op: Op) -> None:
    arrays, attrs = drawn(op)
    if op.lower is not None:
        assert not op.numpy
        return
    text = op.text({**op.attrs, **attrs}, *arrays)
    tree = ast.parse(python_names(text))
    used = {n.id for n in ast.walk(tree) if isinstance(n, ast.Name)}
    fields = {f"_{i}" for i in range(len(arrays))} | {"_out", "_dtype", "np"}
    fields |= {f"_{name}" for name in op.attrs} | {h.__name__ for h in op.helpers}
    assert {n for n in used if not n.startswith("_index")} <= fields | {"slice"}
