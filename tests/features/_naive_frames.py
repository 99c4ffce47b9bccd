"""The features of `FrameFeatures` as plain loops over one window, written from their definitions.

Slow on purpose, and independent of the package: no FFT, no transform, no batch.
"""

import cmath
import math
from itertools import pairwise

import numpy as np
import pywt

from ..measures import _naive

EPS = 2.0**-52
BANDS = {"delta": (1, 4), "theta": (4, 7), "alpha": (7, 13), "beta": (13, 30)}
MFCC_BANDS = [(1, 4), (4, 8), (8, 12), (12, 20), (20, 30), (0.5, 30)]


def features(x, sfreq, groups=("morph", "time", "freq", "dwt", "dwt_db4_stats", "tf", "mfcc")):
    """All features of the groups of one window, by "{group}__{feature}"."""
    x = [float(v) for v in x]
    out = {}
    for group in groups:
        if group == "dwt":
            for name in ("db1", "db2", "db3", "db4"):
                part = wavelet_shares(x, name)
                out |= {f"dwt_{name}__{feature}": value for feature, value in part.items()}
        else:
            part = globals()[group](x, sfreq)
            out |= {f"{group}__{feature}": value for feature, value in part.items()}
    return out


def morph(x, sfreq):
    largest, smallest = max(x), min(x)
    constant = largest == smallest
    latency = x.index(largest) / sfreq
    rise = (x.index(largest) - x.index(smallest)) / sfreq
    positive = math.fsum(0.5 * (v + abs(v)) for v in x)
    negative = math.fsum(0.5 * (v - abs(v)) for v in x)
    crossings = sum(1 for a, b in pairwise(x) if sign(a) * sign(b) < 0)
    slopes = [abs(b - a) * sfreq for a, b in pairwise(x)]
    turns = 0.0
    for i in range(1, len(x) - 1):
        turns += 0.5 * abs(sign(x[i - 1] - x[i]) + sign(x[i + 1] - x[i]))
    return {
        "peak_latency": latency,
        "latency_amplitude_ratio": over(latency, largest),
        "absolute_amplitude": abs(largest),
        "absolute_latency_amplitude_ratio": abs(over(latency, largest)),
        "positive_area": positive,
        "negative_area": negative,
        "total_area": positive + negative,
        "absolute_total_area": abs(positive + negative),
        "total_absolute_area": positive + abs(negative),
        "average_absolute_slope": math.fsum(slopes) / len(slopes) if slopes else 0.0,
        "peak_to_peak": largest - smallest,
        "peak_to_peak_time": rise,
        "peak_to_peak_slope": 0.0 if constant else over(largest - smallest, rise),
        "zero_crossings": crossings,
        "zero_crossing_density": over(crossings, rise),
        "slope_sign_alterations": turns,
    }


def time(x, sfreq):
    n = len(x)
    mean = math.fsum(x) / n
    variance = 0.0 if max(x) == min(x) else math.fsum((v - mean) ** 2 for v in x) / n
    covariance = []
    for k in range(n):
        covariance.append(math.fsum((x[i] - mean) * (x[i + k] - mean) for i in range(n - k)) / n)
    if variance == 0:
        covariance = [0.0] * n
    middle = math.fsum(covariance) / n
    spread = math.fsum((c - middle) ** 2 for c in covariance) / n
    out = {name: _naive.measure(name, np.array(x)) for name in ("skewness", "kurtosis")}
    return out | {
        "slope_sign_changes": _naive.measure("slope_sign_changes", np.array(x)),
        "mean": mean,
        "variance": variance,
        "std": math.sqrt(variance),
        "coefficient_of_variation": variation(x),
        "root_mean_square": math.sqrt(math.fsum(v * v for v in x) / n),
        "shannon_entropy": _naive.measure("shannon_entropy", np.array(x)),
        "approximate_entropy": _naive.measure("approximate_entropy", np.array(x)),
        "energy": math.fsum(v * v for v in x),
        "autocovariance_std": math.sqrt(spread),
        "autocovariance_variance": spread,
        "autocovariance_energy": math.fsum(c * c for c in covariance),
    }


def freq(x, sfreq):
    n = len(x)
    centred = less_mean(x)
    density = []
    for k in range(1, n // 2 + 1):
        power = abs(fourier(centred, k / n)) ** 2 / (n * sfreq)
        density.append(power if 2 * k == n else 2 * power)
    if not any(density):
        density = [0.0]
    cumulated, half = 0.0, 0.0
    for k, power in enumerate(density, start=1):
        cumulated += power
        if cumulated >= 0.5 * math.fsum(density) * (1 - 2e-12):
            half = k * sfreq / n if cumulated > 0 else 0.0
            break
    return {
        "psd_maximum": max(density),
        "psd_minimum": min(density),
        "psd_mean": math.fsum(density) / len(density),
        "spectral_entropy": _naive.measure("spectral_entropy", np.array(x)),
        "median_frequency": half,
    }


def wavelet_shares(x, wavelet):
    parts = decompose(x, wavelet)
    constant = max(x) == min(x)
    total = math.fsum(c * c for part in parts.values() for c in part)
    out = {}
    for name, part in parts.items():
        energy = math.fsum(c * c for c in part)
        entropy = 0.0
        for c in part:
            if c != 0:
                entropy -= c * c / energy * math.log2(c * c / energy)
        out[f"{name}_relative_energy"] = 0.0 if constant else energy / total
        out[f"{name}_entropy"] = 0.0 if constant else entropy
        out[f"{name}_coefficient_of_variation"] = 0.0 if constant else variation(part)
    return out


def dwt_db4_stats(x, sfreq):
    noise = 512 * EPS * max(abs(v) for v in x)
    out = {}
    for name, part in decompose(x, "db4").items():
        mean = math.fsum(part) / len(part)
        variance = math.fsum((c - mean) ** 2 for c in part) / len(part)
        out[f"{name}_maximum"] = max(part)
        out[f"{name}_minimum"] = min(part)
        out[f"{name}_variance"] = variance
        out[f"{name}_mean"] = mean
        out[f"{name}_std"] = math.sqrt(variance)
        extrema = 0
        for a, b, c in zip(part, part[1:], part[2:], strict=False):
            peak = b - a > noise and b - c > noise
            trough = a - b > noise and c - b > noise
            extrema += peak or trough
        out[f"{name}_extrema"] = extrema
        out[f"{name}_energy"] = math.fsum(c * c for c in part)
    return out


def tf(x, sfreq):
    n = len(x)
    n_fft = max(n, math.ceil(sfreq))
    centred = less_mean(x)
    out = {}
    length = max(1, n // 2)
    weights = [0.54 - 0.46 * math.cos(2 * math.pi * i / length) for i in range(length)]
    if length == 1:
        weights = [1.0]
    starts = range(0, n - length + 1, max(1, length // 2))
    for name, (low, high) in BANDS.items():
        total = 0.0
        for start in starts:
            segment = [w * v for w, v in zip(weights, centred[start:], strict=False)]
            for k in band_bins(low, high, sfreq, n_fft):
                total += 2 * abs(fourier(segment, k / n_fft)) ** 2 / n_fft
        power = total / len(starts) / math.fsum(w * w for w in weights)
        out[f"stft_{name}_energy"] = n * power
    for name in ("delta", "theta", "alpha"):
        total = 0.0
        for k in band_bins(*BANDS[name], sfreq, n_fft):
            analytic = 2 * fourier(centred, k / n_fft)
            total += abs(analytic) ** 2 / (2 * n_fft)
        out[f"wvd_{name}_energy"] = total
    packets = [centred]
    for _ in range(5):
        packets = [half for packet in packets for half in split(packet, "db4")]
    energies = [math.fsum(c * c for c in packet) for packet in packets]
    total = math.fsum(energies)
    shares = [e / total for e in energies if e > 0] if total > 0 else [1 / 32] * 32
    out["frequency_regularity"] = 1 + math.fsum(p * math.log2(p) for p in shares) / 5
    out["lyapunov_exponent"] = _naive.measure("lyapunov_exponent", np.array(x))
    return out


def wigner_ville_energy(x, low, high):
    """Energy of a band, in cycles per sample, by the sum over time and band of the distribution."""
    n = len(x)
    centred = less_mean(x)
    spectrum = [fourier(centred, k / n) for k in range(n)]
    kept = [0.0] + [2.0 if k < n / 2 else 1.0 if 2 * k == n else 0.0 for k in range(1, n)]
    z = [
        sum(kept[k] * spectrum[k] * cmath.exp(2j * math.pi * k * t / n) for k in range(n)) / n
        for t in range(n)
    ]
    total = 0.0
    for t in range(n):
        for k in range(n):
            if low <= k / n < high:
                w = 0.0
                for lag in range(-n, n):
                    if 0 <= t + lag < n and 0 <= t - lag < n:
                        turn = cmath.exp(-4j * math.pi * k * lag / n)
                        w += (z[t + lag] * z[t - lag].conjugate() * turn).real
                total += w
    return total / n


def mfcc(x, sfreq):
    n = len(x)
    n_fft = 1
    while n_fft < n or n_fft < 8 * sfreq:
        n_fft *= 2
    centred = less_mean(x)
    weights = [0.54 - 0.46 * math.cos(2 * math.pi * i / max(1, n - 1)) for i in range(n)]
    frame = np.array([w * v for w, v in zip(weights, centred, strict=True)])
    power = []
    for k in range(n_fft // 2 + 1):
        turn = 2 * math.pi * k / n_fft * np.arange(n)
        power.append(np.dot(frame, np.cos(turn)) ** 2 + np.dot(frame, np.sin(turn)) ** 2)
    out = {}
    for low, high in MFCC_BANDS:
        logs = []
        mel = [1127 * math.log(1 + f / 700) for f in (low, high)]
        for j in range(1, 13):
            left, peak, right = (
                700 * (math.exp((mel[0] + (mel[1] - mel[0]) * i / 13) / 1127) - 1)
                for i in (j - 1, j, j + 1)
            )
            energy = 0.0
            for k, p in enumerate(power):
                f = k * sfreq / n_fft
                if left < f <= peak:
                    energy += p * (f - left) / (peak - left)
                elif peak < f < right:
                    energy += p * (right - f) / (right - peak)
            logs.append(math.log(max(energy, 1e-12 * max(power))) if max(power) > 0 else 0.0)
        for i in range(1, 7):
            out[f"{low:g}-{high:g}Hz_c{i}"] = math.sqrt(2 / 12) * math.fsum(
                log * math.cos(math.pi * i / 12 * (j - 0.5)) for j, log in enumerate(logs, start=1)
            )
    return out


def delta(frames):
    """Regression over two frames on either side, the first and last frame repeated."""
    last = len(frames) - 1
    out = []
    for t in range(len(frames)):
        one = frames[min(t + 1, last)] - frames[max(t - 1, 0)]
        two = frames[min(t + 2, last)] - frames[max(t - 2, 0)]
        out.append((one + 2 * two) / 10)
    return out


# ---------------------------------------------------------------------------- pieces


def sign(v):
    return (v > 0) - (v < 0)


def over(a, b):
    return a / b if b != 0 else 0.0


def less_mean(x):
    mean = math.fsum(x) / len(x)
    return [0.0 if max(x) == min(x) else v - mean for v in x]


def variation(x):
    mean = math.fsum(x) / len(x)
    square = math.fsum(v * v for v in x) / len(x)
    if max(x) == min(x):
        return 0.0
    spread = math.sqrt(math.fsum((v - mean) ** 2 for v in x) / len(x))
    return spread / (abs(mean) + 1e-6 * math.sqrt(square))


def fourier(x, cycles):
    """Fourier sum of x at a frequency in cycles per sample."""
    turn = 2 * math.pi * cycles
    real = math.fsum(v * math.cos(turn * t) for t, v in enumerate(x))
    imag = math.fsum(v * math.sin(turn * t) for t, v in enumerate(x))
    return complex(real, -imag)


def band_bins(low, high, sfreq, n_fft):
    return [k for k in range(n_fft // 2) if low - 1e-9 <= k * sfreq / n_fft < high - 1e-9]


def split(x, wavelet):
    """One level of the wavelet transform, the signal mirrored at its ends: (A, D)."""
    n = len(x)
    halves = []
    for filter_ in (pywt.Wavelet(wavelet).dec_lo, pywt.Wavelet(wavelet).dec_hi):
        half = []
        for k in range((n + len(filter_) - 1) // 2):
            terms = []
            for j, weight in enumerate(filter_):
                i = (2 * k + 1 - j) % (2 * n)
                terms.append(weight * x[i if i < n else 2 * n - 1 - i])
            half.append(math.fsum(terms))
        halves.append(half)
    return halves


def decompose(x, wavelet):
    """A1..A5, D1..D5, with what is within rounding error of zero set to it."""
    noise = 512 * EPS * max(abs(v) for v in x)
    parts, approximation = {}, x
    for level in range(1, 6):
        approximation, details = split(approximation, wavelet)
        parts[f"A{level}"], parts[f"D{level}"] = approximation, details
    order = [f"{letter}{level}" for letter in "AD" for level in range(1, 6)]
    return {name: [0.0 if abs(c) <= noise else c for c in parts[name]] for name in order}
