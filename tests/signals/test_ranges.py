"""Ranges of recordings that stay in their files, against the same samples read at once."""

import warnings
from functools import partial

import edfio
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.signal import butter, sosfiltfilt

from skseizure.signals import (
    Windows,
    check_quality,
    filter_recording,
    read_edf,
    resample_recording,
    to_bipolar,
)
from skseizure.signals import _filters as filters
from skseizure.signals import _lazy as lazy_module
from skseizure.signals._filters import (
    butterworth_bandpass,
    butterworth_bandpasses,
    resample,
    resample_part,
)

NAMES = ["EEG FP1-REF", "EEG F7-REF", "EEG T3-REF"]
BANDS = [(0.5, 4.0), (4.0, 8.0), (30.0, 60.0)]


def write(path, *, rates=(100, 100, 100), seconds=39, record=3.0, bdf=False, gap=False):
    """Write a file with data records of an odd length, and time stamps with a gap."""
    rng = np.random.default_rng(0)
    make, signal = (edfio.Bdf, edfio.BdfSignal) if bdf else (edfio.Edf, edfio.EdfSignal)
    options = {"physical_dimension": "uV", "physical_range": (-500, 500)}
    signals = [
        signal(100 + rng.normal(0, 50, round(seconds * rate)), rate, label=name, **options)
        for name, rate in zip(NAMES, rates, strict=True)
    ]
    extra = {"annotations": [edfio.EdfAnnotation(1, None, "x")]} if gap else {}
    make(signals, data_record_duration=record, **extra).write(path)
    if gap:  # the time stamps from the sixth data record on come 20 s later
        raw = path.read_bytes()
        for i in range(5, 13):
            old = f"+{i * 3}\x14\x14".encode()
            new = f"+{i * 3 + 20}\x14\x14".encode()
            assert raw.count(old) == 1
            at = raw.index(old)
            raw = raw[:at] + new + raw[at + len(new) :]
        path.write_bytes(raw)
    return path


@pytest.fixture
def small_chunks(monkeypatch):
    monkeypatch.setattr(lazy_module, "CHUNK", 1000)
    monkeypatch.setattr(lazy_module, "_recordings", lazy_module._Recordings())


STEPS = {
    "as it is": [],
    "montage": [partial(to_bipolar, montage=["FP1-F7", "F7-T7", "FP1-T7"])],
    "rate": [partial(resample_recording, sfreq=64)],
    "up": [partial(resample_recording, sfreq=130)],
    "filter": [partial(filter_recording, low=1, high=30, order=3, notch=25)],
    "fir": [partial(filter_recording, low=5, high=30, method="fir")],
    "all": [
        partial(to_bipolar, montage=["FP1-F7", "T7-F7"]),
        partial(resample_recording, sfreq=80),
        partial(filter_recording, low=2),
    ],
}


@pytest.mark.usefixtures("small_chunks")
@pytest.mark.parametrize("options", [{}, {"gap": True}, {"bdf": True}], ids=str)
@pytest.mark.parametrize("steps", STEPS)
def test_ranges_equal_the_whole(tmp_path, steps, options):
    path = write(tmp_path / "night.edf", **options)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # of the gap
        eager, lazy = read_edf(path), read_edf(path, lazy=True)
    for step in STEPS[steps]:
        eager, lazy = step(eager), lazy.apply(step)
        assert not isinstance(lazy.data, np.ndarray)
    assert (lazy.stretches, lazy.ch_names, lazy.sfreq) == (
        eager.stretches,
        eager.ch_names,
        eager.sfreq,
    )
    # Filters have tails without an end; the rest has the same bits.
    bound = 2e-5 if any("filter" in str(step) for step in STEPS[steps]) else 0.0
    n = eager.data.shape[1]
    for first, end in ((0, 1), (n - 1, n), (700, 901), (3, n - 5), (0, n)):
        part = lazy.data.stretch(first, end)
        np.testing.assert_allclose(part.read(), eager.data[:, first:end], rtol=0, atol=bound)
        np.testing.assert_allclose(np.asarray(part), eager.data[:, first:end], rtol=0, atol=bound)
    window = {"window": 2, "step": 0.5}
    X, Y = Windows.from_recording(eager, **window), Windows.from_recording(lazy, **window)
    rows = np.random.default_rng(0).permutation(len(X))[:9]
    np.testing.assert_allclose(Y[rows].data, X[rows].data, rtol=0, atol=bound)
    if not STEPS[steps]:
        expected, found = check_quality(eager), check_quality(lazy)
        np.testing.assert_array_equal(found.bad, expected.bad)
        np.testing.assert_array_equal(found.onset, expected.onset)
        assert found.outliers == expected.outliers


@pytest.mark.usefixtures("small_chunks")
def test_rates_that_differ(tmp_path):
    path = write(tmp_path / "mixed.edf", rates=(100, 128, 90))
    for rate in (77.7, 128):
        eager = read_edf(path, resample_to=rate)
        lazy = read_edf(path, resample_to=rate, lazy=True)
        for first, end in ((0, 40), (700, 1200), (2500, eager.data.shape[1])):
            part = lazy.data.stretch(first, end).read()
            np.testing.assert_array_equal(part, eager.data[:, first:end])


def test_a_range_reads_no_more_than_it_needs(tmp_path, small_chunks, monkeypatch):
    path = write(tmp_path / "night.edf", seconds=120)
    lazy = to_bipolar(read_edf(path, lazy=True), ["FP1-F7"])
    X = Windows.from_recording(lazy, window=2)
    whole = X.data.copy()
    monkeypatch.setattr(lazy_module, "_recordings", lazy_module._Recordings())
    monkeypatch.setattr(type(lazy.data.source), "read", None)
    read = []
    samples = type(lazy.data.source).samples
    monkeypatch.setattr(
        type(lazy.data.source),
        "samples",
        lambda self, first, end: read.append((first, end)) or samples(self, first, end),
    )
    np.testing.assert_array_equal(X[[3, 55, 4]].data, whole[[3, 55, 4]])
    assert sum(end - first for first, end in read) < 4000 < 120 * 100


@given(
    n=st.integers(1, 400),
    up=st.integers(1, 12),
    down=st.integers(1, 12),
    cut=st.tuples(st.floats(0, 1), st.floats(0, 1)),
    dtype=st.sampled_from([np.float32, np.float64]),
)
@settings(max_examples=60, deadline=None, derandomize=True)
def test_a_part_of_a_resampled_signal(n, up, down, cut, dtype):
    x = (np.random.default_rng(n).normal(size=(2, n)) * 30 + 1e3).astype(dtype)
    whole = resample(x, down, up)
    first, end = sorted(round(share * whole.shape[1]) for share in cut)
    if first < end:
        part = resample_part(lambda i, j: x[:, i:j], n, down, up, first, end)
        assert part.dtype == dtype
        np.testing.assert_array_equal(part, whole[:, first:end])


@given(
    n=st.one_of(st.integers(1, 60), st.sampled_from([127, 128, 129, 700])),
    n_signals=st.sampled_from([1, 2, 5, 6, 8, 9, 18, 32, 33, 40]),
    order=st.integers(1, 7),
    dtype=st.sampled_from([np.float32, np.float64, np.int16]),
)
@settings(max_examples=60, deadline=None, derandomize=True)
def test_all_bands_at_once_are_scipys(n, n_signals, order, dtype):
    """Many signals go through our kernel, few through scipy's; ends and all."""
    rng = np.random.default_rng(n)
    x = (rng.normal(size=(n_signals, n)) * 30 + 500).astype(dtype)
    given_x = x.copy()
    for band, found in zip(BANDS, butterworth_bandpasses(x, 256, BANDS, order), strict=True):
        sos = butter(order, band, "bandpass", fs=256, output="sos")
        level = x.astype(np.float64)
        level -= level[:, :1].copy()
        pad = min(3 * (2 * len(sos) + 1), n - 1)
        expected = sosfiltfilt(sos, level, axis=-1, padlen=pad)
        np.testing.assert_allclose(found, expected, rtol=0, atol=1e-9 * np.abs(level).max())
        alone = butterworth_bandpass(x, 256, *band, order, np.float64)
        np.testing.assert_array_equal(alone, found)
    np.testing.assert_array_equal(x, given_x)


@pytest.mark.parametrize("order", [2, 6])
@pytest.mark.parametrize("band", BANDS)
def test_beyond_the_settling_time_a_filter_forgets_a_cut(order, band):
    x = np.random.default_rng(0).normal(size=(1, 256 * 200)) * 100
    x[:, 256 * 60] = 1e4
    margin = int(filters.settling_seconds(256, *band, order) * 256) + 1
    whole = butterworth_bandpass(x, 256, *band, order)
    cut = butterworth_bandpass(x[:, 256 * 60 :], 256, *band, order)
    difference = np.abs(whole[:, 256 * 60 + margin :] - cut[:, margin:]).max()
    assert difference < 1e-10 * np.abs(x).max()
