import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays
from scipy.stats import entropy as scipy_entropy
from sklearn.metrics import mutual_info_score

from skseizure.feature_selection import (
    conditional_mutual_information,
    entropy,
    mutual_information,
)

from . import _naive


def from_table(counts):
    """Two variables whose joint counts are the table."""
    counts = np.asarray(counts)
    x, y = np.indices(counts.shape)
    return np.repeat(x.ravel(), counts.ravel()), np.repeat(y.ravel(), counts.ravel())


@pytest.mark.parametrize(
    ("counts", "nat", "bit"),
    [
        ([[40, 10], [10, 40]], 0.1927447570, 0.2780719051),
        ([[10, 5, 5], [5, 20, 5], [5, 5, 40]], 0.2419239615, 0.3490224996),
    ],
)
def test_known_tables(counts, nat, bit):
    x, y = from_table(counts)
    assert mutual_information(x, y) == pytest.approx(nat, abs=1e-9)
    assert mutual_information(y, x, base=2) == pytest.approx(bit, abs=1e-9)


def test_exact_values_and_exact_zeros():
    a, b = from_table([[30, 30, 30], [70, 70, 70]])
    assert mutual_information(a, b) < 1e-15
    assert entropy(b) == pytest.approx(np.log(3), abs=1e-15)
    assert entropy(np.column_stack([a, b])) == pytest.approx(entropy(a) + entropy(b), abs=1e-12)
    bit_a, bit_b = np.repeat([0, 0, 1, 1], 25), np.tile([0, 1], 50)
    xor = bit_a ^ bit_b
    assert mutual_information(bit_a, xor) < 1e-15
    assert conditional_mutual_information(bit_a, xor, bit_b, base=2) == pytest.approx(1, abs=1e-15)
    assert entropy(["a"] * 5) == 0 == mutual_information([True] * 3, [1.0, 2.0, 3.0])


@settings(max_examples=60, deadline=None)
@given(arrays(np.int64, st.tuples(st.just(3), st.integers(1, 40)), elements=st.integers(-2, 3)))
def test_against_libraries_and_the_naive_form(rows):
    x, y, z = rows
    assert entropy(x) == pytest.approx(scipy_entropy(np.unique(x, return_counts=True)[1]), abs=1e-9)
    assert mutual_information(x, y) == pytest.approx(mutual_info_score(x, y), abs=1e-9)
    naive = _naive.conditional(x.tolist(), y.tolist(), z.tolist())
    assert conditional_mutual_information(x, y, z) == pytest.approx(naive, abs=1e-9)
    both = mutual_information(np.column_stack([x, z]), y)
    chain = mutual_information(z, y) + conditional_mutual_information(x, y, z)
    assert both == pytest.approx(chain, abs=1e-9)
    assert min(both, mutual_information(x, y), conditional_mutual_information(x, y, z)) >= 0
    names = np.array(["c", "a", "e", "b", "d", "f"])
    assert mutual_information(names[x + 2], y) == pytest.approx(mutual_information(x, y), abs=1e-12)


def test_bias_correction(rng):
    """Where nothing is shared the corrected estimates are 0 on average, the plain ones are not."""
    plain, corrected, given_z, entropies = [], [], [], []
    for _ in range(400):
        x, y, z = rng.integers(0, [[5], [3], [2]], size=(3, 300))
        plain.append(mutual_information(x, y))
        corrected.append(mutual_information(x, y, correct_bias=True))
        given_z.append(conditional_mutual_information(x, y, z, correct_bias=True))
        entropies.append(entropy(x, correct_bias=True))
    expected = (5 - 1) * (3 - 1) / (2 * 300)
    np.testing.assert_allclose(np.subtract(plain, corrected), expected, atol=1e-12)
    assert np.mean(plain) == pytest.approx(expected, rel=0.1)
    assert abs(np.mean(corrected)) < 0.1 * expected
    assert abs(np.mean(given_z)) < 0.1 * 2 * expected
    assert np.mean(entropies) == pytest.approx(np.log(5), abs=5e-4)
    assert entropy([0, 1], base=2, correct_bias=True) == pytest.approx(1 + 0.25 / np.log(2))


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda: entropy([0.5, 1.0]), "x holds 0.5; integers are needed. Discretise it first"),
        (lambda: entropy([0.0, np.nan]), "x holds NaN"),
        (lambda: entropy([]), r"x has shape \(0,\); at least one sample"),
        (lambda: entropy(3), "x has 0 dimensions; one or two are needed"),
        (lambda: entropy([1, 2], base=1), "base is 1; a number above 1 or None"),
        (lambda: mutual_information([1, 2], [1, 2, 3]), "x has 2, y has 3 samples; the same"),
        (lambda: mutual_information([1, 2], [0, np.inf, 0.1]), "y holds 0.1"),
        (
            lambda: conditional_mutual_information([1, 2], [1, 2], [[1]]),
            "x has 2, y has 2, z has 1 samples",
        ),
    ],
)
def test_errors(call, message):
    with pytest.raises(ValueError, match=message):
        call()
