"""Population, local and personalised models on children of CHB-MIT, each as the new patient.

Of the new patient the first seizure and what precedes it is labelled (what follows it up to the
next seizure, where the corpus holds nothing before); the rest is scored. chb21 stands with chb01,
who is the same child. All other patients are the population. The corpus holds minutes around
seizures, so nothing here tells a false-alarm rate. Run it with

    SKSEIZURE_DATA=<folder> python benchmarks/bench_personal.py
"""

import json
import os
import time
from pathlib import Path

import numpy as np
from sklearn.ensemble import ExtraTreesClassifier
from sklearn.linear_model import LogisticRegression
from sklearn.metrics import balanced_accuracy_score, roc_auc_score
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import FunctionTransformer, StandardScaler

from skseizure.datasets import load_chbmit
from skseizure.features import BandFeatures
from skseizure.postprocessing import PersonalizedClassifier

MEASURES = ["std", "line_length", "hjorth_mobility", "spectral_entropy"]
POPULATIONS = {
    "trees": ExtraTreesClassifier(min_samples_leaf=3, class_weight="balanced", random_state=0),
    "logistic": make_pipeline(
        FunctionTransformer(np.log1p),
        StandardScaler(),
        LogisticRegression(C=0.1, class_weight="balanced", max_iter=500),
    ),
}
OUT = Path(__file__).with_suffix(".json")


def over_channels(table, names):
    """Median, largest, smallest and deviation over channels of each band and measure."""
    column = np.array([name.partition("__")[2] for name in names])
    parts = [table[:, column == name] for name in dict.fromkeys(column)]
    summaries = (np.median, np.max, np.min, np.std)
    return np.column_stack([f(part, axis=1) for part in parts for f in summaries])


def tables():
    """Features of all windows in order of time, with labels and patients."""
    X, y = load_chbmit(os.environ["SKSEIZURE_DATA"] + "/chbmit", window=4, step=2)
    order = np.lexsort((X.onset, X.record))
    X, y = X[order], y[order]
    features = BandFeatures(MEASURES)
    table = features.fit_transform(X)
    pooled = over_channels(table, features.get_feature_names_out())
    return {"each channel": table, "over channels": pooled}, y, X.record, X.patient


def part(y, record):
    """Rows of one patient in order of time: the first seizure's, the rest, number of seizures."""
    edge = np.diff(y, prepend=0, append=0)
    new = np.flatnonzero(np.append(record[1:] != record[:-1], True)) + 1
    starts = np.flatnonzero(edge == 1)
    starts = np.unique([*starts, *(i for i in new[:-1] if y[i] and y[i - 1])])
    end = min(np.flatnonzero(edge == -1).min(), new.min())
    if y[:end].all():
        end = starts[1]
    return np.arange(end), np.arange(end, len(y)), len(starts)


def score(y, proba):
    """AUC, and balanced accuracy at a probability of one half."""
    return {
        "auc": round(float(roc_auc_score(y, proba)), 4),
        "balanced_accuracy": round(float(balanced_accuracy_score(y, proba >= 0.5)), 4),
    }


def run(table, y, record, patient, population):
    """Return what each patient gets, by model."""
    result = {}
    for name in np.unique(patient):
        own, others = patient == name, patient != name
        X, labels = table[own], y[own]
        first, rest, n_seizures = part(labels, record[own])
        model = PersonalizedClassifier(population, random_state=0)
        model.fit(table[others], y[others], groups=patient[others])
        row = {"population": model.predict_proba(X[rest])[:, 1]}
        model.personalize(X[first], labels[first])
        row["local"] = model.local_estimators_[""].predict_proba(X[rest])[:, 1]
        row["personalised"] = model.predict_proba(X[rest])[:, 1]
        result[str(name)] = {
            "seizures": n_seizures,
            "labelled_windows": [int(np.sum(labels[first] == c)) for c in (0, 1)],
            "scored_windows": [int(np.sum(labels[rest] == c)) for c in (0, 1)],
            "equal_at": round(model.equal_at_, 4),
            "weight": round(model.weights_[""], 3),
            **{kind: score(labels[rest], proba) for kind, proba in row.items()},
        }
    return result


def summary(result):
    """Means over patients, and the largest loss against the population."""
    rows, kinds = result.values(), ("population", "local", "personalised")
    mean, least = {kind: {} for kind in kinds}, {}
    for figure in ("auc", "balanced_accuracy"):
        values = {kind: np.array([row[kind][figure] for row in rows]) for kind in kinds}
        for kind in kinds:
            mean[kind][figure] = round(float(values[kind].mean()), 4)
        least[figure] = round(float((values["personalised"] - values["population"]).min()), 4)
    return {"mean": mean, "least_gain_over_population": least}


def main():
    """Run all, print the table and write the JSON."""
    begin = time.perf_counter()
    by_table, y, record, patient = tables()
    out = {}
    for kind, table in by_table.items():
        for name, population in POPULATIONS.items():
            result = run(table, y, record, patient, population)
            out[f"{name}, {kind}"] = {"patients": result, **summary(result)}
            print(f"{name}, {kind}: {summary(result)}", flush=True)
            for p, r in result.items():
                cells = [
                    f"{r[k]['auc']:.3f}/{r[k]['balanced_accuracy']:.3f}"
                    for k in ("population", "local", "personalised")
                ]
                print(f"  {p} w={r['weight']:.2f} " + "  ".join(cells), flush=True)
    out["seconds"] = round(time.perf_counter() - begin, 1)
    OUT.write_text(json.dumps(out, indent=1) + "\n")


if __name__ == "__main__":
    main()
