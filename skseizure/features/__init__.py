"""Windows to a table of features; every measure is importable from here, too."""

from typing import TYPE_CHECKING

from .. import measures as _measures
from .._core.persistence import name_by_package
from ..measures import *  # noqa: F403
from ._band_features import BandFeatures
from ._channel_pooling import ChannelPooling
from ._frame_features import FrameFeatures
from ._moving_average import MovingAverage
from ._normalizer import FeatureNormalizer
from ._patient_scaler import PatientScaler
from ._stft import STFTFeatures
from ._wavelet_packet import WaveletPacketFeatures

if not TYPE_CHECKING:  # type checkers cannot read the registry; they take the imports above
    __all__ = [
        "BandFeatures",
        "ChannelPooling",
        "FeatureNormalizer",
        "FrameFeatures",
        "MovingAverage",
        "PatientScaler",
        "STFTFeatures",
        "WaveletPacketFeatures",
        *_measures.__all__,
    ]

name_by_package(globals())
