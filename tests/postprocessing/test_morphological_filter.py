import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st
from sklearn.linear_model import LogisticRegression
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import FunctionTransformer
from sklearn.svm import LinearSVC

from skseizure.postprocessing import (
    MorphologicalFilterClassifier,
    aggregate_and_filter,
    morphological_filter,
)

from ._toys import Echo, EchoMembers, windows_of


def fitted(estimator, classes=(0, 1), **params):
    model = MorphologicalFilterClassifier(estimator, **params)
    return model.fit(windows_of([0, 1]), np.array(classes))


def test_labels_are_filtered_in_the_original_classes(rng):
    psi = np.repeat(rng.random(30) < 0.4, 4)
    model = fitted(Echo(), classes=["calm", "ictal"], window=3, neighborhood=1)
    expected = np.where(morphological_filter(psi, 3, 1), "ictal", "calm")
    assert np.array_equal(model.predict(windows_of(psi)), expected)
    assert not np.array_equal(expected == "ictal", psi)


@settings(max_examples=40)
@given(st.integers(0, 2**32 - 1))
def test_rows_in_any_order_give_the_same_label_to_each_window(seed):
    rng = np.random.default_rng(seed)
    psi = np.repeat(rng.random(30) < 0.4, 4)
    X = windows_of(psi, record=np.repeat(["a", "b"], 60), onset=np.tile(np.arange(60.0), 2))
    model = fitted(Echo(), window=3, neighborhood=1)
    shuffled = rng.permutation(len(X))
    assert np.array_equal(model.predict(X[shuffled]), model.predict(X)[shuffled])


def test_records_and_gaps_part_the_filter():
    # Blocks of one window, S on both sides of a border: filled only where there is no border.
    psi = [0, 1, 1, 0, 1, 1, 0, 0]
    model = fitted(Echo(), window=1, neighborhood=1)
    assert model.predict(windows_of(psi))[3] == 1
    record = ["a"] * 4 + ["b"] * 4
    assert model.predict(windows_of(psi, record=record))[3] == 0
    onset = [0, 1, 2, 3, 5, 6, 7, 8.0]
    assert model.predict(windows_of(psi, onset=onset))[3] == 0
    onset = [0, 1, 2, 3, 4.5, 5.5, 6.5, 7.5]
    assert model.predict(windows_of(psi, onset=onset))[3] == 1


def test_each_record_as_if_alone(rng):
    psi = rng.random((3, 40)) < 0.5
    model = fitted(Echo(), window=2, neighborhood=2)
    record, onset = np.repeat(list("abc"), 40), np.tile(np.arange(40.0), 3)
    together = model.predict(windows_of(psi.ravel(), record=record, onset=onset))
    alone = [model.predict(windows_of(one)) for one in psi]
    assert np.array_equal(together, np.concatenate(alone))


def test_bare_array_is_one_record_in_row_order(rng):
    psi = np.repeat(rng.random(20) < 0.4, 5)
    X = psi.astype(float).reshape(-1, 1)
    model = MorphologicalFilterClassifier(LogisticRegression(C=100)).fit(X, psi)
    assert np.array_equal(model.predict(X), morphological_filter(psi))
    assert model.n_features_in_ == 1


def test_members_are_joined_one_by_one(rng):
    members = np.repeat(rng.random((4, 25)) < 0.25, 4, axis=1)
    X = windows_of(members.T)
    expected = aggregate_and_filter(members, 3, 1)
    assert not np.array_equal(expected, morphological_filter(members.any(axis=0), 3, 1))
    model = fitted(EchoMembers(), window=3, neighborhood=1)
    assert np.array_equal(model.predict(X), expected)
    swapped = rng.permutation(len(X))
    assert np.array_equal(model.predict(X[swapped]), expected[swapped])


def test_members_are_found_at_the_end_of_a_pipeline(rng):
    members = np.repeat(rng.random((4, 25)) < 0.25, 4, axis=1)
    expected = aggregate_and_filter(members, 3, 1)
    pipeline = make_pipeline(FunctionTransformer(np.logical_not), EchoMembers())
    model = fitted(pipeline, window=3, neighborhood=1)
    assert np.array_equal(model.predict(windows_of(~members.T)), expected)
    alone = fitted(make_pipeline(EchoMembers()), window=3, neighborhood=1)
    assert np.array_equal(alone.predict(windows_of(members.T)), expected)


def test_scores_are_the_inner_ones():
    X, y = np.random.default_rng(0).normal(size=(60, 3)), np.arange(60) % 2
    model = MorphologicalFilterClassifier(LogisticRegression()).fit(X, y)
    assert np.array_equal(model.predict_proba(X), model.estimator_.predict_proba(X))
    assert np.array_equal(model.decision_function(X), model.estimator_.decision_function(X))
    svc = MorphologicalFilterClassifier(LinearSVC())
    assert not hasattr(svc, "predict_proba") and hasattr(svc, "decision_function")
    assert not hasattr(fitted(Echo()), "decision_function")
