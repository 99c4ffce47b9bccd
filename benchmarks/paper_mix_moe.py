"""Mix-MoE against its parts and against simpler ways to join them, across subjects.

    python benchmarks/paper_mix_moe.py                          # the synthetic rare subtypes
    python benchmarks/paper_mix_moe.py --chbmit PATH_TO_CHBMIT  # also seizures made rare, 1:20

Results go to ``paper_mix_moe.json`` beside this script. The paper's corpora of seizure subtypes
cannot be had freely; its figures are not repeated here. The synthetic problem is defined in
``tests/moe/_rare.py``. All networks have the same extractor, epochs, learning rate, schedule and
augmentation.
"""

from __future__ import annotations

import argparse
import json
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import torch
from sklearn.base import BaseEstimator, ClassifierMixin, clone
from sklearn.linear_model import LogisticRegression
from sklearn.metrics import accuracy_score, balanced_accuracy_score, f1_score
from sklearn.model_selection import StratifiedGroupKFold, cross_val_predict
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler
from sklearn.utils import compute_class_weight
from skorch import NeuralNetClassifier
from skorch.callbacks import LRScheduler

from skseizure.datasets import load_chbmit
from skseizure.moe import EEGNet, MixMoEClassifier, SeizureMoEClassifier
from skseizure.moe._manual_features import BandSummary
from skseizure.moe._training import NormLimit, augmented
from skseizure.signals import resample_recording

sys.path.insert(0, str(Path(__file__).parents[1] / "tests" / "moe"))
from _rare import SFREQ, rare_subtypes

SEEDS = range(5)
EPOCHS = 50
LR, BATCH = 3e-3, 64


class _Alone(torch.nn.Module):
    """EEGNet with a linear layer, under the name that `NormLimit` looks for."""

    def __init__(self, **sizes: int) -> None:
        super().__init__()
        self.extractor = EEGNet(**sizes)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        return self.extractor(x)


class _Shuffled:
    """Augmented batches of all windows, in random order."""

    def __init__(self, dataset: Any, batch_size: int, seed: int) -> None:
        self.X, self.y = torch.from_numpy(dataset.X), torch.from_numpy(dataset.y)
        self.batch_size, self.random = batch_size, np.random.RandomState(seed)

    def __iter__(self):
        order = self.random.permutation(len(self.y))
        for rows in np.array_split(order, max(1, -(-len(order) // self.batch_size))):
            yield augmented(self.X[rows], self.random), self.y[rows]


class EEGNetClassifier(ClassifierMixin, BaseEstimator):
    """EEGNet alone, with the training of the mixtures."""

    def __init__(self, sfreq=128, class_weight="balanced", max_epochs=EPOCHS, random_state=0):
        self.sfreq = sfreq
        self.class_weight = class_weight
        self.max_epochs = max_epochs
        self.random_state = random_state

    def fit(self, X, y):  # noqa: D102
        self.classes_, code = np.unique(y, return_inverse=True)
        self.mean_, self.scale_ = X.mean((0, 2))[:, None], X.std((0, 2))[:, None]
        weight = compute_class_weight(self.class_weight, classes=self.classes_, y=y)
        steps = self.max_epochs * -(-len(y) // BATCH)
        with torch.random.fork_rng():
            torch.manual_seed(self.random_state)
            self.net_ = NeuralNetClassifier(
                _Alone,
                module__n_channels=X.shape[1],
                module__n_times=X.shape[2],
                module__sfreq=self.sfreq,
                module__n_outputs=len(self.classes_),
                criterion=torch.nn.CrossEntropyLoss,
                criterion__weight=torch.tensor(weight, dtype=torch.float32),
                optimizer=torch.optim.AdamW,
                optimizer__weight_decay=1e-4,
                lr=LR,
                batch_size=BATCH,
                max_epochs=self.max_epochs,
                iterator_train=_Shuffled,
                iterator_train__seed=self.random_state,
                train_split=None,
                callbacks=[
                    NormLimit(),
                    LRScheduler(
                        torch.optim.lr_scheduler.OneCycleLR,
                        max_lr=LR,
                        total_steps=steps,
                        step_every="batch",
                    ),
                ],
                verbose=0,
            ).fit(self._standardised(X), code)
        return self

    def predict_proba(self, X):  # noqa: D102
        return self.net_.predict_proba(self._standardised(X)).astype(np.float64)

    def predict(self, X):  # noqa: D102
        return self.classes_[self.predict_proba(X).argmax(1)]

    def _standardised(self, X):
        return ((X - self.mean_) / self.scale_).astype(np.float32)


def scores(y: np.ndarray, found: np.ndarray) -> dict[str, float]:
    return {
        "balanced accuracy": balanced_accuracy_score(y, found),
        "weighted F1": f1_score(y, found, average="weighted"),
        "accuracy": accuracy_score(y, found),
    }


def compare(
    train: tuple[np.ndarray, np.ndarray, np.ndarray],
    test: tuple[np.ndarray, np.ndarray],
    seed: int,
    epochs: int,
) -> dict[str, dict[str, float]]:
    """Fit every model on some windows and score it on others, of other subjects."""
    X, y, groups = train
    Xt, yt = test
    classes = np.unique(y)
    out: dict[str, dict[str, float]] = {}
    start = time.process_time()
    settings = dict(sfreq=SFREQ, max_epochs=epochs, augment=True, random_state=seed)
    mixes: dict[str, Callable[[], Any]] = {
        "Seizure-MoE": lambda: SeizureMoEClassifier(**settings),
        "Mix-MoE": lambda: MixMoEClassifier(**settings),
        "Mix-MoE, no prior correction": lambda: MixMoEClassifier(**settings, prior_correction=None),
        "Mix-MoE, the paper's own expert (ridge, in-sample, k = E)": lambda: MixMoEClassifier(
            traditional_expert="ridge", cv=0, top_k=4, **settings
        ),
    }
    for name, make in mixes.items():
        begun = time.process_time()
        out[name] = scores(yt, make().fit(X, y, groups).predict(Xt))
        out[name]["fit and predict, CPU s"] = time.process_time() - begun

    table = BandSummary(SFREQ).fit(X)
    M, Mt = table.transform(X), table.transform(Xt)
    logistic = LogisticRegression(class_weight="balanced", max_iter=1000)
    traditional = make_pipeline(StandardScaler(), logistic)
    network = EEGNetClassifier(max_epochs=epochs, random_state=seed)
    plain = clone(network).set_params(class_weight=None).fit(X, y)
    out["EEGNet, natural"] = scores(yt, plain.predict(Xt))
    p_network = clone(network).fit(X, y).predict_proba(Xt)
    p_traditional = clone(traditional).fit(M, y).predict_proba(Mt)
    out["EEGNet, class-weighted"] = scores(yt, classes[p_network.argmax(1)])
    out["traditional expert"] = scores(yt, classes[p_traditional.argmax(1)])
    out["soft vote"] = scores(yt, classes[(p_network + p_traditional).argmax(1)])

    folds = list(StratifiedGroupKFold(3, shuffle=True, random_state=seed).split(X, y, groups))
    inside = [
        cross_val_predict(model, data, y, cv=folds, method="predict_proba")
        for model, data in ((network, X), (traditional, M))
    ]
    stack = LogisticRegression(class_weight="balanced", max_iter=1000)
    stack.fit(_logs(*inside), y)
    out["stacking"] = scores(yt, stack.predict(_logs(p_network, p_traditional)))
    print(f"  {time.process_time() - start:.0f} CPU s", flush=True)
    return out


def _logs(*probabilities: np.ndarray) -> np.ndarray:
    return np.column_stack([np.log(np.maximum(p, 1e-4)) for p in probabilities])


def summary(rows: list[dict[str, dict[str, float]]]) -> dict[str, Any]:
    """Mean, spread and all values of each model and score, printed as a table."""
    out: dict[str, Any] = {}
    for name in rows[0]:
        out[name] = {}
        for score in rows[0][name]:
            values = [row[name][score] for row in rows]
            out[name][score] = {
                "mean": float(np.mean(values)),
                "sd": float(np.std(values, ddof=1)) if len(values) > 1 else 0.0,
                "each": [round(float(v), 4) for v in values],
            }
        line = "  ".join(f"{s} {v['mean']:.3f} ± {v['sd']:.3f}" for s, v in out[name].items())
        print(f"  {name:58} {line}", flush=True)
    return out


def synthetic() -> dict[str, Any]:
    """Rare subtypes: 400 windows of 20 subjects to train, 1,200 of 20 others to test."""
    print("synthetic rare subtypes")
    rows = []
    for seed in SEEDS:
        test = rare_subtypes(1200, 1000 + seed)
        rows.append(compare(rare_subtypes(400, seed), test[:2], seed, EPOCHS))
    out = summary(rows)
    mix, own = (
        np.array(out[name]["balanced accuracy"]["each"])
        for name in ("Mix-MoE", "traditional expert")
    )
    network = np.max(
        [out[f"EEGNet, {n}"]["balanced accuracy"]["each"] for n in ("natural", "class-weighted")], 0
    )
    out["bars"] = {
        "mean of Mix-MoE >= 0.92": bool(mix.mean() >= 0.92),
        "each seed >= traditional + 0.10": bool((mix >= own + 0.10).all()),
        "each seed >= best EEGNet + 0.25": bool((mix >= network + 0.25).all()),
        "smallest margin over traditional": float((mix - own).min()),
        "smallest margin over best EEGNet": float((mix - network).min()),
        "a fit <= 20 CPU s": max(out["Mix-MoE"]["fit and predict, CPU s"]["each"]) <= 20,
    }
    print(" ", out["bars"])
    return out


class _Given(BaseEstimator):
    """Manual features computed before, found again by the windows' first sample."""

    def __init__(self, keys, table):
        self.keys = keys
        self.table = table

    def fit(self, X, y=None):
        return self

    def transform(self, X):
        place = {key: i for i, key in enumerate(self.keys)}
        return self.table[[place[float(key)] for key in np.asarray(X)[:, 0, 0]]]

    def fit_transform(self, X, y=None):
        return self.transform(X)


def noise() -> dict[str, Any]:
    """Keep the manual features, but put white noise in the place of the signal."""
    print("signal replaced by white noise")
    out: dict[str, list[float]] = {}
    for seed in SEEDS:
        parts = [rare_subtypes(400, seed), rare_subtypes(1200, 1000 + seed)]
        tables = [BandSummary(SFREQ).fit(X).transform(X) for X, _, _ in parts]
        rng = np.random.default_rng(seed)
        signals = [rng.normal(size=X.shape) for X, _, _ in parts]
        given = _Given(np.concatenate([x[:, 0, 0] for x in signals]), np.concatenate(tables))
        (_, y, groups), (_, yt, _) = parts
        for name, augment in (("Mix-MoE", "auto"), ("Mix-MoE, no augmentation", False)):
            model = MixMoEClassifier(
                given, sfreq=SFREQ, max_epochs=EPOCHS, augment=augment, random_state=seed
            ).fit(signals[0], y, groups)
            score = balanced_accuracy_score(yt, model.predict(signals[1]))
            out.setdefault(name, []).append(score)
        found = model.traditional_expert_.predict(tables[1])
        out.setdefault("traditional expert", []).append(balanced_accuracy_score(yt, found))
    means = {name: float(np.mean(values)) for name, values in out.items()}
    result = {**out, "mean": means, "difference": means["Mix-MoE"] - means["traditional expert"]}
    result["within 0.02"] = abs(result["difference"]) <= 0.02
    print(" ", result, flush=True)
    return result


def _resampled(recording):
    return resample_recording(recording, SFREQ)


def chbmit(path: Path, repeats: int, epochs: int = 30) -> dict[str, Any]:
    """Seizures made rare: 1 ictal window to 20 in training, patients apart, all windows in test."""
    print("CHB-MIT, 1:20")
    X, y = load_chbmit(path, window=4, step=2, preprocess=_resampled)
    signals = np.asarray(X, dtype=np.float32)
    rows = []
    for repeat in range(repeats):
        folds = StratifiedGroupKFold(4, shuffle=True, random_state=repeat)
        for train, test in folds.split(signals, y, X.patient):
            rng = np.random.default_rng(repeat)
            ictal = train[y[train] == 1]
            rest = train[y[train] == 0]
            keep = np.sort(
                np.concatenate([rest, rng.choice(ictal, len(rest) // 20, replace=False)])
            )
            part = signals[keep], y[keep], X.patient[keep]
            rows.append(compare(part, (signals[test], y[test]), repeat, epochs))
    out = summary(rows)
    out["about"] = {
        "windows": len(y),
        "ictal": int(y.sum()),
        "patients": len(np.unique(X.patient)),
        "folds": len(rows),
        "epochs": epochs,
    }
    return out


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--chbmit", type=Path, help="folder of the CHB-MIT EEG")
    parser.add_argument("--repeats", type=int, default=1, help="draws of CHB-MIT, 4 folds each")
    parser.add_argument("--skip-synthetic", action="store_true")
    parser.add_argument("--skip-noise", action="store_true")
    options = parser.parse_args()
    torch.set_num_threads(1)
    file = Path(__file__).with_suffix(".json")
    results = json.loads(file.read_text()) if file.is_file() else {}
    if not options.skip_synthetic:
        results["synthetic"] = synthetic()
        file.write_text(json.dumps(results, indent=1) + "\n")
    if not options.skip_noise:
        results["white noise"] = noise()
        file.write_text(json.dumps(results, indent=1) + "\n")
    if options.chbmit:
        results["CHB-MIT 1:20"] = chbmit(options.chbmit, options.repeats)
        file.write_text(json.dumps(results, indent=1) + "\n")


if __name__ == "__main__":
    main()
