"""Searches that choose by counts summed over folds."""

import pickle

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sklearn.base import BaseEstimator, ClassifierMixin, clone
from sklearn.datasets import make_classification
from sklearn.experimental import enable_halving_search_cv  # noqa: F401
from sklearn.linear_model import LogisticRegression
from sklearn.metrics import balanced_accuracy_score, f1_score, precision_score, recall_score
from sklearn.model_selection import (
    GridSearchCV,
    HalvingGridSearchCV,
    LeaveOneGroupOut,
    ParameterGrid,
    RandomizedSearchCV,
    cross_val_predict,
    cross_validate,
)

from skseizure.metrics import (
    event_scores,
    make_event_scorer,
    make_sample_scorer,
    pooled_scores,
    refit_pooled,
)
from skseizure.model_selection import LeaveOnePatientOut, RecordKFold
from skseizure.signals import Events, Windows

COUNTS = make_event_scorer("counts")
STEP = 10  # seconds a window


class Told(ClassifierMixin, BaseEstimator):
    """A detector that is told what it finds: its seizures, and alarms elsewhere."""

    def __init__(self, found=(), alarms=(), fail_on=None, effort=1):
        self.found = found
        self.alarms = alarms
        self.fail_on = fail_on
        self.effort = effort

    def fit(self, X, y):
        if self.fail_on is not None and self.fail_on not in X.patient:
            raise ValueError("told to fail")
        self.classes_ = np.array([0, 1])
        return self

    def predict(self, X):
        out = np.zeros(len(X), dtype=int)
        for record, start in (*self.found, *self.alarms):
            out[(X.record == record) & (X.onset >= start) & (X.onset < start + 30)] = 1
        return out


class Corpus:
    """One record of each patient; seizures and places of false alarms, far apart."""

    def __init__(self, n_seizures, n_places):
        self.seizures, self.places, parts = [], [], []
        for i, (seizures, places) in enumerate(zip(n_seizures, n_places, strict=True)):
            # The slots are 300 s apart, further than SzCORE joins and widens.
            slots = [(f"r{i}", 300 * k + 120) for k in range(seizures + places)]
            self.seizures += slots[:seizures]
            self.places += slots[seizures:]
            n = 30 * (seizures + places + 1)
            parts.append(Windows(np.zeros((n, 1)), sfreq=1 / STEP, record=f"r{i}", patient=f"p{i}"))
        self.X = Windows.concatenate(parts)
        record, onset = zip(*self.seizures, strict=True) if self.seizures else ((), ())
        self.events = Events(onset, 60, record=record, recordings=self.X.recordings())
        self.y = self.X.labels(self.events)

    def detector(self, found, alarms):
        """The i-th seizures found and the i-th false alarms."""
        return {
            "found": tuple(self.seizures[i] for i in sorted(found)),
            "alarms": tuple(self.places[i] for i in sorted(alarms)),
        }

    def score(self, params):
        """Event scores of all folds' predictions put together: what must decide."""
        labels = cross_val_predict(Told(**params), self.X, self.y, cv=LeaveOnePatientOut())
        return event_scores(self.events, self.X.to_events(labels))

    def search(self, candidates, refit, **options):
        options = {"scoring": COUNTS, "cv": LeaveOnePatientOut(), "error_score": "raise"} | options
        grid = [{name: [value] for name, value in params.items()} for params in candidates]
        return GridSearchCV(Told(), grid, refit=refit, **options).fit(self.X, self.y)


@st.composite
def corpora(draw):
    """A corpus, some of whose patients have no seizure, and detectors to choose from."""
    n_patients = draw(st.integers(2, 4))
    sizes = st.lists(st.integers(0, 3), min_size=n_patients, max_size=n_patients)
    corpus = Corpus(draw(sizes.filter(any)), draw(sizes))
    candidates = draw(
        st.lists(
            st.builds(
                corpus.detector,
                subsets(len(corpus.seizures)),
                subsets(len(corpus.places)),
            ),
            min_size=1,
            max_size=5,
        )
    )
    return corpus, candidates


def subsets(n):
    return st.sets(st.integers(0, n - 1)) if n else st.just(frozenset())


def naive_choice(scores, name, cap):
    """Of the best within the cap the first with the fewest false alarms."""
    within = [i for i, s in enumerate(scores) if cap is None or s.false_alarms_per_24h <= cap]
    if not within:
        fewest = min(s.false_alarms_per_24h for s in scores)
        within = [i for i, s in enumerate(scores) if s.false_alarms_per_24h == fewest]
    values = [getattr(s, name) for s in scores]
    values = [0.0 if np.isnan(v) else v for v in values]  # precision of the silent
    return max(within, key=lambda i: (values[i], -scores[i].false_alarms_per_24h, -i))


@settings(max_examples=60, deadline=None)
@given(
    corpora(),
    st.sampled_from(["f1", "sensitivity", "precision"]),
    st.sampled_from([None, 0.0, 20.0, 100.0]),
    st.sampled_from([GridSearchCV, RandomizedSearchCV]),
)
@pytest.mark.filterwarnings("ignore:No candidate stays within")
def test_any_search_chooses_what_pooled_counts_choose(drawn, name, cap, kind):
    corpus, candidates = drawn
    refit = refit_pooled(name, max_false_alarms_per_24h=cap)
    if kind is GridSearchCV:
        search = corpus.search(candidates, refit)
    else:
        space = [{k: [v] for k, v in params.items()} for params in candidates]
        search = RandomizedSearchCV(
            Told(), space, n_iter=len(space), scoring=COUNTS, refit=refit, random_state=0,
            cv=LeaveOnePatientOut(), error_score="raise",
        ).fit(corpus.X, corpus.y)  # fmt: skip
    tried = search.cv_results_["params"]
    scores = [corpus.score(params) for params in tried]
    assert search.best_index_ == naive_choice(scores, name, cap)
    table = pooled_scores(search.cv_results_)
    for field in ("n_reference", "true_positives", "false_positives", "hours"):
        assert table[field].tolist() == pytest.approx([getattr(s, field) for s in scores])
    for field in ("sensitivity", "precision", "f1", "false_alarms_per_24h"):
        expected = [getattr(s, field) for s in scores]
        np.testing.assert_allclose(table[field], expected, rtol=1e-12)


@settings(max_examples=30, deadline=None)
@given(corpora(), st.sampled_from([1.0, 3.0, 0.5]))
def test_any_halving_search_chooses_what_pooled_counts_choose(drawn, miss_cost):
    """Cost is summed over folds as it is. The resource is a parameter that nothing needs."""
    corpus, candidates = drawn
    search = HalvingGridSearchCV(
        Told(),
        [{name: [value] for name, value in params.items()} for params in candidates],
        scoring=make_event_scorer("cost", miss_cost=miss_cost),
        cv=LeaveOnePatientOut(),
        resource="effort",
        max_resources=9,
        min_resources=1,
        random_state=0,
        error_score="raise",
    ).fit(corpus.X, corpus.y)
    costs = []
    for params in candidates:
        s = corpus.score(params)
        costs.append(miss_cost * (s.n_reference - s.true_positives) + s.false_positives)
    best = {k: v for k, v in search.best_params_.items() if k != "effort"}
    assert costs[candidates.index(best)] == min(costs)


@settings(max_examples=60, deadline=None)
@given(st.data())
def test_samples_pooled_are_scikit_learn_s_scores_of_all_folds(data):
    n = data.draw(st.integers(4, 40))
    bits = st.lists(st.integers(0, 1), min_size=n, max_size=n)
    y, found = np.array(data.draw(bits)), np.array(data.draw(bits))
    groups = np.sort(data.draw(st.lists(st.integers(0, 3), min_size=n, max_size=n)))
    if len(np.unique(groups)) < 2 or len(np.unique(y)) < 2:
        return
    cv = LeaveOneGroupOut()
    results = cross_validate(
        Row(), found[:, np.newaxis], y, groups=groups, cv=cv, scoring=make_sample_scorer()
    )
    pooled = pooled_scores(results)
    assert pooled["sample_sensitivity"] == pytest.approx(recall_score(y, found))
    assert pooled["sample_specificity"] == pytest.approx(recall_score(y, found, pos_label=0))
    assert pooled["sample_balanced_accuracy"] == pytest.approx(balanced_accuracy_score(y, found))
    assert pooled["sample_f1"] == pytest.approx(f1_score(y, found))
    if found.any():
        assert pooled["sample_precision"] == pytest.approx(precision_score(y, found))
    else:
        assert np.isnan(pooled["sample_precision"])


class Row(ClassifierMixin, BaseEstimator):
    """Predicts its only column."""

    def fit(self, X, y):
        self.classes_ = np.array([0, 1])
        return self

    def predict(self, X):
        return X[:, 0]


# Three patients, the last without a seizure; eight seizures and 30 places of false alarms.
FIELD = Corpus([4, 4, 0], [2, 2, 30])
PERFECT = FIELD.detector(range(8), ())
SILENT = FIELD.detector((), ())
ONE_MISSED = FIELD.detector(range(1, 8), ())
NERVOUS = FIELD.detector(range(8), range(4, 34))  # 30 false alarms, all of the last patient


@pytest.mark.parametrize("order", [slice(None), slice(None, None, -1)], ids=["", "reversed"])
def test_the_perfect_detector_is_chosen(order):
    one, three = FIELD.detector(range(8), (0, 2, 4)), FIELD.detector(range(8), range(9))
    search = FIELD.search([PERFECT, one, three][order], refit_pooled("f1"))
    assert search.best_params_ == PERFECT
    assert pooled_scores(search.cv_results_)["f1"][search.best_index_] == 1
    assert search.predict(FIELD.X).sum() == 8 * 3


@pytest.mark.parametrize("order", [slice(None), slice(None, None, -1)], ids=["", "reversed"])
@pytest.mark.parametrize("zero_division", [0.0, 1.0])
def test_false_alarms_of_a_patient_without_seizures_count(order, zero_division):
    candidates = [ONE_MISSED, NERVOUS][order]
    assert FIELD.search(candidates, refit_pooled("f1")).best_params_ == ONE_MISSED
    assert FIELD.search(candidates, refit_pooled("sensitivity")).best_params_ == NERVOUS
    capped = refit_pooled("sensitivity", max_false_alarms_per_24h=50)
    assert FIELD.search(candidates, capped).best_params_ == ONE_MISSED
    # The mean of folds, too, if the user insists on it.
    mean = make_event_scorer("f1", zero_division=zero_division)
    assert FIELD.search(candidates, True, scoring=mean).best_params_ == ONE_MISSED


def test_the_mean_of_folds_may_prefer_silence_where_pooled_counts_do_not():
    """Why a fold without a seizure is refused."""
    corpus = Corpus([1, 1] + [0] * 7, [0, 0] + [1] * 7)
    silent, good = corpus.detector((), ()), corpus.detector((0, 1), range(7))
    mean = make_event_scorer("f1", zero_division=1.0)
    assert corpus.search([silent, good], True, scoring=mean).best_params_ == silent
    assert corpus.search([silent, good], refit_pooled("f1")).best_params_ == good


def test_fewest_false_alarms_where_none_stays_within_the_cap():
    few = FIELD.detector((0,), (0, 5))
    with pytest.warns(UserWarning, match="No candidate stays within max_false_alarms_per_24h=1"):
        search = FIELD.search([NERVOUS, few], refit_pooled(max_false_alarms_per_24h=1.0))
    assert search.best_params_ == few


def test_fewest_false_alarms():
    search = FIELD.search([NERVOUS, ONE_MISSED], refit_pooled("false_alarms_per_24h"))
    assert search.best_params_ == ONE_MISSED


def test_precision_of_a_silent_detector_is_not_the_best():
    search = FIELD.search([SILENT, NERVOUS], refit_pooled("precision"))
    assert search.best_params_ == NERVOUS
    within = refit_pooled("precision", max_false_alarms_per_24h=0)
    assert FIELD.search([SILENT, NERVOUS], within).best_params_ == SILENT


def test_no_seizure_in_any_fold_is_refused():
    corpus = Corpus([0, 0], [2, 2])
    for name in ("f1", "sensitivity", "precision", "sample_f1", "sample_balanced_accuracy"):
        with pytest.raises(ValueError, match=f"pooled {name} is undefined for every candidate"):
            corpus.search([corpus.detector((), ()), corpus.detector((), (1,))], refit_pooled(name))
    search = corpus.search([corpus.detector((), (1,)), SILENT], refit_pooled("sample_specificity"))
    assert search.best_params_ == SILENT


@pytest.mark.filterwarnings("ignore::sklearn.exceptions.FitFailedWarning")
@pytest.mark.filterwarnings("ignore:One or more of the test scores")
def test_a_candidate_that_failed_in_a_fold_is_not_chosen():
    failing = PERFECT | {"fail_on": "p2"}
    search = FIELD.search([failing, ONE_MISSED], refit_pooled("f1"), error_score=np.nan)
    assert search.best_params_ == ONE_MISSED
    assert np.isnan(pooled_scores(search.cv_results_)["f1"]).tolist() == [True, False]
    capped = refit_pooled("f1", max_false_alarms_per_24h=10)
    search = FIELD.search([failing, ONE_MISSED], capped, error_score=np.nan)
    assert search.best_params_ == ONE_MISSED
    with pytest.raises(ValueError, match="every candidate failed in a fold"):
        FIELD.search([failing, failing], refit_pooled("f1"), error_score=np.nan)


# ------------------------------------------------------------------ one standard error


def test_standard_error_by_hand():
    """Sensitivity of 3 of 4, 1 of 2 and 0 of 0; the deviations are 1/3, -1/3 and 0."""
    results = {
        "test_n_reference": [4, 2, 0],
        "test_true_positives": [3, 1, 0],
        "test_false_positives": [0, 0, 0],
        "test_hours": [1.0, 1.0, 2.0],
    }
    scores = pooled_scores(results, standard_errors=True)
    assert scores["sensitivity"] == pytest.approx(4 / 6)
    expected = np.sqrt(3 / 2 * (2 / 9)) / 6
    assert scores["sensitivity_standard_error"] == pytest.approx(expected)
    assert scores["false_alarms_per_24h_standard_error"] == 0
    assert not {"f1_standard_error", "sample_f1"} & set(pooled_scores(results))


def test_standard_error_is_the_spread_of_the_score_over_samples_of_folds(rng):
    """Of balanced accuracy, a mean of two ratios, against the bootstrap of many folds."""
    n = 400
    sizes = rng.integers(1, 40, size=(2, n))
    right = rng.binomial(sizes, rng.uniform(0.5, 1, size=(2, n)))
    columns = {
        "test_sample_true_positives": right[0],
        "test_sample_false_negatives": sizes[0] - right[0],
        "test_sample_true_negatives": right[1],
        "test_sample_false_positives": sizes[1] - right[1],
    }
    for name in ("sample_balanced_accuracy", "sample_f1", "sample_precision"):
        spread = np.std(
            [
                pooled_scores({key: column[drawn] for key, column in columns.items()})[name]
                for drawn in rng.integers(n, size=(400, n))
            ]
        )
        error = pooled_scores(columns, standard_errors=True)[f"{name}_standard_error"]
        assert error == pytest.approx(spread, rel=0.15)


def test_one_standard_error_takes_the_simplest_of_the_good():
    # F1 of 14/15 with a standard error of 0.062; 14/16; 16/46.
    best = ONE_MISSED | {"effort": 3}
    good = FIELD.detector(range(1, 8), (0,)) | {"effort": 2}
    poor = NERVOUS | {"effort": 1}
    for candidates in ([poor, good, best], [best, good, poor]):
        search = FIELD.search(candidates, refit_pooled("f1"))
        assert search.best_params_ == best
        scores = pooled_scores(search.cv_results_, standard_errors=True)
        assert scores["f1"][search.best_index_] == pytest.approx(14 / 15)
        assert scores["f1_standard_error"][search.best_index_] == pytest.approx(0.0616, abs=1e-4)
        for complexity in ("effort", lambda params: params["effort"]):
            refit = refit_pooled("f1", one_standard_error=True, complexity=complexity)
            assert FIELD.search(candidates, refit).best_params_ == good
    refit = refit_pooled("f1", one_standard_error=True)
    assert FIELD.search([poor, good, best], refit).best_params_ == good
    assert FIELD.search([best, good, poor], refit).best_params_ == best
    # The perfect one has no spread, so nothing else is as good.
    assert FIELD.search([good, best, PERFECT], refit).best_params_ == PERFECT


def test_fewer_false_alarms_decide_between_equal_scores():
    noisy, better = FIELD.detector(range(6), (0, 1)), FIELD.detector(range(2, 8), (0,))
    for candidates in ([noisy, better], [better, noisy]):
        assert FIELD.search(candidates, refit_pooled("sensitivity")).best_params_ == better


def test_complexity_decides_between_equal_scores_and_false_alarms():
    first, second = ONE_MISSED | {"effort": 2}, FIELD.detector(range(7), ()) | {"effort": 1}
    assert FIELD.search([first, second], refit_pooled("f1")).best_params_ == first
    refit = refit_pooled("f1", complexity="effort")
    assert FIELD.search([first, second], refit).best_params_ == second


@settings(max_examples=40, deadline=None)
@given(corpora())
def test_any_choice_by_one_standard_error_is_the_first_within_it(drawn):
    corpus, candidates = drawn
    search = corpus.search(candidates, refit_pooled("sensitivity", one_standard_error=True))
    scores = pooled_scores(search.cv_results_, standard_errors=True)
    best = np.argmax(scores["sensitivity"])
    least = scores["sensitivity"][best] - scores["sensitivity_standard_error"][best]
    assert search.best_index_ == min(np.flatnonzero(scores["sensitivity"] >= least))


def test_one_fold_has_no_standard_error():
    cv = [(np.arange(60), np.arange(60, 300))]
    refit = refit_pooled("f1", one_standard_error=True)
    with pytest.raises(ValueError, match="2 or more test folds, but the search had 1"):
        FIELD.search([PERFECT], refit, cv=cv)
    assert FIELD.search([SILENT, PERFECT], refit_pooled("f1"), cv=cv).best_params_ == PERFECT


# ------------------------------------------------------------------ around


def test_a_table_whose_folds_have_one_class():
    X, y = make_classification(300, weights=[0.8], random_state=0)
    y[200:] = 0
    groups = np.repeat([0, 1, 2], 100)
    search = GridSearchCV(
        LogisticRegression(), {"C": [1e-4, 1.0], "class_weight": [None, "balanced"]},
        scoring=make_sample_scorer(), refit=refit_pooled("sample_balanced_accuracy"),
        cv=LeaveOneGroupOut(), error_score="raise", n_jobs=2,
    ).fit(X, y, groups=groups)  # fmt: skip
    expected = []
    for params in ParameterGrid({"C": [1e-4, 1.0], "class_weight": [None, "balanced"]}):
        model = clone(search.estimator).set_params(**params)
        labels = cross_val_predict(model, X, y, groups=groups, cv=LeaveOneGroupOut())
        expected.append(balanced_accuracy_score(y, labels))
    found = pooled_scores(search.cv_results_)["sample_balanced_accuracy"]
    np.testing.assert_allclose(found, expected, rtol=1e-12)
    assert search.best_index_ == np.argmax(expected)


def test_more_than_ten_folds_and_train_scores():
    corpus = Corpus([1] * 12, [1] * 12)
    good, poor = corpus.detector(range(12), (3,)), corpus.detector(range(6), ())
    search = corpus.search([poor, good], refit_pooled("f1"), return_train_score=True, n_jobs=2)
    assert search.best_params_ == good
    scores = pooled_scores(search.cv_results_)
    assert scores["n_reference"].tolist() == [12, 12]
    assert scores["f1"].tolist() == pytest.approx([12 / 18, 24 / 25])


def test_cross_validation_gives_single_numbers():
    found = FIELD.detector(range(6), (0, 7))
    results = cross_validate(
        Told(**found), FIELD.X, FIELD.y, cv=RecordKFold(2), scoring=COUNTS, return_train_score=True
    )
    scores = pooled_scores(results)
    assert scores["sensitivity"] == 6 / 8 and scores["precision"] == 6 / 8
    assert np.ndim(scores["f1"]) == 0
    assert f"{scores['f1']:.2f}" == "0.75"


def test_refit_is_plain():
    refit = refit_pooled("sensitivity", max_false_alarms_per_24h=1.0)
    assert pickle.loads(pickle.dumps(refit)) == refit and hash(refit)
    assert "max_false_alarms_per_24h=1.0" in repr(refit)
    search = GridSearchCV(Told(), {}, scoring=COUNTS, refit=refit)
    assert clone(search).refit == refit


@pytest.mark.parametrize(
    ("kwargs", "message"),
    [
        (dict(score="auc"), "score is 'auc'; one of f1, sensitivity"),
        (dict(score="median_latency"), "score is 'median_latency'; one of f1"),
        (dict(score=None), "score is None; one of f1"),
        (dict(max_false_alarms_per_24h=-1), "max_false_alarms_per_24h is -1; 0 or more"),
        (dict(max_false_alarms_per_24h=np.nan), "max_false_alarms_per_24h is nan; 0 or more"),
        (dict(score="false_alarms_per_24h", max_false_alarms_per_24h=1), "of no use with score="),
        (dict(one_standard_error="yes"), "one_standard_error is 'yes'; True or False"),
        (dict(complexity=3), "complexity is 3; the name of a parameter or a function"),
    ],
)
def test_bad_parameters_are_refused(kwargs, message):
    with pytest.raises(ValueError, match=message):
        refit_pooled(**kwargs)


def test_results_without_counts_are_refused():
    with pytest.raises(ValueError, match=r"no counts.*make_event_scorer\('counts'\)"):
        FIELD.search([PERFECT], refit_pooled("f1"), scoring="accuracy")
    with pytest.raises(ValueError, match=r"no counts.*make_event_scorer\('counts'\)"):
        pooled_scores({})
    for refit in (
        refit_pooled("f1"),
        refit_pooled("sample_f1", max_false_alarms_per_24h=1),
    ):
        with pytest.raises(ValueError, match=r"counts of samples alone, but .* needs .* events"):
            FIELD.search([PERFECT], refit, scoring=make_sample_scorer())
    with pytest.raises(ValueError, match="complexity is 'depth', but the candidate"):
        FIELD.search([PERFECT, PERFECT], refit_pooled("f1", complexity="depth"))


def test_scikit_learn_names_what_refit_must_be():
    with pytest.raises(ValueError, match="the parameter refit must be set to a scorer key or a"):
        FIELD.search([PERFECT], True)


def test_halving_by_counts_stops():
    """As the docs say: scikit-learn compares halving's candidates by one number."""
    with pytest.raises(KeyError, match="mean_test_score"):
        HalvingGridSearchCV(
            Told(), {"effort": [1, 2, 3]}, scoring=COUNTS, refit=refit_pooled(),
            cv=LeaveOnePatientOut(), min_resources=100,
        ).fit(FIELD.X, FIELD.y)  # fmt: skip
