"""A small corpus on disk, the code of a page, and what its results are compared with."""

import os
import re
import shutil
import sys
import textwrap
from contextlib import contextmanager
from pathlib import Path

import edfio
import numpy as np
import pytest
from sklearn.base import clone
from sklearn.linear_model import LogisticRegression
from sklearn.model_selection import GridSearchCV
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

from skseizure.datasets import load_edf_folder, make_recordings
from skseizure.evolution import CNBCClassifier
from skseizure.features import BandFeatures, FrameFeatures
from skseizure.metrics import make_event_scorer
from skseizure.model_selection import LeaveOnePatientOut
from skseizure.postprocessing import SeizureDetector
from skseizure.signals import write_events

HERE = Path(__file__).parent
GUIDE = HERE.parents[1] / "docs" / "guide"
sys.path.append(str(HERE))  # workers take it over, and import meter and saboteur

import meter  # noqa: E402
from saboteur import Deadly, DeadlyClassifier  # noqa: E402


@pytest.fixture(scope="session")
def corpus(tmp_path_factory):
    """A folder of three patients, a record of 400 s each."""
    folder = tmp_path_factory.mktemp("corpus")
    recordings, events = make_recordings(3, 1, 400, n_channels=2, random_state=0)
    for recording in recordings:
        path = folder / recording.patient / recording.record
        path.parent.mkdir()
        edfio.Edf(
            [
                edfio.EdfSignal(
                    samples.astype(float),
                    recording.sfreq,
                    label=name,
                    physical_dimension="uV",
                    physical_range=(-5000, 5000),
                )
                for name, samples in zip(recording.ch_names, recording.data, strict=True)
            ]
        ).write(path.with_suffix(".edf"))
        write_events(events.select([recording.record]), path.with_suffix(".tsv"))
    return folder


@pytest.fixture
def run_page(corpus, tmp_path):
    """Run the Python code of a page of the guide, block after block, as one script."""

    def run(name):
        folder = shutil.copytree(corpus, tmp_path / "corpus")
        text = (GUIDE / name).read_text()
        blocks = re.findall(r"^\.\. code-block:: python\n\n((?:   .*\n|\n)+)", text, re.MULTILINE)
        assert len(blocks) >= 5
        names = {"__name__": "__main__", "folder": folder}
        for block in blocks:
            exec(textwrap.dedent(block), names)
        return names

    return run


@pytest.fixture(scope="session")
def work(corpus):
    """What is to be computed of the corpus, with or without a killer in it, and n_jobs=1."""
    return Work(corpus)


class Work:
    def __init__(self, corpus):
        self.X, self.y = load_edf_folder(corpus, window=4, step=2, montage=None, lazy=True)
        self.records = [self.X[self.X.record == name] for name in np.unique(self.X.record)]
        self.features = BandFeatures(["line_length", "std"], ["theta", "beta"]).fit(self.X)
        self.tables = [self.features.transform(record) for record in self.records]
        self.fitted_search = self.search().fit(self.X, self.y)
        self.fitted_cnbc = self.fit_cnbc()

    def search(self, marker=None):
        splits = LeaveOnePatientOut().split(self.X, self.y)
        detector = SeizureDetector(
            make_pipeline(
                clone(self.features),
                Deadly(marker, os.getpid()),
                StandardScaler(),
                LogisticRegression(),
            )
        )
        return GridSearchCV(
            detector,
            {"smoothing": [4, 10], "threshold": [0.3, 0.5]},
            scoring=make_event_scorer("f1"),
            cv=[(train.tolist(), test.tolist()) for train, test in splits],
        )

    def fit_cnbc(self, marker=None):
        cnbc = CNBCClassifier(DeadlyClassifier(marker, os.getpid()), n_channels=2, random_state=0)
        return cnbc.fit(np.concatenate(self.tables), self.y)


@pytest.fixture(scope="session")
def large(tmp_path_factory):
    """A corpus far larger than what its tests let a worker have."""
    if not sys.platform.startswith("linux"):
        pytest.skip("the count of memory is Linux's")
    folder = tmp_path_factory.mktemp("large")
    yield Large(folder)
    shutil.rmtree(folder)


TABLE = "onset\tduration\teventType\trecordingDuration\n400\t600\tsz\t2048\n"


class Large:
    """92 records of 34 minutes and four channels, of six patients, and n_jobs=1."""

    def __init__(self, folder):
        rng = np.random.default_rng(0)
        noise = rng.normal(scale=1000, size=2048 * 256).astype(np.int16)
        for i in range(92):
            path = folder / f"p{i % 6}" / f"{i:02}.edf"
            path.parent.mkdir(exist_ok=True)
            edfio.Edf(
                [
                    edfio.EdfSignal.from_digital(
                        np.roll(noise, 1009 * (4 * i + c)),
                        256,
                        label=f"E{c}",
                        physical_dimension="uV",
                        physical_range=(-3000, 3000),
                    )
                    for c in range(4)
                ]
            ).write(path)
            path.with_suffix(".tsv").write_text(TABLE)
        self.X, self.y = load_edf_folder(folder, window=4, montage=None, lazy=True)
        self.records = [self.X[self.X.record == name] for name in np.unique(self.X.record)]
        self.features = FrameFeatures(["freq"]).fit(self.X[:1])
        self.tables = [self.features.transform(record) for record in self.records]

    @property
    def n_bytes(self):
        """Bytes of all samples as float64."""
        return 8 * np.prod(self.X.shape)


@contextmanager
def own_memory_below(n_bytes):
    """Check how far this process, with whatever lives in it, grows on the way."""
    meter.reset()
    before = meter.resident("VmRSS")
    yield
    assert meter.resident() - before < n_bytes


def assert_same_search(mine, theirs):
    """Compare all scores of two searches, bit for bit; none of them is undefined."""
    scores = [name for name in mine.cv_results_ if "_test_" in name]
    assert len(scores) >= 6
    for name in scores:
        assert np.isfinite(mine.cv_results_[name]).all(), name
        np.testing.assert_array_equal(mine.cv_results_[name], theirs.cv_results_[name])
    assert mine.best_params_ == theirs.best_params_


def assert_same_cnbc(mine, theirs, frames):
    """Compare the decisions of two CNBCs and of each classifier in them, bit for bit."""
    np.testing.assert_array_equal(mine.decision_function(frames), theirs.decision_function(frames))
    np.testing.assert_array_equal(mine.network_["loss"], theirs.network_["loss"])
    np.testing.assert_array_equal(mine.importances_, theirs.importances_)
