"""The 29 measures as plain loops over one window, written from their definitions.

Slow on purpose, and independent of the package: the oracle of its kernels.
"""

import cmath
import math
from itertools import pairwise

import numpy as np


def _mean(values):
    return math.fsum(values) / len(values)


def _variance(values):
    centre = _mean(values)
    return _mean([(v - centre) ** 2 for v in values])


def _diff(x):
    return [b - a for a, b in pairwise(x)]


def _slope(points):
    """Least-squares slope through (abscissa, ordinate) points; 0 through fewer than two."""
    if len(points) < 2:
        return 0.0
    centre = _mean([a for a, _ in points])
    level = _mean([b for _, b in points])
    return math.fsum((a - centre) * (b - level) for a, b in points) / math.fsum(
        (a - centre) ** 2 for a, _ in points
    )


def _shannon(weights, base):
    total = math.fsum(weights)
    return -math.fsum(w / total * math.log(w / total, base) for w in weights if w > 0)


def mean(x):
    return _mean(x)


def std(x):
    return math.sqrt(_variance(x))


def skewness(x):
    centre = _mean(x)
    return _mean([(v - centre) ** 3 for v in x]) / _variance(x) ** 1.5


def kurtosis(x):
    centre = _mean(x)
    return _mean([(v - centre) ** 4 for v in x]) / _variance(x) ** 2 - 3


def maximum(x):
    return max(x)


def minimum(x):
    return min(x)


def interquartile_range(x):
    ordered = sorted(x)

    def quantile(q):
        position = q * (len(x) - 1)
        i = math.floor(position)
        j = min(i + 1, len(x) - 1)
        return ordered[i] * (1 - position + i) + ordered[j] * (position - i)

    return quantile(0.75) - quantile(0.25)


def mean_absolute_value(x):
    return _mean([abs(v) for v in x])


def line_length(x):
    return _mean([abs(d) for d in _diff(x)]) if len(x) > 1 else 0.0


def zero_crossings(x):
    return sum((a > 0 and b < 0) or (a < 0 and b > 0) for a, b in pairwise(x))


def slope_sign_changes(x):
    return zero_crossings(_diff(x))


def teager_kaiser_energy(x):
    if len(x) < 3:
        return 0.0
    return _mean([x[i] ** 2 - x[i - 1] * x[i + 1] for i in range(1, len(x) - 1)])


def hjorth_mobility(x):
    return math.sqrt(_variance(_diff(x)) / _variance(x)) if len(x) > 1 else 0.0


def hjorth_complexity(x):
    dx = _diff(x)
    if len(x) < 3 or max(dx) == min(dx):
        return 0.0
    return hjorth_mobility(dx) / hjorth_mobility(x)


def higuchi_fd(x):
    n = len(x)
    lengths = {}
    for k in range(1, min(10, n // 2) + 1):
        total = 0.0
        for m in range(k):
            n_steps = (n - 1 - m) // k
            steps = [abs(x[m + j * k] - x[m + (j - 1) * k]) for j in range(1, n_steps + 1)]
            total += math.fsum(steps) * (n - 1) / (k**2 * n_steps)
        lengths[k] = total / k
    return _slope([(math.log(1 / k), math.log(v)) for k, v in lengths.items() if v > 0])


def katz_fd(x):
    n = len(x) - 1
    if n < 2:
        return 0.0
    total = math.fsum(abs(d) for d in _diff(x))
    reach = max(abs(v - x[0]) for v in x)
    if n * reach == total:
        return 0.0
    return math.log(n) / (math.log(n) + math.log(reach / total))


def petrosian_fd(x):
    n = len(x)
    return math.log10(n) / (math.log10(n) + math.log10(n / (n + 0.4 * slope_sign_changes(x))))


def hurst_exponent(x):
    points = []
    w = 8
    while w <= len(x) / 2:
        ratios = []
        for start in range(0, len(x) - w + 1, w):
            block = x[start : start + w]
            if max(block) == min(block):
                continue
            centre = _mean(block)
            path = [math.fsum(block[: i + 1]) - (i + 1) * centre for i in range(w)]
            ratios.append((max(path) - min(path)) / std(block))
        if ratios:
            expected = (
                (w - 0.5)
                / w
                * math.gamma((w - 1) / 2)
                / (math.sqrt(math.pi) * math.gamma(w / 2))
                * math.fsum(math.sqrt((w - i) / i) for i in range(1, w))
            )
            value = _mean(ratios) - expected + math.sqrt(math.pi * w / 2)
            points.append((math.log(w), math.log(value)))
        w *= 2
    return _slope(points)


def dfa_exponent(x):
    n = len(x)
    if n // 10 <= 4:
        return 0.0
    centre = _mean(x)
    profile = [math.fsum(v - centre for v in x[: i + 1]) for i in range(n)]
    sizes = {round(4 * (n // 10 / 4) ** (i / 15)) for i in range(16)}
    points = []
    for w in sorted(sizes):
        squares = []
        for start in range(0, n - w + 1, w):
            block = profile[start : start + w]
            slope = _slope(list(enumerate(block)))
            level = _mean(block) - slope * (w - 1) / 2
            squares += [(v - level - slope * i) ** 2 for i, v in enumerate(block)]
        fluctuation = math.sqrt(_mean(squares))
        if fluctuation > 1e-12 * max(abs(v) for v in x):
            points.append((math.log(w), math.log(fluctuation)))
    return _slope(points)


def _power(x):
    """One-sided periodogram by the sum that defines the Fourier transform."""
    n = len(x)
    centre = _mean(x)
    power = [0.0]
    for k in range(1, n // 2 + 1):
        turns = (cmath.exp(-2j * math.pi * ((k * t) % n) / n) for t in range(n))
        value = abs(sum((v - centre) * turn for v, turn in zip(x, turns, strict=True))) ** 2
        power.append(value if 2 * k == n else 2 * value)
    return power


def lyapunov_exponent(x):
    n_states = len(x) - 2 - 5
    power = _power(x)
    mean_frequency = math.fsum(k / len(x) * p for k, p in enumerate(power)) / math.fsum(power)
    theiler = math.ceil(1 / mean_frequency - 1e-9)
    neighbours = {}
    for i in range(n_states):
        candidates = [
            (max(abs(x[i + c] - x[j + c]) for c in range(3)), abs(i - j), j)
            for j in range(n_states)
            if abs(i - j) > theiler
        ]
        if candidates:
            neighbours[i] = min(candidates)[2]
    points = []
    for step in range(1, 6):
        distances = [
            math.sqrt(sum((x[i + step + c] - x[j + step + c]) ** 2 for c in range(3)))
            for i, j in neighbours.items()
        ]
        logs = [math.log(d) for d in distances if d > 0]
        if logs:
            points.append((step, _mean(logs)))
    return _slope(points)


def lempel_ziv_complexity(x):
    ordered = sorted(x)
    n = len(x)
    median = (ordered[(n - 1) // 2] + ordered[n // 2]) / 2
    text = "".join("1" if v > median else "0" for v in x)
    count = 0
    start = 0
    while start < n:
        # The shortest word from here that does not occur from an earlier start on.
        length = 1
        while start + length <= n and text[start : start + length] in text[: start + length - 1]:
            length += 1
        count += 1
        start += length
    return count * math.log2(n) / n


def _histogram(x):
    low, high = min(x), max(x)
    counts = [0] * 16
    for v in x:
        counts[min(math.floor((v - low) * 16 / (high - low)), 15)] += 1
    return counts


def shannon_entropy(x):
    return _shannon(_histogram(x), 2)


def renyi_entropy(x):
    return -math.log2(sum((count / len(x)) ** 2 for count in _histogram(x)))


def spectral_entropy(x):
    power = _power(x)
    return _shannon(power, 2) / math.log2(len(power))


def permutation_entropy(x):
    if len(x) < 3:
        return 0.0
    patterns = [
        tuple(sorted(range(3), key=lambda c, i=i: (x[i + c], c))) for i in range(len(x) - 2)
    ]
    return _shannon([patterns.count(p) for p in set(patterns)], 2) / math.log2(6)


def svd_entropy(x):
    if len(x) < 3:
        return 0.0
    rows = [x[i : i + 3] for i in range(len(x) - 2)]
    return _shannon(np.linalg.svd(rows, compute_uv=False).tolist(), 3)


def _near(x, i, j, m, r):
    return all(abs(x[i + c] - x[j + c]) <= r for c in range(m))


def approximate_entropy(x):
    n = len(x)
    if n < 3:
        return 0.0
    r = 0.2 * std(x)

    def phi(m):
        starts = range(n - m + 1)
        shares = [sum(_near(x, i, j, m, r) for j in starts) / (n - m + 1) for i in starts]
        return _mean([math.log(s) for s in shares])

    return phi(2) - phi(3)


def sample_entropy(x):
    n = len(x) - 2
    if n < 2:
        return 0.0
    r = 0.2 * std(x)
    pairs = [(i, j) for i in range(n) for j in range(i)]
    a = sum(_near(x, i, j, 3, r) for i, j in pairs)
    b = sum(_near(x, i, j, 2, r) for i, j in pairs)
    return -math.log(a / b) if a else math.log(n) + math.log(n - 1) - math.log(2)


def fuzzy_entropy(x):
    n = len(x) - 2
    if n < 2:
        return 0.0
    r = 0.2 * std(x)

    def phi(m):
        templates = [x[i : i + m] for i in range(n)]
        templates = [[v - _mean(t) for v in t] for t in templates]
        similarities = []
        for i in range(n):
            for j in range(i):
                d = max(abs(a - b) for a, b in zip(templates[i], templates[j], strict=True))
                similarities.append(math.exp(-((d / r) ** 2)))
        return _mean(similarities)

    return math.log(phi(2) / phi(3))


#: What a constant window gives; of it, all other measures give 0.
OF_CONSTANT = {
    "mean": lambda x: x[0],
    "maximum": lambda x: x[0],
    "minimum": lambda x: x[0],
    "mean_absolute_value": lambda x: abs(x[0]),
}


def measure(name, x):
    """Value of the measure of one window, a sequence of floats."""
    x = [float(v) for v in x]
    if max(x) == min(x):
        return OF_CONSTANT.get(name, lambda x: 0.0)(x)
    return float(globals()[name](x))
