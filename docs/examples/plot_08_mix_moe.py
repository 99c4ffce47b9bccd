"""
Rare subtypes: a mixture of experts
===================================

A network on raw EEG and a classifier on hand-made features each know what the other does not.

A seizure is not just a seizure: its type decides on the treatment, and some types are rare. A
network learns the common ones from raw EEG. What clinicians know, put into features, may tell the
rare ones from a few windows. `MixMoEClassifier` joins the two, and a gate decides how much each has
to say.
"""

# %%
# Four types
# ----------
# The generator makes one kind of seizure, so the types are made here, on top of its background: two
# seconds each, of 24 patients. All have a rhythm near 5 Hz. In the type *travelling* it reaches one
# channel after another, which no spectrum of single channels shows. The two rare types have a
# little noise more in a band, which a spectrum does show.
import numpy as np
from scipy.signal import butter, sosfiltfilt

from skseizure.datasets import make_recordings
from skseizure.signals import Windows

recordings, _ = make_recordings(
    24, 1, duration=90, n_channels=8, sfreq=128, ictal_fraction=0, artefact_rate=0.5, random_state=0
)
background = Windows.concatenate([Windows.from_recording(r, window=2) for r in recordings])

rng = np.random.default_rng(0)
types = ["in phase", "travelling", "weak beta", "weak gamma"]
y = rng.choice(types, size=len(background), p=[0.60, 0.26, 0.08, 0.06])

time = np.arange(background.shape[2]) / background.sfreq
frequency = rng.normal(5, 0.5, size=(len(y), 1, 1))
lag = 0.6 * (y == "travelling")[:, None] * np.arange(8) + rng.uniform(0, 2 * np.pi, (len(y), 1))
seizure = rng.lognormal(np.log(0.6), 0.2, (len(y), 1, 1)) * np.sin(
    2 * np.pi * frequency * time + lag[:, :, None]
)
for name, band in {"weak beta": (15, 28), "weak gamma": (34, 58)}.items():
    noise = sosfiltfilt(
        butter(4, band, "bandpass", fs=128, output="sos"), rng.normal(size=background.shape)
    )
    seizure += 0.12 * (y == name)[:, None, None] * noise / noise.std()

X = Windows(
    background.data + 25 * seizure,  # microvolts, as the background
    sfreq=128, record=background.record, onset=background.onset, patient=background.patient,
    ch_names=background.ch_names,
)  # fmt: skip
print(X)

# %%
# Half of the patients train, the others test.
train = np.isin(X.patient, np.unique(X.patient)[:12])
for name in types:
    print(f"{name:10} {np.sum(y[train] == name):4} to train, {np.sum(y[~train] == name):4} to test")

# %%
# Three classifiers
# -----------------
# `MixMoEClassifier` takes raw windows. Its traditional expert is, by default, logistic regression
# with class weights on 14 band powers and the like. `SeizureMoEClassifier` is the same mixture
# without it. Patients are kept whole in the folds within: windows know them. Thirty epochs are few.
from skseizure.moe import MixMoEClassifier, SeizureMoEClassifier

mixture = MixMoEClassifier(n_experts=3, max_epochs=30, random_state=0).fit(X[train], y[train])
deep = SeizureMoEClassifier(n_experts=3, max_epochs=30, random_state=0).fit(X[train], y[train])

manual = mixture.feature_extractor_.transform(X[~train])
found = {
    "traditional expert alone": mixture.traditional_expert_.predict(manual),
    "deep experts alone": deep.predict(X[~train]),
    "mixture": mixture.predict(X[~train]),
}

# %%
# Who finds what
# --------------
# The recall of a type is the share of its windows that are given their type.
import matplotlib.pyplot as plt
from sklearn.metrics import balanced_accuracy_score, recall_score

fig, ax = plt.subplots(figsize=(8, 4), layout="constrained")
colours = ["#E69F00", "#56B4E9", "#0B3C5D"]
for i, (name, labels) in enumerate(found.items()):
    recall = recall_score(y[~train], labels, labels=types, average=None)
    mean = balanced_accuracy_score(y[~train], labels)
    print(f"{name:25}", *(f"{value:.2f}" for value in recall), f"mean {mean:.2f}")
    ax.bar(np.arange(4) + 0.27 * (i - 1), recall, 0.25, color=colours[i], label=name)
ax.set_xticks(range(4), [f"{name}\n(n = {np.sum(y[~train] == name)})" for name in types])
ax.set(ylabel="recall", ylim=(0, 1), xlabel="type")
ax.legend(loc="lower center", bbox_to_anchor=(0.5, 1), ncols=3, frameon=False)
plt.show()

# %%
# Whom the gate asks
# ------------------
# `ExpertUsageDisplay` shows the mean share that each expert has in the answer, type by type.
from skseizure.inspection import ExpertUsageDisplay

ExpertUsageDisplay.from_estimator(mixture, X[~train], y[~train])
plt.show()

# %%
# What this tells, and what not
# -----------------------------
# The traditional expert finds the rare types and confuses the common ones; the network sees what
# travels and little else. The mixture has both, and the gate shows how: what travels goes to two of
# the deep experts, everything else mostly to the traditional one. That is how the types were made,
# one knowledge for each side, and 19 windows of *weak gamma* are few to judge by.
#
# Nor is a gate the only way to join the two. On a problem like this one a soft vote of both is
# level with the mixture and stacking is ahead; the guide has the figures. So compare before you
# settle, by patients and with balanced accuracy, since accuracy hardly sees a type of 6 %.
# ``prior_correction`` decides which of the two the mixture aims at.
#
# In the guide: :doc:`/guide/moe`. Types as raw windows, whatever makes the features, and
# ``VotingClassifier`` or ``StackingClassifier`` around both: :doc:`/guide/interoperability`.
#
# Next: :ref:`sphx_glr_auto_examples_plot_09_dask_cluster.py`.
