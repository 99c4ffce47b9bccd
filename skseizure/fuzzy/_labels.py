"""Classes among rows that count, and domains."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from .._core.labels import PartialLabels


def check_two_classes(labels: PartialLabels, counted: NDArray[np.bool_]) -> None:
    """Raise a ValueError unless two classes are left among the rows that count.

    Parameters
    ----------
    labels : PartialLabels
        Classes and rows.
    counted : ndarray of bool, shape (n_samples,)
        Rows that have a weight above zero.
    """
    missing = labels.unlabelled
    if len(labels.classes) == 0:
        raise ValueError(
            f"y has no labelled row: all {len(missing)} are -1, NaN or None, which mean "
            "unlabelled; rows of at least two classes are needed."
        )
    present = np.unique(labels.codes[counted & ~missing])
    if len(present) >= 2:
        return
    classes: list[Any] = labels.classes[present].tolist()
    found = f"y has one class, {classes[0]!r}," if classes else "y has no class"
    if not missing.any():
        raise ValueError(
            f"{found} among the rows of sample_weight above 0; at least two classes are needed."
        )
    raise ValueError(
        f"{found} among the labelled rows of sample_weight above 0, beside {missing.sum()} "
        "unlabelled ones; at least two classes are needed. If -1 is a class of its own here, pass "
        "unlabeled_label=None or relabel it: y = np.where(y == -1, 0, 1)."
    )


def check_domain(sample_domain: ArrayLike, n_samples: int) -> NDArray[np.bool_]:
    """Return which rows belong to the target domain.

    Parameters
    ----------
    sample_domain : array-like of int, shape (n_samples,)
        Above 0: source; below 0: target.
    n_samples : int
        Rows of X.

    Returns
    -------
    ndarray of bool, shape (n_samples,)
        True for target rows.

    Raises
    ------
    ValueError
        If there is not one domain a row, one is 0 or no number, or one of the two sides has no row.
    """
    domain = np.asarray(sample_domain)
    if domain.shape != (n_samples,):
        raise ValueError(
            f"sample_domain has shape {domain.shape}; one number for each of {n_samples} rows of X "
            "is needed."
        )
    if domain.dtype.kind not in "iuf" or not (domain != 0).all() or np.isnan(domain).any():
        found = sorted(set(domain.tolist()), key=str)[:5]
        raise ValueError(
            f"sample_domain holds {found} ({domain.dtype}); numbers above 0 for source rows and "
            "below 0 for target rows are needed."
        )
    is_target = domain < 0
    if is_target.all() or not is_target.any():
        side = "source (above 0)" if is_target.all() else "target (below 0)"
        raise ValueError(
            f"sample_domain names no {side} row; both are needed. Leave sample_domain out to take "
            "labelled rows as source and unlabelled ones as target."
        )
    return is_target
