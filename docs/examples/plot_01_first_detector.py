"""
A first detector
================

From recordings to scored seizures of a patient whom the detector has never seen.

The gallery tells one story. A hospital has EEG of a few patients in which a neurologist has marked
the seizures, and more patients keep coming. This first example builds the plainest detector that
works; the others ask what a better one would need. All signals are generated: see
:doc:`/guide/datasets` for files of your own.
"""

# %%
# Recordings
# ----------
# Three records of five minutes of each of five patients, in eight channels. With the signals come
# the seizures, an `Events`: when each begins, how long it lasts, in which record.
import matplotlib.pyplot as plt
import numpy as np

from skseizure.datasets import make_recordings

recordings, events = make_recordings(n_patients=5, n_records=3, n_channels=8, random_state=7)
print(len(recordings), "records,", len(events), "seizures")
print(recordings[0])

# %%
# Twenty seconds around the first seizure. It begins at a focus, small and fast. A rhythm shows in
# F3-C3 about four seconds after the marked onset, is in the channels beside it three seconds later,
# larger, and after ten seconds in more than half of the eight. The two humps in the frontal
# channels before the onset are blinks.
recording = next(r for r in recordings if r.record == events.record[0])
onset = events.onset[0]
shown = slice(round((onset - 6) * recording.sfreq), round((onset + 14) * recording.sfreq))
seconds = np.arange(shown.start, shown.stop) / recording.sfreq - onset

fig, ax = plt.subplots(figsize=(8, 4.5), layout="constrained")
distance = 200  # microvolts from one channel to the next
levels = -distance * np.arange(len(recording.ch_names))
ax.plot(seconds, recording.data[:, shown].T + levels, color="0.2", linewidth=0.6)
ax.axvline(0, color="#D55E00")
ax.set_yticks(levels, recording.ch_names)
ax.set(
    title=f"{recording.record}, marked onset at 0 s",
    xlabel="time from the marked onset (s)",
    ylabel=f"channel ({distance} µV apart)",
    xlim=(seconds[0], seconds[-1]),
)
plt.show()

# %%
# Windows
# -------
# Everything after this works on windows: here 4 s long, one every 2 s. A `Windows` is indexed like
# an array and goes through scikit-learn as ``X``, but each window still knows its record, its time
# and its patient.
from skseizure.signals import Windows

X = Windows.concatenate([Windows.from_recording(r, window=4, step=2) for r in recordings])
y = X.labels(events)
print(X)
print(f"{y.mean():.1%} of the windows are ictal")

# %%
# Features and a classifier
# -------------------------
# `BandFeatures` describes each channel in five frequency bands; three measures do for a start.
# Trees need no scaling. `SeizureDetector` goes around the pipeline: it smooths the probabilities in
# time and turns what stays above the threshold into events. Forests on unbalanced data often stay
# below 0.5, so the threshold is lower.
from sklearn.ensemble import ExtraTreesClassifier
from sklearn.pipeline import make_pipeline

from skseizure.features import BandFeatures
from skseizure.postprocessing import SeizureDetector

detector = SeizureDetector(
    make_pipeline(
        BandFeatures(["line_length", "hjorth_mobility", "spectral_entropy"]),
        ExtraTreesClassifier(200, min_samples_leaf=5, class_weight="balanced", random_state=0),
    ),
    smoothing=6,
    threshold=0.3,
)

# %%
# A patient never seen
# --------------------
# Patient ``p05`` takes no part in training. A random split of the windows would put neighbours that
# share half of their samples on both sides, and the same person, too: :doc:`/traps` tells what that
# does to the figures.
train, test = X.patient != "p05", X.patient == "p05"
detector.fit(X[train], y[train])
found, probability = detector.predict_events(X[test], return_proba=True)

# %%
# A seizure counts once, however many windows it lasts. So the score is of events: how many were
# found, how many alarms were false, how late they came.
from skseizure.metrics import event_scores

print(event_scores(events.select(found.recordings), found))

# %%
# One of the two seizures is found, late, and nothing else is called one. The pictures tell why.
# Above is the smoothed probability with the threshold, below what the neurologist marked and what
# the detector found. In the first record the probability passes the threshold only when nearly half
# of the seizure is over.
from skseizure.inspection import EventTimelineDisplay

EventTimelineDisplay.from_estimator(detector, X[test], events, record="p05_r01")
plt.show()

# %%
# In the other it rises in the seizure, higher than anywhere else, but stays below the threshold.
# So the seizure is not invisible: the threshold is wrong for this patient.
EventTimelineDisplay.from_estimator(detector, X[test], events, record="p05_r03")
plt.show()

# %%
# What this tells, and what not
# -----------------------------
# To lower the threshold now, with these pictures in sight, would be cheating: ``p05`` would no
# longer be a patient never seen. :ref:`sphx_glr_auto_examples_plot_06_search_events.py` chooses it
# on the training patients. And fifteen minutes with two seizures are no test: no false alarm in a
# quarter of an hour says little about the number in a day, and generated seizures say nothing about
# real ones.
#
# Next: :ref:`sphx_glr_auto_examples_plot_02_semi_jmi.py`. In the guide: :doc:`/guide/signals`,
# :doc:`/guide/features`, :doc:`/guide/postprocessing`, :doc:`/guide/scores`.
