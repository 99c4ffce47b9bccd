"""The operating point of a detector: objectives, false-alarm rates, the choice among settings."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy import stats

# Draws of patients behind the upper bound of a rate.
N_DRAWS = 2000

Objective = Callable[[NDArray, NDArray, NDArray, NDArray], NDArray[np.float64]]


@dataclass(frozen=True)
class Counts:
    """Events counted for each setting and patient, folds summed.

    Parameters
    ----------
    patients : list of str
        Their names.
    true_positives, false_positives : ndarray of int, shape (n_settings, n_patients)
        Seizures found and false alarms.
    n_reference : ndarray of int, shape (n_patients,)
        Seizures.
    hours : ndarray of float, shape (n_patients,)
        Observed hours.
    """

    patients: list[str]
    true_positives: NDArray[np.intp]
    false_positives: NDArray[np.intp]
    n_reference: NDArray[np.intp]
    hours: NDArray[np.float64]

    def score(self, objective: Objective, without: int | None = None) -> NDArray[np.float64]:
        """Return the objective of all patients together, or of all but one."""
        keep = np.arange(len(self.patients)) != without
        return objective(
            self.true_positives[:, keep].sum(axis=1),
            self.false_positives[:, keep].sum(axis=1),
            self.n_reference[keep].sum(),
            self.hours[keep].sum(),
        )


def _ratio(part: NDArray, whole: NDArray) -> NDArray[np.float64]:
    whole = np.broadcast_to(np.asarray(whole, dtype=float), np.shape(part))
    return np.divide(part, whole, out=np.full(np.shape(part), np.nan), where=whole > 0)


def event_f1(tp: NDArray, fp: NDArray, n_reference: NDArray, hours: NDArray) -> NDArray:
    """Return the event F1; nan without a reference and a false alarm."""
    return _ratio(2.0 * tp, tp + fp + n_reference)


def event_sensitivity(tp: NDArray, fp: NDArray, n_reference: NDArray, hours: NDArray) -> NDArray:
    """Return the share of references found; nan where there is none."""
    return _ratio(1.0 * tp, n_reference)


OBJECTIVES: dict[str, Objective] = {"f1": event_f1, "sensitivity": event_sensitivity}


def rates(fp: NDArray, hours: NDArray) -> NDArray[np.float64]:
    """Return false alarms per 24 h of all patients together; fp is (n_settings, n_patients)."""
    return 24.0 * fp.sum(axis=1) / hours.sum()


def upper_rates(fp: NDArray, hours: NDArray, seed: int = 0) -> NDArray[np.float64]:
    """Return one-sided 95 % upper bounds of false alarms per 24 h of patients like these.

    Parameters
    ----------
    fp : ndarray of int, shape (n_settings, n_patients)
        False alarms.
    hours : ndarray of float, shape (n_patients,)
        Observed hours.
    seed : int, default=0
        Seed of the draws: the same for all settings, so that more alarms never bound lower.

    Returns
    -------
    ndarray of float, shape (n_settings,)
        The bounds. One patient: for this patient alone, from the Poisson distribution.

    Notes
    -----
    Patients are drawn with replacement, and the rate given their alarms from the gamma distribution
    that makes the bound of a Poisson count exact (the "rule of three" without an alarm). Draws
    among few patients spread too little: the bound's distance from the rate is widened, on the
    scale of logarithms, by sqrt(n / (n - 1)) and by Student's quantile over the normal one.
    """
    n = len(hours)
    total = fp.sum(axis=1)
    exact = stats.gamma.ppf(0.95, total + 1) / hours.sum()
    if n == 1:
        return 24.0 * exact
    rng = np.random.default_rng(seed)
    drawn = rng.multinomial(n, np.full(n, 1 / n), size=N_DRAWS)
    normal = rng.standard_normal(N_DRAWS)
    shape = fp @ drawn.T + 1.0
    # Wilson and Hilferty's gamma quantile, within 1 % here; the exact one takes a thousand times
    # as long.
    alarms = shape * (1 - 1 / (9 * shape) + normal / (3 * np.sqrt(shape))) ** 3
    bound = np.quantile(alarms / (drawn @ hours), 0.95, axis=1)
    middle = (total + 1) / hours.sum()
    stretch = np.sqrt(n / (n - 1)) * stats.t.ppf(0.95, n - 1) / stats.norm.ppf(0.95)
    wide = middle * np.exp(stretch * np.log(np.maximum(bound / middle, 1.0)))
    return 24.0 * np.maximum(wide, exact)


def standard_error(counts: Counts, objective: Objective, setting: int) -> float:
    """Return the jackknife error, over patients, of one setting's pooled objective; 0 of one."""
    n = len(counts.patients)
    if n < 2:
        return 0.0
    one = Counts(
        counts.patients,
        counts.true_positives[[setting]],
        counts.false_positives[[setting]],
        counts.n_reference,
        counts.hours,
    )
    left_out = np.array([one.score(objective, without=i)[0] for i in range(n)])
    left_out = left_out[np.isfinite(left_out)]
    if len(left_out) < 2:
        return 0.0
    n = len(left_out)
    return float(np.sqrt((n - 1) / n * np.sum((left_out - left_out.mean()) ** 2)))


def choose(
    scores: NDArray[np.float64],
    rate: NDArray[np.float64],
    cap: float | None,
    error: Callable[[int], float],
    complexity: NDArray,
) -> tuple[int, bool]:
    """Choose a setting: the best under the cap, or the simplest about as good.

    Parameters
    ----------
    scores : ndarray, shape (n_settings,)
        Objective, more is better; nan counts as worst.
    rate : ndarray, shape (n_settings,)
        What must not exceed the cap.
    cap : float or None
        If None, every setting is allowed.
    error : callable
        Standard error of the score of a setting, given its number.
    complexity : ndarray, shape (n_settings,)
        Less is simpler.

    Returns
    -------
    best : int
        Of those allowed whose score is within one standard error of the highest, the simplest; of
        equally simple ones that of the highest score, then of the lowest rate, then the first.
    kept : bool
        Whether the cap is kept. If no setting keeps it, the one of the lowest rate is returned.
    """
    scores = np.where(np.isnan(scores), -np.inf, scores)
    allowed = np.ones(len(scores), dtype=bool) if cap is None else rate <= cap + 1e-9
    if not allowed.any():
        return int(np.lexsort((-scores, rate))[0]), False
    candidates = np.flatnonzero(allowed)
    top = candidates[np.lexsort((rate[candidates], -scores[candidates]))[0]]
    if np.isfinite(scores[top]):
        near = candidates[scores[candidates] >= scores[top] - error(int(top)) - 1e-12]
    else:
        near = candidates
    order = np.lexsort((rate[near], -scores[near], complexity[near]))
    return int(near[order[0]]), True


def draw_settings(
    probabilities: NDArray[np.float64], step: float, n_settings: int, rng: np.random.RandomState
) -> list[dict[str, Any]]:
    """Draw settings of a `SeizureDetector` from ranges that make sense for windows of this step.

    Parameters
    ----------
    probabilities : ndarray of float, shape (n_windows,)
        Out-of-fold probabilities, not smoothed. Half of the thresholds are drawn among their upper
        quantiles, down to one window in 10,000, as a cap on false alarms lies far in the tail.
    step : float
        Seconds from one window to the next; averages take at least three windows.
    n_settings : int
        How many.
    rng : RandomState
        Source of randomness.

    Returns
    -------
    list of dict
        Parameters by name.
    """
    smoothing = [0.0, *(max(seconds, 3 * step) for seconds in (5.0, 10.0, 20.0, 40.0, 60.0))]
    share = 10.0 ** rng.uniform(-4, -0.3, n_settings)
    tail = np.quantile(probabilities, 1 - share)
    threshold = np.where(
        rng.uniform(size=n_settings) < 0.5, tail, rng.uniform(0.05, 0.95, n_settings)
    )
    drawn = []
    # Three digits: a threshold that equals a probability would hang on its rounding error.
    for high in (float(f"{t:.3g}") for t in np.clip(threshold, 1e-3, 1.0)):
        ratio = rng.choice([1.0, 1.0, 0.8, 0.6, 0.4])
        drawn.append(
            {
                "smoothing": float(rng.choice(smoothing)),
                "threshold": float(high),
                "low_threshold": None if ratio == 1.0 else float(high * ratio),
                "min_duration": float(rng.choice([0.0, 5.0, 10.0, 20.0])),
                "merge_gap": float(rng.choice([0.0, 10.0, 30.0, 60.0])),
            }
        )
    return drawn


def complexity(settings: Sequence[dict[str, Any]]) -> NDArray[np.intp]:
    """Return how many steps each setting takes: smoothing, hysteresis, dropping, merging."""
    return np.array(
        [
            (s["smoothing"] > 0)
            + (s["low_threshold"] is not None and s["low_threshold"] < s["threshold"])
            + (s["min_duration"] > 0)
            + (s["merge_gap"] > 0)
            for s in settings
        ],
        dtype=np.intp,
    )
