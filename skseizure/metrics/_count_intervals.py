"""Intervals of scores of one patient, or of pooled counts, from the counts alone."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
from scipy import stats

from ._ratios import EVENT_COUNTS

Interval = tuple[float, float]

_N_DRAWS = 4000


def count_interval(name: str, counts: Mapping[str, float], level: float) -> Interval | None:
    """Return the interval of an event score if seizures and alarms came independently.

    Parameters
    ----------
    name : str
        Name of the score.
    counts : mapping of str to float
        The `EVENT_COUNTS` by name.
    level : float
        Confidence level.

    Returns
    -------
    tuple of float or None
        Exact for sensitivity, precision (binomial) and false alarms (Poisson); of F1 from draws of
        both. nan where the score has no denominator. None for any other score.
    """
    if any(count not in counts for count in EVENT_COUNTS):
        return None
    n_reference, found, false, hours = (float(counts[count]) for count in EVENT_COUNTS)
    if name == "sensitivity":
        return _binomial(found, n_reference, level)
    if name == "precision":
        return _binomial(found, found + false, level)
    if name == "false_alarms_per_24h":
        return _poisson(false, hours / 24, level)
    if name == "f1":
        return _f1(found, false, n_reference, level)
    return None


def _binomial(found: float, total: float, level: float) -> Interval:
    if total == 0:
        return np.nan, np.nan
    interval = stats.binomtest(round(found), round(total)).proportion_ci(level)
    return float(interval.low), float(interval.high)


def _poisson(count: float, exposure: float, level: float) -> Interval:
    if exposure == 0:
        return np.nan, np.nan
    low = stats.gamma.ppf((1 - level) / 2, count) if count else 0.0
    high = stats.gamma.ppf((1 + level) / 2, count + 1)
    return float(low / exposure), float(high / exposure)


def _f1(found: float, false: float, n_reference: float, level: float) -> Interval:
    if n_reference + false == 0:
        return np.nan, np.nan
    # What is known of share and number with Jeffreys' prior, carried over to F1.
    rng = np.random.default_rng(0)
    share = rng.beta(found + 0.5, n_reference - found + 0.5, _N_DRAWS)
    alarms = rng.gamma(false + 0.5, size=_N_DRAWS)
    hits = share * n_reference
    low, high = np.quantile(
        2 * hits / (hits + alarms + n_reference), [(1 - level) / 2, (1 + level) / 2]
    )
    value = 2 * found / (found + false + n_reference)
    return min(float(low), value), max(float(high), value)
