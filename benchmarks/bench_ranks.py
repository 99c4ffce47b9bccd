"""Each patient's own scale before Semi-JMI: the meta-sampler paper's pipeline with and without it.

    SKSEIZURE_DATA=... python benchmarks/bench_ranks.py [--cache FOLDER] [--seeds N]

Folds, selection, channel fusion and scores are those of ``paper_meta_sampler.py``, the sampler is a
constant action of 0.9, which needs no meta-training. A patient's windows are scaled together, all
channels and all times, without labels. Results go to ``bench_ranks.json`` beside this script.
"""

import argparse
import json
from pathlib import Path

import numpy as np
from joblib import Memory
from paper_meta_sampler import BASES, flat, folds, read, scores
from sklearn.ensemble import ExtraTreesClassifier
from threadpoolctl import threadpool_limits

from skseizure.ensemble import MetaSamplerClassifier
from skseizure.feature_selection import SemiJMISelector
from skseizure.features import PatientScaler
from skseizure.metrics import sensitivity_score, specificity_score
from skseizure.postprocessing import ChannelFusionClassifier

RESULTS = Path(__file__).with_suffix(".json")
SCALES = {"as they are": None, "z-score": {}, "ranks": {"method": "rank"}}
MEMBERS = {**BASES, "ExtraTrees(20)": ExtraTreesClassifier(20)}
FIGURES = ("f1", "mcc", "f1 at 1:7", "mcc at 1:7")


def on_own_scale(table, scale):
    """Return the table with each patient on its own scale."""
    if scale is None:
        return table
    patient = table.patient.repeat(table.X.shape[1])
    X = PatientScaler(**scale).fit_transform(flat(table.X), groups=patient)
    return table._replace(X=X.reshape(table.X.shape))


def run(table, fold, base, seed):
    """Fit selection, ensemble and threshold; return the scores."""
    n_channels = table.X.shape[1]
    selector = SemiJMISelector("jmi", 6)
    selector.fit(flat(table.X[fold.fit]), table.y[fold.fit].repeat(n_channels))

    def windows(rows):
        return selector.transform(flat(table.X[rows])).reshape(len(rows), n_channels, -1)

    sampled = MetaSamplerClassifier(base, sampler=0.9, random_state=seed)
    model = ChannelFusionClassifier(sampled).fit(windows(fold.fit), table.y[fold.fit])
    votes, truth = model.predict_proba(windows(fold.val))[:, 1], table.y[fold.val]
    thresholds = np.arange(np.ceil(n_channels / 4), 0.75 * n_channels + 1) / n_channels

    def product(threshold):
        found = (votes >= threshold - 1e-9).astype(int)
        return sensitivity_score(truth, found, pos_label=1) * specificity_score(
            truth, found, pos_label=1
        )

    model.threshold = max(thresholds.tolist(), key=product)
    return scores(table.y[fold.test], model.predict(windows(fold.test)))


def interval(values):
    """Return the mean and its 95 % interval, patients drawn again."""
    drawn = np.random.default_rng(0).choice(values, size=(10_000, len(values))).mean(axis=1)
    return [round(float(v), 3) for v in (np.mean(values), *np.quantile(drawn, [0.025, 0.975]))]


def main():
    """Run all, print the table and write the JSON."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--cache", help="Folder to keep features in.")
    parser.add_argument("--seeds", type=int, default=5)
    given = parser.parse_args()
    plain = read(Memory(given.cache, verbose=0))
    found = {}
    for scale, options in SCALES.items():
        table = on_own_scale(plain, options)
        for seed in range(given.seeds):
            for fold in folds(table, seed):
                for name, base in MEMBERS.items():
                    rows = found.setdefault((name, scale), {}).setdefault(fold.patient, [])
                    rows.append(run(table, fold, base, seed))
    results = {"seeds": given.seeds}
    for (name, scale), patients in found.items():
        results[f"{name}, {scale}"] = row = {}
        for figure in FIGURES:
            mine, other = (
                np.array([np.mean([row[figure] for row in rows]) for rows in which.values()])
                for which in (patients, found[name, "as they are"])
            )
            row[figure] = {"mean": interval(mine), "gain": interval(mine - other)}
        print(name, scale, row, flush=True)
    RESULTS.write_text(json.dumps(results, indent=1) + "\n")


if __name__ == "__main__":
    with threadpool_limits(1):
        main()
