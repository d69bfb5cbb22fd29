"""The playground: every choice is a derived network, trained as NumPy trains it."""

import numpy as np
import pytest

from derivo.play.networks import CHOICES, RULES, derived, keys, rules
from derivo.play.page import DATA, WIDTHS, page_of
from derivo.train.optimizers import find_optimizer
from tests.explain import chromium
from tests.explain.chromium import complaints, open_page, requests, sized
from tests.explain.test_window import CLOSE, browser, click, face, js  # noqa: F401

pytestmark = chromium.MARKS
NETWORKS = [
    (layers, activation, loss)
    for layers in CHOICES["layers"]
    for activation, loss in zip(
        CHOICES["activation"], ("cross_entropy", "mse", "cross_entropy"), strict=True
    )
]


@pytest.fixture(scope="module")
def some():
    """Half of the networks, each activation and each loss with every depth or two."""
    wanted = tuple(map(" ".join, NETWORKS))
    assert set(wanted) < set(keys())
    return tuple(derived(wanted=wanted))


@pytest.fixture(scope="module")
def networks(some):
    """Give the derivation of every network that is offered, by its choices."""
    return {n.key: n.explanation.derivation for n in some}


@pytest.fixture(scope="module")
def address(browser, some, tmp_path_factory):  # noqa: F811
    path = tmp_path_factory.mktemp("play") / "playground.html"
    page = page_of(some, "en")
    assert len(page.encode()) < 1_000_000
    sized(browser, 1280, 900)
    open_page(browser, page, path)
    return path.as_uri()


def chosen(driver, address, **choices):
    listed = "&".join(f"{k}={v}" for k, v in choices.items())
    driver.get("about:blank")
    driver.get(f"{address}?{listed}")


@pytest.mark.parametrize(("layers", "activation", "loss"), NETWORKS)
def test_gradients_are_those_of_numpy(
    browser, address, networks, layers, activation, loss  # noqa: F811
):  # fmt: skip
    data = DATA[len(activation) % 4]
    chosen(browser, address, layers=layers, activation=activation, loss=loss,
           width=WIDTHS[int(layers)], data=data)  # fmt: skip
    values = {k: np.array(v) for k, v in face(browser, "values").items()}
    d = networks[f"{layers} {activation} {loss}"]
    given = {n.attrs["name"]: values[n.attrs["name"]] for n in d.traced.inputs}
    assert given["w1"].shape == (2, int(WIDTHS[int(layers)]))
    np.testing.assert_allclose(face(browser, "loss"), d(**given), **CLOSE)
    for name, gradient in d.gradients(**given).items():
        np.testing.assert_allclose(face(browser, "gradients")[name], gradient, **CLOSE)
    assert complaints(browser) == []


@pytest.mark.parametrize("rule", RULES)
def test_update_rules_are_those_that_networks_are_trained_with(
    browser, address, networks, rule  # noqa: F811
):  # fmt: skip
    chosen(browser, address, layers=1, rule=rule, data="xor")
    values = {k: np.array(v) for k, v in face(browser, "values").items()}
    d = networks["1 tanh cross_entropy"]
    given = {n.attrs["name"]: values[n.attrs["name"]] for n in d.traced.inputs}
    known, rate = find_optimizer(rule), rules()[rule].rate
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
