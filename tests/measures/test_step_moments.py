"""Moments of differences against exact fractions: what one pass over a window may not lose."""

from fractions import Fraction
from itertools import pairwise

import numpy as np
import pytest
from numpy.testing import assert_allclose, assert_array_equal

from skseizure.features import hjorth_complexity, hjorth_mobility, line_length
from skseizure.measures._batch import EPSILON, Batch
from skseizure.measures._kernels_moments import extremes, step_moments

NOISE = np.random.default_rng(3).standard_normal(400)
TIME = np.arange(400.0)
WINDOWS = {
    "random": 20 * NOISE,
    "walk": NOISE.cumsum(),
    "offset": 1e6 + NOISE,
    "large offset": 1e9 + np.round(NOISE * 8) / 8,
    "tiny": 1e-25 * NOISE,
    "huge": 1e25 * NOISE,
    "quantised": np.round(20 * NOISE / 0.4) * 0.4,
    "coarse": np.round(2 * NOISE),
    "ramp": 1e4 + 3 * TIME,
    "parabola": TIME**2 - 70 * TIME,
    "noise on a ramp": 1e3 * TIME + NOISE,
    "spike in the first place": np.r_[1e6, NOISE[1:]],
    "spike in the last place": np.r_[NOISE[1:], -1e6],
    "negative": -50 - np.abs(NOISE),
}


def exact_moments(x):
    """Mean size and variance of steps, variance of their steps and of x, rounded only once."""

    def mean(values):
        return sum(values) / len(values)

    def variance(values):
        centre = mean(values)
        return mean([(value - centre) ** 2 for value in values])

    def differences(values):
        return [after - before for before, after in pairwise(values)]

    x = [Fraction(float(sample)) for sample in x]
    steps = differences(x)
    exact = [mean([abs(step) for step in steps])]
    return np.array([*exact, *(variance(v) for v in (steps, differences(steps), x))], dtype=float)


@pytest.mark.parametrize("n_times", [3, 4, 5, 17, 256, 399])
@pytest.mark.parametrize("name", WINDOWS)
def test_equals_exact_sums(name, n_times):
    x = WINDOWS[name][np.newaxis, :n_times]
    moments, ends = step_moments(x, x.view(np.int64))
    exact = exact_moments(x[0])
    assert_array_equal(ends, extremes(x.view(np.int64)))
    # A sum of n terms, each right to the last digits; a first sample far out costs those of n.
    assert_allclose(moments[0, 0], exact[0], rtol=4 * EPSILON)
    assert_allclose(moments[0, 3], exact[3], rtol=4 * EPSILON * n_times, atol=0)
    # Differences of differences are right to the last digit of the largest difference.
    largest = np.abs(np.diff(x)).max(initial=0.0)
    floor = (8 * EPSILON * largest) ** 2
    assert_allclose(moments[0, 1:3], exact[1:3], rtol=1e-13, atol=floor)


@pytest.mark.parametrize("value", [0.0, -0.1, 1e6, 1e100, -1e300])
def test_nothing_is_left_of_a_constant(value):
    x = np.full((1, 333), value)
    assert not step_moments(x, x.view(np.int64))[0].any()


def test_the_smallest_and_largest_windows_keep_their_digits():
    x = np.stack([NOISE, NOISE * 2.0**-190, NOISE * 2.0**30])
    for measure in (hjorth_mobility, hjorth_complexity):
        assert_array_equal(measure(x), np.full(3, measure(NOISE)))
    assert_array_equal(line_length(x), line_length(NOISE) * np.array([1, 2.0**-190, 2.0**30]))


@pytest.mark.parametrize("value", [np.nan, np.inf, -np.inf])
@pytest.mark.parametrize("place", [0, 1, 50, 398, 399])
def test_what_is_not_finite_is_found_in_the_same_pass(value, place):
    x = np.stack([NOISE, NOISE])
    x[1, place] = value
    with pytest.raises(ValueError, match="NaN or infinity in 1 of 2 windows, first in number 1"):
        line_length(x)


@pytest.mark.parametrize("extremes_first", [True, False])
def test_the_same_whatever_was_computed_before(extremes_first):
    batch = Batch(np.stack([NOISE, 5 + NOISE]))
    if extremes_first:
        assert batch.low[0] == NOISE.min()
    assert_array_equal(batch.step_moments, Batch(batch.raw).step_moments)
    assert_array_equal(batch.low, batch.raw.min(axis=1))
    assert_array_equal(batch.high, batch.raw.max(axis=1))
