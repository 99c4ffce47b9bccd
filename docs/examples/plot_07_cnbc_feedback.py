"""
A CNBC and a neurologist's feedback
===================================

A detector for one patient learns from the first minutes, then from a neurologist who corrects it.

So far the detectors were made for patients whom they had never seen. On a long-term ward it is the
other way round: one patient stays for days, and the first seizure is marked within hours. The CNBC
("collective network of binary classifiers") was made for this. It selects neither channels nor
features: a small evolved network for each group of features of each channel, a fuser for each
channel, a master above them. And it need not start anew when somebody tells it where it was wrong.
"""

# %%
# The first minutes
# -----------------
# Six records of eight minutes of one patient, with more artefacts than usual, in windows of 1 s.
# `EarlyTrainSplit` gives what would be at hand early on: the first quarter of the seizures and the
# first quarter of all other seconds.
import numpy as np

from skseizure.datasets import make_recordings
from skseizure.model_selection import EarlyTrainSplit
from skseizure.signals import Windows

recordings, events = make_recordings(
    n_patients=1, n_records=6, duration=480, n_channels=8, ictal_fraction=0.06,
    artefact_rate=2, random_state=0,
)  # fmt: skip
X = Windows.concatenate([Windows.from_recording(r, window=1) for r in recordings])
y = X.labels(events)
[(first, _)] = EarlyTrainSplit(unit="seizure").split(X, y)
print(f"{len(first)} s to learn from, {y[first].sum()} of them ictal")
print("they lie in", *np.unique(X.record[first]))

# %%
# The network
# -----------
# Two groups of features for each channel, averaged over the last 10 s. The names of the columns
# tell the CNBC which channel and group each belongs to; they reach it in a data frame. Three
# networks vote, and `MorphologicalFilterClassifier` filters after each of them in turn.
from sklearn.pipeline import make_pipeline

from skseizure.evolution import CNBCEnsembleClassifier
from skseizure.features import FeatureNormalizer, FrameFeatures
from skseizure.postprocessing import MorphologicalFilterClassifier

detector = MorphologicalFilterClassifier(
    make_pipeline(
        FrameFeatures(["time", "freq"], smoothing=10),
        FeatureNormalizer(),
        CNBCEnsembleClassifier(n_estimators=3, random_state=0),
    ).set_output(transform="pandas")
)
detector.fit(X[first], y[first])
ensemble = detector.estimator_[-1]
print(len(ensemble.estimators_[0].network_["level"]), "classifiers in each of three networks")

# %%
# What the neurologist sees
# -------------------------
# The next record as a classification map: time runs along rows of four minutes, like text, and
# white is seizure. Above is what is true, below what the detector says.
import matplotlib.pyplot as plt

from skseizure.inspection import ClassificationMapDisplay

review = X.record == "p01_r03"
before = detector.predict(X)
display = ClassificationMapDisplay.from_predictions(
    X[review], truth=y[review], predicted=before[review]
)
for ax in display.axes_:
    ax.set(yticks=[0, 4, 8], ylabel="start of the\nrow (min)")
plt.show()

# %%
# The feedback
# ------------
# The neurologist goes through this record and corrects what is wrong. All of its seconds are
# labelled now, those that were right as well. `CNBCEnsembleClassifier.update` takes the old frames
# along, lest they be forgotten, and is told which ones are new. Whatever judges the new frames well
# enough stays as it is; the rest, and what stands above it, evolves on from where it was.
print((before[review] != y[review]).sum(), "seconds of", review.sum(), "are corrected")

labelled = np.concatenate([first, np.flatnonzero(review)])
features = detector.estimator_[:-1].transform(X[labelled])
ensemble.update(features, y[labelled], new=review[labelled])

n_classifiers = sum(len(network.network_["level"]) for network in ensemble.estimators_)
print(f"{len(ensemble.updated_)} of {n_classifiers} classifiers evolved again")

# %%
# Before and after
# ----------------
# That it now agrees with the neurologist on the record that was corrected means little. The three
# records that follow tell whether anything was learned; nobody has labelled them for the detector.
from skseizure.metrics import sensitivity_score, specificity_score

after = detector.predict(X)
later = X.record > "p01_r03"
for name, rows in (("corrected record", review), ("later records", later)):
    for when, labels in (("before", before), ("after", after)):
        print(
            f"{name}, {when}: sensitivity {sensitivity_score(y[rows], labels[rows]):.2f}, "
            f"specificity {specificity_score(y[rows], labels[rows]):.3f}"
        )

# %%
# One of the later records:
shown = X.record == "p01_r05"
display = ClassificationMapDisplay.from_predictions(
    X[shown], truth=y[shown], before=before[shown], after=after[shown]
)
for ax in display.axes_:
    ax.set(yticks=[0, 4, 8], ylabel="start of the\nrow (min)")
plt.show()

# %%
# What this tells, and what not
# -----------------------------
# Here feedback on one record takes most false alarms away and loses no seizure. This is the patient
# it did most for. Of the first five that the generator makes (``random_state`` 0 to 4), the
# specificity on the later records rose in four, by up to 4 points, and fell in one by 1; the
# sensitivity rose by 8 points here, hardly changed in two, whose seizures are all but missed before
# and after, and fell by 5 and 12 in the others. One seizure more is little to learn from, and
# correcting false alarms may cost sensitivity. So keep labelled frames aside, and look at both
# figures after each update.
#
# On real EEG, too, the paper's figures are not reached: the guide says by how much, and why. It
# also tells how `CNBCEnsembleClassifier.add_feature_group` adds features to a network that is in
# use: :doc:`/guide/evolution`. The filter is explained in :doc:`/guide/postprocessing`.
#
# Next: :ref:`sphx_glr_auto_examples_plot_08_mix_moe.py`.
