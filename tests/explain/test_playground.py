"""The playground: every choice is a derived network, trained as NumPy trains it."""

import numpy as np
import pytest

from derivo.play.networks import RULES, derived, keys
from derivo.play.page import DATA, WIDTHS, page_of
from derivo.train.optimizers import find_optimizer
from tests.explain import chromium
from tests.explain.chromium import complaints, open_page, requests, sized
from tests.explain.test_window import CLOSE, browser, click, face, js  # noqa: F401

pytestmark = chromium.MARKS


@pytest.fixture(scope="module")
def every():
    return derived()


@pytest.fixture(scope="module")
def networks(every):
    """Give the derivation of every network that is offered, by its choices."""
    return {key: e.derivation for key, e in every.items()}


@pytest.fixture(scope="module")
def address(browser, every, tmp_path_factory):  # noqa: F811
    path = tmp_path_factory.mktemp("play") / "playground.html"
    page = page_of(every, "en")
    assert len(page.encode()) < 2_000_000
    sized(browser, 1280, 900)
    open_page(browser, page, path)
    return path.as_uri()


def chosen(driver, address, **choices):
    listed = "&".join(f"{k}={v}" for k, v in choices.items())
    driver.get("about:blank")
    driver.get(f"{address}?{listed}")


@pytest.mark.parametrize("key", keys())
def test_every_network_computes_as_numpy_does_and_learns(
    browser, address, networks, key  # noqa: F811
):  # fmt: skip
    layers, activation, loss = key.split()
    data = DATA[keys().index(key) % 4]
    chosen(browser, address, layers=layers, activation=activation, loss=loss,
           width=WIDTHS[int(layers)], data=data, rule="adam")  # fmt: skip
    values = {k: np.array(v) for k, v in face(browser, "values").items()}
    d = networks[key]
    given = {n.attrs["name"]: values[n.attrs["name"]] for n in d.traced.inputs}
    assert given["w1"].shape == (2, int(WIDTHS[int(layers)]))
    np.testing.assert_allclose(face(browser, "loss"), d(**given), **CLOSE)
    for name, gradient in d.gradients(**given).items():
        np.testing.assert_allclose(face(browser, "gradients")[name], gradient, **CLOSE)
    js(browser, "for (let k = 0; k < 40; k++) document.querySelector('#one').click()")
    trained = {k: np.array(v) for k, v in face(browser, "values").items()}
    after = d(**{k: trained[k] for k in given})
    assert after < 0.9 * d(**given)
    np.testing.assert_allclose(face(browser, "loss"), after, **CLOSE)
    assert complaints(browser) == []


@pytest.mark.parametrize("rule", RULES)
def test_update_rules_are_those_that_networks_are_trained_with(
    browser, address, networks, rule  # noqa: F811
):  # fmt: skip
    chosen(browser, address, layers=1, rule=rule, data="xor")
    values = {k: np.array(v) for k, v in face(browser, "values").items()}
    d = networks["1 tanh cross_entropy"]
    given = {n.attrs["name"]: values[n.attrs["name"]] for n in d.traced.inputs}
    known, rate = find_optimizer(rule), RULES[rule][1]
    states = {k: [np.zeros_like(given[k]) for _ in known.states] for k in d.wanted}
    for step in range(1, 21):
        gradients = d.gradients(**given)
        for k, g in gradients.items():
            given[k], *states[k] = known.rule(given[k], g, *states[k], rate, step)
    js(browser, "for (let k = 0; k < 20; k++) document.querySelector('#one').click()")
    for k in d.wanted:
        np.testing.assert_allclose(face(browser, "values")[k], given[k], **CLOSE)


@pytest.mark.parametrize("data", DATA[:4])
def test_points_are_learnt(browser, address, data):  # noqa: F811
    layers = 2 if data == "spiral" else 1
    chosen(browser, address, data=data, layers=layers, width=8, rule="adam")
    js(browser, "derivo.step(0)")
    click(browser, "#bar [data-mode=train]")
    js(browser, "for (let k = 0; k < 100; k++) document.querySelector('#one').click()")
    assert face(browser, "loss") < 0.25
    # The plane says something of both classes.
    pixels = js(browser, "const c = document.querySelector('canvas.plane'); return [...c.getContext('2d').getImageData(0, 0, 40, 40).data]")  # fmt: skip
    assert len({tuple(p) for p in np.reshape(pixels, (-1, 4)).tolist()}) > 20


DOTS = """
  const box = document.querySelector('.plane-box').getBoundingClientRect();
  return [...document.querySelectorAll('.plane-box circle')].map(c => {
    const { left, top, width, height } = c.getBoundingClientRect();
    return [(left + width / 2 - box.left) / box.width, (top + height / 2 - box.top) / box.height];
  })"""


@pytest.mark.parametrize("size", [(1280, 900), (390, 844), (1000, 560)])
def test_a_point_is_drawn_where_the_plane_says_something_of_it(
    browser, address, size  # noqa: F811
):  # fmt: skip
    """The colour of a place is the answer to a point that is drawn at that place."""
    sized(browser, *size)
    chosen(browser, address, data="circle")
    points = np.array(face(browser, "values")["x"])
    drawn = np.array(js(browser, DOTS))
    reach = js(browser, "return derivo.state.reach")
    expected = np.stack([1 + points[:, 0] / reach, 1 - points[:, 1] / reach], 1) / 2
    np.testing.assert_allclose(drawn, expected, atol=0.02)
    sized(browser, 1280, 900)


def test_the_loss_is_drawn_from_nought_on(browser, address):  # noqa: F811
    """At the start and after steps: no number of its scale is below 0."""
    chosen(browser, address, data="circle")
    written = "return [...document.querySelectorAll('.beside > .chart text')].map(t => t.textContent)"
    for _ in range(2):
        low, steps, bottom, top = js(browser, written)
        assert (low, bottom) == ("0", "0")
        assert float(top) > 0
        click(browser, "#one")
    assert steps == "1"


def test_a_rate_is_called_too_large_where_it_is(browser, address):  # noqa: F811
    """Rules with a memory go up now and then: that alone is no fault of the rate."""
    warned = "return Boolean(document.querySelector('.feedback.wrong'))"
    chosen(browser, address, data="spiral", layers=3, activation="relu", loss="mse",
           width=8, rule="adam")  # fmt: skip
    ups = """let ups = 0, said = 0;
      for (let k = 0; k < 150; k++) {
        const before = derivo.loss;
        document.querySelector('#one').click();
        ups += derivo.loss > before;
        said += Boolean(document.querySelector('.feedback.wrong')) && derivo.loss < 0.5;
      }
      return [ups, said]"""
    rose, said = js(browser, ups)
    assert rose > 0
    assert said == 0
    chosen(browser, address, data="circle", rule="sgd")
    js(browser, "const r = document.querySelector('#rate'); r.value = 1.5; r.dispatchEvent(new Event('input'))")  # fmt: skip
    js(browser, "for (let k = 0; k < 20 && !document.querySelector('.feedback.wrong'); k++) document.querySelector('#one').click()")  # fmt: skip
    assert js(browser, warned)


def test_points_of_ones_own_by_click_and_from_a_file(browser, address):  # noqa: F811
    from selenium.webdriver.common.action_chains import ActionChains

    chosen(browser, address, data="own")
    before = face(browser, "values")["x"]
    click(browser, "#class1")
    plane = js(browser, "return document.querySelector('.plane-box')")
    ActionChains(browser).move_to_element_with_offset(plane, 30, -40).click().perform()
    values = face(browser, "values")
    assert values["x"][:-1] == before
    assert values["t"][-1] == [0, 1]
    across, up = values["x"][-1]
    assert 0 < across < up
    width = js(browser, "return document.querySelector('.plane-box').offsetWidth")
    np.testing.assert_allclose(
        js(browser, DOTS)[-1], [0.5 + 30 / width, 0.5 - 40 / width], atol=0.02
    )
    assert np.shape(face(browser, "values")["n1"]) == (len(before) + 1, 4)
    load = """const file = new File([arguments[0]], 'own.csv'), all = new DataTransfer();
      all.items.add(file);
      const input = document.querySelector('#csv');
      input.files = all.files;
      input.dispatchEvent(new Event('change'));
      setTimeout(arguments[1], 200)"""
    browser.execute_async_script(load, "x,y,class\n0.5,1,red\n-0.5,0.25,blue\n")
    assert face(browser, "values")["x"] == [[0.5, 1], [-0.5, 0.25]]
    assert face(browser, "values")["t"] == [[0, 1], [1, 0]]
    # They stay when another network is chosen.
    js(browser, "const s = document.querySelector('#choose-layers'); s.value = '2'; s.dispatchEvent(new Event('change'))")  # fmt: skip
    assert face(browser, "values")["x"] == [[0.5, 1], [-0.5, 0.25]]
    assert "w3" in face(browser, "values")
    assert requests(browser) == []


def test_a_batch_twice_leaves_a_mean_and_doubles_a_sum(browser, address):  # noqa: F811
    chosen(browser, address, data="clouds")
    rows, gradient = len(face(browser, "values")["x"]), face(browser, "gradients")["w1"]

    def size():
        text = js(browser, "return document.querySelector('#batch').textContent")
        return float(text.split()[-1].replace(",", ""))

    before = size()
    click(browser, "#twice")
    assert len(face(browser, "values")["x"]) == 2 * rows
    np.testing.assert_allclose(face(browser, "gradients")["w1"], gradient, **CLOSE)
    assert size() == pytest.approx(before, rel=1e-2)
    click(browser, "#summed")
    assert size() == pytest.approx(2 * rows * before, rel=1e-2)
    # A step goes as far as the sum says.
    w1 = np.array(face(browser, "values")["w1"])
    js(browser, "derivo.train(1, 0.001)")
    moved = np.array(face(browser, "values")["w1"]) - w1
    np.testing.assert_allclose(moved, -0.001 * 2 * rows * np.array(gradient), **CLOSE)


def test_the_command_writes_a_page(tmp_path):
    from derivo.cli.main import main

    assert main(["play", "-o", str(tmp_path / "play.txt")]) == 2
