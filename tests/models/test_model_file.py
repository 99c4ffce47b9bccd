"""Model files: what is saved comes back, what was tampered with does not."""

import copy
import io
import json
import pickle
import time
import warnings
import zipfile
from contextlib import suppress
from pathlib import Path

import joblib
import numpy as np
import pytest
import sklearn
from click.testing import CliRunner
from imblearn.ensemble import BalancedRandomForestClassifier, RUSBoostClassifier
from imblearn.pipeline import make_pipeline as make_imblearn_pipeline
from imblearn.under_sampling import RandomUnderSampler
from sklearn.base import BaseEstimator
from sklearn.calibration import CalibratedClassifierCV
from sklearn.decomposition import PCA
from sklearn.discriminant_analysis import LinearDiscriminantAnalysis
from sklearn.ensemble import (
    AdaBoostClassifier,
    BaggingClassifier,
    ExtraTreesClassifier,
    GradientBoostingClassifier,
    HistGradientBoostingClassifier,
    RandomForestClassifier,
    StackingClassifier,
    VotingClassifier,
)
from sklearn.feature_selection import SelectKBest
from sklearn.linear_model import LogisticRegression
from sklearn.model_selection import GridSearchCV, TunedThresholdClassifierCV
from sklearn.naive_bayes import GaussianNB
from sklearn.neighbors import KNeighborsClassifier
from sklearn.neural_network import MLPClassifier
from sklearn.pipeline import Pipeline, make_pipeline, make_union
from sklearn.preprocessing import (
    FunctionTransformer,
    PowerTransformer,
    QuantileTransformer,
    RobustScaler,
    StandardScaler,
)
from sklearn.semi_supervised import SelfTrainingClassifier
from sklearn.svm import SVC, LinearSVC
from skops.io import dump, load

from skseizure import __version__, skops_trusted_types
from skseizure._core import persistence
from skseizure.cli import main
from skseizure.evolution import EvolvedMLPClassifier
from skseizure.features import BandFeatures
from skseizure.models import Model, _model_file, load_model, save_model
from skseizure.models._model_file import FORMAT
from skseizure.postprocessing import SeizureDetector
from skseizure.signals import SignalProfile

from ..golden.make_golden import MODELS, answers
from ..golden.test_golden import load_golden


def make_detector(classifier=None):
    """A detector with the parts of the one that `train` makes, but small."""
    steps = [
        ("features", BandFeatures(["std", "line_length"], {"all": (1, 20)})),
        ("scaler", StandardScaler()),
        (
            "classifier",
            ExtraTreesClassifier(3, random_state=0) if classifier is None else classifier,
        ),
    ]
    return SeizureDetector(Pipeline(steps))


@pytest.fixture
def fitted(toy):
    X, y, _ = toy
    return make_detector().fit(X, y)


def content(estimator, **changes):
    """What `save_model` writes, with some of it changed."""
    fields = {"sfreq": 64.0, "window": 2.0, "step": 1.0, "ch_names": ("F3-C3", "C3-P3")}
    return {"format": FORMAT, "estimator": estimator, **fields, **changes}


def test_saved_model_predicts_as_before(fitted, toy, tmp_path):
    X, _, _ = toy
    model = Model(fitted, 64.0, 2.0, 1.0)
    save_model(model, tmp_path / "m.skops")
    again = load_model(tmp_path / "m.skops")
    np.testing.assert_array_equal(again.estimator.predict_proba(X), fitted.predict_proba(X))
    assert (again.sfreq, again.window, again.step, again.montage) == (64, 2, 1, None)
    assert again.ch_names == X.ch_names
    plain = load(tmp_path / "m.skops", trusted=skops_trusted_types())["estimator"]
    np.testing.assert_array_equal(plain.predict_proba(X), fitted.predict_proba(X))


# Each place that can name a store: the template's steps, the fitted steps, both pipelines.
PLACES = [
    f"{estimator}{step}"
    for estimator in ("estimator", "estimator_")
    for step in (".memory", ".named_steps.features.memory")
]


def set_memory(detector, place, memory):
    """Set a store at one place."""
    *way, name = place.split(".")
    for part in way:
        detector = getattr(detector, part)
    setattr(detector, name, memory)


def get_memories(detector):
    """Return the stores at all places."""
    found = []
    for place in PLACES:
        part = detector
        for name in place.split("."):
            part = getattr(part, name)
        found.append(part)
    return found


def test_stores_are_not_saved_and_stay_with_the_detector(fitted, tmp_path):
    for place in PLACES:
        set_memory(fitted, place, "cache")
    save_model(Model(fitted, 64.0, 2.0, 1.0), tmp_path / "m.skops")
    assert get_memories(load_model(tmp_path / "m.skops").estimator) == [None] * 4
    assert get_memories(fitted) == ["cache"] * 4


class Bomb:
    """Unpickled, it leaves a file behind."""

    def __reduce__(self):
        return Path.touch, (Path("exploded"),)


def test_a_planted_pickle_is_never_opened(fitted, toy, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    X, _, _ = toy
    set_memory(fitted, "estimator_.named_steps.features.memory", "cache")
    fitted.predict(X)
    planted = list(Path("cache").rglob("output.pkl"))
    assert planted
    for file in planted:
        file.write_bytes(pickle.dumps(Bomb()))
    with suppress(AttributeError):  # what it leaves is no table
        fitted.estimator_[0].transform(X)
    assert Path("exploded").exists(), "the trap must work, or the test shows nothing"
    Path("exploded").unlink()

    dump(content(fitted), "evil.skops")
    with pytest.raises(ValueError, match=r"evil\.skops .*BandFeatures has memory='cache'"):
        load_model("evil.skops").estimator.predict(X)
    assert not Path("exploded").exists()


def as_array(payload):
    """A numpy file of objects, which is a pickle."""
    file = io.BytesIO()
    np.save(file, np.array([payload], dtype=object), allow_pickle=True)
    return file.getvalue()


def plant_pickle(path, fitted):
    path.write_bytes(pickle.dumps(Bomb()))
    return lambda: pickle.loads(path.read_bytes())


def plant_joblib(path, fitted):
    joblib.dump({"estimator": fitted, "more": Bomb()}, path)
    return lambda: joblib.load(path)


def plant_object(path, fitted):
    fitted.extra_ = Bomb()
    dump(content(fitted), path)
    return None  # skops writes the name of its class, and nothing that could be called


def plant_array(path, fitted):
    """A model file, one of whose arrays is a pickle."""
    dump(content(fitted), path)
    with zipfile.ZipFile(path) as file:
        files = {name: file.read(name) for name in file.namelist()}
    array = next(name for name in files if name.endswith(".npy"))
    files[array] = as_array(Bomb())
    with zipfile.ZipFile(path, "w") as file:
        for name, data in files.items():
            file.writestr(name, data)
    return lambda: np.load(io.BytesIO(files[array]), allow_pickle=True)


@pytest.mark.parametrize("plant", [plant_pickle, plant_joblib, plant_object, plant_array])
def test_payloads_are_refused_and_never_run(plant, fitted, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    trap = plant(tmp_path / "m.skops", fitted)
    if trap is not None:
        trap()
        assert Path("exploded").exists(), "the trap must work, or the test shows nothing"
        Path("exploded").unlink()
    with pytest.raises(ValueError, match=r"m\.skops is not a skseizure model file"):
        load_model(tmp_path / "m.skops")
    Path("night.edf").touch()
    ran = CliRunner().invoke(main, ["detect", "m.skops", "night.edf", "night.tsv"])
    assert ran.exit_code == 2 and "m.skops is not a skseizure model file" in ran.stderr
    assert not Path("exploded").exists() and not Path("night.tsv").exists()


@pytest.mark.parametrize("place", PLACES)
def test_a_store_is_refused_wherever_it_is_named(fitted, place, tmp_path):
    set_memory(fitted, place, "cache")
    dump(content(fitted), tmp_path / "m.skops")
    with pytest.raises(ValueError, match="has memory='cache'; a model file must not name files"):
        load_model(tmp_path / "m.skops")


def test_a_store_is_found_in_what_scikit_learn_never_looks_at(fitted, tmp_path):
    fitted.extra_ = {"deep": [(BandFeatures(memory="cache"),)]}
    dump(content(fitted), tmp_path / "m.skops")
    with pytest.raises(ValueError, match="has memory='cache'"):
        load_model(tmp_path / "m.skops")


class Stranger(BaseEstimator):
    """Not a type that a model file may hold."""

    def __sklearn_is_fitted__(self):
        return True


def holds_a_function(detector, X, y):
    detector.estimator_[0].measures = [np.exp]
    return detector


def holds_hidden_estimators(detector, X, y):
    detector.extra_ = np.array([LogisticRegression()])
    return detector


def holds_a_class(detector, X, y):
    detector.extra_ = Path
    return detector


STRANGERS = {
    "Stranger": lambda detector, X, y: Stranger(),
    # Its compiled code takes what it finds for trees.
    "GradientBoostingClassifier": lambda detector, X, y: make_detector(
        GradientBoostingClassifier(n_estimators=2)
    ).fit(X, y),
    r"numpy\.exp": holds_a_function,
    r"numpy\.ndarray": holds_hidden_estimators,
    r"pathlib\.Path": holds_a_class,
}


@pytest.mark.parametrize("name", STRANGERS)
def test_only_parts_that_can_be_checked_are_loaded(name, fitted, toy, tmp_path):
    X, y, _ = toy
    dump(content(STRANGERS[name](fitted, X, y)), tmp_path / "m.skops")
    with pytest.raises(ValueError, match=f"holds .*{name}.*; only parts of skseizure, and of"):
        load_model(tmp_path / "m.skops")


def change_nodes(**changes):
    """Return a function that changes the first node of a tree."""

    def change(state):
        state["nodes"] = state["nodes"].copy()
        for name, value in changes.items():
            state["nodes"][name][0] = value

    return change


def no_nodes(state):
    state.update(nodes=state["nodes"][:0], values=state["values"][:0])


def too_few_nodes(state):
    state["node_count"] = 1


BAD_TREES = {
    "circle": change_nodes(left_child=0),
    "left beyond": change_nodes(left_child=10**9),
    "right beyond": change_nodes(right_child=10**9),
    "left negative": change_nodes(left_child=-2),
    "half a leaf": change_nodes(left_child=-1),
    "feature beyond": change_nodes(feature=36),
    "feature negative": change_nodes(feature=-2),
    "no nodes": no_nodes,
    "children beyond the count": too_few_nodes,
}


@pytest.mark.parametrize("kind", BAD_TREES)
def test_trees_that_lead_astray_are_refused(kind, fitted, tmp_path):
    holder = fitted.estimator_[-1].estimators_[1]
    kind_of_tree, arguments, state = holder.tree_.__reduce__()
    BAD_TREES[kind](state)
    holder.tree_ = kind_of_tree(*arguments)
    holder.tree_.__setstate__(state)
    dump(content(fitted), tmp_path / "m.skops")
    with pytest.raises(ValueError, match="a tree in it has nodes or features out of range"):
        load_model(tmp_path / "m.skops")


def test_a_tree_fits_its_holder(fitted, tmp_path):
    # scikit-learn compares the table with the holder's number of features, never with the tree's.
    tree = fitted.estimator_[-1].estimators_[1]
    tree.n_features_in_ = 1
    dump(content(fitted), tmp_path / "m.skops")
    with pytest.raises(ValueError, match="a tree in it of 4 features is held by one of another"):
        load_model(tmp_path / "m.skops")
    del tree.n_features_in_
    dump(content(fitted), tmp_path / "m.skops")
    with pytest.raises(ValueError, match="a tree in it of 4 features"):
        load_model(tmp_path / "m.skops")


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"sfreq": "abc"}, "sfreq is 'abc'; a finite number above zero is needed"),
        ({"window": float("nan")}, "window is nan; a finite number"),
        ({"step": -1}, "step is -1; a finite number"),
        ({"step": [1.0]}, r"step is \[1.0\]; a finite number"),
        ({"montage": [[1]]}, r"montage is \[\[1\]\]; names of channels"),
        ({"montage": "mine"}, "montage is 'mine'; 'double banana'"),
        ({"ch_names": []}, r"ch_names is \[\]; names of channels"),
        ({"preprocessing": [1]}, r"preprocessing is \[1\]; a mapping"),
        ({"profile": {"level": 1}}, "content is not that of a SignalProfile"),
        ({"estimator": "x"}, "estimator is a str; a fitted estimator"),
        ({"estimator": ExtraTreesClassifier()}, "not fitted yet"),
        ({"estimator": make_detector()}, "not fitted yet"),
        ({"format": 2}, "not of format 1; train it again"),
    ],
)
def test_malformed_fields(changes, message, fitted, tmp_path):
    dump({**content(fitted), **changes}, tmp_path / "m.skops")
    with pytest.raises(ValueError, match=rf"m\.skops is not a skseizure model file: .*{message}"):
        load_model(tmp_path / "m.skops")


def test_missing_fields_and_bad_parameters(fitted, tmp_path):
    for what, message in (
        ({"format": FORMAT}, "it lacks estimator, sfreq, step, window"),
        ([1], "it holds list, not what save_model writes"),
        (LogisticRegression(), r"LogisticRegression, .* in Python, skops\.io\.load reads it"),
        (content(copy.deepcopy(fitted).set_params(threshold="high")), "'threshold' parameter"),
        (content(copy.deepcopy(fitted).set_params(smoothing=-1)), "'smoothing' parameter"),
    ):
        dump(what, tmp_path / "m.skops")
        with pytest.raises(ValueError, match=message):
            load_model(tmp_path / "m.skops")
    del fitted.merge_gap
    dump(content(fitted), tmp_path / "m.skops")  # as if the parameter were newer than the file
    assert load_model(tmp_path / "m.skops").estimator.merge_gap == 10
    del fitted.estimator_
    dump(content(fitted), tmp_path / "m.skops")
    with pytest.raises(ValueError, match="not fitted"):
        load_model(tmp_path / "m.skops")


def put(*way):
    """Return a function that sets an attribute deep in a fitted pipeline: (step, name, value)."""
    *steps, name, value = way

    def change(detector):
        part = detector
        for step in steps:
            part = part[step] if isinstance(step, int) else getattr(part, step)
        setattr(part, name, value)

    return change


FORGED = {
    "nan in the scaler": put("estimator_", 1, "scale_", np.array([1, 1, 1, np.nan])),
    "zero in the scaler": put("estimator_", 1, "scale_", np.zeros(4)),
    "short scaler": put("estimator_", 1, "mean_", np.zeros(1)),
    "classes turned": put("estimator_", 2, "classes_", np.array([1, 0])),
    "outputs": put("estimator_", 2, "n_outputs_", 10**9),
    "classes beyond": put("estimator_", 2, "n_classes_", 10**12),
    "no pipeline": put("estimator_", [1]),
    "no bands": lambda detector: delattr(detector.estimator_[0], "bands_"),
    "words for bands": put("estimator_", 0, "bands_", {"all": ("low", "high")}),
    "list of bands": put("estimator_", 0, "bands_", [(1, 20)]),
    "channels": put("estimator_", 0, "n_channels_in_", 10**9),
    "length": put("estimator_", 0, "n_times_in_", 10**9),
    "no trees": put("estimator_", 2, "estimators_", []),
    "no classifier": lambda detector: detector.estimator_.steps.pop(),
}


@pytest.mark.parametrize("kind", FORGED)
def test_parts_that_do_not_fit_are_refused(kind, fitted, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    FORGED[kind](fitted)
    dump(content(fitted), "m.skops")
    refused(tmp_path)


@pytest.mark.parametrize(
    "changes", [{"sfreq": 1e12}, {"sfreq": 32.0}, {"window": 1e300}, {"window": 1.0}]
)
def test_times_that_do_not_fit_are_refused(changes, fitted, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    dump(content(fitted, **changes), "m.skops")
    refused(tmp_path)


def refused(folder):
    """Tell that `detect` refuses the model in a folder in one line."""
    (folder / "night.edf").touch()
    ran = CliRunner().invoke(main, ["detect", "m.skops", "night.edf", "night.tsv"])
    assert ran.exit_code == 2 and ran.stderr.count("\n") == 1
    assert "m.skops is not a skseizure model file" in ran.stderr
    assert not (folder / "night.tsv").exists()


def test_trees_without_probabilities_are_refused(fitted, tmp_path):
    tree = fitted.estimator_[-1].estimators_[1].tree_
    tree.value[0] = np.nan
    dump(content(fitted), tmp_path / "m.skops")
    with pytest.raises(ValueError, match="a tree in it gives no probabilities of two classes"):
        load_model(tmp_path / "m.skops")


def test_threads_of_the_training_are_not_kept(fitted, tmp_path):
    fitted.estimator_.set_params(features__n_jobs=10**6, classifier__n_jobs=10**6)
    dump(content(fitted), tmp_path / "m.skops")
    again = load_model(tmp_path / "m.skops").estimator.estimator_
    assert again["features"].n_jobs is again["classifier"].n_jobs is None


def test_files_that_are_no_model(tmp_path):
    (tmp_path / "text").write_text("no model")
    with pytest.raises(ValueError, match="text is not a skseizure model file"):
        load_model(tmp_path / "text")
    with pytest.raises(FileNotFoundError):
        load_model(tmp_path / "nothing")


def test_damaged_files_raise_nothing_else(fitted, tmp_path, rng):
    path = tmp_path / "m.skops"
    save_model(Model(fitted, 64.0, 2.0, 1.0), path)
    whole = path.read_bytes()
    refused = 0
    for i in range(60):
        damaged = bytearray(whole)
        for place in rng.integers(len(whole), size=3):
            damaged[place] ^= rng.integers(1, 256)
        path.write_bytes(damaged if i % 2 else whole[: rng.integers(len(whole))])
        try:
            load_model(path)
        except ValueError:
            refused += 1
    assert refused > 50


def forge(fitted, path, monkeypatch, *, skseizure=__version__, scikit_learn=sklearn.__version__):
    """Write a model file as other versions would."""
    monkeypatch.setattr(persistence, "__version__", skseizure)
    monkeypatch.setattr(sklearn.base, "__version__", scikit_learn)
    save_model(Model(fitted, 64.0, 2.0, 1.0), path)
    monkeypatch.undo()


def told(path):
    """Return the one warning that reading a model file gives."""
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        load_model(path)
    (warning,) = caught
    assert warning.filename == __file__
    return str(warning.message)


def test_another_version_is_told_once(fitted, tmp_path, monkeypatch):
    path = tmp_path / "m.skops"
    forge(fitted, path, monkeypatch, skseizure="0.0.0")
    assert f"was written by skseizure 0.0.0; installed: skseizure {__version__}. Its" in told(path)
    forge(fitted, path, monkeypatch, scikit_learn="0.18")
    now = f"scikit-learn {sklearn.__version__}"
    assert f"was written by scikit-learn 0.18; installed: {now}. Its" in told(path)
    forge(fitted, path, monkeypatch, skseizure="0.0.0", scikit_learn="0.18")
    assert (
        "was written by scikit-learn 0.18 and skseizure 0.0.0; installed: "
        f"{now} and skseizure {__version__}." in told(path)
    )
    forge(fitted, path, monkeypatch)
    load_model(path)


def test_other_warnings_are_passed_on(fitted, tmp_path, monkeypatch):
    save_model(Model(fitted, 64.0, 2.0, 1.0), tmp_path / "m.skops")
    checked = _model_file._checked

    def loud(*args):
        warnings.warn("by the way", FutureWarning, stacklevel=1)
        return checked(*args)

    monkeypatch.setattr(_model_file, "_checked", loud)
    with pytest.warns(FutureWarning, match="by the way"):
        load_model(tmp_path / "m.skops")


# ---------------------------------------------------------------------- any pipeline


def again(estimator, tmp_path, **fields):
    """Save an estimator in a model file and load it."""
    save_model(Model(estimator, 64.0, 2.0, 1.0, **fields), tmp_path / "m.skops")
    return load_model(tmp_path / "m.skops").estimator


# skops itself is tried on the rest in tests/core; these take long to answer.
SLOW = ("FrameFeatures", "MixMoEClassifier-manual41", "STFTFeatures")


@pytest.mark.parametrize("name", MODELS)
def test_every_public_estimator_comes_back(name, tmp_path):
    """There is a golden model of each, small and fitted."""
    estimator = load_golden(name)["estimator"]
    loaded = again(estimator, tmp_path)
    assert type(loaded) is type(estimator)
    if name in SLOW:
        assert str(loaded) == str(estimator)
        return
    expected = answers(name, estimator)
    for method, found in answers(name, loaded).items():
        np.testing.assert_array_equal(found, expected[method])


def table(X):
    """Four columns of features."""
    return BandFeatures(["std", "line_length"], {"all": (1, 20)}).fit_transform(X)


FOREIGN = {
    "boosting": HistGradientBoostingClassifier(max_iter=3, min_samples_leaf=5),
    "forest": RandomForestClassifier(3),
    "bagging": BaggingClassifier(n_estimators=2),
    "boosted trees": AdaBoostClassifier(n_estimators=2),
    "vectors": CalibratedClassifierCV(SVC(), cv=2),
    "isotonic": CalibratedClassifierCV(LinearSVC(), method="isotonic", cv=2),
    "neighbours": KNeighborsClassifier(algorithm="brute"),
    "stack": StackingClassifier([("a", GaussianNB())], cv=2),
    "vote": VotingClassifier([("a", LogisticRegression())], voting="soft"),
    "discriminant": LinearDiscriminantAnalysis(),
    "perceptron": MLPClassifier(4, max_iter=2),
    "self-training": SelfTrainingClassifier(LogisticRegression()),
    "threshold": TunedThresholdClassifierCV(LogisticRegression(), cv=2),
    "search": GridSearchCV(LogisticRegression(), {"C": [1]}, scoring="average_precision", cv=2),
    "scalers": make_pipeline(
        make_union(RobustScaler(), PCA(2)),
        QuantileTransformer(n_quantiles=5),
        PowerTransformer(),
        SelectKBest(k=2),
        LogisticRegression(),
    ),
    "imblearn forest": BalancedRandomForestClassifier(2),
    "imblearn boosting": RUSBoostClassifier(n_estimators=2),
    "imblearn pipeline": make_imblearn_pipeline(RandomUnderSampler(), GaussianNB()),
}


@pytest.mark.parametrize("name", FOREIGN)
@pytest.mark.filterwarnings("ignore::sklearn.exceptions.ConvergenceWarning")
@pytest.mark.filterwarnings("ignore:y contains no unlabeled samples:UserWarning")
def test_parts_of_other_packages_come_back(name, toy, tmp_path):
    X, y, _ = toy
    features = BandFeatures(["std", "line_length"], {"all": (1, 20)})
    pipeline = make_imblearn_pipeline(features, FOREIGN[name])
    if name == "forest":
        pipeline = SeizureDetector(pipeline)
    pipeline.fit(X[::2], y[::2])
    loaded = again(pipeline, tmp_path)
    np.testing.assert_array_equal(loaded.predict(X), pipeline.predict(X))


def test_own_functions_are_loaded_if_they_are_named(toy, tmp_path):
    X, y, _ = toy
    pipeline = make_pipeline(table_features(), FunctionTransformer(np.log1p), GaussianNB())
    model = Model(pipeline.fit(X, y), 64.0, 2.0, 1.0)
    with pytest.warns(UserWarning, match=r"holds numpy\.log1p, which load_model takes only if"):
        save_model(model, tmp_path / "m.skops")
    with pytest.raises(ValueError, match=r"holds numpy\.log1p; .* trusted=\['numpy\.log1p'\]"):
        load_model(tmp_path / "m.skops")
    loaded = load_model(tmp_path / "m.skops", trusted=["numpy.log1p"])
    np.testing.assert_array_equal(loaded.estimator.predict(X), pipeline.predict(X))
    with pytest.raises(TypeError, match="trusted is the string"):
        load_model(tmp_path / "m.skops", trusted="numpy.log1p")


def table_features():
    return BandFeatures(["std"], {"all": (1, 20)})


def test_all_fields_come_back(fitted, toy, tmp_path):
    X, _, _ = toy
    model = Model(
        fitted,
        64.0,
        2.0,
        1.0,
        montage=["F3-C3", "C3-P3"],
        preprocessing={"low": 0.5, "high": 30.0, "notch": [25.0]},
        profile=SignalProfile.from_windows(X),
        trained_on={"patients": ["p0", "p1"], "hours": 0.1, "report": {"left out": 0}},
    )
    save_model(model, tmp_path / "m.skops")
    loaded = load_model(tmp_path / "m.skops")
    for name in ("montage", "ch_names", "preprocessing", "profile", "trained_on"):
        assert getattr(loaded, name) == getattr(model, name)
    assert loaded.ch_names == ("F3-C3", "C3-P3")


# ---------------------------------------------------------------------- forged contents


def rewritten(path, change, **options):
    """Change the files in an archive: a function of a dict of their contents."""
    with zipfile.ZipFile(path) as file:
        files = {name: file.read(name) for name in file.namelist()}
    change(files)
    with zipfile.ZipFile(path, "w", **options) as file:
        for name, data in files.items():
            file.writestr(name, data)


def schema(change):
    """Return a change of the table of contents: a function of its parts."""

    def changed(files):
        content = json.loads(files["schema.json"])
        change(content)
        files["schema.json"] = json.dumps(content, indent=2)

    return changed


def in_a_circle(content):
    content["content"]["extra"] = {**content, "content": [], "__loader__": "ListNode"}


def doubling(content):
    """Forty lists, each of which holds the next one twice: a tree of 2 ** 40."""
    kind = {"__class__": "list", "__module__": "builtins", "__loader__": "ListNode"}
    part = {**kind, "content": [], "__id__": 10**6}
    for i in range(40):
        same = {**kind, "content": [], "__id__": part["__id__"]}
        part = {**kind, "content": [part, same], "__id__": 10**6 + i + 1}
    content["content"]["extra"] = part


def deep(content):
    part = {"__class__": "list", "__module__": "builtins", "__loader__": "ListNode", "content": []}
    for _ in range(300):
        part = {**part, "content": [part]}
    content["content"]["extra"] = part


def cached(content):
    content["content"]["extra"] = {
        "__class__": "list",
        "__module__": "builtins",
        "__loader__": "CachedNode",
        "__id__": 1,
    }


def called(content):
    """A class that is called with numbers of the file."""
    number = {**content["content"]["sfreq"]}
    content["content"]["extra"] = {
        "__class__": "slice",
        "__module__": "builtins",
        "__loader__": "ConstructorFromReduceNode",
        "content": number,
    }


def elsewhere(content):
    content["content"]["extra"] = {
        "__class__": "ndarray",
        "__module__": "numpy",
        "__loader__": "NdArrayNode",
        "type": "numpy",
        "file": "/etc/passwd",
    }


def brackets(files):
    files["schema.json"] = b"[" + b"[]," * 10**6 + b"[]]"


def huge(files):
    """An array of a hundred terabytes, by its header."""
    name = next(name for name, data in files.items() if b"(4,)" in data[:128])
    header = files[name][:128].replace(b"(4,), }" + 12 * b" ", b"(9999999999999,), }")
    assert len(header) == 128 and b"99999" in header
    files[name] = header + files[name][128:]


CONTENTS = {
    "circle": (schema(in_a_circle), "one part in it is another in a second place"),
    "doubling": (schema(doubling), "one part in it is another in a second place"),
    "deep": (schema(deep), "nested more than"),
    "cached": (schema(cached), "holds builtins.list"),
    "called": (schema(called), "holds builtins.slice"),
    "path": (schema(elsewhere), "no item named '/etc/passwd'"),
    "brackets": (brackets, "too many parts for its length"),
    "huge": (huge, ""),
}


@pytest.mark.parametrize("kind", CONTENTS)
def test_forged_contents_are_refused(kind, fitted, tmp_path):
    change, message = CONTENTS[kind]
    path = tmp_path / "m.skops"
    dump(content(fitted), path)
    rewritten(path, change)
    start = time.process_time()
    with pytest.raises(ValueError, match=f"is not a skseizure model file: .*{message}"):
        load_model(path)
    assert time.process_time() - start < 2


def test_a_bomb_is_refused(fitted, tmp_path):
    """Megabytes of zeros in a few bytes."""
    path = tmp_path / "m.skops"
    dump(content(fitted), path)
    rewritten(path, lambda files: files.update(bomb=bytes(2**24)), compression=zipfile.ZIP_DEFLATED)
    with pytest.raises(ValueError, match="its parts are compressed"):
        load_model(path)


def test_parts_that_share_their_bytes_are_refused(fitted, tmp_path):
    """Many names for one place in the file."""
    path = tmp_path / "m.skops"
    dump(content(fitted), path)
    with zipfile.ZipFile(path, "a") as file:
        (big, *_) = sorted(file.infolist(), key=lambda info: -info.file_size)
        for i in range(50):
            again = copy.copy(big)
            again.filename = f"{i}.npy"
            file.filelist.append(again)
        file._didModify = True
    with pytest.raises(ValueError, match="its parts are larger than the file"):
        load_model(path)


def boosted(X, y):
    return HistGradientBoostingClassifier(max_iter=2, min_samples_leaf=5).fit(table(X), y)


def beyond(model, name, value):
    nodes = model._predictors[0][0].nodes
    nodes[name][0] = value


def turned(model):
    model._n_support = np.array([len(model.support_vectors_) + 5, -5], dtype=np.int32)


def shortened(name):
    return lambda model: setattr(model, name, getattr(model, name)[:1])


def evolved(X, y):
    return EvolvedMLPClassifier((0, 4), swarm_size=5, max_iter=2).fit(table(X), y)


COMPILED = {
    "boosting, child": (boosted, lambda m: beyond(m, "left", 2**32 - 1), "out of range"),
    "boosting, circle": (boosted, lambda m: beyond(m, "right", 0), "out of range"),
    "boosting, feature": (boosted, lambda m: beyond(m, "feature_idx", 99), "out of range"),
    "boosting, categories": (boosted, lambda m: beyond(m, "is_categorical", 1), "categories"),
    "vectors, counts": (lambda X, y: SVC().fit(table(X), y), turned, "do not add up"),
    "vectors, short": (lambda X, y: SVC().fit(table(X), y), shortened("support_vectors_"), "shape"),
    "neighbours": (
        lambda X, y: KNeighborsClassifier(algorithm="brute").fit(table(X), y),
        shortened("_y"),
        "do not add up",
    ),
    "network": (evolved, lambda m: setattr(m, "n_hidden_", 10**6), "weights of a network"),
}


@pytest.mark.parametrize("kind", COMPILED)
def test_numbers_that_compiled_code_follows_are_checked(kind, toy, tmp_path):
    X, y, _ = toy
    make, forge_it, message = COMPILED[kind]
    estimator = make(X, y)
    forge_it(estimator)
    dump(content(estimator, ch_names=None), tmp_path / "m.skops")
    with pytest.raises(ValueError, match=message):
        load_model(tmp_path / "m.skops")


@pytest.mark.parametrize(
    ("name", "size"), [("hidden", 10**5), ("hidden", 10**9), ("n_experts", 7), ("n_manual", 10**6)]
)
def test_networks_larger_than_their_weights_are_refused(name, size, tmp_path):
    estimator = load_golden("SeizureMoEClassifier")["estimator"]
    estimator.network_params_[name] = size
    dump(content(estimator, ch_names=None), tmp_path / "m.skops")
    with pytest.raises(ValueError, match="mixture of experts in it"):
        load_model(tmp_path / "m.skops")


@pytest.mark.parametrize("kind", [ImportError, OSError])
def test_the_fault_of_a_machine_is_not_laid_on_the_file(kind, fitted, tmp_path, monkeypatch):
    dump(content(fitted), tmp_path / "m.skops")

    def fail(*args):
        raise kind("no room here")

    monkeypatch.setattr(_model_file, "_probe", fail)
    with pytest.raises(kind, match=r"m\.skops cannot be loaded here: no room here"):
        load_model(tmp_path / "m.skops")
