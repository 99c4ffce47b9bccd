"""The loader of TUSZ, on tiny files in the layout of its version 2."""

import numpy as np
import pytest

from skseizure.datasets import load_tusz

HEAD = """# version = csv_v1.0.0
# bname = {name}
# duration = {seconds:.4f} secs
# montage_file = $NEDC_NFC/lib/nedc_eas_default_montage.txt
#
channel,start_time,stop_time,label,confidence
"""


@pytest.fixture
def corpus(tmp_path, write_edf, tusz_channels):
    def add(subset, patient, token, seconds, sfreq, rows, suffix=".csv_bi"):
        name = f"{patient}_s001_t{token:03d}"
        folder = tmp_path / "edf" / subset / patient / "s001_2015" / "01_tcp_ar"
        write_edf(folder / f"{name}.edf", tusz_channels, seconds, sfreq)
        text = HEAD.format(name=name, seconds=seconds) + "".join(f"{row}\n" for row in rows)
        (folder / f"{name}{suffix}").write_text(text)

    add(
        *("train", "aaaaaajy", 0, 40, 250),
        ["TERM,0.0000,12.0000,bckg,1.0000", "TERM,12.0000,20.5000,seiz,1.0000"],
    )
    add("train", "aaaaaajy", 1, 24, 256, ["TERM,0.0000,24.0000,bckg,1.0000"])
    # Annotations channel by channel only; their union is ictal.
    add(
        *("dev", "aaaaaaqz", 2, 20, 400),
        ["FP1-F7,0.0000,4.0000,bckg,1.0", "FP1-F7,4.0,10.0,fnsz,1.0", "F7-T3,8.0,12.0,fnsz,1.0"],
        suffix=".csv",
    )
    return tmp_path


def test_mixed_rates_come_to_one(corpus):
    X, y, events = load_tusz(corpus, return_events=True)
    assert X.shape == (10 + 6 + 5, 18, 1000) and X.sfreq == 250 and X.dtype == np.float32
    assert set(events.recordings) == {
        *("aaaaaajy_s001_t000", "aaaaaajy_s001_t001", "aaaaaaqz_s001_t002"),
    }
    assert set(X.patient[X.record == "aaaaaaqz_s001_t002"]) == {"aaaaaaqz"}
    ictal = {r: X.onset[(X.record == r) & (y == 1)].tolist() for r in events.recordings}
    assert ictal["aaaaaajy_s001_t000"] == [12.0, 16.0]  # 0.5 s of the next are too little
    assert ictal["aaaaaajy_s001_t001"] == []
    assert ictal["aaaaaaqz_s001_t002"] == [4.0, 8.0]


def test_values_and_montage(corpus):
    X, _ = load_tusz(corpus, patients=["aaaaaajy"])
    assert X.ch_names[:3] == ("FP1-F7", "F7-T7", "T7-P7")
    # FP1 is the file's channel 1, F7 its channel 11: sines of 1 and 11 Hz, 50 uV.
    for record in ("aaaaaajy_s001_t000", "aaaaaajy_s001_t001"):  # of 250 and of 256 Hz
        window = X[(X.record == record) & (X.onset == 8)][0]
        t = 8 + np.arange(1000) / 250
        expected = 50 * (np.sin(2 * np.pi * t) - np.sin(2 * np.pi * 11 * t))
        assert window[0] == pytest.approx(expected, abs=0.1)


def test_parts_of_the_corpus(corpus):
    train, y = load_tusz(corpus, subset="train")
    again, y_again = load_tusz(corpus / "edf" / "train")
    assert set(train.patient) == {"aaaaaajy"}
    assert np.array_equal(train.data, again.data) and np.array_equal(y, y_again)
    assert set(load_tusz(corpus / "edf", subset="dev")[0].patient) == {"aaaaaaqz"}


def test_binary_annotations_come_first(corpus):
    file = next(corpus.rglob("aaaaaajy_s001_t001.csv_bi"))
    rows = "FP1-F7,0.0000,24.0000,fnsz,1.0000\n"
    file.with_suffix(".csv").write_text(file.read_text().splitlines()[0] + "\n" + rows)
    assert load_tusz(corpus, patients=["aaaaaajy"])[1].sum() == 2


def test_errors(corpus, tmp_path, write_edf):
    with pytest.raises(FileNotFoundError, match="a folder is needed"):
        load_tusz(tmp_path / "nowhere")
    with pytest.raises(FileNotFoundError, match="holds neither edf/eval nor eval"):
        load_tusz(corpus, subset="eval")
    with pytest.raises(ValueError, match="subset is 'test'; it must be one of 'train', 'dev'"):
        load_tusz(corpus, subset="test")
    with pytest.raises(ValueError, match=r"patients asks for zz; .* holds aaaaaajy, aaaaaaqz"):
        load_tusz(corpus, patients=["zz"])
    with pytest.raises(ValueError, match="on_error is 'drop'"):
        load_tusz(corpus, on_error="drop")
    (tmp_path / "empty").mkdir()
    with pytest.raises(FileNotFoundError, match=r"no TUSZ record .* PATIENT_sNNN_tNNN.edf"):
        load_tusz(tmp_path / "empty")
    write_edf(corpus / "edf" / "train" / "night.edf", ["EEG FP1-REF"], 10, 250)
    with pytest.raises(ValueError, match=r"night.edf is not named as TUSZ names records"):
        load_tusz(corpus)
    next(corpus.rglob("*t002.csv")).unlink()
    with pytest.raises(FileNotFoundError, match=r"neither aaaaaaqz_s001_t002.csv_bi nor"):
        load_tusz(corpus)


def test_record_that_lacks_a_channel(corpus, write_edf, tusz_channels):
    folder = next(corpus.rglob("*t000.edf")).parent
    write_edf(folder / "aaaaaajy_s001_t009.edf", tusz_channels[:5], 10, 250)
    (folder / "aaaaaajy_s001_t009.csv_bi").write_text(
        HEAD.format(name="x", seconds=10) + "TERM,0.0000,10.0000,bckg,1.0000\n"
    )
    with pytest.raises(ValueError, match=r"t009' has no channels for FP1-F7[^$]*on_error='skip'"):
        load_tusz(corpus)
    with pytest.warns(UserWarning, match=r"used 3 of 4 .* left out 1: aaaaaajy_s001_t009"):
        assert len(load_tusz(corpus, on_error="skip")[0]) == 21


def test_lazy_is_the_same(corpus):
    X, y = load_tusz(corpus)
    lazy, lazy_y = load_tusz(corpus, lazy=True)
    np.testing.assert_array_equal(lazy.data, X.data)
    np.testing.assert_array_equal(lazy_y, y)


def test_version_1_and_files_of_another_system(corpus, write_edf, tusz_channels):
    folder = corpus / "edf" / "train" / "01_tcp_ar" / "002" / "00000258" / "s002_2003_07_21"
    write_edf(folder / "00000258_s002_t000.edf", tusz_channels, 20, 250)
    (folder / "00000258_s002_t000.tse").write_text(
        "version = tse_v1.0.0\n\n0.0000 8.0000 bckg 1.0000\n8.0000 20.0000 fnsz 1.0000\n"
    )
    (folder / "._00000258_s002_t000.edf").write_bytes(b"\0\5\x16\7")
    X, y, events = load_tusz(corpus, patients=["00000258"], return_events=True)
    assert y.tolist() == [0, 0, 1, 1, 1] and events.event_type.tolist() == ["fnsz"]
    write_edf(folder / "night.edf", tusz_channels, 20, 250)
    with pytest.warns(UserWarning, match=r"left out 1: night \(.*not named as TUSZ"):
        X, _ = load_tusz(corpus, on_error="skip")
    assert len(X.report_) == 5 and len(X) == 21 + 5
