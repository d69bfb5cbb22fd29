"""Several results, and results of every form."""

from typing import Any

import numpy as np

import derivo

X = np.linspace(-1, 1, 6).reshape(2, 3)


def test_a_tuple_comes_back_as_a_tuple():
    def f(x):
        return np.sin(x), x.sum(axis=0)

    d = derivo.derive(f, x="N M")
    a, b = d(x=X)
    np.testing.assert_allclose(a, np.sin(X))
    np.testing.assert_allclose(b, X.sum(axis=0))
    assert isinstance(d(x=X), tuple)


def test_a_list_comes_back_as_a_list():
    result = derivo.derive(lambda x: [x, x * 2], x="N")(x=X[0])
    assert isinstance(result, list)
    np.testing.assert_array_equal(result[1], 2 * X[0])


def test_a_dict_keeps_its_keys():
    result = derivo.derive(lambda x: {"a": x, "loss": x.sum()}, x="N")(x=X[0])
    assert list(result) == ["a", "loss"]


def test_results_can_be_nested():
    def f(x):
        return {"states": (np.tanh(x), x), "loss": np.sum(x**2)}

    result = derivo.derive(f, x="N M")(x=X)
    np.testing.assert_allclose(result["states"][0], np.tanh(X))
    np.testing.assert_allclose(result["loss"], np.sum(X**2))


def test_adjoints_of_several_results_are_added():
    def f(x):
        return 2 * x, 3 * x

    d = derivo.derive(f, x="N")
    g = d.gradients((np.ones(3), np.full(3, 10.0)), x=X[0])
    np.testing.assert_array_equal(g["x"], np.full(3, 32.0))


def test_the_same_value_returned_twice():
    def f(x):
        y = np.exp(x)
        return y, y

    d = derivo.derive(f, x="N")
    g = d.gradients((np.ones(3), np.ones(3)), x=X[0])
    np.testing.assert_allclose(g["x"], 2 * np.exp(X[0]))


def test_an_argument_returned_as_it_is():
    d = derivo.derive(lambda x: x, x="N")
    np.testing.assert_array_equal(d(x=X[0]), X[0])
    np.testing.assert_array_equal(
        d.gradients(np.full(3, 4.0), x=X[0])["x"], np.full(3, 4.0)
    )


def test_a_scalar_loss_has_the_upstream_one():
    d = derivo.derive(lambda x: (x**2).sum(), x="N M")
    np.testing.assert_allclose(d.gradients(x=X)["x"], 2 * X)
    np.testing.assert_allclose(d.gradients(3.0, x=X)["x"], 6 * X)


def test_a_loss_beside_its_logits():
    def f(x):
        return x.sum(), x * 2

    d = derivo.derive(f, x="N")
    g = d.gradients((1.0, np.zeros(3)), x=X[0])
    np.testing.assert_array_equal(g["x"], np.ones(3))


def test_scalars_in_and_out():
    d = derivo.derive(lambda a, b: a * b + a, a="", b="")
    assert d(a=2.0, b=3.0) == 8.0
    assert d.gradients(a=2.0, b=3.0) == {"a": 4.0, "b": 2.0}


def test_integer_and_boolean_arguments_have_no_gradient():
    def f(x, keep, labels):
        return np.where(keep, x[labels], 0.0)

    specs: dict[str, Any] = {
        "keep": derivo.Spec("N", "bool"), "labels": derivo.Spec("N", "int64")
    }  # fmt: skip
    # An argument that is called like an option of `derive` is meant.
    d = derivo.derive(f, x="C", **specs)
    assert d.wrt == ("x",)
    labels, keep = np.array([0, 2, 2, 1]), np.array([True, True, False, True])
    g = d.gradients(x=X[0], keep=keep, labels=labels)
    np.testing.assert_array_equal(g["x"], [1.0, 1.0, 1.0])


def test_wrt_chooses_and_orders():
    d = derivo.derive(lambda a, b, c: a * b * c, wrt=["c", "a"], a="N", b="N", c="N")
    assert list(d.gradients(a=X[0], b=X[1], c=X[0])) == ["c", "a"]
    one = derivo.derive(lambda a, b: a * b, wrt="b", a="N", b="N")
    np.testing.assert_array_equal(one.gradients(a=X[0], b=X[1])["b"], X[0])
