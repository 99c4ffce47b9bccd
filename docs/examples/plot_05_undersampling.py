"""
Learning to undersample
=======================

One window in ninety is ictal: which of the others should a classifier learn from?

In the examples before, seizures were frequent. In a night's recording they are not, and a
classifier that never calls one is right 99 times in a hundred. `MetaSamplerClassifier` trains small
trees on all ictal windows and as many others, and learns which others to take. Here it meets
drawing at random, and what imbalanced-learn has for the same problem.
"""

# %%
# Ninety to one
# -------------
# Eight patients with four records each. Of the ictal windows every tenth is kept for training, so
# that each seizure leaves one or two. Test patients keep theirs all: thinning them out would change
# the score at will.
import matplotlib.pyplot as plt
import numpy as np

from skseizure.datasets import make_recordings
from skseizure.features import BandFeatures
from skseizure.signals import Windows

recordings, events = make_recordings(8, 4, n_channels=4, ictal_fraction=0.1, random_state=7)
X = Windows.concatenate([Windows.from_recording(r, window=4, step=2) for r in recordings])
y = X.labels(events)
table = BandFeatures(["line_length", "hjorth_mobility"]).fit_transform(X)
kept = (y == 0) | (np.cumsum(y) % 10 == 0)
print(f"for training: {(y == 0).sum()} windows of background, {y[kept].sum()} of seizures")

# %%
# The ensembles
# -------------
# All have ten members, but for the forest with its hundred trees; a member of EasyEnsemble is
# itself boosted from fifty. The learned sampler sees how the errors of a growing ensemble are
# distributed and answers with the error, from 0 to 1, that the next member's windows should have; 1
# takes the hardest. It learns that by building ensembles over and over, here for 200 members; the
# default is 1500, and takes longer than an example should.
from imblearn.ensemble import (
    BalancedBaggingClassifier,
    BalancedRandomForestClassifier,
    EasyEnsembleClassifier,
)
from sklearn.metrics import average_precision_score
from sklearn.pipeline import make_pipeline

from skseizure.ensemble import MetaSampler, MetaSamplerClassifier
from skseizure.feature_selection import MutualInformationSelector
from skseizure.model_selection import StratifiedPatientKFold

brief = MetaSampler(start_steps=70, update_steps=130)
ensembles = {
    "MetaSampler, random rows": MetaSamplerClassifier(sampler="random", sigma=np.inf),
    "MetaSampler, always 0.25": MetaSamplerClassifier(sampler=0.25),
    "MetaSampler, always 0.9": MetaSamplerClassifier(sampler=0.9),
    "MetaSampler, learned": MetaSamplerClassifier(sampler=brief),
    "BalancedBagging": BalancedBaggingClassifier(),
    "EasyEnsemble": EasyEnsembleClassifier(),
    "BalancedRandomForest": BalancedRandomForestClassifier(
        sampling_strategy="all", replacement=True, bootstrap=False
    ),
}

scores = {name: [] for name in ensembles}
for fold, (train, test) in enumerate(StratifiedPatientKFold(4).split(X, y)):
    train = train[kept[train]]
    for name, ensemble in ensembles.items():
        model = make_pipeline(MutualInformationSelector("jmi", 12), ensemble)
        model.set_params(**{f"{model.steps[-1][0]}__random_state": fold})
        # Whole patients are kept for validation, so that it tells how new ones are met.
        ours = isinstance(ensemble, MetaSamplerClassifier)
        groups = {"metasamplerclassifier__groups": X.patient[train]} if ours else {}
        model.fit(table[train], y[train], **groups)
        probability = model.predict_proba(table[test])[:, 1]
        scores[name].append(average_precision_score(y[test], probability))
        if name == "MetaSampler, learned":
            learned = model[-1]

# %%
# Average precision on patients never seen. A dot is a fold of two patients, the bar their mean.
# Blue: ours, grey: imbalanced-learn.
fig, ax = plt.subplots(figsize=(7, 3.6), layout="constrained")
for row, (name, folds) in enumerate(scores.items()):
    ax.barh(row, np.mean(folds), color="#0072B2" if "Meta" in name else "#999999")
    ax.plot(folds, np.full(4, row), "o", color="black", markersize=4)
    print(f"{name:26} {np.mean(folds):.2f}")
ax.set_yticks(range(len(scores)), scores)
ax.invert_yaxis()
ax.set(xlabel="average precision, new patients", xlim=(0, 1))
plt.show()

# %%
# The choice of windows matters: always 0.25, which takes easy ones, is worse than random, and
# always 0.9, hard ones, is better. **The learned sampler is no better than random here**: after so
# short a training it does not yet ask for hard windows, and it sets a fifth of the few seizures
# apart for validation, which 0.9 and random windows do without. And it is imbalanced-learn's
# EasyEnsemble and forest that come out on top, by no more than patients differ: the dots of one bar
# lie further apart than the bars.
#
# How the ensemble grew
# ---------------------
# On the left the training rows, on the right the validation rows, one column a member. The darker a
# field, the more windows of background have such an error; the line is the action, the error that
# the sampler asked for. After so short a training it wanders between 0 and 0.7, where hard windows
# are what helps.
from skseizure.inspection import SamplingCurveDisplay

SamplingCurveDisplay.from_estimator(learned)
plt.show()

# %%
# What this tells, and what not
# -----------------------------
# Try what costs nothing first: a forest that balances its samples, boosting with class weights, or
# a grid search over ``{"sampler": [0.5, 0.7, 0.9]}``. The guide measured this on five tables of
# data with the full training: the learned sampler comes up to the best constant action, and other
# ensembles are better on all but one. Probabilities of all of these are too high for the rare
# class; they rank windows, and a threshold has to be found.
#
# Next: :ref:`sphx_glr_auto_examples_plot_06_search_events.py`. In the guide:
# :doc:`/guide/ensemble`.
