"""Wrong backward passes of public kinds: each is called wrong, its slip named."""

from __future__ import annotations

from typing import Any

import pytest

import derivo
from tests.verify import public_slips as p

LSTM = {
    "xt": "3 B", "a_prev": "4 B", "c_prev": "4 B", "wf": "4 7", "bf": "4 1",
    "wi": "4 7", "bi": "4 1", "wc": "4 7", "bc": "4 1", "wo": "4 7", "bo": "4 1",
}  # fmt: skip
SKIPGRAM = {"v": "D", "u": "V D", "idx": derivo.Spec("K", "int")}
SMOOTHED = {"x": "N C", "t": "N C", "wrt": "x"}
GP = {"x": "N", "y": "N", "ell": "", "wrt": "ell"}
RMS = {"x": "N D", "w": "D"}

# Forward, backward, shapes, the gradients that are wrong, and what the cause says; then
# the line that is to stand there, if it is known.
SLIPS: list[tuple[Any, Any, dict[str, Any], str, str, str]] = [
    (p.batchnorm, p.batchnorm_without_variance,
     {"x": "N C H W", "gamma": "C", "beta": "C"},
     "x", "the term that reaches xc * xc through `mean` is missing", ""),
    (p.softmax, p.softmax_diagonal, {"x": "N"},
     "x", "only the diagonal of the Jacobian",
     "return y * (dy - np.sum(dy * y, keepdims=True))"),
    (p.softmax, p.softmax_loop_slips, {"x": "N"},
     "x", "overwritten instead of added to; and y belongs where x stands",
     "d[i] += dy[j] * y[j] * ((i == j) - y[i])"),
    (p.skipgram, p.skipgram_lost, SKIPGRAM,
     "u", "repeated indices are lost",
     "np.add.at(du, idx, g[:, None] * v[None, :])"),
    (p.lstm, p.lstm_backward, LSTM,
     "xt a_prev wc bc", "the factor it of it * cct is forgotten",
     "dcct = dc * (1 - cct ** 2) * it"),
    (p.isrlu, p.isrlu_forgets_upstream, {"x": "N", "a": "", "wrt": "x"},
     "x", "it is not multiplied by the upstream gradient",
     "return np.where(x < 0, (1 / np.sqrt(1 + a * x ** 2)) ** 3, 1.0) * dy"),
    (p.correlation, p.correlation_reversed, {"x": "10", "w": "3"},
     "w", "reversed along axis 0", "dw = np.correlate(x, dy, mode='valid')"),
    (p.rmsnorm, p.rmsnorm_rows_on_columns, RMS,
     "x, w", "row is (5,)", "row = np.mean(g * x, axis=1, keepdims=True)"),
    (p.rmsnorm, p.rmsnorm_without_weight, RMS,
     "x", "the factor 1 + w of (x * r) * (1 + w) is forgotten", ""),
    (p.smoothed, p.smoothed_sign, SMOOTHED,
     "x", "the term that reaches z through `mean` has the wrong sign",
     "dz = p - (1 - eps) * t - eps / x.shape[1] + 2 * zeta * lse * p"),
    (p.smoothed, p.smoothed_without_cap, SMOOTHED,
     "x", "the slope of `tanh` is forgotten", ""),
    (p.smoothed, p.smoothed_without_z_loss, SMOOTHED,
     "x", "the term that reaches lse through `power` is missing", ""),
    (p.attention, p.attention_without_cap,
     {"q": "T D", "k": "S D", "v": "S V", "sink": ""},
     "q k", "the slope of `tanh` is forgotten", ""),
    (p.signed_power, p.signed_power_sign, {"x": "N", "a": "", "wrt": "x"},
     "x", "the term that reaches x through `abs` has the wrong sign", ""),
    (p.gp, p.gp_without_half, GP,
     "ell", "the term that reaches k through `logabsdet` is counted twice", ""),
    (p.gp, p.gp_sign, GP,
     "ell", "the term that reaches k through `logabsdet` has the wrong sign",
     "return -0.5 * alpha @ dk @ alpha + 0.5 * np.trace(inverse @ dk)"),
    (p.trace_of_inverse, p.trace_sign, {"a": "N N"},
     "a", "has the wrong sign", "return -(b @ b).T"),
]  # fmt: skip


@pytest.mark.parametrize(
    ("forward", "backward", "specs", "wrong", "says", "instead"),
    [pytest.param(*row, id=row[1].__name__) for row in SLIPS],
)
def test_the_slip_is_named(forward, backward, specs, wrong, says, instead):
    report = derivo.check_backward(forward, backward, **specs)
    names = [r.name for r in report.failures]
    assert names == ([wrong] if "," in wrong else wrong.split())
    for row in report.failures:
        assert says in row.cause, row.cause
        assert row.instead == instead


def test_what_is_right_on_targets_is_right():
    specs: dict[str, Any] = {"z": "N C", "t": "N C"}
    report = derivo.check_backward(p.cross_entropy, p.p_minus_t, wrt="z", **specs)
    assert report.ok
    assert "t sums to 1" in report.inputs
    free = derivo.check_backward(
        p.cross_entropy, p.p_minus_t, wrt="z", assume="t is free", **specs
    )
    assert not free.ok


def test_the_page_says_what_to_write():
    specs: dict[str, Any] = LSTM
    text = str(derivo.check_backward(p.lstm, p.lstm_backward, **specs))
    assert "  yours  File" in text
    assert "  write  dcct = dc * (1 - cct ** 2) * it" in text
