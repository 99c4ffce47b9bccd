"""Sample and event scores, and scorers for scikit-learn's searches.

Scores of single windows that exist elsewhere are not repeated here: accuracy, F1 and Matthews
correlation are in `sklearn.metrics`, the geometric mean of sensitivity and specificity is
``imblearn.metrics.geometric_mean_score``.
"""

from .._core.persistence import name_by_package
from ._bootstrap import BootstrapScores, ScoreInterval, bootstrap_scores
from ._classification import sensitivity_score, specificity_score
from ._events import EventScores, SampleScores, event_scores, sample_scores
from ._operating_curve import OperatingCurve, operating_curve
from ._pooled import PooledRefit as PooledRefit
from ._pooled import pooled_scores, refit_pooled
from ._scorer import EventScorer as EventScorer
from ._scorer import SampleScorer as SampleScorer
from ._scorer import make_event_scorer, make_sample_scorer

__all__ = [
    "BootstrapScores",
    "EventScores",
    "OperatingCurve",
    "SampleScores",
    "ScoreInterval",
    "bootstrap_scores",
    "event_scores",
    "make_event_scorer",
    "make_sample_scorer",
    "operating_curve",
    "pooled_scores",
    "refit_pooled",
    "sample_scores",
    "sensitivity_score",
    "specificity_score",
]

# A saved search finds its scorer and its function for refit under these names.
name_by_package(globals(), "EventScorer", "SampleScorer", "PooledRefit")
