"""Which channels an estimator cannot do without."""

import numpy as np
import pytest
from sklearn.linear_model import LogisticRegression
from sklearn.pipeline import make_pipeline, make_union
from sklearn.preprocessing import FunctionTransformer, StandardScaler

from skseizure._core.channels import required_channels
from skseizure.features import ChannelPooling, MovingAverage, PatientScaler, STFTFeatures
from skseizure.postprocessing import SeizureDetector

STFT = STFTFeatures({"low": (0, 20)})
EVERY = ("F3-C3", "C3-P3")


@pytest.mark.parametrize(
    ("first", "expected"),
    [
        (STFT, EVERY),
        (MovingAverage(STFT), EVERY),
        (ChannelPooling(STFT), ()),
        (ChannelPooling(STFT, allow_missing="none"), EVERY),
        (ChannelPooling(STFT, allow_missing=["F3-C3"]), ("C3-P3",)),
        (PatientScaler(MovingAverage(ChannelPooling(STFT))), ()),
        (make_union(ChannelPooling(STFT), STFT), EVERY),
        (FunctionTransformer(lambda X: np.asarray(X).mean(axis=1)), EVERY),  # nothing tells
    ],
)
def test_what_parts_require(toy, first, expected):
    X, y, _ = toy
    detector = SeizureDetector(make_pipeline(first, StandardScaler(), LogisticRegression()))
    assert required_channels(detector.fit(X, y), EVERY) == expected
