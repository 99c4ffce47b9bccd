"""The University of Bonn EEG segments."""

from __future__ import annotations

import io
import os
import zipfile
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from skseizure.signals import Events, RecordInfo, Recording, Windows

from ._corpus import Loaded, existing_folder
from ._options import check_option

SFREQ = 173.61
N_SAMPLES = 4097
N_SEGMENTS = 100  # in a set


def load_bonn(
    path: str | os.PathLike[str],
    *,
    sets: str = "ZONFS",
    target: str = "seizure",
    window: float | None = None,
    step: float | None = None,
    return_events: bool = False,
) -> Loaded:
    """Load the University of Bonn EEG: five sets of 100 single-channel segments of 23.6 s.

    Sets Z and O (also called A and B) are scalp EEG of healthy volunteers with open and closed
    eyes, N and F (C and D) intracranial EEG between seizures from the opposite hippocampus and the
    focus, S (E) intracranial EEG during seizures.

    Parameters
    ----------
    path : str or path-like
        Folder that holds ``bonn.npz`` (arrays ``X`` and ``name``), or the published
        ``Z.zip`` ... ``S.zip``, or their text files, in folders ``Z`` ... ``S`` or side by side;
        looked for in this order.
    sets : str, default="ZONFS"
        Letters of the sets to load, in the order of the rows.
    target : {"seizure", "set"}, default="seizure"
        What ``y`` holds: 1 for the segments of set S and 0 for all others, or the set's letter.
    window : float, default=None
        Length of a window in seconds. None: a window is a whole segment of 4097 samples.
    step : float, default=None
        Seconds from one window to the next within a segment. None: ``window``.
    return_events : bool, default=False
        Also return the seizures as events.

    Returns
    -------
    X : Windows, shape (n_windows, 1, n_times)
        In microvolts as published, at 173.61 Hz. Each segment is a record, named ``"Z001"`` ...
        The corpus does not publish whose segment is whose, so each is its own patient, too: a split
        by patient cannot keep persons apart here.
    y : ndarray of int or str, shape (n_windows,)
        Label of each window.
    events : Events
        Only with ``return_events``: every segment of S is one event from end to end.

    Raises
    ------
    FileNotFoundError
        If the folder or a set is not there.
    ValueError
        If ``sets`` or ``target`` is unknown, a set is not complete, or a segment has another
        length.

    References
    ----------
    R. G. Andrzejak et al., "Indications of nonlinear deterministic and finite-dimensional
    structures in time series of brain electrical activity", Phys. Rev. E 64, 061907, 2001.

    Examples
    --------
    >>> from skseizure.datasets import load_bonn
    >>> X, y = load_bonn("bonn", sets="ZS", window=1.0)  # doctest: +SKIP
    >>> X.shape, y.mean()  # doctest: +SKIP
    ((4600, 1, 174), 0.5)
    """
    folder = existing_folder(path)
    if not sets or set(sets) - set("ZONFS") or len(set(sets)) < len(sets):
        raise ValueError(f"sets is {sets!r}; different letters out of 'ZONFS' are needed.")
    check_option("target", target, ("seizure", "set"))
    if window is None and step is not None:
        raise ValueError(f"step is {step!r} while window is None; a step needs a window.")

    names, data = _read(folder, sets)
    duration = N_SAMPLES / SFREQ
    if window is None:
        X = Windows(
            data,
            sfreq=SFREQ,
            record=names,
            onset=np.zeros(len(data)),
            ch_names=["EEG"],
            patient=names,
        )
    else:
        X = Windows.concatenate(
            Windows.from_recording(
                Recording(row[np.newaxis], SFREQ, ["EEG"], record=name, patient=name),
                window=window,
                step=step,
            )
            for name, row in zip(names, data, strict=True)
        )
    letter = X.record.astype("<U1")
    y = letter if target == "set" else (letter == "S").astype(np.intp)
    if not return_events:
        return X, y
    ictal = [name for name in names if name[0] == "S"]
    events = Events(
        np.zeros(len(ictal)),
        np.full(len(ictal), duration),
        record=np.array(ictal, dtype=str),
        recordings={name: RecordInfo(duration, patient=name) for name in names},
    )
    return X, y, events


def _read(folder: Path, sets: str) -> tuple[list[str], NDArray[np.float64]]:
    packed = folder / "bonn.npz"
    everything = _from_npz(packed) if packed.is_file() else None
    names: list[str] = []
    segments: list[NDArray] = []
    for letter in sets:
        found = _of_set(folder, letter) if everything is None else everything
        mine = sorted(name for name in found if name.startswith(letter))
        if len(mine) != N_SEGMENTS:
            raise ValueError(
                f"set {letter} in {folder} has {len(mine)} segments; the complete set has "
                f"{N_SEGMENTS}."
            )
        names += mine
        segments += [found[name] for name in mine]
    for name, segment in zip(names, segments, strict=True):
        if len(segment) != N_SAMPLES:
            raise ValueError(
                f"segment {name} in {folder} has {len(segment)} samples; {N_SAMPLES} are needed."
            )
    return names, np.array(segments, dtype=np.float64)


def _from_npz(file: Path) -> dict[str, NDArray]:
    raw = io.BytesIO(file.read_bytes())
    try:
        with np.load(raw) as arrays:
            return dict(zip(arrays["name"].tolist(), arrays["X"], strict=True))
    except Exception as error:  # a broken archive runs numpy into errors of any kind
        raise ValueError(f"{file} cannot be read as arrays 'X' and 'name': {error}") from error


def _of_set(folder: Path, letter: str) -> dict[str, NDArray]:
    packed = folder / f"{letter}.zip"
    if packed.is_file():
        raw = io.BytesIO(packed.read_bytes())
        try:
            with zipfile.ZipFile(raw) as archive:
                texts = {Path(member): archive.read(member) for member in archive.namelist()}
        except Exception as error:  # a broken archive runs zipfile into errors of any kind
            raise ValueError(f"{packed} cannot be read as a zip archive: {error}.") from error
    else:
        inside = folder / letter if (folder / letter).is_dir() else folder
        texts = {file: file.read_bytes() for file in inside.glob(f"{letter}*.*") if file.is_file()}
        if not texts:
            raise FileNotFoundError(
                f"set {letter} is not in {folder}; looked for bonn.npz, {letter}.zip, "
                f"{letter}/{letter}001.txt and {letter}001.txt."
            )
    # The files of set N end in .TXT.
    return {
        file.stem: _numbers(file, text)
        for file, text in texts.items()
        if file.suffix.lower() == ".txt"
    }


def _numbers(file: Path, text: bytes) -> NDArray[np.float64]:
    try:
        return np.array(text.split(), dtype=np.float64)
    except ValueError as error:
        raise ValueError(f"{file} holds a value that is not a number: {error}.") from error
