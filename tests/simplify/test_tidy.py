"""What special operands come to: the long form is made, and nobody sees it."""

from __future__ import annotations

import re
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest

import derivo
from derivo.graph.builder import Builder, Constant
from derivo.graph.node import order
from derivo.graph.spec import Spec
from derivo.ops.diagonal import diagonal, from_diagonal
from derivo.ops.elementwise import where
from derivo.ops.index import embed, slice_
from derivo.ops.join import concatenate, stack
from derivo.ops.leaf import argument, as_float, eye, fill
from derivo.ops.shape import broadcast_to, expand_dims, reshape, squeeze
from derivo.simplify.polish import Tidy
from derivo.trace.recorder import Recorder

ARRAYS: dict[str, Any] = {
    "a": np.random.default_rng(0).normal(size=(3, 4)),
    "q": np.random.default_rng(1).normal(size=(4, 4)),
    "v": np.random.default_rng(2).normal(size=4),
    "k": np.random.default_rng(3).normal(size=(3, 1)),
    "s": np.float64(0.7),
    "m": np.array([True, False, True, False]),
}


def whole(rank):
    return [("cut", None, None, None)] * rank


def cut(x, axis, *place):
    index = whole(x.ndim)
    index[axis] = ("cut", *place)
    return slice_(x, index=tuple(index))


def at(x, axis, i):
    index = whole(x.ndim)
    index[axis] = ("at", i)
    return slice_(x, index=tuple(index))


def put(x, shape, *index):
    return embed(x, shape=shape, index=index)


def ones(x, value=1, shape=(3, 4)):
    return x.recorder.record(fill, (), {"value": value, "shape": shape})


def identity(x, n=4):
    return x.recorder.record(eye, (), {"n": n, "m": n})


WHOLE, TURNED = ("cut", None, None, None), ("cut", None, None, -1)
# The long form, and what it comes to.
FORMS = {
    "minus minus": (lambda r: -(-r.a), lambda r: r.a),  # noqa: B002
    "minus a difference": (lambda r: -(r.a - r.v), lambda r: r.v - r.a),
    "plus minus": (lambda r: r.a + -r.v, lambda r: r.a - r.v),
    "minus, then plus": (lambda r: -r.v + r.a, lambda r: r.a - r.v),
    "minus minus other": (lambda r: r.a - -r.v, lambda r: r.a + r.v),
    "plus 0": (lambda r: 0 + (r.a + 0), lambda r: r.a),
    "minus 0": (lambda r: r.a - 0, lambda r: r.a),
    "0 minus": (lambda r: 0 - r.a, lambda r: -r.a),
    "times 1": (lambda r: 1 * r.a * 1, lambda r: r.a),
    "times -1": (lambda r: r.a * -1, lambda r: -r.a),
    "times 0": (lambda r: r.a * 0, lambda r: ones(r.a, 0)),
    "0 over": (lambda r: 0 / r.a, lambda r: ones(r.a, 0)),
    "over 1": (lambda r: r.a / 1, lambda r: r.a),
    "number times number": (lambda r: 2 * (r.a * 3), lambda r: 6 * r.a),
    "number times minus": (lambda r: 2 * -r.a, lambda r: -2 * r.a),
    "minus number times": (lambda r: -(2 * r.a), lambda r: -2 * r.a),
    "to the 1": (lambda r: r.a ** (as_node(r, 2) - 1), lambda r: r.a),
    "1 + -1 times": (lambda r: (as_node(r, 1) + -1) * r.a, lambda r: ones(r.a, 0)),
    "ones times": (lambda r: ones(r.a) * r.a, lambda r: r.a),
    "zeros plus": (lambda r: ones(r.a, 0) + r.a, lambda r: r.a),
    "twos": (lambda r: 2 * ones(r.a) * r.a, lambda r: 2 * r.a),
    "copies times": (lambda r: broadcast_to(r.v, shape=(3, 4)) * r.a,
                     lambda r: r.v * r.a),
    "row times": (lambda r: expand_dims(r.v, axis=0) * r.a, lambda r: r.v * r.a),
    "copies of copies": (
        lambda r: broadcast_to(broadcast_to(r.k, shape=(3, 4)), shape=(2, 3, 4)),
        lambda r: broadcast_to(r.k, shape=(2, 3, 4))),
    "copies of a squeezed row": (
        lambda r: broadcast_to(squeeze(expand_dims(r.a * 2, axis=0), axis=0),
                               shape=(2, 3, 4)),
        lambda r: broadcast_to(2 * r.a, shape=(2, 3, 4))),
    "axis come and gone": (lambda r: squeeze(expand_dims(r.a, axis=1), axis=1),
                           lambda r: r.a),
    "axis gone and come": (lambda r: expand_dims(squeeze(r.k, axis=1), axis=1),
                           lambda r: r.k),
    "turned and back": (lambda r: r.a.T.T, lambda r: r.a),
    "reshaped twice": (lambda r: reshape(reshape(r.a, shape=(12,)), shape=(2, 6)),
                       lambda r: reshape(r.a, shape=(2, 6))),
    "reshaped and back": (lambda r: reshape(reshape(r.a, shape=(12,)), shape=(3, 4)),
                          lambda r: r.a),
    "sum over an axis of 1": (lambda r: np.sum(r.k, axis=1),
                              lambda r: squeeze(r.k, axis=1)),
    "identity @": (lambda r: identity(r.a) @ r.q @ identity(r.a), lambda r: r.q),
    "2 identity @": (lambda r: (2 * identity(r.a)) @ r.q, lambda r: 2 * r.q),
    "s identity @": (lambda r: r.a @ (identity(r.a) * r.s), lambda r: r.s * r.a),
    "identity turned": (lambda r: identity(r.a).T @ r.v, lambda r: r.v),
    "diagonal @": (lambda r: from_diagonal(r.v, shape=(4, 4)) @ r.q,
                   lambda r: r.v[:, None] * r.q),
    "diagonal @ v": (lambda r: from_diagonal(r.v, shape=(4, 4)) @ r.v,
                     lambda r: r.v * r.v),
    "@ diagonal": (lambda r: r.a @ from_diagonal(r.v, shape=(4, 4)),
                   lambda r: r.v * r.a),
    "diagonal of a diagonal": (lambda r: diagonal(from_diagonal(r.v, shape=(4, 4))),
                               lambda r: r.v),
    "diagonal of a product": (
        lambda r: diagonal(r.a.T @ r.a), lambda r: np.sum(r.a * r.a, axis=0)),
    "diagonal of another": (
        lambda r: diagonal(r.a @ r.a.T), lambda r: np.sum(r.a * r.a, axis=1)),
    "m + (x - m)": (lambda r: r.v + (r.a - r.v), lambda r: r.a),
    "(m + x) - m": (lambda r: (r.v + r.a) - r.v, lambda r: r.a),
    "m - (m - x)": (lambda r: r.a - (r.a - r.v * r.a), lambda r: r.v * r.a),
    "(m + x) - m as columns": (
        lambda r: squeeze(r.k + r.k * 3, axis=1) - squeeze(r.k, axis=1),
        lambda r: squeeze(3 * r.k, axis=1)),
    "flip of a flip": (lambda r: cut(cut(r.a, 0, None, None, -1), 0, None, None, -1),
                       lambda r: r.a),
    "part of a part": (lambda r: cut(cut(r.a, 1, 1, None, None), 1, None, 2, None),
                       lambda r: cut(r.a, 1, 1, 3, None)),
    "every second of every second": (
        lambda r: cut(cut(r.v, 0, None, None, 2), 0, 1, None, None),
        lambda r: cut(r.v, 0, 2, 3, 2)),
    "place in a part": (lambda r: at(cut(r.a, 1, 2, 3, None), 1, 0),
                        lambda r: at(r.a, 1, 2)),
    "last place of a part": (lambda r: at(cut(r.a, 1, None, -1, None), 1, -1),
                             lambda r: at(r.a, 1, 2)),
    "row of a row": (lambda r: at(at(r.a, 0, 1), 0, 2),
                     lambda r: slice_(r.a, index=(("at", 1), ("at", 2)))),
    "the whole": (lambda r: slice_(r.a, index=(WHOLE, WHOLE)), lambda r: r.a),
    "the only column": (lambda r: at(r.k, 1, 0), lambda r: squeeze(r.k, axis=1)),
    "put over the whole": (lambda r: put(r.a, (3, 4), WHOLE, WHOLE), lambda r: r.a),
    "put turned round": (lambda r: put(r.a, (3, 4), TURNED, WHOLE),
                         lambda r: cut(r.a, 0, None, None, -1)),
    "put into the only column": (
        lambda r: put(r.v, (4, 1), WHOLE, ("at", 0)),
        lambda r: expand_dims(r.v, axis=1)),
    "put into what is put": (
        lambda r: put(put(r.s, (4,), ("at", 2)), (3, 4), ("at", 1), WHOLE),
        lambda r: put(r.s, (3, 4), ("at", 1), ("at", 2))),
    "taken where it was put": (
        lambda r: at(put(r.v, (3, 4), ("at", 1), WHOLE), 0, 1), lambda r: r.v),
    "zeros put": (lambda r: put(ones(r.a, 0, (4,)), (3, 4), ("at", 1), WHOLE),
                  lambda r: ones(r.a, 0)),
    "cut and joined": (
        lambda r: concatenate(cut(r.a, 1, None, 1, None), cut(r.a, 1, 1, None, None),
                              axis=1), lambda r: r.a),
    "rows stacked": (lambda r: stack(*(at(r.a, 0, i) for i in range(3)), axis=0),
                     lambda r: r.a),
    "below infinity": (lambda r: (r.a >= 0) & (r.a <= np.inf), lambda r: r.a >= 0),
    "above minus infinity": (lambda r: (r.a >= -np.inf) & (r.a <= 1),
                             lambda r: r.a <= 1),
    "not not": (lambda r: ~~r.m, lambda r: r.m),
    "a choice of one": (lambda r: where(r.m, r.v, r.v), lambda r: r.v),
    "a choice chosen": (lambda r: where(r.m, where(r.m, r.v, 1.0), 0.0),
                        lambda r: where(r.m, r.v, 0.0)),
    "numbers of numbers": (lambda r: as_float(r.a), lambda r: r.a),
}  # fmt: skip
# What looks like one of these and is none: it stays.
OTHERS = {
    "a column is no row": lambda r: expand_dims(r.v, axis=1) * r.q,
    "a mask times 1": lambda r: as_float(r.m) * 1.5,
    "ones that make it larger": lambda r: ones(r.a) * r.v,
    "copies that make it larger": lambda r: broadcast_to(r.v, shape=(3, 4)) * r.v,
    "columns in another order": lambda r: concatenate(
        cut(r.a, 1, 1, None, None), cut(r.a, 1, None, 1, None), axis=1),
    "rows twice": lambda r: stack(at(r.a, 0, 0), at(r.a, 0, 0), at(r.a, 0, 2), axis=0),
    "every second, turned": lambda r: cut(cut(r.v, 0, None, None, 2), 0, None, None, -1),
    "half of an identity": lambda r: r.recorder.record(
        eye, (), {"n": 4, "m": 4, "k": 1}) @ r.q,
    "a sum over more than 1": lambda r: np.sum(r.a, axis=1),
    "1 / 3": lambda r: (as_node(r, 1) / 3) * r.a,
}  # fmt: skip


class Room(SimpleNamespace):
    """The operands by name, as variables of one recorder."""

    def __init__(self, recorder):
        super().__init__(recorder=recorder)
        for name, array in ARRAYS.items():
            spec = Spec(np.asarray(array).shape, "bool" if name == "m" else "float")
            node = recorder.builder.make(argument, (), {"name": name, "spec": spec})
            setattr(self, name, recorder.wrap(node))


def as_node(room, value):
    return room.recorder.wrap(room.recorder.lift(value))


def computed(root):
    values: dict[Any, Any] = {}
    for n in order([root]):
        value = n.attrs.get("value")
        if "name" in n.attrs:
            values[n] = ARRAYS[n.attrs["name"]]
        elif n.op.name == "constant":
            values[n] = value.array if isinstance(value, Constant) else value
        else:
            values[n] = n.op.compute(*(values[i] for i in n.inputs), **n.attrs)
    return values[root]


def tidied(root, recorder):
    tidy = Tidy(recorder.builder)
    new = {}
    for n in order([root]):
        inputs = tuple(new[i] for i in n.inputs)
        new[n] = tidy.make(n.op, inputs, dict(n.attrs))
    return new[root]


@pytest.mark.parametrize("name", FORMS)
def test_the_long_form_comes_to_the_short_one(name):
    long, short = FORMS[name]
    room = Room(Recorder(Builder()))
    made, expected = long(room).node, short(room).node
    found = tidied(made, room.recorder)
    assert np.allclose(computed(expected), computed(made), rtol=1e-12, atol=1e-14)
    assert found is expected


@pytest.mark.parametrize("name", OTHERS)
def test_what_is_no_special_operand_stays(name):
    room = Room(Recorder(Builder()))
    made = OTHERS[name](room).node
    found = tidied(made, room.recorder)
    assert found.op is made.op
    assert np.allclose(computed(found), computed(made), rtol=1e-12, atol=1e-14)


def test_a_value_that_is_at_hand_is_not_taken_apart():
    room = Room(Recorder(Builder()))
    kept = -room.a
    made = (room.v + kept).node
    assert Tidy(room.recorder.builder, {kept.node}).tidied(made) is made
    assert Tidy(room.recorder.builder).tidied(made) is not made


def test_an_array_closed_over_does_not_widen_float32():
    keep = np.array([1.0, 0.0, 1.0])
    d = derivo.derive(lambda x: np.sum(np.cumsum(x * keep) ** 2), x="3")
    found = d.gradients(x=np.ones(3, dtype=np.float32))["x"]
    assert found.dtype == np.float32
    room = Room(Recorder(Builder()))
    made = as_float(as_node(room, keep))
    assert Tidy(room.recorder.builder).tidied(made.node) is made.node


# --- whole functions ----------------------------------------------------------------------

JUNK = re.compile(
    r"\d \+ -\d|--|\+ -[a-z]|-\(-|\[::-1\]\[::-1\]|\[:\]|\b0:|:1\]|np\.full\(.*, 1,"
    r"|np\.eye\([^)]*\) @|@ np\.eye\([^)]*\)[^\[]|np\.inf|\* 1\b[^.]|\]\[\d|squeeze"
)
FUNCTIONS = {
    "logsumexp": (lambda a: np.log(np.exp(a - a.max()).sum()) + a.max(), {"a": "S"}),
    "log of a logistic": (lambda x: -np.log(1 / (1 + np.exp(-x))), {"x": "N"}),
    "trace of a square": (lambda a: np.trace(a @ a), {"a": "N N"}),
    "trace of three": (lambda x, a: np.trace(x.T @ a @ x), {"x": "N M", "a": "N N"}),
    "ridge": (lambda w: np.trace(w.T @ (2 * np.eye(3)) @ w), {"w": "3 M"}),
    "correlate": (lambda x, w: np.correlate(x, w, "valid"), {"x": "N", "w": "3"}),
    "convolve a flip": (lambda x, w: np.convolve(x, w[::-1], "valid"),
                        {"x": "N", "w": "3"}),
    "clipped from below": (lambda z: np.clip(z, 0, np.inf) ** 2, {"z": "N"}),
    "part of a part": (lambda d: d[:, :, 5:][:, :, 0] ** 2, {"d": "N M 7"}),
    "sum of ones": (lambda x: np.sum(x * np.ones(x.shape)), {"x": "N M"}),
    "whole slice": (lambda x: np.sum(x[0 : x.shape[0] : 1] ** 2), {"x": "N M"}),
    "copied mean": (
        lambda x: np.sum((x - np.broadcast_to(x.mean(axis=0, keepdims=True), x.shape))
                         ** 3), {"x": "N M"}),
    "split and joined": (lambda x: np.concatenate(np.split(np.tanh(x), 2, axis=1), 1),
                         {"x": "N 4"}),
}  # fmt: skip


@pytest.mark.parametrize("name", FUNCTIONS)
def test_no_backward_pass_holds_what_nobody_would_write(name):
    function, specs = FUNCTIONS[name]
    d = derivo.derive(function, **specs)
    backward = d.source.partition("(saved")[2]
    code = "\n".join(line.split("#")[0] for line in backward.split("\n"))
    assert not JUNK.search(code), d.source
    assert d.check(seed=0).ok
