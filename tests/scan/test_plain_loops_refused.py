"""What a plain loop over a named axis cannot do is refused, with the user's line."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

import derivo
from derivo.errors import DerivoError


class Box:
    def __init__(self, h):
        self.h = h


def left_by_break(xs):
    s = 0.0
    for x in xs:  # here
        s = s + np.sum(x)
        break
    return s


def left_by_return(xs):
    s = 0.0
    for x in xs:  # here
        return s + np.sum(x)
    return s


def inner_loop_left(xs):
    s = 0.0
    for row in xs:
        for value in row:  # here
            s = s + value
            break
    return s


def left_where_a_value_says_so(xs):
    s = 0.0
    for x in xs:
        s = s + np.sum(x)
        if s > 3:  # here
            break
    return s


def the_first_step_is_another(xs):
    s = 0.0
    for t in range(len(xs)):
        if t:  # here
            s = s + np.sum(xs[t])
    return s


def nothing_at_first(xs):
    before = None
    for x in xs:  # here
        before = x if before is None else before + x
    return before


def a_new_object(xs):
    box = Box(0.0)
    for x in xs:  # here
        box = Box(box.h + x)
    return box.h


def a_growing_array(xs):
    s = np.zeros(2)
    for x in xs:  # here
        s = np.concatenate([s, x])
    return s


def a_number_that_is_summed(xs):
    s = 1.0
    for x in xs:  # here
        s = np.sum(s) * x
    return s


def a_size_that_grows(xs):
    s = 0.0
    for t in range(len(xs)):  # here
        s = s + np.sum(xs[:t])
    return s


def as_many_steps_as_the_step_around(xs):
    s = 0.0
    for t in range(len(xs)):
        for u in range(t):  # here
            s = s + xs[u, 0]
    return s


def next_of_an_array(xs):
    return next(iter(xs))  # here


def taken_apart(xs):
    a, b = xs  # here
    return a + b


def of_two_lengths(xs, ys):
    s = 0.0
    for x, y in zip(xs, ys):  # noqa: B905  here
        s = s + np.sum(x) * np.sum(y)
    return s


def the_last_row_after_the_first(xs):
    h = np.zeros(xs.shape)
    s = 0.0
    for t in range(len(xs)):  # here
        h[t] = np.sin(xs[t])
        s = s + np.sum(h[t - 1])
    return s


def one_array_under_two_names(xs):
    h = before = np.zeros(xs.shape[1])
    s = 0.0
    for x in xs:  # here
        s = s + np.sum(h * before)
        h = np.sin(x)
        before = h
        h += s
    return s


def read_after_the_first_step_wrote(xs, h0):
    h = old = h0 * 1.0
    for x in xs:  # here
        h *= 0.5
        h = np.tanh(h + x)
    return h + old


def a_list_grows_in_an_inner_loop(xs):
    out = []
    for row in xs:
        for value in row:
            twice = value * 2
            out.append(twice + twice)  # here
    return np.stack(out)


def two_elements_in_a_step(xs):
    out = []
    for x in xs:  # here
        out.append(x)
        out.append(x * 2)
    return np.stack(out)


class Starting:
    h = None

    def __call__(self, x):
        if self.h is None:
            self.h = np.zeros(x.shape)
        self.h = np.tanh(self.h + x)  # here
        return self.h


def made_in_the_first_step(xs):
    layer = Starting()
    layer.h = None
    total = 0.0
    for x in xs:
        total = total + np.sum(layer(x))
    return total


REFUSED = {
    made_in_the_first_step: "`NotYetSet` is used where an array",
    read_after_the_first_step_wrote: "belongs to one step of a loop",
    a_list_grows_in_an_inner_loop: "grows in another loop",
    two_elements_in_a_step: "gets 2 elements in each step",
    the_last_row_after_the_first: "if there is only one row",
    left_by_break: "left before its end",
    left_by_return: "left before its end",
    inner_loop_left: "left before its end",
    left_where_a_value_says_so: "depends on a traced value",
    the_first_step_is_another: "depends on the number of the step",
    nothing_at_first: "`before` is None before a step",
    a_new_object: "`box` is a Box before a step",
    a_growing_array: r"it is \(2,\) before a step and \(M \+ 2,\) after it",
    a_number_that_is_summed: "begins with a number",
    a_size_that_grows: "a size that depends on the step",
    as_many_steps_as_the_step_around: "depends on the step of the loop around",
    next_of_an_array: "taken apart, element by element",
    taken_apart: "taken apart, element by element",
    of_two_lengths: r"\(T, K\) that need not be equally long",
}


@pytest.mark.parametrize("function", REFUSED, ids=lambda f: f.__name__)
def test_it_is_refused_with_the_line_and_what_to_write_instead(function):
    specs: dict[str, Any] = {"xs": "T M", "ys": "K M", "h0": "M"}
    names = function.__code__.co_varnames[: function.__code__.co_argcount]
    with pytest.raises(DerivoError, match=REFUSED[function]) as caught:
        derivo.derive(function, **{name: specs[name] for name in names})
    message = str(caught.value)
    assert "Instead: " in message
    assert any("File" in text and "here" in text for text in message.splitlines())


class Slots:
    __slots__ = ("value",)

    def __init__(self, value):
        self.value = value


def test_a_value_of_a_step_that_is_kept_out_of_sight_is_refused():
    def f(xs):
        slots = Slots(xs[0])
        for x in xs:
            slots.value = np.sin(x)
        return slots.value

    with pytest.raises(DerivoError, match="belongs to one step of a loop"):
        derivo.derive(f, xs="T M")


def test_what_the_user_owns_is_as_it_was_after_a_loop():
    box = Box(np.ones(3))

    def f(xs):
        for x in xs:
            box.h = np.tanh(box.h + x)
        return box.h

    before = box.h
    derivo.derive(f, xs="T 3")
    assert box.h is before
