"""`skseizure train` on recordings of any kind, with any recipe, and what it leaves out."""

import os
import re
import shutil
import signal
import time
from contextlib import redirect_stderr, redirect_stdout

import edfio
import pytest
from click.testing import CliRunner

from skseizure.cli import main
from skseizure.cli._train import CORPORA, RECIPES
from skseizure.datasets import make_recordings
from skseizure.models import available_recipes, load_model
from skseizure.signals import read_events, write_events

TINY = (
    *("--recipe", "linear", "--window", "4", "--step", "4"),
    *("--set", "estimator__features__measures=['line_length']"),
    *("--set", "estimator__features__bands={'all': (1, 20)}"),
)


def write_edf(recording, path, names):
    """Write a recording as EDF, its channels under other names."""
    path.parent.mkdir(parents=True, exist_ok=True)
    signals = [
        edfio.EdfSignal(channel, recording.sfreq, label=name, physical_dimension="uV")
        for channel, name in zip(recording.data, names, strict=True)
    ]
    edfio.Edf(signals).write(path)


@pytest.fixture(scope="module")
def corpora(tmp_path_factory):
    """Three patients with two channels, named as by a wearable and as electrodes in the brain."""
    folder = tmp_path_factory.mktemp("corpora")
    recordings, events = make_recordings(
        3, 1, 120, n_channels=2, sfreq=64, ictal_fraction=0.25, random_state=0
    )
    for kind, names in {
        "wearable": ("BTEleft SD", "CROSStop SD"),
        "depth": ("LA1-LA2", "LA2-LA3"),
    }.items():
        for recording in recordings:
            path = folder / kind / recording.patient / "night.edf"
            write_edf(recording, path, names)
            write_events(events.select([recording.record]), path.with_name("night_events.tsv"))
    return folder


def run(*args, code=0):
    """Run the command line in this process."""
    result = CliRunner().invoke(main, [str(arg) for arg in args], prog_name="skseizure")
    assert result.exit_code == code, result.output
    return result


@pytest.mark.parametrize(
    ("kind", "options", "names"),
    [
        ("wearable", ["--montage", "seizeit2"], ("focal", "cross")),
        ("wearable", ["--channels", "BTEleft SD"], ("BTEleft SD",)),
        ("depth", ["--montage", "none"], ("LA1-LA2", "LA2-LA3")),
        ("depth", ["--montage", "LA2-LA1"], ("LA2-LA1",)),
    ],
)
def test_recordings_of_any_channels_train_and_detect(kind, options, names, corpora, tmp_path):
    model = tmp_path / "m.skops"
    run("train", corpora / kind, model, *TINY, *options, "--band", "0.5-30", "--notch", "25")
    trained = load_model(model)
    assert trained.ch_names == names and trained.profile.ch_names == names
    assert trained.preprocessing == {"low": 0.5, "high": 30.0, "notch": 25.0}
    assert trained.trained_on["patients"] == ["p01", "p02", "p03"]
    assert trained.trained_on["recipe"] == "linear" and trained.trained_on["seizures"] == 3
    run("detect", model, corpora / kind / "p01" / "night.edf", tmp_path / "out.tsv")
    assert len(read_events(tmp_path / "out.tsv", record="night")) == 1
    card = model.with_suffix(".md").read_text()
    again = " ".join(f"'{o}'" if " " in o else o for o in options)
    assert again in card and "--band 0.5-30 --notch 25.0" in card and "--recipe linear" in card


def test_a_cap_on_false_alarms(corpora, tmp_path):
    args = "train", corpora / "depth", tmp_path / "m.skops", *TINY, "--montage", "none"
    told = run(*args, "--max-false-alarms-per-day", 50).stderr
    assert "Chosen: smoothing" in told
    assert re.search(r"the cap of 50 a day was held by the rate counted on 0\.\d\d h", told)
    card = (tmp_path / "m.md").read_text()
    assert (
        "Asked for were at most 50 in\n24 h" in card or "Asked for were at most 50 in 24 h" in card
    )
    assert "--max-false-alarms-per-day 50" in card
    one = "train", corpora / "depth" / "p01", tmp_path / "m.skops", *TINY, "--montage", "none"
    told = run(*one, "--max-false-alarms-per-day", 1, code=2).stderr
    assert "but that takes two records with seizures" in told


def test_features_are_kept_for_the_next_training(corpora, tmp_path):
    args = "train", corpora / "depth", tmp_path / "m.skops", *TINY, "--montage", "none"
    run(*args, "--cache", tmp_path / "store")
    kept = sorted((tmp_path / "store").rglob("output.pkl"))
    run(*args, "--cache", tmp_path / "store")
    assert kept == sorted((tmp_path / "store").rglob("output.pkl")) != []


def test_a_pipeline_of_ones_own(corpora, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "my_pipelines.py").write_text(
        "from sklearn.linear_model import LogisticRegression\n"
        "from sklearn.pipeline import make_pipeline\n"
        "from skseizure.features import BandFeatures\n"
        "def mine():\n"
        "    features = BandFeatures(['std'], {'all': (1, 20)})\n"
        "    return make_pipeline(features, LogisticRegression(max_iter=1000))\n"
    )
    args = "train", corpora / "depth", tmp_path / "m.skops", "--montage", "none"
    run(*args, "--pipeline", "my_pipelines:mine", "--set", "estimator__logisticregression__C=0.5")
    trained = load_model(tmp_path / "m.skops")
    assert trained.estimator.estimator_[-1].C == 0.5
    assert trained.trained_on["recipe"] == "my_pipelines:mine"
    for text, told in (
        ("nothing:mine", "'--pipeline': 'nothing:mine': No module named"),
        ("my_pipelines:yours", "has no attribute 'yours'"),
        ("my_pipelines", "MODULE:FUNCTION is needed"),
    ):
        assert told in run(*args, "--pipeline", text, code=2).stderr


def test_chbmit_as_it_is_published(data_path, tmp_path):
    small = tmp_path / "chbmit"
    for case, records in {"chb01": ("18",), "chb05": ("06",), "chb23": ("06",)}.items():
        for file in sorted((data_path / "chbmit" / case).glob("*")):
            if any(file.name.startswith(f"{case}_{record}_") for record in records):
                (small / case).mkdir(parents=True, exist_ok=True)
                os.symlink(file, small / case / file.name)
    args = "train", small, tmp_path / "m.skops", *TINY, "--corpus", "chbmit", "--sfreq", "128"
    told = run(*args).stderr
    assert "Patients (3): chb01, chb05, chb23" in told and "false alarms" not in told
    assert load_model(tmp_path / "m.skops").sfreq == 128
    (edf,) = (small / "chb23").glob("*.edf")
    run("detect", tmp_path / "m.skops", edf, tmp_path / "out.tsv")
    told = run(*args, "--max-false-alarms-per-day", 1, code=2).stderr
    assert "are excerpts, which tell no rate; pass whole records, or hours=" in told
    run(*args, "--max-false-alarms-per-day", 1, "--hours", 20)


@pytest.mark.parametrize("datatype", ["eeg", "ieeg"])
def test_datasets_in_bids(datatype, corpora, tmp_path):
    folder = tmp_path / "dataset"
    for i in (1, 2, 3):
        place = folder / f"sub-{i:02d}" / datatype
        place.mkdir(parents=True)
        source = corpora / "depth" / f"p0{i}"
        os.link(source / "night.edf", place / f"sub-{i:02d}_task-sz_{datatype}.edf")
        os.link(source / "night_events.tsv", place / f"sub-{i:02d}_task-sz_events.tsv")
    (folder / "derivatives").mkdir()
    (folder / "dataset_description.json").write_text('{"Name": "x", "BIDSVersion": "1.8.0"}')
    args = "train", folder, tmp_path / "m.skops", *TINY, "--montage", "none", "--corpus", "bids"
    told = run(*args, "--datatype", datatype).stderr
    assert "Used 3 of 3 records" in told and "Patients (3)" in told
    run("detect", tmp_path / "m.skops", folder, "--out", tmp_path / "found")
    tables = sorted(
        path.relative_to(tmp_path / "found") for path in tmp_path.glob("found/sub*/*/*")
    )
    assert [table.as_posix() for table in tables] == [
        f"sub-{i:02d}/{datatype}/sub-{i:02d}_task-sz_events.tsv" for i in (1, 2, 3)
    ]
    wrong = "train", folder, tmp_path / "m.skops", "--datatype", "eeg"
    assert "'--datatype': only --corpus bids has it" in run(*wrong, code=2).stderr


def test_recipes_are_those_of_python():
    assert tuple(available_recipes()) == RECIPES


@pytest.mark.parametrize("corpus", CORPORA)
def test_loaders_take_what_the_command_gives(corpus, tmp_path):
    (tmp_path / "empty").mkdir()
    args = "train", tmp_path / "empty", tmp_path / "m.skops", "--corpus", corpus
    assert str(tmp_path / "empty") in run(*args, code=2).stderr, "not an unknown argument"


def test_options_are_checked_before_the_work(tmp_path):
    # There is no DATA: it would be the error if it were looked at first.
    for options, told in (
        (["--set", "threshold"], "'--set': 'threshold'; NAME=VALUE is needed"),
        (["--set", "n_rules=3"], "Invalid parameter 'n_rules'"),
        (["--band", "1"], "'--band': '1'; two frequencies in Hz, LOW-HIGH, are needed"),
        (["--recipe", "nothing"], "'nothing' is not one of 'trees'"),
        (["--max-false-alarms-per-day", "nan"], "nan is no finite number above 0"),
        (["--hours", "inf"], "inf is no finite number above 0"),
        (["--notch", "-1"], "-1.0 is not in the range x>0"),
    ):
        assert told in run("train", tmp_path / "no", tmp_path / "m", *options, code=2).stderr


def test_what_cannot_be_used_is_left_out_and_named(corpora, tmp_path):
    folder = tmp_path / "data"
    for patient, source in {
        **{f"p0{i}": corpora / "depth" / f"p0{i}" for i in (1, 2, 3)},
        "p04": corpora / "wearable" / "p01",
    }.items():
        (folder / patient).mkdir(parents=True)
        for path in source.iterdir():
            os.link(path, folder / patient / path.name)
    table = (folder / "p01" / "night_events.tsv").read_bytes()
    (folder / "p05").mkdir()
    (folder / "p05" / "broken.edf").write_bytes(b"no EDF at all")
    (folder / "p05" / "broken_events.tsv").write_bytes(table)
    (folder / "p01" / "._night.edf").write_bytes(b"of macOS")
    args = "train", folder, tmp_path / "m.skops", *TINY, "--montage", "LA1-LA2"
    lines = run(*args).stderr.splitlines()
    assert "Used 3 of 5 records, 0.1 h, 3 seizures" in lines
    assert "Patients (3): p01, p02, p03" in lines
    reasons = load_model(tmp_path / "m.skops").trained_on["left_out"]
    assert list(reasons) == ["p04/night", "p05/broken"] and "LA1-LA2" in reasons["p04/night"]
    for record, reason in reasons.items():
        assert f"  left out {record}: {' '.join(reason.split())}" in lines
    assert "LA1-LA2" in run(*args, "--on-error", "raise", code=2).stderr


def test_types_of_events_and_poor_signals(corpora, tmp_path):
    (tmp_path / "data").mkdir()
    for patient in ("p01", "p02", "p03"):
        place = tmp_path / "data" / patient
        shutil.copytree(corpora / "depth" / patient, place)
        table = place / "night_events.tsv"
        table.write_text(table.read_text().replace("\tsz\t", "\tanfall\t"))
    flat = edfio.read_edf(tmp_path / "data" / "p01" / "night.edf")
    for signal_ in flat.signals:
        data = signal_.data.copy()
        data[-40 * 64 :] = 0
        signal_.update_data(data)
    flat.write(tmp_path / "data" / "p01" / "night.edf")
    args = "train", tmp_path / "data", tmp_path / "m.skops", *TINY, "--montage", "none"
    assert "anfall" in run(*args, "--on-error", "raise", code=2).stderr
    told = run(*args, "--types", "anfall=sz").stderr
    assert "Windows(80 x 2 channels" in told
    told = run(*args, "--types", "anfall=sz", "--any-quality").stderr
    assert "Windows(90 x 2 channels" in told
    assert "NAME=MEANING is needed" in run(*args, "--types", "anfall", code=2).stderr


@pytest.mark.skipif(not hasattr(os, "fork"), reason="there is no fork on this system")
# The child runs one command and ends; newer Pythons warn of any fork beside threads.
@pytest.mark.filterwarnings("ignore:.*multi-threaded:DeprecationWarning")
@pytest.mark.parametrize("kill", [signal.SIGTERM, signal.SIGKILL])
def test_an_interrupted_training_loses_no_model(kill, corpora, tmp_path, rng):
    """At random moments: the old model and card stay, or the new ones are whole."""
    model = tmp_path / "m.skops"
    args = [str(a) for a in ("train", corpora / "depth", model, *TINY, "--montage", "none")]
    start = time.perf_counter()
    run(*args)
    took = time.perf_counter() - start
    for share in rng.uniform(0.1, 1.2, size=2):
        child = os.fork()
        if not child:
            with open(os.devnull, "w") as no, redirect_stdout(no), redirect_stderr(no):
                try:
                    main(args)
                finally:
                    os._exit(0)
        time.sleep(took * share)
        os.kill(child, kill)
        os.waitpid(child, 0)
        load_model(model)
        card = (tmp_path / "m.md").read_text()
        assert card.startswith("---") and "## Use" in card
    if kill == signal.SIGTERM:
        assert {path.name for path in tmp_path.iterdir()} == {"m.skops", "m.md"}
