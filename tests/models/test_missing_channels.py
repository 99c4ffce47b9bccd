"""A model of pooled channels on recordings that lack some, from the file on."""

import warnings

import edfio
import pytest
from sklearn.linear_model import LogisticRegression
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

from skseizure.datasets import make_recordings
from skseizure.features import BandFeatures, ChannelPooling
from skseizure.models import Model
from skseizure.postprocessing import SeizureDetector
from skseizure.signals import MissingChannelsError, SignalProfile, Windows, get_montage


@pytest.fixture(scope="module")
def recorded():
    """Two recordings in the double banana; windows of the first, and their labels."""
    recordings, events = make_recordings(
        1, 2, 300, sfreq=64, n_channels=18, ictal_fraction=0.2, random_state=0
    )
    X = Windows.from_recording(recordings[0], window=4, step=2)
    return recordings, X, X.labels(events)


def model_of(recorded, features):
    _, X, y = recorded
    detector = SeizureDetector(make_pipeline(features, StandardScaler(), LogisticRegression()))
    return Model(
        detector.fit(X, y),
        X.sfreq,
        window=4,
        step=2,
        montage="double banana",
        profile=SignalProfile.from_windows(X),
    )


@pytest.mark.parametrize("n_channels", [2, 16])
def test_a_pooled_model_detects_with_the_channels_that_there_are(recorded, tmp_path, n_channels):
    recordings, X, _ = recorded
    assert X.ch_names == get_montage("double banana")
    model = model_of(recorded, ChannelPooling(BandFeatures(["std", "line_length"], ["theta"])))
    fewer = recordings[1].replace(
        data=recordings[1].data[-n_channels:], ch_names=X.ch_names[-n_channels:]
    )
    with pytest.warns(UserWarning, match=rf"has no channels for FP1-F7.* the other {n_channels}\."):
        found = model.detect(fewer)
    windows = Windows.from_recording(fewer, window=4, step=2)
    expected = model.estimator.predict_events(windows)
    assert found.onset.tolist() == expected.onset.tolist()
    assert len(found) == (n_channels == 16)  # the last two are far from the focus
    # The same from a file.
    signals = [
        edfio.EdfSignal(row, 64, label=name, physical_dimension="uV")
        for name, row in zip(fewer.ch_names, fewer.data, strict=True)
    ]
    edfio.Edf(signals).write(tmp_path / "few.edf")
    with pytest.warns(UserWarning, match="has no channels for FP1-F7"):
        again = model.detect(tmp_path / "few.edf")
    assert again.onset.tolist() == found.onset.tolist()
    with warnings.catch_warnings(action="error"):
        model.detect(recordings[1])


def test_what_may_not_be_missing_is_refused(recorded):
    recordings, X, _ = recorded
    features = BandFeatures(["std"], ["theta"])
    fewer = recordings[1].replace(data=recordings[1].data[1:], ch_names=X.ch_names[1:])
    for needs_all in (features, ChannelPooling(features, allow_missing=[X.ch_names[5]])):
        with pytest.raises(MissingChannelsError, match="has no channels for FP1-F7") as caught:
            model_of(recorded, needs_all).detect(fewer)
        assert caught.value.missing == ("FP1-F7",)
    foreign = recordings[1].replace(ch_names=[f"X{i}" for i in range(18)])
    with pytest.raises(MissingChannelsError, match="has no channels for"):
        model_of(recorded, ChannelPooling(features)).detect(foreign)
