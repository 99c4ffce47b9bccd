"""Seizures as intervals on the time axis of their records."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime

import numpy as np
from numpy.typing import ArrayLike, NDArray


@dataclass(frozen=True)
class RecordInfo:
    """What is known of a record beside its events.

    Parameters
    ----------
    duration : float
        End of the record's time axis in seconds.
    observed : float or None, default=None
        Seconds of it that were really looked at; None means all of them. Rates such as false
        alarms per 24 h are taken over this time.
    patient : str or None, default=None
        Name of the patient.
    start : datetime or None, default=None
        Wall-clock time of the record's start.
    """

    duration: float
    observed: float | None = None
    patient: str | None = None
    start: datetime | None = None

    def __post_init__(self) -> None:
        if not (np.isfinite(self.duration) and self.duration > 0):
            raise ValueError(f"duration is {self.duration!r}; a record's length must be above 0 s.")
        if self.observed is None:
            object.__setattr__(self, "observed", self.duration)


class Events:
    """Seizure events of one or many records.

    A record without seizures is one that ``recordings`` lists and no event names; it counts in
    rates per hour. Background is the absence of events and is never an event itself.

    Parameters
    ----------
    onset : array-like of float, shape (n_events,)
        Start of each event in seconds from its record's start.
    duration : array-like of float, shape (n_events,)
        Length of each event in seconds, above zero.
    record : str or array-like of str, shape (n_events,), default="0"
        Record of each event.
    event_type : str or array-like of str, shape (n_events,), default="sz"
        ``"sz"`` or a more specific HED-SCORE seizure code.
    confidence : float or array-like of float, shape (n_events,), default=nan
        Confidence in [0, 1]; nan where none is given.
    channels : str or array-like of str, shape (n_events,), default="all"
        Channels concerned, separated by commas.
    recordings : mapping of str to RecordInfo or float
        Every record that was looked at, with its length in seconds or its full `RecordInfo`.

    Attributes
    ----------
    onset, duration, confidence : ndarray of float, shape (n_events,)
        Sorted by record (in the order of ``recordings``), then by onset.
    record, event_type, channels : ndarray of str, shape (n_events,)
        Likewise.
    recordings : dict of str to RecordInfo
        The records.

    Raises
    ------
    ValueError
        If lengths differ, a time is not finite, a duration is not positive, or an event names a
        record that ``recordings`` does not list.
    TypeError
        If ``recordings`` is no mapping.

    Examples
    --------
    >>> from skseizure.signals import Events
    >>> events = Events([10.0], [30.0], record="a", recordings={"a": 600.0, "b": 600.0})
    >>> len(events), events.offset.tolist(), list(events.recordings)
    (1, [40.0], ['a', 'b'])
    """

    def __init__(
        self,
        onset: ArrayLike,
        duration: ArrayLike,
        *,
        record: ArrayLike = "0",
        event_type: ArrayLike = "sz",
        confidence: ArrayLike = np.nan,
        channels: ArrayLike = "all",
        recordings: Mapping[str, RecordInfo | float],
    ) -> None:
        if not isinstance(recordings, Mapping):
            raise TypeError(
                f"recordings is {type(recordings).__name__}; a mapping of each record to its "
                "length in seconds, or to its RecordInfo, is needed."
            )
        self.recordings = {
            str(name): info if isinstance(info, RecordInfo) else RecordInfo(float(info))
            for name, info in recordings.items()
        }
        onset = np.atleast_1d(np.asarray(onset, dtype=float))
        columns = {
            "duration": np.asarray(duration, dtype=float),
            "record": np.asarray(record, dtype=str),
            "event_type": np.asarray(event_type, dtype=str),
            "confidence": np.asarray(confidence, dtype=float),
            "channels": np.asarray(channels, dtype=str),
        }
        for name, column in columns.items():
            if column.ndim and column.shape != onset.shape:
                raise ValueError(
                    f"{name} has shape {column.shape}, onset {onset.shape}; they must agree."
                )
            columns[name] = np.broadcast_to(column, onset.shape)
        if not np.all(np.isfinite(onset)):
            raise ValueError(f"onset holds a value that is not finite: {onset.tolist()}.")
        if not np.all(np.isfinite(columns["duration"]) & (columns["duration"] > 0)):
            raise ValueError(
                f"duration must be finite and above 0 s, found {columns['duration'].tolist()}."
            )
        unknown = sorted(set(columns["record"].tolist()) - set(self.recordings))
        if unknown:
            raise ValueError(
                f"record names {', '.join(unknown)}, which recordings does not list; "
                "every record needs its length there."
            )
        rank = {name: i for i, name in enumerate(self.recordings)}
        ranks = np.array([rank[name] for name in columns["record"]], dtype=np.intp)
        order = np.lexsort((onset, ranks))
        self.onset: NDArray[np.float64] = onset[order]
        self.duration: NDArray[np.float64] = columns["duration"][order]
        self.record: NDArray[np.str_] = columns["record"][order]
        self.event_type: NDArray[np.str_] = columns["event_type"][order]
        self.confidence: NDArray[np.float64] = columns["confidence"][order]
        self.channels: NDArray[np.str_] = columns["channels"][order]

    @property
    def offset(self) -> NDArray[np.float64]:
        """End of each event in seconds from its record's start."""
        return self.onset + self.duration

    @property
    def complete(self) -> bool:
        """Whether at least 99 % of every record was observed.

        Otherwise parts of records are at hand, mostly cut out around seizures, and a rate of false
        alarms means nothing.
        """
        infos = self.recordings.values()
        return all((info.observed or 0.0) > 0.99 * info.duration for info in infos)

    def __len__(self) -> int:
        return len(self.onset)

    def __eq__(self, other: object) -> bool:
        if not isinstance(other, Events):
            return NotImplemented
        same = all(
            np.array_equal(getattr(self, name), getattr(other, name))
            for name in ("onset", "duration", "record", "event_type", "channels")
        )
        return (
            same
            and np.array_equal(self.confidence, other.confidence, equal_nan=True)
            and self.recordings == other.recordings
        )

    __hash__ = None  # type: ignore[assignment]  # mutable arrays compare by value

    def __repr__(self) -> str:
        hours = sum(info.observed or 0.0 for info in self.recordings.values()) / 3600
        return f"Events({len(self)} events in {len(self.recordings)} records, {hours:.2f} h)"

    def intervals(self, record: str) -> NDArray[np.float64]:
        """Return the events of one record as intervals.

        Parameters
        ----------
        record : str
            Name of a record in `recordings`.

        Returns
        -------
        ndarray of float, shape (n_events, 2)
            Onset and end in seconds, in order of onset.

        Raises
        ------
        ValueError
            If the record is not listed in `recordings`.
        """
        if record not in self.recordings:
            raise ValueError(
                f"record {record!r} is not among the {len(self.recordings)} records of these "
                f"events ({', '.join(list(self.recordings)[:5])}, ...)."
            )
        mine = self.record == record
        return np.column_stack([self.onset[mine], self.offset[mine]])

    def by_record(self) -> Iterator[tuple[str, Events]]:
        """Take the events apart by record.

        Yields
        ------
        name : str
            Name of a record, in the order of `recordings`.
        events : Events
            Its events alone; none for a record without seizures.
        """
        for name in self.recordings:
            yield name, self.select([name])

    def select(self, records: Iterable[str]) -> Events:
        """Return the events of some records.

        Parameters
        ----------
        records : iterable of str
            Names of records in `recordings`.

        Returns
        -------
        Events
            Their events; `recordings` holds those records alone.

        Raises
        ------
        ValueError
            If a record is not listed in `recordings`.
        """
        if isinstance(records, str):
            raise TypeError(f"records is the string {records!r}; a sequence of names is needed.")
        names = list(dict.fromkeys(records))
        missing = [name for name in names if name not in self.recordings]
        if missing:
            raise ValueError(f"records names {', '.join(missing)}, which these events do not hold.")
        keep = np.isin(self.record, names)
        return Events(
            self.onset[keep],
            self.duration[keep],
            record=self.record[keep],
            event_type=self.event_type[keep],
            confidence=self.confidence[keep],
            channels=self.channels[keep],
            recordings={name: self.recordings[name] for name in names},
        )

    @classmethod
    def concatenate(cls, parts: Iterable[Events]) -> Events:
        """Join the events of different records.

        Parameters
        ----------
        parts : iterable of Events
            Events whose `recordings` name different records.

        Returns
        -------
        Events
            All of them.

        Raises
        ------
        ValueError
            If there is nothing to join or two parts hold the same record.
        """
        parts = list(parts)
        if not parts:
            raise ValueError("parts is empty; at least one Events is needed.")
        recordings: dict[str, RecordInfo] = {}
        for part in parts:
            shared = recordings.keys() & part.recordings.keys()
            if shared:
                raise ValueError(f"parts hold the record {sorted(shared)[0]!r} twice.")
            recordings |= part.recordings
        return cls(
            *(
                np.concatenate([getattr(part, name) for part in parts])
                for name in ("onset", "duration")
            ),
            **{
                name: np.concatenate([getattr(part, name) for part in parts])
                for name in ("record", "event_type", "confidence", "channels")
            },
            recordings=recordings,
        )
