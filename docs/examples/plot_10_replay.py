"""
Replaying a recording in real time
==================================

How late does an alarm sound, and does the computer keep up?

The detectors so far were given whole recordings. At the bedside the signal arrives a piece at a
time, and an alarm can only use what has arrived. Here a recording is replayed from its EDF file as
an amplifier would deliver it, two seconds at a time, against a clock that is only simulated: what
takes ten minutes at the bedside takes seconds here. All signals are generated.
"""

# %%
# A detector that does not look ahead
# -----------------------------------
# Two parts of the usual pipeline use later signal. `BandFeatures` filters whole recordings unless
# it is told ``filtering="window"``, and `SeizureDetector` smooths around each window unless it is
# told ``causal=True``; `SeizureDetector.fit` warns if only the second is done. Training is as ever,
# on the patient's earlier records.
import matplotlib.pyplot as plt
import numpy as np
from sklearn.ensemble import ExtraTreesClassifier
from sklearn.pipeline import make_pipeline

from skseizure.datasets import make_recordings
from skseizure.features import BandFeatures
from skseizure.postprocessing import SeizureDetector
from skseizure.signals import Windows

recordings, events = make_recordings(
    n_patients=1, n_records=5, duration=600, n_channels=8, random_state=3
)
*earlier, today = recordings
X = Windows.concatenate([Windows.from_recording(r, window=4, step=2) for r in earlier])
y = X.labels(events)

detector = SeizureDetector(
    make_pipeline(
        BandFeatures(["line_length", "hjorth_mobility", "spectral_entropy"], filtering="window"),
        ExtraTreesClassifier(100, min_samples_leaf=5, class_weight="balanced", random_state=0),
    ),
    smoothing=6,
    min_duration=4,
    threshold=0.4,
    causal=True,
)
detector.fit(X, y)
print(f"trained on {len(X)} windows, {y.mean():.1%} of them ictal")

# %%
# The recording, in a file
# ------------------------
# With ``lazy=True`` its samples stay in the file until a window is taken (:ref:`lazy`).
import tempfile
from pathlib import Path

import edfio

folder = tempfile.TemporaryDirectory()
path = Path(folder.name) / f"{today.record}.edf"
edfio.Edf(
    [
        edfio.EdfSignal(
            signal,
            today.sfreq,
            label=name,
            physical_dimension="uV",
            physical_range=(-5000, 5000),
        )
        for name, signal in zip(today.ch_names, today.data.clip(-5000, 5000), strict=True)
    ]
).write(path)
incoming = Windows.from_edf(path, window=4, step=2, patient=today.patient, lazy=True)
print(incoming)

# %%
# The replay
# ----------
# A window is due when its last sample has been recorded. `SeizureDetector.stream` keeps what the
# next decision needs of the past; `send` takes the windows that are due, here one at a time, and
# returns the events that they begin, carry on or end. What is measured is the time from the end of
# the window to the decision, in which the detector filters, measures, classifies and smooths.
from time import perf_counter

stream = detector.stream()
due = incoming.onset + incoming.duration  # seconds of the replay's clock
took = np.empty(len(incoming))  # seconds of this computer's
probability = np.empty(len(incoming))
alarms = []  # when each one sounded

clock = due[0]
for i in range(len(incoming)):
    clock = max(clock, due[i])  # wait for the window, or be late for it
    start = perf_counter()
    known = len(stream.ongoing)
    found, proba = stream.send(incoming[i : i + 1], return_proba=True)
    took[i] = perf_counter() - start
    clock += took[i]
    probability[i] = proba[0, 1]
    if len(stream.ongoing) > known:
        alarms.append(clock)
        print(f"{clock:6.1f} s  alarm: seizure since {stream.ongoing.onset[0]:g} s")
    if known and not len(stream.ongoing):
        print(f"{clock:6.1f} s  over: it lasted until {found.offset[0]:g} s")

# %%
# Does it keep up?
# ----------------
# The real-time factor is the time that the computer works for each second of signal: below 1 it
# keeps up, and one over it is how many such recordings it could watch.
print(f"window end to decision: median {1e3 * np.median(took):.0f} ms, "
      f"slowest {1e3 * took.max():.0f} ms")  # fmt: skip
print(f"real-time factor: {took.sum() / today.duration:.3f}")

# %%
# How late is the alarm?
# ----------------------
# From the marked onset to the sound of the alarm everything counts: the window must end, the
# average over 6 s must rise, and the event must have lasted ``min_duration``. The time of computing
# is nothing beside that. An `Events` dates a seizure by its windows, not by when they had ended, so
# the latency that `event_scores` gives is shorter than what the bedside has to wait.
marked = events.select([today.record])
for onset, offset in marked.intervals(today.record):
    heard = [alarm for alarm in alarms if onset <= alarm <= offset + 10]
    late = f"{heard[0] - onset:.1f} s after the onset" if heard else "missed"
    print(f"seizure of {offset - onset:.0f} s at {onset:g} s: alarm {late}")

# %%
# Nothing is lost between two windows: the stream has found what the detector finds in the whole
# recording at once. (Confidences may differ in their last digit, as the classifier's sums do with
# the number of windows that it is given.)
at_once = detector.predict_events(incoming)
for found in (stream.events, at_once):
    print(found.onset.tolist(), found.duration.tolist())

# %%
# The picture of the replay. The black lines are where an alarm sounded. Each probability stands in
# the middle of its window, two seconds before the window ends and it can be known.
from skseizure.inspection import EventTimelineDisplay

display = EventTimelineDisplay.from_predictions(
    incoming, probability, marked, stream.events, threshold=detector.threshold
)
for alarm in alarms:
    for ax in (display.ax_, display.events_ax_):
        ax.axvline(alarm, color="black", linewidth=1)
    display.ax_.annotate(
        f"alarm at {alarm:.0f} s", (alarm, 0.98), xytext=(-16, 0), textcoords="offset points",
        ha="right", va="top", fontsize="small",
    )  # fmt: skip
plt.show()
folder.cleanup()

# %%
# What this tells, and what not
# -----------------------------
# The figures of time are those of the computer that built this page. A bedside system also waits
# for the amplifier and the network, and must do something when it falls behind: `send` takes the
# windows that have piled up as one chunk, which costs less than one by one, and the events stay the
# same. After a gap in the signal the averages begin anew.
#
# Next: :ref:`sphx_glr_auto_examples_plot_11_other_pipelines.py`. In the guide: :ref:`causal`,
# :ref:`lazy`.
