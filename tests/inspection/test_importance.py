import numpy as np
import pytest
from matplotlib import pyplot as plt
from sklearn.linear_model import LogisticRegression
from sklearn.pipeline import make_pipeline

from skseizure.evolution import CNBCClassifier, CNBCEnsembleClassifier, EvolvedMLPClassifier
from skseizure.features import FeatureNormalizer
from skseizure.inspection import ChannelImportanceDisplay
from skseizure.postprocessing import MorphologicalFilterClassifier


@pytest.fixture(autouse=True)
def close_figures():
    """Leave no figure open."""
    yield
    plt.close("all")


@pytest.fixture(scope="module")
def data():
    rng = np.random.default_rng(0)
    y = np.arange(120) % 6 == 0
    return rng.normal(scale=0.25, size=(120, 8)) + 0.5 * y[:, None], y


NAMES = [f"{c}__{g}__{i}" for c in ("C3-P3", "P3-O1") for g in ("slow", "fast") for i in (0, 1)]
BASE = EvolvedMLPClassifier((0, 3), swarm_size=8, max_iter=8)


@pytest.mark.parametrize("kind", [CNBCClassifier, CNBCEnsembleClassifier])
def test_draws_what_the_network_learned(data, kind):
    X, y = data
    model = kind(BASE, feature_groups=NAMES, random_state=0)
    around = MorphologicalFilterClassifier(make_pipeline(FeatureNormalizer(), model)).fit(X, y)
    display = ChannelImportanceDisplay.from_estimator(around)
    inner = around.estimator_[-1]
    np.testing.assert_array_equal(display.ax_.images[0].get_array(), inner.importances_)
    labels = [text.get_text() for text in display.ax_.get_yticklabels()]
    assert labels == ["C3-P3", "P3-O1"]
    assert [t.get_text() for t in display.ax_.get_xticklabels()] == ["slow", "fast"]
    widths = [bar.get_width() for bar in display.channel_ax_.patches]
    np.testing.assert_allclose(widths, inner.channel_importances_)
    heights = [bar.get_height() for bar in display.group_ax_.patches]
    np.testing.assert_allclose(heights, inner.feature_group_importances_)
    # rows of bars stand beside their rows of fields
    assert display.channel_ax_.get_ylim() == display.ax_.get_ylim()
    assert display.group_ax_.get_xlim() == display.ax_.get_xlim()
    display.figure_.canvas.draw()


def test_given_axes_are_used():
    figure, axes = plt.subplots(1, 3)
    display = ChannelImportanceDisplay([[1.0]], ["C3"], ["all"]).plot(axes=axes)
    assert display.figure_ is figure and display.ax_ is axes[0] and len(figure.axes) == 3


def test_bad_input_is_refused(data):
    with pytest.raises(
        ValueError, match=r"importances has shape \(1, 2\), but 1 channels and 1 groups are named"
    ):
        ChannelImportanceDisplay([[0.5, 0.5]], ["C3"], ["all"])
    with pytest.raises(TypeError, match="estimator is Pipeline; a CNBCClassifier"):
        ChannelImportanceDisplay.from_estimator(make_pipeline(LogisticRegression()))
    with pytest.raises(ValueError, match="not fitted"):
        ChannelImportanceDisplay.from_estimator(CNBCClassifier())
