"""The command line, run as its user would."""

import json
import os
import subprocess
import sys
from pathlib import Path

import edfio
import numpy as np
import pytest
from click.testing import CliRunner

from skseizure import _recipe
from skseizure._model_file import Model, load_model, save_model
from skseizure.cli import main
from skseizure.datasets import load_edf_folder, make_recordings
from skseizure.metrics import event_scores
from skseizure.signals import Windows, read_events, write_events

HEADER = "onset\tduration\teventType\tconfidence\tchannels\tdateTime\trecordingDuration"


def write_edf(recording, path):
    """Write a recording as EDF."""
    signals = [
        edfio.EdfSignal(channel, recording.sfreq, label=name, physical_dimension="uV")
        for channel, name in zip(recording.data, recording.ch_names, strict=True)
    ]
    edfio.Edf(signals).write(path)


@pytest.fixture(scope="module")
def corpus(tmp_path_factory):
    """A folder of generated recordings: three patients to train on, a fourth to detect in."""
    folder = tmp_path_factory.mktemp("corpus")
    recordings, events = make_recordings(
        4, 1, duration=120, sfreq=128, ictal_fraction=0.25, random_state=0
    )
    for recording in recordings:
        place = folder / ("new" if recording.patient == "p04" else "train") / recording.patient
        place.mkdir(parents=True)
        write_edf(recording, place / f"{recording.record}.edf")
        write_events(events.select([recording.record]), place / f"{recording.record}_events.tsv")
    return folder


@pytest.fixture(scope="module")
def quick():
    """The recipe with few measures and trees."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(_recipe, "MEASURES", ("std", "line_length", "hjorth_mobility"))
        patch.setattr(_recipe, "SEARCHED", {"threshold": [0.3, 0.5]})
        make = _recipe.make_detector
        patch.setattr(
            _recipe,
            "make_detector",
            lambda **k: make(**k).set_params(estimator__classifier__n_estimators=40),
        )
        yield


def run(*args, code=0):
    """Run the command line in this process."""
    result = CliRunner().invoke(main, [str(arg) for arg in args])
    assert result.exit_code == code, result.output
    return result


@pytest.fixture(scope="module")
def model(corpus, quick):
    """A model trained by `train`."""
    path = corpus / "model.skops"
    run("train", corpus / "train", path, "--window", 4, "--step", 2)
    return path


def test_detect_finds_the_seizure_of_a_new_patient(model, corpus, tmp_path):
    (edf,) = (corpus / "new").rglob("*.edf")
    run("detect", model, edf, tmp_path / "out.tsv")
    truth = read_events(edf.with_name(f"{edf.stem}_events.tsv"))
    found = read_events(tmp_path / "out.tsv", record=next(iter(truth.recordings)))
    scores = event_scores(truth, found)
    assert scores.sensitivity == 1 and scores.false_positives == 0
    assert (tmp_path / "out.tsv").read_text().splitlines()[0] == HEADER

    text = run("evaluate", edf.with_name(f"{edf.stem}_events.tsv"), tmp_path / "out.tsv").output
    assert "szcore rules: sensitivity 1.000" in text
    text = run(
        "evaluate", edf.with_name(f"{edf.stem}_events.tsv"), tmp_path / "out.tsv", "--json"
    ).output
    assert json.loads(text)["events"]["true_positives"] == scores.true_positives


def test_detect_writes_a_background_row_when_nothing_is_found(model, corpus, tmp_path):
    (recording,), _ = make_recordings(
        1, 1, duration=60, sfreq=100, ictal_fraction=0, artefact_rate=0, random_state=1
    )
    write_edf(recording.replace(data=recording.data / 10), tmp_path / "quiet.edf")
    run("detect", model, tmp_path / "quiet.edf", tmp_path / "out.tsv")
    lines = (tmp_path / "out.tsv").read_text().splitlines()
    assert lines[0] == HEADER and len(lines) == 2
    assert lines[1].split("\t")[:3] == ["0.00", "60.00", "bckg"]


def test_saved_model_predicts_as_before(corpus, quick, tmp_path):
    X, y = load_edf_folder(corpus / "train", window=4, step=2)
    detector = _recipe.search_detector(X, y, memory=None, n_jobs=None, random_state=0)
    save_model(Model(detector, X.sfreq, 4.0, 2.0, "double banana"), tmp_path / "m.skops")
    again = load_model(tmp_path / "m.skops")
    np.testing.assert_array_equal(again.estimator.predict_proba(X), detector.predict_proba(X))
    assert (again.sfreq, again.window, again.step) == (128, 4, 2)


class Stranger:
    """Not a type that a model file may hold."""


def test_model_files_are_never_trusted_blindly(tmp_path):
    save_model(Model(Stranger(), 1.0, 1.0, 1.0, ""), tmp_path / "m.skops")
    with pytest.raises(ValueError, match=r"holds .*Stranger; only types of skseizure"):
        load_model(tmp_path / "m.skops")
    (tmp_path / "text").write_text("no model")
    with pytest.raises(ValueError, match="is not a skseizure model file"):
        load_model(tmp_path / "text")
    with pytest.raises(FileNotFoundError):
        load_model(tmp_path / "nothing")


def test_folder_loader(corpus):
    X, y, events = load_edf_folder(corpus / "train", step=2, return_events=True)
    assert sorted(set(X.patient)) == ["p01", "p02", "p03"]
    assert sorted(events.recordings) == ["p01/p01_r01", "p02/p02_r01", "p03/p03_r01"]
    np.testing.assert_array_equal(y, X.labels(events))


def test_folder_loader_takes_bids_names(corpus, tmp_path):
    (edf,) = (corpus / "new").rglob("*.edf")
    place = tmp_path / "sub-07" / "ses-01" / "eeg"
    place.mkdir(parents=True)
    name = "sub-07_ses-01_task-szMonitoring_run-00"
    os.symlink(edf, place / f"{name}_eeg.edf")
    with pytest.raises(FileNotFoundError, match=r"run-00_eeg.edf has no table of events beside"):
        load_edf_folder(tmp_path)
    os.symlink(edf.with_name(f"{edf.stem}_events.tsv"), place / f"{name}_events.tsv")
    X, _ = load_edf_folder(tmp_path)
    assert set(X.patient) == {"sub-07"} and set(X.record) == {f"sub-07/ses-01/eeg/{name}_eeg"}


def error(*args):
    """Run what must fail, and return its one line."""
    result = run(*args, code=2)
    (line,) = result.stderr.splitlines()
    assert line.startswith("skseizure: error: ")
    return line


def test_errors_are_one_line(model, corpus, tmp_path):
    (edf,) = (corpus / "new").rglob("*.edf")
    out = tmp_path / "out.tsv"
    assert "No such file" in error("detect", model, tmp_path / "no.edf", out)
    assert "No such file" in error("detect", tmp_path / "no.skops", edf, out)
    assert "not a skseizure model" in error("detect", edf, edf, out)
    assert "no folder" in error("detect", model, edf, tmp_path / "no" / "out.tsv")
    cut = tmp_path / "cut.edf"
    cut.write_bytes(edf.read_bytes()[:-1000])
    assert "cut.edf" in error("detect", model, cut, out)
    assert not out.exists(), "nothing half done is left behind"
    assert "which is not there" in error("train", tmp_path / "x", tmp_path / "m")
    (tmp_path / "empty").mkdir()
    assert "no EDF or BDF file" in error("train", tmp_path / "empty", tmp_path / "m")
    assert "no folder" in error("train", corpus / "train", tmp_path / "no" / "m")
    table = edf.with_name(f"{edf.stem}_events.tsv")
    assert "there is no file or folder" in error("evaluate", table, tmp_path / "no.tsv")
    assert "both be files or both be folders" in error("evaluate", table, tmp_path)
    assert "there is no .tsv file" in error("evaluate", tmp_path / "empty", tmp_path / "empty")
    assert "HYPOTHESIS lacks" in error("evaluate", corpus / "new", tmp_path / "empty")


def test_another_montage_is_refused(model, tmp_path):
    (recording,), _ = make_recordings(
        1, 1, duration=60, n_channels=4, ictal_fraction=0, random_state=0
    )
    write_edf(recording, tmp_path / "few.edf")
    assert "FP1-F3" in error("detect", model, tmp_path / "few.edf", tmp_path / "out.tsv")


def test_evaluate_folders(corpus):
    text = run("evaluate", corpus / "train", corpus / "train").output
    assert text.startswith("3 records") and "F1 1.000" in text


def test_demo_runs_on_a_small_set(quick, tmp_path, monkeypatch):
    from skseizure import _demo

    def small(seed):
        recordings, events = make_recordings(
            3, 1, duration=120, sfreq=128, ictal_fraction=0.25, random_state=seed
        )
        X = Windows.concatenate(
            Windows.from_recording(recording, window=4, step=2) for recording in recordings
        )
        return X, X.labels(events), events

    monkeypatch.setattr(_demo, "demo_generated", small)
    text = run("demo", "--out", tmp_path / "out").output
    assert "Patient p03 left out" in text and "baseline" in text and "FA/24 h" in text
    assert (tmp_path / "out" / "timeline.png").read_bytes().startswith(b"\x89PNG")


def test_demo_on_stretches_never_states_a_false_alarm_rate(quick, tmp_path, data_path):
    small = tmp_path / "chbmit"
    for case, records in {"chb01": ("03", "15"), "chb05": ("06",), "chb23": ("06",)}.items():
        for file in sorted((data_path / "chbmit" / case).glob("*")):
            if any(file.name.startswith(f"{case}_{record}_") for record in records):
                (small / case).mkdir(parents=True, exist_ok=True)
                os.symlink(file, small / case / file.name)
    text = run("demo", "--data", small, "--out", tmp_path / "out").output
    assert "FA/24 h" not in text and "False alarms per 24 h are left out" in text
    assert [line.split()[0] for line in text.splitlines() if " detector " in line][-4:] == [
        "chb01",
        "chb05",
        "chb23",
        "mean",
    ]


def test_installed_command_and_traceback_switch(tmp_path):
    command = Path(sys.executable).with_name("skseizure")
    args = [command, "detect", "a", "b", tmp_path / "c"]
    done = subprocess.run(args, capture_output=True, text=True)
    assert done.returncode == 2 and done.stderr.count("\n") == 1 and not done.stdout
    env = {**os.environ, "SKSEIZURE_TRACEBACK": "1"}
    assert "Traceback" in subprocess.run(args, capture_output=True, text=True, env=env).stderr
    version = subprocess.run([command, "--version"], capture_output=True, text=True).stdout
    assert version.startswith("skseizure, version ")
