import tracemalloc

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.signal import get_window, stft
from sklearn.linear_model import LogisticRegression
from sklearn.model_selection import cross_val_score
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

from skseizure.datasets import load_bonn
from skseizure.features import STFTFeatures, _windows_transformer
from skseizure.features._band_energy import FLOOR
from skseizure.features._stft import spectral_energies
from skseizure.signals import Windows

BANDS = [(0, 2), (2, 4), (4, 8), (8, 15), (15, 30), (30, np.inf)]


@pytest.fixture
def windows(rng):
    """Two records of three channels, the windows overlapping."""
    return Windows.concatenate(
        Windows.from_array(rng.normal(scale=20, size=(3, 2000)), 200, window=2, step=1, record=name)
        for name in "ab"
    )


def naive_energies(x, segment, hop):
    """Energy of one window at each frequency, by the sums that define the transform."""
    weights = [0.5 - 0.5 * np.cos(2 * np.pi * i / segment) for i in range(segment)]
    energy = np.zeros(segment // 2 + 1)
    reach = segment // 2 // hop * hop
    for middle in range(-reach, len(x) + reach, hop):
        for k in range(segment // 2 + 1):
            z = 0
            for i in range(segment):
                at = middle - segment // 2 + i
                if 0 <= at < len(x):
                    z += weights[i] / sum(weights) * x[at] * np.exp(-2j * np.pi * k * i / segment)
            energy[k] += abs(z) ** 2
    return energy


@pytest.mark.parametrize(("n_times", "segment", "hop"), [(40, 16, 8), (33, 16, 4), (16, 16, 8)])
def test_energies_by_the_defining_sums(rng, n_times, segment, hop):
    x = rng.normal(size=(2, n_times))
    weights = 0.5 - 0.5 * np.cos(2 * np.pi * np.arange(segment) / segment)
    naive = [naive_energies(row - row.mean(), segment, hop) for row in x]
    np.testing.assert_allclose(spectral_energies(x, weights, hop), naive, rtol=1e-10)


@pytest.mark.parametrize("n_times", [256, 1000, 4097])
def test_table_by_scipys_stft(rng, n_times):
    x = 30 * rng.normal(size=(4, n_times)) + 50
    f, _, z = stft(x - x.mean(axis=1, keepdims=True), fs=173.61, nperseg=256)
    power = (abs(z) ** 2).sum(axis=-1)
    expected = [np.log(power[:, (low <= f) & (f < high)].sum(axis=1)) for low, high in BANDS]
    transformer = STFTFeatures(sfreq=173.61).fit(x)
    np.testing.assert_allclose(transformer.transform(x), np.transpose(expected), rtol=1e-11)
    np.testing.assert_allclose(transformer.frequencies_, f, rtol=1e-15)


def test_weights_of_either_sign(rng):
    x = rng.normal(size=(2, 1000))
    _, _, z = stft(x - x.mean(axis=1, keepdims=True), window="flattop", nperseg=64)
    found = spectral_energies(x, get_window("flattop", 64), 32)
    np.testing.assert_allclose(found, (abs(z) ** 2).sum(axis=-1), rtol=1e-10)


def test_names(windows):
    names = STFTFeatures().fit(windows).get_feature_names_out()
    assert len(names) == len(set(names)) == 18
    assert names[[0, 5, 6]].tolist() == [
        "ch0__0-2Hz__stft_log_energy",
        "ch0__above30Hz__stft_log_energy",
        "ch1__0-2Hz__stft_log_energy",
    ]


def test_a_tone_lands_in_its_band():
    t = np.arange(4096) / 173.61
    tones = np.array([np.sin(2 * np.pi * f * t) for f in (0.9, 3, 6, 11, 22, 50)])
    table = STFTFeatures(sfreq=173.61).fit_transform(tones)
    assert table.argmax(axis=1).tolist() == [0, 1, 2, 3, 4, 5]
    share = np.exp(np.diag(table)) / np.exp(table).sum(axis=1)
    assert share.min() > 0.9


def test_energy_of_a_tone_in_closed_form():
    """A sine of amplitude A on a frequency of the transform: A/2 there, A/4 on either side."""
    x = 6 * np.sin(2 * np.pi * 32 * np.arange(256 * 9) / 256)[np.newaxis]
    weights = 0.5 - 0.5 * np.cos(2 * np.pi * np.arange(256) / 256)
    more = spectral_energies(x, weights, 128) - spectral_energies(x[:, 256:], weights, 128)
    expected = np.zeros(129)
    expected[31:34] = 2 * np.array([1.5, 3.0, 1.5]) ** 2  # two segments more
    np.testing.assert_allclose(more[0], expected, rtol=0, atol=1e-12)


def test_energies_sum_to_those_of_the_segments(rng):
    """Parseval, segment by segment."""
    x = rng.normal(size=512)
    weights = rng.uniform(0.5, 1, size=64)
    energy = spectral_energies(x[np.newaxis], weights, 32)[0]
    padded = np.pad(x - x.mean(), 64)
    segments = [padded[i : i + 64] * weights / weights.sum() for i in range(32, 512 + 64, 32)]
    both_sides = 2 * energy.sum() - energy[0] - energy[-1]
    np.testing.assert_allclose(both_sides, 64 * np.sum(np.square(segments)), rtol=1e-12)


@settings(max_examples=30, deadline=None)
@given(
    scale=st.floats(1e-3, 1e6),
    shift=st.floats(-1e4, 1e4),
    seed=st.integers(0, 2**32 - 1),
)
def test_scale_adds_a_constant_and_shift_nothing(scale, shift, seed):
    x = np.random.default_rng(seed).normal(size=(2, 300))
    transformer = STFTFeatures(sfreq=128).fit(x)
    table = transformer.transform(x)
    scaled = transformer.transform(scale * x)
    np.testing.assert_allclose(scaled, table + 2 * np.log(scale), rtol=0, atol=1e-10)
    np.testing.assert_allclose(transformer.transform(x + shift), table, rtol=0, atol=1e-8)


def test_degenerate_windows_have_defined_values(rng):
    x = rng.normal(size=(1, 300))
    with np.errstate(all="raise", under="ignore"):
        transformer = STFTFeatures(sfreq=128).fit(x)
        table = transformer.transform(x)
        for value in (0.0, 17.3, 1e11):
            constant = transformer.transform(np.full((2, 300), value))
            np.testing.assert_array_equal(constant, np.log(FLOOR))
        huge = transformer.transform(1e11 * x)
        np.testing.assert_allclose(huge, table + 2 * np.log(1e11), rtol=1e-12)
        np.testing.assert_array_equal(transformer.transform(1e-200 * x), np.log(FLOOR))


@pytest.mark.parametrize("n_times", [1, 2, 3, 7, 20])
def test_tiny_windows_give_finite_numbers(rng, n_times):
    transformer = STFTFeatures({"all": (0, np.inf)}, sfreq=256)
    table = transformer.fit_transform(rng.normal(size=(4, n_times)))
    assert table.shape == (4, 1) and np.isfinite(table).all()
    assert len(transformer.weights_) == n_times


def test_company_batches_and_threads_change_no_bit(windows, monkeypatch):
    transformer = STFTFeatures().fit(windows)
    table = transformer.transform(windows)
    monkeypatch.setattr(_windows_transformer, "BATCH_SAMPLES", 3 * 3 * 400)  # three windows
    np.testing.assert_array_equal(transformer.transform(windows), table)
    np.testing.assert_array_equal(transformer.set_params(n_jobs=2).transform(windows), table)
    some = np.random.default_rng(1).permutation(len(windows))
    for rows in (some[:7], some[:1]):
        np.testing.assert_array_equal(transformer.transform(windows[rows]), table[rows])


def test_memory_does_not_grow_with_the_windows(rng, tmp_path):
    """A memory-mapped recording of 32 MB; its windows would be 128 MB in float64."""
    file = tmp_path / "signal.npy"
    np.save(file, rng.normal(size=(1, 2**23)).astype(np.float32))
    X = Windows.from_array(np.load(file, mmap_mode="r"), 256, window=2, step=1)
    transformer = STFTFeatures().fit(X[:10])
    tracemalloc.start()
    table = transformer.transform(X)
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert table.shape == (len(X), 6) and peak < 32e6


def test_windows_and_arrays_agree(windows):
    table = STFTFeatures().fit_transform(windows)
    array = STFTFeatures(sfreq=200)
    np.testing.assert_array_equal(array.fit_transform(windows.data), table)
    np.testing.assert_array_equal(array.fit_transform(windows.data[:, 1]), table[:, 6:12])
    frame = STFTFeatures().set_output(transform="pandas").fit_transform(windows)
    assert frame.columns[0] == "ch0__0-2Hz__stft_log_energy"
    np.testing.assert_array_equal(frame, table)


def test_overlap_and_weighting(rng):
    """Segments that stand side by side with equal weights: the periodograms of the segments."""
    x = rng.normal(size=(1, 128))
    x -= x.mean()
    features = STFTFeatures({"all": (0, np.inf)}, segment=64, overlap=0, weighting="boxcar")
    padded = np.pad(x[0], 32).reshape(-1, 64)
    expected = np.log(np.sum(np.abs(np.fft.rfft(padded) / 64) ** 2))
    table = features.set_params(sfreq=100).fit_transform(x)
    np.testing.assert_allclose(table, expected, rtol=1e-12)


def test_real_seizures_stand_out(data_path):
    """On Bonn, set S (ictal) against F (between seizures, the same sites)."""
    X, y = load_bonn(data_path / "bonn", sets="FS")
    model = make_pipeline(STFTFeatures(), StandardScaler(), LogisticRegression())
    assert cross_val_score(model, X, y, cv=5).mean() > 0.93


@pytest.mark.parametrize(
    ("params", "message"),
    [
        ({"sfreq": None}, "sfreq is None and X is a bare array"),
        ({"sfreq": 50}, r"sfreq is 50 Hz, too low for band '15-30Hz' \(15-30 Hz\); at least 60"),
        ({"sfreq": 50, "bands": {"x": (26, np.inf)}}, r"too low for band 'x' \(26-inf Hz\); .* 52"),
        ({"bands": {}}, "bands is empty"),
        ({"bands": {"x": (8, 4)}}, r"'x' = \(8, 4\) Hz; 0 <= low < high needed"),
        (
            {"segment": 64},
            r"'2-4Hz' = \(2, 4\) Hz, but there are energies at 0 Hz and every 4 Hz only; a wider "
            r"band is needed, or segment=128\.",
        ),
        ({"weighting": "hanning7"}, "weighting is 'hanning7'; a window of scipy.signal.get_window"),
        ({"overlap": 1.0}, "'overlap' parameter of STFTFeatures must be a float in the range"),
        ({"segment": 0}, "'segment' parameter of STFTFeatures must be an int in the range"),
        ({"center": 2}, "'center' parameter of STFTFeatures must be"),
    ],
)
def test_bad_parameters_are_refused(params, message):
    with pytest.raises(ValueError, match=message):
        STFTFeatures(**{"sfreq": 256, **params}).fit(np.zeros((3, 512)))


@pytest.mark.parametrize(
    ("sfreq", "n_times", "segment"),
    [(256, 512, 64), (1024, 1024, 256), (2048, 4096, 256), (5000, 5000, 256)],
)
def test_the_segment_that_the_message_names_will_do(sfreq, n_times, segment):
    x = np.random.default_rng(0).normal(size=(2, n_times))
    with pytest.raises(ValueError, match="a wider band is needed, or segment=") as error:
        STFTFeatures(segment=segment, sfreq=sfreq).fit(x)
    named = int(str(error.value).removesuffix(".").rpartition("=")[2])
    assert STFTFeatures(segment=named, sfreq=sfreq).fit_transform(x).shape == (2, 6)
    with pytest.raises(ValueError, match="a wider band is needed"):
        STFTFeatures(segment=named // 2, sfreq=sfreq).fit(x)


def test_windows_too_short_for_any_segment_are_refused():
    with pytest.raises(ValueError, match=r"or segment=128 with windows of 128 samples\."):
        STFTFeatures(sfreq=256).fit(np.zeros((2, 64)))
    bands = {"x": (1e-5, 2e-5)}
    with pytest.raises(ValueError, match=r"a wider band is needed, or a lower sampling rate\."):
        STFTFeatures(bands, sfreq=256).fit(np.zeros((2, 512)))


def test_bad_input_is_refused(windows):
    transformer = STFTFeatures().fit(windows)
    with pytest.raises(ValueError, match="NaN"):
        transformer.transform(np.full((2, 3, 400), np.nan))
    with pytest.raises(ValueError, match=r"windows of 300 samples, but .* on 400 samples"):
        transformer.transform(np.zeros((2, 3, 300)))
