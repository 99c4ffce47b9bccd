"""The threshold that keeps a rate of false alarms on windows that are free of seizures."""

from __future__ import annotations

import warnings
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from .._core.counting import hours_needed, resolve_rules
from .._core.timeline import moving_average, timeline_of, windows_in
from ._base import ROUNDING
from ._operating_point import rates, upper_rates
from ._setting_counts import SettingCounter

if TYPE_CHECKING:
    from ..signals import Windows

# Thresholds that are tried, at most.
MOST = 1000


def quietest_threshold(detector: Any, X: Windows, proba: NDArray[np.float64], cap: float) -> float:
    """Return the lowest threshold above which no threshold exceeds a rate of false alarms.

    Parameters
    ----------
    detector : SeizureDetector
        Its other settings hold.
    X : Windows
        Windows without a seizure.
    proba : ndarray of float, shape (n_windows,)
        Probability of a seizure, not smoothed.
    cap : float
        False alarms per 24 h.

    Returns
    -------
    float
        The threshold, in [0, 1].

    Warns
    -----
    UserWarning
        If there are too few hours for an upper bound, or no threshold keeps the rate.
    """
    rules = resolve_rules("szcore")[1]
    quiet = X.to_events(np.zeros(len(X), dtype=bool))
    counter = SettingCounter(X, proba, quiet, rules, causal=detector.causal)
    time = timeline_of(X, len(X))
    average = windows_in(detector.smoothing, X.step)
    smooth = moving_average(proba, time.stretches, average, center=not detector.causal)
    values = np.unique(smooth)
    if len(values) > MOST:
        # Alarms are few where the values are high: that is where thresholds lie close.
        ranks = len(values) - np.unique(np.geomspace(1, len(values), MOST).astype(int))
        values = values[ranks[::-1]]
    # Each threshold lies just above a value: a window that equals a threshold reaches it.
    thresholds = np.unique(np.clip(values + 2 * ROUNDING, 0.0, 1.0))
    settings = [(detector.smoothing, s) for s in detector._at_thresholds(thresholds, float(X.step))]
    # A site's records count as one: how much its patients differ, a few of them cannot tell.
    alarms = counter.counts(settings)[:, :, 1].sum(axis=1, keepdims=True)
    hours = counter.hours.sum(keepdims=True)
    names = list(dict.fromkeys(counter.patients))
    what = "record" if X.patient is None else "patient"
    whose = f"{what} {names[0]!r}" if len(names) == 1 else f"{len(names)} {what}s"
    bound = upper_rates(alarms, hours)
    needed = hours_needed(cap)
    if hours.sum() < needed:
        warnings.warn(
            f"X holds {hours.sum():.3g} h of {whose}, but {needed:.3g} h without an alarm are "
            f"needed to bound the rate by {cap:g} in 24 h at 95 %; the rate that was counted is "
            "kept instead, and may be exceeded. Calibrate on more hours.",
            UserWarning,
            stacklevel=3,
        )
        bound = rates(alarms, hours)
    kept = np.logical_and.accumulate((bound <= cap)[::-1])[::-1]
    if not kept.any():
        warnings.warn(
            f"No threshold keeps max_false_alarms_per_24h={cap:g} in {hours.sum():.3g} h of "
            f"{whose}: the highest, {thresholds[-1]:.3g}, gives {bound[-1]:.3g}. Allow more false "
            "alarms, or use longer smoothing or minimum durations.",
            UserWarning,
            stacklevel=3,
        )
        return float(thresholds[-1])
    return float(thresholds[np.argmax(kept)])
