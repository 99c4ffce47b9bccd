import numpy as np
import pytest
from matplotlib import pyplot as plt
from sklearn.datasets import make_blobs
from sklearn.exceptions import NotFittedError

from skseizure.ensemble import MetaSamplerClassifier
from skseizure.inspection import SamplingCurveDisplay


@pytest.fixture(autouse=True)
def close_figures():
    """Leave no figure open."""
    yield
    plt.close("all")


@pytest.fixture
def model():
    X, y = make_blobs([100, 20], centers=[[0, 0], [2, 0]], random_state=0)
    return MetaSamplerClassifier(
        n_estimators=6, sampler="random", validation=0.2, random_state=0
    ).fit(X, y)


def test_drawn_is_what_was_fitted(model):
    display = SamplingCurveDisplay.from_estimator(model)
    np.testing.assert_array_equal(display.line_.get_xdata(), [2, 3, 4, 5, 6])
    np.testing.assert_array_equal(display.line_.get_ydata(), model.actions_)
    for ax, half, title in (
        (display.ax_, model.states_[:, :5], "training"),
        (display.validation_ax_, model.states_[:, 5:], "validation"),
    ):
        mesh = ax.collections[0]
        np.testing.assert_allclose(mesh.get_array(), half.T / 5)
        np.testing.assert_allclose(mesh.get_array().sum(axis=0), 1)
        corners = mesh.get_coordinates()
        assert corners[0, 0].tolist() == [0.5, 0] and corners[-1, -1].tolist() == [6.5, 1]
        assert ax.get_title() == title and ax.get_xlabel() == "member"
    limits = {ax.collections[0].get_clim() for ax in (display.ax_, display.validation_ax_)}
    assert limits == {(0, model.states_.max() / 5)}
    assert display.ax_.get_ylabel() == "error"
    assert display.ax_.get_legend().get_texts()[0].get_text() == "action for this member"
    assert display.figure_.axes[-1].get_ylabel() == "share of majority rows"


def test_without_validation_rows(model):
    X, y = make_blobs([100, 20], centers=[[0, 0], [2, 0]], random_state=0)
    model = model.set_params(validation=None).fit(X, y)
    display = SamplingCurveDisplay.from_estimator(model)
    display.figure_.canvas.draw()
    assert display.validation_ax_.get_title() == "no validation rows"
    mesh = display.ax_.collections[0]
    np.testing.assert_allclose(mesh.get_array(), model.states_[:, :5].T / 5)
    assert mesh.get_clim() == (0, model.states_[:, :5].max() / 5)


def test_given_axes_and_name(model):
    figure, axes = plt.subplots(1, 2)
    display = SamplingCurveDisplay.from_estimator(model, axes=axes, name="chb01")
    assert display.figure_ is figure and display.ax_ is axes[0]
    assert figure.get_suptitle() == "chb01"
    assert display.plot() is display and display.figure_ is not figure


def test_one_of_several_classes():
    X, y = make_blobs([60, 30, 15], random_state=0)
    y = np.array(["a", "b", "c"])[y]
    model = MetaSamplerClassifier(n_estimators=3, sampler=0.7, random_state=0).fit(X, y)
    display = SamplingCurveDisplay.from_estimator(model, target="b")
    np.testing.assert_array_equal(display.states, model.states_[1])
    assert display.figure_.get_suptitle() == "b against the rest"
    with pytest.raises(ValueError, match=r"target is None; one of the classes \['a', 'b', 'c'\]"):
        SamplingCurveDisplay.from_estimator(model)


def test_one_member():
    X, y = make_blobs([60, 30], random_state=0)
    model = MetaSamplerClassifier(n_estimators=1, sampler=0.7).fit(X, y)
    assert len(SamplingCurveDisplay.from_estimator(model).line_.get_xdata()) == 0


def test_bad_input_is_refused(model):
    with pytest.raises(ValueError, match="target is 1, but two classes make one ensemble"):
        SamplingCurveDisplay.from_estimator(model, target=1)
    with pytest.raises(NotFittedError):
        SamplingCurveDisplay.from_estimator(MetaSamplerClassifier())
    for states, actions in ((np.ones((4, 10)), np.ones(4)), (np.ones((4, 9)), np.ones(3))):
        with pytest.raises(ValueError, match="states has shape"):
            SamplingCurveDisplay(states, actions)
