"""Speed from the file to the table of features, against what a user would write with peers.

Run ``python benchmarks/bench_detect.py``; it prints a table and writes ``bench_detect.json`` beside
itself. The input is a generated EDF file of 18 channels; each competitor reads it, filters it into
five bands, cuts it into windows of 4 s every 2 s and computes the twelve measures of the recipe
``"trees"``. Peers: ``mne.io.read_raw_edf``, ``scipy.signal.sosfiltfilt`` and antropy, channel by
channel and window by window; and the same reading and filtering with mne-features, which takes all
channels of a window at a time and has no permutation entropy. Those that are not installed are
named as missing. They get the first windows alone, for they take minutes an hour of recording.

All times are CPU times of one thread in this run, the least of some repeats, in milliseconds a
window of a channel. The first call of our own is measured in processes of their own, with numba's
cache and without.
"""

import argparse
import json
import os
import platform
import subprocess
import sys
import tempfile
import time
from importlib import import_module
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path

os.environ.setdefault("OMP_NUM_THREADS", "1")

import numpy as np
from scipy.signal import butter, sosfiltfilt
from scipy.stats import kurtosis, skew
from threadpoolctl import threadpool_limits

from skseizure.datasets import make_recordings
from skseizure.features import BandFeatures
from skseizure.features._band_features import BANDS
from skseizure.models._recipes import MEASURES
from skseizure.signals import Windows, read_edf
from skseizure.signals._filters import butterworth_bandpasses

SFREQ, WINDOW, STEP, N_CHANNELS = 256, 4, 2, 18
REPEATS = 3
FIRST_CALL = """
import time; start = time.process_time()
import numpy as np
from skseizure.features import BandFeatures
from skseizure.models._recipes import MEASURES
from skseizure.signals import Windows
X = Windows.from_array(np.random.default_rng(0).normal(size=(18, 5120)), 256, window=4, step=2)
BandFeatures(list(MEASURES)).fit_transform(X)
print(time.process_time() - start)
"""


def write_edf(path, seconds):
    import edfio

    recordings, _ = make_recordings(
        1, 1, seconds, n_channels=N_CHANNELS, sfreq=SFREQ, random_state=0
    )
    data = np.clip(recordings[0].data, -3000, 3000)
    options = {"physical_dimension": "uV", "physical_range": (-3277, 3277)}
    edfio.Edf(
        [
            edfio.EdfSignal(row.astype(float), SFREQ, label=f"C{i}", **options)
            for i, row in enumerate(data)
        ]
    ).write(path)


def ours(path, **options):
    X = Windows.from_edf(path, window=WINDOW, step=STEP, lazy=True)
    table = BandFeatures(list(MEASURES), **options).fit_transform(X)
    return table, len(X)


def filtered_by_scipy(path):
    import mne

    raw = mne.io.read_raw_edf(path, preload=True, verbose="ERROR")
    x = raw.get_data() * 1e6
    for band in BANDS.values():
        sos = butter(6, band, "bandpass", fs=SFREQ, output="sos")
        yield sosfiltfilt(sos, x, axis=-1)


def windows_of(x, n_windows):
    for i in range(n_windows):
        yield np.ascontiguousarray(x[:, i * STEP * SFREQ : (i * STEP + WINDOW) * SFREQ])


def by_antropy(window):
    ant = import_module("antropy")
    rows = []
    for x in window:
        mobility, complexity = ant.hjorth_params(x)
        rows.append(
            [
                np.std(x),
                np.abs(np.diff(x)).mean(),
                np.mean(x[1:-1] ** 2 - x[2:] * x[:-2]),
                skew(x),
                kurtosis(x),
                mobility,
                complexity,
                ant.higuchi_fd(x),
                ant.spectral_entropy(x, SFREQ, method="fft", normalize=True),
                ant.perm_entropy(x, normalize=True),
                ant.svd_entropy(x, normalize=True),
                ant.sample_entropy(x),
            ]
        )
    return rows


def by_mne_features(window):
    peer = import_module("mne_features.univariate")
    return [
        peer.compute_std(window),
        peer.compute_line_length(window),
        peer.compute_teager_kaiser_energy(window),
        peer.compute_skewness(window),
        peer.compute_kurtosis(window),
        peer.compute_hjorth_mobility(window),
        peer.compute_hjorth_complexity(window),
        peer.compute_higuchi_fd(window),
        peer.compute_spect_entropy(SFREQ, window, psd_method="fft"),
        peer.compute_svd_entropy(window),
        peer.compute_samp_entropy(window),
    ]


def cpu(function):
    start = time.process_time()
    result = function()
    return time.process_time() - start, result


def least(function, repeats=REPEATS):
    return min(cpu(function)[0] for _ in range(repeats))


def peer_time(path, measure, n_windows, n_all):
    """Seconds a window of a channel: filtering all, and measuring some windows."""

    def features():
        spent = 0.0
        for x in filtered_by_scipy(path):
            spent += cpu(lambda x=x: [measure(part) for part in windows_of(x, n_windows)])[0]
        return spent

    whole, spent = min(cpu(features) for _ in range(2))
    return ((whole - spent) / n_all + spent / n_windows) / N_CHANNELS


def first_call(cache):
    environment = {**os.environ, "NUMBA_CACHE_DIR": cache}
    done = subprocess.run(
        [sys.executable, "-c", FIRST_CALL], env=environment, capture_output=True, text=True
    )
    return float(done.stdout.split()[-1])


def installed(name):
    try:
        return version(name)
    except PackageNotFoundError:
        return None


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--seconds", type=float, default=600, help="length of the recording")
    parser.add_argument("--windows", type=int, default=6, help="windows that peers get")
    options = parser.parse_args()
    found = {
        "what": f"{N_CHANNELS} channels at {SFREQ} Hz, windows of {WINDOW} s every {STEP} s, "
        f"{len(MEASURES)} measures in {len(BANDS)} bands; CPU ms a window of a channel",
        "seconds": options.seconds,
        "python": platform.python_version(),
        "cpu": platform.processor() or platform.machine(),
        "versions": {
            name: installed(name)
            for name in ("numpy", "scipy", "numba", "mne", "antropy", "mne-features")
        },
    }
    with tempfile.TemporaryDirectory() as folder, threadpool_limits(1):
        path = Path(folder) / "night.edf"
        write_edf(path, options.seconds)
        _, n_windows = ours(path)  # compiles
        n = n_windows * N_CHANNELS
        times = {
            "skseizure": least(lambda: ours(path)) / n,
            "skseizure, decimate=True": least(lambda: ours(path, decimate=True)) / n,
        }
        for name, package, measure in (
            ("MNE, scipy, antropy", "antropy", by_antropy),
            ("MNE, scipy, mne-features (11 measures)", "mne_features", by_mne_features),
        ):
            try:
                import_module(package)
            except ImportError:
                times[name] = None
                continue
            measure(np.random.default_rng(0).normal(size=(2, WINDOW * SFREQ)))  # compiles
            times[name] = peer_time(path, measure, options.windows, n_windows)
        found["ms"] = {k: None if v is None else round(v * 1e3, 4) for k, v in times.items()}
        x = read_edf(path).data.astype(np.float64)
        designs = [butter(6, b, "bandpass", fs=SFREQ, output="sos") for b in BANDS.values()]
        found["filters"] = {
            "scipy.signal.sosfiltfilt": least(
                lambda: [sosfiltfilt(sos, x, axis=-1) for sos in designs]
            ),
            "skseizure": least(
                lambda: [y[0, 0] for y in butterworth_bandpasses(x, SFREQ, list(BANDS.values()))]
            ),
        }
        found["filters"] = {
            name: round(spent / x.size * 1e9, 1) for name, spent in found["filters"].items()
        }
        found["filters"]["unit"] = "ns a sample, five bands"
        cache = str(Path(folder) / "cache")
        found["first call, seconds"] = {
            "without numba's cache": round(first_call(cache), 2),
            "with it": round(min(first_call(cache) for _ in range(2)), 2),
        }
    print(json.dumps(found, indent=2))
    Path(__file__).with_suffix(".json").write_text(json.dumps(found, indent=2) + "\n")


if __name__ == "__main__":
    main()
