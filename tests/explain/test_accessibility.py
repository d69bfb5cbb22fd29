"""What a screen reader is given: the browser's own tree of roles and names."""

import itertools

import pytest

from tests.explain import chromium
from tests.explain.test_page import find
from tests.explain.test_window import browser, click, explanation, page  # noqa: F401

pytestmark = chromium.MARKS


@pytest.fixture
def tree(page):  # noqa: F811
    # Sections further down are laid out when they come into sight: here all are.
    page.execute_script(
        "for (const e of document.querySelectorAll('#drawer, .story')) e.hidden = false;"
        "for (const e of document.querySelectorAll('#code li')) e.hidden = false;"
        "for (const e of document.querySelectorAll('*'))"
        " { e.style.contentVisibility = 'visible'; if (e.open === false) e.open = true }"
    )
    found = page.execute_cdp_cmd("Accessibility.getFullAXTree", {})["nodes"]
    return [n for n in found if not n.get("ignored")]


def role(node):
    return node.get("role", {}).get("value", "")


def name(node):
    return node.get("name", {}).get("value", "").strip()


def test_what_can_be_used_has_a_name(tree):
    used = [n for n in tree if role(n) in {"button", "link", "checkbox", "combobox"}]
    assert len(used) > 20
    assert not [n for n in used if not name(n)]


def test_formulas_are_formulas_to_it(page, tree):  # noqa: F811
    """Every formula in sight of the eye is one to the reader, with its signs."""
    formulas = [n for n in tree if role(n) == "MathMLMath"]
    visible = [e for e in find(page, "math") if e.is_displayed()]
    assert len(formulas) >= len(visible) > 100
    inner = {role(n) for n in tree if role(n).startswith("MathML")}
    assert {"MathMLFraction", "MathMLIdentifier", "MathMLOperator"} <= inner


def test_every_value_of_the_graph_has_words(page, tree):  # noqa: F811
    symbols = [n for n in tree if role(n) == "graphics-symbol"]
    assert len(symbols) == len(find(page, "svg.graph .spot"))
    assert all(name(n) for n in symbols)


def test_the_graph_is_a_picture_with_words(page, tree):  # noqa: F811
    pictures = [n for n in tree if role(n) in {"image", "img", "graphics-document"}]
    assert pictures
    assert all(name(n) for n in pictures)
    (graph,) = find(page, "svg.graph")[:1]
    assert "net" in graph.get_attribute("aria-label")


def test_headings_go_down_one_by_one(page):  # noqa: F811
    levels = [int(h.tag_name[1]) for h in find(page, "h1, h2, h3, h4")]
    assert levels[0] == 1
    assert levels.count(1) == 1
    steps = [b - a for a, b in itertools.pairwise(levels)]
    assert max(steps) <= 1


def test_there_is_one_main_part_and_a_language(page, tree):  # noqa: F811
    assert len([n for n in tree if role(n) == "main"]) == 1
    assert find(page, "html")[0].get_attribute("lang") == "en"


def test_a_step_is_announced(page):  # noqa: F811
    live = find(page, "[aria-live='polite'], [role='status']")
    assert live
    before = [e.text for e in live]
    click(page, "#next")
    assert [e.text for e in live] != before


def test_everything_is_reached_with_the_tab_key(page):  # noqa: F811
    """Each control gets the focus in turn, and shows it."""
    from selenium.webdriver.common.action_chains import ActionChains
    from selenium.webdriver.common.keys import Keys

    wanted = {
        e.get_attribute("id") for e in find(page, "button[id]")
        if e.is_displayed() and e.is_enabled()
    }  # fmt: skip
    reached = set()
    for _ in range(400):
        ActionChains(page).send_keys(Keys.TAB).perform()
        at = page.switch_to.active_element
        seen = at.get_attribute("id")
        if seen in wanted:
            outline = at.value_of_css_property("outline-style")
            assert outline != "none", seen
            reached.add(seen)
        if wanted <= reached:
            break
    assert wanted <= reached, wanted - reached
