"""The guide's page on Ray as it stands, and workers that die."""

import os

import joblib
import meter
import numpy as np
import pytest
from meter import MB
from sklearn.base import clone

from .conftest import HERE, assert_same_cnbc, assert_same_search, own_memory_below

ray = pytest.importorskip("ray", reason="it is of the extra ray")


STORE = 100 * MB


@pytest.fixture(scope="module")
def spilled(tmp_path_factory):
    """Where objects would go that the store has no room for."""
    return tmp_path_factory.mktemp("spilled")


@pytest.fixture(scope="module")
def cluster(spilled):
    from ray.util.joblib import register_ray

    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("PYTHONPATH", str(HERE), prepend=os.pathsep)
        ray.init(
            num_cpus=2,
            include_dashboard=False,
            object_store_memory=STORE,
            object_spilling_directory=str(spilled),
        )
    register_ray()
    yield
    ray.shutdown()


@pytest.fixture
def restarting(cluster):
    """Loops over two workers that are started again when they die."""
    arguments = {"max_restarts": 3, "max_task_retries": 3}
    with joblib.parallel_config("ray", n_jobs=2, ray_remote_args=arguments):
        yield


def test_page(run_page):
    page = run_page("scale_ray.rst")
    X, y, features = page["X"], page["y"], page["features"]
    for name, record in page["records"].items():
        kept = np.load(page["folder"] / f"{name}.npy")
        np.testing.assert_array_equal(kept, features.transform(record))
    assert_same_search(page["search"], clone(page["search"]).fit(X, y))
    cnbc = clone(page["cnbc"]).fit(page["frames"], y)
    assert_same_cnbc(page["cnbc"], cnbc, page["frames"])
    assert 0 < max(page["peaks"]) < 800e6


def test_records_of_a_large_corpus(large, restarting, spilled):
    assert large.n_bytes > 15 * STORE
    with own_memory_below(100 * MB):
        tables, processes, peaks = zip(
            *joblib.Parallel()(
                joblib.delayed(meter.transform)(large.features, record) for record in large.records
            ),
            strict=True,
        )
    for mine, theirs in zip(tables, large.tables, strict=True):
        np.testing.assert_array_equal(mine, theirs)
    assert len(set(processes)) == 2
    assert max(peaks) < 400 * MB
    assert not any(spilled.iterdir())


def test_windows_of_a_large_corpus(large, restarting, spilled):
    X = large.X[: len(large.X) // 2]
    assert 4 * np.prod(X.shape) > 3 * STORE  # what is sent
    with own_memory_below(STORE + 250 * MB):  # it maps the store
        table = large.features.transform(X)
    np.testing.assert_array_equal(table, np.concatenate(large.tables)[: len(X)])
    assert not any(spilled.iterdir())


def test_features_outlive_a_worker(work, restarting, tmp_path):
    from saboteur import transform

    marker = tmp_path / "died"
    tables = joblib.Parallel()(
        joblib.delayed(transform)(work.features, record, marker, os.getpid())
        for record in work.records
    )
    assert marker.exists()
    for mine, theirs in zip(tables, work.tables, strict=True):
        np.testing.assert_array_equal(mine, theirs)


def test_search_outlives_a_worker(work, restarting, tmp_path):
    marker = tmp_path / "died"
    search = work.search(marker).fit(work.X, work.y)
    assert marker.exists()
    assert_same_search(search, work.fitted_search)


def test_cnbc_outlives_a_worker(work, restarting, tmp_path):
    marker = tmp_path / "died"
    cnbc = work.fit_cnbc(marker)
    assert marker.exists()
    assert_same_cnbc(cnbc, work.fitted_cnbc, np.concatenate(work.tables))
