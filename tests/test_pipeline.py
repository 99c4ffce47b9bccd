"""Recording to scored events in one search, and what that pipeline says of bad input."""

import numpy as np
import pytest
from sklearn.linear_model import LogisticRegression
from sklearn.model_selection import GridSearchCV, cross_validate
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

from skseizure.datasets import make_recordings
from skseizure.features import BandFeatures
from skseizure.metrics import event_scores, make_event_scorer
from skseizure.model_selection import LeaveOnePatientOut, RecordKFold
from skseizure.postprocessing import SeizureDetector
from skseizure.signals import Windows

# Event F1 and window ROC-AUC for (C, smoothing) = (1e-6, 0), (1e-6, 20), (1, 0), (1, 20).
GOLDEN_F1 = [0.0, 0.0, 1.0, 0.88888889]
GOLDEN_AUC = [0.81567529, 0.81313157, 0.91763846, 0.98604825]


@pytest.fixture(scope="module")
def recorded():
    """Windows of three patients, their labels and events."""
    recordings, events = make_recordings(
        3, 2, duration=120, sfreq=128, n_channels=4, ictal_fraction=0.2, random_state=3
    )
    X = Windows.concatenate(Windows.from_recording(r, window=4, step=2) for r in recordings)
    return X, X.labels(events), events


def make_detector(measures=("line_length", "hjorth_mobility")):
    """Return a small detector with every stage in it."""
    return SeizureDetector(
        make_pipeline(BandFeatures(list(measures)), StandardScaler(), LogisticRegression())
    )


def test_search_over_smoothing_and_inner_parameter_by_event_score(recorded):
    """The figures are those of the oldest and of the newest scikit-learn alike."""
    X, y, _ = recorded
    grid = {"smoothing": [0.0, 20.0], "estimator__logisticregression__C": [1e-6, 1.0]}
    searches = [
        GridSearchCV(
            make_detector(),
            grid,
            scoring={"f1": make_event_scorer("f1", zero_division=0.0), "auc": "roc_auc"},
            refit="f1",
            cv=RecordKFold(3),
            n_jobs=n_jobs,
            error_score="raise",
        ).fit(X, y)
        for n_jobs in (1, 2)
    ]
    for key in ("mean_test_f1", "mean_test_auc"):
        np.testing.assert_array_equal(*(search.cv_results_[key] for search in searches))
    search = searches[1]
    assert search.best_params_ == {"smoothing": 0.0, "estimator__logisticregression__C": 1.0}
    np.testing.assert_allclose(search.cv_results_["mean_test_f1"], GOLDEN_F1, atol=1e-8)
    np.testing.assert_allclose(search.cv_results_["mean_test_auc"], GOLDEN_AUC, atol=1e-8)


def test_detector_generalises_to_a_new_patient(recorded):
    X, y, events = recorded
    scores = cross_validate(
        make_detector(), X, y, cv=LeaveOnePatientOut(), scoring="roc_auc", error_score="raise"
    )["test_score"]
    assert scores.mean() > 0.8
    train = X.patient != "p03"
    found = make_detector().fit(X[train], y[train]).predict_events(X[~train])
    assert event_scores(events.select(found.recordings), found).sensitivity > 0.4


@pytest.fixture(scope="module")
def fitted(recorded):
    """A fitted detector."""
    X, y, _ = recorded
    return make_detector().fit(X, y)


def spoilt(X, value):
    """Return the same windows with one sample of one window spoilt."""
    data = np.array(X)
    data[5, 1, 7] = value
    return Windows(data, sfreq=X.sfreq, record=X.record, onset=X.onset, step=X.step,
                   ch_names=X.ch_names, patient=X.patient)  # fmt: skip


FIT = {
    "NaN": (lambda X, y: (spoilt(X, np.nan), y), "Input X contains NaN"),
    "inf": (lambda X, y: (spoilt(X, np.inf), y), "Input X contains infinity"),
    "empty": (lambda X, y: (X[:0], y[:0]), "0 windows|0 sample"),
    "one class": (lambda X, y: (X, 0 * y), "y holds one class, 0; SeizureDetector needs two"),
    "one window": (lambda X, y: (X[:1], y[:1]), "y holds one class"),
    "another length of y": (lambda X, y: (X, y[:-1]), "inconsistent numbers of samples"),
    "rate too low": (
        lambda X, y: (Windows(X.data, sfreq=100, ch_names=X.ch_names), y),
        r"sfreq is 100 Hz, too low for band 'gamma' \(30-60 Hz\); more than 120 Hz is needed",
    ),
    "bare array": (lambda X, y: (np.asarray(X), y), "sfreq is None and X is a bare array"),
}


@pytest.mark.parametrize("case", FIT)
def test_bad_training_data_is_refused(recorded, case):
    X, y, _ = recorded
    spoil, message = FIT[case]
    with pytest.raises(ValueError, match=message):
        make_detector().fit(*spoil(X, y))


def test_events_are_no_labels(recorded):
    X, _, events = recorded
    with pytest.raises(TypeError, match=r"y is Events; one label a window .*: X.labels\(events\)"):
        make_detector().fit(X, events)


PREDICT = {
    "NaN": (lambda X: spoilt(X, np.nan), "Input X contains NaN"),
    "empty": (lambda X: X[:0], "X holds 0 windows; at least one is needed"),
    "channels": (lambda X: X.pick(X.ch_names[:3]), "windows of 3 channels, .* on 4 channels"),
    "samples": (lambda X: Windows(X.data[..., 1:], sfreq=128), "511 samples, .* on 512 samples"),
    "rate": (
        lambda X: Windows(X.data, sfreq=256, ch_names=X.ch_names),
        "X is sampled at 256 Hz, but BandFeatures needs 128 Hz",
    ),
    "rate, same seconds": (
        lambda X: Windows(X.data[..., ::2], sfreq=64, ch_names=X.ch_names),
        "X is sampled at 64 Hz, but BandFeatures needs 128 Hz",
    ),
    "names": (lambda X: X.pick(X.ch_names[::-1]), "X has channel .* was fitted on"),
}


@pytest.mark.parametrize("case", PREDICT)
@pytest.mark.parametrize("method", ["predict", "predict_proba", "predict_events"])
def test_bad_data_to_predict_is_refused(recorded, fitted, case, method):
    spoil, message = PREDICT[case]
    with pytest.raises(ValueError, match=message):
        getattr(fitted, method)(spoil(recorded[0]))


def test_one_window_can_be_predicted(recorded, fitted):
    X, _, _ = recorded
    assert fitted.predict(X[:1]).shape == (1,)
    assert len(fitted.predict_events(X[:1]).recordings) == 1


def test_record_shorter_than_a_window_is_refused():
    with pytest.raises(ValueError, match="record 'short' lasts 3 s; at least one window of 4 s"):
        Windows.from_array(np.zeros((2, 300)), 100, window=4, record="short")
