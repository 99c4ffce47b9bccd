"""Scorers of events and samples for scikit-learn's searches."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import asdict, dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from .._core.counting import resolve_rules
from .._core.errors import prefix_errors
from .._core.labels import refuse_unknown_labels, seizure_column
from .._core.timeline import is_windows
from ._events import EventScores, event_scores
from ._ratios import EVENT_COUNTS, SAMPLE_COUNTS, event_ratios

# What each score is multiplied by, so that greater is better.
SIGNS = {
    "f1": 1,
    "sensitivity": 1,
    "precision": 1,
    "false_alarms_per_24h": -1,
    "median_latency": -1,
    "cost": -1,
}
SHARES = ("f1", "sensitivity", "precision")  # of seizures or alarms


@dataclass(frozen=True)
class EventScorer:
    """A scorer ``scorer(estimator, X, y)``; see `make_event_scorer`."""

    score: str
    rules: tuple[tuple[str, float], ...]  # names and values: hashable, and saved as plain data
    max_false_alarms_per_24h: float | None
    zero_division: float | None
    miss_cost: float = 1.0
    pos_label: Any = None

    def __call__(self, estimator: Any, X: Any, y: Any) -> float | dict[str, float]:
        """Score the predictions of a fitted classifier on windows.

        Parameters
        ----------
        estimator : estimator
            Fitted binary classifier.
        X : Windows
            The windows.
        y : array-like, shape (n_windows,)
            Their labels, of the classes of the estimator.

        Returns
        -------
        float or dict of str to float
            The score, greater is better; or the counts by name.
        """
        if not is_windows(X):
            raise TypeError(
                f"X is a {type(X).__name__}, which knows neither record nor time; event scores "
                "need a Windows."
            )
        true, predicted = _ictal(estimator, X, y, self.pos_label)
        scores = event_scores(true, predicted, rules=dict(self.rules), windows=X)
        if self.score == "counts":
            events = {name: getattr(scores, name) for name in EVENT_COUNTS}
            return events | count_ictal(true, predicted)
        if self.score == "cost":
            misses = scores.n_reference - scores.true_positives
            return -float(self.miss_cost * misses + scores.false_positives)
        if scores.n_reference == 0 and self.score != "false_alarms_per_24h":
            return self._without_seizure(scores)
        value = getattr(scores, self.score)
        if self.score == "precision" and np.isnan(value):
            value = 0.0
        return self._capped(scores, SIGNS[self.score] * float(value))

    @property
    def _score_func(self) -> None:
        # What scikit-learn takes a scorer apart by, to apply it without X.
        raise AttributeError(
            "an event scorer needs the windows' record and onset, which tools that tune a "
            "threshold from labels alone do not pass on; search SeizureDetector's threshold with "
            "GridSearchCV."
        )

    def _without_seizure(self, scores: EventScores) -> float:
        if self.zero_division is None:
            raise ValueError(
                f"y holds no seizure, so {self.score} is undefined in this fold, and a mean over "
                "folds would mislead. Sum the counts of all folds instead: search with "
                "scoring=make_event_scorer('counts') and refit=refit_pooled('f1'), or take "
                "pooled_scores of what cross_validate returns. Where only one number is possible, "
                "use make_event_scorer('cost'), or a cv whose test folds all hold seizures, such "
                "as StratifiedPatientKFold."
            )
        # What the false alarms would take from a fold whose only seizure was found.
        found = {"n_reference": 1, "true_positives": 1}
        [(part, whole)] = event_ratios(asdict(scores) | found)[self.score]
        return self._capped(scores, self.zero_division - (1 - part / whole))

    def _capped(self, scores: EventScores, value: float) -> float:
        cap = self.max_false_alarms_per_24h
        if cap is not None and scores.false_alarms_per_24h > cap:
            return cap - scores.false_alarms_per_24h
        return value


@dataclass(frozen=True)
class SampleScorer:
    """A scorer ``scorer(estimator, X, y)``; see `make_sample_scorer`."""

    pos_label: Any = None

    def __call__(self, estimator: Any, X: Any, y: Any) -> dict[str, float]:
        """Count the predictions of a fitted classifier.

        Parameters
        ----------
        estimator : estimator
            Fitted binary classifier.
        X : array-like
            Samples, whatever the estimator takes.
        y : array-like, shape (n_samples,)
            Their labels, of the classes of the estimator.

        Returns
        -------
        dict of str to float
            The counts by name.
        """
        return count_ictal(*_ictal(estimator, X, y, self.pos_label))


def _ictal(
    estimator: Any, X: Any, y: Any, pos_label: Any
) -> tuple[NDArray[np.bool_], NDArray[np.bool_]]:
    """Return which samples are ictal, and which are predicted to be."""
    column = seizure_column(estimator, pos_label)
    ictal = estimator.classes_[column]
    refuse_unknown_labels(estimator, np.asarray(y))
    return np.asarray(y) == ictal, np.asarray(estimator.predict(X)) == ictal


def count_ictal(true: NDArray[np.bool_], predicted: NDArray[np.bool_]) -> dict[str, float]:
    """Return the `SAMPLE_COUNTS` by name."""
    pairs = ((true, predicted), (~true, predicted), (~true, ~predicted), (true, ~predicted))
    return {
        name: int(np.count_nonzero(one & other))
        for name, (one, other) in zip(SAMPLE_COUNTS, pairs, strict=True)
    }


def make_event_scorer(
    score: str = "f1",
    *,
    rules: str | Mapping[str, float] = "szcore",
    max_false_alarms_per_24h: float | None = None,
    zero_division: float | None = None,
    miss_cost: float = 1.0,
    pos_label: Any = None,
) -> EventScorer:
    """Make a scorer of events for GridSearchCV and its like.

    Use ``"counts"`` with `refit_pooled` where you can: it sums counts over the folds before it
    takes a ratio. The other scores are one number a fold, of which searches take the mean.

    Parameters
    ----------
    score : str, default="f1"
        ``"counts"``: the counts behind all scores, by name, see Returns. ``"f1"``,
        ``"sensitivity"``, ``"precision"``, ``"false_alarms_per_24h"`` or ``"median_latency"``: one
        of `EventScores`; the last two are returned negative, so that greater is better.
        ``"cost"``: the negative number of errors, false alarms plus ``miss_cost`` for each seizure
        missed.
    rules : {"szcore", "overlap"} or mapping, default="szcore"
        Scoring rules, see `event_scores`.
    max_false_alarms_per_24h : float, default=None
        Cap on the false alarms of each fold, for F1, sensitivity and precision. Within the cap the
        score counts; beyond it the result is the negative excess, ``cap - false_alarms_per_24h``.
        The cap of `refit_pooled` holds for all folds together. If None, there is no cap.
    zero_division : float, default=None
        F1, sensitivity or precision of a fold without seizures and without false alarms. False
        alarms lower it by as much as they would lower the score of a fold whose only seizure is
        found: F1 by ``FP / (FP + 2)``, precision by ``FP / (FP + 1)``, sensitivity not at all. If
        None, a fold without seizures is refused. Set it only where you accept what the mean then
        does, see Notes.
    miss_cost : float, default=1.0
        How many false alarms weigh as much as one seizure missed, for ``"cost"``.
        ``(2 - F1) / F1`` makes about the same choice as F1, where F1 is the value you expect: 3 for
        0.5, 1 for a perfect detector. Raise it to find more seizures.
    pos_label : label, default=None
        The class of the seizure. If None, the estimator must tell, by its own ``pos_label`` or its
        classes: see :ref:`seizure-class`.

    Returns
    -------
    callable
        ``scorer(estimator, X, y)`` on a fitted binary classifier, `Windows` and their labels. It
        can be pickled and hashed, and be one of several scorers in a dict unless it counts. With
        ``"counts"`` it returns a dict of ``n_reference``, ``true_positives``, ``false_positives``
        and ``hours`` of `EventScores`, and the counts of `make_sample_scorer`.

    Raises
    ------
    ValueError
        If a parameter is out of range or of no use with ``score``. The scorer raises it for an
        estimator of other than two classes, if nothing tells which of them is the seizure, for
        labels that the estimator does not know, and for labels without seizures if the score is
        undefined there.
    TypeError
        From the scorer, if ``X`` is not a `Windows`.

    See Also
    --------
    refit_pooled : Makes a search choose by the summed counts.
    pooled_scores : The scores of every candidate, from the summed counts.
    make_sample_scorer : Counts samples alone, of any table.
    event_scores : The scores themselves, with their definitions.

    Notes
    -----
    *Folds without seizures.* Sensitivity and latency are undefined there, and F1 and precision are
    0 after the first false alarm and undefined for the perfect detector. No constant puts this
    right: whatever ``zero_division`` is, a mean over many such folds says more about false alarms
    than about seizures, and may prefer a detector that is always silent. So the scorer raises a
    ValueError. With ``error_score="raise"`` the search stops with it; by default the search turns
    it into a warning and ranks no candidate, so that the first is taken.

    *Cost* is a count and not a ratio, so its mean over folds ranks candidates as the pooled counts
    do. It is for tools that compare one number a candidate, such as ``HalvingGridSearchCV``, which
    accepts neither several numbers nor a function for ``refit``. Let the resource of a halving
    search be a parameter, such as the number of trees: by default it draws windows at random, also
    for testing, and events fall apart.

    *Precision* is 0 for a detector that is silent where there are seizures. *Median latency* is NaN
    if no seizure is found, so that searches rank such a candidate last.

    To have other scores beside the counts, write a function that joins them:
    ``counts(estimator, X, y) | {"auc": auc(estimator, X, y)}`` with
    ``auc = sklearn.metrics.get_scorer("roc_auc")``.

    The scorer calls ``predict``; it sees the time of the windows of its fold only, so a record
    should be whole within a fold (`RecordKFold`, `LeaveOnePatientOut`).

    Examples
    --------
    >>> from sklearn.dummy import DummyClassifier
    >>> from skseizure.metrics import make_event_scorer
    >>> from skseizure.signals import Windows
    >>> X = Windows([[0.0]] * 3600, sfreq=1)
    >>> y = [0] * 300 + [1] * 60 + [0] * 3240
    >>> always = DummyClassifier(strategy="constant", constant=1).fit(X, y)
    >>> make_event_scorer("sensitivity")(always, X, y)
    1.0
    >>> make_event_scorer("sensitivity", max_false_alarms_per_24h=10)(always, X, y)
    -230.0
    >>> counts = make_event_scorer("counts")(always, X, y)
    >>> counts["true_positives"], counts["false_positives"], counts["hours"]
    (1, 10, 1.0)
    """
    known = ("counts", *SIGNS)
    if not isinstance(score, str) or score not in known:
        raise ValueError(f"score is {score!r}; one of {', '.join(known)} is needed.")
    _, parameters = resolve_rules(rules)
    useless = [name for name in known if name not in SHARES]
    check_cap(max_false_alarms_per_24h, score, useless)
    if score in useless and zero_division is not None:
        raise ValueError(
            f"zero_division is {zero_division!r}, which is of no use with score={score!r}; None is "
            "needed."
        )
    with prefix_errors("miss_cost"):
        if not (np.isfinite(miss_cost) and miss_cost > 0):
            raise ValueError(f"miss_cost is {miss_cost!r}; a number above 0 is needed.")
    if score != "cost" and miss_cost != 1:
        raise ValueError(f"miss_cost is of no use with score={score!r}.")
    saved_rules = tuple(asdict(parameters).items())
    return EventScorer(
        score, saved_rules, max_false_alarms_per_24h, zero_division, miss_cost, pos_label
    )


def check_cap(cap: float | None, score: str, useless: Collection[str]) -> None:
    """Raise a ValueError if a cap on false alarms is negative or of no use with the score."""
    if cap is None:
        return
    if score in useless:
        hint = "; give it to refit_pooled" if score == "counts" else ""
        raise ValueError(f"max_false_alarms_per_24h is of no use with score={score!r}{hint}.")
    with prefix_errors("max_false_alarms_per_24h"):
        if not cap >= 0:
            raise ValueError(f"max_false_alarms_per_24h is {cap!r}; 0 or more is needed.")


def make_sample_scorer(*, pos_label: Any = None) -> SampleScorer:
    """Make a scorer that counts samples, for scores that are pooled over folds.

    Sensitivity, specificity and balanced accuracy are undefined, or zero with a warning, in a fold
    of one class, such as a patient without seizures. Counts can be summed over all folds first.

    Parameters
    ----------
    pos_label : label, default=None
        The positive class, the seizure. If None, the estimator must tell, by its own ``pos_label``
        or its classes: see :ref:`seizure-class`.

    Returns
    -------
    callable
        ``scorer(estimator, X, y)`` on a fitted binary classifier, any ``X`` that it takes, and
        labels. It returns a dict of ``sample_true_positives``, ``sample_false_positives``,
        ``sample_true_negatives`` and ``sample_false_negatives``. It can be pickled and hashed. It
        raises a ValueError for an estimator of other than two classes, if nothing tells which of
        them is the seizure, and for labels that the estimator does not know.

    See Also
    --------
    refit_pooled : Makes a search choose by the summed counts.
    pooled_scores : The scores of every candidate, from the summed counts.
    make_event_scorer : With ``"counts"``, counts events and samples of `Windows`.

    Examples
    --------
    Leave one patient out, of whom the last has no seizures:

    >>> from sklearn.datasets import make_classification
    >>> from sklearn.linear_model import LogisticRegression
    >>> from sklearn.model_selection import GridSearchCV, LeaveOneGroupOut
    >>> from skseizure.metrics import make_sample_scorer, pooled_scores, refit_pooled
    >>> X, y = make_classification(300, weights=[0.8], random_state=0)
    >>> patient = [0] * 100 + [1] * 100 + [2] * 100
    >>> y[200:] = 0
    >>> search = GridSearchCV(
    ...     LogisticRegression(class_weight="balanced"),
    ...     {"C": [0.01, 1.0]},
    ...     scoring=make_sample_scorer(),
    ...     refit=refit_pooled("sample_balanced_accuracy", one_standard_error=True),
    ...     cv=LeaveOneGroupOut(),
    ... ).fit(X, y, groups=patient)
    >>> scores = pooled_scores(search.cv_results_)["sample_balanced_accuracy"]
    >>> scores.shape
    (2,)
    """
    return SampleScorer(pos_label)
