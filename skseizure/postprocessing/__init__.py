"""Meta-estimators around any classifier that turn window-wise into clinical decisions."""

from .._core.persistence import name_by_package
from ._channel_fusion import ChannelFusionClassifier
from ._detector import SeizureDetector
from ._morphological_filter import MorphologicalFilterClassifier
from ._morphology import aggregate_and_filter, epileptic_seizure_aggregation, morphological_filter
from ._personalized import PersonalizedClassifier
from ._stream import DetectorStream
from ._tuned import TunedSeizureDetectorCV

__all__ = [
    "ChannelFusionClassifier",
    "DetectorStream",
    "MorphologicalFilterClassifier",
    "PersonalizedClassifier",
    "SeizureDetector",
    "TunedSeizureDetectorCV",
    "aggregate_and_filter",
    "epileptic_seizure_aggregation",
    "morphological_filter",
]

name_by_package(globals())
