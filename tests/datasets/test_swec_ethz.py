"""The loader of SWEC-ETHZ, on tiny files in the layouts of its two data sets."""

import numpy as np
import pytest
import scipy.io

from skseizure.datasets import load_swec_ethz
from skseizure.signals import Recording

FS = 16


def write_short(folder, patient, number, *, seizure=40, n_channels=3, fs=FS):
    (folder / patient).mkdir(exist_ok=True)
    n = (360 + seizure) * FS
    # Channel c holds 1000 c + second.
    EEG = np.arange(n)[:, np.newaxis] // FS + 1000.0 * np.arange(n_channels)
    content = {"EEG": EEG} if fs is None else {"EEG": EEG, "fs": fs}
    scipy.io.savemat(folder / patient / f"Sz{number}.mat", content)


@pytest.fixture
def short(tmp_path):
    for patient, number, seizure in (("ID1", 2, 25), ("ID1", 10, 40), ("ID2", 1, 30)):
        write_short(tmp_path, patient, number, seizure=seizure)
    return tmp_path


@pytest.fixture
def long(tmp_path):
    (tmp_path / "ID03").mkdir()
    for hour in (1, 2, 3):
        second = np.arange(3600 * FS) // FS + 3600.0 * (hour - 1)
        scipy.io.savemat(tmp_path / "ID03" / f"ID03_{hour}h.mat", {"EEG": np.stack([second] * 2)})
    info = {"fs": FS, "seizure_begin": [[100.0], [7190.0]], "seizure_end": [[150.0], [7230.0]]}
    scipy.io.savemat(tmp_path / "ID03" / "ID03_info.mat", info)
    return tmp_path


def test_short_term(short):
    X, y, events = load_swec_ethz(short, window=5.0, return_events=True)
    assert X.shape == (77 + 80 + 78, 3, 5 * FS) and X.dtype == np.float32
    # In order of number, not of text: Sz2 before Sz10.
    assert list(events.recordings) == ["ID1_Sz2", "ID1_Sz10", "ID2_Sz1"]
    assert events.onset.tolist() == [180.0] * 3 and events.duration.tolist() == [25, 40, 30]
    assert [info.patient for info in events.recordings.values()] == ["ID1", "ID1", "ID2"]
    assert np.array_equal(X.data[:, 1, 0], 1000 + X.onset)  # rows are channels, columns time
    assert np.array_equal(
        y, (X.onset >= 180) & (X.onset < np.repeat([205, 220, 210], [77, 80, 78]))
    )


def test_choice_of_patients(short):
    assert set(load_swec_ethz(short, patients=["ID2"])[0].patient) == {"ID2"}
    assert set(load_swec_ethz(short / "ID1")[0].patient) == {"ID1"}
    with pytest.raises(ValueError, match=r"patients asks for ID7; .* holds ID1, ID2"):
        load_swec_ethz(short, patients=["ID7"])
    with pytest.raises(ValueError, match="patients asks for nothing"):
        load_swec_ethz(short, patients=[])
    with pytest.raises(TypeError, match="patients is the string 'ID1'; a list"):
        load_swec_ethz(short, patients="ID1")


def test_long_term(long):
    X, y, events = load_swec_ethz(long, window=10.0, return_events=True)
    assert list(events.recordings) == ["ID03_1h", "ID03_2h", "ID03_3h"]
    # A seizure from 10 s before to 30 s after the second full hour is cut there.
    assert events.record.tolist() == ["ID03_1h", "ID03_2h", "ID03_3h"]
    assert events.onset.tolist() == [100.0, 3590.0, 0.0]
    assert events.duration.tolist() == [50.0, 10.0, 30.0]
    assert np.array_equal(X[0][0], np.arange(10 * FS) // FS)
    assert y.sum() == 5 + 1 + 3 and np.flatnonzero(y)[0] == 10


def test_differing_patients(short):
    write_short(short, "ID4", 1, n_channels=4)
    with pytest.raises(ValueError, match=r"'ID4_Sz1' has 4 channels and 'ID1_Sz2' has 3; .* ch3"):
        load_swec_ethz(short)

    def two(recording):
        return recording.replace(data=recording.data[:2], ch_names=recording.ch_names[:2])

    assert load_swec_ethz(short, preprocess=two)[0].shape[1] == 2
    write_short(short, "ID5", 1, fs=2 * FS, seizure=400)
    with pytest.raises(ValueError, match="'ID5_Sz1' is sampled at 32 Hz and 'ID1_Sz2' at 16 Hz"):
        load_swec_ethz(short, patients=["ID1", "ID5"])


def test_preprocess_must_return_a_recording(short):
    with pytest.raises(TypeError, match="preprocess returned ndarray for record 'ID1_Sz2'"):
        load_swec_ethz(short, preprocess=lambda recording: recording.data)


def test_rate_that_the_file_does_not_hold(tmp_path):
    write_short(tmp_path, "ID1", 1, fs=None)
    with pytest.raises(ValueError, match=r"holds no 'fs'; found EEG. Pass sfreq"):
        load_swec_ethz(tmp_path)
    assert load_swec_ethz(tmp_path, sfreq=FS)[0].sfreq == FS


def test_min_overlap(short):
    _, strict = load_swec_ethz(short, patients=["ID2"], window=20.0, min_overlap=1.0)
    _, loose = load_swec_ethz(short, patients=["ID2"], window=20.0, min_overlap=0.0)
    # 180 to 210 s: the windows from 180 and 200 s touch it, the first lies in it.
    assert np.flatnonzero(strict).tolist() == [9] and np.flatnonzero(loose).tolist() == [9, 10]


def test_faulty_files(tmp_path, short):
    with pytest.raises(FileNotFoundError, match="a folder is needed"):
        load_swec_ethz(tmp_path / "nowhere")
    empty = tmp_path / "empty"
    empty.mkdir()
    with pytest.raises(FileNotFoundError, match=r"looked for ID1/Sz1.mat .* ID01/ID01_1h.mat"):
        load_swec_ethz(empty)
    file = short / "ID1" / "Sz2.mat"
    # The first bytes of what MATLAB's -v7.3 writes.
    file.write_bytes(b"MATLAB 7.3 MAT-file".ljust(124) + b"\x00\x02IM" + b"\x89HDF\r\n\x1a\n" * 50)
    with pytest.raises(ValueError, match=r"Sz2.mat is a MATLAB 7.3 file \(HDF5\)"):
        load_swec_ethz(short)
    file.write_bytes(b"nothing of the kind")
    with pytest.raises(ValueError, match=r"Sz2.mat cannot be read as a .mat file"):
        load_swec_ethz(short)
    scipy.io.savemat(file, {"data": np.zeros((3, 3)), "fs": FS})
    with pytest.raises(ValueError, match=r"holds no matrix 'EEG' of numbers; found data, fs"):
        load_swec_ethz(short)
    scipy.io.savemat(file, {"EEG": np.full((400 * FS, 3), 1e99), "fs": FS})
    with pytest.raises(ValueError, match=r"Sz2.mat holds values beyond 3e\+38 in 'EEG'"):
        load_swec_ethz(short)
    for fs in (np.nan, 0.0, [FS, FS], "fast"):
        scipy.io.savemat(file, {"EEG": np.zeros((400 * FS, 3)), "fs": fs})
        with pytest.raises(ValueError, match=r"Sz2\.mat holds 'fs' = "):
            load_swec_ethz(short)
    scipy.io.savemat(file, {"EEG": np.zeros((3, 400 * FS)), "fs": FS})  # the wrong way round
    with pytest.raises(ValueError, match="more than 360 s are needed"):
        load_swec_ethz(short)


def test_faulty_info(long):
    info = long / "ID03" / "ID03_info.mat"
    scipy.io.savemat(info, {"fs": FS})
    with pytest.raises(ValueError, match="needs 'seizure_begin' and 'seizure_end'; found fs"):
        load_swec_ethz(long)
    scipy.io.savemat(info, {"fs": FS, "seizure_begin": [100.0], "seizure_end": [150.0, 160.0]})
    with pytest.raises(ValueError, match=r"ID03_info.mat holds 1 beginnings and 2 ends"):
        load_swec_ethz(long)
    scipy.io.savemat(info, {"fs": FS, "seizure_begin": [100.0], "seizure_end": [np.nan]})
    with pytest.raises(ValueError, match=r"ID03_info.mat holds 'seizure_end' = \[nan\]; finite"):
        load_swec_ethz(long)
    info.unlink()
    with pytest.raises(FileNotFoundError, match=r"ID03_info.mat is not there"):
        load_swec_ethz(long)


def test_preprocess_sees_the_whole_recording(short):
    seen = []

    def keep(recording: Recording) -> Recording:
        seen.append(recording.duration)
        return recording

    load_swec_ethz(short, preprocess=keep)
    assert seen == [385.0, 400.0, 390.0]
