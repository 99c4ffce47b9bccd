"""Stores give back what was put in or nothing, and none outlives its process for long."""

import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import numpy as np
import pytest

from skseizure._core import store
from skseizure._core.store import check_store, open_store, temporary_folder


def twice(x):
    CALLS.append(1)
    return 2 * x


CALLS = []


@pytest.mark.parametrize("place", range(0, 600, 25))
def test_a_damaged_item_is_computed_again(tmp_path, place, capfd):
    CALLS.clear()
    x = np.arange(10.0)
    for memory in (open_store(tmp_path), check_store(str(tmp_path))):
        np.testing.assert_array_equal(memory.cache(twice)(x), 2 * x)
    assert len(CALLS) == 1
    (file,) = tmp_path.rglob("output.pkl")
    raw = bytearray(file.read_bytes())
    raw[place % len(raw)] ^= 1
    file.write_bytes(raw)
    np.testing.assert_array_equal(open_store(tmp_path).cache(twice)(x), 2 * x)
    assert len(CALLS) <= 2


def test_what_an_older_store_holds_is_not_taken(tmp_path):
    import joblib

    CALLS.clear()
    for memory in (joblib.Memory(tmp_path, verbose=0), open_store(tmp_path)):
        assert memory.cache(twice)(3) == 6
    assert len(CALLS) == 2


HOLD = """
import sys, time
from skseizure._core.store import temporary_folder
with temporary_folder() as folder:
    print(folder, flush=True)
    time.sleep(60)
"""


@pytest.mark.skipif(store.fcntl is None, reason="there is no flock on this system")
def test_folders_of_dead_processes_are_removed(tmp_path, monkeypatch):
    process = subprocess.Popen(
        [sys.executable, "-c", HOLD],
        stdout=subprocess.PIPE,
        text=True,
        env={**os.environ, "TMPDIR": str(tmp_path)},
    )
    folder = Path(process.stdout.readline().strip())
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path))
    (folder / "table").touch()
    long_ago = time.time() - 1000
    for dead in (False, True):
        if dead:
            process.send_signal(signal.SIGKILL)
            process.communicate()
        os.utime(folder, (long_ago, long_ago))
        with temporary_folder() as mine:
            assert folder.exists() != dead and os.path.exists(mine)
        assert not os.path.exists(mine)
