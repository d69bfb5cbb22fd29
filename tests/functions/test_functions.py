"""Functions that are called: which stay, and what their source looks like."""

from __future__ import annotations

import re
from typing import Any

import numpy as np
import pytest

import derivo
from derivo.errors import TraceError, UsageError


def affine(x, w, b):
    return x @ w + b


def gelu(x):
    return 0.5 * x * (1 + np.tanh(0.8 * (x + 0.044715 * x**3)))


def ffn(x, fc, proj):
    return affine(gelu(affine(x, **fc)), **proj)


def softmax(z):
    e = np.exp(z - z.max(axis=1, keepdims=True))
    return e / e.sum(axis=1, keepdims=True)


def cross_entropy(p, t):
    return -np.mean(np.sum(t * np.log(p), axis=1))


def deep(x, blocks):
    for block in blocks:
        x = x + ffn(x, **block)
    return x


def block_specs() -> dict[str, Any]:
    return {"fc": {"w": "D F", "b": "F"}, "proj": {"w": "F D", "b": "D"}}


def names_of(source: str) -> list[str]:
    lines = source.splitlines()
    return [line[4 : line.index("(")] for line in lines if line.startswith("def ")]


def rules_of(d: derivo.Derivation) -> list[str]:
    return [step.rule for step in d.steps if step.kind == "function"]


def test_each_function_is_written_once_with_its_backward_pass_beside_it():
    d = derivo.derive(deep, x="N D", blocks=[block_specs() for _ in range(3)])
    assert names_of(d.source) == [
        "affine", "affine_backward", "gelu", "gelu_backward", "ffn", "ffn_backward",
        "deep", "deep_backward",
    ]  # fmt: skip


def test_a_loop_over_a_list_of_parameters_stays_one():
    d = derivo.derive(deep, x="N D", blocks=[block_specs() for _ in range(5)])
    *_, forward, backward = d.source.split("\n\n\n")
    assert "    for block in blocks:\n" in forward
    assert "reversed(saved_blocks)" in backward
    assert d.source.count(" ffn(") == 2  # its definition, and one call
    longer = derivo.derive(deep, x="N D", blocks=[block_specs() for _ in range(9)])
    assert longer.source == d.source


def test_gradients_come_back_nested_as_the_parameters_are():
    d = derivo.derive(deep, x="N D", blocks=[block_specs() for _ in range(2)])
    assert d.check(order=1, trials=1).ok
    rng = np.random.default_rng(0)
    sizes = {"N": 3, "D": 2, "F": 4}

    def draw(spec: Any) -> Any:
        if isinstance(spec, dict):
            return {k: draw(v) for k, v in spec.items()}
        return rng.normal(size=[sizes[s] for s in spec.split()])

    blocks = [draw(block_specs()) for _ in range(2)]
    gradients = d.gradients(x=draw("N D"), blocks=blocks)
    assert list(gradients) == ["x", "blocks"]
    assert gradients["blocks"][1]["fc"]["w"].shape == (2, 4)


@pytest.mark.parametrize(
    ("wrt", "expected"),
    [("blocks.0.fc", {"blocks": [{"fc": {"w", "b"}}]}),
     ("blocks.1.proj.b", {"blocks": [{"proj": {"b"}}]})],
)  # fmt: skip
def test_a_part_of_a_nest_may_be_asked_for(wrt, expected):
    arrays = [
        {"fc": {"w": np.ones((2, 3)), "b": np.ones(3)},
         "proj": {"w": np.ones((3, 2)), "b": np.ones(2)}}
        for _ in range(2)
    ]  # fmt: skip
    d = derivo.derive(deep, x="2 2", blocks=arrays, wrt=wrt)
    gradients = d.gradients(x=np.ones((2, 2)), blocks=arrays)
    assert {
        name: [{k: set(v) for k, v in part.items()} for part in nest]
        for name, nest in gradients.items()
    } == expected


def test_softmax_before_its_loss_is_written_out():
    def loss(x, w, t):
        return cross_entropy(softmax(x @ w), t)

    d = derivo.derive(loss, x="N L", w="L C", t="N C", wrt="w")
    assert names_of(d.source) == ["loss", "loss_gradient", "loss_backward"]
    assert "p - t" in d.source
    assert any("softmax is written out" in rule for rule in rules_of(d))


def test_the_user_decides():
    def loss(x, w, t):
        return cross_entropy(softmax(x @ w), t)

    specs: dict[str, Any] = {"x": "N L", "w": "L C", "t": "N C"}
    kept = derivo.derive(loss, wrt="w", keep=("softmax", "cross_entropy"), **specs)
    assert {"softmax", "cross_entropy"} < set(names_of(kept.source))
    assert kept.check(order=1, trials=1).ok
    inlined = derivo.derive(deep, x="N D", blocks=[block_specs()], inline="*")
    assert names_of(inlined.source) == ["deep", "deep_backward"]


class Layer:
    def __init__(self, w):
        self.w = w

    def forward(self, x):
        return np.tanh(x @ self.w) + np.sin(x @ self.w)


def test_a_method_is_called_like_its_class():
    def net(x, w1, w2):
        return Layer(w2).forward(Layer(w1).forward(x))

    d = derivo.derive(net, x="N D", w1="D D", w2="D D")
    assert names_of(d.source)[:2] == ["layer", "layer_backward"]
    assert d.source.splitlines()[3] == "def layer(w, x):"
    with pytest.raises(UsageError, match=r"Layer\.forward"):
        derivo.derive(net, x="N D", w1="D D", w2="D D", keep="Layer.backward")
    inlined = derivo.derive(net, x="N D", w1="D D", w2="D D", inline="Layer.forward")
    assert names_of(inlined.source) == ["net", "net_backward"]


def test_one_name_cannot_be_kept_and_written_out():
    with pytest.raises(UsageError, match="'ffn' is in keep= and in inline="):
        derivo.derive(
            deep, x="N D", blocks=[block_specs()], keep="ffn", inline=("gelu", "ffn")
        )


def test_an_unknown_name_says_which_functions_were_seen():
    with pytest.raises(UsageError, match="calls: affine, ffn, gelu"):
        derivo.derive(deep, x="N D", blocks=[block_specs()], keep="fnn")


def test_several_results_and_caches_that_nobody_reads():
    def split_mean(x):
        m = np.mean(x, axis=1, keepdims=True)
        centred = x - m
        scale = np.sqrt(np.mean(centred * centred, axis=1, keepdims=True) + 1e-5)
        cache = (x, m, scale)
        return centred / scale, m, cache

    def f(x, y):
        a, ma, _ = split_mean(x)
        b, mb, _ = split_mean(y)
        return a * b + ma - mb

    d = derivo.derive(f, x="N D", y="N D", keep="split_mean")
    assert "split_mean" in names_of(d.source)
    assert d.check(order=1, trials=1).ok
    ends = [t for t in d.source.splitlines() if t.startswith("    return ")]
    assert re.match(r"    return \(\w+, m\), \(", ends[0])  # without the cache


def test_other_shapes_share_the_text_where_it_is_the_same():
    def net(x, w1, b1, w2, b2):
        return affine(np.tanh(affine(x, w1, b1)), w2, b2)

    d = derivo.derive(net, x="N A", w1="A B", b1="B", w2="B C", b2="C", keep="affine")
    assert names_of(d.source).count("affine") == 1
    assert "2 sets of shapes" in rules_of(d)[0]
    assert d.check(order=1, trials=1).ok


def test_calls_that_close_over_different_values_say_so():
    def f(x, a, b):
        def scaled(y):
            return np.tanh(y * factor) + np.sin(y) * np.cos(y)

        factor = a
        first = scaled(x)
        factor = np.sum(b) * a
        return first * scaled(x + 1)

    d = derivo.derive(f, x="N", a="", b="N")
    assert d.check(order=1, trials=1).ok


def test_a_number_given_differently_is_another_function():
    def smooth(x, k):
        return np.tanh(k * x) + np.sin(x) / k

    def f(x):
        return smooth(x, 2.0) * smooth(x, 3.0)

    d = derivo.derive(f, x="N", keep="smooth")
    assert "smooth stays a function in 2 forms" in rules_of(d)[0]
    assert d.check(order=1, trials=1).ok


def test_heads_of_attention_are_one_loop_over_pieces():
    def head(q, k, v):
        return softmax(q @ k.T / 2) @ v

    def heads(x, w):
        parts = [np.split(p, 4, axis=1) for p in np.split(x @ w, 3, axis=1)]
        return np.hstack([head(q, k, v) for q, k, v in zip(*parts, strict=True)])

    d = derivo.derive(heads, x="T 8", w="8 24")
    assert d.source.count(" head(") == 2
    assert "np.concatenate(head_outs, axis=1)" in d.source
    assert d.check(order=1, trials=1).ok


def test_recursion_that_ends_works():
    def tree(xs):
        if len(xs) == 1:
            return np.tanh(xs[0])
        half = len(xs) // 2
        return tree(xs[:half]) * tree(xs[half:])

    def f(xs):
        return tree(xs)

    d = derivo.derive(f, xs=["N", "N", "N", "N"])
    assert d.check(order=1, trials=1).ok


def test_recursion_without_end_is_an_error_with_the_line():
    def endless(x):
        return endless(x + 1)

    with pytest.raises(TraceError, match=r"without end(.|\n)*return endless\(x \+ 1\)"):
        derivo.derive(endless, x="N")


def test_second_derivatives_go_through_functions():
    d = derivo.derive(deep, x="N D", blocks=[block_specs() for _ in range(2)])
    report = d.check(trials=1)
    assert report.ok
    assert {row.verdict for row in report.rows if row.kind == "second"} == {"right"}


def test_simplify_off_keeps_functions_too():
    d = derivo.derive(
        deep, x="N D", blocks=[block_specs() for _ in range(2)], simplify=False
    )
    assert "ffn_backward" in names_of(d.source)
    assert d.check(order=1, trials=1).ok


def test_explain_tells_a_function_that_calls_others():
    d = derivo.derive(deep, x="N D", blocks=[block_specs() for _ in range(2)])
    assert "ffn" in str(d.explain("graph").render("dot"))


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_a_kept_loss_fills_arrays_of_the_type_that_comes_in(dtype):
    rows = np.array([0, 1, 1])

    def total(x, y):
        c = x.copy()
        c[rows] = x[rows] / y
        return np.sum(c)

    d = derivo.derive(lambda x, y: total(x, y), x="2 3", y="3", keep=("total",))
    assert "total_backward" in d.source
    gradients = d.gradients(x=np.ones((2, 3), dtype), y=np.full(3, 2, dtype))

    np.testing.assert_array_equal(gradients["x"], np.full((2, 3), 0.5))
    # Row 1 is written twice, and the second time counts.
    np.testing.assert_array_equal(gradients["y"], [-0.5, -0.5, -0.5])
    assert gradients["x"].dtype == gradients["y"].dtype == dtype


def test_a_kept_loss_is_multiplied_by_a_number():
    def total(x):
        return np.sum(np.where(x > 0, x, 0)[None] @ np.ones((3, 2)))

    f = lambda x: 2 * total(x) / x.shape[0]
    d = derivo.derive(f, x="3", keep=("total",))
    gradient = d.gradients(x=np.array([1.0, -1.0, 2.0]))["x"]
    np.testing.assert_allclose(gradient, np.array([4.0, 0, 4]) / 3)
