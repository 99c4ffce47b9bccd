import subprocess
import sys

import numpy as np
import pytest
from matplotlib import colors
from matplotlib import pyplot as plt
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

from skseizure.features import WaveletPacketFeatures
from skseizure.fuzzy import TSKClassifier, explain_sample
from skseizure.fuzzy._rule_table import rule_table
from skseizure.inspection import FuzzyRuleDisplay, SampleExplanationDisplay


@pytest.fixture(autouse=True)
def close_figures():
    """Leave no figure open."""
    yield
    plt.close("all")


@pytest.fixture
def fitted():
    rng = np.random.default_rng(0)
    y = np.repeat([0, 1, 2], 30)
    X = 20 * rng.normal(size=(90, 4)) + 30 * rng.normal(size=(3, 4))[y]
    return make_pipeline(StandardScaler(), TSKClassifier(5, random_state=0)).fit(X, y), X


def test_curves_are_the_memberships(fitted):
    pipe, X = fitted
    display = FuzzyRuleDisplay.from_estimator(pipe)
    table = rule_table(pipe)
    assert display.lines_.shape == (4, 5) and display.axes_.shape == (4,)
    assert display.figure_ is display.axes_[0].figure
    for j in range(4):
        for r in range(5):
            x, height = display.lines_[j, r].get_data()
            sigmas = (x - table.centers[r, j]) / table.sigmas[r, j]
            np.testing.assert_allclose(height, np.exp(-(sigmas**2) / 2), rtol=1e-12)
        low, high = display.axes_[j].get_xlim()
        assert low <= (table.centers - 2 * table.sigmas)[:, j].min()
        assert high >= (table.centers + 2 * table.sigmas)[:, j].max()
    # A sample's memberships can be read off the curves.
    why = explain_sample(pipe, X[0])
    x, height = display.lines_[2, 3].get_data()
    assert np.interp(X[0, 2], x, height) == pytest.approx(why.memberships[3, 2], abs=1e-3)


def test_axes_are_labelled(fitted):
    pipe, _ = fitted
    display = FuzzyRuleDisplay.from_estimator(pipe, feature_names=["a (uV)", "b", "c", "d"])
    assert [axes.get_xlabel() for axes in display.axes_] == ["a (uV)", "b", "c", "d"]
    assert {axes.get_ylabel() for axes in display.axes_} == {"membership"}
    legend = [text.get_text() for text in display.axes_[0].get_legend().get_texts()]
    assert legend == ["Low", "Slightly low", "Medium", "Slightly high", "High"]
    # Each rule's number stands above its centre, in the colour of its term.
    table = rule_table(pipe)
    numbers = {text.get_text(): text for text in display.axes_[0].texts}
    assert sorted(numbers) == list("01234")
    for r in range(5):
        assert numbers[str(r)].xy[0] == table.centers[r, 0]
        assert numbers[str(r)].get_color() is display.lines_[0, r].get_color()


def test_numbers_of_many_rules_stay_apart():
    rng = np.random.default_rng(0)
    X = rng.normal(size=(300, 1))
    model = TSKClassifier(30, random_state=0).fit(X, X[:, 0] > 0)
    display = FuzzyRuleDisplay.from_estimator(model)
    assert display.lines_.shape == (1, 30)
    rank = display.centers[:, 0].argsort().argsort()
    numbers = display.axes_[0].texts
    shown = sorted(rank[int(text.get_text())] for text in numbers)
    assert len(shown) == 12 and (shown[0], shown[-1]) == (0, 29) and max(np.diff(shown)) <= 3
    display.figure_.canvas.draw()
    boxes = [text.get_window_extent() for text in numbers]
    assert not any(a.overlaps(b) for k, a in enumerate(boxes) for b in boxes[:k])


def test_terms_differ_in_lightness(fitted):
    # Told apart with any colour vision and in print: ever lighter from low to high.
    display = FuzzyRuleDisplay.from_estimator(fitted[0])
    rank = display.centers[:, 0].argsort()
    rgb = np.array([colors.to_rgb(line.get_color()) for line in display.lines_[0, rank]])
    luminance = rgb @ [0.2126, 0.7152, 0.0722]
    assert (np.diff(luminance) > 0.04).all() and luminance.max() < 0.8


def test_some_features_with_samples_on_given_axes(fitted):
    pipe, X = fitted
    figure, axes = plt.subplots(1, 2)
    display = FuzzyRuleDisplay.from_estimator(
        pipe, X, features=["d", 0], feature_names=list("abcd"), terms=["small", "large"], ax=axes
    )
    assert display.figure_ is figure and display.lines_.shape == (2, 5)
    assert [axes.get_xlabel() for axes in display.axes_] == ["d", "a"]
    rug = display.axes_[0].lines[-1]
    np.testing.assert_allclose(rug.get_xdata(), X[:, 3])
    legend = [text.get_text() for text in display.axes_[0].get_legend().get_texts()]
    assert legend == ["small", "large", "samples"]
    one = FuzzyRuleDisplay.from_estimator(pipe, features=[-1], ax=plt.figure().add_subplot())
    np.testing.assert_array_equal(one.centers, display.centers[:, :1])


def test_plot_again_computes_nothing(fitted, monkeypatch):
    pipe, _ = fitted
    display = FuzzyRuleDisplay.from_estimator(pipe)
    sample = SampleExplanationDisplay.from_estimator(pipe, [0.0, 0, 0, 0])
    first = display.figure_, sample.figure_
    monkeypatch.setattr(TSKClassifier, "firing_strengths", None)
    assert display.plot() is display and sample.plot() is sample
    assert display.figure_ is not first[0] and sample.figure_ is not first[1]


def test_raw_windows(toy):
    X, y, _ = toy
    bands = {"low": (0, 8), "high": (8, np.inf)}
    pipe = make_pipeline(
        WaveletPacketFeatures(bands, level=3), StandardScaler(), TSKClassifier(3, random_state=0)
    ).fit(X, y)
    display = FuzzyRuleDisplay.from_estimator(pipe, X, features=["C3-P3__low__wpd_log_energy"])
    np.testing.assert_allclose(display.values[:, 0], pipe[0].transform(X)[:, 2])
    names = {"class_names": ["background", "seizure"]}
    sample = SampleExplanationDisplay.from_estimator(pipe, X[[12]], **names)
    assert sample.rules_ax_.get_title() == "decision: seizure"


def bars(axes):
    """Lengths of the bars of each colour, from top to bottom, and the labels."""
    lengths = [np.array([bar.get_width() for bar in part]) for part in axes.containers]
    return lengths, [label.get_text() for label in axes.get_yticklabels()]


def test_bars_sum_to_the_decision(fitted):
    pipe, X = fitted
    names = ["alpha", "beta", "gamma"]
    display = SampleExplanationDisplay.from_estimator(pipe, X[40], class_names=names)
    outputs = pipe.decision_function(X[[40]])[0]
    best, second = np.argsort(-outputs)[:2]
    lengths, labels = bars(display.rules_ax_)
    for part, c in zip(lengths, (best, second), strict=True):
        assert part[:-1].sum() == pytest.approx(outputs[c]) and part[-1] == pytest.approx(
            outputs[c]
        )
    firing = explain_sample(pipe, X[40]).firing
    order = np.argsort(-firing)
    assert labels == [*(f"rule {r} (fires {100 * firing[r]:.0f} %)" for r in order), "sum"]
    (part,), labels = bars(display.features_ax_)
    assert part[:-1].sum() == pytest.approx(outputs[best] - outputs[second])
    assert part[-1] == pytest.approx(outputs[best] - outputs[second])
    assert labels[0] == "rules at their centres" and labels[-1] == "sum"
    assert {label.split(" = ")[0] for label in labels[1:-1]} == {"x0", "x1", "x2", "x3"}
    assert (np.diff(np.abs(part[1:-1])) <= 0).all()
    assert display.features_ax_.get_xlabel() == f"adds to {names[best]} less {names[second]}"
    assert display.rules_ax_.get_title() == f"decision: {names[best]}"
    legend = [text.get_text() for text in display.rules_ax_.get_legend().get_texts()]
    assert legend == [names[best], names[second]]


def test_rows_beyond_the_limit_are_summed(fitted):
    pipe, X = fitted
    figure, axes = plt.subplots(1, 2)
    whole = SampleExplanationDisplay.from_estimator(pipe, X[0])
    display = SampleExplanationDisplay.from_estimator(
        pipe, X[0], max_rules=2, max_features=3, axes=axes
    )
    assert display.figure_ is figure
    for name, n, noun in (("rules_ax_", 2, "rules"), ("features_ax_", 4, "features")):
        (short, *_), labels = bars(getattr(display, name))
        (long, *_), _ = bars(getattr(whole, name))
        assert labels[n].endswith(f"other {noun}") and len(labels) == n + 2
        assert short[n] == pytest.approx(long[n:-1].sum()) and short[-1] == pytest.approx(long[-1])


def test_matplotlib_is_loaded_on_use_only():
    code = "import skseizure.inspection, sys; assert 'matplotlib' not in sys.modules"
    subprocess.run([sys.executable, "-c", code], check=True)


def test_bad_input_is_refused(fitted):
    pipe, X = fitted
    with pytest.raises(ValueError, match=r"features holds 'z', which is none of \['x0', 'x1'"):
        FuzzyRuleDisplay.from_estimator(pipe, features=["z"])
    with pytest.raises(ValueError, match="features holds 4; there are 4 features"):
        FuzzyRuleDisplay.from_estimator(pipe, features=[4])
    with pytest.raises(ValueError, match="ax holds 1 axes; one for each of 4 features is needed"):
        FuzzyRuleDisplay.from_estimator(pipe, ax=plt.figure().add_subplot())
    for features in ("x0", 0, [[0]]):
        with pytest.raises(TypeError, match=r"features is .*; a list of numbers or names"):
            FuzzyRuleDisplay.from_estimator(pipe, features=features)
    for features in ([True, False, False, False], [0.5], [None], np.array([True] * 4)):
        with pytest.raises(TypeError, match=r"features holds .*; numbers or names of columns"):
            FuzzyRuleDisplay.from_estimator(pipe, features=features)
    with pytest.raises(ValueError, match="features is empty"):
        FuzzyRuleDisplay.from_estimator(pipe, features=[])
    for estimator in (pipe, pipe[-1]):
        with pytest.raises(ValueError, match="Expected 2D array, got 1D array"):
            FuzzyRuleDisplay.from_estimator(estimator, X[0])
        with pytest.raises(ValueError, match="X has 3 features; 4 are needed"):
            FuzzyRuleDisplay.from_estimator(estimator, X[:, :3])
        with pytest.raises(ValueError, match="Input X contains NaN"):
            FuzzyRuleDisplay.from_estimator(estimator, X * np.nan)
    with pytest.raises(TypeError, match="ax holds int; matplotlib Axes are needed"):
        FuzzyRuleDisplay.from_estimator(pipe, ax=[1, 2, 3, 4])
    for argument in ("max_rules", "max_features"):
        with pytest.raises(ValueError, match=f"{argument} == 0, must be >= 1"):
            SampleExplanationDisplay.from_estimator(pipe, X[0], **{argument: 0})
        with pytest.raises(TypeError, match=f"{argument} must be an instance of"):
            SampleExplanationDisplay.from_estimator(pipe, X[0], **{argument: 2.5})
    with pytest.raises(ValueError, match="axes holds 1 axes; a left and a right one are needed"):
        SampleExplanationDisplay.from_estimator(pipe, X[0], axes=plt.figure().add_subplot())
    with pytest.raises(TypeError, match="axes holds str; matplotlib Axes are needed"):
        SampleExplanationDisplay.from_estimator(pipe, X[0], axes="ab")
    with pytest.raises(ValueError, match="x holds 90 samples"):
        SampleExplanationDisplay.from_estimator(pipe, X)
    with pytest.raises(TypeError, match="estimator is StandardScaler"):
        FuzzyRuleDisplay.from_estimator(pipe[0])
