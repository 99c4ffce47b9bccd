"""The two sides of a comparison: from labels to events, record by record, patient by patient."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray

from .._core.labels import check_labels, seizure_flags
from .._core.timeline import is_windows
from ..signals import Events, RecordInfo, Windows


def both_sides(
    reference: Any, hypothesis: Any, windows: Any, pos_label: Any
) -> tuple[Events, Events]:
    """Return both sides as events of the same records; see `event_scores`."""
    if windows is not None and not is_windows(windows):
        raise TypeError(f"windows is a {type(windows).__name__}; a Windows is needed.")
    sides = {"reference": reference, "hypothesis": hypothesis}
    if windows is not None and all(isinstance(side, Events) for side in sides.values()):
        raise ValueError("windows goes with labels, but reference and hypothesis are both Events.")
    labels = {
        name: _labels(name, side, windows)
        for name, side in sides.items()
        if not isinstance(side, Events)
    }
    if labels:
        flags = seizure_flags(pos_label, **labels)
        sides |= {name: windows.to_events(flag) for name, flag in zip(labels, flags, strict=True)}
    elif pos_label is not None:
        raise ValueError("pos_label goes with labels, but reference and hypothesis are Events.")
    first, second = sides["reference"], sides["hypothesis"]
    for one, other, lacks in ((first, second, "hypothesis"), (second, first, "reference")):
        missing = [record for record in one.recordings if record not in other.recordings]
        if missing:
            raise ValueError(
                f"{lacks} does not hold the record {missing[0]!r} ({len(missing)} such in all); "
                "both sides need the same records, see Events.select."
            )
    if not first.recordings:
        raise ValueError("reference and hypothesis hold 0 records; at least one is needed.")
    return first, second


def _labels(name: str, labels: Any, windows: Windows | None) -> NDArray:
    if windows is None:
        raise ValueError(
            f"{name} is a {type(labels).__name__} of labels, which knows neither record nor time; "
            "pass the Windows that it labels as windows=, or pass Events."
        )
    labels = np.asarray(labels)
    if labels.shape != (len(windows),):
        raise ValueError(
            f"{name} has shape {labels.shape}; one label for each of {len(windows)} windows "
            "is needed."
        )
    return check_labels(labels, name=name)


def intervals(
    reference: Events, hypothesis: Events, record: str
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Return both sides of one record as onsets and ends, cut at its borders."""
    end = reference.recordings[record].duration
    pair = {"reference": reference, "hypothesis": hypothesis}
    # Events keep durations: adding them up again must not decide a tie by its rounding error.
    times = {side: np.round(events.intervals(record), 9) for side, events in pair.items()}
    for side, onset_end in times.items():
        outside = (onset_end[:, 0] >= end) | (onset_end[:, 1] <= 0)
        if np.any(outside):
            low, high = onset_end[outside][0]
            raise ValueError(
                f"{side} has an event from {low:g} to {high:g} s in the record {record!r}, which "
                f"spans 0 to {end:g} s in the reference; both sides need the same time axis."
            )
    return np.clip(times["reference"], 0, end), np.clip(times["hypothesis"], 0, end)


def grouped(
    score: Callable[[list[str]], Any], reference: Events, hypothesis: Events, by: str | None
) -> Any:
    """Score all records together, or those of each record or patient."""
    if by is None:
        return score(list(reference.recordings))
    owners = {
        record: patient_of(info, hypothesis.recordings[record], record)
        for record, info in reference.recordings.items()
    }
    return {name: score(records) for name, records in group_records(owners, by).items()}


def group_records(patients: Mapping[str, str | None], by: Any) -> dict[str, list[str]]:
    """Return the records of each record or patient, in order of first appearance."""
    if not isinstance(by, str) or by not in ("record", "patient"):
        raise ValueError(f"by is {by!r}; None, 'record' or 'patient' is needed.")
    groups: dict[str, list[str]] = {}
    for record, patient in patients.items():
        if by == "patient" and patient is None:
            raise ValueError(
                f"by is 'patient', but the patient of record {record!r} is not known; "
                "give RecordInfo(..., patient=) or Windows(..., patient=)."
            )
        groups.setdefault(record if by == "record" else str(patient), []).append(record)
    return groups


def patient_of(reference: RecordInfo, hypothesis: RecordInfo, record: str) -> str | None:
    """Return the patient of a record as both sides know it, None if neither does."""
    names = {info.patient for info in (reference, hypothesis) if info.patient is not None}
    if len(names) > 1:
        raise ValueError(
            f"record {record!r} is of the patient {reference.patient!r} in the reference and "
            f"{hypothesis.patient!r} in the hypothesis."
        )
    return names.pop() if names else None
