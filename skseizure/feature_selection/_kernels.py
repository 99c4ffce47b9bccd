"""Compiled kernel of the selectors: joint histograms of three discrete variables.

Only this file imports numba, and the engine imports this file on first use. The kernel releases the
GIL, is cached on disk, and treats every pair by itself, so that the split over threads changes no
bit of the result.
"""

import math

import numpy as np

from .._core.compiled import compiled

NO_PARTNER = -1


@compiled()
def _count_log_count(count):
    return count * math.log(count) if count > 1 else 0.0


@compiled()
def pair_sums(codes, sizes, y, n_classes, columns, partners):
    """Sum h(c) = c log c over the joint counts of column, partner and class.

    ``codes`` (n_features, n_samples) are uint8, ``y`` (n_samples,) uint32. ``columns`` and
    ``partners`` (n_pairs,) name the pairs; the partner -1 is a constant.

    Returns the sums over the cells (column, partner, class) and over the cells (column, partner),
    shape (n_pairs, 2).
    """
    n_pairs = len(columns)
    n_samples = codes.shape[1]
    out = np.empty((n_pairs, 2))
    largest = 1
    for i in range(n_pairs):
        partner_size = sizes[partners[i]] if partners[i] >= 0 else 1
        largest = max(largest, sizes[columns[i]] * partner_size * n_classes)
    counts = np.empty(largest, dtype=np.int64)
    folded = y.copy()
    last = NO_PARTNER
    for i in range(n_pairs):
        partner = partners[i]
        if partner != last:
            if partner < 0:
                folded[:] = y
            else:
                other = codes[partner]
                for t in range(n_samples):
                    folded[t] = np.uint32(other[t]) * np.uint32(n_classes) + y[t]
            last = partner
        n_cells = n_classes * (sizes[partner] if partner >= 0 else 1)
        table = counts[: n_cells * sizes[columns[i]]]
        table[:] = 0
        row = codes[columns[i]]
        stride = np.uint64(n_cells)
        for t in range(n_samples):
            table[np.uint64(row[t]) * stride + np.uint64(folded[t])] += 1
        with_class = 0.0
        without = 0.0
        for start in range(0, len(table), n_classes):
            total = 0
            for cell in range(start, start + n_classes):
                total += table[cell]
                with_class += _count_log_count(table[cell])
            without += _count_log_count(total)
        out[i, 0] = with_class
        out[i, 1] = without
    return out
