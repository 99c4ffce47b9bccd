import pickle
from typing import ClassVar

import joblib
import numpy as np
import pandas as pd
import pytest
from sklearn.base import clone
from sklearn.linear_model import LogisticRegression, RidgeClassifier
from sklearn.metrics import balanced_accuracy_score
from sklearn.model_selection import GridSearchCV, cross_val_predict
from sklearn.naive_bayes import GaussianNB
from sklearn.neighbors import NearestCentroid
from sklearn.neural_network import MLPClassifier
from sklearn.pipeline import Pipeline, make_pipeline
from sklearn.preprocessing import StandardScaler
from sklearn.svm import SVC
from sklearn.tree import DecisionTreeClassifier
from sklearn.utils import get_tags
from skops.io import dumps, loads

from skseizure.datasets import load_chbmit
from skseizure.evolution import CNBCClassifier, CNBCEnsembleClassifier, EvolvedMLPClassifier
from skseizure.evolution._frames import select_frames
from skseizure.features import FeatureNormalizer, FrameFeatures
from skseizure.metrics import sensitivity_score, specificity_score
from skseizure.model_selection import EarlyTrainSplit
from skseizure.postprocessing import MorphologicalFilterClassifier, aggregate_and_filter

from . import _naive

GROUPS = {"a": [0, 1], "b": [2, 3, 4]}
BASE = EvolvedMLPClassifier((0, 4), swarm_size=15, max_iter=15)


def frames(n=390, n_channels=3, seed=0):
    """Three channels of five features; a seizure shows in two of the middle one."""
    rng = np.random.default_rng(seed)
    y = (np.arange(n) % 13 == 0).astype(int)
    X = rng.normal(scale=0.25, size=(n, n_channels, 5))
    X[y == 1, 1, :2] += 0.5
    return X, y


def classifiers(model):
    """All classifiers of a CNBC, from the lowest level up."""
    lowest = [bc for groups in model.estimators_.values() for bc in groups.values()]
    return [*lowest, *model.fusers_.values(), model.master_]


def weights(model):
    return [
        np.concatenate([part.ravel() for part in [*bc.coefs_, *bc.intercepts_]])
        for bc in classifiers(model)
    ]


def assert_same(first, second):
    for mine, theirs in zip(weights(first), weights(second), strict=True):
        np.testing.assert_array_equal(mine, theirs)


def differ(first, second):
    pairs = zip(weights(first), weights(second), strict=True)
    return not all(np.array_equal(mine, theirs) for mine, theirs in pairs)


@pytest.fixture(scope="module")
def fitted():
    X, y = frames()
    return CNBCClassifier(BASE, feature_groups=GROUPS, random_state=0).fit(X, y), X, y


def test_three_phases_one_by_one(fitted):
    """Each classifier is what its class learns alone from the outputs below."""
    model, X, y = fitted
    flat, positive = X.reshape(len(X), -1).astype(np.float32), y == 1

    def by_hand(classifier, table):
        rows = select_frames(table, positive, 12, "greedy")
        seed = classifier.random_state
        again = clone(BASE).set_params(random_state=seed).fit(table[rows], y[rows])
        np.testing.assert_array_equal(again.coefs_[0], classifier.coefs_[0])
        loss = _naive.network_loss(again.coefs_, again.intercepts_, table[rows], positive[rows])
        return again.class_vectors(table), loss, len(rows)

    rows, fused = [], []
    for c in range(3):
        below = []
        for name, columns in GROUPS.items():
            table = flat[:, 5 * c + np.array(columns)]
            vectors, *row = by_hand(model.estimators_[str(c)][name], table)
            below.append(vectors)
            rows.append(row)
        fused.append(np.hstack(below))
    upper = []
    for c in range(3):
        vectors, *row = by_hand(model.fusers_[str(c)], fused[c])
        upper.append(vectors)
        rows.append(row)
    vectors, *row = by_hand(model.master_, np.hstack(upper))
    rows.append(row)
    np.testing.assert_allclose(model.network_["loss"], [loss for loss, _ in rows], atol=1e-6)
    assert model.network_["n_frames"] == [n for _, n in rows]
    decision = vectors[:, 1].astype(float) - vectors[:, 0]
    np.testing.assert_array_equal(model.decision_function(X), decision)
    np.testing.assert_array_equal(model.predict(X), (decision > 0).astype(int))
    np.testing.assert_allclose(model.predict_proba(X)[:, 1], (2 + decision) / 4)


def test_the_table_of_the_network(fitted):
    model, _, _ = fitted
    table = pd.DataFrame(model.network_)
    assert table.level.tolist() == ["classifier"] * 6 + ["fuser"] * 3 + ["master"]
    assert table.channel.tolist() == [*"001122", *"012", ""]
    assert table.group.tolist() == ["a", "b"] * 3 + [""] * 4
    assert table.n_inputs.tolist() == [2, 3] * 3 + [4] * 3 + [6]
    assert set(table.architecture[:6]) <= {"2-2", "2-4-2", "3-2", "3-4-2"}
    assert table.n_frames.tolist() == [390] * 10  # 30 positives ask for all 360 negatives
    seeds = [bc.random_state for bc in classifiers(model)]
    assert len(set(seeds)) == 10


def test_importances_tell_where_the_seizure_shows(fitted):
    model, X, y = fitted
    assert model.channel_names_ == ["0", "1", "2"] and model.group_names_ == ["a", "b"]
    assert model.importances_.shape == (3, 2) and model.importances_.sum() == pytest.approx(1)
    np.testing.assert_allclose(model.channel_importances_, model.importances_.sum(axis=1))
    np.testing.assert_allclose(model.feature_group_importances_, model.importances_.sum(axis=0))
    assert model.channel_importances_.argmax() == 1 and model.channel_importances_[1] > 0.5
    assert model.feature_group_importances_.argmax() == 0
    assert model.importances_.argmax() == 2
    # the master's part by hand
    flat = X.reshape(len(X), -1).astype(np.float32)
    table = np.hstack(
        [
            model.fusers_[c].class_vectors(
                np.hstack(
                    [
                        model.estimators_[c][g].class_vectors(flat[:, model.columns_[c][g]])
                        for g in GROUPS
                    ]
                )
            )
            for c in "012"
        ]
    )
    effects = []
    for c in range(3):
        changed = table.astype(float)
        for column in (2 * c, 2 * c + 1):
            changed[:, column] = (table[y == 1, column].mean() + table[y == 0, column].mean()) / 2
        shift = np.abs(
            model.master_.decision_function(changed) - model.master_.decision_function(table)
        )
        effects.append(shift[y == 1].mean() + shift[y == 0].mean())
    np.testing.assert_allclose(
        model.channel_importances_, np.array(effects) / np.sum(effects), rtol=1e-4
    )


def test_layouts_are_the_same(fitted):
    model, X, y = fitted
    flat = X.reshape(len(X), -1)
    groups = {"a": slice(0, 2), "b": slice(2, None)}
    assert_same(clone(model).set_params(n_channels=3, feature_groups=groups).fit(flat, y), model)
    names = [f"{c}__{'aabbb'[i]}__f{i}" for c in "012" for i in range(5)]
    by_list = clone(model).set_params(feature_groups=np.array(names)).fit(flat, y)
    assert_same(by_list, model)
    frame = pd.DataFrame(flat, columns=names)
    by_frame = clone(model).set_params(feature_groups=None).fit(frame, y)
    assert_same(by_frame, model)
    np.testing.assert_array_equal(by_frame.predict(frame), model.predict(X))
    np.testing.assert_array_equal(model.predict(flat), model.predict(X))
    listed = clone(model).set_params(feature_groups=[[0, 1], [2, 3, 4]]).fit(X, y)
    assert listed.group_names_ == ["0", "1"]
    # any order of columns, channels with unlike groups, underscores in a channel's name
    order = np.random.default_rng(0).permutation(15)[:12]
    some = clone(model).set_params(feature_groups=None)
    some.fit(frame.iloc[:, order].rename(columns=lambda name: "T8__P8-" + name), y)
    assert {c for c in some.channel_names_} == {"T8__P8-0", "T8__P8-1", "T8__P8-2"}
    used = np.concatenate([g for groups in some.columns_.values() for g in groups.values()])
    assert sorted(used.tolist()) == list(range(12))
    one = CNBCClassifier(BASE, random_state=0).fit(flat, y)
    assert one.channel_names_ == ["0"] and one.group_names_ == ["all"]


def test_columns_in_no_group_are_not_used():
    X, y = frames()
    model = CNBCClassifier(BASE, feature_groups={"a": [0, 1]}, random_state=0).fit(X, y)
    changed = X.copy()
    changed[:, :, 2:] = 7
    np.testing.assert_array_equal(model.decision_function(changed), model.decision_function(X))


@pytest.mark.parametrize("backend", ["threading", "loky"])
def test_any_number_of_jobs(fitted, backend):
    model, X, y = fitted
    ensemble = CNBCEnsembleClassifier(BASE, 2, feature_groups=GROUPS, random_state=0).fit(X, y)
    with joblib.parallel_config(backend):
        assert_same(clone(model).set_params(n_jobs=2).fit(X, y), model)
        parallel = clone(ensemble).set_params(n_jobs=2).fit(X, y)
    for mine, theirs in zip(ensemble.estimators_, parallel.estimators_, strict=True):
        assert_same(mine, theirs)


def test_ensemble_is_made_of_members(fitted):
    model, X, y = fitted
    ensemble = CNBCEnsembleClassifier(BASE, 3, feature_groups=GROUPS, random_state=0).fit(X, y)
    assert_same(ensemble.estimators_[0], model)  # the first is the one that stands alone
    members = ensemble.predict_members(X)
    assert members.shape == (3, len(X))
    for member, labels in zip(ensemble.estimators_, members, strict=True):
        np.testing.assert_array_equal(member.predict(X), labels)
        assert any(
            len(a) != len(b) or (a != b).any()
            for a, b in zip(weights(member), weights(model), strict=True)
        ) == (member is not ensemble.estimators_[0])
    np.testing.assert_array_equal(ensemble.predict(X), members.max(axis=0))
    np.testing.assert_allclose(ensemble.predict_proba(X)[:, 1], members.mean(axis=0))
    np.testing.assert_array_equal(ensemble.predict(X), ensemble.decision_function(X) > 0)
    np.testing.assert_allclose(
        ensemble.importances_, np.mean([m.importances_ for m in ensemble.estimators_], axis=0)
    )
    filtered = MorphologicalFilterClassifier(ensemble).fit(X, y)
    np.testing.assert_array_equal(
        filtered.predict(X), aggregate_and_filter(filtered.estimator_.predict_members(X) == 1)
    )


def test_negatives_of_the_first_phase_are_chosen_once(monkeypatch):
    X, y = frames()
    widths = []

    def spy(table, *args):
        widths.append(table.shape[1])
        return select_frames(table, *args)

    monkeypatch.setattr("skseizure.evolution._network.select_frames", spy)
    ensemble = CNBCEnsembleClassifier(BASE, 2, feature_groups=GROUPS, pnr=3, random_state=0)
    ensemble.fit(X, y)
    assert sorted(widths) == [2] * 3 + [3] * 3 + [4] * 6 + [6] * 2
    assert set(ensemble.estimators_[1].network_["n_frames"]) == {30 * 4}


@pytest.mark.parametrize(
    "classifier",
    [
        LogisticRegression(),  # decision_function
        GaussianNB(),  # predict_proba alone
        RidgeClassifier(),
        NearestCentroid(),
        make_pipeline(StandardScaler(), SVC()),
        MLPClassifier((4,), solver="lbfgs", alpha=1.0, max_iter=1000, random_state=0),
    ],
    ids=lambda c: type(c).__name__,
)
def test_any_classifier_on_any_level(classifier):
    X, y = frames()
    model = CNBCClassifier(classifier, feature_groups=GROUPS, random_state=0).fit(X, y)
    assert balanced_accuracy_score(y, model.predict(X)) > 0.65
    assert type(model.fusers_["0"]) is type(model.master_) is type(classifier)
    mixed = CNBCClassifier(BASE, classifier, LogisticRegression(), random_state=0).fit(X, y)
    names = [
        type(c).__name__ for c in (mixed.estimators_["0"]["all"], mixed.fusers_["0"], mixed.master_)
    ]
    assert names == ["EvolvedMLPClassifier", type(classifier).__name__, "LogisticRegression"]
    assert mixed.network_["architecture"][-1] == "LogisticRegression"


@pytest.mark.parametrize("kind", [CNBCClassifier, CNBCEnsembleClassifier])
def test_missing_values_go_to_classifiers_that_take_them(kind):
    """The selection of negatives needs distances, fusers and master see outputs alone."""
    X, y = frames()
    X[::7, 1, 0] = np.nan
    tree = DecisionTreeClassifier(max_depth=4, max_features=1)
    model = kind(tree, fuser=LogisticRegression(), selection=None, feature_groups=GROUPS)
    model.set_params(random_state=0)
    assert get_tags(model).input_tags.allow_nan
    assert balanced_accuracy_score(y, model.fit(X, y).predict(X)) > 0.8
    for change in ({"selection": "greedy"}, {"estimator": BASE}):
        other = clone(model).set_params(**change)
        assert not get_tags(other).input_tags.allow_nan
        with pytest.raises(ValueError, match="X contains NaN"):
            other.fit(X, y)
    with pytest.raises(ValueError, match="X contains infinity"):
        model.fit(np.where(np.isnan(X), np.inf, X), y)
    with pytest.raises(ValueError, match=r"X holds -?1e\+35; values up to"):
        model.fit(np.where(X[0, 0, 0] == X, -1e35, X), y)


def test_outputs_of_other_classifiers_by_hand():
    X, y = frames()
    flat = X[:, 1].astype(np.float32)
    model = CNBCClassifier(LogisticRegression(), RidgeClassifier(), GaussianNB(), selection=None)
    model.fit(flat, y)
    s = np.tanh(LogisticRegression().fit(flat, y).decision_function(flat))
    table = np.column_stack([-s, s]).astype(np.float32)
    s = np.tanh(RidgeClassifier().fit(table, y).decision_function(table))
    table = np.column_stack([-s, s]).astype(np.float32)
    p = GaussianNB().fit(table, y).predict_proba(table)[:, 1]
    np.testing.assert_allclose(model.decision_function(flat), 2 * (2 * p - 1), atol=1e-5)


def test_classifiers_without_random_numbers_are_told_of():
    X, y = frames()
    with pytest.warns(UserWarning, match="all 2 CNBCs decide the same") as caught:
        CNBCEnsembleClassifier(LogisticRegression(), 2).fit(X, y)
    assert caught[0].filename == __file__


class Fragile(EvolvedMLPClassifier):
    """Is interrupted at its fifth fit."""

    fits: ClassVar[list[int]] = []

    def fit(self, X, y):
        self.fits.append(1)
        if len(self.fits) == 5:
            raise KeyboardInterrupt
        return super().fit(X, y)


def test_interruption_keeps_what_was_finished():
    X, y = frames()
    fits = Fragile.fits
    base = Fragile((0, 4), swarm_size=15, max_iter=15)
    model = CNBCClassifier(base, feature_groups=GROUPS, random_state=0, warm_start=True)
    with pytest.raises(KeyboardInterrupt):
        model.fit(X, y)
    assert not hasattr(model, "master_")
    model.fit(X, y)
    assert len(fits) == 5 + 6  # ten classifiers, of which four were there
    whole = CNBCClassifier(BASE, feature_groups=GROUPS, random_state=0).fit(X, y)
    assert_same(model, whole)
    model.fit(X, y)
    assert len(fits) == 11
    model.fit(X + 1e-3, y)  # other data
    assert len(fits) == 21
    model.set_params(pnr=11).fit(X + 1e-3, y)
    assert len(fits) == 31
    model.set_params(warm_start=False).fit(X + 1e-3, y)
    assert len(fits) == 41


def test_more_members_by_warm_start():
    X, y = frames()
    options = {"feature_groups": GROUPS, "random_state": 0}
    grown = CNBCEnsembleClassifier(BASE, 1, warm_start=True, **options).fit(X, y)
    first = grown.estimators_[0].master_
    grown.set_params(n_estimators=2).fit(X, y)
    assert grown.estimators_[0].master_ is first
    at_once = CNBCEnsembleClassifier(BASE, 2, **options).fit(X, y)
    assert_same(grown.estimators_[1], at_once.estimators_[1])
    unseeded = CNBCClassifier(BASE, warm_start=True).fit(X, y)
    before = unseeded.master_
    assert unseeded.fit(X, y).master_ is before


def test_copies_are_the_same(fitted):
    model, X, y = fitted
    ensemble = CNBCEnsembleClassifier(BASE, 2, feature_groups=GROUPS, random_state=0).fit(X, y)
    for one in (model, ensemble):
        trusted = [f"skseizure.evolution.{name}" for name in (
            "EvolvedMLPClassifier", "CNBCClassifier", "CNBCEnsembleClassifier"
        )]  # fmt: skip
        for other in (pickle.loads(pickle.dumps(one)), loads(dumps(one), trusted=trusted)):
            np.testing.assert_array_equal(other.decision_function(X), one.decision_function(X))
            np.testing.assert_array_equal(other.importances_, one.importances_)


def test_progress(capsys, fitted):
    model, X, y = fitted
    clone(model).set_params(verbose=1).fit(X, y)
    shown = capsys.readouterr().err
    assert "classifiers" in shown and "6/6" in shown and "fusers" in shown and "masters" in shown


def test_search_in_a_pipeline_with_frame_features(toy):
    X, y, _ = toy
    X = X.pick(["F3-C3", "C3-P3"])
    pipe = Pipeline(
        [
            ("features", FrameFeatures(["morph", "freq"], sfreq=None)),
            ("scale", FeatureNormalizer()),
            ("cnbc", CNBCEnsembleClassifier(BASE, random_state=0)),
        ]
    ).set_output(transform="pandas")
    grid = {
        "cnbc__n_estimators": [1, 2],
        "cnbc__estimator__max_iter": [5, 10],
        "cnbc__pnr": [3, 12],
    }
    search = GridSearchCV(pipe, grid, cv=2, scoring="balanced_accuracy").fit(X, y)
    assert search.best_score_ > 0.9
    best = search.best_estimator_
    assert best["cnbc"].channel_names_ == ["F3-C3", "C3-P3"]
    assert best["cnbc"].group_names_ == ["morph", "freq"]
    filtered = MorphologicalFilterClassifier(best).fit(X, y)
    members = best[-1].predict_members(best[:-1].transform(X)) == 1
    for rows in X.segments():
        expected = aggregate_and_filter(members[:, rows])
        np.testing.assert_array_equal(filtered.predict(X)[rows], expected)
    # without pandas: the groups of FrameFeatures as they are
    features = FrameFeatures(["morph", "freq"]).fit(X)
    table = FeatureNormalizer().fit_transform(features.transform(X))
    by_groups = CNBCClassifier(BASE, n_channels=2, feature_groups=features.feature_groups_)
    by_names = CNBCClassifier(BASE, feature_groups=features.get_feature_names_out())
    first, second = (m.set_params(random_state=0).fit(table, y) for m in (by_groups, by_names))
    assert_same(first, second)


def test_random_states(fitted):
    model, X, y = fitted
    drawn = clone(model).set_params(random_state=np.random.RandomState(0)).fit(X, y)
    again = clone(model).set_params(random_state=np.random.RandomState(0)).fit(X, y)
    assert_same(drawn, again)
    other = clone(model).set_params(random_state=1).fit(X, y)
    assert any(
        (a.shape != b.shape) or (a != b).any()
        for a, b in zip(weights(model), weights(other), strict=True)
    )


def test_out_of_sample(fitted):
    _, X, y = fitted
    model = CNBCClassifier(
        EvolvedMLPClassifier((0, 4), max_iter=40), feature_groups=GROUPS, random_state=0
    )
    found = cross_val_predict(model, X, y, cv=3)
    assert found[y == 1].mean() > 0.6 and found[y == 0].mean() < 0.05


def test_real_eeg(data_path):
    """The first quarter of a patient's seizures trains, the rest is found."""
    X, y = load_chbmit(data_path / "chbmit", patients=["chb05"], window=1.0)
    features = FrameFeatures(["morph", "freq"], smoothing=20)
    table = features.fit_transform(X)
    ((train, test),) = EarlyTrainSplit(0.25, unit="seizure").split(X, y)
    scale = FeatureNormalizer().fit(table[train])
    model = CNBCEnsembleClassifier(
        n_estimators=2, feature_groups=features.get_feature_names_out(), random_state=0
    )
    model.fit(scale.transform(table[train]), y[train])
    found = model.predict(scale.transform(table[test]))
    assert sensitivity_score(y[test], found) > 0.7
    assert specificity_score(y[test], found) > 0.7
    assert model.channel_names_ == list(X.ch_names)
