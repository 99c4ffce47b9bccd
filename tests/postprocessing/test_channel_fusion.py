import numpy as np
import pytest
from sklearn.linear_model import LogisticRegression
from sklearn.svm import LinearSVC
from sklearn.tree import DecisionTreeClassifier

from skseizure.postprocessing import ChannelFusionClassifier
from skseizure.signals import Windows

from ._toys import Echo, Remember, windows_of


def fitted(n_channels, **params):
    """A fusion of channels whose probability is what they hold."""
    X = windows_of(np.vstack([np.zeros(n_channels), np.ones(n_channels)]))
    return ChannelFusionClassifier(Echo(), **params).fit(X, ["calm", "ictal"])


@pytest.mark.filterwarnings("ignore:threshold is")  # all are tried, sensible or not
@pytest.mark.parametrize("n_channels", [1, 3, 7, 10, 18, 23])
def test_every_count_of_votes_against_every_threshold(n_channels):
    votes = np.tri(n_channels + 1, n_channels, k=-1)  # row k: k channels vote
    X = windows_of(votes)
    for percent in range(1, 101):
        model = fitted(n_channels, threshold=percent / 100)
        # In whole numbers, so that no rounding can decide.
        expected = [100 * k >= percent * n_channels for k in range(n_channels + 1)]
        assert np.array_equal(model.predict(X) == "ictal", expected), percent
    share = fitted(n_channels).predict_proba(X)
    assert share[:, 1] == pytest.approx(np.arange(n_channels + 1) / n_channels)
    assert share.sum(axis=1) == pytest.approx(1)


def test_thresholds_that_the_paper_does_not_search():
    for threshold in (0.25, 0.5, 0.75):
        fitted(22, threshold=threshold)  # warnings are errors here
    for threshold in (5 / 22, 17 / 22):
        with pytest.warns(UserWarning, match=r"threshold is 0\.[27].*searches 0\.25 to 0\.75"):
            fitted(22, threshold=threshold)


def test_soft_voting_takes_the_mean_probability():
    X = windows_of([[0.9, 0.4, 0.4], [0.9, 0.2, 0.1]])
    soft, hard = fitted(3, voting="soft"), fitted(3)
    assert soft.predict_proba(X)[:, 1] == pytest.approx([1.7 / 3, 0.4])
    assert soft.predict(X).tolist() == ["ictal", "calm"]
    assert hard.predict_proba(X)[:, 1] == pytest.approx([1 / 3, 1 / 3])
    assert hard.predict(X).tolist() == ["calm", "calm"]
    # The mean of ten times 0.3 must reach a threshold of 0.3.
    assert fitted(10, voting="soft", threshold=0.3).predict(windows_of([[0.3] * 10])) == "ictal"


def test_each_channel_is_a_sample_with_the_label_and_weight_of_its_window():
    data = np.arange(24.0).reshape(3, 2, 4)
    y, weight = np.array([0, 1, 1]), np.array([1.0, 2.0, 3.0])
    params = {"sample_weight": weight, "groups": ["p", "q", "q"], "note": "kept whole"}
    for X in (data, Windows(data, sfreq=4)):
        seen = ChannelFusionClassifier(Remember()).fit(X, y, **params).estimator_.seen_
        assert np.array_equal(np.asarray(seen["X"]).reshape(6, 4), data.reshape(6, 4))
        assert seen["y"].tolist() == [0, 0, 1, 1, 1, 1]
        assert seen["weight"].tolist() == [1, 1, 2, 2, 3, 3]
        assert list(seen["groups"]) == ["p", "p", "q", "q", "q", "q"]
        assert seen["note"] == "kept whole"
    assert isinstance(seen["X"], Windows) and seen["X"].shape == (6, 1, 4)


def test_windows_and_array_agree(toy):
    X, y, _ = toy
    model = ChannelFusionClassifier(Remember(max_iter=500), voting="soft")
    array = np.asarray(X)
    expected = model.fit(array, y).predict_proba(array)
    assert np.array_equal(model.fit(X, y).predict_proba(X), expected)


def test_two_dimensions_are_one_channel(rng):
    X, y = rng.normal(size=(40, 5)), np.arange(40) % 2
    tree = DecisionTreeClassifier(random_state=0)
    model = ChannelFusionClassifier(tree).fit(X, y)
    assert np.array_equal(model.predict(X), tree.fit(X, y).predict(X))
    assert (model.n_channels_in_, model.n_times_in_, model.n_features_in_) == (1, 5, 5)


def test_more_than_two_classes_by_plurality_or_largest_mean(rng):
    X = np.repeat(np.array([0.0, 10.0, 20.0])[:, None, None], 3, axis=1) + np.zeros((3, 3, 2))
    y = np.array([5, 6, 7])
    votes = np.array([[0, 10, 10], [20, 20, 0], [20, 10, 0]], dtype=float)[:, :, None] + [0, 0]
    hard = ChannelFusionClassifier(DecisionTreeClassifier(), threshold=1.0).fit(X, y)
    assert hard.predict(votes).tolist() == [6, 7, 5]  # a tie goes to the first class
    assert hard.predict_proba(votes)[0] == pytest.approx([1 / 3, 2 / 3, 0])
    soft = ChannelFusionClassifier(LogisticRegression(max_iter=500), voting="soft").fit(X, y)
    mean = soft.estimator_.predict_proba(votes.reshape(9, 2)).reshape(3, 3, 3).mean(axis=1)
    assert np.array_equal(soft.predict(votes), y[mean.argmax(axis=1)])


def test_other_channels_at_predict_are_refused():
    model = fitted(3)
    with pytest.raises(ValueError, match=r"windows of 2 channels, but .* fitted on 3 channels"):
        model.predict(windows_of([[0, 1]]))
    X = windows_of([[0, 0, 1]])
    X.ch_names = ("a", "b", "c")
    with pytest.raises(ValueError, match="channel 'a' where"):
        model.predict(X)


def test_soft_voting_needs_probabilities():
    with pytest.raises(ValueError, match=r"LinearSVC\(\) has no predict_proba.*Calibrated"):
        ChannelFusionClassifier(LinearSVC(), voting="soft").fit(np.eye(4), [0, 1, 0, 1])


def test_y_of_another_length_is_refused():
    with pytest.raises(ValueError, match="inconsistent numbers of samples"):
        ChannelFusionClassifier(Echo()).fit(np.zeros((4, 2, 3)), [0, 1, 0])


@pytest.mark.parametrize(
    "params", [{"threshold": 0}, {"threshold": 1.2}, {"voting": "loud"}, {"estimator": 3}]
)
def test_parameters_refused(params):
    model = ChannelFusionClassifier(Echo()).set_params(**params)
    with pytest.raises(ValueError, match=f"'{next(iter(params))}' parameter"):
        model.fit(np.eye(4), [0, 1, 0, 1])
