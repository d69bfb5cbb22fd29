"""Each of the twenty questions leads to a moment of a page that answers it."""

import importlib.util
import re
from pathlib import Path

import numpy as np
import pytest

from tests.explain import chromium

pytestmark = chromium.MARKS
FOLDER = Path(__file__).parents[2] / "docs" / "article"
LINK = re.compile(r"\.\./questions/(\w+)\.html#([^)]*)\)")


def built():
    place = FOLDER / "questions.py"
    spec = importlib.util.spec_from_file_location("questions", place)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


ROWS = [
    line for line in (FOLDER / "questions.md").read_text("utf-8").splitlines()
    if line.startswith("| ") and line.rstrip().endswith("|") and "?" in line
]  # fmt: skip


class Seen:
    """What can be read and measured on the page."""

    def __init__(self, driver):
        self.driver = driver

    def js(self, text):
        return self.driver.execute_script(f"return {text}")

    def text(self, query):
        """What is to be read in a place, with minus signs as Python has them."""
        found = self.driver.find_elements("css selector", query)
        return " ".join(e.text for e in found if e.is_displayed()).replace("−", "-")

    def value(self, name):
        return np.array(self.js("derivo.values")[name])

    def gradient(self, name):
        return np.array(self.js("derivo.gradients")[name])

    def lit(self):
        """The cells that are lit: side, name and index."""
        names = {
            i: n for n, i in self.js("JSON.parse(document.querySelector('#model').textContent).names").items()
        }  # fmt: skip
        cells = self.js("[...document.querySelectorAll('svg .cell.lit')].map(c => [c.place.side, c.place.id, c.place.index])")  # fmt: skip
        return {(side, names[i], k) for side, i, k in cells}

    def size(self):
        return float(self.text("#batch").split()[-1])


def last(text):
    return float(text.rpartition("=")[2])


def why_backward(s):
    assert re.search("one pass", s.text("#update"))


def path(s):
    said = s.text("#product")
    assert last(said) == pytest.approx(s.gradient("w"), rel=5e-3)
    factors = said.removeprefix("strongest path").partition("=")[0].split("·")
    assert np.prod([float(f) for f in factors]) == pytest.approx(last(said), rel=1e-2)
    _, predicted, true = told(s)
    assert predicted == pytest.approx(true, rel=2e-2)


def told(s):
    """Give the change, what the gradient predicts of it, and what comes of it."""
    lines = [e.text.replace("−", "-") for e in s.driver.find_elements("css selector", "#panel dd")]  # fmt: skip
    return [float(line.rpartition("=")[2]) for line in lines]


def branch(s):
    assert s.js("document.querySelectorAll('svg.backward .plus').length") >= 1
    assert "+" in s.text(".moment")
    assert len(s.js("[...document.querySelectorAll('.edge.used')]")) >= 2


def gate(s):
    assert "dproduct" in s.text("#panel")
    assert not s.text(".moment .scroll")  # nothing is shown before it is answered
    s.driver.execute_script("document.querySelector('#guess').value = 1; document.querySelector('#answer').click()")  # fmt: skip
    assert s.text(".moment .scroll")
    assert s.gradient("product") == 1
    assert s.gradient("k") == 0
    assert s.gradient("total") == s.value("w")


def prediction(s):
    _, predicted, true = told(s)
    assert abs(predicted - true) > 0.1 * abs(true)
    s.driver.execute_script("const n = document.querySelector('#number'); n.value = Number(n.value) - 0.98; n.dispatchEvent(new Event('change'))")  # fmt: skip
    _, predicted, true = told(s)
    assert predicted == pytest.approx(true, rel=2e-2)


def transpose(s):
    rows = range(4)
    expected = {("value", "x", 2 * i) for i in rows}
    expected |= {("gradient", "n", 3 * i + 1) for i in rows}
    assert s.lit() == expected | {("gradient", "w", 1)}
    assert last(s.text("#why")) == pytest.approx(s.gradient("w")[0, 1], rel=5e-3)


def slope(s):
    said = s.text("#slope")
    y = s.value("y")[0, 0]
    assert s.text("#panel label").startswith("n[1, 1]")
    assert float(said.split()[1].rstrip(":")) == pytest.approx(y * (1 - y), rel=5e-3)


def upstream(s):
    said = s.text("#why")
    y = s.value("y")[0, 0]
    factors = said.split("=")[1].split("·")
    np.testing.assert_allclose([float(f) for f in factors], [1, y * (1 - y)], rtol=5e-3)


def bias(s):
    assert s.js("document.querySelectorAll('.unrolled .wire').length") == 4


def mean_of_a_larger_batch(s):
    assert s.text("#batch").startswith("8 rows")
    larger = s.size()
    s.driver.execute_script("document.querySelector('#reset').click()")
    assert s.text("#batch").startswith("4 rows")
    assert s.size() == pytest.approx(larger, rel=1e-3)


def summed(s):
    whole = s.size()
    s.driver.execute_script("document.querySelector('#mean').click()")
    assert whole == pytest.approx(4 * s.size(), rel=5e-3)


def update(s):
    assert "minus 0.1 times its gradient" in s.text("#panel")
    assert s.text("#panel").count("1 step") == 1


def rate(s):
    assert "too large" in s.text("#panel")


def saved(s):
    assert re.search("kept", s.text("#saved"))
    assert {"x", "w", "y"} <= set(s.text("#saved table").split())


def mask(s):
    n, back = s.value("n"), s.gradient("n")
    assert np.any(n < 0)
    assert np.array_equal(back == 0, n <= 0)
    assert last(s.text("#why")) == 0


def vanishing(s):
    heights = s.js("[...document.querySelectorAll('#panel .bar')].map(b => Number(b.getAttribute('height')))")  # fmt: skip
    assert len(heights) == 5
    assert heights == sorted(heights)
    assert heights[0] < 0.1 * heights[-1]


def jacobian(s):
    assert s.js("!!document.querySelector('#jacobian-y').offsetHeight")
    assert "∂" in s.js("document.querySelector('#jacobian-y').textContent")


def softmax(s):
    assert s.js("!!document.querySelector('#matrix-z').offsetHeight")
    np.testing.assert_allclose(
        s.gradient("z"), (s.value("p") - s.value("t")) / 4, atol=1e-12
    )
    assert "sums to 1" in s.text("#drawer")


def tying(s):
    _, predicted, true = told(s)
    assert predicted == pytest.approx(true, rel=0.1)
    assert "sum over all paths" in s.text("#panel")


def code(s):
    assert (
        s.text("#code li.now").replace(" ", "").startswith(("16d_w=x.T@d_n", "15d_w"))
    )


ANSWERS = (
    why_backward, path, branch, gate, prediction, transpose, slope, upstream, bias,
    mean_of_a_larger_batch, summed, update, rate, saved, mask, vanishing, jacobian,
    softmax, tying, code,
)  # fmt: skip


@pytest.fixture(scope="module")
def pages(tmp_path_factory):
    folder, questions = tmp_path_factory.mktemp("questions"), built()
    questions.main(folder)
    return folder


@pytest.fixture(scope="module")
def browser(tmp_path_factory):
    driver = chromium.started(tmp_path_factory.mktemp("profile"))
    chromium.sized(driver, 1280, 900)
    yield driver
    driver.quit()


def test_there_are_twenty():
    assert len(ROWS) == len(ANSWERS)


@pytest.mark.parametrize(
    ("row", "answer"), list(zip(ROWS, ANSWERS, strict=False)),
    ids=[a.__name__ for a in ANSWERS],
)  # fmt: skip
def test_the_link_of_a_question_opens_where_it_is_answered(browser, pages, row, answer):
    ((page, moment),) = LINK.findall(row)
    browser.get("about:blank")
    browser.get(f"{(pages / page).as_uri()}.html#{moment}")
    answer(Seen(browser))
    assert chromium.complaints(browser) == []
