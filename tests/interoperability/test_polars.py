"""Tables as polars data frames."""

import numpy as np
import pytest
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

from skseizure.evolution import CNBCClassifier
from skseizure.feature_selection import MutualInformationSelector
from skseizure.features import (
    FeatureNormalizer,
    FrameFeatures,
    MovingAverage,
    STFTFeatures,
    WaveletPacketFeatures,
)
from skseizure.fuzzy import TSKClassifier

from ._parts import NETWORK, features

pl = pytest.importorskip("polars", reason="polars is not installed: an option of set_output")


@pytest.mark.parametrize(
    "transformer",
    [
        features(),
        FrameFeatures(["morph", "freq"]),
        WaveletPacketFeatures({"low": (0, 8)}, level=2),
        STFTFeatures({"low": (0, 8)}, segment=32),
        MovingAverage(features()),
    ],
    ids=lambda transformer: type(transformer).__name__,
)
def test_transformers_of_windows(transformer, toy):
    X, _, _ = toy
    array = transformer.fit(X).set_output(transform="default").transform(X)
    frame = transformer.set_output(transform="polars").transform(X)
    assert isinstance(frame, pl.DataFrame)
    assert frame.columns == transformer.get_feature_names_out().tolist()
    np.testing.assert_array_equal(frame.to_numpy(), array)


def test_whole_pipeline(toy):
    """Names reach selector, rules and networks as they do with pandas."""
    X, y, _ = toy
    for model in (TSKClassifier(3, random_state=0), CNBCClassifier(NETWORK, random_state=0)):
        steps = features(), FeatureNormalizer(), MutualInformationSelector("mim", 4), model
        pipes = [
            make_pipeline(*steps).set_output(transform=kind).fit(X, y).predict_proba(X)
            for kind in ("polars", "pandas")
        ]
        # A data frame's memory is laid out otherwise: sums differ by rounding.
        np.testing.assert_allclose(*pipes, rtol=1e-9)


def test_names_are_checked(toy):
    X, y, _ = toy
    table = make_pipeline(features(), StandardScaler()).set_output(transform="polars")
    table = table.fit_transform(X)
    network = CNBCClassifier(NETWORK, random_state=0).fit(table, y)
    assert network.channel_names_ == ["F3-C3", "C3-P3"]
    with pytest.raises(ValueError, match="feature names should match"):
        network.predict(table[:, ::-1])
