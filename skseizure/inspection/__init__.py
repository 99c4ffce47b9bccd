"""Displays of what a detector saw and decided."""

from .._core.persistence import name_by_package
from ._classification_map import ClassificationMapDisplay
from ._event_timeline import EventTimelineDisplay
from ._expert_usage import ExpertUsageDisplay
from ._fuzzy_rules import FuzzyRuleDisplay
from ._importance import ChannelImportanceDisplay
from ._patient_forest import PatientForestDisplay
from ._sample_explanation import SampleExplanationDisplay
from ._sampling_curve import SamplingCurveDisplay
from ._sensitivity_false_alarm import SensitivityFalseAlarmDisplay

__all__ = [
    "ChannelImportanceDisplay",
    "ClassificationMapDisplay",
    "EventTimelineDisplay",
    "ExpertUsageDisplay",
    "FuzzyRuleDisplay",
    "PatientForestDisplay",
    "SampleExplanationDisplay",
    "SamplingCurveDisplay",
    "SensitivityFalseAlarmDisplay",
]

name_by_package(globals())
