"""How far estimators look: what they declare, against what they turn out to see."""

import math
import warnings

import numpy as np
import pytest
from sklearn.base import BaseEstimator, TransformerMixin
from sklearn.calibration import CalibratedClassifierCV
from sklearn.compose import ColumnTransformer
from sklearn.ensemble import StackingClassifier, VotingClassifier
from sklearn.frozen import FrozenEstimator
from sklearn.linear_model import LogisticRegression
from sklearn.model_selection import GridSearchCV
from sklearn.pipeline import FeatureUnion, make_pipeline, make_union
from sklearn.preprocessing import FunctionTransformer, StandardScaler

from skseizure._core.horizon import looks_ahead, own_span, parts_of, window_span
from skseizure.features import (
    BandFeatures,
    ChannelPooling,
    FrameFeatures,
    MovingAverage,
    PatientScaler,
    STFTFeatures,
)
from skseizure.model_selection import RecordKFold
from skseizure.postprocessing import (
    ChannelFusionClassifier,
    MorphologicalFilterClassifier,
    SeizureDetector,
)
from skseizure.signals import Windows

INFINITE = (math.inf, math.inf)


class Look(TransformerMixin, BaseEstimator):
    """The mean of each channel, averaged over windows up to some seconds before and after.

    It is a stranger's: it knows nothing of this package but the name of a method.
    """

    def __init__(self, back=0.0, ahead=0.0, why=None):
        self.back = back
        self.ahead = ahead
        self.why = why

    def fit(self, X, y=None):
        return self

    def transform(self, X):
        table = np.asarray(X).mean(axis=-1)
        out = np.empty_like(table)
        for i in range(len(X)):
            away = X.onset - X.onset[i]
            near = (away >= -self.back) & (away <= self.ahead) & (X.record == X.record[i])
            out[i] = table[near].mean(axis=0)
        return out

    def __window_span__(self):
        span = (self.back, self.ahead)
        return span if self.why is None else (*span, self.why)


class Mute(BaseEstimator, TransformerMixin):
    def fit(self, X, y=None):
        return self

    def transform(self, X):
        return np.asarray(X).mean(axis=-1)


# ---------------------------------------------------------------------- what is declared


@pytest.mark.parametrize(
    ("estimator", "span"),
    [
        (Mute(), (0, 0)),
        (StandardScaler(), (0, 0)),
        (Look(3, 4), (3, 4)),
        (BandFeatures(filtering="window"), (0, 0)),
        (BandFeatures(), INFINITE),
        (BandFeatures(filtering="window", smoothing=20), (20, 0)),
        (STFTFeatures(smoothing=12, center=True), (8, 6)),
        (MovingAverage(Mute(), 5), (5, 0)),
        (MovingAverage(BandFeatures(filtering="window", smoothing=4), 5), (9, 0)),
        (PatientScaler(Mute()), INFINITE),
        (PatientScaler(Mute(), causal=True), (math.inf, 0)),
        (ChannelPooling(MovingAverage(Mute(), 5)), (5, 0)),
        (FrameFeatures(["morph", "mfcc"]), (0, 0)),
        (FrameFeatures(), INFINITE),  # how long a step lasts is not known before `fit`
        (SeizureDetector(LogisticRegression(), causal=True), (math.inf, 0)),
        (SeizureDetector(LogisticRegression()), INFINITE),
        (MorphologicalFilterClassifier(LogisticRegression()), INFINITE),
        # one after the other
        (make_pipeline(Look(1, 2), "passthrough", Look(10, 20)), (11, 22)),
        (ChannelFusionClassifier(make_pipeline(Look(1, 2), LogisticRegression())), (1, 2)),
        (MovingAverage(make_pipeline(Look(1, 2), StandardScaler()), 5), (6, 2)),
        (CalibratedClassifierCV(make_pipeline(Look(1, 2), LogisticRegression())), (1, 2)),
        (GridSearchCV(make_pipeline(Look(1, 2), LogisticRegression()), {}), (1, 2)),
        (FrozenEstimator(Look(1, 2)), (1, 2)),
        # side by side
        (make_union(Look(1, 20), Look(10, 2), Mute()), (10, 20)),
        (FeatureUnion([("a", Look(1, 2)), ("b", "drop")]), (1, 2)),
        (ColumnTransformer([("a", Look(1, 20), [0]), ("b", Look(10, 2), [1])]), (10, 20)),
        (VotingClassifier([("a", make_pipeline(Look(1, 2), LogisticRegression()))]), (1, 2)),
        (
            StackingClassifier([("a", Look(1, 20)), ("b", Look(10, 2))], Look(100, 200)),
            (110, 220),
        ),
        (make_pipeline(make_union(Look(1, 2), make_pipeline(Look(1, 0), Look(2, 1))), Look(5)),
         (8, 2)),
    ],
)  # fmt: skip
def test_spans_add_up_or_the_furthest_counts(estimator, span):
    assert window_span(estimator) == span


def test_a_fitted_slope_knows_its_step(rng):
    X = Windows.from_array(rng.normal(size=(1, 64 * 20)), 64, window=1, step=0.5)
    frames = dict(mfcc_bands=[(0.5, 30)])
    assert window_span(FrameFeatures(["d_mfcc"], **frames).fit(X)) == (1, 1)
    assert window_span(FrameFeatures(["mfcc", "dd_mfcc"], **frames).fit(X)) == (2, 2)
    smooth = FrameFeatures(["d_mfcc"], **frames, smoothing=3).fit(X)
    assert window_span(smooth) == (4, 1)
    bare = FrameFeatures(["d_mfcc"], **frames, sfreq=64).fit(np.asarray(X))
    assert window_span(bare) == (2, 2)


def test_what_a_search_chose_counts(toy):
    X, y, _ = toy
    pipe = make_pipeline(MovingAverage(Mute(), 4), LogisticRegression())
    grid = {"movingaverage__center": [True], "movingaverage__seconds": [6]}
    search = GridSearchCV(pipe, grid, cv=RecordKFold(2))
    assert window_span(search) == (4, 0)
    assert window_span(search.fit(X, y)) == (4, 3)
    names = [name for name, _ in parts_of("search", search)]
    assert "search__estimator__movingaverage__transformer" in names


@pytest.mark.parametrize(
    "declared", [None, 3, (1,), (1, 2, "why", 4), (-1, 0), (np.nan, 0), ("far", 0), (0, None)]
)
def test_what_is_no_span_is_refused(declared):
    class Wrong(Mute):
        def __window_span__(self):
            return declared

    with pytest.raises(TypeError, match=r"__window_span__ of Wrong gives .*\(back, ahead\) or"):
        window_span(make_pipeline(Wrong()))


def test_a_declaration_of_three():
    assert own_span(Look(1, 2, "it averages")) == (1, 2, "it averages")
    assert list(looks_ahead("model", Look(1, 2, "it averages; set ahead=0"))) == [
        "model looks ahead: it averages; set ahead=0"
    ]
    assert list(looks_ahead("model", make_pipeline(Look(1, 2), Look(1)))) == [
        "model__look-1 looks ahead by 2 s"
    ]


# ---------------------------------------------------------------------- what is seen

SMALL = dict(mfcc_bands=[(0.5, 30)])
FEATURES = [
    STFTFeatures({"low": (0, 20)}, segment=32),
    STFTFeatures({"low": (0, 20)}, segment=32, smoothing=7),
    STFTFeatures({"low": (0, 20)}, segment=32, smoothing=6, center=True),
    STFTFeatures({"low": (0, 20)}, segment=32, smoothing=1.5, center=True),
    MovingAverage(STFTFeatures({"low": (0, 20)}, segment=32, smoothing=3), 4.4, center=True),
    MovingAverage(
        MovingAverage(MovingAverage(Mute(), 1.5, center=True), 1.5, center=True), 3.5, center=True
    ),
    BandFeatures(["std"], {"low": (1, 20)}, filtering="window", smoothing=5),
    FrameFeatures(["d_mfcc"], **SMALL),
    FrameFeatures(["dd_mfcc"], **SMALL, smoothing=3),
    make_pipeline(make_union(Look(2, 3), MovingAverage(Mute(), 5)), StandardScaler()),
]


@pytest.mark.parametrize("features", FEATURES, ids=lambda features: type(features).__name__)
def test_a_block_with_its_context_comes_out_as_from_the_whole(features, rng):
    """What a span is good for: a long recording, block by block."""
    X = Windows.from_array(rng.normal(size=(1, 64 * 60)), 64, window=2, step=1)
    features = features.fit(X)
    whole = features.transform(X)
    back, ahead = window_span(features)
    used = np.zeros(2)
    for first in range(0, len(X), 10):
        start, end = X.onset[first], X.onset[first : first + 10][-1]
        context = (X.onset >= start - back - 1e-9) & (X.onset <= end + ahead + 1e-9)
        inside = (X.onset[context] >= start) & (X.onset[context] <= end)
        block = features.transform(X[context])[inside]
        np.testing.assert_allclose(block, whole[first : first + 10], rtol=1e-10, atol=1e-10)
        used = np.maximum(used, [start - X.onset[context][0], X.onset[context][-1] - end])
    assert np.all(used <= [back, ahead])


def test_an_average_looks_at_most_as_far_as_it_declares():
    for step in (1, 0.7, 0.31):
        for tenths in range(1, 120):
            seconds = tenths / 10
            for center in (False, True):
                X = Windows(np.eye(60)[:, None, :4] * 0, sfreq=4 / step, step=step)
                average = MovingAverage(Mute(), seconds, center=center)
                back, ahead = window_span(average)
                spike = Windows(X.data + (np.arange(60) == 30)[:, None, None], sfreq=4 / step)
                seen = X.onset[average.fit(X).transform(spike)[:, 0] > 0] - X.onset[30]
                assert -seen.min() <= ahead + 1e-9 and seen.max() <= back + 1e-9


# ---------------------------------------------------------------------- what a detector makes of it


def test_a_strangers_transformer_is_warned_of_and_refused(toy):
    X, y, _ = toy
    model = make_pipeline(Look(2, 3, "it averages; set ahead=0"), LogisticRegression())
    message = "estimator__look looks ahead: it averages; set ahead=0"
    with pytest.warns(UserWarning, match=f"causal is True, but {message}"):
        detector = SeizureDetector(model, causal=True).fit(X, y)
    with pytest.raises(ValueError, match=f"a stream has no later windows, but {message}"):
        detector.stream()
    search = GridSearchCV(model, {"look__ahead": [4]}, cv=RecordKFold(2))
    with pytest.warns(UserWarning, match="looks ahead: it averages"):
        detector = SeizureDetector(search.set_params(refit=True), causal=True).fit(X, y)
    with pytest.raises(ValueError, match="estimator__estimator__look looks ahead"):
        detector.stream()


@pytest.mark.parametrize("size", [1, 7])
def test_a_stream_keeps_what_a_stranger_looks_back_at(toy, size):
    X, y, _ = toy
    model = make_pipeline(Look(4), StandardScaler(), LogisticRegression())
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        detector = SeizureDetector(model, smoothing=3, causal=True).fit(X, y)
    order = np.argsort(X.onset, kind="stable")
    stream, parts = detector.stream(), []
    for i in range(0, len(X), size):
        parts.append(stream.send(X[order[i : i + size]], return_proba=True)[1])
    expected = detector.predict_proba(X)[order]
    np.testing.assert_allclose(np.concatenate(parts), expected, rtol=0, atol=1e-12)


def test_an_unlimited_past_is_refused_by_a_stream(toy):
    X, y, _ = toy
    model = make_pipeline(Look(math.inf), LogisticRegression())
    detector = SeizureDetector(model, causal=True).fit(X, y)
    with pytest.raises(ValueError, match="a limited past, but estimator__look looks back without"):
        detector.stream()


def test_a_stranger_that_looks_over_time_in_a_table_is_told_of(toy):
    X, y, _ = toy

    class Late(Look):
        def transform(self, X):
            return np.asarray(X)

    features = BandFeatures(["std"], ["alpha"], filtering="window")
    model = make_pipeline(features, Late(2), LogisticRegression())
    with pytest.warns(UserWarning, match="estimator__late looks over time in a table"):
        detector = SeizureDetector(model, causal=True).fit(X, y)
    with pytest.raises(ValueError, match=r"^estimator__late looks over time in a table"):
        detector.stream()
    flat = FunctionTransformer(lambda X: np.asarray(X).mean(axis=-1))
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        SeizureDetector(make_pipeline(flat, Late(), LogisticRegression()), causal=True).fit(X, y)


def test_the_detector_loads_no_features():
    import subprocess
    import sys

    code = "import sys, skseizure.postprocessing; print(*sys.modules)"
    loaded = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, check=True
    )
    ours = [name for name in loaded.stdout.split() if name.startswith("skseizure.")]
    assert not [name for name in ours if "features" in name or "measures" in name]
