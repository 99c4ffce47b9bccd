"""The imbalanced sampler: what it draws, and that it draws the same again."""

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from torch.utils.data import DataLoader, TensorDataset

from skseizure.moe import ImbalancedBatchSampler
from skseizure.moe._sampler import exponents

COUNTS = np.array([300, 60, 12, 1])


def _labels():
    return np.random.default_rng(0).permutation(np.repeat(np.arange(4), COUNTS))


@settings(max_examples=10, deadline=None)
@given(gamma=st.floats(-1, 2), seed=st.integers(0, 1000))
def test_classes_are_drawn_at_their_frequencies(gamma, seed):
    y, n = _labels(), 100_000
    sampler = ImbalancedBatchSampler(y, 1000, gamma, n_batches=n // 1000, random_state=seed)
    drawn = np.bincount(y[np.concatenate(list(sampler))], minlength=4)
    expected = COUNTS**gamma / np.sum(COUNTS**gamma)
    # 4 standard deviations a class; 40 comparisons miss once in 400 runs: 5 leave it to none.
    assert (np.abs(drawn - n * expected) <= 5 * np.sqrt(n * expected * (1 - expected)) + 1).all()


def test_bar_of_four_standard_deviations():
    y, n = _labels(), 100_000
    for gamma in (0, 0.5, 1):
        sampler = ImbalancedBatchSampler(y, 1000, gamma, n_batches=100, random_state=0)
        drawn = np.bincount(y[np.concatenate(list(sampler))], minlength=4)
        expected = COUNTS**gamma / np.sum(COUNTS**gamma)
        assert (np.abs(drawn - n * expected) <= 4 * np.sqrt(n * expected * (1 - expected))).all()


def test_rows_of_a_class_are_drawn_alike_and_the_only_one_too():
    y = _labels()
    sampler = ImbalancedBatchSampler(y, 1000, 0.0, n_batches=100, random_state=0)
    drawn = np.bincount(np.concatenate(list(sampler)), minlength=len(y))
    assert drawn[y == 3] == pytest.approx(25_000, abs=600)
    common = drawn[y == 0]
    assert abs(common.mean() - 25_000 / 300) < 2 and (np.abs(common - common.mean()) < 50).all()


def test_weights_are_repetitions():
    """A row of weight k is drawn as k rows; one of weight 0 is not there."""
    y, rng = _labels(), np.random.default_rng(1)
    weights = rng.integers(0, 4, len(y))
    weights[y == 3] = 2
    weighted = ImbalancedBatchSampler(
        y, 1000, [1, 0.3, 0], sample_weight=weights, n_batches=200, random_state=0
    )
    repeated = ImbalancedBatchSampler(np.repeat(y, weights), 1000, [1, 0.3, 0])
    np.testing.assert_allclose(weighted.probabilities, repeated.probabilities, rtol=1e-12)
    rows = np.array(list(weighted))
    for block in range(3):
        drawn = np.bincount(rows[:, weighted.block == block].ravel(), minlength=len(y))
        expected = weights * (repeated.probabilities[block] / np.bincount(y, weights))[y]
        expected *= drawn.sum()
        assert (np.abs(drawn - expected) <= 5 * np.sqrt(expected)).all()


def test_equal_weights_are_none():
    y = _labels()
    plain = np.array(list(ImbalancedBatchSampler(y, 1000, n_batches=50, random_state=0)))
    for weight in (1, 0.25, 1e-200, 1e200):
        weights = np.full(len(y), weight)
        sampler = ImbalancedBatchSampler(
            y, 1000, sample_weight=weights, n_batches=50, random_state=0
        )
        assert (np.array(list(sampler)) != plain).mean() < 1e-4  # at most where rounded otherwise


def test_a_class_without_weight_is_none():
    sampler = ImbalancedBatchSampler([0, 0, 1, 2], 100, sample_weight=[1, 0, 0, 3], random_state=0)
    np.testing.assert_array_equal(sampler.classes_, [0, 2])
    assert set(np.concatenate(list(sampler))) == {0, 3}


def test_each_block_has_its_own_balance():
    y = _labels()
    sampler = ImbalancedBatchSampler(y, 7, [1, 0, 0.5], n_batches=8000, random_state=0)
    np.testing.assert_array_equal(np.bincount(sampler.block), [3, 2, 2])
    labels = y[np.array(list(sampler))]
    for block, gamma in enumerate([1, 0, 0.5]):
        share = np.bincount(labels[:, sampler.block == block].ravel(), minlength=4)
        expected = COUNTS**gamma / np.sum(COUNTS**gamma)
        np.testing.assert_allclose(sampler.probabilities[block], expected)
        np.testing.assert_allclose(share / share.sum(), expected, atol=0.015)


def test_seeds_reproduce_and_passes_differ():
    y = _labels()
    first, second = (ImbalancedBatchSampler(y, 8, random_state=3) for _ in range(2))
    state = np.random.get_state()[1].copy()  # noqa: NPY002
    a, b = list(first), list(second)
    np.testing.assert_array_equal(a, b)
    assert len(a) == len(first) == np.ceil(len(y) / 8)
    assert not np.array_equal(a, list(first))
    np.testing.assert_array_equal(np.random.get_state()[1], state)  # noqa: NPY002


def test_it_feeds_a_data_loader():
    y = torch.tensor([0, 0, 0, 1])
    sampler = ImbalancedBatchSampler(y, 6, random_state=0)
    batches = list(DataLoader(TensorDataset(torch.arange(4), y), batch_sampler=sampler))
    assert len(batches) == 1 and batches[0][0].shape == (6,)


def test_exponents_by_name():
    np.testing.assert_allclose(exponents("diverse", 4), [1, 2 / 3, 1 / 3, 0])
    np.testing.assert_array_equal(exponents("balanced", 2), [0, 0])
    np.testing.assert_array_equal(exponents("natural", 2), [1, 1])
    np.testing.assert_array_equal(exponents([0.3, 0.7], 2), [0.3, 0.7])
    with pytest.raises(ValueError, match="one finite exponent for each of 3 experts"):
        exponents([0.3, 0.7], 3)


def test_large_exponents_do_not_overflow():
    sampler = ImbalancedBatchSampler(_labels(), 4, [1000.0, -1000.0])
    np.testing.assert_allclose(sampler.probabilities, [[1, 0, 0, 0], [0, 0, 0, 1]])


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        ({"y": []}, r"y has shape \(0,\)"),
        ({"y": [0, 1], "gamma": np.nan}, "gamma is nan; a finite number"),
        ({"y": [0, 1], "gamma": [0, 1, 2], "batch_size": 2}, "batch_size is 2 for 3 blocks"),
        ({"y": [0, 1], "batch_size": 2.5}, r"batch_size is 2\.5; a whole number"),
        ({"y": [0, 1], "n_batches": -1}, "n_batches is -1; a whole number"),
        ({"y": [0, 1], "sample_weight": [0, 0]}, "sample_weight: Sample weights must contain"),
        ({"y": [0, 1], "sample_weight": [1, -1]}, "Negative values in .*sample_weight"),
        ({"y": [0, 1], "sample_weight": [1]}, "sample_weight"),
    ],
)
def test_bad_settings(settings, message):
    with pytest.raises(ValueError, match=message):
        ImbalancedBatchSampler(**settings)
