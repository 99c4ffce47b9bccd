"""The SWEC-ETHZ intracranial EEG, short-term and long-term."""

from __future__ import annotations

import os
import re
from collections.abc import Callable, Sequence
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
import scipy.io
from numpy.typing import NDArray

from skseizure.signals import Events, Recording

from ._corpus import Loaded, Part, choose, existing_folder, load_parts
from ._options import Options, document_options

MARGIN = 180.0  # seconds before the onset and after the end of a short-term record's seizure
HOUR = 3600.0


@document_options
def load_swec_ethz(
    path: str | os.PathLike[str],
    *,
    patients: Sequence[str] | None = None,
    sfreq: float | None = None,
    window: float = 5.0,
    step: float | None = None,
    preprocess: Callable[[Recording], Recording] | None = None,
    quality: bool | Sequence[str] = False,
    max_unjudged: float = 0.0,
    bad_channels: str = "raise",
    min_overlap: float = 0.5,
    on_error: str = "raise",
    return_events: bool = False,
    verbose: bool = False,
) -> Loaded:
    """Load the SWEC-ETHZ intracranial EEG, the short-term or the long-term data set.

    Parameters
    ----------
    path : str or path-like
        Folder of the data set, or of one patient. Short-term: ``ID1/Sz1.mat`` ..., each a seizure
        with the three minutes before and after it, as ``EEG`` (n_samples, n_channels). Long-term:
        ``ID01/ID01_1h.mat`` ..., each an hour as ``EEG`` (n_channels, n_samples), with ``fs``,
        ``seizure_begin`` and ``seizure_end`` in ``ID01/ID01_info.mat``.
    patients : sequence of str, default=None
        Patients to load by the name of their folder, for example ``["ID1"]``. None: all. Patients
        differ in their number of electrodes and cannot stand in one array; take one at a time, or
        a ``preprocess`` that brings them to the same channels.
    sfreq : float, default=None
        Sampling rate in Hz of files that hold no ``fs``; the short-term data are at 512 Hz.
    {options}

    Returns
    -------
    X : Windows, shape (n_windows, n_channels, n_times)
        In microvolts, float32; channels are named ``"ch0"``, ``"ch1"``, ... as none are published.
        A record is a file: ``"ID1_Sz1"`` or ``"ID01_1h"``.
    y : ndarray of int, shape (n_windows,)
        1 for ictal windows, else 0.
    events : Events
        Only with ``return_events``. A long-term seizure that runs over the hour is cut there.

    Raises
    ------
    FileNotFoundError
        If the folder, records or an info file are not there.
    ValueError
        If a patient is unknown, patients differ in channels, a file is not a readable .mat file of
        version 7 or less, lacks a variable, or a record is too short to hold a seizure.

    References
    ----------
    .. [1] A. Burrello et al., "Hyperdimensional computing with local binary patterns: one-shot
       learning of seizure onset and identification of ictogenic brain regions using short-time
       iEEG recordings", IEEE Trans. Biomed. Eng. 67(2), 2020; long-term: A. Burrello et al.,
       "Laelaps: an energy-efficient seizure detection algorithm from long-term human iEEG
       recordings without false alarms", DATE 2019.
    .. [2] M. Liu et al., "Combining meta and ensemble learning to classify EEG for seizure
       detection", Scientific Reports 15:10755, 2025: windows of 5 s at 512 Hz without overlap.

    Examples
    --------
    >>> from skseizure.datasets import load_swec_ethz
    >>> X, y = load_swec_ethz("SWEC-ETHZ", patients=["ID1"])  # doctest: +SKIP
    """
    options = Options.of(locals())
    folder = existing_folder(path)
    files = _records(folder)
    chosen = choose("patients", patients, files, folder)
    parts = [
        Part(_record(file), patient, file, partial(_read, file, sfreq))
        for patient in files
        if patient in chosen
        for file in files[patient]
    ]
    return load_parts(parts, options, folder=folder, name="SWEC-ETHZ")


def _record(file: Path) -> str:
    return f"{file.parent.name}_{file.stem}" if file.stem.startswith("Sz") else file.stem


def _records(folder: Path) -> dict[str, list[Path]]:
    """List the record files of each patient, both in order of number."""
    found: dict[str, list[tuple[int, Path]]] = {}
    for place in (folder, *folder.iterdir()):
        for file in place.glob("*.mat"):
            name = re.fullmatch(r"Sz(\d+)|ID\d+_(\d+)h", file.stem)
            if name and re.fullmatch(r"ID\d+", place.name):
                found.setdefault(place.name, []).append((int(name[1] or name[2]), file))
    if not found:
        raise FileNotFoundError(
            f"no record in {folder}; looked for ID1/Sz1.mat (short-term) and ID01/ID01_1h.mat "
            "(long-term), in it and one folder below."
        )
    return {
        patient: [file for _, file in sorted(found[patient])]
        for patient in sorted(found, key=lambda name: int(name[2:]))
    }


def _read(file: Path, sfreq: float | None) -> tuple[Recording, Events]:
    content = _load(file)
    if (
        "EEG" not in content
        or np.ndim(content["EEG"]) != 2
        or np.asarray(content["EEG"]).dtype.kind not in "iuf"
    ):
        raise ValueError(f"{file} holds no matrix 'EEG' of numbers; found {_variables(content)}.")
    patient = file.parent.name
    hour = re.fullmatch(r".*_(\d+)h", file.stem)
    if hour is None:
        signal, fs = content["EEG"].T, _rate(file, content, sfreq)
        duration = signal.shape[1] / fs
        begin, end = np.array([MARGIN]), np.array([duration - MARGIN])
        if duration <= 2 * MARGIN:
            raise ValueError(
                f"{file} lasts {duration:g} s as 'EEG' (n_samples, n_channels); a record holds 180 "
                "s before its seizure and 180 s after, so more than 360 s are needed."
            )
    else:
        info_file = file.with_name(f"{patient}_info.mat")
        if not info_file.is_file():
            raise FileNotFoundError(f"{info_file} is not there; it holds fs and the seizures.")
        info = _load(info_file)
        signal, fs = content["EEG"], _rate(info_file, info, sfreq)
        if "seizure_begin" not in info or "seizure_end" not in info:
            raise ValueError(
                f"{info_file} needs 'seizure_begin' and 'seizure_end'; found {_variables(info)}."
            )
        start = (int(hour[1]) - 1) * HOUR
        duration = signal.shape[1] / fs
        begin, end = (_numbers(info_file, info, f"seizure_{side}") for side in ("begin", "end"))
        if len(begin) != len(end):
            raise ValueError(f"{info_file} holds {len(begin)} beginnings and {len(end)} ends.")
        begin, end = (np.clip(times - start, 0, duration) for times in (begin, end))
        begin, end = begin[end > begin], end[end > begin]
    with np.errstate(over="ignore"):
        data = np.ascontiguousarray(signal, dtype=np.float32)
    if np.isinf(data).any():
        raise ValueError(f"{file} holds values beyond {np.finfo(np.float32).max:.1g} in 'EEG'.")
    record = _record(file)
    recording = Recording(
        data,
        fs,
        [f"ch{i}" for i in range(len(signal))],
        record=record,
        patient=patient,
    )
    return recording, Events(begin, end - begin, record=record, recordings={record: duration})


def _load(file: Path) -> dict[str, Any]:
    try:
        return scipy.io.loadmat(file)
    except NotImplementedError as error:
        raise ValueError(
            f"{file} is a MATLAB 7.3 file (HDF5), which is not read; "
            "save it again in MATLAB with save(..., '-v7')."
        ) from error
    except Exception as error:  # loadmat raises a different type for each way a file is broken
        raise ValueError(f"{file} cannot be read as a .mat file: {error}") from error


def _rate(file: Path, content: dict[str, Any], sfreq: float | None) -> float:
    if "fs" in content:
        rate = _numbers(file, content, "fs")
        if len(rate) != 1 or rate[0] <= 0:
            raise ValueError(f"{file} holds 'fs' = {rate.tolist()}; one rate above 0 is needed.")
        return float(rate[0])
    if sfreq is None:
        raise ValueError(
            f"{file} holds no 'fs'; found {_variables(content)}. Pass sfreq "
            "(the short-term data are published at 512 Hz)."
        )
    return float(sfreq)


def _numbers(file: Path, content: dict[str, Any], name: str) -> NDArray[np.float64]:
    values = np.ravel(content[name])
    if values.dtype.kind not in "iuf" or not np.isfinite(values).all():
        raise ValueError(f"{file} holds {name!r} = {values.tolist()}; finite numbers are needed.")
    return values.astype(np.float64)


def _variables(content: dict[str, Any]) -> str:
    return ", ".join(name for name in content if not name.startswith("__")) or "nothing"
