"""Event and sample scores of detections over records and patients."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any, Literal, overload

import numpy as np
from numpy.typing import ArrayLike

from .._core.counting import count_events, count_samples, resolve_rules
from .._core.errors import prefix_errors
from ..signals import Events, Windows
from ._ratios import event_ratios
from ._sides import both_sides, grouped, intervals


@dataclass(frozen=True)
class EventScores:
    """Event scores of some records together, as `event_scores` returns them.

    Parameters
    ----------
    rules : str
        Name of the rules, or the parameters in which they differ from SzCORE's.
    sensitivity : float
        ``true_positives / n_reference``; nan without a reference event.
    precision : float
        ``true_positives / (true_positives + false_positives)``; nan if neither was counted.
    f1 : float
        ``2 TP / (TP + FP + n_reference)``; nan if there is neither a reference event nor a false
        alarm.
    false_alarms_per_24h : float
        ``false_positives`` over the observed time.
    median_latency : float
        Median seconds from the onset of a seizure found to that of its first alarm, 0 for an
        earlier alarm; nan if no seizure was found. In real time an alarm made of windows comes
        later; see Notes of `event_scores`.
    n_reference : int
        Reference events after merging and splitting.
    true_positives : int
        Reference events found.
    false_positives : int
        Hypothesis events, after merging and splitting, that touch no reference event found.
    hours : float
        Observed hours.
    """

    rules: str
    sensitivity: float
    precision: float
    f1: float
    false_alarms_per_24h: float
    median_latency: float
    n_reference: int
    true_positives: int
    false_positives: int
    hours: float

    def __str__(self) -> str:
        return (
            f"events by {self.rules} rules: sensitivity {self.sensitivity:.3f}, "
            f"precision {self.precision:.3f}, F1 {self.f1:.3f}, "
            f"{self.false_alarms_per_24h:.2f} false alarms per 24 h, "
            f"median latency {self.median_latency:.1f} s "
            f"({self.true_positives} of {self.n_reference} events found, "
            f"false alarms: {self.false_positives}, {self.hours:.2f} h)"
        )


@dataclass(frozen=True)
class SampleScores:
    """Sample scores of some records together, as `sample_scores` returns them.

    Parameters
    ----------
    rules : str
        How samples were compared, e.g. ``"samples at 1 Hz"``.
    sensitivity : float
        ``true_positives / n_reference``; nan without a reference sample.
    precision : float
        ``true_positives / (true_positives + false_positives)``; nan without a hypothesis sample.
    f1 : float
        ``2 TP / (TP + FP + n_reference)``; nan if there is no sample of either.
    false_alarms_per_24h : float
        False samples, not alarms, in 24 observed hours.
    n_reference, true_positives, false_positives : int
        Samples inside the reference, inside both, inside the hypothesis alone.
    hours : float
        Observed hours.
    """

    rules: str
    sensitivity: float
    precision: float
    f1: float
    false_alarms_per_24h: float
    n_reference: int
    true_positives: int
    false_positives: int
    hours: float

    def __str__(self) -> str:
        return (
            f"{self.rules}: sensitivity {self.sensitivity:.3f}, precision {self.precision:.3f}, "
            f"F1 {self.f1:.3f} ({self.true_positives} of {self.n_reference} samples found, "
            f"{self.false_positives} false, {self.hours:.2f} h)"
        )


@overload
def event_scores(
    reference: Events | ArrayLike,
    hypothesis: Events | ArrayLike,
    *,
    rules: str | Mapping[str, float] = ...,
    windows: Windows | None = ...,
    pos_label: Any = ...,
    by: None = None,
) -> EventScores: ...


@overload
def event_scores(
    reference: Events | ArrayLike,
    hypothesis: Events | ArrayLike,
    *,
    rules: str | Mapping[str, float] = ...,
    windows: Windows | None = ...,
    pos_label: Any = ...,
    by: Literal["record", "patient"],
) -> dict[str, EventScores]: ...


def event_scores(
    reference: Events | ArrayLike,
    hypothesis: Events | ArrayLike,
    *,
    rules: str | Mapping[str, float] = "szcore",
    windows: Windows | None = None,
    pos_label: Any = None,
    by: Literal["record", "patient"] | None = None,
) -> EventScores | dict[str, EventScores]:
    """Score detected events against reference events.

    Counts and hours are summed over the records before any ratio is taken, so records without a
    seizure count with their false alarms and their time.

    Parameters
    ----------
    reference, hypothesis : Events or array-like, shape (n_windows,)
        What is true and what was detected, over the same records: events, or one label for each of
        ``windows``, which `Windows.to_events` turns into events.
    rules : {"szcore", "overlap"} or mapping, default="szcore"
        ``"szcore"``: the rules of SzCORE [1]_, see Notes. ``"overlap"``: any overlap counts, with
        no tolerance, and events are neither merged (unless they overlap) nor split. A mapping sets
        some of ``tolerance_start`` (default 30 s), ``tolerance_end`` (60 s), ``min_overlap`` (0, a
        share of the widened event), ``max_event_duration`` (300 s) and ``min_gap`` (90 s); the
        defaults are SzCORE's.
    windows : Windows, default=None
        The windows that labels belong to; needed for labels, refused without any.
    pos_label : label, default=None
        The label of the seizure, where there are labels of two classes. If None, the labels of both
        sides together must tell: see :ref:`seizure-class`.
    by : {"record", "patient"}, default=None
        None: all records together. Else one result for each record or patient.

    Returns
    -------
    EventScores or dict of str to EventScores
        The scores and the counts behind them; with ``by``, by record or patient in order of first
        appearance in the reference.

    Raises
    ------
    ValueError
        If labels come without ``windows``, are not one a window or of more than two classes, or
        nothing tells which of them is the seizure; if the two sides hold different records, or an
        event lies outside its record; if a record's patient is unknown (with ``by="patient"``) or
        differs between the sides; if ``rules`` or ``by`` is unknown.
    TypeError
        If ``windows`` is no `Windows`.

    See Also
    --------
    sample_scores : Compares second by second instead.
    make_event_scorer : The same scores for scikit-learn's searches.

    Notes
    -----
    The rules of SzCORE as version 0.0.7 of its scoring package applies them, in this order:

    1. Events less than ``min_gap`` apart are merged, on both sides.
    2. Events longer than ``max_event_duration`` are cut into pieces of that length and the rest.
    3. Each reference event is widened by the tolerances, up to the borders of the record.
    4. A reference event is found if the share of the widened event that the hypothesis covers is
       above ``min_overlap + 1e-6``; times are rounded to 0.1 s here.
    5. A hypothesis event is false if it touches no widened reference event that was found.

    Events that overlap count as their union. What sticks out of a record is cut off.

    Length, observed time and patient of a record are those of the reference (the patient of the
    hypothesis where the reference has none). Rates are taken over `RecordInfo.observed`; where
    windows cover only a part of a record, pass the reference as labels of these windows.

    Latency looks at events after merging and before splitting, so that a long seizure counts once:
    the onset of the first alarm that touches the widened seizure, minus the seizure's onset. An
    alarm that was already on at the onset has latency 0, not a negative one. An alarm made of
    windows has the onset of its first window's cell (`Windows.cells`), but can sound only when that
    window has ended: (window + step) / 2 later, a whole window where it does not overlap the one
    before. In real time the latency of a causal detector is that much longer.

    The same detections score very differently under different rules; always name them.

    References
    ----------
    .. [1] J. Dan et al., "SzCORE: Seizure Community Open-Source Research Evaluation framework for
       the validation of electroencephalography-based automated seizure detection algorithms",
       Epilepsia 66 (2025) 14-24, doi:10.1111/epi.18113.

    Examples
    --------
    >>> from skseizure.metrics import event_scores
    >>> from skseizure.signals import Events
    >>> hours = {"night": 8 * 3600.0, "day": 4 * 3600.0}
    >>> truth = Events([600, 7200], [50, 80], record="night", recordings=hours)
    >>> found = Events([610, 9000], [30, 20], record=["night", "day"], recordings=hours)
    >>> scores = event_scores(truth, found)
    >>> print(scores)
    events by szcore rules: sensitivity 0.500, precision 0.500, F1 0.500,
    2.00 false alarms per 24 h, median latency 10.0 s
    (1 of 2 events found, false alarms: 1, 12.00 h)
    >>> event_scores(truth, found, by="record")["day"].false_positives
    1
    """
    name, parameters = resolve_rules(rules)
    reference, hypothesis = both_sides(reference, hypothesis, windows, pos_label)

    def score(records: list[str]) -> EventScores:
        counts = [
            count_events(
                *intervals(reference, hypothesis, record),
                reference.recordings[record].duration,
                parameters,
            )
            for record in records
        ]
        latency = np.concatenate([count.latency for count in counts])
        ratios = _ratios(
            sum(count.n_reference for count in counts),
            sum(count.true_positives for count in counts),
            sum(count.false_positives for count in counts),
            _hours(reference, records),
        )
        median = float(np.median(latency)) if len(latency) else float("nan")
        return EventScores(rules=name, median_latency=median, **ratios)

    return grouped(score, reference, hypothesis, by)


@overload
def sample_scores(
    reference: Events | ArrayLike,
    hypothesis: Events | ArrayLike,
    *,
    sfreq: float = ...,
    windows: Windows | None = ...,
    pos_label: Any = ...,
    by: None = None,
) -> SampleScores: ...


@overload
def sample_scores(
    reference: Events | ArrayLike,
    hypothesis: Events | ArrayLike,
    *,
    sfreq: float = ...,
    windows: Windows | None = ...,
    pos_label: Any = ...,
    by: Literal["record", "patient"],
) -> dict[str, SampleScores]: ...


def sample_scores(
    reference: Events | ArrayLike,
    hypothesis: Events | ArrayLike,
    *,
    sfreq: float = 1.0,
    windows: Windows | None = None,
    pos_label: Any = None,
    by: Literal["record", "patient"] | None = None,
) -> SampleScores | dict[str, SampleScores]:
    """Score detections against the reference sample by sample, as SzCORE does at 1 Hz.

    Parameters
    ----------
    reference, hypothesis : Events or array-like, shape (n_windows,)
        As in `event_scores`.
    sfreq : float, default=1.0
        Samples a second; the default is SzCORE's [1]_.
    windows : Windows, default=None
        As in `event_scores`.
    pos_label : label, default=None
        As in `event_scores`.
    by : {"record", "patient"}, default=None
        As in `event_scores`.

    Returns
    -------
    SampleScores or dict of str to SampleScores
        The scores and the counts behind them, summed over the records.

    Raises
    ------
    ValueError
        As `event_scores`, or if ``sfreq`` is not above zero.
    TypeError
        If ``windows`` is no `Windows`.

    See Also
    --------
    event_scores : Counts seizures and alarms, not seconds.

    Notes
    -----
    Onsets and ends are rounded to whole samples, halves to the even one. Scores per window are
    scikit-learn's, with `sensitivity_score` and `specificity_score`.

    References
    ----------
    .. [1] J. Dan et al., "SzCORE: Seizure Community Open-Source Research Evaluation framework for
       the validation of electroencephalography-based automated seizure detection algorithms",
       Epilepsia 66 (2025) 14-24, doi:10.1111/epi.18113.

    Examples
    --------
    >>> from skseizure.metrics import sample_scores
    >>> from skseizure.signals import Events
    >>> truth = Events([100], [40], recordings={"0": 3600})
    >>> print(sample_scores(truth, Events([110], [40], recordings={"0": 3600})))
    samples at 1 Hz: sensitivity 0.750, precision 0.750, F1 0.750
    (30 of 40 samples found, 10 false, 1.00 h)
    """
    with prefix_errors("sfreq"):
        if not (np.isfinite(sfreq) and sfreq > 0):
            raise ValueError(f"sfreq is {sfreq!r}; a rate above 0 Hz is needed.")
    reference, hypothesis = both_sides(reference, hypothesis, windows, pos_label)

    def score(records: list[str]) -> SampleScores:
        counts = [
            count_samples(*intervals(reference, hypothesis, record), sfreq) for record in records
        ]
        n_reference, both, n_hypothesis = (sum(column) for column in zip(*counts, strict=True))
        ratios = _ratios(n_reference, both, n_hypothesis - both, _hours(reference, records))
        return SampleScores(rules=f"samples at {sfreq:g} Hz", **ratios)

    return grouped(score, reference, hypothesis, by)


def _hours(events: Events, records: Iterable[str]) -> float:
    return sum(events.recordings[record].observed or 0.0 for record in records) / 3600


def _ratios(
    n_reference: int, true_positives: int, false_positives: int, hours: float
) -> dict[str, Any]:
    counts = {
        "n_reference": n_reference,
        "true_positives": true_positives,
        "false_positives": false_positives,
        "hours": hours,
    }
    ratios = {
        name: part / whole if whole else float("nan")
        for name, [(part, whole)] in event_ratios(counts).items()
    }
    return ratios | counts
