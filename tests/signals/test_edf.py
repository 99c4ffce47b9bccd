"""read_edf against a naive reader of the bytes and MNE, and on files that break readers."""

import os
import pickle
import re
import warnings
from datetime import datetime

import edfio
import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from skseizure.signals import MissingChannelsError, Windows, read_edf, to_bipolar
from skseizure.signals._edf_header import SIGNAL_FIELDS
from skseizure.signals._units import microvolts

# ---------------------------------------------------------------------- naive reader and writer


def naive_read(path):
    """Decode every signal byte by byte: label -> list of (unit, rate, physical values)."""
    raw = path.read_bytes()
    width = 3 if raw[0] == 0xFF else 2
    n_signals, n_records = int(raw[252:256]), int(raw[236:244])
    duration = float(raw[244:252])
    fields, at = {}, 256
    for name, size in SIGNAL_FIELDS.items():
        fields[name] = [raw[at + i * size : at + (i + 1) * size] for i in range(n_signals)]
        at += n_signals * size
    samples = [int(s) for s in fields["samples"]]
    signals = {i: [] for i in range(n_signals)}
    for _ in range(n_records):
        for i in range(n_signals):
            chunk = raw[at : at + width * samples[i]]
            at += width * samples[i]
            signals[i] += [
                int.from_bytes(chunk[k : k + width], "little", signed=True)
                for k in range(0, len(chunk), width)
            ]
    assert at == len(raw)
    out = []
    for i in range(n_signals):
        label = fields["label"][i].decode("latin-1").strip()
        if label.endswith("Annotations"):
            continue
        low, high = float(fields["physical_min"][i]), float(fields["physical_max"][i])
        first, last = float(fields["digital_min"][i]), float(fields["digital_max"][i])
        digital = np.array(signals[i], dtype=float)
        values = low + (digital - first) * (high - low) / (last - first)
        unit = fields["unit"][i].decode("latin-1").strip()
        out.append((label, unit, samples[i] / duration, values))
    return out


def cell(text, size):
    raw = text if isinstance(text, bytes) else str(text).encode("latin-1")
    return raw.ljust(size)


def edf_bytes(signals, *, n_records=3, duration="1", reserved="", onsets=None, stated=None):
    """Write a file by hand; a signal is a dict of header fields and its digital ``data``."""
    signals = [dict(signal) for signal in signals]
    if onsets is not None:
        signals.append({"label": "EDF Annotations", "unit": "", "samples": 16, "stamps": onsets})
    defaults = {
        "label": "F3-C3",
        "unit": "uV",
        "physical_min": -100,
        "physical_max": 100,
        "digital_min": -1000,
        "digital_max": 1000,
        "samples": 4,
    }
    head = cell("0", 8) + cell("X X X X", 80) + cell("Startdate 02-MAR-2020 X X X", 80)
    head += cell("02.03.20", 8) + cell("10.20.30", 8) + cell(256 * (len(signals) + 1), 8)
    head += cell(reserved, 44) + cell(n_records if stated is None else stated, 8)
    head += cell(duration, 8) + cell(len(signals), 4)
    for name, size in SIGNAL_FIELDS.items():
        head += b"".join(cell((defaults | s).get(name, ""), size) for s in signals)
    body = b""
    for r in range(n_records):
        for signal in signals:
            if "stamps" in signal:
                text = signal["stamps"][r]
                body += cell(text if isinstance(text, bytes) else f"{text}\x14\x14", 32).replace(
                    b" ", b"\0"
                )
                continue
            size = signal.get("samples", 4)
            data = signal.get("data", np.arange(n_records * int(size)))
            body += np.asarray(data, dtype="<i2")[r * int(size) : (r + 1) * int(size)].tobytes()
    return head + body


@pytest.fixture
def write(tmp_path):
    def _write(*args, name="a.edf", **kwargs):
        path = tmp_path / name
        path.write_bytes(edf_bytes(*args, **kwargs))
        return path

    return _write


# ---------------------------------------------------------------------- the corner files

ALL = {}
MIXED = {"refused": "sampling rates differ", "retry": {"resample_to": 100.0}}
EMPTY = {"refused": "holds annotations only"}
CORNER = {
    "edfio__SC4001EC-Hypnogram.bdf": EMPTY,
    "edfio__mne_test.edf": ALL,
    "edfio__short_psg.bdf": MIXED | {"left_out": ["Resp oro-nasal", "Temp rectal", "Event marker"]},
    "edfio__short_psg.edf": MIXED | {"left_out": ["Resp oro-nasal", "Temp rectal", "Event marker"]},
    "mne-python__duplicate_channel_labels.edf": ALL,
    "mne-python__test_edf_stim_channel.edf": ALL,
    "mne-python__test_uneven_samp.edf": MIXED,
    "mne-testing-data__MB0400FU.EDF": ALL,  # EDF+D without a gap
    "mne-testing-data__SC4001EC-Hypnogram.edf": EMPTY,
    "mne-testing-data__chtypes_edf.edf": ALL,
    "mne-testing-data__multiple_annotation_chans.bdf": {"left_out": ["acc1", "acc2", "acc3"]},
    "mne-testing-data__subsecond_starttime.edf": ALL,
    "mne-testing-data__test_1ch.gdf": {"refused": "is a GDF file; EDF or BDF is needed"},
    "mne-testing-data__test_bdf_stim_channel.bdf": {"left_out": ["Status"]},
    "mne-testing-data__test_reduced.edf": MIXED,
    "mne-testing-data__test_utf8_annotations.edf": ALL,
    "pyedflib__test_generator.bdf": MIXED,
    "pyedflib__test_generator_datarec_generator_2.bdf": MIXED,
    "pyedflib__test_subsecond.edf": ALL,
    "pyedflib__test_utf8.edf": ALL,
    "wfdb-python__test_edfann.edf": EMPTY,
}
UNIT = {"uV": 1, "mV": 1e3, "V": 1e6}


def test_the_corner_files_are_all_listed(data_path):
    present = {path.name for path in (data_path / "edf_corner").iterdir()} - {"INDEX.tsv"}
    assert present == set(CORNER)


@pytest.mark.parametrize("name", CORNER)
def test_corner_file_loads_or_says_why_not(data_path, name):
    path, expected = data_path / "edf_corner" / name, CORNER[name]
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        if "refused" in expected:
            with pytest.raises(ValueError, match=expected["refused"]) as error:
                read_edf(path)
            assert str(path) in str(error.value)
            if "retry" not in expected:
                return
            recording = read_edf(path, **expected["retry"])
        else:
            recording = read_edf(path, dtype=np.float64)
    left_out = expected.get("left_out", [])
    assert all(f"'{channel}'" in str(w.message) for w in caught for channel in left_out)
    assert bool(caught) == bool(left_out)
    truth = [signal for signal in naive_read(path) if signal[0] not in left_out]
    assert [re.sub(r"-\d$", "", n) for n in recording.ch_names] == [
        re.sub(r"-\d$", "", signal[0]) for signal in truth
    ]
    for row, (_, unit, rate, values) in zip(recording.data, truth, strict=True):
        if "retry" in expected:
            assert recording.sfreq == 100
            assert len(row) == round(len(values) / rate * 100)
        else:
            assert recording.sfreq == pytest.approx(rate, rel=1e-12)
            np.testing.assert_allclose(row, values * UNIT[unit], rtol=1e-12, atol=1e-9)


@pytest.mark.parametrize(
    "name", ["mne-python__test_uneven_samp.edf", "pyedflib__test_generator_datarec_generator_2.bdf"]
)
def test_one_rate_out_of_several(data_path, name):
    path = data_path / "edf_corner" / name
    for label, unit, rate, values in naive_read(path):
        recording = read_edf(path, channels=[label], dtype=np.float64)
        assert recording.sfreq == pytest.approx(rate, rel=1e-12)
        np.testing.assert_allclose(recording.data[0], values * UNIT[unit], rtol=1e-12, atol=1e-9)


@pytest.mark.parametrize(
    "name",
    [
        "mne-python__duplicate_channel_labels.edf",
        "mne-testing-data__chtypes_edf.edf",
        "mne-testing-data__test_utf8_annotations.edf",
        "mne-testing-data__subsecond_starttime.edf",
    ],
)
def test_values_names_and_start_are_those_of_mne(data_path, name):
    mne = pytest.importorskip("mne")
    path = data_path / "edf_corner" / name
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        raw = mne.io.read_raw_edf(path, preload=True, verbose="ERROR", stim_channel=None)
    recording = read_edf(path, dtype=np.float64)
    voltage = [c for c in raw.ch_names if raw._orig_units.get(c, "µV") == "µV"]
    assert list(recording.ch_names) == raw.ch_names
    assert recording.start.replace(microsecond=0) == raw.info["meas_date"].replace(
        tzinfo=None, microsecond=0
    )
    index = [raw.ch_names.index(c) for c in voltage]
    assert len(index) >= 3
    np.testing.assert_allclose(
        recording.data[index], raw.get_data(picks=index) * 1e6, rtol=1e-9, atol=1e-6
    )


def test_chbmit_stretch(data_path):
    path = next((data_path / "chbmit" / "chb01").glob("chb01_03_t02986.edf"))
    recording = read_edf(path, patient="chb01")
    truth = naive_read(path)
    assert recording.data.dtype == np.float32 and recording.sfreq == 256
    assert recording.record == "chb01_03_t02986" and recording.patient == "chb01"
    assert recording.start == datetime(2076, 11, 6, 14, 32, 50)
    assert recording.ch_names[14] == "T8-P8-0" and recording.ch_names[22] == "T8-P8-1"
    np.testing.assert_allclose(recording.data, [v for *_, v in truth], rtol=1e-6, atol=1e-4)
    X = Windows.from_edf(path, window=2, step=1)
    assert X.record[0] == "chb01_03_t02986" and X.shape == (49, 23, 512)


# ---------------------------------------------------------------------- closed forms


def test_scaling_by_hand(write):
    # Digital 0..7 in -4..4 onto 10..-6 mV: gain -2 mV a step, digital 0 is 2 mV.
    path = write(
        [
            {
                "unit": "mV",
                "physical_min": 10,
                "physical_max": -6,
                "digital_min": -4,
                "digital_max": 4,
                "data": [-4, 0, 4, 1],
            }
        ],
        n_records=1,
        duration="0.5",
    )
    recording = read_edf(path, dtype=np.float64)
    assert recording.data.tolist() == [[10000.0, 2000.0, -6000.0, 0.0]]
    assert recording.sfreq == 8 and recording.start == datetime(2020, 3, 2, 10, 20, 30)


@pytest.mark.parametrize(
    ("unit", "factor"),
    [
        *(("uV", 1), ("UV", 1), ("uv", 1), ("u V", 1), ("µV", 1), ("µV".encode(), 1)),
        *(("μV".encode(), 1), (b"\x83\xcaV", 1), ("microV", 1), ("uVolts", 1), ("mV", 1e3)),
        *(("MV", 1e3), ("milliV", 1e3), ("V", 1e6), ("volt", 1e6), ("nV", 1e-3), (" nv ", 1e-3)),
    ],
)
def test_units_becomemicrovolts(write, unit, factor):
    recording = read_edf(write([{"unit": unit}]), dtype=np.float64)
    np.testing.assert_allclose(recording.data[0], np.arange(12) * 0.1 * factor, atol=1e-9)


@pytest.mark.parametrize("unit", ["", "%", "DegC", "bpm", "uA", "kV", "uV/Hz", "uVrms", "v2"])
def test_other_units_are_no_voltage(unit):
    assert microvolts(unit) is None


def test_what_is_no_voltage_is_left_out_by_name(write):
    signals = [
        {"label": "F3"},
        {"label": "Temp", "unit": "DegC"},
        {"label": "Marker", "unit": ""},
        {"label": "-", "physical_min": 0, "physical_max": 0},
        {"label": "C3"},
        {"label": "bad", "digital_max": -1000},
        {"label": "text", "physical_min": "abc"},
        {"label": "none", "samples": 0},
        {"label": "huge", "physical_max": "9e99"},
    ]
    path = write(signals)
    with pytest.warns(UserWarning) as caught:
        recording = read_edf(path)
    (message,) = (str(w.message) for w in caught)
    assert recording.ch_names == ("F3", "C3")
    for part in (
        "'Temp' (its unit 'DegC' is no voltage)",
        "'Marker' (its unit is blank)",
        "'-' (its physical range is empty: 0 to 0)",
        "'bad' (its digital range is empty: -1000 to -1000)",
        "'text' (physical_min of 'text' in its header is 'abc'",
        "'none' (it holds no samples)",
        "'huge' (its physical range is beyond measure",
        "channels=[...] chooses",
        "blank_unit states",
    ):
        assert part in message
    assert read_edf(path, channels=["C3", "F3"]).ch_names == ("C3", "F3")
    for signal, fault in (
        ("Temp", "its unit 'DegC' is no voltage"),
        ("-", "its physical range is empty"),
        ("bad", "its digital range is empty"),
        ("text", "a number is needed"),
        ("none", "holds no samples"),
    ):
        with pytest.raises(ValueError, match=rf"cannot read '{signal}' \(.*{fault}"):
            read_edf(path, channels=["F3", signal])


def test_blank_unit_is_never_guessed(write):
    path = write([{"label": "F3", "unit": ""}, {"label": "Temp", "unit": "C"}])
    with pytest.raises(ValueError, match=r"cannot read 'F3' \(its unit is blank\).*blank_unit"):
        read_edf(path)
    with pytest.raises(ValueError, match="its unit is blank"):
        read_edf(path, channels=["F3"])
    recording = read_edf(path, channels=["F3"], blank_unit="mV", dtype=np.float64)
    np.testing.assert_allclose(recording.data[0], np.arange(12) * 100.0)
    with pytest.warns(UserWarning, match="'Temp'"):
        assert read_edf(path, blank_unit="uV").ch_names == ("F3",)
    with pytest.raises(ValueError, match="blank_unit is 'Hz'"):
        read_edf(path, blank_unit="Hz")


def test_duplicate_labels_are_numbered(write):
    labels = ["T8-P8", "-", "T8-P8", "T8-P8-0", "-", "C3"]
    path = write([{"label": label, "data": [i] * 12} for i, label in enumerate(labels)])
    recording = read_edf(path, dtype=np.float64)
    assert recording.ch_names == ("T8-P8-1", "--0", "T8-P8-2", "T8-P8-0", "--1", "C3")
    np.testing.assert_allclose(recording.data[:, 0], np.arange(6) * 0.1)
    only = read_edf(path, channels=["--1", "T8-P8-0"], dtype=np.float64)
    np.testing.assert_allclose(only.data[:, 0], [0.4, 0.3])


def test_channels_must_be_there(write):
    path = write([{"label": "F3"}, {"label": "C3"}])
    with pytest.raises(ValueError, match=r"asks for 'O1', 'O2'; present are F3, C3"):
        read_edf(path, channels=["F3", "O1", "O2"])
    with pytest.raises(ValueError, match="asks for nothing; present are F3, C3"):
        read_edf(path, channels=[])
    with pytest.raises(TypeError, match="channels is the string 'F3'"):
        read_edf(path, channels="F3")
    with pytest.raises(ValueError, match="dtype is int16"):
        read_edf(path, dtype=np.int16)


def test_mixed_rates_need_a_choice(tmp_path):
    t = np.arange(40 * 200) / 200
    signals = [
        edfio.EdfSignal(
            50 * np.sin(2 * np.pi * 3 * t[: 40 * rate] * 200 / rate),
            rate,
            label=label,
            physical_dimension="uV",
        )
        for label, rate in (("a", 200), ("b", 125), ("c", 200), ("d", 25))
    ]
    path = tmp_path / "mixed.edf"
    edfio.Edf(signals, data_record_duration=2).write(path)
    with pytest.raises(ValueError, match=r"25 Hz \(d\); 125 Hz \(b\); 200 Hz \(a, c\)"):
        read_edf(path)
    assert read_edf(path, channels=["c", "a"]).sfreq == 200
    recording = read_edf(path, resample_to=100)
    assert recording.data.shape == (4, 4000) and recording.sfreq == 100
    truth = 50 * np.sin(2 * np.pi * 3 * np.arange(4000) / 100)
    assert np.abs(recording.data - truth)[:, 200:-200].max() < 0.15
    for rate in (0, -5, np.nan):
        with pytest.raises(ValueError, match="resample_to is"):
            read_edf(path, resample_to=rate)


def test_decimal_commas_and_nul_padding(write):
    path = write([{"physical_min": "-12,5", "physical_max": b"12,5\0\0\0\0", "label": b"F3\0"}])
    recording = read_edf(path, dtype=np.float64)
    np.testing.assert_allclose(recording.data[0], np.arange(12) * 0.0125)
    assert recording.ch_names == ("F3",)


@pytest.mark.parametrize(
    ("date", "recording", "start"),
    [
        ("02.03.20", "Startdate 02-MAR-2020 X X X", datetime(2020, 3, 2, 10, 20, 30)),
        ("02.03.20", "night 4", datetime(2020, 3, 2, 10, 20, 30)),
        ("01.01.85", "Startdate X X X X", None),
        ("01.01.85", "", None),
        ("xx.xx.xx", "", None),
        ("99.99.99", "Startdate 01-XYZ-2020 X X X", None),
        ("31.02.20", "", None),
        ("02.03.84", "", datetime(2084, 3, 2, 10, 20, 30)),
        (" 2-3/85", "", datetime(1985, 3, 2, 10, 20, 30)),
        ("2.3.1985", "", None),
        ("02.03.85", "Startdate 02-mar-2085 X X X", datetime(2085, 3, 2, 10, 20, 30)),
        ("02.03.20", "Startdate 31-FEB-2020 X X X", None),
    ],
)
def test_start(write, date, recording, start):
    path = write([{}])
    raw = bytearray(path.read_bytes())
    raw[88:168], raw[168:176] = cell(recording, 80), cell(date, 8)
    path.write_bytes(raw)
    assert read_edf(path).start == start


@pytest.mark.parametrize("name", [name for name, how in CORNER.items() if "refused" not in how])
def test_start_is_that_of_edfio(data_path, name):
    path = data_path / "edf_corner" / name
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        read = edfio.read_bdf if path.suffix == ".bdf" else edfio.read_edf
        file = read(path)
        try:
            start = file.startdatetime
        except Exception:  # of anonymised dates
            start = None
        found = read_edf(path, lazy=True).start
    assert found == (None if start and start.year == 1985 else start)


# ---------------------------------------------------------------------- discontinuous files


def test_edf_plus_d_without_a_gap_is_read(write):
    path = write([{}], reserved="EDF+D", onsets=["+0.25", "+1.25", "+2.25"])
    recording = read_edf(path, dtype=np.float64)
    np.testing.assert_allclose(recording.data[0], np.arange(12) * 0.1)
    assert recording.start == datetime(2020, 3, 2, 10, 20, 30, 250000)


@pytest.mark.parametrize("reserved", ["EDF+D", "EDF+C", ""])
def test_a_gap_is_refused_wherever_it_is_flagged(write, reserved):
    path = write([{}], reserved=reserved, onsets=["+0", "+1", "+7.5"])
    with pytest.raises(
        ValueError,
        match=r"is discontinuous: data record 1 lasts from 1 to 2 s, the next begins at 7.5 s",
    ):
        read_edf(path, on_gap="raise")


def test_overlapping_records_are_refused(write):
    with pytest.raises(ValueError, match=r"from 0 to 1 s, the next begins at 0.5 s"):
        read_edf(write([{}], reserved="EDF+D", onsets=["+0", "+0.5", "+1"]))


def test_edf_plus_d_needs_time_stamps(write):
    with pytest.raises(ValueError, match="EDF\\+D without time stamps"):
        read_edf(write([{}], reserved="EDF+D"))
    path = write([{}], reserved="EDF+D", onsets=["+0", b"junk", "+2"])
    with pytest.raises(ValueError, match="its data record 1 has no time stamp"):
        read_edf(path)


def test_edf_plus_c_without_time_stamps_is_read(write):
    path = write([{}], reserved="EDF+C", onsets=[b"", b"", b""])
    assert read_edf(path).data.shape == (1, 12)


# ---------------------------------------------------------------------- damaged files


@pytest.mark.parametrize(
    ("raw", "reason"),
    [
        (b"", "is empty"),
        (b"0    ", "cut off in its header: 5 bytes"),
        (b"\xffBIO", "cut off in its header: 4 bytes"),
        (b"hello world", "is neither EDF nor BDF: it begins with b'hello wo'"),
        (b"1       " + b" " * 300, "is neither EDF nor BDF"),
        (b"GDF 2.10" + b"\0" * 300, "is a GDF file"),
        (b"\x1f\x8b\x08\0\0\0\0\0\0", "is a gzip archive"),
        (b"PK\x03\x04aaaaaaa", "is a zip archive"),
        (b"0       " + b"\0" * 400, "number of signals in its header is ''"),
    ],
)
def test_no_edf_at_all(tmp_path, raw, reason):
    path = tmp_path / "x.edf"
    path.write_bytes(raw)
    with pytest.raises(ValueError, match=re.escape(f"{path}: {reason}")):
        read_edf(path)


def test_missing_file(tmp_path):
    with pytest.raises(FileNotFoundError):
        read_edf(tmp_path / "none.edf")


@pytest.mark.parametrize(
    ("at", "text", "reason"),
    [
        (184, "999     ", "its header claims 999 bytes, but 1 signals take 512"),
        (236, "0       ", "holds no data: number of data records in its header is 0"),
        (236, "-7      ", "holds no data: number of data records in its header is -7"),
        (236, "2.5     ", "number of data records in its header is '2.5'; a whole number"),
        (236, "1_0     ", "number of data records in its header is '1_0'; a number"),
        (236, "2       ", "longer than its header says: 2 data records take 16 bytes, but 24"),
        (236, "4       ", "cut off: 4 data records take 32 bytes, but 24 follow its header"),
        (244, "0       ", "duration of a data record is 0 s"),
        (244, "-1      ", "duration of a data record is -1 s"),
        (244, "nan     ", "duration of a data record in its header is 'nan'"),
        (252, "0   ", "number of signals in its header is 0"),
        (252, "9999", "cut off in its header: 536 bytes, 9999 signals need"),
        (472, "-4      ", "samples per data record of 'F3-C3' in its header is -4"),
        (472, "0       ", "its data records hold no samples"),
        (472, "4.0     ", "edfio cannot read it"),
        (256, "EDF Annotations ", "holds annotations only"),
    ],
)
def test_header_that_does_not_fit(write, at, text, reason):
    path = write([{}])
    raw = path.read_bytes()
    path.write_bytes(raw[:at] + text.encode() + raw[at + len(text) :])
    with pytest.raises(ValueError, match=re.escape(reason)):
        read_edf(path, strict=True)


def test_open_number_of_records(write):
    path = write([{}], stated=-1)
    with pytest.warns(UserWarning, match="open \\(-1\\); the file holds 3 whole ones"):
        recording = read_edf(path)
    assert recording.data.shape == (1, 12)
    path.write_bytes(path.read_bytes()[:-3])
    with pytest.raises(ValueError, match="cut off: the last of its data records of 8 bytes"):
        read_edf(path, strict=True)
    with pytest.warns(UserWarning, match="holds 2 whole ones and 5 bytes of another"):
        assert read_edf(path).data.shape == (1, 8)
    path.write_bytes(path.read_bytes()[:512])
    with pytest.raises(ValueError, match="holds no data"):
        read_edf(path)


SMALL = edf_bytes(
    [{"label": "F3"}, {"label": "T8-P8"}, {"label": "T8-P8"}],
    reserved="EDF+C",
    onsets=["+0", "+1", "+2"],
)


@pytest.mark.parametrize("stated", [3, -1])
def test_cut_at_every_byte(tmp_path, stated):
    raw = SMALL[:236] + cell(stated, 8) + SMALL[244:]
    path = tmp_path / "a.edf"
    path.write_bytes(raw)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        whole = read_edf(path).data
        n_header, read = 256 * 5, []
        for n in range(len(raw)):
            path.write_bytes(raw[:n])
            try:
                data = read_edf(path, strict=True).data
            except ValueError as error:
                assert str(path) in str(error)
            else:
                read.append(n)
                np.testing.assert_array_equal(data, whole[:, : data.shape[1]])
            if n >= n_header + (len(raw) - n_header) // 3:
                data = read_edf(path).data  # the whole data records, never others
                n_whole = (n - n_header) // ((len(raw) - n_header) // 3)
                np.testing.assert_array_equal(data, whole[:, : 4 * n_whole])
    record = (len(raw) - n_header) // 3
    # Only an open number of records makes a shorter file whole, and only at a record's end.
    assert read == ([n_header + record, n_header + 2 * record] if stated == -1 else [])


@settings(
    max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(share=st.floats(0, 1, exclude_max=True))
@pytest.mark.parametrize(
    "name", ["edf_corner/mne-testing-data__test_bdf_stim_channel.bdf", "chbmit/chb21"]
)
def test_cut_real_files(data_path, tmp_path, name, share):
    source = data_path / name
    source = source if source.is_file() else min(source.glob("*.edf"))
    raw = source.read_bytes()
    path = tmp_path / "cut.edf"
    path.write_bytes(raw[: int(share * len(raw))])
    with pytest.raises(ValueError, match=r"cut\.edf: (is empty|cut off)"):
        read_edf(path, strict=True)


@settings(
    max_examples=400, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(at=st.integers(0, 256 * 5 - 1), byte=st.integers(0, 255))
def test_flipped_header_byte_never_gives_another_error(tmp_path, at, byte):
    raw = bytearray(SMALL)
    raw[at] = byte
    path = tmp_path / "flip.edf"
    path.write_bytes(raw)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        # The number of records may be another one; what is strict does not put up with that.
        for strict, lengths in {False: range(1, 1000), True: [12]}.items():
            try:
                recording = read_edf(path, strict=strict)
            except ValueError as error:
                assert str(path) in str(error)
            else:
                assert np.isfinite(recording.data).all() and recording.data.shape[1] in lengths


def test_flipped_layout_bytes_never_move_samples(tmp_path):
    """Every other digit in a field that says where samples lie is refused."""
    path = tmp_path / "flip.edf"
    layout = [*range(184, 192), *range(236, 244), *range(252, 256)]
    layout += range(256 + 4 * 216, 256 + 4 * 224)  # samples per data record
    for at in layout:
        for digit in b"0123456789":
            if SMALL[at] == digit or (SMALL[at] == 32 and SMALL[at - 1] == 32):
                continue
            raw = bytearray(SMALL)
            raw[at] = digit
            path.write_bytes(raw)
            with pytest.raises(ValueError, match="flip"):
                read_edf(path, strict=True)


# ---------------------------------------------------------------------- files that do not fit

TWO = [{"label": "F3"}, {"label": "C3", "samples": 2, "data": np.arange(6) * 7}]


def naive_whole(path, n_records):
    """Cut a file to whole data records and state their number, for the naive reader."""
    raw = path.read_bytes()
    n_signals = int(raw[252:256])
    at = 256 + 216 * n_signals
    width = 3 if raw[0] == 0xFF else 2
    record = width * sum(int(raw[at + 8 * i : at + 8 * i + 8]) for i in range(n_signals))
    other = path.with_name("whole.edf")
    end = 256 * (n_signals + 1) + n_records * record
    other.write_bytes(raw[:236] + cell(n_records, 8) + raw[244:end])
    return naive_read(other)


@pytest.mark.parametrize(
    ("tail", "cut", "stated", "n_records", "note"),
    [
        (b"\0" * 5, 0, None, 3, "5 bytes after its last data record were not read"),
        (b"\0" * 12, 0, None, 4, "header states 3 data records, but the file holds 4 whole ones"),
        (
            b"",
            5,
            None,
            2,
            "states 3 data records, but the file holds 2 whole ones and 7 bytes more",
        ),
        (b"", 5, -1, 2, r"open \(-1\); the file holds 2 whole ones and 7 bytes of another"),
        (b"", 0, 99, 3, "header states 99 data records, but the file holds 3"),
    ],
)
@pytest.mark.parametrize("lazy", [False, True])
def test_whole_records_are_read_as_others_read_them(
    write, tail, cut, stated, n_records, note, lazy
):
    mne = pytest.importorskip("mne")
    path = write(TWO, stated=stated)
    raw = path.read_bytes()
    path.write_bytes(raw[: len(raw) - cut] + tail)
    for label in ("F3", "C3"):
        with pytest.warns(UserWarning, match=note):
            recording = read_edf(path, channels=[label], dtype=np.float64, lazy=lazy).load()
        truth = {name: values for name, *_, values in naive_whole(path, n_records)}
        np.testing.assert_allclose(recording.data[0], truth[label])
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            theirs = edfio.read_edf(path).get_signal(label).data
            mnes = mne.io.read_raw_edf(path, include=[label], preload=True, verbose="ERROR")
        np.testing.assert_allclose(theirs, truth[label], atol=1e-9)
        np.testing.assert_allclose(mnes.get_data()[0] * 1e6, truth[label], atol=1e-6)
        if stated != -1 or cut:
            with pytest.raises(ValueError, match=r"cut off|longer than its header says"):
                read_edf(path, strict=True)


def test_not_even_one_whole_record(write):
    path = write(TWO)
    path.write_bytes(path.read_bytes()[: 256 * 3 + 11])
    with pytest.raises(ValueError, match="cut off: 3 data records take 36 bytes, but 11 follow"):
        read_edf(path, channels=["F3"])


def test_inverted_digital_range(write):
    mne = pytest.importorskip("mne")
    path = write([{"digital_min": 1000, "digital_max": -1000}, {"label": "C3"}])
    with pytest.warns(UserWarning, match="digital minimum of F3-C3 is above the maximum, which"):
        recording = read_edf(path, dtype=np.float64)
    np.testing.assert_allclose(recording.data[0], -np.arange(12) * 0.1)
    np.testing.assert_allclose(recording.data[1], np.arange(12) * 0.1)
    np.testing.assert_allclose(edfio.read_edf(path).signals[0].data, recording.data[0], atol=1e-9)
    raw = mne.io.read_raw_edf(path, preload=True, verbose="ERROR")
    np.testing.assert_allclose(raw.get_data() * 1e6, recording.data, atol=1e-6)


def test_three_digits_of_an_exponent(write):
    path = write([{"physical_min": "-8e+002", "physical_max": "8e+002"}])
    np.testing.assert_allclose(read_edf(path, dtype=np.float64).data[0], np.arange(12) * 0.8)
    path = write([{"physical_max": "8e+999"}, {"label": "C3"}])
    with pytest.warns(UserWarning, match="left out 'F3-C3' .*no number is so large"):
        assert read_edf(path).ch_names == ("C3",)


# ---------------------------------------------------------------------- units


@pytest.mark.parametrize("unit", [b".V", b"?V", b"\xefV", b"\xe6V", "uV/bit", ""])
def test_an_unreadable_unit_is_given(write, unit):
    path = write([{"label": "F3", "unit": unit}, {"label": "Temp", "unit": "DegC"}])
    with pytest.raises(ValueError, match=r"cannot read 'F3' .*units or blank_unit states units"):
        read_edf(path, channels=["F3"])
    for options in ({"blank_unit": "mV"}, {"units": "mV"}, {"units": {"F3": "mV"}}):
        recording = read_edf(path, channels=["F3"], dtype=np.float64, **options)
        np.testing.assert_allclose(recording.data[0], np.arange(12) * 100.0)
        with pytest.warns(UserWarning, match="left out 'Temp'"):
            assert read_edf(path, **options).ch_names == ("F3",)


def test_a_unit_cut_off_after_eight_letters(write):
    np.testing.assert_allclose(
        read_edf(write([{"unit": "microvol"}]), dtype=np.float64).data[0], np.arange(12) * 0.1
    )


def test_units_replace_those_of_the_file(write):
    path = write([{"label": "F3"}, {"label": "C3", "unit": "mV"}, {"label": "T", "unit": "C"}])
    step = np.arange(12) * 0.1
    with pytest.warns(UserWarning, match="left out 'T'"):
        recording = read_edf(path, units="V", dtype=np.float64)
    np.testing.assert_allclose(recording.data, [step * 1e6] * 2)
    recording = read_edf(path, units={"C3": "uV", "T": "mV"}, dtype=np.float64)
    np.testing.assert_allclose(recording.data, [step, step, step * 1e3])
    with pytest.raises(ValueError, match=r"units names 'O1'; present are F3, C3, T"):
        read_edf(path, units={"O1": "uV"})
    with pytest.raises(ValueError, match="units of 'C3' is 'Hz'; 'nV'"):
        read_edf(path, units={"C3": "Hz"})
    with pytest.raises(TypeError, match="units is 3; a unit, or a mapping"):
        read_edf(path, units=3)


# ---------------------------------------------------------------------- gaps


def test_stretches_between_gaps(write):
    stamps = ["+0.5", "+1.5", "+7.5", "+8.5", "+9.5", "+20"]
    path = write([{}], reserved="EDF+D", n_records=6, onsets=stamps)
    for lazy in (False, True):
        with pytest.warns(UserWarning, match=r"has 2 gaps, 14.5 s in all, .* 3 stretches"):
            recording = read_edf(path, dtype=np.float64, lazy=lazy)
        assert recording.stretches == ((0, 2), (7, 3), (19.5, 1))
        assert (recording.duration, recording.data.shape) == (20.5, (1, 24))
        assert recording.start == datetime(2020, 3, 2, 10, 20, 30, 500000)
        X = Windows.from_recording(recording, window=1, step=0.5)
        assert X.onset.tolist() == [0, 0.5, 1, 7, 7.5, 8, 8.5, 9, 19.5]
        assert [len(rows) for rows in X.segments()] == [3, 5, 1]
        first = (np.array([0, 2, 4, 8, 10, 12, 14, 16, 20])) * 0.1
        np.testing.assert_allclose(X.data[:, 0, 0], first)
        by_signal = [(len(rows), part.shape) for rows, part in X.by_signal()]
        assert by_signal == [(3, (3, 1, 4)), (5, (5, 1, 4)), (1, (1, 1, 4))]
        again = pickle.loads(pickle.dumps(X[[8, 3]]))
        np.testing.assert_array_equal(again.data, X.data[[8, 3]])
        assert [info.observed for info in X.recordings().values()] == [6.0]


def test_each_stretch_is_resampled_by_itself(write):
    path = write([{"samples": 10, "data": np.tile([100, -100], 30)}], n_records=6, onsets=[
        "+0", "+1", "+2", "+5", "+6", "+7"], reserved="EDF+D")  # fmt: skip
    with pytest.warns(UserWarning, match="2 stretches"):
        whole = read_edf(path, resample_to=7, dtype=np.float64)
    assert whole.stretches == ((0, 3), (5, 3))
    np.testing.assert_allclose(whole.data[:, :21], whole.data[:, 21:])


def test_gaps_can_be_ignored(write):
    path = write([{}], reserved="EDF+D", onsets=["+0.5", "+1.5", "+7.5"])
    recording = read_edf(path, on_gap="ignore")
    assert (recording.stretches, recording.start.microsecond) == (((0, 3),), 500000)
    assert read_edf(write([{}], reserved="EDF+D"), on_gap="ignore").duration == 3
    with pytest.raises(ValueError, match="on_gap is 'fill'; 'split', 'raise' or 'ignore'"):
        read_edf(path, on_gap="fill")


def test_time_stamps_that_drift(write):
    """Each by less than a gap, in sum by more than an event can bear."""
    signal = [{"samples": 256, "data": np.zeros(256 * 400)}]
    stamps = [f"+{i * 1.0009:.4f}" for i in range(400)]
    path = write(signal, n_records=400, onsets=stamps, reserved="EDF+C")
    with pytest.raises(ValueError, match=r"time stamps drift: .* 0\.359 s more or less"):
        read_edf(path)
    assert read_edf(path, on_gap="ignore").duration == 400
    stamps = [f"+{i * 1.0002:.4f}" for i in range(400)]
    path = write(signal, n_records=400, onsets=stamps)
    with pytest.warns(UserWarning, match=r"drift by up to 0\.0798 s; the samples were counted"):
        assert read_edf(path).duration == 400
    rounded = [f"+{i * 0.3333333333:.3f}" for i in range(400)]
    signal = [{"samples": 4, "data": np.zeros(4 * 400)}]
    assert read_edf(
        write(signal, n_records=400, onsets=rounded, duration=".3333333")
    ).duration == pytest.approx(400 / 3)


def test_some_time_stamps_are_missing(write):
    stamps = [b"", "+1", b"", "+3", "+10", "+11"]
    path = write([{}], n_records=6, onsets=stamps, reserved="EDF+C")
    with pytest.warns(UserWarning, match="2 stretches"):
        assert read_edf(path).stretches == ((0, 4), (10, 2))
    with pytest.raises(ValueError, match=r"EDF\+D, and its data record 0 has no time .*2 such"):
        read_edf(write([{}], n_records=6, onsets=stamps, reserved="EDF+D"))
    stamps = ["+0", "+1", b"", "+9", "+10", "+11"]
    path = write([{}], n_records=6, onsets=stamps, reserved="EDF+C")
    with pytest.raises(ValueError, match="Data records between 1 and 3 have no time stamp"):
        read_edf(path)


# ---------------------------------------------------------------------- montage


def test_only_the_channels_of_a_montage_count(write):
    """Neither another rate nor another unit of what the montage does not need is in the way."""
    signals = [
        {"label": "EEG F3-Ref", "data": np.arange(12) * 3},
        {"label": "EEG C3-Ref", "data": np.arange(12)},
        {"label": "ECG", "samples": 8},
        {"label": "Temp", "unit": "DegC"},
    ]
    path = write(signals)
    for lazy in (False, True):
        recording = read_edf(path, montage=["F3-C3"], lazy=lazy, dtype=np.float64)
        assert (recording.ch_names, recording.sfreq) == (("F3-C3",), 4)
        np.testing.assert_allclose(recording.load().data[0], np.arange(12) * 0.2, atol=1e-12)
        with pytest.raises(MissingChannelsError, match=r"'a' has no channels for C3-P3"):
            read_edf(path, montage=["C3-P3"], lazy=lazy)


@pytest.mark.parametrize("piece", [1, 3000, 2**20])
@pytest.mark.parametrize("resample_to", [None, 50])
@pytest.mark.parametrize("kind", ["EDF", "BDF"])
def test_a_montage_is_derived_piece_by_piece(tmp_path, rng, monkeypatch, piece, resample_to, kind):
    """Bit for bit what `to_bipolar` makes of the whole recording, whatever is read at a time."""
    rates = dict.fromkeys(["F3", "C3", "P3", "Cz"], 100) | ({"P3": 200} if resample_to else {})
    make, signal = (edfio.Edf, edfio.EdfSignal) if kind == "EDF" else (edfio.Bdf, edfio.BdfSignal)
    path = tmp_path / "night.edf"
    make(
        [
            signal(rng.normal(scale=40, size=20 * rate), rate, label=name, physical_dimension="uV")
            for name, rate in rates.items()
        ]
    ).write(path)
    monkeypatch.setattr("skseizure.signals._edf_file.PIECE", piece)
    options = {"resample_to": resample_to}
    for montage in (["F3-C3", "P3-C3"], ["C3-AVG", "F3-AVG", "P3-AVG"]):
        whole = to_bipolar(read_edf(path, **options), montage)
        derived = read_edf(path, montage=montage, **options)
        np.testing.assert_array_equal(derived.data, whole.data)
        assert (derived.ch_names, derived.stretches) == (whole.ch_names, whole.stretches)
        lazy = read_edf(path, montage=montage, lazy=True, **options)
        np.testing.assert_array_equal(lazy.load().data, whole.data)


def test_a_file_that_is_cut_while_it_is_read_is_refused(tmp_path, rng, monkeypatch):
    path = tmp_path / "night.edf"
    signal = edfio.EdfSignal(rng.normal(size=2000), 100, label="F3", physical_dimension="uV")
    edfio.Edf([signal]).write(path)
    recording = read_edf(path, lazy=True)
    monkeypatch.setattr("skseizure.signals._edf_file.EdfFile._refuse_change", lambda self: None)
    os.truncate(path, path.stat().st_size - 500)
    with pytest.raises(ValueError, match=r"night\.edf: has become shorter since it was opened"):
        recording.load()
