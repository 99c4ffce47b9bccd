"""The Temple University Hospital seizure corpus (TUSZ)."""

from __future__ import annotations

import os
import re
from collections.abc import Callable, Mapping, Sequence
from functools import partial
from pathlib import Path
from typing import Any

from skseizure.signals import Events, Recording

from .._core.recording_files import walk_files
from ._corpus import Loaded, Part, choose, existing_folder, failing, load_parts
from ._options import Options, check_option, document_options

# Annotations of version 2, then those of version 1; of each what says it of the whole recording.
TABLES = (".csv_bi", ".csv", ".tse_bi", ".tse")


@document_options
def load_tusz(
    path: str | os.PathLike[str],
    *,
    subset: str | None = None,
    patients: Sequence[str] | None = None,
    window: float = 4.0,
    step: float | None = None,
    montage: str | Sequence[str] | None = "double banana",
    sfreq: float | None = 250.0,
    units: Any = None,
    types: Mapping[str, str] | None = None,
    preprocess: Callable[[Recording], Recording] | None = None,
    quality: bool | Sequence[str] = False,
    max_unjudged: float = 0.0,
    bad_channels: str = "raise",
    min_overlap: float = 0.5,
    on_error: str = "raise",
    lazy: bool = False,
    return_events: bool = False,
    verbose: bool = False,
    on_missing: str = "deprecated",
) -> Loaded:
    """Load the TUH EEG Seizure Corpus (TUSZ), version 1 or 2.

    Parameters
    ----------
    path : str or path-like
        Folder that holds ``edf/{train,dev,eval}/PATIENT/SESSION/MONTAGE/PATIENT_sNNN_tNNN.edf``,
        each with its annotations as ``.csv_bi``, ``.csv``, ``.tse_bi`` or ``.tse``, the first of
        these that is there; or any folder of it.
    subset : {"train", "dev", "eval"}, default=None
        Part of the corpus. None: all of ``path``.
    patients : sequence of str, default=None
        Patients to load, for example ``["aaaaaajy"]``. None: all.
    {options}

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

    Notes
    -----
    The corpus mixes 250, 256, 400, 512 and 1000 Hz.

    References
    ----------
    V. Shah et al., "The Temple University Hospital Seizure Detection Corpus", Front. Neuroinform.
    12:83, 2018.

    Examples
    --------
    >>> from skseizure.datasets import load_tusz
    >>> X, y = load_tusz("tuh_eeg_seizure/v2.0.3", subset="dev")  # doctest: +SKIP
    """
    options = Options.of(locals())
    folder = existing_folder(path)
    if subset is not None:
        folder = _subset_folder(folder, subset)
    walk = walk_files(folder)
    files = [file for file in walk.files if file.suffix.lower() == ".edf"]
    if not files:
        raise FileNotFoundError(
            f"no TUSZ record in {folder}; looked for files PATIENT_sNNN_tNNN.edf in it and below."
        )
    chosen = choose("patients", patients, map(_patient, files), folder)
    parts = [
        Part(file.stem, _patient(file), file, partial(_open, file, options))
        for file in files
        if _patient(file) in chosen
    ]
    parts += [failing(p.name, "", p, error) for p, error in walk.closed.items()]
    return load_parts(parts, options, folder=folder, name="TUSZ")


def _open(file: Path, options: Options) -> tuple[Recording, Events]:
    if not re.fullmatch(r"[a-z0-9]+_s\d+_t\d+", file.stem):
        raise ValueError(f"{file} is not named as TUSZ names records, PATIENT_sNNN_tNNN.edf.")
    table = _annotations(file)
    recording, _ = options.open(file, record=file.stem, patient=_patient(file))
    return recording, options.read_table(table, recording)


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
    for suffix in TABLES:
        beside = file.with_suffix(suffix)
        if beside.is_file():
            return beside
    raise FileNotFoundError(
        f"neither {file.stem}.csv_bi nor {file.stem}.csv is in {file.parent}, nor a .tse_bi or "
        f".tse of version 1; they hold the seizures of {file.name}."
    )
