"""From MNE's objects through a detector and back, and beside MNE's decoders."""

import re
from datetime import UTC, datetime
from pathlib import Path
from textwrap import dedent

import numpy as np
import pytest
from sklearn.linear_model import LogisticRegression
from sklearn.metrics import balanced_accuracy_score
from sklearn.model_selection import cross_val_predict
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import FunctionTransformer

from skseizure.feature_selection import MutualInformationSelector
from skseizure.features import BandFeatures
from skseizure.fuzzy import TSKClassifier
from skseizure.metrics import event_scores
from skseizure.model_selection import RecordKFold
from skseizure.moe import SeizureMoEClassifier
from skseizure.postprocessing import SeizureDetector
from skseizure.signals import Events, Windows

from ._parts import MOE, classifier, detector

mne = pytest.importorskip("mne", reason="mne is not installed: an option for MNE's objects")

SEIZURES = [20.0, 70.0, 130.0]  # onsets of 15 s each
DATE = datetime(2020, 3, 2, 10, 20, 30, tzinfo=UTC)


@pytest.fixture(params=[None, DATE], ids=["no date", "date"])
def raw(request, rng):
    """Three minutes of two EEG channels in volts, with the seizures as annotations."""
    info = mne.create_info(["F3-C3", "C3-P3", "ECG"], 64, ["eeg", "eeg", "ecg"], verbose=False)
    data = rng.normal(scale=20e-6, size=(3, 180 * 64))
    for onset in SEIZURES:
        data[:2, int(onset * 64) : int((onset + 15) * 64)] *= 4
    made = mne.io.RawArray(data, info, verbose=False).set_meas_date(request.param)
    seizures = mne.Annotations(SEIZURES, 15.0, "seizure", orig_time=request.param)
    made.set_annotations(seizures + mne.Annotations(100.0, 1.0, "cough", request.param))
    # A raw object that was cropped counts its time on from the measurement's start.
    return made.crop(tmin=5.0)


def test_annotations_in_and_out(raw):
    """Onsets count from the measurement's start; MNE takes those without a date otherwise."""
    X = Windows.from_raw(raw, window=2, step=1)
    assert X.ch_names == ("F3-C3", "C3-P3") and X.onset[0] == raw.first_time == 5.0

    seizures = raw.annotations[raw.annotations.description == "seizure"]
    events = Events(seizures.onset, seizures.duration, recordings=X.recordings())
    assert events.intervals("0").tolist() == [[onset, onset + 15] for onset in SEIZURES]
    found = detector().fit(X, X.labels(events)).predict_events(X)
    assert event_scores(events, found).f1 == 1
    np.testing.assert_allclose(found.onset, SEIZURES, atol=1.5)

    date = raw.info["meas_date"]
    # Without a date MNE reads onsets from the measurement's start, but sets from the first sample.
    onset = found.onset if date else found.onset - raw.first_time
    marked = raw.copy().set_annotations(mne.Annotations(onset, found.duration, "found", date))
    np.testing.assert_allclose(marked.annotations.onset, found.onset, atol=1e-6)
    # MNE's own clock agrees: the epochs that it cuts at these marks are loud.
    marks, codes = mne.events_from_annotations(marked, verbose=False)
    assert list(codes) == ["found"]
    np.testing.assert_allclose(marks[:, 0] / 64, found.onset, atol=0.01)
    loud = mne.Epochs(marked, marks, tmin=3, tmax=10, baseline=None, picks="eeg", verbose=False)
    assert loud.get_data().std() > 3.5 * 20e-6


def test_the_lines_of_the_guide(raw):
    guide = Path(__file__).parents[2] / "docs" / "guide" / "interoperability.rst"
    section = guide.read_text(encoding="utf-8").split("\nMNE\n---\n")[1]
    (lines,) = re.findall(r"code-block:: python\n\n((?:   .*\n|\n)+)", section)[:1]
    copy = raw.copy()
    names = {"raw": copy, "detector": detector(), "Windows": Windows, "Events": Events}
    exec(dedent(lines), names)
    events, found = names["events"], names["found"]
    assert events.intervals("0").tolist() == [[onset, onset + 15] for onset in SEIZURES]
    assert "``raw.set_annotations(found.to_annotations(raw))``" in section
    raw.set_annotations(found.to_annotations(raw))
    for marked, name in ((copy, "found"), (raw, "sz")):
        mine = marked.annotations[marked.annotations.description == name]
        np.testing.assert_allclose(mine.onset, found.onset, atol=1e-6)
        marks, codes = mne.events_from_annotations(marked, event_id={name: 1}, verbose=False)
        assert list(codes) == [name]
        np.testing.assert_allclose(marks[:, 0] / 64, found.onset, atol=0.01)


def test_epochs_through_network_and_detector(raw):
    """Epochs keep their time, so that a detector can go around a network on them."""
    epochs = mne.make_fixed_length_epochs(raw, duration=2, overlap=1, preload=True, verbose=False)
    X = Windows.from_epochs(epochs)
    truth = Events(SEIZURES, np.full(3, 15.0), recordings=X.recordings())
    y = X.labels(truth)
    network = SeizureDetector(SeizureMoEClassifier(**MOE), smoothing=4).fit(X, y)
    np.testing.assert_array_equal(X.onset, Windows.from_raw(raw, window=2, step=1).onset)
    assert event_scores(truth, network.predict_events(X)).f1 == 1


@pytest.mark.skipif(
    not hasattr(mne.decoding.CSP, "__sklearn_tags__"),
    reason="the decoders of this MNE are no estimators to scikit-learn 1.7 yet",
)
def test_decoders_of_mne_take_windows(toy):
    """Their transformers see an array: what follows needs ``sfreq``, where it asks for it."""
    X, y, _ = toy
    csp = mne.decoding.CSP(2, log=True)
    for steps in (
        (csp, LogisticRegression()),
        (
            mne.decoding.PSDEstimator(X.sfreq, fmin=1, fmax=30),
            mne.decoding.Vectorizer(),
            FunctionTransformer(np.log),
            MutualInformationSelector("mim", 10),
            TSKClassifier(3, random_state=0),
        ),
        (
            mne.decoding.Scaler(scalings="mean"),
            BandFeatures(["std"], {"low": (1, 30)}, sfreq=X.sfreq),
            LogisticRegression(),
        ),
    ):
        with mne.use_log_level("ERROR"):
            labels = cross_val_predict(make_pipeline(*steps), X, y, cv=RecordKFold(2))
        assert balanced_accuracy_score(y, labels) > 0.85, steps


def test_sliding_estimator(rng):
    """One of our classifiers at each moment; they tell where in the epoch the difference is."""
    y = np.arange(80) % 2
    X = rng.normal(size=(80, 3, 10))
    X[y == 1, :, 4:7] += 2
    sliding = mne.decoding.SlidingEstimator(TSKClassifier(2, random_state=0), verbose=False)
    score = sliding.fit(X[:40], y[:40]).score(X[40:], y[40:])
    assert score.shape == (10,)
    assert score[4:7].min() > 0.85 and np.delete(score, [4, 5, 6]).max() < 0.75


def test_windows_and_raw_give_the_same_features(raw):
    """Volts become microvolts once, at the door."""
    X = Windows.from_raw(raw, window=2)
    by_hand = Windows.from_array(
        raw.get_data(picks="eeg") * 1e6, 64, window=2, ch_names=["F3-C3", "C3-P3"]
    )
    features = classifier()[0]
    np.testing.assert_array_equal(features.fit_transform(X), features.fit_transform(by_hand))
