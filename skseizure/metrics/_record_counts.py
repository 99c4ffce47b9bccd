"""Counts of events and samples by record, and scores of any choice of records."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Self

import numpy as np
from numpy.typing import NDArray
from sklearn.utils import column_or_1d, gen_batches

from .._core.counting import Rules, count_events, count_samples
from .._core.validation import check_rows
from ..signals import Events
from ._classification import check_positive
from ._ratios import EVENT_COUNTS, SAMPLE_COUNTS, event_ratios, quotients, sample_ratios
from ._resampling import Draws, weighted_medians
from ._scorer import count_ictal
from ._sides import both_sides, intervals, patient_of

_BLOCK = 2**22  # weights of latencies at a time


@dataclass(frozen=True)
class RecordCounts:
    """Counts of each record.

    Parameters
    ----------
    records : list of str
        Names of the records.
    patients : list of str or None
        Patient of each record, None where it is not known.
    counts : dict of str to ndarray of float, shape (n_records,)
        The counts that `event_ratios`, or `sample_ratios`, or both take.
    latency : ndarray of float, shape (n_found,) or None
        Seconds to the first alarm of each seizure found, None where no events were counted.
    latency_record : ndarray of int, shape (n_found,)
        Record of each seizure found.
    """

    records: list[str]
    patients: list[str | None]
    counts: dict[str, NDArray[np.float64]]
    latency: NDArray[np.float64] | None
    latency_record: NDArray[np.intp]

    def scores(self, weights: NDArray[np.float64]) -> Draws:
        """Return the scores of records drawn, pooled.

        Parameters
        ----------
        weights : ndarray of float, shape (n_draws, n_records)
            How often each draw holds each record.

        Returns
        -------
        dict of str to ndarray of float, shape (n_draws,)
            Scores by name, nan where one has no denominator.
        """
        sums = self.sums(weights)
        out: Draws = {}
        if EVENT_COUNTS[0] in sums:
            out |= quotients(event_ratios(sums))
        if self.latency is not None:
            out["median_latency"] = self._median_latency(weights)
        if SAMPLE_COUNTS[0] in sums:
            out |= quotients(sample_ratios(sums))
        return out

    def sums(self, weights: NDArray[np.float64]) -> Draws:
        """Return the summed counts of records drawn."""
        return {name: weights @ values for name, values in self.counts.items()}

    def beside(self, other: Self) -> Self:
        """Return the counts of both, the records of the other one behind these."""
        latency = None
        if self.latency is not None and other.latency is not None:
            latency = np.concatenate([self.latency, other.latency])
        return type(self)(
            self.records + other.records,
            self.patients + other.patients,
            {name: np.append(values, other.counts[name]) for name, values in self.counts.items()},
            latency,
            np.append(self.latency_record, other.latency_record + len(self.records)),
        )

    def _median_latency(self, weights: NDArray[np.float64]) -> NDArray[np.float64]:
        assert self.latency is not None
        size = max(1, _BLOCK // max(1, len(self.latency)))
        parts = [
            weighted_medians(self.latency, weights[draws][:, self.latency_record])
            for draws in gen_batches(len(weights), size)
        ]
        return np.concatenate(parts)


def count_records(
    reference: Any,
    hypothesis: Any,
    *,
    windows: Any,
    groups: Any,
    pos_label: Any,
    rules: Rules,
    sfreq: float,
) -> RecordCounts:
    """Count what `event_scores` and `sample_scores` count, or samples of rows, by record.

    Parameters
    ----------
    reference, hypothesis : Events or array-like
        The two sides, as of `event_scores`; with ``groups`` one label a row.
    windows : Windows or None
        What labels belong to.
    groups : array-like or None
        Patient of each row.
    pos_label : label or None
        The seizure.
    rules : Rules
        Rules of counting events.
    sfreq : float
        Samples a second.

    Returns
    -------
    RecordCounts
        The counts; with ``groups`` each group is a record and a patient.
    """
    if groups is not None:
        return _count_rows(reference, hypothesis, groups, pos_label)
    true, found = both_sides(reference, hypothesis, windows, pos_label)
    names = list(true.recordings)
    table: dict[str, list[float]] = {name: [] for name in (*EVENT_COUNTS, *SAMPLE_COUNTS)}
    latency = []
    for name in names:
        info = true.recordings[name]
        pair = intervals(true, found, name)
        events = count_events(*pair, info.duration, rules)
        latency.append(events.latency)
        observed = info.observed or 0.0
        row: Mapping[str, float] = {
            "n_reference": events.n_reference,
            "true_positives": events.true_positives,
            "false_positives": events.false_positives,
            "hours": observed / 3600,
        } | _count_seconds(*pair, observed, sfreq)
        for key, value in row.items():
            table[key].append(value)
    return RecordCounts(
        names,
        patients_of(true, found),
        {key: np.array(values, dtype=np.float64) for key, values in table.items()},
        np.concatenate(latency),
        np.repeat(np.arange(len(names)), [len(seconds) for seconds in latency]),
    )


def patients_of(reference: Events, hypothesis: Events) -> list[str | None]:
    """Return the patient of each record, None where neither side knows it."""
    return [
        patient_of(info, hypothesis.recordings[name], name)
        for name, info in reference.recordings.items()
    ]


def _count_seconds(
    reference: NDArray, hypothesis: NDArray, observed: float, sfreq: float
) -> dict[str, float]:
    n_reference, both, n_hypothesis = count_samples(reference, hypothesis, sfreq)
    false = n_hypothesis - both
    return {
        "sample_true_positives": both,
        "sample_false_positives": false,
        # Events at the end of an excerpt may be rounded up beyond it.
        "sample_true_negatives": max(0, round(observed * sfreq) - n_reference - false),
        "sample_false_negatives": n_reference - both,
    }


def _count_rows(reference: Any, hypothesis: Any, groups: Any, pos_label: Any) -> RecordCounts:
    true, predicted = check_positive(reference, hypothesis, pos_label)
    names, rows = rows_of_groups(groups, len(true))
    counts = [count_ictal(true[own], predicted[own]) for own in rows]
    return RecordCounts(
        names,
        list(names),
        {key: np.array([count[key] for count in counts], float) for key in SAMPLE_COUNTS},
        None,
        np.empty(0, dtype=np.intp),
    )


def rows_of_groups(groups: Any, n_rows: int) -> tuple[list[str], list[NDArray[np.intp]]]:
    """Return the groups in order of first appearance, and the rows of each."""
    owner = column_or_1d(np.asarray(groups))
    check_rows(reference=np.empty(n_rows), groups=owner)
    names, first, code = np.unique(owner, return_index=True, return_inverse=True)
    order = np.argsort(first)
    return [str(name) for name in names[order]], [np.flatnonzero(code == k) for k in order]
