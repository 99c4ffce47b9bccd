"""What a forest plot of patients shows, against `bootstrap_scores`."""

import numpy as np
import pytest
from matplotlib import pyplot as plt
from sklearn.linear_model import LogisticRegression
from sklearn.pipeline import make_pipeline

from skseizure.features import BandFeatures
from skseizure.inspection import PatientForestDisplay
from skseizure.metrics import bootstrap_scores
from skseizure.postprocessing import SeizureDetector
from skseizure.signals import Events, RecordInfo

DAYS = {f"day{i}": RecordInfo(86400.0, patient=f"p{i}") for i in range(9)}
TRUTH = Events([3600] * 8, [60] * 8, record=list(DAYS)[:8], recordings=DAYS)  # none in p8
FOUND = TRUTH[:5]


@pytest.fixture(autouse=True)
def close_figures():
    """Leave no figure open."""
    yield
    plt.close("all")


def bar_ends(bars):
    return [segment[:, 0].tolist() for segment in bars.lines[2][0].get_segments()[:8]]


def written(ax):
    return [text.get_text() for text in ax.texts]


def test_rows_are_the_scores_of_patients():
    scores = bootstrap_scores(TRUTH, FOUND, n_resamples=200, random_state=0)
    display = PatientForestDisplay.from_scores(scores)
    ax = display.ax_
    assert [t.get_text() for t in ax.get_yticklabels()] == [*scores.patients, "all"]
    own = [each["sensitivity"] for each in scores.patients.values()]
    (bars,) = display.bars_
    np.testing.assert_array_equal(bars.lines[0].get_xdata(), [one.value for one in own])
    np.testing.assert_allclose(bar_ends(bars), [[one.low, one.high] for one in own[:8]])
    assert written(ax)[0] == f"1.00 [{own[0].low:.2f}, 1.00]" and written(ax)[8] == "no value"
    pooled = scores["sensitivity"]
    assert written(ax)[-1] == f"{pooled.value:.2f} [{pooled.low:.2f}, {pooled.high:.2f}]"
    diamond = ax.patches[0].get_xy()[:, 0]
    np.testing.assert_allclose((diamond.min(), diamond.max()), (pooled.low, pooled.high))
    assert ax.get_title(loc="left") == "95% intervals, events by szcore rules"
    assert ax.get_legend() is None and ax.get_ylim()[0] > ax.get_ylim()[1]


def test_two_detectors_are_paired():
    display = PatientForestDisplay.from_predictions(
        TRUTH, TRUTH, other=FOUND, score="f1", names=("new", "old"), random_state=0
    )
    gap = display.scores.difference["f1"]
    assert display.ax_.get_title(loc="left").splitlines()[1] == (
        f"difference {gap.value:.2f} [{gap.low:.2f}, {gap.high:.2f}], p = {gap.p_value:.2g}"
    )
    assert [t.get_text() for t in display.ax_.get_legend().get_texts()] == ["new", "old"]
    assert len(display.bars_) == 2 and len(display.ax_.patches) == 2


# Four records are enough to see what is drawn.
@pytest.mark.filterwarnings("ignore:There are few records")
def test_from_estimator(toy):
    X, y, events = toy
    inner = make_pipeline(BandFeatures(["std"], {"low": (1, 30)}), LogisticRegression())
    detector = SeizureDetector(inner, smoothing=2, min_duration=2, merge_gap=2).fit(X, y)
    options = {"resample": "record", "n_resamples": 20, "random_state": 0}
    display = PatientForestDisplay.from_estimator(
        detector, X, events, other=detector, score="false_alarms_per_24h", **options
    )
    expected = bootstrap_scores(events, detector.predict_events(X), **options)
    assert display.scores.scores == expected.scores == display.scores.other
    assert display.ax_.get_xlabel() == "false alarms per 24 h"
    _, ax = plt.subplots()
    assert PatientForestDisplay.from_scores(expected, "sample_f1", ax=ax).ax_ is ax


def test_bad_input_is_refused():
    scores = bootstrap_scores(TRUTH, FOUND, n_resamples=5)
    with pytest.raises(ValueError, match="score is 'auc'; one of sensitivity, "):
        PatientForestDisplay.from_scores(scores, "auc")
    with pytest.raises(ValueError, match="names holds 1 names; two"):
        PatientForestDisplay.from_scores(scores, names=["a"])
    with pytest.raises(TypeError, match="X is a list"):
        PatientForestDisplay.from_estimator(None, [], TRUTH)
