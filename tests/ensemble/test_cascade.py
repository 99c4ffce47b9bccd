import numpy as np
import pytest
from sklearn.base import BaseEstimator, ClassifierMixin
from sklearn.metrics import average_precision_score, get_scorer, make_scorer, matthews_corrcoef
from sklearn.naive_bayes import GaussianNB
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler
from sklearn.tree import DecisionTreeClassifier

from skseizure.ensemble import _cascade
from skseizure.ensemble._cascade import Cascade, CascadeSettings, blocks, mean_proba
from skseizure.ensemble._task import make_task, make_validation

from . import _naive
from ._tasks import gaussians

DEFAULTS = {
    "estimator": DecisionTreeClassifier(max_depth=4),
    "n_bins": 5,
    "sigma": 0.2,
    "scorer": get_scorer("average_precision"),
    "majority_ratio": 1.0,
    "bootstrap_minority": False,
}


def grown(actions, seed=0, weights=None, **settings):
    X, y = gaussians(0, 600, 40)
    split = make_validation(X, y, np.array([0, 1]), 0.25, np.random.RandomState(1))
    task = make_task(X, y, 1, split, weights)
    cascade = Cascade(
        task, CascadeSettings(**{**DEFAULTS, **settings}), np.random.default_rng(seed)
    )
    for action in actions:
        cascade.grow(action)
    return cascade, X, y


def test_state_and_score_are_those_of_the_mean_of_the_members():
    cascade, X, y = grown([0.9, 0.1, 0.5])
    task = cascade.task
    proba = np.mean([m.predict_proba(X)[:, 1] for m in cascade.members], axis=0)
    np.testing.assert_allclose(mean_proba(cascade.members, X), proba, rtol=1e-12)
    easy_val = task.rows_val[y[task.rows_val] == 0]
    halves = [_naive.histogram(proba[rows].round(12), 5) for rows in (task.majority, easy_val)]
    np.testing.assert_allclose(cascade.state, np.concatenate(halves), rtol=1e-9)
    assert cascade.state[:5].sum() == pytest.approx(5) == cascade.state[5:].sum()
    assert cascade.score == pytest.approx(
        average_precision_score(y[task.rows_val], proba[task.rows_val]), abs=1e-9
    )


@pytest.mark.parametrize("ratio", [0.5, 1, 2.5, 1e6])
def test_subsets(ratio):
    """All minority rows, and that many majority rows a minority row, no row of validation."""
    cascade, _, y = grown([0.9] * 3, majority_ratio=ratio)
    task = cascade.task
    assert len(task.minority) == 30 and len(task.majority) == 450
    for rows in cascade.subsets:
        minority = rows[y[rows] == 1]
        np.testing.assert_array_equal(np.sort(minority), task.minority)
        majority = rows[y[rows] == 0]
        assert len(majority) == min(int(30 * ratio), 450) == len(set(majority))
        assert set(majority) <= set(task.majority) and not set(rows) & set(task.rows_val)
    assert len({tuple(rows) for rows in cascade.subsets}) == (1 if ratio > 100 else 4)


def test_bootstrap_of_the_minority():
    cascade, _, y = grown([0.9] * 3, bootstrap_minority=True)
    for rows in cascade.subsets:
        minority = rows[y[rows] == 1]
        assert len(minority) == 30 and 10 < len(set(minority)) < 28
        assert set(minority) <= set(cascade.task.minority)


def test_rows_near_the_action_are_drawn():
    """With a narrow preference the next subset's errors are those asked for."""
    for action in (0.0, 0.5, 1.0):
        cascade, X, y = grown([0.5], sigma=0.01)
        before = mean_proba(cascade.members, X)
        cascade.grow(action)
        rows = cascade.subsets[-1]
        drawn = np.abs(before[rows[y[rows] == 0]] - action)
        nearest = np.sort(np.abs(before[cascade.task.majority] - action))[: len(drawn)]
        np.testing.assert_allclose(drawn.mean(), nearest.mean(), atol=0.01)


def test_infinite_sigma_is_random_undersampling():
    cascade, X, y = grown([], sigma=np.inf)
    errors = mean_proba(cascade.members, X)
    assert errors[cascade.task.majority].std() > 0.1
    drawn = []
    for _ in range(60):
        cascade.grow(1.0)
        drawn.append(cascade.subsets[-1][30:])
    counts = np.bincount(np.concatenate(drawn), minlength=len(y))[cascade.task.majority]
    assert counts.mean() == pytest.approx(60 * 30 / 450) and counts.max() <= 15
    hard = errors[cascade.task.majority] > 0.5
    assert counts[hard].mean() == pytest.approx(counts.mean(), rel=0.25)


def test_any_scorer_sees_the_minority_as_one():
    seen = []

    def scorer(estimator, X, y):
        seen.append((X.shape, y.sum()))
        return (estimator.predict(X) == y).mean()

    cascade, X, y = grown([0.9], scorer=scorer)
    assert seen == [((160, 0), 10)] * 2
    proba = mean_proba(cascade.members, X)[cascade.task.rows_val]
    truth = y[cascade.task.rows_val]
    assert cascade.score == ((proba > 0.5) == truth).mean()
    for name, expected in (
        ("matthews_corrcoef", matthews_corrcoef(truth, proba > 0.5)),
        ("neg_brier_score", -np.mean((proba - truth) ** 2)),
    ):
        again, *_ = grown([0.9], scorer=get_scorer(name))
        assert again.score == pytest.approx(expected)


def test_score_that_is_no_number_is_refused():
    with pytest.raises(ValueError, match="scoring gave nan on the 160 validation rows"):
        grown([], scorer=make_scorer(lambda a, b: np.nan))


@pytest.mark.parametrize("bad", [np.nan, 1.5, -0.1])
def test_what_is_no_probability_is_refused(bad):
    class Bad(ClassifierMixin, BaseEstimator):
        def fit(self, X, y):
            self.classes_ = np.array([0, 1])
            return self

        def predict_proba(self, X):
            return np.full((len(X), 2), bad)

    with pytest.raises(ValueError, match=r"Bad\(\) gave values outside \[0, 1\] or NaN"):
        grown([], estimator=Bad())


def test_every_member_has_its_own_seed():
    pipe = make_pipeline(StandardScaler(), DecisionTreeClassifier())
    first, *_ = grown([0.5] * 3, estimator=pipe)
    second, *_ = grown([0.5] * 3, estimator=pipe)
    seeds = [m.get_params()["decisiontreeclassifier__random_state"] for m in first.members]
    assert len(set(seeds)) == 4
    assert seeds == [m.get_params()["decisiontreeclassifier__random_state"] for m in second.members]


def test_weights_reach_the_members():
    class Weighted(GaussianNB):
        def fit(self, X, y, sample_weight=None):
            self.seen = sample_weight
            return super().fit(X, y, sample_weight)

    weights = np.arange(640.0)
    cascade, *_ = grown([0.5], weights=weights, estimator=Weighted())
    for rows, member in zip(cascade.subsets, cascade.members, strict=True):
        np.testing.assert_array_equal(member.seen, weights[rows])


def test_blocks_do_not_change_the_result(monkeypatch):
    whole, *_ = grown([0.5, 0.9])
    monkeypatch.setattr(_cascade, "BLOCK_VALUES", 1)
    assert blocks(600, 6) == [(0, 256), (256, 512), (512, 600)]
    parts, *_ = grown([0.5, 0.9])
    np.testing.assert_array_equal(whole.state, parts.state)
    assert whole.score == parts.score
