import importlib
import linecache
import pickle
import sys

import numpy as np
import pytest
from scipy.signal import butter, sosfiltfilt
from sklearn.linear_model import LogisticRegression
from sklearn.model_selection import GridSearchCV
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

from skseizure.datasets import load_bonn
from skseizure.features import (
    BandFeatures,
    MovingAverage,
    available_measures,
    band_power,
    line_length,
)
from skseizure.features._band_features import BANDS
from skseizure.measures._registry import UNIVARIATE29
from skseizure.model_selection import RecordKFold
from skseizure.signals import Recording, Windows


@pytest.fixture(scope="module")
def windows():
    """Two records of three channels, the windows overlapping."""
    rng = np.random.default_rng(0)
    return Windows.concatenate(
        Windows.from_array(rng.normal(scale=20, size=(3, 2000)), 200, window=2, step=1, record=name)
        for name in "ab"
    )


def test_table_by_a_naive_loop(windows):
    """Filter each recording, cut, and call each measure on one window at a time."""
    measures = {name: available_measures()[name] for name in UNIVARIATE29}
    naive = np.empty((len(windows), 3, 5, 29))
    for rows, part in windows.by_signal():
        signal = part._signals[0]
        for b, (low, high) in enumerate([(0.5, 4), (4, 8), (8, 13), (13, 30), (30, 60)]):
            sos = butter(6, [low, high], btype="bandpass", fs=200, output="sos")
            for c in range(3):
                x = sosfiltfilt(sos, signal[c])
                for row, onset in zip(rows, part.onset, strict=True):
                    window = x[int(onset * 200) : int(onset * 200) + 400]
                    for m, measure in enumerate(measures.values()):
                        naive[row, c, b, m] = measure.function(window)
    transformer = BandFeatures().fit(windows)
    table = transformer.transform(windows)
    assert table.shape == (len(windows), 3 * 145)
    names = transformer.get_feature_names_out()
    assert len(set(names)) == len(names) == 435
    assert list(names[[0, 28, 29, 145, -1]]) == [
        "ch0__delta__mean",
        "ch0__delta__fuzzy_entropy",
        "ch0__theta__mean",
        "ch1__delta__mean",
        "ch2__gamma__fuzzy_entropy",
    ]
    np.testing.assert_allclose(table.reshape(naive.shape), naive, rtol=1e-9, atol=1e-12)


def test_window_filtering_is_local_and_recording_filtering_is_not(windows):
    some = ["std", "line_length"]
    whole, local = (BandFeatures(some, filtering=f).fit(windows) for f in ("recording", "window"))
    as_array = BandFeatures(some, sfreq=200).fit_transform(windows.data)
    np.testing.assert_array_equal(local.transform(windows), as_array)
    assert not np.allclose(whole.transform(windows), as_array)
    dense = Windows(windows.data, sfreq=200)
    np.testing.assert_array_equal(BandFeatures(some).fit_transform(dense), as_array)


@pytest.mark.parametrize("filtering", ["recording", "window"])
def test_rows_do_not_depend_on_their_company(windows, filtering):
    transformer = BandFeatures(filtering=filtering).fit(windows)
    table = transformer.transform(windows)
    some = np.random.default_rng(1).permutation(len(windows))[:7]
    np.testing.assert_array_equal(transformer.transform(windows[some]), table[some])


def test_threads_and_cache_change_nothing(windows, tmp_path):
    table = BandFeatures().fit_transform(windows)
    np.testing.assert_array_equal(BandFeatures(n_jobs=2).fit_transform(windows), table)
    cached = BandFeatures(memory=str(tmp_path)).fit(windows)
    for _ in range(2):
        np.testing.assert_array_equal(cached.transform(windows), table)
    files = sorted(tmp_path.rglob("output.pkl"))
    assert len(files) == 2, "one for each recording"
    cached.transform(windows[windows.record == "b"])
    assert sorted(tmp_path.rglob("output.pkl")) == files, "a fold of whole records is found again"


@pytest.mark.parametrize("center", [False, True])
def test_smoothing_stays_within_record_and_gap(windows, center):
    """The average of each column over three windows, by a loop; order of rows does not matter."""
    kept = windows[np.delete(np.arange(len(windows)), 4)]  # a gap in record a
    table = BandFeatures(["std", "skewness"]).fit_transform(kept)
    expected = np.empty_like(table)
    for row in range(len(kept)):
        lag = kept.onset - kept.onset[row]
        near = (abs(lag) < 1.5) if center else (lag > -2.5) & (lag <= 0)
        near &= kept.record == kept.record[row]
        near &= (kept.record == "b") | ((kept.onset > 4) == (kept.onset[row] > 4))
        expected[row] = table[near].mean(axis=0)
    smooth = BandFeatures(["std", "skewness"], smoothing=3, center=center).fit(kept)
    np.testing.assert_allclose(smooth.transform(kept), expected, rtol=1e-12, atol=1e-14)
    order = np.random.default_rng(0).permutation(len(kept))
    np.testing.assert_array_equal(smooth.transform(kept[order]), smooth.transform(kept)[order])


def test_a_band_takes_its_own_frequencies():
    t = np.arange(2560) / 256
    X = Windows.from_array(
        np.stack([np.sin(2 * np.pi * f * t) for f in (2, 6, 10, 20, 45)]), 256, window=2, step=2
    )
    table = BandFeatures(["std"]).fit_transform(X)[2].reshape(5, 5)
    np.testing.assert_allclose(np.diag(table), np.sqrt(0.5), rtol=0.02)
    assert np.all(table[~np.eye(5, dtype=bool)] < 0.02)


def peak_to_peak(x):
    return np.ptp(x, axis=1)


def test_own_functions_and_bands(windows):
    transformer = BandFeatures(["LL", peak_to_peak], {"slow": (1, 20)}).fit(windows)
    assert transformer.get_feature_names_out()[:2].tolist() == [
        "ch0__slow__line_length",
        "ch0__slow__peak_to_peak",
    ]
    table = transformer.transform(windows).reshape(-1, 2)
    assert np.all(table[:, 1] > table[:, 0])
    frame = transformer.set_output(transform="pandas").transform(windows)
    assert list(frame.columns) == list(transformer.get_feature_names_out())


def test_constant_windows_give_finite_numbers():
    for value in (0.0, 17.0):
        table = BandFeatures(sfreq=256).fit_transform(np.full((3, 2, 512), value))
        assert np.isfinite(table).all()
    with np.errstate(all="raise"):
        BandFeatures(sfreq=256).fit_transform(np.zeros((1, 512)))


@pytest.mark.parametrize("n_times", [1, 2, 3, 7, 20])
def test_tiny_windows_give_finite_numbers(n_times):
    X = np.random.default_rng(0).normal(size=(4, n_times))
    assert np.isfinite(BandFeatures(sfreq=256).fit_transform(X)).all()


def test_cache_forgets_when_a_function_changes(windows, tmp_path, monkeypatch):
    module = tmp_path / "own_measures.py"
    monkeypatch.syspath_prepend(tmp_path)
    monkeypatch.setattr("sys.dont_write_bytecode", True)
    largest = []
    for word in ("max", "min"):
        module.write_text(f"def extreme(x):\n    return x.{word}(axis=1)\n")
        linecache.clearcache()
        sys.modules.pop("own_measures", None)
        importlib.invalidate_caches()
        own = importlib.import_module("own_measures")
        features = BandFeatures([own.extreme], ["theta"], memory=str(tmp_path / "cache"))
        largest.append(features.fit_transform(windows))
    sys.modules.pop("own_measures")
    assert np.all(largest[0] > 0) and np.all(largest[1] < 0)
    with pytest.raises(ValueError, match="'<lambda>', which cannot be imported by name"):
        BandFeatures([lambda x: x[:, 0]], memory=str(tmp_path)).fit_transform(windows)


def test_a_pipelines_cache_forgets_when_a_function_changes(windows, tmp_path, monkeypatch):
    """Pipeline(memory=) hashes the pickled transformer, which names the function only."""
    module = tmp_path / "own_measures.py"
    monkeypatch.syspath_prepend(tmp_path)
    monkeypatch.setattr("sys.dont_write_bytecode", True)
    largest = []
    for word in ("max", "min"):
        module.write_text(f"def extreme(x):\n    return x.{word}(axis=1)\n")
        linecache.clearcache()
        sys.modules.pop("own_measures", None)
        importlib.invalidate_caches()
        own = importlib.import_module("own_measures")
        inner = MovingAverage(BandFeatures([own.extreme, "std"], ["theta"]), 4)
        pipeline = make_pipeline(inner, "passthrough", memory=str(tmp_path / "cache"))
        largest.append(pipeline.fit_transform(windows)[:, 0])
    sys.modules.pop("own_measures")
    assert np.all(largest[0] > 0) and np.all(largest[1] < 0)
    again = pickle.loads(pickle.dumps(BandFeatures(["std"])))
    assert vars(again) == vars(BandFeatures(["std"]))


def test_measures_changed_after_fit_are_refused(windows):
    transformer = BandFeatures(["std"]).fit(windows).set_params(measures=["std", "mean"])
    with pytest.raises(ValueError, match="measures was changed to std, mean after fit"):
        transformer.transform(windows)


def test_measures_that_need_the_rate_are_given_it(windows):
    (name,) = (n for n, m in available_measures().items() if n == "median_frequency")
    table = BandFeatures([name], ["theta", "beta"]).fit_transform(windows).reshape(-1, 2)
    assert np.all((table[:, 0] > 4) & (table[:, 0] < 8))
    assert np.all((table[:, 1] > 13) & (table[:, 1] < 30))


def test_grid_search_over_measures_and_bands(toy):
    X, y, _ = toy
    pipe = make_pipeline(
        BandFeatures(["std"], {"low": (1, 8)}), StandardScaler(), LogisticRegression()
    )
    grid = {
        "bandfeatures__measures": [["skewness"], ["std", "line_length"]],
        "bandfeatures__bands": [{"low": (1, 8)}, {"low": (1, 8), "high": (8, 30)}],
    }
    search = GridSearchCV(pipe, grid, cv=RecordKFold(2), error_score="raise").fit(X, y)
    assert search.best_params_["bandfeatures__measures"] == ["std", "line_length"]
    assert search.best_score_ > 0.9


def test_real_seizures_stand_out(data_path):
    """On Bonn, set S (ictal) against F (between seizures, the same sites) by one feature."""
    X, y = load_bonn(data_path / "bonn", sets="FS")
    table = BandFeatures(["line_length"], ["theta", "alpha"]).fit_transform(X)
    ictal, quiet = (np.median(table[y == label], axis=0) for label in (1, 0))
    assert np.all(ictal > 3 * quiet)


def _bad(x):
    return np.full(len(x), np.nan)


def _words(x):
    return ["a"] * len(x)


def _failing(x):
    raise RuntimeError("of the function")


def test_an_error_in_a_function_tells_whose():
    with pytest.raises(RuntimeError, match="of the function") as caught:
        BandFeatures(["std", _failing], sfreq=256).fit_transform(np.zeros((3, 512)))
    assert caught.value.__notes__ == ["In measure '_failing' of BandFeatures."]


@pytest.mark.parametrize(
    ("params", "X", "message"),
    [
        ({}, np.zeros((3, 512)), "sfreq is None and X is a bare array"),
        ({"sfreq": 100}, np.zeros((3, 512)), r"sfreq is 100 Hz, too low for band 'gamma' \(30-60"),
        ({"sfreq": 256, "measures": ["lenght"]}, np.zeros((3, 512)), "no measure 'lenght'"),
        ({"sfreq": 256, "measures": [3]}, np.zeros((3, 512)), "measures holds 3; names and func"),
        ({"sfreq": 256, "measures": []}, np.zeros((3, 512)), "measures is empty"),
        ({"sfreq": 256, "measures": ["std", "STD"]}, np.zeros((3, 512)), "names 'std' twice"),
        ({"sfreq": 256, "bands": ["mu"]}, np.zeros((3, 512)), "bands names mu; known are delta"),
        ({"sfreq": 256, "bands": {}}, np.zeros((3, 512)), "bands is empty"),
        ({"sfreq": 256, "bands": {"x": (8, 4)}}, np.zeros((3, 512)), r"'x' = \(8, 4\) Hz"),
        ({"sfreq": 256, "smoothing": 0}, np.zeros((3, 512)), "'smoothing' parameter of BandFeat"),
        ({"sfreq": 256, "measures": [_bad]}, np.zeros((3, 512)), "3 values not finite"),
        ({"sfreq": 256, "measures": [_words]}, np.zeros((3, 512)), "measure '_words': could not"),
        (
            {"sfreq": 256, "measures": [band_power]},
            np.zeros((3, 512)),
            r"holds 'band_power', .* \(missing .*sfreq.*\); bind the rest with functools.partial",
        ),
        ({"sfreq": 256, "bands": {"x": (8, np.inf)}}, np.zeros((3, 512)), "'x' up to infinity"),
        ({"sfreq": 256, "measures": [np.ptp]}, np.zeros((3, 512)), r"it gave shape \(\)"),
        ({"sfreq": 256}, np.full((3, 512), np.nan), "NaN"),
        ({"sfreq": 256}, np.full((3, 2, 512), np.inf), "infinity"),
        ({"sfreq": 256}, np.zeros((0, 512)), "0 sample"),
        ({"sfreq": 256}, np.zeros((3, 0)), "0 feature"),
        ({"sfreq": 256}, np.zeros((2, 3, 4, 5)), "X has 4 dimensions"),
        ({"sfreq": 250}, Windows(np.zeros((3, 512)), sfreq=256), "X is sampled at 256 Hz"),
        ({}, Windows(np.full((3, 512), np.nan), sfreq=256), "NaN"),
        ({}, Windows(np.zeros((3, 512)), sfreq=256)[[]], "0 windows"),
    ],
)
def test_bad_input_is_refused(params, X, message):
    with pytest.raises(ValueError, match=message):
        BandFeatures(**params).fit(X).transform(X)


def test_the_highest_order_still_passes_its_band():
    t = np.arange(600 * 256) / 256
    X = Windows.from_array(np.sin(2 * np.pi * np.sqrt(0.5 * 4) * t)[np.newaxis], 256, window=4)
    amplitude = BandFeatures(["maximum"], ["delta"], order=40).fit_transform(X)[60:90]
    np.testing.assert_allclose(amplitude, 1, atol=2e-4)  # a peak may fall between two samples
    with pytest.raises(ValueError, match=r"'order' parameter of BandFeatures must be .*\[1, 40\]"):
        BandFeatures(order=41).fit(X)


def test_recordings_must_be_cut_first():
    recording = Recording(np.zeros((1, 512)), 256, ["ch0"])
    with pytest.raises(TypeError, match=r"X is Recording, .* Windows.from_recording"):
        BandFeatures().fit(recording)


def test_what_is_not_finite_is_named():
    data = np.zeros((300, 2, 64))
    data[290, 1, 5] = np.nan
    X = Windows(data, sfreq=64, record="night", ch_names=["F3", "F4"])
    with pytest.raises(ValueError, match="NaN: record 'night', window at 290 s, channel 'F4'"):
        BandFeatures(["std"], {"low": (1, 8)}).fit(X)


def test_another_layout_at_transform_is_refused(windows):
    transformer = BandFeatures(["std"]).fit(windows)
    with pytest.raises(ValueError, match=r"windows of 2 channels, but .* fitted on 3 channels"):
        transformer.transform(windows.pick(["ch0", "ch1"]))
    with pytest.raises(ValueError, match=r"windows of 300 samples, but .* on 400 samples"):
        transformer.transform(np.zeros((2, 3, 300)))
    with pytest.raises(ValueError, match=r"X has channel 'ch2' where .* was fitted on 'ch0'"):
        transformer.transform(windows.pick(["ch2", "ch1", "ch0"]))
    other = Windows(np.zeros((2, 3, 400)), sfreq=256)
    with pytest.raises(ValueError, match=r"X is sampled at 256 Hz, but BandFeatures needs 200 Hz"):
        transformer.transform(other)


def test_nan_outside_the_windows_at_hand(windows):
    signal = np.random.default_rng(0).normal(size=(1, 2000))
    signal[0, -1] = np.nan
    X = Windows.from_array(signal, 200, window=2)
    with pytest.raises(ValueError, match="cut from holds NaN or infinity outside them"):
        BandFeatures(["std"]).fit_transform(X[:4])
    local = BandFeatures(["std"], filtering="window").fit_transform(X[:4])
    assert np.isfinite(local).all()


def test_functions_agree_with_the_registry():
    assert available_measures()["line_length"].function is line_length
    assert list(BANDS) == ["delta", "theta", "alpha", "beta", "gamma"]
