"""
On a Dask cluster
=================

Features of many recordings, a search and a CNBC, on two worker processes.

The hospital's archive has grown beyond the memory of one machine. Nothing in the pipeline changes:
the recordings stay in their files, and joblib sends the work to a cluster. Here that is two
processes on this machine; :doc:`/guide/scale_dask` says what to do for more, and what happens when
a worker dies.
"""

# %%
# An archive
# ----------
# EDF files, each with its table of seizures: four patients, two records of five minutes of each.
import edfio

from skseizure.datasets import make_recordings
from skseizure.signals import write_events


def write_archive(folder):
    recordings, events = make_recordings(4, 2, 300, n_channels=4, random_state=7)
    for recording in recordings:
        path = folder / recording.patient / recording.record
        path.parent.mkdir(exist_ok=True)
        signals = [
            edfio.EdfSignal(
                samples.astype(float),
                recording.sfreq,
                label=name,
                physical_dimension="uV",
                physical_range=(-5000, 5000),
            )
            for name, samples in zip(recording.ch_names, recording.data, strict=True)
        ]
        edfio.Edf(signals).write(path.with_suffix(".edf"))
        write_events(events.select([recording.record]), path.with_suffix(".tsv"))


# %%
# What is to be done
# ------------------
# Workers import this script, so all that runs stands in functions until the end. First the
# features: one task for each record, whose worker reads the file. The tables come back in order.
import numpy as np
from joblib import Parallel, delayed

from skseizure.features import FeatureNormalizer, FrameFeatures


def frame_tables(records):
    features = FrameFeatures(["time", "freq"], smoothing=20).fit(records[0])
    tables = Parallel()(delayed(features.transform)(record) for record in records)
    return np.concatenate(tables), features.get_feature_names_out()


# %%
# A search over whole patients: one task for each fold and choice. The features of a record are kept
# in a folder, so they are computed once for all of them.
from sklearn.linear_model import LogisticRegression
from sklearn.model_selection import GridSearchCV
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

from skseizure.features import BandFeatures
from skseizure.metrics import make_event_scorer
from skseizure.model_selection import LeaveOnePatientOut
from skseizure.postprocessing import SeizureDetector


def make_search(X, y, folder):
    detector = SeizureDetector(
        make_pipeline(
            BandFeatures(["line_length", "std", "hjorth_mobility"], memory=str(folder / "cache")),
            StandardScaler(),
            LogisticRegression(class_weight="balanced", max_iter=1000),
        )
    )
    splits = LeaveOnePatientOut().split(X, y)
    return GridSearchCV(
        detector,
        {"smoothing": [6, 12, 20], "threshold": [0.5, 0.7, 0.9]},
        scoring=make_event_scorer("f1"),
        # Lists travel with each task; arrays would be lost with the worker that keeps them.
        cv=[(train.tolist(), test.tolist()) for train, test in splits],
    )


# %%
# And the network of the last examples: one task for each of its classifiers.
from skseizure.evolution import CNBCClassifier, EvolvedMLPClassifier


def make_cnbc(names):
    estimator = EvolvedMLPClassifier((0, 8), max_iter=50)
    return CNBCClassifier(estimator, feature_groups=names, random_state=0)


# %%
# The cluster
# -----------
# ``joblib.parallel_config`` is all that sends the loops there. What a script starts processes with
# belongs below ``if __name__ == "__main__":``, or each of them would start processes, too.
import tempfile
from pathlib import Path

import joblib
import matplotlib.pyplot as plt
from dask.distributed import Client, LocalCluster, get_task_stream

from skseizure.datasets import load_edf_folder


def run(folder):
    X, y = load_edf_folder(folder, window=4, step=2, montage=None, lazy=True)
    records = [X[X.record == name] for name in np.unique(X.record)]
    print(X)

    stages = {}
    with joblib.parallel_config("dask"):
        with get_task_stream() as stages["features"]:
            frames, names = frame_tables(records)
        with get_task_stream() as stages["search"]:
            search = make_search(X, y, folder).fit(X, y.tolist())
        print("best:", search.best_params_, f"F1 {search.best_score_:.2f}")
        with get_task_stream() as stages["CNBC"]:
            cnbc = make_cnbc(names).fit(FeatureNormalizer().fit_transform(frames), y)
        print(len(cnbc.network_["level"]), "classifiers in the CNBC")
    return {stage: stream.data for stage, stream in stages.items()}


if __name__ == "__main__":
    with (
        tempfile.TemporaryDirectory() as folder,
        LocalCluster(n_workers=2, threads_per_worker=1, dashboard_address=":0") as cluster,
        Client(cluster),
    ):
        write_archive(Path(folder))
        stages = run(Path(folder))

# %%
# Who did what
# ------------
# Every bar is a task. The first tasks of a worker take longer: it imports the packages, and loads
# the compiled kernels from disk.
if __name__ == "__main__":
    tasks = [(stage, task) for stage, data in stages.items() for task in data]
    workers = sorted({task["worker"] for _, task in tasks})
    start = min(task["startstops"][0]["start"] for _, task in tasks)
    fig, ax = plt.subplots(figsize=(8, 2.4), layout="constrained")
    for stage, color in zip(stages, ["#0072B2", "#E69F00", "#009E73"], strict=True):
        bars = [
            (workers.index(task["worker"]), part["start"] - start, part["stop"] - part["start"])
            for name, task in tasks
            for part in task["startstops"]
            if name == stage and part["action"] == "compute"
        ]
        row, left, width = np.transpose(bars)
        ax.barh(row, width, left=left, color=color, edgecolor="white", linewidth=0.5, label=stage)
    ax.set_yticks(range(len(workers)), [f"worker {i + 1}" for i in range(len(workers))])
    ax.set(xlabel="time from the first task (s)")
    ax.legend(ncols=3, loc="lower center", bbox_to_anchor=(0.5, 1), frameon=False)
    plt.show()
