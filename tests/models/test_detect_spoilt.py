"""Models on recordings that are spoilt or of another scale."""

import warnings

import numpy as np
import pytest
from sklearn.linear_model import LogisticRegression
from sklearn.pipeline import make_pipeline

from skseizure.features import BandFeatures
from skseizure.models import Model
from skseizure.postprocessing import SeizureDetector
from skseizure.signals import Recording, SignalProfile, Windows

NAMES = ["F3-C3", "C3-P3"]
SFREQ = 128


def recording(seed):
    rng = np.random.default_rng(seed)
    signal = np.cumsum(rng.normal(scale=10, size=(2, 120 * SFREQ)), axis=1)
    signal -= np.array([np.convolve(row, np.ones(SFREQ) / SFREQ, "same") for row in signal])
    return Recording(signal, SFREQ, NAMES, record="night")


@pytest.fixture(scope="module")
def model():
    X = Windows.from_recording(recording(0), window=2)
    classifier = make_pipeline(BandFeatures(["std"], {"all": (1, 30)}), LogisticRegression())
    detector = SeizureDetector(classifier).fit(X, np.arange(len(X)) % 5 == 0)
    return Model(detector, SFREQ, 2.0, 2.0, profile=SignalProfile.from_windows(X))


def test_a_clean_recording_is_not_spoken_of(model):
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        assert model.detect(recording(1)).info("night").unjudged == ()


def test_a_minute_of_muscle_is_told(model):
    spoilt = recording(1)
    fast = np.diff(np.random.default_rng(2).normal(scale=90, size=(2, 60 * SFREQ + 1)), axis=1)
    spoilt.data[:, 30 * SFREQ : 90 * SFREQ] += fast
    with pytest.warns(UserWarning, match="'night' has 60 s of muscle activity in most channels"):
        found = model.detect(spoilt)
    assert found.info("night").unjudged == ()


@pytest.mark.parametrize("factor", [1e-3, 0.1, 10, 50])
def test_another_scale_is_told(model, factor):
    spoilt = recording(1)
    spoilt = spoilt.replace(data=spoilt.data * factor)
    if 0.03 < factor < 30:
        with pytest.warns(UserWarning, match=r"(10|9\.8) times (above|below) that of"):
            model.detect(spoilt, quality=False)
    else:
        with pytest.raises(ValueError, match=r"times (above|below) that of training"):
            model.detect(spoilt, quality=False)
