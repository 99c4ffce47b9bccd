"""Event and sample scores against the rules worked by hand and against timescoring."""

import json
import math
from dataclasses import asdict, replace
from time import perf_counter

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.testing import assert_allclose, assert_equal
from timescoring.annotations import Annotation
from timescoring.scoring import EventScoring, SampleScoring

from skseizure.metrics import EventScores, event_scores, sample_scores
from skseizure.signals import Events, RecordInfo, Windows

# The mapping's names, in the order of timescoring's parameters.
NAMES = ("tolerance_start", "tolerance_end", "min_overlap", "max_event_duration", "min_gap")
OVERLAP = (0, 0, 0, 10**9, 0)


def events(intervals, duration=3600.0, record="0", **info):
    """One record with events at these onsets and ends."""
    times = np.asarray(intervals, dtype=float).reshape(-1, 2)
    return Events(
        times[:, 0],
        times[:, 1] - times[:, 0],
        record=record,
        recordings={record: RecordInfo(duration, **info)},
    )


def assert_same(scores, oracle):
    counts = (scores.n_reference, scores.true_positives, scores.false_positives)
    assert counts == (oracle.refTrue, oracle.tp, oracle.fp)
    for mine, theirs in (
        (scores.sensitivity, oracle.sensitivity),
        (scores.precision, oracle.precision),
        (scores.f1, oracle.f1),
        (scores.false_alarms_per_24h, oracle.fpRate),
    ):
        assert_allclose(mine, theirs, rtol=1e-12)


# ------------------------------------------------------------------ the rules, by hand


@pytest.mark.parametrize(
    ("reference", "hypothesis", "counts"),
    [
        # An alarm that ends 29 s before the onset is within the tolerance, at 30 s it is not.
        ([(500, 550)], [(461, 471)], (1, 1, 0)),
        ([(500, 550)], [(460, 470)], (1, 0, 1)),
        # One that begins 59 s after the end is, at 60 s it is not.
        ([(500, 550)], [(609, 619)], (1, 1, 0)),
        ([(500, 550)], [(610, 620)], (1, 0, 1)),
        # Events 89 s apart are one, 90 s apart are two.
        ([(500, 550), (639, 650)], [], (1, 0, 0)),
        ([(500, 550), (640, 650)], [], (2, 0, 0)),
        ([], [(500, 550), (639, 650)], (0, 0, 1)),
        ([], [(500, 550), (640, 650)], (0, 0, 2)),
        # 300 s stay whole, 700 s are three events: 300, 300 and 100 s.
        ([(500, 800)], [], (1, 0, 0)),
        ([(500, 1200)], [], (3, 0, 0)),
        ([], [(500, 1200)], (0, 0, 3)),
        # Merging comes first: two events of 200 s, 50 s apart, are 450 s, hence 300 and 150 s.
        ([(500, 700), (750, 950)], [], (2, 0, 0)),
        # An alarm in the first piece lies within the second one's tolerance from 30 s before it.
        ([(500, 1000)], [(760, 765)], (2, 1, 0)),
        ([(500, 1000)], [(769, 771)], (2, 2, 0)),
        # A long alarm is cut too, and its second piece touches nothing.
        ([(500, 550)], [(520, 1020)], (1, 1, 1)),
        # Nothing at all.
        ([], [], (0, 0, 0)),
        # The tolerance ends with the record.
        ([(10, 20)], [(0, 5)], (1, 1, 0)),
        ([(3580, 3600)], [(3590, 3600)], (1, 1, 0)),
    ],
)
def test_szcore_rules_by_hand(reference, hypothesis, counts):
    scores = event_scores(events(reference), events(hypothesis))
    assert (scores.n_reference, scores.true_positives, scores.false_positives) == counts
    assert scores.rules == "szcore"
    assert scores.false_alarms_per_24h == 24 * counts[2]


@pytest.mark.parametrize(
    ("reference", "hypothesis", "counts"),
    [
        ([(500, 550)], [(540, 600)], (1, 1, 0)),
        ([(500, 550)], [(550, 600)], (1, 0, 1)),
        ([(500, 550), (551, 560)], [(500, 560)], (2, 2, 0)),
        ([(500, 550)], [(500, 510), (520, 530), (551, 560)], (1, 1, 1)),
        ([(500, 1200)], [(500, 1200)], (1, 1, 0)),
        ([(500, 550), (540, 600)], [(590, 591)], (1, 1, 0)),
    ],
)
def test_overlap_rules_by_hand(reference, hypothesis, counts):
    scores = event_scores(events(reference), events(hypothesis), rules="overlap")
    assert (scores.n_reference, scores.true_positives, scores.false_positives) == counts
    assert scores.rules == "overlap"


def test_scores_follow_from_the_counts():
    scores = event_scores(
        events([(500, 550), (1000, 1050), (2000, 2050)], observed=1800.0),
        events([(505, 550), (2020, 2050), (3000, 3050)]),
    )
    assert scores == EventScores(
        rules="szcore",
        sensitivity=2 / 3,
        precision=2 / 3,
        f1=2 / 3,
        false_alarms_per_24h=48.0,
        median_latency=12.5,
        n_reference=3,
        true_positives=2,
        false_positives=1,
        hours=0.5,
    )
    assert str(scores) == (
        "events by szcore rules: sensitivity 0.667, precision 0.667, F1 0.667, "
        "48.00 false alarms per 24 h, median latency 12.5 s "
        "(2 of 3 events found, false alarms: 1, 0.50 h)"
    )


@pytest.mark.parametrize(
    ("reference", "hypothesis", "rules", "latency"),
    [
        ([(500, 550)], [(510, 520), (540, 600)], "szcore", 10),
        ([(500, 550)], [(600, 610)], "szcore", 100),
        # On before the onset: no negative latency.
        ([(500, 550)], [(480, 520)], "szcore", 0),
        # One long seizure in three pieces has one latency.
        ([(500, 1200), (2000, 2050)], [(540, 1200), (2004, 2010)], "szcore", 22),
        ([(500, 1200)], [(850, 1200)], "szcore", 350),
        # An alarm out of reach, and too far to be merged, is not the first one.
        ([(500, 550)], [(380, 390), (520, 530)], "szcore", 20),
        ([(500, 550)], [(480, 490), (530, 540)], "overlap", 30),
        # Too short for the grid of 0.1 s, the first alarm finds nothing.
        ([(500, 550)], [(510.01, 510.03), (520, 530)], "overlap", 20),
        ([(500, 550)], [(700, 710)], "szcore", np.nan),
    ],
)
def test_latency_by_hand(reference, hypothesis, rules, latency):
    scores = event_scores(events(reference), events(hypothesis), rules=rules)
    assert_equal(scores.median_latency, float(latency))


def test_what_is_undefined_is_nan():
    nothing = event_scores(events([]), events([]))
    assert all(
        math.isnan(v)
        for v in (nothing.sensitivity, nothing.precision, nothing.f1, nothing.median_latency)
    )
    assert nothing.false_alarms_per_24h == 0
    missed = event_scores(events([(500, 550)]), events([]))
    assert (missed.sensitivity, missed.f1) == (0, 0) and math.isnan(missed.precision)
    false = event_scores(events([]), events([(500, 550)]))
    assert (false.precision, false.f1) == (0, 0) and math.isnan(false.sensitivity)


# ------------------------------------------------------------------ against timescoring


def test_random_masks_equal_timescoring():
    rng = np.random.default_rng(0)
    n_alarms = 0
    for _ in range(1000):
        fs = int(rng.choice([1, 2, 10], p=[0.8, 0.1, 0.1]))
        n = int(rng.integers(1, 3000)) * fs
        sides = []
        for _ in range(2):
            borders = np.sort(
                rng.choice(n + 1, size=min(n + 1, 2 * rng.integers(0, 9)), replace=False)
            )
            mask = (np.searchsorted(borders, np.arange(n), side="right") % 2).astype(bool)
            sides.append(mask ^ bool(rng.random() < 0.1))
        X = Windows(np.zeros((n, 1, 1)), sfreq=fs)
        ref, hyp = (Annotation(mask, fs) for mask in sides)
        assert_same(event_scores(*sides, windows=X), EventScoring(ref, hyp))
        assert_same(sample_scores(*sides, windows=X), SampleScoring(ref, hyp))
        n_alarms += len(hyp.events)
    assert n_alarms > 2000


def random_events(rng, duration, decimals=None):
    """Disjoint events at random seconds, some of them touching or shorter than the grid."""
    borders = np.sort(rng.uniform(0, duration, size=2 * rng.integers(0, 12)))
    if decimals is not None:
        borders = np.unique(np.round(borders, decimals))
        borders = borders[: len(borders) // 2 * 2]
    return borders.reshape(-1, 2)


@pytest.mark.parametrize("decimals", [None, 2, 1, 0])
@pytest.mark.parametrize("parameters", [None, OVERLAP, (5, 10, 0.5, 40, 20), (0, 0, 0.1, 2.5, 3)])
def test_random_events_equal_timescoring(decimals, parameters):
    rng = np.random.default_rng(0)
    rules, param = "szcore", EventScoring.Parameters()
    if parameters is not None:
        param = EventScoring.Parameters(*parameters)
        rules = dict(zip(NAMES, parameters, strict=True))
    for _ in range(250 if parameters is None else 60):
        duration = float(rng.choice([60, 900, 7200])) + rng.integers(0, 10) / 10
        ref, hyp = (random_events(rng, duration, decimals) for _ in range(2))
        theirs = [
            Annotation([(float(a), float(b)) for a, b in side], 10, round(duration * 10))
            for side in (ref, hyp)
        ]
        mine = events(ref, duration), events(hyp, duration)
        scores = event_scores(*mine, rules=rules)
        with np.errstate(invalid="ignore"):  # a piece may be empty
            assert_same(scores, EventScoring(*theirs, param))
        if parameters == OVERLAP:
            assert_equal(
                asdict(event_scores(*mine, rules="overlap")),
                asdict(replace(scores, rules="overlap")),
            )
        if parameters is None and duration.is_integer():
            assert_same(sample_scores(*mine), SampleScoring(*theirs))


@pytest.mark.parametrize(
    ("duration", "reference", "hypothesis", "parameters", "n_found"),
    [
        # Exactly the minimum share is not enough, though 0.9 > 0.3 * 3.0 in floating point.
        (60.0, (0.0, 3.0), (0.0, 0.9), (0, 0, 0.3, 300, 0), 0),
        # The record of 60.04 s ends at 60.0 s: 5.1 of 10 s are covered, not of 10.04 s.
        (60.04, (50.0, 60.04), (50.0, 55.1), (0, 0, 0.509, 300, 0), 1),
    ],
)
def test_fine_print_equals_timescoring(duration, reference, hypothesis, parameters, n_found):
    scores = event_scores(
        events([reference], duration),
        events([hypothesis], duration),
        rules=dict(zip(NAMES, parameters, strict=True)),
    )
    theirs = (Annotation([side], 10, 600) for side in (reference, hypothesis))
    assert_same(scores, EventScoring(*theirs, EventScoring.Parameters(*parameters)))
    assert scores.true_positives == n_found


def test_overlapping_events_count_as_their_union():
    rng = np.random.default_rng(1)
    for _ in range(100):
        onset = np.sort(rng.uniform(0, 2900, size=(2, 8)), axis=1).round(1)
        length = rng.uniform(1, 400, size=(2, 8)).round(1)
        masks = np.zeros((2, 36000), dtype=bool)
        for side in range(2):
            for start, duration in zip(onset[side], length[side], strict=True):
                masks[side, round(start * 10) : round((start + duration) * 10)] = True
        mine = [Events(a, b, recordings={"0": 3600.0}) for a, b in zip(onset, length, strict=True)]
        theirs = [Annotation(mask, 10) for mask in masks]
        assert_same(event_scores(*mine), EventScoring(*theirs))


def test_pairs_of_experts_equal_timescoring(data_path):
    file = data_path / "scoring_vectors" / "helsinki_rater_pairs_timescoring.json"
    cases = json.loads(file.read_text())["cases"]
    assert len(cases) == 120
    keys = ("refTrue", "tp", "fp", "sensitivity", "precision", "f1", "fpRate")
    for case in cases:
        sides = [events(case[side], case["duration_s"]) for side in ("ref", "hyp")]
        for scores, name in (
            (event_scores(*sides), "event_szcore"),
            (sample_scores(*sides), "sample_fs1"),
        ):
            mine = [
                scores.n_reference,
                scores.true_positives,
                scores.false_positives,
                scores.sensitivity,
                scores.precision,
                scores.f1,
                scores.false_alarms_per_24h,
            ]
            theirs = [math.nan if case[name][key] is None else case[name][key] for key in keys]
            assert_allclose(mine, theirs, rtol=1e-12)


def test_two_days_take_milliseconds():
    rng = np.random.default_rng(0)
    borders = np.sort(rng.choice(172800, size=2000, replace=False)).reshape(-1, 2)
    sides = events(borders[::20], 172800.0), events(borders, 172800.0)
    times = []
    for _ in range(5):
        start = perf_counter()
        event_scores(*sides)
        times.append(perf_counter() - start)
    assert min(times) < 0.05


# ------------------------------------------------------------------ records and patients


def several(intervals, patients=None, **kwargs):
    """Events of one record an hour long for each list of intervals."""
    parts = [
        events(times, record=f"r{i}", patient=None if patients is None else patients[i], **kwargs)
        for i, times in enumerate(intervals)
    ]
    return Events.concatenate(parts)


def test_counts_are_pooled_before_ratios_are_taken():
    truth = several([[(500, 550)], [(500, 550), (1000, 1050), (2000, 2050)], []])
    found = several([[(500, 550)], [(500, 550), (3000, 3050)], [(100, 110)]])
    scores = event_scores(truth, found)
    each = event_scores(truth, found, by="record")
    assert list(each) == ["r0", "r1", "r2"]
    assert scores.sensitivity == 2 / 4 and scores.precision == 2 / 4
    assert np.nanmean([s.sensitivity for s in each.values()]) == pytest.approx((1 + 1 / 3) / 2)
    assert scores.false_alarms_per_24h == pytest.approx(2 / 3 * 24)
    assert scores.hours == 3
    assert [s.false_positives for s in each.values()] == [0, 1, 1]


def test_scores_by_patient():
    patients = ["p", "q", "p"]
    truth = several([[(500, 550)], [(500, 550)], []], patients)
    found = several([[(510, 550)], [], [(100, 110)]], patients)
    scores = event_scores(truth, found, by="patient")
    assert list(scores) == ["p", "q"]
    assert scores["p"] == event_scores(truth.select(["r0", "r2"]), found.select(["r0", "r2"]))
    assert scores["q"].sensitivity == 0 and scores["q"].hours == 1
    # Either side may know the patient.
    bare = several([[(500, 550)], [(500, 550)], []])
    assert_equal(
        {k: asdict(v) for k, v in event_scores(bare, found, by="patient").items()},
        {k: asdict(v) for k, v in scores.items()},
    )
    assert list(sample_scores(truth, found, by="patient")) == ["p", "q"]
    with pytest.raises(ValueError, match="patient of record 'r0' is not known"):
        event_scores(bare, bare, by="patient")
    other = several([[], [], []], ["x", "q", "p"])
    with pytest.raises(ValueError, match="'p' in the reference and 'x' in the hypothesis"):
        event_scores(truth, other, by="patient")


def test_labels_of_windows_are_scored_in_their_records(toy):
    X, y, truth = toy
    scores = event_scores(truth, y, windows=X)
    assert scores.sensitivity == scores.precision == 1
    assert event_scores(y, y, windows=X).hours == pytest.approx(4 / 60)
    assert event_scores(y.astype(bool), y.astype(float), windows=X).f1 == 1
    assert list(event_scores(y, y, windows=X, by="patient")) == ["p0", "p1"]
    as_events = X.to_events(y)
    assert event_scores(as_events, 0 * y, windows=X, by="record").keys() == truth.recordings.keys()


@pytest.mark.parametrize(
    ("negative", "positive", "pos_label"),
    [("bckg", "seiz", None), ("interictal", "ictal", None), (-1, 1, None), (2, 1, 1)],
)
@pytest.mark.parametrize("score", [event_scores, sample_scores])
def test_labels_of_any_two_classes(score, negative, positive, pos_label, toy):
    """Whatever they sort as, and whatever a side or a record holds of them."""
    X, y, events = toy
    named = np.where(y, positive, negative)
    silent = np.full(len(y), negative)
    for reference, hypothesis in ((y, y), (0 * y, y), (y, 0 * y)):
        given = [named if side.any() else silent for side in (reference, hypothesis)]
        found = score(*given, windows=X, pos_label=pos_label)
        assert found.true_positives == score(reference, hypothesis, windows=X).true_positives
        assert found.false_positives == score(reference, hypothesis, windows=X).false_positives
    mixed = score(events, named, windows=X, pos_label=pos_label)
    assert mixed.true_positives == score(events, y, windows=X).true_positives


def test_a_record_without_seizures_of_labels_one_and_two():
    """With 1 = background a silent detector has no false alarm, whichever record it is."""
    X = Windows(np.zeros((600, 4)), sfreq=4)
    silent = np.ones(600, dtype=int)
    scores = event_scores(silent, silent, windows=X, pos_label=2)
    assert (scores.n_reference, scores.true_positives, scores.false_positives) == (0, 0, 0)


def test_rates_are_over_the_observed_time():
    # Two stretches of 100 s from a record of 1000 s.
    X = Windows(np.zeros((200, 1)), sfreq=1, onset=np.r_[0:100, 900:1000].astype(float))
    scores = event_scores(np.zeros(200), np.arange(200) < 10, windows=X)
    assert scores.hours == pytest.approx(200 / 3600)
    assert scores.false_alarms_per_24h == pytest.approx(24 * 3600 / 200)


# ------------------------------------------------------------------ properties

bits = st.lists(st.booleans(), min_size=1, max_size=400)


@settings(max_examples=60, deadline=None)
@given(truth=bits, seed=st.integers(0, 99), n_records=st.integers(1, 4))
def test_order_of_windows_does_not_matter(truth, seed, n_records):
    rng = np.random.default_rng(seed)
    n = len(truth)
    X = Windows(
        np.zeros((n, 2)), sfreq=1, step=5.0, record=np.arange(n) * n_records // n, patient="p"
    )
    y, found, order = np.array(truth), rng.random(n) < 0.2, rng.permutation(n)
    for score in (event_scores, sample_scores):
        straight = score(y, found, windows=X, by="record")
        shuffled = score(y[order], found[order], windows=X[order], by="record")
        assert_equal(
            {k: asdict(v) for k, v in straight.items()}, {k: asdict(v) for k, v in shuffled.items()}
        )


@settings(max_examples=60, deadline=None)
@given(truth=bits, rules=st.sampled_from(["szcore", "overlap"]))
def test_perfect_detection_is_perfect(truth, rules):
    X = Windows(np.zeros((len(truth), 20)), sfreq=1)
    scores = event_scores(truth, truth, windows=X, rules=rules)
    best = 1.0 if any(truth) else np.nan
    assert_equal([scores.sensitivity, scores.precision, scores.f1], [best] * 3)
    assert_equal(scores.median_latency, 0.0 if any(truth) else np.nan)
    assert scores.false_positives == 0


@settings(max_examples=60, deadline=None)
@given(truth=bits, found=st.randoms(use_true_random=False))
def test_a_quiet_record_adds_its_hours_alone(truth, found):
    n = len(truth)
    X = Windows(np.zeros((n, 20)), sfreq=1)
    quiet = Windows(np.zeros((180, 20)), sfreq=1, record="quiet")
    hypothesis = np.array([found.random() < 0.1 for _ in range(n)])
    alone = event_scores(truth, hypothesis, windows=X)
    both = event_scores(
        np.r_[truth, np.zeros(180)],
        np.r_[hypothesis, np.zeros(180)],
        windows=Windows.concatenate([X, quiet]),
    )
    assert both.hours == pytest.approx(alone.hours + 1)
    assert both.false_alarms_per_24h == pytest.approx(
        alone.false_alarms_per_24h * alone.hours / both.hours
    )
    same = dict(hours=0.0, false_alarms_per_24h=0.0)
    assert_equal(asdict(replace(both, **same)), asdict(replace(alone, **same)))


# ------------------------------------------------------------------ rules and refusals


def test_rules_are_named_in_the_result():
    sides = events([(500, 550)]), events([(470, 480)])
    assert event_scores(*sides, rules={"min_gap": 90}).rules == "szcore"
    scores = event_scores(*sides, rules={"tolerance_start": 10, "min_overlap": 0.25})
    assert scores.rules == "szcore with tolerance_start=10, min_overlap=0.25"
    assert scores.true_positives == 0
    assert sample_scores(*sides, sfreq=2).rules == "samples at 2 Hz"


def test_sample_scores_by_hand():
    scores = sample_scores(events([(100, 140)]), events([(110.4, 150), (200, 210.5)]))
    assert (scores.n_reference, scores.true_positives, scores.false_positives) == (40, 30, 20)
    assert (scores.sensitivity, scores.precision) == (0.75, 0.6)
    assert scores.f1 == pytest.approx(60 / 90)
    assert scores.false_alarms_per_24h == 480
    assert "30 of 40 samples found, 20 false, 1.00 h" in str(scores)


ONE = events([(500, 550)])
X3 = Windows(np.zeros((3, 4)), sfreq=4)


@pytest.mark.parametrize(
    ("args", "kwargs", "error", "message"),
    [
        ((ONE, ONE), dict(rules="any"), ValueError, "rules is 'any'; one of 'szcore', 'overlap'"),
        ((ONE, ONE), dict(rules={"gap": 1}), ValueError, "rules has 'gap'; its parameters are tol"),
        ((ONE, ONE), dict(rules={"min_gap": -1}), ValueError, "min_gap=-1; 0 s or more"),
        ((ONE, ONE), dict(rules={"min_overlap": 2}), ValueError, r"min_overlap=2; a share in \[0"),
        (
            (ONE, ONE),
            dict(rules={"max_event_duration": 0}),
            ValueError,
            "max_event_duration=0; 0.1",
        ),
        ((ONE, ONE), dict(by="hour"), ValueError, "by is 'hour'; None, 'record' or 'patient'"),
        ((ONE, ONE), dict(windows=X3), ValueError, "windows goes with labels, but"),
        ((ONE, [0, 1, 0]), {}, ValueError, "hypothesis is a list of labels, .* as windows="),
        (([0, 1, 0], ONE), {}, ValueError, "reference is a list of labels"),
        (([0, 1], [0, 1]), dict(windows=np.zeros((2, 4))), TypeError, "windows is a ndarray"),
        (([0, 1], [0, 1, 0]), dict(windows=X3), ValueError, r"reference has shape \(2,\); one lab"),
        (
            ([1, 2, 1], [1, 2, 1]),
            dict(windows=X3),
            ValueError,
            r"reference and hypothesis: the classes \[1, 2\] do not tell .* pass pos_label=1 or",
        ),
        (
            ([0, 1, 0], list("abb")),
            dict(windows=X3),
            ValueError,
            r"labels are \[0, 1, 'a', 'b'\]; all",
        ),
        (([0, 1, 0], [0, np.nan, 0]), dict(windows=X3), ValueError, "hypothesis contains NaN"),
        (([1] * 3, [1] * 3), dict(windows=X3), ValueError, "the class 1 alone does not tell"),
        (([0, 1, 0],) * 2, dict(windows=X3, pos_label=2), ValueError, "pos_label=2 is not a valid"),
        ((ONE, ONE), dict(pos_label=1), ValueError, "pos_label goes with labels, but"),
        ((ONE, events([], record="b")), {}, ValueError, "hypothesis does not hold the record '0'"),
        ((several([[]]), several([[], []])), {}, ValueError, "reference does not hold the rec"),
        ((Events([], [], recordings={}),) * 2, {}, ValueError, "hold 0 records"),
        ((ONE, events([(3700, 3800)])), {}, ValueError, "hypothesis has an event from 3700 to"),
        ((events([(-20, -10)]), ONE), {}, ValueError, "reference has an event from -20 to -10"),
    ],
)
def test_bad_input_is_refused(args, kwargs, error, message):
    with pytest.raises(error, match=message):
        event_scores(*args, **kwargs)


@pytest.mark.parametrize("sfreq", [0, -1, np.nan, np.inf])
def test_sample_scores_need_a_rate(sfreq):
    with pytest.raises(ValueError, match=r"sfreq is .*; a rate above 0 Hz"):
        sample_scores(ONE, ONE, sfreq=sfreq)


def test_events_are_cut_at_the_borders_of_the_record():
    scores = event_scores(events([(-10, 20)]), events([(3590, 4400)]))
    assert (scores.n_reference, scores.false_positives) == (1, 1)
    assert sample_scores(events([(-10, 20)]), events([(3590, 4400)])).n_reference == 20
