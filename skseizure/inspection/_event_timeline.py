"""One record over time: the truth, the probability, the detected events."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import ArrayLike, NDArray
from sklearn.base import BaseEstimator

from .._core.labels import seizure_column
from ..signals import Events, Windows
from ._inner import inner_part
from ._records import check_events_given, one_record

if TYPE_CHECKING:
    from ..postprocessing import SeizureDetector

# Okabe and Ito's colours, told apart with any colour vision.
_BLUE, _ORANGE, _GREY = "#0072B2", "#D55E00", "#666666"


class EventTimelineDisplay:
    """Picture of one record: seizures, probability and detections over time.

    Make one with `from_estimator` or `from_predictions`.

    Parameters
    ----------
    time : ndarray of float, shape (n_windows,)
        Middle of each window in seconds of the record, ascending; a gap in the windows is marked by
        a nan.
    probability : ndarray of float, shape (n_windows,)
        Probability of a seizure at these times.
    reference, hypothesis : ndarray of float, shape (n_events, 2)
        Onset and end of the true and of the detected events in seconds.
    record : str
        Name of the record.
    threshold : float, default=None
        Probability at which an event starts.
    unjudged : array-like of float, shape (n_spans, 2), default=()
        Start and end in seconds of time that could not be judged; it is hatched.

    Attributes
    ----------
    ax_ : matplotlib Axes
        Upper axes, with the probability; set by `plot`.
    events_ax_ : matplotlib Axes
        Lower axes, with the events; set by `plot`.
    figure_ : matplotlib Figure
        The figure; set by `plot`.

    Examples
    --------
    >>> import numpy as np
    >>> from skseizure.inspection import EventTimelineDisplay
    >>> from skseizure.signals import Events, Windows
    >>> X = Windows(np.zeros((60, 1, 64)), sfreq=64)
    >>> truth = Events([20], [15], recordings={"0": 60})
    >>> found = Events([22], [20], recordings={"0": 60})
    >>> probability = np.exp(-(((X.onset - 29) / 10) ** 2))
    >>> display = EventTimelineDisplay.from_predictions(X, probability, truth, found)
    >>> display.ax_.get_ylabel()
    'probability'
    """

    def __init__(
        self,
        time: NDArray[np.float64],
        probability: NDArray[np.float64],
        reference: NDArray[np.float64],
        hypothesis: NDArray[np.float64],
        *,
        record: str,
        threshold: float | None = None,
        unjudged: ArrayLike = (),
    ) -> None:
        self.time = time
        self.probability = probability
        self.reference = reference
        self.hypothesis = hypothesis
        self.record = record
        self.threshold = threshold
        self.unjudged = np.asarray(unjudged, dtype=float).reshape(-1, 2)

    @classmethod
    def from_estimator(
        cls,
        estimator: SeizureDetector | BaseEstimator,
        X: Windows,
        reference: Events,
        *,
        record: str | None = None,
        axes: Any = None,
    ) -> EventTimelineDisplay:
        """Run a fitted detector on a record and draw it.

        Parameters
        ----------
        estimator : SeizureDetector
            Fitted; also one that a search found.
        X : Windows
            Windows of one or several records.
        reference : Events
            The true seizures.
        record : str, default=None
            Record to draw. None: the first of ``X``.
        axes : pair of matplotlib Axes, default=None
            Upper and lower axes to draw on. None: a new figure.

        Returns
        -------
        EventTimelineDisplay
            Drawn.

        Raises
        ------
        TypeError
            If there is no SeizureDetector, ``X`` is no Windows or ``reference`` no Events.
        ValueError
            If ``X`` holds no such record, or nothing tells which class is the seizure.
        """
        check_events_given(reference)
        _, X = one_record(X, record)
        detector, X = inner_part(estimator, "predict_events", "a SeizureDetector", X)
        column = seizure_column(detector)
        found, proba = detector.predict_events(X, return_proba=True)
        return cls.from_predictions(
            X, proba[:, column], reference, found, threshold=detector.threshold, axes=axes
        )

    @classmethod
    def from_predictions(
        cls,
        X: Windows,
        probability: ArrayLike,
        reference: Events,
        hypothesis: Events,
        *,
        record: str | None = None,
        threshold: float | None = None,
        axes: Any = None,
    ) -> EventTimelineDisplay:
        """Draw a record from what was predicted for it.

        Parameters
        ----------
        X : Windows
            Windows of one or several records.
        probability : array-like, shape (n_windows,)
            Probability of a seizure in each window.
        reference, hypothesis : Events
            True and detected seizures. Time that either marks as unjudged is hatched.
        record : str, default=None
            Record to draw. None: the first of ``X``.
        threshold : float, default=None
            Probability at which an event starts, drawn as a line.
        axes : pair of matplotlib Axes, default=None
            Upper and lower axes to draw on. None: a new figure.

        Returns
        -------
        EventTimelineDisplay
            Drawn.

        Raises
        ------
        ValueError
            If ``X`` holds no such record or there is not one probability a window.
        """
        given = np.asarray(probability, dtype=float)
        if given.shape != (len(X),):
            raise ValueError(
                f"probability has shape {given.shape}; one for each of {len(X)} windows is needed."
            )
        mine, X = one_record(X, record)
        given, name = given[mine], str(X.record[0])
        gap = np.array([np.nan])
        time = [part for rows in X.segments() for part in (X.onset[rows] + X.duration / 2, gap)]
        values = [part for rows in X.segments() for part in (given[rows], gap)]
        display = cls(
            np.concatenate(time),
            np.concatenate(values),
            reference.intervals(name),
            hypothesis.intervals(name),
            record=name,
            threshold=threshold,
            unjudged=hypothesis.info(name).mark_unjudged(reference.info(name).unjudged).unjudged,
        )
        return display.plot(axes=axes)

    def plot(self, *, axes: Any = None) -> EventTimelineDisplay:
        """Draw.

        Parameters
        ----------
        axes : pair of matplotlib Axes, default=None
            Upper and lower axes to draw on. None: a new figure.

        Returns
        -------
        EventTimelineDisplay
            Itself.
        """
        if axes is None:
            from matplotlib import pyplot as plt

            _, axes = plt.subplots(
                2, sharex=True, figsize=(9, 3.6), height_ratios=[3, 1], layout="constrained"
            )
        self.ax_, self.events_ax_ = axes
        self.figure_ = self.ax_.figure
        for onset, end in self.reference:
            self.ax_.axvspan(onset, end, color=_ORANGE, alpha=0.15, linewidth=0)
        for ax in (self.ax_, self.events_ax_):
            for i, (onset, end) in enumerate(self.unjudged):
                ax.axvspan(
                    onset, end, facecolor="none", edgecolor=_GREY, hatch="///", linewidth=0,
                    label=None if i else "not judged",
                )  # fmt: skip
        if len(self.unjudged):
            self.events_ax_.legend(loc="upper right", fontsize="small")
        self.ax_.plot(self.time, self.probability, color=_BLUE, linewidth=1.5)
        if self.threshold is not None:
            self.ax_.axhline(self.threshold, color=_GREY, linestyle="--", linewidth=1)
            self.ax_.annotate(
                "threshold", (1, self.threshold), xycoords=("axes fraction", "data"),
                xytext=(-3, 2), textcoords="offset points", ha="right", va="bottom",
                color=_GREY, fontsize="small",
            )  # fmt: skip
        self.ax_.set(ylim=(-0.02, 1.02), ylabel="probability", title=f"record {self.record}")
        for row, (intervals, colour) in enumerate(
            [(self.hypothesis, _BLUE), (self.reference, _ORANGE)]
        ):
            spans = [(onset, end - onset) for onset, end in intervals]
            self.events_ax_.broken_barh(spans, (row - 0.3, 0.6), facecolors=colour)
        self.events_ax_.set(
            ylim=(-0.6, 1.6), xlabel="time in the record (s)", xlim=self._limits(),
            yticks=[0, 1], yticklabels=["detected", "true seizure"],
        )  # fmt: skip
        return self

    def _limits(self) -> tuple[float, float]:
        edges = np.concatenate([self.time, self.reference.ravel(), self.hypothesis.ravel()])
        low, high = float(np.nanmin(edges)), float(np.nanmax(edges))
        # An excerpt of a long record would vanish between what lies before and after it.
        near = self.unjudged[np.diff(self.unjudged, axis=1).ravel() <= high - low]
        return min(low, *near[:, 0], high), max(high, *near[:, 1], low)
