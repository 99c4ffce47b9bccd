"""Compiled kernels of the measures whose cost is near linear; see ``_kernels`` for the rules."""

import math

import numpy as np
from numba import njit

from ._kernels import REASSOCIATE


@njit(nogil=True, cache=True, fastmath=REASSOCIATE)
def higuchi_lengths(x, kmax, skip):
    """Mean length of the curve seen at every k-th sample, k = 1..kmax (kmax <= n_times / 2)."""
    n, n_times = x.shape
    lengths = np.zeros((n, kmax))
    for row in range(n):
        if skip[row]:
            continue
        for k in range(1, kmax + 1):
            # Sub-series m = 0..k-1 have n_long steps up to m = remainder, then one less.
            n_long = (n_times - 1) // k
            remainder = (n_times - 1) % k
            total = 0.0
            for m in range(k):
                n_steps = n_long if m <= remainder else n_long - 1
                length = 0.0
                for j in range(n_steps):
                    length += abs(x[row, m + (j + 1) * k] - x[row, m + j * k])
                total += length / n_steps
            lengths[row, k - 1] = total * (n_times - 1) / (k * k * k)
    return lengths


@njit(nogil=True, cache=True, fastmath=REASSOCIATE)
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


@njit(nogil=True, cache=True, fastmath=REASSOCIATE)
def fluctuations(profile, sizes, skip):
    """Root mean square of the profile about its straight-line fit in blocks of each size."""
    n, n_times = profile.shape
    result = np.zeros((n, len(sizes)))
    for row in range(n):
        if skip[row]:
            continue
        for s in range(len(sizes)):
            size = sizes[s]
            middle = 0.5 * (size - 1)
            spread = size * (size * size - 1) / 12.0
            n_blocks = n_times // size
            total = 0.0
            for block in range(n_blocks):
                start = block * size
                # From the block's first value: far less cancellation in the sums.
                origin = profile[row, start]
                level = 0.0
                slope = 0.0
                for i in range(size):
                    y = profile[row, start + i] - origin
                    level += y
                    slope += (i - middle) * y
                level /= size
                slope /= spread
                for i in range(size):
                    y = profile[row, start + i] - origin
                    residual = y - level - slope * (i - middle)
                    total += residual * residual
            result[row, s] = math.sqrt(total / (n_blocks * size))
    return result


@njit(nogil=True, cache=True)
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


@njit(nogil=True, cache=True)
def pattern_counts(x, order, delay, n_patterns, skip):
    """Count ordinal patterns; equal samples rank in order of time.

    A pattern's number is its Lehmer code: for each sample, how many later ones are smaller.
    """
    n, n_times = x.shape
    counts = np.zeros((n, n_patterns), dtype=np.int64)
    n_vectors = n_times - (order - 1) * delay
    codes = np.empty(max(n_vectors, 0), dtype=np.int64)
    for row in range(n):
        if skip[row]:
            continue
        codes[:] = 0
        for c in range(order - 1):
            for d in range(c + 1, order):
                for i in range(n_vectors):
                    codes[i] += x[row, i + d * delay] < x[row, i + c * delay]
            if c < order - 2:
                for i in range(n_vectors):
                    codes[i] *= order - 1 - c
        if n_patterns <= 6:
            # Counting each of few patterns in whole vectors beats scattered increments.
            for k in range(n_patterns):
                total = 0
                for i in range(n_vectors):
                    total += codes[i] == k
                counts[row, k] = total
        else:
            for i in range(n_vectors):
                counts[row, codes[i]] += 1
    return counts


@njit(nogil=True, cache=True, fastmath=REASSOCIATE)
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
