"""Constants of the code as people write them: with roots and with π, or as decimals."""

import math
import re

import pytest

from derivo.explain.formula.tree import Number
from derivo.explain.formula.unicode import inline

MADE = {
    "π": math.pi, "2 π": 2 * math.pi, "π/2": math.pi / 2, "1/π": 1 / math.pi,
    "√π": math.sqrt(math.pi), "√(2/π)": math.sqrt(2 / math.pi), "√2": math.sqrt(2),
    "√(2 π)": math.sqrt(2 * math.pi), "1/√(2 π)": 1 / math.sqrt(2 * math.pi),
    "2/√π": 2 / math.sqrt(math.pi), "1/√2": 1 / math.sqrt(2), "√(π/2)": math.sqrt(math.pi / 2),
}  # fmt: skip


def read(text):
    """Compute what a constant says."""
    text = text.replace("−", "-").replace(" ", " * ").replace("π", "math.pi")
    text = re.sub(r"√(\(|\d+|math\.pi)", r"math.sqrt\1", text)
    text = re.sub(r"math\.sqrt(\d+|math\.pi)", r"math.sqrt(\1)", text)
    return eval(text, {"math": math})  # noqa: S307


@pytest.mark.parametrize("sign", [1, -1])
@pytest.mark.parametrize("text", MADE)
def test_a_constant_is_written_as_it_is_known(text, sign):
    assert inline(Number(sign * MADE[text])) == ("−" if sign < 0 else "") + text


def test_a_constant_says_what_it_is_worth():
    for k in range(1, 13):
        for base in (k, k * math.pi, k / math.pi):
            for value in (base, 1 / base, math.sqrt(base), 1 / math.sqrt(base)):
                text = inline(Number(value))
                exact = "√" in text or "π" in text
                assert read(text) == pytest.approx(value, rel=1e-15 if exact else 1e-5)


@pytest.mark.parametrize("value", [3.14159, 0.7978845608, 1.41421356, 0.3989, 6.2832])
def test_a_decimal_that_comes_near_one_stays_a_decimal(value):
    """Who wrote 3.14159 means that number."""
    assert not set("√π") & set(inline(Number(value)))
