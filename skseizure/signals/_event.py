"""One event, and what is known of the record that it is in."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, replace
from datetime import datetime
from typing import NamedTuple

import numpy as np


@dataclass(frozen=True)
class RecordInfo:
    """What is known of a record beside its events.

    Parameters
    ----------
    duration : float
        End of the record's time axis in seconds.
    observed : float or None, default=None
        Seconds of it that were really looked at. If None, all but ``unjudged``. Rates such as
        false alarms per 24 h are taken over this time.
    patient : str or None, default=None
        Name of the patient.
    start : datetime or None, default=None
        Wall-clock time of the record's start.
    unjudged : tuple of (float, float), default=()
        Spans in seconds, from and to, in which nobody can say whether there is a seizure.
    """

    duration: float
    observed: float | None = None
    patient: str | None = None
    start: datetime | None = None
    unjudged: tuple[tuple[float, float], ...] = ()

    def __post_init__(self) -> None:
        if not (np.isfinite(self.duration) and self.duration > 0):
            raise ValueError(f"duration is {self.duration!r}; a record's length must be above 0 s.")
        object.__setattr__(self, "unjudged", _union(self.unjudged))
        if self.observed is None:
            object.__setattr__(self, "observed", self.judged)

    @property
    def judged(self) -> float:
        """Seconds of the record without those that are unjudged."""
        whole = (0.0, float(self.duration))
        return self.duration - sum(_shared(whole, span) for span in self.unjudged)

    def mark_unjudged(self, spans: Iterable[tuple[float, float]]) -> RecordInfo:
        """Mark more time as time that cannot be judged.

        Parameters
        ----------
        spans : iterable of (float, float)
            In seconds, from and to.

        Returns
        -------
        RecordInfo
            A copy, less of whose time counts as observed.
        """
        spans = tuple(spans)
        if not spans:
            return self
        marked = replace(self, unjudged=(*self.unjudged, *spans))
        lost = self.judged - marked.judged
        return replace(marked, observed=max((self.observed or 0.0) - lost, 0.0))


class Event(NamedTuple):
    """One event of `Events`, as iteration and an integer index give it.

    Parameters
    ----------
    record : str
        Its record.
    onset, duration : float
        In seconds.
    event_type : str
        ``"sz"`` or a more specific code.
    confidence : float, default=nan
        In [0, 1]; nan where none is given.
    channels : str, default="all"
        Channels concerned, separated by commas.
    """

    record: str
    onset: float
    duration: float
    event_type: str
    confidence: float = np.nan
    channels: str = "all"

    @property
    def offset(self) -> float:
        """End in seconds."""
        return self.onset + self.duration


def _union(spans: Iterable[tuple[float, float]]) -> tuple[tuple[float, float], ...]:
    """Return spans in order of time, those that overlap or touch joined."""
    merged: list[tuple[float, float]] = []
    for start, end in sorted((float(start), float(end)) for start, end in spans):
        if merged and start <= merged[-1][1]:
            merged[-1] = (merged[-1][0], max(merged[-1][1], end))
        else:
            merged.append((start, end))
    return tuple(merged)


def _shared(one: tuple[float, float], other: tuple[float, float]) -> float:
    return max(min(one[1], other[1]) - max(one[0], other[0]), 0.0)
