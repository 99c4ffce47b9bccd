"""The soft-prior rule: what unlabelled rows are to be taken as."""

from __future__ import annotations

import math
from typing import Any


def switching_threshold(p: int, n: int, m: int) -> float:
    """Compute phi, the prior from which on unlabelled rows are better taken as positive.

    Parameters
    ----------
    p, n, m : int
        Numbers of positive, negative and unlabelled rows.

    Returns
    -------
    float
        ``sqrt(p (p + m)) / (sqrt(p (p + m)) + sqrt(n (n + m)))``, in [0, 1].

    Raises
    ------
    ValueError
        If no row is labelled.
    """
    if p == n == 0:
        raise ValueError(f"y has no labelled row among {m}; at least one is needed.")
    positive, negative = math.sqrt(p * (p + m)), math.sqrt(n * (n + m))
    return positive / (positive + negative)


def choose_surrogate(missing: str, prior: float, phi: float) -> Any:
    """Return "negative", "positive" or "drop"; a prior below phi switches to "negative"."""
    if missing != "switch":
        return missing
    return "negative" if prior < phi else "positive"
