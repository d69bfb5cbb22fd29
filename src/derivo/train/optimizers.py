"""Update rules as plain functions: traced into the step like everything else.

A rule takes ``(parameter, gradient, *states, learning_rate, step_number)`` and gives
the new parameter and the new states. States have the parameter's shape and start at 0;
`step_number` counts from 1. Further arguments have defaults: change them with
``functools.partial(adam, beta1=0.8)``.
"""

from __future__ import annotations

import inspect
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np

from derivo.errors import UsageError
from derivo.layers.names import unknown_name


def sgd(parameter: Any, gradient: Any, learning_rate: Any, step_number: Any) -> Any:
    """Go down the gradient.

    Source: Robbins, Monro, A stochastic approximation method (1951); Goodfellow,
    Bengio, Courville, Deep Learning (2016), algorithm 8.1.
    """
    del step_number
    new = parameter - learning_rate * gradient
    return (new,)


def momentum(
    parameter: Any, gradient: Any, velocity: Any, learning_rate: Any, step_number: Any,
    decay: float = 0.9,
) -> Any:  # fmt: skip
    """Go on in the direction of the last steps, as a heavy ball does.

    Source: Polyak, Some methods of speeding up the convergence of iteration methods
    (1964), equation 9; Goodfellow et al. (2016), algorithm 8.2.
    """
    del step_number
    new_velocity = decay * velocity - learning_rate * gradient
    new = parameter + new_velocity
    return new, new_velocity


def nesterov(
    parameter: Any, gradient: Any, velocity: Any, learning_rate: Any, step_number: Any,
    decay: float = 0.9,
) -> Any:  # fmt: skip
    """Go as `momentum` does, but look one step ahead.

    The parameter held here is the one looked ahead to, so that the gradient is taken
    where the network stands.

    Source: Nesterov (1983); Bengio, Boulanger-Lewandowski, Pascanu, Advances in
    optimizing recurrent networks (2013), equation 7.
    """
    del step_number
    new_velocity = decay * velocity - learning_rate * gradient
    new = parameter + decay * new_velocity - learning_rate * gradient
    return new, new_velocity


def adam(  # noqa: PLR0913, PLR0917  the paper's letters
    parameter: Any, gradient: Any, m: Any, v: Any, learning_rate: Any, step_number: Any,
    beta1: float = 0.9, beta2: float = 0.999, epsilon: float = 1e-8,
) -> Any:  # fmt: skip
    """Scale each step by the running mean square of its gradient.

    Source: Kingma, Ba, Adam: a method for stochastic optimization (2015), algorithm 1.
    """
    new_m = beta1 * m + _rest(beta1) * gradient
    new_v = beta2 * v + _rest(beta2) * gradient**2
    correction1 = 1 - beta1**step_number
    correction2 = 1 - beta2**step_number
    # The bias correction of m is one number: it joins the learning rate.
    rate = learning_rate / correction1
    scale = np.sqrt(new_v / correction2) + epsilon
    new = parameter - rate * new_m / scale
    return new, new_m, new_v


def _rest(beta: float) -> float:
    """Give 1 - beta in few digits: 0.1, not 0.09999999999999998."""
    return round(1 - beta, 15)


Rule = Callable[..., Any]


@dataclass(frozen=True)
class Optimizer:
    """An update rule with what training needs to know of it.

    Attributes
    ----------
    name
        For headings.
    rule
        The function.
    states
        Names of its states.
    learning_rate
        What is taken if the user gives none.
    source
        Where it was published, in brief.
    """

    name: str
    rule: Callable[..., Any]
    states: tuple[str, ...]
    learning_rate: float
    source: str = ""


_KNOWN: dict[str, tuple[Callable[..., Any], float, str]] = {
    "sgd": (sgd, 0.01, "Robbins and Monro 1951"),
    "momentum": (momentum, 0.01, "Polyak 1964"),
    "nesterov": (nesterov, 0.01, "Nesterov 1983"),
    "adam": (adam, 0.001, "Kingma and Ba 2015, algorithm 1"),
}


def find_optimizer(wish: str | Rule | object) -> Optimizer:
    """Give the optimizer of a name, or read one from a rule of the user's.

    Raises
    ------
    UsageError
        A name that is not known, or a function without the arguments of a rule.
    """
    if isinstance(wish, str):
        if wish.lower() not in _KNOWN:
            error = unknown_name("an optimizer", wish, _KNOWN)
            raise error
        rule, rate, source = _KNOWN[wish.lower()]
        return Optimizer(wish.lower(), rule, _states(rule), rate, source)
    if not callable(wish):
        message = f"optimizer={wish!r} must be a name or an update rule (a function)"
        raise UsageError(message)
    inner = getattr(wish, "func", wish)
    name = getattr(inner, "__name__", "rule")
    known = {rule: (rate, source) for rule, rate, source in _KNOWN.values()}
    rate, source = known.get(inner, (0.01, ""))
    return Optimizer(name, wish, _states(wish), rate, source)


def same_rule(a: Optimizer, b: Optimizer) -> bool:
    """Tell whether two update rules are the same function with the same constants."""

    def parts(rule: Any) -> Any:
        function = getattr(rule, "func", rule)
        return function, getattr(rule, "args", ()), getattr(rule, "keywords", {})

    return bool(parts(a.rule) == parts(b.rule))


def _states(rule: Callable[..., Any]) -> tuple[str, ...]:
    try:
        names = list(inspect.signature(rule).parameters)
    except (TypeError, ValueError):
        names = []
    if names[:2] != ["parameter", "gradient"] or not {
        "learning_rate",
        "step_number",
    } <= set(names):
        message = (
            "an update rule takes (parameter, gradient, *states, learning_rate, "
            "step_number); "
            f"this one takes ({', '.join(names)})"
        )
        raise UsageError(message)
    return tuple(names[2 : names.index("learning_rate")])
