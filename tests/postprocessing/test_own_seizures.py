"""Seizures of one patient in time, and the errors of mixtures, against readable references."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from skseizure.postprocessing._own_seizures import (
    GRID,
    Errors,
    best,
    evidence,
    first_seizure,
    in_time,
    mixture_errors,
    portions,
    share,
)


def patient_of(text):
    """One letter a window, `S` ictal and `.` background; a space starts another record."""
    records = text.split()
    ictal = np.array([c == "S" for c in "".join(records)])
    record = np.repeat([f"r{i}" for i in range(len(records))], [len(r) for r in records])
    onset = np.concatenate([np.arange(len(r), dtype=float) for r in records])
    return in_time(record, onset, ictal)


def lengths(parts):
    return [len(part) for part in parts]


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("..SS..", [6]),
        ("..SS....SS..", [6, 6]),  # the middle of four windows of background
        (".S...S", [3, 3]),  # of three, the later half is the larger one
        ("..S. .S..", [4, 4]),  # where the record starts
        ("..S...... .S..", [9, 4]),  # there, though the middle lies elsewhere
        (".S. . ...S", [4, 4]),  # of two starts, the nearer one to the middle
        (".SS SS.", [3, 3]),  # two records share no seizure
        (".S.S.S.", [2, 2, 3]),
        ("....", [4]),
    ],
)
def test_portions_hold_a_seizure_with_the_background_around_it(text, expected):
    assert lengths(portions(patient_of(text))) == expected


@pytest.mark.parametrize(
    ("text", "known"),
    [
        ("..SS..SS.", 4),
        ("SS..SS.", 4),  # nothing precedes it: what follows up to the next seizure
        ("SS .. SS.", 4),
        ("SS...", 5),
        ("... .S. .S.", 5),
        ("....", 0),
    ],
)
def test_first_seizure_and_what_precedes_it(text, known):
    first, rest = first_seizure(patient_of(text))
    assert first.tolist() == list(range(known))
    assert rest.tolist() == list(range(known, len(text.replace(" ", ""))))


def naive_seizures(record, onset, ictal):
    """Runs of ictal windows of a record, as sets of rows."""
    found, before = [], None
    for row in sorted(range(len(record)), key=lambda i: (record[i], onset[i])):
        if ictal[row] and before is not None and record[before] == record[row] and ictal[before]:
            found[-1].add(row)
        elif ictal[row]:
            found.append({row})
        before = row
    return found


@given(
    st.lists(st.tuples(st.sampled_from("abc"), st.booleans()), min_size=1, max_size=30),
    st.randoms(),
)
def test_portions_part_all_rows_by_seizures_in_any_row_order(windows, random):
    random.shuffle(windows)
    record, ictal = (np.array(column) for column in zip(*windows, strict=True))
    onset = np.array(random.sample(range(100), len(windows)), dtype=float)
    patient, expected = in_time(record, onset, ictal), naive_seizures(record, onset, ictal)
    assert [set(patient.rows[a:b]) for a, b in patient.seizures] == expected
    parts = portions(patient)
    assert np.concatenate(parts).tolist() == patient.rows.tolist()
    assert [set(part[ictal[part]]) for part in parts] == (expected or [set()])


@given(st.integers(0, 2**32 - 1), st.floats(0.001, 1e4))
def test_errors_are_those_of_the_mixture_itself(seed, amount):
    rng = np.random.default_rng(seed)
    p, q, ictal = rng.random(9), rng.random(9), np.arange(9) % 3 == 0
    losses = mixture_errors(p, q, ictal, amount).mean()
    for loss, k in zip(losses, GRID, strict=True):
        w = amount / (amount + k)
        mixed = (1 - w) * p + w * q
        expected = (np.mean(mixed[~ictal] ** 2) + np.mean((1 - mixed[ictal]) ** 2)) / 2
        assert loss == pytest.approx(expected)


def test_a_class_that_is_not_there_has_no_error():
    errors = mixture_errors(np.full(4, 0.5), np.full(4, 0.5), np.ones(4, dtype=bool), 3)
    assert errors.mean() == pytest.approx(0.25)
    both = Errors(errors.sums + np.array([1.0, 0.0]), errors.counts + np.array([2, 0]))
    assert both.mean() == pytest.approx((0.5 + 0.25) / 2)


def test_share_grows_with_evidence_and_the_grid_has_both_ends():
    assert share(10, 10.0) == 0.5 and share(30, 10.0) == 0.75
    assert share(5, GRID[0]) == 1 and share(5, GRID[-1]) == 0
    assert share(0.0, GRID[0]) == 0  # the population knows it all


def test_evidence_is_the_populations_error_on_as_many_windows_as_the_rarer_class_has():
    ictal = np.array([True, False, False, False])
    assert evidence(np.array([0.0, 0.0, 0.0, 0.0]), ictal) == 0.5
    assert evidence(np.array([1.0, 0.5, 0.5, 0.5]), ictal) == 0.125
    assert evidence(np.array([0.0, 0.0, 0.0, 0.0] * 3), np.tile(ictal, 3)) == 1.5


def test_of_equal_losses_the_middle_one_is_chosen():
    losses = np.ones(len(GRID))
    losses[[3, 4, 5]] = 0
    assert best(losses) == GRID[4]
