"""How a patient's own seizures are found in time, and what they say about a mixture of models."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

# Evidence at which a local model has half the say: from none, where it has all of it, to infinite,
# where it has none.
GRID = np.concatenate([[0.0], np.geomspace(0.01, 1000, 51), [np.inf]])
# Losses that differ by less are the same.
ROUNDING = 1e-9


class InTime(NamedTuple):
    """Rows of one patient in order of time, and the seizures among them.

    Attributes
    ----------
    rows : ndarray of int, shape (n_windows,)
        Rows, by record and onset.
    ictal : ndarray of bool, shape (n_windows,)
        Which of them are ictal.
    starts : ndarray of int
        Places in ``rows`` at which a record starts.
    seizures : ndarray of int, shape (n_seizures, 2)
        First place of each seizure, and the one after its last. A gap within a record does not
        part a seizure.
    """

    rows: NDArray[np.intp]
    ictal: NDArray[np.bool_]
    starts: NDArray[np.intp]
    seizures: NDArray[np.intp]


def in_time(
    record: NDArray[np.str_], onset: NDArray[np.float64], ictal: NDArray[np.bool_]
) -> InTime:
    """Order windows of one patient in time, and find the seizures: runs of ictal windows."""
    code = np.unique(record, return_inverse=True)[1]
    rows = np.lexsort((onset, code))
    flags = ictal[rows]
    starts = np.flatnonzero(np.diff(code[rows], prepend=-1))
    new = np.zeros(len(rows) + 1, dtype=bool)
    new[starts] = True
    padded = np.concatenate([[False], flags, [False]])
    first = flags & (~padded[:-2] | new[:-1])
    last = flags & (~padded[2:] | new[1:])
    seizures = np.column_stack([np.flatnonzero(first), np.flatnonzero(last) + 1])
    return InTime(rows, flags, starts, seizures)


def portions(patient: InTime) -> list[NDArray[np.intp]]:
    """Cut a patient's rows into portions of one seizure with the background around it.

    Two portions meet where a record starts, at the start nearest to the middle of the background
    between their seizures; else at that middle.
    """
    cuts = []
    for (_, end), (start, _) in zip(patient.seizures[:-1], patient.seizures[1:], strict=True):
        middle = (end + start) / 2
        between = patient.starts[(patient.starts >= end) & (patient.starts <= start)]
        places = between if len(between) else np.array([int(middle)])
        cuts.append(places[np.argmin(np.abs(places - middle))])
    return np.split(patient.rows, cuts)


def first_seizure(patient: InTime) -> tuple[NDArray[np.intp], NDArray[np.intp]]:
    """Part a patient's rows after the first seizure: what is known of a new patient, and the rest.

    If nothing precedes the seizure, the background up to the next one is known, too.
    """
    if not len(patient.seizures):
        return patient.rows[:0], patient.rows
    end = patient.seizures[0, 1]
    if patient.ictal[:end].all():
        end = patient.seizures[1, 0] if len(patient.seizures) > 1 else len(patient.rows)
    return patient.rows[:end], patient.rows[end:]


def evidence(population: NDArray[np.float64], ictal: NDArray[np.bool_]) -> float:
    """Return how much labelled windows speak for a local model.

    It is the number of windows of the rarer class times the population's mean squared error on all
    of them, in which each class weighs the same.
    """
    squared = (population - ictal) ** 2
    error = (squared[ictal].mean() + squared[~ictal].mean()) / 2
    return float(min(ictal.sum(), (~ictal).sum()) * error)


def share(amount: float, equal_at: NDArray[np.float64] | float) -> NDArray[np.float64]:
    """Return the share of a local model for so much evidence; none without any."""
    return np.asarray(amount / np.maximum(amount + np.asarray(equal_at), np.finfo(float).tiny))


class Errors(NamedTuple):
    """Squared errors of mixtures by `GRID`, summed over the windows of each class.

    Attributes
    ----------
    sums : ndarray of float, shape (n_grid, 2)
        Sums over the background and over the ictal windows.
    counts : ndarray of int, shape (2,)
        Windows of either.
    """

    sums: NDArray[np.float64]
    counts: NDArray[np.intp]

    def mean(self) -> NDArray[np.float64]:
        """Return the mean squared error, in which each class that is there weighs the same."""
        there = self.counts > 0
        return (self.sums[:, there] / self.counts[there]).mean(axis=1)


def mixture_errors(
    population: NDArray[np.float64],
    local: NDArray[np.float64],
    ictal: NDArray[np.bool_],
    amount: float,
) -> Errors:
    """Return the errors of mixtures with a local model for which there is so much evidence."""
    mixed = population + share(amount, GRID)[:, np.newaxis] * (local - population)
    squared = (mixed - ictal) ** 2
    sums = np.column_stack([squared[:, ictal == flag].sum(axis=1) for flag in (False, True)])
    return Errors(sums, np.array([np.sum(~ictal), np.sum(ictal)]))


def best(losses: NDArray[np.float64]) -> float:
    """Return the number of `GRID` with the smallest loss; of equals, the one in the middle."""
    equals = np.flatnonzero(losses <= losses.min() + ROUNDING)
    return float(GRID[equals[len(equals) // 2]])
