"""Event scores as scorers of scikit-learn's searches."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import Any

import numpy as np

from .._core.counting import resolve_rules
from .._core.errors import prefix_errors
from .._core.labels import refuse_unknown_labels
from .._core.validation import is_windows
from ._events import EventScores, event_scores

# Sign that makes greater better.
SIGNS = {
    "f1": 1,
    "sensitivity": 1,
    "precision": 1,
    "false_alarms_per_24h": -1,
    "median_latency": -1,
}


@dataclass(frozen=True)
class EventScorer:
    """A scorer ``scorer(estimator, X, y)``; see `make_event_scorer`."""

    score: str
    rules: tuple[tuple[str, float], ...]  # names and values: hashable, and saved as plain data
    max_false_alarms_per_24h: float | None
    zero_division: float

    def __call__(self, estimator: Any, X: Any, y: Any) -> float:
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
        float
            The score; greater is better.
        """
        if not is_windows(X):
            raise TypeError(
                f"X is a {type(X).__name__}, which knows neither record nor time; event scores "
                "need a Windows."
            )
        classes: Any = getattr(estimator, "classes_", ())
        if len(classes) != 2:
            raise ValueError(
                f"{type(estimator).__name__} has the classes {list(classes)}; event scores need "
                "a fitted classifier of two classes, of which classes_[1] is ictal."
            )
        refuse_unknown_labels(estimator, np.asarray(y))
        scores = event_scores(
            np.asarray(y) == classes[1],
            np.asarray(estimator.predict(X)) == classes[1],
            rules=dict(self.rules),
            windows=X,
        )
        return self._rank(scores)

    @property
    def _score_func(self) -> None:
        # What scikit-learn takes a scorer apart by, to apply it without X.
        raise AttributeError(
            "an event scorer needs the windows' record and onset, which tools that tune a "
            "threshold from labels alone do not pass on; search SeizureDetector's threshold with "
            "GridSearchCV."
        )

    def _rank(self, scores: EventScores) -> float:
        cap = self.max_false_alarms_per_24h
        if cap is not None and scores.false_alarms_per_24h > cap:
            return cap - scores.false_alarms_per_24h
        value = getattr(scores, self.score)
        return self.zero_division if np.isnan(value) else SIGNS[self.score] * float(value)


def make_event_scorer(
    score: str = "f1",
    *,
    rules: str | Mapping[str, float] = "szcore",
    max_false_alarms_per_24h: float | None = None,
    zero_division: float = float("nan"),
) -> EventScorer:
    """Make a scorer of events for GridSearchCV and its like.

    Parameters
    ----------
    score : str, default="f1"
        ``"f1"``, ``"sensitivity"``, ``"precision"``, ``"false_alarms_per_24h"`` or
        ``"median_latency"`` of `EventScores`. The last two are returned negative, so that greater
        is better.
    rules : {"szcore", "overlap"} or mapping, default="szcore"
        Scoring rules, see `event_scores`.
    max_false_alarms_per_24h : float, default=None
        Cap on false alarms, for the first three scores. Within the cap the score counts; beyond it
        the result is the negative excess, ``cap - false_alarms_per_24h``. So any result within the
        cap ranks above any beyond it, and beyond it fewer false alarms rank higher.
    zero_division : float, default=nan
        Result where the score is undefined, see Notes. Only for the first three scores: of the
        last two no number is sure to be worse than any that a detector could reach.

    Returns
    -------
    callable
        ``scorer(estimator, X, y)`` on a fitted binary classifier, `Windows` and their labels. Its
        positive class is ``estimator.classes_[1]``. It can be pickled and hashed, and be one of
        several scorers in a dict.

    Raises
    ------
    ValueError
        If a parameter is out of range. The scorer raises it for an estimator of other than two
        classes, or labels that the estimator does not know.
    TypeError
        From the scorer, if ``X`` is no `Windows`.

    See Also
    --------
    event_scores : The scores themselves, with their definitions.

    Notes
    -----
    A score is undefined on a fold without a seizure (sensitivity), without any detection
    (precision), without either (F1), or without a seizure found (latency). The default nan makes
    GridSearchCV warn and rank such a candidate last, so that one that finds nothing never has the
    best latency; but a fold without a seizure then makes all candidates alike. Use folds that all
    hold seizures, such as `StratifiedPatientKFold`, or set ``zero_division``: a constant does not
    change the order of the candidates where a score is undefined for all of them alike. Precision
    is undefined for silent candidates alone: set 0 there, not 1, so that these do not come first.

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
    """
    if not isinstance(score, str) or score not in SIGNS:
        raise ValueError(f"score is {score!r}; one of {', '.join(SIGNS)} is needed.")
    _, parameters = resolve_rules(rules)
    cap = max_false_alarms_per_24h
    if cap is not None and SIGNS[score] < 0:
        raise ValueError(f"max_false_alarms_per_24h is of no use with score={score!r}.")
    with prefix_errors("max_false_alarms_per_24h"):
        if cap is not None and not cap >= 0:
            raise ValueError(f"max_false_alarms_per_24h is {cap!r}; 0 or more is needed.")
    if SIGNS[score] < 0 and not np.isnan(zero_division):
        raise ValueError(
            f"zero_division is {zero_division!r} with score={score!r}; nan, which searches rank "
            "last, is needed: any number could rank a detector that finds nothing first."
        )
    return EventScorer(score, tuple(asdict(parameters).items()), cap, zero_division)
