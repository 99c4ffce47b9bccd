"""The command line, run as its user would."""

import dataclasses
import functools
import hashlib
import io
import json
import os
import re
import subprocess
import sys
from pathlib import Path

import edfio
import numpy as np
import pytest
import sklearn
from click.testing import CliRunner
from sklearn.base import clone
from sklearn.ensemble import ExtraTreesClassifier
from sklearn.pipeline import Pipeline
from sklearn.preprocessing import StandardScaler

from skseizure import __version__
from skseizure.cli import main
from skseizure.datasets import load_edf_folder, make_recordings
from skseizure.features import BandFeatures, _band_features
from skseizure.metrics import event_scores
from skseizure.model_selection import StratifiedPatientKFold
from skseizure.models import _recipes, _training, feature_store, load_model, train_detector
from skseizure.postprocessing import SeizureDetector
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
        patch.setattr(_recipes, "MEASURES", ("std", "line_length", "hjorth_mobility"))
        trees = _recipes._recipes["trees"]

        def few():
            return trees.make().set_params(estimator__classifier__n_estimators=40)

        patch.setitem(_recipes._recipes, "trees", dataclasses.replace(trees, make=few))
        yield


def run(*args, code=0):
    """Run the command line in this process."""
    result = CliRunner().invoke(main, [str(arg) for arg in args], prog_name="skseizure")
    assert result.exit_code == code, result.output
    return result


@pytest.fixture(scope="module")
def model(corpus, quick):
    """A model trained by `train`."""
    path = corpus / "model.skops"
    told = run("train", corpus / "train", path, "--window", 4, "--step", 2).stderr
    assert "Patients (3): p01, p02, p03\n" in told
    assert "Tuning the operating point over 3 folds by events" in told
    assert re.search(r"\nFound \d of 3 seizures, false alarms: \d+ in 0\.\d\d h\n", told)
    wrote = [f"Wrote {path}", f"Wrote {path.with_suffix('.md')}"]
    assert told.splitlines()[-2:] == wrote and "\r" not in told
    return path


@pytest.fixture
def new(corpus):
    """The EDF file of the patient that the model has not seen."""
    (edf,) = (corpus / "new").rglob("*.edf")
    return edf


def test_detect_finds_the_seizure_of_a_new_patient(model, new, tmp_path):
    edf = new
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


def test_train_writes_a_card_of_the_model(model, training):
    card = model.with_suffix(".md").read_text(encoding="utf-8")
    card = re.sub(" +", " ", card)  # columns of a table are equally wide
    trained = load_model(model)
    detector = trained.estimator
    assert hashlib.sha256(model.read_bytes()).hexdigest() in card
    for name, number in (("skseizure", __version__), ("scikit-learn", sklearn.__version__)):
        assert f"| {name} | {number} |" in card
    assert "It is no medical device" in card
    assert f"| Smoothing | {detector.smoothing:g} s |" in card
    assert f"| Threshold to begin | {detector.threshold:g} |" in card
    assert "the best event F1 on patients left out (3 folds)" in card
    code = card.partition("```python\n")[2].partition("```")[0]
    kinds = (SeizureDetector, Pipeline, BandFeatures, StandardScaler, ExtraTreesClassifier)
    assert params(eval(code, {kind.__name__: kind for kind in kinds})) == params(detector)
    assert "--corpus folder --window 4 --step 2 --seed 0" in card
    X, y = training
    labels = np.empty_like(y)
    for train, test in StratifiedPatientKFold(3).split(X, y):
        labels[test] = clone(detector).fit(X[train], y[train]).predict(X[test])
    for patient in ("p01", "p02", "p03", "all"):
        rows = (X.patient == patient) | (patient == "all")
        share = f"{y[rows].mean():.1%}"
        n = 3 if patient == "all" else 1
        assert f"| {patient} | {n} | {n * 120 / 3600:.2f} | {n} | {rows.sum()} | {share} |" in card
        hits, quiet = labels[rows][y[rows] == 1].mean(), 1 - labels[rows][y[rows] == 0].mean()
        figures = f"{hits:.3f} | {quiet:.3f} | {(hits + quiet) / 2:.3f} |"
        assert re.search(rf"^\| {patient} \| {n} \| .*{re.escape(figures)}$", card, re.MULTILINE)


def params(detector):
    """Parameters to any depth, estimators among them by class."""
    return {
        name: type(value) if hasattr(value, "fit") or isinstance(value, list) else value
        for name, value in detector.get_params().items()
    }


def test_a_card_takes_no_other_files_place(tmp_path):
    notes = tmp_path / "notes.md"
    notes.write_text("mine")
    # There is no DATA: it would be the error if it were looked at first.
    told = error("train", tmp_path / "no", tmp_path / "notes.skops")
    assert f"{notes}, where the model card goes, holds something else" in told
    assert notes.read_text() == "mine"


def test_detect_writes_a_background_row_when_nothing_is_found(model, corpus, tmp_path):
    (recording,), _ = make_recordings(
        1, 1, duration=60, sfreq=125, ictal_fraction=0, artefact_rate=0, random_state=1
    )
    write_edf(recording.replace(data=recording.data / 10), tmp_path / "quiet.edf")
    run("detect", model, tmp_path / "quiet.edf", tmp_path / "out.tsv")
    lines = (tmp_path / "out.tsv").read_text().splitlines()
    assert lines[0] == HEADER and len(lines) == 2
    assert lines[1].split("\t")[:3] == ["0.00", "60.00", "bckg"]


@pytest.mark.parametrize(("seconds", "warns"), [(3, True), (4, False)])
def test_detect_in_less_than_a_window(model, tmp_path, seconds, warns):
    (recording,), _ = make_recordings(
        1, 1, duration=60, sfreq=125, ictal_fraction=0, artefact_rate=0, random_state=1
    )
    data = recording.data[:, : seconds * 125] / 10
    write_edf(recording.replace(data=data), tmp_path / "short.edf")
    files = tmp_path / "short.edf", tmp_path / "out.tsv"
    told = run("detect", model, *files, "--any-scale").stderr
    path = tmp_path / "short.edf"
    warning = f"{path}: record 'short' lasts 3 s, less than the model's window of 4 s"
    assert (f"skseizure: warning: {warning}" in told) == ("warning" in told) == warns
    header, *rows = (tmp_path / "out.tsv").read_text().splitlines()
    assert header == HEADER and len(rows) == 1 and rows[0].split("\t")[2] == "bckg"


def test_detect_warns_of_dead_channels(model, new, tmp_path):
    (recording,), _ = make_recordings(
        1, 1, duration=60, sfreq=128, ictal_fraction=0, random_state=1
    )
    data = recording.data.copy()
    data[[1, 4]] = 0
    write_edf(recording.replace(data=data), tmp_path / "dead.edf")
    told = run("detect", model, tmp_path / "dead.edf", tmp_path / "out.tsv").stderr
    assert (
        f"skseizure: warning: {tmp_path / 'dead.edf'}: record 'dead' is flat, clipped or otherwise "
        "bad for most of the time in F7-T7, FP1-F3: little can be found there.\n" in told
    )
    assert "otherwise bad" not in run("detect", model, new, tmp_path / "2.tsv").stderr


def test_detect_uses_the_threads_that_it_is_given(model, new, tmp_path, monkeypatch):
    seen = {}
    for kind, method in ((BandFeatures, "transform"), (ExtraTreesClassifier, "predict_proba")):
        monkeypatch.setattr(kind, method, spy(getattr(kind, method), seen))
    run("detect", model, new, tmp_path / "out.tsv", "--n-jobs", 2)
    assert seen == {"BandFeatures": 2, "ExtraTreesClassifier": 2}


def spy(method, seen):
    """Wrap a method so that it notes the estimator's n_jobs."""

    @functools.wraps(method)
    def noted(self, X):
        seen[type(self).__name__] = self.n_jobs
        return method(self, X)

    return noted


def test_train_with_one_patient_says_that_nothing_is_searched(corpus, quick, tmp_path):
    (tmp_path / "m.md").write_text("# Model card of a seizure detector\n\nof an earlier model")
    told = run("train", corpus / "train" / "p01", tmp_path / "m.skops").stderr
    assert "Patients (1): p01\n" in told
    assert "Tuned nothing: that takes two records with seizures" in told
    assert load_model(tmp_path / "m.skops").estimator.threshold == 0.5
    card = (tmp_path / "m.md").read_text()
    assert "earlier" not in card
    assert "Nothing was chosen by its scores" in card
    assert "There are none: that takes two patients with seizures" in card


@pytest.fixture(scope="module")
def training(corpus):
    """The windows that `train` sees."""
    return load_edf_folder(corpus / "train", window=4, step=2)


def test_search_takes_folds_from_patients_with_seizures(training, quick):
    X, y = training
    assert _training.n_search_folds(X, y) == 3
    y = np.where(X.patient == "p02", 0, y)
    assert _training.n_search_folds(X, y) == 2
    y = np.where(X.patient == "p03", 0, y)
    assert _training.n_search_folds(X, y) == 1
    assert _training.n_search_folds(Windows(X.data, sfreq=128), y) == 0


class Terminal(io.StringIO):
    """Standard error that somebody watches."""

    def isatty(self):
        return True


@pytest.fixture
def calls(monkeypatch):
    """One entry for each part of the features that is computed."""
    calls = []
    table = _band_features._band_table

    @functools.wraps(table)
    def counted(*args, **kwargs):
        calls.append(1)
        return table(*args, **kwargs)

    monkeypatch.setattr(_band_features, "_band_table", counted)
    return calls


def test_train_computes_features_once(corpus, quick, calls, tmp_path):
    run("train", corpus / "train", tmp_path / "m.skops")
    assert len(calls) == 3 * 3  # records, groups of channels


def test_features_are_computed_once_with_a_bar(training, quick, calls, monkeypatch):
    X, y = training
    monkeypatch.setattr(sys, "stderr", Terminal())
    with feature_store(X, verbose=True) as memory:
        assert len(calls) == 3 * 3
        shown = sys.stderr.getvalue()
        assert "band features" in shown and f"{len(X) * 18}/{len(X) * 18}" in shown
        train_detector(X, y, memory=memory, random_state=0).predict(X)
    assert len(calls) == 3 * 3 and sys.stderr.getvalue() == shown


def error(*args):
    """Run what must fail, and return its one line."""
    result = run(*args, code=2)
    (line,) = result.stderr.splitlines()
    assert line.startswith("skseizure: error: ")
    return line


def test_errors_are_one_line(model, corpus, new, tmp_path):
    edf, out = new, tmp_path / "out.tsv"
    assert "there is no file" in error("detect", model, tmp_path / "no.edf", out)
    assert "there is no file" in error("detect", tmp_path / "no.skops", edf, out)
    assert "not a skseizure model" in error("detect", edf, edf, out)
    cut = tmp_path / "cut.edf"
    cut.write_bytes(edf.read_bytes()[:6000])
    assert "cut.edf" in error("detect", model, cut, out)
    assert not out.exists(), "nothing half done is left behind"
    assert "which is not there" in error("train", tmp_path / "x", tmp_path / "m")
    (tmp_path / "empty").mkdir()
    assert "no EDF or BDF file" in error("train", tmp_path / "empty", tmp_path / "m")
    table = edf.with_name(f"{edf.stem}_events.tsv")
    assert "there is no file or folder" in error("evaluate", table, tmp_path / "no.tsv")
    assert "both be files or both be folders" in error("evaluate", table, tmp_path)
    assert "there is no .tsv file" in error("evaluate", tmp_path / "empty", tmp_path / "empty")
    assert "HYPOTHESIS: there is no .tsv file" in error(
        "evaluate", corpus / "new", tmp_path / "empty"
    )


def test_usage_errors_are_one_line():
    assert error("detect").endswith("Missing argument 'MODEL'; see skseizure detect --help.")
    assert "--foo" in error("--foo") and "see skseizure --help" in error("--foo")
    assert "--foo" in error("evaluate", "a", "b", "--foo")
    assert "nosuch" in error("nosuch")
    assert "'x' is not one of" in error("train", "a", "b", "--corpus", "x")
    assert "--n-jobs" in error("demo", "--n-jobs", "two")
    for help_text in (run(code=2).stderr, run("--help").stdout):
        assert help_text.startswith("Usage: skseizure") and "Commands:" in help_text


@pytest.mark.parametrize("option", ["--window", "--step"])
@pytest.mark.parametrize("seconds", ["inf", "nan", "0", "-1"])
def test_times_are_checked_before_the_work(option, seconds, tmp_path):
    # There is no DATA: it would be the error if it were looked at first.
    told = error("train", tmp_path / "no", tmp_path / "m", f"{option}={seconds}")
    assert f"'{option}': {seconds} s; a finite time above zero is needed" in told


def test_outputs_and_numbers_are_checked_before_the_work(tmp_path):
    no, file = tmp_path / "no", tmp_path / "file"
    file.touch()
    assert "is a folder; the name of a file" in error("train", no, tmp_path) and not any(
        no.parent.glob("no*")
    )
    assert f"'OUTPUT.tsv': {tmp_path} is a folder" in error("detect", no, no, tmp_path)
    assert f"'MODEL': there is no folder {no}" in error("train", no, no / "m")
    assert f"'OUTPUT.tsv': there is no folder {no}" in error("detect", no, no, no / "out.tsv")
    assert "'--out': Directory" in error("demo", "--out", file, "--data", no)
    assert "'--n-jobs': 0 threads" in error("train", no, tmp_path / "m", "--n-jobs", 0)
    assert "'--seed'" in error("train", no, tmp_path / "m", "--seed", -1)


def test_demo_needs_matplotlib_from_the_start(tmp_path, monkeypatch):
    monkeypatch.setitem(sys.modules, "matplotlib.figure", None)
    assert "needs matplotlib" in error("demo", "--out", tmp_path, "--data", tmp_path / "no")


def test_demo_without_its_data_leaves_nothing_behind(tmp_path):
    told = error("demo", "--out", tmp_path / "out", "--data", tmp_path / "no")
    assert "which is not there" in told and not (tmp_path / "out").exists()


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
    from skseizure.cli import _demo

    def small(seed):
        recordings, events = make_recordings(
            3, 1, duration=120, sfreq=128, ictal_fraction=0.25, random_state=seed
        )
        X = Windows.concatenate(
            Windows.from_recording(recording, window=4, step=2) for recording in recordings
        )
        return X, X.labels(events), events

    monkeypatch.setattr(_demo, "_generate", small)
    text = run("demo", "--out", tmp_path / "out").output
    assert "Patient p03 left out (1 of 1)" in text and "baseline" in text and "FA/24 h" in text
    assert re.search(r"chosen: smoothing \S+ s, threshold \S+ \(to go on \S+\), events from", text)
    assert re.search(
        r"best of 500 settings on .* left out: \d of 2 seizures found, \S+ false alarms per 24 h",
        text,
    )
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
    assert "balanced accuracy" in text and "false alarms per 24 h\n" not in text
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


def test_recordings_sampled_too_slowly_are_refused(model, tmp_path):
    """White noise at 100 Hz has no gamma band, whatever it is resampled to."""
    (recording,), _ = make_recordings(
        1, 1, duration=60, sfreq=100, ictal_fraction=0, random_state=1
    )
    write_edf(recording, tmp_path / "slow.edf")
    line = error("detect", model, tmp_path / "slow.edf", tmp_path / "out.tsv")
    assert "sampled at 100 Hz, too low for band 'gamma'" in line


def test_evaluate_matches_tables_by_record(corpus, tmp_path):
    found = tmp_path / "found"
    for table in (corpus / "train").rglob("*_events.tsv"):
        place = found / table.relative_to(corpus / "train").parent
        place.mkdir(parents=True)
        name = table.name.replace("_events", "")
        (place / name).write_text(table.read_text())
    assert "F1 1.000" in run("evaluate", corpus / "train", found).output
    (found / "extra.tsv").write_text(table.read_text())
    assert "REFERENCE lacks 1 of 4 records, first extra" in error(
        "evaluate", corpus / "train", found
    )
    lines = table.read_text().replace("120.00", "500.00")
    (tmp_path / "long.tsv").write_text(lines)
    assert "lasts 120 s in REFERENCE and 500 s" in error("evaluate", table, tmp_path / "long.tsv")
