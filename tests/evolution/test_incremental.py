import pickle

import numpy as np
import pandas as pd
import pytest
from sklearn.base import clone
from sklearn.linear_model import LogisticRegression

from skseizure.evolution import CNBCClassifier, CNBCEnsembleClassifier, EvolvedMLPClassifier

from .test_cnbc import BASE, GROUPS, assert_same, classifiers, frames, weights

ALL = {**GROUPS, "c": [5, 6]}


def more_frames():
    X, y = frames()
    extra = (
        np.random.default_rng(9).normal(scale=0.25, size=(len(X), 3, 2)) + 0.2 * y[:, None, None]
    )
    return X, np.concatenate([X, extra], axis=2), y


THOROUGH = EvolvedMLPClassifier((0, 4), swarm_size=30, max_iter=60)


def lowest(model):
    return [(c, g, bc) for c, groups in model.estimators_.items() for g, bc in groups.items()]


def test_a_new_group_leaves_the_old_classifiers_alone():
    X, wide, y = more_frames()
    model = CNBCClassifier(BASE, feature_groups=GROUPS, random_state=0).fit(X, y)
    before = {(c, g): (bc, np.copy(bc.coefs_[0])) for c, g, bc in lowest(model)}
    fusers = dict(model.fusers_)
    model.add_feature_group(wide, y, "c")
    for (channel, group), (bc, coefs) in before.items():
        assert model.estimators_[channel][group] is bc
        np.testing.assert_array_equal(bc.coefs_[0], coefs)
    assert all(model.fusers_[c] is not fuser for c, fuser in fusers.items())
    assert [fuser.n_features_in_ for fuser in model.fusers_.values()] == [2 * 3] * 3
    assert model.group_names_ == ["a", "b", "c"] and model.importances_.shape == (3, 3)
    assert model.n_features_in_ == 21 and model.network_["n_inputs"][:3] == [2, 3, 2]
    # as if all groups had been there from the beginning, in whatever order
    at_once = CNBCClassifier(BASE, feature_groups=ALL, random_state=0).fit(wide, y)
    assert_same(model, at_once)
    np.testing.assert_array_equal(model.predict(wide), at_once.predict(wide))
    turned = dict(reversed(ALL.items()))
    other = CNBCClassifier(BASE, feature_groups=turned, random_state=0).fit(wide, y)
    for channel, group, bc in lowest(model):
        np.testing.assert_array_equal(other.estimators_[channel][group].coefs_[0], bc.coefs_[0])
    assert clone(model).feature_groups == GROUPS  # the parameter is the caller's


def test_a_new_group_in_two_dimensions_and_by_name():
    X, wide, y = more_frames()
    flat, flat_wide = X.reshape(len(X), -1), wide.reshape(len(X), -1)
    expected = CNBCClassifier(BASE, feature_groups=ALL, random_state=0).fit(wide, y)
    model = CNBCClassifier(BASE, n_channels=3, feature_groups=GROUPS, random_state=0).fit(flat, y)
    assert_same(model.add_feature_group(flat_wide, y, "c", slice(5, 7)), expected)
    names = np.array([f"{c}__{'aabbbcc'[i]}__f{i}" for c in "012" for i in range(7)])
    old = [i for i, name in enumerate(names) if "__c__" not in name]
    frame = pd.DataFrame(flat_wide, columns=names)
    named = CNBCClassifier(BASE, random_state=0).fit(frame.iloc[:, old], y)
    named.add_feature_group(frame[[*names[old], *names[~np.isin(names, names[old])]]], y, "c")
    assert_same(named, expected)
    assert named.feature_names_in_.shape == (21,)
    by_list = CNBCClassifier(BASE, feature_groups=names[old], random_state=0).fit(
        flat_wide[:, old], y
    )
    assert_same(by_list.add_feature_group(flat_wide, y, "c", names), expected)


def test_a_new_group_of_an_ensemble():
    X, wide, y = more_frames()
    options = {"n_estimators": 2, "random_state": 0}
    model = CNBCEnsembleClassifier(BASE, feature_groups=GROUPS, **options).fit(X, y)
    old = [bc for member in model.estimators_ for _, _, bc in lowest(member)]
    model.add_feature_group(wide, y, "c")
    kept = [bc for member in model.estimators_ for _, g, bc in lowest(member) if g != "c"]
    assert all(a is b for a, b in zip(old, kept, strict=True))
    at_once = CNBCEnsembleClassifier(BASE, feature_groups=ALL, **options).fit(wide, y)
    np.testing.assert_array_equal(model.predict_members(wide), at_once.predict_members(wide))


def test_update_leaves_alone_what_is_good_enough():
    X, y = frames()
    model = CNBCClassifier(BASE, feature_groups=GROUPS, random_state=0).fit(X, y)
    before = classifiers(model)
    model.update(X, y, tolerance=0.2)
    assert model.updated_ == [] and model.n_updates_ == 1
    assert all(a is b for a, b in zip(before, classifiers(model), strict=True))


def test_update_reaches_only_what_fails_on_new_frames():
    X, y = frames()
    X[y == 1, 1, :2] += 0.7
    model = CNBCClassifier(THOROUGH, feature_groups=GROUPS, random_state=0).fit(X, y)
    later, y_later = frames(seed=1)
    seizures = np.flatnonzero(y_later)
    later[seizures[::2], 1, :2] += 0.7
    later[seizures[1::2], 1, :2] -= 0.5
    later[seizures[1::2], 2, 3] += 1.2  # every other one now shows elsewhere
    old = {(c, g): bc for c, g, bc in lowest(model)}
    losses = [_loss(bc, later[:, int(c)][:, GROUPS[g]], y_later) for (c, g), bc in old.items()]
    tolerance = 0.1
    due = [key for key, loss in zip(old, losses, strict=True) if loss > tolerance]
    assert 0 < len(due) < 6
    both, labels = np.concatenate([X, later]), np.concatenate([y, y_later])
    new = np.arange(len(labels)) >= len(y)
    sensitivity = model.predict(later)[y_later == 1].mean()
    model.update(both, labels, new=new, tolerance=tolerance)
    assert [key[2:] for key in model.updated_ if key[1] == "classifier"] == due
    for channel, group, bc in lowest(model):
        assert (bc is old[channel, group]) == ((channel, group) not in due)
    changed = {channel for channel, _ in due}
    assert changed <= {key[2] for key in model.updated_ if key[1] == "fuser"}
    assert (0, "master", "", "") in model.updated_
    assert model.predict(later)[y_later == 1].mean() > sensitivity + 0.2
    rows = np.flatnonzero(new)
    refitted = pickle.loads(pickle.dumps(model)).fit(X, y)
    assert not hasattr(refitted, "updated_") and refitted.n_updates_ == 0
    assert model.master_.get_params()["warm_start"] is False
    again = CNBCClassifier(THOROUGH, feature_groups=GROUPS, random_state=0).fit(X, y)
    assert_same(again.update(both, labels, new=rows, tolerance=tolerance), model)


def _loss(bc, table, y):
    target = np.where(y == 1, 1.0, -1.0)
    vectors = bc.class_vectors(table).astype(float)
    return np.mean((vectors[:, 0] + target) ** 2 + (vectors[:, 1] - target) ** 2) / 4


def test_what_evolves_again_starts_from_where_it_was():
    X, y = frames()
    still = EvolvedMLPClassifier((3,), swarm_size=1, max_iter=1)  # keeps what it starts with
    model = CNBCClassifier(still, feature_groups=GROUPS, random_state=0).fit(X, y)
    before = weights(model)
    model.update(X, 1 - y, tolerance=0.0)
    assert len(model.updated_) > 4
    for old, now in zip(before, weights(model), strict=True):
        np.testing.assert_array_equal(old, now)


def test_update_of_an_ensemble_and_of_other_classifiers():
    X, y = frames()
    later, y_later = frames(seed=1)
    later[:, 1] = -later[:, 1]
    ensemble = CNBCEnsembleClassifier(THOROUGH, 2, feature_groups=GROUPS, random_state=0).fit(X, y)
    ensemble.update(later, y_later, tolerance=0.1)
    assert {key[0] for key in ensemble.updated_} == {0, 1}
    assert ensemble.predict(later)[y_later == 1].mean() > 0.5
    other = CNBCClassifier(LogisticRegression(C=100.0), feature_groups=GROUPS).fit(X, y)
    other.update(later, y_later, tolerance=0.1)
    fresh = CNBCClassifier(LogisticRegression(C=100.0), feature_groups=GROUPS).fit(later, y_later)
    refitted = [key for key in other.updated_ if key[1] == "classifier"]
    assert refitted
    for _, _, channel, group in refitted:
        np.testing.assert_allclose(
            other.estimators_[channel][group].coef_, fresh.estimators_[channel][group].coef_
        )


def test_a_failure_changes_nothing():
    X, wide, y = more_frames()
    model = CNBCClassifier(BASE, feature_groups=GROUPS, random_state=0).fit(X, y)
    before = classifiers(model)
    for call, message in [
        (lambda: model.add_feature_group(wide, y, "a"), "there is a group of that name already"),
        (lambda: model.add_feature_group(X, y, "c"), "none is left for the group 'c'"),
        (lambda: model.add_feature_group(wide, y, "c", [4, 5]), "column 4 is in group 'b'"),
        (lambda: model.add_feature_group(wide, y, "c", [7]), "column 7, but a channel has 7"),
        (lambda: model.add_feature_group(wide[:, :2], y, "c"), "n_channels is 3, but X has 2"),
        (lambda: model.add_feature_group(wide, y + 1, "c"), r"classes \[1, 2\], but .*\[0, 1\]"),
        (lambda: model.update(X, y, tolerance=-0.1), "tolerance is -0.1"),
        (lambda: model.update(X, y, new=[]), "new has shape"),
        (lambda: model.update(X, y, new=np.zeros(len(y), dtype=bool)), "new names no frame"),
        (lambda: model.update(X, y, new=[len(y)]), "a mask or row numbers of the 390 frames"),
        (lambda: model.update(X, y, new=[True, False]), "new has shape"),
        (lambda: model.update(wide, y), "expecting 15 features"),
        (lambda: model.update(X, np.zeros(len(y), dtype=int)), "y holds one class"),
    ]:
        with pytest.raises(ValueError, match=message):
            call()
    assert all(a is b for a, b in zip(before, classifiers(model), strict=True))
    assert model.n_features_in_ == 15 and model.predict(X).shape == y.shape


def test_names_must_fit():
    _, wide, y = more_frames()
    names = [f"{c}__{'aabbbcc'[i]}__f{i}" for c in "012" for i in range(7)]
    frame = pd.DataFrame(wide.reshape(len(y), -1), columns=names)
    old = [name for name in names if "__c__" not in name]
    model = CNBCClassifier(BASE, random_state=0).fit(frame[old], y)
    with pytest.raises(ValueError, match="X has no column of the group 'd'"):
        model.add_feature_group(frame[old], y, "d")
    with pytest.raises(ValueError, match="group 'c', which is neither known nor the new group 'd'"):
        model.add_feature_group(frame, y, "d")
    with pytest.raises(ValueError, match="X lacks 1 of the old columns, the first is '0__a__f0'"):
        model.add_feature_group(frame.drop(columns="0__a__f0"), y, "c")
    with pytest.raises(ValueError, match="X must be a data frame with such names"):
        model.add_feature_group(frame.to_numpy(), y, "c")
