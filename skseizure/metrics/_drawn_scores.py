"""Any function of a reference and a hypothesis, of records that are drawn."""

from __future__ import annotations

import warnings
from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray
from sklearn.exceptions import UndefinedMetricWarning

from .._core.errors import prefix_errors
from ..signals import Events
from ._resampling import Draws

# Reference and hypothesis, from how often a draw holds each record.
Pair = tuple[Any, Any]


@dataclass(frozen=True)
class DrawnScores:
    """A function of records drawn; the counterpart of `RecordCounts` without counts.

    Parameters
    ----------
    score : callable
        ``score(reference, hypothesis)``.
    parts : list of tuple
        Reference and hypothesis of each record: arrays of rows, or events of this record alone.
    records : list of str
        Names of the records.
    patients : list of str or None
        Patient of each record.
    """

    score: Callable[[Any, Any], Any]
    parts: list[Pair]
    records: list[str]
    patients: list[str | None]

    @property
    def name(self) -> str:
        """Name of the function."""
        return str(getattr(self.score, "__name__", type(self.score).__name__))

    def scores(self, weights: NDArray[np.float64]) -> Draws:
        """Return the score of each draw, nan where it is not defined."""
        out = np.full(len(weights), np.nan)
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", UndefinedMetricWarning)
            for i, times in enumerate(weights.astype(np.intp)):
                try:
                    out[i] = self.of(times)
                except ValueError:
                    continue  # an area under a curve takes two classes, which a draw may lack
        return {self.name: out}

    def of(self, times: NDArray[np.intp]) -> float:
        """Return the score of one draw."""
        with prefix_errors("score"):
            return float(self.score(*self._draw(times)))

    def beside(self, other: DrawnScores) -> DrawnScores:
        """Return both, the records of the other one behind these."""
        return replace(
            self,
            parts=self.parts + other.parts,
            records=self.records + other.records,
            patients=self.patients + other.patients,
        )

    def _draw(self, times: NDArray[np.intp]) -> Pair:
        chosen = [(k, copy) for k in np.flatnonzero(times) for copy in range(times[k])]
        if not chosen:
            raise ValueError("a draw holds no record.")
        reference, hypothesis = (
            _joined([(self.parts[k][side], copy) for k, copy in chosen]) for side in (0, 1)
        )
        return reference, hypothesis


def _joined(parts: list[tuple[Any, int]]) -> Any:
    """Join rows, or the events of records and of their copies."""
    if not isinstance(parts[0][0], Events):
        return np.concatenate([rows for rows, _ in parts])
    return Events.concatenate([_renamed(events, copy) for events, copy in parts])


def _renamed(events: Events, copy: int) -> Events:
    """Return the events of a record that is drawn again, as of another record and patient."""
    if copy == 0:
        return events
    (name, info), end = next(iter(events.recordings.items())), f" ({copy + 1})"
    info = replace(info, patient=None if info.patient is None else info.patient + end)
    return Events(
        events.onset,
        events.duration,
        record=name + end,
        event_type=events.event_type,
        confidence=events.confidence,
        channels=events.channels,
        recordings={name + end: info},
    )
