"""The derivative of features over successive windows."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

WIDTH = 2  # windows on either side that the line is fitted through, HTK's default


def deltas(
    table: NDArray[np.float64], stretches: list[NDArray[np.intp]], width: int = WIDTH
) -> NDArray[np.float64]:
    """Compute the regression derivative of each column over successive windows.

    Parameters
    ----------
    table : ndarray, shape (n_rows, n_columns)
        One row a window, in any order.
    stretches : list of ndarray of int
        Row numbers of each stretch without a gap, in order of time.
    width : int, default=2
        Windows on either side that the line is fitted through.

    Returns
    -------
    ndarray of float, shape (n_rows, n_columns)
        Slope per window, in the order of ``table``; 0 for rows in no stretch.

    Notes
    -----
    d_t = sum_k k (c_{t+k} - c_{t-k}) / (2 sum_k k^2), k = 1..width. Beyond the ends of a stretch
    its first and last window are repeated. Young et al., The HTK Book, 2006, section 5.9.

    Examples
    --------
    >>> import numpy as np
    >>> from skseizure.features._deltas import deltas
    >>> deltas(np.arange(5.0)[:, np.newaxis], [np.arange(5)]).ravel().tolist()
    [0.5, 0.8, 1.0, 0.8, 0.5]
    """
    lengths = [len(rows) for rows in stretches]
    order = np.concatenate(stretches)
    end = np.repeat(np.cumsum(lengths), lengths)
    first, last = end - np.repeat(lengths, lengths), end - 1
    place = np.arange(len(order))
    total = np.zeros((len(order), table.shape[1]))
    for k in range(1, width + 1):
        after = table[order[np.minimum(place + k, last)]]
        before = table[order[np.maximum(place - k, first)]]
        total += k * (after - before)
    out = np.zeros(table.shape)
    out[order] = total / (2 * sum(k * k for k in range(1, width + 1)))
    return out
