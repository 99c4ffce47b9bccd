"""Which class a CNBC takes for the seizure, of whose frames it keeps all."""

import pickle

import numpy as np
import pytest
from sklearn.base import clone

from skseizure.evolution import CNBCClassifier, CNBCEnsembleClassifier

from .test_cnbc import BASE, GROUPS, assert_same, frames
from .test_incremental import more_frames

PAIRS = [
    (False, True, None),
    ("normal", "ictal", None),
    (1, 2, 2),
    (2, 1, 1),
    ("b", "a", "a"),
]


def ensemble(pos_label=None):
    return CNBCEnsembleClassifier(
        BASE, 2, feature_groups=GROUPS, pos_label=pos_label, random_state=0
    )


def network(pos_label=None):
    return CNBCClassifier(BASE, feature_groups=GROUPS, pos_label=pos_label, random_state=0)


@pytest.mark.parametrize(("background", "seizure", "pos_label"), PAIRS, ids=str)
@pytest.mark.parametrize("make", [network, ensemble])
def test_names_of_the_classes_change_nothing(make, background, seizure, pos_label):
    X, wide, y = more_frames()
    named = np.where(y, seizure, background)
    weight = np.random.default_rng(0).random(len(y)) + 0.5
    expected, found = make().fit(X, y, weight), make(pos_label).fit(X, named, weight)
    for step in ("fit", "add_feature_group", "update"):
        if step == "add_feature_group":
            expected.add_feature_group(wide, y, "c")
            found.add_feature_group(wide, named, "c")
            X = wide
        elif step == "update":
            expected.update(X, y, new=np.arange(40), tolerance=0.01)
            found.update(X, named, new=np.arange(40), tolerance=0.01)
        assert found.classes_.tolist() == sorted([background, seizure])
        column = found.classes_.tolist().index(seizure)
        np.testing.assert_array_equal(found.predict(X) == seizure, expected.predict(X) == 1)
        np.testing.assert_array_equal(
            found.predict_proba(X)[:, [1 - column, column]], expected.predict_proba(X)
        )
        np.testing.assert_array_equal(found.importances_, expected.importances_)
        # Above zero for the second class, as scikit-learn wants it.
        sign = 1 if column else -1
        np.testing.assert_array_equal(
            sign * found.decision_function(X), expected.decision_function(X)
        )
    again = pickle.loads(pickle.dumps(found))
    np.testing.assert_array_equal(again.predict(X), found.predict(X))
    if make is ensemble:
        members = found.predict_members(X)
        np.testing.assert_array_equal(members == seizure, expected.predict_members(X) == 1)
        for member, labels in zip(found.estimators_, members, strict=True):
            np.testing.assert_array_equal(member.predict(X), labels)


def test_weights_of_classes_go_by_their_labels():
    X, y = frames()
    weight = {"ictal": 3.0, "normal": 1.0}
    found = network().set_params(class_weight=weight).fit(X, np.where(y, "ictal", "normal"))
    assert_same(found, network().set_params(class_weight={1: 3.0, 0: 1.0}).fit(X, y))


@pytest.mark.parametrize("make", [network, ensemble])
def test_what_nothing_tells_is_pointed_out(make):
    X, y = frames()
    message = r"y has the classes \[1, 2\], .*takes 2 for it.* Pass pos_label=1 or pos_label=2"
    with pytest.warns(UserWarning, match=message) as caught:
        model = make().fit(X, y + 1)
    assert [warning.filename for warning in caught] == [__file__]
    np.testing.assert_array_equal(model.predict(X), make().fit(X, y).predict(X) + 1)
    with pytest.raises(ValueError, match=r"pos_label=3 is not a valid label; .* \[1, 2\]"):
        clone(model).set_params(pos_label=3).fit(X, y + 1)
