"""Scores of each patient with their intervals, and of all together."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from numpy.typing import ArrayLike
from sklearn.base import BaseEstimator
from sklearn.utils.validation import check_is_fitted

from ..metrics import BootstrapScores, ScoreInterval, bootstrap_scores
from ..signals import Events, Windows
from ._inner import inner_part
from ._records import check_events_given, check_windows_given

_COLORS = "#0072B2", "#D55E00"
_LABELS = {
    "sensitivity": "sensitivity (share of seizures found)",
    "precision": "precision (share of alarms that are right)",
    "f1": "F1 of events",
    "false_alarms_per_24h": "false alarms per 24 h",
    "median_latency": "median latency in seconds",
}
_UNBOUNDED = ("false_alarms_per_24h", "median_latency")


class PatientForestDisplay:
    """Forest plot: a score of each patient with its interval, all together at the bottom.

    Make one with `from_estimator`, `from_predictions` or `from_scores`.

    Parameters
    ----------
    scores : BootstrapScores
        Scores of one detector, or of two.
    score : str
        Name of the score to draw.
    names : sequence of str, default=("", "other")
        Of the detector and of the other one.

    Attributes
    ----------
    ax_ : matplotlib Axes
        The axes; set by `plot`.
    bars_ : list of matplotlib ErrorbarContainer
        Points and intervals of each detector; set by `plot`.
    figure_ : matplotlib Figure
        The figure; set by `plot`.

    See Also
    --------
    skseizure.metrics.bootstrap_scores : The scores, and how the intervals are made.

    Notes
    -----
    A patient who lacks the score, as one without seizures lacks the sensitivity, has a row without
    a point. A patient's interval takes seizures and alarms of this patient as independent; that of
    the pooled row tells how the score would vary with other patients.

    Examples
    --------
    >>> from skseizure.inspection import PatientForestDisplay
    >>> from skseizure.signals import Events, RecordInfo
    >>> days = {f"day{i}": RecordInfo(86400, patient=f"p{i}") for i in range(8)}
    >>> truth = Events([3600] * 8, [60] * 8, record=list(days), recordings=days)
    >>> found = truth[:6]
    >>> display = PatientForestDisplay.from_predictions(truth, found, random_state=0)
    >>> [text.get_text() for text in display.ax_.get_yticklabels()][-2:]
    ['p7', 'all']
    """

    def __init__(
        self, scores: BootstrapScores, score: str, *, names: Sequence[str] = ("", "other")
    ) -> None:
        self.scores = scores
        self.score = score
        self.names = names

    @classmethod
    def from_estimator(
        cls,
        estimator: BaseEstimator,
        X: Windows,
        reference: Events,
        *,
        other: BaseEstimator | None = None,
        score: str = "sensitivity",
        names: Sequence[str] = ("", "other"),
        ax: Any = None,
        **options: Any,
    ) -> PatientForestDisplay:
        """Run a fitted detector, and a second one if there is, and draw a score by patient.

        Parameters
        ----------
        estimator : SeizureDetector
            Fitted, or what holds one.
        X : Windows
            Windows that were not trained on.
        reference : Events
            The true seizures of the same records.
        other : SeizureDetector, default=None
            Another one to compare.
        score : str, default="sensitivity"
            A score of `skseizure.metrics.bootstrap_scores`.
        names : sequence of str, default=("", "other")
            Of both detectors, in the legend.
        ax : matplotlib Axes, default=None
            Axes to draw on. None: a new figure.
        **options : dict
            To `skseizure.metrics.bootstrap_scores`, such as ``random_state``.

        Returns
        -------
        PatientForestDisplay
            Drawn.

        Raises
        ------
        TypeError
            If there is no SeizureDetector, ``X`` is no Windows or ``reference`` no Events.
        ValueError
            As `skseizure.metrics.bootstrap_scores`, or if there is no such score.
        """
        check_windows_given(X)
        check_events_given(reference)
        sides = []
        for one in (estimator, other):
            if one is not None:
                check_is_fitted(one)
                detector, windows = inner_part(one, "predict_events", "a SeizureDetector", X)
                sides.append(detector.predict_events(windows))
        return cls.from_predictions(
            reference, *sides[:1], other=(sides[1:] or [None])[0], score=score, names=names, ax=ax,
            **options,
        )  # fmt: skip

    @classmethod
    def from_predictions(
        cls,
        reference: Events | ArrayLike,
        hypothesis: Events | ArrayLike,
        *,
        other: Events | ArrayLike | None = None,
        score: str = "sensitivity",
        names: Sequence[str] = ("", "other"),
        ax: Any = None,
        **options: Any,
    ) -> PatientForestDisplay:
        """Score detections by patient, and draw one score.

        Parameters
        ----------
        reference, hypothesis : Events or array-like, shape (n_windows,)
            As in `skseizure.metrics.bootstrap_scores`.
        other : Events or array-like, default=None
            What a second detector found.
        score : str, default="sensitivity"
            A score of `skseizure.metrics.bootstrap_scores`.
        names : sequence of str, default=("", "other")
            Of both detectors, in the legend.
        ax : matplotlib Axes, default=None
            Axes to draw on. None: a new figure.
        **options : dict
            To `skseizure.metrics.bootstrap_scores`, such as ``windows`` or ``random_state``.

        Returns
        -------
        PatientForestDisplay
            Drawn.

        Raises
        ------
        ValueError
            As `skseizure.metrics.bootstrap_scores`, or if there is no such score.
        """
        scores = bootstrap_scores(reference, hypothesis, other=other, **options)
        return cls.from_scores(scores, score, names=names, ax=ax)

    @classmethod
    def from_scores(
        cls,
        scores: BootstrapScores,
        score: str = "sensitivity",
        *,
        names: Sequence[str] = ("", "other"),
        ax: Any = None,
    ) -> PatientForestDisplay:
        """Draw a score that is at hand.

        Parameters
        ----------
        scores : BootstrapScores
            Of `skseizure.metrics.bootstrap_scores`.
        score : str, default="sensitivity"
            Which of them.
        names : sequence of str, default=("", "other")
            Of both detectors, in the legend.
        ax : matplotlib Axes, default=None
            Axes to draw on. None: a new figure.

        Returns
        -------
        PatientForestDisplay
            Drawn.

        Raises
        ------
        ValueError
            If there is no such score, or not two names.
        """
        if score not in scores:
            raise ValueError(f"score is {score!r}; one of {', '.join(scores)} is needed.")
        if len(names) != 2:
            raise ValueError(f"names holds {len(names)} names; two are needed.")
        return cls(scores, score, names=names).plot(ax=ax)

    def plot(self, *, ax: Any = None) -> PatientForestDisplay:
        """Draw.

        Parameters
        ----------
        ax : matplotlib Axes, default=None
            Axes to draw on. None: a new figure.

        Returns
        -------
        PatientForestDisplay
            Itself.
        """
        scores = self.scores
        patients = list(scores.patients)
        if ax is None:
            from matplotlib import pyplot as plt

            height = 1.3 + (0.27 if scores.other is None else 0.4) * (len(patients) + 1)
            _, ax = plt.subplots(figsize=(6.5, height), layout="constrained")
        self.ax_, self.figure_ = ax, ax.figure
        sides = [(scores.patients, scores.scores)]
        if scores.other is not None and scores.other_patients is not None:
            sides.append((scores.other_patients, scores.other))
        self.bars_ = []
        n = len(patients)
        for k, (each, pooled) in enumerate(sides):
            shift = 0.0 if len(sides) == 1 else 0.32 * (k - 0.5)
            rows = np.arange(n) + shift
            color, name = _COLORS[k], self.names[k]
            self.bars_.append(self._draw_rows(rows, self._of_patients(each), color, name))
            self._draw_pooled(n + 0.3 + shift, pooled[self.score], color)
            self._write(rows, self._of_patients(each), color, k, len(sides))
            self._write([n + 0.3 + shift], [pooled[self.score]], color, k, len(sides))
        ax.axhline(n - 0.35, color="0.7", linewidth=0.8)
        ax.set_yticks([*range(n), n + 0.3], [*patients, "all"])
        ax.set(ylim=(n + 0.9, -0.6), xlabel=_LABELS.get(self.score, self.score.replace("_", " ")))
        if self.score in _UNBOUNDED:
            ax.set_xlim(left=-0.02 * ax.get_xlim()[1])
        else:
            ax.set_xlim(-0.03, 1.03)
        ax.grid(axis="x", color="0.9")
        ax.set_axisbelow(True)
        ax.tick_params(axis="y", length=0)
        for side in ("top", "right", "left"):
            ax.spines[side].set_visible(False)
        ax.set_title(self._title(), loc="left", fontsize="medium")
        if len(sides) == 2:
            ax.legend(
                loc="lower right", bbox_to_anchor=(1, 1), ncols=2, frameon=False, fontsize="small"
            )
        return self

    def _of_patients(self, each: Mapping[str, Mapping[str, ScoreInterval]]) -> list[ScoreInterval]:
        return [own[self.score] for own in each.values()]

    def _draw_rows(
        self, rows: Any, intervals: Sequence[ScoreInterval], color: str, name: str
    ) -> Any:
        value, low, high = np.array([(one.value, one.low, one.high) for one in intervals]).T
        # A point without an interval keeps its marker.
        reach = np.nan_to_num(np.clip([value - low, high - value], 0, None))
        return self.ax_.errorbar(
            value, rows, xerr=reach, fmt="o", color=color, markersize=4.5, linewidth=1.2,
            label=name or None,
        )  # fmt: skip

    def _draw_pooled(self, row: float, one: ScoreInterval, color: str) -> None:
        low, high = (end if np.isfinite(end) else one.value for end in (one.low, one.high))
        corners = [(low, row), (one.value, row - 0.12), (high, row), (one.value, row + 0.12)]
        self.ax_.fill(*zip(*corners, strict=True), color=color, linewidth=1.2)

    def _write(
        self, rows: Any, intervals: Sequence[ScoreInterval], color: str, k: int, n_sides: int
    ) -> None:
        for row, one in zip(rows, intervals, strict=True):
            text = "no value" if np.isnan(one.value) else _rounded(one, self.score)
            self.ax_.annotate(
                text, (1.02, row), xycoords=("axes fraction", "data"), va="center",
                fontsize="small" if n_sides == 1 else "x-small", annotation_clip=False,
                color="black" if n_sides == 1 else color,
            )  # fmt: skip

    def _title(self) -> str:
        scores = self.scores
        title = f"{scores.confidence_level:.0%} intervals"
        if scores.rules:
            title += f", events by {scores.rules} rules"
        if scores.difference is not None:
            gap = scores.difference[self.score]
            title += f"\ndifference {_rounded(gap, self.score)}, p = {gap.p_value:.2g}"
        return title


def _rounded(one: ScoreInterval, score: str) -> str:
    digits = 1 if score in _UNBOUNDED else 2
    text = f"{one.value:.{digits}f}"
    if np.isfinite(one.low):
        text += f" [{one.low:.{digits}f}, {one.high:.{digits}f}]"
    return text
