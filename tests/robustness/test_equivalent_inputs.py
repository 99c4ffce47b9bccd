"""The same numbers in another container, order in memory or type: the same result, bit by bit."""

import numpy as np
import pytest
from sklearn.utils import get_tags

from skseizure.features import FeatureNormalizer, PatientScaler
from skseizure.fuzzy import SDASSLTSKClassifier, TSKClassifier, TSKClassifierCV
from skseizure.postprocessing import (
    MorphologicalFilterClassifier,
    PersonalizedClassifier,
    SeizureDetector,
    TunedSeizureDetectorCV,
)

from ._inputs import FRAMES, LAYOUTS, Table
from ._property import METHODS, small
from .test_any_input import NUMBERED, every, trains

# Equal results are asked for here, not good ones.
pytestmark = pytest.mark.filterwarnings("ignore:lbfgs failed to converge")

Y = np.arange(30) % 3 % 2
TYPES = ("int8", "int16", "int32", "int64", "float16", "float32", "longdouble")

# In these, or in the LogisticRegression inside, sums run along the memory of a table.
ROUNDED = (
    FeatureNormalizer,
    TSKClassifier,
    TSKClassifierCV,
    SDASSLTSKClassifier,
    MorphologicalFilterClassifier,
    PersonalizedClassifier,
    SeizureDetector,
    TunedSeizureDetectorCV,
)
# These hand windows to a classifier of tables.
ON_TABLES = (
    MorphologicalFilterClassifier,
    PersonalizedClassifier,
    SeizureDetector,
    TunedSeizureDetectorCV,
)
# These keep single precision, as scikit-learn's own do.
IN_SINGLE_PRECISION = (FeatureNormalizer, PatientScaler, *ON_TABLES)


def results(estimator, X):
    estimator = small(estimator).fit(X, Y)
    out = {m: getattr(estimator, m)(X) for m in METHODS if hasattr(estimator, m)}
    if not out:  # a sampler is the networks that it learned
        out = dict(estimator.networks_)
    return {name: np.asarray(value) for name, value in out.items()}


def assert_same(estimator, X, forms):
    expected = results(estimator, X)
    for form, change in list(forms.items())[:: 4 if trains(estimator) else 1]:
        for name, found in results(estimator, change(X.copy())).items():
            if isinstance(estimator, ROUNDED):
                np.testing.assert_allclose(found, expected[name], 1e-9, 1e-9, err_msg=form)
            else:
                np.testing.assert_array_equal(found, expected[name], err_msg=form)


@every(NUMBERED)
def test_layouts_and_frames(numbered):
    assert_same(numbered[1], Table().build(), {**LAYOUTS, **FRAMES})


@every(NUMBERED)
def test_types_of_numbers(numbered):
    types = {name: lambda X, name=name: X.astype(name) for name in TYPES}
    if isinstance(numbered[1], IN_SINGLE_PRECISION):
        del types["float32"]
    assert_same(numbered[1], Table(values="integers").build(), types)


@every(
    [
        (number, estimator)
        for number, estimator in NUMBERED
        if get_tags(estimator).input_tags.three_d_array and not isinstance(estimator, ON_TABLES)
    ]
)
def test_layouts_of_windows(numbered):
    assert_same(numbered[1], Table(columns=80).build().reshape(30, 2, 40), LAYOUTS)
