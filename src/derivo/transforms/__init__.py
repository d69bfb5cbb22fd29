"""Derivatives in one line: `grad`, `jacobian`, `hessian`, `hvp`, `jvp` and `vjp`.

A function is traced when it is first called with arguments of some shapes, and again
for others. Signatures and results are those of JAX, so that one can stand for the
other. Inside a function that is traced itself, derivatives become a part of its graph:
they nest, and what `derivo.derive` gives for such a function can be read.
"""

from __future__ import annotations

from collections.abc import Sequence
from functools import wraps
from typing import Any

import numpy as np

from derivo.errors import UsageError
from derivo.ops.shape import as_shape
from derivo.transforms.call import Function
from derivo.transforms.derivative import Derivative
from derivo.transforms.derived import Derived, one_like, seeded, zeros_like
from derivo.transforms.trees import is_array, is_traced, leaves, rebuilt, shapes, told

__all__ = ["grad", "hessian", "hvp", "jacobian", "jvp", "value_and_grad", "vjp"]


def value_and_grad(
    fun: Function, argnums: int | Sequence[int] = 0, has_aux: bool = False, *,
    verify: bool = True,
) -> Function:  # fmt: skip
    """Give a function that gives the value of `fun` and its gradient.

    Parameters
    ----------
    fun
        A function of NumPy arrays, or of dicts, lists, tuples, named tuples and
        dataclasses of them, that returns one number.
    argnums
        Which positional arguments to differentiate for: a number, or several.
    has_aux
        `fun` returns a pair: the number, and whatever else is wanted.
    verify
        Run `fun` once on drawn arrays whenever it is derived, and compare it with what
        was derived: see `derivo.derive`.

    Returns
    -------
    function
        Of the same arguments. It returns ``(value, gradient)``, with `has_aux`
        ``((value, aux), gradient)``. A gradient has the form of its argument; for
        several `argnums` they stand in a tuple, and what is fixed in an argument (a
        flag, a whole number, a text) has None for its gradient. A call with whole
        Python numbers, texts or functions among its arguments is derived anew for each
        of their values, and so is one after a change of what `fun` reads beside its
        arguments: in its closure, its module or its object.

    Raises
    ------
    UsageError
        The result is not one number, or an argument holds whole numbers.
    TraceError
        What was derived is not `fun`, as it asks for something that is no array.
    """
    derived = Derived(fun, argnums, has_aux=has_aux, verify=verify)

    def call(*args: Any, **options: Any) -> Any:
        pulled = derived(args, options)
        shape = np.shape(pulled.flat[0]) if pulled.flat else None
        if pulled.call.count != 1 or shape != ():
            what = f"an array of shape {shape}" if shape else "several results"
            message = (
                f"{getattr(fun, '__name__', 'the function')} returns {what}, and a "
                "gradient is that of one number. Instead: sum it, or use jacobian"
            )
            raise UsageError(message)
        gradient = derived.trees(pulled, seeded(pulled, 0, one_like(pulled.flat[0])))
        value, aux = pulled.call.results(pulled.flat)
        return ((value, aux) if has_aux else value), gradient

    return Derivative(value_and_grad, fun, _options(argnums, has_aux, verify), call)


def _options(argnums: Any, has_aux: bool, verify: bool) -> dict[str, Any]:
    return {"argnums": argnums, "has_aux": has_aux, "verify": verify}


def grad(
    fun: Function, argnums: int | Sequence[int] = 0, has_aux: bool = False, *,
    verify: bool = True,
) -> Function:  # fmt: skip
    """Give a function that gives the gradient of `fun`: see `value_and_grad`.

    With `has_aux` it returns ``(gradient, aux)``.

    Examples
    --------
    >>> import numpy as np, derivo
    >>> derivo.grad(lambda x: np.sum(x**3))(np.array([1.0, 2.0]))
    array([ 3., 12.])
    """
    both = value_and_grad(fun, argnums, has_aux, verify=verify)

    def call(*args: Any, **options: Any) -> Any:
        value, gradient = both(*args, **options)
        return (gradient, value[1]) if has_aux else gradient

    return Derivative(grad, fun, _options(argnums, has_aux, verify), call)


def jacobian(
    fun: Function, argnums: int | Sequence[int] = 0, has_aux: bool = False, *,
    verify: bool = True,
) -> Function:  # fmt: skip
    """Give a function that gives the Jacobian of `fun`.

    Parameters
    ----------
    fun, argnums, has_aux, verify
        As for `value_and_grad`, but the result may be arrays, or nests of them.

    Returns
    -------
    function
        For a result of shape s and an argument of shape t it gives an array of shape
        s + t, by one backward pass for each number of the result.
    """
    derived = Derived(fun, argnums, has_aux=has_aux, verify=verify)

    def call(*args: Any, **options: Any) -> Any:
        pulled = derived(args, options)
        names = [name for some in pulled.call.wrt for name in some]
        trees = []
        for k, value in enumerate(pulled.flat[: pulled.call.count]):
            rows = [seeded(pulled, k, seed) for seed in _unit_vectors(value)]
            trees.append({
                name: _stacked([r[name] for r in rows], value, pulled.call.values[name])
                for name in names
            })  # fmt: skip
        per_result = iter([derived.trees(pulled, t) for t in trees])
        whole = rebuilt(pulled.call.out, lambda _: next(per_result))
        return (whole, pulled.call.results(pulled.flat)[1]) if has_aux else whole

    return Derivative(jacobian, fun, _options(argnums, has_aux, verify), call)


def _unit_vectors(value: Any) -> list[Any]:
    shape = as_shape(np.shape(value))
    if not all(isinstance(d, int) for d in shape):
        message = "the Jacobian of a result needs its sizes as numbers"
        raise UsageError(message)
    if not shape:
        return [one_like(value)]
    size = int(np.prod(np.array(shape, int)))
    dtype = float if is_traced(value) else np.asarray(value).dtype
    return list(np.eye(size, dtype=dtype).reshape(size, *shape))


def _stacked(rows: list[Any], value: Any, like: Any) -> Any:
    shape = (*as_shape(np.shape(value)), *as_shape(np.shape(like)))
    if not rows:
        return np.zeros(shape)
    if not np.ndim(value):
        return rows[0]
    return np.reshape(np.stack(rows), shape)


def hessian(
    fun: Function, argnums: int | Sequence[int] = 0, has_aux: bool = False, *,
    verify: bool = True,
) -> Function:  # fmt: skip
    """Give a function that gives the matrix of second derivatives of `fun`.

    Of a number and an argument of shape t it has the shape t + t. Parameters are those
    of `value_and_grad`.
    """
    first = jacobian(fun, argnums, has_aux, verify=verify)
    second = jacobian(first, argnums, has_aux, verify=verify)
    return Derivative(hessian, fun, _options(argnums, has_aux, verify), second)


def hvp(fun: Function, argnums: int = 0, *, verify: bool = True) -> Function:
    """Give a function of the arguments of `fun` and a vector: Hessian times vector.

    Parameters
    ----------
    fun
        A function that returns one number.
    argnums
        Which argument the second derivatives are for.

    Returns
    -------
    function
        ``hvp(f)(x, v)`` is the product of the matrix of second derivatives at x and v,
        of the form of x, by differentiating ``sum(grad(f)(x) * v)``: the matrix is
        never made.
    """
    place: Any = argnums
    if not isinstance(place, int | np.integer) or place < 0:
        message = (
            f"argnums={argnums!r}: hvp takes the place of one argument, from the front"
        )
        raise UsageError(message)
    first = grad(fun, argnums, verify=verify)

    @wraps(first, updated=())  # for what it reads; its arguments are others
    def slope(*given: Any, **options: Any) -> Any:
        *args, v = given
        if argnums < len(args):
            _refuse_other_forms("hvp", args[argnums], v)
        return _product(first(*args, **options), v)

    call = grad(slope, argnums, verify=verify)
    return Derivative(hvp, fun, {"argnums": argnums, "verify": verify}, call)


def _refuse_other_forms(name: str, primal: Any, tangent: Any) -> None:
    """Refuse a direction that is not of the form of what it is a direction for."""
    if shapes(primal) != shapes(tangent):
        message = (
            f"{name}: the direction is to have the form of the argument, "
            f"{told(primal)}; it is {told(tangent)}"
        )
        raise UsageError(message)


def _product(gradients: Any, tangents: Any) -> Any:
    """Multiply and add up two nests of one form; what is fixed in them is no factor."""
    pairs = zip(leaves(gradients), leaves(tangents), strict=True)
    return sum(np.sum(g * t) for (_, g), (_, t) in pairs if is_array(g))


def vjp(
    fun: Function, *primals: Any, has_aux: bool = False, verify: bool = True
) -> tuple[Any, ...]:
    """Give the value of `fun`, and the function that pulls an adjoint of it back.

    Returns
    -------
    value, pull
        ``pull(adjoint)`` gives a tuple with one gradient for each of `primals`; with
        `has_aux` the auxiliary result comes third. An adjoint has the form of `value`.
    """
    derived = Derived(fun, tuple(range(len(primals))), has_aux=has_aux, verify=verify)
    pulled = derived(primals, {})
    value, aux = pulled.call.results(pulled.flat)

    def pull(adjoint: Any) -> Any:
        _refuse_other_forms("vjp", value, adjoint)
        given = [v for _, v in leaves(adjoint)]
        rest = [zeros_like(v) for v in pulled.flat[len(given) :]]
        return derived.trees(pulled, pulled.pull([*given, *rest]))

    return (value, pull, aux) if has_aux else (value, pull)


def jvp(
    fun: Function, primals: Sequence[Any], tangents: Sequence[Any],
    has_aux: bool = False, *, verify: bool = True,
) -> Any:  # fmt: skip
    """Give the value of `fun`, and how fast it changes in a direction.

    Parameters
    ----------
    fun
        A function of as many arguments as there are `primals`.
    primals, tangents
        The arguments, and the direction: of the same form.
    has_aux, verify
        As for `value_and_grad`.

    Returns
    -------
    value, tangent
        Two results of the form of that of `fun`; with `has_aux` the auxiliary result
        comes third.
    """
    for what, given in (("primals", primals), ("tangents", tangents)):
        if not isinstance(given, tuple | list):
            message = f"jvp: {what} are to be a tuple, with an array for each argument"
            raise UsageError(message)
    primals, tangents = tuple(primals), tuple(tangents)
    _refuse_other_forms("jvp", primals, tangents)
    value, _, *aux = vjp(fun, *primals, has_aux=has_aux, verify=verify)
    # A backward pass is linear in the adjoint it starts from, so its derivative for
    # that adjoint, in the direction of the tangents, is the forward derivative.
    start = rebuilt(value, zeros_like)

    def slope(adjoint: Any, primals: Any, tangents: Any) -> Any:
        _, pull, *_ = vjp(fun, *primals, has_aux=has_aux, verify=False)
        return _product(pull(adjoint), tangents)

    return value, grad(slope, verify=False)(start, primals, tangents), *aux
