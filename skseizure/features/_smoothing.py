"""The moving average of a table in time."""

from __future__ import annotations

import warnings
from collections.abc import Iterable
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray
from sklearn.utils import gen_batches

from .._core.validation import is_windows
from ..measures._batch import check_integer

_BLOCK = 2**20  # values summed at a time: memory does not grow with the table


def moving_average(
    table: ArrayLike,
    segments: Iterable[NDArray[np.intp]],
    n_windows: int,
    *,
    center: bool = False,
) -> NDArray[np.floating]:
    """Average each column over successive windows.

    Parameters
    ----------
    table : array-like, shape (n_rows, n_columns)
        One row a window, in any order.
    segments : iterable of ndarray of int
        Row numbers of each stretch without a gap, in order of time, as `Windows.segments` gives
        them. No average reaches beyond its stretch. Rows in none stay as they are.
    n_windows : int
        Windows in an average, at least 1. There are fewer where the stretch has no more.
    center : bool, default=False
        False: a window and those before it, so that nothing depends on the future. True: a window
        with ``n_windows // 2`` before it and ``(n_windows - 1) // 2`` after it.

    Returns
    -------
    ndarray of float, shape (n_rows, n_columns)
        The averages, row by row in the order of ``table``; float32 stays float32 (computed in
        float64), all else becomes float64.

    Raises
    ------
    ValueError
        If ``n_windows`` is no integer of at least 1.

    Notes
    -----
    Sums of 2, 4, 8, ... windows are each built from two of half the length, and those that make up
    ``n_windows`` added: ``log2(n_windows)`` passes over the table. No running total is kept, so
    the rounding error is at most about ``log2(n_windows)`` times that of one addition, whatever
    the offset and the length of the table, and a value's bits depend on the windows in its average
    alone.

    Examples
    --------
    >>> import numpy as np
    >>> from skseizure.features._smoothing import moving_average
    >>> table = np.array([[1.0], [3.0], [5.0], [10.0]])
    >>> moving_average(table, [np.array([0, 1, 2]), np.array([3])], 2).ravel().tolist()
    [1.0, 2.0, 4.0, 10.0]
    """
    n_windows = check_integer("n_windows", n_windows, 1)
    table = np.asarray(table)
    out = table.astype(table.dtype if table.dtype == np.float32 else np.float64)
    after = (n_windows - 1) // 2 if center else 0
    # A power of two, so that sums of the largest numbers do not overflow and no bit is lost.
    scale = 2.0 ** -n_windows.bit_length()
    for rows in segments:
        n = len(rows)
        last = np.arange(n) + after
        count = np.minimum(last, n - 1) - np.maximum(last - n_windows, -1)
        for columns in gen_batches(table.shape[1], max(1, _BLOCK // (n + after))):
            block = np.zeros((n + after, columns.stop - columns.start))
            block[:n] = table[rows, columns]
            total = _trailing_sum(block * scale, n_windows)[after:]
            out[rows, columns] = total / (scale * count)[:, np.newaxis]
    return out


def smooth(
    table: NDArray, X: Any, seconds: float, center: bool, step: float
) -> NDArray[np.floating]:
    """Average a table of the windows ``X`` over time, never across records or gaps.

    Parameters
    ----------
    table : ndarray, shape (n_windows, n_columns)
        One row a window of X.
    X : Windows or array-like
        What is no `Windows` is one record in row order.
    seconds : float
        Span of the average; as many windows as there are steps in it, rounded, at least one.
    center : bool
        Whether the average lies around its window or ends with it.
    step : float
        Seconds from one window to the next.

    Returns
    -------
    ndarray of float, shape (n_windows, n_columns)
        The averages.

    Warns
    -----
    UserWarning
        If gaps leave most windows less than half of the span, where their records are long enough.
    """
    # More windows than reach over the table on both sides are as many as that.
    n_windows = max(1, round(min(float(seconds) / step, 2 * len(table) + 1)))
    segments = X.segments() if is_windows(X) else [np.arange(len(table))]
    if is_windows(X):
        _warn_of_gaps(X, segments, seconds)
    return moving_average(table, segments, n_windows, center=center)


def _warn_of_gaps(X: Any, segments: list[NDArray[np.intp]], seconds: float) -> None:
    # Rows that were shuffled or chosen: another feature than the one of unbroken recordings.
    names, record = np.unique(X.record, return_inverse=True)
    if len(segments) == len(names):
        return
    first, last = np.full(len(names), np.inf), np.zeros(len(names))
    np.minimum.at(first, record, X.onset)
    np.maximum.at(last, record, X.onset)
    long_enough = (last - first + X.step >= seconds)[record]
    lengths = np.array([len(rows) for rows in segments])
    short = np.repeat(lengths * X.step < seconds / 2, lengths)
    starved = np.count_nonzero(short & long_enough[np.concatenate(segments)])
    if starved > len(X) / 2:
        warnings.warn(
            f"{starved} of the {len(X)} windows of X stand between gaps with less than half of the "
            f"{seconds:g} s that they are to be averaged over, which never go across a gap, here "
            f"1.5 times X.step = {X.step:g} s. If rows were shuffled or chosen: compute features "
            "before that, and split by record, patient or blocks of time.",
            UserWarning,
            stacklevel=5,
        )


def _trailing_sum(block: NDArray[np.float64], n_windows: int) -> NDArray[np.float64]:
    """Return the sum of each row and the ``n_windows - 1`` rows before it, as far as there are."""
    total = np.zeros_like(block)
    summed = 0  # rows in each sum of `total`
    length = 1  # rows in each sum of `block`
    while summed < min(n_windows, len(block)):
        if n_windows & length:
            total[summed:] += block[: len(block) - summed]
            summed += length
        block[length:] += block[:-length]
        length *= 2
    return total
