from fractions import Fraction

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from skseizure.ensemble import _sampling
from skseizure.ensemble._sampling import draw_by_error, error_histogram

from . import _naive

LEVELS = np.array([0, 0.25, 0.5, 0.75, 1])


def test_histogram_by_hand():
    """M1; 0.6 * 5 is a little below 3 in floating point, and stays in the bin that starts there."""
    errors = np.array([0, 0.05, 0.19, 0.2, 0.39, 0.4, 0.6, 0.8, 1, 1])
    np.testing.assert_allclose(error_histogram(errors, 5), [1.5, 1, 0.5, 0.5, 1.5], rtol=1e-15)
    np.testing.assert_array_equal(error_histogram(np.zeros(10), 5), [5, 0, 0, 0, 0])
    np.testing.assert_array_equal(error_histogram(np.ones(3), 4), [0, 0, 0, 4])


@given(
    st.lists(
        st.tuples(st.integers(0, 12), st.integers(1, 12)).map(lambda t: Fraction(min(t), max(t))),
        min_size=1,
        max_size=40,
    ),
    st.integers(2, 12),
)
@settings(deadline=None, max_examples=100)
def test_histogram_is_the_formula(errors, n_bins):
    found = error_histogram(np.array([float(error) for error in errors]), n_bins)
    np.testing.assert_allclose(found, _naive.histogram(errors, n_bins), rtol=1e-12)
    assert found.sum() == pytest.approx(n_bins)


@pytest.mark.parametrize(
    ("action", "sigma", "weights"),
    [
        (0.9, 0.2, [0.000023, 0.002861, 0.076125, 0.424592, 0.496399]),
        (0, 0.2, [0.665487, 0.304682, 0.029239, 0.000588, 0.000002]),
        (0.4, np.inf, [0.2] * 5),
    ],
)
def test_one_row_is_drawn_by_its_weight(action, sigma, weights, rng):
    """M2: within three standard deviations over 1e5 draws."""
    if np.isfinite(sigma):
        np.testing.assert_allclose(_naive.weights(LEVELS, action, sigma), weights, atol=6e-7)
    # Many draws of one out of five are one draw of each out of many fives.
    n = 100_000
    drawn = np.array([draw_by_error(LEVELS, action, sigma, 1, rng)[0] for _ in range(n)])
    share = np.bincount(drawn, minlength=5) / n
    deviation = np.sqrt(np.array(weights) * (1 - np.array(weights)) / n)
    assert (np.abs(share - weights) <= 3 * deviation + 1 / n).all()


def test_pairs_follow_the_law_of_sequential_draws(rng):
    """Top keys of Gumbel noise and one draw after the other give the same pairs."""
    n = 20_000
    counts = {}
    for name, function in (("keys", draw_by_error), ("sequence", _naive.draw)):
        pairs = np.array([function(LEVELS, 0.6, 0.3, 2, rng) for _ in range(n)])
        counts[name] = np.bincount(pairs[:, 0] * 5 + pairs[:, 1], minlength=25) / n
    assert np.abs(counts["keys"] - counts["sequence"]).max() < 4 * np.sqrt(0.25 * 2 / n)
    assert counts["keys"].max() > 0.25


def test_tiny_sigma_takes_the_nearest_rows(rng):
    """No weight underflows to a division by zero."""
    rows = draw_by_error(np.linspace(0, 1, 1001), 0.5, 1e-3, 3, rng)
    assert np.abs(rows - 500).max() < 10
    far = draw_by_error(np.array([0, 0.1, 0.2]), 1.0, 1e-4, 1, rng)
    assert far.tolist() == [2]


@given(st.integers(1, 60), st.integers(1, 60), st.floats(0, 1), st.floats(1e-4, 10))
@settings(deadline=None, max_examples=60)
def test_rows_are_different_and_as_many_as_asked_for(n, size, action, sigma):
    rng = np.random.default_rng(0)
    rows = draw_by_error(rng.random(n), action, sigma, size, rng)
    assert len(rows) == min(n, size) and len(np.unique(rows)) == len(rows)
    assert rows.min() >= 0 and rows.max() < n


def test_blocks_do_not_change_the_result(monkeypatch):
    errors = np.random.default_rng(1).random(1000)
    whole = draw_by_error(errors, 0.7, 0.1, 50, np.random.default_rng(2))
    histogram = error_histogram(errors, 5)
    monkeypatch.setattr(_sampling, "BLOCK", 37)
    np.testing.assert_array_equal(
        draw_by_error(errors, 0.7, 0.1, 50, np.random.default_rng(2)), whole
    )
    np.testing.assert_array_equal(error_histogram(errors, 5), histogram)
