"""Splitters that know records, patients and time."""

from .._core.persistence import name_by_package
from ._early import EarlyTrainSplit
from ._identity import OverlappingWindowsWarning
from ._labelled import LabelledTestSplit
from ._split import LeaveOnePatientOut, LeaveOneRecordOut, RecordKFold, StratifiedPatientKFold

__all__ = [
    "EarlyTrainSplit",
    "LabelledTestSplit",
    "LeaveOnePatientOut",
    "LeaveOneRecordOut",
    "OverlappingWindowsWarning",
    "RecordKFold",
    "StratifiedPatientKFold",
]

name_by_package(globals())
