"""Which files below a folder are recordings of EEG, told by their names alone."""

from __future__ import annotations

import os
import re
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path

# Endings of what `read_recording` reads, or of EEG that it refuses by name. Longest first.
FORMATS = (
    *(".fif.gz", ".edf", ".bdf", ".rec", ".gdf", ".vhdr", ".ahdr", ".set", ".fif", ".cnt", ".mff"),
    *(".eeg", ".lay", ".trc", ".nedf", ".cdt", ".data", ".e"),
)
BRAINVISION = (".vhdr", ".ahdr", ".VHDR")  # the header, beside the samples in .eeg
# What BIDS calls recordings that are no EEG.
OTHERS = frozenset(
    "acc acq beh bold ecg emg eog eyetrack meg motion mov nirs physio ppg resp stim video".split()  # noqa: SIM905
)
BIDS = re.compile(r"sub-[^_]+(?:_[A-Za-z]+-[^_]+)*_([A-Za-z]+)")
# MNE's names of what is computed from recordings.
COMPUTED = re.compile(r"[-_](ave|ann|annot|bem|cov|epo|eve|evoked|fwd|ica|inv|proj|sol|src|trans)")
NOTES = re.compile(r"(.+)_(?:events|annotations)")  # EDF+ without signals, beside a recording
# Of a BIDS data set: what was made out of its recordings, or made them.
DERIVED = ("derivatives", "sourcedata")


@dataclass
class Walk:
    """What was found below a folder.

    Attributes
    ----------
    files : list of Path
        In order; hidden ones, such as those that macOS writes (``._*``), are not among them.
    folders : list of Path
        Those whose name has the ending of a format that is a folder, such as ``.mff``.
    closed : dict of Path to OSError
        Folders that cannot be entered.
    """

    files: list[Path] = field(default_factory=list)
    folders: list[Path] = field(default_factory=list)
    closed: dict[Path, OSError] = field(default_factory=dict)


def walk_files(top: Path) -> Walk:
    """List the files below a folder, at any depth.

    Linked folders are followed, each once: one that leads back into ``top`` is found under its own
    name. Hidden files and folders are passed over, and ``derivatives`` and ``sourcedata`` of a BIDS
    data set.

    Parameters
    ----------
    top : Path
        The folder.

    Returns
    -------
    Walk
    """
    found, seen = Walk(), set[str]()
    root = os.path.realpath(top)
    links: list[Path] = []
    folders = [top]
    while folders or links:
        # Links last: what they lead to may also be there under its own name.
        linked = not folders
        folder = links.pop(0) if linked else folders.pop()
        real = os.path.realpath(folder)
        if real in seen or (linked and Path(root).is_relative_to(real)):
            continue
        seen.add(real)
        try:
            entries = sorted(os.scandir(folder), key=lambda entry: entry.name)
        except OSError as error:
            found.closed[folder] = error
            continue
        names = [entry.name for entry in entries]
        bids = "dataset_description.json" in names or any(name[:4] == "sub-" for name in names)
        for entry in entries:
            path = Path(entry.path)
            if entry.name.startswith(".") or (bids and entry.name in DERIVED):
                continue
            if not entry.is_dir():
                found.files.append(path)
            elif path.suffix.lower() == ".mff":
                found.folders.append(path)
            elif entry.is_symlink():
                links.append(path)
            else:
                folders.append(path)
    found.files.sort()
    return found


def find_recordings(paths: Sequence[Path]) -> tuple[list[Path], dict[Path, str]]:
    """Choose the files that are, or should be, recordings of EEG.

    Parameters
    ----------
    paths : sequence of Path
        Files, and folders of formats that are one.

    Returns
    -------
    files : list of Path
        In order.
    ignored : dict of Path to str
        Recordings that are no EEG, and what they are.
    """
    known = [path for path in paths if path.name.lower().endswith(FORMATS)]
    stems = {path.with_name(stem_of(path.name)) for path in known}
    there = set(paths)
    files: list[Path] = []
    ignored: dict[Path, str] = {}
    for path in known:
        stem, ending = stem_of(path.name), path.suffix.lower()
        bids = BIDS.fullmatch(stem)
        notes = NOTES.fullmatch(stem)
        if ending == ".eeg" and any(path.with_suffix(head) in there for head in BRAINVISION):
            continue  # the samples of BrainVision
        if ending == ".data" and path.with_suffix(".head") not in there:
            continue  # not Nicolet's
        if notes and ending in (".edf", ".bdf") and path.with_name(notes[1]) in stems:
            continue  # a table of events
        if ".fif" in path.name.lower() and _is_further_part(path, stem, there):
            continue  # MNE opens it with the first
        if ".fif" in path.name.lower() and COMPUTED.search(stem[-8:]):
            ignored[path] = "computed"
        elif bids and bids[1].lower() in OTHERS:
            ignored[path] = bids[1].lower()
        else:
            files.append(path)
    return sorted(files), ignored


def _is_further_part(path: Path, stem: str, there: set[Path]) -> bool:
    number = re.fullmatch(r"(.+)-\d+", stem)
    if number and path.with_name(number[1] + path.name[len(stem) :]) in there:
        return True
    split = re.fullmatch(r"(.+_split-0*)([2-9]|\d\d+)(_.+)", stem)
    return split is not None


def stem_of(name: str) -> str:
    """Return a file's name, or path, without the ending of its format."""
    ending = next((e for e in FORMATS if name.lower().endswith(e)), "")
    return name[: len(name) - len(ending)]


def table_names(file: Path) -> list[str]:
    """Return the names that the table of events beside a recording may have, in order."""
    stem = stem_of(file.name)
    names = [f"{stem}_events.tsv", f"{stem}.tsv", f"{stem}.csv_bi", f"{stem}.csv"]
    names += [f"{stem}_events.edf", f"{stem}_annotations.edf"]
    for modality in ("_eeg", "_ieeg"):
        if stem.endswith(modality):
            names.insert(0, f"{stem.removesuffix(modality)}_events.tsv")
    return names


def events_table(file: Path) -> Path | None:
    """Return the table of events beside a recording, or None if there is none."""
    tables = (file.with_name(name) for name in table_names(file))
    return next((table for table in tables if table.exists()), None)
