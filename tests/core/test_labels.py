"""Labels: what is missing, and which class is the seizure."""

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st
from sklearn.frozen import FrozenEstimator
from sklearn.linear_model import LogisticRegression
from sklearn.model_selection import FixedThresholdClassifier, GridSearchCV
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

from skseizure._core.labels import (
    assumed_seizure_column,
    check_labels,
    check_labels_to_hand_on,
    check_partial_labels,
    is_seizure_name,
    known_seizure_class,
    refuse_unlabelled,
    said_pos_label,
    seizure_class,
    seizure_column,
    seizure_flags,
)
from skseizure.signals import Events

MARKS = [-1, -1.0, np.int8(-1), None, np.nan, np.float32("nan"), pd.NA]


@given(
    st.lists(st.sampled_from([0, 1, 2, *MARKS]), min_size=1, max_size=30),
    st.sampled_from([[0, 1, 2], [0.0, 1.0, 2.0], ["a", "b", "c"], [False, True, 5]]),
)
def test_all_marks_mean_unlabelled(drawn, names):
    y = np.empty(len(drawn), dtype=object)
    truth = []
    for i, label in enumerate(drawn):
        marked = not any(label is number for number in (0, 1, 2))
        truth.append(-1 if marked else label)
        y[i] = label if marked else names[label]
    found = check_partial_labels(y)
    assert found.unlabelled.tolist() == [code < 0 for code in truth]
    expected = [names[code] for code in truth if code >= 0]
    assert found.classes.tolist() == sorted(set(expected))
    assert found.classes[found.codes[~found.unlabelled]].tolist() == expected


@pytest.mark.parametrize(
    "y",
    [
        np.array([0.0, np.nan, 1.0, -1.0]),
        np.array([0, -1, 1, -1], dtype=np.int8),
        pd.Series([0, None, 1, -1], dtype="Int64"),
        pd.Series([0, None, 1, -1]),
        [0, None, 1, -1],
        np.array([False, None, True, -1], dtype=object),
    ],
    ids=lambda y: str(getattr(y, "dtype", "list")),
)
def test_marks_in_arrays_of_numbers(y):
    found = check_partial_labels(y)
    assert found.codes.tolist() == [0, -1, 1, -1] and found.classes.tolist() == [0, 1]


def test_marks_in_columns_of_text():
    categories = pd.Categorical(["b", None, "a", "b"])
    for y in (categories, pd.Series(["b", None, "a", "b"], dtype="string"), ["b", None, "a", "b"]):
        found = check_partial_labels(y)
        assert found.codes.tolist() == [1, -1, 0, 1] and found.classes.tolist() == ["a", "b"]


@pytest.mark.parametrize(
    ("y", "kind", "message"),
    [
        (["a", "-1"], ValueError, "y holds strings, among them '-1'.*dtype=object"),
        (["a", "b", np.nan], ValueError, "y holds strings, among them 'nan'.*dtype=object"),
        ([b"a", b"-1"], ValueError, "y holds strings, among them '-1'"),
        (np.array(["a", 1, None], dtype=object), ValueError, "y holds strings beside 1; classes"),
        ([0.5, 1.0, np.nan], ValueError, "y: Unknown label type: continuous"),
        ([0.0, np.inf, -1], ValueError, "Input y contains infinity"),
        (np.array([1j, 0]), ValueError, "y: Complex data not supported"),
        ([[0, 1], [1, 0]], ValueError, "y should be a 1d array"),
        (Events([1], [1], recordings={"0": 9}), TypeError, "y is Events; one label a window"),
    ],
)
def test_partial_labels_that_are_refused(y, kind, message):
    with pytest.raises(kind, match=message):
        check_partial_labels(y)


@pytest.mark.parametrize("mark", [None, np.nan, pd.NA], ids=str)
@pytest.mark.parametrize("classes", [[0, 1], ["a", "b"]], ids=str)
def test_elsewhere_missing_labels_are_refused(classes, mark):
    y = np.array([*classes, mark, classes[0]], dtype=object)
    found = "None" if mark is None else "NaN"
    with pytest.raises(ValueError, match=f"Input y contains {found}, first in row 2; each row"):
        check_labels(y)
    labels, known = check_labels_to_hand_on(y)
    assert labels[2] is mark and known.tolist() == [*classes, classes[0]]


def test_elsewhere_minus_one_is_a_class():
    assert check_labels([-1, 1, -1]).tolist() == [-1, 1, -1]
    labels, known = check_labels_to_hand_on([-1, 0, 1])
    assert labels.tolist() == known.tolist() == [-1, 0, 1]
    # Beside strings it can only be a mark.
    _, known = check_labels_to_hand_on(np.array(["a", -1, "b"], dtype=object))
    assert known.tolist() == ["a", "b"]
    assert check_labels(np.array([0, 1], dtype=object)).dtype.kind == "i"


# Classes, and the seizure among them; None: nothing tells.
RULE = [
    ([0, 1], 1),
    ([-1, 1], 1),
    ([False, True], True),
    ([0.0, 1.0], 1.0),
    (["0", "1"], "1"),
    (["False", "True"], "True"),
    (["bckg", "seiz"], "seiz"),
    (["ictal", "interictal"], "ictal"),
    (["abnormal", "normal"], "abnormal"),
    (["seizure", "seizure-free"], "seizure"),
    (["Seizure", "background"], "Seizure"),
    (["bckg", "fnsz"], "fnsz"),
    (["bckg", "sz_foc_ia"], "sz_foc_ia"),
    ([b"ictal", b"normal"], b"ictal"),
    ([1, 2], None),
    ([0, 2], None),
    ([-1, 0], None),
    (["interictal", "preictal"], None),
    (["fnsz", "gnsz"], None),
    (["a", "b"], None),
    ([0], 1),
    ([-1], 1),
    ([False], 1),
    ([True], True),
    (["0"], "1"),
    (["seizure"], "seizure"),
    ([1], None),
    ([2], None),
    (["background"], None),
]


@pytest.mark.parametrize(("classes", "seizure"), RULE, ids=str)
def test_which_class_is_the_seizure(classes, seizure):
    # Whatever the order, and whether they are numpy's or Python's.
    for given_classes in (classes, classes[::-1], list(np.array(classes)), np.array(classes)):
        found = known_seizure_class(given_classes)
        assert found == seizure and type(found) is type(seizure)
    if seizure is None:
        with pytest.raises(ValueError, match=r"y: the class(es \[.*which of| .* alone ).*pass"):
            seizure_class(classes)
    else:
        assert seizure_class(classes) == seizure


def test_a_class_that_is_said_to_be_the_seizure():
    assert seizure_class([1, 2], 1) == 1 and seizure_class(["a", "b"], "b") == "b"
    assert seizure_class([0, 1], 0) == 0  # whatever the rule would say
    # Of a record that holds one class, the other may be anything.
    assert seizure_class([1], 2) == 2 and seizure_class([0], 5) == 5
    assert seizure_class(["wake"], "attack") == "attack"
    for classes, pos_label in (([1, 2], 3), (["a", "b"], "c"), ([0], "sz"), (["a"], 1), ([1], "1")):
        with pytest.raises(ValueError, match=rf"pos_label={pos_label!r} is not a valid label; the"):
            seizure_class(classes, pos_label)
    for classes in ([], [0, 1, 2]):
        with pytest.raises(ValueError, match=r"model: the classes are \[.*\]; two classes, one of"):
            seizure_class(classes, of="model")


def test_all_labels_at_hand_tell_together():
    one, other = seizure_flags(y_true=np.array(["bckg"] * 3), y_pred=np.array(["seiz", "bckg"]))
    assert one.tolist() == [False] * 3 and other.tolist() == [True, False]
    (flags,) = seizure_flags(2, y=np.array([1, 1]))
    assert not flags.any()
    with pytest.raises(ValueError, match="y_true and y_pred: the class 1 alone does not tell"):
        seizure_flags(y_true=np.array([1, 1]), y_pred=np.array([1, 1]))
    with pytest.raises(ValueError, match=r"y_pred: the labels are \[1, 'sz'\]; all strings or"):
        seizure_flags(y_true=np.array(["sz"]), y_pred=np.array([1]))


def fitted(estimator, classes):
    return estimator.fit([[0.0], [1.0]], classes)


def test_the_seizure_of_a_fitted_classifier():
    logistic = LogisticRegression()
    assert seizure_column(fitted(logistic, ["ictal", "normal"])) == 0
    assert seizure_column(fitted(logistic, [0, 1])) == 1
    with pytest.raises(ValueError, match=r"LogisticRegression: the classes \[1, 2\] do not tell"):
        seizure_column(fitted(logistic, [1, 2]))
    assert seizure_column(fitted(logistic, [1, 2]), 1) == 0
    assert assumed_seizure_column(fitted(logistic, [1, 2])) == 1
    assert assumed_seizure_column(fitted(logistic, ["ictal", "normal"])) == 0
    with pytest.raises(ValueError, match=r"Pipeline has the classes \[0, 1, 2\]; two classes"):
        seizure_column(make_pipeline(LogisticRegression()).fit(np.eye(3), [0, 1, 2]))
    with pytest.raises(ValueError, match=r"LogisticRegression has the classes \[\]; two classes"):
        seizure_column(LogisticRegression())


def test_a_part_inside_says_what_the_seizure_is():
    """Where the user said it once, nobody asks again."""
    inner = FixedThresholdClassifier(
        LogisticRegression(), threshold=0.4, pos_label=1, response_method="predict_proba"
    )
    assert said_pos_label(inner) == 1 and said_pos_label(LogisticRegression()) is None
    for outer in (
        make_pipeline(StandardScaler(), inner),
        GridSearchCV(inner, {"threshold": [0.4, 0.5]}, cv=2),
        FrozenEstimator(inner),
        make_pipeline(FrozenEstimator(inner)),
    ):
        assert said_pos_label(outer) == 1
    model = make_pipeline(StandardScaler(), inner).fit([[0.0], [1.0]] * 2, [1, 2] * 2)
    assert seizure_column(model) == 0 and seizure_column(model, 2) == 1


def test_names_of_seizures():
    for name in (
        *("Seizure", " SZ ", "seiz", "ictal", "fnsz", "sz_foc_ia", "sz_gen"),
        *("focal seizure", "GTCS", "abnormal"),
    ):
        assert is_seizure_name(name)
    for name in (
        *("", "bckg", "interictal", "preictal", "postictal", "non-seizure", "normal"),
        *("absence", "presence", "artf"),
    ):
        assert not is_seizure_name(name)


@pytest.mark.parametrize(
    ("y", "refused"),
    [
        ([-1, 0, 1], True),
        ([-1.0, 0.0, 1.0, 2.0], True),
        ([-1, 1], False),
        ([0, 1, 2], False),
        (["-1", "a", "b"], False),
        ([-1], False),
    ],
)
def test_a_mark_beside_two_classes_is_no_class(y, refused):
    classes = np.unique(y)
    if refused:
        with pytest.raises(ValueError, match=r"and LogisticRegression needs a label for each row"):
            refuse_unlabelled(LogisticRegression(), classes)
    else:
        refuse_unlabelled(LogisticRegression(), classes)
