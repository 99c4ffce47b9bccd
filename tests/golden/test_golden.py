"""Models that earlier commits saved still load, and answer what they answered."""

import warnings

import numpy as np
import pytest
from sklearn.exceptions import InconsistentVersionWarning
from skops.io import load

from skseizure import skops_trusted_types

from .._instances import public_estimators
from . import make_golden
from .make_golden import ARRAYS, FOLDER, MODELS, answers

# Sums in another order, by other libraries of linear algebra or another processor, and no more;
# the mixtures compute in single precision.
TOLERANCE = {name: 1e-4 if name in ARRAYS else 1e-6 for name in MODELS}


def load_golden(name):
    """Read a file; versions differ, which is what it is for."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", InconsistentVersionWarning)
        return load(FOLDER / f"{name}.skops", trusted=skops_trusted_types())


@pytest.mark.parametrize("name", MODELS)
def test_saved_models_answer_what_they_answered(name):
    content = load_golden(name)
    found, rtol = answers(name, content["estimator"]), TOLERANCE[name]
    assert list(found) == list(content["answers"])
    for method, expected in content["answers"].items():
        if expected.dtype.kind == "f":
            atol = rtol * np.abs(expected).max()
            np.testing.assert_allclose(found[method], expected, rtol=rtol, atol=atol)
        else:
            np.testing.assert_array_equal(found[method], expected)


@pytest.mark.parametrize("name", MODELS)
def test_answers_tell_one_row_from_another(name):
    for answer in load_golden(name)["answers"].values():
        assert len(np.unique(answer, axis=0)) > 1


def test_every_public_estimator_has_a_golden_model():
    assert {kind.__name__ for kind in public_estimators()} <= set(MODELS)
    assert {file.stem for file in FOLDER.glob("*.skops")} == set(MODELS)
    for name in MODELS:
        kind = type(load_golden(name)["estimator"]).__name__
        assert kind == name.partition("-")[0]


def test_golden_models_are_not_overwritten(tmp_path, monkeypatch, capsys):
    monkeypatch.setattr(make_golden, "FOLDER", tmp_path)
    file = tmp_path / "TSKClassifier.skops"
    file.touch()
    with pytest.raises(SystemExit):
        make_golden.main(["TSKClassifier"])
    assert "TSKClassifier exists; see --force" in capsys.readouterr().err
    assert not file.read_bytes()
    make_golden.main(["TSKClassifier", "--force"])
    assert file.read_bytes()
    assert [path.name for path in tmp_path.iterdir()] == [file.name]
