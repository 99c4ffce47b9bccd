"""Fixtures that every test may use."""

import os
from pathlib import Path

import numpy as np
import pytest

from skseizure.signals import Events, Windows

DATA = Path(
    os.environ.get("SKSEIZURE_DATA", Path(__file__).resolve().parents[2] / "shared" / "data")
)


@pytest.fixture(scope="session")
def data_path():
    """The folder of real EEG that SKSEIZURE_DATA names."""
    if not DATA.is_dir():
        pytest.skip("SKSEIZURE_DATA names no folder: the real EEG is not at hand")
    return DATA


@pytest.fixture
def rng():
    """A generator with a fixed seed."""
    return np.random.default_rng(0)


@pytest.fixture
def toy():
    """Windows of two channels in four records of two patients, with labels and events.

    Ictal stretches have four times the amplitude, so that any classifier finds them.
    """
    rng = np.random.default_rng(0)
    parts, onset, duration, record, lengths = [], [], [], [], {}
    for i in range(4):
        signal = rng.normal(scale=20, size=(2, 60 * 64))
        start = 10 + 5 * i
        signal[:, start * 64 : (start + 12) * 64] *= 4
        name = f"r{i}"
        parts.append(
            Windows.from_array(
                signal,
                64,
                window=2,
                step=1,
                ch_names=["F3-C3", "C3-P3"],
                record=name,
                patient=f"p{i // 2}",
            )
        )
        onset.append(start)
        duration.append(12)
        record.append(name)
        lengths[name] = 60.0
    X = Windows.concatenate(parts)
    events = Events(onset, duration, record=record, recordings=lengths)
    return X, X.labels(events), events
