"""What a profile holds, by a naive reference, and what it finds in records that differ."""

import json

import numpy as np
import pytest

from skseizure.signals import Recording, SignalProfile, Windows

NAMES = ["F3-C3", "C3-P3", "P3-O1", "F4-C4"]
SFREQ = 128


def eeg(seed, scale=1.0, seconds=40, n_channels=4):
    """Return noise with a spectrum that falls with frequency, some 20 uV."""
    rng = np.random.default_rng(seed)
    freq = np.fft.rfftfreq(seconds * SFREQ, 1 / SFREQ)
    shape = (n_channels, len(freq))
    spectrum = (rng.normal(size=shape) + 1j * rng.normal(size=shape)) / np.maximum(freq, 0.5)
    signal = np.fft.irfft(spectrum, axis=1)
    return scale * 20 * signal / signal.std(axis=1, keepdims=True)


def windows(signal, record="x", **kwargs):
    return Windows.from_array(
        signal, SFREQ, window=2, ch_names=NAMES[: len(signal)], record=record, **kwargs
    )


@pytest.fixture(scope="module")
def profile():
    return SignalProfile.from_windows(
        Windows.concatenate([windows(eeg(i, 1 + 0.1 * i), f"r{i}") for i in range(5)])
    )


def naive_level(window, low, high):
    """Return the power of a window from low to high Hz, frequency by frequency."""
    n = len(window)
    taper = np.array([0.5 - 0.5 * np.cos(2 * np.pi * (k + 1) / (n + 1)) for k in range(n)])
    tapered = (window - window.mean()) * taper
    total = 0.0
    for k in range(1, n // 2 + 1):
        if low <= k * SFREQ / n < high:
            wave = np.exp(-2j * np.pi * k * np.arange(n) / n)
            total += abs(np.sum(tapered * wave)) ** 2
    return 2 * total / (n * np.sum(taper**2))


def test_levels_are_those_of_a_naive_reference():
    signals = {f"r{i}": eeg(i, 1 + i) for i in range(3)}
    made = SignalProfile.from_windows(
        Windows.concatenate([windows(signal, name) for name, signal in signals.items()])
    )
    amplitude, gamma = [], []
    for signal in signals.values():
        cells = signal.reshape(4, -1, 2 * SFREQ)
        wide = np.array([[naive_level(w, 2, 30) for w in channel] for channel in cells])
        fast = np.array([[naive_level(w, 30, 45) for w in channel] for channel in cells])
        amplitude.append(np.median(np.log10(np.sqrt(wide)), axis=1))
        gamma.append(np.median(np.log10(fast / wide), axis=1))
    amplitude, gamma = np.array(amplitude), np.array(gamma)
    typical = np.median(amplitude, axis=1)
    spread = 1.4826 * np.median(np.abs(typical - np.median(typical)))
    assert made.level == pytest.approx((np.median(typical), spread))
    relative = np.median(amplitude - typical[:, None], axis=0)
    np.testing.assert_allclose(np.array(made.amplitude)[:, 0], relative)
    np.testing.assert_allclose(np.array(made.power["gamma"])[:, 0], np.median(gamma, axis=0))
    assert set(made.bands) == {"drift", "delta", "theta", "alpha", "beta", "gamma"}  # to 64 Hz


def test_amplitude_of_a_sine():
    time = np.arange(40 * SFREQ) / SFREQ
    made = SignalProfile.from_windows(windows(50 * np.sin(2 * np.pi * 10 * time)[None]))
    assert 10 ** made.level[0] == pytest.approx(50 / np.sqrt(2), rel=1e-3)
    assert made.power["alpha"][0][0] == pytest.approx(0, abs=0.01)


def test_plain_content_round_trip(profile):
    content = json.loads(json.dumps(profile.to_dict()))
    assert SignalProfile.from_dict(content) == profile
    for spoilt in (
        {},
        [],
        content | {"level": [1.0]},
        content | {"level": [1.0, float("nan")]},
        content | {"amplitude": content["amplitude"][:2]},
        content | {"power": {}},
        content | {"window": 0.0},
        content | {"bands": None},
    ):
        with pytest.raises(ValueError, match=r"content|level|ch_names|power|window"):
            SignalProfile.from_dict(spoilt)


def test_size_does_not_grow_with_the_data(profile):
    many = SignalProfile.from_windows(
        Windows.concatenate([windows(eeg(i), f"r{i}") for i in range(12)])
    )
    assert abs(len(json.dumps(many.to_dict())) - len(json.dumps(profile.to_dict()))) < 300


def test_like_those_of_training(profile):
    assert profile.compare(windows(eeg(50))) == []
    recording = Recording(eeg(51), SFREQ, NAMES, record="whole")
    assert profile.compare(recording) == []


@pytest.mark.filterwarnings("ignore:.*typically deviates")
@pytest.mark.parametrize("power", [-6, -3, -2, -1, 1, 2, 3, 6])
def test_another_scale(profile, power):
    (found,) = profile.compare(windows(eeg(50, 1.2 * 10.0**power)))
    assert (found.kind, found.record, found.channels) == ("scale", "x", tuple(NAMES))
    assert found.refuse == (abs(power) > 1)
    assert found.factor == pytest.approx(10.0**power, rel=0.2)
    units = {-6: "volts", -3: "millivolts", 3: "nanovolts", 6: "picovolts"}
    assert f": {units.get(power, '-')} instead of microvolts?" in str(found) or power not in units


def test_one_channel_is_named(profile):
    signal = eeg(50)
    signal[2] *= 30
    (found,) = profile.compare(windows(signal))
    assert (found.kind, found.refuse, found.channels) == ("channel", False, ("P3-O1",))
    assert found.factor == pytest.approx(30, rel=0.3)
    signal[2] = 0
    (found,) = profile.compare(windows(signal))
    assert (found.kind, found.refuse, found.channels) == ("flat", False, ("P3-O1",))


def test_flat_in_all_channels_is_refused(profile):
    (found,) = profile.compare(windows(np.zeros((4, 10 * SFREQ))))
    assert (found.kind, found.refuse, found.channels) == ("flat", True, tuple(NAMES))


def test_spectra(profile):
    time = np.arange(40 * SFREQ) / SFREQ
    (found,) = profile.compare(windows(eeg(50) + 60 * np.sin(2 * np.pi * 40 * time)))
    assert found.kind == "spectrum"
    assert not found.refuse
    assert "30 to 45 Hz" in str(found)
    assert "above" in str(found)
    assert "all channels" in str(found)
    signal = eeg(50)
    signal[1] += 300 * np.sin(2 * np.pi * 0.5 * time)
    found = profile.compare(windows(signal))
    assert {problem.channels for problem in found} == {("C3-P3",)}
    assert "drift" in str(found[0])


def test_records_are_judged_one_by_one(profile):
    X = Windows.concatenate([windows(eeg(50), "a"), windows(eeg(51, 100), "b")])
    assert [found.record for found in profile.compare(X[::-1])] == ["b"]


def test_a_short_burst_and_nan_do_not_count(profile):
    signal = eeg(50)
    signal[:, : 10 * SFREQ] *= 1000
    signal[0, -5 * SFREQ :] = np.nan
    assert profile.compare(windows(signal)) == []


def test_patients_count_once():
    patients = ["a"] * 6 + ["b", "c"]
    scales = [10] * 6 + [1, 1]
    for known in (True, False):
        parts = [
            windows(eeg(i, scale), f"r{i}", patient=patient if known else None)
            for i, (scale, patient) in enumerate(zip(scales, patients, strict=True))
        ]
        typical = 10 ** SignalProfile.from_windows(Windows.concatenate(parts)).level[0]
        assert (typical < 20) == known  # two of three patients, or six of eight records


def test_more_channels_and_another_rate(profile):
    signal = np.vstack([eeg(50), eeg(51, 100, n_channels=1)])
    X = Windows.from_array(signal[[4, 3, 2, 1, 0]], SFREQ, window=2, ch_names=["ECG", *NAMES[::-1]])
    assert profile.compare(X) == []
    slow = Windows.from_array(eeg(50)[:, ::2], SFREQ / 2, window=2, ch_names=NAMES)
    assert profile.compare(slow) == []


def test_errors(profile):
    with pytest.raises(TypeError, match="Windows are needed"):
        SignalProfile.from_windows(eeg(0))
    with pytest.raises(TypeError, match="Windows are needed"):
        profile.compare(eeg(0))
    with pytest.raises(ValueError, match="no window"):
        profile.compare(windows(eeg(0))[:0])
    with pytest.raises(ValueError, match="asks for F4-C4"):
        profile.compare(windows(eeg(0)[:3]))
    with pytest.raises(ValueError, match="flat or not finite in F4-C4 throughout"):
        SignalProfile.from_windows(windows(np.vstack([eeg(0)[:3], np.zeros((1, 40 * SFREQ))])))
    with pytest.raises(ValueError, match="hold no frequency from 2 to 30 Hz"):
        SignalProfile.from_windows(Windows.from_array(np.ones((1, 64)), 64, window=1 / 64))
