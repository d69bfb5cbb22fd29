"""The same page in Firefox, driven over WebDriver BiDi: no driver of its own is needed."""

import json
import re
import shutil
import subprocess

import numpy as np
import pytest

from tests.explain.test_window import derived

FIREFOX = shutil.which("firefox") or shutil.which("firefox-esr")
websocket = pytest.importorskip("websocket", reason="comes with selenium")
pytestmark = [
    pytest.mark.browser,
    pytest.mark.skipif(
        not FIREFOX, reason="NO FIREFOX: the page is not opened there; install firefox"
    ),
]


class Driven:
    """A Firefox, and what it is asked."""

    def __init__(self, profile):
        profile.mkdir()
        command = [
            FIREFOX, "--headless", "--no-remote", "--profile", str(profile),
            "--remote-debugging-port=0",
        ]  # fmt: skip
        self.process = subprocess.Popen(
            command, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True
        )
        found = (re.search(r"listening on (ws://\S+)", x) for x in self.process.stderr)
        address = next(m[1] for m in found if m)
        self.socket = websocket.create_connection(
            f"{address}/session", suppress_origin=True, timeout=60
        )
        self.count, self.said = 0, []
        self.ask("session.new", capabilities={})
        (tree,) = self.ask("browsingContext.getTree")["contexts"]
        self.context = tree["context"]
        self.ask("session.subscribe", events=["log.entryAdded"])

    def ask(self, method, **given):
        self.count += 1
        asked = {"id": self.count, "method": method, "params": given}
        self.socket.send(json.dumps(asked))
        while True:
            answer = json.loads(self.socket.recv())
            if answer.get("method") == "log.entryAdded":
                self.said.append(answer["params"]["text"])
            if answer.get("id") == self.count:
                assert answer["type"] == "success", answer
                return answer["result"]

    def open(self, address):
        self.ask("browsingContext.navigate", context=self.context, url=address, wait="complete")  # fmt: skip

    def js(self, text):
        found = self.ask(
            "script.evaluate", expression=f"JSON.stringify([{text}])",
            target={"context": self.context}, awaitPromise=False,
        )  # fmt: skip
        return json.loads(found["result"]["value"])[-1]

    def close(self):
        self.socket.close()
        self.process.terminate()
        self.process.communicate(timeout=20)


def test_firefox_computes_and_shows_the_same(tmp_path):
    explanation = derived().explain()
    path = tmp_path / "net.html"
    path.write_text(explanation.page, encoding="utf-8")
    firefox = Driven(tmp_path / "profile")
    try:
        firefox.open(path.as_uri())
        firefox.js("derivo.set('w1', [0, 1], 0.3), derivo.step(derivo.steps)")
        given = {
            v.name: np.array(explanation.window.arguments[v.id])
            for v in explanation.window.values if v.is_argument
        }  # fmt: skip
        given["w1"][0, 1] = 0.3
        loss, gradients = derived().value_and_gradients(**given)
        assert firefox.js("derivo.loss") == pytest.approx(float(loss))
        for name, gradient in gradients.items():
            shown = firefox.js(f"derivo.gradients.{name}")
            np.testing.assert_allclose(shown, gradient, rtol=1e-9, atol=1e-9)
        # What is lit is seen, formulas are laid out, and nobody complains.
        assert firefox.js("document.querySelectorAll('svg.graph .now').length") == 1
        assert firefox.js("document.querySelector('.moment:not([hidden]) math').getBoundingClientRect().width") > 20  # fmt: skip
        assert firefox.js("document.querySelector('#code').scrollHeight - document.querySelector('#code').clientHeight") <= 1  # fmt: skip
        firefox.js("document.querySelector('#bar [data-mode=train]').click()")
        firefox.js("derivo.train(3, 0.1)")
        assert firefox.js("derivo.loss") < float(loss)
        assert firefox.said == []
    finally:
        firefox.close()
