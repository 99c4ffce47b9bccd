"""FrameFeatures and its measures against loops, other libraries and closed forms."""

import functools
import inspect

import numpy as np
import pytest
import pywt
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.testing import assert_allclose, assert_array_equal
from scipy import fft, signal
from sklearn.utils.estimator_checks import parametrize_with_checks

import skseizure.features
from skseizure._core.amplitude import LARGEST_AMPLITUDE
from skseizure.datasets import load_bonn
from skseizure.features import (
    FrameFeatures,
    MovingAverage,
    available_measures,
    frequency_regularity,
    mel_cepstrum,
    stft_band_energy,
    wavelet_relative_energy,
    wavelet_statistic,
    wigner_ville_energy,
)
from skseizure.measures._batch import Batch
from skseizure.measures._registry import UNIVARIATE29, get_measure
from skseizure.model_selection import RecordKFold
from skseizure.signals import Windows

from . import _naive_frames as naive

SIZES = {
    "morph": 16,
    "time": 14,
    "freq": 5,
    "dwt_db1": 30,
    "dwt_db2": 30,
    "dwt_db3": 30,
    "dwt_db4": 30,
    "dwt_db4_stats": 70,
    "tf": 9,
    "mfcc": 36,
    "d_mfcc": 36,
    "dd_mfcc": 36,
}
WITHOUT_DERIVATIVES = list(SIZES)[:-2]
FURTHER = list(available_measures().values())[len(UNIVARIATE29) :]

# The power of the amplitude that features go with, by the end of their names; 0 for the others.
POWERS = {
    "amplitude_ratio": -1,
    "absolute_amplitude": 1,
    "area": 1,
    "slope": 1,
    "peak_to_peak": 1,
    "__mean": 1,
    "_mean": 1,
    "std": 1,
    "variance": 2,
    "root_mean_square": 1,
    "energy": 2,
    "psd_maximum": 2,
    "psd_minimum": 2,
    "psd_mean": 2,
    "maximum": 1,
    "minimum": 1,
    "autocovariance_std": 2,
    "autocovariance_variance": 4,
    "autocovariance_energy": 4,
    "relative_energy": 0,
}

# Groups and features that an offset leaves alone.
IGNORES_OFFSET = (
    "freq",
    "tf",
    "mfcc",
    "skewness",
    "kurtosis",
    "slope_sign_changes",
    "variance",
    "std",
    "shannon_entropy",
    "approximate_entropy",
    "autocovariance_std",
    "autocovariance_variance",
    "autocovariance_energy",
    "peak_latency",
    "average_absolute_slope",
    "peak_to_peak",
    "peak_to_peak_time",
    "peak_to_peak_slope",
    "slope_sign_alterations",
)


def power_of(name):
    ends = [end for end in POWERS if name.endswith(end)]
    return POWERS[max(ends, key=len)] if ends else 0


@functools.cache
def names_of(n_times, sfreq):
    features = FrameFeatures(WITHOUT_DERIVATIVES, sfreq=sfreq).fit(np.zeros((1, n_times)))
    return [name.removeprefix("ch0__") for name in features.get_feature_names_out()]


def measured(x, sfreq):
    """Features of one window by name, without the derivatives."""
    x = np.atleast_2d(x)
    table = FrameFeatures(WITHOUT_DERIVATIVES, sfreq=sfreq).fit_transform(x)
    return dict(zip(names_of(x.shape[1], sfreq), table.T, strict=True))


def make_windows():
    rng = np.random.default_rng(5)
    t = np.arange(128)
    noise = rng.standard_normal(128)
    rhythm = 40 * np.sin(2 * np.pi * 6.3 * t / 128) + 8 * noise
    return {
        "noise": 20 * noise,
        "offset": 20 * noise + 300,
        "walk": noise.cumsum(),
        "tiny": 1e-6 * rhythm,
        "huge": 1e6 * rhythm,
        "integers": np.round(rhythm),
        "coarse": np.round(rhythm / 16) * 16,
        "telegraph": np.where(noise > 0.3, 5.0, -5.0),
        "spike": np.where(t == 50, 50.0, 0.0),
        "ramp": t.astype(float),
        "negative": -np.abs(rhythm) - 1,
        "odd": rhythm[:101],
        "short": rhythm[:13],
        "constant": np.full(128, 0.1),
        "zero": np.zeros(128),
    } | {f"first_{n}": rhythm[:n] for n in (1, 2, 3, 4, 5)}


WINDOWS = make_windows()


def assert_equals_loops(x, sfreq):
    ours = measured(x, sfreq)
    expected = naive.features(x, sfreq)
    assert list(ours) == list(expected)
    amplitude = np.abs(x).max()
    for name, value in ours.items():
        # Rounding is that of sums over the window, whatever they cancel to.
        unit = amplitude ** power_of(name) if amplitude else 1.0
        rtol, atol = 1e-9, 1e-13 * len(x) * unit
        if name.endswith("coefficient_of_variation"):
            # The mean has the rounding error of a sum, beside at least 1e-6 root mean squares.
            rtol = len(x) * np.finfo(float).eps / 1e-6
        assert_allclose(value, expected[name], rtol=rtol, atol=atol, err_msg=name)


# ---------------------------------------------------------------------------- layout


def test_names_counts_and_partition():
    features = FrameFeatures(sfreq=256).fit(np.zeros((2, 3, 256)))
    names = features.get_feature_names_out()
    assert len(names) == 3 * 342 and len(set(names)) == len(names)
    assert {len(name.split("__")) for name in names} == {3}
    assert {name: len(columns) for name, columns in features.feature_groups_.items()} == SIZES
    assert_array_equal(np.concatenate(list(features.feature_groups_.values())), np.arange(342))
    for channel in range(3):
        for group, columns in features.feature_groups_.items():
            for name in names[channel * 342 + columns]:
                assert name.startswith(f"ch{channel}__{group}__")


def test_groups_are_parts_of_the_whole(toy):
    X, _, _ = toy
    some = ["dd_mfcc", "time", "d_mfcc"]
    X = X[::3]
    # All need more than 60 Hz; the toy has 64.
    whole = FrameFeatures().fit(X)
    part = FrameFeatures(some).fit(X)
    assert list(part.feature_groups_) == some
    columns = np.concatenate([whole.feature_groups_[name] for name in some])
    table = whole.transform(X).reshape(len(X), 2, 342)
    assert_array_equal(part.transform(X).reshape(len(X), 2, -1), table[:, :, columns])
    channels = whole.get_feature_names_out().reshape(2, 342)
    assert_array_equal(part.get_feature_names_out(), channels[:, columns].ravel())
    assert channels[1, 0] == "C3-P3__morph__peak_latency"


def test_bands_are_parameters():
    X = np.random.default_rng(0).normal(size=(4, 256))
    four = FrameFeatures(["tf"], wvd_bands=("beta", "delta"), sfreq=256)
    table = four.fit_transform(X)
    names = [name.removeprefix("ch0__tf__") for name in four.get_feature_names_out()]
    assert names[4:6] == ["wvd_beta_energy", "wvd_delta_energy"] and len(names) == 8
    assert_array_equal(table[:, 4], wigner_ville_energy(X, sfreq=256, band=(13, 30)))
    own = FrameFeatures(["mfcc"], mfcc_bands=[(2, 40)], sfreq=256)
    table = own.fit_transform(X)
    assert own.get_feature_names_out()[5] == "ch0__mfcc__2-40Hz_c6" and table.shape == (4, 6)
    assert_array_equal(table[:, 5], mel_cepstrum(X, sfreq=256, band=(2, 40), coefficient=6))


def test_input_forms_agree(rng):
    signal_ = rng.normal(scale=20, size=(2, 1280))
    X = Windows.from_array(signal_, 128, window=1)
    table = FrameFeatures().fit_transform(X)
    assert_array_equal(FrameFeatures(sfreq=128).fit_transform(X.data), table)
    one = FrameFeatures(sfreq=128).fit_transform(X.data[:, 1])
    assert_array_equal(one, table[:, 342:])
    single = FrameFeatures(sfreq=128).fit_transform(X.data.astype(np.float32))
    assert_array_equal(
        single, FrameFeatures(sfreq=128).fit_transform(X.data.astype(np.float32).astype(float))
    )


def test_threads_and_batches_change_nothing(rng, monkeypatch):
    X = rng.normal(scale=20, size=(30, 2, 100))
    table = FrameFeatures(sfreq=128).fit_transform(X)
    monkeypatch.setattr("skseizure.features._windows_transformer.BATCH_SAMPLES", 7 * 200)
    assert_array_equal(FrameFeatures(sfreq=128).fit_transform(X), table)
    assert_array_equal(FrameFeatures(sfreq=128, n_jobs=2).fit_transform(X), table)
    local = FrameFeatures(WITHOUT_DERIVATIVES, sfreq=128).fit(X)
    some = rng.permutation(30)[:4]
    assert_array_equal(local.transform(X[some]), local.transform(X)[some])
    assert_array_equal(local.transform(X[:1]), local.transform(X)[:1])


def test_cache_keeps_the_table_of_each_record(toy, tmp_path):
    X, _, _ = toy
    table = FrameFeatures(["morph", "d_mfcc"]).fit_transform(X)
    cached = FrameFeatures(["morph", "d_mfcc"], memory=str(tmp_path)).fit(X)
    for _ in range(2):
        assert_array_equal(cached.transform(X), table)
    files = sorted(tmp_path.rglob("output.pkl"))
    assert len(files) == 4, "one for each record"
    train, _ = next(RecordKFold(2).split(X))
    cached.transform(X[train])
    assert sorted(tmp_path.rglob("output.pkl")) == files, "a fold of whole records is found again"


def test_smoothing_is_that_of_moving_average(toy):
    X, _, _ = toy
    inner = FrameFeatures(["morph", "mfcc", "d_mfcc"])
    for center in (False, True):
        ours = FrameFeatures(["morph", "mfcc", "d_mfcc"], smoothing=20, center=center)
        around = MovingAverage(inner, 20, center=center)
        assert_array_equal(ours.fit_transform(X), around.fit_transform(X))


# ---------------------------------------------------------------------------- values


@pytest.mark.parametrize("name", WINDOWS)
def test_equals_loops(name):
    assert_equals_loops(WINDOWS[name], 128.0)


@pytest.mark.parametrize("sfreq", [256.0, 100.0])
def test_equals_loops_at_other_rates(rng, sfreq):
    assert_equals_loops(20 * rng.standard_normal(110), sfreq)


def test_equals_loops_on_real_eeg(data_path):
    X, _ = load_bonn(data_path / "bonn", sets="ZS", window=1)
    for row in (3, len(X) - 5):
        assert_equals_loops(X.data[row, 0].astype(float), X.sfreq)


@pytest.mark.parametrize("exponent", [-190, -60, 30])
def test_the_smallest_and_largest_windows_scale(exponent):
    x = np.stack([WINDOWS[name] for name in ("noise", "offset", "integers", "negative")])
    with np.errstate(all="raise", under="ignore"):
        ours, base = measured(np.ldexp(x, exponent), 128.0), measured(x, 128.0)
    for name, value in ours.items():
        expected = np.ldexp(base[name], power_of(name) * exponent)
        assert_allclose(value, expected, rtol=1e-11, atol=1e-13, err_msg=name)


@pytest.mark.filterwarnings("error")
@pytest.mark.parametrize("n_times", [1, 2, 3, 4, 7, 20, 64])
def test_degenerate_windows_are_finite_without_a_warning(n_times):
    rng = np.random.default_rng(0)
    largest = LARGEST_AMPLITUDE
    rows = [
        np.zeros(n_times),
        np.full(n_times, -7.0),
        np.full(n_times, largest),
        np.full(n_times, 5e-324),
        np.where(np.arange(n_times) % 2, largest, -largest),
        np.where(np.arange(n_times) % 2, 5e-324, 0.0),
        np.where(np.arange(n_times) % 2, 5e-324, -largest),
        np.where(np.arange(n_times) == n_times // 2, 1.0, 0.0),
        rng.integers(-2, 3, n_times).astype(float),
    ]
    table = FrameFeatures(WITHOUT_DERIVATIVES, sfreq=128).fit_transform(np.array(rows))
    assert np.isfinite(table).all()


def test_constant_windows_have_no_shape():
    ours = measured(np.full((1, 128), -3.0), 128.0)
    amplitudes = {
        "morph__absolute_amplitude": 3.0,
        "morph__negative_area": -384.0,
        "morph__total_area": -384.0,
        "morph__absolute_total_area": 384.0,
        "morph__total_absolute_area": 384.0,
        "time__mean": -3.0,
        "time__root_mean_square": 3.0,
        "time__energy": 1152.0,
    }
    size = 128
    for level in range(1, 6):
        value = -3.0 * 2 ** (level / 2)
        size = pywt.dwt_coeff_len(size, 8, "symmetric")
        amplitudes[f"dwt_db4_stats__A{level}_energy"] = size * value**2
        for statistic in ("mean", "maximum", "minimum"):
            amplitudes[f"dwt_db4_stats__A{level}_{statistic}"] = value
    for name, value in ours.items():
        assert_allclose(value, amplitudes.get(name, 0.0), rtol=1e-12, atol=1e-11, err_msg=name)


@settings(max_examples=25, deadline=None)
@given(
    seed=st.integers(0, 2**31),
    factor=st.sampled_from([2.0**-7, 0.5, 4.0, 1024.0]),
    offset=st.integers(-500, 500),
)
def test_scale_and_shift(seed, factor, offset):
    """Powers of two scale exactly; whole numbers shift exactly."""
    x = np.round(np.random.default_rng(seed).normal(scale=30, size=128))
    base, scaled, shifted = (measured(v, 128.0) for v in (x, factor * x, x + offset))
    for name, value in base.items():
        expected = value * factor ** power_of(name)
        assert_allclose(scaled[name], expected, rtol=1e-11, atol=1e-13, err_msg=name)
        if name.startswith(IGNORES_OFFSET) or name.partition("__")[2] in IGNORES_OFFSET:
            assert_allclose(shifted[name], value, rtol=1e-8, atol=1e-10, err_msg=name)


# ---------------------------------------------------------------------------- measures alone


@pytest.mark.parametrize("measure", FURTHER, ids=lambda m: m.abbreviation)
def test_measures_alone(measure):
    needed = {name: 128.0 for name, value in measure.parameters.items() if value == "required"}
    assert set(needed) <= {"sfreq"}
    x = np.stack([WINDOWS["noise"], WINDOWS["walk"], WINDOWS["zero"]])
    values = measure.function(x, **needed)
    assert values.shape == (3,) and np.isfinite(values).all() and values[2] == 0
    assert_array_equal(measure.function(x[0], **needed), values[0])
    assert_array_equal(measure.function(Batch(x), **needed), values)
    assert np.ndim(measure.function(list(x[1]), **needed)) == 0
    assert measure.function is getattr(skseizure.features, measure.name)
    assert get_measure(measure.abbreviation) is measure


def test_every_measure_is_listed():
    measures = available_measures()
    assert tuple(measures)[:29] == UNIVARIATE29
    assert len(measures) == 62 == len({m.abbreviation.casefold() for m in measures.values()})
    for measure in measures.values():
        keywords = inspect.signature(measure.function).parameters
        assert list(measure.parameters) == [name for name in keywords if name != "x"]
        assert all([measure.unit, measure.formula, measure.cost, measure.group])
    # And every feature is one of them.
    features = FrameFeatures(sfreq=128).fit(np.zeros((1, 128)))
    for group in features.feature_groups_:
        for function in features._functions(group, 128.0).values():
            assert getattr(function, "func", function) in [m.function for m in measures.values()]


def test_periodogram(rng):
    x = rng.normal(size=(5, 127))
    f, density = signal.periodogram(x, fs=100, detrend="constant")
    group = FrameFeatures(["freq"], sfreq=100).fit_transform(x)
    assert_allclose(group[:, 0], density[:, 1:].max(axis=1))
    assert_allclose(group[:, 1], density[:, 1:].min(axis=1), rtol=1e-8)
    assert_allclose(group[:, 2], density[:, 1:].mean(axis=1))
    share = np.cumsum(density, axis=1) / density.sum(axis=1, keepdims=True)
    for row, median in enumerate(group[:, 4]):
        place = np.flatnonzero(np.isclose(f, median)).item()
        assert share[row, place - 1] < 0.5 <= share[row, place]


def test_short_time_transform_is_welch(rng):
    x = rng.normal(size=(5, 256))
    centred = x - x.mean(axis=1, keepdims=True)
    f, density = signal.welch(
        centred, 256, "hamming", nperseg=128, noverlap=64, nfft=256, detrend=False
    )
    for low, high in ((1, 4), (4, 7), (13, 30)):
        inside = (low <= f) & (f < high)
        expected = 256 * density[:, inside].sum(axis=1)
        assert_allclose(stft_band_energy(x, sfreq=256, band=(low, high)), expected)


def test_wigner_ville_marginal(rng):
    """The distribution itself, summed over all times and a band."""
    x = rng.normal(size=16)
    for low, high in ((0.1, 0.3), (0.05, 0.45)):
        ours = wigner_ville_energy(x, sfreq=1.0, band=(low, high))
        assert_allclose(ours, naive.wigner_ville_energy(list(x), low, high), rtol=1e-10)
    centred = x - x.mean()
    analytic = np.fft.fft(signal.hilbert(centred))
    expected = np.sum(np.abs(analytic[2:5]) ** 2) / 32
    assert_allclose(wigner_ville_energy(x, sfreq=1.0, band=(0.1, 0.3)), expected)


def test_wavelets_are_those_of_pywavelets(rng):
    x = rng.normal(size=(3, 256))
    for wavelet in ("db1", "db2", "db3", "db4"):
        a5, *details = pywt.wavedec(x, wavelet, level=5)
        parts = {"A5": a5} | {f"D{5 - i}": d for i, d in enumerate(details)}
        for name, part in parts.items():
            ours = wavelet_statistic(x, statistic="energy", component=name, wavelet=wavelet)
            assert_allclose(ours, np.sum(part**2, axis=1))
        shares = [
            wavelet_relative_energy(x, component=f"{letter}{level}", wavelet=wavelet)
            for letter in "AD"
            for level in range(1, 6)
        ]
        assert_allclose(np.sum(shares, axis=0), 1.0)


def test_frequency_regularity_tells_rhythm_from_noise(rng):
    t = np.arange(256) / 256
    packet = pywt.WaveletPacket(rng.normal(size=256), "db4", maxlevel=5)
    x = packet.data - packet.data.mean()
    energies = [np.sum(n.data**2) for n in pywt.WaveletPacket(x, "db4", maxlevel=5).get_level(5)]
    p = np.array(energies) / np.sum(energies)
    assert_allclose(frequency_regularity(packet.data), 1 + np.sum(p * np.log2(p)) / 5)
    rhythm = np.sin(2 * np.pi * 6 * t)
    noise = rng.normal(size=256)
    values = frequency_regularity([rhythm, rhythm + 0.3 * noise, noise])
    assert_allclose(values, [0.7, 0.4, 0.0], atol=0.1)


def test_cepstrum_is_the_cosine_transform_of_filter_energies(rng):
    x = rng.normal(size=(4, 200))
    frames = (x - x.mean(axis=1, keepdims=True)) * signal.windows.hamming(200)
    power = np.abs(fft.rfft(frames, 2048)) ** 2
    f = np.arange(1025) * 200 / 2048
    edges = 700 * np.expm1(np.linspace(*(np.log1p(e / 700) for e in (4.0, 8.0)), 14))
    bank = [np.interp(f, edges[j : j + 3], [0, 1, 0]) for j in range(12)]
    expected = fft.dct(np.log(power @ np.transpose(bank)), type=2, norm="ortho")
    for i in (1, 2, 6, 11):
        ours = mel_cepstrum(x, sfreq=200, band=(4, 8), coefficient=i)
        assert_allclose(ours, expected[:, i], rtol=1e-8, atol=1e-10)


# ---------------------------------------------------------------------------- derivatives


def test_derivatives_stay_in_their_stretch(rng):
    """Two records, one of them with a gap, rows shuffled."""
    onset = np.concatenate([np.arange(9), np.arange(5), 20 + np.arange(4)])
    record = np.repeat(["a", "b", "b"], [9, 5, 4])
    X = Windows(rng.normal(size=(18, 2, 128)), sfreq=128, onset=onset, record=record)
    features = FrameFeatures(["mfcc", "d_mfcc", "dd_mfcc"]).fit(X)
    table = features.transform(X)
    static, first, second = table.reshape(18, 2, 3, 36).transpose(2, 0, 1, 3)
    for rows in (slice(0, 9), slice(9, 14), slice(14, 18)):
        assert_allclose(first[rows], naive.delta(static[rows]), rtol=1e-12, atol=1e-12)
        twice = naive.delta(naive.delta(static[rows]))
        assert_allclose(second[rows], twice, rtol=1e-12, atol=1e-12)
    assert np.abs(first).max() > 0.1
    order = rng.permutation(18)
    assert_array_equal(features.transform(X[order]), table[order])
    lone = features.transform(X[[3]]).reshape(2, 3, 36)
    assert_array_equal(lone[:, 1:], 0)


def test_derivatives_of_an_array_follow_its_rows(rng):
    X = rng.normal(size=(7, 1, 128))
    static, first, _ = np.split(
        FrameFeatures(["mfcc", "d_mfcc", "dd_mfcc"], sfreq=128).fit_transform(X), 3, axis=1
    )
    assert_allclose(first, naive.delta(static), rtol=1e-12, atol=1e-12)


# ---------------------------------------------------------------------------- real data


def test_real_seizures_stand_out(data_path):
    """On Bonn, set S (ictal) against F (between seizures): more energy, more of it in rhythms."""
    X, y = load_bonn(data_path / "bonn", sets="FS", window=1, step=8)
    features = FrameFeatures(["time", "tf", "dwt_db4"])
    table = features.fit_transform(X)
    medians = {
        name.partition("__")[2]: [np.median(column[y == label]) for label in (0, 1)]
        for name, column in zip(features.get_feature_names_out(), table.T, strict=True)
    }
    for name in ("time__energy", "tf__stft_theta_energy", "tf__wvd_alpha_energy"):
        quiet, ictal = medians[name]
        assert ictal > 10 * quiet, name
    quiet, ictal = medians["dwt_db4__D4_relative_energy"]  # 5 to 11 Hz
    assert ictal > 2 * quiet


# ---------------------------------------------------------------------------- scikit-learn


@parametrize_with_checks(
    [
        FrameFeatures(["morph"], sfreq=256),
        FrameFeatures(WITHOUT_DERIVATIVES, sfreq=256),
        FrameFeatures(sfreq=256),
    ],
    expected_failed_checks=lambda e: (
        {
            "check_methods_sample_order_invariance": "a bare array is one record in row order",
            "check_methods_subset_invariance": "derivatives depend on the windows around",
        }
        if e.groups == "all"
        else {}
    ),
)
def test_scikit_learn_checks(estimator, check):
    check(estimator)


# ---------------------------------------------------------------------------- messages

ZEROS = np.zeros((3, 256))


@pytest.mark.parametrize(
    ("params", "X", "message"),
    [
        ({}, ZEROS, "sfreq is None and X is a bare array"),
        ({"sfreq": 256, "groups": ["morf"]}, ZEROS, "groups names morf; known are morph, time"),
        ({"sfreq": 256, "groups": []}, ZEROS, r"groups is \[\]; at least one name"),
        ({"sfreq": 256, "groups": ["tf", "tf"]}, ZEROS, r"\['tf', 'tf'\].*none may be there twice"),
        ({"sfreq": 256, "wvd_bands": ["mu"]}, ZEROS, "wvd_bands names mu; known are delta"),
        ({"sfreq": 256, "mfcc_bands": [1, 4]}, ZEROS, "mfcc_bands is .*; pairs of edges in Hz"),
        ({"sfreq": 256, "mfcc_bands": [(1, 4)] * 2}, ZEROS, "none of them twice"),
        ({"sfreq": 256, "mfcc_bands": [(4, 1)]}, ZEROS, r"band is \(4, 1\) Hz; 0 <= low < high"),
        ({"sfreq": 256, "mfcc_bands": [(4, 4.5)]}, ZEROS, r"\(4, 4.5\) Hz, too narrow for 12 fil"),
        ({"sfreq": 60}, ZEROS, "sfreq is 60 Hz, too low for the band 13-30 Hz; more than 60 Hz"),
        ({"sfreq": 60, "groups": ["dd_mfcc"]}, ZEROS, "too low for the band 20-30 Hz"),
        ({"sfreq": 256, "groups": "some"}, ZEROS, r"groups is 'some'; a list .* groups=\['some'\]"),
        ({"sfreq": 256, "smoothing": 0}, ZEROS, "'smoothing' parameter of FrameFeatures must be"),
        ({"sfreq": 256}, np.full((3, 256), np.nan), "NaN"),
        ({"sfreq": 256}, np.zeros((0, 256)), "0 sample"),
        ({"sfreq": 250}, Windows(ZEROS, sfreq=256), "X is sampled at 256 Hz"),
    ],
)
def test_bad_input_is_refused(params, X, message):
    with pytest.raises(ValueError, match=message):
        FrameFeatures(**params).fit(X)


@pytest.mark.parametrize(
    ("function", "parameters", "message"),
    [
        (stft_band_energy, {"sfreq": 256, "band": (4.1, 4.2)}, "a frequency only every 1 Hz"),
        (stft_band_energy, {"sfreq": 0}, "sfreq must be a positive number of Hz, got 0"),
        (stft_band_energy, {"sfreq": "x"}, "sfreq must be a positive number of Hz, got 'x'"),
        (stft_band_energy, {"sfreq": 256, "band": "xy"}, "band: could not convert"),
        (wigner_ville_energy, {"sfreq": 8}, "too low for the band 1-4 Hz"),
        (wavelet_statistic, {"statistic": "median"}, "statistic must be one of minimum, .*extrema"),
        (wavelet_statistic, {"component": "D6"}, "component must be one of A1, D1, .*got 'D6'"),
        (wavelet_statistic, {"wavelet": "db99"}, "wavelet must be a discrete wavelet .*'db99'"),
        (wavelet_relative_energy, {"mode": "odd"}, "mode must be one of zero.*got 'odd'"),
        (wavelet_relative_energy, {"n_levels": 0}, "n_levels must be an integer of at least 1"),
        (frequency_regularity, {"level": 0}, "level must be an integer of at least 1"),
        (frequency_regularity, {"wavelet": 3}, "wavelet must be a discrete wavelet"),
        (mel_cepstrum, {"sfreq": 256, "coefficient": 12}, "must be below n_filters = 12, got 12"),
        (mel_cepstrum, {"sfreq": 256, "n_filters": 1}, "n_filters must be an integer of at least"),
        (skseizure.features.coefficient_of_variation, {"floor": 0}, "floor must be a number betw"),
        (skseizure.features.peak_latency, {"sfreq": -1}, "sfreq must be a positive number of Hz"),
    ],
)
def test_bad_parameters_of_measures(function, parameters, message):
    with pytest.raises(ValueError, match=message):
        function(np.arange(256.0), **parameters)
