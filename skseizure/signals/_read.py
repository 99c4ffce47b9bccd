"""One door for any recording: EDF and BDF by our reader, all else by MNE."""

from __future__ import annotations

import os
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, Literal

import numpy as np
from numpy.typing import DTypeLike, NDArray

from .._core.files import check_regular
from ._edf import check_dtype, check_on_gap, open_file
from ._edf_header import MAGIC, file_state, refuse
from ._events import Events
from ._events_convert import annotation_rows, fields_of_annotations
from ._filter_recording import resample_recording
from ._lazy import LazySignal
from ._mne import choose_channels, describe_raw, microvolts_of
from ._montage import derive, to_bipolar
from ._recording import Recording
from ._units import Unit, Units


def read_recording(
    path: str | os.PathLike[str],
    *,
    montage: str | Sequence[str] | None = None,
    channels: Sequence[str] | None = None,
    resample_to: float | None = None,
    units: Unit | Mapping[str, Unit] | None = None,
    types: Mapping[str, str] | None = None,
    record: str | None = None,
    patient: str | None = None,
    on_gap: Literal["split", "raise", "ignore"] = "split",
    bad_channels: Literal["raise", "interpolate", "nan", "drop", "keep"] = "raise",
    strict: bool = False,
    preprocess: Callable[[Recording], Recording] | None = None,
    dtype: DTypeLike = np.float32,
    lazy: bool = False,
) -> tuple[Recording, Events]:
    """Read a recording of any format, and the seizures that are marked in it.

    EDF and BDF are read as by `read_edf`. All other formats that MNE knows (BrainVision, FIF,
    EEGLAB, Persyst, Nihon Kohden, Micromed, Nicolet, GDF, ...) are read by MNE, which is an extra:
    ``pip install skseizure[mne]``.

    Parameters
    ----------
    path : str or path-like
        The file.
    montage : str or sequence of str, default=None
        Montage to bring the recording to, see `to_bipolar`. If None, channels stay as they are.
    channels : sequence of str, default=None
        Channels to read, in this order. If None, those that ``montage`` needs, or all that hold a
        voltage (of MNE's formats: all of type EEG, SEEG and ECoG).
    resample_to : float, default=None
        Sampling rate in Hz to bring every channel to. If None, the channels must share one rate.
    units : {"nV", "uV", "mV", "V"} or mapping of str to these, default=None
        Unit of the channels, where the file states none that can be read; see `read_edf`. Of
        channels whose unit MNE does not know, which it takes for volts.
    types : mapping of str to str, default=None
        What the annotations in the file mean, see :ref:`event_types`. Those that nobody knows are
        named in a warning, and their time counts as unjudged; ``types={"*": "other"}`` ignores
        them.
    record : str, default=None
        Name of the record. If None, the file's name without its extension.
    patient : str, default=None
        Name of the patient; it is never taken from the file.
    on_gap : {"split", "raise", "ignore"}, default="split"
        What to do with gaps: read the stretches between them, refuse the file, or take all samples
        as one signal.
    bad_channels : {"raise", "interpolate", "nan", "drop", "keep"}, default="raise"
        What to do with channels that MNE's ``raw.info["bads"]`` lists; see `Recording.from_raw`.
    strict : bool, default=False
        If True, refuse an EDF or BDF file with more or fewer bytes than its header says.
    preprocess : callable, default=None
        Called with the whole `Recording` in its montage; returns a `Recording`.
    dtype : {numpy.float32, numpy.float64}, default=numpy.float32
        Type of the signal.
    lazy : bool, default=False
        If True, leave the samples in the file until they are needed; with ``preprocess``, they are
        read once to learn the shape.

    Returns
    -------
    recording : Recording
        In microvolts. Time that annotations mark as ``BAD`` is in its ``unjudged``.
    events : Events
        The seizures among the annotations of the file; none if it holds no annotations.

    Raises
    ------
    FileNotFoundError
        If there is no such file.
    ImportError
        If the file is neither EDF nor BDF and MNE is not installed.
    ValueError
        As `read_edf` and `Recording.from_raw`, or if MNE cannot read the file.

    Warns
    -----
    UserWarning
        As `read_edf` and `Recording.from_raw`, and for annotations that nobody knows.

    See Also
    --------
    read_edf : Reads EDF and BDF without their annotations.
    Windows.from_recording : Cuts a recording into windows.

    Examples
    --------
    >>> from skseizure.signals import Windows, read_recording
    >>> recording, events = read_recording("night.vhdr", montage="average")  # doctest: +SKIP
    >>> X = Windows.from_recording(recording, window=4)  # doctest: +SKIP
    >>> X = X[X.judged(events)]  # doctest: +SKIP
    >>> y = X.labels(events)  # doctest: +SKIP
    """
    path, dtype = Path(path), check_dtype(dtype)
    check_on_gap(on_gap)
    if not path.exists():
        raise FileNotFoundError(f"there is no file {path}.")
    own = Units(units, None)
    if _is_edf(path):
        recording, rows = _read_edf(
            path,
            channels=channels,
            montage=montage,
            resample_to=resample_to,
            units=own,
            record=record,
            patient=patient,
            on_gap=on_gap,
            strict=strict,
            dtype=dtype,
        )
    else:
        recording, rows = _read_mne(
            path,
            channels=channels,
            montage=montage,
            resample_to=resample_to,
            units=own,
            record=record,
            patient=patient,
            on_gap=on_gap,
            bad_channels=bad_channels,
            dtype=dtype,
        )
    fields, spans = fields_of_annotations(
        rows,
        record=recording.record,
        info=recording.replace(unjudged=()).info(),
        types=types,
        where=str(path),
    )
    bad = {(low - recording.offset, high - recording.offset) for low, high in spans}
    recording = recording.replace(unjudged=tuple(bad))
    recording = recording if lazy else recording.load()
    recording = recording if preprocess is None else recording.apply(preprocess)
    return recording, Events(**fields)


def _is_edf(path: Path) -> bool:
    if path.is_dir():
        return False
    check_regular(path)
    with path.open("rb") as file:
        first = file.read(8)
    return first in MAGIC or path.suffix.lower() in (".edf", ".bdf", ".rec")


def _read_edf(
    path: Path, *, montage: str | Sequence[str] | None, **options: Any
) -> tuple[Recording, list]:
    file = open_file(path, montage=montage, **options)
    recording = file.lazily()
    if montage is not None:
        recording = to_bipolar(recording, montage)
    return recording, annotation_rows(recording.record, file.annotations())


# ---------------------------------------------------------------------- MNE


@dataclass(frozen=True)
class _MneFile:
    """A file that MNE reads, and some of its channels; a source of signals."""

    path: Path
    state: tuple[tuple[str, int, int], ...]
    channels: tuple[str, ...]
    factors: tuple[float, ...]
    pieces: tuple[tuple[int, int], ...]
    filled: tuple[str, ...]
    interpolated: bool
    dtype: np.dtype
    fields: dict[str, Any]

    @property
    def original_sfreq(self) -> float:
        return self.fields["sfreq"]

    def narrow(self, channels: Sequence[int]) -> _MneFile:
        # Interpolation needs all channels: narrowing then only takes rows.
        return replace(
            self,
            channels=tuple(self.channels[i] for i in channels),
            factors=tuple(self.factors[i] for i in channels),
        )

    def recording(self, data: Any) -> Recording:
        return Recording(data, ch_names=self.channels, **self.fields)

    def lazily(self) -> Recording:
        shape = len(self.channels), sum(end - first for first, end in self.pieces)
        return self.recording(LazySignal(self, shape, self.dtype, finite=False))

    @property
    def in_ranges(self) -> bool:
        return not self.interpolated

    def read(self) -> Recording:
        n_samples = sum(end - first for first, end in self.pieces)
        return self.recording(self.samples(0, n_samples))

    def samples(self, first: int, end: int) -> NDArray[np.floating]:
        if _state(self.path, [name for name, *_ in self.state]) != self.state:
            refuse(self.path, "has changed since it was opened. Open it again.")
        raw = _open_raw(self.path)
        if self.interpolated:
            raw.load_data(verbose="ERROR").interpolate_bads(verbose="ERROR")
        data = np.empty((len(self.channels), end - first), self.dtype)
        place = 0
        for start, stop in self.pieces:
            low, high = max(first - place, 0), min(end - place, stop - start)
            if low < high:
                block = raw.get_data(
                    picks=list(self.channels), start=start + low, stop=start + high, verbose="ERROR"
                )
                data[:, place + low - first : place + high - first] = (
                    block * np.array(self.factors)[:, np.newaxis]
                )
            place += stop - start
        data[np.isin(self.channels, self.filled)] = np.nan
        return data


def _state(path: Path, others: Sequence[str]) -> tuple[tuple[str, int, int], ...]:
    names = [name for name in others if Path(name).is_file()] or [str(path)]
    return tuple((name, *file_state(Path(name))) for name in names)


def _open_raw(path: Path) -> Any:
    try:
        import mne
    except ImportError as error:
        raise ImportError(
            f"{path} is neither EDF nor BDF; MNE reads other formats: pip install skseizure[mne]."
        ) from error
    try:
        return mne.io.read_raw(path, preload=False, verbose="ERROR")
    except Exception as error:  # each of MNE's readers raises kinds of its own
        raise ValueError(f"{path}: MNE cannot read it: {error}") from error


def _read_mne(
    path: Path,
    *,
    channels: Sequence[str] | None,
    montage: str | Sequence[str] | None,
    resample_to: float | None,
    units: Units,
    record: str | None,
    patient: str | None,
    on_gap: str,
    bad_channels: str,
    dtype: np.dtype,
) -> tuple[Recording, list]:
    raw = _open_raw(path)
    record = path.stem if record is None else record
    picks: Any = ("eeg", "seeg", "ecog") if channels is None else list(channels)
    if montage is not None:
        names = choose_channels(raw, picks, "keep").ch_names
        needed = {i for terms in derive(names, montage, record)[1] for i, _ in terms}
        picks = [name for i, name in enumerate(names) if i in needed]
    picked = choose_channels(raw, picks, bad_channels)
    pieces, fields = describe_raw(raw, bad=True, gaps=on_gap != "ignore")
    if on_gap == "raise" and len(pieces) > 1:
        refuse(path, "has gaps, or joins several recordings. on_gap='split' reads its stretches.")
    bads = tuple(name for name in picked.ch_names if name in raw.info["bads"])
    file = _MneFile(
        path=path.absolute(),
        state=_state(path.absolute(), [str(name) for name in raw.filenames if name]),
        channels=tuple(picked.ch_names),
        factors=microvolts_of(raw, picked.ch_names, units),
        pieces=tuple(pieces),
        filled=bads if bad_channels == "nan" else (),
        interpolated=bool(bads) and bad_channels == "interpolate",
        dtype=dtype,
        fields=fields | {"record": record, "patient": patient},
    )
    recording = file.lazily()
    if resample_to is not None:
        if not (np.isfinite(resample_to) and resample_to > 0):
            raise ValueError(
                f"resample_to is {resample_to!r}; a sampling rate above 0 Hz is needed."
            )
        recording = resample_recording(recording, resample_to)
    if montage is not None:
        recording = to_bipolar(recording, montage)
    marks = raw.annotations
    rows = zip(marks.onset, marks.duration, marks.description, strict=True)
    return recording, annotation_rows(record, rows)
