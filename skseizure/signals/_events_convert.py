"""Events out of other tools' tables and annotations, and into them."""

from __future__ import annotations

import warnings
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import UTC
from pathlib import Path
from typing import Any

import numpy as np

from .._core.event_types import UNJUDGED, border, check_types, classify, is_seizure, refuse_unknown
from ._event import Event, RecordInfo

# Our columns, and what other tools call them; the first that is present is taken.
NAMES: dict[str, tuple[str, ...]] = {
    "onset": ("onset", "start", "start_time", "onset_s"),
    "duration": ("duration", "duration_s"),
    "offset": ("offset", "end", "stop", "end_time", "stop_time"),
    "event_type": ("event_type", "eventType", "trial_type", "label", "description", "type"),
    "record": ("record", "recording", "file", "filename", "filepath"),
    "confidence": ("confidence",),
    "channels": ("channels", "channel"),
}


@dataclass
class Sorted:
    """Rows of a table by what their types mean."""

    seizures: list[Event]
    unjudged: dict[str, list[tuple[float, float]]]
    left_out: dict[str, int]

    def info(self, record: str, info: RecordInfo) -> RecordInfo:
        """Return what is known of a record, with the time that cannot be judged."""
        return info.mark_unjudged(self.unjudged.get(record, ()))


def sort_rows(rows: Iterable[Event], types: Mapping[str, str] | None, where: str) -> Sorted:
    """Tell seizures from background and from time that cannot be judged.

    Parameters
    ----------
    rows : iterable of Event
        With their types as they are spelt.
    types : mapping of str to str, or None
        See `check_types`.
    where : str
        What an error names.

    Returns
    -------
    Sorted
        Seizures, with their types as codes; spans that cannot be judged by record; and how many
        rows of each other type were left out.

    Raises
    ------
    ValueError
        If nobody knows a type.
    """
    own = check_types(types)
    found = Sorted([], {}, {})
    unknown = []
    for row in rows:
        meaning = classify(row.event_type, own)
        if meaning is None:
            unknown.append(row.event_type)
        elif is_seizure(meaning):
            found.seizures.append(row._replace(event_type=meaning))
        elif meaning == UNJUDGED:
            span = (row.onset, row.onset + row.duration)
            found.unjudged.setdefault(row.record, []).append(span)
        if meaning in (UNJUDGED, "other"):
            found.left_out[row.event_type] = found.left_out.get(row.event_type, 0) + 1
    refuse_unknown(where, unknown)
    return found


def event_fields(rows: Iterable[Event], recordings: Mapping[str, RecordInfo]) -> dict[str, Any]:
    """Return rows as arguments of `Events`."""
    columns = list(zip(*rows, strict=True)) or [()] * len(Event._fields)
    record, onset, duration, kinds, sure, channels = columns
    return {
        "onset": onset,
        "duration": duration,
        "record": np.array(record, dtype=str),
        "event_type": np.array(kinds, dtype=str),
        "confidence": np.array(sure, dtype=float),
        "channels": np.array(channels, dtype=str),
        "recordings": recordings,
    }


# ---------------------------------------------------------------------- data frames


def from_frame(
    frame: Any,
    *,
    recordings: Mapping[str, RecordInfo | float],
    columns: Mapping[str, str] | None,
    types: Mapping[str, str] | None,
    record: str,
) -> dict[str, Any]:
    """Return the events of a data frame as arguments of `Events`; see `Events.from_frame`."""
    present = [str(name) for name in getattr(frame, "columns", frame)]
    chosen = choose_columns(present, columns, "frame")
    values = {name: np.asarray(frame[column]).tolist() for name, column in chosen.items()}
    missing = _missing(values.get("event_type", ()))
    if missing:
        raise ValueError(f"frame holds {missing} rows without a type; each needs one.")
    rows = []
    for cells in zip(*values.values(), strict=True):
        row = dict(zip(values, cells, strict=True))
        onset = _number("onset", row["onset"])
        rows.append(
            Event(
                record=str(row.get("record", record)),
                onset=onset,
                duration=_number("duration", row["duration"])
                if "duration" in row
                else _number("offset", row["offset"]) - onset,
                event_type=str(row.get("event_type", "sz")),
                confidence=_number("confidence", row.get("confidence"), np.nan),
                channels=_text(row.get("channels")),
            )
        )
    known = {
        str(name): info if isinstance(info, RecordInfo) else RecordInfo(float(info))
        for name, info in recordings.items()
    }
    found = sort_rows(rows, types, "frame")
    warn_left_out("frame", found.left_out)
    return event_fields(found.seizures, {name: found.info(name, i) for name, i in known.items()})


def choose_columns(
    present: list[str], columns: Mapping[str, str] | None, where: str
) -> dict[str, str]:
    """Return which column of a table holds what, by our names.

    Parameters
    ----------
    present : list of str
        Columns of the table.
    columns : mapping of str to str, or None
        The caller's choice, by our names.
    where : str
        What an error names.

    Returns
    -------
    dict of str to str
        ``onset``, ``duration`` or ``offset``, and what else there is.

    Raises
    ------
    ValueError
        If ``columns`` has a name that is not ours or names no column, or the time of events is not
        there.
    """
    columns = dict(columns or {})
    strange = [name for name in columns if name not in NAMES]
    if strange:
        raise ValueError(f"columns has the keys {strange}; known are {', '.join(NAMES)}.")
    absent = [column for column in columns.values() if column not in present]
    if absent:
        raise ValueError(
            f"columns names {', '.join(map(repr, absent))}; {where} has {', '.join(present)}."
        )
    chosen = dict(columns)
    for name, spellings in NAMES.items():
        other = {"duration": "offset", "offset": "duration"}.get(name)
        there = [spelling for spelling in spellings if spelling in present]
        if there and name not in chosen and other not in columns:
            chosen[name] = there[0]
    if "onset" not in chosen or not ({"duration", "offset"} & set(chosen)):
        raise ValueError(
            f"{where} has the columns {', '.join(present)}; an onset and a duration (or end) are "
            "needed. Name them, for example columns={'onset': 'begin', 'offset': 'finish'}."
        )
    return chosen


def _missing(values: Iterable[Any]) -> int:
    return sum(value is None or value != value for value in values)


def _number(name: str, value: Any, missing: float | None = None) -> float:
    if missing is not None and (value is None or value != value or value in ("", "n/a")):
        return missing
    try:
        number = float(value)
    except (TypeError, ValueError):
        number = np.nan
    if not np.isfinite(number):
        raise ValueError(f"{name} holds {value!r}; numbers are needed, times in seconds.")
    return number


def _text(value: Any) -> str:
    return "all" if value is None or value != value else str(value)


def to_frame(events: Any) -> Any:
    """Return events as a data frame; see `Events.to_frame`."""
    import pandas as pd

    return pd.DataFrame({name: getattr(events, name) for name in Event._fields})


# ---------------------------------------------------------------------- annotations of MNE


def from_annotations(
    source: Any,
    *,
    duration: float | None,
    record: str | None,
    patient: str | None,
    types: Mapping[str, str] | None,
) -> dict[str, Any]:
    """Return seizures among annotations as arguments of `Events`; see `Events.from_annotations`."""
    annotations, start = source, getattr(source, "orig_time", None)
    if hasattr(source, "annotations") and hasattr(source, "first_time"):  # a raw object
        annotations, start = source.annotations, source.info["meas_date"]
        file = next(iter(getattr(source, "filenames", ())), None)
        if record is None and file is not None:
            record = Path(file).stem
        if duration is None:
            duration = source.first_time + source.n_times / source.info["sfreq"]
    if not all(hasattr(annotations, name) for name in ("onset", "duration", "description")):
        raise TypeError(
            f"source is {type(source).__name__}; an mne.Annotations or mne.io.Raw is needed."
        )
    if duration is None:
        raise ValueError(
            "duration is None; annotations do not say how long the recording lasts. Pass it in "
            "seconds, or pass the raw object."
        )
    record = "0" if record is None else record
    channels = getattr(annotations, "ch_names", None)
    rows = [
        Event(record, float(onset), float(length), str(text), channels=",".join(names) or "all")
        for onset, length, text, names in zip(
            annotations.onset,
            annotations.duration,
            annotations.description,
            [()] * len(annotations.onset) if channels is None else channels,
            strict=True,
        )
    ]
    # MNE writes local time as if it were UTC.
    info = RecordInfo(duration, patient=patient, start=start and start.replace(tzinfo=None))
    found = sort_rows(join_borders(rows, "annotations"), types, "annotations")
    _refuse_instants(found.seizures, "annotations")
    return event_fields(found.seizures, {record: found.info(record, info)})


def annotation_rows(record: str, marks: Iterable[tuple[float, float, str]]) -> list[Event]:
    """Return annotations of a file, onset, length and text, as rows."""
    return [
        Event(record, float(onset), float(length), str(text))
        for onset, length, text in marks
        if str(text).strip()
    ]


def fields_of_annotations(
    rows: list[Event],
    *,
    record: str,
    info: RecordInfo,
    types: Mapping[str, str] | None,
    where: str,
) -> tuple[dict[str, Any], list[tuple[float, float]]]:
    """Return the seizures among the annotations of a file, which also hold notes of any kind.

    Parameters
    ----------
    rows : list of Event
        See `annotation_rows`.
    record : str
        Name of the record.
    info : RecordInfo
        What is known of it.
    types : mapping of str to str, or None
        See `check_types`.
    where : str
        What errors and warnings name.

    Returns
    -------
    fields : dict
        Arguments of `Events`. Time of annotations that nobody knows is unjudged.
    spans : list of (float, float)
        Time that is marked as bad.

    Raises
    ------
    ValueError
        If a seizure has no length.

    Warns
    -----
    UserWarning
        If nobody knows an annotation.
    """
    own = check_types(types)
    strange: dict[str, int] = {}
    for row in rows:
        if border(row.event_type) is None and classify(row.event_type, own) is None:
            strange[row.event_type] = strange.get(row.event_type, 0) + 1
    if strange:
        listed = ", ".join(f"{n} of {text!r}" for text, n in list(strange.items())[:8])
        listed += f" and {len(strange) - 8} more" if len(strange) > 8 else ""
        warnings.warn(
            f"{where}: nobody knows whether these annotations are seizures, and their time counts "
            f"as unjudged: {listed}. State it with types, for example types={{'*': 'other'}} to "
            "ignore them.",
            stacklevel=3,
        )
    known = [row for row in rows if row.event_type not in strange]
    found = sort_rows(join_borders(known, where), types, where)
    _refuse_instants(found.seizures, where)
    spans = [span for span in found.unjudged.get(record, []) if span[1] > span[0]]
    unknown = [(row.onset, row.onset + row.duration) for row in rows if row.event_type in strange]
    info = info.mark_unjudged([*spans, *(span for span in unknown if span[1] > span[0])])
    return event_fields(found.seizures, {record: info}), spans


def _refuse_instants(seizures: list[Event], where: str) -> None:
    instants = [row.onset for row in seizures if row.duration <= 0]
    if instants:
        raise ValueError(
            f"{where}: {len(instants)} seizures have no length, the first at "
            f"{instants[0]:g} s; give them one, or mark their ends as 'seizure end'."
        )


def join_borders(rows: Iterable[Event], where: str) -> list[Event]:
    """Turn marks of a start and an end, such as "Seizure onset", into one event each."""
    joined, begun = [], None
    for row in sorted(rows, key=lambda row: row.onset):
        side = border(row.event_type)
        if side is None or (side == "start" and row.duration > 0):
            joined.append(row if side is None else row._replace(event_type="sz"))
        elif side == "start" and begun is None:
            begun = row
        elif side == "end" and begun is not None:
            length = row.onset + row.duration - begun.onset
            joined.append(begun._replace(duration=length, event_type="sz"))
            begun = None
        else:
            what = "a second start" if side == "start" else "an end without a start"
            raise ValueError(f"{where}: {row.event_type!r} at {row.onset:g} s is {what}.")
    if begun is not None:
        raise ValueError(f"{where}: {begun.event_type!r} at {begun.onset:g} s has no end.")
    return joined


def to_annotations(events: Any, raw: Any) -> Any:
    """Return events as annotations; see `Events.to_annotations`."""
    import mne

    if len(events.recordings) != 1:
        raise ValueError(
            f"events holds {len(events.recordings)} records; annotations belong to one. "
            "Events.by_record() splits them."
        )
    (info,) = events.recordings.values()
    start, shift = info.start and info.start.replace(tzinfo=UTC), 0.0
    if raw is not None:
        # Without a date MNE counts the annotations that it is given from the first sample.
        start = raw.info["meas_date"]
        shift = 0.0 if start else raw.first_time
    spans = np.array(info.unjudged, dtype=float).reshape(-1, 2)
    if raw is not None:  # MNE warns of what lies outside of a cropped one
        first = raw.first_time
        spans = np.clip(spans, first, first + raw.n_times / raw.info["sfreq"])
        spans = spans[np.diff(spans, axis=1).ravel() > 0]
    return mne.Annotations(
        np.concatenate([events.onset, spans[:, 0]]) - shift,
        np.concatenate([events.duration, np.diff(spans, axis=1).ravel()]),
        [*events.event_type.tolist(), *["BAD unjudged"] * len(spans)],
        orig_time=start,
    )


def warn_left_out(where: str, left_out: Mapping[str, int], stacklevel: int = 4) -> None:
    """Warn of rows that are neither seizure nor background, by their types."""
    if left_out:
        counts = ", ".join(f"{n} of {kind!r}" for kind, n in left_out.items())
        warnings.warn(
            f"{where}: left out rows that are neither seizure nor bckg: {counts}.",
            stacklevel=stacklevel,
        )
