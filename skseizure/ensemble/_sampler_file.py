"""A trained sampler in a file of plain numbers."""

from __future__ import annotations

import io
import json
import os
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from ._policy import critic_shapes, policy_shapes

if TYPE_CHECKING:
    from ._meta_sampler import MetaSampler

FORMAT = 1

# Of the task, or of the machine; a file holds what belongs to the sampler.
NOT_SAVED = ("estimator", "validation", "scoring", "device", "verbose", "random_state")


def write_sampler(sampler: MetaSampler, path: str | os.PathLike[str]) -> None:
    """Write networks, history and settings.

    Parameters
    ----------
    sampler : MetaSampler
        Fitted.
    path : str or path-like
        File to write.
    """
    params = sampler.get_params(deep=False)
    header = {
        "format": FORMAT,
        "settings": {name: params[name] for name in params if name not in NOT_SAVED},
        "n_features_in": sampler.n_features_in_,
    }
    arrays = {
        **{f"networks/{name}": weight for name, weight in sampler.networks_.items()},
        **{f"history/{name}": column for name, column in sampler.meta_history_.items()},
    }
    text = json.dumps(header, default=lambda number: number.item())
    with open(path, "wb") as file:
        np.savez(file, allow_pickle=False, header=np.array(text), **arrays)


def read_sampler(kind: type[MetaSampler], path: str | os.PathLike[str]) -> MetaSampler:
    """Read what `write_sampler` wrote.

    Parameters
    ----------
    kind : type
        Class to make.
    path : str or path-like
        File to read.

    Returns
    -------
    MetaSampler
        Fitted.

    Raises
    ------
    FileNotFoundError
        If there is no such file.
    ValueError
        If it is not such a file.
    """
    raw = io.BytesIO(Path(path).read_bytes())
    try:
        with np.load(raw, allow_pickle=False) as file:
            content = {name: file[name] for name in file.files}
        header = json.loads(str(content["header"]))
        if header["format"] != FORMAT:
            raise ValueError(f"its format is {header['format']!r}, not {FORMAT}")
        sampler = kind(**header["settings"])
        sampler._validate_params()
        sampler.networks_ = _below(content, "networks/")
        check_networks(sampler.networks_, sampler.n_bins, sampler.hidden_size)
        sampler.meta_history_ = _below(content, "history/")
        sampler.n_steps_ = len(sampler.meta_history_["action"])
        sampler.n_bins_ = sampler.n_bins
        sampler.n_features_in_ = int(header["n_features_in"])
    except Exception as error:  # a foreign file breaks the reader in any way
        raise ValueError(f"{os.fspath(path)} is not a saved MetaSampler: {error}") from error
    return sampler


def check_networks(networks: dict[str, NDArray], n_bins: int, hidden_size: int) -> None:
    """Refuse networks of other sizes, or that are no numbers.

    Parameters
    ----------
    networks : dict of str to ndarray
        Weights by name.
    n_bins, hidden_size : int
        What they must fit.

    Raises
    ------
    ValueError
        If they do not.
    """
    sizes = {
        **{f"policy.{k}": shape for k, shape in policy_shapes(2 * n_bins, hidden_size).items()},
        **{f"critics.{k}": shape for k, shape in critic_shapes(2 * n_bins, hidden_size).items()},
        "log_alpha": (),
    }
    if set(networks) != set(sizes):
        raise ValueError(f"networks hold {sorted(networks)}; {sorted(sizes)} are needed.")
    for name, shape in sizes.items():
        weight = networks[name]
        if weight.shape != shape:
            raise ValueError(
                f"{name} has shape {weight.shape}, but n_bins={n_bins} and "
                f"hidden_size={hidden_size} need {shape}."
            )
        # The logarithm of a fixed entropy weight of 0 is minus infinity.
        if weight.dtype.kind != "f" or not (name == "log_alpha" or np.isfinite(weight).all()):
            raise ValueError(f"{name} holds what is no finite number.")


def _below(content: dict[str, NDArray], prefix: str) -> dict[str, NDArray]:
    return {
        name.removeprefix(prefix): array
        for name, array in content.items()
        if name.startswith(prefix)
    }
