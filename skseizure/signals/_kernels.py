"""Compiled recursive filters: many signals at a time, one in each lane of a vector."""

import numpy as np

from .._core.compiled import compiled

LANES = 8  # signals are padded to a multiple of this: whole vectors, no remainder
TILE = 128  # samples that all sections go over while they are in cache


@compiled()
def _run_sections(y, first, n, sign, sos, state):
    """Filter n samples of all lanes in place, from ``first`` on forwards or (sign -1) backwards.

    Operations and their order are those of ``scipy.signal.sosfilt``, and so are the bits. A single
    signal waits for its own last sample at every step; lanes do that at the same time.
    """
    n_lanes = y.shape[1]
    # Arrays of its own: only of these the compiler knows that they overlap with no other.
    near = np.empty(n_lanes)
    far = np.empty(n_lanes)
    for s in range(len(sos)):
        b0 = sos[s, 0]
        b1 = sos[s, 1]
        b2 = sos[s, 2]
        a1 = sos[s, 4]
        a2 = sos[s, 5]
        for lane in range(n_lanes):
            near[lane] = state[s, 0, lane]
            far[lane] = state[s, 1, lane]
        for i in range(n):
            t = first + sign * i
            for lane in range(n_lanes):
                given = y[t, lane]
                out = b0 * given + near[lane]
                near[lane] = b1 * given - a1 * out + far[lane]
                far[lane] = b2 * given - a2 * out
                y[t, lane] = out
        for lane in range(n_lanes):
            state[s, 0, lane] = near[lane]
            state[s, 1, lane] = far[lane]


@compiled()
def extend(x, pad, given):
    """Write signals (n_signals, n), extended by odd reflection, into lanes (n + 2 * pad, L)."""
    n_signals, n = x.shape
    for first in range(0, n, TILE):
        end = min(first + TILE, n)
        for lane in range(n_signals):
            for t in range(first, end):
                given[pad + t, lane] = x[lane, t]
    for lane in range(n_signals):
        for i in range(pad):
            given[i, lane] = 2.0 * x[lane, 0] - x[lane, pad - i]
            given[pad + n + i, lane] = 2.0 * x[lane, n - 1] - x[lane, n - 2 - i]


@compiled()
def filter_both_ways(given, n_all, pad, sos, settled, work, out):
    """Run second-order sections forwards and backwards over signals in lanes.

    Parameters
    ----------
    given, work : ndarray, shape (>= n_all, n_lanes)
        The extended signals in the first ``n_all`` rows, and room for as many.
    n_all, pad : int
        Samples of an extended signal, and those among them on either side that extend it.
    sos, settled : ndarray, shapes (n_sections, 6) and (n_sections, 2)
        Sections, and their states after a long row of ones.
    out : ndarray, shape (n_signals, n_all - 2 * pad)
        Where the filtered signals are written.
    """
    n_signals, n = out.shape
    n_lanes = given.shape[1]
    state = np.empty((len(sos), 2, n_lanes))
    for s in range(len(sos)):
        for k in range(2):
            for lane in range(n_lanes):
                state[s, k, lane] = settled[s, k] * given[0, lane]
    for first in range(0, n_all, TILE):
        size = min(TILE, n_all - first)
        for t in range(first, first + size):
            for lane in range(n_lanes):
                work[t, lane] = given[t, lane]
        _run_sections(work, first, size, 1, sos, state)
    for s in range(len(sos)):
        for k in range(2):
            for lane in range(n_lanes):
                state[s, k, lane] = settled[s, k] * work[n_all - 1, lane]
    # What lies before the signal is not needed.
    for last in range(n_all - 1, pad - 1, -TILE):
        size = min(TILE, last + 1)
        _run_sections(work, last, size, -1, sos, state)
        start = max(last + 1 - size - pad, 0)
        end = min(last + 1 - pad, n)
        for lane in range(n_signals):
            for t in range(start, end):
                out[lane, t] = work[pad + t, lane]
