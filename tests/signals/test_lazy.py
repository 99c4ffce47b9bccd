"""Windows whose samples stay in their files, against the same windows read at once."""

import os
import pickle
import signal
import subprocess
import sys
import threading
import time
import warnings
from concurrent.futures import ThreadPoolExecutor
from functools import partial

import edfio
import joblib
import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sklearn.linear_model import LogisticRegression
from sklearn.model_selection import GridSearchCV, KFold, train_test_split
from sklearn.pipeline import make_pipeline

from skseizure.features import (
    BandFeatures,
    FrameFeatures,
    MovingAverage,
    STFTFeatures,
    WaveletPacketFeatures,
)
from skseizure.signals import (
    Events,
    Recording,
    Windows,
    filter_recording,
    read_edf,
    resample_recording,
    to_bipolar,
)
from skseizure.signals import _edf_file as edf_file
from skseizure.signals import _lazy as lazy_module

NAMES = ["EEG FP1-REF", "EEG F7-REF", "EEG T3-REF"]


def write(path, *, seconds=30, sfreq=128, seed=0, bdf=False, names=NAMES):
    rng = np.random.default_rng(seed)
    make, signal = (edfio.Bdf, edfio.BdfSignal) if bdf else (edfio.Edf, edfio.EdfSignal)
    options = {"physical_dimension": "uV", "physical_range": (-500, 500)}
    make(
        [
            signal(rng.normal(0, 50, round(seconds * sfreq)), sfreq, label=name, **options)
            for name in names
        ]
    ).write(path)
    return path


@pytest.fixture
def path(tmp_path):
    return write(tmp_path / "night.edf")


@pytest.fixture
def reads(monkeypatch):
    """Count how often samples are read, by file; and start with nothing kept."""
    count = {}
    decoded = edf_file.EdfFile.read

    def read(self, *args):
        count[self.path.name] = count.get(self.path.name, 0) + 1
        return decoded(self, *args)

    monkeypatch.setattr(edf_file.EdfFile, "read", read)
    monkeypatch.setattr(lazy_module, "_recordings", lazy_module._Recordings())
    return count


def both(path, **options):
    options = {"window": 2, "step": 1} | options
    return Windows.from_edf(path, **options), Windows.from_edf(path, lazy=True, **options)


def same(eager, lazy):
    assert lazy.shape == eager.shape
    assert lazy.dtype == eager.dtype
    assert lazy.ch_names == eager.ch_names
    assert (lazy.sfreq, lazy.step) == (eager.sfreq, eager.step)
    for name in ("record", "onset", "patient"):
        np.testing.assert_array_equal(getattr(lazy, name), getattr(eager, name))
    np.testing.assert_array_equal(lazy.data, eager.data)
    assert lazy.data.dtype == eager.data.dtype


bipolar = partial(to_bipolar, montage=["FP1-F7", "F7-T7"])
low_pass = partial(filter_recording, high=30)


@pytest.mark.parametrize(
    "options",
    [
        {},
        {"step": 0.5, "record": "r", "patient": "p"},
        {"channels": ["EEG T3-REF", "EEG FP1-REF"]},
        {"dtype": np.float64},
        {"resample_to": 100},
        {"resample_to": 256, "dtype": np.float64},
        {"preprocess": bipolar},
        {"preprocess": low_pass},
        {"preprocess": partial(resample_recording, sfreq=50), "resample_to": 64},
        {"preprocess": lambda recording: recording.replace(data=recording.data[:, 100:] * 2.0)},
    ],
    ids=lambda options: " ".join(options) or "plain",
)
@pytest.mark.parametrize("bdf", [False, True], ids=["edf", "bdf"])
def test_the_same_bit_for_bit(tmp_path, options, bdf):
    path = write(tmp_path / "night.edf", bdf=bdf)
    eager, lazy = both(path, **options)
    same(eager, lazy)
    rows = np.random.default_rng(0).permutation(len(eager))[:9]
    same(eager[rows], lazy[rows])
    same(eager[5:20:3], lazy[5:20:3])
    np.testing.assert_array_equal(lazy[7], eager[7])
    same(eager.pick(eager.ch_names[::-1]), lazy.pick(lazy.ch_names[::-1]))
    same(eager.pick(eager.ch_names[1:2]), lazy.pick(lazy.ch_names[1:2]))
    same(eager.split_channels()[rows], lazy.split_channels()[rows])
    assert lazy.all_finite()
    assert lazy.continuous
    same(eager.map_signals(np.square), lazy.map_signals(np.square))


def test_rates_that_differ(tmp_path):
    """Rounding leaves one sample more at one rate than at another; the header tells, too."""
    rng = np.random.default_rng(0)
    signals = [
        edfio.EdfSignal(
            rng.normal(0, 50, sfreq * 7), sfreq, label=name, physical_dimension="uV",
            physical_range=(-400, 400),
        )
        for name, sfreq in (("a", 100), ("b", 128), ("c", 100), ("d", 90))
    ]  # fmt: skip
    edfio.Edf(signals).write(tmp_path / "mixed.edf")
    for rate in (77.7, 90, 128):
        same(*both(tmp_path / "mixed.edf", resample_to=rate))


def test_nothing_is_read_before_windows_are_taken(path, reads):
    with_gap = Events([3.0], [4.0], record="night", recordings={"night": 30.0})
    X = Windows.from_edf(path, window=2, lazy=True, patient="p")
    X = Windows.concatenate([X[:4], X[8:]])
    y = X.labels(with_gap)
    train, test, _, _ = train_test_split(X, y, random_state=0)
    X.pick(X.ch_names[:1]).split_channels()
    (X.segments(), X.cells(), X.recordings(), X.to_events(y), repr(X), X.dtype, X.all_finite())
    pickle.loads(pickle.dumps(train))
    joblib.hash(test)
    BandFeatures(["std"], {"wide": (1, 40)}).fit(X)
    assert not reads
    assert np.asarray(test).shape == test.shape
    assert reads == {"night.edf": 1}


def test_preprocess_is_called_once_to_learn_the_shape(path, reads):
    calls = []

    def note(recording):
        calls.append(recording.data.shape)
        return recording

    X = Windows.from_edf(path, window=2, lazy=True, preprocess=note)
    assert reads == {"night.edf": 1}
    assert len(calls) == 1
    (X.all_finite(), X[0], X[5], np.asarray(X[[3, 1]]))
    assert reads == {"night.edf": 2}
    assert calls == [(3, 30 * 128)] * 2


def test_two_recordings_are_kept(tmp_path, reads):
    files = [write(tmp_path / f"{i}.edf", seconds=4, seed=i) for i in range(4)]
    X = Windows.concatenate([Windows.from_edf(f, window=2, lazy=True) for f in files])
    np.asarray(X)
    assert reads == {f"{i}.edf": 1 for i in range(4)}
    np.asarray(X[6:]), np.asarray(X[4:6])
    assert reads == {f"{i}.edf": 1 for i in range(4)}
    np.asarray(X[:2]), np.asarray(X[4:6])
    assert reads == {"0.edf": 2, "1.edf": 1, "2.edf": 1, "3.edf": 1}
    np.asarray(X[6:])
    assert reads["3.edf"] == 2


def test_a_copy_in_another_process_shares_what_was_read(path, reads):
    """A worker gets a copy of the windows with every task."""
    X = Windows.from_edf(path, window=2, lazy=True, preprocess=low_pass)
    reads.clear()
    for _ in range(3):
        np.asarray(pickle.loads(pickle.dumps(X))[3:6])
    assert reads == {"night.edf": 1}


def define(monkeypatch, factor):
    """Define a function and a class under the same names again, as the cell of a notebook does."""

    def clean(recording, power=1):
        return recording.replace(data=recording.data * np.float32(factor**power))

    class Clean:
        def __call__(self, recording):
            return clean(recording)

    for new, name in ((clean, "clean"), (Clean, "Clean")):
        new.__qualname__ = name
        monkeypatch.setattr(sys.modules[__name__], name, new, raising=False)
    return {"function": clean, "partial": partial(clean, power=2), "instance": Clean()}


@pytest.mark.parametrize("how", ["function", "partial", "instance"])
def test_a_preprocess_that_is_defined_anew(path, reads, monkeypatch, how):
    for factor in (2, 3):
        eager, lazy = both(path, preprocess=define(monkeypatch, factor)[how])
        reads.clear()
        same(eager, lazy)
        same(eager, pickle.loads(pickle.dumps(lazy)))
        assert reads == {"night.edf": 1}


def test_threads_read_a_recording_once(tmp_path, reads):
    files = [write(tmp_path / f"{i}.edf", seconds=8, seed=i) for i in range(2)]
    X = Windows.concatenate([Windows.from_edf(f, window=2, lazy=True) for f in files])
    eager = Windows.concatenate([Windows.from_edf(f, window=2) for f in files])
    reads.clear()
    n_threads = 8
    barrier = threading.Barrier(n_threads)

    def take(k):
        barrier.wait()
        return X[np.roll(np.arange(len(X)), k)].data

    with ThreadPoolExecutor(n_threads) as pool:
        taken = list(pool.map(take, range(n_threads)))
    for k, data in enumerate(taken):
        np.testing.assert_array_equal(data, np.roll(eager.data, k, axis=0))
    assert reads == {"0.edf": 1, "1.edf": 1}


def test_each_thread_keeps_its_recording(tmp_path, reads):
    n_threads = lazy_module.KEPT + 2
    files = [write(tmp_path / f"{i}.edf", seconds=8, seed=i) for i in range(n_threads)]
    windows = [Windows.from_edf(f, window=2, lazy=True) for f in files]
    expected = [Windows.from_edf(f, window=2).data for f in files]
    reads.clear()
    barrier = threading.Barrier(n_threads, timeout=60)

    def walk(k):
        for i in range(len(windows[k])):
            barrier.wait()  # all threads take a window, then all the next
            np.testing.assert_array_equal(windows[k][i], expected[k][i])

    with ThreadPoolExecutor(n_threads) as pool:
        list(pool.map(walk, range(n_threads)))
    assert reads == {f"{i}.edf": 1 for i in range(n_threads)}


def test_threads_leave_the_warning_filters_as_they_are(tmp_path):
    files = [write(tmp_path / f"{i}.edf", seconds=2, seed=i) for i in range(20)]
    before = list(warnings.filters)
    with ThreadPoolExecutor(8) as pool:
        list(pool.map(lambda f: Windows.from_edf(f, window=2, lazy=True).data, files))
    assert list(warnings.filters) == before


def test_recordings_without_windows_are_not_mapped(tmp_path, reads):
    parts = []
    for i in range(3):
        write(tmp_path / f"{i}.edf", seed=i)
        parts.append(Windows.from_edf(tmp_path / f"{i}.edf", window=4, lazy=True))
    X = Windows.concatenate(parts)
    squares = X[X.record == "1"].map_signals(np.square)
    assert len(reads) == 1
    np.testing.assert_array_equal(squares, np.square(parts[1]))
    assert X[:0].map_signals(np.square).shape == X[:0].shape


def test_samples_cannot_be_changed(path):
    X = Windows.from_edf(path, window=2, lazy=True)
    with pytest.raises(ValueError, match="read-only"):
        X.data[0] = 0
    with pytest.raises(ValueError, match="read-only"):
        X.map_signals(lambda signal: np.multiply(signal, 2, out=signal))


def test_pickled_without_samples(tmp_path):
    """In another folder, by another process, from a relative path."""
    write(tmp_path / "night.edf")
    here = os.getcwd()
    os.chdir(tmp_path)
    try:
        X = Windows.from_edf("night.edf", window=2, lazy=True, preprocess=low_pass)
    finally:
        os.chdir(here)
    copy = pickle.dumps(X)
    assert len(copy) < 6_000, "the samples take 46 kB"
    (tmp_path / "windows").write_bytes(copy)
    script = (
        "import pickle, sys; X = pickle.load(open(sys.argv[1], 'rb')); print(float(X[7].sum()))"
    )
    done = subprocess.run(
        [sys.executable, "-c", script, tmp_path / "windows"],
        capture_output=True, text=True, check=False, cwd="/",
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    assert float(done.stdout) == float(X[7].sum())


def test_a_changed_file_changes_the_hash(path):
    options = {"window": 2, "lazy": True}
    first = joblib.hash(Windows.from_edf(path, **options))
    assert joblib.hash(Windows.from_edf(path, **options)) == first
    assert joblib.hash(Windows.from_edf(path, **options, dtype=np.float64)) != first
    assert joblib.hash(Windows.from_edf(path, **options, preprocess=low_pass)) != first
    state = path.stat()
    os.utime(path, ns=(state.st_atime_ns, state.st_mtime_ns + 10**9))
    assert joblib.hash(Windows.from_edf(path, **options)) != first


def test_pipeline_memory_notices_a_changed_file(path, tmp_path):
    def fitted():
        X = Windows.from_edf(path, window=2, lazy=True)
        features = BandFeatures(["std"], {"wide": (1, 40)})
        model = make_pipeline(features, LogisticRegression(), memory=str(tmp_path / "cache"))
        model.fit(X, np.arange(len(X)) % 2)
        return model[-1].coef_

    before = fitted()
    np.testing.assert_array_equal(fitted(), before)
    write(path, seed=1)
    assert not np.array_equal(fitted(), before)


@pytest.mark.parametrize("how", ["gone", "shorter", "touched"])
def test_a_file_that_changed_since_is_refused(path, how):
    X = Windows.from_edf(path, window=2, lazy=True)
    state = path.stat()
    if how == "gone":
        path.unlink()
    elif how == "shorter":
        write(path, seconds=20)
    else:
        os.utime(path, ns=(state.st_atime_ns, state.st_mtime_ns + 1))
    what = {
        "gone": r"is not there any more",
        "shorter": r"has changed since it was opened \(it had \d+ bytes then, \d+ now\)",
        "touched": r"has changed since it was opened \(its time of change is another\)",
    }[how]
    with pytest.raises(ValueError, match=rf"night\.edf: {what}"):
        np.asarray(X)
    with pytest.raises(ValueError, match=rf"night\.edf: {what}"):
        BandFeatures(["std"], {"wide": (1, 40)}).fit_transform(X)
    if how != "gone":
        assert Windows.from_edf(path, window=2, lazy=True).data.size


def test_a_file_that_changes_while_it_is_read_is_refused(path, monkeypatch):
    X = Windows.from_edf(path, window=2, lazy=True)
    pieces = edf_file.EdfFile._pieces

    def slowly(file, *args):
        yield from pieces(file, *args)
        state = path.stat()
        os.utime(path, ns=(state.st_atime_ns, state.st_mtime_ns + 1))

    monkeypatch.setattr(edf_file.EdfFile, "_pieces", slowly)
    with pytest.raises(ValueError, match=r"night\.edf: has changed .* time of change is another"):
        np.asarray(X)


def test_a_recording_in_memory_is_served_without_its_file(path):
    X = Windows.from_edf(path, window=2, lazy=True)
    expected = np.asarray(X)
    path.unlink()
    np.testing.assert_array_equal(X.data, expected)


def test_a_failed_read_does_not_stay(path):
    X = Windows.from_edf(path, window=2, lazy=True)
    aside = path.rename(path.with_suffix(".aside"))
    with pytest.raises(ValueError, match="not there any more"):
        np.asarray(X)
    aside.rename(path)
    same(Windows.from_edf(path, window=2), X)


def test_preprocess_that_changes_its_mind(path):
    lengths = iter([100, 200])
    X = Windows.from_edf(
        path, window=0.5, lazy=True,
        preprocess=lambda recording: recording.replace(data=recording.data[:, : next(lengths)]),
    )  # fmt: skip
    with pytest.raises(ValueError, match=r"shape \(3, 100\) at first, and now .* \(3, 200\)"):
        np.asarray(X)


@pytest.mark.parametrize("lazy", [False, True])
def test_preprocess_must_give_a_recording(path, lazy):
    with pytest.raises(TypeError, match="preprocess returned ndarray for record 'night'"):
        Windows.from_edf(path, window=2, lazy=lazy, preprocess=lambda r: r.data)


def test_errors_of_the_header_come_at_once(tmp_path, path):
    with pytest.raises(FileNotFoundError):
        Windows.from_edf(tmp_path / "none.edf", window=2, lazy=True)
    with pytest.raises(ValueError, match="channels asks for 'C9'"):
        Windows.from_edf(path, window=2, lazy=True, channels=["C9"])
    with pytest.raises(ValueError, match="at least one window of 31 s"):
        Windows.from_edf(path, window=31, lazy=True)
    path.write_bytes(path.read_bytes()[:-1])
    with pytest.raises(ValueError, match="cut off"):
        Windows.from_edf(path, window=2, lazy=True, strict=True)


def test_nan_from_preprocess_is_found(path):
    def spoil(recording):
        data = recording.data.copy()
        data[1, 1300] = np.nan
        return recording.replace(data=data)

    X = Windows.from_edf(path, window=2, lazy=True, preprocess=spoil)
    assert not X.all_finite()
    assert X.pick([X.ch_names[0]]).all_finite()
    with pytest.raises(ValueError, match="record 'night', window at 10 s, channel 'EEG F7-REF'"):
        STFTFeatures().fit(X)


TRANSFORMERS = [
    BandFeatures(["std", "line_length"], {"wide": (1, 40)}),
    BandFeatures(["std", "line_length"], {"wide": (1, 40)}, filtering="window"),
    FrameFeatures(["freq", "mfcc", "d_mfcc"]),
    WaveletPacketFeatures(smoothing=3),
    STFTFeatures(),
    MovingAverage(STFTFeatures(), 4),
]


@pytest.mark.parametrize("transformer", TRANSFORMERS, ids=lambda t: type(t).__name__)
@pytest.mark.parametrize("shuffled", [False, True], ids=["in order", "shuffled"])
def test_transformers_read_each_recording_once(tmp_path, reads, transformer, shuffled):
    files = [write(tmp_path / f"{i}.edf", seed=i, seconds=200) for i in range(4)]
    lazy, eager = (
        Windows.concatenate([Windows.from_edf(f, window=2, lazy=lazy) for f in files])
        for lazy in (True, False)
    )
    if shuffled:
        order = np.random.default_rng(0).permutation(len(lazy))
        lazy, eager = lazy[order], eager[order]
    expected = transformer.fit_transform(eager)
    reads.clear()
    np.testing.assert_array_equal(transformer.fit_transform(lazy), expected)
    assert reads == {f"{i}.edf": 1 for i in range(4)}


def test_in_other_processes(tmp_path):
    files = [write(tmp_path / f"{i}.edf", seed=i) for i in range(2)]
    lazy, eager = (
        Windows.concatenate(
            [Windows.from_edf(f, window=2, lazy=lazy, preprocess=low_pass) for f in files]
        )
        for lazy in (True, False)
    )
    y = np.arange(len(lazy)) % 2
    search = GridSearchCV(
        make_pipeline(BandFeatures(["std"], {"wide": (1, 20)}), LogisticRegression()),
        {"logisticregression__C": [0.1, 1]},
        cv=KFold(2, shuffle=True, random_state=0),
        error_score="raise",
    )
    one = search.fit(eager, y).cv_results_["mean_test_score"]
    with joblib.parallel_config("loky", n_jobs=2):
        two = search.fit(lazy, y).cv_results_["mean_test_score"]
    np.testing.assert_array_equal(one, two)


@given(
    rows=st.lists(st.integers(0, 27), min_size=0, max_size=40),
    channels=st.permutations([0, 1, 2]).flatmap(
        lambda c: st.integers(1, 3).map(lambda n: list(c[:n]))
    ),
    split=st.booleans(),
)
@settings(
    max_examples=40, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
def test_any_selection(tmp_path, rows, channels, split):
    path = tmp_path / "night.edf"
    if not path.exists():
        write(path)
    eager, lazy = both(path)
    picked = [w[rows].pick([w.ch_names[c] for c in channels]) for w in (eager, lazy)]
    if split:
        picked = [w.split_channels() for w in picked]
    same(*picked)
    same(picked[0], pickle.loads(pickle.dumps(picked[1])))


def test_a_montage_reads_the_channels_it_needs(path, monkeypatch):
    chosen = []
    read = edf_file.EdfFile.read

    def noted(self):
        chosen.append([channel.name for channel in self.channels])
        return read(self)

    whole = to_bipolar(read_edf(path), ["F7-T7"])
    monkeypatch.setattr(edf_file.EdfFile, "read", noted)
    lazy = to_bipolar(read_edf(path, lazy=True), ["F7-T7"])
    assert not chosen
    assert (lazy.data.shape, lazy.ch_names) == (whole.data.shape, whole.ch_names)
    np.testing.assert_array_equal(lazy.load().data, whole.data)
    np.testing.assert_array_equal(lazy.data, whole.data)
    assert chosen == [["EEG F7-REF", "EEG T3-REF"]] * 2


def test_a_lazy_recording_is_the_same(path):
    eager, lazy = read_edf(path, patient="p"), read_edf(path, patient="p", lazy=True)
    assert repr(lazy) == repr(eager)
    for name in ("sfreq", "ch_names", "record", "patient", "start", "offset", "original_sfreq"):
        assert getattr(lazy, name) == getattr(eager, name)
    loaded = lazy.load()
    np.testing.assert_array_equal(loaded.data, eager.data)
    assert loaded.load() is loaded
    for change in (bipolar, low_pass):
        late = lazy.replace(offset=7.0).apply(change)
        now = eager.replace(offset=7.0).apply(change)
        assert not isinstance(late.data, np.ndarray)
        assert (late.ch_names, late.offset) == (now.ch_names, 7.0)
        np.testing.assert_array_equal(late.data, now.data)
        again = pickle.loads(pickle.dumps(late))
        np.testing.assert_array_equal(again.data, now.data)
    derived = to_bipolar(lazy.apply(bipolar), ["F7-T7"])  # of what a function made
    np.testing.assert_array_equal(derived.data, bipolar(eager).data[1:])


def test_the_rate_of_the_file_survives_resampling(tmp_path):
    signals = [
        edfio.EdfSignal(np.arange(sfreq * 7.0), sfreq, label=name, physical_dimension="uV")
        for name, sfreq in (("F7", 100), ("T3", 128), ("P7", 128), ("ECG", 50))
    ]
    edfio.Edf(signals).write(tmp_path / "mixed.edf")
    for lazy in (False, True):
        recording = read_edf(tmp_path / "mixed.edf", resample_to=200, lazy=lazy)
        assert (recording.sfreq, recording.original_sfreq) == (200, 50)
        assert resample_recording(recording, 20).original_sfreq == 50
    assert to_bipolar(recording, ["T7-P7"]).original_sfreq == 128
    assert to_bipolar(recording, ["T7-P7"]).load().original_sfreq == 128
    assert to_bipolar(recording, ["F7-T7"]).original_sfreq == 100
    assert Recording(np.zeros((1, 4)), 8, ["a"]).original_sfreq == 8


@pytest.mark.skipif(not hasattr(os, "fork"), reason="there is no fork on this system")
def test_a_fork_inherits_no_lock(path):
    """A child that is forked while a thread reads has nobody to open that thread's locks."""
    held, done = threading.Event(), threading.Event()

    def slowly(recording):
        if threading.current_thread() is not threading.main_thread():
            held.set()
            done.wait(60)
        return recording

    X = Windows.from_edf(path, window=2, lazy=True, preprocess=slowly)
    thread = threading.Thread(target=lambda: np.asarray(X))
    thread.start()
    held.wait(60)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", DeprecationWarning)  # of forks beside threads
        child = os.fork()
    if child == 0:
        np.asarray(X)
        os._exit(0)
    for _ in range(600):
        pid, status = os.waitpid(child, os.WNOHANG)
        if pid:
            break
        time.sleep(0.1)
    else:
        os.kill(child, signal.SIGKILL)
        os.waitpid(child, 0)
    done.set()
    thread.join()
    assert pid == child and status == 0, "the child waits for a lock for ever"


def test_recording_is_not_public_about_it(path):
    """What preprocess is given is a plain recording."""
    seen = []
    Windows.from_edf(path, window=2, lazy=True, preprocess=lambda r: seen.append(r) or r)
    assert isinstance(seen[0], Recording)
    assert isinstance(seen[0].data, np.ndarray)
