"""The derivation in short: each line opens to what tells it entry by entry."""

import re

import pytest

import derivo
from derivo.explain.writers.html.window import short_rows, stories_of
from tests.catalogue import CASES
from tests.explain import chromium
from tests.explain.test_window import browser, explanation, face, js, page  # noqa: F401
from tests.scan.programs import PROGRAMS

TOLD = ("layer", "attention", "layer_norm", "highway", "rnn")


@pytest.mark.parametrize("name", TOLD)
def test_every_gradient_opens_to_its_story_and_nothing_is_told_twice(name):
    case = {**CASES, **PROGRAMS}[name]
    told_of = derivo.derive(case.function, shapes=case.specs).explain()
    document, rows = told_of.document, short_rows(told_of.document)
    stories = stories_of(document)
    about = {s.about for s in document.sections if s.level == "matrix"}
    opened = set()
    for k, row in enumerate(rows):
        told = {s.about for s in stories[k]}
        assert told <= set(row.about)
        if row.about and row.about[-1] in about - opened:
            assert row.about[-1] in told
        opened |= told
    assert len(opened) > 3
    anchors = [s.anchor for story in stories.values() for s in story]
    assert len(anchors) == len(set(anchors))
    for section in document.sections:
        found = told_of.page.count(f'<section id="{section.anchor}"')
        assert found == 1, section.anchor


LINES = "return [...document.querySelectorAll('#drawer .told')]"


@pytest.mark.usefixtures("page")
class TestByHand:
    """In the browser: with the mouse, with keys, and from a step."""

    pytestmark = chromium.MARKS

    def test_a_line_opens_and_closes_with_the_keys(self, page):  # noqa: F811
        from selenium.webdriver.common.action_chains import ActionChains
        from selenium.webdriver.common.keys import Keys

        js(page, "document.querySelector('#open').click()")
        unfold = page.find_elements("css selector", "#drawer .told .unfold")
        assert len(unfold) >= 7
        for button in unfold:
            story = page.find_element("id", button.get_attribute("aria-controls"))
            assert button.accessible_name.endswith("entry by entry")
            assert not story.is_displayed()
            js(page, "arguments[0].focus()", button)
            ActionChains(page).send_keys(Keys.ENTER).perform()
            assert button.get_attribute("aria-expanded") == "true"
            assert story.is_displayed()
            assert re.search("∂|=", story.text)
            ActionChains(page).send_keys(Keys.ENTER).perform()
            assert not story.is_displayed()
        # A click on the line does the same; one on a factor only lights it.
        js(page, "document.querySelector('#drawer .told .why').click()")
        assert page.find_element("css selector", "#drawer .story").is_displayed()

    def test_a_step_leads_to_its_story_and_links_stay_on_the_page(self, page):  # noqa: F811
        js(page, "derivo.step(derivo.steps)")
        step = face(page, "state")["step"]
        page.find_element("css selector", ".moment:not([hidden]) .more").click()
        (story,) = (
            s for s in page.find_elements("css selector", "#drawer .story")
            if s.is_displayed()
        )  # fmt: skip
        assert "w1" in js(
            page, "return arguments[0].querySelector('section').id", story
        )
        # A link within the derivation opens what it leads to, at the same step.
        link = page.find_element("css selector", "#drawer a[href^='#matrix']")
        js(page, "arguments[0].click()", link)
        place = link.get_attribute("href").rpartition("#")[2]
        assert page.find_element("id", place).is_displayed()
        assert face(page, "state")["step"] == step
