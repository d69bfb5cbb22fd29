"""Derivations that are called with what they were not derived for."""

import numpy as np
import pytest

import derivo
from derivo.errors import DtypeError, ShapeError, UsageError


@pytest.fixture(scope="module")
def affine():
    def affine(x, w):
        return x @ w

    return derivo.derive(affine, x="N L", w="L M")


X, W = np.ones((5, 3)), np.ones((3, 4))


def test_a_missing_argument(affine):
    with pytest.raises(UsageError, match="affine takes the arguments x, w; check w"):
        affine(x=X)


def test_an_argument_too_many(affine):
    with pytest.raises(UsageError, match="takes the arguments x, w; check v"):
        affine(x=X, w=W, v=W)
    with pytest.raises(UsageError, match="takes the arguments x, w"):
        affine(X, W, W)


def test_a_wrong_number_of_axes(affine):
    with pytest.raises(ShapeError, match=r"x has the shape \(3,\), .* for \(N, L\)"):
        affine(x=np.ones(3), w=W)


def test_one_name_with_two_sizes(affine):
    with pytest.raises(ShapeError) as caught:
        affine(x=X, w=np.ones((2, 4)))
    assert "w has the shape (2, 4), but affine was derived for (L, M)" in str(
        caught.value
    )
    assert "L = 3" in str(caught.value)


def test_an_upstream_adjoint_of_the_wrong_shape(affine):
    with pytest.raises(
        ShapeError, match=r"upstream adjoint .*\(5, 3\), the result \(5, 4\)"
    ):
        affine.gradients(X, x=X, w=W)


def test_too_few_upstream_adjoints():
    d = derivo.derive(lambda x: (x, 2 * x), x="N")
    with pytest.raises(ShapeError, match="2 results"):
        d.gradients((np.ones(3),), x=np.ones(3))
    with pytest.raises(ShapeError, match="2 results"):
        d.gradients(np.ones((3, 3)), x=np.ones(3))


def test_floats_where_integers_were_derived():
    d = derivo.derive(lambda x, k: x[k], x="N", k=derivo.Spec("M", "int64"))
    with pytest.raises(DtypeError, match=r"k holds float64 values, .* for int values"):
        d(x=np.ones(3), k=np.zeros(2))


def test_integers_where_floats_were_derived_are_converted(affine):
    g = affine.gradients(x=X.astype(int), w=W)
    assert g["x"].dtype == np.float64


def test_a_file_that_is_missing(tmp_path):
    path = tmp_path / "layer.py"
    with pytest.raises(
        UsageError, match=r"there is no file .*layer.py; write one with"
    ):
        derivo.load(path)


def test_a_saved_file_loads_and_gives_the_same(affine, tmp_path):
    module = derivo.load(affine.save(tmp_path / "layer.py"))
    np.testing.assert_array_equal(module.affine(X, W)[0], X @ W)
    assert (tmp_path / "layer.py").read_text(encoding="utf-8") == affine.source


def test_saving_into_a_folder_that_is_missing(affine, tmp_path):
    with pytest.raises(UsageError, match="there is no folder"):
        affine.save(tmp_path / "missing" / "layer.py")
