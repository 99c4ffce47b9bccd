"""Optuna's search in the place of scikit-learn's."""

import numpy as np
import pytest
from sklearn.model_selection import cross_val_score

from skseizure.metrics import make_event_scorer
from skseizure.model_selection import StratifiedPatientKFold

from ._parts import detector

reason = "optuna and optuna-integration are not installed: one search among several"
optuna = pytest.importorskip("optuna", reason=reason)
integration = pytest.importorskip("optuna_integration", reason=reason)

pytestmark = [
    pytest.mark.filterwarnings(
        "ignore:OptunaSearchCV is experimental:optuna.exceptions.ExperimentalWarning"
    ),
    # Raised by optuna-integration's own use of it.
    pytest.mark.filterwarnings("ignore:.optuna.terminator. module has been deprecated"),
]


def test_search_of_the_post_processor_by_event_score(toy):
    """Windows, splitter by patient and scorer of events go through as with GridSearchCV."""
    X, y, _ = toy
    cv, scoring = StratifiedPatientKFold(2), make_event_scorer("f1", zero_division=0.0)
    space = {
        "threshold": optuna.distributions.FloatDistribution(0.1, 0.9),
        "min_duration": optuna.distributions.FloatDistribution(0, 60),
        "estimator__logisticregression__C": optuna.distributions.FloatDistribution(
            1e-6, 1, log=True
        ),
    }
    optuna.logging.set_verbosity(optuna.logging.WARNING)
    search = integration.OptunaSearchCV(
        detector(), space, cv=cv, scoring=scoring, n_trials=8, random_state=0, error_score="raise"
    ).fit(X, y)
    scores = [trial.value for trial in search.trials_]
    assert min(scores) < 0.5 < search.best_score_ == max(scores) == 1
    best = detector().set_params(**search.best_params_)
    assert cross_val_score(best, X, y, cv=cv, scoring=scoring).mean() == search.best_score_
    np.testing.assert_array_equal(search.predict_proba(X), best.fit(X, y).predict_proba(X))
    assert len(search.best_estimator_.predict_events(X)) == 4


def test_study_with_an_objective_of_its_own(toy):
    """The plain way, without the integration: one number a trial."""
    X, y, _ = toy

    def objective(trial):
        model = detector().set_params(min_duration=trial.suggest_float("min_duration", 0, 60))
        return cross_val_score(
            model, X, y, cv=StratifiedPatientKFold(2),
            scoring=make_event_scorer("sensitivity"),
        ).mean()  # fmt: skip

    study = optuna.create_study(direction="maximize")
    for seconds in (0, 8, 20):  # seizures last 12 s
        study.enqueue_trial({"min_duration": seconds})
    study.optimize(objective, n_trials=3)
    assert [trial.value for trial in study.trials] == [1, 1, 0]
    assert study.best_params == {"min_duration": 0}
