"""What a model file may be made of: looked up in its table of contents, before anything is built.

A file of skops is a zip archive: ``schema.json`` names a class for each part, and arrays stand
beside it. Nothing of it is run, but skops alone takes what it finds at its word. A small file could
unpack to more memory than there is, or name a class whose compiled code trusts its numbers.
"""

from __future__ import annotations

import io
import json
import zipfile
from collections.abc import Iterator, Sequence
from typing import Any

from .._core.files import check_zip
from .._core.trusted import skops_trusted_types

# Far beyond any model; a forest of 300 trees has a table of contents of 5 MB.
MAX_SCHEMA = 128 * 2**20
MAX_DEPTH = 100  # of parts inside parts
MAX_CLASSES = 2000  # different names

# How skops builds a part. Others call a class with arguments of the file, or read a zip within it.
LOADERS = {
    "DTypeNode",
    "DictNode",
    "FunctionNode",
    "JsonNode",
    "ListNode",
    "LossNode",
    "MaskedArrayNode",
    "NdArrayNode",
    "ObjectNode",
    "RandomGeneratorNode",
    "RandomStateNode",
    "SetNode",
    "SliceNode",
    "TreeNode",
    "TupleNode",
    "TypeNode",
}

DATA = {
    *("builtins.str", "builtins.int", "builtins.float", "builtins.bool", "builtins.slice"),
    *("builtins.list", "builtins.tuple", "builtins.dict", "builtins.set"),
    "builtins.NoneType",
    "collections.OrderedDict",
    "numpy.dtype",
    "numpy.ma.MaskedArray",
    "numpy.ndarray",
    "numpy.random._generator.Generator",
    "numpy.random.mtrand.RandomState",
    *("numpy.bool", "numpy.bool_", "numpy.str_", "numpy.longlong"),
    *(f"numpy.float{bits}" for bits in (16, 32, 64)),
    *(f"numpy.{sign}int{bits}" for sign in ("", "u") for bits in (8, 16, 32, 64)),
}

# Estimators that compute in Python and numpy, or whose compiled parts `_fitted_parts` checks. By
# package and name: the private file that holds a class differs between versions.
OTHERS = {
    "sklearn.calibration": (
        "CalibratedClassifierCV",
        "_CalibratedClassifier",
        "_SigmoidCalibration",
    ),
    "sklearn.compose": ("ColumnTransformer",),
    "sklearn.decomposition": ("FastICA", "KernelPCA", "PCA", "TruncatedSVD"),
    "sklearn.discriminant_analysis": (
        "LinearDiscriminantAnalysis",
        "QuadraticDiscriminantAnalysis",
    ),
    "sklearn.dummy": ("DummyClassifier",),
    "sklearn.ensemble": (
        "AdaBoostClassifier",
        "BaggingClassifier",
        "ExtraTreesClassifier",
        "HistGradientBoostingClassifier",
        "RandomForestClassifier",
        "StackingClassifier",
        "TreePredictor",
        "VotingClassifier",
        "_BinMapper",
    ),
    "sklearn.feature_selection": (
        "GenericUnivariateSelect",
        "RFE",
        "SelectFromModel",
        "SelectKBest",
        "SelectPercentile",
        "SequentialFeatureSelector",
        "VarianceThreshold",
        "f_classif",
        "mutual_info_classif",
    ),
    "sklearn.impute": ("MissingIndicator", "SimpleImputer"),
    "sklearn.isotonic": ("IsotonicRegression",),
    "sklearn.linear_model": (
        "LogisticRegression",
        "LogisticRegressionCV",
        "Perceptron",
        "RidgeClassifier",
        "RidgeClassifierCV",
        "SGDClassifier",
    ),
    "sklearn._loss": (
        "CyHalfBinomialLoss",
        "HalfBinomialLoss",
        "Interval",
        "LogitLink",
    ),
    "sklearn.metrics": (
        "_CurveScorer",
        "_PassthroughScorer",
        "_Scorer",
        "accuracy_score",
        "average_precision_score",
        "balanced_accuracy_score",
        "f1_score",
        "roc_auc_score",
    ),
    "sklearn.model_selection": (
        "FixedThresholdClassifier",
        "GridSearchCV",
        "GroupKFold",
        "KFold",
        "LeaveOneGroupOut",
        "RandomizedSearchCV",
        "StratifiedGroupKFold",
        "StratifiedKFold",
        "TunedThresholdClassifierCV",
    ),
    "sklearn.multiclass": ("OneVsRestClassifier", "_ConstantPredictor"),
    "sklearn.naive_bayes": ("BernoulliNB", "GaussianNB"),
    "sklearn.neighbors": ("KNeighborsClassifier", "NearestNeighbors"),
    "sklearn.neural_network": ("AdamOptimizer", "MLPClassifier", "SGDOptimizer"),
    "sklearn.pipeline": ("FeatureUnion", "Pipeline"),
    "sklearn.preprocessing": (
        "FunctionTransformer",
        "KBinsDiscretizer",
        "KernelCenterer",
        "LabelBinarizer",
        "LabelEncoder",
        "MaxAbsScaler",
        "MinMaxScaler",
        "Normalizer",
        "OneHotEncoder",
        "PolynomialFeatures",
        "PowerTransformer",
        "QuantileTransformer",
        "RobustScaler",
        "StandardScaler",
    ),
    "sklearn.semi_supervised": ("SelfTrainingClassifier",),
    "sklearn.svm": ("LinearSVC", "SVC"),
    "sklearn.tree": (
        "DecisionTreeClassifier",
        "DecisionTreeRegressor",
        "ExtraTreeClassifier",
        "ExtraTreeRegressor",
        "Tree",
    ),
    "sklearn.utils": ("Bunch", "MetadataRequest", "MethodMetadataRequest"),
    "imblearn.ensemble": (
        "BalancedBaggingClassifier",
        "BalancedRandomForestClassifier",
        "EasyEnsembleClassifier",
        "RUSBoostClassifier",
    ),
    "imblearn.over_sampling": ("RandomOverSampler", "SMOTE"),
    "imblearn.pipeline": ("Pipeline",),
    "imblearn.under_sampling": ("RandomUnderSampler",),
}


class UnknownParts(ValueError):
    """A file holds what is not loaded without its user's word; ``names`` says what."""

    def __init__(self, names: Sequence[str]) -> None:
        self.names = tuple(names)
        super().__init__(
            f"it holds {', '.join(names)}; only parts of skseizure, and of scikit-learn and "
            "imbalanced-learn those that can be checked, are loaded. If you know what these are, "
            f"name them: trusted={list(names)}."
        )


def is_known(name: str) -> bool:
    """Tell whether a class or function is loaded from any file."""
    if name in DATA or name in skops_trusted_types():
        return True
    *package, last = name.split(".")
    return last in OTHERS.get(".".join(package[:2]), ())


def check_contents(data: bytes, trusted: Sequence[str] = ()) -> list[str]:
    """Refuse a skops file that holds what is not known, or is not what skops writes.

    Parameters
    ----------
    data : bytes
        The file.
    trusted : sequence of str
        Names of classes and functions that are known beside ours.

    Returns
    -------
    list of str
        Names of all classes and functions in it, for ``trusted`` of `skops.io.loads`.

    Raises
    ------
    UnknownParts
        If it holds a class or function that is not known.
    ValueError
        If it is compressed, repeats bytes, is too deep or too large, or is no file of skops.
    """
    kinds: set[tuple[str, str]] = set()
    for node in _nodes(_schema(data)):
        kinds.add((f"{node['__module__']}.{node['__class__']}", node["__loader__"]))
        if len(kinds) > MAX_CLASSES:
            raise ValueError(f"it names more than {MAX_CLASSES} classes.")
    names = {name for name, _ in kinds}
    unknown = {
        name
        for name, loader in kinds
        if not (is_known(name) and loader in LOADERS) and name not in trusted
    }
    if unknown:
        raise UnknownParts(sorted(unknown))
    return sorted(names)


def _schema(data: bytes) -> Any:
    """Return the table of contents of a file that is no larger than it looks."""
    check_zip(data)
    with zipfile.ZipFile(io.BytesIO(data)) as file:
        if file.getinfo("schema.json").file_size > MAX_SCHEMA:
            raise ValueError(f"its table of contents is larger than {MAX_SCHEMA / 2**20:g} MB.")
        text = file.read("schema.json")
    # Each part takes a hundred characters and more; brackets alone would fill the memory.
    if text.count(b"{") + text.count(b"[") > 1000 + len(text) / 25:
        raise ValueError("its table of contents holds too many parts for its length.")
    return json.loads(text)


def _nodes(schema: Any) -> Iterator[dict[str, Any]]:
    """Yield all parts, and refuse what skops would follow in circles or many times over.

    A part that occurs twice has one ``__id__``, and skops builds what it finds first. Its other
    places then must hold as much as the first, or a file of a few lines is a tree of millions.
    """
    sizes: dict[Any, int] = {}
    # A stack of what is to do: a thing and its depth, or a part whose insides have been counted.
    todo: list[tuple[Any, int, list[int] | None]] = [(schema, 0, None)]
    counts: list[list[int]] = [[0]]
    while todo:
        thing, depth, done = todo.pop()
        if done is not None:
            counts.pop()
            counts[-1][0] += done[0]
            if sizes.setdefault(thing.get("__id__", id(thing)), done[0]) != done[0]:
                raise ValueError("one part in it is another in a second place.")
            continue
        if depth > 4 * MAX_DEPTH:
            raise ValueError(f"its parts are nested more than {MAX_DEPTH} deep.")
        if isinstance(thing, dict) and "__loader__" in thing:
            yield thing
            own = [1]
            counts.append(own)
            todo.append((thing, depth, own))
        if isinstance(thing, (dict, list)):
            inside = thing.values() if isinstance(thing, dict) else thing
            todo.extend((part, depth + 1, None) for part in inside)
