"""Filters and resampling against closed forms, naive convolution and the spec's numbers."""

from datetime import datetime

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.signal import butter, freqz, sosfiltfilt

from skseizure.signals import Recording, _filters, filter_recording, read_edf, resample_recording
from skseizure.signals._filters import (
    _design_fir,
    butterworth_bandpass,
    fir_bandpass,
    notch_filter,
    resample,
)

FS = 256


def tone(freq, seconds=40, fs=FS):
    return np.sin(2 * np.pi * freq * np.arange(round(seconds * fs)) / fs)


def gain(filtered, freq, fs=FS):
    """Amplitude and phase of a tone in the middle of a filtered signal."""
    middle = filtered[len(filtered) // 4 : -len(filtered) // 4]
    t = np.arange(len(filtered))[len(filtered) // 4 : -len(filtered) // 4] / fs
    basis = np.column_stack([np.sin(2 * np.pi * freq * t), np.cos(2 * np.pi * freq * t)])
    sine, cosine = np.linalg.lstsq(basis, middle, rcond=None)[0]
    return sine, cosine


def butterworth_power(freq, low, high, order, fs=FS):
    """Squared gain of the bilinear Butterworth band-pass, in closed form."""
    w, w1, w2 = (np.tan(np.pi * f / fs) for f in (freq, low, high))
    return 1 / (1 + ((w**2 - w1 * w2) / (w * (w2 - w1))) ** (2 * order))


# ---------------------------------------------------------------------- Butterworth


@pytest.mark.parametrize("band", [(0.5, 4), (4, 8), (8, 13), (13, 30), (30, 60)])
@pytest.mark.parametrize("order", [6, 3])
def test_butterworth_gain_is_the_square_and_has_no_phase(band, order):
    low, high = band
    for freq in (low, high, np.sqrt(low * high), 0.8 * low, 1.25 * high):
        sine, cosine = gain(butterworth_bandpass(tone(freq), FS, low, high, order), freq)
        assert sine == pytest.approx(butterworth_power(freq, low, high, order), abs=2e-4)
        assert abs(cosine) < 2e-4
    # -6 dB at the edges: the square of -3 dB.
    assert butterworth_power(low, low, high, order) == pytest.approx(0.5)


def test_butterworth_is_scipys_filter_with_its_default_ends(rng):
    x = rng.normal(size=(3, 2, 700)) + 100
    for low, high, kind, edges in (
        (8, 13, "bandpass", (8, 13)),
        (None, 30, "lowpass", 30),
        (1, None, "highpass", 1),
    ):
        sos = butter(6, edges, kind, fs=FS, output="sos")
        expected = sosfiltfilt(sos, x, axis=-1)
        np.testing.assert_allclose(butterworth_bandpass(x, FS, low, high), expected, atol=1e-12)


@pytest.mark.parametrize("shape", [(2, 700_000), (3, 37), (1, 2), (2, 1)])
def test_butterworth_in_pieces_has_the_bits_of_scipys_filter(rng, shape):
    x = rng.normal(size=shape) - 40
    sos = butter(6, (4, 8), "bandpass", fs=FS, output="sos")
    expected = sosfiltfilt(sos, x - x[:, :1], padlen=min(39, shape[1] - 1))
    assert np.array_equal(butterworth_bandpass(x, FS, 4, 8), expected)
    single = butterworth_bandpass(x.astype(np.float32), FS, 4, 8, dtype=np.float64)
    assert single.dtype == np.float64
    assert np.array_equal(single, butterworth_bandpass(np.float64(x.astype(np.float32)), FS, 4, 8))


def test_time_reversed_in_time_reversed_out(rng):
    # The ends differ, and die out as the slowest pole does: by 1e-9 within 10 s.
    x = rng.normal(size=8000)
    forward = butterworth_bandpass(x, FS, 4, 8)
    backward = butterworth_bandpass(x[::-1], FS, 4, 8)[::-1]
    np.testing.assert_allclose(forward[2560:-2560], backward[2560:-2560], atol=1e-8)


@pytest.mark.parametrize("n_times", [1, 2, 3, 20, 39, 40, 41])
def test_short_windows(n_times, rng):
    x = rng.normal(size=(4, 3, n_times))
    filtered = butterworth_bandpass(x, FS, 8, 13)
    assert filtered.shape == x.shape and np.isfinite(filtered).all()
    # A constant holds nothing of the band, not even rounding.
    for low, high in ((8, 13), (8, None)):
        np.testing.assert_array_equal(butterworth_bandpass(x * 0 + 50.1, FS, low, high), 0)
    flat = np.full(x.shape, 2**15 - 1, np.int16)
    np.testing.assert_array_equal(butterworth_bandpass(flat, FS, 8, 13), 0)
    np.testing.assert_allclose(butterworth_bandpass(x * 0 + 50, FS, None, 13), 50, rtol=1e-6)


@settings(max_examples=25, deadline=None)
@given(
    n=st.integers(0, 5),
    channels=st.integers(1, 3),
    n_times=st.integers(2, 90),
    block=st.integers(1, 400),
    seed=st.integers(0, 9),
)
def test_blocks_change_nothing(n, channels, n_times, block, seed):
    x = np.random.default_rng(seed).normal(size=(n, channels, n_times))
    whole = butterworth_bandpass(x, FS, 8, 13)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(_filters, "BLOCK", block)
        np.testing.assert_array_equal(butterworth_bandpass(x, FS, 8, 13), whole)
    assert whole.shape == x.shape
    for i in range(n):
        for c in range(channels):
            alone = butterworth_bandpass(x[i, c], FS, 8, 13)
            np.testing.assert_allclose(alone, whole[i, c], atol=1e-12)


FUNCTIONS = {
    "butterworth": lambda x: butterworth_bandpass(x, FS, 8, 13),
    "fir": lambda x: fir_bandpass(x, FS, 0.5, 30),
    "notch": lambda x: notch_filter(x, FS, 50),
    "resample": lambda x: resample(x, FS, 200),
}


@pytest.mark.parametrize("name", FUNCTIONS)
def test_arrays_in_and_out(name, rng):
    function = FUNCTIONS[name]
    x = rng.normal(scale=50, size=(2, 1024))
    before = x.copy()
    exact = function(x)
    np.testing.assert_array_equal(x, before)
    assert exact.dtype == np.float64
    single = function(x.astype(np.float32))
    assert single.dtype == np.float32
    np.testing.assert_allclose(single, exact, atol=1e-3)
    assert function(x.astype(np.int16)).dtype == np.float64
    np.testing.assert_allclose(function(x[0]), exact[0], atol=1e-9)
    for bad in (np.nan, np.inf):
        x[1, 7] = bad
        with pytest.raises(ValueError, match="x holds NaN or infinity"):
            function(x)
    with pytest.raises(ValueError, match=r"x has shape \(3, 0\)"):
        function(np.empty((3, 0)))
    for wrong in (x.astype(object), x.astype(complex), np.full((2, 1024), "1")):
        with pytest.raises(TypeError, match=f"x has the dtype {wrong.dtype}; real numbers are"):
            function(wrong)
    with pytest.raises(ValueError, match="x is a masked array; fill its gaps"):
        function(np.ma.masked_greater(x, 0))


@pytest.mark.parametrize("name", FUNCTIONS)
def test_what_overflows_is_refused(name):
    x = np.where(np.arange(1024) % 3, 1.7e308, -1.7e308)
    for huge in (x, np.stack([x, x])):
        with pytest.raises(ValueError, match="x holds samples so large that the filter overflows"):
            FUNCTIONS[name](huge)


def test_large_samples_whose_sum_overflows_are_finite():
    x = np.full((3, 200), 1e307)
    np.testing.assert_array_equal(butterworth_bandpass(x, FS, 8, 13), 0)


@pytest.mark.parametrize(
    ("low", "high", "sfreq", "message"),
    [
        (30, 60, 100, r"band 30-60 Hz does not fit a sampling rate of 100 Hz; .* above 120 Hz"),
        (30, 60, 120, "above 120 Hz"),
        (70, None, 128, r"band 70- Hz does not fit .* above 140 Hz"),
        (13, 8, 256, "band 13-8 Hz is empty; low must be below high"),
        (8, 8, 256, "is empty"),
        (0, 8, 256, "must lie above 0 Hz"),
        (-1, 8, 256, "must lie above 0 Hz"),
        (1, np.nan, 256, "must lie above 0 Hz"),
        (None, None, 256, "low and high are both None"),
        (8, 13, 0, "sfreq is 0"),
        (8, 13, np.inf, "sfreq is inf"),
    ],
)
@pytest.mark.parametrize("function", [butterworth_bandpass, fir_bandpass])
def test_bands_that_do_not_fit(function, low, high, sfreq, message):
    if function is fir_bandpass:
        message = message.replace("120 Hz", "122 Hz")  # its upper stop band begins 1 Hz above
    with pytest.raises(ValueError, match=message):
        function(np.zeros(5000), sfreq, low, high)


def test_butterworth_order():
    with pytest.raises(ValueError, match="order is 0; at least 1"):
        butterworth_bandpass(np.zeros(100), FS, 8, 13, order=0)


# ---------------------------------------------------------------------- Parks-McClellan


def test_fir_has_the_numbers_of_the_spec():
    taps = _design_fir(256.0, 0.5, 30)
    assert len(taps) == 1025
    np.testing.assert_allclose(taps, taps[::-1], atol=1e-12)
    freq, response = freqz(taps, worN=2**17, fs=256)
    db = 20 * np.log10(np.abs(response))
    inside = db[(freq >= 0.5) & (freq <= 30)]
    assert np.ptp(inside) == pytest.approx(0.22, abs=0.01)
    assert db[freq <= 0.05].max() == pytest.approx(-38, abs=0.5)
    assert db[freq >= 31].max() == pytest.approx(-38, abs=0.5)


@pytest.mark.parametrize(("sfreq", "n_taps"), [(100, 401), (173.61, 695), (200, 801), (512, 2049)])
def test_fir_keeps_its_length_in_seconds_and_its_ripple(sfreq, n_taps):
    taps = _design_fir(float(sfreq), 0.5, 30)
    assert len(taps) == n_taps
    freq, response = freqz(taps, worN=2**16, fs=sfreq)
    inside = 20 * np.log10(np.abs(response[(freq >= 0.5) & (freq <= 30)]))
    assert np.ptp(inside) == pytest.approx(0.22, abs=0.02)


@pytest.mark.parametrize(
    ("low", "high", "n_taps"), [(None, 30, 1025), (1, None, 1025), (1, 70, 1025), (0.3, 30, 1707)]
)
def test_other_fir_bands(low, high, n_taps):
    taps = _design_fir(256.0, low, high)
    assert len(taps) == n_taps
    freq, response = freqz(taps, worN=2**16, fs=256)
    inside = (freq >= (low or 0)) & (freq <= (high or 128))
    assert np.abs(np.abs(response[inside]) - 1).max() < 0.02
    outside = (freq <= (low or 0) - 0.45) | (freq >= (high or 128) + 1)
    assert np.abs(response[outside]).max(initial=0) < 0.02


def test_fir_is_a_convolution_of_the_oddly_reflected_signal(rng):
    x = rng.normal(size=(2, 700)) + 5
    taps = _design_fir(256.0, 0.5, 30)
    half = 512
    expected = []
    for row in x:
        before = [2 * row[0] - row[k] for k in range(half, 0, -1)]
        after = [2 * row[-1] - row[-1 - k] for k in range(1, half + 1)]
        padded = np.array([*before, *row, *after])
        # Output sample i is centred on input sample i: the delay of 512 samples is taken out.
        expected.append([taps @ padded[i : i + 1025] for i in range(700)])
    np.testing.assert_allclose(fir_bandpass(x, FS, 0.5, 30), expected, atol=1e-9)


def test_shortest_signal_of_the_fir(rng):
    x = rng.normal(size=513)
    assert fir_bandpass(x, FS, 0.5, 30).shape == (513,)
    with pytest.raises(ValueError, match=r"x lasts 2 s; .* needs more than half its length, 2 s"):
        fir_bandpass(x[:512], FS, 0.5, 30)


@pytest.mark.parametrize(("low", "sfreq"), [(0.1, 256), (0.5, 5000)])
def test_fir_that_cannot_be_designed(low, sfreq):
    with pytest.raises(ValueError, match=r"No Parks-McClellan filter of .* could be designed"):
        fir_bandpass(np.zeros(60_000), sfreq, low, 30)


# ---------------------------------------------------------------------- notch


def test_notch_takes_one_frequency_only():
    for freq, expected in ((50, 0), (20, 1), (60, 1), (50 + 50 / 60, 0.5)):
        sine, cosine = gain(notch_filter(tone(freq), FS, 50), freq)
        assert sine == pytest.approx(expected, abs=0.03)
        assert abs(cosine) < 0.03
    with pytest.raises(ValueError, match=r"notch at 130 Hz does not fit .*; a rate above 260 Hz"):
        notch_filter(np.zeros(1000), FS, 130)


# ---------------------------------------------------------------------- resampling


@pytest.mark.parametrize(("old", "new"), [(256, 200), (173.61, 256), (512, 256), (100, 250.5)])
def test_resampled_tone(old, new):
    x = 3 + tone(7, 20, old)
    y = resample(x, old, new)
    assert len(y) == np.ceil(len(x) * new / old)
    t = np.arange(len(y)) / new
    inner = slice(int(new), -int(new))
    assert np.abs(y - 3 - np.sin(2 * np.pi * 7 * t))[inner].max() < 0.005


def test_resampling_filters_what_would_alias():
    for freq, most in ((140, 1e-3), (180, 1e-3), (240, 1e-3), (50, None)):
        y = resample(tone(freq, 20, 512), 512, 200)[200:-200]
        if most is None:
            assert y.std() == pytest.approx(np.sqrt(0.5), rel=0.01)
        else:
            assert np.abs(y).max() < most


def test_an_offset_leaves_no_step():
    y = resample(np.full((2, 500), 1e4), 256, 100)
    np.testing.assert_allclose(y, 1e4, rtol=1e-12)
    x = tone(3, 10)
    np.testing.assert_allclose(resample(x + 1e5, 256, 200) - 1e5, resample(x, 256, 200), atol=1e-9)


def test_resample_rates():
    for name, rates in (("sfreq", (0, 100)), ("new_sfreq", (100, -1)), ("new_sfreq", (9, np.nan))):
        with pytest.raises(ValueError, match=rf"^{name} is"):
            resample(np.zeros(100), *rates)
    with pytest.raises(ValueError, match="under a hundred-thousandth"):
        resample(np.zeros(100), 256, 1e-5)


# ---------------------------------------------------------------------- recordings


@pytest.fixture
def recording(rng):
    data = rng.normal(scale=30, size=(2, 4096)).astype(np.float32)
    start = datetime(2020, 1, 1)
    return Recording(data, FS, ["a", "b"], record="r", patient="p", start=start, offset=5.0)


def test_filter_recording_is_the_functions(recording):
    x = recording.data
    cases = [
        ({"low": 8, "high": 13}, butterworth_bandpass(x, FS, 8, 13)),
        ({"low": 8, "high": 13, "order": 2}, butterworth_bandpass(x, FS, 8, 13, 2)),
        ({"low": 0.5, "high": 30, "method": "fir"}, fir_bandpass(x, FS, 0.5, 30)),
        ({"low": 1}, butterworth_bandpass(x, FS, 1, None)),
        ({"notch": 50}, notch_filter(x, FS, 50)),
        ({"notch": [50, 100]}, notch_filter(notch_filter(x, FS, 50), FS, 100)),
        (
            {"notch": 60, "low": 1, "high": 70},
            butterworth_bandpass(notch_filter(x, FS, 60), FS, 1, 70),
        ),
    ]
    for options, expected in cases:
        done = filter_recording(recording, **options)
        np.testing.assert_array_equal(done.data, expected)
        assert done.data.dtype == np.float32
        for name in ("sfreq", "ch_names", "record", "patient", "start", "offset"):
            assert getattr(done, name) == getattr(recording, name)


def test_filter_recording_refuses(recording):
    with pytest.raises(ValueError, match="all None; there is nothing to filter"):
        filter_recording(recording)
    with pytest.raises(ValueError, match="all None"):
        filter_recording(recording, notch=[])
    with pytest.raises(ValueError, match="method is 'cheby'; 'butterworth' or 'fir'"):
        filter_recording(recording, low=1, method="cheby")
    with pytest.raises(ValueError, match="above 400 Hz is needed"):
        filter_recording(recording, low=1, high=200)


def test_resample_recording(recording):
    done = resample_recording(recording, 100)
    np.testing.assert_array_equal(done.data, resample(recording.data, FS, 100))
    assert done.sfreq == 100 and done.data.shape == (2, 1600) and done.offset == 5.0
    assert resample_recording(recording, 256) is recording
    with pytest.raises(ValueError, match="new_sfreq is 0"):
        resample_recording(recording, 0)


@pytest.mark.parametrize("method", ["butterworth", "fir"])
def test_no_delay_on_real_eeg(data_path, method):
    path = min((data_path / "chbmit" / "chb01").glob("*.edf"))
    recording = read_edf(path, channels=["FP1-F7", "CZ-PZ"])
    done = filter_recording(recording, low=0.5, high=30, method=method)
    for x, y in zip(recording.data, done.data, strict=True):
        x, y = x[1024:-1024] - x.mean(), y[1024:-1024]
        lags = np.arange(-20, 21)
        match = [np.corrcoef(x[30:-30], np.roll(y, lag)[30:-30])[0, 1] for lag in lags]
        assert lags[np.argmax(match)] == 0 and max(match) > 0.7
        # What is taken out lies outside the band.
        rest = np.abs(np.fft.rfft((x - y) * np.hanning(len(x)))) ** 2
        whole = np.abs(np.fft.rfft(x * np.hanning(len(x)))) ** 2
        freq = np.fft.rfftfreq(len(x), 1 / 256)
        inside = (freq > 2) & (freq < 25)
        assert rest[inside].sum() < 1e-3 * whole[inside].sum()
