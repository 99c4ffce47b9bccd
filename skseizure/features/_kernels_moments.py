"""Compiled moments of windows and of their differences; see ``_kernels`` for the rules."""

import numpy as np

from .._utils.compiled import compiled
from ._kernels import REASSOCIATE


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
def step_moments(x):
    """Mean size and variance of the first differences, variance of the second, shape (n, 3).

    The mean of differences is known from a window's ends: one pass. Windows of at least three
    samples.
    """
    n, n_times = x.shape
    moments = np.empty((n, 3))
    for row in range(n):
        here = x[row]
        following = x[row, 1:]
        second = x[row, 2:]
        last = n_times - 1
        final = here[last] - here[last - 1]
        drift = (here[last] - here[0]) / last
        bend = (final - (here[1] - here[0])) / (last - 1)
        size = abs(final)
        variance = (final - drift) ** 2
        jerk = 0.0
        for i in range(n_times - 2):
            step = following[i] - here[i]
            change = (second[i] - following[i]) - step
            size += abs(step)
            variance += (step - drift) ** 2
            jerk += (change - bend) ** 2
        moments[row, 0] = size / last
        moments[row, 1] = variance / last
        moments[row, 2] = jerk / (last - 1)
    return moments


@compiled()
def one_sided_power(spectrum, n_times, power):
    """Write the squared size of a real signal's transform, negative frequencies added, mean 0."""
    n, n_frequencies = spectrum.shape
    for row in range(n):
        for k in range(n_frequencies):
            real = spectrum[row, k].real
            imaginary = spectrum[row, k].imag
            power[row, k] = 2.0 * (real * real + imaginary * imaginary)
        power[row, 0] = 0.0
        if n_times % 2 == 0:
            power[row, n_frequencies - 1] *= 0.5


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
