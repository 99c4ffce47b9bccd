import functools
import pickle
from datetime import datetime

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.stats import rankdata
from sklearn import config_context
from sklearn.base import BaseEstimator, TransformerMixin, clone
from sklearn.linear_model import LogisticRegression
from sklearn.model_selection import GridSearchCV, KFold
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import FunctionTransformer, RobustScaler, StandardScaler

from skseizure._core.horizon import window_span
from skseizure.features import BandFeatures, ChannelPooling, PatientScaler
from skseizure.model_selection import LeaveOnePatientOut
from skseizure.postprocessing import SeizureDetector
from skseizure.signals import Recording, Windows

METHODS = ("standard", "robust", "rank")


class First(TransformerMixin, BaseEstimator):
    """The first samples of a window are its features."""

    def fit(self, X, y=None):
        return self

    def transform(self, X):
        return np.asarray(X)[:, 0, :3].astype(float)


def naive_one(past, row, method):
    """Scale a row by some rows, column by column."""
    out = []
    for column, value in zip(past.T, row, strict=True):
        if method == "rank":
            out.append((np.sum(column < value) + np.sum(column == value) / 2) / len(column))
            continue
        center, spread = column.mean(), column.std()
        if method == "robust":
            low, center, high = np.percentile(column, [25, 50, 75])
            spread = high - low if high > low else spread
        constant = column.min() == column.max()
        out.append(0.0 if constant else (value - center) / spread)
    return out


def naive(table, owner, moment, method, *, causal):
    """Each row by the rows of its owner, or by those of them that are not later."""
    out = np.empty(table.shape)
    for i in range(len(table)):
        mine = owner == owner[i]
        if causal:
            mine &= moment <= moment[i]
        out[i] = naive_one(table[mine], table[i], method)
    return out


@functools.cache
def recorded():
    """Two patients, three records that say when they began; values that often are equal."""
    rng = np.random.default_rng(0)
    parts = []
    for record, patient, hour, n in [("b2", "b", 9, 14), ("a1", "a", 8, 17), ("b1", "b", 8, 16)]:
        signal = rng.normal(size=(1, 4 * n)).round(1) + 10 * (patient == "b")
        recording = Recording(
            signal, 4, ["C3"], record=record, patient=patient, start=datetime(2020, 1, 1, hour)
        )
        parts.append(Windows.from_recording(recording, window=1))
    return Windows.concatenate(parts)


def clock(X):
    return X.onset + 3600 * (X.record == "b2")


@pytest.mark.parametrize("by", ["patient", "record"])
@pytest.mark.parametrize("causal", [False, True])
@pytest.mark.parametrize("method", METHODS)
def test_same_as_one_loop_over_rows(method, causal, by):
    X = recorded()
    own = PatientScaler(First(), method, by=by, causal=causal, min_windows=1)
    expected = naive(First().transform(X), getattr(X, by), clock(X), method, causal=causal)
    np.testing.assert_allclose(own.fit_transform(X), expected, rtol=1e-12, atol=1e-12)
    np.testing.assert_array_equal(own.fit(X).transform(X), own.fit_transform(X))


def test_by_hand():
    table = np.array([[1.0], [3], [5], [30], [10]])
    groups = ["a", "a", "a", "b", "b"]
    scaler = PatientScaler(min_windows=2)
    np.testing.assert_allclose(
        scaler.fit_transform(table, groups=groups)[:, 0],
        [-np.sqrt(1.5), 0, np.sqrt(1.5), 1, -1],
    )
    # The typical patient: medians of the means 3 and 20, and of the deviations 1.63 and 10.
    np.testing.assert_allclose(scaler.center_, [11.5])
    np.testing.assert_allclose(scaler.scale_, [(np.sqrt(8 / 3) + 10) / 2])
    ranks = PatientScaler(method="rank", min_windows=2).fit_transform(table, groups=groups)
    np.testing.assert_allclose(ranks[:, 0], [1 / 6, 3 / 6, 5 / 6, 3 / 4, 1 / 4])
    # Causal, row after row: 1 alone; 3 of (1, 3); 5 of (1, 3, 5).
    running = PatientScaler(causal=True, min_windows=1).fit_transform(table[:3])
    np.testing.assert_allclose(running[:, 0], [0, 1, np.sqrt(1.5)])


def test_one_patient_is_what_scikit_learn_scales(rng):
    X = rng.normal(3, 7, size=(50, 4))
    for method, peer in [("standard", StandardScaler()), ("robust", RobustScaler())]:
        np.testing.assert_allclose(
            PatientScaler(method=method).fit_transform(X), peer.fit_transform(X), atol=1e-12
        )
    ranks = (rankdata(X, axis=0) - 0.5) / len(X)
    np.testing.assert_allclose(PatientScaler(method="rank").fit_transform(X), ranks)


SCALERS = [
    PatientScaler(First(), method, causal=causal, min_windows=m)
    for method in METHODS
    for causal in (False, True)
    for m in (1, 5)
]


@pytest.mark.parametrize("scaler", SCALERS, ids=lambda s: f"{s.method}{s.causal}{s.min_windows}")
@settings(max_examples=10, deadline=None)
@given(seed=st.integers(0, 999), copies=st.lists(st.integers(0, 46), max_size=20))
def test_neither_order_nor_copies_of_windows_matter(scaler, seed, copies):
    X = recorded()
    rows = np.random.default_rng(seed).permutation([*range(len(X)), *copies])
    scaler = clone(scaler).fit(X)
    np.testing.assert_array_equal(scaler.transform(X[rows]), scaler.transform(X)[rows])


@pytest.mark.parametrize("method", METHODS)
@settings(max_examples=10, deadline=None)
@given(until=st.floats(0, 3620))
def test_causal_is_the_same_whatever_comes_later(method, until):
    X = recorded()
    scaler = PatientScaler(First(), method, causal=True, min_windows=5).fit(X)
    early = clock(X) <= until
    if early.any():
        np.testing.assert_array_equal(scaler.transform(X[early]), scaler.transform(X)[early])


def test_records_of_a_patient_without_a_start_have_no_order():
    X = recorded()
    unknown = Windows(X.data, sfreq=4, record=X.record, onset=X.onset, patient=X.patient)
    causal = PatientScaler(First(), causal=True, min_windows=1)
    with pytest.raises(ValueError, match="X has 2 records of 'b', but record 'b1' has no start"):
        causal.fit_transform(unknown)
    by_record = causal.set_params(by="record")
    np.testing.assert_array_equal(by_record.fit_transform(unknown), by_record.fit_transform(X))
    nameless = Windows(X.data, sfreq=4, record=X.record, onset=X.onset)
    np.testing.assert_array_equal(
        PatientScaler(First(), causal=True, min_windows=1).fit_transform(nameless),
        by_record.fit_transform(X),
    )


def test_windows_at_the_same_time_know_each_other():
    data = np.array([1.0, 2, 4, 8])[:, None, None] * np.ones((4, 1, 4))
    X = Windows(data, sfreq=4, record=["a", "b", "a", "b"], onset=[0, 0, 1, 1])
    together = ["p"] * 4
    running = PatientScaler(First(), "rank", causal=True, min_windows=1)
    with pytest.raises(ValueError, match="has no start"):
        running.fit(X).transform(X, groups=together)
    parts = [
        Windows.from_recording(
            Recording(row[None], 4, ["C3"], record=name, patient="p", start=datetime(2020, 1, 1)),
            window=1,
        )
        for name, row in [("a", np.repeat([1.0, 4], 4)), ("b", np.repeat([2.0, 8], 4))]
    ]
    X = Windows.concatenate(parts)  # 1 and 4, then 2 and 8
    ranks = running.fit_transform(X)[:, 0]
    np.testing.assert_allclose(ranks, [1 / 4, 5 / 8, 3 / 4, 7 / 8])


@pytest.mark.parametrize("method", METHODS)
def test_too_few_windows(method, rng):
    table = np.vstack([rng.normal(size=(40, 2)), rng.normal(50, 9, size=(40, 2)), [[25, 25.0]]])
    groups = np.repeat(["a", "b", "c"], [40, 40, 1])
    scaler = PatientScaler(method=method).fit(table, groups=groups)
    last = scaler.transform(table, groups=groups)[-1]
    typical = np.median([table[:40], table[40:80]], axis=0)  # the same number of windows each
    if method == "rank":
        quantiles = [np.quantile(part, scaler_levels(), axis=0) for part in np.split(table[:80], 2)]
        typical = np.median(quantiles, axis=0)
        np.testing.assert_allclose(last, (typical < 25).mean(axis=0))
    else:
        np.testing.assert_allclose(last, (25 - scaler.center_) / scaler.scale_)
    own = clone(scaler).set_params(few="own").fit(table, groups=groups)
    np.testing.assert_allclose(own.transform(table, groups=groups)[-1], 0.5 * (method == "rank"))
    strict = clone(scaler).set_params(few="raise").fit(table, groups=groups)
    with pytest.raises(ValueError, match="X has 1 windows of patient 'c', fewer than min_windows"):
        strict.transform(table, groups=groups)
    # With causal, the first windows of every patient have few before them.
    causal = clone(scaler).set_params(causal=True).fit(table, groups=groups)
    early = causal.transform(table, groups=groups)[:19]
    alone = scaler.transform(table[:19], groups=groups[:19])
    np.testing.assert_array_equal(early, alone)
    nobody = PatientScaler(method=method, min_windows=1000).fit(table)
    everybody = PatientScaler(method=method, min_windows=1).fit(table)
    for name in ("quantiles_",) if method == "rank" else ("center_", "scale_"):
        np.testing.assert_array_equal(getattr(nobody, name), getattr(everybody, name))


def scaler_levels():
    return (np.arange(200) + 0.5) / 200


@pytest.mark.parametrize("causal", [False, True])
@pytest.mark.parametrize("method", METHODS)
def test_constant_columns_and_mostly_constant_ones(method, causal):
    table = np.full((40, 3), 0.1)
    table[:, 1] = np.where(np.arange(40) % 10 == 9, 7.0, 0.0)
    table[1::2, 2] += 2**-56  # rounding
    out = PatientScaler(method=method, causal=causal, min_windows=1).fit_transform(table)
    middle = 0.5 if method == "rank" else 0.0
    np.testing.assert_allclose(out[:, 0], middle, atol=1e-15)
    if method != "rank":
        np.testing.assert_allclose(out[:, 2], 0, atol=1e-15)
    if method == "robust" and not causal:  # no spread between the quartiles: the deviation
        np.testing.assert_allclose(out[:, 1], table[:, 1] / table[:, 1].std())


def test_numbers_without_a_finite_result_are_refused():
    wide = np.tile([[1e200], [-1e200]], (20, 1))
    with pytest.raises(ValueError, match="X has values of too wide a range in column 0, from -1e"):
        PatientScaler().fit(wide)
    assert np.isfinite(PatientScaler(method="rank").fit_transform(wide)).all()
    scaler = PatientScaler().fit(np.arange(40.0)[:, None])
    with pytest.raises(ValueError, match="too wide a range"):
        scaler.transform(wide)


def test_single_precision_stays(rng):
    X = rng.normal(size=(30, 2))
    for method in METHODS:
        single = PatientScaler(method=method).fit_transform(X.astype(np.float32))
        assert single.dtype == np.float32
        np.testing.assert_allclose(single, PatientScaler(method=method).fit_transform(X), 1e-4)


def test_names_and_frames(toy, rng):
    X, _, _ = toy
    features = BandFeatures(["std"], {"low": (1, 8)})
    scaler = PatientScaler(features).set_output(transform="pandas").fit(X)
    assert list(scaler.transform(X).columns) == ["F3-C3__low__std", "C3-P3__low__std"]
    frame = pd.DataFrame(rng.normal(size=(5, 2)), columns=["a", "b"])
    scaler = PatientScaler().set_output(transform="pandas").fit(frame)
    assert list(scaler.transform(frame).columns) == ["a", "b"]
    assert scaler.feature_names_in_.tolist() == ["a", "b"]
    with pytest.raises(ValueError, match="X is Windows, and transformer is None; give Patient"):
        PatientScaler().fit(X)


def test_groups_by_metadata_routing(rng):
    X = np.vstack([rng.normal(size=(30, 3)), rng.normal(50, 9, size=(30, 3))])
    y, groups = np.arange(60) % 2, np.repeat(["a", "b"], 30)
    expected = PatientScaler().fit(X, groups=groups).transform(X, groups=groups)
    with config_context(enable_metadata_routing=True):
        scaler = PatientScaler().set_fit_request(groups=True).set_transform_request(groups=True)
        pipe = make_pipeline(FunctionTransformer(), scaler, LogisticRegression())
        pipe.fit(X, y, groups=groups)
        np.testing.assert_array_equal(pipe[:-1].transform(X, groups=groups), expected)
        alone = LogisticRegression().fit(expected, y)
        np.testing.assert_allclose(
            pipe.predict_proba(X, groups=groups), alone.predict_proba(expected)
        )
        # Around a transformer, what that one asks for reaches it.
        around = PatientScaler(StandardScaler().set_fit_request(sample_weight=True))
        weight = np.repeat([1.0, 0.0], 30)
        around.fit(X, y, groups=groups, sample_weight=weight)
        np.testing.assert_allclose(around.transformer_.mean_, X[:30].mean(axis=0))
    around = PatientScaler(StandardScaler()).fit(X, groups=groups, sample_weight=weight)
    np.testing.assert_allclose(around.transformer_.mean_, X[:30].mean(axis=0))
    np.testing.assert_allclose(around.transform(X, groups=groups), expected, atol=1e-9)


class Counter(StandardScaler):
    calls = 0

    def transform(self, X, copy=None):
        type(self).calls += 1
        return super().transform(X, copy)


def test_fit_transform_computes_once(rng):
    X = rng.normal(size=(30, 2))
    Counter.calls = 0
    PatientScaler(Counter()).fit_transform(X)
    assert Counter.calls == 1


def test_inside_a_search_over_patients(toy):
    X, y, _ = toy
    pipe = make_pipeline(
        PatientScaler(ChannelPooling(BandFeatures(["std"], {"low": (1, 8)}))), LogisticRegression()
    )
    grid = {"patientscaler__method": METHODS, "patientscaler__by": ["patient", "record"]}
    search = GridSearchCV(pipe, grid, cv=LeaveOnePatientOut(), error_score="raise").fit(X, y)
    assert search.best_score_ > 0.9
    again = pickle.loads(pickle.dumps(search.best_estimator_))
    np.testing.assert_array_equal(again.predict(X), search.predict(X))


def test_folds_within_a_patient_are_scaled_by_themselves(toy):
    """What the guide says: a fold's windows are all that its scale knows."""
    X, y, _ = toy
    scaler = PatientScaler(First(), min_windows=1).fit(X)
    _, test = next(KFold(5, shuffle=True, random_state=0).split(X, y))
    alone = scaler.transform(X[test])
    for patient in np.unique(X.patient[test]):
        mine = alone[X.patient[test] == patient]
        np.testing.assert_allclose(mine.mean(axis=0), 0, atol=1e-9)


def test_how_far_it_looks(toy):
    X, y, _ = toy
    features = BandFeatures(["std"], {"low": (1, 8)}, filtering="window")
    for causal, ahead in [(False, np.inf), (True, 0)]:
        assert window_span(PatientScaler(features, causal=causal)) == (np.inf, ahead)
    whole = make_pipeline(PatientScaler(features), LogisticRegression())
    with pytest.warns(UserWarning, match="patientscaler looks ahead: it scales each patient by"):
        detector = SeizureDetector(whole, causal=True).fit(X, y)
    with pytest.raises(ValueError, match="patientscaler looks ahead"):
        detector.stream()
    causal = make_pipeline(PatientScaler(features, by="record", causal=True), LogisticRegression())
    detector = SeizureDetector(causal, causal=True).fit(X, y)
    with pytest.raises(ValueError, match="patientscaler looks back without limit: its scale is"):
        detector.stream()
    # Yet it is causal: what has arrived decides.
    early = X.onset < 30
    np.testing.assert_array_equal(detector.predict(X[early]), detector.predict(X)[early])
    behind = make_pipeline(features, PatientScaler(causal=True), LogisticRegression())
    with pytest.warns(UserWarning, match="patientscaler looks over time in a table"):
        SeizureDetector(behind, causal=True).fit(X, y)
