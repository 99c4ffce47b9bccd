"""Event counts of many detector settings at once."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from .._core.counting import GRID, Rules, merge, split, to_grid
from .._core.timeline import moving_average, timeline_of, windows_in
from ._base import ROUNDING

if TYPE_CHECKING:
    from ..signals import Events, Windows
    from ._alarms import Settings


class SettingCounter:
    """Count events for many settings of a detector, on the probabilities of some windows.

    Parameters
    ----------
    X : Windows
        Windows, in any order; their probabilities never change with a setting.
    proba : ndarray of float, shape (n_windows,)
        Probability of a seizure, not smoothed.
    reference : Events
        The truth, over at least the records of X.
    rules : Rules
        Rules of counting, as of `event_scores`.
    causal : bool
        Whether averages and alarms look at no later window.

    Attributes
    ----------
    patients : list of str
        Patient of each record, or the record where patients are not known, in the order of the
        records in X.
    n_reference : ndarray of int, shape (n_records,)
        Seizures by the rules, long ones split.
    seizure_record : ndarray of int, shape (n_seizures,)
        Record of each seizure, not split.
    hours : ndarray of float, shape (n_records,)
        Observed time.

    Notes
    -----
    O(n_windows) for each setting and for each length of average, in compiled code; memory does not
    grow with the settings.
    """

    def __init__(
        self,
        X: Windows,
        proba: NDArray[np.float64],
        reference: Events,
        rules: Rules,
        *,
        causal: bool,
    ) -> None:
        self._proba, self._causal, self._rules = proba, causal, rules
        self._time = timeline_of(X, len(X))
        stretches = self._time.stretches
        self._order = np.concatenate(stretches)
        self._bounds = np.cumsum([0, *(len(rows) for rows in stretches)])
        names = list(X.recordings())
        known = [reference.recordings[name].patient for name in names]
        self.patients = [patient or name for patient, name in zip(known, names, strict=True)]
        self.hours = np.array([reference.recordings[n].observed or 0.0 for n in names]) / 3600
        number = {name: i for i, name in enumerate(names)}
        self._record = np.array([number[str(X.record[rows[0]])] for rows in stretches])
        # As `event_scores` reads events: rounded, so that an error in a sum decides no tie.
        ends = np.array([reference.recordings[name].duration for name in names])
        lengths = [len(rows) for rows in stretches]
        end = np.repeat(ends[self._record], lengths)[:, np.newaxis]
        self._cell = np.clip(np.round(X.cells()[self._order], 9), 0, end)
        margin = np.array([-rules.tolerance_start, rules.tolerance_end])
        wide, seizure = [], []
        onset: list[NDArray[np.float64]] = []
        for name in names:
            duration = reference.recordings[name].duration
            events = np.clip(np.round(reference.intervals(name), 9), 0, duration)
            seizures = merge(events, rules.min_gap)
            parts, parent = split(seizures, rules.max_event_duration)
            seizure.append(parent + sum(len(part) for part in onset))
            onset.append(seizures[:, 0])
            wide.append(np.clip(parts + margin, 0, round(duration * GRID) / GRID))
        self.n_reference = np.array([len(parts) for parts in wide])
        self._wide = np.concatenate(wide).reshape(-1, 2)
        self._wide_bounds = np.cumsum([0, *self.n_reference])
        self._seizure, self._onset = np.concatenate(seizure), np.concatenate(onset)
        self.seizure_record = np.repeat(np.arange(len(names)), [len(part) for part in onset])

    def counts(self, settings: Sequence[tuple[float, Settings]]) -> NDArray[np.intp]:
        """Count seizures found and false alarms.

        Parameters
        ----------
        settings : sequence of (smoothing in seconds, Settings)
            Settings of a detector at the step of these windows.

        Returns
        -------
        ndarray of int, shape (n_settings, n_records, 2)
            True positives and false positives of each record.
        """
        return self.counts_and_latencies(settings)[0]

    def counts_and_latencies(
        self, settings: Sequence[tuple[float, Settings]]
    ) -> tuple[NDArray[np.intp], NDArray[np.float64]]:
        """Count, and tell when each seizure was found.

        Parameters
        ----------
        settings : sequence of (smoothing in seconds, Settings)
            As of `counts`.

        Returns
        -------
        counts : ndarray of int, shape (n_settings, n_records, 2)
            As of `counts`.
        latencies : ndarray of float, shape (n_settings, n_seizures)
            Seconds to the first alarm of each seizure; nan if it was not found.
        """
        from ._kernels import count_settings

        out = np.empty((len(settings), len(self.patients), 2), dtype=np.intp)
        latencies = np.empty((len(settings), len(self._onset)))
        length = np.array([windows_in(seconds, self._time.step) for seconds, _ in settings])
        for n_windows in np.unique(length):
            chosen = np.flatnonzero(length == n_windows)
            table = [settings[k][1] for k in chosen.tolist()]
            values = moving_average(
                self._proba, self._time.stretches, int(n_windows), center=not self._causal
            )
            out[chosen], latencies[chosen] = count_settings(
                values[self._order],
                self._bounds,
                self._record,
                self._cell,
                self._wide,
                to_grid(self._wide),
                self._wide_bounds,
                self._seizure,
                self._onset,
                np.array([(s.high - ROUNDING, s.low - ROUNDING, s.gap, s.shortest) for s in table]),
                self._causal,
                np.array(
                    [self._rules.min_overlap, self._rules.max_event_duration, self._rules.min_gap]
                ),
                float(GRID),
            )
        return out, latencies
