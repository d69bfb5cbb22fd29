"""Parts of arguments, settings and attributes are told, and only where there are some."""

import numpy as np
import pytest

import derivo
from derivo.explain.words import LANGUAGES, texts


class Net:
    def __init__(self):
        self.w = np.ones((3, 2))

    def loss(self, params, x, power):
        return np.sum((x @ self.w @ params["v"] + params["b"]) ** power)


def loss_of_a_method():
    return derivo.derive(
        Net().loss, self="w", params={"v": "2 M", "b": "M"}, x="N 3", power=2
    )


@pytest.mark.parametrize("language", LANGUAGES)
@pytest.mark.parametrize("level", ["graph", "scalar", "matrix", "batch", "code"])
def test_it_is_told_at_each_level(level, language):
    text = str(loss_of_a_method().explain(level, language=language))
    assert texts("given")["title"][language] in text
    assert 'params["v"]' in text
    assert "power=2" in text


def test_the_page_tells_it(tmp_path):
    page = loss_of_a_method().explain().save(tmp_path / "page.html")
    text = page.read_text(encoding="utf-8")
    for expected in (
        "What the function is given",
        "power=2",
        "Attributes of the object",
    ):
        assert expected in text


def test_where_there_is_nothing_to_tell_nothing_is_told():
    d = derivo.derive(lambda x, w: np.sum(x @ w), x="N L", w="L M")
    assert texts("given")["title"]["en"] not in str(d.explain())
