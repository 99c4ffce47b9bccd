"""Our parts in scikit-learn's searches, curves and selectors of features."""

import numpy as np
import pandas as pd
import pytest
from sklearn import config_context
from sklearn.base import clone
from sklearn.compose import ColumnTransformer
from sklearn.ensemble import BaggingClassifier
from sklearn.experimental import enable_halving_search_cv  # noqa: F401
from sklearn.feature_selection import SequentialFeatureSelector
from sklearn.inspection import permutation_importance
from sklearn.metrics import RocCurveDisplay, roc_auc_score
from sklearn.model_selection import (
    GridSearchCV,
    HalvingRandomSearchCV,
    StratifiedKFold,
    cross_val_score,
    cross_validate,
    learning_curve,
)
from sklearn.pipeline import make_pipeline

from skseizure.evolution import CNBCClassifier
from skseizure.features import BandFeatures, FeatureNormalizer
from skseizure.fuzzy import TSKClassifier
from skseizure.metrics import event_scores, make_event_scorer
from skseizure.model_selection import LeaveOnePatientOut, RecordKFold, StratifiedPatientKFold
from skseizure.moe import MixMoEClassifier

from ._parts import MOE, NETWORK, classifier, detector, features, rare_table


def test_halving_by_windows(toy):
    """The resource is windows, of whole patients on either side."""
    X, y, _ = toy
    search = HalvingRandomSearchCV(
        classifier(),
        {"logisticregression__C": [1e-9, 1e-8, 1e-7, 1.0]},
        n_candidates=4,
        factor=2,
        min_resources=59,
        cv=StratifiedPatientKFold(2),
        scoring="balanced_accuracy",
        random_state=0,
    ).fit(X, y)
    assert search.n_resources_ == [59, 118, 236] and search.n_candidates_ == [4, 2, 1]
    assert search.best_params_ == {"logisticregression__C": 1.0} and search.best_score_ > 0.9


def test_halving_by_iterations_of_the_swarm():
    X, y = rare_table(n_majority=150, n_minority=50)
    search = HalvingRandomSearchCV(
        make_pipeline(FeatureNormalizer(), NETWORK),
        {"evolvedmlpclassifier__swarm_size": [4, 10, 20, 40]},
        resource="evolvedmlpclassifier__max_iter",
        min_resources=5,
        max_resources=20,
        n_candidates=4,
        factor=2,
        cv=3,
        random_state=0,
    ).fit(X, y)
    assert search.n_resources_ == [5, 10, 20]
    assert search.best_params_["evolvedmlpclassifier__max_iter"] == 20
    assert search.best_score_ > 0.8  # 0.75 of the rows are of one class


def test_sequential_selection_for_fuzzy_rules():
    """It takes the columns that tell, by name, the best one first."""
    X, y = rare_table(n_majority=200, n_minority=100)
    table = pd.DataFrame(X, columns=[f"C3-P3__low__f{i}" for i in range(6)])
    rules = TSKClassifier(2, random_state=0)
    cv = StratifiedKFold(3)
    first = SequentialFeatureSelector(rules, n_features_to_select=1, cv=cv).fit(table, y)
    alone = [cross_val_score(rules, table[[name]], y, cv=cv).mean() for name in table]
    assert first.get_support(indices=True).tolist() == [np.argmax(alone)]
    three = SequentialFeatureSelector(rules, n_features_to_select=3, cv=cv)
    pipe = make_pipeline(three.set_output(transform="pandas"), rules).fit(table, y)
    assert pipe[-1].feature_names_in_.tolist() == table.columns[:3].tolist()


def test_permutation_importance_of_columns():
    """It ranks the columns that tell before the others."""
    X, y = rare_table(n_majority=200, n_minority=100)
    table = pd.DataFrame(X, columns=[f"C3-P3__low__f{i}" for i in range(6)])
    model = CNBCClassifier(NETWORK, random_state=0).fit(table, y)
    drop = permutation_importance(
        model, table, y, n_repeats=5, scoring="balanced_accuracy", random_state=0
    )
    assert drop.importances_mean[:3].min() > 2 * abs(drop.importances_mean[3:]).max()


@pytest.mark.parametrize(
    "tool",
    [
        lambda X, y: permutation_importance(classifier().fit(X, y), X, y),
        lambda X, y: SequentialFeatureSelector(classifier()).fit(X, y),
        lambda X, y: BaggingClassifier(classifier()).fit(X, y),
        lambda X, y: ColumnTransformer([("bands", features(), [0])]).fit(X, y),
    ],
    ids=["permutation_importance", "SequentialFeatureSelector", "Bagging", "ColumnTransformer"],
)
def test_tools_that_work_on_columns_refuse_windows(tool, toy):
    X, y, _ = toy
    with pytest.raises(ValueError, match=r"Found array with dim 3|should be a 2D .* 3 dimension"):
        tool(X, y)


def test_learning_curve_of_whole_patients(toy):
    X, y, _ = toy
    cv = StratifiedPatientKFold(2)
    sizes, train, test = learning_curve(
        detector(), X, y, cv=cv, train_sizes=[0.7, 1.0], scoring="balanced_accuracy"
    )
    assert sizes.tolist() == [82, 118] and train.shape == test.shape == (2, 2)
    by_hand = cross_val_score(detector(), X, y, cv=cv, scoring="balanced_accuracy")
    np.testing.assert_array_equal(test[-1], by_hand)
    assert test[-1].mean() > 0.9


def test_cross_validation_with_several_scores(toy):
    """Scores of events and of windows side by side, each as computed by hand."""
    X, y, _ = toy
    result = cross_validate(
        detector(), X, y, cv=LeaveOnePatientOut(), return_estimator=True, return_indices=True,
        scoring={"events": make_event_scorer("sensitivity"), "auc": "roc_auc"},
    )  # fmt: skip
    for i, (model, rows) in enumerate(
        zip(result["estimator"], result["indices"]["test"], strict=True)
    ):
        assert len(set(X.patient[rows])) == 1
        truth = X[rows].to_events(y[rows])
        found = model.predict_events(X[rows])
        assert result["test_events"][i] == event_scores(truth, found).sensitivity == 1
        auc = roc_auc_score(y[rows], model.predict_proba(X[rows])[:, 1])
        assert result["test_auc"][i] == pytest.approx(auc)


def test_groups_reach_splitter_and_mixture_by_routing(toy):
    """Under metadata routing one ``groups`` parts folds of the search and of the classifier."""
    X, y, _ = toy
    mixture = MixMoEClassifier(
        BandFeatures(["std"], {"low": (1, 30)}), cv=3, **MOE | {"max_epochs": 3}
    )
    with config_context(enable_metadata_routing=True):
        mixture.set_fit_request(groups=True)
        search = GridSearchCV(
            mixture, {"w_agree": [0.1, 0.5]}, cv=StratifiedPatientKFold(4), error_score="raise"
        ).fit(X, y, groups=X.record)  # four records, of two patients
        assert search.n_splits_ == 4
        alike = clone(mixture).set_params(**search.best_params_).fit(X, y, groups=X.record)
        # 24 records of ten windows: other folds for the traditional expert, other weights.
        other = clone(mixture).set_params(**search.best_params_).fit(X, y, groups=X.onset // 10)
    best = search.best_estimator_.predict_proba(X)
    np.testing.assert_array_equal(best, alike.predict_proba(X))
    assert not np.array_equal(best, other.predict_proba(X))


def test_curve_drawn_from_windows(toy):
    X, y, _ = toy
    train, test = next(RecordKFold(2).split(X))
    model = detector().fit(X[train], y[train])
    curve = RocCurveDisplay.from_estimator(model, X[test], y[test])
    assert curve.roc_auc == roc_auc_score(y[test], model.predict_proba(X[test])[:, 1]) > 0.9


def test_features_are_not_touched_by_a_search(toy):
    """A search clones: the detector that was given stays unfitted."""
    X, y, _ = toy
    given = detector()
    GridSearchCV(given, {"threshold": [0.3, 0.5]}, cv=RecordKFold(2)).fit(X, y)
    assert not hasattr(given, "estimator_") and not hasattr(given.estimator[0], "sfreq_")
    assert features().get_params()["measures"] == ["std", "line_length"]
