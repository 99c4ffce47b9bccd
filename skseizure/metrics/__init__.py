"""Sample and event scores, and scorers for scikit-learn's searches.

Scores of single windows that exist elsewhere are not repeated here: accuracy, F1 and Matthews
correlation are in `sklearn.metrics`, the geometric mean of sensitivity and specificity is
``imblearn.metrics.geometric_mean_score``.
"""

from .._core.persistence import name_by_package
from ._classification import sensitivity_score, specificity_score
from ._events import EventScores, SampleScores, event_scores, sample_scores
from ._scorer import EventScorer as EventScorer
from ._scorer import make_event_scorer

__all__ = [
    "EventScores",
    "SampleScores",
    "event_scores",
    "make_event_scorer",
    "sample_scores",
    "sensitivity_score",
    "specificity_score",
]

# A saved search finds its scorer under this name.
name_by_package(globals(), "EventScorer")
