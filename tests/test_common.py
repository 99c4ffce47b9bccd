"""scikit-learn's whole battery of checks on every public estimator.

A new estimator joins by one line in `_instances.py`.
"""

import pickle
import re

import numpy as np
import pytest
from sklearn.base import clone
from sklearn.linear_model import LogisticRegression
from sklearn.utils import estimator_html_repr
from sklearn.utils.estimator_checks import parametrize_with_checks

from skseizure.ensemble import MetaSampler, MetaSamplerClassifier
from skseizure.features import (
    BandFeatures,
    FeatureNormalizer,
    FrameFeatures,
    MovingAverage,
    PatientScaler,
)
from skseizure.fuzzy import SDASSLTSKClassifier, TSKClassifierCV
from skseizure.moe import MixMoEClassifier, SeizureMoEClassifier
from skseizure.postprocessing import (
    MorphologicalFilterClassifier,
    SeizureDetector,
    TunedSeizureDetectorCV,
)

from ._instances import INSTANCES, MOE, SAMPLERS, for_windows, public_estimators

_WEIGHTS_OF_DRAWN_ROWS = {
    f"check_sample_weight_equivalence_on_{kind}_data": "rows are drawn: one given twice can be "
    "drawn twice, one of weight two cannot"
    for kind in ("dense", "sparse")
}

_RANDOM_DRAWS = {
    "check_sample_weight_equivalence_on_dense_data": "windows are drawn at random, others where "
    "there is another number of them"
}

# Said on purpose of the checks' labels, which mark no row as unlabelled and name no seizure.
pytestmark = [
    pytest.mark.filterwarnings("ignore:y has no unlabelled row:UserWarning"),
    pytest.mark.filterwarnings("ignore:y has the classes .* which of them is the seizure"),
]

_DETECTOR = {
    "check_classifiers_train": "smooths in time: the check's rows are shuffled",
    "check_methods_sample_order_invariance": "a bare array is one record in row order",
    "check_methods_subset_invariance": "a window's label depends on its neighbours in time",
}
EXPECTED_FAILED_CHECKS: dict[type, dict[str, str]] = {
    SDASSLTSKClassifier: {
        "check_classifiers_classes": "-1 means unlabelled, and the check's classes are -1 and 1",
    },
    TSKClassifierCV: {
        "check_sample_weight_equivalence_on_dense_data": "a row of weight two is left out whole, "
        "one that stands twice is left out once",
    },
    MetaSampler: _WEIGHTS_OF_DRAWN_ROWS,
    SeizureMoEClassifier: _RANDOM_DRAWS,
    MixMoEClassifier: _RANDOM_DRAWS,
    MetaSamplerClassifier: _WEIGHTS_OF_DRAWN_ROWS,
    MovingAverage: {
        "check_methods_sample_order_invariance": "a bare array is one record in row order",
        "check_methods_subset_invariance": "an average depends on the neighbours in time",
    },
    PatientScaler: {
        "check_methods_sample_order_invariance": "a bare array is one patient in row order",
        "check_methods_subset_invariance": "the scale is that of the rows given",
    },
    MorphologicalFilterClassifier: {
        "check_classifiers_train": "filters labels in time: the check's rows are shuffled, and "
        "predict is not the argmax of the unfiltered scores",
    },
    SeizureDetector: _DETECTOR,
    TunedSeizureDetectorCV: _DETECTOR,
}

# Settings under which nothing is left of the reasons above: here every check must pass.
NEUTRAL = [
    MixMoEClassifier(sfreq=128, **MOE),
    SDASSLTSKClassifier(3, unlabeled_label=None),
    SeizureDetector(LogisticRegression(), smoothing=0, min_duration=0, merge_gap=0),
    TunedSeizureDetectorCV(
        SeizureDetector(LogisticRegression(), smoothing=0, min_duration=0, merge_gap=0),
        settings={"threshold": [0.5]},
    ),
    MovingAverage(FeatureNormalizer(), seconds=1),
    PatientScaler(),
    PatientScaler(method="robust", causal=True, min_windows=1000),
    BandFeatures(sfreq=256, filtering="window"),
    FrameFeatures(
        [
            "morph",
            "time",
            "freq",
            "dwt_db1",
            "dwt_db2",
            "dwt_db3",
            "dwt_db4",
            "dwt_db4_stats",
            "tf",
            "mfcc",
        ],
        sfreq=256,
    ),
]


def _expected(estimator):
    return EXPECTED_FAILED_CHECKS.get(type(estimator), {})


@parametrize_with_checks([*INSTANCES, *SAMPLERS], expected_failed_checks=_expected)
def test_scikit_learn_checks(estimator, check):
    check(estimator)


def _drawn(estimator):
    return _RANDOM_DRAWS if isinstance(estimator, MixMoEClassifier) else {}


@parametrize_with_checks(NEUTRAL, expected_failed_checks=_drawn)
def test_scikit_learn_checks_without_exception(estimator, check):
    check(estimator)


def test_every_public_estimator_is_in_the_list():
    assert set(public_estimators()) == {type(instance) for instance in [*INSTANCES, *SAMPLERS]}


@pytest.mark.parametrize("estimator", INSTANCES, ids=lambda e: type(e).__name__)
def test_windows_through_the_estimator_interface(estimator, toy):
    X, y, _ = toy
    taker = for_windows(estimator)
    if taker is None:
        X, taker = BandFeatures(["std"], {"low": (1, 30)}).fit_transform(X), clone(estimator)
    estimator = taker.fit(X, y)
    assert type(estimator).__name__ in estimator_html_repr(estimator)
    assert re.match(type(estimator).__name__, repr(estimator))
    again = pickle.loads(pickle.dumps(estimator))
    for method in ("transform", "predict", "predict_proba"):
        if hasattr(estimator, method):
            out = getattr(estimator, method)(X)
            assert len(out) == len(X) and np.isfinite(np.asarray(out, dtype=float)).all()
            np.testing.assert_array_equal(getattr(again, method)(X), out)
