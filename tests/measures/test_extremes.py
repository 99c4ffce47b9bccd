"""Smallest and largest floats by their bits."""

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from skseizure.measures._batch import Batch
from skseizure.measures._kernels_moments import extremes


def by_bits(x):
    return extremes(x.view(np.int64)).view(np.float64).T


@settings(deadline=None)  # the first call compiles
@given(arrays(np.float64, (3, 7), elements=st.floats(allow_nan=False)))
def test_numpys_minimum_and_maximum(x):
    low, high = by_bits(x)
    np.testing.assert_array_equal(low, x.min(axis=1))
    np.testing.assert_array_equal(high, x.max(axis=1))


@settings(deadline=None)  # the first call compiles
@given(
    arrays(np.float64, (2, 9), elements=st.floats(allow_infinity=False)),
    st.integers(0, 1),
    st.integers(0, 8),
    st.sampled_from([np.nan, -np.nan, np.inf, -np.inf]),
)
def test_what_is_not_finite_is_at_an_end(x, row, place, value):
    x[row, place] = value
    low, high = by_bits(x)
    assert not np.isfinite([low[row], high[row]]).all()


def test_zeros_of_both_signs_are_one_constant():
    assert Batch([[0.0, -0.0, 0.0]]).constant.all()
