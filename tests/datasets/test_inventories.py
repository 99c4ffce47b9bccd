"""The whole of published corpora, in shape: every record loads, or is left out by name."""

import warnings
from collections import Counter

import numpy as np
import pytest

from skseizure.datasets import load_bids, load_chbmit, load_siena

from . import _inventories as published


def loaded(loader, folder, **options):
    """Return X, y, events and the texts of the warnings."""
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        found = loader(folder, window=60.0, lazy=True, return_events=True, **options)
    return *found, [str(warning.message) for warning in caught]


def spans(events, record):
    mine = events.record == record
    onset, end = events.onset[mine], events.onset[mine] + events.duration[mine]
    return sorted(zip(onset.tolist(), end.tolist(), strict=True))


def test_chbmit(tmp_path):
    published.write_chbmit(tmp_path)
    X, _, events, said = loaded(load_chbmit, tmp_path)
    names = [name for case in published.CHBMIT for name in published.chbmit_records(case)]
    assert len(names) == 686
    rows = X.report_.rows
    assert sorted(row.record for row in rows) == sorted(names)
    # Ten records of chb24 are left out by name; their hours are the only ones that are lost.
    assert {row.record for row in X.report_.left_out} == published.UNLISTED
    assert all("does not list it" in row.reason for row in X.report_.left_out)
    lost = sum(published.chbmit_lengths("chb24")[name] for name in published.UNLISTED) / 3600
    hours = sum(hours for hours, _ in published.CHBMIT.values())
    assert hours == pytest.approx(979.93)
    assert sum(row.hours for row in rows) == pytest.approx(hours - lost, abs=0.1)
    # Seizures, in all and of each case.
    assert len(events) == sum(row.seizures for row in rows) == 198
    seizures = published.chbmit_seizures()
    assert {name: spans(events, name) for name in set(events.record)} == seizures
    counts = Counter(name[:5] for name in events.record)
    assert list(map(counts.get, published.CHBMIT)) == [
        *(7, 3, 7, 4, 5, 10, 3, 5, 4, 7, 3, 40, 12, 8, 20, 10, 3, 6, 3, 8, 4, 3, 7, 16)
    ]
    assert len(set(X.patient)) == 23  # chb21 is chb01
    assert X.ch_names[0] == "FP1-F7" and len(X.ch_names) == 18
    assert sum("256 bytes" in text for text in said) == 1, said
    # The montages of chb12 are all decoded.
    for record in ("chb12_27", "chb12_28", "chb17b_69"):
        assert np.isfinite(np.asarray(X[np.flatnonzero(X.record == record)[:1]])).all()


def test_siena(tmp_path):
    published.write_siena(tmp_path)
    X, _, events, said = loaded(load_siena, tmp_path)
    rows = X.report_.rows
    assert len(rows) == 41 and not X.report_.left_out
    assert len(events) == 47 and sum(row.hours for row in rows) == pytest.approx(141.0, abs=0.05)
    records = published.siena_records()
    assert {row.record for row in rows} == set(records)
    assert {name: spans(events, name) for name in records} == {
        name: seizures for name, (_, seizures) in records.items()
    }
    assert len(set(X.patient)) == 14 and X.sfreq == 512 and len(X.ch_names) == 18
    # What was doubtful is said: two starts, and a seizure that would outlast its recording.
    about = [text for text in said if "Seizures-list" in text]
    named = sorted(name for text in about for name in records if f"{name}.edf:" in text)
    assert named == ["PN00-3", "PN05-3", "PN14-3"]


def test_siena_refusals(tmp_path):
    def write(listing, seconds=100):
        published.write_header(tmp_path / "PN30-1.edf", published.SIENA_CHANNELS, seconds, 512)
        (tmp_path / "Seizures-list-PN30.txt").write_text(listing)

    good = (
        "Seizure n 1\nFile name: PN30-1.edf\nRegistration start time: 00.00.00\n"
        "Seizure start time: 00.00.10\nSeizure end time: 00.00.30\n"
    )
    write(good)
    assert load_siena(tmp_path, window=10, lazy=True)[1].tolist() == [0, 1, 1, *7 * [0]]
    for listing, problem in (
        (good.replace("PN30-1", "PN31-1"), "does not list PN30-1.edf"),
        (good.replace("00.00.10", "soon"), "'soon' holds no time"),
        (good.replace("Seizure end", "Finish"), "seizure 1 has no start or end"),
        (good.replace("00.00.10", "00.03.10"), "must lie within the recording's 100 s"),
        (good.partition("\n")[2], "a time comes before"),
    ):
        write(listing)
        with pytest.raises(ValueError, match=problem):
            load_siena(tmp_path, window=10, lazy=True)
    (tmp_path / "Seizures-list-PN30.txt").unlink()
    with pytest.raises(FileNotFoundError, match=r"Seizures-list-PN30.txt is not there"):
        load_siena(tmp_path)


def test_seizeit2_types(tmp_path):
    """All 3,659 rows of SeizeIT2's tables, in the tables of 125 subjects."""
    kinds = [kind for kind, count in published.SEIZEIT2_TYPES.items() for _ in range(count)]
    assert len(kinds) == 3659
    for subject in range(125):
        stem = f"sub-{subject + 1:03d}_ses-01_task-szMonitoring_run-01"
        folder = tmp_path / stem[:7] / "ses-01"
        side = "left" if subject % 2 else "right"
        for modality, labels in (
            ("eeg", [f"BTE{side} SD", "CROSStop SD"]),
            ("ecg", ["ECG SD"]),
        ):
            published.write_header(folder / modality / f"{stem}_{modality}.edf", labels, 900, 256)
        mine = kinds[subject::125]
        rows = [f"{20 * i}\t10\t{kind}\t900" for i, kind in enumerate(mine)]
        table = "\n".join(["onset\tduration\teventType\trecordingDuration", *rows, ""])
        (folder / "eeg" / f"{stem}_events.tsv").write_text(table)
    X, _, events, _ = loaded(load_bids, tmp_path, montage="seizeit2")
    seizures = {k: n for k, n in published.SEIZEIT2_TYPES.items() if k.startswith("sz")}
    assert Counter(events.event_type.tolist()) == seizures and len(events) == 883
    unjudged = sum(info.duration - info.judged for info in events.recordings.values())
    assert unjudged == 10 * published.SEIZEIT2_TYPES["impd"]
    assert len(X.report_) == len(X.report_.ignored) == 125 and not X.report_.left_out


def test_helsinki(tmp_path, monkeypatch):
    """The guide's recipe, on three of the 79 neonates."""
    pd = pytest.importorskip("pandas")
    guide = (published.ROOT / "docs" / "guide" / "datasets.rst").read_text(encoding="utf-8")
    recipe = guide.partition("   import numpy as np\n   import pandas as pd")[1:]
    lines = "".join(recipe).partition("\n\nNeonates")[0].splitlines()
    electrodes = [f"EEG {name}-Ref" for name in published.TEN_TWENTY]
    for neonate in (1, 2, 3):
        labels = [*electrodes, "ECG EKG-REF", "Resp Effort-REF"]
        published.write_header(tmp_path / "eeg" / f"eeg{neonate}.edf", labels, 60, 256)
    marks = pd.DataFrame({"1": [0.0] * 60, "2": [0.0] * 60, "3": [0.0] * 50 + [None] * 10})
    marks.loc[8:15, "1"] = 1.0
    marks.loc[56:, "1"] = 1.0
    marks.loc[4:7, "3"] = 1.0
    marks.to_csv(tmp_path / "annotations_2017_A_fixed.csv", index=False)
    monkeypatch.chdir(tmp_path)
    names: dict = {}
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        exec("\n".join(line[3:] for line in lines), names)
    X, y = names["X"], names["y"]
    assert set(X.patient) == {"eeg1", "eeg2", "eeg3"} and len(X.ch_names) == 18
    starts = {(r, o) for r, o in zip(X.record[y == 1], X.onset[y == 1].tolist(), strict=True)}
    assert starts == {("eeg1", 8.0), ("eeg1", 12.0), ("eeg1", 56.0), ("eeg3", 4.0)}
