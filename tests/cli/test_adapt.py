"""The commands that suit a model to a site or a patient, run as their user would."""

import re
from dataclasses import replace

import edfio
import numpy as np
import pytest
from click.testing import CliRunner
from sklearn.linear_model import LogisticRegression
from sklearn.pipeline import make_pipeline

from skseizure.cli import main
from skseizure.datasets import make_recordings
from skseizure.features import BandFeatures
from skseizure.models import Model, load_model, save_model, write_model_card
from skseizure.postprocessing import PersonalizedClassifier, SeizureDetector
from skseizure.signals import SignalProfile, Windows, read_events, write_events


def run(*args, code=0):
    """Run the command line in this process."""
    result = CliRunner().invoke(main, [str(arg) for arg in args], prog_name="skseizure")
    assert result.exit_code == code, result.output
    return result.output


def write_edf(recording, path):
    """Write a recording as EDF."""
    path.parent.mkdir(exist_ok=True)
    signals = [
        edfio.EdfSignal(channel, recording.sfreq, label=name, physical_dimension="uV")
        for channel, name in zip(recording.data, recording.ch_names, strict=True)
    ]
    edfio.Edf(signals).write(path)
    return path


@pytest.fixture(scope="module")
def site(tmp_path_factory):
    """Two models of three patients with a card, and EDF files of a fourth."""
    folder = tmp_path_factory.mktemp("site")
    recordings, events = make_recordings(
        4, 2, 180, n_channels=2, sfreq=128, ictal_fraction=0.2, random_state=0
    )
    others = [r for r in recordings if r.patient != "p04"]
    X = Windows.concatenate([Windows.from_recording(r, window=4, step=2) for r in others])
    y, truth = X.labels(events), events.select([r.record for r in others])
    pipeline = make_pipeline(
        BandFeatures(["std"], {"all": (1, 30)}), LogisticRegression(class_weight="balanced")
    )
    for name, classifier in {
        "plain": pipeline,
        "personal": PersonalizedClassifier(pipeline, weight=0.4, random_state=0),
    }.items():
        detector = SeizureDetector(classifier, smoothing=4).fit(X, y)
        profile = SignalProfile.from_windows(X)
        model = Model(detector, X.sfreq, 4, 2, ch_names=X.ch_names, profile=profile)
        save_model(model, folder / f"{name}.skops")
        write_model_card(folder / f"{name}.skops", model, X, y, truth, held_out=y)
    for recording in recordings:
        if recording.patient == "p04":
            file = write_edf(recording, folder / "new" / f"{recording.record}.edf")
            write_events(events.select([recording.record]), file.with_suffix(".tsv"))
    (quiet,), _ = make_recordings(
        1, 1, 300, n_channels=2, sfreq=128, ictal_fraction=0, random_state=1
    )
    write_edf(quiet, folder / "quiet" / "night.edf")
    return folder


def test_calibrate_sets_the_threshold_that_calibrate_finds(site, tmp_path):
    out = tmp_path / "site.skops"
    told = run(
        "calibrate", site / "plain.skops", site / "quiet", "--max-false-alarms-per-day", 1000,
        "--out", out,
    )  # fmt: skip
    old, new = load_model(site / "plain.skops"), load_model(out)
    X = old.windows(old.read(site / "quiet" / "night.edf"), quality=True)
    expected = old.estimator.calibrate(X, max_false_alarms_per_24h=1000, by=None)
    assert new.estimator.threshold == expected.threshold != old.estimator.threshold
    assert not hasattr(new.estimator, "patient_thresholds_")
    assert "0.08 h without seizures; the bound on 1000 a day needs 0.0719 h" in told
    assert f"Threshold: 0.5 before, {expected.threshold:.6g} now, by the upper bound" in told
    card = out.with_suffix(".md").read_text()
    assert "# Model card of a seizure detector" in card and "made from `plain.skops`" in card
    assert "## Calibration" in card and "the one-sided 95 % upper bound of the rate" in card
    assert f"| Threshold to begin | {expected.threshold:g} " in re.sub(" +", " ", card)
    # What was known of the model before is kept, and its scores are told to be of before.
    assert "p03_r02" in card and "These are of the model before it was changed" in card
    assert card.count("\n## ") == 7


def test_calibrate_one_patient_with_too_few_hours(site, tmp_path):
    one, two = tmp_path / "one.skops", tmp_path / "two.skops"
    options = ("--max-false-alarms-per-day", 1)
    told = run(
        "calibrate", site / "plain.skops", site / "quiet" / "night.edf", *options,
        "--patient", "anna", "--out", one,
    )  # fmt: skip
    assert "warning: X holds 0.0833 h" in told and "needs 71.9 h without an alarm" in told
    assert "Threshold of patient anna" in told
    detector = load_model(one).estimator
    assert list(detector.patient_thresholds_) == ["anna"] and detector.threshold == 0.5
    run("calibrate", one, site / "quiet", *options, "--patient", "ben", "--out", two)
    assert sorted(load_model(two).estimator.patient_thresholds_) == ["anna", "ben"]
    card = two.with_suffix(".md").read_text()
    assert "patient anna was set" in card and "patient ben was set" in card
    assert "the rate counted is at most 1 false" in card and card.count("These are of") == 1
    assert "Threshold of patient anna" in card
    # `detect` applies it to whom it is told.
    (edf, _) = sorted((site / "new").glob("*.edf"))
    detector.patient_thresholds_["anna"] = 1.0
    save_model(replace(load_model(one), estimator=detector), one)
    told = run("detect", one, edf, tmp_path / "a.tsv", "--patient", "anna")
    assert "--patient" not in told
    told = run("detect", one, edf, tmp_path / "b.tsv", "--patient", "ben")
    assert "warning: --patient ben: the model knows anna and treats others alike" in told
    assert len(read_events(tmp_path / "a.tsv")) == 0 < len(read_events(tmp_path / "b.tsv"))


def test_calibrate_refuses_what_its_own_table_calls_a_seizure(site, tmp_path):
    told = run(
        "calibrate", site / "plain.skops", site / "new", "--max-false-alarms-per-day", 1000,
        "--out", tmp_path / "m.skops", code=2,
    )  # fmt: skip
    assert "lists 1 seizure of" in told and "calibrate takes recordings without one" in told


def test_a_threshold_lowered_on_too_few_hours_is_told(site, tmp_path):
    model = load_model(site / "plain.skops")
    model.estimator.set_params(threshold=1.0)
    save_model(model, tmp_path / "high.skops")
    told = run(
        "calibrate", tmp_path / "high.skops", site / "quiet", "--max-false-alarms-per-day", 1,
        "--out", tmp_path / "m.skops",
    )  # fmt: skip
    assert "the threshold is lower than before, by 0.08 of the 71.9 h" in told


def test_a_patient_who_was_trained_on_is_told(site, tmp_path):
    model = replace(load_model(site / "personal.skops"), trained_on={"patients": ["anna"]})
    save_model(model, tmp_path / "p.skops")
    told = run(
        "personalize", tmp_path / "p.skops", site / "new", "--patient", "anna",
        "--out", tmp_path / "m.skops",
    )  # fmt: skip
    assert "was trained on patient anna already" in told


@pytest.mark.parametrize("patient", [None, "anna"])
def test_personalize_adds_the_patient(site, tmp_path, patient):
    out = tmp_path / "own.skops"
    name = () if patient is None else ("--patient", patient)
    told = run("personalize", site / "personal.skops", site / "new", "--out", out, *name)
    assert "2 seizures in 0.10 hours (2 recordings)" in told
    assert "has a share of 0.40 in the probability" in told
    model = load_model(out)
    classifier = model.estimator.estimator_
    assert classifier.weights_ == {patient or "": 0.4}
    # The same as in Python, on the same windows.
    files = sorted((site / "new").glob("*.edf"))
    parts = [model.windows(model.read(f).replace(patient=patient)) for f in files]
    X = Windows.concatenate(parts)
    y = np.concatenate([
        part.labels(read_events(f.with_suffix(".tsv"), record=str(part.record[0])))
        for part, f in zip(parts, files, strict=True)
    ])  # fmt: skip
    own = load_model(site / "personal.skops").estimator
    own.estimator_.personalize(X, y)
    np.testing.assert_allclose(model.estimator.predict_proba(X), own.predict_proba(X))
    card = out.with_suffix(".md").read_text()
    assert "## Personalisation" in card and "has learned" in card and "0.40" in card
    run("detect", out, files[0], tmp_path / "found.tsv", *name)
    assert len(read_events(tmp_path / "found.tsv")) >= 1


def test_what_cannot_be_done_is_refused(site, tmp_path):
    out = tmp_path / "new.skops"
    told = run("personalize", site / "plain.skops", site / "new", "--out", out, code=2)
    assert "without a PersonalizedClassifier" in told and "--recipe personal" in told
    told = run("calibrate", site / "plain.skops", site / "quiet", "--out", out, code=2)
    assert "--max-false-alarms-per-day" in told
    told = run("personalize", site / "personal.skops", site / "quiet", "--out", out, code=2)
    assert "has no table of events beside it" in told
    told = run(
        "calibrate", site / "plain.skops", site / "quiet", "--out", out, "--patient", " ",
        "--max-false-alarms-per-day", 1, code=2,
    )  # fmt: skip
    assert "'--patient': a name is needed" in told
    (recording,), _ = make_recordings(
        1, 1, 60, n_channels=2, sfreq=128, ictal_fraction=0, random_state=2
    )
    volts = write_edf(recording.replace(data=recording.data * 0.03), tmp_path / "volts.edf")
    told = run(
        "calibrate", site / "plain.skops", volts, "--out", out, "--max-false-alarms-per-day", 1,
        code=2,
    )  # fmt: skip
    assert "amplitude" in told and not out.exists(), told
    model = load_model(site / "plain.skops")
    save_model(Model(model.estimator.estimator_, 128, 4, 2, ch_names=model.ch_names), out)
    other = tmp_path / "other.skops"
    told = run(
        "calibrate", out, site / "quiet", "--out", other, "--max-false-alarms-per-day", 1, code=2
    )
    assert "holds a Pipeline, which has no threshold" in told
    before = out.read_bytes()
    for command in (
        ("calibrate", out, site / "quiet", "--max-false-alarms-per-day", 1),
        ("personalize", out, site / "new"),
    ):
        assert "new.skops is an input" in run(*command, "--out", out, code=2)
    assert out.read_bytes() == before
