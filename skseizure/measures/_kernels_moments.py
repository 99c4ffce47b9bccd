"""Compiled moments of windows and of their differences; see ``_kernels`` for the rules."""

import numpy as np

from .._core.compiled import REASSOCIATE, compiled

SIGN = np.int64(63)
VALUE = np.int64(2**63 - 1)


@compiled()
def _ordered(bits):
    """Turn the bits of a float to an integer of the same order, and back."""
    return bits ^ ((bits >> SIGN) & VALUE)


@compiled()
def extremes(bits):
    """Bits of each row's smallest and largest float, from the rows' own, shape (n, 2).

    Integers are compared, whose order is total: unlike floats, of which one may be NaN, they can be
    compared side by side. NaN lies beyond the infinities and is found at one end.
    """
    n, n_times = bits.shape
    ends = np.empty((n, 2), dtype=np.int64)
    for row in range(n):
        y = bits[row]
        low = _ordered(y[0])
        high = low
        for i in range(n_times):
            value = _ordered(y[i])
            low = min(low, value)
            high = max(high, value)
        ends[row, 0] = _ordered(low)
        ends[row, 1] = _ordered(high)
    return ends


@compiled(fastmath=REASSOCIATE)
def central_moments(x):
    """Mean second, third and fourth power of the distance from the mean, shape (n, 3)."""
    n, n_times = x.shape
    moments = np.empty((n, 3))
    for row in range(n):
        y = x[row]
        mean = 0.0
        for i in range(n_times):
            mean += y[i]
        mean /= n_times
        second = 0.0
        third = 0.0
        fourth = 0.0
        for i in range(n_times):
            distance = y[i] - mean
            square = distance * distance
            second += square
            third += square * distance
            fourth += square * square
        moments[row, 0] = second / n_times
        moments[row, 1] = third / n_times
        moments[row, 2] = fourth / n_times
    return moments


@compiled(fastmath=REASSOCIATE)
def step_moments(x, bits):
    """Moments of the differences, with all else that measures of them need, in one pass.

    Mean size and variance of the first differences, variance of the second and of x, (n, 4), and
    what `extremes` returns. ``bits`` are those of ``x``. Windows of at least three samples.

    The means of differences are known from a window's ends. The variance of x is that of the
    distances from the first sample, less the square of their mean: a sample is at most
    sqrt(n_times - 1) standard deviations from the mean, so an offset costs no digits and an
    outlier in the first place the digits of n_times.
    """
    n, n_times = x.shape
    moments = np.empty((n, 4))
    ends = np.empty((n, 2), dtype=np.int64)
    last = n_times - 1
    for row in range(n):
        here = x[row]
        following = x[row, 1:]
        second = x[row, 2:]
        y = bits[row]
        origin = here[0]
        final = here[last] - here[last - 1]
        drift = (here[last] - origin) / last
        bend = (final - (here[1] - origin)) / (last - 1)
        # The sums begin with what the loop over second differences leaves out.
        size = abs(final)
        variance = (final - drift) ** 2
        jerk = 0.0
        total = (here[last - 1] - origin) + (here[last] - origin)
        spread = (here[last - 1] - origin) ** 2 + (here[last] - origin) ** 2
        low = min(_ordered(y[last - 1]), _ordered(y[last]))
        high = max(_ordered(y[last - 1]), _ordered(y[last]))
        for i in range(n_times - 2):
            step = following[i] - here[i]
            change = (second[i] - following[i]) - step
            distance = here[i] - origin
            value = _ordered(y[i])
            size += abs(step)
            variance += (step - drift) ** 2
            jerk += (change - bend) ** 2
            total += distance
            spread += distance * distance
            low = min(low, value)
            high = max(high, value)
        moments[row, 0] = size / last
        moments[row, 1] = variance / last
        moments[row, 2] = jerk / (last - 1)
        moments[row, 3] = (spread - total * (total / n_times)) / n_times
        ends[row, 0] = _ordered(low)
        ends[row, 1] = _ordered(high)
    return moments, ends


@compiled()
def sign_changes(x):
    """Count zero crossings, turns and steps onto or off a plateau, (n, 3).

    Comparisons, not products: those of tiny samples would vanish.
    """
    n, n_times = x.shape
    counts = np.zeros((n, 3), dtype=np.int64)
    for row in range(n):
        here = x[row]
        following = x[row, 1:]
        second = x[row, 2:]
        crossings = 0
        for i in range(n_times - 1):
            crossings += (here[i] < 0.0 < following[i]) | (here[i] > 0.0 > following[i])
        turns = 0
        plateau_ends = 0
        for i in range(n_times - 2):
            rises = here[i] < following[i]
            falls = here[i] > following[i]
            rises_then = following[i] < second[i]
            falls_then = following[i] > second[i]
            turns += (rises & falls_then) | (falls & rises_then)
            plateau_ends += (rises | falls) != (rises_then | falls_then)
        counts[row, 0] = crossings
        counts[row, 1] = turns
        counts[row, 2] = plateau_ends
    return counts


@compiled(fastmath=REASSOCIATE)
def teager_kaiser(x):
    """Mean of x_i^2 - x_{i-1} x_{i+1}, shape (n,); windows of at least three samples."""
    n, n_times = x.shape
    energy = np.empty(n)
    for row in range(n):
        before = x[row]
        here = x[row, 1:]
        after = x[row, 2:]
        total = 0.0
        for i in range(n_times - 2):
            total += here[i] * here[i] - before[i] * after[i]
        energy[row] = total / (n_times - 2)
    return energy
