"""The operating point that is chosen on out-of-fold probabilities."""

import pickle

import numpy as np
import pytest
from sklearn.base import BaseEstimator, ClassifierMixin, clone
from sklearn.frozen import FrozenEstimator
from sklearn.linear_model import LogisticRegression
from sklearn.model_selection import GridSearchCV, cross_val_predict
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import FunctionTransformer, StandardScaler

from skseizure.metrics import event_scores, make_event_scorer, refit_pooled
from skseizure.model_selection import LeaveOnePatientOut
from skseizure.postprocessing import SeizureDetector, TunedSeizureDetectorCV
from skseizure.postprocessing._operating_point import choose, rates, upper_rates
from skseizure.signals import Events, Windows

from ._toys import Echo, windows_of

GRID = {"smoothing": [0.0, 6.0, 14.0], "threshold": [0.2, 0.4, 0.6], "min_duration": [0.0, 5.0]}


def amplitude(X):
    return np.log(np.asarray(X).std(axis=2))


def classifier():
    return make_pipeline(FunctionTransformer(amplitude), StandardScaler(), LogisticRegression())


@pytest.fixture(scope="module")
def patients():
    """Noise of four patients, two records each; seizures are louder, and so are some artefacts."""
    rng = np.random.default_rng(0)
    parts, onset, record, lengths = [], [], [], {}
    for i in range(8):
        signal = rng.normal(scale=20, size=(2, 600 * 16))
        name = f"r{i}"
        if i % 4:  # two records without a seizure
            start = 100 + 40 * i
            signal[:, start * 16 : (start + 30) * 16] *= 1.7
            onset.append(start)
            record.append(name)
        for start in rng.integers(0, 580, 4):
            signal[:, start * 16 : (start + 6) * 16] *= 1.6
        lengths[name] = 600.0
        parts.append(
            Windows.from_array(signal, 16, window=4, step=2, record=name, patient=f"p{i // 2}")
        )
    X = Windows.concatenate(parts)
    events = Events(onset, [30] * len(onset), record=record, recordings=lengths)
    return X, X.labels(events)


def test_the_choice_is_that_of_a_search_on_pooled_counts(patients):
    X, y = patients
    search = GridSearchCV(
        SeizureDetector(classifier()),
        GRID,
        scoring=make_event_scorer("counts"),
        refit=refit_pooled("f1"),
        cv=LeaveOnePatientOut(),
    ).fit(X, y)
    tuned = TunedSeizureDetectorCV(
        SeizureDetector(classifier()), settings=GRID, one_standard_error=False
    ).fit(X, y)
    pooled = tuned.cv_results_["score"]
    assert [{k: p[k] for k in GRID} for p in tuned.cv_results_["params"]] == list(
        search.cv_results_["params"]
    )
    folds = range(4)
    for name, key in (("true_positives",) * 2, ("false_positives",) * 2):
        found = sum(search.cv_results_[f"split{i}_test_{name}"] for i in folds)
        np.testing.assert_array_equal(tuned.cv_results_[key].sum(axis=1), found)
    assert pooled[search.best_index_] == pooled.max() == tuned.best_score_
    np.testing.assert_array_equal(
        tuned.predict(X), search.best_estimator_.set_params(**tuned.best_params_).predict(X)
    )


def test_probabilities_are_out_of_fold(patients):
    X, y = patients
    tuned = TunedSeizureDetectorCV(SeizureDetector(classifier()), settings=GRID).fit(X, y)
    expected = cross_val_predict(
        classifier(), X, y, cv=LeaveOnePatientOut(), method="predict_proba"
    )[:, 1]
    np.testing.assert_allclose(tuned.oof_proba_, expected)
    results = tuned.cv_results_
    assert results["patient"].tolist() == ["p0", "p1", "p2", "p3"]
    assert results["hours"].sum() == pytest.approx(8 / 6)
    assert results["true_positives"].shape == (18, 4)
    best = results["params"][tuned.best_index_]
    assert best == tuned.best_params_
    assert {name: getattr(tuned.detector_, name) for name in best} == best


def test_it_is_a_detector(patients):
    X, y = patients
    tuned = TunedSeizureDetectorCV(SeizureDetector(classifier(), causal=True), settings=GRID)
    tuned.fit(X, y)
    inner = tuned.detector_
    np.testing.assert_array_equal(tuned.predict(X), inner.predict(X))
    events, proba = tuned.predict_events(X, return_proba=True)
    assert events.onset.tolist() == inner.predict_events(X).onset.tolist()
    np.testing.assert_array_equal(proba, tuned.predict_proba(X))
    stream = tuned.stream()
    assert stream is not None
    again = pickle.loads(pickle.dumps(tuned))
    np.testing.assert_array_equal(again.predict(X), tuned.predict(X))
    search = GridSearchCV(
        TunedSeizureDetectorCV(SeizureDetector(classifier()), settings={"threshold": [0.3, 0.5]}),
        {"detector__estimator__logisticregression__C": [0.1, 1.0]},
        scoring=make_event_scorer("counts"),
        refit=refit_pooled("f1"),
        cv=LeaveOnePatientOut(),
    ).fit(X, y)
    assert "threshold" in search.best_estimator_.best_params_


def test_a_cap_is_kept_or_the_best_is_said(patients):
    X, y = patients
    detector = SeizureDetector(classifier())
    free = TunedSeizureDetectorCV(detector, objective="sensitivity", random_state=0).fit(X, y)
    capped = clone(free).set_params(max_false_alarms_per_24h=40).fit(X, y)
    results = capped.cv_results_
    rate = results["false_alarms_per_24h"]
    allowed = rate <= 40
    assert rate[capped.best_index_] <= 40
    assert capped.best_score_ <= results["score"][allowed].max() <= free.cv_results_["score"].max()
    scores = event_scores(y, capped.predict(X), windows=X)
    assert scores.hours == pytest.approx(results["hours"].sum())
    with pytest.warns(UserWarning, match=r"No setting keeps .*=0.5: the lowest 95 % upper bound"):
        clone(free).set_params(max_false_alarms_per_24h=0.5, cap="upper").fit(X, y)


def test_excerpts_tell_no_rate(patients):
    X, y = patients
    parts = X[X.onset >= 300], y[X.onset >= 300]
    tuned = TunedSeizureDetectorCV(
        SeizureDetector(classifier()), max_false_alarms_per_24h=1000, settings=GRID
    )
    with pytest.raises(ValueError, match=r"8 of 8 records of X are excerpts, .* hours="):
        tuned.fit(*parts)
    tuned.set_params(hours=48.0).fit(*parts)
    assert tuned.cv_results_["hours"].sum() == pytest.approx(48)
    by_patient = {"p0": 1.0, "p1": 2.0, "p2": 3.0, "p3": 4.0}
    tuned.set_params(hours=by_patient).fit(*parts)
    assert tuned.cv_results_["hours"].tolist() == [1, 2, 3, 4]
    with pytest.raises(ValueError, match="hours does not name 'p3'"):
        tuned.set_params(hours={k: v for k, v in by_patient.items() if k != "p3"}).fit(*parts)


def test_prefit_scores_the_given_windows(patients):
    X, y = patients
    new = X.patient == "p3"
    fitted = SeizureDetector(classifier()).fit(X[~new], y[~new])
    tuned = TunedSeizureDetectorCV(fitted, settings=GRID, cv="prefit").fit(X[new], y[new])
    assert tuned.estimator_ is fitted.estimator_
    assert fitted.threshold == 0.5, "the given detector stays as it was"
    np.testing.assert_array_equal(tuned.oof_proba_, fitted.estimator_.predict_proba(X[new])[:, 1])


def test_labels_of_any_kind_and_unlabelled_windows(patients):
    X, y = patients
    detector = SeizureDetector(classifier())
    numbers = TunedSeizureDetectorCV(detector, settings=GRID).fit(X, y)
    names = np.where(y == 1, "ictal", "interictal")
    text = clone(numbers).fit(X, names)
    assert text.best_params_ == numbers.best_params_
    np.testing.assert_array_equal(text.predict(X) == "ictal", numbers.predict(X) == 1)
    other = clone(numbers).set_params(detector__pos_label=1).fit(X, np.where(y == 1, 1, 2))
    assert other.best_params_ == numbers.best_params_


class AnyLabels(ClassifierMixin, BaseEstimator):
    """A semi-supervised stand-in: leaves unlabelled rows out."""

    def fit(self, X, y):
        self.inner_ = classifier().fit(X[y != -1], y[y != -1])
        self.classes_ = self.inner_.classes_
        return self

    def predict_proba(self, X):
        return self.inner_.predict_proba(X)

    def predict(self, X):
        return self.inner_.predict(X)


def test_unlabelled_windows_train_and_are_not_scored(patients):
    X, y = patients
    partial = np.where(X.onset > 500, -1, y)
    tuned = TunedSeizureDetectorCV(SeizureDetector(AnyLabels()), settings=GRID).fit(X, partial)
    assert tuned.cv_results_["hours"].sum() == pytest.approx(8 * 502 / 3600, rel=0.01)
    assert np.isfinite(tuned.oof_proba_).all()


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"settings": {"C": [1]}}, "settings names 'C'; a detector's settings are smoothing"),
        ({"settings": {"threshold": [2.0]}}, "threshold.*must be a float in the range"),
        ({"settings": {"low_threshold": [0.9]}}, "low_threshold is 0.9, above threshold=0.5"),
        ({"objective": "auc"}, "objective.*must be"),
        ({"rules": "mine"}, "rules is 'mine'"),
        ({"detector": LogisticRegression}, "detector.*must be"),
        ({"detector": LogisticRegression()}, "detector.*must be.*predict_events"),
    ],
)
def test_refusals(patients, change, message):
    X, y = patients
    tuned = TunedSeizureDetectorCV(SeizureDetector(classifier())).set_params(**change)
    with pytest.raises(ValueError, match=message):
        tuned.fit(X, y)


def test_one_patient_is_left_out_record_by_record(patients):
    X, y = patients
    one = X.patient == "p1"
    tuned = TunedSeizureDetectorCV(SeizureDetector(classifier()), settings=GRID)
    assert tuned.fit(X[one], y[one]).cv_results_["hours"].sum() == pytest.approx(1 / 3)
    record = X.record == "r2"
    with pytest.raises(ValueError, match="X holds one record, 'r2', which cannot be left out"):
        tuned.fit(X[record], y[record])
    seizures = X.patient == "p0"  # one record has none
    with pytest.raises(ValueError, match=r"one class to train on"):
        tuned.fit(X[seizures], y[seizures])


def test_near_ties_go_to_the_simpler_setting():
    scores = np.array([0.80, 0.82, 0.79, np.nan])
    rate = np.array([5.0, 5.0, 1.0, 0.0])
    complexity = np.array([1, 3, 2, 0])
    assert choose(scores, rate, None, lambda _: 0.0, complexity) == (1, True)
    assert choose(scores, rate, None, lambda _: 0.025, complexity) == (0, True)
    assert choose(scores, rate, 2.0, lambda _: 0.5, complexity) == (2, True)
    assert choose(scores, rate, -1.0, lambda _: 0.5, complexity) == (3, False)


def test_bounds_by_hand():
    """Without an alarm the rule of three; one patient has the exact bound of a Poisson count."""
    none = upper_rates(np.array([[0]]), np.array([72.0]))
    assert none[0] == pytest.approx(24 * 2.9957 / 72, rel=1e-4)
    assert upper_rates(np.array([[3]]), np.array([24.0]))[0] == pytest.approx(7.7537, rel=1e-4)
    fp = np.array([[0, 0, 0], [1, 0, 2], [4, 4, 4], [12, 0, 0]])
    hours = np.full(3, 24.0)
    bound = upper_rates(fp, hours)
    assert (bound > rates(fp, hours)).all() and bound[0] >= 2.99 / 3
    assert bound[3] > bound[2], "patients who differ tell less"


@pytest.mark.parametrize(("n_patients", "dispersion"), [(8, 0.5), (15, 1.0)])
def test_an_upper_cap_is_exceeded_by_few(n_patients, dispersion):
    """Patients whose rates are gamma distributed: the counts are negative binomial."""
    truth = np.geomspace(20, 0.05, 40)  # false alarms in 24 h of each setting, all patients
    exceeded = {"upper": 0, "point": 0}
    for seed in range(200):
        rng = np.random.default_rng(seed)
        hours = rng.uniform(12, 48, n_patients)
        own = rng.gamma(1 / dispersion, dispersion, n_patients)
        alarms = rng.poisson(own * hours / 24 * truth[0])
        marks = [np.sort(rng.random(n)) for n in alarms]
        fp = np.array([[np.searchsorted(m, t / truth[0]) for m in marks] for t in truth])
        for cap, bound in (("upper", upper_rates), ("point", rates)):
            best, kept = choose(truth, bound(fp, hours), 1.0, lambda _: 0.0, np.zeros(40))
            exceeded[cap] += kept and truth[best] > 1.0
    assert exceeded["upper"] <= 14
    assert exceeded["point"] > 60


def test_settings_that_are_drawn_suit_the_step(patients):
    X, y = patients
    tuned = TunedSeizureDetectorCV(SeizureDetector(classifier()), n_settings=50, random_state=3)
    one, two = tuned.fit(X, y).cv_results_["params"], clone(tuned).fit(X, y).cv_results_["params"]
    assert one == two and len(one) == 50
    assert {p["smoothing"] for p in one} <= {0.0, 6.0, 10.0, 20.0, 40.0, 60.0}
    curve = tuned.operating_curve_
    assert np.all(np.diff(curve["threshold"]) > 0)
    assert curve["sensitivity"][0] == 1 and curve["false_alarms_per_24h"][-1] == 0


def test_n_jobs_changes_nothing(patients):
    X, y = patients
    one, two = (
        TunedSeizureDetectorCV(SeizureDetector(classifier()), settings=GRID, n_jobs=n_jobs).fit(
            X, y
        )
        for n_jobs in (1, 2)
    )
    np.testing.assert_array_equal(one.oof_proba_, two.oof_proba_)
    assert one.best_params_ == two.best_params_


def test_parameters_of_fit_reach_the_classifier(patients):
    X, y = patients
    weight = np.where(y == 1, 5.0, 1.0)
    tuned = TunedSeizureDetectorCV(SeizureDetector(classifier()), settings=GRID)
    plain, weighted = (
        clone(tuned).fit(X, y, **given)
        for given in ({}, {"logisticregression__sample_weight": weight})
    )
    assert np.all(weighted.oof_proba_ > plain.oof_proba_)


def test_an_objective_of_ones_own(patients):
    X, y = patients

    def fewest(tp, fp, n_reference, hours):
        return -(fp + 3.0 * (n_reference - tp))

    tuned = TunedSeizureDetectorCV(
        SeizureDetector(classifier()), objective=fewest, settings=GRID, one_standard_error=False
    ).fit(X, y)
    results = tuned.cv_results_
    cost = results["false_positives"].sum(axis=1) + 3 * (
        results["n_reference"].sum() - results["true_positives"].sum(axis=1)
    )
    assert cost[tuned.best_index_] == cost.min() == -tuned.best_score_


def test_a_frozen_classifier_is_not_fitted_again(patients):
    X, y = patients
    frozen = FrozenEstimator(classifier().fit(X, y))
    tuned = TunedSeizureDetectorCV(SeizureDetector(frozen), settings=GRID).fit(X, y)
    np.testing.assert_allclose(tuned.oof_proba_, frozen.predict_proba(X)[:, 1])


def test_a_fold_of_single_rows_is_refused():
    X = windows_of([0, 1] * 10)
    with pytest.raises(ValueError, match=r"cv .* leaves 1 windows out and one class to train on"):
        TunedSeizureDetectorCV(SeizureDetector(Echo()), cv=[[1, 4]]).fit(X, [0, 1] * 10)
