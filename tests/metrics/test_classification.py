"""Sensitivity and specificity per sample."""

import numpy as np
import pytest
from imblearn.metrics import sensitivity_score as imb_sensitivity
from imblearn.metrics import specificity_score as imb_specificity
from sklearn.exceptions import UndefinedMetricWarning
from sklearn.metrics import make_scorer
from sklearn.model_selection import cross_val_score
from sklearn.tree import DecisionTreeClassifier

from skseizure.metrics import sensitivity_score, specificity_score

TRUE = np.array([0, 0, 0, 1, 1, 1, 1, 0])
PRED = np.array([0, 1, 0, 1, 1, 0, 1, 0])


@pytest.mark.parametrize(
    "labels", [(0, 1), (-1, 1), (False, True), ("bckg", "seiz"), ("interictal", "ictal")], ids=str
)
def test_positive_is_the_seizure(labels):
    true, pred = np.array(labels)[TRUE], np.array(labels)[PRED]
    assert sensitivity_score(true, pred) == 3 / 4
    assert specificity_score(true, pred) == 3 / 4
    assert sensitivity_score(true[:4], pred[:4]) == 1
    assert specificity_score(true[:4], pred[:4]) == pytest.approx(2 / 3)
    # The other class as positive exchanges the two.
    assert specificity_score(true[:4], pred[:4], pos_label=labels[0]) == 1
    assert sensitivity_score(true[:4].tolist(), pred[:4].tolist(), pos_label=labels[0]) == 2 / 3


def test_equal_to_imbalanced_learn(rng):
    for _ in range(20):
        true, pred = rng.integers(0, 2, size=(2, 50))
        assert sensitivity_score(true, pred) == pytest.approx(imb_sensitivity(true, pred))
        assert specificity_score(true, pred) == pytest.approx(imb_specificity(true, pred))


def test_weighted_scores_are_weighted_shares(rng):
    true, pred = rng.integers(0, 2, size=(2, 50))
    weight = rng.random(50)
    for score, c in ((sensitivity_score, 1), (specificity_score, 0)):
        share = np.average(pred[true == c] == c, weights=weight[true == c])
        assert score(true, pred, sample_weight=weight) == pytest.approx(share)


def test_undefined_follows_scikit_learn():
    with pytest.warns(UndefinedMetricWarning):
        assert sensitivity_score([0, 0], [0, 1]) == 0
    with pytest.warns(UndefinedMetricWarning):
        assert specificity_score([1, 1], [0, 1]) == 0
    assert np.isnan(sensitivity_score([0, 0], [0, 1], zero_division=np.nan))
    assert specificity_score([1, 1], [0, 1], zero_division=1.0) == 1


@pytest.mark.parametrize(
    ("alone", "positive"), [(0, 1), (-1, 1), (False, True), (1, 2), ("bckg", "seiz")], ids=str
)
def test_positive_class_may_be_missing(alone, positive):
    assert specificity_score([alone] * 2, [alone] * 2, pos_label=positive) == 1
    assert np.isnan(
        sensitivity_score([alone] * 2, [alone] * 2, pos_label=positive, zero_division=np.nan)
    )
    assert sensitivity_score([alone] * 2, [alone] * 2, pos_label=alone) == 1


def test_one_label_alone():
    """1 alone could be the background of labels 1 and 2, and "bckg" of any name of the seizure."""
    assert sensitivity_score([True, True], [True, True]) == 1
    assert sensitivity_score([1, 1], [1, 1], pos_label=1) == 1
    assert specificity_score([1, 1], [1, 1], pos_label=2) == 1
    assert specificity_score([0, 0], [0, 0]) == 1
    assert sensitivity_score(["seiz"] * 2, ["seiz"] * 2) == 1
    for label in (1, 2, "bckg"):
        with pytest.raises(ValueError, match=f"y_pred: the class {label!r} alone .*pass pos_label"):
            sensitivity_score([label] * 2, [label] * 2)


@pytest.mark.parametrize(
    ("ictal", "other"),
    [
        ("ictal", "interictal"),
        ("abnormal", "normal"),
        ("seizure", "seizure-free"),
        ("Seizure", "background"),
        ("sz", "bckg"),
    ],
)
def test_the_alphabet_does_not_say_what_is_positive(ictal, other):
    true = [ictal] * 20 + [other] * 80
    pred = [ictal] * 10 + [other] * 10 + [ictal] * 5 + [other] * 75
    assert sensitivity_score(true, pred) == 0.5
    assert specificity_score(true, pred) == 0.9375


@pytest.mark.parametrize("labels", [(1, 2), (0, 2), ("a", "b"), ("preictal", "interictal")])
def test_positive_class_must_be_said_where_nothing_tells(labels):
    true, pred = np.array(labels)[TRUE], np.array(labels)[PRED]
    for score in (sensitivity_score, specificity_score):
        with pytest.raises(ValueError, match=r"the classes \[.*\] do not tell .* pass pos_label="):
            score(true, pred)
        assert score(true, pred, pos_label=labels[1]) == 3 / 4


@pytest.mark.parametrize(
    ("true", "pred", "kwargs", "message"),
    [
        ([0, 1, 2], [0, 1, 2], {}, r"y_pred: the classes are \[0, 1, 2\]; two classes"),
        ([0, 1], [1, 0], dict(pos_label=2), r"pos_label=2 is not a valid label; .* \[0, 1\]"),
        ([0, 0], [0, 0], dict(pos_label="5"), r"pos_label='5' is not a valid label; .* \[0\]"),
        ([False], [False], dict(pos_label="seiz"), "pos_label='seiz' is not a valid label"),
        ([0, 1, 1], [1, 0], {}, "inconsistent numbers of samples"),
    ],
)
def test_bad_labels_are_refused(true, pred, kwargs, message):
    for score in (sensitivity_score, specificity_score):
        with pytest.raises(ValueError, match=message):
            score(true, pred, **kwargs)


def test_as_a_scorer(rng):
    X = rng.normal(size=(60, 1))
    y = np.where(X[:, 0] > 0.3, "seiz", "bckg")
    scores = cross_val_score(DecisionTreeClassifier(), X, y, scoring=make_scorer(specificity_score))
    assert scores.mean() > 0.9
