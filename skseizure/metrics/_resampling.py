"""Resampling of patients and records, and intervals from it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy import stats
from scipy.special import ndtr, ndtri
from sklearn.utils import check_random_state

from .._core.errors import prefix_errors

RESAMPLE = ("patient", "record", "nested")
EXACT = 2**12  # ways to exchange two detectors that are tried rather than random ones
METHODS = ("expanded", "percentile", "BCa")

# Values by name, one a draw.
Draws = dict[str, NDArray[np.float64]]


@dataclass(frozen=True)
class Units:
    """What is drawn: patients with all their records, records, or records within patients.

    Parameters
    ----------
    kind : {"patient", "record", "nested"}
        What is drawn.
    unit : ndarray of int, shape (n_records,)
        Number of the patient, or of the record, that each record belongs to.
    """

    kind: str
    unit: NDArray[np.intp]

    @property
    def n(self) -> int:
        """Number of patients, or of records."""
        return int(self.unit.max()) + 1

    def draw(self, n_resamples: int, rng: np.random.Generator) -> NDArray[np.float64]:
        """Return how often each draw with replacement holds each record."""
        times = rng.multinomial(self.n, np.full(self.n, 1 / self.n), size=n_resamples)
        if self.kind != "nested":
            return self.spread(times)
        weights = np.empty((n_resamples, len(self.unit)))
        for number in range(self.n):
            own = np.flatnonzero(self.unit == number)
            # A patient drawn twice has its records drawn twice over.
            n_records = len(own)
            drawn = times[:, number] * n_records
            weights[:, own] = rng.multinomial(drawn, np.full(n_records, 1 / n_records))
        return weights

    def without_each(self) -> NDArray[np.float64]:
        """Return the records that remain without each unit in turn."""
        return self.spread(1 - np.eye(self.n))

    def spread(self, weights: NDArray) -> NDArray[np.float64]:
        """Give each record the weight of its unit."""
        return weights[:, self.unit].astype(np.float64)


def make_units(kind: Any, records: Sequence[str], patients: Sequence[str | None]) -> Units:
    """Return what is to be drawn, or raise if patients are not known or too few."""
    if not isinstance(kind, str) or kind not in RESAMPLE:
        raise ValueError(
            f"resample is {kind!r}; one of {', '.join(map(repr, RESAMPLE))} is needed."
        )
    owners: Sequence[str | None] = records if kind == "record" else patients
    for record, owner in zip(records, owners, strict=True):
        if owner is None:
            raise ValueError(
                f"resample is {kind!r}, but the patient of record {record!r} is not known; give "
                "RecordInfo(..., patient=) or Windows(..., patient=). If all records are of one "
                "patient, pass resample='record'."
            )
    names = list(dict.fromkeys(owners))
    if len(names) < 2:
        what, remedy = ("record", "") if kind == "record" else ("patient", " or resample='record'")
        raise ValueError(
            f"There is 1 {what}; resample={kind!r} needs 2 or more{remedy}, and an interval from a "
            "handful says little."
        )
    number = {name: i for i, name in enumerate(names)}
    return Units(kind, np.array([number[owner] for owner in owners], dtype=np.intp))


def exchanges(n: int, n_draws: int, rng: np.random.Generator) -> tuple[NDArray[np.bool_], bool]:
    """Return which of n pairs each draw exchanges, and whether these are all the ways there are."""
    if 2**n <= n_draws:
        ways = np.arange(2**n)
        return (ways[:, np.newaxis] >> np.arange(n)) & 1 == 1, True
    return rng.random((n_draws, n)) < 0.5, False


def make_generator(random_state: Any) -> np.random.Generator:
    """Return a generator of random numbers from scikit-learn's kind of seed."""
    with prefix_errors("random_state"):
        source = check_random_state(random_state)
    return np.random.default_rng(source.randint(2**31, size=4))


def percentile_interval(draws: NDArray[np.float64], level: float) -> tuple[float, float]:
    """Return the middle part of the draws."""
    low, high = np.quantile(draws, [(1 - level) / 2, (1 + level) / 2])
    return float(low), float(high)


def expanded_level(level: float, n: int) -> float:
    """Return the level at which percentiles of draws among n cover as a t interval would.

    Draws among n spread too little by sqrt((n - 1) / n), and know nothing of the error of their own
    spread: T. C. Hesterberg, "What teachers should know about the bootstrap", The American
    Statistician 69 (2015) 371-386.
    """
    z = np.sqrt(n / (n - 1)) * stats.t.ppf((1 + level) / 2, n - 1)
    return float(2 * ndtr(z) - 1)


def bca_interval(
    estimate: float, draws: NDArray[np.float64], left_out: NDArray[np.float64], level: float
) -> tuple[float, float]:
    """Return the bias-corrected and accelerated interval.

    Parameters
    ----------
    estimate : float
        The score.
    draws : ndarray of float, shape (n_draws,)
        The score of each draw.
    left_out : ndarray of float, shape (n_units,)
        The score without each patient or record in turn.
    level : float
        Confidence level.

    Returns
    -------
    low, high : float
        Ends of the interval.
    """
    if np.ptp(draws) == 0:
        return float(draws[0]), float(draws[0])
    bias = ndtri((np.mean(draws < estimate) + np.mean(draws <= estimate)) / 2)
    if not np.isfinite(bias):  # the estimate lies beyond all draws
        return percentile_interval(draws, level)
    pull = left_out.mean() - left_out
    spread = np.sum(pull**2) ** 1.5
    acceleration = np.sum(pull**3) / (6 * spread) if spread else 0.0
    z = bias + ndtri(np.array([(1 - level) / 2, (1 + level) / 2]))
    low, high = np.quantile(draws, ndtr(bias + z / (1 - acceleration * z)))
    return float(low), float(high)


def weighted_medians(
    values: NDArray[np.float64], weights: NDArray[np.float64]
) -> NDArray[np.float64]:
    """Return the median of values repeated as often as each row of weights says.

    Parameters
    ----------
    values : ndarray of float, shape (n_values,)
        Values.
    weights : ndarray of float, shape (n_draws, n_values)
        Whole numbers.

    Returns
    -------
    ndarray of float, shape (n_draws,)
        Medians, nan where all weights are 0.
    """
    order = np.argsort(values)
    until = np.cumsum(weights[:, order], axis=1)
    total = until[:, -1] if len(values) else np.zeros(len(weights))
    out = np.full(len(weights), np.nan)
    some = total > 0
    # The middle one of an odd number, the mean of the middle two of an even one.
    first = np.ceil(total[some] / 2)[:, np.newaxis]
    second = np.floor(total[some] / 2 + 1)[:, np.newaxis]
    below, above = ((until[some] < rank).sum(axis=1) for rank in (first, second))
    out[some] = (values[order][below] + values[order][above]) / 2
    return out
