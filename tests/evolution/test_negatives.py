import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from skseizure.evolution._frames import select_frames

from . import _naive


@settings(max_examples=40, deadline=None)
@given(
    st.integers(0, 2**32 - 1),
    st.integers(1, 6),
    st.integers(1, 5),
    st.integers(1, 3),
    st.booleans(),
)
def test_greedy_equals_going_through_all_pairs(seed, n_positive, pnr, n_features, apart):
    rng = np.random.default_rng(seed)
    X = rng.normal(size=(60, n_features))
    positive = np.zeros(60, dtype=bool)
    positive[rng.choice(60, n_positive, replace=False)] = True
    X[positive] += 20 * apart  # all positives then ask for the same negatives
    rows = select_frames(X, positive, pnr, "greedy")
    np.testing.assert_array_equal(rows, _naive.greedy(X, positive, pnr))


@settings(max_examples=40, deadline=None)
@given(st.integers(0, 2**32 - 1), st.integers(1, 20), st.sampled_from(["greedy", "nearest"]))
def test_number_of_negatives_and_order_of_rows(seed, pnr, selection):
    rng = np.random.default_rng(seed)
    X, positive = rng.normal(size=(200, 4)), rng.random(200) < 0.08
    positive[:2] = True, False
    rows = select_frames(X, positive, pnr, selection)
    assert len(set(rows.tolist())) == len(rows)
    n_positive = positive.sum()
    assert positive[rows].sum() == n_positive
    assert (~positive[rows]).sum() == min(pnr * n_positive, 200 - n_positive)
    order = rng.permutation(200)
    again = select_frames(X[order], positive[order], pnr, selection)
    np.testing.assert_array_equal(np.sort(order[again]), rows)


def test_by_hand():
    # positives at 0 and 10; negatives at 1, 2, 3, 9 and 30
    X = np.array([0.0, 10, 1, 2, 3, 9, 30])[:, None]
    positive = np.array([True, True, False, False, False, False, False])
    assert select_frames(X, positive, 2, "greedy").tolist() == [0, 1, 2, 3, 4, 5]
    assert select_frames(X, positive, 1, "greedy").tolist() == [0, 1, 2, 5]
    # nearest: 1, 9 (at 1), then 2 and 3 at 2 and 3
    assert select_frames(X, positive, 1, "nearest").tolist() == [0, 1, 2, 5]
    assert select_frames(X, positive, 2, "nearest").tolist() == [0, 1, 2, 3, 4, 5]
    assert select_frames(X, positive, 1, None).tolist() == list(range(7))


@pytest.mark.parametrize("pnr", [3, 100])
def test_all_are_taken_where_there_are_no_more(pnr):
    positive = np.arange(8) < 2
    X = np.arange(8.0)[:, None]
    np.testing.assert_array_equal(select_frames(X, positive, pnr, "greedy"), np.arange(8))
