import numpy as np
import pytest
from matplotlib import pyplot as plt
from sklearn.dummy import DummyClassifier

from skseizure.inspection import ClassificationMapDisplay
from skseizure.signals import Windows


@pytest.fixture(autouse=True)
def close_figures():
    """Leave no figure open."""
    yield
    plt.close("all")


def windows(n, step=1.0, window=1.0):
    data = np.zeros((n, 1, round(8 * window)))
    return Windows(data, sfreq=8, onset=step * np.arange(n), step=step)


def test_time_runs_along_rows_like_text():
    X = windows(10)
    truth = np.arange(10) % 3 == 0
    display = ClassificationMapDisplay.from_predictions(X, truth=truth, row=4)
    expected = [[1, 0, 0, 1], [0, 0, 1, 0], [0, 1, np.nan, np.nan]]
    np.testing.assert_array_equal(display.maps["truth"], expected)
    assert display.axes_[0].get_xlabel() == "time in the row (s)"
    assert display.axes_[0].get_ylabel() == "time (min)"
    assert display.axes_[0].get_title(loc="left") == "record 0: truth"
    names = [text.get_text() for text in display.axes_[0].get_legend().get_texts()]
    assert names == ["seizure", "no seizure", "no window"]


def test_order_of_rows_and_gaps(rng):
    X, truth = windows(12), np.arange(12) > 7
    keep = rng.permutation([0, 1, 2, 6, 7, 8, 9, 10, 11])
    display = ClassificationMapDisplay.from_predictions(X[keep], truth=truth[keep], row=6)
    expected = [[0, 0, 0, np.nan, np.nan, np.nan], [0, 0, 1, 1, 1, 1]]
    np.testing.assert_array_equal(display.maps["truth"], expected)


def test_overlapping_windows_share_time_as_their_cells_do():
    # Windows of 4 s every 2 s: each speaks for its middle 2 s, the first and last for 3 s.
    X = windows(5, step=2.0, window=4.0)
    np.testing.assert_array_equal(X.cells(), [[0, 3], [3, 5], [5, 7], [7, 9], [9, 12]])
    display = ClassificationMapDisplay.from_predictions(X, truth=[0, 1, 0, 0, 1], row=12)
    # Pixels of 2 s, judged by their middles 1, 3, 5, ..., 11 s.
    np.testing.assert_array_equal(display.maps["truth"], [[0, 1, 0, 0, 1, 1]])


def test_from_estimator_draws_truth_above_prediction(toy):
    X, y, _ = toy
    model = DummyClassifier(strategy="constant", constant=1).fit(X, y)
    display = ClassificationMapDisplay.from_estimator(model, X, y, record="r2", row=30)
    assert list(display.maps) == ["truth", "predicted"] and len(display.axes_) == 2
    again = ClassificationMapDisplay.from_predictions(X, record="r2", row=30, y=y)
    np.testing.assert_array_equal(display.maps["truth"], again.maps["y"])
    covered = ~np.isnan(display.maps["predicted"])
    assert (display.maps["predicted"][covered] == 1).all() and display.record == "r2"


def test_bad_input_is_refused(toy):
    X, y, _ = toy
    with pytest.raises(ValueError, match="labels are missing"):
        ClassificationMapDisplay.from_predictions(X)
    with pytest.raises(ValueError, match=r"truth has shape \(2,\); one label for each of"):
        ClassificationMapDisplay.from_predictions(X, truth=[0, 1])
    with pytest.raises(ValueError, match="truth holds 'sz'; a map takes true or false"):
        ClassificationMapDisplay.from_predictions(X, truth=np.full(len(X), "sz"))
    with pytest.raises(ValueError, match="record 'z' is not in X"):
        ClassificationMapDisplay.from_predictions(X, truth=y, record="z")
    with pytest.raises(ValueError, match=r"row is 0\.5 s; at least one step"):
        ClassificationMapDisplay.from_predictions(X, truth=y, row=0.5)
    with pytest.raises(ValueError, match="2 axes given; 1 maps"):
        ClassificationMapDisplay.from_predictions(X, truth=y, axes=plt.subplots(2)[1])
    words = DummyClassifier().fit(X, np.where(y == 1, "seiz", "bckg"))
    for labels in (y, np.where(y == 1, "seizure", "bckg")):
        with pytest.raises(
            ValueError, match=r"y holds the label .*its classes are \['bckg', 'seiz'\]"
        ):
            ClassificationMapDisplay.from_estimator(words, X, labels)
    gap = np.array(y, object)
    gap[3] = None
    with pytest.raises(ValueError, match="y holds the label None, which DummyClassifier"):
        ClassificationMapDisplay.from_estimator(DummyClassifier().fit(X, y), X, gap)
    with pytest.raises(ValueError, match=r"y has shape \(\d+,\); one label for each of"):
        ClassificationMapDisplay.from_estimator(words, X, y[1:])
    many = DummyClassifier().fit(X, np.arange(len(X)) % 3)
    with pytest.raises(ValueError, match=r"DummyClassifier has the classes \[0, 1, 2\]; two"):
        ClassificationMapDisplay.from_estimator(many, X)
