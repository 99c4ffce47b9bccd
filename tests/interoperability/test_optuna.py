"""Optuna's search in the place of scikit-learn's."""

import threading

import numpy as np
import pytest
from sklearn.model_selection import cross_val_score
from sklearn.pipeline import make_pipeline
from skorch.callbacks import Callback

from skseizure.metrics import make_event_scorer
from skseizure.model_selection import StratifiedPatientKFold
from skseizure.moe import SeizureMoEClassifier

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


@pytest.mark.parametrize("cloned", [False, True])
def test_pruning_callback(cloned, toy):
    """The callback reports to the trial that it was given, also from a clone of the mixture."""
    X, y, _ = toy
    epochs = []

    class Count(Callback):
        def __init__(self):
            self.lock = threading.Lock()  # as loggers have one: cannot be copied

        def on_epoch_end(self, net, **kwargs):
            epochs.append(len(net.history))

    def objective(trial):
        pruning = integration.SkorchPruningCallback(trial, "valid_balanced_accuracy")
        mixture = SeizureMoEClassifier(
            n_experts=2, hidden=4, max_epochs=6, train_split=0.5, callbacks=[Count(), pruning],
            random_state=0,
        )  # fmt: skip
        if not cloned:
            return mixture.fit(X, y).score(X, y)
        pipe = make_pipeline("passthrough", mixture)
        return cross_val_score(pipe, X, y, cv=StratifiedPatientKFold(2), error_score="raise").mean()

    # No score reaches 2, so that a trial ends after the two epochs of the pruner's patience.
    pruner = optuna.pruners.ThresholdPruner(lower=2, n_warmup_steps=2)
    study = optuna.create_study(direction="maximize", pruner=pruner)
    study.optimize(objective, n_trials=2)
    assert [trial.state.name for trial in study.trials] == ["PRUNED", "PRUNED"]
    assert [list(trial.intermediate_values) for trial in study.trials] == [[0, 1, 2]] * 2
    assert epochs == [1, 2, 3] * 2
