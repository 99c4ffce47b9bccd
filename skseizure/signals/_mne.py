"""Signals out of MNE objects, by what they can do: MNE itself is never imported here."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np

from ._recording import Recording

# Channel types that MNE keeps in volts.
VOLTAGES = frozenset({"eeg", "seeg", "ecog", "dbs", "eog", "ecg", "emg", "bio"})


def recording_from_raw(
    raw: Any, *, picks: Any, record: str | None = None, patient: str | None = None
) -> Recording:
    """Turn an MNE ``Raw`` object into a recording in microvolts.

    Parameters
    ----------
    raw : mne.io.BaseRaw
        Continuous recording in volts; it is not changed.
    picks : anything that MNE takes as picks
        Channels to take, bad ones included.
    record : str, default=None
        Name of the record. None: the stem of the raw object's file, or ``"0"``.
    patient : str, default=None
        Name of the patient.

    Returns
    -------
    Recording
        ``start`` is the measurement date, ``offset`` the object's ``first_time``, which a raw
        object cropped at its start remembers.

    Raises
    ------
    TypeError
        If ``raw`` is no such object.
    ValueError
        If no channel fits ``picks``, or one that does holds no voltage.
    """
    _check_kind("raw", raw, "mne.io.Raw", ("get_data", "first_time", "filenames"))
    picked = _pick(raw.copy(), picks)
    data = picked.get_data() * 1e6
    file = raw.filenames[0] if raw.filenames else None
    start = raw.info["meas_date"]
    return Recording(
        data,
        raw.info["sfreq"],
        picked.ch_names,
        record=record if record is not None else "0" if file is None else Path(file).stem,
        patient=patient,
        # MNE writes local time as if it were UTC.
        start=None if start is None else start.replace(tzinfo=None),
        offset=float(raw.first_time),
    )


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
