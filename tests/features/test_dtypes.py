"""Files of 16-bit samples are taken as they are, batch by batch, with the same features."""

import numpy as np
import pytest

from skseizure.features import (
    BandFeatures,
    FrameFeatures,
    MovingAverage,
    STFTFeatures,
    WaveletPacketFeatures,
)


@pytest.mark.parametrize("dtype", [np.int16, np.int32, np.float16, np.float32])
@pytest.mark.parametrize(
    "transformer",
    [
        BandFeatures(["std", "sample_entropy"], sfreq=256),
        FrameFeatures(["morph", "time"], sfreq=256),
        WaveletPacketFeatures(sfreq=256),
        STFTFeatures(sfreq=256),
        MovingAverage(STFTFeatures(sfreq=256), seconds=3),
    ],
    ids=lambda t: type(t).__name__,
)
def test_dtype_of_the_samples_changes_nothing(rng, transformer, dtype):
    X = rng.integers(-800, 800, (6, 2, 256)).astype(dtype)
    expected = transformer.fit_transform(X.astype(np.float64))
    np.testing.assert_array_equal(transformer.fit_transform(X), expected)


def test_integers_do_not_overflow():
    # Differences and squares of the largest 16-bit samples are beyond 16 bits.
    X = np.tile(np.array([-(2**15), 2**15 - 1], dtype=np.int16), (2, 1, 128))
    table = FrameFeatures(["morph", "time"], sfreq=256).fit_transform(X)
    assert table.max() > 2**30
    assert np.array_equal(
        table, FrameFeatures(["morph", "time"], sfreq=256).fit_transform(X.astype(float))
    )
