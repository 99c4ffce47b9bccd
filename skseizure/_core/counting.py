"""Counting of events and samples in one record, on arrays of intervals."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass, fields

import numpy as np
from numpy.typing import NDArray

from .errors import prefix_errors

GRID = 10  # Hz: SzCORE compares events at a precision of 0.1 s


@dataclass(frozen=True)
class Rules:
    """Parameters of event scoring in seconds, ``min_overlap`` as a share; defaults are SzCORE's."""

    tolerance_start: float = 30.0
    tolerance_end: float = 60.0
    min_overlap: float = 0.0
    max_event_duration: float = 300.0
    min_gap: float = 90.0


RULES = {
    "szcore": Rules(),
    "overlap": Rules(
        tolerance_start=0, tolerance_end=0, max_event_duration=float("inf"), min_gap=0
    ),
}


@dataclass(frozen=True)
class EventCounts:
    """Counts of one record and the latency, in seconds, of each seizure found."""

    n_reference: int
    true_positives: int
    false_positives: int
    latency: NDArray[np.float64]


@prefix_errors("rules")
def resolve_rules(rules: str | Mapping[str, float]) -> tuple[str, Rules]:
    """Return the name and the parameters of scoring rules, or raise for unknown ones."""
    if isinstance(rules, str) and rules in RULES:
        return rules, RULES[rules]
    if not isinstance(rules, Mapping):
        raise ValueError(
            f"rules is {rules!r}; one of {', '.join(map(repr, RULES))} or a mapping is needed."
        )
    known = [field.name for field in fields(Rules)]
    for name, value in rules.items():
        if name not in known:
            raise ValueError(f"rules has {name!r}; its parameters are {', '.join(known)}.")
        if not value >= 0 or (name == "min_overlap" and value > 1):
            need = "a share in [0, 1]" if name == "min_overlap" else "0 s or more"
            raise ValueError(f"rules has {name}={value!r}; {need} is needed.")
        if name == "max_event_duration" and value < 1 / GRID:
            raise ValueError(
                f"rules has max_event_duration={value!r}; {1 / GRID:g} s, the precision of the "
                "comparison, or more is needed."
            )
    parameters, szcore = Rules(**rules), asdict(RULES["szcore"])
    changed = {k: v for k, v in asdict(parameters).items() if v != szcore[k]}
    if not changed:
        return "szcore", parameters
    return "szcore with " + ", ".join(f"{k}={v:g}" for k, v in changed.items()), parameters


def count_events(
    reference: NDArray[np.float64],
    hypothesis: NDArray[np.float64],
    duration: float,
    rules: Rules,
) -> EventCounts:
    """Score the events of one record: merge, split, widen, compare, in this order.

    Parameters
    ----------
    reference, hypothesis : ndarray of float, shape (n_events, 2)
        Onset and end in seconds within [0, ``duration``], in order of onset.
    duration : float
        End of the record in seconds.
    rules : Rules
        The parameters.

    Returns
    -------
    EventCounts
        The counts.
    """
    end = round(duration * GRID) / GRID
    seizures = merge(reference, rules.min_gap)
    alarms = merge(hypothesis, rules.min_gap)
    seizure_parts, seizure_of_part = split(seizures, rules.max_event_duration)
    alarm_parts, _ = split(alarms, rules.max_event_duration)

    margin = np.array([-rules.tolerance_start, rules.tolerance_end])
    wide = np.clip(seizure_parts + margin, 0, end)
    wide_grid, alarm_grid = to_grid(wide), to_grid(alarms)
    alarmed = np.diff(samples_before(alarm_grid, wide_grid))[:, 0] / GRID
    # The 1e-6 is part of the rule: a share must exceed the minimum by more than rounding.
    found = alarmed > (rules.min_overlap + 1e-6) * (wide[:, 1] - wide[:, 0])
    false = ~touches(to_grid(alarm_parts), wide_grid[found])

    seizures = seizures[np.unique(seizure_of_part[found])]
    alarms = alarms[alarm_grid[:, 1] > alarm_grid[:, 0]]
    search_from = to_grid(np.clip(seizures + margin, 0, end))[:, 0]
    first = np.searchsorted(to_grid(alarms)[:, 1], search_from, side="right")
    latency = np.maximum(alarms[first, 0] - seizures[:, 0], 0)
    return EventCounts(len(seizure_parts), int(found.sum()), int(false.sum()), latency)


def count_samples(
    reference: NDArray[np.float64], hypothesis: NDArray[np.float64], sfreq: float
) -> tuple[int, int, int]:
    """Compare the events of one record sample by sample.

    Parameters
    ----------
    reference, hypothesis : ndarray of float, shape (n_events, 2)
        Onset and end in seconds, in order of onset.
    sfreq : float
        Samples a second.

    Returns
    -------
    n_reference, true_positives, n_hypothesis : int
        Samples inside the reference, inside both, inside the hypothesis.
    """
    seizures = merge(to_grid(reference, sfreq), 0)
    alarms = merge(to_grid(hypothesis, sfreq), 0)
    both = np.diff(samples_before(alarms, seizures)).sum()
    return int(np.diff(seizures).sum()), int(both), int(np.diff(alarms).sum())


def hours_needed(rate: float) -> float:
    """Return the hours without an alarm that bound their rate in 24 h, one-sided at 95 %."""
    return float(-np.log(0.05) * 24.0 / rate)


def merge(events: NDArray, min_gap: float) -> NDArray:
    """Join events that overlap or lie less than ``min_gap`` apart."""
    if len(events) == 0:
        return events
    reach = np.maximum.accumulate(events[:, 1])
    new = np.flatnonzero(events[1:, 0] - reach[:-1] >= min_gap) + 1
    return np.column_stack(
        [events[np.append(0, new), 0], reach[np.append(new - 1, len(events) - 1)]]
    )


def split(
    events: NDArray[np.float64], longest: float
) -> tuple[NDArray[np.float64], NDArray[np.intp]]:
    """Cut events longer than ``longest`` into pieces, the rest kept; return also their event."""
    pieces, parents = [events[:0]], [np.empty(0, dtype=np.intp)]
    rest, parent = events, np.arange(len(events))
    while len(rest):
        long = rest[:, 1] - rest[:, 0] > longest
        stop = np.where(long, rest[:, 0] + longest, rest[:, 1])
        pieces.append(np.column_stack([rest[:, 0], stop]))
        parents.append(parent)
        rest, parent = np.column_stack([stop, rest[:, 1]])[long], parent[long]
    piece, of = np.concatenate(pieces), np.concatenate(parents)
    order = np.argsort(piece[:, 0], kind="stable")
    return piece[order], of[order]


def to_grid(events: NDArray[np.float64], sfreq: float = GRID) -> NDArray[np.intp]:
    """Round seconds to the nearest sample, halves to the even one."""
    return np.rint(events * sfreq).astype(np.intp)


def samples_before(events: NDArray[np.intp], points: NDArray[np.intp]) -> NDArray[np.intp]:
    """Count the samples of disjoint events, in order, that lie before each point."""
    # An empty event at the origin spares the case of no event before the point.
    start, stop = np.vstack([np.zeros((1, 2), dtype=np.intp), events]).T
    total = np.cumsum(stop - start)
    last = np.searchsorted(start, points, side="right") - 1
    return total[last] - np.maximum(stop[last] - points, 0)


def touches(events: NDArray[np.intp], others: NDArray[np.intp]) -> NDArray[np.bool_]:
    """Tell which events share a sample with any of ``others``, whose starts and stops both rise."""
    begun = np.searchsorted(others[:, 0], events[:, 1], side="left")
    over = np.searchsorted(others[:, 1], events[:, 0], side="right")
    return (begun > over) & (events[:, 1] > events[:, 0])
