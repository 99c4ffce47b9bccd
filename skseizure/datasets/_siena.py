"""The Siena scalp EEG: EDF files, and lists of seizures that were written by hand."""

from __future__ import annotations

import os
import re
import warnings
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any

from .._core.recording_files import walk_files
from ..signals import Events, Recording
from ._corpus import Loaded, Part, choose, existing_folder, failing, load_parts
from ._options import Options, document_options

DAY, HOUR = 86400, 3600
SEIZURE = re.compile(r"seizure\s*n\W*\d+", re.IGNORECASE)
FILE = re.compile(r"file\s*name\s*:\s*(\S+)", re.IGNORECASE)
TIME = re.compile(
    r"(?P<of>registration|seizure)?\s*(?P<what>start|end)\s*time\s*:(?P<text>.*)", re.IGNORECASE
)
# 19.58.36, 21:51:02, 16:13.23; a blank got into the hour of one of PN10.
CLOCK = re.compile(r"(\d ?\d|\d)\s*[.:]\s*(\d\d)\s*[.:]\s*(\d\d)(?!\d)([^\d]*)")


@document_options
def load_siena(
    path: str | os.PathLike[str],
    *,
    patients: Sequence[str] | None = None,
    window: float = 4.0,
    step: float | None = None,
    montage: str | Sequence[str] | None = "double banana",
    sfreq: float | None = None,
    units: Any = None,
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
    """Load the Siena scalp EEG.

    Parameters
    ----------
    path : str or path-like
        Folder of the corpus, or of one patient: ``PNxx/PNxx-1.edf``, with
        ``Seizures-list-PNxx.txt`` beside the EDF files of a patient.
    patients : sequence of str, default=None
        Patients to load, for example ``["PN00", "PN10"]``. If None, all.
    {options}

    Returns
    -------
    X : Windows, shape (n_windows, n_channels, n_times)
        In microvolts, float32 (an hour of 18 channels takes 133 MB). ``record`` is the file's stem,
        such as ``"PN10-4.5.6"``; ``patient`` is ``"PN10"``.
    y : ndarray of int, shape (n_windows,)
        1 for ictal windows, else 0.
    events : Events
        Only with ``return_events``.

    Raises
    ------
    FileNotFoundError
        If the folder, its EDF files or a list of seizures are not there.
    ValueError
        If a patient is unknown, a list cannot be read, a seizure lies outside its recording, a
        record lacks a channel of the montage, or records differ in channels.

    Warns
    -----
    UserWarning
        If a list contradicts its recording, and what was done; if records are left out.

    Notes
    -----
    The lists give times of day. They count from the start in the EDF header, past midnight where
    necessary; if a list states another start (PN05-3, PN14-3), a warning says so. These slips of
    the published lists are read as meant:

    - names of files: the letter O for zero (``PNO6-1.edf``), and no number where the patient has
      one file (``PN01.edf``, ``PN11-.edf``);
    - what is not repeated for a further seizure, such as the file of the second in PN01 and PN12;
    - times such as ``16:13.23`` and ``1 6.49.25``;
    - of two onsets the electrographic one is taken, of other alternatives the first (PN10);
    - an end after the recording's end whose hour is wrong (PN00-3), with a warning.

    References
    ----------
    P. Detti, G. Vatti, G. Zabalo Manrique de Lara, "EEG synchronization analysis for seizure
    prediction: a study on data of noninvasive recordings", Processes 8(7), 846, 2020.

    Examples
    --------
    >>> from skseizure.datasets import load_siena
    >>> X, y = load_siena("siena-scalp-eeg", patients=["PN00"], lazy=True)  # doctest: +SKIP
    """
    options = Options.of(locals())
    folder = existing_folder(path)
    walk = walk_files(folder)
    files = [p for p in walk.files if re.fullmatch(r"PN\d\d.*\.edf", p.name, re.IGNORECASE)]
    if not files:
        raise FileNotFoundError(
            f"no record of Siena in {folder}; looked for files PNxx-N.edf in it and below."
        )
    chosen = choose("patients", patients, map(_patient, files), folder)
    of_patient: dict[str, list[Path]] = {}
    for file in files:
        of_patient.setdefault(_patient(file), []).append(file)
    parts = [
        Part(file.stem, patient, file, partial(_open, file, of_patient[patient], options))
        for patient in sorted(chosen)
        for file in of_patient[patient]
    ]
    parts += [failing(p.name, "", p, error) for p, error in walk.closed.items()]
    return load_parts(parts, options, folder=folder, name="Siena")


def _patient(file: Path) -> str:
    return file.name[:4].upper()


def _open(file: Path, files: Sequence[Path], options: Options) -> tuple[Recording, Events]:
    patient = _patient(file)
    listing = file.with_name(f"Seizures-list-{patient}.txt")
    if not listing.is_file():
        raise FileNotFoundError(f"{listing} is not there; it holds the seizures of {file.name}.")
    names = [other.stem for other in files if other.parent == file.parent]
    seizures = [
        seizure for seizure in read_list(listing) if _same_file(seizure.file, file.stem, names)
    ]
    if not seizures:
        raise ValueError(f"{listing} does not list {file.name}, so its seizures are not known.")
    recording, _ = options.open(file, record=file.stem, patient=patient)
    spans = [_span(seizure, recording, f"{listing}, {file.name}") for seizure in seizures]
    events = Events(
        [start for start, _ in spans],
        [end - start for start, end in spans],
        record=file.stem,
        recordings={file.stem: recording.replace(unjudged=()).info()},
    )
    return recording, events


@dataclass
class _Seizure:
    """A seizure as it is listed; times of day in seconds."""

    file: str | None
    registered: int | None
    start: int | None = None
    end: int | None = None


def read_list(path: Path) -> list[_Seizure]:
    """Read a list of seizures.

    Parameters
    ----------
    path : Path
        ``Seizures-list-PNxx.txt``.

    Returns
    -------
    list of _Seizure
        In order; files under the names that the list gives.
    """
    seizures: list[_Seizure] = []
    file: str | None = None
    registered: int | None = None
    for number, line in enumerate(path.read_text(encoding="latin-1").splitlines(), 1):
        text = line.strip()
        if SEIZURE.match(text):
            # What is not said again holds for the next seizure, too.
            seizures.append(_Seizure(file, registered))
        elif match := FILE.match(text):
            file, registered = match[1], registered if match[1] == file else None
            if seizures and seizures[-1].start is None:
                seizures[-1].file, seizures[-1].registered = file, registered
        elif match := TIME.match(text):
            onset = match["what"].lower() == "start"
            clock = _clock(match["text"], onset, path, number)
            if (match["of"] or "").lower() == "registration":
                if onset:
                    registered = clock
                    if seizures and seizures[-1].start is None:
                        seizures[-1].registered = clock
            elif not seizures:
                raise ValueError(f"{path}, line {number}: a time comes before 'Seizure n 1'.")
            elif onset:
                seizures[-1].start = clock
            else:
                seizures[-1].end = clock
    for place, seizure in enumerate(seizures, 1):
        if seizure.start is None or seizure.end is None:
            raise ValueError(f"{path}: seizure {place} has no start or end that can be read.")
    return seizures


def _clock(text: str, onset: bool, path: Path, line: int) -> int:
    found = CLOCK.findall(text)
    if not found:
        raise ValueError(f"{path}, line {line}: {text.strip()!r} holds no time such as 19.58.36.")
    electric = [time for time in found if "electric" in time[3].lower()]
    hour, minute, second, _ = (electric if onset and electric else found)[0]
    return HOUR * int(hour.replace(" ", "")) + 60 * int(minute) + int(second)


def _same_file(listed: str | None, stem: str, names: Sequence[str]) -> bool:
    if listed is None:
        return len(names) == 1
    name = re.sub(r"\.edf$", "", listed, flags=re.IGNORECASE).upper().replace("O", "0")
    if name == stem.upper():
        return True
    return len(names) == 1 and name.rstrip("-") == stem.upper().rpartition("-")[0]


def _span(seizure: _Seizure, recording: Recording, where: str) -> tuple[float, float]:
    """Return a seizure's start and end in seconds of its recording."""
    begin, stated = recording.start, seizure.registered
    if begin is None and stated is None:
        raise ValueError(f"{where}: neither the list nor the EDF header says when it starts.")
    first = stated
    if begin is not None:
        first = HOUR * begin.hour + 60 * begin.minute + begin.second
        if stated is not None and stated != first:
            warnings.warn(
                f"{where}: the list says that the recording starts at {_text(stated)}, and the EDF "
                f"header {_text(first)}, which is taken.",
                stacklevel=2,
            )
    assert first is not None and seizure.start is not None and seizure.end is not None
    start = (seizure.start - first) % DAY
    end = start + (seizure.end - seizure.start) % DAY
    if end > recording.duration:
        right = start + (end - start) % HOUR  # if the hour is wrong
        if start < right <= recording.duration:
            warnings.warn(
                f"{where}: the seizure that starts at {_text(seizure.start)} ends at "
                f"{_text(seizure.end)}, after the recording's end; it is taken to last "
                f"{right - start} s, because its hour seems wrong.",
                stacklevel=2,
            )
            end = right
    if not start < end <= recording.duration:
        raise ValueError(
            f"{where}: a seizure lasts from {start} to {end} s; it must lie within the "
            f"recording's {recording.duration:g} s and last above 0 s."
        )
    return float(start), float(end)


def _text(clock: int) -> str:
    return f"{clock // HOUR:02d}.{clock % HOUR // 60:02d}.{clock % 60:02d}"
