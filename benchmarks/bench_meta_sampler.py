"""The meta-sampler against other ways to meet imbalance: speed, memory, average precision.

    python benchmarks/bench_meta_sampler.py                        # speed, synthetic tasks
    SKSEIZURE_DATA=... python benchmarks/bench_meta_sampler.py all # also the real data there
    ... --imbens PYTHON                                            # also imbalanced-ensemble

Parts (``speed``, ``synthetic``, ``mammography``, ``bonn``, ``chbmit``) can be named; the results of
the others stay in ``bench_meta_sampler.json`` beside this script. SKSEIZURE_DATA is a folder with
``mammography`` (the split of the MESA repository as csv), ``bonn`` and ``chbmit``.

imbalanced-ensemble (SPE and others) pins an old scikit-learn, so it runs in an environment of its
own, ``python -m venv X; X/bin/pip install imbalanced-ensemble==0.2.3``, whose interpreter is given.
Tables and probabilities are exchanged by file.

All ensembles are of decision trees, but EasyEnsemble (AdaBoost) and boosting. Ours need validation
rows. On synthetic tasks and Mammography these are a set of their own that the others do not see, as
in the published figures; on EEG the others get them to train on, since they need none.

Times are CPU times of one thread.
"""

from __future__ import annotations

import argparse
import json
import os
import platform
import subprocess
import tempfile
import time
import tracemalloc
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
from imblearn.ensemble import (
    BalancedBaggingClassifier,
    BalancedRandomForestClassifier,
    EasyEnsembleClassifier,
    RUSBoostClassifier,
)
from joblib import Memory
from sklearn.ensemble import HistGradientBoostingClassifier
from sklearn.metrics import average_precision_score
from sklearn.model_selection import StratifiedGroupKFold
from sklearn.tree import DecisionTreeClassifier
from threadpoolctl import threadpool_limits

from skseizure.datasets import load_bonn, load_chbmit
from skseizure.ensemble import MetaSampler, MetaSamplerClassifier
from skseizure.ensemble._replay import ReplayRing, prior_transitions
from skseizure.ensemble._soft_actor_critic import SoftActorCritic, one_thread
from skseizure.feature_selection import SemiJMISelector
from skseizure.features import BandFeatures

RESULTS = Path(__file__).with_suffix(".json")
DATA = Path(os.environ.get("SKSEIZURE_DATA", "data"))
SIZES = (5, 10, 20)
ACTIONS = (0.0, 0.25, 0.5, 0.75, 0.8, 0.9, 0.95, 1.0)
# Of the published code, patched for torch 2.13, and its tables; on another machine.
REFERENCE = {
    "meta-training of the published code (s)": [47, 68],
    "mammography, published": {"5": 0.515, "10": 0.644, "20": 0.705},
    "mammography, published code": {"5": 0.51, "10": 0.656, "20": 0.699},
    "mammography, random under-sampling": {"5": 0.322, "10": 0.409, "20": 0.474},
    "gaussians, random under-sampling": {"5": 0.552, "10": 0.652, "20": 0.724},
    "checkerboard, published code": {"5": 0.830, "10": 0.859, "20": 0.868},
    "checkerboard, random under-sampling": {"5": 0.755, "10": 0.817, "20": 0.852},
}


class Split(NamedTuple):
    """Rows to fit, for validation and for testing, each a pair of table and labels."""

    train: tuple[np.ndarray, np.ndarray]
    val: tuple[np.ndarray, np.ndarray]
    test: tuple[np.ndarray, np.ndarray]


Score = Callable[[np.ndarray, np.ndarray], float]

# ------------------------------------------------------------------------------------------ tasks


def gaussians(seed: int) -> Split:
    """Draw a wide majority of 6000 and a narrower minority of 150 at its edge."""

    def one(rng: np.random.Generator) -> tuple[np.ndarray, np.ndarray]:
        majority, minority = rng.normal(size=(6000, 6)), 1.25 + 0.7 * rng.normal(size=(150, 6))
        return np.concatenate([majority, minority]), np.repeat([0, 1], [6000, 150])

    return Split(*(one(np.random.default_rng([seed, i])) for i in range(3)))


def checkerboard(seed: int, variance: float = 0.05) -> Split:
    """Draw 5000 rows in the black and 500 in the white cells of four by four."""
    cells = np.array([(i, j) for i in range(4) for j in range(4)], dtype=float)
    black = cells.sum(axis=1) % 2 == 0

    def one(rng: np.random.Generator) -> tuple[np.ndarray, np.ndarray]:
        centres = np.concatenate(
            [c[rng.integers(8, size=n)] for c, n in ((cells[black], 5000), (cells[~black], 500))]
        )
        noise = np.sqrt(variance) * rng.normal(size=centres.shape)
        return centres + noise, np.repeat([0, 1], [5000, 500])

    return Split(*(one(np.random.default_rng([seed, i])) for i in range(3)))


def mammography() -> Split:
    def read(part: str) -> tuple[np.ndarray, np.ndarray]:
        path = DATA / "mammography" / f"Mammo_{part}.csv"
        table = np.loadtxt(path, delimiter=",", skiprows=1)
        return table[:, :-1], table[:, -1].astype(int)

    return Split(read("train"), read("valid"), read("test"))


def thin_out(y: np.ndarray, unit: np.ndarray, ratio: float, rng: np.random.Generator) -> np.ndarray:
    """Keep whole positive units (windows or recordings) at random, down to 1 row to ``ratio``."""
    keep = y == 0
    budget = keep.sum() / ratio
    for name in rng.permutation(np.unique(unit[y == 1])):
        rows = (unit == name) & (y == 1)
        if (keep & (y == 1)).sum() + rows.sum() <= budget:
            keep |= rows
    return keep


def bonn_table(memory: Memory) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Features, labels (set E against the rest) and recordings of windows of 4 s."""
    X, y = load_bonn(DATA / "bonn", window=4.0)
    return BandFeatures(memory=memory).fit_transform(X), y, X.record


class ChannelTable(NamedTuple):
    """One row a channel of a window."""

    X: np.ndarray
    y: np.ndarray
    window: np.ndarray
    patient: np.ndarray


def chbmit_table(memory: Memory) -> ChannelTable:
    """Features of single channels of windows of 4 s, filtered record by record."""
    windows, y = load_chbmit(DATA / "chbmit", window=4.0)
    n_channels = windows.shape[1]
    X = BandFeatures(memory=memory).fit_transform(windows)
    rows = np.arange(len(y)).repeat(n_channels)
    X = X.reshape(len(rows), -1)  # columns run channel by channel
    return ChannelTable(X, y[rows], rows, windows.patient[rows])


def bonn_splits(memory: Memory, seed: int) -> Iterator[Split]:
    """Five folds of recordings at 1:10, six features chosen on the rows to fit."""
    X, y, record = bonn_table(memory)
    keep = thin_out(y, record, 10, np.random.default_rng(seed))
    X, y, record = X[keep], y[keep], record[keep]
    folds = StratifiedGroupKFold(5, shuffle=True, random_state=seed)
    for rest, test in folds.split(X, y, record):
        inner = StratifiedGroupKFold(5, shuffle=True, random_state=seed)
        fit, val = (rest[i] for i in next(inner.split(X[rest], y[rest], record[rest])))
        yield selected(X, y, fit, val, test)


def chbmit_splits(table: ChannelTable, seed: int) -> Iterator[tuple[Split, np.ndarray, str]]:
    """Each patient for testing, whole; of the others one third for validation, at 1:10."""
    keep = thin_out(table.y, table.window, 10, np.random.default_rng(seed))
    for patient in np.unique(table.patient):
        test = np.flatnonzero(table.patient == patient)
        rest = np.flatnonzero((table.patient != patient) & keep)
        inner = StratifiedGroupKFold(3, shuffle=True, random_state=seed)
        parts = inner.split(rest, table.y[rest], table.patient[rest])
        fit, val = (rest[i] for i in next(parts))
        yield selected(table.X, table.y, fit, val, test), table.window[test], str(patient)


def selected(X: np.ndarray, y: np.ndarray, *rows: np.ndarray) -> Split:
    selector = SemiJMISelector("jmi", 6).fit(X[rows[0]], y[rows[0]])
    return Split(*((selector.transform(X[part]), y[part]) for part in rows))


# ---------------------------------------------------------------------------------------- methods


def ours(split: Split, sampler: Any, n: int, seed: int, **params: Any) -> np.ndarray:
    model = MetaSamplerClassifier(n_estimators=n, sampler=sampler, random_state=seed, **params)
    model.fit(*split.train, X_val=split.val[0], y_val=split.val[1])
    return model.predict_proba(split.test[0])[:, 1]


def others(n: int, seed: int) -> dict[str, Any]:
    return {
        "BalancedBagging": BalancedBaggingClassifier(
            DecisionTreeClassifier(), n, random_state=seed
        ),
        "BalancedRandomForest": BalancedRandomForestClassifier(n, random_state=seed),
        "EasyEnsemble": EasyEnsembleClassifier(n, random_state=seed),
        "RUSBoost": RUSBoostClassifier(DecisionTreeClassifier(), n_estimators=n, random_state=seed),
        "boosting, class weights": HistGradientBoostingClassifier(
            class_weight="balanced", random_state=seed
        ),
    }


IMBENS = """
import sys, numpy as np
from imbens.ensemble import (BalanceCascadeClassifier, SelfPacedEnsembleClassifier,
                             UnderBaggingClassifier)
from sklearn.tree import DecisionTreeClassifier
folder, sizes, n_seeds = sys.argv[1], eval(sys.argv[2]), int(sys.argv[3])
data, out = np.load(folder + "/task.npz"), {}
for name, kind in (("SPE", SelfPacedEnsembleClassifier), ("UnderBagging", UnderBaggingClassifier),
                   ("BalanceCascade", BalanceCascadeClassifier)):
    for n in sizes:
        for seed in range(n_seeds):
            model = kind(estimator=DecisionTreeClassifier(), n_estimators=n, random_state=seed)
            model.fit(data["X"], data["y"])
            out[f"imbens {name}|{n}|{seed}"] = model.predict_proba(data["test"])[:, 1]
np.savez(folder + "/proba.npz", **out)
"""


def imbens(
    python: str | None, train: tuple[np.ndarray, np.ndarray], test: np.ndarray, sizes, n_seeds: int
) -> dict[str, np.ndarray]:
    """Return probabilities by ``name|size|seed`` from the other environment."""
    if python is None:
        return {}
    with tempfile.TemporaryDirectory() as folder:
        np.savez(f"{folder}/task.npz", X=train[0], y=train[1], test=test)
        environment = {k: v for k, v in os.environ.items() if k != "PYTHONPATH"}
        command = [python, "-W", "ignore", "-c", IMBENS, folder, repr(tuple(sizes)), str(n_seeds)]
        subprocess.run(command, check=True, env=environment, capture_output=True)
        with np.load(f"{folder}/proba.npz") as file:
            return dict(file)


def compare(
    split: Split,
    score: Score,
    sizes: tuple[int, ...],
    n_seeds: int,
    python: str | None,
    *,
    n_trainings: int,
    others_see_validation: bool,
    meta: dict[str, Any] | None = None,
) -> dict[str, dict[str, float]]:
    """Return the mean score over seeds of every method, by name and size."""
    found: dict[str, dict[str, list[float]]] = {}

    def add(name: str, n: int, proba: np.ndarray) -> None:
        found.setdefault(name, {}).setdefault(str(n), []).append(score(split.test[1], proba))

    samplers = []
    for seed in range(n_trainings):
        sampler = MetaSampler(random_state=seed, **(meta or {}))
        samplers.append(sampler.fit(*split.train, X_val=split.val[0], y_val=split.val[1]))
    train = split.train
    if others_see_validation:
        train = tuple(np.concatenate(parts) for parts in zip(split.train, split.val, strict=True))
    for n in sizes:
        for seed in range(n_seeds):
            add("learned", n, ours(split, samplers[seed % n_trainings], n, seed))
            add("random under-sampling", n, ours(split, "random", n, seed, sigma=np.inf))
            add("random actions", n, ours(split, "random", n, seed))
            for action in ACTIONS:
                add(f"constant {action:g}", n, ours(split, action, n, seed))
            bootstrap = ours(split, samplers[seed % n_trainings], n, seed, bootstrap_minority=True)
            add("learned, bootstrapped minority", n, bootstrap)
            for name, model in others(n, seed).items():
                add(name, n, model.fit(*train).predict_proba(split.test[0])[:, 1])
    for key, proba in imbens(python, train, split.test[0], sizes, n_seeds).items():
        name, n, _ = key.split("|")
        add(name, int(n), proba)
    out = {
        name: {n: float(np.mean(values)) for n, values in row.items()}
        for name, row in found.items()
    }
    last = [s.meta_history_["action"][-90:].mean() for s in samplers]
    out["mean action at the end"] = {"all": float(np.mean(last))}
    return out


def average(results: list[dict[str, dict[str, float]]]) -> dict[str, dict[str, float]]:
    return {
        name: {n: float(np.mean([r[name][n] for r in results])) for n in results[0][name]}
        for name in results[0]
    }


def best_constant(result: dict[str, dict[str, float]], n: str) -> float:
    return max(row[n] for name, row in result.items() if name.startswith("constant"))


def show(title: str, result: dict[str, dict[str, float]]) -> None:
    print(f"\n{title}")
    for name, row in result.items():
        print(f"  {name:32}", "  ".join(f"{n:>3}: {value:.3f}" for n, value in row.items()))


# ------------------------------------------------------------------------------------------ parts


def cpu(function: Callable[[], Any], repeats: int = 3) -> float:
    times = []
    for _ in range(repeats):
        start = time.process_time()
        function()
        times.append(time.process_time() - start)
    return min(times)


def speed() -> dict[str, Any]:
    """Meta-training at the defaults, one update, memory at a million rows."""
    rng = np.random.default_rng(0)
    X = np.concatenate([rng.normal(size=(6550, 6)), 1.25 + 0.7 * rng.normal(size=(160, 6))])
    y = np.repeat([0, 1], [6550, 160])
    X_val, y_val = X[::3] + 0.1 * rng.normal(size=X[::3].shape), y[::3]
    out: dict[str, Any] = {"machine": platform.processor() or platform.machine()}

    def train() -> None:
        MetaSampler(random_state=0).fit(X, y, X_val=X_val, y_val=y_val)

    agent = SoftActorCritic(
        10,
        55,
        alpha=0.1,
        gamma=0.99,
        tau=0.01,
        learning_rate=1e-3,
        learning_rate_decay=0.99,
        seed=0,
    )
    ring = ReplayRing(1000, 10)
    ring.add(prior_transitions(5, 1000, 5.0, rng))

    def updates() -> None:
        for _ in range(200):
            agent.update(ring.batch(64, rng))

    with threadpool_limits(1), one_thread():
        updates()
        out["one update of batch 64 (ms)"] = cpu(updates, 5) / 200 * 1e3
        out["meta-training, 6.7k x 6, trees (s)"] = cpu(train, 2)
        out["ensemble of 10 members, 6.7k x 6 (s)"] = cpu(
            lambda: MetaSamplerClassifier(sampler=1.0, random_state=0).fit(
                X, y, X_val=X_val, y_val=y_val
            )
        )
    out.update(memory_at_a_million_rows())
    out["bars"] = {
        "update <= 3 ms": out["one update of batch 64 (ms)"] <= 3,
        "meta-training <= 30 s": out["meta-training, 6.7k x 6, trees (s)"] <= 30,
        "memory <= 1.2": out["peak memory / data, 1e6 x 20, 10 members"] <= 1.2,
    }
    for name, value in out.items():
        print(f"  {name}: {value}")
    return out


def memory_at_a_million_rows() -> dict[str, float]:
    rng = np.random.default_rng(0)
    X, y = rng.normal(size=(1_000_000, 20)), (np.arange(1_000_000) % 101 == 0).astype(int)
    X[y == 1] += 0.5
    model = MetaSamplerClassifier(sampler=0.9, random_state=0)
    model.fit(X[:2000], y[:2000])
    seconds = cpu(lambda: model.fit(X, y), 1)
    tracemalloc.start()
    model.fit(X, y)
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    return {
        "peak memory / data, 1e6 x 20, 10 members": 1 + peak / (X.nbytes + y.nbytes),
        "bytes beside the data, a row": peak / len(y),
        "fit, 1e6 x 20, 10 members (s)": seconds,
    }


def synthetic(python: str | None) -> dict[str, Any]:
    """Hold the gains on two tasks whose truth is known, and the transfer between them."""
    out: dict[str, Any] = {}
    short = {"start_steps": 200, "update_steps": 300}
    for name, make in (("gaussians", gaussians), ("checkerboard", checkerboard)):
        rows = [
            compare(
                make(seed), average_precision_score, SIZES, 5, python,
                n_trainings=1, others_see_validation=False, meta=short,
            )
            for seed in range(3)
        ]  # fmt: skip
        out[name] = average(rows)
        show(f"{name}, three draws, meta-training of 200 + 300 steps", out[name])
    g, board = out["gaussians"], out["checkerboard"]
    gain = {n: g["learned"][n] - g["random under-sampling"][n] for n in ("5", "10")}
    out["bars"] = {
        "gaussians: gain over random >= .06 at 5": gain["5"] >= 0.06,
        "gaussians: gain over random >= .04 at 10": gain["10"] >= 0.04,
        "gaussians: within .03 of the best constant": all(
            g["learned"][str(n)] >= best_constant(g, str(n)) - 0.03 for n in SIZES
        ),
        "gaussians: mean action >= .75": g["mean action at the end"]["all"] >= 0.75,
        "checkerboard: gain over random >= .03 at 5": board["learned"]["5"]
        - board["random under-sampling"]["5"]
        >= 0.03,
        "transfer": transfer(),
    }
    print("  bars:", out["bars"])
    return out


def transfer() -> dict[str, Any]:
    """Try a sampler of one task on the other, against one of its own, at 10 members."""
    samplers, out = {}, {}
    tasks = {"gaussians": gaussians, "checkerboard": checkerboard}
    for name, make in tasks.items():
        split = make(0)
        sampler = MetaSampler(start_steps=200, update_steps=300, random_state=0)
        samplers[name] = sampler.fit(*split.train, X_val=split.val[0], y_val=split.val[1])
    for name, make in tasks.items():
        split = make(1)
        score = {
            origin: float(
                np.mean(
                    [
                        average_precision_score(split.test[1], ours(split, sampler, 10, seed))
                        for seed in range(5)
                    ]
                )
            )
            for origin, sampler in samplers.items()
        }
        out[f"on {name}"] = score
        out[f"on {name}, within .04"] = min(score.values()) >= score[name] - 0.04
    return out


def on_mammography(python: str | None) -> dict[str, Any]:
    out = compare(
        mammography(), average_precision_score, SIZES, 5, python,
        n_trainings=5, others_see_validation=False,
    )  # fmt: skip
    show("Mammography, five meta-trainings", out)
    learned = out["learned"]
    bars = {
        f"learned >= {least} at {n}": learned[str(n)] >= least
        for n, least in ((5, 0.45), (10, 0.61), (20, 0.67))
    }
    bars["within .03 of the best constant"] = all(
        learned[str(n)] >= best_constant(out, str(n)) - 0.03 for n in SIZES
    )
    print("  bars:", bars)
    return {**out, "bars": bars}


def on_bonn(python: str | None, memory: Memory) -> dict[str, Any]:
    rows = [
        compare(
            split, average_precision_score, (10,), 5, python,
            n_trainings=1, others_see_validation=True,
        )
        for split in bonn_splits(memory, 0)
    ]  # fmt: skip
    out = average(rows)
    show("Bonn, E against the rest at 1:10, folds of recordings", out)
    return out


def on_chbmit(python: str | None, memory: Memory) -> dict[str, Any]:
    """Rows are channels; the mean of a window's channels is scored."""
    out: dict[str, Any] = {}
    for split, window, patient in chbmit_splits(chbmit_table(memory), 0):

        def score(y: np.ndarray, proba: np.ndarray, window: np.ndarray = window) -> float:
            first, where = np.unique(window, return_index=True, return_inverse=True)[1:]
            fused = np.bincount(where, proba) / np.bincount(where)
            return float(average_precision_score(y[first], fused))

        out[patient] = compare(
            split, score, (10,), 5, python, n_trainings=1, others_see_validation=True
        )
        print(f"  {patient} done", flush=True)
    result = average(list(out.values()))
    show("CHB-MIT, each patient in turn, mean average precision of windows", result)
    learned = {patient: rows["learned"]["10"] for patient, rows in out.items()}
    return {**result, "learned by patient": learned}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("parts", nargs="*", default=["speed", "synthetic"])
    parser.add_argument("--imbens", help="interpreter with imbalanced-ensemble")
    parser.add_argument("--cache", help="folder to keep features in")
    given = parser.parse_args()
    memory = Memory(given.cache, verbose=0)
    parts = {
        "speed": speed,
        "synthetic": lambda: synthetic(given.imbens),
        "mammography": lambda: on_mammography(given.imbens),
        "bonn": lambda: on_bonn(given.imbens, memory),
        "chbmit": lambda: on_chbmit(given.imbens, memory),
    }
    wanted = list(parts) if "all" in given.parts else given.parts
    if given.imbens is None:
        print("imbalanced-ensemble (SPE, UnderBagging, BalanceCascade): not run, see --imbens")
    for name in wanted:
        with threadpool_limits(1):
            found = parts[name]()
        # Read only now: another run may have written its part meanwhile.
        results = json.loads(RESULTS.read_text()) if RESULTS.exists() else {}
        results |= {"reference": REFERENCE, name: found}
        RESULTS.write_text(json.dumps(results, indent=1) + "\n")


if __name__ == "__main__":
    main()
