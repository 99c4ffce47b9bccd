"""
One part in somebody else's pipeline
====================================

MNE reads and keeps the recordings, imbalanced-learn thins them out; the rest is one part, or two.

Nobody has to move in. This example starts from what a colleague has: recordings as MNE ``Raw``
objects, in which the seizures are annotations, and a balanced random forest of imbalanced-learn. It
ends where the colleague goes on: with MNE annotations.
"""

# %%
# What the colleague has
# ----------------------
# Four patients, two recordings each, in volts, as MNE keeps them, with a date.
from datetime import UTC, datetime

import mne
import numpy as np

from skseizure.datasets import make_recordings

mne.set_log_level("ERROR")
recordings, seizures = make_recordings(n_patients=4, n_records=2, n_channels=8, random_state=2)
raws = []
for recording, marked in zip(recordings, seizures.by_record(), strict=True):
    info = mne.create_info(list(recording.ch_names), recording.sfreq, "eeg")
    info["subject_info"] = {"his_id": recording.patient}
    raw = mne.io.RawArray(recording.data * 1e-6, info)
    raw.set_meas_date(datetime(2024, 5, 2, 8, 0, tzinfo=UTC))
    annotations = mne.Annotations(
        marked[1].onset, marked[1].duration, "seizure", orig_time=raw.info["meas_date"]
    )
    raws.append(raw.set_annotations(annotations))
print(raws[0].annotations)

# %%
# In: Raw to windows, annotations to events
# -----------------------------------------
# `Windows.from_raw` takes the EEG channels and turns volts into microvolts. Onsets of windows and
# of annotations both count from the start of the measurement, so annotations become `Events` as
# they are.
from skseizure.signals import Events, Windows


def read(raw, record):
    """Return the windows of a recording and its seizures."""
    patient = raw.info["subject_info"]["his_id"]
    X = Windows.from_raw(raw, window=4, step=2, record=record, patient=patient)
    marked = raw.annotations[raw.annotations.description == "seizure"]
    return X, Events(marked.onset, marked.duration, record=record, recordings=X.recordings())


pairs = [read(raw, recording.record) for raw, recording in zip(raws, recordings, strict=True)]
X = Windows.concatenate([windows for windows, _ in pairs])
events = Events.concatenate([marked for _, marked in pairs])
y = X.labels(events)
print(X)
print(events)

# %%
# Our features, their sampler, their forest
# -----------------------------------------
# `BandFeatures` stands first, where `Windows` is still to be seen. Behind it are tables, which
# samplers and ensembles of imbalanced-learn take as any other: `TomekLinks` takes out windows
# without a seizure that look most like one, the forest draws even classes for each tree.
from imblearn.ensemble import BalancedRandomForestClassifier
from imblearn.pipeline import make_pipeline
from imblearn.under_sampling import TomekLinks

from skseizure.features import BandFeatures

forest = make_pipeline(
    BandFeatures(["line_length", "hjorth_mobility", "spectral_entropy"]),
    TomekLinks(),
    BalancedRandomForestClassifier(100, random_state=0),
)
train, test = X.patient != "p04", X.patient == "p04"
forest.fit(X[train], y[train])

# %%
# The forest judges window by window. `Windows.to_events` joins its labels to events, and they can
# be scored as such.
from skseizure.metrics import event_scores

truth = events.select(["p04_r01", "p04_r02"])
alone = X[test].to_events(forest.predict(X[test]))
print("the forest alone:", event_scores(truth, alone), sep="\n")

# %%
# Our part around it
# ------------------
# `SeizureDetector` goes around any classifier with probabilities, here with its default settings.
# For one that has labels only, there is `MorphologicalFilterClassifier`. Both stand outermost,
# samplers and all inside.
from skseizure.postprocessing import SeizureDetector

detector = SeizureDetector(forest).fit(X[train], y[train])
found = detector.predict_events(X[test])
print("the detector:", event_scores(truth, found), sep="\n")

# %%
# Below are the neurologist's marks and those of the detector, above the probability, smoothed over
# ten seconds. The forest's two false alarms, in the first seconds and at 100 s, do not pass.
import matplotlib.pyplot as plt

from skseizure.inspection import EventTimelineDisplay

EventTimelineDisplay.from_estimator(detector, X[test], events, record="p04_r01")
plt.show()

# %%
# Out: events to annotations
# --------------------------
# One line for each recording brings the result back. A description that begins with ``BAD`` tells
# MNE to leave these stretches out of whatever it computes from now on. (For recordings without a
# date MNE counts onsets that are *set* from the first sample: see :doc:`/guide/interoperability`.)
spectra = {"found seizures": [], "all other time": []}
for record, detected in found.by_record():
    raw = raws[[recording.record for recording in recordings].index(record)].copy()
    raw.set_annotations(
        mne.Annotations(
            detected.onset, detected.duration, "BAD seizure", orig_time=raw.info["meas_date"]
        )
    )
    rest = raw.compute_psd(fmax=40, n_fft=512)  # MNE leaves out what is BAD
    spectra["all other time"].append(rest.get_data().mean(axis=0))
    for seizure in raw.crop_by_annotations():
        inside = seizure.compute_psd(fmax=40, n_fft=512, reject_by_annotation=False)
        spectra["found seizures"].append(inside.get_data().mean(axis=0))

# %%
# With that, MNE compares the seizures that were found with all other time: mean over channels, then
# over recordings or seizures. From 4 to 24 Hz the seizures are stronger, for the most part by
# 5 to 15 dB; in all other time the alpha rhythm of the generator stands out, at 11 Hz.
fig, ax = plt.subplots(figsize=(7, 4), layout="constrained")
for (name, spectrum), colour in zip(spectra.items(), ["#D55E00", "0.2"], strict=True):
    power = 10 * np.log10(np.mean(spectrum, axis=0) * 1e12)
    ax.plot(rest.freqs, power, color=colour, label=f"{name} (n = {len(spectrum)})")
ax.set(xlabel="frequency (Hz)", ylabel="power density (dB re 1 µV²/Hz)", xlim=(0, 40))
ax.legend(frameon=False)
plt.show()

# %%
# What this tells, and what not
# -----------------------------
# The parts fit, in both directions. The scores are those of two seizures in ten minutes: the
# forest's two false alarms are short, and the detector smooths them away. It can drop a seizure
# just as well: with ``random_state=1`` above it finds neither of the two, the forest alone one.
# Whether it earns its place in a pipeline is for a search on training patients to say, as in
# :ref:`sphx_glr_auto_examples_plot_06_search_events.py`.
#
# What else goes together, from stacking and calibration to polars and optuna, and what does not and
# why, is in :doc:`/guide/interoperability`; MNE's conventions of time are there, too.
#
# Next: :doc:`/traps`.
