"""The guide's page on Ray as it stands, and workers that die."""

import os

import joblib
import numpy as np
import pytest
from sklearn.base import clone

from .conftest import HERE, assert_same_cnbc, assert_same_search

ray = pytest.importorskip("ray", reason="it is of the extra ray")


@pytest.fixture(scope="module")
def cluster():
    from ray.util.joblib import register_ray

    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("PYTHONPATH", str(HERE), prepend=os.pathsep)
        ray.init(num_cpus=2, include_dashboard=False, object_store_memory=100 * 2**20)
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
