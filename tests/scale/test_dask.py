"""The guide's page on Dask as it stands, and clusters whose workers die."""

import os

import joblib
import numpy as np
import pytest
from sklearn.base import clone

from skseizure._core.parallel import loop
from skseizure.features import BandFeatures, FrameFeatures, _windows_transformer

from .conftest import assert_same_cnbc, assert_same_search

distributed = pytest.importorskip("distributed", reason="it is of the extra dask")
TCP = pytest.importorskip("distributed.comm.tcp").TCP

# joblib's own bookkeeping of what it sent trips over itself when a cluster is closed.
pytestmark = pytest.mark.filterwarnings(
    "ignore:.*_WeakKeyDictionary:pytest.PytestUnraisableExceptionWarning"
)


@pytest.fixture(scope="module")
def client():
    with (
        distributed.LocalCluster(
            n_workers=2, threads_per_worker=1, dashboard_address=":0"
        ) as cluster,
        distributed.Client(cluster) as client,
    ):
        yield client


@pytest.fixture
def dask(client):
    """Loops over two workers; a test before may have killed one, which takes a while to return."""
    client.wait_for_workers(2, timeout=60)
    with joblib.parallel_config("dask"):
        yield client


def test_page(run_page):
    page = run_page("scale_dask.rst")
    X, y, features = page["X"], page["y"], page["features"]
    for name, record in page["records"].items():
        kept = np.load(page["folder"] / f"{name}.npy")
        np.testing.assert_array_equal(kept, features.transform(record))
    assert_same_search(page["search"], clone(page["search"]).fit(X, y))
    cnbc = clone(page["cnbc"]).fit(page["frames"], y)
    assert_same_cnbc(page["cnbc"], cnbc, page["frames"])
    assert 0 < max(page["peaks"].values()) < 800e6


@pytest.mark.parametrize(
    ("transformer", "largest"),
    [(BandFeatures(["std"], ["theta"]), 1.1), (FrameFeatures(["time"]), 2.2)],  # windows overlap
    ids=lambda value: type(value).__name__,
)
def test_samples_are_sent_once(work, dask, monkeypatch, transformer, largest):
    X = work.X.map_signals(np.copy)  # in memory
    with joblib.parallel_config("threading"):
        table = transformer.fit_transform(X)
    sent = []
    write = TCP.write

    async def noted(self, *args, **kwargs):
        n_bytes = await write(self, *args, **kwargs)
        if self is dask.scheduler_comm.comm:  # what the client says; workers may swap tasks
            sent.append(n_bytes)
        return n_bytes

    monkeypatch.setattr(TCP, "write", noted)
    monkeypatch.setattr(_windows_transformer, "BATCH_SAMPLES", 2**15)
    np.testing.assert_array_equal(clone(transformer).fit_transform(X), table)
    n_bytes = sum(signal.nbytes for signal in X._signals)
    assert n_bytes < sum(sent) < largest * n_bytes


def test_calls_are_not_packed(dask):
    """However quick they are: each may hold samples."""
    tasks = loop(None)((lambda: distributed.get_worker().get_current_task()) for _ in range(60))
    assert len(set(tasks)) == 60


def test_features_outlive_a_worker(work, dask, tmp_path):
    from saboteur import transform

    marker = tmp_path / "died"
    tables = joblib.Parallel()(
        joblib.delayed(transform)(work.features, record, marker, os.getpid())
        for record in work.records
    )
    assert marker.exists()
    for mine, theirs in zip(tables, work.tables, strict=True):
        np.testing.assert_array_equal(mine, theirs)


def test_search_outlives_a_worker(work, dask, tmp_path):
    marker = tmp_path / "died"
    search = work.search(marker).fit(work.X, work.y.tolist())
    assert marker.exists()
    assert_same_search(search, work.fitted_search)


def test_cnbc_outlives_a_worker(work, dask, tmp_path):
    marker = tmp_path / "died"
    cnbc = work.fit_cnbc(marker)
    assert marker.exists()
    assert_same_cnbc(cnbc, work.fitted_cnbc, np.concatenate(work.tables))
