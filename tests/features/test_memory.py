"""A corpus larger than memory: what is allocated on the way stays within a budget."""

import subprocess
import sys
import tracemalloc

import numpy as np
import pytest

from skseizure.features import FrameFeatures
from skseizure.signals import Windows

# The limit is on what a process allocates for itself: a mapped file's pages are the system's, which
# takes them back as it likes. It is set above what modules and compiled code take.
SCRIPT = """
import resource, sys
import numpy as np
from skseizure.features import BandFeatures
from skseizure.signals import Windows

source, path, n_bytes, budget, n_jobs = sys.argv[1], sys.argv[2], *map(int, sys.argv[3:])
n_times, dtype = 1024, np.dtype(np.int16 if source in ("file", "recording") else np.float32)
n = n_bytes // (n_times * dtype.itemsize)
if source in ("file", "recording", "day"):
    # Nothing is written: the file is one hole.
    open(path, "wb").truncate(n_bytes)
    X = np.memmap(path, dtype, mode="r", shape=(n, 1, n_times))
else:
    signal = np.random.default_rng(0).standard_normal(n + n_times - 1, dtype=np.float32)
    X = np.lib.stride_tricks.sliding_window_view(signal, n_times)[:, np.newaxis]
assert X.nbytes == n_bytes
if source == "windows":
    X = Windows(X, sfreq=256)
if source == "recording":
    # 64 channels of 16-bit samples, of which one at a time is filtered as a whole.
    X = Windows.from_array(X.reshape(64, -1), 256, window=n_times / 256)
if source == "day":
    # One channel of 24 hours; beside its filtered form there is room for little else.
    X = Windows.from_array(X.reshape(1, -1), 256, window=n_times / 256)
few = X[:1000]
model = BandFeatures(["std", "line_length"], {"wide": (1, 40)}, sfreq=256, order=1, n_jobs=n_jobs)
expected = model.fit_transform(few)

taken = int(open("/proc/self/statm").read().split()[5]) * resource.getpagesize()
resource.setrlimit(resource.RLIMIT_DATA, (taken + budget,) * 2)
try:
    copies = [np.array(X) for _ in range(-(-budget // n_bytes))]
except MemoryError:
    pass
else:
    sys.exit("the limit does not bind: all windows could be copied")
table = model.fit_transform(X)
assert table.shape == (len(X), 2 * X.shape[1])
assert np.array_equal(table[:1000], expected)
assert np.isfinite(table).all()
"""

MB = 2**20


@pytest.mark.skipif(sys.platform != "linux", reason="the limit on allocations is Linux's")
@pytest.mark.parametrize(
    "source, size, budget, n_jobs",
    [
        ("array", 4096 * MB, 500 * MB, 2),
        ("windows", 256 * MB, 64 * MB, 1),
        ("file", 256 * MB, 64 * MB, 1),
        ("recording", 256 * MB, 96 * MB, 1),
        ("day", 4 * 256 * 24 * 3600, 230 * MB, 1),
    ],
)
def test_windows_larger_than_the_budget(tmp_path, source, size, budget, n_jobs):
    arguments = [source, tmp_path / "windows.f32", size, budget, n_jobs]
    command = [sys.executable, "-c", SCRIPT, *map(str, arguments)]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr


def test_frames_in_batches(tmp_path):
    """A mapped recording of 16 MB, of which FrameFeatures takes a batch at a time."""
    file = tmp_path / "signal.i16"
    with open(file, "wb") as hole:
        hole.truncate(16 * MB)
    signal = np.memmap(file, np.int16, mode="r", shape=(8, MB))
    frames = FrameFeatures(["freq"], sfreq=256).fit(np.zeros((1, 8, 256)))
    frames.transform(np.zeros((1, 8, 256)))  # what is compiled and imported is not counted
    tracemalloc.start()
    X = Windows.from_array(signal, 256, window=1)
    table = frames.transform(X)
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert table.shape == (4096, 40)
    assert peak < table.nbytes + 12 * MB, "one batch; all samples would be 64 MB as floats"


CORPUS = """
import resource, sys
import edfio
import numpy as np
from skseizure.features import BandFeatures, STFTFeatures
from skseizure.signals import Windows

folder, kind, n_files, budget = sys.argv[1], sys.argv[2], *map(int, sys.argv[3:])
signals = [edfio.EdfSignal(np.arange(256.0), 256, label=f"E{c}", physical_dimension="uV")
           for c in range(8)]
head = folder + "/head.edf"
edfio.Edf(signals).write(head)
raw = bytearray(open(head, "rb").read())
seconds = 4096
raw[236:244] = str(seconds).encode().ljust(8)
parts = []
for i in range(n_files):
    path = f"{folder}/{i}.edf"
    with open(path, "wb") as file:  # what follows the first second is a hole
        file.write(raw)
        file.truncate(256 * 9 + seconds * 8 * 256 * 2)
    parts.append(Windows.from_edf(path, window=4, lazy=True))
X = Windows.concatenate(parts)
assert np.prod(X.shape) * 4 == n_files * 32 * 2**20
bands = {"wide": (1, 40)}
model = BandFeatures(["std"], bands, order=1, n_jobs=2) if kind == "bands" else STFTFeatures()
few = X[:20]
expected = model.fit_transform(few)
if kind == "shuffled":
    X = X[np.random.default_rng(0).permutation(len(X))]

taken = int(open("/proc/self/statm").read().split()[5]) * resource.getpagesize()
resource.setrlimit(resource.RLIMIT_DATA, (taken + budget,) * 2)
try:
    np.array(X)
except MemoryError:
    pass
else:
    sys.exit("the limit does not bind: all windows could be read")
table = model.fit_transform(X)
assert table.shape[0] == len(X)
if kind != "shuffled":
    assert np.array_equal(table[:20], expected)
"""


@pytest.mark.skipif(sys.platform != "linux", reason="the limit on allocations is Linux's")
@pytest.mark.parametrize("kind", ["bands", "shuffled"])
def test_corpus_in_files_larger_than_the_budget(tmp_path, kind):
    """Twelve recordings of 32 MB through a budget of five of them."""
    command = [sys.executable, "-c", CORPUS, tmp_path, kind, "12", str(160 * MB)]
    done = subprocess.run(list(map(str, command)), capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
