"""Channel names and bipolar montages."""

import re
from datetime import datetime

import numpy as np
import pytest

from skseizure.signals import (
    MissingChannelsError,
    Recording,
    get_montage,
    read_edf,
    to_bipolar,
)
from skseizure.signals._montage import DOUBLE_BANANA, normalize_ch_name

ELECTRODES = sorted({e for pair in DOUBLE_BANANA for e in pair.split("-")})
OLD = {"T7": "T3", "T8": "T4", "P7": "T5", "P8": "T6"}


@pytest.mark.parametrize(
    ("name", "normal"),
    [
        ("FP1", "FP1"),
        ("  Fp1 ", "FP1"),
        ("EEG FP1-REF", "FP1-REF"),
        ("EEG Fp1-LE", "FP1-LE"),
        ("EEG F3-Ref", "F3-REF"),
        ("eeg  t3-ref", "T7-REF"),
        ("T3-T5", "T7-P7"),
        ("T4 - T6", "T8-P8"),
        ("T8-P8-0", "T8-P8"),
        ("T8-P8-1", "T8-P8"),
        ("Fp1-0", "FP1"),
        ("Fc5.", "FC5"),
        ("Fp1..", "FP1"),
        ("EEG1", "EEG1"),
        ("FT9-FT10", "FT9-FT10"),
        ("T10", "T10"),
        ("POL Fp1", "FP1"),
        ("POL_T3", "T7"),
        ("EEGFp1", "FP1"),
        ("EEG_Fp1", "FP1"),
        ("EEGFp1-Ref", "FP1-REF"),
        ("Fp1_REF", "FP1-REF"),
        ("EEG Fp1 LE", "FP1-LE"),
        ("Fp1_F7", "FP1-F7"),
        ("F3-M2", "F3-A2"),
        ("EEG Cz-A1A2", "CZ-A1A2"),
        ("POLYGRAPH", "POLYGRAPH"),
        ("P7-01", "P7-01"),
        ("BTEleft SD", "BTELEFTSD"),
    ],
)
def test_names(name, normal):
    assert normalize_ch_name(name) == normal


def referential(style, rng, dtype=np.float64):
    potential = {e: rng.normal(size=50).astype(dtype) for e in ELECTRODES}
    names = [style(e) for e in ELECTRODES]
    return potential, Recording(np.stack(list(potential.values())), 64, names)


@pytest.mark.parametrize(
    "style",
    [
        lambda e: e,
        lambda e: f"EEG {e}-REF",
        lambda e: f"EEG {e.capitalize()}-LE",
        lambda e: f"{OLD.get(e, e)}-A1",
        lambda e: f"{e.lower()}.",
        lambda e: f"EEG {OLD.get(e, e)}-Ref-0",
        lambda e: f"POL {e}",
        lambda e: f"EEG{e.capitalize()}",
        lambda e: f"{e}_REF",
        lambda e: {"O1": "01", "O2": "02"}.get(e, e),
        lambda e: {"O1": "EEG 01-REF"}.get(e, f"EEG {e}-REF"),
    ],
)
def test_referential_input_gives_differences(style, rng):
    potential, recording = referential(style, rng)
    bipolar = to_bipolar(recording)
    assert bipolar.ch_names == DOUBLE_BANANA and len(DOUBLE_BANANA) == 18
    for name, row in zip(bipolar.ch_names, bipolar.data, strict=True):
        plus, minus = name.split("-")
        np.testing.assert_array_equal(row, potential[plus] - potential[minus])


@pytest.mark.parametrize("name", [None, "average", "linked ears", "tcp 22", "tcp 20"])
@pytest.mark.parametrize("lazy_dtype", [np.float32, np.float64])
def test_named_montages_against_sums_by_hand(name, lazy_dtype, rng):
    """Potentials against any reference; a reference of their own cancels."""
    electrodes = [*ELECTRODES, "A1", "A2", "FT9"]
    potential = {e: rng.normal(size=50).astype(lazy_dtype) for e in electrodes}
    names = [f"EEG {OLD.get(e, e)}-REF" for e in electrodes]
    recording = Recording(np.stack(list(potential.values())), 64, names)
    montage = name or ["FP1-AVG", "F7-AVG", "T7-LE"]
    result = to_bipolar(recording, montage)
    derivations = get_montage(name) if name else tuple(montage)
    assert result.ch_names == derivations
    assert result.data.dtype == lazy_dtype
    averaged = [d.split("-")[0] for d in derivations if d.endswith("-AVG")]
    exact = {e: v.astype(float) for e, v in potential.items()}
    for row, derivation in zip(result.data, derivations, strict=True):
        plus, minus = derivation.split("-")
        others = {"AVG": averaged, "LE": ["A1", "A2"]}.get(minus, [minus])
        expected = exact[plus] - np.mean([exact[e] for e in others], axis=0)
        np.testing.assert_allclose(row, expected, atol=1e-6)
    if name:
        assert len(derivations) == {"tcp 22": 22, "tcp 20": 20}.get(name, 19)


def test_a_montage_needs_all_that_it_averages():
    recording = Recording(np.zeros((20, 4)), 64, [e for e in ELECTRODES if e != "FZ"] + ["A1", "X"])
    with pytest.raises(MissingChannelsError, match=r"no channels for FP1-AVG, .*O2-AVG; present"):
        to_bipolar(recording, "average")
    with pytest.raises(MissingChannelsError, match=r"no channels for FP1-LE"):
        to_bipolar(recording, "linked ears")
    referenced = Recording(np.ones((2, 4)), 64, ["EEG FP1-LE", "EEG F7-LE"])
    assert to_bipolar(referenced, ["F7-LE"]).data.tolist() == [[1.0] * 4]


@pytest.mark.parametrize("side", ["left", "right"])
def test_the_channels_of_seizeit2(side):
    recording = Recording([[1.0, 2], [3, 4]], 256, ["CROSStop SD", f"BTE{side} SD"])
    result = to_bipolar(recording, "seizeit2")
    assert (result.ch_names, result.data.tolist()) == (("focal", "cross"), [[3, 4], [1, 2]])
    with pytest.raises(MissingChannelsError, match=r"'r' has no channels for focal; present are C"):
        to_bipolar(Recording([[1.0]], 256, ["CROSStop SD"], record="r"), "seizeit2")


def test_numbers_are_no_electrodes():
    """Where electrodes are numbered, 01 is a number, not O1."""
    recording = Recording(np.zeros((3, 4)), 64, ["P7", "01", "03"])
    with pytest.raises(MissingChannelsError, match="P7-O1"):
        to_bipolar(recording, ["P7-O1"])
    assert to_bipolar(recording, ["P7-01"]).ch_names == ("P7-01",)
    assert to_bipolar(Recording(np.ones((1, 4)), 64, ["P7-01"]), ["P7-O1"]).data.sum() == 4


def test_bipolar_input_is_picked_turned_and_deduplicated():
    names = ["C3-F3", "T8-P8-0", "FP1-F3", "T4-T6-1"]
    recording = Recording(np.arange(8.0).reshape(4, 2), 64, names)
    bipolar = to_bipolar(recording, ["FP1-F3", "F3-C3", "T8-P8"])
    assert bipolar.data.tolist() == [[4, 5], [0, -1], [2, 3]]
    assert bipolar.ch_names == ("FP1-F3", "F3-C3", "T8-P8")


def test_the_pair_itself_comes_before_the_reversed_and_the_difference():
    names = ["T7", "P7", "P7-T7", "T7-P7"]
    data = np.array([[10.0], [3.0], [1.0], [2.0]])
    assert to_bipolar(Recording(data, 64, names), ["T7-P7"]).data.tolist() == [[2]]
    assert to_bipolar(Recording(data[:3], 64, names[:3]), ["T7-P7"]).data.tolist() == [[-1]]
    assert to_bipolar(Recording(data[:2], 64, names[:2]), ["T7-P7"]).data.tolist() == [[7]]


def test_mixed_input_and_common_reference_only():
    # F7 and T7 hang on different references, P7 is there against both.
    names = ["F7-A1", "T7-A2", "P7-A1", "P7-A2", "FP1-F7"]
    recording = Recording(np.array([[1.0], [20.0], [300.0], [4000.0], [7.0]]), 64, names)
    bipolar = to_bipolar(recording, ["FP1-F7", "F7-P7", "T7-P7"])
    assert bipolar.data.tolist() == [[7], [1 - 300], [20 - 4000]]
    with pytest.raises(ValueError, match=r"no channels for F7-T7; present are F7-A1"):
        to_bipolar(recording, ["F7-T7"])


def test_all_that_is_missing_is_named():
    recording = Recording(np.zeros((3, 4)), 64, ["FP1-F7", "EEG F7-REF", "EEG T3-REF"], record="r1")
    with pytest.raises(ValueError) as error:
        to_bipolar(recording)
    message = str(error.value)
    missing = re.search(r"no channels for (.*);", message)[1].split(", ")
    assert missing == [name for name in DOUBLE_BANANA if name not in ("FP1-F7", "F7-T7")]
    assert "'r1'" in message and "present are FP1-F7, EEG F7-REF, EEG T3-REF" in message


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_all_else_is_kept(rng, dtype):
    _, recording = referential(str, rng, dtype)
    start = datetime(2020, 1, 1)
    recording = recording.replace(record="r", patient="p", start=start, offset=7.0)
    before = recording.data.copy()
    bipolar = to_bipolar(recording, ["Fp1-T3"])
    assert bipolar.data.dtype == dtype and bipolar.ch_names == ("Fp1-T3",)
    assert (bipolar.record, bipolar.patient, bipolar.start) == ("r", "p", start)
    assert (bipolar.offset, bipolar.sfreq) == (7.0, 64)
    bipolar.data[:] = 0
    np.testing.assert_array_equal(recording.data, before)


@pytest.mark.parametrize(
    ("montage", "message"),
    [
        ("banana", r"montage is 'banana'; 'double banana', .* or a sequence of names 'A-B'"),
        ([], "montage is empty"),
        (["F3"], "montage holds 'F3'; two electrodes"),
        (["F3-C3-P3"], "montage holds 'F3-C3-P3'"),
        (["F3-F3"], "montage holds 'F3-F3'"),
        (["-C3"], "montage holds '-C3'"),
        (["=C3"], "montage holds '=C3'; a name and a channel"),
        (["a=C3|"], r"montage holds 'a=C3\|'"),
    ],
)
def test_bad_montages(montage, message):
    with pytest.raises(ValueError, match=message):
        to_bipolar(Recording(np.zeros((1, 4)), 64, ["F3-C3"]), montage)


def test_every_chbmit_stretch(data_path):
    paths = sorted((data_path / "chbmit").glob("chb*/*.edf"))
    seen = set()
    for path in paths:
        if path.parent.name in seen:
            continue
        seen.add(path.parent.name)
        recording = read_edf(path)
        bipolar = to_bipolar(recording)
        assert bipolar.ch_names == DOUBLE_BANANA
        names = list(recording.ch_names)
        first = names.index("T8-P8-0" if "T8-P8-0" in names else "T8-P8")
        np.testing.assert_array_equal(bipolar.data[14], recording.data[first])
        # The electrodes along a chain cancel: FP1-F7 + ... + P7-O1 = FP1-F3 + ... + P3-O1.
        left, inner = bipolar.data[:4].sum(axis=0), bipolar.data[4:8].sum(axis=0)
        assert np.corrcoef(left, inner)[0, 1] > 0.97
    assert len(seen) == 8


def test_corner_files(data_path):
    corner = data_path / "edf_corner"
    # Nihon Kohden's referential labels, EEG Fp1-Ref with T3 to T6.
    bipolar = to_bipolar(read_edf(corner / "mne-testing-data__chtypes_edf.edf"))
    assert bipolar.data.shape == (18, 1000)
    with pytest.raises(ValueError, match=r"no channels for FP1-F7, .*present are squarewave"):
        to_bipolar(read_edf(corner / "mne-testing-data__test_utf8_annotations.edf"))
