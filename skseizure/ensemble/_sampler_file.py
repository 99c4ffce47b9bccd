"""The file of a trained sampler: plain numbers, from which no code is run."""

from __future__ import annotations

import io
import json
import os
from collections.abc import Mapping
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from ._networks import select_networks

FORMAT = 1

# These belong to the task or the machine; a file holds what belongs to the sampler.
NOT_SAVED = ("estimator", "validation", "scoring", "device", "verbose", "random_state")


class SavedSampler(NamedTuple):
    """The content of a file.

    Attributes
    ----------
    settings : dict
        Parameters by name.
    networks, history : mapping of str to ndarray
        Attributes ``networks_`` and ``meta_history_``.
    n_features_in : int
        Features of the task that the sampler was trained on.
    """

    settings: dict[str, Any]
    networks: Mapping[str, NDArray]
    history: Mapping[str, NDArray]
    n_features_in: int


def write_sampler(path: str | os.PathLike[str], saved: SavedSampler) -> None:
    """Write a file.

    Parameters
    ----------
    path : str or path-like
        File to write.
    saved : SavedSampler
        Its content; of the settings, those in ``NOT_SAVED`` are left out.
    """
    settings = {name: value for name, value in saved.settings.items() if name not in NOT_SAVED}
    header = {"format": FORMAT, "settings": settings, "n_features_in": saved.n_features_in}
    arrays = {
        **{f"networks/{name}": weight for name, weight in saved.networks.items()},
        **{f"history/{name}": column for name, column in saved.history.items()},
    }
    text = json.dumps(header, default=lambda number: number.item())
    with open(path, "wb") as file:
        np.savez(file, allow_pickle=False, header=np.array(text), **arrays)


def parse_sampler(raw: bytes) -> SavedSampler:
    """Return the content of a file.

    Parameters
    ----------
    raw : bytes
        The file.

    Returns
    -------
    SavedSampler
        Its content; settings and networks are not checked.

    Raises
    ------
    Exception
        Of any type, if the file was not written by `write_sampler`.
    """
    with np.load(io.BytesIO(raw), allow_pickle=False) as file:
        arrays = {name: file[name] for name in file.files}
    header = json.loads(str(arrays["header"]))
    if header["format"] != FORMAT:
        raise ValueError(f"its format is {header['format']!r}, not {FORMAT}")
    networks, history = (select_networks(arrays, f"{part}/") for part in ("networks", "history"))
    return SavedSampler(header["settings"], networks, history, int(header["n_features_in"]))
