"""The CHB-MIT scalp EEG: full records, or stretches cut out of them."""

from __future__ import annotations

import os
import re
import warnings
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any

from skseizure.signals import Events, Recording, read_chbmit_summary, read_edf, read_events

from .._core.recording_files import walk_files
from ._corpus import FAULTS, LeftOut, Loaded, Part, choose, existing_folder, failing, load_parts
from ._options import Options, check_option, document_options

# Two cases of one child, 1.5 years apart: on different sides of a split they would leak.
SAME_PERSON = {"chb21": "chb01"}
LISTED = re.compile(r"File Name\s*:\s*(\S+)\.edf", re.IGNORECASE)


@document_options
def load_chbmit(
    path: str | os.PathLike[str],
    *,
    patients: Sequence[str] | None = None,
    records: str = "all",
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
    """Load the CHB-MIT scalp EEG.

    Parameters
    ----------
    path : str or path-like
        Folder of the corpus, or of one case. Its EDF files, at any depth, are full records
        ``chbNN_RR.edf`` with ``chbNN-summary.txt`` beside them, or stretches
        ``chbNN_RR_tSSSSS.edf``, which start SSSSS seconds into record ``chbNN_RR``, each with its
        ``chbNN_RR_tSSSSS_events.tsv``.
    patients : sequence of str, default=None
        Cases to load, for example ``["chb01", "chb03"]``. If None, all.
    records : {"all", "seizure"}, default="all"
        Load all records, or only those with a seizure.
    {options}

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
        If a case or option is unknown, a record lacks a channel of the montage or is shorter than a
        window, its seizures cannot be read, or records differ in channels.

    Warns
    -----
    UserWarning
        If records are left out: those that ``on_error="skip"`` skips, and always those that no
        summary lists, such as ten of chb24, since nobody knows their seizures.

    Notes
    -----
    Three records of chb12 are referential (chb12_27 against CS2; chb12_28 and chb12_29, which write
    01 for O1). The montage is derived from them, too; ``montage=None`` needs others left out.

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
    options = Options.of(locals())
    folder = existing_folder(path)
    check_option("records", records, ("all", "seizure"))
    walk = walk_files(folder)
    files = [p for p in walk.files if re.fullmatch(r"chb\d\d.*\.edf", p.name, re.IGNORECASE)]
    if not files:
        raise FileNotFoundError(
            f"no CHB-MIT record in {folder}; looked for files chbNN_RR.edf or chbNN_RR_tSSSSS.edf "
            "in it and below."
        )
    cases = choose("patients", patients, map(_case, files), folder)
    listed: dict[Path, set[str]] = {}
    found = [_File.named(p, listed) for p in files if _case(p) in cases]
    if records == "seizure":
        ictal = {file.record for file in found if file.may_be_ictal(options)}
        if not ictal:
            raise ValueError(f"records='seizure', but no record in {folder} has a seizure.")
        found = [file for file in found if file.record in ictal or not file.listed]
    parts = [file.part(options) for file in found]
    parts += [failing(p.name, "", p, error) for p, error in walk.closed.items()]
    return load_parts(parts, options, folder=folder, name="CHB-MIT")


def _case(file: Path) -> str:
    return file.name[:5].lower()


@dataclass(frozen=True)
class _File:
    path: Path
    record: str
    offset: float | None  # of a stretch
    table: Path
    listed: bool = True

    @classmethod
    def named(cls, path: Path, listed: dict[Path, set[str]]) -> _File:
        """Tell by its name what a file is; ``listed`` keeps what each summary lists."""
        stretch = re.fullmatch(r"(.+)_t(\d+)", path.stem)
        if stretch:
            table = path.with_name(f"{path.stem}_events.tsv")
            return cls(path, stretch[1], float(stretch[2]), table)
        table = path.with_name(f"{_case(path)}-summary.txt")
        if table.is_file() and table not in listed:
            text = table.read_text(encoding="utf-8", errors="replace")
            listed[table] = set(LISTED.findall(text))
        return cls(path, path.stem, None, table, path.stem in listed.get(table, {path.stem}))

    def events(self, length: float, options: Options) -> Events:
        """Return the seizures, from the file's first sample."""
        if self.offset is not None:
            return read_events(self.table, record=self.record, types=options.types, duration=length)
        # The summary of chb24 gives no times, so lengths come from the files.
        lengths = {self.record: length}
        return read_chbmit_summary(self.table, durations=lengths, records=lengths)

    def may_be_ictal(self, options: Options) -> bool:
        """Tell whether there is a seizure; True if that cannot be told before its turn comes."""
        if not self.listed:
            return False
        try:
            with warnings.catch_warnings():
                warnings.simplefilter("ignore")  # what is odd about it is said when it is read
                return len(self.events(read_edf(self.path, lazy=True).duration, options)) > 0
        except FAULTS:
            return True

    def open(self, options: Options) -> tuple[Recording, Events]:
        if not self.listed:
            raise LeftOut(f"{self.table.name} does not list it, so its seizures are not known")
        if not self.table.is_file():
            raise FileNotFoundError(
                f"{self.table} is not there; it holds the seizures of {self.path.name}."
            )
        recording, _ = options.open(
            self.path, record=self.record, patient=self.patient, offset=self.offset or 0.0
        )
        return recording, self.events(recording.duration, options)

    @property
    def patient(self) -> str:
        return SAME_PERSON.get(_case(self.path), _case(self.path))

    def part(self, options: Options) -> Part:
        return Part(self.record, self.patient, self.path, partial(self.open, options))
