"""The page in a real browser: steps, keys, links between places, and no harm done."""

import json
import os
import shutil

import numpy as np
import pytest

import derivo
from derivo.explain import palette

CHROMIUM = shutil.which("chromium") or shutil.which("chromium-browser")
DRIVER = shutil.which("chromedriver")
pytestmark = [
    pytest.mark.browser,
    pytest.mark.skipif(
        not (CHROMIUM and DRIVER),
        reason="NO BROWSER: the page is not driven; install chromium and chromium-driver",
    ),
]
OPTIONS = (
    "--headless", "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run",
    "--disable-background-networking", "--disable-component-update", "--disable-sync",
)  # fmt: skip


def net(x, w1, b1, w2, b2, t):
    n1 = x @ w1 + b1
    h = np.maximum(n1, 0)
    n2 = h @ w2 + b2
    e = np.exp(n2 - np.max(n2, axis=1, keepdims=True))
    p = e / np.sum(e, axis=1, keepdims=True)
    return -np.mean(np.sum(t * np.log(p), axis=1))


def explained(language="en"):
    rng = np.random.default_rng(0)
    d = derivo.derive(
        net, wrt=("w1", "b1", "w2", "b2"), x="N L", w1="L M", b1="M", w2="M C", b2="C",
        t="N C",
    )  # fmt: skip
    shapes = {"x": (3, 4), "w1": (4, 3), "b1": 3, "w2": (3, 2), "b2": 2}
    arrays = {k: rng.normal(size=s).round(1) for k, s in shapes.items()}
    return d.explain(language=language, **arrays, t=np.eye(2)[[0, 1, 0]])


@pytest.fixture(scope="module")
def browser(tmp_path_factory):
    from selenium import webdriver
    from selenium.webdriver.chrome.service import Service

    options = webdriver.ChromeOptions()
    options.binary_location = CHROMIUM
    for option in OPTIONS:
        options.add_argument(option)
    options.add_argument(f"--user-data-dir={tmp_path_factory.mktemp('profile')}")
    options.set_capability(
        "goog:loggingPrefs", {"browser": "ALL", "performance": "ALL"}
    )
    driver = webdriver.Chrome(options=options, service=Service(DRIVER))
    driver.set_window_size(1280, 1000)
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


def press(driver, key):
    from selenium.webdriver.common.action_chains import ActionChains

    ActionChains(driver).send_keys(key).perform()


def where(driver):
    return find(driver, "#where")[0].text


def click(driver, query):
    driver.execute_script("document.querySelector(arguments[0]).click()", query)


def test_steps_by_buttons(page):
    count = int(where(page).split("/")[1])
    assert where(page) == f"1 / {count}"
    for button, at in (
        ("next", 2),
        ("next", 3),
        ("back", 2),
        ("last", count),
        ("first", 1),
    ):
        click(page, f"#{button}")
        assert where(page) == f"{at} / {count}"
    shown = [f for f in find(page, ".frame") if f.is_displayed()]
    assert len(shown) == 1


def test_steps_by_keys(page):
    from selenium.webdriver.common.keys import Keys

    count = int(where(page).split("/")[1])
    press(page, Keys.ARROW_RIGHT)
    press(page, Keys.ARROW_RIGHT)
    assert where(page) == f"3 / {count}"
    press(page, Keys.ARROW_LEFT)
    assert where(page) == f"2 / {count}"
    assert page.execute_script("return location.hash") == "#step=2"


def test_a_link_leads_to_a_step(browser, path):
    browser.get("about:blank")
    browser.get(path.as_uri() + "#step=5")
    assert where(browser).startswith("5 / ")


def test_a_step_marks_graph_and_code(page):
    click(page, "#last")
    assert find(page, "svg .spot.now")
    assert find(page, "svg .edge.used")
    assert find(page, ".code li.now")


def test_play_goes_on_by_itself(page):
    from selenium.webdriver.support.ui import WebDriverWait

    click(page, "#play")
    WebDriverWait(page, 10).until(lambda d: where(d).startswith("2 /"))
    click(page, "#play")
    assert find(page, "#play")[0].get_attribute("aria-pressed") == "false"


def test_predict_before_reveal(page):
    click(page, "#predict")
    click(page, "#next")
    (answer,) = [e for e in find(page, ".frame:not([hidden]) .answer-part")]
    assert answer.value_of_css_property("visibility") == "hidden"
    press(page, "r")
    assert answer.value_of_css_property("visibility") == "visible"


def test_a_factor_lights_up_in_all_four_places(page):
    """Edge of the graph, factor of a formula, line of code, number in the stepper."""
    (ninth, *_) = [b for b in find(page, ".code .badge-n") if b.text == "9"]
    factor = ninth.get_attribute("data-f")
    steps = find(page, ".frame.backward")
    shown = next(k for k, s in enumerate(steps) if find(s, f'[data-f="{factor}"]'))
    forward = len(find(page, ".frame.forward"))
    for _ in range(forward + shown):
        click(page, "#next")
    for query in (
        f'svg [data-f="{factor}"]',
        f'main section math [data-f="{factor}"]',
        f'.code li .badge-n[data-f="{factor}"]',
    ):
        page.execute_script(
            "document.querySelector(arguments[0]).dispatchEvent(new MouseEvent('mouseover', {bubbles: true}))",
            query,
        )
        lit = [e.get_attribute("outerHTML")[:80] for e in find(page, ".lit")]
        assert find(page, f'svg .edge.lit[data-f="{factor}"]'), lit
        assert find(page, f'section math .lit[data-f="{factor}"]'), lit
        assert find(page, ".code li.lit"), lit
        assert find(page, f'#stepper .frame:not([hidden]) .lit[data-f="{factor}"]'), lit
        page.execute_script(
            "document.body.dispatchEvent(new MouseEvent('mouseover', {bubbles: true}))"
        )
        assert not find(page, ".lit")


def test_a_factor_is_reached_by_the_keyboard(page):
    page.execute_script("document.querySelector('.code .badge-n').focus()")
    assert find(page, "svg .edge.lit")
    assert find(page, ".code .badge-n")[0].get_attribute("aria-label")


def test_levels_filter_the_sections(page):
    click(page, '[data-level="batch"]')
    visible = {
        s.get_attribute("data-of")
        for s in find(page, "section[data-of]")
        if s.is_displayed()
    }
    assert visible == {"batch"}
    click(page, '[data-level="all"]')
    assert len([s for s in find(page, "section[data-of]") if s.is_displayed()]) > 5


def test_dark_and_light(page):
    def ground():
        return find(page, "body")[0].value_of_css_property("background-color")

    before = ground()
    click(page, "#theme")
    assert ground() != before


def test_it_fits_a_phone(browser, path):
    browser.execute_cdp_cmd(
        "Emulation.setDeviceMetricsOverride",
        {"width": 360, "height": 740, "deviceScaleFactor": 1, "mobile": True},
    )
    try:
        browser.get("about:blank")
        browser.get(path.as_uri())
        wide = browser.execute_script("return document.documentElement.scrollWidth")
        shot(browser, "phone")
        assert wide <= 360
    finally:
        browser.execute_cdp_cmd("Emulation.clearDeviceMetricsOverride", {})


def test_the_font_is_the_pages_own(page):
    assert page.execute_script(
        "return document.fonts.ready.then(f => [...f].some(x => x.family.includes('derivo') && x.status == 'loaded'))"
    )


def shot(driver, name):
    folder = os.environ.get("DERIVO_SCREENSHOTS")
    if folder:
        driver.save_screenshot(f"{folder}/{name}.png")


def test_nothing_is_asked_of_any_host_and_nothing_fails(browser, path):
    browser.get("about:blank")
    browser.get_log("browser")
    browser.get_log("performance")
    browser.get(path.as_uri())
    for button in ("next", "last", "theme"):
        click(browser, f"#{button}")
    shot(browser, "desktop")
    assert [m for m in browser.get_log("browser") if m["level"] == "SEVERE"] == []
    asked = []
    for entry in browser.get_log("performance"):
        message = json.loads(entry["message"])["message"]
        if message["method"] == "Network.requestWillBeSent":
            asked.append(message["params"]["request"]["url"])
    outside = [u for u in asked if not u.startswith(("file:", "data:", "about:"))]
    assert outside == []


def test_it_prints(page):
    done = page.execute_cdp_cmd("Page.printToPDF", {})
    assert len(done["data"]) > 20_000


def test_forty_blocks_are_folded_and_quick(browser, tmp_path):
    def block(x, w, b):
        return np.tanh(x @ w + b)

    def deep(x, w, b):
        for _ in range(40):
            x = block(x, w, b)
        return x

    path = (
        derivo.derive(deep, x="N L", w="L L", b="L")
        .explain()
        .save(tmp_path / "deep.html")
    )
    browser.get(path.as_uri())
    timing = browser.execute_script(
        "const t = performance.timing; return t.loadEventEnd - t.navigationStart"
    )
    assert timing < 5000
    assert find(browser, ".folded")[0].is_displayed()
    click(browser, "button.unfold")
    assert find(browser, ".whole")[0].is_displayed()
    assert not find(browser, ".folded")[0].is_displayed()


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
    shot(browser, language)


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
