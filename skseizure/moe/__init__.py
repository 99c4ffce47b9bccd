"""Mixtures of experts that join hand-made features with a neural network under imbalance."""

from __future__ import annotations

import importlib
from typing import TYPE_CHECKING, Any

from .._core.persistence import name_by_package
from ._manual_features import BandSummary as BandSummary
from ._manual_features import Manual41 as Manual41
from ._mix_moe import MixMoEClassifier
from ._sampler import ImbalancedBatchSampler
from ._seizure_moe import SeizureMoEClassifier

if TYPE_CHECKING:
    from ._eegnet import EEGNet
    from ._mixture import MixtureOfExperts, NoisyTopKGate

__all__ = [
    "EEGNet",
    "ImbalancedBatchSampler",
    "MixMoEClassifier",
    "MixtureOfExperts",
    "NoisyTopKGate",
    "SeizureMoEClassifier",
]

# The manual features of a saved `MixMoEClassifier` are found under these names.
name_by_package(globals(), "BandSummary", "Manual41")

# torch takes seconds to import, which those who only name an estimator need not wait for.
_MODULES = {"EEGNet": "._eegnet", "MixtureOfExperts": "._mixture", "NoisyTopKGate": "._mixture"}


def __getattr__(name: str) -> Any:
    if name in _MODULES:
        return getattr(importlib.import_module(_MODULES[name], __name__), name)
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
