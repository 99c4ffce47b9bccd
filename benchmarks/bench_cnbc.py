"""Speed of the evolved networks against their peers, and the CNBC experiment on CHB-MIT.

    python benchmarks/bench_cnbc.py                          # speed; pyswarms where installed
    python benchmarks/bench_cnbc.py --network                # also one CNBC of 235 classifiers
    python benchmarks/bench_cnbc.py --chbmit PATH_TO_CHBMIT  # also the experiment on real EEG

All times are CPU times of one thread; those of a row come from one run, and ratios travel between
machines where seconds do not. Results go to ``bench_cnbc.json`` beside this script; what a run
leaves out keeps its figures. Peers: ``pip install pyswarms``. Set OMP_NUM_THREADS=1.
"""

from __future__ import annotations

import argparse
import importlib.metadata
import json
import time
import warnings
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
from sklearn.metrics import roc_auc_score, roc_curve
from sklearn.neural_network import MLPClassifier
from sklearn.svm import SVC, LinearSVC

from skseizure.datasets import load_chbmit
from skseizure.evolution import CNBCClassifier, CNBCEnsembleClassifier, EvolvedMLPClassifier
from skseizure.evolution import _kernels as kernels
from skseizure.evolution._mlp import network_sizes
from skseizure.feature_selection import FCBFSelector, MutualInformationSelector, SemiJMISelector
from skseizure.features import FeatureNormalizer, FrameFeatures
from skseizure.metrics import sensitivity_score, specificity_score
from skseizure.model_selection import EarlyTrainSplit
from skseizure.postprocessing import aggregate_and_filter, morphological_filter
from skseizure.signals import filter_recording

HIDDEN = np.array([0, *range(8, 25)])
SWARM, FRAMES, ITERATIONS = 60, 1600, 100
WIDTHS = (5, 10, 20, 36, 70)
CRITERIA = ("mim", "mifs", "mrmr", "cife", "jmi", "jmim", "cmim", "disr", "icap")
# The groups of FrameFeatures and their numbers of features.
GROUPS = {
    "morph": 16, "time": 14, "freq": 5, "dwt_db1": 30, "dwt_db2": 30, "dwt_db3": 30, "dwt_db4": 30,
    "dwt_db4_stats": 70, "tf": 9, "mfcc": 36, "d_mfcc": 36, "dd_mfcc": 36,
}  # fmt: skip


def cpu(function: Callable[[], Any], repeats: int) -> float:
    """Return the least CPU time of several runs, after one to compile."""
    function()
    times = []
    for _ in range(repeats):
        start = time.process_time()
        function()
        times.append(time.process_time() - start)
    return min(times)


def make_problem(n_inputs: int, n: int = FRAMES) -> tuple[np.ndarray, np.ndarray]:
    """One frame in 13 is positive and lies aside, by no more than the noise."""
    rng = np.random.default_rng(0)
    y = np.arange(n) % 13 == 0
    X = rng.normal(scale=0.25, size=(n, n_inputs))
    return X + np.outer(y, rng.normal(scale=0.15, size=n_inputs)), y


def make_swarm(n_inputs: int) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Sixty random networks of the paper's 18 architectures, evenly spread."""
    offsets = np.concatenate([[0], np.cumsum(network_sizes(n_inputs, HIDDEN))])
    rng = np.random.default_rng(0)
    positions = rng.uniform(-1, 1, (SWARM, offsets[-1])).astype(np.float32)
    return positions, np.arange(SWARM) % len(HIDDEN), offsets


def fused_swarm(X: np.ndarray, y: np.ndarray) -> Callable[[], np.ndarray]:
    """Return a call that evaluates the swarm with the compiled kernel."""
    from numba import njit

    positions, here, offsets = make_swarm(X.shape[1])
    XT = np.ascontiguousarray(X.T.astype(np.float32))
    target = np.where(y, 1, -1).astype(np.float32)
    weights = np.full(len(X), 1 / len(X))
    hidden, buffers, loss = HIDDEN[here], kernels._buffers, kernels._loss

    @njit(nogil=True)
    def swarm(XT, target, weights, positions, low, high, hidden):
        w, bias, a, out = buffers(XT.shape[0], hidden.max())
        losses = np.empty(len(hidden))
        for i in range(len(hidden)):
            position = positions[i, low[i] : high[i]]
            losses[i] = loss(XT, target, weights, position, hidden[i], w, bias, a, out)
        return losses

    low, high = offsets[here], offsets[here + 1]
    return lambda: swarm(XT, target, weights, positions, low, high, hidden)


def numpy_swarm(X: np.ndarray, y: np.ndarray, dtype: type) -> Callable[[], np.ndarray]:
    """Return a call that evaluates the swarm particle by particle, as users write it."""
    positions, here, offsets = make_swarm(X.shape[1])
    X, n = X.astype(dtype), X.shape[1]
    target = np.where(y, 1, -1).astype(dtype)
    target = np.column_stack([-target, target])

    def loss(position: np.ndarray, h: int) -> float:
        if h:
            inner = np.tanh(X @ position[: h * n].reshape(h, n).T + position[h * n : h * n + h])
            position = position[h * (n + 1) :]
        else:
            h, inner = n, X
        out = np.tanh(inner @ position[: 2 * h].reshape(2, h).T + position[2 * h :])
        return float(np.sum((out - target) ** 2) / (4 * len(X)))

    nets = [
        (positions[a, offsets[d] : offsets[d + 1]].astype(dtype), int(HIDDEN[d]))
        for a, d in enumerate(here)
    ]
    return lambda: np.array([loss(*net) for net in nets])


def floor_seconds(n_inputs: int) -> tuple[float, dict[str, float]]:
    """Return the least time for the swarm's multiplications and tanh on this machine."""
    units = HIDDEN[np.arange(SWARM) % len(HIDDEN)]
    flop = 2.0 * FRAMES * np.sum(np.where(units, units * (n_inputs + 2), 2 * n_inputs))
    n_tanh = FRAMES * np.sum(units + 2)
    A, B = np.random.default_rng(0).random((2, 1000, 1000), dtype=np.float32)
    gemm = 2e9 / cpu(lambda: A @ B, 20)
    z = np.random.default_rng(0).normal(size=2**15).astype(np.float32)
    out = np.empty_like(z)

    tanh = {
        "numpy": cpu(lambda: np.tanh(z, out=out), 50) / z.size,
        "compiled": cpu(lambda: kernels._tanh(out), 50) / z.size,
    }
    parts = {"gemm_gflops": gemm / 1e9, **{f"tanh_{k}_ns": v * 1e9 for k, v in tanh.items()}}
    return flop / gemm + n_tanh * min(tanh.values()), parts


def bench_evaluations() -> dict[str, Any]:
    """Time one evaluation of the swarm: fused, per-particle numpy, floor."""
    out: dict[str, Any] = {"swarm": SWARM, "frames": FRAMES}
    for n_inputs in WIDTHS:
        X, y = make_problem(n_inputs)
        fused, double = fused_swarm(X, y), numpy_swarm(X, y, np.float64)
        error = float(np.abs(fused() - double()).max())
        # The floor is taken twice around what it is compared with: clocks and neighbours change.
        first, parts = floor_seconds(n_inputs)
        seconds = cpu(fused, 200)
        floor = min(first, floor_seconds(n_inputs)[0])
        row = {
            "ms": seconds * 1e3,
            "evaluations_per_s": SWARM / seconds,
            "share_of_floor": floor / seconds,
            "numpy_f64_times": cpu(double, 5) / seconds,
            "numpy_f32_times": cpu(numpy_swarm(X, y, np.float32), 5) / seconds,
            "largest_error": error,
            **parts,
        }
        out[f"n_inputs={n_inputs}"] = row
        print(f"  N_i={n_inputs:3}", {name: float(f"{value:.4g}") for name, value in row.items()})
    ten = out["n_inputs=10"]
    out["bars"] = {
        ">= 40000 evaluations/s": ten["evaluations_per_s"] >= 40_000,
        ">= 60 % of the floor": ten["share_of_floor"] >= 0.6,
    }
    print("  bars:", out["bars"])
    return out


def pyswarms_fit(X: np.ndarray, y: np.ndarray, n_hidden: int = 16) -> float:
    """Evolve one network of 16 hidden units with pyswarms, of the same budget; return its loss."""
    from pyswarms.single import GlobalBestPSO

    n = X.shape[1]
    target = np.where(y, 1.0, -1.0)
    target = np.column_stack([-target, target])

    def losses(positions: np.ndarray) -> np.ndarray:
        result = np.empty(len(positions))
        for i, p in enumerate(positions):
            w, b, p = (
                p[: n_hidden * n],
                p[n_hidden * n : n_hidden * (n + 1)],
                p[n_hidden * (n + 1) :],
            )
            inner = np.tanh(X @ w.reshape(n_hidden, n).T + b)
            out = np.tanh(inner @ p[: 2 * n_hidden].reshape(2, n_hidden).T + p[2 * n_hidden :])
            result[i] = np.sum((out - target) ** 2) / (4 * len(X))
        return result

    size = int(network_sizes(n, np.array([n_hidden]))[0])
    swarm = GlobalBestPSO(
        SWARM,
        size,
        {"c1": 1.49, "c2": 1.49, "w": 0.65},
        velocity_clamp=(-0.2, 0.2),
        init_pos=np.random.default_rng(0).uniform(-1, 1, (SWARM, size)),
    )
    return float(swarm.optimize(losses, ITERATIONS, verbose=False)[0])


def bench_evolution() -> dict[str, Any]:
    """Time a whole evolution against pyswarms and gradients, N_i = 10."""
    X, y = make_problem(10)
    model = EvolvedMLPClassifier(random_state=0)
    seconds = cpu(lambda: model.fit(X, y), 5)
    out: dict[str, Any] = {
        "s": seconds,
        "evaluations_per_s": SWARM * ITERATIONS / seconds,
        "loss": model.loss_,
        "s_by_n_inputs": {
            n: cpu(lambda n=n: EvolvedMLPClassifier(random_state=0).fit(*make_problem(n)), 2)
            for n in WIDTHS
        },
    }
    for solver in ("adam", "lbfgs"):
        peer = MLPClassifier(16, activation="tanh", solver=solver, max_iter=100, random_state=0)
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            out[f"MLPClassifier {solver}_s"] = cpu(lambda p=peer: p.fit(X, y), 2)
    out["LinearSVC_s"] = cpu(lambda: LinearSVC().fit(X, y), 2)
    try:
        version = importlib.metadata.version("pyswarms")
        np.random.seed(0)  # noqa: NPY002  (pyswarms takes no generator)
        losses: list[float] = []
        peer_s = cpu(lambda: losses.append(pyswarms_fit(X, y)), 2)
        out["pyswarms"] = {
            "version": version,
            "s": peer_s,
            "loss": losses[-1],
            "times_ours": peer_s / seconds,
        }
        out["bars"] = {">= 5 times faster than pyswarms": peer_s >= 5 * seconds}
    except (ImportError, AttributeError) as error:
        out["pyswarms"] = f"not run: {error!r}"
    print(" ", out)
    return out


def bench_network() -> dict[str, Any]:
    """Time one CNBC on 18 channels of 12 groups, 1600 frames to learn from among 6000."""
    rng = np.random.default_rng(0)
    n, n_positive = 6000, 123
    y = np.zeros(n, dtype=bool)
    y[rng.choice(n, n_positive, replace=False)] = True
    width = sum(GROUPS.values())
    X = rng.normal(scale=0.25, size=(n, 18, width)).astype(np.float32)
    X += 0.1 * y[:, None, None] * rng.random((18, width), dtype=np.float32)
    ends = np.cumsum(list(GROUPS.values()))
    groups = {
        name: np.arange(end - GROUPS[name], end) for name, end in zip(GROUPS, ends, strict=True)
    }
    EvolvedMLPClassifier(max_iter=2).fit(X[:200, 0, :5], np.arange(200) % 2)
    model = CNBCClassifier(feature_groups=groups, random_state=0)
    start = time.process_time()
    model.fit(X, y)
    seconds = time.process_time() - start
    losses = np.array(model.network_["loss"])
    out = {
        "classifiers": len(losses),
        "frames": model.network_["n_frames"][0],
        "cpu_s": seconds,
        "bars": {"<= 60 CPU s": seconds <= 60},
        "mean_loss": float(losses[:216].mean()),
        "master_loss": float(losses[-1]),
    }
    print(" ", out)
    return out


def chbmit_table(
    path: Path, cache: Path | None, center: bool = False
) -> tuple[Any, np.ndarray, np.ndarray]:
    """Load windows of 1 s, filtered to 0.5-30 Hz, and their 18 x 342 smoothed features."""
    X, y = load_chbmit(
        path,
        window=1.0,
        records="seizure",
        preprocess=lambda recording: filter_recording(recording, low=0.5, high=30.0, method="fir"),
    )
    if cache is not None and cache.is_file():
        return X, y, np.load(cache)
    start = time.perf_counter()
    table = FrameFeatures(smoothing=20, center=center).fit_transform(X).astype(np.float32)
    print(f"  {len(X)} windows: features in {time.perf_counter() - start:.0f} s", flush=True)
    if cache is not None:
        np.save(cache, table)
    return X, y, table


def best_columns(selector: Any, X: np.ndarray, y: np.ndarray) -> np.ndarray:
    """Select in each channel by itself, as the paper does."""
    width = sum(GROUPS.values())
    chosen = []
    for low in range(0, X.shape[1], width):
        support = selector.fit(X[:, low : low + width], y).get_support()
        chosen.append(low + np.flatnonzero(support))
    return np.concatenate(chosen)


def filtered(function: Callable, decisions: np.ndarray, X: Any) -> np.ndarray:
    """Filter decisions stretch by stretch; they are (..., n_windows)."""
    out = np.empty(decisions.shape[-1], dtype=bool)
    for rows in X.segments():
        out[rows] = function(decisions[..., rows])
    return out


def svm_scores(
    A: np.ndarray, labels: np.ndarray, tests: dict[str, np.ndarray]
) -> dict[str, np.ndarray]:
    """Return the decision function of linear SVMs on all features and on those of each selector."""
    selectors: dict[str, Any] = {name: MutualInformationSelector(name, 50) for name in CRITERIA}
    selectors["fcbf"] = FCBFSelector()
    # With no label missing it differs from jmi in nothing but its name.
    selectors["semi-jmi, labels complete"] = SemiJMISelector(n_features_to_select=50)
    everything = np.arange(A.shape[1])
    found = {}
    for name, selector in {"all features": None, **selectors}.items():
        columns = everything if selector is None else best_columns(selector, A, labels)
        svm = SVC(kernel="linear").fit(A[:, columns], labels)
        for kind, B in tests.items():
            found[f"SVM{kind}, {name}"] = svm.decision_function(B[:, columns])
    balanced = SVC(kernel="linear", class_weight="balanced").fit(A, labels)
    for kind, B in tests.items():
        found[f"SVM balanced{kind}, all features"] = balanced.decision_function(B)
    return found


def ensemble_rows(name: str, members: np.ndarray, later: Any) -> dict[str, np.ndarray]:
    """Return the decisions of one ensemble, of parts of it and of its members."""
    majority = members.mean(axis=0) > 0.5
    return {
        **{f"CNBC{name}, one #{i}": member for i, member in enumerate(members)},
        **{
            f"CNBC-E{name} of {n} + ESA + MF": filtered(aggregate_and_filter, members[:n], later)
            for n in (2, 4, 8)
        },
        f"CNBC-E{name} of 8, ESA alone": members.any(axis=0),
        f"CNBC-E{name} majority": majority,
        f"CNBC-E{name} majority + MF": filtered(morphological_filter, majority, later),
    }


def one_patient(
    X: Any, y: np.ndarray, table: np.ndarray, train: np.ndarray, test: np.ndarray, seeds: int
) -> dict[str, Any]:
    """Return what every method reaches on the test windows of one patient.

    "clipped": test columns are clipped to the range of the same column in training, since ratios
    of small numbers reach thousands after the normalisation.
    """
    scale = FeatureNormalizer().fit(table[train])
    A, B, labels = scale.transform(table[train]), scale.transform(table[test]), y[train]
    tests = {"": B, " clipped": np.clip(B, A.min(axis=0), A.max(axis=0))}
    later, truth, since = X[test], y[test], seconds_since_seizure(X, y)[test]
    svms = svm_scores(A, labels, tests)
    decided = {name: score > 0 for name, score in svms.items()}
    decided |= {f"{m} + MF": filtered(morphological_filter, d, later) for m, d in decided.items()}
    rows = {name: [rates(truth, found)] for name, found in decided.items()}
    votes: dict[str, list[np.ndarray]] = {kind: [] for kind in tests}
    why = []
    for seed in range(seeds):
        model = CNBCEnsembleClassifier(
            feature_groups=FrameFeatures().fit(X[:1]).feature_groups_,
            n_channels=X.shape[1],
            n_jobs=2,
            random_state=seed,
        ).fit(A, labels)
        for kind, table_ in tests.items():
            members = model.predict_members(table_) == 1
            votes[kind].append(members.mean(axis=0))
            for method, found in ensemble_rows(kind, members, later).items():
                rows.setdefault(method.split(" #")[0], []).append(rates(truth, found))
            if not kind:
                why.append(causes(model, members, truth, later, since))
    auc = {m: roc_auc_score(truth, score) for m, score in svms.items()}
    auc |= {f"CNBC-E{k} votes": np.mean([roc_auc_score(truth, v) for v in votes[k]]) for k in tests}
    return {
        "rows": {name: np.mean(pairs, axis=0).tolist() for name, pairs in rows.items()},
        "auc": {name: float(value) for name, value in auc.items()},
        "same specificity": {
            name: [rows[name][0][0], sensitivity_at(truth, votes[kind], rows[name][0][1])]
            for name in svms
            for kind in [" clipped" if "clipped" in name else ""]
        },
        "largest test value": float(np.abs(B).max()),
        "causes": {name: np.mean([w[name] for w in why], axis=0).tolist() for name in why[0]},
    }


def rates(truth: np.ndarray, decided: np.ndarray) -> tuple[float, float]:
    """Return sensitivity and specificity in percent."""
    return 100 * sensitivity_score(truth, decided), 100 * specificity_score(truth, decided)


def sensitivity_at(truth: np.ndarray, votes: list[np.ndarray], specificity: float) -> float:
    """Return the sensitivity of votes at a specificity, linear between their thresholds."""
    curves = [roc_curve(truth, v, drop_intermediate=False) for v in votes]
    at = [np.interp(100 - specificity, 100 * false, 100 * true) for false, true, _ in curves]
    return float(np.mean(at))


def seconds_since_seizure(X: Any, y: np.ndarray) -> np.ndarray:
    """Return how many windows of 1 s ago the last seizure window of the same stretch was."""
    since = np.empty(len(y))
    for rows in X.segments():
        place = np.arange(len(rows))
        since[rows] = place - np.maximum.accumulate(np.where(y[rows] == 1, place, -np.inf))
    return since


def causes(
    model: Any, members: np.ndarray, truth: np.ndarray, later: Any, since: np.ndarray
) -> dict[str, Any]:
    """Return what may explain false alarms; shares in percent."""
    negative = truth == 0
    reach = np.zeros(len(truth), dtype=bool)
    too_short = 0
    for rows in later.segments():
        # The filter needs two blocks of nine windows on each side.
        block, n_blocks = np.arange(len(rows)) // 9, -(-len(rows) // 9)
        reach[rows] = (block >= 2) & (block < n_blocks - 2)
        too_short += n_blocks < 5
    # The mean over the last 20 s holds the end of the seizure until then.
    after = negative & (since < 20)
    false = members.any(axis=0)

    def share(mask: np.ndarray, among: np.ndarray) -> float:
        return 100 * float(np.mean(mask[among]))

    iterations: dict[str, list[int]] = {"classifiers": [], "fusers": [], "masters": []}
    for network in model._networks():
        groups = (node for own in network.classifiers.values() for node in own.values())
        iterations["classifiers"] += [node.classifier.n_iter_ for node in groups]
        iterations["fusers"] += [node.classifier.n_iter_ for node in network.fusers.values()]
        iterations["masters"].append(network.master.classifier.n_iter_)
    return {
        "frames within the filter's reach": share(reach, np.ones_like(reach)),
        "negatives within its reach": share(reach, negative),
        "stretches, too short for it": [len(later.segments()), too_short],
        "negatives up to 20 s after a seizure": share(after, negative),
        **({"false positives of ESA there": share(false, after)} if after.any() else {}),
        "false positives of ESA elsewhere": share(false, negative & ~after),
        "specificity of ESA": 100 - share(false, negative),
        "product of the members' specificities": 100
        * float(np.prod(1 - members[:, negative].mean(axis=1))),
        **{
            f"iterations of {level}, least, median, most": np.percentile(n, [0, 50, 100]).tolist()
            for level, n in iterations.items()
        },
    }


def move_negatives(X: Any, y: np.ndarray, train: np.ndarray, test: np.ndarray) -> tuple[Any, Any]:
    """Let the earlier half of the test's frames without seizure train, too."""
    negative = test[y[test] == 0]
    in_time = negative[np.lexsort((X.onset[negative], X.record[negative]))]
    moved = in_time[: len(in_time) // 2]
    return np.union1d(train, moved), np.setdiff1d(test, moved)


def bench_chbmit(
    path: Path, options: argparse.Namespace, out: dict[str, Any], save: Callable[[], None]
) -> None:
    """Patient by patient: the first quarter of the seizures trains, the rest tests.

    ``out`` is filled and saved after every patient, so that a run cut short is not lost.
    """
    X, y, table = chbmit_table(path, options.cache, options.center)
    with warnings.catch_warnings():
        # Windows of 1 s without overlap; the warning is for those that have some.
        warnings.simplefilter("ignore")
        splits = list(EarlyTrainSplit(0.25, unit=options.unit).split(X, y))
    patients = [str(patient) for patient in np.unique(X.patient)]
    out.update({"unit": options.unit, "seeds": options.seeds, "patients": {}})
    for patient, (train, test) in zip(patients, splits, strict=True):
        start = time.perf_counter()
        if options.more_negatives:
            train, test = move_negatives(X, y, train, test)
        frames = {
            "train": [int(np.sum(y[train] == c)) for c in (0, 1)],
            "test": [int(np.sum(y[test] == c)) for c in (0, 1)],
        }
        found = one_patient(X, y, table, train, test, options.seeds)
        out["patients"][patient] = {"frames": frames, **found}
        seconds = time.perf_counter() - start
        chosen = [m for m in found["rows"] if "MF" not in m or "of 8" in m]
        short = {m: [round(v, 1) for v in found["rows"][m]] for m in chosen}
        print(f"  {patient}: {frames}, {seconds:.0f} s; {short}; {found['causes']}", flush=True)
        summarize(out, missing=patients[len(out["patients"]) :])
        save()
    for name in ("rows", "auc", "same specificity", "causes"):
        print(f"  {name}")
        for method, value in out[name].items():
            print(f"    {method:45} {np.round(value, 3).tolist()}")
    print("  bars:", out["bars"])


def summarize(out: dict[str, Any], missing: list[str]) -> None:
    """Add the means over the patients, and the bars."""
    patients = list(out["patients"].values())
    for part in ("rows", "auc", "same specificity", "causes"):
        out[part] = {
            name: np.mean([p[part][name] for p in patients if name in p[part]], axis=0).tolist()
            for name in dict.fromkeys(name for p in patients for name in p[part])
        }
    out["patients missing"] = missing
    rows = out["rows"]
    ours = rows["CNBC-E of 8 + ESA + MF"]
    out["bars"] = {}
    for kind in ("SVM", "SVM clipped"):
        names = [m for m in rows if m.startswith(f"{kind},") and not m.endswith("MF")]
        best = max(names, key=lambda m: rows[m][0])
        gain, loss = ours[0] - rows[best][0], ours[1] - rows[best][1]
        out[f"best {kind}, by sensitivity on the test"] = best
        out["bars"] |= {
            f"sensitivity against the best {kind}": gain,
            f"specificity against the best {kind}": loss,
            f"sensitivity above the best {kind}": gain > 0,
            f"specificity within 3 points of the best {kind}": abs(loss) <= 3,
        }


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--skip-speed", action="store_true", help="no evaluations, no peers")
    parser.add_argument("--network", action="store_true", help="one CNBC of 235 classifiers")
    parser.add_argument("--chbmit", type=Path, help="folder of CHB-MIT: adds the experiment")
    parser.add_argument("--cache", type=Path, help=".npy file to keep its features in")
    parser.add_argument("--center", action="store_true", help="smooth around each window")
    parser.add_argument(
        "--more-negatives",
        action="store_true",
        help="train on five eighths of the frames without seizure, not on a quarter",
    )
    parser.add_argument("--unit", choices=["seizure", "frame"], default="seizure")
    parser.add_argument("--seeds", type=int, default=1, help="ensembles per patient")
    options = parser.parse_args()
    file = Path(__file__).with_suffix(".json")
    results = json.loads(file.read_text()) if file.is_file() else {}

    def save() -> None:
        file.write_text(json.dumps(results, indent=1, default=lambda value: value.item()) + "\n")

    if not options.skip_speed:
        results["evaluations"] = bench_evaluations()
        results["evolution"] = bench_evolution()
    if options.network:
        results["network"] = bench_network()
    if options.chbmit:
        name = f"chbmit, unit={options.unit}" + ", centred smoothing" * options.center
        name += ", more negatives" * options.more_negatives
        results[name] = {}
        bench_chbmit(options.chbmit, options, results[name], save)
    save()


if __name__ == "__main__":
    main()
