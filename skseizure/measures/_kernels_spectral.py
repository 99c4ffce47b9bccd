"""Compiled parts of power spectra; see ``_kernels`` for the rules."""

import numpy as np

from .._core.compiled import REASSOCIATE, compiled


@compiled(fastmath=REASSOCIATE)
def weighted_segments(x, weights, starts, segments):
    """Write segments of each row less its mean, times weights, (>= n, len(starts), len(weights)).

    What is beyond the row's ends is left as it is: zeros, and the same places in every row.
    """
    n, n_times = x.shape
    length = len(weights)
    for row in range(n):
        mean = 0.0
        for i in range(n_times):
            mean += x[row, i]
        mean /= n_times
        for s in range(len(starts)):
            first = max(0, -starts[s])
            last = min(length, n_times - starts[s])
            here = x[row, starts[s] + first : starts[s] + last]
            weight = weights[first:last]
            segment = segments[row, s, first:last]
            for i in range(last - first):
                segment[i] = weight[i] * (here[i] - mean)


@compiled(fastmath=REASSOCIATE)
def summed_power(spectra, factors, power):
    """Write factors[k] times the sum over segments of the squared sizes of their transforms."""
    n, n_segments, n_frequencies = spectra.shape
    for row in range(n):
        out = power[row]
        out[:] = 0.0
        for s in range(n_segments):
            spectrum = spectra[row, s]
            for k in range(n_frequencies):
                real = spectrum[k].real
                imaginary = spectrum[k].imag
                out[k] += real * real + imaginary * imaginary
        for k in range(n_frequencies):
            out[k] *= factors[k]


@compiled(fastmath=REASSOCIATE)
def summed_band_power(spectra, factors, first, ends, power):
    """Write what `summed_power` would, summed over the frequencies first[j] .. ends[j] - 1."""
    for row in range(len(spectra)):
        for j in range(len(first)):
            total = 0.0
            for s in range(spectra.shape[1]):
                spectrum = spectra[row, s, first[j] : ends[j]]
                factor = factors[first[j] : ends[j]]
                for k in range(len(spectrum)):
                    real = spectrum[k].real
                    imaginary = spectrum[k].imag
                    total += factor[k] * (real * real + imaginary * imaginary)
            power[row, j] = total


@compiled(fastmath=REASSOCIATE)
def power_and_segments(spectra, factors, power, x, weights, starts, segments):
    """`summed_power` of some rows, then `weighted_segments` of others."""
    summed_power(spectra, factors, power)
    weighted_segments(x, weights, starts, segments)


@compiled(fastmath=REASSOCIATE)
def band_power_and_segments(spectra, factors, first, ends, power, x, weights, starts, segments):
    """`summed_band_power` of some rows, then `weighted_segments` of others."""
    summed_band_power(spectra, factors, first, ends, power)
    weighted_segments(x, weights, starts, segments)


@compiled(fastmath=REASSOCIATE)
def filter_energies(power, first, ends, weights):
    """Sum each filter's weights times the power from its first frequency on, (n, n_filters).

    ``weights`` are those of all filters one after the other, ``ends`` where each one's end.
    """
    n = len(power)
    energies = np.empty((n, len(first)))
    for row in range(n):
        start = 0
        for j in range(len(first)):
            here = power[row, first[j] :]
            weight = weights[start : ends[j]]
            total = 0.0
            for i in range(len(weight)):
                total += weight[i] * here[i]
            energies[row, j] = total
            start = ends[j]
    return energies
