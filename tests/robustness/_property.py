"""What must hold whatever is handed over: a result that can be used, or a refusal that says why."""

import os
import re
import traceback
import warnings
import zlib

import numpy as np
from hypothesis import HealthCheck, given, seed, settings
from scipy.linalg import LinAlgWarning
from sklearn.base import BaseEstimator, clone
from sklearn.exceptions import ConvergenceWarning, DataConversionWarning, UndefinedMetricWarning

# Times the examples that a run of the tests takes; above 1, they are drawn anew each time.
EFFORT = int(os.environ.get("SKSEIZURE_FUZZ", "1"))

METHODS = ("transform", "predict", "predict_proba", "decision_function")

# Said on purpose, and documented where it is said.
DOCUMENTED = [
    (UserWarning, "X (has|does not have valid) feature names, but"),
    (DataConversionWarning, "A column-vector y was passed"),
    (UserWarning, "The number of unique classes is greater than 50%"),
    (LinAlgWarning, "alpha=.* leaves the normal equations singular"),
    (UserWarning, "n_rules is .* distinct rows"),
    (UserWarning, "The centres of the rules all but coincide"),
    (UserWarning, "feature_groups leaves .* columns unused"),
    (UserWarning, "y has no unlabelled row"),
    (UserWarning, "y has the classes .* which of them is the seizure"),
    (UserWarning, "threshold is .*; the paper searches"),
    (UserWarning, ".* windows of X stand between gaps"),
    (UserWarning, "data typically deviates by .* far less than EEG in microvolts"),
]
# Inner estimators of scikit-learn on samples near the largest double: their iterations, trees in
# single precision, products, and the sum by which they look for infinity. The last is of 1.7.
OF_SCIKIT_LEARN = [
    (ConvergenceWarning, "lbfgs failed to converge"),
    (RuntimeWarning, "overflow encountered in (cast|matmul|dot|scalar)"),
    (RuntimeWarning, "invalid value encountered in (reduce|matmul)"),
    (UndefinedMetricWarning, "'k' .* greater than or equal to 'n_classes'"),
    (Warning, "Determining the data types of a LazyFrame"),
]


def small(estimator):
    """Return an unfitted copy that is quick and always draws the same numbers."""
    wanted = {"random_state": 0, "max_epochs": 2}
    ends = {name: name.split("__")[-1] for name in estimator.get_params()}
    return clone(estimator).set_params(
        **{name: wanted[end] for name, end in ends.items() if end in wanted}
    )


def explore(holds, cases, *, examples, key):
    """Try a property on drawn cases: others for each key, but the same in each run."""
    test = settings(
        max_examples=examples * EFFORT,
        deadline=None,
        database=None,
        suppress_health_check=list(HealthCheck),
    )(given(cases)(holds))
    if EFFORT == 1:
        test = seed(zlib.crc32(key.encode()))(test)
    test()


def attempt(call, *args, about, **kwargs):
    """Return what a call returns, or the refusal that it raises; all else is an error.

    The refusal names one of `about`: the argument that is at fault, or two that do not go together.
    """
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        for category, message in DOCUMENTED:
            warnings.filterwarnings("ignore", message, category)
        for category, message in OF_SCIKIT_LEARN:
            warnings.filterwarnings("always", message, category)
        warnings.showwarning = _pass_if_of_scikit_learn
        try:
            return call(*args, **kwargs)
        except (ValueError, TypeError) as error:
            # Some errors of other kinds are children of ValueError.
            if isinstance(error, np.linalg.LinAlgError | UnicodeError | LookupError):
                raise
            assert names(error, about), f"does not name {about}: {error!r}"
            return error


def names(error, about):
    """Tell whether a refusal names one of the arguments, unless it is not ours to word."""
    said = any(re.search(rf"\b{name}\b", str(error)) for name in about)
    return said or _of_an_inner_estimator(error)


def _of_an_inner_estimator(error):
    """Tell whether an estimator of scikit-learn raised it, which one of ours was given."""
    frames = (frame for frame, _ in traceback.walk_tb(error.__traceback__))
    owners = (type(frame.f_locals.get("self")) for frame in frames)
    return any(
        issubclass(owner, BaseEstimator) and owner.__module__.startswith("sklearn.")
        for owner in owners
    )


def _pass_if_of_scikit_learn(message, *_):
    """Raise a warning unless it is of scikit-learn's code, or of numpy's that it called."""
    # The module that a filter sees is numpy's for a sum, whoever asked for it.
    callers = (frame.f_globals["__name__"].split(".")[0] for frame, _ in traceback.walk_stack(None))
    if next(name for name in callers if name in ("sklearn", "skseizure")) == "skseizure":
        raise message


def fits_or_says_why(estimator, X, y, *, about, **of_rows):
    """Fit, then use on the same X."""
    if not isinstance(attempt(estimator.fit, X, y, about=about, **of_rows), Exception):
        answers_or_says_why(estimator, X, about=about)


def answers_or_says_why(estimator, X, *, about):
    """Call all that a fitted estimator can do, and look at what comes out."""
    for method in METHODS:
        if hasattr(estimator, method):
            out = attempt(getattr(estimator, method), X, about=about)
            if not isinstance(out, Exception):
                _check_result(estimator, method, X, out)


def _check_result(estimator, method, X, out):
    out = out.toarray() if hasattr(out, "toarray") else np.asarray(out)
    assert len(out) == (X.shape[0] if hasattr(X, "shape") else len(X))
    if method == "predict":
        assert out.ndim == 1 and np.isin(out, estimator.classes_).all()
        return
    if method == "transform":
        assert out.ndim == 2 and out.shape[1] == len(estimator.get_feature_names_out())
        if out.dtype.kind not in "fiub":  # selectors hand on columns of any kind
            return
    assert np.isfinite(out).all(), f"{method} gave {out[~np.isfinite(out)][0]}"
    if method == "predict_proba":
        assert out.shape == (len(out), len(estimator.classes_))
        assert out.min() >= 0
        np.testing.assert_allclose(out.sum(axis=1), 1, rtol=1e-6)
