"""The window in a real browser: what it computes is what NumPy computes."""

from __future__ import annotations

import re
import shutil
import subprocess
from base64 import b64decode
from functools import partial
from itertools import pairwise
from xml.etree import ElementTree as ET

import numpy as np
import pytest

import derivo
from benchmarks import gpt2
from derivo.errors import IndependentWarning
from derivo.explain import palette
from derivo.explain.formula import mathml
from derivo.explain.prepare import subject
from derivo.layers import Dense
from tests.catalogue import CASES
from tests.explain import chromium
from tests.explain.chromium import complaints, open_page, requests, sized
from tests.scan.programs import PROGRAMS

pytestmark = chromium.MARKS
DRIVEN = ("neuron", "layer_norm", "attention", "embedding", "max_pooling", "highway")
LIT_OUTSIDE = """
  const lit = [...document.querySelectorAll(
    '.view:not([hidden]) .now, .view:not([hidden]) .edge.used, #code li.now, .moment:not([hidden])')];
  return lit.filter(e => {
    const box = e.getBoundingClientRect();
    const side = e.closest('#code, #card') || document.documentElement;
    const room = side.getBoundingClientRect();
    return box.top < Math.max(0, room.top) - 1 || box.left < 0
      || box.bottom > Math.min(innerHeight, room.bottom) + 1;
  }).map(e => e.outerHTML.slice(0, 90));
"""
CLOSE = {"rtol": 1e-9, "atol": 1e-9}


def net(x, w1, b1, w2, b2, t):
    n1 = x @ w1 + b1
    h = np.tanh(n1)
    n2 = h @ w2 + b2
    e = np.exp(n2 - np.max(n2, axis=1, keepdims=True))
    p = e / np.sum(e, axis=1, keepdims=True)
    return -np.mean(np.sum(t * np.log(p), axis=1))


SHAPES = {"x": "N L", "w1": "L M", "b1": "M", "w2": "M C", "b2": "C", "t": "N C"}
WEIGHTS = ("w1", "b1", "w2", "b2")


def derived():
    return derivo.derive(net, wrt=WEIGHTS, **SHAPES)


@pytest.fixture(scope="module")
def browser(tmp_path_factory):
    driver = chromium.started(tmp_path_factory.mktemp("profile"))
    yield driver
    driver.quit()


@pytest.fixture(scope="module")
def explanation():
    return derived().explain()


@pytest.fixture
def page(browser, explanation, tmp_path):
    sized(browser, 1280, 900)
    open_page(browser, explanation.page, tmp_path / "net.html")
    return browser


def js(driver, text, *given):
    return driver.execute_script(text, *given)


def face(driver, name):
    return js(driver, f"return derivo.{name}")


def click(driver, query):
    js(driver, "document.querySelector(arguments[0]).click()", query)


def texts(driver, query):
    return js(
        driver,
        "return [...document.querySelectorAll(arguments[0])].map(e => e.textContent)",
        query,
    )


def arrays_of(explanation):
    return {
        v.name: np.array(explanation.window.arguments[v.id])
        for v in explanation.window.values if v.is_argument
    }  # fmt: skip


# --- what it computes ---------------------------------------------------------------------


def programs():
    found = {name: CASES[name] for name in DRIVEN}
    return {**found, "lstm": PROGRAMS["lstm"]}


@pytest.mark.parametrize("name", programs())
def test_after_random_changes_it_is_what_numpy_computes(browser, tmp_path, name):
    case = programs()[name]
    d = derivo.derive(case.function, shapes=case.specs)
    given = case.arrays()
    open_page(browser, d.explain(arrays=given).page, tmp_path / f"{name}.html")
    rng = np.random.default_rng(3)
    given = {k: np.array(v) for k, v in given.items()}
    floating = [k for k, v in given.items() if v.dtype.kind == "f"]
    changes = []
    for _ in range(20):
        at = floating[rng.integers(len(floating))]
        index = tuple(int(rng.integers(n)) for n in given[at].shape)
        value = float(given[at][index] + 0.1 * rng.normal())
        given[at][index] = value
        changes.append([at, list(index), value])
    js(browser, "for (const [n, i, v] of arguments[0]) derivo.set(n, i, v)", changes)
    output, gradients = d.value_and_gradients(**given)
    for key, gradient in gradients.items():
        np.testing.assert_allclose(face(browser, "gradients")[key], gradient, **CLOSE)
    values = face(browser, "values")
    for key, value in given.items():
        np.testing.assert_allclose(values[key], value, **CLOSE)
    flat = [np.sum(o) for o in (output if isinstance(output, tuple) else (output,))]
    np.testing.assert_allclose(face(browser, "loss"), sum(flat), **CLOSE)
    assert complaints(browser) == []
    assert requests(browser) == []


def test_training_is_gradient_descent(page, explanation):
    d, given = derived(), arrays_of(explanation)
    js(page, "derivo.train(50, 0.3)")
    for _ in range(50):
        gradients = d.gradients(**given)
        given = {k: v - 0.3 * gradients[k] if k in gradients else v
                 for k, v in given.items()}  # fmt: skip
    for key in WEIGHTS:
        np.testing.assert_allclose(face(page, "values")[key], given[key], **CLOSE)
    np.testing.assert_allclose(face(page, "loss"), d(**given), **CLOSE)


def test_an_argument_that_nothing_reads_has_a_gradient_of_zeros(browser, tmp_path):
    arrays = {"x": np.ones((3, 2)), "k": np.ones(2), "w": np.full((2, 2), 0.5)}
    with pytest.warns(IndependentWarning):
        d = derivo.derive(lambda x, k, w: np.tanh(x @ w), x="3 2", k="2", w="2 2")
    open_page(browser, d.explain(arrays=arrays).page, tmp_path / "unread.html")
    js(browser, "derivo.set('k', [0], 3.5); derivo.train(2, 0.1)")
    assert js(browser, "return [derivo.values.k, derivo.gradients.k]") == [
        [3.5, 1], [0, 0],
    ]  # fmt: skip


def test_a_network_trains_its_weights_alone(browser, tmp_path):
    x, t = derivo.data.digits()
    network = derivo.Network(
        Dense(4, "relu"), Dense(10), loss="cross_entropy", dtype=np.float64
    )  # fmt: skip
    network.build(64)
    open_page(browser, network.explain(x=x, t=t).page, tmp_path / "digits.html")
    before = face(browser, "values")
    js(browser, "derivo.train(1, 0.1)")
    after, gradients = face(browser, "values"), face(browser, "gradients")
    assert before["x"] == after["x"]
    assert set(gradients) >= {"w1", "b1", "w2", "b2"}
    assert before["w2"] != after["w2"]


# --- pictures that open ---------------------------------------------------------------


LOOPS = (
    "rnn", "lstm", "backwards", "two_layers", "discount", "swapping", "a_loop_in_a_loop"
)  # fmt: skip


def loops_in(about, k=0):
    """Give the loops, and those in the step of each that runs as the k-th."""
    for steps in about.loops:
        yield about.ids[steps.node], steps
        yield from loops_in(steps.at[steps.running[k]])


def assert_steps(browser, place, steps):
    found = js(browser, "return derivo.loop(arguments[0])", place)
    assert len(found) == len(steps.running)
    for t, step in steps.at.items():
        for node, i in step.ids.items():
            adjoint = step.raw.adjoints.get(node)
            for side, held in (("values", node), ("gradients", adjoint)):
                if held is not None and i in found[t][side]:
                    np.testing.assert_allclose(
                        found[t][side][i], step.values[held], **CLOSE
                    )


@pytest.mark.parametrize("name", LOOPS)
def test_the_steps_of_a_loop_are_what_numpy_computes(browser, tmp_path, name):
    case = PROGRAMS[name]
    d = derivo.derive(case.function, shapes=case.specs)
    given = case.arrays()
    explanation = d.explain(arrays=given)
    about = subject(d.written_out, given)
    open_page(browser, explanation.page, tmp_path / f"{name}.html")
    found = dict(loops_in(about))
    assert [loop.place for loop in explanation.window.loops] == list(found)
    for loop in explanation.window.loops:
        assert_steps(browser, loop.place, found[loop.place])
        # Its picture shows the numbers of the steps that are chosen.
        js(
            browser,
            "derivo.step(derivo.steps); derivo.open(arguments[0])",
            loop.picture,
        )
        assert len(texts(browser, ".view:not([hidden]) .grid.of-value .cell text")) > 3
    assert complaints(browser) == []


def test_a_loop_in_a_loop_opens_for_the_step_that_it_is_in(browser, tmp_path):
    case = PROGRAMS["a_loop_in_a_loop"]
    d = derivo.derive(case.function, shapes=case.specs)
    given = case.arrays()
    page = d.explain(arrays=given).page
    open_page(browser, page, tmp_path / "loops.html")
    _, (place, inner) = loops_in(subject(d.written_out, given), k=1)
    js(browser, "derivo.step(derivo.steps)")
    for picture, box in (("p0", 0), (js(browser, "return derivo.pictures[1]"), 1)):
        assert js(browser, "return derivo.state.picture") == picture
        click = "arguments[0].dispatchEvent(new MouseEvent('click', {bubbles: true}))"
        boxes = browser.find_elements("css selector", ".view:not([hidden]) .opener")
        assert {b.get_attribute("aria-label") for b in boxes} < {
            "loop over t", "loop over s"
        }  # fmt: skip
        js(browser, click, boxes[box])
    assert_steps(browser, place, inner)
    assert "t = 2" in browser.find_element("id", "path").text
    assert not re.search(r"\bscan\b", browser.find_element("id", "picture").text)


@pytest.mark.parametrize("name", ["a_loop_in_a_loop", "streaming_attention"])
def test_every_line_of_a_loop_is_seen_when_it_lights_up(browser, tmp_path, name):
    case = PROGRAMS[name]
    page = derivo.derive(case.function, shapes=case.specs).explain().page
    open_page(browser, page, tmp_path / "lines.html")
    for k in range(1, js(browser, "return derivo.steps") + 1):
        hidden = js(
            browser,
            "derivo.step(arguments[0]); const room = document.querySelector('#code')"
            ".getBoundingClientRect(); return [...document.querySelectorAll("
            "'#code li.now')].filter((e) => e.hidden || e.getBoundingClientRect()"
            ".bottom > room.bottom + 1).map((e) => e.textContent)",
            k,
        )
        assert hidden == [], k


def block(x, w, b):
    return x + np.tanh(x @ w + b)


def deep(x, blocks, t):
    for p in blocks:
        x = block(x, p["w"], p["b"])
    return np.mean((x - t) ** 2)


def twelve_blocks():
    blocks = [{"w": "L L", "b": "L"}] * 12
    return derivo.derive(deep, x="N L", blocks=blocks, t="N L").explain()


def test_calls_are_boxes_that_open_where_a_step_leads_into_them(browser, tmp_path):
    explanation = twelve_blocks()
    whole, *calls = explanation.window.pictures
    assert [c.name for c in calls] == ["block"] * 12
    assert set(whole.opens.values()) == {c.id for c in calls}
    open_page(browser, explanation.page, tmp_path / "deep.html")
    moments = list(enumerate(explanation.window.moments, start=1))
    for step, moment in moments[::5]:
        js(browser, "derivo.step(arguments[0])", step)
        shown = js(browser, "return [...document.querySelectorAll('.view:not([hidden])')].map(v => v.dataset.picture)")  # fmt: skip
        inner = [c.id for c in calls if moment.place in c.holds]
        assert shown == (inner or ["p0"])
        assert js(browser, LIT_OUTSIDE) == []
    js(browser, "derivo.step(5)")
    click(browser, "#path button")
    assert face(browser, "state")["picture"] == "p0"
    js(browser, "derivo.step(6)")  # the whole shows that step too, and was chosen
    assert face(browser, "state")["picture"] == "p0"
    js(browser, "document.querySelector('[data-opens=p3]').dispatchEvent(new MouseEvent('click', { bubbles: true }))")  # fmt: skip
    assert face(browser, "state")["picture"] == "p3"
    assert complaints(browser) == []


def test_a_block_of_a_transformer_computes_opens_and_trains(browser, tmp_path):
    parameters = gpt2.init_params(1, 4, 5, 3, np.random.default_rng(0))
    given = {"inputs": np.array([1, 2, 0]), "targets": np.array([2, 0, 4])}
    weights = ("wte", "wpe", "blocks", "ln_f")
    d = derivo.derive(gpt2.gpt2_loss, wrt=weights, n_head=2, **given, **parameters)
    explanation = d.explain(**given, **parameters)
    window = explanation.window
    assert window.reasons == ()
    opened = {p.id: p for p in window.pictures}
    (block,) = (p for p in window.pictures if p.name == "transformer_block")
    inner = {opened[i].name for i in block.opens.values()}
    assert inner == {"layer_norm", "mha", "ffn"}
    open_page(browser, explanation.page, tmp_path / "gpt.html")
    js(browser, "derivo.train(5, 0.1)")
    for _ in range(5):
        back = d.gradients(**given, **parameters)
        parameters = {k: descended(parameters[k], back[k], 0.1) for k in weights}
    np.testing.assert_allclose(face(browser, "loss"), d(**given, **parameters), **CLOSE)
    np.testing.assert_allclose(
        face(browser, "values")["wte"], parameters["wte"], **CLOSE
    )
    assert complaints(browser) == []
    assert len(explanation.page.encode()) < 1_500_000


def descended(value, gradient, rate):
    """Take a step down, in arrays as they are nested."""
    if isinstance(value, dict):
        return {k: descended(v, gradient[k], rate) for k, v in value.items()}
    if isinstance(value, list):
        return [descended(v, g, rate) for v, g in zip(value, gradient, strict=True)]
    return value - rate * gradient


def test_what_stands_above_the_code_does_not_shift_its_lines():
    mask = np.triu(np.full((6, 6), -9.0), 1)

    def masked(x):
        scores = x @ x.T
        hidden = scores + mask
        return np.sum(np.exp(hidden))

    window = derivo.derive(masked, x="6 D").explain().window
    lines = window.code.lines
    for moment in window.moments:
        for value in window.values:
            if value.id == moment.place and value.name and moment.phase == "forward":
                own = [x for x in lines if value.id in x.places and not x.backward]
                assert any(value.name in line.text for line in own)
    assert {v.name for v in window.values if v.name} >= {"scores", "hidden"}


# --- steps ------------------------------------------------------------------------------


def seen(driver, side):
    """Give the grids in which something can be read, by value."""
    query = f"""return [...document.querySelectorAll('svg.graph .grid.of-{side}')]
      .filter(g => [...g.querySelectorAll('.cell')].some(c =>
        c.textContent || Number(c.querySelector('rect').style.fillOpacity) > 0))
      .map(g => g.dataset.id)"""
    return set(js(driver, query))


def test_nothing_is_revealed_early(page, explanation):
    moments = explanation.window.moments
    arguments = {v.id for v in explanation.window.values if v.is_argument}
    drawn = set(js(page, "return [...document.querySelectorAll('.grid.of-value')].map(g => g.dataset.id)"))  # fmt: skip
    assert face(page, "steps") == len(moments)
    for step in range(len(moments) + 1):
        js(page, "derivo.step(arguments[0])", step)
        done = moments[:step]
        forward = {m.place for m in done if m.phase == "forward"} | arguments
        backward = {m.place for m in done if m.phase == "backward"}
        assert seen(page, "value") == forward & drawn
        assert seen(page, "gradient") == backward & drawn
        shown = texts(page, "#loss")[0]
        output = explanation.window.outputs[0]
        assert ("?" in shown) == (output not in forward)
        # No line leads a gradient back to where it has not arrived.
        sources = js(page, "return [...document.querySelectorAll('.edge.back')].map(e => e.dataset.edge.split(' ')[0].split('-')[1])")  # fmt: skip
        assert set(sources) <= backward


def test_what_is_lit_is_in_the_window(page, explanation):
    for step in range(1, face(page, "steps") + 1):
        js(page, "derivo.step(arguments[0])", step)
        assert js(page, LIT_OUTSIDE) == []
        assert (
            js(page, "return document.querySelectorAll('svg.graph .now').length") == 1
        )
    assert js(page, "return document.documentElement.scrollHeight") <= 900


LIT_LINES = "return [...document.querySelectorAll('#code li.now')].map(l => Number(l.id.slice(1)))"  # fmt: skip


def test_the_code_of_a_step_is_read_whole(page, explanation):
    """One function at a time: no line of it is cut, and nothing is scrolled."""
    lines = explanation.window.code.lines
    for step in range(face(page, "steps") + 1):
        js(page, "derivo.step(arguments[0])", step)
        cut = """const c = document.querySelector('#code');
          return [c.scrollWidth - c.clientWidth, c.scrollHeight - c.clientHeight]"""
        assert js(page, cut) == [0, 0]
        shown = js(page, "return [...document.querySelectorAll('#code li')].filter(l => !l.hidden).map(l => Number(l.id.slice(1)))")  # fmt: skip
        assert lines[shown[0] - 1].text.startswith("def ")
        assert set(js(page, LIT_LINES)) <= set(shown)


SCROLLS = """
  const found = [], look = (at) => {
    for (const e of document.querySelectorAll('#app, #app *:not(svg *)')) {
      const { overflowX, overflowY } = getComputedStyle(e), can = (v) => v === 'auto' || v === 'scroll';
      const down = (can(overflowY) || e.id === 'code') && e.scrollHeight > e.clientHeight + 1;
      const across = can(overflowX) && e.scrollWidth > e.clientWidth + 1;
      if (e.clientHeight && (down || across)) found.push(`${e.id || e.className} at ${at}`);
    }
  };
  for (let k = 0; k <= derivo.steps; k += arguments[0]) { derivo.step(k); look(k); }
  for (const button of document.querySelectorAll('#bar [data-mode=nudge], #bar [data-mode=train]')) {
    if (!button.disabled) { button.click(); look(button.dataset.mode); }
  }
  return found;
"""


def long_sum(x):
    return x[0] * x[1] + x[1] * x[2] + x[2] * x[3] + x[3] * x[4] + x[4] * x[5]


def many_arguments(image):
    windows = [image[i : i + 3, j : j + 3] for i in range(3) for j in range(3)]
    return np.sum(np.stack(windows) ** 2)


def long_names(activation_of_the_previous_layer, weights_of_the_present_layer):
    sums_of_the_layer = activation_of_the_previous_layer @ weights_of_the_present_layer
    return np.tanh(sums_of_the_layer) * sums_of_the_layer


LONG = {
    long_sum: {"x": "6 N"},
    many_arguments: {"image": "5 5"},
    long_names: {"activation_of_the_previous_layer": "N L",
                 "weights_of_the_present_layer": "L L"},
}  # fmt: skip


def of_case(name):
    case = {**CASES, **PROGRAMS}[name]
    return derivo.derive(case.function, shapes=case.specs)


SHOWN = {
    "net": derived,
    "blocks": lambda: twelve_blocks().derivation,
    **{
        n: partial(of_case, n)
        for n in ("rnn", "multi_head_attention", "three_diagonals")
    },
    **{f.__name__: partial(derivo.derive, f, shapes=s) for f, s in LONG.items()},
}


@pytest.mark.parametrize("name", SHOWN)
def test_nothing_scrolls_while_the_drawers_are_closed(browser, tmp_path, name):
    """Long sums and long functions are broken, long names too."""
    sized(browser, 1280, 900)
    open_page(browser, SHOWN[name]().explain().page, tmp_path / f"{name}.html")
    assert js(browser, SCROLLS, 29 if name == "blocks" else 1) == []


def test_a_long_formula_is_broken_before_a_term_and_after_an_argument():
    """What is read on all its lines is the whole formula."""
    for f, shapes in LONG.items():
        window = derivo.derive(f, shapes=shapes).explain().window
        for row in (r for m in window.moments for r in m.rows):
            found = mathml.pieces(row.right)
            plain, joined = (
                "".join(t for e in found for t in ET.fromstring(f"<m>{e}</m>").itertext())
                for found in ([mathml.mathml(row.right)], found)
            )  # fmt: skip
            assert joined == plain
            for before, after in pairwise(found):
                starts = re.match(r'<mo form="infix" lspace="0">[+−]', after)
                assert starts or before.endswith("<mo>,</mo>")


def test_no_reason_of_the_derivation_in_short_is_cut(browser, tmp_path):
    sized(browser, 1280, 900)
    case = CASES["layer_norm"]
    d = derivo.derive(case.function, shapes=case.specs)
    open_page(browser, d.explain().page, tmp_path / "layer_norm.html")
    js(browser, "document.querySelector('#open').click()")
    cut = """const room = document.querySelector('#drawer .scroll').getBoundingClientRect();
      return [...document.querySelectorAll('#drawer .short td.why')].filter(td =>
        td.getBoundingClientRect().right > room.right + 1).map(td => td.textContent)"""
    assert js(browser, cut) == []


def test_a_long_function_shows_the_lines_around_a_step_and_opens(browser, tmp_path):
    explanation = twelve_blocks()
    open_page(browser, explanation.page, tmp_path / "deep.html")
    shown = "return [...document.querySelectorAll('#code li:not(.gap)')].filter(l => !l.hidden).map(l => Number(l.id.slice(1)))"  # fmt: skip
    steps = face(browser, "steps")
    for step in (5, steps // 2, steps - 3):
        js(browser, "derivo.step(arguments[0])", step)
        lines = js(browser, shown)
        lit = js(browser, LIT_LINES)
        assert lit
        assert set(lit) <= set(lines)
        assert explanation.window.code.lines[lines[0] - 1].text.startswith("def ")
    hidden = sum(int(t.split()[1]) for t in texts(browser, "#code .gap"))
    click(browser, "#code .gap button")
    assert len(js(browser, shown)) == len(lines) + hidden
    click(browser, "#code .gap button")
    assert js(browser, shown) == lines


def test_numbers_and_labels_stay_in_their_boxes(browser, tmp_path):
    wide = """return [...document.querySelectorAll('svg.graph g')].filter(g => {
        const box = g.querySelector(':scope > rect.badge, :scope > rect:first-child');
        if (!box || !g.matches('.cell, .label-of')) return false;
        const room = box.getBoundingClientRect();
        return [...g.querySelectorAll('text')].some(t => {
          const own = t.getBoundingClientRect();
          return own.left < room.left - 0.5 || own.right > room.right + 0.5;
        });
      }).map(g => g.textContent)"""
    for name in ("neuron", "layer_norm", "attention"):
        case = CASES[name]
        d = derivo.derive(case.function, shapes=case.specs)
        open_page(browser, d.explain().page, tmp_path / f"{name}.html")
        js(browser, "derivo.step(derivo.steps)")
        assert js(browser, wide) == []


def test_every_step_lights_lines_of_code_and_edges(page, explanation):
    """Forward what leads to the value, backward what leads on from it."""
    own = "return [...document.querySelectorAll('.view:not([hidden]) .edge.used')].map(e => e.dataset.edge.split('-').slice(1, 3))"  # fmt: skip
    names = {v.id: v.name for v in explanation.window.values}
    for step, moment in enumerate(explanation.window.moments, 1):
        js(page, "derivo.step(arguments[0])", step)
        lit, ends = texts(page, "#code li.now"), js(page, own)
        is_forward, name = moment.phase == "forward", names[moment.place]
        assert {e[is_forward] for e in ends} <= {moment.place}
        if name and name != "net":  # the result is returned, its gradient given
            assert ends
            assert lit
            assert not is_forward or any(f"{name} = " in line for line in lit)


def test_steps_by_keys_and_buttons(page):
    from selenium.webdriver.common.action_chains import ActionChains
    from selenium.webdriver.common.keys import Keys

    for key in (Keys.ARROW_RIGHT, Keys.ARROW_RIGHT, Keys.ARROW_LEFT):
        ActionChains(page).send_keys(key).perform()
    assert face(page, "state")["step"] == 1
    click(page, "#next")
    assert face(page, "state")["step"] == 2
    click(page, "#bar [data-mode=backward]")
    assert face(page, "state")["mode"] == "backward"
    assert len(seen(page, "gradient")) == 1
    ActionChains(page).send_keys(Keys.END).perform()
    assert face(page, "state")["step"] == face(page, "steps")


def test_play_goes_on_by_itself(page):
    from selenium.webdriver.support.ui import WebDriverWait

    click(page, "#play")
    WebDriverWait(page, 10).until(lambda d: face(d, "state")["step"] >= 2)
    click(page, "#play")
    assert texts(page, "#play[aria-pressed=true]") == []


def test_a_moment_can_be_shared(page, browser):
    """Its step and its numbers, the factor that is lit, and the mode."""
    js(page, "derivo.set('w1', [1, 0], 0.125); derivo.step(derivo.steps)")
    click(page, "#code li:not([hidden]) .badge-n")
    kept = {k: face(page, "state")[k] for k in ("step", "mode", "factor")}
    assert kept["factor"]
    address, loss = js(page, "return location.href"), face(page, "loss")
    browser.get("about:blank")
    browser.get(address)
    assert face(browser, "values")["w1"][1][0] == 0.125
    assert face(browser, "loss") == loss
    assert {k: face(browser, "state")[k] for k in kept} == kept
    js(page, "derivo.step(7)")
    address = js(page, "return location.href")
    browser.get("about:blank")
    browser.get(address)
    assert face(browser, "state")["step"] == 7
    browser.get("about:blank")
    browser.get(address.partition("#")[0] + "#step=5")
    assert face(browser, "state")["step"] == 5


# --- the other interactions -----------------------------------------------------------------


def test_a_nudge_moves_what_is_downstream_and_the_gradient_predicts_it(page):
    click(page, "#bar [data-mode=nudge]")
    before = face(page, "loss")
    slope = face(page, "gradients")["w1"][0][0]
    start = face(page, "values")["w1"][0][0]
    move = """const s = document.querySelector('#slider'); s.value = arguments[0];
      s.dispatchEvent(new Event('input'));"""
    shown = texts(page, "svg.graph .grid.of-value .cell")
    js(page, move, start + 0.05)
    moved = face(page, "values")["w1"][0][0]
    true, predicted = face(page, "loss") - before, slope * (moved - start)
    assert true == pytest.approx(predicted, rel=0.2)
    facts = texts(page, "#panel dd")
    number = float(facts[-1].replace("−", "-"))
    assert number == pytest.approx(true, rel=5e-3)  # three figures
    assert texts(page, "svg.graph .grid.of-value .cell") != shown
    assert js(page, "return document.querySelectorAll('#panel .curve, #panel .tangent').length") == 2  # fmt: skip


def test_a_number_is_dragged(page):
    from selenium.webdriver.common.action_chains import ActionChains

    click(page, "#bar [data-mode=nudge]")
    cell = js(page, "return [...document.querySelectorAll('.spot.argument')].find(s => s.querySelector('.name').textContent === 'w₂').querySelector('.of-value .cell rect')")  # fmt: skip
    before = face(page, "values")["w2"]
    ActionChains(page).click_and_hold(cell).move_by_offset(40, 0).release().perform()
    after = face(page, "values")["w2"]
    assert after[0][0] > before[0][0]
    assert after[1] == before[1]


def test_a_cell_lights_the_row_and_the_column_it_comes_from(page):
    js(page, "derivo.step(derivo.steps)")
    find = """return [...document.querySelectorAll('.of-gradient.grid .cell')]
      .find(c => c.place.id === arguments[0] && c.place.index === arguments[1])
      .querySelector('rect')"""
    ids = js(page, "return JSON.parse(document.querySelector('#model').textContent).names")  # fmt: skip
    from selenium.webdriver.common.action_chains import ActionChains

    rect = js(page, find, ids["w1"], 1)
    ActionChains(page).move_to_element(rect).perform()
    lit = js(page, "return [...document.querySelectorAll('svg .cell.lit')].map(c => [c.place.side, c.place.id, c.place.index])")  # fmt: skip
    values, gradients = face(page, "values"), face(page, "gradients")
    rows, columns = np.shape(values["x"])
    units = np.shape(values["w1"])[1]
    expected = {("gradient", ids["w1"], 1)}
    expected |= {("value", ids["x"], columns * n) for n in range(rows)}
    expected |= {("gradient", ids["n1"], units * n + 1) for n in range(rows)}
    assert {tuple(c) for c in lit} == expected
    said = texts(page, "#why")[0].replace("−", "-")
    assert said.startswith("dw₁[1, 2]")
    total = float(said.rpartition("=")[2])
    assert total == pytest.approx(gradients["w1"][0][1], rel=5e-3)


def test_predict_before_reveal_and_slips_have_names(page):
    moments = "return JSON.parse(document.querySelector('#model').textContent)"
    model = js(page, moments)
    step = 1 + next(
        k for k, s in enumerate(model["steps"])
        if s["phase"] == "backward" and s["id"] == model["names"]["w1"]
    )  # fmt: skip
    click(page, "#predict")
    js(page, "derivo.step(arguments[0])", step)
    assert model["names"]["w1"] not in seen(page, "gradient")
    shape = np.shape(face(page, "values")["w1"])
    choose = """[...document.querySelectorAll('#panel .shape')]
      .find(b => b.textContent === arguments[0]).click()"""
    js(page, choose, f"{shape[1]} × {shape[0]}")
    assert "transposed" in texts(page, "#feedback")[0]
    js(page, choose, f"{shape[0]} × {shape[1]}")
    gradient = np.ravel(face(page, "gradients")["w1"])
    index = (step * 7) % gradient.size
    answer = """document.querySelector('#guess').value = arguments[0];
      document.querySelector('#answer').click()"""
    js(page, answer, -gradient[index])
    assert "sign" in texts(page, "#feedback")[0]
    js(page, answer, gradient[index])
    assert model["names"]["w1"] in seen(page, "gradient")
    click(page, "#predict")


def test_a_slope_is_shown_where_a_function_acts(page):
    js(page, "derivo.step(3)")  # h = tanh(n1)
    assert js(page, "return document.querySelectorAll('#panel .tangent').length") == 1

    def slope():
        said = texts(page, "#slope")[0].replace("−", "-")
        return float(said.split()[1].rstrip(":"))

    n = face(page, "values")["n1"][0][0]
    assert slope() == pytest.approx(1 - np.tanh(n) ** 2, rel=5e-3)
    # Where the curve is flat, little comes back: the input is moved there.
    ids = js(page, "return JSON.parse(document.querySelector('#model').textContent)")
    step = 1 + next(
        k for k, s in enumerate(ids["steps"])
        if s["phase"] == "backward" and s["id"] == ids["names"]["n1"]
    )  # fmt: skip
    js(page, "derivo.step(arguments[0])", step)
    gradients, values = face(page, "gradients"), face(page, "values")
    passed = float(texts(page, "#slope")[0].replace("−", "-").rpartition("=")[2])
    assert passed == pytest.approx(gradients["n1"][0][0], rel=1e-2)
    move = "const s = document.querySelector('#input'); s.value = arguments[0]; s.dispatchEvent(new Event('input'))"  # fmt: skip
    js(page, move, 4)
    thinner = float(texts(page, "#slope")[0].replace("−", "-").rpartition("=")[2])
    u = float(js(page, "return document.querySelector('#input').value"))
    expected = gradients["h"][0][0] * (1 - np.tanh(u) ** 2)
    assert thinner == pytest.approx(expected, rel=2e-2)
    assert abs(thinner) < 0.1 * abs(passed)
    assert face(page, "values") == values


def test_the_plane_is_divided_while_it_trains(page):
    click(page, "#bar [data-mode=train]")
    js(page, "derivo.train(5, 0.5)")
    assert js(page, "return document.querySelectorAll('canvas.plane').length") == 1
    assert js(page, "return document.querySelectorAll('#panel .curve').length") == 1
    assert complaints(page) == []


def test_factors_multiply_along_the_strongest_path(page):
    click(page, "#bar [data-mode=nudge]")
    v, g = face(page, "values"), face(page, "gradients")
    x, w2, h = (np.array(v[name]) for name in ("x", "w2", "h"))
    p, t = np.array(v["p"]), np.array(v["t"])
    # Of w1[0, 0]: through each row n of x, each score c and each probability k.
    paths = [
        (-1, 1 / len(x), 1 / p[n, k], p[n, k] * ((c == k) - p[n, c]), w2[0, c],
         1 - h[n, 0] ** 2, x[n, 0])
        for n in range(len(x)) for c in range(2) for k in range(2) if t[n, k]
    ]  # fmt: skip
    assert sum(map(np.prod, paths)) == pytest.approx(g["w1"][0][0])
    # At each step the largest term: first the score, then the probability.
    best = max(paths, key=lambda p: abs(np.prod(p)))
    said = (
        texts(page, "#product")[0].replace("−", "-").replace("(", "").replace(")", "")
    )
    product, _, end = said.removeprefix("strongest path").partition("=")
    numbers = [float(f) for f in product.split("·")]
    np.testing.assert_allclose(numbers, best, rtol=5e-3)
    assert float(end) == pytest.approx(np.prod(best), rel=5e-3)
    # Each is the factor of an edge, in its colour, and the cells it leads through are lit.
    colours = texts(page, "#product .f")
    assert len(colours) >= 5
    lit = js(page, "return [...document.querySelectorAll('svg .cell.onpath')].map(c => c.place.side + c.place.id)")  # fmt: skip
    ids = js(page, "return JSON.parse(document.querySelector('#model').textContent).names")  # fmt: skip
    assert {f"value{ids[n]}" for n in ("n1", "h", "n2", "p")} <= set(lit)


def test_the_gradient_of_a_number_is_the_product_along_its_one_path(browser, tmp_path):
    case = CASES["neuron"]
    d = derivo.derive(case.function, shapes=case.specs)
    open_page(browser, d.explain().page, tmp_path / "neuron.html")
    click(browser, "#bar [data-mode=nudge]")
    whole = face(browser, "gradients")["x"]
    said = texts(browser, "#product")[0].replace("−", "-")
    assert float(said.rpartition("=")[2]) == pytest.approx(whole, rel=5e-3)


def test_more_factors_than_marks_are_told_apart_by_their_numbers(browser, tmp_path):
    def long(x):
        for _ in list(range(30)):
            x = np.tanh(1.1 * x)
        return x

    open_page(browser, derivo.derive(long, x="").explain().page, tmp_path / "long.html")
    click(browser, "#bar [data-mode=nudge]")
    ids = js(browser, "return [...document.querySelectorAll('#product .f')].map(f => f.dataset.f)")  # fmt: skip
    assert len(ids) > palette.MARKS
    assert texts(browser, "#product .f sub") == [re.sub(r"\D", "", i) for i in ids]


def test_a_layer_is_unrolled_to_single_numbers(page):
    model = js(page, "return JSON.parse(document.querySelector('#model').textContent)")
    values, gradients = face(page, "values"), face(page, "gradients")

    def unrolled(phase, name):
        step = 1 + next(
            k for k, s in enumerate(model["steps"])
            if s["phase"] == phase and s["id"] == model["names"].get(name, name)
        )  # fmt: skip
        js(page, "derivo.step(arguments[0])", step)
        if not face(page, "state")["unroll"]:
            click(page, "#unroll")
        shown = texts(page, ".unrolled .disc text"), texts(page, ".unrolled .on-wire")
        return [[float(t.replace("−", "-")) for t in part if t] for part in shown]

    # x @ w1, the first step: two inputs, three neurons, a line for each weight.
    discs, wires = unrolled("forward", model["steps"][0]["id"])
    product = np.array(values["x"]) @ values["w1"]
    np.testing.assert_allclose(discs, [*values["x"][0], *product[0]], atol=5e-3)
    np.testing.assert_allclose(wires, np.ravel(np.transpose(values["w1"])), atol=5e-3)
    # Backward through w2: the same lines, the other way, in the colour of the factor.
    discs, wires = unrolled("backward", "h")
    np.testing.assert_allclose(discs, [*gradients["n2"][0], *gradients["h"][0]], atol=5e-3)  # fmt: skip
    np.testing.assert_allclose(wires, np.ravel(values["w2"]), atol=5e-3)
    colour = js(page, "return document.querySelector('.unrolled .wire').classList[1]")
    label = js(page, "return [...document.querySelectorAll('.label-of')].find(l => l.textContent.includes('w₂')).classList")  # fmt: skip
    assert colour in label
    # The bias: what comes back to each row's copy of it merges into one sum.
    discs, wires = unrolled("backward", "b1")
    *rows, whole = discs
    assert whole == pytest.approx(gradients["b1"][0], abs=5e-3)
    np.testing.assert_allclose(rows, np.array(gradients["n1"])[:, 0], atol=5e-3)
    assert not wires
    # A weight: what comes back to each row, times what the row put in.
    (*rows, whole), wires = unrolled("backward", "w1")
    assert whole == pytest.approx(gradients["w1"][0][0], abs=5e-3)
    np.testing.assert_allclose(rows, np.array(gradients["n1"])[:, 0], atol=5e-3)
    np.testing.assert_allclose(wires, np.array(values["x"])[:, 0], atol=5e-3)
    click(page, "#unroll")


def test_a_factor_of_the_line_on_top_leads_to_its_step(page):
    js(page, "derivo.step(derivo.steps)")
    marked = js(page, "return [...document.querySelectorAll('#chain span:not([hidden]) .f')].map(f => f.dataset.f)")  # fmt: skip
    model = js(page, "return JSON.parse(document.querySelector('#model').textContent)")
    assert len(set(marked)) >= 3  # dw1 = xᵀ(((p - t)/N w2ᵀ) ⊙ (1 - h²))
    for factor in set(marked):
        js(page, "derivo.step(derivo.steps)")
        js(page, "document.querySelector(`#chain span:not([hidden]) [data-f=${arguments[0]}]`).dispatchEvent(new MouseEvent('click', { bubbles: true }))", factor)  # fmt: skip
        step = model["steps"][face(page, "state")["step"] - 1]
        assert step["phase"] == "backward"
        assert step["id"] == model["factors"][factor][0]
        assert face(page, "state")["factor"] == factor
    js(page, "document.body.click()")


def test_a_gradient_that_is_passed_on_comes_from_the_next_value():
    """In `x + tanh(n)` both have the gradient of the sum: it is that of the sum."""

    def residual(x, w):
        h = np.tanh(x @ w)
        y = x + h
        return np.sum(y * y)

    window = derivo.derive(residual, x="N L", w="L L").explain().window
    ids = {v.name: v.id for v in window.values if v.name}
    (term,) = window.links[f"d{ids['h']}"].terms
    assert (term.side, term.id) == ("gradient", ids["y"])
    assert window.links[f"d{ids['h']}"].sign == "="


def test_the_seed_of_a_loss_is_no_cell_that_others_come_from():
    """A gradient of 1 is a plain number: it stands in `1 - h * h`, too."""
    window = derived().explain().window
    (output,) = window.outputs
    for key, link in window.links.items():
        assert ("gradient", output) not in {(t.side, t.id) for t in link.terms}, key


# --- where it cannot compute ------------------------------------------------------------------


def test_what_cannot_be_computed_is_shown_and_says_why(browser, tmp_path):
    def spread(a):
        return np.sum(np.linalg.svd(a)[1])

    e = derivo.derive(spread, a="3 3").explain(a=np.diag([1.0, 2.0, 3.0]))
    open_page(browser, e.page, tmp_path / "svd.html")
    assert "`svd`" in texts(browser, ".still")[0]
    assert face(browser, "loss") == pytest.approx(6.0)
    np.testing.assert_allclose(face(browser, "gradients")["a"], np.eye(3), atol=1e-12)
    with pytest.raises(Exception, match="does not compute"):
        js(browser, "derivo.set('a', [0, 0], 1)")
    js(browser, "derivo.step(derivo.steps)")
    assert complaints(browser) == []


# --- how it looks ----------------------------------------------------------------------------


@pytest.mark.parametrize("mode", ["nudge", "train"])
def test_numbers_that_change_do_not_lay_the_page_out(page, mode):
    """Twenty frames in a row: to measure anything would lay the page out for each."""
    click(page, f"#bar [data-mode={mode}]")
    change = {
        "nudge": "derivo.set('w1', [0, 0], k / 50)",
        "train": "derivo.train(1, 0.01)",
    }
    page.execute_cdp_cmd("Performance.enable", {})

    def layouts():
        metrics = page.execute_cdp_cmd("Performance.getMetrics", {})["metrics"]
        return {m["name"]: m["value"] for m in metrics}["LayoutCount"]

    frames = f"for (let k = 0; k < 20; k++) {change[mode]}"
    js(page, frames)
    before = layouts()
    js(page, frames)
    assert layouts() - before < 5


CHARTS = """
  const found = [], look = () => {
    for (const chart of document.querySelectorAll('.chart')) {
      const box = chart.getBoundingClientRect(), { width } = chart.viewBox.baseVal;
      const axes = [...chart.querySelectorAll('.axis')].map(a => a.getBoundingClientRect());
      const lines = [...chart.querySelectorAll('.tangent, .curve')].map(l => l.getBoundingClientRect());
      found.push([box.width / width, box.right <= innerWidth,
        lines.every(l => l.bottom <= axes[0].bottom + 2 && l.top >= axes[1].top - 2)]);
    }
  };
  for (const mode of ['nudge', 'train']) { document.querySelector(`[data-mode=${mode}]`).click(); look(); }
  derivo.step(derivo.steps - 3);
  look();
  return found;
"""


@pytest.mark.parametrize(("width", "height"), [(390, 844), (1280, 900)])
def test_charts_are_drawn_at_their_size_and_lines_stay_within(
    browser, tmp_path, width, height
):
    """What is written in a chart is as large on a phone as beside a picture."""
    sized(browser, width, height, mobile=width < 500)
    page = of_case("layer").explain().page
    open_page(browser, page, tmp_path / "layer.html")
    charts = js(browser, CHARTS)
    assert len(charts) == 3
    for scale, is_within, is_clipped in charts:
        assert 0.75 < scale <= 1.01
        assert is_within
        assert is_clipped


def test_on_a_phone_the_bar_has_two_rows(browser, tmp_path):
    """Also where an answer can be revealed."""
    sized(browser, 390, 844, mobile=True)
    open_page(browser, of_case("layer").explain().page, tmp_path / "layer.html")
    click(browser, "#predict")
    js(browser, "derivo.step(2)")
    middles = """return [...document.querySelectorAll('#bar button')].filter(b => b.offsetHeight)
      .map(b => b.getBoundingClientRect()).map(b => (b.top + b.bottom) / 2)"""
    rows = sorted(js(browser, middles))
    assert sum(below - above > 10 for above, below in pairwise(rows)) == 1


@pytest.mark.parametrize(("width", "mobile"), [(390, True), (768, True), (1280, False)])
def test_it_fits_the_screen(browser, explanation, tmp_path, width, mobile):
    sized(browser, width, 844 if mobile else 900, mobile=mobile)
    open_page(browser, explanation.page, tmp_path / "net.html")
    js(browser, "derivo.step(derivo.steps)")
    chromium.shot(browser, f"net-{width}")
    assert js(browser, "return document.documentElement.scrollWidth") <= width
    sized(browser, 1280, 900)


@pytest.mark.parametrize("name", ["layer_norm", "attention"])
def test_on_a_phone_pictures_are_read_and_follow_the_steps(browser, tmp_path, name):
    case = CASES[name]
    page = derivo.derive(case.function, shapes=case.specs).explain().page
    sized(browser, 390, 844, mobile=True)
    open_page(browser, page, tmp_path / f"{name}.html")
    for step in range(1, face(browser, "steps") + 1):
        js(browser, "derivo.step(arguments[0])", step)
        outside = js(
            browser,
            """const room = document.querySelector('.view:not([hidden])').getBoundingClientRect();
            const box = document.querySelector('.view:not([hidden]) .now').getBoundingClientRect();
            return box.right < room.left + 8 || box.left > room.right - 8 ||
              box.bottom < room.top + 8 || box.top > room.bottom - 8""",
        )
        assert not outside, step
    letters = js(browser, "return [...document.querySelectorAll('.view .cell text')].map(t => t.getBoundingClientRect().height)")  # fmt: skip
    assert min(letters) > 7.5
    sized(browser, 1280, 900)


def test_a_frame_after_a_nudge_is_quick(page):
    took = js(
        page,
        """derivo.step(derivo.steps);
        const t = performance.now();
        for (let k = 0; k < 20; k++) derivo.set('w1', [0, 0], 0.1 * k);
        return (performance.now() - t) / 20""",
    )
    assert took < 50


def test_it_prints_every_step(page):
    js(page, "dispatchEvent(new Event('beforeprint'))")
    hidden = js(page, "return [...document.querySelectorAll('.moment')].filter(m => m.hidden).length")  # fmt: skip
    assert hidden == 0
    assert len(page.execute_cdp_cmd("Page.printToPDF", {})["data"]) > 20_000


def test_what_is_printed_holds_every_step_and_every_line(page, explanation, tmp_path):
    if shutil.which("pdftotext") is None:
        pytest.skip("NO PDFTOTEXT: what is printed is not read; install poppler-utils")
    file = tmp_path / "net.pdf"
    file.write_bytes(b64decode(page.execute_cdp_cmd("Page.printToPDF", {})["data"]))
    command = [shutil.which("pdftotext"), str(file), "-"]
    done = subprocess.run(command, capture_output=True, check=True)
    printed = re.sub(r"\s", "", done.stdout.decode())
    phases = [m.phase for m in explanation.window.moments]
    assert printed.count("Forward:") == phases.count("forward")
    assert printed.count("Backward:") == phases.count("backward")
    for line in explanation.window.code.lines:
        if line.text.startswith("    d_"):
            assert re.sub(r"\s", "", line.text.partition("#")[0]) in printed


def test_hostile_names_are_shown_and_never_run(browser, tmp_path):
    from dataclasses import replace

    bad = "</script><script>window.pwned = 1</script><img src=x onerror=window.pwned=2>"
    e = derived().explain()
    e.window  # noqa: B018  prepared before it is changed
    vars(e)["window"] = replace(e.window, name=bad, reasons=(bad,))
    open_page(browser, e.page, tmp_path / "bad.html")
    assert js(browser, "return window.pwned") is None
    assert texts(browser, "h1") == [bad]


def test_pages_are_small():
    layer = CASES["layer"]
    d = derivo.derive(layer.function, shapes=layer.specs)
    assert len(d.explain().page.encode()) < 350_000
    assert len(derived().explain().page.encode()) < 350_000
    assert len(twelve_blocks().page.encode()) < 1_500_000


@pytest.mark.parametrize("language", ["fr", "ja"])
def test_other_languages(browser, tmp_path, language):
    e = derived().explain(language=language)
    open_page(browser, e.page, tmp_path / "page.html")
    assert js(browser, "return document.documentElement.lang") == language
    assert texts(browser, "#bar [data-mode=train]") != ["Train"]
    assert complaints(browser) == []
