"""The last line of defence: what was derived is the user's function."""

from typing import Any

import numpy as np
import pytest

import derivo
from derivo.errors import InternalError, TraceError
from derivo.ops.elementwise import tanh
from derivo.simplify.driver import simplify_forward
from derivo.trace.values.variable import Variable
from tests.catalogue import CASES

STATE: dict[str, Any] = {"calls": 0, "mean": np.zeros(3), "list": [1]}


def compared(d: Any) -> list[str]:
    return [s.rule for s in d.steps if s.kind == "compare"]


def is_traced(x: Any) -> bool:
    return x.__class__ is Variable  # as isinstance, hasattr and type do not tell


# Each finds a way to be another function while it is traced.
def another_value(x):
    y = np.exp(x)
    z = y * (2.0 if is_traced(x) else 3.0)  # here
    return z.sum()


def another_shape(x):
    return x if is_traced(x) else x[1:]


def another_type(x):
    return x if is_traced(x) else x.astype(np.float32)


def another_nest(x):
    return (x, 2 * x) if is_traced(x) else [(x, 2 * x)]


def in_a_helper(x):
    return another_value(x) * 2.0


def by_a_value_around_numpy(x):
    scale = x.shape[0] if is_traced(x) else 1.0 * x.size + 0.5
    return x * scale


ODD = {
    another_value: "z = y",
    another_shape: "",
    another_type: "",
    another_nest: "",
    in_a_helper: "",
    by_a_value_around_numpy: "",
}


@pytest.mark.parametrize("function", ODD)
def test_another_function_is_an_error_that_names_the_line(function: Any) -> None:
    with pytest.raises(TraceError, match="what was derived is not") as caught:
        derivo.derive(function, x="N M")
    assert f'File "{__file__}"' in str(caught.value)
    assert ODD[function] in str(caught.value)
    derivo.derive(function, x="N M", verify=False)


def test_a_loop_that_is_wrong_from_its_third_step_on() -> None:
    def f(xs):
        def step(c, x):
            c = c + (x if is_traced(x) or len(seen) < 2 else 2 * x)
            seen.append(1)
            return c, c

        seen: list[int] = []
        return derivo.scan(step, np.zeros(2), xs)[0]

    with pytest.raises(TraceError, match="what was derived is not"):
        derivo.derive(f, xs="T 2")


def test_a_rewriting_that_is_wrong_is_told_from_a_trace(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    right = simplify_forward

    def wrong(graph: Any, *args: Any, **options: Any) -> Any:
        done = right(graph, *args, **options)
        (y,) = done.graph.outputs
        other = done.builder.make(tanh, (y,), {})
        changed = type(graph)(graph.name, graph.inputs, (other,), graph.names)
        return type(done)(changed, changed.nodes(), done.builder, done.facts)

    monkeypatch.setattr("derivo.passes.simplify_forward", wrong)
    with pytest.raises(InternalError, match="was rewritten as another function"):
        derivo.derive(lambda x: np.exp(x), x="N")


@pytest.mark.parametrize("name", list(CASES)[::6])
def test_programs_of_the_catalogue_are_compared(name: str) -> None:
    case = CASES[name]
    assert not compared(derivo.derive(case.function, shapes=case.specs))


def test_the_user_owns_what_it_owned() -> None:
    class Norm:
        def __init__(self):
            self.mean, self.seen, self.out = np.zeros(3), [], None

        def __call__(self, x):
            STATE["calls"] += 1
            STATE["list"].append(2)
            if not is_traced(x):
                self.mean *= 0.9
                self.mean += x.mean(axis=0)
                STATE["mean"][:] = 5.0
            self.out = x - 1.0
            self.seen.append(self.out)
            return self.out

    norm = Norm()
    derivo.derive(norm, x="N 3")
    assert norm.out is None
    assert norm.seen == []
    assert not norm.mean.any()
    assert not STATE["mean"].any()
    assert STATE["calls"] == 1  # of the run that was traced


def test_what_it_prints_is_shown_once(capsys: pytest.CaptureFixture[str]) -> None:
    def f(x):
        print("hello")  # noqa: T201
        return x * 2

    derivo.derive(f, x="N")
    assert capsys.readouterr().out == "hello\n"


def test_what_cannot_be_compared_is_said() -> None:
    def fails(x):
        if not is_traced(x):
            message = "no such file"
            raise OSError(message)
        return x

    d = derivo.derive(fails, x="N")
    assert compared(d) == ["not compared with fails itself: OSError: no such file"]
    d = derivo.derive(lambda x: x * 2, x="4000 4000")
    assert compared(d) == [
        "not compared with function itself: its arrays are too large to try"
    ]
    d = derivo.derive(lambda x: np.log(-np.exp(x)), x="N")
    assert "finite" in compared(d)[0]


def test_inputs_are_drawn_that_fit_the_domain() -> None:
    for f in (np.log, np.arcsin, np.arccosh, lambda x: np.log(x - 1.2)):
        assert not compared(derivo.derive(lambda x, f=f: f(x), x="N"))


def test_digits_that_the_function_itself_loses_are_no_difference() -> None:
    for f in (
        lambda x: np.log(1 + np.exp(x - 100)),
        lambda x: np.log(1 - 1 / (1 + np.exp(-x - 35))),
    ):
        d = derivo.derive(f, x="N")
        assert "it rounds away" in compared(d)[0]


def test_an_argument_that_is_called_verify() -> None:
    d = derivo.derive(lambda verify: verify * 2, shapes={"verify": "N"})
    assert d(verify=np.ones(2)).sum() == 4
