"""Event scores over the thresholds of a detector."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray
from sklearn.utils.validation import check_is_fitted

from .._core.counting import resolve_rules
from .._core.errors import prefix_errors
from .._core.labels import check_labels, seizure_flags
from .._core.timeline import is_windows
from .._core.validation import check_rows
from ..postprocessing import SeizureDetector, TunedSeizureDetectorCV
from ..postprocessing._setting_counts import SettingCounter
from ..signals import Events, Windows
from ._ratios import event_ratios, quotients
from ._record_counts import patients_of
from ._resampling import expanded_level, make_generator
from ._sides import both_sides, intervals

_FIGURES = ("sensitivity", "precision", "f1", "false_alarms_per_24h", "median_latency")
_SHOWN = 11  # thresholds of the printed table


@dataclass(frozen=True)
class OperatingCurve:
    """Event scores at each threshold, as `operating_curve` returns them.

    Parameters
    ----------
    rules : str
        Name of the rules of counting.
    thresholds : ndarray of float, shape (n_thresholds,)
        Ascending.
    sensitivity, precision, f1, false_alarms_per_24h, median_latency : ndarray of float
        The scores of `EventScores` at each threshold, shape (n_thresholds,).
    true_positives, false_positives : ndarray of int, shape (n_thresholds,)
        Seizures found and false alarms at each threshold.
    n_reference : int
        Seizures.
    hours : float
        Observed hours.
    patients : dict of str to OperatingCurve
        Curve of each patient, or of each record where patients are not known; empty in the curve
        of a patient.
    """

    rules: str
    thresholds: NDArray[np.float64]
    sensitivity: NDArray[np.float64]
    precision: NDArray[np.float64]
    f1: NDArray[np.float64]
    false_alarms_per_24h: NDArray[np.float64]
    median_latency: NDArray[np.float64]
    true_positives: NDArray[np.intp]
    false_positives: NDArray[np.intp]
    n_reference: int
    hours: float
    patients: dict[str, OperatingCurve] = field(default_factory=dict)

    def __len__(self) -> int:
        return len(self.thresholds)

    def __str__(self) -> str:
        names = (
            "threshold",
            "sensitivity",
            "precision",
            "   F1",
            "false alarms/24 h",
            "latency, s",
        )
        whose = f", {len(self.patients)} patients" if len(self.patients) > 1 else ""
        lines = [
            f"events by {self.rules} rules: {self.n_reference} in {self.hours:.2f} h{whose}",
            "  ".join(names),
        ]
        shown = np.unique(np.linspace(0, len(self) - 1, min(_SHOWN, len(self))).round().astype(int))
        for k in shown.tolist():
            row = (self.thresholds[k], *(getattr(self, name)[k] for name in _FIGURES))
            digits = (3, 3, 3, 3, 2, 1)
            lines.append(
                "  ".join(
                    f"{value:>{len(name)}.{n}f}"
                    for name, value, n in zip(names, row, digits, strict=True)
                )
            )
        return "\n".join(lines)

    def best(self, max_false_alarms_per_24h: float, score: str = "sensitivity") -> int:
        """Find the threshold with the highest score under a cap on false alarms.

        Parameters
        ----------
        max_false_alarms_per_24h : float
            The cap.
        score : {"sensitivity", "precision", "f1"}, default="sensitivity"
            What is to be high. Of equal thresholds the one with the fewest false alarms is taken,
            then the highest.

        Returns
        -------
        int
            Its place in ``thresholds``.

        Raises
        ------
        ValueError
            If no threshold keeps the cap.
        """
        if score not in ("sensitivity", "precision", "f1"):
            raise ValueError(f"score is {score!r}; 'sensitivity', 'precision' or 'f1' is needed.")
        rate = self.false_alarms_per_24h
        allowed = np.flatnonzero(rate <= max_false_alarms_per_24h)
        if not len(allowed):
            raise ValueError(
                f"max_false_alarms_per_24h is {max_false_alarms_per_24h!r}, but the fewest false "
                f"alarms of any threshold are {np.min(rate):g} per 24 h."
            )
        values = np.nan_to_num(getattr(self, score), nan=-1.0)[allowed]
        order = np.lexsort((-self.thresholds[allowed], rate[allowed], -values))
        return int(allowed[order[0]])

    def to_frame(self) -> Any:
        """Make a table of the curve.

        Returns
        -------
        pandas.DataFrame
            One row a patient and threshold, those of all patients together first, with ``patient``
            ("all" there), ``threshold``, the scores and the counts.
        """
        import pandas as pd

        curves = {"all": self, **self.patients}
        return pd.concat([_frame(name, curve) for name, curve in curves.items()], ignore_index=True)


def _frame(name: str, curve: OperatingCurve) -> Any:
    import pandas as pd

    columns: dict[str, Any] = {"patient": name, "threshold": curve.thresholds}
    columns |= {figure: getattr(curve, figure) for figure in _FIGURES}
    for count in ("true_positives", "false_positives", "n_reference", "hours"):
        columns[count] = getattr(curve, count)
    return pd.DataFrame(columns)


def operating_curve(
    reference: Events | ArrayLike,
    probabilities: ArrayLike | None = None,
    *,
    windows: Windows,
    detector: SeizureDetector | TunedSeizureDetectorCV | None = None,
    thresholds: ArrayLike | None = None,
    rules: str | Mapping[str, float] = "szcore",
    pos_label: Any = None,
) -> OperatingCurve:
    """Score events at every threshold: sensitivity, F1 and latency against false alarms.

    Parameters
    ----------
    reference : Events or array-like, shape (n_windows,)
        The truth: seizures of the same records, or one label a window.
    probabilities : array-like of float, shape (n_windows,), default=None
        Probability of a seizure of each window, not smoothed, best by a classifier that has not
        seen the window. Windows of nan are left out (with labels as the reference, their time,
        too). If None, ``detector`` is a
        `TunedSeizureDetectorCV` fitted on these windows, whose out-of-fold probabilities are taken.
    windows : Windows
        The windows.
    detector : SeizureDetector or TunedSeizureDetectorCV, default=None
        Whose smoothing, minimum duration and merge gap turn probabilities into alarms; a
        ``low_threshold`` moves in proportion. It need not be fitted (a tuned one must be), and
        thresholds of single patients are not regarded. If None, each run of windows at or above
        the threshold is an alarm.
    thresholds : array-like of float, default=None
        Thresholds in [0, 1]. If None, 0.01, 0.02, ..., 0.99 and the detector's own.
    rules : {"szcore", "overlap"} or mapping, default="szcore"
        Rules of counting events, as in `event_scores`.
    pos_label : label, default=None
        The label of the seizure, as in `event_scores`.

    Returns
    -------
    OperatingCurve
        The scores at each threshold, of all patients together and of each.

    Raises
    ------
    TypeError
        If ``windows`` is no `Windows`, or ``detector`` no detector.
    ValueError
        If there is not one probability a window, one is outside [0, 1] or all are nan, a threshold
        is outside [0, 1], or as `event_scores`.

    See Also
    --------
    TunedSeizureDetectorCV : Chooses a threshold, and all other settings.
    bootstrap_scores : Intervals of the scores at one threshold.
    skseizure.inspection.SensitivityFalseAlarmDisplay : Picture of the curve.

    Notes
    -----
    The scores are those of `event_scores` on the events that the detector finds at each threshold;
    one pass of compiled code counts them all.

    Neither sensitivity nor false alarms are monotone in the threshold: at a low one, alarms melt
    into few long ones.

    Examples
    --------
    >>> import numpy as np
    >>> from skseizure.metrics import operating_curve
    >>> from skseizure.signals import Windows
    >>> X = Windows(np.zeros((3600, 1, 1)), sfreq=1)
    >>> y = np.zeros(3600, dtype=int)
    >>> y[600:660] = 1
    >>> proba = np.where(y == 1, 0.8, 0.1)
    >>> proba[1800:1830] = 0.6
    >>> curve = operating_curve(y, proba, windows=X, thresholds=[0.3, 0.5, 0.7])
    >>> curve.sensitivity.tolist(), curve.false_alarms_per_24h.tolist()
    ([1.0, 1.0, 1.0], [24.0, 24.0, 0.0])
    >>> print(curve.thresholds[curve.best(max_false_alarms_per_24h=1)])
    0.7
    """
    name, parameters = resolve_rules(rules)
    if not is_windows(windows):
        raise TypeError(f"windows is a {type(windows).__name__}; a Windows is needed.")
    proba = _probabilities(probabilities, detector, len(windows))
    if isinstance(detector, TunedSeizureDetectorCV):
        check_is_fitted(detector, "detector_")
        detector = detector.detector_
    if not (detector is None or isinstance(detector, SeizureDetector)):
        raise TypeError(
            f"detector is a {type(detector).__name__}; a SeizureDetector, a TunedSeizureDetectorCV "
            "or None is needed."
        )
    own = [] if detector is None else [detector.threshold]
    if detector is None:
        detector = SeizureDetector(None, smoothing=0, min_duration=0, merge_gap=0)
    known = np.flatnonzero(~np.isnan(proba))
    truth = _truth(reference, windows, known, pos_label)
    if len(known) < len(windows):
        windows = windows[known]
    levels = _levels(thresholds, own)
    counter = SettingCounter(windows, proba[known], truth, parameters, causal=detector.causal)
    settings = [(detector.smoothing, s) for s in detector._at_thresholds(levels, windows.step)]
    counts, latencies = counter.counts_and_latencies(settings)
    owner = np.array(counter.patients)
    names = list(dict.fromkeys(counter.patients))

    def curve(records: NDArray[np.intp], patients: dict[str, OperatingCurve]) -> OperatingCurve:
        found, false = np.moveaxis(counts[:, records].sum(axis=1), -1, 0)
        n_reference = int(counter.n_reference[records].sum())
        hours = float(counter.hours[records].sum())
        sums = {
            "n_reference": np.full(len(levels), n_reference),
            "true_positives": found,
            "false_positives": false,
            "hours": np.full(len(levels), hours),
        }
        own = latencies[:, np.isin(counter.seizure_record, records)]
        return OperatingCurve(
            rules=name,
            thresholds=levels,
            **quotients(event_ratios(sums)),
            median_latency=_medians(own),
            true_positives=found,
            false_positives=false,
            n_reference=n_reference,
            hours=hours,
            patients=patients,
        )

    each = {patient: curve(np.flatnonzero(owner == patient), {}) for patient in names}
    return curve(np.arange(len(owner)), each)


def _probabilities(given: ArrayLike | None, detector: Any, n_windows: int) -> NDArray[np.float64]:
    if given is None:
        if not hasattr(detector, "oof_proba_"):
            raise ValueError(
                "probabilities is None; one a window is needed, or a fitted TunedSeizureDetectorCV "
                "as detector."
            )
        given = detector.oof_proba_
    with prefix_errors("probabilities"):
        proba = np.asarray(given, dtype=np.float64)
    if proba.shape != (n_windows,):
        raise ValueError(
            f"probabilities has shape {proba.shape}; one for each of {n_windows} windows is "
            "needed, such as the column of predict_proba that is of the seizure."
        )
    outside = (proba < 0) | (proba > 1)
    if outside.any():
        raise ValueError(
            f"probabilities holds {proba[outside][0]:g}; numbers in [0, 1] are needed."
        )
    if np.isnan(proba).all():
        raise ValueError("probabilities holds nothing but nan; at least one is needed.")
    return proba


def _truth(reference: Any, windows: Windows, known: NDArray[np.intp], pos_label: Any) -> Events:
    """Return the reference as events of the records of the windows that are judged."""
    if not isinstance(reference, Events):
        labels = check_labels(reference, name="reference")
        check_rows(windows=windows, reference=labels)
        (ictal,) = seizure_flags(pos_label, reference=labels)
        judged = windows[known] if len(known) < len(windows) else windows
        return judged.to_events(ictal[known])
    quiet = windows.to_events(np.zeros(len(windows), dtype=bool))
    truth, _ = both_sides(reference, quiet, None, pos_label)
    for record in truth.recordings:
        intervals(truth, quiet, record)  # raises where an event lies outside
    recordings = {
        record: replace(info, patient=patient)
        for (record, info), patient in zip(
            truth.recordings.items(), patients_of(truth, quiet), strict=True
        )
    }
    return Events(truth.onset, truth.duration, record=truth.record, recordings=recordings)


def _levels(thresholds: ArrayLike | None, own: list[float]) -> NDArray[np.float64]:
    if thresholds is None:
        thresholds = [*np.round(np.linspace(0.01, 0.99, 99), 2), *own]
    with prefix_errors("thresholds"):
        levels = np.unique(np.asarray(thresholds, dtype=np.float64))
    if levels.size == 0 or not ((levels >= 0) & (levels <= 1)).all():
        raise ValueError(f"thresholds are {levels.tolist()}; some in [0, 1] are needed.")
    return levels


def _medians(latencies: NDArray[np.float64]) -> NDArray[np.float64]:
    """Return the median of each row without its nan; nan of none."""
    out = np.full(len(latencies), np.nan)
    some = ~np.isnan(latencies).all(axis=1) if latencies.shape[1] else np.zeros(len(out), bool)
    if some.any():
        out[some] = np.nanmedian(latencies[some], axis=1)
    return out


def sensitivity_band(
    curves: Sequence[tuple[NDArray[np.intp], NDArray[np.intp], float, float]],
    *,
    confidence_level: float,
    n_resamples: int,
    random_state: Any,
) -> tuple[NDArray[np.float64], NDArray[np.float64], NDArray[np.float64]]:
    """Return a band of the best sensitivity under a cap on false alarms, patients resampled.

    Parameters
    ----------
    curves : sequence of tuple
        True positives and false positives at each threshold, seizures and hours of each patient.
    confidence_level : float
        Level of the band at each cap.
    n_resamples : int
        Number of draws of patients.
    random_state : int, RandomState instance or None
        Seed.

    Returns
    -------
    caps, low, high : ndarray of float, shape (n_caps,)
        Caps on false alarms per 24 h, and the ends of the intervals. A draw whose false alarms
        exceed the cap at every threshold has sensitivity 0 there: it must be silent.
    """
    found, false = (np.array([curve[k] for curve in curves], dtype=float) for k in (0, 1))
    n_reference, hours = (np.array([curve[k] for curve in curves], dtype=float) for k in (2, 3))
    n = len(curves)
    draws = make_generator(random_state).multinomial(n, np.full(n, 1 / n), size=n_resamples)
    draws = draws[(draws @ n_reference > 0) & (draws @ hours > 0)]
    seizures, time = (draws @ n_reference)[:, np.newaxis], (draws @ hours)[:, np.newaxis]
    sensitivity, rate = draws @ found / seizures, 24 * (draws @ false) / time
    highest = max(1.0, float((24 * false.sum(axis=0) / hours.sum()).max()))
    caps = np.unique(np.concatenate([np.linspace(0, 1, 41), np.geomspace(1, highest, 160)]))
    best = np.zeros((len(draws), len(caps)))
    for k, order in enumerate(np.argsort(rate, axis=1, kind="stable")):
        rising = np.maximum.accumulate(np.append(0.0, sensitivity[k, order]))
        best[k] = rising[np.searchsorted(rate[k, order], caps, side="right")]
    level = expanded_level(confidence_level, int(np.count_nonzero(n_reference)))
    low, high = np.quantile(best, [(1 - level) / 2, (1 + level) / 2], axis=0)
    return caps, low, high
