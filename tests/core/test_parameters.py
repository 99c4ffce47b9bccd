"""Ranges of parameters: what they hold, which scikit-learn's own would let through or refuse."""

from fractions import Fraction
from numbers import Integral, Real

import numpy as np
import pytest

from skseizure._core.parameters import Interval
from skseizure.ensemble import MetaSamplerClassifier
from skseizure.evolution import MultiDimensionalPSO
from skseizure.features import BandFeatures, STFTFeatures, WaveletPacketFeatures

from .._instances import INSTANCES


@pytest.mark.parametrize(
    "closed, held, refused",
    [
        ("right", [np.inf, 1, 0.5, np.float32(2), np.int8(3)], [0, -1, np.nan, 10**400]),
        ("left", [0, 0.0, 1e300], [Fraction(1, 2), np.inf, -np.inf, np.nan, True, np.True_]),
    ],
)
def test_real_range(closed, held, refused):
    allowed = Interval(Real, 0, None, closed=closed)
    assert all(allowed.is_satisfied_by(value) for value in held)
    assert not any(allowed.is_satisfied_by(value) for value in refused)


@pytest.mark.parametrize("estimator", INSTANCES, ids=lambda e: type(e).__name__)
def test_closed_ends_are_held(estimator):
    for name, constraints in estimator._parameter_constraints.items():
        for constraint in constraints if isinstance(constraints, list) else []:
            if isinstance(constraint, Interval):
                ends = {"left": [constraint.left], "right": [constraint.right or np.inf]}
                ends |= {"both": [constraint.left, constraint.right], "neither": []}
                for end in ends[constraint.closed]:
                    if constraint.type is not Integral:
                        assert constraint.is_satisfied_by(float(end)), (name, end)
                    elif end != np.inf:
                        assert constraint.is_satisfied_by(end), (name, end)


def test_every_range_holds_numbers_of_numpy():
    assert Interval(Integral, 1, 9, closed="both").is_satisfied_by(np.uint8(9))


@pytest.mark.parametrize("kind", [np.int8, np.uint8, np.uint16, np.int64, np.uint64])
def test_integers_of_numpy_are_those_of_python(kind):
    x = np.random.default_rng(0).normal(size=(6, 256))
    for make in (
        lambda number: BandFeatures(["std"], ["theta", "beta"], order=number(5), sfreq=256),
        lambda number: STFTFeatures(segment=number(100), sfreq=256),
        lambda number: WaveletPacketFeatures(level=number(7), sfreq=256),
    ):
        np.testing.assert_array_equal(make(kind).fit_transform(x), make(int).fit_transform(x))
    with pytest.raises(ValueError, match=r"bands .* segment=\d+"):
        STFTFeatures(segment=kind(64), sfreq=256).fit(x)
    swarm = [
        MultiDimensionalPSO(10, max_iter=20, vd_max=number(5), random_state=0).minimize(
            lambda x: float(np.sum(x**2)), dims=[2, 4], bounds=(-1, 1)
        )
        for number in (kind, int)
    ]
    assert swarm[0].fun == swarm[1].fun


def test_an_infinite_sigma_is_plain_undersampling():
    X = np.random.default_rng(0).normal(size=(60, 2))
    y = np.arange(60) % 6 == 0
    MetaSamplerClassifier(sampler="random", sigma=np.inf, n_estimators=3).fit(X, y)
