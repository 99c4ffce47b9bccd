"""A generator of multi-channel EEG with seizures, for tests and demonstrations."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray
from sklearn.utils import check_random_state

from skseizure.signals import Events, RecordInfo, Recording, get_montage

from .._core.errors import prefix_errors
from ._signal_model import ELECTRODES, BrainModel, simulate

CHANNELS = get_montage("double banana")
SHORTEST = 10.0  # seconds; the least that counts as an electrographic seizure
QUOTA = 30.0  # seconds; largest amount of seizure that is placed though less of it is owed
GAP = 3.0  # seconds; least distance of two seizures, and of a seizure and the border


def make_recordings(
    n_patients: int = 4,
    n_records: int = 3,
    duration: float = 300.0,
    *,
    n_channels: int = 18,
    sfreq: float = 256.0,
    ictal_fraction: float = 0.05,
    artefact_rate: float = 1.0,
    random_state: int | np.random.RandomState | None = None,
) -> tuple[list[Recording], Events]:
    """Generate multi-channel EEG with seizures.

    The background is spatially correlated 1/f noise with a posterior alpha rhythm whose level
    changes over tens of seconds. Blinks, bursts of muscle activity, electrode pops and slow drifts
    lie on top. A seizure begins at the patient's focus with a fast rhythm, slows down while its
    amplitude grows, and reaches other electrodes one after another. Patients differ in amplitude,
    spectrum, alpha frequency, focus, seizure frequencies, speed of spread and artefacts.

    Parameters
    ----------
    n_patients : int, default=4
        Number of patients.
    n_records : int, default=3
        Records of each patient.
    duration : float, default=300.0
        Length of each record in seconds, at least 60.
    n_channels : int, default=18
        The first so many channels of the 18-channel double banana.
    sfreq : float, default=256.0
        Sampling rate in Hz, at least 64.
    ictal_fraction : float, default=0.05
        Share of the time that is ictal, 0 to 0.5. A seizure lasts at least 10 s, so a patient's
        ictal time may miss the share by up to 15 s.
    artefact_rate : float, default=1.0
        Number and size of artefacts relative to the default; 0 for none.
    random_state : int, RandomState instance or None, default=None
        Seed. A record depends on the seed, its patient and its number alone: asking for more
        records or patients leaves those before as they are.

    Returns
    -------
    recordings : list of Recording
        In microvolts, float32; record ``"p01_r01"`` of patient ``"p01"`` and so on, patient by
        patient.
    events : Events
        The seizures, onset and duration rounded to 0.01 s; ``channels`` names those of the focus.

    Raises
    ------
    ValueError
        If a parameter is out of its range, or the share is so small that patients may be left
        without a seizure.

    Notes
    -----
    The signals are made to exercise a pipeline, not to stand in for patients: figures reached on
    them say nothing about real EEG.

    Examples
    --------
    >>> from skseizure.datasets import make_recordings
    >>> from skseizure.signals import Windows
    >>> recordings, events = make_recordings(2, 1, random_state=0)
    >>> X = Windows.concatenate([Windows.from_recording(r, window=4) for r in recordings])
    >>> y = X.labels(events)
    >>> X.shape, sorted(set(X.patient.tolist())), sorted(set(y.tolist()))
    ((150, 18, 1024), ['p01', 'p02'], [0, 1])
    """
    _check(n_patients, n_records, duration, n_channels, sfreq, ictal_fraction, artefact_rate)
    n_patients, n_records, n_channels = map(int, (n_patients, n_records, n_channels))
    artefact_rate = float(artefact_rate)
    with prefix_errors("random_state"):
        generator = check_random_state(random_state)
    seed = generator.randint(np.iinfo(np.int32).max)

    recordings: list[Recording] = []
    found: list[tuple[float, float, str, str]] = []
    lengths: dict[str, RecordInfo] = {}
    n_samples = round(duration * sfreq)
    for p in range(n_patients):
        # The keys, not the order of the draws, decide what a record is made of.
        traits = np.random.default_rng(np.random.SeedSequence(seed, spawn_key=(p,)))
        patient, model = f"p{p + 1:02d}", BrainModel.draw(traits)
        plan = _seizure_times(traits, n_records, n_samples / sfreq, ictal_fraction)
        for r, seizures in enumerate(plan):
            record = f"{patient}_r{r + 1:02d}"
            rng = np.random.default_rng(np.random.SeedSequence(seed, spawn_key=(p, r)))
            signal = simulate(rng, model, n_samples, sfreq, seizures, artefact_rate)
            recordings.append(
                Recording(signal[:n_channels], sfreq, CHANNELS[:n_channels], record, patient)
            )
            lengths[record] = RecordInfo(recordings[-1].duration, patient=patient)
            focus = [c for c in CHANNELS if ELECTRODES[model.focus] in c.split("-")]
            found += [(onset, end - onset, record, ",".join(focus)) for onset, end in seizures]
    onset, length, record_of, channels = zip(*found, strict=True) if found else ((), (), (), ())
    events = Events(
        np.array(onset, dtype=float),
        np.array(length, dtype=float),
        record=np.array(record_of, dtype=str),
        channels=np.array(channels, dtype=str),
        recordings=lengths,
    )
    return recordings, events


def _check(n_patients, n_records, duration, n_channels, sfreq, ictal_fraction, artefact_rate):
    for name, value, low, high in (
        ("n_patients", n_patients, 1, np.inf),
        ("n_records", n_records, 1, np.inf),
        ("duration", duration, 60, np.inf),
        ("n_channels", n_channels, 1, len(CHANNELS)),
        ("sfreq", sfreq, 64, np.inf),
        ("ictal_fraction", ictal_fraction, 0, 0.5),
        ("artefact_rate", artefact_rate, 0, np.inf),
    ):
        with prefix_errors(name):
            if not low <= value <= high or value == np.inf:
                upper = "" if high == np.inf else f" and at most {high:g}"
                raise ValueError(f"{name} is {value!r}; at least {low:g}{upper} is needed.")
            if name.startswith("n_") and value != int(value):
                raise ValueError(f"{name} is {value!r}; a whole number is needed.")
    if 0 < ictal_fraction * n_records * duration < QUOTA / 2:
        raise ValueError(
            f"ictal_fraction={ictal_fraction!r} of {n_records} records of {duration:g} s is "
            f"{ictal_fraction * n_records * duration:.3g} s a patient; at least "
            f"{QUOTA / 2:g} s are needed for every patient to have a seizure (0 for none)."
        )


def _seizure_times(
    rng: np.random.Generator, n_records: int, duration: float, fraction: float
) -> list[NDArray[np.float64]]:
    """Place a patient's seizures, so that after each record about the share asked for is ictal.

    Records are settled in order and a later one never changes an earlier one. What is owed is paid
    in full once it reaches half of a quota that is drawn anew each time: so the error stays within
    half of the largest quota (15 s), and records without a seizure occur.

    Returns
    -------
    list of ndarray, shape (n_seizures, 2)
        For each record, onsets and ends in seconds.
    """
    plan: list[NDArray[np.float64]] = []
    given, quota = 0.0, rng.uniform(SHORTEST, QUOTA)
    for r in range(n_records):
        owed = fraction * duration * (r + 1) - given
        if owed < quota / 2 or fraction == 0:
            plan.append(np.empty((0, 2)))
            continue
        total = max(owed, quota)
        n = max(1, int(total / rng.uniform(20.0, 60.0)))
        lengths = SHORTEST + (total - n * SHORTEST) * rng.dirichlet(np.full(n, 2.0))
        free = duration - total - (n + 1) * GAP
        gaps = GAP + free * rng.dirichlet(np.full(n + 1, 2.0))
        onset = np.cumsum(gaps[:-1]) + np.cumsum(lengths) - lengths
        times = np.column_stack([onset, onset + lengths]).round(2)
        plan.append(times)
        given += float(np.sum(times[:, 1] - times[:, 0]))
        quota = rng.uniform(SHORTEST, QUOTA)
    return plan
