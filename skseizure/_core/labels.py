"""Labels: which are valid, which are missing, and which class of two is the seizure."""

from __future__ import annotations

import warnings
from collections.abc import Iterable, Sequence
from numbers import Number, Real
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray
from sklearn.pipeline import Pipeline
from sklearn.utils import assert_all_finite, column_or_1d
from sklearn.utils._missing import is_pandas_na, is_scalar_nan
from sklearn.utils.multiclass import check_classification_targets

from .errors import prefix_errors
from .event_types import classify, is_seizure

UNLABELLED = -1

# What scikit-learn's constraints of parameters allow for ``pos_label``.
POS_LABEL = [Real, str, bytes, "boolean", None]

# Pairs of labels whose second is the seizure; a bool is a number here.
_KNOWN_PAIRS = ((0, 1), (-1, 1), ("0", "1"), ("-1", "1"), ("false", "true"))
# Where searches and meta-estimators hold what they have fitted, and what they fit.
_HELD = ("best_estimator_", "estimator_", "estimator")


class PartialLabels(NamedTuple):
    """Classes, and what each row has of them.

    Attributes
    ----------
    classes : ndarray, shape (n_classes,)
        The classes of the labelled rows, sorted.
    codes : ndarray of int, shape (n_samples,)
        Index of each row's class; -1 is unlabelled.
    """

    classes: NDArray[Any]
    codes: NDArray[np.intp]

    @property
    def unlabelled(self) -> NDArray[np.bool_]:
        """Rows without a label."""
        return self.codes < 0


def check_labels(y: Any, *, name: str = "y") -> NDArray:
    """Validate one label a row, each of them given.

    Parameters
    ----------
    y : array-like, shape (n_samples,)
        Labels of any kind. -1 is a class as any other.
    name : str, default="y"
        The argument, for the message.

    Returns
    -------
    ndarray, shape (n_samples,)
        The labels.

    Raises
    ------
    ValueError
        For NaN, None, pandas' NA, infinity, complex numbers or another shape.
    TypeError
        For events, which are no labels yet.
    """
    with prefix_errors(name):
        labels = _column(y, name)
        missing = is_missing(labels)
        if missing.any():
            row = int(np.argmax(missing))
            found = "None" if labels[row] is None else "NaN"
            raise ValueError(
                f"Input {name} contains {found}, first in row {row}; each row needs a label. Leave "
                "rows without a label out, or take a semi-supervised estimator."
            )
        return _of_one_type(labels, name)


@prefix_errors("y")
def check_labels_to_hand_on(y: Any) -> tuple[NDArray, NDArray]:
    """Validate labels for another estimator, which knows what missing ones mean or refuses them.

    Parameters
    ----------
    y : array-like, shape (n_samples,)
        Labels, NaN, None and pandas' NA among them.

    Returns
    -------
    labels : ndarray, shape (n_samples,)
        What to hand on.
    known : ndarray, shape (n_known,)
        Those that are not missing, of one type. Beside numbers, -1 may be a class, and stays.

    Raises
    ------
    ValueError
        As `check_labels`, but for missing labels.
    TypeError
        For events, which are no labels yet.
    """
    labels = _column(y, "y")
    text = any(isinstance(label, str) for label in labels.tolist()) if labels.dtype == object else 0
    missing = is_missing(labels, (UNLABELLED,) if text else ())
    known = _of_one_type(labels[~missing], "y")
    return labels if missing.any() else known, known


@prefix_errors("y")
def check_partial_labels(y: Any) -> PartialLabels:
    """Validate one label a row, some of which may be missing: -1, NaN, None or pandas' NA.

    This is the rule for semi-supervised estimators and their splitter. All others refuse missing
    labels, and take -1 for a class: see `check_labels`.

    Parameters
    ----------
    y : array-like, shape (n_samples,)
        Labels, all of them strings or none.

    Returns
    -------
    PartialLabels
        The classes, of which there may be none, and the row of each.

    Raises
    ------
    ValueError
        For infinity, fractions, complex numbers, another shape, strings beside other classes, or
        a missing label that has become a string.
    TypeError
        For events, which are no labels yet.
    """
    labels = _column(y, "y")
    given = [_text(label) for label in labels.tolist()] if labels.dtype.kind in "USTO" else []
    # numpy makes strings of a list in which numbers stand beside strings, and data frames keep
    # strings as objects.
    for mark in {"-1", "nan"}.intersection(given):
        raise ValueError(
            f"y holds strings, among them '{mark}'. To mark unlabelled rows beside strings, "
            f"{mark} must be a number in an array of objects: np.array(['a', -1], dtype=object)."
        )
    missing = is_missing(labels, (UNLABELLED,))
    labelled = _of_one_type(labels[~missing], "y")
    if len(labelled):
        refuse_continuous(labelled)
    classes, labelled_codes = np.unique(labelled, return_inverse=True)
    codes = np.full(len(labels), -1, dtype=np.intp)
    codes[~missing] = labelled_codes
    return PartialLabels(classes, codes)


def is_missing(labels: NDArray, marks: tuple[int, ...] = ()) -> NDArray[np.bool_]:
    """Tell which labels are NaN, None, pandas' NA or one of the marks, which are numbers."""
    if labels.dtype.kind == "f":
        return np.isnan(labels) | np.isin(labels, marks)
    if labels.dtype.kind in "iu":
        return np.isin(labels, marks)
    if labels.dtype.kind in "mM":
        return np.isnat(labels)
    if labels.dtype.kind not in "OT":
        return np.zeros(len(labels), dtype=bool)
    return np.array(
        [
            label is None
            or is_pandas_na(label)
            or is_scalar_nan(label)
            or (isinstance(label, Number) and label in marks)
            for label in labels.tolist()
        ],
        dtype=bool,
    )


@prefix_errors("y")
def refuse_continuous(y: NDArray) -> None:
    """Raise a ValueError if labels are no classes."""
    check_classification_targets(y)


def refuse_unlabelled(estimator: Any, classes: NDArray[Any]) -> None:
    """Raise a ValueError if -1 stands beside two other classes in a supervised estimator.

    A semi-supervised step before it takes such rows for unlabelled, and it would learn a class of
    them. Beside one other class, -1 is a class.

    Parameters
    ----------
    estimator : estimator
        Supervised.
    classes : ndarray, shape (n_classes,)
        The different labels.
    """
    if len(classes) > 2 and UNLABELLED in classes.tolist():
        raise ValueError(
            f"y holds {UNLABELLED} beside {len(classes) - 1} other classes. It marks unlabelled "
            f"rows, and {type(estimator).__name__} needs a label for each row. Leave these rows "
            "out, or put the classifier into "
            "sklearn.semi_supervised.SelfTrainingClassifier(classifier, max_iter=0), which fits it "
            f"on the labelled rows alone. If {UNLABELLED} is a class, give it another label."
        )


def refuse_unknown_labels(estimator: Any, y: NDArray[Any]) -> None:
    """Raise a ValueError if a label is none of the classes of a fitted classifier."""
    classes = np.asarray(estimator.classes_)
    known = set(classes.tolist())
    strange = [label for label in dict.fromkeys(y.tolist()) if label not in known]
    if strange:
        raise ValueError(
            f"y holds the label {strange[0]!r}, which {type(estimator).__name__} does not "
            f"know; its classes are {classes.tolist()}."
        )


def warn_if_nothing_is_missing(estimator: Any, labels: PartialLabels, remedy: str) -> None:
    """Warn that a semi-supervised estimator has no unlabelled row to learn from.

    Parameters
    ----------
    estimator : estimator
        Whose ``fit`` calls this; the warning points to the caller of ``fit``.
    labels : PartialLabels
        The labels.
    remedy : str
        What to do if every row is meant to be labelled; ends the sentence that begins "if every
        row is labelled, ".
    """
    if not labels.unlabelled.any():
        warnings.warn(
            f"y has no unlabelled row (-1, NaN or None): {type(estimator).__name__} learns the "
            f"classes {labels.classes[:5].tolist()} from labelled rows alone. An estimator around "
            "it may have made a class of the unlabelled rows, as VotingClassifier, "
            "BaggingClassifier and StackingClassifier do. If every row is labelled, "
            f"{remedy}.",
            UserWarning,
            stacklevel=4,  # past the context that checks parameters
        )


def is_seizure_name(name: str) -> bool:
    """Tell whether a class of this name is the seizure: as an event type, or of TUAB's names."""
    small = name.strip().casefold()
    # An event of the type "absence" is a seizure. A class of this name may stand beside "presence".
    return small == "abnormal" or (small != "absence" and is_seizure(classify(name, {})))


def known_seizure_class(classes: Iterable[Any], pos_label: Any = None) -> Any:
    """Return the class that is the seizure, or None if nothing tells.

    The rule, for numbers and for text: what ``pos_label`` says; else 1 or True beside 0, -1 or
    False; else a known name of the seizure beside a name that is none. Of a class that stands alone
    the other may be anything: 0, -1 and False are never the seizure, True and the known names
    always, and of the rest, 1 included, nothing is known.

    Parameters
    ----------
    classes : iterable of one or two labels
        The classes of the whole data, or those at hand if nothing else is known.
    pos_label : label, default=None
        The seizure, as the user gives it.

    Returns
    -------
    label or None
        The seizure. Beside one class it may be a label that is not there.

    Raises
    ------
    ValueError
        If ``pos_label`` is none of two classes, or a name beside a number.
    """
    found = [_item(label) for label in classes]
    texts = [_text(label) for label in found]
    if pos_label is not None:
        pos_label = _item(pos_label)
        strange = pos_label not in found
        if len(found) == 1:  # the other class may be any of the same kind
            strange = (_text(pos_label) is None) != (texts[0] is None)
        if strange:
            raise ValueError(
                f"pos_label={pos_label!r} is not a valid label; the classes are {found}."
            )
        return pos_label
    keys = [_key(label) for label in found]
    named = [text is not None and is_seizure_name(text) for text in texts]
    if len(found) == 1:
        if found[0] is True or keys[0] == "true" or named[0]:
            return found[0]
        return {other: seizure for other, seizure in _KNOWN_PAIRS}.get(keys[0])
    for pair in _KNOWN_PAIRS:
        if set(keys) == set(pair):
            return found[keys.index(pair[1])]
    if None not in texts and sum(named) == 1:
        return found[named.index(True)]
    return None


def seizure_class(classes: Sequence[Any], pos_label: Any = None, *, of: str = "y") -> Any:
    """Return the class that is the seizure by the rule of `known_seizure_class`, or refuse.

    Parameters
    ----------
    classes : sequence of one or two labels
        The classes of the whole data, or those at hand if nothing else is known.
    pos_label : label, default=None
        The seizure, as the user gives it.
    of : str, default="y"
        What has these classes, for the message.

    Returns
    -------
    label
        The seizure. Beside one class it may be a label that is not there.

    Raises
    ------
    ValueError
        If there are not one or two classes, nothing tells which of them is the seizure, or
        ``pos_label`` is none of them.
    """
    found = [_item(label) for label in classes]
    if len(found) not in (1, 2):
        raise ValueError(
            f"{of}: the classes are {found[:5]}; two classes, one of them the seizure, are needed."
        )
    label = known_seizure_class(found, pos_label)
    if label is not None:
        return label
    if len(found) == 1:
        raise ValueError(
            f"{of}: the class {found[0]!r} alone does not tell whether it is the seizure; pass "
            "pos_label=<the label of the seizure>."
        )
    raise ValueError(
        f"{of}: the classes {found} do not tell which of them is the seizure; pass "
        f"pos_label={found[0]!r} or pos_label={found[1]!r}."
    )


def seizure_flags(pos_label: Any = None, **labels: NDArray[Any]) -> list[NDArray[np.bool_]]:
    """Return where labels are the seizure, whose class all arguments tell together.

    Parameters
    ----------
    pos_label : label, default=None
        The seizure, as the user gives it.
    **labels : ndarray, shape (n_samples,)
        Labels by the name of their argument.

    Returns
    -------
    list of ndarray of bool
        One for each argument.

    Raises
    ------
    ValueError
        As `seizure_class`, or if labels are of several types.
    """
    names = " and ".join(labels)
    found = {_item(label) for column in labels.values() for label in _distinct(column)}
    texts = {label for label in found if _text(label) is not None}
    if texts and texts != found:
        raise ValueError(
            f"{names}: the labels are {sorted(found, key=str)[:5]}; all strings or all numbers are "
            "needed."
        )
    classes = sorted(found)
    seizure = seizure_class(classes, pos_label, of=names)
    return [np.asarray(column == seizure, dtype=bool) for column in labels.values()]


def seizure_column(estimator: Any, pos_label: Any = None) -> int:
    """Return the column of the seizure in ``classes_`` of a fitted classifier, or refuse.

    Parameters
    ----------
    estimator : classifier
        Fitted. Its own ``pos_label``, or that of what it holds, counts if none is given.
    pos_label : label, default=None
        The seizure, as the user gives it.

    Returns
    -------
    int
        0 or 1.

    Raises
    ------
    ValueError
        If there are not two classes, or as `seizure_class`.
    """
    name, classes = type(estimator).__name__, getattr(estimator, "classes_", ())
    found = [_item(label) for label in classes]
    if len(found) != 2:
        raise ValueError(
            f"{name} has the classes {found[:5]}; two classes, one of them the seizure, are needed."
        )
    pos_label = said_pos_label(estimator) if pos_label is None else pos_label
    return found.index(seizure_class(found, pos_label, of=name))


def assumed_seizure_column(estimator: Any) -> int:
    """Return the column of the seizure in ``classes_``, or 1 if nothing tells.

    For what a classifier must do with any two classes: label rows. `warn_if_seizure_unknown` in
    ``fit`` goes with it.
    """
    found = [_item(label) for label in estimator.classes_]
    label = known_seizure_class(found, said_pos_label(estimator))
    return 1 if label is None else found.index(label)


def two_columns(seizure: NDArray[np.float64], column: int) -> NDArray[np.float64]:
    """Return probabilities of two classes from those of the seizure, which has this column."""
    other = 1 - seizure
    return np.column_stack([other, seizure] if column else [seizure, other])


def warn_if_seizure_unknown(estimator: Any, *, stacklevel: int) -> None:
    """Warn if nothing tells which of a fitted classifier's two classes is the seizure."""
    if known_seizure_class(estimator.classes_, said_pos_label(estimator)) is None:
        warn_of_unknown_seizure(estimator, estimator.classes_, stacklevel=stacklevel + 1)


def warn_of_unknown_seizure(estimator: Any, classes: Iterable[Any], *, stacklevel: int) -> None:
    """Warn that nothing tells which of two classes is the seizure."""
    first, second = (_item(label) for label in classes)
    warnings.warn(
        f"y has the classes {[first, second]}, which do not tell which of them is the seizure; "
        f"{type(estimator).__name__} takes {second!r} for it when it labels windows. Pass "
        f"pos_label={first!r} or pos_label={second!r}: events, scores and displays need it.",
        UserWarning,
        stacklevel=stacklevel + 1,
    )


def said_pos_label(estimator: Any) -> Any:
    """Return ``pos_label`` of a classifier, or of the first part inside that says it, or None."""
    while estimator is not None:
        if getattr(estimator, "pos_label", None) is not None:
            return estimator.pos_label
        if isinstance(estimator, Pipeline) and len(estimator):
            estimator = estimator[-1]
        else:
            held = [name for name in _HELD if hasattr(estimator, name)]
            estimator = getattr(estimator, held[0]) if held else None
    return None


def _column(y: Any, name: str) -> NDArray:
    if hasattr(y, "onset") and hasattr(y, "recordings"):
        raise TypeError(
            f"{name} is {type(y).__name__}; one label a window is needed: X.labels(events)."
        )
    return np.asarray(column_or_1d(y, warn=True))


def _of_one_type(labels: NDArray, name: str) -> NDArray[Any]:
    """Return labels that are finite, objects as an array of strings or of numbers."""
    if labels.dtype == object:
        objects = labels.tolist()
        strings = [isinstance(label, str) for label in objects]
        if any(strings) and not all(strings):
            other = objects[strings.index(False)]
            raise ValueError(
                f"{name} holds strings beside {other!r}; classes must be all strings or all "
                "numbers."
            )
        labels = np.asarray(objects)
    assert_all_finite(labels, input_name=name)
    return labels


def _distinct(labels: NDArray) -> Iterable[Any]:
    return set(labels.tolist()) if labels.dtype == object else np.unique(labels).tolist()


def _item(label: Any) -> Any:
    return label.item() if isinstance(label, np.generic) else label


def _text(label: Any) -> str | None:
    """Return a label of text as text, None for any other."""
    if isinstance(label, bytes):
        return label.decode(errors="replace")
    return str(label) if isinstance(label, str) else None


def _key(label: Any) -> Any:
    """Return what a label is compared by: text in small letters, numbers as they are."""
    text = _text(label)
    return label if text is None else text.strip().casefold()
