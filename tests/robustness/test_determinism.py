"""One seed, one result: again, on more workers, in other batches and in another process."""

import hashlib
import json
import os
import random
import subprocess
import sys
from pathlib import Path

import numpy as np
import torch
from sklearn.utils import get_tags

from skseizure.features import _windows_transformer
from skseizure.moe import _scaling
from skseizure.moe._base import BaseMoEClassifier

from .._instances import INSTANCES
from ._inputs import Table
from ._property import METHODS, small
from .test_any_input import NUMBERED, every

ROOT = Path(__file__).parents[2]
Y = np.arange(30) % 3 % 2


def results(estimator, X):
    out = {m: getattr(estimator, m)(X) for m in METHODS if hasattr(estimator, m)}
    return {name: np.asarray(v) for name, v in (out or estimator.networks_).items()}


def assert_equal(found, expected, rtol=0.0):
    assert found.keys() == expected.keys()
    for name, values in expected.items():
        np.testing.assert_allclose(found[name], values, rtol, err_msg=name)


def digests():
    """Return, for each estimator, a digest of all it says after a fit."""
    X, out = Table().build(), []
    for estimator in INSTANCES:
        said = results(small(estimator).fit(X, Y), X)
        raw = b"".join(np.ascontiguousarray(said[name]).tobytes() for name in sorted(said))
        out.append(hashlib.sha256(raw).hexdigest())
    return out


@every(NUMBERED)
def test_again(numbered):
    X = Table().build()
    expected = results(small(numbered[1]).fit(X, Y), X)
    np.random.seed(5)  # noqa: NPY002
    assert_equal(results(small(numbered[1]).fit(X, Y), X), expected)


@every(NUMBERED)
def test_global_random_states_are_left_alone(numbered):
    X = Table().build()
    before = random.getstate(), str(np.random.get_state()), torch.get_rng_state()  # noqa: NPY002
    results(small(numbered[1]).fit(X, Y), X)
    assert random.getstate() == before[0]
    assert str(np.random.get_state()) == before[1]  # noqa: NPY002
    assert torch.equal(torch.get_rng_state(), before[2])


def workers(estimator):
    """Return the parameters that name a number of workers, but those of an inner classifier."""
    names = [name for name in estimator.get_params() if name.endswith("n_jobs")]
    return [name for name in names if not name.endswith("estimator__n_jobs")]


@every([(i, e) for i, e in NUMBERED if workers(e)])
def test_workers(numbered):
    X = Table().build()
    one, two = (small(numbered[1]) for _ in range(2))
    two.set_params(**dict.fromkeys(workers(two), 2))
    expected, found = results(one.fit(X, Y), X), results(two.fit(X, Y), X)
    if isinstance(one, BaseMoEClassifier):
        # Threads of torch add up in another order, which matters no more than if the samples were
        # rounded: by how much that is depends on the processor.
        signs = np.random.default_rng(0).choice([-1, 1], X.shape)
        rounded = results(small(one).fit(X * (1 + 2.0**-24 * signs), Y), X)["predict_proba"]
        room = 5 * np.abs(rounded - expected["predict_proba"]).max()
        assert np.abs(found["predict_proba"] - expected["predict_proba"]).max() < room < 1e-3
        return
    assert_equal(found, expected)


@every([(i, e) for i, e in NUMBERED if get_tags(e).input_tags.three_d_array])
def test_batches(numbered, monkeypatch):
    X = Table().build()
    estimator = small(numbered[1]).fit(X, Y)
    expected = results(estimator, X)
    monkeypatch.setattr(_windows_transformer, "BATCH_SAMPLES", 60)
    monkeypatch.setattr(_scaling, "BATCH", 7)
    rtol = 1e-6 if isinstance(estimator, BaseMoEClassifier) else 0.0
    assert_equal(results(estimator, X), expected, rtol)


def test_another_process():
    command = [sys.executable, "-m", "tests.robustness.test_determinism"]
    environment = {**os.environ, "PYTHONHASHSEED": "1"}
    done = subprocess.run(
        command, cwd=ROOT, env=environment, capture_output=True, text=True, check=True
    )
    differ = [
        type(estimator).__name__
        for estimator, there, here in zip(
            INSTANCES, json.loads(done.stdout), digests(), strict=True
        )
        if there != here
    ]
    assert not differ


if __name__ == "__main__":
    print(json.dumps(digests()))
