"""`import derivo` loads NumPy, the standard library, and nothing else."""

import json
import subprocess
import sys
from typing import assert_type

import numpy as np
import pytest

import derivo
from derivo.explain.explanation import Explanation
from derivo.verify.report import Report

# What the interpreter has loaded before the first statement (site, editable installs)
# is not derivo's doing.
PROBE = """
import sys
before = set(sys.modules)
{code}
import json
print(json.dumps(sorted(set(sys.modules) - before)))
"""

DERIVE = """
import numpy as np
import derivo
d = derivo.derive(lambda x, w: 1 / (1 + np.exp(-(x @ w))), x="N L", w="L M")
d.gradients(x=np.ones((2, 3)), w=np.ones((3, 4)))
repr(d)
"""


def modules_loaded_by(code):
    result = subprocess.run(
        [sys.executable, "-c", PROBE.format(code=code)],
        capture_output=True, text=True, check=True,
    )  # fmt: skip
    return set(json.loads(result.stdout))


def packages_loaded_by(code):
    packages = {name.split(".")[0] for name in modules_loaded_by(code)}
    return packages - set(sys.stdlib_module_names)


@pytest.mark.parametrize("code", ["import derivo", DERIVE], ids=["import", "derive"])
def test_nothing_but_numpy_is_loaded(code):
    # Emitted source is a module too.
    loaded = packages_loaded_by(code)
    of_numpy_random = {p for p in loaded if p.startswith(("cython_", "_cython_"))}
    assert loaded - of_numpy_random <= {"derivo", "numpy", "derivo_emitted"}


@pytest.mark.parametrize(
    ("code", "stages"),
    [
        ("import derivo", set()),
        # `verify` draws the arrays on which the user's function and ours are compared.
        (
            DERIVE,
            {
                "graph",
                "ops",
                "trace",
                "differentiate",
                "simplify",
                "emit",
                "run",
                "verify",
            },
        ),
    ],
    ids=["import", "derive"],
)
def test_a_stage_is_loaded_when_it_is_first_used(code, stages):
    names = [name.split(".") for name in modules_loaded_by(code)]
    loaded = {name[1] for name in names if name[0] == "derivo" and len(name) > 2}
    assert loaded == stages


def test_methods_that_load_a_stage_have_its_types():
    d = derivo.derive(np.tanh, x="3")
    assert isinstance(assert_type(d.check(trials=1), Report), Report)
    assert isinstance(assert_type(d.explain(), Explanation), Explanation)


def test_the_probe_sees_a_package_that_is_loaded():
    assert "rich" in packages_loaded_by("import derivo, rich.table")


def test_the_public_names_are_there():
    public = {
        "derive",
        "Derivation",
        "Spec",
        "load",
        "scan",
        "Network",
        "layers",
        "data",
    }
    assert public <= set(dir(derivo))
    for name in public:
        assert getattr(derivo, name) is not None
    with pytest.raises(AttributeError, match="no attribute 'deriv'"):
        _ = derivo.deriv  # type: ignore[attr-defined]  # and mypy sees it
