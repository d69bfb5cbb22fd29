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
from derivo.transforms.derived import Derived, one_like, seeded, zeros_like
from derivo.transforms.trees import is_array, leaves, rebuilt

__all__ = ["grad", "hessian", "hvp", "jacobian", "jvp", "value_and_grad", "vjp"]


def value_and_grad(
    fun: Function, argnums: int | Sequence[int] = 0, has_aux: bool = False
) -> Function:
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

    Returns
    -------
    function
        Of the same arguments. It returns ``(value, gradient)``, with `has_aux`
        ``((value, aux), gradient)``. A gradient has the form of its argument; for
        several `argnums` they stand in a tuple, and what is fixed in an argument (a
        flag, a whole number, a text) has None for its gradient. A call with whole
        Python numbers, texts or functions among its arguments is derived anew for each
        of their values.

    Raises
    ------
    UsageError
        The result is not one number, or an argument holds whole numbers.
    """
    derived = Derived(fun, argnums, has_aux=has_aux)

    @wraps(fun)
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

    return call


def grad(
    fun: Function, argnums: int | Sequence[int] = 0, has_aux: bool = False
) -> Function:
    """Give a function that gives the gradient of `fun`: see `value_and_grad`.

    With `has_aux` it returns ``(gradient, aux)``.

    Examples
    --------
    >>> import numpy as np, derivo
    >>> derivo.grad(lambda x: np.sum(x**3))(np.array([1.0, 2.0]))
    array([ 3., 12.])
    """
    both = value_and_grad(fun, argnums, has_aux)

    @wraps(fun)
    def call(*args: Any, **options: Any) -> Any:
        value, gradient = both(*args, **options)
        return (gradient, value[1]) if has_aux else gradient

    return call


def jacobian(
    fun: Function, argnums: int | Sequence[int] = 0, has_aux: bool = False
) -> Function:
    """Give a function that gives the Jacobian of `fun`.

    Parameters
    ----------
    fun, argnums, has_aux
        As for `value_and_grad`, but the result may be arrays, or nests of them.

    Returns
    -------
    function
        For a result of shape s and an argument of shape t it gives an array of shape
        s + t, by one backward pass for each number of the result.
    """
    derived = Derived(fun, argnums, has_aux=has_aux)

    @wraps(fun)
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

    return call


def _unit_vectors(value: Any) -> list[Any]:
    shape = as_shape(np.shape(value))
    if not all(isinstance(d, int) for d in shape):
        message = "the Jacobian of a result needs its sizes as numbers"
        raise UsageError(message)
    if not shape:
        return [one_like(value)]
    size = int(np.prod(np.array(shape, int)))
    dtype = float if hasattr(value, "record") else np.asarray(value).dtype
    return list(np.eye(size, dtype=dtype).reshape(size, *shape))


def _stacked(rows: list[Any], value: Any, like: Any) -> Any:
    shape = (*as_shape(np.shape(value)), *as_shape(np.shape(like)))
    if not rows:
        return np.zeros(shape)
    if not np.ndim(value):
        return rows[0]
    return np.reshape(np.stack(rows), shape)


def hessian(
    fun: Function, argnums: int | Sequence[int] = 0, has_aux: bool = False
) -> Function:
    """Give a function that gives the matrix of second derivatives of `fun`.

    Of a number and an argument of shape t it has the shape t + t. Parameters are those
    of `value_and_grad`.
    """
    return jacobian(jacobian(fun, argnums, has_aux), argnums, has_aux)


def hvp(fun: Function, argnums: int = 0) -> Function:
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
    first = grad(fun, argnums)

    def slope(*given: Any, **options: Any) -> Any:
        *args, v = given
        return _product(first(*args, **options), v)

    return wraps(fun)(grad(slope, argnums))


def _product(gradients: Any, tangents: Any) -> Any:
    """Multiply and add up two nests of one form; what is fixed in them is no factor."""
    pairs = zip(leaves(gradients), leaves(tangents), strict=True)
    return sum(np.sum(g * t) for (_, g), (_, t) in pairs if is_array(g))


def vjp(fun: Function, *primals: Any, has_aux: bool = False) -> tuple[Any, ...]:
    """Give the value of `fun`, and the function that pulls an adjoint of it back.

    Returns
    -------
    value, pull
        ``pull(adjoint)`` gives a tuple with one gradient for each of `primals`; with
        `has_aux` the auxiliary result comes third.
    """
    derived = Derived(fun, tuple(range(len(primals))), has_aux=has_aux)
    pulled = derived(primals, {})
    value, aux = pulled.call.results(pulled.flat)

    def pull(adjoint: Any) -> Any:
        given = [v for _, v in leaves(adjoint)]
        rest = [zeros_like(v) for v in pulled.flat[len(given) :]]
        return derived.trees(pulled, pulled.pull([*given, *rest]))

    return (value, pull, aux) if has_aux else (value, pull)


def jvp(fun: Function, primals: Sequence[Any], tangents: Sequence[Any]) -> Any:
    """Give the value of `fun`, and how fast it changes in a direction.

    Parameters
    ----------
    fun
        A function of as many arguments as there are `primals`.
    primals, tangents
        The arguments, and the direction: of the same form.

    Returns
    -------
    value, tangent
        Two results of the form of that of `fun`.
    """
    primals, tangents = tuple(primals), tuple(tangents)
    value, _ = vjp(fun, *primals)
    # A backward pass is linear in the adjoint it starts from, so its derivative for
    # that adjoint, in the direction of the tangents, is the forward derivative.
    start = rebuilt(value, zeros_like)

    def slope(adjoint: Any, primals: Any, tangents: Any) -> Any:
        _, pull = vjp(fun, *primals)
        return _product(pull(adjoint), tangents)

    return value, grad(slope)(start, primals, tangents)
