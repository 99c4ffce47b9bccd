"""Classifiers evolved by particle swarms: small networks, and whole networks of these."""

from .._core.persistence import name_by_package
from ._cnbc import CNBCClassifier
from ._ensemble import CNBCEnsembleClassifier
from ._mlp import EvolvedMLPClassifier
from ._swarm import MultiDimensionalPSO

__all__ = [
    "CNBCClassifier",
    "CNBCEnsembleClassifier",
    "EvolvedMLPClassifier",
    "MultiDimensionalPSO",
]

name_by_package(globals())
