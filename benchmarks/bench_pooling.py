"""Each patient's own scale and pooled channels, on children of CHB-MIT who were left out.

Every child in turn is the new patient, all others train; chb21 is chb01 at a later age, and the
loader keeps them together. The features are those of ``skseizure train``, computed once. The scale
of the new patient is learned on its excerpts, labels unknown.

These are minutes around seizures, more than half of which are ictal, where whole days have one
window in a thousand. So all is done twice: on the excerpts as they come, and with ictal windows
left out until they are one in ten, by the labels, in training and test. Nothing here tells a
false-alarm rate. Run it with

    SKSEIZURE_DATA=<folder> python benchmarks/bench_pooling.py
"""

import argparse
import json
import os
import time
import warnings
from pathlib import Path

import numpy as np
from joblib import Memory, Parallel, delayed
from sklearn.base import BaseEstimator, TransformerMixin
from sklearn.ensemble import ExtraTreesClassifier, HistGradientBoostingClassifier
from sklearn.metrics import roc_auc_score
from sklearn.pipeline import make_pipeline

from skseizure.datasets import load_chbmit
from skseizure.features import BandFeatures, ChannelPooling, PatientScaler
from skseizure.metrics import event_scores
from skseizure.models._recipes import MEASURES
from skseizure.postprocessing import SeizureDetector

OUT = Path(__file__).with_suffix(".json")
SEEDS = 2
EACH, POOLED, AFTER = "each channel", "over channels", "each channel scaled, then over channels"
Z, RANKS, CAUSAL = {}, {"method": "rank"}, {"causal": True}
RECORD = {"by": "record"}
VARIANTS = {
    (EACH, "as they are"): None,
    (EACH, "z-score"): Z,
    (EACH, "ranks"): RANKS,
    (EACH, "z-score by record"): Z | RECORD,
    (POOLED, "as they are"): None,
    (POOLED, "z-score"): Z,
    (POOLED, "ranks"): RANKS,
    (POOLED, "z-score, causal"): Z | CAUSAL,
    (POOLED, "ranks, causal"): RANKS | CAUSAL,
    (AFTER, "z-score"): Z,
    (AFTER, "z-score by record"): Z | RECORD,
    (AFTER, "ranks by record"): RANKS | RECORD,
    (AFTER, "z-score by record, causal"): Z | RECORD | CAUSAL,
}


def classifiers(seed):
    """Return the classifiers: trees as in ``skseizure train``, but 100, and boosting."""
    return {
        "trees": ExtraTreesClassifier(
            100, min_samples_leaf=5, max_features=0.1, class_weight="balanced", random_state=seed
        ),
        "boosting": HistGradientBoostingClassifier(
            max_iter=60, max_features=0.1, class_weight="balanced", random_state=seed
        ),
    }


class Stored(TransformerMixin, BaseEstimator):
    """Look a window's features up by record and onset."""

    def __init__(self, rows, table):
        self.rows = rows
        self.table = table

    def fit(self, X, y=None):
        """Learn nothing."""
        return self

    def __sklearn_is_fitted__(self):
        return True

    def transform(self, X):
        """Return the rows of these windows."""
        return self.table[[self.rows[key] for key in zip(X.record, X.onset, strict=True)]]

    def __sklearn_clone__(self):
        return self


def tables(X, memory):
    """Features of each channel, and pooled over the channels."""
    features = BandFeatures(list(MEASURES), memory=memory).set_output(transform="pandas")
    each = features.fit_transform(X)
    pooled = ChannelPooling().fit_transform(each)
    rows = {key: i for i, key in enumerate(zip(X.record, X.onset, strict=True))}
    return {
        EACH: Stored(rows, each.to_numpy()),
        POOLED: Stored(rows, pooled),
    }


def one_in_ten(y, patient, rng):
    """Leave ictal windows out until they are one in ten of each patient's."""
    keep = y == 0
    for name in np.unique(patient):
        ictal = np.flatnonzero((patient == name) & (y == 1))
        keep[rng.permutation(ictal)[: np.sum((patient == name) & (y == 0)) // 9]] = True
    return keep


def score(detector, X, y):
    """AUC of windows, and of whole excerpts the scores of events by any overlap."""
    found = {"auc": float(roc_auc_score(y, detector.estimator_.predict_proba(X)[:, 1]))}
    if y.mean() > 0.2:
        events = event_scores(X.to_events(y), detector.predict_events(X), rules="overlap")
        found["event_f1"] = float(np.nan_to_num(events.f1))
        found["event_sensitivity"] = float(events.sensitivity)
    return found


def run_one(X, y, stored, which, scale, seed, kind, name):
    """Return the scores of one patient as the new one."""
    warnings.filterwarnings("ignore", "X does not have valid feature names")
    new = X.patient == name
    features = stored[EACH if which == AFTER else which]
    steps = [features if scale is None else PatientScaler(features, **scale)]
    if which == AFTER:
        steps.append(ChannelPooling(n_channels=X.shape[1]))
    detector = SeizureDetector(make_pipeline(*steps, classifiers(seed)[kind]))
    return score(detector.fit(X[~new], y[~new]), X[new], y[new])


def run(X, y, stored, which, scale, kind, n_jobs):
    """Return the scores of each patient as the new one, for each seed."""
    names = np.unique(X.patient)
    rows = Parallel(n_jobs)(
        delayed(run_one)(X, y, stored, which, scale, seed, kind, name)
        for seed in range(SEEDS)
        for name in names
    )
    n = len(names)
    return [dict(zip(names.tolist(), rows[i * n :], strict=False)) for i in range(SEEDS)]


def interval(values, seed=0):
    """Return the mean and its 95 % interval, patients drawn again."""
    rng = np.random.default_rng(seed)
    drawn = rng.choice(values, size=(10_000, len(values))).mean(axis=1)
    return [round(float(v), 4) for v in (np.mean(values), *np.quantile(drawn, [0.025, 0.975]))]


def summary(runs, reference):
    """Means over patients, and the gain over the reference, seeds averaged within each patient."""
    out = {}
    for figure in next(iter(runs[0].values())):
        mine, other = (
            np.mean([[row[figure] for row in run.values()] for run in which], axis=0)
            for which in (runs, reference)
        )
        out[figure] = {"mean": interval(mine), "gain": interval(mine - other)}
    return out


def compare(X, y, stored, share, kind, n_jobs):
    """Return the figures of all tables and scales with one kind of classifier."""
    out, reference = {}, None
    for (which, name), scale in VARIANTS.items():
        if kind == "boosting" and which == EACH and scale is not None:
            continue  # 1,080 columns take boosting an hour
        runs = run(X, y, stored, which, scale, kind, n_jobs)
        reference = reference or runs
        figures = summary(runs, reference)
        auc = {p: round(float(np.mean([r[p]["auc"] for r in runs])), 4) for p in runs[0]}
        out[f"{share}, {kind}, {which}, {name}"] = {**figures, "auc of patients": auc}
        print(f"{share}, {kind}, {which}, {name}: {figures}", flush=True)
        print("  ", auc, flush=True)
    return out


def main():
    """Run all, print the table and write the JSON."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--memory", help="Folder where features are kept.")
    parser.add_argument("--n-jobs", type=int, help="Processes.")
    parser.add_argument("--only", choices=["trees", "boosting"], help="One classifier alone.")
    args = parser.parse_args()
    memory = Memory(args.memory, verbose=0)
    begin = time.perf_counter()
    X, y = load_chbmit(os.environ["SKSEIZURE_DATA"] + "/chbmit", window=4, step=2)
    stored = memory.cache(tables, ignore=["memory"])(X, None)
    whole = np.ones(len(y), dtype=bool)
    thinned = one_in_ten(y, X.patient, np.random.default_rng(0))
    out = {}
    for share, keep in {"as they come": whole, "one in ten ictal": thinned}.items():
        for kind in [args.only] if args.only else classifiers(0):
            out |= compare(X[keep], y[keep], stored, share, kind, args.n_jobs)
    out["seconds"] = round(time.perf_counter() - begin, 1)
    OUT.write_text(json.dumps(out, indent=1) + "\n")


if __name__ == "__main__":
    main()
