"""The ratios of counts that scores are made of."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray

EVENT_COUNTS = ("n_reference", "true_positives", "false_positives", "hours")
SAMPLE_COUNTS = (
    "sample_true_positives",
    "sample_false_positives",
    "sample_true_negatives",
    "sample_false_negatives",
)

Ratio = tuple[Any, Any]  # numerator and denominator: numbers, or arrays of them


def event_ratios(counts: Mapping[str, Any]) -> dict[str, list[Ratio]]:
    """Return the ratios whose mean is each event score, by the score's name.

    Parameters
    ----------
    counts : mapping
        The `EVENT_COUNTS` by name.

    Returns
    -------
    dict of str to list of tuple
        Numerator and denominator of each ratio, of the type of the counts.
    """
    n_reference, found, false, hours = (counts[name] for name in EVENT_COUNTS)
    return {
        "sensitivity": [(found, n_reference)],
        "precision": [(found, found + false)],
        "f1": [(2 * found, found + false + n_reference)],
        "false_alarms_per_24h": [(24 * false, hours)],
    }


def sample_ratios(counts: Mapping[str, Any]) -> dict[str, list[Ratio]]:
    """Return the ratios whose mean is each score of samples; see `event_ratios`."""
    tp, fp, tn, fn = (counts[name] for name in SAMPLE_COUNTS)
    sensitivity, specificity = (tp, tp + fn), (tn, tn + fp)
    return {
        "sample_sensitivity": [sensitivity],
        "sample_specificity": [specificity],
        "sample_balanced_accuracy": [sensitivity, specificity],
        "sample_precision": [(tp, tp + fp)],
        "sample_f1": [(2 * tp, 2 * tp + fp + fn)],
    }


def quotients(ratios: Mapping[str, list[Ratio]]) -> dict[str, NDArray[np.float64]]:
    """Return each score, the mean of its ratios; nan where one of them has no denominator."""
    out = {}
    for name, parts in ratios.items():
        with np.errstate(divide="ignore", invalid="ignore"):
            values = [np.where(whole > 0, part / whole, np.nan) for part, whole in parts]
        out[name] = np.mean(values, axis=0)
    return out
