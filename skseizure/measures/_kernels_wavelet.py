"""Compiled wavelet decomposition; see ``_kernels`` for the rules."""

import math

import numpy as np

from .._core.compiled import REASSOCIATE, compiled

# Coefficients of checked windows are finite, and so are their squares.
FINITE = REASSOCIATE | {"nnan"}


@compiled()
def _reflect(signal, size, margin):
    """Extend the ``size`` samples that begin at ``margin`` by half-sample reflection, in place."""
    for i in range(1, margin + 1):
        place = (-i) % (2 * size)
        signal[margin - i] = signal[margin + min(place, 2 * size - 1 - place)]
    for i in range(size, size + margin + 1):
        place = i % (2 * size)
        signal[margin + i] = signal[margin + min(place, 2 * size - 1 - place)]


@compiled(fastmath=REASSOCIATE)
def _filter_down(signal, low, high, n_out, even, odd, approximation):
    """Write every second sample of the low-pass output; return the energies of both outputs.

    Output k is the sum over j of taps[j] signal[2 k + len(taps) - 1 - j]. The samples are parted in
    two, for neighbouring outputs to read neighbouring samples. The taps are tuples: their number
    is known to the compiler.
    """
    half = len(low) // 2
    for i in range(n_out + half - 1):
        odd[i] = signal[2 * i]
        even[i] = signal[2 * i + 1]
    low_energy = 0.0
    high_energy = 0.0
    for k in range(n_out):
        smooth = 0.0
        detail = 0.0
        for j in range(half):
            a = even[k + half - 1 - j]
            b = odd[k + half - 1 - j]
            smooth += low[2 * j] * a + low[2 * j + 1] * b
            detail += high[2 * j] * a + high[2 * j + 1] * b
        approximation[k] = smooth
        low_energy += smooth * smooth
        high_energy += detail * detail
    return low_energy, high_energy


@compiled()
def dwt_energies(x, low, high, n_levels):
    """Energies of the approximation and of the details, coarsest first: (n, n_levels + 1)."""
    n, n_times = x.shape
    n_taps = len(low)
    energies = np.empty((n, n_levels + 1))
    margin = n_taps - 2
    longest = n_times + 2 * n_taps
    signal = np.empty(longest)
    even = np.empty(longest)
    odd = np.empty(longest)
    for row in range(n):
        size = n_times
        signal[margin : margin + size] = x[row]
        for level in range(n_levels):
            _reflect(signal, size, margin)
            size = (size + n_taps - 1) // 2
            smooth, detail = _filter_down(signal, low, high, size, even, odd, signal[margin:])
            energies[row, n_levels - level] = detail
            energies[row, 0] = smooth
    return energies


@compiled(fastmath=FINITE)
def component_statistics(coefficients, noise, floor):
    """Describe each row of coefficients; those within ``noise`` of zero, of shape (n,), count as 0.

    Returns smallest, largest, mean, variance, standard deviation, energy, the coefficient of
    variation with ``floor`` under its denominator and the number of local extrema, shape (8, n),
    and the share of each coefficient in the energy, 1 in place of 0, shape (n, n_coefficients).
    """
    n, size = coefficients.shape
    statistics = np.zeros((8, n))
    shares = np.empty((n, size))
    values = np.empty(size)
    for row in range(n):
        least = noise[row]
        low = np.inf
        high = -np.inf
        total = 0.0
        energy = 0.0
        for i in range(size):
            value = coefficients[row, i]
            value = value if abs(value) > least else 0.0
            values[i] = value
            low = min(low, value)
            high = max(high, value)
            total += value
            energy += value * value
        mean = total / size
        variance = 0.0
        for i in range(size):
            variance += (values[i] - mean) ** 2
        variance /= size
        if low == high:
            mean = low
            variance = 0.0
        before = values
        here = values[1:]
        after = values[2:]
        turns = 0
        for i in range(size - 2):
            rise = here[i] - before[i]
            fall = here[i] - after[i]
            turns += (rise > least and fall > least) or (rise < -least and fall < -least)
        for i in range(size):
            square = values[i] * values[i]
            shares[row, i] = square / energy if square > 0.0 else 1.0
        deviation = math.sqrt(variance)
        scale = abs(mean) + floor * math.sqrt(energy / size)
        statistics[0, row] = low
        statistics[1, row] = high
        statistics[2, row] = mean
        statistics[3, row] = variance
        statistics[4, row] = deviation
        statistics[5, row] = energy
        statistics[6, row] = deviation / scale if scale > 0.0 else 0.0
        statistics[7, row] = turns
    return statistics, shares
