import tracemalloc

import numpy as np
import pytest
import pywt
from hypothesis import given, settings
from hypothesis import strategies as st
from sklearn.linear_model import LogisticRegression
from sklearn.model_selection import cross_val_score
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

from skseizure.datasets import load_bonn
from skseizure.features import WaveletPacketFeatures, _windows_transformer
from skseizure.features._band_energy import FLOOR
from skseizure.features._wavelet_packet import packet_energies
from skseizure.signals import Windows

BANDS = [(0, 2), (2, 4), (4, 8), (8, 15), (15, 30), (30, np.inf)]


@pytest.fixture
def windows(rng):
    """Two records of three channels, the windows overlapping."""
    return Windows.concatenate(
        Windows.from_array(rng.normal(scale=20, size=(3, 2000)), 200, window=2, step=1, record=name)
        for name in "ab"
    )


def naive_packets(x, level):
    """Packets of one window in order of frequency: extend by mirroring, filter, halve."""
    low, high = pywt.Wavelet("db4").dec_lo, pywt.Wavelet("db4").dec_hi
    packets = [x]
    for _ in range(level):
        children = []
        for i, packet in enumerate(packets):
            padded = np.pad(packet, 7, mode="symmetric")
            pair = [np.convolve(padded, taps, "valid")[1::2] for taps in (low, high)]
            # Halving the rate turns the spectrum of every high-pass packet round.
            children += pair if i % 2 == 0 else pair[::-1]
        packets = children
    return packets


@pytest.mark.parametrize(("n_times", "level"), [(256, 6), (1000, 6), (401, 3), (5, 2), (1, 1)])
def test_packets_by_a_naive_cascade(rng, n_times, level):
    x = rng.normal(size=(3, n_times))
    naive = [[np.sum(c**2) for c in naive_packets(row, level)] for row in x]
    energies = packet_energies(x, "db4", level, "symmetric")
    np.testing.assert_allclose(energies, naive, rtol=1e-10, atol=1e-30)


@pytest.mark.parametrize("mode", ["symmetric", "periodization", "zero"])
@pytest.mark.parametrize("wavelet", ["db4", "haar", "sym5"])
def test_packets_by_pywavelets_own_tree(rng, wavelet, mode):
    x = rng.normal(size=(3, 500))
    tree = pywt.WaveletPacket(x, wavelet, mode, axis=-1, maxlevel=5)
    expected = [np.sum(node.data**2, axis=-1) for node in tree.get_level(5, order="freq")]
    energies = packet_energies(x, wavelet, 5, mode)
    np.testing.assert_allclose(energies, np.transpose(expected), rtol=1e-12)


def test_table_by_a_naive_loop(windows):
    naive = []
    for window in windows.data:
        row = []
        for channel in window:
            packets = naive_packets(channel - channel.mean(), 6)
            energy = [np.sum(packet**2) for packet in packets]
            for low, high in BANDS:
                middle = [(k + 0.5) * 100 / 64 for k in range(64)]
                row.append(np.log(sum(energy[k] for k in range(64) if low <= middle[k] < high)))
        naive.append(row)
    transformer = WaveletPacketFeatures().fit(windows)
    np.testing.assert_allclose(transformer.transform(windows), naive, rtol=1e-11)
    names = transformer.get_feature_names_out()
    assert len(names) == len(set(names)) == 18
    assert names[[0, 5, 6]].tolist() == [
        "ch0__0-2Hz__wpd_log_energy",
        "ch0__above30Hz__wpd_log_energy",
        "ch1__0-2Hz__wpd_log_energy",
    ]
    assert transformer.packets_["0-2Hz"] == (0, 1) and transformer.packets_["above30Hz"] == (19, 64)


def test_a_tone_lands_in_its_band():
    t = np.arange(4096) / 173.61
    tones = np.array([np.sin(2 * np.pi * f * t) for f in (0.7, 3, 6, 11, 22, 50)])
    table = WaveletPacketFeatures(sfreq=173.61).fit_transform(tones)
    assert table.argmax(axis=1).tolist() == [0, 1, 2, 3, 4, 5]
    share = np.exp(np.diag(table)) / np.exp(table).sum(axis=1)
    assert share.min() > 0.9


def test_energies_of_all_bands_sum_to_the_window(rng):
    """An orthogonal wavelet without extension keeps the energy (Parseval)."""
    x = rng.normal(scale=30, size=(4, 640)) + 100
    table = WaveletPacketFeatures(sfreq=200, mode="periodization").fit_transform(x)
    expected = np.sum((x - x.mean(axis=1, keepdims=True)) ** 2, axis=1)
    np.testing.assert_allclose(np.exp(table).sum(axis=1), expected, rtol=1e-11)


@settings(max_examples=30, deadline=None)
@given(
    scale=st.floats(1e-3, 1e6),
    shift=st.floats(-1e4, 1e4),
    seed=st.integers(0, 2**32 - 1),
)
def test_scale_adds_a_constant_and_shift_nothing(scale, shift, seed):
    x = np.random.default_rng(seed).normal(size=(2, 300))
    transformer = WaveletPacketFeatures(sfreq=128).fit(x)
    table = transformer.transform(x)
    scaled = transformer.transform(scale * x)
    np.testing.assert_allclose(scaled, table + 2 * np.log(scale), rtol=0, atol=1e-10)
    np.testing.assert_allclose(transformer.transform(x + shift), table, rtol=0, atol=1e-8)


def test_degenerate_windows_have_defined_values(rng):
    x = rng.normal(size=(1, 300))
    with np.errstate(all="raise", under="ignore"):
        transformer = WaveletPacketFeatures(sfreq=128).fit(x)
        table = transformer.transform(x)
        for value in (0.0, 17.3, 1e11):
            constant = transformer.transform(np.full((2, 300), value))
            np.testing.assert_array_equal(constant, np.log(FLOOR))
        huge = transformer.transform(1e11 * x)
        np.testing.assert_allclose(huge, table + 2 * np.log(1e11), rtol=1e-12)
        np.testing.assert_array_equal(transformer.transform(1e-200 * x), np.log(FLOOR))
    assert FLOOR == 1e-20


@pytest.mark.parametrize("n_times", [1, 2, 3, 7, 20])
def test_tiny_windows_give_finite_numbers(rng, n_times):
    table = WaveletPacketFeatures(sfreq=256).fit_transform(rng.normal(size=(4, n_times)))
    assert table.shape == (4, 6) and np.isfinite(table).all()


def test_company_batches_and_threads_change_no_bit(windows, monkeypatch):
    transformer = WaveletPacketFeatures().fit(windows)
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
    transformer = WaveletPacketFeatures().fit(X[:10])
    tracemalloc.start()
    table = transformer.transform(X)
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert table.shape == (len(X), 6) and peak < 32e6


def test_windows_and_arrays_agree(windows):
    table = WaveletPacketFeatures().fit_transform(windows)
    array = WaveletPacketFeatures(sfreq=200)
    np.testing.assert_array_equal(array.fit_transform(windows.data), table)
    np.testing.assert_array_equal(array.fit_transform(windows.data[:, 1]), table[:, 6:12])
    frame = WaveletPacketFeatures().set_output(transform="pandas").fit_transform(windows)
    assert frame.columns[0] == "ch0__0-2Hz__wpd_log_energy"
    np.testing.assert_array_equal(frame, table)


def test_smoothing_averages_the_columns(windows):
    table = WaveletPacketFeatures().fit_transform(windows)
    smooth = WaveletPacketFeatures(smoothing=2).fit_transform(windows)
    second = len(windows) // 2
    np.testing.assert_array_equal(smooth[[0, second]], table[[0, second]])
    np.testing.assert_allclose(smooth[5], (table[4] + table[5]) / 2, rtol=1e-15)


# Group means of the base-two logarithms, 30 segments a set: the table of the method's description.
BONN = {
    "Z": [20.9, 20.4, 20.0, 20.3, 19.6, 17.4],
    "N": [21.6, 21.6, 20.7, 19.2, 17.7, 16.2],
    "S": [25.3, 25.7, 26.6, 26.1, 25.3, 22.4],
}


@pytest.mark.parametrize("letter", BONN)
def test_known_means_on_bonn(data_path, letter):
    X, _ = load_bonn(data_path / "bonn", sets=letter)
    table = WaveletPacketFeatures().fit_transform(X[:30]) / np.log(2)
    # To one unit of the last digit that is known.
    np.testing.assert_allclose(table.mean(axis=0), BONN[letter], rtol=0, atol=0.1)


def test_real_seizures_stand_out(data_path):
    """On Bonn, set S (ictal) against F (between seizures, the same sites)."""
    X, y = load_bonn(data_path / "bonn", sets="FS")
    model = make_pipeline(WaveletPacketFeatures(), StandardScaler(), LogisticRegression())
    assert cross_val_score(model, X, y, cv=5).mean() > 0.93


@pytest.mark.parametrize(
    ("params", "message"),
    [
        ({"sfreq": None}, "sfreq is None and X is a bare array"),
        ({"sfreq": 50}, r"sfreq is 50 Hz, too low for band '15-30Hz' \(15-30 Hz\); at least 60"),
        ({"sfreq": 50, "bands": {"x": (26, np.inf)}}, r"too low for band 'x' \(26-inf Hz\); .* 52"),
        ({"sfreq": 50, "bands": {"x": (8, 40)}}, r"too low for band 'x' \(8-40 Hz\); at least 80"),
        ({"bands": {}}, "bands is empty"),
        ({"bands": {"x": (8, 4)}}, r"'x' = \(8, 4\) Hz; 0 <= low < high needed"),
        ({"bands": {"x": (-1, 4)}}, r"'x' = \(-1, 4\) Hz"),
        ({"bands": {"x": (0, np.nan)}}, r"'x' = \(0, nan\) Hz"),
        (
            {"level": 3},
            r"'0-2Hz' = \(0, 2\) Hz, but there are energies at 8 Hz and every 16 Hz only; a wider "
            r"band is needed, or level=6\.",
        ),
        ({"level": 0}, "'level' parameter of WaveletPacketFeatures must be an int in the range"),
        ({"wavelet": "db99"}, "'wavelet' parameter of WaveletPacketFeatures must be a str among"),
        ({"mode": "mirror"}, "'mode' parameter of WaveletPacketFeatures must be a str among"),
        ({"bands": ["delta"]}, "'bands' parameter of WaveletPacketFeatures must be"),
        ({"smoothing": 0}, "'smoothing' parameter of WaveletPacketFeatures must be"),
    ],
)
def test_bad_parameters_are_refused(params, message):
    with pytest.raises(ValueError, match=message):
        WaveletPacketFeatures(**{"sfreq": 256, **params}).fit(np.zeros((3, 512)))


@pytest.mark.parametrize(("sfreq", "level"), [(342, 7), (512, 7), (1024, 8), (2048, 9), (5000, 10)])
def test_the_level_that_the_message_names_will_do(sfreq, level):
    x = np.random.default_rng(0).normal(size=(2, sfreq))
    with pytest.raises(ValueError, match=rf"a wider band is needed, or level={level}\."):
        WaveletPacketFeatures(sfreq=sfreq).fit(x)
    assert WaveletPacketFeatures(level=level, sfreq=sfreq).fit_transform(x).shape == (2, 6)
    with pytest.raises(ValueError, match="a wider band is needed"):
        WaveletPacketFeatures(level=level - 1, sfreq=sfreq).fit(x)


def test_windows_too_short_for_any_level_are_refused():
    bands = {"x": (0, 0.1)}
    with pytest.raises(ValueError, match=r"or level=9 with windows of 512 samples\."):
        WaveletPacketFeatures(bands, sfreq=200).fit(np.zeros((2, 200)))
    bands = {"x": (1e-5, 2e-5)}
    with pytest.raises(ValueError, match=r"a wider band is needed, or a lower sampling rate\."):
        WaveletPacketFeatures(bands, sfreq=200).fit(np.zeros((2, 200)))


def test_bad_input_is_refused(windows):
    transformer = WaveletPacketFeatures().fit(windows)
    with pytest.raises(ValueError, match="NaN"):
        transformer.transform(np.full((2, 3, 400), np.nan))
    with pytest.raises(ValueError, match=r"windows of 2 channels, but .* on 3 channels"):
        transformer.transform(windows.pick(["ch0", "ch1"]))
    with pytest.raises(ValueError, match="0 windows"):
        transformer.transform(windows[[]])
