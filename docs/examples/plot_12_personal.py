"""
From everybody's model to this patient's
========================================

A model of other patients misses one whose seizures look different, until it has seen one of them.

All detectors of this gallery so far were made either for patients whom they had never seen or for a
single one. `PersonalizedClassifier` goes from the first to the second: it starts with the model of
everybody, and adds what a patient's labelled seizures show.
"""

# %%
# A patient unlike the others
# ---------------------------
# Four generated patients with rhythmic seizures, and a fifth: in the seizures of this one the EEG
# attenuates to less than half of its size, and no rhythm shows.
import numpy as np

from skseizure.datasets import make_recordings
from skseizure.signals import Events, Windows

kind = dict(n_records=3, duration=240, n_channels=6)
recordings, events = make_recordings(n_patients=4, ictal_fraction=0.12, random_state=1, **kind)
quiet, _ = make_recordings(n_patients=1, ictal_fraction=0, random_state=5, **kind)
unlike = "p05"
onset, duration = np.array([60.0, 170.0]), 30.0
for i, recording in enumerate(quiet):
    time = np.arange(recording.data.shape[1]) / recording.sfreq
    size = np.where(((time - onset[:, None]) % 240 < duration).any(axis=0), 0.4, 1)
    name = f"{unlike}_{i}"
    recordings.append(recording.replace(record=name, patient=unlike, data=recording.data * size))
    lengths = {name: recording.duration}
    own = Events(onset, [duration] * 2, record=[name] * 2, recordings=lengths)
    events = Events.concatenate([events, own])
X = Windows.concatenate([Windows.from_recording(r, window=4, step=2) for r in recordings])
y = X.labels(events)
print(f"{len(X)} windows of {len(np.unique(X.patient))} patients, {y.sum()} of them ictal")

# %%
# The model of the other four
# ---------------------------
# It has learned what rhythmic seizures look like. An attenuation means little to it, so seizures of
# the fifth patient hardly stand out, and no threshold can mend that.
from sklearn.ensemble import ExtraTreesClassifier
from sklearn.metrics import roc_auc_score
from sklearn.pipeline import make_pipeline

from skseizure.features import BandFeatures
from skseizure.postprocessing import PersonalizedClassifier

features = BandFeatures(["std", "line_length"], {"slow": (1, 8), "fast": (8, 30)})
trees = ExtraTreesClassifier(50, min_samples_leaf=3, class_weight="balanced", random_state=0)
model = PersonalizedClassifier(make_pipeline(features, trees), random_state=0)
others = X.patient != unlike
model.fit(X[others], y[others])
print(f"{model.n_players_} patients played the new one: k = {model.equal_at_:.2g}")

# %%
# One record is labelled
# ----------------------
# The patient's first record is marked, and the other two are scored. The record holds two seizures,
# so each of them is left out in turn to choose the share of the local model. With one seizure, the
# share would be what was best when the four others played the new patient.
own = X.patient == unlike
first = X.record == np.unique(X.record[own])[0]
later = own & ~first
before = model.predict_proba(X[later])[:, 1]
model.personalize(X[first], y[first])
after = model.predict_proba(X[later])[:, 1]
weight = model.weights_[unlike]
print(f"the local model has {weight:.0%} of the say")
for when, proba in (("before", before), ("after", after)):
    print(f"AUC {when}: {roc_auc_score(y[later], proba):.2f}")

# %%
# The same in a picture: probabilities of a seizure in one of the later records. The seizures are
# shaded.
import matplotlib.pyplot as plt

record = np.unique(X.record[later])[0]
shown = X.record[later] == record
fig, ax = plt.subplots(figsize=(8, 3), layout="constrained")
for onset, end in events.intervals(record):
    ax.axvspan(onset, end, color="0.85")
ax.plot(X.onset[later][shown], before[shown], label="everybody's model")
ax.plot(X.onset[later][shown], after[shown], label="this patient's")
ax.set(xlabel="Time (s)", ylabel="Probability of a seizure", ylim=(0, 1))
ax.legend()

# %%
# All others get what they got before. To smooth the mixture and join it to events, put a
# `SeizureDetector` around it and add patients by ``detector.estimator_.personalize``.
