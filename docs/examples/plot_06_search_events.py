"""
Searching the post-processor by event score
===========================================

Which smoothing and which threshold, chosen by seizures found and false alarms of patients left out.

:ref:`The first example <sphx_glr_auto_examples_plot_01_first_detector.py>` took a threshold out of
the air and missed a seizure of patient ``p05`` that could be seen in the probabilities. Threshold
and smoothing are parameters like any other: a grid search chooses them, on the training patients
alone, if its score is the one that counts.
"""

# %%
# The same patients
# -----------------
import matplotlib.pyplot as plt
import numpy as np

from skseizure.datasets import make_recordings
from skseizure.signals import Windows

recordings, events = make_recordings(n_patients=5, n_records=3, n_channels=8, random_state=7)
X = Windows.concatenate([Windows.from_recording(r, window=4, step=2) for r in recordings])
y = X.labels(events)
train, test = X.patient != "p05", X.patient == "p05"

# %%
# The search
# ----------
# `LeaveOnePatientOut` keeps patients whole, so every fold asks how the detector does on somebody it
# has not seen. ``make_event_scorer("counts")`` counts seizures, hits and false alarms in each fold.
# `refit_pooled` adds up the folds and chooses. There are two ways to ask: for the best F1, or for
# the most seizures found with a bounded number of false alarms. The four training patients have one
# hour together, in which one false alarm is 24 a day: a cap of 150 allows six. With ``memory`` the
# features of a recording are computed once, not for each candidate and fold.
from tempfile import TemporaryDirectory

from sklearn.ensemble import ExtraTreesClassifier
from sklearn.model_selection import GridSearchCV
from sklearn.pipeline import make_pipeline

from skseizure.features import BandFeatures
from skseizure.metrics import make_event_scorer, pooled_scores, refit_pooled
from skseizure.model_selection import LeaveOnePatientOut
from skseizure.postprocessing import SeizureDetector

cache = TemporaryDirectory()
features = BandFeatures(["line_length", "hjorth_mobility", "spectral_entropy"], memory=cache.name)
trees = ExtraTreesClassifier(50, min_samples_leaf=5, class_weight="balanced", random_state=0)
smoothing, threshold = [6.0, 10.0], [0.1, 0.2, 0.3, 0.4]
search = GridSearchCV(
    SeizureDetector(make_pipeline(features, trees)),
    {"smoothing": smoothing, "threshold": threshold},
    scoring=make_event_scorer("counts"),
    refit=refit_pooled("sensitivity", max_false_alarms_per_24h=150),
    cv=LeaveOnePatientOut(),
)
search.fit(X[train], y[train])
print(search.best_params_)

# %%
# `pooled_scores` tells the scores of all candidates, over the four patients left out.
scores = pooled_scores(search.cv_results_, standard_errors=True)
fig, axes = plt.subplots(1, 3, figsize=(9, 2.6), sharey=True, layout="constrained")
for ax, name, highest in zip(
    axes, ["f1", "sensitivity", "false_alarms_per_24h"], [1, 1, 200], strict=True
):
    values = scores[name].reshape(len(smoothing), len(threshold))
    ax.imshow(values, cmap="Blues", vmin=0, vmax=1.6 * highest, aspect="auto")
    for (row, column), value in np.ndenumerate(values):
        ax.text(column, row, f"{value:.3g}", ha="center", va="center")
    ax.set_xticks(range(len(threshold)), threshold)
    ax.set(title=name, xlabel="threshold")
axes[0].set_yticks(range(len(smoothing)), smoothing)
axes[0].set_ylabel("smoothing (s)")
plt.show()

# %%
# F1 asks for a threshold of 0.4 with 6 s, or 0.3 with 10 s: fewer seizures, fewer false alarms.
# Sensitivity under the cap asks for 10 s and 0.1, at which all seizures of all four patients are
# found. How sure is that? The best F1 has a standard error over the patients:
best_f1 = np.argmax(scores["f1"])
print(f"F1 {scores['f1'][best_f1]:.2f}, standard error {scores['f1_standard_error'][best_f1]:.2f}")

# %%
# Of the other seven candidates four lie within it, and none is more than 0.13 below the best.
#
# What each threshold costs
# -------------------------
# The curve shows all ways to weigh the one against the other. Each training patient is left out in
# turn, what is found in them is put together, and then the confidence that an alarm must have is
# raised: from right to left, on the whole. At low confidence alarms less than 90 s apart melt into
# one, so the curve turns back.
from sklearn.base import clone

from skseizure.inspection import EventTimelineDisplay, SensitivityFalseAlarmDisplay
from skseizure.metrics import event_scores
from skseizure.signals import Events

best = search.best_estimator_
found = []
for fitted, left_out in LeaveOnePatientOut().split(X[train], y[train]):
    detector = clone(best).set_params(threshold=0.1)
    detector.fit(X[train][fitted], y[train][fitted])
    found.append(detector.predict_events(X[train][left_out]))
found = Events.concatenate(found)
SensitivityFalseAlarmDisplay.from_predictions(events.select(found.recordings), found)
plt.show()

# %%
# Five of eight seizures come without any false alarm. The others are bought dearly: in the hour
# recorded here the sixth costs one false alarm, the seventh two, 48 a day. All eight are found with
# six false alarms (144 a day) when the eighth first appears, with five (120) at best.
#
# The patient kept for the end
# ----------------------------
# Now, and once, the patient of the first example. The probability drawn is the smoothed one.
found = best.predict_events(X[test])
print(event_scores(events.select(found.recordings), found))
EventTimelineDisplay.from_estimator(best, X[test], events, record="p05_r03")
plt.show()
cache.cleanup()

# %%
# Both seizures of ``p05`` are found, with one false alarm. The seizure that the first example
# missed just passes the lower threshold.
#
# What this tells, and what not
# -----------------------------
# That is luck as well as search. Four patients have eight seizures, so every score moves in large
# steps: with a cap of 100 in place of 150 the same search takes 0.4 with 6 s, as F1 does, and finds
# neither seizure of ``p05``. What to ask for is to be settled before, by those who answer the
# alarms; and a search on few seizures needs more recordings, not more candidates.
#
# Next: :ref:`sphx_glr_auto_examples_plot_07_cnbc_feedback.py`. In the guide: :doc:`/guide/scores`,
# :doc:`/guide/postprocessing`, :doc:`/guide/splitting`.
