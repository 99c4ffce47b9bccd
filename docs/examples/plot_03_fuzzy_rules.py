"""
Reading fuzzy rules
===================

A classifier of two rules that can be printed, drawn, and followed by hand for one window.

Trees and networks say what they decide and not why. Where somebody has to answer for a decision, a
`TSKClassifier` may do: a few rules of the form IF the window is like this THEN the outputs are
those. They are readable if there are few of them, on few features that mean something.
"""

# %%
# Five numbers a window
# ---------------------
# How loud is each band, compared with what is usual in this patient? A measure may be a function of
# one's own; this one is the logarithm of the amplitude. It is averaged over the channels, and the
# patient's median is taken off, for which no label is needed. A value of 0.7 then means twice the
# usual amplitude, as ln 2 = 0.7.
import matplotlib.pyplot as plt
import numpy as np

from skseizure.datasets import make_recordings
from skseizure.features import BandFeatures
from skseizure.signals import Windows

recordings, events = make_recordings(8, 2, n_channels=8, ictal_fraction=0.1, random_state=7)
X = Windows.concatenate([Windows.from_recording(r, window=4, step=2) for r in recordings])
y = X.labels(events)


def log_amplitude(x):
    return np.log(x.std(axis=1))


bands = ["delta", "theta", "alpha", "beta", "gamma"]
table = BandFeatures([log_amplitude], bands=bands).fit_transform(X)
table = table.reshape(len(X), len(X.ch_names), len(bands)).mean(axis=1)
for patient in np.unique(X.patient):
    mine = X.patient == patient
    table[mine] -= np.median(table[mine], axis=0)

# %%
# Training
# --------
# Rules are placed by distance, so the features are scaled first. One window in ten is ictal;
# weights make the classes count the same. Patient ``p06`` is kept for later.
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler
from sklearn.utils.class_weight import compute_sample_weight

from skseizure.fuzzy import TSKClassifier

train, test = X.patient != "p06", X.patient == "p06"
weight = compute_sample_weight("balanced", y)
model = make_pipeline(StandardScaler(), TSKClassifier(n_rules=2, random_state=0))
model.fit(table[train], y[train], tskclassifier__sample_weight=weight[train])

# %%
# The rules as text
# -----------------
# Centres and widths are in the units of the features, before the scaler. The terms rank the centres
# of the rules: High is the higher one of the two and nothing more. The class after THEN is the one
# with the larger output at the rule's centre.
from skseizure.fuzzy import export_rules

features = [f"ln ratio, {band}" for band in bands]
names = {"feature_names": features, "class_names": ["background", "seizure"]}
print(export_rules(model, **names))

# %%
# So a seizure is a window that is louder than usual in every band, which is what one would say of
# these generated seizures. The slopes tell more. They say how the outputs change around a rule's
# centre: around the quiet rule, louder beta speaks most strongly for a seizure, and louder delta
# against one. (Away from its centre a rule goes on in straight lines and another one takes over.)

# %%
# The same as a picture
# ---------------------
# For two of the features: how well a value fits each rule, and as ticks the values that occur. The
# number above a curve is its rule. The sets overlap widely, so nearly every decision is a mixture
# of both rules; only far to the right the loud one is alone.
from skseizure.inspection import FuzzyRuleDisplay

FuzzyRuleDisplay.from_estimator(model, table[train], features=[1, 3], feature_names=features)
plt.show()

# %%
# One decision
# ------------
# `explain_sample` takes one decision apart, here on a window of ``p06``. Nothing is approximated:
# the numbers can be followed with a calculator, down to the last line.
from skseizure.fuzzy import explain_sample
from skseizure.inspection import SampleExplanationDisplay

ictal = np.flatnonzero(test & (y == 1))
window = table[[ictal[len(ictal) // 4]]]
print(explain_sample(model, window, **names).text)

# %%
# The same as bars; those on the right add to (seizure minus background). On the left rule 0 does
# nearly all of it; on the right theta and beta, both about three times as loud as usual, are what
# tells seizure from background.
SampleExplanationDisplay.from_estimator(model, window, **names)
plt.show()

# %%
# What the rules are worth
# ------------------------
# Against trees on the same five numbers, each patient in turn left out.
from sklearn.ensemble import ExtraTreesClassifier
from sklearn.metrics import average_precision_score

from skseizure.model_selection import LeaveOnePatientOut

trees = ExtraTreesClassifier(100, min_samples_leaf=5, class_weight="balanced", random_state=0)
scores = []
for train, test in LeaveOnePatientOut().split(X, y):
    model.fit(table[train], y[train], tskclassifier__sample_weight=weight[train])
    trees.fit(table[train], y[train])
    probabilities = [fitted.predict_proba(table[test])[:, 1] for fitted in (model, trees)]
    scores.append([average_precision_score(y[test], p) for p in probabilities])
print("average precision: rules {:.2f}, trees {:.2f}".format(*np.mean(scores, axis=0)))

# %%
# What this tells, and what not
# -----------------------------
# Two rules are not worse than a hundred trees here, because there is little to know in five
# numbers. On more and finer features trees go on learning, and rules stop being readable: ten rules
# on 145 columns are as opaque as any network. Ranks such as High are relative to these patients,
# and an explanation tells what the classifier did, not whether it is right.
#
# Next: :ref:`sphx_glr_auto_examples_plot_04_transfer.py`. In the guide: :doc:`/guide/fuzzy`.
