"""Picking one record out of windows of several."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from ..signals import Windows


def one_record(X: Windows, record: str | None) -> tuple[NDArray[np.bool_], Windows]:
    """Return which windows are of a record, the first one's if it is None, and those windows."""
    name = str(X.record[0]) if record is None else record
    if name not in X.record:
        raise ValueError(
            f"record {name!r} is not in X, which holds {', '.join(map(str, np.unique(X.record)))}."
        )
    mine = X.record == name
    return mine, X[mine]
