"""Seizures as intervals on the time axis of their records."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from html import escape
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from ._event import Event, RecordInfo

SHOWN = 10  # events that a printed table holds


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
    >>> for event in events:
    ...     print(event.record, event.onset, event.event_type)
    a 10.0 sz
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
        """Whether at least 99 % of what can be judged of every record was observed.

        Otherwise parts of records are at hand, mostly cut out around seizures, and a rate of false
        alarms means nothing.
        """
        infos = self.recordings.values()
        return all((info.observed or 0.0) > 0.99 * info.judged for info in infos)

    def __len__(self) -> int:
        return len(self.onset)

    def __iter__(self) -> Iterator[Event]:
        """Iterate over the events, each an `Event`."""
        columns = (getattr(self, name).tolist() for name in Event._fields)
        return map(Event._make, zip(*columns, strict=True))

    def __getitem__(self, key: Any) -> Any:
        """Index events: an integer gives one `Event`, all else `Events` of the same records."""
        if isinstance(key, bool | np.bool_):
            raise IndexError(f"Events were indexed by {key}; an integer or a mask is needed.")
        if isinstance(key, slice) or np.ndim(key):
            key = key if isinstance(key, slice) else np.asarray(key)
            if not isinstance(key, slice) and key.size == 0:
                key = key.astype(np.intp)
            columns = {name: getattr(self, name)[key] for name in Event._fields}
            return Events(columns.pop("onset"), **columns, recordings=self.recordings)
        return Event._make(getattr(self, name)[key].item() for name in Event._fields)

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

    def __str__(self) -> str:
        rows = [Event._fields, *(_cells(event) for event in self[:SHOWN])]
        widths = [max(map(len, column)) for column in zip(*rows, strict=True)]
        lines = [
            "  ".join(cell.rjust(width) for cell, width in zip(row, widths, strict=True))
            for row in rows
        ]
        if len(self) > SHOWN:
            lines.append(f"... and {len(self) - SHOWN} more")
        return "\n".join([repr(self), *lines])

    def _repr_html_(self) -> str:
        head = "".join(f"<th>{name}</th>" for name in Event._fields)
        body = "".join(
            "<tr>" + "".join(f"<td>{escape(cell)}</td>" for cell in _cells(event)) + "</tr>"
            for event in self[:SHOWN]
        )
        more = f"<p>... and {len(self) - SHOWN} more</p>" if len(self) > SHOWN else ""
        table = f"<table><thead><tr>{head}</tr></thead><tbody>{body}</tbody></table>"
        return f"<p>{escape(repr(self))}</p>{table}{more}"

    @classmethod
    def from_frame(
        cls,
        frame: Any,
        *,
        recordings: Mapping[str, RecordInfo | float],
        columns: Mapping[str, str] | None = None,
        types: Mapping[str, str] | None = None,
        record: str = "0",
    ) -> Events:
        """Take events from a data frame, one a row.

        Parameters
        ----------
        frame : pandas.DataFrame, or anything that gives a column by its name
            With a column for the onset in seconds and one for the duration or the end.
        recordings : mapping of str to RecordInfo or float
            Every record that was looked at, with its length in seconds or its `RecordInfo`, also
            those without events.
        columns : mapping of str to str, default=None
            Which column holds what, by our names: ``onset``, ``duration`` or ``offset``,
            ``event_type``, ``record``, ``confidence``, ``channels``. What is not named is looked
            for under usual names, such as ``trial_type`` or ``stop_time``.
        types : mapping of str to str, default=None
            What your own types mean, see :ref:`event_types`.
        record : str, default="0"
            Record of all rows, if there is no column for it.

        Returns
        -------
        Events
            The seizures. Rows of background are left out, and time that cannot be judged goes to
            ``recordings``. Without a column for the type, every row is a seizure.

        Raises
        ------
        ValueError
            If a column is missing, nobody knows a type, or a row names a record that
            ``recordings`` does not list.

        Warns
        -----
        UserWarning
            If rows are left out because they are neither seizure nor background.

        Examples
        --------
        >>> import pandas as pd
        >>> from skseizure.signals import Events
        >>> table = pd.DataFrame({"file": ["n1", "n1"], "from": [12, 80], "to": [30, 95]})
        >>> table["what"] = ["focal seizure", "cough"]
        >>> events = Events.from_frame(
        ...     table,
        ...     columns={"onset": "from", "offset": "to", "event_type": "what"},
        ...     types={"cough": "bckg"},
        ...     recordings={"n1": 600.0},
        ... )
        >>> print(events)
        Events(1 events in 1 records, 0.17 h)
        record  onset  duration  event_type  confidence  channels
            n1  12.00     18.00          sz         n/a       all
        """
        from ._events_convert import from_frame

        return cls(
            **from_frame(frame, recordings=recordings, columns=columns, types=types, record=record)
        )

    def to_frame(self) -> Any:
        """Return the events as a data frame.

        Returns
        -------
        pandas.DataFrame
            With the columns ``record``, ``onset``, ``duration``, ``event_type``, ``confidence``
            and ``channels``. It does not hold `recordings`.
        """
        from ._events_convert import to_frame

        return to_frame(self)

    @classmethod
    def from_annotations(
        cls,
        source: Any,
        *,
        duration: float | None = None,
        record: str | None = None,
        patient: str | None = None,
        types: Mapping[str, str] | None = None,
    ) -> Events:
        """Take the seizures of one record from MNE's annotations.

        Parameters
        ----------
        source : mne.Annotations or mne.io.BaseRaw
            Annotations, or a raw object that has some.
        duration : float, default=None
            Length of the record in seconds. If None, that of the raw object.
        record : str, default=None
            Name of the record. If None, the stem of the raw object's file, or ``"0"``.
        patient : str, default=None
            Name of the patient.
        types : mapping of str to str, default=None
            What the descriptions mean, see :ref:`event_types`. ``types={"*": "other"}`` takes what
            is known as a seizure and ignores all other descriptions.

        Returns
        -------
        Events
            The seizures, from the measurement's start. Two marks such as ``"seizure onset"`` and
            ``"seizure end"`` are one event. Spans that begin with ``BAD`` or ``EDGE`` are time that
            cannot be judged.

        Raises
        ------
        ValueError
            If nobody knows a description, a seizure has no length, or the length of the record is
            not known.
        """
        from ._events_convert import from_annotations

        return cls(
            **from_annotations(
                source, duration=duration, record=record, patient=patient, types=types
            )
        )

    def to_annotations(self, raw: Any = None) -> Any:
        """Return the events of one record as MNE's annotations; needs MNE.

        Parameters
        ----------
        raw : mne.io.BaseRaw, default=None
            Raw object that they are for: ``raw.set_annotations(events.to_annotations(raw))``.
            It is needed where the measurement has no date and was cropped, because MNE then counts
            from the first sample.

        Returns
        -------
        mne.Annotations
            Descriptions are the events' types; time that cannot be judged is ``"BAD unjudged"``.

        Raises
        ------
        ValueError
            If the events are of several records.
        """
        from ._events_convert import to_annotations

        return to_annotations(self, raw)

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
        self.info(record)
        mine = self.record == record
        return np.column_stack([self.onset[mine], self.offset[mine]])

    def info(self, record: str) -> RecordInfo:
        """Return what is known of a record.

        Parameters
        ----------
        record : str
            Name of a record in `recordings`.

        Returns
        -------
        RecordInfo
            Its length, the time that was looked at, its patient, its start.

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
        return self.recordings[record]

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


def _cells(event: Event) -> tuple[str, ...]:
    sure = "n/a" if np.isnan(event.confidence) else f"{event.confidence:g}"
    times = f"{event.onset:.2f}", f"{event.duration:.2f}"
    return event.record, *times, event.event_type, sure, event.channels
