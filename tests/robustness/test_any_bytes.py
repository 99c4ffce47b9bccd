"""Every reader of files, on files of which some bytes are others: sound data, or a reason.

A reason is a ValueError or OSError that names the file.
"""

import copy
import io
import warnings
import zipfile
from dataclasses import dataclass
from functools import cache

import edfio
import numpy as np
import pytest
import scipy.io
from hypothesis import strategies as st
from sklearn.ensemble import ExtraTreesClassifier
from sklearn.pipeline import Pipeline
from sklearn.preprocessing import StandardScaler

from skseizure.datasets import load_bonn, load_swec_ethz
from skseizure.ensemble import MetaSampler
from skseizure.features import BandFeatures
from skseizure.models import Model, load_model, save_model
from skseizure.moe import SeizureMoEClassifier
from skseizure.postprocessing import SeizureDetector
from skseizure.signals import read_chbmit_summary, read_edf, read_events

from .._instances import SAMPLER
from ._inputs import Cut, Table
from ._property import answers_or_says_why, explore, small

# ---------------------------------------------------------------------- damage

TOKENS = [
    *(b"", b"0", b"-1", b"nan", b"inf", b"-inf", b"1e999", b"1e-999", b"0x10", b"1_0", b"1,5"),
    *(
        b"99999999999999999999",
        b"\0",
        b"\xff",
        b"\xc3",
        "µ".encode(),
        "\N{ARABIC-INDIC DIGIT ONE}".encode(),
    ),
    *(b"\xef\xbb\xbf", b"\r", b"\n", b"\t", b'"', b" " * 9, b"seiz", b"bckg"),
]


@dataclass(frozen=True)
class Edit:
    """A change at a share of the file's length."""

    kind: str
    at: float
    length: int
    token: bytes

    def apply(self, raw):
        low = int(self.at * len(raw))
        high = low + self.length
        part = raw[low:high]
        return {
            "cut off": raw[:low],
            "cut out": raw[:low] + raw[high:],
            "twice": raw[:high] + part + raw[high:],
            "replace": raw[:low] + self.token + raw[high:],
            "overwrite": raw[:low] + self.token + raw[low + len(self.token) :],
            "flip": raw[:low] + bytes(b ^ 1 << self.length % 8 for b in part[:1]) + raw[low + 1 :],
            "zeros": raw[:low] + bytes(len(part)) + raw[high:],
        }[self.kind]


EDITS = st.lists(
    st.builds(
        Edit,
        kind=st.sampled_from(
            ["cut off", "cut out", "twice", "replace", "overwrite", "flip", "zeros"]
        ),
        at=st.floats(0, 1, exclude_max=True),
        length=st.sampled_from([1, 2, 4, 8, 16, 80, 256]) | st.integers(1, 300),
        token=st.sampled_from(TOKENS) | st.binary(min_size=1, max_size=4),
    ),
    min_size=1,
    max_size=3,
)

# ---------------------------------------------------------------------- sound files


def edf(tmp_path, kind=edfio.EdfSignal, **options):
    wave = np.sin(np.arange(512))
    signals = [kind(100 * wave, 128, label=name, physical_dimension="uV") for name in ("F3", "C3")]
    path = tmp_path / "sound"
    (edfio.Bdf if kind is edfio.BdfSignal else edfio.Edf)(signals, **options).write(path)
    return path.read_bytes()


EVENTS = (
    b"onset\tduration\teventType\tconfidence\tchannels\tdateTime\trecordingDuration\n"
    b"120.50\t10.25\tsz\tn/a\tall\t2016-11-06 13:43:04\t3600.00\n"
    b"2996.00\t40.00\tsz_foc_ia\t0.75\tF3-C3,C3-P3\t2016-11-06 13:43:04\t3600.00\n"
)
TUSZ = (
    b"# version = csv_v1.0.0\n# bname = aaaaaajy_s001_t000\n# duration = 600.00 secs\n#\n"
    b"channel,start_time,stop_time,label,confidence\n"
    b"FP1-F7,0.0000,36.8868,bckg,1.0000\nFP1-F7,36.8868,183.3055,fnsz,1.0000\n"
    b"F7-T3,100.0000,200.0000,gnsz,0.5000\n"
)
SUMMARY = (
    b"Data Sampling Rate: 256 Hz\n*************************\n\nChannel 1: FP1-F7\n\n"
    b"File Name: chb90_01.edf\nFile Start Time: 11:42:54\nFile End Time: 12:42:54\n"
    b"Number of Seizures in File: 1\nSeizure Start Time: 996 seconds\n"
    b"Seizure End Time: 1036 seconds\n\nFile Name: chb90_02.edf\nFile Start Time: 23:59:30\n"
    b"File End Time: 1:04:00\nNumber of Seizures in File: 0\n"
)
BONN = " ".join(str(i % 99) for i in range(4097)).encode()


def bonn_zip(tmp_path):
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w", zipfile.ZIP_DEFLATED) as archive:
        for i in range(1, 101):
            archive.writestr(f"Z/Z{i:03d}.txt", BONN[: 4000 if i > 1 else None])
    return file.getvalue()


def bonn_npz(tmp_path):
    file = io.BytesIO()
    np.savez_compressed(file, X=np.zeros((2, 4097)), name=np.array(["Z001", "Z002"]))
    return file.getvalue()


def short_term(tmp_path):
    file = io.BytesIO()
    scipy.io.savemat(file, {"EEG": np.tile(np.arange(370.0)[:, None], 2), "fs": 1.0})
    return file.getvalue()


def detector(tmp_path):
    X = Cut().build()
    trees = ExtraTreesClassifier(1, max_depth=2, random_state=0)
    steps = [
        ("features", BandFeatures(["std"], {"all": (1, 20)})),
        ("scaler", StandardScaler()),
        ("classifier", trees),
    ]
    pipe = Pipeline(steps)
    save_model(
        Model(SeizureDetector(pipe).fit(X, np.arange(len(X)) % 2), 64.0, 1.0, 1.0, "double banana"),
        tmp_path / "sound",
    )
    return (tmp_path / "sound").read_bytes()


@cache
def mixture():
    return small(SeizureMoEClassifier(n_experts=2, hidden=4, batch_size=16)).fit(
        Table().build(), np.arange(30) % 2
    )


def weights(tmp_path):
    mixture().save_weights(tmp_path / "sound")
    return (tmp_path / "sound").read_bytes()


def sampler(tmp_path):
    small(SAMPLER).fit(Table().build(), np.arange(30) % 2).save(tmp_path / "sound")
    return (tmp_path / "sound").read_bytes()


# ---------------------------------------------------------------------- readers and what they give


def sound_recording(recording):
    assert np.isfinite(recording.data).all() and recording.sfreq > 0


def sound_events(events):
    lengths = np.array([events.recordings[name].duration for name in events.record])
    assert np.isfinite(events.onset).all() and (events.duration >= 0).all()
    assert (events.onset >= 0).all() and (events.onset + events.duration <= lengths + 1).all()


def sound_windows(windows):
    assert not np.isinf(windows.data).any() and windows.sfreq > 0


def sound_model(model):
    X = Cut(sfreq=model.sfreq).build()
    assert np.isfinite(model.estimator.predict_proba(X)).all()


def sound_answers(classifier):
    # Weights that are finite may be too large for anything.
    answers_or_says_why(classifier, Table().build(), about="X")


def sound_sampler(loaded):
    assert all(np.isfinite(network).all() for network in loaded.networks_.values())


# The file's name in its folder, its bytes, how it is read, what must hold of what was read.
FILES = {
    "EDF": ("a.edf", edf, read_edf, sound_recording),
    "EDF+": (
        "a.edf",
        lambda t: edf(t, annotations=[edfio.EdfAnnotation(1.0, 0.5, "sz")]),
        read_edf,
        sound_recording,
    ),
    "BDF": ("a.bdf", lambda t: edf(t, edfio.BdfSignal), read_edf, sound_recording),
    "events": ("a_events.tsv", lambda t: EVENTS, read_events, sound_events),
    "TUSZ": ("a.csv", lambda t: TUSZ, read_events, sound_events),
    "TUSZ, two classes": ("a.csv_bi", lambda t: TUSZ, read_events, sound_events),
    "summary": ("chb90-summary.txt", lambda t: SUMMARY, read_chbmit_summary, sound_events),
    "Bonn, zip": ("Z.zip", bonn_zip, lambda p: load_bonn(p.parent, sets="Z"), sound_windows),
    "Bonn, npz": ("bonn.npz", bonn_npz, lambda p: load_bonn(p.parent, sets="Z"), sound_windows),
    "SWEC-ETHZ": (
        "ID1/Sz1.mat",
        short_term,
        lambda p: load_swec_ethz(p.parents[1], window=4)[0],
        sound_windows,
    ),
    "model": ("a.skops", detector, load_model, sound_model),
    "sampler": ("a.npz", sampler, MetaSampler.load, sound_sampler),
    "weights": (
        "a.safetensors",
        weights,
        lambda p: copy.deepcopy(mixture()).load_weights(p),
        sound_answers,
    ),
}


@pytest.mark.parametrize("kind", FILES)
def test_damaged_file(kind, tmp_path, request):
    name, make, read, sound = FILES[kind]
    raw = make(tmp_path)
    path = tmp_path / "files" / name
    path.parent.mkdir(parents=True)

    def holds(edits):
        damaged = raw
        for edit in edits:
            damaged = edit.apply(damaged)
        path.write_bytes(damaged)
        with warnings.catch_warnings():
            warnings.simplefilter("error")
            warnings.simplefilter("ignore", UserWarning)
            try:
                out = read(path)
            except (ValueError, OSError) as error:
                assert not isinstance(error, UnicodeError)
                # A sampling rate that is possible but absurd is found where windows are cut.
                named = (path.name, str(tmp_path), "at least one sample")
                assert any(name in str(error) for name in named), error
                return
            sound(out)

    explore(holds, EDITS, examples=60, key=request.node.nodeid)
