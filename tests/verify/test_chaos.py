"""Where rounding decides what a derivative is, nothing is called wrong, nor right."""

from __future__ import annotations

import numpy as np

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
