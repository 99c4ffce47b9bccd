"""Compiled kernels of the measures whose cost is near linear; see ``_kernels`` for the rules."""

import math

import numpy as np

from .._core.compiled import REASSOCIATE, compiled

# Windows that the fluctuation kernel works on side by side: enough to fill vectors, few enough
# to stay in cache.
LANES = 64
TILE = 32


@compiled(fastmath=REASSOCIATE)
def weighted_lengths(x, weights, skip):
    """Sum of weights[k - 1, i] abs(x_{i+k} - x_i) for each lag k = 1..len(weights)."""
    n, n_times = x.shape
    lengths = np.zeros((n, len(weights)))
    for row in range(n):
        if skip[row]:
            continue
        here = x[row]
        for k in range(1, 1 + len(weights)):
            later = x[row, k:]
            weight = weights[k - 1]
            total = 0.0
            for i in range(n_times - k):
                total += weight[i] * abs(later[i] - here[i])
            lengths[row, k - 1] = total
    return lengths


@compiled(fastmath=REASSOCIATE)
def rescaled_ranges(x, sizes, skip):
    """Mean rescaled range R/S over the non-overlapping blocks of each size.

    Blocks without S are left out: constant ones, exactly, and those whose squares vanish beside
    the rest of the window. Without any block left: 0.
    """
    n, n_times = x.shape
    ranges = np.zeros((n, len(sizes)))
    for row in range(n):
        if skip[row]:
            continue
        for s in range(len(sizes)):
            size = sizes[s]
            total = 0.0
            count = 0
            for start in range(0, n_times - size + 1, size):
                mean = 0.0
                smallest = x[row, start]
                largest = smallest
                for i in range(start, start + size):
                    mean += x[row, i]
                    smallest = min(smallest, x[row, i])
                    largest = max(largest, x[row, i])
                if smallest == largest:
                    continue
                mean /= size
                square = 0.0
                for i in range(start, start + size):
                    square += (x[row, i] - mean) ** 2
                deviation = math.sqrt(square / size)
                if deviation == 0.0:
                    continue
                level = 0.0
                lowest = np.inf
                highest = -np.inf
                for i in range(start, start + size):
                    level += x[row, i] - mean
                    lowest = min(lowest, level)
                    highest = max(highest, level)
                total += (highest - lowest) / deviation
                count += 1
            if count > 0:
                ranges[row, s] = total / count
    return ranges


@compiled()
def _profiles(x, first, profile, size):
    """Write the profiles cumsum(x - mean) of some windows, time first; sum their abs(x - mean)."""
    n_times, width = profile.shape
    mean = np.zeros(width)
    level = np.zeros(width)
    # In tiles: whole columns at once would fetch every line of memory anew for each window.
    for start in range(0, n_times, TILE):
        stop = min(start + TILE, n_times)
        for lane in range(width):
            for i in range(start, stop):
                profile[i, lane] = x[first + lane, i]
        for i in range(start, stop):
            for lane in range(width):
                mean[lane] += profile[i, lane]
    mean /= n_times
    size[:] = 0.0
    for i in range(n_times):
        for lane in range(width):
            distance = profile[i, lane] - mean[lane]
            size[lane] += abs(distance)
            level[lane] += distance
            profile[i, lane] = level[lane]


@compiled(fastmath={"contract"})
def _add_residuals(block, tangent, level, slope, square, total):
    """Add the squared residuals of each column of a block about its least-squares line.

    The sums of the values, of their products with time and of their squares tell the residual
    without a second pass. The tangent, the line of the first step, is taken off before: sums that
    come to nearly nothing would drown in rounding. All but ``block`` are vectors across columns.
    """
    length, width = block.shape
    middle = 0.5 * (length - 1)
    # Times these, as divisions take longer than all the rest of a short block.
    per_level = 1.0 / length
    per_slope = 12.0 / (length * (length * length - 1))
    for lane in range(width):
        tangent[lane] = block[1, lane] - block[0, lane]
        level[lane] = 0.0
        slope[lane] = 0.0
        square[lane] = 0.0
    # Four samples at a time: a quarter of the traffic of the sums. Samples 0 and 1 are on the
    # tangent and add nothing: left out, or taken along to make the number even.
    start = 2 - length % 2
    if (length - start) % 4 == 2:
        for lane in range(width):
            a = (block[start, lane] - block[0, lane]) - start * tangent[lane]
            b = (block[start + 1, lane] - block[0, lane]) - (start + 1) * tangent[lane]
            level[lane] = a + b
            slope[lane] = (start - middle) * a + (start + 1 - middle) * b
            square[lane] = a * a + b * b
        start += 2
    for i in range(start, length, 4):
        for lane in range(width):
            a = (block[i, lane] - block[0, lane]) - i * tangent[lane]
            b = (block[i + 1, lane] - block[0, lane]) - (i + 1) * tangent[lane]
            c = (block[i + 2, lane] - block[0, lane]) - (i + 2) * tangent[lane]
            d = (block[i + 3, lane] - block[0, lane]) - (i + 3) * tangent[lane]
            level[lane] += (a + b) + (c + d)
            early = (i - middle) * a + (i + 1 - middle) * b
            slope[lane] += early + ((i + 2 - middle) * c + (i + 3 - middle) * d)
            square[lane] += (a * a + b * b) + (c * c + d * d)
    for lane in range(width):
        fitted = level[lane] * level[lane] * per_level + slope[lane] * slope[lane] * per_slope
        total[lane] += max(square[lane] - fitted, 0.0)


@compiled()
def fluctuations(x, sizes):
    """Root mean square of each profile about its straight-line fit in blocks of each size.

    Windows lie side by side: vectors run across windows, whatever the size of a block, and in
    each window the additions keep their order. Also returns the sum of abs(x - mean).
    """
    n, n_times = x.shape
    result = np.empty((n, len(sizes)))
    total_size = np.empty(n)
    memory = np.empty(n_times * min(n, LANES))
    for first in range(0, n, LANES):
        width = min(LANES, n - first)
        profile = memory[: n_times * width].reshape(n_times, width)
        scratch = np.empty((5, width))
        tangent, level, slope = scratch[0], scratch[1], scratch[2]
        square, total = scratch[3], scratch[4]
        _profiles(x, first, profile, total_size[first : first + width])
        for s in range(len(sizes)):
            n_blocks = n_times // sizes[s]
            total[:] = 0.0
            for start in range(0, n_blocks * sizes[s], sizes[s]):
                block = profile[start : start + sizes[s]]
                _add_residuals(block, tangent, level, slope, square, total)
            for lane in range(width):
                result[first + lane, s] = math.sqrt(total[lane] / (n_blocks * sizes[s]))
    return result, total_size


@compiled()
def slopes(abscissa, ordinate, usable):
    """Least-squares slope over the usable points of each row; 0 from fewer than two.

    abscissa: shape (n_points,); ordinate and usable: shape (n, n_points).
    """
    n, n_points = ordinate.shape
    slope = np.zeros(n)
    for row in range(n):
        count = 0
        centre = 0.0
        level = 0.0
        for k in range(n_points):
            if usable[row, k]:
                count += 1
                centre += abscissa[k]
                level += ordinate[row, k]
        if count < 2:
            continue
        centre /= count
        level /= count
        square = 0.0
        product = 0.0
        for k in range(n_points):
            if usable[row, k]:
                distance = abscissa[k] - centre
                square += distance * distance
                product += distance * (ordinate[row, k] - level)
        slope[row] = product / square
    return slope


@compiled()
def histogram_counts(x, low, high, n_bins, skip):
    """Count the samples in equal-width bins between each row's low and high."""
    n, n_times = x.shape
    counts = np.zeros((n, n_bins), dtype=np.int64)
    for row in range(n):
        if skip[row]:
            continue
        width = high[row] - low[row]
        for i in range(n_times):
            # Multiplied first: sample values on a bin's edge stay on it.
            k = int((x[row, i] - low[row]) * n_bins / width)
            counts[row, min(k, n_bins - 1)] += 1
    return counts


@compiled(fastmath=REASSOCIATE)
def pattern_counts_of_three(x, delay):
    """Count ordinal patterns of three samples, from which pairs of them fall.

    Equal samples rank in order of time. Only five of the eight combinations need counting: two
    do not occur, and all add up. The second result is the sum of the sizes of all samples, which
    bounds each of them: a pass of its own over the memory would take as long as the counts.
    """
    n, n_times = x.shape
    n_vectors = n_times - 2 * delay
    counts = np.empty((n, 6), dtype=np.int64)
    total = 0.0
    for row in range(n):
        for i in range(n_vectors, n_times):
            total += abs(x[row, i])
        first = x[row]
        second = x[row, delay:]
        third = x[row, 2 * delay :]
        n_early = 0
        n_late = 0
        n_early_late = 0
        n_early_whole = 0
        n_late_whole = 0
        for i in range(n_vectors):
            early = second[i] < first[i]
            late = third[i] < second[i]
            whole = third[i] < first[i]
            total += abs(first[i])
            n_early += early
            n_late += late
            n_early_late += early & late
            n_early_whole += early & whole
            n_late_whole += late & whole
        counts[row, 0] = n_early_late
        counts[row, 1] = n_early - n_early_whole
        counts[row, 2] = n_early_whole - n_early_late
        counts[row, 3] = n_late - n_late_whole
        counts[row, 4] = n_late_whole - n_early_late
        counts[row, 5] = n_vectors - n_early - n_late + n_early_late
    return counts, total


@compiled()
def pattern_counts(x, order, delay, n_patterns):
    """Count ordinal patterns; equal samples rank in order of time.

    A pattern's number is its Lehmer code: for each sample, how many later ones are smaller.
    """
    n, n_times = x.shape
    counts = np.zeros((n, n_patterns), dtype=np.int64)
    n_vectors = n_times - (order - 1) * delay
    codes = np.empty(n_vectors, dtype=np.int64)
    for row in range(n):
        codes[:] = 0
        for c in range(order - 1):
            for d in range(c + 1, order):
                for i in range(n_vectors):
                    codes[i] += x[row, i + d * delay] < x[row, i + c * delay]
            if c < order - 2:
                for i in range(n_vectors):
                    codes[i] *= order - 1 - c
        for i in range(n_vectors):
            counts[row, codes[i]] += 1
    return counts


@compiled(fastmath=REASSOCIATE)
def singular_values(x, order, delay, skip):
    """Singular values of each row's delay matrix, by one-sided Jacobi rotations.

    Rotating columns until they are orthogonal leaves the singular values as their norms,
    accurate also when they differ by many powers of ten, as those of slow signals do.
    """
    n, n_times = x.shape
    n_vectors = n_times - (order - 1) * delay
    values = np.zeros((n, order))
    y = np.empty((order, max(n_vectors, 0)))
    for row in range(n):
        if skip[row]:
            continue
        for c in range(order):
            for i in range(n_vectors):
                y[c, i] = x[row, i + c * delay]
        for _ in range(60):
            rotated = False
            for c in range(order - 1):
                for d in range(c + 1, order):
                    cc = 0.0
                    dd = 0.0
                    cd = 0.0
                    for i in range(n_vectors):
                        cc += y[c, i] * y[c, i]
                        dd += y[d, i] * y[d, i]
                        cd += y[c, i] * y[d, i]
                    if abs(cd) <= 1e-15 * math.sqrt(cc) * math.sqrt(dd):
                        continue
                    rotated = True
                    zeta = (dd - cc) / (2.0 * cd)
                    tangent = 1.0 / (abs(zeta) + math.sqrt(1.0 + zeta * zeta))
                    if zeta < 0.0:
                        tangent = -tangent
                    cosine = 1.0 / math.sqrt(1.0 + tangent * tangent)
                    sine = cosine * tangent
                    for i in range(n_vectors):
                        a = y[c, i]
                        b = y[d, i]
                        y[c, i] = cosine * a - sine * b
                        y[d, i] = sine * a + cosine * b
            if not rotated:
                break
        for c in range(order):
            square = 0.0
            for i in range(n_vectors):
                square += y[c, i] * y[c, i]
            values[row, c] = math.sqrt(square)
    return values


@compiled(fastmath=REASSOCIATE)
def shares(weights):
    """Share of each weight in the sum of its row, 1 in place of 0: its logarithm adds nothing."""
    n, size = weights.shape
    out = np.ones((n, size))
    for row in range(n):
        total = 0.0
        for i in range(size):
            total += weights[row, i]
        if total > 0.0:
            for i in range(size):
                share = weights[row, i] / total
                out[row, i] = share if share > 0.0 else 1.0
    return out


@compiled(fastmath=REASSOCIATE)
def sums_of_products(a, b):
    """Sum of a[i, j] b[i, j] over j, shape (n,)."""
    n, size = a.shape
    out = np.empty(n)
    for row in range(n):
        total = 0.0
        for i in range(size):
            total += a[row, i] * b[row, i]
        out[row] = total
    return out
