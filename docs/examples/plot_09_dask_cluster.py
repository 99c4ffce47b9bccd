"""
An archive on two Dask workers
==============================

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
import tempfile
from pathlib import Path

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


archive = tempfile.TemporaryDirectory()
folder = Path(archive.name)
write_archive(folder)

# %%
# The cluster
# -----------
# A scheduler and two workers, each a process of its own (not on Windows). ``LocalCluster`` starts
# them, too, but then a script must keep all that runs below ``if __name__ == "__main__":``.
from dask.distributed import Client, SubprocessCluster, get_task_stream

cluster = SubprocessCluster(
    n_workers=2, worker_kwargs={"nthreads": 1}, scheduler_kwargs={"dashboard_address": ":0"}
)
client = Client(cluster)
stages = {}  # which task ran where and when, for the figure

# %%
# Features
# --------
# With ``lazy=True`` windows carry the path of their file, and no samples: ``X`` is small, however
# large the archive. One task for each record, whose worker reads the file; the tables come back in
# order. ``joblib.parallel_config`` is all that sends the loop to the cluster.
import joblib
import numpy as np
from joblib import Parallel, delayed

from skseizure.datasets import load_edf_folder
from skseizure.features import FrameFeatures

X, y = load_edf_folder(folder, window=4, step=2, montage=None, lazy=True)
print(X)
records = [X[X.record == name] for name in np.unique(X.record)]

features = FrameFeatures(["time", "freq"], smoothing=20).fit(X[:1])
with joblib.parallel_config("dask"), get_task_stream() as stages["features"]:
    tables = Parallel()(delayed(features.transform)(record) for record in records)
frames = np.concatenate(tables)
print(frames.shape)

# %%
# A search
# --------
# Over whole patients: one task for each fold and choice. The features of a record are kept in a
# folder, so they are computed once for all of them. Lists travel with each task; arrays would be
# lost with the worker that keeps them.
from sklearn.linear_model import LogisticRegression
from sklearn.model_selection import GridSearchCV
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

from skseizure.features import BandFeatures
from skseizure.metrics import make_event_scorer, pooled_scores, refit_pooled
from skseizure.model_selection import LeaveOnePatientOut
from skseizure.postprocessing import SeizureDetector

detector = SeizureDetector(
    make_pipeline(
        BandFeatures(["line_length", "std", "hjorth_mobility"], memory=str(folder / "cache")),
        StandardScaler(),
        LogisticRegression(class_weight="balanced", max_iter=1000),
    )
)
search = GridSearchCV(
    detector,
    {"smoothing": [6, 12, 20], "threshold": [0.5, 0.7, 0.9]},
    scoring=make_event_scorer("counts"),
    refit=refit_pooled("f1"),
    cv=[(train.tolist(), test.tolist()) for train, test in LeaveOnePatientOut().split(X, y)],
)
with joblib.parallel_config("dask"), get_task_stream() as stages["search"]:
    search.fit(X, y.tolist())
f1 = pooled_scores(search.cv_results_)["f1"][search.best_index_]
print(search.best_params_, f"F1 {f1:.2f}")

# %%
# A CNBC
# ------
# One task for each of its classifiers, level by level.
from skseizure.evolution import CNBCClassifier, EvolvedMLPClassifier
from skseizure.features import FeatureNormalizer

cnbc = CNBCClassifier(
    EvolvedMLPClassifier((0, 8), max_iter=50),
    feature_groups=features.get_feature_names_out(),
    random_state=0,
)
with joblib.parallel_config("dask"), get_task_stream() as stages["CNBC"]:
    cnbc.fit(FeatureNormalizer().fit_transform(frames), y)
print(len(cnbc.network_["level"]), "classifiers")

client.close()
cluster.close()
archive.cleanup()

# %%
# Who did what
# ------------
# Every bar is a task. Time counts from joblib's first message, which asks whether a worker is
# there. In the gap behind it the tasks are sent and the workers import the packages; the first
# tasks of a worker take longer, too, as it loads the compiled kernels from disk. Towards the end of
# a level of the CNBC, or of a search, a worker has nothing left to do: a cluster needs many more
# tasks than workers.
import matplotlib.pyplot as plt

tasks = [(stage, task) for stage, stream in stages.items() for task in stream.data]
workers = sorted({task["worker"] for _, task in tasks})
start = min(part["start"] for _, task in tasks for part in task["startstops"])
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
ax.set(xlabel="time from the first message to a worker (s)")
ax.legend(ncols=3, loc="lower center", bbox_to_anchor=(0.5, 1), frameon=False)
plt.show()

# %%
# Next: :ref:`sphx_glr_auto_examples_plot_10_replay.py`. In the guide: :doc:`/guide/scale_dask`,
# :doc:`/guide/scale_ray`.
