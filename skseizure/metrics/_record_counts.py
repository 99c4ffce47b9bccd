"""Counts of events and samples by record, and scores of any choice of records."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray
from sklearn.utils import column_or_1d, gen_batches

from .._core.counting import Rules, count_events, count_samples
from .._core.validation import check_rows
from ..signals import Events
from ._classification import check_positive
from ._ratios import EVENT_COUNTS, SAMPLE_COUNTS, event_ratios, quotients, sample_ratios
from ._resampling import weighted_medians
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

    def scores(self, weights: NDArray[np.float64]) -> dict[str, NDArray[np.float64]]:
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
        sums = {name: weights @ values for name, values in self.counts.items()}
        out: dict[str, NDArray[np.float64]] = {}
        if EVENT_COUNTS[0] in sums:
            out |= quotients(event_ratios(sums))
        if self.latency is not None:
            out["median_latency"] = self._median_latency(weights)
        if SAMPLE_COUNTS[0] in sums:
            out |= quotients(sample_ratios(sums))
        return out

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
        return _count_rows(reference, hypothesis, windows, groups, pos_label)
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
        [patient_of(info, found.recordings[name], name) for name, info in true.recordings.items()],
        {key: np.array(values, dtype=np.float64) for key, values in table.items()},
        np.concatenate(latency),
        np.repeat(np.arange(len(names)), [len(seconds) for seconds in latency]),
    )


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


def _count_rows(
    reference: Any, hypothesis: Any, windows: Any, groups: Any, pos_label: Any
) -> RecordCounts:
    if windows is not None or isinstance(reference, Events) or isinstance(hypothesis, Events):
        raise ValueError(
            "groups goes with labels of rows, whose time is not known; Windows and Events know "
            "their patients themselves."
        )
    true, predicted = check_positive(reference, hypothesis, pos_label)
    owner = column_or_1d(np.asarray(groups))
    check_rows(reference=true, groups=owner)
    names, first, code = np.unique(owner, return_index=True, return_inverse=True)
    rows = [np.flatnonzero(code == number) for number in np.argsort(first)]
    counts = [count_ictal(true[own], predicted[own]) for own in rows]
    labels = [str(name) for name in names[np.argsort(first)]]
    return RecordCounts(
        labels,
        list(labels),
        {key: np.array([count[key] for count in counts], float) for key in SAMPLE_COUNTS},
        None,
        np.empty(0, dtype=np.intp),
    )
