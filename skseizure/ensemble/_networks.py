"""A trained sampler in plain arrays: shapes and check of its networks, the policy in use, its file.

torch trains the networks. What is trained is used without it, so that a fitted sampler is a handful
of arrays to pickle, save and load, and a fitted ensemble never imports torch. A file holds numbers
alone, from which no code is run.
"""

from __future__ import annotations

import io
import json
import os
from collections.abc import Mapping
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import ArrayLike, NDArray

from .._core.files import check_zip, write_atomically

# Bounds of the logarithm of the standard deviation, as in the soft actor-critic papers.
LOG_STD_MIN, LOG_STD_MAX = -20.0, 2.0

FORMAT = 1  # of the file
MAX_FILE = 256 * 2**20  # bytes; a sampler takes some hundred kB

# These belong to the task or the machine; a file holds what belongs to the sampler.
NOT_SAVED = ("estimator", "validation", "scoring", "device", "verbose", "random_state")


def policy_action(
    weights: Mapping[str, NDArray], states: NDArray[np.float64], noise: ArrayLike
) -> NDArray[np.float64]:
    """Return an action for each state.

    Parameters
    ----------
    weights : mapping of str to ndarray
        Weights of the policy, see `policy_shapes`.
    states : ndarray of float, shape (n_states, 2 * n_bins)
        Meta-states.
    noise : array-like of float, shape (n_states,) or ()
        Standard normal numbers; 0 gives the median of the actions.

    Returns
    -------
    ndarray of float, shape (n_states,)
        Actions in [0, 1].
    """
    hidden = np.maximum(states @ weights["hidden_weight"] + weights["hidden_bias"], 0)
    mean = (hidden @ weights["mean_weight"] + weights["mean_bias"])[:, 0]
    log_std = (hidden @ weights["log_std_weight"] + weights["log_std_bias"])[:, 0]
    std = np.exp(np.clip(log_std, LOG_STD_MIN, LOG_STD_MAX))
    return (np.tanh(mean + std * np.asarray(noise)) + 1) / 2


def policy_shapes(n_inputs: int, hidden_size: int) -> dict[str, tuple[int, ...]]:
    """Return the shape of each weight of a policy: one hidden layer and two heads."""
    return {
        "hidden_weight": (n_inputs, hidden_size),
        "hidden_bias": (hidden_size,),
        "mean_weight": (hidden_size, 1),
        "mean_bias": (1,),
        "log_std_weight": (hidden_size, 1),
        "log_std_bias": (1,),
    }


def critic_shapes(n_inputs: int, hidden_size: int) -> dict[str, tuple[int, ...]]:
    """Return the shape of each weight of the two critics and their two targets, stacked."""
    return {
        "weight_1": (4, n_inputs + 1, hidden_size),
        "bias_1": (4, 1, hidden_size),
        "weight_2": (4, hidden_size, hidden_size),
        "bias_2": (4, 1, hidden_size),
        "weight_3": (4, hidden_size, 1),
        "bias_3": (4, 1, 1),
    }


def select_networks(named: Mapping[str, NDArray], prefix: str) -> dict[str, NDArray]:
    """Return the arrays whose names begin with a prefix, by the rest of their names."""
    return {
        name.removeprefix(prefix): array for name, array in named.items() if name.startswith(prefix)
    }


def check_networks(networks: Mapping[str, NDArray], n_bins: int, hidden_size: int) -> None:
    """Refuse networks of other sizes, or with weights that are not finite.

    Parameters
    ----------
    networks : mapping of str to ndarray
        Weights by name.
    n_bins, hidden_size : int
        Settings of the sampler that is to use them.

    Raises
    ------
    ValueError
        If a weight is missing, has another shape or is not finite.
    """
    shapes = {
        **{f"policy.{k}": shape for k, shape in policy_shapes(2 * n_bins, hidden_size).items()},
        **{f"critics.{k}": shape for k, shape in critic_shapes(2 * n_bins, hidden_size).items()},
        "log_alpha": (),
    }
    if set(networks) != set(shapes):
        raise ValueError(f"networks hold {sorted(networks)}; {sorted(shapes)} are needed.")
    for name, shape in shapes.items():
        weight = networks[name]
        if weight.shape != shape:
            raise ValueError(
                f"{name} has shape {weight.shape}, but n_bins={n_bins} and "
                f"hidden_size={hidden_size} need {shape}."
            )
        if weight.dtype.kind != "f":
            raise ValueError(f"{name} holds values of type {weight.dtype}; floats are needed.")
        if not is_finite(name, weight):
            raise ValueError(f"{name} holds NaN or infinity; finite numbers are needed.")


def is_finite(name: str, weight: NDArray) -> bool:
    """Tell whether a weight is finite, or the logarithm of a fixed entropy weight of 0."""
    return name == "log_alpha" or bool(np.isfinite(weight).all())


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
    with write_atomically(path) as temporary, open(temporary, "wb") as file:
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
    check_zip(raw)  # `write_sampler` compresses nothing
    with np.load(io.BytesIO(raw), allow_pickle=False) as file:
        arrays = {name: file[name] for name in file.files}
    header = json.loads(str(arrays["header"]))
    if header["format"] != FORMAT:
        raise ValueError(f"its format is {header['format']!r}, not {FORMAT}")
    networks, history = (select_networks(arrays, f"{part}/") for part in ("networks", "history"))
    return SavedSampler(header["settings"], networks, history, int(header["n_features_in"]))
