"""Scores from counts that are summed over the folds of a search or a cross-validation."""

from __future__ import annotations

import re
import warnings
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from .._core.errors import prefix_errors
from ._ratios import EVENT_COUNTS, SAMPLE_COUNTS, Ratio, event_ratios, sample_ratios
from ._scorer import check_cap

SCORES = (
    "f1",
    "sensitivity",
    "precision",
    "false_alarms_per_24h",
    "sample_balanced_accuracy",
    "sample_f1",
    "sample_sensitivity",
    "sample_specificity",
    "sample_precision",
)


def pooled_scores(
    results: Mapping[str, Any], *, standard_errors: bool = False
) -> dict[str, NDArray[Any]]:
    r"""Sum counts over folds, and take the scores from the sums.

    Parameters
    ----------
    results : mapping
        ``cv_results_`` of a search, or what ``cross_validate`` returned, whose ``scoring`` was
        ``make_event_scorer("counts")`` or `make_sample_scorer`.
    standard_errors : bool, default=False
        Whether to return the standard error of each score, too, as ``"f1_standard_error"`` and so
        on. It tells how much the score varies from fold to fold; see Notes.

    Returns
    -------
    dict of str to ndarray of shape (n_candidates,)
        The summed counts and the scores of each candidate. ``pandas.DataFrame`` makes a table of
        it. Of ``cross_validate``, each value is a single number. Events give ``n_reference``,
        ``true_positives``, ``false_positives``, ``hours``, ``sensitivity``, ``precision``, ``f1``
        and ``false_alarms_per_24h``, as in `EventScores`. Samples (windows) give the four counts
        ``sample_true_positives``, ``sample_false_positives``, ``sample_true_negatives`` and
        ``sample_false_negatives``, and ``sample_sensitivity``, ``sample_specificity``,
        ``sample_balanced_accuracy``, ``sample_precision`` and ``sample_f1``. A score without a
        denominator is NaN, and so is every value of a candidate that failed in a fold.

    Raises
    ------
    ValueError
        If ``results`` holds no counts.

    See Also
    --------
    refit_pooled : Makes a search choose by these scores.
    make_event_scorer : With ``"counts"``, the scorer of events and samples.
    make_sample_scorer : The scorer of samples alone, for any table.

    Notes
    -----
    If every record lies whole in one test fold, the scores are those of `event_scores` on the
    predictions of all folds put together.

    With numerator :math:`a_i` and denominator :math:`b_i` in fold :math:`i` of :math:`n`, a score
    is :math:`r = \sum a_i / \sum b_i`, and its standard error
    :math:`\sqrt{\frac{n}{n - 1} \sum (a_i - r b_i)^2} / \sum b_i`, that of a ratio estimator
    [1]_. Unlike the spread of the folds' own scores it exists when a fold has no seizure. Of a
    single fold it is NaN.

    References
    ----------
    .. [1] W. G. Cochran, "Sampling Techniques", 3rd ed., Wiley (1977), section 6.4.

    Examples
    --------
    Two folds; the second has no seizure, but a false alarm:

    >>> from skseizure.metrics import pooled_scores
    >>> results = {
    ...     "test_n_reference": [4, 0],
    ...     "test_true_positives": [3, 0],
    ...     "test_false_positives": [1, 1],
    ...     "test_hours": [24.0, 24.0],
    ... }
    >>> scores = pooled_scores(results)
    >>> print(f"{scores['sensitivity']}, {scores['false_alarms_per_24h']}, {scores['f1']:.3f}")
    0.75, 1.0, 0.667
    """
    out: dict[str, NDArray[Any]] = {}
    for counts, ratios in ((EVENT_COUNTS, event_ratios), (SAMPLE_COUNTS, sample_ratios)):
        by_fold = {name: _of_folds(results, name) for name in counts}
        if any(values is None for values in by_fold.values()):
            continue
        out |= {name: values.sum(axis=0) for name, values in by_fold.items() if values is not None}
        for name, parts in ratios(by_fold).items():
            out[name], error = _pool(parts)
            if standard_errors:
                out[f"{name}_standard_error"] = error
    if not out:
        raise ValueError(
            f"results holds {', '.join(sorted(map(str, results))) or 'nothing'}, but no counts of "
            "test folds; "
            "scoring=make_event_scorer('counts') or scoring=make_sample_scorer() is needed. If it "
            "was given, the scorer failed in every fold, and the warnings tell why."
        )
    return out


def _of_folds(results: Mapping[str, Any], name: str) -> NDArray[np.float64] | None:
    """Return a count of each fold, shape (n_folds, ...), or None if there is none."""
    if f"test_{name}" in results:
        return np.asarray(results[f"test_{name}"], dtype=np.float64)
    pattern = re.compile(rf"split\d+_test_{name}")
    folds = [values for key, values in results.items() if pattern.fullmatch(str(key))]
    return np.asarray(folds, dtype=np.float64) if folds else None


def _pool(ratios: list[Ratio]) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Return the mean of ratios of sums over folds, and its standard error."""
    values, deviations = [], []
    with np.errstate(divide="ignore", invalid="ignore"):
        for part, whole in ratios:
            total = np.where(whole.sum(axis=0) > 0, whole.sum(axis=0), np.nan)
            values.append(part.sum(axis=0) / total)
            deviations.append((part - values[-1] * whole) / total)
        n_folds = len(deviations[0])
        squares = (np.mean(deviations, axis=0) ** 2).sum(axis=0)
        return np.mean(values, axis=0), np.sqrt(np.divide(n_folds, n_folds - 1.0) * squares)


@dataclass(frozen=True)
class PooledRefit:
    """A function for ``refit`` of scikit-learn's searches; see `refit_pooled`."""

    score: str
    max_false_alarms_per_24h: float | None
    one_standard_error: bool
    complexity: str | Callable[[dict[str, Any]], Any] | None

    def __call__(self, cv_results: Mapping[str, Any]) -> int:
        """Return the index of the best candidate.

        Parameters
        ----------
        cv_results : mapping
            ``cv_results_`` of a search.

        Returns
        -------
        int
            Index into ``cv_results["params"]``.
        """
        scores = pooled_scores(cv_results, standard_errors=True)
        needs_events = not self.score.startswith("sample_") or (
            self.max_false_alarms_per_24h is not None
        )
        if needs_events and "n_reference" not in scores:
            raise ValueError(
                f"cv_results holds counts of samples alone, but {self!r} needs those of events; "
                "scoring=make_event_scorer('counts') counts both, given Windows."
            )
        if not needs_events and "sample_f1" not in scores:
            raise ValueError(f"cv_results holds no counts of samples, which {self!r} needs.")
        values = self._to_maximise(scores)
        allowed = self._within_cap(scores)
        if np.isnan(values[allowed]).all():
            raise ValueError(
                f"The pooled {self.score} is undefined for every candidate: the test folds hold no "
                "seizure or no background, or every candidate failed in a fold (then warnings tell "
                "why). Records with seizures in at least one test fold are needed."
            )
        best = int(np.argmax(np.where(allowed & ~np.isnan(values), values, -np.inf)))
        margin = 0.0
        if self.one_standard_error:
            margin = scores[f"{self.score}_standard_error"][best]
            if np.isnan(margin):
                raise ValueError(
                    "one_standard_error needs a cv of 2 or more test folds, but the search had 1."
                )
        good = np.flatnonzero(allowed & (values >= values[best] - margin))
        if not self.one_standard_error and needs_events:
            rate = scores["false_alarms_per_24h"][good]
            good = good[rate == rate.min()]
        params = cv_results["params"]
        with prefix_errors("complexity"):
            return int(min(good, key=lambda candidate: self._complexity_of(params[candidate])))

    def _to_maximise(self, scores: Mapping[str, NDArray[Any]]) -> NDArray[np.float64]:
        values = scores[self.score]
        if self.score == "false_alarms_per_24h":
            return -values
        if self.score == "sample_specificity":
            return values
        if self.score.startswith("sample_"):
            ictal = scores["sample_true_positives"] + scores["sample_false_negatives"]
        else:
            ictal = scores["n_reference"]
        if self.score.endswith("precision"):
            # A silent detector has no precision, but must not stop the search.
            values = np.nan_to_num(values, nan=0.0)
        # Without a seizure F1 and precision are 0 after a false alarm, and NaN for the best.
        return np.where(ictal > 0, values, np.nan)

    def _within_cap(self, scores: Mapping[str, NDArray[Any]]) -> NDArray[np.bool_]:
        cap = self.max_false_alarms_per_24h
        if cap is None:
            return np.ones(len(scores[self.score]), dtype=bool)
        rate = scores["false_alarms_per_24h"]
        if np.isnan(rate).all() or (rate <= cap).any():
            return rate <= cap  # NaN of a candidate that failed is not
        fewest = np.nanmin(rate)
        warnings.warn(
            f"No candidate stays within max_false_alarms_per_24h={cap:g}; the fewest false alarms "
            f"are {fewest:g} per 24 h, and a candidate with that number is taken. Search over "
            "higher thresholds or longer minimum durations.",
            UserWarning,
            stacklevel=2,
        )
        return rate == fewest

    def _complexity_of(self, params: dict[str, Any]) -> Any:
        if self.complexity is None:
            return 0
        if callable(self.complexity):
            return self.complexity(params)
        if self.complexity not in params:
            raise ValueError(
                f"complexity is {self.complexity!r}, but the candidate {params} has no such "
                "parameter; a parameter that every candidate sets is needed, or a function."
            )
        return params[self.complexity]


def refit_pooled(
    score: str = "f1",
    *,
    max_false_alarms_per_24h: float | None = None,
    one_standard_error: bool = False,
    complexity: str | Callable[[dict[str, Any]], Any] | None = None,
) -> PooledRefit:
    """Make a search choose by counts summed over folds: a function for its ``refit``.

    A mean of the folds' own scores goes wrong where seizures are few. A fold without a seizure has
    no sensitivity and no F1, and a fold with one seizure weighs as much as a fold with twenty. Sums
    of counts have neither fault.

    Parameters
    ----------
    score : str, default="f1"
        What to maximise. For events ``"f1"``, ``"sensitivity"``, ``"precision"`` or
        ``"false_alarms_per_24h"``, of which less is better. For samples (windows)
        ``"sample_balanced_accuracy"``, ``"sample_f1"``, ``"sample_sensitivity"``,
        ``"sample_specificity"`` or ``"sample_precision"``.
    max_false_alarms_per_24h : float, default=None
        Cap on the false alarms of all folds together. Only candidates within it are considered. If
        there is none, those with the fewest false alarms are, and a warning says so. If None, there
        is no cap.
    one_standard_error : bool, default=False
        If True, the simplest candidate is taken whose score is at most one standard error below the
        best. The standard error is the best candidate's, see `pooled_scores`. With few seizures
        many candidates are as good as the best, and the simplest is the least over-fitted.
    complexity : str or callable, default=None
        What makes a candidate complex. A str is the name of a parameter, of which a smaller value
        is simpler. A callable takes the candidate's parameters, a dict, and returns a number. If
        None, candidates that come first are simpler. Without ``one_standard_error`` it only decides
        between candidates with equal scores and equal false alarms.

    Returns
    -------
    callable
        For ``refit`` of ``GridSearchCV`` and ``RandomizedSearchCV``, with
        ``scoring=make_event_scorer("counts")`` or ``scoring=make_sample_scorer()``. It takes
        ``cv_results_`` and returns ``best_index_``. The search raises its ValueError if
        ``cv_results_`` lacks the counts, or if the score is undefined for every candidate, for
        example because no test fold holds a seizure.

    Raises
    ------
    ValueError
        If a parameter is out of range, or the cap is of no use with ``score``.

    See Also
    --------
    pooled_scores : The pooled scores of every candidate.
    make_event_scorer : The scorer that counts.

    Notes
    -----
    A search with a function for ``refit`` has no ``best_score_``. The chosen candidate's score is
    ``pooled_scores(search.cv_results_)["f1"][search.best_index_]``.

    With few seizures many candidates have the same score. The one with the fewest false alarms is
    taken then, and the simplest of those.

    A candidate that failed in a fold is never chosen. A detector that is silent in all folds has no
    precision, and counts as 0 there.

    ``HalvingGridSearchCV`` and other tools that compare one number a candidate never call ``refit``
    to compare candidates: with counts they stop with ``KeyError: 'mean_test_score'``. Give them
    ``make_event_scorer("cost")``, which is summed over folds as it is.

    The order of the candidates of ``GridSearchCV`` is that of the parameters' names, then that of
    the values in the grid; the last name varies fastest.

    Examples
    --------
    >>> import numpy as np
    >>> from sklearn.linear_model import LogisticRegression
    >>> from sklearn.model_selection import GridSearchCV
    >>> from sklearn.pipeline import make_pipeline
    >>> from skseizure.datasets import make_recordings
    >>> from skseizure.features import BandFeatures
    >>> from skseizure.metrics import make_event_scorer, pooled_scores, refit_pooled
    >>> from skseizure.model_selection import LeaveOnePatientOut
    >>> from skseizure.postprocessing import SeizureDetector
    >>> from skseizure.signals import Windows
    >>> recordings, events = make_recordings(3, 1, n_channels=2, random_state=0)
    >>> X = Windows.concatenate([Windows.from_recording(r, window=4) for r in recordings])
    >>> y = np.where(X.patient == "p03", 0, X.labels(events))  # p03: no seizure is known
    >>> classifier = make_pipeline(BandFeatures(["line_length"]), LogisticRegression())
    >>> search = GridSearchCV(
    ...     SeizureDetector(classifier),
    ...     {"threshold": [0.2, 0.5, 0.8]},
    ...     scoring=make_event_scorer("counts"),
    ...     refit=refit_pooled("f1", max_false_alarms_per_24h=500),
    ...     cv=LeaveOnePatientOut(),
    ... ).fit(X, y)
    >>> scores = pooled_scores(search.cv_results_)
    >>> search.best_index_ == scores["f1"].tolist().index(max(scores["f1"]))
    True
    """
    if not isinstance(score, str) or score not in SCORES:
        raise ValueError(f"score is {score!r}; one of {', '.join(SCORES)} is needed.")
    if not (complexity is None or isinstance(complexity, str) or callable(complexity)):
        raise ValueError(
            f"complexity is {complexity!r}; the name of a parameter or a function is needed."
        )
    if not isinstance(one_standard_error, bool | np.bool_):
        raise ValueError(f"one_standard_error is {one_standard_error!r}; True or False is needed.")
    check_cap(max_false_alarms_per_24h, score, useless=("false_alarms_per_24h",))
    return PooledRefit(score, max_false_alarms_per_24h, bool(one_standard_error), complexity)
