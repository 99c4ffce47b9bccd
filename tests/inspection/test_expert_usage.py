from itertools import pairwise

import numpy as np
import pytest
from matplotlib import pyplot as plt
from sklearn.linear_model import LogisticRegression

from skseizure.inspection import ExpertUsageDisplay
from skseizure.moe import MixMoEClassifier, SeizureMoEClassifier


@pytest.fixture(autouse=True)
def close_figures():
    """Leave no figure open."""
    yield
    plt.close("all")


def test_from_estimator_draws_the_gate_by_class(toy):
    X, y, _ = toy
    labels = np.where(y == 1, "seizure", "background")
    settings = dict(n_experts=2, hidden=4, max_epochs=1, random_state=0)
    model = MixMoEClassifier(LogMeans(), **settings).fit(X, labels)
    display = ExpertUsageDisplay.from_estimator(model, X, labels)
    expected = [model.gates(X)[labels == c].mean(axis=0) for c in ("background", "seizure")]
    np.testing.assert_allclose(display.usage, expected)
    bars = [[bar.get_width() for bar in container] for container in display.ax_.containers]
    np.testing.assert_allclose(np.transpose(bars), expected)
    assert [t.get_text() for t in display.ax_.get_legend().get_texts()] == [
        "expert 1",
        "expert 2",
        "traditional",
    ]
    ticks = [t.get_text() for t in display.ax_.get_yticklabels()]
    assert ticks == [f"background (n = {np.sum(y == 0)})", f"seizure (n = {np.sum(y == 1)})"]
    seizure = SeizureMoEClassifier(**settings).fit(X, y)
    display = ExpertUsageDisplay.from_estimator(seizure, X, y)
    assert display.expert_names == ["expert 1", "expert 2"]


class LogMeans:
    """Log power of each channel, the least that a feature extractor must have."""

    def get_params(self, deep=False):
        return {}

    def fit(self, X, y=None):
        return self

    def fit_transform(self, X, y=None):
        return self.transform(X)

    def transform(self, X):
        return np.log(np.asarray(X).std(axis=2))


def test_given_axes_are_used_and_drawn_on_again():
    _, ax = plt.subplots()
    gates = [[0.25, 0.75], [0.75, 0.25]]
    display = ExpertUsageDisplay.from_predictions(gates, [0, 0], expert_names=["a", "b"], ax=ax)
    assert display.ax_ is ax and display.figure_ is ax.figure
    np.testing.assert_array_equal(display.usage, [[0.5, 0.5]])
    assert display.plot().ax_ is not ax


@pytest.mark.parametrize(("n_classes", "n_experts"), [(1, 1), (20, 9), (2, 20)])
def test_any_number_fits_into_the_figure(n_classes, n_experts, rng):
    gates = rng.dirichlet(np.ones(n_experts), size=3 * n_classes)
    names = np.array([f"a seizure of type {i:02}" for i in range(n_classes)])
    display = ExpertUsageDisplay.from_predictions(gates, np.repeat(names, 3))
    display.figure_.canvas.draw()  # warns where there is no room
    assert display.ax_.get_ylim() == (n_classes - 0.5, -0.5)  # no bar is cut, the first is on top
    width, height = display.figure_.canvas.get_width_height()
    texts = [*display.ax_.get_yticklabels(), *display.ax_.get_legend().get_texts()]
    boxes = [text.get_window_extent() for text in texts]
    assert len(boxes) == n_classes + n_experts
    for box in boxes:
        assert box.x0 >= 0 and box.x1 <= width and box.y0 >= 0 and box.y1 <= height
    labels = sorted(boxes[:n_classes], key=lambda box: box.y0)
    assert all(low.y1 <= high.y0 for low, high in pairwise(labels))


@pytest.mark.parametrize(
    ("gates", "y", "names", "message"),
    [
        ([0.5, 0.5], [0, 1], None, r"gates has shape \(2,\)"),
        ([[np.nan, 1]], [0], None, "finite shares"),
        ([[0.5, 0.5]], [0, 1], None, r"y has shape \(2,\); one label for each of 1 windows"),
        ([[0.5, 0.5]], [0], ["a"], "expert_names has 1 names; one for each of 2 experts"),
    ],
)
def test_bad_predictions(gates, y, names, message):
    with pytest.raises(ValueError, match=message):
        ExpertUsageDisplay.from_predictions(gates, y, expert_names=names)


def test_other_estimators_have_no_gate():
    with pytest.raises(TypeError, match="LogisticRegression; a SeizureMoEClassifier"):
        ExpertUsageDisplay.from_estimator(LogisticRegression(), [[0.0]], [0])
