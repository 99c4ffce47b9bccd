"""What `import skseizure` loads, and what it costs."""

import inspect
import json
import subprocess
import sys

import skseizure

HEAVY = ["torch", "skorch", "numba", "matplotlib", "mne", "pandas", "skops"]
PACKAGES = [name for name in skseizure.__all__ if inspect.ismodule(getattr(skseizure, name))]


def _loaded(code):
    script = f"import sys, json\n{code}\nprint(json.dumps(sorted(sys.modules)))"
    out = subprocess.run(
        [sys.executable, "-c", script], capture_output=True, text=True, check=True
    ).stdout
    return json.loads(out)


def test_import_loads_nothing_heavy():
    loaded = _loaded("import skseizure")
    assert not set(HEAVY) & set(loaded)
    assert not [name for name in loaded if name.startswith("skseizure.")], "all lazy"


def test_sub_packages_load_nothing_heavy():
    before = set(_loaded("import sklearn, scipy.signal, joblib, sklearn.model_selection"))
    names = ", ".join(f"skseizure.{name}" for name in PACKAGES if name != "inspection")
    loaded = set(_loaded(f"import {names}"))
    assert not (loaded - before) & set(HEAVY)


def test_the_command_line_waits_for_nothing():
    """Help is there at once: commands import what they need when they run."""
    loaded = set(_loaded("import skseizure.cli"))
    assert not {*HEAVY, "numpy", "sklearn", "scipy"} & loaded


def test_import_adds_little_to_scikit_learn():
    """A count of modules stands for the time, which a busy machine would make a matter of luck."""
    added = set(_loaded("import sklearn, skseizure")) - set(_loaded("import sklearn"))
    assert added <= {"skseizure"}


def test_trusted_types_load_nothing():
    loaded = _loaded("import skseizure; skseizure.skops_trusted_types()")
    ours = {name for name in loaded if name.startswith("skseizure.")}
    assert ours == {"skseizure._core", "skseizure._core.trusted"}


def test_attributes_are_the_sub_packages_and_one_function():
    assert set(skseizure.__all__) <= set(dir(skseizure))
    assert set(skseizure.__all__) == {*PACKAGES, "skops_trusted_types"}
    assert skseizure.skops_trusted_types.__module__ == "skseizure._core.trusted"
    for name in PACKAGES:
        module = getattr(skseizure, name)
        assert all(hasattr(module, public) for public in module.__all__)
    try:
        skseizure.nothing  # noqa: B018
    except AttributeError as error:
        assert "no attribute 'nothing'" in str(error)
    else:
        raise AssertionError
