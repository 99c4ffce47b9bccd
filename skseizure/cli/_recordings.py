"""Which recordings are meant by files, folders and BIDS datasets, and where their results go."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path
from typing import NamedTuple

from .._core.recording_files import FORMATS, find_recordings, stem_of, walk_files
from .._core.text import printable

MODALITIES = ("eeg", "ieeg")


class Job(NamedTuple):
    """A recording, its name in the summary, and the name of its table without an ending.

    ``replace`` says whether a table that is there may be replaced.
    """

    path: Path
    name: str
    output: str
    replace: bool = False


def is_recording(path: Path) -> bool:
    """Tell by its name whether a file is, or should be, a recording."""
    return path.name.lower().endswith(FORMATS)


def find_jobs(inputs: Iterable[Path]) -> list[Job]:
    """Return all recordings in files and folders.

    Parameters
    ----------
    inputs : iterable of Path
        Files, folders and BIDS datasets.

    Returns
    -------
    list of Job
        In order of their names, each recording once.

    Raises
    ------
    FileNotFoundError
        If an input is not there.
    OSError
        If a folder below an input cannot be entered.
    ValueError
        If a folder holds no recording, or two results would have one name.
    """
    found: dict[Path, Path] = {}
    for one in inputs:
        if not one.exists():
            raise FileNotFoundError(f"there is no file or folder {one}.")
        if one.is_dir() and one.suffix.lower() != ".mff":
            below = _below(one)
            if not below:
                raise ValueError(f"{one} holds no recording: {', '.join(sorted(FORMATS))}.")
            found |= {path: path.relative_to(one) for path in below}
        else:
            found[one] = Path(one.name)
    whole = [_table_name(name) for name in found.values()]
    jobs = []
    for (path, name), output in zip(found.items(), whole, strict=True):
        # NAME.edf beside NAME.bdf
        own = output if whole.count(output) == 1 else name.as_posix()
        jobs.append(Job(path, printable(name.as_posix()), own))
    outputs = [job.output for job in jobs]
    for job in jobs:
        if outputs.count(job.output) > 1:
            same = [str(other.path) for other in jobs if other.output == job.output]
            raise ValueError(
                f"{' and '.join(same[:2])} would have one table, {job.output}; name the folder "
                "that holds both."
            )
    return jobs


def _below(folder: Path) -> list[Path]:
    walk = walk_files(folder)
    for closed, error in walk.closed.items():
        raise type(error)(
            f"{closed} cannot be entered ({error.strerror}); make it readable, or name the folders "
            "beside it."
        )
    files, _ = find_recordings([*walk.files, *walk.folders])
    subjects = {path.relative_to(folder).parts[0][:4] for path in files}
    if "sub-" in subjects and (folder / "dataset_description.json").exists():
        files = [path for path in files if path.relative_to(folder).parts[0].startswith("sub-")]
    return files


def _table_name(name: Path) -> str:
    """Return where the table of a recording goes, as BIDS names it, without its ending."""
    stem = stem_of(name.name)
    for suffix in MODALITIES:
        stem = stem.removesuffix(f"_{suffix}")
    return (name.parent / stem).as_posix()
