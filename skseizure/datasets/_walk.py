"""The files below a folder, without those that are no recordings by their name alone."""

from __future__ import annotations

import os
from dataclasses import dataclass, field
from pathlib import Path

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
