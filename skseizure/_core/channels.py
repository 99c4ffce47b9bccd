"""Which channels an estimator cannot do without: each part says it of itself.

A part declares it by a method ``__required_channels__()`` that returns the names of those channels
of `fit` that must be there later, too. A part without this method that knows the channels of `fit`,
as ``ch_names_in_``, needs all of these.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from .horizon import inner_parts


def required_channels(estimator: Any, names: Sequence[str]) -> tuple[str, ...]:
    """Return the channels that an estimator cannot do without.

    Parameters
    ----------
    estimator : estimator
        Fitted.
    names : sequence of str
        Channels that it was fitted on; all are required where no part tells.

    Returns
    -------
    tuple of str
        Some of these, in their order.
    """
    needed = _required(estimator)
    return tuple(name for name in names if needed is None or name in needed)


def _required(estimator: Any) -> set[str] | None:
    """Return the channels that a part requires; None if nothing inside it tells."""
    if hasattr(type(estimator), "__required_channels__"):
        return set(estimator.__required_channels__())
    own = getattr(estimator, "ch_names_in_", None)
    if own is not None:
        return set(own)
    found = None
    for key, parts in inner_parts(estimator):
        # Of the steps of a pipeline, windows reach the first alone.
        for _, part in parts[:1] if key == "steps" else parts:
            told = _required(part)
            found = found if told is None else told | (found or set())
    return found
