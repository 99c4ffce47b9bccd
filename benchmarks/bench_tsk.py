"""Speed, memory and accuracy of the fuzzy classifiers against their peers, and a check on Bonn.

    python benchmarks/bench_tsk.py                     # speed, scaling; peers where installed
    python benchmarks/bench_tsk.py --bonn PATH_TO_BONN # also transfer between sets of Bonn

Times are CPU seconds of one thread (set OMP_NUM_THREADS=1); ratios travel between machines, seconds
do not. Results go to ``bench_tsk.json`` beside this script; a run of one part (``--only``) keeps
the figures of the others. Peers: ``pip install highfis scikit-pytsk``. What is missing or fails is
reported as such. The whole protocol of the paper is in ``paper_sda_ssl_tsk.py``.
"""

from __future__ import annotations

import argparse
import importlib.metadata
import json
import multiprocessing
import os
import resource
import time
import warnings
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
from sklearn.base import BaseEstimator
from sklearn.datasets import make_classification
from sklearn.linear_model import RidgeClassifier
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import FunctionTransformer, StandardScaler
from sklearn.svm import SVC

from skseizure.datasets import load_bonn
from skseizure.features import WaveletPacketFeatures
from skseizure.fuzzy import SDASSLTSKClassifier, TSKClassifier

N_TRAIN, N_TEST, D = 5_000, 2_000, 30
SIZES = [10_000, 20_000, 50_000, 100_000, 200_000]
SEEDS = [0, 1, 2]
SEPARATIONS = [1.0, 1.5]  # scikit-learn's default, and clusters that overlap less


# ---------------------------------------------------------------------------- peers


def highfis(n_rules: int, epochs: int) -> Any:
    from highfis import HTSKClassifier

    return HTSKClassifier(n_mfs=n_rules, epochs=epochs, random_state=0)


class PyTSK(BaseEstimator):
    """The high-dimensional TSK system of scikit-pytsk, trained by AdamW as in its examples."""

    def __init__(self, n_rules: int, epochs: int) -> None:
        self.n_rules = n_rules
        self.epochs = epochs

    def fit(self, X, y):
        """Train."""
        import torch
        from pytsk.gradient_descent import TSK, AntecedentGMF, Wrapper, antecedent_init_center

        torch.manual_seed(0)
        X = X.astype(np.float32)
        start = antecedent_init_center(X, n_rule=self.n_rules, n_init=2)
        rules = AntecedentGMF(X.shape[1], self.n_rules, high_dim=True, init_center=start)
        network = torch.nn.Sequential(rules, torch.nn.LayerNorm(self.n_rules), torch.nn.ReLU())
        system = TSK(X.shape[1], 2, self.n_rules, antecedent=network, order=1)
        self.wrapper_ = Wrapper(
            system,
            optimizer=torch.optim.AdamW(system.parameters(), lr=0.01),
            criterion=torch.nn.CrossEntropyLoss(),
            epochs=self.epochs,
        )
        self.wrapper_.fit(X, y)
        return self

    def score(self, X, y):
        """Accuracy."""
        return float(np.mean(self.wrapper_.predict(X.astype(np.float32)).argmax(axis=1) == y))


def pytsk_ridge(n_rules: int, factor: float) -> Any:
    from pytsk.cluster import FuzzyCMeans

    shrink = FunctionTransformer(lambda X: factor * X)
    return make_pipeline(shrink, FuzzyCMeans(n_rules), RidgeClassifier())


# Name -> (package, classifier of so many rules, whether it is one of the two that the bars name).
PEERS: dict[str, tuple[str, Callable[[int], Any], bool]] = {
    "highfis HTSK, 100 epochs (default)": ("highfis", lambda r: highfis(r, 100), True),
    "highfis HTSK, 20 epochs": ("highfis", lambda r: highfis(r, 20), False),
    "scikit-pytsk HTSK in torch, 20 epochs": ("scikit-pytsk", lambda r: PyTSK(r, 20), True),
    "scikit-pytsk fuzzy c-means + ridge": ("scikit-pytsk", lambda r: pytsk_ridge(r, 1.0), False),
    "the same on a tenth of X": ("scikit-pytsk", lambda r: pytsk_ridge(r, 0.1), False),
}

OURS = {
    "TSKClassifier()": lambda r: TSKClassifier(r, random_state=0),
    "TSKClassifier(width_scale=3)": lambda r: TSKClassifier(r, width_scale=3.0, random_state=0),
    "TSKClassifier(width_scale=1)": lambda r: TSKClassifier(r, width_scale=1.0, random_state=0),
    "SDASSLTSKClassifier(), half of y is -1": lambda r: SDASSLTSKClassifier(r, random_state=0),
}

REFERENCES = {"RidgeClassifier()": RidgeClassifier, "SVC()": SVC}


# ---------------------------------------------------------------------------- speed


def make_table(
    separation: float, seed: int
) -> tuple[np.ndarray, np.ndarray, np.ndarray, np.ndarray]:
    """Two classes of four clusters each in 10 of 30 columns, scaled."""
    X, y = make_classification(
        N_TRAIN + N_TEST,
        D,
        n_informative=10,
        n_clusters_per_class=4,
        class_sep=separation,
        random_state=seed,
    )
    X = StandardScaler().fit(X[:N_TRAIN]).transform(X)
    return X[:N_TRAIN], y[:N_TRAIN], X[N_TRAIN:], y[N_TRAIN:]


def fit_seconds(model: Any, X: np.ndarray, y: np.ndarray, repeats: int) -> float:
    """Return the shortest CPU time of several fits."""
    times = []
    for _ in range(repeats):
        start = time.process_time()
        model.fit(X, y)
        times.append(time.process_time() - start)
    return min(times)


def measure(
    make: Callable[[], Any], separation: float, repeats: int, half: bool = False
) -> dict[str, float]:
    """Return CPU seconds (least of the repeats, mean of the tables) and accuracy."""
    seconds, accuracy = [], []
    for seed in SEEDS:
        X, y, X_test, y_test = make_table(separation, seed)
        labels = np.where(np.arange(N_TRAIN) < N_TRAIN // 2, y, -1) if half else y
        model = make()
        seconds.append(fit_seconds(model, X, labels, repeats))
        accuracy.append(model.score(X_test, y_test))
    return {"cpu_s": float(np.mean(seconds)), "accuracy": float(np.mean(accuracy))}


def bench_speed(separation: float, skip_peers: bool) -> dict[str, Any]:
    """Time ours with 10 and 30 rules and the peers with 10 on the same three tables."""
    out: dict[str, Any] = {"n": N_TRAIN, "d": D, "tables": len(SEEDS), "class_sep": separation}
    print(
        f"n = {N_TRAIN}, d = {D}, class_sep = {separation}, mean of {len(SEEDS)} tables; accuracy "
        f"on {N_TEST} other rows"
    )
    TSKClassifier(2).fit(*make_table(separation, 0)[:2])  # imports
    for name, reference in REFERENCES.items():
        out[name] = measure(reference, separation, 1)
        print(f"  {name:50} {out[name]}")
    for r in (10, 30):
        for name, make in OURS.items():
            key = f"{name}, {r} rules"
            half = "-1" in name
            out[key] = measure(
                lambda make=make, r=r: make(r), separation, 3 if r == 10 else 1, half
            )
            print(f"  {key:50} {out[key]}")
        for name, (package, make, _) in PEERS.items() if r == 10 and not skip_peers else ():
            key = f"{name}, {r} rules"
            try:
                version = importlib.metadata.version(package)
                row = measure(lambda make=make, r=r: make(r), separation, 1)
                out[key] = {"version": version, **row}
            except Exception as error:
                out[key] = {"failed": f"{type(error).__name__}: {error}"}
            print(f"  {key:50} {out[key]}", flush=True)
    out["bars"] = speed_bars(out)
    for name, bar in out["bars"].items():
        print(f"  {name}: {bar}")
    return out


def speed_bars(rows: dict[str, Any]) -> dict[str, Any]:
    """Compare with the peers at 10 rules: at least 5 times as fast, at most 2 points below."""
    bars: dict[str, Any] = {}
    for name, (_, _, named) in PEERS.items():
        peer = rows.get(f"{name}, 10 rules", {})
        if not named or "cpu_s" not in peer:
            continue
        for own in list(OURS)[:3]:
            ours = rows[f"{own}, 10 rules"]
            ratio, points = peer["cpu_s"] / ours["cpu_s"], ours["accuracy"] - peer["accuracy"]
            bars[f"{own} against {name}"] = {
                "times as fast": ratio,
                ">= 5": ratio >= 5,
                "points above": 100 * points,
                ">= -2": points >= -0.02,
            }
    return bars


# ---------------------------------------------------------------------------- scaling


def make_large(n: int) -> tuple[np.ndarray, np.ndarray]:
    """Eight clusters of two classes, made in place, so that the peak of memory is the fit's."""
    rng = np.random.default_rng(0)
    X = rng.standard_normal((n, D))
    corners = rng.choice([-1.5, 1.5], size=(8, 10))
    cluster = rng.integers(8, size=n)
    for start in range(0, n, 1000):
        rows = slice(start, start + 1000)
        X[rows, :10] = (X[rows, :10] + corners[cluster[rows]]) / np.sqrt(1 + 1.5**2)
    return X, cluster % 2


MODELS = {
    "TSKClassifier()": lambda: TSKClassifier(random_state=0),
    "SDASSLTSKClassifier(), 5 rounds": lambda: SDASSLTSKClassifier(
        max_iter=5, tol=0, random_state=0
    ),
    "SDASSLTSKClassifier()": lambda: SDASSLTSKClassifier(random_state=0),
}


def one_fit(task: tuple[str, int]) -> dict[str, float]:
    """Fit once in a fresh process, so that its peak of memory is its own."""
    name, n = task
    warnings.simplefilter("ignore")
    X, labels = make_large(n)
    TSKClassifier(2).fit(X[:2000], labels[:2000])  # imports
    if name.startswith("SDA"):
        labels[n // 2 :] = -1
    model = MODELS[name]()
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    start = time.process_time()
    model.fit(X, labels)
    seconds = time.process_time() - start
    peak = (resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before) / 1024
    rounds = getattr(model, "n_iter_", 0)
    return {"cpu_s": seconds, "peak_MB_above_data": peak, "rounds": rounds}


def bench_scaling() -> dict[str, Any]:
    """Fit 10 rules on 1e4 to 2e5 rows, each in a process of its own; the lesser of two times."""
    out: dict[str, Any] = {"d": D, "n_rules": 10}
    print(f"scaling, d = {D}, 10 rules")
    with multiprocessing.get_context("spawn").Pool(1, maxtasksperchild=1) as pool:
        for name in MODELS:
            for n in SIZES:
                runs = pool.map(one_fit, [(name, n)] * 2, chunksize=1)
                out[f"{name}, n={n}"] = {
                    "cpu_s": min(run["cpu_s"] for run in runs),
                    "peak_MB_above_data": max(run["peak_MB_above_data"] for run in runs),
                    "rounds": runs[0]["rounds"],
                }
                print(f"  {name:34} n={n:<7} {out[f'{name}, n={n}']}")
    bars: dict[str, Any] = {}
    for name in MODELS:
        small, large = (out[f"{name}, n={n}"] for n in (SIZES[0], SIZES[-1]))
        bars[name] = {
            "time of 20 times the rows": large["cpu_s"] / small["cpu_s"],
            "<= 25": large["cpu_s"] / small["cpu_s"] <= 25,
            "memory < 300 MB": large["peak_MB_above_data"] < 300,
        }
    out["bars"] = bars
    print("  bars:", bars)
    return out


# ---------------------------------------------------------------------------- Bonn

LETTERS = {"A": "Z", "B": "O", "C": "N", "D": "F", "E": "S"}
TASKS = ["AE-BE", "AE-CE", "AE-DE", "BE-DE", "AC-BD", "AC-BE", "AD-BC", "AD-BE"]


def bench_bonn(path: Path, splits: int = 5) -> dict[str, Any]:
    """Transductive accuracy where source and target are other sets, wavelet packet energies."""
    windows, sets = load_bonn(path, target="set")
    table = WaveletPacketFeatures().fit_transform(windows)
    truth = np.repeat([0, 1], 50)
    out: dict[str, Any] = {}
    for task in TASKS:
        rows = []
        for seed in range(splits):
            rng = np.random.default_rng(seed)
            halves = {
                letter: rng.permutation(np.flatnonzero(sets == LETTERS[letter])).reshape(2, 50)
                for letter in LETTERS
            }
            order = [halves[c][side] for side, pair in enumerate(task.split("-")) for c in pair]
            X = StandardScaler().fit_transform(table[np.concatenate(order)])
            known, target = X[:100], X[100:]
            full = SDASSLTSKClassifier(random_state=seed)
            full.fit(X, np.concatenate([truth, np.full(100, -1)]))
            rows.append(
                [
                    SVC(C=10).fit(known, truth).score(target, truth),
                    TSKClassifier(random_state=seed).fit(known, truth).score(target, truth),
                    float(np.mean(full.transduction_[100:] == truth)),
                ]
            )
        svc, source, found = np.mean(rows, axis=0)
        out[task] = {"SVC": svc, "TSK": source, "SDA-SSL-TSK": found}
        print(f"  {task} SVC {svc:.3f}  TSK {source:.3f}  SDA-SSL-TSK {found:.3f}")
    mean = {key: float(np.mean([out[t][key] for t in TASKS])) for key in out[TASKS[0]]}
    out["mean"] = mean
    out["bars"] = {
        "SDA-SSL-TSK >= 0.955": mean["SDA-SSL-TSK"] >= 0.955,
        "SDA-SSL-TSK >= SVC + 0.05": mean["SDA-SSL-TSK"] >= mean["SVC"] + 0.05,
    }
    print("  mean:", mean, out["bars"])
    return out


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    default = os.environ.get("SKSEIZURE_DATA")
    parser.add_argument(
        "--bonn",
        type=Path,
        default=Path(default) / "bonn" if default else None,
        help="folder of the Bonn EEG (default: bonn in SKSEIZURE_DATA)",
    )
    parser.add_argument("--only", choices=["scaling", "speed", "bonn"], help="one part alone")
    parser.add_argument("--skip-peers", action="store_true", help="no peers but scikit-learn")
    options = parser.parse_args()
    warnings.simplefilter("ignore")
    file = Path(__file__).with_suffix(".json")
    results = json.loads(file.read_text()) if file.is_file() else {}
    if options.only in (None, "scaling"):
        results["scaling"] = bench_scaling()
    if options.only in (None, "speed"):
        results["speed"] = {
            f"class_sep={s}": bench_speed(s, options.skip_peers) for s in SEPARATIONS
        }
    if options.only in (None, "bonn") and options.bonn:
        results["bonn"] = bench_bonn(options.bonn)
    file.write_text(json.dumps(results, indent=1) + "\n")


if __name__ == "__main__":
    main()
