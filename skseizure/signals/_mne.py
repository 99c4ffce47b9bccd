"""Signals out of MNE objects, by what they can do: MNE itself is never imported here."""

from __future__ import annotations

import warnings
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np

from ._samples import warn_of_scale
from ._units import Units, microvolts

# Channel types that MNE keeps in volts.
VOLTAGES = frozenset({"eeg", "seeg", "ecog", "dbs", "eog", "ecg", "emg", "bio"})


def fields_from_raw(
    raw: Any,
    *,
    picks: Any,
    record: str | None = None,
    patient: str | None = None,
    reject_by_annotation: bool = True,
    bad_channels: str = "raise",
    units: Any = None,
) -> dict[str, Any]:
    """Return an MNE ``Raw`` object as arguments of `Recording`; see `Recording.from_raw`."""
    _check_kind("raw", raw, "mne.io.Raw", ("get_data", "first_time", "filenames"))
    picked = choose_channels(raw, picks, bad_channels)
    factors = microvolts_of(raw, picked.ch_names, Units(units, None))
    data = picked.get_data() * np.array(factors)[:, np.newaxis]
    if bad_channels == "nan":
        data[np.isin(picked.ch_names, raw.info["bads"])] = np.nan
    warn_of_scale(data, "raw", largest=set(factors) == {1e6})
    pieces, fields = describe_raw(raw, bad=reject_by_annotation, gaps=reject_by_annotation)
    if len(pieces) > 1 or pieces[0] != (0, data.shape[1]):
        data = np.concatenate([data[:, first:end] for first, end in pieces], axis=1)
    file = raw.filenames[0] if raw.filenames else None
    return {
        "data": data,
        "ch_names": picked.ch_names,
        "record": record if record is not None else "0" if file is None else Path(file).stem,
        "patient": patient,
        **fields,
    }


def choose_channels(raw: Any, picks: Any, bad_channels: str) -> Any:
    """Return a copy of a raw object with the picked channels, less those that are bad."""
    return _without_bads(_pick(raw.copy(), picks), bad_channels)


def microvolts_of(raw: Any, ch_names: Sequence[str], units: Units) -> tuple[float, ...]:
    """Return what turns each channel into microvolts; warn where MNE took an unknown unit for V."""
    original = getattr(raw, "_orig_units", None) or {}
    unknown = [name for name in ch_names if original.get(name) == "n/a"]
    strange = [name for name in units.named if name in ch_names and name not in unknown]
    absent = [name for name in units.named if name not in raw.ch_names]
    if strange or absent:
        raise ValueError(
            f"units names {', '.join(strange or absent)}, "
            + ("whose unit MNE reads from the file." if strange else "which are not there.")
        )
    factors, guessed = [], []
    for name in ch_names:
        unit = units.named.get(name, units.all) if name in unknown else None
        factors.append(1e6 if unit is None else microvolts(unit) or 1e6)
        if name in unknown and unit is None:
            guessed.append(name)
    if guessed:
        warnings.warn(
            f"MNE does not know the unit of {len(guessed)} of {len(ch_names)} channels "
            f"({', '.join(guessed[:4])}{', ...' if len(guessed) > 4 else ''}) and takes volts; "
            "units='uV' states another.",
            stacklevel=4,
        )
    return tuple(factors)


def describe_raw(
    raw: Any, *, bad: bool, gaps: bool
) -> tuple[list[tuple[int, int]], dict[str, Any]]:
    """Return what is known of a raw object beside its samples.

    Parameters
    ----------
    raw : mne.io.BaseRaw
        It is not changed.
    bad : bool
        Whether annotations that begin with ``BAD`` or ``EDGE`` mark time that cannot be judged.
    gaps : bool
        Whether a stretch ends where recordings were joined, and where none was made.

    Returns
    -------
    pieces : list of (int, int)
        First sample of each stretch, and the one after its last.
    fields : dict
        For `Recording`: ``sfreq``, ``start``, ``offset``, ``stretches`` and ``unjudged``.
    """
    sfreq, n_samples = float(raw.info["sfreq"]), len(raw.times)
    spans, breaks, missing = _marked(raw, n_samples, sfreq)
    pieces = _stretches(n_samples, breaks, missing) if gaps else [(0, n_samples)]
    if not pieces:
        raise ValueError("raw is marked BAD_ACQ_SKIP throughout; nothing of it was recorded.")
    start = raw.info["meas_date"]
    return pieces, {
        "sfreq": sfreq,
        # MNE writes local time as if it were UTC.
        "start": None if start is None else start.replace(tzinfo=None),
        "offset": float(raw.first_time),
        "stretches": tuple((first / sfreq, (end - first) / sfreq) for first, end in pieces),
        "unjudged": tuple(spans) if bad else (),
    }


def _without_bads(picked: Any, bad_channels: str) -> Any:
    options = ("raise", "interpolate", "nan", "drop", "keep")
    if bad_channels not in options:
        raise ValueError(f"bad_channels is {bad_channels!r}; {', '.join(options)} are possible.")
    bads = [name for name in picked.ch_names if name in picked.info["bads"]]
    if not bads or bad_channels in ("nan", "keep"):
        return picked
    if bad_channels == "raise":
        raise ValueError(
            f"raw.info['bads'] lists {', '.join(bads)} among the picked channels; choose "
            "bad_channels='interpolate', 'nan', 'drop' or 'keep', or picks without them."
        )
    if bad_channels == "interpolate":
        return picked.load_data().interpolate_bads(verbose="ERROR")
    if len(bads) == len(picked.ch_names):
        raise ValueError("raw.info['bads'] lists all picked channels; none is left.")
    return picked.drop_channels(bads)


def _marked(
    raw: Any, n_samples: int, sfreq: float
) -> tuple[list[tuple[float, float]], list[int], list[tuple[int, int]]]:
    """Return bad spans in seconds, and where signals join or are missing in samples."""
    spans, breaks, missing = [], [], []
    marks = raw.annotations
    for onset, length, text in zip(
        marks.onset - raw.first_time, marks.duration, marks.description, strict=True
    ):
        if not text.upper().startswith(("BAD", "EDGE")):
            continue
        first, end = (
            int(np.clip(round(at * sfreq), 0, n_samples)) for at in (onset, onset + length)
        )
        if text.upper().startswith("BAD_ACQ_SKIP"):
            missing.append((first, end))
        elif end > first:
            spans.append((first / sfreq, end / sfreq))
        if "BOUNDARY" in text.upper():
            breaks.append(first)
    return spans, breaks, missing


def _stretches(
    n_samples: int, breaks: list[int], missing: list[tuple[int, int]]
) -> list[tuple[int, int]]:
    """Return the first and last sample, plus one, of each piece between breaks and gaps."""
    there = np.ones(n_samples, dtype=bool)
    for first, end in missing:
        there[first:end] = False
    edges = np.unique([0, n_samples, *breaks, *np.flatnonzero(np.diff(there)) + 1])
    pairs = zip(edges[:-1].tolist(), edges[1:].tolist(), strict=True)
    return [(first, end) for first, end in pairs if there[first]]


def fields_from_epochs(epochs: Any, *, picks: Any) -> dict[str, Any]:
    """Return what `Windows` needs of an MNE ``Epochs`` object, in microvolts.

    Parameters
    ----------
    epochs : mne.BaseEpochs
        Epochs in volts; they are not changed. Those that MNE would drop are left out.
    picks : anything that MNE takes as picks
        Channels to take, bad ones included.

    Returns
    -------
    dict
        ``data`` of shape (n_epochs, n_channels, n_times), ``sfreq``, ``onset`` (sample number of
        the event over the sampling rate of the raw data, plus ``tmin``), ``step`` (smallest
        distance of two onsets, None for a single epoch) and ``ch_names``.

    Raises
    ------
    TypeError
        If ``epochs`` is no such object.
    ValueError
        If no channel fits ``picks``, one that does holds no voltage, or no epoch is left.
    """
    _check_kind("epochs", epochs, "mne.Epochs", ("load_data", "events", "tmin"))
    # Channels can be picked only once epochs are loaded, which drops the bad ones among them.
    loaded = epochs.copy().load_data()
    if len(loaded.events) == 0:
        raise ValueError("epochs holds no epoch that is not dropped; at least one is needed.")
    picked = _pick(loaded, picks)
    # Resampled or decimated epochs keep the sample numbers of the raw data.
    sfreq = getattr(picked, "_raw_sfreq", None) or picked.info["sfreq"]
    onset = picked.events[:, 0] / sfreq + picked.tmin
    apart = np.diff(np.unique(onset))
    return {
        "data": picked.get_data() * 1e6,
        "sfreq": picked.info["sfreq"],
        "onset": onset,
        "step": float(apart.min()) if len(apart) else None,
        "ch_names": picked.ch_names,
    }


def _check_kind(argument: str, source: Any, kind: str, needed: tuple[str, ...]) -> None:
    if not all(hasattr(source, name) for name in ("copy", "pick", "info", *needed)):
        raise TypeError(f"{argument} is a {type(source).__name__}; an {kind} object is needed.")


def _pick(source: Any, picks: Any) -> Any:
    """Keep the channels picked, or say what is wrong with ``picks``."""
    present = list(source.ch_names)
    try:
        source.pick(picks)
    except (ValueError, TypeError, IndexError) as error:
        raise ValueError(
            f"picks is {picks!r}, which fits no channels ({error}); "
            f"present are {', '.join(present)}."
        ) from error
    others = [
        f"{name!r} ({kind})"
        for name, kind in zip(source.ch_names, source.get_channel_types(), strict=True)
        if kind not in VOLTAGES
    ]
    if others:
        raise ValueError(
            f"picks is {picks!r}, which takes {', '.join(others)}; channels of voltage are "
            f"needed, of type {', '.join(sorted(VOLTAGES))}."
        )
    return source
