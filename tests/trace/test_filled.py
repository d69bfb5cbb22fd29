"""What courses write derives as it stands: filled, patched and masked arrays."""

import numpy as np
import pytest

import derivo
from tests.catalogue.case import Case
from tests.catalogue.filled import FILLED
from tests.numerical import central_difference, flat

EVERY = pytest.mark.parametrize("case", FILLED.values(), ids=list(FILLED))


@pytest.mark.parametrize("named", [True, False], ids=["named", "numbers"])
@EVERY
def test_value_and_gradients_are_those_of_numpy(case: Case, named: bool) -> None:
    arrays = case.arrays()
    given = {k: np.array(v) for k, v in arrays.items()}
    specs = case.specs if named else given
    d = derivo.derive(case.function, verify=False, shapes=specs)
    value = flat(case.plain(**arrays))
    for got, want in zip(flat(d(**given)), value, strict=True):
        np.testing.assert_allclose(got, want, rtol=1e-12, atol=1e-13)
    rng = np.random.default_rng(4)
    up = [rng.normal(size=np.shape(v)) for v in value]
    gradients = d.gradients(tuple(up) if len(up) > 1 else up[0], **given)
    for key, gradient in gradients.items():
        np.testing.assert_array_equal(given[key], arrays[key])
        direction = rng.normal(size=np.shape(arrays[key]))
        want = central_difference(case.plain, arrays, up, key, direction)
        scale = np.abs(gradient * direction).sum() + 1
        assert abs(np.sum(gradient * direction) - want) < 1e-6 * scale


def test_a_write_is_told_as_an_operation() -> None:
    case = FILLED["softmax_loss_and_its_gradient"]
    d = derivo.derive(case.function, verify=False, shapes=case.specs)
    told = str(d.explain("matrix"))
    assert "d = put[(0…N-1), y](p, p[(0…N-1), y] − 1)" in told
    assert "dp⁽¹⁾ = put[(0…N-1), y](dd, 0)" in told


@pytest.mark.parametrize("name", ["states_in_one_array", "huber_by_mask"])
def test_writes_are_drawn_and_written_in_every_form(name: str) -> None:
    case = FILLED[name]
    d = derivo.derive(case.function, verify=False, shapes=case.specs)
    explained = d.explain(**case.arrays())
    assert str(explained.render("html")).count("<math") > 10
    assert str(explained.render("tex")).count("frac") > 2
