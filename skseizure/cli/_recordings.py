"""Which recordings are meant by files, folders and BIDS datasets, and where their results go."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path
from typing import NamedTuple

from .._core.text import printable

# Of EDF and BDF by our reader, and the files that MNE is pointed to of other formats.
ENDINGS = {
    *(".edf", ".bdf", ".rec", ".vhdr", ".set", ".fif", ".gdf", ".trc", ".lay", ".e", ".mff"),
    *(".eeg", ".cnt", ".nxe"),
}
# Of a dataset in BIDS: what these folders hold was made from recordings, or are other modalities.
NOT_RAW = ("derivatives", "sourcedata", "code", "stimuli")
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
    """Tell by its name whether a file is a recording."""
    name, ending = path.name.lower(), path.suffix.lower()
    if name.startswith(".") or (ending == ".eeg" and path.with_suffix(".vhdr").exists()):
        return False  # `._NAME` of macOS; the samples of BrainVision, whose header is NAME.vhdr
    return ending in ENDINGS or name.endswith(".fif.gz")


def find_recordings(inputs: Iterable[Path]) -> list[Job]:
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
                raise ValueError(f"{one} holds no recording: {', '.join(sorted(ENDINGS))}.")
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
    subjects = [path for path in folder.glob("sub-*") if path.is_dir()]
    bids = bool(subjects) and ((folder / "dataset_description.json").exists() or len(subjects) > 1)
    if bids:
        files = [path for subject in sorted(subjects) for path in subject.rglob("*")]
        files = [path for path in files if path.parent.name in MODALITIES]
    else:
        files = list(folder.rglob("*"))
    inside = [path.relative_to(folder).parts[:-1] for path in files]
    return sorted(
        path
        for path, parts in zip(files, inside, strict=True)
        if is_recording(path)
        and not any(part.startswith(".") or part in NOT_RAW for part in parts)
        and not any(part.lower().endswith(".mff") for part in parts)
    )


def _table_name(name: Path) -> str:
    """Return where the table of a recording goes, as BIDS names it, without its ending."""
    stem = name.name.removesuffix(".gz").rpartition(".")[0]
    for suffix in MODALITIES:
        stem = stem.removesuffix(f"_{suffix}")
    return (name.parent / stem).as_posix()
