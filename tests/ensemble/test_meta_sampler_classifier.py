import json
import pickle
import subprocess
import sys
import tracemalloc
from dataclasses import replace

import numpy as np
import pandas as pd
import pytest
import scipy.sparse
import skops.io
from imblearn.ensemble import BalancedBaggingClassifier
from imblearn.pipeline import make_pipeline as make_imblearn_pipeline
from imblearn.under_sampling import RandomUnderSampler
from joblib import parallel_config
from sklearn import config_context
from sklearn.base import clone
from sklearn.datasets import make_blobs, make_classification
from sklearn.ensemble import (
    AdaBoostClassifier,
    HistGradientBoostingClassifier,
    VotingClassifier,
)
from sklearn.impute import SimpleImputer
from sklearn.metrics import average_precision_score, f1_score, matthews_corrcoef
from sklearn.model_selection import GridSearchCV, StratifiedGroupKFold, cross_val_score
from sklearn.naive_bayes import GaussianNB
from sklearn.neighbors import KNeighborsClassifier
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler
from sklearn.semi_supervised import SelfTrainingClassifier
from sklearn.svm import LinearSVC
from sklearn.tree import DecisionTreeClassifier
from sklearn.utils import get_tags

from skseizure.ensemble import MetaSampler, MetaSamplerClassifier, _meta_sampler
from skseizure.ensemble._meta_training import meta_train
from skseizure.feature_selection import SemiJMISelector
from skseizure.features import BandFeatures
from skseizure.postprocessing import ChannelFusionClassifier

from ._tasks import checkerboard, gaussians

BRIEF = {"start_steps": 20, "update_steps": 10, "replay_size": 60, "batch_size": 16}


@pytest.fixture(scope="module")
def small():
    return gaussians(0, 400, 40)


@pytest.fixture(scope="module")
def trained():
    """Meta-trained on Gaussians for 200 and 300 steps, with a validation set of its own."""
    (X, y), (X_val, y_val) = gaussians(0), gaussians(1)
    sampler = MetaSampler(start_steps=200, update_steps=300, random_state=0)
    return sampler.fit(X, y, X_val=X_val, y_val=y_val)


def precision(train, val, test, sampler, n_estimators, seeds=range(5), **params):
    """Mean average precision on a test set."""
    return np.mean(
        [
            average_precision_score(
                test[1],
                MetaSamplerClassifier(
                    n_estimators=n_estimators, sampler=sampler, random_state=seed, **params
                )
                .fit(*train, X_val=val[0], y_val=val[1])
                .predict_proba(test[0])[:, 1],
            )
            for seed in seeds
        ]
    )


def test_the_learned_sampler_on_gaussians(trained):
    """M4, one training; the benchmark holds it over three."""
    sets = gaussians(0), gaussians(1), gaussians(2)
    for n, margin in ((5, 0.06), (10, 0.04)):
        learned = precision(*sets, trained, n)
        random = precision(*sets, "random", n, sigma=np.inf)
        constants = [precision(*sets, a, n) for a in (0.0, 0.25, 0.5, 0.75, 0.95)]
        assert learned - random >= margin
        assert learned >= max(constants) - 0.03
        # Easy rows alone are worse than random ones: the action matters.
        assert constants[0] < random < constants[3]
    assert trained.meta_history_["action"][-90:].mean() >= 0.75


def test_transfer_to_a_checkerboard(trained):
    """M6, with a sampler that saw Gaussians only."""
    sets = [checkerboard(seed) for seed in range(3)]
    learned = precision(*sets, trained, 5)
    random = precision(*sets, "random", 5, sigma=np.inf)
    assert learned >= random + 0.03


def test_transfer_to_mammography(trained, data_path):
    """M5 and M7: real data that the sampler never saw, a random baseline, other sizes."""
    sets = []
    for name in ("train", "valid", "test"):
        table = np.loadtxt(
            data_path / "mammography" / f"Mammo_{name}.csv", delimiter=",", skiprows=1
        )
        sets.append((table[:, :-1], table[:, -1].astype(int)))
    assert [len(y) for _, y in sets] == [6709, 2237, 2237]
    for n, least in ((5, 0.45), (10, 0.61), (20, 0.67)):
        assert precision(*sets, trained, n, range(3)) >= least
    assert precision(*sets, "random", 10, range(3), sigma=np.inf) < 0.5


@pytest.mark.parametrize(
    "base", [KNeighborsClassifier(), GaussianNB(), AdaBoostClassifier(n_estimators=10)]
)
def test_transfer_to_other_members(trained, small, base):
    X, y = small
    model = MetaSamplerClassifier(base, 4, trained, random_state=0).fit(X, y)
    assert {type(member) for member in model.estimators_} == {type(base)}
    assert average_precision_score(y, model.predict_proba(X)[:, 1]) > 0.5


def test_what_is_fitted(small, trained):
    X, y = small
    model = MetaSamplerClassifier(sampler=trained, n_estimators=6, random_state=0).fit(X, y)
    assert len(model.estimators_) == len(model.estimators_samples_) == 6
    assert model.states_.shape == (6, 10) and model.actions_.shape == (5,)
    assert model.scores_.shape == (6,) and model.sampler_ is trained
    np.testing.assert_allclose(model.states_.reshape(6, 2, 5).sum(axis=2), 5)
    assert all(len(rows) == 64 and y[rows].sum() == 32 for rows in model.estimators_samples_)
    mean = np.mean([member.predict_proba(X)[:, 1] for member in model.estimators_], axis=0)
    np.testing.assert_allclose(model.predict_proba(X)[:, 1], mean, rtol=1e-12)
    np.testing.assert_array_equal(model.predict(X), (mean > 0.5).astype(int))
    assert not hasattr(model, "meta_history_")


def test_actions(small, trained):
    X, y = small
    constant = MetaSamplerClassifier(sampler=0.3, random_state=0).fit(X, y)
    assert (constant.actions_ == 0.3).all() and constant.sampler_ is None
    assert (MetaSamplerClassifier(sampler=1, random_state=0).fit(X, y).actions_ == 1).all()
    drawn = MetaSamplerClassifier(n_estimators=200, sampler="random", random_state=0).fit(X, y)
    assert drawn.actions_.min() < 0.05 and drawn.actions_.max() > 0.95
    assert drawn.actions_.mean() == pytest.approx(0.5, abs=0.07)
    learned = MetaSamplerClassifier(sampler=trained, random_state=0).fit(X, y)
    policy = [trained.sample(learned.states_[:-1], random_state=s) for s in range(300)]
    assert learned.actions_.mean() == pytest.approx(np.mean(policy), abs=0.1)
    one = MetaSamplerClassifier(n_estimators=1, sampler="random").fit(X, y)
    assert one.actions_.shape == (0,) and one.states_.shape == (1, 10)


@pytest.mark.parametrize("sampler", [0.7, "random"])
def test_actions_that_need_no_validation_take_no_rows(small, sampler):
    X, y = small
    groups = np.arange(len(y)) % 7
    model = MetaSamplerClassifier(sampler=sampler, random_state=0)
    assert model.validation is None
    model.fit(X, y, groups=groups)
    for rows in model.estimators_samples_:
        np.testing.assert_array_equal(np.sort(rows[y[rows] == 1]), np.flatnonzero(y == 1))
        assert len(rows) == 80
    assert model.scores_ is None
    assert np.isnan(model.states_[:, 5:]).all()
    np.testing.assert_allclose(model.states_[:, :5].sum(axis=1), 5)
    # One minority row is enough, where nothing is set apart.
    few = np.r_[:400, 400]
    assert len(MetaSamplerClassifier(sampler=sampler).fit(X[few], y[few]).estimators_) == 10
    with pytest.raises(ValueError, match="groups"):
        model.fit(X, y, groups=groups[:5])
    # Where they are asked for or given, they are used.
    for given in (
        clone(model).set_params(validation=0.25).fit(X, y),
        model.fit(X, y, X_val=X, y_val=y),
    ):
        assert given.scores_.shape == (10,) and np.isfinite(given.states_).all()
    several = MetaSamplerClassifier(sampler=sampler).fit(X, np.arange(len(y)) % 3)
    assert several.scores_ is None and several.states_.shape == (3, 10, 10)


def test_samplers_need_validation_rows(small, trained):
    """A fifth by default: their state is made of them."""
    X, y = small
    for sampler in (trained, MetaSampler(**BRIEF)):
        model = MetaSamplerClassifier(sampler=sampler, random_state=0).fit(X, y)
        assert {len(rows) for rows in model.estimators_samples_} == {64}
        assert np.isfinite(model.states_).all() and model.scores_.shape == (10,)
        explicit = clone(model).set_params(validation=0.2).fit(X, y)
        np.testing.assert_array_equal(explicit.states_, model.states_)


def test_learned_is_a_sampler_with_these_settings(small, monkeypatch):
    """And with its own defaults for the rest."""
    X, y = small
    monkeypatch.setattr(
        _meta_sampler,
        "meta_train",
        lambda task, growth, training, *args, **kwargs: meta_train(
            task, growth, replace(training, **BRIEF), *args, **kwargs
        ),
    )
    given = {"n_bins": 4, "sigma": 0.3, "scoring": "f1", "majority_ratio": 2.0,
             "bootstrap_minority": True}  # fmt: skip
    model = MetaSamplerClassifier(GaussianNB(), random_state=0, **given).fit(X, y)
    params = model.sampler_.get_params(deep=False)
    assert isinstance(params.pop("estimator"), GaussianNB)
    expected = {**MetaSampler().get_params(), **given}
    assert params == {name: expected[name] for name in params}
    assert len(model.meta_history_["reward"]) == model.sampler_.n_steps_ == 36
    assert model.states_.shape == (10, 8)


def test_unfitted_sampler_is_trained_with_its_own_settings(small):
    X, y = small
    sampler = MetaSampler(GaussianNB(), 4, **BRIEF)
    model = MetaSamplerClassifier(sampler=sampler, random_state=0).fit(X, y)
    assert model.sampler_.n_steps_ == 30 and not hasattr(sampler, "networks_")
    assert model.meta_history_ is model.sampler_.meta_history_
    assert isinstance(model.estimators_[0], DecisionTreeClassifier)
    refitted = clone(model).set_params(sampler=0.5)
    assert not hasattr(refitted.fit(X, y), "meta_history_")
    model.set_params(sampler=0.5).fit(X, y)
    assert not hasattr(model, "meta_history_") and model.sampler_ is None


def test_other_bins_are_refused(small, trained):
    for sampler in (trained, MetaSampler()):
        with pytest.raises(ValueError, match=r"sampler has n_bins=5, but .* has n_bins=6"):
            MetaSamplerClassifier(sampler=sampler, n_bins=6).fit(*small)


def test_seed_alone_decides(small):
    X, y = small
    state = np.random.get_state()[1].copy()  # noqa: NPY002
    models = [
        MetaSamplerClassifier(sampler=MetaSampler(**BRIEF), random_state=seed).fit(X, y)
        for seed in (0, 0, 1)
    ]
    probas = [model.predict_proba(X) for model in models]
    np.testing.assert_array_equal(np.random.get_state()[1], state)  # noqa: NPY002
    np.testing.assert_array_equal(probas[0], probas[1])
    assert (probas[0] != probas[2]).any()
    actions = [model.meta_history_["action"] for model in models]
    assert actions[0][0] != actions[2][0]


@pytest.fixture(scope="module")
def blobs():
    X, y = make_blobs([200, 60, 20], 3, cluster_std=2.0, random_state=0)
    return X, np.array(["calm", "noise", "seizure"])[y]


def test_one_against_the_rest(blobs):
    X, y = blobs
    model = MetaSamplerClassifier(sampler=0.9, n_estimators=5, validation=0.2, random_state=0)
    model.fit(X, y)
    assert len(model.estimators_) == 3 and len(model.estimators_[0]) == 5
    assert model.states_.shape == (3, 5, 10) and model.actions_.shape == (3, 4)
    proba = model.predict_proba(X)
    np.testing.assert_allclose(proba.sum(axis=1), 1)
    # "calm" outnumbers the rest: there the members know the rest as 1.
    columns = []
    for members, inverted in zip(model.estimators_, (True, False, False), strict=True):
        mean = np.mean([member.predict_proba(X)[:, 1] for member in members], axis=0)
        columns.append(1 - mean if inverted else mean)
    expected = np.column_stack(columns)
    empty = expected.sum(axis=1) == 0
    expected[empty] = 1
    np.testing.assert_allclose(proba, expected / expected.sum(axis=1, keepdims=True), rtol=1e-9)
    assert set(model.predict(X)) == set(y) and model.score(X, y) > 0.8
    minority = [y[rows] for rows in model.estimators_samples_[2]]
    assert all((labels == "seizure").sum() == 16 == len(labels) / 2 for labels in minority)


class _Never:
    def predict_proba(self, X):
        return np.eye(2)[[0] * len(X)]


def test_rows_that_no_ensemble_claims():
    """All probabilities are zero: no class is preferred, and nothing is divided by zero."""
    X = np.repeat([[0.0], [1.0], [2.0]], 40, axis=0)
    model = MetaSamplerClassifier(sampler=0.5, n_estimators=2, random_state=0)
    model.fit(X, np.repeat([0, 1, 2], 40))
    for members in model.estimators_:
        for i in range(2):
            members[i] = type(
                "Never", (), {"predict_proba": lambda self, X: np.eye(2)[[0] * len(X)]}
            )()
    model._inverted = [False] * 3
    np.testing.assert_array_equal(model.predict_proba(X[:2]), np.full((2, 3), 1 / 3))


def test_any_number_of_jobs(blobs):
    X, y = blobs
    models = []
    for n_jobs in (None, 2):
        # Processes would spend most of the time on importing torch.
        with parallel_config("threading"):
            models.append(
                MetaSamplerClassifier(
                    sampler=MetaSampler(**BRIEF), n_estimators=3, random_state=0, n_jobs=n_jobs
                ).fit(X, y)
            )
    np.testing.assert_array_equal(models[0].predict_proba(X), models[1].predict_proba(X))
    assert len(models[0].sampler_) == 3 == len(models[1].meta_history_)
    for a, b in zip(models[0].meta_history_, models[1].meta_history_, strict=True):
        np.testing.assert_array_equal(a["reward"], b["reward"])


def test_the_minority_may_be_the_first_class(small):
    X, y = small
    swapped = np.where(y == 1, "a", "b")
    model = MetaSamplerClassifier(sampler=0.9, random_state=0).fit(X, swapped)
    plain = MetaSamplerClassifier(sampler=0.9, random_state=0).fit(X, np.where(y == 1, "z", "b"))
    assert model.classes_.tolist() == ["a", "b"]
    for fitted, label in ((model, "a"), (plain, "z")):
        column = fitted.classes_.tolist().index(label)
        assert average_precision_score(y, fitted.predict_proba(X)[:, column]) > 0.6
        assert (y[fitted.estimators_samples_[0]] == 1).mean() == 0.5


def test_sparse_rows(small):
    X, y = small
    X = np.where(np.abs(X) < 0.5, 0, X)
    dense = MetaSamplerClassifier(sampler=0.9, random_state=0).fit(X, y)
    for kind in (scipy.sparse.csr_array, scipy.sparse.csc_matrix):
        sparse = MetaSamplerClassifier(sampler=0.9, random_state=0).fit(kind(X), y)
        np.testing.assert_allclose(sparse.predict_proba(kind(X)), dense.predict_proba(X))


def test_pickle_and_skops(small, trained):
    X, y = small
    model = MetaSamplerClassifier(sampler=trained, random_state=0).fit(X, y)
    data = skops.io.dumps(model)
    mine = ["sklearn.tree._tree.Tree"] + [
        f"skseizure.ensemble.{name}" for name in ("MetaSampler", "MetaSamplerClassifier")
    ]
    assert set(skops.io.get_untrusted_types(data=data)) <= set(mine)
    for again in (pickle.loads(pickle.dumps(model)), skops.io.loads(data, trusted=mine)):
        np.testing.assert_array_equal(again.predict_proba(X), model.predict_proba(X))
        np.testing.assert_array_equal(
            clone(again).fit(X, y).predict_proba(X), model.predict_proba(X)
        )


def test_clones_keep_a_trained_sampler(small, trained):
    """A search or a cross-validation must not train it anew."""
    X, y = small
    search = GridSearchCV(
        MetaSamplerClassifier(random_state=0), {"sampler": [trained, 0.2]}, cv=2,
        scoring="average_precision",
    ).fit(X, y)  # fmt: skip
    assert not hasattr(search.best_estimator_, "meta_history_")
    assert isinstance(search.best_params_["sampler"], MetaSampler)


def test_next_to_imbalanced_learn(small):
    """In its pipeline, behind a sampler of its own, and in one vote with its ensembles."""
    X, y = small
    pipe = make_imblearn_pipeline(
        StandardScaler(),
        RandomUnderSampler(sampling_strategy=0.2, random_state=0),
        MetaSamplerClassifier(sampler=0.9, random_state=0),
    )
    assert cross_val_score(pipe, X, y, cv=3, scoring="balanced_accuracy").mean() > 0.8
    assert len(pipe.fit(X, y)[-1].estimators_samples_[0]) == 80
    vote = VotingClassifier(
        [
            ("ours", MetaSamplerClassifier(sampler=0.9, random_state=0)),
            ("theirs", BalancedBaggingClassifier(random_state=0)),
        ],
        voting="soft",
    )
    assert cross_val_score(vote, X, y, cv=3, scoring="balanced_accuracy").mean() > 0.8
    with_weights = make_pipeline(StandardScaler(), MetaSamplerClassifier(sampler=0.9))
    with_weights.fit(X, y, metasamplerclassifier__sample_weight=np.ones(len(y)))


def test_groups_through_channel_fusion(toy):
    """The paper's pipeline: one sample a channel, patients apart, channels vote."""
    X, y, _ = toy
    pipe = make_pipeline(
        BandFeatures(["std", "line_length"], {"low": (1, 30)}),
        MetaSamplerClassifier(sampler=0.9, validation=0.5, random_state=0),
    )
    fused = ChannelFusionClassifier(pipe)
    fused.fit(X, y, metasamplerclassifier__groups=X.patient)
    inner = fused.estimator_[-1]
    patients = np.repeat(X.patient, 2)
    assert len({p for rows in inner.estimators_samples_ for p in patients[rows]}) == 1
    assert fused.score(X, y) > 0.8


def test_fusion_threshold(rng):
    """M9: of 22 channels 11 make a seizure, 10 do not."""
    X = np.zeros((2, 22, 1))
    X[0, :11], X[1, :10] = 1, 1
    train = np.repeat([0.0, 1.0], 20).reshape(-1, 1, 1)
    fused = ChannelFusionClassifier(
        make_pipeline(_Flatten(), MetaSamplerClassifier(sampler=0.5, random_state=0)), threshold=0.5
    ).fit(np.repeat(train, 22, axis=1), np.repeat([0, 1], 20))
    assert fused.predict(X).tolist() == [1, 0]


class _Flatten(StandardScaler):
    def fit(self, X, y=None, sample_weight=None):
        return super().fit(np.asarray(X).reshape(len(X), -1))

    def transform(self, X, copy=None):
        return np.asarray(X).reshape(len(X), -1)


def test_paper_metrics():
    """M10: the reported sensitivity, specificity and imbalance give the reported F1 and MCC."""
    positive, negative = 10_000, 70_160
    hit, miss = 9258, 742
    false = round(negative * (1 - 0.9251))
    truth = np.repeat([1, 0], [positive, negative])
    found = np.repeat([1, 0, 1, 0], [hit, miss, false, negative - false])
    assert (truth == found).mean() == pytest.approx(0.92519, abs=1e-4)
    assert f1_score(truth, found) == pytest.approx(0.75535, abs=1e-4)
    assert matthews_corrcoef(truth, found) == pytest.approx(0.73019, abs=1e-4)


@pytest.mark.parametrize("grouped", [False, True])
def test_memory(rng, grouped):
    """Rows are indexed: training needs little beside the table; the benchmark takes 1e6 rows."""
    X = rng.normal(size=(200_000, 40))
    y = (np.arange(200_000) % 101 == 0).astype(int)
    groups = np.array(["a", "b", "c", "d", "e", "f"])[rng.integers(6, size=len(y))]
    groups = groups if grouped else None
    tracemalloc.start()
    MetaSamplerClassifier(sampler=1.0, n_estimators=3, random_state=0).fit(X, y, groups=groups)
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert peak < 0.2 * (X.nbytes + y.nbytes)


def test_columns_of_the_validation_are_those_of_the_training(small):
    X, y = small
    frame = pd.DataFrame(X, columns=[f"f{i}" for i in range(X.shape[1])])
    other = frame[frame.columns[::-1]]
    for model in (MetaSamplerClassifier(sampler=0.9), MetaSampler(**BRIEF)):
        model.fit(frame, y, X_val=frame, y_val=y)
        with pytest.raises(ValueError, match="feature names"):
            model.fit(frame, y, X_val=other, y_val=y)


def test_an_unfitted_sampler_learns_with_the_members_of_the_classifier(small):
    X, y = small
    brief = MetaSampler(**BRIEF)
    given = MetaSamplerClassifier(GaussianNB(), sampler=brief, random_state=0).fit(X, y)
    assert isinstance(given.sampler_.estimator, GaussianNB) and brief.estimator is None
    own = MetaSampler(DecisionTreeClassifier(max_depth=2), **BRIEF)
    kept = MetaSamplerClassifier(GaussianNB(), sampler=own, random_state=0).fit(X, y)
    assert isinstance(kept.sampler_.estimator, DecisionTreeClassifier)


def test_splitter_for_validation(small):
    X, y = small
    groups = np.arange(len(y)) % 8
    model = MetaSamplerClassifier(
        sampler=0.9, validation=StratifiedGroupKFold(4), random_state=0
    ).fit(X, y, groups=groups)
    used = {int(g) for rows in model.estimators_samples_ for g in groups[rows]}
    assert len(used) == 6


def test_interruption_goes_on_with_the_members(small):
    class Impatient(DecisionTreeClassifier):
        fits = 0

        def fit(self, X, y):
            Impatient.fits += 1
            if Impatient.fits == 25:
                raise KeyboardInterrupt
            return super().fit(X, y)

    model = MetaSamplerClassifier(sampler=MetaSampler(Impatient(), **BRIEF), random_state=0)
    with pytest.warns(UserWarning, match="meta-training was interrupted after"):
        model.fit(*small)
    assert len(model.estimators_) == 10


@pytest.mark.parametrize(
    "estimator",
    [
        None,
        HistGradientBoostingClassifier(max_iter=5, min_samples_leaf=5),
        make_pipeline(SimpleImputer(add_indicator=True), GaussianNB()),
    ],
)
def test_missing_values_go_to_members_that_take_them(small, estimator):
    """The method sees probabilities alone. In these rows a gap is what tells the minority."""
    _, y = small
    X = np.random.default_rng(0).normal(size=(len(y), 3))
    X[y == 1, 1] = np.nan
    X[::3, 2] = np.nan
    for sampler in (0.9, MetaSampler(**BRIEF)):
        model = MetaSamplerClassifier(estimator, sampler=sampler, random_state=0)
        assert average_precision_score(y, model.fit(X, y).predict_proba(X)[:, 1]) == 1
        given = clone(model).fit(X, y, X_val=X[::2], y_val=y[::2])
        assert average_precision_score(y, given.predict_proba(X)[:, 1]) == 1
    trained = MetaSampler(estimator, **BRIEF, random_state=0).fit(X, y)
    assert trained.meta_history_["score"][-1] == 1
    with pytest.raises(ValueError, match="X contains infinity"):
        model.fit(np.where(np.isnan(X), np.inf, X), y)
    with pytest.raises(ValueError, match="X contains infinity"):
        given.predict(np.where(np.isnan(X), np.inf, X))
    with pytest.raises(ValueError, match="X_val contains infinity"):
        model.fit(X, y, X_val=np.where(np.isnan(X), np.inf, X), y_val=y)


@pytest.mark.parametrize("kind", [MetaSampler, MetaSamplerClassifier])
def test_tags_say_whether_members_take_missing_values(kind):
    for estimator, allowed in (
        (None, True), (HistGradientBoostingClassifier(), True), (GaussianNB(), False),
        ("no classifier", False), (DecisionTreeClassifier, False),
    ):  # fmt: skip
        assert get_tags(kind(estimator)).input_tags.allow_nan == allowed


def test_unlabelled_rows_are_refused_with_a_remedy_that_works(small):
    """Behind a selector that learns from them: the class -1 would be learned and predicted."""
    X, y = small
    partly = np.where(np.arange(len(y)) % 3, y, -1)
    model = MetaSamplerClassifier(sampler=0.9, random_state=0)
    select = SemiJMISelector(n_features_to_select=3)
    for last in (model, MetaSampler(**BRIEF)):
        with pytest.raises(ValueError, match=r"y holds -1 beside 2 other classes.*max_iter=0"):
            make_pipeline(select, last).fit(X, partly)
    pipe = make_pipeline(select, SelfTrainingClassifier(model, max_iter=0)).fit(X, partly)
    table, labelled = pipe[0].transform(X), partly >= 0
    alone = clone(model).fit(table[labelled], y[labelled])
    np.testing.assert_array_equal(pipe.predict_proba(X), alone.predict_proba(table))
    # Of two classes -1 is one.
    assert set(clone(model).fit(X, 2 * y - 1).predict(X)) == {-1, 1}


def test_bad_input_is_refused(small):
    X, y = small
    with_nan = X.copy()
    with_nan[3, 2] = np.nan
    cases = [
        (MetaSamplerClassifier(GaussianNB(), sampler=0.5), with_nan, y, {}, "Input X contains NaN"),
        (MetaSamplerClassifier(LinearSVC()), X, y, {}, "'estimator' parameter .*predict_proba"),
        (MetaSamplerClassifier(sampler=1.5), X, y, {}, "'sampler' parameter"),
        (MetaSamplerClassifier(sampler="lerned"), X, y, {}, "'sampler' parameter"),
        (MetaSamplerClassifier(sampler=0.5), X, np.zeros(440), {}, "y has one class"),
        (MetaSamplerClassifier(sampler=0.5), X, X[:, 0], {}, "Unknown label type: continuous"),
        (
            MetaSamplerClassifier(KNeighborsClassifier(), sampler=0.5), X, y,
            {"sample_weight": np.ones(440)},
            r"sample_weight was given, but the fit of estimator=KNeighborsClassifier\(\) takes",
        ),
        (
            MetaSamplerClassifier(sampler=0.5), X, y, {"sample_weight": -np.ones(440)},
            "Negative values in data",
        ),
        (
            MetaSamplerClassifier(sampler=MetaSampler(n_estimators=1)), X, y, {},
            "'n_estimators' parameter of MetaSampler",
        ),
        (
            MetaSamplerClassifier(sampler=0.5), X, y, {"groups": np.r_[np.nan, np.ones(439)]},
            "groups holds 1 missing values",
        ),
        (
            MetaSamplerClassifier(sampler=0.5), X, y,
            {"groups": np.array([None, None, *["a", "b"] * 219], dtype=object)},
            "groups holds 2 missing values",
        ),
        (
            MetaSamplerClassifier(sampler=0.5, scoring=average_precision_score), X, y, {},
            "make_scorer",
        ),
        (
            MetaSampler(learning_rate=1e20, reward_scale=1e30, **BRIEF), X, y, {},
            "meta-training diverged.*lower learning_rate",
        ),
    ]  # fmt: skip
    for model, table, labels, given, message in cases:
        with pytest.raises(ValueError, match=message):
            model.fit(table, labels, **given)
    model = MetaSamplerClassifier(sampler=0.5).fit(X, y)
    with pytest.raises(ValueError, match="X has 5 features"):
        model.predict(X[:, :5])


def test_torch_is_loaded_by_training_alone(trained, tmp_path):
    """Neither the import nor a given policy needs it."""
    trained.save(tmp_path / "s.npz")
    script = f"""
import sys, json, numpy as np
from skseizure.ensemble import MetaSampler, MetaSamplerClassifier, _meta_sampler
from skseizure.ensemble._meta_training import meta_train
X = np.random.default_rng(0).normal(size=(200, 2))
y = np.repeat([0, 1], [160, 40])
for sampler in ("random", 0.5, MetaSampler.load({str(tmp_path / "s.npz")!r})):
    MetaSamplerClassifier(sampler=sampler).fit(X, y).predict(X)
before = "torch" in sys.modules
MetaSampler(start_steps=2, update_steps=2).fit(X, y)
print(json.dumps([before, "torch" in sys.modules]))
"""
    out = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True)
    assert json.loads(out.stdout) == [False, True]


def test_validation_rows_that_a_pipeline_has_not_transformed_warn():
    """scikit-learn hands X_val on as it is: only its scale can tell."""
    X, y = make_classification(400, 6, weights=[0.8], random_state=0)
    X = 8000 + 1000 * X
    X, X_val, y, y_val = X[:300], X[300:], y[:300], y[300:]
    given = {"metasamplerclassifier__X_val": X_val, "metasamplerclassifier__y_val": y_val}
    ensemble = MetaSamplerClassifier(sampler=0.9, n_estimators=3, random_state=0)
    with pytest.warns(UserWarning, match=r"median of 6 of 6 .* transform_input=\['X_val'\]"):
        make_pipeline(StandardScaler(), ensemble).fit(X, y, **given)
    scaler = StandardScaler().fit(X)
    by_hand = clone(ensemble).fit(
        scaler.transform(X), y, X_val=scaler.transform(X_val), y_val=y_val
    )
    with config_context(enable_metadata_routing=True):
        asks = clone(ensemble).set_fit_request(X_val=True, y_val=True)
        routed = make_pipeline(StandardScaler(), asks, transform_input=["X_val"])
        routed.fit(X, y, X_val=X_val, y_val=y_val)
    np.testing.assert_array_equal(routed[-1].scores_, by_hand.scores_)


def test_a_search_over_actions_keeps_the_best_on_the_validation_rows(small):
    X, y = small
    model = MetaSamplerClassifier(sampler="search", n_estimators=4, random_state=0).fit(X, y)
    scores = model.search_scores_
    assert list(scores) == [0.0, 0.2, 0.4, 0.6, 0.8, 0.9, 1.0, "random"]
    best = max(scores, key=scores.get)
    assert model.scores_[-1] == scores[best]
    assert best == "random" or set(model.actions_) == {best}
    assert model.sampler_ is None and not hasattr(model, "meta_history_")
    model.set_params(sampler=0.9).fit(X, y)
    assert not hasattr(model, "search_scores_")
