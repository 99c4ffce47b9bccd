"""Our parts inside scikit-learn's composite estimators, and around them."""

import numpy as np
import pandas as pd
import pytest
from sklearn.calibration import CalibratedClassifierCV
from sklearn.compose import make_column_selector, make_column_transformer
from sklearn.ensemble import BaggingClassifier, StackingClassifier, VotingClassifier
from sklearn.linear_model import LogisticRegression
from sklearn.metrics import brier_score_loss, precision_score
from sklearn.model_selection import TunedThresholdClassifierCV
from sklearn.multiclass import OneVsRestClassifier
from sklearn.pipeline import FeatureUnion, make_pipeline
from sklearn.preprocessing import FunctionTransformer, MinMaxScaler, StandardScaler

from skseizure.ensemble import MetaSamplerClassifier
from skseizure.evolution import CNBCClassifier
from skseizure.features import STFTFeatures
from skseizure.fuzzy import TSKClassifier
from skseizure.model_selection import RecordKFold
from skseizure.moe import SeizureMoEClassifier
from skseizure.postprocessing import SeizureDetector
from skseizure.signals import Windows

from ._parts import MOE, NETWORK, classifier, features, rare_table


def union(**options):
    """Two transformers of windows side by side."""
    return FeatureUnion(
        [("bands", features()), ("stft", STFTFeatures({"slow": (0, 4)}, segment=32))], **options
    )


def test_feature_union_of_windows(toy):
    X, _, _ = toy
    parts = [part.fit(X) for _, part in union().transformer_list]
    both = union().set_output(transform="pandas").fit_transform(X)
    np.testing.assert_array_equal(both, np.hstack([part.transform(X) for part in parts]))
    names = [name for part in parts for name in part.get_feature_names_out()]
    assert both.columns.tolist() == [f"bands__{n}" for n in names[:8]] + [
        f"stft__{n}" for n in names[8:]
    ]


@pytest.mark.parametrize("prefixed", [True, False])
def test_prefixes_of_a_union_make_channels_of_their_own(prefixed, toy):
    """The CNBC takes what stands before the group for the channel."""
    X, y, _ = toy
    both = union(verbose_feature_names_out=prefixed)
    scaler = StandardScaler()
    pipe = make_pipeline(both, scaler, CNBCClassifier(NETWORK)).set_output(transform="pandas")
    network = pipe.fit(X, y)[-1]
    plain = ["F3-C3", "C3-P3"]
    prefixes = [f"{part}__{name}" for part in ("bands", "stft") for name in plain]
    assert network.channel_names_ == (prefixes if prefixed else plain)
    assert network.group_names_ == ["low", "high", "slow"]


def test_cnbc_behind_a_column_transformer(toy):
    """Columns come out in another order; their names tell the CNBC what they are."""
    X, y, _ = toy
    scaled = make_column_transformer(
        (StandardScaler(), make_column_selector("__high__")),
        (MinMaxScaler((-1, 1)), make_column_selector("__low__")),
        verbose_feature_names_out=False,
    )
    pipe = make_pipeline(features(), scaled, CNBCClassifier(NETWORK, random_state=0))
    pipe.set_output(transform="pandas").fit(X, y)
    names = pipe[-1].feature_names_in_
    assert sorted(names) == sorted(pipe[0].get_feature_names_out())
    for channel, groups in pipe[-1].columns_.items():
        for group, columns in groups.items():
            assert all(name.startswith(f"{channel}__{group}__") for name in names[columns])
    assert pipe[-1].channel_names_ == ["F3-C3", "C3-P3"] and pipe.score(X, y) > 0.9
    with pytest.raises(ValueError, match="feature names should match"):
        pipe[-1].predict(pd.DataFrame(np.zeros((2, 8)), columns=names[::-1]))


def test_functions_on_windows_and_on_features(toy):
    """A function of windows returns windows; what follows still sees channels and time."""
    X, y, _ = toy
    pipe = make_pipeline(
        FunctionTransformer(Windows.pick, kw_args={"ch_names": ["C3-P3"]}),
        features(),
        FunctionTransformer(np.log, feature_names_out="one-to-one"),
        StandardScaler(),
        LogisticRegression(),
    ).fit(X, y)
    names = features().fit(X.pick(["C3-P3"])).get_feature_names_out()
    assert pipe[1:3].get_feature_names_out().tolist() == names.tolist()
    by_hand = make_pipeline(StandardScaler(), LogisticRegression())
    table = np.log(features().fit_transform(X.pick(["C3-P3"])))
    np.testing.assert_array_equal(pipe.predict_proba(X), by_hand.fit(table, y).predict_proba(table))


def test_cached_steps(toy, tmp_path):
    """The features are computed once, and the pipeline around them is the same."""
    X, y, _ = toy
    steps = features(), StandardScaler(), LogisticRegression()
    plain = SeizureDetector(make_pipeline(*steps)).fit(X, y).predict_proba(X)
    for _ in range(2):
        cached = SeizureDetector(make_pipeline(*steps, memory=str(tmp_path))).fit(X, y)
        np.testing.assert_array_equal(cached.predict_proba(X), plain)
    assert len(list(tmp_path.rglob("output.pkl"))) == 2  # features and scaler


def test_vote_of_network_and_features(toy):
    """Both take the raw windows; the vote is the mean of their probabilities."""
    X, y, _ = toy
    vote = VotingClassifier(
        [("network", SeizureMoEClassifier(**MOE)), ("bands", classifier())], voting="soft"
    ).fit(X, y)
    mean = np.mean([part.predict_proba(X) for part in vote.estimators_], axis=0)
    np.testing.assert_allclose(vote.predict_proba(X), mean, rtol=1e-12)
    assert vote.score(X, y) > 0.95


def test_stack_of_network_and_features(toy):
    """Folds of whole records, on windows; passthrough would put signals beside probabilities."""
    X, y, _ = toy
    parts = [
        ("network", SeizureMoEClassifier(**MOE)),
        ("rules", make_pipeline(features(), StandardScaler(), TSKClassifier(3, random_state=0))),
    ]
    stack = StackingClassifier(parts, cv=RecordKFold(2)).fit(X, y)
    assert stack.transform(X).shape == (len(X), 2) and stack.score(X, y) > 0.95
    through = StackingClassifier(
        [("rules", classifier()), ("more", classifier())], cv=RecordKFold(2), passthrough=True
    )
    with pytest.raises(ValueError, match="same number of dimensions"):
        through.fit(X, y)


def test_calibration_of_the_meta_sampler():
    """Its members see even classes: uncalibrated probabilities of the rare class are too high."""
    X, y = rare_table()
    X_test, y_test = rare_table(1)
    model = MetaSamplerClassifier(sampler=0.9, random_state=0)
    raw = model.fit(X, y).predict_proba(X_test)[:, 1]
    calibrated = CalibratedClassifierCV(model, cv=3).fit(X, y).predict_proba(X_test)[:, 1]
    assert raw.mean() > 2 * y_test.mean()
    assert 0.8 * y_test.mean() < calibrated.mean() < 1.25 * y_test.mean()
    assert brier_score_loss(y_test, calibrated) < 0.6 * brier_score_loss(y_test, raw)


def test_threshold_of_the_meta_sampler():
    X, y = rare_table()
    X_test, y_test = rare_table(1)
    model = MetaSamplerClassifier(sampler=0.9, random_state=0)
    tuned = TunedThresholdClassifierCV(model, scoring="f1", cv=3, random_state=0).fit(X, y)
    assert 0.55 < tuned.best_threshold_ < 0.9
    probability = model.fit(X, y).predict_proba(X_test)[:, 1]
    np.testing.assert_array_equal(tuned.predict(X_test), probability >= tuned.best_threshold_)
    precision = [precision_score(y_test, m.predict(X_test)) for m in (tuned, model)]
    assert precision[0] > precision[1] + 0.05


def test_detector_around_tuned_and_calibrated_classifiers(toy):
    X, y, _ = toy
    for wrapper in (CalibratedClassifierCV, TunedThresholdClassifierCV):
        inner = wrapper(classifier(), cv=RecordKFold(2))
        detector = SeizureDetector(inner, smoothing=0, min_duration=0, merge_gap=0).fit(X, y)
        probability = inner.fit(X, y).predict_proba(X)[:, 1]
        np.testing.assert_array_equal(detector.predict_proba(X)[:, 1], probability)
        np.testing.assert_array_equal(detector.predict(X), (probability >= 0.5).astype(int))


def test_one_vs_rest_of_binary_estimators(toy):
    """Three classes for the CNBC, which knows two; data frames and windows go through."""
    X, y, _ = toy
    kinds = np.where(y == 0, "none", np.where(X.record < "r2", "first", "second"))
    loud = Windows(
        np.asarray(X) * np.where(kinds == "second", 5, 1)[:, None, None], sfreq=X.sfreq,
        record=X.record, onset=X.onset, ch_names=X.ch_names,
    )  # fmt: skip
    inner = make_pipeline(features(), StandardScaler(), CNBCClassifier(NETWORK))
    model = OneVsRestClassifier(inner.set_output(transform="pandas")).fit(loud, kinds)
    assert model.classes_.tolist() == ["first", "none", "second"]
    assert all(part[-1].channel_names_ == ["F3-C3", "C3-P3"] for part in model.estimators_)
    assert model.score(loud, kinds) > 0.9


def test_bag_of_rules_behind_features(toy):
    X, y, _ = toy
    bag = BaggingClassifier(TSKClassifier(3), 3, max_samples=0.5, random_state=0)
    assert make_pipeline(features(), StandardScaler(), bag).fit(X, y).score(X, y) > 0.9
