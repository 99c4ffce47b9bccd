"""Registering a measure: what it fills, what a user's measure may do, and what is refused."""

import importlib
import linecache
import sys

import numpy as np
import pytest

import skseizure.features
import skseizure.measures
from skseizure.features import BandFeatures
from skseizure.measures import available_measures, measure
from skseizure.measures._batch import Batch
from skseizure.measures._registry import UNIVARIATE29, get_measure

KNOWN = {"group": "time", "unit": "1", "formula": "max abs(x) / RMS"}


def crest_factor(x):
    return np.abs(x).max(axis=1) / np.sqrt(np.mean(x**2, axis=1))


def test_public_names_are_those_of_the_registry():
    others = {"Measure", "available_measures", "band_power", "dwt_energies", "measure"}
    assert sorted(skseizure.measures.__all__) == sorted({*others, *available_measures()})
    assert set(dir(skseizure.measures)) == set(skseizure.measures.__all__)
    for name in skseizure.measures.__all__:
        assert getattr(skseizure.features, name) is getattr(skseizure.measures, name)
    for name, listed in available_measures().items():
        assert getattr(skseizure.measures, name) is listed.function


@pytest.mark.parametrize("known", available_measures().values(), ids=lambda m: m.name)
def test_measures_of_the_package_take_a_batch(rng, known):
    x = rng.normal(size=(3, 300))
    function = known.bind(128.0)
    assert known.takes_batch
    np.testing.assert_array_equal(function(Batch(x)), function(x))
    assert all([known.unit, known.formula, known.cost, known.group])


@pytest.mark.parametrize("name", ["crest_factor", "CREST", "Crest", "CREST_FACTOR"])
def test_a_measure_of_ones_own_is_used_by_name(rng, name):
    assert measure("CREST", **KNOWN)(crest_factor) is crest_factor
    assert list(available_measures())[-1] == "crest_factor"
    assert get_measure("crest").cost == "O(N)"
    X = rng.normal(size=(4, 512))
    by_name = BandFeatures([name, "std"], ["alpha"], sfreq=256)
    by_function = BandFeatures([crest_factor, "std"], ["alpha"], sfreq=256)
    np.testing.assert_array_equal(by_name.fit_transform(X), by_function.fit_transform(X))
    columns = ["ch0__alpha__crest_factor", "ch0__alpha__std"]
    assert by_name.get_feature_names_out().tolist() == columns
    assert list(BandFeatures(sfreq=256).fit(X).measures_) == list(UNIVARIATE29)


def test_it_is_given_the_sampling_rate_and_samples_that_it_cannot_change(rng):
    seen = []

    @measure("SECONDS", **KNOWN)
    def seconds(x, sfreq, *, factor=2.0):
        assert type(x) is np.ndarray and not x.flags.writeable
        seen.append(sfreq)
        return np.full(len(x), factor * x.shape[1] / sfreq)

    table = BandFeatures(["seconds"], ["alpha"], sfreq=128).fit_transform(rng.normal(size=(2, 256)))
    np.testing.assert_array_equal(table, 4.0)
    assert seen == [128.0]
    assert get_measure("seconds").parameters == {"sfreq": "required", "factor": 2.0}


@pytest.mark.parametrize("abbreviation", ["LL", "ll", "line_length"])
def test_an_abbreviation_that_is_taken_is_refused(abbreviation):
    message = rf"'crest_factor' \({abbreviation}\) has a name .* measure 'line_length' \(LL\); choo"
    with pytest.raises(ValueError, match=message):
        measure(abbreviation, **KNOWN)(crest_factor)
    assert "crest_factor" not in available_measures()


@pytest.mark.parametrize("name", ["std", "STD", "Ll"])
def test_a_name_that_is_taken_is_refused(name):
    def function(x):
        return x[:, 0]

    function.__name__ = name
    with pytest.raises(ValueError, match=rf"measure '{name}' \(NEW\) has a name or abbreviation"):
        measure("NEW", **KNOWN)(function)
    assert available_measures()["std"].function is skseizure.measures.std


def test_parameters_without_a_default_are_refused():
    with pytest.raises(ValueError, match="'function' has no default for low, high; only sfreq"):

        @measure("F", **KNOWN)
        def function(x, sfreq, low, *, high):
            return x[:, 0]


def test_the_same_function_again_replaces_the_first(rng):
    X = rng.normal(size=(2, 256))
    for value in (1.0, 2.0):

        @measure("LEVEL", **KNOWN)
        def level(x, value=value):
            return np.full(len(x), value)

        table = BandFeatures(["LEVEL"], ["alpha"], sfreq=256).fit_transform(X)
        np.testing.assert_array_equal(table, value)


MODULE = """
from skseizure.measures import measure

@measure("EXTREME", group="time", unit="uV", formula="an extreme")
def extreme(x):
    return x.{word}(axis=1)
"""


def test_the_cache_forgets_when_a_registered_function_changes(rng, tmp_path, monkeypatch):
    X = rng.normal(size=(2, 512))
    monkeypatch.syspath_prepend(tmp_path)
    monkeypatch.setattr("sys.dont_write_bytecode", True)
    features = BandFeatures(["extreme"], ["theta"], sfreq=256, memory=str(tmp_path / "cache"))
    tables = []
    for word in ("max", "min"):
        (tmp_path / "registered_measures.py").write_text(MODULE.format(word=word))
        linecache.clearcache()
        sys.modules.pop("registered_measures", None)
        importlib.invalidate_caches()
        importlib.import_module("registered_measures")
        tables.append(features.fit_transform(X))
    sys.modules.pop("registered_measures")
    assert np.all(tables[0] > 0) and np.all(tables[1] < 0)


def test_an_unknown_measure_is_told_how_to_register_it():
    with pytest.raises(ValueError, match=r"no measure 'CREST'; there are: mean .* Register a"):
        BandFeatures(["CREST"], sfreq=256).fit(np.zeros((2, 512)))
