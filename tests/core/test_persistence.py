"""Every public estimator in a file and back: skops, pickle, other versions."""

import copy
import functools
import importlib
import inspect
import io
import pickle
import pickletools
import re
import warnings
import zipfile
from pathlib import Path

import joblib
import numpy as np
import pytest
import sklearn
from sklearn.base import BaseEstimator, clone
from sklearn.exceptions import InconsistentVersionWarning
from sklearn.linear_model import LogisticRegression
from sklearn.model_selection import GridSearchCV
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import FunctionTransformer, StandardScaler
from sklearn.tree._tree import Tree
from skops.io import dumps, get_untrusted_types, loads
from skops.io.exceptions import UntrustedTypesFoundException

import skseizure
from skseizure import model_selection, skops_trusted_types
from skseizure._core import counting, persistence
from skseizure.ensemble import MetaSamplerClassifier
from skseizure.evolution import CNBCClassifier
from skseizure.feature_selection import MutualInformationSelector
from skseizure.features import BandFeatures
from skseizure.fuzzy import TSKClassifier
from skseizure.metrics import make_event_scorer, make_sample_scorer, refit_pooled
from skseizure.model_selection import EarlyTrainSplit, LabelledTestSplit, StratifiedPatientKFold
from skseizure.moe import EEGNet, MixMoEClassifier, SeizureMoEClassifier
from skseizure.postprocessing import SeizureDetector
from skseizure.signals import Events, Recording, Windows

from .._instances import INSTANCES, MOE, NETWORK, SAMPLERS, for_windows

# Of the labels here, which mark no row as unlabelled.
pytestmark = pytest.mark.filterwarnings("ignore:y has no unlabelled row:UserWarning")

TREE = "sklearn.tree._tree.Tree"
BANDS = BandFeatures(["std"], {"low": (1, 30)})


@pytest.fixture(scope="module")
def windows():
    """Windows of two patients, half of them ictal."""
    rng = np.random.default_rng(0)
    data = rng.normal(scale=20, size=(64, 2, 128))
    y = np.arange(64) // 8 % 2
    data[y == 1] *= 4
    record = np.repeat(["a", "b", "c", "d"], 16)
    patient = np.repeat(["p", "q"], 32)
    onset = np.tile(np.arange(16) * 2.0, 4)
    return Windows(data, sfreq=64, record=record, patient=patient, onset=onset, step=2), y


def searched(X, y):
    """What a user keeps: a detector, searched by our splitter and scorer."""
    detector = SeizureDetector(make_pipeline(BANDS, StandardScaler(), LogisticRegression()))
    search = GridSearchCV(
        detector,
        {"threshold": [0.3, 0.5]},
        cv=StratifiedPatientKFold(2),
        scoring=make_event_scorer("counts"),
        refit=refit_pooled("sensitivity"),
    )
    return search.fit(X, y), X


def searched_by_samples(X, y):
    """The same of a classifier of tables."""
    search = GridSearchCV(
        LogisticRegression(),
        {"C": [0.1, 1.0]},
        cv=StratifiedPatientKFold(2),
        scoring=make_sample_scorer(),
        refit=refit_pooled("sample_f1", complexity="C"),
    )
    table = BANDS.fit_transform(X)
    return search.fit(table, y, groups=X.patient), table


def selected(X, y):
    """A pipeline through three sub-packages."""
    return make_pipeline(BANDS, MutualInformationSelector(), TSKClassifier(3)).fit(X, y), X


def grown(X, y):
    """A classifier that has learned a group of features more since `fit`."""
    table = BANDS.fit_transform(X)
    network = CNBCClassifier(NETWORK, n_channels=2, warm_start=True, random_state=0).fit(table, y)
    both = np.repeat(table, 2, axis=1)
    return network.add_feature_group(both, y, "new"), both


def mixture(features, expert):
    """A mixture with manual features of its own."""
    model = MixMoEClassifier(features, expert, sfreq=128, **MOE)
    return lambda X, y: (model.fit(np.asarray(X), y), np.asarray(X))


def on_table(model):
    """A classifier of tables."""
    return lambda X, y: (model.fit(BANDS.fit_transform(X), y), BANDS.transform(X))


def listed(instance, X, y):
    """An instance of the list, on windows where it takes them."""
    taker = for_windows(instance)
    return on_table(clone(instance))(X, y) if taker is None else (taker.fit(X, y), X)


CASES = {
    **{
        f"{type(instance).__name__}-{i}": functools.partial(listed, instance)
        for i, instance in enumerate(INSTANCES)
    },
    # States that the instances do not reach.
    "bands": mixture("bands", "logistic"),
    "manual41": mixture("manual41", "ridge"),
    "trees": on_table(MetaSamplerClassifier(sampler=0.9, n_estimators=2)),
    "random state": on_table(TSKClassifier(3, random_state=np.random.RandomState(0))),
    "grown": grown,
    "selected": selected,
    "searched": searched,
    "searched_by_samples": searched_by_samples,
}

SPLITTERS = [EarlyTrainSplit(), LabelledTestSplit(EarlyTrainSplit())] + [
    getattr(model_selection, name)()
    for name in ("LeaveOnePatientOut", "LeaveOneRecordOut", "RecordKFold", "StratifiedPatientKFold")
]


@pytest.fixture(scope="module")
def trained(windows):
    """Return a case and its input, fitted once for all tests."""
    return functools.cache(lambda name: CASES[name](*windows))


def skops_again(thing):
    """Through skops with the published list."""
    return loads(dumps(thing), trusted=skops_trusted_types())


def pickle_again(thing):
    """Through pickle."""
    return pickle.loads(pickle.dumps(thing))


WAYS = {"skops": skops_again, "pickle": pickle_again}


def assert_same(one, other):
    """Compare what two things hold, to any depth and bit by bit."""
    assert type(one) is type(other)
    if isinstance(one, np.ndarray) and not one.dtype.hasobject:
        assert one.dtype == other.dtype
        np.testing.assert_array_equal(one, other)
    elif isinstance(one, dict):
        assert list(one) == list(other)
        for name in one:
            assert_same(one[name], other[name])
    elif isinstance(one, (list, tuple, np.ndarray)):
        assert len(one) == len(other)
        for a, b in zip(one, other, strict=True):
            assert_same(a, b)
    elif isinstance(one, Tree):
        assert_same(one.__getstate__(), other.__getstate__())
    elif isinstance(one, np.random.RandomState):
        assert_same(one.get_state(legacy=False), other.get_state(legacy=False))
    elif hasattr(one, "__dict__"):
        assert_same(vars(one), vars(other))
    else:
        np.testing.assert_equal(one, other)


@pytest.mark.parametrize("way", WAYS.values(), ids=WAYS)
@pytest.mark.parametrize("name", CASES)
def test_fitted_estimators_come_back(name, way, trained):
    model, X = trained(name)
    again = way(model)
    assert_same(again, model)
    answered = 0
    for method in ("transform", "predict", "predict_proba", "decision_function"):
        if hasattr(model, method):
            out = getattr(again, method)(X)
            np.testing.assert_array_equal(out, getattr(model, method)(X))
            answered += 1
    assert answered or name.startswith("MetaSampler-")


@pytest.mark.parametrize("way", WAYS.values(), ids=WAYS)
def test_what_is_not_fitted_comes_back(way):
    searches = [GridSearchCV(TSKClassifier(), {}, cv=splitter) for splitter in SPLITTERS]
    for thing in [*INSTANCES, *searches]:
        assert_same(way(thing), thing)


def test_a_table_with_names_comes_back(windows):
    X, y = windows
    frame = BANDS.set_output(transform="pandas").fit_transform(X)
    BANDS.set_output(transform="default")
    model = TSKClassifier(3, random_state=0).fit(frame, np.where(y, "ictal", "calm"))
    again = skops_again(model)
    assert_same(again, model)
    np.testing.assert_array_equal(again.predict(frame), model.predict(frame))


# ------------------------------------------------------------------ names that last


def private_names(thing):
    """Return the private modules of skseizure that a pickle or a skops file of a thing names."""
    strings = [arg for _, arg, _ in pickletools.genops(pickle.dumps(thing)) if type(arg) is str]
    if not inspect.isfunction(thing) and not inspect.isclass(thing):
        schema = zipfile.ZipFile(io.BytesIO(dumps(thing))).read("schema.json").decode()
        strings += re.findall(r'"__module__": "([^"]+)"', schema)
    return [s for s in strings if re.match(r"skseizure(\.\w+)*\._", s)]


@pytest.mark.parametrize("name", CASES)
def test_no_fitted_estimator_names_a_private_file(name, trained):
    assert not private_names(trained(name)[0])


def test_parameters_newer_than_the_file_have_their_defaults(toy):
    """As ``pos_label``, which detectors had not when the first were saved."""
    X, y, _ = toy
    detector = SeizureDetector(
        make_pipeline(BandFeatures(["std"], {"low": (1, 30)}), LogisticRegression()), threshold=0.4
    ).fit(X, y)
    old = copy.copy(detector)
    del old.pos_label, old.merge_gap
    for again in (
        pickle.loads(pickle.dumps(old)),
        loads(dumps(old), trusted=skops_trusted_types()),
    ):
        assert again.get_params(deep=False).keys() == detector.get_params(deep=False).keys()
        assert again.pos_label is None and again.merge_gap == 10.0 and again.threshold == 0.4
        np.testing.assert_array_equal(again.predict(X), detector.predict(X))


def test_nothing_else_that_is_saved_names_a_private_file(windows):
    X, _ = windows
    recording = Recording(X.data[0], 128, ["A", "B"], record="a", patient="p")
    events = Events([1.0], [2.0], record="a", recordings={"a": 32.0})
    for thing in (*INSTANCES, *SAMPLERS, *SPLITTERS, make_event_scorer(), X, recording, events):
        assert not private_names(thing)


def test_no_public_name_leads_to_a_private_file():
    packages = [getattr(skseizure, name) for name in skseizure.__all__]
    for package in filter(inspect.ismodule, packages):
        for name in package.__all__:
            assert not private_names(getattr(package, name)), f"{package.__name__}.{name}"


def test_a_private_name_would_be_found():
    """Files of a class that names its own file, as pickle and skops write them."""
    assert private_names(TSKClassifier(counting.Rules())) == ["skseizure._core.counting"] * 2


# ------------------------------------------------------------------ the list of types


def test_the_list_holds_what_is_needed_and_nothing_else(trained):
    needed = set()
    for thing in [*(trained(name)[0] for name in CASES), *INSTANCES, *SAMPLERS, *SPLITTERS]:
        needed |= set(get_untrusted_types(data=dumps(thing)))
    # Newer skops asks for trees, which older ones trust by themselves.
    assert isinstance(trained("trees")[0].estimators_[0].tree_, Tree)
    assert needed | {TREE} == set(skops_trusted_types())


def test_every_public_splitter_is_tried():
    classes = [getattr(model_selection, name) for name in model_selection.__all__]
    assert {kind for kind in classes if hasattr(kind, "split")} == {type(s) for s in SPLITTERS}


def test_the_list_is_sorted_and_names_classes():
    names = skops_trusted_types()
    assert names == sorted(set(names))
    for name in names:
        module, _, kind = name.rpartition(".")
        assert inspect.isclass(getattr(importlib.import_module(module), kind))
    names.clear()
    assert skops_trusted_types(), "a list of one's own"


class Bomb:
    """Unpickled, it leaves a file behind."""

    def __reduce__(self):
        return Path.touch, (Path("exploded"),)


UNTRUSTED = {
    "nan_to_num": lambda: make_pipeline(FunctionTransformer(np.nan_to_num), TSKClassifier()),
    "joblib.memory.Memory": lambda: BandFeatures(memory=joblib.Memory("store", verbose=0)),
    "functools.partial": lambda: SeizureMoEClassifier(
        extractor=functools.partial(EEGNet, n_filters=4)
    ),
    "Bomb": lambda: TSKClassifier(Bomb()),
}


@pytest.mark.parametrize("name", UNTRUSTED)
def test_what_users_give_is_not_trusted(name, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    file = dumps(UNTRUSTED[name]())
    with pytest.raises(UntrustedTypesFoundException, match=name):
        loads(file, trusted=skops_trusted_types())
    assert not Path("exploded").exists()


def test_an_extractor_is_trusted_by_name():
    model = SeizureMoEClassifier(extractor=functools.partial(EEGNet, n_filters=4))
    own = ["functools.partial", "skseizure.moe.EEGNet"]
    again = loads(dumps(model), trusted=[*skops_trusted_types(), *own])
    assert again.extractor.func is EEGNet and again.extractor.keywords == {"n_filters": 4}


def test_data_is_pickled_and_not_trusted(windows):
    X, _ = windows
    recording = Recording(X.data[0], 128, ["A", "B"], record="a", patient="p")
    events = Events([1.0], [2.0], record="a", recordings={"a": 32.0})
    for data in (X, recording, events):
        assert_same(pickle_again(data), data)
        with pytest.raises(UntrustedTypesFoundException, match=r"skseizure\.signals"):
            skops_again(data)


# ------------------------------------------------------------------ versions


def told(way, thing):
    """Return what loading tells, a sentence for each warning."""
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        way(thing)
    assert all(issubclass(w.category, InconsistentVersionWarning) for w in caught)
    return [str(w.message) for w in caught]


@pytest.mark.parametrize("estimator", INSTANCES, ids=lambda e: type(e).__name__)
def test_another_version_is_told(estimator, monkeypatch):
    for dump, load in (
        (pickle.dumps, pickle.loads),
        (dumps, lambda file: loads(file, trusted=skops_trusted_types())),
    ):
        monkeypatch.setattr(persistence, "__version__", "0.0.0")
        file = dump(estimator)
        assert not told(load, file)
        monkeypatch.undo()
        now = skseizure.__version__
        texts = told(load, file)
        sentence = (
            f"{type(estimator).__name__} from version skseizure 0.0.0 when using version "
            f"skseizure {now}"
        )
        assert sum(sentence in text for text in texts) == 1
        own = [e for e in nested(estimator) if type(e).__module__.startswith("skseizure.")]
        assert len(texts) == len(own)


def nested(estimator):
    """An estimator and those among its parameters."""
    return [
        estimator,
        *(e for e in estimator.get_params().values() if isinstance(e, BaseEstimator)),
    ]


def test_a_file_without_a_version_is_told():
    model = TSKClassifier(3)
    with pytest.warns(InconsistentVersionWarning, match=r"from version skseizure \(unknown\)"):
        TSKClassifier().__setstate__(vars(model))


def test_a_version_leaves_no_trace(trained, tmp_path):
    model, _ = trained("random state")
    joblib.dump(model, tmp_path / "model")
    copies = [
        clone(model),
        copy.copy(model),
        copy.deepcopy(model),
        joblib.load(tmp_path / "model"),
        *(way(model) for way in WAYS.values()),
    ]
    assert not any(persistence.KEY in vars(other) for other in [model, *copies])
    state = model.__getstate__()
    kept = dict(state)
    TSKClassifier().__setstate__(state)
    assert state == kept, "what is given stays as it is"
    assert joblib.hash(copies[1]) == joblib.hash(model)


def test_subclasses_of_users_are_versioned(monkeypatch):
    class Mine(TSKClassifier):
        """Somebody's own."""

    state = Mine(3).__getstate__()
    assert state[persistence.KEY] == skseizure.__version__
    with pytest.warns(InconsistentVersionWarning, match=r"Mine from version skseizure 0\.0"):
        Mine().__setstate__({**state, persistence.KEY: "0.0"})


def test_scikit_learn_tells_of_its_own_version(monkeypatch):
    monkeypatch.setattr(sklearn.base, "__version__", "0.1")
    file = pickle.dumps(make_pipeline(StandardScaler(), TSKClassifier()))
    monkeypatch.undo()
    texts = told(pickle.loads, file)
    assert len(texts) == 2 and not any("skseizure" in text for text in texts)
