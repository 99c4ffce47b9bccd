import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sklearn.datasets import make_blobs
from sklearn.utils import check_random_state

from skseizure.fuzzy import _antecedents
from skseizure.fuzzy._antecedents import (
    automatic_fuzziness,
    center_spread,
    firing_strengths,
    fuzzy_c_means,
    log_memberships,
    rule_widths,
)

from . import _naive


def cluster(X, n, fuzziness, weight=None, seed=0, **options):
    weight = np.ones(len(X)) if weight is None else weight
    return fuzzy_c_means(X, n, fuzziness, weight, check_random_state(seed), **options)


@pytest.mark.parametrize(
    ("n", "d", "expected"),
    [(1000, 4, 1.1), (1000, 31, 1 + 1.8 / 28), (5, 100, 1.1), (1000, 3, 1.1), (2, 9, 1.1)],
)
def test_automatic_fuzziness(n, d, expected):
    assert automatic_fuzziness(n, d, 1.1) == pytest.approx(expected, rel=1e-15)


@given(st.integers(2, 10**6), st.integers(1, 10**4), st.sampled_from([1.1, 1.6]))
def test_automatic_fuzziness_stays_clear_of_the_bound(n, d, largest):
    chosen, r = automatic_fuzziness(n, d, largest), min(n, d - 1)
    assert 1 < chosen <= largest
    assert r < 3 or chosen - 1 <= 0.9 * (r / (r - 2) - 1) * (1 + 1e-9)


@pytest.mark.parametrize("fuzziness", [1.05, 1.5, 2.0, 3.0])
def test_memberships_against_the_naive_form(rng, fuzziness):
    distances = rng.gamma(1, size=(4, 20))
    found = np.exp(log_memberships(distances, fuzziness))
    naive = np.column_stack([_naive.memberships(d, fuzziness) for d in distances.T])
    np.testing.assert_allclose(found, naive, rtol=1e-12)


def test_membership_of_a_row_on_centres():
    distances = np.array([[0.0, 0.0], [0.0, 2.0], [5.0, 3.0]])
    found = np.exp(log_memberships(distances, 2.0))
    np.testing.assert_allclose(found[:, 0], [0.5, 0.5, 0], atol=1e-300)
    np.testing.assert_allclose(found[:, 1], [1, 0, 0], atol=1e-300)


@pytest.mark.parametrize("fuzziness", [1.1, 1.5, 2.0])
def test_the_clustering_objective_falls(rng, fuzziness):
    """Acceptance 6: sweep by sweep, counted by the naive objective."""
    X = rng.normal(size=(60, 3)) + 3 * rng.integers(2, size=(60, 1))
    course = [
        _naive.fcm_objective(X, cluster(X, 4, fuzziness, max_iter=k, tol=0)[0], fuzziness)
        for k in range(1, 25)
    ]
    assert np.diff(course).max() <= 1e-10 * course[0] and course[-1] < course[0]


def test_the_clustering_finds_a_fixed_point(rng):
    X = rng.normal(size=(80, 3)) + 3 * rng.integers(2, size=(80, 1))
    centers, memberships = cluster(X, 3, 1.5, tol=1e-12, max_iter=5000)
    naive = np.array([_naive.memberships(((x - centers) ** 2).sum(axis=1), 1.5) for x in X]).T
    np.testing.assert_allclose(memberships, naive, atol=1e-12)
    again = naive**1.5 @ X / (naive**1.5).sum(axis=1, keepdims=True)
    np.testing.assert_allclose(centers, again, atol=1e-9)


def test_an_exponent_of_one_is_k_means(rng):
    X = rng.normal(size=(100, 3))
    centers, memberships = cluster(X, 10, 1 + 1e-9)
    nearest = ((X[:, None] - centers) ** 2).sum(axis=2).argmin(axis=1)
    np.testing.assert_allclose(memberships, np.eye(10)[nearest].T, atol=1e-12)
    means = [X[nearest == r].mean(axis=0) for r in range(10)]
    np.testing.assert_allclose(centers, means, atol=1e-12)


def test_powers_that_underflow(rng):
    centers, memberships = cluster(rng.normal(size=(100, 3)), 10, 1000.0)
    assert np.isfinite(centers).all()
    np.testing.assert_allclose(memberships.sum(axis=0), 1, atol=1e-12)


def test_one_cluster_is_the_mean(rng):
    X, weight = rng.normal(5, 2, size=(40, 3)), rng.random(40) + 0.1
    centers, memberships = cluster(X, 1, 2.0, weight)
    np.testing.assert_allclose(centers[0], np.average(X, axis=0, weights=weight), rtol=1e-14)
    assert (memberships == 1).all()
    widths = rule_widths(X, weight, centers, memberships, 3.0)
    variance = np.average((X - centers) ** 2, axis=0, weights=weight)
    np.testing.assert_allclose(widths[0], np.sqrt(3 * variance), rtol=1e-13)


@pytest.mark.parametrize("shift", [-3.0, 1e3, 1e5])
def test_centres_move_along(rng, shift):
    """Acceptance 8: centres translate with X, and widths do not change."""
    # On a grid of 2^-20, so that the sum itself is not rounded.
    X = np.round(rng.normal(size=(200, 4)) * 2**20) / 2**20
    here, there = cluster(X, 5, 1.5), cluster(X + shift, 5, 1.5)
    np.testing.assert_allclose(there[0] - shift, here[0], rtol=0, atol=1e-10)
    ones = np.ones(200)
    np.testing.assert_allclose(
        rule_widths(X + shift, ones, *there, 1.0),
        rule_widths(X, ones, *here, 1.0),
        rtol=0,
        atol=1e-10,
    )


@pytest.mark.parametrize("scale", [1e-100, 1e-3, 1e100])
def test_centres_scale_along(rng, scale):
    X = rng.normal(size=(100, 3))
    here, there = cluster(X, 4, 1.5), cluster(X * scale, 4, 1.5)
    np.testing.assert_allclose(there[0] / scale, here[0], rtol=1e-9, atol=1e-12)


def test_a_weight_is_a_repetition(rng):
    X, weight = rng.normal(size=(50, 3)), rng.integers(1, 4, size=50)
    centers, memberships = cluster(X, 4, 1.5, weight.astype(float))
    repeated, of_repeated = cluster(X.repeat(weight, axis=0), 4, 1.5)
    np.testing.assert_allclose(centers, repeated, atol=1e-10)
    np.testing.assert_allclose(memberships.repeat(weight, axis=1), of_repeated, atol=1e-10)


@pytest.mark.parametrize("d", [2, 30, 1000])
def test_shares_sum_to_one(rng, d):
    """Acceptance 2: in many dimensions, and 1000 widths away from all rules."""
    X, weight = rng.normal(size=(300, d)), np.ones(300)
    centers, memberships = cluster(X, 10, automatic_fuzziness(300, d, 1.6))
    assert np.isfinite(memberships).all() and (memberships >= 0).all()
    np.testing.assert_allclose(memberships.sum(axis=0), 1, rtol=0, atol=1e-12)
    for width_scale in (0.1, 1.0, d):
        sigmas = rule_widths(X, weight, centers, memberships, width_scale)
        away = centers.mean(axis=0) + 1000 * sigmas.max(axis=0) * rng.choice([-1, 1], (50, d))
        firing = firing_strengths(np.vstack([X, away]), centers, sigmas)
        assert np.isfinite(firing).all() and (firing >= 0).all()
        np.testing.assert_allclose(firing.sum(axis=1), 1, rtol=0, atol=1e-12)


def test_firing_against_the_naive_form(rng, monkeypatch):
    X, centers = rng.normal(size=(700, 3)), rng.normal(size=(4, 3))
    sigmas = rng.random((4, 3)) + 0.5
    monkeypatch.setattr(_antecedents, "BLOCK", 1)  # blocks of 256 rows
    found = firing_strengths(X, centers, sigmas)
    naive = [_naive.firing(x, centers, sigmas) for x in X]
    np.testing.assert_allclose(found, naive, rtol=1e-11)


@settings(max_examples=40, deadline=None)
@given(
    d=st.integers(1, 8),
    n_rules=st.integers(1, 6),
    width=st.floats(1e-3, 1e3),
    seed=st.integers(0, 2**31),
)
def test_firing_is_a_share_that_depends_on_distances_only(d, n_rules, width, seed):
    rng = np.random.default_rng(seed)
    X, centers = rng.normal(size=(20, d)), rng.normal(size=(n_rules, d))
    firing = firing_strengths(X, centers, np.full_like(centers, width))
    np.testing.assert_allclose(firing.sum(axis=1), 1, atol=1e-12)
    nearest = ((X[:, None] - centers) ** 2).sum(axis=2)
    order = np.take_along_axis(firing, nearest.argsort(axis=1, kind="stable"), axis=1)
    assert (np.diff(order, axis=1) <= 1e-12).all()


def test_a_row_out_of_all_bounds_is_refused():
    with pytest.raises(ValueError, match="X holds values too large in row 1"):
        firing_strengths(np.array([[1.0], [1e200]]), np.zeros((2, 1)), np.ones((2, 1)))


@pytest.mark.parametrize("constant", [0.0, 0.1, 1e9])
def test_a_constant_column_changes_no_firing(rng, constant):
    """Whatever value it has later."""
    X, weight = rng.normal(size=(90, 3)), np.ones(90)
    with_constant = np.column_stack([X, np.full(90, constant)])
    plain, more = cluster(X, 4, 1.5), cluster(with_constant, 4, 1.5)
    np.testing.assert_allclose(more[0][:, :3], plain[0], atol=1e-10)
    widths = rule_widths(with_constant, weight, *more, 4.0)
    assert (widths[:, 3] == 1).all()
    later = np.column_stack([X, np.full(90, constant + 2)])
    np.testing.assert_allclose(
        firing_strengths(later, more[0], widths),
        firing_strengths(X, plain[0], rule_widths(X, weight, *plain, 4.0)),
        atol=1e-6 if constant > 1 else 1e-10,  # the spacing of floats at 1e9 is 1e-7
    )


def test_no_rule_gets_infinitely_narrow():
    """Two points with two rules: each cluster's own variance is all but 0."""
    X = np.array([[0.0], [1.0]])
    centers, memberships = cluster(X, 2, 1.05)
    widths = rule_widths(X, np.ones(2), centers, memberships, 1.0)
    np.testing.assert_allclose(widths, 1e-3 * 0.5, rtol=1e-6)


@pytest.mark.parametrize(
    ("d", "fuzziness", "collapses"),
    [(6, 2.0, False), (30, 2.0, True), (30, "auto", False), (100, 1.5, True), (100, "auto", False)],
)
def test_when_centres_collapse(d, fuzziness, collapses):
    X, _ = make_blobs(1000, d, centers=[[-0.4] * d, [0.4] * d], random_state=0)
    chosen = automatic_fuzziness(1000, d, 1.6) if fuzziness == "auto" else fuzziness
    centers, _ = cluster(X, 5, chosen)
    spread = center_spread(X, np.ones(1000), centers)
    assert spread == pytest.approx(
        np.sqrt(centers.var(axis=0).sum() / X.var(axis=0).sum()), rel=1e-12
    )
    assert (spread < _antecedents.LEAST_SPREAD) == collapses
    assert spread > 0.1 or collapses
