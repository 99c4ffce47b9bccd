"""Compiled kernels of the selectors: joint histograms, and the cuts that labels call for.

The kernels treat every pair or column by itself, so that the split over threads changes no bit of
the result.
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


@compiled()
def _best_cut(counts, first, last, below, above, h):
    """Find the cut of one bin that the minimum description length principle gains most by.

    ``counts`` (n_cuts, n_classes) are the rows of each class before each candidate, those from
    ``first`` to ``last - 1`` lie in the bin; ``below`` and ``above`` (n_classes,) are the rows
    before the bin and before its end.

    Returns the candidate and the bits that its cut saves; -1 and 0 where none saves any.
    """
    n_classes = len(below)
    n = 0
    whole = 0.0
    present = 0
    for c in range(n_classes):
        count = above[c] - below[c]
        n += count
        whole += h[count]
        present += count > 0
    if present < 2:
        return -1, 0.0
    # N times entropies in bits, from h(c) = c log2 c.
    entropy = h[n] - whole
    fixed = math.log2(n - 1.0) + math.log2(3.0**present - 2.0) - present * entropy / n
    best, saved = -1, 0.0
    for i in range(first, last):
        left_n = 0
        left_h = 0.0
        right_h = 0.0
        left_present = 0
        right_present = 0
        for c in range(n_classes):
            left = counts[i, c] - below[c]
            right = above[c] - counts[i, c]
            left_n += left
            left_h += h[left]
            right_h += h[right]
            left_present += left > 0
            right_present += right > 0
        right_n = n - left_n
        left_entropy = h[left_n] - left_h
        right_entropy = h[right_n] - right_h
        cost = fixed + left_present * left_entropy / left_n
        cost += right_present * right_entropy / right_n
        gain = entropy - left_entropy - right_entropy - cost
        if gain > saved:
            best, saved = i, gain
    return best, saved


@compiled()
def supervised_cuts(starts, labels, steps, h, n_classes, most):
    """Cut bins of a sorted column further where the classes differ, as Fayyad and Irani do.

    ``starts`` are the positions of all bins but the first, ``labels`` (n_samples,) the classes in
    the order of the column, ``steps`` the positions at which a new value begins, ``h`` c log2 c
    of 0 to n_samples.

    The bin whose best cut saves most is cut first, until no cut saves bits or there are ``most``
    bins. Returns the positions of all bins but the first, sorted.
    """
    n_steps = len(steps)
    n = len(labels)
    counts = np.empty((n_steps, n_classes), dtype=np.int64)
    positions = np.empty(n_steps, dtype=np.int64)
    before = np.zeros((len(starts) + 2, n_classes), dtype=np.int64)
    so_far = np.zeros(n_classes, dtype=np.int64)
    n_cuts = 0
    bin_ = 0
    first_cut = np.zeros(len(starts) + 2, dtype=np.int64)
    pure = -1  # class of the last run of equal values; -2 of several
    at = 0
    for run in range(n_steps + 1):
        end = steps[run] if run < n_steps else n
        this = labels[at]
        for t in range(at, end):
            if labels[t] != this:
                this = -2
                break
        if at > 0:
            if bin_ < len(starts) and starts[bin_] == at:
                bin_ += 1
                before[bin_] = so_far
                first_cut[bin_] = n_cuts
            # A cut inside a row of one class is never the best.
            elif not (this == pure and this >= 0):
                counts[n_cuts] = so_far
                positions[n_cuts] = at
                n_cuts += 1
        for t in range(at, end):
            so_far[labels[t]] += 1
        pure = this
        at = end
    n_bins = len(starts) + 1
    before[n_bins] = so_far
    first_cut[n_bins] = n_cuts
    room = max(most, n_bins)
    low = np.empty((room, n_classes), dtype=np.int64)
    high = np.empty((room, n_classes), dtype=np.int64)
    cuts = np.empty((room, 2), dtype=np.int64)
    chosen = np.empty(room, dtype=np.int64)
    saved = np.empty(room)
    for b in range(n_bins):
        low[b], high[b] = before[b], before[b + 1]
        cuts[b, 0], cuts[b, 1] = first_cut[b], first_cut[b + 1]
        chosen[b], saved[b] = _best_cut(counts, cuts[b, 0], cuts[b, 1], low[b], high[b], h)
    found = np.empty(room, dtype=np.int64)
    found[: n_bins - 1] = starts
    while n_bins < most:
        b = np.argmax(saved[:n_bins])
        if saved[b] <= 0:
            break
        cut = chosen[b]
        found[n_bins - 1] = positions[cut]
        low[n_bins], high[n_bins] = counts[cut], high[b]
        cuts[n_bins, 0], cuts[n_bins, 1] = cut + 1, cuts[b, 1]
        high[b], cuts[b, 1] = counts[cut], cut
        for part in (b, n_bins):
            chosen[part], saved[part] = _best_cut(
                counts, cuts[part, 0], cuts[part, 1], low[part], high[part], h
            )
        n_bins += 1
    return np.sort(found[: n_bins - 1])
