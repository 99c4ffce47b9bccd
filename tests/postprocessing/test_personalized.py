"""A classifier of all patients that learns one patient's seizures."""

import copy
import pickle

import numpy as np
import pandas as pd
import pytest
from scipy.sparse import csr_array
from sklearn import config_context
from sklearn.base import clone
from sklearn.datasets import make_classification
from sklearn.ensemble import ExtraTreesClassifier
from sklearn.linear_model import LogisticRegression, Ridge
from sklearn.metrics import balanced_accuracy_score, roc_auc_score
from sklearn.model_selection import GroupKFold, cross_val_predict
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import FunctionTransformer, StandardScaler
from sklearn.svm import LinearSVC
from skops.io import dumps, loads

from skseizure import skops_trusted_types
from skseizure.datasets import load_chbmit
from skseizure.evolution import CNBCEnsembleClassifier, EvolvedMLPClassifier
from skseizure.features import BandFeatures
from skseizure.fuzzy import TSKClassifier
from skseizure.moe import SeizureMoEClassifier
from skseizure.postprocessing import PersonalizedClassifier, SeizureDetector
from skseizure.postprocessing._own_seizures import GRID, evidence
from skseizure.signals import Windows

from ._toys import Echo, Remember

LEVELS = FunctionTransformer(np.mean, kw_args={"axis": 2})
SEIZURE = np.repeat([0, 1, 0], [8, 6, 8])


def levels(rng, column, n_seizures=3):
    """Two columns a window, of which one tells the seizure."""
    y = np.tile(SEIZURE, n_seizures)
    X = rng.normal(size=(len(y), 2))
    X[:, column] += 2 * y
    return X, y


def people(columns, *, n_seizures=3, seed=0):
    """Windows of patients whose seizures show in these columns: a record for each seizure."""
    rng = np.random.default_rng(seed)
    parts = [levels(rng, column, n_seizures) for column in columns]
    values, y = (np.concatenate(column) for column in zip(*parts, strict=True))
    patient = np.repeat([f"p{i}" for i in range(len(columns))], len(parts[0][1]))
    record = [f"{p}_{i // len(SEIZURE) % n_seizures}" for i, p in enumerate(patient)]
    data = np.repeat(values[:, :, np.newaxis], 4, axis=2)
    return Windows(data, sfreq=4, record=record, patient=patient), y


def population():
    return make_pipeline(LEVELS, LogisticRegression())


def local():
    """A quick model of one patient, more certain of itself than the population's."""
    return make_pipeline(LEVELS, LogisticRegression(C=10))


def fitted(columns=(0, 0, 1, 0, 0, 1), **params):
    X, y = people(columns)
    return PersonalizedClassifier(population(), local(), random_state=0, **params).fit(X, y)


def new_patient(column=1, name="new", **kwargs):
    X, y = people([column], seed=7, **kwargs)
    record = [f"{name}{r}" for r in X.record]
    return Windows(X.data, sfreq=4, record=record, onset=X.onset, patient=name), y


def of_first(X):
    return np.char.endswith(X.record, "_0")


def test_a_patient_unlike_the_others_is_found_after_one_seizure():
    model = fitted()
    X, y = new_patient()
    known = of_first(X)
    before = roc_auc_score(y[~known], model.predict_proba(X[~known])[:, 1])
    assert model.n_players_ == 6 and 0 < model.equal_at_ < np.inf
    assert model.personalize(X[known], y[known]) is model
    after = roc_auc_score(y[~known], model.predict_proba(X[~known])[:, 1])
    assert before < 0.9 and after > before + 0.04
    y, p = y[known], model.estimator_.predict_proba(X[known])[:, 1]
    amount = 6 * (np.mean(p[y == 0] ** 2) + np.mean((1 - p[y == 1]) ** 2)) / 2
    assert model.weights_ == {"new": pytest.approx(amount / (amount + model.equal_at_))}


def test_the_mixture_is_convex_and_others_get_the_population():
    model = fitted()
    X, y = new_patient()
    other, _ = new_patient(name="other")
    mixed = Windows.concatenate([other, X])
    expected, labels = model.predict_proba(mixed), model.predict(mixed)
    known = of_first(X)
    model.personalize(X[known], y[known])
    local = model.local_estimators_["new"].predict_proba(X)
    weight, n = model.weights_["new"], len(other)
    proba = model.predict_proba(mixed)
    np.testing.assert_array_equal(proba[:n], expected[:n])
    np.testing.assert_array_equal(model.predict(mixed)[:n], labels[:n])
    np.testing.assert_allclose(proba[n:], (1 - weight) * expected[n:] + weight * local)
    np.testing.assert_array_equal(model.predict(mixed)[n:], proba[n:, 1] > 0.5)
    order = np.random.default_rng(0).permutation(len(mixed))
    np.testing.assert_array_equal(model.predict_proba(mixed[order]), proba[order])


def test_labels_of_others_are_the_populations_own():
    class Shy(LogisticRegression):
        def predict(self, X):
            return self.classes_[(self.predict_proba(X)[:, 1] > 0.9).astype(int)]

    X, y = people([0, 0, 1])
    model = PersonalizedClassifier(make_pipeline(LEVELS, Shy()), local()).fit(X, y)
    new, y_new = new_patient()
    model.personalize(new, y_new)
    both = Windows.concatenate([X, new])
    np.testing.assert_array_equal(model.predict(both)[: len(X)], model.estimator_.predict(X))


def test_several_patients_are_personal_at_once_and_can_be_taken_out():
    model = fitted()
    X1, y1 = new_patient(1, "one")
    X2, y2 = new_patient(0, "two")
    alone = [
        copy.deepcopy(model).personalize(X, y).predict_proba(X) for X, y in ((X1, y1), (X2, y2))
    ]
    model.personalize(X1, y1).personalize(X2, y2)
    assert set(model.weights_) == set(model.local_estimators_) == {"one", "two"}
    both = model.predict_proba(Windows.concatenate([X1, X2]))
    np.testing.assert_array_equal(both, np.concatenate(alone))
    del model.local_estimators_["one"]
    np.testing.assert_array_equal(model.predict_proba(X1), model.estimator_.predict_proba(X1))


def test_learned_anew_from_the_windows_given_alone():
    X, y = new_patient()
    known = of_first(X)
    once = fitted().personalize(X[known], y[known])
    twice = fitted().personalize(X, y).personalize(X[known], y[known])
    assert once.weights_ == twice.weights_
    np.testing.assert_array_equal(once.predict_proba(X), twice.predict_proba(X))
    assert twice.fit(*people([0, 1])).local_estimators_ == {}


def naive_equal_at(X, y, patient, estimator, local, folds, first_rows, grid):
    """The share that works best when each training patient plays the new one, step by step."""
    losses = []
    for train, test in folds:
        model = clone(estimator).fit(X[train], y[train])
        for name in np.unique(patient[test]):
            own = np.flatnonzero(patient == name)
            first, rest = own[:first_rows], own[first_rows:]
            p = model.predict_proba(X[rest])[:, 1]
            q = clone(local).fit(X[first], y[first]).predict_proba(X[rest])[:, 1]
            a, n = model.predict_proba(X[first])[:, 1], np.bincount(y[first])
            squared = (a - y[first]) ** 2
            error = (squared[y[first] == 0].mean() + squared[y[first] == 1].mean()) / 2
            known = n.min() * error
            row = []
            for k in grid:
                mixed = p + known / (known + k) * (q - p)
                squared = (mixed - y[rest]) ** 2
                row.append((squared[y[rest] == 0].mean() + squared[y[rest] == 1].mean()) / 2)
            losses.append(row)
    return grid[np.argmin(np.mean(losses, axis=0))]


def test_the_share_is_that_of_patients_who_play_the_new_one():
    X, y = people([0, 0, 1, 0, 0, 1])
    table = np.asarray(X)[:, :, 0]
    inner, own = LogisticRegression(), LogisticRegression(C=10)
    model = PersonalizedClassifier(inner, own, cv=6).fit(table, y, groups=X.patient)
    folds = [
        (np.flatnonzero(X.patient != p), np.flatnonzero(X.patient == p))
        for p in np.unique(X.patient)
    ]
    # A record begins with eight windows of background and six of its seizure.
    expected = naive_equal_at(table, y, X.patient, inner, own, folds, 14, GRID)
    assert 0 < model.equal_at_ < np.inf and model.equal_at_ == expected


@pytest.mark.parametrize("column", [0, 1])
def test_two_seizures_tell_the_share_by_leaving_each_out(column):
    model = fitted((0,) * 6)
    X, y = new_patient(column)
    p, squared = model.estimator_.predict_proba(X)[:, 1], []
    for name in np.unique(X.record):  # a seizure each
        left = X.record == name
        q = local().fit(X[~left], y[~left]).predict_proba(X[left])[:, 1]
        amount = evidence(p[~left], y[~left] == 1)
        mixed = p[left] + amount / (amount + GRID[:, np.newaxis]) * (q - p[left])
        squared.append((mixed - y[left]) ** 2)
    errors = np.concatenate(squared, axis=1)
    losses = errors[:, y == 0].mean(axis=1) + errors[:, y == 1].mean(axis=1)
    equal_at = GRID[np.argmin(losses)]
    amount = evidence(p, y == 1)
    assert model.personalize(X, y).weights_["new"] == pytest.approx(amount / (amount + equal_at))
    assert equal_at != model.equal_at_


def test_without_background_to_leave_out_the_learned_share_is_used():
    model = fitted()
    y = np.repeat([0, 1, 1], [8, 6, 6])
    X, _ = new_patient()
    record = np.repeat(["a", "a", "b"], [8, 6, 6])
    X = Windows(X.data[:20], sfreq=4, record=record, patient="new")
    # Without the first portion, only the second seizure would be left to learn from.
    model.personalize(X, y)
    assert 0 <= model.weights_["new"] <= 1


def test_a_fixed_weight_is_taken_as_it_is_and_fits_no_folds():
    X, y = people([0, 1])
    model = PersonalizedClassifier(population(), weight=0.25).fit(X, y)
    assert model.equal_at_ is None and model.n_players_ == 0
    assert model.personalize(X[:44], y[:44]).weights_ == {"p0": 0.25}


def test_a_bare_array_is_one_patient_without_a_name(rng):
    X, y = people([0, 0, 1, 0])
    table = np.asarray(X)[:, :, 0]
    model = PersonalizedClassifier(LogisticRegression(), LogisticRegression(C=10))
    model.fit(table, y, groups=X.patient)
    own, labels = levels(rng, 1)
    model.personalize(own[:22], labels[:22])
    assert list(model.weights_) == [""]
    mixed = model.predict_proba(own)
    assert not np.array_equal(mixed, model.estimator_.predict_proba(own))
    # A name belongs to Windows: an array does not know it.
    named = PersonalizedClassifier(LogisticRegression(), LogisticRegression(C=10))
    named.fit(table, y, groups=X.patient).personalize(own[:22], labels[:22], patient="a")
    np.testing.assert_array_equal(named.predict_proba(own), named.estimator_.predict_proba(own))
    # Windows that know their patient are not of the one without a name.
    around = PersonalizedClassifier(population(), local()).fit(X, y)
    nameless, _ = new_patient(name=None)
    around.personalize(nameless, new_patient()[1])
    np.testing.assert_array_equal(around.predict_proba(X), around.estimator_.predict_proba(X))


def test_frames_lists_and_sparse_tables(rng):
    X, y = people([0, 0, 1, 0])
    table = np.asarray(X)[:, :, 0]
    own, labels = levels(rng, 1)
    expected = None
    for kind in (np.asarray, pd.DataFrame, list, csr_array):
        model = PersonalizedClassifier(LogisticRegression(), LogisticRegression(C=10))
        model.fit(kind(table), y, groups=X.patient).personalize(kind(own), labels)
        found = model.predict_proba(kind(own))
        expected = found if expected is None else expected
        np.testing.assert_allclose(found, expected, atol=1e-4)


def test_text_labels_whose_seizure_comes_first():
    X, y = people([0, 0, 1, 0])
    names = np.where(y == 1, "seizure", "sound")
    new, y_new = new_patient()
    numbers = fitted((0, 0, 1, 0)).personalize(new, y_new)
    model = PersonalizedClassifier(population(), local()).fit(X, names)
    model.personalize(new, np.where(y_new == 1, "seizure", "sound"))
    assert model.classes_.tolist() == ["seizure", "sound"]
    assert model.equal_at_ == numbers.equal_at_ and model.weights_ == numbers.weights_


def test_unlabelled_windows_train_the_population_and_do_not_play():
    class Partial(LogisticRegression):
        def fit(self, X, y):
            return super().fit(X[y != -1], y[y != -1])

    X, y = people([0, 0, 1, 0])
    partly = y.copy()
    partly[::11] = -1
    model = PersonalizedClassifier(make_pipeline(LEVELS, Partial()), local())
    assert model.fit(X, partly).n_players_ == 4


def test_patients_who_cannot_play():
    X, y = people([0, 0, 1, 0])
    y[X.patient == "p1"] = 0  # no seizure
    y[(X.patient == "p2") & (X.record != "p2_0")] = 0  # one seizure
    model = PersonalizedClassifier(population(), local()).fit(X, y)
    assert model.n_players_ == 2


@pytest.mark.parametrize(
    ("local", "kind"),
    [(None, "ExtraTreesClassifier"), (LogisticRegression(), "LogisticRegression")],
)
def test_the_local_model_of_a_table(local, kind):
    X, y = make_classification(80, random_state=0)
    model = PersonalizedClassifier(LogisticRegression(), local, weight=0.5).fit(X, y)
    model.personalize(X, y)
    assert type(model.local_estimators_[""]).__name__ == kind


def test_local_none_puts_trees_behind_the_features_or_clones_what_takes_windows():
    model = PersonalizedClassifier(population(), weight=0.5).fit(*people([0, 1]))
    model.personalize(*new_patient())
    first, last = (step for _, step in model.local_estimators_["new"].steps)
    assert isinstance(first, FunctionTransformer) and isinstance(last, ExtraTreesClassifier)
    around = PersonalizedClassifier(SeizureMoEClassifier(n_experts=2))
    assert around._local() is around.estimator


@pytest.mark.parametrize(
    "local",
    [
        TSKClassifier(2, random_state=0),
        CNBCEnsembleClassifier(
            EvolvedMLPClassifier((0, 4), swarm_size=10, max_iter=10, random_state=0), random_state=0
        ),
    ],
)
def test_local_models_of_the_families(local):
    X, y = people([0, 1, 0])
    model = PersonalizedClassifier(population(), make_pipeline(LEVELS, local), weight=0.5)
    new, y_new = new_patient()
    proba = model.fit(X, y).personalize(new, y_new).predict_proba(new)
    assert roc_auc_score(y_new, proba[:, 1]) > 0.8


def test_inside_a_detector_and_its_stream(toy):
    X, y, _ = toy
    features = BandFeatures(["std"], {"low": (1, 30)}, filtering="window")
    inner = PersonalizedClassifier(
        make_pipeline(features, StandardScaler(), LogisticRegression()),
        make_pipeline(features, StandardScaler(), LogisticRegression(C=10)),
    )
    detector = SeizureDetector(inner, smoothing=4, causal=True).fit(X, y)
    own = X.patient == "p0"
    detector.estimator_.personalize(X[own], y[own])
    assert list(detector.estimator_.weights_) == ["p0"]
    events = detector.predict_events(X)
    assert len(events) == 4
    stream = detector.stream()
    for i in range(0, len(X), 25):
        stream.send(X[i : i + 25])
    assert len(stream.events) == len(events)
    np.testing.assert_allclose(stream.events.onset, events.onset)


def test_pickle_and_skops_keep_the_patients_clone_does_not():
    model = fitted().personalize(*new_patient())
    nameless, y = new_patient(name=None)
    model.personalize(nameless, y)
    X, _ = new_patient()
    again = pickle.loads(pickle.dumps(model))
    np.testing.assert_array_equal(again.predict_proba(X), model.predict_proba(X))
    assert not hasattr(clone(model), "local_estimators_")
    table = make_classification(80, random_state=0)
    simple = (
        PersonalizedClassifier(LogisticRegression(), weight=0.5).fit(*table).personalize(*table)
    )
    again = loads(dumps(simple), trusted=skops_trusted_types())
    np.testing.assert_array_equal(again.predict_proba(table[0]), simple.predict_proba(table[0]))


def test_same_seed_same_result_for_any_number_of_jobs():
    new = new_patient()
    results = [fitted(n_jobs=n).personalize(*new).predict_proba(new[0]) for n in (1, 2)]
    np.testing.assert_array_equal(*results)


def test_parameters_of_fit_reach_the_population_and_are_cut_to_folds():
    X, y = people([0, 0, 1, 0])
    weight = np.linspace(1, 2, len(y))
    model = PersonalizedClassifier(Remember(), Remember())
    model.fit(X, y, groups=X.patient, sample_weight=weight, note="kept")
    seen = model.estimator_.seen_
    assert seen["note"] == "kept" and seen["weight"] is weight and seen["groups"] is X.patient
    assert model.n_players_ == 4  # each fold was fitted on as many weights as windows
    PersonalizedClassifier(population()).fit(X, y, groups=X.patient)  # a pipeline takes no groups


def test_metadata_routing():
    X, y = people([0, 0, 1, 0])
    with config_context(enable_metadata_routing=True):
        inner = Remember().set_fit_request(sample_weight=True, groups=False, note=False)
        model = PersonalizedClassifier(inner, Remember()).set_fit_request(groups=True)
        model.fit(X, y, groups=X.patient, sample_weight=np.ones(len(y)))
        assert model.estimator_.seen_["groups"] is None
        assert model.estimator_.seen_["weight"] is not None and model.n_players_ == 4
        proba = cross_val_predict(
            model,
            X,
            y,
            cv=GroupKFold(2),
            params={"groups": X.patient, "sample_weight": np.ones(len(y))},
            method="predict_proba",
        )
        assert proba.shape == (len(y), 2)


def test_a_share_that_rests_on_one_patient_is_told():
    """The others have one seizure each, and cannot play a new patient."""
    X, y = people([0, 1, 0])
    kept = (X.patient == "p0") | of_first(X)
    model = PersonalizedClassifier(population(), local(), random_state=0).fit(X[kept], y[kept])
    new, y_new = new_patient()
    known = of_first(new)
    with pytest.warns(UserWarning, match="rests on one patient of fit"):
        model.personalize(new[known], y_new[known])
    assert model.n_players_ == 1


def test_refusals():
    X, y = people([0, 1])
    with pytest.raises(ValueError, match=r"^local is Ridge.*needs a classifier"):
        PersonalizedClassifier(population(), Ridge()).fit(X, y)
    with pytest.raises(ValueError, match=r"^estimator is LinearSVC.*no predict_proba.*Calibrated"):
        PersonalizedClassifier(LinearSVC()).fit(X, y)
    with pytest.raises(ValueError, match="one class"):
        PersonalizedClassifier(population()).fit(X, np.zeros(len(y)))
    with pytest.raises(ValueError, match=r"groups.*inconsistent"):
        PersonalizedClassifier(population()).fit(X, y, groups=["a"])
    model = fitted()
    new, y_new = new_patient()
    with pytest.raises(ValueError, match=r"X holds no window; personalize needs a seizure"):
        model.personalize(new[:0], y_new[:0])
    with pytest.raises(ValueError, match=r"one class, 0; personalize needs a seizure"):
        model.personalize(new[:5], y_new[:5])
    with pytest.raises(ValueError, match=r"label 2, which PersonalizedClassifier does not know"):
        model.personalize(new, y_new + 1)
    with pytest.raises(ValueError, match=r"NaN"):
        model.personalize(new, np.where(y_new == 1, np.nan, 0))
    with pytest.raises(ValueError, match=r"X and y.*inconsistent"):
        model.personalize(new, y_new[:-1])
    with pytest.raises(ValueError, match=r"2 patients, p0, p1; personalize takes one at a time"):
        model.personalize(X, y)
    with pytest.raises(ValueError, match=r"patient is 'b', but X holds windows of 'new'"):
        model.personalize(new, y_new, patient="b")
    assert model.local_estimators_ == {} and model.weights_ == {}


def test_one_patient_of_training_tells_no_share():
    X, y = people([0])
    model = PersonalizedClassifier(population(), local()).fit(X, y)
    assert model.equal_at_ is None
    new, y_new = new_patient()
    known = of_first(new)
    with pytest.raises(ValueError, match=r"1 seizure.*0 patients.*set weight="):
        model.personalize(new[known], y_new[known])
    assert model.personalize(new, y_new).weights_["new"] > 0.5  # several seizures tell
    model.set_params(weight=0.5).personalize(new[known], y_new[known])
    assert model.weights_["new"] == 0.5


def test_probabilities_of_a_local_model_must_be_finite():
    X, y = people([0, 1])
    model = PersonalizedClassifier(population(), Echo(), weight=0.5).fit(X, y)
    new, y_new = new_patient()
    model.personalize(new, y_new)
    data = np.array(new.data)
    model.estimator_ = Echo().fit(None, [0, 1])
    data[3] = 1e300
    model.local_estimators_["new"].predict_proba = lambda X: np.full((len(X), 2), np.nan)
    with pytest.raises(ValueError, match=r"predict_proba of Echo is not finite"):
        model.predict_proba(Windows(data, sfreq=4, patient="new"))


def test_real_patients_after_one_seizure(data_path):
    """Three children, each new in turn: one seizure helps in the mean and harms nobody."""
    X, y = load_chbmit(data_path / "chbmit", window=4, step=4, patients=["chb03", "chb05", "chb20"])
    table = np.log1p(BandFeatures(["std", "line_length"]).fit_transform(X))
    order = np.lexsort((X.onset, X.record))
    table, y, patient = table[order], y[order], X.patient[order]
    n_first = {"chb03": 15, "chb05": 43, "chb20": 12}
    rows = []
    for name, n in n_first.items():
        own = patient == name
        model = PersonalizedClassifier(LogisticRegression(max_iter=2000), random_state=0)
        model.fit(table[~own], y[~own], groups=patient[~own])
        known, rest = np.flatnonzero(own)[:n], np.flatnonzero(own)[n:]
        row = [model.predict_proba(table[rest])[:, 1]]
        row.append(model.personalize(table[known], y[known]).predict_proba(table[rest])[:, 1])
        rows.append(
            [(roc_auc_score(y[rest], p), balanced_accuracy_score(y[rest], p > 0.5)) for p in row]
        )
    gain = np.subtract(*np.swapaxes(rows, 0, 1)[::-1])
    assert (gain.mean(axis=0) > 0).all() and (gain[:, 0] > -0.03).all()
