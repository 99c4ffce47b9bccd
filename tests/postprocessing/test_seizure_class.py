"""Which class a detector takes for the seizure, and that its columns keep scikit-learn's order."""

import pickle
import warnings

import numpy as np
import pytest
from matplotlib import pyplot as plt
from sklearn.base import BaseEstimator, ClassifierMixin, clone
from sklearn.model_selection import GridSearchCV, PredefinedSplit

from skseizure.inspection import (
    ClassificationMapDisplay,
    EventTimelineDisplay,
    SensitivityFalseAlarmDisplay,
)
from skseizure.metrics import make_event_scorer
from skseizure.postprocessing import (
    ChannelFusionClassifier,
    MorphologicalFilterClassifier,
    SeizureDetector,
)
from skseizure.signals import Windows

# Background, seizure, and what must be said.
PAIRS = [
    (0, 1, None),
    (False, True, None),
    ("background", "seizure", None),
    ("normal", "ictal", None),
    (1, 2, 2),
    (2, 1, 1),
    ("b", "a", "a"),
]
UNKNOWN = [(1, 2), (0, 2), ("a", "b")]


class Loud(ClassifierMixin, BaseEstimator):
    """Windows that are louder than their mean are likely of the class that is louder in fit."""

    def fit(self, X, y):
        self.classes_ = np.unique(y)
        loudness = self._loudness(X)
        self.middle_ = loudness.mean()
        self.column_ = int(np.argmax([loudness[y == c].mean() for c in self.classes_]))
        return self

    def _loudness(self, X):
        return np.asarray(X).std(axis=(1, 2))

    def predict_proba(self, X):
        loud = np.clip(self._loudness(X) / self.middle_ / 2, 0, 1)
        return np.column_stack([1 - loud, loud] if self.column_ else [loud, 1 - loud])

    def predict(self, X):
        return self.classes_[self.predict_proba(X).argmax(axis=1)]


def models(pos_label=None):
    return [
        ChannelFusionClassifier(Loud(), threshold=0.3, pos_label=pos_label),
        ChannelFusionClassifier(Loud(), threshold=0.3, voting="soft", pos_label=pos_label),
        MorphologicalFilterClassifier(Loud(), window=3, pos_label=pos_label),
        SeizureDetector(Loud(), smoothing=4, low_threshold=0.4, pos_label=pos_label),
    ]


@pytest.mark.parametrize(("background", "seizure", "pos_label"), PAIRS, ids=str)
@pytest.mark.parametrize("i", range(4))
def test_names_of_the_classes_change_nothing(i, background, seizure, pos_label, toy):
    X, y, _ = toy
    named = np.where(y, seizure, background)
    expected = models()[i].fit(X, y)
    found = models(pos_label)[i].fit(X, named)
    assert found.classes_.tolist() == sorted([background, seizure])
    np.testing.assert_array_equal(found.predict(X) == seizure, expected.predict(X) == 1)
    assert set(found.predict(X).tolist()) == {background, seizure}
    column = found.classes_.tolist().index(seizure)
    np.testing.assert_array_equal(
        found.predict_proba(X)[:, [1 - column, column]], expected.predict_proba(X)
    )
    assert found.score(X, named) == expected.score(X, y)


@pytest.mark.parametrize(("background", "seizure", "pos_label"), PAIRS, ids=str)
def test_events_streams_scores_and_displays_are_of_the_seizure(background, seizure, pos_label, toy):
    X, y, events = toy
    named = np.where(y, seizure, background)
    expected = SeizureDetector(Loud(), causal=True).fit(X, y)
    detector = SeizureDetector(Loud(), causal=True, pos_label=pos_label).fit(X, named)
    found, proba = detector.predict_events(X, return_proba=True)
    assert found == expected.predict_events(X) and len(found)
    column = detector.classes_.tolist().index(seizure)
    np.testing.assert_array_equal(proba[:, column], expected.predict_proba(X)[:, 1])
    stream = detector.stream()
    _, proba_of_stream = stream.send(X, return_proba=True)
    assert stream.events == found
    np.testing.assert_allclose(proba_of_stream, proba, atol=1e-12)

    scorer = make_event_scorer("f1")
    assert scorer(detector, X, named) == scorer(expected, X, y) > 0.9
    # A record without seizures holds one class, and the detector knows both.
    quiet = np.flatnonzero(y == 0)[:10]
    alarms = make_event_scorer("false_alarms_per_24h")
    assert alarms(detector, X[quiet], named[quiet]) == alarms(expected, X[quiet], y[quiet])

    kinds = [
        lambda model, y: ClassificationMapDisplay.from_estimator(model, X, y).maps["predicted"],
        lambda model, y: EventTimelineDisplay.from_estimator(model, X, events).probability,
        lambda model, y: SensitivityFalseAlarmDisplay.from_estimator(model, X, events).sensitivity,
    ]
    for draw in kinds:
        np.testing.assert_array_equal(draw(detector, named), draw(expected, y))
    plt.close("all")


@pytest.mark.parametrize("classes", UNKNOWN, ids=str)
def test_what_nothing_tells_must_be_said(classes, toy):
    X, y, events = toy
    named = np.array(classes)[y]
    message = r"y has the classes \[.*\], which do not tell .* Pass pos_label="
    for model in models():
        with pytest.warns(UserWarning, match=message) as caught:
            model.fit(X, named)
        assert f"{type(model).__name__} takes {classes[1]!r} for it" in str(caught[0].message)
        assert len(caught) == 1 and caught[0].filename == __file__
        assert set(model.predict(X).tolist()) <= set(classes)
    with pytest.warns(UserWarning, match=message):
        detector = SeizureDetector(Loud(), causal=True).fit(X, named)
    refused = [
        lambda: detector.predict_events(X),
        detector.stream,
        lambda: make_event_scorer()(detector, X, named),
        lambda: ClassificationMapDisplay.from_estimator(detector, X),
        lambda: EventTimelineDisplay.from_estimator(detector, X, events),
        lambda: SensitivityFalseAlarmDisplay.from_estimator(detector, X, events),
    ]
    for call in refused:
        with pytest.raises(ValueError, match=r"SeizureDetector: the classes .* pass pos_label="):
            call()
    # It need not be fitted again.
    detector.set_params(pos_label=classes[1])
    assert len(detector.predict_events(X)) == 4
    assert make_event_scorer(pos_label=classes[1])(detector, X, named) > 0.9


def test_background_labelled_two_makes_no_events():
    """A silent recording of 600 s, labels 1 = seizure and 2 = background."""
    rng = np.random.default_rng(0)
    signal = rng.normal(size=(1, 600 * 8))
    signal[:, 300 * 8 : 330 * 8] *= 5
    X = Windows.from_array(signal, 8, window=2)
    y = np.where((X.onset >= 300) & (X.onset < 330), 1, 2)
    with pytest.warns(UserWarning, match="pos_label"):
        detector = SeizureDetector(Loud()).fit(X, y)
    with pytest.raises(ValueError, match="pos_label"):
        detector.predict_events(X)
    events = SeizureDetector(Loud(), pos_label=1).fit(X, y).predict_events(X)
    assert len(events) == 1 and events.duration.sum() < 40


def test_a_label_that_is_none_of_the_classes_is_refused(toy):
    X, y, _ = toy
    for pos_label in (3, "seizure"):
        for model in models(pos_label):
            with pytest.raises(ValueError, match=rf"pos_label={pos_label!r} is not a valid label"):
                model.fit(X, y)


def test_a_part_inside_or_a_search_around_says_it_as_well(toy):
    X, y, _ = toy
    named = np.where(y, 1, 2)
    expected = SeizureDetector(Loud()).fit(X, y).predict_events(X)
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        outer = SeizureDetector(ChannelFusionClassifier(Loud(), voting="soft", pos_label=1))
        assert len(outer.fit(X, named).predict_events(X)) == len(expected)
        search = GridSearchCV(
            SeizureDetector(Loud(), pos_label=1),
            {"threshold": [0.4, 0.5]},
            scoring=make_event_scorer("f1"),
            cv=PredefinedSplit(np.unique(X.record, return_inverse=True)[1] % 2),
        ).fit(X, named)
    assert search.best_score_ > 0.9
    assert make_event_scorer("f1")(search, X, named) > 0.9
    again = pickle.loads(pickle.dumps(search.best_estimator_))
    assert again.predict_events(X) == search.best_estimator_.predict_events(X)
    assert clone(again).pos_label == 1
