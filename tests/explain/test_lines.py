"""Each step forward has a line of the code, which lights up when it is computed."""

from __future__ import annotations

import pytest

import derivo
from derivo.explain.code import code_of
from derivo.explain.drawing.of_subject import is_transparent
from derivo.explain.prepare import subject
from tests.catalogue import CASES
from tests.scan.programs import PROGRAMS

ALL = {**CASES, **PROGRAMS}


@pytest.mark.parametrize("name", ALL)
def test_every_value_is_computed_in_a_line(name):
    case = ALL[name]
    about = subject(derivo.derive(case.function, shapes=case.specs), {}, None)
    lines = [line for line in code_of(about).lines if not line.backward]
    lit = {place for line in lines for place in line.places}
    computed = [n for n in about.graph.nodes() if n.inputs and not is_transparent(n)]
    dark = [n for n in computed if about.ids[n] not in lit]
    # Of several results that have no name, the first has the line they are returned in.
    unnamed = [n for n in about.graph.outputs if n not in about.names]
    assert set(dark) <= set(unnamed[1:])
