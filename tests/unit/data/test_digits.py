"""The digits are the published ones."""

import hashlib

import numpy as np
import pytest

from derivo.data import digits
from derivo.data.digits import read

# Of the images of the UCI test part followed by their labels, as 8-bit integers.
SUM = "87ff0c9e40dc7e2c0e34e7257799c2e3f3aec1a016363bb11cad869ec428a826"
# How often each digit occurs, from the description that UCI publishes with the file.
COUNTS = [178, 182, 177, 183, 181, 182, 181, 179, 174, 180]


def test_the_stored_bytes_are_the_published_ones():
    raw = read()
    assert raw["images"].dtype == raw["labels"].dtype == np.uint8
    joined = raw["images"].tobytes() + raw["labels"].tobytes()
    assert hashlib.sha256(joined).hexdigest() == SUM


def test_shapes_kinds_and_ranges():
    images, labels = digits()
    assert (images.shape, str(images.dtype)) == ((1797, 64), "float64")
    assert (labels.shape, str(labels.dtype)) == ((1797,), "int64")
    assert (images.min(), images.max()) == (0.0, 1.0)
    assert np.bincount(labels).tolist() == COUNTS


def test_every_call_gives_arrays_of_its_own():
    digits()[0][:] = 7
    assert digits()[0].max() == 1.0


@pytest.mark.peers
def test_they_are_those_of_scikit_learn():
    datasets = pytest.importorskip("sklearn.datasets", reason="in the extra bench")
    expected = datasets.load_digits()
    images, labels = digits()
    np.testing.assert_array_equal(images, expected.data / 16)
    np.testing.assert_array_equal(labels, expected.target)
