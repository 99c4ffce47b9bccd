"""What stands in a model card where the data are not all that they could be."""

import re

import numpy as np
import pytest
from sklearn.ensemble import ExtraTreesClassifier
from sklearn.pipeline import Pipeline, make_pipeline
from sklearn.preprocessing import StandardScaler

from skseizure.features import BandFeatures, ChannelPooling
from skseizure.model_selection import StratifiedPatientKFold
from skseizure.models import (
    Model,
    _model_card,
    model_card_path,
    save_model,
    write_model_card,
)
from skseizure.postprocessing import (
    MorphologicalFilterClassifier,
    SeizureDetector,
    TunedSeizureDetectorCV,
)
from skseizure.signals import Events, RecordInfo, Windows


@pytest.fixture
def trained(toy, tmp_path):
    """A model in its file."""
    X, y, _ = toy
    steps = [
        ("features", BandFeatures(["std"], {"all": (1, 20)}, memory=str(tmp_path / "store"))),
        ("scaler", StandardScaler()),
        ("classifier", ExtraTreesClassifier(3, random_state=0)),
    ]
    model = Model(SeizureDetector(Pipeline(steps)).fit(X, y), 64.0, 2.0, 1.0)
    save_model(model, tmp_path / "m.skops")
    return model, tmp_path / "m.skops"


def known(events, *, observed=1.0, rename=str):
    """Events of records whose patients are known, and what was seen of them."""
    infos = {
        name: RecordInfo(60.0, 60.0 * observed, rename(f"p{i // 2}"))
        for i, name in enumerate(events.recordings)
    }
    return Events(events.onset, events.duration, record=events.record, recordings=infos)


def card_of(trained, X, y, events, labels, search=None):
    """Write a card and read it."""
    model, file = trained
    path = write_model_card(
        file, model, X, y, events, held_out=labels, search=search, corpus="folder", seed=0
    )
    return unpadded(path.read_text(encoding="utf-8"))


def unpadded(card):
    """Take out what makes the columns of the tables equally wide."""
    return re.sub(" +", " ", card)


def rows_of(card, heading):
    """Return the cells of the table of patients below a heading."""
    part = card.partition(f"## {heading}")[2].partition("## ")[0]
    return [line.strip("| ").split(" | ") for line in part.splitlines() if line.startswith("| ")]


def test_scores_of_whole_recordings(trained, toy):
    X, y, events = toy
    labels = y.copy()
    labels[:5] = 1 - labels[:5]
    header, _, first, second, both = rows_of(
        card_of(trained, X, y, known(events), labels), "Scores on patients left out"
    )
    assert header[3:7] == ["False alarms", "Hours", "Per 24 h", "Windows: sensitivity"]
    first_y = y[X.patient == "p0"]
    specificity = 1 - 5 / (first_y == 0).sum()
    figures = ["1.000", f"{specificity:.3f}", f"{(1 + specificity) / 2:.3f}"]
    assert first == ["p0", "2", "2", "0", "0.03", "0.0", *figures], "within 30 s of a seizure"
    assert second == ["p1", "2", "2", "0", "0.03", "0.0", "1.000", "1.000", "1.000"]
    assert both[0] == "all" and both[1:3] == ["4", "4"]


def test_false_alarms_are_counted_by_the_day(trained, toy):
    X, y, events = toy
    labels = y.copy()
    labels[(X.record == "r3") & (y == 1)] = 0
    labels[(X.record == "r3") & (X.onset > 50)] = 1
    events = known(events)
    table = rows_of(card_of(trained, X, y, events, labels), "Scores on patients left out")
    assert table[3][:6] == ["p1", "2", "2", "0", "0.03", "0.0"], "the tolerance of 60 s"
    y[X.record == "r3"] = 0
    fewer = Events(
        events.onset[:3],
        events.duration[:3],
        record=events.record[:3],
        recordings=events.recordings,
    )
    table = rows_of(card_of(trained, X, y, fewer, labels), "Scores on patients left out")
    assert table[3][:6] == ["p1", "1", "1", "1", "0.03", f"{24 * 30:.1f}"]


def test_stretches_have_no_rate(trained, toy):
    X, y, events = toy
    card = card_of(trained, X, y, known(events, observed=0.5), y)
    header, *_ = rows_of(card, "Scores on patients left out")
    assert header[2:4] == ["Found", "Windows: sensitivity"]
    assert "False alarms are left out: only parts of the records are at hand" in card
    assert "around seizures" not in card and "rule of three" not in card
    assert rows_of(card, "Training data")[-1][:4] == ["all", "4", f"{2 / 60:.2f}", "4"]


def test_a_patient_without_seizures_has_no_sensitivity(trained, toy):
    X, y, events = toy
    y = np.where(X.patient == "p1", 0, y)
    kept = events.record < "r2"
    few = Events(
        events.onset[kept],
        events.duration[kept],
        record=events.record[kept],
        recordings=known(events).recordings,
    )
    table = rows_of(card_of(trained, X, y, few, y), "Scores on patients left out")
    assert table[3] == ["p1", "0", "0", "0", "0.03", "0.0", "undefined", "1.000", "undefined"]


def test_names_do_not_break_the_table(trained, toy):
    X, y, events = toy
    odd = "{a|b}"
    X = X[X.patient == "p0"]
    X = Windows(
        np.asarray(X),
        sfreq=X.sfreq,
        step=X.step,
        record=X.record,
        onset=X.onset,
        patient=np.full(len(X), odd),
    )
    y = y[: len(X)]
    events = known(events.select(["r0", "r1"]), rename=lambda name: odd)
    card = card_of(trained, X, y, events, y)
    assert "| {a\\|b} | 2 |" in card


def test_the_card_is_of_the_file_and_its_search(trained, toy):
    X, y, events = toy
    model, _ = trained
    search = TunedSeizureDetectorCV(
        model.estimator,
        max_false_alarms_per_24h=5,
        settings={"threshold": [0.1, 0.5], "smoothing": [0.0]},
        cv=StratifiedPatientKFold(2),
    ).fit(X, y)
    card = card_of(trained, X, y, known(events), y, search)
    assert "store" not in card, "stores are not saved"
    assert "Of 2 settings of smoothing, thresholds," in card
    assert "had\nthe best event F1 on patients left out (2 folds), or one as good" in card
    upper = search.cv_results_["upper_false_alarms_per_24h"][search.best_index_]
    hours = float(np.sum(search.cv_results_["hours"]))
    assert f"On {hours:.1f} hours of patients left out it has 0.00 false alarms in 24 h." in card
    assert f"the rate is below {upper:.2f} in 24 h (95 %). Asked for were at most 5 in" in card
    assert "sampled at more than 40 Hz" in card
    part = card_of(trained, X, y, known(events, observed=0.5), y, search)
    assert "patients left out it has" not in part, "excerpts have no rate"
    assert "Nothing was chosen by its scores" in card_of(trained, X, y, known(events), y)


def test_a_hub_reads_the_header(trained, toy):
    X, y, events = toy
    card = card_of(trained, X, y, known(events), y)
    _, header, rest = card.split("---\n", 2)
    pairs = [line.partition(": ")[::2] for line in header.splitlines() if ": " in line]
    assert dict(pairs) == {
        "library_name": "sklearn",
        "model_format": "skops",
        "model_file": "m.skops",
    }
    assert "- seizure-detection" in header.splitlines()
    assert rest.startswith("\n# Model card of a seizure detector\n")
    again = card_of(trained, X, y, known(events), y)  # it takes the place of the earlier one
    assert again == card


def test_a_detector_of_another_kind_has_a_card(toy, tmp_path):
    X, y, events = toy
    features = BandFeatures(["std"], {"all": (1, 20)})
    pipeline = make_pipeline(features, StandardScaler(), ExtraTreesClassifier(3))
    model = Model(
        MorphologicalFilterClassifier(pipeline).fit(X, y),
        64.0,
        2.0,
        1.0,
        preprocessing={"low": 0.5, "notch": 50.0},
    )
    save_model(model, tmp_path / "m.skops")
    card = card_of((model, tmp_path / "m.skops"), X, y, known(events), y)
    assert "| window | 9 |" in card and "| neighborhood | 2 |" in card
    assert "with channels as they were recorded, filtered by `filter_recording(low=0.5," in card
    assert "It needs the channels, sampled at more than 40 Hz" in card
    for missing, needs in [("all", "one of the channels"), (["F3-C3"], "C3-P3")]:
        pooling = ChannelPooling(features, allow_missing=missing)
        model = Model(make_pipeline(pooling, ExtraTreesClassifier(3)).fit(X, y), 64.0, 2.0, 1.0)
        card = card_of((model, tmp_path / "m.skops"), X, y, known(events), y)
        assert f"It needs at least {needs}, sampled at more than 40 Hz" in card


def test_settings_and_records_are_written_out(trained, toy):
    X, y, events = toy
    card = card_of(trained, X, y, known(events), y)
    for row in (
        "Smoothing | 10 s",
        "Threshold to begin | 0.5",
        "Threshold to go on | 0.5",
        "Minimum duration | 5 s",
        "Merge gap | 10 s",
        "Frequency bands | all 1-20 Hz",
    ):
        assert f"| {row} |" in card
    assert "Records (4): r0, r1, r2, r3.\n" in card
    hours = 4 / 60
    assert f"None in the {hours:.2f} hours of all patients" in card
    assert f"up to\n{72 / hours:.1f} per 24 h" in card


def test_many_records_are_counted_and_one_child_is_one():
    names = [f"chb{case}_{i:02d}" for case in ("01", "21") for i in range(12)]
    events = Events([], [], recordings=dict.fromkeys(names, 60.0))
    text = _model_card._list_records(events, "chbmit")
    assert text.startswith("chb01_00, chb01_01, ")
    assert text.endswith("chb21_07 and 4 more. chb21 is counted as chb01, the same child.")
    assert _model_card._list_records(events, "folder").endswith("chb21_07 and 4 more.")


def test_a_folder_in_the_cards_place_is_told(tmp_path):
    (tmp_path / "m.md").mkdir()
    with pytest.raises(ValueError, match=r"m\.md, where the model card goes, holds something"):
        model_card_path(tmp_path / "m.skops")


def test_a_card_lies_beside_its_model(tmp_path):
    for model, card in (("m.skops", "m.md"), ("m.v2", "m.v2.md"), ("m.md", "m.md.md")):
        assert model_card_path(tmp_path / model) == tmp_path / card


def test_names_make_no_markup_in_a_card():
    from pathlib import Path

    from skseizure.models import _model_card as cards

    assert cards._shown(Path("a`b\n.skops")) == "a'b\\n.skops"
