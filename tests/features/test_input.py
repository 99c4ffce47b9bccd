"""What measures and transformers refuse, and what functions of the user's may do."""

import re
import tracemalloc
from functools import partial

import numpy as np
import pytest

import skseizure
from skseizure.features import (
    BandFeatures,
    FrameFeatures,
    STFTFeatures,
    WaveletPacketFeatures,
    available_measures,
    permutation_entropy,
    sample_entropy,
    wavelet_relative_energy,
)
from skseizure.measures._batch import Batch
from skseizure.signals import Windows

TIMED = {"sfreq": 256.0}
TRANSFORMERS = [
    BandFeatures(["std"], ["theta"], sfreq=256),
    FrameFeatures(["morph"], sfreq=256),
    WaveletPacketFeatures(sfreq=256),
    STFTFeatures(sfreq=256),
]
every_measure = pytest.mark.parametrize(
    "measure", available_measures().values(), ids=lambda m: m.abbreviation
)
every_transformer = pytest.mark.parametrize("model", TRANSFORMERS, ids=lambda t: type(t).__name__)


def parameters(measure):
    return TIMED if "sfreq" in measure.parameters else {}


# ---------------------------------------------------------------------- not finite


@every_measure
@pytest.mark.parametrize("bad", [np.nan, np.inf, -np.inf])
@pytest.mark.parametrize("n_times", [1, 500])
def test_measures_refuse_what_is_not_finite(rng, measure, bad, n_times):
    x = rng.normal(size=(3, n_times))
    x[1, min(7, n_times - 1)] = bad
    with pytest.raises(ValueError, match=r"NaN or infinity in 1 of 3 windows, .* number 1"):
        measure.function(x, **parameters(measure))


@every_measure
@pytest.mark.parametrize("n_times", [1, 500])
def test_measures_refuse_amplitudes_beyond_measure(rng, measure, n_times):
    x = rng.normal(size=(3, n_times))
    for place, sample in ((0, 1e12), (n_times - 1, -1e12)):
        x[1, place] = sample
        assert np.isfinite(measure.function(x, **parameters(measure))).all()
        for factor, word in ((1.001, r"1e\+12"), (1e138, r"1e\+150"), (1.7e296, r"1\.7e\+308")):
            x[1, place] = factor * sample
            message = rf"^x holds a sample of {word} microvolts: window number 1\. At most 1e\+12"
            with pytest.raises(ValueError, match=message):
                measure.function(x, **parameters(measure))
        x[1, place] = 0.0


@every_transformer
@pytest.mark.parametrize("dtype", [np.float64, np.float32, np.int64])
def test_transformers_refuse_amplitudes_beyond_measure(rng, model, dtype):
    """Volts written as nanovolts and raw counts of 32 bits pass; nothing larger is a signal."""
    X = rng.normal(scale=2**31, size=(600, 2, 256)).astype(dtype)
    clean = X[:3].copy()
    assert np.isfinite(model.fit(clean).transform(clean)).all()
    X[555, 1, 7] = X[556, 0, 3] = dtype(-1e15)
    message = (
        r"X holds a sample of -1e\+15 microvolts: window number 555, channel number 1\. At most"
    )
    with pytest.raises(ValueError, match=message):
        model.fit(X)
    with pytest.raises(ValueError, match=message):
        model.fit(clean).transform(X)
    whole = Windows(X.astype(float), sfreq=256, record="night", ch_names=["F3", "F4"])
    message = "X holds .* microvolts: record 'night', window at 555 s, channel 'F4'"
    with pytest.raises(ValueError, match=message):
        model.fit(whole)
    with pytest.raises(ValueError, match=message):
        model.fit(clean).transform(whole)


@pytest.mark.parametrize("bad", [np.nan, -np.inf])
@pytest.mark.parametrize("order, delay", [(2, 1), (3, 1), (3, 2), (3, 5), (3, 9), (8, 1)])
def test_ordinal_patterns_refuse_what_is_not_finite_wherever_it_is(rng, order, delay, bad):
    x = rng.normal(size=(4, 15))
    for place in range(15):
        some = x.copy()
        some[2, place] = bad
        with pytest.raises(ValueError, match=r"NaN or infinity in 1 of 4 windows, .* number 2"):
            permutation_entropy(some, order=order, delay=delay)


def test_samples_too_large_for_the_filter(rng):
    X = np.where(rng.integers(0, 2, (2, 512)), 1.7e308, -1.7e308)
    for measures in (["sample_entropy"], ["shannon_entropy"], [sum_of_squares]):
        features = BandFeatures(measures, sfreq=256).fit(np.zeros_like(X))
        for method in (features.transform, features.fit):
            with pytest.raises(ValueError, match=r"X holds a sample of -?1\.7e\+308 microvolts"):
                method(X)


def test_own_functions_are_given_finite_samples():
    function = BandFeatures([sum_of_squares], sfreq=256).fit(np.zeros((2, 64)))
    assert np.isfinite(function.transform(np.ones((2, 64)))).all()
    from skseizure.features._band_features import _on_array

    with pytest.raises(ValueError, match="x holds NaN or infinity"):
        _on_array(sum_of_squares, Batch(np.array([[1.0, np.nan]])))


@every_transformer
@pytest.mark.parametrize("n_dim", [2, 3])
def test_numbers_beyond_doubles_are_refused(rng, model, n_dim):
    X = rng.normal(size=(3, 256) if n_dim == 2 else (3, 2, 256)).astype(np.longdouble)
    model.fit(X)
    X[1, ..., 7] = np.longdouble("1e4000")
    with pytest.raises(ValueError, match="X contains infinity"):
        model.fit(X)
    with pytest.raises(ValueError, match="X contains infinity"):
        model.transform(X)


@every_transformer
@pytest.mark.parametrize("dtype", [np.float64, np.float32, object])
@pytest.mark.parametrize("bad, kind", [(np.nan, "NaN"), (-np.inf, "infinity")])
def test_the_window_of_a_bare_array_is_told(rng, model, bad, kind, dtype):
    X = rng.normal(size=(600, 2, 256)).astype(dtype)
    X[555, 1, 7] = X[556, 0, 3] = bad
    for clean, some, row, channel in ((X[:3], X, 555, 1), (X[:3, 1], X[552:557, 1], 3, 0)):
        message = rf"X contains {kind}: window number {row}, channel number {channel}\. Finite"
        with pytest.raises(ValueError, match=message):
            model.fit(some)
        with pytest.raises(ValueError, match=message):
            model.fit(clean).transform(some)


def test_nothing_but_noise_is_refused_within_little_memory():
    X = np.full((64, 18, 8192), np.nan, dtype=np.float32)
    tracemalloc.start()
    with pytest.raises(ValueError, match="X contains NaN: window number 0, channel number 0"):
        STFTFeatures(sfreq=256).fit(X)
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert peak < X.nbytes / 4


def test_integers_beyond_doubles_are_refused():
    with pytest.raises(ValueError, match="X: int too large"):
        STFTFeatures(sfreq=256).fit([[1, 10**400, *[0] * 254]] * 2)


@every_transformer
def test_dates_and_times_are_refused(model):
    times = np.zeros((3, 2, 256), "m8[s]")
    times[1, 1, 7] = "NaT"
    for X in (times, np.zeros((3, 2, 256), "M8[s]"), times[:, 0]):
        with pytest.raises((ValueError, TypeError)):
            model.fit(X)


@every_transformer
def test_masked_samples_are_refused(rng, model):
    X = np.ma.masked_array(rng.normal(size=(3, 2, 256)), mask=False)
    np.testing.assert_array_equal(model.fit_transform(X), model.fit_transform(X.data))
    X[1, 1, 7] = np.ma.masked
    for masked in (X, X[:, 1]):
        with pytest.raises(ValueError, match="X is a masked array; fill its gaps"):
            model.fit(masked)
        with pytest.raises(ValueError, match="X is a masked array; fill its gaps"):
            model.transform(masked)


@every_transformer
@pytest.mark.parametrize("shape", [(4, 0, 256), (4, 2, 0)])
def test_windows_of_nothing_are_refused(model, shape):
    with pytest.raises(ValueError, match=rf"X has shape {re.escape(str(shape))}; at least one"):
        model.fit(np.zeros(shape))


# ---------------------------------------------------------------------- flat signals


@pytest.mark.parametrize("value", [17.3, -1e9, 2**15 - 1])
def test_flat_windows_are_as_zeros(value):
    X = np.full((2, 2, 512), value)
    expected = BandFeatures(sfreq=256).fit_transform(np.zeros_like(X))
    np.testing.assert_array_equal(BandFeatures(sfreq=256).fit_transform(X), expected)
    whole = Windows.from_array(X.reshape(2, -1), 256, window=2)
    np.testing.assert_array_equal(BandFeatures().fit_transform(whole), expected)


# ---------------------------------------------------------------------- measures by name


def test_every_measure_works_by_its_name(rng):
    names = list(available_measures())
    X = rng.normal(scale=20, size=(2, 2, 512))
    model = BandFeatures(names, {"wide": (1, 40)}, sfreq=256).fit(X)
    assert model.measures_ == names
    table = model.transform(X)
    assert table.shape == (2, 2 * len(names)) and np.isfinite(table).all()
    short = BandFeatures(["mean", "median_frequency", "std"], {"wide": (1, 40)}, sfreq=256)
    columns = [names.index(name) for name in ("mean", "median_frequency", "std")]
    np.testing.assert_array_equal(short.fit_transform(X[:, 0]), table[:, columns])


def test_share_of_a_wavelet_component_has_the_same_bits_alone(rng):
    x = rng.normal(size=(200, 256))
    for component in ("A1", "D3", "D5"):
        together = wavelet_relative_energy(x, component=component)
        alone = [wavelet_relative_energy(row, component=component) for row in x]
        np.testing.assert_array_equal(together, alone)


@pytest.mark.parametrize("group", ["dwt_db1", "dwt_db4"])
def test_one_channel_of_one_window_has_the_same_bits(rng, group):
    X = rng.normal(size=(50, 2, 256))
    model = FrameFeatures([group], sfreq=256).fit(X)
    table = model.transform(X)
    one = FrameFeatures([group], sfreq=256).fit(X[:, :1])
    for row in range(50):
        np.testing.assert_array_equal(one.transform(X[[row], :1])[0], table[row, :30])


# ---------------------------------------------------------------------- own functions


def sum_of_squares(x):
    return (x**2).sum(axis=1)


def sum_in_place(x):
    x -= x.mean(axis=1, keepdims=True)
    return x.sum(axis=1)


def test_a_function_cannot_change_the_samples_of_the_next(rng):
    X = rng.normal(size=(2, 256))
    with pytest.raises(ValueError, match="read-only"):
        BandFeatures([sum_in_place, "maximum"], ["theta"], sfreq=256).fit_transform(X)


def test_names_of_partial_functions(rng):
    X = rng.normal(size=(2, 256))
    wide = partial(sample_entropy, tolerance=0.3)
    model = BandFeatures([wide, partial(partial(sum_of_squares))], ["theta"], sfreq=256)
    table = model.fit_transform(X)
    assert model.measures_ == ["sample_entropy", "sum_of_squares"]
    narrow = BandFeatures(["sample_entropy"], ["theta"], sfreq=256).fit_transform(X)
    assert np.all(table[:, 0] < narrow[:, 0])
    named = partial(sample_entropy, order=3)
    named.__name__ = "sample_entropy_3"
    model = BandFeatures(["sample_entropy", named], ["theta"], sfreq=256).fit(X)
    assert model.measures_ == ["sample_entropy", "sample_entropy_3"]


@pytest.mark.parametrize(
    ("measures", "name"),
    [
        ([partial(sample_entropy, order=1), partial(sample_entropy, order=3)], "sample_entropy"),
        (["sample_entropy", partial(sample_entropy, order=3)], "sample_entropy"),
        ([lambda x: x[:, 0], lambda x: x[:, 1]], "<lambda>"),
    ],
)
def test_functions_of_one_name_must_be_named(measures, name):
    with pytest.raises(ValueError, match=f"a function named '{name}' like .*with def .*__name__"):
        BandFeatures(measures, ["theta"], sfreq=256).fit(np.zeros((2, 256)))


# ---------------------------------------------------------------------- parameters

PAIR = r"bands has 'a' = .*; a pair \(low, high\) in Hz is needed"


@pytest.mark.parametrize("bands", [{"a": 5}, {"a": (1, 2, 3)}, {"a": ("1", 2)}, {"a": (1,)}])
@pytest.mark.parametrize("kind", [BandFeatures, WaveletPacketFeatures, STFTFeatures])
def test_bands_are_pairs(kind, bands):
    with pytest.raises(ValueError, match=PAIR):
        kind(bands=bands, sfreq=256).fit(np.zeros((2, 512)))


@pytest.mark.parametrize(
    ("kind", "argument", "name"),
    [
        (BandFeatures, "measures", "line_length"),
        (BandFeatures, "bands", "alpha"),
        (FrameFeatures, "groups", "morph"),
        (FrameFeatures, "wvd_bands", "delta"),
    ],
)
def test_a_single_name_is_no_list_of_names(kind, argument, name):
    X = np.zeros((2, 512))
    message = rf"{argument} is '{name}'; a list of names is needed: {argument}=\['{name}'\]\."
    with pytest.raises(ValueError, match=message):
        kind(**{argument: name}, sfreq=256).fit(X)
    kind(**{argument: [name]}, sfreq=256).fit(X)


@pytest.mark.parametrize(
    ("model", "message"),
    [
        (BandFeatures(bands=["theta", "theta"]), r"bands is \['theta', 'theta'\]; each band may"),
        (BandFeatures(bands={1: (1, 2), "1": (2, 3)}), "bands has '1' twice"),
        (FrameFeatures(mfcc_bands=[(1, 4), (1, 4 + 1e-9)]), "name them 1-4Hz, 1-4Hz"),
        (FrameFeatures(mfcc_bands=[(1, 4), (1, 2, 3)]), "mfcc_bands is .*; pairs of edges"),
        (FrameFeatures(mfcc_bands=[(1, 4), "ab"]), "mfcc_bands is .*; pairs of edges"),
        (FrameFeatures(mfcc_bands=[]), "mfcc_bands is .*; pairs of edges"),
        (WaveletPacketFeatures(level=25), "level is 25, .* window of 512 samples .* most 9"),
        (WaveletPacketFeatures(level=10), "level is 10, .* window of 512 samples .* most 9"),
    ],
)
def test_parameters_are_named(model, message):
    with pytest.raises(ValueError, match=message):
        model.set_params(sfreq=256).fit(np.zeros((2, 512)))


def test_as_many_levels_as_a_window_holds(rng):
    X = rng.normal(size=(2, 512))
    table = WaveletPacketFeatures(level=9, sfreq=256).fit_transform(X)
    assert np.isfinite(table).all()


# ---------------------------------------------------------------------- cache, bare arrays


@pytest.mark.parametrize("kind", [BandFeatures, FrameFeatures])
def test_cache_forgets_when_the_version_changes(rng, tmp_path, monkeypatch, kind):
    X = Windows.from_array(rng.normal(size=(1, 1024)), 256, window=1)
    few = {"measures": ["std"]} if kind is BandFeatures else {"groups": ["morph"]}
    model = kind(**few, memory=str(tmp_path)).fit(X)
    model.transform(X)
    before = len(list(tmp_path.rglob("output.pkl")))
    model.transform(X)
    assert len(list(tmp_path.rglob("output.pkl"))) == before
    module = {BandFeatures: "_band_features", FrameFeatures: "_frame_features"}[kind]
    assert skseizure.__version__ == getattr(skseizure.features, module).__version__
    monkeypatch.setattr(f"skseizure.features.{module}.__version__", "99")
    model.transform(X)
    assert len(list(tmp_path.rglob("output.pkl"))) == 2 * before


@every_transformer
def test_smoothing_of_a_bare_array_counts_its_seconds(rng, model):
    X = rng.normal(size=(8, 512))  # windows of 2 s
    table = model.fit_transform(X)
    smooth = type(model)(**model.get_params()).set_params(smoothing=4).fit_transform(X)
    np.testing.assert_array_equal(smooth[0], table[0])
    np.testing.assert_allclose(smooth[1:], (table[:-1] + table[1:]) / 2, rtol=1e-12, atol=1e-12)
    whole = Windows.from_array(X.reshape(1, -1), 256, window=2)
    as_windows = type(model)(**model.get_params()).set_params(smoothing=4, sfreq=None)
    if not isinstance(model, BandFeatures):  # which would filter the whole recording
        np.testing.assert_array_equal(as_windows.fit_transform(whole), smooth)
