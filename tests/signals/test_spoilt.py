"""Recordings that are spoilt or of another scale: each is announced, by a check or the profile."""

import numpy as np
import pytest

from skseizure.signals import Recording, SignalProfile, Windows, check_quality

NAMES = ["F3-C3", "C3-P3", "F4-C4", "C4-P4"]
SFREQ, SECONDS = 200, 180
MINUTE = slice(60 * SFREQ, 120 * SFREQ)
TIME = np.arange(SECONDS * SFREQ) / SFREQ


def clean(seed):
    """Return noise with a falling spectrum, some 30 uV, and a rhythm at 10 Hz."""
    rng = np.random.default_rng(seed)
    freq = np.fft.rfftfreq(len(TIME), 1 / SFREQ)
    noise = rng.normal(size=(2, len(NAMES), len(freq)))
    spectrum = (noise[0] + 1j * noise[1]) / np.maximum(freq, 0.7)
    signal = np.fft.irfft(spectrum, axis=1)
    signal *= rng.uniform(20, 40) / signal.std(axis=1, keepdims=True)
    alpha = 10 * np.sin(2 * np.pi * 10 * TIME) * (1 + np.sin(2 * np.pi * 0.1 * TIME))
    return signal + alpha + rng.normal(scale=1, size=signal.shape)


def scaled(factor):
    return lambda x, rng: x * factor


def replaced(value, where=slice(None), rows=slice(None)):
    """Put something in the place of the signal."""

    def spoil(x, rng):
        new = value(x, rng) if callable(value) else np.full(x.shape, value)
        x[rows, where] = np.broadcast_to(new, x.shape)[rows, where]
        return x

    return spoil


def muscle(x, rng):
    """Return the signal with muscle activity from 30 Hz on."""
    white = np.fft.rfft(rng.normal(scale=60, size=x.shape), axis=1)
    white[:, np.fft.rfftfreq(x.shape[1], 1 / SFREQ) < 30] = 0
    return x + np.fft.irfft(white, axis=1)


def square(x, rng):
    return np.where(TIME % 1 < 0.5, 50.0, -50.0)


# What spoils a recording, and what announces it: a check of `check_quality`, "outlier" among the
# channels, or a kind of problem that the profile finds.
VARIANTS = {
    **{f"x {10.0**p:g}": (scaled(10.0**p), "scale") for p in range(-6, 7) if p},
    "clipped at 20 uV": (lambda x, rng: np.clip(x, -20, 20), "clipped"),
    "a minute of calibration": (replaced(square, MINUTE), "calibration"),
    "a minute of muscle": (replaced(muscle, MINUTE), "muscle"),
    "muscle throughout": (muscle, "muscle"),
    "a minute of flat line": (replaced(0.0, MINUTE), "flat"),
    "flat throughout": (replaced(0.0), "flat"),
    "a minute at the rails": (
        replaced(lambda x, rng: np.where(TIME % 7 < 3, 3276.7, -3276.8), MINUTE),
        "clipped",
    ),
    "a minute that swings from rail to rail": (
        replaced(lambda x, rng: 3276.7 * np.sign(np.sin(2 * np.pi * 3 * TIME)), MINUTE),
        "large",
    ),
    "mains of 50 Hz": (lambda x, rng: x + 100 * np.sin(2 * np.pi * 50 * TIME), "mains"),
    "mains of 60 Hz": (lambda x, rng: x + 100 * np.sin(2 * np.pi * 60 * TIME), "mains"),
    "drift": (lambda x, rng: x + 1000 * np.sin(2 * np.pi * 0.3 * TIME), "spectrum"),
    "noise on one channel": (
        replaced(lambda x, rng: rng.normal(scale=1000, size=x.shape), rows=2),
        "outlier",
    ),
    "one channel flat": (replaced(0.0, rows=1), "flat"),
    "one channel x 100": (replaced(lambda x, rng: 100 * x, rows=3), "channel"),
    "a minute of NaN": (replaced(np.nan, MINUTE), "nan"),
    "white noise for a signal": (
        replaced(lambda x, rng: rng.normal(scale=30, size=x.shape)),
        "spectrum",
    ),
    "nothing above 12 Hz": (
        lambda x, rng: np.fft.irfft(
            np.fft.rfft(x, axis=1) * (np.fft.rfftfreq(x.shape[1], 1 / SFREQ) < 12), axis=1
        ),
        "spectrum",
    ),
}


@pytest.fixture(scope="module")
def profile():
    parts = [
        Windows.from_array(clean(i), SFREQ, window=4, ch_names=NAMES, record=str(i))
        for i in range(1, 6)
    ]
    return SignalProfile.from_windows(Windows.concatenate(parts))


def announced(profile, signal):
    recording = Recording(signal, SFREQ, NAMES)
    quality = check_quality(recording)
    found = {name for name, seconds in quality.seconds().items() if seconds > 0}
    found |= {"outlier"} if quality.outliers else set()
    return found | {problem.kind for problem in profile.compare(recording)}


def test_there_are_29():
    assert len(VARIANTS) == 29


@pytest.mark.parametrize("seed", [0, 6, 7])
def test_a_clean_recording_is_not_announced(profile, seed):
    assert announced(profile, clean(seed)) == set()


@pytest.mark.filterwarnings("ignore:.*typically deviates")
@pytest.mark.parametrize("name", VARIANTS)
def test_none_passes_unannounced(profile, name):
    spoil, by = VARIANTS[name]
    found = announced(profile, spoil(clean(0), np.random.default_rng(1)))
    assert by in found
