"""What each threshold of a detector costs: sensitivity against false alarms."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import ArrayLike, NDArray
from sklearn.base import BaseEstimator, clone
from sklearn.utils.validation import check_is_fitted

from .._core.labels import seizure_column
from .._core.timeline import timeline_of
from ..metrics import event_scores
from ..signals import Events, Windows
from ._inner import inner_part
from ._records import check_events_given, check_windows_given

if TYPE_CHECKING:
    from ..postprocessing import SeizureDetector

_BLUE, _ORANGE = "#0072B2", "#D55E00"


class SensitivityFalseAlarmDisplay:
    """Picture of event sensitivity against false alarms per 24 h over the thresholds.

    Make one with `from_estimator` or `from_predictions`.

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

    Attributes
    ----------
    ax_ : matplotlib Axes
        The axes; set by `plot`.
    line_ : matplotlib Line2D
        The curve; set by `plot`.
    figure_ : matplotlib Figure
        The figure; set by `plot`.

    Notes
    -----
    Neither number is monotone in the threshold: at a low one, alarms melt into few long ones, so
    the curve may turn back. The rate means something on continuous records alone, not on excerpts
    around seizures.

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
    ) -> None:
        self.thresholds = thresholds
        self.sensitivity = sensitivity
        self.false_alarms_per_24h = false_alarms_per_24h
        self.rules = rules
        self.name = name
        self.marked = marked

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
        own = detector.threshold
        ratio = 1.0 if detector.low_threshold is None else detector.low_threshold / max(own, 1e-9)
        proba = detector.predict_proba(X)[:, seizure_column(detector)]
        time = timeline_of(X, len(X))

        def events_at(threshold: float) -> Events:
            # Only how probabilities become alarms differs: nothing is fitted or run again.
            other = clone(detector).set_params(
                threshold=threshold, low_threshold=min(1.0, ratio) * threshold
            )
            return X.to_events(other._alarms(X, proba, time))

        if thresholds is None:
            thresholds = [*np.linspace(0.01, 0.99, 99), own]
        return cls._sweep(events_at, thresholds, reference, rules, name, own).plot(ax=ax)

    @classmethod
    def from_predictions(
        cls,
        reference: Events,
        hypothesis: Events,
        *,
        thresholds: ArrayLike | None = None,
        rules: str | Mapping[str, float] = "szcore",
        name: str | None = None,
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

        def events_at(threshold: float) -> Events:
            keep = hypothesis.confidence >= threshold
            return Events(
                hypothesis.onset[keep],
                hypothesis.duration[keep],
                record=hypothesis.record[keep],
                recordings=hypothesis.recordings,
            )

        if thresholds is None:
            thresholds = [0.0, *hypothesis.confidence]
        return cls._sweep(events_at, thresholds, reference, rules, name, None).plot(ax=ax)

    @classmethod
    def _sweep(
        cls,
        events_at: Callable[[float], Events],
        thresholds: ArrayLike,
        reference: Events,
        rules: str | Mapping[str, float],
        name: str | None,
        marked: float | None,
    ) -> SensitivityFalseAlarmDisplay:
        levels = np.unique(np.asarray(thresholds, dtype=float))
        if levels.size == 0 or not ((levels >= 0) & (levels <= 1)).all():
            raise ValueError(f"thresholds are {levels.tolist()}; some in [0, 1] are needed.")
        scores = [event_scores(reference, events_at(t), rules=rules) for t in levels.tolist()]
        if not scores[0].n_reference:
            raise ValueError("reference holds no seizure; a curve of sensitivity needs one.")
        return cls(
            levels,
            np.array([score.sensitivity for score in scores]),
            np.array([score.false_alarms_per_24h for score in scores]),
            rules=scores[0].rules,
            name=name,
            marked=marked,
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
        if self.marked is not None and self.marked in self.thresholds:
            at = np.flatnonzero(self.thresholds == self.marked)[0]
            ax.plot(
                self.false_alarms_per_24h[at], self.sensitivity[at], "o", color=_ORANGE,
                label=f"threshold {self.marked:g}",
            )  # fmt: skip
        ax.set_xscale("symlog", linthresh=1)
        ax.set(
            xlabel="false alarms per 24 h", ylabel="sensitivity (share of seizures found)",
            title=f"events by {self.rules} rules", xlim=(-0.05, None), ylim=(-0.02, 1.02),
        )  # fmt: skip
        if ax.get_legend_handles_labels()[1]:
            ax.legend(loc="lower right", frameon=False, handlelength=1)
        return self
