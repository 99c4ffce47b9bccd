"""Any folder of recordings, each with its table of events beside it or one table for all."""

from __future__ import annotations

import os
import re
from collections.abc import Callable, Mapping, Sequence
from functools import partial
from pathlib import Path
from typing import Any

from .._core.recording_files import (
    events_table,
    find_recordings,
    stem_of,
    table_names,
    walk_files,
)
from ..signals import Events, Recording
from ._corpus import LeftOut, Loaded, Part, existing_folder, failing, load_parts
from ._one_table import EventsTable
from ._options import OUR_FORMATS, Options, document_options


@document_options
def load_edf_folder(
    path: str | os.PathLike[str],
    *,
    events: str | os.PathLike[str] | None = None,
    columns: Mapping[str, str] | None = None,
    patient: Callable[[Path], str] | str | None = None,
    window: float = 4.0,
    step: float | None = None,
    montage: str | Sequence[str] | None = "double banana",
    sfreq: float | None = None,
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
    """Load a folder of recordings with their events, your own or one in BIDS.

    Parameters
    ----------
    path : str or path-like
        Folder whose recordings, at any depth, are records: ``PATIENT/.../NAME.edf``, or BIDS. EDF,
        BDF and all formats that `read_recording` reads. Hidden files, and ``derivatives`` and
        ``sourcedata`` of BIDS, are passed over; linked folders are followed.
    events : str or path-like, default=None
        One table of the events of all recordings: one column names the recording of each row, by
        its path below ``path`` or the end of it, with or without its ending. A recording without a
        row counts as free of seizures; a warning names it. If None, each recording has a table
        beside it, or marks seizures itself.
    columns : mapping of str to str, default=None
        Which column of the tables holds what, as in `read_events`: ``onset``, ``duration`` or
        ``offset``, ``event_type``, ``confidence``, ``channels``, and of ``events`` also ``record``.
    patient : callable or str, default=None
        Called with the path of each recording, returns the name of its patient; or the column of
        ``events`` that holds it. If None, the file's name or folder names the patient.
    {options}

    Returns
    -------
    X : Windows, shape (n_windows, n_channels, n_times)
        In microvolts, float32. ``record`` is the file's path below ``path`` without its ending;
        ``patient``, unless it is given, is the ``sub-NAME`` at the start of its name if there is
        one, else the first folder below ``path`` on the way to it; for a file in ``path`` itself
        the name of that folder. ``X.report_`` is a `LoadReport`.
    y : ndarray of int, shape (n_windows,)
        1 for ictal windows, else 0.
    events : Events
        Only with ``return_events``.

    Raises
    ------
    FileNotFoundError
        If the folder, its recordings or the events of one are not there.
    ValueError
        If a file cannot be read, two files differ in their ending alone, a record lacks a channel
        of the montage or is shorter than a window, a table is that of a recording of another
        length or holds types that nobody knows, or records differ in channels or sampling rate.

    Warns
    -----
    UserWarning
        If records are left out: those that ``on_error="skip"`` skips, and always files of other
        formats than EDF and BDF that cannot be opened.

    Notes
    -----
    The events of ``NAME.edf`` are in ``NAME_events.tsv``, ``NAME.tsv``, ``NAME.csv_bi``,
    ``NAME.csv``, ``NAME_events.edf`` or ``NAME_annotations.edf`` beside it, the first that is
    there; ``NAME_eeg.edf`` and ``NAME_ieeg.edf`` may also have ``NAME_events.tsv``, as in BIDS. If
    there is no table, they are the seizures among the annotations in the file, as in EDF+. A file
    without a table and without a marked seizure is refused: nobody says that it holds none.

    Files of BIDS that are no EEG (``_ecg``, ``_emg``, ``_mov``, ...) are not loaded, and are listed
    in ``X.report_.ignored``.

    With ``montage=None``, the two channels of SeizeIT2, which are named by the side of the head,
    are brought to the montage ``"seizeit2"`` if sides differ, with a warning.

    Examples
    --------
    >>> from skseizure.datasets import load_edf_folder
    >>> X, y = load_edf_folder("recordings", window=4, step=2)  # doctest: +SKIP
    >>> X.report_  # doctest: +SKIP
    LoadReport(used 41 of 41 records, 39.8 h, 7 seizures)
    """
    options = Options.of(locals())
    folder = existing_folder(path)
    walk = walk_files(folder)
    files, ignored = find_recordings([*walk.files, *walk.folders])
    if not files and not walk.closed:
        others = f"; {len(ignored)} files are no EEG" if ignored else ""
        raise FileNotFoundError(
            f"there is no EDF or BDF file in {folder}, nor one of another format of EEG{others}."
        )
    parts: dict[str, Part] = {}
    odd: list[Part] = []
    names = {file: stem_of(file.relative_to(folder).as_posix()) for file in files}
    column = patient if isinstance(patient, str) else None
    if column is not None and events is None:
        raise ValueError(f"patient is {patient!r}, a column, but events=... gives no table.")
    table = (
        None if events is None else EventsTable(events, columns, column, names.values(), stem_of)
    )
    # EDF and BDF first: of a record in two formats, the other one is left out.
    for file in sorted(files, key=lambda file: file.suffix.lower() not in OUR_FORMATS):
        record = names[file]
        try:
            if table is not None and column is not None:
                name = table.patient(record)
            else:
                name = str(patient(file)) if callable(patient) else patient_of(file, folder)
            if record in parts:
                raise _twice(parts[record].file, file)
        except ValueError as error:
            odd.append(failing(record, "", file, error))
            continue
        opener = partial(_open, file, record, name, options, columns, table)
        parts[record] = Part(record, name, file, opener)
    ordered = sorted([*parts.values(), *odd], key=lambda part: part.file)
    closed = [
        failing(p.relative_to(folder).as_posix(), "", p, error) for p, error in walk.closed.items()
    ]
    return load_parts([*ordered, *closed], options, folder=folder, name="EEG", ignored=ignored)


def _twice(first: Path, second: Path) -> ValueError:
    if second.suffix.lower() not in OUR_FORMATS:
        return LeftOut(f"{second.name} is the same record as {first.name}")
    return ValueError(
        f"{first} and {second} would be one record; names must differ in more than their ending."
    )


def _open(
    file: Path,
    record: str,
    patient: str,
    options: Options,
    columns: Mapping[str, str] | None,
    one: EventsTable | None,
) -> tuple[Recording, Events]:
    table = events_table(file) if one is None else one.path
    try:
        recording, events = options.open(
            file, record=record, patient=patient, annotated=table is None
        )
    except (ValueError, ImportError) as error:
        # A folder of EDF files may hold files of other formats that cannot be opened here.
        unreadable = isinstance(error, ImportError) or "MNE cannot read it" in str(error)
        if file.suffix.lower() in OUR_FORMATS or not unreadable:
            raise
        raise LeftOut(str(error)) from error
    own: dict[str, Any]
    if one is not None:
        where = one.where(record)
        own = {"format": "tsv", "columns": columns, "where": where}
        return recording, options.read_table(one.path, recording, **own)
    if table is not None:
        own = {} if table.suffix.lower() == ".edf" else {"columns": columns}
        return recording, options.read_table(table, recording, **own)
    if not events:
        raise FileNotFoundError(
            f"{file} has no table of events beside it: {', '.join(table_names(file))}; and none "
            "of its annotations marks a seizure. If it holds none, a table with one row of type "
            "'bckg' says so; events=... takes one table for all recordings."
        )
    return recording, events


def patient_of(file: Path, folder: Path) -> str:
    """Return the patient that a file's name or folder names."""
    subject = re.match(r"sub-[A-Za-z0-9]+", file.name)
    if subject:
        return subject[0]
    *below, _ = file.relative_to(folder).parts
    return below[0] if below else folder.resolve().name
