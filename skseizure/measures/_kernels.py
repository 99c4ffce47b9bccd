"""Compiled kernels of the measures that are quadratic, sequential or scan many scales.

Every kernel takes a C-contiguous float64 batch (n_windows, n_times) and works row after row without
looking at any other row, so a window gives the same bits alone and in a batch. Rows marked in
``skip`` (constant windows) are left at zero.
"""

import math

import numpy as np

from .._core.compiled import compiled

BLOCK = 32
# Cells per radius that templates are sorted into: few enough for the sort to be linear, and fine
# enough that a run of whole cells is little longer than the radius.
CELLS = 16
ONE = np.uint64(1)
ZERO = np.uint64(0)
WORD = 64


@compiled()
def _log_sum(counts):
    """Sum logarithms of counts; few counts differ, so there are few logarithms to take."""
    occurrences = np.zeros(counts.max() + 1, dtype=np.int64)
    for count in counts:
        occurrences[count] += 1
    total = 0.0
    for count in range(2, len(occurrences)):
        if occurrences[count] > 0:
            total += occurrences[count] * math.log(count)
    return total


@compiled()
def _sort_into_cells(values, radius, order, cell, ends):
    """Order values by cells of a fraction of the radius: counting, no comparison.

    Writes the permutation and the end of each cell's run; returns the smallest value and the
    number of cells in a unit.
    """
    low = high = values[0]
    for value in values:  # numpy's minimum and maximum take half a second more to compile
        low, high = min(low, value), max(high, value)
    span = high - low
    # Not more cells than values, however small the radius.
    n_cells = len(values)
    density = min(CELLS / radius, n_cells / span) if span > 0.0 and radius > 0.0 else 0.0
    ends[:] = 0
    for i in range(len(values)):
        cell[i] = min(int((values[i] - low) * density), n_cells - 1)
        ends[cell[i]] += 1
    total = 0
    for c in range(n_cells):
        total += ends[c]
        ends[c] = total
    for i in range(len(values) - 1, -1, -1):
        ends[cell[i]] -= 1
        order[ends[cell[i]]] = i
    # Filling left each cell's start, which is the end of the cell before it.
    for c in range(n_cells - 1):
        ends[c] = ends[c + 1]
    ends[n_cells - 1] = len(values)
    return low, density


@compiled()
def template_counts(x, others, radius, skip):
    """Count similar templates of ``order`` and of ``order + 1`` samples.

    Sorted by their first sample, only the run of templates whose first samples lie within the
    radius is compared. The run is cut in blocks of fixed length with infinite padding: whole
    vectors, no remainder.

    ``others`` is the tuple of the other samples' places, 1 to order - 1: being a tuple, its
    length is known to the compiler, which unrolls the loops over a template.

    Returns the number of pairs that match over ``order`` and ``order + 1`` samples (n, 2),
    without self-matches and among the first n_times - order templates, and the sums of the
    logarithms of the counts with self-matches (n, 2), over all n_times - order + 1 and
    n_times - order templates.
    """
    n, n_times = x.shape
    order = 1 + len(others)
    n_templates = n_times - order + 1
    pairs = np.zeros((n, 2), dtype=np.int64)
    log_sums = np.zeros((n, 2))
    sorting = np.empty(n_templates, dtype=np.int64)
    cell = np.empty(n_templates, dtype=np.int64)
    ends = np.empty(n_templates, dtype=np.int64)
    y = np.full((order + 1, n_templates + BLOCK), np.inf)
    short = np.empty(n_templates + BLOCK, dtype=np.int64)
    extended = np.empty(n_templates + BLOCK, dtype=np.int64)
    for row in range(n):
        if skip[row]:
            continue
        r = radius[row]
        low, density = _sort_into_cells(x[row, :n_templates], r, sorting, cell, ends)
        last = 0
        for a in range(n_templates):
            start = sorting[a]
            for c in range(order):
                y[c, a] = x[row, start + c]
            if start + order < n_times:
                y[order, a] = x[row, start + order]
            else:
                # The last template has no further sample: infinity is near to nothing.
                y[order, a] = np.inf
                last = a
        short[:] = 1
        extended[:] = 1
        for a in range(n_templates):
            n_short = 0
            n_extended = 0
            # One cell more: the sum and the difference of samples are rounded apart.
            furthest = (y[0, a] + r - low) * density + 1.0
            stop = ends[min(int(furthest), n_templates - 1)]
            b = a + 1
            while b < stop:
                for k in range(BLOCK):
                    match = abs(y[0, b + k] - y[0, a]) <= r
                    for c in range(1, 1 + len(others)):
                        match = match & (abs(y[c, b + k] - y[c, a]) <= r)
                    both = match & (abs(y[order, b + k] - y[order, a]) <= r)
                    short[b + k] += match
                    extended[b + k] += both
                    n_short += match
                    n_extended += both
                b += BLOCK
            short[a] += n_short
            extended[a] += n_extended
        pairs[row, 0] = (short[:n_templates].sum() - n_templates) // 2 - (short[last] - 1)
        pairs[row, 1] = (extended[:n_templates].sum() - n_templates) // 2
        # In the extended count, the last template has itself only: log(1) = 0.
        log_sums[row, 0] = _log_sum(short[:n_templates])
        log_sums[row, 1] = _log_sum(extended[:n_templates])
    return pairs, log_sums


@compiled()
def pair_counts(x, others, radius, skip):
    """Count pairs of similar templates, as `template_counts` does, but not for each template.

    Without the counts of each template, nothing but sums in registers is written in the inner loop.

    Returns the number of pairs (n, 2).
    """
    n, n_times = x.shape
    order = 1 + len(others)
    n_templates = n_times - order
    pairs = np.zeros((n, 2), dtype=np.int64)
    sorting = np.empty(n_templates, dtype=np.int64)
    cell = np.empty(n_templates, dtype=np.int64)
    ends = np.empty(n_templates, dtype=np.int64)
    y = np.full((order + 1, n_templates + BLOCK), np.inf)
    for row in range(n):
        if skip[row]:
            continue
        r = radius[row]
        low, density = _sort_into_cells(x[row, :n_templates], r, sorting, cell, ends)
        for a in range(n_templates):
            for c in range(order + 1):
                y[c, a] = x[row, sorting[a] + c]
        n_short = 0
        n_extended = 0
        for a in range(n_templates):
            furthest = (y[0, a] + r - low) * density + 1.0
            stop = ends[min(int(furthest), n_templates - 1)]
            b = a + 1
            while b < stop:
                for k in range(BLOCK):
                    match = abs(y[0, b + k] - y[0, a]) <= r
                    for c in range(1, 1 + len(others)):
                        match = match & (abs(y[c, b + k] - y[c, a]) <= r)
                    n_short += match
                    n_extended += match & (abs(y[order, b + k] - y[order, a]) <= r)
                b += BLOCK
        pairs[row, 0] = n_short
        pairs[row, 1] = n_extended
    return pairs


@compiled()
def _largest_gap(gap, others, delay, size, distance):
    """Chebyshev distances of states, from the distances of their samples."""
    for i in range(size):
        largest = gap[i]
        for c in range(1, 1 + len(others)):
            # Unsigned: a place that might count from the end could not be read in vectors.
            further = gap[np.uint64(i) + np.uint64(c) * np.uint64(delay)]
            largest = further if further > largest else largest
        distance[i] = largest


@compiled()
def _offer(distance, size, lag, nearest, best_lag):
    """Take the offered neighbours where they are nearer than the best so far."""
    for i in range(size):
        d = distance[i]
        best = nearest[i]
        kept = best_lag[i]
        closer = d < best
        nearest[i] = d if closer else best
        best_lag[i] = lag if closer else kept


@compiled()
def divergence(x, others, delay, exclusion, n_steps, skip):
    """Follow every state and its nearest neighbour: mean log distance after 1..n_steps samples.

    States are delay vectors; only those that can be followed n_steps samples take part. The
    neighbour is the nearest one (Chebyshev) more than ``exclusion`` samples away, of equally
    near ones the closest in time, the earlier first. Pairs are visited lag after lag, where
    neighbouring states share their coordinates' distances. Distances of zero have no logarithm
    and are left out. ``others`` is (1, .., dimension - 1), as in ``template_counts``.

    Returns the mean logarithms (n, n_steps) and the number of distances behind each.
    """
    n, n_times = x.shape
    dimension = 1 + len(others)
    span = len(others) * delay
    n_states = n_times - span - n_steps
    curve = np.zeros((n, n_steps))
    counts = np.zeros((n, n_steps), dtype=np.int64)
    gap = np.empty(n_times)
    distance = np.empty(n_times)
    nearest = np.empty(n_states)
    # The neighbour's lag, negative for earlier ones, as a float: one width for whole vectors.
    best_lag = np.empty(n_states)
    for row in range(n):
        if skip[row]:
            continue
        nearest[:] = np.inf
        best_lag[:] = 0.0
        for lag in range(exclusion[row] + 1, n_states):
            size = n_states - lag
            earlier = x[row]
            later = x[row, lag:]
            for i in range(size + span):
                gap[i] = abs(later[i] - earlier[i])
            _largest_gap(gap, others, delay, size, distance)
            _offer(distance, size, -float(lag), nearest[lag:], best_lag[lag:])
            _offer(distance, size, float(lag), nearest, best_lag)
        for step in range(1, n_steps + 1):
            total = 0.0
            # Multiplied as long as that cannot over- or underflow: logarithms are dear.
            product = 1.0
            count = 0
            for i in range(n_states):
                j = i + int(best_lag[i])
                if j != i:
                    square = 0.0
                    for c in range(dimension):
                        d = x[row, i + step + c * delay] - x[row, j + step + c * delay]
                        square += d * d
                    if square > 0.0:
                        count += 1
                        if not 1e-90 < product * square < 1e90:
                            total += math.log(product)
                            product = 1.0
                            if not 1e-90 < square < 1e90:
                                total += math.log(square)
                                continue
                        product *= square
            if count > 0:
                curve[row, step - 1] = 0.5 * (total + math.log(product)) / count
                counts[row, step - 1] = count
    return curve, counts


@compiled()
def _count_ones(low_ones):
    """Count the ones of a word that is all zeros above them."""
    count = 0
    while low_ones != ZERO:
        low_ones >>= ONE
        count += 1
    return count


@compiled()
def _longest_copy(words, start):
    """Longest match with anything that starts before ``start``, when it exceeds one word."""
    longest = 0
    for i in range(start):
        length = 0
        while start + length < len(words):
            v = words[i + length] ^ words[start + length]
            matching = _count_ones(~v & (v - ONE))
            length += matching
            if matching < WORD:
                break
        longest = max(longest, length)
        if start + longest >= len(words):
            break
    return longest


@compiled()
def phrase_counts(bits, skip):
    """Count the phrases of each row's Lempel-Ziv (1976) parsing.

    A phrase is the longest copy of anything that starts earlier, plus one symbol. Words of 64
    symbols are compared at once: the trailing equal symbols of two words are the trailing
    zeros of their exclusive or.
    """
    n, n_times = bits.shape
    phrases = np.zeros(n, dtype=np.int64)
    words = np.empty(n_times, dtype=np.uint64)
    for row in range(n):
        if skip[row]:
            continue
        word = ZERO
        for i in range(n_times - 1, -1, -1):
            word = (word << ONE) | np.uint64(bits[row, i])
            words[i] = word
        count = 1
        start = 1
        while start < n_times:
            here = words[start]
            longest = ZERO
            for i in range(start):
                v = words[i] ^ here
                longest = max(longest, ~v & (v - ONE))
            length = _count_ones(longest)
            if length == WORD:
                length = _longest_copy(words, start)
            count += 1
            start += length + 1
        phrases[row] = count
    return phrases
