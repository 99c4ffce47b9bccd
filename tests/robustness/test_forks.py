"""Forked children end: no lock and no pool of threads is waited for that only the parent has."""

import multiprocessing
import os
import threading

import numpy as np
import pytest

from skseizure.datasets import make_recordings
from skseizure.signals import Windows, read_edf
from tests.cli.test_cli import write_edf

pytestmark = [
    pytest.mark.skipif(not hasattr(os, "fork"), reason="there is no fork on this system"),
    pytest.mark.filterwarnings("ignore:.*multi-threaded:DeprecationWarning"),
]
SECONDS = 60  # until a child counts as hanging


def ends(act, *args, method="fork"):
    """Tell whether a child does its work in time."""
    child = multiprocessing.get_context(method).Process(target=act, args=args)
    child.start()
    child.join(SECONDS)
    if child.is_alive():
        child.kill()
        child.join()
    return child.exitcode == 0


def read(path):
    assert np.asarray(Windows.from_edf(path, window=2, lazy=True)[:3]).shape[0] == 3
    assert read_edf(path).data.shape[0] > 0


@pytest.fixture(scope="module")
def path(tmp_path_factory):
    recordings, _ = make_recordings(1, 1, duration=60, sfreq=128, ictal_fraction=0, random_state=0)
    path = tmp_path_factory.mktemp("edf") / "a.edf"
    write_edf(recordings[0], path)
    return path


@pytest.mark.parametrize(("method", "n"), [("fork", 8), ("forkserver", 1), ("spawn", 1)])
def test_children_beside_reading_threads(path, method, n):
    n = int(os.environ.get("SKSEIZURE_CHILDREN", n)) if method == "fork" else n
    stop = threading.Event()

    def reads():
        while not stop.is_set():
            read(path)

    # Only a fork copies what threads of this process hold.
    threads = [threading.Thread(target=reads) for _ in range(4 if method == "fork" else 0)]
    for thread in threads:
        thread.start()
    try:
        assert [ends(read, path, method=method) for _ in range(n)] == n * [True]
    finally:
        stop.set()
        for thread in threads:
            thread.join()


def compile_one():
    from skseizure._core import compiled

    with compiled._LOCK:
        pass
    from numba import njit

    assert njit(lambda x: x + 1)(1) == 2


def test_children_beside_a_compiling_thread():
    from numba import njit

    threads = [threading.Thread(target=lambda: njit(lambda x: x * 3)(1)) for _ in range(2)]
    for thread in threads:
        thread.start()
    assert ends(compile_one)
    for thread in threads:
        thread.join()


def test_children_after_torch_had_several_threads():
    torch = pytest.importorskip("torch")
    from skseizure.moe import _training  # noqa: F401

    before = torch.get_num_threads()
    torch.set_num_threads(2)
    try:
        torch.ones(1000, 1000) @ torch.ones(1000, 1000)
        (torch.ones(10**6) * 2).sum()
        assert ends(compute)
    finally:
        torch.set_num_threads(before)


def compute():
    import torch

    from skseizure.moe._training import _threads

    with _threads(2):
        assert torch.get_num_threads() == 1
        assert float((torch.ones(10**6) * 2).sum()) == 2e6
        torch.ones(1000, 1000) @ torch.ones(1000, 1000)
