"""The loader of the Bonn segments, on the real files and on small faulty ones."""

import zipfile

import numpy as np
import pytest

from skseizure.datasets import load_bonn


@pytest.fixture(scope="module")
def segment_text():
    return "\r\n".join(str(v) for v in np.arange(4097) % 501 - 250) + "\r\n"


@pytest.fixture
def folder_of_Z(tmp_path, segment_text):
    (tmp_path / "Z").mkdir()
    for i in range(1, 101):
        (tmp_path / "Z" / f"Z{i:03d}.txt").write_text(segment_text)
    return tmp_path


@pytest.fixture(scope="module")
def zips_only(data_path, tmp_path_factory):
    folder = tmp_path_factory.mktemp("bonn")
    for letter in "NS":
        (folder / f"{letter}.zip").symlink_to(data_path / "bonn" / f"{letter}.zip")
    return folder


def test_whole_corpus(data_path):
    X, y = load_bonn(data_path / "bonn")
    assert X.shape == (500, 1, 4097) and X.sfreq == 173.61 and X.ch_names == ("EEG",)
    assert y.tolist() == [0] * 400 + [1] * 100
    assert X.record[[0, 100, 200, 300, 499]].tolist() == ["Z001", "O001", "N001", "F001", "S100"]
    assert np.array_equal(X.patient, X.record) and np.all(X.onset == 0)


@pytest.mark.parametrize("name", ["Z001.txt", "O001.txt", "N001.TXT", "F001.txt", "S001.txt"])
def test_values_are_the_published_text(data_path, name):
    expected = np.loadtxt(data_path / "bonn" / "raw_sample" / name)
    X, _ = load_bonn(data_path / "bonn", sets=name[0])
    assert np.array_equal(X[0][0], expected)


def test_zips_hold_the_same_as_the_npz(data_path, zips_only):
    # N's members end in .TXT, S's in .txt.
    X, y, events = load_bonn(zips_only, sets="SN", target="set", return_events=True)
    again, y_again, events_again = load_bonn(
        data_path / "bonn", sets="SN", target="set", return_events=True
    )
    assert np.array_equal(X.data, again.data) and np.array_equal(X.record, again.record)
    assert np.array_equal(y, y_again) and events == events_again
    assert y.tolist() == ["S"] * 100 + ["N"] * 100


def test_events_give_the_labels(data_path):
    X, y, events = load_bonn(
        data_path / "bonn", sets="FS", window=4.0, step=2.0, return_events=True
    )
    assert len(X) == 200 * 10 and X.shape[2] == round(4 * 173.61)
    assert len(events) == 100 and len(events.recordings) == 200
    assert np.array_equal(X.labels(events), y)
    assert len(X.segments()) == 200  # no window follows one of another segment


@pytest.mark.parametrize("flat", [True, False])
def test_text_files(folder_of_Z, flat):
    folder = folder_of_Z / "Z" if flat else folder_of_Z
    X, y = load_bonn(folder, sets="Z")
    assert X.shape == (100, 1, 4097) and not y.any()
    assert np.array_equal(X[99][0], np.arange(4097) % 501 - 250)
    assert X.record[0] == "Z001" and X.record[-1] == "Z100"


def test_faulty_folders(tmp_path, folder_of_Z, segment_text):
    with pytest.raises(FileNotFoundError, match="not there; a folder is needed"):
        load_bonn(tmp_path / "nowhere")
    with pytest.raises(FileNotFoundError, match="a file; a folder is needed"):
        load_bonn(folder_of_Z / "Z" / "Z001.txt")
    with pytest.raises(FileNotFoundError, match=r"set O .* looked for bonn.npz, O.zip, O/O001.txt"):
        load_bonn(folder_of_Z, sets="ZO")
    (folder_of_Z / "Z" / "Z050.txt").unlink()
    with pytest.raises(ValueError, match=r"set Z .* has 99 segments; the complete set has 100"):
        load_bonn(folder_of_Z, sets="Z")
    (folder_of_Z / "Z" / "Z050.txt").write_text("1\n2\n")
    with pytest.raises(ValueError, match=r"segment Z050 in .* has 2 samples; 4097"):
        load_bonn(folder_of_Z, sets="Z")
    (folder_of_Z / "Z" / "Z050.txt").write_text(segment_text.replace("250", "x", 1))
    with pytest.raises(ValueError, match=r"Z050.txt holds a value that is not a number"):
        load_bonn(folder_of_Z, sets="Z")


def test_damaged_archives(tmp_path):
    (tmp_path / "Z.zip").write_bytes(b"PK\x03\x04 cut off")
    with pytest.raises(ValueError, match=r"Z.zip cannot be read"):
        load_bonn(tmp_path, sets="Z")
    with zipfile.ZipFile(tmp_path / "Z.zip", "w") as archive:
        archive.writestr("Z/readme.md", "empty")
    with pytest.raises(ValueError, match=r"set Z .* has 0 segments"):
        load_bonn(tmp_path, sets="Z")
    np.savez(tmp_path / "bonn.npz", X=np.zeros((1, 10)))
    with pytest.raises(ValueError, match=r"bonn.npz cannot be read as arrays 'X' and 'name'"):
        load_bonn(tmp_path, sets="Z")
    (tmp_path / "bonn.npz").write_bytes(b"PK\x03\x04 cut off")
    with pytest.raises(ValueError, match=r"bonn.npz cannot be read"):
        load_bonn(tmp_path, sets="Z")
    names = np.array([f"Z{i:03d}" for i in range(1, 101)])
    np.savez(tmp_path / "bonn.npz", X=np.zeros((100, 10)), name=names)
    with pytest.raises(ValueError, match=r"segment Z001 in .* has 10 samples; 4097"):
        load_bonn(tmp_path, sets="Z")


def test_options(data_path):
    for sets in ("", "ZQ", "ZZ"):
        with pytest.raises(ValueError, match="different letters out of 'ZONFS'"):
            load_bonn(data_path / "bonn", sets=sets)
    with pytest.raises(ValueError, match="target is 'class'"):
        load_bonn(data_path / "bonn", target="class")
    with pytest.raises(ValueError, match="a step needs a window"):
        load_bonn(data_path / "bonn", step=1.0)
    with pytest.raises(ValueError, match=r"lasts 23.5989 s; at least one window of 30 s"):
        load_bonn(data_path / "bonn", window=30)
