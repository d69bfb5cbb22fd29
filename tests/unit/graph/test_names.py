"""Names are handed out once each, and never shadow what the source needs."""

import keyword

from derivo.graph.names import Names, adjoint_name


def test_a_name_is_given_as_wished_and_then_numbered():
    names = Names()
    assert [names.fresh("h") for _ in range(3)] == ["h", "h_2", "h_3"]


def test_a_number_that_is_taken_is_passed_over():
    names = Names({"h_2"})
    assert [names.fresh("h"), names.fresh("h")] == ["h", "h_3"]


def test_words_that_mean_something_else_are_changed():
    names = Names()
    for word in ("np", "saved", "sum", "max", "float", *keyword.kwlist):
        assert names.fresh(word) == f"{word}_2"


def test_what_is_no_identifier_gets_a_name():
    assert Names().fresh("<lambda>") == "value"


def test_adjoints():
    assert adjoint_name("h") == "d_h"
