"""Where rounding decides what a derivative is, nothing is called wrong, nor right."""

from __future__ import annotations

import numpy as np
import pytest

import derivo


def sine_map(x, r):
    for _ in range(80):
        x = r * np.sin(x) * np.exp(-x * x / 50) + np.tanh(x)
    return x


def pendulum(theta, omega, g, length, dt):
    for _ in range(50):
        omega = omega - g / length * np.sin(theta) * dt
        theta = theta + omega * dt
    return theta**2 + omega**2


def test_a_chaotic_point_that_was_given_is_not_decided():
    d = derivo.derive(sine_map, x="", r="")
    report = d.check(arrays={"x": 0.3, "r": 5.0}, order=1)
    whole = [row for row in report.rows if row.kind == "gradient"]
    assert {row.verdict for row in whole} == {"unsure"}
    calm = d.check(arrays={"x": 0.3, "r": 0.4}, order=1)
    assert {row.verdict for row in calm.rows} == {"right"}


def test_points_are_drawn_where_there_is_no_chaos():
    scalars = dict.fromkeys(("theta", "omega", "g", "length", "dt"), "")
    report = derivo.derive(pendulum, shapes=scalars).check()
    assert {row.verdict for row in report.rows} == {"right"}


def vae(x, enc, dec, eps):
    h = np.tanh(x @ enc["w"] + enc["b"])
    mu, logvar = np.split(h, 2, axis=1)
    z = mu + np.exp(0.5 * logvar) * eps
    p = 1 / (1 + np.exp(-(z @ dec["w"] + dec["b"])))
    likely = np.sum(x * np.log(p) + (1 - x) * np.log(1 - p), axis=1)
    kl = -0.5 * np.sum(1 + logvar - mu**2 - np.exp(logvar), axis=1)
    return np.mean(kl - likely)


def clipped_policy(logp, old, gain, eps):
    ratio = np.exp(logp - old)
    return -np.mean(np.minimum(ratio * gain, np.clip(ratio, 1 - eps, 1 + eps) * gain))


LAYERS = {
    "enc": {"w": "D 2*Z", "b": "2*Z"}, "dec": {"w": "Z D", "b": "D"},
}  # fmt: skip


@pytest.mark.parametrize("seed", range(3))
def test_digits_that_the_users_own_formula_loses_are_no_error(seed):
    d = derivo.derive(vae, shapes={"x": "N D", "eps": "N Z", **LAYERS})
    assert d.check(seed=seed, order=1).ok


@pytest.mark.parametrize("seed", range(3))
def test_two_sides_of_a_minimum_that_are_nearly_the_same_are_a_kink(seed):
    specs = {"logp": "N", "old": "N", "gain": "N", "eps": ""}
    assert derivo.derive(clipped_policy, shapes=specs).check(seed=seed, order=1).ok
