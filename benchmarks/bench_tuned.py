"""Settings a second of TunedSeizureDetectorCV against GridSearchCV on cached features.

Two measures in one run: the time of 1,000 settings on 100 hours of windows, counting alone; and the
same grid over the same folds by both, with features that are computed once. Run it with

    python benchmarks/bench_tuned.py
"""

import json
import platform
import time
from pathlib import Path

import numpy as np
from sklearn.ensemble import ExtraTreesClassifier
from sklearn.model_selection import GridSearchCV

from skseizure._core.counting import resolve_rules
from skseizure.metrics import make_event_scorer, refit_pooled
from skseizure.model_selection import LeaveOnePatientOut
from skseizure.postprocessing import SeizureDetector, TunedSeizureDetectorCV
from skseizure.postprocessing._operating_point import draw_settings
from skseizure.postprocessing._setting_counts import SettingCounter
from skseizure.signals import Windows

OUT = Path(__file__).with_suffix(".json")
STEP = 2.0


def corpus(n_records, hours, n_columns, seed=0):
    """Return windows whose samples are features, labels, and a probability that knows of them."""
    rng = np.random.default_rng(seed)
    n = round(hours * 3600 / STEP)
    ictal = np.zeros((n_records, n), dtype=int)
    for row in ictal:
        for start in rng.integers(0, n - 60, 2):
            row[start : start + rng.integers(10, 60)] = 1
    y = ictal.ravel()
    table = rng.normal(size=(len(y), n_columns)) + 0.8 * y[:, None]
    onset = np.tile(np.arange(n) * STEP, n_records)
    record = np.repeat([f"r{i:03d}" for i in range(n_records)], n)
    patient = np.repeat([f"p{i // 4:02d}" for i in range(n_records)], n)
    X = Windows(
        table[:, None, :],
        sfreq=n_columns / 4,
        onset=onset,
        record=record,
        patient=patient,
        step=STEP,
    )
    return X, y, 1 / (1 + np.exp(1.5 - table.mean(axis=1)))


class Flat(ExtraTreesClassifier):
    """Trees on the samples of windows as columns: features cost nothing here."""

    def fit(self, X, y):
        """Fit on a table."""
        return super().fit(np.asarray(X)[:, 0], y)

    def predict_proba(self, X):
        """Predict on a table."""
        X = np.asarray(X)
        return super().predict_proba(X[:, 0] if X.ndim == 3 else X)


def counting():
    """Return the seconds of 1,000 settings on 100 hours, after compiling."""
    X, y, proba = corpus(100, 1.0, 4)
    settings = draw_settings(proba, STEP, 1000, np.random.RandomState(0))
    detector = SeizureDetector(Flat())
    table = [(s["smoothing"], detector.set_params(**s)._settings(STEP)) for s in settings]
    SettingCounter(
        X[:100], proba[:100], X[:100].to_events(y[:100]), resolve_rules("szcore")[1], causal=False
    ).counts(table[:2])
    start = time.perf_counter()
    counter = SettingCounter(X, proba, X.to_events(y), resolve_rules("szcore")[1], causal=False)
    counter.counts(table)
    return time.perf_counter() - start


def against_a_search():
    """Return the seconds a setting of both, and whether they choose the same."""
    X, y, _ = corpus(16, 0.5, 8)
    grid = {"smoothing": [4.0, 10.0, 20.0], "threshold": [0.2, 0.35, 0.5], "merge_gap": [0.0, 30.0]}
    detector = SeizureDetector(Flat(100, min_samples_leaf=5, random_state=0))
    start = time.perf_counter()
    search = GridSearchCV(
        detector,
        grid,
        scoring=make_event_scorer("counts"),
        refit=refit_pooled("f1"),
        cv=LeaveOnePatientOut(),
    ).fit(X, y)
    of_search = (time.perf_counter() - start - search.refit_time_) / 18
    many = {**grid, "threshold": np.linspace(0.05, 0.95, 200).round(4).tolist()}
    times = []
    for settings in (grid, many):
        start = time.perf_counter()
        tuned = TunedSeizureDetectorCV(detector, settings=settings, one_standard_error=False)
        tuned.fit(X, y)
        times.append(time.perf_counter() - start)
        if settings is grid:
            same = {k: tuned.best_params_[k] for k in grid} == search.best_params_
    # What more settings cost, beyond the fits of the folds, which both need.
    of_tuned = (times[1] - times[0]) / (len(many["threshold"]) * 6 - 18)
    return of_search, of_tuned, same


def main():
    """Print and write the figures."""
    seconds = counting()
    of_search, of_tuned, same = against_a_search()
    out = {
        "machine": platform.processor() or platform.machine(),
        "1,000 settings on 100 h, s": round(seconds, 2),
        "GridSearchCV, s a setting": round(of_search, 4),
        "TunedSeizureDetectorCV, s a setting": round(of_tuned, 6),
        "ratio": round(of_search / of_tuned),
        "same choice": bool(same),
    }
    for name, value in out.items():
        print(f"{name}: {value}")
    OUT.write_text(json.dumps(out, indent=1) + "\n")


if __name__ == "__main__":
    main()
