"""BIDS datasets of EEG and intracranial EEG."""

from __future__ import annotations

import csv
import os
import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path
from typing import Any

from .._core.recording_files import find_recordings, stem_of, walk_files
from ..signals import Events, MissingChannelsError, Recording, mark_quality, to_bipolar
from ._corpus import Loaded, Part, choose, existing_folder, failing, load_parts
from ._options import OUR_FORMATS, Options, check_option, document_options

# What BIDS calls the channels of each type of data.
CHANNELS: dict[str, tuple[str, ...]] = {
    "eeg": ("EEG",),
    "ieeg": ("SEEG", "ECOG", "DBS"),
}
NAME = re.compile(r"(sub-[^_]+)((?:_[A-Za-z]+-[^_]+)*)_([A-Za-z]+)")


@document_options
def load_bids(
    path: str | os.PathLike[str],
    *,
    datatype: str = "eeg",
    patients: Sequence[str] | None = None,
    sessions: Sequence[str] | None = None,
    tasks: Sequence[str] | None = None,
    runs: Sequence[str] | None = None,
    unannotated: str = "refuse",
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
) -> Loaded:
    """Load a BIDS dataset of EEG or intracranial EEG.

    Parameters
    ----------
    path : str or path-like
        Folder of the dataset, which holds the folders ``sub-NAME``, or one of these. It may be
        written by epilepsy2bids or mne-bids, or be SeizeIT2 as published. ``derivatives`` and
        ``sourcedata`` are passed over.
    datatype : {"eeg", "ieeg"}, default="eeg"
        Type of recordings to load.
    patients : sequence of str, default=None
        Subjects to load, with or without ``sub-``. If None, all.
    sessions, tasks, runs : sequence of str, default=None
        Sessions, tasks and runs to load, by their labels, such as ``["szMonitoring"]``. If None,
        all.
    unannotated : {"refuse", "background"}, default="refuse"
        What a recording without ``_events.tsv`` is: BIDS does not require one, so either nobody
        looked for seizures, or nobody found any. ``"refuse"`` treats it as ``on_error`` says;
        ``"background"`` takes it as free of seizures.
    {options}

    Returns
    -------
    X : Windows, shape (n_windows, n_channels, n_times)
        In microvolts, float32. ``record`` is the name of the file without its type, such as
        ``sub-01_ses-01_task-szMonitoring_run-00``; ``patient`` is ``sub-01``. ``X.report_`` is a
        `LoadReport`; files of other types, such as ``ecg``, are listed in its ``ignored``.
    y : ndarray of int, shape (n_windows,)
        1 for ictal windows, else 0.
    events : Events
        Only with ``return_events``.

    Raises
    ------
    FileNotFoundError
        If the folder or its recordings are not there, or one has no table of events.
    ValueError
        If a subject or another label is not there, a file cannot be read, a channel that is needed
        is marked as bad, a record lacks a channel of the montage, a table holds types that nobody
        knows, or records differ in channels or sampling rate.

    Warns
    -----
    UserWarning
        If ``on_error="skip"`` leaves records out.

    See Also
    --------
    load_edf_folder : Loads folders in any layout.

    Notes
    -----
    The events are in ``_events.tsv`` beside the recording, or in one further up that it inherits:
    the closest whose entities (``task-...``) are all among its own. A table without rows says that
    there is no seizure, as in SzCORE [1]_.

    ``_channels.tsv`` tells which channels are EEG (of ``datatype="ieeg"``: SEEG, ECoG and DBS) if
    ``montage`` is None, the unit of channels of EDF files that state none, and which channels are
    bad. Bad channels that the montage does not need make no difference; see ``bad_channels`` for
    the others. EDF and BDF are read without MNE, other formats with it. A bipolar montage of
    intracranial electrodes can be given as derivations; None keeps the contacts as they are.

    SeizeIT2 has one channel behind the left or the right ear, and one across. ``montage=
    "seizeit2"`` gives these two the same names in all records.

    References
    ----------
    .. [1] J. Dan et al., "SzCORE: seizure community open-source research evaluation framework for
       the validation of electroencephalography-based automated seizure detection algorithms",
       Epilepsia 66 (2025) 14-24.

    Examples
    --------
    >>> from skseizure.datasets import load_bids
    >>> X, y = load_bids("ds005873", montage="seizeit2", lazy=True)  # doctest: +SKIP
    """
    options = Options.of(locals())
    folder = existing_folder(path)
    check_option("datatype", datatype, tuple(CHANNELS))
    check_option("unannotated", unannotated, ("refuse", "background"))
    walk = walk_files(folder)
    named = [file for file in (*walk.files, *walk.folders) if NAME.fullmatch(stem_of(file.name))]
    files, ignored = find_recordings(named)
    found: list[_File] = []
    for path in files:
        file = _File.named(path)
        if file.suffix == datatype:
            found.append(file)
        else:
            ignored[path] = file.suffix
    if not found and not walk.closed:
        others = f" It holds {len(ignored)} of other types." if ignored else ""
        raise FileNotFoundError(
            f"no recording of BIDS in {folder}; looked for files sub-NAME_..._{datatype}.edf, or "
            f"of another format of EEG, in it and below.{others}"
        )
    for name, key, wanted in (
        ("patients", "sub", patients),
        ("sessions", "ses", sessions),
        ("tasks", "task", tasks),
        ("runs", "run", runs),
    ):
        found = _select(found, name, key, wanted, folder)
    side_cars = [file for file in walk.files if file.suffix == ".tsv"]
    tables = {kind: _Inherited(side_cars, kind) for kind in ("events", "channels")}
    parts: list[Part] = []
    twice: dict[str, Path] = {}
    for file in found:
        if file.record in twice:
            problem = f"{twice[file.record]} and {file.path} are one recording in two formats."
            parts.append(failing(file.record, file.patient, file.path, ValueError(problem)))
            continue
        twice[file.record] = file.path
        opener = partial(_open, file, datatype, tables, unannotated, options)
        parts.append(Part(file.record, file.patient, file.path, opener))
    parts += [failing(p.name, "", p, error) for p, error in walk.closed.items()]
    return load_parts(parts, options, folder=folder, name="BIDS", ignored=ignored)


@dataclass(frozen=True)
class _File:
    """A recording by its name."""

    path: Path
    entities: Mapping[str, str]
    suffix: str

    @classmethod
    def named(cls, path: Path) -> _File:
        match = NAME.fullmatch(stem_of(path.name))
        assert match is not None
        return cls(path, _entities(match[1] + match[2]), match[3].lower())

    @property
    def patient(self) -> str:
        return f"sub-{self.entities['sub']}"

    @property
    def record(self) -> str:
        return stem_of(self.path.name).rpartition("_")[0]


def _entities(text: str) -> dict[str, str]:
    pairs = (part.partition("-") for part in text.split("_") if "-" in part)
    return {key: label for key, _, label in pairs}


def _select(
    files: list[_File], name: str, key: str, wanted: Sequence[str] | None, folder: Path
) -> list[_File]:
    """Return the files whose label of an entity is among those wanted."""
    if wanted is None:
        return files
    labels = wanted
    if not isinstance(wanted, str):
        labels = [str(label).removeprefix(f"{key}-") for label in wanted]
    present = {file.entities[key] for file in files if key in file.entities}
    chosen = choose(name, labels, present, folder)
    return [file for file in files if file.entities.get(key) in chosen]


class _Inherited:
    """The side-cars of one kind, by their folders.

    Parameters
    ----------
    files : sequence of Path
        All tables of the dataset.
    kind : str
        Suffix of the tables to keep, such as ``"events"``.
    """

    def __init__(self, files: Sequence[Path], kind: str) -> None:
        self.kind = kind
        self.tables: dict[Path, list[tuple[dict[str, str], Path]]] = {}
        for file in files:
            if file.stem == kind or file.stem.endswith(f"_{kind}"):
                of = _entities(file.stem.removesuffix(kind))
                self.tables.setdefault(file.parent, []).append((of, file))

    def of(self, recording: _File) -> Path | None:
        """Return the table that holds for a recording, or None if there is none."""
        for folder in recording.path.parents:
            fitting = [
                (len(entities), table)
                for entities, table in self.tables.get(folder, ())
                if entities.items() <= recording.entities.items()
            ]
            if not fitting:
                continue
            most = max(number for number, _ in fitting)
            best = [table for number, table in fitting if number == most]
            if len(best) > 1:
                names = ", ".join(table.name for table in best)
                raise ValueError(f"{recording.path}: {names} in {folder} fit alike; one may.")
            return best[0]
        return None


def _open(
    file: _File,
    datatype: str,
    tables: Mapping[str, _Inherited],
    unannotated: str,
    options: Options,
) -> tuple[Recording, Events]:
    table = tables["events"].of(file)
    if table is None and unannotated == "refuse":
        raise FileNotFoundError(
            f"{file.path.name} has no table of events, {file.record}_events.tsv or one that it "
            "inherits, so nobody says whether it holds seizures. A table without rows says that "
            "there is none; unannotated='background' takes all such recordings as free of them."
        )
    channels = _Channels.read(tables["channels"].of(file), datatype)
    recording = _open_recording(file, channels, options)
    if table is None:
        info = recording.replace(offset=0.0, unjudged=()).info()
        return recording, Events([], [], record=[], recordings={file.record: info})
    return recording, options.read_table(table, recording)


@dataclass(frozen=True)
class _Channels:
    """What ``_channels.tsv`` says."""

    eeg: tuple[str, ...] = ()
    bad: tuple[str, ...] = ()
    units: Mapping[str, str] | None = None

    @classmethod
    def read(cls, table: Path | None, datatype: str) -> _Channels:
        if table is None:
            return cls()
        with table.open(encoding="utf-8-sig", newline="") as lines:
            rows = list(csv.DictReader(lines, delimiter="\t"))
        if rows and "name" not in rows[0]:
            raise ValueError(f"{table} has no column 'name', which BIDS requires.")
        eeg = [row for row in rows if (row.get("type") or "").upper() in CHANNELS[datatype]]
        units = {row["name"]: _unit(row.get("units")) for row in eeg}
        return cls(
            eeg=tuple(row["name"] for row in eeg),
            bad=tuple(row["name"] for row in eeg if (row.get("status") or "").lower() == "bad"),
            units={name: unit for name, unit in units.items() if unit} or None,
        )


def _unit(text: str | None) -> str | None:
    """Return a unit as loaders take it, or None if it is no voltage."""
    plain = (text or "").replace("\N{MICRO SIGN}", "u").replace("\N{GREEK SMALL LETTER MU}", "u")
    return plain if plain in ("nV", "uV", "mV", "V") else None


def _open_recording(file: _File, channels: _Channels, options: Options) -> Recording:
    try:
        return _without_bad(file, channels, options)
    except ValueError as error:
        given = options.units is None and channels.units is not None
        if not given or file.path.suffix.lower() not in OUR_FORMATS:
            raise
        try:  # the file may state no unit
            return _without_bad(file, channels, replace(options, units=channels.units))
        except ValueError:
            raise error from None


def _without_bad(file: _File, channels: _Channels, options: Options) -> Recording:
    def opened(names: Sequence[str], **changed: Any) -> Recording:
        return replace(options, **changed).open(
            file.path, record=file.record, patient=file.patient, channels=names or None
        )[0]

    montage, how, bad = options.montage, options.bad_channels, channels.bad
    if not bad or how == "keep":
        return opened(channels.eeg if montage is None else ())
    good = [name for name in channels.eeg if name not in bad]
    if montage is not None or how == "drop":
        try:
            return opened(good)
        except MissingChannelsError as error:
            if how == "drop":
                error.add_note(f"_channels.tsv marks {', '.join(bad)} as bad.")
                raise
    if how == "raise":
        raise ValueError(
            f"{file.path.name}: _channels.tsv marks {', '.join(bad)} as bad, which "
            f"{'the montage needs' if montage is not None else 'would be loaded'}; choose "
            "bad_channels='interpolate', 'nan', 'drop' or 'keep'."
        )
    recording = opened(channels.eeg, montage=None)
    recording = mark_quality(recording, ("nan",), bad=bad, bad_channels=how)
    return recording if montage is None else to_bipolar(recording, montage)
