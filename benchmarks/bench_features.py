"""Speed of the measures and transformers against the best peer, same input, same run.

Run ``python benchmarks/bench_features.py``; it prints the tables and writes ``bench_features.json``
beside itself. ``--only hjorth,band_powers,threads`` measures some rows again. Peers that
are not installed are named as missing. Under one thread, times are CPU times, the least of some
repeats, ours and the peers' by turns. Peers that take a whole batch get it; the others are called
window by window, from Python, as they would be. mne-features documents its functions for one window
of several channels; called so, they are "by window", and "batch" is the trick of passing windows as
channels. Each peer in each form has a line of its own, the fastest first. On all cores our
functions run in threads and the best peer in processes.
"""

import argparse
import json
import os
import platform
import subprocess
import sys
import tempfile
import time
import tracemalloc
import warnings
from functools import partial
from importlib import import_module
from importlib.metadata import version
from pathlib import Path

import numpy as np
from joblib import Parallel, delayed
from threadpoolctl import threadpool_limits

from skseizure import features
from skseizure.measures._bands import band_power, dwt_energies
from skseizure.measures._batch import Batch
from skseizure.measures._cepstrum import mel_points
from skseizure.signals import Windows

SFREQ = 256.0
EDGES = np.array([0.5, 4.0, 8.0, 13.0, 30.0])  # of four bands, in Hz
REPEATS = 5
SECONDS = 0.15  # of one run of a slow peer: it gets fewer windows
SAMPLES = 2**22  # of the input: 32 MiB, which no cache holds, as no corpus fits into one
PEERS = {
    "antropy": "antropy",
    "mne_features.univariate": "mne-features",
    "neurokit2": "neurokit2",
    "pywt": "PyWavelets",
    "librosa": "librosa",
}
# Ratio to the best peer on one thread that is aimed at, windows of 1,000 samples. That of band
# powers is meant of mne-features as it comes: its default method, Welch's, called for each window.
TARGETS = {
    "sample entropy": 15,
    "approximate entropy": 30,
    "Lyapunov exponent": 15,
    "DFA": 15,
    "permutation entropy": 40,
    "SVD entropy": 2.5,
    "Hjorth and line length": 20,
    "band powers": 50,
    "DWT energies": 1.3,
    "Higuchi": 1,
}

TARGET_PEER = {"band powers": "mne-features welch by window"}
# Seconds of signal in 18 channels: 32 to 65 batches of windows, so that threads do not wait for the
# last, and 11 for the slow one.
LASTING = {
    "BandFeatures": 600,
    "FrameFeatures": 3600,
    "WaveletPacketFeatures": 3600,
    "STFTFeatures": 14400,
}


def load_peers():
    modules, missing = {}, []
    for name, package in PEERS.items():
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            try:
                modules[name.split(".")[0]] = import_module(name)
            except ImportError:
                missing.append(package)
    return modules, missing


def each(function, x):
    """Call a function of one window on every window."""
    return [function(row) for row in x]


def our_hjorth_and_line_length(x):
    batch = Batch(x)
    return (
        features.hjorth_mobility(batch),
        features.hjorth_complexity(batch),
        features.line_length(batch),
    )


def our_band_powers(x):
    return band_power(x, SFREQ, EDGES[:-1], EDGES[1:])


def our_cepstrum(x):
    batch = Batch(x)
    return [features.mel_cepstrum(batch, sfreq=SFREQ, coefficient=i) for i in range(1, 7)]


def numpy_line_length(x):
    return np.abs(np.diff(x, axis=1)).mean(axis=1)


one_by_one_length = partial(each, lambda row: np.abs(np.diff(row)).mean())


def wavelet_energies(dtype, x):
    import pywt

    levels = pywt.wavedec(x.astype(dtype, copy=False), "db4", level=5, axis=1)
    return [np.einsum("ij,ij->i", level, level) for level in levels]


def wavelet_energies_of_one(dtype, row):
    return wavelet_energies(dtype, row[np.newaxis])


def together(*functions):
    return partial(_all_of, functions)


def _all_of(functions, x):
    return [function(x) for function in functions]


def list_cases(modules):
    """Name, our function, and each peer's function of a batch by its label."""
    ant, mne, nk = (modules.get(m) for m in ("antropy", "mne_features", "neurokit2"))

    def one(module, name, **parameters):
        return partial(each, partial(getattr(module, name), **parameters)) if module else None

    def batch(module, name, *before, **parameters):
        return partial(getattr(module, name), *before, **parameters) if module else None

    hjorth = {
        "antropy by window": ant and together(partial(each, ant.hjorth_params), one_by_one_length),
        "antropy, batch": ant and together(partial(ant.hjorth_params, axis=1), numpy_line_length),
        "mne-features, batch": mne
        and together(
            mne.compute_hjorth_mobility, mne.compute_hjorth_complexity, mne.compute_line_length
        ),
    }
    bands = {
        f"mne-features {method} {how}": mne
        and (partial(each, partial(_one_row, f)) if how == "by window" else f)
        for method in ("welch", "fft")
        for how in ("batch", "by window")
        for f in [batch(mne, "compute_pow_freq_bands", SFREQ, freq_bands=EDGES, psd_method=method)]
    }
    return [
        (
            "sample entropy",
            features.sample_entropy,
            {
                "antropy": one(ant, "sample_entropy"),
                "mne-features": batch(mne, "compute_samp_entropy"),
                "neurokit2": one(nk, "entropy_sample", dimension=2),
            },
        ),
        (
            "approximate entropy",
            features.approximate_entropy,
            {
                "antropy": one(ant, "app_entropy"),
                "mne-features": batch(mne, "compute_app_entropy"),
                "neurokit2": one(nk, "entropy_approximate", dimension=2),
            },
        ),
        (
            "Lyapunov exponent",
            features.lyapunov_exponent,
            {"neurokit2": one(nk, "complexity_lyapunov", delay=1, dimension=3)},
        ),
        (
            "DFA",
            features.dfa_exponent,
            {
                "antropy": one(ant, "detrended_fluctuation"),
                "neurokit2": one(nk, "fractal_dfa"),
            },
        ),
        (
            "permutation entropy",
            features.permutation_entropy,
            {
                "antropy": one(ant, "perm_entropy", normalize=True),
                "neurokit2": one(nk, "entropy_permutation", dimension=3, delay=1),
            },
        ),
        (
            "SVD entropy",
            features.svd_entropy,
            {
                "antropy": one(ant, "svd_entropy", normalize=True),
                "mne-features": batch(mne, "compute_svd_entropy"),
                "neurokit2": one(nk, "entropy_svd", dimension=3, delay=1),
            },
        ),
        ("Hjorth and line length", our_hjorth_and_line_length, hjorth),
        ("band powers", our_band_powers, bands),
        (
            "DWT energies",
            dwt_energies,
            {
                "PyWavelets, batch": "pywt" in modules and partial(wavelet_energies, np.float64),
                "PyWavelets by window": "pywt" in modules
                and partial(each, partial(wavelet_energies_of_one, np.float64)),
                "PyWavelets float32, batch": "pywt" in modules
                and partial(wavelet_energies, np.float32),
                "mne-features": batch(mne, "compute_wavelet_coef_energy", wavelet_name="db4"),
            },
        ),
        (
            "Higuchi",
            features.higuchi_fd,
            {
                "antropy": one(ant, "higuchi_fd", kmax=10),
                "mne-features": batch(mne, "compute_higuchi_fd", kmax=10),
            },
        ),
        (
            "MFCC",
            our_cepstrum,
            {
                "librosa, batch": "librosa" in modules and partial(librosa_mfcc, modules, None),
                "librosa, batch, padded as ours": "librosa" in modules
                and partial(librosa_mfcc, modules, mel_points),
            },
        ),
        ("fuzzy entropy", features.fuzzy_entropy, {"neurokit2": one(nk, "entropy_fuzzy")}),
    ]


def _one_row(function, row):
    return function(data=row[np.newaxis])


def librosa_mfcc(modules, points, x):
    """Six coefficients, from as many frequencies as samples or from as many as ours."""
    n = x.shape[1]
    n_fft = points(n, SFREQ) if points else n
    before = (n_fft - n) // 2
    return modules["librosa"].feature.mfcc(
        y=np.pad(x, [(0, 0), (before, n_fft - n - before)]),
        sr=SFREQ,
        n_mfcc=6,
        n_mels=12,
        n_fft=n_fft,
        win_length=n,
        hop_length=n_fft + 1,
        center=False,
        window="hamming",
    )


def make_windows(n_times):
    rng = np.random.default_rng(0)
    n = SAMPLES // n_times
    phase = rng.uniform(0, 2 * np.pi, (n, 1))
    rhythm = 40 * np.sin(2 * np.pi * 6 * np.arange(n_times) / SFREQ + phase)
    return rhythm + 20 * rng.standard_normal((n, n_times))


def fitting(function, x):
    """Take as many windows as the function manages in a short time."""
    function(x[:2])
    start = time.perf_counter()
    function(x[:8])
    lasted = time.perf_counter() - start
    return x[: int(np.clip(8 * SECONDS / lasted, 8, len(x)))]


def long_enough(x, seconds_each):
    """Repeat the windows until work outweighs its distribution."""
    return np.tile(x, (int(np.clip(2 * SECONDS / seconds_each / len(x), 1, 32)), 1))


def cost(function, x, clock):
    """Least time of a call a window, of as many calls as begin within a fiftieth of a second."""
    least, end = np.inf, time.perf_counter() + 0.02
    while time.perf_counter() < end or least == np.inf:
        start = clock()
        function(x)
        least = min(least, clock() - start)
    return least / len(x)


def in_threads(function, n_jobs, x):
    parts = np.array_split(x, 4 * n_jobs)
    Parallel(n_jobs=n_jobs, prefer="threads")(delayed(function)(part) for part in parts)


def in_processes(function, n_jobs, x):
    parts = np.array_split(x, 2 * n_jobs)
    # No memory maps: they are read-only, which some peers refuse.
    Parallel(n_jobs=n_jobs, max_nbytes=None)(delayed(function)(part) for part in parts)


def compare(name, ours, peers, x, n_jobs):
    """Microseconds a window of ours and of each peer."""
    peers = {label: function for label, function in peers.items() if function}
    inputs = {label: fitting(function, x) for label, function in peers.items()}
    x = fitting(ours, x)
    best = dict.fromkeys(["ours", *peers], np.inf)
    for _ in range(REPEATS):
        best["ours"] = min(best["ours"], cost(ours, x, time.process_time))
        for label, function in peers.items():
            best[label] = min(best[label], cost(function, inputs[label], time.process_time))
    result = {
        "measure": name,
        "n_times": x.shape[1],
        "us": {k: round(1e6 * v, 3) for k, v in best.items()},
    }
    if peers:
        label = min(peers, key=best.get)
        result.update(best_peer=label, ratio=round(best[label] / best["ours"], 2))
        result["ratios"] = {
            k: round(best[k] / best["ours"], 2) for k in sorted(peers, key=best.get)
        }
        result["n_windows"] = {"ours": len(x), **{k: len(some) for k, some in inputs.items()}}
        many, clock = {"ours": np.inf, label: np.inf}, time.perf_counter
        for _ in range(3):
            mine, theirs = (
                cost(partial(spread, function, n_jobs), long_enough(some, time_each), clock)
                for spread, function, some, time_each in (
                    (in_threads, ours, x, best["ours"]),
                    (in_processes, peers[label], inputs[label], best[label]),
                )
            )
            many = {"ours": min(many["ours"], mine), label: min(many[label], theirs)}
        result["us_all_cores"] = {k: round(1e6 * v, 3) for k, v in many.items()}
        result["ratio_all_cores"] = round(many[label] / many["ours"], 2)
    return result


def run_transformer(name, n_jobs, n_channels=18):
    """Channel-windows a second, on one thread and on all cores, and memory beside the input."""
    n_seconds = LASTING[name]
    signal = np.random.default_rng(0).standard_normal((n_channels, n_seconds * int(SFREQ)))
    signal = (20 * signal).cumsum(axis=1)
    X = Windows.from_array(signal - signal.mean(axis=1, keepdims=True), SFREQ, window=1)
    amount = n_seconds * n_channels
    tables, least = {}, {}
    for _ in range(3):
        for jobs in {1, 2, n_jobs}:
            model = getattr(features, name)(n_jobs=jobs).fit(X)
            start = time.perf_counter()
            tables[jobs] = model.transform(X)
            least[jobs] = min(least.get(jobs, np.inf), time.perf_counter() - start)
    for table in tables.values():
        assert np.array_equal(table, tables[1])
    tracemalloc.start()
    getattr(features, name)().fit_transform(X)
    peak = tracemalloc.get_traced_memory()[1] / 2**20
    tracemalloc.stop()
    return {
        "transformer": name,
        "seconds_of_signal": n_seconds,
        "n_features": tables[1].shape[1] // n_channels,
        "us_per_channel_window": round(1e6 * least[1] / amount, 2),
        "channel_windows_per_s": round(amount / least[1]),
        "times_real_time": round(n_seconds / least[1], 1),
        "times_real_time_all_cores": round(n_seconds / least[n_jobs], 1),
        "two_threads_over_one": round(least[1] / least[2], 2),
        "same_bits": True,
        "peak_MB": round(peak, 1),
    }


def time_first_calls(name):
    """Seconds that a transformer takes in a new process, without and with compiled code on disk."""
    code = (
        f"import time, numpy as np; from skseizure.features import {name};"
        "start = time.perf_counter(); x = np.random.default_rng(0).standard_normal((2, 256));"
        f"{name}(sfreq=256).fit_transform(x); print(time.perf_counter() - start)"
    )
    with tempfile.TemporaryDirectory() as folder:
        environment = {**os.environ, "NUMBA_CACHE_DIR": folder}
        compiling, cached = (
            round(float(subprocess.check_output([sys.executable, "-c", code], env=environment)), 2)
            for _ in range(2)
        )
    return {"transformer": name, "compiling": compiling, "from_cache": cached}


def print_row(row):
    """One line a peer; the target stands beside the peer that it is meant of."""
    us = row["us"]
    of = TARGET_PEER.get(row["measure"], row.get("best_peer"))
    print(f"{row['measure']:24}{row['n_times']:6}{us['ours']:10.3f}", end="")
    for i, (peer, ratio) in enumerate(row.get("ratios", {}).items()):
        target = f"{row['target']:g}" if peer == of and "target" in row else ""
        cores = f"{row['ratio_all_cores']:.1f}" if peer == row["best_peer"] else ""
        print(f"{'':{40 * (i > 0)}}{us[peer]:10.2f}{ratio:8.1f}{target:>8}{cores:>8}  {peer}")
    if "ratios" not in row:
        print("   peers missing")
    sys.stdout.flush()


def run_measures(wanted, modules, n_jobs):
    print(f"{'measure':24}{'N':>6}{'ours us':>10}{'peer us':>10}{'ratio':>8}{'target':>8}", end="")
    print(f"{'cores':>8}  peer")
    rows = []
    with warnings.catch_warnings(), threadpool_limits(1):
        warnings.simplefilter("ignore")
        for n_times in (1000, 256):
            x = make_windows(n_times)
            for name, ours, peers in list_cases(modules):
                if not wanted(name):
                    continue
                row = compare(name, ours, peers, x, n_jobs)
                if n_times == 1000 and name in TARGETS:
                    row["target"] = TARGETS[name]
                rows.append(row)
                print_row(row)
    return rows


def main():
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument(
        "--only",
        type=lambda names: names.lower().split(","),
        help="how the names of measures begin, with _ for spaces, and threads for the transformers",
    )
    only = parser.parse_args().only

    def wanted(name):
        return only is None or name.lower().replace(" ", "_").startswith(tuple(only))

    modules, missing = load_peers()
    n_jobs = os.cpu_count() or 1
    print(f"{n_jobs} cores; missing peers: {', '.join(missing) or 'none'}")
    rows = run_measures(wanted, modules, n_jobs)
    whole = [run_transformer(name, n_jobs) for name in LASTING if wanted("threads")]
    for line in whole:
        print(line)
    path = Path(__file__).with_suffix(".json")
    if only:
        result = json.loads(path.read_text())
        new = {(row["measure"], row["n_times"]): row for row in rows}
        result["measures"] = [
            new.get((row["measure"], row["n_times"]), row) for row in result["measures"]
        ]
        result["transformers"] = whole or result["transformers"]
        path.write_text(json.dumps(result, indent=1) + "\n")
        return
    first = [time_first_calls(name) for name in ("BandFeatures", "FrameFeatures")]
    for line in first:
        print("first call in a new process, seconds:", line)
    packages = ["numpy", "scipy", "numba", "scikit-learn"]
    packages += [p for p in PEERS.values() if p not in missing]
    result = {
        "cores": n_jobs,
        "python": platform.python_version(),
        "versions": {package: version(package) for package in packages},
        "missing_peers": missing,
        "measures": rows,
        "transformers": whole,
        "first_call_s": first,
    }
    path.write_text(json.dumps(result, indent=1) + "\n")


if __name__ == "__main__":
    main()
