"""Tensors of torch where scikit-learn's array_api_dispatch is on: the results of numpy."""

import json
import os
import subprocess
import sys
import warnings
from pathlib import Path

import numpy as np
import sklearn
import torch
from sklearn.base import clone
from sklearn.preprocessing import StandardScaler

from skseizure.ensemble import MetaSamplerClassifier
from skseizure.features import MovingAverage

from .._instances import INSTANCES

METHODS = ("transform", "predict", "predict_proba", "decision_function")


def results(estimator, X, y, **more):
    """Return what a copy of an estimator answers after a fit, by method."""
    seeds = [name for name in estimator.get_params() if name.endswith("random_state")]
    fitted = clone(estimator).set_params(**dict.fromkeys(seeds, 0)).fit(X, y, **more)
    return {m: np.asarray(getattr(fitted, m)(X)) for m in METHODS if hasattr(fitted, m)}


def differences():
    """Return, for each estimator that does not answer as to arrays of numpy, what it does."""
    rng = np.random.default_rng(0)
    X, y = rng.normal(size=(60, 300)), np.arange(60) % 2
    X[y == 1] *= 2
    wrong = {}
    given = dict(sample_weight=1.0 + y, X_val=X[:20], y_val=y[:20])
    cases = [(instance, {}) for instance in INSTANCES]
    cases += [(MovingAverage(StandardScaler()), {}), (MetaSamplerClassifier(sampler=0.9), given)]
    cases += [(MetaSamplerClassifier(sampler=0.9), dict(groups=np.arange(60) // 2))]
    for i, (estimator, more) in enumerate(cases):
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            expected = results(estimator, X, y, **more)
            try:
                with sklearn.config_context(array_api_dispatch=True):
                    tensors = {name: torch.from_numpy(values) for name, values in more.items()}
                    found = results(estimator, torch.from_numpy(X), torch.from_numpy(y), **tensors)
                for method, answer in expected.items():
                    # Inner estimators of scikit-learn compute with tensors, and round otherwise.
                    np.testing.assert_allclose(found[method], answer, rtol=1e-6, err_msg=method)
            except Exception as error:
                wrong[f"{i} {type(estimator).__name__}"] = repr(error)
    return wrong


def test_tensors_under_array_api_dispatch():
    """In a process of its own: scipy asks for SCIPY_ARRAY_API before it is imported."""
    done = subprocess.run(
        [sys.executable, "-m", "tests.interoperability.test_array_api"],
        cwd=Path(__file__).parents[2],
        env={**os.environ, "SCIPY_ARRAY_API": "1"},
        capture_output=True,
        text=True,
    )
    assert done.returncode == 0, done.stderr
    assert json.loads(done.stdout) == {}


if __name__ == "__main__":
    print(json.dumps(differences(), indent=1))
