"""An option, given or left out, means what NumPy says, or it is refused by its name."""

from __future__ import annotations

import inspect
from typing import Any

import numpy as np
import pytest

import derivo
from derivo.errors import DerivoError, DtypeError
from derivo.graph.op import Op
from derivo.ops.catalogue import SPELLINGS, as_numpy_reads

HANDLERS = {
    f"{f.__module__}.{f.__name__}": (f, handler)
    for f, handler in SPELLINGS.items()
    if not isinstance(f, str | np.ufunc) and not isinstance(handler, Op)
}


def _parameters(function: Any) -> dict[str, inspect.Parameter]:
    return dict(inspect.signature(function).parameters)


@pytest.mark.parametrize("name", HANDLERS)
def test_a_default_is_that_of_numpy(name: str) -> None:
    function, handler = HANDLERS[name]
    try:
        theirs = _parameters(function)
    except ValueError:
        pytest.skip("this release of NumPy does not tell the signature")
    for p in _parameters(handler).values():
        default = theirs[p.name].default if p.name in theirs else p.empty
        if p.default is not p.empty and default not in (p.empty, np._NoValue):
            assert p.default == default, p.name


@pytest.mark.parametrize("name", HANDLERS)
def test_an_option_that_is_not_known_is_not_swallowed(name: str) -> None:
    function, handler = HANDLERS[name]
    if function in (np.piecewise, np.apply_along_axis):
        pytest.skip("its options are those of the user's function")
    own = _parameters(handler).values()
    required = [p for p in own if p.kind is p.POSITIONAL_OR_KEYWORD]
    given = [np.eye(2) for p in required if p.default is p.empty]
    # One that takes any option hands them on to a function that knows their names.
    with pytest.raises((TypeError, DerivoError)):
        handler(*given, no_such_option=1)


def test_what_numpy_reads_by_position_has_its_name() -> None:
    x = np.ones((2, 3))
    args, options = as_numpy_reads(np.sum, (x, 0, None, None, True), {})
    assert args[0] is x
    assert options == {"axis": 0, "keepdims": True}
    args, options = as_numpy_reads(np.reshape, (x, (3, 2), "F"), {})
    assert args[1:] == ((3, 2),)
    assert options == {"order": "F"}


def test_an_unknown_option_is_named() -> None:
    with pytest.raises(DerivoError, match=r"np\.exp\(\.\.\., casting=\.\.\.\)"):
        derivo.derive(lambda x: np.exp(x, casting="no"), x="2")
    with pytest.raises(DerivoError, match=r"quantile\(\.\.\., weights=\.\.\.\)"):
        derivo.derive(
            lambda x: np.quantile(x, 0.3, weights=x, method="inverted_cdf"), x="N"
        )
    with pytest.raises(DerivoError, match="order='A'"):
        derivo.derive(lambda x: np.ravel(x, "A"), x="N M")


@pytest.mark.parametrize(
    "make",
    [
        lambda: np.ma.array([1.0, 2.0, 3.0], mask=[False, True, False]),
        lambda: np.matrix([[1.0, 2.0, 3.0]]),  # `*` would be a product of matrices
    ],
    ids=["masked", "matrix"],
)
@pytest.mark.filterwarnings("ignore::PendingDeprecationWarning")
def test_arrays_with_an_arithmetic_of_their_own_are_refused(make: Any) -> None:
    special = make()

    def square(x: Any) -> Any:
        return np.sum(x**2)

    with pytest.raises(DtypeError, match=r"np\.asarray|filled"):
        derivo.derive(square, x=special)
    d = derivo.derive(square, x=np.asarray(special))
    with pytest.raises(DtypeError, match=r"np\.asarray|filled"):
        d(x=special)
    with pytest.raises(DtypeError, match=r"np\.asarray|filled"):
        d.gradients(x=special)
    with pytest.raises(DtypeError, match=r"np\.asarray|filled"):
        derivo.derive(lambda x: np.sum(x * special), x="N 3")
