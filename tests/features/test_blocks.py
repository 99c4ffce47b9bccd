"""Features and decisions of recordings that are gone through a part at a time."""

import edfio
import numpy as np
import pytest
from sklearn.linear_model import LogisticRegression
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

from skseizure.features import (
    BandFeatures,
    FrameFeatures,
    MovingAverage,
    STFTFeatures,
    WaveletPacketFeatures,
)
from skseizure.features import _band_features as band_module
from skseizure.measures import median_frequency
from skseizure.postprocessing import ChannelFusionClassifier, SeizureDetector
from skseizure.postprocessing import _base as base_module
from skseizure.signals import Windows, read_edf
from skseizure.signals import _lazy as lazy_module
from skseizure.signals._filters import butterworth_bandpass

SFREQ = 130
BANDS = {"alpha": (8.0, 13.0), "beta": (13.0, 30.0)}
TRANSFORMERS = {
    "band": BandFeatures(["std", "line_length", "kurtosis", "spectral_entropy"], BANDS, order=3),
    "decimated": BandFeatures(["std", "hjorth_mobility"], BANDS, decimate=True, smoothing=3),
    "window": BandFeatures(["std"], BANDS, filtering="window"),
    "frame": FrameFeatures(["morph", "mfcc", "d_mfcc"], smoothing=3, mfcc_bands=[(1, 30)]),
    "stft": STFTFeatures(),
    "wavelet": WaveletPacketFeatures(),
    "average": MovingAverage(WaveletPacketFeatures(), seconds=4),
}


@pytest.fixture(scope="module")
def files(tmp_path_factory):
    rng = np.random.default_rng(0)
    paths = []
    for i, seconds in enumerate((90, 20)):
        signals = [
            edfio.EdfSignal(
                rng.normal(0, 30 + 60 * (np.arange(seconds * SFREQ) // SFREQ // 10 % 2)),
                SFREQ,
                label=label,
                physical_dimension="uV",
                physical_range=(-900, 900),
            )
            for label in "abc"
        ]
        paths.append(tmp_path_factory.mktemp("long") / f"{i}.edf")
        edfio.Edf(signals).write(paths[-1])
    return paths


def windows(files, lazy):
    return Windows.concatenate(
        Windows.from_recording(read_edf(path, lazy=lazy), window=2, step=1) for path in files
    )


@pytest.fixture
def small(monkeypatch):
    monkeypatch.setattr(lazy_module, "CHUNK", 3 * 1000)
    monkeypatch.setattr(lazy_module, "_recordings", lazy_module._Recordings())
    monkeypatch.setattr(band_module, "BLOCK_SECONDS", 25.0)
    monkeypatch.setattr(base_module, "CHUNK", 15 * 3 * 2 * SFREQ)


@pytest.mark.parametrize("name", TRANSFORMERS)
def test_features_by_blocks_equal_those_in_one_go(files, name, request):
    transformer, X = TRANSFORMERS[name], windows(files, lazy=False)
    whole = transformer.fit_transform(X)
    request.getfixturevalue("small")
    lazy = windows(files, lazy=True)
    blocks = transformer.transform(lazy)
    np.testing.assert_allclose(blocks, whole, rtol=1e-9, atol=1e-9 * np.abs(whole).max())
    # The blocks do not depend on where the samples are, nor on which windows are asked for.
    np.testing.assert_array_equal(transformer.transform(X), blocks)
    rows = np.random.default_rng(0).permutation(len(X))[:20]
    if transformer.get_params().get("smoothing") is None and name not in ("average", "frame"):
        np.testing.assert_array_equal(transformer.transform(lazy[rows]), blocks[rows])


def label(X):
    return (X.onset // 10 % 2).astype(int)


def spread(X):
    return np.log(np.asarray(X).std(axis=-1)).reshape(len(X), -1)


class Spread(StandardScaler):
    """A transformer of raw windows that notes how many it is given."""

    largest = 0

    def fit(self, X, y=None):
        return super().fit(spread(X))

    def transform(self, X, copy=None):
        type(self).largest = max(type(self).largest, len(X))
        return super().transform(spread(X))


@pytest.mark.parametrize(
    "estimator",
    [
        make_pipeline(TRANSFORMERS["band"], StandardScaler(), LogisticRegression()),
        make_pipeline(TRANSFORMERS["frame"], StandardScaler(), LogisticRegression()),
        make_pipeline(Spread(), LogisticRegression()),
        ChannelFusionClassifier(make_pipeline(Spread(), LogisticRegression()), voting="soft"),
    ],
    ids=["band", "frame", "raw", "fusion"],
)
def test_decisions_by_chunks_equal_those_in_one_go(files, estimator, request):
    X = windows(files, lazy=False)
    y, rows = label(X), np.random.default_rng(0).permutation(len(X))
    detector = SeizureDetector(estimator, min_duration=2).fit(X, y)
    whole = detector.predict_proba(X), detector.predict_events(X)
    request.getfixturevalue("small")
    Spread.largest = 0
    lazy = windows(files, lazy=True)
    np.testing.assert_allclose(detector.predict_proba(lazy), whole[0], rtol=0, atol=1e-9)
    assert Spread.largest <= 3 * 30 < 3 * len(X)
    np.testing.assert_allclose(detector.predict_proba(lazy[rows]), whole[0][rows], atol=1e-9)
    assert detector.predict_events(lazy).onset.tolist() == whole[1].onset.tolist()
    assert len(whole[1]) > 0


def test_decimated_columns_have_names_of_their_own(files):
    X = windows(files, lazy=False)
    features = BandFeatures(["std"], {"slow": (1, 4), **BANDS}, decimate=True).fit(X)
    assert features.get_feature_names_out()[:3].tolist() == [
        "a__slow@32.5Hz__std",
        "a__alpha@65Hz__std",
        "a__beta__std",
    ]


def test_decimated_measures_are_those_of_fewer_samples(files):
    recording = read_edf(files[1])
    X = Windows.from_recording(recording, window=2, step=1)
    measures = ["std", "median_frequency"]
    found = BandFeatures(measures, {"slow": (1, 4)}, decimate=True).fit_transform(X)
    slow = butterworth_bandpass(recording.data, SFREQ, 1, 4, dtype=np.float64)
    few = np.lib.stride_tricks.sliding_window_view(slow, 2 * SFREQ, axis=1)[:, ::SFREQ, ::4]
    few = few.swapaxes(0, 1)[: len(X)].reshape(-1, few.shape[2])
    expected = np.stack([few.std(axis=1), median_frequency(few, sfreq=SFREQ / 4)], axis=1)
    np.testing.assert_allclose(found, expected.reshape(len(X), -1), rtol=1e-9)
