"""Picking one record out of windows of several."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from ..signals import Events, Windows


def check_windows_given(X: Any) -> None:
    """Raise an error unless ``X`` is a `Windows` with a window."""
    if not isinstance(X, Windows):
        raise TypeError(
            f"X is a {type(X).__name__}, which knows neither record nor time; a Windows is needed."
        )
    if len(X) == 0:
        raise ValueError("X holds 0 windows; at least one is needed.")


def check_events_given(reference: Any) -> None:
    """Raise an error unless the true seizures are `Events`."""
    if not isinstance(reference, Events):
        raise TypeError(
            f"reference is a {type(reference).__name__}; Events are needed: X.to_events(y) makes "
            "them of labels."
        )


def one_record(X: Windows, record: str | None) -> tuple[NDArray[np.bool_], Windows]:
    """Return which windows are of a record, the first one's if it is None, and those windows."""
    check_windows_given(X)
    name = str(X.record[0]) if record is None else record
    if name not in X.record:
        raise ValueError(
            f"record {name!r} is not in X, which holds {', '.join(map(str, np.unique(X.record)))}."
        )
    mine = X.record == name
    return mine, X[mine]
