"""Our parts beside imbalanced-learn's samplers and ensembles."""

import numpy as np
import pytest
from imblearn import FunctionSampler
from imblearn.ensemble import BalancedBaggingClassifier, BalancedRandomForestClassifier
from imblearn.over_sampling import SMOTE
from imblearn.pipeline import make_pipeline
from imblearn.under_sampling import RandomUnderSampler
from sklearn.linear_model import LogisticRegression
from sklearn.metrics import balanced_accuracy_score, recall_score
from sklearn.model_selection import cross_val_score
from sklearn.preprocessing import StandardScaler

from skseizure.ensemble import MetaSamplerClassifier
from skseizure.evolution import CNBCEnsembleClassifier
from skseizure.features import FeatureNormalizer
from skseizure.fuzzy import TSKClassifier, explain_sample, export_rules
from skseizure.model_selection import StratifiedPatientKFold
from skseizure.postprocessing import MorphologicalFilterClassifier, SeizureDetector

from ._parts import NETWORK, features, rare_table


def test_sampler_between_features_and_their_forest(toy):
    """The same as resampling the table by hand."""
    X, y, _ = toy
    forest = BalancedRandomForestClassifier(10, random_state=0)
    pipe = make_pipeline(features(), RandomUnderSampler(random_state=0), forest).fit(X, y)
    table = features().fit_transform(X)
    by_hand = forest.fit(*RandomUnderSampler(random_state=0).fit_resample(table, y))
    np.testing.assert_array_equal(pipe.predict_proba(X), by_hand.predict_proba(table))
    scores = cross_val_score(pipe, X, y, cv=StratifiedPatientKFold(2), scoring="balanced_accuracy")
    assert scores.mean() > 0.9


def test_oversampling_before_the_meta_sampler(toy):
    X, y, _ = toy
    pipe = make_pipeline(
        features(), SMOTE(random_state=0), MetaSamplerClassifier(sampler=0.9, random_state=0)
    )
    detector = SeizureDetector(pipe, smoothing=4).fit(X, y)
    # 72 % of the windows are background, and SMOTE drew seizures until there were as many.
    assert detector.estimator_[-1].estimators_samples_[0].size > 2 * y.sum()
    assert balanced_accuracy_score(y, detector.predict(X)) > 0.9


def test_windows_are_dropped_before_features(toy):
    """Their samplers take tables; a FunctionSampler without validation takes windows."""
    X, y, _ = toy
    with pytest.raises(ValueError, match="Found array with dim 3"):
        make_pipeline(RandomUnderSampler(), features(), TSKClassifier()).fit(X, y)
    thin = FunctionSampler(func=lambda X, y: (X[::2], y[::2]), validate=False)
    pipe = make_pipeline(thin, features(), StandardScaler(), LogisticRegression()).fit(X, y)
    by_hand = make_pipeline(*pipe[1:]).fit(X[::2], y[::2])
    np.testing.assert_array_equal(pipe.predict_proba(X), by_hand.predict_proba(X))


def test_sampler_before_the_cnbc_inside_the_filter(toy):
    """Names of columns survive the sampler, and the filter reaches the networks behind it."""
    X, y, _ = toy
    pipe = make_pipeline(
        features(),
        FeatureNormalizer(),
        RandomUnderSampler(random_state=0),
        CNBCEnsembleClassifier(NETWORK, 2, random_state=0),
    ).set_output(transform="pandas")
    filtered = MorphologicalFilterClassifier(pipe, window=3, neighborhood=1).fit(X, y)
    networks = filtered.estimator_[-1]
    assert networks.channel_names_ == ["F3-C3", "C3-P3"]
    assert networks.group_names_ == ["low", "high"]
    assert balanced_accuracy_score(y, filtered.predict(X)) > 0.9


def test_rules_behind_a_sampler_are_in_the_units_of_the_features(toy):
    X, y, _ = toy
    steps = features(), StandardScaler(), RandomUnderSampler(random_state=0), TSKClassifier(3)
    pipe = make_pipeline(*steps).fit(X, y)
    plain = make_pipeline(pipe[0], pipe[1], pipe[3])  # the same fitted steps, no sampler
    assert str(export_rules(pipe)) == str(export_rules(plain))
    assert explain_sample(pipe, X[[20]]).decision == explain_sample(plain, X[[20]]).decision


def test_fuzzy_members_of_a_balanced_bag():
    """Rules that learn from even classes find the rare one."""
    X, y = rare_table(n_features=3)
    X_test, y_test = rare_table(1, n_features=3)
    bag = BalancedBaggingClassifier(TSKClassifier(3), n_estimators=5, random_state=0).fit(X, y)
    alone = TSKClassifier(3, random_state=0).fit(X, y)
    sensitivity = [recall_score(y_test, model.predict(X_test)) for model in (bag, alone)]
    assert sensitivity[0] > 0.7 > 0.5 > sensitivity[1]
    assert balanced_accuracy_score(y_test, bag.predict(X_test)) > 0.75
