"""The generator of recordings: what was promised about its signals can be measured on them."""

from dataclasses import replace

import numpy as np
import pytest
import scipy.signal
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.stats import spearmanr
from sklearn.linear_model import LogisticRegression
from sklearn.metrics import roc_auc_score
from sklearn.model_selection import LeaveOneGroupOut, cross_val_predict
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

from skseizure.datasets import make_recordings
from skseizure.datasets._signal_model import DISTANCE, ELECTRODES, BrainModel, background, seizure
from skseizure.datasets._synthetic import GAP, QUOTA, SHORTEST, _seizure_times
from skseizure.signals import Windows, to_bipolar


@pytest.fixture
def model(rng):
    return BrainModel.draw(rng)


@pytest.fixture(scope="module")
def generated():
    return make_recordings(4, 2, 120.0, sfreq=128, ictal_fraction=0.15, random_state=0)


def test_layout(generated):
    recordings, events = generated
    assert [r.record for r in recordings][:3] == ["p01_r01", "p01_r02", "p02_r01"]
    assert [r.patient for r in recordings] == [f"p{p:02d}" for p in (1, 1, 2, 2, 3, 3, 4, 4)]
    assert all(r.data.shape == (18, 120 * 128) and r.data.dtype == np.float32 for r in recordings)
    assert list(events.recordings) == [r.record for r in recordings]
    assert {info.patient for info in events.recordings.values()} == {"p01", "p02", "p03", "p04"}
    assert all(np.isfinite(r.data).all() for r in recordings)
    assert 10 < np.median([r.data.std() for r in recordings]) < 80  # microvolts, as in scalp EEG


def test_channels_are_the_double_banana(generated):
    recording = generated[0][0]
    again = to_bipolar(recording)
    assert again.ch_names == recording.ch_names
    assert np.array_equal(again.data, recording.data)


def test_fewer_channels_are_the_first(generated):
    few, events = make_recordings(
        1, 1, 120.0, n_channels=5, sfreq=128, ictal_fraction=0.15, random_state=0
    )
    assert few[0].ch_names == generated[0][0].ch_names[:5]
    assert np.array_equal(few[0].data, generated[0][0].data[:5])
    assert np.array_equal(events.onset, generated[1].select(["p01_r01"]).onset)


def test_a_record_does_not_depend_on_those_after_it(generated):
    more, events = make_recordings(5, 3, 120.0, sfreq=128, ictal_fraction=0.15, random_state=0)
    by_name = {r.record: r for r in more}
    for recording in generated[0]:
        assert np.array_equal(by_name[recording.record].data, recording.data)
    assert events.select(generated[1].recordings) == generated[1]


def test_seeds():
    args = {"n_patients": 1, "n_records": 1, "duration": 60, "ictal_fraction": 0.3, "sfreq": 64}
    one, two = (make_recordings(random_state=s, **args)[0][0].data for s in (1, 1))
    other = make_recordings(random_state=2, **args)[0][0].data
    state = make_recordings(random_state=np.random.RandomState(1), **args)[0][0].data
    assert np.array_equal(one, two) and np.array_equal(one, state)
    assert abs(np.corrcoef(one.ravel(), other.ravel())[0, 1]) < 0.1


@settings(max_examples=200, deadline=None)
@given(
    seed=st.integers(0, 2**32),
    n_records=st.integers(1, 12),
    duration=st.floats(60, 7200),
    fraction=st.floats(0, 0.5),
)
def test_seizure_times(seed, n_records, duration, fraction):
    plan = _seizure_times(np.random.default_rng(seed), n_records + 2, duration, fraction)
    shorter = _seizure_times(np.random.default_rng(seed), n_records, duration, fraction)
    assert all(np.array_equal(a, b) for a, b in zip(plan, shorter, strict=False))
    given_so_far = 0.0
    for r, times in enumerate(plan):
        assert np.all(times[:, 1] - times[:, 0] >= SHORTEST - 0.011)
        borders = np.concatenate([[0.0], times.ravel(), [duration]])
        assert np.all(borders[1::2] - borders[0::2] >= GAP - 0.011)
        given_so_far += np.sum(times[:, 1] - times[:, 0])
        assert abs(given_so_far - fraction * duration * (r + 1)) <= QUOTA / 2 + 1e-6


@pytest.mark.parametrize("fraction", [0.1, 0.3])
def test_imbalance(fraction):
    recordings, events = make_recordings(
        8, 5, 60.0, n_channels=1, sfreq=64, ictal_fraction=fraction, random_state=0
    )
    X = Windows.concatenate([Windows.from_recording(r, window=1) for r in recordings])
    assert events.duration.sum() / (8 * 5 * 60) == pytest.approx(fraction, rel=0.15)
    assert X.labels(events).mean() == pytest.approx(fraction, rel=0.15)
    assert {events.recordings[r].patient for r in events.record} == set(X.patient)


def test_no_seizures():
    _, events = make_recordings(1, 2, 60, sfreq=64, ictal_fraction=0, random_state=0)
    assert len(events) == 0 and list(events.recordings) == ["p01_r01", "p01_r02"]


@pytest.mark.parametrize("exponent", [0.8, 1.0, 1.3])
def test_background_falls_as_one_over_f(rng, model, exponent):
    signal = background(rng, replace(model, exponent=exponent, alpha_amplitude=0), 600 * 128, 128)
    hz, power = scipy.signal.welch(signal, 128, nperseg=1024)
    band = (hz >= 1) & (hz <= 8)
    slope = np.polyfit(np.log(hz[band]), np.log(power[:, band].mean(axis=0)), 1)[0]
    assert slope == pytest.approx(-exponent, abs=0.15)


def test_background_level_and_correlation(rng, model):
    signal = background(rng, replace(model, alpha_amplitude=0), 600 * 128, 128)
    assert signal.std(axis=1) == pytest.approx(np.full(19, model.amplitude), rel=0.15)
    expected = np.exp(-((DISTANCE / 0.7) ** 2))
    assert np.abs(np.corrcoef(signal) - expected).max() < 0.1


def test_alpha_is_posterior_and_at_its_frequency(rng, model):
    signal = background(rng, replace(model, alpha_hz=10.0, alpha_amplitude=40.0), 300 * 128, 128)
    hz, power = scipy.signal.welch(signal, 128, nperseg=512)
    band = (hz > 6) & (hz < 14)
    posterior, frontal = (power[ELECTRODES.index(name)] for name in ("O1", "FP1"))
    assert hz[band][posterior[band].argmax()] == pytest.approx(10.0, abs=0.5)
    assert posterior[hz == 10] > 10 * frontal[hz == 10]


def test_seizure_slows_down_and_grows(rng, model):
    model = replace(model, first_hz=12.0, last_hz=3.0)
    wave = seizure(rng, model, 40 * 128, 128)[model.focus]
    hz, times, power = scipy.signal.spectrogram(wave, 128, nperseg=512, noverlap=256)
    course = hz[power.argmax(axis=0)]
    expected = 12.0 * (3.0 / 12.0) ** (times / 40)
    assert np.all(np.abs(course / expected - 1) < 0.3)
    assert spearmanr(times, course).statistic < -0.9
    assert np.std(wave[-15 * 128 : -5 * 128]) > 1.5 * np.std(wave[: 10 * 128])


def test_seizure_spreads_from_its_focus(rng, model):
    wave = np.abs(seizure(rng, replace(model, spread=0.6), 60 * 128, 128))
    start = (wave > 0).argmax(axis=1) / 128
    assert start[model.focus] < 0.1
    distance = DISTANCE[model.focus]
    assert start == pytest.approx(0.6 * 60 * distance / DISTANCE.max(), abs=0.1)


def test_seizures_in_the_recordings_slow_down(generated):
    # On the recordings themselves: background, artefacts and bipolar derivation included.
    recordings, events = generated
    by_name = {r.record: r for r in recordings}

    def fast_over_slow(record, channels, start, end):
        recording = by_name[record]
        rows = [recording.ch_names.index(c) for c in channels.split(",")]
        part = recording.data[rows, round(start * 128) : round(end * 128)]
        hz, power = scipy.signal.welch(part, 128, nperseg=256)
        fast, slow = (hz >= 7) & (hz <= 15), (hz >= 2) & (hz <= 5)
        return np.log(power[:, fast].sum() / power[:, slow].sum())

    change = []
    for record, channels, onset, end in zip(
        events.record, events.channels, events.onset, events.offset, strict=True
    ):
        third = (end - onset) / 3
        early = fast_over_slow(record, channels, onset, onset + third)
        change.append(fast_over_slow(record, channels, end - third, end) - early)
    assert len(change) >= 6 and np.mean(change) < -0.5 and np.mean(np.less(change, 0)) > 0.8


def test_artefacts_lie_outside_seizures_too():
    args = {"n_patients": 1, "n_records": 1, "duration": 300, "ictal_fraction": 0}
    clean = make_recordings(**args, artefact_rate=0, random_state=0)[0][0].data
    dirty = make_recordings(**args, random_state=0)[0][0].data
    added = dirty - clean
    assert np.abs(added).max() > 60  # a blink
    hz, power = scipy.signal.welch(added, 256, nperseg=256)
    temporal = power[[1, 13]][:, (hz > 30) & (hz < 90)].mean()  # F7-T7, F8-T8
    assert temporal > 5 * power[17][(hz > 30) & (hz < 90)].mean()  # muscle spares CZ-PZ


def test_patients_differ():
    recordings, _ = make_recordings(6, 1, 120, ictal_fraction=0.2, sfreq=128, random_state=0)
    level = [np.log(np.median(np.abs(r.data))) for r in recordings]
    halves = [np.log(np.median(np.abs(r.data[:, : 60 * 128]))) for r in recordings]
    assert np.std(level) > 2 * np.std(np.subtract(level, halves))


def test_learnable_across_patients_but_not_by_line_length_alone():
    recordings, events = make_recordings(4, 3, 120.0, sfreq=128, ictal_fraction=0.1, random_state=1)
    X = Windows.concatenate([Windows.from_recording(r, window=4) for r in recordings])
    y = X.labels(events)
    hz, power = scipy.signal.welch(X.data, 128, nperseg=256)
    bands = [(0.5, 4), (4, 8), (8, 13), (13, 30), (30, 60)]
    log_power = np.log([power[..., (hz >= a) & (hz < b)].sum(axis=-1) for a, b in bands])
    features = np.vstack([log_power.mean(axis=2), log_power.max(axis=2)]).T
    proba = cross_val_predict(
        make_pipeline(StandardScaler(), LogisticRegression(class_weight="balanced")),
        features,
        y,
        groups=X.patient,
        cv=LeaveOneGroupOut(),
        method="predict_proba",
    )[:, 1]
    line_length = np.abs(np.diff(X.data)).sum(axis=2).mean(axis=1)

    def auc(score):
        patients = [X.patient == p for p in np.unique(X.patient)]
        return np.mean([roc_auc_score(y[mine], score[mine]) for mine in patients])

    assert auc(proba) > 0.85
    assert 0.55 < auc(line_length) < auc(proba) - 0.03


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"n_patients": 0}, "n_patients is 0; at least 1 is needed"),
        ({"n_records": 0}, "n_records is 0; at least 1 is needed"),
        ({"duration": 59}, "duration is 59; at least 60 is needed"),
        ({"duration": float("nan")}, "duration is nan; at least 60"),
        ({"duration": float("inf")}, "duration is inf; at least 60"),
        ({"n_channels": 19}, "n_channels is 19; at least 1 and at most 18"),
        ({"sfreq": 50}, "sfreq is 50; at least 64"),
        ({"ictal_fraction": 0.6}, "ictal_fraction is 0.6; at least 0 and at most 0.5"),
        ({"artefact_rate": -1}, "artefact_rate is -1; at least 0"),
        ({"ictal_fraction": 0.01}, "is 9 s a patient; at least 15 s are needed"),
    ],
)
def test_bad_parameters(change, message):
    with pytest.raises(ValueError, match=message):
        make_recordings(**change)
