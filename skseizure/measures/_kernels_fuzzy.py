"""Compiled kernels of fuzzy entropy; see ``_kernels`` for the rules."""

import math

import numpy as np

from .._core.compiled import REASSOCIATE, compiled

# Adding and subtracting 1.5 * 2**52 rounds a double to an integer and leaves that integer in
# the low bits of the sum: an exponent without any float-to-integer conversion.
ROUNDER = 6755399441055744.0
ROOT_LOG2_E = math.sqrt(math.log2(math.e))
# 2**-1017 is as good as zero and keeps the exponent in a double's range.
FURTHEST = 31.9
# Chebyshev polynomial of 2**f, |f| <= 1/2, highest power first: within 2e-14 of it.
EXP2 = tuple(
    np.polynomial.Chebyshev.interpolate(np.exp2, 9, domain=[-0.5, 0.5])
    .convert(kind=np.polynomial.Polynomial)
    .coef[::-1]
    .tolist()
)
# The Gauss sum's period beyond the largest distance and its highest frequency: exp(-6.1**2) and
# exp(-12.2**2 / 4), what the wrapping and the cut leave behind, are below 1e-16.
MARGIN = 6.1
HIGHEST = 12.2


@compiled()
def _distances(y, others, i, size, distance):
    """Chebyshev distances of template ``i`` to the ``size`` later ones."""
    later = y[0, i + 1 :]
    centre = y[0, i]
    for j in range(size):
        distance[j] = abs(later[j] - centre)
    for c in range(1, 1 + len(others)):
        later = y[c, i + 1 :]
        centre = y[c, i]
        for j in range(size):
            gap = abs(later[j] - centre)
            distance[j] = gap if gap > distance[j] else distance[j]


@compiled(fastmath={"contract"})
def _exp2_of_minus_square(distance, size, result, result_bits, exponent, exponent_bits):
    """Write 2**-(distance**2), in arithmetic that fills whole vectors.

    ``result`` and ``exponent`` are scratch memory, seen as float64 and as int64.
    """
    for j in range(size):
        d = distance[j]
        d = d if d < FURTHEST else FURTHEST
        shifted = ROUNDER - d * d
        f = (ROUNDER - shifted) - d * d
        p = EXP2[0]
        for coefficient in EXP2[1:]:
            p = p * f + coefficient
        result[j] = p
        exponent[j] = shifted
    for j in range(size):
        result_bits[j] += exponent_bits[j] << 52


@compiled(fastmath=REASSOCIATE)
def _sum(values, size):
    total = 0.0
    for j in range(size):
        total += values[j]
    return total


@compiled()
def pair_similarity(x, others, radius, n_templates, skip):
    """Sum the similarity exp(-(d / radius)**2) over all pairs of the first templates.

    d is the Chebyshev distance of two templates of 1 + len(others) samples, each less its mean.
    """
    n = len(x)
    length = 1 + len(others)
    sums = np.zeros(n)
    y = np.empty((length, n_templates))
    distance = np.empty(n_templates)
    result = np.empty(n_templates)
    exponent = np.empty(n_templates)
    result_bits = result.view(np.int64)
    exponent_bits = exponent.view(np.int64)
    for row in range(n):
        if skip[row]:
            continue
        scale = ROOT_LOG2_E / radius[row]
        for i in range(n_templates):
            centre = 0.0
            for c in range(length):
                centre += x[row, i + c]
            centre /= length
            for c in range(length):
                y[c, i] = (x[row, i + c] - centre) * scale
        total = 0.0
        for i in range(n_templates - 1):
            size = n_templates - i - 1
            _distances(y, others, i, size, distance)
            _exp2_of_minus_square(distance, size, result, result_bits, exponent, exponent_bits)
            total += _sum(result, size)
        sums[row] = total
    return sums


@compiled(fastmath=REASSOCIATE)
def gauss_sums(u, reach, n_frequencies):
    """Sum exp(-(u_i - u_j)**2) over all ordered pairs of each row, each with itself.

    Over a period that the distances do not fill, the bell is its Fourier series; the double sum
    is then a single one, of the squares of sum_i exp(1j omega u_i), all positive. The turns
    omega = k step come from one another by multiplication. ``reach`` is the largest distance.
    """
    n, size = u.shape
    sums = np.zeros(n)
    cosine = np.empty(size)
    sine = np.empty(size)
    turned_cosine = np.empty(size)
    turned_sine = np.empty(size)
    for row in range(n):
        step = 2.0 * math.pi / (reach[row] + MARGIN)
        for i in range(size):
            cosine[i] = math.cos(step * u[row, i])
            sine[i] = math.sin(step * u[row, i])
        turned_cosine[:] = 1.0
        turned_sine[:] = 0.0
        total = 0.5 * size * size
        for k in range(1, n_frequencies[row] + 1):
            real = 0.0
            imaginary = 0.0
            for i in range(size):
                c = turned_cosine[i] * cosine[i] - turned_sine[i] * sine[i]
                s = turned_cosine[i] * sine[i] + turned_sine[i] * cosine[i]
                turned_cosine[i] = c
                turned_sine[i] = s
                real += c
                imaginary += s
            total += math.exp(-0.25 * (k * step) ** 2) * (real * real + imaginary * imaginary)
        sums[row] = total * step / math.sqrt(math.pi)
    return sums
