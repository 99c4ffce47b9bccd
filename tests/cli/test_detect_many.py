"""`skseizure detect` on files, folders and datasets: tables, summary, errors, what was done."""

import dataclasses
import os
import signal
import time
from contextlib import redirect_stderr, redirect_stdout
from pathlib import Path

import edfio
import pytest
from click.testing import CliRunner
from joblib import parallel_config
from sklearn.linear_model import LogisticRegression
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

from skseizure.cli import main
from skseizure.cli._recordings import find_jobs
from skseizure.datasets import make_recordings
from skseizure.features import BandFeatures
from skseizure.models import Model, load_model, save_model
from skseizure.postprocessing import SeizureDetector
from skseizure.signals import SignalProfile, Windows, read_events


def write_edf(recording, path):
    """Write a recording as EDF."""
    path.parent.mkdir(parents=True, exist_ok=True)
    signals = [
        edfio.EdfSignal(
            channel,
            recording.sfreq,
            label=name,
            physical_dimension="uV",
            physical_range=(-1e4, 1e4),
        )
        for channel, name in zip(recording.data, recording.ch_names, strict=True)
    ]
    edfio.Edf(signals).write(path)


@pytest.fixture(scope="module")
def recordings():
    """Two minutes of two channels of three patients."""
    return make_recordings(3, 1, 120, n_channels=2, sfreq=64, ictal_fraction=0.25, random_state=0)


@pytest.fixture(scope="module")
def model(recordings, tmp_path_factory):
    """A model of one measure."""
    parts, events = recordings
    X = Windows.concatenate([Windows.from_recording(r, window=4, step=2) for r in parts])
    features = BandFeatures(["line_length"], {"all": (1, 30)})
    pipeline = make_pipeline(features, StandardScaler(), LogisticRegression())
    detector = SeizureDetector(pipeline).fit(X, X.labels(events))
    path = tmp_path_factory.mktemp("model") / "m.skops"
    save_model(Model(detector, 64.0, 4.0, 2.0, profile=SignalProfile.from_windows(X)), path)
    return path


@pytest.fixture
def archive(recordings, tmp_path):
    """A folder of two recordings, one that is cut off, and what is none."""
    folder = tmp_path / "archive"
    for recording in recordings[0][:2]:
        write_edf(recording, folder / recording.patient / "night.edf")
    (folder / "broken.edf").write_bytes(b"0       " + b" " * 100)
    (folder / "._night.edf").write_bytes(b"of macOS")
    (folder / "notes.txt").write_text("none")
    return folder


def run(*args, code=0):
    """Run the command line in this process."""
    result = CliRunner().invoke(main, [str(arg) for arg in args], prog_name="skseizure")
    assert result.exit_code == code, result.output
    return result


def summary(out):
    """Return the rows of the summary, each a dict, by file."""
    header, *rows = [line.split("\t") for line in (out / "summary.tsv").read_text().splitlines()]
    return {row[0]: dict(zip(header, row, strict=True)) for row in rows}


def test_a_folder_with_a_broken_file(model, archive, tmp_path):
    out = tmp_path / "out"
    ran = run("detect", model, archive, "--out", out, code=1)
    rows = summary(out)
    assert list(rows) == ["broken.edf", "p01/night.edf", "p02/night.edf"]
    assert "no whole" in rows["broken.edf"]["error"] or "header" in rows["broken.edf"]["error"]
    for patient in ("p01", "p02"):
        row = rows[f"{patient}/night.edf"]
        found = read_events(out / patient / "night_events.tsv")
        assert (row["hours"], row["hours_judged"], row["error"]) == ("0.0333", "0.0333", "n/a")
        assert int(row["events"]) == len(found)
        assert float(row["alarms_per_24h"]) == pytest.approx(len(found) * 24 * 30, abs=1)
    header, *lines = ran.stdout.splitlines()
    assert header.split() == ["file", "hours", "judged", "events", "per", "24", "h", "error"]
    assert len(lines) == 3 and lines[0].startswith("broken.edf")
    assert not [path for path in out.rglob("*") if path.name.startswith(".")]


def test_a_link_that_leads_nowhere_does_not_stop_the_rest(model, archive, tmp_path):
    inputs = tmp_path / "inputs"
    inputs.mkdir()
    (inputs / "a.edf").symlink_to(archive / "p01" / "night.edf")
    (inputs / "b.edf").symlink_to(tmp_path / "nowhere.edf")
    run("detect", model, inputs, "--out", tmp_path / "out", code=1)
    rows = summary(tmp_path / "out")
    assert rows["a.edf"]["error"] == "n/a" and "b.edf" in rows["b.edf"]["error"]


def test_what_was_done_before_is_skipped(model, archive, tmp_path):
    out = tmp_path / "out"
    run("detect", model, archive, "--out", out, code=1)
    tables = sorted(out.rglob("*_events.tsv"))
    before = [table.stat().st_mtime_ns for table in tables]
    told = run("detect", model, archive, "--out", out, code=1).stderr
    assert "2 of 3 recordings were done before" in told and "1/1 broken.edf: failed" in told
    assert [table.stat().st_mtime_ns for table in tables] == before
    tables[0].unlink()
    assert "1 of 3 recordings were" in run("detect", model, archive, "--out", out, code=1).stderr
    assert tables[0].exists()
    run("detect", model, archive, "--out", out, "--again", code=1)
    assert all(table.stat().st_mtime_ns > t for table, t in zip(tables, before, strict=True))
    other = tmp_path / "other.skops"
    other.write_bytes(model.read_bytes())
    assert "2 of 3" in run("detect", other, archive, "--out", out, code=1).stderr, "the same model"
    save_model(dataclasses.replace(load_model(model), trained_on={"other": 1}), other)
    assert "done before" not in run("detect", other, archive, "--out", out, code=1).stderr


def test_several_at_a_time_give_the_same(model, archive, tmp_path):
    one, two = tmp_path / "one", tmp_path / "two"
    run("detect", model, archive, "--out", one, code=1)
    with parallel_config(backend="threading"):  # workers of joblib's own take long to start
        run("detect", model, archive, "--out", two, "-j", 2, code=1)
    assert summary(one) == summary(two)
    for table in one.rglob("*_events.tsv"):
        assert table.read_bytes() == (two / table.relative_to(one)).read_bytes()


def test_exit_codes(model, archive, tmp_path):
    out = tmp_path / "out"
    run("detect", model, archive / "broken.edf", "--out", out, code=2)
    run("detect", model, archive / "p01" / "night.edf", "--out", out)
    assert list(summary(out)) == ["broken.edf", "night.edf"], "of both runs"
    for told, *args in (
        ("there is no file or folder", model, tmp_path / "no", "--out", out),
        ("holds no recording", model, out, "--out", out),
        ("there is no file", tmp_path / "no.skops", archive, "--out", out),
        (
            "would have one table, night",
            model,
            archive / "p01" / "night.edf",
            archive / "p02" / "night.edf",
            "--out",
            out,
        ),
        ("there is one file after MODEL; INPUT and OUTPUT.tsv, or", model, archive),
        ("there are 3 files after MODEL", model, archive, archive, archive),
    ):
        assert told in run("detect", *args, code=2).stderr
    (out / "summary.tsv").write_text("mine")
    assert "is no summary of detect" in run("detect", model, archive, "--out", out, code=2).stderr
    assert (out / "summary.tsv").read_text() == "mine"


def test_a_recording_is_never_overwritten(model, archive, tmp_path):
    """`detect MODEL a.edf b.edf` asks for two recordings, not for a table named b.edf."""
    first, second = (archive / p / "night.edf" for p in ("p01", "p02"))
    notes, table = archive / "notes.txt", tmp_path / "table.tsv"
    kept = second.read_bytes()
    told = run("detect", model, first, second, code=2).stderr
    assert "night.edf is named like a recording; --out FOLDER" in told
    assert (
        "named like a recording" in run("detect", model, first, tmp_path / "new.edf", code=2).stderr
    )
    assert "holds something else" in run("detect", model, first, notes, code=2).stderr
    assert "is a folder" in run("detect", model, first, tmp_path, code=2).stderr
    assert second.read_bytes() == kept and notes.read_text() == "none"
    table.touch()
    run("detect", model, first, table)
    assert "--force replaces this table" in run("detect", model, first, table, code=2).stderr
    run("detect", model, first, table, "--force")
    assert len(read_events(table, record="night").recordings) == 1


def test_another_scale_is_refused_unless_it_is_asked_for(model, recordings, tmp_path):
    recording = recordings[0][0]
    write_edf(recording.replace(data=recording.data / 100), tmp_path / "small.edf")
    args = "detect", model, tmp_path / "small.edf", tmp_path / "out.tsv"
    assert "its typical amplitude of" in run(*args, code=2).stderr
    assert not (tmp_path / "out.tsv").exists()
    run(*args, "--any-scale")


def test_time_that_cannot_be_judged_is_told(model, recordings, tmp_path):
    recording = recordings[0][0]
    data = recording.data.copy()
    data[:, : 20 * 64] = 0
    write_edf(recording.replace(data=data), tmp_path / "flat.edf")
    told = run("detect", model, tmp_path / "flat.edf", tmp_path / "out.tsv").stderr
    assert "0.01 of 0.03 h not judged: flat 20 s" in told
    rows = [line.split("\t") for line in (tmp_path / "out.tsv").read_text().splitlines()]
    assert [row[:3] for row in rows if row[2] == "n/a"] == [["0.00", "20.00", "n/a"]]
    run("detect", model, tmp_path / "flat.edf", "--out", tmp_path / "out")
    assert summary(tmp_path / "out")["flat.edf"]["unjudged"] == "flat 20 s"


def test_other_formats(model, archive, tmp_path):
    run("detect", model, archive / "p01", "--out", tmp_path / "b", "--format", "bids")
    table = (tmp_path / "b" / "night_events.tsv").read_text()
    assert table.startswith("onset\tduration\ttrial_type\t")
    assert "trial_type" in (tmp_path / "b" / "night_events.json").read_text()
    run("detect", model, archive / "p01", "--out", tmp_path / "b", "--format", "edf+")
    marks = tmp_path / "b" / "night_events.edf"
    found = read_events(tmp_path / "b" / "night_events.tsv", record="night")
    assert len(edfio.read_edf(marks).annotations) == len(found) > 0
    assert len(list((tmp_path / "b").iterdir())) == 4, "and the summary"
    one = "detect", model, archive / "p01" / "night.edf", tmp_path / "marks.edf"
    run(*one, "--format", "edf+")
    assert "is there; --force replaces" in run(*one, "--format", "edf+", code=2).stderr


def test_recordings_of_a_dataset(tmp_path):
    for name in (
        "dataset_description.json",
        "sub-01/ses-01/eeg/sub-01_ses-01_task-sz_run-00_eeg.edf",
        "sub-01/ses-01/eeg/sub-01_ses-01_task-sz_run-00_events.tsv",
        "sub-01/ses-01/ecg/sub-01_ses-01_task-sz_run-00_ecg.edf",
        "sub-02/ieeg/sub-02_task-sz_ieeg.vhdr",
        "sub-02/ieeg/sub-02_task-sz_ieeg.eeg",
        "derivatives/clean/sub-01/eeg/sub-01_eeg.edf",
        "extra.edf",
    ):
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).touch()
    jobs = find_jobs([tmp_path])
    assert [job.output for job in jobs] == [
        "sub-01/ses-01/eeg/sub-01_ses-01_task-sz_run-00",
        "sub-02/ieeg/sub-02_task-sz",
    ]


def test_recordings_of_one_name_in_a_folder(tmp_path):
    for name in ("a.edf", "a.bdf", "b.fif.gz", "c.vhdr", "c.eeg", "d.EEG", ".hidden/e.edf"):
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).touch()
    assert [job.output for job in find_jobs([tmp_path])] == ["a.bdf", "a.edf", "b", "c", "d"]
    assert [job.output for job in find_jobs([tmp_path / "a.edf"])] == ["a"]


def test_folders_that_are_linked_or_closed(tmp_path, monkeypatch):
    (tmp_path / "elsewhere").mkdir()
    (tmp_path / "elsewhere" / "b.edf").touch()
    archive = tmp_path / "archive"
    (archive / "closed").mkdir(parents=True)
    (archive / "a.edf").touch()
    (archive / "linked").symlink_to(tmp_path / "elsewhere")
    assert [job.output for job in find_jobs([archive])] == ["a", "linked/b"]

    def scandir(folder, scandir=os.scandir):
        if Path(folder).name == "closed":
            raise PermissionError(13, "Permission denied", str(folder))
        return scandir(folder)

    monkeypatch.setattr(os, "scandir", scandir)
    with pytest.raises(PermissionError, match="closed cannot be entered"):
        find_jobs([archive])


def in_another_process(args):
    """Run the command line in a copy of this process, which has loaded all that it needs."""
    child = os.fork()
    if child:
        return child
    code = 1
    # In the background of a shell this signal is ignored, and children inherit that.
    signal.signal(signal.SIGINT, signal.default_int_handler)
    try:
        with open(os.devnull, "w") as nowhere, redirect_stdout(nowhere), redirect_stderr(nowhere):
            main([str(arg) for arg in args])
    except SystemExit as error:
        code = error.code
    finally:
        os._exit(code if isinstance(code, int) else 1)


@pytest.mark.skipif(not hasattr(os, "fork"), reason="there is no fork on this system")
# The child runs one command and ends; newer Pythons warn of any fork beside threads.
@pytest.mark.filterwarnings("ignore:.*multi-threaded:DeprecationWarning")
@pytest.mark.parametrize("kill", [signal.SIGTERM, signal.SIGINT, signal.SIGKILL])
def test_an_interrupted_run_leaves_whole_files_and_goes_on(kill, model, recordings, tmp_path):
    folder, out = tmp_path / "in", tmp_path / "out"
    write_edf(recordings[0][0], folder / "0.edf")
    for i in range(1, 40):
        os.link(folder / "0.edf", folder / f"{i}.edf")
    child = in_another_process(["detect", model, folder, "--out", out])
    while len(list(out.glob("[!.]*_events.tsv"))) < 2:
        time.sleep(0.002)
    os.kill(child, kill)
    _, status = os.waitpid(child, 0)
    assert status != 0
    done = sorted(out.glob("[!.]*_events.tsv"))
    assert 2 <= len(done) < 40
    for table in done:
        read_events(table)
    known = sum(row["error"] == "n/a" for row in summary(out).values())
    assert len(done) - 1 <= known <= len(done)
    if kill != signal.SIGKILL:
        assert not list(out.rglob(".*"))
    told = run("detect", model, folder, "--out", out).stderr
    assert f"{known} of 40 recordings were done before" in told
    tables = {table.read_text() for table in out.glob("[!.]*_events.tsv")}
    assert len(summary(out)) == 40 and len(tables) == 1


def test_nothing_that_is_there_is_destroyed(model, archive, tmp_path):
    """Inputs, links to them, tables of people and files of other kinds stay, in all forms."""
    night = archive / "p01" / "night.edf"
    (tmp_path / "link.tsv").symlink_to(night)
    os.link(model, tmp_path / "hard.tsv")
    reference = tmp_path / "reference.tsv"
    reference.write_text("onset\tduration\teventType\n1\t2\tsz\n")
    for output, told in [
        (night, "named like a recording"),
        (tmp_path / "link.tsv", "is an input"),
        (tmp_path / "hard.tsv", "is an input"),
        (model, "is an input"),
        (reference, "--force replaces"),
    ]:
        before = output.read_bytes()
        assert told in run("detect", model, night, output, code=2).stderr
        assert output.read_bytes() == before
    assert "is an input" in run("detect", model, night, model, "--force", code=2).stderr
    # The folder of results is that of the data, where people's tables are.
    data = tmp_path / "data"
    data.mkdir()
    (data / "night.edf").write_bytes(night.read_bytes())
    table = data / "night_events.tsv"
    table.write_bytes(reference.read_bytes())
    for _ in range(2):
        run("detect", model, data / "night.edf", "--out", data, code=2)
        assert "is there; --force replaces" in summary(data)["night.edf"]["error"]
        assert table.read_bytes() == reference.read_bytes()
    run("detect", model, data / "night.edf", "--out", data, "--force")
    run("detect", model, data / "night.edf", "--out", data, "--again")
    assert "confidence" in table.read_text()


def test_names_take_no_effect_on_the_terminal(model, archive, tmp_path):
    data = tmp_path / "a\x1b[2J"
    data.mkdir()
    (data / "n\x1b]0;x\x07\n1.edf").write_bytes((archive / "p01" / "night.edf").read_bytes())
    (data / "cut\u202e.edf").write_bytes(b"0       ")
    for _ in range(2):
        result = run("detect", model, data, "--out", tmp_path / "out", code=1)
        shown = result.stdout + result.stderr
        assert not set(shown) & {"\x1b", "\x07", "\u202e"} and "n\\x1b]0;x\\x07\\n1.edf" in shown
    assert "1 of 2 recordings were done before" in shown
