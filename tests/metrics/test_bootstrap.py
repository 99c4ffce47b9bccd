"""Intervals by resampling patients, against scipy, hand counts and plain loops."""

import itertools
import warnings

import numpy as np
import pytest
from numpy.testing import assert_allclose, assert_equal
from scipy import stats
from sklearn.metrics import roc_auc_score

from skseizure.metrics import (
    bootstrap_scores,
    event_scores,
    sample_scores,
    sensitivity_score,
    specificity_score,
)
from skseizure.metrics._bootstrap import _Study
from skseizure.metrics._count_intervals import count_interval
from skseizure.metrics._record_counts import RecordCounts
from skseizure.metrics._resampling import (
    Units,
    exchanges,
    make_generator,
    make_units,
    weighted_medians,
)
from skseizure.signals import Events, RecordInfo, Windows

# Worked by hand, with fewer patients than an interval should rest on.
few = pytest.mark.filterwarnings("ignore:There are few")


def study(rng, n_patients, n_records=2, share=0.7):
    """Seizures of some patients, and what two detectors found."""
    recordings, truth, sides = {}, [], ([], [])
    for p in range(n_patients):
        for r in range(n_records):
            name = f"p{p}r{r}"
            recordings[name] = RecordInfo(7200.0, patient=f"p{p}")
            for onset in (1000, 3000):
                if rng.random() < 0.8:
                    truth.append((name, onset, 60))
                    for side in sides:
                        if rng.random() < share:
                            side.append((name, onset + rng.integers(0, 20), 40))
            for side in sides:
                if rng.random() < 0.4:
                    side.append((name, 6000, 30))

    def events(rows):
        record, onset, duration = zip(*rows, strict=True)
        return Events(onset, duration, record=record, recordings=recordings)

    return events(truth), events(sides[0]), events(sides[1])


def test_scores_are_those_of_event_scores_and_sample_scores(rng):
    truth, found, other = study(rng, 9)
    result = bootstrap_scores(truth, found, other=other, n_resamples=50, random_state=0)
    for scores, side in ((result.scores, found), (result.other, other)):
        events, samples = event_scores(truth, side), sample_scores(truth, side)
        names = ("sensitivity", "precision", "f1", "false_alarms_per_24h", "median_latency")
        for name in names:
            assert_allclose(scores[name].value, getattr(events, name), rtol=1e-12)
        for name in ("sensitivity", "precision", "f1"):
            assert_allclose(scores[f"sample_{name}"].value, getattr(samples, name), rtol=1e-12)
    each = event_scores(truth, found, by="patient")
    assert list(result.patients) == list(each)
    for patient, scores in each.items():
        for name in names:
            assert_equal(result.patients[patient][name].value, getattr(scores, name))
    gap = result.difference["f1"].value
    assert_allclose(gap, result["f1"].value - result.other["f1"].value)
    assert result.rules == "szcore" and len(result) == 10 and list(result) == list(result.scores)
    frame = result.to_frame()
    assert frame.loc["f1", "difference"] == gap and frame.index.name == "score"
    text = str(result)
    assert "9 patients; 95% intervals from 50 draws of patients (expanded)" in text
    assert f"difference {result.difference['f1']}" in text


@pytest.mark.parametrize("method", ["percentile", "BCa"])
def test_intervals_are_scipys(rng, method):
    truth, found, _ = study(rng, 12, 1)
    patients = list(truth.recordings)
    counts = event_scores(truth, found, by="patient").values()
    tp, n = np.array([(s.true_positives, s.n_reference) for s in counts], float).T

    def sensitivity(rows, axis=-1):
        return tp[rows].sum(axis=axis) / n[rows].sum(axis=axis)

    expected = stats.bootstrap(
        (np.arange(len(patients)),),
        sensitivity,
        n_resamples=20000,
        method=method,
        random_state=np.random.default_rng(0),
    ).confidence_interval
    result = bootstrap_scores(truth, found, method=method, n_resamples=20000, random_state=1)
    score = result["sensitivity"]
    assert_allclose((score.low, score.high), expected, atol=0.02)


def test_difference_is_paired_and_its_test_is_scipys(rng):
    truth, found, other = study(rng, 9, 1, share=0.6)
    hits = [
        np.array([s.true_positives for s in event_scores(truth, side, by="patient").values()])
        for side in (found, other)
    ]
    n = event_scores(truth, found).n_reference
    result = bootstrap_scores(truth, found, other=other, n_resamples=500, random_state=0)
    expected = stats.permutation_test(
        hits,
        lambda a, b, axis=-1: (a.sum(axis=axis) - b.sum(axis=axis)) / n,
        permutation_type="samples",
        n_resamples=np.inf,
    ).pvalue
    assert_allclose(result.difference["sensitivity"].p_value, expected)
    # The same detector twice does not differ, however much the patients do.
    same = bootstrap_scores(truth, found, other=found, n_resamples=500, random_state=0)
    for name, gap in same.difference.items():
        assert (gap.value, gap.low, gap.high, gap.p_value) == (0, 0, 0, 1), name
    assert same["sensitivity"].high > same["sensitivity"].low


def test_p_value_of_many_patients_is_one_of_random_exchanges(rng):
    truth, found, other = study(rng, 14, 1)
    one, two = (
        bootstrap_scores(truth, found, other=other, n_resamples=n, random_state=0).difference["f1"]
        for n in (400, 2**14)
    )
    assert one.p_value * 4097 == pytest.approx(round(one.p_value * 4097))
    assert one.p_value == pytest.approx(two.p_value, abs=0.03)  # the second tries all ways


def test_p_value_by_hand():
    # Five patients, all for one detector: 2 of 32 exchanges are as extreme.
    recordings = {f"r{i}": RecordInfo(3600.0, patient=f"p{i}") for i in range(5)}
    truth = Events([600] * 5, [60] * 5, record=list(recordings), recordings=recordings)
    none = Events([], [], recordings=recordings)
    with pytest.warns(UserWarning, match="There are few patients: sensitivity rests on 5"):
        result = bootstrap_scores(truth, none, other=truth, n_resamples=10, random_state=0)
    assert result.difference["sensitivity"].p_value == 1 / 16
    assert np.isnan(result["precision"].value) and np.isnan(result.difference["precision"].p_value)
    # All draws agree, but five seizures missed of five still leave the exact interval.
    exact = stats.binomtest(0, 5).proportion_ci()
    assert (result["sensitivity"].low, result["sensitivity"].high) == tuple(exact)


@few
def test_a_function_of_events_gets_the_records_drawn(rng):
    truth, found, other = study(rng, 4)

    def f1(reference, hypothesis):
        return event_scores(reference, hypothesis).f1

    options = {"other": other, "n_resamples": 16, "method": "BCa", "random_state": 0}
    for kind in ("patient", "nested"):
        slow = bootstrap_scores(truth, found, score=f1, resample=kind, **options)
        fast = bootstrap_scores(truth, found, resample=kind, **options)
        assert list(slow) == ["f1"] and slow.rules == ""
        for a, b in ((slow["f1"], fast["f1"]), (slow.difference["f1"], fast.difference["f1"])):
            assert_allclose(
                [a.value, a.low, a.high, a.p_value], [b.value, b.low, b.high, b.p_value]
            )

    seen = set()

    def mean_over_patients(reference, hypothesis):
        each = event_scores(reference, hypothesis, by="patient").values()
        seen.add(len(each))
        return np.nanmean([s.f1 for s in each])

    result = bootstrap_scores(truth, found, score=mean_over_patients, n_resamples=5, random_state=0)
    each = event_scores(truth, found, by="patient").values()
    assert result["mean_over_patients"].value == np.nanmean([s.f1 for s in each])
    assert seen == {1, 4}  # one patient, or as many as there are: one who is drawn twice is two


def test_rows_of_a_table(rng):
    groups = np.repeat([f"p{i}" for i in range(10)], 40)
    y = rng.integers(0, 2, 400)
    y[:40] = 0  # the first patient has one class, and no area under a curve
    proba = np.clip(0.4 * y + rng.random(400) * 0.6, 0, 1)
    counted = bootstrap_scores(y, proba > 0.5, groups=groups, n_resamples=100, random_state=0)
    assert counted["sample_sensitivity"].value == sensitivity_score(y, proba > 0.5)
    assert counted["sample_specificity"].value == specificity_score(y, proba > 0.5)
    assert "f1" not in counted and counted.rules == ""
    area = bootstrap_scores(
        y, proba, score=roc_auc_score, groups=groups, n_resamples=100, random_state=0
    )["roc_auc_score"]
    assert area.value == roc_auc_score(y, proba) and area.low < area.value < area.high
    # Windows know whose they are.
    X = Windows(
        np.zeros((400, 1, 1)), sfreq=1, record=groups, patient=groups, onset=np.tile(range(40), 10)
    )
    again = bootstrap_scores(
        y, proba, score=roc_auc_score, windows=X, n_resamples=100, random_state=0
    )["roc_auc_score"]
    assert again == area


@few
def test_windows_are_not_drawn_as_if_they_were_patients(rng):
    # 300 windows of each of 4 patients, all alike within one: 4 patients tell little.
    groups = np.repeat(range(4), 300)
    y = np.ones(1200, dtype=int)
    right = np.repeat([1, 1, 0, 1], 300)
    score = bootstrap_scores(y, right, groups=groups, pos_label=1, random_state=0)
    assert score["sample_sensitivity"].high - score["sample_sensitivity"].low > 0.6


def test_few_patients_are_told(rng):
    truth, found, _ = study(rng, 9)
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        bootstrap_scores(truth, found, n_resamples=10)
    quiet = [name for name in truth.recordings if name[:2] not in ("p0", "p1", "p2")]
    silent = truth[~np.isin(truth.record, quiet)]
    with pytest.warns(UserWarning, match="few patients: sensitivity rests on 3"):
        bootstrap_scores(silent, found, n_resamples=10)


def test_coverage():
    # 8 patients; sensitivity .75 and 5 alarms a day in the mean, both different in each.
    rng = np.random.default_rng(0)
    n_studies, n = 200, 8
    truth = {"sensitivity": 0.75, "false_alarms_per_24h": 5.0}
    held = dict.fromkeys(("expanded", "percentile"), 0)
    for _ in range(n_studies):
        counts = {
            "n_reference": np.full(n, 10.0),
            "true_positives": rng.binomial(10, rng.beta(3, 1, n)).astype(float),
            "false_positives": rng.poisson(rng.gamma(1, 5, n)).astype(float),
            "hours": np.full(n, 24.0),
        }
        names = [f"p{i}" for i in range(n)]
        records = RecordCounts(names, list(names), counts, None, np.empty(0, dtype=int))
        units = make_units("patient", names, names)
        weights = units.draw(300, rng)
        for method in held:
            study = _Study(units, weights, 0.95, method, rng)
            side = study.side(records)
            for name, value in truth.items():
                interval = study.interval(side, name)
                held[method] += interval.low <= value <= interval.high
    assert held["expanded"] / (2 * n_studies) > 0.91
    assert held["percentile"] / (2 * n_studies) < 0.9


def test_draws_of_records_within_patients(rng):
    unit = np.array([0, 0, 0, 1, 2, 2])
    weights = Units("nested", unit).draw(4000, np.random.default_rng(0))
    patients = np.column_stack([weights[:, unit == k].sum(axis=1) for k in range(3)])
    times = patients / np.bincount(unit)
    assert (times.sum(axis=1) == 3).all() and (times == times.round()).all()
    assert_allclose(weights.mean(axis=0), 1, atol=0.1)
    assert len(np.unique(weights[patients[:, 0] == 3][:, :3], axis=0)) == 10


def test_weighted_median_is_that_of_the_repeated_values(rng):
    values = rng.normal(size=7)
    weights = rng.integers(0, 4, size=(200, 7)).astype(float)
    weights[0] = 0
    expected = [np.median(np.repeat(values, row.astype(int))) for row in weights[1:]]
    assert_allclose(weighted_medians(values, weights)[1:], expected)
    assert np.isnan(weighted_medians(values, weights)[0])
    assert np.isnan(weighted_medians(np.empty(0), np.empty((2, 0)))).all()


def test_intervals_of_one_patient():
    counts = {"n_reference": 10, "true_positives": 7, "false_positives": 3, "hours": 48.0}
    assert count_interval("sensitivity", counts, 0.95) == tuple(
        stats.binomtest(7, 10).proportion_ci()
    )
    low, high = count_interval("false_alarms_per_24h", counts, 0.95)
    # The exact limits: as few, and as many, have probability 2.5 % at them.
    assert_allclose(stats.poisson.sf(2, 2 * low), 0.025)
    assert_allclose(stats.poisson.cdf(3, 2 * high), 0.025)
    low, high = count_interval("f1", counts, 0.95)
    assert 0.4 < low < 14 / 20 < high < 0.9
    assert count_interval("f1", counts | {"n_reference": 0, "true_positives": 0}, 0.9)[0] == 0
    nothing = dict.fromkeys(counts, 0)
    for name in ("sensitivity", "precision", "f1", "false_alarms_per_24h"):
        assert np.isnan(count_interval(name, nothing, 0.95)).all()
    assert count_interval("median_latency", counts, 0.95) is None


def test_seed_decides(rng):
    truth, found, _ = study(rng, 9)
    one, two, three = (
        bootstrap_scores(truth, found, n_resamples=40, random_state=seed) for seed in (0, 0, 1)
    )
    assert one.scores == two.scores != three.scores
    assert make_generator(np.random.RandomState(3)).random() == make_generator(3).random()


def test_bad_input_is_refused(rng):
    truth, found, _ = study(rng, 2, 1)
    for options, message in [
        ({"n_resamples": 0}, "n_resamples is 0"),
        ({"confidence_level": 1}, "confidence_level is 1;"),
        ({"method": "basic"}, "method is 'basic'; one of 'expanded'"),
        ({"resample": "window"}, "resample is 'window'; one of 'patient'"),
        ({"sfreq": 0}, "sfreq is 0"),
        ({"groups": [1, 2]}, "groups goes with labels of rows"),
        ({"score": lambda a, b: np.array([1, 2])}, "score: "),
    ]:
        with pytest.raises((ValueError, TypeError), match=message):
            bootstrap_scores(truth, found, **options)
    with pytest.raises(ValueError, match="There is 1 patient; resample='patient' needs 2"):
        bootstrap_scores(truth.select(["p0r0"]), found.select(["p0r0"]))
    nameless = Events([1], [1], recordings={"a": 60, "b": 60}, record="a")
    with pytest.raises(ValueError, match="patient of record 'a' is not known"):
        bootstrap_scores(nameless, nameless)
    with pytest.raises(ValueError, match="neither windows nor groups"):
        bootstrap_scores([0, 1], [0, 1], score=roc_auc_score)
    with pytest.raises(ValueError, match="reference has 2 rows and hypothesis 3"):
        bootstrap_scores([0, 1], [0, 1, 1], score=roc_auc_score, groups=[0, 1])
    with pytest.raises(TypeError, match="windows is a list"):
        bootstrap_scores([0, 1], [0, 1], score=roc_auc_score, windows=[1])
    X = Windows(np.zeros((2, 1, 1)), sfreq=1, record=["a", "b"], patient=["a", "b"], onset=[0, 0])
    with pytest.raises(ValueError, match="Windows know patients"):
        bootstrap_scores([0, 1], [0, 1], windows=X, groups=[0, 1])


def test_exchanges_try_every_way_once():
    ways, every = exchanges(3, 8, np.random.default_rng(0))
    assert every
    assert sorted(map(tuple, ways.tolist())) == sorted(itertools.product([False, True], repeat=3))
    ways, every = exchanges(14, 10, np.random.default_rng(0))
    assert not every and ways.shape == (10, 14)
