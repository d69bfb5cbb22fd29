"""How objects show themselves: in a word at a prompt, whole in a notebook."""

import re
from html import unescape
from importlib.metadata import version

import numpy as np

import derivo
from derivo.emit.highlighted import highlighted


def layer(x, w):
    return np.tanh(x @ w)


def test_reprs_are_one_short_line():
    d = derivo.derive(layer, x="N L", w="L M")
    net = derivo.Network(derivo.layers.Dense(3), loss="mse")
    shown = [repr(thing) for thing in (d, d.check(trials=1), d.explain(), net)]
    assert shown[:2] == [
        "<derivation of layer(x: (N, L), w: (L, M)): print(d.source)>",
        "<report on layer: right: print(report)>",
    ]
    assert all(len(text) < 100 and "\n" not in text for text in shown)


def test_a_notebook_shows_the_source_in_colours_and_unchanged():
    d = derivo.derive(layer, x="N L", w="L M")
    shown = d._repr_html_()
    assert unescape(re.sub(r"<[^>]+>", "", shown)) == d.source
    words = set(re.findall(r"font-weight:600\">(\w+)</span>", shown))
    assert {"def", "return", "import", "layer", "layer_backward"} <= words
    assert "x" not in words
    assert highlighted("def (<b>").endswith("def (&lt;b&gt;</pre>")  # no Python


def test_each_has_a_form_for_notebooks():
    d = derivo.derive(layer, x="N L", w="L M")
    net = derivo.Network(derivo.layers.Dense(3), loss="mse")
    net.build(2)
    for thing, part in (
        (d, "layer_backward"), (d.check(trials=1), "agree with numbers"),
        (d.explain("code"), "<"), (net, "w1 (2, 3)"),
    ):  # fmt: skip
        assert part in thing._repr_html_()


def test_the_version_is_that_of_what_is_installed():
    assert derivo.__version__ == version("derivo")
