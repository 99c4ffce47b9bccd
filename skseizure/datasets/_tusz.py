"""The Temple University Hospital seizure corpus (TUSZ)."""

from __future__ import annotations

import os
import re
from collections.abc import Callable, Mapping, Sequence
from functools import partial
from pathlib import Path

from tqdm import tqdm

from skseizure.signals import Events, Recording, read_events

from ._corpus import (
    Loaded,
    check_option,
    choose,
    existing_folder,
    join_recordings,
    open_recording,
    read_recordings,
)


def load_tusz(
    path: str | os.PathLike[str],
    *,
    window: float = 4.0,
    step: float | None = None,
    subset: str | None = None,
    patients: Sequence[str] | None = None,
    montage: str | Sequence[str] | None = "double banana",
    on_missing: str = "raise",
    sfreq: float = 250.0,
    preprocess: Callable[[Recording], Recording] | None = None,
    types: Mapping[str, str] | None = None,
    min_overlap: float = 0.5,
    lazy: bool = False,
    return_events: bool = False,
    verbose: bool = False,
) -> Loaded:
    """Load the TUH EEG Seizure Corpus (TUSZ), version 2.

    Parameters
    ----------
    path : str or path-like
        Folder that holds ``edf/{train,dev,eval}/PATIENT/SESSION/MONTAGE/PATIENT_sNNN_tNNN.edf``,
        each with its annotations as ``.csv_bi`` (taken first) or ``.csv``; or any folder of it.
    window : float, default=4.0
        Length of a window in seconds; 4 s at 250 Hz as in the meta-sampler paper.
    step : float, default=None
        Seconds from one window to the next. None: ``window``.
    subset : {"train", "dev", "eval"}, default=None
        Part of the corpus. None: all of ``path``.
    patients : sequence of str, default=None
        Patients to load, for example ``["aaaaaajy"]``. None: all.
    montage : str, sequence of str or None, default="double banana"
        Montage to bring every record to, see `to_bipolar`. None: channels as they are; they must be
        the same in all records.
    on_missing : {"raise", "skip"}, default="raise"
        What to do with a record that lacks a channel of the montage: raise, or leave it out and
        name it in a warning.
    sfreq : float, default=250.0
        Sampling rate in Hz that every record is brought to; the corpus mixes 250, 256, 400, 512 and
        1000 Hz.
    preprocess : callable, default=None
        Called with each whole `Recording` in its montage and at ``sfreq``, for example to filter;
        returns a `Recording`.
    types : mapping of str to str, default=None
        What the types of events in the tables mean, see :ref:`event_types`.
    min_overlap : float, default=0.5
        Share of a window that must be ictal for the window to be; see `Windows.labels`.
    lazy : bool, default=False
        Leave the signals in their files until windows are taken, so that a corpus larger than
        memory can be loaded; with ``preprocess``, each record is read once for its shape. See
        `Windows.from_edf`.
    return_events : bool, default=False
        Also return the seizures as events.
    verbose : bool, default=False
        Show progress.

    Returns
    -------
    X : Windows, shape (n_windows, n_channels, n_times)
        In microvolts, float32 (an hour of 18 channels takes 65 MB). ``record`` is the file's stem,
        ``patient`` its first part.
    y : ndarray of int, shape (n_windows,)
        1 for ictal windows, else 0.
    events : Events
        Only with ``return_events``.

    Raises
    ------
    FileNotFoundError
        If the folder, the subset, EDF files or their annotations are not there.
    ValueError
        If a patient or option is unknown, a file is not named as in the corpus, a record lacks a
        channel of the montage or is shorter than a window, a table is that of a recording of
        another length or holds labels that nobody knows, or records differ in channels.

    References
    ----------
    V. Shah et al., "The Temple University Hospital Seizure Detection Corpus", Front. Neuroinform.
    12:83, 2018.

    Examples
    --------
    >>> from skseizure.datasets import load_tusz
    >>> X, y = load_tusz("tuh_eeg_seizure/v2.0.3", subset="dev")  # doctest: +SKIP
    """
    folder = existing_folder(path)
    check_option("on_missing", on_missing, ("raise", "skip"))
    if subset is not None:
        folder = _subset_folder(folder, subset)
    files = sorted(folder.rglob("*.edf"))
    if not files:
        raise FileNotFoundError(
            f"no TUSZ record in {folder}; looked for files PATIENT_sNNN_tNNN.edf in it and below."
        )
    for file in files:
        if not re.fullmatch(r"[a-z0-9]+_s\d+_t\d+", file.stem):
            raise ValueError(f"{file} is not named as TUSZ names records, PATIENT_sNNN_tNNN.edf.")
    chosen = choose("patients", patients, map(_patient, files), folder)
    annotated = [(file, _annotations(file)) for file in files if _patient(file) in chosen]

    def opened(file: Path, table: Path) -> tuple[Recording, Events]:
        recording = open_recording(
            file, montage=montage, resample_to=sfreq, record=file.stem, patient=_patient(file)
        )
        return recording, read_events(table, types=types, duration=recording.duration)

    parts = (
        (file.stem, partial(opened, file, table))
        for file, table in tqdm(annotated, desc="TUSZ", unit="file", disable=not verbose)
    )
    return join_recordings(
        read_recordings(parts, on_missing, preprocess, lazy),
        window=window,
        step=step,
        min_overlap=min_overlap,
        return_events=return_events,
    )


def _subset_folder(folder: Path, subset: str) -> Path:
    check_option("subset", subset, ("train", "dev", "eval"))
    for place in (folder / "edf" / subset, folder / subset):
        if place.is_dir():
            return place
    raise FileNotFoundError(
        f"subset is {subset!r}, but {folder} holds neither edf/{subset} nor {subset}."
    )


def _patient(file: Path) -> str:
    return file.stem.split("_")[0]


def _annotations(file: Path) -> Path:
    for suffix in (".csv_bi", ".csv"):
        beside = file.with_suffix(suffix)
        if beside.is_file():
            return beside
    raise FileNotFoundError(
        f"neither {file.stem}.csv_bi nor {file.stem}.csv is in {file.parent}; "
        f"they hold the seizures of {file.name}."
    )
