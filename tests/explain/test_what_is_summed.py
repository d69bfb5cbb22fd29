"""The number at the top of a page is named for what it is."""

import numpy as np
import pytest

import derivo
from tests.explain import chromium
from tests.explain.chromium import complaints, open_page
from tests.explain.test_window import browser, face, js  # noqa: F401

pytestmark = chromium.MARKS


def larger(a, b):
    p = a * b
    return np.maximum(p, a)


def layer(x, w):
    return np.tanh(x @ w)


X, W = np.array([[0.5, -1.0], [1.0, 0.5]]), np.array([[0.6, -0.8], [0.4, -0.3]])


@pytest.mark.parametrize(
    ("function", "shapes", "given", "upstream", "name", "value"),
    [
        (larger, {"a": "", "b": ""}, {"a": 2.0, "b": 3.0}, None, "larger", 6.0),
        (layer, {"x": "N L", "w": "L M"}, {"x": X, "w": W}, None,
         "sum of the result", np.tanh(X @ W).sum()),
        (layer, {"x": "N L", "w": "L M"}, {"x": X, "w": W}, 2 * X,
         "upstream times result", (2 * X * np.tanh(X @ W)).sum()),
        (larger, {"a": "", "b": ""}, {"a": 2.0, "b": 3.0}, 0.5,
         "upstream times result", 3.0),
    ],
)  # fmt: skip
def test_it_says_what_it_is(
    browser, tmp_path, function, shapes, given, upstream, name, value  # noqa: F811
):  # fmt: skip
    more = {} if upstream is None else {"upstream": upstream}
    d = derivo.derive(function, shapes=shapes)
    open_page(browser, d.explain(**given, **more).page, tmp_path / "page.html")
    js(browser, "derivo.step(derivo.steps)")
    said = js(browser, "return document.querySelector('#loss').textContent")
    assert said.split(" = ")[0] == name
    np.testing.assert_allclose(face(browser, "loss"), value, rtol=1e-12)
    assert complaints(browser) == []
