"""What each threshold of a detector costs: sensitivity against false alarms."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import ArrayLike, NDArray
from sklearn.base import BaseEstimator, clone
from sklearn.utils.validation import check_is_fitted

from .._core.counting import resolve_rules
from .._core.labels import seizure_column
from ..metrics import event_scores, operating_curve
from ..metrics._operating_curve import sensitivity_band
from ..signals import Events, Windows
from ._inner import inner_part
from ._records import check_events_given, check_windows_given

if TYPE_CHECKING:
    from ..postprocessing import SeizureDetector, TunedSeizureDetectorCV

    Band = tuple[NDArray[np.float64], NDArray[np.float64], NDArray[np.float64]]

_BLUE, _ORANGE = "#0072B2", "#D55E00"
# Patients with seizures from which on there is a band, and the draws of them.
_MANY, _N_DRAWS = 3, 1000


class SensitivityFalseAlarmDisplay:
    """Picture of event sensitivity against false alarms per 24 h over the thresholds.

    Make one with `from_estimator`, `from_tuned` or `from_predictions`.

    Parameters
    ----------
    thresholds : ndarray of float, shape (n_thresholds,)
        Ascending.
    sensitivity : ndarray of float, shape (n_thresholds,)
        Share of the seizures found at each threshold.
    false_alarms_per_24h : ndarray of float, shape (n_thresholds,)
        False alarms in 24 observed hours at each threshold.
    rules : str
        Name of the scoring rules.
    name : str, default=None
        Of the curve, in the legend.
    marked : float, default=None
        Threshold to mark: the detector's own.
    band : tuple of ndarray, default=None
        Caps on the false alarms, and the low and high ends of the interval of the best sensitivity
        under each. If None, no band is drawn.
    cap : float, default=None
        Cap on the false alarms, drawn as a line.

    Attributes
    ----------
    ax_ : matplotlib Axes
        The axes; set by `plot`.
    line_ : matplotlib Line2D
        The curve; set by `plot`.
    band_ : matplotlib PolyCollection or None
        The band; set by `plot`.
    figure_ : matplotlib Figure
        The figure; set by `plot`.

    Notes
    -----
    Neither number is monotone in the threshold: at a low one, alarms melt into few long ones, so
    the curve may turn back. The rate means something on continuous records alone, not on excerpts
    around seizures.

    The band is drawn from three patients with seizures on. Patients are resampled; for each draw
    and each cap the highest sensitivity is taken that any threshold reaches without more false
    alarms. So the band belongs to the curve's upper edge, and its level to each cap, not to all of
    them together. Percentiles are widened for few patients, as in
    `skseizure.metrics.bootstrap_scores`.

    Examples
    --------
    >>> from skseizure.inspection import SensitivityFalseAlarmDisplay
    >>> from skseizure.signals import Events
    >>> day = {"a": 86400.0}
    >>> truth = Events([1000, 50000], [60, 60], record="a", recordings=day)
    >>> found = Events([1010, 9000, 50010], 40, record="a", confidence=[.9, .7, .6], recordings=day)
    >>> display = SensitivityFalseAlarmDisplay.from_predictions(truth, found, thresholds=[.65, .8])
    >>> display.sensitivity.tolist(), display.false_alarms_per_24h.tolist()
    ([0.5, 0.5], [1.0, 0.0])
    """

    def __init__(
        self,
        thresholds: NDArray[np.float64],
        sensitivity: NDArray[np.float64],
        false_alarms_per_24h: NDArray[np.float64],
        *,
        rules: str,
        name: str | None = None,
        marked: float | None = None,
        band: Band | None = None,
        cap: float | None = None,
    ) -> None:
        self.thresholds = thresholds
        self.sensitivity = sensitivity
        self.false_alarms_per_24h = false_alarms_per_24h
        self.rules = rules
        self.name = name
        self.marked = marked
        self.band = band
        self.cap = cap

    @classmethod
    def from_estimator(
        cls,
        estimator: SeizureDetector | BaseEstimator,
        X: Windows,
        reference: Events,
        *,
        thresholds: ArrayLike | None = None,
        rules: str | Mapping[str, float] = "szcore",
        name: str | None = None,
        confidence_level: float | None = 0.95,
        random_state: Any = 0,
        ax: Any = None,
    ) -> SensitivityFalseAlarmDisplay:
        """Run a fitted detector once and score its events at every threshold.

        Parameters
        ----------
        estimator : SeizureDetector
            Fitted; also one that a search found. A ``low_threshold`` keeps its ratio to
            ``threshold``.
        X : Windows
            Windows that were not trained on.
        reference : Events
            The true seizures of the same records.
        thresholds : array-like of float, default=None
            Thresholds in [0, 1]. None: 0.01, 0.02, ..., 0.99 and the detector's own.
        rules : {"szcore", "overlap"} or mapping, default="szcore"
            As in `skseizure.metrics.event_scores`.
        name : str, default=None
            Of the curve, in the legend.
        confidence_level : float, default=0.95
            Level of the band. If None, no band is drawn.
        random_state : int, RandomState instance or None, default=0
            Seed of the band.
        ax : matplotlib Axes, default=None
            Axes to draw on. None: a new figure.

        Returns
        -------
        SensitivityFalseAlarmDisplay
            Drawn.

        Raises
        ------
        TypeError
            If there is no SeizureDetector, ``X`` is no Windows or ``reference`` no Events.
        ValueError
            If ``reference`` has no seizure in the records of ``X``, a threshold is outside [0, 1],
            nothing tells which class is the seizure, or as `skseizure.metrics.event_scores`.
        """
        check_is_fitted(estimator)
        check_windows_given(X)
        check_events_given(reference)
        detector, X = inner_part(estimator, "predict_events", "a SeizureDetector", X)
        detector = getattr(detector, "detector_", detector)  # of a tuned one
        own = detector.threshold
        if thresholds is None:
            thresholds = [*np.linspace(0.01, 0.99, 99), own]
        curve = operating_curve(
            reference,
            detector.predict_proba(X)[:, seizure_column(detector)],
            windows=X,
            detector=clone(detector).set_params(smoothing=0),  # the probabilities are smooth
            thresholds=thresholds,
            rules=rules,
        )
        counts = [
            (one.true_positives, one.false_positives, one.n_reference, one.hours)
            for one in curve.patients.values()
        ]
        return cls._of_counts(
            curve.thresholds, counts, curve.rules, name, own, None, confidence_level, random_state
        ).plot(ax=ax)

    @classmethod
    def from_tuned(
        cls,
        tuned: TunedSeizureDetectorCV,
        *,
        name: str | None = None,
        confidence_level: float | None = 0.95,
        random_state: Any = 0,
        ax: Any = None,
    ) -> SensitivityFalseAlarmDisplay:
        """Draw the curve on which a tuned detector's operating point was chosen.

        Parameters
        ----------
        tuned : TunedSeizureDetectorCV
            Fitted. Its curve is of windows that the classifiers did not see, but the point was
            chosen on them.
        name : str, default=None
            Of the curve, in the legend.
        confidence_level : float, default=0.95
            Level of the band. If None, no band is drawn.
        random_state : int, RandomState instance or None, default=0
            Seed of the band.
        ax : matplotlib Axes, default=None
            Axes to draw on. None: a new figure.

        Returns
        -------
        SensitivityFalseAlarmDisplay
            Drawn, the chosen point marked, and the cap as a line if there is one.

        Raises
        ------
        TypeError
            If ``tuned`` is or holds no TunedSeizureDetectorCV.
        ValueError
            If the windows held no seizure.
        """
        check_is_fitted(tuned)
        found, _ = inner_part(tuned, "operating_curve_", "a TunedSeizureDetectorCV")
        curve, results = found.operating_curve_, found.cv_results_
        counts = list(
            zip(
                curve["true_positives"].T,
                curve["false_positives"].T,
                results["n_reference"],
                results["hours"],
                strict=True,
            )
        )
        return cls._of_counts(
            curve["threshold"],
            counts,
            resolve_rules(found.rules)[0],
            name,
            found.best_params_["threshold"],
            found.max_false_alarms_per_24h,
            confidence_level,
            random_state,
        ).plot(ax=ax)

    @classmethod
    def from_predictions(
        cls,
        reference: Events,
        hypothesis: Events,
        *,
        thresholds: ArrayLike | None = None,
        rules: str | Mapping[str, float] = "szcore",
        name: str | None = None,
        confidence_level: float | None = 0.95,
        random_state: Any = 0,
        ax: Any = None,
    ) -> SensitivityFalseAlarmDisplay:
        """Draw what remains of detected events as the confidence asked for rises.

        Parameters
        ----------
        reference, hypothesis : Events
            True and detected seizures of the same records; each detected one with a confidence.
        thresholds : array-like of float, default=None
            Least confidences of an event that counts. None: 0 and every confidence that occurs.
        rules : {"szcore", "overlap"} or mapping, default="szcore"
            As in `skseizure.metrics.event_scores`.
        name : str, default=None
            Of the curve, in the legend.
        confidence_level : float, default=0.95
            Level of the band. If None, no band is drawn.
        random_state : int, RandomState instance or None, default=0
            Seed of the band.
        ax : matplotlib Axes, default=None
            Axes to draw on. None: a new figure.

        Returns
        -------
        SensitivityFalseAlarmDisplay
            Drawn.

        Raises
        ------
        ValueError
            If ``reference`` has no seizure, an event has no confidence, a threshold is outside
            [0, 1], or as `skseizure.metrics.event_scores`.
        """
        if np.isnan(hypothesis.confidence).any():
            raise ValueError(
                f"hypothesis has {np.isnan(hypothesis.confidence).sum()} events without a "
                "confidence; each needs one."
            )

        def counts_at(threshold: float) -> list[Any]:
            keep = hypothesis.confidence >= threshold
            found = Events(
                hypothesis.onset[keep],
                hypothesis.duration[keep],
                record=hypothesis.record[keep],
                recordings=hypothesis.recordings,
            )

            if of_patients:
                return list(event_scores(reference, found, rules=rules, by="patient").values())
            return [event_scores(reference, found, rules=rules)]

        infos = [*reference.recordings.items(), *hypothesis.recordings.items()]
        known = {record for record, info in infos if info.patient is not None}
        of_patients = known >= reference.recordings.keys()
        if thresholds is None:
            thresholds = [0.0, *hypothesis.confidence]
        levels = np.unique(np.asarray(thresholds, dtype=float))
        if levels.size == 0 or not ((levels >= 0) & (levels <= 1)).all():
            raise ValueError(f"thresholds are {levels.tolist()}; some in [0, 1] are needed.")
        patients = list(zip(*(counts_at(level) for level in levels.tolist()), strict=True))
        counts = [
            (
                np.array([score.true_positives for score in scores]),
                np.array([score.false_positives for score in scores]),
                scores[0].n_reference,
                scores[0].hours,
            )
            for scores in patients
        ]
        return cls._of_counts(
            levels,
            counts,
            patients[0][0].rules,
            name,
            None,
            None,
            confidence_level,
            random_state,
        ).plot(ax=ax)

    @classmethod
    def _of_counts(
        cls,
        thresholds: NDArray[np.float64],
        counts: Sequence[tuple[NDArray[np.intp], NDArray[np.intp], float, float]],
        rules: str,
        name: str | None,
        marked: float | None,
        cap: float | None,
        confidence_level: float | None,
        random_state: Any,
    ) -> SensitivityFalseAlarmDisplay:
        """Make a display of the counts of each patient at each threshold."""
        found, false = (sum(patient[k] for patient in counts) for k in (0, 1))
        n_reference, hours = (float(sum(patient[k] for patient in counts)) for k in (2, 3))
        if not n_reference:
            raise ValueError("reference holds no seizure; a curve of sensitivity needs one.")
        if not (confidence_level is None or 0 < confidence_level < 1):
            raise ValueError(
                f"confidence_level is {confidence_level!r}; None, or a number above 0 and below 1 "
                "is needed."
            )
        band = None
        if confidence_level is not None and sum(bool(patient[2]) for patient in counts) >= _MANY:
            band = sensitivity_band(
                counts,
                confidence_level=confidence_level,
                n_resamples=_N_DRAWS,
                random_state=random_state,
            )
        return cls(
            thresholds,
            np.asarray(found) / n_reference,
            24 * np.asarray(false) / hours,
            rules=rules,
            name=name,
            marked=marked,
            band=band,
            cap=cap,
        )

    def plot(self, *, ax: Any = None) -> SensitivityFalseAlarmDisplay:
        """Draw.

        Parameters
        ----------
        ax : matplotlib Axes, default=None
            Axes to draw on; several curves may share them. None: a new figure.

        Returns
        -------
        SensitivityFalseAlarmDisplay
            Itself.
        """
        if ax is None:
            from matplotlib import pyplot as plt

            _, ax = plt.subplots(figsize=(5, 3.8), layout="constrained")
        self.ax_, self.figure_ = ax, ax.figure
        (self.line_,) = ax.plot(
            self.false_alarms_per_24h, self.sensitivity, marker=".", markersize=4, linewidth=1.2,
            color=None if ax.lines else _BLUE, label=self.name,
        )  # fmt: skip
        self.band_ = None
        if self.band is not None:
            self.band_ = ax.fill_between(
                *self.band, step="post", color=self.line_.get_color(), alpha=0.15, linewidth=0
            )
        if self.cap is not None:
            ax.axvline(
                self.cap, color="0.4", linewidth=1, linestyle="--", label=f"cap {self.cap:g}"
            )
        if self.marked is not None and self.marked in self.thresholds:
            at = np.flatnonzero(self.thresholds == self.marked)[0]
            ax.plot(
                self.false_alarms_per_24h[at], self.sensitivity[at], "o", color=_ORANGE,
                label=f"threshold {self.marked:g}", zorder=3,
            )  # fmt: skip
        ax.set_xscale("symlog", linthresh=1)
        ax.xaxis.set_major_formatter("{x:g}")
        ax.set(
            xlabel="false alarms per 24 h", ylabel="sensitivity (share of seizures found)",
            title=f"events by {self.rules} rules", xlim=(-0.05, None), ylim=(-0.02, 1.02),
        )  # fmt: skip
        if ax.get_legend_handles_labels()[1]:
            ax.legend(loc="lower right", frameon=False, handlelength=1)
        return self
