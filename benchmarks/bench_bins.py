"""Bins of selectors: five of equal frequency against "auto", by what trees make of six columns.

On tables of features of Bonn, of CHB-MIT at three imbalances, of breast cancer and of generated
data, each criterion selects six columns from the training folds; trees are scored on the others by
average precision. Folds keep recordings (Bonn) and patients (CHB-MIT) whole. Run it with

    SKSEIZURE_DATA=<folder> python benchmarks/bench_bins.py
"""

import json
import os
import warnings
from pathlib import Path

import numpy as np
from sklearn.datasets import load_breast_cancer, make_classification
from sklearn.ensemble import ExtraTreesClassifier
from sklearn.metrics import average_precision_score
from sklearn.model_selection import StratifiedGroupKFold
from sklearn.tree import DecisionTreeClassifier

from skseizure.datasets import load_bonn, load_chbmit
from skseizure.feature_selection import FCBFSelector, MutualInformationSelector
from skseizure.features import BandFeatures

MEASURES = ["line_length", "std", "kurtosis", "hjorth_mobility", "spectral_entropy"]
CRITERIA = ["mim", "mrmr", "jmi", "cmim", "disr"]
SEEDS = range(3)
OUT = Path(__file__).with_suffix(".json")


def bonn():
    """Seizures (set S) against the four other sets, windows of four seconds."""
    X, y = load_bonn(os.environ["SKSEIZURE_DATA"] + "/bonn", window=4.0)
    table = BandFeatures(MEASURES).fit_transform(X)
    return table, np.asarray(y), X.record


def chbmit():
    """Windows of all children, chb21 with chb01."""
    X, y = load_chbmit(os.environ["SKSEIZURE_DATA"] + "/chbmit", window=4, step=2)
    table = BandFeatures(MEASURES, n_jobs=2).fit_transform(X)
    return table, np.asarray(y), X.patient


def imbalanced(table, y, groups, ratio, seed):
    """Keep so few ictal rows that there is one for `ratio` others."""
    rng = np.random.default_rng(seed)
    ictal, rest = np.flatnonzero(y == 1), np.flatnonzero(y == 0)
    n = min(len(ictal), len(rest) // ratio)
    rows = np.sort(np.concatenate([rng.choice(ictal, n, replace=False), rest]))
    return table[rows], y[rows], groups[rows]


def generated(seed):
    """One per cent of positives among 5,000 rows of 60 columns."""
    X, y = make_classification(
        10_000,
        60,
        n_informative=8,
        n_redundant=10,
        weights=[0.99],
        class_sep=1.5,
        flip_y=0.002,
        random_state=seed,
    )
    return X, y, np.arange(len(y))


def tables():
    """Yield a name and, for each seed, a table."""
    X, y = load_breast_cancer(return_X_y=True)
    yield "breast cancer", [(X, 1 - y, np.arange(len(y)))] * len(SEEDS)
    yield "generated, 1 %", [generated(seed) for seed in SEEDS]
    yield "Bonn, 1:4", [bonn()] * len(SEEDS)
    children = chbmit()
    for ratio in (1, 20, 100):
        yield f"CHB-MIT, 1:{ratio}", [imbalanced(*children, ratio, seed) for seed in SEEDS]


def scores(table, y, groups, selector, seed):
    """Return the pooled average precision of a tree and of trees, and the columns of all rows."""
    tree, trees = np.empty(len(y)), np.empty(len(y))
    folds = StratifiedGroupKFold(5, shuffle=True, random_state=seed)
    for train, test in folds.split(table, y, groups):
        selector.fit(table[train], y[train])
        keep = selector.ranking_[:6]
        models = (
            (tree, DecisionTreeClassifier(min_samples_leaf=10, random_state=seed)),
            (trees, ExtraTreesClassifier(50, min_samples_leaf=5, random_state=seed)),
        )
        for out, model in models:
            model.fit(table[train][:, keep], y[train])
            out[test] = model.predict_proba(table[test][:, keep])[:, 1]
    columns = selector.fit(table, y).ranking_[:6].tolist()
    return average_precision_score(y, tree), average_precision_score(y, trees), columns


def main():
    """Print and write the table."""
    warnings.filterwarnings("ignore", "n_bins=5")
    rows = []
    for name, samples in tables():
        for criterion in [*CRITERIA, "fcbf"]:
            for n_bins in (5, "auto"):
                selector = (
                    FCBFSelector(n_bins=n_bins)
                    if criterion == "fcbf"
                    else MutualInformationSelector(criterion, 6, n_bins=n_bins)
                )
                found = [
                    scores(*sample, selector, seed)
                    for seed, sample in zip(SEEDS, samples, strict=True)
                ]
                tree, trees, columns = zip(*found, strict=True)
                rows.append(
                    {
                        "table": name,
                        "criterion": criterion,
                        "n_bins": n_bins,
                        "tree": round(float(np.mean(tree)), 4),
                        "trees": round(float(np.mean(trees)), 4),
                        "columns": columns[0],
                    }
                )
                print(*rows[-1].values(), flush=True)
    OUT.write_text(json.dumps(rows, indent=1) + "\n")


if __name__ == "__main__":
    main()
