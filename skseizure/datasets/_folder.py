"""Any folder of EDF files, each with its table of events beside it."""

from __future__ import annotations

import os
import re
from collections.abc import Callable, Mapping, Sequence
from functools import partial
from pathlib import Path

from tqdm import tqdm

from ..signals import Events, Recording, read_events
from ._corpus import (
    Loaded,
    check_option,
    existing_folder,
    join_recordings,
    open_recording,
    read_recordings,
)


def load_edf_folder(
    path: str | os.PathLike[str],
    *,
    window: float = 4.0,
    step: float | None = None,
    montage: str | Sequence[str] | None = "double banana",
    on_missing: str = "raise",
    sfreq: float | None = None,
    preprocess: Callable[[Recording], Recording] | None = None,
    types: Mapping[str, str] | None = None,
    min_overlap: float = 0.5,
    lazy: bool = False,
    return_events: bool = False,
    verbose: bool = False,
) -> Loaded:
    """Load a folder of EDF or BDF files with their events, your own or one in BIDS.

    Parameters
    ----------
    path : str or path-like
        Folder whose EDF or BDF files, at any depth, are records: ``PATIENT/.../NAME.edf``, or BIDS.
        The events of ``NAME.edf`` are in ``NAME_events.tsv``, ``NAME.tsv``, ``NAME.csv_bi`` or
        ``NAME.csv`` beside it, the first that is there; ``NAME_eeg.edf`` may also have
        ``NAME_events.tsv``, as in BIDS.
    window : float, default=4.0
        Length of a window in seconds.
    step : float, default=None
        Seconds from one window to the next. None: ``window``.
    montage : str, sequence of str or None, default="double banana"
        Montage to bring every record to, see `to_bipolar`. None: channels as they are; they must be
        the same in all records.
    on_missing : {"raise", "skip"}, default="raise"
        What to do with a record that cannot be brought to the montage: raise, or leave it out and
        name it in a warning.
    sfreq : float, default=None
        Sampling rate in Hz to bring every record to. None: as it is; it must be one in all records.
    preprocess : callable, default=None
        Called with each whole `Recording` in its montage, for example to filter; returns a
        `Recording`.
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
        In microvolts, float32. ``record`` is the file's path below ``path`` without its ending;
        ``patient`` the ``sub-NAME`` at the start of its name if there is one, else the first folder
        below ``path`` on the way to it; for a file in ``path`` itself the name of that folder.
    y : ndarray of int, shape (n_windows,)
        1 for ictal windows, else 0.
    events : Events
        Only with ``return_events``.

    Raises
    ------
    FileNotFoundError
        If the folder, its EDF files or the events of one are not there.
    ValueError
        If a file cannot be read, two files differ in their ending alone, a record lacks a channel
        of the montage or is shorter than a window, a table is that of a recording of another
        length or holds types that nobody knows, or records differ in channels or sampling rate.

    Examples
    --------
    >>> from skseizure.datasets import load_edf_folder
    >>> X, y = load_edf_folder("recordings", window=4, step=2)  # doctest: +SKIP
    """
    folder = existing_folder(path)
    check_option("on_missing", on_missing, ("raise", "skip"))
    files = sorted(p for p in folder.rglob("*") if p.suffix.lower() in (".edf", ".bdf"))
    if not files:
        raise FileNotFoundError(f"there is no EDF or BDF file in {folder}.")
    records: dict[str, Path] = {}
    for file in files:
        record = file.relative_to(folder).with_suffix("").as_posix()
        if record in records:
            raise ValueError(
                f"{records[record]} and {file} would be one record; names must differ in more than "
                "their ending."
            )
        records[record] = file
    tables = [_events_table(file) for file in files]

    def opened(record: str, file: Path, table: Path) -> tuple[Recording, Events]:
        patient = _patient(file, folder)
        recording = open_recording(
            file, montage=montage, record=record, patient=patient, resample_to=sfreq
        )
        events = read_events(
            table, record=record, patient=patient, types=types, duration=recording.duration
        )
        return recording, events

    parts = (
        (record, partial(opened, record, file, table))
        for (record, file), table in tqdm(
            zip(records.items(), tables, strict=True),
            desc="EDF",
            unit="file",
            total=len(files),
            disable=not verbose,
        )
    )
    return join_recordings(
        read_recordings(parts, on_missing, preprocess, lazy),
        window=window,
        step=step,
        min_overlap=min_overlap,
        return_events=return_events,
    )


def _events_table(file: Path) -> Path:
    stem = file.stem
    names = [f"{stem}_events.tsv", f"{stem}.tsv", f"{stem}.csv_bi", f"{stem}.csv"]
    if stem.endswith("_eeg"):
        names.insert(0, f"{stem.removesuffix('_eeg')}_events.tsv")
    for name in names:
        if (file.parent / name).exists():
            return file.parent / name
    raise FileNotFoundError(f"{file} has no table of events beside it: {', '.join(names)}.")


def _patient(file: Path, folder: Path) -> str:
    subject = re.match(r"sub-[A-Za-z0-9]+", file.name)
    if subject:
        return subject[0]
    *below, _ = file.relative_to(folder).parts
    return below[0] if below else folder.resolve().name
