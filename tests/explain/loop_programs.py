"""Loops over time as they are told, run as a program; and the emitted code, traced.

The recurrences are taken from the document as they are printed, and evaluated step by
step, forward and then backward, by an evaluator that shares nothing with the package.
The emitted code is run under a tracer, which notes what each line of a loop assigns.
"""

import contextlib
import re
import sys

import numpy as np

import derivo
from derivo.explain.code import Written
from derivo.explain.document import Display
from derivo.explain.formula import tree as t
from derivo.explain.levels.tell import Telling
from derivo.explain.prepare import subject
from derivo.explain.words import Words
from tests.explain.formulas.evaluate import Evaluator, NotANumberError

CLOSE = {"rtol": 1e-12, "atol": 1e-12}


def rnn(xs, h0, w, u, b):
    def step(h, x):
        h = np.tanh(x @ w + h @ u + b)
        return h, h

    return derivo.scan(step, h0, xs)[1]


def sigmoid(z):
    return 1 / (1 + np.exp(-z))


def lstm(xs, h0, c0, wi, wf, wo, wg, ui, uf, uo, ug):
    def step(carry, x):
        h, c = carry
        i = sigmoid(x @ wi + h @ ui)
        f = sigmoid(x @ wf + h @ uf)
        o = sigmoid(x @ wo + h @ uo)
        g = np.tanh(x @ wg + h @ ug)
        c = f * c + i * g
        h = o * np.tanh(c)
        return (h, c), h

    return derivo.scan(step, (h0, c0), xs)[1]


def two_carries(xs, p0, q0, a):
    def step(carry, x):
        p, q = carry
        p = p + a * q
        q = q - a * np.sin(p) + x
        return (p, q), p * q

    (p, _), ys = derivo.scan(step, (p0, q0), xs)
    return p + np.sum(ys)


def weight_twice(xs, s0, w):
    def step(s, x):
        n = w * x + np.cos(w) * s * w
        s = np.tanh(n)
        return s, s

    ys = derivo.scan(step, s0, xs)[1]
    return np.sum(ys * ys)


INSIDE = dict.fromkeys(("wi", "wf", "wo", "wg"), "D H")
AROUND = dict.fromkeys(("ui", "uf", "uo", "ug"), "H H")
SPECS = {
    rnn: {"xs": "T N L", "h0": "N M", "w": "L M", "u": "M M", "b": "M"},
    lstm: {"xs": "T N D", "h0": "N H", "c0": "N H", **INSIDE, **AROUND},
    two_carries: {"xs": "T", "p0": "", "q0": "", "a": ""},
    weight_twice: {"xs": "T", "s0": "", "w": ""},
}
SIZES = {"T": 4, "N": 2, "L": 3, "M": 4, "D": 3, "H": 4}
LOOPS = list(SPECS)


def arrays(function):
    rng = np.random.default_rng(7)
    shapes = {k: tuple(SIZES[d] for d in v.split()) for k, v in SPECS[function].items()}
    return {k: 0.7 * rng.normal(size=s) for k, s in shapes.items()}


def upstream(function, y):
    """Give the adjoint of what the loop gives, worked out by hand for each program."""
    rng = np.random.default_rng(8)
    if function is two_carries:
        return {("ys", True): np.ones(SIZES["T"]), ("p", True): 1.0}
    if function is weight_twice:
        return {("ys", True): 2 * y}
    return {(function.__name__, True): rng.normal(size=np.shape(y))}


# --- the two programs -----------------------------------------------------------------


class Steps(Evaluator):
    """An evaluator of formulas whose symbols have a step."""

    def setup(self):
        self.known, self.now = {}, None
        return self

    def number(self, f):
        match f:
            case None:
                return None
            case t.Index():
                return self.now
            case t.Plus(terms):
                return sum(self.number(x) for x in terms)
            case t.Number(value):
                return value
            case t.Size(dim):
                return self.sizes.get(str(dim), dim)
            case _:
                raise TypeError(f)

    def key(self, f):
        return f.name, f.adjoint, self.number(f.step), f.high

    def simple(self, f, *, inside):
        if isinstance(f, t.Symbol) and (f.step is not None or f.high):
            name, adjoint, step, high = self.key(f)
            if (name, adjoint, step, high) in self.known:
                return self.known[name, adjoint, step, high]
            if high or (name, adjoint) not in self.values:
                raise NotANumberError(f)
            return np.asarray(self.values[name, adjoint])[step - 1]
        return super().simple(f, inside=inside)

    def summed(self, index, size, body):
        if index.name != "t":
            return super().summed(index, size, body)
        total = 0.0
        for step in range(1, int(self.value(size, inside=True)) + 1):
            self.now = step
            total = total + self.value(body, inside=False)
        return total


def bare(f):
    while isinstance(f, t.Under | t.Mark):
        f = f.body
    return f


def every(f, change):
    """Give a formula with a change made wherever it applies."""
    made = change(f)
    if made is not f:
        return made
    match f:
        case t.Call(op, args, attrs, specs):
            return t.Call(op, tuple(every(a, change) for a in args), attrs, specs)
        case t.Times(parts, sign):
            return t.Times(tuple(every(p, change) for p in parts), sign)
        case t.Plus(parts):
            return t.Plus(tuple(every(p, change) for p in parts))
        case t.Under(body, label):
            return t.Under(every(body, change), label)
        case _:
            return f


def rows_of(document, anchor):
    (section,) = [s for s in document.sections if s.anchor == anchor]
    return [r for b in section.blocks if isinstance(b, Display) for r in b.rows]


def told(function, change=lambda f: f):
    """Run the recurrences of the document as a program; give all values by symbol."""
    given = arrays(function)
    d = derivo.derive(function, **SPECS[function])
    up = upstream(function, stacked(function, given))
    document = d.explain("matrix").document
    values = {(k, False): v for k, v in given.items()} | up
    values |= {("x", False): given["xs"]}
    e = Steps(values, SIZES).setup()

    def run(rows):
        for row in rows:
            left, right = bare(row.left), every(row.right, change)
            e.known[e.key(left)] = e.value(right, inside=False)

    if any(s.anchor == "values" for s in document.sections):
        for row in rows_of(document, "values"):
            with contextlib.suppress(NotANumberError):  # made of what the loop gives
                e.values[row.left.name, False] = e.value(row.right, inside=False)
    forward = rows_of(document, "s1-step")
    first = [r for r in forward if isinstance(bare(r.left).step, t.Number)]
    run(first)
    for name in "hcpqs":  # a start that is called as it looks is not printed again
        if (f"{name}0", False) in values:
            e.known.setdefault((name, False, 0, ""), values[f"{name}0", False])
    for e.now in range(1, SIZES["T"] + 1):
        run(forward[len(first) :])
    back = rows_of(document, "s1-back")
    at_the_end = [r for r in back if isinstance(bare(r.left).step, t.Size)]
    assert at_the_end
    run(at_the_end)
    for e.now in range(SIZES["T"], 0, -1):
        run(back[back.index(at_the_end[-1]) + 1 :])
    return e, document


def stacked(function, given):
    """Give what the loop stacks, where the upstream gradient depends on it."""
    if function is not weight_twice:
        return function(**given)
    s, w, found = given["s0"], given["w"], []
    for x in given["xs"]:
        s = np.tanh(w * x + np.cos(w) * s * w)
        found.append(s)
    return np.array(found)


def traced(function):
    """Run the emitted code; give what each line of a loop assigned, at each step."""
    given = arrays(function)
    d = derivo.derive(function, **SPECS[function])
    texts = d.source.splitlines()
    found, last = {}, {}

    def watch(frame, event, _arg):
        if frame.f_code.co_filename != "emitted":
            return None
        number = last.get(frame)
        text = texts[number - 1].strip() if number else ""
        match = re.match(r"(\w+)(\[t\])? \+?= ", text)
        step = frame.f_locals.get("t")
        if match and step is not None and match[1] in frame.f_locals:
            value = frame.f_locals[match[1]]
            found[number, step] = np.array(value[step] if match[2] else value)
        last[frame] = frame.f_lineno if event != "return" else None
        return watch

    space = {}
    exec(compile(d.source, "emitted", "exec"), space)  # noqa: S102
    name = function.__name__
    up = upstream(function, stacked(function, given)).get((name, True), 1.0)
    held = sys.gettrace()
    sys.settrace(watch)
    try:
        _, saved = space[name](**given)
        space[f"{name}_backward"](saved, up)
    finally:
        sys.settrace(held)
    return found, d, given, up


def compared(function, change=lambda f: f):
    """Compare the told steps with those of the code; give the kinds of the lines."""
    e, document = told(function, change)
    found, d, given, up = traced(function)
    about = subject(d, {})
    (steps,) = about.loops
    telling, kinds = Telling(steps.body, Words("en")), []
    for number, kind, node in lines_of(about):
        is_value = kind in {"computed", "before"}
        symbol = telling.shown(node) if is_value else telling.adjoint(node)
        if kind == "sum" or not isinstance(symbol, t.Symbol):
            continue
        for e.now in range(1, SIZES["T"] + 1):
            value = e.known.get(e.key(symbol))
            if value is None and kind == "row":
                value = e.value(bare(row_of_slice(document, symbol)), inside=False)
            if (number, e.now - 1) in found:  # else it stands before the loop
                assert value is not None, symbol
                np.testing.assert_allclose(found[number, e.now - 1], value, **CLOSE)
        kinds.append(kind)
    gradients = d.gradients(up, **given)
    sums = [r for r in rows_of(document, "s1-sums") if over_steps(r.right)]
    for name in about.derivation.wrt:
        adjoint = [r for r in whole(sums) if bare(r[0]) == adjoint_of(about, name)]
        for _, right in adjoint:
            value = e.value(every(right, change), inside=False)
            np.testing.assert_allclose(value, gradients[name], **CLOSE)
            kinds.append("sum")
    return kinds


def lines_of(about):
    """Give each line of the first loop, what it does, and the value that it is about."""
    (steps,) = about.loops
    written, lines = Written(about), about.derivation.emitted.lines.items()
    forward = {k: written.values[n] for k, n in lines if n in written.values}
    backward = {k: written.adjoints.get(n, []) for k, n in lines if k not in forward}
    pairs = [(n, v) for n, v in forward.items() if v in steps.body.ids]
    for number, value in pairs:
        is_back = number in about.derivation.emitted.backward
        yield number, "before" if is_back else "computed", value
    groups = {"handed": steps.carries, "row": steps.slices, "sum": steps.fixed,
              "added": steps.following}  # fmt: skip
    for number, value in [(n, v) for n, found in backward.items() for v in found]:
        kind = next((k for k, group in groups.items() if value in group), "chain")
        if value in steps.body.ids:
            yield number, kind, value


def row_of_slice(document, symbol):
    (row,) = [
        r for r in rows_of(document, "s1-sums") if bare(r.left or r.right) == symbol
    ]
    return row.right


def over_steps(f):
    return isinstance(f, t.Sum) and f.index.name == "t"


def whole(rows):
    """Give each sum with its left side: the second line of two has none of its own."""
    left = None
    for row in rows:
        left = row.left or left
        if not any(
            isinstance(x, t.Symbol)
            and x.adjoint
            and x.name == getattr(bare(left), "name", "")
            for x in t.walk(row.right)
        ):
            yield left, row.right


def adjoint_of(about, name):
    node = next(n for n in about.graph.inputs if n.attrs["name"] == name)
    return t.Symbol(name, node.spec.rank, adjoint=True)
