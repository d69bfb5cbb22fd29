"""A page to read, in a real browser: links between places, and no harm done."""

import numpy as np
import pytest

import derivo
from derivo.explain import palette
from tests.explain import chromium

pytestmark = chromium.MARKS
LEVELS = ("scalar", "matrix", "batch", "code")


def net(x, w1, b1, w2, b2, t):
    n1 = x @ w1 + b1
    h = np.maximum(n1, 0)
    n2 = h @ w2 + b2
    e = np.exp(n2 - np.max(n2, axis=1, keepdims=True))
    p = e / np.sum(e, axis=1, keepdims=True)
    return -np.mean(np.sum(t * np.log(p), axis=1))


def rnn(x, w, u, h):
    for row in x:
        h = np.tanh(row @ w + h @ u)
    return h


def explained(language="en", levels=LEVELS):
    rng = np.random.default_rng(0)
    d = derivo.derive(
        net, wrt=("w1", "b1", "w2", "b2"), x="N L", w1="L M", b1="M", w2="M C", b2="C",
        t="N C",
    )  # fmt: skip
    shapes = {"x": (3, 4), "w1": (4, 3), "b1": 3, "w2": (3, 2), "b2": 2}
    arrays = {k: rng.normal(size=s).round(1) for k, s in shapes.items()}
    return d.explain(levels, language=language, **arrays, t=np.eye(2)[[0, 1, 0]])


@pytest.fixture(scope="module")
def browser(tmp_path_factory):
    driver = chromium.started(tmp_path_factory.mktemp("profile"))
    yield driver
    driver.quit()


@pytest.fixture(scope="module")
def path(tmp_path_factory):
    return explained().save(tmp_path_factory.mktemp("page") / "net.html")


@pytest.fixture
def page(browser, path):
    browser.set_window_size(1280, 1000)
    browser.get("about:blank")
    browser.get(path.as_uri())
    return browser


def find(driver, query):
    from selenium.webdriver.common.by import By

    return driver.find_elements(By.CSS_SELECTOR, query)


def click(driver, query):
    driver.execute_script("document.querySelector(arguments[0]).click()", query)


def test_a_factor_lights_up_in_all_its_places(page):
    """Factor of a formula, line of code, number beside it."""
    (ninth, *_) = [b for b in find(page, ".code .badge-n") if b.text == "9"]
    factor = ninth.get_attribute("data-f")
    for query in (
        f'main section math [data-f="{factor}"]',
        f'.code li .badge-n[data-f="{factor}"]',
    ):
        page.execute_script(
            "document.querySelector(arguments[0]).dispatchEvent(new MouseEvent('mouseover', {bubbles: true}))",
            query,
        )
        assert find(page, f'section math .lit[data-f="{factor}"]')
        assert find(page, ".code li.lit")
        page.execute_script(
            "document.body.dispatchEvent(new MouseEvent('mouseover', {bubbles: true}))"
        )
        assert not find(page, ".lit")


def test_a_factor_is_reached_by_the_keyboard(page):
    page.execute_script("document.querySelector('.code .badge-n').focus()")
    assert find(page, "main section math .lit")
    assert find(page, ".code .badge-n")[0].get_attribute("aria-label")


PINNED = """const badge = document.querySelector(arguments[0]), key = (k) =>
    badge.dispatchEvent(new KeyboardEvent('keydown', { key: k, bubbles: true }));
  const lit = () => [...document.querySelectorAll('.lit')].map(e => e.dataset.f || e.dataset.lines);
  badge.focus();
  key('Enter');
  badge.blur();
  document.body.dispatchEvent(new MouseEvent('mouseover', { bubbles: true }));
  const on = lit();
  key('Escape');
  return [badge.dataset.f, on, lit()];
"""


@pytest.mark.parametrize("levels", [LEVELS, "all"], ids=["read", "computes"])
def test_a_factor_stays_lit_that_was_chosen_by_the_keyboard(browser, tmp_path, levels):
    """On a page that is read, and on one that computes."""
    chromium.open_page(browser, explained(levels=levels).page, tmp_path / "net.html")
    query = ".code .badge-n" if levels == LEVELS else "#code .badge-n"
    factor, lit, after = browser.execute_script(PINNED, query)
    assert lit
    assert all(factor in found.split() for found in lit)
    assert after == []


def test_a_picture_in_the_drawer_has_the_colours_of_its_factors(browser, tmp_path):
    page = derivo.derive(rnn, x="T N L", w="L H", u="H H", h="N H").explain().page
    chromium.open_page(browser, page, tmp_path / "rnn.html")
    hues = browser.execute_script("""
      document.querySelector('#open').click();
      return [...document.querySelectorAll('#drawer figure .edge[data-f]')].map(e => {
        const line = e.querySelector('.own, .badge'), own = getComputedStyle(line);
        return [own.stroke, getComputedStyle(e).color, getComputedStyle(document.body).color];
      })""")
    assert len(hues) >= 8
    for stroke, hue, ink in hues:
        assert stroke == hue != ink


def test_dark_and_light(page):
    def ground():
        return find(page, "body")[0].value_of_css_property("background-color")

    before = ground()
    click(page, "#theme")
    assert ground() != before


OVERLAPS = """
  const found = [];
  for (const row of document.querySelectorAll('.rows tr')) {
    const cells = [...row.children].filter(c => !c.matches('.why')).map(c => [...c.querySelectorAll('math')]);
    const boxes = cells.flat().map(m => m.getBoundingClientRect()).filter(b => b.width);
    for (const [k, a] of boxes.entries()) for (const b of boxes.slice(k + 1))
      if (Math.min(a.right, b.right) - Math.max(a.left, b.left) > 1 && Math.min(a.bottom, b.bottom) - Math.max(a.top, b.top) > 3)
        found.push(row.textContent);
  }
  return found;
"""


@pytest.mark.parametrize("width", [1280, 390])
@pytest.mark.parametrize("kind", ["read", "drawer", "worksheet"])
def test_no_piece_of_a_formula_lies_on_another(browser, tmp_path, kind, width):
    e = explained(levels=LEVELS if kind == "read" else "all")
    shown = e.worksheet().sheet if kind == "worksheet" else e
    chromium.sized(browser, width, 900, mobile=width < 500)
    chromium.open_page(browser, shown.page, tmp_path / "net.html")
    if kind == "drawer":
        browser.execute_script("""document.querySelector('#open').click();
          for (const line of document.querySelectorAll('.unfold')) line.click()""")
    assert len(find(browser, ".rows tr")) > 10
    assert browser.execute_script(OVERLAPS) == []


def test_it_fits_a_phone(browser, path):
    browser.execute_cdp_cmd(
        "Emulation.setDeviceMetricsOverride",
        {"width": 360, "height": 740, "deviceScaleFactor": 1, "mobile": True},
    )
    try:
        browser.get("about:blank")
        browser.get(path.as_uri())
        wide = browser.execute_script("return document.documentElement.scrollWidth")
        assert wide <= 360
    finally:
        browser.execute_cdp_cmd("Emulation.clearDeviceMetricsOverride", {})


def test_the_font_is_the_pages_own(page):
    assert page.execute_script(
        "return document.fonts.ready.then(f => [...f].some(x => x.family.includes('derivo') && x.status == 'loaded'))"
    )


def test_nothing_is_asked_of_any_host_and_nothing_fails(browser, tmp_path):
    chromium.open_page(browser, explained().page, tmp_path / "net.html")
    click(browser, "#theme")
    assert chromium.complaints(browser) == []
    assert chromium.requests(browser) == []


def test_it_prints(page):
    done = page.execute_cdp_cmd("Page.printToPDF", {})
    assert len(done["data"]) > 20_000


def test_hostile_text_is_shown_and_never_run(browser, tmp_path):
    from dataclasses import replace

    from derivo.explain.document import Mono, Note, Paragraph, Section, Strong

    bad = "</script><script>window.pwned = 1</script><img src=x onerror=window.pwned=2>\"'"
    e = explained()
    section = Section(
        "x", (bad,), (Paragraph((Strong(bad), Mono(bad))), Note(bad, (bad,)))
    )
    e.document = replace(
        e.document, title=bad, sections=(section, *e.document.sections)
    )
    browser.get(e.save(tmp_path / "bad.html").as_uri())
    assert browser.execute_script("return window.pwned") is None
    assert bad in find(browser, "h1")[0].text


def test_the_size_of_a_page(path):
    assert path.stat().st_size < 400_000


@pytest.mark.parametrize("language", ["fr", "ja"])
def test_other_languages(browser, tmp_path, language):
    browser.get(explained(language).save(tmp_path / "page.html").as_uri())
    assert browser.execute_script("return document.documentElement.lang") == language


def luminance(hue):
    parts = [int(hue[k : k + 2], 16) / 255 for k in (1, 3, 5)]
    linear = [
        c / 12.92 if c <= 0.04045 else ((c + 0.055) / 1.055) ** 2.4 for c in parts
    ]
    return float(np.dot(linear, (0.2126, 0.7152, 0.0722)))


@pytest.mark.parametrize(
    ("hues", "ground"), [(palette.LIGHT, "#fdfdfc"), (palette.DARK, "#16181d")]
)
def test_colours_can_be_read(hues, ground):
    """WCAG 2.1, success criterion 1.4.3: a contrast of 4.5 or more."""
    for hue in hues:
        high, low = sorted((luminance(hue), luminance(ground)), reverse=True)
        assert (high + 0.05) / (low + 0.05) >= 4.5, hue
