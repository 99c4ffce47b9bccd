"""The rare-subtype problem: what tells some classes is in the raw signal, others in band powers."""

import numpy as np
from scipy.signal import butter, sosfiltfilt

SFREQ, N_CHANNELS, N_TIMES = 128, 8, 256
PROPORTIONS = np.array([0.60, 0.26, 0.08, 0.06])


def _background(rng, n):
    """Noise with an amplitude of 1/f, of unit standard deviation."""
    spectrum = np.fft.rfft(rng.normal(size=(n, N_CHANNELS, N_TIMES)))
    frequency = np.fft.rfftfreq(N_TIMES, 1 / SFREQ)
    spectrum[..., 1:] /= frequency[1:]
    spectrum[..., 0] = 0
    x = np.fft.irfft(spectrum, N_TIMES)
    return x / x.std(axis=-1, keepdims=True)


def _narrow_band(rng, n, low, high):
    sos = butter(4, [low, high], "bandpass", fs=SFREQ, output="sos")
    x = sosfiltfilt(sos, rng.normal(size=(n, N_CHANNELS, N_TIMES + 2 * SFREQ)))
    x = x[..., SFREQ:-SFREQ]
    return x / x.std(axis=-1, keepdims=True)


def rare_subtypes(n, seed, n_subjects=20):
    """Windows, labels and subjects; other seeds have other subjects.

    All classes have a rhythm of 5 Hz. In class 1 it lags from channel to channel, which band powers
    do not show; classes 2 and 3 have weak narrow-band noise, which a network overlooks.
    """
    rng = np.random.default_rng(seed)
    counts = np.maximum(np.floor(PROPORTIONS * n).astype(int), 4)
    counts[0] += n - counts.sum()
    y = rng.permutation(np.repeat(np.arange(4), counts))
    subject = rng.integers(n_subjects, size=n)
    gain = np.exp(0.2 * rng.normal(size=(n_subjects, N_CHANNELS)))
    offset = 0.25 * rng.normal(size=(n_subjects, N_CHANNELS))
    time = np.arange(N_TIMES) / SFREQ
    frequency = 5 + 0.5 * rng.normal(size=(n, 1, 1))
    amplitude = 0.6 * np.exp(0.2 * rng.normal(size=(n, 1, 1)))
    phase = rng.uniform(0, 2 * np.pi, size=(n, 1, 1)) + offset[subject][..., None]
    phase = phase + np.where(y == 1, 0.55, 0)[:, None, None] * np.arange(N_CHANNELS)[:, None]
    X = _background(rng, n) + amplitude * np.sin(2 * np.pi * frequency * time + phase)
    level = 0.12 * np.exp(0.2 * rng.normal(size=(n, 1, 1)))
    for label, low, high, share in ((2, 15, 28, 1.0), (3, 34, 58, 0.5)):
        rows = y == label
        X[rows] += share * level[rows] * _narrow_band(rng, rows.sum(), low, high)
    return X * gain[subject][..., None], y, subject
