"""Tiny files in the layouts of the corpora."""

import edfio
import numpy as np
import pytest

# From CHB-MIT's own files: 23 bipolar channels, T8-P8 twice.
CHBMIT_CHANNELS = [
    *("FP1-F7", "F7-T7", "T7-P7", "P7-O1", "FP1-F3", "F3-C3", "C3-P3", "P3-O1", "FP2-F4", "F4-C4"),
    *("C4-P4", "P4-O2", "FP2-F8", "F8-T8", "T8-P8", "P8-O2", "FZ-CZ", "CZ-PZ", "P7-T7", "T7-FT9"),
    *("FT9-FT10", "FT10-T8", "T8-P8"),
]
TUSZ_ELECTRODES = [
    *("FP1", "FP2", "F3", "F4", "C3", "C4", "P3", "P4", "O1", "O2", "F7", "F8", "T3", "T4", "T5"),
    *("T6", "FZ", "CZ", "PZ", "A1", "A2"),
]


@pytest.fixture
def write_edf():
    """Write an EDF file whose channel ``i`` is a sine of ``i + 1`` Hz and 50 uV."""

    def write(path, labels, seconds, sfreq):
        t = np.arange(round(seconds * sfreq)) / sfreq
        path.parent.mkdir(parents=True, exist_ok=True)
        edfio.Edf(
            [
                edfio.EdfSignal(
                    50 * np.sin(2 * np.pi * (i + 1) * t),
                    sfreq,
                    label=label,
                    physical_dimension="uV",
                    physical_range=(-800, 800),
                )
                for i, label in enumerate(labels)
            ]
        ).write(path)

    return write


@pytest.fixture
def chbmit_channels():
    return list(CHBMIT_CHANNELS)


@pytest.fixture
def tusz_channels():
    return [f"EEG {name}-REF" for name in TUSZ_ELECTRODES]
