"""The CHB-MIT scalp EEG: full records, or stretches cut out of them."""

from __future__ import annotations

import os
import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path

from tqdm import tqdm

from skseizure.signals import (
    Events,
    Recording,
    read_chbmit_summary,
    read_events,
)

from ._corpus import (
    Loaded,
    check_option,
    choose,
    existing_folder,
    join_recordings,
    open_recording,
    read_recordings,
    seconds_of,
)

# Two cases of one child, 1.5 years apart: on different sides of a split they would leak.
SAME_PERSON = {"chb21": "chb01"}


def load_chbmit(
    path: str | os.PathLike[str],
    *,
    window: float = 4.0,
    step: float | None = None,
    patients: Sequence[str] | None = None,
    records: str = "all",
    montage: str | Sequence[str] | None = "double banana",
    on_missing: str = "raise",
    preprocess: Callable[[Recording], Recording] | None = None,
    types: Mapping[str, str] | None = None,
    min_overlap: float = 0.5,
    lazy: bool = False,
    return_events: bool = False,
    verbose: bool = False,
) -> Loaded:
    """Load the CHB-MIT scalp EEG.

    Parameters
    ----------
    path : str or path-like
        Folder of the corpus, or of one case. Its EDF files, at any depth, are full records
        ``chbNN_RR.edf`` with ``chbNN-summary.txt`` beside them, or stretches
        ``chbNN_RR_tSSSSS.edf``, which start SSSSS seconds into record ``chbNN_RR``, each with its
        ``chbNN_RR_tSSSSS_events.tsv``.
    window : float, default=4.0
        Length of a window in seconds.
    step : float, default=None
        Seconds from one window to the next. None: ``window``.
    patients : sequence of str, default=None
        Cases to load, for example ``["chb01", "chb03"]``. None: all.
    records : {"all", "seizure"}, default="all"
        Load all records, or only those with a seizure.
    montage : str, sequence of str or None, default="double banana"
        Montage to bring every record to, see `to_bipolar`. None: channels as they are; they must be
        the same in all records.
    on_missing : {"raise", "skip"}, default="raise"
        What to do with a record that cannot be brought to the montage, as some of chb12 that were
        taken in another one: raise, or leave it out and name it in a warning.
    preprocess : callable, default=None
        Called with each whole `Recording` in its montage, for example to filter; returns a
        `Recording`.
    types : mapping of str to str, default=None
        What the types of events in the tables of stretches mean, see :ref:`event_types`.
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
        In microvolts, float32 (an hour of 18 channels takes 66 MB). ``record`` is ``"chbNN_RR"``
        and ``onset`` counts from that record's start, also for stretches. ``patient`` is the case,
        but ``"chb01"`` for chb21, who is the same child 1.5 years later.
    y : ndarray of int, shape (n_windows,)
        1 for ictal windows, else 0.
    events : Events
        Only with ``return_events``. The time observed in a record is that of its files at hand.

    Raises
    ------
    FileNotFoundError
        If the folder, its EDF files or their annotations are not there.
    ValueError
        If a case or option is unknown, a summary does not list a record, a record lacks a channel
        of the montage or is shorter than a window, or records differ in channels.

    References
    ----------
    A. H. Shoeb, "Application of machine learning to epileptic seizure onset detection and
    treatment", PhD thesis, MIT, 2009; A. L. Goldberger et al., "PhysioBank, PhysioToolkit, and
    PhysioNet", Circulation 101(23), e215-e220, 2000.

    Examples
    --------
    >>> from skseizure.datasets import load_chbmit
    >>> X, y = load_chbmit("chbmit", patients=["chb01"], records="seizure")  # doctest: +SKIP
    """
    folder = existing_folder(path)
    check_option("records", records, ("all", "seizure"))
    check_option("on_missing", on_missing, ("raise", "skip"))
    files = _annotated_files(folder, patients, types)
    if records == "seizure":
        ictal = {file.record for file in files if len(file.events)}
        files = [file for file in files if file.record in ictal]
        if not files:
            raise ValueError(f"records='seizure', but no record in {folder} has a seizure.")
    parts = (
        (file.record, partial(_open, file, montage))
        for file in tqdm(files, desc="CHB-MIT", unit="file", disable=not verbose)
    )
    return join_recordings(
        read_recordings(parts, on_missing, preprocess, lazy),
        window=window,
        step=step,
        min_overlap=min_overlap,
        return_events=return_events,
    )


@dataclass(frozen=True)
class _File:
    path: Path
    record: str
    offset: float
    events: Events  # from the file's first sample

    @property
    def case(self) -> str:
        return self.record[:5]


def _annotated_files(
    folder: Path, patients: Sequence[str] | None, types: Mapping[str, str] | None
) -> list[_File]:
    paths = sorted(folder.rglob("chb[0-9][0-9]*.edf"))
    if not paths:
        raise FileNotFoundError(
            f"no CHB-MIT record in {folder}; looked for files chbNN_RR.edf or chbNN_RR_tSSSSS.edf "
            "in it and below."
        )
    cases = choose("patients", patients, (path.name[:5] for path in paths), folder)
    return list(_annotate([path for path in paths if path.name[:5] in cases], types))


def _annotate(paths: Sequence[Path], types: Mapping[str, str] | None) -> Iterator[_File]:
    summaries: dict[Path, Events] = {}
    for path in paths:
        stretch = re.fullmatch(r"(.+)_t(\d+)", path.stem)
        beside = path.with_name(
            f"{path.stem}_events.tsv" if stretch else f"{path.name[:5]}-summary.txt"
        )
        if not beside.is_file():
            raise FileNotFoundError(f"{beside} is not there; it holds the seizures of {path.name}.")
        if stretch:
            length = seconds_of(path)
            events = read_events(beside, types=types, duration=length)
            yield _File(path, stretch[1], float(stretch[2]), events)
            continue
        if beside not in summaries:
            # The summary of chb24 gives no times, so lengths come from the files.
            lengths = {
                other.stem: seconds_of(other) for other in paths if other.parent == path.parent
            }
            summaries[beside] = read_chbmit_summary(beside, durations=lengths, records=lengths)
        if path.stem not in summaries[beside].recordings:
            raise ValueError(f"{beside} does not list {path.name}; its seizures are not known.")
        yield _File(path, path.stem, 0.0, summaries[beside].select([path.stem]))


def _open(file: _File, montage: str | Sequence[str] | None) -> tuple[Recording, Events]:
    patient = SAME_PERSON.get(file.case, file.case)
    recording = open_recording(
        file.path, montage=montage, offset=file.offset, record=file.record, patient=patient
    )
    return recording, file.events
