"""Compiled kernels of the measures that are quadratic, sequential or scan many scales.

Only this file imports numba, and the measures import this file on first use. Every kernel
takes a C-contiguous float64 batch (n_windows, n_times), works row after row without looking at
any other row (so a window gives the same bits alone and in a batch), releases the GIL, and is
cached on disk. Rows marked in ``skip`` (constant windows) are left at zero.

``REASSOCIATE`` lets the compiler split one long sum over vector lanes; the order of the
additions then depends on the row's length only.
"""

import math

import numpy as np
from numba import njit

REASSOCIATE = {"reassoc", "contract", "nsz"}
BLOCK = 32
ONE = np.uint64(1)
ZERO = np.uint64(0)
WORD = 64

# Adding and subtracting 1.5 * 2**52 rounds a double to an integer and leaves that integer in
# the low bits of the sum: an exponent without any float-to-integer conversion.
ROUNDER = 6755399441055744.0
LOG2_E = 1.4426950408889634
# Taylor coefficients of 2**f, |f| <= 1/2, highest first; what is left out is below 2e-16.
EXP2 = tuple(math.log(2.0) ** i / math.factorial(i) for i in range(12, -1, -1))


@njit(nogil=True, cache=True)
def _log_sum(counts):
    """Sum logarithms of counts, in the order of the counts whatever order they come in.

    (Sorting leaves the order of templates with equal first samples open.)
    """
    occurrences = np.zeros(counts.max() + 1, dtype=np.int64)
    for count in counts:
        occurrences[count] += 1
    total = 0.0
    for count in range(2, len(occurrences)):
        if occurrences[count] > 0:
            total += occurrences[count] * math.log(count)
    return total


@njit(nogil=True, cache=True)
def template_counts(x, sorting, others, radius, skip):
    """Count similar templates of ``order`` and of ``order + 1`` samples.

    Sorted by their first sample, only the run of templates whose first samples lie within the
    radius is compared. The run is cut in blocks of fixed length with infinite padding: whole
    vectors, no remainder.

    ``sorting`` (n, n_times - order + 1) is the order of the templates by their first sample.
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
    y = np.full((order + 1, n_templates + BLOCK), np.inf)
    short = np.empty(n_templates + BLOCK, dtype=np.int64)
    extended = np.empty(n_templates + BLOCK, dtype=np.int64)
    for row in range(n):
        if skip[row]:
            continue
        r = radius[row]
        last = 0
        for a in range(n_templates):
            start = sorting[row, a]
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
            first = y[0, a]
            n_short = 0
            n_extended = 0
            b = a + 1
            while b < n_templates and y[0, b] - first <= r:
                for k in range(BLOCK):
                    match = y[0, b + k] - first <= r
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


@njit(nogil=True, cache=True, fastmath={"contract", "nsz"})
def _exponents(y, length, i, scale, out):
    """Write -log2(e) (scale d)**2, d the Chebyshev distance of template i to the later ones."""
    size = y.shape[1] - i - 1
    others = y[0, i + 1 :]
    centre = y[0, i]
    for j in range(size):
        out[j] = abs(others[j] - centre)
    for c in range(1, length):
        others = y[c, i + 1 :]
        centre = y[c, i]
        for j in range(size):
            gap = abs(others[j] - centre)
            out[j] = gap if gap > out[j] else out[j]
    for j in range(size):
        z = out[j] * scale
        t = -LOG2_E * z * z
        # 2**-1021 is as good as zero here and keeps the exponent in a double's range.
        out[j] = t if t > -1021.0 else -1021.0


@njit(nogil=True, cache=True, fastmath={"contract"})
def _split_exp2(t, size, mantissa, power, bits):
    """Split 2**t = mantissa * power, in arithmetic that fills whole vectors.

    ``power`` (float64) and ``bits`` (int64) are two views of the same scratch memory.
    """
    for j in range(size):
        shifted = t[j] + ROUNDER
        f = t[j] - (shifted - ROUNDER)
        p = EXP2[0]
        for coefficient in EXP2[1:]:
            p = p * f + coefficient
        mantissa[j] = p
        power[j] = shifted
    for j in range(size):
        bits[j] = (bits[j] + 1023) << 52


@njit(nogil=True, cache=True, fastmath=REASSOCIATE)
def _dot(a, b, size):
    total = 0.0
    for j in range(size):
        total += a[j] * b[j]
    return total


@njit(nogil=True, cache=True)
def fuzzy_sums(x, order, radius, skip):
    """Sum the fuzzy similarity exp(-(d / radius)**2) over all pairs, for two template lengths.

    Each template has its own mean removed. Returns (n, 2): templates of ``order`` and of
    ``order + 1`` samples, the first n_times - order of either.
    """
    n, n_times = x.shape
    n_templates = n_times - order
    sums = np.zeros((n, 2))
    y = np.empty((order + 1, n_templates))
    exponent = np.empty(n_templates)
    mantissa = np.empty(n_templates)
    power = np.empty(n_templates)
    bits = power.view(np.int64)
    for row in range(n):
        if skip[row]:
            continue
        for which in range(2):
            length = order + which
            for i in range(n_templates):
                centre = 0.0
                for c in range(length):
                    centre += x[row, i + c]
                centre /= length
                for c in range(length):
                    y[c, i] = x[row, i + c] - centre
            total = 0.0
            for i in range(n_templates - 1):
                _exponents(y, length, i, 1.0 / radius[row], exponent)
                _split_exp2(exponent, n_templates - i - 1, mantissa, power, bits)
                total += _dot(mantissa, power, n_templates - i - 1)
            sums[row, which] = total
    return sums


@njit(nogil=True, cache=True)
def _offer(distance, size, lag, nearest, best_lag):
    """Take the offered neighbours where they are nearer than the best so far."""
    for i in range(size):
        d = distance[i]
        best = nearest[i]
        kept = best_lag[i]
        closer = d < best
        nearest[i] = d if closer else best
        best_lag[i] = lag if closer else kept


@njit(nogil=True, cache=True)
def divergence(x, dimension, delay, exclusion, n_steps, skip):
    """Follow every state and its nearest neighbour: mean log distance after 1..n_steps samples.

    States are delay vectors; only those that can be followed n_steps samples take part. The
    neighbour is the nearest one (Chebyshev) more than ``exclusion`` samples away, of equally
    near ones the closest in time, the earlier first. Pairs are visited lag after lag, where
    neighbouring states share their coordinates' distances. Distances of zero have no logarithm
    and are left out.

    Returns the mean logarithms (n, n_steps) and the number of distances behind each.
    """
    n, n_times = x.shape
    span = (dimension - 1) * delay
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
            for i in range(size):
                distance[i] = gap[i]
            for c in range(1, dimension):
                shifted = gap[c * delay :]
                for i in range(size):
                    distance[i] = shifted[i] if shifted[i] > distance[i] else distance[i]
            _offer(distance, size, -float(lag), nearest[lag:], best_lag[lag:])
            _offer(distance, size, float(lag), nearest, best_lag)
        for step in range(1, n_steps + 1):
            total = 0.0
            count = 0
            for i in range(n_states):
                j = i + int(best_lag[i])
                if j != i:
                    square = 0.0
                    for c in range(dimension):
                        d = x[row, i + step + c * delay] - x[row, j + step + c * delay]
                        square += d * d
                    if square > 0.0:
                        total += 0.5 * math.log(square)
                        count += 1
            if count > 0:
                curve[row, step - 1] = total / count
                counts[row, step - 1] = count
    return curve, counts


@njit(nogil=True, cache=True)
def _count_ones(low_ones):
    """Count the ones of a word that is all zeros above them."""
    count = 0
    while low_ones != ZERO:
        low_ones >>= ONE
        count += 1
    return count


@njit(nogil=True, cache=True)
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


@njit(nogil=True, cache=True)
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
