"""A corpus three times as large as the memory that a worker of Dask may have."""

import os

import joblib
import meter
import numpy as np
import pytest
from meter import MB
from sklearn.linear_model import LogisticRegression
from sklearn.model_selection import GridSearchCV, GroupKFold
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

from skseizure.features import BandFeatures

from .conftest import assert_same_search, own_memory_below

dask = pytest.importorskip("dask", reason="it is of the extra dask")
distributed = pytest.importorskip("distributed", reason="it is of the extra dask")

pytestmark = pytest.mark.filterwarnings(
    "ignore:.*_WeakKeyDictionary:pytest.PytestUnraisableExceptionWarning"
)

CAP = 500 * MB
LATE = 120  # seconds; joblib waits for ever for a task that Dask has given up
PAUSE = 0.8  # of the cap, from which a worker takes no more tasks
CLIENT = 100 * MB


@pytest.fixture(scope="module")
def client():
    # A worker that grows is to be killed at 95 %, rather than to rest for ever or to use the disk,
    # and a task on which that happens twice is given up.
    strict = {f"distributed.worker.memory.{what}": False for what in ("target", "spill", "pause")}
    with (
        dask.config.set(strict | {"distributed.scheduler.allowed-failures": 1}),
        distributed.LocalCluster(
            n_workers=2, threads_per_worker=1, memory_limit=CAP, dashboard_address=":0"
        ) as cluster,
        distributed.Client(cluster) as client,
    ):
        yield client


@pytest.fixture
def workers(client):
    """The processes of the workers, which are the same at the end, and have stayed small."""
    client.wait_for_workers(2, timeout=60)
    before = client.run(os.getpid)
    with joblib.parallel_config("dask"), own_memory_below(CLIENT):
        yield
    assert client.run(os.getpid) == before
    peaks = client.run(meter.resident)
    assert len(peaks) == 2
    assert max(peaks.values()) < PAUSE * CAP


def test_features_of_records(large, workers):
    assert large.n_bytes > 3 * CAP
    tables = joblib.Parallel(return_as="generator", timeout=LATE)(
        joblib.delayed(large.features.transform)(record) for record in large.records
    )
    for mine, theirs in zip(tables, large.tables, strict=True):
        np.testing.assert_array_equal(mine, theirs)


def test_features_of_all_windows(large, workers):
    X = large.X[: len(large.X) // 2]
    assert 8 * np.prod(X.shape) > CAP
    table = large.features.transform(X)
    np.testing.assert_array_equal(table, np.concatenate(large.tables)[: len(X)])


def test_search(large, workers, tmp_path):
    keep = large.X.patient < "p2"
    X, y = large.X[keep], large.y[keep]
    assert 8 * np.prod(X.shape) > CAP

    def search(memory):
        features = BandFeatures(["line_length"], ["theta"], order=1, memory=str(memory))
        folds = GroupKFold(3).split(X, y, X.record)
        return GridSearchCV(
            make_pipeline(features, StandardScaler(), LogisticRegression()),
            {"logisticregression__C": [0.01, 1]},
            scoring="roc_auc",
            cv=[(train.tolist(), test.tolist()) for train, test in folds],
        )

    theirs = search(tmp_path / "theirs").fit(X, y.tolist())
    with joblib.parallel_config("threading", n_jobs=1):
        mine = search(tmp_path / "mine").fit(X, y)
    assert_same_search(theirs, mine)


def test_features_outlive_a_worker(large, client, tmp_path):
    from saboteur import transform

    marker = tmp_path / "died"
    before = set(client.run(os.getpid).values())
    records = large.records[:32]
    with joblib.parallel_config("dask"), own_memory_below(CLIENT):
        tables = joblib.Parallel(return_as="generator", timeout=LATE)(
            joblib.delayed(transform)(large.features, record, marker, os.getpid())
            for record in records
        )
        for mine, theirs in zip(tables, large.tables[: len(records)], strict=True):
            np.testing.assert_array_equal(mine, theirs)
    client.wait_for_workers(2, timeout=60)
    assert len(before & set(client.run(os.getpid).values())) == 1
    assert max(client.run(meter.resident).values()) < PAUSE * CAP
