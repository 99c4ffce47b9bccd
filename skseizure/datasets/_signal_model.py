"""The signal model of `make_recordings`: potentials at 19 electrodes, read in bipolar pairs."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import scipy.fft
import scipy.signal
from numpy.typing import NDArray

from skseizure.signals import get_montage

# Electrodes of the 10-20 system seen from above: the head is the unit disc, the nose at (0, 1).
POSITIONS = {
    "FP1": (-0.3, 0.9), "FP2": (0.3, 0.9),
    "F7": (-0.8, 0.55), "F3": (-0.4, 0.5), "FZ": (0, 0.45), "F4": (0.4, 0.5), "F8": (0.8, 0.55),
    "T7": (-1, 0), "C3": (-0.5, 0), "CZ": (0, 0), "C4": (0.5, 0), "T8": (1, 0),
    "P7": (-0.8, -0.55), "P3": (-0.4, -0.5), "PZ": (0, -0.45), "P4": (0.4, -0.5),
    "P8": (0.8, -0.55), "O1": (-0.3, -0.9), "O2": (0.3, -0.9),
}  # fmt: skip
ELECTRODES = tuple(POSITIONS)

_XY = np.array(list(POSITIONS.values()))
DISTANCE = np.linalg.norm(_XY[:, np.newaxis] - _XY, axis=2)
# Volume conduction: neighbours share most of their background.
_MIXING = np.linalg.cholesky(np.exp(-((DISTANCE / 0.7) ** 2)) + 1e-6 * np.eye(len(_XY)))


def _near(*names: str, reach: float) -> NDArray[np.float64]:
    """Weight of each electrode for a source under the named ones; 1 there, less around."""
    index = [ELECTRODES.index(name) for name in names]
    return np.exp(-((DISTANCE[index].min(axis=0) / reach) ** 2))


_ALPHA = np.stack([_near("O1", reach=0.6), _near("O2", reach=0.6)], axis=1)
_BLINK = _near("FP1", "FP2", reach=0.5)
_MUSCLE = {
    "left": _near("T7", "F7", reach=0.5),
    "right": _near("T8", "F8", reach=0.5),
    "both": _near("T7", "T8", "FP1", "FP2", reach=0.5),
}
_BIPOLAR = np.array(
    [
        [(name == pair.split("-")[0]) - float(name == pair.split("-")[1]) for name in ELECTRODES]
        for pair in get_montage("double banana")
    ],
    dtype=np.float32,
)


@dataclass(frozen=True)
class BrainModel:
    """What makes one patient differ from another; amplitudes in microvolts, rates per minute."""

    amplitude: float
    exponent: float
    alpha_hz: float
    alpha_amplitude: float
    focus: int
    first_hz: float
    last_hz: float
    seizure_gain: float
    sharpness: float
    spread: float
    blinks: float
    muscle: float
    pops: float

    @classmethod
    def draw(cls, rng: np.random.Generator) -> BrainModel:
        """Draw a patient."""
        amplitude = 22.0 * np.exp(rng.normal(0, 0.25))
        return cls(
            amplitude=amplitude,
            exponent=rng.uniform(0.9, 1.3),
            alpha_hz=rng.uniform(8.5, 11.5),
            alpha_amplitude=amplitude * rng.uniform(0.3, 0.9),
            focus=int(rng.integers(len(ELECTRODES))),
            first_hz=rng.uniform(7.0, 13.0),
            last_hz=rng.uniform(2.0, 4.0),
            seizure_gain=rng.uniform(1.5, 3.0),
            sharpness=rng.uniform(0.4, 0.7),
            spread=rng.uniform(0.25, 0.7),
            blinks=rng.uniform(4, 14),
            muscle=rng.uniform(0.6, 1.6),
            pops=rng.uniform(0.1, 0.5),
        )


def simulate(
    rng: np.random.Generator,
    model: BrainModel,
    n_samples: int,
    sfreq: float,
    seizures: NDArray[np.float64],
    artefact_rate: float,
) -> NDArray[np.float32]:
    """Simulate one record.

    Parameters
    ----------
    rng : Generator
    model : BrainModel
        The patient.
    n_samples : int
    sfreq : float
        In Hz.
    seizures : ndarray, shape (n_seizures, 2)
        Onsets and ends in seconds.
    artefact_rate : float
        Number and size of artefacts relative to the patient's; 0 for none.

    Returns
    -------
    ndarray of float32, shape (18, n_samples)
        Bipolar channels in microvolts, in the order of the double banana.
    """
    potentials = background(rng, model, n_samples, sfreq)
    for onset, end in seizures:
        start = round(onset * sfreq)
        wave = seizure(rng, model, round(end * sfreq) - start, sfreq)
        potentials[:, start : start + wave.shape[1]] += wave
    if artefact_rate > 0:
        _add_blinks(potentials, rng, model.blinks * artefact_rate, sfreq)
        _add_muscle(potentials, rng, model.muscle * artefact_rate, sfreq)
        _add_pops(potentials, rng, model.pops * artefact_rate, sfreq)
        _add_drift(potentials, rng, min(artefact_rate, 1.0), sfreq)
    return _BIPOLAR @ potentials


def background(
    rng: np.random.Generator, model: BrainModel, n_samples: int, sfreq: float
) -> NDArray[np.float32]:
    """Return background activity, shape (19, n_samples): 1/f noise and alpha rhythm."""
    n = scipy.fft.next_fast_len(n_samples, real=True)
    hz = scipy.fft.rfftfreq(n, 1 / sfreq)
    # Power falls as 1/f^exponent from 0.5 Hz up; it is flat below, and steeper above 30 Hz.
    pink = np.maximum(hz, 0.5) ** (-model.exponent / 2) / (1 + (hz / 30) ** 2)
    pink[0] = 0
    alpha = np.exp(-0.5 * ((hz - model.alpha_hz) / 0.5) ** 2)
    noise = _MIXING.astype(np.float32) @ _shaped_noise(rng, len(ELECTRODES), n, pink)
    rhythm = _ALPHA.astype(np.float32) @ _shaped_noise(rng, _ALPHA.shape[1], n, alpha)
    out = noise[:, :n_samples]
    out *= model.amplitude * np.exp(0.2 * _slow(rng, n_samples, sfreq, every=20.0))
    rhythm = rhythm[:, :n_samples]
    rhythm *= model.alpha_amplitude * np.exp(0.5 * _slow(rng, n_samples, sfreq, every=10.0))
    out += rhythm
    return out


def seizure(
    rng: np.random.Generator, model: BrainModel, n_samples: int, sfreq: float
) -> NDArray[np.float32]:
    """Return a seizure, shape (19, n_samples).

    The frequency falls from ``first_hz`` to ``last_hz`` on a logarithmic course with jitter, while
    the amplitude grows. An electrode joins after a delay that grows with its distance from the
    focus up to the share ``spread`` of the seizure's length; harmonics sharpen the waves.
    """
    share = np.linspace(0, 1, n_samples)
    duration = n_samples / sfreq
    jitter = np.exp(0.08 * _slow(rng, n_samples, sfreq, every=2.0))
    hz = model.first_hz * (model.last_hz / model.first_hz) ** share * jitter
    phase = 2 * np.pi * np.cumsum(hz) / sfreq + rng.uniform(0, 2 * np.pi)
    distance = DISTANCE[model.focus][:, np.newaxis]
    # The wave itself travels, too: some 30 ms over half a head.
    lagged = phase - 2 * np.pi * hz * 0.03 * distance
    wave = np.cos(lagged)
    for harmonic in (2, 3, 4):
        wave += model.sharpness ** (harmonic - 1) * np.cos(harmonic * lagged)
    growth = 0.3 + 0.7 * np.minimum(share / 0.6, 1)
    waxing = np.exp(0.25 * _slow(rng, n_samples, sfreq, every=3.0))
    delay = model.spread * distance / DISTANCE.max()
    joined = np.clip((share - delay) * duration / 2.0, 0, 1)
    fading = np.clip((1 - share) * duration / 0.5, 0, 1)
    reach = np.exp(-((distance / 1.3) ** 2))
    level = model.amplitude * model.seizure_gain
    return (level * reach * joined * growth * waxing * fading * wave).astype(np.float32)


def _add_blinks(potentials, rng, per_minute, sfreq):
    n_samples = potentials.shape[1]
    impulses = np.zeros(n_samples, dtype=np.float32)
    at = _moments(rng, per_minute, n_samples, sfreq)
    impulses[at] = rng.uniform(60, 160, len(at))
    bump = np.hanning(round(0.35 * sfreq)).astype(np.float32)
    trace = scipy.signal.oaconvolve(impulses, bump)[:n_samples]
    seen = np.flatnonzero(_BLINK > 0.01)
    potentials[seen] += _BLINK[seen, np.newaxis].astype(np.float32) * trace


def _add_muscle(potentials, rng, per_minute, sfreq):
    n_samples = potentials.shape[1]
    band = (20.0, min(100.0, 0.45 * sfreq))
    sos = scipy.signal.butter(2, band, "bandpass", fs=sfreq, output="sos")
    for start in _moments(rng, per_minute, n_samples, sfreq):
        n = min(round(rng.uniform(1, 8) * sfreq), n_samples - start)
        weight = _MUSCLE[rng.choice(list(_MUSCLE))][:, np.newaxis]
        noise = scipy.signal.sosfilt(sos, rng.standard_normal((len(ELECTRODES), n)))
        noise /= noise.std() + 1e-12
        burst = rng.uniform(10, 50) * weight * noise * np.hanning(n + 2)[1:-1]
        potentials[:, start : start + n] += burst


def _add_pops(potentials, rng, per_minute, sfreq):
    n_samples = potentials.shape[1]
    for start in _moments(rng, per_minute, n_samples, sfreq):
        n = min(round(6 * sfreq), n_samples - start)
        size = rng.choice([-1, 1]) * rng.uniform(80, 300)
        decay = rng.uniform(0.2, 1.2)
        pop = size * np.exp(-np.arange(n) / (decay * sfreq))
        potentials[rng.integers(len(ELECTRODES)), start : start + n] += pop


def _add_drift(potentials, rng, size, sfreq):
    for potential in potentials:
        potential += size * 15 * _slow(rng, len(potential), sfreq, every=4.0)


def _shaped_noise(rng, n_sources, n, shape):
    """Gaussian noise of unit variance with the amplitude spectrum ``shape``, (n_sources, n)."""
    spectrum = rng.standard_normal((n_sources, len(shape), 2), dtype=np.float32)
    # Parseval: the variance of each real part and imaginary part is 1.
    scale = n / (2 * np.sqrt(np.sum(shape**2)))
    weighted = spectrum.view(np.complex64)[..., 0] * (scale * shape).astype(np.float32)
    return scipy.fft.irfft(weighted, n, axis=1)


def _slow(rng, n_samples, sfreq, *, every):
    """Return a course through standard normal knots ``every`` so many seconds, (n_samples,)."""
    n_knots = int(n_samples / sfreq / every) + 2
    times = np.arange(n_samples) / (sfreq * every)
    return np.interp(times, np.arange(n_knots), rng.standard_normal(n_knots)).astype(np.float32)


def _moments(rng, per_minute, n_samples, sfreq):
    return rng.integers(n_samples, size=rng.poisson(per_minute * n_samples / sfreq / 60))
