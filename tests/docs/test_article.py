"""The article is what comes out when it is built."""

import re
import subprocess
import sys
from pathlib import Path

import pytest

from tests.explain import chromium

ROOT = Path(__file__).parents[2]
DOCS = ROOT / "docs"
MOST_WORDS = 3_000


@pytest.fixture(scope="module")
def built(tmp_path_factory):
    folder = tmp_path_factory.mktemp("article")
    script = DOCS / "article" / "build.py"
    subprocess.run([sys.executable, str(script), str(folder)], check=True, timeout=200)
    return folder


@pytest.fixture
def browser(tmp_path):
    if not (chromium.CHROMIUM and chromium.DRIVER):
        pytest.skip("no Chromium here")
    driver = chromium.started(tmp_path)
    yield driver
    driver.quit()


def test_the_article_is_up_to_date(built):
    pictures = sorted(p.name for p in (built / "pictures").iterdir())
    for name in ("article.md", "slips.md", *(f"pictures/{p}" for p in pictures)):
        text = (built / name).read_text(encoding="utf-8")
        assert text == (DOCS / name).read_text(encoding="utf-8"), "run make docs"
    assert pictures == sorted(p.name for p in (DOCS / "pictures").iterdir())


def test_the_article_is_short():
    text = (DOCS / "article.md").read_text(encoding="utf-8")
    assert len(text.split()) <= MOST_WORDS


def test_the_pictures_of_the_page_are_alive(built, browser):
    browser.get((built / "article.html").as_uri())
    frames = browser.find_elements("tag name", "iframe")
    assert len(frames) == 3
    found = []
    for frame in frames:
        browser.switch_to.frame(frame)
        found.append(browser.execute_script("return derivo.gradients"))
        browser.execute_script('derivo.set("b", derivo.values.b.length ? [0] : [], 9)')
        assert browser.execute_script("return derivo.gradients") != found[-1]
        browser.switch_to.default_content()
    neuron, gates, layer = found
    assert [gates[k] for k in "abc"] == [4, 4, 1]
    assert neuron["w"] == pytest.approx(0.3486, abs=5e-5)  # as the formula says
    shown = [[0.1609, -0.07334], [0.3218, -0.1467]]
    assert layer["w"] == [pytest.approx(line, abs=5e-5) for line in shown]


def test_four_partials_gather_into_a_product_with_numbers():
    text = (DOCS / "article.md").read_text(encoding="utf-8")
    gathered = text[
        text.index('<a id="two-neurons">') : text.index("Look down a column")
    ]
    assert r"{\boldsymbol{x}}^{\top} \, \mathrm{d} \boldsymbol{n}" in gathered
    assert "0.3218 & - 0.1467" in gathered
    colours = set(re.findall(r"\\color\{#(\w+)\}", gathered))
    assert len(colours) == 2  # the slope, and the input


def test_every_question_leads_to_its_answer():
    page = DOCS / "article" / "questions.md"
    text = page.read_text(encoding="utf-8")
    rows = [line for line in text.splitlines() if line.startswith("| ") and "?" in line]
    assert len(rows) == 20
    for row in rows:
        links = re.findall(r"\]\(([^)]+)\)", row)
        assert links or "`derivo " in row, row
        for name, _, anchor in (link.partition("#") for link in links):
            if name.startswith("../questions/"):  # built by `make docs`, tried by doing
                continue
            answers = (page.parent / name).read_text(encoding="utf-8")
            assert not anchor or f'<a id="{anchor}"></a>' in answers, (name, anchor)


def test_the_slips_are_caught():
    slips = (DOCS / "slips.md").read_text(encoding="utf-8")
    assert slips.count(": wrong.") >= 8
