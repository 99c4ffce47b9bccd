"""Speed of the mutual-information selectors against their peers, and their worth on Bonn.

    python benchmarks/bench_selection.py                     # speed; peers where installed
    python benchmarks/bench_selection.py --bonn PATH_TO_BONN # also F1 on real EEG

All times of a row come from one run; ratios travel between machines, seconds do not. Results go to
``bench_selection.json`` beside this script; a run without ``--bonn`` keeps the figures on Bonn.
Peers: ``pip install ITMO-FS imbalanced-learn qpsolvers skfeature-chappers mifspy mrmr-selection
feature-engine fcbf``. What is missing or fails is reported as such. FEAST (C) has no wheel and
needs building; pymrmr does not build against current Cython.
"""

from __future__ import annotations

import argparse
import contextlib
import importlib.metadata
import io
import json
import time
import tracemalloc
import warnings
from collections.abc import Callable
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
from sklearn.feature_selection import mutual_info_classif
from sklearn.metrics import f1_score
from sklearn.model_selection import StratifiedGroupKFold
from sklearn.tree import DecisionTreeClassifier

from skseizure.datasets import load_bonn
from skseizure.feature_selection import (
    FCBFSelector,
    MutualInformationSelector,
    SemiJMISelector,
)
from skseizure.features import BandFeatures

N, D, BINS = 20_000, 145, 10
REDUCED = 2_000
CRITERIA = ["mim", "mifs", "mrmr", "cife", "jmi", "jmim", "cmim", "disr", "icap"]
FRACTIONS = [1.0, 0.75, 0.5, 0.25, 0.1]


def make_table(n: int) -> tuple[np.ndarray, np.ndarray]:
    """Correlated columns of unlike worth, one row in eleven positive."""
    rng = np.random.default_rng(0)
    y = (rng.random(n) < 1 / 11).astype(int)
    shared = np.repeat(rng.normal(size=(n, D // 5)), 5, axis=1)
    X = shared + rng.normal(size=(n, D)) + np.outer(y, rng.permutation(np.linspace(0, 1.5, D)))
    return X, y


def code(X: np.ndarray) -> np.ndarray:
    shares = np.arange(1, BINS) / BINS
    return np.column_stack([np.digitize(c, np.quantile(c, shares)) for c in X.T])


def timed(function: Callable[[], Any], repeats: int = 3) -> tuple[float, Any]:
    """Return the shortest of several times, and the result."""
    times = []
    for _ in range(repeats):
        start = time.perf_counter()
        result = function()
        times.append(time.perf_counter() - start)
    return min(times), result


def ours(criterion: str, k: int, X: np.ndarray, y: np.ndarray) -> np.ndarray:
    return MutualInformationSelector(criterion, k, BINS).fit(X, y).ranking_


class Peer(NamedTuple):
    """A peer: how to run it, and our criterion that must select the same columns, if there is."""

    package: str
    n: int
    function: Callable[[np.ndarray, np.ndarray, int], Any]
    same_as: str | None
    note: str = ""
    on_codes: bool = True
    k: int = 6


def itmo_fs(X, y, k):
    from ITMO_FS.filters.multivariate import MultivariateFilter

    selector = MultivariateFilter("JMI", k)
    selector.fit(X, y)
    return selector.selected_features


def skfeature(name):
    def run(X, y, k):
        module = importlib.import_module(
            f"skfeature.function.information_theoretical_based.{name.upper()}"
        )
        return getattr(module, name)(X, y, mode="index", n_selected_features=k)[:k]

    return run


def mifs(X, y, k):
    from mifs import MutualInformationFeatureSelector

    return MutualInformationFeatureSelector("JMI", n_features=k, n_jobs=1).fit(X, y).ranking_


def mrmr_selection(X, y, k):
    import pandas as pd
    from mrmr import mrmr_classif

    return mrmr_classif(pd.DataFrame(X), pd.Series(y), k, n_jobs=1, show_progress=False)


def feature_engine(method):
    def run(X, y, k):
        import pandas as pd
        from feature_engine.selection import MRMR

        frame = pd.DataFrame(X).add_prefix("c")
        selector = MRMR(method=method, max_features=k, random_state=0).fit(frame, pd.Series(y))
        return [int(name[1:]) for name in selector.get_feature_names_out()]

    return run


def fcbf_package(X, y, k):
    import pandas as pd
    from fcbf import fcbf

    relevant, _, _ = fcbf(pd.DataFrame(X).add_prefix("c"), pd.Series(y, name="y"))
    return [int(name[1:]) for name in relevant]


def pymrmr(X, y, k):
    raise ImportError("its wheel does not build")


RANKS_OF_RANKS = "returns ranks of ranks, from which the columns cannot be told"
PEERS = {
    "ITMO-FS, JMI": Peer("ITMO-FS", REDUCED, itmo_fs, "jmi"),
    "skfeature-chappers, DISR": Peer("skfeature-chappers", REDUCED, skfeature("disr"), "disr"),
    "skfeature-chappers, CMIM": Peer(
        "skfeature-chappers", REDUCED, skfeature("cmim"), None, "its minimum leaves I(Xj;Y) out"
    ),
    "skfeature-chappers, ICAP": Peer(
        "skfeature-chappers", REDUCED, skfeature("icap"), None, "its sum is a maximum"
    ),
    **{
        f"skfeature-chappers, {name.upper()}": Peer(
            "skfeature-chappers", REDUCED, skfeature(name), None, RANKS_OF_RANKS
        )
        for name in ("jmi", "mrmr", "cife", "mim")
    },
    "mifs, JMI": Peer("mifspy", REDUCED, mifs, None, "nearest neighbours", on_codes=False),
    "mrmr-selection": Peer(
        "mrmr-selection", N, mrmr_selection, None, "F and correlation", on_codes=False
    ),
    "feature-engine, FCQ": Peer(
        "feature-engine", N, feature_engine("FCQ"), None, "F and correlation", on_codes=False
    ),
    "feature-engine, MIQ": Peer(
        "feature-engine",
        REDUCED,
        feature_engine("MIQ"),
        None,
        "nearest neighbours, quotient",
        on_codes=False,
    ),
    "fcbf": Peer("fcbf", N, fcbf_package, "fcbf"),
    "pymrmr": Peer("pymrmr", REDUCED, pymrmr, None),
}


def bench_speed() -> dict[str, Any]:
    """Time every criterion against one pass of mutual_info_classif on the same codes."""
    X, y = make_table(N)
    codes = code(X)
    for criterion in CRITERIA:
        ours(criterion, 3, codes[:500], y[:500])  # compile
    baseline, mi = timed(lambda: mutual_info_classif(codes, y, discrete_features=True))
    out: dict[str, Any] = {"n": N, "d": D, "bins": BINS, "mutual_info_classif_s": baseline}
    print(f"n = {N}, d = {D}, {BINS} bins; one mutual_info_classif pass: {baseline:.3f} s")
    for k in (6, 50):
        for criterion in CRITERIA:
            seconds, order = timed(lambda c=criterion, k=k: ours(c, k, codes, y))
            from_floats, same = timed(lambda c=criterion, k=k: ours(c, k, X, y))
            row = {
                "s": seconds,
                "ratio": seconds / baseline,
                "ratio_with_binning": from_floats / baseline,
                "same_from_floats": bool(np.array_equal(order, same)),
            }
            if criterion == "mim":
                row["same_as_mutual_info_classif"] = set(order) == set(np.argsort(-mi)[:k])
            out[f"{criterion} k={k}"] = row
            print(f"  {criterion:5} k={k:<3} {row['ratio']:.3f}x", row)
    out["jmi k=50 peak memory / uint8 table"] = peak_memory(X, y)
    out["bars"] = {
        "jmi k=6 <= 0.15": out["jmi k=6"]["ratio"] <= 0.15,
        "jmi k=50 <= 0.6": out["jmi k=50"]["ratio"] <= 0.6,
        "cmim k=50 <= jmi k=50": out["cmim k=50"]["s"] <= out["jmi k=50"]["s"],
        "memory <= 3": out["jmi k=50 peak memory / uint8 table"] <= 3,
    }
    print("  bars:", out["bars"])
    return out


def peak_memory(X: np.ndarray, y: np.ndarray) -> float:
    tracemalloc.start()
    ours("jmi", 50, X, y)
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    return peak / X.size


def bench_peers() -> dict[str, Any]:
    """Time every peer once, and ours on the same table: the same criterion, or else JMI."""
    out = {}
    for name, peer in PEERS.items():
        X, y = make_table(peer.n)
        X = code(X) if peer.on_codes else X
        try:
            with contextlib.redirect_stdout(io.StringIO()), warnings.catch_warnings():
                warnings.simplefilter("ignore")
                seconds, found = timed(lambda p=peer, X=X, y=y: p.function(X, y, p.k), 1)
            version = importlib.metadata.version(peer.package)
        except Exception as error:
            out[name] = {"failed": f"{type(error).__name__}: {error}"}
            print(f"  {name}: {out[name]['failed']}")
            continue
        if peer.same_as == "fcbf":
            own, order = timed(lambda X=X, y=y: FCBFSelector(0, BINS).fit(X, y).ranking_)
        else:
            criterion = peer.same_as or "jmi"
            own, order = timed(lambda p=peer, X=X, y=y, c=criterion: ours(c, p.k, X, y))
        same = {int(j) for j in found} == set(order.tolist())
        out[name] = {
            "version": version,
            "n": peer.n,
            "k": len(order),
            "s": seconds,
            "ours_s": own,
            "times_ours": seconds / own,
            "same_columns": same if peer.same_as else f"not comparable: {peer.note}",
        }
        print(f"  {name}: {out[name]}")
    return out


def bonn_table(path: Path, cache: Path | None) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Compute the 145 features of windows of 4 s, non-overlapping, of all five sets."""
    X, y = load_bonn(path, window=4.0)
    if cache is not None and cache.is_file():
        return np.load(cache), y, X.record
    start = time.perf_counter()
    table = BandFeatures(n_jobs=2).fit_transform(X)
    print(f"  {len(X)} windows of {X.shape[2]} samples: {time.perf_counter() - start:.0f} s")
    if cache is not None:
        np.save(cache, table)
    return table, y, X.record


def bench_bonn(path: Path, cache: Path | None, k: int = 6) -> dict[str, Any]:
    """F1 of a decision tree on k selected columns, records kept apart, 5 times 5 folds."""
    X, y, record = bonn_table(path, cache)
    scores: dict[str, list[float]] = {}

    def tree(name, columns, train, rows, test):
        model = DecisionTreeClassifier(random_state=0).fit(
            X[train[rows]][:, columns], y[train[rows]]
        )
        score = f1_score(y[test], model.predict(X[test][:, columns]))
        scores.setdefault(name, []).append(score)

    for repeat in range(5):
        folds = StratifiedGroupKFold(5, shuffle=True, random_state=repeat)
        for fold, (train, test) in enumerate(folds.split(X, y, record)):
            everything = np.ones(len(train), dtype=bool)
            tree("all 145 columns", slice(None), train, everything, test)
            for criterion in CRITERIA:
                selector = MutualInformationSelector(criterion, k).fit(X[train], y[train])
                tree(criterion, selector.support_, train, everything, test)
            fcbf = FCBFSelector().fit(X[train], y[train])
            tree("fcbf (its own number)", fcbf.support_, train, everything, test)
            draw = np.random.default_rng((repeat, fold)).random(len(train))
            for fraction in FRACTIONS:
                known = draw < fraction
                labels = np.where(known, y[train], -1)
                for criterion in ("jmi", "mim"):
                    for missing in ("switch", "drop", "positive"):
                        semi = SemiJMISelector(criterion, k, missing=missing).fit(X[train], labels)
                        name = f"semi-{criterion} {missing} {fraction:.0%}"
                        tree(name, semi.support_, train, everything, test)
                        tree(f"{name}, tree on labelled rows", semi.support_, train, known, test)
    out = {name: {"f1": float(np.mean(v)), "sd": float(np.std(v))} for name, v in scores.items()}
    for name, row in out.items():
        print(f"  {name:45} F1 {row['f1']:.4f} (sd over folds {row['sd']:.4f})")
    lost = out["semi-jmi switch 100%"]["f1"] - out["semi-jmi switch 25%"]["f1"]
    out["semi-jmi lost from 100 % to 25 %"] = lost
    print(f"  Semi-JMI loses {100 * lost:.2f} points from 100 % to 25 % of the labels")
    return out


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--bonn", type=Path, help="folder of the Bonn EEG: adds the table of F1")
    parser.add_argument("--cache", type=Path, help=".npy file to keep the features of Bonn in")
    parser.add_argument("--skip-speed", action="store_true", help="only the table of F1")
    parser.add_argument("--skip-peers", action="store_true", help="no peers but scikit-learn")
    options = parser.parse_args()
    file = Path(__file__).with_suffix(".json")
    results = json.loads(file.read_text()) if file.is_file() else {}
    if not options.skip_speed:
        results["speed"] = bench_speed()
        if not options.skip_peers:
            results["peers"] = bench_peers()
    if options.bonn:
        results["bonn"] = bench_bonn(options.bonn, options.cache)
    file.write_text(json.dumps(results, indent=1) + "\n")


if __name__ == "__main__":
    main()
